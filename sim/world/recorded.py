"""A recorded drive as nature: its rows become what the radios can reach, when, and how good it is.

Each column that the recording has takes the place of what the stays say of the same thing; everything else is still
theirs, and is drawn from the same streams as without a recording. Only changes become events, so that a drive of hours
costs as little as a day of stays.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import replace
from typing import Any

import numpy as np

from sim.base.streams import Streams
from sim.base.units import MILLISECOND, Duration, Instant
from sim.machines.events import (
    CellularAttached,
    CellularLost,
    HoleBegan,
    HoleEnded,
    Interface,
    PortalPassed,
    WifiJoined,
    WifiLost,
)
from sim.machines.machine import Event
from sim.machines.radio import SETS
from sim.world.intervals import Intervals, listed
from sim.world.recordings.recording import NO_NETWORK, Rat, Recording, rat_of
from sim.world.scenario import Cellular, Recorded, Scenario
from sim.world.whereabouts import Whereabouts, whereabouts


def played(recorded: Recorded, duration: Duration) -> Recording:
    """The drive as it is played for so long: over and over, or once."""
    drive = recorded.drive
    return drive.repeated(-(-duration // drive.end)) if recorded.repeat else drive


def recorded(scenario: Scenario, front: Intervals, streams: Streams) -> Whereabouts:
    """What the radios can reach, by the scenario's recording; what it does not say, by the stays.

    Parameters
    ----------
    front : when some app is in front
    """
    assert scenario.recording is not None
    drive = played(scenario.recording, scenario.duration)
    stays = whereabouts(_silenced(scenario, drive), front, streams)
    script, said = list(stays.script), dict[str, Any]()
    if drive.rat is not None:
        script = [line for line in script if not isinstance(line[1], CellularAttached)] + _service(drive, drive.rat)
        said["rats"] = drive.changes(drive.rat)
        said["radios"] = drive.changes(_radios(drive.rat, scenario.cellular))
    if drive.cell is not None:
        handovers = [at for at, _ in drive.changes(drive.cell)[1:]]
        said["handovers"] = [np.array(handovers, dtype=np.int64)]
        said["interruptions"] = [_interruptions(handovers, said.get("radios", stays.radios), scenario, streams)]
    if drive.rsrp_dbm is not None:
        said["signal"] = drive.changes(drive.rsrp_dbm)
    if drive.cellular_works is not None:
        script += _holes(Interface.CELLULAR, drive, drive.cellular_works)
    if drive.wifi is not None:
        joins = _wifi(drive, drive.wifi, scenario, streams)
        script += joins
        changed = sorted({at for at, event in joins if at and isinstance(event, WifiJoined | WifiLost)})
        said["changes"] = {0: changed}
    elif drive.wifi_works is not None:
        script += _holes(Interface.WIFI, drive, drive.wifi_works)
    if drive.rtt_ms is not None:
        # MODEL: a recorded round trip that changes counts for what is sent from the next event of the day on. Bias:
        # none known; handshakes and holes are such events.
        said["round_trips"] = [(at, round(ms * MILLISECOND)) for at, ms in drive.changes(drive.rtt_ms)]
    if drive.loss is not None:
        said["losses"] = drive.changes(drive.loss)
    return replace(stays, script=script, **said)


def _silenced(scenario: Scenario, drive: Recording) -> Scenario:
    """The scenario whose stays leave unsaid what the drive says."""
    unsaid: dict[str, object] = {}
    if drive.rat is not None:
        unsaid |= {"cellular": True, "radio": None}
    if drive.cell is not None:
        unsaid |= {"handovers_per_minute": None, "speed_kmh": None}
    cellular = scenario.cellular
    if drive.cellular_works is not None:
        unsaid |= {"outages": None}
        never = cellular.handover.model_copy(update={"failure": 0.0, "failure_fast": 0.0})
        cellular = cellular.model_copy(update={"handover": never})
    if drive.wifi is not None:
        unsaid |= {"wifi": None, "flapping": None}
    stays = tuple([stay.model_copy(update=unsaid) for stay in scenario.stays])
    return scenario.model_copy(update={"stays": stays, "cellular": cellular})


def _interruptions(
    handovers: list[Instant], radios: list[tuple[Instant, str]], scenario: Scenario, streams: Streams
) -> Intervals:
    """How long each recorded change of cell interrupts, by the law of the radio in use; failures are in the rows."""
    lucks = streams.of("path.interruptions.recording").random(len(handovers)).tolist()
    since, rules = [at for at, _ in radios], scenario.cellular.handover
    in_use = [SETS[radios[bisect_right(since, at) - 1][1]].rat for at in handovers]
    ends = [at + rules.cells(rat).interruption.at(u) for at, rat, u in zip(handovers, in_use, lucks, strict=True)]
    return listed(list(zip(handovers, ends, strict=True)))


Lines = list[tuple[Instant, Event]]


def _service(drive: Recording, rats: tuple[str, ...]) -> Lines:
    """Where the phone is registered."""
    there = drive.changes([rat != NO_NETWORK for rat in rats])
    return [(at, CellularAttached() if yes else CellularLost()) for at, yes in there]


def _holes(interface: Interface, drive: Recording, works: tuple[bool, ...]) -> Lines:
    """Where an interface kept its address and carried nothing."""
    changes = drive.changes(works)
    return [
        (at, HoleEnded(interface) if good else HoleBegan(interface))
        for i, (at, good) in enumerate(changes)
        if i or not good
    ]


def _wifi(drive: Recording, ssids: tuple[str, ...], scenario: Scenario, streams: Streams) -> Lines:
    """Joined, lost, and the times in which it carried nothing: fading is in the rows and need not be drawn."""
    lucks = streams.of("path.luck.recording")
    gaps = streams.draws("path.leaving.recording", scenario.path.handover_gap)
    portals = {w.ssid: w.portal for w in scenario.wifi}
    found: Lines = []
    before, carried = NO_NETWORK, True
    works = drive.wifi_works or (True,) * len(ssids)
    for at, (ssid, good) in drive.changes(list(zip(ssids, works, strict=True))):
        if ssid != before and before:
            found.append((at, WifiLost(0 if ssid else next(gaps))))
        if ssid != before and ssid:
            portal, carried = portals[ssid], True
            found.append((at, WifiJoined(ssid, lucks.random(), portal is not None)))
            if portal is not None:
                found.append((at + portal.at(lucks.random()), PortalPassed()))
        before = ssid
        if ssid and good != carried:
            found.append((at, HoleEnded(Interface.WIFI) if good else HoleBegan(Interface.WIFI)))
            carried = good
    return found


def _radios(rats: tuple[str, ...], cellular: Cellular) -> list[str]:
    """The radio of each row: without service it stays as it was."""
    found: list[str] = []
    for rat in rats:
        kept = found[-1] if found else cellular.radio
        found.append(kept if rat == NO_NETWORK else radio_of(rat, cellular))
    return found


# Radios ---------------------------------------------------------------------------------------------------------------


def radio_of(word: str, cellular: Cellular) -> str:
    """The parameter set of a recorded RAT: the one chosen for it, else the usual one, else the first of its kind."""
    rat = rat_of(word)
    if rat is not None and rat in cellular.radios:
        return cellular.radios[rat]
    if _rat_of_set(cellular.radio) == rat:
        return cellular.radio
    return next((name for name in SETS if _rat_of_set(name) == rat), cellular.radio)


def _rat_of_set(name: str) -> str:
    """A set is called after its RAT: `lte-2020`."""
    return name.partition("-")[0]


def notes(scenario: Scenario) -> list[str]:
    """What a user should know about the way this scenario's recording is played: its reader's notes, and the radios
    that play other generations than the usual one."""
    if scenario.recording is None:
        return []
    drive = scenario.recording.drive
    words: dict[Rat, list[str]] = {}
    for word in dict.fromkeys(drive.rat or ()):
        if (rat := rat_of(word)) and rat != _rat_of_set(scenario.cellular.radio):
            words.setdefault(rat, []).append(word)
    radios = [
        f"{', '.join(found)}: played with the radio {radio_of(found[0], scenario.cellular)}; "
        f"cellular.radios.{rat} chooses another"
        for rat, found in words.items()
    ]
    return [f"recording: {drive.kind}", *drive.notes, *radios]
