"""What one can do about a leak, each as a change of a scenario: flags, rules, the client, the protocol, habits.

A mitigation reads a scenario and says which keys it would set there; nothing, where it does not apply because it is set
already or because it means nothing. Two of one `kind` exclude each other. None of them touches what the apps want to
say, so all of them meet the same day.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from sim.base.units import MINUTE, SECOND, Instant, write_duration
from sim.machines.ios.implementations import BY_PROTOCOL
from sim.machines.ios.ondemand import OnDemandRule, RuleAction
from sim.machines.protocols import PROTOCOLS
from sim.measure.summary import ALWAYS_ON_COST, SEALING_COST
from sim.study.arms import Setting
from sim.world.classes import covers
from sim.world.loading import put, validate
from sim.world.scenario import Scenario

Change = list[Setting]
AFTER_CONNECTING = MINUTE
"""When airplane mode is switched on, after the VPN."""
SHORT, LONG = 10 * SECOND, 5 * MINUTE
"""How long airplane mode stays on: as people do it, and longer than a kernel keeps a socket without an address."""
EVERYWHERE = OnDemandRule(action=RuleAction.CONNECT)
HALVES = ("0.0.0.0/1", "128.0.0.0/1", "::/1", "8000::/1")
"""Everything, in routes that are more specific than the default one."""


class Mitigation(NamedTuple):
    """One thing that can be done."""

    name: str
    price: str
    """What it takes away, or does not do."""
    kinds: tuple[str, ...]
    """Two mitigations that share one of these exclude each other."""
    change: Callable[[Scenario], Change]
    """The keys that it sets; none where it does not apply."""
    managed: bool = False
    """Whether it takes a phone that an organisation supervises."""


def changed(scenario: Scenario, settings: Iterable[Setting]) -> Scenario:
    """The scenario with some keys replaced."""
    tree = json.loads(scenario.model_dump_json(exclude={"policies", "expect"}))
    for key, value in settings:
        put(tree, key, value, scenario.name)
    found = validate(tree, scenario.name)
    return found.model_copy(update={"recording": scenario.recording}) if scenario.recording else found


# Flags ----------------------------------------------------------------------------------------------------------------


def _seal(s: Scenario) -> Change:
    free = not (s.vpn.include_all_networks or s.vpn.always_on or s.vpn.per_app)
    return [("vpn.include_all_networks", True)] if free else []


def _seal_all(s: Scenario) -> Change:
    if s.vpn.always_on or s.vpn.per_app:
        return []
    flags = ("exclude_local_networks", "exclude_cellular_services", "exclude_apns", "exclude_device_communication")
    wanted = [("vpn.include_all_networks", True), *((f"vpn.{flag}", False) for flag in flags)]
    return [(key, value) for key, value in wanted if getattr(s.vpn, key.partition(".")[2]) != value]


def _enforce(s: Scenario) -> Change:
    if s.vpn.include_all_networks or s.vpn.always_on or s.vpn.per_app:
        return []
    v4, v6 = covers(s.vpn)
    halves = [route for route in HALVES if (v6 if ":" in route else v4)]
    kept = [route for route in s.vpn.routes if route not in ("0.0.0.0/0", "::/0", *halves)]
    routes = [*halves, *kept]
    change: Change = [] if s.vpn.enforce_routes else [("vpn.enforce_routes", True)]
    return change if set(routes) == set(s.vpn.routes) else [*change, ("vpn.routes", routes)]


def _always_on(s: Scenario) -> Change:
    if s.vpn.always_on:
        return []
    change: Change = [*_any_client(s), ("vpn.always_on", {})]
    change += [("vpn.protocol", "ikev2")] if s.vpn.protocol != "ikev2" else []
    change += [("vpn.on_demand", [])] if s.vpn.on_demand else []
    change += [("vpn.per_app", [])] if s.vpn.per_app else []
    return [*change, ("vpn.include_all_networks", False)] if s.vpn.include_all_networks else change


def _stay_in_sleep(s: Scenario) -> Change:
    return [("vpn.disconnect_on_sleep", False)] if s.vpn.disconnect_on_sleep else []


# Rules ----------------------------------------------------------------------------------------------------------------


def _on_demand(s: Scenario) -> Change:
    if s.vpn.always_on or s.vpn.on_demand[:1] == (EVERYWHERE,):
        return []
    return [("vpn.on_demand", [{"action": "connect"}])]


def _lock(s: Scenario) -> Change:
    switched = any(a.do in ("vpn_off", "enable_other_vpn") for a in s.timeline)
    apt = switched and s.vpn.on_demand and not s.vpn.on_demand_override_disabled
    return [("vpn.on_demand_override_disabled", True)] if apt else []


# Protocol and client --------------------------------------------------------------------------------------------------


def _protocol(name: str) -> Callable[[Scenario], Change]:
    def change(s: Scenario) -> Change:
        if s.vpn.always_on or s.vpn.protocol == name:
            return []
        return [*_any_client(s), ("vpn.protocol", name)]

    return change


def _any_client(s: Scenario) -> Change:
    """A named client speaks one protocol: another protocol is another client."""
    return [("vpn.client", {})] if s.vpn.client.implementation != BY_PROTOCOL else []


def _routes_first(s: Scenario) -> bool:
    return bool(getattr(s.vpn, s.vpn.protocol).routes_before_handshake)


def _keep_routes(s: Scenario) -> Change:
    kept = {"kept": True, "removed": False, "by-protocol": _routes_first(s)}[s.vpn.client.routes_while_reconnecting]
    return [] if kept or s.vpn.always_on else [("vpn.client.routes_while_reconnecting", "kept")]


def _reassert(s: Scenario) -> Change:
    return [] if s.vpn.client.reasserts or s.vpn.always_on else [("vpn.client.reasserts", True)]


def _app_switch(s: Scenario) -> Change:
    own = s.vpn.client.kill_switch == "none" and s.vpn.protocol != "ikev2"
    return [("vpn.client.kill_switch", "app")] if own else []


def _keepalive(s: Scenario) -> Change:
    quiet = s.vpn.protocol == "wireguard" and not s.vpn.wireguard.persistent_keepalive
    return [("vpn.wireguard.persistent_keepalive", "25 s")] if quiet else []


def _no_keepalive(s: Scenario) -> Change:
    talks = s.vpn.protocol == "wireguard" and s.vpn.wireguard.persistent_keepalive
    return [("vpn.wireguard.persistent_keepalive", "0 s")] if talks else []


def _lean(s: Scenario) -> Change:
    heavy = s.vpn.protocol != "ikev2" and s.vpn.client.footprint > 8 << 20
    return [("vpn.client.footprint", "8 MiB")] if heavy else []


def _keys_at_boot(s: Scenario) -> Change:
    apt = s.vpn.client.needs_unlock and not s.vpn.always_on and any(a.do == "reboot" for a in s.timeline)
    return [("vpn.client.needs_unlock", False)] if apt else []


def _update_later(s: Scenario) -> Change:
    left = [a for a in s.timeline if a.do != "update_vpn_app"]
    return _timeline(s, left) if len(left) < len(s.timeline) else []


# What goes in ---------------------------------------------------------------------------------------------------------


def _take_ipv6(s: Scenario) -> Change:
    v4, v6 = covers(s.vpn)
    return [("vpn.routes", [*s.vpn.routes, "::/0"])] if v4 and not v6 else []


def _resolve_inside(s: Scenario) -> Change:
    dns = s.vpn.dns
    if "" in dns.match_domains and dns.servers:
        return []
    servers: Change = [] if dns.servers else [("vpn.dns.servers", ["10.64.0.1"])]
    return [*servers, ("vpn.dns.match_domains", [""])]


def _encrypt_dns(s: Scenario) -> Change:
    return [] if s.device.encrypted_dns else [("device.encrypted_dns", True)]


def _server_by_address(s: Scenario) -> Change:
    return [("vpn.endpoint", "address")] if s.vpn.endpoint == "name" else []


def _list_helpers(s: Scenario) -> Change:
    helpers = [a.name for a in s.apps if a.acts_for in s.vpn.per_app and a.name not in s.vpn.per_app]
    lists: Change = [("vpn.per_app_domains", [])] if s.vpn.per_app and s.vpn.per_app_domains else []
    return [*lists, ("vpn.per_app", [*s.vpn.per_app, *helpers])] if helpers else lists


def _whole_device(s: Scenario) -> Change:
    return [("vpn.per_app", [])] if s.vpn.per_app else []


# Habits ---------------------------------------------------------------------------------------------------------------


def _switched_on(s: Scenario) -> list[Instant]:
    return [at for at, action in s.deeds_in_time() if action.do == "vpn_on"]


def _timeline(s: Scenario, actions: Iterable[Any]) -> Change:
    return [("timeline", [json.loads(a.model_dump_json(exclude_defaults=True)) for a in actions])]


def _connect_first(s: Scenario) -> Change:
    """Before the first app is opened; or, where apps are open from the beginning, before that."""
    if s.vpn_on or not _switched_on(s) or s.vpn.always_on:
        return []
    opened = [s.instant(a.starts) for a in s.apps if a.kind == "app" and a.starts is not None and not a.visits]
    first = min(opened, default=0) - 20 * SECOND
    if _switched_on(s)[0] <= max(first, 0):
        return []
    left = [a for a in s.timeline if a.do != "vpn_on"]
    if first < 0:
        return [("vpn_on", True), *_timeline(s, left)]
    (key, others), *_ = _timeline(s, left)
    return [(key, [{"at": write_duration(first), "do": "vpn_on"}, *others])]


def _airplane(length: Instant) -> Callable[[Scenario], Change]:
    def change(s: Scenario) -> Change:
        toggles = [
            deed
            for at in _switched_on(s)
            if at + AFTER_CONNECTING + length < s.duration
            for deed in (
                {"at": write_duration(at + AFTER_CONNECTING), "do": "airplane_on", "keep_wifi": False},
                {"at": write_duration(at + AFTER_CONNECTING + length), "do": "airplane_off"},
            )
        ]
        if not toggles or any(a.do == "airplane_on" for a in s.timeline):
            return []
        (key, others), *_ = _timeline(s, s.timeline)
        return [(key, [*others, *toggles])]

    return change


def _cellular_instead(s: Scenario) -> Change:
    """Of a Wi-Fi that claims addresses, or shows a sign-in page."""
    risky = any(w.routes_of_its_own or w.portal for w in s.wifi) and any(stay.cellular for stay in s.stays)
    if not risky or any(a.do in ("wifi_on", "wifi_off") for a in s.timeline):
        return []
    (key, others), *_ = _timeline(s, s.timeline)
    return [(key, [{"at": "0 s", "do": "wifi_off"}, *others])]


TITLES = {name: machine.__name__ for name, machine in PROTOCOLS.items()}
TITLES |= {"ikev2": "IKEv2, the system's own client"}
_CLIENT = ("client routes", "client", "keepalive", "footprint", "keys")
_BLOCKS = "while the tunnel is down nothing works; takes away "
MITIGATIONS = (
    Mitigation("Connect before opening apps", "the system's own sockets are open before", ("connect",), _connect_first),
    Mitigation(
        "Airplane toggle of 10 s", "a minute after connecting; no network meanwhile; Wi-Fi must go off", ("toggle",),
        _airplane(SHORT),
    ),
    Mitigation(
        "Airplane toggle of 5 min", "a minute after connecting; no network meanwhile", ("toggle",), _airplane(LONG)
    ),
    Mitigation("Cellular instead of this Wi-Fi", "cellular data, and its battery", ("wifi",), _cellular_instead),
    Mitigation("Update the VPN app later", "until somebody does it", ("update",), _update_later),
    Mitigation("Seal (includeAllNetworks)", _BLOCKS + ", ".join(SEALING_COST), ("flags",), _seal),
    Mitigation(
        "Seal, without exclusions", _BLOCKS + "the above, the printer, local networks", ("flags",), _seal_all
    ),
    Mitigation(
        "enforceRoutes, routes in halves", "does not block while the tunnel is down", ("flags", "ipv6"), _enforce
    ),
    Mitigation(
        "Always-On (supervised, IKEv2)", f"a managed phone; takes away {', '.join(ALWAYS_ON_COST)}",
        ("flags", "protocol", "on-demand", "lock", "per-app", "connect", *_CLIENT), _always_on, managed=True,
    ),
    Mitigation("disconnectOnSleep off", "a little battery", ("sleep",), _stay_in_sleep),
    Mitigation("On-demand: connect everywhere", "waits at sign-in pages", ("on-demand",), _on_demand),
    Mitigation("On-demand locked by management", "a managed phone", ("lock",), _lock, managed=True),
    *(
        Mitigation(title, "another server or contract", ("protocol", *_CLIENT[:1]), _protocol(name))
        for name, title in TITLES.items()
    ),
    Mitigation("A client that keeps its routes", "gaps block", _CLIENT[:1], _keep_routes),
    Mitigation("A client that reasserts", "updates block for a moment", ("reasserts",), _reassert),
    Mitigation("The VPN app's kill switch", "engages late, ends with the app", ("app switch",), _app_switch),
    Mitigation("Keepalive each 25 s", "battery", ("keepalive",), _keepalive),
    Mitigation("No keepalive", "dead ways are noticed later", ("keepalive",), _no_keepalive),
    Mitigation("A leaner VPN engine", "another client", ("footprint",), _lean),
    Mitigation("Keys readable before unlocking", "keys are less well kept", ("keys",), _keys_at_boot),
    Mitigation("IPv6 into the tunnel", "none", ("ipv6",), _take_ipv6),
    Mitigation("Names to the tunnel's resolver", "local names are not found", ("dns",), _resolve_inside),
    Mitigation("Encrypted DNS", "hides names, not the resolver", ("encrypted dns",), _encrypt_dns),
    Mitigation("The server by its address", "it must not move", ("endpoint",), _server_by_address),
    Mitigation("List the helpers, too", "lists grow old", ("per-app",), _list_helpers),
    Mitigation("VPN for the whole device", "private traffic, too", ("per-app",), _whole_device),
)  # fmt: skip
"""All of them, in the order in which a set is put together."""


def applicable(scenario: Scenario) -> list[Mitigation]:
    """Those that would change something here."""
    return [m for m in MITIGATIONS if m.change(scenario)]


class Together(NamedTuple):
    """A scenario under several mitigations."""

    scenario: Scenario
    settings: Change
    """The keys that make it from the scenario as it stands, a later one over an earlier one."""


def together(scenario: Scenario, chosen: Iterable[Mitigation]) -> Together | None:
    """The scenario under several of them at once; None if one has nothing left to do beside the others."""
    found, settings = scenario, dict[str, Any]()
    for mitigation in chosen:
        change = mitigation.change(found)
        if not change:
            return None
        found = changed(found, change)
        settings |= dict(change)
    return Together(found, list(settings.items()))
