"""What a flow is under a VPN: the place where a configuration meets the platform's exceptions.

Flows of one kind that chance treats alike form a class; every verdict is made once for a class.
"""

from __future__ import annotations

from functools import lru_cache
from ipaddress import ip_address, ip_network
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.machines.events import Interface
from sim.machines.routing import Cause, Intended, Traits
from sim.world.nature import NETWORK_CHANGE, Kind, Nature
from sim.world.scenario import ConstantRate, Scenario, Sockets, Vpn

GATE, BYPASS, RADIO, POLICY, ADDRESS = 0, 1, 2, 3, 4
"""Columns of a flow's luck: on-demand's gate, Apple's bypass or a resolver's fallback, push's radio, policies, and from
ADDRESS on lost addresses."""
_PRIVATE = tuple(ip_network(n) for n in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"))


class Chance(NamedTuple):
    """What chance decided about a flow when it was drawn."""

    gated: bool = False
    """On-demand holds it while the tunnel is down."""
    strays: bool = False
    """A service of Apple's passes the tunnel by; a failed look-up asks the network's resolver, too."""
    prefers_cellular: bool = False
    """A push socket is opened on cellular while there is one."""


def classes(scenario: Scenario, nature: Nature) -> tuple[tuple[Traits, ...], NDArray[np.int64]]:
    """Traits of each class of flows, and the class of each flow (n_flows,).

    Class 0 is the probe: what a leak-test page would see.
    """
    behaviour, luck = scenario.device.behaviour, nature.luck
    destinations = [k.sockets.destination for k in nature.kinds]
    strays = np.array([_straying(scenario, d) for d in destinations])[nature.kind] if destinations else luck[:, BYPASS]
    variant = (
        (luck[:, GATE] < behaviour.gates_new_flows).astype(np.int64)
        + 2 * (luck[:, BYPASS] < strays)
        + 4 * (luck[:, RADIO] < behaviour.apns_prefers_cellular)
    )
    matters = [1 + 2 * (d in ("apple", "resolver")) + 4 * (d == "apns") for d in destinations]
    codes = nature.kind * 8 + (variant & np.array(matters, dtype=np.int64)[nature.kind])
    found: dict[Traits, int] = {_probe(scenario): 0}
    of_code = np.zeros(8 * len(matters), dtype=np.int64)
    for code in np.flatnonzero(np.bincount(codes)).tolist():
        chance = Chance(bool(code & 1), bool(code & 2), bool(code & 4))
        traits = classify(nature.kinds[code // 8], scenario, chance)
        of_code[code] = found.setdefault(traits, len(found))
    return tuple(found), of_code[codes]


def _straying(scenario: Scenario, destination: str) -> float:
    """Probability that a flow to this destination strays."""
    behaviour, vpn = scenario.device.behaviour, scenario.vpn
    match destination:
        case "apple" if vpn.include_all_networks:
            return behaviour.apple_bypass_share_sealed if scenario.device.ios >= (16,) else 0.0
        case "apple":
            return behaviour.apple_bypass_share
        case "resolver" if "" not in vpn.dns.match_domains:
            return behaviour.split_dns_fallback
        case _:
            return 0.0


def _probe(scenario: Scenario) -> Traits:
    silent = ConstantRate.model_construct(law="constant")
    probe = Kind("probe", False, Sockets.model_construct(transport="udp-unconnected", traffic=silent))
    return classify(probe, scenario, Chance())._replace(probe=True)


def classify(kind: Kind, scenario: Scenario, chance: Chance) -> Traits:
    """What a kind of socket is under this VPN."""
    vpn, sockets = scenario.vpn, kind.sockets
    intended, exempt, covered, covered_v6, uncovered = _by_destination(kind, scenario, chance)
    if vpn.per_app and kind.owner not in vpn.per_app:
        intended, exempt, covered, covered_v6 = Intended.DIRECT, True, False, False
    if vpn.always_on is not None and kind.owner in vpn.always_on.allow_apps:
        intended, exempt, covered, covered_v6 = Intended.DIRECT, True, False, False
    return Traits(
        intended=intended,
        covered=covered,
        covered_v6=covered_v6,
        family=sockets.family,
        uncovered=uncovered,
        exempt=exempt,
        connected=sockets.transport != "udp-unconnected",
        scope=Interface.CELLULAR if sockets.scope == "cellular" else None,
        prefers_cellular=chance.prefers_cellular and sockets.destination == "apns",
        gated=chance.gated,
        link=sockets.destination == "link",
        falls_back=chance.strays and sockets.destination == "resolver",
        pushed=kind.pushed,
        multipath=sockets.mptcp,
    )


def _by_destination(kind: Kind, scenario: Scenario, chance: Chance) -> tuple[Intended, bool, bool, bool, Cause | None]:
    """Intended way, whether sealing leaves it alone, whether the tunnel takes it in (IPv4, IPv6), and why not."""
    vpn, sockets = scenario.vpn, kind.sockets
    around = (Intended.SYSTEM, True, False, False, None)
    by_choice = (Intended.DIRECT, True, False, False, None)
    managed, allowed = vpn.always_on is not None, set(vpn.always_on.allow if vpn.always_on else ())
    seals = vpn.include_all_networks or managed
    match sockets.destination:
        case "link" | "watch":
            return around
        case "carrier" if (
            allowed & {"cellular-services", "voicemail"} if managed else vpn.exclude_cellular_services or not seals
        ):
            return around
        case "device" if (
            "device-communication" in allowed if managed else vpn.exclude_device_communication or not seals
        ):
            return around
        case "local" if allowed & {"airprint", "device-communication"} if managed else _local_outside(vpn):
            return by_choice
        case "apns" if vpn.include_all_networks and vpn.exclude_apns and scenario.device.ios >= (16, 4):
            return around
        case "apple" if chance.strays and not managed:
            return around
    covered, covered_v6 = covers(vpn, sockets.address)
    if not covered and not (covered_v6 and sockets.family == "v6"):
        return (Intended.DIRECT, False, False, False, None)  # a split tunnel leaves it out by the user's own choice
    if sockets.destination == "resolver" and not _resolved_inside(sockets.domain, vpn):
        return (Intended.PROTECT, False, False, False, Cause.DNS)
    return (Intended.PROTECT, False, covered, covered_v6, Cause.IPV6)


def _local_outside(vpn: Vpn) -> bool:
    """Whether local networks stay outside: always without a seal, unless routes are enforced; or by excluded routes."""
    excluded = [ip_network(route, strict=False) for route in vpn.excluded_routes]
    if any(a.version == b.version and a.overlaps(b) for a in excluded for b in _PRIVATE):
        return True
    return vpn.exclude_local_networks or not (
        vpn.include_all_networks or vpn.enforce_routes or vpn.always_on is not None
    )


def covers(vpn: Vpn, address: str = "") -> tuple[bool, bool]:
    """Whether the tunnel takes in `address`, or without one the whole internet: over IPv4, and over IPv6."""
    if address:
        inside = _holds(vpn.routes, address) and not _holds(vpn.excluded_routes, address)
        return (inside, False) if ip_address(address).version == 4 else (False, inside)
    return _take_in_all(vpn.routes, 4), _take_in_all(vpn.routes, 6)


def _holds(routes: tuple[str, ...], address: str) -> bool:
    return any(ip_address(address) in ip_network(route, strict=False) for route in routes)


@lru_cache
def _take_in_all(routes: tuple[str, ...], version: int) -> bool:
    networks = {n for n in (ip_network(route, strict=False) for route in routes) if n.version == version}
    bits = 32 if version == 4 else 128
    return sum(1 << (bits - n.prefixlen) for n in networks) >= 1 << bits


def _resolved_inside(domain: str, vpn: Vpn) -> bool:
    """Whether a name goes to the tunnel's resolver: it has one, and the name is among those it is asked for."""
    if domain == NETWORK_CHANGE or not vpn.dns.servers:
        return False
    return any(not suffix or domain == suffix or domain.endswith(f".{suffix}") for suffix in vpn.dns.match_domains)
