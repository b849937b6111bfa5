"""IKEv2/IPsec: the initiator, by default as Apple's built-in client behaves, and what its gateway remembers.

Theory of operation. Two exchanges (five with EAP) make an IKE SA and its first Child SA. Requests then go out one at a
time, each repeated until it is answered or given up: liveness checks by a timer, rekeys at a share of the lifetimes,
UPDATE_SA_ADDRESSES when the phone's address changed (MOBIKE). A request that stays unanswered ends the tunnel for good.

    IDLE    no IKE SA
    INIT    IKE_SA_INIT is under way
    AUTH    IKE_AUTH is under way, once or once per EAP round
    UP      the SAs are installed
    MOVING  the address changed; the gateway has not confirmed the new one
    STALE   no path: nothing is sent, the SAs are kept

The transition that is not obvious is the gateway's. It checks liveness as well, and deletes the SAs of a phone that it
could not reach. Nobody tells the phone: its packets are dropped in silence, while it shows Connected, until its own
liveness check finds out, which by default comes every ten minutes. The gateway's check is lost as a whole once its last
repetition fell into the outage, although packets pass again before it is given up.

Programs differ: in their schedule of repetitions, in whether the liveness check waits for a silence and is repeated
like any request, in whether they probe a new path before they tell the gateway of it, in what they do about a dead peer
(Apple's ends the tunnel, strongSwan's may begin again), and in whether their clock stands still in sleep.

Left out: COOKIE and INVALID_KE_PAYLOAD, the Delete on a stop, REDIRECT, the fallback tunnel on cellular, resumption.

Follows: RFC 7296 §1.2, §2.1, §2.4, §2.8; RFC 4555 §3.5; RFC 3948; Apple's ``com.apple.vpn.managed`` schema and
NEVPNProtocolIKEv2.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, ClassVar, Literal, NamedTuple

from pydantic import Field, model_validator

from sim.base.citing import ASSUMED, MEASURED, REPORTED, SPECIFIED, Cited, Parameters
from sim.base.laws import DurationLaw, lognormal
from sim.base.units import MILLISECOND, NEVER, Bytes, Duration, DurationField, Instant, SizeField, minutes, seconds
from sim.machines.events import (
    EngineStarted,
    EngineStopped,
    HoleBegan,
    HoleEnded,
    HostResumed,
    Interface,
    PathNoticed,
    ServerRestarted,
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

IP_UDP: Bytes = 28  # IPv4 and UDP headers
NAT_KEEPALIVE: Bytes = 1 + IP_UDP  # RFC 3948 §2.3: one byte, 0xFF
INFORMATIONAL: Bytes = 80 + IP_UDP  # strongswan#2861: an empty one, as the client sends it
UPDATE: Bytes = 160  # measured with strongSwan 5.9.8, MOBIKE with NAT detection
REKEY, REKEY_ANSWER = 320, 304  # the same, CREATE_CHILD_SA
DATA_OVERHEAD: Bytes = (
    78  # 28 IPv4, UDP + 8 SPI, sequence + 16 IV + 2 + 16 tag (AES-CBC-256, SHA2-256) + 8 mean padding
)
INNER_MTU: Bytes = 1280  # com.apple.vpn.managed MTU

AUTH_EXCHANGES = {"certificate": 1, "psk": 1, "eap": 4}
"""How many IKE_AUTH exchanges there are. EAP-MSCHAPv2 from iOS ends with message 4 (strongswan#2861)."""

SA_INIT = "IKE_SA_INIT"
LIVENESS = "INFORMATIONAL"
UPDATE_ADDRESSES = "UPDATE_SA_ADDRESSES"
PROBE = "path probe"
REKEY_CHILD = "CREATE_CHILD_SA child"
REKEY_IKE = "CREATE_CHILD_SA IKE"

RETRANSMIT = StopTimer("retransmit")
STOP_ALL: tuple[Effect, ...] = (
    RETRANSMIT,
    *map(StopTimer, ("update", "liveness", "child rekey", "child end", "IKE rekey", "IKE end", "gateway gives up")),
)


class Phase(StrEnum):
    """How far the IKE SA is."""

    IDLE = "IDLE"
    INIT = "INIT"
    AUTH = "AUTH"
    UP = "UP"
    MOVING = "MOVING"
    STALE = "STALE"


OF_A_MOVE = ("", PROBE, UPDATE_ADDRESSES)
"""Requests that another move makes pointless, and none."""
ESTABLISHED = (Phase.UP, Phase.MOVING, Phase.STALE)


class State(NamedTuple):
    """The initiator's memory, and the gateway's view of it."""

    phase: Phase
    server: str = ""
    cellular: bool = False
    request: str = ""
    """The request that awaits its answer; there is never more than one (window size 1)."""
    tries: int = 0
    """How often it was repeated."""
    waiting: tuple[str, ...] = ()
    """Requests that wait for their turn."""
    sent: Instant = -NEVER
    """Our last message."""
    heard: Instant = -NEVER
    """The gateway's last answer."""
    moved: bool = False
    """Once there is a path: tell the gateway the new address, or, without an SA yet, begin again at once."""
    known: bool = True
    """The gateway has the SAs."""
    unreached: Instant = NEVER
    """Since when the gateway cannot reach us."""


class IKEv2(Parameters):
    """The IKEv2 client of the phone."""

    name: ClassVar[str] = "ikev2"
    # The system's own process, not an app's provider; it, too, stands still while the device sleeps.
    host: ClassVar[Host] = Host.PROVIDER
    hears: ClassVar[frozenset[type[Event]]] = frozenset(
        {EngineStarted, EngineStopped, PathNoticed, ServerRestarted, HostResumed, HoleBegan, HoleEnded, WifiFaded}
    )
    handshake: ClassVar[str] = "IKE_AUTH 1"
    aes: ClassVar[bool] = True
    routes_before_handshake: ClassVar[bool] = False
    keeps_routes: ClassVar[bool] = False
    stops_offline: ClassVar[bool] = False
    transport: ClassVar[Transport] = "udp"
    built_in: ClassVar[bool] = True

    auth: Annotated[
        Literal["certificate", "psk", "eap"],
        Cited("rfc7296", "§1.2, §2.16: EAP adds exchanges and needs no certificate on the phone", SPECIFIED),
    ] = "certificate"
    eap_identity: Annotated[
        bool,
        Cited(
            "rfc7296",
            "§2.16: the gateway should not ask; some do, in one more exchange",
            SPECIFIED,
        ),
    ] = False
    init_request: Annotated[
        SizeField, Cited("strongswan-2861", "IKE_SA_INIT of an iPhone, five proposals", REPORTED, "308 B", "1400 B")
    ] = 604
    init_response: Annotated[SizeField, Cited("strongswan-2861", "its reply", REPORTED, "316 B", "481 B")] = 481
    auth_fragment: Annotated[
        SizeField, Cited("openwrt-10042", "size of one IKE_AUTH fragment", REPORTED, "272 B", "1280 B")
    ] = 532
    auth_fragments_up: Annotated[
        int, Cited("openwrt-10042", "with a certificate; one packet otherwise", REPORTED, "1", "6")
    ] = 5
    auth_fragments_down: Annotated[
        int, Cited("judgement", "the gateway's certificate comes with its first IKE_AUTH reply", ASSUMED, "1", "6")
    ] = 3
    retransmit_initial: Annotated[
        DurationField,
        Cited("judgement", "Apple's schedule is not published", ASSUMED, "0.5 s", "4 s", "strongSwan 4 s"),
    ] = seconds(1)
    retransmit_base: Annotated[
        float,
        Field(ge=1),
        Cited("judgement", "RFC 7296 §2.4 asks for exponential growth", ASSUMED, "1", "2", "strongSwan 1.8"),
    ] = 2.0
    retransmit_tries: Annotated[
        int, Cited("judgement", "repetitions after the first", ASSUMED, "3", "12", "strongSwan 5")
    ] = 5
    mobike: Annotated[bool, Cited("apple-device-management", "DisableMOBIKE, default 0", SPECIFIED)] = True
    mobike_rt: Annotated[
        int, Field(ge=1), Cited("rfc4555", "§3.5; 2 if the gateway checks return routability first, §3.7", SPECIFIED)
    ] = 1
    mobike_probe: Annotated[
        bool, Cited("rfc4555", "§3.5: whether the initiator first looks which path works is its policy", SPECIFIED)
    ] = False
    mobike_probe_gap: Annotated[
        DurationField, Field(gt=0), Cited("strongswan", "task_manager_v2.c ROUTEABILITY_CHECK_INTERVAL", SPECIFIED)
    ] = 2500 * MILLISECOND
    mobike_probe_tries: Annotated[
        int, Cited("strongswan", "task_manager_v2.c ROUTEABILITY_CHECK_TRIES, repetitions", SPECIFIED)
    ] = 10
    path_delay: Annotated[
        DurationLaw,
        Cited(
            "judgement", "from the path event to the update of addresses, or to a new IKE SA", ASSUMED, "0.1 s", "2 s"
        ),
    ] = lognormal(300 * MILLISECOND, 0.6)
    dpd_interval: Annotated[
        DurationField,
        Cited(
            "apple-ikev2-api", "DeadPeerDetectionRate: Low 30 min, Medium 10 min, High 1 min; 0 s is None", SPECIFIED
        ),
    ] = minutes(10)
    dpd_retries: Annotated[int, Cited("apple-ikev2-api", "NEVPNIKEv2DeadPeerDetectionRate", SPECIFIED)] = 5
    dpd_retry_gap: Annotated[DurationField, Cited("apple-ikev2-api", "NEVPNIKEv2DeadPeerDetectionRate", SPECIFIED)] = (
        seconds(1)
    )
    dpd: Annotated[
        Literal["timed", "when-silent"],
        Cited(
            "judgement",
            "whether traffic puts it off: Apple documents a rate; strongSwan checks after a silence",
            ASSUMED,
            "timed",
            "when-silent",
        ),
    ] = "timed"
    dpd_repeats: Annotated[
        Literal["flat", "like-requests"],
        Cited("apple-ikev2-api", "five retries a second apart; strongSwan repeats it like any request", SPECIFIED),
    ] = "flat"
    on_dead: Annotated[
        Literal["end", "begin-again"],
        Cited(
            "apple-ikev2-api", "the session is terminated; strongSwan with dpd_action = restart begins again", SPECIFIED
        ),
    ] = "end"
    clock: Annotated[
        Clock,
        Cited(
            "judgement",
            "Apple's client is closed; strongSwan on Linux uses CLOCK_MONOTONIC",
            ASSUMED,
            "boot",
            "monotonic",
        ),
    ] = "boot"
    nat_keepalive_wifi: Annotated[
        DurationField, Cited("apple-device-management", "NATKeepAliveInterval on Wi-Fi; 0 s is off", SPECIFIED)
    ] = seconds(20)
    nat_keepalive_cellular: Annotated[
        DurationField, Cited("apple-device-management", "NATKeepAliveInterval on cellular; 0 s is off", SPECIFIED)
    ] = seconds(110)
    nat_keepalive_offload: Annotated[
        bool,
        Cited(
            "apple-device-management", "NATKeepAliveOffloadEnable: the network hardware goes on during sleep", SPECIFIED
        ),
    ] = True
    ike_lifetime: Annotated[DurationField, Cited("apple-ikev2-api", "lifetimeMinutes of the IKE SA", SPECIFIED)] = (
        minutes(60)
    )
    child_lifetime: Annotated[DurationField, Cited("apple-ikev2-api", "lifetimeMinutes of the Child SA", SPECIFIED)] = (
        minutes(30)
    )
    rekey_fraction: Annotated[
        float,
        Field(gt=0, lt=1),
        Cited("judgement", "reports of drops at 8, 24 and 48 min", ASSUMED, "0.75", "0.95", "0.8 of 10, 30 and 60 min"),
    ] = 0.8
    rekey_accepted: Annotated[
        bool,
        Cited(
            "libreswan-222",
            "false: the gateway refuses Apple's rekey proposal, and the tunnel ends at the first rekey",
            REPORTED,
            "false",
            "true",
        ),
    ] = True
    server_dpd_delay: Annotated[
        DurationField, Cited("strongswan", "dpd_delay as commonly configured; 0 s is off", REPORTED, "0 s", "300 s")
    ] = seconds(30)
    server_dpd_giveup: Annotated[
        DurationField,
        Cited("real-daemons-lab", "c: 165 s after its check began, 4 s x 1.8^n", MEASURED, "30 s", "300 s"),
    ] = seconds(165)
    wake_check_after: Annotated[
        DurationField,
        Cited(
            "algo-430",
            "the phone rebuilds on wake what the gateway has deleted; after which sleep it looks is not known",
            ASSUMED,
            "20 s",
            "600 s",
            "0 s: it waits for its liveness timer",
        ),
    ] = seconds(60)
    server_dpd_last_try: Annotated[
        DurationField,
        Cited(
            "real-daemons-lab",
            "c: last repetition of its check; an outage that covers it is fatal",
            MEASURED,
            "8 s",
            "90 s",
        ),
    ] = seconds(89.5)

    transitions: ClassVar[tuple[Row, ...]] = (
        Row(Phase.IDLE, "EngineStarted", Phase.INIT, "RFC 7296 §1.2: the initial exchanges"),
        Row(Phase.INIT, "Answered(IKE_SA_INIT)", Phase.AUTH, "RFC 7296 §1.2"),
        Row(Phase.AUTH, "Answered(IKE_AUTH 1)", Phase.UP, "RFC 7296 §1.2: the first Child SA comes with IKE_AUTH"),
        Row(Phase.AUTH, "Answered(IKE_AUTH 4)", Phase.UP, "RFC 7296 §2.16: the last EAP round"),
        Row(Phase.AUTH, "Answered(IKE_AUTH 5)", Phase.UP, "the same, where the gateway asks for the identity first"),
        Row(Phase.AUTH, "PathNoticed", Phase.INIT, "no MOBIKE before the IKE SA exists: begin again"),
        *(
            Row(
                phase,
                "Due(retransmit)",
                Phase.IDLE,
                "RFC 7296 §2.4: given up, the IKE SA and its Child SAs are discarded",
            )
            for phase in (Phase.INIT, Phase.AUTH, Phase.UP, Phase.MOVING)
        ),
        *(
            Row(phase, f"Due({end} end)", Phase.IDLE, "RFC 7296 §2.8: not used beyond its lifetime")
            for phase in ESTABLISHED
            for end in ("child", "IKE")
        ),
        *(
            Row(phase, "Due(retransmit)", Phase.INIT, "strongSwan dpd_action = restart: the SAs are made anew")
            for phase in (Phase.AUTH, Phase.UP, Phase.MOVING)
        ),
        Row(Phase.UP, f"Answered({REKEY_CHILD})", Phase.IDLE, "libreswan#222: the proposal was refused"),
        Row(Phase.UP, f"Answered({REKEY_IKE})", Phase.IDLE, "libreswan#222: the proposal was refused"),
        Row(Phase.UP, "PathNoticed", Phase.MOVING, "RFC 4555 §3.5: the initiator decides"),
        Row(Phase.UP, "PathNoticed", Phase.STALE, "no route: keepalives stop, the SAs are kept"),
        Row(Phase.MOVING, "Due(update)", Phase.INIT, "without MOBIKE a new address needs a new IKE SA"),
        Row(Phase.MOVING, f"Answered({UPDATE_ADDRESSES})", Phase.UP, "RFC 4555 §3.5"),
        Row(Phase.MOVING, "PathNoticed", Phase.STALE, "the new path is gone, too"),
        Row(Phase.STALE, "PathNoticed", Phase.UP, "the same address is back"),
        Row(Phase.STALE, "PathNoticed", Phase.MOVING, "a path with another address"),
        *(
            Row(phase, "EngineStopped", Phase.IDLE, "RFC 7296 §1.4.1: deleted")
            for phase in Phase
            if phase is not Phase.IDLE
        ),
    )

    @model_validator(mode="after")
    def _ordered(self) -> IKEv2:
        if self.server_dpd_last_try > self.server_dpd_giveup:
            raise ValueError("server_dpd_last_try must not exceed server_dpd_giveup")
        return self

    def start(self) -> Step:
        """No IKE SA until the system starts one."""
        return Step(State(Phase.IDLE))

    def link(self, state: State) -> Link:
        """Whether data passes. While MOVING it may flow upwards already, but nothing comes back."""
        return Link.CARRIES if state.phase is Phase.UP and state.known else Link.BROKEN

    def overhead(self, size: Bytes) -> Bytes:
        """Headers, padding and tags for `size` bytes in packets of the tunnel's MTU. [bytes]"""
        return -(-size // INNER_MTU) * DATA_OVERHEAD

    def watches(self, state: State) -> tuple[Watch, ...]:
        """Traffic decides on the NAT keepalive, and may put the liveness check off."""
        if state.phase is not Phase.UP:
            return ()
        watches: tuple[Watch, ...] = ()
        if self.dpd == "when-silent" and self.dpd_interval and not state.request:  # a check stands for a keepalive
            watches += (OnSilence("liveness", Silent.RECEIVED, self.dpd_interval, state.heard),)
        interval = self._nat_keepalive(state)
        if interval:
            keepalive = Transmit("NAT keepalive", NAT_KEEPALIVE)
            watches += (OnSilence("keepalive", Silent.SENT, interval, state.sent, keepalive),)
        return watches

    def step(self, state: State, event: Event, now: Instant) -> Step:
        """See the table."""
        match state.phase, event:
            case Phase.IDLE, EngineStarted():
                return self._begin(State(Phase.IDLE, event.server, event.cellular, moved=not event.usable), now)
            case Phase.IDLE, _:
                return unchanged(state)
            case _, EngineStopped():
                return Step(State(Phase.IDLE), STOP_ALL)
            case _, ServerRestarted(server=state.server) | Due("gateway gives up"):
                return Step(state._replace(known=False))
            case _, PathNoticed(usable=False):
                return self._lose_path(state, now)
            case _, PathNoticed(usable=True):
                return self._find_path(state._replace(cellular=event.cellular), event.moved, now)
            case _, Due("retransmit") if state.request:
                return self._repeat(state, now)

            case Phase.INIT, Answered("IKE_SA_INIT"):
                return self._send(state._replace(phase=Phase.AUTH, known=True), "IKE_AUTH 1", now)
            case Phase.AUTH, Answered(name) if name == state.request:
                return self._authenticate(state, now)

            case Phase.MOVING, Due("update") if self.mobike:
                return self._send(state, PROBE if self.mobike_probe else UPDATE_ADDRESSES, now)
            case Phase.MOVING, Answered("path probe") if state.request == PROBE:
                return self._send(state._replace(heard=now), UPDATE_ADDRESSES, now)
            case Phase.MOVING, Due("update"):
                return self._rebuild(state, "address changed", now)
            case Phase.MOVING, Answered("UPDATE_SA_ADDRESSES") if state.request == UPDATE_ADDRESSES:
                return self._confirm(state, now)
            case Phase.UP, Answered(name) if name == state.request:
                return self._finish(state, now)
            case Phase.UP, Due("keepalive"):
                return Step(state._replace(sent=now), (Transmit("NAT keepalive", NAT_KEEPALIVE),))

            case Phase.UP | Phase.MOVING | Phase.STALE, Due("liveness"):
                return self._ask(state, LIVENESS, now)
            case Phase.UP | Phase.MOVING | Phase.STALE, Due("child rekey"):
                return self._ask(state, REKEY_CHILD, now)
            case Phase.UP | Phase.MOVING | Phase.STALE, Due("IKE rekey"):
                return self._ask(state, REKEY_IKE, now)
            case Phase.UP | Phase.MOVING | Phase.STALE, Due("child end") | Due("IKE end"):
                return self._end("lifetime over")
            case Phase.UP | Phase.MOVING | Phase.STALE, HoleBegan() | WifiFaded() if self._concerns(state, event):
                return self._unreach(state, now)
            case Phase.UP, HoleEnded() if self._concerns(state, event):
                return self._reach(state, now)
            case Phase.UP | Phase.MOVING | Phase.STALE, HostResumed():
                return self._wake(state, event, now)
        return unchanged(state)

    # Requests ---------------------------------------------------------------------------------------------------------

    def _send(self, state: State, name: str, now: Instant, tries: int = 0) -> Step:
        """Send a request, or repeat it, and wait for its answer."""
        gap, _ = self._patience(name, tries)
        return Step(
            state._replace(request=name, tries=tries, sent=now),
            (self._message(state, name), StartTimer("retransmit", gap)),
        )

    def _patience(self, name: str, tries: int) -> tuple[Duration, int]:
        """How long an answer is waited for after so many repetitions, and how many there may be. [µs]"""
        if name == PROBE:
            return self.mobike_probe_gap, self.mobike_probe_tries
        if name == LIVENESS and self.dpd_repeats == "flat":
            return self.dpd_retry_gap, self.dpd_retries
        return round(self.retransmit_initial * self.retransmit_base**tries), self.retransmit_tries

    def _message(self, state: State, name: str) -> Transmit:
        """The request of this name; a gateway that has lost the SAs does not answer it."""
        match name:
            case "IKE_SA_INIT":
                return Transmit(name, self.init_request + IP_UDP, answer=self.init_response + IP_UDP)
            case "INFORMATIONAL":
                request = Transmit(name, INFORMATIONAL, answer=INFORMATIONAL)
            case "path probe":
                request = Transmit(name, UPDATE, answer=UPDATE)
            case "UPDATE_SA_ADDRESSES":
                request = Transmit(name, UPDATE, answer=INFORMATIONAL, round_trips=self.mobike_rt)
            case "CREATE_CHILD_SA child" | "CREATE_CHILD_SA IKE":
                request = Transmit(name, REKEY, answer=REKEY_ANSWER)
            case _:
                request = self._auth_message(name)
        return request if state.known else Transmit(name, request.size, packets=request.packets)

    def _auth_message(self, name: str) -> Transmit:
        """IKE_AUTH: certificates are large, and the gateway's comes with its first reply."""
        first = name == "IKE_AUTH 1"
        up = self.auth_fragments_up if self.auth == "certificate" else 1
        down = self.auth_fragments_down if first and self.auth != "psk" else 1
        fragment = self.auth_fragment + IP_UDP
        return Transmit(name, up * fragment, answer=down * fragment, packets=up, answer_packets=down)

    def _ask(self, state: State, name: str, now: Instant) -> Step:
        """Send a request now, or when its turn comes."""
        if state.phase is Phase.UP and not state.request:
            return self._send(state, name, now)
        if name == state.request or name in state.waiting:
            return unchanged(state)
        return Step(state._replace(waiting=(*state.waiting, name)))

    def _repeat(self, state: State, now: Instant) -> Step:
        """No answer yet: once more, until the tries are used up."""
        _, tries = self._patience(state.request, state.tries)
        if state.tries < tries:
            return self._send(state, state.request, now, state.tries + 1)
        if self.on_dead == "begin-again":
            return self._rebuild(state, "dead peer", now)
        return self._end("dead peer" if state.phase in ESTABLISHED else "handshake given up")

    def _finish(self, state: State, now: Instant) -> Step:
        """A request of the established SA was answered: re-arm what it was for, and let the next one out."""
        match state.request:
            case "CREATE_CHILD_SA child" | "CREATE_CHILD_SA IKE" if not self.rekey_accepted:
                return self._end("rekey refused")
            case "CREATE_CHILD_SA child":
                renewed = self._lifetime("child", self.child_lifetime)
            case "CREATE_CHILD_SA IKE":
                renewed = self._lifetime("IKE", self.ike_lifetime)
            case _:
                renewed = self._next_liveness()
        following = self._next(state._replace(request="", tries=0, heard=now), now)
        return Step(following.state, (RETRANSMIT, *renewed, *following.effects))

    def _next(self, state: State, now: Instant) -> Step:
        """Send the request that has waited longest."""
        if not state.waiting:
            return Step(state)
        return self._send(state._replace(waiting=state.waiting[1:]), state.waiting[0], now)

    def _lifetime(self, sa: str, lifetime: Duration) -> tuple[Effect, ...]:
        """The soft and the hard end of a new SA."""
        return StartTimer(f"{sa} rekey", round(lifetime * self.rekey_fraction)), StartTimer(f"{sa} end", lifetime)

    # Beginning and end ------------------------------------------------------------------------------------------------

    def _begin(self, state: State, now: Instant) -> Step:
        """The initial exchanges, from the first message on."""
        return self._send(State(Phase.INIT, state.server, state.cellular, moved=state.moved), SA_INIT, now)

    def _authenticate(self, state: State, now: Instant) -> Step:
        """An IKE_AUTH reply: another EAP round, or the SAs are installed."""
        done = int(state.request.removeprefix("IKE_AUTH "))
        asked = self.auth == "eap" and self.eap_identity
        if done < AUTH_EXCHANGES[self.auth] + asked:
            return self._send(state, f"IKE_AUTH {done + 1}", now)
        return Step(
            State(Phase.UP, state.server, state.cellular, sent=now, heard=now, known=state.known),
            (
                RETRANSMIT,
                *self._next_liveness(),
                *self._lifetime("child", self.child_lifetime),
                *self._lifetime("IKE", self.ike_lifetime),
                Announce(SessionUp()),
            ),
        )

    def _next_liveness(self) -> tuple[Effect, ...]:
        """The timer of the next liveness check, unless a silence decides on it."""
        timed = self.dpd_interval and self.dpd == "timed"
        return (StartTimer("liveness", self.dpd_interval),) if timed else ()

    def _end(self, reason: str) -> Step:
        """The SAs are discarded and nobody starts them again: the system shows Disconnected."""
        return Step(State(Phase.IDLE), (*STOP_ALL, Announce(SessionLost(reason, fatal=True))))

    # The path ---------------------------------------------------------------------------------------------------------

    def _lose_path(self, state: State, now: Instant) -> Step:
        """No route: hold everything. The initial exchanges just go on repeating into the void."""
        if state.phase not in (Phase.UP, Phase.MOVING):
            return Step(state._replace(moved=state.moved or state.phase is not Phase.STALE))
        interrupted = (state.request,) if state.request not in OF_A_MOVE else ()
        held = state._replace(phase=Phase.STALE, request="", tries=0, waiting=(*interrupted, *state.waiting))
        silent = self._unreach(held, now)
        return Step(silent.state, (RETRANSMIT, StopTimer("update"), *silent.effects))

    def _find_path(self, state: State, moved: bool, now: Instant) -> Step:
        """A path is there: tell the gateway the new address, or go on as before."""
        moved = moved or (state.moved and state.phase is not Phase.MOVING)
        match state.phase:
            case Phase.INIT | Phase.AUTH if moved:
                return self._begin(state._replace(moved=False), now)
            case Phase.UP | Phase.MOVING | Phase.STALE if moved:
                return self._move(state, now)
            case Phase.STALE:
                reached = self._reach(state._replace(phase=Phase.UP), now)
                following = self._next(reached.state, now)
                return Step(following.state, (*reached.effects, *following.effects))
        return unchanged(state)

    def _rebuild(self, state: State, reason: str, now: Instant) -> Step:
        """A new IKE SA: without MOBIKE for a new address, or in the place of one that is dead."""
        begun = self._begin(state._replace(moved=False), now)
        lost = (Announce(SessionLost(reason, fatal=False)),) if state.phase in ESTABLISHED else ()
        return Step(begun.state, (*STOP_ALL, *lost, *begun.effects))

    def _move(self, state: State, now: Instant) -> Step:
        """Prepare UPDATE_SA_ADDRESSES, or a new IKE SA; until then the gateway sends to the old address."""
        interrupted = (state.request,) if state.request not in OF_A_MOVE else ()
        moving = state._replace(
            phase=Phase.MOVING, request="", tries=0, waiting=(*interrupted, *state.waiting), moved=True
        )
        silent = self._unreach(moving, now)
        return Step(silent.state, (RETRANSMIT, *silent.effects, StartTimer("update", self.path_delay)))

    def _confirm(self, state: State, now: Instant) -> Step:
        """The gateway has taken the new address."""
        reached = self._reach(state._replace(phase=Phase.UP, request="", tries=0, moved=False, heard=now), now)
        following = self._next(reached.state, now)
        return Step(following.state, (RETRANSMIT, *reached.effects, *following.effects))

    # The gateway ------------------------------------------------------------------------------------------------------

    # MODEL: the gateway's liveness check begins a full `server_dpd_delay` after it lost sight of the phone, as under
    # steady traffic. An idle phone was heard up to that much earlier, so it is forgotten up to 30 s too late here.

    def _unreach(self, state: State, now: Instant) -> Step:
        """The gateway can no longer reach us: its patience runs."""
        if state.unreached != NEVER or not self.server_dpd_delay:
            return unchanged(state)
        patience = self.server_dpd_delay + self.server_dpd_giveup
        return Step(state._replace(unreached=now), (StartTimer("gateway gives up", patience),))

    def _reach(self, state: State, now: Instant) -> Step:
        """It can reach us again: in time, if its check still has a repetition to come; otherwise its verdict stands."""
        if state.unreached == NEVER:
            return unchanged(state)
        in_time = now - state.unreached < self.server_dpd_delay + self.server_dpd_last_try
        return Step(state._replace(unreached=NEVER), (StopTimer("gateway gives up"),) if in_time else ())

    def _wake(self, state: State, event: HostResumed, now: Instant) -> Step:
        """After a sleep, in which the gateway's checks found nobody. After a long one the client checks at once."""
        slept = self._missed(self._caught_up(state, event), event)
        if not self.wake_check_after or event.slept < self.wake_check_after:
            return slept
        asked = self._ask(slept.state, LIVENESS, now)
        return Step(asked.state, (*slept.effects, *asked.effects))

    def _missed(self, state: State, event: HostResumed) -> Step:
        """What the gateway made of the silence."""
        effects = self._offloaded(state, event.slept)
        patience = self.server_dpd_delay + self.server_dpd_giveup
        if not self.server_dpd_delay:
            return Step(state, effects)
        if state.unreached != NEVER:
            return Step(state, (*effects, *self._gateways_timer(state, event)))
        if event.slept >= patience:  # before the timers that are overdue: none of their requests is answered
            return Step(state._replace(known=False), effects)
        if event.slept >= self.server_dpd_delay + self.server_dpd_last_try:
            effects += (StartTimer("gateway gives up", patience - event.slept),)
        return Step(state, effects)

    def _caught_up(self, state: State, event: HostResumed) -> State:
        """A clock that stood still missed the sleep: what we remember is as young as before."""
        if self.clock == "boot":
            return state
        return state._replace(sent=state.sent + event.slept, heard=state.heard + event.slept)

    def _gateways_timer(self, state: State, event: HostResumed) -> tuple[Effect, ...]:
        """The gateway's patience ran on while a clock that stood still held its timer back."""
        if self.clock == "boot":
            return ()
        ends, wakes = state.unreached + self.server_dpd_delay + self.server_dpd_giveup, event.since + event.slept
        return (StartTimer("gateway gives up", max(ends - wakes, 0)),)

    def _offloaded(self, state: State, slept: Duration) -> tuple[Effect, ...]:
        """The NAT keepalives that the network hardware sent during a sleep."""
        # MODEL: they are entered in one piece at wake, so their bytes count, but the radio energy that they cost in the
        # sleep does not: the energy of a sleeping phone with offload is too low.
        interval = self._nat_keepalive(state)
        count = slept // interval if interval and self.nat_keepalive_offload and state.phase is Phase.UP else 0
        return (Transmit("NAT keepalive", count * NAT_KEEPALIVE, packets=count),) if count else ()

    def _nat_keepalive(self, state: State) -> Duration:
        # MODEL: a NAT mapping is taken to outlive this interval. Carriers' often do not live for 110 s, and then the
        # gateway's own check misses a phone that is awake: deletions by the gateway on cellular are too rare.
        return self.nat_keepalive_cellular if state.cellular else self.nat_keepalive_wifi

    def _concerns(self, state: State, event: Event) -> bool:
        """Whether this hole is on the interface in use."""
        used = Interface.CELLULAR if state.cellular else Interface.WIFI
        match event:
            case HoleBegan(interface) | HoleEnded(interface):
                return interface is used
            case _:
                return used is Interface.WIFI
