"""The picture of a run: what the phone said against what was true, and below it a lane for each owner, on one axis.

Band means exposure (the way outside was open), tick means leak (it was used): the two numbers that must not be mixed
look different. The figure is made without pyplot and without its global state, and measured in inches throughout.
"""

from __future__ import annotations

from io import BytesIO
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from sim.base.units import SECOND, seconds
from sim.faces import ink, lanes, panels
from sim.faces.headline import Piece, sentence
from sim.faces.lanes import OwnerLane
from sim.faces.panels import LEFT, MARGIN, WIDTH
from sim.faces.terminal import count, size, spell
from sim.machines.protocols import PROTOCOLS
from sim.machines.routing import Fate
from sim.measure.summary import Summary
from sim.world.intervals import total

COLUMNS = 1050
"""Bursts are summed by this many columns: one stroke each, whatever the day holds."""
MOST_OWNERS = 16
"""Beyond this, owners that never leaked share a line of words."""
HEAD, STRIP, LEGEND, FOOT = 1.45, 1.36, 0.48, 0.22
"""Heights. [inches]"""


def draw(summary: Summary, kind: str, policy: str | None = None) -> bytes:
    """The picture of a run as a file.

    Parameters
    ----------
    kind : "png", "svg" or "pdf"
    policy : the name of the policy that was played, for the head
    """
    # Equal runs give equal files: no date, and no random names inside.
    undated: dict[str, Any] = {"png": {}, "svg": {"Date": None}, "pdf": {"CreationDate": None}}[kind]
    file = BytesIO()
    with rc_context({"svg.hashsalt": "leakwindow", "hatch.linewidth": ink.HATCH_WIDTH, "pdf.fonttype": 42}):
        figure(summary, policy).savefig(file, format=kind, dpi=ink.DPI, metadata=undated)
    return file.getvalue()


def figure(summary: Summary, policy: str | None = None) -> Figure:
    """The picture of a run."""
    shown, rest = _collapsed(lanes.owner_lanes(summary, COLUMNS))
    above, below = panels.overview_height(summary), panels.lanes_height(shown, rest, panels.states_of(summary))
    top = HEAD + above + STRIP + LEGEND + below + FOOT
    fig = Figure(figsize=(WIDTH, top), dpi=ink.DPI, facecolor=ink.PAPER)
    _head(fig, summary, top, policy)
    top -= HEAD + above
    clear = panels.deeds_height(summary)
    panels.overview(panels.panel(fig, summary, top, above, clear), above)
    _strip(fig, summary, top - 0.08)
    top -= STRIP
    _legend(fig, summary, top - 0.12)
    top -= LEGEND + below
    panels.all_lanes(panels.panel(fig, summary, top, below), below, shown, rest)
    return fig


def _collapsed(owners: list[OwnerLane]) -> tuple[list[OwnerLane], list[OwnerLane]]:
    """Lanes that are drawn, and those that are only named. A lane that leaked is always drawn."""
    room = max(MOST_OWNERS - sum(bool(len(o.exposed)) for o in owners), 0)
    calm = [o for o in owners if not len(o.exposed)]
    rest = calm[room:]
    return [o for o in owners if o not in rest], rest


# Head -----------------------------------------------------------------------------------------------------------------


def _head(fig: Figure, summary: Summary, top: float, policy: str | None) -> None:
    scenario = summary.run.scenario
    words = [
        scenario.name,
        f"{scenario.device.model}, iOS {scenario.device.ios_version}",
        PROTOCOLS[scenario.vpn.protocol].__name__,
        f"{spell(scenario.duration)} from {scenario.start:%H:%M}",
        f"seed {summary.run.seed}",
        *([f"policy {policy}"] if policy else []),
    ]
    ink.write(fig, MARGIN, top - 0.36, "   ·   ".join(words), 9.5, ink.INK3)
    lines = sentence(summary)
    for i, line in enumerate(lines):
        _line(fig, top - (0.77 if len(lines) > 1 else 0.9) - i * 0.4, line)


def _line(fig: Figure, y: float, line: list[Piece]) -> None:
    """Pieces behind each other; smaller type if they would not fit."""
    points = 21.0
    points *= min(1.0, (WIDTH - 2 * MARGIN) / sum(_advance(fig, p.words, points) for p in line))
    x = MARGIN
    for piece in line:
        ink.write(fig, x, y, piece.words, points, ink.LEAK_INK if piece.hot else ink.INK, weight="bold")
        x += _advance(fig, piece.words, points)


def _advance(fig: Figure, words: str, points: float) -> float:
    """How far a piece moves the next one. A blank at its end has no extent, so it is measured between letters."""
    return ink.width_of(fig, f"|{words}|", points, "bold") - ink.width_of(fig, "||", points, "bold")


# Numbers --------------------------------------------------------------------------------------------------------------


