"""How long a tunnel took to come back: only what is its own doing counts."""

from __future__ import annotations

from typing import Any

import sim
from sim.base.units import MINUTE, SECOND
from sim.measure.reconnects import reconnects, silences
from sim.world.loading import validate


def hour(*timeline: dict[str, Any]) -> sim.Run:
    """An hour at home on IKEv2, traffic each two seconds."""
    bursts = {"law": "periodic", "every": "2 s", "up": "400 B", "down": "2 kB"}
    sockets = [{"name": "web", "transport": "quic", "traffic": bursts, "lifetime": "3 min", "domain": "web.example"}]
    tree: dict[str, Any] = {
        "name": "an hour",
        "duration": "1 h",
        "vpn_on": True,
        "vpn": {"protocol": "ikev2", "server": "a"},
        "servers": [{"name": name} for name in "abc"],
        "wifi": [{"ssid": "home"}],
        "stays": [{"wifi": "home"}],
        "apps": [{"name": "app", "background": "always", "sockets": sockets}],
        "timeline": list(timeline),
    }
    return sim.simulate(validate(tree, "hour"))


def test_another_server_that_is_silent_does_not_shorten_an_interruption() -> None:
    switch = {"at": "20 min", "do": "choose_server", "server": "b"}
    alone = hour(switch)
    beside = hour({"at": "10 min", "do": "server_silent", "server": "c", "lasts": "30 min"}, switch)
    assert sum(r.delay for r in reconnects(alone)) > 0
    assert reconnects(beside) == reconnects(alone)


def test_a_silent_server_is_not_the_tunnels_doing() -> None:
    run = hour({"at": "15 min", "do": "server_silent", "lasts": "40 s"})  # between two liveness checks
    assert any(15 * MINUTE <= s.begin < 15 * MINUTE + 40 * SECOND and not s.situation.answers for s in run.standings)
    assert [(r.event, r.delay) for r in reconnects(run)] == [("ServerWentSilent", 0)]


def test_a_silence_lasts_while_its_server_is_the_chosen_one() -> None:
    run = hour(
        {"at": "10 min", "do": "server_silent", "server": "b", "lasts": "30 min"},
        {"at": "20 min", "do": "choose_server", "server": "b"},
        {"at": "30 min", "do": "choose_server", "server": "a"},
        {"at": "50 min", "do": "server_silent", "server": "a", "lasts": "20 min"},
    )
    assert silences(run).tolist() == [[20 * MINUTE, 30 * MINUTE], [50 * MINUTE, 60 * MINUTE]]
