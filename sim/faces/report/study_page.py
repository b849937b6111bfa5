"""The page of a study: many days, all arms on each of them. Everything is computed from the study's table of rows.

What it says of the arms is what `compare` says of the same rows: one comparison, whose intervals hold together. Days on
which an arm's run failed are left out for all arms, so that what is compared stays paired.
"""

from __future__ import annotations

import json
import math
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.faces.comparing import amount
from sim.faces.report.assembling import page
from sim.faces.terminal import clean, count
from sim.study.compare import Comparison, Place
from sim.study.rows import COLUMNS, HEADLINE, Metric
from sim.study.statistics import Interval, Sample
from sim.study.store import HEAD, PLAN, ROWS
from sim.world.loading import ScenarioError

TYPICAL = 20
"""Days that are shown one by one: every twentieth, from the best to the worst."""
MOST_TICKS = 60
"""Single differences behind an interval."""
ENDS = 0.2
"""The share of the runs at each end of a factor that its bar compares."""


def is_study(target: str) -> bool:
    """Whether this is the folder of a study whose rows have been put together."""
    return (Path(target) / PLAN).is_file()


def make(folder: Path) -> bytes:
    """The page of the study in this folder.

    Raises
    ------
    ScenarioError
    """
    return page(document(folder))


def document(folder: Path) -> dict[str, Any]:
    """Everything that the page of a study shows.

    Raises
    ------
    ScenarioError
        If the study is not done, or its table is not one.
    """
    rows = _read(folder)
    arms = list(dict.fromkeys(rows["arm"].tolist()))
    kept = _complete(rows, len(arms))
    if not kept.any():
        raise ScenarioError(str(folder / ROWS), "", "there is no day on which all arms were played without an error")
    values = {(arm, m.column): _by_day(rows, kept & (rows["arm"] == arm), m.column) for arm in arms for m in HEADLINE}
    found = Comparison(tuple(arms), values)
    scenario = Path(str(_plan(folder).get("scenario", folder.name))).stem
    return {
        "kind": "study",
        "version": version("leakwindow"),
        "name": clean(scenario),
        "sentence": clean(_sentence(found)),
        "about": [count(len(arms), "arm"), f"the same {count(found.days, 'day')}", _together(found)],
        "metrics": [[m.column, m.title, m.unit] for m in HEADLINE],
        "arms": [_arm(found, arm) for arm in arms],
        "factors": _factors(rows, kept & (rows["arm"] == arms[0])),
        "failed": int(len(rows["arm"]) - kept.sum()),
        "start": 0,
        "duration": 1,
    }


def _together(found: Comparison) -> str:
    if found.days < 2:
        return "one day: no intervals"
    return f"{found.confidence:.0%} intervals" + (" that hold together" if len(found.arms) > 1 else "")


# The table ------------------------------------------------------------------------------------------------------------


