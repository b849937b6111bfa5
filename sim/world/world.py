"""The world of one run: nature's day, the phone's machines, and what each flow is to them."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from sim.base.streams import Streams
from sim.base.units import DAY, HOUR, MINUTE, SECOND, Instant
from sim.machines import events as ev
from sim.machines.ios.path import PathRules
from sim.machines.ios.provider import Provider, memory_limit
from sim.machines.ios.tunnel import Tunnel
from sim.machines.machine import Event, TunnelProtocol
from sim.machines.radio import SETS
from sim.machines.radio.lte import Lte
from sim.machines.routing import Cause, Intended, Traits
from sim.world.nature import NETWORK_CHANGE, Kind, Nature, draw
from sim.world.scenario import Action, Scenario, Vpn

GATE, BYPASS, RADIO, POLICY, ADDRESS = 0, 1, 2, 3, 4
"""Columns of a flow's luck: on-demand's gate, Apple's bypass, push's radio, policies, and from ADDRESS on lost addresses."""


@dataclass(frozen=True)
class World:
    """Everything a run needs. Built from a scenario and a seed; never changed by the run."""

    scenario: Scenario
    seed: int
    nature: Nature
    path: PathRules
    tunnel: Tunnel
    provider: Provider
    protocol: TunnelProtocol
    radio: Lte
    """The cellular radio's parameter set."""
    script: tuple[tuple[Instant, Event], ...]
    """Nature's lines and the user's deeds, in order of time."""
    traits: tuple[Traits, ...]
    """Of each class of flows."""
    classes: NDArray[np.int64]
    """(n_flows,) index into `traits`."""
    patience: NDArray[np.int64]
    """(n_flows,) how long a burst of the flow waits. [µs]"""


def build(scenario: Scenario, seed: int, nature: Nature | None = None) -> World:
    """Draw nature, and set up the machines.

    Parameters
    ----------
    seed : 0 <= seed < 2**63
    nature : a day drawn before from the same seed and the same nature, to be met again by another policy
    """
    streams = Streams(seed)
    if nature is None:
        nature = draw(scenario, Streams(seed))
    vpn = scenario.vpn
    protocol: TunnelProtocol = getattr(vpn, vpn.protocol)
    traits, classes = _classify(scenario, nature)
    script = sorted([*_met(scenario, nature), *_deeds(scenario, nature, streams)], key=lambda line: line[0])
    return World(
        scenario=scenario,
        seed=seed,
        nature=nature,
        path=scenario.path,
        tunnel=_tunnel(scenario),
        provider=_provider(scenario, protocol),
        protocol=protocol,
        radio=SETS[scenario.cellular.radio],
        script=tuple(script),
        traits=traits,
        classes=classes,
        patience=_patience(scenario, nature),
    )


def _tunnel(scenario: Scenario) -> Tunnel:
    vpn = scenario.vpn
    return Tunnel(
        limits=scenario.limits,
        rules=vpn.on_demand,
        always_on=vpn.always_on is not None,
        user_may_switch_off=(
            vpn.always_on.user_may_switch_off if vpn.always_on else not (vpn.on_demand and vpn.on_demand_override_disabled)
        ),
        sealed=vpn.include_all_networks,
        disconnect_on_sleep=vpn.disconnect_on_sleep,
        restarts_for_server=vpn.client.server_change == "restart",
        needs_unlock=vpn.client.needs_unlock and not vpn.always_on,
        ios=scenario.device.ios,
        plug_in=vpn.protocol != "ikev2",
        up_at_start=scenario.vpn_on,
    )


def _provider(scenario: Scenario, protocol: TunnelProtocol) -> Provider:
    vpn = scenario.vpn
    first = vpn.client.routes
    kept = vpn.client.routes_while_reconnecting
    before = protocol.routes_before_handshake if first == "by-protocol" else first == "before-handshake"
    return Provider(
        client=vpn.client,
        server=vpn.server,
        routes_first=before,
        routes_kept=protocol.routes_before_handshake if kept == "by-protocol" else kept == "kept",
        stops_engine_offline=vpn.client.stops_engine_offline and vpn.protocol == "wireguard",
        memory_limit=None if vpn.protocol == "ikev2" else memory_limit(scenario.device.ios),
        up_at_start=scenario.vpn_on,
    )


def _met(scenario: Scenario, nature: Nature) -> list[tuple[Instant, Event]]:
    """What of nature's day the configuration lets happen: without Always-On's captive sheet nobody can sign in anywhere."""
    always_on = scenario.vpn.always_on
    if always_on is None or always_on.captive_sheet:
        return list(nature.script)
    return [line for line in nature.script if not isinstance(line[1], ev.PortalPassed)]


# What the user and the servers do ------------------------------------------------------------------------------------------


def _deeds(scenario: Scenario, nature: Nature, streams: Streams) -> list[tuple[Instant, Event]]:
    lines: list[tuple[Instant, Event]] = []
    counts: dict[str, int] = {}
    deeds = scenario.deeds_in_time()
    unlocks = [at for at, action in deeds if action.do == "unlock"]
    for at, action in sorted([*deeds, *_repeated(scenario)], key=lambda line: line[0]):
        n = counts[action.do] = counts.get(action.do, 0) + 1
        lines += [(at + later, event) for later, event in _events(action, at, n, scenario, unlocks, streams)]
    lines += _misfortunes(scenario, nature, streams)
    return [(at, event) for at, event in lines if at < scenario.duration]


