"""Leak mechanisms: what the published accounts say must happen, and must not, on thirty common days each.

Most are claims about a shipped scenario, in the words of its own expectations. Where an account speaks of something
that the model does not have, the check says so and fails.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from sim.base.streams import Streams
from sim.base.units import MINUTE, SECOND, to_seconds
from sim.engine.simulate import Run
from sim.machines.events import WifiJoined
from sim.machines.routing import Cause, Intended
from sim.measure.leaks import leak_windows
from sim.measure.summary import summarise
from sim.study.evidence import probing
from sim.study.evidence.checks import Check, Comparison, Given, Kind, interval, near, within
from sim.study.evidence.played import SEEDS, Claims, Said, document, played
from sim.world.intervals import common, listed, total

_MEAN = False
"""For :class:`Said`: in expectation, not on every day."""
Examined = Callable[[Given], Sequence[Comparison]]


def _claims(
    id_: str,
    what: str,
    source: tuple[str, str],
    scenario: str,
    *said: Said,
    arms: Mapping[str, Mapping[str, Any]] | None = None,
    also: Examined | None = None,
    note: str = "",
) -> Check:
    """A check that is a set of claims about a shipped scenario, and perhaps something more."""
    claims = Claims(scenario, said, arms or {})

    def examine(given: Given) -> list[Comparison]:
        return [*claims(given), *(also(given) if also is not None else ())]

    mechanism = id_.split("-")[0]
    return Check(id_, what, Kind.ORDERING, *source, examine, note, (mechanism,), scenario)


def _check(
    id_: str, what: str, source: tuple[str, str], examine: Examined, scenario: str = "", note: str = ""
) -> Check:
    return Check(id_, what, Kind.ORDERING, *source, examine, note, (id_.split("-")[0],), scenario)


# L01 old sockets ------------------------------------------------------------------------------------------------------


def _exposed_at_tunnel_up(given: Given) -> list[Comparison]:
    """Sockets outside at the instant at which the tunnel comes up, and ever fewer of them afterwards."""
    equal = falling = 0
    for seed in range(1, SEEDS + 1):
        run = played("legacy-apps-first", seed=seed)
        up = next(s.begin for s in run.standings if s.situation.routes)
        old = [w for w in leak_windows(run) if w.cause is Cause.LEGACY_SOCKET]
        spans = [(s.begin, s.end) for w in old for s in w.stretches]
        equal += sum(begin == up for begin, _ in spans) == _alive(run, up)
        counts = [sum(a <= at < b for a, b in spans) for at in range(up, run.scenario.duration, MINUTE)]
        falling += all(a >= b for a, b in pairwise(counts))
    said = f"{equal} of {SEEDS} days", f"{falling} of {SEEDS} days"
    return [
        Comparison("outside when the tunnel comes up", "all sockets alive then", said[0], None, equal == SEEDS),
        Comparison("afterwards", "never more of them", said[1], None, falling == SEEDS),
    ]


def _alive(run: Run, at: int) -> int:
    """Sockets that are alive at this instant, keep their address, and should be inside."""
    nature, world = run.world.nature, run.world
    meant = np.array([t.connected and t.intended is Intended.PROTECT for t in world.traits])[world.classes]
    return int(((nature.opens < at) & (nature.closes > at) & meant).sum())


def _reopened(given: Given) -> list[Comparison]:
    """Apps whose sockets the seal has ended open others at once, through the tunnel."""
    bursts = []
    for seed in range(1, SEEDS + 1):
        run = played("legacy-apps-first", "sealed", seed=seed)
        up = next(s.begin for s in run.standings if s.situation.seals)
        again = (spans for spans in run.loners.values() if any(up <= s.begin < up + 30 * SECOND for s in spans))
        bursts.append(float(sum(any(s.socket > 0 for s in spans) for spans in again)))
    return [within("sockets opened again within 30 s of the seal", 1, 20, interval(bursts), "sockets")]


_L01 = (
    _claims(
        "L01-1",
        "connect first, then open apps: no app's socket is outside",
        ("proton-2020", "new connections are unaffected"),
        "legacy-apps-first",
        Said("connect-first:exposure.by_owner.app.bytes == 0"),
        Said("connect-first:exposure.by_owner.app.flows == 0"),
    ),
    _check(
        "L01-2",
        "when the tunnel comes up, all sockets that are kept are outside; afterwards there are ever fewer",
        ("proton-2020", "most are short-lived, some last minutes to hours"),
        _exposed_at_tunnel_up,
        "legacy-apps-first",
    ),
    _claims(
        "L01-3",
        "push makes up the exposed time, media the exposed bytes",
        ("horowitz-2022", "run A: push outside for the whole session"),
        "legacy-apps-first",
        Said("exposure.by_owner.system.seconds >= 90 % * intent_s", each_day=_MEAN),
        Said("exposure.by_owner.app.bytes > 20 * exposure.by_owner.system.bytes"),
    ),
    _claims(
        "L01-4",
        "an airplane toggle after connecting removes some old sockets; none if Wi-Fi stays on",
        ("horowitz-2022", "airplane mode with Wi-Fi kept on"),
        "airplane-routine",
        Said("toggle:exposure.flow_seconds < exposure.flow_seconds"),
        Said("toggle:exposure.flow_seconds > 0", "fewer, not none", _MEAN),
        Said("toggle-wifi-kept:exposure.flow_seconds == exposure.flow_seconds"),
        Said("toggle-wifi-kept:exposure.bytes == exposure.bytes"),
    ),
    _claims(
        "L01-5",
        "sealing that closes old sockets leaves none of an app's, and the apps connect again inside",
        ("mozilla-vpn-3531", "connections made before will now get closed"),
        "legacy-apps-first",
        Said("sealed:exposure.by_owner.app.bytes == 0"),
        also=_reopened,
    ),
    _claims(
        "L01-6",
        "a short test can pass where a long one fails",
        ("horowitz-2022", "run B: nothing for 7.5 min, then a flood"),
        "server-blackhole",
        Said("exposure.first_s > 5 min", "nothing outside in the first five minutes"),
        Said("exposure.bytes > 0", "and much later"),
    ),
    _claims(
        "L01-7",
        "the protocol makes no difference to old sockets",
        ("horowitz-2022", "runs with three protocols"),
        "legacy-apps-first",
        Said("exposure.by_cause.L01.bytes ~ ikev2:exposure.by_cause.L01.bytes", each_day=_MEAN),
        Said("exposure.by_cause.L01.bytes ~ openvpn:exposure.by_cause.L01.bytes", each_day=_MEAN),
    ),
)

# L02 services that bypass by design -----------------------------------------------------------------------------------

_IOS_15 = {"device.ios_version": "15.0"}

_L02 = (
    _claims(
        "L02-1",
        "since iOS 16 no consumer policy reaches zero for Apple's services; sealed on iOS 15 does",
        ("ivpn-360", "the kill switch removed"),
        "commute",
        Said("bypassed.by_reason.apple.bytes > 0", "plain"),
        Said("sealed:bypassed.by_reason.apple.bytes > 0", "sealed, iOS 17", _MEAN),
        Said("sealed-ios15:bypassed.by_reason.apple.bytes == 0", "sealed, iOS 15"),
    ),
    _claims(
        "L02-2",
        "sealed, nothing of third parties is outside on either version",
        ("ivpn-360", "non-Apple traffic is not affected"),
        "boot-connect-first",
        Said("sealed:exposure.bytes + sealed-15:exposure.bytes == 0"),
        arms={"sealed-15": {"policy": "sealed", **_IOS_15}},
    ),
    _claims(
        "L02-3",
        "sealed, push is outside by default; excludeAPNs = 0 moves it inside, and only it",
        ("apple-device-management", "com.apple.vpn.managed ExcludeAPNs"),
        "boot-connect-first",
        Said("sealed:bypassed.by_reason.push.bytes > sealed-with-apns:bypassed.by_reason.push.bytes == 0"),
        Said("sealed:bypassed.bytes == sealed:bypassed.by_reason.push.bytes"),
    ),
    _claims(
        "L02-4",
        "what bypasses by design depends neither on reconnects nor on the protocol",
        ("mysk-2022", "outside an active VPN"),
        "commute",
        Said("bypassed.by_reason.apple.bytes ~ openvpn:bypassed.by_reason.apple.bytes", each_day=_MEAN),
    ),
    _claims(
        "L02-5",
        "behind a router with a VPN nothing is exposed",
        ("horowitz-2022", "run I"),
        "legacy-apps-first",
        Said("router:exposure.flows == 0"),
        arms={"router": {"wifi.0.router_vpn": True, "stays.0.cellular": False}},
        note="a device with Wi-Fi only, as the observer's: push on cellular would not pass the router",
    ),
)

# L03 gaps -------------------------------------------------------------------------------------------------------------

_TWICE = {
    "policy": "silent",
    "apps.call.sockets.0.traffic.up": "1600 B",
    "apps.call.sockets.0.traffic.down": "1600 B",
    "apps.browser.sockets.0.traffic.up": "1400 B",
    "apps.browser.sockets.0.traffic.down": "60 kB",
    "apps.mail.sockets.0.traffic.up": "600 B",
    "apps.mail.sockets.0.traffic.down": "8 kB",
    "apps.messenger.sockets.0.traffic.up": "700 B",
    "apps.messenger.sockets.0.traffic.down": "1400 B",
}

_L03 = (
    _claims(
        "L03-1",
        "a gap exposes for as long as it lasts; with routes kept, or sealed, it blocks for as long instead",
        ("netbird-157", "the real address in the reconnect gap"),
        "server-switch",
        Said("exposure.by_cause.L03.seconds > 0"),
        Said("reasserting:exposure.flows + sealed:exposure.flows == 0"),
        Said(
            "exposure.by_cause.L03.seconds <= sealed:blocked.seconds <= exposure.by_cause.L03.seconds + blocked.seconds"
        ),
    ),
    _claims(
        "L03-2",
        "a change of settings leaks although the status never leaves Connected",
        ("ivpn-466", "daily key rotation"),
        "key-rotation-week",
        Said("exposure.flows > 0"),
        Said("connected_s == intent_s"),
    ),
    _claims(
        "L03-3",
        "the leaked bytes grow with the offered rate, the length of the gap does not",
        ("ivpn-466", "a short moment"),
        "server-switch",
        Said("twice:exposure.by_cause.L03.bytes ~ 2 * silent:exposure.by_cause.L03.bytes", each_day=_MEAN),
        Said("twice:exposure.by_cause.L03.seconds == silent:exposure.by_cause.L03.seconds"),
        arms={"twice": _TWICE},
    ),
    _claims(
        "L03-4",
        "sockets opened in a gap stay outside of the next tunnel: the exposure is longer than the gap",
        ("horowitz-2022", "run E: bursts of new sockets"),
        "server-switch",
        Said("exposure.by_cause.L01.seconds > 20 * exposure.by_cause.L03.seconds", each_day=_MEAN),
        Said("exposure.seconds > exposure.by_cause.L03.seconds"),
    ),
    _claims(
        "L03-5",
        "a kill switch that takes 1 to 3 s to engage leaves at most that long",
        ("ivpn-knowledge-base", "1 to 3 s to engage"),
        "commute-flapping",
        Said("0 s < switch:exposure.by_cause.L03.seconds < openvpn:exposure.by_cause.L03.seconds", each_day=_MEAN),
        Said("switch:exposure.by_cause.L03.seconds <= 3 s * switch:reconnects.count"),
        arms={"switch": {"policy": "openvpn", "vpn.client.kill_switch": "app"}},
    ),
)

# L04 dead servers -----------------------------------------------------------------------------------------------------

_BRIEF = {"timeline": [{"at": "12 min", "do": "server_silent", "lasts": "20 s"}]}

_L04 = (
    _claims(
        "L04-1",
        "until the client notices, time is stale and nothing leaks",
        ("expressvpn-leak-testing", "temporary and permanent leaks"),
        "server-blackhole",
        Said("exposure.first_s > 12.5 min"),
        Said("stalled.seconds > 30 s"),
    ),
    _claims(
        "L04-2",
        "a leak test that is shorter than the detection reports a false pass",
        ("expressvpn-leak-testing", "waits 90 s because ping time-outs are near 1 min"),
        "server-blackhole",
        Said("exposure.first_s > 12 min + 45 s", "45 s after the server fell silent nothing is outside"),
    ),
    _claims(
        "L04-3",
        "a server that is back before it is missed causes no leak and no change of state",
        ("openvpn2", "ping-restart"),
        "server-blackhole",
        Said("brief:exposure.flows == 0"),
        Said("brief:connected_s == brief:intent_s"),
        Said("ikev2-brief:exposure.flows == 0"),
        arms={"brief": _BRIEF, "ikev2-brief": {"policy": "ikev2", **_BRIEF}},
    ),
)

# L05 names ------------------------------------------------------------------------------------------------------------

_DOH = {f"apps.{name}.sockets.0.doh": True for name in ("news", "mail", "messenger", "health")}
_UNCACHED = {f"apps.{name}.sockets.0.dns_ttl": "0 s" for name in ("news", "mail", "messenger", "health")}
_HOLES = {
    "timeline": [{"at": f"{k} min", "do": "outage", "interface": "wifi", "lasts": "30 s"} for k in range(5, 60, 5)]
}
_CALM = {
    "stays.0.flapping": {
        "stays": {"law": "lognormal", "median": "330 s", "sigma": 0.3},
        "away": {"law": "lognormal", "median": "330 s", "sigma": 0.3},
    }
}

_L05 = (
    _claims(
        "L05-1",
        "split DNS: names on the list stay inside, all others leak, and the payload of the same apps does not",
        ("apple-ikev2-api", "NEDNSSettings matchDomains"),
        "split-dns-corporate",
        Said("exposure.by_kind.c.flows == exposure.flows > 0"),
        Said("exposure.by_owner.app.flows == 0"),
        Said("exposure.flows < match-nothing:exposure.flows"),
    ),
    _claims(
        "L05-2",
        "a list of all names removes it; DoH in the app takes the names away",
        ("wireguard-apple", 'matchDomains = [""]'),
        "split-dns-corporate",
        Said("match-all:exposure.flows == 0"),
        Said("encrypted:exposure.by_kind.c.flows == 0 < encrypted:exposure.by_kind.a.flows"),
        Said("doh:exposure.by_kind.c.flows < exposure.by_kind.c.flows"),
        arms={"doh": _DOH},
    ),
    _claims(
        "L05-3",
        "leaks of names at network changes grow with the number of changes",
        ("adguard-1692", "at network changes, not at every one"),
        "commute-flapping",
        Said("exposure.by_cause.L05.flows > 1.5 * calm:exposure.by_cause.L05.flows", each_day=_MEAN),
        arms={"calm": _CALM},
    ),
    _claims(
        "L05-4",
        "leaked look-ups are cache misses; retries multiply them",
        ("mdnsresponder", "uDNS.c retries"),
        "split-dns-corporate",
        Said("exposure.flows <= uncached:exposure.flows"),
        Said("exposure.flows < uncached:exposure.flows", each_day=_MEAN),
        Said("holes:look_ups.queries_leaked > holes:look_ups.leaked", "repeated while nothing comes back", _MEAN),
        Said("look_ups.queries_leaked == look_ups.leaked", "answered at once, none is repeated"),
        arms={"uncached": _UNCACHED, "holes": _HOLES},
    ),
    _claims(
        "L05-5",
        "Android blocking without VPN: no payload, but names, while the tunnel is set up anew",
        ("mullvad-android-dns-2024", "getaddrinfo"),
        "server-switch",
        Said("android:exposure.by_owner.app.bytes == 0"),
        Said("android:exposure.by_cause.L05.flows > 0", each_day=_MEAN),
        arms={
            "android": {
                "device.behaviour": "android-block",
                "vpn.include_all_networks": True,
                "apps.browser.sockets.0.dns_ttl": "1 s",
                "apps.messenger.sockets.0.dns_ttl": "1 s",
                "apps.mail.sockets.0.dns_ttl": "1 s",
            }
        },
    ),
)

# L06 IPv6 -------------------------------------------------------------------------------------------------------------

_L06 = (
    _claims(
        "L06-1",
        "a tunnel for IPv4: nothing leaks on IPv4, on dual stack the share that uses IPv6",
        ("rfc7359", "the whole document"),
        "v4-tunnel-dual-stack",
        Said("v4-access:exposure.flows == 0"),
        Said("40 % * demand_bytes < exposure.bytes < 60 % * demand_bytes", each_day=_MEAN),
    ),
    _claims(
        "L06-2",
        "with ::/0 in the tunnel nothing leaks",
        ("rfc7359", "mitigations"),
        "v4-tunnel-dual-stack",
        Said("carried:exposure.flows == 0"),
        Said("dropped:exposure.flows == 0"),
        Said("dropped:ipv6_fallbacks.delay_s > 0", "what is dropped costs the fall-back's delay"),
        arms={"dropped": {"policy": "carried", "vpn.client.ipv6": "dropped"}},
    ),
    _claims(
        "L06-3",
        "the exposure lasts for the whole session; gaps of the tunnel have no influence",
        ("cho2025", "v4-only services"),
        "v4-tunnel-dual-stack",
        Said("exposure.seconds > 99 % * intent_s"),
        Said("gaps:exposure.by_cause.L06.bytes ~ exposure.by_cause.L06.bytes", each_day=_MEAN),
    ),
)

# L07, L08 hostile networks --------------------------------------------------------------------------------------------

_TUNNELCRACK, _TUNNELVISION = ("tunnelcrack-2023", "LocalNet, ServerIP"), ("tunnelvision-2024", "CVE-2024-3661")

_L07_L08 = (
    _claims(
        "L07-1",
        "what leaks is the share of traffic whose destination lies in the claimed subnet",
        _TUNNELCRACK,
        "rogue-ap",
        Said("45 % * demand_bytes < exposure.by_cause.L07.bytes < 65 % * demand_bytes", each_day=_MEAN),
        Said("ordinary:exposure.bytes == 0"),
    ),
    _claims(
        "L07-2",
        "plain leaks; enforced and sealed do not; sealed with local networks excluded does again",
        ("apple-device-management", "EnforceRoutes, ExcludeLocalNetworks"),
        "rogue-ap",
        Said("enforced:exposure.bytes + sealed:exposure.bytes == 0"),
        Said("0 < sealed-local:exposure.by_cause.L07.bytes <= exposure.by_cause.L07.bytes"),
    ),
    _claims(
        "L07-3",
        "a forged server address needs a name to forge an answer to",
        _TUNNELCRACK,
        "rogue-ap",
        Said("forged-numeric:exposure.by_cause.L07.bytes == 0"),
        Said("forged:exposure.by_cause.L07.bytes > 0", each_day=_MEAN),
    ),
    _claims(
        "L07-4",
        "the protocol makes no difference, and the tunnel never drops",
        _TUNNELCRACK,
        "rogue-ap",
        Said("exposure.by_cause.L07.bytes ~ ikev2:exposure.by_cause.L07.bytes"),
        Said("exposure.by_cause.L07.bytes ~ openvpn:exposure.by_cause.L07.bytes"),
        Said("connected_s == intent_s"),
    ),
    _claims(
        "L08-1",
        "pushed routes leak while the status is Connected and the tunnel healthy",
        _TUNNELVISION,
        "rogue-ap",
        Said("pushed:exposure.by_cause.L08.bytes > 80 % * demand_bytes"),
        Said("pushed:connected_s == pushed:intent_s"),
    ),
    _claims(
        "L08-2",
        "the same order of policies; Android is not affected",
        _TUNNELVISION,
        "rogue-ap",
        Said("pushed-enforced:exposure.bytes + pushed-sealed:exposure.bytes == 0"),
        Said("pushed-android:exposure.bytes == 0"),
    ),
    _claims(
        "L08-3",
        "a firewall that drops turns the leak into denial of just these destinations",
        _TUNNELVISION,
        "rogue-ap",
        Said("pushed-firewall:exposure.bytes == 0"),
        Said("pushed-firewall:fates.BLOCKED == pushed-part:exposure.bytes"),
    ),
)

# L09, L10, L11 --------------------------------------------------------------------------------------------------------

_CAFE = "cafe-captive-portal"


def _joins(given: Given) -> list[Comparison]:
    """Leaving a trusted network again and again under a rule that connects elsewhere."""
    two, six = _by_join(2), _by_join(6)
    exposed, needed = (interval([row[k] for row in six]) for k in (0, 1))
    alike = interval([a[0] - b[0] for a, b in zip(two, six, strict=True)])
    return [
        near("exposed a join, before the tunnel is there", needed.mean, exposed, "s", relative=0.15, why="its start"),
        Comparison(
            "a join of two, less a join of six", "0 s", f"{alike} s", None, alike.low <= 0 <= alike.high, "they add up"
        ),
    ]


def _by_join(joins: int) -> list[tuple[float, float]]:
    """For each day: the time exposed between a join and its tunnel, and the whole time between them, a join. [s]"""
    stays: list[dict[str, Any]] = [{"wifi": "home"}]
    for i in range(joins):
        stays.append({"at": f"{10 * i + 5} min", "wifi": "café", "leaving": "clean"})
        stays.append({"at": f"{10 * i + 10} min", "wifi": "home", "leaving": "clean"})
    found = []
    for seed in range(1, SEEDS + 1):
        run = probing.played(_TRUSTING | {"stays": stays}, seed)
        joined = [at for at, e in run.world.script if isinstance(e, WifiJoined) and e.ssid == "café"]
        up = [next(s.begin for s in run.standings if s.begin >= at and s.situation.routes) for at in joined]
        waiting = listed(list(zip(joined, up, strict=True)))
        exposed = total(common(waiting, summarise(run).exposed))
        found.append((to_seconds(exposed) / joins, to_seconds(total(waiting)) / joins))
    return found


_TRUSTING: dict[str, Any] = {
    "name": "joins",
    "duration": "70 min",
    "device": {"behaviour": "on-demand-leaks"},
    "vpn": {
        "protocol": "wireguard",
        "on_demand": [{"action": "disconnect", "interface": "wifi", "ssid": ["home"]}, {"action": "connect"}],
    },
    "wifi": [{"ssid": "home"}, {"ssid": "café"}],
    "apps": [
        {
            "name": "feed",
            "background": "always",
            "sockets": [
                {
                    "count": 10,
                    "opens": "on-demand",
                    "lifetime": "5 s",
                    "traffic": {"law": "poisson", "every": "5 s"},
                }
            ],
        }
    ],
}


_L09_L10_L11 = (
    _claims(
        "L09-1",
        "fail-open exposure begins with the sign-in, and grows with the wait for the VPN's next attempt",
        ("burkert2021", "abstract"),
        _CAFE,
        Said("exposure.first_s > 90 s"),
        Said("gives-up:exposure.bytes > exposure.bytes", each_day=_MEAN),
    ),
    _claims(
        "L09-2",
        "sealed, only the captive assistant is seen; blocked until sign-in and connection",
        ("apple-device-management", "captive networks are always excluded"),
        _CAFE,
        Said("sealed:exposure.flows == 0"),
        Said("sealed:blocked.seconds ~ sealed:first_protected_s", each_day=_MEAN),
    ),
    _claims(
        "L09-3",
        "always-on without the captive sheet never connects and never leaks",
        ("apple-device-management", "AllowCaptiveWebSheet"),
        _CAFE,
        Said("always-on:fates.TUNNELLED + always-on:exposure.bytes == 0"),
        Said("always-on:blocked.seconds == horizon_s"),
    ),
    _claims(
        "L09-4",
        "policies rank oppositely by leakage and by time to a usable network",
        ("algo-452", "deadlocks"),
        _CAFE,
        Said("always-on:exposure.bytes <= sealed:exposure.bytes < exposure.bytes"),
        Said("blocked.seconds < sealed:blocked.seconds < always-on:blocked.seconds"),
    ),
    _claims(
        "L10-1",
        "an app that is not listed is outside, whatever the protocol",
        ("apple-device-management", "com.apple.vpn.managed.applayer"),
        "per-app-miss",
        Said("exposure.bytes == ikev2:exposure.bytes"),
        Said("exposure.bytes == openvpn:exposure.bytes"),
        Said("bypassed.by_reason.unlisted.bytes > 0"),
    ),
    _claims(
        "L10-2",
        "a helper that is not listed is outside though its app is protected",
        ("apple-forum-807168", "per-app with partial routes"),
        "per-app-miss",
        Said("exposure.by_cause.L10.bytes > 0"),
        Said("listed:exposure.bytes == 0"),
    ),
    _claims(
        "L10-3",
        "a wrong suffix exposes just that domain",
        ("apple-device-management", "SafariDomains"),
        "per-app-miss",
        Said("wrong-suffix:exposure.bytes > both-suffixes:exposure.bytes == 0"),
    ),
    _check(
        "L11-1",
        "each unsealed join exposes about the trigger and the connecting; joins add up",
        ("apple-device-management", "Connect: on the next network attempt"),
        _joins,
    ),
    _claims(
        "L11-2",
        "without on-demand, exposure lasts from the first drop until the user acts",
        ("mullvad-1649", "traffic outside"),
        "jetsam-streaming",
        Said("exposure.by_cause.L14.seconds > 10 * on-demand:exposure.by_cause.L14.seconds > 0", each_day=_MEAN),
        Said("exposure.by_cause.L14.seconds + connected_s ~ intent_s", each_day=_MEAN),
    ),
    _claims(
        "L11-3",
        "a rule that trusts a name exposes everything on it, also on a network that only has the name",
        ("apple-device-management", "SSIDMatch"),
        "trusted-ssid",
        Said("at-home:exposure.bytes == at-home:demand_bytes"),
        Said("exposure.seconds > 29 min"),
    ),
    _claims(
        "L11-4",
        "a faster protocol shrinks the gap, sealing removes it; then speed shows in blocked time only",
        ("burkert2021", "abstract"),
        "commute-flapping",
        Said("exposure.by_cause.L03.seconds < openvpn:exposure.by_cause.L03.seconds"),
        Said("sealed:exposure.by_owner.app.flows + openvpn-sealed:exposure.by_owner.app.flows == 0", each_day=_MEAN),
        Said("sealed:blocked.seconds < openvpn-sealed:blocked.seconds"),
    ),
)

# L12, L13, L14 --------------------------------------------------------------------------------------------------------


def _checks_at_joins(given: Given) -> list[Comparison]:
    """Android's connectivity checks against the number of Wi-Fi joins."""
    settings = '{"device.behaviour": "android-block"}'
    equal = 0
    for seed in range(1, SEEDS + 1):
        run = played("commute-flapping", "sealed", settings, seed)
        joins = sum(isinstance(event, WifiJoined) for _, event in run.world.script)
        reasons = summarise(run).as_dict()["bypassed"]["by_reason"]
        equal += reasons.get("network", {"flows": 0})["flows"] == 3 * joins
    said = f"{equal} of {SEEDS} days"
    return [Comparison("packets outside", "three for each join", said, None, equal == SEEDS)]


