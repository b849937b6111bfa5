"""The ledger settles a day at once; here every burst is settled by itself, and by the words of the rules."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.base.units import NEVER
from sim.engine.ledger import WAITS, Spans, distinct, held
from sim.engine.simulate import play
from sim.machines.routing import Fate, Verdict, Way
from sim.world.world import build
from tests.differential.slow import slow_ledger
from tests.generated import day

HORIZON = 100
Track = list[tuple[int, int, int, bool]]
"""Begin, fate or WAITS, fate if it waits in vain, whether on cellular."""


@st.composite
def tracks(draw: st.DrawFn) -> list[Track]:
    def track() -> Track:
        begins = [0, *sorted(draw(st.sets(st.integers(1, HORIZON - 1), max_size=6)))]
        fates = st.sampled_from([WAITS, WAITS, Fate.TUNNELLED, Fate.LEAKED, Fate.BLOCKED])
        vain = st.sampled_from([Fate.STALLED, Fate.OFFLINE, Fate.BLOCKED])
        return [(begin, draw(fates), draw(vain), draw(st.booleans())) for begin in begins]

    return [track() for _ in range(draw(st.integers(1, 4)))]


def spans_of(found: list[Track]) -> Spans:
    rows = [(number, *span) for number, track in enumerate(found) for span in track]
    track, begin, fate, vain, cellular = zip(*rows, strict=True)
    return Spans(
        np.array(track, dtype=np.int64),
        np.array(begin, dtype=np.int64),
        np.array(fate, dtype=np.int8),
        np.array(vain, dtype=np.int8),
        np.array(cellular, dtype=bool),
    )


def settled_alone(track: Track, at: int, patience: int) -> tuple[int, int]:
    """One burst, one span after the other."""
    here = [span for span in track if span[0] <= at][-1]
    later = [span for span in track if span[0] > at and span[1] != WAITS]
    if later and later[0][0] <= at + patience:
        fate, settled = later[0][1], later[0][0]
    else:
        fate, settled = here[2], at + patience
    return (fate, settled) if settled < HORIZON else (Fate.WAITING, HORIZON)


bursts = st.lists(st.tuples(st.integers(0, 3), st.integers(0, HORIZON - 1), st.integers(0, 60)), max_size=20)


@given(tracks(), bursts)
def test_bursts_settle_as_if_alone(found: list[Track], wanted: list[tuple[int, int, int]]) -> None:
    spans = spans_of(found)
    wanted = [burst for burst in wanted if burst[0] < len(found)]
    track, at, patience = np.array(wanted, dtype=np.int64).reshape(-1, 3).T
    span = spans.at(track, at)
    holds = [[s for s in found[number] if s[0] <= instant][-1] for number, instant, _ in wanted]
    assert [(spans.begin[i], spans.fate[i]) for i in span] == [(s[0], s[1]) for s in holds]
    waits = spans.fate[span] == WAITS
    fates, settled = spans.settle(span[waits], at[waits], patience[waits], HORIZON)
    alone = [settled_alone(found[n], a, p) for (n, a, p), waiting in zip(wanted, waits, strict=True) if waiting]
    assert list(zip(fates.tolist(), settled.tolist(), strict=True)) == alone


@given(st.sets(st.integers(1, 50), max_size=8), st.lists(st.integers(0, 60), max_size=20))
def test_held(later: set[int], at: list[int]) -> None:
    begins, instants = np.array([0, *sorted(later)]), np.array(sorted(at), dtype=np.int64)
    assert held(begins, instants).tolist() == [int((begins <= instant).sum()) - 1 for instant in instants]


def test_distinct_rows() -> None:
    verdicts = [Verdict(Way.NOWHERE, None, None, fate, None, ("path",)) for fate in (Fate.OFFLINE, Fate.STALLED)]
    a, b = (verdicts[0], verdicts[1]), (verdicts[1], verdicts[1])
    rows, which = distinct([a, b, b, a])
    assert rows == [a, b]
    assert which.tolist() == [0, 1, 1, 0]


@pytest.mark.parametrize("number", range(8))
def test_a_day_settles_burst_by_burst(number: int) -> None:
    world = build(day(number), 1)
    run = play(world)
    slow = slow_ledger(world, run.standings, run.verdicts, run.loners)
    for name in ("fate", "settled", "cellular"):
        assert np.array_equal(getattr(run.ledger, name), getattr(slow, name)), name


@pytest.mark.parametrize("number", range(20, 28))
def test_bytes_are_conserved(number: int) -> None:
    """Each byte has one fate, in integers; nothing settles before it comes."""
    run = play(build(day(number), 1))
    ledger, nature = run.ledger, run.world.nature
    assert sum(ledger.bytes_by_fate().values()) == int((nature.up + nature.down).sum()) == int(ledger.size.sum())
    assert (ledger.fate != WAITS).all()
    assert (ledger.at <= ledger.settled).all()
    assert (ledger.settled < NEVER).all()
