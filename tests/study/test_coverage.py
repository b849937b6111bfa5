"""Every documented mechanism is in the model, is shown, and is held to its sources."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.machines.routing import Cause
from sim.study.evidence.coverage import MECHANISMS, MITIGATIONS, SITUATIONS, Covered
from sim.study.evidence.register import checks
from sim.world import shipped

SIM = Path(__file__).resolve().parents[2] / "sim"
EVERY = [*MECHANISMS, *SITUATIONS, *MITIGATIONS]


@pytest.mark.parametrize("row", EVERY, ids=lambda row: row.id)
def test_no_cell_is_empty_or_names_what_is_not_there(row: Covered) -> None:
    assert row.what
    assert row.files
    assert all((SIM / file).exists() for file in row.files)
    assert row.scenario in shipped.names()
    assert row.checks
    for wanted in row.checks:
        assert any(id_ == wanted or id_.startswith(f"{wanted}-") for id_ in checks()), wanted


def test_every_mechanism_situation_and_mitigation_is_there_once() -> None:
    assert [row.id for row in MECHANISMS] == [f"L{n:02d}" for n in range(1, 19)]
    assert [row.id for row in SITUATIONS] == [str(n) for n in range(1, 31)]
    assert [row.id for row in MITIGATIONS] == [f"R{n}" for n in range(1, 9)]


def test_every_cause_that_a_run_may_name_is_a_covered_mechanism() -> None:
    assert {cause.value.split()[0] for cause in Cause} <= {row.id for row in MECHANISMS}


def test_every_check_of_a_mechanism_belongs_to_one_that_is_covered() -> None:
    assert {m for check in checks().values() for m in check.mechanisms} <= {row.id for row in MECHANISMS}
