"""One day, before any policy acts: where the phone is, who uses it, what apps want to say.

Nature is drawn once, forward in time, from named streams. Nothing here knows the VPN: all policies meet the same day,
and adding an app or a stay leaves every other draw as it was. The horizon only cuts: a shorter day is the beginning of
a longer one.

Columns: bursts are rows sorted by time; a flow is one socket as its app would open it if nothing interfered, with the
instants at which it is opened and closed. What the world does to a flow in between is the engine's business.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate, cycle
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.base.streams import Streams
from sim.base.units import NEVER, SECOND, Duration, Instant
from sim.machines.events import DeviceSlept, DeviceWoke, WifiJoined
from sim.machines.machine import Event
from sim.world import usage
from sim.world.captures.traffic import CapturedFlow
from sim.world.demand import Demand, demand, postponed
from sim.world.intervals import Intervals, Ints, clip, joined, paired, rows_between
from sim.world.recorded import recorded
from sim.world.scenario import App, Poisson, Push, Scenario, Sockets
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


CAPTURED = LOOK_UP.model_copy(update={"name": "captured"})
"""The socket of a captured flow; its own traits are filled in, and its traffic is what was captured."""


class _Asker(NamedTuple):
    """Whose look-ups of which name, and by which resolver: they share a cache."""

    owner: str
    domain: str
    system: bool = True
    doh: bool = False
    doh_address: str = ""


_SYSTEM = _Asker("system", NETWORK_CHANGE)
CHECK = LOOK_UP.model_copy(update={"name": "connectivity check", "destination": "link"})
"""The socket of a connectivity check; typical packets, as large as a look-up's."""


class Kind(NamedTuple):
    """What all sockets of one entry of a scenario have in common."""

    owner: str
    system: bool
    sockets: Sockets
    look_ups: bool = False
    """These are look-ups made for the owner, not its own traffic."""

    @property
    def pushed(self) -> bool:
        """The other side begins its bursts."""
        return isinstance(self.sockets.traffic, Push)

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
    interruptions: Intervals
    """When one was executed and nothing passed on cellular."""
    roams: Intervals
    """When the phone changed access points and nothing passed on Wi-Fi."""
    signal: tuple[tuple[Instant, float], ...] = field(default=())
    """From when on which RSRP. [dBm]"""
    destination: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    """(n_flows,) where on the internet each flow goes, as a share of the public IPv4 addresses below it; empty if no
    network of the scenario has routes of its own, so that it does not matter."""
    radios: tuple[tuple[Instant, str], ...] = field(default=())
    """From when on which cellular radio: names of parameter sets."""
    rats: tuple[tuple[Instant, str], ...] = field(default=())
    """From when on which RAT, as a recording calls it; empty without one."""
    round_trips: tuple[tuple[Instant, Duration], ...] = field(default=())
    """From when on which round trip over cellular, where it was recorded. [µs]"""
    losses: tuple[tuple[Instant, float], ...] = field(default=())
    """From when on which loss on cellular, per packet and direction, where it was recorded."""

    @cached_property
    def kind_of(self) -> list[Kind]:
        """The kind of each flow."""
        return [self.kinds[number] for number in self.kind.tolist()]


def draw(scenario: Scenario, streams: Streams) -> Nature:
    """Draw the day of `scenario` from `streams`."""
    horizon = scenario.duration
    fronts = [usage.foreground(app, scenario, streams) for app in scenario.apps]
    front = clip(joined(fronts), horizon)
    where = recorded(scenario, front, streams) if scenario.recording else whereabouts(scenario, front, streams)
    screen = clip(joined([*fronts, usage.unlocked(scenario)]), horizon)
    wanted = [
        demand(entry, streams)
        for app, front in zip(scenario.apps, fronts, strict=True)
        for entry in usage.entries(app, front, scenario, streams)
    ]
    captured = [flows for app in scenario.apps for flows in _captured(app, scenario)]
    spoke = joined([paired(flows.at, flows.at + SECOND) for flows in captured])
    asleep = usage.sleep(scenario, screen, wanted, spoke, streams)
    sockets = [_sockets(postponed(bursts, asleep), streams) for bursts in wanted]
    flows = [
        *sockets,
        *captured,
        *_look_ups(sockets, horizon),
        *_look_ups_at_changes(where.changes, scenario, streams),
        *_checks_at_joins(where.script, scenario),
    ]
    nights = zip(asleep.ravel().tolist(), cycle((DeviceSlept(), DeviceWoke())), strict=False)
    handovers = np.concatenate([_NONE, *where.handovers])
    routed = any(w.routes_of_its_own for w in scenario.wifi)
    script = sorted((line for line in (*where.script, *nights) if line[0] < horizon), key=lambda line: line[0])
    return Nature(
        horizon=horizon,
        **_laid_out(flows, streams),
        destination=_destinations(flows, streams) if routed else np.empty(0),
        script=tuple(script),
        screen_on=screen,
        asleep=asleep,
        handovers=handovers[handovers < horizon],
        interruptions=clip(joined(where.interruptions), horizon),
        roams=clip(joined(where.roams), horizon),
        signal=tuple(where.signal),
        radios=tuple(where.radios),
        rats=tuple(where.rats),
        round_trips=tuple(where.round_trips),
        losses=tuple(where.losses),
    )


