"""From the bytes of a record to what matters of a packet: who, to whom, how much payload.

Only headers are read, and only forwards: a link-layer header, up to three VLAN tags, IPv4 or IPv6 with its extension
headers, TCP or UDP. A packet that was cut short by the recorder is as good as a whole one if its headers are there,
since lengths come from the headers.

Follows: tcpdump.org/linktypes.html; xnu's bsd/net/pktap.h; RFC 791, 8200, 9293, 768.
"""

from __future__ import annotations

from struct import Struct
from typing import NamedTuple

from sim.world.captures.files import Record

TCP, UDP = 6, 17
FIN, SYN, RST, ACK = 0x01, 0x02, 0x04, 0x10


class Packet(NamedTuple):
    """The headers of an IP packet."""

    protocol: int
    source: bytes
    """4 or 16 bytes."""
    target: bytes
    source_port: int
    """0 if it is neither TCP nor UDP; so is the other."""
    target_port: int
    flags: int
    """Of TCP."""
    payload: int
    """Of TCP or UDP, on the wire; of anything else, all that is behind the IP header. [bytes]"""
    begin: bytes
    """As much of the payload as was kept."""


class Dropped(NamedTuple):
    """Why a record means nothing here."""

    why: str


NOT_IP = Dropped("not IP (ARP and the like)")
CUT = Dropped("cut off before the end of its headers")
FRAGMENT = Dropped("a later fragment of a packet, without ports")
MALFORMED = Dropped("malformed headers")

_IPV4, _IPV6 = 0x0800, 0x86DD
_TAGS = (0x8100, 0x88A8, 0x9100)
_NULL, _ETHERNET, _LOOP, _SLL, _SLL2 = 0, 1, 108, 113, 276
_RAW = (12, 14, 101, 228, 229)
_PKTAP = (149, 258)
"""Apple's own, also as the user-defined type under which older systems wrote it."""
LINKS = {
    _ETHERNET: "Ethernet", _NULL: "loopback", _LOOP: "loopback", _SLL: "Linux cooked", _SLL2: "Linux cooked v2",
    **dict.fromkeys(_RAW, "raw IP"), **dict.fromkeys(_PKTAP, "Apple's PKTAP"),
}  # fmt: skip
"""What can be read, by its number."""
_KNOWN_BY_NAME = {105: "802.11", 119: "802.11 with Prism headers", 127: "802.11 with radiotap", 189: "USB"}

_SHORT, _PORTS, _PKTAP_HEAD = Struct(">H"), Struct(">HH"), Struct("<III")
_EXTENSIONS = (0, 43, 51, 60)
_FRAGMENT_HEADER, _AUTHENTICATION = 44, 51
_MOST_HEADERS = 8


def decode(record: Record) -> Packet | Dropped:
    """The packet in a record, or why there is none."""
    begin = _behind_link(record.link, record.content)
    return begin if isinstance(begin, Dropped) else _ip(record.content, begin, record.size - begin)


def _behind_link(link: int, content: bytes, nested: bool = False) -> int | Dropped:
    """Where the IP header begins."""
    if link == _ETHERNET:
        return _behind_ethernet(content)
    if link in _RAW:
        return 0
    if link in (_NULL, _LOOP):
        return 4
    if link in (_SLL, _SLL2):
        at, begin = (14, 16) if link == _SLL else (0, 20)
        if len(content) < begin:
            return CUT
        return begin if _SHORT.unpack_from(content, at)[0] in (_IPV4, _IPV6) else NOT_IP
    if link in _PKTAP and not nested:
        if len(content) < _PKTAP_HEAD.size:
            return CUT
        length, _, inner = _PKTAP_HEAD.unpack_from(content)
        if not _PKTAP_HEAD.size <= length <= len(content):
            return MALFORMED
        behind = _behind_link(inner, content[length : length + 64], nested=True)
        return behind if isinstance(behind, Dropped) else length + behind
    return Dropped(f"link type {link}{f' ({_KNOWN_BY_NAME[link]})' if link in _KNOWN_BY_NAME else ''}")


def _behind_ethernet(content: bytes) -> int | Dropped:
    for at in (12, 16, 20, 24):
        if len(content) < at + 2:
            return CUT
        kind = _SHORT.unpack_from(content, at)[0]
        if kind in (_IPV4, _IPV6):
            return at + 2
        if kind not in _TAGS:
            break
    return NOT_IP


def _ip(content: bytes, at: int, size: int) -> Packet | Dropped:
    if len(content) < at + 20:
        return CUT
    version = content[at] >> 4
    if version == 4:
        header = (content[at] & 0x0F) * 4
        total = _SHORT.unpack_from(content, at + 2)[0] or size  # 0: the network card cuts it up later
        if header < 20 or total < header:
            return MALFORMED
        if _SHORT.unpack_from(content, at + 6)[0] & 0x1FFF:
            return FRAGMENT
        ends = content[at + 12 : at + 16], content[at + 16 : at + 20]
        return _transport(content, content[at + 9], *ends, at + header, min(total, size) - header)
    if version == 6:
        return _ipv6(content, at, size)
    return MALFORMED


def _ipv6(content: bytes, at: int, size: int) -> Packet | Dropped:
    if len(content) < at + 40:
        return CUT
    rest = _SHORT.unpack_from(content, at + 4)[0] or size - 40  # 0: a jumbogram
    ends, following = (content[at + 8 : at + 24], content[at + 24 : at + 40]), content[at + 6]
    at, rest = at + 40, min(rest, size - 40)
    for _ in range(_MOST_HEADERS):
        if following not in (*_EXTENSIONS, _FRAGMENT_HEADER):
            return _transport(content, following, *ends, at, rest)
        if len(content) < at + 8:
            return CUT
        if following == _FRAGMENT_HEADER and _SHORT.unpack_from(content, at + 2)[0] & 0xFFF8:
            return FRAGMENT
        length = 8 if following == _FRAGMENT_HEADER else (content[at + 1] + 1) * 8
        if following == _AUTHENTICATION:
            length = (content[at + 1] + 2) * 4
        following, at, rest = content[at], at + length, rest - length
    return MALFORMED


def _transport(content: bytes, protocol: int, source: bytes, target: bytes, at: int, rest: int) -> Packet | Dropped:
    """`rest` bytes on the wire begin at `at`, where the transport's header is."""
    if protocol not in (TCP, UDP):
        return Packet(protocol, source, target, 0, 0, 0, max(rest, 0), b"")
    if len(content) < at + (14 if protocol == TCP else 8):
        return CUT
    header = (content[at + 12] >> 4) * 4 if protocol == TCP else 8
    if rest < header or (protocol == TCP and header < 20):
        return MALFORMED
    flags = content[at + 13] if protocol == TCP else 0
    own, other = _PORTS.unpack_from(content, at)
    return Packet(protocol, source, target, own, other, flags, rest - header, content[at + header : at + rest])
