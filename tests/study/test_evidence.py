"""The evidence: checks can fail, failures show, and who runs them does not matter."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sim.base.sources import SOURCES
from sim.faces import cli
from sim.faces import evidence as face
from sim.measure.expectations import parse
from sim.study.evidence import examine as running
from sim.study.evidence.checks import Check, Comparison, Given, Interval, Kind, Skipped, interval, near, within
from sim.study.evidence.examine import Result, examine
from sim.study.evidence.played import Said, in_expectation, on_every_day
from sim.study.evidence.register import checks
from sim.world import shipped

KNOWN_TO_FAIL = {"L05-4", "L06-2", "L16-1"}
"""What the model does not reproduce, and says so: a look-up is never repeated, no provider drops IPv6, sockets always move."""
QUICK = ["A5", "L07-1", "L13-1"]


@pytest.mark.parametrize("check", checks().values(), ids=lambda check: check.id)
def test_a_check_says_what_it_rests_on(check: Check) -> None:
    assert check.what
    assert check.where
    assert check.source in SOURCES
    assert not check.scenario or check.scenario in shipped.names()


def test_all_ids_of_the_mechanisms_are_there() -> None:
    statements = [7, 5, 5, 3, 5, 3, 4, 3, 4, 3, 4, 5, 2, 2, 5, 3, 3, 2]
    wanted = [f"L{n:02d}-{k}" for n, count in enumerate(statements, start=1) for k in range(1, count + 1)]
    assert [id_ for id_ in checks() if id_.startswith("L")] == wanted


def test_a_number_outside_its_tolerance_does_not_hold() -> None:
    assert near("x", 10.0, 10.4, relative=0.05).holds
    assert not near("x", 10.0, 10.6, relative=0.05).holds
    assert near("x", 10.0, Interval(10.6, 9.0, 12.0), absolute=1.0).holds
    assert near("x", 8.0, 10.0, "s", absolute=3).ratio == pytest.approx(1.25)
    assert within("x", 1, 2, 2.0).holds
    assert not within("x", 1, 2, 2.01).holds


def test_an_interval_is_student_s() -> None:
    found = interval([1.0, 2.0, 3.0, 4.0, 5.0])
    assert (found.mean, found.low, found.high) == pytest.approx((3.0, 1.0368, 4.9632), abs=1e-3)
    assert interval([7.0]) == (7.0, 7.0, 7.0)


def test_a_claim_must_hold_on_every_day_or_be_borne_out_by_its_interval() -> None:
    said, claim = Said("exposure.bytes < blocked.bytes"), parse("exposure.bytes < blocked.bytes")
    rows = [(1.0, 2.0), (1.0, 3.0), (2.0, 1.9)]
    assert not on_every_day(said, claim, rows).holds
    assert on_every_day(said, claim, rows[:2]).holds
    assert not in_expectation(said, claim, rows).holds  # two of three say so: not enough to be sure
    assert in_expectation(said, claim, rows[:2] * 10).holds
    assert not in_expectation(said, claim, [(2.0, 1.0), (3.0, 1.0)] * 10).holds


def test_who_runs_the_checks_does_not_matter() -> None:
    assert examine(QUICK, 1, Given()) == examine(QUICK, 2, Given())


def fake(holds: bool) -> Check:
    return Check("X1", "a fake", Kind.MEASURED, "xnu", "nowhere", lambda given: [Comparison("x", "1", "2", 2.0, holds)])


def status(arguments: list[str], monkeypatch: pytest.MonkeyPatch, check: Check) -> int:
    for module in (face, running):
        monkeypatch.setattr(module, "checks", lambda: {check.id: check})
    with pytest.raises(SystemExit) as left:
        cli.main(["evidence", "--workers", "1", *arguments])
    return int(left.value.code or 0)


def test_a_failure_is_exit_status_1_unless_it_is_known(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert status([], monkeypatch, fake(holds=True)) == 0
    assert status([], monkeypatch, fake(holds=False)) == 1
    assert "FAILS" in capsys.readouterr().out
    assert status(["--failing", "X1"], monkeypatch, fake(holds=False)) == 0
    assert status(["--failing", "X1"], monkeypatch, fake(holds=True)) == 1  # it should be taken off the list


def test_what_is_missing_is_said_and_is_no_failure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def needs(given: Given) -> list[Comparison]:
        given.file("traces/drive.csv")
        return []

    check = fake(holds=True)._replace(examine=needs)
    assert status([], monkeypatch, check) == 0
    assert "skipped: needs traces/drive.csv" in capsys.readouterr().out
    assert status(["--data", str(tmp_path)], monkeypatch, check) == 0
    with pytest.raises(Skipped):
        Given(tmp_path).file("traces/drive.csv")


def test_the_json_document_says_all(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    status(["--json"], monkeypatch, fake(holds=False))
    (only,) = json.loads(capsys.readouterr().out)["checks"]
    assert (only["id"], only["holds"], only["comparisons"][0]["ratio"]) == ("X1", False, 2.0)


def test_an_unknown_id_is_refused_with_a_hint(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        cli.main(["evidence", "--only", "L01-11"])
    assert left.value.code == 2
    assert "Did you mean" in capsys.readouterr().err


@pytest.mark.slow
def test_all_checks_hold_but_those_that_are_known_to_fail() -> None:
    results: list[Result] = examine(list(checks()), 2, Given())
    assert {r.id for r in results if not r.holds} == KNOWN_TO_FAIL
