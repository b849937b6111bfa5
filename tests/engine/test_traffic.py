"""Questions about the traffic: their answers by the words of their definitions, and small cases that once went wrong."""

from __future__ import annotations

from collections.abc import Iterable
from random import Random

import numpy as np
import pytest

from sim.base.units import NEVER, Duration, Instant
from sim.engine.traffic import Traffic
from sim.machines.machine import (
    OnAttempt,
    OnReceive,
    OnReply,
    OnSend,
    OnSilence,
    OnUnanswered,
    Silent,
    Transmit,
    Watch,
)
from tests.differential.slow import SlowTraffic

HELLO = Transmit("hello", 1)


def inside(times: Iterable[Instant], round_trip: Duration = 3, answers: bool = True) -> Traffic:
    """One flow that is in the tunnel from 0 on."""
    at = np.array(list(times), dtype=np.int64)
    traffic = Traffic(at, np.zeros_like(at), np.zeros(1, dtype=np.int64), 1, at[:0])
    traffic.set_answers(answers, round_trip, 0)
    traffic.route_class(0, True, 0)
    return traffic


@pytest.mark.parametrize(
    ("watch", "due"),
    [
        pytest.param(OnSend("", 0), 10, id="the first packet"),
        pytest.param(OnSend("", 10), 10, id="a packet at the very instant counts"),
        pytest.param(OnSend("", 13), 40, id="the next one"),
        pytest.param(OnReceive("", 0), 13, id="its answer comes a round trip later"),
        pytest.param(OnReceive("", 14), 15, id="the next answer"),
        pytest.param(OnAttempt("", 13), 40, id="any burst"),
        pytest.param(OnSilence("", Silent.SENT, 8, 0), 8, id="silence from the beginning"),
        pytest.param(OnSilence("", Silent.SENT, 10, 0), 22, id="a packet at its end breaks the silence"),
        pytest.param(OnSilence("", Silent.BOTH, 12, 0), 27, id="an answer breaks it, too"),
        pytest.param(OnReply("", 20, 0), 33, id="counted from the first answer after the last packet"),
        pytest.param(OnReply("", 20, 13), 35, id="or after our own last message"),
        pytest.param(OnReply("", 27, 0), 70, id="a packet in between: the next spell"),
        pytest.param(OnUnanswered("", 5, 0), NEVER, id="everything is answered"),
    ],
)
def test_a_watch_comes_true(watch: Watch, due: Instant) -> None:
    assert inside([10, 12, 40]).due(watch, 0, NEVER) == due


def test_an_answer_under_way_when_answers_stop_is_lost() -> None:
    traffic = inside([10])
    traffic.set_answers(False, 3, 12)
    assert traffic.due(OnReceive("", 0), 12, NEVER) == NEVER
    assert traffic.due(OnUnanswered("", 15, 0), 12, NEVER) == 25


def test_so_is_one_under_way_when_the_round_trip_changes() -> None:
    traffic = inside([10])
    traffic.set_answers(True, 5, 12)
    assert traffic.due(OnUnanswered("", 15, 0), 12, NEVER) == 25


def test_what_was_sent_in_vain_is_sent_again_when_the_way_opens() -> None:
    traffic = inside([10], answers=False)
    traffic.set_answers(False, 9, 20)
    traffic.set_answers(True, 3, 30)
    assert traffic.next_sent(11) == 30
    assert traffic.due(OnReceive("", 11), 30, NEVER) == 33


def test_an_answer_from_before_a_short_break_still_begins_a_reply() -> None:
    traffic = inside([10])
    traffic.set_answers(False, 3, 15)
    traffic.set_answers(True, 3, 17)
    assert traffic.due(OnReply("", 10, 0), 17, NEVER) == 23


def test_each_thing_said_ends_the_other_silences() -> None:
    """A passive keepalive at 23 (10 after the answer) lets the persistent one wait until 48 (not 38)."""
    passive, persistent = OnReply("passive", 10, 0, HELLO), OnSilence("persistent", Silent.BOTH, 25, 0, HELLO)
    said = [(at, watch.name) for at, watch in inside([10]).said((passive, persistent), 0, 80)]
    assert said == [(23, "passive"), (48, "persistent"), (73, "persistent")]


def test_nothing_is_said_from_its_limit_on() -> None:
    persistent = OnSilence("persistent", Silent.BOTH, 25, 0, HELLO, until=50)
    assert [at for at, _ in inside([]).said((persistent,), 0, 80)] == [25]


@pytest.mark.parametrize("ahead", [10, 10**9])
@pytest.mark.parametrize("seed", range(60))
def test_every_question_has_the_slow_answer(seed: int, ahead: Duration, monkeypatch: pytest.MonkeyPatch) -> None:
    """Small integers, so that all sorts of things happen at the same instant; also if ways are marked for ten of them only."""
    monkeypatch.setattr("sim.engine.traffic.NOTED_AHEAD", ahead)
    rng = Random(seed)
    n, horizon = rng.randint(0, 30), 120
    at = np.sort(np.array([rng.randint(0, horizon) for _ in range(n)], dtype=np.int64))
    flow = np.array([rng.randint(0, 3) for _ in range(n)], dtype=np.int64)
    classes = np.array([0, 0, 1, 1], dtype=np.int64)
    quick, slow = Traffic(at, flow, classes, 2, at[::3]), SlowTraffic(at, flow, classes, 2, at[::3])
    now = -1
    while (now := now + rng.randint(1, 25)) < horizon:
        _change(rng, quick, slow, now)
        since, lasting, after = rng.randint(now - 20, now), rng.randint(6, 30), now + rng.randint(-5, 30)
        watches: list[Watch] = [
            OnSend("", after),
            OnReceive("", after),
            OnAttempt("", after),
            *(OnSilence("", kind, lasting, since) for kind in Silent),
            OnReply("", lasting, since),
            OnUnanswered("", lasting, since),
        ]
        for watch in watches:
            found, true, fence = quick.due(watch, now, now + 40), slow.due(watch, now, NEVER), now + 40
            assert found == true or min(found, true) > fence, (now, watch)
        begin, end = rng.randint(0, now), now + 1
        assert quick.class_spoke(1, begin, end) == slow.class_spoke(1, begin, end)
        assert quick.next_of_flow(2, now) == slow.next_of_flow(2, now)


def _change(rng: Random, quick: Traffic, slow: SlowTraffic, now: Instant) -> None:
    """The same thing happens to both."""
    match rng.randint(0, 4):
        case 0:
            index, way = rng.randint(0, 1), rng.random() < 0.7
            quick.route_class(index, way, now)
            slow.route_class(index, way, now)
        case 1:
            flow, way = rng.randint(0, 3), rng.random() < 0.7
            quick.route_flow(flow, way, now)
            slow.route_flow(flow, way, now)
        case 2:
            quick.flush(now)
            slow.flush(now)
        case _:
            answers, round_trip = rng.random() < 0.6, rng.randint(1, 5)
            quick.set_answers(answers, round_trip, now)
            slow.set_answers(answers, round_trip, now)
