"""WireGuard: the initiator's timers as wireguard-go runs them on a phone, and what its peer remembers.

Theory of operation. There is no connection: a session is a pair of keys that the initiator makes with one round trip,
when a packet wants to go out and no valid key exists. Keys are renewed on use (a send after 120 s), refused after 180
s, and an idle tunnel is silent. So the phases are about keys, not about reachability:

    STOPPED      the engine is off; what the phone sends into the tunnel is swallowed
    NO_SESSION   nothing valid; the next packet starts a handshake. Nobody is told: the phone still says Connected
    HANDSHAKING  an initiation is under way and no valid key exists: packets wait
    SESSION      keys younger than 180 s
    REKEYING     the same, with a handshake under way for the next ones
    SILENT       gave up after 20 initiations (about 103 s); the next packet begins again

Programs differ in little: whether they say hello from a new address or wait for the next packet, whether a persistent
keepalive revives one that gave up, and whether their clock stands still in sleep. With one that does, a session looks
young at wake whose keys the peer has long thrown away.

The transition that is not obvious: a dead peer is noticed only by traffic. 15 s after a data packet to which nothing
came back, a new handshake starts while the old key goes on being used; if the peer merely lost its state, that heals
it.

Left out: cookies under load, the responder's own initiations, and REKEY_AFTER_MESSAGES (2^60 packets).

Follows: J. A. Donenfeld, "WireGuard" (2017) §6; wireguard-go ``device/constants.go``, ``device/timers.go``.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, ClassVar, NamedTuple

from sim.base.citing import ASSUMED, SPECIFIED, Cited, Parameters
from sim.base.laws import DurationLaw, uniform
from sim.base.units import MILLISECOND, NEVER, Bytes, Duration, DurationField, Instant, seconds
from sim.machines.events import (
    EngineStarted,
    EngineStopped,
    HostResumed,
    PathNoticed,
    ServerRestarted,
    SessionUp,
)
from sim.machines.machine import (
    Announce,
    Answered,
    Clock,
    Due,
    Effect,
    Event,
    Host,
    Link,
    OnReceive,
    OnReply,
    OnSend,
    OnSilence,
    OnUnanswered,
    Row,
    Silent,
    StartTimer,
    Step,
    StopTimer,
    Transmit,
    Transport,
    Watch,
    unchanged,
)

INITIATION: Bytes = 148 + 28  # wireguard-go noise-protocol.go MessageInitiationSize, plus IPv4 and UDP headers
RESPONSE: Bytes = 92 + 28  # MessageResponseSize
KEEPALIVE: Bytes = 32 + 28  # an empty transport message
EMPTY = Transmit("keepalive", KEEPALIVE)
DATA_OVERHEAD: Bytes = 60  # 20 IPv4 + 8 UDP + 16 header + 16 tag; padding to 16 B comes on top
INNER_MTU: Bytes = 1280  # wireguard-apple PacketTunnelSettingsGenerator.swift

STOP_ALL: tuple[Effect, ...] = tuple(map(StopTimer, ("retransmit", "reject", "new handshake", "peer rejects")))


class Phase(StrEnum):
    """Which keys exist."""

    STOPPED = "STOPPED"
    NO_SESSION = "NO_SESSION"
    HANDSHAKING = "HANDSHAKING"
    SESSION = "SESSION"
    REKEYING = "REKEYING"
    SILENT = "SILENT"


_UNDER_WAY = (Phase.HANDSHAKING, Phase.REKEYING)


class State(NamedTuple):
    """The initiator's memory, and one bit of the responder's."""

    phase: Phase
    created: Instant = -NEVER
    """When the current session was made."""
    attempts: int = 0
    """Initiations sent after the first one of this handshake."""
    sent: Instant = -NEVER
    """Our last control message."""
    heard: Instant = -NEVER
    """The peer's last control message."""
    suspicious: bool = False
    """Data went unanswered for 15 s; the new handshake's jitter runs."""
    late_rekey_done: bool = False
    """The one rekey on receiving has been used for this session."""
    known: bool = True
    """The peer still has the session (False after it restarted)."""
    server: str = ""
    """The peer."""
    slept: Duration = 0
    """How much of the session's life our clock has missed."""


