"""Which way a flow goes, a line a row: what traffic does in each state, and what bypasses the tunnel."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.machines.events import Interface
from sim.machines.routing import (
    ASPECTS,
    Binding,
    Cause,
    Diversion,
    Fate,
    Intended,
    Reason,
    Situation,
    Traits,
    Verdict,
    Way,
    fresh,
    holds_address,
    kept,
)

APP = Traits(
    intended=Intended.PROTECT,
    covered=True,
    covered_v6=True,
    family="v4",
    uncovered=None,
    exempt=False,
    connected=True,
    scope=None,
    prefers_cellular=False,
    gated=False,
    link=False,
)
GATED = APP._replace(gated=True)
SYSTEM = APP._replace(intended=Intended.SYSTEM, covered=False, covered_v6=False, exempt=True)
DIRECT = SYSTEM._replace(intended=Intended.DIRECT)
LINK = SYSTEM._replace(link=True)
V4_ONLY = APP._replace(family="dual", covered_v6=False)
SPLIT_DNS = APP._replace(covered=False, covered_v6=False, uncovered=Cause.DNS)
PINNED = APP._replace(scope=Interface.CELLULAR)

OFF = Situation(
    intent=False,
    connected=False,
    routes=False,
    utun=0,
    gap=Cause.TUNNEL_GAP,
    holds=False,
    deadlocked=False,
    drops=False,
    forged=0,
    answers=False,
    reached=True,
    seals=False,
    enforces=False,
    default=Interface.WIFI,
    wifi=1,
    cellular=2,
    wifi_works=True,
    cellular_works=True,
    ipv6=True,
    portal=False,
    wifi_slow=False,
)
DOWN = OFF._replace(intent=True)
UP = DOWN._replace(connected=True, routes=True, utun=1, answers=True)
SILENT = UP._replace(answers=False)
HELD = DOWN._replace(holds=True, gap=Cause.ON_DEMAND_GAP)
GAP = SILENT._replace(routes=False)
REASSERTING = SILENT._replace(connected=False)
DEAD = DOWN._replace(gap=Cause.PROVIDER_DEATH)
SEALED = DOWN._replace(seals=True)
OFFLINE = UP._replace(default=None, wifi=0, cellular=0, answers=False)
EN0, PDP, UTUN = Binding(Interface.WIFI, 1), Binding(Interface.CELLULAR, 2), Binding(Interface.UTUN, 1)


CLAIMED = APP._replace(diverted=(Diversion(Cause.LOCAL_NET), None))
DROPPED_THERE = APP._replace(diverted=(Diversion(Cause.DHCP_ROUTE, dropped=True), None))
FORGED = APP._replace(forged=(False, True))


def said(verdict: Verdict) -> tuple[Way, Fate | None, Fate, Cause | None]:
    """The way, the fate of a burst now, its fate in vain, and the cause if it is a leak."""
    return verdict.way, verdict.fate, verdict.otherwise, verdict.cause


INSIDE = (Way.TUNNEL, Fate.TUNNELLED, Fate.TUNNELLED, None)
OPEN = (Way.OUTSIDE, Fate.OPEN, Fate.OPEN, None)
STALE = (Way.TUNNEL, None, Fate.STALLED, None)
DROPPED = (Way.TUNNEL, None, Fate.BLOCKED, None)
REFUSED = (Way.REFUSED, Fate.BLOCKED, Fate.BLOCKED, None)
BY_DESIGN = (Way.OUTSIDE, Fate.BYPASSED, Fate.BYPASSED, None)
LOST = (Way.NOWHERE, None, Fate.STALLED, None)


def leak(cause: Cause) -> tuple[Way, Fate | None, Fate, Cause | None]:
    return Way.OUTSIDE, Fate.LEAKED, Fate.LEAKED, cause


LEGACY = leak(Cause.LEGACY_SOCKET)


@pytest.mark.parametrize(
    ("situation", "new", "inside", "outside"),
    [
        pytest.param(OFF, OPEN, LOST, OPEN, id="VPN off: not intended"),
        pytest.param(DOWN, leak(Cause.TUNNEL_GAP), LOST, LEGACY, id="disconnected, on-demand off"),
        pytest.param(HELD, leak(Cause.ON_DEMAND_GAP), LOST, LEGACY, id="disconnected, on-demand Connect: sometimes outside"),
        pytest.param(SILENT, STALE, STALE, LEGACY, id="routes applied, transport not up"),
        pytest.param(UP, INSIDE, INSIDE, LEGACY, id="connected"),
        pytest.param(GAP, leak(Cause.TUNNEL_GAP), DROPPED, LEGACY, id="settings applied again, reasserting not set"),
        pytest.param(REASSERTING, DROPPED, DROPPED, LEGACY, id="settings applied again, reasserting set"),
        pytest.param(DEAD, leak(Cause.PROVIDER_DEATH), LOST, LEGACY, id="provider crashed"),
        pytest.param(REASSERTING, DROPPED, DROPPED, LEGACY, id="disconnecting"),
        pytest.param(SEALED, REFUSED, LOST, LEGACY, id="includeAllNetworks: every outside is blocked"),
        pytest.param(UP._replace(seals=True), INSIDE, INSIDE, LEGACY, id="includeAllNetworks, connected"),
        pytest.param(
            SEALED._replace(deadlocked=True), REFUSED, REFUSED, REFUSED, id="F6: after an update, no network until reboot"
        ),
    ],
)  # fmt: skip
def test_what_traffic_does_in_each_state(situation: Situation, new: Any, inside: Any, outside: Any) -> None:
    """A new flow, one already inside, and one already outside (which survived whatever happened)."""
    assert said(fresh(APP, situation)) == new
    assert said(kept(APP, UTUN, situation)) == inside
    assert said(kept(APP, EN0, situation)) == outside


@pytest.mark.parametrize(
    ("situation", "held"),
    [
        pytest.param(HELD, (Way.HELD, None, Fate.BLOCKED, None), id="L21a: held until the tunnel is up"),
        pytest.param(DOWN, leak(Cause.TUNNEL_GAP), id="not without on-demand"),
        pytest.param(UP, INSIDE, id="not when it is up"),
    ],
)
def test_on_demand_holds_new_flows(situation: Situation, held: Any) -> None:
    assert said(fresh(GATED, situation)) == held
    assert said(kept(GATED, EN0, situation)) == LEGACY, "flows that are outside already are never gated"


@pytest.mark.parametrize(
    ("traits", "up", "sealed"),
    [
        pytest.param(LINK, BY_DESIGN, BY_DESIGN, id="DHCP, captive probe: F1"),
        pytest.param(SYSTEM, BY_DESIGN, BY_DESIGN, id="APNs with excludeAPNs; carrier services; Watch"),
        pytest.param(DIRECT, BY_DESIGN, BY_DESIGN, id="excludeLocalNetworks; an app that is not listed"),
        pytest.param(APP, INSIDE, INSIDE, id="the same with all exclude* false"),
        pytest.param(V4_ONLY, leak(Cause.IPV6), REFUSED, id="IPv6 without an IPv6 route"),
        pytest.param(SPLIT_DNS, leak(Cause.DNS), REFUSED, id="a name that the tunnel's resolver does not serve"),
        pytest.param(PINNED, leak(Cause.OTHER_RADIO), INSIDE, id="S11: an app that pins cellular"),
    ],
)
def test_what_bypasses_the_tunnel(traits: Traits, up: Any, sealed: Any) -> None:
    """While the tunnel is up, without flags and with includeAllNetworks."""
    assert said(fresh(traits, UP)) == up
    assert said(fresh(traits, UP._replace(seals=True))) == sealed


def test_enforce_routes_overrides_a_pinned_interface() -> None:
    """A-ENF: included routes are scoped to the VPN, over app interface scoping."""
    assert said(fresh(PINNED, UP._replace(enforces=True))) == INSIDE


@pytest.mark.parametrize(
    ("traits", "situation", "binding"),
    [
        pytest.param(APP, DOWN, EN0, id="the default path"),
        pytest.param(APP, DOWN._replace(default=Interface.CELLULAR), PDP, id="cellular, when that is the default"),
        pytest.param(SYSTEM._replace(prefers_cellular=True), UP, PDP, id="S9: push prefers cellular"),
        pytest.param(SYSTEM._replace(prefers_cellular=True), UP._replace(cellular=0), EN0, id="S9: while there is one"),
        pytest.param(PINNED, UP._replace(cellular=0), None, id="a pinned socket has no other way"),
        pytest.param(
            LINK, OFFLINE._replace(wifi=3), Binding(Interface.WIFI, 3), id="link control before any path is up"
        ),
        pytest.param(APP, OFFLINE._replace(intent=False, routes=False), None, id="no network"),
        pytest.param(APP, UP, UTUN, id="the tunnel"),
    ],
)
def test_where_a_new_socket_is_bound(traits: Traits, situation: Situation, binding: Binding | None) -> None:
    assert fresh(traits, situation).binding == binding


@pytest.mark.parametrize(
    ("traits", "situation", "cause"),
    [
        pytest.param(APP, DOWN._replace(portal=True), Cause.CAPTIVE_PORTAL, id="L09 before the sign-in"),
        pytest.param(APP, DOWN._replace(gap=Cause.SERVER_DEAD), Cause.SERVER_DEAD, id="L04"),
        pytest.param(APP, DOWN._replace(gap=Cause.SLEEP), Cause.SLEEP, id="L15"),
        pytest.param(APP, DOWN._replace(gap=Cause.NO_ENFORCER), Cause.NO_ENFORCER, id="L12"),
        pytest.param(V4_ONLY, UP._replace(ipv6=False), None, id="no IPv6 here: inside"),
        pytest.param(SPLIT_DNS, DOWN, Cause.DNS, id="L05 whatever the tunnel does"),
        pytest.param(
            APP._replace(falls_back=True), SILENT, Cause.DNS, id="N-: an unanswered look-up asks the network's resolver"
        ),
    ],
)  # fmt: skip
def test_each_leak_has_one_name(traits: Traits, situation: Situation, cause: Cause | None) -> None:
    assert fresh(traits, situation).cause is cause


BEYOND = (Way.OUTSIDE, Fate.BEYOND, Fate.BEYOND, None)


@pytest.mark.parametrize(
    ("traits", "situation", "new"),
    [
        pytest.param(CLAIMED, UP, INSIDE, id="an ordinary network claims nothing"),
        pytest.param(CLAIMED, UP._replace(diversion=1), leak(Cause.LOCAL_NET), id="L07 the network's subnet is more specific"),
        pytest.param(CLAIMED, UP._replace(diversion=2), INSIDE, id="L07 another network, another subnet"),
        pytest.param(DROPPED_THERE, UP._replace(diversion=1), REFUSED, id="L08-3 a firewall makes it a denial"),
        pytest.param(CLAIMED._replace(family="v6"), UP._replace(diversion=1), INSIDE, id="IPv4 routes do not concern IPv6"),
        pytest.param(FORGED, UP._replace(forged=2), leak(Cause.LOCAL_NET), id="L07 it is taken for the server"),
        pytest.param(FORGED, UP._replace(forged=1), INSIDE, id="L07 not by this network's answer"),
        pytest.param(APP, DOWN._replace(drops=True), REFUSED, id="L12 the app's kill switch is engaged"),
        pytest.param(PINNED, DOWN._replace(drops=True), leak(Cause.TUNNEL_GAP), id="L12 which catches no pinned socket"),
        pytest.param(APP, DOWN._replace(beyond=True), BEYOND, id="R: the router's tunnel carries what leaves"),
        pytest.param(SYSTEM, UP._replace(beyond=True), BEYOND, id="R: and the platform's own traffic"),
        pytest.param(APP, OFF._replace(beyond=True), BEYOND, id="R: whether or not the phone's VPN is on"),
        pytest.param(LINK._replace(reason=Reason.NETWORK), UP._replace(beyond=True), BY_DESIGN, id="R: but not DHCP"),
        pytest.param(PINNED, DOWN._replace(beyond=True), leak(Cause.TUNNEL_GAP), id="R: nor what leaves on cellular"),
    ],
)  # fmt: skip
def test_networks_that_are_not_what_they_seem(traits: Traits, situation: Situation, new: Any) -> None:
    assert said(fresh(traits, situation)) == new


@pytest.mark.parametrize(
    ("family", "situation", "new"),
    [
        pytest.param("dual", UP, INSIDE, id="L06-2 it falls back to IPv4, inside"),
        pytest.param("v6", UP, REFUSED, id="L06-2 it has nothing to fall back to"),
        pytest.param("v4", UP, INSIDE, id="L06-2 IPv4 does not notice"),
        pytest.param("v6", DOWN, leak(Cause.TUNNEL_GAP), id="L03 without routes nothing is taken in"),
        pytest.param("v6", DOWN._replace(seals=True), REFUSED, id="sealed"),
    ],
)
def test_a_tunnel_that_takes_ipv6_in_and_drops_it(family: str, situation: Situation, new: Any) -> None:
    assert said(fresh(APP._replace(family=family, drops_v6=True), situation)) == new


def test_a_live_socket_stays_in_the_tunnel_when_the_network_claims_its_destination() -> None:
    """XNU: the source address decides, not the route to the destination."""
    assert said(kept(CLAIMED, UTUN, UP._replace(diversion=1))) == INSIDE


def test_a_dead_interface_exposes_and_delivers_nothing() -> None:
    """The way outside is open (exposure), though nothing leaves just now (no observed leak)."""
    verdict = fresh(APP, DOWN._replace(wifi_works=False))
    assert verdict.exposed
    assert (verdict.fate, verdict.otherwise) == (None, Fate.STALLED)


def test_each_interface_works_or_does_not_by_itself() -> None:
    broken = DOWN._replace(default=Interface.CELLULAR, cellular_works=False)
    assert [broken.works(interface) for interface in (Interface.WIFI, Interface.CELLULAR, None)] == [True, False, False]
    assert fresh(APP, broken._replace(wifi=0)).fate is None


def test_a_policy_blocks_by_refusing_holding_or_taking_in_vain() -> None:
    assert fresh(APP, SEALED).blocks
    assert fresh(GATED, HELD).blocks
    assert kept(APP, UTUN, GAP).blocks
    assert not fresh(APP, UP).blocks
    assert not fresh(APP, DOWN).blocks
    assert not fresh(APP, OFFLINE).blocks


def test_offline_is_nobody_s_fault() -> None:
    assert said(fresh(APP, OFFLINE)) == (Way.NOWHERE, None, Fate.OFFLINE, None)
    assert said(kept(APP, EN0, OFFLINE)) == (Way.NOWHERE, None, Fate.OFFLINE, None)


@pytest.mark.parametrize("binding", [EN0, PDP, UTUN])
def test_an_address_is_kept_until_its_number_changes(binding: Binding) -> None:
    assert holds_address(binding, UP)
    assert not holds_address(binding._replace(number=9), UP)


situations = st.builds(
    Situation,
    *(st.booleans() if isinstance(value, bool) else st.integers(0, 2) for value in OFF[:3]),
    utun=st.integers(0, 1),
    gap=st.sampled_from([Cause.TUNNEL_GAP, Cause.SLEEP, Cause.ON_DEMAND_GAP]),
    default=st.sampled_from([None, Interface.WIFI, Interface.CELLULAR]),
    wifi=st.integers(0, 2),
    cellular=st.integers(0, 2),
    diversion=st.integers(0, 2),
    forged=st.integers(0, 2),
    beyond=st.booleans(),
    **{name: st.booleans() for name in ("holds", "deadlocked", "drops", "answers", "seals", "enforces", "wifi_works", "cellular_works", "ipv6", "portal")},
)  # fmt: skip


@given(situations)
def test_verdicts_in_every_situation(situation: Situation) -> None:
    """No leak without intent, without PROTECT, or around a seal (but for a socket that survived it); grounds have names."""
    kinds = (APP, GATED, SYSTEM, DIRECT, LINK, V4_ONLY, SPLIT_DNS, PINNED, CLAIMED, FORGED)
    for traits, binding in product(kinds, (None, EN0, UTUN)):
        verdict = fresh(traits, situation) if binding is None else kept(traits, binding, situation)
        assert set(verdict.grounds) <= set(ASPECTS)
        assert verdict.grounds
        if verdict.fate is Fate.LEAKED:
            assert situation.intent
            assert traits.intended is Intended.PROTECT
            assert verdict.cause is not None
            claimed = traits.diverted and situation.diversion == 1
            assert binding is not None or not situation.seals or claimed or traits is FORGED
            assert not (
                situation.beyond and verdict.binding is not None and verdict.binding.interface is Interface.WIFI
            )
        if verdict.fate is not None:
            assert verdict.otherwise is verdict.fate
