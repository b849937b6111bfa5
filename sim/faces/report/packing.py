"""Columns of integers as short text: a day has 20,000 bursts, and a page must stay small.

Numbers are written as LEB128 (seven bits a byte, the lowest first, the top bit says "more"), and bytes as base64; the
page reads them back in a dozen lines.
"""

from __future__ import annotations

from base64 import b64encode

import numpy as np

from sim.world.intervals import Intervals, Ints

_MOST_BYTES = 9
"""63 bits."""


def packed(values: Ints) -> str:
    """Non-negative integers as text."""
    x = np.asarray(values, dtype=np.int64)
    if not len(x):
        return ""
    assert x.min() >= 0
    groups = x[:, None] >> (7 * np.arange(_MOST_BYTES)) & 0x7F
    length = np.maximum((groups > 0) * np.arange(1, _MOST_BYTES + 1), 1).max(axis=1)
    place = np.arange(_MOST_BYTES)
    groups |= (place < length[:, None] - 1) * 0x80
    return b64encode(groups[place < length[:, None]].astype(np.uint8).tobytes()).decode()


def steps(values: Ints) -> str:
    """Ascending non-negative integers as text: the first, and then each one's distance to the one before."""
    x = np.asarray(values, dtype=np.int64)
    return packed(x - np.concatenate(([0], x[:-1])))


def spans(intervals: Intervals) -> str:
    """Intervals as text: gap and length by turns."""
    return steps(intervals.ravel())


def runs(values: Ints) -> str:
    """A column with few changes as text: value and how many of it, by turns."""
    x = np.asarray(values, dtype=np.int64)
    if not len(x):
        return ""
    first = np.flatnonzero(np.concatenate(([True], x[1:] != x[:-1])))
    return packed(np.stack((x[first], np.diff(np.append(first, len(x)))), axis=1).ravel())
