"""What the strength of the cellular signal does: loss and delay (and those of 3G), throughput, and power.

Link adaptation and retransmission hide much of it: neither delay nor loss varies visibly between -110 and -65 dBm in
a large drive data set; below that, packets go missing and wait. What does vary is the throughput, and with it how long
a transfer keeps the air: energy per bit grows many times from a good to a poor signal at nearly the same power. A small
packet is another matter: there the phone must shout. Its transmit power follows the path loss up to a maximum,

    P = min(P_max, P0 + alpha * (reference - RSRP) + 10 log10 M)   [dBm],

M being the resource blocks it sends in; and a modem's power follows P in steps.

The parameter sets of the radios were measured in a good signal, taken to be `measured_at_dbm`: what is here is added
to them, never subtracted.

Follows: TS 36.213 §5.1.1.1 and TS 38.213 §7.1.1 for the form; Narayanan et al. (2021) for throughput by signal.
"""

from __future__ import annotations

from bisect import bisect_right
from itertools import pairwise
from math import log10
from typing import Annotated, NamedTuple

from pydantic import Field, model_validator

from sim.base.citing import ASSUMED, MEASURED, REPORTED, Cited, Parameters
from sim.base.units import MILLISECOND, Bytes, DurationField, Share
from sim.machines.radio.air import Power
from sim.machines.radio.handover import Rat

FAIR, POOR, VERY_POOR = -90.0, -100.0, -110.0
"""Upper ends of the bands. [dBm]"""


class Band(NamedTuple):
    """What a band adds to a good signal."""

    loss: float
    """Per packet and direction."""
    delay: int
    """[µs]"""


LEVELS = (0.0, 5.0, 15.0, 20.0)
"""Upper ends of the transmit power levels of Android's power profiles, but the last. [dBm]"""
ONE_PACKET: Bytes = 1_500
"""What is sent in few resource blocks; more is sent in many. [bytes]"""
Dbm = Annotated[float, Field(ge=-140, le=40)]
Multiplier = Annotated[float, Field(ge=1, le=10)]
Scale = Annotated[float, Field(gt=0, le=100)]