def _read(folder: Path) -> dict[str, NDArray[Any]]:
    """The columns that the page needs, and the factors'."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = folder / ROWS
    if not path.is_file():
        hint = "Play the study to its end first; the command that began it goes on where it stopped."
        raise ScenarioError(str(folder), "", f"there is no {ROWS} in this study", hint)
    try:
        found = pq.read_table(path)
    except (pa.ArrowException, OSError):
        raise ScenarioError(str(path), "", "this is no table of a study") from None
    needed = [*HEAD, *(m.column for m in HEADLINE)]
    missing = [name for name in needed if name not in found.column_names]
    if missing or not len(found):
        raise ScenarioError(str(path), "", f"the table lacks {', '.join(missing) or 'rows'}")
    factors = [name for name in found.column_names if name not in HEAD and name not in COLUMNS]
    return {name: found[name].to_numpy() for name in (*needed, *factors)}


def _plan(folder: Path) -> dict[str, Any]:
    try:
        found = json.loads((folder / PLAN).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _complete(rows: dict[str, NDArray[Any]], arms: int) -> NDArray[np.bool_]:
    """Rows of tasks that every arm finished."""
    fine = np.array([not error for error in rows["error"]], dtype=bool)
    _, which = np.unique(rows["task"], return_inverse=True)
    found: NDArray[np.bool_] = fine & (np.bincount(which, weights=fine)[which] == arms)
    return found


def _by_day(rows: dict[str, NDArray[Any]], chosen: NDArray[np.bool_], column: str) -> Sample:
    """A number day by day: the mean over the points that were played on it."""
    days, which = np.unique(rows["replication"][chosen], return_inverse=True)
    numbers = rows[column][chosen].astype(np.float64)
    found: Sample = np.bincount(which, weights=numbers, minlength=len(days)) / np.bincount(which, minlength=len(days))
    return found


# Arms -----------------------------------------------------------------------------------------------------------------


def _arm(found: Comparison, arm: str) -> dict[str, Any]:
    exposed = np.sort(found.values[arm, "exposed_s"])
    typical = exposed[((np.arange(TYPICAL) + 0.5) / TYPICAL * len(exposed)).astype(np.int64)]
    return {
        "name": clean(arm),
        "front": found.places[arm] is Place.FRONT,
        "free": found.standings[arm, "exposed_s"].zero_days,
        "typical": [round(float(s), 3) for s in typical],
        "numbers": [_number(found, arm, m.column) for m in HEADLINE],
    }


def _number(found: Comparison, arm: str, number: str) -> dict[str, Any]:
    standing = found.standings[arm, number]
    gaps = found.values[arm, number] - found.values[found.arms[0], number]
    every = max(-(-len(gaps) // MOST_TICKS), 1)
    return {
        "mean": _interval(standing.mean),
        "difference": _interval(standing.difference),
        "days": [float(f"{gap:.6g}") for gap in gaps[::every]],
    }


def _interval(found: Interval) -> list[float]:
    """Mean and ends. JSON knows no infinity: an interval that is not known reaches to zero, and decides nothing."""
    if not math.isfinite(found.half_width):
        found = Interval(found.mean, min(found.mean, 0.0), max(found.mean, 0.0))
    return [float(f"{number:.8g}") for number in found]


def _sentence(found: Comparison) -> str:
    exposed, _, blocked, _, battery = HEADLINE

    def mean(arm: str, metric: Metric) -> str:
        return amount(found.standings[arm, metric.column].mean.mean, metric)

    base = found.arms[0]
    if len(found.arms) == 1:
        return f"{base}: something is outside for {mean(base, exposed)} of a mean day."
    best = min(found.arms, key=lambda arm: found.standings[arm, exposed.column].mean.mean)
    if best == base:
        return f"No arm leaves less outside than {base}: {mean(base, exposed)} of a mean day."
    price = f"{mean(best, blocked)} blocked and {mean(best, battery)} of the battery"
    return f"{base}: outside for {mean(base, exposed)} of a mean day. {best}: {mean(best, exposed)}, for {price}."


# Factors --------------------------------------------------------------------------------------------------------------


def _factors(rows: dict[str, NDArray[Any]], chosen: NDArray[np.bool_]) -> list[list[Any]]:
    """For each varied parameter that moves it, the first arm's exposure at its low and at its high end; the widest
    first."""
    exposed = rows["exposed_s"][chosen].astype(np.float64)
    found: list[list[Any]] = []
    for name in rows:
        column = rows[name][chosen]
        if name in HEAD or name in COLUMNS or not np.issubdtype(column.dtype, np.number):
            continue
        numbers = column.astype(np.float64)
        low, high = np.quantile(numbers, [ENDS, 1 - ENDS])
        at, then = (float(exposed[ends].mean()) for ends in (numbers <= low, numbers >= high))
        if numbers.min() < numbers.max() and at != then:
            found.append([clean(name), float(numbers.min()), float(numbers.max()), at, then])
    return sorted(found, key=lambda row: -abs(row[4] - row[3]))[:12]
