"""What people do against leaks, each as a policy or as deeds, and what is left afterwards.

The day is a bad one: apps first, then the VPN, another server, a walk from Wi-Fi to cellular, a crash.
"""

from __future__ import annotations

from typing import Any

import pytest

import sim
from sim.world.loading import merge, validate


def app(name: str, kind: str = "app", destination: str = "internet", **socket: Any) -> dict[str, Any]:
    spec = {
        "destination": destination,
        "count": 4,
        "lifetime": "2 h",
        "reopen": {"when": "at-once"},
        "traffic": {"law": "periodic", "every": "10 s", "jitter": 0.5, "up": "200 B", "down": "1 kB"},
        **socket,
    }
    return {"name": name, "kind": kind, "background": "always", "sockets": [spec]}


DAY: dict[str, Any] = {
    "name": "a bad hour",
    "duration": "1 h",
    "device": {"behaviour": {"sealing_closes_legacy": 1.0, "closes_on_path_loss": 1.0, "apple_bypass_share_sealed": 1.0}},
    "vpn": {"client": {"reasserts": False}},
    "servers": [{"name": "server"}, {"name": "other"}],
    "wifi": [{"ssid": "home"}],
    "stays": [{"wifi": "home"}, {"at": "30 min", "leaving": "clean"}],
    "apps": [
        app("messenger"),
        app("camera", scope="cellular"),
        app("push", "system", "apns"),
        app("maps", "system", "apple"),
    ],
    "timeline": [
        {"at": "2 min", "do": "vpn_on"},
        {"at": "15 min", "do": "choose_server", "server": "other"},
        {"at": "45 min", "do": "provider_crash"},
        {"at": "50 min", "do": "vpn_on"},
    ],
}  # fmt: skip


def deeds(*more: tuple[str, str], start: str = "2 min") -> list[dict[str, Any]]:
    """The day's deeds, with others before or after the VPN is turned on."""
    first = {**DAY["timeline"][0], "at": start}
    return sorted(
        [first, *DAY["timeline"][1:], *({"at": at, "do": do} for at, do in more)],
        key=lambda d: float(d["at"].split()[0]),
    )


SEAL = {"include_all_networks": True}
NOTHING_EXCLUDED = {
    f"exclude_{what}": False for what in ("apns", "local_networks", "cellular_services", "device_communication")
}
POLICIES: dict[str, dict[str, Any]] = {
    "plain": {},
    "R1 connect first": {"timeline": deeds(("0 s", "airplane_on"), ("1.1 min", "airplane_off"), start="1 min")},
    "R2 airplane toggle": {"timeline": deeds(("3 min", "airplane_on"), ("4 min", "airplane_off"))},
    "R3 on demand": {"vpn": {"on_demand": [{"action": "connect"}]}},
    "R4 sealed": {"vpn": SEAL},
    "R5 sealed, nothing excluded": {"vpn": SEAL | NOTHING_EXCLUDED},
    "R6 enforced routes": {"vpn": {"enforce_routes": True}},
    "R7 Always-On": {"vpn": {"protocol": "ikev2", "always_on": {}}},
    "R8 router, cellular off": {"wifi": [{"ssid": "home", "router_vpn": True}], "stays": [{"wifi": "home", "cellular": False}]},
}  # fmt: skip


@pytest.fixture(scope="module")
def played() -> dict[str, dict[str, Any]]:
    runs = {name: sim.simulate(validate(merge(DAY, tables), name)) for name, tables in POLICIES.items()}
    return {name: sim.summarise(run).as_dict() for name, run in runs.items()}


def leaked(document: dict[str, Any], cause: str = "") -> int:
    found: int = (
        document["exposure"]["by_cause"].get(cause, {"bytes": 0})["bytes"] if cause else document["exposure"]["bytes"]
    )
    return found


def bypassed(document: dict[str, Any], reason: str) -> int:
    found: int = document["bypassed"]["by_reason"].get(reason, {"bytes": 0})["bytes"]
    return found


def test_connecting_first_and_toggling_reduce_what_old_sockets_leak(played: dict[str, Any]) -> None:
    for name in ("R1 connect first", "R2 airplane toggle"):
        assert leaked(played[name], "L01") < leaked(played["plain"], "L01") / 2, name
        assert leaked(played[name]) > 0, f"{name}: no cure for what comes later"


def test_on_demand_shortens_what_a_crash_costs(played: dict[str, Any]) -> None:
    assert leaked(played["R3 on demand"], "L14") < leaked(played["plain"], "L14") / 2


def test_sealing_turns_leaks_into_blocks_and_leaves_the_exclusions(played: dict[str, Any]) -> None:
    sealed, strict = played["R4 sealed"], played["R5 sealed, nothing excluded"]
    assert leaked(sealed) == leaked(strict) == 0
    assert sealed["blocked"]["bytes"] > played["plain"]["blocked"]["bytes"]
    assert bypassed(sealed, "push") > 0 == bypassed(strict, "push")
    assert bypassed(strict, "apple") > 0, "no consumer's policy reaches Apple's services"
    assert "AirDrop" in sealed["sealing_cost"]


def test_enforced_routes_take_pinned_sockets_in_and_block_nothing_when_the_tunnel_is_down(
    played: dict[str, Any],
) -> None:
    enforced = played["R6 enforced routes"]
    assert leaked(enforced, "L16") == 0 < leaked(played["plain"], "L16")
    assert leaked(enforced, "L14") > 0


def test_always_on_leaks_nothing_and_excepts_nothing(played: dict[str, Any]) -> None:
    managed = played["R7 Always-On"]
    assert leaked(managed) == managed["bypassed"]["bytes"] == 0
    assert managed["sealing_cost"] == ["Apple Watch"]


def test_a_router_with_a_vpn_leaves_nothing_to_see(played: dict[str, Any]) -> None:
    router = played["R8 router, cellular off"]
    assert leaked(router) == router["bypassed"]["bytes"] == 0 < router["fates"]["BEYOND"]


def test_each_changes_the_day(played: dict[str, Any]) -> None:
    assert all(document["fates"] != played["plain"]["fates"] for name, document in played.items() if name != "plain")
