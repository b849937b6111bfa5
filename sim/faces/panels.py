"""The two drawn parts of the picture: what was said against what was true, and the lanes below.

A panel is an area with the common axis of time; everything on it is placed in seconds to the right and inches upwards.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from sim.base.units import SECOND
from sim.faces import ink, lanes
from sim.faces.lanes import Band, OwnerLane
from sim.faces.terminal import size, spell
from sim.machines.routing import Cause, Fate
from sim.measure.summary import Summary
from sim.world.intervals import Intervals, common, total

WIDTH, LEFT, RIGHT, MARGIN = 13.8, 1.95, 1.35, 0.35
"""Of the figure, of its column of names, of its column of totals, of its edge. [inches]"""
ACROSS = WIDTH - LEFT - RIGHT
STATE, OWNER, CAUSE = 0.26, 0.31, 0.2
RISE, TUBE, SAID, AXIS, GAP = 0.72, 0.2, 0.28, 0.3, 0.14
MOST_LABELS = 12
INSIDE = "#E9F0F6"
"""An owner's live sockets while the tunnel is up: paler than the tube itself."""


@dataclass(frozen=True)
class Panel:
    """An area of the figure with the axis of time."""

    figure: Figure
    on: Axes
    bottom: float
    """Its lower edge in the figure. [inches]"""
    summary: Summary

    @property
    def whole(self) -> float:
        """The length of the axis. [s]"""
        return self.summary.run.scenario.duration / SECOND

    def width(self, inches: float) -> float:
        """A width as time. [s]"""
        return inches / ACROSS * self.whole

    @property
    def least(self) -> float:
        """The shortest band that is still seen. [s]"""
        return self.width(1.6 / ink.DPI)

    @property
    def least_leak(self) -> float:
        """A leak wins its pixels: the shortest one is three wide. [s]"""
        return self.width(3.0 / ink.DPI)


def head(fig: Figure, top: float, about: str, said: str) -> None:
    """What a picture of many days is about, and below it what it says: in one line, however long that is."""
    ink.write(fig, MARGIN, top - 0.36, about, 9.5, ink.INK3)
    points = 17.0 * min(1.0, (WIDTH - 2 * MARGIN) / ink.width_of(fig, said, 17.0, "bold"))
    ink.write(fig, MARGIN, top - 0.78, said, points, ink.INK, weight="bold")


def panel(figure: Figure, summary: Summary, bottom: float, height: float, clear: float = 0) -> Panel:
    """A panel with labelled times, and with hairlines up to `clear` inches below its top."""
    on = ink.axes(figure, LEFT, bottom, ACROSS, height, summary.run.scenario.duration / SECOND)
    found = Panel(figure, on, bottom, summary)
    labels = lanes.times(summary.run, MOST_LABELS)
    ink.hairlines(on, [at for at, _ in labels], AXIS - 0.05, height - clear)
    for at, words in labels:
        side = "left" if at < found.whole * 0.01 else "right" if at > found.whole * 0.99 else "center"
        ink.write(on, at, 0.13, words, 8.5, ink.INK3, ha=side)
    return found


# Said and true --------------------------------------------------------------------------------------------------------

_SAID = {
    "CONNECTED": ("Connected", ink.INK, "#FFFFFF"),
    "CONNECTING": ("Connecting", ink.GREYS[3], "#FFFFFF"),
    "REASSERTING": ("Reasserting", ink.GREYS[4], "#FFFFFF"),
    "DISCONNECTING": ("Disconnecting", ink.GREYS[2], ink.INK),
    "DISCONNECTED": ("Off", "#FFFFFF", ink.INK3),
}
"""NEVPNStatus → what the phone calls it, its fill, and the colour of the words in it."""


def overview_height(summary: Summary) -> float:
    """How high the overview is. [inches]"""
    return AXIS + len(lanes.causes(summary)) * CAUSE + GAP + TUBE + RISE + 0.1 + SAID + deeds_height(summary)


def deeds_height(summary: Summary) -> float:
    """Room above the status for what was done. [inches]"""
    return 0.42 if lanes.deeds(summary) else 0.06


def overview(p: Panel, height: float) -> None:
    """Two rows, what the phone said and what was true; below them a thin one for each cause."""
    top = height - deeds_height(p.summary)
    _deeds(p, top)
    _said(p, top - SAID / 2)
    causes = lanes.causes(p.summary)
    _truth(p, AXIS + len(causes) * CAUSE + GAP + TUBE / 2)
    for i, (cause, intervals) in enumerate(causes):
        _cause(p, cause, intervals, AXIS + (len(causes) - i - 0.5) * CAUSE)


