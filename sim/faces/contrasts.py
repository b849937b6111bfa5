"""The picture of a comparison: paired intervals of every headline number side by side, how the days are distributed
below each, and the trade-off at the bottom.

A filled dot says that the interval excludes zero; a hollow one that it does not. Nothing is coloured by being good or
bad: the place of the dot says it, left of the line is less.
"""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sim.faces import ink, panels
from sim.faces.comparing import amount, headline
from sim.faces.panels import MARGIN, WIDTH
from sim.faces.parameters import Basis
from sim.faces.terminal import capital, count
from sim.study.compare import Comparison, Place
from sim.study.rows import HEADLINE, Metric

HEAD, ROW, GAP, DAYS, TRADE, FOOT = 1.15, 0.3, 0.75, 1.1, 4.0, 0.75
"""Heights. [inches]"""
NAMES, WORDS = 2.85, 0.85
"""Widths: the arms' names, a mean in words. [inches]"""
MOST_LETTERS = 38
BY_COLUMN = {m.column: m for m in HEADLINE}


def draw(found: Comparison, title: str, basis: Basis, kind: str) -> bytes:
    """The picture as a file.

    Parameters
    ----------
    basis : what the numbers rest on
    kind : "png", "svg" or "pdf"
    """
    return ink.saved(lambda: figure(found, title, basis), kind)


def figure(found: Comparison, title: str, basis: Basis) -> Figure:
    """The picture."""
    rows = ROW * len(found.arms)
    top = HEAD + 0.3 + rows + GAP + DAYS + GAP + TRADE + FOOT
    fig = Figure(figsize=(WIDTH, top), dpi=ink.DPI, facecolor=ink.PAPER)
    about = (
        f"{title}   ·   {count(found.days, 'common day')}   ·   means a day, and differences to the first line, day by "
        f"day; all intervals hold together with {found.confidence:.0%}; filled: it excludes zero"
    )
    panels.head(fig, top, about, headline(found))
    bottom = top - HEAD - 0.3 - rows
    _names(fig, found, bottom, rows)
    wide = (WIDTH - MARGIN * 2 - NAMES) / len(HEADLINE)
    for i, metric in enumerate(HEADLINE):
        left = MARGIN + NAMES + i * wide
        _intervals(fig, found, metric, left, bottom, wide - 0.25, rows)
        _distribution(fig, found, metric, left, bottom - GAP - DAYS, wide - 0.25)
    ink.write(fig, MARGIN, bottom - GAP, "How the days are spread", 9, ink.INK, weight="bold")
    for i, (said, colour) in enumerate((("the first line", ink.INK), ("front", ink.COST), ("others", ink.GREYS[3]))):
        ink.write(fig, MARGIN, bottom - GAP - 0.58 - 0.17 * i, said, 8, colour)
    ink.write(fig, MARGIN, bottom - GAP - 0.2, "Share of days with at most so much;", 8, ink.INK3)
    ink.write(fig, MARGIN, bottom - GAP - 0.36, "a jump at the left: days with none.", 8, ink.INK3)
    _trade(fig, found, FOOT)
    limits = f"Intervals are about more days like these, not about what nobody has measured: {basis}."
    ink.write(fig, MARGIN, 0.2, limits, 8, ink.INK3)
    return fig


def _short(arm: str) -> str:
    return arm if len(arm) <= MOST_LETTERS else arm[: MOST_LETTERS - 1] + "…"


def _names(fig: Figure, found: Comparison, bottom: float, rows: float) -> None:
    for i, arm in enumerate(found.arms):
        y = bottom + rows - (i + 0.5) * ROW
        ink.write(
            fig, MARGIN, y, _short(arm), 8.5, ink.INK, weight="bold" if found.places[arm] is Place.FRONT else "normal"
        )


