"""Which unknown matters: the indices against a function whose indices are known, and the unknowns themselves."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from sim.study.arms import PLAIN, Arm
from sim.study.rows import HEADLINE
from sim.study.sensitivity import Design, Method, analyse, influences_of
from sim.study.unknowns import Unknown, read, starred
from sim.world.cited import of_scenario
from sim.world.loading import ScenarioError, load, read_all, validate
from tests.commands import Command

SCENARIOS = Path(__file__).parents[2] / "scenarios"
LEGACY = SCENARIOS / "legacy-apps-first.toml"


def unknown(name: str) -> Unknown:
    return Unknown(name, name, 0.0, 1.0, lambda u: (((name, u),), u))


# Indices --------------------------------------------------------------------------------------------------------------


def ishigami(u: np.ndarray) -> np.ndarray:
    x = (u * 2 - 1) * np.pi
    found: np.ndarray = np.sin(x[:, 0]) + 7 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0])
    return found


def test_sobol_indices_of_ishigamis_function() -> None:
    """Ishigami & Homma (1990): first 0.314, 0.442, 0; total 0.558, 0.442, 0.244; a fourth input does nothing."""
    design = Design("sobol", tuple(map(unknown, "abcd")), 1024)
    found = {i.name: i for i in influences_of(design, design.sample(), ishigami(design.sample()))}
    for name, alone, whole in (("a", 0.314, 0.558), ("b", 0.442, 0.442), ("c", 0.0, 0.244), ("d", 0.0, 0.0)):
        assert found[name].alone == pytest.approx(alone, abs=0.03)
        assert found[name].weight == pytest.approx(whole, abs=0.03)
    assert found["d"].weight_half < 0.01


@pytest.mark.parametrize("method", ["sobol", "morris"])
def test_the_strongest_comes_first_and_its_ends_say_which_way(method: Method) -> None:
    design = Design(method, tuple(map(unknown, "abc")), 64)
    u = design.sample()
    found = influences_of(design, u, 10 * u[:, 1] - u[:, 0])
    assert [i.name for i in found] == ["b", "a", "c"]
    assert found[0].low < found[0].high
    assert found[1].low > found[1].high
    assert found[2].weight == pytest.approx(0.0, abs=1e-9)


def test_morris_measures_a_straight_line_exactly() -> None:
    design = Design("morris", tuple(map(unknown, "ab")), 8)
    u = design.sample()
    steep, flat = influences_of(design, u, 3 * u[:, 0] + u[:, 1])
    assert steep.weight == pytest.approx(3)
    assert flat.weight == pytest.approx(1)
    assert steep.alone == pytest.approx(0, abs=1e-9)


def test_what_never_changes_has_no_influences() -> None:
    design = Design("sobol", tuple(map(unknown, "ab")), 8)
    assert influences_of(design, design.sample(), np.full(32, 5.0)) == ()


# Rows -----------------------------------------------------------------------------------------------------------------


def rows(design: Design, arms: dict[str, float], failing: int | None = None) -> list[dict[str, object]]:
    """A study in which an arm's numbers are so much times the first unknown."""
    found: list[dict[str, object]] = []
    for point, u in enumerate(design.sample()):
        for arm, slope in arms.items():
            error = "no scenario" if point == failing else None
            numbers = {m.column: slope * float(u[0]) for m in HEADLINE}
            found += [{"point": point, "arm": arm, "error": error, **numbers} for _ in range(2)]
    return found


def test_an_ordering_is_counted_over_all_points() -> None:
    design = Design("sobol", tuple(map(unknown, "ab")), 8)
    found = analyse(design, rows(design, {"base": 2.0, "better": 1.0}), ["base", "better"], 2)
    apart = [w for w in found.weighed if w.against == "base"]
    assert len(apart) == len(HEADLINE)
    assert all(w.less == 1.0 and w.more == 0.0 for w in apart)
    alone = next(w for w in found.weighed if w.arm == "base")
    assert 0 <= alone.least < alone.mean < alone.most <= 2


def test_a_block_with_a_failure_is_left_out_as_a_whole() -> None:
    design = Design("sobol", tuple(map(unknown, "ab")), 8)
    found = analyse(design, rows(design, {"base": 1.0}, failing=5), ["base"], 2)
    assert (found.points, found.left_out, found.error) == (28, 4, "no scenario")
    assert found.weighed[0].influences[0].name == "a"


