"""The packet tunnel provider: its table both ways, and the one question that decides between a leak and a block."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.base.laws import uniform
from sim.base.units import seconds
from sim.machines.events import (
    AppUpdated,
    ConnectionLost,
    EngineStarted,
    EngineStopped,
    KeyRotated,
    MemoryPressed,
    PathNoticed,
    ProviderCrashed,
    ProviderGone,
    ProviderLaunched,
    ProviderReady,
    ProviderStopped,
    ReassertingSet,
    Rebooted,
    ServerChosen,
    SessionLost,
    SessionUp,
    SettingsCleared,
    StopReason,
)
from sim.machines.ios.provider import MIB, Client, Phase, Provider, ProviderState, memory_limit
from sim.machines.machine import Announce, Due, Event, StartTimer, Step
from tests.machines.tables import both_ways, walk

EVENTS: tuple[Event, ...] = (
    ProviderLaunched(),
    ProviderStopped(StopReason.USER_INITIATED),
    ProviderStopped(StopReason.SLEEP),
    PathNoticed(usable=True, moved=True),
    PathNoticed(usable=False, moved=False),
    KeyRotated(),
    SettingsCleared(),
    ServerChosen("two"),
    ConnectionLost(),
    MemoryPressed(1),
    MemoryPressed(60 * MIB),
    ProviderCrashed(),
    AppUpdated(0.5),
    Rebooted(),
    SessionUp(),
    SessionLost("dead peer", fatal=True),
    SessionLost("ping restart", fatal=False),
)


def provider(
    routes_first: bool = True,
    routes_kept: bool = True,
    stops_engine_offline: bool = True,
    limit: bool = True,
    looks_up: bool = False,
    **client: Any,
) -> Provider:
    return Provider(
        client=Client(**client),
        server="one",
        servers=("one", "two", "three"),
        routes_first=routes_first,
        routes_kept=routes_kept,
        stops_engine_offline=stops_engine_offline,
        memory_limit=50 * MIB if limit else None,
        looks_up=looks_up,
    )


YES_NO = (True, False)
CONFIGURATIONS = [
    provider(first, kept, offline, reasserts=reasserts)
    for first, kept, offline, reasserts in product(YES_NO, YES_NO, YES_NO, YES_NO)
]
CONFIGURATIONS += [provider(first, False, reasserts=False, kill_switch="app", looks_up=True) for first in YES_NO]


def test_the_table_is_what_happens() -> None:
    """Clients differ; none does what is no row, and each row is some client's."""
    both_ways(CONFIGURATIONS, EVENTS, (0,), most=150)


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, len(CONFIGURATIONS) - 1),
    st.lists(st.tuples(st.integers(0, 999), st.integers(0, seconds(100))), max_size=40),
)
def test_no_walk_leaves_the_table(number: int, choices: list[tuple[int, int]]) -> None:
    walk(CONFIGURATIONS[number], EVENTS, choices, set())


RUNNING = ProviderState(Phase.RUNNING, "one", routes=True, interface=1, interfaces=1)
WIREGUARD, OPENVPN = provider(), provider(routes_first=False, routes_kept=False)


@pytest.mark.parametrize(
    ("machine", "state", "event", "phase", "routes", "interface"),
    [
        pytest.param(WIREGUARD, ProviderState(Phase.APPLYING, "one"), Due("apply"), Phase.RUNNING, True, 1, id="L12k: before any handshake"),
        pytest.param(OPENVPN, ProviderState(Phase.PREPARING, "one"), Due("prepare"), Phase.HANDSHAKING, False, 0, id="the server's settings first"),
        pytest.param(WIREGUARD, RUNNING, KeyRotated(), Phase.UPDATING, True, 1, id="L8: with reasserting the gap blocks"),
        pytest.param(provider(reasserts=False), RUNNING, KeyRotated(), Phase.UPDATING, False, 1, id="L8: without, it leaks"),
        pytest.param(
            WIREGUARD, RUNNING._replace(phase=Phase.UPDATING, reasserting=True), Due("apply"), Phase.RUNNING, True, 2,
            id="L9: clearing reasserting ends the sockets inside",
        ),
        pytest.param(
            provider(reasserts=False), RUNNING._replace(phase=Phase.UPDATING, routes=False), Due("apply"), Phase.RUNNING, True, 1,
            id="L10: they survive if the address is unchanged",
        ),
        pytest.param(WIREGUARD, RUNNING, PathNoticed(usable=False, moved=False), Phase.OFFLINE, True, 1, id="W-ADP: temporary shutdown"),
        pytest.param(
            WIREGUARD, RUNNING._replace(phase=Phase.OFFLINE, usable=False), PathNoticed(usable=True, moved=True), Phase.UPDATING,
            True, 1, id="W-ADP: settings again, nothing leaks",
        ),
        pytest.param(OPENVPN, RUNNING, SessionLost("ping restart", fatal=False), Phase.RECONNECTING, False, 0, id="tunPersist = false"),
        pytest.param(
            provider(routes_first=False), RUNNING, SessionLost("ping restart", fatal=False), Phase.RECONNECTING, True, 1,
            id="tunPersist: the gap blocks",
        ),
        pytest.param(OPENVPN, RUNNING, SessionLost("dead peer", fatal=True), Phase.ABSENT, False, 0, id="cancelTunnelWithError"),
        pytest.param(WIREGUARD, RUNNING, ProviderCrashed(), Phase.ABSENT, False, 0, id="L2: a crash takes the interface along"),
        pytest.param(WIREGUARD, RUNNING, MemoryPressed(43 * MIB), Phase.ABSENT, False, 0, id="L16: over the limit, killed at once"),
        pytest.param(WIREGUARD, RUNNING, MemoryPressed(42 * MIB), Phase.RUNNING, True, 1, id="L16: just below it"),
        pytest.param(provider(limit=False), RUNNING, AppUpdated(0.5), Phase.RUNNING, True, 1, id="L22: IKEv2 is unaffected"),
        pytest.param(WIREGUARD, RUNNING, AppUpdated(0.5), Phase.ABSENT, False, 0, id="L22: the old provider is stopped"),
        pytest.param(
            WIREGUARD, RUNNING, ProviderStopped(StopReason.USER_INITIATED), Phase.STOPPING, True, 1,
            id="L4: while disconnecting, traffic is dropped",
        ),
    ],
)  # fmt: skip
def test_routes_decide_between_a_leak_and_a_block(
    machine: Provider, state: ProviderState, event: Event, phase: Phase, routes: bool, interface: int
) -> None:
    """What remains of the interface in each situation."""
    after = machine.step(state, event, 0).state
    assert (after.phase, after.routes, after.interface) == (phase, routes, interface)


