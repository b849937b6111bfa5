"""Play an experiment: its study file in, its small table and its picture out.

``python -m experiments`` plays all that have a study file, ``python -m experiments NAME …`` some, such as `starred`,
which takes half an hour. What is written depends on the study
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

from experiments import starred_study
from sim.faces.comparing import basis_of
from sim.faces.studying import Player, shelf_of
from sim.study.compare import Comparison, comparison
from sim.study.conduct import Kept
from sim.study.experiment import read_experiment
from sim.study.rows import HEADLINE
from sim.study.tasks import Plan, Row

HERE = Path(__file__).parent
COLUMNS = tuple(m.column for m in HEADLINE)
TRADES = {
    "keepalive": (
        "Persistent keepalive: what it costs the battery, what it buys in stale time",
        ("vpn_battery_percent", "stale_s"),
    )
}
"""Experiments about two of the numbers: the title of the picture, and which ones."""


class Played(NamedTuple):
    """An experiment that was played."""

    name: str
    plan: Plan
    points: tuple[Comparison, ...]
    """For each point all arms over the common days, the first arm as the baseline."""

    @property
    def arms(self) -> list[str]:
        """Their names."""
        return [arm.name for arm in self.plan.arms]


def play(folder: Path, workers: int | None = None) -> Played:
    """Play the study file of an experiment's folder."""
    name = folder.name
    plan, left_out = read_experiment(folder / "study.toml")
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
    return value if isinstance(value, str) else f"{np.round(value, 9) + 0.0:.6g}"  # + 0.0: there is no minus zero


def picture(played: Played) -> bytes:
    """The picture, as PNG: the trade that the experiment is about, or the arms at the last value of its factor."""
    from experiments.trade import draw as draw_trade
    from sim.faces.contrasts import draw

    about = played.name.replace("_", " ")
    if played.name in TRADES:
        return draw_trade(played.points[-1], *TRADES[played.name])
    shown = played.plan.shown[-1] if played.plan.shown else ()
    at = "".join(f"   ·   {column.rsplit('.', 1)[-1]} {_short(value)}" for column, value in shown)
    return draw(played.points[-1], about + at, basis_of(played.plan), "png")


def main(names: Sequence[str]) -> None:
    """Play experiments, and write their tables and pictures."""
    for name in names or sorted(file.parent.name for file in HERE.glob("*/study.toml")):
        write(HERE / name)


def write(folder: Path, workers: int | None = None) -> None:
    """Play the experiment of a folder, and write its table and picture there."""
    if (folder / "study.toml").exists():
        played = play(folder, workers)
        said, drawn = table(played), picture(played)
    else:
        said, drawn = starred_study.play(folder)
    (folder / "table.csv").write_text(said, encoding="utf-8")
    (folder / "picture.png").write_bytes(drawn)