def _repeated(scenario: Scenario) -> list[tuple[Instant, Action]]:
    found = []
    for repeat in scenario.repeats:
        now = scenario.instant(repeat.start)
        until = scenario.duration if repeat.until is None else scenario.instant(repeat.until)
        while now < min(until, scenario.duration):
            deed = Action.model_construct(at=now, do=repeat.do, server=repeat.server, lasts=repeat.lasts, app=None, keep_wifi=None)
            found.append((now, deed))
            now += max(repeat.every, SECOND)
    return found


def _events(
    action: Action, at: Instant, n: int, scenario: Scenario, unlocks: list[Instant], streams: Streams
) -> list[tuple[Instant, Event]]:
    """What a deed means, each with its delay after it. Its luck belongs to the n-th deed of its kind."""

    def lucks(count: int) -> list[float]:
        return [float(u) for u in streams.of(f"deed.{action.do}.{n}").random(count)]

    server = action.server or scenario.vpn.server
    match action.do:
        case "vpn_on":
            return [(0, ev.VpnTurnedOn())]
        case "vpn_off":
            return [(0, ev.VpnTurnedOff())]
        case "choose_server":
            return [(0, ev.ServerChosen(server))]
        case "rotate_key":
            return [(0, ev.KeyRotated())]
        case "update_vpn_app":
            return [(0, ev.AppUpdated(*lucks(1)))]
        case "airplane_on":
            keeps = not scenario.device.behaviour.airplane_drops_wifi if action.keep_wifi is None else action.keep_wifi
            return [(0, ev.AirplaneTurnedOn(keeps))]
        case "airplane_off":
            return [(0, ev.AirplaneTurnedOff(*lucks(2)))]
        case "wifi_on" | "wifi_off":
            return [(0, ev.WifiSwitched(action.do == "wifi_on", *lucks(1)))]
        case "reboot":
            boot, unlock = lucks(2)
            up = scenario.path.boot.at(boot)
            later = next((u - at for u in unlocks if u >= at + up), up + scenario.path.first_unlock.at(unlock))
            return [(0, ev.Rebooted()), (up, ev.BootFinished()), (later, ev.FirstUnlocked())]
        case "leak_check":
            return [(0, ev.LeakChecked())]
        case "server_silent":
            back = [(action.lasts, ev.ServerCameBack(server))] if action.lasts is not None else []
            return [(0, ev.ServerWentSilent(server)), *back]
        case "server_back":
            return [(0, ev.ServerCameBack(server))]
        case "server_restart":
            return [(0, ev.ServerRestarted(server))]
        case "provider_crash":
            return [(0, ev.ProviderCrashed())]
        case "outage":
            where = ev.Interface(action.interface)
            return [(0, ev.HoleBegan(where)), (action.lasts or 0, ev.HoleEnded(where))]
        case _:  # lock, unlock, app_open and app_close are nature's: they shape the demand
            return []


