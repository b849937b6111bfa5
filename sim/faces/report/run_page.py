"""The page of a run: of a scenario that is played now, or of a folder that an earlier run has left."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from sim.faces.report.arms import Loader, arms
from sim.faces.report.assembling import page
from sim.faces.report.data import document
from sim.world.loading import ScenarioError
from sim.world.scenario import Scenario

_SUMMARY = "summary.json"
_MOST_BYTES = 50_000_000


class PlayedWith(NamedTuple):
    """What a run was played with."""

    scenario: str
    policy: str | None
    seed: int | None
    settings: list[str] | None
    profile: Path | None
    recording: Path | None


def make(base: Scenario, load: Loader, policy: str | None, seed: int, tree: Mapping[str, Any]) -> bytes:
    """Play the day under all its policies, and make their page. See :func:`sim.faces.report.arms.arms`."""
    return page(document(arms(base, load, policy, seed, tree)))


def is_run(target: str) -> bool:
    """Whether this is a folder that `run --out` has left."""
    return (Path(target) / _SUMMARY).is_file()


def played_with(folder: Path) -> PlayedWith:
    """What the run in this folder was played with: a run is its scenario and its seed, so it is played again.

    Raises
    ------
    ScenarioError
        If the summary is not one, or the scenario is no longer where it was.
    """
    file = folder / _SUMMARY
    try:
        if file.stat().st_size > _MOST_BYTES:
            raise ValueError
        found = json.loads(file.read_text(encoding="utf-8"))
        of, seed = found["scenario"], found["seed"]
        path, policy, settings = of["path"], of["policy"], of.get("settings")
        files = [of.get("profile"), of.get("recording")]
        texts = [path, *(text for text in (policy, *files, *(settings or [])) if text is not None)]
        if not all(isinstance(text, str) for text in texts) or not isinstance(seed, int) or not 0 <= seed < 2**63:
            raise ValueError
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        hint = "Play it again: leakwindow run SCENARIO --out DIR"
        raise ScenarioError(str(file), "", "this is no summary that `leakwindow run --out` has written", hint) from None
    if not Path(path).is_file():
        raise ScenarioError(str(file), "scenario.path", f"there is no file {path!r} any more")
    profile, recording = (Path(text) if text else None for text in files)
    return PlayedWith(path, policy, seed, settings, profile, recording)
