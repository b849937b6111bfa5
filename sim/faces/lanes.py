"""What each lane of the picture shows: from a run to intervals and binned bursts. Nothing here draws."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.base.units import DAY, HOUR, MINUTE, SECOND, Duration, Instant
from sim.engine.simulate import Run
from sim.machines import events as ev
from sim.machines.routing import Cause, Fate
from sim.measure.explain import clock
from sim.measure.leaks import stretches
from sim.measure.summary import Summary
from sim.world.intervals import EMPTY, Intervals, clip, complement, joined, listed, paired, total
from sim.world.nature import Kind
from sim.world.recordings import rat_of

LOOK_UPS = "look-ups (DNS)"


class Band(NamedTuple):
    """Something that holds for a while."""

    begin: Instant
    end: Instant
    kind: str
    label: str = ""


class Bars(NamedTuple):
    """Bursts of one fate in one lane, summed by columns of the picture."""

    at: NDArray[np.float64]
    """Middle of each column that has any. [s]"""
    size: NDArray[np.float64]
    """[bytes]"""


class OwnerLane(NamedTuple):
    """All that is shown of one owner."""

    name: str
    system: bool
    exposed: Intervals
    bypassed: Intervals
    blocked: Intervals
    alive: Intervals
    bars: dict[Fate, Bars]
    leaked: int
    """[bytes]"""


def merged(steps: Iterable[tuple[Instant, str, str]], horizon: Instant) -> list[Band]:
    """From when on what holds → bands, equal neighbours joined."""
    found: list[Band] = []
    for at, kind, label in steps:
        if at >= horizon:
            break
        if found and found[-1].kind == kind and found[-1].label == label:
            continue
        if found:
            found[-1] = found[-1]._replace(end=at)
        found.append(Band(at, horizon, kind, label))
    return [band for band in found if band.begin < band.end]


def of_kind(found: list[Band], kind: str) -> Intervals:
    """The intervals of one kind."""
    return listed([(b.begin, b.end) for b in found if b.kind == kind])


def said(run: Run) -> list[Band]:
    """NEVPNStatus: what the phone showed."""
    return merged(((at, phase, "") for at, phase in run.timeline.phases("tunnel")), run.scenario.duration)


def truth(run: Run) -> list[Band]:
    """Whether a new connection would have been inside, and would have got through."""

    def kind(s: Any) -> str:
        if not s.intent:
            return "off"
        if s.default is None:
            return "offline"
        if not s.routes:
            return "none"
        return "inside" if s.answers else "stale"

    return merged(((s.begin, kind(s.situation), "") for s in run.standings), run.scenario.duration)


def path(run: Run) -> list[Band]:
    """The default path: Wi-Fi with its name, cellular, or nothing."""
    joins = [(r.at, r.event.ssid) for r in run.timeline if r.cause is None and isinstance(r.event, ev.WifiJoined)]
    steps, i, ssid = [], 0, ""
    for standing in run.standings:
        while i < len(joins) and joins[i][0] <= standing.begin:
            ssid, i = joins[i][1], i + 1
        default = standing.situation.default
        steps.append(
            (standing.begin, str(default.value) if default else "none", ssid if default is ev.Interface.WIFI else "")
        )
    return merged(steps, run.scenario.duration)


def rats(run: Run) -> list[Band]:
    """The radio access technology, where one was recorded: its generation, and the recorder's word for it."""
    steps = ((at, str(rat_of(word) or "none"), word) for at, word in run.world.nature.rats)
    return merged(steps, run.scenario.duration)


def holes(run: Run) -> Intervals:
    """When the default path kept its address and carried nothing."""
    return run.when(lambda s: s.default is not None and not s.works(s.default))


def provider(run: Run) -> list[Band]:
    """Phases of the VPN's process."""
    return merged(((at, phase, "") for at, phase in run.timeline.phases("provider")), run.scenario.duration)


def handshakes(run: Run) -> NDArray[np.float64]:
    """When the tunnel's keys were made. [s]"""
    return np.array([c.at / SECOND for c in run.control if c.name == run.world.protocol.handshake], dtype=np.float64)


def device(run: Run) -> list[Band]:
    """Screen on, screen off, asleep."""
    on, asleep = run.world.nature.screen_on, run.world.nature.asleep
    parts = (("on", on), ("asleep", asleep), ("locked", complement(joined([on, asleep]), run.scenario.duration)))
    return sorted(Band(a, b, kind, kind) for kind, intervals in parts for a, b in intervals.tolist())


def outside(summary: Summary) -> tuple[Intervals, NDArray[np.int64]]:
    """While at least one socket was outside: intervals (n, 2) with a constant number of them, and that number (n,)."""
    pieces = [(s.begin, s.end) for w in summary.windows for s in w.stretches]
    if not pieces:
        return EMPTY, np.empty(0, dtype=np.int64)
    both = np.array(pieces, dtype=np.int64)
    at, place = np.unique(both, return_inverse=True)
    place = place.reshape(both.shape)
    change = np.bincount(place[:, 0], minlength=len(at)) - np.bincount(place[:, 1], minlength=len(at))
    count = np.cumsum(change)[:-1]
    some = count > 0
    return np.stack((at[:-1], at[1:]), axis=1)[some], count[some]


def causes(summary: Summary) -> list[tuple[Cause, Intervals]]:
    """When there were windows of each cause; the longest in all first."""
    found: dict[Cause, list[tuple[int, int]]] = {}
    for window in summary.windows:
        found.setdefault(window.cause, []).append((window.begin, window.end))
    rows = [(cause, joined([listed(pairs)])) for cause, pairs in found.items()]
    return sorted(rows, key=lambda row: -total(row[1]))


