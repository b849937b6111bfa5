"""The picture of a trade between two numbers: how much more of each an arm has than the first arm."""

from __future__ import annotations

from matplotlib.figure import Figure

from sim.faces import ink
from sim.faces.comparing import amount
from sim.faces.terminal import capital
from sim.study.compare import Comparison
from sim.study.rows import HEADLINE

WIDTH, HEAD, ROW, FOOT = 9.2, 1.25, 0.34, 0.5
NAMES, FIELD, APART, WORDS = 1.0, 2.7, 0.3, 0.9
"""Sizes, those of the names, a field, the room between fields, and a mean in words. [inches]"""


def draw(found: Comparison, title: str, numbers: tuple[str, str]) -> bytes:
    """The picture as PNG.

    Parameters
    ----------
    numbers : the columns of two headline numbers; each gets a field of paired differences, side by side
    """
    rows = ROW * len(found.arms)
    top = HEAD + rows + FOOT
    fig = Figure(figsize=(WIDTH, top), dpi=ink.DPI, facecolor=ink.PAPER)
    ink.write(fig, 0.35, top - 0.36, title, 12, ink.INK, weight="bold")
    about = (
        f"{found.days} common days · means, and differences to the first line, day by day · all intervals hold "
        f"together with {found.confidence:.0%} · filled: it excludes zero"
    )
    ink.write(fig, 0.35, top - 0.64, about, 8, ink.INK3)
    for i, arm in enumerate(found.arms):
        ink.write(fig, 0.35, FOOT + rows - (i + 0.5) * ROW, arm.removeprefix("persistent_keepalive "), 9, ink.INK)
    for k, column in enumerate(numbers):
        _field(fig, found, column, 0.35 + NAMES + k * (WORDS + FIELD + APART), rows)
    return ink.saved(lambda: fig, "png")


def _field(fig: Figure, found: Comparison, column: str, left: float, rows: float) -> None:
    """One number: its means in words, and its differences around a line at zero."""
    metric = next(m for m in HEADLINE if m.column == column)
    differences = [found.standings[arm, column].difference for arm in found.arms]
    low, high = min(0.0, *(d.low for d in differences)), max(0.0, *(d.high for d in differences))
    pad = (high - low or 1.0) * 0.06
    on = ink.axes(fig, left + WORDS, FOOT, FIELD, rows, 1)
    on.set(xlim=(low - pad, high + pad))
    on.axvline(0, color=ink.GREYS[3], linewidth=0.9, zorder=1)
    ink.write(fig, left, FOOT + rows + 0.18, capital(metric.title), 9, ink.INK, weight="bold")
    for i, (arm, d) in enumerate(zip(found.arms, differences, strict=True)):
        y = rows - (i + 0.5) * ROW
        said = amount(found.standings[arm, column].mean.mean, metric)
        ink.write(fig, left + WORDS - 0.1, FOOT + y, said, 8.5, ink.INK2, ha="right")
        if arm != found.arms[0]:
            colour, face = (ink.INK, ink.INK) if d.sign else (ink.INK3, ink.PAPER)
            on.plot((d.low, d.high), (y, y), color=colour, linewidth=1.4, zorder=2)
            on.plot((d.mean,), (y,), marker="o", markersize=5, color=colour, markerfacecolor=face, zorder=3)
    for value, side in ((low, "left"), (high, "right")):
        if value:
            x = left + WORDS + FIELD * (value - low + pad) / (high - low + 2 * pad)
            said = f"{'−' if value < 0 else '+'}{amount(abs(value), metric)}"
            ink.write(fig, x, FOOT - 0.14, said, 7.5, ink.INK3, ha=side)
