"""Captures of our own making: packets written byte by byte, as files of every kind that is read.

``python -m tests.captures.made`` writes the sample of the guide, an invented hour of an invented phone: addresses are from
the documentation's networks (RFC 5737, 3849), but for Apple's, and there is no payload but zeros.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from random import Random
from struct import pack

SAMPLE = Path(__file__).parents[2] / "docs" / "guides" / "my-hour.pcap"
FIN, SYN, RST, ACK = 1, 2, 4, 16
SECOND = 1_000_000
EPOCH = 1_767_225_600 * SECOND
"""The first day of 2026. [µs since 1970]"""
RAW, ETHERNET, NULL, LOOP, SLL, SLL2, PKTAP = 101, 1, 0, 108, 113, 276, 258


@dataclass
class Hour:
    """Packets with their instants, in any order. [µs since the recording began]"""

    packets: list[tuple[int, bytes]] = field(default_factory=list)

    def udp(self, at: float, source: str, sport: int, target: str, port: int, payload: bytes | int) -> None:
        content = bytes(payload) if isinstance(payload, int) else payload
        head = pack(">HHHH", sport, port, 8 + len(content), 0)
        self.add(at, ip(source, target, 17, head + content))

    def tcp(self, at: float, source: str, sport: int, target: str, port: int, flags: int, payload: int = 0) -> None:
        head = pack(">HHIIBBHHH", sport, port, 0, 0, 5 << 4, flags, 65535, 0, 0)
        self.add(at, ip(source, target, 6, head + bytes(payload)))

    def add(self, at: float, packet: bytes) -> None:
        self.packets.append((round(at * SECOND), packet))

    def connection(
        self,
        at: float,
        ends: tuple[str, int, str, int],
        exchanges: Sequence[tuple[float, int, int]],
        *,
        opens: bool = True,
        closes: bool = True,
    ) -> None:
        """A TCP connection: for each exchange how much later than the one before it is, and bytes up and down."""
        source, sport, target, port = ends
        there, back = (source, sport, target, port), (target, port, source, sport)
        if opens:
            self.tcp(at, *there, SYN)
            self.tcp(at + 0.03, *back, SYN | ACK)
            self.tcp(at + 0.031, *there, ACK)
            at += 0.032
        for later, up, down in exchanges:
            at += later
            if up:
                self.tcp(at, *there, ACK, up)
            while down > 0:
                self.tcp(at + 0.03, *back, ACK, min(down, 60_000))
                down -= 60_000
            self.tcp(at + 0.04, *there, ACK)
        if closes:
            self.tcp(at + 0.2, *there, FIN | ACK)
            self.tcp(at + 0.23, *back, FIN | ACK)
            self.tcp(at + 0.231, *there, ACK)

    def in_time(self) -> list[tuple[int, bytes]]:
        return sorted(self.packets, key=lambda row: row[0])


def ip(source: str, target: str, protocol: int, rest: bytes) -> bytes:
    a, b = ip_address(source), ip_address(target)
    if a.version == 4:
        return pack(">BBHHHBBH", 0x45, 0, 20 + len(rest), 0, 0, 64, protocol, 0) + a.packed + b.packed + rest
    return pack(">IHBB", 6 << 28, len(rest), protocol, 64) + a.packed + b.packed + rest


# Files ----------------------------------------------------------------------------------------------------------------


def wrapped(link: int, packet: bytes) -> bytes:
    """A packet with a link-layer header in front."""
    kind = 0x0800 if packet[0] >> 4 == 4 else 0x86DD
    match link:
        case 1:
            return bytes(12) + pack(">H", kind) + packet
        case 0:
            return pack("<I", 2 if kind == 0x0800 else 30) + packet
        case 108:
            return pack(">I", 2 if kind == 0x0800 else 30) + packet
        case 113:
            return bytes(14) + pack(">H", kind) + packet
        case 276:
            return pack(">H", kind) + bytes(18) + packet
        case 258:
            inner = wrapped(ETHERNET, packet)
            return pack("<III", 108, 1, ETHERNET) + bytes(96) + inner
        case _:
            return packet


def pcap(
    packets: Sequence[tuple[int, bytes]], link: int = RAW, order: str = "<", nano: bool = False, most: int = 262_144
) -> bytes:
    """A pcap file that keeps `most` bytes of each packet."""
    magic = 0xA1B23C4D if nano else 0xA1B2C3D4
    parts = [pack(f"{order}IHHiIII", magic, 2, 4, 0, 0, most, link)]
    for at, packet in packets:
        frame = wrapped(link, packet)
        second, rest = divmod(EPOCH + at, SECOND)
        kept = frame[:most]
        parts += [pack(f"{order}IIII", second, rest * (1000 if nano else 1), len(kept), len(frame)), kept]
    return b"".join(parts)


def block(kind: int, body: bytes, order: str = "<") -> bytes:
    body += bytes(-len(body) % 4)
    length = pack(f"{order}I", len(body) + 12)
    return pack(f"{order}I", kind) + length + body + length


def section(order: str = "<") -> bytes:
    return block(0x0A0D0D0A, pack(f"{order}IHHq", 0x1A2B3C4D, 1, 0, -1), order)


def interface(link: int = RAW, order: str = "<", resolution: int | None = None, offset: int | None = None) -> bytes:
    options = b""
    if resolution is not None:
        options += pack(f"{order}HHB3x", 9, 1, resolution)
    if offset is not None:
        options += pack(f"{order}HHq", 14, 8, offset)
    return block(1, pack(f"{order}HHI", link, 0, 0) + options + (bytes(4) if options else b""), order)


def enhanced(at: int, frame: bytes, number: int = 0, order: str = "<") -> bytes:
    """An Enhanced Packet Block; `at` in units of the interface's clock."""
    return block(6, pack(f"{order}IIIII", number, at >> 32, at & 0xFFFFFFFF, len(frame), len(frame)) + frame, order)


