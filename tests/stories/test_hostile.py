"""Networks that are not what they seem, helpers that a list misses, pages that ask for addresses."""

from __future__ import annotations

from typing import Any

import pytest

from sim.engine.simulate import Run, simulate
from sim.machines.routing import Cause, Fate
from sim.measure.leaks import leak_windows
from sim.measure.summary import summarise
from sim.world.loading import ScenarioError, merge, validate

HALVES = ["0.0.0.0/1", "128.0.0.0/1", "::/0"]
BASE: dict[str, Any] = {
    "name": "café",
    "duration": "30 min",
    "device": {"behaviour": {"look_ups_at_network_change": 0.0}},
    "vpn_on": True,
    "vpn": {"protocol": "wireguard", "wireguard": {"persistent_keepalive": "25 s"}},
    "wifi": [{"ssid": "home"}, {"ssid": "rogue"}],
    "stays": [{"wifi": "home"}, {"at": "2 min", "wifi": "rogue", "leaving": "clean"}],
    "apps": [
        {
            "name": "browser",
            "background": "always",
            "sockets": [
                {
                    "count": 40,
                    "opens": "on-demand",
                    "transport": "udp-unconnected",
                    "lifetime": "20 s",
                    "traffic": {"law": "poisson", "every": "5 s", "up": "500 B", "down": "2 kB"},
                }
            ],
        }
    ],
}


def rogue(**wifi: Any) -> dict[str, Any]:
    return merge(BASE, {"wifi": [{"ssid": "home"}, {"ssid": "rogue", **wifi}]})


def play(tree: dict[str, Any], seed: int = 1, **vpn: Any) -> Run:
    return simulate(validate(merge(tree, {"vpn": vpn}), "café.toml"), seed)


def leaked(run: Run) -> int:
    return run.ledger.bytes_by_fate()[Fate.LEAKED]


def causes(run: Run) -> set[Cause]:
    return {window.cause for window in leak_windows(run) if len(window.rows)}


LOCAL_NET, OPTION_121 = rogue(local_network="0.0.0.0/1"), rogue(dhcp_routes=["0.0.0.0/1", "128.0.0.0/1"])


def test_an_ordinary_network_diverts_nothing() -> None:
    assert leaked(play(rogue(local_network="192.168.0.0/16"))) == 0


def test_a_subnet_that_is_half_of_the_internet_takes_half_of_the_traffic() -> None:
    run = play(LOCAL_NET)
    there = int(run.ledger.size[run.ledger.at > 130_000_000].sum())
    assert causes(run) == {Cause.LOCAL_NET}
    assert 0.4 < leaked(run) / there < 0.65  # (128 - 1) / 223 of the addresses lie in it


def test_pushed_routes_take_everything_while_the_status_stays_connected() -> None:
    run = play(OPTION_121)
    assert causes(run) == {Cause.DHCP_ROUTE}
    assert all(s.situation.connected for s in run.standings)
    assert run.ledger.fate[run.ledger.at > 140_000_000].tolist().count(Fate.TUNNELLED) == 0


@pytest.mark.parametrize("network", [LOCAL_NET, OPTION_121])
def test_enforced_routes_help_only_if_they_are_not_the_default_route(network: dict[str, Any]) -> None:
    assert leaked(play(network, enforce_routes=True, routes=HALVES)) == 0
    assert leaked(play(network, enforce_routes=True)) > 0
    assert leaked(play(network, routes=HALVES)) > 0


def test_sealing_helps_unless_local_networks_are_left_out() -> None:
    assert leaked(play(LOCAL_NET, include_all_networks=True, exclude_local_networks=False)) == 0
    assert leaked(play(LOCAL_NET, include_all_networks=True, exclude_local_networks=True)) > 0
    assert leaked(play(OPTION_121, include_all_networks=True, exclude_local_networks=True)) == 0


def test_always_on_takes_local_networks_in() -> None:
    assert leaked(play(LOCAL_NET, protocol="ikev2", always_on={})) == 0


