"""Checks that are claims about a shipped scenario: the same days under several policies, in the expectations' words.

A claim holds *on every day* if it does for each seed, or *in expectation* if the mean over the days says so: of the
paired differences between neighbouring terms, a strict relation needs the whole 95 % interval on its side, the others
must not be contradicted by it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache, partial
from typing import Any, NamedTuple

from sim.engine.simulate import Run, simulate
from sim.measure.expectations import NEAR, Claim, Key, look_up, parse
from sim.measure.summary import summarise
from sim.study.evidence.checks import Comparison, Given, Interval, interval
from sim.world import shipped
from sim.world.loading import load
from sim.world.scenario import Scenario

SEEDS = 30
"""Days that a claim is tried on."""


class Said(NamedTuple):
    """One claim: `that` in the words of :mod:`sim.measure.expectations`."""

    that: str
    about: str = ""
    each_day: bool = True
    """It must hold on every day; otherwise in expectation."""


@dataclass(frozen=True)
class Claims:
    """Claims about one shipped scenario.

    Parameters
    ----------
    scenario : its name
    said : what must hold
    arms : further policies that claims may name: key paths and values that replace what the file says; the key `policy`
        stands for one of the file's policies, laid under them
    """

    scenario: str
    said: tuple[Said, ...]
    arms: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def __call__(self, given: Given) -> list[Comparison]:
        """Play what the claims need, and hold them to it."""
        return [self._hold(said) for said in self.said]

    def _hold(self, said: Said) -> Comparison:
        claim = parse(said.that)
        rows = [[term.value(partial(self._value, seed)) for term in claim.terms] for seed in range(1, SEEDS + 1)]
        return on_every_day(said, claim, rows) if said.each_day else in_expectation(said, claim, rows)

    def _value(self, seed: int, key: Key) -> float:
        arm = self.arms.get(key.policy or "")
        if arm is None:
            return look_up(document(self.scenario, key.policy, "{}", seed), key.path)
        settings = {name: value for name, value in arm.items() if name != "policy"}
        return look_up(document(self.scenario, arm.get("policy"), json.dumps(settings), seed), key.path)


def on_every_day(said: Said, claim: Claim, rows: Sequence[Sequence[float]]) -> Comparison:
    """Whether a claim holds for each row of its terms' values."""
    margins = [claim.margin(row) for row in rows]
    kept = sum(margin >= 0 for margin in margins)
    worst = margins.index(min(margins))
    shown = f"{kept} of {len(rows)} days; day {worst + 1}: {claim.shown(rows[worst])}"
    return Comparison(said.about, said.that, shown, None, kept == len(rows))


def in_expectation(said: Said, claim: Claim, rows: Sequence[Sequence[float]]) -> Comparison:
    """Whether a claim holds for the means, as far as their intervals say."""
    columns = list(zip(*rows, strict=True))
    holds, shown = True, []
    for i, relation in enumerate(claim.relations):
        apart = interval([b - a for a, b in zip(columns[i], columns[i + 1], strict=True)])
        holds &= _agrees(relation, apart, sum(columns[i]) / len(rows), sum(columns[i + 1]) / len(rows))
        shown.append(f"{claim.terms[i + 1]} less {claim.terms[i]}: {apart}")
    return Comparison(said.about, said.that, f"mean of {len(rows)} days; {'; '.join(shown)}", None, holds)


def _agrees(relation: str, apart: Interval, a: float, b: float) -> bool:
    match relation:
        case "<":
            return apart.low > 0
        case "<=":
            return apart.high >= 0
        case ">":
            return apart.high < 0
        case ">=":
            return apart.low <= 0
        case "==":
            return apart.low <= 0 <= apart.high
        case _:
            return abs(b - a) <= NEAR * max(abs(a), abs(b))


@lru_cache(maxsize=2000)
def document(scenario: str, policy: str | None = None, settings: str = "{}", seed: int = 1) -> Mapping[str, Any]:
    """The document of one run of a shipped scenario. Several claims read it; it is played once.

    Parameters
    ----------
    settings : key paths and values, as JSON: something that a cache can hold on to
    """
    return summarise(played(scenario, policy, settings, seed)).as_dict()


def played(scenario: str, policy: str | None = None, settings: str = "{}", seed: int = 1) -> Run:
    """One run of a shipped scenario, for checks that look deeper than its document."""
    return simulate(_loaded(scenario, policy, settings), seed)


@cache
def _loaded(scenario: str, policy: str | None, settings: str) -> Scenario:
    return load(shipped.names()[scenario], policy, json.loads(settings))
