"""One day, before any policy acts: where the phone is, who uses it, what apps want to say.

Nature is drawn once, forward in time, from named streams. Nothing here knows the VPN: all policies meet the same day, and adding
an app or a place leaves every other draw as it was. The horizon only cuts: a shorter day is the beginning of a longer one.

Columns: bursts are rows sorted by time; a flow is one socket as its app would open it if nothing interfered, with the
instants at which it is opened and closed. What the world does to a flow in between is the engine's business.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field
from datetime import time
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.base.laws import Law
from sim.base.streams import Streams
from sim.base.units import DAY, HOUR, MINUTE, SECOND, Duration, Instant
from sim.machines.events import (
    CellularAttached,
    CellularLost,
    DeviceSlept,
    DeviceWoke,
    HoleBegan,
    HoleEnded,
    Interface,
    PortalPassed,
    WifiDemoted,
    WifiFaded,
    WifiJoined,
    WifiLost,
)
from sim.machines.machine import Event
from sim.world.intervals import Intervals, clip, complement, inside, joined, to_real
from sim.world.scenario import App, Clusters, ConstantRate, Periodic, Poisson, Push, Scenario, Sockets, Stay, Wifi

Ints = NDArray[np.int64]
BY_HAND = frozenset(
    {"vpn_on", "vpn_off", "choose_server", "airplane_on", "airplane_off", "wifi_on", "wifi_off", "unlock", "app_open",
     "app_close", "reboot", "leak_check"}
)  # fmt: skip
"""Deeds for which somebody holds the phone."""
LUCKS = 16
"""Uniform numbers drawn with each flow, for what chance decides about it later."""
LOOK_UP_UP, LOOK_UP_DOWN = 75, 180  # typical DNS query and response [bytes]


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
    path = _Path(scenario, streams)
    fronts = {app.name: _foreground(app, scenario, streams) for app in scenario.apps}
    screen = clip(joined([*fronts.values(), _unlocked(scenario)]), horizon)
    demands = [d for app in scenario.apps for d in _demands(app, fronts[app.name], scenario, streams)]
    asleep = _sleep(scenario, screen, demands, streams)
    flows = _Flows(scenario, streams)
    for demand in demands:
        flows.add(demand, asleep)
    flows.add_look_ups()
    flows.add_network_change_look_ups(path.changes)
    script = path.script + [(b, DeviceSlept()) for b in asleep[:, 0].tolist()] + [(e, DeviceWoke()) for e in asleep[:, 1].tolist()]
    ordered = sorted(((int(t), e) for t, e in script if t < horizon), key=lambda line: line[0])
    return flows.finish(tuple(ordered), screen, asleep, path)


# Where the phone is ------------------------------------------------------------------------------------------------------


class _Path:
    """Stays → what the radios can reach."""

    def __init__(self, scenario: Scenario, streams: Streams) -> None:
        self.script: list[tuple[Instant, Event]] = []
        self.changes: list[Instant] = []
        handovers: list[Ints] = []
        self._scenario, self._streams = scenario, streams
        self._wifis = {w.ssid: w for w in scenario.wifi}
        begins = [scenario.instant(stay.at) for stay in scenario.stays]
        before: Stay | None = None
        for i, (begin, stay) in enumerate(zip(begins, scenario.stays, strict=True)):
            end = begins[i + 1] if i + 1 < len(begins) else scenario.duration
            rng = streams.of(f"path.stay.{i}")
            self._wifi_of(stay, before, begin, end, rng)
            if before is None or stay.cellular != before.cellular:
                self.script.append((begin, CellularAttached() if stay.cellular else CellularLost()))
            if stay.outages and stay.cellular:
                self._outages(stay, begin, end, streams.of(f"path.outages.{i}"))
            if stay.handovers_per_minute and stay.cellular:
                rate = MINUTE / stay.handovers_per_minute
                handovers.append(begin + _poisson(streams.of(f"path.handovers.{i}"), rate, end - begin))
            before = stay
        self.handovers = np.concatenate(handovers) if handovers else np.empty(0, dtype=np.int64)
        self.signal = tuple((b, s.signal_dbm) for b, s in zip(begins, scenario.stays, strict=True))
        self.script.sort(key=lambda line: line[0])

    def _wifi_of(self, stay: Stay, before: Stay | None, begin: Instant, end: Instant, rng: np.random.Generator) -> None:
        free = begin
        if before is not None and before.wifi is not None and before.wifi != stay.wifi:
            free = self._leave(stay.leaving, begin, rng)
        if stay.wifi is None or (before is not None and before.wifi == stay.wifi and not stay.flapping):
            return
        wifi = self._wifis[stay.wifi]
        now = self._join(wifi, free, end, rng, at_once=before is None)
        while stay.flapping and now < end:
            gone = now + stay.flapping.stays.at(rng.random())
            if gone >= end:
                break
            free = self._leave(stay.leaving, gone, rng)
            now = self._join(wifi, max(free, gone + stay.flapping.away.at(rng.random())), end, rng)

    def _join(self, wifi: Wifi, at: Instant, end: Instant, rng: np.random.Generator, at_once: bool = False) -> Instant:
        took = 0 if at_once else wifi.join.at(rng.random())
        luck = float(rng.random())
        joined_at = at + took
        if joined_at < end:
            self.script.append((joined_at, WifiJoined(wifi.ssid, luck, wifi.portal is not None)))
            self.changes.append(joined_at)
            if wifi.portal is not None:
                self.script.append((joined_at + wifi.portal.at(rng.random()), PortalPassed()))
        return joined_at

    def _leave(self, how: str, at: Instant, rng: np.random.Generator) -> Instant:
        rules, u = self._scenario.path, float(rng.random())
        self.changes.append(at)
        match how:
            case "fade":
                gone = at + rules.weak_wifi.at(u)
                self.script += [(at, WifiFaded()), (gone, WifiLost())]
                return gone
            case "overlap":
                gone = at + rules.overlap.at(u)
                self.script += [(at, WifiDemoted()), (gone, WifiLost())]
                return gone
            case _:
                self.script.append((at, WifiLost(rules.handover_gap.at(u))))
                return at

    def _outages(self, stay: Stay, begin: Instant, end: Instant, rng: np.random.Generator) -> None:
        outages = stay.outages
        assert outages is not None
        if not outages.per_hour:
            return
        now = begin
        while True:
            now += round(float(rng.standard_exponential()) * HOUR / outages.per_hour)
            law = outages.long_length if rng.random() < outages.long_share else outages.length
            length = max(law.at(float(rng.random())), 1)
            if now >= end:
                return
            self.script += [(now, HoleBegan(Interface.CELLULAR)), (min(now + length, end), HoleEnded(Interface.CELLULAR))]
            now += length


# Who uses it -------------------------------------------------------------------------------------------------------------


def _foreground(app: App, scenario: Scenario, streams: Streams) -> Intervals:
    """When `app` is in front: from its start, by the timeline, or by its law of visits."""
    horizon = scenario.duration
    spans: list[tuple[Instant, Instant]] = []
    opened: Instant | None = scenario.instant(app.starts) if app.in_front and app.starts is not None else None
    paused = False
    for at, do in sorted((scenario.instant(a.at), a.do) for a in scenario.timeline if a.do in ("lock", "unlock") or a.app == app.name):
        if do == "app_open" and opened is None:
            opened, paused = at, False
        elif do in ("app_close", "lock") and opened is not None:
            spans.append((opened, at))
            opened, paused = None, do == "lock"
        elif do == "unlock" and paused:
            opened, paused = at, False
    if opened is not None:
        spans.append((opened, horizon))
    timeline = np.array(spans, dtype=np.int64).reshape(-1, 2)
    if app.visits is None:
        return clip(timeline, horizon)
    # Visits are a Poisson process in the hours of the day in which they may happen.
    first, last = (_of_day(clock) for clock in app.visits.between)
    offset = _of_day(scenario.start)
    days = -(-(horizon + offset) // DAY)
    windows = clip(np.array([(d * DAY + first - offset, d * DAY + last - offset) for d in range(days)], dtype=np.int64), horizon)
    length = last - first
    rng = streams.of(f"visits.{app.name}")
    begins = to_real(_poisson(rng, length / app.visits.per_day, int((windows[:, 1] - windows[:, 0]).sum())), windows)
    lengths = app.visits.length.sample(streams.of(f"visits.length.{app.name}"), len(begins))
    visits = np.stack((begins, begins + np.maximum(lengths, 1)), axis=1)
    return clip(joined([timeline, visits]), horizon)


def _unlocked(scenario: Scenario) -> Intervals:
    """Screen time from the timeline's own lock and unlock."""
    spans: list[tuple[Instant, Instant]] = []
    since: Instant | None = None
    for at, do in sorted((scenario.instant(a.at), a.do) for a in scenario.timeline if a.do in ("lock", "unlock")):
        if do == "unlock" and since is None:
            since = at
        elif do == "lock" and since is not None:
            spans.append((since, at))
            since = None
    if since is not None:
        spans.append((since, scenario.duration))
    return np.array(spans, dtype=np.int64).reshape(-1, 2)


