"""Radios that go up at once and down in steps, for a whole day in one pass: LTE, 5G in both forms, Wi-Fi.

Such a radio is up for `tail` after its last packet. A packet later than that begins anew: if it comes within `warm`
more, from half-way down, otherwise from idle. Beginning takes a while in which packets wait (`wait`), and may hold the
radio up for longer than that whatever there is to send (`hold`, such as the addition of a 5G leg).

How the pass avoids a loop over all bursts. Whether a packet begins anew depends on when the packets before it are
through, and that, through the wait, on which of them began. But waiting only moves an end later. So only packets that
come `tail` or more after the others would be through *without* any wait can begin anew, and only these candidates, a
few hundred a day, are considered one after the other. All else is done for the whole day at once.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sim.base.units import NEVER, Duration
from sim.measure.bursts import Bursts, Column, reach_alone


class Start(NamedTuple):
    """How a connection begins."""

    wait: Duration
    """Until packets go out. [µs]"""
    hold: Duration
    """Until silence can begin to count. wait <= hold. [µs]"""


class Ladder(NamedTuple):
    """How a radio goes up and down."""

    tail: Duration
    warm: Duration
    from_idle: Start
    from_warm: Start


class Connections(NamedTuple):
    """c connections of n bursts."""

    starts: Column
    """Index of the burst that begins each, (c,)."""
    warm: Column
    """Whether it did so from half-way down, (c,)."""
    alone: Column
    """When the air is free again after each burst by itself; after one that begins, all that waited with it, (n,)."""
    reach: Column
    """When the air is free again after all bursts so far, (n,)."""


def connections(ladder: Ladder, bursts: Bursts) -> Connections:
    """Find where connections begin, and when the air is free."""
    at, first = bursts.at, bursts.first
    alone = reach_alone(bursts)
    if not len(at) or not max(ladder.from_idle.hold, ladder.from_warm.hold):
        return Connections(first[:0], first[:0], alone, np.maximum.accumulate(alone))
    reach = np.maximum.accumulate(alone)
    gap = np.empty_like(at)
    np.subtract(at[1:], reach[:-1], out=gap[1:])
    gap[first] = NEVER  # a new interval is a fresh start
    candidate = np.flatnonzero(gap >= ladder.tail)
    cold = _held(ladder.from_idle, bursts, candidate)
    warm = _held(ladder.from_warm, bursts, candidate) if ladder.warm else cold

    starts, warms, ends = [], [], []
    held, below = -NEVER, ladder.tail + ladder.warm
    columns = (candidate, at[candidate], gap[candidate], cold, warm)
    for i, now, quiet, from_idle, from_warm in zip(*(column.tolist() for column in columns), strict=True):
        if quiet != NEVER:
            quiet = min(quiet, now - held)
        if quiet < ladder.tail:
            continue
        held = from_idle if quiet >= below else from_warm
        starts.append(i)
        warms.append(quiet < below)
        ends.append(held)
    begins = np.array(starts, dtype=np.int64)
    alone[begins] = ends
    return Connections(begins, np.array(warms, dtype=np.int64), alone, np.maximum.accumulate(alone, out=reach))


def _held(start: Start, bursts: Bursts, candidate: Column) -> Column:
    """Until when a connection that began with each candidate would be held up by those that wait for it."""
    at, limit = bursts.at, bursts.limit
    begun = at[candidate]
    ready = begun + start.wait
    following = np.append(bursts.first, len(at))[np.searchsorted(bursts.first, candidate, side="right")]
    waiting = np.minimum(np.searchsorted(at, ready), following)
    windows = np.column_stack((candidate, waiting)).ravel()
    longest = np.maximum.reduceat(np.append(bursts.air, 0), windows)[::2]
    return np.minimum(np.maximum(ready + longest, begun + start.hold), limit[candidate])
