"""What apps want to say: the bursts of every socket slot.

A *slot* is one of the sockets that an entry of an app keeps at a time; over the day one socket after the other serves it. Each slot
draws from streams of its own, forward in time, so a shorter day is the beginning of a longer one. Time is counted while the app
may speak; only then is it laid out over the day.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sim.base.streams import Streams
from sim.base.units import Duration
from sim.world.intervals import Intervals, Ints, rows_between, to_real, total
from sim.world.scenario import App, Clusters, ConstantRate, Periodic, Poisson, Push, Sockets, TrafficLaw


LONGEST = 2.0**56
"""Mean spacings beyond this, two thousand years, are cut to it, so that sums of a few fit into an instant. [µs]"""


class Entry(NamedTuple):
    """One entry of an app's sockets, and when they may speak and be held."""

    app: App
    sockets: Sockets
    speaks: Intervals
    holds: Intervals


class Demand(NamedTuple):
    """The bursts of one slot, in order of time."""

    entry: Entry
    slot: str
    """A name for the slot, for streams."""
    at: Ints
    sizes: Ints
    """(n_bursts, 2): up and down. [bytes]"""


def demands(entries: list[Entry], streams: Streams) -> list[Demand]:
    """Draw the bursts of every slot of all entries."""
    # Slot by slot: arrays this small stay in the cache, while memory fresh from the system costs more than the arithmetic.
    found = []
    for entry in entries:
        slots = [f"{entry.app.name}/{entry.sockets.name}/{index}" for index in range(entry.sockets.count)]
        for slot, at in zip(slots, _instants(entry, slots, streams), strict=True):
            sizes = _sizes(entry.sockets.traffic, len(at), slot, streams)
            found.append(Demand(entry, slot, to_real(at, entry.speaks), sizes))
    return found


_NONE = np.empty(0, dtype=np.int64)


def _sizes(law: TrafficLaw, n: int, slot: str, streams: Streams) -> Ints:
    """Sizes up and down, log-normal around their means, (n, 2). [bytes]"""
    means = (0, law.down) if isinstance(law, Push) else (law.up, law.down)
    if not isinstance(law, Poisson | Clusters) or not law.spread:
        return np.full((n, 2), means, dtype=np.int64)
    drawn = streams.of(f"traffic.size.{slot}").standard_normal((n, 2))
    drawn *= law.spread
    drawn -= law.spread**2 / 2
    np.exp(drawn, out=drawn)
    drawn *= means
    np.rint(drawn, out=drawn)
    return np.maximum(drawn, np.minimum(means, 1), out=drawn).astype(np.int64)  # what has a size at all has a byte


def _instants(entry: Entry, slots: list[str], streams: Streams) -> list[Ints]:
    """For each slot when it has something to say, ascending, counted while its app may speak. [µs]"""
    law, length = entry.sockets.traffic, total(entry.speaks)
    match law:
        case ConstantRate():
            return [np.arange(0, length, max(law.every, 1))] * len(slots)
        case Periodic():
            begins = np.arange(0, length, max(law.every, 1))
            if not law.jitter:
                return [begins] * len(slots)
            return [_jittered(begins, law, length, streams.of(f"traffic.{slot}")) for slot in slots]
        case Push(poisson=False):
            return [np.arange(law.every, length, max(law.every, 1))] * len(slots)
        case Poisson() | Push():
            return [poisson(streams.of(f"traffic.{slot}"), law.every, length) for slot in slots]
        case Clusters():
            return [_clusters(law, length, slot, streams) for slot in slots]


def _jittered(begins: Ints, law: Periodic, length: Duration, rng: np.random.Generator) -> Ints:
    at = begins + (rng.random(len(begins)) * (law.jitter * law.every)).astype(np.int64)
    return _within(at, length)


def _clusters(law: Clusters, length: Duration, slot: str, streams: Streams) -> Ints:
    begins = poisson(streams.of(f"traffic.{slot}"), law.every, length)
    counts = streams.of(f"traffic.count.{slot}").geometric(1 / law.bursts, len(begins))
    steps = np.cumsum(_gaps(streams.of(f"traffic.gap.{slot}"), law.gap, int(counts.sum())))
    firsts = np.cumsum(counts) - counts
    return _within(steps + np.repeat(begins - steps[firsts], counts), length)


def _within(at: Ints, length: Duration) -> Ints:
    at.sort(kind="stable")  # nearly sorted already: a stable sort takes a quarter of the time
    return at[: at.searchsorted(length)]


def poisson(rng: np.random.Generator, mean: float, length: Duration) -> Ints:
    """Instants of a Poisson process with this mean spacing in [0, length), drawn forward. [µs]"""
    if length <= 0:
        return _NONE
    mean = min(mean, LONGEST)
    expected = length / mean
    chunk = int(expected + 6 * expected**0.5 + 16)
    at = np.cumsum(_gaps(rng, mean, chunk))
    while at[-1] < length:
        at = np.concatenate((at, at[-1] + np.cumsum(_gaps(rng, mean, chunk))))
    return at[: at.searchsorted(length)]


def _gaps(rng: np.random.Generator, mean: float, n: int) -> Ints:
    """Exponential gaps, whole, so that it does not matter in how many parts they are drawn. [µs]"""
    gaps = rng.standard_exponential(n)
    gaps *= mean
    return np.rint(gaps, out=gaps).astype(np.int64)


def postponed(demand: Demand, asleep: Intervals) -> Demand:
    """Bursts of a sleeping device wait for its next wake-up; timers that ran out several times fire once."""
    first, behind = demand.at.searchsorted(asleep.T)
    nights = np.flatnonzero(first < behind)
    if not len(nights):
        return demand
    first, behind = first[nights], behind[nights]
    at, kept = demand.at.copy(), np.ones(len(demand.at), dtype=bool)
    kept[rows_between(first + 1, behind)[0]] = False
    at[first] = asleep[nights, 1]
    return demand._replace(at=at[kept], sizes=demand.sizes[kept])