def test_an_update_stops_the_engine_and_says_so() -> None:
    step = WIREGUARD.step(RUNNING, KeyRotated(), 0)
    assert step.effects == (
        Announce(ReassertingSet()),
        Announce(EngineStopped()),
        StartTimer("apply", WIREGUARD.client.apply),
    )
    done = WIREGUARD.step(step.state, Due("apply"), 0)
    assert done.effects == (Announce(EngineStarted("one", True)), Announce(ProviderReady()))


def test_the_apps_kill_switch_engages_after_a_while_and_goes_with_the_provider() -> None:
    machine = provider(
        routes_first=False, routes_kept=False, kill_switch="app", engage_delay=uniform(seconds(1), seconds(3))
    )
    lost = machine.step(RUNNING, SessionLost("ping restart", fatal=False), 0)
    assert StartTimer("engage", machine.client.engage_delay) in lost.effects
    assert not lost.state.drops
    engaged = machine.step(lost.state, Due("engage"), 0).state
    assert engaged.drops
    assert not machine.step(engaged, ProviderCrashed(), 0).state.drops
    back = machine.step(machine.step(engaged, SessionUp(), 0).state, Due("apply"), 0).state
    assert (back.routes, back.drops) == (True, False)


def test_settings_without_routes_leave_the_provider_running() -> None:
    cleared = WIREGUARD.step(RUNNING, SettingsCleared(), 0)
    assert cleared == Step(RUNNING._replace(routes=False, interface=0))
    applied = WIREGUARD.step(WIREGUARD.step(cleared.state, KeyRotated(), 0).state, Due("apply"), 0).state
    assert (applied.routes, applied.interface) == (True, 2)
    assert provider(limit=False).step(RUNNING, SettingsCleared(), 0).state == RUNNING, (
        "the system's own client has no such fault"
    )


@pytest.mark.parametrize(("cellular", "found"), [(False, "rogue"), (True, None)])
def test_a_name_is_looked_up_in_the_network_of_the_start(cellular: bool, found: str | None) -> None:
    machine = provider(looks_up=True)
    here = machine.step(ProviderState(Phase.LAUNCHING, "one"), PathNoticed(True, True, cellular, "rogue"), 0).state
    assert machine.step(here, Due("launch"), 0).state.looked_up_on == found
    assert WIREGUARD.step(here, Due("launch"), 0).state.looked_up_on is None


def test_an_end_is_announced_with_its_reason() -> None:
    effects = WIREGUARD.step(RUNNING, ProviderCrashed(), 0).effects
    assert effects[-2:] == (Announce(EngineStopped()), Announce(ProviderGone(StopReason.PROVIDER_FAILED)))


@pytest.mark.parametrize(("server", "following"), [("one", "two"), ("three", "one"), ("elsewhere", "elsewhere")])
def test_a_monitor_that_gives_up_means_the_next_server(server: str, following: str) -> None:
    step = WIREGUARD.step(RUNNING._replace(server=server), ConnectionLost(), 0)
    assert (step.state.server, step.state.phase) == (following, Phase.UPDATING)
    assert step == WIREGUARD.step(RUNNING._replace(server=server), ServerChosen(following), 0)


def test_only_clients_that_care_hear_of_sessions() -> None:
    assert SessionUp not in WIREGUARD.hears
    assert SessionUp in OPENVPN.hears


@pytest.mark.parametrize(("ios", "limit"), [((9, 0), 5), ((10, 0), 15), ((14, 8), 15), ((15, 0), 50), ((26, 0), 50)])
def test_the_memory_limit_of_each_version(ios: tuple[int, ...], limit: int) -> None:
    """L15."""
    assert memory_limit(ios) == limit * MIB