_GATHER = [
    {"at": "6 min", "do": "vpn_on"},
    {"at": "20 min", "do": "gather_candidates"},
]
_GATHER_ALL = [_GATHER[0], {**_GATHER[1], "all_interfaces": True}]
_IN_A_GAP = [{"at": "6 min", "do": "vpn_on"}, {"at": "6 min 0.5 s", "do": "gather_candidates"}]

_L12_L13_L14 = (
    _claims(
        "L12-1",
        "without the system's enforcement provider death, update and boot leak; sealed they block",
        ("mullvad-1649", "outside after a restart"),
        "reboot-locked",
        Said("exposure.by_cause.L12.seconds > 0"),
        Said("sealed:exposure.flows == 0"),
        Said("sealed:blocked.seconds > blocked.seconds"),
    ),
    _claims(
        "L12-2",
        "app update on iOS 16.0: packet tunnels leak, IKEv2 does not; sealed nothing leaks, and nothing works",
        ("ivpn-283", "September 2022"),
        "app-auto-update",
        Said("ikev2:exposure.flows == 0 < exposure.bytes"),
        Said("openvpn:exposure.bytes > 0"),
        Said("sealed:exposure.flows + later-sealed:exposure.flows == 0"),
        Said("sealed:blocked.seconds > 25 min", each_day=_MEAN),
    ),
    _claims(
        "L12-3",
        "Android blocking without VPN: no payload, connectivity checks at every join",
        ("mullvad-audit-2022", "MUL22-03"),
        "commute-flapping",
        Said("android:exposure.by_owner.app.bytes == 0"),
        arms={"android": {"policy": "sealed", "device.behaviour": "android-block"}},
        also=_checks_at_joins,
    ),
    _claims(
        "L12-4",
        "sealing disables a fixed list of local features, shown beside the other costs",
        ("mullvad-force-all-2026", "in-app text"),
        "app-auto-update",
        Said("sealed:sealing_cost.count == 9"),
        Said("sealing_cost.count == 0"),
    ),
    _claims(
        "L12-5",
        "the leak after an update counts although the status says Connected",
        ("ivpn-283", "the app says connected"),
        "app-auto-update",
        Said("exposure.seconds > 45 min"),
        Said("connected_s > 95 % * intent_s"),
    ),
    _claims(
        "L13-1",
        "a page learns an address only where a way outside the tunnel is open",
        ("duckduckgo-1249", "the real address over VPN"),
        "legacy-apps-first",
        Said("page:disclosures.addresses == 0", "all routes, default way"),
        Said("camera:disclosures.addresses > 0", "sockets on each interface"),
        Said("sealed-camera:disclosures.addresses == 0", "sealed"),
        Said("v4-only:disclosures.addresses > 0", "no ::/0"),
        arms={
            "page": {"timeline": _GATHER},
            "camera": {"timeline": _GATHER_ALL},
            "sealed-camera": {"timeline": _GATHER_ALL, "vpn.include_all_networks": True},
            "v4-only": {"timeline": _GATHER, "vpn.routes": ["0.0.0.0/0"]},
        },
    ),
    _claims(
        "L13-2",
        "one gathering in a gap is enough",
        ("expressvpn-leak-testing", "ICE tests"),
        "legacy-apps-first",
        Said("gap:disclosures.addresses >= 1", each_day=_MEAN),
        arms={"gap": {"timeline": _IN_A_GAP}},
    ),
    _claims(
        "L14-1",
        "without on-demand until the user acts, with it one gap a kill, sealed 0 and blocked",
        ("meow-183", "relaunch after a memory kill"),
        "jetsam-streaming",
        Said("exposure.by_cause.L14.seconds > 10 * on-demand:exposure.by_cause.L14.seconds", each_day=_MEAN),
        Said("sealed:exposure.flows == 0"),
        Said("sealed:blocked.seconds > 0"),
    ),
    _claims(
        "L14-2",
        "kills need load: a provider whose memory does not rise is never killed",
        ("radiance-595", "12 MB in 0.36 s"),
        "jetsam-streaming",
        Said("flat:exposure.by_cause.L14.flows == 0"),
        Said("exposure.by_cause.L14.flows > 0", each_day=_MEAN),
        arms={"flat": {"vpn.client.memory_rise": "0 B"}},
    ),
)

