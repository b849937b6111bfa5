"""Arms against each other: paired differences with intervals, who wins where that can be said, and the Pareto front.

All arms met the same days, so two of them are compared by the differences day by day. All statements of one comparison
(every pair of arms, every headline number, every look at the data) hold together with the stated confidence: each
interval is made wide enough for that (Bonferroni). So a mark in the table may be believed without counting how many
marks it was chosen from.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np

from sim.study.rows import HEADLINE, Metric
from sim.study.statistics import (
    CONFIDENCE,
    Interval,
    Sample,
    mean_interval,
    paired_interval,
    ratio_interval,
    shared_confidence,
    variance_ratio,
)
from sim.study.tasks import Row

TRADED = ("exposed_s", "blocked_s", "vpn_battery_percent")
"""The numbers of the Pareto front: to lower one, another is usually paid."""


class Place(StrEnum):
    """Where an arm stands in the trade-off."""

    FRONT = "front"
    """No other arm is as good in all three numbers and better in one, by the means."""
    BEHIND = "behind"
    """Another is, by the means; the intervals leave it open."""
    BEATEN = "beaten"
    """Another is, and the intervals say so."""


class Standing(NamedTuple):
    """One arm and one headline number."""

    mean: Interval
    """Over the days."""
    difference: Interval
    """To the baseline, day by day."""
    zero_days: float
    """The share of days on which it is zero."""
    median: float
    variance_ratio: float
    """Variance of the difference, as a share of what days of their own would give; nan if nothing varies."""


@dataclass(frozen=True)
class Comparison:
    """Arms over common days.

    Parameters
    ----------
    arms : their names; the first is the baseline
    values : for each arm and headline number, its value day by day
    confidence : with which all intervals hold together
    looks : how often the data is looked at, at most, before the comparison stops
    failed : rows of runs that failed; their days are left out for all arms
    """

    arms: tuple[str, ...]
    values: dict[tuple[str, str], Sample]
    confidence: float = CONFIDENCE
    looks: int = 1
    failed: tuple[Row, ...] = ()

    @property
    def days(self) -> int:
        """How many days all arms have met."""
        return len(self.values[self.arms[0], HEADLINE[0].column])

    @property
    def statements(self) -> int:
        """How many intervals hold together."""
        return len(self.arms) * (len(self.arms) - 1) // 2 * len(HEADLINE) * self.looks

    @property
    def each_confidence(self) -> float:
        """The confidence of one interval alone."""
        return shared_confidence(self.confidence, self.statements)

    def _mean(self, arm: str, number: str) -> Interval:
        """The mean of an arm; of a number that never is negative, the interval is not either."""
        values = self.values[arm, number]
        found = mean_interval(values, self.each_confidence)
        return found._replace(low=max(found.low, 0.0)) if (values >= 0).all() else found

    def difference(self, arm: str, other: str, number: str) -> Interval:
        """How much more `arm` has of a number than `other`, day by day."""
        return paired_interval(self.values[arm, number] - self.values[other, number], self.each_confidence)

    def relative(self, arm: str, number: str) -> Interval | None:
        """How much more `arm` has of a number than the baseline, as a share of the baseline's mean; None unless that is
        surely above zero. It says the difference in another way, and is not counted among the statements."""
        base = self.arms[0]
        if self._mean(base, number).low <= 0 or self.days < 2:
            return None
        ratio = ratio_interval(self.values[arm, number], self.values[base, number], self.each_confidence)
        return Interval(*(end - 1 for end in ratio))

    @cached_property
    def standings(self) -> dict[tuple[str, str], Standing]:
        """Arm and number → how it stands."""
        base = self.arms[0]
        return {
            (arm, m.column): Standing(
                self._mean(arm, m.column),
                self.difference(arm, base, m.column),
                float((self.values[arm, m.column] == 0).mean()),
                float(np.median(self.values[arm, m.column])),
                variance_ratio(self.values[arm, m.column], self.values[base, m.column])
                if arm != base and self.days > 1
                else float("nan"),
            )
            for arm in self.arms
            for m in HEADLINE
        }

    def winners(self, number: str, among: Sequence[str] = ()) -> tuple[str, ...]:
        """The arm that has less of a number than every other, where the intervals say so; with it, arms that equal it
        on every day. None if that is not sure, or if all are equal.

        Parameters
        ----------
        among : only these arms; default: all
        """
        arms = among or self.arms
        best = min(arms, key=lambda arm: self.standings[arm, number].mean.mean)
        equal = [arm for arm in arms if (self.values[arm, number] == self.values[best, number]).all()]
        others = [arm for arm in arms if arm not in equal]
        sure = others and all(self.difference(best, arm, number).sign < 0 for arm in others)
        return tuple(equal) if sure else ()

    @cached_property
    def places(self) -> dict[str, Place]:
        """Where each arm stands in the trade-off of exposure, blocked time and battery."""
        return {arm: self._place(arm) for arm in self.arms}

    def _place(self, arm: str) -> Place:
        by_means, surely = False, False
        mine = [self.standings[arm, number].mean.mean for number in TRADED]
        for other in self.arms:
            theirs = [self.standings[other, number].mean.mean for number in TRADED]
            if theirs != mine and all(t <= m for t, m in zip(theirs, mine, strict=True)):
                by_means = True
                gaps = [self.difference(other, arm, number) for number in TRADED]
                surely |= all(gap.high <= 0 for gap in gaps) and any(gap.high < 0 for gap in gaps)
        return Place.BEATEN if surely else Place.BEHIND if by_means else Place.FRONT

    def least_known(self, of: Sequence[Metric] = HEADLINE) -> tuple[float, str, Metric]:
        """Of the differences to the baseline in some numbers the least known one: half its interval as a share of the
        larger of the two means, its arm, and its number."""
        return max(((self._spread(arm, m.column), arm, m) for arm in self.arms for m in of), key=lambda s: s[0])

    def _spread(self, arm: str, number: str) -> float:
        """Half the interval of a difference to the baseline, as a share of the larger of the two means."""
        half = self.standings[arm, number].difference.half_width
        larger = max(abs(self.standings[each, number].mean.mean) for each in (arm, self.arms[0]))
        return half / larger if half else 0.0

    def unseen(self) -> float:
        """If nothing happened on any of the days: the share of days on which it still might, with this confidence."""
        return float(1 - (1 - self.each_confidence) ** (1 / self.days))

    def as_dict(self) -> dict[str, Any]:
        """Everything, as one document."""
        return {
            "days": self.days,
            "baseline": self.arms[0],
            "confidence": self.confidence,
            "statements": self.statements,
            "each_confidence": self.each_confidence,
            "looks": self.looks,
            "failed_runs": len(self.failed),
            "numbers": {
                m.column: {"title": m.title, "unit": m.unit, "winners": self.winners(m.column)} for m in HEADLINE
            },
            "arms": [
                {
                    "name": arm,
                    "trade_off": str(self.places[arm]),
                    **{
                        m.column: _as_dict(self.standings[arm, m.column], self.relative(arm, m.column))
                        for m in HEADLINE
                    },
                }
                for arm in self.arms
            ],
            "pairs": [
                {
                    "arm": arm,
                    "other": other,
                    **{m.column: _ends(self.difference(arm, other, m.column)) for m in HEADLINE},
                }
                for other, arm in combinations(self.arms, 2)
            ],
        }


def _as_dict(standing: Standing, relative: Interval | None) -> dict[str, Any]:
    ratio = standing.variance_ratio
    return {
        "mean": standing.mean.mean,
        "interval": _pair(standing.mean),
        "difference": _ends(standing.difference),
        "relative": relative and _ends(relative),
        "zero_days": standing.zero_days,
        "median": standing.median,
        "variance_ratio": None if np.isnan(ratio) else ratio,
    }


def _ends(interval: Interval) -> dict[str, Any]:
    return {"mean": interval.mean, "interval": _pair(interval), "sign": interval.sign}


def _pair(interval: Interval) -> list[float] | None:
    """Its ends; None of a single day, which says nothing about others."""
    return [interval.low, interval.high] if math.isfinite(interval.half_width) else None


def comparison(
    rows: Sequence[Row], arms: Sequence[str], confidence: float = CONFIDENCE, looks: int = 1
) -> Comparison | None:
    """What rows of a study with one point say; None if there is no day on which all arms were played."""
    failed = tuple(row for row in rows if row["error"] is not None)
    lost = {row["replication"] for row in failed}
    values = {
        (arm, m.column): np.array(
            [row[m.column] for row in rows if row["arm"] == arm and row["replication"] not in lost], dtype=np.float64
        )
        for arm in arms
        for m in HEADLINE
    }
    found = Comparison(tuple(arms), values, confidence, looks, failed)
    return found if found.days else None
