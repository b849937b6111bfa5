"""A capture as columns: a row for each packet, with its conversation; and how many packets were dropped, and why.

A conversation is a five-tuple, whichever side speaks. Memory is some fifty bytes a packet. Nothing of a payload is
kept, except names in DNS answers if they are asked for.
"""

from __future__ import annotations

import stat
from array import array
from collections import Counter
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np

from sim.base.refusal import Refusal
from sim.base.units import DAY, Bytes, Instant
from sim.world.captures import files
from sim.world.captures.names import Names
from sim.world.captures.packets import ACK, LINKS, SYN, TCP, UDP, Dropped, Packet, decode
from sim.world.captures.services import ADDRESSING, DNS, is_local
from sim.world.intervals import Ints

MOST_BYTES: Bytes = 4_000_000_000
"""Of a file: hours of video. [bytes]"""
MOST_PACKETS = 5_000_000
MOST_CONVERSATIONS = 200_000
LATEST: Instant = 2**53
"""No recorder's clock is right beyond this, in the year 2255. [µs since 1970]"""
SEAM = DAY
"""A longer silence is a seam: several recordings in one file."""
HTTPS = 443
_FIRST_USER_PORT = 1024
_LONG_HEADER = 0xC0
"""Header form and fixed bit of a QUIC packet with a long header (RFC 9000 §17.2)."""
_CUT_IT = "Cut it (editcap -A BEGIN -B END), or record headers only (tcpdump -s 256)."


class CaptureRefused(Refusal):
    """A capture that cannot be read, or means nothing here: what was found, and what to do."""

    def __init__(self, file: str, problem: str, hint: str = "") -> None:
        super().__init__(file, problem, hint)
        self.file, self.problem, self.hint = file, problem, hint

    def __str__(self) -> str:
        return f"{self.file}: {self.problem}" + (f"\n  {self.hint}" if self.hint else "")


class End(NamedTuple):
    """One end of a conversation."""

    address: bytes
    """4 or 16 bytes."""
    port: int


@dataclass(slots=True)
class Conversation:
    """What is known of a five-tuple."""

    protocol: int
    ends: tuple[End, End]
    opener: int
    """Which end began it: see :func:`_begins`."""
    quic: bool = False


@dataclass(frozen=True)
class Table:
    """The IP packets of a capture, in order of time."""

    at: Ints
    """(n_packets,) since 1970. [µs]"""
    size: Ints
    """(n_packets,) on the wire, with the link-layer header. [bytes]"""
    payload: Ints
    """(n_packets,) of TCP or UDP. [bytes]"""
    conversation: Ints
    """(n_packets,) index into `conversations`."""
    sender: Ints
    """(n_packets,) which end of the conversation sent it: 0 or 1."""
    flags: Ints
    """(n_packets,) of TCP."""
    conversations: tuple[Conversation, ...]
    names: Names
    links: tuple[str, ...]
    """What the packets were wrapped in."""
    records: int
    """Packets in the file, whether they could be used or not."""
    wire: Bytes
    """Their bytes on the wire. [bytes]"""
    dropped: dict[str, int] = field(default_factory=dict)
    """Why → how many packets of the file are not in the columns."""
    damage: str = ""
    """Why the rest of the file could not be read; "" if all of it was."""
    disordered: int = 0
    """Packets that stood behind a later one."""

    def rows(self, first: int, behind: int) -> Table:
        """The same, with the rows from `first` up to `behind` only."""
        part = slice(first, behind)
        return replace(
            self,
            at=self.at[part],
            size=self.size[part],
            payload=self.payload[part],
            conversation=self.conversation[part],
            sender=self.sender[part],
            flags=self.flags[part],
        )

    def parts(self) -> list[Table]:
        """The recordings in it, at least one: they are more than :data:`SEAM` apart."""
        edges = [0, *(np.flatnonzero(np.diff(self.at) > SEAM) + 1).tolist(), len(self.at)]
        return [self.rows(a, b) for a, b in pairwise(edges)]


def read(path: Path, with_names: bool = False) -> Table:
    """Read a capture.

    Parameters
    ----------
    with_names : also keep which name DNS gave for which address

    Raises
    ------
    CaptureRefused
        If it cannot be read, is no capture, is too large, or holds no IP packet.
    """
    file = str(path)
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            raise CaptureRefused(file, "this is not an ordinary file; a capture is a pcap or pcapng file")
        if found.st_size > MOST_BYTES:
            raise CaptureRefused(file, f"the file is larger than {MOST_BYTES // 10**9} GB", _CUT_IT)
        with path.open("rb") as stream:
            return read_stream(stream, file, with_names)
    except FileNotFoundError:
        raise CaptureRefused(file, "there is no such file") from None
    except PermissionError:
        raise CaptureRefused(file, "no permission to read it") from None
    except (OSError, ValueError) as error:  # a path may hold a NUL
        raise CaptureRefused(file, f"cannot be read: {getattr(error, 'strerror', None) or error}") from None


