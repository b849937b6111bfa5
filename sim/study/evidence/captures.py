"""Captures: what is read of public files is what another program reads.

The counts of packets and bytes are those of scapy 2.8.0 on the same files; what it says of every packet's headers is
compared in the tests.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from sim.base.units import SECOND, Bytes
from sim.study.evidence.checks import Check, Comparison, Given, Kind, Skipped
from sim.world.captures import files


class Counts(NamedTuple):
    """What a program finds in a file."""

    packets: int
    wire: Bytes
    """Their sizes together, as they were on the wire."""
    tenths: int
    """From the earliest to the latest. [0.1 s]"""

    def __str__(self) -> str:
        return f"{self.packets:,} packets, {self.wire:,} B, {self.tenths / 10:.1f} s"


BY_SCAPY = {
    "energybox-test1.pcap": Counts(177, 18_828, 3_382),
    "ndpi-android.pcap": Counts(500, 133_530, 1_023),
    "ndpi-cloudflare-warp.pcap": Counts(78, 14_727, 633_153_497),
    "ndpi-dns_doh.pcap": Counts(142, 20_362, 32),
    "ndpi-esp.pcapng": Counts(6, 1_856, 20),
    "ndpi-googledns_android10.pcap": Counts(532, 132_894, 2_549),
    "ndpi-iphone.pcap": Counts(500, 221_902, 482),
    "ndpi-ipsec_isakmp_esp.pcap": Counts(834, 451_722, 694_140),
    "ndpi-openvpn_nohmac.pcapng": Counts(944, 303_931, 732),
    "ndpi-openvpn_nohmac_tcp.pcapng": Counts(195, 27_581, 320),
    "ndpi-tailscale.pcap": Counts(107, 16_516, 319),
    "ndpi-whatsapp_voice_and_message.pcap": Counts(261, 28_055, 1_362),
    "ndpi-wireguard.pcap": Counts(52, 12_740, 318_472_427),
}
"""Of nDPI's test captures, and of EnergyBox's. Two are several recordings in one file, years apart."""


def _files(given: Given) -> list[Comparison]:
    found, missing = [], Skipped("")
    for name, expected in BY_SCAPY.items():
        try:
            counted = _counted(given.file(f"pcap/{name}"))
        except Skipped as not_here:
            missing = not_here
        else:
            ratio = counted.packets / expected.packets
            found.append(Comparison(name, str(expected), str(counted), ratio, counted == expected))
    if not found:
        raise missing
    return found


def _counted(path: Path) -> Counts:
    with path.open("rb") as stream:
        every = list(files.records(stream))
    times = [record.at for record in every if record.at is not None]
    tenths = round((max(times) - min(times)) * 10 / SECOND)
    return Counts(len(every), sum(record.size for record in every), tenths)


CHECKS: tuple[Check, ...] = (
    Check(
        "C-files",
        "captures: packets, bytes and length of thirteen public files are what scapy counts",
        Kind.PROGRAM,
        "ndpi",
        "tests/cfgs/default/pcap; EnergyBox's test1.pcap",
        _files,
        "Tests the reader; it says nothing about the model.",
    ),
)
