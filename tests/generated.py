"""Scenarios by the hundred, for tests that must hold in all of them.

A day is made by throwing dice, :class:`Dice`, which are either Hypothesis's (:func:`days`: failures shrink, but the days resemble each
other) or pseudo-random (:func:`day`: a number is a day, and every number is a very different one). They are short days in which a lot
goes wrong: networks come and go, servers fall silent, clients crash, people switch. Instants are odd numbers of microseconds, so
that two things seldom happen at once unless a rule makes them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from random import Random
from typing import Any, TypeVar

from hypothesis import strategies as st

from sim.base.units import MILLISECOND, MINUTE, SECOND, Duration
from sim.machines.ios.implementations import IMPLEMENTATIONS
from sim.machines.protocols import PROTOCOLS
from sim.world.scenario import Scenario

Table = dict[str, Any]
T = TypeVar("T")
FIRST_PROTOCOLS = ("wireguard", "ikev2", "openvpn")
"""The protocol of a numbered day is thrown among these; a younger one may take its place at the end."""
MS = MILLISECOND


class Dice:
    """Chance, from a source of whole numbers in [low, high]."""

    def __init__(self, whole: Callable[[int, int], int]) -> None:
        self.whole = whole

    def one_of(self, *choices: T) -> T:
        return choices[self.whole(0, len(choices) - 1)]

    def once_in(self, n: int) -> bool:
        """True once in n times."""
        return self.whole(0, n - 1) == n - 1

    def us(self, low: Duration, high: Duration) -> str:
        """An odd duration, as a file says it."""
        return f"{2 * self.whole(low // 2, high // 2) + 1} us"


def scenario(table: Table) -> Scenario:
    """The scenario that a file with this content means."""
    return Scenario.model_validate_json(json.dumps(table))


def day(number: int, protocol: str | None = None, sleeps: bool | None = None) -> Scenario:
    """The day of this number."""
    return scenario(table(Dice(Random(number).randint), protocol, sleeps))


def quiet_day(number: int) -> Scenario:
    """A day on which little is said and much is pushed, so that NATs forget tunnels."""
    dice = Dice(Random(number).randint)
    found = table(dice)
    for app in found["apps"]:
        app["background"] = "always"
        for sockets in app["sockets"]:
            law, every = dice.one_of("push", "push", "poisson"), dice.us(10 * SECOND, 4 * MINUTE)
            sockets |= {"traffic": {"law": law, "every": every}, "destination": "internet", "lifetime": "5 min"}
    return scenario(found)


@st.composite
def tables(draw: st.DrawFn, protocol: str | None = None, sleeps: bool | None = None) -> Table:
    """Days as files would say them."""
    return table(Dice(lambda low, high: draw(st.integers(low, high))), protocol, sleeps)


def days(protocol: str | None = None, sleeps: bool | None = None) -> st.SearchStrategy[Scenario]:
    """Scenarios of 10 to 40 minutes."""
    return tables(protocol, sleeps).map(scenario)


def table(dice: Dice, protocol: str | None = None, sleeps: bool | None = None) -> Table:
    """A scenario as a file would say it."""
    duration = dice.one_of(10, 20, 40) * MINUTE
    found: Table = {
        "name": "generated",
        "duration": f"{duration} us",
        "seed": dice.whole(0, 2**32),
        "vpn_on": dice.once_in(2),
        "servers": [
            {"name": "one", "extra_rtt": dice.us(0, 40 * MS), "loss": dice.one_of(0.0, 0.05)},
            {"name": "two", "extra_rtt": dice.us(0, 200 * MS)},
        ],
        "vpn": _vpn(dice, protocol or dice.one_of(*FIRST_PROTOCOLS)),
        "apps": [_app(dice, f"app{i}", duration) for i in range(dice.whole(1, 3))],
        "timeline": _deeds(dice, duration),
        **_places(dice, duration),
    }
    if not found["vpn_on"] and not found["vpn"].get("on_demand"):
        found["timeline"].append({"do": "vpn_on", "at": dice.us(0, duration // 3)})
    if dice.once_in(2) if sleeps is None else sleeps:
        found["device"] = {
            "sleeps": True,
            "sleep_after": dice.us(10 * SECOND, 2 * MINUTE),
            "wake_every": dice.us(30 * SECOND, 6 * MINUTE),
            "wake_for": dice.us(3 * SECOND, 40 * SECOND),
        }
    _roughen(dice, found)
    for access in (*found["wifi"], found["cellular"]):
        access["nat_udp"] = dice.one_of("10 s", "30 s", "3 min")
    _by_name(dice, found["vpn"], protocol)
    return found


def _by_name(dice: Dice, vpn: Table, protocol: str | None) -> None:
    """Younger protocols, and real programs instead of made-up clients. Thrown last, too."""
    if protocol is None and "always_on" not in vpn and dice.once_in(2):
        vpn["protocol"] = dice.one_of(*(name for name in PROTOCOLS if name not in FIRST_PROTOCOLS))
        vpn[vpn["protocol"]] = _protocol(dice, vpn["protocol"])
    if dice.once_in(2):
        names = [name for name, found in IMPLEMENTATIONS.items() if found.protocol == vpn["protocol"]]
        kept = {key: vpn["client"][key] for key in ("runs_in_sleep", "crashes_per_day")}
        vpn["client"] = {"implementation": dice.one_of(*names), **kept}
    if dice.once_in(4):
        vpn["client"]["monitor"] = {"active": True}


def _roughen(dice: Dice, found: Table) -> None:
    """Hostile networks, and what pages and other VPNs do. Thrown last, so that a day's number means what it meant before."""
    for wifi in found.get("wifi", []):
        if dice.once_in(4):
            wifi["local_network"] = dice.one_of("0.0.0.0/1", "64.0.0.0/2", "192.168.7.0/24")
        if dice.once_in(4):
            wifi["dhcp_routes"] = dice.one_of(["0.0.0.0/1", "128.0.0.0/1"], ["8.0.0.0/6"])
        if dice.once_in(8):
            wifi["spoofs_server"] = ["17.0.0.0/8"]
        if dice.once_in(12):
            wifi["router_vpn"] = True
    if dice.once_in(4):
        found["vpn"].update(enforce_routes=True, routes=["0.0.0.0/1", "128.0.0.0/1", "::/0"])
    if dice.once_in(4):
        found["vpn"]["client"]["kill_switch"] = "app"
    if dice.once_in(6):
        found["vpn"]["client"]["ipv6"] = "dropped"
    if dice.once_in(4):
        found["vpn"]["endpoint"] = "name"
    if dice.once_in(8):
        found["apps"][-1]["kind"] = "tethered"
    if "on_demand" in found["vpn"] and dice.once_in(3):
        needs = {"domains": ["example.org"], "required_dns": ["10.0.0.1"]}
        found["vpn"]["on_demand"] = [
            {"action": "disconnect", "dns_domain": ["home.*"]},
            {"action": "evaluate", "evaluate": [needs]},
        ]
    if dice.once_in(4):
        found["apps"][0]["sockets"][0].update(domain="example.net", doh=True, doh_address=dice.one_of("", "9.9.9.9"))
    if dice.once_in(6):
        found.setdefault("device", {})["behaviour"] = dice.one_of(
            "new-sockets-outside", "android-block", "horowitz-2022"
        )
    for wifi in found.get("wifi", []):
        if dice.once_in(4):
            wifi.update(dns_domain="home.arpa", imitates="home")
        if dice.once_in(4):
            wifi["dns_servers"] = ["10.0.0.1"]
    for deed in ("gather_candidates", "enable_other_vpn", "clear_settings"):
        if dice.once_in(5):
            found["timeline"].append({"do": deed, "at": dice.us(0, 9 * MINUTE)})


