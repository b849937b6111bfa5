"""Names that are looked up: by whom, of which resolver, how often, and who sees it."""

from __future__ import annotations

from typing import Any

import pytest

import sim
from sim.engine.simulate import Run
from sim.machines.routing import Cause
from sim.measure.leaks import leak_windows
from sim.world.loading import merge, validate

PHONE: dict[str, Any] = {
    "name": "look-ups",
    "duration": "20 min",
    "vpn_on": True,
    "device": {"behaviour": {"look_ups_at_network_change": 0.0, "split_dns_fallback": 0.0}},
    "wifi": [{"ssid": "home"}],
    "stays": [{"wifi": "home"}],
    "apps": [
        {
            "name": "app",
            "background": "always",
            "sockets": [
                {
                    "domain": "example.org",
                    "dns_ttl": "1 min",
                    "opens": "on-demand",
                    "lifetime": "10 s",
                    "transport": "quic",
                    "traffic": {"law": "periodic", "every": "20 s", "up": "100 B", "down": "900 B"},
                }
            ],
        }
    ],
}


def play(vpn: dict[str, Any], socket: dict[str, Any], **tables: Any) -> Run:
    app = {**PHONE["apps"][0], "sockets": [{**PHONE["apps"][0]["sockets"][0], **socket}]}
    return sim.simulate(validate(merge(PHONE, {"vpn": vpn, "apps": [app], **tables}), "look-ups.toml"))


def kinds(run: Run) -> dict[str, int]:
    """Flows that each kind of disclosure concerns."""
    return {kind: part["flows"] for kind, part in sim.summarise(run).as_dict()["exposure"]["by_kind"].items()}


SPLIT: dict[str, Any] = {"dns": {"match_domains": ["corp.example"]}}
OWN: dict[str, Any] = {"doh": True, "doh_address": "9.9.9.9"}


def test_a_cache_asks_once_a_lifetime() -> None:
    for ttl, asked in (("1 min", 20), ("5 min", 4), ("1 h", 1)):
        found = sim.summarise(play(SPLIT, {"dns_ttl": ttl})).as_dict()["look_ups"]
        assert found == {"asked": asked, "leaked": asked, "queries_leaked": asked}


@pytest.mark.parametrize(
    ("vpn", "socket", "seen"),
    [
        pytest.param({}, {}, {}, id="match-all: nothing"),
        pytest.param(SPLIT, {}, {"c": 20}, id="split: names, and the payload is inside"),
        pytest.param(SPLIT, {"domain": "a.corp.example"}, {}, id="split: not those in the list"),
        pytest.param(SPLIT, OWN, {}, id="the app's own resolver, through the tunnel"),
        pytest.param(
            SPLIT | {"excluded_routes": ["9.9.9.0/24"]}, OWN, {"a": 20}, id="its route is outside: its address"
        ),
    ],
)
def test_who_sees_what(vpn: dict[str, Any], socket: dict[str, Any], seen: dict[str, int]) -> None:
    run = play(vpn, socket)
    assert kinds(run) == seen
    assert {window.cause for window in leak_windows(run)} == ({Cause.DNS} if seen else set())


@pytest.mark.parametrize(("wifi", "hole", "repeats"), [("home", 4, 2), ("home", 2, 1), (None, 4, 1), ("home", 0.5, 0)])
def test_a_look_up_that_waits_is_repeated(wifi: str | None, hole: float, repeats: int) -> None:
    """mDNSResponder: after 1 s and 2 s more; on cellular not before 2 s."""
    outage = {"do": "outage", "at": "5 min", "lasts": f"{hole} s", "interface": "wifi" if wifi else "cellular"}
    stays = {"stays": [{"wifi": wifi}]}
    traffic = {"traffic": {"law": "periodic", "every": "20 s", "up": "100 B"}}
    found = sim.summarise(play(SPLIT, traffic, timeline=[outage], **stays)).as_dict()["look_ups"]
    assert found["queries_leaked"] == found["leaked"] + repeats


def test_new_sockets_of_services_go_outside_where_an_account_says_so() -> None:
    account = {"device": {"behaviour": {"profile": "new-sockets-outside", "system_bypass": 1.0}}}
    service = {**PHONE["apps"][0], "name": "service", "kind": "system"}
    both = {**account, "apps": [*PHONE["apps"], service]}
    run = sim.simulate(validate(merge(PHONE, both), "x.toml"))
    assert {window.cause for window in leak_windows(run)} == {Cause.SYSTEM_SOCKET}
    assert sim.summarise(run).as_dict()["exposure"]["by_owner"]["app"]["flows"] == 0
    sealed = sim.simulate(validate(merge(PHONE, {**both, "vpn": {"include_all_networks": True}}), "x.toml"))
    assert leak_windows(sealed) == []
