"""From packets to flows and bursts: sockets, bursts, services, which side is the phone; and their CSV."""

from __future__ import annotations

import io
from contextlib import suppress
from ipaddress import ip_address
from itertools import pairwise
from typing import get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sim.base.units import SECOND
from sim.world.captures import traffic
from sim.world.captures.flows import Flows, columns, flows, phone_given, phone_in
from sim.world.captures.packets import TCP, UDP
from sim.world.captures.services import Service, service
from sim.world.captures.table import Table, read_stream
from sim.world.captures.traffic import COLUMNS, Burst, CapturedFlow
from sim.world.scenario import Sockets
from tests.captures import made
from tests.captures.made import ACK, FIN, RST, SYN, Hour

PHONE, PEER, OTHER = "192.168.1.23", "203.0.113.9", "203.0.113.10"


def table(hour: Hour, with_names: bool = False) -> Table:
    return read_stream(io.BytesIO(made.pcap(hour.in_time())), "made", with_names)


def seen(hour: Hour, gap: float = 0.2) -> Flows:
    found = table(hour)
    return flows(found, phone_in(found), round(gap * SECOND))


def lives(hour: Hour) -> list[tuple[float, float]]:
    return [(f.opened / SECOND, f.closed / SECOND) for f in seen(hour).traffic]


def tcp(hour: Hour, at: float, flags: int, payload: int = 0, *, back: bool = False, port: int = 50_000) -> None:
    ends = (PHONE, port, PEER, 443)
    hour.tcp(at, *((*ends[2:], *ends[:2]) if back else ends), flags, payload)


# Sockets --------------------------------------------------------------------------------------------------------------


def test_fins_of_both_ends_close_a_connection() -> None:
    hour = Hour()
    tcp(hour, 0, SYN)
    tcp(hour, 1, ACK, 100)
    tcp(hour, 2, FIN | ACK)
    tcp(hour, 5, FIN | ACK, back=True)
    hour.udp(9.5, PHONE, 1, PEER, 2, 1)
    assert lives(hour)[0] == (0, 5)


def test_a_half_closed_connection_is_still_one() -> None:
    hour = Hour()
    tcp(hour, 0, SYN)
    tcp(hour, 1, FIN | ACK)
    tcp(hour, 2, FIN | ACK)  # once more
    hour.udp(9.5, PHONE, 1, PEER, 2, 1)
    assert lives(hour)[0] == (0, 10)


def test_a_reset_closes_a_connection_but_late_data_still_count() -> None:
    hour = Hour()
    tcp(hour, 0, SYN)
    tcp(hour, 1, RST)
    tcp(hour, 3, ACK, 700, back=True)
    hour.udp(9.5, PHONE, 1, PEER, 2, 1)
    first = seen(hour).traffic[0]
    assert (first.opened, first.closed, first.bursts) == (0, 3 * SECOND + 1, (Burst(3 * SECOND, 0, 700),))


def test_without_a_syn_it_was_open_before_and_without_an_end_it_still_is() -> None:
    hour = Hour()
    hour.udp(0, PHONE, 1, PEER, 2, 1)
    tcp(hour, 3, ACK, 10)
    tcp(hour, 8.2, ACK, 10)
    assert lives(hour)[1 - [f.transport for f in seen(hour).traffic].index("udp")] == (0, 9)


def test_a_repeated_syn_is_one_connection_and_a_later_one_another() -> None:
    hour = Hour()
    tcp(hour, 0, SYN)
    tcp(hour, 1, SYN)
    tcp(hour, 1.1, SYN | ACK, back=True)
    tcp(hour, 1.2, ACK)
    tcp(hour, 4, SYN)
    tcp(hour, 5.5, ACK, 10)
    assert lives(hour) == [(0, 4), (4, 6)]


