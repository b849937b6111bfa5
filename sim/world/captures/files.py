"""Capture files, record by record: pcap and pcapng, in either byte order, whatever their clock's resolution.

A capture is untrusted. It is read as a stream, a record is never larger than what libpcap itself allows, and what a
field announces is tried against what is there before memory is set aside for it. A file that ends in the middle of a
record, or goes wrong there, is good up to that place: the records before it come first, then :class:`DamagedError`.

Follows: draft-ietf-opsawg-pcap and draft-ietf-opsawg-pcapng. The blocks of pcapng that hold no packets are passed over.
"""

from __future__ import annotations

from collections.abc import Iterator
from struct import Struct
from typing import BinaryIO, NamedTuple

from sim.base.units import SECOND, Instant

LARGEST_PACKET = 262_144
"""[bytes] libpcap's MAXIMUM_SNAPLEN: no recorder keeps more of one packet."""
LARGEST_BLOCK = 1 << 24
"""[bytes] Of pcapng. Comments and decryption secrets may be long."""
MOST_INTERFACES = 1_000


class Record(NamedTuple):
    """One packet as the recorder kept it."""

    link: int
    """Link-layer header type (tcpdump.org/linktypes.html)."""
    at: Instant | None
    """When it was seen, since 1970; None if the file does not say. [µs]"""
    size: int
    """On the wire, with its link-layer header. [bytes]"""
    content: bytes
    """As much of it as was kept."""


class DamagedError(Exception):
    """From here on the file cannot be read; the text says where and why."""


class NoCaptureError(Exception):
    """The file is no capture; the text says what it seems to be."""


_PCAP = {
    b"\xd4\xc3\xb2\xa1": ("<", 1),
    b"\xa1\xb2\xc3\xd4": (">", 1),
    b"\x4d\x3c\xb2\xa1": ("<", 1000),
    b"\xa1\xb2\x3c\x4d": (">", 1000),
}
"""Magic number → byte order, and units of the fraction of a second in a microsecond."""
_SECTION = b"\x0a\x0d\x0d\x0a"
_ORDERS = {b"\x4d\x3c\x2b\x1a": "<", b"\x1a\x2b\x3c\x4d": ">"}
_INTERFACE, _PACKET, _SIMPLE_PACKET, _ENHANCED_PACKET = 1, 2, 3, 6
_HEADS = {_PACKET: "HHIIII", _SIMPLE_PACKET: "I", _ENHANCED_PACKET: "IIIII"}
"""Interface; time, upper and lower half; bytes kept; bytes on the wire."""
_RESOLUTION, _OFFSET = 9, 14
"""Options of an interface: if_tsresol and if_tsoffset."""


def looks_like_it(first: bytes) -> bool:
    """Whether a file that begins with these four bytes is a capture."""
    return first in _PCAP or first == _SECTION


def records(stream: BinaryIO) -> Iterator[Record]:
    """The packets of a capture, in the order of the file.

    Raises
    ------
    NoCaptureError
        At once, if the file is of another kind.
    DamagedError
        After the last record that can be read, if that is not where the file ends.
    """
    magic = stream.read(4)
    if magic in _PCAP:
        return _pcap(stream, *_PCAP[magic])
    if magic == _SECTION:
        return _pcapng(stream)
    if magic[:2] == b"\x1f\x8b":
        raise NoCaptureError("it is compressed: unpack it first (gunzip)")
    raise NoCaptureError("it is no pcap or pcapng file")


def _exactly(stream: BinaryIO, size: int) -> bytes:
    found = stream.read(size)
    if len(found) < size:
        raise DamagedError("it ends in the middle of a record")
    return found


