"""Files of the mobility study of 2022. One is a course of time: power, cells and network of six drives, once a second.

All others are distributions (durations of handovers, distances between them): there is nothing to play in them.

Follows: A. Hassan et al., Vivisecting Mobility Management in 5G Cellular Networks (2022), and its artifact's files.
"""

from __future__ import annotations

from sim.base.units import SECOND
from sim.world.recordings import reading
from sim.world.recordings.reading import Text
from sim.world.recordings.recording import Recording, Row

KIND = "5G mobility study (SIGCOMM 2022)"
_SERIES = {"time_since_start", "pci", "network", "handoffType", "run_number"}
_DISTRIBUTIONS = (
    {"HO", "MR", "RCH", "FULL"},
    {"distance_ho"},
    {"ho_duration"},
    {"time_since_start", "hw_avg_power", "type"},
)


def looks_like_it(text: Text) -> bool:
    """Whether it has the headings of one of the artifact's tables."""
    found = set(reading.headings(text))
    return any(wanted <= found for wanted in (_SERIES, *_DISTRIBUTIONS))


def read(text: Text, part: str = "") -> Recording:
    """The recording in the table of drives; `part` is the number of one, and the first is the default."""
    table = reading.table(text)
    if not set(table.headings) >= _SERIES:
        text.refuse(
            0,
            "this file is a distribution, not a course of time: nothing in it can be played",
            "Of this artifact, handoff-energy_combined.csv is one.",
        )
    runs = list(dict.fromkeys(cells["run_number"] for _, cells in table.rows()))
    chosen = part or next(iter(runs), "")
    if chosen not in runs:
        text.refuse(0, f"there is no drive {reading.shown(chosen)!r} in it", f"There are {', '.join(runs[:20])}.")
    rows, cell = [], 1
    for line, cells in table.rows():
        if cells["run_number"] == chosen:
            cell += cells["handoffType"] not in ("", "0")
            at = reading.seconds_in(text, line, cells["time_since_start"])
            rows.append((line, Row(at, rat=cells["network"], cell=str(cell))))
    notes = (
        f"drive {reading.shown(chosen)} of {len(runs)}: {', '.join(map(reading.shown, runs[:20]))}",
        "cells are numbered: each handover of either leg begins a new one",
    )
    return reading.recording(text, KIND, rows, resolution=SECOND, notes=notes)
