"""The command whatif: its table, its document, and that the commands it prints do what it says."""

from __future__ import annotations

import json
import shlex
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.faces.mitigating import as_toml, difference
from sim.study.whatif import what_if
from sim.world.loading import load, read_setting
from tests.commands import Command

VALUES = st.recursive(
    st.booleans() | st.integers(-1000, 1000) | st.text(max_size=8), lambda each: st.lists(each, max_size=3)
)


@given(VALUES | st.dictionaries(st.from_regex(r"[a-z_]{1,8}", fullmatch=True), VALUES, max_size=3))
def test_a_setting_is_read_back(value: object) -> None:
    assert read_setting(f"key={as_toml(value)}") == ("key", value)


def test_the_table_has_all_costs_and_the_sets_a_command_each(command: Command, small: Path) -> None:
    status, out, _ = command("whatif", small)
    assert status == 0
    for words in ("exposed", "leaked", "blocked", "stale", "VPN's battery", "Nothing changes with", "price:"):
        assert words in out
    assert """--set 'vpn.always_on={}' --set 'vpn.protocol="ikev2"'""" in " ".join(out.split())


def test_the_document_is_one_and_its_settings_do_what_it_says(command: Command, small: Path) -> None:
    found = json.loads(command("whatif", small, "--json").out)
    assert found["as_it_stands"]["windows"]
    assert found["smallest_sets"]
    for outcome in [*found["mitigations"], *found["smallest_sets"]]:
        sets = [w for key, value in outcome["settings"].items() for w in ("--set", f"{key}={as_toml(value)}")]
        run = json.loads(command("run", small, "--json", *sets).out)
        assert run["exposure"]["seconds"] == outcome["numbers"]["exposed_s"], outcome["changes"]
        assert run["energy"]["vpn_added_percent"] == pytest.approx(outcome["numbers"]["vpn_battery_percent"])
    assert all(outcome["numbers"]["exposed_s"] == 0 for outcome in found["smallest_sets"])


def test_the_printed_command_is_the_one_of_this_question(command: Command, small: Path) -> None:
    out = command("whatif", small, "--seed", "7", "--set", "device.sleeps=true").out
    lines = " ".join(out.split()).split("leakwindow run ")[1:]
    assert lines
    words = shlex.split(lines[0].split(" Seal")[0])
    assert words[1:5] == ["--set", "device.sleeps=true", "--seed", "7"]


def test_several_days_have_intervals(command: Command, small: Path) -> None:
    out = command("whatif", small, "--seeds", "5").out
    assert "Means of 5 days" in out
    assert "intervals hold together with 95%" in out
    assert "5 days are few: the intervals are rough" in out
    assert "e+0" not in out, "numbers are said as people say them"
    found = json.loads(command("whatif", small, "--seeds", "5", "--json").out)
    assert found["seeds"] == [1, 2, 3, 4, 5]
    for outcome in found["mitigations"]:
        for d in outcome["differences"].values():
            low, high = d["interval"]
            assert low <= d["mean"] <= high


def test_where_nothing_leaks_it_says_so(command: Command) -> None:
    status, out, _ = command("whatif", "app-auto-update-twin")
    assert status == 0
    assert "Nothing leaks as it is" in out


def test_a_wrong_question_is_refused(command: Command, small: Path) -> None:
    assert "no policy" in command.refused("whatif", small, "--policy", "nope")


def test_a_window_that_closes_and_another_that_opens_are_both_said(command: Command) -> None:
    out = " ".join(command("whatif", "legacy-apps-first").out.split())
    found = json.loads(command("whatif", "legacy-apps-first", "--json").out)
    newly = {m["changes"][0]: max(m["new_exposed_s"]) for m in found["mitigations"] if max(m["new_exposed_s"])}
    assert newly
    said = out.partition("Sockets that were not outside before are now: ")[2].partition(". ")[0]
    assert {part.partition(" with ")[2] for part in said.split("; ")} == set(newly)


def test_it_says_what_it_rests_on(command: Command, small: Path) -> None:
    assert command("whatif", small).out.splitlines()[-1].startswith("Rests on ")


def test_few_days_that_differ_do_not_make_a_difference_sure(small: Path) -> None:
    """Eleven of twelve days the same way happen by chance once in 1024; of 75 statements that is no proof."""
    asked = what_if(load(small), range(1, 13), lambda *_: None)
    outcome = asked.singles[0]
    rows = [
        {**row, "stale_s": (day.row["stale_s"] or 0) + (9.0 if k < 11 else 0)}
        for k, (row, day) in enumerate(zip(outcome.rows, asked.days, strict=True))
    ]
    d = difference(asked, replace(outcome, rows=tuple(rows)), "stale_s")
    assert d.mean == pytest.approx(8.25)
    assert d.low <= 0 <= d.high
