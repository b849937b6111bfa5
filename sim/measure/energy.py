"""The energy account: what a day's traffic, states and wake-ups drew from the battery, part by part.

Pure functions of columns. Each gives its components in whole nanojoules (milliwatts times microseconds), so that the
parts add up to the whole exactly. The radios' rules are those of the machines in :mod:`sim.machines.radio`, applied to
the whole day in one pass; stepping the machines packet by packet gives the same integers.

How the cellular pass avoids a loop. Whether a packet finds the phone idle depends on when the connection before it
ended, and that depends, through the promotion, on which packet began it. But a promotion moves an end by no more than
its length. So a gap of `tail` (measured as if there were no promotion) makes a packet a *candidate* for a fresh
start, and `tail + promotion` makes it sure. Between them, only the promotion of the candidate just before can hold it
in the old connection, and only if that candidate did start it: a promotion is not longer than a tail, so an earlier
one is over. Hence in a row of candidates that would each hold the next, every second one starts a connection.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.base.units import Bytes, Duration
from sim.machines.radio.air import NANOJOULES_PER_MICROJOULE, NANOJOULES_PER_MILLIJOULE, Nanojoules
from sim.machines.radio.battery import PhonePower, VpnPower, usable_nj
from sim.machines.radio.lte import Lte
from sim.machines.radio.wifi import WifiPsm
from sim.world.intervals import Intervals, rows_between, total

Column = NDArray[np.int64]

COMPONENTS: tuple[str, ...] = (
    "base_idle",
    "base_screen",
    "base_wakes",
    "cellular_idle",
    "cellular_promotion",
    "cellular_transfer",
    "cellular_tail",
    "cellular_handover",
    "cellular_attach",
    "wifi_idle",
    "wifi_transfer",
    "wifi_tail",
    "wifi_join",
    "vpn_data_path",
    "vpn_crypto",
    "vpn_handshakes",
    "vpn_wakeups",
)
"""Every component that an account may have, in the order of tables."""


@dataclass(frozen=True)
class Traffic:
    """Bursts on one physical interface, in any order.

    Parameters
    ----------
    at : int64 array, (n,). [µs]
    up, down : int64 array, (n,). 0 <= size, tunnel overhead included. [bytes]
    vpn : bool array, (n,): caused by the VPN itself (handshakes, keepalives)
    """

    at: Column
    up: Column
    down: Column
    vpn: NDArray[np.bool_]

    def without_vpn(self) -> Traffic:
        """The same bursts without the VPN's own."""
        kept = ~self.vpn
        return Traffic(self.at[kept], self.up[kept], self.down[kept], self.vpn[kept])


@dataclass(frozen=True)
class EnergyAccount:
    """What was spent, by component. [nJ]"""

    by_component: Mapping[str, Nanojoules]

    @property
    def total_nj(self) -> Nanojoules:
        """The sum of the parts, exactly. [nJ]"""
        return sum(self.by_component.values())

    def added_to(self, other: EnergyAccount) -> dict[str, Nanojoules]:
        """What this run spent more than `other`, by component: with a VPN against without, the VPN's blame. [nJ]"""
        return {
            name: self.by_component.get(name, 0) - other.by_component.get(name, 0)
            for name in COMPONENTS
            if name in self.by_component or name in other.by_component
        }

    def battery_percent(self, model: str, power: PhonePower | None = None) -> float:
        """The total as a share of what a new battery of this iPhone model gives. [%]"""
        return 100.0 * self.total_nj / usable_nj(model, (power or PhonePower()).usable_share)


def cellular_energy(
    radio: Lte,
    traffic: Traffic,
    attached: Intervals,
    rate_mbps: float,
    *,
    handovers: int = 0,
    attaches: int = 0,
) -> dict[str, Nanojoules]:
    """What the cellular radio spent while attached.

    Parameters
    ----------
    traffic : bursts on the cellular interface; those outside `attached` cost nothing
    attached : when the phone was registered. Leaving an interval ends the connection
    rate_mbps : 0 < rate: throughput, for the time on the air. [Mbit/s]
    handovers, attaches : how many there were

    Returns
    -------
    dict
        The components ``cellular_*``. [nJ]
    """
    bursts = _bursts(traffic, attached, rate_mbps)
    starts, reach = _connections(radio, bursts)
    quiet = _quiet(bursts, reach)
    tails = np.minimum(quiet, radio.tail)
    idle = np.concatenate((quiet[quiet > radio.tail] - radio.tail, bursts.leading))
    promoting = int(np.minimum(radio.promotion, bursts.limit[starts] - bursts.at[starts]).sum())
    active = bursts.length - promoting - int(tails.sum()) - int(idle.sum())
    idle_nj = _duty_cycle(idle, radio.paging_cycle, radio.paging_on, radio.paging_on_mw, radio.paging_off_mw)
    return {
        "cellular_idle": idle_nj,
        "cellular_promotion": promoting * radio.promotion_mw,
        "cellular_transfer": active * radio.transfer_mw + _byte_energy(radio, bursts),
        "cellular_tail": _tail_energy(radio, tails),
        "cellular_handover": handovers * radio.handover_mj * NANOJOULES_PER_MILLIJOULE,
        "cellular_attach": attaches * radio.attach_mj * NANOJOULES_PER_MILLIJOULE,
    }