def name_of(kind: Kind) -> tuple[str, bool]:
    """The lane of a kind of sockets, and whether it is the platform's. Look-ups share one, whoever made them."""
    if kind.look_ups or kind.sockets.destination == "resolver":
        return LOOK_UPS, False
    return kind.owner, kind.system


def owner_lanes(summary: Summary, columns: int) -> list[OwnerLane]:
    """A lane for each owner: apps by exposed time, longest first, and then the platform's services."""
    run = summary.run
    nature, ledger, horizon = run.world.nature, run.ledger, run.scenario.duration
    names = list(dict.fromkeys(name_of(kind) for kind in nature.kinds))
    lane_of_kind = np.array([names.index(name_of(kind)) for kind in nature.kinds], dtype=np.int64)
    lane_of_flow = lane_of_kind[nature.kind] if len(nature.kind) else np.empty(0, dtype=np.int64)
    lane_of_burst = lane_of_flow[ledger.flow]
    exposed = _by_lane(
        ((s.flow, s.begin, s.end) for w in summary.windows for s in w.stretches), lane_of_flow, len(names)
    )
    bypassed = _by_lane(((s.flow, s.begin, s.end) for s in summary.bypasses), lane_of_flow, len(names))
    blocked = _by_lane(((s.flow, s.begin, s.end) for s in stretches(run, lambda v: v.blocks)), lane_of_flow, len(names))
    lanes = []
    for i, (name, system) in enumerate(names):
        members = np.flatnonzero(lane_of_flow == i)
        alive = clip(joined([paired(nature.opens[members], nature.closes[members])]), horizon)
        rows = np.flatnonzero(lane_of_burst == i)
        bars = {fate: _bars(run, rows[ledger.fate[rows] == fate], columns) for fate in Fate}
        leaked = int(bars[Fate.LEAKED].size.sum())
        lanes.append(OwnerLane(name, system, exposed[i], bypassed[i], blocked[i], alive, bars, leaked))
    lanes = [lane for lane in lanes if any(len(bars.at) for bars in lane.bars.values()) or len(lane.exposed)]
    return sorted(lanes, key=lambda lane: (lane.system, -total(lane.exposed), -lane.leaked, lane.name))


def _by_lane(pieces: Iterable[tuple[int, int, int]], lane_of_flow: NDArray[np.int64], n: int) -> list[Intervals]:
    found: list[list[tuple[int, int]]] = [[] for _ in range(n)]
    for flow, begin, end in pieces:
        found[lane_of_flow[flow]].append((begin, end))
    return [joined([listed(pairs)]) for pairs in found]


def _bars(run: Run, rows: NDArray[np.int64], columns: int) -> Bars:
    horizon, ledger = run.scenario.duration, run.ledger
    size = ledger.size[rows].astype(np.float64)
    column = np.minimum(ledger.settled[rows] * columns // horizon, columns - 1)
    sums = np.bincount(column, weights=size, minlength=columns)
    used = np.flatnonzero(sums)
    middles = (used.astype(np.float64) + 0.5) * (horizon / SECOND / columns)
    return Bars(middles, sums[used].astype(np.float64))


_STEPS = (
    SECOND, 2 * SECOND, 5 * SECOND, 10 * SECOND, 15 * SECOND, 30 * SECOND, MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE,
    15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY, 7 * DAY,
)  # fmt: skip


def times(run: Run, most: int) -> list[tuple[float, str]]:
    """Labels of the time axis at round times of day: where [s], and the words."""
    horizon, start = run.scenario.duration, run.scenario.start
    since_midnight = ((start.hour * 60 + start.minute) * 60 + start.second) * SECOND + start.microsecond
    step: Duration = next((s for s in _STEPS if horizon / s <= most), -(-horizon // (most * DAY)) * DAY)
    first = -since_midnight % step
    fine, long = step < MINUTE, horizon > DAY

    def label(at: Instant) -> str:
        words = clock(run, at) if fine else clock(run, at)[:5]
        day = (at + since_midnight) // DAY + 1
        return f"day {day}, {words}" if long and (step >= DAY or words == "00:00") else words

    return [(at / SECOND, label(at)) for at in range(first, horizon + 1, step)]


_DEEDS: dict[type, Callable[[Any], str]] = {
    ev.VpnTurnedOn: lambda e: "VPN on",
    ev.VpnTurnedOff: lambda e: "VPN off",
    ev.ServerChosen: lambda e: f"server {e.server}",
    ev.KeyRotated: lambda e: "new keys",
    ev.AppUpdated: lambda e: "VPN app updated",
    ev.AirplaneTurnedOn: lambda e: "airplane on",
    ev.AirplaneTurnedOff: lambda e: "airplane off",
    ev.WifiSwitched: lambda e: f"Wi-Fi {'on' if e.on else 'off'}",
    ev.Rebooted: lambda e: "restart",
    ev.FirstUnlocked: lambda e: "first unlock",
    ev.ServerWentSilent: lambda e: "server silent",
    ev.ServerCameBack: lambda e: "server back",
    ev.ServerRestarted: lambda e: "server restarts",
    ev.ProviderCrashed: lambda e: "VPN crashes",
}


def deeds(summary: Summary) -> list[tuple[float, str]]:
    """What was done, and what leak checks said: where [s], and the words."""
    run = summary.run
    found = [
        (r.at / SECOND, _DEEDS[type(r.event)](r.event))
        for r in run.timeline
        if r.cause is None and type(r.event) in _DEEDS
    ]
    words = {True: "all fine", False: "leak"}
    found += [
        (at / SECOND, f"leak check: “{words[fine] if answered or fine else 'no answer'}”")
        for at, fine, answered in run.checks
    ]
    return sorted(found)