def _traffic(dice: Dice) -> Table:
    gap = dice.us(300 * MS, dice.one_of(3, 15, 60) * SECOND)
    match dice.one_of("poisson", "sessions", "push", "periodic", "constant"):
        case "poisson":
            return {"law": "poisson", "every": gap, "spread": dice.one_of(0.0, 0.8)}
        case "sessions":
            every, between = dice.us(20 * SECOND, 5 * MINUTE), dice.us(20 * MS, 2 * SECOND)
            return {"law": "sessions", "every": every, "bursts": dice.whole(1, 15), "gap": between}
        case "periodic":
            return {"law": "periodic", "every": gap, "jitter": dice.one_of(0.0, 0.5)}
        case "push":
            return {"law": "push", "every": gap}
        case law:
            return {"law": law, "every": dice.us(SECOND, 20 * SECOND), "up": "99 B"}


def _sockets(dice: Dice, name: str) -> Table:
    found: Table = {
        "name": name,
        "count": dice.whole(1, 2),
        "transport": dice.one_of("tcp", "udp", "udp-unconnected", "quic"),
        "family": dice.one_of("v4", "v4", "v6", "dual"),
        "destination": dice.one_of(*["internet"] * 8, "apple", "apns", "local", "link", "resolver", "carrier"),
        "domain": dice.one_of("", "", "example.org"),
        "scope": dice.one_of("none", "none", "none", "cellular"),
        "opens": dice.one_of("with-app", "on-demand"),
        "lifetime": dice.us(5 * SECOND, 30 * MINUTE),
        "reopen": {"when": dice.one_of("at-once", "on-demand", "never"), "after": dice.us(0, 2 * SECOND)},
        "traffic": _traffic(dice),
    }
    if dice.once_in(3):
        found["patience"] = dice.us(SECOND, 90 * SECOND)
    return found