def test_a_forged_answer_needs_a_name_to_answer_to() -> None:
    network = merge(
        rogue(spoofs_server=["0.0.0.0/1"]), {"stays": [{"wifi": "rogue"}, {"at": "20 min", "wifi": "home"}]}
    )
    there: dict[str, Any] = network | {"vpn_on": False, "timeline": [{"at": "1 min", "do": "vpn_on"}]}
    start = {Cause.TUNNEL_GAP}
    assert causes(play(there, endpoint="name")) == start | {Cause.LOCAL_NET}
    assert causes(play(there, endpoint="address")) == start
    assert causes(play(merge(there, {"device": {"encrypted_dns": True}}), endpoint="name")) == start
    assert leaked(play(there, endpoint="name", include_all_networks=True)) == 0
    assert leaked(play(network, endpoint="name")) == 0, "the tunnel was up before: nothing was looked up there"


def test_more_specific_routes_of_the_tunnel_win_by_themselves() -> None:
    eighths = [f"{32 * i}.0.0.0/3" for i in range(8)]
    assert leaked(play(LOCAL_NET, routes=eighths)) == 0


def test_android_ignores_pushed_routes() -> None:
    assert leaked(play(merge(OPTION_121, {"device": {"behaviour": {"profile": "android-block"}}}))) == 0


def test_a_firewall_turns_diversion_into_denial_of_just_these_destinations() -> None:
    pushed = rogue(dhcp_routes=["0.0.0.0/1"])
    run, open_ = play(merge(pushed, {"device": {"behaviour": {"drops_diverted": True}}})), play(pushed)
    assert leaked(run) == 0
    assert run.ledger.bytes_by_fate()[Fate.BLOCKED] == leaked(open_) > 0


def test_behind_a_router_with_a_vpn_nothing_is_exposed() -> None:
    service = {**BASE["apps"][0], "name": "maps", "kind": "system"}
    service["sockets"] = [{**service["sockets"][0], "destination": "apple"}]
    printer = {**service, "name": "printing", "sockets": [{**service["sockets"][0], "destination": "airprint"}]}
    tree: dict[str, Any] = {
        "vpn_on": False,
        "timeline": [{"at": "3 min", "do": "vpn_on"}, {"at": "4 min", "do": "leak_check"}],
    }
    tree |= {
        "stays": [{"wifi": "rogue"}],
        "apps": [*BASE["apps"], service, printer],
        "vpn": {"include_all_networks": False},
    }
    run = play(merge(rogue(router_vpn=True), tree))
    document = summarise(run).as_dict()
    assert leak_windows(run) == []
    assert document["fates"]["BEYOND"] > 0
    assert set(document["bypassed"]["by_reason"]) == {"local"}, (
        "what stays in the local network never reaches the router's tunnel"
    )
    off = play(merge(rogue(router_vpn=True), tree | {"timeline": [{"at": "4 min", "do": "leak_check"}]}))
    assert summarise(off).as_dict()["leak_checks"][0]["said"] == "all fine"


HELPER: dict[str, Any] = merge(
    BASE,
    {
        "stays": [{"wifi": "home"}],
        "apps": [*BASE["apps"], {**BASE["apps"][0], "name": "helper", "acts_for": "browser"}],
    },
)


def test_a_helper_that_is_not_listed_is_outside_whatever_the_protocol() -> None:
    for protocol in ("wireguard", "ikev2", "openvpn"):
        run = play(HELPER, per_app=["browser"], protocol=protocol)
        of_helper = [run.world.nature.kind_of[f].owner == "helper" for f in run.ledger.flow.tolist()]
        assert causes(run) == {Cause.PER_APP_MISS}
        assert leaked(run) == int(run.ledger.size[of_helper].sum())
    assert leaked(play(HELPER, per_app=["browser", "helper"])) == 0


def test_a_wrong_suffix_exposes_just_that_domain() -> None:
    app = BASE["apps"][0]
    sockets = [{**app["sockets"][0], "name": name, "domain": f"{name}.example"} for name in ("work", "wiki")]
    tree = merge(BASE, {"stays": [{"wifi": "home"}], "apps": [{**app, "sockets": sockets}]})
    run = play(tree, per_app=["browser"], per_app_domains=["work.example"])
    names = {run.world.nature.kind_of[run.ledger.flow[row]].sockets.domain for w in leak_windows(run) for row in w.rows}
    assert names == {"wiki.example"}


