"""Pairs of runs: the same day twice, a shorter one, one with something added that matters to nobody, one with a stricter policy."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

from sim.base.units import MINUTE, SECOND
from sim.engine.simulate import Run, simulate
from sim.machines.events import MemoryPressed
from sim.machines.routing import Fate
from sim.measure.summary import summarise
from sim.world.loading import load
from sim.world.world import build
from tests.generated import Dice, Table, day, scenario, table

DAYS = range(40)
SCENARIOS = Path(__file__).parents[2] / "scenarios"


@cache
def written(number: int) -> str:
    """A generated day as a file would say it."""
    return json.dumps(table(Dice(Random(number).randint)))


def changed(number: int, **tables: Any) -> Table:
    """That day with some tables replaced."""
    found: Table = json.loads(written(number)) | tables
    return found


@cache
def played(number: int) -> Run:
    """The run of a generated day."""
    return simulate(day(number))


def rows(run: Run) -> list[tuple[Any, ...]]:
    """What became of each burst."""
    ledger = run.ledger
    columns = (ledger.at, ledger.flow, ledger.up, ledger.down, ledger.fate, ledger.settled)
    return list(zip(*(column.tolist() for column in columns), strict=True))


def assert_same(a: Run, b: Run) -> None:
    """Equal in everything that happened."""
    assert a.timeline.rows == b.timeline.rows
    assert a.control == b.control
    assert a.standings == b.standings
    assert a.loners == b.loners
    assert a.checks == b.checks
    assert rows(a) == rows(b)


# The same again -------------------------------------------------------------------------------------------------------


def fingerprint(numbers: range) -> str:
    """Timelines, messages and summaries of generated days, to the byte."""
    digest = hashlib.sha256()
    for number in numbers:
        run = simulate(day(number))
        digest.update(repr(run.timeline.rows).encode())
        digest.update(repr(run.control).encode())
        digest.update(json.dumps(summarise(run).as_dict()).encode())
    return digest.hexdigest()


def test_the_same_seed_gives_the_same_bytes() -> None:
    assert fingerprint(range(12)) == fingerprint(range(12))


@pytest.mark.parametrize("hash_seed", ["1", "77"])
def test_so_does_another_process_with_another_hash_seed(hash_seed: str) -> None:
    command = "from tests.properties.test_twins import fingerprint; print(fingerprint(range(8)))"
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": os.pathsep.join(sys.path)}
    found = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True, env=environment, check=True)
    assert found.stdout.strip() == fingerprint(range(8))


def test_another_policy_meets_the_same_nature() -> None:
    for number in DAYS:
        plain = scenario(changed(number, vpn={"protocol": "wireguard", "server": "one"}))
        sealed = scenario(changed(number, vpn={"protocol": "openvpn", "server": "one", "include_all_networks": True}))
        a, b = build(plain, plain.seed).nature, build(sealed, sealed.seed).nature
        assert a.script == b.script
        for column in ("opens", "closes", "kind", "luck", "at", "flow", "up", "down"):
            assert np.array_equal(getattr(a, column), getattr(b, column)), column


# Indifference ---------------------------------------------------------------------------------------------------------

NEVER_STARTED = {
    "name": "unused",
    "starts": None,
    "sockets": [{"domain": "unused.example", "traffic": {"law": "poisson", "every": "1 s"}}],
}


@pytest.mark.parametrize(
    "added",
    [
        pytest.param({"apps": [NEVER_STARTED]}, id="an app that is never started"),
        pytest.param({"wifi": [{"ssid": "unused", "rtt": "3 ms"}]}, id="a Wi-Fi where nobody goes"),
        pytest.param({"servers": [{"name": "unused", "loss": 0.5}]}, id="a server that nobody chooses"),
    ],
)
def test_what_is_not_used_changes_nothing_else(added: Table) -> None:
    for number in DAYS:
        if "servers" in added and played(number).world.monitor:
            continue  # a client with a monitor goes through all servers, so it may choose this one
        before = json.loads(written(number))
        more = {key: [*before[key], *entries] for key, entries in added.items()}
        assert_same(simulate(scenario(before | more)), played(number))


def test_a_policy_that_is_not_chosen_changes_nothing() -> None:
    for number in DAYS:
        named = changed(number, policies={"sealed": {"vpn": {"include_all_networks": True}}})
        assert_same(simulate(scenario(named)), played(number))


# Prefix ---------------------------------------------------------------------------------------------------------------


def assert_prefix(short: Run, long: Run) -> None:
    """A shorter day is the beginning of a longer one."""
    end = short.scenario.duration
    assert short.timeline.rows == [row for row in long.timeline.rows if row[0] < end]
    assert short.control == [message for message in long.control if message.at < end]
    assert short.standings == [standing for standing in long.standings if standing.begin < end]
    assert short.checks == [check for check in long.checks if check[0] < end]
    loners = {flow: [span for span in spans if span.begin < end] for flow, spans in long.loners.items()}
    numbers = _flows(short, long)
    assert short.loners == {numbers[flow]: spans for flow, spans in loners.items() if spans}
    known = [(at, numbers[flow], *rest) for at, flow, *rest in rows(long) if at < end]
    settled = [row if row[5] < end else (*row[:4], int(Fate.WAITING), end) for row in known]
    assert sorted(rows(short)) == sorted(settled)


def _flows(short: Run, long: Run) -> dict[int, int]:
    """Numbers of the long day's flows in the short one, which has fewer: the k-th of each slot is the k-th."""

    def named(run: Run) -> dict[int, tuple[Any, ...]]:
        nature, count = run.world.nature, dict[tuple[Any, ...], int]()
        names = {}
        for flow in range(len(nature.opens)):
            kind = nature.kinds[nature.kind[flow]]
            key = (kind.label, kind.sockets.domain, kind.look_ups, *nature.luck[flow].tolist())
            names[flow] = (*key, count.setdefault(key, 0))
            count[key] += 1
        return names

    there = {name: flow for flow, name in named(short).items()}
    return {flow: there[name] for flow, name in named(long).items() if name in there}