def _misfortunes(scenario: Scenario, nature: Nature, streams: Streams) -> list[tuple[Instant, Event]]:
    """Crashes of a bad client, and the memory that load costs."""
    client = scenario.vpn.client
    lines: list[tuple[Instant, Event]] = []
    if client.crashes_per_day:
        rng, now = streams.of("provider.crashes"), 0
        while now < scenario.duration:
            now += round(float(rng.standard_exponential()) * DAY / client.crashes_per_day)
            lines.append((now, ev.ProviderCrashed()))
    if scenario.vpn.protocol != "ikev2" and len(nature.at):
        load = np.bincount(nature.at // MINUTE, weights=nature.up + nature.down)
        rng = streams.of("provider.memory")
        rises = client.memory_rise * np.exp(client.memory_spread * rng.standard_normal(scenario.duration // MINUTE + 1))
        limit = memory_limit(scenario.device.ios)
        for minute in np.flatnonzero(load >= client.memory_load).tolist():
            rise = min(int(rises[minute]), client.memory_rise_most)
            if client.footprint + rise > limit:
                lines.append((minute * MINUTE + 30 * SECOND, ev.MemoryPressed(rise)))
    return lines


# What a flow is ------------------------------------------------------------------------------------------------------------


def _classify(scenario: Scenario, nature: Nature) -> tuple[tuple[Traits, ...], NDArray[np.int64]]:
    """Traits of each class of flows, and the class of each flow. Class 0 is the probe: what a leak-test page would see."""
    behaviour, vpn = scenario.device.behaviour, scenario.vpn
    sealed_apple = behaviour.apple_bypass_share_sealed if scenario.device.ios >= (16,) else 0.0
    bypass = sealed_apple if vpn.include_all_networks else behaviour.apple_bypass_share
    luck = nature.luck
    variant = (
        (luck[:, GATE] < behaviour.gates_new_flows).astype(np.int64)
        + 2 * (luck[:, BYPASS] < bypass)
        + 4 * (luck[:, RADIO] < behaviour.apns_prefers_cellular)
    )
    matters = [1 + 2 * (k.sockets.destination == "apple") + 4 * (k.sockets.destination == "apns") for k in nature.kinds]
    codes = nature.kind * 8 + (variant & np.array(matters, dtype=np.int64)[nature.kind])
    found: dict[Traits, int] = {_probe(scenario): 0}
    of_code = np.zeros(8 * len(matters), dtype=np.int64)
    for code in np.flatnonzero(np.bincount(codes)).tolist():
        traits = classify(nature.kinds[code // 8], scenario, bool(code & 1), bool(code & 2), bool(code & 4))
        of_code[code] = found.setdefault(traits, len(found))
    return tuple(found), of_code[codes]


def _probe(scenario: Scenario) -> Traits:
    covered, covered_v6 = covers(scenario.vpn)
    return Traits(
        Intended.PROTECT, covered, covered_v6, "v4", Cause.ROUTE_NOT_COVERED, False, False, None, False, False, False, probe=True
    )


def classify(kind: Kind, scenario: Scenario, gated: bool, bypasses: bool, prefers_cellular: bool) -> Traits:
    """What a kind of socket is under this VPN: the place where a configuration meets the platform's exceptions."""
    vpn, sockets = scenario.vpn, kind.sockets
    covered, covered_v6 = covers(vpn)
    intended, exempt, uncovered = Intended.PROTECT, False, Cause.ROUTE_NOT_COVERED
    seals = vpn.include_all_networks or vpn.always_on is not None

    def outside(as_: Intended, *, sealing_too: bool) -> None:
        nonlocal intended, covered, covered_v6, exempt
        intended, covered, covered_v6, exempt = as_, False, False, sealing_too

    if not covered:
        intended = Intended.DIRECT
    match sockets.destination:
        case "link" | "watch":
            outside(Intended.SYSTEM, sealing_too=True)
        case "carrier":
            allowed = vpn.always_on is not None and {"cellular-services", "voicemail"} & set(vpn.always_on.allow)
            if allowed or (vpn.always_on is None and (vpn.exclude_cellular_services or not seals)):
                outside(Intended.SYSTEM, sealing_too=True)
        case "local":
            allowed = vpn.always_on is not None and {"airprint", "device-communication"} & set(vpn.always_on.allow)
            if allowed or (vpn.always_on is None and (vpn.exclude_local_networks or not (seals or vpn.enforce_routes))):
                outside(Intended.DIRECT, sealing_too=True)
        case "apns" if vpn.include_all_networks and vpn.exclude_apns and scenario.device.ios >= (16, 4):
            outside(Intended.SYSTEM, sealing_too=True)
        case "apple" if bypasses and vpn.always_on is None:
            outside(Intended.SYSTEM, sealing_too=True)
        case "resolver" if not _resolved_inside(sockets.domain, vpn):
            covered, covered_v6, uncovered = False, False, Cause.DNS
    if vpn.per_app and kind.owner not in vpn.per_app:
        outside(Intended.DIRECT, sealing_too=True)
    if vpn.always_on is not None and kind.owner in vpn.always_on.allow_apps:
        outside(Intended.DIRECT, sealing_too=True)
    return Traits(
        intended=intended,
        covered=covered,
        covered_v6=covered_v6,
        family=sockets.family,
        uncovered=uncovered,
        exempt=exempt,
        connected=sockets.transport != "udp-unconnected",
        scope=ev.Interface.CELLULAR if sockets.scope == "cellular" else None,
        prefers_cellular=prefers_cellular and sockets.destination == "apns",
        gated=gated,
        link=sockets.destination == "link",
    )


def covers(vpn: Vpn) -> tuple[bool, bool]:
    """Whether the tunnel's routes take in the whole of IPv4, and of IPv6."""
    return _take_in_all(vpn.routes, 4), _take_in_all(vpn.routes, 6)


@lru_cache
def _take_in_all(routes: tuple[str, ...], version: int) -> bool:
    networks = {n for n in (ipaddress.ip_network(route, strict=False) for route in routes) if n.version == version}
    bits = 32 if version == 4 else 128
    return sum(1 << (bits - n.prefixlen) for n in networks) >= 1 << bits


def _resolved_inside(domain: str, vpn: Vpn) -> bool:
    if domain == NETWORK_CHANGE:
        return False
    return any(not suffix or domain == suffix or domain.endswith(f".{suffix}") for suffix in vpn.dns.match_domains)


def _patience(scenario: Scenario, nature: Nature) -> NDArray[np.int64]:
    behaviour = scenario.device.behaviour
    by_transport = {
        "tcp": behaviour.tcp_patience,
        "quic": behaviour.quic_patience,
        "udp": behaviour.udp_patience,
        "udp-unconnected": behaviour.udp_patience,
    }
    per_kind = [k.sockets.patience or by_transport[k.sockets.transport] for k in nature.kinds]
    return np.array(per_kind or [HOUR], dtype=np.int64)[nature.kind]
