"""Play an experiment: its study file in, its small table and its picture out.

``python -m experiments`` plays all of them, ``python -m experiments NAME …`` some. What is written depends on the study
file and the program alone, so a second run changes nothing.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Sequence
from io import StringIO
from pathlib import Path
from typing import NamedTuple

import numpy as np

from sim.faces.studying import Player, shelf_of
from sim.study.compare import Comparison, comparison
from sim.study.conduct import Kept
from sim.study.experiment import read_experiment
from sim.study.rows import HEADLINE
from sim.study.statistics import Interval
from sim.study.tasks import Plan, Row

HERE = Path(__file__).parent
COLUMNS = tuple(m.column for m in HEADLINE)


class Played(NamedTuple):
    """An experiment that was played."""

    name: str
    plan: Plan
    points: tuple[Comparison, ...]
    """For each point all arms over the common days, the first arm as the baseline."""

    @property
    def factor(self) -> list[float]:
        """The values of the one factor, point by point."""
        return [float(point[0][1]) for point in self.plan.shown]

    def mean(self, arm: str, number: str, point: int = 0) -> float:
        """Mean of a number over the days."""
        return self.points[point].standings[arm, number].mean.mean

    def difference(self, arm: str, other: str, number: str, point: int = 0) -> Interval:
        """How much more an arm has than another, with an interval that holds together with all of its point."""
        return self.points[point].difference(arm, other, number)

    @property
    def arms(self) -> list[str]:
        """Their names."""
        return [arm.name for arm in self.plan.arms]


def play(name: str, workers: int | None = None) -> Played:
    """Play the study file of an experiment."""
    plan, left_out = read_experiment(HERE / name / "study.toml")
    assert not left_out, name
    shelf = shelf_of(None, plan)
    assert isinstance(shelf, Kept)

    def tell(done: int, of: int) -> None:
        if sys.stderr.isatty():
            print(f"\r{name}: day {done}/{of}", end="", file=sys.stderr, flush=True)

    Player(plan, shelf, workers).play(plan.tasks, tell)
    rows = shelf.rows()
    return Played(name, plan, tuple(_points(rows, plan)))


def _points(rows: Sequence[Row], plan: Plan) -> list[Comparison]:
    found = []
    for point in range(len(plan.points)):
        mine = comparison([row for row in rows if row["point"] == point], [arm.name for arm in plan.arms])
        assert mine is not None
        assert not mine.failed, mine.failed[0]["error"]
        found.append(mine)
    return found


def table(played: Played) -> str:
    """The small table, as CSV: mean of each headline number, and its difference to the first arm with its interval."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    factors = [column for column, _ in played.plan.shown[0]] if played.plan.shown else []
    heads = [f"{column}{part}" for column in COLUMNS for part in ("", "_more", "_more_low", "_more_high")]
    writer.writerow([*factors, "arm", "days", *heads])
    for point, found in enumerate(played.points):
        for arm in played.arms:
            numbers = []
            for column in COLUMNS:
                standing = found.standings[arm, column]
                numbers += [standing.mean.mean, *standing.difference]
            said = [_short(value) for _, value in played.plan.shown[point]] if played.plan.shown else []
            writer.writerow([*said, arm, found.days, *map(_short, numbers)])
    return text.getvalue()


def _short(value: float | str) -> str:
    return value if isinstance(value, str) else f"{np.round(value, 9):.6g}"


def main(names: Sequence[str]) -> None:
    """Play experiments, and write their tables and pictures."""
    from sim.faces.contrasts import draw

    for name in names or sorted(file.parent.name for file in HERE.glob("*/study.toml")):
        played = play(name)
        (HERE / name / "table.csv").write_text(table(played), encoding="utf-8")
        if len(played.arms) > 1:
            (HERE / name / "picture.png").write_bytes(draw(played.points[-1], name.replace("_", " "), "png"))
