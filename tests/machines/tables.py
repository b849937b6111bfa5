"""A machine against its table of transitions, both ways.

:func:`explore` visits every situation that a machine can get into, up to the exact instants: from each it delivers every
event, due timer, watch and answer at a set of delays, and follows what is new. :func:`walk` does the same along one path
chosen by Hypothesis, with the instants as they come.

Checked at every step: the same answer twice (purity), no exception for any event in any phase, a change of phase is a row,
and no timer is left pending in the phase in which the machine rests. Afterwards every row must have been seen.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from sim.base.units import NEVER, Duration, Instant
from sim.machines.machine import Answered, Due, Event, Machine, StartTimer, Step, StopTimer, Transmit

Seen = set[tuple[str, str, str]]
SMALL = 1000  # integers below it are counters, above it instants


class Situation(NamedTuple):
    """A state together with what may still arrive."""

    state: Any
    pending: frozenset[str]
    """Timers that run."""
    asked: frozenset[str]
    """Exchanges begun: their answers may come at any time later."""
    now: Instant


def label(event: Event) -> str:
    """An event as a row of the table calls it."""
    match event:
        case Due(name) | Answered(name):
            return f"{type(event).__name__}({name})"
        case _:
            return type(event).__name__


def rows(machine: Machine) -> Seen:
    """The table, without its reasons."""
    return {(row.phase, row.event, row.to) for row in machine.transitions}


def beginning(machine: Machine) -> Situation:
    """The first situation of the day."""
    step = machine.start()
    assert step.effects == ()
    return Situation(step.state, frozenset(), frozenset(), 10 * SMALL)


def deliver(
    machine: Machine, situation: Situation, event: Event, now: Instant, seen: Seen, rests: bool = True
) -> Situation:
    """One checked step; `rests` says that no timer may run in the machine's first phase."""
    state = situation.state
    step = machine.step(state, event, now)
    assert step == machine.step(state, event, now), "not pure"
    assert tuple(machine.watches(step.state)) == tuple(machine.watches(step.state)), "watches are not pure"
    stray = isinstance(event, Due) and event.name not in situation.pending | {
        watch.name for watch in machine.watches(state)
    }
    if step.state.phase is not state.phase and not stray:
        change = (state.phase, label(event), step.state.phase)
        assert change in rows(machine), f"not in the table: {change}"
        seen.add(change)
    after = _carry_out(situation, event, step, now)
    if rests and step.state.phase is machine.start().state.phase:
        assert not after.pending, f"{after.pending} still run in {step.state.phase}"
    return after


def _carry_out(situation: Situation, event: Event, step: Step, now: Instant) -> Situation:
    """What runs and what is asked for after a step."""
    pending, asked = set(situation.pending), set(situation.asked)
    if isinstance(event, Due):
        pending.discard(event.name)
    for effect in step.effects:
        match effect:
            case StartTimer(name, _):
                pending.add(name)
            case StopTimer(name):
                pending.discard(name)
            case Transmit(name, size, answer):
                assert size > 0
                if answer:
                    asked.add(name)
    return Situation(step.state, frozenset(pending), frozenset(asked), now)


def arrivals(machine: Machine, situation: Situation, events: Iterable[Event], strays: Iterable[Event]) -> list[Event]:
    """Everything that may be delivered here: all events, and what is due, answered or astray."""
    watches = {watch.name for watch in machine.watches(situation.state)}
    due = [Due(name) for name in sorted(situation.pending | watches)]
    return [*events, *due, *(Answered(name) for name in sorted(situation.asked)), *strays]


def _alike(situation: Situation) -> tuple[object, ...]:
    """What distinguishes situations: the state without its exact instants, the timers, and what may be answered."""
    fields = (
        value if not isinstance(value, int) or abs(value) < SMALL or abs(value) == NEVER else "an instant"
        for value in situation.state
    )
    return (*fields, situation.pending, situation.asked)


def explore(
    machine: Machine,
    events: Sequence[Event],
    delays: Sequence[Duration],
    seen: Seen,
    most: int = 4000,
    rests: bool = True,
) -> None:
    """Visit all situations, breadth first, up to `most` of them."""
    first = beginning(machine)
    known, ahead = {_alike(first)}, deque([first])
    timers: set[str] = set()
    while ahead:
        situation = ahead.popleft()
        timers |= situation.pending
        astray: list[Event] = [Due(name) for name in sorted(timers - situation.pending)]
        for event in arrivals(machine, situation, events, astray):
            for delay in delays:
                after = deliver(machine, situation, event, situation.now + delay, seen, rests)
                if event not in astray and _alike(after) not in known and len(known) < most:
                    known.add(_alike(after))
                    ahead.append(after)


def walk(
    machine: Machine, events: Sequence[Event], choices: Iterable[tuple[int, Duration]], seen: Seen, rests: bool = True
) -> None:
    """Follow one path: each choice picks an arrival and how long it takes to come."""
    situation = beginning(machine)
    for pick, delay in choices:
        possible = arrivals(machine, situation, events, ())
        situation = deliver(machine, situation, possible[pick % len(possible)], situation.now + delay, seen, rests)


def both_ways(
    machines: Sequence[Machine],
    events: Sequence[Event],
    delays: Sequence[Duration],
    *,
    most: int,
    rests: bool = True,
) -> None:
    """Configurations of one machine: none does what is no row of the table, and each row happens in one of them."""
    seen: Seen = set()
    for machine in machines:
        explore(machine, events, delays, seen, most, rests)
    table = machines[0].transitions
    assert sorted(rows(machines[0]) - seen) == [], "rows that never happened"
    assert len({row[:3] for row in table}) == len(table), "rows that say the same as another one"
