"""Who uses the phone: when apps are in front, run and hold sockets, the screen is on, and the device sleeps."""

from __future__ import annotations

from datetime import time

import numpy as np

from sim.base.streams import Streams
from sim.base.units import DAY, MINUTE, SECOND, Duration, Instant
from sim.world.demand import Demand, Entry, poisson, pushed
from sim.world.intervals import (
    EMPTY,
    Intervals,
    clip,
    common,
    complement,
    holding,
    joined,
    listed,
    paired,
    to_real,
    total,
)
from sim.world.scenario import App, Push, Scenario, Visits

BY_HAND = frozenset(
    {"vpn_on", "vpn_off", "choose_server", "airplane_on", "airplane_off", "wifi_on", "wifi_off", "unlock", "app_open",
     "app_close", "reboot", "leak_check"}
)  # fmt: skip
"""Deeds for which somebody holds the phone."""


def foreground(app: App, scenario: Scenario, streams: Streams) -> Intervals:
    """When `app` is in front: from its start, by the timeline, or by its law of visits."""
    spans: list[tuple[Instant, Instant]] = []
    opened: Instant | None = scenario.instant(app.starts) if app.in_front and app.starts is not None else None
    paused = False
    for at, do in ((at, a.do) for at, a in scenario.deeds_in_time() if a.do in ("lock", "unlock") or a.app == app.name):
        if do == "app_open" and opened is None:
            opened, paused = at, False
        elif do in ("app_close", "lock") and opened is not None:
            spans.append((opened, at))
            opened, paused = None, do == "lock"
        elif do == "unlock" and paused:
            opened, paused = at, False
    if opened is not None:
        spans.append((opened, scenario.duration))
    parts = [listed(spans)]
    if app.visits is not None:
        parts.append(_visits(app.name, app.visits, scenario, streams))
    return clip(joined(parts), scenario.duration)


def _visits(name: str, visits: Visits, scenario: Scenario, streams: Streams) -> Intervals:
    """A Poisson process in the hours of the day in which visits may happen; visits may overlap."""
    first, last = (_of_day(clock) for clock in visits.between)
    if last <= first:
        last += DAY  # these hours contain midnight
    begins = np.arange(-DAY, scenario.duration + DAY, DAY) + (first - _of_day(scenario.start))
    hours = clip(paired(begins, begins + (last - first)), scenario.duration)
    at = to_real(poisson(streams.of(f"visits.{name}"), (last - first) / visits.per_day, total(hours)), hours)
    return paired(at, at + np.maximum(streams.sample(f"visits.length.{name}", visits.length, len(at)), 1))


def unlocked(scenario: Scenario) -> Intervals:
    """Screen time from the timeline's own lock and unlock."""
    steps = ((at, a.do == "unlock") for at, a in scenario.deeds_in_time() if a.do in ("lock", "unlock"))
    return holding(steps, scenario.duration)


def entries(app: App, front: Intervals, scenario: Scenario, streams: Streams) -> list[Entry]:
    """The app's kinds of sockets, with the times in which they may speak and be held."""
    running, holding = _running(app, front, scenario, streams)
    # A push reaches its app whenever the app may be woken for it.
    reached = holding if app.background in ("push", "always") else running
    return [Entry(app, s, reached if isinstance(s.traffic, Push) else running, holding) for s in app.sockets]


def _running(app: App, front: Intervals, scenario: Scenario, streams: Streams) -> tuple[Intervals, Intervals]:
    """When the app's code runs, and when it holds sockets: these outlive suspension for a while (TN2277)."""
    horizon, behaviour = scenario.duration, scenario.device.behaviour
    start = scenario.instant(app.starts) if app.starts is not None else None
    first = min([t for t in (start, int(front[0, 0]) if len(front) else None) if t is not None], default=horizon)
    closed = [at for at, a in scenario.deeds_in_time() if a.do == "app_close" and a.app == app.name]
    life = clip(listed([(first, min(closed, default=horizon))]), horizon)
    if closed:
        life = clip(joined([life, front]), horizon)
    if app.background in ("always", "audio"):
        return life, life
    active = [front + np.array([0, behaviour.background_time])]
    comes_in_front = (
        app.in_front or app.visits or any(a.do == "app_open" and a.app == app.name for a in scenario.timeline)
    )
    if start is not None and not comes_in_front:
        active.append(listed([(first, first + behaviour.background_time)]))
    if app.background == "refresh":
        moments, now = [], first
        every = streams.draws(f"refresh.{app.name}", app.refresh_every)
        while now < horizon:
            now += max(next(every), MINUTE)
            moments.append((now, now + behaviour.background_time))
        active.append(listed(moments))
    running = clip(joined(active), horizon)
    if closed:
        running = common(running, life)
    if app.background == "push":
        return running, life
    extra = streams.sample(f"suspension.{app.name}", behaviour.app_gives_up_after_suspension, len(running))
    held = clip(joined([paired(running[:, 0], running[:, 1] + extra)]), horizon)
    return running, common(held, life) if closed else held


def sleep(
    scenario: Scenario, screen: Intervals, demands: list[Demand], spoke: Intervals, streams: Streams
) -> Intervals:
    """When the device sleeps: a while after the screen goes dark, but for maintenance, pushes and audio.

    Parameters
    ----------
    spoke : when it is known to have been awake, because traffic was captured. [µs]
    """
    device, horizon = scenario.device, scenario.duration
    if not device.sleeps:
        return EMPTY
    playing = [d.entry.speaks for d in demands if d.entry.app.background == "audio"]
    dark = complement(joined([screen, *playing]), horizon)
    begins = dark[:, 0] + streams.sample("sleep.after", device.sleep_after, len(dark))
    calm = paired(begins, dark[:, 1])
    maintenance: list[tuple[Instant, Instant]] = []
    every, lasting = streams.draws("sleep.every", device.wake_every), streams.draws("sleep.lasting", device.wake_for)
    for now, end in calm.tolist():
        while now < end:
            now += max(next(every), SECOND)
            woke = next(lasting)
            maintenance.append((now, now + woke))
            now += woke
    # Whoever does something has woken the phone for it.
    deeds = np.array([at for at, a in scenario.deeds_in_time() if a.do in BY_HAND], dtype=np.int64)
    used = paired(deeds - 10 * SECOND, deeds + MINUTE)
    calm = calm[calm[:, 0] < calm[:, 1]]
    pushes = []
    for slot, at in pushed(demands):
        awake = np.maximum(streams.sample(f"sleep.push.{slot}", device.push_wake_for, len(at)), 1)
        pushes.append(paired(at, at + awake))
    disturbed = joined([*pushes, spoke, used, listed(maintenance), complement(calm, horizon)])
    return complement(disturbed, horizon)


def _of_day(clock: time) -> Duration:
    return ((clock.hour * 60 + clock.minute) * 60 + clock.second) * SECOND