def _intervals(
    fig: Figure, found: Comparison, metric: Metric, left: float, bottom: float, wide: float, rows: float
) -> None:
    """One number: a row for each arm, its mean in words, and its difference around a line at zero."""
    standings = [found.standings[arm, metric.column] for arm in found.arms]
    ends = [0.0, *(end for s in standings for end in s.difference if abs(end) < float("inf"))]
    low, high = min(ends), max(ends)
    pad = (high - low or 1.0) * 0.06
    on = ink.axes(fig, left + WORDS, bottom, wide - WORDS, rows, 1)
    on.set(xlim=(low - pad, high + pad), ylim=(0, rows))
    on.axvline(0, color=ink.GREYS[3], linewidth=0.9, zorder=1)
    winners = found.winners(metric.column)
    for i, (arm, standing) in enumerate(zip(found.arms, standings, strict=True)):
        y = rows - (i + 0.5) * ROW
        d, sure = standing.difference, bool(standing.difference.sign)
        colour = ink.INK if sure else ink.INK3
        if arm != found.arms[0]:
            on.plot((max(d.low, low - pad), min(d.high, high + pad)), (y, y), color=colour, linewidth=1.4, zorder=2)
            face = colour if sure else ink.PAPER
            on.plot((d.mean,), (y,), marker="o", markersize=5, color=colour, markerfacecolor=face, zorder=3)
        bold = "bold" if arm in winners else "normal"
        said = amount(standing.mean.mean, metric)
        ink.write(fig, left + WORDS - 0.1, bottom + y, said, 8, ink.INK2, ha="right", weight=bold)
    ink.write(fig, left, bottom + rows + 0.14, capital(metric.title), 9, ink.INK, weight="bold")
    for value, side in ((low, "left"), (high, "right")):
        if abs(value) > (high - low) / 2:  # a shorter side would be written over the other
            x = left + WORDS + (wide - WORDS) * (value - low + pad) / (high - low + 2 * pad)
            ink.write(fig, x, bottom - 0.1, _roughly(value, metric), 7.5, ink.INK3, ha=side)


def _distribution(fig: Figure, found: Comparison, metric: Metric, left: float, bottom: float, wide: float) -> None:
    """The share of days on which an arm has at most so much: a step for each day."""
    most = max((float(found.values[arm, metric.column].max(initial=0)) for arm in found.arms), default=0.0)
    least = min((float(found.values[arm, metric.column].min(initial=0)) for arm in found.arms), default=0.0)
    pad = (most - least or 1.0) * 0.04
    on = ink.axes(fig, left, bottom, wide, DAYS, 1)
    on.set(xlim=(least - pad, most + pad), ylim=(0, 1.04))
    for share in (0, 0.5, 1):
        on.axhline(share, color=ink.HAIRLINE, linewidth=0.6, zorder=0)
    for arm in reversed(found.arms):  # the first line above the others
        values = sorted(found.values[arm, metric.column].tolist())
        front = ink.COST if found.places[arm] is Place.FRONT else ink.GREYS[3]
        colour = ink.INK if arm == found.arms[0] else front
        shares = [k / len(values) for k in range(1, len(values) + 1)]
        at = [least - pad, *values, most + pad]
        on.step(at, [0.0, *shares, 1.0], where="post", color=colour, linewidth=1.2, zorder=2)
    ink.write(fig, left, bottom - 0.12, amount(least, metric), 7.5, ink.INK3)
    ink.write(fig, left + wide, bottom - 0.12, amount(most, metric), 7.5, ink.INK3, ha="right")


def _roughly(value: float, metric: Metric) -> str:
    """An end of a scale, with its sign, in little room."""
    sign, value = "−" if value < 0 else "+", abs(value)
    if metric.unit == "s":
        unit, seconds = next(((u, s) for u, s in (("h", 3600.0), ("min", 60.0)) if value >= s), ("s", 1.0))
        return f"{sign}{value / seconds:.2g} {unit}"
    return sign + amount(value, metric)


# The trade-off --------------------------------------------------------------------------------------------------------


