"""Power over the day, stacked by what it went into: the lowest part of the picture of a run."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.base.units import SECOND
from sim.faces import ink
from sim.faces.lanes import times
from sim.faces.panels import LEFT, MOST_LABELS, RIGHT, WIDTH, Panel
from sim.measure.power import GROUPS, power
from sim.measure.summary import Summary

HEIGHT = 1.25
"""With its words above. [inches]"""
FIELD, WORDS = 0.85, 0.18
COLUMNS = 350
COLOURS = dict(zip(GROUPS, (*ink.GREYS[:2], ink.TUNNEL_SOFT, ink.GREYS[4], ink.COST), strict=True))
"""The VPN is drawn in the colour of costs."""


def stacked(summary: Summary) -> NDArray[np.float64]:
    """The upper edge of each of :data:`GROUPS` in each column, (groups, columns). [W]"""
    columns = min(COLUMNS, max(summary.run.scenario.duration // SECOND, 1))
    found = power(summary.run, summary.battery.with_vpn.by_component, columns)
    return np.cumsum([np.maximum(found[group], 0) for group in GROUPS], axis=0)


def area(p: Panel) -> None:
    """The mean power of each column, stacked; the areas add up to the account."""
    stack = stacked(p.summary)
    columns, top = stack.shape[1], float(stack[-1].max()) or 1.0
    ink.hairlines(p.on, [at for at, _ in times(p.summary.run, MOST_LABELS)], 0, FIELD)
    edges = np.linspace(0, p.whole, columns + 1)
    below = np.zeros(columns)
    for group, high in zip(GROUPS, stack, strict=True):
        bottom, upper = (np.append(y, y[-1]) / top * FIELD for y in (below, high))
        p.on.fill_between(edges, bottom, upper, step="post", color=COLOURS[group], linewidth=0, zorder=2)
        below = high
    ink.write(p.figure, LEFT - 0.12, p.bottom + FIELD / 2, "Power", 8.5, ink.INK2, ha="right")
    said = f"{top:.1f} W" if top >= 2 else f"{top * 1000:.0f} mW"
    ink.write(p.figure, WIDTH - RIGHT + 0.1, p.bottom + FIELD, said, 7.5, ink.INK3)
    _legend(p)


def _legend(p: Panel) -> None:
    x, y = LEFT, p.bottom + FIELD + WORDS
    for group in GROUPS:
        words = {"wifi": "Wi-Fi", "vpn": "VPN process"}.get(group, group)
        on = ink.axes(p.figure, x, y - 0.05, 0.12, 0.1, 1)
        on.set_facecolor(COLOURS[group])
        ink.write(p.figure, x + 0.18, y, words, 7.5, ink.INK3)
        x += 0.42 + ink.width_of(p.figure, words, 7.5)
