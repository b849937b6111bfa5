"""Ping with a time stamp on each line, as ``ping -D`` or a wrapper prints it: round trips, losses, outages.

A number that is missing in the sequence is a lost packet. A run of losses a second long or more is an outage; all
others together are the loss of the recording.

Follows: iputils' output; the logs of NUWiNS' multi-carrier data set (PAM 2025).
"""

from __future__ import annotations

import re
from itertools import pairwise
from math import sqrt
from typing import NamedTuple

from sim.base.units import MILLISECOND, SECOND, Duration, Instant
from sim.world.recordings import reading
from sim.world.recordings.reading import OUTAGE, Text
from sim.world.recordings.recording import Recording, Row, median

KIND = "ping"
_ANSWER = re.compile(r"\[([^\]]{1,30})\] \d+ bytes from .{1,300}: icmp_seq=(\d{1,9}) ttl=\d+ time=([\d.]{1,12}) ms.*")
_DATE, _UNIX = "%Y-%m-%d %H:%M:%S.%f", re.compile(r"\d{9,11}\.\d{1,6}")
_LOOKED_AT = 40
"""Lines in which an answer must be seen to take a file for a ping."""


_LATE: Duration = 2 * SECOND
"""How late a wrapper may stamp a line: while answers come in a burst after an outage, its pipe waits."""


class _Answer(NamedTuple):
    line: int
    sent: Instant
    number: int
    rtt_ms: float


def looks_like_it(text: Text) -> bool:
    """Whether an answer with its time is among the first lines."""
    return any(_ANSWER.fullmatch(line[:500]) for line in text.lines[:_LOOKED_AT])


def read(text: Text) -> Recording:
    """The recording in a ping's output. Answers stand where their packets were sent."""
    answers = _answers(text)
    spacing = round(median([float((b.sent - a.sent) // max(b.number - a.number, 1)) for a, b in pairwise(answers)]))
    lost = outage = 0
    rows: list[tuple[int, Row]] = []
    for before, answer in zip([None, *answers], answers, strict=False):
        missing = answer.number - before.number - 1 if before else 0
        lost += missing
        if before and missing * spacing >= OUTAGE and answer.sent > before.sent + spacing:
            outage += missing
            rows.append((answer.line, Row(before.sent + spacing, cellular_works=False)))
        rows.append((answer.line, Row(answer.sent, cellular_works=True, rtt_ms=answer.rtt_ms)))
    sent = answers[-1].number - answers[0].number + 1 - outage
    loss = 1 - sqrt(1 - (lost - outage) / sent)  # of a round trip → of each direction
    rows[0] = (rows[0][0], rows[0][1]._replace(loss=loss))
    notes = (f"{lost} of {answers[-1].number} lost, {outage} of them in outages", "a ping has no RAT, cells or signal")
    return reading.recording(text, KIND, rows, resolution=MILLISECOND, notes=notes)


def _answers(text: Text) -> list[_Answer]:
    """In the order of the sequence, each once: answers overtake each other after an outage."""
    found: dict[int, _Answer] = {}
    for line, words in enumerate(text.lines, 1):
        cells = _ANSWER.fullmatch(words[:500])
        if cells is None:
            continue
        rtt = reading.between(cells[3], 0.0, 600_000.0)
        if rtt is None:
            text.refuse(line, f"the round trip is {reading.shown(cells[3])!r} ms; expected a number up to 600,000")
        if len(found) == reading.MOST_ROWS:
            text.refuse(line, f"more than {reading.MOST_ROWS:,} answers")
        arrived = _arrived(text, line, cells[1])
        number = int(cells[2])
        found.setdefault(number, _Answer(line, arrived - round(rtt * MILLISECOND), number, min(rtt, 60_000.0)))
    answers = [found[number] for number in sorted(found)]
    if len(answers) < 2:
        text.refuse(0, "fewer than two answers", "A ping without any says nothing but that nothing passed.")
    return [answer._replace(sent=sent) for answer, sent in zip(answers, _in_order(answers), strict=True)]


def _in_order(answers: list[_Answer]) -> list[Instant]:
    """When each was sent. Stamps of the wrapper are some milliseconds late, so what was sent later may seem earlier."""
    found: list[Instant] = []
    for answer in answers:
        if found and answer.sent < found[-1] - _LATE:
            return [a.sent for a in answers]  # the time runs backwards for good: refused as in every other format
        found.append(max(answer.sent, found[-1] + 1 if found else answer.sent))
    return found


def _arrived(text: Text, line: int, stamp: str) -> Instant:
    if _UNIX.fullmatch(stamp):
        return reading.seconds_in(text, line, stamp)
    return reading.date_in(text, line, stamp, _DATE)
