"""What the strength of the cellular signal does to a radio's day.

How long a transfer keeps the air depends on the signal at its instant: that is in the account itself, as a throughput
that changes. What a weak signal draws *more* is a component of its own, so that a reader sees it: the transmitter
turned up, tails and standby at the edge of a cell.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.base.units import NEVER
from sim.machines.radio.air import Nanojoules
from sim.machines.radio.signal import ONE_PACKET, Signal
from sim.measure.bursts import Rate, Rates, Spending, Traffic
from sim.world.intervals import Intervals, Ints, elapsed, inside, paired, total

Epochs = tuple[tuple[int, float], ...]
"""From when on which RSRP, in order of time, the first at 0. [µs], [dBm]"""


class Air(NamedTuple):
    """What the signal of a day means for a network: k epochs."""

    rate: Rate
    since: Ints
    """(k,) from when on. [µs]"""
    effects: NDArray[np.float64]
    """(4, k): how much more sending a packet and sending more than that draw [mW]; what the power of tails and of
    standby is multiplied by. Empty if the signal is never weak."""


class Extra(NamedTuple):
    """What a weak signal had a radio spend more."""

    total: Nanojoules
    caused: Ints
    """Of each burst of the traffic, (n,). [nJ]"""


def air(signal: Signal, epochs: Epochs, mbps: float) -> Air:
    """The air of a network that has a throughput of `mbps` where radios are measured."""
    at_best = signal.rate_scale(signal.measured_at_dbm)
    of = {dbm: (mbps * signal.rate_scale(dbm) / at_best, *_effects(signal, dbm)) for dbm in {d for _, d in epochs}}
    table = np.array([of[dbm] for _, dbm in epochs]).T
    since = np.array([at for at, _ in epochs], dtype=np.int64)
    weak = any(row[1:] != (0, 0, 1.0, 1.0) for row in of.values())
    rate = Rates(since, table[0]) if len({row[0] for row in of.values()}) > 1 else float(table[0, 0])
    return Air(rate, since, table[1:] if weak else table[1:, :0])


def _effects(signal: Signal, dbm: float) -> tuple[float, float, float, float]:
    sending = (signal.sending_mw(dbm, size) for size in (ONE_PACKET, ONE_PACKET + 1))
    return (*sending, signal.tail_factor(dbm), signal.idle_factor(dbm))  # type: ignore[return-value]


def extra(here: Air, spending: Spending, traffic: Traffic, in_use: Intervals) -> Extra:
    """What a weak signal had the radio spend more.

    Parameters
    ----------
    spending : what the radio spent on this traffic while it was `in_use`
    """
    if not here.effects.size:
        return Extra(0, np.zeros(len(traffic.at), dtype=np.int64))
    packet_mw, bulk_mw, of_tail, of_idle = here.effects
    caused = _sending(here, packet_mw, bulk_mw, traffic, in_use)
    standby = 0
    if (of_tail != 1.0).any() or (of_idle != 1.0).any():
        tails, tail_of, idle = spending.stretches()
        np.add.at(caused, tail_of, _prolonged(here.since, of_tail, tails, spending.parts["cellular_tail"]))
        standby = int(_prolonged(here.since, of_idle, idle, spending.parts["cellular_idle"]).sum())
    return Extra(int(caused.sum()) + standby, caused)


def _sending(
    here: Air, packet_mw: NDArray[np.float64], bulk_mw: NDArray[np.float64], traffic: Traffic, where: Intervals
) -> Ints:
    """The transmitter, turned up while each burst is sent, (n,). [nJ]"""
    epoch = here.since.searchsorted(traffic.at, side="right") - 1
    more = np.where(traffic.up <= ONE_PACKET, packet_mw[epoch], bulk_mw[epoch])
    within, _ = inside(traffic.at, where)
    mbps = here.rate.mbps[epoch] if isinstance(here.rate, Rates) else here.rate
    return np.rint(8.0 * more * traffic.up / mbps * within).astype(np.int64)


def _prolonged(since: Ints, factor: NDArray[np.float64], spans: Intervals, spent: Nanojoules) -> Ints:
    """What each of these stretches draws more, if all of them together have `spent` that without the signal. [nJ]"""
    found = np.zeros(len(spans), dtype=np.int64)
    values = set(factor.tolist()) - {1.0}
    lasted = total(spans)
    if not values or not lasted:
        return found
    mean_mw = spent / lasted  # the duty cycles of a state are too short to be told apart here
    ends = np.append(since[1:], NEVER)
    for value in sorted(values):
        here = paired(since[factor == value], ends[factor == value])
        time = elapsed(spans[:, 1], here) - elapsed(spans[:, 0], here)
        found += np.rint((value - 1.0) * mean_mw * time).astype(np.int64)
    return found
