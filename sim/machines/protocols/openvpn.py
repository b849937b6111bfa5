"""OpenVPN: the client as the version 3 core runs it in apps on a phone, and the version 2 program beside it.

Theory of operation. A session costs four round trips (five over TCP), each an exchange of its own that is repeated
until it is answered. Once it is up, both ends ping when they have nothing to send, and a client that hears nothing
for `ping_restart` starts over. It never gives up: every failure leads through a pause to the next attempt.

    STOPPED      the engine is off
    WAIT_REMOTE  TCP connects
    RESET        HARD_RESET is under way: does anybody answer?
    TLS          the TLS handshake and the exchange of keys
    PUSH         PUSH_REQUEST is under way; its reply carries the settings
    UP           data passes; renegotiations run beside it
    BACKOFF      a pause before the next attempt
    PAUSED       no network (version 3): the session is closed until there is one

The transition that is not obvious: version 3 treats every change of address as the end of the session, while version
2 over UDP just goes on, because the server follows the peer-id in its packets. Over TCP neither can.

The server forgets a client after twice `ping_restart` (``keepalive a b`` gives it 2b, the client b). So the client
always starts over before that shows, and the only loss of state to remember is the server's restart.

Left out: several remotes, DNS, the exit notice, compression, the 60 s for which version 3 goes on sending with the
old key.

Follows: OpenVPN 2 ``init.c``, ``ssl.c``, ``reliable.c``, ``ping.c``, ``mudp.c``; OpenVPN 3 ``cliconnect.hpp``,
``cliproto.hpp``, ``proto.hpp``, ``relsend.hpp``, ``maclife.hpp``.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, ClassVar, Literal, NamedTuple

from sim.base.citing import ASSUMED, MEASURED, REPORTED, SPECIFIED, Cited, Parameters
from sim.base.units import MILLISECOND, NEVER, Bytes, Duration, DurationField, Instant, SizeField, seconds
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

UDP_HEADERS: Bytes = 28  # IPv4 and UDP
TCP_HEADERS: Bytes = 54  # IPv4, TCP with timestamps, and OpenVPN's own length
CONTROL: Bytes = 54  # a control packet without payload, with tls-crypt
CONTROL_PAYLOAD: Bytes = 1250  # OpenVPN 2 TLS_CHANNEL_BUF: TLS records are cut to this
PING: Bytes = 40  # 16 bytes of payload and 24 of DATA_V2, AES-GCM
KEY_METHOD: Bytes = 300  # key-method-2 with its options string
FINISHED: Bytes = 51  # TLS 1.2 ChangeCipherSpec and Finished
PUSH_REQUEST, PUSH_REPLY = 40, 400
DATA_OVERHEAD = {"udp": 52, "tcp": 78}  # DATA_V2 with AES-GCM over IPv4
INNER_MTU: Bytes = 1440  # mssfix 1492 less the overhead

PATIENT_FAILURES = 4  # OpenVPN 2 socket_restart_pause: the pause doubles from the fifth failure

TLS_EXCHANGES = {"1.3": 2, "1.2": 3}  # the last one carries the exchange of keys

RETRANSMIT = StopTimer("retransmit")
STOP_ALL: tuple[Effect, ...] = (
    RETRANSMIT,
    *map(StopTimer, ("poll", "hand window", "push request", "retry", "resume", "renegotiation", "carrier")),
)


class Phase(StrEnum):
    """How far the session is."""

    STOPPED = "STOPPED"
    WAIT_REMOTE = "WAIT_REMOTE"
    RESET = "RESET"
    TLS = "TLS"
    PUSH = "PUSH"
    UP = "UP"
    BACKOFF = "BACKOFF"
    PAUSED = "PAUSED"


CONNECTING = (Phase.WAIT_REMOTE, Phase.RESET, Phase.TLS, Phase.PUSH)


class State(NamedTuple):
    """The client's memory, one bit of the server's, and the TCP carrier's."""

    phase: Phase
    server: str = ""
    cellular: bool = False
    request: str = ""
    """The exchange that awaits its answer."""
    tries: int = 0
    """How often it was repeated."""
    failures: int = 0
    """Attempts that failed since the last session."""
    sent: Instant = -NEVER
    """Our last message."""
    heard: Instant = -NEVER
    """The server's last message."""
    known: bool = True
    """The server still has the session (False after it restarted)."""
    hole: Instant = NEVER
    """TCP: since when the carrier is cut off without knowing it."""
    stalled: Instant = NEVER
    """TCP: the first segment that went into the hole; everything behind it waits for its retransmission."""


