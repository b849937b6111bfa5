"""What apps want to say: the bursts of every socket slot, as one table in order of time.

A *slot* is one of the sockets that an entry of an app keeps at a time; over the day one socket after the other serves it. Each slot
draws from streams of its own, forward in time, so a shorter day is the beginning of a longer one. Time is counted while the app
may speak; only then is it laid out over the day.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.base.streams import Streams
from sim.base.units import Duration
from sim.world.intervals import Intervals, rows_between, to_real, total
from sim.world.scenario import App, Clusters, ConstantRate, Periodic, Poisson, Push, Sockets, TrafficLaw

Ints = NDArray[np.int64]


class Entry(NamedTuple):
    """One entry of an app's sockets, and when they may speak and be held."""

    app: App
    sockets: Sockets
    speaks: Intervals
    holds: Intervals

    @property
    def slots(self) -> list[str]:
        """A name for each of its slots, for streams."""
        return [f"{self.app.name}/{self.sockets.name}/{index}" for index in range(self.sockets.count)]


class Demand(NamedTuple):
    """Bursts in order of time, as columns of equal length."""

    at: Ints
    slot: NDArray[np.int16]
    """Number of the slot, counted through all entries."""
    up: Ints
    """[bytes]"""
    down: Ints
    """[bytes]"""

    def rows(self, which: NDArray[np.int64] | NDArray[np.bool_]) -> Demand:
        """Some of the bursts."""
        return Demand(*(column[which] for column in self))


def demand(entries: list[Entry], streams: Streams) -> Demand:
    """Draw the bursts of all entries."""
    parts, first = [], 0
    for entry in entries:
        parts.append(_of_entry(entry, first, streams))
        first += entry.sockets.count
    every = Demand(*map(np.concatenate, zip(*parts, strict=True))) if parts else Demand(*(_NONE for _ in Demand._fields))
    return every.rows(np.argsort(every.at, kind="stable"))


_NONE = np.empty(0, dtype=np.int64)


def _of_entry(entry: Entry, first: int, streams: Streams) -> Demand:
    law, length = entry.sockets.traffic, total(entry.speaks)
    instants = [_instants(law, length, slot, streams) for slot in entry.slots]
    counts = [len(at) for at in instants]
    slots = np.repeat(np.arange(first, first + len(counts), dtype=np.int16), counts)
    up, down = (0, law.down) if isinstance(law, Push) else (law.up, law.down)
    sizes = np.full((len(slots), 2), (up, down), dtype=np.int64)
    spread = law.spread if isinstance(law, Poisson | Clusters) else 0.0
    if spread:
        drawn = [streams.of(f"traffic.size.{slot}").standard_normal((n, 2)) for slot, n in zip(entry.slots, counts, strict=True)]
        # Log-normal around the mean; what has a size at all has a byte.
        spread_out = sizes * np.exp(spread * np.concatenate(drawn) - spread * spread / 2)
        sizes = np.maximum(np.rint(spread_out), np.minimum(sizes, 1)).astype(np.int64)
    return Demand(to_real(np.concatenate(instants), entry.speaks), slots, sizes[:, 0], sizes[:, 1])


def _instants(law: TrafficLaw, length: Duration, slot: str, streams: Streams) -> Ints:
    """When a slot has something to say, ascending in [0, length). [µs]"""
    match law:
        case ConstantRate(every=every) | Periodic(every=every, jitter=0.0):
            return np.arange(0, length, max(every, 1), dtype=np.int64)
        case Periodic(every=every, jitter=jitter):
            at = np.arange(0, length, max(every, 1), dtype=np.int64)
            at += (streams.of(f"traffic.{slot}").random(len(at)) * (jitter * every)).astype(np.int64)
        case Push(every=every, poisson=False):
            return np.arange(every, length, max(every, 1), dtype=np.int64)
        case Poisson(every=every) | Push(every=every):
            return poisson(streams.of(f"traffic.{slot}"), every, length)
        case Clusters(every=every, bursts=bursts, gap=gap):
            begins = poisson(streams.of(f"traffic.{slot}"), every, length)
            counts = streams.of(f"traffic.count.{slot}").geometric(1 / bursts, len(begins))
            steps = np.cumsum(_gaps(streams.of(f"traffic.gap.{slot}"), gap, int(counts.sum())))
            firsts = np.cumsum(counts) - counts
            at = steps + np.repeat(begins - steps[firsts], counts)
    at.sort()
    return at[: np.searchsorted(at, length)]


def poisson(rng: np.random.Generator, mean: float, length: Duration) -> Ints:
    """Instants of a Poisson process with this mean spacing in [0, length), drawn forward. [µs]"""
    if length <= 0:
        return _NONE
    expected = length / mean
    chunk = int(expected + 6 * expected**0.5 + 16)
    at = np.cumsum(_gaps(rng, mean, chunk))
    while at[-1] < length:
        at = np.concatenate((at, at[-1] + np.cumsum(_gaps(rng, mean, chunk))))
    return at[: np.searchsorted(at, length)]


def _gaps(rng: np.random.Generator, mean: float, n: int) -> Ints:
    """Exponential gaps, whole, so that it does not matter in how many parts they are drawn. [µs]"""
    return np.rint(rng.standard_exponential(n) * mean).astype(np.int64)


def postponed(demand: Demand, asleep: Intervals) -> Demand:
    """Bursts of a sleeping device wait for its next wake-up; a slot's timers that ran out several times fire once."""
    low, high = np.searchsorted(demand.at, asleep.T)
    late, night = rows_between(low, high)
    if not len(late):
        return demand
    slots = demand.slot[late]
    _, first = np.unique(night * (int(slots.max()) + 1) + slots, return_index=True)
    kept = np.ones(len(demand.at), dtype=bool)
    kept[late] = False
    kept[late[first]] = True
    at = demand.at.copy()
    at[late] = asleep[night, 1]
    return demand._replace(at=at).rows(kept)
