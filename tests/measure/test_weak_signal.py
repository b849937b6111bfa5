"""What a weak signal costs: against each stretch looked at by itself, and its laws."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.base.units import NEVER, SECOND
from sim.machines.radio import SETS
from sim.machines.radio.signal import Signal
from sim.measure.bursts import Rates, Traffic
from sim.measure.cellular import spent_by_cellular
from sim.measure.weak_signal import Air, air, extra

SIGNAL = Signal()
LEVELS = (-70.0, -90.0, -100.0, -104.0, -110.0, -113.0, -118.0)


@pytest.mark.parametrize(
    ("dbm", "packet", "bulk"), [(-80, -0.6, 7.4), (-90, 7.4, 15.4), (-100, 15.4, 23), (-105, 19.4, 23), (-110, 23, 23)]
)
def test_transmit_power_follows_the_path_loss(dbm: float, packet: float, bulk: float) -> None:
    """The published form, with our values."""
    assert SIGNAL.transmit_dbm(dbm, 4) == pytest.approx(packet, abs=0.05)
    assert SIGNAL.transmit_dbm(dbm, 25) == pytest.approx(bulk, abs=0.05)


def test_where_radios_are_measured_nothing_changes() -> None:
    here = air(SIGNAL, ((0, -90.0), (SECOND, -90.0)), 29.0)
    assert here.rate == 29.0
    assert not here.effects.size


@given(st.floats(-140, -40), st.floats(-140, -40), st.sampled_from((100, 100_000)))
def test_a_better_signal_is_never_worse(one: float, other: float, size: int) -> None:
    weak, strong = sorted((one, other))
    assert SIGNAL.rate_scale(weak) <= SIGNAL.rate_scale(strong)
    assert SIGNAL.sending_mw(weak, size) >= SIGNAL.sending_mw(strong, size) >= 0
    assert SIGNAL.tail_factor(weak) >= SIGNAL.tail_factor(strong) >= 1
    assert SIGNAL.idle_factor(weak) >= SIGNAL.idle_factor(strong) >= 1


def test_points_must_ascend() -> None:
    with pytest.raises(ValueError, match="weakest"):
        Signal.model_validate({"tail_by_rsrp": ((-100.0, 1.0), (-110.0, 1.2))})


Day = tuple[Traffic, Any, tuple[tuple[int, float], ...]]


@st.composite
def days(draw: st.DrawFn) -> Day:
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    n = draw(st.integers(0, 25))
    at = rng.integers(0, 300 * SECOND, n)
    traffic = Traffic(at, rng.integers(0, 4_000, n), rng.integers(0, 90_000, n))
    borders = np.unique(rng.integers(0, 320 * SECOND, 2 * draw(st.integers(0, 3))))
    attached = borders[: len(borders) // 2 * 2].reshape(-1, 2)
    since = sorted({0, *rng.integers(0, 300 * SECOND, draw(st.integers(0, 6))).tolist()})
    return traffic, attached, tuple((begin, float(rng.choice(LEVELS))) for begin in since)


def slow(here: Air, epochs: Any, spending: Any, traffic: Traffic, attached: Any) -> tuple[int, list[int]]:
    """Each burst and each stretch by itself."""

    def at(instant: int) -> Any:
        return [dbm for begin, dbm in epochs if begin <= instant][-1]

    def prolonged(span: Any, factor: Any, mean_mw: float) -> int:
        found: dict[float, int] = {}
        for (begin, dbm), (end, _) in zip(epochs, [*epochs[1:], (NEVER, 0)], strict=True):
            time = max(min(span[1], end) - max(span[0], begin), 0)
            found[factor(dbm)] = found.get(factor(dbm), 0) + time
        return sum(round((value - 1) * mean_mw * time) for value, time in found.items())

    tails, tail_of, idle = spending.stretches()
    means = [
        spending.parts[f"cellular_{part}"] / max(int((spans[:, 1] - spans[:, 0]).sum()), 1)
        for part, spans in (("tail", tails), ("idle", idle))
    ]
    caused = [0] * len(traffic.at)
    for i, (now, up) in enumerate(zip(traffic.at.tolist(), traffic.up.tolist(), strict=True)):
        if any(begin <= now < end for begin, end in attached.tolist()):
            mbps = float(here.rate.at(np.array([now]))[0]) if isinstance(here.rate, Rates) else here.rate
            caused[i] += round(8 * SIGNAL.sending_mw(at(now), up) * up / mbps)
    for span, i in zip(tails.tolist(), tail_of.tolist(), strict=True):
        caused[i] += prolonged(span, SIGNAL.tail_factor, means[0])
    return sum(caused) + sum(prolonged(span, SIGNAL.idle_factor, means[1]) for span in idle.tolist()), caused


@pytest.mark.parametrize("name", ["lte-2020", "lte-2012", "umts-i997", "nsa-verizon-2020", "sa-tmobile-2020"])
@given(day=days())
@settings(max_examples=60, deadline=None)
def test_all_at_once_is_one_after_the_other(name: str, day: Day) -> None:
    traffic, attached, epochs = day
    here = air(SIGNAL, epochs, 29.0)
    spending = spent_by_cellular(SETS[name], traffic, attached, here.rate)
    found = extra(here, spending, traffic, attached)
    whole, caused = slow(here, epochs, spending, traffic, attached)
    assert (found.total, found.caused.tolist()) == (whole, caused)


def test_a_radio_that_never_rests_has_no_standby_to_prolong() -> None:
    """A burst at the instant in which it comes into use, and the end before its tail is over."""
    at = np.array([SECOND])
    traffic = Traffic(at, np.array([100]), np.array([0]))
    in_use = np.array([[SECOND, 3 * SECOND]])
    here = air(SIGNAL, ((0, -118.0),), 29.0)
    found = extra(here, spent_by_cellular(SETS["lte-2020"], traffic, in_use, here.rate), traffic, in_use)
    assert found.total == found.caused[0] > 0


@pytest.mark.parametrize("name", ["lte-2020", "umts-teliasonera", "nsa-tmobile-2020", "sa-tmobile-2020"])
@given(day=days(), strong=st.sampled_from(LEVELS), weaker=st.sampled_from((4.0, 9.0, 30.0)))
@settings(max_examples=30, deadline=None)
def test_a_weaker_signal_never_costs_less_for_lone_packets(name: str, day: Day, strong: float, weaker: float) -> None:
    """Whole transfers take longer, too, so that a radio with a short tail would meet more packets awake: one packet
    in ten minutes does not."""
    traffic, attached, _ = day
    one = Traffic(traffic.at[:1], traffic.up[:1], traffic.down[:1])

    def costs(dbm: float) -> int:
        here = air(SIGNAL, ((0, dbm),), 29.0)
        spending = spent_by_cellular(SETS[name], one, attached, here.rate)
        return sum(spending.parts.values()) + extra(here, spending, one, attached).total

    assert costs(strong - weaker) >= costs(strong)
