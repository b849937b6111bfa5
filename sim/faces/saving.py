"""Files that a run leaves: each is made in memory first, so that a refusal leaves nothing half written."""

from __future__ import annotations

import csv
import json
from dataclasses import asdict, is_dataclass
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sim
from sim.base.units import to_seconds
from sim.faces.terminal import clean

if TYPE_CHECKING:
    from sim.engine.simulate import Run
    from sim.measure.summary import Summary

PICTURES = (".png", ".svg", ".pdf")


def as_json(document: dict[str, Any]) -> str:
    """One JSON document, readable, ending with a line break."""
    return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def timeline_lines(run: Run) -> str:
    """All records as JSON Lines, in order. `cause` is the id of an earlier record."""
    lines = []
    for record in run.timeline:
        event = record.event
        told: dict[str, Any] = asdict(event) if is_dataclass(event) else {}
        row = {
            "id": record.id,
            "at_s": to_seconds(record.at),
            "actor": record.actor,
            "event": type(event).__name__,
            **_apart(told),
        }
        lines.append(json.dumps({**row, "cause": record.cause, "phase": record.phase}, ensure_ascii=False, default=str))
    return "\n".join(lines) + "\n"


def _apart(told: dict[str, Any]) -> dict[str, Any]:
    return {"with": told} if told else {}


def window_table(document: dict[str, Any], summary: Summary) -> str:
    """The leak windows as CSV."""
    from sim.measure.explain import clock

    run = summary.run
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("begin", "end", "begin_s", "end_s", "cause", "kinds", "flows", "bytes", "why"))
    for window, row in zip(summary.windows, document["windows"], strict=True):
        times = (clock(run, window.begin), clock(run, window.end), row["begin_s"], row["end_s"])
        writer.writerow((*times, row["cause"], row["kinds"], row["flows"], row["bytes"], clean(row["why"])))
    return text.getvalue()


def check_picture(path: Path) -> None:
    """Refuse a picture that could not be written, before anything is played.

    Raises
    ------
    ScenarioError
    """
    if path.suffix.lower() not in PICTURES:
        raise sim.ScenarioError(
            "--plot", str(path), f"found {path.suffix or 'no ending'!r}; allowed: {', '.join(PICTURES)}"
        )
    if path.is_dir():
        raise sim.ScenarioError("--plot", str(path), "this is a directory")
    if not path.parent.is_dir():
        raise sim.ScenarioError("--plot", str(path), f"there is no directory {str(path.parent)!r}")


def check_page(path: Path) -> None:
    """Refuse a page that could not be written, before anything is played.

    Raises
    ------
    ScenarioError
    """
    if path.suffix.lower() not in (".html", ".htm"):
        raise sim.ScenarioError("--out", str(path), f"found {path.suffix or 'no ending'!r}; allowed: .html")
    if path.is_dir():
        raise sim.ScenarioError("--out", str(path), "this is a directory")
    if not path.parent.is_dir():
        raise sim.ScenarioError("--out", str(path), f"there is no directory {str(path.parent)!r}")


def check_directory(path: Path) -> None:
    """Refuse a directory that could not be made, before anything is played.

    Raises
    ------
    ScenarioError
    """
    nearest = next(p for p in (path, *path.parents) if p.exists() or p == p.parent)
    if not nearest.is_dir():
        raise sim.ScenarioError("--out", str(path), f"{str(nearest)!r} is a file, not a directory")


def write(files: dict[Path, bytes]) -> None:
    """Write some files; their directory is made if it is missing.

    Raises
    ------
    ScenarioError
        If one cannot be written. Those before it are taken back.
    """
    done: list[Path] = []
    for path, content in files.items():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        except OSError as error:
            for before in done:
                before.unlink(missing_ok=True)
            raise sim.ScenarioError(str(path), "", f"cannot be written: {error.strerror or error}") from None
        done.append(path)


def everything(summary: Summary, document: dict[str, Any], into: Path, picture: bytes) -> dict[Path, bytes]:
    """What `--out` leaves: summary, timeline, windows and picture."""
    return {
        into / "summary.json": as_json(document).encode(),
        into / "timeline.jsonl": timeline_lines(summary.run).encode(),
        into / "windows.csv": window_table(document, summary).encode(),
        into / "timeline.png": picture,
    }
