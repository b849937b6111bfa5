"""What all radios share: the offered packet, its time on the air, the energy of its bytes, and duty cycles.

Energy is an integer: milliwatts times microseconds are nanojoules. A slope in milliwatts per megabit per second times
bytes is, by the same arithmetic, eight nanojoules per byte and unit of slope, whatever the rate: a faster link draws
more for less time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from sim.base.citing import Cited
from sim.base.units import Bytes, Duration, DurationField
from sim.machines.machine import Event

Power = Annotated[int, Field(ge=0, le=20_000)]
"""[mW]"""
Slope = Annotated[float, Field(ge=0, le=10_000)]
"""[mW per Mbit/s]"""
Cycle = Annotated[DurationField, Field(ge=1)]
Changes = dict[str, tuple[str | int | float, Cited]]
"""Where a named set departs from the defaults of its class: field → value as in a file, and its source."""

Nanojoules = int
"""An energy. [nJ]"""

NANOJOULES_PER_MICROJOULE = 1_000
NANOJOULES_PER_MILLIJOULE = 1_000_000


@dataclass(frozen=True, slots=True)
class PacketOffered(Event):
    """A burst was handed to the radio; `air` is how long it takes on the air. [µs]

    Some radios look at its size in each direction, too.
    """

    air: Duration
    up: Bytes = 0
    down: Bytes = 0


def air_time(size: Bytes, rate_mbps: float) -> Duration:
    """How long `size` bytes, both directions together, keep the air busy at this rate. [µs]"""
    # MODEL: the directions share one rate and follow each other; LTE usually overlaps them (bias: longer active time).
    return round(size * 8 / rate_mbps)


def byte_energy(up: Bytes, down: Bytes, alpha_up: float, alpha_down: float) -> Nanojoules:
    """Energy of a burst's bytes above the power of the state that carries them, rounded once. [nJ]

    Parameters
    ----------
    up, down : 0 <= size. [bytes]
    alpha_up, alpha_down : 0 <= slope. [mW per Mbit/s]
    """
    return round(8.0 * (alpha_up * up + alpha_down * down))


def duty_cycle(elapsed: Duration, cycle: Duration, on: Duration, on_mw: int, off_mw: int) -> Nanojoules:
    """Energy of `elapsed` of a receiver that is on for the first `on` of every `cycle`, walked cycle by cycle. [nJ]"""
    # A partial cycle is charged for what it holds; ARO's own program charges all of a partial idle cycle at full power.
    whole, rest = divmod(elapsed, cycle)
    listening = whole * on + min(rest, on)
    return listening * on_mw + (elapsed - listening) * off_mw