def _of_day(clock: time) -> Duration:
    return ((clock.hour * 60 + clock.minute) * 60 + clock.second) * SECOND


def _sleep(scenario: Scenario, screen: Intervals, demands: list[_Demand], streams: Streams) -> Intervals:
    """When the device sleeps: a while after the screen goes dark, but for maintenance, pushes and audio."""
    device, horizon = scenario.device, scenario.duration
    if not device.sleeps:
        return np.empty((0, 2), dtype=np.int64)
    playing = [d.running for d in demands if d.app.background == "audio"]
    dark = complement(joined([screen, *playing]), horizon)
    delays = device.sleep_after.sample(streams.of("sleep.after"), len(dark))
    begins = dark[:, 0] + delays
    pushes = np.sort(np.concatenate([d.at for d in demands if d.pushed] or [np.empty(0, dtype=np.int64)]))
    awake = np.stack((pushes, pushes + device.push_wake_for.sample(streams.of("sleep.push"), len(pushes))), axis=1)
    maintenance: list[tuple[Instant, Instant]] = []
    rng = streams.of("sleep.maintenance")
    for begin, end in zip(begins.tolist(), dark[:, 1].tolist(), strict=True):
        now = begin
        while now < end:
            now += device.wake_every.at(float(rng.random()))
            woke = device.wake_for.at(float(rng.random()))
            maintenance.append((now, now + woke))
            now += woke
    calm = np.stack((begins, dark[:, 1]), axis=1)
    calm = calm[calm[:, 0] < calm[:, 1]]
    # Whoever does something has woken the phone for it.
    deeds = np.array([scenario.instant(a.at) for a in scenario.timeline if a.do in BY_HAND], dtype=np.int64)
    used = np.stack((deeds - 10 * SECOND, deeds + MINUTE), axis=1)
    disturbed = joined([awake, used, np.array(maintenance, dtype=np.int64).reshape(-1, 2), complement(calm, horizon)])
    return complement(disturbed, horizon)


