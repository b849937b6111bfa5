"""Spells of a run: how long each standing lasted, and the time between two kinds of events of the script."""

from __future__ import annotations

from sim.base.units import Duration, Instant
from sim.engine.simulate import Run
from sim.machines.machine import Event
from sim.machines.routing import Situation


def situations(run: Run) -> list[tuple[Duration, Situation]]:
    """How things stood, one after the other, and for how long. [µs]"""
    ends = [*(s.begin for s in run.standings[1:]), run.world.scenario.duration]
    return [(end - s.begin, s.situation) for s, end in zip(run.standings, ends, strict=True)]


def between(run: Run, begins: type[Event], ends: type[Event]) -> list[tuple[Instant, Instant]]:
    """From each event of one kind in the script to the next of the other; the last may reach to the horizon."""
    found: list[tuple[Instant, Instant]] = []
    since: Instant | None = None
    for at, event in run.world.script:
        if since is None and isinstance(event, begins):
            since = at
        elif since is not None and isinstance(event, ends):
            found.append((since, at))
            since = None
    if since is not None:
        found.append((since, run.world.scenario.duration))
    return found
