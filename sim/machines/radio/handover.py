"""Changes of cell: how often, how long nothing passes, and what a failed one costs.

A handover has two parts. While it is prepared (the phone's report, the network's decision) data flow as before; while
it is executed (the command, access to the new cell) nothing passes, and what was sent waits in the phone or is
forwarded between the cells. Only the second part is an interruption, a few hundredths of a second long. When the
execution fails, the phone notices, looks for a cell and asks for its connection back: that takes seconds.

How often is a matter of geometry: the spacing of handovers over the speed.

Follows: the data of Hassan et al. (2022) and Narayanan et al. (2021); TS 36.331 §5.3.7 and §5.3.11 for the failure.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, NamedTuple

from pydantic import Field

from sim.base.citing import ASSUMED, MEASURED, Cited, Parameters
from sim.base.laws import DurationLaw, Law, lognormal, triangular
from sim.base.units import MILLISECOND, Share, seconds

METRES_PER_MINUTE = 1000 / 60
"""In one kilometre per hour."""
Spacing = Annotated[float, Field(gt=0)]
"""A distance. [m]"""


class Rat(StrEnum):
    """Radio access technology."""

    UMTS = "umts"
    LTE = "lte"
    NSA = "nsa"
    """5G beside an LTE anchor."""
    SA = "sa"
    """5G alone."""


class Cells(NamedTuple):
    """Of one technology."""

    spacing: float
    """Mean way between two handovers. [m]"""
    interruption: Law


class Handover(Parameters):
    """Handovers between cells, by technology."""

    spacing_umts: Annotated[Spacing, Cited("judgement", "as LTE", ASSUMED, "400 m", "1600 m")] = 560.0
    spacing_lte: Annotated[
        Spacing, Cited("hassan2022", "figure 11 data, LTE mid-band: mean 559 m", MEASURED, "400 m", "1600 m")
    ] = 560.0
    spacing_nsa: Annotated[
        Spacing,
        Cited(
            "narayanan2021",
            "Driving-Wild: 10.1 events a minute where LTE had 3.0",
            MEASURED,
            "120 m",
            "710 m",
            "changes of the 5G leg included; between anchors hassan2022 has 530 m",
        ),
    ] = 166.0
    spacing_sa: Annotated[
        Spacing,
        Cited("hassan2022", "figure 11 data, SA low-band: median 1262, mean 1588 m", MEASURED, "1200 m", "1600 m"),
    ] = 1400.0
    interruption_umts: Annotated[
        DurationLaw, Cited("judgement", "change of the HSDPA serving cell", ASSUMED, "20 ms", "400 ms")
    ] = lognormal(100 * MILLISECOND, 0.4)
    interruption_lte: Annotated[
        DurationLaw,
        Cited(
            "hassan2022",
            "figure 9 data, T-Mobile mid-band: p5 28, p95 60, mean 41 ms",
            MEASURED,
            "25 ms",
            "110 ms",
            "the law has these quantiles; its median is then 41, where the data have 35",
        ),
    ] = lognormal(41 * MILLISECOND, 0.23)
    interruption_nsa: Annotated[
        DurationLaw,
        Cited(
            "hassan2022",
            "figure 9 data: anchor change 53, addition of the 5G leg 48, its change 40, its release 54 ms",
            MEASURED,
            "20 ms",
            "110 ms",
        ),
    ] = lognormal(47 * MILLISECOND, 0.2)
    interruption_sa: Annotated[
        DurationLaw,
        Cited("hassan2022", "figure 9 data, T-Mobile SA: p5 61, p95 70, mean 66 ms", MEASURED, "39 ms", "110 ms"),
    ] = lognormal(66 * MILLISECOND, 0.05)
    failure: Annotated[Share, Cited("judgement", "of handovers, walking and driving", ASSUMED, "0.001", "0.02")] = 0.005
    failure_fast: Annotated[
        Share,
        Cited("rem2020", "on high-speed rail, with high-speed-rail-2019: 5 to 12.6 %", ASSUMED, "0.05", "0.13"),
    ] = 0.08
    fast_kmh: Annotated[float, Field(gt=0), Cited("rem2020", "200 to 350 km/h", ASSUMED, "150 km/h", "250 km/h")] = (
        200.0
    )
    re_establishment: Annotated[
        DurationLaw,
        Cited(
            "ts36331",
            "§5.3.7, §5.3.11; N310, T310, T311 and T301 of one operator's SIB2",
            ASSUMED,
            "2.3 s",
            "6.4 s",
            "the outage after a radio-link failure",
        ),
    ] = triangular(2300 * MILLISECOND, 3300 * MILLISECOND, 6400 * MILLISECOND)
    to_or_from_umts: Annotated[
        DurationLaw,
        Cited("olgen2013", "LTE to UMTS: about 4.5 s", MEASURED, "3 s", "120 s", "kaist2014 has 20 s to 2 min"),
    ] = lognormal(4500 * MILLISECOND, 0.3, seconds(120))
    to_or_from_sa: Annotated[
        DurationLaw, Cited("judgement", "handover between the LTE and the 5G core", ASSUMED, "50 ms", "2 s")
    ] = lognormal(200 * MILLISECOND, 0.5, seconds(2))

    def cells(self, rat: str) -> Cells:
        """What holds in a network of this technology."""
        match Rat(rat):
            case Rat.UMTS:
                return Cells(self.spacing_umts, self.interruption_umts)
            case Rat.LTE:
                return Cells(self.spacing_lte, self.interruption_lte)
            case Rat.NSA:
                return Cells(self.spacing_nsa, self.interruption_nsa)
            case Rat.SA:
                return Cells(self.spacing_sa, self.interruption_sa)

    def per_minute(self, rat: str, speed_kmh: float) -> float:
        """Mean number of handovers a minute at this speed. [1/min]"""
        return speed_kmh * METRES_PER_MINUTE / self.cells(rat).spacing

    def fails(self, speed_kmh: float | None) -> float:
        """Probability that a handover fails."""
        return self.failure_fast if speed_kmh is not None and speed_kmh >= self.fast_kmh else self.failure

    def change(self, before: str, after: str) -> Law | None:
        """How long nothing passes when the technology changes; None where it changes without leaving the cell."""
        pair = {Rat(before), Rat(after)}
        if len(pair) == 1 or pair == {Rat.LTE, Rat.NSA}:
            return None
        return self.to_or_from_umts if Rat.UMTS in pair else self.to_or_from_sa
