"""IKEv2 against RFC 7296, RFC 4555, Apple's published timers, and strongSwan in the laboratory."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.base.units import MILLISECOND, Instant, hours, minutes, to_seconds
from sim.machines.events import (
    EngineStarted,
    HoleBegan,
    HoleEnded,
    HostResumed,
    Interface,
    ServerRestarted,
    SessionLost,
    SessionUp,
)
from sim.machines.machine import (
    Announce,
    Answered,
    Due,
    Event,
    Link,
    OnSilence,
    Silent,
    StartTimer,
    Step,
    StopTimer,
    Transmit,
)
from sim.machines.protocols.ikev2 import STOP_ALL, IKEv2, Phase, State
from tests.machines.driver import BACK, GONE, HOLES, MOVED, START, Driver, S, never, spaced
from tests.machines.driver import EVENTS as COMMON
from tests.machines.tables import both_ways, walk

RTT = 50 * MILLISECOND
EVENTS = (*COMMON, *HOLES, HostResumed(0, 3600 * S))
DELAYS = (0, S, 121 * S)


def ikev2(**fields: Any) -> IKEv2:
    return IKEv2.model_validate(fields)


APPLE = ikev2()
STRONGSWAN = ikev2(retransmit_initial="4 s", retransmit_base=1.8, dpd_interval="0 s")
WORLDS = (
    ikev2(retransmit_tries=1, dpd_retries=1),
    ikev2(retransmit_tries=1, dpd_retries=1, mobike=False, auth="eap", server_dpd_delay="0 s"),
    ikev2(retransmit_tries=1, dpd_retries=0, rekey_accepted=False, nat_keepalive_wifi="0 s", auth="psk"),
    ikev2(
        retransmit_tries=1, dpd="when-silent", dpd_repeats="like-requests", on_dead="begin-again", clock="monotonic",
        auth="psk",
    ),
    ikev2(retransmit_tries=1, mobike_probe=True, mobike_probe_tries=1, auth="eap", eap_identity=True),
)  # fmt: skip

UP = State(Phase.UP, "a", sent=5)
RETRANSMIT = StopTimer("retransmit")
INFORMATIONAL = Transmit("INFORMATIONAL", 108, answer=108)
GATEWAY = StartTimer("gateway gives up", 195 * S)


@pytest.mark.parametrize(
    ("machine", "state", "event", "now", "expected"),
    [
        pytest.param(
            APPLE,
            State(Phase.IDLE),
            START,
            7,
            Step(
                State(Phase.INIT, "a", request="IKE_SA_INIT", sent=7),
                (Transmit("IKE_SA_INIT", 632, answer=509), StartTimer("retransmit", S)),
            ),
            id="RFC 7296 1.2: IKE_SA_INIT",
        ),
        pytest.param(
            APPLE,
            State(Phase.INIT, "a", request="IKE_SA_INIT", sent=7),
            Answered("IKE_SA_INIT"),
            9,
            Step(
                State(Phase.AUTH, "a", request="IKE_AUTH 1", sent=9),
                (
                    Transmit("IKE_AUTH 1", 2800, answer=1680, packets=5, answer_packets=3),
                    StartTimer("retransmit", S),
                ),
            ),
            id="RFC 7296 1.2: IKE_AUTH, with the fragments of a certificate",
        ),
        pytest.param(
            ikev2(auth="eap"),
            State(Phase.AUTH, "a", request="IKE_AUTH 1"),
            Answered("IKE_AUTH 1"),
            9,
            Step(
                State(Phase.AUTH, "a", request="IKE_AUTH 2", sent=9),
                (Transmit("IKE_AUTH 2", 560, answer=560), StartTimer("retransmit", S)),
            ),
            id="RFC 7296 2.16: another EAP round",
        ),
        pytest.param(
            APPLE,
            State(Phase.AUTH, "a", request="IKE_AUTH 1"),
            Answered("IKE_AUTH 1"),
            9,
            Step(
                State(Phase.UP, "a", sent=9, heard=9),
                (
                    RETRANSMIT,
                    StartTimer("liveness", 600 * S),
                    StartTimer("child rekey", 1440 * S),
                    StartTimer("child end", 1800 * S),
                    StartTimer("IKE rekey", 2880 * S),
                    StartTimer("IKE end", 3600 * S),
                    Announce(SessionUp()),
                ),
            ),
            id="RFC 7296 1.2: the first Child SA",
        ),
        pytest.param(
            APPLE,
            State(Phase.INIT, "a", request="IKE_SA_INIT", tries=2),
            Due("retransmit"),
            9,
            Step(
                State(Phase.INIT, "a", request="IKE_SA_INIT", tries=3, sent=9),
                (Transmit("IKE_SA_INIT", 632, answer=509), StartTimer("retransmit", 8 * S)),
            ),
            id="RFC 7296 2.4: exponential growth",
        ),
        pytest.param(
            APPLE,
            State(Phase.AUTH, "a", request="IKE_AUTH 1", tries=5),
            Due("retransmit"),
            9,
            Step(State(Phase.IDLE), (*STOP_ALL, Announce(SessionLost("handshake given up", fatal=True)))),
            id="RFC 7296 2.4: given up",
        ),
        pytest.param(
            APPLE,
            UP,
            Due("liveness"),
            9,
            Step(UP._replace(request="INFORMATIONAL", sent=9), (INFORMATIONAL, StartTimer("retransmit", S))),
            id="RFC 7296 2.4: an empty INFORMATIONAL",
        ),
        pytest.param(
            APPLE,
            UP._replace(known=False),
            Due("liveness"),
            9,
            Step(
                UP._replace(request="INFORMATIONAL", sent=9, known=False),
                (Transmit("INFORMATIONAL", 108), StartTimer("retransmit", S)),
            ),
            id="a gateway without the SA does not answer",
        ),
        pytest.param(
            APPLE,
            UP._replace(request="INFORMATIONAL", tries=5),
            Due("retransmit"),
            9,
            Step(State(Phase.IDLE), (*STOP_ALL, Announce(SessionLost("dead peer", fatal=True)))),
            id="NEVPNIKEv2DeadPeerDetectionRate: dead after five retries",
        ),
        pytest.param(
            APPLE,
            UP._replace(request="INFORMATIONAL", tries=2, waiting=("CREATE_CHILD_SA child",)),
            Answered("INFORMATIONAL"),
            9,
            Step(
                UP._replace(request="CREATE_CHILD_SA child", sent=9, heard=9),
                (
                    RETRANSMIT,
                    StartTimer("liveness", 600 * S),
                    Transmit("CREATE_CHILD_SA child", 320, answer=304),
                    StartTimer("retransmit", S),
                ),
            ),
            id="RFC 7296 2.3: one request at a time, the next one follows",
        ),
        pytest.param(
            APPLE,
            UP._replace(request="CREATE_CHILD_SA child"),
            Due("liveness"),
            9,
            Step(UP._replace(request="CREATE_CHILD_SA child", waiting=("INFORMATIONAL",))),
            id="RFC 7296 2.3: window size 1",
        ),
        pytest.param(
            APPLE,
            UP,
            Due("child end"),
            9,
            Step(State(Phase.IDLE), (*STOP_ALL, Announce(SessionLost("lifetime over", fatal=True)))),
            id="RFC 7296 2.8: hard lifetime",
        ),
        pytest.param(
            APPLE,
            UP,
            MOVED,
            9,
            Step(
                UP._replace(phase=Phase.MOVING, cellular=True, moved=True, unreached=9),
                (RETRANSMIT, GATEWAY, StartTimer("update", APPLE.path_delay)),
            ),
            id="RFC 4555 3.5: the address changed",
        ),
        pytest.param(
            APPLE,
            UP._replace(phase=Phase.MOVING, moved=True, unreached=9),
            Due("update"),
            11,
            Step(
                UP._replace(phase=Phase.MOVING, moved=True, unreached=9, request="UPDATE_SA_ADDRESSES", sent=11),
                (Transmit("UPDATE_SA_ADDRESSES", 160, answer=108), StartTimer("retransmit", S)),
            ),
            id="RFC 4555 3.5: UPDATE_SA_ADDRESSES",
        ),
        pytest.param(
            APPLE,
            UP._replace(phase=Phase.MOVING, moved=True, unreached=9, request="UPDATE_SA_ADDRESSES"),
            Answered("UPDATE_SA_ADDRESSES"),
            11,
            Step(UP._replace(heard=11), (RETRANSMIT, StopTimer("gateway gives up"))),
            id="RFC 4555 3.5: confirmed",
        ),
        pytest.param(
            ikev2(mobike=False),
            State(Phase.MOVING, "a", cellular=True, sent=5, moved=True),
            Due("update"),
            9,
            Step(
                State(Phase.INIT, "a", cellular=True, request="IKE_SA_INIT", sent=9),
                (
                    *STOP_ALL,
                    Announce(SessionLost("address changed", fatal=False)),
                    Transmit("IKE_SA_INIT", 632, answer=509),
                    StartTimer("retransmit", S),
                ),
            ),
            id="RFC 7296 2.23: without MOBIKE a new IKE SA",
        ),
        pytest.param(
            APPLE,
            UP._replace(request="INFORMATIONAL", tries=1),
            GONE,
            9,
            Step(
                UP._replace(phase=Phase.STALE, waiting=("INFORMATIONAL",), unreached=9),
                (RETRANSMIT, StopTimer("update"), GATEWAY),
            ),
            id="no route: held",
        ),
        pytest.param(
            APPLE,
            UP._replace(phase=Phase.STALE, waiting=("INFORMATIONAL",), unreached=9),
            BACK,
            9 + 60 * S,
            Step(
                UP._replace(request="INFORMATIONAL", sent=9 + 60 * S),
                (StopTimer("gateway gives up"), INFORMATIONAL, StartTimer("retransmit", S)),
            ),
            id="the same address is back in time",
        ),
        pytest.param(
            APPLE,
            UP._replace(phase=Phase.STALE, unreached=9),
            BACK,
            9 + 150 * S,
            Step(UP),
            id="back after the gateway's last repetition: its verdict stands",
        ),
        pytest.param(APPLE, UP, Due("gateway gives up"), 9, Step(UP._replace(known=False)), id="the gateway forgets"),
        pytest.param(
            ikev2(wake_check_after="0 s"),
            UP,
            HostResumed(0, 140 * S),
            9,
            Step(
                UP,
                (
                    Transmit("NAT keepalive", 7 * 29, packets=7),
                    StartTimer("gateway gives up", 55 * S),
                ),
            ),
            id="slept through the gateway's check",
        ),
        pytest.param(
            ikev2(nat_keepalive_offload=False, wake_check_after="0 s"),
            UP,
            HostResumed(0, 3600 * S),
            9,
            Step(UP._replace(known=False)),
            id="slept longer than the gateway waits",
        ),
        pytest.param(
            ikev2(nat_keepalive_offload=False),
            UP,
            HostResumed(0, 3600 * S),
            9,
            Step(
                UP._replace(known=False, request="INFORMATIONAL", sent=9),
                (Transmit("INFORMATIONAL", 108), StartTimer("retransmit", S)),
            ),
            id="algo#430: after a long sleep it checks at once, and finds itself forgotten",
        ),
        pytest.param(
            APPLE, UP, HoleBegan(Interface.WIFI), 9, Step(UP._replace(unreached=9), (GATEWAY,)), id="a hole, unnoticed"
        ),
        pytest.param(APPLE, UP, HoleBegan(Interface.CELLULAR), 9, Step(UP), id="a hole elsewhere"),
        pytest.param(
            ikev2(rekey_accepted=False),
            UP._replace(request="CREATE_CHILD_SA child"),
            Answered("CREATE_CHILD_SA child"),
            9,
            Step(State(Phase.IDLE), (*STOP_ALL, Announce(SessionLost("rekey refused", fatal=True)))),
            id="libreswan#222: a refused rekey",
        ),
    ],
)
def test_step(machine: IKEv2, state: State, event: Event, now: Instant, expected: Step) -> None:
    assert machine.step(state, event, now) == expected


KEEPALIVE = Transmit("NAT keepalive", 29)


def test_nat_keepalive_depends_on_the_interface() -> None:
    assert APPLE.watches(UP) == (OnSilence("keepalive", Silent.SENT, 20 * S, 5, KEEPALIVE),)
    assert APPLE.watches(UP._replace(cellular=True)) == (OnSilence("keepalive", Silent.SENT, 110 * S, 5, KEEPALIVE),)
    assert APPLE.watches(UP._replace(phase=Phase.STALE)) == ()
    assert ikev2(nat_keepalive_wifi="0 s").watches(UP) == ()


def test_link() -> None:
    assert [phase for phase in Phase if APPLE.link(State(phase)) is Link.CARRIES] == [Phase.UP]
    assert APPLE.link(UP._replace(known=False)) is Link.BROKEN


def test_the_last_try_lies_within_the_gateways_patience() -> None:
    with pytest.raises(ValueError, match="server_dpd_last_try"):
        ikev2(server_dpd_giveup="60 s")


def test_table_both_ways() -> None:
    both_ways(WORLDS, EVENTS, DELAYS, most=400)


@given(
    st.sampled_from((*WORLDS, APPLE)),
    st.lists(st.tuples(st.integers(0, 40), st.integers(0, 200 * S)), max_size=60),
)
def test_walks_stay_in_the_table(machine: IKEv2, choices: list[tuple[int, int]]) -> None:
    walk(machine, EVENTS, choices, set())


# Worked numbers -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("auth", "round_trips"), [("certificate", 2), ("psk", 2), ("eap", 5)])
def test_cold_start(auth: str, round_trips: int) -> None:
    run = Driver(ikev2(auth=auth)).tell(0, START).run(10 * S)
    assert run.times(SessionUp) == [round_trips * RTT]


def test_a_gateway_that_asks_for_the_identity_costs_a_round_trip() -> None:
    run = Driver(ikev2(auth="eap", eap_identity=True)).tell(0, START).run(10 * S)
    assert run.times(SessionUp) == [6 * RTT]


@pytest.mark.parametrize(("lost", "measured"), [(1, 4.192), (2, 11.46), (3, 24.40)])
def test_first_packets_lost_as_in_the_laboratory(lost: int, measured: float) -> None:
    """strongSwan waits 4.0, 7.2, 12.96 s; the measured time includes the echo's round trip."""
    run = Driver(STRONGSWAN, lost=lost).tell(0, START).run(60 * S)
    assert to_seconds(run.times(SessionUp)[0] + RTT) == pytest.approx(measured, abs=0.2)