def test_a_datagram_socket_ends_in_silence_and_a_look_up_sooner() -> None:
    hour = Hour()
    hour.udp(0, PHONE, 50_000, PEER, 9999, 10)
    hour.udp(29, PEER, 9999, PHONE, 50_000, 10)
    hour.udp(60, PHONE, 50_000, PEER, 9999, 10)
    hour.udp(70, PHONE, 50_001, "192.168.1.1", 53, 30)
    hour.udp(70.5, "192.168.1.1", 53, PHONE, 50_001, 30)
    hour.udp(200, PHONE, 50_002, PEER, 9999, 10)
    assert lives(hour) == [(0, 59), (60, 90), (70, 71.5), (200, 201)]


# Bursts ---------------------------------------------------------------------------------------------------------------


def test_near_packets_are_one_burst_and_bare_acknowledgements_none() -> None:
    hour = Hour()
    tcp(hour, 0, SYN)
    tcp(hour, 1.0, ACK, 100)
    tcp(hour, 1.1, ACK, 3000, back=True)
    tcp(hour, 1.25, ACK)
    tcp(hour, 1.3, ACK, 50, back=True)
    tcp(hour, 1.51, ACK, 7)
    (flow,) = seen(hour).traffic
    assert flow.bursts == (Burst(SECOND, 100, 3050), Burst(1_510_000, 7, 0))
    assert len(seen(hour, gap=0.21).traffic[0].bursts) == 1
    assert len(seen(hour, gap=0).traffic[0].bursts) == 4


def test_a_dense_stream_is_a_burst_each_second() -> None:
    hour = Hour()
    for k in range(100):
        tcp(hour, k / 20, ACK, 10)
    assert [b.at / SECOND for b in seen(hour).traffic[0].bursts] == pytest.approx([0, 1.05, 2.1, 3.15, 4.2])


exchanges = st.lists(
    st.tuples(
        st.floats(0, 100),
        st.sampled_from([TCP, UDP]),
        st.integers(0, 3),
        st.booleans(),
        st.sampled_from([0, SYN, ACK, SYN | ACK, FIN | ACK, RST]),
        st.integers(0, 9000),
    ),
    min_size=1,
    max_size=60,
)


def thrown(packets: list[tuple[float, int, int, bool, int, int]]) -> Hour:
    hour = Hour()
    for at, protocol, k, back, flags, payload in packets:
        ends = (PHONE, 50_000 + k, (PEER, OTHER)[k % 2], (443, 53, 5060, 9)[k])
        ends = (*ends[2:], *ends[:2]) if back else ends
        if protocol == TCP:
            hour.tcp(at, *ends, flags, payload)
        else:
            hour.udp(at, *ends, payload)
    return hour


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(exchanges, st.sampled_from([0.0, 0.05, 0.2, 3.0]))
def test_bytes_are_conserved_from_the_capture_to_the_demand(
    packets: list[tuple[float, int, int, bool, int, int]], gap: float
) -> None:
    found = table(thrown(packets))
    side = phone_given(found, [ip_address(PHONE).packed])
    demand = flows(found, side, round(gap * SECOND))
    up = sum(payload for *_, back, _, payload in packets if not back)
    down = sum(payload for *_, back, _, payload in packets if back)
    bursts = [b for f in demand.traffic for b in f.bursts]
    assert (sum(b.up for b in bursts), sum(b.down for b in bursts)) == (up, down)
    assert demand.packets == len(packets)
    for f in demand.traffic:
        instants = [b.at for b in f.bursts]
        assert instants == sorted(instants)
        assert all(0 <= f.opened <= at < f.closed for at in instants)
        assert f.opened < f.closed
    assert traffic.read(traffic.write(demand.traffic)) == demand.traffic


@settings(max_examples=60, deadline=None)
@given(exchanges)
def test_sockets_of_one_conversation_do_not_overlap(packets: list[tuple[float, int, int, bool, int, int]]) -> None:
    one = [(at, TCP, 0, back, flags, payload) for at, _, _, back, flags, payload in packets]
    found = seen(thrown(one)).traffic
    assert all(a.closed <= b.opened + 1 for a, b in pairwise(found))


# Who is who -----------------------------------------------------------------------------------------------------------


