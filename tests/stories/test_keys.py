"""Every switch of a scenario does something: no dead options."""

from __future__ import annotations

from typing import Any

import pytest

import sim
from sim.world.loading import put, validate

BURSTS = {"law": "periodic", "every": "7 s", "up": "400 B", "down": "2 kB"}


def socket(name: str, **fields: Any) -> dict[str, Any]:
    return {"name": name, "traffic": BURSTS, "lifetime": "3 min", "domain": f"{name}.example", **fields}


HOUR: dict[str, Any] = {
    "name": "an hour",
    "duration": "1 h",
    "seed": 3,
    "wifi": [{"ssid": "home"}],
    "stays": [{"wifi": "home"}, {"at": "20 min", "leaving": "clean"}, {"at": "40 min", "wifi": "home"}],
    "timeline": [
        {"at": "5 min", "do": "vpn_on"},
        {"at": "12 min", "do": "server_silent", "lasts": "2 min"},
        {"at": "30 min", "do": "rotate_key"},
    ],
    "apps": [
        {
            "name": "app",
            "background": "always",
            "sockets": [
                socket("web", transport="quic"),
                socket("dual", family="dual"),
                socket("printer", destination="local"),
                socket("mac", destination="device"),
                socket("calls", destination="carrier"),
                socket("work", address="10.1.2.3"),
                socket("pinned", scope="cellular"),
            ],
        },
        {"name": "push", "kind": "system", "background": "always", "sockets": [socket("apns", destination="apns")]},
        {"name": "apple", "kind": "system", "background": "always", "sockets": [socket("apple", destination="apple", count=4)]},
    ],
}  # fmt: skip
SEALED = {"vpn.include_all_networks": True}
GAP = {"vpn.client.reasserts": False, "vpn.client.apply": "9 s", "apps.0.sockets.0.transport": "udp-unconnected"}
SPLIT_DNS = {"vpn.dns.match_domains": ["web.example"]}
HOME_RULE = [{"action": "disconnect", "probe": "at home"}, {"action": "connect"}]
HOLE = {"timeline": [*HOUR["timeline"], {"at": "1455 s", "do": "outage", "lasts": "4 s"}]}
RULE = {"vpn.on_demand": [{"action": "connect"}]}


def outcome(settings: dict[str, Any]) -> dict[str, Any]:
    tree: dict[str, Any] = {**HOUR}
    for key, value in settings.items():
        put(tree, key, value, "test")
    return sim.summarise(sim.simulate(validate(tree, "test"))).as_dict()


