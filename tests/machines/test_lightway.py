"""Lightway against its client's source code: keepalive.rs, mobile/lightway.rs, connection.rs."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.base.units import MILLISECOND, Instant, hours, minutes
from sim.machines.events import (
    EngineStarted,
    HoleBegan,
    HostResumed,
    Interface,
    ServerCameBack,
    ServerRestarted,
    ServerWentSilent,
    SessionLost,
    SessionUp,
)
from sim.machines.machine import (
    Announce,
    Answered,
    Due,
    Event,
    Link,
    OnReceive,
    OnSend,
    OnSilence,
    Silent,
    StartTimer,
    Step,
    StopTimer,
    Transmit,
)
from sim.machines.protocols.lightway import PINGS, STOP_ALL, Lightway, Phase, State
from tests.machines.driver import BACK, GONE, HOLES, MOVED, START, Driver, S, never, spaced
from tests.machines.driver import EVENTS as COMMON
from tests.machines.tables import both_ways, walk

MS = MILLISECOND
RTT = 50 * MS
EVENTS = (*COMMON, *HOLES, ServerWentSilent("a"), ServerCameBack("a"))
DELAYS = (0, S, 121 * S)


def lightway(**fields: Any) -> Lightway:
    return Lightway.model_validate(fields)


MOBILE, TCP = lightway(), lightway(transport="tcp")
DESKTOP = lightway(keepalive_interval="10 s", keepalive_timeout="60 s", keepalive_continuous=True)
WORLDS = (lightway(dtls_tries=1), TCP, lightway(dtls_tries=1, keepalive_continuous=True, clock="boot"))

ONLINE = State(Phase.ONLINE, "a", heard=5)
PING = Transmit("ping", 84, answer=84)
ASK = (PING, StartTimer("ping again", 2 * S), StartTimer("keepalive timeout", 6 * S))
OVER = State(Phase.BACKOFF, "a")
RETRY = StartTimer("retry", S)


@pytest.mark.parametrize(
    ("machine", "state", "event", "now", "expected"),
    [
        pytest.param(
            MOBILE, State(Phase.STOPPED), START, 7,
            Step(
                State(Phase.CONNECTING, "a", request="ClientHello"),
                (*STOP_ALL, StartTimer("online timeout", 60 * S), Transmit("ClientHello", 337, answer=201, copies=3),
                 StartTimer("retransmit", 100 * MS)),
            ),
            id="io_adapter.rs aggressive_send: three copies until online",
        ),
        pytest.param(
            TCP, State(Phase.STOPPED), START, 7,
            Step(
                State(Phase.CONNECTING, "a", request="connect"),
                (*STOP_ALL, StartTimer("online timeout", 60 * S), Transmit("connect", 64, answer=64), StartTimer("retransmit", S)),
            ),
            id="TCP connects first",
        ),
        pytest.param(
            MOBILE, State(Phase.STOPPED), EngineStarted("a", usable=False), 7, Step(State(Phase.BACKOFF, "a", usable=False)),
            id="no network yet",
        ),
        pytest.param(
            MOBILE, State(Phase.CONNECTING, "a", request="ClientHello"), Answered("ClientHello"), 9,
            Step(
                State(Phase.CONNECTING, "a", request="ClientHello with cookie"),
                (Transmit("ClientHello with cookie", 457, answer=961, copies=3), StartTimer("retransmit", 100 * MS)),
            ),
            id="DTLS 1.3: the cookie",
        ),
        pytest.param(
            MOBILE, State(Phase.CONNECTING, "a", request="ClientHello", tries=2), Due("retransmit"), 9,
            Step(
                State(Phase.CONNECTING, "a", request="ClientHello", tries=3),
                (Transmit("ClientHello", 337, answer=201, copies=3), StartTimer("retransmit", 800 * MS)),
            ),
            id="connection.rs: the time doubles",
        ),
        pytest.param(
            MOBILE, State(Phase.CONNECTING, "a", request="ClientHello", tries=6), Due("retransmit"), 9, Step(OVER, (*STOP_ALL, RETRY)),
            id="connection.rs: TimedOut",
        ),
        pytest.param(
            MOBILE, State(Phase.AUTHENTICATING, "a", request="auth"), Answered("auth"), 9,
            Step(
                ONLINE._replace(heard=9),
                (StopTimer("retransmit"), StopTimer("online timeout"), StartTimer("key update", 900 * S), Announce(SessionUp())),
            ),
            id="connection.rs: Online",
        ),
        pytest.param(MOBILE, ONLINE, Due("stale"), 9, Step(ONLINE._replace(stale=9)), id="nothing came for the tracer's time"),
        pytest.param(
            MOBILE, ONLINE._replace(stale=9), Due("tracer"), 11, Step(ONLINE._replace(stale=9, traced=True, asked=11), ASK),
            id="keepalive.rs TracerDeltaExceeded",
        ),
        pytest.param(
            MOBILE, ONLINE._replace(asked=11), Due("ping again"), 15,
            Step(ONLINE._replace(asked=11), ASK[:2]), id="keepalive.rs: the time-out is not begun anew",
        ),
        pytest.param(
            MOBILE, ONLINE._replace(asked=11, stale=9, traced=True), Answered("ping"), 15, Step(ONLINE._replace(heard=15), PINGS),
            id="keepalive.rs ReplyReceived",
        ),
        pytest.param(
            MOBILE, ONLINE._replace(asked=11), Due("activity"), 15,
            Step(ONLINE._replace(heard=15), (StopTimer("keepalive timeout"), ASK[1])), id="keepalive.rs OutsideActivity",
        ),
        pytest.param(
            MOBILE, ONLINE._replace(asked=11), Due("keepalive timeout"), 15,
            Step(OVER, (*STOP_ALL, Announce(SessionLost("keepalive timeout", fatal=False)), RETRY)), id="keepalive.rs Timedout",
        ),
        pytest.param(
            MOBILE, ONLINE, MOVED, 15, Step(ONLINE._replace(cellular=True, asked=15), ASK), id="mobile/lightway.rs InterfaceChanged"
        ),
        pytest.param(
            MOBILE, ONLINE._replace(asked=3), GONE, 15, Step(ONLINE._replace(usable=False), PINGS), id="mobile/lightway.rs Offline"
        ),
        pytest.param(
            MOBILE, ONLINE._replace(usable=False, request="key update"), BACK, 15,
            Step(
                ONLINE._replace(asked=15, request="key update"),
                (*ASK, Transmit("key update", 86, answer=86), StartTimer("retransmit", 100 * MS)),
            ),
            id="mobile/lightway.rs Online: pings, and what waited",
        ),
        pytest.param(
            TCP, ONLINE, MOVED, 15,
            Step(OVER._replace(cellular=True), (*STOP_ALL, Announce(SessionLost("network change", fatal=False)), RETRY)),
            id="mobile/lightway.rs: a stream ends with its network",
        ),
        pytest.param(
            MOBILE, ONLINE, ServerRestarted("a"), 15, Step(ONLINE._replace(known=False, strayed=14)), id="forgotten, and not told"
        ),
        pytest.param(
            MOBILE, ONLINE._replace(known=False), Due("stray"), 15,
            Step(ONLINE._replace(known=False, strayed=15), (Transmit("stray packet", 84, answer=84),)),
            id="a packet into a session that is gone",
        ),
        pytest.param(
            MOBILE, ONLINE._replace(known=False), Answered("stray packet"), 15,
            Step(OVER, (*STOP_ALL, Announce(SessionLost("session rejected", fatal=False)), RETRY)),
            id="udp_session_id.md: rejected",
        ),
        pytest.param(
            TCP, ONLINE, ServerRestarted("a"), 15,
            Step(OVER, (*STOP_ALL, Announce(SessionLost("connection reset", fatal=False)), RETRY)), id="a stream is reset",
        ),
        pytest.param(
            MOBILE, ONLINE, HostResumed(5, 100 * S), 15, Step(ONLINE._replace(heard=5 + 100 * S)), id="Rust's Instant missed the sleep"
        ),
        pytest.param(TCP, ONLINE, HoleBegan(Interface.WIFI), 15, Step(ONLINE._replace(hole=15)), id="a hole, unnoticed"),
        pytest.param(
            TCP, ONLINE._replace(hole=15), Due("keepalive"), 17,
            Step(
                ONLINE._replace(hole=15, stalled=17, asked=17),
                (Transmit("ping", 77), StartTimer("ping again", 2 * S), StartTimer("keepalive timeout", 6 * S)),
            ),
            id="a ping into the hole holds up what follows",
        ),
    ],
)  # fmt: skip
def test_step(machine: Lightway, state: State, event: Event, now: Instant, expected: Step) -> None:
    assert machine.step(state, event, now) == expected


def test_watches() -> None:
    assert MOBILE.watches(ONLINE) == (OnSilence("stale", Silent.RECEIVED, 10 * S, 5),)
    assert MOBILE.watches(ONLINE._replace(stale=9)) == (OnReceive("activity", 9), OnSend("tracer", 9))
    assert MOBILE.watches(ONLINE._replace(stale=9, traced=True)) == (OnReceive("activity", 9),)
    assert MOBILE.watches(ONLINE._replace(asked=9)) == (OnReceive("activity", 10),)
    assert MOBILE.watches(ONLINE._replace(usable=False)) == ()
    assert DESKTOP.watches(ONLINE)[0] == OnSilence("keepalive", Silent.RECEIVED, 10 * S, 5)
    assert MOBILE.watches(ONLINE._replace(known=False, strayed=7))[0] == OnSend("stray", 8)
    assert TCP.watches(ONLINE._replace(hole=7))[0] == OnSend("stall", 7)


def test_link_and_overhead() -> None:
    assert MOBILE.link(ONLINE) is Link.CARRIES
    assert MOBILE.link(ONLINE._replace(known=False)) is Link.BROKEN
    assert TCP.link(ONLINE._replace(stalled=1)) is Link.BROKEN
    assert MOBILE.link(State(Phase.AUTHENTICATING)) is Link.BROKEN
    assert [MOBILE.overhead(size) for size in (0, 1350, 1351)] == [0, 84, 168]


def test_table_both_ways() -> None:
    both_ways(WORLDS, EVENTS, DELAYS, most=700)


@given(st.sampled_from(WORLDS), st.lists(st.tuples(st.integers(0, 30), st.integers(0, 200 * S)), max_size=40))
def test_walks_stay_in_the_table(machine: Lightway, choices: list[tuple[int, int]]) -> None:
    walk(machine, EVENTS, choices, set())


# Worked numbers -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("machine", [MOBILE, TCP])
def test_a_cold_start_costs_three_round_trips(machine: Lightway) -> None:
    """UDP: hello, hello with the cookie, login. TCP: connect, hello, login."""
    run = Driver(machine, rtt=RTT).tell(0, START).run(S)
    assert run.times(SessionUp) == [3 * RTT]


def test_a_dead_server_is_tried_for_12_7_s_and_then_again() -> None:
    run = Driver(MOBILE, reachable=never).tell(0, START).run(20 * S)
    assert run.times("ClientHello")[:8] == [
        0,
        100 * MS,
        300 * MS,
        700 * MS,
        1500 * MS,
        3100 * MS,
        6300 * MS,
        13_700 * MS,
    ]


def test_an_idle_phone_is_silent_and_an_idle_computer_is_not() -> None:
    mobile, desktop = (Driver(machine).tell(0, START).run(hours(1)) for machine in (MOBILE, DESKTOP))
    assert mobile.count("ping") == 0
    assert desktop.count("ping") == pytest.approx(360, abs=4)
    assert len(mobile.times("key update")) == 3
    assert {b - a for a, b in pairwise(mobile.times("key update"))} == {minutes(15) + RTT}


def test_a_packet_after_a_pause_is_accompanied_by_a_ping() -> None:
    run = Driver(MOBILE, sends=[S, 30 * S, 31 * S]).tell(0, START).run(60 * S)
    assert run.times("ping") == [30 * S]
    assert run.delivered == [S, 30 * S, 31 * S]


def test_a_dead_server_is_noticed_under_traffic_in_16_s() -> None:
    """The last answer came at 19.05 s; 10 s later the next packet makes it ask, and 6 s after that it ends."""
    run = Driver(MOBILE, reachable=lambda t: t < 20 * S, sends=spaced(S, 60 * S, S)).tell(0, START).run(60 * S)
    assert run.times("ping")[:3] == [30 * S, 32 * S, 34 * S]
    assert run.times(SessionLost) == [36 * S]


def test_a_hole_shorter_than_that_costs_nothing() -> None:
    def hole(t: Instant) -> bool:
        return not 20 * S <= t < 33 * S

    run = Driver(MOBILE, reachable=hole, sends=spaced(S, 60 * S, S)).tell(0, START).run(60 * S)
    assert run.times(SessionLost) == []
    assert [t for t in run.sent if t >= 33 * S] == [t for t in run.delivered if t >= 33 * S]


def test_a_computer_waits_a_minute() -> None:
    run = Driver(DESKTOP, reachable=lambda t: t < 20 * S).tell(0, START).run(100 * S)
    first = next(t for t in run.times("ping") if t >= 20 * S)
    assert run.times(SessionLost) == [first + 60 * S]


def test_a_server_that_has_forgotten_the_session_says_so() -> None:
    """The reject takes a round trip, the app a second, a new session three round trips."""
    run = Driver(MOBILE, sends=spaced(S, 30 * S, S)).tell(0, START).tell(20 * S + 1, ServerRestarted("a")).run(30 * S)
    assert run.times("stray packet")[0] == 21 * S
    assert run.times(SessionUp)[1] == 21 * S + RTT + S + 3 * RTT


def test_roaming_costs_a_ping_over_udp_and_the_session_over_tcp() -> None:
    udp, tcp = (Driver(machine).tell(0, START).tell(10 * S, MOVED).run(20 * S) for machine in (MOBILE, TCP))
    assert udp.times("ping") == [10 * S]
    assert len(udp.links) == 2
    assert tcp.times(SessionUp)[1] == 11 * S + 3 * RTT


def test_keepalives_are_suspended_offline() -> None:
    run = Driver(DESKTOP).tell(0, START).tell(15 * S, GONE).tell(600 * S, BACK).run(601 * S)
    assert [t for t in run.times("ping") if 15 * S < t < 600 * S] == []
    assert run.times("ping")[-1] == 600 * S
    assert run.times(SessionLost) == []


def test_tcp_repeats_what_went_into_a_hole() -> None:
    """A packet at 12 s is repeated after 0.275, 0.825, 1.925 and 4.125 s; the hole ends at 14 s."""
    run = Driver(TCP, sends=[12 * S]).tell(0, START)
    run.tell(10 * S, ServerWentSilent("a")).tell(14 * S, ServerCameBack("a")).run(20 * S)
    held = [(t, link) for t, link in run.links if t >= 10 * S]
    assert held == [(12 * S, Link.BROKEN), (12 * S + 4125 * MS, Link.CARRIES)]
