"""What a weak cellular signal costs, and what an older network does: loss and delay by band of RSRP, and of 3G.

Link adaptation and retransmission hide most of it: neither delay nor loss varies visibly between -110 and -65 dBm in
a large drive data set; below that, packets go missing and wait.

Left out: power by signal, throughput by signal.
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

from sim.base.citing import ASSUMED, MEASURED, Cited, Parameters
from sim.base.units import MILLISECOND, DurationField, Share
from sim.machines.radio.handover import Rat

FAIR, POOR, VERY_POOR = -90.0, -100.0, -110.0
"""Upper ends of the bands. [dBm]"""


class Band(NamedTuple):
    """What a band adds to a good signal."""

    loss: float
    """Per packet and direction."""
    delay: int
    """[µs]"""


class Signal(Parameters):
    """Loss and delay that a band of RSRP adds to the network's own."""

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
