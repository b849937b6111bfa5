"""What all cellular radios have in common: what the world, the engine and the accounts may ask of one."""

from __future__ import annotations

from typing import ClassVar, Protocol

from sim.base.units import Bytes
from sim.machines.machine import Machine
from sim.machines.radio.air import Nanojoules
from sim.machines.radio.paging import Paged


class CellularRadio(Machine, Paged, Protocol):
    """A cellular radio of one technology, with its named parameter sets."""

    rat: ClassVar[str]
    """Radio access technology: "umts", "lte", "nsa" (5G beside an LTE anchor) or "sa" (5G alone)."""

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