def who(hour: Hour) -> list[str]:
    return [str(ip_address(a)) for a in phone_in(table(hour)).addresses]


def test_the_phone_is_who_began_most() -> None:
    hour = Hour()
    for k in range(3):
        hour.tcp(k, PHONE, 50_000 + k, PEER, 443, SYN)
    hour.tcp(5, "192.168.1.50", 50_000, PEER, 443, SYN)
    hour.tcp(6, PEER, 443, "192.168.1.50", 50_001, ACK, 10)  # begun before: the port tells by whom
    hour.udp(7, "2001:db8::1", 50_000, "2001:db8:9::9", 443, 10)
    hour.udp(8, "2001:db8::2", 50_000, "2001:db8:9::9", 443, 10)
    hour.udp(9, "fe80::1", 5353, "ff02::fb", 5353, 10)
    assert who(hour) == [PHONE, "2001:db8::1", "2001:db8::2"]


@pytest.mark.parametrize(
    ("source", "sport", "target", "port"),
    [
        (PHONE, 50_000, PEER, 443),
        (PEER, 443, PHONE, 50_000),  # a system port is the other end's
        (PEER, 51_820, PHONE, 36_116),  # between user ports the local end is the phone
        ("198.51.100.1", 40_000, PEER, 50_000),  # and of two that are not, who is seen first
    ],
)
def test_without_a_syn_ports_and_addresses_tell_who_began(source: str, sport: int, target: str, port: int) -> None:
    hour = Hour()
    hour.udp(0, source, sport, target, port, 10)
    assert who(hour) == [PHONE if PHONE in (source, target) else source]


def test_of_two_the_local_one_is_the_phone() -> None:
    hour = Hour()
    hour.tcp(0, PEER, 50_000, PHONE, 443, SYN)
    hour.tcp(1, PHONE, 50_000, PEER, 443, SYN)
    assert who(hour) == [PHONE]


def test_all_devices_share_the_link_local_network() -> None:
    hour = Hour()
    hour.udp(0, "fe80::1", 5353, "ff02::fb", 5353, 10)
    hour.udp(1, "fe80::2", 5354, "ff02::fb", 5353, 10)
    hour.udp(2, "fe80::2", 5355, "ff02::fb", 5353, 10)
    assert who(hour) == ["fe80::2"]


def test_what_others_say_is_left_out_and_counted() -> None:
    hour = Hour()
    hour.tcp(0, PHONE, 50_000, PEER, 443, SYN)
    hour.tcp(1, PHONE, 50_001, PEER, 443, SYN)
    hour.udp(2, "192.168.1.50", 1900, "239.255.255.250", 1900, 99)
    hour.udp(3, "0.0.0.0", 68, "255.255.255.255", 67, 300)
    found = seen(hour)
    assert (len(found.traffic), sum(found.others.values())) == (2, 2)
    assert found.duration == 2 * SECOND  # from the phone's first packet to its last


def test_columns_are_wire_bytes_of_every_packet_of_the_phone() -> None:
    hour = Hour()
    tcp(hour, 1, SYN)
    tcp(hour, 1.5, ACK, 100, back=True)
    hour.add(2, made.ip(PHONE, PEER, 1, bytes(8)))
    hour.add(3, made.ip(OTHER, PEER, 1, bytes(8)))
    found = table(hour)
    at, up, down = columns(found, phone_in(found))
    assert (at.tolist(), up.tolist(), down.tolist()) == ([0, 500_000, SECOND], [40, 0, 28], [0, 140, 0])