def _app(dice: Dice, name: str, duration: Duration) -> Table:
    return {
        "name": name,
        "kind": dice.one_of("app", "system"),
        "background": dice.one_of("always", "always", "push", "none"),
        "in_front": dice.once_in(2),
        "starts": dice.us(0, duration // 4),
        "sockets": [_sockets(dice, f"s{i}") for i in range(dice.whole(1, 2))],
    }


def _places(dice: Dice, duration: Duration) -> Table:
    slow = dice.one_of(300 * MS, 300 * MS, 2500 * MS)
    losses = (0.0, 0.0, 0.01, 0.1, 0.3)
    wifi: list[Table] = []
    for ssid in ("home", "cafe"):
        join, rtt = dice.us(500 * MS, 5 * SECOND), dice.us(30 * MS, slow)
        wifi.append({"ssid": ssid, "join": join, "rtt": rtt, "loss": dice.one_of(*losses), "ipv6": dice.once_in(2)})
        if dice.once_in(6):
            wifi[-1]["portal"] = dice.us(SECOND, MINUTE)
    begins = sorted({0, *(dice.whole(1, duration) for _ in range(dice.whole(0, 4)))})
    return {
        "wifi": wifi,
        "stays": [_stay(dice, begin) for begin in begins],
        "cellular": {"rtt": dice.us(30 * MS, slow), "loss": dice.one_of(*losses), "ipv6": dice.once_in(2)},
    }


def _stay(dice: Dice, begin: int) -> Table:
    stay: Table = {
        "at": f"{begin} us",
        "wifi": dice.one_of(None, "home", "cafe"),
        "cellular": not dice.once_in(8),
        "leaving": dice.one_of("fade", "clean", "overlap"),
    }
    if dice.once_in(2):
        stay["outages"] = {
            "per_hour": dice.one_of(6.0, 40.0, 120.0),
            "length": dice.us(500 * MS, 20 * SECOND),
            "long_share": 0.2,
            "long_length": dice.us(20 * SECOND, 400 * SECOND),
        }
    if stay["wifi"] and dice.once_in(4):
        law = {"law": "exponential", "mean": dice.us(20 * SECOND, 2 * MINUTE)}
        stay["flapping"] = {"stays": law, "away": law}
    return stay


def _deeds(dice: Dice, duration: Duration) -> list[Table]:
    kinds = (
        "vpn_on", "vpn_on", "vpn_off", "choose_server", "rotate_key", "update_vpn_app", "airplane_on", "airplane_off", "wifi_on",
        "wifi_off", "leak_check", "server_silent", "server_silent", "server_back", "server_restart", "server_restart",
        "provider_crash", "outage", "reboot",
    )  # fmt: skip
    found = []
    for _ in range(dice.whole(0, 8)):
        deed: Table = {"do": dice.one_of(*kinds), "at": dice.us(0, duration - 4)}
        match deed["do"]:
            case "choose_server" | "server_silent" | "server_restart" | "server_back":
                deed["server"] = dice.one_of("one", "one", "two")
            case "outage":
                deed |= {"lasts": dice.us(2 * SECOND, 5 * MINUTE), "interface": dice.one_of("wifi", "cellular")}
            case "airplane_on" if dice.once_in(2):
                deed["keep_wifi"] = dice.once_in(2)
        if deed["do"] == "server_silent":
            deed["lasts"] = dice.us(2 * SECOND, 8 * MINUTE)
        found.append(deed)
    return found


def _vpn(dice: Dice, protocol: str) -> Table:
    vpn: Table = {"protocol": protocol, "server": "one", protocol: _protocol(dice, protocol), "client": _client(dice)}
    flag = dice.one_of("", "", "", "include_all_networks", "enforce_routes")
    if flag:
        vpn[flag] = True
    if flag == "include_all_networks":
        vpn |= {f"exclude_{what}": dice.once_in(2) for what in ("local_networks", "cellular_services", "apns")}
    if dice.once_in(3):
        vpn["on_demand"] = _rules(dice)
    if dice.once_in(6):
        vpn["routes"] = ["0.0.0.0/0"]
    if dice.once_in(6):
        vpn["dns"] = {"match_domains": ["corp.example"]}
    if dice.once_in(6):
        vpn["disconnect_on_sleep"] = True
    if protocol == "ikev2" and dice.once_in(5):
        vpn["always_on"] = {"captive_sheet": dice.once_in(2)}
    return vpn


def _rules(dice: Dice) -> Sequence[Table]:
    connect = {"action": "connect"}
    if dice.once_in(2):
        return [connect]
    return [{"action": dice.one_of("disconnect", "ignore"), "interface": dice.one_of("wifi", "cellular")}, connect]


def _protocol(dice: Dice, name: str) -> Table:
    match name:
        case "wireguard":
            return {"persistent_keepalive": dice.one_of("0 s", "0 s", "25 s", "61 s"), "rebind": not dice.once_in(8)}
        case "ikev2":
            return {
                "mobike": dice.once_in(2),
                "dpd_interval": dice.one_of("1 min", "10 min"),
                "auth": dice.one_of("psk", "certificate", "eap"),
                "child_lifetime": dice.one_of("5 min", "30 min"),
            }
        case "lightway":
            return {
                "transport": dice.one_of("udp", "tcp"),
                "keepalive_continuous": dice.once_in(2),
                "clock": dice.one_of("boot", "monotonic"),
                "key_update": dice.one_of("5 min", "15 min"),
            }
        case "masque":
            return {
                "keepalive": dice.one_of("0 s", "10 s", "30 s"),
                "zero_rtt": dice.once_in(2),
                "migration": not dice.once_in(4),
                "reconnects": dice.one_of("at-once", "on-packet"),
                "clock": dice.one_of("boot", "monotonic"),
            }
        case "openvpn":
            return {"core": dice.one_of("v3", "v2"), "transport": dice.one_of("udp", "tcp")}
        case _:
            return {}


def _client(dice: Dice) -> Table:
    return {
        "reasserts": dice.once_in(2),
        "runs_in_sleep": dice.once_in(5),
        "crashes_per_day": dice.one_of(0.0, 0.0, 100.0),
        "server_change": dice.one_of("update", "restart"),
        "routes": dice.one_of("by-protocol", "by-protocol", "before-handshake", "after-handshake"),
        "routes_while_reconnecting": dice.one_of("by-protocol", "by-protocol", "kept", "removed"),
        "stops_engine_offline": dice.once_in(2),
    }