def test_strongswan_schedule() -> None:
    run = Driver(STRONGSWAN, reachable=never).tell(0, START).run(hours(1))
    assert [round(to_seconds(t), 1) for t in run.times("IKE_SA_INIT")] == [0, 4, 11.2, 24.2, 47.5, 89.5]
    assert [round(to_seconds(t), 1) for t in run.times(SessionLost)] == [165.1]
    assert run.state == State(Phase.IDLE)


@pytest.mark.parametrize(("rate", "dead_after"), [("1 min", 66), ("10 min", 606), ("30 min", 1806)])
def test_a_dead_server_is_noticed_by_dpd(rate: str, dead_after: int) -> None:
    machine = ikev2(dpd_interval=rate, child_lifetime="24 h", ike_lifetime="24 h")
    run = Driver(machine, reachable=lambda t: t < S).tell(0, START).run(hours(1))
    assert run.times(SessionLost) == [2 * RTT + dead_after * S]
    assert run.count("INFORMATIONAL") == 6


def test_without_dpd_a_dead_server_is_never_noticed() -> None:
    machine = ikev2(dpd_interval="0 s", child_lifetime="24 h", ike_lifetime="24 h")
    run = Driver(machine, reachable=lambda t: t < S).tell(0, START).run(hours(1))
    assert run.times(SessionLost) == []


