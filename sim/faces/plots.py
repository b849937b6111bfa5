"""The picture of a run: what the phone said against what was true, and below it a lane for each owner and the
power, on one axis.

Band means exposure (the way outside was open), tick means leak (it was used): the two numbers that must not be mixed
look different. The figure is made without pyplot and without its global state, and measured in inches throughout.
"""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from sim.base.units import SECOND
from sim.faces import ink, lanes, panels, watts
from sim.faces.headline import FATE_WORDS, Piece, beside, cells, sentence, title
from sim.faces.lanes import OwnerLane
from sim.faces.panels import LEFT, MARGIN, WIDTH
from sim.faces.terminal import size
from sim.machines.routing import Fate
from sim.measure.summary import Summary

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
    return ink.saved(lambda: figure(summary, policy), kind)


def figure(summary: Summary, policy: str | None = None) -> Figure:
    """The picture of a run."""
    shown, rest = _collapsed(lanes.owner_lanes(summary, COLUMNS))
    above, below = panels.overview_height(summary), panels.lanes_height(shown, rest, panels.states_of(summary))
    top = HEAD + above + STRIP + LEGEND + below + watts.HEIGHT + FOOT
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
    top -= watts.HEIGHT
    field = ink.axes(fig, LEFT, top, panels.ACROSS, watts.HEIGHT, summary.run.scenario.duration / SECOND)
    watts.area(panels.Panel(fig, field, top, summary))
    return fig


def _collapsed(owners: list[OwnerLane]) -> tuple[list[OwnerLane], list[OwnerLane]]:
    """Lanes that are drawn, and those that are only named. A lane that leaked is always drawn."""
    room = max(MOST_OWNERS - sum(bool(len(o.exposed)) for o in owners), 0)
    calm = [o for o in owners if not len(o.exposed)]
    rest = calm[room:]
    return [o for o in owners if o not in rest], rest


# Head -----------------------------------------------------------------------------------------------------------------


def _head(fig: Figure, summary: Summary, top: float, policy: str | None) -> None:
    ink.write(fig, MARGIN, top - 0.36, "   ·   ".join(title(summary, policy)), 9.5, ink.INK3)
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


_TONES = {"hot": ink.LEAK_INK, "cost": ink.COST, "": ink.INK}

# Numbers --------------------------------------------------------------------------------------------------------------


def _strip(fig: Figure, summary: Summary, top: float) -> None:
    """All headline numbers side by side: none can be quoted without its price beside it."""
    document = summary.as_dict()
    found = cells(summary, document)
    wide = (WIDTH - 2 * MARGIN) / len(found)
    _rule(fig, top)
    for i, cell in enumerate(found):
        x = MARGIN + i * wide
        ink.write(fig, x, top - 0.2, cell.name, 8.5, ink.INK, weight="bold")
        ink.write(fig, x, top - 0.48, cell.value, 17, _TONES[cell.tone], weight="bold")
        ink.write(fig, x, top - 0.74, cell.about, 8.5, ink.INK3)
    ink.write(fig, MARGIN, top - 0.99, "      ".join(beside(summary, document)), 8.5, ink.INK3)
    _rule(fig, top - 1.15)


def _rule(fig: Figure, y: float) -> None:
    width, height = fig.get_size_inches()
    across = (MARGIN / width, 1 - MARGIN / width)
    fig.add_artist(Line2D(across, (y / height, y / height), color=ink.HAIRLINE, linewidth=0.8))


# Legend ---------------------------------------------------------------------------------------------------------------


def _legend(fig: Figure, summary: Summary, y: float) -> None:
    """What each stroke means, with its bytes: they add up to what the apps asked for."""
    fates = {fate: n for fate, n in summary.fates.items() if n or fate in (Fate.LEAKED, Fate.BLOCKED)}
    ink.write(fig, MARGIN, y, f"All {size(sum(fates.values()))} that", 8.5, ink.INK3)
    ink.write(fig, MARGIN, y - 0.16, "the apps asked for", 8.5, ink.INK3)
    on = ink.axes(fig, 0, y - 0.25, WIDTH, 0.34, WIDTH)
    x = LEFT
    for fate, n in fates.items():
        _swatch(on, fate, x, 0.17)
        words = FATE_WORDS[fate]
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
