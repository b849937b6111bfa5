"""On-demand rules as a decision table."""

from __future__ import annotations

from typing import Any

import pytest

from sim.machines.events import PathNoticed
from sim.machines.ios.ondemand import DomainRule, Network, OnDemandRule, RuleAction, evaluate, evaluated, matches

HOME = PathNoticed(usable=True, moved=True, ssid="home")
CAFE = PathNoticed(usable=True, moved=True, ssid="cafe", portal=True)
WORK = PathNoticed(usable=True, moved=True, ssid="office")
OFFICE = Network("office", "corp.example", ("17.1.1.1", "17.1.1.2"), ("https://inside",))
LTE = PathNoticed(usable=True, moved=True, cellular=True)
BOTH = PathNoticed(usable=True, moved=True, cellular=True, ssid="home")


def rule(action: str = "connect", **fields: Any) -> OnDemandRule:
    return OnDemandRule.model_validate({"action": action, **fields})


@pytest.mark.parametrize(
    ("stated", "on"),
    [
        pytest.param({}, {"home", "cafe", "office", "lte", "both"}, id="no match stated: any network"),
        pytest.param({"interface": "wifi"}, {"home", "cafe", "office"}, id="InterfaceTypeMatch WiFi"),
        pytest.param({"interface": "cellular"}, {"lte", "both"}, id="InterfaceTypeMatch Cellular"),
        pytest.param({"interface": "ethernet"}, set(), id="InterfaceTypeMatch Ethernet"),
        pytest.param({"ssid": ("home",)}, {"home"}, id="SSIDMatch, of the network in use"),
        pytest.param({"ssid": ("cafe", "home")}, {"home", "cafe"}, id="SSIDMatch, any of them"),
        pytest.param(
            {"probe": True}, {"home", "office", "lte", "both"}, id="URLStringProbe fails behind a captive portal"
        ),
        pytest.param({"interface": "cellular", "ssid": ("home",)}, set(), id="all must hold"),
        pytest.param({"dns_domain": ("corp.example",)}, {"office"}, id="DNSDomainMatch"),
        pytest.param({"dns_domain": ("*.example", "b")}, {"office"}, id="DNSDomainMatch, with a wildcard"),
        pytest.param({"dns_server": ("17.*",)}, {"office"}, id="DNSServerAddressMatch, with a wildcard"),
        pytest.param({"dns_server": ("10.0.0.1",)}, set(), id="DNSServerAddressMatch, none of its resolvers"),
        pytest.param({"probe": "https://inside"}, {"office"}, id="URLStringProbe of what answers only there"),
    ],
)
def test_a_rule_matches(stated: dict[str, Any], on: set[str]) -> None:
    paths = {"home": HOME, "cafe": CAFE, "lte": LTE, "both": BOTH, "office": WORK}
    networks = {"office": OFFICE}
    found = {name for name, path in paths.items() if matches(rule(**stated), path, networks.get(name))}
    assert found == on


def test_a_network_is_what_it_calls_itself() -> None:
    spoofed = PathNoticed(usable=True, moved=True, ssid="rogue")
    at_home = rule(ssid=("home",))
    assert not matches(at_home, spoofed)
    assert matches(at_home, spoofed, Network("home"))


def test_a_remembered_answer_counts_instead_of_a_new_one() -> None:
    assert not matches(rule(probe=True), CAFE)
    assert matches(rule(probe=True), CAFE, answered=True)
    assert evaluate((rule(probe=True), rule("ignore")), HOME, answered=(False, True)) is RuleAction.IGNORE


DISCONNECT_AT_HOME, CONNECT = rule("disconnect", ssid=("home",)), rule()
CORP = ("*.corp.example", "corp.example")
NEEDS = rule("evaluate", evaluate=(DomainRule(domains=CORP, required_dns=("17.1.1.1",)),))
PROBES = rule("evaluate", evaluate=(DomainRule(domains=CORP, required_probe="https://inside"),))


@pytest.mark.parametrize(
    ("rules", "path", "action"),
    [
        pytest.param((), HOME, RuleAction.IGNORE, id="no rules"),
        pytest.param((DISCONNECT_AT_HOME, CONNECT), HOME, RuleAction.DISCONNECT, id="the first that matches decides"),
        pytest.param((DISCONNECT_AT_HOME, CONNECT), LTE, RuleAction.CONNECT, id="or the next"),
        pytest.param((CONNECT, DISCONNECT_AT_HOME), HOME, RuleAction.CONNECT, id="order matters"),
        pytest.param((DISCONNECT_AT_HOME,), LTE, RuleAction.IGNORE, id="none matches"),
        pytest.param((rule("ignore"), CONNECT), LTE, RuleAction.IGNORE, id="Ignore"),
        pytest.param(
            (rule("evaluate", evaluate=(DomainRule(domains=("corp.example",)),)), CONNECT), LTE, RuleAction.IGNORE,
            id="EvaluateConnection: its names resolve without a tunnel",
        ),
        pytest.param((NEEDS, CONNECT), HOME, RuleAction.EVALUATE, id="EvaluateConnection: a required resolver is missing"),
        pytest.param((NEEDS, CONNECT), WORK, RuleAction.IGNORE, id="EvaluateConnection: it is there"),
        pytest.param((PROBES, CONNECT), HOME, RuleAction.EVALUATE, id="EvaluateConnection: a required probe fails"),
        pytest.param((PROBES, CONNECT), WORK, RuleAction.IGNORE, id="EvaluateConnection: it is answered"),
    ],
)  # fmt: skip
def test_the_rules_say(rules: tuple[OnDemandRule, ...], path: PathNoticed, action: RuleAction) -> None:
    assert evaluate(rules, path, OFFICE if path is WORK else None) is action


@pytest.mark.parametrize(
    ("domain", "decided"),
    [
        ("corp.example", True),
        ("a.corp.example", True),
        ("notcorp.example", False),
        ("", False),
        ("b.corp.example", False),
    ],
)
def test_the_names_that_a_connection_is_evaluated_for(domain: str, decided: bool) -> None:
    never = DomainRule(domains=("b.corp.example",), action="never-connect")
    rules = (rule("evaluate", evaluate=(DomainRule(domains=CORP), never)), rule("connect"))
    assert evaluated(rules, domain) is decided
