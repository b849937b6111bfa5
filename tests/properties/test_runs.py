"""What holds in every run, whatever the scenario: bytes and time are conserved, everything has a cause, nothing leaks unmeant.

Each law is a function of a run. It is checked on the same sixty generated days, and once more on days that Hypothesis can shrink.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from sim.base.units import NEVER
from sim.engine.simulate import Run, simulate
from sim.machines.events import DeviceSlept, DeviceWoke, OtherVpnEnabled, VpnTurnedOff
from sim.machines.machine import Due
from sim.machines.routing import Cause, Fate, Intended
from sim.measure.leaks import leak_windows
from sim.measure.summary import summarise
from sim.world.scenario import Scenario
from tests.generated import day, days

DAYS = range(60)


@cache
def played(number: int) -> Run:
    """The run of a generated day."""
    return simulate(day(number))


def bytes_are_conserved(run: Run) -> None:
    """Each demanded byte has exactly one fate: per flow and in all, in integers."""
    ledger, nature = run.ledger, run.world.nature
    assert np.array_equal(ledger.at, nature.at)
    assert np.array_equal(ledger.flow, nature.flow)
    size = nature.up + nature.down
    assert np.isin(ledger.fate, list(Fate)).all()
    for flow in range(len(nature.opens)):
        mine = ledger.flow == flow
        by_fate = [int(size[mine & (ledger.fate == fate)].sum()) for fate in Fate]
        assert sum(by_fate) == int(size[nature.flow == flow].sum())
    assert sum(ledger.bytes_by_fate().values()) == int(size.sum())
    document = summarise(run).as_dict()
    assert document["demand_bytes"] == sum(document["fates"].values())


def bursts_settle_in_time(run: Run) -> None:
    """Not before they come, not later than their patience, and only those that wait at the end are WAITING."""
    ledger, horizon = run.ledger, run.scenario.duration
    patience = run.world.patience[ledger.flow]
    assert (ledger.at <= ledger.settled).all()
    assert (ledger.settled <= np.minimum(ledger.at + patience, horizon)).all()
    assert np.array_equal(ledger.settled == horizon, ledger.fate == Fate.WAITING)


def time_is_tiled(run: Run) -> None:
    """How things stand covers [0, horizon) with no gap, overlap or zero length, and so does what each loner met."""
    begins = [s.begin for s in run.standings]
    assert begins[0] == 0
    assert begins[-1] < run.scenario.duration
    assert all(a < b for a, b in pairwise(begins))
    for spans in run.loners.values():
        assert spans[0].begin >= 0
        assert all(a.begin < b.begin for a, b in pairwise(spans))
        assert spans[-1].begin < run.scenario.duration
        assert all(a.socket <= b.socket for a, b in pairwise(spans))


def everything_has_a_cause(run: Run) -> None:
    """Causes precede, time never runs backwards, and chains begin with a line of the script or with a machine's start."""
    for record in run.timeline:
        assert 0 <= record.at < run.scenario.duration
        if record.cause is None:
            begins = record.actor in ("nature", "user") or (record.event == Due("start") and record.at == 0)
            assert begins, record
        else:
            assert record.cause < record.id
    assert all(a.at <= b.at for a, b in pairwise(run.timeline))
    records = range(len(run.timeline))
    assert all(since in records for standing in run.standings for since in standing.since)
    assert all(ground in records for spans in run.loners.values() for span in spans for ground in span.grounds)
    assert all(message.cause in records for message in run.control)
    assert all(run.timeline[message.cause].at <= message.at for message in run.control)


def every_window_has_grounds(run: Run) -> None:
    """The records that opened and closed a leak window exist and do not come after it."""
    for window in leak_windows(run):
        assert 0 <= window.begin < window.end <= run.scenario.duration
        assert run.timeline[window.opener].at <= window.begin
        assert window.closer is None or run.timeline[window.closer].at == window.end
        for stretch in window.stretches:
            assert stretch.grounds
            assert all(run.timeline[ground].at <= stretch.begin for ground in stretch.grounds)
        assert window.kinds


def every_leak_is_in_one_window(run: Run) -> None:
    """No leaked burst is counted twice or forgotten."""
    rows = [row for window in leak_windows(run) for row in window.rows.tolist()]
    assert sorted(rows) == np.flatnonzero(run.ledger.fate == Fate.LEAKED).tolist()


