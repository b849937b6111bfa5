"""On-demand rules against networks that say what they are, and such that only say so."""

from __future__ import annotations

from typing import Any

import sim
from sim.engine.simulate import Run
from sim.machines.events import PathNoticed, ProviderLaunched, Rebooted
from sim.machines.ios.behaviour import TunnelLimits
from sim.machines.ios.ondemand import Network, OnDemandRule, RuleAction
from sim.machines.ios.tunnel import Tunnel
from sim.machines.routing import Cause
from sim.measure.leaks import leak_windows
from sim.world.loading import merge, validate


def app(name: str, domain: str, every: str = "20 s") -> dict[str, Any]:
    socket = {
        "domain": domain,
        "transport": "udp-unconnected",
        "lifetime": "1 h",
        "traffic": {"law": "periodic", "every": every, "up": "100 B", "down": "900 B"},
    }
    return {"name": name, "background": "always", "sockets": [socket]}


PHONE: dict[str, Any] = {
    "name": "on demand",
    "duration": "30 min",
    "device": {"behaviour": {"look_ups_at_network_change": 0.0, "gates_new_flows": 0.0}},
    "wifi": [{"ssid": "home"}, {"ssid": "café"}, {"ssid": "rogue", "imitates": "home"}],
    "stays": [{"wifi": "home"}, {"at": "10 min", "wifi": "café"}, {"at": "20 min", "wifi": "rogue"}],
    "apps": [app("mail", "mail.example"), app("wiki", "wiki.corp.example")],
}
AT_HOME_OFF: list[dict[str, Any]] = [{"action": "disconnect", "ssid": ["home"]}, {"action": "connect"}]


def play(rules: list[dict[str, Any]], **tables: Any) -> Run:
    return sim.simulate(validate(merge(PHONE, {"vpn": {"on_demand": rules}, **tables}), "on-demand.toml"))


def launches(run: Run) -> list[int]:
    """Minutes in which the tunnel was started."""
    return [record.at // 60_000_000 for record in run.timeline if isinstance(record.event, ProviderLaunched)]


def exposed_after(run: Run, minute: int) -> float:
    """Seconds of exposure from a minute on."""
    return sum(max(0, w.end - max(w.begin, minute * 60_000_000)) for w in leak_windows(run)) / 1e6


def test_a_spoofed_network_is_trusted_like_the_one_it_imitates() -> None:
    run = play(AT_HOME_OFF)
    assert exposed_after(run, 21) > 530, "all of the time on the rogue network"
    honest = play(AT_HOME_OFF, wifi=[{"ssid": "home"}, {"ssid": "café"}, {"ssid": "rogue"}])
    assert exposed_after(honest, 21) == 0


EVALUATE = [{"action": "evaluate", "evaluate": [{"domains": ["*.corp.example"], "required_dns": ["10.1.1.1"]}]}]


def test_a_connection_is_evaluated_by_its_name() -> None:
    """The office's own resolver is there: nothing to do. Elsewhere the first attempt to the name starts the tunnel."""
    office = [{"ssid": "home", "dns_servers": ["10.1.1.1"]}, {"ssid": "café"}, {"ssid": "rogue"}]
    assert launches(play(EVALUATE, wifi=office)) == [10]
    assert launches(play(EVALUATE)) == [0]
    assert launches(play(EVALUATE, apps=[app("mail", "mail.example")])) == [], "another name starts nothing"
    never = [
        {
            **EVALUATE[0],
            "evaluate": [*EVALUATE[0]["evaluate"], {"domains": ["wiki.corp.example"], "action": "never-connect"}],
        }
    ]
    assert launches(play(never)) == []


def test_a_rule_sees_the_domain_and_the_resolver_of_a_network() -> None:
    rules: list[dict[str, Any]] = [
        {"action": "ignore", "dns_domain": ["*.corp.example"]},
        {"action": "ignore", "dns_server": ["17.*"]},
        {"action": "connect"},
    ]
    networks = [
        {"ssid": "home", "dns_domain": "a.corp.example"},
        {"ssid": "café", "dns_servers": ["17.1.1.1"]},
        {"ssid": "rogue"},
    ]
    assert launches(play(rules, wifi=networks)) == [20]


def test_a_remembered_probe_is_wrong_in_the_next_network() -> None:
    """on-demand-probe-2019: at home the probe was answered, so the café counts as home until the next reboot."""
    rules: list[dict[str, Any]] = [{"action": "disconnect", "probe": "https://at.home"}, {"action": "connect"}]
    networks = [{"ssid": "home", "reaches": ["https://at.home"]}, {"ssid": "café"}, {"ssid": "rogue"}]
    assert launches(play(rules, wifi=networks)) == [10]
    assert launches(play(rules, wifi=networks, limits={"probe_cached": True})) == []


def test_a_reboot_forgets_the_probe() -> None:
    (rule,) = (OnDemandRule(action=RuleAction.DISCONNECT, probe="https://at.home"),)
    networks = {"home": Network("home", reaches=("https://at.home",))}
    tunnel = Tunnel(
        limits=TunnelLimits(probe_cached=True), rules=(rule, OnDemandRule(action=RuleAction.CONNECT)), networks=networks
    )
    home, cafe = (PathNoticed(usable=True, moved=True, ssid=ssid) for ssid in ("home", "café"))
    state = tunnel.start().state
    for event, remembered, said in (
        (home, (True, True), RuleAction.DISCONNECT),
        (cafe, (True, True), RuleAction.DISCONNECT),
        (Rebooted(), None, None),
        (cafe, (False, True), RuleAction.CONNECT),
    ):
        state = tunnel.step(state, event, 0).state
        assert (state.probes, state.rule) == (remembered, said)


def test_the_gap_of_a_join_is_on_demands() -> None:
    causes = {w.cause for w in leak_windows(play([{"action": "connect"}]))}
    assert Cause.ON_DEMAND_GAP in causes