@pytest.mark.parametrize("first", range(0, 40, 10))
def test_a_shorter_day_is_the_beginning_of_a_longer_one(first: int) -> None:
    """Premise: nobody is about to do something then, for a sleeping phone is woken ten seconds before."""
    for number in range(first, first + 10):
        long, deeds = played(number), json.loads(written(number))["timeline"]
        instants = [int(deed["at"].split()[0]) for deed in deeds]
        end = Random(number).randint(MINUTE, long.scenario.duration)
        end = max([end, *(at + SECOND for at in instants if end <= at < end + 10 * SECOND)])
        kept = [deed for deed, at in zip(deeds, instants, strict=True) if at < end]
        short = simulate(scenario(changed(number, timeline=kept, duration=f"{end} us")))
        assert_prefix(short, long)


@pytest.mark.parametrize("eighths", range(1, 8))
@pytest.mark.parametrize("name", ["commute", "jetsam-streaming", "overnight-sleep", "wifi-to-lte-walk"])
def test_so_is_a_part_of_a_shipped_scenario(name: str, eighths: int) -> None:
    whole = load(SCENARIOS / f"{name}.toml")
    end = whole.duration * eighths // 8 + 37 * SECOND + 12_345
    instants = [whole.instant(deed.at) for deed in whole.timeline]
    if end >= whole.duration or any(end <= at < end + 10 * SECOND for at in instants):
        pytest.skip("nothing left, or somebody is about to do something")
    kept = tuple(deed for deed, at in zip(whole.timeline, instants, strict=True) if at < end)
    assert_prefix(simulate(whole.model_copy(update={"duration": end, "timeline": kept})), simulate(whole))


@pytest.mark.parametrize("seconds", [20, 40])
def test_a_day_that_ends_within_a_heavy_minute_has_no_other_memory(seconds: int) -> None:
    """A minute's load is known when it is over, so nothing within it may depend on what is still to come."""
    whole = load(SCENARIOS / "jetsam-streaming.toml")
    script = build(whole, 0).script
    pressed = [at for at, event in script if isinstance(event, MemoryPressed)]
    assert pressed
    for at in pressed:
        end = at - MINUTE + seconds * SECOND
        shorter = build(whole.model_copy(update={"duration": end}), 0).script
        kept = [line for line in script if line[0] < end]
        assert [line for line in shorter if isinstance(line[1], MemoryPressed)] == [
            line for line in kept if isinstance(line[1], MemoryPressed)
        ]


# Stricter, longer -----------------------------------------------------------------------------------------------------


def leaked(run: Run) -> int:
    return run.ledger.bytes_by_fate()[Fate.LEAKED]


def test_a_seal_that_old_sockets_cannot_survive_leaks_nothing() -> None:
    """Premises: a policy ends every socket that does not match it, no network may claim addresses as local, and no other VPN is enabled
    in its place. Then sealed leaks 0, which is never more than plain."""
    closes = {"sealing_closes_legacy": 1.0}
    for number in DAYS:
        before = json.loads(written(number))
        device = {**before.get("device", {}), "behaviour": closes}
        sealed = {**before["vpn"], "include_all_networks": True, "exclude_local_networks": False}
        sealed.pop("always_on", None)
        deeds = [deed for deed in before["timeline"] if deed["do"] != "enable_other_vpn"]
        assert leaked(simulate(scenario(before | {"vpn": sealed, "device": device, "timeline": deeds}))) == 0


def test_sealing_leaks_no_more_in_the_mean() -> None:
    """Without that premise the policy feeds back into sockets and timing, so means are compared, on the same sixty days."""
    plain = sealed = 0
    for number in range(60):
        before = json.loads(written(number))
        vpn = {**before["vpn"], "include_all_networks": False}
        vpn.pop("always_on", None)
        plain += leaked(simulate(scenario(before | {"vpn": vpn})))
        sealed += leaked(simulate(scenario(before | {"vpn": {**vpn, "include_all_networks": True}})))
    assert sealed < plain


def keepalives(number: int, interval: str, vpn_off: bool = False) -> int:
    """How many keepalives WireGuard sends on a day on which no packet is lost and the network stays."""
    calm = {
        "vpn": {"protocol": "wireguard", "server": "one", "wireguard": {"persistent_keepalive": interval}},
        "vpn_on": True,
        "timeline": [],
        "stays": [{"wifi": "home"}],
        "wifi": [{"ssid": "home", "loss": 0.0}],
        "servers": [{"name": "one", "loss": 0.0}],
    }
    run = simulate(scenario(changed(number, **calm)))
    return sum(message.name == "keepalive" for message in run.control)


def test_a_longer_persistent_interval_sends_no_more_keepalives() -> None:
    """Premise: a calm path. A handshake confirms itself with a keepalive, so each interval counts those, too."""
    for number in range(15):
        counts = [keepalives(number, interval) for interval in ("20 s", "25 s", "61 s", "200 s", "0 s")]
        assert counts == sorted(counts, reverse=True), (number, counts)
