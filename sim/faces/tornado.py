"""The picture of a sensitivity study: a tornado for each number that varies.

A bar goes from the number's mean where the unknown is in the lowest fifth of its range (hollow end) to that where it is
in the highest (full end). Beside it stands the share of the variance that the unknown explains, with its interval.
"""

from __future__ import annotations

from matplotlib.figure import Figure

from sim.faces import ink, panels
from sim.faces.comparing import amount
from sim.faces.panels import MARGIN, WIDTH
from sim.faces.terminal import capital, count
from sim.faces.weighing import FAINT, headline, title, varying
from sim.study.rows import Metric
from sim.study.sensitivity import CONFIDENCE, Design, Found, Influence, Weighed

HEAD, FOOT, ROW, ABOVE, BELOW = 1.2, 0.35, 0.27, 0.42, 0.5
"""Heights. [inches]"""
NAMES, WORDS = 2.75, 1.35
"""Widths: names of unknowns, indices in words. [inches]"""
MOST_BARS, MOST_PANELS = 6, 8


def draw(design: Design, found: Found, about: str, kind: str) -> bytes:
    """The picture as a file.

    Parameters
    ----------
    kind : "png", "svg" or "pdf"
    """
    return ink.saved(lambda: figure(design, found, about), kind)


def figure(design: Design, found: Found, about: str) -> Figure:
    """The picture: panels in two columns."""
    shown = [(w, bars(design, w)) for w in varying(found)[:MOST_PANELS]]
    pairs = [shown[i : i + 2] for i in range(0, len(shown), 2)]
    heights = [max(len(each) for _, each in pair) * ROW for pair in pairs]
    top = HEAD + sum(heights) + len(pairs) * (ABOVE + BELOW) + FOOT
    fig = Figure(figsize=(WIDTH, top), dpi=ink.DPI, facecolor=ink.PAPER)
    words = (
        f"{about}   ·   {count(len(design.unknowns), 'unknown')}, {count(found.points, 'point')}   ·   "
        "bar: mean with the unknown in the lowest fifth of its range (hollow) to the highest (full)"
    )
    panels.head(fig, top, words, headline(found))
    wide, upper = (WIDTH - 2 * MARGIN) / 2, top - HEAD
    for pair, height in zip(pairs, heights, strict=True):
        for i, (weighed, each) in enumerate(pair):
            _panel(fig, design, weighed, each, MARGIN + i * wide, upper, wide - 0.4, height)
        upper -= height + ABOVE + BELOW
    measure = (
        "share of the variance that it explains in all, alone in brackets"
        if design.method == "sobol"
        else "Morris's µ*"
    )
    ink.write(
        fig,
        MARGIN,
        FOOT - 0.12,
        f"At the right: {measure}; ± half of the {CONFIDENCE:.0%} bootstrap interval.",
        8,
        ink.INK3,
    )
    return fig


def bars(design: Design, weighed: Weighed) -> list[Influence]:
    """The unknowns that are worth a bar."""
    return [e for e in weighed.influences if design.method == "morris" or e.weight > FAINT][:MOST_BARS]


def _panel(
    fig: Figure,
    design: Design,
    weighed: Weighed,
    shown: list[Influence],
    left: float,
    top: float,
    wide: float,
    height: float,
) -> None:
    metric = weighed.metric
    ink.write(fig, left, top - 0.14, capital(title(weighed)), 9.5, ink.INK, weight="bold")
    ends = [weighed.mean, *(end for e in shown for end in (e.low, e.high))]
    low, high = min(ends), max(ends)
    pad = (high - low or 1.0) * 0.05
    room = wide - NAMES - WORDS
    on = ink.axes(fig, left + NAMES, top - ABOVE - height, room, height, 1)
    on.set(xlim=(low - pad, high + pad), ylim=(0, height))
    on.axvline(weighed.mean, color=ink.GREYS[3], linewidth=0.9, zorder=1)
    if low < 0 < high:
        on.axvline(0, color=ink.INK2, linewidth=0.9, linestyle=(0, (3, 3)), zorder=1)
    for i, each in enumerate(shown):
        y = height - (i + 0.5) * ROW
        sure = each.weight - each.weight_half > 0
        colour = ink.COST if sure else ink.GREYS[3]
        on.plot((each.low, each.high), (y, y), color=colour, linewidth=6, solid_capstyle="butt", alpha=0.55, zorder=2)
        on.plot((each.low,), (y,), marker="o", markersize=5, color=colour, markerfacecolor=ink.PAPER, zorder=3)
        on.plot((each.high,), (y,), marker="o", markersize=5, color=colour, zorder=4)
        at = top - ABOVE - (i + 0.5) * ROW
        name = each.name.rsplit(".", 1)[-1].replace("_", " ")
        ink.write(fig, left, at, name, 8.5, ink.INK if sure else ink.INK3)
        said = f"{each.weight:.2f} ± {each.weight_half:.2f}  ({max(each.alone, 0.0):.2f})"
        said = (
            said if design.method == "sobol" else f"{amount(each.weight, metric)} ± {amount(each.weight_half, metric)}"
        )
        ink.write(fig, left + wide, at, said, 8, ink.INK2, ha="right")
    for value, side in ((low, "left"), (high, "right")):
        x = left + NAMES + room * (value - low + pad) / (high - low + 2 * pad)
        ink.write(fig, x, top - ABOVE - height - 0.12, _signed(value, metric, weighed), 7.5, ink.INK3, ha=side)


def _signed(value: float, metric: Metric, weighed: Weighed) -> str:
    plus = "+" if weighed.against is not None and value > 0 else ""
    return plus + amount(value, metric)
