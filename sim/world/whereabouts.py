"""Where the phone is: stays → which networks come and go, and when.

Every stay draws from streams of its own, named after its beginning, so that another stay leaves all the others as they
were.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from sim.base.laws import Law, exponential, lognormal
from sim.base.streams import Streams
from sim.base.units import HOUR, MILLISECOND, MINUTE, Duration, Instant
from sim.machines.events import (
    CellularAttached,
    CellularLost,
    HoleBegan,
    HoleEnded,
    Interface,
    PortalPassed,
    WifiDemoted,
    WifiFaded,
    WifiJoined,
    WifiLost,
    WifiPreferred,
)
from sim.machines.machine import Event
from sim.world.demand import LONGEST, poisson
from sim.world.intervals import Intervals, Ints, joined, listed, paired
from sim.world.outages import Outages
from sim.world.scenario import Scenario, Stay, Wifi

HOME_JOIN = lognormal(1500 * MILLISECOND, 0.5)


@dataclass(frozen=True)
class Whereabouts:
    """What the radios can reach."""

    script: list[tuple[Instant, Event]] = field(default_factory=list)
    """In no particular order."""
    changes: dict[Instant, list[Instant]] = field(default_factory=dict)
    """Beginning of a stay → when in it Wi-Fi was joined or left."""
    handovers: list[Ints] = field(default_factory=list)
    """Cell changes of each stay. [µs]"""
    interruptions: list[Intervals] = field(default_factory=list)
    """Of each stay: when a handover that succeeded was executed, and nothing passed."""
    roams: list[Intervals] = field(default_factory=list)
    """Of each stay: when the phone changed access points, and nothing passed on Wi-Fi."""
    holes: list[Intervals] = field(default_factory=list)
    """Of each stay: when cellular was there and carried nothing, for longer than that."""
    signal: list[tuple[Instant, float]] = field(default_factory=list)
    """From when on which RSRP. [dBm]"""
    radios: list[tuple[Instant, str]] = field(default_factory=list)
    """From when on which cellular radio: names of parameter sets."""
    rats: list[tuple[Instant, str]] = field(default_factory=list)
    """From when on which RAT, as a recording calls it; empty if there is none."""
    round_trips: list[tuple[Instant, Duration]] = field(default_factory=list)
    """From when on which round trip over cellular, where it was recorded. [µs]"""
    losses: list[tuple[Instant, float]] = field(default_factory=list)
    """From when on which loss on cellular, per packet and direction, where it was recorded."""


def whereabouts(scenario: Scenario, front: Intervals, streams: Streams) -> Whereabouts:
    """Draw what the radios can reach, stay by stay.

    Parameters
    ----------
    front : when some app is in front
    """
    found = Whereabouts()
    stays = scenario.stays_in_time()
    ends = [*(begin for begin, _ in stays[1:]), scenario.duration]
    before: Stay | None = None
    afters = [*(stay for _, stay in stays[1:]), None]
    for (begin, stay), end, after in zip(stays, ends, afters, strict=True):
        if before is None or stay.cellular != before.cellular:
            found.script.append((begin, CellularAttached() if stay.cellular else CellularLost()))
        near = _InReach(scenario, found, begin, end, after, streams)
        near.wifi(stay, before)
        if scenario.device.wifi_assist.on and stay.cellular:
            _assist(scenario, found, near.poor, front, begin, streams)
        if stay.cellular:
            _Cells(scenario, found, begin, end, streams).pass_by(stay, before)
        found.signal.append((begin, stay.signal_dbm))
        found.radios.append((begin, stay.radio or scenario.cellular.radio))
        before = stay
    began, ended = HoleBegan(Interface.CELLULAR), HoleEnded(Interface.CELLULAR)
    for hole in joined(found.holes).tolist():
        found.script.extend(zip(hole, (began, ended), strict=True))
    return found


class Poor(NamedTuple):
    """A stretch in which Wi-Fi Assist may act."""

    begin: Instant
    end: Instant
    weak: bool
    """Wi-Fi is weak but carries: the phone tries it again and again. Otherwise it carries nothing."""
    left: bool
    """At its end the phone leaves the network."""


class _InReach:
    """The Wi-Fi of one stay."""

    def __init__(
        self, scenario: Scenario, found: Whereabouts, begin: Instant, end: Instant, after: Stay | None, streams: Streams
    ) -> None:
        self._scenario, self._found, self._begin, self._end, self._streams = scenario, found, begin, end, streams
        self._after = after
        self._changes = found.changes.setdefault(begin, [])
        self.poor: list[Poor] = [
            Poor(at, at + action.lasts, weak=False, left=False)
            for at, action in scenario.deeds_in_time()
            if action.do == "outage" and action.interface == "wifi" and action.lasts and begin <= at < end
        ]
        """Stretches in which Wi-Fi Assist may act."""

    def wifi(self, stay: Stay, before: Stay | None) -> None:
        """Leave the Wi-Fi of the stay before, join this one's, and lose it now and then."""
        free, same = self._begin, before is not None and before.wifi == stay.wifi
        if before is not None and before.wifi is not None and not same:
            free = self._leave(stay.leaving, free, self._draws("leaving", self._losing(stay.leaving)))
            if stay.wifi is None and stay.pingpong:
                self._come_back(stay, before.wifi, free)
        if stay.wifi is None:
            return
        if stay.roams_per_minute:
            self._roam(stay.roams_per_minute, self._network(stay.wifi).roam)
        weak = stay.wifi_dbm < self._scenario.device.wifi_assist.weaker_than_dbm
        if same and not stay.flapping:
            self._note_weak(weak, self._begin, stay)
            return
        wifi = self._network(stay.wifi)
        lucks, joins = self._streams.of(f"path.luck.{self._begin}"), self._joins(wifi)
        now = self._join(wifi, free + (next(joins) if before else 0), lucks, at_once=before is None)
        if stay.flapping is None:
            self._note_weak(weak, now, stay)
            return
        stays, aways = self._draws("stays", stay.flapping.stays), self._draws("away", stay.flapping.away)
        losses = self._draws("losses", self._losing(stay.leaving))
        while (gone := now + max(next(stays), MILLISECOND)) < self._end:
            if weak:
                self.poor.append(Poor(now, gone, weak=True, left=True))
            free = self._leave(stay.leaving, gone, losses)
            now = self._join(wifi, max(free, gone + next(aways)) + next(joins), lucks)
        self._note_weak(weak, now, stay)

    def _note_weak(self, weak: bool, begin: Instant, stay: Stay) -> None:
        if weak:
            left = self._after is not None and self._after.wifi != stay.wifi
            self.poor.append(Poor(begin, self._end, weak=True, left=left))

    def _roam(self, per_minute: float, law: Law) -> None:
        """Changes of access point.

        # MODEL: what a roam interrupts waits until it is done, as with handovers between cells, also where it takes
        # seconds. Bias: a roam of several seconds loses nothing, and Wi-Fi Assist does not see it.
        """
        begin, streams = self._begin, self._streams
        at = begin + poisson(streams.of(f"path.roams.{begin}"), MINUTE / per_minute, self._end - begin)
        self._found.roams.append(paired(at, at + streams.sample(f"path.roams.length.{begin}", law, len(at))))

    def _come_back(self, stay: Stay, ssid: str, free: Instant) -> None:
        """The network just left is seen again, joined, and left again."""
        rules = self._scenario.path
        happens, after, lasts, address, loses = self._streams.of(f"path.pingpong.{self._begin}").random(5).tolist()
        now = free + rules.pingpong.at(after)
        if happens < stay.pingpong and now < self._end:
            self._found.script.append((now, WifiJoined(ssid, address)))
            self._changes.append(now)
            gone = min(now + max(rules.pingpong_visit.at(lasts), MILLISECOND), self._end)
            takes = self._losing(stay.leaving).at(loses)
            self._leave(stay.leaving, gone, iter([min(takes, self._end - gone)]))

    def _network(self, ssid: str) -> Wifi:
        return next(w for w in self._scenario.wifi if w.ssid == ssid)

    def _draws(self, purpose: str, law: Law) -> Iterator[Duration]:
        return self._streams.draws(f"path.{purpose}.{self._begin}", law)

    def _joins(self, wifi: Wifi) -> Iterator[Duration]:
        """How long it takes to join a network, with the attempts that fail."""
        rules = self._scenario.path
        law = wifi.join or (rules.public_join if wifi.public else HOME_JOIN)
        draws = self._draws("join", law)
        failure = wifi.join_failure if wifi.join_failure is not None else rules.public_join_failure * wifi.public
        if not failure:
            return draws
        return self._with_failures(draws, failure, self._streams.of(f"path.join.failure.{self._begin}"))

    def _with_failures(self, draws: Iterator[Duration], failure: float, chance: np.random.Generator) -> Iterator[int]:
        while True:
            takes = next(draws)
            while chance.random() < failure:
                takes += next(draws)
            yield takes

    def _losing(self, how: str) -> Law:
        rules = self._scenario.path
        return rules.weak_wifi if how == "fade" else rules.overlap if how == "overlap" else rules.handover_gap

    def _join(self, wifi: Wifi, at: Instant, lucks: np.random.Generator, at_once: bool = False) -> Instant:
        if at < self._end:
            self._found.script.append((at, WifiJoined(wifi.ssid, lucks.random(), wifi.portal is not None)))
            if not at_once:  # the network on which a scenario begins is no change
                self._changes.append(at)
            if wifi.portal is not None:
                self._found.script.append((at + wifi.portal.at(lucks.random()), PortalPassed()))
        return at

    def _leave(self, how: str, at: Instant, losses: Iterator[Duration]) -> Instant:
        """Returns when the phone is free to join another."""
        takes = next(losses)
        self._changes.append(at)
        if how == "clean":
            self._found.script.append((at, WifiLost(takes)))
            return at
        self._found.script.extend(((at, WifiFaded() if how == "fade" else WifiDemoted()), (at + takes, WifiLost())))
        if how == "fade":
            self.poor.append(Poor(at, at + takes, weak=False, left=True))
        return at + takes