# Unknowns -------------------------------------------------------------------------------------------------------------


def test_the_starred_ones_are_varied_wherever_they_mean_something() -> None:
    marked = {p.path for p in of_scenario() if p.cited.starred}
    found = {u.name for u in starred(load(LEGACY))}
    assert found == marked | {"lifetime of app sockets", "lifetime of push sockets"}
    assert len(marked) == 8
    quiet = {u.name for u in starred(load(SCENARIOS / "key-rotation-week.toml"))}
    assert "lifetime of push sockets" not in quiet


def test_the_points_of_a_design_are_scenarios() -> None:
    """Also where the scenario names a profile instead of values."""
    scenario = load(LEGACY)
    design = Design("sobol", tuple(starred(scenario)), 2)
    plan = design.plan(str(LEGACY), read_all(LEGACY, {}), [Arm(PLAIN), Arm("sealed", "sealed")], 1, 1)
    behaviours = {plan.scenario(point, 0).device.behaviour.closes_on_path_loss for point in range(len(plan.points))}
    assert len(behaviours) > 1
    assert plan.scenario(0, 0).device.behaviour.sealing_closes_legacy == 1.0  # the profile's own
    assert validate(json.loads(plan.tree), "x") == validate(json.loads(read_all(LEGACY, {})), "x")


def test_lifetimes_grow_together() -> None:
    scenario = load(LEGACY)
    (lifetimes,) = read(["lifetime of app sockets"], scenario, "x")
    short, long = dict(lifetimes.at(0.0)[0]), dict(lifetimes.at(1.0)[0])
    assert short.keys() == long.keys() == {f"apps.{app}.sockets.0.lifetime" for app in (1, 2, 3)}
    assert short["apps.2.sockets.0.lifetime"]["median"] == "90000000 us"
    assert long["apps.2.sockets.0.lifetime"]["median"] == "10800000000 us"


def test_names_and_classes_of_unknowns() -> None:
    scenario = load(LEGACY)
    assert [u.name for u in read(["path.weak_wifi"], scenario, "x")] == ["path.weak_wifi"]
    assert all(u.name.startswith("path.") for u in read(["path"], scenario, "x"))
    every = {u.name for u in read(["*"], scenario, "x")}
    assert len(every) > 40
    assert not any(name.startswith(("vpn.ikev2.", "vpn.openvpn.")) for name in every)
    with pytest.raises(ScenarioError, match="weak_wifi"):
        read(["path.weak_wify"], scenario, "x")


# The command ----------------------------------------------------------------------------------------------------------

FEW = ("--unknown", "device.behaviour.closes_on_path_loss", "--unknown", "lifetime of app sockets")


def test_the_command_says_shares_and_orderings(command: Command, small: Path, tmp_path: Path) -> None:
    picture = tmp_path / "a.png"
    vary = ("--vary", "policy=none,sealed", "--blocks", "4", "--seeds", "2", "--workers", "1")
    status, out, _ = command("sensitivity", small, *FEW, *vary, "--plot", picture)
    assert status == 0
    assert "Sobol indices of 1 unknown" in out or "Sobol indices of 2 unknowns" in out
    assert "Orderings, at all points of the ranges" in out
    assert picture.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("method", ["sobol", "morris"])
def test_the_document_has_every_number(command: Command, small: Path, method: str) -> None:
    found = json.loads(
        command("sensitivity", small, *FEW, "--method", method, "--blocks", "4", "--seeds", "1", "--workers", "1",
                "--json").out
    )  # fmt: skip
    assert [n["number"] for n in found["numbers"]] == [m.column for m in HEADLINE]
    assert found["method"] == method


def test_a_study_goes_on_where_it_stopped(command: Command, small: Path, tmp_path: Path) -> None:
    words = ("sensitivity", small, *FEW, "--blocks", "2", "--seeds", "1", "--workers", "1", "--out", tmp_path / "study")
    first = command(*words).out
    assert first == command(*words).out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--blocks", "12"), "power of two"),
        (("--method", "guess"), "sobol, morris"),
        (("--unknown", "nope"), "no parameter"),
    ],
)
def test_wrong_questions_are_refused(command: Command, small: Path, words: tuple[str, ...], said: str) -> None:
    assert said in command.refused("sensitivity", small, *words)
