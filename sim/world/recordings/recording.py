"""A recorded drive as the model plays it: one row for each moment, whatever program wrote the file.

A column that a file does not have is None, and then the scenario's stays say it. What a row leaves out is as it was in
the row before.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache
from math import isnan, nan
from typing import Any, NamedTuple, TypeVar

from sim.base.units import Duration, Instant

T = TypeVar("T")


class Rat(StrEnum):
    """Radio access technologies, as far as radios differ in the model."""

    GSM = "gsm"
    UMTS = "umts"
    LTE = "lte"
    NSA = "nsa"
    SA = "sa"


NO_NETWORK = ""
"""What stands for no cellular or no Wi-Fi network."""

_WORDS: tuple[tuple[Rat, str], ...] = (
    (Rat.LTE, "LTE 4G"),
    (Rat.SA, "SA"),
    (Rat.NSA, "NSA 5G NR MMWAVE ENDC"),
    # MODEL: EV-DO is played as UMTS. Bias: its states and tails are other ones.
    (Rat.UMTS, "UMTS WCDMA HSPA HSPA+ HSPAP HSDPA HSUPA 3G EVDO EV CDMA"),
    (Rat.GSM, "GSM GPRS EDGE 2G 1XRTT"),
)


@lru_cache(1000)
def rat_of(word: str) -> Rat | None:
    """The RAT that a recorder's word means ("HSPA+", "LTE-A", "SA 5G"), or nothing if the word is unknown."""
    parts = set(re.findall(r"[A-Z0-9+]+", word.upper()))
    return next((rat for rat, known in _WORDS if parts & set(known.split())), None)


class Row(NamedTuple):
    """One moment of a recording; None is what its file does not say of it."""

    at: Instant
    rat: str | None = None
    """In the recorder's own word; :data:`NO_NETWORK` without service."""
    cell: str | None = None
    """Whatever tells one cell from the next."""
    rsrp_dbm: float | None = None
    cellular_works: bool | None = None
    """Whether packets pass, while there is service."""
    wifi: str | None = None
    """SSID of the network that the phone is joined to; :data:`NO_NETWORK` without one."""
    wifi_works: bool | None = None
    rate_down_mbps: float | None = None
    """What the cellular network could carry."""
    rtt_ms: float | None = None
    """Round trip over the cellular network."""
    loss: float | None = None
    """On the cellular network, per packet and direction."""


@dataclass(frozen=True)
class Recording:
    """A drive. All columns have the length of `at`."""

    kind: str
    """What wrote it, for people."""
    at: tuple[Instant, ...]
    """Ascending; the first is 0. [µs]"""
    end: Instant
    """How long it is: until then the last row holds. [µs]"""
    rat: tuple[str, ...] | None = None
    cell: tuple[str, ...] | None = None
    rsrp_dbm: tuple[float, ...] | None = None
    cellular_works: tuple[bool, ...] | None = None
    wifi: tuple[str, ...] | None = None
    wifi_works: tuple[bool, ...] | None = None
    rate_down_mbps: tuple[float, ...] | None = None
    rtt_ms: tuple[float, ...] | None = None
    loss: tuple[float, ...] | None = None
    notes: tuple[str, ...] = ()
    """What a user should know about this reading."""

    def changes(self, column: Sequence[T] | None) -> list[tuple[Instant, T]]:
        """What a column says, from when on: its first value, and each that differs from the one before."""
        if column is None:
            return []
        return [
            (at, value)
            for i, (at, value) in enumerate(zip(self.at, column, strict=True))
            if i == 0 or value != column[i - 1]
        ]

    def cut(self, begin: Instant, until: Instant | None) -> Recording:
        """The part in [begin, until), beginning at 0 again. 0 <= begin < end, and begin < until."""
        end = self.end if until is None else min(until, self.end)
        first = max(i for i, at in enumerate(self.at) if at <= begin)
        kept = [i for i in range(first, len(self.at)) if self.at[i] < end]
        return self._taken(kept, [max(self.at[i] - begin, 0) for i in kept], end - begin)

    def repeated(self, times: int) -> Recording:
        """The drive again and again. 1 <= times."""
        rows = range(len(self.at))
        at = [round_ * self.end + self.at[i] for round_ in range(times) for i in rows]
        return self._taken([*rows] * times, at, times * self.end)

    def _taken(self, rows: Sequence[int], at: Sequence[Instant], end: Duration) -> Recording:
        columns: dict[str, Any] = {
            name: tuple([values[i] for i in rows]) for name in COLUMNS if (values := getattr(self, name)) is not None
        }
        return replace(self, at=tuple(at), end=end, **columns)


COLUMNS = Row._fields[1:]


def laid_out(kind: str, rows: Sequence[Row], end: Instant, notes: Sequence[str] = ()) -> Recording:
    """Rows as columns; what a row leaves out is filled in from the one before, or from the first that says it.

    Parameters
    ----------
    rows : at least one; their instants ascend from 0
    end : behind the last of them. [µs]
    """
    columns = {name: tuple(filled) for name in COLUMNS if (filled := _filled([getattr(r, name) for r in rows]))}
    return Recording(kind, tuple([row.at for row in rows]), end, **columns, notes=tuple(notes))


def _filled(values: Sequence[T | None]) -> list[T]:
    """Nothing, if nothing is said at all."""
    last = next((value for value in values if value is not None), None)
    found: list[T] = []
    for value in values:
        last = last if value is None else value
        if last is None:
            return []
        found.append(last)
    return found


def median(values: Sequence[float]) -> float:
    """The middle one; not a number if there is none."""
    ordered = sorted(v for v in values if not isnan(v))
    return ordered[len(ordered) // 2] if ordered else nan
