"""A slow and clear engine: one burst at a time, every question answered from the whole list of packets.

It shares the machines, the routing, the rules of sockets and nature with the real one, and nothing of what makes that fast:

* :class:`SlowTraffic` keeps plain lists and answers a watch by the words of its definition, looking at every packet.
* No machine's keepalives are said for it: each is an event that reaches the machine.
* :func:`slow_ledger` follows each burst through the verdicts of its flow until one of them settles it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from sim.base.units import NEVER, Duration, Instant
from sim.engine.engine import Engine
from sim.engine.flows import Flows, LonerSpan
from sim.engine.ledger import Ledger
from sim.engine.nat import Nat
from sim.engine.network import Network
from sim.engine.simulate import Run
from sim.engine.standing import PROTOCOL, Standing
from sim.engine.traffic import Traffic
from sim.machines.events import Interface
from sim.machines.machine import (
    Event,
    Machine,
    OnAttempt,
    OnReceive,
    OnReply,
    OnSend,
    OnSilence,
    OnUnanswered,
    Silent,
    Step,
    Watch,
)
from sim.machines.routing import Fate, Verdict
from sim.world.intervals import Ints
from sim.world.world import World


@dataclass
class Period:
    """From `begin` on the tunnel answers after `round_trip`, or does not answer."""

    begin: Instant
    answers: bool
    round_trip: Duration


class SlowTraffic:
    """What :class:`sim.engine.traffic.Traffic` means, in its plainest form."""

    def __init__(
        self,
        at: Ints,
        flow: Ints,
        classes: Ints,
        n_classes: int,
        evaluated: Ints,
        pushed: NDArray[np.bool_] | None = None,
    ) -> None:
        self._evaluated: list[Instant] = evaluated.tolist()
        self.times: list[Instant] = at.tolist()
        self._pushed = pushed.tolist() if pushed is not None else [False] * n_classes
        self._flow: list[int] = flow.tolist()
        self._class = [int(classes[f]) for f in self._flow]
        self._inside = [False] * len(self.times)
        self._periods = [Period(-NEVER, False, 0)]
        self.flushes: list[Instant] = []
        self.version = 0
        self._known: tuple[int, list[Instant], list[Instant]] = (-1, [], [])

    @property
    def answers(self) -> bool:
        return self._periods[-1].answers

    @property
    def round_trip(self) -> Duration:
        return self._periods[-1].round_trip

    # What changes -----------------------------------------------------------------------------------------------------

    def route_class(self, index: int, inside: bool, now: Instant) -> None:
        self.version += 1
        for row, at in enumerate(self.times):
            if at >= now and self._class[row] == index:
                self._inside[row] = inside

    def route_flow(self, flow: int, inside: bool, now: Instant) -> None:
        self.version += 1
        for row, at in enumerate(self.times):
            if at >= now and self._flow[row] == flow:
                self._inside[row] = inside

    def flush(self, now: Instant) -> None:
        self.version += 1
        self.flushes.append(now)

    def set_answers(self, answers: bool, round_trip: Duration, now: Instant) -> None:
        """A change of the round trip, too, begins a new period: what is under way then is lost."""
        waits = [at for at in self.sent() if self._unanswered_since() <= at < now]
        self.version += 1
        if answers and not self.answers and waits:
            self.flushes.append(now)
        if self._periods[-1].begin == now:
            self._periods.pop()
        self._periods.append(Period(now, answers, round_trip))

    def _unanswered_since(self) -> Instant:
        """When the tunnel last stopped answering."""
        since = NEVER
        for period in reversed(self._periods):
            if period.answers:
                break
            since = period.begin
        return since

    def is_inside(self, row: int) -> bool:
        """Whether a burst entered the tunnel at its instant."""
        return self._inside[row]

    def next_of_flow(self, flow: int, now: Instant) -> Instant:
        return next((at for row, at in enumerate(self.times) if at >= now and self._flow[row] == flow), NEVER)

    def class_spoke(self, index: int, begin: Instant, end: Instant) -> bool:
        return any(begin <= at < end and self._class[row] == index for row, at in enumerate(self.times))

    def next_unreached(self, now: Instant, said: Instant, since: Instant, lifetime: Duration) -> Instant:
        """The first push into the tunnel before which the phone was silent for too long, or has a new address."""
        spoke = said
        for row, at in enumerate(self.times):
            if not self._inside[row]:
                continue
            if at >= now and self._pushed[self._class[row]]:
                before = max([spoke, *(flush for flush in self.flushes if flush <= at)])
                if at - before >= lifetime or before < since:
                    return at
            spoke = max(spoke, at)
        return NEVER

    def next_sent(self, now: Instant) -> Instant:
        return _first(at for at in self.sent() if at >= now)

    # Packets ----------------------------------------------------------------------------------------------------------

    def sent(self) -> list[Instant]:
        """Every packet into the tunnel, past and (if nothing changes) future."""
        self._look()
        return self._known[1]

    def received(self) -> list[Instant]:
        """Every packet out of it."""
        self._look()
        return self._known[2]

    def _look(self) -> None:
        if self._known[0] == self.version:
            return
        sent = sorted([at for row, at in enumerate(self.times) if self._inside[row]] + self.flushes)
        received = []
        for at in sent:
            number = max(i for i, period in enumerate(self._periods) if period.begin <= at)
            period = self._periods[number]
            end = self._periods[number + 1].begin if number + 1 < len(self._periods) else NEVER
            if period.answers and at + period.round_trip <= end:
                received.append(at + period.round_trip)
        self._known = (self.version, sent, sorted(received))

    # Watches ----------------------------------------------------------------------------------------------------------

    def due(self, watch: Watch, now: Instant, fence: Instant) -> Instant:
        match watch:
            case OnSend(after=after):
                return _first(at for at in self.sent() if at >= max(after, now))
            case OnReceive(after=after):
                return _first(at for at in self.received() if at >= max(after, now))
            case OnAttempt(after=after, evaluated=evaluated):
                return _first(at for at in (self._evaluated if evaluated else self.times) if at >= max(after, now))
            case OnSilence():
                return self._silence(watch, now)
            case OnReply():
                return self._reply(watch, now)
            case OnUnanswered():
                return self._unanswered(watch, now)

    def _silence(self, watch: OnSilence, now: Instant) -> Instant:
        """The first instant at which the last packet, and `since`, lie at least `lasting` back."""
        sent = self.sent() if watch.of in (Silent.SENT, Silent.BOTH) else []
        received = self.received() if watch.of in (Silent.RECEIVED, Silent.BOTH) else []
        breaks = sorted([watch.since, *(at for at in [*sent, *received] if at > watch.since)])
        for last, following in pairwise([*breaks, NEVER]):
            end = max(last + watch.lasting, now)
            if end < following:
                return end
        return NEVER

    def _reply(self, watch: OnReply, now: Instant) -> Instant:
        """The first instant at which something received after `since` lies `lasting` back, with nothing sent since it came."""
        return _left_alone(self.received(), self.sent(), watch, now)

    def _unanswered(self, watch: OnUnanswered, now: Instant) -> Instant:
        """The first instant at which something sent after `since` lies `lasting` back, with nothing received since."""
        return _left_alone(self.sent(), self.received(), watch, now)


def _left_alone(calls: list[Instant], answers: list[Instant], watch: OnReply | OnUnanswered, now: Instant) -> Instant:
    for call in calls:
        end = max(call + watch.lasting, now)
        following = bisect_left(answers, call)
        if call > watch.since and (following == len(answers) or end < answers[following]):
            return end
    return NEVER


def _first(instants: Iterable[Instant]) -> Instant:
    return next(iter(instants), NEVER)


class Unsaid:
    """A protocol that lets nobody speak for it."""

    def __init__(self, machine: Any) -> None:
        self._machine = machine
        self.host, self.hears, self.link = machine.host, machine.hears, machine.link

    def start(self) -> Step:
        return cast("Step", self._machine.start())

    def step(self, state: Any, event: Event, now: Instant) -> Step:
        return cast("Step", self._machine.step(state, event, now))

    def watches(self, state: Any) -> tuple[Watch, ...]:
        return tuple(
            w._replace(says=None) if isinstance(w, OnReply | OnSilence) else w for w in self._machine.watches(state)
        )


class SlowEngine(Engine):
    """The engine with everything that makes it fast taken out."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        nature = world.nature
        pushed = np.array([t.pushed for t in world.traits], dtype=bool)
        self.slow = SlowTraffic(nature.at, nature.flow, world.classes, len(world.traits), world.evaluated, pushed)
        self.traffic = cast("Traffic", self.slow)
        self.network = Network(world, self.traffic)
        self.nat = Nat(self.traffic, self.network)
        self.flows = Flows(world, self.traffic, self._remind)
        unsaid = cast("Machine", Unsaid(world.protocol))
        self._machines = (*self._machines[:PROTOCOL], unsaid, *self._machines[PROTOCOL + 1 :])


