"""What is told on the page: events for the play button, and each window's causes, on the lanes where they happened."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from sim.base.units import SECOND, Instant
from sim.engine.timeline import Record
from sim.faces.reporting import longest
from sim.faces.terminal import capital, count, spell
from sim.machines import events as ev
from sim.machines.routing import Cause
from sim.measure.explain import Explanation, Line, clock, explain, owners, say, why
from sim.measure.leaks import DISCLOSURES, LeakWindow
from sim.measure.summary import Summary
from sim.world.intervals import Ints, inside, joined, listed, total

MOST_EVENTS = 90
"""A play of more would not be watched to its end."""
_LANES = {"path": "path", "tunnel": "status", "provider": "process", "protocol": "protocol", "user": "intent"}
_OF_NATURE: dict[type, str] = {
    ev.ServerWentSilent: "protocol",
    ev.ServerCameBack: "protocol",
    ev.ServerRestarted: "protocol",
    ev.DeviceSlept: "screen",
    ev.DeviceWoke: "screen",
    ev.MemoryPressed: "process",
    ev.ProviderCrashed: "process",
}
SHORT = {
    Cause.LEGACY_SOCKET: "Old connections outlived the switch",
    Cause.SYSTEM_SOCKET: "The system went outside by itself",
    Cause.TUNNEL_GAP: "A gap in the tunnel",
    Cause.SERVER_DEAD: "The server was given up",
    Cause.DNS: "Look-ups went to the network",
    Cause.IPV6: "IPv6 had no tunnel",
    Cause.LOCAL_NET: "The network claimed the address",
    Cause.DHCP_ROUTE: "The network pushed a route",
    Cause.CAPTIVE_PORTAL: "After the sign-in page",
    Cause.PER_APP_MISS: "Not on the per-app list",
    Cause.ON_DEMAND_GAP: "Before on-demand was up",
    Cause.NO_ENFORCER: "Nothing enforced the VPN",
    Cause.PROVIDER_DEATH: "The VPN’s process died",
    Cause.SLEEP: "Stopped for sleep",
    Cause.OTHER_RADIO: "Pinned to the other radio",
}
"""Each cause in the words of the page; its exact term stands beside it."""


class Told(NamedTuple):
    """Something that happened, and on which lane."""

    at: Instant
    lane: str | int
    """The name of a lane of states, or the number of an owner's."""
    text: str


class Places(NamedTuple):
    """The owners' lanes on the page."""

    number: dict[str, int]
    """Of each lane by its name."""
    of_flow: Ints
    """Of each flow."""

    def of_window(self, window: LeakWindow) -> int:
        """The lane that stands for a window: that of the first flow that it exposed."""
        return int(self.of_flow[window.stretches[0].flow])

    def all_of(self, window: LeakWindow) -> list[int]:
        """All lanes that a window touches."""
        return sorted({int(self.of_flow[s.flow]) for s in window.stretches})


def lane_of(record: Record) -> str:
    """The lane on which a record happened."""
    if record.actor == "nature":
        return _OF_NATURE.get(type(record.event), "path")
    return _LANES[record.actor]


# Events ---------------------------------------------------------------------------------------------------------------


