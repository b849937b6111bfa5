"""Recorded drives as nature: every change is played, nothing else is, and what they leave unsaid is the scenario's."""

from __future__ import annotations

import dataclasses
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.base.streams import Streams
from sim.base.units import HOUR, MILLISECOND, MINUTE, SECOND
from sim.engine.simulate import Run, simulate
from sim.machines.events import (
    CellularAttached,
    CellularLost,
    HoleBegan,
    HoleEnded,
    Interface,
    PortalPassed,
    WifiJoined,
    WifiLost,
)
from sim.machines.ios.path import PathRules
from sim.machines.radio import SETS
from sim.world import loading, recorded
from sim.world.loading import ScenarioError, load, validate, with_recording
from sim.world.nature import Nature, draw
from sim.world.recordings import Recording, RecordingRefused, read
from sim.world.scenario import Scenario
from tests.world.test_recordings import forgiving, recordings

SAMPLES = Path(__file__).parents[1] / "samples" / "recordings"
TRAFFIC = {"law": "periodic", "every": "7 s", "up": "400 B", "down": "2 kB"}
DAY: dict[str, Any] = {
    "name": "a day",
    "duration": "1 min",
    "vpn_on": True,
    "wifi": [{"ssid": "home"}, {"ssid": "office"}, {"ssid": "train"}],
    "stays": [
        {"wifi": "home", "signal_dbm": -80, "handovers_per_minute": 30, "outages": {"per_hour": 400, "length": "2 s"}},
        {"at": "20 s", "wifi": "train", "signal_dbm": -85, "flapping": {"stays": "5 s", "away": "3 s"}},
        {"at": "40 s", "cellular": False},
    ],
    "apps": [{"name": "app", "background": "always", "sockets": [{"traffic": TRAFFIC, "domain": "a.example"}]}],
}


def scenario(text: str | None, tmp_path: Path, **keys: Any) -> Scenario:
    """The day with a recording of this text beside it, and with other keys."""
    file, recording = tmp_path / "day.toml", keys.pop("recording", {})
    table = {**DAY, **keys}
    if text is None:
        return validate(table, str(file))
    (tmp_path / "drive.csv").write_text(text)
    return with_recording(validate({**table, "recording": {"file": "drive.csv", **recording}}, str(file)), file)


def drawn(found: Scenario) -> Nature:
    return draw(found, Streams(1))


def events(nature: Nature, *kinds: type) -> list[tuple[float, Any]]:
    return [(at / SECOND, event) for at, event in nature.script if isinstance(event, kinds)]


# What is said ---------------------------------------------------------------------------------------------------------


def test_every_change_of_a_drive_is_played_and_nothing_else(tmp_path: Path) -> None:
    nature = drawn(scenario((SAMPLES / "drive.csv").read_text(), tmp_path))
    script = [
        (at, type(event).__name__, getattr(event, "interface", getattr(event, "ssid", "")))
        for at, event in events(nature, object)
    ]
    assert script == [
        (0, "CellularAttached", ""),
        (0, "WifiJoined", "home"),
        (10, "HoleBegan", Interface.WIFI),
        (12.5, "WifiLost", ""),
        (20, "CellularLost", ""),
        (30, "CellularAttached", ""),
        (30, "HoleBegan", Interface.CELLULAR),
        (30, "WifiJoined", "office"),
        (31, "HoleEnded", Interface.CELLULAR),
    ]
    assert (nature.handovers / SECOND).tolist() == [12.5, 30]
    assert nature.signal == ((0, -90), (10 * SECOND, -95.5), (30 * SECOND, -110))
    assert nature.rats == ((0, "5G"), (12_500_000, "LTE"), (20 * SECOND, ""), (30 * SECOND, "HSPA+"))
    assert nature.round_trips == ((0, 40_000), (12_500_000, 65_000), (30 * SECOND, 140_000))
    assert nature.losses == ((0, 0.001), (12_500_000, 0.02))


def test_wifi_that_is_left_for_nothing_takes_the_paths_own_gap(tmp_path: Path) -> None:
    ((at, lost),) = events(drawn(scenario((SAMPLES / "drive.csv").read_text(), tmp_path)), WifiLost)
    assert (at, PathRules().handover_gap.at(0.0001) < lost.gap < PathRules().handover_gap.at(0.9999)) == (12.5, True)
    both = drawn(scenario("t_s,wifi_ssid\n0,home\n5,office\n", tmp_path))
    assert [(at, type(e).__name__) for at, e in events(both, WifiLost, WifiJoined)] == [
        (0, "WifiJoined"),
        (5, "WifiLost"),
        (5, "WifiJoined"),
    ]
    assert [e.gap for _, e in events(both, WifiLost)] == [0]