def read_stream(stream: BinaryIO, file: str, with_names: bool = False) -> Table:
    """Read a capture from a stream; `file` is its name in a refusal.

    Raises
    ------
    CaptureRefused
    """
    reader, damage = _Reader(file, with_names), ""
    try:
        for record in files.records(stream):
            reader.add(record)
    except files.NoCaptureError as other:
        raise CaptureRefused(file, str(other)) from None
    except files.DamagedError as place:
        damage = str(place)
    return reader.table(damage)


class _Reader:
    """The columns while they grow."""

    def __init__(self, file: str, with_names: bool) -> None:
        self._file, self._with_names = file, with_names
        self._rows = array("q")
        """Six numbers a packet: at, size, payload, conversation, sender, flags."""
        self._numbers: dict[tuple[int, End, End], int] = {}
        self._conversations: list[Conversation] = []
        self._names = Names()
        self._links: dict[int, None] = {}
        self._dropped: Counter[str] = Counter()
        self._records = self._wire = 0

    def add(self, record: files.Record) -> None:
        self._records += 1
        self._wire += record.size
        if self._records > MOST_PACKETS:
            raise CaptureRefused(self._file, f"it holds more than {MOST_PACKETS:,} packets", _CUT_IT)
        if record.at is None or not 0 <= record.at < LATEST:
            self._dropped["without a credible time"] += 1
            return
        packet = decode(record)
        if isinstance(packet, Dropped):
            self._dropped[packet.why] += 1
            return
        self._links[record.link] = None
        number, sender = self._place(packet)
        self._rows.extend((record.at, record.size, packet.payload, number, sender, packet.flags))

    def _place(self, packet: Packet) -> tuple[int, int]:
        """The number of the packet's conversation, and which of its ends sent it."""
        source, target = End(packet.source, packet.source_port), End(packet.target, packet.target_port)
        low, high = min(source, target), max(source, target)
        sender = int(source is high)
        key = packet.protocol, low, high
        number = self._numbers.get(key)
        begins = packet.flags & (SYN | ACK) == SYN
        if number is None:
            if len(self._conversations) == MOST_CONVERSATIONS:
                raise CaptureRefused(self._file, f"it holds more than {MOST_CONVERSATIONS:,} conversations", _CUT_IT)
            number = self._numbers[key] = len(self._conversations)
            opener = sender if begins or _begins(source, target) else 1 - sender
            self._conversations.append(Conversation(packet.protocol, (low, high), opener))
        elif begins:
            self._conversations[number].opener = sender
        if packet.protocol == UDP and packet.begin:
            if HTTPS in (source.port, target.port) and packet.begin[0] & _LONG_HEADER == _LONG_HEADER:
                self._conversations[number].quic = True
            elif self._with_names and DNS in (source.port, target.port):
                self._names.note(number, packet.begin)
        return number, sender

    def table(self, damage: str) -> Table:
        if not self._rows:
            raise CaptureRefused(self._file, self._why_empty(damage), "Readable are: " + ", ".join(_LINK_NAMES) + ".")
        columns = np.frombuffer(self._rows, dtype=np.int64).reshape(-1, 6)
        disordered = int((np.diff(columns[:, 0]) < 0).sum())
        columns = columns[np.argsort(columns[:, 0], kind="stable")]
        at, size, payload, conversation, sender, flags = columns.T
        return Table(
            at=at,
            size=size,
            payload=payload,
            conversation=conversation,
            sender=sender,
            flags=flags,
            conversations=tuple(self._conversations),
            names=self._names,
            links=tuple(dict.fromkeys(LINKS[link] for link in self._links)),
            records=self._records,
            wire=self._wire,
            dropped=dict(self._dropped),
            damage=damage,
            disordered=disordered,
        )

    def _why_empty(self, damage: str) -> str:
        if not self._records:
            return f"no packet can be read: {damage}" if damage else "there is no packet in it"
        reasons = ", ".join(f"{why} ({n})" for why, n in self._dropped.most_common(3))
        return f"none of its {self._records:,} packets can be used: {reasons}"


def _begins(sender: End, other: End) -> bool:
    """Whether the first sender seen began a conversation without a SYN.

    If one end has a system port (RFC 6335 §6), the other one did; otherwise, if one end is local, that one; otherwise
    who was seen first.
    """
    if (sender.port < _FIRST_USER_PORT) != (other.port < _FIRST_USER_PORT):
        return other.port < _FIRST_USER_PORT
    return is_local(sender.address) or not is_local(other.address)


_LINK_NAMES = tuple(dict.fromkeys(LINKS.values()))


def speaks(conversation: Conversation) -> bool:
    """Whether it is traffic of apps: TCP or UDP, and not the addressing of hosts."""
    ports = {end.port for end in conversation.ends}
    return conversation.protocol in (TCP, UDP) and not ports & ADDRESSING