@pytest.mark.parametrize(
    ("protocol", "address", "port", "expected"),
    [
        (UDP, "192.168.1.1", 53, Service("dns", True, "resolver")),
        (TCP, "8.8.8.8", 53, Service("dns", True, "resolver")),
        (TCP, "8.8.8.8", 853, Service("dns", True, "internet")),
        (TCP, "17.57.144.20", 5223, Service("push", True, "apns")),
        (TCP, "2403:300:a42::7", 5223, Service("push", True, "apns")),
        (TCP, "17.57.144.20", 443, Service("apple", True, "apple")),
        (TCP, PEER, 5223, Service("messages", False, "internet")),
        (TCP, PEER, 443, Service("web", False, "internet")),
        (UDP, PEER, 443, Service("web", False, "internet")),
        (TCP, PEER, 80, Service("web", False, "internet", True)),
        (TCP, PEER, 993, Service("mail", False, "internet")),
        (UDP, PEER, 3478, Service("voice", False, "internet")),
        (UDP, PEER, 123, Service("time", True, "internet", True)),
        (UDP, PEER, 4500, Service("vpn", False, "internet")),
        (TCP, "192.168.1.9", 443, Service("local", False, "local")),
        (UDP, "224.0.0.251", 5353, Service("local", False, "local")),
        (UDP, "fe80::1", 9, Service("local", False, "local")),
        (TCP, PEER, 9, Service("other", False, "internet")),
    ],
)
def test_services(protocol: int, address: str, port: int, expected: Service) -> None:
    assert service(protocol, port, ip_address(address).packed) == expected


def test_quic_is_known_by_its_long_header() -> None:
    hour = Hour()
    hour.udp(0, PHONE, 50_000, PEER, 443, bytes([0x40]) + bytes(50))
    hour.udp(1, PEER, 443, PHONE, 50_000, bytes([0xC0]) + bytes(50))
    hour.udp(2, PHONE, 50_001, PEER, 443, bytes([0x40]) + bytes(50))
    hour.udp(3, PHONE, 50_002, PEER, 444, bytes([0xC0]) + bytes(50))
    assert [f.transport for f in seen(hour).traffic] == ["quic", "udp", "udp"]


# Names ----------------------------------------------------------------------------------------------------------------


def answer(name: str, *addresses: str, pointer: bytes = b"\xc0\x0c") -> bytes:
    question = b"".join(bytes([len(p)]) + p.encode() for p in name.split(".")) + b"\0\0\1\0\1"
    head = b"\x12\x34\x81\x80\0\1" + len(addresses).to_bytes(2, "big") + bytes(4)
    records = b""
    for a in (ip_address(a) for a in addresses):
        kind = b"\0\x01" if a.version == 4 else b"\0\x1c"
        records += pointer + kind + b"\0\1" + bytes(4) + len(a.packed).to_bytes(2, "big") + a.packed
    return head + question + records


def named(content: bytes, with_names: bool = True) -> list[str]:
    hour = Hour()
    hour.udp(0, PHONE, 50_000, "192.168.1.1", 53, b"\x12\x34\1\0\0\1" + content[6:])
    hour.udp(0.1, "192.168.1.1", 53, PHONE, 50_000, content)
    hour.tcp(1, PHONE, 50_001, PEER, 443, SYN)
    found = table(hour, with_names)
    return [f.domain for f in flows(found, phone_in(found)).traffic]


def test_names_are_kept_only_if_they_are_asked_for() -> None:
    content = answer("Mail.Example.org", PEER, "2001:db8::7")
    assert named(content) == ["mail.example.org", "mail.example.org"]
    assert named(content, with_names=False) == ["", ""]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        bytes(12),
        answer("a b.example", PEER),
        answer("x.example", PEER)[:20],
        answer("a.b", PEER)[:12] + b"\xc0\x0c" * 40,
    ],
)
def test_what_is_no_name_is_none(content: bytes) -> None:
    assert named(content) == ["", ""]


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=80).map(lambda junk: b"\x12\x34\x81\x80\0\1\0\x40" + bytes(4) + junk))
def test_no_answer_crashes(content: bytes) -> None:
    assert all(name.isprintable() and name.isascii() for name in named(content))


# The table as text ----------------------------------------------------------------------------------------------------