# What apps want to say -----------------------------------------------------------------------------------------------------


@dataclass
class _Demand:
    """The bursts of one socket slot of one app, and when that app runs and holds sockets."""

    app: App
    sockets: Sockets
    index: int
    running: Intervals
    holding: Intervals
    at: Ints
    up: Ints
    down: Ints
    pushed: bool


def _demands(app: App, front: Intervals, scenario: Scenario, streams: Streams) -> list[_Demand]:
    running, holding = _running(app, front, scenario, streams)
    found = []
    for sockets in app.sockets:
        for index in range(sockets.count):
            name = f"{app.name}/{sockets.name}/{index}"
            pushed = isinstance(sockets.traffic, Push)
            # A push reaches its app whenever the app may be woken for it.
            where = holding if pushed and app.background in ("push", "always") else running
            at, up, down = _traffic(sockets, where, name, streams)
            found.append(_Demand(app, sockets, index, running, holding, at, up, down, pushed))
    return found


def _running(app: App, front: Intervals, scenario: Scenario, streams: Streams) -> tuple[Intervals, Intervals]:
    """When the app's code runs, and when it holds sockets: these outlive suspension for a while (TN2277)."""
    horizon, behaviour = scenario.duration, scenario.device.behaviour
    start = scenario.instant(app.starts) if app.starts is not None else None
    first = min([t for t in (start, int(front[0, 0]) if len(front) else None) if t is not None], default=horizon)
    closed = [scenario.instant(a.at) for a in scenario.timeline if a.do == "app_close" and a.app == app.name]
    life = np.array([[first, min(closed, default=horizon)]], dtype=np.int64)
    if closed:
        life = clip(joined([life, front]), horizon)
    life = life[life[:, 0] < life[:, 1]]
    grace = np.stack((front[:, 0], front[:, 1] + behaviour.background_time), axis=1)
    if app.background in ("always", "audio"):
        return life, life
    active = [grace]
    if start is not None and not app.in_front and not len(front):
        active.append(np.array([[first, first + behaviour.background_time]], dtype=np.int64))
    if app.background == "refresh":
        rng = streams.of(f"refresh.{app.name}")
        moments, now = [], first
        while now < horizon:
            now += max(app.refresh_every.at(float(rng.random())), MINUTE)
            moments.append((now, now + behaviour.background_time))
        active.append(np.array(moments, dtype=np.int64))
    running = clip(joined(active), horizon)
    if closed:
        running = _cut(running, life)
    if app.background == "push":
        return running, life
    extra = behaviour.app_gives_up_after_suspension.sample(streams.of(f"suspension.{app.name}"), len(running))
    held = clip(joined([np.stack((running[:, 0], running[:, 1] + extra), axis=1)]), horizon)
    return running, _cut(held, life) if closed else held


