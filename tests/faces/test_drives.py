"""Recorded drives as people meet them: `import`, `run --recording`, and the lane of the picture."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sim.engine.simulate import simulate
from sim.faces import lanes, panels
from sim.measure.summary import summarise
from sim.world import shipped
from sim.world.loading import load
from sim.world.recordings import read
from tests.commands import Command

SAMPLES = Path(__file__).parents[1] / "samples" / "recordings"


def test_import_converts_a_drive_and_sums_it_up(command: Command, tmp_path: Path) -> None:
    status, out, err = command("import", SAMPLES / "ucc.csv", "-o", tmp_path / "mine.csv")
    assert (status, out) == (0, "")
    lines = [" ".join(line.split()) for line in err.splitlines()]
    for said in (
        "Duration 7 s 6 rows",
        "RAT changes 2400.0 /h 4 in all",
        "HSPA+ 42.9% of the time",
        "no service 14.3% of the time",
        "Cell changes 1800.0 /h 3 in all",
        "Signal -97 dBm median; 5 % below -99, 5 % above -90",
        f"Wrote {tmp_path / 'mine.csv'}",
    ):
        assert said in lines, said
    assert read(tmp_path / "mine.csv").rat == read(SAMPLES / "ucc.csv").rat


def test_import_sums_up_outages_and_wifi(command: Command) -> None:
    _, out, err = command("import", SAMPLES / "drive.csv")
    assert out.startswith(
        "t_s,rat,cell,rsrp_dbm,cellular_works,wifi_ssid,wifi_works,rate_down_mbps,rtt_ms,loss\n0,5G,a,-90"
    )
    assert out.endswith("\n40,,,,,,,,,\n")
    lines = [" ".join(line.split()) for line in err.splitlines()]
    for said in (
        "Outages 1 2.5% of the time, the longest 1 s",
        "Wi-Fi carried nothing 1 50.0% of the time, the longest 20 s",
        "home 31.2% of the time",
        "office 25.0% of the time",
        "no Wi-Fi 43.8% of the time",
    ):
        assert said in lines, said


def test_import_takes_the_part_that_is_asked_for(command: Command) -> None:
    _, out, _ = command("import", SAMPLES / "operators.csv", "--part", "y")
    assert "LTE-A" in out
    assert "There are x and y." in command.refused("import", SAMPLES / "operators.csv", "--part", "z")


def test_import_refuses_what_cannot_be_played(command: Command, tmp_path: Path) -> None:
    assert "distribution" in command.refused("import", SAMPLES / "distances.csv")
    (tmp_path / "odd.txt").write_text("odd\n")
    assert "recordings.md" in command.refused("import", tmp_path / "odd.txt")
    (tmp_path / "a.conf").write_text("[Interface]\nPrivateKey = x\n[Peer]\nAllowedIPs = 0.0.0.0/0\n")
    assert "only recordings have parts" in command.refused("import", tmp_path / "a.conf", "--part", "2")


def test_run_plays_a_drive_in_any_scenario(command: Command, small: Path) -> None:
    status, out, err = command("run", small, "--json", "--recording", SAMPLES / "drive.csv")
    assert status == 0
    assert err.splitlines()[0] == "recording: a drive in LeakWindow's CSV"
    assert json.loads(out)["horizon_s"] == 600
    shorter = json.loads(command("run", small, "--json", "--set", "timeline=[]", "--set", 'duration="9 s"')[1])
    assert shorter["horizon_s"] == 9
    _, out, _ = command("explain", small, "--recording", SAMPLES / "drive.csv")
    assert "Wi-Fi" in out


def test_run_refuses_a_wrong_recording(command: Command, small: Path, tmp_path: Path) -> None:
    assert "there is no such file" in command.refused("run", small, "--recording", tmp_path / "none.csv")
    small.write_text(small.read_text() + '[recording]\nfile = "../secret.csv"\n')
    assert "recording.file" in command.refused("run", small)
    assert "recording.file" in command.refused("check", small)
    assert "unknown key" in command.refused("run", small, "--set", "recording.fiel=1")


def test_the_picture_has_a_lane_for_the_radio_if_it_was_recorded(tmp_path: Path) -> None:
    file = shipped.names()["my-drive"]
    summary = summarise(simulate(load(file)))
    bands = lanes.rats(summary.run)
    assert [band.label for band in bands] == ["5G", "LTE", "HSPA+", "", "LTE", "5G"]
    assert [band.kind for band in bands] == ["nsa", "lte", "umts", "none", "lte", "nsa"]
    assert [band.begin for band in bands[1:]] == [band.end for band in bands[:-1]]
    assert panels.states_of(summary) == 5
    plain = summarise(simulate(load(shipped.names()["wifi-to-lte-walk"])))
    assert lanes.rats(plain.run) == []
    assert panels.states_of(plain) == 4


@pytest.mark.parametrize("ending", ["png", "svg"])
def test_the_picture_of_a_drive_is_drawn(command: Command, tmp_path: Path, ending: str) -> None:
    picture = tmp_path / f"drive.{ending}"
    assert command("run", "my-drive", "--plot", picture).status == 0
    if ending == "svg":
        assert ">Radio<" in picture.read_text() or "Radio" in picture.read_text()
    assert picture.stat().st_size > 10_000
