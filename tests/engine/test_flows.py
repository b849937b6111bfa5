"""Flows that go their own way: small stories about sockets, each a mistake that was made once."""

from __future__ import annotations

from sim.base.units import MILLISECOND, SECOND
from sim.machines.routing import Cause, Fate, Way
from tests.stories.test_anchors import LEGACY, NOTICE, at, play, talker, windows

MS = MILLISECOND
V4_ROUTES = {"routes": ["0.0.0.0/0"]}
TO_IPV6 = {
    "wifi": [{"ssid": "home", "rtt": "30 ms", "loss": 0.0, "ipv6": False}],
    "stays": [{"wifi": "home"}, {"at": "60 s", "wifi": None, "leaving": "clean"}],
}


def test_a_socket_that_stays_inside_waits_when_the_session_breaks() -> None:
    """New sockets of its kind go outside (IPv6 is not routed), it does not; and the session is its business all the same."""
    run = play(
        "wireguard",
        at("120 s", "server_silent", lasts="20 s"),
        app=talker("1 s", "tcp", family="dual"),
        vpn=V4_ROUTES,
        client={"stops_engine_offline": False},
        **TO_IPV6,
    )
    ledger = run.ledger
    during = (ledger.at > 120 * SECOND) & (ledger.at < 140 * SECOND)
    assert [span.verdict.way for span in run.loners[0] if span.verdict][-1] is Way.TUNNEL
    assert (ledger.fate == Fate.TUNNELLED).all()
    assert (ledger.settled[during] >= 140 * SECOND).all()
    assert windows(run) == []


def test_new_sockets_of_its_kind_do_leak() -> None:
    run = play("wireguard", app=talker("1 s", family="dual"), vpn=V4_ROUTES, **TO_IPV6)
    assert {w.cause for w in windows(run)} == {Cause.IPV6}


def test_what_waited_outside_wakes_the_tunnel_when_its_socket_is_opened_anew() -> None:
    """A hole, then the Wi-Fi is switched off: the app opens another socket, inside, and what waited comes with it."""
    run = play(
        "wireguard",
        at("30 s", "vpn_on"),
        at("50 s", "outage", interface="wifi", lasts="5 min"),
        at("70 s", "wifi_off"),
        app=talker("9 s", "quic", patience="60 s", reopen={"when": "at-once", "after": "1 s"}),
        vpn_on=False,
        behaviour={"rebinds_on_path_loss": 1.0},
    )
    first = next(m.at for m in run.control if m.name == "initiation")
    assert first == 71 * SECOND, "not only with the next burst, at 72 s"
    waited = run.ledger.settled[(run.ledger.at > 50 * SECOND) & (run.ledger.at < 70 * SECOND)]
    assert len(set(waited.tolist())) == 1
    assert first < int(waited[0]) < first + SECOND


def test_a_socket_without_its_address_says_nothing() -> None:
    """It waits for its old address; the tunnel must not take it for a sender. Nobody else talks: no handshake, no keepalive."""
    run = play(
        "wireguard",
        at("60 s", "rotate_key"),
        app=talker("50 s", "tcp", patience="9 min"),
        behaviour={"reasserting_closes_tunnel_sockets": 0.0},
    )
    assert [m for m in run.control if m.at > 75 * SECOND] == []
    assert set(run.ledger.fate[2:].tolist()) == {Fate.WAITING}


def test_a_legacy_socket_does_not_care_about_the_session() -> None:
    run = play("wireguard", at("30 s", "vpn_on"), at("60 s", "server_silent"), app=LEGACY, vpn_on=False)
    (*_, window) = windows(run)
    assert (window.cause, window.end) == (Cause.LEGACY_SOCKET, run.scenario.duration)
    assert window.begin <= 30 * SECOND + 2 * SECOND + NOTICE
