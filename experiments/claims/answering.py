"""How a claim is answered: its runs are played on some days, its parts are asked, its unknowns are moved.

Theory of operation. A part of a claim is a comparison in the language of expectations (:mod:`sim.measure.expectations`)
over the numbers of named runs. It holds on each day, on some days or on none. The claim is *supported* if each of its
parts holds each day, *refuted* if none holds on any day, and *depends* otherwise. An unknown that is moved to an end of
its cited range and changes any part's answer makes the claim depend on that unknown. So a verdict is never written
down; it follows from the numbers.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from sim.engine.simulate import simulate
from sim.measure.expectations import Key, look_up, parse
from sim.measure.summary import summarise
from sim.study.factors import read_factors
from sim.world.loading import load, merge, read_tree
from sim.world.shipped import find

SUPPORTED, REFUTED, DEPENDS, OUTSIDE = "supported", "refuted", "depends", "outside the model"
EACH_DAY, SOME_DAYS, NO_DAY = "each day", "some days", "no day"
DAYS = 5
"""Seeds 1, 2, … of each run, if a claim asks for no more."""
BEHAVIOUR = "device.behaviour"

Setting = tuple[str, Any]


# What a claim says ----------------------------------------------------------------------------------------------------


class Run(NamedTuple):
    """A shipped scenario, played in one way."""

    scenario: str
    policy: str | None = None
    settings: tuple[Setting, ...] = ()

    def moved(self, setting: Setting) -> Run:
        """The same with one more setting; a name of a profile of iOS stays the base of a behaviour that is changed."""
        key, value = setting
        if key.startswith(f"{BEHAVIOUR}."):
            named = self._behaviour()
            if named is not None:
                return self._replace(
                    settings=(*self.settings, (BEHAVIOUR, {"profile": named, key.rpartition(".")[2]: value}))
                )
        return self._replace(settings=(*self.settings, setting))

    def _behaviour(self) -> str | None:
        """The profile, where the scenario names nothing else of the behaviour."""
        tree = read_tree(find(self.scenario))
        if self.policy is not None:
            tree = merge(tree, tree["policies"][self.policy])
        said = tree.get("device", {}).get("behaviour")
        return said if isinstance(said, str) else None

    def command(self, seed: int = 1) -> str:
        """What plays it again."""
        words = ["leakwindow", "run", self.scenario]
        if self.policy is not None:
            words += ["--policy", self.policy]
        for key, value in self.settings:
            words += ["--set", f"{key}={_toml(value)}"]
        return shlex.join([*words, "--seed", str(seed)])


def _toml(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{k} = {_toml(v)}" for k, v in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


class Part(NamedTuple):
    """One thing that a claim says."""

    says: str
    that: str
    """In the language of expectations; a run's name stands where a policy's stands there."""
    spread: bool = False
    """Ask it of the standard deviations over the days, not of each day."""
    beside: bool = False
    """It is no part of what is claimed, and does not count: it says what else to know."""


class Unknown(NamedTuple):
    """What nobody knows and could turn the verdict."""

    key: str
    """A parameter with a cited range, or any key if values are given."""
    values: tuple[Any, ...] = ()
    """In the place of the ends of the cited range."""

    def ends(self) -> list[Setting]:
        """The settings that are played."""
        if self.values:
            return [(self.key, value) for value in self.values]
        (factor,) = read_factors({self.key: "cited"}, self.key)
        return [(self.key, _short(choice.value)) for choice in factor.values.levels(2)]


def _short(value: Any) -> Any:
    """A number as one would type it: 0.05 and not 0.05000000000000001."""
    return float(f"{value:.9g}") if isinstance(value, float) else value


@dataclass(frozen=True)
class Claim:
    """A popular claim, and how the simulator is asked about it."""

    id: str
    says: str
    """In our own words."""
    heard: str
    """In which kind of advice."""
    runs: Mapping[str, Run]
    parts: tuple[Part, ...]
    unknowns: tuple[Unknown, ...] = ()
    outside: str = ""
    """Why no run can answer it, although runs may say something beside it."""
    note: str = ""
    """What to read out of the numbers."""
    differ: str = "which part is meant"
    """What the parts differ in, should one hold each day and another never."""
    days: int = DAYS

    def numbers(self) -> Iterator[Key]:
        """All numbers that its parts name."""
        for part in self.parts:
            yield from parse(part.that).keys


# Answering it ---------------------------------------------------------------------------------------------------------

Readings = Mapping[Key, Sequence[float]]
"""Number of a run → its value on each day."""


class Answer(NamedTuple):
    """What the days say about a part."""

    part: Part
    held: int
    """Days on which it holds."""
    days: int
    shown: str
    """The means of its terms."""

    @property
    def word(self) -> str:
        """Each day, some days, no day."""
        return EACH_DAY if self.held == self.days else SOME_DAYS if self.held else NO_DAY


def answers(claim: Claim, readings: Readings) -> list[Answer]:
    """What each part comes to."""
    return [_answer(part, readings) for part in claim.parts]


def _answer(part: Part, readings: Readings) -> Answer:
    asked = parse(part.that)
    if part.spread:
        readings = {key: [float(np.std(readings[key], ddof=1))] for key in asked.keys}
    days = len(next(iter(readings.values())))

    def terms(of: Callable[[Sequence[float]], float]) -> list[float]:
        return [term.value(lambda key: of(readings[key])) for term in asked.terms]

    held = sum(asked.margin(terms(lambda values, day=day: values[day])) >= 0 for day in range(days))  # type: ignore[misc]
    return Answer(part, held, days, asked.shown(terms(lambda values: float(np.mean(values)))))


class Turned(NamedTuple):
    """The answers with an unknown at one of its ends."""

    setting: Setting
    answers: list[Answer]

    @property
    def said(self) -> str:
        """The setting, as a command line has it."""
        return f"{self.setting[0]}={_toml(self.setting[1])}"


class Verdict(NamedTuple):
    """The answer to a claim."""

    claim: Claim
    answers: list[Answer]
    turned: list[Turned]

    @property
    def word(self) -> str:
        """Supported, refuted, depends, outside the model."""
        if self.claim.outside:
            return OUTSIDE
        held = all(answer.word == EACH_DAY for answer in self.answers if not answer.part.beside)
        return DEPENDS if self.on else SUPPORTED if held else REFUTED

    @property
    def on(self) -> list[str]:
        """What it depends on: the part, the day, an unknown."""
        words = {answer.word for answer in self.answers if not answer.part.beside}
        found = []
        if {EACH_DAY, NO_DAY} <= words:
            found.append(self.claim.differ)
        if SOME_DAYS in words:
            found.append("the day")
        for turned in self.turned:
            if turned.setting[0] not in found and self.turns(turned):
                found.append(turned.setting[0])
        return found

    def turns(self, turned: Turned) -> bool:
        """Whether an unknown changes any answer that counts."""
        pairs = zip(self.answers, turned.answers, strict=True)
        return any(a.word != b.word for a, b in pairs if not a.part.beside)


def answer(claim: Claim) -> Verdict:
    """Play a claim, and its unknowns at their ends."""
    turned = [
        Turned(setting, answers(claim, readings(claim, setting)))
        for unknown in claim.unknowns
        for setting in unknown.ends()
    ]
    return Verdict(claim, answers(claim, readings(claim)), turned)


def readings(claim: Claim, setting: Setting | None = None) -> Readings:
    """The numbers of all runs that the parts name.

    Parameters
    ----------
    setting : one that all runs share
    """
    runs = claim.runs if setting is None else {name: run.moved(setting) for name, run in claim.runs.items()}
    return {key: _values(runs[key.policy or ""], key.path, claim.days) for key in claim.numbers()}


def _values(run: Run, path: Sequence[str], days: int) -> list[float]:
    return [look_up(document, path) for document in _documents(json.dumps(run), days)]


@cache
def _documents(asked: str, days: int) -> list[dict[str, Any]]:
    """The days of a run. Cached by text, because a setting's value may be a table, and claims share runs."""
    scenario, policy, settings = json.loads(asked)
    loaded = load(find(scenario), policy, dict(settings))
    return [summarise(simulate(loaded, seed)).as_dict() for seed in range(1, days + 1)]
