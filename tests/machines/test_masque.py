"""MASQUE against RFC 9000, RFC 9002, RFC 9484, and quic-go's and usque's source code."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.base.units import MILLISECOND, Instant, hours
from sim.machines.events import EngineStarted, HostResumed, ServerRestarted, SessionLost, SessionUp
from sim.machines.machine import (
    Announce,
    Answered,
    Due,
    Event,
    Link,
    OnSend,
    OnSilence,
    OnUnanswered,
    Silent,
    StartTimer,
    Step,
    StopTimer,
    Transmit,
)
from sim.machines.protocols.masque import MASQUE, STOP_ALL, Phase, State
from tests.machines.driver import BACK, GONE, HOLES, MOVED, START, Driver, S, never, spaced
from tests.machines.driver import EVENTS as COMMON
from tests.machines.tables import both_ways, walk

MS = MILLISECOND
RTT = 50 * MS
EVENTS = (*COMMON, *HOLES)
DELAYS = (0, S, 121 * S)


def masque(**fields: Any) -> MASQUE:
    return MASQUE.model_validate(fields)


PLAIN, KEPT = masque(), masque(keepalive="30 s")
USQUE = masque(initial_pto="200 ms", keepalive="30 s", reconnects="on-packet", clock="monotonic")
WORLDS = (KEPT, masque(zero_rtt=True, reconnects="on-packet", clock="monotonic"), masque(migration=False))

UP = State(Phase.UP, "a", sent=5, begun=5, heard=5, rtt=RTT, rttvar=RTT // 2, ticket=True)
OVER = State(Phase.BACKOFF, "a", ticket=True)
INITIAL = Transmit("Initial", 1228, answer=1612, answer_packets=2)
PING = Transmit("PING", 56, answer=56)
CHALLENGE = Transmit("PATH_CHALLENGE", 1228, answer=1228)
PTO = StartTimer("PTO", 3 * RTT + 25 * MS)
HANDSHAKE_IDLE = StartTimer("handshake idle", 5 * S)
STOP_PTO = StopTimer("PTO")
RETRY = StartTimer("retry", S)


@pytest.mark.parametrize(
    ("machine", "state", "event", "now", "expected"),
    [
        pytest.param(
            PLAIN, State(Phase.STOPPED), START, 7,
            Step(
                State(Phase.HANDSHAKE, "a", request="Initial", sent=7, begun=7),
                (*STOP_ALL, HANDSHAKE_IDLE, INITIAL, StartTimer("PTO", S)),
            ),
            id="RFC 9000 14.1: padded to 1200 bytes",
        ),
        pytest.param(
            masque(server_flight="4 kB"), State(Phase.STOPPED), START, 7,
            Step(
                State(Phase.HANDSHAKE, "a", request="Initial", sent=7, begun=7),
                (*STOP_ALL, HANDSHAKE_IDLE, Transmit("Initial", 1228, answer=4224, answer_packets=4, round_trips=2),
                 StartTimer("PTO", S)),
            ),
            id="RFC 9000 8.1: more than three times as much costs a round trip",
        ),
        pytest.param(
            PLAIN, State(Phase.STOPPED), EngineStarted("a", usable=False), 7, Step(State(Phase.BACKOFF, "a", usable=False)),
            id="no network yet",
        ),
        pytest.param(
            PLAIN, State(Phase.HANDSHAKE, "a", request="Initial", tries=1, sent=7, begun=7), Due("PTO"), 9,
            Step(
                State(Phase.HANDSHAKE, "a", request="Initial", tries=2, sent=9, begun=7), (INITIAL, StartTimer("PTO", 4 * S))
            ),
            id="RFC 9002 6.2.1: the PTO doubles",
        ),
        pytest.param(
            PLAIN, State(Phase.HANDSHAKE, "a", request="Initial", sent=7, begun=7), Answered("Initial"), 7 + RTT,
            Step(
                State(
                    Phase.CONNECT, "a", request="CONNECT-IP", sent=7 + RTT, begun=7 + RTT, heard=7 + RTT, rtt=RTT, rttvar=RTT // 2
                ),
                (HANDSHAKE_IDLE, Transmit("CONNECT-IP", 276, answer=216), PTO),
            ),
            id="RFC 9002 5.3: the first sample of the round trip",
        ),
        pytest.param(
            PLAIN,
            State(Phase.CONNECT, "a", request="CONNECT-IP", sent=7, begun=7, heard=7, rtt=RTT, rttvar=RTT // 2), Answered("CONNECT-IP"), 7 + RTT,
            Step(
                State(Phase.UP, "a", sent=7, begun=7, heard=7 + RTT, rtt=RTT, rttvar=3 * RTT // 8, ticket=True),
                (STOP_PTO, StopTimer("handshake idle"), Announce(SessionUp())),
            ),
            id="RFC 9484 4.7: addresses and routes",
        ),
        pytest.param(
            masque(zero_rtt=True), State(Phase.HANDSHAKE, "a", request="Initial", sent=7, begun=7, ticket=True), Answered("Initial"),
            7 + RTT,
            Step(
                State(Phase.UP, "a", sent=7, begun=7, heard=7 + RTT, rtt=RTT, rttvar=RTT // 2, ticket=True),
                (STOP_PTO, StopTimer("handshake idle"), Announce(SessionUp())),
            ),
            id="RFC 9001 4.6: with 0-RTT the request went ahead",
        ),
        pytest.param(
            PLAIN, State(Phase.CONNECT, "a", request="CONNECT-IP", sent=7, begun=7), Due("handshake idle"), 9,
            Step(State(Phase.BACKOFF, "a"), (*STOP_ALL, RETRY)), id="quic-go: no progress",
        ),
        pytest.param(
            KEPT, UP, Due("keepalive"), 9, Step(UP._replace(request="PING", sent=9, begun=9), (PING, PTO)), id="RFC 9000 10.1.2"
        ),
        pytest.param(
            KEPT, UP._replace(request="PING", sent=9, begun=9), Answered("PING"), 9 + RTT,
            Step(UP._replace(sent=9, begun=9, heard=9 + RTT, rttvar=3 * RTT // 8), (STOP_PTO, StopTimer("path"))),
            id="acknowledged",
        ),
        pytest.param(
            PLAIN, UP, Due("idle"), 9, Step(OVER, (*STOP_ALL, Announce(SessionLost("idle timeout", fatal=False)), RETRY)),
            id="RFC 9000 10.1: closed in silence",
        ),
        pytest.param(USQUE, UP, Due("idle"), 9, Step(OVER, (*STOP_ALL, RETRY)), id="usque tells nobody"),
        pytest.param(
            USQUE, OVER, Due("retry"), 9, Step(OVER._replace(phase=Phase.CLOSED, begun=9)), id="usque: an outbound packet is waited for"
        ),
        pytest.param(
            PLAIN, UP, MOVED, 9,
            Step(
                UP._replace(phase=Phase.MIGRATING, request="PATH_CHALLENGE", sent=9, begun=9, rtt=0, rttvar=0),
                (CHALLENGE, StartTimer("PTO", S), StartTimer("path", 3 * S)),
            ),
            id="RFC 9000 9.4: a new path, a new estimate",
        ),
        pytest.param(
            PLAIN, UP._replace(phase=Phase.MIGRATING, request="PATH_CHALLENGE"), Due("path"), 9,
            Step(OVER, (*STOP_ALL, Announce(SessionLost("path not validated", fatal=False)), RETRY)), id="RFC 9000 8.2.4",
        ),
        pytest.param(
            PLAIN, UP._replace(phase=Phase.MIGRATING, request="PATH_CHALLENGE"), GONE, 9,
            Step(UP._replace(usable=False), (STOP_PTO, StopTimer("path"))), id="the new path is gone again",
        ),
        pytest.param(masque(migration=False), UP, MOVED, 9, Step(UP._replace(cut=True)), id="the socket stays behind"),
        pytest.param(PLAIN, UP, ServerRestarted("a"), 9, Step(UP._replace(known=False, strayed=8)), id="forgotten, and not told"),
        pytest.param(
            PLAIN, UP._replace(known=False), Due("stray"), 9,
            Step(UP._replace(known=False, strayed=9), (Transmit("stray packet", 56, answer=56),)), id="a packet for nobody",
        ),
        pytest.param(
            PLAIN, UP._replace(known=False), Answered("stray packet"), 9,
            Step(OVER, (*STOP_ALL, Announce(SessionLost("stateless reset", fatal=False)), RETRY)), id="RFC 9000 10.3",
        ),
        pytest.param(
            PLAIN, UP, HostResumed(5, 40 * S), 9, Step(UP._replace(known=False, strayed=8)), id="slept longer than the server waits"
        ),
        pytest.param(PLAIN, UP, HostResumed(5, 20 * S), 9, Step(UP), id="slept shorter"),
        pytest.param(
            USQUE, UP, HostResumed(5, 20 * S), 9,
            Step(UP._replace(sent=5 + 20 * S, begun=5 + 20 * S, heard=5 + 20 * S)), id="Go's clock missed the sleep",
        ),
    ],
)  # fmt: skip
def test_step(machine: MASQUE, state: State, event: Event, now: Instant, expected: Step) -> None:
    assert machine.step(state, event, now) == expected


def test_watches() -> None:
    unanswered = OnUnanswered("idle", 30 * S, 5)
    assert PLAIN.watches(UP) == (unanswered, OnSilence("idle", Silent.BOTH, 30 * S, 5))
    assert KEPT.watches(UP)[2] == OnSilence("keepalive", Silent.RECEIVED, 15 * S, 5)
    assert PLAIN.watches(UP._replace(request="PING", begun=9)) == (
        unanswered,
        OnSilence("idle", Silent.RECEIVED, 30 * S, 9),
    )
    assert PLAIN.watches(UP._replace(known=False, strayed=7))[-1] == OnSend("stray", 8)
    assert PLAIN.watches(State(Phase.CLOSED, begun=7)) == (OnSend("send", 7),)
    slow = UP._replace(rtt=4 * S, rttvar=2 * S)
    assert PLAIN.watches(slow)[0] == OnUnanswered("idle", 3 * (12 * S + 25 * MS), 5), (
        "RFC 9000 10.1: at least three PTO"
    )


def test_link_and_overhead() -> None:
    assert PLAIN.link(UP) is PLAIN.link(UP._replace(phase=Phase.MIGRATING)) is Link.CARRIES
    assert PLAIN.link(UP._replace(known=False)) is PLAIN.link(UP._replace(cut=True)) is Link.BROKEN
    assert PLAIN.link(State(Phase.CLOSED)) is Link.DORMANT
    assert PLAIN.link(State(Phase.CLOSED, usable=False)) is PLAIN.link(State(Phase.BACKOFF)) is Link.BROKEN
    assert [PLAIN.overhead(size) for size in (0, 1280, 1281)] == [0, 60, 120]


def test_table_both_ways() -> None:
    both_ways(WORLDS, EVENTS, DELAYS, most=700)


@given(st.sampled_from(WORLDS), st.lists(st.tuples(st.integers(0, 30), st.integers(0, 200 * S)), max_size=40))
def test_walks_stay_in_the_table(machine: MASQUE, choices: list[tuple[int, int]]) -> None:
    walk(machine, EVENTS, choices, set())


# Worked numbers -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("fields", "trips"), [({}, 2), ({"server_flight": "4 kB"}, 3)])
def test_a_cold_start_costs_two_round_trips(fields: dict[str, Any], trips: int) -> None:
    run = Driver(masque(**fields), rtt=RTT).tell(0, START).run(S)
    assert run.times(SessionUp) == [trips * RTT]


def test_with_a_ticket_one_round_trip_is_enough() -> None:
    run = Driver(masque(zero_rtt=True), rtt=RTT).tell(0, START).run(60 * S)
    closed = run.times(SessionLost)[0]
    assert closed == 2 * RTT + 30 * S
    assert run.times(SessionUp)[1] == closed + S + RTT


@pytest.mark.parametrize(
    ("machine", "sends"),
    [
        pytest.param(
            PLAIN, [0, S, 3 * S, 6 * S, 7 * S, 9 * S], id="RFC 9002: 1 s, doubling; quic-go gives up after 5 s"
        ),
        pytest.param(USQUE, [0, 200 * MS, 600 * MS, 1400 * MS, 3 * S], id="quic-go: 0.2 s, doubling"),
    ],
)
def test_a_dead_server(machine: MASQUE, sends: list[Instant]) -> None:
    run = Driver(machine, reachable=never).tell(0, START).run(10 * S)
    assert run.times("Initial")[: len(sends)] == sends


def test_a_keepalive_holds_an_idle_connection() -> None:
    """quic-go: not later than half the idle time-out, so a period of 30 s means 15 s."""
    run = Driver(KEPT).tell(0, START).run(hours(1))
    assert run.times(SessionLost) == []
    assert run.times("PING")[1] - run.times("PING")[0] == 15 * S + RTT
    assert run.count("PING") == pytest.approx(240, abs=3)


def test_without_one_it_is_closed_and_made_again_for_ever() -> None:
    run = Driver(PLAIN).tell(0, START).run(hours(1))
    assert run.times(SessionLost)[:2] == [2 * RTT + 30 * S, 4 * RTT + 61 * S]


def test_usque_makes_it_again_when_somebody_speaks() -> None:
    quiet = USQUE.model_copy(update={"keepalive": 0})
    run = Driver(quiet, sends=[100 * S]).tell(0, START).run(110 * S)
    assert run.times("Initial") == [0, 100 * S]
    assert run.links[-3:] == [
        (31 * S + 2 * RTT, Link.DORMANT),
        (100 * S, Link.BROKEN),
        (100 * S + 2 * RTT, Link.CARRIES),
    ]


def test_a_hole_of_20_s_costs_nothing() -> None:
    def hole(t: Instant) -> bool:
        return not 20 * S <= t < 40 * S

    run = Driver(PLAIN, reachable=hole, sends=spaced(S, 60 * S, S)).tell(0, START).run(60 * S)
    assert run.times(SessionLost) == []
    assert [t for t in run.sent if t >= 40 * S] == [t for t in run.delivered if t >= 40 * S]


def test_a_hole_of_60_s_ends_it_30_s_after_the_first_packet_in_it() -> None:
    def hole(t: Instant) -> bool:
        return not 20 * S <= t < 80 * S

    run = Driver(PLAIN, reachable=hole, sends=spaced(S, 100 * S, S)).tell(0, START).run(100 * S)
    assert run.times(SessionLost) == [50 * S]
    back = run.times(SessionUp)[1]
    assert 80 * S < back < 80 * S + 6 * S


def test_migration_goes_on_at_once() -> None:
    run = Driver(PLAIN, sends=spaced(S, 20 * S, S)).tell(0, START).tell(10 * S + 1, MOVED).run(20 * S)
    assert run.times("PATH_CHALLENGE") == [10 * S + 1]
    assert run.state.phase is Phase.UP
    assert len(run.links) == 2


def test_without_migration_the_old_address_is_talked_to_until_the_time_is_over() -> None:
    run = Driver(masque(migration=False), sends=spaced(S, 60 * S, S)).tell(0, START).tell(10 * S + 1, MOVED).run(60 * S)
    assert run.times(SessionLost) == [41 * S]
    assert run.times(SessionUp)[1] == 42 * S + 2 * RTT


def test_a_restarted_server_resets_in_a_round_trip() -> None:
    run = Driver(PLAIN, sends=spaced(S, 30 * S, S)).tell(0, START).tell(20 * S + 1, ServerRestarted("a")).run(30 * S)
    assert run.times(SessionUp)[1] == 21 * S + RTT + S + 2 * RTT


def test_offline_it_waits_for_a_network() -> None:
    run = Driver(PLAIN).tell(0, START).tell(5 * S, GONE).tell(600 * S, BACK).run(601 * S)
    assert run.times("Initial") == [0, 600 * S]
