"""From a file that somebody gave us to rows: what every reader of this folder shares.

A recording is untrusted. A file is read up to a limit, its lines and rows are counted, every number is tried against a
range, and times must not run backwards. Readers are pure: they see a :class:`Text`, never a file.
"""

from __future__ import annotations

import csv
import re
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import NoReturn

from sim.base.refusal import Refusal
from sim.base.units import DAY, SECOND, Duration, Instant
from sim.world.recordings.recording import NO_NETWORK, Rat, Recording, Row, laid_out, rat_of

MOST_BYTES = 20_000_000
"""Largest file that is read; a drive of an hour has some hundred kilobytes."""
MOST_LINES = 2_000_000
LONGEST_LINE = 65_536
"""[characters]; logs of Android's whole state have 11,000."""
MOST_ROWS = 200_000
"""Two days with a row a second."""
LONGEST = 30 * DAY
MOST_NAME = 80
"""Characters of a name: a cell, an SSID, a RAT."""
OUTAGE: Duration = SECOND
"""A recorder that sends all the time and hears nothing for so long has met an outage; anything shorter is loss and
delay. It is the resolution at which the scenarios' outage laws were measured."""

_NUMBER = re.compile(r"[+-]?(\d{1,18}(\.\d{0,30})?|\.\d{1,30})([eE][+-]?\d{1,3})?")
_EPOCH = datetime(2000, 1, 1)


class RecordingRefused(Refusal):
    """A recording that cannot be read, or not played: where, what was found and expected, and what to do."""

    def __init__(self, file: str, where: str, problem: str, hint: str = "") -> None:
        super().__init__(file, where, problem, hint)
        self.file, self.where, self.problem, self.hint = file, where, problem, hint

    def __str__(self) -> str:
        where = f"{self.file}: {self.where}: " if self.where else f"{self.file}: "
        return where + self.problem + (f"\n  {self.hint}" if self.hint else "")


def read_bytes(path: Path) -> bytes:
    """The content of a file.

    Raises
    ------
    RecordingRefused
        If there is none, it is no ordinary file, cannot be read, is empty, or larger than :data:`MOST_BYTES`.
    """
    file = shown(str(path), 300)
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise RecordingRefused(file, "", "this is not an ordinary file; a recording is a text file")
        with path.open("rb") as stream:
            raw = stream.read(MOST_BYTES + 1)
    except FileNotFoundError:
        raise RecordingRefused(file, "", "there is no such file") from None
    except PermissionError:
        raise RecordingRefused(file, "", "no permission to read it") from None
    except (OSError, ValueError) as wrong:
        raise RecordingRefused(file, "", f"cannot be read ({type(wrong).__name__})") from None
    if len(raw) > MOST_BYTES:
        raise RecordingRefused(file, "", f"larger than {MOST_BYTES // 1_000_000} MB", "Cut it into single drives.")
    if not raw.strip():
        raise RecordingRefused(file, "", "the file is empty")
    return raw


def shown(text: str, most: int = 60) -> str:
    """The text in one line without control characters, cut: fit for a message."""
    plain = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
    return plain if len(plain) <= most else plain[: most - 1] + "…"


@dataclass(frozen=True)
class Text:
    """A file as lines without their ends."""

    file: str
    lines: tuple[str, ...]

    def refuse(self, line: int, problem: str, hint: str = "") -> NoReturn:
        """Give up on this file; `line` counts from 1, 0 means the file as a whole."""
        raise RecordingRefused(self.file, f"line {line}" if line else "", problem, hint) from None


def as_text(raw: bytes, file: str) -> Text:
    """The lines of a file.

    Raises
    ------
    RecordingRefused
        If it is no text in UTF-8, or has too many lines or too long ones.
    """
    file = shown(file, 300)
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise RecordingRefused(file, "", "this is text in UTF-16; expected UTF-8", "Save it as UTF-8.")
    if b"\0" in raw:
        raise RecordingRefused(file, "", "the file contains NUL bytes; expected a text file in UTF-8")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise RecordingRefused(file, "", "this is not text in UTF-8", "Save it as UTF-8.") from None
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    while lines and not lines[-1].strip():
        lines.pop()
    if len(lines) > MOST_LINES:
        raise RecordingRefused(file, "", f"more than {MOST_LINES:,} lines", "Cut it into single drives.")
    for i, line in enumerate(lines, 1):
        if len(line) > LONGEST_LINE:
            raise RecordingRefused(file, f"line {i}", f"longer than {LONGEST_LINE:,} characters")
    return Text(file, tuple(lines))


# Tables ---------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Table:
    """A table with a row of headings."""

    text: Text
    headings: tuple[str, ...]
    delimiter: str

    def rows(self) -> Iterator[tuple[int, dict[str, str]]]:
        """Line number, and heading → cell without surrounding blanks; one after the other, as all may be many.

        Raises
        ------
        RecordingRefused
            If a row has not as many cells as there are headings, or there are too many rows.
        """
        width, count = len(self.headings), 0
        for line, cells in _split(self.text, self.delimiter):
            if line == 1 or not any(cells):
                continue
            if len(cells) < width or any(cells[width:]):
                self.text.refuse(line, f"{len(cells)} cells; expected {width}, one for each heading")
            if (count := count + 1) > MOST_ROWS:
                self.text.refuse(line, f"more than {MOST_ROWS:,} rows", "Cut it into single drives.")
            yield line, dict(zip(self.headings, map(str.strip, cells), strict=False))


