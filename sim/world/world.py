"""The world of one run: nature's day, the phone's machines, and what each flow is to them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.base.streams import Streams
from sim.base.units import DAY, HOUR, MINUTE, SECOND, Instant
from sim.machines import events as ev
from sim.machines.ios.monitor import Monitor
from sim.machines.ios.ondemand import Network, evaluated
from sim.machines.ios.path import PathRules
from sim.machines.ios.provider import Provider, memory_limit
from sim.machines.ios.tunnel import Tunnel
from sim.machines.machine import Event, TunnelProtocol
from sim.machines.protocols import PROTOCOLS
from sim.machines.routing import Traits
from sim.world.classes import candidates, classes
from sim.world.nature import Nature, draw
from sim.world.scenario import Action, Scenario


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
    monitor: Monitor | None
    """What watches over the tunnel, if the client has such a thing."""
    script: tuple[tuple[Instant, Event], ...]
    """Nature's lines and the user's deeds, in order of time."""
    traits: tuple[Traits, ...]
    """Of each class of flows."""
    classes: NDArray[np.int64]
    """(n_flows,) index into `traits`."""
    evaluated: NDArray[np.int64]
    """(n,) instants of the bursts that on-demand's EvaluateConnection decides about. [µs]"""
    candidates: tuple[Traits, ...]
    """What a page that gathers addresses asks from: the default way by IPv4 and IPv6, and each interface by itself."""
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
    traits, of_flow = classes(scenario, nature)
    script = sorted([*_met(scenario, nature), *_deeds(scenario, nature, streams)], key=lambda line: line[0])
    return World(
        scenario=scenario,
        seed=seed,
        nature=nature,
        path=scenario.path,
        tunnel=_tunnel(scenario),
        provider=_provider(scenario, protocol),
        protocol=protocol,
        monitor=vpn.client.monitor if vpn.client.monitor.active else None,
        script=tuple(script),
        traits=traits,
        classes=of_flow,
        evaluated=_evaluated(scenario, nature),
        candidates=candidates(scenario),
        patience=_patience(scenario, nature),
    )


def _tunnel(scenario: Scenario) -> Tunnel:
    vpn = scenario.vpn
    return Tunnel(
        limits=scenario.limits,
        rules=vpn.on_demand,
        networks={w.ssid: Network(w.imitates or w.ssid, w.dns_domain, w.dns_servers, w.reaches) for w in scenario.wifi},
        always_on=vpn.always_on is not None,
        user_may_switch_off=(
            vpn.always_on.user_may_switch_off
            if vpn.always_on
            else not (vpn.on_demand and vpn.on_demand_override_disabled)
        ),
        sealed=vpn.include_all_networks,
        disconnect_on_sleep=vpn.disconnect_on_sleep,
        restarts_for_server=vpn.client.server_change == "restart",
        needs_unlock=vpn.client.needs_unlock and not vpn.always_on,
        ios=scenario.device.ios,
        plug_in=not PROTOCOLS[vpn.protocol].built_in,
        up_at_start=scenario.vpn_on,
    )


def _evaluated(scenario: Scenario, nature: Nature) -> NDArray[np.int64]:
    """When something wants a name that EvaluateConnection decides about."""
    decided = np.array([evaluated(scenario.vpn.on_demand, k.sockets.domain) for k in nature.kinds], dtype=bool)
    return nature.at[decided[nature.kind[nature.flow]]] if decided.any() else nature.at[:0]


def _provider(scenario: Scenario, protocol: TunnelProtocol) -> Provider:
    vpn = scenario.vpn
    first = vpn.client.routes
    kept = vpn.client.routes_while_reconnecting
    before = protocol.routes_before_handshake if first == "by-protocol" else first == "before-handshake"
    return Provider(
        client=vpn.client,
        server=vpn.server,
        servers=tuple(server.name for server in scenario.servers),
        routes_first=before,
        routes_kept=protocol.keeps_routes if kept == "by-protocol" else kept == "kept",
        stops_engine_offline=vpn.client.stops_engine_offline and protocol.stops_offline,
        memory_limit=None if protocol.built_in else memory_limit(scenario.device.ios),
        looks_up=vpn.endpoint == "name",
        up_at_start=scenario.vpn_on,
    )


def _met(scenario: Scenario, nature: Nature) -> list[tuple[Instant, Event]]:
    """What of nature's day the configuration lets happen: without Always-On's captive sheet nobody can sign in
    anywhere."""
    always_on = scenario.vpn.always_on
    if always_on is None or always_on.captive_sheet:
        return list(nature.script)
    return [line for line in nature.script if not isinstance(line[1], ev.PortalPassed)]


# What the user and the servers do -------------------------------------------------------------------------------------


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
            deed = Action.model_construct(
                at=now,
                do=repeat.do,
                server=repeat.server,
                lasts=repeat.lasts,
                app=None,
                keep_wifi=None,
                all_interfaces=False,
                mdns=True,
            )
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
        case "gather_candidates":
            return [(0, ev.CandidatesGathered(action.all_interfaces, action.mdns))]
        case "enable_other_vpn":
            return [(0, ev.OtherVpnEnabled())]
        case "choose_server":
            return [(0, ev.ServerChosen(server))]
        case "rotate_key":
            return [(0, ev.KeyRotated())]
        case "clear_settings":
            return [(0, ev.SettingsCleared())]
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
    if not PROTOCOLS[scenario.vpn.protocol].built_in and len(nature.at):
        load = np.bincount(nature.at // MINUTE, weights=nature.up + nature.down)
        rng = streams.of("provider.memory")
        rises = client.memory_rise * np.exp(client.memory_spread * rng.standard_normal(scenario.duration // MINUTE + 1))
        limit = memory_limit(scenario.device.ios)
        for minute in np.flatnonzero(load >= client.memory_load).tolist():
            rise = min(int(rises[minute]), client.memory_rise_most)
            if client.footprint + rise > limit:
                lines.append(((minute + 1) * MINUTE, ev.MemoryPressed(rise)))  # once its load is known
    return lines


# Patience -------------------------------------------------------------------------------------------------------------


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