def _strip(fig: Figure, summary: Summary, top: float) -> None:
    """All headline numbers side by side: none can be quoted without its price beside it."""
    document = summary.as_dict()
    cells = _cells(summary, document)
    wide = (WIDTH - 2 * MARGIN) / len(cells)
    _rule(fig, top)
    for i, (name, value, about, colour) in enumerate(cells):
        x = MARGIN + i * wide
        ink.write(fig, x, top - 0.2, name, 8.5, ink.INK, weight="bold")
        ink.write(fig, x, top - 0.48, value, 17, colour, weight="bold")
        ink.write(fig, x, top - 0.74, about, 8.5, ink.INK3)
    first = document["first_protected_s"]
    words = [
        f"First protected byte {spell(seconds(first))} after turning on" if first is not None else "No protected byte",
        count(len(summary.reconnects), "reconnect"),
        f"Around the tunnel by the platform's design {size(document['bypassed']['system_bytes'])}",
        f"Offline {spell(summary.offline)}",
    ]
    ink.write(fig, MARGIN, top - 0.99, "      ".join(words), 8.5, ink.INK3)
    _rule(fig, top - 1.15)


def _cells(summary: Summary, document: dict[str, Any]) -> list[tuple[str, str, str, str]]:
    exposure, energy, share = document["exposure"], document["energy"], summary.checks_fine_share
    hot = ink.LEAK_INK if exposure["flows"] else ink.INK
    leaked = ink.LEAK_INK if exposure["bytes"] else ink.INK
    return [
        ("Exposed", spell(total(summary.exposed)), count(exposure["flows"], "socket"), hot),
        ("Leaked", size(exposure["bytes"]), count(exposure["packets"], "packet"), leaked),
        ("Blocked", spell(total(summary.blocked)), f"{size(document['blocked']['bytes'])} refused", ink.INK),
        ("Connected, but dead", spell(summary.stalled), f"{size(document['stalled']['bytes'])} given up", ink.INK),
        ("A leak check misses", "–" if share is None else f"{share:.0%}", "of the exposed time", ink.INK),
        (
            "VPN on the battery",
            f"{energy['vpn_added_percent']:.2g} %",
            f"{energy['vpn_added_j']:,.0f} of {energy['total_j']:,.0f} J",
            ink.COST,
        ),
    ]


def _rule(fig: Figure, y: float) -> None:
    width, height = fig.get_size_inches()
    across = (MARGIN / width, 1 - MARGIN / width)
    fig.add_artist(Line2D(across, (y / height, y / height), color=ink.HAIRLINE, linewidth=0.8))


# Legend ---------------------------------------------------------------------------------------------------------------

_FATE_WORDS = {
    Fate.TUNNELLED: "Tunnelled",
    Fate.LEAKED: "Leaked",
    Fate.BYPASSED: "Bypassed",
    Fate.OPEN: "VPN off",
    Fate.BLOCKED: "Blocked",
    Fate.STALLED: "Stalled",
    Fate.OFFLINE: "Offline",
    Fate.WAITING: "Waiting",
    Fate.BEYOND: "In the router's tunnel",
}


def _legend(fig: Figure, summary: Summary, y: float) -> None:
    """What each stroke means, with its bytes: they add up to what the apps asked for."""
    fates = {fate: n for fate, n in summary.fates.items() if n or fate in (Fate.LEAKED, Fate.BLOCKED)}
    ink.write(fig, MARGIN, y, f"All {size(sum(fates.values()))} that", 8.5, ink.INK3)
    ink.write(fig, MARGIN, y - 0.16, "the apps asked for", 8.5, ink.INK3)
    on = ink.axes(fig, 0, y - 0.25, WIDTH, 0.34, WIDTH)
    x = LEFT
    for fate, n in fates.items():
        _swatch(on, fate, x, 0.17)
        words = _FATE_WORDS[fate]
        ink.write(on, x + 0.38, 0.25, words, 8.5, ink.LEAK_INK if fate is Fate.LEAKED else ink.INK, weight="bold")
        ink.write(on, x + 0.38, 0.09, size(n), 8.5, ink.INK2)
        x += 0.74 + max(ink.width_of(fig, words, 8.5, "bold"), ink.width_of(fig, size(n), 8.5))


def _swatch(on: Axes, fate: Fate, x: float, y: float) -> None:
    colour = ink.FATES[fate]
    at: NDArray[np.float64] = np.linspace(x + 0.02, x + 0.27, 6)
    box = np.array([[x, x + 0.29]]) * SECOND
    match fate:
        case Fate.LEAKED:
            ink.bands(on, box, y, 0.15, 0, facecolors=ink.LEAK_SOFT)
            ink.ticks(on, at, y, 0.13, colour, 1.2)
        case Fate.BYPASSED:
            ink.bands(on, box, y, 0.15, 0, facecolors="none", edgecolors=colour, linewidths=0.8)
            ink.ticks(on, at[1::2], y, 0.05, colour, 0.8)
        case Fate.BLOCKED:
            ink.bands(on, box, y, 0.15, 0, facecolors=ink.PAPER, edgecolors=colour, linewidths=0.6, hatch="/////")
        case Fate.STALLED:
            on.plot(at, np.full(len(at), y), linewidth=0, marker=".", markersize=3, color=colour)
        case Fate.TUNNELLED:
            ink.bands(on, box, y, 0.15, 0, facecolors=panels.INSIDE)
            ink.ticks(on, at, y, 0.06, colour, 0.9)
        case _:
            ink.ticks(on, at, y, 0.05, colour, 0.9)
