"""One day, before any policy acts: where the phone is, who uses it, what apps want to say.

Nature is drawn once, forward in time, from named streams. Nothing here knows the VPN: all policies meet the same day, and adding
an app or a stay leaves every other draw as it was. The horizon only cuts: a shorter day is the beginning of a longer one.

Columns: bursts are rows sorted by time; a flow is one socket as its app would open it if nothing interfered, with the
instants at which it is opened and closed. What the world does to a flow in between is the engine's business.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.base.streams import Streams
from sim.base.units import NEVER, SECOND, Duration, Instant
from sim.machines.events import DeviceSlept, DeviceWoke
from sim.machines.machine import Event
from sim.world import usage
from sim.world.demand import Demand, demands, postponed
from sim.world.intervals import Intervals, clip, joined, rows_between
from sim.world.intervals import Ints as Ints
from sim.world.scenario import Poisson, Scenario, Sockets
from sim.world.whereabouts import whereabouts

LUCKS = 16
"""Uniform numbers drawn with each flow, for what chance decides about it later."""
NETWORK_CHANGE = "(network change)"
"""The domain label of look-ups that a network change provokes."""
QUERY, RESPONSE = 75, 180
"""Typical sizes of a DNS query and its response. [bytes]"""
LOOK_UP = Sockets(
    name="dns", transport="udp-unconnected", destination="resolver", traffic=Poisson.model_validate({"every": "1 min"})
)
"""The socket of a query; the domain is filled in, and the traffic is one query each."""


class Kind(NamedTuple):
    """What all sockets of one entry of a scenario have in common."""

    owner: str
    system: bool
    sockets: Sockets
    look_ups: bool = False
    """These are look-ups made for the owner, not its own traffic."""

    @property
    def label(self) -> str:
        """For people: "mail/imap", or "mail/dns"."""
        return f"{self.owner}/{self.sockets.name}"


@dataclass(frozen=True)
class Nature:
    """A day as it would be without any VPN."""

    horizon: Instant
    kinds: tuple[Kind, ...]
    opens: Ints
    """(n_flows,) when each socket is opened. [µs]"""
    closes: Ints
    """(n_flows,) when its app or server would close it. [µs]"""
    kind: Ints
    """(n_flows,) index into `kinds`."""
    luck: NDArray[np.float64]
    """(n_flows, LUCKS) uniform numbers."""
    at: Ints
    """(n_bursts,) instants, ascending. [µs]"""
    flow: Ints
    """(n_bursts,) index of a flow."""
    up: Ints
    """(n_bursts,) sent. [bytes]"""
    down: Ints
    """(n_bursts,) received. [bytes]"""
    script: tuple[tuple[Instant, Event], ...]
    """What happens to the phone, in order."""
    screen_on: Intervals
    asleep: Intervals
    handovers: Ints
    """Cell changes, (n,). [µs]"""
    signal: tuple[tuple[Instant, float], ...] = field(default=())
    """From when on which RSRP. [dBm]"""


def draw(scenario: Scenario, streams: Streams) -> Nature:
    """Draw the day of `scenario` from `streams`."""
    horizon = scenario.duration
    where = whereabouts(scenario, streams)
    fronts = [usage.foreground(app, scenario, streams) for app in scenario.apps]
    screen = clip(joined([*fronts, usage.unlocked(scenario)]), horizon)
    entries = [e for app, front in zip(scenario.apps, fronts, strict=True) for e in usage.entries(app, front, scenario, streams)]
    wanted = demands(entries, streams)
    asleep = usage.sleep(scenario, screen, wanted, streams)
    sockets = _sockets([postponed(demand, asleep) for demand in wanted], streams)
    flows = [*sockets, *_look_ups(sockets, horizon), *_look_ups_at_changes(where.changes, scenario, streams)]
    fell_asleep, woke = DeviceSlept(), DeviceWoke()
    nights = [(at, event) for begin, end in asleep.tolist() for at, event in ((begin, fell_asleep), (end, woke))]
    script = sorted((line for line in (*where.script, *nights) if line[0] < horizon), key=lambda line: line[0])
    return Nature(
        horizon=horizon,
        **_laid_out(flows, streams),
        script=tuple(script),
        screen_on=screen,
        asleep=asleep,
        handovers=np.concatenate([np.empty(0, dtype=np.int64), *where.handovers]),
        signal=tuple((scenario.instant(stay.at), stay.signal_dbm) for stay in scenario.stays),
    )


class _Flows(NamedTuple):
    """The flows of one slot, or the look-ups of one name, and their bursts."""

    kind: Kind
    name: str
    """For the stream of their luck."""
    opens: Ints
    closes: Ints
    at: Ints
    flow: Ints
    """Number of each burst's flow among these."""
    sizes: Ints


# Sockets --------------------------------------------------------------------------------------------------------------------


def _sockets(wanted: list[Demand], streams: Streams) -> list[_Flows]:
    """Open and close the sockets of each slot, and give each burst to the socket that is open."""
    found: list[_Flows] = []
    entry = None
    for demand in wanted:
        if demand.entry is not entry:
            entry = demand.entry
            kind, holding = Kind(entry.app.name, entry.app.kind == "system", entry.sockets), entry.holds.tolist()
        rows = _one_after_another(entry.sockets, holding, demand.at.tolist(), demand.slot, streams)
        opens, closes, first, behind = np.array(rows, dtype=np.int64).reshape(-1, 4).T
        served, flow = rows_between(first, behind)
        found.append(_Flows(kind, demand.slot, opens, closes, demand.at[served], flow, demand.sizes[served]))
    return found


