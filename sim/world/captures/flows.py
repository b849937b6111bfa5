"""From packets to flows and bursts: what the phone wanted of the network.

A *flow* is one socket. TCP's is opened by its SYN and closed by a RST or by FINs of both ends; without them it was open
when the recording began, or still is when it ends, for a silent socket is a socket all the same. A datagram socket ends
when it has been silent for a while.

A *burst* is a run of packets of one flow with payload, none of which is later than a gap after the one before, and none
later than a second after the first; all its bytes are counted at the first. Bytes are those of payload, TCP's or UDP's:
headers and bare acknowledgements belong to the way, which another policy changes.

# MODEL: what was sent twice is counted twice. Bias: demand recorded on a bad link is some percent too large.
# MODEL: how the phone spoke was recorded under the VPN or without one, as it was; it would have retried or waited
# otherwise under another policy. Bias: none known in sum; traffic just after an outage is too low.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import NamedTuple

import numpy as np

from sim.base.units import MILLISECOND, SECOND, Bytes, Duration, Instant
from sim.world.captures.packets import ACK, FIN, RST, SYN, TCP
from sim.world.captures.services import DNS, Service, is_local, is_somebody, service
from sim.world.captures.table import Conversation, Table, speaks
from sim.world.captures.traffic import Burst, CapturedFlow, Traffic
from sim.world.intervals import Ints

GAP: Duration = 200 * MILLISECOND
"""Packets of a flow that are nearer than this are one burst. Our judgement, from 10 ms to 5 s: a few round trips, so
that an exchange is one burst, and less than it takes a tunnel to come up."""
LONGEST_BURST: Duration = SECOND
"""However dense packets come, none moves further than this in time."""
DATAGRAM_SILENCE: Duration = 30 * SECOND
"""A datagram socket that has been silent for longer is closed. Our judgement, from 10 s to 5 min; QUIC's idle timeouts
are about as long."""
LOOK_UP_SILENCE: Duration = SECOND
"""The same for a look-up, whose socket goes with its answer."""


class Phone(NamedTuple):
    """Which addresses are the phone's, and why."""

    addresses: tuple[bytes, ...]
    opened: int
    """Conversations that they began."""
    of: int
    """Conversations in all."""
    given: bool
    """Somebody said so."""


@dataclass
class Flows:
    """The flows of a capture."""

    traffic: Traffic
    duration: Duration
    """From the first packet of the phone to the last, in whole seconds, at least one. [µs]"""
    bytes: Bytes
    """Payload of the phone's flows. [bytes]"""
    packets: int
    """Packets of them, with payload or without."""
    others: Counter[str] = field(default_factory=Counter)
    """Why → how many packets belong to no flow."""


def phone_in(table: Table) -> Phone:
    """The side that is the phone: of each address family, who began most conversations.

    A phone has several IPv6 addresses at a time, so all in a /64 network count as one and are taken together; but for
    the link-local network, which all devices share. Of two that began as many, the private IPv4 address is taken, and
    the IPv6 network that is not link-local. Nobody is found if nobody began anything.
    """
    talks = _talks(table)
    begun = [c.ends[c.opener].address for c in talks if is_somebody(c.ends[c.opener].address)]
    found: list[bytes] = []
    for length in (4, 16):
        hosts = Counter(_host(a) for a in begun if len(a) == length)
        if hosts:
            host = max(hosts, key=lambda h: (hosts[h], len(h) == 8 or (len(h) == 4 and is_local(h)), h))
            found += sorted({a for a in begun if len(a) == length and _host(a) == host})
    return Phone(tuple(found), sum(a in found for a in begun), len(talks), given=False)


def _host(address: bytes) -> bytes:
    """What tells one host from another: the address, or the network of an IPv6 address that is not link-local."""
    return address if len(address) == 4 or ip_address(address).is_link_local else address[:8]


def phone_given(table: Table, addresses: Collection[bytes]) -> Phone:
    """The side that somebody says is the phone; those of its addresses that do not occur are left out."""
    talks = _talks(table)
    own = tuple(a for a in addresses if any(a in (c.ends[0].address, c.ends[1].address) for c in talks))
    return Phone(own, sum(c.ends[c.opener].address in own for c in talks), len(talks), given=True)


def _talks(table: Table) -> list[Conversation]:
    """The conversations of which there is a packet, without those that are no app's."""
    every = (table.conversations[number] for number in np.unique(table.conversation).tolist())
    return [c for c in every if speaks(c)]


def columns(table: Table, phone: Phone) -> tuple[Ints, Ints, Ints]:
    """All packets of the phone as a radio sees them.

    Returns
    -------
    at, up, down : (n,) µs since the first packet; bytes on the wire that it sent and received
    """
    side = _sides(table, phone)[table.conversation]
    own = side >= 0
    sent = table.sender[own] == side[own]
    at, size = table.at[own], table.size[own]
    return at - at[:1], np.where(sent, size, 0), np.where(sent, 0, size)


def _sides(table: Table, phone: Phone) -> Ints:
    """Which end of each conversation is the phone: 0 or 1; -1: neither, or both."""
    found = np.full(len(table.conversations), -1, dtype=np.int64)
    for number, conversation in enumerate(table.conversations):
        own = [end.address in phone.addresses for end in conversation.ends]
        if own[0] != own[1]:
            found[number] = int(own[1])
    return found


