"""On-demand rules as a decision table."""

from __future__ import annotations

from typing import Any

import pytest

from sim.machines.events import PathNoticed
from sim.machines.ios.ondemand import DomainRule, OnDemandRule, RuleAction, evaluate, matches

HOME = PathNoticed(usable=True, moved=True, ssid="home")
CAFE = PathNoticed(usable=True, moved=True, ssid="cafe", portal=True)
LTE = PathNoticed(usable=True, moved=True, cellular=True)
BOTH = PathNoticed(usable=True, moved=True, cellular=True, ssid="home")


def rule(action: str = "connect", **fields: Any) -> OnDemandRule:
    return OnDemandRule.model_validate({"action": action, **fields})


@pytest.mark.parametrize(
    ("stated", "on"),
    [
        pytest.param({}, {"home", "cafe", "lte", "both"}, id="no match stated: any network"),
        pytest.param({"interface": "wifi"}, {"home", "cafe"}, id="InterfaceTypeMatch WiFi"),
        pytest.param({"interface": "cellular"}, {"lte", "both"}, id="InterfaceTypeMatch Cellular"),
        pytest.param({"interface": "ethernet"}, set(), id="InterfaceTypeMatch Ethernet"),
        pytest.param({"ssid": ("home",)}, {"home"}, id="SSIDMatch, of the network in use"),
        pytest.param({"ssid": ("cafe", "home")}, {"home", "cafe"}, id="SSIDMatch, any of them"),
        pytest.param({"probe": True}, {"home", "lte", "both"}, id="URLStringProbe fails behind a captive portal"),
        pytest.param({"interface": "cellular", "ssid": ("home",)}, set(), id="all must hold"),
        pytest.param({"dns_domain": ("corp.example",)}, set(), id="DNSDomainMatch: not modelled, never matches"),
        pytest.param({"dns_server": ("17.*",)}, set(), id="DNSServerAddressMatch: not modelled, never matches"),
    ],
)
def test_a_rule_matches(stated: dict[str, Any], on: set[str]) -> None:
    paths = {"home": HOME, "cafe": CAFE, "lte": LTE, "both": BOTH}
    assert {name for name, path in paths.items() if matches(rule(**stated), path)} == on


DISCONNECT_AT_HOME, CONNECT = rule("disconnect", ssid=("home",)), rule()


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
    ],
)  # fmt: skip
def test_the_rules_say(rules: tuple[OnDemandRule, ...], path: PathNoticed, action: RuleAction) -> None:
    assert evaluate(rules, path) is action
