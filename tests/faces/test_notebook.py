"""The Python API: what the commands say, as tables; and nothing in a notebook that a name could smuggle in."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

import sim
from sim.base.frames import FrameRefused, html_table
from sim.base.refusal import Refusal
from tests.commands import Command


def test_compare_says_what_the_command_says(command: Command, small: Path, tmp_path: Path) -> None:
    found = sim.compare(small, {"policy": ["none", "sealed"]}, seeds=3)
    _, out, _ = command("compare", small, "--vary", "policy=none,sealed", "--seeds", "3", "--json")
    assert json.loads(json.dumps(found.comparison.as_dict())).items() <= json.loads(out).items()
    table = found.to_frame()
    assert table.shape == (10, 11)
    assert set(table["arm"]) == {"as it stands", "sealed"}
    assert found.days().shape == (6, 6)
    found.save(tmp_path / "a.png")
    assert (tmp_path / "a.png").stat().st_size > 5000


def test_sweep_gives_the_whole_table(experiment: Path, tmp_path: Path) -> None:
    study = sim.sweep(experiment, tmp_path / "study")
    table = study.to_frame()
    assert len(table) == 24
    assert table["leaked_bytes"].dtype == "int64"
    assert "4 points × 3 days × 2 arms" in study._repr_html_()


def test_a_run_is_a_row_for_each_burst(small: Path) -> None:
    run = sim.simulate(sim.load(small))
    table = run.to_frame()
    assert (table["up_bytes"] + table["down_bytes"]).sum() == run.ledger.size.sum()
    assert set(table["owner"]) == {"mail"}
    assert "LEAKED" in run._repr_html_()


def test_names_are_escaped(small: Path) -> None:
    small.write_text(small.read_text().replace("[policies.sealed]", '[policies."<script>"]'))
    found = sim.compare(small, seeds=2)
    assert "<script>" in found.comparison.arms
    assert "<script>" not in found._repr_html_()
    assert "&lt;script&gt;" in found._repr_html_()
    assert html_table("<b>", ["&"], [["<i>"]]).count("<b>") == 0


def test_without_pandas_it_says_what_to_install(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = sim.simulate(sim.load(small))
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(FrameRefused, match="pip install pandas"):
        run.to_frame()


def test_what_the_command_refuses_is_refused(small: Path) -> None:
    for vary in ({"vpn.protocl": ["a", "b"]}, {"policy": ["none"]}):
        with pytest.raises(Refusal):
            sim.compare(small, vary, seeds=2)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"seeds": 0}, "two days"),
        ({"seeds": 1}, "two days"),
        ({"seeds": -1}, "two days"),
        ({"precision": 10}, "between 0 and 1"),
        ({"precision": -0.1}, "between 0 and 1"),
        ({"workers": 0}, "at least one"),
        ({"precision": 0.1, "of": ["exposed"]}, "exposed_s"),
    ],
)
def test_numbers_without_a_meaning_are_refused_as_on_the_command_line(
    small: Path, wrong: dict[str, Any], said: str
) -> None:
    with pytest.raises(sim.ScenarioError, match=said):
        sim.compare(small, **wrong)


def test_a_picture_that_cannot_be_is_refused_in_words(small: Path, tmp_path: Path) -> None:
    found = sim.compare(small, seeds=2)
    for picture, said in ((tmp_path / "a.gif", ".png"), (tmp_path / "no" / "a.png", "no directory")):
        with pytest.raises(sim.ScenarioError, match=said):
            found.save(picture)


def test_the_caption_is_the_answer_with_what_it_rests_on(small: Path) -> None:
    shown = sim.compare(small, seeds=3)._repr_html_()
    assert "<caption>Least exposed: sealed." in shown or "no arm is surely" in shown
    assert "assumed of" in shown
    assert " )" not in shown
