"""What a machine is: the whole contract between the rules and the engine.

A machine is a set of rules with no clock, no dice and no I/O. It is a frozen :class:`Parameters` model whose state is
handed to it; it is told the time and what chance decided, and answers with the next state and a few effects. The engine
does the rest. Same arguments, same answer, always.

Two things call a machine back. A **timer** is ordered by an effect and runs out by itself. A **watch** is a question
about the traffic ("the first packet sent after ten o'clock", "ten seconds without anything sent"), asked anew after
every step; the engine answers it from the columns of bursts, so that only packets on which a rule depends ever become
events.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import Any, ClassVar, Literal, NamedTuple, Protocol

from sim.base.laws import Law
from sim.base.units import NEVER, Bytes, Duration, Instant


class Event:
    """Something that happened. Subclasses are frozen dataclasses named in the past tense."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Due(Event):
    """A timer of this machine ran out, or one of its watches came true."""

    name: str


@dataclass(frozen=True, slots=True)
class Answered(Event):
    """The answer to a :class:`Transmit` arrived."""

    name: str


class Announce(NamedTuple):
    """Tell every machine that hears this kind of event, now."""

    event: Event


class Transmit(NamedTuple):
    """Send a control message to the VPN server.

    The engine adds the radio's promotion, the round trip and chance: with loss p in each direction the exchange fails
    with probability 1 - (1 - p)^(packets + answer packets). If it succeeds, and the path and the server carry it,
    ``Answered(name)`` is delivered one round trip later.

    Parameters
    ----------
    name : what the message is called in its standard
    size : 0 < size. [bytes, IP length, all packets together]
    answer : 0 <= answer; 0 means that the peer does not answer this message. [bytes]
    packets, answer_packets : how many packets it takes; a lost one loses the message
    copies : 1 <= copies: how often both ends send each packet at once, so that it is lost only if all are; `size`
        and `answer` are those of one copy
    round_trips : 1 <= round_trips: round trips until the answer is complete
    inside : it goes through the tunnel like a packet of an app: the protocol's rules take it for one, its sizes are
        those before the tunnel's headers, and its answer is not delivered but seen by watches, as an app's is
    """

    name: str
    size: Bytes
    answer: Bytes = 0
    packets: int = 1
    answer_packets: int = 1
    round_trips: int = 1
    copies: int = 1
    inside: bool = False


class StartTimer(NamedTuple):
    """Deliver ``Due(name)`` after a while. A name is pending at most once per machine; starting it again replaces it.

    `after` may be a law: the engine throws the dice, in the stream named after the machine and the timer.
    """

    name: str
    after: Duration | Law


class StopTimer(NamedTuple):
    """Forget the timer of this name, if it is pending."""

    name: str


Effect = Announce | Transmit | StartTimer | StopTimer
"""An order to the engine. There are four."""


class Silent(Enum):
    """Which packets a silence is about."""

    SENT = "sent"
    RECEIVED = "received"
    BOTH = "both"


class OnSend(NamedTuple):
    """The first data packet offered to the tunnel at or after `after`."""

    name: str
    after: Instant


class OnReceive(NamedTuple):
    """The first data packet that arrives through the tunnel at or after `after`."""

    name: str
    after: Instant


class OnSilence(NamedTuple):
    """The end of the first `lasting` without a data packet (`of` this kind), counted from `since` or the last such
    packet.

    `since` is the machine's own last message of the kind that breaks the silence.
    """

    name: str
    of: Silent
    lasting: Duration
    since: Instant
    says: Transmit | None = None
    until: Instant = NEVER
    """Before this the engine may send `says` by itself, again and again, instead of delivering ``Due(name)``: the
    machine would do just that, and nothing else about it would change. That is how thousands of keepalives cost no
    events."""


class OnUnanswered(NamedTuple):
    """`lasting` after the first data packet sent later than the last one received (or than `since`)."""

    name: str
    lasting: Duration
    since: Instant


class OnReply(NamedTuple):
    """`lasting` after a data packet was received with no data packet sent since; once for each quiet spell after
    `since`."""

    name: str
    lasting: Duration
    since: Instant
    says: Transmit | None = None
    until: Instant = NEVER
    """As in :class:`OnSilence`."""


class OnAttempt(NamedTuple):
    """The first burst of any app at or after `after`, whichever way it would go."""

    name: str
    after: Instant
    evaluated: bool = False
    """Only bursts to names that EvaluateConnection decides about."""