class Signal(Parameters):
    """Loss and delay that a band of RSRP adds to the network's own, and its throughput and power."""

    fair_loss: Annotated[
        Share, Cited("raca2020", "0.1 to 0.4 % static; the split by band is ours", ASSUMED, "0", "0.01")
    ] = 0.002
    poor_loss: Annotated[Share, Cited("raca2020", "about 1 % driving", ASSUMED, "0.003", "0.03")] = 0.009
    very_poor_loss: Annotated[Share, Cited("judgement", "before the outage", ASSUMED, "0.01", "0.1")] = 0.029
    fair_delay: Annotated[DurationField, Cited("judgement", "round trip added", ASSUMED, "0 ms", "10 ms")] = (
        2 * MILLISECOND
    )
    poor_delay: Annotated[DurationField, Cited("judgement", "round trip added", ASSUMED, "0 ms", "60 ms")] = (
        10 * MILLISECOND
    )
    very_poor_delay: Annotated[DurationField, Cited("judgement", "round trip added", ASSUMED, "20 ms", "200 ms")] = (
        60 * MILLISECOND
    )

    umts_loss: Annotated[
        Share, Cited("raca2020", "driving: HSPA+ 4.4 %, less what a 4G network loses", MEASURED, "0.013", "0.1")
    ] = 0.04
    umts_delay: Annotated[
        DurationField, Cited("raca2020", "median of HSPA+ 123 ms, less 60 ms of LTE", MEASURED, "20 ms", "200 ms")
    ] = 63 * MILLISECOND

    measured_at_dbm: Annotated[
        Dbm, Cited("judgement", "the signal in which radios are measured", ASSUMED, "-100 dBm", "-80 dBm")
    ] = -90.0
    rate_by_rsrp: Annotated[
        tuple[tuple[Dbm, Scale], ...],
        Field(min_length=1, max_length=30),
        Cited(
            "narayanan2021",
            "Power-SignalStrength, SA down, Mbit/s by RSRP, over that at -90 dBm",
            MEASURED,
            "half of each",
            "twice each",
            "-105 and -115 dBm are our extension, after the mmWave row; between the points, linear",
        ),
    ] = ((-115.0, 0.06), (-105.0, 0.43), (-95.0, 0.79), (-90.0, 1.0), (-80.0, 2.1), (-70.0, 3.0), (-60.0, 4.7))
    p0_dbm: Annotated[Dbm, Cited("ts36213", "§5.1.1.1, P0; its value", ASSUMED, "-100 dBm", "-80 dBm")] = -85.0
    path_loss_share: Annotated[Share, Cited("ts36213", "§5.1.1.1, alpha; its value", ASSUMED, "0.7", "1")] = 0.8
    reference_dbm: Annotated[
        Dbm, Cited("judgement", "reference signal's power per resource element", ASSUMED, "15 dBm", "21 dBm")
    ] = 18.0
    most_dbm: Annotated[Dbm, Cited("ts36213", "§5.1.1.1, P_CMAX of power class 3", ASSUMED, "23 dBm", "23 dBm")] = 23.0
    blocks_of_packet: Annotated[
        int, Field(ge=1, le=273), Cited("judgement", "resource blocks of one packet", ASSUMED, "1", "10")
    ] = 4
    blocks_of_bulk: Annotated[
        int, Field(ge=1, le=273), Cited("judgement", "resource blocks of a transfer", ASSUMED, "25", "50")
    ] = 25
    transmit_mw: Annotated[
        tuple[Power, Power, Power, Power, Power],
        Cited(
            "aosp-power-profiles",
            "Pixel 4 XL, modem.controller.tx by level, times 3.7 V",
            REPORTED,
            "0.6 of each",
            "1.6 of each",
            "below 0, 5, 15, 20 dBm, and above",
        ),
    ] = (360, 490, 680, 830, 1090)
    tail_by_rsrp: Annotated[
        tuple[tuple[Dbm, Multiplier], ...],
        Field(min_length=1, max_length=30),
        Cited("judgement", "a tail's power at the edge; ding2013 measured it, out of reach", ASSUMED, "1", "2"),
    ] = ((-115.0, 1.3), (-110.0, 1.15), (-100.0, 1.0))
    idle_by_rsrp: Annotated[
        tuple[tuple[Dbm, Multiplier], ...],
        Field(min_length=1, max_length=30),
        Cited("judgement", "more paging attempts and measurements at the edge", ASSUMED, "1", "4"),
    ] = ((-115.0, 2.0), (-105.0, 1.0))
    search_mw: Annotated[
        Power, Cited("headworx", "half a battery in a night at the edge would be 750 mW", ASSUMED, "200 mW", "1000 mW")
    ] = 500
    search_share: Annotated[
        Share, Cited("judgement", "of the time without a cell, spent searching", ASSUMED, "0.05", "0.5")
    ] = 0.1

    @model_validator(mode="after")
    def _in_order(self) -> Signal:
        for points in (self.rate_by_rsrp, self.tail_by_rsrp, self.idle_by_rsrp):
            if any(low >= high for (low, _), (high, _) in pairwise(points)):
                raise ValueError("what depends on the RSRP must be stated from the weakest to the strongest")
        return self

    def rate_scale(self, dbm: float) -> float:
        """Throughput at this RSRP over that at which the network's rate is stated."""
        return _between(self.rate_by_rsrp, dbm)

    def transmit_dbm(self, dbm: float, blocks: int) -> float:
        """Transmit power at this RSRP [dBm] in so many resource blocks. [dBm]"""
        loss = self.reference_dbm - dbm
        return min(self.most_dbm, self.p0_dbm + self.path_loss_share * loss + 10 * log10(blocks))

    def sending_mw(self, dbm: float, size: Bytes) -> int:
        """What sending a burst of `size` draws at this RSRP more than where the radio was measured. [mW]"""
        # MODEL: a better signal than that in which radios were measured saves nothing (bias: high for sending there).
        blocks = self.blocks_of_packet if size <= ONE_PACKET else self.blocks_of_bulk
        here, there = (self._modem_mw(self.transmit_dbm(at, blocks)) for at in (dbm, self.measured_at_dbm))
        return max(here - there, 0)

    def tail_factor(self, dbm: float) -> float:
        """What a tail's power is multiplied by."""
        return _between(self.tail_by_rsrp, dbm)

    def idle_factor(self, dbm: float) -> float:
        """What an idle radio's power is multiplied by."""
        return _between(self.idle_by_rsrp, dbm)

    def _modem_mw(self, dbm: float) -> int:
        return self.transmit_mw[bisect_right(LEVELS, dbm)]

    def of(self, dbm: float, rat: str) -> Band:
        """What a signal of this RSRP [dBm] adds in a network of this technology."""
        band = self.band(dbm)
        if Rat(rat) is not Rat.UMTS:
            return band
        return Band(1 - (1 - band.loss) * (1 - self.umts_loss), band.delay + self.umts_delay)

    def band(self, dbm: float) -> Band:
        """What a signal of this RSRP [dBm] adds."""
        if dbm >= FAIR:
            return Band(0.0, 0)
        if dbm >= POOR:
            return Band(self.fair_loss, self.fair_delay)
        if dbm >= VERY_POOR:
            return Band(self.poor_loss, self.poor_delay)
        return Band(self.very_poor_loss, self.very_poor_delay)


def _between(points: tuple[tuple[float, float], ...], dbm: float) -> float:
    """Linear between the points, which ascend; level outside."""
    for (low, at_low), (high, at_high) in pairwise(points):
        if dbm < high:
            return at_low + (at_high - at_low) * max(dbm - low, 0.0) / (high - low)
    return points[-1][1]
