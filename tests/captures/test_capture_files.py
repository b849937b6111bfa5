"""Capture files and packets: every kind of file says the same, another program agrees, and bad ones are refused kindly."""

from __future__ import annotations

import gzip
import io
from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path
from struct import pack

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from sim.world.captures import files, packets, table
from sim.world.captures.files import DamagedError, Record, records
from sim.world.captures.flows import flows, phone_in
from sim.world.captures.packets import CUT, FRAGMENT, MALFORMED, NOT_IP, Dropped, Packet, decode
from sim.world.captures.table import CaptureRefused, Table, read_stream
from tests.captures import made
from tests.captures.made import EPOCH, ETHERNET, PKTAP, RAW, SECOND, Hour

REAL = Path(__file__).parents[2].parent / "shared" / "data" / "pcap"
LINKS = (RAW, ETHERNET, made.NULL, made.LOOP, made.SLL, made.SLL2, PKTAP, 12, 14)
PEER, PHONE, PHONE6, PEER6 = "203.0.113.9", "192.168.1.23", "2001:db8::1", "2001:db8::2"


def small() -> list[tuple[int, bytes]]:
    hour = Hour()
    hour.udp(1, PHONE, 50_000, PEER, 443, 100)
    hour.udp(1.5, PEER, 443, PHONE, 50_000, 900)
    hour.tcp(2, PHONE6, 50_001, PEER6, 993, made.SYN)
    hour.tcp(2.25, PHONE6, 50_001, PEER6, 993, made.ACK, 77)
    return hour.in_time()


def read(content: bytes, with_names: bool = False) -> Table:
    return read_stream(io.BytesIO(content), "file", with_names)


def rows(content: bytes) -> list[tuple[object, ...]]:
    """What was said, without what it was wrapped in."""
    found = read(content)
    ends = [(c.protocol, *c.ends) for c in found.conversations]
    columns = (found.at.tolist(), found.payload.tolist(), found.sender.tolist(), found.flags.tolist())
    return [(ends[number], *row) for number, *row in zip(found.conversation.tolist(), *columns, strict=True)]


# Kinds of files -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("link", LINKS)
@pytest.mark.parametrize("order", "<>")
def test_every_link_type_and_byte_order_says_the_same(link: int, order: str) -> None:
    expected = rows(made.pcap(small()))
    assert [row[1] for row in expected] == [EPOCH + at for at, _ in small()]
    assert [row[2] for row in expected] == [100, 900, 0, 77]
    assert rows(made.pcap(small(), link, order)) == expected
    assert rows(made.pcap(small(), link, order, nano=True)) == expected
    assert rows(made.pcapng(small(), link, order)) == expected


def test_packets_cut_to_their_headers_say_the_same() -> None:
    assert rows(made.pcap(small(), most=60)) == rows(made.pcap(small()))


@pytest.mark.parametrize(
    ("resolution", "units"), [(6, SECOND), (9, SECOND * 1000), (3, 1000), (0x80 | 20, 1 << 20), (0, 1)]
)
def test_each_interface_has_a_clock_and_a_link_type_of_its_own(resolution: int, units: int) -> None:
    (_, first), (_, second), *_ = small()
    content = b"".join(
        (
            made.section(),
            made.interface(RAW),
            made.interface(ETHERNET, resolution=resolution, offset=7),
            made.enhanced(5 * SECOND, first, 0),
            made.enhanced(8 * units, made.wrapped(ETHERNET, second), 1),
        )
    )
    assert [row[1] for row in rows(content)] == [5 * SECOND, 15 * SECOND]


def test_a_section_begins_anew_perhaps_in_another_byte_order() -> None:
    (_, first), (_, second), *_ = small()
    one = made.section("<") + made.interface(RAW, "<") + made.enhanced(3 * SECOND, first, 0, "<")
    other = made.section(">") + made.interface(ETHERNET, ">")
    other += made.enhanced(4 * SECOND, made.wrapped(ETHERNET, second), 0, ">")
    assert [row[1] for row in rows(one + other)] == [3 * SECOND, 4 * SECOND]


def test_blocks_that_hold_no_packets_are_passed_over() -> None:
    extra = made.block(5, bytes(24)) + made.block(0xBAD, bytes(400)) + made.block(4, bytes(8))
    content = made.section() + extra + made.interface() + extra + made.enhanced(SECOND, small()[0][1]) + extra
    assert len(rows(content)) == 1


