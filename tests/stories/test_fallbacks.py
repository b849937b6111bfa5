"""A tunnel that takes IPv6 in and drops it: nothing leaks, nothing stays blocked, each connection waits a moment."""

from __future__ import annotations

from typing import Any

import sim
from sim.world.loading import load

SCENARIO = "scenarios/v4-tunnel-dual-stack.toml"
BOTH: dict[str, Any] = {"vpn.routes": ["0.0.0.0/0", "::/0"]}


def play(settings: dict[str, Any]) -> dict[str, Any]:
    return sim.summarise(sim.simulate(load(SCENARIO, settings=settings))).as_dict()


def test_dropped_ipv6_costs_a_wait_and_nothing_else() -> None:
    dropped, carried = play(BOTH | {"vpn.client.ipv6": "dropped"}), play(BOTH)
    assert play({})["exposure"]["flows"] > dropped["exposure"]["flows"] == 0
    assert dropped["blocked"]["bytes"] == 0
    assert dropped["fates"] == carried["fates"]
    connections = dropped["ipv6_fallbacks"]["connections"]
    assert connections > 50
    assert dropped["ipv6_fallbacks"]["delay_s"] == connections * 0.25
    assert carried["ipv6_fallbacks"] == {"connections": 0, "delay_s": 0.0}


def test_there_is_nothing_to_fall_back_from_where_the_network_has_no_ipv6() -> None:
    found = play(BOTH | {"vpn.client.ipv6": "dropped", "wifi.0.ipv6": False})
    assert found["ipv6_fallbacks"]["connections"] == 0