def events(summary: Summary, places: Places) -> list[Told]:
    """What the play button runs through: all of it if it is little, else the weightier part of it, in order of time."""
    ranked = [*_deeds(summary), *_turns(summary, places), *_statuses(summary), *_weather(summary)]
    kept: list[tuple[int, Told]] = []
    for rank in range(4):
        here = [line for line in ranked if line[0] == rank]
        room = MOST_EVENTS - len(kept)
        kept += here if len(here) <= room else [here[i * len(here) // room] for i in range(room)]
    found = sorted((told for _, told in kept), key=lambda told: told.at)
    return [b for a, b in pairwise([None, *found]) if a != b and b is not None]


def _deeds(summary: Summary) -> list[tuple[int, Told]]:
    """What the user did, and what a leak check said of it."""
    run = summary.run
    found = []
    for record in run.timeline:
        by_user = record.cause is None and record.actor == "user" and not isinstance(record.event, ev.LeakChecked)
        if by_user and (text := say(record)):
            found.append((0, Told(record.at, "intent", text)))
    document = summary.as_dict()["leak_checks"]
    for (at, _, _), check in zip(run.checks, document, strict=True):
        truth = "and nothing was" if check["truth"] == "nothing outside" else f"in truth, {check['truth']}"
        found.append((0, Told(at, "status", f"You open a leak-test page. It says “{check['said']}”; {truth}.")))
    return found


def _turns(summary: Summary, places: Places) -> list[tuple[int, Told]]:
    """The notable windows open and close."""
    run, found = summary.run, []
    for window in longest(summary.windows):
        text = f"Something is outside: {why(run, window)}."
        found.append((0, Told(window.begin, places.of_window(window), text)))
        if window.end < run.scenario.duration:
            length = spell(window.end - window.begin)
            text = f"{SHORT[window.cause]}: that window closes after {length}."
            found.append((1, Told(window.end, places.of_window(window), text)))
    return found


_STATUS = {
    "CONNECTED": "The phone says “Connected”.",
    "CONNECTING": "The phone says “Connecting”.",
    "REASSERTING": "The phone says “Reasserting”: the VPN is there and does not work.",
    "DISCONNECTED": "The phone shows no VPN.",
}


def _statuses(summary: Summary) -> list[tuple[int, Told]]:
    return [
        (2, Told(at, "status", _STATUS[phase]))
        for at, phase in summary.run.timeline.phases("tunnel")[1:]
        if phase in _STATUS
    ]


_QUIET = (ev.DeviceSlept, ev.DeviceWoke, ev.HoleEnded)


def _weather(summary: Summary) -> list[tuple[int, Told]]:
    """What happened to the phone."""
    return [
        (3, Told(record.at, lane_of(record), text))
        for record in summary.run.timeline
        if record.cause is None and record.actor == "nature" and not isinstance(record.event, _QUIET)
        if (text := say(record))
    ]


# Windows --------------------------------------------------------------------------------------------------------------


def told(summary: Summary, window: LeakWindow, places: Places) -> dict[str, Any]:
    """A window with its causes, for the page."""
    explanation = explain(summary.run, window)
    return {
        "begin": window.begin,
        "end": window.end,
        "cause": window.cause.value,
        "short": SHORT[window.cause],
        "why": f"{capital(why(summary.run, window))}.",
        "whose": owners(summary.run, window),
        "lanes": places.all_of(window),
        "seen": [DISCLOSURES[kind] for kind in window.kinds],
        "sockets": window.flows,
        "bytes": summary.size(window.rows),
        "bursts": len(window.rows),
        "used": [int(summary.run.ledger.settled[window.rows[i]]) for i in (0, -1)] if len(window.rows) else None,
        "steps": _steps(summary, window, explanation, places),
        "closed": explanation.closed_by,
        "remedies": [list(remedy) for remedy in explanation.remedies],
    }


def _steps(summary: Summary, window: LeakWindow, explanation: Explanation, places: Places) -> list[list[Any]]:
    """All chains of a window as one, in order of time: when, on which lane, what, and what it is to the window."""
    lines = [(line, name) for name, chain in explanation.chains for line in chain]
    lines.sort(key=lambda pair: pair[0].at)
    usual = places.of_window(window)
    return [
        [line.at, places.number.get(line.owner, usual) if line.record < 0 else _lane(summary, line), line.text, name]
        for line, name in lines
    ]


def _lane(summary: Summary, line: Line) -> str:
    return lane_of(summary.run.timeline[line.record])


# The paragraph under the headline -------------------------------------------------------------------------------------


def lede(summary: Summary) -> str:
    """What the day comes to, in a few sentences."""
    run = summary.run
    windows = sorted(summary.windows, key=lambda w: w.begin - w.end)
    said: list[str] = []
    if windows:
        first = windows[0]
        until = "to the end" if first.end >= run.scenario.duration else f"until {clock(run, first.end)[:5]}"
        said.append(f"{capital(why(run, first))}. That was so from {clock(run, first.begin)[:5]} {until}.")
    if len(windows) > 1:
        rest = windows[1:]
        causes = len({w.cause for w in rest})
        length = total(joined([listed([(w.begin, w.end) for w in rest])]))
        of = f" of {count(causes, 'kind')}" if causes > 1 else ""
        said.append(f"There were {count(len(rest), 'more window')}{of}, {spell(length)} together.")
    blocked = total(summary.blocked)
    if blocked >= SECOND:
        said.append(f"For {spell(blocked)} the policy let nothing through.")
    at_once = inside(np.array([at for at, _, _ in run.checks], dtype=np.int64), summary.exposed)[0]
    fooled = [at for (at, fine, _), outside in zip(run.checks, at_once.tolist(), strict=True) if fine and outside]
    if fooled:
        times = _listed([clock(run, at)[:5] for at in fooled[:3]])
        said.append(f"A leak check at {times} said that all was fine. It cannot see an old connection.")
    elif run.checks and not windows:
        said.append("The leak checks said that all was fine, and it was.")
    return " ".join(said)


def _listed(words: Sequence[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else words[0]
