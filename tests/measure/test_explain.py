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
from sim.measure.explain import TIMERS, Explanation, say, seen
from sim.measure.words import WORDS, words_in

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


# As a teacher would ---------------------------------------------------------------------------------------------------


def explained(name: str, policy: str | None) -> list[Explanation]:
    run = sim.simulate(sim.load(SCENARIOS[0].parent / f"{name}.toml", policy))
    return [sim.explain(run, window) for window in sim.leak_windows(run)]


def test_a_socket_of_a_gap_is_told_with_the_instant_at_which_there_was_a_network_again() -> None:
    gap, old = explained("lessons/06-train", "openvpn")
    title, lines = old.chains[0]
    assert title == "What was there before"
    assert {line.at for line in lines} <= set(range(gap.window.begin, gap.window.end + 1))
    assert all("opens a socket over cellular" in line.text for line in lines)
    assert old.remedies[0][0].startswith("Whatever closes the gap")
    assert "Turn the VPN on before opening apps" not in dict(old.remedies)


def test_a_socket_from_before_is_told_with_its_opening() -> None:
    _, old = explained("lessons/01-outlives", None)
    assert [line.at for line in old.chains[0][1]] == [60_000_000]
    assert "Turn the VPN on before opening apps" in dict(old.remedies)


@pytest.mark.parametrize("name", ["01-outlives", "07-split-dns", "10-kill-switch"])
def test_who_saw_what_is_a_sentence_for_each_kind(name: str) -> None:
    for explanation in explained(f"lessons/{name}", None):
        assert seen(explanation.window).count(".") == len(explanation.window.kinds) > 0


@pytest.mark.parametrize("file", SCENARIOS[::5], ids=lambda file: str(file.stem))
def test_no_name_of_a_message_or_a_reason_stands_in_a_sentence(file: Path) -> None:
    """A learner does not know them."""
    for policy in (None, *sim.load(file).policies):
        for record in sim.simulate(sim.load(file, policy)).timeline:
            assert not re.search(r"[A-Z]{2,}_[A-Z]|[a-z][A-Z]\w+\)|IKE_", say(record)), say(record)


def test_words_come_in_the_order_of_the_text_and_once() -> None:
    found = words_in("The provider closes its sockets; a socket keeps its route. Seal the device.")
    assert [word.anchor for word in found] == ["provider", "socket", "route", "includeallnetworks"]


def test_each_word_is_one_entry_with_a_place_of_its_own() -> None:
    assert len({word.anchor for word in WORDS}) == len(WORDS)
    assert all(re.fullmatch(r"[\w-]+", word.anchor) and word.meaning.endswith(".") for word in WORDS)
