"""The document and the page of a run, without a browser: complete, small, the same each time, and hostile names inert."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import sim
from sim.faces.report import arms as arms_of_a_page
from sim.faces.report import study_page
from sim.faces.report.assembling import embedded
from sim.faces.report.data import document
from sim.faces.report.packing import packed, runs, spans, steps
from sim.faces.report.story import MOST_EVENTS, SHORT
from sim.machines.routing import Cause, Fate
from sim.measure.power import power
from sim.study.rows import HEADLINE
from sim.world.intervals import listed
from sim.world.loading import load, read_tree
from sim.world.shipped import find
from tests.commands import SMALL, Command


def unpack(text: str) -> list[int]:
    """What the page does, in Python."""
    found, value, shift = [], 0, 0
    for byte in b64decode(text):
        value |= (byte & 127) << shift
        shift += 7
        if not byte & 128:
            found.append(value)
            value = shift = 0
    return found


def unsteps(text: str) -> list[int]:
    return np.cumsum(unpack(text)).tolist() if text else []


def page_of(scenario: Path | str, policy: str | None = None) -> dict[str, Any]:
    file = find(str(scenario))
    base = load(file, policy)
    return document(arms_of_a_page.arms(base, lambda p, s: load(file, p, s), policy, base.seed, read_tree(file)))


@pytest.fixture(scope="module")
def hour() -> dict[str, Any]:
    return page_of("legacy-apps-first")


@given(st.lists(st.integers(0, 2**62)))
def test_packed_numbers_come_back(values: list[int]) -> None:
    assert unpack(packed(np.array(values, dtype=np.int64))) == values


@given(st.lists(st.integers(0, 2**40)).map(sorted))
def test_steps_and_spans_come_back(values: list[int]) -> None:
    assert unsteps(steps(np.array(values, dtype=np.int64))) == values
    pairs = list(zip(values[::2], values[1::2], strict=False))
    assert unsteps(spans(listed(pairs))) == [at for pair in pairs for at in pair]


@given(st.lists(st.integers(0, 8)))
def test_runs_come_back(values: list[int]) -> None:
    pairs = unpack(runs(np.array(values, dtype=np.int64)))
    assert [v for value, n in zip(pairs[::2], pairs[1::2], strict=True) for v in [value] * n] == values


def test_every_burst_is_on_the_page_with_its_fate(hour: dict[str, Any]) -> None:
    (nature,) = hour["natures"]
    sizes = np.array(unpack(nature["size"]))
    for arm in hour["arms"]:
        pairs = unpack(arm["fate"])
        fates = np.repeat(pairs[::2], pairs[1::2])
        assert [int(sizes[fates == fate].sum()) for fate in Fate] == arm["bytes"]
    assert sum(nature["counts"]) == len(sizes)


def test_the_lanes_expose_what_the_summary_says(hour: dict[str, Any]) -> None:
    for arm in hour["arms"]:
        pieces = sorted((a, b) for lane in arm["lanes"] for a, b in zip(*[iter(unsteps(lane[1]))] * 2, strict=True))
        reach = exposed = 0
        for a, b in pieces:
            exposed += max(b - max(a, reach), 0)
            reach = max(reach, b)
        assert exposed / 1e6 == pytest.approx(arm["totals"][0])


def test_the_policies_of_the_scenario_and_the_single_mitigations_are_there_once(hour: dict[str, Any]) -> None:
    names = [arm["name"] for arm in hour["arms"]]
    assert names[0] == "as it is"
    assert {"sealed", "connect-first", "openvpn"} <= set(names)
    assert "seal the device" not in names  # the scenario's own policy is that
    assert len(names) == len(set(names)) <= arms_of_a_page.MOST_ARMS


def test_a_scenario_without_policies_is_sealed_and_connected_first(small: Path) -> None:
    small.write_text(SMALL.partition("[policies")[0])
    assert [arm["name"] for arm in page_of(small)["arms"]] == ["as it is", "seal the device", "connect first"]


def test_the_page_opens_with_the_policy_that_was_asked_for(small: Path) -> None:
    names = [arm["name"] for arm in page_of(small, "sealed")["arms"]]
    assert names[:2] == ["sealed", "as it is"]


def test_events_and_causes_are_in_order_and_on_lanes_that_exist(hour: dict[str, Any]) -> None:
    known = {"path", "status", "process", "protocol", "intent", "screen", *range(len(hour["lanes"]))}
    for arm in hour["arms"]:
        assert 0 < len(arm["events"]) <= MOST_EVENTS
        for told in (arm["events"], *(w["steps"] for w in arm["windows"])):
            times = [line[0] for line in told]
            assert times == sorted(times)
            assert {line[1] for line in told} <= known
        for window in arm["windows"]:
            assert window["steps"]
            assert window["cause"] in arm["remedies"]


def test_every_cause_has_words_for_the_page() -> None:
    assert set(SHORT) == set(Cause)


def test_power_adds_up_to_the_account_and_is_never_negative() -> None:
    for name in ("commute", "airplane-routine"):
        run = sim.simulate(load(find(name)), seed=2)
        account = sim.summarise(run).battery.with_vpn
        for columns in (1, 97, 1440):
            parts = power(run, account.by_component, columns)
            seconds = run.scenario.duration / 1e6 / columns
            assert sum(float(w.sum()) for w in parts.values()) * seconds == pytest.approx(account.total_nj / 1e9)
            assert all((w >= 0).all() for w in parts.values())


@given(st.text() | st.sampled_from(["</script>", "<!--", "]]>", "\u2028", "&lt;"]))
def test_no_text_ends_the_element_that_holds_it(text: str) -> None:
    made = embedded({"name": text})
    assert not re.search("[<>&\u2028\u2029]", made)
    assert json.loads(made) == {"name": text}


# The command ----------------------------------------------------------------------------------------------------------


def test_equal_runs_give_equal_pages(command: Command, small: Path, tmp_path: Path) -> None:
    one, two = tmp_path / "one.html", tmp_path / "two.html"
    assert command("report", small, "-o", one).status == 0
    assert command("report", small, "-o", two).status == 0
    assert one.read_bytes() == two.read_bytes()
    text = one.read_text()
    assert "default-src 'none'".replace("'", "&#x27;") in text
    assert not re.search(r"(src|href)\s*=\s*[\"']?(https?:|//)", text)


def test_a_kept_run_gives_the_page_of_its_scenario(command: Command, small: Path, tmp_path: Path) -> None:
    kept, one, two = tmp_path / "kept", tmp_path / "one.html", tmp_path / "two.html"
    options = ("--policy", "sealed", "--seed", "5", "--set", "device.model=iPhone 14")
    assert command("run", small, *options, "--out", kept).status == 0
    assert command("report", kept, "-o", one).status == 0
    assert command("report", small, *options, "-o", two).status == 0
    assert one.read_bytes() == two.read_bytes()
    assert "played already" in command.refused("report", kept, "--seed", "3", "-o", two)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"seed": "x", "scenario": {"path": 1, "policy": null}}', "[" * 5000])
def test_a_broken_summary_is_refused(command: Command, tmp_path: Path, text: str) -> None:
    (tmp_path / "summary.json").write_text(text)
    assert "no summary" in command.refused("report", tmp_path, "-o", tmp_path / "page.html")


def test_a_run_whose_scenario_is_gone_is_refused(command: Command, small: Path, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    assert command("run", small, "--out", kept).status == 0
    small.unlink()
    assert "any more" in command.refused("report", kept, "-o", tmp_path / "page.html")


@pytest.mark.parametrize("out", ["page.pdf", "no/page.html", "."])
def test_a_page_that_cannot_be_written_is_refused_before_anything_is_played(
    command: Command, small: Path, tmp_path: Path, out: str
) -> None:
    assert "--out" in command.refused("report", small, "-o", tmp_path / out)


def test_a_study_that_is_not_done_is_refused(command: Command, tmp_path: Path) -> None:
    (tmp_path / "plan.json").write_text("{}")
    assert "rows.parquet" in command.refused("report", tmp_path, "-o", tmp_path / "page.html")
    (tmp_path / "rows.parquet").write_text("no table")
    assert "no table of a study" in command.refused("report", tmp_path, "-o", tmp_path / "page.html")


ARMS = ("--vary", "vpn.include_all_networks=false,true", "--vary", "vpn.protocol=wireguard,ikev2")


@pytest.mark.parametrize("days", [2, 5])
def test_the_page_of_a_study_says_what_the_comparison_says(
    command: Command, small: Path, tmp_path: Path, days: int
) -> None:
    folder = tmp_path / "study"
    status, said, err = command("compare", small, *ARMS, "--seeds", str(days), "--out", folder, "--json")
    assert status == 0, err
    compared, page = json.loads(said), study_page.document(folder)
    for mine, theirs in zip(page["arms"], compared["arms"], strict=True):
        assert mine["name"] == theirs["name"]
        assert mine["front"] == (theirs["trade_off"] == "front")
        for number, metric in zip(mine["numbers"], HEADLINE, strict=True):
            standing = theirs[metric.column]
            assert number["mean"][0] == pytest.approx(standing["mean"], rel=1e-6)
            assert number["difference"][0] == pytest.approx(standing["difference"]["mean"], rel=1e-6)
            _, low, high = number["difference"]
            assert (low > 0) - (high < 0) == standing["difference"]["sign"]
            if standing["difference"]["interval"] is not None:
                assert [low, high] == pytest.approx(standing["difference"]["interval"], rel=1e-6)
    assert command("report", folder, "-o", tmp_path / "page.html").status == 0


def test_the_page_of_one_day_decides_nothing(command: Command, small: Path, tmp_path: Path) -> None:
    study = tmp_path / "day.toml"
    study.write_text(f'scenario = "{small}"\nreplications = 1\nvary."vpn.include_all_networks" = [false, true]\n')
    assert command("sweep", study, "--out", tmp_path / "day").status == 0
    page = study_page.document(tmp_path / "day")
    assert "one day: no intervals" in page["about"]
    for arm in page["arms"]:
        for _, low, high in (number["difference"] for number in arm["numbers"]):
            assert low <= 0 <= high
    assert command("report", tmp_path / "day", "-o", tmp_path / "page.html").status == 0