def test_the_obsolete_and_the_simple_packet_blocks() -> None:
    frame = small()[0][1]
    old = made.block(2, pack("<HHIIII", 0, 0, 0, 9, len(frame), len(frame)) + frame)
    simple = made.block(3, pack("<I", len(frame)) + frame)
    found = read(made.section() + made.interface() + old + simple)
    assert found.at.tolist() == [9]
    assert found.dropped == {"without a credible time": 1}


# Headers --------------------------------------------------------------------------------------------------------------


def headers(frame: bytes, link: int = RAW) -> Packet | Dropped:
    return decode(Record(link, 0, len(frame), frame))


UDP_HEAD = pack(">HHHH", 1, 2, 18, 0)


@pytest.mark.parametrize(
    ("why", "frame", "link"),
    [
        (NOT_IP, bytes(12) + b"\x08\x06" + bytes(28), ETHERNET),
        (NOT_IP, bytes(14) + b"\x08\x06" + bytes(28), made.SLL),
        (CUT, bytes(10), ETHERNET),
        (CUT, made.ip(PHONE, PEER, 6, bytes(10)), RAW),
        (CUT, made.ip(PHONE, PEER, 17, UDP_HEAD)[:15], RAW),
        (MALFORMED, b"\x43" + made.ip(PHONE, PEER, 17, UDP_HEAD)[1:], RAW),
        (MALFORMED, made.ip(PHONE, PEER, 6, bytes(20)), RAW),
        (MALFORMED, bytes(40), RAW),
        (MALFORMED, pack("<III", 4, 1, 1) + bytes(60), PKTAP),
        (Dropped("link type 258"), pack("<III", 108, 1, PKTAP) + bytes(120), PKTAP),
        (Dropped("link type 127 (802.11 with radiotap)"), bytes(60), 127),
        (FRAGMENT, made.ip(PHONE, PEER, 17, UDP_HEAD)[:6] + b"\x00\x10" + bytes(30), RAW),
    ],
)
def test_what_is_dropped_and_why(why: Dropped, frame: bytes, link: int) -> None:
    assert headers(frame, link) == why


def test_tags_and_extension_headers_are_passed() -> None:
    inner = made.ip(PHONE, PEER, 17, UDP_HEAD + bytes(10))
    tagged = bytes(12) + b"\x88\xa8\x00\x01\x81\x00\x00\x02\x08\x00" + inner
    assert headers(tagged, ETHERNET) == headers(inner)
    hop_by_hop, first_fragment = bytes([44, 0, *bytes(6)]), bytes([17, 0, 0, 1, *bytes(4)])
    six = headers(made.ip(PHONE6, PEER6, 0, hop_by_hop + first_fragment + UDP_HEAD + bytes(10)))
    assert isinstance(six, Packet)
    assert (six.source_port, six.target_port, six.payload) == (1, 2, 10)
    later = bytes([17, 0, 0, 9, *bytes(4)])
    assert headers(made.ip(PHONE6, PEER6, 44, later + UDP_HEAD)) is FRAGMENT
    assert headers(made.ip(PHONE6, PEER6, 60, bytes([60, *bytes(7)]) * 9)) is MALFORMED


def test_lengths_come_from_the_headers_and_not_from_padding() -> None:
    short = made.ip(PHONE, PEER, 17, pack(">HHHH", 1, 2, 8, 0))
    padded = headers(made.wrapped(ETHERNET, short) + bytes(18), ETHERNET)
    assert isinstance(padded, Packet)
    assert padded.payload == 0
    # A length of 0 is left to the network card: then the record's own counts.
    large = short[:2] + b"\0\0" + short[4:] + bytes(70_000)
    unsegmented = headers(large)
    assert isinstance(unsegmented, Packet)
    assert unsegmented.payload == 70_000


def test_a_packet_never_claims_more_than_was_on_the_wire() -> None:
    lies = b"\x45\x00\xff\xff" + made.ip(PHONE, PEER, 17, UDP_HEAD + bytes(10))[4:]
    found = headers(lies)
    assert isinstance(found, Packet)
    assert found.payload == 10


# Another program ------------------------------------------------------------------------------------------------------


