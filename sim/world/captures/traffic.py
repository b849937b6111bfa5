"""Flows of a real phone, as a scenario plays them: when each was opened and closed, and what it carried when.

In a file they are CSV, a row for each burst, with what is known of its flow repeated in each of its rows; a flow that
carried nothing has one row whose last three cells are empty. Times are seconds since the scenario begins.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from io import StringIO
from ipaddress import ip_address
from itertools import groupby
from operator import itemgetter
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
    for _, rows in groupby(_rows(text), key=lambda row: row[1][_FLOW]):
        flows.append(_flow(list(rows)))
        if len(flows) > MOST_FLOWS:
            raise ValueError(f"more than {MOST_FLOWS:,} flows")
    return tuple(sorted(flows, key=lambda f: f.opened))


Row = tuple[int, tuple[str, ...]]
"""Its line, and its cells in the order of COLUMNS."""
_FLOW, _APP, _OPENED, _CLOSED, _AT, _UP, _DOWN = 0, 1, 8, 9, 10, 11, 12


def _rows(text: str) -> Iterator[Row]:
    table = csv.reader(StringIO(text), strict=True)
    try:
        headings = [h.strip() for h in next(table, [])]
        missing = [c for c in COLUMNS if c not in headings]
        if missing:
            raise ValueError(f"line 1: the column {missing[0]!r} is missing; expected: {','.join(COLUMNS)}")
        in_order = itemgetter(*(headings.index(c) for c in COLUMNS))
        count = 0
        for cells in table:
            if not cells:
                continue
            count += 1
            if count > MOST_ROWS:
                raise ValueError(f"more than {MOST_ROWS:,} rows")
            if len(cells) != len(headings):
                raise ValueError(f"line {table.line_num}: {len(cells)} cells; expected {len(headings)}")
            yield table.line_num, in_order(cells)
    except csv.Error as error:
        raise ValueError(f"line {table.line_num}: {error}") from None


def _flow(rows: list[Row]) -> CapturedFlow:
    line, cells = rows[0]
    opened, closed = _time(line, cells, _OPENED), _time(line, cells, _CLOSED)
    if closed <= opened:
        raise ValueError(f"line {line}: closed_s must be later than opened_s")
    for other, same in rows:
        if same[:_AT] != cells[:_AT]:
            column = next(c for c, a, b in zip(COLUMNS, same, cells, strict=True) if a != b)
            raise ValueError(f"line {other}: {column} differs from line {line} of the same flow")
    app = cells[_APP]
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
    if len(rows) == 1 and not any(rows[0][1][_AT:]):
        return
    before = opened
    for line, cells in rows:
        at = _time(line, cells, _AT)
        if not before <= at < closed:
            raise ValueError(f"line {line}: at_s must follow opened_s and the burst before, and precede closed_s")
        before = at
        yield Burst(at, _size(line, cells, _UP), _size(line, cells, _DOWN))


def _time(line: int, cells: tuple[str, ...], column: int) -> Instant:
    found = _TIME.fullmatch(cells[column].strip())
    at = int(found[1]) * SECOND + int((found[2] or "0").ljust(6, "0")) if found else LATEST + 1
    if at > LATEST:
        raise ValueError(f"line {line}: {COLUMNS[column]}: expected seconds with up to six decimals, at most a year")
    return at


def _size(line: int, cells: tuple[str, ...], column: int) -> Bytes:
    cell = cells[column].strip()
    if not _SIZE.fullmatch(cell) or int(cell) > MOST_IN_A_BURST:
        what = f"a whole number of bytes, at most {MOST_IN_A_BURST:,}"
        raise ValueError(f"line {line}: {COLUMNS[column]}: expected {what}")
    return int(cell)


def _one_of(line: int, cells: tuple[str, ...], column: str, allowed: tuple[str, ...]) -> str:
    cell = cells[COLUMNS.index(column)]
    if cell not in allowed:
        raise ValueError(f"line {line}: {column}: allowed are {', '.join(allowed)}")
    return cell


def _address(line: int, cells: tuple[str, ...]) -> str:
    cell = cells[COLUMNS.index("address")].strip()
    if not cell:
        return ""
    try:
        at = ip_address(cell)
    except ValueError:
        raise ValueError(f"line {line}: address: expected an IP address, or nothing") from None
    if f"v{at.version}" != cells[COLUMNS.index("family")] or "%" in cell:
        raise ValueError(f"line {line}: address and family contradict each other")
    return str(at)


def _domain(line: int, cells: tuple[str, ...]) -> str:
    cell = cells[COLUMNS.index("domain")].strip()
    if cell and (len(cell) > 253 or not _DOMAIN.fullmatch(cell)):
        raise ValueError(f"line {line}: domain: expected a name, or nothing")
    return cell