def _cause(p: Panel, cause: Cause, intervals: Intervals, y: float) -> None:
    _name(p, y, cause.value, ink.LEAK_INK, 7.5)
    ink.bands(p.on, intervals, y, 0.055, p.least_leak, facecolors=ink.LEAK)
    _total(p, y, spell(total(intervals)), ink.LEAK_INK)


def _said(p: Panel, y: float) -> None:
    _name(p, y, "The phone said", weight="bold")
    found = lanes.said(p.summary.run)
    for kind, (_, fill, _) in _SAID.items():
        off = kind == "DISCONNECTED"
        edge: dict[str, Any] = {"edgecolors": ink.GREYS[2], "linewidths": 0.7} if off else {}
        ink.bands(p.on, lanes.of_kind(found, kind), y, SAID, 0 if off else p.least, facecolors=fill, zorder=2, **edge)
    named = [b._replace(label=_SAID[b.kind][0]) for b in found]
    _labelled(p, named, y, {kind: colour for kind, (_, _, colour) in _SAID.items()}, 8.5, weight="bold")


def _truth(p: Panel, y: float) -> None:
    _name(p, y + 0.02, "In truth", weight="bold")
    found = lanes.truth(p.summary.run)
    off, inside, stale, offline = (lanes.of_kind(found, kind) for kind in ("off", "inside", "stale", "offline"))
    ink.bands(p.on, off, y, 0.012, 0, facecolors=ink.GREYS[3])
    ink.bands(p.on, inside, y, TUBE, 0, facecolors=ink.TUNNEL_SOFT)
    ink.bands(p.on, stale, y, TUBE, p.least, facecolors="#E6DDF3", zorder=2)
    ink.bands(p.on, stale, y, TUBE * 0.16, p.least, facecolors=ink.FATES[Fate.STALLED], zorder=3)
    ink.bands(p.on, offline, y, TUBE, p.least, facecolors=ink.PAPER, zorder=2)
    _labelled(
        p, [b._replace(label="inside") for b in found if b.kind == "inside"], y, {"inside": ink.TUNNEL_INK}, 8, most=1
    )
    _labelled(p, [b._replace(label="VPN off") for b in found if b.kind == "off"], y + 0.11, {"off": ink.INK3}, 8)
    _risen(p, y + TUBE / 2)


def _risen(p: Panel, bottom: float) -> None:
    """What is outside rises above the tube, one step for each socket."""
    spans, count = lanes.outside(p.summary)
    if not len(spans):
        return
    step = min(0.16, RISE / int(count.max()))
    tops = bottom + count.astype(np.float64) * step
    highest_first = np.argsort(-tops, kind="stable")
    ink.steps(
        p.on,
        ink.widened(spans, p.least_leak)[highest_first],
        bottom,
        tops[highest_first],
        facecolors=ink.LEAK,
        zorder=3,
    )
    _counts(p, spans, count, bottom, step)


def _counts(p: Panel, spans: Intervals, count: NDArray[np.int64], bottom: float, step: float) -> None:
    """ "7 outside" in the widest step, and bare numbers where there is room for them and they say something new."""
    widths = (spans[:, 1] - spans[:, 0]) / SECOND / p.whole * ACROSS
    widest = int(np.argmax(widths))
    said = 0
    for i in sorted(np.argsort(-widths)[:12].tolist()):
        n, first = int(count[i]), i == widest
        words = f"{n} outside" if first else str(n)
        fits = n * step >= 0.14
        narrow = ink.width_of(p.figure, words, 8, "bold") + 0.06 > widths[i]
        if narrow or not (fits or first) or (n == said and not first):
            continue
        said = n
        y = bottom + n * step + (-0.075 if fits else 0.085)
        colour = "#FFFFFF" if fits else ink.LEAK_INK
        ink.write(p.on, float(spans[i].sum()) / 2 / SECOND, y, words, 8, colour, ha="center", weight="bold", zorder=6)


def _deeds(p: Panel, bottom: float) -> None:
    """Marks above the status, with words where they fit: in the lower row, else in the upper one, else none."""
    free = [0.0, 0.0]
    for at, words in lanes.deeds(p.summary):
        x = at / p.whole * ACROSS
        wide = ink.width_of(p.figure, words, 8) + 0.14
        p.on.plot(
            [at], [bottom + 0.05], marker="v", markersize=3.4, color=ink.INK, linewidth=0, clip_on=False, zorder=5
        )
        left = min(x - 0.03, ACROSS + RIGHT - MARGIN - wide)
        for row in (0, 1):
            if left >= free[row] - 0.05:
                ink.write(p.on, p.width(left), bottom + 0.14 + row * 0.16, words, 8, ink.INK2)
                free[row] = left + wide
                break


# Lanes ----------------------------------------------------------------------------------------------------------------

