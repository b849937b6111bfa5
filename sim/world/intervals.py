"""Sets of half-open intervals, as (n, 2) arrays of instants: sorted, disjoint, none of them empty."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sim.base.units import Duration, Instant

Intervals = NDArray[np.int64]
"""(n, 2): begin and end of each. [µs]"""

EMPTY: Intervals = np.empty((0, 2), dtype=np.int64)


def clip(intervals: Intervals, horizon: Instant) -> Intervals:
    """The part of the intervals inside [0, horizon)."""
    cut = np.clip(intervals, 0, horizon)
    return cut[cut[:, 0] < cut[:, 1]]


def joined(parts: Sequence[Intervals]) -> Intervals:
    """The union of several lists of intervals, each in any order and overlapping or not."""
    every = np.concatenate([EMPTY, *parts])
    every = every[every[:, 0] < every[:, 1]]
    if not len(every):
        return EMPTY
    every = every[np.argsort(every[:, 0], kind="stable")]
    reach = np.maximum.accumulate(every[:, 1])
    first = np.ones(len(every), dtype=bool)
    first[1:] = every[1:, 0] > reach[:-1]
    last = np.append(first[1:], True)
    return np.stack((every[first, 0], reach[last]), axis=1)


def complement(intervals: Intervals, horizon: Instant) -> Intervals:
    """What is left of [0, horizon)."""
    inner = clip(intervals, horizon)
    edges = np.concatenate(([0], inner.ravel(), [horizon])).reshape(-1, 2)
    return edges[edges[:, 0] < edges[:, 1]]


def inside(at: NDArray[np.int64], intervals: Intervals) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """For each instant whether it lies in one of the intervals (n,), and in which one (n,)."""
    if not len(intervals):
        return np.zeros(len(at), dtype=bool), np.zeros(len(at), dtype=np.int64)
    which = np.searchsorted(intervals[:, 0], at, side="right") - 1
    found = (which >= 0) & (at < intervals[which, 1])
    return found, np.maximum(which, 0)


def rows_between(low: NDArray[np.int64], high: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """All rows of the ranges [low, high), range by range, and for each row the number of its range."""
    lengths = high - low
    which = np.repeat(np.arange(len(low)), lengths)
    return np.arange(len(which)) + (low - np.cumsum(lengths) + lengths)[which], which


def total(intervals: Intervals) -> Duration:
    """The summed length. [µs]"""
    return int((intervals[:, 1] - intervals[:, 0]).sum())


def to_real(at: NDArray[np.int64], where: Intervals) -> NDArray[np.int64]:
    """Instants counted only inside the intervals → instants of the clock."""
    if not len(at):
        return at
    lengths = where[:, 1] - where[:, 0]
    begins = np.cumsum(lengths) - lengths
    which = np.searchsorted(begins, at, side="right") - 1
    return where[which, 0] + at - begins[which]
