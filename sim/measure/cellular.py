"""What a cellular radio spends in a day: LTE and 5G by the ladder, 3G by its own rules."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from sim.base.units import Duration
from sim.machines.radio.air import NANOJOULES_PER_MILLIJOULE, Nanojoules
from sim.machines.radio.cellular import CellularRadio
from sim.machines.radio.lte import Lte
from sim.machines.radio.nr import NrNsa, NrSa
from sim.machines.radio.umts import Umts
from sim.measure.bursts import (
    Bursts,
    Column,
    Rate,
    Spending,
    Stretches,
    Traffic,
    bursts_in,
    byte_energies,
    duty_cycles,
    on_air,
    owners,
    silences,
    stretches,
)
from sim.measure.ladder import Ladder, Start, connections
from sim.measure.umts import spent as spent_by_umts
from sim.world.intervals import Intervals


class _Powers(NamedTuple):
    """What the steps of a ladder draw."""

    promotion_mw: int
    holding_mw: int
    """After the wait, while it is held up."""
    transfer_mw: int
    tail: Callable[[Column], Column]
    """Lengths of tails → their energies. [nJ]"""
    idle: Callable[[Column], Column]
    """Lengths of idle stretches → their energies. [nJ]"""


def spent_by_cellular(radio: CellularRadio, traffic: Traffic, attached: Intervals, rate: Rate) -> Spending:
    """What the cellular radio spent while attached, without handovers and registrations.

    Parameters
    ----------
    traffic : bursts on the cellular interface; those outside `attached` cost nothing
    attached : when the phone was registered. Leaving an interval ends the connection
    """
    bursts = bursts_in(traffic, attached, rate)
    if isinstance(radio, Umts):
        return spent_by_umts(radio, bursts, len(traffic.at))
    return _spent(radio, bursts, len(traffic.at))


def by_the_piece(radio: CellularRadio, handovers: int, attaches: int) -> dict[str, Nanojoules]:
    """Handovers and registrations. [nJ]"""
    return {
        "cellular_handover": handovers * radio.handover_mj * NANOJOULES_PER_MILLIJOULE,
        "cellular_attach": attaches * radio.attach_mj * NANOJOULES_PER_MILLIJOULE,
    }


def _spent(radio: CellularRadio, bursts: Bursts, n: int) -> Spending:
    ladder, powers = _steps(radio)
    found = connections(ladder, bursts)
    starts, reach = found.starts, found.reach
    begun, limit = bursts.at[starts], bursts.limit[starts]
    waiting = np.minimum(np.where(found.warm, ladder.from_warm.wait, ladder.from_idle.wait), limit - begun)
    holding = np.minimum(np.where(found.warm, ladder.from_warm.hold, ladder.from_idle.hold), limit - begun)
    promoted = waiting * powers.promotion_mw + (holding - waiting) * powers.holding_mw

    behind, quiet = silences(bursts, reach)
    down = ladder.tail + ladder.warm
    tail = np.minimum(quiet, down)
    idle = np.concatenate((quiet[quiet > down] - down, bursts.leading[:, 1] - bursts.leading[:, 0]))
    of_bytes = byte_energies(radio, bursts)
    active = bursts.length - int(holding.sum()) - int(tail.sum()) - int(idle.sum())
    parts = {
        "cellular_idle": int(powers.idle(idle).sum()),
        "cellular_promotion": int(promoted.sum()),
        "cellular_transfer": active * powers.transfer_mw + int(of_bytes.sum()),
        "cellular_tail": int(powers.tail(tail).sum()),
    }

    def caused() -> Column:
        busy = on_air(bursts, reach)
        busy[starts] -= holding
        spent = of_bytes + busy * powers.transfer_mw
        spent[starts] += promoted
        spent[owners(found.alone, reach)[behind]] += powers.tail(tail)  # each silence follows another burst
        return bursts.of_traffic(spent, n)

    def silent() -> Stretches:
        return stretches(bursts, reach[behind], quiet, down, owners(found.alone, reach)[behind])

    return Spending(parts, caused, silent)


def _steps(radio: CellularRadio) -> tuple[Ladder, _Powers]:
    match radio:
        case Lte():
            return _lte(radio)
        case NrNsa():
            return _nsa(radio)
        case NrSa():
            return _sa(radio)
    raise TypeError(f"no account for {type(radio).__name__}")


def _once(wait: Duration) -> Start:
    return Start(wait, wait)


def _lte(radio: Lte) -> tuple[Ladder, _Powers]:
    on, on_mw, off_mw = radio.drx_on, radio.drx_on_mw, radio.drx_off_mw

    def tail(tails: Column) -> Column:
        """Continuous reception, short DRX, long DRX, each as far as the tail came."""
        if radio.continuous_mw == on_mw == off_mw:
            return tails * off_mw
        continuous = np.minimum(tails, radio.cr_inactivity)
        drx = tails - continuous
        short = np.minimum(drx, radio.short_drx)
        drx -= short
        continuous *= radio.continuous_mw
        continuous += duty_cycles(short, radio.short_drx_cycle, on, on_mw, off_mw)
        continuous += duty_cycles(drx, radio.long_drx_cycle, on, on_mw, off_mw)
        return continuous

    def idle(idles: Column) -> Column:
        return duty_cycles(idles, radio.paging_cycle, radio.paging_on, radio.paging_on_mw, radio.paging_off_mw)

    once = _once(radio.promotion)
    return Ladder(radio.tail, 0, once, once), _Powers(radio.promotion_mw, 0, radio.transfer_mw, tail, idle)


def _nsa(radio: NrNsa) -> tuple[Ladder, _Powers]:
    def tail(tails: Column) -> Column:
        """Both legs, then LTE's."""
        both = np.minimum(tails, radio.nr_tail)
        return both * radio.nr_tail_mw + (tails - both) * radio.lte_tail_mw

    from_idle, from_lte = Start(radio.promotion, radio.promotion + radio.scg_addition), Start(0, radio.scg_addition)
    powers = _Powers(
        radio.promotion_mw, radio.scg_addition_mw, radio.transfer_mw, tail, lambda idles: idles * radio.idle_mw
    )
    return Ladder(radio.nr_tail, radio.lte_tail, from_idle, from_lte), powers


def _sa(radio: NrSa) -> tuple[Ladder, _Powers]:
    def tail(tails: Column) -> Column:
        """Connected, then inactive."""
        connected = np.minimum(tails, radio.tail)
        return connected * radio.tail_mw + (tails - connected) * radio.inactive_mw

    powers = _Powers(radio.promotion_mw, 0, radio.transfer_mw, tail, lambda idles: idles * radio.idle_mw)
    return Ladder(radio.tail, radio.inactive, _once(radio.promotion), _once(radio.resume)), powers