@pytest.mark.parametrize(
    ("hole", "forgotten"),
    [(60, False), (119, False), (120, True), (150, True), (300, True)],
)
def test_the_gateway_forgets_after_a_hole(hole: int, forgotten: bool) -> None:
    """Measured: after a hole of 150 s data flows at once, and yet the tunnel dies 195 s after the hole began."""
    begin, end = 10 * S, (10 + hole) * S
    run = Driver(APPLE, reachable=lambda t: not begin <= t < end).tell(0, START)
    run.tell(begin, HoleBegan(Interface.WIFI)).tell(end, HoleEnded(Interface.WIFI)).run(590 * S)
    broken = [time for time, link in run.links if link is Link.BROKEN and time > 0]
    assert broken == ([205 * S] if forgotten else [])
    run.run(minutes(15))
    assert run.times(SessionLost) == ([606 * S + 2 * RTT] if forgotten else [])


def test_handover_with_mobike() -> None:
    run = Driver(APPLE).tell(0, START).tell(100 * S, MOVED).run(200 * S)
    assert run.links[2:] == [(100 * S, Link.BROKEN), (100 * S + 300 * MILLISECOND + RTT, Link.CARRIES)]
    assert run.times(SessionLost) == []


@pytest.mark.parametrize(("dead", "probes"), [(0, 1), (1, 2), (6, 4), (24, 11)])
def test_a_probed_path_is_asked_each_2_5_s_and_then_updated(dead: int, probes: int) -> None:
    """strongSwan: a probe and its repetitions, 2.5 s apart; then the update, whose timer is that of any request."""
    machine = ikev2(mobike_probe=True, path_delay="0 s", nat_keepalive_wifi="0 s", dpd_interval="0 s")
    ends = 100 * S + dead * S
    run = Driver(machine, reachable=lambda t: not 100 * S <= t < ends).tell(0, START).tell(100 * S, MOVED).run(200 * S)
    last = 100 * S + (probes - 1) * 2500 * MILLISECOND
    assert run.times("path probe")[-1] == last
    assert run.count("path probe") == probes
    assert run.times("UPDATE_SA_ADDRESSES") == [last + RTT]
    assert run.links[-1] == (last + 2 * RTT, Link.CARRIES)