# L15, L16 -------------------------------------------------------------------------------------------------------------

_NO_APPS: dict[str, Any] = {"apps": []}
_AWAY = {"stays": [{"wifi": "home"}, {"at": "20 min", "leaving": "clean"}]}

_L15_L16 = (
    _claims(
        "L15-1",
        "sleep shorter than every timer changes nothing",
        ("tunnelkit-138", "queues stop in sleep"),
        "overnight-sleep",
        Said("short:reconnects.DeviceWoke.count == 0", "OpenVPN, woken every 20 s"),
        arms={"short": {"policy": "openvpn", "device.wake_every": "20 s"}},
    ),
    _claims(
        "L15-2",
        "after a long sleep WireGuard shows no change of state; OpenVPN needs a full reconnect",
        ("wireguard-go", "constants.go"),
        "overnight-sleep",
        Said("connected_s == intent_s"),
        Said("openvpn:reconnects.DeviceWoke.count > 20"),
    ),
    _claims(
        "L15-3",
        "periodic reconnects in sleep cost energy without any traffic",
        ("eduvpn-493", "reconnects about every 2 min while asleep"),
        "overnight-sleep",
        Said("openvpn-idle:energy.vpn_added_j > idle:energy.vpn_added_j"),
        arms={"openvpn-idle": {"policy": "openvpn", **_NO_APPS}, "idle": _NO_APPS},
    ),
    _claims(
        "L15-4",
        "whether a wake leaks depends on the routes, not on sleep",
        ("passepartout-299", "the server had dropped the client"),
        "overnight-sleep",
        Said("exposure.flows + openvpn-kept:exposure.flows == 0"),
        Said("openvpn:exposure.by_owner.app.bytes > 0", each_day=_MEAN),
    ),
    _claims(
        "L15-5",
        "disconnectOnSleep with on-demand trades the night's energy for a gap at each wake",
        ("apple-networkextension-headers", "disconnectOnSleep"),
        "overnight-sleep",
        Said("asleep:energy.vpn_added_j < keepalive-short:energy.vpn_added_j"),
        Said("asleep:exposure.seconds > keepalive-short:exposure.seconds", each_day=_MEAN),
        arms={
            "asleep": {
                "policy": "keepalive-short",
                "vpn.disconnect_on_sleep": True,
                "vpn.on_demand": [{"action": "connect"}],
            }
        },
    ),
    _claims(
        "L16-1",
        "a handover interrupts: MOBIKE and WireGuard alike, IKEv2 without MOBIKE longer, OpenVPN longest",
        ("algo-1385", "WireGuard's black hole while IPsec survived"),
        "wifi-to-lte-walk",
        Said("ikev2:reconnects.WifiDemoted.delay_s < openvpn:reconnects.WifiDemoted.delay_s"),
        Said("reconnects.WifiDemoted.delay_s <= ikev2:reconnects.WifiDemoted.delay_s"),
        Said("ikev2:reconnects.WifiDemoted.delay_s < ikev2-fixed:reconnects.WifiDemoted.delay_s", each_day=_MEAN),
        Said("failed-bump:reconnects.WifiDemoted.delay_s > openvpn:reconnects.WifiDemoted.delay_s", "the defect"),
        arms={"failed-bump": {"vpn.wireguard.rebind": False}},
    ),
    _claims(
        "L16-2",
        "old sockets die with their address, so a handover can lessen their leak",
        ("xnu", "a connected socket keeps its source address"),
        "legacy-apps-first",
        Said("away:exposure.by_owner.app.seconds < exposure.by_owner.app.seconds", each_day=_MEAN),
        arms={"away": _AWAY},
    ),
    _claims(
        "L16-3",
        "flapping: exposure is a sum of gaps, energy one of promotions, tails and handshakes",
        ("adguard-404", "flapping about every 5 s"),
        "commute-flapping",
        Said("openvpn:exposure.by_cause.L03.seconds > 10 s", each_day=_MEAN),
        Said("openvpn:energy.total_j > energy.total_j", each_day=_MEAN),
        Said("openvpn:reconnects.count > 10"),
    ),
)

