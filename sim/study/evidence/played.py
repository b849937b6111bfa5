"""Checks that are claims about a shipped scenario: the same days under several policies, in the expectations' words.

A claim holds *on every day* if it does for each seed, or *in expectation* if the mean over the days says so: of the
paired differences between neighbouring terms, a strict relation needs the whole 95 % interval on its side, the others
must not be contradicted by it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Any, NamedTuple

from sim.engine.simulate import simulate
from sim.measure.expectations import Claim, Key, look_up, parse
from sim.measure.summary import summarise
from sim.study.evidence.checks import Comparison, Given, Interval, interval
from sim.world import shipped
from sim.world.loading import load

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
    settings : key paths and values that replace what the file says, under every policy
    """

    scenario: str
    said: tuple[Said, ...]
    settings: Mapping[str, Any] = field(default_factory=dict)

    def __call__(self, given: Given) -> list[Comparison]:
        """Play what the claims need, and hold them to it."""
        return [self._hold(said) for said in self.said]

    def _hold(self, said: Said) -> Comparison:
        claim = parse(said.that)
        frozen = tuple(sorted(self.settings.items()))
        rows = [_terms(self.scenario, claim, frozen, seed) for seed in range(1, SEEDS + 1)]
        return on_every_day(said, claim, rows) if said.each_day else in_expectation(said, claim, rows)


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
            return abs(b - a) <= 0.1 * max(abs(a), abs(b))


def _terms(scenario: str, claim: Claim, settings: tuple[tuple[str, Any], ...], seed: int) -> list[float]:
    """The values of a claim's terms on one day."""

    def of(key: Key) -> float:
        return look_up(document(scenario, key.policy, settings, seed), key.path)

    return [term.value(of) for term in claim.terms]


@lru_cache(maxsize=600)
def document(
    scenario: str, policy: str | None, settings: tuple[tuple[str, Any], ...] = (), seed: int = 1
) -> Mapping[str, Any]:
    """The document of one run of a shipped scenario. Several claims read it; it is played once."""
    return summarise(simulate(_loaded(scenario, policy, settings), seed)).as_dict()


@cache
def _loaded(scenario: str, policy: str | None, settings: tuple[tuple[str, Any], ...]) -> Any:
    return load(shipped.names()[scenario], policy, dict(settings))
