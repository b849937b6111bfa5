"""The checks on recorded drives can run, and can fail."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from sim.study.evidence.checks import Given, Skipped
from sim.study.evidence.drives import CHECKS
from sim.study.evidence.register import checks

SAMPLES = Path(__file__).parents[1] / "samples" / "recordings"
SHARED = Path(__file__).parents[2].parent / "shared" / "data"
PLACES = {
    "ucc.csv": "ucc-5g/ucc.csv",
    "gnettrack.txt": "gnettrack-dakar/log.txt",
    "gnettrack_events.txt": "gnettrack-dakar/events.txt",
    "gnettrack_stats.txt": "gnettrack-dakar/stats.txt",
    "driving.csv": "sigcomm21-5gpower/Driving-Wild_run1.csv",
    "state.csv": "sigcomm21-5gpower/Power-Model_run2.csv",
    "mobility.csv": "sigcomm22-5gmobility/handoff-energy_combined.csv",
    "operators.csv": "pam25-handover-aligned/operators.csv",
    "link.down": "mahimahi/some-driving.down",
    "walk_wifi.csv": "mp-wifi-cellular/walk_wifi.csv",
    "walk_cellular.csv": "mp-wifi-cellular/walk_cellular.csv",
    "ping.out": "pam25-driving-ping/ping.out",
}
"""Our samples in the places of the data sets."""


@pytest.fixture
def data(tmp_path: Path) -> Path:
    for sample, place in PLACES.items():
        to = tmp_path / "traces" / place
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(SAMPLES / sample, to)
    return tmp_path


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_what_is_played_of_a_sample_is_what_it_says(check: object, data: Path) -> None:
    comparisons = checks()[check.id].examine(Given(data))  # type: ignore[attr-defined]
    assert comparisons
    assert all(c.holds for c in comparisons), comparisons


def test_a_check_fails_if_a_change_is_not_played(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sim.world.recorded.rat_of", lambda word: None)
    monkeypatch.setattr("sim.world.recordings.recording.Recording.changes", lambda self, column: [(0, column[0])])
    (rats, cells) = checks()["R-ucc"].examine(Given(data))
    assert not rats.holds
    assert not cells.holds
    assert "ucc.csv" in rats.why


def test_without_the_data_a_check_says_what_it_needs(tmp_path: Path) -> None:
    for check in CHECKS:
        for given, what in ((Given(), "leakwindow evidence --data DIR"), (Given(tmp_path), "of which there is none")):
            with pytest.raises(Skipped, match=what):
                check.examine(given)


@pytest.mark.skipif(not SHARED.exists(), reason=f"the shared data is not at {SHARED}")
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_what_is_played_of_the_data_sets_is_what_they_say(check: object) -> None:
    assert all(c.holds for c in checks()[check.id].examine(Given(SHARED)))  # type: ignore[attr-defined]
