"""How the platform treats sockets, where sources conflict or nobody measured: named behaviour profiles.

The evidence on what iOS does with sockets contradicts itself. So each such question is a number with a range, and each
published account is a profile: a name for the values that make the model behave as that account says.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, model_validator

from sim.base.citing import ASSUMED, MEASURED, REPORTED, SPECIFIED, Cited, Parameters
from sim.base.laws import DurationLaw, lognormal, triangular
from sim.base.units import MILLISECOND, DurationField, Share, minutes, seconds

PROFILES: dict[str, dict[str, Any]] = {
    "default": {},
    "proton-2020": {"legacy_survival": 1.0, "closes_on_path_loss": 0.98, "airplane_drops_wifi": True},
    "horowitz-2022": {"airplane_drops_wifi": False, "sealing_closes_legacy": 0.0, "apple_bypass_share": 0.8},
    "new-sockets-outside": {"system_bypass": 0.5},
    "host-routes": {"legacy_survival": 0.0},
    "sealing-closes": {"sealing_closes_legacy": 1.0},
    "sealing-covers-apple": {"apple_bypass_share_sealed": 0.0},
    "on-demand-holds": {"gates_new_flows": 1.0},
    "on-demand-leaks": {"gates_new_flows": 0.0},
    "android-block": {
        "legacy_survival": 0.0,
        "sealing_closes_legacy": 1.0,
        "apple_bypass_share": 0.0,
        "apple_bypass_share_sealed": 0.0,
        "ignores_dhcp_routes": True,
        "look_ups_leak_in_updates": True,
        "checks_at_join": 3,
        "sealing_stops_hotspot": False,
    },
}
"""Profile → the values it sets. Each is described in docs/background/profiles.md."""


class Behaviour(Parameters):
    """What this device's iOS does with sockets, services and names."""

    profile: Annotated[
        str, Cited("judgement", "a name of PROFILES", ASSUMED, "default", "any", "values stated beside it override it")
    ] = "default"
    legacy_survival: Annotated[
        Share, Cited("proton-2020", "sockets opened before the VPN stay outside", MEASURED, "0.9", "1")
    ] = 1.0
    sealing_closes_legacy: Annotated[
        Share, Cited("xnu", "necp.c: a policy ends sockets that do not match it", ASSUMED, "0.7", "1")
    ] = 0.95
    enforce_routes_closes_legacy: Annotated[Share, Cited("xnu", "necp.c, as above", ASSUMED, "0.2", "1")] = 0.7
    closes_on_path_loss: Annotated[
        Share, Cited("proton-2020", "airplane mode is almost as effective", ASSUMED, "0.4", "0.98", starred=True)
    ] = 0.8
    rebinds_on_path_loss: Annotated[
        Share, Cited("judgement", "QUIC and UDP apps normally rebind", ASSUMED, "0.8", "1")
    ] = 0.95
    reasserting_closes_tunnel_sockets: Annotated[
        Share, Cited("mullvad-app", "WireGuardGoTunnelImplementation.swift, commit d1899ba64b", REPORTED, "0.8", "1")
    ] = 1.0
    airplane_drops_wifi: Annotated[
        bool,
        Cited(
            "horowitz-2022", "on an iPad that remembers it, Wi-Fi stays on in airplane mode", MEASURED, "false", "true"
        ),
    ] = True
    system_bypass: Annotated[
        Share,
        Cited(
            "horowitz-2022",
            "services open new sockets outside while the status says Connected; the mechanism is unknown",
            ASSUMED,
            "0",
            "0.5",
        ),
    ] = 0.0
    apple_bypass_share: Annotated[
        Share,
        Cited(
            "mysk-2022",
            "share of Apple's services outside; no rate was published",
            ASSUMED,
            "0.05",
            "0.8",
            starred=True,
        ),
    ] = 0.3
    apple_bypass_share_sealed: Annotated[
        Share, Cited("ivpn-360", "with includeAllNetworks on iOS 16 and later", ASSUMED, "0", "0.5", starred=True)
    ] = 0.1
    apple_exempt_since: Annotated[
        str,
        Field(pattern=r"^\d{1,2}(\.\d{1,2}){0,2}$"),
        Cited("ivpn-360", "iOS 16; in 2021 the flag had taken Apple's traffic in, ivpn-146", REPORTED, "14.0", "99"),
    ] = "16.0"
    sealing_stops_hotspot: Annotated[
        bool,
        Cited(
            "mullvad-force-all-2026",
            "personal hotspot is among what stops; Android exempts its guests",
            REPORTED,
            "false",
            "true",
        ),
    ] = True
    apns_prefers_cellular: Annotated[
        Share, Cited("cisco-apns", "push prefers cellular while there is one", REPORTED, "0.5", "1")
    ] = 0.9
    gates_new_flows: Annotated[
        Share,
        Cited("pia-364", "on-demand holds new flows; netbird-157 saw them leak", ASSUMED, "0.3", "1", starred=True),
    ] = 0.8
    split_dns_fallback: Annotated[
        Share, Cited("judgement", "a failed query in a split tunnel asks the system's resolver too", ASSUMED, "0", "1")
    ] = 0.3
    look_ups_at_network_change: Annotated[
        float,
        Field(ge=0, le=50),
        Cited(
            "judgement",
            "mean queries before the resolver order is updated; OCSP look-ups were seen",
            ASSUMED,
            "0",
            "20",
        ),
    ] = 2.0
    app_gives_up_after_suspension: Annotated[
        DurationLaw, Cited("apple-tn2277", "sockets of suspended apps may be reclaimed", ASSUMED, "5 s", "900 s")
    ] = lognormal(seconds(60), 1.0, minutes(15))
    background_time: Annotated[
        DurationField, Cited("apple-forum-85066", "about 30 s since iOS 13", REPORTED, "5 s", "30 s")
    ] = seconds(30)
    ignores_dhcp_routes: Annotated[
        bool,
        Cited("tunnelvision-2024", "iOS takes routes of DHCP option 121, Android does not", REPORTED, "false", "true"),
    ] = False
    drops_diverted: Annotated[
        bool,
        Cited(
            "tunnelvision-2024",
            "a firewall on the device drops what a pushed route would lead out; no iOS client has one",
            REPORTED,
            "false",
            "true",
        ),
    ] = False
    look_ups_leak_in_updates: Annotated[
        bool,
        Cited(
            "mullvad-android-dns-2024",
            "Android: look-ups leak while the tunnel is set up anew, also under its block setting",
            REPORTED,
            "false",
            "true",
        ),
    ] = False
    checks_at_join: Annotated[
        int,
        Field(ge=0, le=20),
        Cited(
            "mullvad-audit-2022",
            "connectivity checks at each Wi-Fi join: look-up, HTTP, NTP on Android; iOS's single probe is not counted",
            REPORTED,
            "0",
            "5",
        ),
    ] = 0
    happy_eyeballs_delay: Annotated[
        DurationField, Cited("rfc8305", "§5, Connection Attempt Delay: 250 ms recommended", SPECIFIED)
    ] = 250 * MILLISECOND
    dns_first_retry: Annotated[
        DurationField, Field(gt=0), Cited("mdnsresponder", "uDNS.h: not below 1 s", SPECIFIED)
    ] = seconds(1)
    dns_first_retry_cellular: Annotated[
        DurationField, Field(gt=0), Cited("mdnsresponder", "uDNS.h: on cellular not before 2 s", SPECIFIED)
    ] = seconds(2)
    dns_backoff: Annotated[
        float, Field(ge=1, le=10), Cited("mdnsresponder", "uDNS.h: each interval is twice the last", SPECIFIED)
    ] = 2.0
    mptcp_slow: Annotated[DurationField, Cited("xnu", "multipath TCP, threshold of the round trip", SPECIFIED)] = (
        600 * MILLISECOND
    )
    tcp_patience: Annotated[
        DurationField,
        Cited(
            "xnu",
            "tcp_timer.c tcp_backoff: 511 x RTO 0.3 s",
            ASSUMED,
            "118 s",
            "605 s",
            "the table is source code; the RTO is assumed",
        ),
    ] = seconds(153)
    quic_patience: Annotated[
        DurationField, Cited("rfc9000", "§10.1, idle timeout as negotiated", ASSUMED, "15 s", "120 s")
    ] = seconds(30)
    udp_patience: Annotated[
        DurationField, Cited("mdnsresponder", "uDNS.h: a query is issued again after 5 s", ASSUMED, "1 s", "30 s")
    ] = seconds(5)

    @model_validator(mode="before")
    @classmethod
    def _apply_profile(cls, values: Any) -> Any:
        if isinstance(values, str):
            values = {"profile": values}
        if isinstance(values, dict):
            profile = values.get("profile", "default")
            if profile not in PROFILES:
                raise ValueError(f"unknown behaviour profile {profile!r}; there is: {', '.join(PROFILES)}")
            return {**PROFILES[profile], **values}
        return values


