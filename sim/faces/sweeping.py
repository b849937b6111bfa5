"""`sweep`: play a study into its folder, say what came out, and which runs failed."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from rich.console import Console

from sim.base.units import SECOND
from sim.faces.comparing import amount
from sim.faces.studying import Player, timed
from sim.faces.terminal import count, progress, spell, table, text
from sim.study.rows import HEADLINE
from sim.study.store import PLAN, StudyFolder
from sim.study.tasks import Plan

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


def forecast(plan: Plan, into: Path, workers: int | None) -> str:
    """How many runs, and roughly how long."""
    left = plan.tasks
    if (into / PLAN).is_file():
        left -= sum(behind - first for first, behind in StudyFolder(into, plan).done())
    processes = workers or os.cpu_count() or 1
    timed(plan)  # what has to be loaded is loaded now
    whole = spell(max(round(timed(plan) * left / processes), 1) * SECOND)
    shape = (
        f"{count(len(plan.points), 'point')} × {count(plan.replications, 'day')} × {count(len(plan.arms), 'arm')} = "
        f"{count(plan.runs, 'run')}"
    )
    return f"{shape}; {left * len(plan.arms):,} still to play, roughly {whole} with {count(processes, 'worker')}."


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


def across(rows: Any, arm: str) -> list[str]:
    """The headline numbers of an arm: mean, and from the lowest to the highest point."""
    found: list[str] = []
    for metric in HEADLINE:
        by_point = _by_point(rows, arm, metric.column)
        if not len(by_point):
            found.append("–")
            continue
        said = amount(float(by_point.mean()), metric)
        ends = f" ({amount(float(by_point.min()), metric)} to {amount(float(by_point.max()), metric)})"
        found.append(said + (ends if len(by_point) > 1 else ""))
    return found


def _by_point(rows: Any, arm: str, column: str) -> np.ndarray:
    """Mean over the days of each point."""
    import pyarrow.compute as pc

    mine = rows.filter(pc.and_(pc.equal(rows["arm"], arm), pc.is_valid(rows[column])))
    return np.asarray(mine.group_by("point").aggregate([(column, "mean")])[f"{column}_mean"], dtype=np.float64)
