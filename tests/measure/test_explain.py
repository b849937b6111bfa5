"""Explanations: every step has words, and the words are left as they are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import sim
from sim.machines.ios.path import PathRules
from sim.machines.ios.provider import Provider
from sim.machines.ios.tunnel import Tunnel
from sim.machines.machine import Machine
from sim.machines.protocols import PROTOCOLS
from sim.measure.explain import TIMERS, say

SCENARIOS = sorted((Path(__file__).parents[2] / "scenarios").glob("*.toml"))
ACTORS: list[tuple[str, type[Machine]]] = [
    ("path", PathRules),
    ("tunnel", Tunnel),
    ("provider", Provider),
    *(("protocol", protocol) for protocol in PROTOCOLS.values()),
]


@pytest.mark.parametrize(("actor", "machine"), ACTORS)
def test_whatever_moves_a_machine_has_words(actor: str, machine: type[Machine]) -> None:
    timers = {name for row in machine.transitions for name in re.findall(r"Due\((.*)\)", row.event)}
    assert timers
    assert not {name for name in timers if (actor, name) not in TIMERS}


@pytest.mark.parametrize("file", SCENARIOS, ids=lambda file: str(file.stem))
def test_every_record_of_a_scenario_can_be_said(file: Path) -> None:
    for policy in (None, *sim.load(file).policies):
        for record in sim.simulate(sim.load(file, policy)).timeline:
            words = say(record)
            assert not words or (words[0].isupper() and words.endswith("."))


def test_what_closed_a_window_is_said_in_the_words_of_its_record() -> None:
    closed = 0
    for policy in ("wireguard", "ikev2", "on-demand", None):
        run = sim.simulate(sim.load(SCENARIOS[0].with_name("server-blackhole.toml"), policy))
        for window in sim.leak_windows(run):
            if window.closer is not None and window.end < run.scenario.duration:
                closed += 1
                steps = [say(record) for record in run.timeline.chain(window.closer)]
                assert sim.explain(run, window).closed_by.endswith(next(words for words in steps if words))
    assert closed
