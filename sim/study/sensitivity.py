"""Which unknown matters: how much of the variation of a headline number each unknown explains, over its range.

Two methods. *Sobol indices* (Saltelli 2010, through SALib): the share of the number's variance that an unknown explains
alone (first index), and together with all others (total index). If the totals exceed the firsts, unknowns act
together. *Morris screening* (through SALib): for many unknowns and few runs, the mean size of the effect of one step.
Both with bootstrap intervals of 95 %.

A number is its mean over the days; all points meet the same days, so what differs between two points is the unknowns'
doing and not the weather's. Of two arms the *difference* is analysed too, and at how many of the points it has the same
sign: an ordering that holds at all points is robust to what nobody knows.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.study.arms import Arm
from sim.study.rows import HEADLINE, Metric
from sim.study.tasks import Plan, Row
from sim.study.unknowns import Unknown, plain_tree

Method = Literal["sobol", "morris"]
Sample = NDArray[np.float64]
CONFIDENCE = 0.95
RESAMPLES = 400
LEVELS = 4
"""Of Morris's grid."""
ENDS = 0.2
"""The lowest and the highest fifth of a range, in which means are taken to say which way an unknown pushes."""


class Influence(NamedTuple):
    """What one unknown does to a number."""

    name: str
    weight: float
    """Total Sobol index [share of the variance], or Morris's µ* [the number's unit]."""
    weight_half: float
    """Half of its bootstrap interval."""
    alone: float
    """First Sobol index [share], or Morris's σ [unit]: large beside µ*, it says that the effect is not a straight line
    or depends on the others."""
    alone_half: float
    """Half of its bootstrap interval; 0 for σ."""
    low: float
    """Mean of the number where the unknown is in the lowest fifth of its range."""
    high: float
    """And in the highest fifth."""


class Weighed(NamedTuple):
    """One number of an arm, or of the difference of two, over all points."""

    arm: str
    against: str | None
    """The baseline, if it is a difference."""
    metric: Metric
    mean: float
    least: float
    most: float
    more: float
    """Of a difference: the share of points at which the arm has more than the baseline."""
    less: float
    influences: tuple[Influence, ...]
    """The strongest first; none if the number does not vary."""


@dataclass(frozen=True)
class Design:
    """Points at which the unknowns are tried.

    Parameters
    ----------
    unknowns : at least one
    blocks : Sobol: a power of two. Each block is one run more than there are unknowns (Morris), or two (Sobol)
    seed : of the design, not of the days
    """

    method: Method
    unknowns: tuple[Unknown, ...]
    blocks: int
    seed: int = 1

    @property
    def block(self) -> int:
        """Points of a block."""
        return len(self.unknowns) + (2 if self.method == "sobol" else 1)

    @property
    def problem(self) -> dict[str, Any]:
        """As SALib wants it."""
        names = [unknown.name for unknown in self.unknowns]
        return {"num_vars": len(names), "names": names, "bounds": [[0.0, 1.0]] * len(names)}

    def sample(self) -> Sample:
        """The points as numbers from 0 to 1, (blocks * block, unknowns)."""
        if self.method == "sobol":
            from SALib.sample import sobol

            found = sobol.sample(self.problem, self.blocks, calc_second_order=False, seed=self.seed)
        else:
            from SALib.sample import morris

            found = morris.sample(self.problem, self.blocks, num_levels=LEVELS, seed=self.seed)
        return np.asarray(found, dtype=np.float64)

    def plan(self, file: str, tree: str, arms: Sequence[Arm], days: int, seed: int) -> Plan:
        """What is to be played."""
        points, shown = [], []
        for u in self.sample():
            chosen = [unknown.at(float(x)) for unknown, x in zip(self.unknowns, u, strict=True)]
            points.append(tuple(setting for settings, _ in chosen for setting in settings))
            shown.append(tuple((k.column, value) for k, (_, value) in zip(self.unknowns, chosen, strict=True)))
        plain = json.dumps(plain_tree(json.loads(tree)))
        return Plan(file, plain, tuple(arms), tuple(points), days, seed, tuple(shown))


