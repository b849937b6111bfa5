"""How long bursts waited for the air: promotion, paging, DRX, DTIM, and the moments in which a handover is executed.

None of this is an event. A burst's fate does not depend on it, for no transport gives up within two seconds; so the
waits are worked out for the whole day at once, from the ledger and the control messages, when somebody asks.

How the pass avoids a loop over all bursts. A burst can wait only if the air was free for a while before it: for the
promotion if it was free for the tail, for DRX if it was free for a cycle. A wait only moves the end of the air's use
later. So the gaps as if nobody waited say where to look, and only there is one burst considered after the other.

# MODEL: rules see the radio's waits on control messages, not on data: a push counts as received a round trip after it
# was sent. Bias: a protocol's keepalive timer may run up to a paging cycle and a promotion (1.6 s) early.
# MODEL: the energy account wakes the radio when a push is sent, not when its page is heard. Bias: none on how long the
# radio is up; it is up to 1.3 s early.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.base.units import NEVER, Duration, Instant
from sim.engine.simulate import Run
from sim.machines.radio import SETS, WIFI_SETS
from sim.machines.radio.paging import listens_after, wakes_after
from sim.world.intervals import Intervals, Ints, common, holding, rows_between


class OnAir(NamedTuple):
    """What was on the air of one interface, in order of time; n in all."""

    at: Ints
    """When it is offered. [µs]"""
    air: Ints
    """How long it takes on the air. [µs]"""
    down: NDArray[np.bool_]
    """The other side begins it: the phone must be listening."""
    row: Ints
    """Its row in the ledger; beyond its end: a control message."""

    def within(self, spans: Intervals) -> OnAir:
        """What was offered in one of these spans."""
        rows, _ = rows_between(*self.at.searchsorted(spans.T))
        return OnAir(self.at[rows], self.air[rows], self.down[rows], self.row[rows])


class Sleeper(NamedTuple):
    """A radio that sleeps between packets, as far as waits depend on it."""

    tail: Duration
    """From this quiet time on it must be promoted. [µs]"""
    promotion: Duration
    """[µs]"""
    naps: Duration
    """From this quiet time on it may not be listening. [µs]"""
    listens: Callable[[Duration, Duration], Duration]
    """From the quiet time and the time since it came into use: until it listens. [µs]"""


def radio_waits(run: Run) -> Ints:
    """How long each burst that was on the air waited for it, (n_bursts,). [µs]

    For a push: until the phone has it, beyond the network's own delay. For all others: until the phone may send. 0 for
    a burst that was on no air.
    """
    n = len(run.ledger.at)
    found = np.zeros(n, dtype=np.int64)
    for on_air, sleeper, spans, interruptions in _uses(run):
        here = on_air.within(spans)
        waited = waits(here, spans, sleeper)
        waited += _held(here.at + waited, interruptions)
        mine = here.row < n
        found[here.row[mine]] = waited[mine]
    return found


def waits(on_air: OnAir, spans: Intervals, radio: Sleeper) -> Ints:
    """How long each waits for a radio, (n,). [µs]

    Parameters
    ----------
    on_air : all of it within the spans
    spans : when the radio is in use; it comes into use asleep
    """
    at, air, down, _ = on_air
    found = np.zeros(len(at), dtype=np.int64)
    if not len(at):
        return found
    first, behind = at.searchsorted(spans.T)
    span = np.arange(len(spans)).repeat(behind - first)
    begin, end = spans[span].T
    free = np.empty_like(at)
    np.maximum.accumulate(np.minimum(at + air, end)[:-1], out=free[1:])  # nothing reaches into the next span
    free[first[first < behind]] = spans[first < behind, 0] - radio.tail
    gap = at - free
    looks = np.flatnonzero(np.where(down, gap >= radio.naps, (gap >= radio.tail) & (radio.promotion > 0)))

    if not len(looks):
        return found
    instants, lasting, sends = at.tolist(), air.tolist(), [*at[~down].tolist(), NEVER]
    waiting: list[tuple[int, int, Instant]] = []
    began = held = ready = -NEVER
    columns = (np.arange(len(at)), at, free, down, begin, end, behind[span])
    for i, now, before, listening, since, until, last in zip(*(c[looks].tolist() for c in columns), strict=True):
        if since != began:
            began = since
            held = ready = since - radio.tail
        if now < ready:
            continue  # it waits with those before it
        quiet = now - max(before, held)
        page = radio.listens(quiet, now - since) if listening else 0
        if page:
            # What the phone sends meanwhile ends its sleep for both.
            sent = sends[bisect_left(sends, now)]
            page = min(page, sent - now) if sent < until else page
        ready = now + page + (radio.promotion if quiet >= radio.tail else 0)
        if ready > now:
            later = min(bisect_left(instants, ready), last)
            waiting.append((i, later, ready))
            held = max(held, ready + max(lasting[i:later]))
    low, high, until_ready = np.array(waiting, dtype=np.int64).reshape(-1, 3).T
    rows, which = rows_between(low, high)
    found[rows] = until_ready[which] - at[rows]
    return found


def _held(at: Ints, interruptions: Intervals) -> Ints:
    """Until the handover under way at each instant is done, (n,). [µs]"""
    if not len(interruptions):
        return np.zeros(len(at), dtype=np.int64)
    place = interruptions[:, 0].searchsorted(at, side="right")
    end = np.concatenate(([0], interruptions[:, 1]))[place]
    return np.maximum(end - at, 0)


def _uses(run: Run) -> Iterator[tuple[OnAir, Sleeper, Intervals, Intervals]]:
    """Each radio of the phone, what was on its air, and when it was in use."""
    scenario, nature = run.world.scenario, run.world.nature
    associated = run.when(lambda s: s.wifi != 0)
    if len(associated):
        station = WIFI_SETS[scenario.device.wifi_radio]
        rate = sum(w.rate_mbps for w in scenario.wifi) / len(scenario.wifi)
        dozing = Sleeper(station.tail, 0, station.tail, lambda quiet, since: wakes_after(station, quiet, since))
        yield _on_air(run, False, rate), dozing, associated, nature.roams
    attached = run.when(lambda s: s.cellular != 0)
    on_air = _on_air(run, True, scenario.cellular.rate_mbps)
    for name in dict.fromkeys(name for _, name in nature.radios):
        in_use = common(attached, holding(((at, r == name) for at, r in nature.radios), scenario.duration))
        radio = SETS[name]
        sleeper = Sleeper(
            radio.tail,
            radio.promotion,
            radio.long_drx_cycle or radio.tail,
            lambda quiet, _, radio=radio: listens_after(radio, quiet),  # type: ignore[misc]
        )
        yield on_air, sleeper, in_use, nature.interruptions


def _on_air(run: Run, cellular: bool, rate_mbps: float) -> OnAir:
    """Bursts and control messages on one interface."""
    sent, nature = run.sent, run.world.nature
    rows = sent.on(cellular)
    pushed = np.array([kind.pushed for kind in nature.kinds], dtype=bool)
    bursts = np.flatnonzero(~sent.vpn[rows])
    down = np.zeros(len(rows), dtype=bool)
    down[bursts] = pushed[nature.kind[nature.flow[rows[bursts]]]]
    air = np.rint((sent.up[rows] + sent.down[rows]) * 8 / rate_mbps).astype(np.int64)
    return OnAir(sent.at[rows], air, down, rows)
