"""A walk that was measured on Wi-Fi and on cellular at once: two files, ``…_wifi.csv`` and ``…_cellular.csv``.

Each line holds a number of seconds and the bytes received in that second by a bulk transfer. The bytes say when Wi-Fi
faded out and came back: after a second without a packet's worth it does not work.

Follows: the files of aydini/MP-Traces.
"""

from __future__ import annotations

import re

from sim.base.units import SECOND, Instant
from sim.world.recordings import reading
from sim.world.recordings.reading import Text
from sim.world.recordings.recording import Recording, Row

KIND = "a walk on Wi-Fi and cellular (MP-Traces)"
SSID = "recorded Wi-Fi"
_LINE = re.compile(r"\s*(\d{1,7}(?:\.\d{1,6})?)\s*,\s*(\d{1,12})\s*")
_LEAST = 10_000
"""Bytes of a second in which a bulk transfer still moves. Below it there are only retransmissions, a packet each."""


def looks_like_it(text: Text) -> bool:
    """Whether the first lines are pairs of a time and a whole number, without headings."""
    return len(text.lines) > 1 and all(_LINE.fullmatch(line) for line in text.lines[:20])


def partner(name: str) -> str | None:
    """The name of the other file of a pair, or nothing if the name does not tell."""
    for one, other in (("_wifi", "_cellular"), ("_cellular", "_wifi")):
        stem, dot, ending = name.rpartition(".")
        if dot and stem.endswith(one):
            return f"{stem.removesuffix(one)}{other}.{ending}"
    return None


def read(wifi: Text, cellular: Text) -> Recording:
    """The recording in both files. Seconds that only one of them has are left out."""
    over_wifi, over_cellular = _bytes(wifi), _bytes(cellular)
    rows = []
    for at, (line, size) in over_wifi.items():
        if at in over_cellular:
            carried = over_cellular[at][1]
            rate = carried * 8 / 1e6 if carried >= _LEAST else None
            row = Row(at, cellular_works=carried >= _LEAST, wifi=SSID, wifi_works=size >= _LEAST, rate_down_mbps=rate)
            rows.append((line, row))
    # MODEL: the phone stays joined to a Wi-Fi that faded out. Bias: its path returns without a new association.
    notes = ("bytes per second only: the phone is taken to stay joined to the Wi-Fi, which works or does not",)
    return reading.recording(wifi, KIND, rows, resolution=SECOND, notes=notes)


def _bytes(text: Text) -> dict[Instant, tuple[int, int]]:
    """Instant → line, and bytes of that second."""
    found: dict[Instant, tuple[int, int]] = {}
    before = -1
    for line, words in enumerate(text.lines, 1):
        cells = _LINE.fullmatch(words)
        if cells is None:
            text.refuse(line, f"found {reading.shown(words)!r}; expected a number of seconds, a comma, and bytes")
        if line > reading.MOST_ROWS:
            text.refuse(line, f"more than {reading.MOST_ROWS:,} rows")
        at = reading.seconds_in(text, line, cells[1])
        if at <= before:
            text.refuse(line, "the time runs backwards, or stands still")
        found[at] = (line, int(cells[2]))
        before = at
    return found
