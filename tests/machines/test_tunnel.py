"""The VPN session: NEVPNStatus, intent and on-demand. The table both ways, and what starts and ends a session, line by line."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.base.units import seconds
from sim.machines.events import (
    AppUpdated,
    BootFinished,
    DeviceSlept,
    FirstUnlocked,
    OtherVpnEnabled,
    PathNoticed,
    ProviderGone,
    ProviderLaunched,
    ProviderReady,
    ProviderStopped,
    ReassertingSet,
    Rebooted,
    ServerChosen,
    StopReason,
    VpnTurnedOff,
    VpnTurnedOn,
)
from sim.machines.ios.behaviour import TunnelLimits
from sim.machines.ios.ondemand import OnDemandRule, RuleAction
from sim.machines.ios.tunnel import NEVPNStatus, Tunnel, TunnelState
from sim.machines.machine import Announce, Due, Effect, Event, OnAttempt, StartTimer, StopTimer
from tests.machines.tables import both_ways, walk

LIMITS = TunnelLimits()
CONNECT = OnDemandRule(action=RuleAction.CONNECT)
NOT_ON_WIFI = OnDemandRule(action=RuleAction.DISCONNECT, interface="wifi")
WIFI, CELLULAR = PathNoticed(usable=True, moved=True, ssid="home"), PathNoticed(usable=True, moved=True, cellular=True)
EVENTS: tuple[Event, ...] = (
    VpnTurnedOn(),
    VpnTurnedOff(),
    OtherVpnEnabled(),
    ServerChosen("two"),
    ProviderReady(),
    ReassertingSet(),
    ProviderGone(StopReason.PROVIDER_FAILED),
    ProviderGone(StopReason.USER_INITIATED),
    Rebooted(),
    BootFinished(),
    FirstUnlocked(),
    AppUpdated(0.0),
    AppUpdated(0.99),
    WIFI,
    CELLULAR,
    PathNoticed(usable=False, moved=False),
    DeviceSlept(),
)


def tunnel(**fields: Any) -> Tunnel:
    return Tunnel(limits=LIMITS, **fields)


ON_DEMAND = tunnel(rules=(NOT_ON_WIFI, CONNECT))
CONFIGURATIONS = {
    "plain": tunnel(),
    "up at the start": tunnel(up_at_start=True),
    "on-demand": ON_DEMAND,
    "restarts for a server, disconnects on sleep": tunnel(restarts_for_server=True, disconnect_on_sleep=True),
    "sealed, on-demand": tunnel(sealed=True, rules=(CONNECT,)),
    "iOS 16.0": tunnel(ios=(16, 0)),
    "a switch that cannot be used": tunnel(user_may_switch_off=False, rules=(CONNECT,), plug_in=False),
}


def test_the_table_is_what_happens() -> None:
    """A row may need a certain configuration, but none happens that is no row, and each happens somewhere."""
    both_ways(list(CONFIGURATIONS.values()), EVENTS, (0, seconds(5)), most=400, rests=False)


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(sorted(CONFIGURATIONS)),
    st.lists(st.tuples(st.integers(0, 999), st.integers(0, seconds(100))), max_size=40),
)
def test_no_walk_leaves_the_table(name: str, choices: list[tuple[int, int]]) -> None:
    walk(CONFIGURATIONS[name], EVENTS, choices, set(), rests=False)


D, C, UP, R, X = (
    NEVPNStatus.DISCONNECTED,
    NEVPNStatus.CONNECTING,
    NEVPNStatus.CONNECTED,
    NEVPNStatus.REASSERTING,
    NEVPNStatus.DISCONNECTING,
)
WANTED = TunnelState(UP, intent=True)


@pytest.mark.parametrize(
    ("machine", "state", "event", "status", "ordered"),
    [
        pytest.param(tunnel(), TunnelState(D), VpnTurnedOn(), C, StartTimer("start limit", seconds(60)), id="L12e: 60 s to start"),
        pytest.param(tunnel(), TunnelState(D), VpnTurnedOn(), C, Announce(ProviderLaunched()), id="L2: the provider is launched"),
        pytest.param(tunnel(), TunnelState(C, intent=True), ProviderReady(), UP, StopTimer("start limit"), id="L2: connected"),
        pytest.param(
            tunnel(), TunnelState(C, intent=True), Due("start limit"), X, Announce(ProviderStopped(StopReason.CONNECTION_FAILED)),
            id="L12e: or it is stopped",
        ),
        pytest.param(tunnel(), WANTED, VpnTurnedOff(), X, StartTimer("stopping limit", seconds(20)), id="L12g: 20 s to stop"),
        pytest.param(tunnel(), TunnelState(X, intent=True), Due("stopping limit"), D, None, id="L12g: then it is over"),
        pytest.param(tunnel(), WANTED, ReassertingSet(), R, StartTimer("reasserting limit", seconds(120)), id="L13: reasserting"),
        pytest.param(tunnel(), TunnelState(C, intent=True), ReassertingSet(), C, None, id="L5: only while connected"),
        pytest.param(tunnel(), TunnelState(R, intent=True), ProviderReady(), UP, StopTimer("reasserting limit"), id="L5: cleared"),
        pytest.param(
            tunnel(), TunnelState(R, intent=True), Due("reasserting limit"), X,
            Announce(ProviderStopped(StopReason.CONNECTION_FAILED)), id="L13: too long",
        ),
        pytest.param(tunnel(), WANTED, ProviderGone(StopReason.PROVIDER_FAILED), D, None, id="L2: death ends in disconnected"),
        pytest.param(tunnel(), WANTED, DeviceSlept(), UP, None, id="L25: disconnectOnSleep is off by default"),
        pytest.param(
            tunnel(disconnect_on_sleep=True), WANTED, DeviceSlept(), X, Announce(ProviderStopped(StopReason.SLEEP)),
            id="L24: stopped at sleep",
        ),
        pytest.param(
            tunnel(restarts_for_server=True), WANTED, ServerChosen("two"), X,
            Announce(ProviderStopped(StopReason.USER_INITIATED)), id="a client that restarts for another server",
        ),
        pytest.param(
            tunnel(), TunnelState(X, intent=True, restarting=True), ProviderGone(StopReason.USER_INITIATED), C,
            Announce(ProviderLaunched()), id="and comes back",
        ),
        pytest.param(
            tunnel(user_may_switch_off=False, rules=(CONNECT,)), WANTED, VpnTurnedOff(), UP, None,
            id="D8: OnDemandUserOverrideDisabled",
        ),
        pytest.param(
            ON_DEMAND, WANTED, WIFI, UP, StartTimer("rule", LIMITS.rule_delay), id="D1: Disconnect on this network",
        ),
        pytest.param(
            ON_DEMAND, WANTED._replace(rule=RuleAction.DISCONNECT), Due("rule"), X,
            Announce(ProviderStopped(StopReason.ON_DEMAND)), id="D2: after the rules were asked",
        ),
        pytest.param(ON_DEMAND, WANTED, CELLULAR, UP, None, id="D1: Connect leaves a running tunnel alone"),
        pytest.param(
            tunnel(ios=(16, 0)), TunnelState(D, intent=True, waiting=True), Due("update"), UP, None,
            id="L22a: iOS 16.0 says Connected without a provider",
        ),
        pytest.param(
            tunnel(ios=(16, 0)), WANTED._replace(phantom=True), VpnTurnedOn(), C, Announce(ProviderLaunched()),
            id="L22a: a manual reconnect repairs it",
        ),
        pytest.param(tunnel(), TunnelState(D), ProviderGone(StopReason.USER_INITIATED), D, None, id="what is over is over"),
    ],
)  # fmt: skip
def test_the_system_s_session(
    machine: Tunnel, state: TunnelState, event: Event, status: NEVPNStatus, ordered: Effect | None
) -> None:
    step = machine.step(state, event, seconds(100))
    assert step.state.phase is status
    assert ordered is None or ordered in step.effects


@pytest.mark.parametrize(
    ("event", "intent"),
    [
        pytest.param(VpnTurnedOff(), False, id="only the user ends it"),
        pytest.param(ProviderGone(StopReason.PROVIDER_FAILED), True, id="not a crash"),
        pytest.param(ProviderGone(StopReason.SERVER_DEAD), True, id="not a dead server"),
        pytest.param(AppUpdated(0.5), True, id="not an update"),
        pytest.param(DeviceSlept(), True, id="not a sleep"),
        pytest.param(Rebooted(), True, id="not a restart"),
        pytest.param(ReassertingSet(), True, id="not a reconnect"),
    ],
)
def test_intent_ends_on_purpose_only(event: Event, intent: bool) -> None:
    """Protection is a matter of intent, not of status."""
    assert tunnel(disconnect_on_sleep=True).step(WANTED, event, 0).state.intent is intent


# On demand ------------------------------------------------------------------------------------------------------------


def test_connect_waits_for_the_next_attempt() -> None:
    """D1: start on next network attempt."""
    down = TunnelState(D, intent=True, rule=RuleAction.CONNECT, since=7)
    assert ON_DEMAND.watches(down) == (OnAttempt("attempt", 7),)
    assert ON_DEMAND.holds(down)
    asked = ON_DEMAND.step(down, Due("attempt"), 9)
    assert asked.effects == (StartTimer("start", LIMITS.first_trigger_delay),)
    assert ON_DEMAND.watches(asked.state) == ()


@pytest.mark.parametrize(
    "state",
    [
        pytest.param(TunnelState(D, intent=True, rule=RuleAction.DISCONNECT), id="Disconnect"),
        pytest.param(TunnelState(D, intent=True, rule=RuleAction.IGNORE), id="Ignore"),
        pytest.param(TunnelState(D, intent=True), id="before the rules were asked"),
        pytest.param(TunnelState(D, rule=RuleAction.CONNECT), id="turned off by the user"),
        pytest.param(TunnelState(D, intent=True, rule=RuleAction.CONNECT, locked=True), id="before the first unlock"),
        pytest.param(
            TunnelState(D, intent=True, rule=RuleAction.CONNECT, deadlocked=True), id="F6: stuck after an update"
        ),
        pytest.param(TunnelState(UP, intent=True, rule=RuleAction.CONNECT), id="it is up"),
    ],
)
def test_otherwise_it_waits_for_nothing(state: TunnelState) -> None:
    assert ON_DEMAND.watches(state) == ()
    assert not ON_DEMAND.holds(state)


@pytest.mark.parametrize("phase", [NEVPNStatus.CONNECTING, NEVPNStatus.DISCONNECTING])
def test_new_flows_are_held_from_one_attempt_to_the_next(phase: NEVPNStatus) -> None:
    """pia-364: over an hour with a server that cannot be reached, and nothing got out between two attempts."""
    trying = TunnelState(phase, intent=True, rule=RuleAction.CONNECT)
    assert ON_DEMAND.holds(trying)
    assert not ON_DEMAND.holds(trying._replace(intent=False)), "turned off by the user"
    assert not ON_DEMAND.holds(trying._replace(replaced=True)), "another VPN has taken its place"
    assert not tunnel().holds(trying._replace(rule=None))


def test_a_provider_that_died_comes_back_slowly() -> None:
    """L20: gaps of about 20 s."""
    dead = TunnelState(D, intent=True, rule=RuleAction.CONNECT, why_down=StopReason.PROVIDER_FAILED)
    assert ON_DEMAND.step(dead, Due("attempt"), 0).effects == (StartTimer("start", LIMITS.relaunch_delay),)


def test_a_locked_phone_tries_every_five_seconds() -> None:
    """L14: Mullvad's Timings.swift."""
    locked = TunnelState(D, intent=True, locked=True, waiting=True)
    assert ON_DEMAND.step(locked, Due("start"), 0) == (locked, (StartTimer("start", seconds(5)),))


