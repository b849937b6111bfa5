"""What all cellular radios have in common: what the world, the engine and the accounts may ask of one."""

from __future__ import annotations

from typing import ClassVar, Protocol

from sim.base.units import Bytes, Duration
from sim.machines.machine import Machine
from sim.machines.radio.air import Nanojoules


class CellularRadio(Machine, Protocol):
    """A cellular radio of one technology, with its named parameter sets."""

    rat: ClassVar[str]
    """Radio access technology: "umts", "lte", "nsa" (5G beside an LTE anchor) or "sa" (5G alone)."""

    @property
    def promotion(self) -> Duration:
        """How long the first packet waits from idle until it can be sent. [µs]"""
        ...

    @property
    def tail(self) -> Duration:
        """How long the connection outlasts its last packet: a packet within it meets no promotion from idle. [µs]"""
        ...

    @property
    def paging_cycle(self) -> Duration:
        """How often an idle phone listens: a downlink packet waits for that. [µs]"""
        ...

    @property
    def long_drx_cycle(self) -> Duration:
        """How often a connected, silent phone listens; 0 if it never stops. [µs]"""
        ...

    @property
    def handover_mj(self) -> int:
        """Energy of a handover between cells. [mJ]"""
        ...

    @property
    def attach_mj(self) -> int:
        """Energy of a registration. [mJ]"""
        ...

    @property
    def alpha_dl(self) -> float:
        """Power that grows with the rate of what is received. [mW per Mbit/s]"""
        ...

    @property
    def alpha_ul(self) -> float:
        """Power that grows with the rate of what is sent. [mW per Mbit/s]"""
        ...

    @property
    def sending_mw(self) -> int:
        """Power on top of the states' while it sends, whatever the rate. [mW]"""
        ...

    def byte_energy(self, up: Bytes, down: Bytes, rate_mbps: float) -> Nanojoules:
        """What a burst's bytes cost on top of the states' power, at this throughput. [nJ]"""
        ...
