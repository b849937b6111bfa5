"""The vectorised account against the radios' machines, stepped event by event: equal in integers."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from sim.base.units import HOUR, SECOND
from sim.machines.events import CellularAttached, CellularLost, WifiJoined, WifiLost
from sim.machines.machine import Due, Event, StartTimer, StopTimer
from sim.machines.radio import RADIOS as NAMED
from sim.machines.radio import lte, nr, umts, wifi
from sim.machines.radio.air import PacketOffered, air_time
from sim.measure.bursts import Rates
from sim.measure.cellular import spent_by_cellular
from sim.measure.energy import Traffic, cellular_energy
from sim.measure.wifi import spent_by_wifi

IDLE, UP, BUSY, QUIET = "idle", "promotion", "transfer", "tail"
MEANING: dict[Any, str] = {
    lte.Phase.RRC_IDLE: IDLE,
    lte.Phase.PROMOTING: UP,
    lte.Phase.SHORT_DRX: QUIET,
    lte.Phase.LONG_DRX: QUIET,
    nr.NsaPhase.RRC_IDLE: IDLE,
    nr.NsaPhase.PROMOTING: UP,
    nr.NsaPhase.ADDING_SCG: UP,
    nr.NsaPhase.LTE_CONNECTED: QUIET,
    nr.SaPhase.RRC_IDLE: IDLE,
    nr.SaPhase.PROMOTING: UP,
    nr.SaPhase.RESUMING: UP,
    nr.SaPhase.RRC_INACTIVE: QUIET,
    umts.Phase.IDLE: IDLE,
    umts.Phase.IDLE_TO_FACH: UP,
    umts.Phase.IDLE_TO_DCH: UP,
    umts.Phase.FACH_TO_DCH: UP,
    wifi.Phase.PSM: IDLE,
    wifi.Phase.WAKING: UP,
}
SPLIT = (
    lte.Phase.CONNECTED, nr.NsaPhase.EN_DC, nr.SaPhase.RRC_CONNECTED, umts.Phase.CELL_FACH, umts.Phase.CELL_DCH,
    wifi.Phase.CAM, wifi.Phase.CAM_H,
)  # fmt: skip
"""Phases in which packets are on the air until the state's `end`, and after it none."""


class Stepper:
    """A machine, its pending timers, and what its states have spent so far."""

    def __init__(self, radio: Any) -> None:
        self.radio, self.state = radio, radio.start().state
        self.timers: dict[str, int] = {}
        self.spent: Counter[str] = Counter()

    def tell(self, event: Event, now: int) -> None:
        """Deliver an event; timers that are due by then go first."""
        while self.timers and min(self.timers.values()) <= now:
            name = min(self.timers, key=lambda name: self.timers[name])
            self._step(Due(name), self.timers.pop(name))
        self._step(event, now)

    def _step(self, event: Event, now: int) -> None:
        step = self.radio.step(self.state, event, now)
        if (step.state.phase, step.state.since) != (self.state.phase, self.state.since):
            self._charge(now)
        self.state = step.state
        for effect in step.effects:
            if isinstance(effect, StartTimer):
                assert isinstance(effect.after, int)
                self.timers[effect.name] = now + effect.after
            elif isinstance(effect, StopTimer):
                self.timers.pop(effect.name, None)

    def _charge(self, now: int) -> None:
        whole = self.radio.spent(self.state, now)
        since, end = self.state.since, self.state.end
        if self.state.phase in SPLIT:
            busy = self.radio.spent(self.state, max(min(now, end), since))
            if self.state.phase is wifi.Phase.CAM_H:  # what it draws above the other state is a component of its own
                above = self.radio.high_mw - self.radio.cam_mw
                self.spent["high"] += above * (now - since)
                whole -= above * (now - since)
                busy -= above * (max(min(now, end), since) - since)
            self.spent[BUSY] += busy
            self.spent[QUIET] += whole - busy
        elif whole:
            self.spent[MEANING[self.state.phase]] += whole


def stepped(radio: Any, traffic: Traffic, intervals: NDArray[np.int64], rate: float | Rates) -> Counter[str]:
    """What the machine spends when it is told everything in order."""
    gain, loss = (
        (WifiJoined("home", 0.5), WifiLost())
        if isinstance(radio, wifi.WifiPsm)
        else (CellularAttached(), CellularLost())
    )
    stepper = Stepper(radio)
    rows = zip(traffic.at.tolist(), traffic.up.tolist(), traffic.down.tolist(), strict=True)
    bursts = sorted(rows, key=lambda row: row[0])  # stable: at one instant, in the order of the traffic
    for begin, end in intervals.tolist():
        stepper.tell(gain, begin)
        for at, up, down in bursts:
            if begin <= at < end:
                rate_mbps = float(rate.at(np.array([at]))[0]) if isinstance(rate, Rates) else rate
                stepper.tell(PacketOffered(air_time(up + down, rate_mbps), up, down), at)
                stepper.spent[BUSY] += radio.byte_energy(up, down, rate_mbps)
        stepper.tell(loss, end)
    return stepper.spent