def test_a_sealed_phone_may_be_stuck_after_an_update() -> None:
    """F6: no network until a reboot."""
    sealed = tunnel(sealed=True)
    stuck = sealed.step(WANTED, AppUpdated(0.1), 0).state
    assert stuck.deadlocked
    assert not sealed.step(WANTED, AppUpdated(0.95), 0).state.deadlocked
    assert not tunnel().step(WANTED, AppUpdated(0.1), 0).state.deadlocked
    assert not sealed.step(stuck, Rebooted(), 0).state.deadlocked


@pytest.mark.parametrize(
    ("machine", "state", "seals"),
    [
        pytest.param(tunnel(), WANTED, False, id="no flag"),
        pytest.param(tunnel(sealed=True), WANTED, True, id="includeAllNetworks"),
        pytest.param(tunnel(sealed=True), TunnelState(D, intent=True), True, id="also while it is down: a kill switch"),
        pytest.param(tunnel(sealed=True), TunnelState(D), False, id="but not when it is turned off"),
        pytest.param(tunnel(always_on=True), TunnelState(D), True, id="Always-On, always"),
    ],
)
def test_what_is_sealed(machine: Tunnel, state: TunnelState, seals: bool) -> None:
    assert machine.seals(state) is seals


def test_always_on_starts_at_once_and_again() -> None:
    machine = tunnel(always_on=True)
    assert machine.start() == (TunnelState(D, intent=True, waiting=True), (StartTimer("start", 0),))
    gone = machine.step(WANTED, ProviderGone(StopReason.SERVER_DEAD), 5)
    assert StartTimer("start", LIMITS.first_trigger_delay) in gone.effects
