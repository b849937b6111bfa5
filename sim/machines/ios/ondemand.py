"""On-demand rules: what the system does by itself on the network it is on.

The first rule whose stated matches all hold decides. Follows Apple's device-management schema,
``com.apple.vpn.managed``, OnDemandRules.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Annotated, Literal, NamedTuple

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
    required_dns: tuple[str, ...] = ()
    """RequiredDNSServers: where the network's resolvers are others, these names need the tunnel."""
    required_probe: str = ""
    """RequiredURLStringProbe: where it does not answer, these names need the tunnel."""


class OnDemandRule(Model):
    """One on-demand rule."""

    action: Annotated[RuleAction, Field(strict=False)]
    interface: Literal["any", "wifi", "cellular", "ethernet"] = "any"
    ssid: tuple[Name, ...] = ()
    dns_domain: tuple[str, ...] = ()
    """DNSDomainMatch, with `*` as a wildcard."""
    dns_server: tuple[str, ...] = ()
    """DNSServerAddressMatch, with `*` as a wildcard: "17.*"."""
    probe: bool | str = False
    """A URLStringProbe must succeed. True: of a page on the internet, which fails behind a captive portal. A text: of
    an address that answers only in networks that list it in `reaches`."""
    evaluate: tuple[DomainRule, ...] = ()


class Network(NamedTuple):
    """What a network says and offers, as far as rules ask for it."""

    ssid: str | None = None
    """What it calls itself, which need not be true."""
    dns_domain: str = ""
    dns_servers: tuple[str, ...] = ()
    reaches: tuple[str, ...] = ()
    """Addresses that answer a probe only here."""


def probe(rule: OnDemandRule, path: PathNoticed, network: Network) -> bool:
    """Whether the rule's probe, if it has one, is answered here and now."""
    if rule.probe is False:
        return True
    return not path.portal and (rule.probe is True or rule.probe in network.reaches)


def matches(
    rule: OnDemandRule, path: PathNoticed, network: Network | None = None, answered: bool | None = None
) -> bool:
    """Whether every match that `rule` states holds on `path`.

    Parameters
    ----------
    network : what the network in use says of itself; None: only its SSID, as the path has it
    answered : what the rule's probe was answered before, if the system remembers that
    """
    network = Network(path.ssid) if network is None else network
    interface = "cellular" if path.cellular else "wifi"
    return (
        rule.interface in ("any", interface)
        and (not rule.ssid or (network.ssid in rule.ssid and not path.cellular))
        and (not rule.dns_domain or any(fnmatchcase(network.dns_domain, pattern) for pattern in rule.dns_domain))
        and (
            not rule.dns_server
            or any(fnmatchcase(server, pattern) for server in network.dns_servers for pattern in rule.dns_server)
        )
        and (probe(rule, path, network) if answered is None else answered)
    )


def evaluate(
    rules: tuple[OnDemandRule, ...],
    path: PathNoticed,
    network: Network | None = None,
    answered: Sequence[bool] | None = None,
) -> RuleAction:
    """The action of the first rule that matches; IGNORE if none does.

    EVALUATE means that names of the rule need the tunnel here; where none does, the answer is IGNORE.
    """
    for i, rule in enumerate(rules):
        if matches(rule, path, network, answered[i] if answered is not None else None):
            if rule.action is RuleAction.EVALUATE and not needed(rule, path, network):
                return RuleAction.IGNORE
            return rule.action
    return RuleAction.IGNORE


def needed(rule: OnDemandRule, path: PathNoticed, network: Network | None = None) -> bool:
    """Whether some names of an EvaluateConnection rule need the tunnel in this network.

    # MODEL: names resolve everywhere, so ConnectIfNeeded starts a tunnel only where a required resolver or probe is
    # missing, not where a look-up fails. Bias: fewer starts than in truth.
    """
    network = Network(path.ssid) if network is None else network
    return any(
        entry.action == "connect-if-needed"
        and (
            not set(entry.required_dns) <= set(network.dns_servers)
            or (entry.required_probe != "" and (path.portal or entry.required_probe not in network.reaches))
        )
        for entry in rule.evaluate
    )


def evaluated(rules: tuple[OnDemandRule, ...], domain: str) -> bool:
    """Whether a connection to this name is one that EvaluateConnection decides about.

    # MODEL: the names of all rules are one list, whichever of them matches just now. Bias: none with one such rule.
    """
    entries = [entry for rule in rules if rule.action is RuleAction.EVALUATE for entry in rule.evaluate]
    hit = {entry.action for entry in entries for suffix in entry.domains if below(domain, suffix.removeprefix("*."))}
    return hit == {"connect-if-needed"}


def below(domain: str, suffix: str) -> bool:
    """Whether a name is this one, or a name below it; no name is below none."""
    return bool(domain) and (domain == suffix or domain.endswith(f".{suffix}"))