def pcapng(packets: Sequence[tuple[int, bytes]], link: int = RAW, order: str = "<") -> bytes:
    every = (enhanced(EPOCH + at, wrapped(link, packet), order=order) for at, packet in packets)
    return b"".join((section(order), interface(link, order), *every))


# The sample -----------------------------------------------------------------------------------------------------------

PHONE, PHONE6, ROUTER = "192.168.1.23", "2001:db8:1:2::23", "192.168.1.1"
CHAT, IMAP, PUSH, MUSIC, NEWS, NEWS6 = (
    "192.0.2.10", "192.0.2.20", "17.57.144.20", "198.51.100.5", "203.0.113.80", "2001:db8:9::80",
)  # fmt: skip
_INITIAL = bytes([0xC3, 0, 0, 0, 1])
"""The first bytes of a QUIC Initial packet, version 1."""


def my_hour() -> Hour:
    """An hour of a phone: push, chat and mail from the start; reading, a quarter of an hour of music."""
    rng, hour, ports = Random(20), Hour(), iter(range(49_200, 65_000))

    def waits(length: float, mean: float) -> list[float]:
        """Random waits that together last no longer."""
        found: list[float] = []
        while sum(found) < length:
            found.append(rng.expovariate(1 / mean))
        return found[:-1]

    def times(first: float, last: float, mean: float) -> Iterator[float]:
        at = first + rng.expovariate(1 / mean)
        while at < last:
            yield at
            at += rng.expovariate(1 / mean)

    def look_up(at: float) -> None:
        port = next(ports)
        hour.udp(at, PHONE, port, ROUTER, 53, 38)
        hour.udp(at + 0.012, ROUTER, 53, PHONE, port, 102)

    # Open when the recording begins, and when it ends.
    pushes = [(w, 60, 420) for w in waits(3600, 240)]
    hour.connection(0.0, (PHONE, next(ports), PUSH, 5223), [(0.2, 90, 60), *pushes], opens=False, closes=False)
    chats = [(w, 180, 320) for w in waits(3590, 45)]
    hour.connection(1.5, (PHONE, next(ports), CHAT, 5222), [(0.1, 120, 80), *chats], opens=False, closes=False)
    for at in (30.0, 1290.0, 2480.0):
        look_up(at)
        hour.connection(at + 0.02, (PHONE, next(ports), IMAP, 993), [(w, 140, 5200) for w in waits(900, 150)])
    # Reading: pages over QUIC, some of them over IPv6, and pictures over TCP.
    for at in times(60, 3500, 110):
        look_up(at)
        phone, news, port = (PHONE6, NEWS6, next(ports)) if rng.random() < 0.4 else (PHONE, NEWS, next(ports))
        hour.udp(at + 0.02, phone, port, news, 443, _INITIAL + bytes(1195))
        hour.udp(at + 0.05, news, 443, phone, port, _INITIAL + bytes(1195))
        for later in (0.08, 0.6, 1.9):
            hour.udp(at + later, phone, port, news, 443, 480)
            for k in range(3):
                hour.udp(at + later + 0.03 + k / 1000, news, 443, phone, port, 16_000)
    for at in times(60, 3500, 300):
        hour.connection(at, (PHONE, next(ports), NEWS, 80), [(0.01, 420, 48_000)])
    # Music from 20 to 35 min: a piece each ten seconds.
    look_up(1200.0)
    hour.connection(1200.02, (PHONE, next(ports), MUSIC, 443), [(10.0, 260, 160_000)] * 90)
    hour.udp(600.0, PHONE, 123, "203.0.113.123", 123, 48)
    hour.udp(600.04, "203.0.113.123", 123, PHONE, 123, 48)
    for at in times(0, 3600, 600):
        hour.udp(at, PHONE, 5353, "224.0.0.251", 5353, 60)
    return hour


def sample() -> bytes:
    """The sample's file: headers only, as ``tcpdump -s 96`` keeps them."""
    return pcap(my_hour().in_time(), most=96)


if __name__ == "__main__":
    SAMPLE.write_bytes(sample())
