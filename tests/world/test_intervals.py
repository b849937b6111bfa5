"""The algebra of intervals, against sets of whole numbers."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sim.world.intervals import (
    Intervals,
    clip,
    common,
    complement,
    elapsed,
    holding,
    inside,
    joined,
    listed,
    paired,
    rows_between,
    to_real,
    total,
)

LENGTH = 40
instants = st.integers(-5, LENGTH + 5)
pairs = st.lists(st.tuples(instants, instants), max_size=12)


def points(intervals: Intervals) -> set[int]:
    return {point for begin, end in intervals.tolist() for point in range(begin, end)}


def is_a_set(intervals: Intervals) -> bool:
    """Sorted, disjoint, not touching, none of them empty."""
    edges = intervals.ravel()
    return bool((edges[1:] > edges[:-1]).all())


sets = pairs.map(lambda found: joined([listed(found)]))


@given(st.lists(st.tuples(st.integers(0, LENGTH), st.booleans()), max_size=12))
def test_holding(steps: list[tuple[int, bool]]) -> None:
    steps.sort(key=lambda step: step[0])
    held = holding(steps, LENGTH)
    assert is_a_set(held)
    assert points(held) == {p for p in range(LENGTH) if [holds for at, holds in steps if at <= p][-1:] == [True]}


@given(sets, st.lists(instants, max_size=6))
def test_elapsed(where: Intervals, at: list[int]) -> None:
    found = elapsed(np.array(at, dtype=np.int64), where)
    assert found.tolist() == [sum(point < instant for point in points(where)) for instant in at]


@given(pairs, pairs, pairs)
def test_joined(a: list[tuple[int, int]], b: list[tuple[int, int]], c: list[tuple[int, int]]) -> None:
    union = joined([listed(a), listed(b), listed(c)])
    assert is_a_set(union)
    assert points(union) == points(listed(a + b + c))


def test_joined_of_nothing() -> None:
    assert joined([]).shape == (0, 2)


@given(sets, st.integers(0, LENGTH))
def test_clip(a: Intervals, horizon: int) -> None:
    assert is_a_set(clip(a, horizon))
    assert points(clip(a, horizon)) == points(a) & set(range(horizon))


@given(sets, st.integers(0, LENGTH))
def test_complement(a: Intervals, horizon: int) -> None:
    assert is_a_set(complement(a, horizon))
    assert points(complement(a, horizon)) == set(range(horizon)) - points(a)


@given(sets, sets)
def test_common(a: Intervals, b: Intervals) -> None:
    assert is_a_set(common(a, b))
    assert points(common(a, b)) == points(a) & points(b)


@given(sets, st.lists(instants, max_size=20))
def test_inside(a: Intervals, at: list[int]) -> None:
    found, which = inside(np.array(at, dtype=np.int64), a)
    assert found.tolist() == [point in points(a) for point in at]
    assert all(a[i, 0] <= point < a[i, 1] for point, yes, i in zip(at, found, which, strict=True) if yes)


@given(sets)
def test_total(a: Intervals) -> None:
    assert total(a) == len(points(a))
    assert np.array_equal(paired(a[:, 0], a[:, 1]), a)


@given(sets, st.lists(st.integers(0, LENGTH), max_size=20))
def test_to_real(a: Intervals, at: list[int]) -> None:
    """The n-th instant inside is the n-th of the set."""
    inner = [n for n in at if n < total(a)]
    real = to_real(np.array(inner, dtype=np.int64), a)
    assert real.tolist() == [sorted(points(a))[n] for n in inner]


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 6)), max_size=8))
def test_rows_between(ranges: list[tuple[int, int]]) -> None:
    low = np.array([first for first, _ in ranges], dtype=np.int64)
    high = np.array([first + length for first, length in ranges], dtype=np.int64)
    rows, which = rows_between(low, high)
    assert rows.tolist() == [row for first, length in ranges for row in range(first, first + length)]
    assert which.tolist() == [i for i, (_, length) in enumerate(ranges) for _ in range(length)]