class TunnelLimits(Parameters):
    """Time limits of the system's VPN session, and how on-demand starts it again."""

    start_timeout: Annotated[
        DurationField,
        Cited("apple-forum-731820", "State timer (60 seconds); 7.5 s in lantern-8993", MEASURED, "7.5 s", "60 s"),
    ] = seconds(60)
    stopping_timeout: Annotated[
        DurationField, Cited("apple-forum-731820", "20 s in Stopping", MEASURED, "5 s", "20 s")
    ] = seconds(20)
    reasserting_timeout: Annotated[
        DurationField,
        Cited(
            "apple-forum-744949", "the system stops it; the time is not stated", ASSUMED, "30 s", "600 s", starred=True
        ),
    ] = seconds(120)
    relaunch_delay: Annotated[
        DurationLaw,
        Cited("meow-183", "relaunch gaps of about 20 s after a memory kill", MEASURED, "1 s", "30 s", starred=True),
    ] = triangular(seconds(1), seconds(20), seconds(30))
    first_trigger_delay: Annotated[
        DurationLaw, Cited("judgement", "from the first network attempt to the launch", ASSUMED, "0.2 s", "5 s")
    ] = lognormal(1500 * MILLISECOND, 0.7, seconds(5))
    rule_delay: Annotated[
        DurationLaw,
        Cited("apple-device-management", "rules are evaluated at network changes", ASSUMED, "0.05 s", "1 s"),
    ] = lognormal(200 * MILLISECOND, 0.6, seconds(1))
    probe_cached: Annotated[
        bool,
        Cited(
            "on-demand-probe-2019",
            "the answer of a URLStringProbe is remembered until reboot; iOS 12.3.1",
            REPORTED,
            "false",
            "true",
        ),
    ] = False
    boot_delay: Annotated[
        DurationLaw, Cited("mullvad-1649", "traffic flows outside after a restart", ASSUMED, "3 s", "120 s")
    ] = lognormal(seconds(20), 0.8, seconds(120))
    locked_retry: Annotated[
        DurationField,
        Cited("mullvad-app", "Actor/Timings.swift: 5 s while the file system is locked", REPORTED, "5 s", "5 s"),
    ] = seconds(5)
    update_gap: Annotated[
        DurationLaw, Cited("ivpn-283", "from the old provider to the new one", ASSUMED, "2 s", "60 s")
    ] = lognormal(seconds(10), 0.7, seconds(60))
    update_deadlock: Annotated[
        Share, Cited("mullvad-ian-2025", "sealed: no network until reboot", REPORTED, "0.3", "1")
    ] = 0.9
