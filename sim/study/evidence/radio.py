"""Radio and energy: published figures of radios, replayed through the energy account."""

from __future__ import annotations

import numpy as np

from sim.base.units import HOUR
from sim.machines.radio import SETS
from sim.measure.energy import Traffic, cellular_energy
from sim.study.evidence.checks import Check, Comparison, Given, Kind, near

NANOJOULES = 1e-9
"""[J]"""


def _idle_floor(given: Given) -> list[Comparison]:
    nothing = np.empty(0, dtype=np.int64)
    quiet = Traffic(nothing, nothing, nothing, nothing.astype(bool))
    spent = cellular_energy(SETS["lte-2012"], quiet, np.array([[0, HOUR]]), rate_mbps=29.0)
    return [
        near("power of an idle phone", 19.95, spent["cellular_idle"] * NANOJOULES / 3600 * 1e3, "mW", relative=0.01)
    ]


CHECKS: tuple[Check, ...] = (
    Check(
        "A5",
        "LTE, idle floor: 43 ms at 0.594 W in each paging cycle of 1.28 s",
        Kind.CLOSED_FORM,
        "att-aro",
        "lte.conf",
        _idle_floor,
    ),
)
