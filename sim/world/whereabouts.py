"""Where the phone is: stays → which networks come and go, and when.

Every stay draws from streams of its own, named after its beginning, so that another stay leaves all the others as they were.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from sim.base.streams import Streams
from sim.base.units import HOUR, MINUTE, Instant
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
)
from sim.machines.machine import Event
from sim.world.demand import Ints, poisson
from sim.world.scenario import Outages, Scenario, Stay, Wifi


@dataclass(frozen=True)
class Whereabouts:
    """What the radios can reach."""

    script: list[tuple[Instant, Event]] = field(default_factory=list)
    """In no particular order."""
    changes: dict[Instant, list[Instant]] = field(default_factory=dict)
    """Beginning of a stay → when in it Wi-Fi was joined or left."""
    handovers: list[Ints] = field(default_factory=list)
    """Cell changes of each stay. [µs]"""


def whereabouts(scenario: Scenario, streams: Streams) -> Whereabouts:
    """Draw what the radios can reach, stay by stay."""
    found = Whereabouts()
    begins = [scenario.instant(stay.at) for stay in scenario.stays]
    before: Stay | None = None
    for begin, end, stay in zip(begins, [*begins[1:], scenario.duration], scenario.stays, strict=True):
        _InReach(scenario, found, begin, end, streams).wifi(stay, before)
        if before is None or stay.cellular != before.cellular:
            found.script.append((begin, CellularAttached() if stay.cellular else CellularLost()))
        if stay.cellular and stay.outages and stay.outages.per_hour:
            found.script.extend(_holes(stay.outages, begin, end, streams))
        if stay.cellular and stay.handovers_per_minute:
            spacing = MINUTE / stay.handovers_per_minute
            found.handovers.append(begin + poisson(streams.of(f"path.handovers.{begin}"), spacing, end - begin))
        before = stay
    return found


class _InReach:
    """The Wi-Fi of one stay."""

    def __init__(self, scenario: Scenario, found: Whereabouts, begin: Instant, end: Instant, streams: Streams) -> None:
        self._scenario, self._found, self._begin, self._end, self._streams = scenario, found, begin, end, streams
        self._changes = found.changes.setdefault(begin, [])

    def wifi(self, stay: Stay, before: Stay | None) -> None:
        """Leave the Wi-Fi of the stay before, join this one's, and lose it now and then."""
        free, same = self._begin, before is not None and before.wifi == stay.wifi
        if before is not None and before.wifi is not None and not same:
            free = self._leave(stay.leaving, free, self._streams.of(f"path.leaving.{self._begin}"))
        if stay.wifi is None or (same and not stay.flapping):
            return
        wifi = next(w for w in self._scenario.wifi if w.ssid == stay.wifi)
        rng = self._streams.of(f"path.stay.{self._begin}")
        now = self._join(wifi, free, rng, at_once=before is None)
        while stay.flapping and now < self._end:
            gone = now + stay.flapping.stays.at(rng.random())
            if gone >= self._end:
                break
            free = self._leave(stay.leaving, gone, rng)
            now = self._join(wifi, max(free, gone + stay.flapping.away.at(rng.random())), rng)

    def _join(self, wifi: Wifi, at: Instant, rng: np.random.Generator, at_once: bool = False) -> Instant:
        luck = rng.random()
        joined_at = at if at_once else at + wifi.join.at(rng.random())
        if joined_at < self._end:
            self._found.script.append((joined_at, WifiJoined(wifi.ssid, luck, wifi.portal is not None)))
            self._changes.append(joined_at)
            if wifi.portal is not None:
                self._found.script.append((joined_at + wifi.portal.at(rng.random()), PortalPassed()))
        return joined_at

    def _leave(self, how: str, at: Instant, rng: np.random.Generator) -> Instant:
        rules, u = self._scenario.path, rng.random()
        self._changes.append(at)
        match how:
            case "fade":
                gone = at + rules.weak_wifi.at(u)
                self._found.script.extend(((at, WifiFaded()), (gone, WifiLost())))
                return gone
            case "overlap":
                gone = at + rules.overlap.at(u)
                self._found.script.extend(((at, WifiDemoted()), (gone, WifiLost())))
                return gone
            case _:
                self._found.script.append((at, WifiLost(rules.handover_gap.at(u))))
                return at


def _holes(outages: Outages, begin: Instant, end: Instant, streams: Streams) -> list[tuple[Instant, Event]]:
    """Coverage holes of one stay."""
    found: list[tuple[Instant, Event]] = []
    rng, now = streams.of(f"path.outages.{begin}"), begin
    while True:
        now += round(rng.standard_exponential() * HOUR / outages.per_hour)
        law = outages.long_length if rng.random() < outages.long_share else outages.length
        length = max(law.at(rng.random()), 1)
        if now >= end:
            return found
        found += [(now, HoleBegan(Interface.CELLULAR)), (min(now + length, end), HoleEnded(Interface.CELLULAR))]
        now += length
