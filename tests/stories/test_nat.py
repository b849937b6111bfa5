"""A NAT that forgets: pushes into a silent tunnel, and what keepalives are for."""

from __future__ import annotations

from typing import Any

import pytest

from sim.base.units import MILLISECOND, SECOND, Instant
from sim.engine.simulate import Run, simulate
from sim.machines.events import TranslationExpired, TranslationMade
from sim.machines.routing import Fate
from tests.generated import Table, scenario

LIFETIME = 60 * SECOND


def app(name: str, starts: str, traffic: Table, **fields: Any) -> Table:
    return {
        "name": name,
        "background": "always",
        "starts": starts,
        "sockets": [{"traffic": traffic, "lifetime": "9 h", **fields}],
    }


def play(*, speaks: str = "301 s", **vpn: Any) -> Run:
    """A push each 100 s, first at 100 s; the phone speaks by itself at 0 s and then rarely."""
    talk = {"law": "constant", "every": speaks, "up": "100 B", "down": "0 B"}
    return simulate(
        scenario(
            {
                "name": "story",
                "duration": "10 min",
                "vpn_on": True,
                "vpn": vpn,
                "cellular": {"rtt": "50 ms", "loss": 0.0, "nat_udp": "60 s"},
                "servers": [{"name": "server", "extra_rtt": "0 s"}],
                "apps": [
                    app("talker", "0 s", talk),
                    app("pushed", "0 s", {"law": "push", "every": "100 s", "poisson": False}),
                ],
            }
        )
    )


def pushes(run: Run) -> list[tuple[Instant, Fate, Instant]]:
    """Each push: when, its fate, and when it was settled. [s]"""
    nature, ledger = run.world.nature, run.ledger
    kinds = nature.kind[nature.flow]
    return [
        (int(ledger.at[row]) // SECOND, Fate(ledger.fate[row]), int(ledger.settled[row]) // SECOND)
        for row in range(len(ledger.at))
        if nature.kinds[kinds[row]].pushed
    ]


def test_a_push_into_a_silent_tunnel_waits_until_the_phone_speaks() -> None:
    """At 100 and 200 s the phone has been silent for more than a minute, and nobody waits longer than TCP does (153 s)."""
    assert pushes(play()) == [
        (100, Fate.STALLED, 253),
        (200, Fate.TUNNELLED, 301),
        (300, Fate.TUNNELLED, 301),
        (400, Fate.STALLED, 553),
        (500, Fate.WAITING, 600),
    ]


@pytest.mark.parametrize(("keepalive", "arrives"), [("25 s", True), ("59 s", True), ("70 s", False)])
def test_a_keepalive_that_is_shorter_than_the_nat_remembers_holds_the_way_open(keepalive: str, arrives: bool) -> None:
    found = pushes(play(wireguard={"persistent_keepalive": keepalive}))
    at_once = [fate is Fate.TUNNELLED and settled == at for at, fate, settled in found]
    assert all(at_once) == arrives


@pytest.mark.parametrize(
    ("protocol", "quiet"), [("openvpn", {"ping": "0 s", "ping_restart": "0 s"}), ("lightway", {"tracer": "1 h"})]
)
def test_over_tcp_a_mapping_lives_for_an_hour(protocol: str, quiet: Table) -> None:
    udp: Table = {"protocol": protocol, protocol: quiet}
    assert any(fate is not Fate.TUNNELLED for _, fate, _ in pushes(play(**udp)))
    run = play(**{**udp, protocol: {"transport": "tcp", **quiet}})
    assert all(fate is Fate.TUNNELLED and settled == at for at, fate, settled in pushes(run))


def test_only_pushes_that_would_be_lost_are_events() -> None:
    """The mapping expires and is made again all day; the phone that is never pushed to does not notice."""
    quiet = play()
    events = [(r.at // SECOND, type(r.event)) for r in quiet.timeline if r.actor == "network"]
    assert events == [(100, TranslationExpired), (301, TranslationMade), (400, TranslationExpired)]
    alone = simulate(quiet.scenario.model_copy(update={"apps": quiet.scenario.apps[:1]}))
    assert not [r for r in alone.timeline if r.actor == "network"]


def test_a_new_address_is_unknown_until_the_phone_has_spoken_from_it() -> None:
    table: Table = {
        "name": "roams",
        "duration": "3 min",
        "vpn_on": True,
        "vpn": {"client": {"stops_engine_offline": False}},
        "path": {"handover_gap": "100 ms", "notice_delay": "700 ms"},
        "wifi": [{"ssid": "home", "nat_udp": "3 min"}],
        "cellular": {"nat_udp": "3 min", "loss": 0.0},
        "stays": [{"wifi": "home"}, {"at": "60 s", "leaving": "clean"}],
        "apps": [
            app("talker", "0 s", {"law": "constant", "every": "90 s", "up": "100 B"}),
            app("pushed", "0 s", {"law": "push", "every": "333 ms", "poisson": False}),
        ],
    }
    run = simulate(scenario(table))
    hello = next(c.at for c in run.control if c.at > 60 * SECOND)
    assert hello == 60_800 * MILLISECOND  # when the client hears of the new path
    ledger, network = run.ledger, [r for r in run.timeline if r.actor == "network"]
    assert [type(r.event) for r in network] == [TranslationExpired, TranslationMade]
    (row,) = [i for i in range(len(ledger.at)) if ledger.at[i] == network[0].at]
    assert 60_100 * MILLISECOND < ledger.at[row] < hello == ledger.settled[row] == network[1].at
