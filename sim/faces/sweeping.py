"""`sweep`: play a study into its folder, say what came out, and which runs failed."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np
from rich.console import Console

from sim.base.units import SECOND
from sim.faces.comparing import amount, basis_of
from sim.faces.studying import Player, timed
from sim.faces.terminal import count, progress, spell, table, text
from sim.study.rows import HEADLINE
from sim.study.store import PLAN, StudyFolder
from sim.study.tasks import Plan

TRIED, TRYING_S = 16, 3.0
"""For a forecast, so many tasks are tried, as long as that takes no longer."""
FEW = 5
"""Failures that are said one by one."""


class Swept(NamedTuple):
    """What a sweep left."""

    folder: Path
    table: Path | None
    """All rows; None if the study was stopped by a run that failed."""
    rows: Any
    """Of the rows, what a summary needs."""
    failed: list[tuple[int, str]]
    """Row and error of each run that failed."""


def played(plan: Plan, into: Path, workers: int | None, cluster: str | None, fail_fast: bool) -> Swept:
    """Play what is missing, and put the table together.

    Raises
    ------
    StudyRefused
    """
    import pyarrow.parquet as pq

    folder = StudyFolder(into, plan)
    player = Player(plan, folder, workers, cluster, fail_fast)
    with progress("day under all arms") as tell:
        whole = player.play(plan.tasks, tell)
    columns = ["task", "point", "arm", "error", *(m.column for m in HEADLINE)]
    table = folder.finish() if whole else None
    rows = folder.rows(columns) if table is None else pq.read_table(table, columns=columns)
    return Swept(into, table, rows, _failed(rows, [arm.name for arm in plan.arms]))


def _failed(rows: Any, arms: list[str]) -> list[tuple[int, str]]:
    import pyarrow.compute as pc

    failed = rows.filter(pc.is_valid(rows["error"])).select(["task", "arm", "error"]).to_pylist()
    return [(row["task"] * len(arms) + arms.index(row["arm"]), row["error"]) for row in failed]


class Forecast(NamedTuple):
    """What a sweep would do."""

    points: int
    days: int
    arms: int
    runs: int
    still_to_play: int
    workers: int
    roughly_s: int

    def __str__(self) -> str:
        shape = f"{count(self.points, 'point')} × {count(self.days, 'day')} × {count(self.arms, 'arm')}"
        return (
            f"{shape} = {count(self.runs, 'run')}; {self.still_to_play:,} still to play, roughly "
            f"{spell(self.roughly_s * SECOND)} with {count(self.workers, 'worker')}."
        )


def forecast(plan: Plan, into: Path, workers: int | None) -> Forecast:
    """How many runs, and roughly how long."""
    left, arms = plan.tasks, len(plan.arms)
    if (into / PLAN).is_file():
        left -= sum(behind - first for first, behind in StudyFolder(into, plan).done())
    processes = workers or os.cpu_count() or 1
    roughly_s = max(round(_task_s(plan) * left / processes), 1) if left else 0
    return Forecast(len(plan.points), plan.replications, arms, plan.runs, left * arms, processes, roughly_s)


def _task_s(plan: Plan) -> float:
    """How long a task takes in the mean: some that are spread over the study are tried, since days differ much. [s]"""
    timed(plan)  # what has to be loaded is loaded now
    begun, took = perf_counter(), list[float]()
    while len(took) < min(TRIED, plan.tasks) and perf_counter() - begun < TRYING_S:
        took.append(timed(plan, len(took) * 7 * plan.tasks // TRIED % plan.tasks))
    return sum(took) / len(took)


def told(plan: Plan, row: int) -> str:
    """Which run a row is."""
    task, arm = divmod(row, len(plan.arms))
    point, day = plan.place(task)
    factors = (plan.shown or plan.points)[point]
    at = [f"{key} = {value:.6g}" if isinstance(value, float) else f"{key} = {value}" for key, value in factors[:FEW]]
    at += [f"{len(factors) - FEW} more"] if len(factors) > FEW else []
    where = f", at {', '.join(at)}" if at else ""
    return f"Row {row}: {plan.arms[arm].name}{where}; day {day + 1} of {plan.replications}"


def reproduce(folder: Path, row: int) -> str:
    """The command that plays one row alone."""
    return shlex.join(["leakwindow", "run", str(folder), "--row", str(row)])


def failures(swept: Swept) -> list[str]:
    """Sentences about runs that failed."""
    said = [
        f"Row {row} failed: {error}\n  Repeat it with: {reproduce(swept.folder, row)}"
        for row, error in swept.failed[:FEW]
    ]
    more = len(swept.failed) - FEW
    return [*said, f"{count(more, 'more run')} failed; the column error of the table says why."] if more > 0 else said


def as_dict(plan: Plan, swept: Swept) -> dict[str, Any]:
    """What a sweep left, as a document."""
    return {
        **basis_of(plan)._asdict(),
        "folder": str(swept.folder),
        "table": None if swept.table is None else str(swept.table),
        "points": len(plan.points),
        "days": plan.replications,
        "runs": plan.runs,
        "failed": [
            {"row": row, "seed": plan.run(row)[1], "error": error, "command": reproduce(swept.folder, row)}
            for row, error in swept.failed
        ],
        "arms": [{"name": arm.name, **means(swept, arm.name)} for arm in plan.arms],
    }


def means(swept: Swept, arm: str) -> dict[str, float | None]:
    """Mean of each headline number over all runs of an arm; None if none was played."""
    import pyarrow.compute as pc

    mine = swept.rows.filter(pc.equal(swept.rows["arm"], arm))
    return {m.column: pc.mean(mine[m.column]).as_py() for m in HEADLINE}


def report(console: Console, plan: Plan, swept: Swept) -> None:
    """Each arm over all points and days: mean, and from where to where the points go."""
    rows = swept.rows
    shape = [count(len(plan.points), "point"), count(plan.replications, "day"), count(len(plan.arms), "arm")]
    console.print(text(f"{Path(plan.file).stem}: {' × '.join(shape)}, {count(rows.num_rows, 'run')}", "bold"))
    lines = [(arm.name, *across(rows, arm.name)) for arm in plan.arms]
    about = "mean (from the lowest to the highest point)" if len(plan.points) > 1 else "mean"
    console.print(table((about, *(m.title for m in HEADLINE)), lines))
    console.print(text(f"Rests on {basis_of(plan)}: leakwindow parameters --assumed", "dim"))


def across(rows: Any, arm: str) -> list[str]:
    """The headline numbers of an arm: mean, and from the lowest to the highest point."""
    found: list[str] = []
    for metric in HEADLINE:
        by_point = _by_point(rows, arm, metric.column)
        if not len(by_point):
            found.append("–")
            continue
        said = amount(float(by_point.mean()), metric)
        low, high = (amount(float(end), metric) for end in (by_point.min(), by_point.max()))
        found.append(said if low == high else f"{said} ({low} to {high})")
    return found


def _by_point(rows: Any, arm: str, column: str) -> np.ndarray:
    """Mean over the days of each point."""
    import pyarrow.compute as pc

    mine = rows.filter(pc.and_(pc.equal(rows["arm"], arm), pc.is_valid(rows[column])))
    return np.asarray(mine.group_by("point").aggregate([(column, "mean")])[f"{column}_mean"], dtype=np.float64)
