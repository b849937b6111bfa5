"""Lightway and MASQUE in the trouble that the anchors tell of the others: a start, a handover, a black hole, a restart, a night."""

from __future__ import annotations

import pytest

from sim.base.units import SECOND
from sim.machines.events import DeviceWoke
from sim.machines.machine import Answered
from sim.machines.routing import Fate
from tests.stories.test_anchors import AWAY, NOTICE, START, R, at, blocked_until, only, play, sent, talker, windows
from tests.stories.test_programs import NIGHT

CHATTY = talker("1 s")


# Lightway -------------------------------------------------------------------------------------------------------------


def test_lightway_blocks_while_it_connects() -> None:
    """Its interface is there before the first connection: nothing leaks, three round trips are blocked."""
    run = play("lightway", at("30 s", "vpn_on"), app=talker("20 ms"), vpn_on=False, duration="1 min")
    assert [w for w in windows(run) if w.end > 30 * SECOND + START] == []
    assert blocked_until(run, 30 * SECOND + START) == 30 * SECOND + START + 3 * R


def test_lightway_says_everything_three_times_until_it_is_online() -> None:
    run = play("lightway", at("30 s", "vpn_on"), app=CHATTY, vpn_on=False)
    sizes = {c.name: (c.up, c.down) for c in run.control}
    assert sizes["ClientHello"] == (3 * 337, 3 * 201)
    assert sizes["ClientHello with cookie"] == (3 * 457, 3 * 961)


def test_three_copies_hide_a_bad_network() -> None:
    """Of a hundred starts at 20 % loss, one copy fails in every third exchange, three copies in every sixtieth."""
    lossy = {"wifi": [{"ssid": "home", "rtt": "30 ms", "loss": 0.2, "join": "1 s"}]}
    starts = [at(f"{10 + 20 * i} s", "server_restart") for i in range(100)]
    tries = [
        len(
            sent(
                play("lightway", *starts, app=CHATTY, duration="40 min", vpn={"lightway": {"copies": n}}, **lossy),
                "ClientHello",
            )
        )
        for n in (1, 3)
    ]
    once, thrice = (count / 100 for count in tries)
    assert 1.35 < once < 1.8  # 1 / (1 - 0.2)² = 1.56
    assert 1.0 <= thrice < 1.1  # 1 / (1 - 0.008)² = 1.02


def test_lightway_floats_without_a_leak() -> None:
    run = play("lightway", app=CHATTY, path={"handover_gap": "0 s"}, **AWAY)
    assert windows(run) == []
    pings = sent(run, "ping")
    assert len(pings) == 1
    assert pings[0] == 60 * SECOND + NOTICE


def test_lightway_over_tcp_ends_with_its_network() -> None:
    run = play("lightway", app=CHATTY, vpn={"lightway": {"transport": "tcp"}}, **AWAY)
    assert only(run, Fate.TUNNELLED, Fate.STALLED, Fate.BLOCKED, Fate.OFFLINE)
    assert len(sent(run, "connect")) == 1, "the one of the start is not on the air"


def test_lightway_heals_a_restart_with_the_next_packet() -> None:
    run = play("lightway", at("60 s", "server_restart"), app=CHATTY)
    first = 60 * SECOND
    assert blocked_until(run, first) == first + R + SECOND + 3 * R
    assert only(run, Fate.TUNNELLED)


@pytest.mark.parametrize(("hole", "ends"), [(13, False), (20, True)])
def test_lightway_gives_a_dead_server_up_in_sixteen_seconds(hole: int, ends: bool) -> None:
    run = play("lightway", at("60500 ms", "server_silent", lasts=f"{hole} s"), app=CHATTY)
    assert bool(sent(run, "ClientHello")) is ends


# MASQUE ---------------------------------------------------------------------------------------------------------------


def test_masque_leaks_until_the_proxy_has_answered() -> None:
    run = play("masque", at("30 s", "vpn_on"), app=CHATTY, vpn_on=False)
    (gap,) = windows(run)
    assert gap.end == 30 * SECOND + START + 2 * R


def test_masque_migrates_without_a_leak() -> None:
    run = play("masque", app=CHATTY, **AWAY)
    assert windows(run) == []
    assert len(sent(run, "PATH_CHALLENGE")) == 1
    assert sent(run, "Initial") == []


@pytest.mark.parametrize(("hole", "handshakes"), [(20, 1), (40, 2)])
def test_masque_sits_a_hole_out_if_it_is_shorter_than_the_idle_timeout(hole: int, handshakes: int) -> None:
    run = play("masque", at("60500 ms", "server_silent", lasts=f"{hole} s"), app=CHATTY)
    answered = [record for record in run.timeline if record.event == Answered("Initial")]
    assert len(answered) == handshakes
    assert windows(run) == []


def test_masque_is_reset_by_a_restarted_server() -> None:
    run = play("masque", at("60 s", "server_restart"), app=CHATTY, client={"reasserts": False})
    assert sent(run, "Initial") == [60 * SECOND + R + SECOND]


@pytest.mark.parametrize(
    ("clock", "after"),
    [
        pytest.param("boot", 0, id="its clock ran on: it knows that it was closed, and waits its second"),
        pytest.param("monotonic", R, id="its clock stood still: the first packet is answered by a reset"),
    ],
)
def test_masque_wakes_up_closed(clock: str, after: int) -> None:
    run = play("masque", app=CHATTY, vpn={"masque": {"clock": clock}}, **NIGHT)
    woke = next(record.at for record in run.timeline if isinstance(record.event, DeviceWoke))
    dialled = next(when for when in sent(run, "Initial") if when > woke)
    assert dialled == woke + after + SECOND
    assert windows(run) == []


def test_usque_stays_closed_until_somebody_speaks() -> None:
    """A burst at 9 min; the connection of the start was closed after half a minute."""
    run = play("masque", app=talker("9 min"), client={"implementation": "usque"}, vpn={"masque": {"keepalive": "0 s"}})
    assert sent(run, "Initial") == [540 * SECOND]
    assert only(run, Fate.TUNNELLED)
    assert blocked_until(run, 540 * SECOND) - 540 * SECOND == 2 * R