def _trade(fig: Figure, found: Comparison, bottom: float) -> None:
    """Exposed against blocked time; the battery is written, and drawn as the size of the dot."""
    left, width, height = MARGIN + 0.95, WIDTH - 2 * MARGIN - 4.2, TRADE - 0.35
    exposed, blocked, battery = (BY_COLUMN[c] for c in ("exposed_s", "blocked_s", "vpn_battery_percent"))
    at = {
        arm: tuple(found.standings[arm, m.column].mean.mean for m in (exposed, blocked, battery)) for arm in found.arms
    }
    on = ink.axes(fig, left, bottom, width, height, 1)
    most_x, most_y = (max(v[k] for v in at.values()) or 1.0 for k in (0, 1))
    on.set(xlim=(-0.04 * most_x, most_x * 1.08), ylim=(-0.06 * most_y, most_y * 1.12))
    _scales(on, most_x, most_y, exposed, blocked)
    most = max((abs(v[2]) for v in at.values()), default=1.0) or 1.0
    for arm, (x, y, z) in at.items():
        colour = ink.COST if found.places[arm] is Place.FRONT else ink.GREYS[3]
        on.scatter((x,), (y,), s=40 + 260 * max(z, 0) / most, color=colour, alpha=0.85, linewidths=0, zorder=3)
    _labels(fig, on, found, at, battery, left + width)
    ink.write(fig, MARGIN, bottom + height + 0.3, "What is traded", 9, ink.INK, weight="bold")
    about = (
        "Each dot is an arm: exposed time to the right, blocked time upwards, the VPN's battery as its area. "
        "Coloured: the Pareto front, by the means."
    )
    ink.write(fig, MARGIN + 1.25, bottom + height + 0.3, about, 8.5, ink.INK3)


def _scales(on: Axes, most_x: float, most_y: float, exposed: Metric, blocked: Metric) -> None:
    """Hairlines at round values of each axis."""
    for x in ticks(most_x):
        on.axvline(x, color=ink.HAIRLINE, linewidth=0.6, zorder=0)
        ink.write(on, x, on.get_ylim()[0], amount(x, exposed), 7.5, ink.INK3, ha="center", va="top")
    for y in ticks(most_y):
        on.axhline(y, color=ink.HAIRLINE, linewidth=0.6, zorder=0)
        ink.write(on, on.get_xlim()[0], y, f"{amount(y, blocked)} ", 7.5, ink.INK3, ha="right")


def ticks(most_s: float) -> list[float]:
    """Round durations up to this, at most five besides 0. [s]"""
    decimal = [digit * 10.0**power for power in range(-3, 1) for digit in (1, 2, 5)]
    clock = [10, 15, 30, *(minutes * 60 for minutes in (1, 2, 5, 10, 15, 30)), *(h * 3600 for h in (1, 2, 3, 4, 6))]
    step = next((s for s in (*decimal, *clock) if most_s < 6 * s), most_s / 4)
    return [k * step for k in range(int(most_s / step + 1e-9) + 1)]


def _labels(
    fig: Figure, on: Axes, found: Comparison, at: dict[str, tuple[float, ...]], battery: Metric, right: float
) -> None:
    """Names to the right of the field, from top to bottom as the dots are, each with a line to its dot."""
    _, high = fig.get_size_inches()
    low_y, high_y = on.get_ylim()
    box = on.get_position()
    bottom, height = box.y0 * high, box.height * high
    order = sorted(found.arms, key=lambda arm: -at[arm][1])
    places: list[float] = []
    for arm in order:
        wanted = bottom + height * (at[arm][1] - low_y) / (high_y - low_y)
        places.append(min(wanted, places[-1] - 0.34) if places else wanted)
    short = max(bottom - places[-1], 0.0)
    for arm, y in zip(order, places, strict=True):
        front = found.places[arm] is Place.FRONT
        y = min(y + short, bottom + height - 0.1)
        ink.write(fig, right + 0.3, y + 0.07, _short(arm), 8.5, ink.INK, weight="bold" if front else "normal")
        ink.write(fig, right + 0.3, y - 0.09, f"battery {amount(at[arm][2], battery)}", 7.5, ink.INK3)
        at_y = low_y + (y - bottom) / height * (high_y - low_y)
        x_end = on.get_xlim()[1] * 1.02
        on.plot((at[arm][0], x_end), (at[arm][1], at_y), color=ink.HAIRLINE, linewidth=0.8, clip_on=False, zorder=1)
