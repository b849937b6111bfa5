"""The evidence: the frame around the checks, and the checks themselves.

A check that fails is part of the evidence, if it says why. Those rows are listed beside this file, so that one that begins to fail
is noticed, and one that begins to hold as well.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given as generated
from hypothesis import settings
from hypothesis import strategies as st

from sim.base.sources import SOURCES
from sim.faces import cli
from sim.faces.evidence import chosen
from sim.measure.expectations import check_file, parse
from sim.study.evidence import examine as examining
from sim.study.evidence import register
from sim.study.evidence.checks import (
    Check,
    Comparison,
    Given,
    Interval,
    Kind,
    Skipped,
    Tolerance,
    interval,
    near,
    within,
)
from sim.study.evidence.played import Said, in_expectation, on_every_day
from sim.study.evidence.probing import mean_of, quantile_of, timetable
from sim.study.evidence.register import FIELDS, checks
from sim.world import shipped

KNOWN_TO_FAIL = Path(__file__).with_name("known-to-fail.txt")
"""A row of a check in each line. CI excuses the same ones."""
FAST = ("iOS-", "D-", "P-c-ikev2-high", "P-e-", "P-f-ikev2")
"""Beginnings of the ids of checks that take less than a second or so."""


def fast() -> list[str]:
    """The fast checks, and one of each module that has none."""
    fields = [[check.id for check in field.CHECKS] for field in FIELDS]
    return [id_ for ids in fields for id_ in [i for i in ids if i.startswith(FAST)] or ids[:1]]


def known() -> dict[str, set[str]]:
    """Check → the rows of it that do not hold."""
    found: dict[str, set[str]] = {}
    for line in KNOWN_TO_FAIL.read_text(encoding="utf-8").splitlines():
        id_, _, row = line.partition(": ")
        found.setdefault(id_, set()).add(row)
    return found


def look_at(id_: str) -> None:
    """Run a check: exactly the rows that are known to fail do."""
    try:
        rows = checks()[id_].examine(Given())
    except Skipped as missing:
        pytest.skip(str(missing))
    assert rows, "it compares nothing"
    assert all(row.published and row.simulated for row in rows)
    failing = [row for row in rows if not row.holds]
    assert {row.what for row in failing} == known().get(id_, set())
    assert all(row.why or checks()[id_].note for row in failing), "what does not hold must say why"


@pytest.mark.parametrize("id_", fast())
def test_a_fast_check_says_what_it_is_known_to_say(id_: str) -> None:
    look_at(id_)


@pytest.mark.slow
@pytest.mark.parametrize("id_", [id_ for id_ in checks() if id_ not in set(fast())])
def test_a_check_says_what_it_is_known_to_say(id_: str) -> None:
    look_at(id_)


def test_what_is_known_to_fail_exists() -> None:
    assert set(known()) <= set(checks())


# Every check ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("check", list(checks().values()), ids=lambda check: check.id)
def test_a_check_names_what_it_rests_on(check: Check) -> None:
    assert check.source in SOURCES
    assert check.where
    assert check.what
    assert check.scenario == "" or check.scenario in shipped.names()


def test_two_checks_of_one_id_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(register, "FIELDS", (*FIELDS, FIELDS[0]))
    register.checks.cache_clear()
    try:
        with pytest.raises(ValueError, match=FIELDS[0].CHECKS[0].id):
            register.checks()
    finally:
        register.checks.cache_clear()


def test_results_do_not_depend_on_the_number_of_workers() -> None:
    ids = ["iOS-8", "D-j-wireguard", "A5", "D-j-ikev2-mobike", "P-e-killed"]
    alone, together = (examining.examine(ids, workers, Given()) for workers in (1, 2))
    assert alone == together
    assert [result.id for result in alone] == ids


def test_progress_is_told() -> None:
    told: list[tuple[int, int]] = []
    examining.examine(["iOS-1", "A5"], 1, Given(), lambda done, total: told.append((done, total)))
    assert told == [(1, 2), (2, 2)]


# The command ----------------------------------------------------------------------------------------------------------

HOLDS = near("a number", 1.0, 1.05, "s", relative=0.1)
FAILS = near("another number", 1.0, 2.0, "s", relative=0.1, why="the mechanism")


def made_up(id_: str, *rows: Comparison, needs: str = "") -> Check:
    def examine(given: Given) -> Sequence[Comparison]:
        if needs:
            given.file(needs)
        return rows

    return Check(id_, f"about {id_}", Kind.CLOSED_FORM, "judgement", "nowhere", examine)


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Runs `leakwindow evidence` with made-up checks: exit status, stdout, stderr."""

    def run(made: Sequence[Check], *words: str) -> tuple[int, str, str]:
        table = {check.id: check for check in made}
        for place in ("sim.study.evidence.examine.checks", "sim.faces.evidence.checks"):
            monkeypatch.setattr(place, lambda: table)
        with pytest.raises(SystemExit) as left:
            cli.main(["evidence", "--workers", "1", *words])
        seen = capsys.readouterr()
        return int(left.value.code or 0), seen.out, seen.err

    return run