class Found(NamedTuple):
    """The answer of a study of unknowns."""

    weighed: tuple[Weighed, ...]
    points: int
    """That were used."""
    left_out: int
    """Points of blocks in which a run failed, mostly because values that must be in an order were not."""
    error: str
    """The first such failure, "" if there is none."""


def analyse(design: Design, rows: Sequence[Row], arms: Sequence[str], days: int) -> Found:
    """What the rows of a study say.

    Parameters
    ----------
    rows : of all points, days and arms
    arms : their names; the first is the baseline of all differences

    Returns
    -------
    Found, with no numbers if no block is whole.
    """
    count = design.blocks * design.block
    failed = {row["point"]: row["error"] for row in rows if row["error"] is not None}
    whole = np.ones(design.blocks, dtype=bool)
    whole[[point // design.block for point in failed]] = False
    used = np.repeat(whole, design.block)
    error = next(iter(failed.values()), "")
    if not whole.any():
        return Found((), 0, count, error)
    u = design.sample()[used]
    values = {(arm, m.column): _means(rows, arm, m.column, count, days)[used] for arm in arms for m in HEADLINE}
    weighed = [_weigh(design, u, arm, None, m, values[arm, m.column]) for arm in arms for m in HEADLINE]
    for arm in arms[1:]:
        for m in HEADLINE:
            apart = values[arm, m.column] - values[arms[0], m.column]
            weighed.append(_weigh(design, u, arm, arms[0], m, apart))
    return Found(tuple(weighed), int(used.sum()), count - int(used.sum()), error)


def _means(rows: Sequence[Row], arm: str, column: str, count: int, days: int) -> Sample:
    """Mean of a number over the days, by point."""
    found = np.zeros(count)
    for row in rows:
        if row["arm"] == arm and row["error"] is None:
            found[row["point"]] += (row[column] or 0.0) / days
    return found


def _weigh(design: Design, u: Sample, arm: str, against: str | None, metric: Metric, y: Sample) -> Weighed:
    more, less = float((y > 0).mean()), float((y < 0).mean())
    influences = influences_of(design, u, y)
    return Weighed(arm, against, metric, float(y.mean()), float(y.min()), float(y.max()), more, less, influences)


def influences_of(design: Design, u: Sample, y: Sample) -> tuple[Influence, ...]:
    """How much each unknown does to a number, the strongest first.

    Parameters
    ----------
    u : (n, unknowns) the points, whole blocks of the design
    y : (n,) the number at each
    """
    if float(np.ptp(y)) <= 1e-9 * float(np.abs(y).max(initial=0.0)):
        return ()
    rest: Mapping[str, Any]
    if design.method == "sobol":
        from SALib.analyze import sobol

        rest = sobol.analyze(
            design.problem, y, calc_second_order=False, conf_level=CONFIDENCE, num_resamples=RESAMPLES, seed=design.seed
        )
        columns = [rest["ST"], rest["ST_conf"], rest["S1"], rest["S1_conf"]]
    else:
        from SALib.analyze import morris

        rest = morris.analyze(
            design.problem, u, y, conf_level=CONFIDENCE, num_levels=LEVELS, num_resamples=RESAMPLES, seed=design.seed
        )
        columns = [rest["mu_star"], rest["mu_star_conf"], rest["sigma"], np.zeros(len(design.unknowns))]
    found = []
    for k, unknown in enumerate(design.unknowns):
        low, high = y[u[:, k] <= ENDS], y[u[:, k] >= 1 - ENDS]
        # A few points may have nobody in a fifth; then the number's own mean says nothing either way.
        ends = [float(part.mean()) if len(part) else float(y.mean()) for part in (low, high)]
        found.append(Influence(unknown.name, *(float(column[k]) for column in columns), *ends))
    return tuple(sorted(found, key=lambda influence: -influence.weight))