def nothing_leaks_unmeant(run: Run) -> None:
    """A leak needs intent at that instant, a flow that should be inside, and a way outside."""
    ledger, world = run.ledger, run.world
    leaked = np.flatnonzero(ledger.fate == Fate.LEAKED)
    begins = np.array([s.begin for s in run.standings])
    for row in leaked.tolist():
        standing = run.standings[int(np.searchsorted(begins, ledger.settled[row], side="right")) - 1]
        assert standing.situation.intent
        assert world.traits[world.classes[ledger.flow[row]]].intended is Intended.PROTECT
    first = next((s.begin for s in run.standings if s.situation.intent), NEVER)
    assert (ledger.settled[leaked] >= first).all()


def vpn_off_ends_intent(run: Run) -> None:
    """From VPN off on nothing leaks until something turns it on again."""
    if not run.world.tunnel.user_may_switch_off:
        return
    leaked = run.ledger.settled[run.ledger.fate == Fate.LEAKED]
    for record in run.timeline:
        if isinstance(record.event, VpnTurnedOff) and record.actor == "user":
            on_again = next((s.begin for s in run.standings if s.begin > record.at and s.situation.intent), NEVER)
            assert not ((leaked >= record.at) & (leaked < on_again)).any()


def the_suspended_are_silent(run: Run) -> None:
    """No record of a suspended host's machine, and no message of its, between sleep and wake."""
    if run.scenario.vpn.client.runs_in_sleep:
        return
    slept: int | None = None
    for record in run.timeline:
        if isinstance(record.event, DeviceSlept) and record.cause is None:
            slept = record.at
        elif isinstance(record.event, DeviceWoke) and record.cause is None and slept is not None:
            assert not [m for m in run.control if slept < m.at < record.at]
            slept = None
        elif slept is not None and record.at > slept:
            assert record.actor not in ("provider", "protocol"), record


def energy_adds_up(run: Run) -> None:
    """The whole is the sum of its parts, none is negative, and the phone never draws less than asleep in airplane mode."""
    account, without, blame = summarise(run).battery
    parts = account.by_component
    assert account.total_nj == sum(parts.values()) == sum(blame.values())
    assert all(isinstance(part, int) and part >= 0 for part in blame.values()), blame
    assert all(isinstance(part, int) and part >= 0 for part in parts.values()), parts
    assert account.total_nj >= run.scenario.duration * run.scenario.device.power.airplane_mw
    bare = without.by_component
    assert all(parts[name] == bare[name] for name in parts if name.startswith("base_"))
    assert all(bare[name] == 0 for name in bare if name.startswith("vpn_"))


def a_sealed_device_leaks_only_old_sockets(run: Run) -> None:
    """Documented exceptions: what a policy excludes is not meant to be inside, or is claimed as local; a socket may survive it."""
    vpn = run.scenario.vpn
    if not vpn.include_all_networks or vpn.always_on:
        return
    if any(isinstance(event, OtherVpnEnabled) for _, event in run.world.script):
        return  # this configuration, seal and all, is disabled then
    claimed = {Cause.LOCAL_NET} if vpn.exclude_local_networks else set()
    claimed |= {Cause.DNS} if run.scenario.device.behaviour.look_ups_leak_in_updates else set()
    assert {w.cause for w in leak_windows(run)} <= {Cause.LEGACY_SOCKET, *claimed}


def always_on_leaks_nothing(run: Run) -> None:
    """The tunnel precedes every socket, and all else is dropped; but on a platform that lets look-ups out meanwhile."""
    if run.scenario.vpn.always_on and not run.scenario.device.behaviour.look_ups_leak_in_updates:
        assert leak_windows(run) == []


LAWS: tuple[Callable[[Run], None], ...] = (
    bytes_are_conserved,
    bursts_settle_in_time,
    time_is_tiled,
    everything_has_a_cause,
    every_window_has_grounds,
    every_leak_is_in_one_window,
    nothing_leaks_unmeant,
    vpn_off_ends_intent,
    the_suspended_are_silent,
    energy_adds_up,
    a_sealed_device_leaks_only_old_sockets,
    always_on_leaks_nothing,
)


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
def test_on_sixty_days(law: Callable[[Run], None]) -> None:
    for number in DAYS:
        law(played(number))


@settings(deadline=None, suppress_health_check=list(HealthCheck), derandomize=True, max_examples=25)
@given(days())
def test_on_days_that_shrink(scenario: Scenario) -> None:
    run = simulate(scenario)
    for law in LAWS:
        law(run)


@pytest.mark.slow
def test_on_a_thousand_days() -> None:
    for number in range(1000, 2000):
        run = simulate(day(number))
        for law in LAWS:
            law(run)
