"""Lightway: a TLS session with a number, as ExpressVPN's client runs it on a phone, and what its server remembers.

Theory of operation. A session costs three round trips: over UDP two of DTLS 1.3 (the first proves the address with a
cookie) and one to log in; over TCP one to connect, one of TLS, one to log in. Until it is online each packet is sent
three times, so that a loss costs nothing. Afterwards the session lives by its number, not by its address: the server
follows it wherever the next packet comes from.

    STOPPED         the engine is off
    CONNECTING      the TCP connection, then the handshake
    AUTHENTICATING  the login is under way; its answer carries the settings
    ONLINE          data passes
    BACKOFF         a pause, or no network, before the next attempt

The transition that is not obvious: an idle phone sends nothing at all. Only a change of the network, or a packet sent
when nothing has come for 10 s (the *tracer*), makes it ping, every 2 s, and 6 s without an answer end the session. So
a dead server is noticed by traffic only, but then soon. A server that has forgotten the session says so, which heals it
in one round trip and three more.

Left out: several servers in parallel, Expresslane, path MTU discovery, obfuscation, the server's memory of 24 h.

Follows: Lightway's ``lightway-client`` (``keepalive.rs``, ``mobile/lightway.rs``), its ``lightway-core``
(``connection.rs``, ``io_adapter.rs``, ``wire.rs``) and its note ``udp_session_id.md``.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, ClassVar, NamedTuple

from sim.base.citing import ASSUMED, MEASURED, REPORTED, SPECIFIED, Cited, Parameters
from sim.base.units import MILLISECOND, NEVER, Bytes, Duration, DurationField, Instant, SizeField, minutes, seconds
from sim.machines import carrier
from sim.machines.events import (
    EngineStarted,
    EngineStopped,
    HoleBegan,
    HoleEnded,
    HostResumed,
    PathNoticed,
    ServerCameBack,
    ServerRestarted,
    ServerWentSilent,
    SessionLost,
    SessionUp,
    WifiFaded,
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
    OnSend,
    OnSilence,
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

HEADERS = {"udp": 28 + 16, "tcp": 52}  # IPv4, UDP and Lightway's own (wire.rs); IPv4 and TCP with timestamps
RECORD = {"udp": 37, "tcp": 22}  # lightway-core lib.rs: at most so much of DTLS 1.3; a TLS 1.3 record
FRAME: Bytes = 3  # lightway-core wire.rs
RETRY: Bytes = 120  # a HelloRetryRequest with its cookie
LOGIN, SETTINGS = 64 + 120, 100  # Finished and the auth frame; address, MTU and session number
KEY_UPDATE: Bytes = 5
INNER_MTU: Bytes = 1350  # mobile/lightway.rs INTERNAL_MTU

HELLO, COOKIE, AUTH, PING, UPDATE, STRAY = (
    "ClientHello",
    "ClientHello with cookie",
    "auth",
    "ping",
    "key update",
    "stray packet",
)

RETRANSMIT = StopTimer("retransmit")
PINGS: tuple[Effect, ...] = (StopTimer("ping again"), StopTimer("keepalive timeout"))
STOP_ALL: tuple[Effect, ...] = (
    RETRANSMIT,
    *PINGS,
    *map(StopTimer, ("online timeout", "retry", "key update", "carrier")),
)


class Phase(StrEnum):
    """How far the session is."""

    STOPPED = "STOPPED"
    CONNECTING = "CONNECTING"
    AUTHENTICATING = "AUTHENTICATING"
    ONLINE = "ONLINE"
    BACKOFF = "BACKOFF"


class State(NamedTuple):
    """The client's memory, one bit of the server's, and the TCP carrier's."""

    phase: Phase
    server: str = ""
    cellular: bool = False
    usable: bool = True
    """There is a network."""
    request: str = ""
    """The exchange that awaits its answer."""
    tries: int = 0
    """How often it was repeated."""
    heard: Instant = -NEVER
    """The server's last message."""
    asked: Instant = NEVER
    """The first of the pings that are not answered yet."""
    stale: Instant = NEVER
    """Since when nothing has come for the tracer's time."""
    traced: bool = False
    """The tracer has fired since then."""
    known: bool = True
    """The server still has the session."""
    strayed: Instant = -NEVER
    """The last packet that was sent into a session which the server has forgotten."""
    hole: Instant = NEVER
    """TCP: since when the carrier is cut off without knowing it."""
    stalled: Instant = NEVER
    """TCP: the first segment that went into the hole; everything behind it waits for its retransmission."""


