"""What nobody knows: the assumed parameters over their cited ranges, and how long sockets live.

An unknown is a factor of a study, but it may be more than one key: the lifetimes of all sockets of a kind grow or
shrink together.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import exp, log
from typing import Any, NamedTuple

from sim.base.citing import ASSUMED, Cited
from sim.machines.protocols import PROTOCOLS
from sim.study.arms import Setting
from sim.study.factors import EVERY, cited_factor, moved
from sim.world.cited import of_scenario
from sim.world.loading import ScenarioError, did_you_mean
from sim.world.scenario import Scenario


class Lifetimes(NamedTuple):
    """How long sockets of a kind live, as a share of what the scenario says."""

    name: str
    push: bool
    low: float
    high: float
    cited: Cited

    def settings(self, scenario: Scenario, share: float) -> Iterator[Setting]:
        """The lifetimes of all sockets of this kind."""
        for a, app in enumerate(scenario.apps):
            for k, sockets in enumerate(app.sockets):
                kept = sockets.opens == "with-app" or sockets.reopen.when == "at-once"
                if kept and (sockets.destination == "apns") == self.push:
                    law = sockets.model_dump(mode="json", include={"lifetime"})["lifetime"]
                    yield f"apps.{a}.sockets.{k}.lifetime", moved(law, share)


LIFETIMES = (
    Lifetimes(
        "lifetime of app sockets", False, 0.1, 12.0,
        Cited("proton-2020", "minutes to hours: 2 min to 4 h around 20 min", ASSUMED, "0.1", "12", starred=True),
    ),
    Lifetimes(
        "lifetime of push sockets", True, 1 / 12, 4.0,
        Cited("horowitz-2022", "half an hour to a day around 6 h", ASSUMED, "0.083", "4", starred=True),
    ),
)  # fmt: skip
"""Of sockets that are there with their app; one that is opened to say something lives as the scenario says."""


class Unknown(NamedTuple):
    """Something that nobody knows, with the values that it may take."""

    name: str
    column: str
    """Its name in tables, with its unit."""
    low: Any
    high: Any
    """The ends of its range, as tables show them."""
    at: Any
    """A number from 0 to 1 → the settings, and the value as tables show it."""


def starred(scenario: Scenario) -> list[Unknown]:
    """Those that every study should vary, as far as they mean something here."""
    return [*_cited([p.path for p in of_scenario() if p.cited.starred]), *_lifetimes(scenario)]


def read(keys: Sequence[str], scenario: Scenario, file: str) -> list[Unknown]:
    """The unknowns that names mean: of a parameter, or of a table for all assumed ones below it; "*" for all that this
    scenario's protocol uses.

    Raises
    ------
    ScenarioError
    """
    others = tuple(f"vpn.{p}." for p in PROTOCOLS if p != scenario.vpn.protocol)
    places = list(of_scenario())
    found: dict[str, Unknown] = {}
    for key in keys:
        exact = [p.path for p in places if p.path == key]
        below = [
            p.path
            for p in places
            if p.cited.confidence is ASSUMED
            and (p.path.startswith(f"{key}.") or (key == EVERY and not p.path.startswith(others)))
        ]
        mine = _cited(exact or below)
        mine += [u for u in _lifetimes(scenario) if key in (EVERY, u.name)]
        if not mine:
            names = [*(p.path for p in places), *(known.name for known in LIFETIMES)]
            hint = did_you_mean(key, names) or "leakwindow parameters --assumed lists them."
            raise ScenarioError(file, "--unknown", f"{key!r} is no parameter with a range of numbers", hint)
        found |= {u.name: u for u in mine}
    return list(found.values())


def _cited(paths: Sequence[str]) -> list[Unknown]:
    found = []
    for place in of_scenario():
        factor = cited_factor(place) if place.path in paths else None
        if factor is not None:
            found.append(_of_factor(factor))
    return found


def _of_factor(factor: Any) -> Unknown:
    def at(u: float) -> tuple[tuple[Setting, ...], Any]:
        choice = factor.values.at(u)
        return ((factor.key, choice.value),), choice.shown

    return Unknown(factor.key, factor.column, at(0.0)[1], at(1.0)[1], at)


def _lifetimes(scenario: Scenario) -> list[Unknown]:
    return [_of_lifetimes(known, scenario) for known in LIFETIMES if any(known.settings(scenario, 1.0))]


def _of_lifetimes(known: Lifetimes, scenario: Scenario) -> Unknown:
    def at(u: float) -> tuple[tuple[Setting, ...], Any]:
        share = exp(log(known.low) + u * (log(known.high) - log(known.low)))
        return tuple(known.settings(scenario, share)), share

    return Unknown(known.name, f"{known.name} (share)", known.low, known.high, at)


def plain_tree(tree: Mapping[str, Any]) -> dict[str, Any]:
    """The tables of a scenario with the behaviour profile as a table, so that a value can be set below it."""
    device = tree.get("device")
    if isinstance(device, dict) and isinstance(device.get("behaviour"), str):
        return {**tree, "device": {**device, "behaviour": {"profile": device["behaviour"]}}}
    return dict(tree)
