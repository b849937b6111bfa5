"""An experiment file: a scenario, arms, factors, days; in TOML, and refused in words where it has no meaning."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, get_args

from pydantic import Field, ValidationError

from sim.base.citing import Model
from sim.study import designs
from sim.study.arms import PLAIN, Arm, Setting, Varied, grid, scenario_of
from sim.study.factors import Choice, Factor, listed, read_factors
from sim.study.tasks import Plan
from sim.world import shipped
from sim.world.loading import ScenarioError, as_plain, did_you_mean, read_all, read_tree

MOST_RUNS = 10_000_000
TRIED = 1000
"""Points that are tried to be scenarios before anything is played."""


class NamedArm(Model):
    """An arm in words of its own."""

    name: Annotated[str, Field(min_length=1, max_length=120)]
    policy: str | None = None
    set: dict[str, Any] = Field(default_factory=dict)


class Factors(Model):
    """What is varied beside the arms."""

    design: Literal["grid", "random", "latin-hypercube", "sobol", "list"] = "grid"
    points: Annotated[int, Field(ge=1, le=100_000)] = 64
    """Of a sampled design, before those are left out that are no scenario."""
    levels: Annotated[int, Field(ge=2, le=1000)] = 5
    """Of each range, in a grid."""
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 1
    """Of a sampled design."""
    over: dict[str, Any] = Field(default_factory=dict)
    """Key → list of values, `{ low, high, log }`, or "cited"."""
    rows: tuple[dict[str, Any], ...] = ()
    """The points of a list: tables with the same keys."""


class Experiment(Model):
    """A study that can be played."""

    about: str = ""
    scenario: str
    """A file beside this one, or the name of a shipped scenario."""
    set: dict[str, Any] = Field(default_factory=dict)
    """Key → value, for all runs."""
    vary: dict[str, Any] = Field(default_factory=dict)
    """Key → values: arms are all combinations."""
    arms: tuple[NamedArm, ...] = ()
    """Arms in words of their own, instead."""
    factors: Factors | None = None
    replications: Annotated[int, Field(ge=1, le=1_000_000)] = 1
    """Days; all points and arms meet the same."""
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 1


class Read(NamedTuple):
    """What an experiment file means."""

    plan: Plan
    left_out: int
    """Sampled points that are no scenario, and are not in the plan."""


def read_experiment(file: Path) -> Read:
    """The plan of an experiment file.

    Raises
    ------
    ScenarioError
    """
    said = _validated(file)
    beside = file.parent / said.scenario
    with _told_of(file):
        scenario = beside if beside.is_file() else shipped.find(said.scenario)
        tree = read_all(scenario, dict(_flat(said.set)))
    arms = _arms(said, json.loads(tree).get("policies") or {}, str(file))
    points, shown = _points(said.factors, str(file), said.replications * len(arms))
    whole = Plan(str(scenario), tree, arms, points, said.replications, said.seed, shown)
    sampled = said.factors is not None and said.factors.design in get_args(designs.Sampled)
    over = _flat(said.factors.over) if said.factors is not None else ()
    lists = [(key, value) for key, values in over if isinstance(values, list) for value in values]
    with _told_of(file):
        for setting in lists:
            scenario_of(json.loads(tree), arms[0], str(scenario), (setting,))
        plan = _possible(whole) if sampled else whole
        for arm in range(len(plan.arms)):
            plan.scenario(0, arm)
        for point in range(0 if sampled else min(len(plan.points), TRIED)):
            plan.scenario(point, 0)
    return Read(plan, len(whole.points) - len(plan.points))


@contextmanager
def _told_of(file: Path) -> Iterator[None]:
    """What a scenario cannot be is the fault of the experiment that asks for it."""
    try:
        yield
    except ScenarioError as error:
        raise ScenarioError(f"{file} (as {error.file})", error.key, error.problem, error.hint) from None


def _validated(file: Path) -> Experiment:
    tree = read_tree(file)
    try:
        return Experiment.model_validate_json(json.dumps(tree, default=as_plain))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key, problem, hint = ".".join(map(str, first["loc"])), str(first["msg"]), ""
        if first["type"] == "extra_forbidden":
            model = Factors if first["loc"][0] == "factors" else NamedArm if first["loc"][0] == "arms" else Experiment
            allowed = list(model.model_fields)
            problem = "unknown key"
            hint = did_you_mean(str(first["loc"][-1]), allowed) or f"Allowed here: {', '.join(allowed)}."
        raise ScenarioError(str(file), key, problem[0].lower() + problem[1:], hint) from None


def _flat(table: Mapping[str, Any], path: str = "") -> Iterator[Setting]:
    """Key paths and values, whether a file says `"vpn.protocol" = …` or `vpn.protocol = …`. A law is a value."""
    for key, value in table.items():
        if isinstance(value, dict) and value and not value.keys() & {"law", "low", "high"}:
            yield from _flat(value, f"{path}{key}.")
        else:
            yield f"{path}{key}", value


def _arms(said: Experiment, policies: Mapping[str, Any], file: str) -> tuple[Arm, ...]:
    if said.vary and said.arms:
        raise ScenarioError(file, "arms", "an experiment has either vary or arms")
    if said.vary:
        varied = []
        for key, values in _flat(said.vary):
            if not isinstance(values, list) or not values:
                raise ScenarioError(file, f"vary.{key}", f"found {values!r}; expected a list of values")
            varied.append(Varied(key, tuple(values)))
        return tuple(grid(varied, policies))
    names = [arm.name for arm in said.arms]
    for k, arm in enumerate(said.arms):
        if names.count(arm.name) > 1:
            raise ScenarioError(file, f"arms.{k}.name", f"two arms are called {arm.name!r}")
        if arm.policy is not None and arm.policy not in policies:
            hint = did_you_mean(arm.policy, list(policies)) or f"There is: {', '.join(policies) or 'none'}."
            raise ScenarioError(file, f"arms.{k}.policy", f"there is no policy {arm.policy!r}", hint)
    return tuple(Arm(arm.name, arm.policy, tuple(_flat(arm.set))) for arm in said.arms) or (Arm(PLAIN),)


def _points(said: Factors | None, file: str, runs: int) -> tuple[tuple[tuple[Setting, ...], ...], Any]:
    """The points, as settings and as a table shows them."""
    if said is None:
        return ((),), ()
    if said.design == "list":
        factors, choices = _of_list(said, file)
    else:
        factors = read_factors(dict(_flat(said.over)), file)
        if not factors:
            raise ScenarioError(file, "factors.over", "nothing is varied")
        choices = _of_design(said, factors, file, runs)
    points = tuple(tuple((f.key, c.value) for f, c in zip(factors, point, strict=True)) for point in choices)
    shown = tuple(tuple((f.column, c.shown) for f, c in zip(factors, point, strict=True)) for point in choices)
    return points, shown


def _of_list(said: Factors, file: str) -> tuple[list[Factor], list[tuple[Choice, ...]]]:
    rows = [dict(_flat(row)) for row in said.rows]
    if not rows or any(row.keys() != rows[0].keys() for row in rows) or not rows[0]:
        raise ScenarioError(file, "factors.rows", "a list needs rows, each with the same keys")
    factors = [listed(key, [row[key] for row in rows]) for key in rows[0]]
    return factors, list(zip(*(f.values.levels(len(rows)) for f in factors), strict=True))


def _of_design(said: Factors, factors: list[Factor], file: str, runs: int) -> list[tuple[Choice, ...]]:
    points = designs.grid_size(factors, said.levels) if said.design == "grid" else said.points
    if points * runs > MOST_RUNS:
        many = f"{points * runs:,}" if points * runs < 10**15 else "more than a thousand million million"
        hint = (
            "Fewer levels or factors, or a sampled design such as sobol." if said.design == "grid" else "Fewer points."
        )
        raise ScenarioError(file, "factors", f"{many} runs; allowed are {MOST_RUNS:,}", hint)
    if said.design == "grid":
        return designs.grid(factors, said.levels)
    if said.design == "sobol" and points & (points - 1):
        raise ScenarioError(file, "factors.points", f"found {points}; a Sobol design needs a power of two, such as 64")
    assert said.design != "list"
    return designs.sampled(said.design, points, factors, said.seed)


def _possible(plan: Plan) -> Plan:
    """The plan without the points that are no scenario: some parameters must stay in an order, and a design that draws
    each in its own range does not know that.

    Raises
    ------
    ScenarioError
        If none is left.
    """
    kept: list[int] = []
    first: ScenarioError | None = None
    for point in range(len(plan.points)):
        try:
            plan.scenario(point, 0)
            kept.append(point)
        except ScenarioError as error:
            first = first or error
    if first is not None and not kept:
        raise first
    return replace(plan, points=tuple(plan.points[k] for k in kept), shown=tuple(plan.shown[k] for k in kept))