def test_a_portal_waits_for_its_user(tmp_path: Path) -> None:
    portal = [{"ssid": "home", "portal": "9 s"}]
    nature = drawn(scenario("t_s,wifi_ssid\n0,home\n30,-\n", tmp_path, wifi=portal, stays=[{}]))
    assert events(nature, WifiJoined)[0][1].portal
    assert events(nature, PortalPassed) == [(9, PortalPassed())]


def test_each_change_of_wifi_provokes_look_ups(tmp_path: Path) -> None:
    nature = drawn(
        scenario(
            "t_s,wifi_ssid\n0,home\n20,-\n40,office\n",
            tmp_path,
            device={"behaviour": {"look_ups_at_network_change": 9}},
        )
    )
    (number,) = [i for i, kind in enumerate(nature.kinds) if kind.owner == "system" and kind.look_ups]
    assert set((nature.opens[nature.kind == number] / SECOND).tolist()) == {20, 40}


def test_a_wifi_that_the_scenario_lacks_has_the_usual_values(tmp_path: Path) -> None:
    found = scenario("t_s,wifi_ssid\n0,home\n20,café\n", tmp_path)
    assert [w.ssid for w in found.wifi] == ["home", "office", "train", "café"]
    simulate(found)


def test_the_recorded_rate_is_the_networks(tmp_path: Path) -> None:
    assert scenario("t_s,rate_down_mbps\n0,5\n1,30\n2,7\n", tmp_path).cellular.rate_mbps == 7
    assert (
        scenario("t_s,rat\n0,LTE\n2,5G\n", tmp_path).cellular.rate_mbps == scenario(None, tmp_path).cellular.rate_mbps
    )


def test_recorded_round_trips_are_those_of_handshakes(tmp_path: Path) -> None:
    keys = {
        "vpn_on": False,
        "timeline": [{"at": "10 s", "do": "vpn_on"}],
        "stays": [{}],
        "vpn": {"protocol": "ikev2"},
    }

    def connects_after(milliseconds: int) -> float:
        run = simulate(scenario(f"t_s,rtt_ms,loss\n0,1,0\n5,{milliseconds},0\n", tmp_path, **keys))
        return next(at for at, phase in run.timeline.phases("tunnel") if phase == "CONNECTED") / MILLISECOND

    cycle = SETS[scenario(None, tmp_path).cellular.radio].long_drx_cycle / MILLISECOND
    later, exchanges = connects_after(900) - connects_after(100), 2
    # The phone listens once in a DRX cycle, so that each answer may come up to one later.
    assert abs(later - 800 * exchanges) < cycle * exchanges


def test_recorded_loss_is_met(tmp_path: Path) -> None:
    keys = {
        "vpn_on": False,
        "timeline": [{"at": "10 s", "do": "vpn_on"}],
        "stays": [{}],
        "vpn": {"protocol": "ikev2"},
    }
    lost = simulate(scenario("t_s,loss\n0,1\n1,1\n", tmp_path, **keys))
    assert "CONNECTED" not in [phase for _, phase in lost.timeline.phases("tunnel")]


# What is not said -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("heading", "values", "kinds", "fields"),
    [
        ("rat", ("LTE", "-"), (CellularAttached, CellularLost), ("rats", "radios")),
        ("cell", ("a", "b"), (), ("handovers",)),
        ("rsrp_dbm", ("-70", "-75"), (), ("signal",)),
        ("cellular_works", ("yes", "no"), (HoleBegan, HoleEnded), ()),
        ("wifi_ssid", ("home", "-"), (WifiJoined, WifiLost), ()),
        ("rtt_ms", ("40", "50"), (), ("round_trips",)),
        ("loss", ("0", "0.1"), (), ("losses",)),
        ("rate_down_mbps", ("9", "8"), (), ()),
    ],
)
def test_a_column_replaces_what_the_stays_say_of_it_and_only_that(
    tmp_path: Path, heading: str, values: tuple[str, str], kinds: tuple[type, ...], fields: tuple[str, ...]
) -> None:
    plain = drawn(scenario(None, tmp_path))
    found = drawn(scenario(f"t_s,{heading}\n0,{values[0]}\n30,{values[1]}\n60,\n", tmp_path))
    places = (CellularAttached, CellularLost, HoleBegan, HoleEnded, WifiJoined, WifiLost)
    cellular_first = (CellularAttached, CellularLost)
    for kind in places:
        if kind not in kinds and not (heading == "wifi_ssid" and kind in (HoleBegan, HoleEnded)):
            # A stay without cellular has no outages either; a recording with service says that there is one.
            before = [
                line for line in events(plain, kind) if heading != "rat" or kind in cellular_first or line[0] < 40
            ]
            after = [line for line in events(found, kind) if heading != "rat" or kind in cellular_first or line[0] < 40]
            assert after == before, kind
    if kinds:
        assert {at for at, _ in events(found, *kinds)} <= {0, 30}
    for field in ("rats", "radios", "signal", "round_trips", "losses"):
        assert (getattr(found, field) == getattr(plain, field)) == (field not in fields) or field == "radios"
    assert np.array_equal(found.handovers, plain.handovers) == ("handovers" not in fields)


