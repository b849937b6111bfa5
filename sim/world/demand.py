"""What apps want to say: the bursts of every socket slot.

A *slot* is one of the sockets that an entry of an app keeps at a time; over the day one socket after the other serves it. Each slot
draws from streams of its own, forward in time, so a shorter day is the beginning of a longer one. Time is counted while the app
may speak; only then is it laid out over the day.
"""

from __future__ import annotations

from itertools import accumulate
from typing import NamedTuple

import numpy as np

from sim.base.streams import Streams
from sim.base.units import Duration
from sim.world.intervals import Intervals, Ints, to_real, total
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
    """The bursts of an entry, slot by slot, each slot's in order of time."""

    entry: Entry
    slots: list[str]
    """A name for each, for streams."""
    edges: list[int]
    """(n_slots + 1,): the bursts of slot number i are those from edges[i] up to edges[i + 1]."""
    at: Ints
    sizes: Ints
    """(2, n_bursts): up and down. [bytes]"""


def demand(entry: Entry, streams: Streams) -> Demand:
    """Draw the bursts of an entry."""
    slots = [f"{entry.app.name}/{entry.sockets.name}/{index}" for index in range(entry.sockets.count)]
    instants = _instants(entry, slots, streams)
    edges = [0, *accumulate(len(at) for at in instants)]
    at = to_real(np.concatenate(instants), entry.speaks)
    return Demand(entry, slots, edges, at, _sizes(entry.sockets.traffic, slots, edges, streams))


def _sizes(law: TrafficLaw, slots: list[str], edges: list[int], streams: Streams) -> Ints:
    """Sizes up and down, log-normal around their means, (2, n). [bytes]"""
    means = np.array([0 if isinstance(law, Push) else law.up, law.down])
    if not isinstance(law, Poisson | Clusters) or not law.spread:
        return means.repeat(edges[-1]).reshape(2, -1)
    drawn = np.empty((edges[-1], 2))
    for slot, first, behind in zip(slots, edges, edges[1:], strict=False):
        streams.of(f"traffic.size.{slot}").standard_normal(out=drawn[first:behind])
    drawn *= law.spread
    drawn -= law.spread**2 / 2
    np.exp(drawn, out=drawn)
    drawn *= means
    np.rint(drawn, out=drawn)
    np.maximum(drawn, np.minimum(means, 1), out=drawn)  # what has a size at all has a byte
    return drawn.T.astype(np.int64, order="C")


def _instants(entry: Entry, slots: list[str], streams: Streams) -> list[Ints]:
    """For each slot when it has something to say, ascending, counted while its app may speak. [µs]"""
    law, length = entry.sockets.traffic, total(entry.speaks)
    match law:
        case ConstantRate():
            return [np.arange(0, length, max(law.every, 1))] * len(slots)
        case Periodic():
            begins = np.arange(0, length, max(law.every, 1))
            return [_jittered(begins, law, length, slot, streams) for slot in slots] if law.jitter else [begins] * len(slots)
        case Push(poisson=False):
            return [np.arange(law.every, length, max(law.every, 1))] * len(slots)
        case Poisson() | Push():
            return [poisson(streams.of(f"traffic.{slot}"), law.every, length) for slot in slots]
        case Clusters():
            return [_clusters(law, length, slot, streams) for slot in slots]


def _jittered(begins: Ints, law: Periodic, length: Duration, slot: str, streams: Streams) -> Ints:
    late = streams.of(f"traffic.{slot}").random(len(begins))
    late *= law.jitter * law.every
    return _within(begins + late.astype(np.int64), length)


def _clusters(law: Clusters, length: Duration, slot: str, streams: Streams) -> Ints:
    begins = poisson(streams.of(f"traffic.{slot}"), law.every, length)
    counts = streams.of(f"traffic.count.{slot}").geometric(1 / law.bursts, len(begins))
    behind = counts.cumsum()
    steps = streams.of(f"traffic.gap.{slot}").standard_exponential(behind[-1] if len(behind) else 0).cumsum()
    steps *= law.gap
    steps += (begins - steps[behind - counts]).repeat(counts)
    return _within(np.rint(steps, out=steps).astype(np.int64), length)


def _within(at: Ints, length: Duration) -> Ints:
    at.sort(kind="stable")  # nearly sorted already, which makes a stable sort four times as fast
    return at[: at.searchsorted(length)]


def poisson(rng: np.random.Generator, mean: float, length: Duration) -> Ints:
    """Instants of a Poisson process with this mean spacing in [0, length), drawn forward. [µs]"""
    mean = min(mean, LONGEST)
    expected = max(length, 0) / mean
    chunk = int(expected + 6 * expected**0.5 + 16)
    gaps = rng.standard_exponential(chunk)
    while (at := gaps.cumsum())[-1] * mean < length:
        gaps = np.concatenate((gaps, rng.standard_exponential(chunk)))  # never in practice
    at *= mean
    return at[: at.searchsorted(length)].astype(np.int64)


def pushed(demands: list[Demand]) -> list[tuple[str, Ints]]:
    """The slots that are pushed to, and when."""
    found = []
    for demand in demands:
        if isinstance(demand.entry.sockets.traffic, Push):
            found += [(slot, demand.at[a:b]) for slot, a, b in zip(demand.slots, demand.edges, demand.edges[1:], strict=False)]
    return found


def postponed(demand: Demand, asleep: Intervals) -> Demand:
    """Bursts of a sleeping device wait for its next wake-up; a slot's timers that ran out several times fire once."""
    edges = asleep.ravel()
    place = edges.searchsorted(demand.at, side="right")  # odd: behind a beginning, before its end
    late = np.flatnonzero(place & 1)
    if not len(late):
        return demand
    place = place[late]
    at = demand.at.copy()
    at[late] = edges[place]
    night_of_slot = place + len(edges) * np.searchsorted(demand.edges, late, side="right")
    kept = np.ones(len(at), dtype=bool)
    kept[late[1:][night_of_slot[1:] == night_of_slot[:-1]]] = False
    rows = np.flatnonzero(kept)
    return demand._replace(at=at[rows], sizes=demand.sizes.take(rows, axis=1), edges=rows.searchsorted(demand.edges).tolist())