def _one_after_another(
    spec: Sockets, holding: list[list[Instant]], at: list[Instant], slot: str, streams: Streams
) -> list[tuple[Instant, Instant, int, int]]:
    """The sockets of a slot, one after the other in each interval in which its app may hold one.

    Returns
    -------
    list
        When each is opened and closed, and which bursts (of those `at`) it serves: from row number … up to row number …
    """
    lives = streams.draws(f"sockets.life.{slot}", spec.lifetime)
    pauses = streams.draws(f"sockets.pause.{slot}", spec.reopen.after) if spec.reopen.when == "at-once" else None
    found, row = [], 0
    at.append(NEVER)
    for begin, end in holding:
        row = bisect_left(at, begin, row)
        now = begin if spec.opens == "with-app" else at[row]
        while now < end:
            close = min(now + (next(lives) or 1), end)
            behind = bisect_left(at, close, row)
            found.append((now, close, row, behind))
            if spec.reopen.when == "never":
                break
            row = behind
            now = at[row] if pauses is None else min(at[row], close + next(pauses))
    return found


# Look-ups -------------------------------------------------------------------------------------------------------------------


def _look_ups(sockets: list[_Flows], horizon: Instant) -> list[_Flows]:
    """A name is looked up before a socket is opened, unless the last answer is still fresh."""
    opened: dict[tuple[str, str], list[Instant]] = {}
    fresh_for: dict[tuple[str, str], Duration] = {}
    for flows in sockets:
        owner, spec = flows.kind.owner, flows.kind.sockets
        if spec.domain:
            opened.setdefault((owner, spec.domain), []).extend(flows.opens.tolist())
            fresh_for.setdefault((owner, spec.domain), spec.dns_ttl)
    found = []
    for (owner, domain), instants in opened.items():
        fresh_until, asked = -1, []
        for at in sorted(instants):
            if at >= fresh_until:
                asked.append(at)
                fresh_until = at + fresh_for[owner, domain]
        found.append(_queries(_resolving(owner, domain), f"{owner}/dns/{domain}", np.array(asked, dtype=np.int64), horizon))
    return found


def _look_ups_at_changes(changes: dict[Instant, list[Instant]], scenario: Scenario, streams: Streams) -> list[_Flows]:
    """Queries of the system that a network change provokes, before the resolver order is updated."""
    mean, horizon = scenario.device.behaviour.look_ups_at_network_change, scenario.duration
    kind, found = _resolving("system", NETWORK_CHANGE), []
    for stay, instants in changes.items():
        if instants and mean:
            counts = streams.of(f"look ups at network change.{stay}").poisson(mean, len(instants))
            at = np.repeat(np.array(instants, dtype=np.int64), counts)
            found.append(_queries(kind, f"look ups at network change.{stay}", at[at < horizon], horizon))
    return found


def _resolving(owner: str, domain: str) -> Kind:
    return Kind(owner, True, LOOK_UP.model_copy(update={"domain": domain}), look_ups=True)


def _queries(kind: Kind, name: str, at: Ints, horizon: Instant) -> _Flows:
    """Each query is a flow of its own: a fresh port, gone when the answer has come."""
    # MODEL: that takes a second, whatever the resolver. Bias: none on bytes; exposed seconds of look-ups are too long.
    closes = np.minimum(at + SECOND, horizon)
    return _Flows(kind, name, at, closes, at, np.arange(len(at)), np.full((len(at), 2), (QUERY, RESPONSE)))


# Columns --------------------------------------------------------------------------------------------------------------------


def _laid_out(flows: list[_Flows], streams: Streams) -> dict[str, Any]:
    """The columns of :class:`Nature`: flows kind by kind, bursts in order of time."""
    counts = [len(part.opens) for part in flows]
    first = np.cumsum([0, *counts]).tolist()
    kinds: list[Kind] = []
    kind = []
    luck = np.empty((first[-1], LUCKS))
    for part, begin, end in zip(flows, first, first[1:], strict=False):
        if not kinds or kinds[-1] is not part.kind:
            kinds.append(part.kind)
        kind.append(len(kinds) - 1)
        streams.of(f"luck.{part.name}").random(out=luck[begin:end])
    at = np.concatenate([_NONE, *(part.at for part in flows)])
    order = np.argsort(at, kind="stable")
    return {
        "kinds": tuple(kinds),
        "opens": np.concatenate([_NONE, *(part.opens for part in flows)]),
        "closes": np.concatenate([_NONE, *(part.closes for part in flows)]),
        "kind": np.repeat(np.array(kind, dtype=np.int64), counts),
        "luck": luck,
        "at": at[order],
        "flow": np.concatenate([_NONE, *(part.flow + begin for part, begin in zip(flows, first, strict=False))])[order],
        "up": np.concatenate([_NONE, *(part.sizes[:, 0] for part in flows)])[order],
        "down": np.concatenate([_NONE, *(part.sizes[:, 1] for part in flows)])[order],
    }


_NONE = np.empty(0, dtype=np.int64)
