"""The same trouble, and real programs in it: what a name changes."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from sim.base.units import SECOND, Instant
from sim.engine.simulate import Run
from sim.machines.events import ConnectionLost, DeviceWoke
from sim.machines.machine import Answered
from sim.machines.routing import Fate
from sim.measure.explain import say
from tests.generated import Table
from tests.stories.test_anchors import APPLY, AWAY, MS, R, at, blocked_until, only, phases, play, sent, talker

TWO_RELAYS: Table = {"servers": [{"name": "server", "extra_rtt": "20 ms"}, {"name": "spare", "extra_rtt": "20 ms"}]}
CHATTY = talker("1 s")


def of(name: str, *deeds: Table, **tables: Any) -> Run:
    """A story with a named program."""
    found = {"mullvad": "wireguard", "strongswan": "ikev2", "strongswan-android": "ikev2", "apple-ikev2": "ikev2"}
    protocol = found.get(name, "openvpn" if name in ("openvpn2", "openvpn3", "tunnelkit") else "wireguard")
    client = {"implementation": name, **tables.pop("client", {})}
    return play(protocol, *deeds, client=client, **tables)


def given_up(run: Run) -> list[Instant]:
    return [
        record.at for record in run.timeline if record.actor == "provider" and isinstance(record.event, ConnectionLost)
    ]


# A monitor ------------------------------------------------------------------------------------------------------------


def test_a_monitor_leaves_a_dead_relay_fifteen_seconds_after_the_last_answer() -> None:
    """Pings at 50 s (answered at 50.05 s) and 60 s; the relay falls silent at 57 s; at 65.05 s it is left."""
    run = of("mullvad", at("57 s", "server_silent"), app=CHATTY, **TWO_RELAYS)
    assert sent(run, "monitor ping")[4:7] == [50 * SECOND, 60 * SECOND, 63 * SECOND]
    assert given_up(run) == [50 * SECOND + R + 15 * SECOND]
    back = given_up(run)[0] + APPLY + R
    assert only(run, Fate.TUNNELLED, Fate.STALLED)
    assert blocked_until(run, 57 * SECOND) == back
    assert phases(run, "provider")[-1][1] == "RUNNING"


def test_without_a_monitor_nobody_leaves_it() -> None:
    run = of("wireguard-apple", at("57 s", "server_silent"), app=CHATTY, **TWO_RELAYS)
    assert given_up(run) == []
    assert not sent(run, "monitor ping")
    assert phases(run, "tunnel")[-1][1] == "CONNECTED"


def test_a_monitor_waits_longer_for_each_relay_that_is_silent_too() -> None:
    """Both relays are dead: 15 s, then 8 s, then 15 s each, and the time to apply the settings between."""
    run = of(
        "mullvad", at("57 s", "server_silent"), at("57 s", "server_silent", server="spare"), app=CHATTY, **TWO_RELAYS
    )
    first, second, third, fourth = given_up(run)[:4]
    assert [second - first, third - second, fourth - third] == [
        8 * SECOND + APPLY,
        15 * SECOND + APPLY,
        15 * SECOND + APPLY,
    ]


def test_an_idle_phone_is_pinged_every_two_minutes() -> None:
    run = of("mullvad", app=talker("9 min"))
    pings = sent(run, "monitor ping")
    assert [round((b - a) / SECOND) for a, b in pairwise(pings)] == [120, 120, 120, 60], "the app spoke at 540 s"
    assert given_up(run) == []


def test_a_monitor_pauses_without_a_network() -> None:
    run = of(
        "mullvad",
        at("60 s", "wifi_off"),
        at("3 min", "wifi_on"),
        app=CHATTY,
        stays=[{"wifi": "home", "cellular": False}],
    )
    assert given_up(run) == []
    assert not [when for when in sent(run, "monitor ping") if 61 * SECOND < when < 180 * SECOND]


def test_what_the_monitor_did_is_said_in_sentences() -> None:
    run = of("mullvad", at("57 s", "server_silent"), app=CHATTY, **TWO_RELAYS)
    lost = next(
        record for record in run.timeline if record.actor == "provider" and isinstance(record.event, ConnectionLost)
    )
    said = [say(step) for step in run.timeline.chain(lost.id)]
    assert said[0] == "The client takes another server."
    assert "No ping has been answered for too long: the client takes its tunnel for dead." in said


# Clocks in sleep ------------------------------------------------------------------------------------------------------

NIGHT: Table = {
    "duration": "20 min",
    "device": {
        "sleeps": True,
        "sleep_after": "30 s",
        "wake_every": "5 min",
        "wake_for": "25 s",
        "behaviour": {"look_ups_at_network_change": 0.0},
    },
}


@pytest.mark.parametrize(
    ("name", "stalls"),
    [
        pytest.param("wireguard-apple", False, id="a patched clock: keys are known to be old, one round trip"),
        pytest.param("wireguard-go", True, id="Go's own: old keys look young, and the peer throws them away"),
    ],
)
def test_a_clock_that_stands_still_believes_in_keys_that_are_gone(name: str, stalls: bool) -> None:
    """Five minutes asleep: a peer accepts no key older than three."""
    run = of(name, app=CHATTY, **NIGHT)
    woken = [record.at for record in run.timeline if isinstance(record.event, DeviceWoke)]
    answered = [record.at for record in run.timeline if record.event == Answered("initiation")]
    lags = [next(when for when in answered if when > woke) - woke for woke in woken]
    assert len(lags) == 3
    if stalls:
        assert all(15 * SECOND + R <= lag <= 15 * SECOND + 333 * MS + R for lag in lags)
        assert only(run, Fate.TUNNELLED, Fate.STALLED)
    else:
        assert lags == [R] * 3
        assert only(run, Fate.TUNNELLED)


# Roaming --------------------------------------------------------------------------------------------------------------


def test_a_bump_says_hello_at_once_and_a_bare_engine_waits_for_the_next_packet() -> None:
    runs = [
        of(name, app=talker("50 s"), client={"stops_engine_offline": False}, **AWAY)
        for name in ("wireguard-apple", "boringtun")
    ]
    hello, bare = ([when for when in sent(run, "keepalive") if 60 * SECOND < when < 65 * SECOND] for run in runs)
    assert len(hello) == len(bare) + 1 == 1


# A dead peer ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "fields", "phase"),
    [
        pytest.param("apple-ikev2", {"dpd_interval": "1 min"}, "IDLE", id="Apple: the session is terminated"),
        pytest.param("strongswan", {"dpd_interval": "30 s", "on_dead": "begin-again"}, "UP", id="dpd_action = restart"),
    ],
)
def test_what_a_program_does_about_a_dead_gateway(name: str, fields: Table, phase: str) -> None:
    run = of(name, at("60 s", "server_silent", lasts="200 s"), app=CHATTY, ikev2={"path_delay": "100 ms", **fields})
    assert phases(run, "protocol")[-1][1] == phase


def test_strongswan_checks_after_a_silence_only() -> None:
    """dpd_delay 30 s: an echo a second keeps it from asking; an idle hour is full of questions."""
    busy = of("strongswan", app=CHATTY, ikev2={"dpd_interval": "30 s"})
    idle = of("strongswan", app=talker("9 min"), ikev2={"dpd_interval": "30 s"})
    assert sent(busy, "INFORMATIONAL") == []
    asked = sent(idle, "INFORMATIONAL")
    assert len(asked) >= 17
    assert asked[1] - asked[0] == 30 * SECOND + R


def test_strongswan_repeats_its_check_like_any_request() -> None:
    run = of("strongswan", at("60 s", "server_silent"), app=CHATTY, ikev2={"dpd_interval": "30 s"})
    asked = sent(run, "INFORMATIONAL")[:6]
    gaps = [round((b - a) / MS) for a, b in pairwise(asked)]
    assert gaps == [4000, 7200, 12960, 23328, 41990]


@pytest.mark.parametrize(
    ("name", "leaks"),
    [("openvpn3", True), ("openvpn2", False), ("tunnelkit", False)],
)
def test_which_openvpn_leaks_in_a_handover(name: str, leaks: bool) -> None:
    run = of(name, app=CHATTY, **AWAY)
    assert bool((run.ledger.fate == Fate.LEAKED).any()) is leaks


def test_a_silent_boringtun_is_not_revived_by_its_own_keepalive() -> None:
    """A server dead for five minutes, and nobody who sends: BoringTun stays expired, NepTUN tries again."""
    kept = {"persistent_keepalive": "25 s"}
    dead = at("5 s", "server_silent", lasts="5 min")
    tried = {
        name: [
            when
            for when in sent(of(name, dead, app=talker("9 min"), vpn={"wireguard": kept}), "initiation")
            if 250 * SECOND < when < 500 * SECOND
        ]
        for name in ("boringtun", "nordlynx")
    }
    assert tried["nordlynx"]
    assert not tried["boringtun"]
