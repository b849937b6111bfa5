"""Flows of a real phone, as a scenario plays them: when each was opened and closed, and what it carried when.

In a file they are CSV, a row for each burst, with what is known of its flow repeated in each of its rows; a flow that
carried nothing has one row whose last three cells are empty. Times are seconds since the scenario begins.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from io import StringIO
from ipaddress import ip_address
from itertools import groupby
from typing import NamedTuple

from sim.base.units import DAY, SECOND, Bytes, Instant

COLUMNS = (
    "flow", "app", "transport", "family", "destination", "address", "domain", "clear_text", "opened_s", "closed_s",
    "at_s", "up_bytes", "down_bytes",
)  # fmt: skip
TRANSPORTS = ("tcp", "udp", "udp-unconnected", "quic")
FAMILIES = ("v4", "v6")
DESTINATIONS = ("internet", "local", "apple", "apns", "carrier", "device", "watch", "link", "resolver")
MOST_ROWS = 1_000_000
MOST_FLOWS = 200_000
LATEST: Instant = 366 * DAY
MOST_IN_A_BURST: Bytes = 10**12
_TIME = re.compile(r"([0-9]{1,8})(?:\.([0-9]{1,6}))?")
_SIZE = re.compile(r"[0-9]{1,13}")
_DOMAIN = re.compile(r"[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*")


class Burst(NamedTuple):
    """What a flow carried at an instant."""

    at: Instant
    up: Bytes
    down: Bytes


class CapturedFlow(NamedTuple):
    """One socket of a real phone. The fields mean what they do in :class:`sim.world.scenario.Sockets`."""

    app: str
    transport: str
    family: str
    destination: str
    address: str
    domain: str
    clear_text: bool
    opened: Instant
    closed: Instant
    bursts: tuple[Burst, ...]
    """In order of time, all of them before it is closed."""

    @property
    def kind(self) -> tuple[str, str, str, str, str, str, bool]:
        """What it has in common with all flows of its kind."""
        return self[:7]


Traffic = tuple[CapturedFlow, ...]
"""In order of time of their opening."""


def write(traffic: Traffic) -> str:
    """The traffic as CSV."""
    text = StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(COLUMNS)
    for number, f in enumerate(traffic):
        head = (number, *f[:6], int(f.clear_text), _written(f.opened), _written(f.closed))
        if not f.bursts:
            table.writerow((*head, "", "", ""))
        for at, up, down in f.bursts:
            table.writerow((*head, _written(at), up, down))
    return text.getvalue()


def _written(at: Instant) -> str:
    return f"{at // SECOND}.{at % SECOND:06d}"


def read(text: str) -> Traffic:
    """The traffic in a CSV text.

    Raises
    ------
    ValueError
        What is wrong in which line, and what is allowed.
    """
    flows = []
    for _, rows in groupby(_rows(text), key=lambda row: row[1]["flow"]):
        flows.append(_flow(list(rows)))
        if len(flows) > MOST_FLOWS:
            raise ValueError(f"more than {MOST_FLOWS:,} flows")
    return tuple(sorted(flows, key=lambda f: f.opened))


Row = tuple[int, dict[str, str]]
"""Its line, and its cells by heading."""


def _rows(text: str) -> Iterator[Row]:
    table = csv.reader(StringIO(text), strict=True)
    try:
        headings = [h.strip() for h in next(table, [])]
        missing = [c for c in COLUMNS if c not in headings]
        if missing:
            raise ValueError(f"line 1: the column {missing[0]!r} is missing; expected: {','.join(COLUMNS)}")
        count = 0
        for cells in table:
            if not cells:
                continue
            count += 1
            if count > MOST_ROWS:
                raise ValueError(f"more than {MOST_ROWS:,} rows")
            if len(cells) != len(headings):
                raise ValueError(f"line {table.line_num}: {len(cells)} cells; expected {len(headings)}")
            yield table.line_num, dict(zip(headings, cells, strict=True))
    except csv.Error as error:
        raise ValueError(f"line {table.line_num}: {error}") from None


def _flow(rows: list[Row]) -> CapturedFlow:
    line, cells = rows[0]
    opened, closed = _time(line, cells, "opened_s"), _time(line, cells, "closed_s")
    if closed <= opened:
        raise ValueError(f"line {line}: closed_s must be later than opened_s")
    for other, same in rows[1:]:
        for column in COLUMNS[1:-3]:
            if same[column] != cells[column]:
                raise ValueError(f"line {other}: {column} differs from line {line} of the same flow")
    app = cells["app"]
    if not 1 <= len(app) <= 80:
        raise ValueError(f"line {line}: app must have 1 to 80 characters")
    return CapturedFlow(
        app=app,
        transport=_one_of(line, cells, "transport", TRANSPORTS),
        family=_one_of(line, cells, "family", FAMILIES),
        destination=_one_of(line, cells, "destination", DESTINATIONS),
        address=_address(line, cells),
        domain=_domain(line, cells),
        clear_text=_one_of(line, cells, "clear_text", ("0", "1")) == "1",
        opened=opened,
        closed=closed,
        bursts=tuple(_bursts(rows, opened, closed)),
    )


def _bursts(rows: list[Row], opened: Instant, closed: Instant) -> Iterator[Burst]:
    before = opened
    for line, cells in rows:
        if len(rows) == 1 and not any(cells[c] for c in COLUMNS[-3:]):
            return
        at = _time(line, cells, "at_s")
        if not before <= at < closed:
            raise ValueError(f"line {line}: at_s must follow opened_s and the burst before, and precede closed_s")
        before = at
        yield Burst(at, _size(line, cells, "up_bytes"), _size(line, cells, "down_bytes"))


def _time(line: int, cells: dict[str, str], column: str) -> Instant:
    found = _TIME.fullmatch(cells[column].strip())
    at = int(found[1]) * SECOND + int((found[2] or "0").ljust(6, "0")) if found else LATEST + 1
    if at > LATEST:
        raise ValueError(f"line {line}: {column}: expected seconds with up to six decimals, at most a year")
    return at


def _size(line: int, cells: dict[str, str], column: str) -> Bytes:
    cell = cells[column].strip()
    if not _SIZE.fullmatch(cell) or int(cell) > MOST_IN_A_BURST:
        raise ValueError(f"line {line}: {column}: expected a whole number of bytes, at most {MOST_IN_A_BURST:,}")
    return int(cell)


def _one_of(line: int, cells: dict[str, str], column: str, allowed: Iterable[str]) -> str:
    if cells[column] not in allowed:
        raise ValueError(f"line {line}: {column}: allowed are {', '.join(allowed)}")
    return cells[column]


def _address(line: int, cells: dict[str, str]) -> str:
    cell = cells["address"].strip()
    if not cell:
        return ""
    try:
        at = ip_address(cell)
    except ValueError:
        raise ValueError(f"line {line}: address: expected an IP address, or nothing") from None
    if f"v{at.version}" != cells["family"] or "%" in cell:
        raise ValueError(f"line {line}: address and family contradict each other")
    return str(at)


def _domain(line: int, cells: dict[str, str]) -> str:
    cell = cells["domain"].strip()
    if cell and (len(cell) > 253 or not _DOMAIN.fullmatch(cell)):
        raise ValueError(f"line {line}: domain: expected a name, or nothing")
    return cell
