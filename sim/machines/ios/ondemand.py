"""On-demand rules: what the system does by itself on the network it is on.

The first rule whose stated matches all hold decides. Follows Apple's device-management schema,
``com.apple.vpn.managed``, OnDemandRules. Left out: DNSDomainMatch and DNSServerAddressMatch see a network's own
resolver, which the model does not name, so a rule with such a match never matches here.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from sim.base.citing import Model
from sim.machines.events import PathNoticed


class RuleAction(StrEnum):
    """On-demand actions, as Apple's schema names them (Allow is deprecated)."""

    CONNECT = "connect"
    """Start on the next network attempt."""
    DISCONNECT = "disconnect"
    """Tear down, and do not start while this matches."""
    IGNORE = "ignore"
    """Leave a running tunnel alone, start none."""
    EVALUATE = "evaluate"
    """Decide for each connection by its domain."""


Name = Annotated[str, Field(min_length=1, max_length=80)]


class DomainRule(Model):
    """One entry of EvaluateConnection's ActionParameters."""

    domains: tuple[str, ...]
    action: Literal["connect-if-needed", "never-connect"] = "connect-if-needed"


class OnDemandRule(Model):
    """One on-demand rule."""

    action: Annotated[RuleAction, Field(strict=False)]
    interface: Literal["any", "wifi", "cellular", "ethernet"] = "any"
    ssid: tuple[Name, ...] = ()
    dns_domain: tuple[str, ...] = ()
    dns_server: tuple[str, ...] = ()
    probe: bool = False
    """A URLStringProbe must succeed: it fails behind a captive portal."""
    evaluate: tuple[DomainRule, ...] = ()


def matches(rule: OnDemandRule, path: PathNoticed) -> bool:
    """Whether every match that `rule` states holds on `path`."""
    interface = "cellular" if path.cellular else "wifi"
    return (
        rule.interface in ("any", interface)
        and (not rule.ssid or (path.ssid in rule.ssid and not path.cellular))
        and not rule.dns_domain
        and not rule.dns_server
        and not (rule.probe and path.portal)
    )


def evaluate(rules: tuple[OnDemandRule, ...], path: PathNoticed) -> RuleAction:
    """The action of the first rule that matches; IGNORE if none does."""
    for rule in rules:
        if matches(rule, path):
            # MODEL: EvaluateConnection's domains are not asked one by one; ConnectIfNeeded starts a tunnel only when
            # a name does not resolve, which the model's names always do: it is taken as IGNORE. Bias: fewer starts
            # than in truth.
            return RuleAction.IGNORE if rule.action is RuleAction.EVALUATE else rule.action
    return RuleAction.IGNORE