def test_what_holds_leaves_with_status_0(command: Any) -> None:
    status, out, _ = command([made_up("X-1", HOLDS)])
    assert status == 0
    assert "1 check of 1 hold" in out


def test_a_failure_that_is_known_is_excused_and_must_go_on_failing(command: Any) -> None:
    assert command([made_up("X-1", FAILS), made_up("X-2", HOLDS)], "--failing", "X-1")[0] == 0
    assert command([made_up("X-1", FAILS), made_up("X-2", FAILS)], "--failing", "X-1")[0] == 1
    assert command([made_up("X-1", HOLDS)], "--failing", "X-1")[0] == 1


def test_one_row_outside_its_tolerance_fails_the_command(command: Any) -> None:
    status, out, _ = command([made_up("X-1", HOLDS), made_up("X-2", HOLDS, FAILS)])
    assert status == 1
    assert "FAILS" in out
    assert "1 fail: X-2" in out
    assert "the mechanism" in out


def test_what_is_missing_is_skipped_and_said(command: Any, tmp_path: Path) -> None:
    needy = made_up("X-1", HOLDS, needs="trace.csv")
    for words in ((), ("--data", str(tmp_path))):
        status, out, _ = command([needy, made_up("X-2", HOLDS)], *words)
        assert status == 0
        assert "trace.csv" in out
        assert "1 skipped: X-1" in out
    (tmp_path / "trace.csv").write_text("")
    status, out, _ = command([needy], "--data", str(tmp_path))
    assert "skipped" not in out


def test_json_says_the_same(command: Any) -> None:
    status, out, _ = command([made_up("X-1", FAILS), made_up("X-2", needs="trace.csv")], "--json")
    first, second = json.loads(out)["checks"]
    assert status == 1
    assert (first["holds"], first["comparisons"][0]["why"]) == (False, "the mechanism")
    assert "trace.csv" in second["skipped"]


def test_a_group_is_asked_for_by_its_beginning(command: Any) -> None:
    made = [made_up("X-1", HOLDS), made_up("X-2", FAILS), made_up("XY-1", FAILS), made_up("Z", HOLDS)]
    assert command(made, "--only", "X-1", "--only", "Z")[0] == 0
    assert "1 check of 2 hold" in command(made, "--only", "X")[1]
    status, _, err = command(made, "--only", "Q")
    assert status == 2
    assert "no check of this id" in err


def test_a_class_is_asked_for_by_its_letters(command: Any) -> None:
    made = [made_up("X1", HOLDS), made_up("X2-a", HOLDS), made_up("XY-1", FAILS), made_up("Z3", FAILS)]
    assert "2 checks of 2 hold" in command(made, "--only", "X")[1]
    assert "1 check of 1 hold" in command(made, "--only", "X2")[1]


def test_listing_runs_nothing(command: Any) -> None:
    def never(given: Given) -> Sequence[Comparison]:
        raise AssertionError

    status, out, _ = command([made_up("X-1")._replace(examine=never)], "--list")
    assert status == 0
    assert "about X-1" in out


# Claims ---------------------------------------------------------------------------------------------------------------


def test_all_ids_of_the_mechanisms_are_there() -> None:
    statements = [7, 5, 5, 3, 5, 3, 4, 3, 4, 3, 4, 5, 2, 2, 5, 3, 3, 2]
    wanted = [f"L{n:02d}-{k}" for n, count in enumerate(statements, start=1) for k in range(1, count + 1)]
    assert [id_ for id_ in checks() if id_.startswith("L")] == wanted


def test_a_claim_must_hold_on_every_day_or_be_borne_out_by_its_interval() -> None:
    said, claim = Said("exposure.bytes < blocked.bytes"), parse("exposure.bytes < blocked.bytes")
    rows = [(1.0, 2.0), (1.0, 3.0), (2.0, 1.9)]
    assert not on_every_day(said, claim, rows).holds
    assert on_every_day(said, claim, rows[:2]).holds
    assert not in_expectation(said, claim, rows).holds  # two of three say so: not enough to be sure
    assert in_expectation(said, claim, rows[:2] * 10).holds
    assert not in_expectation(said, claim, [(2.0, 1.0), (3.0, 1.0)] * 10).holds