def others(content: bytes) -> list[tuple[object, ...]]:
    """Time, wire size and headers of each record, by scapy."""
    utils = pytest.importorskip("scapy.utils", reason="scapy is not installed")
    inet, inet6 = pytest.importorskip("scapy.layers.inet"), pytest.importorskip("scapy.layers.inet6")
    pytest.importorskip("scapy.layers.l2")  # teaches it what is behind a link-layer header
    found: list[tuple[object, ...]] = []
    reader = utils.PcapReader(io.BytesIO(content))
    for packet in reader:
        row: tuple[object, ...] = (round(packet.time * SECOND), packet.wirelen or len(packet))
        layer = packet.getlayer(inet.IP) or packet.getlayer(inet6.IPv6)
        transport = layer and (layer.getlayer(inet.TCP) or layer.getlayer(inet.UDP))
        # Scapy also reads the packet that an ICMP error quotes.
        if transport is not None and not isinstance(transport.underlayer, inet.ICMP):
            row += (ip_address(layer.src).packed, ip_address(layer.dst).packed, transport.sport, transport.dport)
        found.append(row)
    return found


def ours(content: bytes) -> list[tuple[object, ...]]:
    found: list[tuple[object, ...]] = []
    for record in records(io.BytesIO(content)):
        packet, row = decode(record), (record.at, record.size)
        if isinstance(packet, Packet) and packet.protocol in (packets.TCP, packets.UDP):
            found.append((*row, packet.source, packet.target, packet.source_port, packet.target_port))
        else:
            found.append(row)
    return found


@pytest.mark.parametrize("link", [RAW, ETHERNET, made.SLL])
@pytest.mark.parametrize("make", [made.pcap, made.pcapng])
def test_scapy_reads_made_files_alike(link: int, make: Callable[..., bytes]) -> None:
    content = make(small(), link)
    assert ours(content) == others(content)


def test_scapy_reads_the_sample_alike() -> None:
    content = made.SAMPLE.read_bytes()
    assert ours(content) == others(content)
    assert len(ours(content)) > 1000


@pytest.mark.parametrize("path", sorted(REAL.glob("*.pcap*")) or [None], ids=lambda p: p.name if p else "none here")
def test_scapy_reads_real_captures_alike(path: Path | None) -> None:
    if path is None:
        pytest.skip(f"no captures in {REAL}")
    content = path.read_bytes()
    own, other = ours(content), others(content)
    assert [row[:2] for row in own] == [row[:2] for row in other]
    assert [row for row in own if len(row) > 2] == [row for row in other if len(row) > 2]


# Hostile files --------------------------------------------------------------------------------------------------------


def refusal(content: bytes) -> str:
    with pytest.raises(CaptureRefused) as refused:
        read(content)
    return str(refused.value)


def test_what_is_no_capture_is_refused() -> None:
    assert "no pcap or pcapng" in refusal(b"")
    assert "no pcap or pcapng" in refusal(b"\x7fELF" + bytes(99))
    assert "gunzip" in refusal(gzip.compress(made.pcap(small())))
    assert "no packet in it" in refusal(made.pcap([]))
    assert "no packet can be read" in refusal(made.pcap([])[:10])
    assert "link type 127" in refusal(made.pcap(small(), 127))


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    for path, why in ((tmp_path, "ordinary"), (tmp_path / "none", "no such file"), (Path("a\0b"), "cannot be read")):
        with pytest.raises(CaptureRefused, match=why):
            table.read(path)


@pytest.mark.parametrize("make", [made.pcap, made.pcapng])
def test_a_file_that_ends_too_early_is_good_up_to_there(make: Callable[..., bytes]) -> None:
    whole = make(small())
    expected: list[tuple[object, ...]] = rows(whole)
    seen: set[int] = set()
    for end in range(24, len(whole)):
        try:
            found = read(whole[:end])
        except CaptureRefused:
            assert not seen
            continue
        seen.add(len(found.at))
        assert rows(whole[:end]) == expected[: len(found.at)]
    assert seen == {1, 2, 3}
    assert read(whole[:-1]).damage == "it ends in the middle of a record"


