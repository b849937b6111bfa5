"""What a Wi-Fi radio spends in a day: a ladder of one step, and a high-rate state where a set has it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sim.machines.radio.air import NANOJOULES_PER_MILLIJOULE
from sim.machines.radio.wifi import WifiPsm
from sim.measure.bursts import (
    Bursts,
    Column,
    Rate,
    Spending,
    Stretches,
    Traffic,
    bursts_in,
    byte_energies,
    on_air,
    owners,
    silences,
    stretches,
)
from sim.measure.ladder import Ladder, Start, connections
from sim.world.intervals import Intervals, total


def spent_by_wifi(radio: WifiPsm, traffic: Traffic, associated: Intervals, rate: Rate, joins: int = 0) -> Spending:
    """What the Wi-Fi radio spent while associated, and in joining.

    Parameters
    ----------
    traffic : bursts on the Wi-Fi interface; those outside `associated` cost nothing
    associated : when the phone was in a network
    joins : how many times a network was scanned for and joined
    """
    bursts = bursts_in(traffic, associated, rate)
    once = Start(radio.promotion, radio.promotion)
    found = connections(Ladder(radio.tail, 0, once, once), bursts)
    starts, reach = found.starts, found.reach
    waking = np.minimum(radio.promotion, bursts.limit[starts] - bursts.at[starts])
    behind, quiet = silences(bursts, reach)
    tail = np.minimum(quiet, radio.tail)
    tail_time = int(tail.sum())
    idle_time = int(quiet.sum()) - tail_time + total(bursts.leading)

    high = _high(radio, bursts, reach)
    of_bytes = byte_energies(radio, bursts)
    active = bursts.length - int(waking.sum()) - tail_time - idle_time
    parts = {
        "wifi_idle": idle_time * radio.psm_mw,
        "wifi_promotion": int(waking.sum()) * radio.promotion_mw,
        "wifi_transfer": active * radio.cam_mw + int(of_bytes.sum()),
        "wifi_tail": tail_time * radio.cam_mw,
        "wifi_high": int(high.energy.sum()),
        "wifi_join": joins * radio.join_mj * NANOJOULES_PER_MILLIJOULE,
    }

    def caused() -> Column:
        busy = on_air(bursts, reach)
        busy[starts] -= waking
        spent = of_bytes + busy * radio.cam_mw
        spent[starts] += waking * radio.promotion_mw
        spent[owners(found.alone, reach)[behind]] += tail * radio.cam_mw  # each silence follows another burst
        spent[high.of] += high.energy
        return bursts.of_traffic(spent, len(traffic.at))

    def silent() -> Stretches:
        return stretches(bursts, reach[behind], quiet, radio.tail, owners(found.alone, reach)[behind])

    return Spending(parts, caused, silent)


class _High(NamedTuple):
    """The high-rate state."""

    of: Column
    """The bursts that brought it about or prolonged it."""
    energy: Column
    """What it drew because of each above the other state. [nJ]"""


def _high(radio: WifiPsm, bursts: Bursts, reach: Column) -> _High:
    if not radio.high_size or not len(reach):
        return _High(reach[:0], reach[:0])
    at, sizes = bursts.at, (bursts.up + bursts.down).cumsum()
    entered = bursts.first[np.searchsorted(bursts.first, np.arange(len(at)), side="right") - 1]
    oldest = np.maximum(np.searchsorted(at, at - radio.high_window, side="right"), entered)
    within = sizes - np.where(oldest > 0, sizes[oldest - 1], 0)
    high = np.flatnonzero(within > radio.high_size)
    until = np.minimum(reach[high] + radio.high_window, bursts.limit[high])
    begin = at[high].copy()
    np.maximum(begin[1:], until[:-1], out=begin[1:])  # what is high already
    return _High(high, np.maximum(until - begin, 0) * (radio.high_mw - radio.cam_mw))
