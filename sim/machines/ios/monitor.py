"""A client's own watch over its tunnel: pings through it, and another server when nobody answers.

Theory of operation. WireGuard does not know whether its peer is there, and iOS does not ask. So a client may look for
itself: it pings an address inside the tunnel, and if no answer comes for a while, it takes the tunnel for dead and
starts over with another server. While nothing flows it does not ping, so an idle phone stays silent.

    OFF         the engine is off
    CONNECTING  pings at once and again and again; no answer within 4, 8, then 15 s: lost
    CONNECTED   pings while traffic flows, or when what was sent is not answered; no answer for 15 s: lost
    WAITING     no network: nothing can be told about the tunnel
    RECOVERING  given up; the client starts its engine again, towards another server

The rule that is not obvious: the 15 s count from the last answer to a ping, not from the first ping that failed, and
pings come 10 s apart. So a server that falls silent under traffic is left 5 to 15 s later. An idle one is not noticed
at all until something is sent, and then after 15 s. The count begins anew when the device wakes.

Follows: Mullvad's ``TunnelMonitor.swift``, ``TunnelMonitorState.swift`` and ``TunnelMonitorTimings.swift``.

# MODEL: the monitor acts at the instant its condition holds; the real one looks once a second. Bias: up to 1 s early.
# MODEL: any packet out of the tunnel counts as the answer to a ping sent before it. Bias: an answer to an app's packet
# that was under way confirms the tunnel a round trip early.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, ClassVar, NamedTuple

from sim.base.citing import SPECIFIED, Cited, Parameters
from sim.base.units import NEVER, Bytes, Duration, DurationField, Instant, minutes, seconds
from sim.machines.events import (
    ConnectionLost,
    EngineStarted,
    EngineStopped,
    HostResumed,
    PathNoticed,
    ProviderGone,
    SessionUp,
)
from sim.machines.machine import (
    Announce,
    Due,
    Effect,
    Event,
    Host,
    OnReceive,
    OnSend,
    OnSilence,
    OnUnanswered,
    Row,
    Silent,
    StartTimer,
    Step,
    StopTimer,
    Transmit,
    Watch,
    unchanged,
)

ECHO: Bytes = 32  # an ICMP echo over IPv4, 28 bytes, as WireGuard pads it
PING = Transmit("monitor ping", ECHO, answer=ECHO, inside=True)
STOP_ALL: tuple[Effect, ...] = tuple(map(StopTimer, ("lost", "again", "pulse")))


class Phase(StrEnum):
    """What the monitor thinks of the tunnel."""

    OFF = "OFF"
    CONNECTING = "CONNECTING"
    CONNECTED = "CONNECTED"
    WAITING = "WAITING"
    RECOVERING = "RECOVERING"


class State(NamedTuple):
    """What it remembers."""

    phase: Phase
    retry: int = 0
    """How often it has given up since the last answer."""
    since: Instant = -NEVER
    """From when the time-out counts: the last answer, the start, the wake."""
    pinged: Instant = -NEVER
    awaits: bool = False
    """The last ping is not answered yet."""
    flowing: bool = False
    """There was traffic shortly before the next ping is due."""
    quiet: bool = False
    """No traffic: no pings, and no time-out."""


_LOOKING = (Phase.CONNECTING, Phase.CONNECTED)


class Monitor(Parameters):
    """The tunnel monitor of a client."""

    host: ClassVar[Host] = Host.PROVIDER
    hears: ClassVar[frozenset[type[Event]]] = frozenset(
        {EngineStarted, EngineStopped, SessionUp, PathNoticed, ProviderGone, HostResumed}
    )

    active: Annotated[bool, Cited("wireguard-apple", "has none; Mullvad's client does", SPECIFIED)] = False
    heartbeat: Annotated[
        DurationField,
        Cited("mullvad-app", "TunnelMonitorTimings heartbeatPingInterval, while traffic flows", SPECIFIED),
    ] = seconds(10)
    ping_delay: Annotated[
        DurationField,
        Cited("mullvad-app", "TunnelMonitorTimings pingDelay: until an unanswered one is repeated", SPECIFIED),
    ] = seconds(3)
    ping_timeout: Annotated[
        DurationField, Cited("mullvad-app", "TunnelMonitorTimings pingTimeout; also maxEstablishTimeout", SPECIFIED)
    ] = seconds(15)
    establish_timeout: Annotated[
        DurationField, Cited("mullvad-app", "TunnelMonitorTimings initialEstablishTimeout", SPECIFIED)
    ] = seconds(4)
    establish_multiplier: Annotated[
        int, Cited("mullvad-app", "TunnelMonitorTimings establishTimeoutMultiplier", SPECIFIED)
    ] = 2
    inbound_timeout: Annotated[
        DurationField, Cited("mullvad-app", "TunnelMonitorTimings inboundTrafficTimeout", SPECIFIED)
    ] = seconds(5)
    traffic_timeout: Annotated[
        DurationField,
        Cited("mullvad-app", "TunnelMonitorTimings trafficTimeout: a ping after so long an idle", SPECIFIED),
    ] = minutes(2)

    transitions: ClassVar[tuple[Row, ...]] = (
        *(
            Row(phase, "EngineStarted", to, why)
            for phase in (Phase.OFF, Phase.RECOVERING)
            for to, why in (
                (Phase.CONNECTING, "TunnelMonitor start"),
                (Phase.WAITING, "TunnelMonitor start without a network"),
            )
        ),
        Row(Phase.WAITING, "EngineStarted", Phase.CONNECTING, "TunnelMonitor start"),
        Row(Phase.RECOVERING, "SessionUp", Phase.CONNECTING, "the client has reconnected by itself"),
        Row(Phase.CONNECTING, "Due(reply)", Phase.CONNECTED, "didReceivePing: connection established"),
        *(Row(phase, "Due(lost)", Phase.RECOVERING, "startConnectionRecovery: connection lost") for phase in _LOOKING),
        *(Row(phase, "PathNoticed", Phase.WAITING, "handleNetworkPathUpdate: not reachable") for phase in _LOOKING),
        Row(Phase.WAITING, "PathNoticed", Phase.CONNECTING, "handleNetworkPathUpdate: reachable again"),
        Row(Phase.CONNECTED, "EngineStarted", Phase.CONNECTING, "TunnelMonitor start"),
        *(Row(phase, "EngineStarted", Phase.WAITING, "TunnelMonitor start without a network") for phase in _LOOKING),
        *(
            Row(phase, event, Phase.OFF, "TunnelMonitor stop")
            for phase in Phase
            if phase is not Phase.OFF
            for event in ("EngineStopped", "ProviderGone")
            if (phase, event) != (Phase.RECOVERING, "EngineStopped")
        ),
    )

    def start(self) -> Step:
        """Nothing to watch until the engine runs."""
        return Step(State(Phase.OFF))

    def watches(self, state: State) -> tuple[Watch, ...]:
        """An answer; traffic that asks for a ping; too long a silence."""
        if state.phase not in _LOOKING:
            return ()
        if state.awaits:
            return (OnReceive("reply", state.pinged + 1),)
        if state.phase is Phase.CONNECTING:
            return ()
        watches: tuple[Watch, ...] = (
            OnSilence("idle", Silent.BOTH, self.traffic_timeout, state.pinged),
            OnUnanswered("unanswered", self.inbound_timeout, state.pinged),
        )
        if not state.flowing:
            flowing = state.pinged + self.heartbeat - self._fresh
            watches += (OnSend("traffic", flowing), OnReceive("traffic", flowing))
        return watches

    @property
    def _fresh(self) -> Duration:
        """How recent a packet must be to say that traffic flows (trafficFlowTimeout)."""
        return self.heartbeat // 2

    def step(self, state: State, event: Event, now: Instant) -> Step:
        """See the table."""
        match state.phase, event:
            case _, EngineStarted(usable=True):
                return self._connect(state, now)
            case _, EngineStarted():
                return Step(State(Phase.WAITING, state.retry), STOP_ALL)
            case Phase.RECOVERING, EngineStopped():
                return unchanged(state)
            case _, EngineStopped() | ProviderGone():
                return Step(State(Phase.OFF), STOP_ALL)
            case Phase.RECOVERING, SessionUp():
                return self._connect(state, now)
            case Phase.CONNECTING | Phase.CONNECTED, PathNoticed(usable=False):
                return Step(State(Phase.WAITING), STOP_ALL)
            case Phase.WAITING, PathNoticed(usable=True):
                return self._connect(state, now)
            case Phase.CONNECTING | Phase.CONNECTED, HostResumed() if not state.quiet:
                return Step(state._replace(since=now), (StartTimer("lost", self._patience(state)),))
            case Phase.CONNECTING | Phase.CONNECTED, Due(name):
                return self._due(state, name, now)
        return unchanged(state)

    def _due(self, state: State, name: str, now: Instant) -> Step:
        """A timer ran out, or a watch came true."""
        match name:
            case "reply":
                connected = state._replace(phase=Phase.CONNECTED, retry=0, since=now, awaits=False)
                return Step(connected, (StopTimer("again"), StartTimer("lost", self.ping_timeout)))
            case "lost" if not state.quiet and now - state.since >= self._patience(state):
                given_up = State(Phase.RECOVERING, state.retry + 1)
                return Step(given_up, (*STOP_ALL, Announce(ConnectionLost())))
            case "again" if state.awaits:
                return self._ping(state, now)
            case "pulse" if state.flowing:
                return self._ping(state, now)
            case "pulse" if not state.awaits:
                return Step(state._replace(quiet=True), (StopTimer("lost"),))
            case "traffic" if now < state.pinged + self.heartbeat:
                return Step(state._replace(flowing=True))
            case "traffic" | "idle" | "unanswered":
                return self._ping(state, now)
        return unchanged(state)

    def _connect(self, state: State, now: Instant) -> Step:
        """The engine runs: does anybody answer?"""
        connecting = State(Phase.CONNECTING, state.retry, since=now)
        pinged = self._ping(connecting, now)
        return Step(pinged.state, (*STOP_ALL, StartTimer("lost", self._patience(connecting)), *pinged.effects))

    def _ping(self, state: State, now: Instant) -> Step:
        """Send one. After a quiet spell the time-out counts from here."""
        pinged = state._replace(pinged=now, awaits=True, flowing=False)
        effects: tuple[Effect, ...] = (
            PING,
            StartTimer("again", self.ping_delay),
            StartTimer("pulse", self.heartbeat),
        )
        if not state.quiet:
            return Step(pinged, effects)
        return Step(pinged._replace(quiet=False, since=now), (*effects, StartTimer("lost", self.ping_timeout)))

    def _patience(self, state: State) -> Duration:
        """How long to wait for an answer."""
        if state.phase is Phase.CONNECTED:
            return self.ping_timeout
        growing: Duration = self.establish_timeout * self.establish_multiplier ** min(state.retry, 10)
        return min(growing, self.ping_timeout)