def _cut(a: Intervals, b: Intervals) -> Intervals:
    """The common part of two sets of intervals."""
    end = int(max(a[:, 1].max(initial=0), b[:, 1].max(initial=0)))
    return complement(joined([complement(a, end), complement(b, end)]), end)


def _poisson(rng: np.random.Generator, mean: float, length: Duration) -> Ints:
    """Instants of a Poisson process with this mean spacing in [0, length), drawn forward."""
    if length <= 0:
        return np.empty(0, dtype=np.int64)
    expected = length / mean
    chunk = int(expected + 6 * expected**0.5 + 16)
    at = np.cumsum(rng.standard_exponential(chunk)) * mean
    while at[-1] < length:
        at = np.concatenate((at, at[-1] + np.cumsum(rng.standard_exponential(chunk)) * mean))
    return at[: int(np.searchsorted(at, length))].astype(np.int64)


def _sizes(size: int, spread: float, n: int, rng: np.random.Generator | None) -> Ints:
    if not spread or rng is None or not size:
        return np.full(n, size, dtype=np.int64)
    drawn = size * np.exp(spread * rng.standard_normal(n) - spread * spread / 2)
    return np.maximum(np.rint(drawn), 1).astype(np.int64)


def _traffic(sockets: Sockets, where: Intervals, name: str, streams: Streams) -> tuple[Ints, Ints, Ints]:
    """Instants (n,), bytes up (n,) and bytes down (n,) of one socket slot, while its app may speak."""
    length = int((where[:, 1] - where[:, 0]).sum())
    law, rng = sockets.traffic, streams.of(f"traffic.{name}")
    up, down, spread = getattr(law, "up", 0), law.down, getattr(law, "spread", 0.0)
    match law:
        case ConstantRate(every=every):
            at = np.arange(0, length, max(every, 1), dtype=np.int64)
        case Periodic(every=every, jitter=jitter):
            at = np.arange(0, length, max(every, 1), dtype=np.int64)
            if jitter:
                at = at + (rng.random(len(at)) * jitter * every).astype(np.int64)
                at = np.sort(at[at < length])
        case Push(every=every, poisson=False):
            at = np.arange(every, length, every, dtype=np.int64)
        case Poisson(every=every) | Push(every=every):
            at = _poisson(rng, every, length)
        case Clusters(every=every, bursts=bursts, gap=gap):
            begins = _poisson(rng, every, length)
            counts = streams.of(f"traffic.count.{name}").geometric(1 / bursts, len(begins))
            gaps = streams.of(f"traffic.gap.{name}").standard_exponential(int(counts.sum())) * gap
            first = np.cumsum(counts) - counts
            steps = np.cumsum(gaps)
            at = np.repeat(begins, counts) + (steps - np.repeat(steps[first] if len(first) else steps, counts)).astype(np.int64)
            at = np.sort(at[at < length])
    sizes = streams.of(f"traffic.size.{name}") if spread else None
    return to_real(at, where), _sizes(up, spread, len(at), sizes), _sizes(down, spread, len(at), sizes)


