"""The network path: its table both ways, and the rules that decide which address a socket can keep."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.base.units import Duration, seconds
from sim.machines.events import (
    AirplaneTurnedOff,
    AirplaneTurnedOn,
    BootFinished,
    CellularAttached,
    CellularLost,
    HoleBegan,
    HoleEnded,
    Interface,
    PathNoticed,
    PortalPassed,
    Rebooted,
    WifiDemoted,
    WifiFaded,
    WifiJoined,
    WifiLost,
    WifiPreferred,
    WifiSwitched,
)
from sim.machines.ios.path import PathRules, PathState
from sim.machines.machine import Announce, Due, Event, StartTimer
from tests.machines.tables import both_ways, walk

RULES = PathRules()
HOME, CAFE = WifiJoined("home", 0.5), WifiJoined("cafe", 0.5, portal=True)
EVENTS: tuple[Event, ...] = (
    HOME,
    WifiJoined("home", 0.99),
    CAFE,
    WifiFaded(),
    WifiDemoted(),
    WifiPreferred(),
    WifiLost(),
    WifiLost(gap=seconds(0.4)),
    PortalPassed(),
    CellularAttached(),
    CellularLost(),
    HoleBegan(Interface.WIFI),
    HoleEnded(Interface.WIFI),
    HoleBegan(Interface.CELLULAR),
    HoleEnded(Interface.CELLULAR),
    AirplaneTurnedOn(keeps_wifi=True),
    AirplaneTurnedOn(keeps_wifi=False),
    AirplaneTurnedOff(0.5, 0.05),
    AirplaneTurnedOff(0.5, 0.5),
    WifiSwitched(True, 0.5),
    WifiSwitched(False, 0.5),
    Rebooted(),
    BootFinished(),
)


def test_the_table_is_what_happens() -> None:
    both_ways([RULES], EVENTS, (0,), most=3000, rests=False)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 999), st.integers(0, seconds(100))), max_size=40))
def test_no_walk_leaves_the_table(choices: list[tuple[int, int]]) -> None:
    walk(RULES, EVENTS, choices, set(), rests=False)


def after(*events: Event, spacing: Duration = 6_000_000) -> PathState:
    """The state after these events."""
    state: PathState = RULES.start().state
    for i, event in enumerate(events):
        state = RULES.step(state, event, i * spacing).state
    return state


def test_a_short_airplane_toggle_changes_no_address() -> None:
    """The network has not noticed that the phone was away; from five seconds on it has."""
    toggled = (CellularAttached(), AirplaneTurnedOn(keeps_wifi=False), AirplaneTurnedOff(0.5, 0.5), Due("cellular"))
    assert after(*toggled, spacing=seconds(4.9)).cellular == 1
    assert after(*toggled, spacing=seconds(5)).cellular == 2


def test_wifi_that_was_demoted_takes_over_again() -> None:
    demoted = (CellularAttached(), HOME, WifiDemoted())
    assert after(*demoted).default is Interface.CELLULAR
    assert after(*demoted, WifiPreferred()).default is Interface.WIFI


OFF_AND_ON = (AirplaneTurnedOn(keeps_wifi=False), AirplaneTurnedOff(0.5, 0.5), Due("wifi"), Due("cellular"))


@pytest.mark.parametrize(
    ("events", "default", "wifi", "cellular"),
    [
        pytest.param((), None, 0, 0, id="nothing is in reach at first"),
        pytest.param((CellularAttached(),), Interface.CELLULAR, 0, 1, id="cellular alone"),
        pytest.param((CellularAttached(), HOME), Interface.WIFI, 2, 1, id="Wi-Fi is preferred, cellular stays attached"),
        pytest.param((CellularAttached(), CAFE), Interface.CELLULAR, 2, 1, id="not before its portal is passed"),
        pytest.param((CAFE,), None, 1, 0, id="a portal alone is no path"),
        pytest.param((CAFE, PortalPassed()), Interface.WIFI, 1, 0, id="passed"),
        pytest.param((CellularAttached(), HOME, WifiFaded()), Interface.WIFI, 2, 1, id="a fading Wi-Fi is held on to"),
        pytest.param((CellularAttached(), HOME, WifiDemoted()), Interface.CELLULAR, 2, 1, id="both live: make before break"),
        pytest.param((HOME, WifiDemoted()), Interface.WIFI, 1, 0, id="but not without cellular"),
        pytest.param((CellularAttached(), HOME, WifiLost(1)), None, 0, 1, id="cellular needs a moment"),
        pytest.param((CellularAttached(), HOME, WifiLost(1), Due("settle")), Interface.CELLULAR, 0, 1, id="then it takes over"),
        pytest.param((HOME, WifiLost(), HOME), Interface.WIFI, 1, 0, id="the same network gives the same address again"),
        pytest.param((HOME, WifiLost(), WifiJoined("home", 0.99)), Interface.WIFI, 2, 0, id="unless luck is against it"),
        pytest.param((HOME, WifiJoined("other", 0.1)), Interface.WIFI, 2, 0, id="another network never does"),
        pytest.param((CellularAttached(), HOME, *OFF_AND_ON), Interface.WIFI, 2, 3, id="airplane toggle: Wi-Fi's back, cellular new"),
        pytest.param(
            (CellularAttached(), HOME, AirplaneTurnedOn(keeps_wifi=True)), Interface.WIFI, 2, 0, id="airplane that keeps Wi-Fi"
        ),
        pytest.param((HOME, WifiSwitched(False, 0.5)), None, 0, 0, id="Wi-Fi off in Settings"),
        pytest.param((HOME, WifiSwitched(False, 0.5), WifiSwitched(True, 0.5)), Interface.WIFI, 1, 0, id="and on"),
        pytest.param((HOME, Rebooted()), None, 0, 0, id="a reboot ends everything"),
        pytest.param((HOME, CellularAttached(), Rebooted(), BootFinished()), None, 0, 0, id="radios search after a boot"),
        pytest.param(
            (HOME, CellularAttached(), Rebooted(), BootFinished(), Due("cellular"), Due("wifi")), Interface.WIFI, 4, 3,
            id="and find what is near, with new addresses",
        ),
        pytest.param(
            (HOME, CellularAttached(), Rebooted(), BootFinished(), Due("cellular")), Interface.CELLULAR, 0, 3,
            id="each in its own time",
        ),
        pytest.param((HOME, WifiSwitched(False, 0.5), *OFF_AND_ON), None, 0, 0, id="what was off in Settings stays off"),
        pytest.param((HOME, AirplaneTurnedOn(keeps_wifi=False), WifiSwitched(True, 0.5)), Interface.WIFI, 1, 0, id="on in airplane mode"),
        pytest.param((CellularAttached(), BootFinished()), Interface.CELLULAR, 0, 1, id="a boot ends once"),
    ],
)  # fmt: skip
def test_addresses_and_the_default_path(
    events: tuple[Event, ...], default: Interface | None, wifi: int, cellular: int
) -> None:
    state = after(*events)
    assert (state.default, state.wifi, state.cellular) == (default, wifi, cellular)


def test_a_hole_changes_what_carries_and_tells_nobody() -> None:
    """The path is still SATISFIED, which is why tunnels wait instead of moving."""
    state = after(CellularAttached(), Due("notice"))
    step = RULES.step(state, HoleBegan(Interface.CELLULAR), 0)
    assert step == (state._replace(cellular_works=False), ())


def test_processes_hear_of_a_new_path_a_little_later() -> None:
    step = RULES.step(RULES.start().state, CellularAttached(), 1)
    assert step.effects == (StartTimer("notice", RULES.notice_delay),)
    told = RULES.step(step.state, Due("notice"), 1)
    assert told.effects == (Announce(PathNoticed(usable=True, moved=False, cellular=True)),)
    joined = RULES.step(told.state, HOME, 2)
    moved = RULES.step(joined.state, Due("notice"), 3)
    assert moved.effects == (Announce(PathNoticed(usable=True, moved=True, ssid="home")),)
    again = RULES.step(moved.state, Due("notice"), 4)
    assert again.effects == (Announce(PathNoticed(usable=True, moved=False, ssid="home")),)


def test_what_is_there_at_the_beginning_has_been_known_for_long() -> None:
    assert RULES.step(RULES.start().state, CellularAttached(), 0).effects == (StartTimer("notice", 0),)


def test_an_offline_spell_on_the_same_address_is_no_move() -> None:
    state = after(HOME, Due("notice"), WifiLost(), Due("notice"), HOME)
    assert RULES.step(state, Due("notice"), 0).effects == (
        Announce(PathNoticed(usable=True, moved=False, ssid="home")),
    )