# L17, L18 -------------------------------------------------------------------------------------------------------------

CLIENTS = 80
FAIL_OPEN = 0.4
"""Share of clients that take their routes down with their session; any number would do."""


def _population(given: Given) -> list[Comparison]:
    """Clients of which a share takes its routes down with the session: how many leak when the network changes."""
    rng = Streams(18).of("evidence.clients")
    opens = rng.random(CLIENTS) < FAIL_OPEN
    v4_only = rng.random(CLIENTS) < 0.15
    leaked = _leaking(opens, v4_only, "commute-flapping")
    failing = sum(leaked[:, 0]) / CLIENTS
    idle = sum(leaked[:, 1]) / CLIENTS
    return [
        within("fail-open clients that leak when the tunnel is lost", opens.mean() - 0.05, 1.0, failing),
        Comparison(
            "more leak on failure than while connected",
            "leak on failure > leak while connected > 0",
            f"{failing:.2f} > {idle:.2f} > 0",
            None,
            bool(failing > idle > 0),
        ),
    ]


def _leaking(opens: np.ndarray[Any, Any], v4_only: np.ndarray[Any, Any], scenario: str) -> np.ndarray[Any, Any]:
    """For each client whether it leaks through a gap, and whether it leaks while connected, (n, 2)."""
    found = np.zeros((len(opens), 2), dtype=bool)
    for i, (fails_open, narrow) in enumerate(zip(opens.tolist(), v4_only.tolist(), strict=True)):
        settings = '{"vpn.routes": ["0.0.0.0/0"], "apps.browser.sockets.0.family": "dual"}' if narrow else "{}"
        policy = "openvpn" if fails_open else "openvpn-kept"
        causes = document(scenario, policy, settings, 1 + i % 10)["exposure"]["by_cause"]
        found[i] = "L03" in causes, "L06" in causes
    return found