# Tolerances -----------------------------------------------------------------------------------------------------------

NUMBERS = st.floats(-1e6, 1e6)
SHARES = st.floats(0, 2)


@settings(deadline=None)
@generated(NUMBERS, SHARES, st.floats(0, 1e3), st.floats(-3, 3))
def test_a_tolerance_is_the_larger_of_both(published: float, relative: float, absolute: float, off: float) -> None:
    allowed = max(relative * abs(published), absolute)
    simulated = published + off * allowed
    if abs(abs(off) - 1) > 1e-6 and allowed > 1e-6:
        assert near("x", published, simulated, relative=relative, absolute=absolute).holds == (abs(off) < 1)
    assert Tolerance(relative, absolute).allows(published, published)


def test_without_a_tolerance_only_the_same_number_holds() -> None:
    assert near("x", 3, 3).holds
    assert not near("x", 3, 3.001).holds
    assert near("x", 0, 0).ratio is None
    assert near("x", 4, 3).ratio == 0.75


def test_an_estimate_is_compared_by_its_mean_and_shown_with_its_interval() -> None:
    row = near("x", 1.0, Interval(1.05, 0.9, 1.2), relative=0.1)
    assert row.holds
    assert "[0.9, 1.2]" in row.simulated
    assert not within("x", 1, 2, Interval(2.5, 1.5, 3.5)).holds


@settings(deadline=None)  # the first one imports SciPy
@generated(st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=40))
def test_an_interval_holds_its_mean(values: list[float]) -> None:
    low, high = interval(values).low, interval(values).high
    mean = sum(values) / len(values)
    assert low <= mean + 1e-9
    assert mean <= high + 1e-9


def test_an_interval_is_students() -> None:
    """Of 1, 2, 3: half a width of 4.303 / √3."""
    found = interval([1.0, 2.0, 3.0])
    assert found.high - found.mean == pytest.approx(4.3027 / 3**0.5, rel=1e-4)


VALUES = [float(i % 10) for i in range(1000)]  # uniform on 0 to 9, mean 4.5


def test_a_mean_of_trials_may_be_off_by_chance_only() -> None:
    error = 3.3 * 2.8737 / 1000**0.5  # 0.3
    assert mean_of("x", 4.5 + 0.9 * error, VALUES, rounded=0.0).holds
    assert not mean_of("x", 4.5 + 1.1 * error, VALUES, rounded=0.0).holds


def test_a_quantile_may_be_off_by_the_ranks_that_chance_allows() -> None:
    """At 0.85: ranks 813 to 887, where values are 8."""
    assert quantile_of("x", 8.0, VALUES, 0.85).holds
    assert not quantile_of("x", 7.0, VALUES, 0.85).holds
    assert not quantile_of("x", 9.0, VALUES, 0.85).holds


def test_a_timetable_holds_entry_by_entry() -> None:
    assert timetable("x", (1, 2, 4), [1.0, 2.01, 4.0, 9.0], relative=0.01).holds
    assert not timetable("x", (1, 2, 4), [1.0, 2.1, 4.0], relative=0.01).holds
    assert not timetable("x", (1, 2, 4), [1.0, 2.0], relative=0.01).holds, "an entry is missing"


# The laboratory's scenarios -------------------------------------------------------------------------------------------

LAB = [name for name in shipped.names() if name.startswith("lab/")]


@pytest.mark.parametrize("name", LAB)
def test_a_laboratory_scenario_explains_itself(name: str) -> None:
    text = shipped.comment(shipped.names()[name])
    for part in ("What happens.", "What to look at.", "What differs from the laboratory.", "Mechanism"):
        assert part in text


@pytest.mark.parametrize("name", LAB)
def test_its_claims_hold(name: str) -> None:
    verdicts = check_file(shipped.names()[name], range(1, 4))
    assert len(verdicts) >= 3
    assert not [f"{v.expectation.that}: {v.detail}" for v in verdicts if not v.holds]


def test_a_whole_id_means_itself_and_a_beginning_all_of_its_group() -> None:
    assert chosen(["P-c-openvpn3"]) == ["P-c-openvpn3"]  # and not P-c-openvpn3-tcp, which holds
    assert chosen(["L13", "L13-1"]) == ["L13-1", "L13-2"]
