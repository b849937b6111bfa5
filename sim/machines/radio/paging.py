"""How long a packet to the phone waits until the phone listens.

A packet that the phone sends goes out when its radio is ready: at once while connected, after the promotion while
idle. A packet *to* the phone must first find the phone listening, and a phone that sleeps between two packets listens
for a moment in each cycle only: the long DRX cycle while connected, the paging cycle while idle, the DTIM interval of
a Wi-Fi network. Probes show paging occasions that are locked to the release: a packet that comes a fixed time after
the last one always meets the same phase, and its delay is a sawtooth of that time, falling by a millisecond for every
millisecond that it comes later. DRX is taken to count from the last packet, too (by the standard it follows the
network's frame counter, which a traffic of any irregularity cannot tell from this); DTIM counts from the association.

Follows: TS 36.321 §5.7 (DRX), TS 36.304 §7 (paging); the probes of Narayanan et al. (2021), which show the sawtooth.

# MODEL: the phone listens all the time during the first long DRX cycle after a packet: the inactivity timer and the
# short cycles last about as long. Bias: packets in that third of a second wait up to a short cycle (40 ms) too little.
# MODEL: a paging occasion and an on-duration are instants. Bias: packets that come within the on-duration (10 of
# 320 ms) wait up to that long too much, and pages likewise.
# MODEL: a 5G phone in RRC_INACTIVE is woken as if it were idle. Bias: none for what is sent to it; what it sends itself
# in the five seconds after a tail waits a quarter of a second too long.
"""

from __future__ import annotations

from typing import Protocol

from sim.base.units import Duration


class Paged(Protocol):
    """A cellular radio, as far as delays depend on it."""

    @property
    def promotion(self) -> Duration:
        """How long the first packet waits from idle until it can be sent. [µs]"""
        ...

    @property
    def tail(self) -> Duration:
        """How long the connection outlasts its last packet: within it, no promotion from idle. [µs]"""
        ...

    @property
    def paging_cycle(self) -> Duration:
        """How often an idle phone listens. [µs]"""
        ...

    @property
    def long_drx_cycle(self) -> Duration:
        """How often a connected, silent phone listens; 0 if it never stops. [µs]"""
        ...


class Beaconed(Protocol):
    """A Wi-Fi radio, as far as delays depend on it."""

    @property
    def tail(self) -> Duration:
        """How long the station stays awake after its last packet. [µs]"""
        ...

    @property
    def beacon(self) -> Duration:
        """Interval of the access point's beacons. [µs]"""
        ...

    @property
    def dtim(self) -> int:
        """Every how many beacons a sleeping station listens."""
        ...


def listens_after(radio: Paged, quiet: Duration) -> Duration:
    """Until a cellular phone listens, `quiet` after the air was last free: 0 in an exchange. [µs]"""
    if quiet >= radio.tail:
        return (radio.tail - quiet) % radio.paging_cycle
    return -quiet % radio.long_drx_cycle if quiet >= radio.long_drx_cycle > 0 else 0


def wakes_after(radio: Beaconed, quiet: Duration, associated: Duration) -> Duration:
    """Until a Wi-Fi station listens, `quiet` after the air was last free and `associated` after it joined. [µs]"""
    return -associated % (radio.dtim * radio.beacon) if quiet >= radio.tail else 0