def _pcap(stream: BinaryIO, order: str, units: int) -> Iterator[Record]:
    head, each = Struct(f"{order}HHiIII"), Struct(f"{order}IIII")
    link = head.unpack(_exactly(stream, head.size))[5] & 0xFFFF  # the upper bits tell of check sums
    while begin := stream.read(each.size):
        if len(begin) < each.size:
            raise DamagedError("it ends in the middle of a record")
        second, fraction, kept, size = each.unpack(begin)
        if kept > LARGEST_PACKET:
            raise DamagedError(f"a record claims {kept:,} bytes")
        yield Record(link, second * SECOND + fraction // units, max(size, kept), _exactly(stream, kept))


class _Interface(NamedTuple):
    link: int
    most: int
    """Bytes kept of each packet; 0: all."""
    numerator: int
    denominator: int
    """Units of its clock, as a fraction of microseconds."""
    offset: Instant

    def at(self, high: int, low: int) -> Instant:
        return (high << 32 | low) * self.numerator // self.denominator + self.offset


def _pcapng(stream: BinaryIO) -> Iterator[Record]:
    order, interfaces = "<", list[_Interface]()
    begin = _SECTION + _exactly(stream, 4)  # the magic number is the type of the first block
    while begin:
        if len(begin) < 8:
            raise DamagedError("it ends in the middle of a block")
        if begin.startswith(_SECTION):
            mark = _exactly(stream, 4)
            if mark not in _ORDERS:
                raise DamagedError("a section does not tell its byte order")
            order, interfaces = _ORDERS[mark], []
            _exactly(stream, _body(begin, order) - 4)
        else:
            kind = Struct(f"{order}I").unpack(begin[:4])[0]
            body = _exactly(stream, _body(begin, order))[:-4]
            if kind == _INTERFACE:
                if len(interfaces) == MOST_INTERFACES:
                    raise DamagedError(f"it has more than {MOST_INTERFACES} interfaces")
                interfaces.append(_interface(body, order))
            elif kind in (_PACKET, _SIMPLE_PACKET, _ENHANCED_PACKET):
                yield _packet(kind, body, order, interfaces)
        begin = stream.read(8)


def _body(begin: bytes, order: str) -> int:
    """Bytes of a block behind its first eight, its closing length among them."""
    length: int = Struct(f"{order}I").unpack(begin[4:8])[0]
    least = 28 if begin.startswith(_SECTION) else 12
    if length < least or length % 4 or length > LARGEST_BLOCK:
        raise DamagedError(f"a block claims {length:,} bytes")
    return length - 8


def _interface(body: bytes, order: str) -> _Interface:
    if len(body) < 8:
        raise DamagedError("an interface's description is too short")
    link, _, most = Struct(f"{order}HHI").unpack_from(body)
    numerator, denominator, offset, at = 1, 1, 0, 8
    option = Struct(f"{order}HH")
    while at + 4 <= len(body):
        code, size = option.unpack_from(body, at)
        value = body[at + 4 : at + 4 + size]
        if code == 0 or len(value) < size:
            break
        if code == _RESOLUTION and size == 1:
            numerator, denominator = SECOND, 2 ** (value[0] & 0x7F) if value[0] & 0x80 else 10 ** value[0]
        elif code == _OFFSET and size == 8:
            offset = Struct(f"{order}q").unpack(value)[0] * SECOND
        at += 4 + size + -size % 4
    return _Interface(link, most, numerator, denominator, offset)


def _packet(kind: int, body: bytes, order: str, interfaces: list[_Interface]) -> Record:
    head = Struct(order + _HEADS[kind])
    if len(body) < head.size:
        raise DamagedError("a packet's head is too short")
    fields = head.unpack_from(body)
    number = 0 if kind == _SIMPLE_PACKET else fields[0]
    if number >= len(interfaces):
        raise DamagedError(f"a packet belongs to interface {number}, which was not described")
    interface, size = interfaces[number], fields[-1]
    at: Instant | None
    if kind == _SIMPLE_PACKET:
        at, kept = None, min(size, interface.most or size, len(body) - head.size)
    else:
        high, low, kept = fields[-4:-1]
        at = interface.at(high, low)
    if kept > min(LARGEST_PACKET, len(body) - head.size):
        raise DamagedError(f"a packet claims {kept:,} bytes")
    return Record(interface.link, at, max(size, kept), body[head.size : head.size + kept])
