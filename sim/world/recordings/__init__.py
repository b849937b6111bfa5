"""Recorded drives: from a file of one of many formats to one :class:`Recording`.

``read`` recognises a format by its content, not by its name. Each format is one small file here, with three names:
KIND, ``looks_like_it`` and ``read``. It is pure: it sees text, never a file.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from sim.world.recordings import aligned, drive_csv, gnettrack, mahimahi, pairs, ping, sigcomm21, sigcomm22
from sim.world.recordings.reading import RecordingRefused, Text, as_text, read_bytes, shown
from sim.world.recordings.recording import Rat, Recording, Row, rat_of

__all__ = ["Rat", "Recording", "RecordingRefused", "Row", "as_text", "rat_of", "read", "read_bytes", "recognised"]


class Format(NamedTuple):
    """A format that a file can have, if it is not one of a pair."""

    kind: str
    looks_like_it: Callable[[Text], bool]
    read: Callable[[Text, str], Recording]
    """From the text, and which of its recordings is wanted."""


def _single(read_it: Callable[[Text], Recording]) -> Callable[[Text, str], Recording]:
    """For a format with one recording in a file."""

    def read_only(text: Text, part: str) -> Recording:
        _only_one(text, part)
        return read_it(text)

    return read_only


FORMATS = (
    Format(drive_csv.KIND, drive_csv.looks_like_it, _single(drive_csv.read)),
    Format(gnettrack.KIND, gnettrack.looks_like_it, _single(gnettrack.read)),
    Format(sigcomm21.KIND, sigcomm21.looks_like_it, _single(sigcomm21.read)),
    Format(sigcomm22.KIND, sigcomm22.looks_like_it, sigcomm22.read),
    Format(aligned.KIND, aligned.looks_like_it, aligned.read),
    Format(ping.KIND, ping.looks_like_it, _single(ping.read)),
    Format(mahimahi.KIND, mahimahi.looks_like_it, _single(mahimahi.read)),
)
_HINT = (
    f"Known are: {'; '.join([*(known.kind for known in FORMATS), pairs.KIND])}. "
    "A CSV of your own needs a column t_s: see docs/reference/recordings.md."
)


def read(path: str | Path, part: str = "") -> Recording:
    """Read a recording.

    Parameters
    ----------
    path : the file. Of a pair of files, one; the other is beside it
    part : which one, where a file holds several; "" is the first

    Raises
    ------
    RecordingRefused
        If it cannot be read, is of no known format, or is wrong.
    """
    path = Path(path)
    text = as_text(read_bytes(path), str(path))
    if pairs.looks_like_it(text):
        _only_one(text, part)
        return _read_pair(path, text)
    return parsed(text, part)


def parsed(text: Text, part: str = "") -> Recording:
    """The recording in a text of any format but that of pairs of files.

    Raises
    ------
    RecordingRefused
    """
    for known in FORMATS:
        if known.looks_like_it(text):
            return known.read(text, part)
    text.refuse(0, "this is no recording that is known here", _HINT)


def recognised(raw: bytes, file: str) -> bool:
    """Whether this is meant to be a recording, of a known format; it may still be refused."""
    try:
        text = as_text(raw, file)
    except RecordingRefused:
        return False
    return pairs.looks_like_it(text) or any(known.looks_like_it(text) for known in FORMATS)


def _only_one(text: Text, part: str) -> None:
    if part:
        text.refuse(0, f"found part {shown(part)!r}, but there is only one recording in it", "Leave the part out.")


def _read_pair(path: Path, text: Text) -> Recording:
    name = pairs.partner(path.name)
    if name is None:
        text.refuse(
            0,
            "bytes per second, and nothing says over which network",
            "Two files belong together: call them NAME_wifi.csv and NAME_cellular.csv, and name one of them.",
        )
    other = path.with_name(name)
    found = as_text(read_bytes(other), str(other))
    return pairs.read(text, found) if path.stem.endswith("_wifi") else pairs.read(found, text)
