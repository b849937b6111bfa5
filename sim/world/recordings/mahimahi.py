"""mahimahi's link traces: a line for each moment (in ms) at which the link could carry a packet of 1500 bytes.

A gap of a second is an outage; otherwise the packets of each second are its rate. A trace knows no signal, no cells and
no RAT. Like mahimahi itself, a short trace can be played again and again.

Follows: README of mahimahi's traces; K. Winstein, A. Sivaraman, H. Balakrishnan (NSDI 2013).
"""

from __future__ import annotations

from collections import Counter

from sim.base.units import MILLISECOND, SECOND, Instant
from sim.world.recordings import reading
from sim.world.recordings.reading import OUTAGE, Text
from sim.world.recordings.recording import Recording, Row

KIND = "mahimahi link trace"
PACKET = 1500
"""[bytes]"""
_LONGEST = 3600 * 24 * 1000
"""[ms]"""


def looks_like_it(text: Text) -> bool:
    """Whether the first lines are whole numbers and nothing else."""
    return len(text.lines) > 1 and all(_is_whole(line) for line in text.lines[:20])


def _is_whole(line: str) -> bool:
    return line.isascii() and line.isdigit() and len(line) < 12


def read(text: Text) -> Recording:
    """The recording in a trace of one direction."""
    times: list[int] = []
    for line, word in enumerate(text.lines, 1):
        if not _is_whole(word) or int(word) > _LONGEST:
            text.refuse(line, f"found {reading.shown(word)!r}; expected milliseconds, up to a day, as a whole number")
        times.append(int(word))
        if len(times) > 1 and times[-1] < times[-2]:
            text.refuse(line, "the time runs backwards")
    packets = Counter(at // 1000 for at in times)
    gaps = [(a, b) for a, b in zip([-1, *times], times, strict=False) if (b - a) * MILLISECOND >= OUTAGE]
    works: dict[Instant, bool] = {0: True}
    for begin, end in gaps:  # the link works in the millisecond of a packet
        works |= {(begin + 1) * MILLISECOND: False, end * MILLISECOND: True}
    seconds = range(times[-1] // 1000)
    rows = []
    for at in sorted({*works, *(second * SECOND for second in seconds)}):
        count = packets[at // SECOND] if at // SECOND in seconds else 0  # the last second is not whole
        rows.append((0, Row(at, cellular_works=works.get(at), rate_down_mbps=count * PACKET * 8 / 1e6 or None)))
    notes = ("a link trace has no RAT, no cells and no signal: these are the scenario's",)
    return reading.recording(text, KIND, rows, resolution=MILLISECOND, end=(times[-1] + 1) * MILLISECOND, notes=notes)
