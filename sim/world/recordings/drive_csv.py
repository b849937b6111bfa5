"""Our own format: a CSV file with units in its headings, of which only ``t_s`` is required.

Written by ``leakwindow import``, by a spreadsheet, or by hand. An empty cell means: as in the row before. A last row
with nothing but its time says how long the one before it holds. ``docs/reference/recordings.md`` describes each column.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import replace
from io import StringIO
from typing import Any

from sim.base.units import SECOND, Instant
from sim.world.recordings import reading
from sim.world.recordings.reading import Text
from sim.world.recordings.recording import COLUMNS, NO_NETWORK, Recording, Row

KIND = "a drive in LeakWindow's CSV"
TIME = "t_s"
NONE = "-"
"""In a cell: no network."""
HEADINGS = {
    "rat": "rat",
    "cell": "cell",
    "rsrp_dbm": "rsrp_dbm",
    "cellular_works": "cellular_works",
    "wifi": "wifi_ssid",
    "wifi_works": "wifi_works",
    "rate_down_mbps": "rate_down_mbps",
    "rtt_ms": "rtt_ms",
    "loss": "loss",
}
"""Column of a recording → heading in a file."""
RANGES = {
    "rsrp_dbm": (-140.0, -40.0),
    "rate_down_mbps": (0.001, 100_000.0),
    "rtt_ms": (0.0, 60_000.0),
    "loss": (0.0, 1.0),
}
_FLAGS = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}

Cell = tuple[Text, int, str, str]
"""Where a cell stands, its heading, and what is in it."""


def looks_like_it(text: Text) -> bool:
    """Whether the first heading is ours, or all are."""
    found = reading.headings(text)
    return TIME in found and (found[0] == TIME or set(found) <= {TIME, *HEADINGS.values()})


def read(text: Text) -> Recording:
    """The recording in a file of this format."""
    table = reading.table(text)
    known = {heading: column for column, heading in HEADINGS.items()}
    for heading in table.headings:
        if heading != TIME and heading not in known:
            text.refuse(1, f"unknown column {reading.shown(heading)!r}", f"Known are {TIME}, {', '.join(known)}.")
    rows: list[tuple[int, Row]] = []
    for line, cells in table.rows():
        at = reading.seconds_in(text, line, cells[TIME])
        if rows and at == rows[-1][1].at:
            text.refuse(line, f"{TIME} is the same as in the row before", "Give each row a moment of its own.")
        said = {
            known[heading]: _READERS[known[heading]]((text, line, heading, word))
            for heading, word in cells.items()
            if heading != TIME and word
        }
        rows.append((line, Row(at, **said)))
    found = reading.recording(text, KIND, rows, resolution=SECOND)
    return _closed(found) if _says_nothing(rows[-1][1]) else found


def write(recording: Recording) -> str:
    """The file of this format that reads back to the same columns."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    columns = [(name, values) for name in COLUMNS if (values := getattr(recording, name)) is not None]
    writer.writerow([TIME, *(HEADINGS[name] for name, _ in columns)])
    for i, at in enumerate(recording.at):
        writer.writerow([_seconds(at), *(_written(values[i]) for _, values in columns)])
    writer.writerow([_seconds(recording.end), *("" for _ in columns)])
    return text.getvalue()


def _says_nothing(row: Row) -> bool:
    return all(value is None for value in row[1:])


def _closed(found: Recording) -> Recording:
    """Without its last row, which only says when the one before it ends."""
    columns = {name: values[:-1] for name in COLUMNS if (values := getattr(found, name)) is not None}
    return replace(found, at=found.at[:-1], end=found.at[-1], **columns)


def _number(low: float, high: float) -> Callable[[Cell], float]:
    def read_it(cell: Cell) -> float:
        text, line, heading, word = cell
        found = reading.between(word, low, high)
        if found is None:
            text.refuse(line, f"{heading} is {reading.shown(word)!r}; expected a number from {low:g} to {high:g}")
        return found

    return read_it


def _flag(cell: Cell) -> bool:
    text, line, heading, word = cell
    if word.lower() not in _FLAGS:
        text.refuse(line, f"{heading} is {reading.shown(word)!r}; expected yes or no")
    return _FLAGS[word.lower()]


def _name(cell: Cell) -> str:
    return NO_NETWORK if cell[3] == NONE else cell[3]


_READERS: dict[str, Callable[[Cell], Any]] = {
    **dict.fromkeys(("rat", "cell", "wifi"), _name),
    **dict.fromkeys(("cellular_works", "wifi_works"), _flag),
    **{column: _number(low, high) for column, (low, high) in RANGES.items()},
}


def _seconds(at: Instant) -> str:
    """Microseconds as seconds, exactly."""
    whole, rest = divmod(at, SECOND)
    return f"{whole}.{rest:06d}".rstrip("0").rstrip(".")


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    return value or NONE
