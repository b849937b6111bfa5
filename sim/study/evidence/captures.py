"""Captures: what is read of public files is what another program reads, and a radio's states over one of them.

The counts of packets and bytes are those of scapy 2.8.0 on the same files; what it says of every packet's headers is
compared in the tests.
"""

from __future__ import annotations

import csv
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np

from sim.base.units import SECOND, Bytes
from sim.machines.radio.wifi import WifiPsm
from sim.measure.energy import Traffic, wifi_energy
from sim.study.evidence.checks import Check, Comparison, Given, Kind, Skipped, near
from sim.world.captures import files
from sim.world.captures.flows import columns, phone_in
from sim.world.captures.table import read


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
ENERGYBOX_WIFI = WifiPsm.model_validate({"psm_mw": 30, "cam_mw": 250, "alpha_ul": 0.0, "alpha_dl": 0.0})
"""EnergyBox's device "samsung_s2": its rule and tail are the defaults; it counts no bytes."""
AT_ONCE_MBPS = 1e9
"""EnergyBox lets packets take no time on the air."""
CAM = "2"
"""The number of the state in EnergyBox's lists."""


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


def _energybox_wifi(given: Given) -> list[Comparison]:
    table = read(given.file("pcap/energybox-test1.pcap"))
    with given.file("pcap/energybox-test1-oracle-wifi.csv").open() as stream:
        states = [(state, float(at)) for state, at in csv.reader(stream)]
    at, up, down = columns(table, phone_in(table))
    awake = sum(b - a for (state, a), (_, b) in pairwise(states) if state == CAM)
    asleep = states[-1][1] - awake
    # Up to where EnergyBox's last tail ends.
    end = int(at[-1]) + ENERGYBOX_WIFI.tail
    traffic = Traffic(at, up, down, np.zeros(len(at), dtype=bool))
    spent = wifi_energy(ENERGYBOX_WIFI, traffic, np.array([[0, end]]), AT_ONCE_MBPS)
    in_cam = (spent["wifi_tail"] + spent["wifi_transfer"]) / ENERGYBOX_WIFI.cam_mw / SECOND
    in_psm = spent["wifi_idle"] / ENERGYBOX_WIFI.psm_mw / SECOND
    published = (awake * ENERGYBOX_WIFI.cam_mw + asleep * ENERGYBOX_WIFI.psm_mw) / 1e3
    return [
        near("time in CAM", round(awake, 3), in_cam, "s", relative=0.02),
        near("time in PSM", round(asleep, 3), in_psm, "s", relative=0.02),
        near("energy", round(published, 3), sum(spent.values()) / 1e9, "J", relative=0.02),
    ]


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
    Check(
        "A8-wifi",
        "EnergyBox's own test capture over Wi-Fi: time in each state, and energy",
        Kind.PROGRAM,
        "energybox",
        "src/test/resources/test1.pcap, oracle/test1_wifi.csv",
        _energybox_wifi,
        "The high-rate state CAMH does not occur in it.",
    ),
)
