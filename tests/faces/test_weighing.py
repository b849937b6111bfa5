"""`sensitivity` as people read it: the answer first, and no more sure than the points are."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from sim.faces.weighing import headline
from sim.study.rows import HEADLINE
from sim.study.sensitivity import Found, Influence, Weighed
from tests.commands import Command

QUICK = ("--unknown", "device.behaviour.closes_on_path_loss", "--unknown", "lifetime of app sockets", "--workers", "1")


def found_of(*shares: tuple[str, float, float]) -> Found:
    """Unknowns of the first number: name, share, and half its interval."""
    influences = tuple(Influence(name, weight, half, weight, half, 0.0, 1.0) for name, weight, half in shares)
    return Found((Weighed("as it stands", None, HEADLINE[0], 1.0, 0.0, 2.0, 1.0, 0.0, influences),), 64, 0, "")


def test_the_strongest_is_sure_where_its_interval_is_above_all_others() -> None:
    sure, rough = found_of(("a", 0.8, 0.1), ("b", 0.3, 0.2)), found_of(("a", 0.8, 0.4), ("b", 0.3, 0.2))
    assert headline(sure) == "What moves “exposed” most: a."
    assert headline(rough) == "What probably moves “exposed” most: a; more --blocks would tell."
    assert headline(found_of(("a", 0.8, 0.7))) == "What moves “exposed” most: a."
    assert headline(found_of()) == "None of these unknowns changes a headline number."


def test_the_first_line_is_the_answer(command: Command, small: Path) -> None:
    words = ("sensitivity", small, *QUICK, "--blocks", "4", "--seeds", "1")
    first = command(*words).out.splitlines()[0]
    assert first == json.loads(command(*words, "--json").out)["answer"]
    assert "most" in first or "None of these unknowns" in first


def test_a_cluster_may_play_it(command: Command, small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mpi4py.futures", None)
    said = command.refused("sensitivity", small, *QUICK, "--blocks", "4", "--seeds", "1", "--cluster", "mpi")
    assert "mpi4py" in said
