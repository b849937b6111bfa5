"""Colours, type and strokes of all pictures: one place, so that they look alike.

One colour is hot: vermilion means LEAKED and nothing else. Everything that is fine is quiet. Each fate has a second cue
beside its colour: leaked ticks are taller than the tube, bypassed bands are hollow, blocked ones
hatched, what stalled is dotted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from io import BytesIO
from typing import Any

import numpy as np
from matplotlib import font_manager, rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.figure import Figure
from numpy.typing import NDArray

from sim.faces.terminal import clean
from sim.machines.routing import Fate
from sim.world.intervals import Intervals

PAPER, SUNK, HAIRLINE = "#FAF9F6", "#F2F0EB", "#E4E0D8"
INK, INK2, INK3 = "#191C20", "#4A5058", "#646A73"
LEAK, LEAK_SOFT, LEAK_INK = "#D4300C", "#F4A58D", "#B82A0A"
TUNNEL, TUNNEL_SOFT, TUNNEL_INK = "#5C8AB5", "#D5E2EE", "#2C5F8E"
COST = "#0B6E69"
GREYS = ("#EEEBE4", "#DFDCD4", "#C4C0B6", "#A39F94", "#857F74")
FATES = {
    Fate.TUNNELLED: TUNNEL,
    Fate.LEAKED: LEAK,
    Fate.BYPASSED: "#B07C0A",
    Fate.OPEN: "#A9A59C",
    Fate.BLOCKED: "#2A2E35",
    Fate.STALLED: "#7C58B0",
    Fate.OFFLINE: "#B9B5AC",
    Fate.WAITING: "#B9B5AC",
    Fate.BEYOND: "#5E9C94",
}
DPI = 150
HATCH_WIDTH = 0.6
_FAMILIES = ("Inter", "Helvetica Neue", "Arial", "Liberation Sans", "DejaVu Sans")


def saved(make: Callable[[], Figure], kind: str) -> bytes:
    """A figure as a file. Equal figures give equal files: no date, and no random names inside.

    Parameters
    ----------
    kind : "png", "svg" or "pdf"
    """
    undated: dict[str, Any] = {"png": {}, "svg": {"Date": None}, "pdf": {"CreationDate": None}}[kind]
    file = BytesIO()
    with rc_context({"svg.hashsalt": "leakwindow", "hatch.linewidth": HATCH_WIDTH, "pdf.fonttype": 42}):
        make().savefig(file, format=kind, dpi=DPI, metadata=undated)
    return file.getvalue()


@cache
def family() -> str:
    """The first typeface of our list that this machine has; matplotlib brings the last one."""
    have = set(font_manager.get_font_names())
    return next(f for f in _FAMILIES if f in have or f == _FAMILIES[-1])


@cache
def _known_letters() -> frozenset[int]:
    file = font_manager.findfont(font_manager.FontProperties(family=family()))
    return frozenset(font_manager.get_font(file).get_charmap())


def writable(words: str) -> str:
    """The text without control characters and without letters that the typeface has no shape for."""
    return "".join(
        c if ord(c) in _known_letters() else "\N{REPLACEMENT CHARACTER}" for c in clean(words).replace("\n", " ")
    )


def write(on: Figure | Axes, x: float, y: float, words: str, size: float = 8.5, colour: str = INK, **more: Any) -> Any:
    """Text at a place: of a figure in inches from its lower left corner, of axes in their own coordinates.

    Nothing is read as mathematics: a name may hold a dollar sign.
    """
    more = {"va": "center", "family": family(), "parse_math": False, **more}
    if isinstance(on, Figure):
        width, height = on.get_size_inches()
        return on.text(x / width, y / height, writable(words), fontsize=size, color=colour, **more)
    return on.text(x, y, writable(words), fontsize=size, color=colour, **more)


def width_of(figure: Figure, words: str, size: float, weight: str = "normal") -> float:
    """How wide a text would be. [inches]"""
    text = figure.text(0, 0, writable(words), fontsize=size, family=family(), weight=weight, parse_math=False)
    box = text.get_window_extent(renderer(figure))
    text.remove()
    return float(box.width / figure.dpi)


def renderer(figure: Figure) -> Any:
    """What measures text; always Agg, so that all kinds of files are laid out alike."""
    canvas = figure.canvas if isinstance(figure.canvas, FigureCanvasAgg) else FigureCanvasAgg(figure)
    return canvas.get_renderer()  # type: ignore[no-untyped-call]


def axes(figure: Figure, left: float, bottom: float, width: float, height: float, seconds: float) -> Axes:
    """Bare axes at a place in inches: time in seconds to the right, inches upwards."""
    w, h = figure.get_size_inches()
    found = figure.add_axes((left / w, bottom / h, width / w, height / h))
    found.set(xlim=(0, seconds), ylim=(0, height), xticks=[], yticks=[], facecolor="none")
    for spine in found.spines.values():
        spine.set_visible(False)
    return found


def widened(intervals: Intervals, least: float) -> NDArray[np.float64]:
    """Intervals [µs] as seconds, none shorter than `least` [s], so that a short one is still seen."""
    seconds = intervals.astype(np.float64) / 1e6
    short = np.maximum(least - (seconds[:, 1] - seconds[:, 0]), 0) / 2
    return np.stack((seconds[:, 0] - short, seconds[:, 1] + short), axis=1)


def bands(on: Axes, intervals: Intervals, y: float, height: float, least: float, **style: Any) -> None:
    """Filled rectangles over the intervals, from y - height/2 to y + height/2."""
    if len(intervals):
        steps(on, widened(intervals, least), y - height / 2, np.full(len(intervals), y + height / 2), **style)


def steps(on: Axes, spans: NDArray[np.float64], bottom: float, tops: NDArray[np.float64], **style: Any) -> None:
    """Rectangles over spans [s] that stand on one line and have their own heights."""
    a, b = spans[:, 0], spans[:, 1]
    low = np.full(len(spans), bottom)
    corners = np.stack(
        (np.stack((a, low), 1), np.stack((a, tops), 1), np.stack((b, tops), 1), np.stack((b, low), 1)), axis=1
    )
    on.add_collection(PolyCollection(list(corners), **{"linewidths": 0, **style}), autolim=False)


def ticks(
    on: Axes, at: Sequence[float] | NDArray[np.float64], y: float, half: Any, colour: str, width: float, order: int = 3
) -> None:
    """Upright strokes at instants [s], from y - half to y + half."""
    x = np.asarray(at, dtype=np.float64)
    if len(x):
        h = np.broadcast_to(half, x.shape)
        lines = np.stack((np.stack((x, y - h), 1), np.stack((x, y + h), 1)), axis=1)
        on.add_collection(
            LineCollection(list(lines), colors=colour, linewidths=width, zorder=order, capstyle="butt"), autolim=False
        )


def hairlines(on: Axes, at: Iterable[float], bottom: float, top: float) -> None:
    """Faint upright lines at the labelled times."""
    ticks(on, list(at), (bottom + top) / 2, (top - bottom) / 2, HAIRLINE, 0.6, order=0)