def assert_equal(radio: Any, traffic: Traffic, intervals: NDArray[np.int64], rate: float | Rates) -> None:
    expected = stepped(radio, traffic, intervals, rate)
    parts: tuple[str, ...]
    if isinstance(radio, wifi.WifiPsm):
        found = spent_by_wifi(radio, traffic, intervals, rate)
        parts, prefix = (IDLE, UP, BUSY, QUIET, "high"), "wifi_"
    else:
        found = spent_by_cellular(radio, traffic, intervals, rate)
        parts, prefix = (IDLE, UP, BUSY, QUIET), "cellular_"
    assert {part: found.parts[prefix + part] for part in parts} == {part: expected[part] for part in parts}
    # All but standby is because of some burst; and the stretches are those whose power was charged.
    caused = found.caused()
    assert int(caused.sum()) == sum(found.parts.values()) - found.parts[prefix + IDLE]
    assert (caused >= 0).all()
    tails, tail_of, idle = found.stretches()
    assert len(tails) == len(tail_of)
    assert (tails[:, 0] < tails[:, 1]).all()
    assert (traffic.at[tail_of] <= tails[:, 0]).all()
    spans = np.concatenate((tails, idle[idle[:, 0] < idle[:, 1]]))
    spans = spans[spans[:, 0].argsort()]
    assert (spans[1:, 0] >= spans[:-1, 1]).all()


def traffic_of(at: Any, up: Any, down: Any) -> Traffic:
    instants = np.array(at, dtype=np.int64)
    return Traffic(instants, np.array(up, np.int64), np.array(down, np.int64))


def odd(**changes: Any) -> lte.Lte:
    return lte.Lte.model_validate(changes)


def like(name: str, **changes: Any) -> Any:
    """A named radio with other values."""
    radio = NAMED[name]
    return type(radio).model_validate(radio.model_dump() | changes)


RADIOS: dict[str, Any] = {
    **NAMED,
    "no continuous reception": odd(cr_inactivity="0 s", short_drx="0 s", long_drx="3 s"),
    "no drx": odd(cr_inactivity="2 s", short_drx="0 s", long_drx="0 s"),
    "promotion as long as the tail": odd(
        promotion="1 s", cr_inactivity="400 ms", short_drx="100 ms", long_drx="500 ms"
    ),
    "promotion longer than the tail": odd(promotion="3 s", cr_inactivity="0 s", short_drx="0 s", long_drx="1 s"),
    "no promotion": odd(promotion="0 s", long_drx="1 s"),
    "5G leg that outlasts its tail": like("nsa-verizon-2020", nr_tail="500 ms", lte_tail="2 s"),
    "inactive for an instant": like("sa-tmobile-2020", inactive="1 us", resume="0 s"),
    "FACH that is soon over": like("umts-teliasonera", fach="200 ms", dch="100 ms", idle_fach="1 s"),
    "FACH without timers": like("umts-i997", fach="0 s", reset_size="40 kB"),
    "high rates at once": like("wifi-energybox", high_size="1 B", high_window="219999 us"),
    "off costs more than on": odd(drx_on_mw=10, paging_on_mw=0, paging_off_mw=3, long_drx="1234567 us"),
}


def edges(radio: Any) -> list[int]:
    """Lengths at which something happens."""
    if isinstance(radio, wifi.WifiPsm):
        window = radio.high_window
        return [0, radio.tail, window, radio.tail - window, radio.promotion, radio.tail + radio.promotion, 10 * SECOND]
    if isinstance(radio, nr.NrNsa):
        hold = radio.promotion + radio.scg_addition
        return [
            0,
            radio.promotion,
            hold,
            radio.nr_tail,
            radio.nr_tail + hold,
            radio.tail,
            radio.tail + hold,
            30 * SECOND,
        ]
    if isinstance(radio, nr.NrSa):
        released = radio.tail + radio.inactive
        return [0, radio.promotion, radio.resume, radio.tail, released, released + radio.promotion, 30 * SECOND]
    if isinstance(radio, umts.Umts):
        drain = radio.drain_up.lasts(300)
        return [
            0, drain, radio.reset_window, radio.idle_fach, radio.fach_dch, radio.idle_dch, radio.dch, radio.fach,
            radio.tail, radio.tail + radio.idle_dch, 30 * SECOND,
        ]  # fmt: skip
    short = radio.cr_inactivity + radio.short_drx
    half = radio.tail + radio.promotion // 2
    return [0, radio.cr_inactivity, short, radio.promotion, radio.tail, half, radio.tail + radio.promotion, 30 * SECOND]


