"""Wi-Fi and cellular at once: Wi-Fi Assist, multipath TCP, a Wi-Fi that comes back, public networks that are slow to join."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.base.streams import Streams
from sim.base.units import SECOND, Instant
from sim.engine.simulate import Run, simulate
from sim.machines.events import Interface, WifiDemoted, WifiJoined, WifiLost, WifiPreferred
from sim.machines.routing import Cause, Fate
from sim.measure.leaks import leak_windows
from sim.world.nature import draw
from tests.generated import Table, scenario

AFTER = 3
"""Wi-Fi Assist's patience. [s]"""


def play(stays: list[Table], in_front: bool = True, vpn: Table | None = None, **tables: Any) -> Run:
    """An app that speaks each 500 ms for two minutes, on Wi-Fi at first; a tunnel that is up."""
    sockets = {
        "traffic": {"law": "constant", "every": "500 ms", "up": "100 B"},
        "lifetime": "9 h",
        **tables.pop("sockets", {}),
    }
    return simulate(
        scenario(
            {
                "name": "story",
                "duration": "2 min",
                "vpn_on": True,
                "vpn": vpn or {},
                "device": {
                    "behaviour": {"look_ups_at_network_change": 0.0},
                    "wifi_assist": {"on": tables.pop("assist", True), "after": f"{AFTER} s", "back_after": "10 s"},
                },
                "path": {"weak_wifi": "30 s", "pingpong": "20 s", "pingpong_visit": "5 s"},
                "wifi": [{"ssid": "home", "rtt": tables.pop("rtt", "15 ms"), "loss": 0.0}],
                "cellular": {"loss": 0.0},
                "stays": stays,
                "apps": [{"name": "app", "background": "always", "in_front": in_front, "sockets": [sockets]}],
                **tables,
            }
        )
    )


FADE: list[Table] = [{"wifi": "home"}, {"at": "60 s"}]


def when(run: Run, kind: type) -> list[float]:
    return [r.at / SECOND for r in run.timeline if r.actor == "nature" and isinstance(r.event, kind)]


def longest_wait(run: Run) -> float:
    return float((run.ledger.settled - run.ledger.at).max()) / SECOND


def defaults(run: Run) -> list[tuple[Instant, Interface | None]]:
    """From when on which interface is the default. [s]"""
    found: list[tuple[Instant, Interface | None]] = []
    for s in run.standings:
        if not found or found[-1][1] is not s.situation.default:
            found.append((s.begin // SECOND, s.situation.default))
    return found


# Wi-Fi Assist ---------------------------------------------------------------------------------------------------------


def test_assist_leaves_a_dead_wifi_after_seconds_and_without_it_nothing_passes_for_half_a_minute() -> None:
    assert when(play(FADE), WifiDemoted) == [60 + AFTER]
    assert AFTER <= longest_wait(play(FADE)) < AFTER + 2
    assert longest_wait(play(FADE, assist=False)) > 29


def test_assist_is_for_the_app_in_front() -> None:
    assert when(play(FADE, in_front=False), WifiDemoted) == []


def test_assist_flaps_where_wifi_is_weak_but_alive() -> None:
    weak = play([{"wifi": "home", "wifi_dbm": -85.0}])
    found = defaults(weak)
    assert found[:4] == [(0, Interface.WIFI), (3, Interface.CELLULAR), (13, Interface.WIFI), (16, Interface.CELLULAR)]
    assert defaults(play([{"wifi": "home", "wifi_dbm": -75.0}])) == [(0, Interface.WIFI)]


def test_assist_acts_on_an_outage_and_returns_when_it_ends() -> None:
    outage = {"at": "20 s", "do": "outage", "interface": "wifi", "lasts": "30 s"}
    run = play([{"wifi": "home"}], timeline=[outage])
    assert (when(run, WifiDemoted), when(run, WifiPreferred)) == ([23.0], [50.0])


# Multipath TCP --------------------------------------------------------------------------------------------------------

MPTCP = {"mptcp": "handover"}


def leaked(run: Run) -> list[tuple[Cause, Instant, Instant]]:
    return [(w.cause, w.begin // SECOND, w.end // SECOND) for w in leak_windows(run)]


def test_a_second_subflow_leaks_while_wifi_is_dead() -> None:
    run = play(FADE, sockets=MPTCP, assist=False)
    assert leaked(run) == [(Cause.OTHER_RADIO, 60, 90)]
    outside = run.ledger.fate == Fate.LEAKED
    assert run.ledger.cellular[outside].all()
    assert (run.ledger.settled[outside] == run.ledger.at[outside]).all()  # it waits for nothing


@pytest.mark.parametrize("vpn", [{"include_all_networks": True}, {"enforce_routes": True}])
def test_unless_a_policy_takes_pinned_sockets_in(vpn: Table) -> None:
    assert leaked(play(FADE, sockets=MPTCP, assist=False, vpn=vpn)) == []


def test_a_plain_socket_waits_instead() -> None:
    assert leaked(play(FADE, assist=False)) == []


def test_an_interactive_one_leaks_wherever_wifi_is_slow() -> None:
    slow: dict[str, Any] = {"rtt": "700 ms", "assist": False}
    assert leaked(play([{"wifi": "home"}], sockets={"mptcp": "interactive"}, **slow)) == [(Cause.OTHER_RADIO, 0, 120)]
    assert leaked(play([{"wifi": "home"}], sockets=MPTCP, **slow)) == []


def test_one_that_was_open_before_the_tunnel_is_a_legacy_socket_first() -> None:
    run = play(FADE, sockets=MPTCP, assist=False, vpn_on=False, timeline=[{"at": "10 s", "do": "vpn_on"}])
    causes = [cause for cause, _, _ in leaked(run)]
    assert causes[:1] == [Cause.TUNNEL_GAP] or causes[:1] == [Cause.LEGACY_SOCKET]
    assert Cause.LEGACY_SOCKET in causes
    assert Cause.OTHER_RADIO in causes


# Coming and going -----------------------------------------------------------------------------------------------------


def test_a_wifi_just_left_comes_back_for_a_moment() -> None:
    run = play([{"wifi": "home"}, {"at": "30 s", "leaving": "clean", "pingpong": 1.0}])
    joined, lost = when(run, WifiJoined), when(run, WifiLost)
    assert joined == [0, pytest.approx(50)]
    assert lost == [30, pytest.approx(55)]


def test_a_public_network_takes_longer_to_join_and_fails_at_times() -> None:
    """The published quantiles of attempts that succeed; and with failures, longer."""

    def joins(**wifi: Any) -> Any:
        flapping = {"stays": "20 s", "away": "10 s"}
        table = {
            "name": "joins",
            "duration": "20 h",
            "wifi": [{"ssid": "cafe", **wifi}],
            "stays": [{"wifi": "cafe", "flapping": flapping, "leaving": "clean"}],
        }
        script = draw(scenario(table), Streams(1)).script
        lost = [at for at, event in script if isinstance(event, WifiLost)]
        found = [at for at, event in script if isinstance(event, WifiJoined)][1:]
        return np.array([b - a for a, b in zip(lost, found, strict=False)]) / SECOND - 10

    public, known = joins(public=True, join_failure=0.0), joins()
    assert len(public) > 1500
    assert abs((public > 5).mean() - 0.15) < 0.03
    assert abs((public > 10).mean() - 0.05) < 0.02
    assert np.median(known) == pytest.approx(1.5, abs=0.15)
    failing = joins(public=True)
    assert failing.mean() == pytest.approx(public.mean() / 0.7, rel=0.25)