def verdicts_from(
    at: Instant, standings: list[Standing], table: list[tuple[Verdict, ...]], index: int, own: list[LonerSpan]
) -> Iterator[tuple[Instant, Verdict]]:
    """The verdicts on a flow of class `index` that hold at `at` and later, each with the instant from which it holds."""
    edges = sorted({at, *(s.begin for s in standings), *(s.begin for s in own)})
    for edge in edges:
        if edge < at:
            continue
        standing = [i for i, s in enumerate(standings) if s.begin <= edge][-1]
        mine = [s for s in own if s.begin <= edge]
        own_verdict = mine[-1].verdict if mine else None
        yield edge, own_verdict if own_verdict is not None else table[standing][index]


def slow_ledger(
    world: World, standings: list[Standing], table: list[tuple[Verdict, ...]], loners: dict[int, list[LonerSpan]]
) -> Ledger:
    """What becomes of each burst, one after the other."""
    nature, horizon = world.nature, world.scenario.duration
    rows = []
    for at, flow in zip(nature.at.tolist(), nature.flow.tolist(), strict=True):
        patience, index, own = int(world.patience[flow]), int(world.classes[flow]), loners.get(flow, [])
        fate, settled = _settle(verdicts_from(at, standings, table, index, own), at + patience)
        if settled >= horizon:
            fate, settled = Fate.WAITING, horizon
        _, verdict = next(verdicts_from(settled, standings, table, index, own))
        situation = [s for s in standings if s.begin <= settled][-1].situation
        if fate is Fate.TUNNELLED:
            cellular = situation.default is Interface.CELLULAR
        else:
            cellular = verdict.binding is not None and verdict.binding.interface is Interface.CELLULAR
        rows.append((fate, settled, cellular))
    fates, settles, cellulars = zip(*rows, strict=True) if rows else ((), (), ())
    return Ledger(
        nature.at,
        nature.flow,
        nature.up,
        nature.down,
        np.array(fates, dtype=np.int8),
        np.array(settles, dtype=np.int64),
        np.array(cellulars, dtype=bool),
    )


def _settle(verdicts: Iterator[tuple[Instant, Verdict]], gives_up: Instant) -> tuple[Fate, Instant]:
    """The fate of a burst that waits until `gives_up`, and when it was sealed."""
    at, first = next(verdicts)
    if first.fate is not None:
        return first.fate, at
    for opens, verdict in verdicts:
        if opens > gives_up:
            break
        if verdict.fate is not None:
            return verdict.fate, opens
    return first.otherwise, gives_up


def play_slowly(world: World) -> tuple[Run, SlowEngine]:
    """Run a world the slow way."""
    engine = SlowEngine(world)
    engine.run()
    table = [engine.flows.verdicts_of(s.situation) for s in engine.standings]
    spans = engine.flows.spans
    ledger = slow_ledger(world, engine.standings, table, spans)
    run = Run(
        world,
        engine.timeline,
        engine.standings,
        table,
        spans,
        ledger,
        engine.network.control,
        engine.checks,
        engine.gatherings,
    )
    return run, engine
