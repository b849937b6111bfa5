"""What is scheduled: values with one shared callback, each knowing what it means when its moment comes."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from simpy.events import Event as SimPyEvent

from sim.base.units import NEVER, Instant
from sim.machines.machine import Due, Event

if TYPE_CHECKING:
    from sim.engine.engine import Engine


class Line(NamedTuple):
    """A line of the script."""

    event: Event

    def happen(self, engine: Engine) -> None:
        """Look at the next line, and tell whom this one concerns."""
        engine.next_line()
        engine.read_line(self.event)


class Answer(NamedTuple):
    """The answer to a control message arrives."""

    actor: int
    event: Event
    cause: int

    def happen(self, engine: Engine) -> None:
        """Deliver it."""
        engine.inbox.append((self.actor, self.event, self.cause))


class Timer(NamedTuple):
    """A timer runs out, unless it was stopped or started again."""

    actor: int
    event: Due
    cause: int
    token: int

    def happen(self, engine: Engine) -> None:
        """Deliver it if it is still the pending one."""
        key = (self.actor, self.event.name)
        pending = engine.timers.get(key)
        if pending is not None and pending.token == self.token:
            del engine.timers[key]
            engine.inbox.append((self.actor, self.event, self.cause))


class Wake(NamedTuple):
    """A watch comes true, or its machine is to be asked again, unless it has been asked since."""

    actor: int
    event: Due | None
    token: int

    def happen(self, engine: Engine) -> None:
        """Deliver it if nothing has happened since it was asked; a suspended machine gets it when it resumes."""
        if engine.wakes[self.actor] == self.token:
            engine.forget_watches(self.actor)
            if self.event is not None:
                engine.inbox.append((self.actor, self.event, engine.changed[self.actor]))


class FlowDue(NamedTuple):
    """A loner opens its next socket, or gives up waiting."""

    flow: int
    token: int

    def happen(self, engine: Engine) -> None:
        """Let it, if it still means to."""
        engine.flows.due(self.flow, self.token, engine.now)


class TranslationDue(NamedTuple):
    """The NAT's mapping may change, unless an earlier look has been asked for since."""

    at: Instant

    def happen(self, engine: Engine) -> None:
        """Look."""
        if engine.nat.due == self.at:
            engine.nat.due = NEVER
            engine.look_at_translation()


Job = Line | Answer | Timer | Wake | FlowDue | TranslationDue


class Scheduled(SimPyEvent):
    """A SimPy event that carries a job."""

    __slots__ = ("job",)
    job: Job
