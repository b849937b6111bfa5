"""MASQUE: IP packets in HTTP/3 over QUIC (CONNECT-IP), as a client with a plain QUIC library runs it.

Theory of operation. One round trip makes the QUIC connection, one more the tunnel (one in all with 0-RTT). Data goes
in datagrams that are never repeated. The connection has an idle time-out at both ends: whoever hears nothing for so
long forgets it without a word.

    STOPPED    the engine is off
    HANDSHAKE  QUIC and TLS are under way
    CONNECT    the CONNECT-IP request is under way; its answer carries addresses and routes
    UP         data passes
    MIGRATING  the address changed: data passes, and the new path is validated beside it
    BACKOFF    a pause, or no network, before the next attempt
    CLOSED     timed out; the next packet starts an attempt

The transition that is not obvious: an outage shorter than the idle time-out costs nothing, and a longer one ends the
connection at both ends, also where nobody noticed it. After a sleep the server has closed what a clock that stood still
takes for alive; then the first packet is answered by a stateless reset, and the client connects again.

Left out: HTTP/2 over TCP where UDP is blocked, key updates (by count of packets, not by time), Retry, several paths.

Follows: RFC 9000 §8, §9, §10; RFC 9002 §6.2; RFC 9484; quic-go ``connection.go``; usque ``api/tunnel.go``.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, ClassVar, Literal, NamedTuple

from sim.base.citing import ASSUMED, MEASURED, SPECIFIED, Cited, Parameters
from sim.base.units import MILLISECOND, NEVER, Bytes, Duration, DurationField, Instant, SizeField, seconds
from sim.machines.events import (
    EngineStarted,
    EngineStopped,
    HostResumed,
    PathNoticed,
    ServerRestarted,
    SessionLost,
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

IP_UDP: Bytes = 28
PADDED: Bytes = 1200  # RFC 9000 §8.2.1, §14.1: Initials and path challenges fill so much
SHORT: Bytes = 28  # short header, connection id of 8 bytes, packet number, one small frame, tag
REQUEST, RESPONSE = 220, 160  # Finished and the CONNECT-IP request; 200, ADDRESS_ASSIGN and ROUTE_ADVERTISEMENT
DATA_OVERHEAD: Bytes = 60  # 28 IPv4, UDP + 11 header + 3 DATAGRAM frame + 2 quarter stream id, context + 16 tag
INNER_MTU: Bytes = 1280  # RFC 9484 §7.2: what IPv6 needs; usque's, too
AMPLIFICATION = 3  # RFC 9000 §8.1: a server answers at most so many times what it got, until the address is validated
MAX_ACK_DELAY: Duration = 25 * MILLISECOND  # RFC 9000 §18.2
GRANULARITY: Duration = MILLISECOND  # RFC 9002 §6.1.2
PTO_MOST: Duration = seconds(60)  # quic-go sent_packet_handler.go

INITIAL, CONNECT, PING, CHALLENGE, STRAY = "Initial", "CONNECT-IP", "PING", "PATH_CHALLENGE", "stray packet"

STOP_PTO = StopTimer("PTO")
STOP_ALL: tuple[Effect, ...] = (STOP_PTO, *map(StopTimer, ("handshake idle", "path", "retry")))


class Phase(StrEnum):
    """How far the connection is."""

    STOPPED = "STOPPED"
    HANDSHAKE = "HANDSHAKE"
    CONNECT = "CONNECT"
    UP = "UP"
    MIGRATING = "MIGRATING"
    BACKOFF = "BACKOFF"
    CLOSED = "CLOSED"


_CONNECTED = (Phase.UP, Phase.MIGRATING)


class State(NamedTuple):
    """The client's memory, and one bit of the server's."""

    phase: Phase
    server: str = ""
    usable: bool = True
    """There is a network."""
    request: str = ""
    """The exchange that awaits its answer."""
    tries: int = 0
    """How often it was repeated."""
    sent: Instant = -NEVER
    """When it was sent last."""
    begun: Instant = -NEVER
    """When it was sent first."""
    heard: Instant = -NEVER
    """The server's last message."""
    rtt: Duration = 0
    """Smoothed round trip; 0 before the first sample."""
    rttvar: Duration = 0
    ticket: bool = False
    """The server gave a ticket for 0-RTT."""
    known: bool = True
    """The server still has the connection."""
    strayed: Instant = -NEVER
    """The last packet that was sent into a connection which the server has forgotten."""
    cut: bool = False
    """The address changed, and the socket stays with the old one."""