def test_what_people_and_apps_do_is_the_same_with_and_without(tmp_path: Path) -> None:
    plain, found = drawn(scenario(None, tmp_path)), drawn(scenario((SAMPLES / "drive.csv").read_text(), tmp_path))
    apps = [i for i, kind in enumerate(plain.kinds) if kind.owner == "app"]
    for column in ("opens", "closes", "luck"):
        one, other = (getattr(n, column)[np.isin(n.kind, apps)] for n in (plain, found))
        assert np.array_equal(one, other)


def test_a_longer_day_begins_as_the_shorter_one(tmp_path: Path) -> None:
    text = (SAMPLES / "drive.csv").read_text()
    short, long = (drawn(scenario(text, tmp_path, duration=d, recording={"repeat": True})) for d in ("1 min", "3 min"))
    assert long.script[: len(short.script)] == short.script


# How long -------------------------------------------------------------------------------------------------------------


def test_the_last_row_holds(tmp_path: Path) -> None:
    nature = drawn(scenario((SAMPLES / "drive.csv").read_text(), tmp_path, duration="10 min"))
    assert max(at for at, _ in events(nature, object)) == 31


def test_a_repeated_drive_begins_anew(tmp_path: Path) -> None:
    text = "t_s,rat\n0,LTE\n10,5G\n20,\n"
    nature = drawn(scenario(text, tmp_path, duration="45 s", recording={"repeat": True}))
    assert [(at / SECOND, rat) for at, rat in nature.rats if at < 45 * SECOND] == [
        (0, "LTE"),
        (10, "5G"),
        (20, "LTE"),
        (30, "5G"),
        (40, "LTE"),
    ]


def test_a_part_of_a_drive_begins_at_its_start(tmp_path: Path) -> None:
    found = scenario((SAMPLES / "drive.csv").read_text(), tmp_path, recording={"start": "15 s", "until": "25 s"})
    nature = drawn(found)
    assert nature.rats == ((0, "LTE"), (5 * SECOND, ""))
    assert nature.signal == ((0, -95.5),)


@pytest.mark.parametrize(
    ("keys", "what"),
    [
        ({"start": "40 s"}, "nothing is left"),
        ({"start": "9 s", "until": "9 s"}, "nothing is left"),
        ({"part": "2"}, "only one recording"),
        ({"file": "nothing.csv"}, "no such file"),
        ({"file": "../drive.csv"}, "below its folder"),
        ({"file": "/etc/hostname"}, "--recording FILE"),
        ({"file": "way/out.csv"}, "below its folder"),
        ({"file": "a\0b"}, "below its folder"),
    ],
)
def test_a_wrong_table_is_refused(tmp_path: Path, keys: dict[str, str], what: str) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (tmp_path / "out.csv").write_text("t_s,rat\n0,LTE\n1,LTE\n")
    (folder / "way").symlink_to(tmp_path)
    with pytest.raises((ScenarioError, RecordingRefused), match=what):
        scenario((SAMPLES / "drive.csv").read_text(), folder, recording=keys)


def test_a_repetition_that_would_fill_the_memory_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "MOST_REPEATED", 20)
    with pytest.raises(ScenarioError, match=r"recording.repeat: .* 6 times"):
        scenario("t_s,rat\n0,LTE\n1,5G\n2,LTE\n3,5G\n10,\n", tmp_path, recording={"repeat": True})


FILE = """
name = "day"
duration = "20 s"
[recording]
file = "drive.csv"
until = "5 s"
[policies.other.recording]
file = "other.csv"
"""


@pytest.fixture
def day(tmp_path: Path) -> Path:
    (tmp_path / "drive.csv").write_text((SAMPLES / "drive.csv").read_text())
    (tmp_path / "other.csv").write_text("t_s,rat\n0,UMTS\n60,LTE\n90,\n")
    (tmp_path / "day.toml").write_text(FILE)
    return tmp_path / "day.toml"


def test_a_scenario_reads_what_it_names(day: Path) -> None:
    found = load(day)
    assert found.recording is not None
    assert found.recording.drive == read(day.with_name("drive.csv")).cut(0, 5 * SECOND)
    assert found.duration == 20 * SECOND
    other = load(day, policy="other").recording
    assert other is not None
    assert other.drive.rat == ("UMTS",)


