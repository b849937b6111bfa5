"""The tunnel monitor: its table both ways, and its timers at exact instants, as Mullvad's TunnelMonitorState has them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.base.units import MILLISECOND, seconds
from sim.machines.events import (
    ConnectionLost,
    EngineStarted,
    EngineStopped,
    HostResumed,
    PathNoticed,
    ProviderGone,
    SessionUp,
    StopReason,
)
from sim.machines.ios.monitor import PING, STOP_ALL, Monitor, Phase, State
from sim.machines.machine import (
    Announce,
    Due,
    Event,
    OnReceive,
    OnSend,
    OnSilence,
    OnUnanswered,
    Silent,
    StartTimer,
    Step,
    StopTimer,
)
from tests.machines.tables import both_ways, walk

S = seconds(1)
MONITOR = Monitor(active=True)
EVENTS: tuple[Event, ...] = (
    EngineStarted("a", usable=True),
    EngineStarted("a", usable=False),
    EngineStopped(),
    SessionUp(),
    PathNoticed(usable=True, moved=True),
    PathNoticed(usable=False, moved=False),
    ProviderGone(StopReason.PROVIDER_FAILED),
    HostResumed(0, 100 * S),
)
DELAYS = (0, S, 16 * S)


def test_the_table_is_what_happens() -> None:
    both_ways([MONITOR], EVENTS, DELAYS, most=600)


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 200 * S)), max_size=40))
def test_no_walk_leaves_the_table(choices: list[tuple[int, int]]) -> None:
    walk(MONITOR, EVENTS, choices, set())


CONNECTED = State(Phase.CONNECTED, since=100 * S, pinged=100 * S)
ASKED = CONNECTED._replace(pinged=110 * S, awaits=True)
QUIET = CONNECTED._replace(quiet=True)
AGAIN, PULSE = StartTimer("again", 3 * S), StartTimer("pulse", 10 * S)


@pytest.mark.parametrize(
    ("state", "event", "now", "expected"),
    [
        pytest.param(
            State(Phase.OFF), EngineStarted("a", usable=True), 7,
            Step(State(Phase.CONNECTING, since=7, pinged=7, awaits=True), (*STOP_ALL, StartTimer("lost", 4 * S), PING, AGAIN, PULSE)),
            id="initialEstablishTimeout",
        ),
        pytest.param(
            State(Phase.RECOVERING, retry=1), EngineStarted("b", usable=True), 7,
            Step(State(Phase.CONNECTING, 1, since=7, pinged=7, awaits=True), (*STOP_ALL, StartTimer("lost", 8 * S), PING, AGAIN, PULSE)),
            id="establishTimeoutMultiplier",
        ),
        pytest.param(
            State(Phase.RECOVERING, retry=2), EngineStarted("b", usable=True), 7,
            Step(State(Phase.CONNECTING, 2, since=7, pinged=7, awaits=True), (*STOP_ALL, StartTimer("lost", 15 * S), PING, AGAIN, PULSE)),
            id="maxEstablishTimeout",
        ),
        pytest.param(
            State(Phase.CONNECTING, 2, since=7, pinged=7, awaits=True), Due("reply"), 9,
            Step(State(Phase.CONNECTED, since=9, pinged=7), (StopTimer("again"), StartTimer("lost", 15 * S))),
            id="didReceivePing",
        ),
        pytest.param(ASKED, Due("again"), 113 * S, Step(ASKED._replace(pinged=113 * S), (PING, AGAIN, PULSE)), id="retryHeartbeatPing"),
        pytest.param(
            ASKED, Due("lost"), 115 * S, Step(State(Phase.RECOVERING, 1), (*STOP_ALL, Announce(ConnectionLost()))), id="pingTimeout"
        ),
        pytest.param(ASKED, Due("lost"), 114 * S, Step(ASKED), id="overdue from a sleep: the time-out has begun anew"),
        pytest.param(CONNECTED, Due("traffic"), 105 * S, Step(CONNECTED._replace(flowing=True)), id="trafficFlowTimeout"),
        pytest.param(
            CONNECTED._replace(flowing=True), Due("pulse"), 110 * S, Step(ASKED, (PING, AGAIN, PULSE)), id="sendHeartbeatPing"
        ),
        pytest.param(CONNECTED, Due("pulse"), 110 * S, Step(QUIET, (StopTimer("lost"),)), id="suspendHeartbeat"),
        pytest.param(
            QUIET, Due("traffic"), 200 * S,
            Step(CONNECTED._replace(since=200 * S, pinged=200 * S, awaits=True), (PING, AGAIN, PULSE, StartTimer("lost", 15 * S))),
            id="the time-out counts from the ping that ends the quiet",
        ),
        pytest.param(CONNECTED, Due("unanswered"), 110 * S, Step(ASKED, (PING, AGAIN, PULSE)), id="inboundTrafficTimeout"),
        pytest.param(
            ASKED, HostResumed(0, 50 * S), 170 * S, Step(ASKED._replace(since=170 * S), (StartTimer("lost", 15 * S),)), id="onWake"
        ),
        pytest.param(QUIET, HostResumed(0, 50 * S), 170 * S, Step(QUIET), id="a quiet one has no time-out to begin anew"),
        pytest.param(State(Phase.RECOVERING, 1), EngineStopped(), 1, Step(State(Phase.RECOVERING, 1)), id="stopped by itself"),
        pytest.param(CONNECTED, EngineStopped(), 1, Step(State(Phase.OFF), STOP_ALL), id="stopped by somebody else"),
    ],
)  # fmt: skip
def test_step(state: State, event: Event, now: int, expected: Step) -> None:
    assert MONITOR.step(state, event, now) == expected


def test_watches() -> None:
    assert MONITOR.watches(ASKED) == (OnReceive("reply", 110 * S + 1),)
    patient = (
        OnSilence("idle", Silent.BOTH, 120 * S, 100 * S),
        OnUnanswered("unanswered", 5 * S, 100 * S),
    )
    assert MONITOR.watches(CONNECTED) == (*patient, OnSend("traffic", 105 * S), OnReceive("traffic", 105 * S))
    assert MONITOR.watches(CONNECTED._replace(flowing=True)) == patient
    assert MONITOR.watches(State(Phase.WAITING)) == ()


def test_the_ping_goes_through_the_tunnel() -> None:
    assert PING.inside
    assert PING.answer > 0


@pytest.mark.parametrize(
    ("fields", "retry", "patience"), [({}, 0, 4), ({}, 1, 8), ({}, 2, 15), ({"establish_multiplier": 1}, 5, 4)]
)
def test_patience(fields: dict[str, Any], retry: int, patience: int) -> None:
    step = Monitor(active=True, **fields).step(
        State(Phase.RECOVERING, retry), EngineStarted("a", usable=True), 50 * MILLISECOND
    )
    assert StartTimer("lost", patience * S) in step.effects