def flows(table: Table, phone: Phone, gap: Duration = GAP) -> Flows:
    """The phone's flows and bursts.

    Parameters
    ----------
    gap : 0 <= gap. [µs]
    """
    sides, talks = _sides(table, phone), np.array([speaks(c) for c in table.conversations], dtype=bool)
    side = sides[table.conversation]
    own = (side >= 0) & talks[table.conversation]
    begin, end = (int(table.at[own][0]), int(table.at[own][-1])) if own.any() else (0, 0)
    duration = -(-(end - begin + 1) // SECOND) * SECOND
    rows = zip(
        (table.at[own] - begin).tolist(),
        table.conversation[own].tolist(),
        (table.sender[own] == side[own]).tolist(),
        table.payload[own].tolist(),
        table.flags[own].tolist(),
        strict=True,
    )
    sockets = _sockets(table.conversations, rows, gap)
    traffic = tuple(sorted(_captured(table, sides, sockets, duration), key=lambda f: f.opened))
    unspoken = ~talks[table.conversation]
    others = Counter(
        {
            "neither TCP nor UDP, or the addressing of hosts (DHCP)": int(unspoken.sum()),
            "between others": int(((side < 0) & ~unspoken).sum()),
        }
    )
    return Flows(traffic, duration, int(table.payload[own].sum()), int(own.sum()), +others)


@dataclass(slots=True)
class _Socket:
    """One socket while its packets are read."""

    number: int
    """Of its conversation."""
    opened: Instant
    last: Instant
    spoke: bool = False
    """More than its SYN was seen."""
    finished: int = 0
    """Which ends have sent a FIN: bits."""
    ended: bool = False
    bursts: list[list[int]] = field(default_factory=list)
    last_payload: Instant = 0
    followed: Instant | None = None
    """When the next socket of the conversation was opened."""


def _sockets(
    conversations: tuple[Conversation, ...], rows: Iterable[tuple[Instant, int, bool, Bytes, int]], gap: Duration
) -> list[_Socket]:
    found: list[_Socket] = []
    current: dict[int, _Socket] = {}
    for at, number, sent, payload, flags in rows:
        conversation, socket = conversations[number], current.get(number)
        tcp = conversation.protocol == TCP
        if socket is None or _begins_another(socket, tcp, flags, at, _silence(conversation)):
            # TCP without a SYN was open before.
            before = tcp and socket is None and not flags & SYN
            if socket is not None:
                socket.followed = at
            socket = current[number] = _Socket(number, 0 if before else at, at)
            found.append(socket)
        socket.last = at
        if tcp:
            socket.spoke |= not flags & SYN
            socket.finished |= (1 + sent) * bool(flags & FIN)
            socket.ended |= bool(flags & RST) or socket.finished == 3
        if payload:
            _carry(socket, at, sent, payload, gap)
    return found


def _begins_another(socket: _Socket, tcp: bool, flags: int, at: Instant, silence: Duration) -> bool:
    if tcp:
        return socket.spoke and flags & (SYN | ACK) == SYN
    return at - socket.last > silence


def _silence(conversation: Conversation) -> Duration:
    return LOOK_UP_SILENCE if DNS in (conversation.ends[0].port, conversation.ends[1].port) else DATAGRAM_SILENCE


def _carry(socket: _Socket, at: Instant, sent: bool, payload: Bytes, gap: Duration) -> None:
    bursts = socket.bursts
    if not bursts or at - socket.last_payload > gap or at - bursts[-1][0] > LONGEST_BURST:
        bursts.append([at, 0, 0])
    bursts[-1][1 if sent else 2] += payload
    socket.last_payload = at


def _captured(table: Table, sides: Ints, sockets: list[_Socket], duration: Duration) -> Iterable[CapturedFlow]:
    for socket in sockets:
        conversation = table.conversations[socket.number]
        peer = conversation.ends[1 - int(sides[socket.number])]
        kind = service(conversation.protocol, peer.port, peer.address)
        address = "" if kind.destination in ("local", "resolver") else str(ip_address(peer.address))
        yield CapturedFlow(
            app=kind.app,
            transport=_transport(conversation, kind, peer.address),
            family="v4" if len(peer.address) == 4 else "v6",
            destination=kind.destination,
            address=address,
            domain=table.names.asked.get(socket.number) or table.names.of.get(peer.address, ""),
            clear_text=kind.clear_text,
            opened=socket.opened,
            closed=max(_closed(socket, conversation, duration), socket.opened + 1, _last_burst(socket) + 1),
            bursts=tuple(Burst(*burst) for burst in socket.bursts),
        )


def _last_burst(socket: _Socket) -> Instant:
    return socket.bursts[-1][0] if socket.bursts else socket.opened


def _closed(socket: _Socket, conversation: Conversation, duration: Duration) -> Instant:
    if socket.ended:
        return socket.last
    if conversation.protocol == TCP:
        return duration if socket.followed is None else socket.followed
    until = duration if socket.followed is None else socket.followed
    return min(socket.last + _silence(conversation), until)


def _transport(conversation: Conversation, kind: Service, peer: bytes) -> str:
    if conversation.protocol == TCP:
        return "tcp"
    if conversation.quic:
        return "quic"
    return "udp" if kind.destination != "resolver" and is_somebody(peer) else "udp-unconnected"
