"""What a worker does: play one day under every arm, and give a row for each.

A *task* is one point of a study (a choice of factors) on one day (a seed), under all arms; its number is its place in
the study, and says all there is to know: which point, which replication, which seed. So the rows of a study depend on
its plan alone, whoever plays which task and when.
"""

from __future__ import annotations

import hashlib
import json
import pickle
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from sim.base.streams import Streams
from sim.engine.simulate import simulate
from sim.measure.summary import summarise
from sim.study.arms import Arm, Setting, natural, scenario_of
from sim.study.rows import row
from sim.world.loading import as_plain
from sim.world.nature import draw
from sim.world.scenario import Scenario

Row = dict[str, Any]
"""Column → value. Columns of the plan first: task, point, replication, seed, arm, error; then those of `rows.row`."""

Point = tuple[Setting, ...]
"""One choice of factors: settings that all arms share."""


@dataclass(frozen=True)
class Plan:
    """What is to be played: everything that the rows depend on."""

    file: str
    """Where the scenario came from, for messages and for the recording beside it."""
    tree: str
    """The tables of the scenario file, as JSON: a plan travels to workers, and must not change on the way."""
    arms: tuple[Arm, ...]
    points: tuple[Point, ...] = ((),)
    replications: int = 1
    """Days of each point; the same days at all points."""
    seed: int = 1
    shown: tuple[Point, ...] = ()
    """The points as tables show them: column → plain value. Default: their keys and values."""

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

    def scenario(self, point: int, arm: int) -> Scenario:
        """What an arm plays at a point.

        Raises
        ------
        ScenarioError
        """
        return scenario_of(json.loads(self.tree), self.arms[arm], self.file, self.points[point])

    @cached_property
    def factors(self) -> dict[str, type]:
        """The columns in which a row says its point: key → type of its values."""
        points = self.shown or self.points
        return {key: _type([dict(point)[key] for point in points]) for key, _ in points[0]}

    @cached_property
    def identity(self) -> str:
        """A name for this plan: two plans with one name have the same rows, as far as both go.

        More replications are not another plan: they only add days to it.
        """
        recorded = _recorded(self.file, self.tree)
        said = json.dumps([self.tree, self.arms, self.points, self.shown, self.seed, recorded], default=as_plain)
        return hashlib.sha256(said.encode()).hexdigest()[:16]

    def as_dict(self) -> dict[str, Any]:
        """The plan as a document, from which :func:`plan_from` makes it again."""
        arms = [{"name": a.name, "policy": a.policy, "settings": a.settings} for a in self.arms]
        return {
            "identity": self.identity,
            "tasks": self.tasks,
            "scenario": self.file,
            "seed": self.seed,
            "replications": self.replications,
            "arms": arms,
            "points": self.points,
            "shown": self.shown,
            "tree": json.loads(self.tree),
        }

    @property
    def runs(self) -> int:
        """How many rows there will be."""
        return self.tasks * len(self.arms)

    def run(self, row: int) -> tuple[Scenario, int]:
        """Scenario and seed of a row of the table.

        Parameters
        ----------
        row : 0 <= row < runs
        """
        task, arm = divmod(row, len(self.arms))
        point, replication = self.place(task)
        return self.scenario(point, arm), self.day(replication)

    def work(self, first: int, behind: int) -> Work:
        """What a worker needs to know of the tasks in [first, behind)."""
        tasks = []
        for number in range(first, behind):
            point, replication = self.place(number)
            shown = (self.shown or self.points)[point]
            tasks.append(Task(number, point, replication, self.day(replication), self.points[point], shown))
        return Work(self.file, self.tree, self.arms, self.factors, tuple(tasks))