def _share(given: Given) -> list[Comparison]:
    """The share of leaking clients against the share of fail-open ones."""
    opens = Streams(17).of("evidence.clients").random(CLIENTS) < FAIL_OPEN
    leaking = _leaking(opens, np.zeros(CLIENTS, dtype=bool), "commute-flapping")[:, 0]
    return [within("share of clients that leak on failure", opens.mean() - 0.03, opens.mean() + 0.03, leaking.mean())]


_L17_L18 = (
    _claims(
        "L17-1",
        "strict ≤ with exceptions ≤ plain; what is outside is the exempted services' traffic",
        ("apple-device-management", "AlwaysOn ServiceExceptions"),
        "managed-always-on",
        Said("strict:exposure.bytes <= exceptions:exposure.bytes < exposure.bytes"),
        Said("strict:bypassed.bytes == 0"),
        Said("exceptions:bypassed.bytes == exceptions:bypassed.by_reason.exception.bytes > 0"),
    ),
    _claims(
        "L17-2",
        "no gap at boot, and none by the user's hand",
        ("apple-device-management", "UIToggleEnabled"),
        "reboot-locked",
        Said("always-on:exposure.flows == 0"),
        Said("off:exposure.flows == 0", "the user tries to switch it off"),
        arms={"off": {"policy": "always-on", "timeline": [{"at": "10 min", "do": "vpn_off"}]}},
    ),
    _claims(
        "L17-3",
        "neither always-on with exceptions nor sealing dominates: each exempts what the other does not",
        ("apple-device-management", "exceptions and default exclusions"),
        "managed-always-on",
        Said("sealed:bypassed.by_reason.push.bytes > exceptions:bypassed.by_reason.push.bytes == 0"),
        Said("exceptions:bypassed.by_reason.exception.bytes > sealed:bypassed.by_reason.exception.bytes"),
    ),
    _check(
        "L18-1",
        "a population with a share of fail-open clients leaks on failure in that share",
        ("khan2018", "25 of 43"),
        _share,
        "commute-flapping",
    ),
    _check(
        "L18-2",
        "more clients leak on failure than while connected, and some do either",
        ("vpnalyzer-2022", "26 of 80 on failure"),
        _population,
        "commute-flapping",
    ),
)

CHECKS: tuple[Check, ...] = (
    *_L01, *_L02, *_L03, *_L04, *_L05, *_L06, *_L07_L08, *_L09_L10_L11, *_L12_L13_L14, *_L15_L16, *_L17_L18,
)  # fmt: skip