def headings(text: Text) -> tuple[str, ...]:
    """The cells of the first line, split at tabs if it has any, and otherwise at commas."""
    first = text.lines[0] if text.lines else ""
    return tuple([cell.strip().strip('"') for cell in first.split(_delimiter(first))])


def table(text: Text) -> Table:
    """The file as a table.

    Raises
    ------
    RecordingRefused
        If a heading comes twice.
    """
    names = headings(text)
    if len(set(names)) < len(names):
        twice = next(name for i, name in enumerate(names) if name in names[:i])
        text.refuse(1, f"the column {shown(twice)!r} comes twice")
    return Table(text, names, _delimiter(text.lines[0]))


def _delimiter(line: str) -> str:
    return "\t" if "\t" in line else ","


def _split(text: Text, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Rows of cells with their lines."""
    reader = csv.reader(text.lines, delimiter=delimiter, strict=True)
    try:
        for cells in reader:
            yield reader.line_num, cells
    except csv.Error as wrong:
        text.refuse(reader.line_num, f"this is no row of a table: {wrong}", "Is a quotation mark left open?")


# Words and numbers ----------------------------------------------------------------------------------------------------


def number(word: str) -> float | None:
    """A number written with digits, or nothing."""
    return float(word) if len(word) <= 60 and _NUMBER.fullmatch(word) else None


def between(word: str, low: float, high: float) -> float | None:
    """A number if it is one in [low, high]; recorders write all sorts of things where they have none."""
    found = number(word)
    return found if found is not None and low <= found <= high else None


def rsrp(word: str) -> float | None:
    """An RSRP that a phone can report. [dBm]"""
    return between(word, -140.0, -40.0)


def seconds_in(text: Text, line: int, word: str) -> Instant:
    """A number of seconds, whatever it counts from. [µs]"""
    found = number(word)
    if found is None or abs(found) > 1e11:
        text.refuse(line, f"the time is {shown(word)!r}; expected a number of seconds")
    return round(found * SECOND)


def date_in(text: Text, line: int, word: str, form: str) -> Instant:
    """A date and time in a form of :meth:`datetime.strptime`. [µs since some day]"""
    try:
        return (datetime.strptime(word, form) - _EPOCH) // timedelta(microseconds=1)
    except (ValueError, OverflowError):
        text.refuse(
            line, f"the time is {shown(word)!r}; expected one such as {datetime(2020, 1, 31, 8, 5).strftime(form)}"
        )


# The recording --------------------------------------------------------------------------------------------------------


def recording(
    text: Text,
    kind: str,
    rows: Sequence[tuple[int, Row]],
    *,
    resolution: Duration,
    end: Instant | None = None,
    notes: Sequence[str] = (),
) -> Recording:
    """The recording that rows make, each with its line.

    Parameters
    ----------
    resolution : what the file's clock counts in. Rows of one instant are spread evenly over it
    end : when it is over, in the file's time. Default: the last row lasts as long as rows usually do

    Raises
    ------
    RecordingRefused
        If there are fewer than two moments, they are out of order, too far apart, or a name is unknown or too long.
    """
    if len({row.at for _, row in rows}) < 2:
        text.refuse(0, "there are not two moments in it", "A recording needs rows that follow each other in time.")
    first, before = rows[0][1].at, rows[0][1].at
    for line, row in rows:
        if row.at < before:
            text.refuse(
                line, "the time runs backwards", "Sort the rows by time, or cut the file where another drive begins."
            )
        if row.at - first > LONGEST:
            text.refuse(
                line,
                f"more than {LONGEST // DAY} days after the first row",
                "Is the time in the unit that is expected?",
            )
        before = row.at
        _check_names(text, line, row)
    at = spread([row.at - first for _, row in rows], resolution)
    until = _usual_end(at) if end is None else end - first
    return laid_out(kind, [row._replace(at=t) for t, (_, row) in zip(at, rows, strict=True)], until, notes)


def _usual_end(at: Sequence[Instant]) -> Instant:
    """Until when the last row holds: as long as rows usually do."""
    steps = sorted(b - a for a, b in pairwise(at))
    return at[-1] + steps[len(steps) // 2]


def _check_names(text: Text, line: int, row: Row) -> None:
    for name in (row.rat, row.cell, row.wifi):
        if name is not None and (len(name) > MOST_NAME or not name.isprintable()):
            text.refuse(line, f"found the name {shown(name)!r}; expected up to {MOST_NAME} printable characters")
    if row.rat not in (None, NO_NETWORK) and rat_of(row.rat or "") is None:
        known = ", ".join(rat.name for rat in Rat)
        text.refuse(line, f"unknown RAT {shown(row.rat or '')!r}", f"Known are {known}, and their usual other names.")


def spread(at: Sequence[Instant], resolution: Duration) -> list[Instant]:
    """Instants that strictly ascend: those that are equal share the resolution of the clock, or the time to the next.

    Parameters
    ----------
    at : ascending, perhaps with repetitions. [µs]
    """
    found: list[Instant] = []
    for now, count, room in _groups(at, resolution):
        found += [max(now + room * i // count, found[-1] + 1 if found else 0) for i in range(count)]
    return found


def _groups(at: Sequence[Instant], resolution: Duration) -> Iterator[tuple[Instant, int, Duration]]:
    """Each instant, how often it comes, and the time that is its own."""
    begin = 0
    for i in range(1, len(at) + 1):
        if i == len(at) or at[i] != at[begin]:
            room = resolution if i == len(at) else min(resolution, at[i] - at[begin])
            yield at[begin], i - begin, room
            begin = i