class WireGuard(Parameters):
    """The WireGuard client of the phone."""

    name: ClassVar[str] = "wireguard"
    host: ClassVar[Host] = Host.PROVIDER
    handshake: ClassVar[str] = "initiation"
    aes: ClassVar[bool] = False
    routes_before_handshake: ClassVar[bool] = True
    keeps_routes: ClassVar[bool] = True
    stops_offline: ClassVar[bool] = True
    transport: ClassVar[Transport] = "udp"
    built_in: ClassVar[bool] = False

    rekey_after_time: Annotated[DurationField, Cited("wireguard-go", "REKEY_AFTER_TIME", SPECIFIED)] = seconds(120)
    reject_after_time: Annotated[DurationField, Cited("wireguard-go", "REJECT_AFTER_TIME", SPECIFIED)] = seconds(180)
    rekey_timeout: Annotated[DurationField, Cited("wireguard-go", "REKEY_TIMEOUT", SPECIFIED)] = seconds(5)
    retransmit: Annotated[
        DurationLaw, Cited("wireguard-go", "REKEY_TIMEOUT + RekeyTimeoutJitterMaxMs 334", SPECIFIED)
    ] = uniform(seconds(5), seconds(5) + 333 * MILLISECOND)
    new_handshake_jitter: Annotated[
        DurationLaw, Cited("wireguard-go", "timers.go timersDataSent, RekeyTimeoutJitterMaxMs 334", SPECIFIED)
    ] = uniform(0, 333 * MILLISECOND)
    keepalive_timeout: Annotated[DurationField, Cited("wireguard-go", "KEEPALIVE_TIMEOUT", SPECIFIED)] = seconds(10)
    max_attempts: Annotated[
        int, Cited("wireguard-go", "MaxTimerHandshakes 90/5 = 18; stops when attempts exceed it", SPECIFIED)
    ] = 18
    persistent_keepalive: Annotated[
        DurationField, Cited("wireguard-tools", "wg.8 PersistentKeepalive: off by default", SPECIFIED)
    ] = 0
    rebind: Annotated[
        bool,
        Cited(
            "algo-1385",
            "black hole on Wi-Fi to LTE with a rebind that failed; normal roaming works",
            ASSUMED,
            "false",
            "true",
            "false is the defect profile: after the address changed nothing passes until the next handshake",
        ),
    ] = True
    bump: Annotated[
        bool,
        Cited(
            "wireguard-apple",
            "didReceivePathUpdate, bump: a keepalive at each path update; bare engines: none",
            SPECIFIED,
        ),
    ] = True
    keepalive_revives: Annotated[
        bool,
        Cited(
            "wireguard-go",
            "expiredPersistentKeepalive begins a handshake after giving up; BoringTun's does not",
            SPECIFIED,
        ),
    ] = True
    clock: Annotated[
        Clock,
        Cited(
            "wireguard-apple",
            "Go runtime patched to mach_continuous_time; unpatched Go stands still in sleep",
            SPECIFIED,
        ),
    ] = "boot"

    transitions: ClassVar[tuple[Row, ...]] = (
        Row(
            Phase.STOPPED, "EngineStarted", Phase.NO_SESSION, "device.go Up: no handshake until a packet wants to leave"
        ),
        Row(
            Phase.STOPPED,
            "EngineStarted",
            Phase.HANDSHAKING,
            "peer.go Start: with PersistentKeepalive one is due at once",
        ),
        *(
            Row(phase, "EngineStopped", Phase.STOPPED, "device.go Down: keys and queues are dropped")
            for phase in Phase
            if phase is not Phase.STOPPED
        ),
        Row(Phase.NO_SESSION, "Due(send)", Phase.HANDSHAKING, "send.go SendStagedPackets without a valid key"),
        Row(Phase.NO_SESSION, "Due(persistent)", Phase.HANDSHAKING, "timers.go expiredPersistentKeepalive"),
        Row(Phase.NO_SESSION, "PathNoticed", Phase.HANDSHAKING, "wireguard-apple bump with PersistentKeepalive set"),
        Row(Phase.SILENT, "Due(send)", Phase.HANDSHAKING, "the next packet begins again, attempts at 0"),
        Row(Phase.SILENT, "Due(persistent)", Phase.HANDSHAKING, "timers.go expiredPersistentKeepalive"),
        Row(Phase.SILENT, "PathNoticed", Phase.HANDSHAKING, "wireguard-apple bump with PersistentKeepalive set"),
        Row(Phase.HANDSHAKING, "Answered(initiation)", Phase.SESSION, "paper §5.4.3: the initiator may send"),
        Row(Phase.HANDSHAKING, "Due(retransmit)", Phase.SILENT, "timers.go expiredRetransmitHandshake: attempts > 18"),
        Row(Phase.SESSION, "Due(send)", Phase.REKEYING, "send.go keepKeyFreshSending: older than 120 s"),
        Row(Phase.SESSION, "Due(receive)", Phase.REKEYING, "receive.go keepKeyFreshReceiving: older than 165 s, once"),
        Row(Phase.SESSION, "Due(passive)", Phase.REKEYING, "a keepalive is a packet sent, too"),
        Row(Phase.SESSION, "Due(persistent)", Phase.REKEYING, "a keepalive is a packet sent, too"),
        Row(Phase.SESSION, "PathNoticed", Phase.REKEYING, "the bump's keepalive is a packet sent, too"),
        Row(Phase.SESSION, "Due(new handshake)", Phase.REKEYING, "timers.go expiredNewHandshake"),
        Row(Phase.SESSION, "Due(reject)", Phase.NO_SESSION, "paper §6.2: REJECT_AFTER_TIME"),
        Row(Phase.REKEYING, "Answered(initiation)", Phase.SESSION, "the new keys are used from now on"),
        Row(Phase.REKEYING, "Due(reject)", Phase.HANDSHAKING, "the old keys ran out first"),
        Row(Phase.REKEYING, "Due(retransmit)", Phase.SESSION, "gave up, but the old keys are still valid"),
    )

    @property
    def hears(self) -> frozenset[type[Event]]:
        """A sleep means nothing to a clock that runs through it."""
        always = {EngineStarted, EngineStopped, PathNoticed, ServerRestarted}
        return frozenset(always if self.clock == "boot" else always | {HostResumed})

    def start(self) -> Step:
        """The engine is off until the provider starts it."""
        return Step(State(Phase.STOPPED))

    def link(self, state: State) -> Link:
        """Whether data passes."""
        match state.phase:
            case Phase.SESSION | Phase.REKEYING:
                return Link.CARRIES if state.known else Link.BROKEN
            case Phase.NO_SESSION | Phase.SILENT:
                return Link.DORMANT
            case _:
                return Link.BROKEN

    def overhead(self, size: Bytes) -> Bytes:
        """Headers and tags for `size` bytes in packets of the tunnel's MTU. [bytes]"""
        return -(-size // INNER_MTU) * DATA_OVERHEAD

    def watches(self, state: State) -> tuple[Watch, ...]:
        """What the traffic may do to this state."""
        match state.phase:
            case Phase.SILENT if not self.keepalive_revives:
                return (OnSend("send", state.sent + 1),)
            case Phase.NO_SESSION | Phase.SILENT:
                return (OnSend("send", state.sent + 1), *self._persistent(state))
            case Phase.SESSION:
                watches: tuple[Watch, ...] = (
                    OnSend("send", state.created + self.rekey_after_time),
                    OnReply(
                        "passive", self.keepalive_timeout, state.sent, EMPTY, state.created + self.rekey_after_time
                    ),
                    *self._persistent(state, state.created + self.rekey_after_time),
                )
                if not state.late_rekey_done:
                    late = self.reject_after_time - self.keepalive_timeout - self.rekey_timeout
                    watches += (OnReceive("receive", state.created + late),)
                # MODEL: the peer's passive keepalive is left out. Where data is only sent, never answered, a handshake
                # each 15 s stands for the empty packet that the peer sends each 10 s: too many bytes, the same link.
                if not state.suspicious:
                    watches += (OnUnanswered("unanswered", self.keepalive_timeout + self.rekey_timeout, state.heard),)
                return watches
            case Phase.REKEYING:
                return (OnReply("passive", self.keepalive_timeout, state.sent, EMPTY), *self._persistent(state, NEVER))
            case _:
                return ()

    def _persistent(self, state: State, alone_until: Instant = -NEVER) -> tuple[Watch, ...]:
        if not self.persistent_keepalive:
            return ()
        since = max(state.sent, state.heard)
        return (OnSilence("persistent", Silent.BOTH, self.persistent_keepalive, since, EMPTY, alone_until),)

    def step(self, state: State, event: Event, now: Instant) -> Step:
        """See the table."""
        if state.phase is Phase.STOPPED:
            return self._engine_started(event, now) if isinstance(event, EngineStarted) else unchanged(state)
        match event:
            case Due(name):
                return self._due(state, name, now)
            case Answered("initiation") if state.phase in _UNDER_WAY:
                return self._complete(state, now)
            case PathNoticed(usable=True):
                return self._bump(state, event, now)
            case EngineStopped():
                return Step(State(Phase.STOPPED), STOP_ALL)
            case ServerRestarted(server=state.server):
                return Step(state._replace(known=False))
            case HostResumed():
                return self._resume(state, event, now)
        return unchanged(state)

    def _due(self, state: State, name: str, now: Instant) -> Step:
        """A timer ran out, or a watch came true."""
        match name, state.phase:
            case "passive" | "persistent", Phase.SESSION | Phase.REKEYING:
                return self._keepalive(state, now)
            case "send", Phase.SESSION:
                return self._initiate(state, now, Phase.REKEYING)
            case "send" | "persistent", Phase.NO_SESSION | Phase.SILENT:
                return self._initiate(state, now, Phase.HANDSHAKING)
            case "reject", Phase.SESSION:
                expired = State(Phase.NO_SESSION, sent=now - 1, server=state.server)
                return Step(expired, (StopTimer("new handshake"),))
            case "reject", Phase.REKEYING:
                return Step(state._replace(phase=Phase.HANDSHAKING))
            case "retransmit", Phase.HANDSHAKING | Phase.REKEYING if state.attempts <= self.max_attempts:
                return self._initiate(state, now, state.phase, attempts=state.attempts + 1)
            case "retransmit", Phase.HANDSHAKING:
                return Step(State(Phase.SILENT, sent=now, server=state.server))
            case "retransmit", Phase.REKEYING:
                return Step(state._replace(phase=Phase.SESSION, suspicious=False, heard=now))
            case "receive", Phase.SESSION:
                return self._initiate(state._replace(late_rekey_done=True), now, Phase.REKEYING)
            case "unanswered", Phase.SESSION:
                return Step(state._replace(suspicious=True), (StartTimer("new handshake", self.new_handshake_jitter),))
            case "new handshake", Phase.SESSION:
                return self._initiate(state._replace(suspicious=False), now, Phase.REKEYING)
            case "peer rejects", Phase.SESSION | Phase.REKEYING if self._peers_keys_left(state, now) <= 0:
                return Step(state._replace(known=False))
        return unchanged(state)

    def _engine_started(self, event: EngineStarted, now: Instant) -> Step:
        """Ready, and silent until a packet wants to leave; with a persistent keepalive, one is due at once."""
        ready = State(Phase.NO_SESSION, sent=now - 1, server=event.server)
        return self._initiate(ready, now, Phase.HANDSHAKING) if self.persistent_keepalive else Step(ready)

    def _initiate(self, state: State, now: Instant, phase: Phase, attempts: int = 0) -> Step:
        """Send a handshake initiation and wait REKEY_TIMEOUT and a little for its response."""
        return Step(
            state._replace(phase=phase, attempts=attempts, sent=now),
            (
                Transmit("initiation", INITIATION, answer=RESPONSE),
                StartTimer("retransmit", self.retransmit),
            ),
        )

    def _complete(self, state: State, now: Instant) -> Step:
        """A response arrived: new keys. An empty packet confirms them to the responder."""
        return Step(
            State(Phase.SESSION, created=now, sent=now, heard=now, server=state.server),
            (
                StopTimer("retransmit"),
                StopTimer("new handshake"),
                StartTimer("reject", self.reject_after_time),
                EMPTY,
                Announce(SessionUp()),
            ),
        )

    def _keepalive(self, state: State, now: Instant) -> Step:
        """Send an empty packet; like any packet it renews keys older than REKEY_AFTER_TIME."""
        sent = state._replace(sent=now)
        if state.phase is Phase.SESSION and now - state.created >= self.rekey_after_time:
            begun = self._initiate(sent, now, Phase.REKEYING)
            return Step(begun.state, (EMPTY, *begun.effects))
        return Step(sent, (EMPTY,))

    def _bump(self, state: State, event: PathNoticed, now: Instant) -> Step:
        """Sockets are reopened on the new path; every live session says hello from there, so the peer follows."""
        match state.phase:
            case Phase.SESSION | Phase.REKEYING if event.moved and not self.rebind:
                return Step(state._replace(known=False))
            case _ if not self.bump:  # the next packet leaves from the new address, and the peer follows it
                return unchanged(state)
            case Phase.SESSION | Phase.REKEYING:
                return self._keepalive(state, now)
            case Phase.NO_SESSION | Phase.SILENT if self.persistent_keepalive:
                return self._initiate(state, now, Phase.HANDSHAKING)
        return unchanged(state)

    # A clock that stands still ----------------------------------------------------------------------------------------

    def _resume(self, state: State, event: HostResumed, now: Instant) -> Step:
        """Our clock missed the sleep, so all that we remember is as young as before; the peer's clock ran on."""
        moved = state._replace(
            created=state.created + event.slept,
            sent=state.sent + event.slept,
            heard=state.heard + event.slept,
            slept=state.slept + event.slept,
        )
        if state.phase not in (Phase.SESSION, Phase.REKEYING):
            return Step(moved)
        left = self._peers_keys_left(moved, now)
        if left <= 0:
            return Step(moved._replace(known=False))
        return Step(moved, (StartTimer("peer rejects", left),))

    def _peers_keys_left(self, state: State, now: Instant) -> Duration:
        """How long the peer still accepts the session's keys."""
        return state.created - state.slept + self.reject_after_time - now
