"""When a sleeping phone listens."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.base.units import MILLISECOND, SECOND
from sim.machines.radio import SETS, WIFI_SETS
from sim.machines.radio.paging import listens_after, wakes_after

MS = MILLISECOND
LTE = SETS["lte-2020"]


@pytest.mark.parametrize(
    ("quiet", "wait"),
    [
        (0, 0),
        (319 * MS, 0),
        (320 * MS, 0),
        (321 * MS, 319 * MS),
        (5 * SECOND, 120 * MS),
        (10 * SECOND, 0),
        (10 * SECOND + MS, 1279 * MS),
        (10 * SECOND + 200 * MS, 1080 * MS),
        (10 * SECOND + 300 * MS, 980 * MS),
        (10 * SECOND + 1280 * MS, 0),
    ],
)
def test_lte_listens_each_drx_cycle_and_then_each_paging_cycle(quiet: int, wait: int) -> None:
    assert listens_after(LTE, quiet) == wait


@given(st.integers(0, 100 * SECOND))
def test_no_wait_is_longer_than_its_cycle_and_it_ends_at_a_listening_moment(quiet: int) -> None:
    wait = listens_after(LTE, quiet)
    idle = quiet >= LTE.tail
    assert 0 <= wait < (LTE.paging_cycle if idle else LTE.long_drx_cycle)
    if idle:
        assert listens_after(LTE, quiet + wait) == 0


@given(st.integers(0, 10 * SECOND), st.integers(0, 100 * SECOND))
def test_a_station_listens_each_dtim(quiet: int, associated: int) -> None:
    station = WIFI_SETS["wifi-2020"]
    wait = wakes_after(station, quiet, associated)
    assert 0 <= wait < 3 * 102_400
    if quiet < station.tail:
        assert wait == 0
    else:
        assert (associated + wait) % (3 * 102_400) == 0