def wifi_energy(
    radio: WifiPsm, traffic: Traffic, associated: Intervals, rate_mbps: float, joins: int = 0
) -> dict[str, Nanojoules]:
    """What the Wi-Fi radio spent while associated, and in joining.

    Parameters
    ----------
    traffic : bursts on the Wi-Fi interface; those outside `associated` cost nothing
    associated : when the phone was in a network
    rate_mbps : 0 < rate: throughput, for the time on the air. [Mbit/s]
    joins : how many times a network was scanned for and joined

    Returns
    -------
    dict
        The components ``wifi_*``. [nJ]
    """
    bursts = _bursts(traffic, associated, rate_mbps)
    quiet = _quiet(bursts, _reach(bursts))
    tail = int(np.minimum(quiet, radio.tail).sum())
    idle = int(quiet.sum()) - tail + int(bursts.leading.sum())
    return {
        "wifi_idle": idle * radio.psm_mw,
        "wifi_transfer": (bursts.length - tail - idle) * radio.cam_mw + _byte_energy(radio, bursts),
        "wifi_tail": tail * radio.cam_mw,
        "wifi_join": joins * radio.join_mj * NANOJOULES_PER_MILLIJOULE,
    }


def phone_energy(
    power: PhonePower, duration: Duration, screen_on: Intervals, asleep: Intervals, airplane: Intervals, wakes: int
) -> dict[str, Nanojoules]:
    """What the phone spent whatever the traffic.

    Parameters
    ----------
    duration : 0 <= duration: the whole time accounted for. [µs]
    screen_on, asleep, airplane : intervals within it
    wakes : dark wakes of the system

    Returns
    -------
    dict
        The components ``base_*``. [nJ]
    """
    sleeping = total(asleep)
    base = duration * power.idle_mw - sleeping * (power.idle_mw - power.asleep_mw)
    # MODEL: airplane mode saves as much awake as asleep (what daemons do for the radios); nobody measured them apart.
    return {
        "base_idle": base - total(airplane) * (power.asleep_mw - power.airplane_mw),
        "base_screen": total(screen_on) * power.screen_mw,
        "base_wakes": wakes * power.dark_wake_mj * NANOJOULES_PER_MILLIJOULE,
    }


def vpn_energy(
    power: VpnPower, aes: bool, bytes_: Bytes, packets: int, handshakes: int, wakes: int
) -> dict[str, Nanojoules]:
    """What the VPN spent on the phone's processor.

    Parameters
    ----------
    aes : whether the cipher is AES-GCM
    bytes_ : 0 <= size: all that passed the tunnel, both directions. [bytes]
    packets, handshakes, wakes : packets through the tunnel, handshakes made, wake-ups of the provider's process

    Returns
    -------
    dict
        The components ``vpn_*``. [nJ]
    """
    return {
        "vpn_data_path": round(bytes_ * power.data_path_nj_per_byte)
        + packets * power.per_packet_uj * NANOJOULES_PER_MICROJOULE,
        "vpn_crypto": round(bytes_ * power.crypto_nj_per_byte(aes)),
        "vpn_handshakes": handshakes * power.handshake_uj * NANOJOULES_PER_MICROJOULE,
        "vpn_wakeups": wakes * power.wake_mj * NANOJOULES_PER_MILLIJOULE,
    }


# Columns --------------------------------------------------------------------------------------------------------------


class _Bursts(NamedTuple):
    """Bursts within the k intervals, sorted; n in all, in the m intervals that have some."""

    at: Column
    up: Column
    down: Column
    air: Column
    limit: Column
    """End of the interval that the burst is in, (n,)."""
    first: Column
    """Index of the first burst of each interval that has one, (m,)."""
    leading: Column
    """From each interval's beginning to its first burst, or its whole length, (k,)."""
    length: Duration
    """All intervals together."""