_PATH = {"wifi": (ink.GREYS[1], ink.INK2), "cellular": (ink.GREYS[3], "#FFFFFF"), "none": (ink.PAPER, ink.INK3)}
_PROVIDER = {
    "ABSENT": ink.PAPER,
    "RUNNING": ink.GREYS[0],
    "OFFLINE": ink.GREYS[2],
    "RECONNECTING": ink.GREYS[4],
    "UPDATING": ink.GREYS[4],
}
"""Phases of the provider; all others are steps of its start or end."""
_RATS = {
    "none": (ink.PAPER, ink.INK3),
    "gsm": (ink.GREYS[0], ink.INK3),
    "umts": (ink.GREYS[1], ink.INK2),
    "lte": (ink.GREYS[2], ink.INK),
    "nsa": (ink.GREYS[3], "#FFFFFF"),
    "sa": (ink.GREYS[4], "#FFFFFF"),
}
"""Generations of the radio, the later the darker."""
_DEVICE = {"asleep": (ink.GREYS[0], ink.INK3), "locked": (ink.GREYS[1], ink.INK2), "on": (ink.GREYS[3], "#FFFFFF")}


def lanes_height(shown: list[OwnerLane], rest: list[OwnerLane], states: int) -> float:
    """How high the lanes are. [inches]"""
    apart = GAP if any(owner.system for owner in shown) else 0
    return AXIS + (0.24 if rest else 0) + len(shown) * OWNER + apart + GAP + states * STATE


def states_of(summary: Summary) -> int:
    """How many lanes there are above the owners': one more with a recording that says the RAT."""
    return 5 if lanes.rats(summary.run) else 4


def all_lanes(p: Panel, height: float, shown: list[OwnerLane], rest: list[OwnerLane]) -> None:
    """Path, radio, process, handshakes and screen; the apps, worst first; the platform's services; who is not shown."""
    y = height - STATE / 2
    _path(p, y)
    if lanes.rats(p.summary.run):
        y -= STATE
        _radio(p, y)
    _provider(p, y - STATE)
    _name(p, y - 2 * STATE, "Handshakes")
    ink.ticks(p.on, lanes.handshakes(p.summary.run), y - 2 * STATE, 0.07, ink.INK2, 0.6)
    _screen(p, y - 3 * STATE)
    y = height - states_of(p.summary) * STATE - GAP - OWNER / 2
    connected = lanes.of_kind(lanes.said(p.summary.run), "CONNECTED")
    before = False
    for owner in shown:
        y -= GAP if owner.system and not before else 0
        before = owner.system
        _owner(p, owner, connected, y)
        y -= OWNER
    if rest:
        words = f"and {len(rest)} more that never left the tunnel: {', '.join(o.name for o in rest)}"
        ink.write(p.on, 0, AXIS + 0.12, words if len(words) < 150 else words[:149] + "…", 8, ink.INK3)


def _path(p: Panel, y: float) -> None:
    _name(p, y, "Path")
    found = lanes.path(p.summary.run)
    for kind, (fill, _) in _PATH.items():
        ink.bands(p.on, lanes.of_kind(found, kind), y, STATE - 0.07, p.least if kind == "none" else 0, facecolors=fill)
    ink.bands(p.on, lanes.holes(p.summary.run), y - 0.055, 0.055, p.least, facecolors=ink.PAPER)
    names = {"cellular": "Cellular", "none": ""}
    named = [b._replace(label=names.get(b.kind, f"Wi-Fi {b.label}")) for b in found]
    _labelled(p, named, y + 0.005, {kind: colour for kind, (_, colour) in _PATH.items()}, 8)


def _radio(p: Panel, y: float) -> None:
    _name(p, y, "Radio")
    found = lanes.rats(p.summary.run)
    for kind, (fill, _) in _RATS.items():
        ink.bands(p.on, lanes.of_kind(found, kind), y, STATE - 0.07, 0, facecolors=fill)
    _labelled(p, found, y, {kind: colour for kind, (_, colour) in _RATS.items()}, 7.5, most=12)


def _provider(p: Panel, y: float) -> None:
    _name(p, y, "VPN process")
    found = lanes.provider(p.summary.run)
    calm = ("ABSENT", "RUNNING")
    for kind in sorted({b.kind for b in found}, key=lambda kind: (kind not in calm, kind)):
        fill = _PROVIDER.get(kind, ink.GREYS[3])
        ink.bands(p.on, lanes.of_kind(found, kind), y, STATE - 0.07, 0 if kind in calm else p.least, facecolors=fill)
    _labelled(
        p, [b._replace(label="running") for b in found if b.kind == "RUNNING"], y, {"RUNNING": ink.INK3}, 8, most=1
    )


def _screen(p: Panel, y: float) -> None:
    _name(p, y, "Screen")
    found = lanes.device(p.summary.run)
    for kind, (fill, _) in _DEVICE.items():
        ink.bands(p.on, lanes.of_kind(found, kind), y, STATE - 0.07, p.least if kind == "on" else 0, facecolors=fill)
    _labelled(p, found, y, {kind: colour for kind, (_, colour) in _DEVICE.items()}, 7.5, most=6)


