"""The shipped scenarios: each loads, explains itself, has a twin, and does what it says it does."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import pytest

from sim.engine.simulate import simulate
from sim.measure.expectations import check_file, look_up, parse
from sim.measure.summary import summarise
from sim.world.loading import load, read_tree

FOLDER = Path(__file__).parents[2] / "scenarios"
BASES = sorted(path.stem for path in FOLDER.glob("*.toml") if not path.stem.endswith("-twin"))
TWINS = sorted(path.stem for path in FOLDER.glob("*-twin.toml"))
SCENARIOS = [*BASES, *TWINS]


def file(name: str) -> Path:
    return FOLDER / f"{name}.toml"


def hold(name: str, seeds: range) -> None:
    broken = [f"{v.expectation.that}: {v.detail}" for v in check_file(file(name), seeds) if not v.holds]
    assert not broken, "\n".join(broken)


@pytest.mark.parametrize("name", SCENARIOS)
def test_its_expectations_hold(name: str) -> None:
    hold(name, range(1, 4))


@pytest.mark.slow
@pytest.mark.parametrize("name", SCENARIOS)
def test_its_expectations_hold_over_twenty_seeds(name: str) -> None:
    hold(name, range(1, 21))


@pytest.mark.parametrize("name", SCENARIOS)
def test_it_is_called_as_its_file_and_says_what_it_is_about(name: str) -> None:
    scenario = load(file(name))
    assert scenario.name == name
    assert scenario.about


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_policy_loads(name: str) -> None:
    for policy in load(file(name)).policies:
        assert load(file(name), policy=policy).name == name


@pytest.mark.parametrize("name", SCENARIOS)
def test_it_tells_a_learner_what_happens_and_what_to_look_at(name: str) -> None:
    lines = file(name).read_text(encoding="utf-8").splitlines()
    block = "\n".join(itertools.takewhile(lambda line: line.startswith("#"), lines))
    assert "What to look at." in block
    assert len(block) > 400
    if name in BASES:
        assert "What happens." in block
        assert re.search(r"Mechanisms?: ?.*L\d\d", block)


@pytest.mark.parametrize("name", SCENARIOS)
def test_each_expectation_says_why(name: str) -> None:
    expectations = load(file(name)).expect
    assert len(expectations) >= 3
    assert all(e.about for e in expectations)
    if name in BASES:
        assert any(re.match(r"L\d\d", e.about) for e in expectations)


@pytest.mark.parametrize("name", BASES)
def test_each_scenario_has_a_twin(name: str) -> None:
    assert f"{name}-twin" in TWINS


@pytest.mark.parametrize("name", TWINS)
def test_a_twin_changes_one_thing(name: str) -> None:
    base = read_tree(file(name.removesuffix("-twin")))
    twin = read_tree(file(name))
    told = {"name", "about", "expect"}
    changed = [key for key in twin if key not in told and twin[key] != base.get(key)]
    assert len(changed) == 1
    assert twin["expect"] != base["expect"]


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_leaked_byte_lies_in_one_window(name: str) -> None:
    document = summarise(simulate(load(file(name)), 1)).as_dict()
    leaked = document["exposure"]["bytes"]
    assert leaked == document["fates"]["LEAKED"]
    assert leaked == sum(window["bytes"] for window in document["windows"])
    assert leaked == sum(part["bytes"] for part in document["exposure"]["by_cause"].values())
    assert sum(document["fates"].values()) == document["demand_bytes"]


@pytest.mark.slow
@pytest.mark.parametrize("name", BASES)
def test_each_expectation_can_fail(name: str) -> None:
    """With some other policy, of the file or its twin, in the place of each one that it names, it does not hold."""
    seeds = (1, 2)
    files = [file(name), file(f"{name}-twin")]
    arms = [(path, policy) for path in files for policy in (None, *load(path).policies)]
    pool = [[summarise(simulate(load(path, policy=policy), s)).as_dict() for s in seeds] for path, policy in arms]
    for expectation in (e for path in files for e in load(path).expect):
        claim = parse(expectation.that)
        places = list(dict.fromkeys(key.policy for key in claim.keys))

        def fails(documents: tuple[dict[str, object], ...]) -> bool:
            of = dict(zip(places, documents, strict=True))  # noqa: B023
            terms = [term.value(lambda key: look_up(of[key.policy], key.path)) for term in claim.terms]  # noqa: B023
            return claim.margin(terms) < 0  # noqa: B023

        assignments = itertools.product(pool, repeat=len(places))
        assert any(fails(one) for documents in assignments for one in zip(*documents, strict=True)), expectation.that