Watch = OnSend | OnReceive | OnSilence | OnUnanswered | OnReply | OnAttempt
"""A question about the tunnel's data packets. The machine's own control messages are not among them."""


class Step(NamedTuple):
    """What a machine answers: its next state, and its orders in the order in which they are to be carried out."""

    state: Any
    effects: tuple[Effect, ...] = ()


class Row(NamedTuple):
    """One line of a transition table: in `phase`, on `event`, go to `to`, because of `why` (a clause or an
    observation)."""

    phase: StrEnum
    event: str
    to: StrEnum
    why: str


class Host(StrEnum):
    """Where a machine lives. The engine does not call a machine whose host is suspended; its deliveries wait."""

    SYSTEM = "system"
    """The kernel, which always runs."""
    DAEMON = "daemon"
    """A process of the system, whose clock stands still while the device sleeps."""
    PROVIDER = "provider"
    """The VPN's process, suspended while the device sleeps."""
    NETWORK = "network"
    """Not on the phone's processor."""


class Machine(Protocol):
    """Rules of one thing. State classes are NamedTuples whose first field is `phase`, an enum with the standard's
    names."""

    host: ClassVar[Host]
    transitions: ClassVar[tuple[Row, ...]]
    """Every change of phase that can happen, for the tests and the diagrams. A row's `event` is the event's class name,
    or ``Due(name)`` / ``Answered(name)``."""

    @property
    def hears(self) -> frozenset[type[Event]]:
        """Which events it wants to be told of."""
        ...

    def start(self) -> Step:
        """The state in which the day begins."""
        ...

    def step(self, state: Any, event: Event, now: Instant) -> Step:
        """What `event` does to `state` at `now`. An event without meaning in this phase changes nothing."""
        ...

    def watches(self, state: Any) -> Iterable[Watch]:
        """What this state waits for from the traffic."""
        ...


class Link(Enum):
    """Whether a protocol session passes data right now."""

    CARRIES = "carries"
    """Data passes both ways."""
    DORMANT = "dormant"
    """No valid session, but nobody asked: the next packet sent will start one."""
    BROKEN = "broken"
    """Data that is offered now waits or is lost."""


Clock = Literal["boot", "monotonic"]
"""Whose time a protocol's timers keep: one that runs on while the device sleeps, so that what is overdue comes at wake
(the boot clock, and the wall clock, which nobody sets here), or one that stands still then (monotonic)."""

Transport = Literal["udp", "tcp"]
"""What carries a tunnel's packets to its server."""


class TunnelProtocol(Machine, Protocol):
    """A VPN protocol: the client's rules, and as much of its server as decides whether it answers.

    It hears :class:`sim.machines.events.EngineStarted`, ``EngineStopped``, ``PathNoticed``, ``ServerRestarted`` … and
    announces ``SessionUp`` and ``SessionLost``.
    """

    name: ClassVar[str]
    handshake: ClassVar[str]
    """The message that stands for one handshake's asymmetric cryptography."""
    aes: ClassVar[bool]
    """Whether its usual cipher is AES-GCM, for which a phone's processor has instructions; otherwise ChaCha20."""
    routes_before_handshake: ClassVar[bool]
    """Whether its usual client installs routes before the first handshake (then a dead server blocks, not leaks)."""
    keeps_routes: ClassVar[bool]
    """Whether its usual client leaves them in force while it makes a new session."""
    stops_offline: ClassVar[bool]
    """Whether its usual client stops the engine while there is no path."""
    built_in: ClassVar[bool]
    """Whether the system's own client runs it, which does not crash, is not updated, and has no memory limit."""

    @property
    def transport(self) -> Transport:
        """What carries it; ESP, which NAT traversal wraps, counts as UDP."""
        ...

    @property
    def clock(self) -> Clock:
        """If it stands still in sleep, so do this machine's timers; at :class:`sim.machines.events.HostResumed` the
        machine moves the instants of its own memory on, and starts its peer's timers anew."""
        ...

    def link(self, state: Any) -> Link:
        """Whether this state passes data."""
        ...

    def overhead(self, size: Bytes) -> Bytes:
        """Bytes added on the physical interface to an inner packet stream of `size`. [bytes]"""
        ...


def unchanged(state: Any) -> Step:
    """The answer to an event that means nothing here: late replies and overtaken timers are ordinary, not errors."""
    return Step(state)