def test_a_path_that_answers_no_probe_ends_the_tunnel() -> None:
    machine = ikev2(mobike_probe=True, path_delay="0 s")
    run = Driver(machine, reachable=lambda t: t < 100 * S).tell(0, START).tell(100 * S, MOVED).run(200 * S)
    assert run.count("path probe") == 11
    assert run.times(SessionLost) == [100 * S + 27500 * MILLISECOND]


def test_handover_without_mobike() -> None:
    run = Driver(ikev2(mobike=False)).tell(0, START).tell(100 * S, MOVED).run(200 * S)
    assert run.links[2:] == [(100 * S, Link.BROKEN), (100 * S + 300 * MILLISECOND + 2 * RTT, Link.CARRIES)]
    assert [line.what for line in run.log if isinstance(line.what, SessionLost)] == [
        SessionLost("address changed", fatal=False)
    ]


def test_moving_to_a_dead_path_ends_the_tunnel() -> None:
    run = Driver(APPLE, reachable=lambda t: t < 100 * S).tell(0, START).tell(100 * S, MOVED).run(400 * S)
    assert run.times(SessionLost) == [100 * S + 300 * MILLISECOND + 63 * S]


def test_a_start_without_a_network_begins_again_when_it_is_there() -> None:
    offline = EngineStarted("a", usable=False)
    run = Driver(APPLE, reachable=lambda t: t >= 20 * S).tell(0, offline).tell(20 * S, BACK).run(60 * S)
    assert run.times(SessionUp) == [20 * S + 2 * RTT]


