"""The packet tunnel provider: the process that owns the tunnel's interface, and how its authors chose to behave.

Theory of operation. The system launches the provider and asks it to start. It looks up its server, makes the
interface with its routes (the settings), and starts the protocol engine; clients differ in the order. Whatever
happens later, one question decides between a leak and a block: *are the routes there while no data passes?*

    ABSENT        no process, no interface
    LAUNCHING     the process is being made
    PREPARING     reads its configuration, looks up its server
    APPLYING      the system applies its settings (routes and resolver appear at the end)
    HANDSHAKING   first handshake before the settings (protocols whose settings come from the server)
    RUNNING       settings in place
    UPDATING      settings are applied again: routes and resolver are gone for a moment
    RECONNECTING  the session was lost and is being made anew, routes kept or removed
    OFFLINE       no path: the engine is stopped, the interface stays (wireguard-apple)
    STOPPING      asked to stop

For IKEv2 the same steps are taken by the system's own client; it does not crash and has no memory limit here.

Follows: Apple's NetworkExtension headers (NEPacketTunnelProvider); wireguard-apple ``WireGuardAdapter.swift``; openvpn3
``ovpncli.hpp`` (tunPersist).
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, ClassVar, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, model_validator

from sim.base.citing import ASSUMED, MEASURED, REPORTED, SPECIFIED, Cited, Parameters
from sim.base.laws import DurationLaw, LogNormal, Rarely, lognormal, uniform
from sim.base.units import MILLISECOND, Bytes, Instant, SizeField, seconds
from sim.machines.events import (
    AppUpdated,
    ConnectionLost,
    EngineStarted,
    EngineStopped,
    KeyRotated,
    MemoryPressed,
    PathNoticed,
    ProviderCrashed,
    ProviderGone,
    ProviderLaunched,
    ProviderReady,
    ProviderStopped,
    ReassertingSet,
    Rebooted,
    ServerChosen,
    SessionLost,
    SessionUp,
    SettingsCleared,
    StopReason,
)
from sim.machines.ios.implementations import BY_PROTOCOL, over, table_of
from sim.machines.ios.monitor import Monitor
from sim.machines.machine import (
    Announce,
    Due,
    Effect,
    Event,
    Host,
    Row,
    StartTimer,
    Step,
    StopTimer,
    Transmit,
    Watch,
    unchanged,
)

MIB: Bytes = 1 << 20


class Client(Parameters):
    """How a VPN client behaves: what its authors decided, and what its process costs."""

    implementation: Annotated[
        str,
        Cited(
            "judgement", "a name of IMPLEMENTATIONS", ASSUMED, BY_PROTOCOL, "any", "values stated beside it override it"
        ),
    ] = BY_PROTOCOL

    launch: Annotated[
        DurationLaw, Cited("apple-forum-731820", "plugin launch and IPC, one log", MEASURED, "0.02 s", "0.5 s")
    ] = lognormal(50 * MILLISECOND, 0.6, seconds(1))
    prepare: Annotated[
        DurationLaw,
        Cited("netbird-181", "1.3 s from start to Connected, less launch and settings", MEASURED, "0.1 s", "5 s"),
    ] = lognormal(seconds(1), 0.5, seconds(5))
    apply: Annotated[
        DurationLaw,
        Cited("netbird-181", "about 0.2 s an apply; wireguard-apple waits at most 5 s", MEASURED, "0.05 s", "1 s",
              "the share of lost callbacks, 0.005 (0 to 0.05), is assumed"),
    ] = Rarely.model_construct(
        law="rarely", usual=LogNormal.model_construct(law="lognormal", median=200 * MILLISECOND, sigma=0.4,
        most=seconds(1)), rare=seconds(5), chance=0.005,
    )  # fmt: skip
    stop: Annotated[DurationLaw, Cited("judgement", "normal stopTunnel", ASSUMED, "0.05 s", "2 s")] = lognormal(
        300 * MILLISECOND, 0.7, seconds(2)
    )
    routes: Annotated[
        Literal["by-protocol", "before-handshake", "after-handshake"],
        Cited(
            "wireguard-apple", "WireGuardAdapter.swift start; OpenVPN and IKEv2 learn theirs from the server", SPECIFIED
        ),
    ] = "by-protocol"
    routes_while_reconnecting: Annotated[
        Literal["by-protocol", "kept", "removed"],
        Cited("openvpn3", "ovpncli.hpp tunPersist = false: removed; wireguard-apple keeps them", SPECIFIED),
    ] = "by-protocol"
    reasserts: Annotated[
        bool,
        Cited(
            "ivpn-466", "reasserting around an update of settings stops its leak; wireguard-apple sets it", SPECIFIED
        ),
    ] = True
    server_change: Annotated[
        Literal["update", "restart"],
        Cited("wireguard-apple", "TunnelsManager.swift: an active tunnel is changed in place or restarted", SPECIFIED),
    ] = "update"
    ipv6: Annotated[
        Literal["carried", "dropped"],
        Cited("rfc7359", "a VPN that does not support IPv6 should take it in and drop it", SPECIFIED),
    ] = "carried"
    kill_switch: Annotated[
        Literal["none", "app"],
        Cited(
            "mullvad-5477",
            "a blocked state of the app: it keeps a default route and drops what comes",
            SPECIFIED,
            note="the app's own, as opposed to includeAllNetworks; it lives and dies with the provider",
        ),
    ] = "none"
    engage_delay: Annotated[
        DurationLaw, Cited("ivpn-knowledge-base", "from losing the tunnel to dropping", REPORTED, "0 s", "3 s")
    ] = uniform(seconds(1), seconds(3))
    stops_engine_offline: Annotated[
        bool, Cited("wireguard-apple", "didReceivePathUpdate: temporary shutdown, the interface stays", SPECIFIED)
    ] = True
    runs_in_sleep: Annotated[
        bool, Cited("tunnelkit-138", "queues stop in device sleep since iOS 13", REPORTED, "false", "true")
    ] = False
    needs_unlock: Annotated[
        bool,
        Cited("mullvad-app", "keys cannot be read before the first unlock after a boot", REPORTED, "false", "true"),
    ] = True
    footprint: Annotated[
        SizeField,
        Cited(
            "queqiao-82",
            "5.8 to 6.2 MiB for a small Go engine; 26 to 38 for multi-protocol ones",
            MEASURED,
            "6 MB",
            "40 MB",
        ),
    ] = 8 * MIB
    memory_load: Annotated[
        SizeField,
        Cited(
            "xray-19",
            "2 to 4 page loads; speed tests; video: load in a minute that makes memory rise",
            ASSUMED,
            "2 MB",
            "50 MB",
        ),
    ] = 10_000_000
    memory_rise: Annotated[
        SizeField, Cited("radiance-595", "12 MB in 0.36 s, one burst: median of a rise", MEASURED, "2 MB", "30 MB")
    ] = 8 * MIB
    memory_rise_most: Annotated[
        SizeField, Cited("radiance-595", "the largest rise seen, with a margin", ASSUMED, "20 MB", "45 MB")
    ] = 30 * MIB
    memory_spread: Annotated[float, Cited("judgement", "log-deviation of the rise", ASSUMED, "0.3", "1")] = 0.7
    crashes_per_day: Annotated[float, Cited("judgement", "a good client", ASSUMED, "0", "0.5")] = 0.0
    monitor: Monitor = Monitor()

    @model_validator(mode="before")
    @classmethod
    def _apply_implementation(cls, values: Any) -> Any:
        if isinstance(values, str):
            values = {"implementation": values}
        if isinstance(values, dict):
            return over(table_of(values.get("implementation", BY_PROTOCOL), "client"), values)
        return values


class Phase(StrEnum):
    """What the provider is doing."""

    ABSENT = "ABSENT"
    LAUNCHING = "LAUNCHING"
    PREPARING = "PREPARING"
    APPLYING = "APPLYING"
    HANDSHAKING = "HANDSHAKING"
    RUNNING = "RUNNING"
    UPDATING = "UPDATING"
    RECONNECTING = "RECONNECTING"
    OFFLINE = "OFFLINE"
    STOPPING = "STOPPING"


class ProviderState(NamedTuple):
    """The process and its interface. Routing depends on the first fields only."""

    phase: Phase
    server: str = ""
    routes: bool = False
    """The tunnel's routes and resolver are in force."""
    interface: int = 0
    """The tunnel interface; 0 when there is none. Sockets bound to an earlier number have lost their address."""
    interfaces: int = 0
    drops: bool = False
    """The app's kill switch is engaged: it has a default route again and drops what comes."""
    looked_up_on: str | None = None
    """The Wi-Fi network on which its server's name was last looked up; None: on none, or it has an address."""
    # From here on nothing concerns routing.
    usable: bool = True
    cellular: bool = False
    ssid: str | None = None
    """The Wi-Fi network in use."""
    reasserting: bool = False
    """Set around an update. Clearing it makes iOS end the sockets inside the tunnel (mullvad-app): a new interface
    number."""


