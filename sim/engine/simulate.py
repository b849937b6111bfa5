"""From a scenario and a seed to a run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sim.base.units import Instant
from sim.engine.engine import Engine
from sim.engine.flows import LonerSpan
from sim.engine.ledger import Ledger, assign
from sim.engine.network import Control
from sim.engine.standing import Standing
from sim.engine.timeline import Timeline
from sim.machines.routing import Situation, Verdict
from sim.world.intervals import Intervals, holding
from sim.world.nature import Nature
from sim.world.scenario import Scenario
from sim.world.world import World, build


@dataclass(frozen=True)
class Run:
    """One day, played. Everything measured is computed from it, never collected on the side."""

    world: World
    timeline: Timeline
    standings: list[Standing]
    """How things stood, in order of time; the first begins at 0."""
    verdicts: list[tuple[Verdict, ...]]
    """For each standing, the verdict on a new flow of each class; class 0 is the probe."""
    loners: dict[int, list[LonerSpan]]
    """Spans of the flows that had verdicts of their own."""
    ledger: Ledger
    control: list[Control]
    checks: list[tuple[Instant, bool, bool]]
    gatherings: list[tuple[Instant, int]]

    @property
    def scenario(self) -> Scenario:
        """What was played."""
        return self.world.scenario

    @property
    def seed(self) -> int:
        """The seed of this day."""
        return self.world.seed

    def when(self, holds: Callable[[Situation], bool]) -> Intervals:
        """When a situation held."""
        return holding(((s.begin, holds(s.situation)) for s in self.standings), self.scenario.duration)


def play(world: World) -> Run:
    """Run a world to its horizon."""
    engine = Engine(world)
    engine.run()
    standings, loners = engine.standings, engine.flows.spans
    verdicts = [engine.flows.verdicts_of(s.situation) for s in standings]
    ledger = assign(world, standings, verdicts, loners)
    control, checks, gatherings = engine.network.control, engine.checks, engine.gatherings
    return Run(world, engine.timeline, standings, verdicts, loners, ledger, control, checks, gatherings)


def simulate(scenario: Scenario, seed: int | None = None, nature: Nature | None = None) -> Run:
    """Play one day.

    Parameters
    ----------
    seed : 0 <= seed < 2**63; default: the scenario's
    nature : the day that another policy of the same scenario and seed has met

    Returns
    -------
    Run
    """
    return play(build(scenario, scenario.seed if seed is None else seed, nature))
