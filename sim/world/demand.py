"""What apps want to say: the bursts of every socket slot.

A *slot* is one of the sockets that an entry of an app keeps at a time; over the day one socket after the other serves
it. Each entry draws from streams of its own, forward in time, so a shorter day is the beginning of a longer one. The
Poisson processes of its slots are drawn as one, whose points then choose a slot each: that is the same law. Time is
counted while the app may speak; only then is it laid out over the day.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.base.streams import Streams
from sim.base.units import Duration
from sim.world.intervals import Intervals, Ints, to_real, total
from sim.world.scenario import App, Clusters, Periodic, Poisson, Push, Sockets, TrafficLaw

Slots = NDArray[np.uint16]
"""Numbers of slots: of 16 bits, because NumPy sorts these faster."""
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
    law, count, length = entry.sockets.traffic, entry.sockets.count, total(entry.speaks)
    name = f"{entry.app.name}/{entry.sockets.name}"
    at, slot = _instants(law, count, length, name, streams)
    sizes = _sizes(law, len(at), name, streams)
    rows = np.lexsort((at, slot))
    rows = rows[at[rows] < length]
    edges = slot[rows].searchsorted(np.arange(count + 1, dtype=slot.dtype)).tolist()
    slots = [f"{name}/{index}" for index in range(count)]
    return Demand(entry, slots, edges, to_real(at[rows], entry.speaks), sizes.take(rows, axis=1))


def _instants(law: TrafficLaw, count: int, length: Duration, name: str, streams: Streams) -> tuple[Ints, Slots]:
    """When slots have something to say, and which of them, in the order in which it is drawn; some beyond `length`."""
    if isinstance(law, Clusters):
        begins = poisson(streams.of(f"traffic.{name}"), law.every / count, length)
        bursts = streams.of(f"traffic.count.{name}").geometric(1 / law.bursts, len(begins))
        behind = bursts.cumsum()
        steps = streams.of(f"traffic.gap.{name}").standard_exponential(behind[-1] if len(behind) else 0).cumsum()
        steps *= law.gap
        steps += (begins - steps[behind - bursts]).repeat(bursts)
        return np.rint(steps, out=steps).astype(np.int64), _choices(count, len(begins), name, streams).repeat(bursts)
    if isinstance(law, Poisson) or (isinstance(law, Push) and law.poisson):
        at = poisson(streams.of(f"traffic.{name}"), law.every / count, length)
        return at, _choices(count, len(at), name, streams)
    begins = np.arange(law.every if isinstance(law, Push) else 0, length, max(law.every, 1))
    at = begins.repeat(count)
    if isinstance(law, Periodic) and law.jitter:
        late = streams.of(f"traffic.{name}").random(len(at))
        at += np.multiply(late, law.jitter * law.every, out=late).astype(np.int64)
    return at, np.tile(np.arange(count, dtype=np.uint16), len(begins))


def _choices(count: int, n: int, name: str, streams: Streams) -> Slots:
    """A slot for each of `n`, all equally likely."""
    if count == 1:
        return np.zeros(n, dtype=np.uint16)
    return streams.of(f"traffic.slot.{name}").integers(count, size=n).astype(np.uint16)


def _sizes(law: TrafficLaw, n: int, name: str, streams: Streams) -> Ints:
    """Sizes up and down, log-normal around their means, (2, n). [bytes]"""
    means = np.array([0 if isinstance(law, Push) else law.up, law.down])
    if not isinstance(law, Poisson | Clusters) or not law.spread:
        return means.repeat(n).reshape(2, n)
    drawn = streams.of(f"traffic.size.{name}").standard_normal((n, 2))
    drawn *= law.spread
    drawn -= law.spread**2 / 2
    np.exp(drawn, out=drawn)
    drawn *= means
    np.rint(drawn, out=drawn)
    np.maximum(drawn, np.minimum(means, 1), out=drawn)  # what has a size at all has a byte
    return drawn.T.astype(np.int64, order="C")


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
            found += [(slot, demand.at[a:b]) for slot, (a, b) in zip(demand.slots, pairwise(demand.edges), strict=True)]
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
    edges_kept = rows.searchsorted(demand.edges).tolist()
    return demand._replace(at=at[rows], sizes=demand.sizes.take(rows, axis=1), edges=edges_kept)