class _Flows(NamedTuple):
    """The flows of one kind, and their bursts."""

    kind: Kind
    origins: list[tuple[str, int]]
    """Whose streams their luck comes from, and for how many of them each."""
    opens: Ints
    closes: Ints
    at: Ints
    flow: Ints
    """Number of each burst's flow among these."""
    sizes: Ints


# Sockets --------------------------------------------------------------------------------------------------------------


def _sockets(wanted: Demand, streams: Streams) -> _Flows:
    """Open and close the sockets of each slot of an entry, and give each burst to the socket that is open."""
    entry, at, holding = wanted.entry, wanted.at.tolist(), wanted.entry.holds.tolist()
    rows: list[int] = []
    origins = []
    for slot, low, high in zip(wanted.slots, wanted.edges, wanted.edges[1:], strict=False):
        own = _one_after_another(entry.sockets, holding, at[low:high], low, slot, streams)
        origins.append((slot, len(own) // 4))
        rows += own
    opens, closes, first, behind = np.array(rows, dtype=np.int64).reshape(-1, 4).T
    served, flow = rows_between(first, behind)
    kind = Kind(entry.app.name, entry.app.kind == "system", entry.sockets)
    return _Flows(kind, origins, opens, closes, wanted.at[served], flow, wanted.sizes.take(served, axis=1))


def _one_after_another(
    spec: Sockets, holding: list[list[Instant]], at: list[Instant], low: int, slot: str, streams: Streams
) -> list[int]:
    """The sockets of a slot, one after the other in each interval in which its app may hold one.

    Parameters
    ----------
    at : the slot's bursts, ascending. [µs]
    low : the row number of the first of them

    Returns
    -------
    list
        For each, end to end: when it is opened and closed, and the row numbers of the first burst that it serves and of
        the first behind.
    """
    lives = streams.draws(f"sockets.life.{slot}", spec.lifetime)
    pauses = streams.draws(f"sockets.pause.{slot}", spec.reopen.after) if spec.reopen.when == "at-once" else None
    with_app, one_only = spec.opens == "with-app", spec.reopen.when == "never"
    found: list[int] = []
    row = 0
    at.append(NEVER)
    for begin, end in holding:
        row = bisect_left(at, begin, row)
        now = begin if with_app else at[row]
        while now < end:
            close = min(now + (next(lives) or 1), end)
            behind = bisect_left(at, close, row)
            found += (now, close, low + row, low + behind)
            if one_only:
                break
            row = behind
            now = at[row] if pauses is None else min(at[row], close + next(pauses))
    return found


# Captured traffic -----------------------------------------------------------------------------------------------------


def _captured(app: App, scenario: Scenario) -> list[_Flows]:
    """The flows that an app plays from a capture, kind by kind: as they were, but for their luck."""
    if app.captured is None:
        return []
    kinds: dict[tuple[Any, ...], list[CapturedFlow]] = {}
    for flow in scenario.captures[app.captured]:
        if flow.app == app.name and flow.opened < scenario.duration:
            kinds.setdefault(flow.kind, []).append(flow)
    return [_as_captured(app, flows, scenario.duration) for flows in kinds.values()]


def _as_captured(app: App, flows: list[CapturedFlow], horizon: Instant) -> _Flows:
    """Flows of one kind, up to the horizon. A flow is the beginning of itself, so a shorter day of a longer one."""
    _, transport, family, destination, address, domain, clear_text = flows[0].kind
    sockets = CAPTURED.model_copy(
        update={
            "transport": transport,
            "family": family,
            "destination": destination,
            "address": address,
            "domain": domain,
            "clear_text": clear_text,
        }
    )
    bursts = [(number, *burst) for number, flow in enumerate(flows) for burst in flow.bursts if burst.at < horizon]
    flow, at, up, down = np.array(bursts, dtype=np.int64).reshape(-1, 4).T
    opens = np.array([f.opened for f in flows], dtype=np.int64)
    closes = np.array([min(f.closed, horizon) for f in flows], dtype=np.int64)
    origins = [("captured." + "/".join(map(str, flows[0].kind)), len(flows))]
    return _Flows(Kind(app.name, app.kind == "system", sockets), origins, opens, closes, at, flow, np.stack((up, down)))


# Look-ups -------------------------------------------------------------------------------------------------------------


def _look_ups(sockets: list[_Flows], horizon: Instant) -> list[_Flows]:
    """A name is looked up before a socket is opened, unless the last answer is still fresh."""
    opened: dict[_Asker, list[Instant]] = {}
    fresh_for: dict[_Asker, Duration] = {}
    for flows in sockets:
        spec = flows.kind.sockets
        if spec.domain:
            asker = _Asker(flows.kind.owner, spec.domain, flows.kind.system, spec.doh, spec.doh_address)
            opened.setdefault(asker, []).extend(flows.opens.tolist())
            fresh_for.setdefault(asker, spec.dns_ttl)
    found = []
    for asker, instants in opened.items():
        fresh_until, asked = -1, []
        for at in sorted(instants):
            if at >= fresh_until:
                asked.append(at)
                fresh_until = at + fresh_for[asker]
        over_https = f"/doh/{asker.doh_address}" if asker.doh else ""
        origins = [(f"{asker.owner}/dns/{asker.domain}{over_https}", len(asked))]
        found.append(_queries(asker, origins, np.array(asked, dtype=np.int64), horizon))
    return found


def _look_ups_at_changes(changes: dict[Instant, list[Instant]], scenario: Scenario, streams: Streams) -> list[_Flows]:
    """Queries of the system that a network change provokes, before the resolver order is updated."""
    mean = scenario.device.behaviour.look_ups_at_network_change
    asked, origins = [_NONE], []
    for stay, instants in changes.items():
        if instants and mean:
            name = f"look ups at network change.{stay}"
            at = np.array(instants, dtype=np.int64).repeat(streams.of(name).poisson(mean, len(instants)))
            asked.append(at[at < scenario.duration])
            origins.append((name, len(asked[-1])))
    return [_queries(_SYSTEM, origins, np.concatenate(asked), scenario.duration)] if origins else []


def _checks_at_joins(script: list[tuple[Instant, Event]], scenario: Scenario) -> list[_Flows]:
    """What the system sends at each Wi-Fi join to see whether there is an internet behind it."""
    joins = sorted(at for at, event in script if isinstance(event, WifiJoined) and at < scenario.duration)
    asked = np.array(joins, dtype=np.int64).repeat(scenario.device.behaviour.checks_at_join)
    if not len(asked):
        return []
    kind = Kind("system", True, CHECK)
    sizes = np.full((2, len(asked)), [[QUERY], [RESPONSE]])
    closes, numbers = np.minimum(asked + SECOND, scenario.duration), np.arange(len(asked))
    return [_Flows(kind, [("checks at join", len(asked))], asked, closes, asked, numbers, sizes)]


def _queries(asker: _Asker, origins: list[tuple[str, int]], at: Ints, horizon: Instant) -> _Flows:
    """Each query is a flow of its own: a fresh port, gone when the answer has come.

    # MODEL: a query over HTTPS is as large as a plain one. Bias: bytes of such look-ups are too few.
    """
    # MODEL: that takes a second, whatever the resolver. Bias: none on bytes; exposed seconds of look-ups are too long.
    changes = {"domain": asker.domain}
    if asker.doh:
        changes |= {"name": "doh", "destination": "internet", "address": asker.doh_address}
    # The system looks names up for its apps; an app that uses HTTPS does it by itself.
    kind = Kind(asker.owner, asker.system or not asker.doh, LOOK_UP.model_copy(update=changes), look_ups=True)
    sizes = np.full((2, len(at)), [[QUERY], [RESPONSE]])
    return _Flows(kind, origins, at, np.minimum(at + SECOND, horizon), at, np.arange(len(at)), sizes)


# Columns --------------------------------------------------------------------------------------------------------------


def _laid_out(flows: list[_Flows], streams: Streams) -> dict[str, Any]:
    """The columns of :class:`Nature`: flows kind by kind, bursts in order of time."""
    counts = [len(part.opens) for part in flows]
    flow = np.concatenate(
        [_NONE, *(p.flow + before for p, before in zip(flows, accumulate([0, *counts]), strict=False))]
    )
    at = np.concatenate([_NONE, *(part.at for part in flows)])
    order = np.argsort(at, kind="stable")
    return {
        "kinds": tuple(part.kind for part in flows),
        "opens": np.concatenate([_NONE, *(part.opens for part in flows)]),
        "closes": np.concatenate([_NONE, *(part.closes for part in flows)]),
        "kind": np.arange(len(flows)).repeat(counts),
        "luck": _lucks([origin for part in flows for origin in part.origins], streams),
        "at": at[order],
        "flow": flow[order],
        "up": np.concatenate([_NONE, *(part.sizes[0] for part in flows)])[order],
        "down": np.concatenate([_NONE, *(part.sizes[1] for part in flows)])[order],
    }


def _lucks(origins: list[tuple[str, int]], streams: Streams) -> NDArray[np.float64]:
    luck = np.empty((sum(n for _, n in origins), LUCKS))
    first = 0
    for name, n in origins:
        streams.of(f"luck.{name}").random(out=luck[first : first + n])
        first += n
    return luck


def _destinations(flows: list[_Flows], streams: Streams) -> NDArray[np.float64]:
    origins = [origin for part in flows for origin in part.origins]
    parts = [streams.of(f"destination.{name}").random(n) for name, n in origins]
    return np.concatenate([np.empty(0), *parts])


_NONE = np.empty(0, dtype=np.int64)
