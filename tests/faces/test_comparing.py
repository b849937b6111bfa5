"""`compare` as people type it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from sim.faces import comparing, contrasts
from sim.faces.parameters import Basis
from sim.study.arms import Arm
from sim.study.compare import Comparison
from sim.study.rows import HEADLINE
from tests.commands import SMALL, Command

LEAKY = SMALL.replace('every = "10 s"', 'every = "10 s", jitter = 0.5')
BASIS = Basis(2, 3)
SEALED = ("--vary", "policy=none,sealed")


@pytest.fixture
def leaky(tmp_path: Path) -> Path:
    """Ten minutes whose bytes differ from day to day."""
    path = tmp_path / "leaky.toml"
    path.write_text(LEAKY)
    return path


def test_sealing_wins_where_it_does_and_pays_where_it_does(command: Command, leaky: Path) -> None:
    status, out, err = command("compare", leaky, *SEALED, "--seeds", "12", "--json")
    assert (status, err) == (0, "")
    found = json.loads(out)
    assert found["days"] == 12
    assert found["baseline"] == "as it stands"
    assert found["numbers"]["leaked_bytes"]["winners"] == ["sealed"]
    plain, sealed = found["arms"]
    assert sealed["leaked_bytes"]["difference"]["mean"] < 0
    assert plain["leaked_bytes"]["difference"]["interval"] == [0.0, 0.0]


def test_the_table_names_every_number_and_what_it_rests_on(command: Command, leaky: Path) -> None:
    status, out, _ = command("compare", leaky, *SEALED, "--seeds", "12")
    assert status == 0
    for words in ("exposed", "leaked", "blocked", "stale", "battery", "trade-off", "All 5 intervals hold together"):
        assert words in out
    assert "least of all" in out


def test_without_vary_the_policies_of_the_scenario_are_compared(command: Command, leaky: Path) -> None:
    _, out, _ = command("compare", leaky, "--seeds", "3", "--json")
    assert [arm["name"] for arm in json.loads(out)["arms"]] == ["as it stands", "sealed"]


def test_two_keys_make_a_grid(command: Command, leaky: Path) -> None:
    _, out, _ = command("compare", leaky, "--vary", "vpn.protocol=wireguard,ikev2", *SEALED, "--seeds", "2", "--json")
    names = [arm["name"] for arm in json.loads(out)["arms"]]
    assert names == ["wireguard, as it stands", "wireguard, sealed", "ikev2, as it stands", "ikev2, sealed"]


def test_it_stops_when_it_knows_enough(command: Command, leaky: Path) -> None:
    kept = ("compare", leaky, "--vary", "vpn.wireguard.persistent_keepalive=5 s,25 s", "--seeds", "80", "--precision")
    _, out, _ = command(*kept, "20%", "--json")
    found = json.loads(out)
    assert found["looks"] == 4
    assert found["days"] in (10, 20, 40)
    _, out, _ = command(*kept, "0.0001%")
    assert "80 common days" in out
    assert "not reached: the least known is" in out


def test_a_folder_goes_on_where_it_stopped_and_may_be_made_longer(
    command: Command, leaky: Path, tmp_path: Path
) -> None:
    short, long = tmp_path / "short", tmp_path / "long"
    command("compare", leaky, *SEALED, "--seeds", "3", "--out", short)
    command("compare", leaky, *SEALED, "--seeds", "6", "--out", short)
    command("compare", leaky, *SEALED, "--seeds", "6", "--out", long)
    assert (short / "rows.parquet").read_bytes() == (long / "rows.parquet").read_bytes()
    _, again, _ = command("compare", leaky, *SEALED, "--seeds", "3", "--out", short, "--json")
    assert json.loads(again)["days"] == 3
    assert pq.read_table(short / "rows.parquet").num_rows == 6


def test_a_folder_of_another_study_is_refused(command: Command, leaky: Path, tmp_path: Path) -> None:
    command("compare", leaky, *SEALED, "--seeds", "2", "--out", tmp_path / "study")
    for other in (("--vary", "vpn.protocol=wireguard,ikev2"), (*SEALED, "--seed", "2")):
        assert "another study" in command.refused("compare", leaky, *other, "--seeds", "2", "--out", tmp_path / "study")


@pytest.mark.parametrize("kind", ["png", "svg", "pdf"])
def test_a_picture(command: Command, leaky: Path, tmp_path: Path, kind: str) -> None:
    pictures = [tmp_path / f"{name}.{kind}" for name in "ab"]
    for picture in pictures:
        assert command("compare", leaky, *SEALED, "--seeds", "3", "--plot", picture).status == 0
    assert pictures[0].read_bytes() == pictures[1].read_bytes()
    assert pictures[0].stat().st_size > 5000


def test_the_picture_shows_each_arm_once_and_stays_inside(leaky: Path) -> None:
    wanted = comparing.Wanted(4, None, 1, 1, None, None)
    arms = [Arm("as it stands"), Arm("$\\frac{x}$" * 12, settings=(("vpn.include_all_networks", True),))]
    figure = contrasts.figure(comparing.played(comparing.plan_of(leaky, arms, {}, wanted), wanted), "leaky", BASIS)
    assert all(0 <= text.get_position()[1] <= 1 for text in figure.texts)
    assert sum(text.get_text() == "as it stands" for text in figure.texts) == 2


def test_the_picture_shows_how_the_days_are_spread(leaky: Path) -> None:
    found = comparison_of(leaky)
    figure = contrasts.figure(found, "leaky", BASIS)
    steps = [line for on in figure.axes for line in on.lines if line.get_drawstyle() == "steps-post"]
    assert len(steps) == len(found.arms) * len(HEADLINE)
    drawn = {tuple(sorted(np.asarray(line.get_xdata(), dtype=float)[1:-1].tolist())) for line in steps}
    assert drawn == {tuple(sorted(values.tolist())) for values in found.values.values()}
    assert all(np.asarray(line.get_ydata(), dtype=float)[-1] == 1.0 for line in steps)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--vary", "vpn.protocl=wireguard,ikev2"), "protocl"),
        (("--vary", "vpn.protocol=wireguard,ikev3"), "ikev2"),
        (("--vary", "vpn.protocol=wireguard"), "only one arm"),
        (("--vary", "vpn.protocol"), "expected KEY=A,B"),
        (("--vary", "policy=none,seeled"), "sealed"),
        (("--vary", "policy=none,none"), "twice"),
        ((*SEALED, *SEALED), "varied twice"),
        ((*SEALED, "--precision", "much"), "--precision"),
        ((*SEALED, "--plot", "x.gif"), ".png"),
    ],
)
def test_what_cannot_be_compared_is_refused_in_words(
    command: Command, leaky: Path, words: tuple[str, ...], said: str
) -> None:
    assert said in command.refused("compare", leaky, *words)


def days_of(**numbers: dict[str, float]) -> Comparison:
    """Arms whose numbers, but for noise that they share, are as given; all others are 0."""
    noise = np.random.default_rng(1).normal(0, 0.01, 20)
    values = {
        (arm, m.column): mine[m.column] + noise if m.column in mine else np.zeros(20)
        for arm, mine in numbers.items()
        for m in HEADLINE
    }
    return Comparison(tuple(numbers), values)


def test_the_first_line_is_the_answer(command: Command, leaky: Path) -> None:
    _, out, _ = command("compare", leaky, *SEALED, "--seeds", "12")
    assert out.splitlines()[0] == "Least exposed: sealed."
    _, out, _ = command("compare", leaky, "--vary", "vpn.protocol=wireguard,ikev2", "--seeds", "3", "--json")
    assert json.loads(out)["answer"] == "On these days, no arm is surely the least exposed."
    outside = {"exposed_s": 9.0}
    for price, words in (("blocked_s", "least blocked"), ("vpn_battery_percent", "easiest on the battery")):
        found = days_of(a=outside, b={price: 3.0}, c={price: 5.0}, d={price: 3.0})
        assert comparing.headline(found) == (f"Least exposed and, of 3 that are equal in that, {words}: b  =  d.")
    assert comparing.headline(days_of(a=outside, b={}, c={}, d={})) == "Least exposed: b  =  c and 1 more."


def test_it_says_what_no_interval_says(command: Command, leaky: Path) -> None:
    _, out, _ = command("compare", leaky, *SEALED, "--seeds", "3")
    said = " ".join(out.split())
    _, document, _ = command("compare", leaky, *SEALED, "--seeds", "3", "--json")
    found = json.loads(document)
    assert 0 < found["assumed"] < found["parameters"]
    assert f"all numbers rest on {found['assumed']} assumed of {found['parameters']} parameters" in said
    assert f"leakwindowsensitivity{leaky}" in said.replace(" ", "")  # a long path is folded
    figure = contrasts.figure(comparison_of(leaky), "leaky", BASIS)
    assert any("2 assumed of 3 parameters" in text.get_text() for text in figure.texts)


def comparison_of(leaky: Path) -> Comparison:
    wanted = comparing.Wanted(4, None, 1, 1, None, None)
    arms = [Arm("as it stands"), Arm("sealed", settings=(("vpn.include_all_networks", True),))]
    return comparing.played(comparing.plan_of(leaky, arms, {}, wanted), wanted)


def test_precision_may_be_about_some_numbers(command: Command, leaky: Path) -> None:
    kept = ("compare", leaky, *SEALED, "--seeds", "80", "--precision", "1%")
    _, out, _ = command(*kept)
    assert "80 common days" in out
    assert "not reached" in out
    _, out, _ = command(*kept, "--of", "exposed_s")
    assert "10 common days" in out
    assert "Precision of 1% reached: the least known is exposed" in out
    assert "Did you mean 'exposed_s'?" in command.refused(*kept, "--of", "exposed")
    assert "--precision" in command.refused("compare", leaky, *SEALED, "--of", "exposed_s")


def test_names_that_hold_commas_are_told_apart(command: Command, leaky: Path) -> None:
    _, out, _ = command("compare", leaky, "--vary", "vpn.protocol=wireguard,ikev2", *SEALED, "--seeds", "3")
    assert "none on any day under “wireguard, sealed”, “ikev2, sealed”;" in " ".join(out.split())


@pytest.mark.parametrize("most", [0.004, 1.0, 37.0, 222.0, 13_740.0, 61_620.0, 86_400.0, 5e6])
def test_the_scales_of_the_trade_are_in_round_numbers(most: float) -> None:
    found = contrasts.ticks(most)
    assert 2 <= len(found) <= 6
    assert found[0] == 0
    assert found[-1] <= most < found[-1] + found[1]
