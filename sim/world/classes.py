"""What a flow is under a VPN: the place where a configuration meets the platform's exceptions.

Flows of one kind that chance treats alike form a class; every verdict is made once for a class.
"""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv4Address, ip_address, ip_network
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.machines.events import Interface
from sim.machines.ios.ondemand import below
from sim.machines.routing import Cause, Diversion, Intended, Reason, Traits
from sim.world.nature import NETWORK_CHANGE, Kind, Nature
from sim.world.scenario import ConstantRate, Scenario, Sockets, Vpn, Wifi, version

GATE, BYPASS, RADIO, POLICY, ADDRESS = 0, 1, 2, 3, 4
"""Columns of a flow's luck: on-demand's gate, Apple's bypass or a resolver's fallback, push's radio, policies, and from
ADDRESS on lost addresses."""
_FIRST, _BEHIND = int(IPv4Address("1.0.0.0")), int(IPv4Address("224.0.0.0"))
"""The unicast IPv4 addresses. The few private ones among them are not left out: they are less than 1 % of it."""
_PRIVATE = tuple(ip_network(n) for n in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"))


class Chance(NamedTuple):
    """What chance decided about a flow when it was drawn."""

    gated: bool = False
    """On-demand holds it while the tunnel is down."""
    strays: bool = False
    """A service of Apple's passes the tunnel by; a failed look-up asks the network's resolver, too."""
    prefers_cellular: bool = False
    """A push socket is opened on cellular while there is one."""
    address: str = ""
    """Some address of the destinations that chance put this flow among; "" if it does not matter."""


def classes(scenario: Scenario, nature: Nature) -> tuple[tuple[Traits, ...], NDArray[np.int64]]:
    """Traits of each class of flows, and the class of each flow (n_flows,).

    Class 0 is the probe: what a leak-test page would see.
    """
    behaviour, luck = scenario.device.behaviour, nature.luck
    destinations = [k.sockets.destination for k in nature.kinds]
    share = [_straying(scenario, kind) for kind in nature.kinds]
    strays = np.array(share)[nature.kind] if share else luck[:, BYPASS]
    variant = (
        (luck[:, GATE] < behaviour.gates_new_flows).astype(np.int64)
        + 2 * (luck[:, BYPASS] < strays)
        + 4 * (luck[:, RADIO] < behaviour.apns_prefers_cellular)
    )
    regions, region = _regions(scenario, nature)
    matters = [1 + 2 * (p > 0) + 4 * (d == "apns") for d, p in zip(destinations, share, strict=True)]
    anywhere = np.array([not k.sockets.address for k in nature.kinds], dtype=np.int64)
    variant = (variant & np.array(matters, dtype=np.int64)[nature.kind]) + 8 * region * anywhere[nature.kind]
    each = 8 * len(regions)
    codes = nature.kind * each + variant
    found: dict[Traits, int] = {_probe(scenario): 0}
    of_code = np.zeros(each * len(matters), dtype=np.int64)
    for code in np.flatnonzero(np.bincount(codes)).tolist():
        kind, variant_of = divmod(code, each)
        chance = Chance(bool(code & 1), bool(code & 2), bool(code & 4), regions[variant_of // 8])
        traits = classify(nature.kinds[kind], scenario, chance)
        of_code[code] = found.setdefault(traits, len(found))
    return tuple(found), of_code[codes]


def _regions(scenario: Scenario, nature: Nature) -> tuple[list[str], NDArray[np.int64]]:
    """The parts into which routes cut the public IPv4 addresses: one address of each, and the part of each flow.

    Where no network has routes of its own there is one part, and no address.
    """
    routed = [w for w in scenario.wifi if w.routes_of_its_own]
    if not routed:
        return [""], np.zeros(len(nature.kind), dtype=np.int64)
    every = [ip_network(route, strict=False) for w in routed for route in _routes_of(w)]
    every += [ip_network(route, strict=False) for route in (*scenario.vpn.routes, *scenario.vpn.excluded_routes)]
    edges = {_FIRST, *(edge for n in every if n.version == 4 for edge in (int(n[0]), int(n[-1]) + 1))}
    cuts = sorted(edge for edge in edges if _FIRST <= edge < _BEHIND)
    number = _FIRST + (nature.destination * (_BEHIND - _FIRST)).astype(np.int64)
    return [str(IPv4Address(cut)) for cut in cuts], np.searchsorted(cuts, number, side="right") - 1


def _routes_of(wifi: Wifi) -> tuple[str, ...]:
    return (*((wifi.local_network,) if wifi.local_network else ()), *wifi.dhcp_routes, *wifi.spoofs_server)


def _straying(scenario: Scenario, kind: Kind) -> float:
    """Probability that a flow of this kind strays."""
    behaviour, vpn = scenario.device.behaviour, scenario.vpn
    match kind.sockets.destination:
        case "apple" if vpn.include_all_networks:
            exempt = scenario.device.ios >= version(behaviour.apple_exempt_since)
            return behaviour.apple_bypass_share_sealed if exempt else 0.0
        case "apple":
            return behaviour.apple_bypass_share
        case "resolver" if "" not in vpn.dns.match_domains:
            return behaviour.split_dns_fallback
        case "internet" if kind.system and not (vpn.include_all_networks or vpn.always_on):
            return behaviour.system_bypass
        case _:
            return 0.0


def _probe(scenario: Scenario) -> Traits:
    silent = ConstantRate.model_construct(law="constant")
    probe = Kind("probe", False, Sockets.model_construct(transport="udp-unconnected", traffic=silent))
    return classify(probe, scenario, Chance())._replace(probe=True)


def candidates(scenario: Scenario) -> tuple[Traits, ...]:
    """The sockets from which a web page gathers addresses: two that take the default way, one for each interface."""
    plain = _probe(scenario)._replace(probe=False)
    return (
        plain,
        plain._replace(family="v6"),
        plain._replace(scope=Interface.WIFI),
        plain._replace(scope=Interface.CELLULAR),
    )


def classify(kind: Kind, scenario: Scenario, chance: Chance) -> Traits:
    """What a kind of socket is under this VPN."""
    vpn, sockets = scenario.vpn, kind.sockets
    intended, exempt, covered, covered_v6, uncovered = _by_destination(kind, scenario, chance)
    if (vpn.per_app and kind.owner not in vpn.per_app) or _app_exempted(kind, vpn):
        intended, exempt, covered, covered_v6 = Intended.DIRECT, True, False, False
    if _tethered(kind, scenario):
        exempt = not scenario.device.behaviour.sealing_stops_hotspot and vpn.always_on is None
        intended, covered, covered_v6 = Intended.SYSTEM, False, False
    elif _missed(kind, scenario):
        intended, exempt, covered, covered_v6, uncovered = Intended.PROTECT, False, False, False, Cause.PER_APP_MISS
    elif chance.strays and sockets.destination == "internet" and intended is Intended.PROTECT:
        covered, covered_v6, uncovered = False, False, Cause.SYSTEM_SOCKET
    address = sockets.address or chance.address
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
        reason=None if intended is Intended.PROTECT else _reason(kind, scenario),
        diverted=_diverted(scenario, address) if covered and sockets.destination not in ("local", "airprint") else (),
        drops_v6=covered_v6 and vpn.client.ipv6 == "dropped",
        forged=_forged(scenario, address) if covered else (),
        strays_in_updates=sockets.destination == "resolver" and scenario.device.behaviour.look_ups_leak_in_updates,
    )


def _tethered(kind: Kind, scenario: Scenario) -> bool:
    """Whether another device speaks through the personal hotspot."""
    return any(app.name == kind.owner and app.kind == "tethered" for app in scenario.apps)


def _missed(kind: Kind, scenario: Scenario) -> bool:
    """Whether a per-app VPN misses what it should take in: a helper of a listed app, or a domain of one."""
    listed = scenario.vpn.per_app
    if kind.owner in listed:
        return not _among(kind.sockets.domain, scenario.vpn.per_app_domains)
    app = next((a for a in scenario.apps if a.name == kind.owner), None)
    return app is not None and app.acts_for in listed


def _among(domain: str, suffixes: tuple[str, ...]) -> bool:
    """Whether a per-app VPN's domain list takes this one in; without a list, or without a name, it does."""
    return not suffixes or not domain or any(below(domain, suffix) for suffix in suffixes)


def _app_exempted(kind: Kind, vpn: Vpn) -> bool:
    """Whether Always-On's ApplicationExceptions let this app's socket out."""
    if vpn.always_on is None:
        return False
    udp = kind.sockets.transport != "tcp"
    return kind.owner in vpn.always_on.allow_apps or (udp and kind.owner in vpn.always_on.allow_apps_udp)


def _reason(kind: Kind, scenario: Scenario) -> Reason:
    """Why a flow is outside by design."""
    vpn, destination = scenario.vpn, kind.sockets.destination
    if _tethered(kind, scenario):
        return Reason.TETHERED
    if _app_exempted(kind, vpn) or (vpn.always_on is not None and destination in _EXCEPTIONS):
        return Reason.EXCEPTION
    if vpn.per_app and kind.owner not in vpn.per_app:
        return Reason.UNLISTED
    return _REASONS.get(destination, Reason.ROUTE)


_REASONS = {
    "apple": Reason.APPLE, "apns": Reason.PUSH, "carrier": Reason.CARRIER, "voicemail": Reason.CARRIER,
    "device": Reason.DEVICE, "watch": Reason.WATCH, "link": Reason.NETWORK, "local": Reason.LOCAL,
    "airprint": Reason.LOCAL,
}  # fmt: skip
_EXCEPTIONS: dict[str, frozenset[str]] = {
    "carrier": frozenset({"cellular-services", "voicemail"}),
    "voicemail": frozenset({"voicemail"}),
    "device": frozenset({"device-communication"}),
    "local": frozenset({"airprint", "device-communication"}),
    "airprint": frozenset({"airprint"}),
}
"""Destination → Always-On's ServiceExceptions that let it out."""


def _diverted(scenario: Scenario, address: str) -> tuple[Diversion | None, ...]:
    """What each network with routes of its own does with this destination; () if none does anything."""
    found = tuple(_diversion(w, scenario, address) for w in _claimants(scenario, address))
    return found if any(found) else ()


def _claimants(scenario: Scenario, address: str) -> list[Wifi]:
    """The networks with routes of their own, if they can say anything of this destination."""
    if not address or ip_address(address).version != 4:
        return []
    return [w for w in scenario.wifi if w.routes_of_its_own]


def _seals(vpn: Vpn) -> bool:
    return vpn.include_all_networks or vpn.always_on is not None


def _enforces(vpn: Vpn, address: str) -> bool:
    """Whether enforceRoutes makes the VPN's route win: it acts on routes that are not the default one."""
    return vpn.enforce_routes and not _seals(vpn) and _longest(vpn.routes, address) > 0


def _diversion(wifi: Wifi, scenario: Scenario, address: str) -> Diversion | None:
    """The strongest claim of one network on an address, if the VPN lets it win."""
    vpn, behaviour = scenario.vpn, scenario.device.behaviour
    sealed, ours = _seals(vpn), _longest(vpn.routes, address)
    if _enforces(vpn, address):
        return None
    local = _longest((wifi.local_network,) if wifi.local_network else (), address)
    # Always-On takes local networks in, but for its exceptions; a seal does if they are not excluded.
    taken_in = vpn.always_on is not None or (sealed and not _local_outside(vpn))
    if local >= ours and local >= 0 and not taken_in:
        return Diversion(Cause.LOCAL_NET)
    pushed = _longest(wifi.dhcp_routes, address)
    if pushed >= ours and pushed >= 0 and not behaviour.ignores_dhcp_routes and not sealed:
        return Diversion(Cause.DHCP_ROUTE, dropped=behaviour.drops_diverted)
    return None


def _forged(scenario: Scenario, address: str) -> tuple[bool, ...]:
    """For each network with routes of its own, whether its forged answer makes this destination the VPN's server.

    # MODEL: every client leaves its server's address out of the tunnel, as the systems' own clients do; one that leaves
    # out only its own sockets is safe. Bias: too many clients are open to ServerIP.
    """
    vpn, networks = scenario.vpn, _claimants(scenario, address)
    if not networks or scenario.device.encrypted_dns or _seals(vpn) or _enforces(vpn, address):
        return ()
    found = tuple(_holds(w.spoofs_server, address) for w in networks)
    return found if any(found) else ()


def _longest(routes: tuple[str, ...], address: str) -> int:
    """Prefix length of the most specific route that holds the address; -1 if none does."""
    at = ip_address(address)
    networks = (ip_network(route, strict=False) for route in routes)
    return max((n.prefixlen for n in networks if n.version == at.version and at in n), default=-1)


def _by_destination(kind: Kind, scenario: Scenario, chance: Chance) -> tuple[Intended, bool, bool, bool, Cause | None]:
    """Intended way, whether sealing leaves it alone, whether the tunnel takes it in (IPv4, IPv6), and why not."""
    vpn, sockets = scenario.vpn, kind.sockets
    around = (Intended.SYSTEM, True, False, False, None)
    by_choice = (Intended.DIRECT, True, False, False, None)
    seals, ios = vpn.include_all_networks, scenario.device.ios
    if vpn.always_on is not None and sockets.destination in _EXCEPTIONS:
        excepted = bool(_EXCEPTIONS[sockets.destination] & set(vpn.always_on.allow))
        if excepted:
            return by_choice if sockets.destination in ("local", "airprint") else around
        # Whatever is not excepted goes into the tunnel, as far as its routes take it in.
        return _covered(kind, scenario)
    match sockets.destination:
        case "link" | "watch":
            return around
        case "carrier" | "voicemail" if not seals or (vpn.exclude_cellular_services and ios >= (16, 4)):
            return around
        case "device" if not seals or (vpn.exclude_device_communication and ios >= (17, 4)):
            return around
        case "local" | "airprint" if _local_outside(vpn):
            return by_choice
        case "apns" if seals and vpn.exclude_apns and ios >= (16, 4):
            return around
        case "apple" if chance.strays and vpn.always_on is None:
            return around
    return _covered(kind, scenario)


def _covered(kind: Kind, scenario: Scenario) -> tuple[Intended, bool, bool, bool, Cause | None]:
    """The same where no class of destinations decides, but the tunnel's routes and resolver."""
    vpn, sockets = scenario.vpn, kind.sockets
    covered, covered_v6 = covers(vpn, sockets.address)
    if kind.look_ups and sockets.address and not (covered or covered_v6):
        return (Intended.PROTECT, False, False, False, Cause.DNS)  # the app's own resolver is on no route of the tunnel
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
    return any(not suffix or below(domain, suffix) for suffix in vpn.dns.match_domains)