class _Flows:
    """Collects flows and bursts kind by kind, and lays them out as columns."""

    def __init__(self, scenario: Scenario, streams: Streams) -> None:
        self._scenario, self._streams = scenario, streams
        self._kinds: list[Kind] = []
        self._opens: list[int] = []
        self._closes: list[int] = []
        self._kind: list[int] = []
        self._luck: list[NDArray[np.float64]] = []
        self._rows: list[tuple[Ints, Ints, Ints, Ints]] = []
        self._look_ups: dict[tuple[str, str], list[Instant]] = {}
        self._asked: dict[tuple[str, str], tuple[App, Sockets]] = {}

    def add(self, demand: _Demand, asleep: Intervals) -> None:
        """Open and close the sockets of one slot, and give each burst to the socket that is open."""
        at, up, down = demand.at, demand.up, demand.down
        if len(asleep) and not demand.pushed:
            at, up, down = _postpone(at, up, down, asleep)
        opens, closes = self._sockets(demand, at.tolist())
        kind = self._kind_of(Kind(demand.app.name, demand.app.kind == "system", demand.sockets))
        base = len(self._opens)
        starts = np.array(opens, dtype=np.int64)
        which = np.searchsorted(starts, at, side="right") - 1
        ends = np.array(closes, dtype=np.int64)
        served = (which >= 0) & (at < ends[which]) if len(starts) else np.zeros(len(at), dtype=bool)
        self._rows.append((at[served], which[served] + base, up[served], down[served]))
        self._extend(opens, closes, kind, f"luck.{demand.app.name}/{demand.sockets.name}/{demand.index}")
        if demand.sockets.domain:
            key = (demand.app.name, demand.sockets.domain)
            self._look_ups.setdefault(key, []).extend(opens)
            self._asked.setdefault(key, (demand.app, demand.sockets))

    def _sockets(self, demand: _Demand, at: list[Instant]) -> tuple[list[Instant], list[Instant]]:
        """One socket after the other in each interval in which the app may hold one."""
        spec, opens, closes = demand.sockets, [], []
        name = f"{demand.app.name}/{spec.name}/{demand.index}"
        lives = _Draws(spec.lifetime, self._streams.of(f"sockets.life.{name}"))
        pauses = _Draws(spec.reopen.after, self._streams.of(f"sockets.pause.{name}"))
        for begin, end in demand.holding.tolist():
            now = begin if spec.opens == "with-app" else _next(at, begin)
            while now < end:
                close = min(now + max(lives.next(), 1), end)
                opens.append(now)
                closes.append(close)
                if spec.reopen.when == "never":
                    break
                wanted = _next(at, close)
                now = min(wanted, close + pauses.next()) if spec.reopen.when == "at-once" else wanted
        return opens, closes

    def _kind_of(self, kind: Kind) -> int:
        if not self._kinds or self._kinds[-1] != kind:
            self._kinds.append(kind)
        return len(self._kinds) - 1

    def _extend(self, opens: list[int], closes: list[int], kind: int, stream: str) -> None:
        self._opens += opens
        self._closes += closes
        self._kind += [kind] * len(opens)
        self._luck.append(self._streams.of(stream).random((len(opens), LUCKS)))

    def add_look_ups(self) -> None:
        """A name is looked up before a socket is opened, unless the last answer is still fresh."""
        for (owner, domain), instants in self._look_ups.items():
            _, sockets = self._asked[(owner, domain)]
            fresh_until, asked = -1, []
            for at in sorted(instants):
                if at >= fresh_until:
                    asked.append(at)
                    fresh_until = at + sockets.dns_ttl
            self._add_resolver(owner, domain, np.array(asked, dtype=np.int64))

    def add_network_change_look_ups(self, changes: list[Instant]) -> None:
        """Queries of the system that a network change provokes, before the resolver order is updated."""
        mean = self._scenario.device.behaviour.look_ups_at_network_change
        if not changes or not mean:
            return
        counts = self._streams.of("look ups at network change").poisson(mean, len(changes))
        instants = np.array(changes, dtype=np.int64)
        counts[instants == 0] = 0  # a network on which the scenario begins is no change
        self._add_resolver("system", NETWORK_CHANGE, np.repeat(instants, counts))

    def _add_resolver(self, owner: str, domain: str, at: Ints) -> None:
        at = np.sort(at[at < self._scenario.duration])
        traffic = Poisson.model_construct(law="poisson", every=MINUTE, up=LOOK_UP_UP, down=LOOK_UP_DOWN, spread=0.0)
        spec = Sockets.model_construct(
            name="dns", transport="udp-unconnected", destination="resolver", domain=domain, traffic=traffic, family="v4"
        )
        kind = self._kind_of(Kind(owner, True, spec, look_ups=True))
        n = len(at)
        base = len(self._opens)
        # Each query is a flow of its own: a fresh port, gone when the answer has come.
        # MODEL: that takes a second, whatever the resolver. Bias: none on bytes; exposed seconds of look-ups are too long.
        self._rows.append((at, np.arange(base, base + n), np.full(n, LOOK_UP_UP), np.full(n, LOOK_UP_DOWN)))
        self._extend(at.tolist(), (at + SECOND).tolist(), kind, f"luck.{owner}/dns/{domain}")

    def finish(self, script: tuple[tuple[Instant, Event], ...], screen: Intervals, asleep: Intervals, path: _Path) -> Nature:
        """Lay everything out as columns, bursts in order of time."""
        empty = np.empty(0, dtype=np.int64)
        at, flow, up, down = (
            np.concatenate([rows[i] for rows in self._rows] or [empty]).astype(np.int64) for i in range(4)
        )
        order = np.argsort(at, kind="stable")
        return Nature(
            horizon=self._scenario.duration,
            kinds=tuple(self._kinds),
            opens=np.array(self._opens, dtype=np.int64),
            closes=np.minimum(np.array(self._closes, dtype=np.int64), self._scenario.duration),
            kind=np.array(self._kind, dtype=np.int64),
            luck=np.concatenate(self._luck) if self._luck else np.empty((0, LUCKS)),
            at=at[order],
            flow=flow[order],
            up=up[order],
            down=down[order],
            script=script,
            screen_on=screen,
            asleep=asleep,
            handovers=path.handovers,
            signal=path.signal,
        )


