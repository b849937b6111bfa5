"""Sets of half-open intervals, as (n, 2) arrays of instants: sorted, disjoint, none of them empty."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from sim.base.units import Duration, Instant

Ints = NDArray[np.int64]
Intervals = NDArray[np.int64]
"""(n, 2): begin and end of each. [µs]"""

EMPTY: Intervals = np.empty((0, 2), dtype=np.int64)


def clip(intervals: Intervals, horizon: Instant) -> Intervals:
    """The part of the intervals inside [0, horizon)."""
    cut = np.minimum(np.maximum(intervals, 0), horizon)  # np.clip takes four times as long on a few intervals
    return cut[cut[:, 0] < cut[:, 1]]


def paired(begin: Ints, end: Ints) -> Intervals:
    """Intervals from their ends."""
    pairs = np.empty((len(begin), 2), dtype=np.int64)  # a third of the time of np.stack
    pairs[:, 0], pairs[:, 1] = begin, end
    return pairs


def listed(pairs: Sequence[tuple[Instant, Instant]]) -> Intervals:
    """Pairs of a beginning and an end as they are, (n, 2)."""
    return np.array(pairs, dtype=np.int64).reshape(-1, 2)


def holding(steps: Iterable[tuple[Instant, bool]], horizon: Instant) -> Intervals:
    """When something holds, if each step says in order of time that it does or does not from its instant on.

    Before the first step it does not; after the last it stays as it is up to the horizon.
    """
    found: list[tuple[Instant, Instant]] = []
    since: Instant | None = None
    for at, holds in steps:
        if holds and since is None:
            since = at
        elif not holds and since is not None:
            found.append((since, at))
            since = None
    if since is not None:
        found.append((since, horizon))
    return joined([listed(found)])


def spells(begins: Ints, holds: NDArray[np.bool_], horizon: Instant) -> Intervals:
    """When something holds, if it does or does not from each of these ascending instants on, to the horizon."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], holds, [False]))))
    return joined([np.append(begins, horizon)[edges].reshape(-1, 2)])


def joined(parts: Sequence[Intervals]) -> Intervals:
    """The union of several lists of intervals, each in any order and overlapping or not."""
    every = np.concatenate([EMPTY, *parts])
    every = every[every[:, 0] < every[:, 1]]
    if len(every) < 2:
        return every
    # Sorted by themselves, the k-th end before the k+1st beginning means: all that have begun have ended. A gap.
    every.sort(axis=0)
    gap = np.flatnonzero(every[1:, 0] > every[:-1, 1])
    return paired(every[np.concatenate(([0], gap + 1)), 0], every[np.concatenate((gap, [-1])), 1])


def complement(intervals: Intervals, horizon: Instant) -> Intervals:
    """What is left of [0, horizon)."""
    inner = clip(intervals, horizon)
    edges = np.concatenate(([0], inner.ravel(), [horizon])).reshape(-1, 2)
    return edges[edges[:, 0] < edges[:, 1]]


def common(a: Intervals, b: Intervals) -> Intervals:
    """The intersection of two sets of intervals."""
    # Each overlaps those of `b` from the first that ends behind its beginning to the last that begins before its end.
    of_b, of_a = rows_between(b[:, 1].searchsorted(a[:, 0], side="right"), b[:, 0].searchsorted(a[:, 1]))
    return paired(np.maximum(a[of_a, 0], b[of_b, 0]), np.minimum(a[of_a, 1], b[of_b, 1]))


def inside(at: Ints, intervals: Intervals) -> tuple[NDArray[np.bool_], Ints]:
    """For each instant whether it lies in one of the intervals (n,), and in which one (n,)."""
    place = intervals.ravel().searchsorted(at, side="right")  # odd: behind a beginning, before its end
    return place & 1 == 1, np.minimum(place >> 1, max(len(intervals) - 1, 0))


def rows_between(low: Ints, high: Ints) -> tuple[Ints, Ints]:
    """All rows of the ranges [low, high), range by range, and for each row the number of its range."""
    lengths = high - low
    which = np.repeat(np.arange(len(low)), lengths)
    return np.arange(len(which)) + (low - np.cumsum(lengths) + lengths)[which], which


def total(intervals: Intervals) -> Duration:
    """The summed length. [µs]"""
    return int((intervals[:, 1] - intervals[:, 0]).sum())


def elapsed(at: Ints, where: Intervals) -> Ints:
    """Instants of the clock → how much of the intervals lies before each, in the shape of `at`."""
    if not len(where):
        return np.zeros_like(at)
    lengths = where[:, 1] - where[:, 0]
    place = np.maximum(where[:, 0].searchsorted(at, side="right") - 1, 0)
    begun = np.minimum(np.maximum(at - where[place, 0], 0), lengths[place])
    found: Ints = (lengths.cumsum() - lengths)[place] + begun
    return found


def to_real(at: Ints, where: Intervals) -> Ints:
    """Instants counted only inside the intervals → instants of the clock."""
    if not len(at):
        return at
    lengths = where[:, 1] - where[:, 0]
    begins = lengths.cumsum() - lengths
    shifts: Ints = (where[:, 0] - begins)[begins.searchsorted(at, side="right") - 1]
    return at + shifts