@pytest.mark.parametrize(
    ("key", "value", "where"),
    [
        ("vpn.protocol", "ikev2", {}),
        ("vpn.protocol", "openvpn", {}),
        ("vpn.protocol", "lightway", {}),
        ("vpn.protocol", "masque", {}),
        ("vpn.client", "mullvad", {}),
        ("vpn.client", "nordlynx", {}),
        ("vpn.client.monitor.heartbeat", "5 s", {"vpn.client.monitor.active": True}),
        ("vpn.client.monitor.ping_timeout", "8 s", {"vpn.client.monitor.active": True}),
        ("vpn.lightway.transport", "tcp", {"vpn.protocol": "lightway"}),
        ("vpn.lightway.copies", 1, {"vpn.protocol": "lightway"}),
        ("vpn.lightway.keepalive_continuous", True, {"vpn.protocol": "lightway"}),
        ("vpn.lightway.tracer", "3 s", {"vpn.protocol": "lightway"}),
        ("vpn.masque.zero_rtt", True, {"vpn.protocol": "masque"}),
        ("vpn.masque.keepalive", "5 s", {"vpn.protocol": "masque"}),
        ("vpn.masque.migration", False, {"vpn.protocol": "masque"}),
        ("vpn.masque.reconnects", "on-packet", {"vpn.protocol": "masque"}),
        ("vpn.ikev2.on_dead", "begin-again", {"vpn.protocol": "ikev2", "vpn.ikev2.dpd_interval": "1 min"}),
        ("vpn.ikev2.dpd", "when-silent", {"vpn.protocol": "ikev2", "vpn.ikev2.dpd_interval": "1 min"}),
        ("vpn.ikev2.dpd_repeats", "like-requests", {"vpn.protocol": "ikev2", "vpn.ikev2.dpd_interval": "1 min"}),
        ("vpn.endpoint", "name", {}),
        ("vpn.routes", ["0.0.0.0/0"], {}),
        ("vpn.routes", ["10.0.0.0/8"], {}),
        ("vpn.excluded_routes", ["10.0.0.0/8"], {}),
        ("vpn.dns.servers", [], {}),
        ("vpn.dns.match_domains", ["web.example"], {}),
        ("vpn.include_all_networks", True, {}),
        ("vpn.exclude_local_networks", False, SEALED),
        ("vpn.exclude_cellular_services", False, SEALED),
        ("vpn.exclude_apns", False, SEALED),
        ("vpn.exclude_device_communication", False, SEALED),
        ("vpn.enforce_routes", True, {}),
        ("vpn.on_demand", [{"action": "connect"}], {}),
        ("vpn.per_app", ["app"], {}),
        ("vpn.client.ipv6", "dropped", {}),
        ("device.behaviour.happy_eyeballs_delay", "1 s", {"vpn.client.ipv6": "dropped"}),
        ("vpn.per_app_domains", ["web.example"], {"vpn.per_app": ["app"]}),
        ("vpn.endpoint", "name", {"wifi.0.spoofs_server": ["0.0.0.0/1"]}),
        ("vpn.client.kill_switch", "app", GAP | {"vpn.client.engage_delay": "0 s"}),
        (
            "vpn.client.engage_delay",
            "0.1 s",
            GAP | {"vpn.client.kill_switch": "app"},
        ),
        ("vpn.always_on", {"allow": ["cellular-services"]}, {"vpn.protocol": "ikev2"}),
        ("vpn.always_on.allow_apps_udp", ["app"], {"vpn.protocol": "ikev2", "vpn.always_on": {}}),
        ("vpn.wireguard.persistent_keepalive", "25 s", {}),
        ("vpn.wireguard.rebind", False, {}),
        ("vpn.client.reasserts", False, {}),
        ("vpn.client.routes_while_reconnecting", "kept", {"vpn.protocol": "openvpn"}),
        ("device.behaviour", "host-routes", {}),
        ("device.behaviour.apple_bypass_share", 1.0, {}),
        ("device.behaviour.apple_bypass_share_sealed", 1.0, SEALED),
        ("device.behaviour.gates_new_flows", 0.0, RULE),
        ("device.behaviour.split_dns_fallback", 1.0, SPLIT_DNS),
        ("device.behaviour.look_ups_at_network_change", 9.0, {}),
        ("device.behaviour.apns_prefers_cellular", 0.0, {}),
        ("device.encrypted_dns", True, SPLIT_DNS),
        ("device.behaviour.system_bypass", 1.0, {"apps.0.kind": "system"}),
        ("device.behaviour.apple_exempt_since", "99", SEALED | {"device.behaviour.apple_bypass_share_sealed": 1.0}),
        ("device.behaviour.checks_at_join", 3, {}),
        ("device.behaviour.sealing_stops_hotspot", False, SEALED | {"apps.0.kind": "tethered"}),
        ("device.behaviour.ignores_dhcp_routes", True, {"wifi.0.dhcp_routes": ["0.0.0.0/1"]}),
        ("device.behaviour.drops_diverted", True, {"wifi.0.dhcp_routes": ["0.0.0.0/1"]}),
        ("device.behaviour.dns_first_retry_cellular", "10 ms", SPLIT_DNS | HOLE),
        (
            "device.behaviour.dns_backoff",
            5.0,
            SPLIT_DNS | HOLE | {"device.behaviour.dns_first_retry_cellular": "10 ms"},
        ),
        ("limits.probe_cached", True, {"vpn.on_demand": HOME_RULE, "wifi.0.reaches": ["at home"]}),
        ("wifi.0.local_network", "0.0.0.0/1", {}),
        ("wifi.0.dhcp_routes", ["0.0.0.0/1"], {}),
        ("wifi.0.router_vpn", True, {}),
        ("wifi.0.imitates", "café", {"vpn.on_demand": [{"action": "ignore", "ssid": ["café"]}, {"action": "connect"}]}),
        (
            "wifi.0.dns_domain",
            "corp.example",
            {"vpn.on_demand": [{"action": "ignore", "dns_domain": ["corp.*"]}, {"action": "connect"}]},
        ),
        (
            "wifi.0.dns_servers",
            ["17.1.1.1"],
            {"vpn.on_demand": [{"action": "ignore", "dns_server": ["17.*"]}, {"action": "connect"}]},
        ),
        ("wifi.0.reaches", ["at home"], {"vpn.on_demand": HOME_RULE}),
        ("apps.0.kind", "tethered", {}),
        ("apps.0.acts_for", "push", {"vpn.per_app": ["push"]}),
        ("apps.0.sockets.0.doh", True, SPLIT_DNS),
        (
            "apps.0.sockets.0.doh_address",
            "9.9.9.9",
            {"apps.0.sockets.0.doh": True, "vpn.excluded_routes": ["9.0.0.0/8"]},
        ),
        ("device.ios_version", "16.0", SEALED),
        ("stays.1.signal_dbm", -120.0, {}),
        ("stays.1.handovers_per_minute", 3.0, {}),
        ("stays.1.speed_kmh", 90.0, {}),
        ("stays.0.roams_per_minute", 60.0, {"wifi.0.roam": "600 ms"}),
        ("stays.1.pingpong", 1.0, {}),
        ("stays.0.wifi_dbm", -88.0, {"apps.0.in_front": True}),
        ("device.wifi_assist.on", False, {"apps.0.in_front": True, "stays.1.leaving": "fade"}),
        ("apps.0.sockets.6.mptcp", "handover", {"apps.0.sockets.6.scope": "none", "stays.1.leaving": "fade"}),
        ("stays.1.outages", "metro", {}),
        ("wifi.0.public", True, {}),
        ("wifi.0.join_failure", 0.9, {}),
        ("stays.1.leaving", "fade", {}),
        ("stays.1.outages", {"per_hour": 60, "length": "20 s"}, {}),
        ("stays.0.flapping", {"stays": "1 min", "away": "30 s"}, {}),
        ("cellular.radio", "lte-2012", {}),
        ("cellular.ipv6", False, {"vpn.routes": ["0.0.0.0/0"]}),
        ("vpn_on", True, {}),
    ],
)
def test_a_switch_changes_something(key: str, value: Any, where: dict[str, Any]) -> None:
    assert outcome(where) != outcome({**where, key: value})
