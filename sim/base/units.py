"""Time and sizes: integers inside, text with a unit in files.

Time is a whole number of microseconds since the scenario began. Integers make a run exact: spans tile, bytes and
energy add up, and the same seed gives the same bytes on every machine. Floats appear only in faces.
"""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, PlainSerializer, WithJsonSchema

Instant = int
"""A point in time. [µs since the scenario's start]"""
Duration = int
"""A length of time. [µs]"""
Bytes = int
"""A size. [bytes]"""

NEVER: Instant = 2**62
"""Later than any horizon, and still safe to add to."""

MICROSECOND: Duration = 1
MILLISECOND: Duration = 1_000
SECOND: Duration = 1_000_000
MINUTE: Duration = 60 * SECOND
HOUR: Duration = 60 * MINUTE
DAY: Duration = 24 * HOUR

_TIME_UNITS = {"us": 1, "µs": 1, "ms": MILLISECOND, "s": SECOND, "min": MINUTE, "h": HOUR, "d": DAY}
_SIZE_UNITS = {"B": 1, "kB": 1_000, "MB": 1_000_000, "GB": 1_000_000_000, "KiB": 1 << 10, "MiB": 1 << 20}
_NUMBER_AND_UNIT = re.compile(r"([+-]?\d+(?:\.\d+)?)\s*([A-Za-zµ]+)")


def seconds(value: float) -> Duration:
    """A duration in microseconds from seconds [s], rounded to the nearest one."""
    return round(value * SECOND)


def minutes(value: float) -> Duration:
    """A duration in microseconds from minutes [min]."""
    return round(value * MINUTE)


def hours(value: float) -> Duration:
    """A duration in microseconds from hours [h]."""
    return round(value * HOUR)


def to_seconds(duration: Duration) -> float:
    """Seconds [s] from microseconds, for people and for files."""
    return duration / SECOND


def _read(text: str, units: dict[str, int], example: str, *, whole: bool) -> int:
    """Add up "1 h 30 min"-like text; each part is a number and a unit."""
    cleaned = text.strip()
    parts = _NUMBER_AND_UNIT.findall(cleaned)
    if not parts or _NUMBER_AND_UNIT.sub("", cleaned).strip():
        raise ValueError(f'expected a number with a unit, such as "{example}"')
    total = Decimal(0)
    for number, unit in parts:
        if unit not in units:
            raise ValueError(f"unknown unit {unit!r}; allowed: {', '.join(units)}")
        try:
            total += Decimal(number) * units[unit]
        except InvalidOperation:
            raise ValueError(f"cannot read the number {number!r}") from None
    if whole and total != total.to_integral_value():
        raise ValueError("the size is not a whole number of bytes")
    if abs(total) > 10**17:
        raise ValueError("the value is too large")
    return int(total.to_integral_value())


def read_duration(value: Any) -> Duration:
    """Read "250 ms", "30 s", "1 h 30 min"; an integer is taken as microseconds already read.

    Raises
    ------
    ValueError
        Without a unit, with an unknown unit, negative, or out of range.
    """
    if isinstance(value, bool | float):
        raise ValueError('a duration needs a unit, such as "30 s"')
    if isinstance(value, int):
        raise ValueError(f'a duration needs a unit; did you mean "{value} s"?')
    if not isinstance(value, str):
        raise ValueError('expected a duration, such as "30 s"')
    duration = _read(value, _TIME_UNITS, "30 s", whole=False)
    if duration < 0:
        raise ValueError("a duration cannot be negative")
    return duration


def write_duration(duration: Duration) -> str:
    """The shortest text that :func:`read_duration` reads back to the same value."""
    if duration == 0:
        return "0 s"
    for unit in ("d", "h", "min", "s", "ms"):
        if duration % _TIME_UNITS[unit] == 0:
            return f"{duration // _TIME_UNITS[unit]} {unit}"
    return f"{duration} us"


def read_size(value: Any) -> Bytes:
    """Read "1.5 MB", "512 KiB", "100 B".

    Raises
    ------
    ValueError
        Without a unit, with an unknown unit, negative, or not a whole number of bytes.
    """
    if isinstance(value, int | float):
        raise ValueError(f'a size needs a unit; did you mean "{value} B"?')
    if not isinstance(value, str):
        raise ValueError('expected a size, such as "1.5 MB"')
    size = _read(value, _SIZE_UNITS, "1.5 MB", whole=True)
    if size < 0:
        raise ValueError("a size cannot be negative")
    return size


def write_size(size: Bytes) -> str:
    """The shortest text that :func:`read_size` reads back to the same value."""
    for unit in ("GB", "MB", "kB"):
        if size and size % _SIZE_UNITS[unit] == 0:
            return f"{size // _SIZE_UNITS[unit]} {unit}"
    return f"{size} B"


DurationField = Annotated[
    int,
    BeforeValidator(read_duration),
    PlainSerializer(write_duration, return_type=str),
    WithJsonSchema({"type": "string", "title": "duration", "examples": ["250 ms", "30 s", "1 h 30 min"]}),
]
"""A duration in a file: text with a unit."""

SizeField = Annotated[
    int,
    BeforeValidator(read_size),
    PlainSerializer(write_size, return_type=str),
    WithJsonSchema({"type": "string", "title": "size", "examples": ["100 B", "1.5 MB"]}),
]
"""A size in a file: text with a unit."""

Share = Annotated[float, Field(ge=0.0, le=1.0)]
"""A probability or a share, from 0 to 1."""
