"""Anchors of the platform: short stories whose ending the sources fix, played as days with fixed delays.

Their inputs (how long a settings apply takes, how late a path is noticed) are stated here, so an ending that is a sum
of them tests the rules between them and not the inputs. Where the model has no such rule the check fails, and says
which.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from sim.base.units import SECOND, Instant
from sim.engine.simulate import Run
from sim.machines.routing import Fate
from sim.measure.summary import summarise
from sim.study.evidence.checks import Check, Comparison, Given, Kind, near, within
from sim.study.evidence.probing import phases, played, sent, timetable
from sim.world.loading import merge

Table = dict[str, Any]
ROUND_TRIP = 0.05
NOTICE = 0.2
APPLY = 0.2
"""What is stated to :func:`story`. [s]"""
STUBBORN: Table = {"behaviour": {"closes_on_path_loss": 0.0, "look_ups_at_network_change": 0.0}}
"""No app closes a socket whose address is gone."""


def talker(every: str, transport: str = "udp-unconnected", **fields: Any) -> Table:
    """An app that says something at a fixed spacing; by default each datagram chooses its way anew."""
    traffic = {"law": "constant", "every": every, "up": "100 B"}
    socket = {"transport": transport, "lifetime": "10 h", "traffic": traffic}
    return {"name": "talker", "background": "always", "sockets": [socket | fields]}


def story(*deeds: Mapping[str, Any], apps: Sequence[Table], vpn: Mapping[str, Any], **tables: Any) -> Run:
    """Ten minutes of a phone on Wi-Fi that is protected from the start, with nothing left to chance."""
    client = {"launch": "50 ms", "prepare": "1 s", "apply": f"{APPLY} s", "stop": "300 ms"}
    scenario: Table = {
        "name": "anchor",
        "duration": "10 min",
        "vpn_on": True,
        "vpn": merge({"client": client}, vpn),
        "path": {"notice_delay": f"{NOTICE} s", "wifi_return": "2 s", "same_wifi_address": 1.0},
        "device": {"behaviour": {"look_ups_at_network_change": 0.0}},
        "limits": {"relaunch_delay": "20 s", "first_trigger_delay": "1500 ms"},
        "servers": [{"name": "server", "extra_rtt": "20 ms"}],
        "wifi": [{"ssid": "home", "rtt": "30 ms", "loss": 0.0, "join": "1 s"}],
        "cellular": {"rtt": "30 ms", "loss": 0.0},
        "stays": [{"wifi": "home"}],
        "apps": apps,
        "timeline": deeds,
    }
    return played(merge(scenario, tables))


def at(when: float, do: str, **fields: Any) -> Table:
    """Something that happens; `when` in seconds."""
    return {"at": f"{when:g} s", "do": do, **fields}


def _leaked(run: Run) -> list[float]:
    """When bursts leaked. [s]"""
    return [float(when) / SECOND for when in run.ledger.settled[run.ledger.fate == Fate.LEAKED].tolist()]


def _windows(run: Run) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = summarise(run).as_dict()["windows"]
    return found


def _wait(run: Run, after: Instant) -> float:
    """How long the first burst at or after an instant waited for its fate. [s]"""
    row = int(np.searchsorted(run.ledger.at, after))
    return float(run.ledger.settled[row] - run.ledger.at[row]) / SECOND


def _never(what: str, count: int, why: str = "") -> Comparison:
    return near(what, 0, count, why=why)


# The anchors ----------------------------------------------------------------------------------------------------------


def _lost_address(given: Given) -> list[Comparison]:
    apps, vpn = [talker("1 s", "tcp")], {"protocol": "wireguard"}
    gone = story(at(30, "vpn_on"), at(60, "wifi_off"), apps=apps, vpn=vpn, vpn_on=False, device=STUBBORN)
    spans = gone.loners[0]
    lost = next(i for i, span in enumerate(spans) if span.verdict is not None and span.verdict.fate is None)
    lived = (spans[lost + 1].begin - spans[lost].begin) / SECOND
    off_and_on = (at(60, "wifi_off"), at(80, "wifi_on"))
    back = story(at(30, "vpn_on"), *off_and_on, apps=apps, vpn=vpn, vpn_on=False, device=STUBBORN)
    return [
        near("address never back: the socket is given up after", 153.0, lived, "s", absolute=0.001),
        near("and has leaked until", 59.0, max(_leaked(gone)), "s", absolute=0.001),
        near("address back after 20 s: it still leaks at", 599.0, max(_leaked(back)), "s", absolute=0.001),
    ]


def _syn(given: Given) -> list[Comparison]:
    tcp = {"protocol": "openvpn", "openvpn": {"core": "v2", "transport": "tcp"}}
    silent = at(0, "server_silent")
    run = story(silent, at(10, "vpn_on"), apps=[], vpn=tcp, vpn_on=False, limits={"start_timeout": "1 d"})
    syns = sent(run, "connect")
    offsets = [(when - syns[0]) / SECOND for when in syns]
    over = next(when for when, phase in phases(run, "protocol") if phase == "BACKOFF") - syns[0] / SECOND
    void = story(
        at(0, "outage", interface="wifi", lasts="10 min"),
        apps=[talker("10 min", "tcp")], vpn=tcp, vpn_on=False, stays=[{"wifi": "home", "cellular": False}],
    )  # fmt: skip
    why = "an app's burst has one patience, which is that of an established connection; its connect is not told apart"
    return [
        timetable("a client's SYNs", (1, 2, 3, 4, 5, 7, 11, 19, 35, 67), offsets[1:11], relative=0.0),
        near("a client's connect, given up after", 75.0, over, "s", absolute=0.001),
        near("an app's connect, given up after", 75.0, _wait(void, 0), "s", absolute=0.001, why=why),
    ]


def _keys(given: Given) -> list[Comparison]:
    away = [{"wifi": "home"}, {"at": "60 s", "wifi": None, "leaving": "clean"}]
    found = []
    for silence, wait in ((170, False), (185, True)):
        vpn = {"protocol": "wireguard", "client": {"stops_engine_offline": False}}
        run = story(apps=[talker(f"{silence} s")], vpn=vpn, stays=away, duration=f"{silence + 10} s")
        waited = _wait(run, SECOND)
        why = "the handshake's round trip, and the radio's promotion" if wait else ""
        low, high = (ROUND_TRIP, 0.5) if wait else (0.0, 0.0)
        found.append(
            within(f"path switched, key {silence} s old: the packet waits for", low, high, waited, "s", why=why)
        )
    dead = story(
        at(0, "server_silent"), at(10, "vpn_on"),
        apps=[talker("8 min", opens="on-demand")], vpn={"protocol": "wireguard"}, vpn_on=False, duration="12 min",
    )  # fmt: skip
    tries = sent(dead, "initiation")
    gaps = [(b - a) / SECOND for a, b in pairwise(tries)]
    silent = next(when for when, phase in phases(dead, "protocol") if phase == "SILENT") - tries[0] / SECOND
    why = "18 tries and 90 s by the constants; the code sends a first one, and stops when the repetitions exceed 18"
    return [
        *found,
        within("dead server: shortest wait between tries", 5.0, 5.334, min(gaps), "s"),
        within("dead server: longest", 5.0, 5.334, max(gaps), "s"),
        near("dead server: tries", 20, len(tries), why=why),
        within("dead server: silent after", 100.0, 106.7, silent, "s", why=why),
    ]


def _offline(given: Given) -> list[Comparison]:
    alone = [{"wifi": "home", "cellular": False}]
    away = (at(60, "wifi_off"), at(120, "wifi_on"))
    run = story(*away, apps=[talker("10 ms")], vpn={"protocol": "wireguard"}, stays=alone)
    ledger = run.ledger
    passed = np.flatnonzero((ledger.fate == Fate.TUNNELLED) & (ledger.settled > 61 * SECOND))
    blocked = float(ledger.settled[passed].min()) / SECOND - 60
    return [
        _never("leaked", len(_leaked(run))),
        near(
            "blocked for", 60.2 + NOTICE + ROUND_TRIP, blocked, "s", absolute=0.011, why="notice, settings, handshake"
        ),
    ]


def _many_updates(given: Given) -> list[Comparison]:
    updates = [at(60 + 0.2188 * i, "rotate_key") for i in range(64)]
    vpn = {"protocol": "wireguard", "client": {"reasserts": False}}
    run = story(*updates, apps=[talker("10 ms")], vpn=vpn)
    without = sum(w["end_s"] - w["begin_s"] for w in _windows(run))
    applies = sum(phase == "UPDATING" for _, phase in phases(run, "provider"))
    why = "an update of settings is one apply in the model; the client applied its settings three times for each"
    return [
        near("64 route updates: applies", 191, applies, why=why),
        within("without IPv4 in 14 s", 7.0, 14.0, without, "s", why="most of the 14 s"),
    ]


def _hanging_start(given: Given) -> list[Comparison]:
    vpn = {"protocol": "wireguard", "client": {"prepare": "1 h", "stop": "1 h"}, "on_demand": [{"action": "connect"}]}
    run = story(apps=[talker("100 ms")], vpn=vpn, vpn_on=False)
    tunnel = phases(run, "tunnel")
    starts = [when for when, phase in tunnel if phase == "CONNECTING"]
    stops = [when for when, phase in tunnel if phase == "DISCONNECTING"]
    ends = [when for when, phase in tunnel if phase == "DISCONNECTED" and when > stops[0]]
    return [
        near("the start fails after", 60.0, stops[0] - starts[0], "s", absolute=0.001),
        within("stopping", 0.0, 20.0, ends[0] - stops[0], "s"),
        near("on-demand relaunches after", 20.0, starts[1] - ends[0], "s", absolute=0.001),
        within("a whole cycle", 80.0, 100.0, starts[2] - starts[1], "s"),
    ]


def _push(given: Given) -> list[Comparison]:
    traffic = {"law": "constant", "every": "10 min", "up": "100 B"}
    push = {
        "name": "push",
        "kind": "system",
        "background": "always",
        "sockets": [{"destination": "apns", "traffic": traffic}],
    }
    sealed = {"protocol": "wireguard", "include_all_networks": True}
    found = []
    for said, deeds in (("all else inside", ()), ("all else blocked", (at(0, "server_silent"),))):
        run = story(*deeds, apps=[talker("1 s"), push], vpn=sealed, duration="35 min")
        pushed = run.world.nature.kind[run.ledger.flow] == 1
        outside = np.isin(run.ledger.fate, (Fate.BYPASSED, Fate.LEAKED))
        passed = int((run.ledger.fate[~pushed] == Fate.TUNNELLED).sum())
        found += [
            near(f"{said}: push outside in 35 min, each 10 min", 4, int(outside[pushed].sum())),
            _never(f"{said}: other bursts outside", int(outside[~pushed].sum())),
            near(f"{said}: other bursts inside", 0 if deeds else 35 * 60, passed),
        ]
    inside = story(apps=[talker("1 s"), push], vpn={**sealed, "exclude_apns": False}, duration="35 min")
    found.append(_never("excludeAPNs off: anything not inside", int((inside.ledger.fate != Fate.TUNNELLED).sum())))
    return found


def _update(given: Given) -> list[Comparison]:
    def updated(reasserts: bool) -> Run:
        vpn = {"protocol": "wireguard", "client": {"reasserts": reasserts}}
        return story(at(60, "rotate_key"), apps=[talker("10 ms")], vpn=vpn)

    bare, asserted = updated(False), updated(True)
    why = "the apply, and the round trip of the new session's handshake"
    blocked = _wait(asserted, 60 * SECOND)
    return [
        near("without reasserting: exposed for", APPLY, sum(w["end_s"] - w["begin_s"] for w in _windows(bare)), "s",
             absolute=0.001),
        _never("with reasserting: leak windows", len(_windows(asserted))),
        near("with reasserting: blocked for", APPLY + ROUND_TRIP, blocked, "s", absolute=0.001, why=why),
    ]  # fmt: skip


def _anchor(
    number: int,
    what: str,
    kind: Kind,
    source: str,
    where: str,
    examine: Callable[[Given], Sequence[Comparison]],
    note: str = "",
) -> Check:
    return Check(f"iOS-{number}", what, kind, source, where, examine, note)


CHECKS: tuple[Check, ...] = (
    _anchor(
        1, "a TCP connection whose address is gone, and one whose address comes back", Kind.CLOSED_FORM, "xnu",
        "tcp_timer.c tcp_backoff, tcp_output.c", _lost_address, "for a first retransmission timer of 0.3 s",
    ),
    _anchor(
        2, "SYNs into a black hole", Kind.CLOSED_FORM, "xnu", "tcp_timer.c tcp_syn_backoff, TCPTV_KEEP_INIT", _syn
    ),
    _anchor(
        3, "WireGuard's keys at a path switch, and a dead server", Kind.CLOSED_FORM, "wireguard-go",
        "constants.go, timers.go", _keys,
    ),
    _anchor(
        4, "a WireGuard client offline for a minute", Kind.CLOSED_FORM, "wireguard-apple",
        "WireGuardAdapter.swift didReceivePathUpdate", _offline, "the apply's 0.2 s are an input",
    ),
    _anchor(
        5, "64 route updates in 14 s", Kind.MEASURED, "netbird-181", "console log", _many_updates,
        "the apply's 0.2 s are an input, taken from the same log",
    ),
    _anchor(
        6, "a provider that hangs at its start", Kind.CLOSED_FORM, "apple-forum-731820",
        "60 s to start, 20 s to stop; meow-183: 20 s to the relaunch", _hanging_start, "all three times are inputs",
    ),
    _anchor(
        7, "push beside a sealed tunnel", Kind.ORDERING, "apple-networkextension-headers", "excludeAPNs", _push,
        "the spacing of 10 min is an input: cisco-apns, at second hand",
    ),
    _anchor(
        8, "an update of settings with and without reasserting", Kind.ORDERING, "ivpn-466", "the whole thread", _update,
        "the length of the gap is an input",
    ),
)  # fmt: skip