@st.composite
def days(draw: st.DrawFn) -> tuple[Any, Traffic, NDArray[np.int64], float | Rates]:
    """Days whose gaps lie at the edges, with intervals that begin and end there."""
    radio = RADIOS[draw(st.sampled_from(sorted(RADIOS)))]
    near = st.builds(
        lambda edge, off: max(0, edge + off),
        st.sampled_from(edges(radio)),
        st.sampled_from((-1, 0, 1, 28, 250)) | st.integers(-300_000, 300_000),
    )
    gaps = draw(st.lists(near, max_size=40))
    at = np.cumsum(np.array([0, *gaps], dtype=np.int64)) + draw(near)
    n = len(at)
    sizes = st.lists(st.sampled_from((0, 1, 100, 300, 515, 516, 1_500, 40_000, 900_000)), min_size=n, max_size=n)
    borders = draw(st.lists(st.builds(lambda t, off: max(0, t + off), st.sampled_from(at.tolist()), near), max_size=7))
    cuts = sorted({0, *borders, int(at[-1]) + draw(near)})
    kept = draw(st.lists(st.booleans(), min_size=len(cuts), max_size=len(cuts)))
    pairs = [pair for pair, keep in zip(pairwise(cuts), kept, strict=False) if keep]
    intervals = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    rate: float | Rates = draw(st.sampled_from((0.5, 8.0, 29.0, 80.0)))
    if draw(st.booleans()):  # the signal changes its mind
        since = np.array(sorted({0, *draw(st.lists(st.sampled_from(at.tolist()), max_size=3))}), dtype=np.int64)
        rate = Rates(since, np.array([draw(st.sampled_from((0.3, 13.0, 29.0))) for _ in since]))
    return radio, traffic_of(at, draw(sizes), draw(sizes)), intervals, rate


@given(days())
@example((NAMED["lte-2012"], traffic_of([], [], []), np.array([[0, 100]]), 29.0))
@example((NAMED["wifi-2020"], traffic_of([], [], []), np.empty((0, 2), np.int64), 29.0))
@settings(max_examples=800, deadline=None)
def test_edges(day: tuple[Any, Traffic, NDArray[np.int64], float | Rates]) -> None:
    assert_equal(*day)


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("name", sorted(RADIOS))
def test_random_days(name: str, seed: int) -> None:
    """Sparse, dense, and with every gap near the tail: where a promotion decides who is idle, and chains of it."""
    radio, rng = RADIOS[name], np.random.default_rng(seed)
    n, promotion = 300, getattr(radio, "promotion", 100_000)
    mode = seed % 4
    if mode == 0:
        at = rng.integers(0, HOUR, n)
    elif mode == 1:
        at = np.concatenate(
            [start + rng.exponential(100_000, 30).astype(np.int64) for start in rng.integers(0, HOUR, 10)]
        )
    elif mode == 2:
        at = np.cumsum(radio.tail + rng.integers(-10, promotion + 10, n))
    else:
        at = np.cumsum(
            np.where(
                rng.random(n) < 0.5, radio.tail + rng.integers(0, promotion + 1, n), rng.integers(0, promotion + 1, n)
            )
        )
    rng.shuffle(at)
    traffic = traffic_of(at, rng.integers(0, 3_000, n), rng.integers(0, 60_000, n))
    borders = np.unique(np.append(rng.choice(at, 16), rng.integers(0, HOUR, 4)))
    intervals = borders[: len(borders) // 2 * 2].reshape(-1, 2) if seed % 3 else np.array([[0, int(at.max()) + 1]])
    assert_equal(radio, traffic, intervals, float(rng.choice((1.0, 29.0))))


@pytest.mark.parametrize("off", [-1, 0, 1])
@pytest.mark.parametrize("second", [1_000, 259_999, 260_000, 260_001])
def test_exactly_when_the_tail_ends(off: int, second: int) -> None:
    """Two packets meet a promotion; a third comes when the tail after them ends, a fourth one tail after that."""
    radio, size = lte.Lte(), 36_250  # 10 ms at 29 Mbit/s
    released = max(second, radio.promotion) + 10_000 + radio.tail
    third = SECOND + released + off
    at = [SECOND, SECOND + second, third, third + radio.tail + 10_000]
    traffic = traffic_of(at, [0, 0, 0, 0], [0, size, size, size])
    day = np.array([[0, HOUR]])
    assert_equal(radio, traffic, day, 29.0)
    promotions = cellular_energy(radio, traffic, day, 29.0)["cellular_promotion"] // (
        radio.promotion * radio.promotion_mw
    )
    # If the third found the phone connected, no promotion delays its end, and the fourth finds it idle; else the reverse.
    assert promotions == 2
