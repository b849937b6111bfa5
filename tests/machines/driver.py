"""One machine on a table: timers, a round trip and a few data packets, without SimPy, loss or radio.

It does for a single machine what the engine does for a world, in the plainest way, so that worked numbers can be checked
against the rules alone.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable
from functools import partial
from heapq import heappop, heappush
from typing import Any, NamedTuple

from sim.base.units import MILLISECOND, NEVER, Duration, Instant, seconds
from sim.machines.events import (
    EngineStarted,
    EngineStopped,
    HoleBegan,
    HoleEnded,
    HostResumed,
    Interface,
    PathNoticed,
    ServerRestarted,
    WifiFaded,
)
from sim.machines.machine import (
    Announce,
    Answered,
    Due,
    Event,
    Link,
    OnReceive,
    OnReply,
    OnSend,
    OnSilence,
    OnUnanswered,
    Silent,
    StartTimer,
    StopTimer,
    Transmit,
    TunnelProtocol,
    Watch,
)

S = seconds(1)
START = EngineStarted("a", usable=True)
MOVED = PathNoticed(usable=True, moved=True, cellular=True)
GONE = PathNoticed(usable=False, moved=False)
BACK = PathNoticed(usable=True, moved=False)
EVENTS: tuple[Event, ...] = (START, EngineStopped(), MOVED, GONE, BACK, ServerRestarted("a"), ServerRestarted("b"))
"""What every protocol hears."""
HOLES: tuple[Event, ...] = (
    EngineStarted("a", usable=False, cellular=True),
    *(hole(interface) for interface in (Interface.WIFI, Interface.CELLULAR) for hole in (HoleBegan, HoleEnded)),
    WifiFaded(),
    HostResumed(0, 50 * S),
    HostResumed(0, 140 * S),
)
"""What those hear besides that keep a session over a bad path."""


class Line(NamedTuple):
    """One thing that happened: what the machine was told, transmitted or announced."""

    time: Instant
    what: Event | Transmit
    phase: str


def always(time: Instant) -> bool:
    """The server is in reach at every instant."""
    return True


def never(time: Instant) -> bool:
    """The server is never in reach."""
    return False


class Driver:
    """Plays one protocol machine.

    Parameters
    ----------
    machine : the protocol
    rtt : round trip time. [µs]
    reachable : whether the server is in reach at an instant
    sends : instants at which a data packet is offered
    replies : whether a data packet that passes is answered by another one
    lost : the first so many transmissions are lost
    u : where in their laws all draws lie, from 0 to 1
    """

    def __init__(
        self,
        machine: TunnelProtocol,
        *,
        rtt: Duration = 50 * MILLISECOND,
        reachable: Callable[[Instant], bool] = always,
        sends: Iterable[Instant] = (),
        replies: bool = True,
        lost: int = 0,
        u: float = 0.5,
    ) -> None:
        self.machine, self.rtt, self.reachable, self.replies, self.lost, self.u = (
            machine,
            rtt,
            reachable,
            replies,
            lost,
            u,
        )
        self.now: Instant = 0
        self.state: Any = machine.start().state
        self.log: list[Line] = []
        self.links: list[tuple[Instant, Link]] = []
        self.timers: dict[str, Instant] = {}
        self.script: list[tuple[Instant, int, Event]] = []
        self.answers: list[tuple[Instant, str]] = []
        self.coming: list[tuple[Instant, bool]] = sorted(
            (time, True) for time in sends
        )  # data packets ahead; True if sent
        self.sent: list[Instant] = []
        self.received: list[Instant] = []
        self.delivered: list[Instant] = []  # when the sent packets that passed were sent

    def tell(self, time: Instant, event: Event) -> Driver:
        """Put an event into the script."""
        self.script.append((time, len(self.script), event))
        return self

    def run(self, until: Instant) -> Driver:
        """Play up to and including `until`."""
        stuck = 0
        while True:
            time, take = self._earliest()
            if time > until:
                self.now = until
                return self
            stuck = stuck + 1 if time == self.now else 0
            assert stuck < 100, f"no progress at {time}: {self.state}"
            self.now = time
            take()

    def _earliest(self) -> tuple[Instant, Callable[[], None]]:
        """What comes next; at one instant the script precedes packets, answers, timers and watches."""
        ahead: list[tuple[Instant, int, Callable[[], None]]] = [(2**63, 9, lambda: None)]
        if self.script:
            entry = min(self.script)[:2]
            ahead.append((entry[0], 0, self._play))
        if self.coming:
            ahead.append((self.coming[0][0], 1, self._packet))
        if self.answers:
            ahead.append((min(self.answers)[0], 2, self._answer))
        if self.timers:
            ahead.append((min(self.timers.values()), 3, self._timer))
        for watch in self.machine.watches(self.state):
            due = self._due(watch)
            if due is not None:
                ahead.append((max(due, self.now), 4, partial(self._deliver, Due(watch.name))))
        time, _, take = min(ahead, key=lambda item: item[:2])
        return time, take

    def _play(self) -> None:
        entry = min(self.script, key=lambda item: item[:2])
        self.script.remove(entry)
        self._deliver(entry[2])

    def _packet(self) -> None:
        packet = heappop(self.coming)
        (self.sent if packet[1] else self.received).append(self.now)
        if packet[1] and self.machine.link(self.state) is Link.CARRIES and self.reachable(self.now):
            self.delivered.append(self.now)
            if self.replies:
                heappush(self.coming, (self.now + self.rtt, False))

    def _answer(self) -> None:
        answer = min(self.answers)
        self.answers.remove(answer)
        self._deliver(Answered(answer[1]))

    def _timer(self) -> None:
        name = min(self.timers, key=lambda name: self.timers[name])
        del self.timers[name]
        self._deliver(Due(name))

    def _deliver(self, event: Event) -> None:
        step = self.machine.step(self.state, event, self.now)
        self.state = step.state
        self.log.append(Line(self.now, event, self.state.phase))
        for effect in step.effects:
            match effect:
                case Announce(announced):
                    self.log.append(Line(self.now, announced, self.state.phase))
                case StartTimer(name, after):
                    self.timers[name] = self.now + (after if isinstance(after, int) else after.at(self.u))
                case StopTimer(name):
                    self.timers.pop(name, None)
                case Transmit():
                    self._transmit(effect)
        link = self.machine.link(self.state)
        if not self.links or self.links[-1][1] is not link:
            self.links.append((self.now, link))

    def _transmit(self, message: Transmit) -> None:
        self.log.append(Line(self.now, message, self.state.phase))
        self.lost, dropped = max(0, self.lost - 1), self.lost > 0
        if message.answer and not dropped and self.reachable(self.now):
            self.answers.append((self.now + message.round_trips * self.rtt, message.name))

    def _due(self, watch: Watch) -> Instant | None:
        """When this watch comes true if no further packet comes."""
        last_sent = self.sent[-1] if self.sent else -NEVER
        last_received = self.received[-1] if self.received else -NEVER
        match watch:
            case OnSend(_, after):
                return _first(self.sent, after)
            case OnReceive(_, after):
                return _first(self.received, after)
            case OnSilence(_, of, lasting, since):
                last = {
                    Silent.SENT: last_sent,
                    Silent.RECEIVED: last_received,
                    Silent.BOTH: max(last_sent, last_received),
                }
                return max(since, last[of]) + lasting
            case OnUnanswered(_, lasting, since):
                begin = _first(self.sent, max(since, last_received) + 1)
                return None if begin is None else begin + lasting
            case OnReply(_, lasting, since):
                begin = _first(self.received, max(since, last_sent) + 1)
                return None if begin is None else begin + lasting
        raise AssertionError(watch)

    # Looking at what happened -----------------------------------------------------------------------------------------

    def times(self, what: str | type[Event]) -> list[Instant]:
        """When a message of this name was sent, or an event of this kind happened."""
        if isinstance(what, str):
            return [line.time for line in self.log if isinstance(line.what, Transmit) and line.what.name == what]
        return [line.time for line in self.log if isinstance(line.what, what)]

    def count(self, name: str) -> int:
        """How many messages of this name were sent."""
        return len(self.times(name))


def _first(times: list[Instant], after: Instant) -> Instant | None:
    """The first of the sorted `times` at or after `after`."""
    index = bisect_left(times, after)
    return times[index] if index < len(times) else None


def spaced(begin: Instant, end: Instant, gap: Duration) -> range:
    """Instants of a packet each `gap`."""
    return range(begin, end, gap)
