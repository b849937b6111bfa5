"""Two operators on one drive, with each handover's beginning and end (NUWiNS' multi-carrier data set).

A row each half second, and one for each beginning (``Start``) and end (``End``) of a handover; columns of the first
operator end in ``_x``, those of the second in ``_y``. Rows were joined by the first one's clock, so each operator's are
put in the order of its own, and rows without its time are not its. The handovers' own interruption is the model's.

Follows: the headings of the data set's aligned files (PAM 2025).
"""

from __future__ import annotations

from sim.base.units import MILLISECOND
from sim.world.recordings import reading
from sim.world.recordings.reading import Text
from sim.world.recordings.recording import Recording, Row

KIND = "two operators, aligned (PAM 2025)"
_HEADINGS = {"TIME_STAMP_x", "modified_tech_x", "handover_status_x", "TIME_STAMP_y", "modified_tech_y"}


def looks_like_it(text: Text) -> bool:
    """Whether it has the headings of both operators."""
    return set(reading.headings(text)) >= _HEADINGS


def read(text: Text, part: str = "") -> Recording:
    """The recording of one operator: `part` is ``x`` (the default) or ``y``."""
    operator = part or "x"
    if operator not in ("x", "y"):
        text.refuse(0, f"there is no operator {reading.shown(operator)!r} in it", "There are x and y.")
    table = reading.table(text)
    rows, cell = [], 1
    own = [
        (reading.seconds_in(text, line, cells[f"TIME_STAMP_{operator}"]), line, cells)
        for line, cells in table.rows()
        if cells[f"TIME_STAMP_{operator}"]
    ]
    for at, line, cells in sorted(own, key=lambda row: row[0]):
        cell += cells.get(f"handover_status_{operator}") == "Start"
        rate = reading.between(cells.get(f"DLtput_{operator}", ""), 0.001, 100_000.0)
        rat = cells[f"modified_tech_{operator}"] or None
        rows.append((line, Row(at, rat=rat, cell=str(cell), rate_down_mbps=rate)))
    notes = (f"operator {operator} of x, y", "cells are numbered: each handover begins a new one")
    return reading.recording(text, KIND, rows, resolution=MILLISECOND, notes=notes)
