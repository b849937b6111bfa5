"""The radio's waits worked out for a day at once, against one packet after the other; and handovers as delays, against holes."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pytest

from sim.base.units import MILLISECOND, SECOND, Duration, Instant
from sim.engine.simulate import play
from sim.machines.events import HoleBegan, HoleEnded, Interface
from sim.machines.radio.paging import listens_after, wakes_after
from sim.measure.delays import OnAir, Sleeper, radio_waits, waits
from sim.world.intervals import EMPTY, listed
from sim.world.world import build
from tests.generated import day


class Radio(NamedTuple):
    """A cellular radio with short times."""

    promotion: Duration = 20
    tail: Duration = 50
    paging_cycle: Duration = 37
    long_drx_cycle: Duration = 13


class Station(NamedTuple):
    """A Wi-Fi radio with short times."""

    tail: Duration = 22
    beacon: Duration = 10
    dtim: int = 3


LTE, NO_DRX = Radio(), Radio(long_drx_cycle=0)
SLEEPERS = {
    "cellular": Sleeper(50, 20, 13, lambda quiet, _: listens_after(LTE, quiet)),
    "cellular without DRX": Sleeper(50, 20, 50, lambda quiet, _: listens_after(NO_DRX, quiet)),
    "wifi": Sleeper(22, 0, 22, lambda quiet, since: wakes_after(Station(), quiet, since)),
}


def slow_waits(packets: list[tuple[Instant, Duration, bool]], begin: Instant, radio: Sleeper) -> list[Duration]:
    """Each packet in its turn."""
    free = begin - radio.tail
    ready = begin
    found = []
    for at, air, down in packets:
        if at < ready:
            wait = ready - at
        else:
            quiet = max(at - free, 0)
            page = radio.listens(quiet, at - begin) if down else 0
            page = min([page, *(other - at for other, _, other_down in packets if not other_down and other >= at)])
            wait = page + (radio.promotion if quiet >= radio.tail else 0)
            ready = at + wait
        free = max(free, at + wait + air)
        found.append(wait)
    return found


@pytest.mark.parametrize("name", SLEEPERS)
@pytest.mark.parametrize("seed", range(40))
def test_all_at_once_is_one_after_the_other(name: str, seed: int) -> None:
    """In each of the spans in which a radio is used; from one to the next it remembers nothing."""
    rng = np.random.default_rng(seed)
    spans, packets, slow = [], [], []
    now = 0
    for _ in range(60):
        begin = now + int(rng.integers(20))
        at = begin + rng.integers(60, size=rng.integers(12)).cumsum()
        own = [(t, int(rng.integers(30)), bool(rng.random() < 0.6)) for t in at.tolist()]
        now = max([begin, *at.tolist()]) + int(rng.integers(1, 20))
        spans.append((begin, now))
        packets += own
        slow += slow_waits(own, begin, SLEEPERS[name])
    offered, air = (np.array([packet[i] for packet in packets], dtype=np.int64) for i in (0, 1))
    down = np.array([down for _, _, down in packets], dtype=bool)
    found = waits(OnAir(offered, air, down, np.arange(len(air))), listed(spans), SLEEPERS[name])
    assert found.tolist() == slow


def test_a_handover_of_forty_milliseconds_changes_no_fate() -> None:
    """As a delay or as a hole: each burst has the same fate, at most a hole later (over TCP, a retransmission later).

    Only where no control message is on its way: a hole would lose it, while a handover forwards it.
    """
    hole, played = 40 * MILLISECOND, 0
    for number in range(30):
        world = build(day(number), number)
        bare = play(world)
        messages = np.array([c.at for c in bare.control], dtype=np.int64)
        at = [
            t for t in range(7 * SECOND, world.scenario.duration, 29 * SECOND) if (abs(messages - t) > 9 * SECOND).all()
        ]
        delayed = play(replace(world, nature=replace(world.nature, interruptions=listed([(t, t + hole) for t in at]))))
        lines = [(t, HoleBegan(Interface.CELLULAR)) for t in at] + [
            (t + hole, HoleEnded(Interface.CELLULAR)) for t in at
        ]
        broken = any(isinstance(event, HoleBegan | HoleEnded) for _, event in world.script)
        if broken or not at:
            continue
        holes = play(replace(world, script=tuple(sorted([*world.script, *lines], key=lambda line: line[0]))))
        if [c[:4] for c in holes.control] != [c[:4] for c in delayed.control]:
            continue  # a watch fell due within the hole, or a machine counts attempts: another day
        played += 1
        assert delayed.ledger.fate.tolist() == holes.ledger.fate.tolist()
        later = holes.ledger.settled - delayed.ledger.settled
        vpn = world.scenario.vpn
        resends = vpn.protocol == "openvpn" and vpn.openvpn.transport == "tcp"  # what a hole took, after its time-out
        assert ((later >= 0) & (later <= hole + resends * SECOND)).all()
    assert played >= 5


def test_what_a_handover_interrupts_waits_until_it_is_done() -> None:
    run = play(build(day(3), 3))
    assert not len(run.world.nature.interruptions)
    before = radio_waits(run)
    on_cellular = np.flatnonzero(run.ledger.cellular & (before == 0) & (run.ledger.fate < 4))
    row = int(on_cellular[len(on_cellular) // 2])
    at = int(run.ledger.settled[row])
    nature = replace(run.world.nature, interruptions=listed([(at - 1, at + 39)]))
    assert radio_waits(replace(run, world=replace(run.world, nature=nature)))[row] == 39
    assert np.array_equal(
        radio_waits(replace(run, world=replace(run.world, nature=replace(nature, interruptions=EMPTY)))), before
    )