def test_a_recording_of_the_command_line_lends_its_length(day: Path) -> None:
    given_ = day.with_name("other.csv")
    assert load(day, recording=given_).duration == 90 * SECOND
    assert load(day, recording=given_, settings={"duration": "30 s"}).duration == 30 * SECOND
    assert load(day, recording=given_, settings={"recording.until": "50 s"}).duration == 50 * SECOND
    day.write_text(FILE.replace('"20 s"', '"2 min"'))
    assert load(day, recording=given_).duration == 2 * MINUTE


def test_a_recording_of_the_command_line_may_be_anywhere(day: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "mine.csv"
    elsewhere.write_text("t_s,rat\n0,LTE\n1,LTE\n")
    found = load(day, recording=elsewhere).recording
    assert found is not None
    assert found.drive.rat == ("LTE", "LTE")


def test_a_scenario_that_was_not_loaded_says_so(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="not loaded"):
        simulate(validate({**DAY, "recording": {"file": "drive.csv"}}, "x"))


def test_a_scenario_with_its_drive_travels_to_other_processes(day: Path) -> None:
    found = load(day)
    again = pickle.loads(pickle.dumps(found))
    assert again == found
    assert told(simulate(again)) == told(simulate(found))


# Radios ---------------------------------------------------------------------------------------------------------------


def radios(monkeypatch: pytest.MonkeyPatch, names: list[str]) -> None:
    monkeypatch.setattr(recorded, "SETS", dict.fromkeys(names, SETS["lte-2020"]))


@pytest.mark.parametrize(
    ("sets", "chosen", "expected"),
    [
        (["lte-2020"], {}, "lte-2020"),
        (["lte-2020", "umts-1", "umts-2"], {}, "umts-1"),
        (["lte-2020", "umts-1", "umts-2"], {"umts": "lte-2012"}, "lte-2012"),
    ],
)
def test_a_rat_has_the_radio_of_its_kind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sets: list[str], chosen: dict[str, str], expected: str
) -> None:
    radios(monkeypatch, sets)
    found = scenario("t_s,rat\n0,4G\n10,HSPA+\n20,HSUPA\n30,-\n", tmp_path, cellular={"radios": chosen})
    assert recorded.radio_of("HSPA+", found.cellular) == expected
    assert [radio for _, radio in drawn(found).radios] == list(dict.fromkeys(["lte-2020", expected]))
    said = [note for note in recorded.notes(found) if "played with the radio" in note]
    assert said == [f"HSPA+, HSUPA: played with the radio {expected}; cellular.radios.umts chooses another"]


def test_without_service_the_radio_stays_as_it_was(tmp_path: Path) -> None:
    chosen = {"umts": "lte-2012"}
    found = scenario("t_s,rat\n0,-\n5,3G\n10,-\n15,HSPA+\n20,LTE\n25,\n", tmp_path, cellular={"radios": chosen})
    assert drawn(found).radios == ((0, "lte-2020"), (5 * SECOND, "lte-2012"), (20 * SECOND, "lte-2020"))


def test_lte_is_the_radio_that_the_scenario_chose(tmp_path: Path) -> None:
    found = scenario("t_s,rat\n0,4G\n10,LTE\n", tmp_path, cellular={"radio": "lte-2012"})
    assert {radio for _, radio in drawn(found).radios} == {"lte-2012"}


def test_an_unknown_radio_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=r"unknown radio 'none-such' in cellular.radios.nsa"):
        scenario(None, tmp_path, cellular={"radios": {"nsa": "none-such"}})


# Runs -----------------------------------------------------------------------------------------------------------------


def told(run: Run) -> list[Any]:
    return [(r.at, r.actor, repr(r.event), r.cause) for r in run.timeline]


def test_the_same_seed_is_the_same_day(day: Path) -> None:
    assert told(simulate(load(day))) == told(simulate(load(day)))


@settings(forgiving, max_examples=60)
@given(recordings(), st.booleans())
def test_any_drive_is_played_to_the_last_change(drive: Recording, repeat: bool) -> None:
    """What a file says, the day has."""
    bare = validate({**DAY, "recording": {"file": "x", "repeat": repeat}, "stays": [{}], "duration": "1 s"}, "x")
    assert bare.recording is not None
    length = min(drive.end, HOUR)
    if drive.wifi is not None:
        drive = dataclasses.replace(drive, wifi=tuple([ssid and "home" for ssid in drive.wifi]))
    found = bare.model_copy(update={"recording": bare.recording.holding(drive), "duration": length})
    nature = draw(found, Streams(3))
    for column, field in (("rat", "rats"), ("rsrp_dbm", "signal"), ("loss", "losses")):
        if (values := getattr(drive, column)) is not None:
            expected = [line for line in drive.changes(values) if line[0] < length]
            assert [line for line in getattr(nature, field) if line[0] < length] == expected
    if drive.cell is not None:
        assert nature.handovers.tolist() == [at for at, _ in drive.changes(drive.cell)[1:] if at < length]
    simulate(found, nature=nature)