@pytest.mark.parametrize(
    "bad",
    [
        pack("<IIII", 0, 0, 2**32 - 1, 2**32 - 1),
        pack("<IIII", 0, 0, 262_145, 262_145) + bytes(262_145),
    ],
)
def test_a_record_that_claims_too_much_ends_the_reading(bad: bytes) -> None:
    found = read(made.pcap(small()) + bad)
    assert len(found.at) == 4
    assert "claims" in found.damage


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (pack("<II", 6, 8), "claims"),
        (pack("<II", 6, 2**32 - 4), "claims"),
        (pack("<II", 6, 33) + bytes(25), "claims"),
        (made.block(6, bytes(8)), "head"),
        (made.block(6, pack("<IIIII", 7, 0, 0, 0, 0)), "interface 7"),
        (made.block(6, pack("<IIIII", 0, 0, 0, 99, 99)), "claims"),
        (made.block(1, bytes(4)), "description"),
        (made.interface() * (files.MOST_INTERFACES + 1), "interfaces"),
        (b"\x0a\x0d\x0d\x0a" + pack("<I", 28) + bytes(20), "byte order"),
        (b"\x0a\x0d\x0d\x0a" + pack("<II", 12, 0x1A2B3C4D), "claims"),
    ],
)
def test_a_bad_block_ends_the_reading(bad: bytes, why: str) -> None:
    found = read(made.pcapng(small()) + bad)
    assert len(found.at) == 4
    assert why in found.damage


def test_packets_are_put_in_order_of_time() -> None:
    found = read(made.pcap([small()[k] for k in (2, 0, 3, 1)]))
    assert rows(made.pcap([small()[k] for k in (2, 0, 3, 1)])) == rows(made.pcap(small()))
    assert found.disordered == 2


def test_incredible_times_are_dropped() -> None:
    (_, frame), *_ = small()
    far = made.enhanced(2**63, frame)
    found = read(made.pcapng(small()) + far)
    assert found.dropped == {"without a credible time": 1}
    before_1970 = made.section() + made.interface(offset=-(10**9)) + made.enhanced(5, frame) + made.interface(RAW)
    assert "without a credible time" in refusal(before_1970)


def test_too_many_packets_or_conversations_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "MOST_PACKETS", 3)
    assert "more than 3 packets" in refusal(made.pcap(small()))
    monkeypatch.undo()
    monkeypatch.setattr(table, "MOST_CONVERSATIONS", 1)
    assert "more than 1 conversations" in refusal(made.pcap(small()))
    monkeypatch.undo()
    monkeypatch.setattr(table, "MOST_BYTES", 10)
    with pytest.raises(CaptureRefused, match="larger than"):
        table.read(made.SAMPLE)


BASES = [
    made.pcap(small(), ETHERNET),
    made.pcapng(small(), made.SLL),
    made.pcap(small(), PKTAP),
    made.section() + made.interface(resolution=9, offset=3) + made.enhanced(4, small()[2][1]),
]


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A small capture in which some bytes are others, some are missing, and some are there twice."""
    content = bytearray(draw(st.sampled_from(BASES)))
    for _ in range(draw(st.integers(0, 8))):
        content[draw(st.integers(0, len(content) - 1))] = draw(
            st.sampled_from([0, 1, 127, 128, 255]) | st.integers(0, 255)
        )
    a, b = sorted((draw(st.integers(0, len(content))), draw(st.integers(0, len(content)))))
    what = draw(st.sampled_from(["whole", "cut", "without", "twice"]))
    return bytes(
        {
            "whole": content,
            "cut": content[:b],
            "without": content[:a] + content[b:],
            "twice": content[:b] + content[a:],
        }[what]
    )


@settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(mutated() | st.binary(max_size=300).map(lambda junk: BASES[0][:24] + junk) | st.binary(max_size=60))
@example(b"")
def test_no_bytes_crash_the_reader(content: bytes) -> None:
    try:
        found = read(content, with_names=True)
    except CaptureRefused:
        return
    assert len(found.at) + sum(found.dropped.values()) == found.records
    assert (found.at[1:] >= found.at[:-1]).all()
    for part in found.parts():
        side = phone_in(part)
        seen = flows(part, side)
        assert sum(b.up + b.down for f in seen.traffic for b in f.bursts) == seen.bytes
        assert seen.packets + sum(seen.others.values()) == len(part.at)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=120), st.sampled_from(LINKS), st.integers(0, 2**32 - 1))
def test_no_packet_crashes_the_decoder(frame: bytes, link: int, size: int) -> None:
    found = decode(Record(link, 0, max(size, len(frame)), frame))
    if isinstance(found, Packet):
        assert 0 <= found.payload <= max(size, len(frame))


def test_damage_is_told_after_the_last_good_record() -> None:
    stream = records(io.BytesIO(made.pcap(small())[:-1]))
    assert len([next(stream) for _ in range(3)]) == 3
    with pytest.raises(DamagedError):
        next(stream)
