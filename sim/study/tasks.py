"""What a worker does: play one day under every arm, and give a row for each.

A *task* is one point of a study (a choice of factors) on one day (a seed), under all arms; its number is its place in
the study, and says all there is to know: which point, which replication, which seed. So the rows of a study depend on
its plan alone, whoever plays which task and when.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

from sim.base.streams import Streams
from sim.engine.simulate import simulate
from sim.measure.summary import summarise
from sim.study.arms import Arm, Setting, natural, scenario_of
from sim.study.rows import Number, row
from sim.world.nature import draw
from sim.world.scenario import Scenario

Row = dict[str, Any]
"""Column → value. Columns of the plan first: task, point, replication, seed, arm, error; then those of `rows.row`."""


@dataclass(frozen=True)
class Plan:
    """What is to be played: everything that the rows depend on."""

    file: str
    """Where the scenario came from, for messages."""
    tree: str
    """The tables of the scenario file, as JSON: a plan travels to workers, and must not change on the way."""
    arms: tuple[Arm, ...]
    points: tuple[tuple[Setting, ...], ...] = ((),)
    replications: int = 1
    """Days of each point; the same days at all points."""
    seed: int = 1

    @property
    def tasks(self) -> int:
        """How many there are."""
        return len(self.points) * self.replications

    def place(self, task: int) -> tuple[int, int]:
        """Point and replication of a task. All points of one day come before the next day: a study that is stopped
        has seen each of them as often."""
        replication, point = divmod(task, len(self.points))
        return point, replication

    def day(self, replication: int) -> int:
        """The seed of a day."""
        return seed_of(self.seed, replication)

    @cached_property
    def factors(self) -> dict[str, type]:
        """The columns in which a row says its point: key → type of its values."""
        return {
            key: _type([value for point in self.points for k, value in point if k == key]) for key, _ in self.points[0]
        }

    @property
    def identity(self) -> str:
        """A name for this plan: two plans with one name have the same rows."""
        said = json.dumps([self.tree, self.arms, self.points, self.replications, self.seed], default=str)
        return hashlib.sha256(said.encode()).hexdigest()[:16]


def _type(values: Sequence[Any]) -> type:
    """The narrowest type that holds all values of a factor; a table is text."""
    if all(isinstance(value, bool) for value in values):
        return bool
    if all(isinstance(value, int) and not isinstance(value, bool) for value in values):
        return int
    return float if all(isinstance(value, int | float) and not isinstance(value, bool) for value in values) else str


def seed_of(study_seed: int, replication: int) -> int:
    """The seed of one replication: derived, so that studies with different seeds share no day."""
    digest = hashlib.sha256(f"{study_seed}/{replication}".encode()).digest()
    return int.from_bytes(digest[:8], "little") >> 1


class Work(NamedTuple):
    """Tasks that are played in one go."""

    plan: Plan
    first: int
    behind: int


def play(work: Work) -> list[Row]:
    """Play some tasks, one after the other. A run that fails becomes a row that says so."""
    return [found for task in range(work.first, work.behind) for found in _play_task(work.plan, task)]


def _play_task(plan: Plan, task: int) -> Iterator[Row]:
    point, replication = plan.place(task)
    seed, days = plan.day(replication), dict[int, Any]()
    for arm in range(len(plan.arms)):
        head: Row = {
            "task": task,
            "point": point,
            "replication": replication,
            "seed": seed,
            "arm": plan.arms[arm].name,
            "error": None,
            **{key: plan.factors[key](value) for key, value in plan.points[point]},
        }
        try:
            scenario, kind = _loaded(plan, point, arm)
            if kind not in days:
                days[kind] = draw(scenario, Streams(seed))
            yield head | row(summarise(simulate(scenario, seed, days[kind])))
        except Exception as error:  # noqa: BLE001 - whatever goes wrong in one run must not end a study of ten thousand
            yield head | {"error": f"{type(error).__name__}: {error}"[:500]}


@lru_cache(maxsize=256)
def _loaded(plan: Plan, point: int, arm: int) -> tuple[Scenario, int]:
    """The scenario of an arm at a point, and the number of the first arm that meets the same days."""
    mine = scenario_of(_tree(plan.tree), plan.arms[arm], plan.file, plan.points[point])
    day = natural(mine)
    for other in range(arm):
        if natural(_loaded(plan, point, other)[0]) == day:
            return mine, other
    return mine, arm


@lru_cache(maxsize=8)
def _tree(tree: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = json.loads(tree)
    return found


def column(rows: Sequence[Row], arm: str, name: str) -> list[Number]:
    """A column of one arm, day by day."""
    return [found[name] for found in rows if found["arm"] == arm]