def _owner(p: Panel, owner: OwnerLane, connected: Intervals, y: float) -> None:
    leaks = bool(len(owner.exposed))
    _name(p, y, owner.name, ink.LEAK_INK if leaks else ink.INK2, weight="bold" if leaks else "normal")
    _owner_bands(p, owner, connected, y, OWNER * 0.56)
    _owner_bursts(p, owner, y, OWNER * 0.56)
    bypassed = float(owner.bars[Fate.BYPASSED].size.sum())
    if leaks:
        _total(p, y, f"{spell(total(owner.exposed))}, {size(owner.leaked)}", ink.LEAK_INK)
    elif bypassed:
        _total(p, y, f"{size(bypassed)} around", "#7A5400")


def _owner_bands(p: Panel, owner: OwnerLane, connected: Intervals, y: float, high: float) -> None:
    """Bands say how the way stood for live sockets, whether or not it was used."""
    ink.bands(p.on, owner.alive, y, high, 0, facecolors=ink.SUNK)
    ink.bands(p.on, common(owner.alive, connected), y, high, 0, facecolors=INSIDE)
    ink.bands(p.on, owner.exposed, y, high, p.least_leak, facecolors=ink.LEAK_SOFT, alpha=0.75)
    hollow: dict[str, Any] = {"facecolors": "none", "edgecolors": ink.FATES[Fate.BYPASSED], "linewidths": 0.5}
    ink.bands(p.on, owner.bypassed, y, high, p.least, zorder=2, **hollow)
    wall: dict[str, Any] = {
        "facecolors": ink.PAPER,
        "edgecolors": ink.FATES[Fate.BLOCKED],
        "linewidths": 0.5,
        "hatch": "/////",
    }
    ink.bands(p.on, owner.blocked, y, high, p.least, zorder=2, **wall)


def _owner_bursts(p: Panel, owner: OwnerLane, y: float, high: float) -> None:
    """Ticks say what was sent; what leaked is drawn last and taller than the tube."""
    for fate in (Fate.OPEN, Fate.OFFLINE, Fate.WAITING, Fate.TUNNELLED, Fate.BEYOND, Fate.BYPASSED, Fate.BLOCKED):
        bars = owner.bars[fate]
        ink.ticks(p.on, bars.at, y, _height(bars.size) * high / 2, ink.FATES[fate], 0.65)
    bars = owner.bars[Fate.STALLED]
    colour = ink.FATES[Fate.STALLED]
    p.on.plot(bars.at, np.full(len(bars.at), y), linewidth=0, marker=".", markersize=2.6, color=colour, zorder=4)
    bars = owner.bars[Fate.LEAKED]
    ink.ticks(p.on, bars.at, y, OWNER * 0.46 * (0.6 + 0.4 * _height(bars.size)), ink.LEAK, 0.9, order=5)


def _height(sizes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Height of a tick by the logarithm of its bytes: 0.25 up to 100 B, 1 from 10 MB on."""
    return np.clip((np.log10(np.maximum(sizes, 1)) - 2) / 5, 0, 1) * 0.75 + 0.25


# Words on lanes -------------------------------------------------------------------------------------------------------


def _name(p: Panel, y: float, words: str, colour: str = "", points: float = 8.5, weight: str = "normal") -> None:
    """In the column on the left, flush with the lanes; cut to what fits."""
    colour = colour or (ink.INK if weight == "bold" else ink.INK2)
    while len(words) > 4 and ink.width_of(p.figure, words, points, weight) > LEFT - MARGIN:
        words = words.removesuffix("…")[:-1] + "…"
    ink.write(p.figure, LEFT - 0.12, p.bottom + y, words, points, colour, ha="right", weight=weight)


def _total(p: Panel, y: float, words: str, colour: str) -> None:
    ink.write(p.figure, WIDTH - RIGHT + 0.1, p.bottom + y, words, 7.5, colour)


def _labelled(
    p: Panel,
    bands: list[Band],
    y: float,
    colours: dict[str, str],
    points: float,
    *,
    weight: str = "normal",
    most: int = 40,
) -> None:
    """Words inside the bands that are wide enough for them: the widest first, `most` of them."""
    for band in sorted((b for b in bands if b.label), key=lambda b: b.begin - b.end)[:most]:
        room = (band.end - band.begin) / SECOND / p.whole * ACROSS
        if ink.width_of(p.figure, band.label, points, weight) + 0.1 <= room:
            x = band.begin / SECOND + p.width(0.06)
            ink.write(p.on, x, y, band.label, points, colours[band.kind], weight=weight, zorder=6)