class MASQUE(Parameters):
    """The CONNECT-IP client of the phone."""

    name: ClassVar[str] = "masque"
    host: ClassVar[Host] = Host.PROVIDER
    hears: ClassVar[frozenset[type[Event]]] = frozenset(
        {EngineStarted, EngineStopped, PathNoticed, ServerRestarted, HostResumed}
    )
    handshake: ClassVar[str] = INITIAL
    aes: ClassVar[bool] = True
    routes_before_handshake: ClassVar[bool] = False  # RFC 9484 §4.7: the proxy assigns addresses and routes
    keeps_routes: ClassVar[bool] = True  # usque api/tunnel.go: the device outlives its connections
    stops_offline: ClassVar[bool] = False
    transport: ClassVar[Transport] = "udp"
    built_in: ClassVar[bool] = False

    initial_pto: Annotated[
        DurationField, Cited("rfc9002", "§6.2.2: 333 ms of assumed round trip, 1 s until the first probe", SPECIFIED)
    ] = seconds(1)
    server_flight: Annotated[
        SizeField,
        Cited(
            "openssl-lab", "TLS 1.3, P-256, server only, in Initial and Handshake packets", MEASURED, "900 B", "5000 B"
        ),
    ] = 1500
    zero_rtt: Annotated[
        bool,
        Cited(
            "rfc9000",
            "§5.1 and RFC 9001 §4.6: optional; whether a client uses it is its choice",
            ASSUMED,
            "false",
            "true",
        ),
    ] = False
    handshake_idle: Annotated[
        DurationField, Cited("quic-go", "interface.go DefaultHandshakeIdleTimeout: nothing heard", SPECIFIED)
    ] = seconds(5)
    idle_timeout: Annotated[
        DurationField,
        Cited("quic-go", "protocol/params.go DefaultIdleTimeout; RFC 9000 §10.1: the lower of both ends'", SPECIFIED),
    ] = seconds(30)
    keepalive: Annotated[
        DurationField,
        Cited("rfc9000", "§10.1.2: a PING, if an application asks for it; not later than half the time-out", SPECIFIED),
    ] = 0
    migration: Annotated[
        bool, Cited("rfc9000", "§9: the client may move; false: its socket stays behind", SPECIFIED)
    ] = True
    retry_wait: Annotated[DurationField, Cited("usque", "api/tunnel.go reconnectDelay 1 s", SPECIFIED)] = seconds(1)
    reconnects: Annotated[
        Literal["at-once", "on-packet"],
        Cited("usque", "api/tunnel.go: by default an outbound packet is waited for", ASSUMED, "at-once", "on-packet",
              "specified for usque; other clients may differ"),
    ] = "at-once"  # fmt: skip
    clock: Annotated[
        Clock, Cited("judgement", "quic-go uses Go's monotonic clock; C libraries choose", ASSUMED, "boot", "monotonic")
    ] = "boot"

    transitions: ClassVar[tuple[Row, ...]] = (
        Row(Phase.STOPPED, "EngineStarted", Phase.HANDSHAKE, "RFC 9000 §7"),
        Row(Phase.STOPPED, "EngineStarted", Phase.BACKOFF, "no network yet"),
        Row(Phase.HANDSHAKE, f"Answered({INITIAL})", Phase.CONNECT, "RFC 9484 §3: the request follows the handshake"),
        Row(Phase.HANDSHAKE, f"Answered({INITIAL})", Phase.UP, "RFC 9001 §4.6: the request went with 0-RTT"),
        Row(Phase.CONNECT, f"Answered({CONNECT})", Phase.UP, "RFC 9484 §4.7: addresses and routes are assigned"),
        Row(Phase.CONNECT, f"Answered({CONNECT})", Phase.BACKOFF, "RFC 9000 §10.3: stateless reset"),
        *(
            Row(phase, "Due(handshake idle)", Phase.BACKOFF, "quic-go: no progress for 5 s")
            for phase in (Phase.HANDSHAKE, Phase.CONNECT)
        ),
        Row(
            Phase.CONNECT, "PathNoticed", Phase.HANDSHAKE, "RFC 9000 §9: no migration before the handshake is confirmed"
        ),
        Row(Phase.UP, "PathNoticed", Phase.MIGRATING, "RFC 9000 §9.2"),
        Row(Phase.MIGRATING, f"Answered({CHALLENGE})", Phase.UP, "RFC 9000 §8.2.3: PATH_RESPONSE"),
        Row(Phase.MIGRATING, "PathNoticed", Phase.UP, "the new path is gone again"),
        Row(Phase.MIGRATING, "Due(path)", Phase.BACKOFF, "RFC 9000 §8.2.4: not validated within three PTO"),
        Row(Phase.MIGRATING, f"Answered({CHALLENGE})", Phase.BACKOFF, "RFC 9000 §10.3: stateless reset"),
        *(
            Row(Phase.UP, f"Answered({name})", Phase.BACKOFF, "RFC 9000 §10.3: stateless reset")
            for name in (PING, STRAY)
        ),
        Row(Phase.MIGRATING, f"Answered({STRAY})", Phase.BACKOFF, "RFC 9000 §10.3: stateless reset"),
        *(Row(phase, "Due(idle)", Phase.BACKOFF, "RFC 9000 §10.1: closed in silence") for phase in _CONNECTED),
        Row(Phase.BACKOFF, "Due(retry)", Phase.HANDSHAKE, "usque: reconnect"),
        Row(Phase.BACKOFF, "Due(retry)", Phase.CLOSED, "usque: wait for an outbound packet"),
        Row(Phase.BACKOFF, "PathNoticed", Phase.HANDSHAKE, "there is a network again"),
        Row(Phase.BACKOFF, "PathNoticed", Phase.CLOSED, "there is a network again; a packet is waited for"),
        Row(Phase.CLOSED, "Due(send)", Phase.HANDSHAKE, "usque: the next packet reconnects"),
        *(
            Row(phase, "EngineStopped", Phase.STOPPED, "the provider stops the engine")
            for phase in Phase
            if phase is not Phase.STOPPED
        ),
    )

    def start(self) -> Step:
        """The engine is off until the provider starts it."""
        return Step(State(Phase.STOPPED))

    def link(self, state: State) -> Link:
        """Whether data passes."""
        # MODEL: while the new path is validated the server sends at most three times what it gets; that limit is left
        # out. Bias: a download goes on up to one round trip too early after a change of network.
        # MODEL: unanswered datagrams fill no congestion window. Bias: after a hole a heavy stream waits for the next
        # probe, up to as long as the hole was; here it goes on at once.
        if state.phase is Phase.CLOSED and state.usable:
            return Link.DORMANT
        return Link.CARRIES if state.phase in _CONNECTED and state.known and not state.cut else Link.BROKEN

    def overhead(self, size: Bytes) -> Bytes:
        """Headers and tags for `size` bytes in packets of the tunnel's MTU. [bytes]"""
        return -(-size // INNER_MTU) * DATA_OVERHEAD

    def watches(self, state: State) -> tuple[Watch, ...]:
        """The idle time-out, keepalives, a packet into a connection that is gone, and one that wants a new one."""
        if state.phase is Phase.CLOSED:
            return (OnSend("send", state.begun),)
        if state.phase not in _CONNECTED:
            return ()
        lasting = max(self.idle_timeout, 3 * self._pto(state))
        # RFC 9000 §10.1: counted from the last packet received, or from the first one sent after it.
        watches: tuple[Watch, ...] = (OnUnanswered("idle", lasting, state.heard),)
        if state.request:
            watches += (OnSilence("idle", Silent.RECEIVED, lasting, max(state.begun, state.heard)),)
        else:
            watches += (OnSilence("idle", Silent.BOTH, lasting, state.heard),)
            if self.keepalive:
                interval = min(self.keepalive, self.idle_timeout // 2)
                watches += (OnSilence("keepalive", Silent.RECEIVED, interval, state.heard),)
        return watches if state.known else (*watches, OnSend("stray", state.strayed + 1))

    def step(self, state: State, event: Event, now: Instant) -> Step:
        """See the table."""
        match state.phase, event:
            case Phase.STOPPED, EngineStarted():
                fresh = State(Phase.BACKOFF, event.server, event.usable)
                return self._dial(fresh, now) if event.usable else Step(fresh)
            case Phase.STOPPED, _:
                return unchanged(state)
            case _, EngineStopped():
                return Step(State(Phase.STOPPED), STOP_ALL)
            case _, PathNoticed():
                return self._notice(state, event, now)
            case _, ServerRestarted(server=state.server):
                return Step(state._replace(known=False, strayed=now - 1))
            case _, HostResumed():
                return self._resume(state, event, now)
            case _, Due("PTO") if state.request:
                return self._probe(state, now)
            case Phase.HANDSHAKE | Phase.CONNECT, Due("handshake idle"):
                return self._close(state, "handshake idle", now)
            case Phase.BACKOFF, Due("retry") if state.usable:
                return self._again(state, now)
            case Phase.CLOSED, Due("send"):
                return self._dial(state, now)
            case Phase.HANDSHAKE, Answered("Initial") if state.request == INITIAL:
                return self._handshaken(state._replace(known=True), now)
            case _, Answered(name) if name == state.request:
                return self._answered(state, now)
            case Phase.UP | Phase.MIGRATING, Answered("stray packet") if not state.known:
                return self._close(state, "stateless reset", now)
            case Phase.UP | Phase.MIGRATING, Due("idle"):
                return self._close(state, "idle timeout", now)
            case Phase.UP, Due("keepalive"):
                return self._send(state, PING, now)
            case Phase.UP | Phase.MIGRATING, Due("stray") if not state.known:
                return Step(state._replace(strayed=now), (self._message(state, STRAY),))
            case Phase.MIGRATING, Due("path"):
                return self._close(state, "path not validated", now)
        return unchanged(state)

    # Exchanges --------------------------------------------------------------------------------------------------------

    def _send(self, state: State, name: str, now: Instant) -> Step:
        """Send the first message of an exchange, and probe for its answer after a PTO."""
        sent = state._replace(request=name, tries=0, sent=now, begun=now)
        return Step(sent, (self._message(sent, name), StartTimer("PTO", self._pto(sent))))

    def _probe(self, state: State, now: Instant) -> Step:
        """No answer yet: once more, after twice the time."""
        again = state._replace(tries=state.tries + 1, sent=now)
        wait = min(self._pto(again) << min(again.tries, 20), PTO_MOST)
        return Step(again, (self._message(again, again.request), StartTimer("PTO", wait)))

    def _pto(self, state: State) -> Duration:
        """RFC 9002 §6.2.1: until an answer is probed for. [µs]"""
        if not state.rtt:
            return self.initial_pto
        return state.rtt + max(4 * state.rttvar, GRANULARITY) + MAX_ACK_DELAY

    def _message(self, state: State, name: str) -> Transmit:
        """The message of this name; a server that has forgotten the connection answers it with a stateless reset."""
        match name:
            case "Initial":
                padded = PADDED + IP_UDP
                packets = -(-self.server_flight // PADDED)
                trips = 2 if self.server_flight > AMPLIFICATION * PADDED else 1
                early = REQUEST if self.zero_rtt and state.ticket else 0
                answer = self.server_flight + packets * (IP_UDP + SHORT) + (RESPONSE if early else 0)
                return Transmit(name, padded + early, answer=answer, answer_packets=packets, round_trips=trips)
            case "CONNECT-IP":
                return Transmit(name, REQUEST + SHORT + IP_UDP, answer=RESPONSE + SHORT + IP_UDP)
            case "PATH_CHALLENGE":
                return Transmit(name, PADDED + IP_UDP, answer=PADDED + IP_UDP)
            case _:
                return Transmit(name, SHORT + IP_UDP, answer=SHORT + IP_UDP)

    def _heard(self, state: State, now: Instant) -> State:
        """The server answered; RFC 9002 §5.3: a message sent once is a sample of the round trip."""
        heard = state._replace(request="", heard=now)
        if state.tries:
            return heard
        sample = now - state.sent
        if not state.rtt:
            return heard._replace(rtt=sample, rttvar=sample // 2)
        rttvar = (3 * state.rttvar + abs(state.rtt - sample)) // 4
        return heard._replace(rtt=(7 * state.rtt + sample) // 8, rttvar=rttvar)

    # A connection's way up --------------------------------------------------------------------------------------------

    def _dial(self, state: State, now: Instant) -> Step:
        """Begin an attempt."""
        fresh = State(Phase.HANDSHAKE, state.server, state.usable, ticket=state.ticket)
        sent = self._send(fresh, INITIAL, now)
        return Step(sent.state, (*STOP_ALL, StartTimer("handshake idle", self.handshake_idle), *sent.effects))

    def _handshaken(self, state: State, now: Instant) -> Step:
        """QUIC and TLS are done; the request follows, unless it went ahead."""
        heard = self._heard(state, now)
        if self.zero_rtt and state.ticket:
            return self._up(heard)
        sent = self._send(heard._replace(phase=Phase.CONNECT), CONNECT, now)
        return Step(sent.state, (StartTimer("handshake idle", self.handshake_idle), *sent.effects))

    def _up(self, state: State) -> Step:
        """The tunnel is there."""
        up = state._replace(phase=Phase.UP, ticket=True)
        return Step(up, (STOP_PTO, StopTimer("handshake idle"), Announce(SessionUp())))

    def _answered(self, state: State, now: Instant) -> Step:
        """An answer, or a stateless reset."""
        if not state.known:
            return self._close(state, "stateless reset", now)
        heard = self._heard(state, now)
        if state.phase is Phase.CONNECT:
            return self._up(heard)
        return Step(heard._replace(phase=Phase.UP), (STOP_PTO, StopTimer("path")))

    # Ends, and the network --------------------------------------------------------------------------------------------

    def _close(self, state: State, reason: str, now: Instant) -> Step:
        """The connection, or the attempt at one, is over."""
        over = State(Phase.BACKOFF, state.server, state.usable, ticket=state.ticket)
        told = state.phase in _CONNECTED and self.reconnects == "at-once"
        lost = (Announce(SessionLost(reason, fatal=False)),) if told else ()
        return Step(over, (*STOP_ALL, *lost, StartTimer("retry", self.retry_wait)))

    def _again(self, state: State, now: Instant) -> Step:
        """The pause is over."""
        if self.reconnects == "at-once":
            return self._dial(state, now)
        return Step(state._replace(phase=Phase.CLOSED, begun=now))

    def _notice(self, before: State, event: PathNoticed, now: Instant) -> Step:
        """What the path means to a connection: it moves on, stays behind, or waits."""
        state = before._replace(usable=event.usable)
        match state.phase:
            case Phase.HANDSHAKE | Phase.CONNECT if event.usable and (event.moved or not before.usable):
                return self._dial(state, now)
            case Phase.UP | Phase.MIGRATING if event.moved and event.usable and not self.migration:
                return Step(state._replace(cut=True))
            case Phase.UP | Phase.MIGRATING if event.moved and event.usable:
                return self._migrate(state, now)
            case Phase.MIGRATING if not event.usable:
                return Step(state._replace(phase=Phase.UP, request=""), (STOP_PTO, StopTimer("path")))
            case Phase.BACKOFF if event.usable and not before.usable:
                return self._again(state, now)
        return Step(state)

    def _migrate(self, state: State, now: Instant) -> Step:
        """Go on from the new address, and validate the path; what was known of the round trip is void."""
        sent = self._send(state._replace(phase=Phase.MIGRATING, rtt=0, rttvar=0), CHALLENGE, now)
        patience = 3 * max(self._pto(state), self.initial_pto)
        return Step(sent.state, (*sent.effects, StartTimer("path", patience)))

    def _resume(self, state: State, event: HostResumed, now: Instant) -> Step:
        """After a sleep: the server's idle time-out ran on, and perhaps our clock stood still."""
        # MODEL: the server's time-out counts from the beginning of the sleep. Bias: a phone that fell asleep after a
        # silence is remembered up to that much too long.
        forgotten = state.phase in _CONNECTED and event.slept >= self.idle_timeout
        woken = state._replace(known=False, strayed=now - 1) if forgotten else state
        if self.clock == "boot":
            return Step(woken)
        return Step(
            woken._replace(
                sent=state.sent + event.slept, begun=state.begun + event.slept, heard=state.heard + event.slept
            )
        )