def plan_from(document: Mapping[str, Any]) -> Plan:
    """The plan that was written as a document.

    Raises
    ------
    KeyError, TypeError, ValueError
        When it was not.
    """

    def settings(pairs: Any) -> Point:
        return tuple((str(key), value) for key, value in pairs)

    return Plan(
        str(document["scenario"]),
        json.dumps(document["tree"]),
        tuple(Arm(a["name"], a["policy"], settings(a["settings"])) for a in document["arms"]),
        tuple(settings(point) for point in document["points"]),
        int(document["replications"]),
        int(document["seed"]),
        tuple(settings(point) for point in document["shown"]),
    )


def _type(values: Sequence[Any]) -> type:
    """The narrowest type that holds all values of a factor; a table is text."""
    if all(isinstance(value, bool) for value in values):
        return bool
    if all(isinstance(value, int) and not isinstance(value, bool) for value in values):
        return int
    return float if all(isinstance(value, int | float) and not isinstance(value, bool) for value in values) else str


def _recorded(file: str, tree: str) -> str:
    """What the recording beside a scenario holds: another drive under the same name is another study."""
    recording = json.loads(tree).get("recording")
    name = recording.get("file") if isinstance(recording, dict) else None
    if not isinstance(name, str):
        return ""
    try:
        return hashlib.sha256((Path(file).parent / name).read_bytes()).hexdigest()
    except (OSError, ValueError):
        return ""  # whoever loads the scenario will say why


def seed_of(study_seed: int, replication: int) -> int:
    """The seed of one replication: derived, so that studies with different seeds share no day."""
    digest = hashlib.sha256(f"{study_seed}/{replication}".encode()).digest()
    return int.from_bytes(digest[:8], "little") >> 1


class Task(NamedTuple):
    """One point on one day."""

    number: int
    point: int
    replication: int
    seed: int
    settings: Point
    shown: Point


class Work(NamedTuple):
    """Tasks that are played in one go. It travels to a worker, so it holds nothing of the other tasks."""

    file: str
    tree: str
    arms: tuple[Arm, ...]
    factors: Mapping[str, type]
    tasks: tuple[Task, ...]

    @property
    def first(self) -> int:
        """Number of the first task."""
        return self.tasks[0].number

    @property
    def behind(self) -> int:
        """Number behind the last task."""
        return self.tasks[-1].number + 1


def play(work: Work) -> list[Row]:
    """Play some tasks, one after the other. A run that fails becomes a row that says so."""
    return [found for task in work.tasks for found in _play_task(work, task)]


def _play_task(work: Work, task: Task) -> Iterator[Row]:
    days: dict[int, Any] = {}
    # Pickled, because a setting's value may be a list or a table, and those have no hash.
    loaded = _loaded(pickle.dumps((work.file, work.tree, work.arms, task.settings)))
    for arm, (scenario, day) in zip(work.arms, loaded, strict=True):
        head: Row = {
            "task": task.number,
            "point": task.point,
            "replication": task.replication,
            "seed": task.seed,
            "arm": arm.name,
            "error": None,
            **{key: work.factors[key](value) for key, value in task.shown},
        }
        try:
            if isinstance(scenario, Exception):
                raise scenario
            if day not in days:
                days[day] = draw(scenario, Streams(task.seed))
            yield head | row(summarise(simulate(scenario, task.seed, days[day])))
        except Exception as error:  # noqa: BLE001 - whatever goes wrong in one run must not end a study of ten thousand
            yield head | {"error": f"{type(error).__name__}: {error}"[:500]}


@lru_cache(maxsize=64)
def _loaded(pickled: bytes) -> list[tuple[Scenario | Exception, int]]:
    """For each arm the scenario, or why there is none, and the number of the first arm that meets the same days."""
    file, tree, arms, settings = pickle.loads(pickled)
    tables, natures = json.loads(tree), list[Scenario | None]()
    found: list[tuple[Scenario | Exception, int]] = []
    for arm in arms:
        try:
            mine = scenario_of(tables, arm, file, settings)
        except Exception as error:  # noqa: BLE001 - it becomes the row of each run that would have needed it
            found.append((error, -1))
            natures.append(None)
        else:
            natures.append(natural(mine))
            found.append((mine, natures.index(natures[-1])))
    return found
