"""What a control message meets on its way: a sleeping radio, a handover, a slow answer to a phone that dozes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from sim.base.units import MILLISECOND, SECOND, Duration, Instant
from sim.engine.network import Network, Way
from sim.engine.traffic import Traffic
from sim.machines.events import Interface
from sim.machines.ios.path import PathState, PathStatus
from sim.machines.machine import Transmit
from sim.world.intervals import listed
from sim.world.world import build
from tests.generated import scenario

MS = MILLISECOND
HELLO = Transmit("hello", 100, answer=100)
BREAK = (20 * SECOND, 20 * SECOND + 40 * MS)


def network(*bursts: Instant, broken: tuple[Instant, Instant] = BREAK) -> Network:
    """LTE of 2020 (promotion 260 ms, tail 10 s, DRX 320 ms) and Wi-Fi (tail 220 ms, DTIM 307.2 ms), with one interruption."""
    world = build(scenario({"name": "network", "duration": "1 h"}), 1)
    breaks = listed([broken])
    nature = replace(world.nature, interruptions=breaks, roams=breaks)
    at = np.array(bursts, dtype=np.int64)
    traffic = Traffic(at, np.zeros_like(at), np.zeros(1, dtype=np.int64), 1, at[:0])
    return Network(replace(world, nature=nature), traffic)


def wait(found: Network, now: Instant, rtt: Duration, over: Interface = Interface.CELLULAR, **fields: Any) -> Duration:
    path = PathState(PathStatus.SATISFIED, default=over)
    return found.answer_after(HELLO._replace(**fields), Way(rtt, 0.0, True), path, now)


@pytest.mark.parametrize(
    ("now", "rtt", "expected"),
    [
        pytest.param(50 * SECOND, 100 * MS, 360 * MS, id="an idle radio is promoted first"),
        pytest.param(12 * SECOND, 100 * MS, 100 * MS, id="a connected one sends at once"),
        pytest.param(12 * SECOND, 320 * MS, 320 * MS, id="an answer in the first DRX cycle finds it listening"),
        pytest.param(12 * SECOND, 400 * MS, 640 * MS, id="a later one waits for the end of a cycle"),
        pytest.param(BREAK[0] + 10 * MS, 100 * MS, 130 * MS, id="what is sent during a handover waits for its end"),
        pytest.param(BREAK[0] - 90 * MS, 100 * MS, 130 * MS, id="so does an answer that comes during it"),
        pytest.param(BREAK[0] - 200 * MS, 100 * MS, 100 * MS, id="but not one that comes before"),
        pytest.param(BREAK[1], 100 * MS, 100 * MS, id="nor what is sent when it is done"),
    ],
)
def test_on_cellular(now: Instant, rtt: Duration, expected: Duration) -> None:
    busy = (11 * SECOND, 19 * SECOND) if now < 30 * SECOND else ()
    assert wait(network(*busy), now, rtt) == expected


def test_data_keeps_the_phone_listening_for_the_answer() -> None:
    assert wait(network(11 * SECOND, 12 * SECOND + 300 * MS), 12 * SECOND, 400 * MS) == 400 * MS


def test_several_round_trips() -> None:
    assert wait(network(11 * SECOND), 12 * SECOND, 100 * MS, round_trips=3) == 300 * MS


@pytest.mark.parametrize(
    ("now", "rtt", "expected"),
    [
        pytest.param(SECOND, 15 * MS, 15 * MS, id="a quick answer finds the station awake"),
        pytest.param(SECOND, 300 * MS, 1_536_000 - SECOND, id="a slow one waits for a DTIM beacon"),
        pytest.param(BREAK[0], 15 * MS, 55 * MS, id="a roam holds it up"),
    ],
)
def test_on_wifi(now: Instant, rtt: Duration, expected: Duration) -> None:
    assert wait(network(), now, rtt, Interface.WIFI) == expected