class OpenVPN(Parameters):
    """The OpenVPN client of the phone."""

    name: ClassVar[str] = "openvpn"
    host: ClassVar[Host] = Host.PROVIDER
    hears: ClassVar[frozenset[type[Event]]] = frozenset(
        {
            EngineStarted,
            EngineStopped,
            PathNoticed,
            ServerRestarted,
            HostResumed,
            HoleBegan,
            HoleEnded,
            WifiFaded,
            ServerWentSilent,
            ServerCameBack,
        }
    )
    handshake: ClassVar[str] = "TLS 1"
    clock: ClassVar[Clock] = "boot"  # both cores read the wall clock: time.hpp, otime.c
    aes: ClassVar[bool] = True
    routes_before_handshake: ClassVar[bool] = False
    keeps_routes: ClassVar[bool] = False
    stops_offline: ClassVar[bool] = False
    built_in: ClassVar[bool] = False

    core: Annotated[
        Literal["v3", "v2"], Cited("openvpn3", "the core of OpenVPN Connect and of OpenVPNAdapter on iOS", SPECIFIED)
    ] = "v3"
    transport: Annotated[Transport, Cited("openvpn-manual", "--proto, default udp", SPECIFIED)] = "udp"
    tls: Annotated[
        Literal["1.3", "1.2"],
        Cited("openvpn-manual", "the highest version of both ends; 1.2 costs one more", SPECIFIED),
    ] = "1.3"
    control_timeout_v3: Annotated[DurationField, Cited("openvpn3", "proto.hpp tls_timeout, flat", SPECIFIED)] = seconds(
        1
    )
    control_timeout_v2: Annotated[DurationField, Cited("openvpn2", "options.c tls_timeout, doubling", SPECIFIED)] = (
        seconds(2)
    )
    server_poll_v3: Annotated[
        DurationField, Cited("openvpn3", "cliopt.hpp server-poll-timeout: the first answer", SPECIFIED)
    ] = seconds(10)
    server_poll_v2: Annotated[DurationField, Cited("openvpn2", "options.c connect_timeout", SPECIFIED)] = seconds(120)
    tcp_connect_timeout: Annotated[
        DurationField, Cited("xnu", "tcp_timer.h TCPTV_KEEP_INIT: the system's own limit", SPECIFIED)
    ] = seconds(75)
    hand_window: Annotated[DurationField, Cited("openvpn-manual", "--hand-window", SPECIFIED)] = seconds(60)
    retry_wait_v3: Annotated[DurationField, Cited("openvpn3", "cliconnect.hpp, default wait", SPECIFIED)] = seconds(2)
    transport_error_wait_v3: Annotated[
        DurationField, Cited("openvpn3", "cliconnect.hpp, after TRANSPORT_ERROR", SPECIFIED)
    ] = seconds(5)
    retry_wait_v2: Annotated[DurationField, Cited("openvpn-manual", "--connect-retry 1 300", SPECIFIED)] = seconds(1)
    retry_wait_v2_most: Annotated[DurationField, Cited("openvpn-manual", "--connect-retry 1 300", SPECIFIED)] = seconds(
        300
    )
    path_debounce: Annotated[
        DurationField, Cited("openvpn3", "maclife.hpp; a log on iOS shows up to 3 s", REPORTED, "1 s", "3 s")
    ] = seconds(1)
    push_delay: Annotated[
        DurationField,
        Cited("real-daemons-lab", "a: none with 2.6; older versions poll once a second", MEASURED, "0 s", "2 s"),
    ] = 0
    tls_client_hello: Annotated[SizeField, Cited("openssl-lab", "TLS 1.3, P-256", MEASURED, "200 B", "600 B")] = 256
    tls_server_flight: Annotated[
        SizeField, Cited("openssl-lab", "TLS 1.3, P-256; RSA-2048 2273 B", MEASURED, "900 B", "5000 B")
    ] = 1296
    tls_client_flight: Annotated[
        SizeField, Cited("openssl-lab", "with a client certificate; RSA-2048 2051 B", MEASURED, "80 B", "3000 B")
    ] = 1074
    ping: Annotated[
        DurationField,
        Cited("openvpn-manual", "--keepalive 10 60, pushed by the server; 0 s is off", REPORTED, "8 s", "60 s"),
    ] = seconds(10)
    ping_restart: Annotated[
        DurationField,
        Cited("openvpn-manual", "--keepalive 10 60; many servers 120; 0 s is off", REPORTED, "40 s", "120 s"),
    ] = seconds(60)
    renegotiation: Annotated[DurationField, Cited("openvpn-manual", "--reneg-sec", SPECIFIED)] = seconds(3600)
    tcp_rto: Annotated[
        DurationField,
        Cited("real-daemons-lab", "c: lag after holes of 5 and 20 s at RTT 50 ms", MEASURED, "230 ms", "1 s"),
    ] = 275 * MILLISECOND
    ping_grace: Annotated[
        DurationField,
        Cited("judgement", "how late the server's ping may be before we ask for it", ASSUMED, "0.5 s", "2 s"),
    ] = seconds(1)

    transitions: ClassVar[tuple[Row, ...]] = (
        Row(Phase.STOPPED, "EngineStarted", Phase.RESET, "OpenVPN 3 proto.hpp: HARD_RESET at once"),
        Row(Phase.STOPPED, "EngineStarted", Phase.WAIT_REMOTE, "TCP connects first"),
        Row(Phase.STOPPED, "EngineStarted", Phase.PAUSED, "no network (version 3)"),
        Row(Phase.WAIT_REMOTE, "Answered(connect)", Phase.RESET, "the TCP connection is there"),
        Row(Phase.WAIT_REMOTE, "Due(poll)", Phase.BACKOFF, "OpenVPN 2 options.c connect_timeout"),
        Row(Phase.RESET, "Answered(HARD_RESET)", Phase.TLS, "ssl.c: the server's reset confirms the session id"),
        Row(Phase.RESET, "Due(poll)", Phase.BACKOFF, "OpenVPN 2: nothing was heard"),
        Row(Phase.RESET, "Due(poll)", Phase.WAIT_REMOTE, "OpenVPN 3: nothing was heard, the next remote at once"),
        Row(Phase.TLS, "Answered(TLS 2)", Phase.PUSH, "TLS 1.3: keys were exchanged"),
        Row(Phase.TLS, "Answered(TLS 3)", Phase.PUSH, "TLS 1.2: keys were exchanged"),
        Row(Phase.PUSH, "Answered(PUSH_REQUEST)", Phase.UP, "push.c: settings arrived"),
        *(
            Row(
                phase, "Due(hand window)", Phase.BACKOFF, "ssl.c: TLS key negotiation failed to occur within the window"
            )
            for phase in (Phase.RESET, Phase.TLS, Phase.PUSH)
        ),
        Row(Phase.UP, "Due(restart)", Phase.BACKOFF, "ping.c: ping-restart; OpenVPN 3 KEEPALIVE_TIMEOUT"),
        Row(Phase.UP, "HostResumed", Phase.BACKOFF, "wall clock: the ping-restart is overdue at wake"),
        Row(
            Phase.UP, "Due(hand window)", Phase.BACKOFF, "OpenVPN 3 proto.hpp: a failed renegotiation ends the session"
        ),
        *(
            Row(phase, "PathNoticed", Phase.BACKOFF, "maclife.hpp: reconnect on another interface; TCP cannot float")
            for phase in (*CONNECTING, Phase.UP)
        ),
        *(
            Row(phase, "PathNoticed", Phase.PAUSED, "maclife.hpp: no network, pause")
            for phase in (*CONNECTING, Phase.UP, Phase.BACKOFF)
        ),
        *(
            Row(phase, "ServerRestarted", Phase.BACKOFF, "TCP: reset by the peer")
            for phase in (Phase.RESET, Phase.TLS, Phase.PUSH, Phase.UP)
        ),
        *(
            Row(phase, f"Due({timer})", to, why)
            for phase, timer, why in (
                (Phase.BACKOFF, "retry", "the pause is over"),
                (Phase.PAUSED, "resume", "maclife.hpp: resume 1 s after the network came back"),
            )
            for to in (Phase.RESET, Phase.WAIT_REMOTE)
        ),
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
        """Whether data passes; over TCP not while a lost segment holds up all others."""
        carries = state.phase is Phase.UP and state.known and state.stalled == NEVER
        return Link.CARRIES if carries else Link.BROKEN

    def overhead(self, size: Bytes) -> Bytes:
        """Headers and tags for `size` bytes in full packets. [bytes]"""
        return -(-size // INNER_MTU) * DATA_OVERHEAD[self.transport]

    def watches(self, state: State) -> tuple[Watch, ...]:
        """Pings, and the silence after which the session is taken for dead."""
        if state.phase is not Phase.UP:
            return ()
        watches: tuple[Watch, ...] = ()
        if self.ping and state.stalled == NEVER:
            last = max(state.sent, state.heard)
            watches += (
                OnSilence("ping", Silent.SENT, self.ping, state.sent),
                OnSilence("server ping", Silent.RECEIVED, self.ping + self.ping_grace, last),
            )
        if self.ping_restart:
            watches += (OnSilence("restart", Silent.RECEIVED, self.ping_restart, state.heard),)
        if state.hole != NEVER and state.stalled == NEVER:
            watches += (OnSend("stall", state.hole),)
        return watches

    def step(self, state: State, event: Event, now: Instant) -> Step:
        """See the table."""
        match state.phase, event:
            case Phase.STOPPED, EngineStarted(usable=False) if self.core == "v3":
                return Step(State(Phase.PAUSED, event.server, event.cellular))
            case Phase.STOPPED, EngineStarted():
                return self._dial(State(Phase.STOPPED, event.server, event.cellular), now)
            case Phase.STOPPED, _:
                return unchanged(state)
            case _, EngineStopped():
                return Step(State(Phase.STOPPED), STOP_ALL)
            case _, PathNoticed():
                return self._notice(state._replace(cellular=event.cellular), event, now)
            case _, ServerRestarted(server=state.server):
                return self._forget(state)
            case _, Due("retransmit") if state.request:
                return self._send(state, state.request, now, state.tries + 1)

            case Phase.WAIT_REMOTE, Answered("connect"):
                return self._reset(state, now)
            case Phase.RESET, Answered("HARD_RESET"):
                return self._then((StopTimer("poll"),), self._send(self._hear(state, now, Phase.TLS), "TLS 1", now))
            case Phase.TLS, Answered(name) if name == state.request:
                return self._secure(state, now)
            case Phase.PUSH, Due("push request"):
                return self._send(state, "PUSH_REQUEST", now)
            case Phase.PUSH, Answered("PUSH_REQUEST"):
                return self._complete(state, now)
            case Phase.WAIT_REMOTE | Phase.RESET, Due("poll") if self.core == "v3":
                return self._then(STOP_ALL, self._dial(state, now))
            case Phase.WAIT_REMOTE | Phase.RESET, Due("poll"):
                return self._fail(state)
            case Phase.RESET | Phase.TLS | Phase.PUSH, Due("hand window"):
                return self._fail(state)
            case Phase.BACKOFF, Due("retry"):
                return self._dial(state, now)
            case Phase.PAUSED, Due("resume"):
                return self._dial(state, now)

            case Phase.UP, Due("ping") | Due("server ping"):
                return self._ping(state, now)
            case Phase.UP, Answered("ping"):
                return Step(state._replace(heard=now))
            case Phase.UP, Due("restart"):
                return self._lose(state, "ping restart", self._retry_wait(state))
            case Phase.UP, HostResumed() if 0 < self.ping_restart <= event.slept:
                return self._lose(state, "ping restart", self._retry_wait(state))
            case Phase.UP, Due("renegotiation"):
                return self._then((StartTimer("hand window", self.hand_window),), self._send(state, "SOFT_RESET", now))
            case Phase.UP, Answered(name) if name == state.request:
                return self._renegotiate(state, now)
            case Phase.UP, Due("hand window") if state.request:
                return self._lose(state, "renegotiation failed", self._retry_wait(state))

            case Phase.UP, HoleBegan() | WifiFaded() | ServerWentSilent() if self._cuts(state, event):
                return Step(state._replace(hole=min(state.hole, now)))
            case Phase.UP, HoleEnded() | ServerCameBack() if self._cuts(state, event):
                return self._mend(state, now)
            case Phase.UP, Due("stall") if state.hole != NEVER:
                return Step(state._replace(stalled=min(state.stalled, now)))
            case Phase.UP, Due("carrier") if state.hole == NEVER:
                return Step(state._replace(stalled=NEVER, heard=now))
        return unchanged(state)

    # Exchanges --------------------------------------------------------------------------------------------------------

    def _send(self, state: State, name: str, now: Instant, tries: int = 0) -> Step:
        """Send the first message of an exchange, or repeat it, and wait for the answer."""
        return Step(
            state._replace(request=name, tries=tries, sent=now),
            (self._message(state, name), StartTimer("retransmit", self._gap(name, tries))),
        )

    def _gap(self, name: str, tries: int) -> Duration:
        """Until the next repetition: by TCP's timer, by a flat one, or by a doubling one."""
        if name == "connect":
            return carrier.syn_gap(tries)
        if self.transport == "tcp":
            return carrier.gap(self.tcp_rto, tries)
        if self.core == "v3":
            return self.control_timeout_v3
        return self.control_timeout_v2 << min(tries, 20)

    def _message(self, state: State, name: str) -> Transmit:
        """The message of this name, with its answer; a server without the session answers only the first ones."""
        # MODEL: one lost packet repeats the whole message; the real control channel repeats the packet alone. Bytes
        # under loss are a little too high, times are right. Over TCP, Nagle's algorithm and delayed acknowledgements
        # are left out: a real server without TCP_NODELAY takes about 11 round trips instead of 5 (0.6 s at RTT 50
        # ms).
        last = f"TLS {TLS_EXCHANGES[self.tls]}"
        match name:
            case "connect":
                return Transmit(name, carrier.SYN, answer=carrier.SYN)
            case "TLS 1":
                up, down = self.tls_client_hello, self.tls_server_flight
            case "TLS 2":
                up = self.tls_client_flight + (KEY_METHOD if name == last else 0)
                down = KEY_METHOD if name == last else FINISHED
            case "TLS 3":
                up, down = KEY_METHOD, KEY_METHOD
            case "PUSH_REQUEST":
                up, down = PUSH_REQUEST, PUSH_REPLY
            case _:
                up, down = 0, 0
        packets, answer_packets = (max(1, -(-size // CONTROL_PAYLOAD)) for size in (up, down))
        answered = state.known or name == "HARD_RESET"
        return Transmit(
            name,
            up + packets * (CONTROL + self._headers()),
            answer=(down + answer_packets * (CONTROL + self._headers())) if answered else 0,
            packets=packets,
            answer_packets=answer_packets,
        )

    def _headers(self) -> Bytes:
        return UDP_HEADERS if self.transport == "udp" else TCP_HEADERS

    def _then(self, first: tuple[Effect, ...], step: Step) -> Step:
        """`step` with other effects before its own."""
        return Step(step.state, (*first, *step.effects))

    def _hear(self, state: State, now: Instant, phase: Phase) -> State:
        """The server answered: it has the session."""
        return state._replace(phase=phase, heard=now, known=True)

    # A session's way up -----------------------------------------------------------------------------------------------

    def _dial(self, state: State, now: Instant) -> Step:
        """Begin an attempt."""
        fresh = State(Phase.WAIT_REMOTE, state.server, state.cellular, failures=state.failures)
        poll = self.server_poll_v3 if self.core == "v3" else self.server_poll_v2
        if self.transport == "udp":
            return self._then((StartTimer("poll", poll),), self._reset(fresh, now))
        return self._then((StartTimer("poll", min(poll, self.tcp_connect_timeout)),), self._send(fresh, "connect", now))

    def _reset(self, state: State, now: Instant) -> Step:
        """The first message of the session."""
        window = (StartTimer("hand window", self.hand_window),)
        return self._then(window, self._send(state._replace(phase=Phase.RESET), "HARD_RESET", now))

    def _secure(self, state: State, now: Instant) -> Step:
        """An answer of the TLS handshake: the next part of it, or the request for the settings."""
        heard = state._replace(heard=now)
        done = int(state.request.removeprefix("TLS "))
        if done < TLS_EXCHANGES[self.tls]:
            return self._send(heard, f"TLS {done + 1}", now)
        keyed = heard._replace(phase=Phase.PUSH, request="")
        if self.push_delay:
            return Step(keyed, (RETRANSMIT, StartTimer("push request", self.push_delay)))
        return self._send(keyed, "PUSH_REQUEST", now)

    def _complete(self, state: State, now: Instant) -> Step:
        """The settings arrived."""
        return Step(
            State(Phase.UP, state.server, state.cellular, sent=now, heard=now, known=state.known),
            (
                RETRANSMIT,
                StopTimer("hand window"),
                StartTimer("renegotiation", self.renegotiation),
                Announce(SessionUp()),
            ),
        )

    def _renegotiate(self, state: State, now: Instant) -> Step:
        """New keys, beside the data: SOFT_RESET, then the TLS handshake again."""
        heard = state._replace(heard=now)
        if state.request == "SOFT_RESET":
            return self._send(heard, "TLS 1", now)
        done = int(state.request.removeprefix("TLS "))
        if done < TLS_EXCHANGES[self.tls]:
            return self._send(heard, f"TLS {done + 1}", now)
        again = StartTimer("renegotiation", self.renegotiation)
        return Step(heard._replace(request="", tries=0), (RETRANSMIT, StopTimer("hand window"), again))

    # MODEL: the two ends' pings are one exchange, ours with the server's as its answer. When only we send, the
    # server's ping is due because it hears nothing to send back, and we ask for it: 68 bytes an interval too many
    # upwards.

    def _ping(self, state: State, now: Instant) -> Step:
        size = PING + self._headers()
        stalled = min(state.stalled, now) if state.hole != NEVER else state.stalled
        ping = Transmit("ping", size, answer=size if state.known else 0)
        return Step(state._replace(sent=now, stalled=stalled), (ping,))

    # Ends -------------------------------------------------------------------------------------------------------------

    def _fail(self, state: State) -> Step:
        """This attempt failed."""
        failed = state._replace(failures=state.failures + 1)
        return self._back_off(failed, self._retry_wait(failed))

    def _retry_wait(self, state: State) -> Duration:
        if self.core == "v3":
            return self.retry_wait_v3
        doublings = min(max(0, state.failures - PATIENT_FAILURES), 15)
        return min(self.retry_wait_v2 << doublings, self.retry_wait_v2_most)

    def _back_off(self, state: State, wait: Duration) -> Step:
        pausing = State(Phase.BACKOFF, state.server, state.cellular, failures=state.failures)
        return Step(pausing, (*STOP_ALL, StartTimer("retry", wait)))

    def _lose(self, state: State, reason: str, wait: Duration) -> Step:
        """The session, or the attempt at one, is over; another one begins after `wait`."""
        return self._then(self._lost(state, reason), self._back_off(state, wait))

    def _lost(self, state: State, reason: str) -> tuple[Effect, ...]:
        return (Announce(SessionLost(reason, fatal=False)),) if state.phase is Phase.UP else ()

    # The network ------------------------------------------------------------------------------------------------------

    def _notice(self, state: State, event: PathNoticed, now: Instant) -> Step:
        """What the path means to a session: version 3 ends it, version 2 lets it float (UDP) or break (TCP)."""
        # MODEL: floating is immediate. The server follows only at the next packet that we send, so that an idle phone
        # cannot be reached for up to one ping interval: downlink bytes in that gap count as delivered.
        running = state.phase in CONNECTING or state.phase is Phase.UP
        match self.core, state.phase:
            case "v3", Phase.PAUSED if event.usable:
                return Step(state, (StartTimer("resume", self.path_debounce),))
            case "v3", Phase.PAUSED:
                return Step(state, (StopTimer("resume"),))
            case "v3", _ if not event.usable:
                lost = self._lost(state, "no network")
                return Step(State(Phase.PAUSED, state.server, state.cellular), (*STOP_ALL, *lost))
            case "v3", _ if event.moved and running:
                return self._lose(state, "address changed", self.path_debounce)
            case "v2", _ if event.usable and event.moved and running and self.transport == "tcp":
                return self._lose(state, "address changed", self._retry_wait(state))
            case "v2", Phase.UP if event.usable and state.hole != NEVER:
                return self._mend(state, now)
            case "v2", Phase.UP if not event.usable and self.transport == "tcp":
                return Step(state._replace(hole=min(state.hole, now)))
        return unchanged(state)

    def _forget(self, state: State) -> Step:
        """The server restarted. Over UDP nobody tells us; a TCP connection is reset."""
        connected = state.phase in (Phase.RESET, Phase.TLS, Phase.PUSH, Phase.UP)
        if self.transport == "tcp" and connected:
            wait = self.transport_error_wait_v3 if self.core == "v3" else self._retry_wait(state)
            return self._lose(state, "connection reset", wait)
        return Step(state._replace(known=False))

    def _cuts(self, state: State, event: Event) -> bool:
        """Whether this hole is on the way of our TCP connection."""
        return self.transport == "tcp" and carrier.is_cut(event, state.server, state.cellular)

    def _mend(self, state: State, now: Instant) -> Step:
        """The carrier's path works again; a segment lost in the hole waits for TCP's next retransmission."""
        mended = state._replace(hole=NEVER)
        if state.stalled == NEVER:
            return Step(mended)
        return Step(mended, (StartTimer("carrier", carrier.repeated(state.stalled, self.tcp_rto, now)),))
