"""The engine against its slow twin, which looks at one burst at a time: equal to the microsecond, the byte and the nanojoule.

Compared are the fate and the settling of each burst, each control message, each record with its cause (but for the keepalives, which
only the slow engine delivers), each leak window, and the energy.

Found by it, and mended in the engine: keepalives that were forgotten or said twice whenever a machine was asked anew; a persistent and
a passive keepalive that did not know of each other; a reply counted from the last answer instead of the first; bursts held over
several changes that entered the tunnel unseen; sockets without an address that went on waking the tunnel.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings

from sim.base.units import MINUTE, NEVER, Instant
from sim.engine.simulate import Run, simulate
from sim.engine.standing import Standing
from sim.engine.timeline import Record
from sim.machines.events import Interface, WifiJoined
from sim.machines.machine import Due
from sim.machines.protocols import PROTOCOLS
from sim.machines.routing import Fate, Way
from sim.measure.battery import battery
from sim.measure.leaks import leak_windows
from sim.world.scenario import Scenario
from sim.world.world import build
from tests.differential.slow import SlowTraffic, play_slowly, verdicts_from
from tests.generated import day, days, quiet_day, scenario

KEEPALIVES = {Due("passive"), Due("persistent"), Due("keepalive")}
"""What a machine lets the engine say for it. It may be an event all the same, where it changes more than the keepalive."""


class Heard(NamedTuple):
    """A record without its number, which differs: the keepalives are missing in one of the timelines."""

    at: Instant
    actor: str
    event: object
    phase: str


def heard(record: Record) -> Heard:
    """A record without its number."""
    return Heard(record.at, record.actor, record.event, record.phase)


def is_keepalive(record: Record) -> bool:
    """A machine would have said it without being asked, and nothing else changed."""
    return record.event in KEEPALIVES


def root(run: Run, number: int | None) -> Heard | None:
    """The record, or the first of its causes that is not a keepalive."""
    while number is not None and is_keepalive(run.timeline[number]):
        number = run.timeline[number].cause
    return None if number is None else heard(run.timeline[number])


def fates(run: Run) -> list[tuple[int, ...]]:
    ledger = run.ledger
    columns = (ledger.at, ledger.flow, ledger.up, ledger.down, ledger.fate, ledger.settled, ledger.cellular)
    return list(zip(*(c.tolist() for c in columns), strict=True))


def control(run: Run) -> list[tuple[Any, ...]]:
    return sorted((c.at, c.name, c.up, c.down) for c in run.control)


def records(run: Run) -> list[tuple[Heard, Heard | None]]:
    return [(heard(r), root(run, r.cause)) for r in run.timeline if not is_keepalive(r)]


def standings(run: Run) -> list[tuple[Any, ...]]:
    return [(s.begin, s.situation, *(root(run, r) for r in s.since)) for s in run.standings]


def spans(run: Run) -> list[tuple[Any, ...]]:
    return [
        (flow, s.begin, s.verdict, s.socket, *(root(run, g) for g in s.grounds))
        for flow, own in sorted(run.loners.items())
        for s in own
    ]


def windows(run: Run) -> list[tuple[Any, ...]]:
    return [
        (w.begin, w.end, w.cause, w.kinds, root(run, w.opener), root(run, w.closer), w.flows, w.rows.tolist())
        for w in leak_windows(run)
    ]


def energy(run: Run) -> list[tuple[Any, ...]]:
    account = battery(run)
    return [*account.with_vpn.by_component.items(), *account.without_vpn.by_component.items()]


def checks(run: Run) -> list[tuple[Any, ...]]:
    return [*run.checks, *run.gatherings]


ASPECTS: tuple[Callable[[Run], list[Any]], ...] = (standings, records, spans, control, fates, windows, checks, energy)


def assert_same(scenario: Scenario) -> None:
    """Play a day both ways and compare everything."""
    quick = simulate(scenario)
    slow, engine = play_slowly(build(scenario, scenario.seed))
    for aspect in ASPECTS:
        a, b = aspect(quick), aspect(slow)
        if a != b:
            only_quick, only_slow = [x for x in a if x not in b][:3], [x for x in b if x not in a][:3]
            raise AssertionError(f"{aspect.__name__}: only quick {only_quick}, only slow {only_slow}")
    assert_seen(slow, engine.slow)
    assert_reached(slow, engine.slow)


def assert_seen(run: Run, traffic: SlowTraffic) -> None:
    """What the rules see is what the ledger says: a burst that was delivered through the tunnel was a packet in it just then."""
    ledger, packets = run.ledger, set(traffic.sent())
    for row in range(len(ledger.at)):
        at, flow, settled = int(ledger.at[row]), int(ledger.flow[row]), int(ledger.settled[row])
        index, own = int(run.world.classes[flow]), run.loners.get(flow, [])
        _, verdict = next(verdicts_from(at, run.standings, run.verdicts, index, own))
        assert traffic.is_inside(row) == (verdict.way is Way.TUNNEL), f"burst {row} at {at}: {verdict}"
        if ledger.fate[row] == Fate.TUNNELLED:
            assert settled in packets, f"burst {row} at {at} was delivered at {settled}, unseen"


def assert_reached(run: Run, traffic: SlowTraffic) -> None:
    """Pushes into a silent tunnel are lost, and no others: by looking at every packet that the phone has sent."""
    ledger, nature, world, standings = run.ledger, run.world.nature, run.world, run.standings

    def standing_at(at: Instant) -> Standing:
        return [s for s in standings if s.begin <= at][-1]

    control = [
        (c.at, "control")
        for c in run.control
        if run.timeline[c.cause].actor == "protocol"
        and standing_at(c.at).situation.works(standing_at(c.at).situation.default)
    ]
    packets = sorted([(at, "data") for at in traffic.sent()] + control)
    moves = [b.begin for a, b in pairwise(standings) if a.situation.address != b.situation.address]
    wifis = {w.ssid: w for w in world.scenario.wifi}
    joins = [(r.at, r.event.ssid) for r in run.timeline if r.actor == "nature" and isinstance(r.event, WifiJoined)]
    field = f"nat_{world.protocol.transport}"
    for row in range(len(ledger.at)):
        at, flow = int(ledger.at[row]), int(ledger.flow[row])
        if not nature.kinds[int(nature.kind[flow])].pushed:
            continue
        index, own = int(world.classes[flow]), run.loners.get(flow, [])
        _, verdict = next(verdicts_from(at, standings, run.verdicts, index, own))
        if verdict.way not in (Way.TUNNEL, Way.UNREACHED):
            continue
        situation = standing_at(at).situation
        ssid = [name for begin, name in joins if begin <= at][-1] if situation.default is Interface.WIFI else ""
        lifetime = getattr(wifis.get(ssid, world.scenario.cellular), field)
        moved = max([m for m in moves if m <= at], default=0)
        mine = [t for t, kind in packets if t <= at and (t < at or kind == "control" or t in traffic.flushes)]
        others = [t for r, t in enumerate(traffic.times) if r != row and t == at and traffic.is_inside(r)]
        spoke = max([*mine, *others, *([0] if not moved else [])], default=-NEVER)
        alive = at - spoke < lifetime and spoke >= moved
        assert (verdict.way is Way.TUNNEL) == alive, f"push {row} at {at}: {verdict.way}, spoke {spoke}, moved {moved}"


@pytest.mark.parametrize("first", range(0, 48, 8))
def test_the_quick_engine_equals_the_slow_one(first: int) -> None:
    for number in range(first, first + 8):
        assert_same(day(number))


@pytest.mark.parametrize("first", range(0, 40, 10))
def test_it_does_where_nats_forget_tunnels(first: int) -> None:
    """On quiet days; a fifth of the pushes into a tunnel do not reach the phone at once."""
    for number in range(first, first + 10):
        assert_same(quiet_day(number))


def test_it_does_where_a_clock_stands_still_between_keepalives() -> None:
    """What the engine said for the protocol before a sleep is as young after it as what the protocol said itself."""
    for number in (1051, 1059):
        assert_same(day(number, "ikev2", sleeps=True))


def test_what_waited_on_a_way_of_its_own_is_seen_when_its_class_enters() -> None:
    """A socket comes back to its class while nothing passes: what it said before the class waited is not forgotten."""
    assert_same(day(1077, "masque", sleeps=True))


def test_it_does_if_ways_are_marked_for_a_minute_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """A day of the tests is shorter than what is marked at once; long ones are not."""
    monkeypatch.setattr("sim.engine.traffic.NOTED_AHEAD", MINUTE)
    for number in range(48, 56):
        assert_same(day(number))


@pytest.mark.parametrize("number", [3094])
def test_it_did_not_on_these_days(number: int) -> None:
    """3094: what waited was forgotten when the way outside opened for no time at all."""
    assert_same(day(number))


def test_a_look_up_right_after_a_keepalive_finds_the_radio_awake() -> None:
    """The engine sends keepalives by itself; whoever else sends must see them."""
    chosen = [{"at": f"{60 + 33 * k} s", "do": "choose_server", "server": ("two", "one")[k % 2]} for k in range(16)]
    day_of_keepalives = {
        "name": "look-ups",
        "duration": "10 min",
        "vpn_on": True,
        "servers": [{"name": "one"}, {"name": "two"}],
        "vpn": {
            "server": "one",
            "endpoint": "name",
            "client": {"routes": "after-handshake"},
            "wireguard": {"persistent_keepalive": "25 s"},
        },
        "timeline": chosen,
    }
    assert_same(scenario(day_of_keepalives))


@settings(deadline=None, suppress_health_check=list(HealthCheck), derandomize=True, max_examples=10)
@given(days())
def test_it_does_on_days_that_shrink(scenario: Scenario) -> None:
    assert_same(scenario)


@pytest.mark.slow
@pytest.mark.parametrize("sleeps", [False, True])
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_it_does_for_every_protocol(protocol: str, sleeps: bool) -> None:
    for number in range(1000, 1100):
        assert_same(day(number, protocol, sleeps))
