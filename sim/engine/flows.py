"""Flows that do not follow their class: sockets that kept an old address, lost one, or are being opened anew.

Nearly all flows are *followers*: their socket is bound where a new one of their class would be bound, so one verdict
serves them all and nothing is kept for them. A flow becomes a *loner* when the way of its class changes and its
socket does not come along, and stops being one when its socket is opened anew or its address is the class's again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from sim.base.units import NEVER, Instant
from sim.engine.standing import Standing
from sim.engine.traffic import Traffic
from sim.machines.events import Interface
from sim.machines.ios.sockets import Reaction, reaction
from sim.machines.routing import ASPECTS, Binding, Fate, Situation, Verdict, Way, fresh, holds_address, kept
from sim.world.classes import ADDRESS, POLICY
from sim.world.world import World

BETWEEN_SOCKETS = Verdict(Way.NOWHERE, None, None, Fate.STALLED, None, ("path",))
"""An app has closed a socket and has not opened the next one: what it wants to say waits."""
_LUCKS_FOR_ADDRESSES = 10
_ASPECT = {name: i for i, name in enumerate(ASPECTS)}
_SESSION = _ASPECT["session"]


class LonerSpan(NamedTuple):
    """From `begin` on, a flow has a verdict of its own; with none, it follows its class again."""

    begin: Instant
    verdict: Verdict | None
    grounds: tuple[int, ...]
    """Records that justify it; the first made the flow a loner."""
    socket: int
    """How many sockets the flow has used before."""


class Loner:
    """One flow on its own way."""

    __slots__ = ("binding", "changed", "follows", "give_up", "inside", "opened_by", "reopens", "waited", "waits")

    def __init__(self, binding: Binding | None, opened_by: int, inside: bool, waits: Instant) -> None:
        self.binding = binding
        """Where its socket is bound; None while it has none."""
        self.opened_by = opened_by
        """The record that made it a loner."""
        self.inside = inside
        """What it says enters the tunnel."""
        self.waits = waits
        """Since when what it says waits; NEVER if it does not."""
        self.changed: Instant = -1
        """When that last changed."""
        self.waited = waits
        """Since when it waited before that: what holds for no time at all settles nothing."""
        self.reopens: Instant = NEVER
        """When its app opens another socket."""
        self.give_up: Instant = NEVER
        """When its transport gives up waiting for a lost address."""
        self.follows = False
        """It goes the way of its class again, but what it said on its own way still waits."""


class _Members:
    """The flows of one class, asked at ever later instants which of them are alive."""

    def __init__(self, world: World, index: int) -> None:
        nature, flows = world.nature, np.flatnonzero(world.classes == index)
        self._coming = flows[np.argsort(nature.opens[flows], kind="stable")]
        self._opens, self._closes = nature.opens[self._coming], nature.closes
        self._next = 0
        self._alive = self._coming[:0]

    def alive(self, now: Instant) -> list[int]:
        """Flows opened before `now` that nature has not closed, in order of their numbers."""
        behind = int(np.searchsorted(self._opens, now))
        here = np.concatenate((self._alive, self._coming[self._next : behind]))
        self._next = behind
        self._alive = here[self._closes[here] > now]
        return sorted(self._alive.tolist())


class Flows:
    """Every flow of one run: the verdict of each class, and the loners.

    Parameters
    ----------
    schedule : called with a flow, an instant and a token; calls :meth:`due` then
    """

    def __init__(self, world: World, traffic: Traffic, schedule: Callable[[int, Instant, int], None]) -> None:
        self._world, self._traffic, self._schedule = world, traffic, schedule
        self._members = [_Members(world, c) for c in range(len(world.traits))]
        self._cache: dict[Situation, tuple[Verdict, ...]] = {}
        self.verdicts: tuple[Verdict, ...] = ()
        """On a new flow of each class."""
        self._waits = [NEVER] * len(world.traits)
        """Since when what each class says waits; NEVER if it does not."""
        self._waited = self._waits
        """The same before this instant: what holds for no time at all settles nothing."""
        self.loners: dict[int, Loner] = {}
        self.spans: dict[int, list[LonerSpan]] = {}
        self._incidents: dict[int, int] = {}
        self._sockets: dict[int, int] = {}
        self._tokens: dict[int, int] = {}
        self._standing: Standing
        self._now: Instant = 0
        self._record = 0

    def verdicts_of(self, situation: Situation) -> tuple[Verdict, ...]:
        """The verdict on a new flow of each class."""
        verdicts = self._cache.get(situation)
        if verdicts is None:
            verdicts = self._cache[situation] = tuple([fresh(t, situation) for t in self._world.traits])
        return verdicts

    def look(self, last: Standing | None, standing: Standing, record: int) -> None:
        """How things stand has changed, because of `record`: send each flow its way."""
        self._standing, self._now, self._record = standing, standing.begin, record
        before, self.verdicts = self.verdicts, self.verdicts_of(standing.situation)
        if last is None or last.begin < self._now:
            self._waited = list(self._waits)
        if self.verdicts is not before:
            for index, verdict in enumerate(self.verdicts):
                old, waited = before[index] if before else None, self._waited[index]
                self._waits[index] = _still_waits(verdict, waited, self._now)
                if old is None or old.way is not verdict.way:
                    self._class_enters(index, old, verdict, waited)
                if old is not None and (old.binding != verdict.binding or old.first != verdict.first):
                    was = old.home
                    if was is not None and was != verdict.home:
                        self._class_moves(index, was, verdict, waited)
        if self.loners:
            only_the_session = _only_the_session(last, standing)
            for flow, loner in list(self.loners.items()):
                # To a socket outside the tunnel the session means nothing.
                if not only_the_session or (loner.binding and loner.binding.interface is Interface.UTUN):
                    self._loner_looks(flow, last.situation if last else None)

    def _class_enters(self, index: int, old: Verdict | None, new: Verdict, waited: Instant) -> None:
        """What this class says enters the tunnel from now on, or no more; and with it what waited."""
        traffic, now, inside = self._traffic, self._now, new.way is Way.TUNNEL
        if inside == (old is not None and old.way is Way.TUNNEL):
            return
        traffic.route_class(index, inside, now)
        for flow, loner in self.loners.items():
            if self._world.classes[flow] == index:
                traffic.route_flow(flow, loner.inside, now)
        if inside and waited < now and traffic.class_spoke(index, waited, now):
            traffic.flush(now)

    def _class_moves(self, index: int, old: Binding, new: Verdict, waited: Instant) -> None:
        """New sockets of this class are bound elsewhere now. What live ones do is up to each."""
        world, now = self._world, self._now
        if not world.traits[index].connected:
            return
        for flow in self._members[index].alive(now):
            if flow not in self.loners:
                self.loners[flow] = Loner(old, self._record, new.way is Way.TUNNEL, waited)
                self._react(flow, old, new.home)

    def _react(self, flow: int, binding: Binding, new: Binding | None) -> None:
        """A live socket, bound to `binding`, while a new one would be bound to `new`."""
        world, loner, situation = self._world, self.loners[flow], self._standing.situation
        sockets = world.nature.kinds[world.nature.kind[flow]].sockets
        traits = world.traits[world.classes[flow]]
        column = POLICY
        if not holds_address(binding, situation):
            n = self._incidents[flow] = self._incidents.get(flow, -1) + 1
            column = ADDRESS + n % _LUCKS_FOR_ADDRESSES
        luck = float(world.nature.luck[flow, column])
        behaviour = world.scenario.device.behaviour
        what = reaction(sockets.transport, traits, binding, new, situation, behaviour, luck)
        if what is Reaction.CLOSES:
            self._close(flow, loner)
        else:
            self._span(flow, kept(traits, binding, situation))
            asked = self._traffic.next_of_flow(flow, self._now) if what is Reaction.WAITS else NEVER
            if asked < NEVER:
                loner.give_up = asked + int(world.patience[flow])
                self._remind(flow, loner.give_up)

    def _close(self, flow: int, loner: Loner) -> None:
        """The app closes the socket; it opens another one by its law."""
        nature = self._world.nature
        reopen = nature.kinds[nature.kind[flow]].sockets.reopen
        self._sockets[flow] = self._sockets.get(flow, 0) + 1
        loner.binding, loner.opened_by = None, self._record
        loner.reopens, loner.give_up = NEVER, NEVER
        if reopen.when != "never":
            wanted = self._traffic.next_of_flow(flow, self._now)
            ready = self._now + reopen.after.at(float(nature.luck[flow, -1 - self._sockets[flow] % 2]))
            loner.reopens = min(wanted, ready) if reopen.when == "at-once" else wanted
            self._remind(flow, loner.reopens)
        self._span(flow, BETWEEN_SOCKETS)

    def _remind(self, flow: int, at: Instant) -> None:
        self._tokens[flow] = self._tokens.get(flow, 0) + 1
        self._schedule(flow, at, self._tokens[flow])

    def due(self, flow: int, token: int, now: Instant) -> None:
        """A loner's moment: its next socket, or the end of its patience."""
        loner = self.loners.get(flow)
        if loner is None or token != self._tokens[flow]:
            return
        self._now = now
        if now >= loner.reopens:
            self._follow(flow)
        elif now >= loner.give_up:
            self._close(flow, loner)

    def _follow(self, flow: int) -> None:
        """The flow's socket is where a new one would be: it follows its class again. While it has waited for longer
        than its class has, it is remembered: the class would not know that something of it enters the tunnel."""
        index, loner = self._world.classes[flow], self.loners[flow]
        self._goes(flow, self.verdicts[index])
        self._note(flow, None)
        if loner.waits < self._waits[index]:
            loner.binding, loner.follows = self.verdicts[index].home, True
            loner.reopens = loner.give_up = NEVER
        else:
            del self.loners[flow]

    def _goes(self, flow: int, verdict: Verdict) -> None:
        """What a loner says goes this way from now on; what waited enters the tunnel if that is its way now."""
        loner, inside, now = self.loners[flow], verdict.way is Way.TUNNEL, self._now
        if loner.changed < now:
            loner.changed, loner.waited = now, loner.waits
        if inside != loner.inside:
            self._traffic.route_flow(flow, inside, now)
            if inside and loner.waited < now and self._traffic.next_of_flow(flow, loner.waited) < now:
                self._traffic.flush(now)
        loner.inside, loner.waits = inside, _still_waits(verdict, loner.waited, now)

    def _loner_looks(self, flow: int, before: Situation | None) -> None:
        """How things stand has changed: what that means for a flow on its own way."""
        world, situation, loner = self._world, self._standing.situation, self.loners[flow]
        if world.nature.closes[flow] <= self._now:
            del self.loners[flow]
            return
        binding = loner.binding
        if binding is None and not loner.follows:
            return
        traits, new = world.traits[world.classes[flow]], self.verdicts[world.classes[flow]].home
        if binding is None or binding == new:
            self._follow(flow)
            return
        if loner.follows:  # its class moves, and it becomes a loner again
            loner.follows, loner.opened_by = False, self._record
            self._react(flow, binding, new)
            return
        held = before is not None and holds_address(binding, before)
        holds = holds_address(binding, situation)
        sealed_now = situation.seals and before is not None and not before.seals
        if (held and not holds) or (holds and sealed_now):
            self._react(flow, binding, new)
            return
        if holds:
            loner.give_up = NEVER
        self._span(flow, kept(traits, binding, situation))

    def _span(self, flow: int, verdict: Verdict) -> None:
        """This is the verdict of a loner from now on."""
        self._goes(flow, verdict)
        self._note(flow, verdict)

    def _note(self, flow: int, verdict: Verdict | None) -> None:
        """Note the verdict of a flow, or that it follows its class again; a span of zero length is overwritten."""
        spans, socket = self.spans.setdefault(flow, []), self._sockets.get(flow, 0)
        if spans and spans[-1].verdict == verdict and spans[-1].socket == socket:
            return
        if spans and spans[-1].begin == self._now:
            spans.pop()
        since = self._standing.since
        grounds = (
            () if verdict is None else (self.loners[flow].opened_by, *(since[_ASPECT[g]] for g in verdict.grounds))
        )
        spans.append(LonerSpan(self._now, verdict, grounds, socket))


def _still_waits(verdict: Verdict, waited: Instant, now: Instant) -> Instant:
    """Since when what goes this way waits, if it has waited since `waited` so far."""
    return min(waited, now) if verdict.fate is None else NEVER


def _only_the_session(last: Standing | None, standing: Standing) -> bool:
    """Whether nothing else has changed."""
    if last is None:
        return False
    a, b = last.since, standing.since
    return a[:_SESSION] == b[:_SESSION] and a[_SESSION + 1 :] == b[_SESSION + 1 :]
