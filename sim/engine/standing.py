"""How things stand: the states of the machines, read as far as routing depends on them."""

from __future__ import annotations

from typing import NamedTuple

from sim.base.units import Instant
from sim.engine.network import Network
from sim.machines.events import Interface, StopReason
from sim.machines.ios.path import PathState
from sim.machines.ios.provider import Phase, ProviderState
from sim.machines.ios.tunnel import NEVPNStatus, TunnelState
from sim.machines.machine import Link
from sim.machines.routing import ASPECTS, Cause, Situation
from sim.world.world import World

PATH, TUNNEL, PROVIDER, PROTOCOL, MONITOR = range(5)
"""Actors, in the order in which they hear an announcement; only some clients have a monitor."""
NAMES = ("path", "tunnel", "provider", "protocol", "monitor")
_ACTORS = {
    "intent": (TUNNEL,),
    "tunnel": (TUNNEL, PROVIDER),
    "session": (PROTOCOL,),
    "policy": (TUNNEL,),
    "path": (PATH,),
}
_SLICES = tuple(
    (Situation._fields.index(fields[0]), Situation._fields.index(fields[-1]) + 1, _ACTORS[name])
    for name, fields in ASPECTS.items()
)
_CARRYING = (Phase.RUNNING, Phase.RECONNECTING, Phase.APPLYING, Phase.OFFLINE)
_GAPS = {
    StopReason.PROVIDER_FAILED: Cause.PROVIDER_DEATH,
    StopReason.SERVER_DEAD: Cause.SERVER_DEAD,
    StopReason.CONNECTION_FAILED: Cause.SERVER_DEAD,
    StopReason.SLEEP: Cause.SLEEP,
    StopReason.APP_UPDATE: Cause.NO_ENFORCER,
    StopReason.REBOOT: Cause.NO_ENFORCER,
    StopReason.ON_DEMAND: Cause.ON_DEMAND_GAP,
    StopReason.SUPERCEDED: Cause.NO_ENFORCER,
}
_NOT_UP = (NEVPNStatus.DISCONNECTED, NEVPNStatus.CONNECTING)


class Standing(NamedTuple):
    """How things stand from `begin` on, and the records that made each aspect so."""

    begin: Instant
    situation: Situation
    since: tuple[int, ...]
    """For each of :data:`ASPECTS`, the record that last changed it."""


def read(
    world: World,
    path: PathState,
    tunnel: TunnelState,
    provider: ProviderState,
    link: Link,
    network: Network,
    now: Instant,
) -> Situation:
    """The situation that these states amount to."""
    machine = world.tunnel
    routes = provider.routes and not tunnel.phantom
    default = path.default
    carries = network.carries(path, provider.server) and link is not Link.BROKEN and provider.phase in _CARRYING
    return Situation(
        tunnel.intent,
        tunnel.phase is NEVPNStatus.CONNECTED,
        routes,
        provider.interface,
        _gap(tunnel, bool(machine.rules)),
        machine.holds(tunnel),
        tunnel.deadlocked,
        provider.drops,
        network.diversions.get(provider.looked_up_on or "", 0),
        carries,
        network.reached,
        machine.seals(tunnel),
        routes and world.scenario.vpn.enforce_routes,
        default,
        path.wifi,
        path.cellular,
        path.wifi_works,
        path.cellular_works,
        network.way(path, provider.server, now).ipv6,
        path.signed_in and default is Interface.WIFI,
        network.wifi_slow(path),
        network.diversions.get(path.wifi_near or "", 0) if default is Interface.WIFI else 0,
        bool(path.wifi) and path.wifi_near in network.with_vpn,
    )


def since(last: Standing | None, situation: Situation, changed: list[int]) -> tuple[int, ...]:
    """For each aspect the record that last changed it; `changed` has each actor's last change."""
    if last is None:
        return (0,) * len(ASPECTS)
    before = last.situation
    return tuple(
        old if situation[first:behind] == before[first:behind] else max([changed[a] for a in actors])
        for old, (first, behind, actors) in zip(last.since, _SLICES, strict=True)
    )


def _gap(tunnel: TunnelState, on_demand: bool) -> Cause:
    """Why there are no routes into a tunnel, when there are none."""
    if tunnel.phantom:
        return Cause.NO_ENFORCER
    if tunnel.why_down is None:
        return Cause.ON_DEMAND_GAP if on_demand and tunnel.phase in _NOT_UP else Cause.TUNNEL_GAP
    return _GAPS.get(tunnel.why_down, Cause.TUNNEL_GAP)