NETWORK_CHANGE = "(network change)"
"""The domain label of look-ups that a network change provokes."""


class _Draws:
    """Draws of one law, one after the other, made in blocks."""

    def __init__(self, law: Law, rng: np.random.Generator) -> None:
        self._law, self._rng = law, rng
        self._block: list[Duration] = []

    def next(self) -> Duration:
        """The next one. [µs]"""
        if not self._block:
            self._block = self._law.sample(self._rng, 32).tolist()[::-1]
        return self._block.pop()


def _next(at: list[Instant], after: Instant) -> Instant:
    """The first of the sorted instants at or after `after`; beyond any horizon if there is none."""
    i = bisect_left(at, after)
    return at[i] if i < len(at) else 2**62


def _postpone(at: Ints, up: Ints, down: Ints, asleep: Intervals) -> tuple[Ints, Ints, Ints]:
    """Bursts of a sleeping device wait for its next wake-up; timers that ran out several times fire once."""
    late, which = inside(at, asleep)
    if not late.any():
        return at, up, down
    moved = np.where(late, asleep[which, 1], at)
    first = np.ones(len(at), dtype=bool)
    first[1:] = ~(late[1:] & late[:-1] & (which[1:] == which[:-1]))
    order = np.argsort(moved[first], kind="stable")
    return moved[first][order], up[first][order], down[first][order]
