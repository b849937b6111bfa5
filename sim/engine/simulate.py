"""From a scenario and a seed to a run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.base.frames import frame, html_table
from sim.base.units import SECOND, Instant
from sim.engine.engine import Engine
from sim.engine.flows import LonerSpan
from sim.engine.ledger import Ledger, assign, distinct
from sim.engine.network import Control
from sim.engine.sent import Sent, sent
from sim.engine.standing import Standing
from sim.engine.timeline import Timeline
from sim.machines.events import Interface
from sim.machines.routing import Fate, Situation, Verdict
from sim.world.intervals import Intervals, Ints, spells
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

    @cached_property
    def begins(self) -> Ints:
        """When each standing begins, (n_standings,). [µs]"""
        return np.array([s.begin for s in self.standings], dtype=np.int64)

    @cached_property
    def distinct_situations(self) -> tuple[list[Situation], Ints]:
        """The different situations, and for each standing the number of its own, (n_standings,). A day has some dozens
        of situations, and comes back to them hundreds of times."""
        numbers: dict[Situation, int] = {}
        which = [numbers.setdefault(s.situation, len(numbers)) for s in self.standings]
        return list(numbers), np.array(which, dtype=np.int64)

    def each(self, holds: Callable[[Situation], bool]) -> NDArray[np.bool_]:
        """Of each standing whether a situation held in it, (n_standings,)."""
        situations, which = self.distinct_situations
        return np.array([holds(s) for s in situations], dtype=bool)[which]

    def when(self, holds: Callable[[Situation], bool]) -> Intervals:
        """When a situation held."""
        return spells(self.begins, self.each(holds), self.scenario.duration)

    @cached_property
    def distinct_verdicts(self) -> tuple[list[tuple[Verdict, ...]], Ints]:
        """The different rows of `verdicts`, and for each standing the number of its row, (n_standings,)."""
        return distinct(self.verdicts)

    @cached_property
    def ends(self) -> Ints:
        """When each flow ends: when its app would close it, but not before what waited in it has left. [µs]"""
        ledger, ends = self.ledger, self.world.nature.closes.copy()
        left = np.flatnonzero((ledger.fate == Fate.LEAKED) | (ledger.fate == Fate.BYPASSED))
        np.maximum.at(ends, ledger.flow[left], ledger.settled[left] + 1)
        return ends

    @cached_property
    def default_cellular(self) -> NDArray[np.bool_]:
        """Of each standing whether its default path was cellular, (n_standings,)."""
        return self.each(lambda s: s.default is Interface.CELLULAR)

    @cached_property
    def sent(self) -> Sent:
        """What was on the air."""
        return sent(self.ledger, self.control, self.world.protocol, self.begins, self.default_cellular)

    def to_frame(self) -> Any:
        """A row for each burst: when, whose, how many bytes, and its fate.

        Raises
        ------
        FrameRefused
            Without pandas.
        """
        ledger, kinds = self.ledger, self.world.nature.kind_of
        return frame(
            {
                "at_s": ledger.at / SECOND,
                "flow": ledger.flow,
                "owner": [kinds[flow].owner for flow in ledger.flow.tolist()],
                "up_bytes": ledger.up,
                "down_bytes": ledger.down,
                "fate": [Fate(fate).name for fate in ledger.fate.tolist()],
            }
        )

    def _repr_html_(self) -> str:
        rows = [[fate.name, f"{size:,}"] for fate, size in self.ledger.bytes_by_fate().items() if size]
        return html_table(f"{self.scenario.name}, seed {self.seed}", ["fate", "bytes"], rows)


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