def gathered(**tree: Any) -> list[int]:
    options: dict[str, Any] = {name: tree.pop(name) for name in ("all_interfaces", "mdns") if name in tree}
    deed = {"at": "10 min", "do": "gather_candidates", **options}
    changes: dict[str, Any] = {"stays": [{"wifi": "home"}], "timeline": [deed], **tree}
    run = play(merge(BASE, changes))
    return [entry["addresses"] for entry in summarise(run).as_dict()["disclosures"]]


def test_a_page_learns_an_address_only_where_a_way_outside_is_open() -> None:
    assert gathered() == [0]
    assert gathered(all_interfaces=True) == [2]  # Wi-Fi's and cellular's
    assert gathered(vpn={"include_all_networks": True}, all_interfaces=True) == [0]
    assert gathered(vpn={"routes": ["0.0.0.0/0"]}) == [1]  # IPv6's
    assert gathered(vpn={"routes": ["0.0.0.0/0"]}, wifi=[{"ssid": "home", "ipv6": False}]) == [0]  # there is none
    assert gathered(vpn={"routes": ["0.0.0.0/0"]}, mdns=False) == [1]  # which is local and public at once
    assert gathered(all_interfaces=True, mdns=False) == [4]  # and the local ones behind both
    assert gathered(mdns=False) == [0]


def test_another_vpn_disables_this_one_rules_and_all() -> None:
    on_demand: dict[str, Any] = {"on_demand": [{"action": "connect"}], "include_all_networks": True}
    tree = merge(BASE, {"stays": [{"wifi": "home"}], "timeline": [{"at": "10 min", "do": "enable_other_vpn"}]})
    run = play(tree, **on_demand)
    assert run.ledger.fate[run.ledger.at > 640_000_000].tolist().count(Fate.LEAKED) > 100
    assert causes(run) == {Cause.NO_ENFORCER}


def test_android_lets_look_ups_out_while_the_tunnel_is_set_up_anew_and_nothing_else() -> None:
    """mullvad-android-dns-2024: also where it blocks what is not in the VPN."""
    app: dict[str, Any] = {
        **BASE["apps"][0],
        "sockets": [{**BASE["apps"][0]["sockets"][0], "domain": "example.org", "dns_ttl": "1 s"}],
    }
    rotations = [{"at": f"{minute} min", "do": "rotate_key"} for minute in range(1, 29)]
    tree: dict[str, Any] = {
        "stays": [{"wifi": "home"}],
        "apps": [app],
        "timeline": rotations,
        "vpn": {"include_all_networks": True},
    }
    slow: dict[str, Any] = {"client": {"reasserts": False, "apply": "3 s"}}
    android = play(merge(BASE, tree | {"device": {"behaviour": {"profile": "android-block"}}}), **slow)
    assert leaked(play(merge(BASE, tree), **slow)) == 0
    assert causes(android) == {Cause.DNS}
    document = summarise(android).as_dict()
    assert set(document["exposure"]["by_kind"]) == {"c"}
    assert document["blocked"]["bytes"] > 0


def test_android_lets_connectivity_checks_out_at_every_join() -> None:
    walks = [{"at": f"{2 * i} min", "wifi": ("home", "rogue")[i % 2], "leaving": "clean"} for i in range(1, 6)]
    tree = merge(BASE, {"device": {"behaviour": {"profile": "android-block"}}, "stays": [{"wifi": "home"}, *walks]})
    run = play(tree, include_all_networks=True)
    assert leaked(run) == 0
    (network,) = summarise(run).as_dict()["bypassed"]["by_reason"].items()
    assert network[0] == "network"
    assert network[1] | {"seconds": 0} == {
        "mechanism": "L02",
        "seconds": 0,
        "flows": 18,
        "bytes": 6 * 3 * 255,
        "packets": 36,
    }


def test_a_network_has_no_more_routes_than_dhcp_has_room_for() -> None:
    with pytest.raises(ScenarioError, match="dhcp_routes"):
        play(rogue(dhcp_routes=[f"{n}.0.0.0/8" for n in range(1, 66)]))
