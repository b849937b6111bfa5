"""Bursts on the air of one interface as columns, and what every radio's account does with them.

At the length of a day, page faults of new arrays cost as much as the arithmetic: much is done in place.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from sim.base.units import Duration
from sim.machines.radio.air import Nanojoules
from sim.world.intervals import Intervals, paired, rows_between, total

Column = NDArray[np.int64]


@dataclass(frozen=True)
class Traffic:
    """Bursts on one physical interface, in any order.

    Parameters
    ----------
    at : int64 array, (n,). [µs]
    up, down : int64 array, (n,). 0 <= size, tunnel overhead included. [bytes]
    """

    at: Column
    up: Column
    down: Column


class Rates(NamedTuple):
    """A throughput that changes: from `since` on it is `mbps`; k of them in order of time, the first at 0."""

    since: Column
    mbps: NDArray[np.float64]

    def at(self, instants: Column) -> NDArray[np.float64]:
        """What holds at each instant."""
        found: NDArray[np.float64] = self.mbps[self.since.searchsorted(instants, side="right") - 1]
        return found


Rate = float | Rates
"""0 < rate: throughput, for the time on the air. [Mbit/s]"""


class Stretches(NamedTuple):
    """When nothing was on the air."""

    tails: Intervals
    """(t, 2): when the radio was up all the same. [µs]"""
    tail_of: Column
    """(t,) the burst that each of them follows."""
    idle: Intervals
    """(i, 2): when it was idle. [µs]"""


class Spending(NamedTuple):
    """What a radio spent, and because of which bursts."""

    parts: dict[str, Nanojoules]
    """By component."""
    caused: Callable[[], Column]
    """Of each burst of the traffic, (n,): its bytes, its time on the air, the promotion that it began, the tail that
    follows it. What is not in here, nobody caused: standby, handovers, registrations. [nJ]"""
    stretches: Callable[[], Stretches]
    """When nothing was on the air. Like `caused` worked out only when asked for: most accounts are not."""


class Sloped(Protocol):
    """A radio whose bytes cost something on top of its states."""

    @property
    def alpha_ul(self) -> float:
        """[mW per Mbit/s]"""
        ...

    @property
    def alpha_dl(self) -> float:
        """[mW per Mbit/s]"""
        ...

    @property
    def sending_mw(self) -> int:
        """[mW]"""
        ...


class Bursts(NamedTuple):
    """Bursts within the k intervals, sorted; n in all, in the m intervals that have some."""

    at: Column
    up: Column
    down: Column
    air: Column
    rate: NDArray[np.float64] | float
    limit: Column
    """End of the interval that the burst is in, (n,)."""
    first: Column
    """Index of the first burst of each interval that has one, (m,)."""
    leading: Intervals
    """From each interval's beginning to its first burst, or all of it, (k, 2)."""
    length: Duration
    """All intervals together."""
    row: Column | None
    """Which bursts of the traffic they are, (n,); None if all of them as they are."""

    def of_traffic(self, caused: Column, n: int) -> Column:
        """A column of these bursts as one of the traffic's n."""
        if self.row is None:
            return caused
        found = np.zeros(n, dtype=np.int64)
        found[self.row] = caused
        return found

    def rows(self, index: Column) -> Column:
        """Indices of these bursts as indices of the traffic."""
        found: Column = index if self.row is None else self.row[index]
        return found


def bursts_in(traffic: Traffic, intervals: Intervals, rate: Rate) -> Bursts:
    """Sort, drop what lies outside the intervals, and find each interval's first burst."""
    begin, end = intervals[:, 0], intervals[:, 1]
    at, up, down, row = traffic.at, traffic.up, traffic.down, None
    if (at[1:] < at[:-1]).any():
        row = np.argsort(at, kind="stable")
        at, up, down = at[row], up[row], down[row]
    low, high = np.searchsorted(at, begin), np.searchsorted(at, end)
    counts = high - low
    if counts.sum() != len(at):
        inside, _ = rows_between(low, high)
        at, up, down = at[inside], up[inside], down[inside]
        row = inside if row is None else row[inside]
    busy = counts > 0
    first = (np.cumsum(counts) - counts)[busy]
    leading = intervals.copy()
    leading[busy, 1] = at[first]
    mbps = rate.at(at) if isinstance(rate, Rates) else rate
    size = up + down
    size *= 8
    air = size / mbps
    np.rint(air, out=size, casting="unsafe")
    return Bursts(at, up, down, size, mbps, np.repeat(end, counts), first, leading, total(intervals), row)


def reach_alone(bursts: Bursts) -> Column:
    """When the air is free again after each burst by itself, if it waits for nothing, (n,)."""
    reach = bursts.at + bursts.air
    np.minimum(reach, bursts.limit, out=reach)  # so that nothing reaches into the next interval
    return reach


def stretches(bursts: Bursts, ends: Column, quiet: Column, down: Duration, follows: Column) -> Stretches:
    """Tails of up to `down` and idle stretches of a radio.

    Parameters
    ----------
    ends, quiet, follows : (s,) when each silence begins and how long it lasts [µs], and the burst that it follows
    """
    released = quiet > down
    rests = ends[released] + down
    idle = np.concatenate((paired(rests, (ends + quiet)[released]), bursts.leading))
    return Stretches(paired(ends, ends + np.minimum(quiet, down)), bursts.rows(follows), idle)


def silences(bursts: Bursts, reach: Column) -> tuple[Column, Column]:
    """Stretches in which the air is free after a burst: to the next burst, or to the end of the interval.

    Returns
    -------
    tuple
        The burst after which each comes, (s,), and its length, (s,). [µs]
    """
    if not len(reach):
        return reach, reach
    after = np.empty_like(reach)
    np.subtract(bursts.at[1:], reach[:-1], out=after[:-1])
    last = np.append(bursts.first[1:], len(reach)) - 1
    after[last] = bursts.limit[last] - reach[last]
    behind = np.flatnonzero(after > 0)
    return behind, after[behind]


def owners(alone: Column, reach: Column) -> Column:
    """The burst that keeps the air busy longest up to each burst, (n,): whom a silence after it follows."""
    place = np.arange(len(reach))
    place[alone < reach] = 0
    return np.maximum.accumulate(place, out=place)


def on_air(bursts: Bursts, reach: Column) -> Column:
    """For how long each burst keeps the air busy beyond those before it, (n,). [µs]"""
    busy = np.empty_like(reach)
    np.maximum(bursts.at[1:], reach[:-1], out=busy[1:])
    busy[bursts.first] = bursts.at[bursts.first]
    return np.subtract(reach, busy, out=busy)


def duty_cycles(elapsed: Column, cycle: Duration, on: Duration, on_mw: int, off_mw: int) -> Column:
    """As :func:`sim.machines.radio.air.duty_cycle`, of a column. [nJ]"""
    if on_mw == off_mw or not on:
        return elapsed * off_mw
    whole = elapsed // cycle
    listening = whole * on
    whole *= -cycle
    whole += elapsed
    listening += np.minimum(whole, on, out=whole)
    listening *= on_mw - off_mw
    listening += elapsed * off_mw
    return listening


def byte_energies(radio: Sloped, bursts: Bursts) -> Column:
    """As :func:`sim.machines.radio.air.byte_energy`, of a column. [nJ]"""
    slope = radio.alpha_ul + radio.sending_mw / bursts.rate if radio.sending_mw else radio.alpha_ul
    energy = slope * bursts.up
    energy += radio.alpha_dl * bursts.down
    energy *= 8.0
    np.rint(energy, out=energy)
    return energy.astype(np.int64)