def _bursts(traffic: Traffic, intervals: Intervals, rate_mbps: float) -> _Bursts:
    """Sort, drop what lies outside the intervals, and find each interval's first burst."""
    begin, end = intervals[:, 0], intervals[:, 1]
    at, up, down = traffic.at, traffic.up, traffic.down
    if (at[1:] < at[:-1]).any():
        order = np.argsort(at, kind="stable")
        at, up, down = at[order], up[order], down[order]
    low, high = np.searchsorted(at, begin), np.searchsorted(at, end)
    counts = high - low
    if counts.sum() != len(at):
        inside, _ = rows_between(low, high)
        at, up, down = at[inside], up[inside], down[inside]
    busy = counts > 0
    first = (np.cumsum(counts) - counts)[busy]
    leading = end - begin
    leading[busy] = at[first] - begin[busy]
    size = up + down
    size *= 8
    air = size / rate_mbps
    np.rint(air, out=size, casting="unsafe")
    return _Bursts(at, up, down, size, np.repeat(end, counts), first, leading, total(intervals))


def _connections(radio: Lte, bursts: _Bursts) -> tuple[Column, Column]:
    """Index of each connection's first burst, and when the air is free again after each burst, (n,)."""
    at, air, limit, first = bursts.at, bursts.air, bursts.limit, bursts.first
    if not len(at):
        return first, at
    reach = _reach(bursts)
    gap = np.empty_like(at)
    np.subtract(at[1:], reach[:-1], out=gap[1:])
    gap[first] = radio.tail + radio.promotion  # a new interval is a fresh start
    candidate = np.flatnonzero(gap >= radio.tail)

    # If the candidate does start a connection, the packets that it makes wait end at `held`, or before.
    ready = at[candidate] + radio.promotion
    following = np.append(first, len(at))[np.searchsorted(first, candidate, side="right")]
    waiting = np.minimum(np.searchsorted(at, ready), following)
    windows = np.column_stack((candidate, waiting)).ravel()
    longest = np.maximum.reduceat(air, windows[:-1] if waiting[-1] == len(at) else windows)[::2]
    held = np.minimum(ready + longest, limit[candidate])

    fresh = gap[candidate] >= radio.tail + radio.promotion
    fresh[1:] |= at[candidate[1:]] >= held[:-1] + radio.tail
    place = np.arange(len(candidate))
    starting = (place - np.maximum.accumulate(np.where(fresh, place, 0))) % 2 == 0

    starts = candidate[starting]
    reach[starts] = held[starting]
    return starts, np.maximum.accumulate(reach, out=reach)


def _reach(bursts: _Bursts) -> Column:
    """When the air is free again after each burst, if nothing waits for a promotion, (n,)."""
    # In place: at the length of a day, page faults of new arrays cost as much as the arithmetic.
    reach = bursts.at + bursts.air
    np.minimum(reach, bursts.limit, out=reach)  # so that nothing reaches into the next interval
    return np.maximum.accumulate(reach, out=reach)


def _quiet(bursts: _Bursts, reach: Column) -> Column:
    """Every stretch in which the air is free after a burst: to the next burst, or to the end of the interval."""
    if not len(reach):
        return reach
    after = np.empty_like(reach)
    np.subtract(bursts.at[1:], reach[:-1], out=after[:-1])
    last = np.append(bursts.first[1:], len(reach)) - 1
    after[last] = bursts.limit[last] - reach[last]
    return after[after > 0]


def _tail_energy(radio: Lte, tails: Column) -> Nanojoules:
    """Continuous reception, short DRX, long DRX, each as far as the tail came. [nJ]"""
    drx = tails[tails > radio.cr_inactivity] - radio.cr_inactivity
    continuous = int(tails.sum()) - int(drx.sum())
    short = np.minimum(drx, radio.short_drx)
    on, on_mw, off_mw = radio.drx_on, radio.drx_on_mw, radio.drx_off_mw
    return (
        continuous * radio.continuous_mw
        + _duty_cycle(short, radio.short_drx_cycle, on, on_mw, off_mw)
        + _duty_cycle(drx - short, radio.long_drx_cycle, on, on_mw, off_mw)
    )


def _duty_cycle(elapsed: Column, cycle: Duration, on: Duration, on_mw: int, off_mw: int) -> Nanojoules:
    """As :func:`sim.machines.radio.air.duty_cycle`, summed over a column. [nJ]"""
    whole = elapsed // cycle
    listening = int((whole * on + np.minimum(elapsed - whole * cycle, on)).sum())
    return listening * on_mw + (int(elapsed.sum()) - listening) * off_mw


def _byte_energy(radio: Lte | WifiPsm, bursts: _Bursts) -> Nanojoules:
    """As :func:`sim.machines.radio.air.byte_energy`, rounded once per burst, and summed. [nJ]"""
    energy = radio.alpha_ul * bursts.up
    energy += radio.alpha_dl * bursts.down
    energy *= 8.0
    return int(np.rint(energy, out=energy).sum(dtype=np.int64))