_ALIVE = tuple(phase for phase in Phase if phase is not Phase.ABSENT)
_STARTING = (Phase.LAUNCHING, Phase.PREPARING, Phase.APPLYING, Phase.HANDSHAKING)
_UP = (Phase.RUNNING, Phase.UPDATING, Phase.RECONNECTING, Phase.OFFLINE)


class Provider(BaseModel):
    """The provider of one VPN set-up; its choices are in :class:`Client`, resolved for the protocol by `build`."""

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)

    host: ClassVar[Host] = Host.PROVIDER
    client: Client
    server: str
    servers: tuple[str, ...] = ()
    """All there are; a client with a monitor goes through them."""
    routes_first: bool
    routes_kept: bool
    stops_engine_offline: bool
    memory_limit: Bytes | None
    """Of the process; none for the system's own client."""
    looks_up: bool = False
    """Its server is configured by name: the look-up goes outside, before there is a tunnel."""
    up_at_start: bool = False

    transitions: ClassVar[tuple[Row, ...]] = (
        Row(Phase.ABSENT, "ProviderLaunched", Phase.LAUNCHING, "NEPacketTunnelProvider startTunnel"),
        Row(Phase.LAUNCHING, "Due(launch)", Phase.PREPARING, "the process runs"),
        Row(Phase.PREPARING, "Due(prepare)", Phase.APPLYING, "wireguard-apple: settings before the engine"),
        Row(Phase.PREPARING, "Due(prepare)", Phase.HANDSHAKING, "OpenVPN, IKEv2: the server sends the settings"),
        Row(Phase.APPLYING, "Due(apply)", Phase.RUNNING, "setTunnelNetworkSettings done"),
        Row(Phase.HANDSHAKING, "SessionUp", Phase.APPLYING, "settings learnt"),
        *(
            Row(phase, "SessionLost", Phase.ABSENT, "the session ended for good: cancelTunnelWithError")
            for phase in (*_STARTING, *_UP)
        ),
        Row(Phase.RUNNING, "SessionLost", Phase.RECONNECTING, "the client connects again by itself"),
        Row(Phase.UPDATING, "SessionLost", Phase.RECONNECTING, "the client connects again by itself"),
        Row(Phase.OFFLINE, "SessionLost", Phase.RECONNECTING, "the client connects again by itself"),
        Row(Phase.RECONNECTING, "SessionUp", Phase.RUNNING, "routes were kept"),
        Row(Phase.RECONNECTING, "SessionUp", Phase.UPDATING, "routes must be applied again"),
        Row(Phase.RUNNING, "KeyRotated", Phase.UPDATING, "wireguard-apple update(tunnelConfiguration:)"),
        Row(Phase.RUNNING, "ServerChosen", Phase.UPDATING, "wireguard-apple update(tunnelConfiguration:)"),
        Row(Phase.RUNNING, "ServerChosen", Phase.RECONNECTING, "a new session with the other server"),
        Row(Phase.RUNNING, "ConnectionLost", Phase.UPDATING, "Mullvad: reconnect to another relay"),
        Row(Phase.RUNNING, "ConnectionLost", Phase.RECONNECTING, "a new session with another server"),
        Row(Phase.OFFLINE, "ServerChosen", Phase.UPDATING, "as above"),
        Row(Phase.OFFLINE, "ServerChosen", Phase.RECONNECTING, "as above"),
        Row(Phase.UPDATING, "Due(apply)", Phase.RUNNING, "settings in place again"),
        Row(Phase.UPDATING, "Due(apply)", Phase.OFFLINE, "settings in place, but no path"),
        Row(Phase.RUNNING, "PathNoticed", Phase.OFFLINE, "wireguard-apple: temporary shutdown"),
        Row(Phase.OFFLINE, "PathNoticed", Phase.UPDATING, "wireguard-apple: settings again, engine again"),
        *(Row(phase, "ProviderStopped", Phase.STOPPING, "stopTunnel") for phase in (*_STARTING, *_UP)),
        *(
            Row(phase, "ProviderStopped", Phase.ABSENT, "stopTunnel before sleep is waited for")
            for phase in (*_STARTING, *_UP)
        ),
        Row(Phase.STOPPING, "Due(stop)", Phase.ABSENT, "stopTunnel completed"),
        Row(Phase.STOPPING, "ProviderStopped", Phase.ABSENT, "eduvpn/apple#265: killed after the limit of 20 s"),
        *(
            Row(phase, event, Phase.ABSENT, "the process is gone, its interface with it")
            for event in ("ProviderCrashed", "MemoryPressed", "AppUpdated", "Rebooted")
            for phase in _ALIVE
        ),
    )  # fmt: skip

    @property
    def hears(self) -> frozenset[type[Event]]:
        """Only what this client can react to: WireGuard's sessions come and go without its provider."""
        always = {
            ProviderLaunched, ProviderStopped, PathNoticed, KeyRotated, ServerChosen, MemoryPressed, ProviderCrashed,
            AppUpdated, Rebooted, SettingsCleared, ConnectionLost,
        }  # fmt: skip
        return frozenset(always if self.routes_first and self.routes_kept else always | {SessionUp, SessionLost})

    def start(self) -> Step:
        """Absent, or already up when the scenario begins protected."""
        if not self.up_at_start:
            return Step(ProviderState(Phase.ABSENT, self.server))
        up = ProviderState(Phase.RUNNING, self.server, routes=True, interface=1, interfaces=1)
        return Step(up, (Announce(EngineStarted(self.server, True)),))

    def watches(self, state: ProviderState) -> tuple[Watch, ...]:
        """The provider asks nothing of the traffic; its protocol does."""
        return ()

    def step(self, state: ProviderState, event: Event, now: Instant) -> Step:
        """See the table."""
        phase = state.phase
        match event:
            case PathNoticed(usable=usable, cellular=cellular, ssid=ssid):
                on = None if cellular else ssid
                return self._path(state._replace(usable=usable, cellular=cellular, ssid=on))
            case ConnectionLost() if phase is Phase.RUNNING:
                return self.step(state, ServerChosen(self._next(state.server)), now)
            case ConnectionLost():
                return unchanged(state)
            case ServerChosen(server) if phase not in (Phase.RUNNING, Phase.OFFLINE):
                return Step(state._replace(server=server))
            case _ if phase is Phase.ABSENT:
                return self._launch(state) if isinstance(event, ProviderLaunched) else unchanged(state)
            case ProviderCrashed():
                return self._end(state, StopReason.PROVIDER_FAILED)
            case MemoryPressed(rise):
                killed = self.memory_limit is not None and self.client.footprint + rise > self.memory_limit
                return self._end(state, StopReason.PROVIDER_FAILED) if killed else unchanged(state)
            case AppUpdated():
                return self._end(state, StopReason.APP_UPDATE) if self.memory_limit is not None else unchanged(state)
            case Rebooted():
                return self._end(state, StopReason.REBOOT)
            case ProviderStopped(StopReason.SLEEP) if phase is not Phase.STOPPING:
                return self._end(state, StopReason.SLEEP)
            case ProviderStopped(_) if phase is not Phase.STOPPING:
                stopping = state._replace(phase=Phase.STOPPING)
                return Step(stopping, (*_DROP_TIMERS, Announce(EngineStopped()), StartTimer("stop", self.client.stop)))
            case ProviderStopped(reason):
                return self._end(state, reason)
            case SessionLost(fatal=True) if phase is not Phase.STOPPING:
                return self._end(state, StopReason.SERVER_DEAD)

        match phase, event:
            case Phase.LAUNCHING, Due("launch"):
                prepare = StartTimer("prepare", self.client.prepare)
                preparing = self._looked_up(state._replace(phase=Phase.PREPARING))
                return Step(preparing, (LOOK_UP, prepare) if self.looks_up else (prepare,))
            case Phase.PREPARING, Due("prepare") if self.routes_first:
                return Step(state._replace(phase=Phase.APPLYING), (StartTimer("apply", self.client.apply),))
            case Phase.PREPARING, Due("prepare"):
                return Step(state._replace(phase=Phase.HANDSHAKING), (self._engine(state),))
            case Phase.HANDSHAKING, SessionUp():
                return Step(state._replace(phase=Phase.APPLYING), (StartTimer("apply", self.client.apply),))
            case Phase.APPLYING, Due("apply"):
                return self._up(_new_interface(state))
            case Phase.STOPPING, Due("stop"):
                return self._end(state, StopReason.USER_INITIATED)

            case ((Phase.RUNNING | Phase.UPDATING | Phase.OFFLINE), SessionLost()):
                return self._reconnect(state)
            case Phase.RECONNECTING, SessionUp() if state.routes:
                return Step(_new_interface(state)._replace(phase=Phase.RUNNING), (Announce(ProviderReady()),))
            case Phase.RECONNECTING, SessionUp():
                return Step(state._replace(phase=Phase.UPDATING), (StartTimer("apply", self.client.apply),))

            case Phase.RUNNING, SettingsCleared() if self.memory_limit is not None:
                # setTunnelNetworkSettings(nil): no routes and no address until settings are applied again.
                cleared = state._replace(routes=False, interface=0)
                return Step(cleared, self._engages())
            case _, Due("engage"):
                return Step(state._replace(drops=not state.routes))

            case Phase.RUNNING, KeyRotated() if self.routes_first:
                return self._update(state)
            case ((Phase.RUNNING | Phase.OFFLINE), ServerChosen(server)) if self.routes_first:
                return self._update(state._replace(server=server))
            case ((Phase.RUNNING | Phase.OFFLINE), ServerChosen(server)):
                changed = self._reconnect(state._replace(server=server))
                return Step(changed.state, (*changed.effects, Announce(EngineStopped()), self._engine(changed.state)))
            case Phase.UPDATING, Due("apply"):
                return self._updated(state)
        return unchanged(state)

    def _next(self, server: str) -> str:
        """The server after this one."""
        # MODEL: a monitored client goes through its servers in their order; the real one draws the next at random.
        # Bias: a good one is found within as many tries as there are servers.
        if server not in self.servers:
            return server
        return self.servers[(self.servers.index(server) + 1) % len(self.servers)]

    def _launch(self, state: ProviderState) -> Step:
        return Step(state._replace(phase=Phase.LAUNCHING), (StartTimer("launch", self.client.launch),))

    def _engine(self, state: ProviderState) -> Effect:
        return Announce(EngineStarted(state.server, state.usable, state.cellular))

    def _up(self, state: ProviderState) -> Step:
        """Settings are in place for the first time: status Connected, whether or not a handshake was made."""
        ready = Announce(ProviderReady())
        if not self.routes_first:
            return Step(state._replace(phase=Phase.RUNNING), (ready,))
        return Step(state._replace(phase=Phase.RUNNING), (self._engine(state), ready))

    def _reconnect(self, state: ProviderState) -> Step:
        """The session is gone; the routes stay, or the interface goes with them."""
        effects: tuple[Effect, ...] = (StopTimer("apply"), Announce(ReassertingSet()))
        if not self.routes_kept:
            state, effects = state._replace(routes=False, interface=0), (*effects, *self._engages(state))
        if self.looks_up and state.usable:
            state, effects = self._looked_up(state), (*effects, LOOK_UP)
        return Step(state._replace(phase=Phase.RECONNECTING), effects)

    def _looked_up(self, state: ProviderState) -> ProviderState:
        """Its server's name was just looked up, by the resolver of the network in use."""
        return state._replace(looked_up_on=state.ssid) if self.looks_up else state

    def _engages(self, state: ProviderState | None = None) -> tuple[Effect, ...]:
        """The routes are gone: the app's kill switch takes notice, unless it has already."""
        if self.client.kill_switch == "none" or (state is not None and not state.routes):
            return ()
        return (StartTimer("engage", self.client.engage_delay),)

    def _update(self, state: ProviderState) -> Step:
        """New settings over a live interface: its routes and resolver are removed and added again."""
        effects: tuple[Effect, ...] = (Announce(EngineStopped()), StartTimer("apply", self.client.apply))
        if self.client.reasserts:
            # While reasserting the system holds what belongs to the tunnel, so the gap blocks (ivpn-466).
            return Step(state._replace(phase=Phase.UPDATING, reasserting=True), (Announce(ReassertingSet()), *effects))
        return Step(state._replace(phase=Phase.UPDATING, routes=False), (*effects, *self._engages(state)))

    def _updated(self, state: ProviderState) -> Step:
        """Settings are in place again."""
        off: tuple[Effect, ...] = () if self.client.kill_switch == "none" else (StopTimer("engage"),)
        if not self.routes_first:
            return Step(_new_interface(state)._replace(phase=Phase.RUNNING), (*off, Announce(ProviderReady())))
        fresh = state.reasserting or not state.interface
        done = (_new_interface(state) if fresh else state)._replace(
            phase=Phase.RUNNING, routes=True, drops=False, reasserting=False
        )
        if not done.usable:
            return Step(done._replace(phase=Phase.OFFLINE), (*off, Announce(ProviderReady())))
        return Step(done, (*off, self._engine(done), Announce(ProviderReady())))

    def _path(self, state: ProviderState) -> Step:
        """What wireguard-apple does on path updates; other clients leave it to their protocol."""
        if not self.stops_engine_offline:
            return Step(state)
        match state.phase:
            case Phase.RUNNING if not state.usable:
                return Step(state._replace(phase=Phase.OFFLINE), (Announce(EngineStopped()),))
            case Phase.OFFLINE if state.usable:
                # Settings again, but the routes were never removed: nothing leaks (wireguard-apple, temporary
                # shutdown).
                return Step(state._replace(phase=Phase.UPDATING), (StartTimer("apply", self.client.apply),))
        return Step(state)

    def _end(self, state: ProviderState, reason: StopReason) -> Step:
        """The process is gone, and its interface with it."""
        gone = state._replace(phase=Phase.ABSENT, routes=False, interface=0, drops=False)
        return Step(gone, (*_DROP_TIMERS, Announce(EngineStopped()), Announce(ProviderGone(reason))))


LOOK_UP = Transmit("endpoint look-up", 75 + 28, answer=180 + 28)  # typical sizes, plus IPv4 and UDP headers
_DROP_TIMERS: tuple[Effect, ...] = tuple(StopTimer(name) for name in ("launch", "prepare", "apply", "stop", "engage"))


def _new_interface(state: ProviderState) -> ProviderState:
    number = state.interfaces + 1
    return state._replace(routes=True, interface=number, interfaces=number, drops=False)


def memory_limit(ios: tuple[int, ...]) -> Bytes:
    """The packet tunnel provider's memory limit on this iOS version. [bytes]

    References
    ----------
    Apple developer forums 73148: 5 to 6 MiB on iOS 9, 15 MiB on 10 to 14, 50 MiB from 15 on.
    """
    if ios >= (15,):
        return 50 * MIB
    return 15 * MIB if ios >= (10,) else 5 * MIB


__all__ = ["Client", "Phase", "Provider", "ProviderState", "memory_limit"]
