"""The engine against its slow twin, which looks at one burst at a time: equal to the microsecond, the byte and the nanojoule.

Compared are the fate and the settling of each burst, each control message, each record with its cause (but for the keepalives, which
only the slow engine delivers), each leak window, and the energy.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from sim.base.units import Instant
from sim.engine.simulate import Run, simulate
from sim.engine.timeline import Record
from sim.machines.machine import Due
from sim.world.scenario import Scenario
from sim.world.world import build
from tests.differential.slow import play_slowly
from tests.generated import PROTOCOLS, days

KEEPALIVES = {Due("passive"), Due("persistent"), Due("keepalive")}
"""What a machine lets the engine say for it. It may be an event all the same, where it changes more than the keepalive."""


class Heard(NamedTuple):
    """A record without its number, which differs: the keepalives are missing in one of the timelines."""

    at: Instant
    actor: str
    event: object
    phase: str


def heard(record: Record) -> Heard:
    """A record without its number."""
    return Heard(record.at, record.actor, record.event, record.phase)


def is_keepalive(record: Record) -> bool:
    """A machine would have said it without being asked, and nothing else changed."""
    return record.event in KEEPALIVES


def root(run: Run, number: int | None) -> Heard | None:
    """The record, or the first of its causes that is not a keepalive."""
    while number is not None and is_keepalive(run.timeline[number]):
        number = run.timeline[number].cause
    return None if number is None else heard(run.timeline[number])


def fates(run: Run) -> list[tuple[int, ...]]:
    ledger = run.ledger
    columns = (ledger.at, ledger.flow, ledger.up, ledger.down, ledger.fate, ledger.settled, ledger.cellular)
    return list(zip(*(c.tolist() for c in columns), strict=True))


def control(run: Run) -> list[tuple[Any, ...]]:
    return sorted((c.at, c.name, c.up, c.down) for c in run.control)


def records(run: Run) -> list[tuple[Heard, Heard | None]]:
    return [(heard(r), root(run, r.cause)) for r in run.timeline if not is_keepalive(r)]


def standings(run: Run) -> list[tuple[Any, ...]]:
    return [(s.begin, s.situation, *(root(run, r) for r in s.since)) for s in run.standings]


def spans(run: Run) -> list[tuple[Any, ...]]:
    return [
        (flow, s.begin, s.verdict, s.socket, *(root(run, g) for g in s.grounds))
        for flow, own in sorted(run.loners.items())
        for s in own
    ]


def windows(run: Run) -> list[tuple[Any, ...]]:
    return [
        (w.begin, w.end, w.cause, w.kinds, root(run, w.opener), root(run, w.closer), w.flows, w.rows.tolist())
        for w in run.summary.windows
    ]


def energy(run: Run) -> list[tuple[Any, ...]]:
    account = run.summary.battery
    return [*account.with_vpn.by_component.items(), *account.without_vpn.by_component.items()]


def checks(run: Run) -> list[tuple[Any, ...]]:
    return list(run.checks)


ASPECTS: tuple[Callable[[Run], list[Any]], ...] = (standings, records, spans, control, fates, windows, checks, energy)


def assert_same(scenario: Scenario) -> None:
    """Play a day both ways and compare everything."""
    quick = simulate(scenario)
    slow, _ = play_slowly(build(scenario, scenario.seed))
    for aspect in ASPECTS:
        a, b = aspect(quick), aspect(slow)
        if a != b:
            only_quick, only_slow = [x for x in a if x not in b][:3], [x for x in b if x not in a][:3]
            raise AssertionError(f"{aspect.__name__}: only quick {only_quick}, only slow {only_slow}")


LONG = settings(deadline=None, suppress_health_check=list(HealthCheck), derandomize=True, phases=(Phase.explicit, Phase.generate))


@settings(LONG, max_examples=48)
@given(days())
def test_the_quick_engine_equals_the_slow_one(scenario: Scenario) -> None:
    assert_same(scenario)


@pytest.mark.slow
@pytest.mark.parametrize("sleeps", [False, True])
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_it_does_for_every_protocol(protocol: str, sleeps: bool) -> None:
    @settings(LONG, max_examples=200)
    @given(days(protocol, sleeps))
    def compare(scenario: Scenario) -> None:
        assert_same(scenario)

    compare()
