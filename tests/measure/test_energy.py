"""The energy account: published results, closed forms, and laws."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from sim.base.units import HOUR, MINUTE, SECOND
from sim.machines.radio import SETS, WIFI_SETS
from sim.machines.radio.battery import PhonePower, VpnPower
from sim.machines.radio.lte import Lte
from sim.measure.energy import (
    COMPONENTS,
    EnergyAccount,
    Traffic,
    cellular_energy,
    phone_energy,
    vpn_energy,
    wifi_energy,
)

LTE_2012 = Lte()
HUANG_2012 = Lte.model_validate(
    {  # Table 3, its tail base without on-periods
        "promotion": "260100 us",
        "promotion_mw": 1211,
        "cr_inactivity": "0 s",
        "short_drx": "0 s",
        "long_drx": "11576 ms",
        "long_drx_cycle": "40100 us",
        "drx_on": "0 s",
        "drx_off_mw": 1060,
        "paging_cycle": "1280200 us",
        "paging_on": "43200 us",
        "paging_on_mw": 594,
    }
)
NOWHERE = np.empty((0, 2), dtype=np.int64)
FAST = 1e9
"""A rate at which packets have no length. [Mbit/s]"""


def bursts(at: Any, size: int = 0) -> Traffic:
    instants = np.array(at, dtype=np.int64)
    sizes = np.full(len(instants), size, dtype=np.int64)
    return Traffic(instants, sizes, sizes * 0)


def whole(until: int) -> NDArray[np.int64]:
    return np.array([[0, until]], dtype=np.int64)


# Published results ----------------------------------------------------------------------------------------------------


def test_isolated_packet_after_huang() -> None:
    parts = cellular_energy(HUANG_2012, bursts([0]), whole(11_836_100), FAST)
    total = sum(parts.values())
    assert total == pytest.approx(12.59e9, rel=0.005)
    assert parts["cellular_tail"] / total == pytest.approx(0.975, abs=0.001)


def test_isolated_packet_after_aro() -> None:
    parts = cellular_energy(LTE_2012, bursts([0]), whole(10_380_000), FAST)
    assert sum(parts.values()) == pytest.approx(11.367e9, rel=0.005)
    assert parts["cellular_promotion"] == 314_600_000
    assert parts["cellular_tail"] == 120_000_000 + 22_440_000 + 10_910_000_000


def per_period(radio: Lte, period: int) -> dict[str, float]:
    """Mean energy of a period in hours of keepalives, after the first. [nJ]"""
    n = max(10, 6 * HOUR // period)
    late = cellular_energy(radio, bursts(np.arange(n + 1) * period), whole((n + 1) * period), FAST)
    first = cellular_energy(radio, bursts([0]), whole(period), FAST)
    return {name: (late[name] - first[name]) / n for name in late}


@pytest.mark.parametrize(
    ("period", "joules", "milliwatts", "joules_per_hour"),
    [
        (5, 5.47, 1093, 3936),
        (10, 10.92, 1092, 3932),
        (15, 11.46, 764, 2750),
        (20, 11.56, 578, 2081),
        (25, 11.66, 466, 1679),
        (30, 11.76, 392, 1411),
        (60, 12.36, 206, 741),
        (120, 13.55, 113, 407),
        (300, 17.15, 57.2, 206),
        (600, 23.13, 38.6, 139),
        (1800, 47.08, 26.2, 94),
    ],
)
def test_keepalives_after_aro(period: int, joules: float, milliwatts: float, joules_per_hour: float) -> None:
    energy = sum(per_period(LTE_2012, period * SECOND).values())
    assert energy == pytest.approx(joules * 1e9, rel=0.01)
    assert energy / (period * SECOND) == pytest.approx(milliwatts, rel=0.01)
    assert energy / (period * SECOND) * 3.6 == pytest.approx(joules_per_hour, rel=0.01)


@pytest.mark.parametrize(
    ("radio", "period", "share"),
    [(LTE_2012, 60, 0.894), (LTE_2012, 120, 0.815), (LTE_2012, 300, 0.645), (HUANG_2012, 60, 0.905)],
)
def test_share_of_the_tail(radio: Lte, period: int, share: float) -> None:
    parts = per_period(radio, period * SECOND)
    assert parts["cellular_tail"] / sum(parts.values()) == pytest.approx(share, abs=0.01)


@pytest.mark.parametrize(("radio", "milliwatts"), [(LTE_2012, 19.95), (HUANG_2012, 20.05)])
def test_idle_floor(radio: Lte, milliwatts: float) -> None:
    parts = cellular_energy(radio, bursts([]), whole(24 * HOUR), 29.0)
    assert parts["cellular_idle"] == sum(parts.values())
    assert parts["cellular_idle"] / (24 * HOUR) == pytest.approx(milliwatts, rel=0.01)


@pytest.mark.parametrize("apart", [1, 5, 9])
def test_a_second_poll_inside_the_tail_adds_only_tail(apart: int) -> None:
    """Ten joules a poll and idle at nothing, as a well-known rule of thumb has it: 600 J an hour at one a minute."""
    radio = Lte.model_validate(
        {"promotion": "0 s", "cr_inactivity": "0 s", "short_drx": "0 s", "long_drx": "10 s"}
        | {"drx_on": "0 s", "drx_off_mw": 1000, "paging_on": "0 s"}
    )
    polls = np.arange(60) * MINUTE
    once = sum(cellular_energy(radio, bursts(polls), whole(HOUR), FAST).values())
    twice = sum(cellular_energy(radio, bursts(np.append(polls, polls + apart * SECOND)), whole(HOUR), FAST).values())
    assert once == 600 * 10**9
    assert twice - once == 60 * apart * 10**9


# Laws -----------------------------------------------------------------------------------------------------------------


@st.composite
def hours(draw: st.DrawFn) -> tuple[Traffic, NDArray[np.int64]]:
    n = draw(st.integers(0, 30))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    gaps = rng.choice((1_000, 300_000, 10_200_000, 40_000_000), n) + rng.integers(0, 200_000, n)
    at = np.cumsum(gaps)
    borders = np.unique(rng.integers(0, int(at[-1]) + 2 * SECOND if n else HOUR, 2 * draw(st.integers(0, 5))))
    intervals = borders[: len(borders) // 2 * 2].reshape(-1, 2)
    return Traffic(at, rng.integers(0, 5_000, n), rng.integers(0, 50_000, n)), intervals


Day = tuple[Traffic, NDArray[np.int64]]


def inside(traffic: Traffic, intervals: NDArray[np.int64]) -> NDArray[np.bool_]:
    begin, end = intervals[:, 0], intervals[:, 1]
    found = (traffic.at[:, None] >= begin) & (traffic.at[:, None] < end)
    return np.asarray(found.any(axis=1), dtype=np.bool_)


@pytest.mark.parametrize("name", sorted(SETS))
@given(day=hours())
@settings(max_examples=100, deadline=None)
def test_cellular_power_is_between_idle_and_peak(name: str, day: Day) -> None:
    radio, (traffic, attached) = SETS[name], day
    parts = cellular_energy(radio, traffic, attached, 29.0)
    assert min(parts.values()) >= 0
    time = int((attached[:, 1] - attached[:, 0]).sum())
    idle = cellular_energy(radio, bursts([]), whole(radio.paging_cycle), 29.0)["cellular_idle"]
    # Bytes come on top of the states, so that overlapping transfers may draw more than any state.
    carried = inside(traffic, attached)
    moved = sum(
        radio.byte_energy(up, down, 29.0)
        for up, down in zip(traffic.up[carried].tolist(), traffic.down[carried].tolist(), strict=True)
    )
    peak = max(power for field, power in radio if field.endswith("_mw"))  # type: ignore[attr-defined]  # a model
    assert idle * time <= sum(parts.values()) * radio.paging_cycle
    assert sum(parts.values()) <= peak * time + moved


@pytest.mark.parametrize("name", sorted(WIFI_SETS))
@given(day=hours())
@settings(max_examples=100, deadline=None)
def test_wifi_power_is_at_least_that_of_sleep(name: str, day: Day) -> None:
    radio, (traffic, associated) = WIFI_SETS[name], day
    parts = wifi_energy(radio, traffic, associated, 80.0)
    time = int((associated[:, 1] - associated[:, 0]).sum())
    assert min(parts.values()) >= 0
    assert radio.psm_mw * time <= sum(parts.values())
    states = parts["wifi_idle"] // radio.psm_mw + parts["wifi_tail"] // radio.cam_mw
    assert states <= time


@given(hours(), st.integers(0, 5))
@settings(max_examples=100, deadline=None)
def test_additive_over_intervals(day: Day, cut: int) -> None:
    traffic, intervals = day

    def energy(some: NDArray[np.int64]) -> dict[str, int]:
        return cellular_energy(LTE_2012, traffic, some, 29.0) | wifi_energy(WIFI_SETS["wifi-2020"], traffic, some, 80.0)

    parts, before, after = energy(intervals), energy(intervals[:cut]), energy(intervals[cut:])
    assert parts == {name: before[name] + after[name] for name in parts}


@given(hours(), st.randoms(use_true_random=False))
@settings(max_examples=50, deadline=None)
def test_order_of_bursts_does_not_matter(day: Day, random: Any) -> None:
    traffic, intervals = day
    order = np.array(random.sample(range(len(traffic.at)), len(traffic.at)), dtype=np.int64)
    mixed = Traffic(traffic.at[order], traffic.up[order], traffic.down[order])
    assert cellular_energy(LTE_2012, mixed, intervals, 29.0) == cellular_energy(LTE_2012, traffic, intervals, 29.0)
    assert wifi_energy(WIFI_SETS["wifi-2020"], mixed, intervals, 29.0) == wifi_energy(
        WIFI_SETS["wifi-2020"], traffic, intervals, 29.0
    )


def test_arguments_are_left_alone() -> None:
    traffic, attached = bursts([5, 20 * SECOND, 7], 100), np.array([[0, 10 * SECOND], [15 * SECOND, 30 * SECOND]])
    before = traffic.at.copy(), traffic.up.copy(), attached.copy()
    cellular_energy(LTE_2012, traffic, attached, 29.0)
    wifi_energy(WIFI_SETS["wifi-2020"], traffic, attached, 29.0)
    for kept, now in zip(before, (traffic.at, traffic.up, attached), strict=True):
        assert (kept == now).all()


# By the piece ---------------------------------------------------------------------------------------------------------


def test_handovers_attaches_and_joins() -> None:
    cellular = cellular_energy(LTE_2012, bursts([]), NOWHERE, 29.0, handovers=3, attaches=2)
    assert cellular["cellular_handover"] == 2_700_000_000
    assert cellular["cellular_attach"] == 7_200_000_000
    assert sum(cellular.values()) == 9_900_000_000
    assert wifi_energy(WIFI_SETS["wifi-2020"], bursts([]), NOWHERE, 80.0, joins=2)["wifi_join"] == 2_600_000_000


def test_phone() -> None:
    night = np.array([[0, 8 * HOUR]])
    flight = np.array([[6 * HOUR, 10 * HOUR]])
    evening = np.array([[20 * HOUR, 21 * HOUR], [22 * HOUR, 23 * HOUR]])
    assert phone_energy(PhonePower(), 24 * HOUR, evening, night, flight, 30) == {
        "base_idle": 16 * HOUR * 40 + 8 * HOUR * 18 - 4 * HOUR * 6,
        "base_screen": 2 * HOUR * 500,
        "base_wakes": 30 * 200_000_000,
    }
    assert phone_energy(PhonePower(), HOUR, NOWHERE, whole(HOUR), whole(HOUR), 0)["base_idle"] == 12 * HOUR


def test_vpn() -> None:
    assert vpn_energy(VpnPower(), True, 10**9, 10**6, 100, 1_000) == {
        "vpn_data_path": 300 * 10**9 + 20 * 10**9,
        "vpn_crypto": 600_000_000,
        "vpn_handshakes": 50_000_000,
        "vpn_wakeups": 15 * 10**9,
    }


def test_a_gigabyte_costs_about_a_percent() -> None:
    """A published test found +1 % an hour for 1 GB, WireGuard as OpenVPN, packets of 1,280 B assumed."""
    parts = vpn_energy(VpnPower(), False, 10**9, 10**9 // 1280, 0, 0)
    assert EnergyAccount(parts).battery_percent("iPhone 12") == pytest.approx(1.0, abs=0.2)
    assert parts["vpn_crypto"] < 0.005 * parts["vpn_data_path"]


# The account ----------------------------------------------------------------------------------------------------------


def test_components_are_all_named_and_add_up() -> None:
    parts = (
        phone_energy(PhonePower(), HOUR, NOWHERE, NOWHERE, NOWHERE, 0)
        | cellular_energy(LTE_2012, bursts([1, 2]), whole(HOUR), 29.0)
        | wifi_energy(WIFI_SETS["wifi-2020"], bursts([1, 2]), whole(HOUR), 29.0)
        | vpn_energy(VpnPower(), False, 1, 1, 1, 1)
    )
    only_in_runs = {"cellular_weak_signal", "cellular_search"}
    assert set(parts) | only_in_runs == set(COMPONENTS)
    assert all(type(value) is int for value in parts.values())
    assert EnergyAccount(parts).total_nj == sum(parts.values())


def test_percent_of_the_battery() -> None:
    assert EnergyAccount({"base_idle": 43_434 * 10**9}).battery_percent("iPhone 15 Pro") == pytest.approx(100.0)


def test_blame_is_a_difference() -> None:
    with_vpn = EnergyAccount({"base_idle": 5, "cellular_tail": 9, "vpn_crypto": 2})
    without = EnergyAccount({"base_idle": 5, "cellular_tail": 4})
    assert with_vpn.added_to(without) == {"base_idle": 0, "cellular_tail": 5, "vpn_crypto": 2}
    assert sum(with_vpn.added_to(without).values()) == with_vpn.total_nj - without.total_nj