GOOD = CapturedFlow(
    "web", "tcp", "v4", "internet", "203.0.113.9", "", False, 0, 5 * SECOND, (Burst(1, 2, 3), Burst(SECOND, 0, 9))
)
SILENT = GOOD._replace(app="mail", address="", family="v6", bursts=(), opened=7, domain="a.example", clear_text=True)


def test_a_table_is_read_as_it_was_written() -> None:
    assert traffic.read(traffic.write((GOOD, SILENT))) == (GOOD, SILENT)
    assert traffic.read(traffic.write(())) == ()


def test_columns_may_stand_in_any_order_and_there_may_be_others() -> None:
    lines = [line.split(",") for line in traffic.write((GOOD,)).splitlines()]
    turned = "\r\n".join(",".join(["x", *reversed(line)]) for line in lines)
    assert traffic.read(turned) == (GOOD,)


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("flow,app", "flow,ap", "line 1: the column 'app' is missing"),
        ("tcp", "sctp", "line 2: transport: allowed are tcp"),
        ("v4", "v6", "line 2: address and family contradict"),
        ("203.0.113.9", "example.org", "line 2: address: expected an IP"),
        ("203.0.113.9,,0", "203.0.113.9,a b,0", "line 2: domain"),
        ("internet", "moon", "line 2: destination: allowed are internet"),
        (",0,0.000000", ",2,0.000000", "line 2: clear_text: allowed are 0, 1"),
        ("5.000000", "0.000000", "line 2: closed_s must be later"),
        ("0.000001,2,3", "6.000000,2,3", "line 2: at_s must follow"),
        ("1.000000,0,9", "0.000000,0,9", "line 3: at_s must follow"),
        ("0.000001,2,3", "-1,2,3", "line 2: at_s: expected seconds"),
        ("0.000001,2,3", "1e9,2,3", "line 2: at_s: expected seconds"),
        ("5.000000", "99999999", "line 2: closed_s: expected seconds"),
        (",2,3", ",2.5,3", "line 2: up_bytes: expected a whole number"),
        (",2,3", ",2,9999999999999", "line 2: down_bytes: expected a whole number"),
        (",2,3", ",2", "line 2: 12 cells; expected 13"),
        (",2,3", ',2,"3', "line "),
        ("web", "", "line 2: app must have"),
    ],
)
def test_a_bad_table_is_told_by_its_line(old: str, new: str, why: str) -> None:
    text = traffic.write((GOOD,))
    assert old in text
    every = new if old in ("tcp", "v4", "internet", "web") else None
    with pytest.raises(ValueError, match=why):
        traffic.read(text.replace(old, new) if every is not None else text.replace(old, new, 2 if "113" in old else -1))


def test_rows_of_one_flow_agree() -> None:
    text = traffic.write((GOOD,))
    first, second, third, *_ = text.splitlines()
    with pytest.raises(ValueError, match="line 3: transport differs from line 2"):
        traffic.read("\n".join((first, second, third.replace("tcp", "udp"))))


def test_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traffic, "MOST_ROWS", 1)
    with pytest.raises(ValueError, match="more than 1 rows"):
        traffic.read(traffic.write((GOOD,)))
    monkeypatch.undo()
    monkeypatch.setattr(traffic, "MOST_FLOWS", 1)
    with pytest.raises(ValueError, match="more than 1 flows"):
        traffic.read(traffic.write((GOOD, SILENT)))


@settings(max_examples=200, deadline=None)
@given(
    st.text(max_size=200)
    | st.text(alphabet='0123456789.,\n"tcpv46', max_size=200).map(lambda t: ",".join(COLUMNS) + "\n" + t)
)
def test_no_text_crashes_the_table(text: str) -> None:
    with suppress(ValueError):
        assert isinstance(traffic.read(text), tuple)


def test_the_table_says_what_scenarios_say() -> None:
    fields = Sockets.model_fields
    assert set(traffic.TRANSPORTS) == set(get_args(fields["transport"].annotation))
    assert set(traffic.FAMILIES) < set(get_args(fields["family"].annotation))
    assert set(traffic.DESTINATIONS) <= set(get_args(fields["destination"].annotation))
