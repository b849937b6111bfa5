"""What is outside by design: whose, why, and under which mechanism it is counted."""

from __future__ import annotations

from typing import Any

import pytest

import sim
from sim.world.loading import merge, validate

BURSTS = {"law": "periodic", "every": "5 s", "up": "100 B", "down": "900 B"}


def socket(name: str, **fields: Any) -> dict[str, Any]:
    return {"name": name, "traffic": BURSTS, "lifetime": "1 h", **fields}


def service(destination: str) -> dict[str, Any]:
    return {
        "name": destination,
        "kind": "system",
        "background": "always",
        "sockets": [socket(destination, destination=destination)],
    }


PHONE: dict[str, Any] = {
    "name": "by design",
    "duration": "10 min",
    "vpn_on": True,
    "device": {"behaviour": {"look_ups_at_network_change": 0.0, "apple_bypass_share_sealed": 1.0}},
    "wifi": [{"ssid": "home"}],
    "stays": [{"wifi": "home"}],
    "apps": [
        *map(service, ("apns", "apple", "carrier", "voicemail", "device", "watch", "link", "local", "airprint")),
        {
            "name": "voice",
            "background": "always",
            "sockets": [socket("calls", transport="udp"), socket("web", transport="tcp")],
        },
    ],
}
EACH = 120 * 1000
"""Bytes of one socket."""


def outside(vpn: dict[str, Any], **tables: Any) -> dict[str, int]:
    """Bytes outside by design, by reason."""
    run = sim.simulate(validate(merge(PHONE, {"vpn": vpn, **tables}), "by-design.toml"))
    found = sim.summarise(run).as_dict()
    assert found["exposure"]["bytes"] == 0
    by_reason = found["bypassed"]["by_reason"]
    assert sum(entry["bytes"] for entry in by_reason.values()) == found["bypassed"]["bytes"]
    return {reason: entry["bytes"] for reason, entry in by_reason.items()}


SEALED: dict[str, Any] = {"include_all_networks": True}
ALL_IN = SEALED | dict.fromkeys(
    ("exclude_local_networks", "exclude_cellular_services", "exclude_apns", "exclude_device_communication"), False
)
STRICT: dict[str, Any] = {"protocol": "ikev2"}


@pytest.mark.parametrize(
    ("vpn", "found"),
    [
        pytest.param(
            SEALED,
            {"apple": 1, "push": 1, "carrier": 2, "device": 1, "watch": 1, "network": 1, "local": 2},
            id="sealed, with Apple's default exclusions",
        ),
        pytest.param(SEALED | {"exclude_apns": False}, {"apple": 1, "carrier": 2, "device": 1, "watch": 1, "network": 1, "local": 2},
                     id="push alone moves inside"),
        pytest.param(ALL_IN, {"apple": 1, "watch": 1, "network": 1}, id="sealed, nothing excluded"),
        pytest.param(STRICT | {"always_on": {}}, {"watch": 1, "network": 1}, id="Always-On, strict"),
        pytest.param(
            STRICT | {"always_on": {"allow": ["voicemail"]}}, {"exception": 2, "watch": 1, "network": 1},
            id="VoiceMail: the carrier's services, of which it is one",
        ),
        pytest.param(
            STRICT | {"always_on": {"allow": ["cellular-services"]}}, {"exception": 1, "watch": 1, "network": 1},
            id="CellularServices: not voicemail",
        ),
        pytest.param(
            STRICT | {"always_on": {"allow": ["airprint"]}}, {"exception": 2, "watch": 1, "network": 1}, id="AirPrint"
        ),
        pytest.param(
            STRICT | {"always_on": {"allow": ["device-communication"]}}, {"exception": 2, "watch": 1, "network": 1},
            id="DeviceCommunication: not printing",
        ),
        pytest.param(
            STRICT | {"always_on": {"allow_apps": ["voice"]}}, {"exception": 2, "watch": 1, "network": 1}, id="an app"
        ),
        pytest.param(
            STRICT | {"always_on": {"allow_apps_udp": ["voice"]}}, {"exception": 1, "watch": 1, "network": 1},
            id="an app, UDP only",
        ),
    ],
)  # fmt: skip
def test_who_is_outside(vpn: dict[str, Any], found: dict[str, int]) -> None:
    """Counted in sockets; all have equal traffic."""
    assert outside(vpn) == {reason: n * EACH for reason, n in found.items()}


@pytest.mark.parametrize(
    ("ios", "inside"),
    [
        ("15.6", {"apple", "push", "carrier", "device"}),
        ("16.3", {"push", "carrier", "device"}),
        ("17.3", {"device"}),
        ("17.4", set()),
    ],
)
def test_the_exclusions_came_with_versions(ios: str, inside: set[str]) -> None:
    """ivpn-146 and ivpn-360 for Apple's services; Apple's schema for the exclude flags."""
    everything = {"apple", "push", "carrier", "device", "watch", "network", "local"}
    assert set(outside(SEALED, device={"ios_version": ios})) == everything - inside


def test_each_reason_names_its_mechanism() -> None:
    run = sim.simulate(validate(merge(PHONE, {"vpn": STRICT | {"always_on": {"allow": ["voicemail"]}}}), "x.toml"))
    found = sim.summarise(run).as_dict()["bypassed"]["by_reason"]
    assert {reason: entry["mechanism"] for reason, entry in found.items()} == {
        "exception": "L17",
        "watch": "L02",
        "network": "L02",
    }