def _assist(
    scenario: Scenario, found: Whereabouts, poor: list[Poor], front: Intervals, stay: Instant, streams: Streams
) -> None:
    """Wi-Fi Assist: cellular takes over from a poor Wi-Fi while an app is in front."""
    rules = scenario.device.wifi_assist
    afters, backs = (
        streams.draws(f"path.assist.{stay}", rules.after),
        streams.draws(f"path.assist.back.{stay}", rules.back_after),
    )
    for stretch in sorted(poor):
        low, high = front[:, 1].searchsorted(stretch.begin, side="right"), front[:, 0].searchsorted(stretch.end)
        for begin, end in front[low:high].tolist():
            now, until = max(begin, stretch.begin), min(end, stretch.end)
            while (now := now + next(afters)) < until:
                found.script.append((now, WifiDemoted()))
                back = min(now + max(next(backs), MILLISECOND), until) if stretch.weak else until
                if back < stretch.end or not stretch.left:
                    found.script.append((back, WifiPreferred()))
                now = back


class _Cells:
    """The cellular network of one stay: its holes, and the changes of cell.

    # MODEL: what a handover interrupts waits until it is done; nothing of it is lost, and no rule is told. Bias: the
    # loss by a handover is missing (the cells forward what they have, TS 36.300 §10.1.2), and a timer that would run
    # out within its hundredth of a second does not. A handover that fails is a hole like any other.
    """

    def __init__(self, scenario: Scenario, found: Whereabouts, begin: Instant, end: Instant, streams: Streams) -> None:
        self._scenario, self._found, self._begin, self._end, self._streams = scenario, found, begin, end, streams
        self._rules = scenario.cellular.handover

    def pass_by(self, stay: Stay, before: Stay | None) -> None:
        """Draw what this stay's cells do."""
        if before is not None and before.cellular:
            self._change_technology(self._scenario.rat(before), self._scenario.rat(stay))
        if stay.outages and stay.outages.per_hour:
            self._found.holes.append(self._outages(stay.outages))
        rate = stay.handovers_per_minute or self._rules.per_minute(self._scenario.rat(stay), stay.speed_kmh or 0.0)
        if rate:
            self._hand_over(stay, MINUTE / rate)

    def _change_technology(self, before: str, after: str) -> None:
        law = self._rules.change(before, after)
        if law is not None:
            takes = next(self._streams.draws(f"path.technology.{self._begin}", law))
            self._found.holes.append(listed([(self._begin, self._begin + takes)]))

    def _hand_over(self, stay: Stay, spacing: float) -> None:
        """Changes of cell; the few that fail are holes."""
        begin, rules = self._begin, self._rules
        at = begin + poisson(self._streams.of(f"path.handovers.{begin}"), spacing, self._end - begin)
        law = rules.cells(self._scenario.rat(stay)).interruption
        takes = self._streams.sample(f"path.interruptions.{begin}", law, len(at))
        fails = self._streams.of(f"path.failures.{begin}").random(len(at)) < rules.fails(stay.speed_kmh)
        lost = self._streams.sample(f"path.failures.length.{begin}", rules.re_establishment, len(at))
        self._found.handovers.append(at)
        self._found.interruptions.append(paired(at[~fails], at[~fails] + takes[~fails]))
        self._found.holes.append(paired(at[fails], at[fails] + lost[fails]))

    def _outages(self, outages: Outages) -> Intervals:
        """Coverage holes by a law."""
        found: list[tuple[Instant, Instant]] = []
        begin, streams = self._begin, self._streams
        gaps = streams.draws(f"path.outages.{begin}", exponential(round(min(HOUR / outages.per_hour, LONGEST))))
        kinds = streams.of(f"path.outages.kind.{begin}")
        usual = streams.draws(f"path.outages.usual.{begin}", outages.length)
        long = streams.draws(f"path.outages.long.{begin}", outages.long_length)
        now = begin
        while (now := now + next(gaps)) < self._end:
            length = max(next(long if kinds.random() < outages.long_share else usual), 1)
            found.append((now, min(now + length, self._end)))
            now += length
        return listed(found)
