"""The popular claims: each can be asked, its verdict follows from the numbers, and the page says what a replay says."""

from __future__ import annotations

import csv
import shlex
from collections.abc import Mapping
from dataclasses import replace
from math import nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiments.claims.__main__ import PAGE, TABLE
from experiments.claims.answering import (
    DEPENDS,
    OUTSIDE,
    REFUTED,
    SUPPORTED,
    Claim,
    Part,
    Run,
    Turned,
    Verdict,
    answer,
    answers,
)
from experiments.claims.claims import CLAIMS
from experiments.claims.page import section, table
from sim.measure.expectations import Key
from sim.world.loading import load, read_setting
from sim.world.shipped import find

BY_ID = {claim.id: claim for claim in CLAIMS}
SAMPLE = ("C01", "C09", "C16", "C23")
"""Short ones of three answers; the others are behind the slow marker."""
TWO = Claim(
    "C00",
    "two things",
    "tests",
    {"a": Run("01-outlives"), "b": Run("01-outlives", "connect-first")},
    (Part("first", "a:exposure.bytes > b:exposure.bytes"), Part("second", "a:exposure.seconds > 1 min")),
)


def test_all_claims_are_here() -> None:
    assert [claim.id for claim in CLAIMS] == [f"C{k:02}" for k in range(1, 26)]


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.id)
def test_a_claim_has_runs_that_its_parts_use_or_a_reason_for_having_none(claim: Claim) -> None:
    assert claim.outside or claim.parts
    assert {key.policy for key in claim.numbers()} == set(claim.runs)


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.id)
def test_its_commands_play_what_it_plays(claim: Claim) -> None:
    for run in claim.runs.values():
        _, _, scenario, *words = shlex.split(run.command())
        options = list(zip(words[::2], words[1::2], strict=True))
        settings = dict(read_setting(value) for option, value in options if option == "--set")
        policy = dict(options).get("--policy")
        assert load(find(scenario), policy, settings) == load(find(run.scenario), run.policy, dict(run.settings))


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.id)
def test_its_unknowns_can_be_set_in_all_its_runs(claim: Claim) -> None:
    for unknown in claim.unknowns:
        low, *_, high = unknown.ends()
        for run in claim.runs.values():
            both = [run.moved(end) for end in (low, high)]
            one, other = (load(find(r.scenario), r.policy, dict(r.settings)) for r in both)
            assert one != other


# The verdict ----------------------------------------------------------------------------------------------------------


def readings(claim: Claim, value: float, days: int = 3) -> Mapping[Key, list[float]]:
    return {key: [value] * days for key in claim.numbers()}


def two(leaked: list[float], seconds: list[float]) -> dict[Key, list[float]]:
    first, other, third = TWO.numbers()
    return {first: leaked, other: [0.0] * len(leaked), third: seconds}


@pytest.mark.parametrize(
    ("leaked", "seconds", "word", "on"),
    [
        ([1, 1], [90, 90], SUPPORTED, []),
        ([0, 0], [9, 9], REFUTED, []),
        ([1, 1], [9, 9], DEPENDS, ["which part is meant"]),
        ([1, 0], [90, 90], DEPENDS, ["the day"]),
    ],
)
def test_a_verdict_follows_from_the_numbers(
    leaked: list[float], seconds: list[float], word: str, on: list[str]
) -> None:
    verdict = Verdict(TWO, answers(TWO, two(leaked, seconds)), [])
    assert (verdict.word, verdict.on) == (word, on)


def test_an_unknown_that_changes_an_answer_makes_the_claim_depend_on_it() -> None:
    base, other = answers(TWO, two([1], [90])), answers(TWO, two([0], [90]))
    assert Verdict(TWO, base, [Turned(("key", 1), base)]).word == SUPPORTED
    turned = Verdict(TWO, base, [Turned(("key", 1), base), Turned(("key", 2), other)])
    assert (turned.word, turned.on) == (DEPENDS, ["key"])
    assert Verdict(replace(TWO, outside="no such thing"), base, []).word == OUTSIDE


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=6))
def test_one_good_day_is_enough_not_to_be_refuted_and_one_bad_day_not_to_be_supported(
    days: list[tuple[bool, bool]],
) -> None:
    found = answers(TWO, two([float(a) for a, _ in days], [90.0 * b for _, b in days]))
    every = [holds for day in days for holds in day]
    word = SUPPORTED if all(every) else DEPENDS if any(every) else REFUTED
    assert Verdict(TWO, found, []).word == word


@pytest.mark.parametrize("claim", [c for c in CLAIMS if c.parts], ids=lambda claim: claim.id)
def test_no_part_of_a_claim_holds_whatever_the_numbers_are(claim: Claim) -> None:
    assert not any(a.held for a in answers(claim, readings(claim, nan)))


# The page -------------------------------------------------------------------------------------------------------------


def agrees(claim: Claim) -> None:
    verdict = answer(claim)
    assert section(verdict) in PAGE.read_text(encoding="utf-8"), "stale: run python -m experiments.claims"
    assert table([verdict]).partition("\n")[2] in TABLE.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", SAMPLE)
def test_a_replay_agrees_with_the_page(name: str) -> None:
    agrees(BY_ID[name])


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(BY_ID.keys() - set(SAMPLE)))
def test_every_replay_agrees_with_the_page(name: str) -> None:
    agrees(BY_ID[name])


def test_the_table_has_every_claim() -> None:
    with TABLE.open(encoding="utf-8") as file:
        assert list(dict.fromkeys(row["claim"] for row in csv.DictReader(file))) == list(BY_ID)