class Lightway(Parameters):
    """The Lightway client of the phone."""

    name: ClassVar[str] = "lightway"
    host: ClassVar[Host] = Host.PROVIDER
    handshake: ClassVar[str] = AUTH
    aes: ClassVar[bool] = True
    # mobile/lightway.rs: the TUN device is there before the first connection and outlives each of them.
    routes_before_handshake: ClassVar[bool] = True
    keeps_routes: ClassVar[bool] = True
    stops_offline: ClassVar[bool] = False
    built_in: ClassVar[bool] = False

    transport: Annotated[Transport, Cited("lightway", "config.rs: datagram or stream", SPECIFIED)] = "udp"
    copies: Annotated[
        int, Cited("lightway", "lightway-core io_adapter.rs aggressive_send: until online, UDP only", SPECIFIED)
    ] = 3
    dtls_timeout: Annotated[
        DurationField, Cited("lightway", "connection.rs: DTLS seconds count as 0.1 s, doubling", SPECIFIED)
    ] = 100 * MILLISECOND
    dtls_tries: Annotated[
        int, Cited("lightway", "connection.rs: 0.1 s to 6.4 s, 12.7 s in all, then TimedOut", SPECIFIED)
    ] = 6
    online_timeout: Annotated[
        DurationField, Cited("lightway", "connection_manager.rs: who is not online by then is dropped", SPECIFIED)
    ] = seconds(60)
    client_hello: Annotated[SizeField, Cited("openssl-lab", "TLS 1.3, P-256", MEASURED, "200 B", "1500 B")] = 256
    server_flight: Annotated[
        SizeField,
        Cited(
            "openssl-lab", "TLS 1.3, P-256, without a client certificate: 1.2 kB in all", MEASURED, "800 B", "2500 B"
        ),
    ] = 880
    keepalive_interval: Annotated[
        DurationField, Cited("lightway", "mobile/lightway.rs: 2 s; config.rs on computers: 10 s", SPECIFIED)
    ] = seconds(2)
    keepalive_timeout: Annotated[
        DurationField, Cited("lightway", "mobile/lightway.rs: 6 s; config.rs on computers: 60 s", SPECIFIED)
    ] = seconds(6)
    keepalive_continuous: Annotated[
        bool, Cited("lightway", "keepalive.rs: only after a trigger; on computers always", SPECIFIED)
    ] = False
    tracer: Annotated[
        DurationField, Cited("lightway", "lib.rs DEFAULT_TRACER_TRIGGER_TIMEOUT: nothing came while sending", SPECIFIED)
    ] = seconds(10)
    key_update: Annotated[DurationField, Cited("lightway", "key_update_interval", SPECIFIED)] = minutes(15)
    reconnect_wait: Annotated[
        DurationField,
        Cited("judgement", "the library ends with an error; its app's policy is closed", ASSUMED, "0 s", "5 s"),
    ] = seconds(1)
    tcp_rto: Annotated[
        DurationField,
        Cited("real-daemons-lab", "c: OpenVPN over TCP at RTT 50 ms, the same kernel's TCP", MEASURED, "230 ms", "1 s"),
    ] = 275 * MILLISECOND
    clock: Annotated[
        Clock,
        Cited(
            "rust-std", "std::time::Instant on Darwin: CLOCK_UPTIME_RAW, still in sleep", REPORTED, "boot", "monotonic"
        ),
    ] = "monotonic"

    transitions: ClassVar[tuple[Row, ...]] = (
        Row(Phase.STOPPED, "EngineStarted", Phase.CONNECTING, "mobile/lightway.rs async_lightway_start"),
        Row(Phase.STOPPED, "EngineStarted", Phase.BACKOFF, "no network yet"),
        Row(Phase.CONNECTING, f"Answered({HELLO})", Phase.AUTHENTICATING, "TCP: the TLS handshake is done"),
        Row(Phase.CONNECTING, f"Answered({COOKIE})", Phase.AUTHENTICATING, "UDP: the DTLS handshake is done"),
        Row(Phase.AUTHENTICATING, f"Answered({AUTH})", Phase.ONLINE, "connection.rs: State::Online"),
        *(
            Row(phase, f"Due({timer})", Phase.BACKOFF, why)
            for phase in (Phase.CONNECTING, Phase.AUTHENTICATING)
            for timer, why in (
                ("retransmit", "connection.rs: TimedOut"),
                ("online timeout", "connection_manager.rs: not online in time"),
            )
        ),
        Row(Phase.AUTHENTICATING, "PathNoticed", Phase.CONNECTING, "a new path: a new attempt"),
        Row(Phase.ONLINE, "Due(keepalive timeout)", Phase.BACKOFF, "keepalive.rs: Timedout ends the client"),
        *(
            Row(Phase.ONLINE, f"Answered({name})", Phase.BACKOFF, "udp_session_id.md: the session is rejected")
            for name in (STRAY, PING)
        ),
        Row(Phase.ONLINE, "PathNoticed", Phase.BACKOFF, "mobile/lightway.rs: a stream ends with its network"),
        *(
            Row(phase, "ServerRestarted", Phase.BACKOFF, "TCP: reset by the peer")
            for phase in (Phase.CONNECTING, Phase.AUTHENTICATING, Phase.ONLINE)
        ),
        Row(Phase.BACKOFF, "Due(retry)", Phase.CONNECTING, "the app connects again"),
        Row(Phase.BACKOFF, "PathNoticed", Phase.CONNECTING, "there is a network again"),
        *(
            Row(phase, "EngineStopped", Phase.STOPPED, "the provider stops the engine")
            for phase in Phase
            if phase is not Phase.STOPPED
        ),
    )

    @property
    def hears(self) -> frozenset[type[Event]]:
        """Holes matter to TCP, a sleep to a clock that stands still in it."""
        heard: set[type[Event]] = {EngineStarted, EngineStopped, PathNoticed, ServerRestarted}
        if self.transport == "tcp":
            heard |= {HoleBegan, HoleEnded, WifiFaded, ServerWentSilent, ServerCameBack}
        return frozenset(heard if self.clock == "boot" else heard | {HostResumed})

    def start(self) -> Step:
        """The engine is off until the provider starts it."""
        return Step(State(Phase.STOPPED))

    def link(self, state: State) -> Link:
        """Whether data passes; over TCP not while a lost segment holds up all others."""
        carries = state.phase is Phase.ONLINE and state.known and state.stalled == NEVER
        return Link.CARRIES if carries else Link.BROKEN

    def overhead(self, size: Bytes) -> Bytes:
        """Headers and tags for `size` bytes in packets of the tunnel's MTU. [bytes]"""
        return -(-size // INNER_MTU) * (HEADERS[self.transport] + RECORD[self.transport] + FRAME)

    def watches(self, state: State) -> tuple[Watch, ...]:
        """The tracer; an answer to a ping by any packet; a packet into a session that is gone."""
        if state.phase is not Phase.ONLINE:
            return ()
        watches: tuple[Watch, ...] = ()
        if not state.known:
            watches += (OnSend("stray", state.strayed + 1),)
        if state.hole != NEVER and state.stalled == NEVER:
            watches += (OnSend("stall", state.hole),)
        if not state.usable:
            return watches
        if state.asked != NEVER:
            return (*watches, OnReceive("activity", state.asked + 1))
        if self.keepalive_continuous:
            watches += (OnSilence("keepalive", Silent.RECEIVED, self.keepalive_interval, state.heard),)
        if state.stale == NEVER:
            return (*watches, OnSilence("stale", Silent.RECEIVED, self.tracer, state.heard))
        watches += (OnReceive("activity", state.stale),)
        return watches if state.traced else (*watches, OnSend("tracer", state.stale))

    def step(self, state: State, event: Event, now: Instant) -> Step:
        """See the table."""
        match state.phase, event:
            case Phase.STOPPED, EngineStarted():
                fresh = State(Phase.BACKOFF, event.server, event.cellular, event.usable)
                return self._dial(fresh) if event.usable else Step(fresh)
            case Phase.STOPPED, _:
                return unchanged(state)
            case _, EngineStopped():
                return Step(State(Phase.STOPPED), STOP_ALL)
            case _, PathNoticed():
                return self._notice(state, event, now)
            case _, ServerRestarted(server=state.server):
                return self._forget(state, now)
            case _, HostResumed() if self.clock == "monotonic":
                return Step(state._replace(heard=state.heard + event.slept))
            case Phase.BACKOFF, Due("retry") if state.usable:
                return self._dial(state)
            case _, Due("retransmit") if state.request:
                return self._repeat(state)
            case Phase.CONNECTING | Phase.AUTHENTICATING, Due("online timeout"):
                return self._lose(state, "not online in time")
            case Phase.CONNECTING | Phase.AUTHENTICATING, Answered(name) if name == state.request:
                return self._proceed(state, now)
            case Phase.ONLINE, Answered(name):
                return self._answered(state, name, now)
            case Phase.ONLINE, Due(name):
                return self._due(state, name, now)
            case Phase.ONLINE, HoleBegan() | WifiFaded() | ServerWentSilent() if self._is_cut(state, event):
                return Step(state._replace(hole=min(state.hole, now)))
            case Phase.ONLINE, HoleEnded() | ServerCameBack() if self._is_cut(state, event):
                return self._mend(state, now)
        return unchanged(state)

    # A session's way up -----------------------------------------------------------------------------------------------

    def _dial(self, state: State) -> Step:
        """Begin an attempt."""
        fresh = State(Phase.CONNECTING, state.server, state.cellular, state.usable)
        sent = self._send(fresh, HELLO if self.transport == "udp" else "connect")
        return Step(sent.state, (*STOP_ALL, StartTimer("online timeout", self.online_timeout), *sent.effects))

    def _send(self, state: State, name: str, tries: int = 0) -> Step:
        """Send the first message of an exchange, or repeat it, and wait for the answer."""
        return Step(
            state._replace(request=name, tries=tries),
            (self._message(state, name), StartTimer("retransmit", self._gap(name, tries))),
        )

    def _gap(self, name: str, tries: int) -> Duration:
        """Until the next repetition: by TCP's timers, or by DTLS's doubling one."""
        if name == "connect":
            return carrier.syn_gap(tries)
        if self.transport == "tcp":
            return carrier.gap(self.tcp_rto, tries)
        return self.dtls_timeout << min(tries, self.dtls_tries)

    def _message(self, state: State, name: str) -> Transmit:
        """The message of this name, with its answer; a server without the session answers only the first one."""
        up, down = {
            "connect": (0, 0),
            HELLO: (self.client_hello, RETRY if self.transport == "udp" else self.server_flight),
            COOKIE: (self.client_hello + RETRY, self.server_flight),
            AUTH: (LOGIN, SETTINGS),
            UPDATE: (KEY_UPDATE, KEY_UPDATE),
        }.get(name, (FRAME, FRAME))
        headers = HEADERS[self.transport] + RECORD[self.transport]
        if name == "connect":
            return Transmit(name, carrier.SYN, answer=carrier.SYN)
        answered = state.stalled == NEVER and (state.known or name in (HELLO, PING, STRAY))
        copies = self.copies if self.transport == "udp" and state.phase is not Phase.ONLINE else 1
        return Transmit(name, up + headers, answer=(down + headers) if answered else 0, copies=copies)

    def _repeat(self, state: State) -> Step:
        """No answer yet: once more. A handshake over UDP is given up some time; a key update waits for a network."""
        if state.phase is Phase.ONLINE:
            return (
                self._send(state, state.request, min(state.tries + 1, self.dtls_tries)) if state.usable else Step(state)
            )
        if self.transport == "udp" and state.tries >= self.dtls_tries:
            return self._lose(state, "handshake given up")
        return self._send(state, state.request, state.tries + 1)

    def _proceed(self, state: State, now: Instant) -> Step:
        """An answer on the way up."""
        match state.request:
            case "connect":
                return self._send(state, HELLO)
            case "ClientHello" if self.transport == "udp":
                return self._send(state._replace(known=True), COOKIE)
            case "ClientHello":
                return self._send(state._replace(phase=Phase.AUTHENTICATING, known=True), AUTH)
            case "ClientHello with cookie":
                return self._send(state._replace(phase=Phase.AUTHENTICATING), AUTH)
        online = State(Phase.ONLINE, state.server, state.cellular, state.usable, heard=now, known=state.known)
        update = StartTimer("key update", self.key_update)
        return Step(online, (RETRANSMIT, StopTimer("online timeout"), update, Announce(SessionUp())))

    # Online -----------------------------------------------------------------------------------------------------------

    def _due(self, state: State, name: str, now: Instant) -> Step:
        """A timer ran out, or a watch came true."""
        match name:
            case "stale":
                return Step(state._replace(stale=now, traced=False))
            case "tracer":
                return self._ping(state._replace(traced=True), now)
            case "keepalive" | "ping again" if state.usable:
                return self._ping(state, now)
            case "activity":
                return self._active(state, now)
            case "keepalive timeout":
                return self._lose(state, "keepalive timeout")
            case "stray" if not state.known:
                return Step(state._replace(strayed=now), (self._message(state, STRAY),))
            case "key update":
                return self._send(state, UPDATE)
            case "stall" if state.hole != NEVER:
                return Step(state._replace(stalled=min(state.stalled, now)))
            case "carrier" if state.hole == NEVER:
                return Step(state._replace(stalled=NEVER, heard=now, asked=NEVER), PINGS)
        return unchanged(state)

    def _answered(self, state: State, name: str, now: Instant) -> Step:
        """A pong, a new key, or the word that the session is unknown."""
        if not state.known:
            return self._lose(state, "session rejected") if name in (PING, STRAY) else unchanged(state)
        heard = state._replace(heard=now, stale=NEVER, traced=False)
        match name:
            case "ping":
                return Step(heard._replace(asked=NEVER), PINGS)
            case "key update" if state.request == UPDATE:
                return Step(
                    heard._replace(request="", tries=0), (RETRANSMIT, StartTimer("key update", self.key_update))
                )
        return unchanged(state)

    def _ping(self, state: State, now: Instant) -> Step:
        """Ask whether the server is there, and again until it is; the time-out runs from the first one on."""
        stalled = min(state.stalled, now) if state.hole != NEVER else state.stalled
        asked = state._replace(asked=min(state.asked, now), stalled=stalled)
        again = StartTimer("ping again", self.keepalive_interval)
        runs = () if state.asked != NEVER else (StartTimer("keepalive timeout", self.keepalive_timeout),)
        return Step(asked, (self._message(asked, PING), again, *runs))

    def _active(self, state: State, now: Instant) -> Step:
        """Something came: no time-out, and the next ping of a row an interval from here."""
        heard = state._replace(heard=now, stale=NEVER, traced=False)
        if state.asked == NEVER:
            return Step(heard)
        again = StartTimer("ping again", self.keepalive_interval)
        return Step(heard._replace(asked=NEVER), (StopTimer("keepalive timeout"), again))

    # Ends, and the network --------------------------------------------------------------------------------------------

    def _lose(self, state: State, reason: str) -> Step:
        """The session, or the attempt at one, is over; another one begins after a while."""
        over = State(Phase.BACKOFF, state.server, state.cellular, state.usable)
        lost = (Announce(SessionLost(reason, fatal=False)),) if state.phase is Phase.ONLINE else ()
        return Step(over, (*STOP_ALL, *lost, StartTimer("retry", self.reconnect_wait)))

    def _notice(self, before: State, event: PathNoticed, now: Instant) -> Step:
        """What the path means to a session: over UDP it floats, with a ping; over TCP it ends."""
        # MODEL: floating is immediate. The server follows at the ping that the client sends at once. Bias: downlink
        # bytes of half a round trip count as delivered.
        state = before._replace(cellular=event.cellular, usable=event.usable)
        changed = event.moved or not before.usable
        match state.phase:
            case Phase.ONLINE if not event.usable:
                return Step(state._replace(asked=NEVER), PINGS)
            case Phase.ONLINE if changed and self.transport == "tcp":
                return self._lose(state, "network change")
            case Phase.ONLINE if changed:
                return self._float(state, now)
            case Phase.CONNECTING | Phase.AUTHENTICATING if event.usable and changed:
                return self._dial(state)
            case Phase.BACKOFF if event.usable and not before.usable:
                return self._dial(state)
        return Step(state)

    def _float(self, state: State, now: Instant) -> Step:
        """Ask at once from the new path; the time-out begins anew, and a key update that waited goes out."""
        asked = self._ping(state._replace(asked=NEVER), now)
        if not state.request:
            return asked
        update = self._send(asked.state, state.request)
        return Step(update.state, (*asked.effects, *update.effects))

    def _forget(self, state: State, now: Instant) -> Step:
        """The server restarted. Over UDP the next packet learns it; a TCP connection is reset."""
        connected = state.phase is not Phase.BACKOFF and state.request != "connect"
        if self.transport == "tcp" and connected:
            return self._lose(state, "connection reset")
        return Step(state._replace(known=False, strayed=now - 1))

    def _is_cut(self, state: State, event: Event) -> bool:
        """Whether this hole is on the way of our TCP connection."""
        return self.transport == "tcp" and carrier.is_cut(event, state.server, state.cellular)

    def _mend(self, state: State, now: Instant) -> Step:
        """The carrier's path works again; a segment lost in the hole waits for TCP's next retransmission."""
        mended = state._replace(hole=NEVER)
        if state.stalled == NEVER:
            return Step(mended)
        return Step(mended, (StartTimer("carrier", carrier.repeated(state.stalled, self.tcp_rto, now)),))