def test_offline_between_two_addresses() -> None:
    run = Driver(APPLE).tell(0, START).tell(100 * S, GONE).tell(160 * S, MOVED).run(590 * S)
    assert run.links[2:] == [(100 * S, Link.BROKEN), (160 * S + 300 * MILLISECOND + RTT, Link.CARRIES)]


def test_server_restart_is_noticed_by_dpd() -> None:
    run = Driver(APPLE, sends=spaced(S, 900 * S, S)).tell(0, START).tell(100 * S, ServerRestarted("a")).run(900 * S)
    assert run.links[2:] == [(100 * S, Link.BROKEN)]
    assert run.times(SessionLost) == [606 * S + 2 * RTT]


def test_rekeys_leave_no_gap() -> None:
    run = Driver(APPLE, sends=spaced(S, hours(2), S)).tell(0, START).run(hours(2))
    assert run.delivered == run.sent
    assert run.count("CREATE_CHILD_SA child") == 4  # each 24 min and a round trip, the last one at 96 min
    assert run.count("CREATE_CHILD_SA IKE") == 2


def test_a_refused_rekey_drops_after_8_minutes() -> None:
    machine = ikev2(rekey_accepted=False, ike_lifetime="10 min", child_lifetime="10 min")
    run = Driver(machine).tell(0, START).run(hours(1))
    assert run.times(SessionLost) == [minutes(8) + 3 * RTT]


def test_the_hard_lifetime_ends_a_stale_tunnel() -> None:
    run = Driver(APPLE).tell(0, START).tell(100 * S, GONE).run(hours(1))
    assert run.times(SessionLost) == [minutes(30) + 2 * RTT]


@pytest.mark.parametrize(("cellular", "an_hour"), [(False, 180), (True, 33)])
def test_nat_keepalives_of_an_idle_hour(cellular: bool, an_hour: int) -> None:
    """RFC 3948 and Apple's intervals; each liveness check or rekey takes the place of one."""
    run = Driver(APPLE).tell(0, EngineStarted("a", usable=True, cellular=cellular)).run(hours(1))
    requests = run.count("INFORMATIONAL") + run.count("CREATE_CHILD_SA child") + run.count("CREATE_CHILD_SA IKE")
    assert an_hour - requests - 1 <= run.count("NAT keepalive") <= an_hour
