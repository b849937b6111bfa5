"""A run, and the same day under other policies, as one compact document: everything that the page shows.

Nature is there once for all arms that meet the same day: each burst with its lane, instant and size. An arm adds what
became of them, how things stood, and what is told of it. Times are whole microseconds since the beginning.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

import numpy as np

from sim.base.units import HOUR, SECOND
from sim.faces import lanes
from sim.faces.headline import FATE_WORDS, beside, cells, plain_sentence, sentence, title
from sim.faces.lanes import Band, OwnerBands
from sim.faces.parameters import used_in
from sim.faces.report import story
from sim.faces.report.arms import Arm
from sim.faces.report.packing import packed, runs, spans, steps
from sim.faces.reporting import longest
from sim.faces.terminal import clean
from sim.machines.routing import Fate
from sim.measure.power import GROUPS, power
from sim.measure.summary import Summary
from sim.world.intervals import Ints, total
from sim.world.nature import Nature

POWER_COLUMNS = 1440
"""One a minute, for a day."""
CALM = 14
"""Beyond so many lanes, those that never leaked in any arm are folded into one."""


def document(arms: Sequence[Arm]) -> dict[str, Any]:
    """Everything that the page of a run shows.

    Parameters
    ----------
    arms : the day as it is first, and then what it is compared with
    """
    summaries = [arm.summary for arm in arms]
    scenario = summaries[0].run.scenario
    bands = [{owner.name: owner for owner in lanes.owner_bands(summary)} for summary in summaries]
    names = _ordered(summaries[0], bands)
    natures = _Natures(names)
    told = [_arm(arm, owners, names, natures) for arm, owners in zip(arms, bands, strict=True)]
    start = scenario.start
    return {
        "kind": "run",
        "version": version("leakwindow"),
        "name": clean(scenario.name),
        "about": clean(scenario.about),
        "title": [clean(words) for words in title(summaries[0])],
        "sentence": plain_sentence(summaries[0]),
        "span": _span(scenario.duration),
        "start": (start.hour * 3600 + start.minute * 60 + start.second) * SECOND,
        "duration": scenario.duration,
        "lanes": [[clean(name), int(system)] for name, system in names.items()],
        "folded": _folded(names, bands),
        "natures": natures.columns,
        "fates": [FATE_WORDS[fate] for fate in Fate],
        "groups": list(GROUPS),
        "arms": told,
        "parameters": _parameters(summaries[0]),
    }


def _span(duration: int) -> str:
    """What the page calls the time that it shows."""
    return {HOUR: "hour", 24 * HOUR: "day", 7 * 24 * HOUR: "week"}.get(duration, "time")


# Lanes ----------------------------------------------------------------------------------------------------------------


def _ordered(first: Summary, bands: Sequence[dict[str, OwnerBands]]) -> dict[str, bool]:
    """Names of all lanes in the order of the page, and whether they are the platform's: the first arm's worst first."""
    leaked = {lane.name: (total(lane.exposed), lane.leaked) for lane in lanes.owner_lanes(first, 1)}
    every = {owner.name: owner.system for owners in bands for owner in owners.values() if len(owner.alive)}
    order = sorted(every, key=lambda name: (every[name], *(-n for n in leaked.get(name, (0, 0))), name))
    return {name: every[name] for name in order}


def _folded(names: dict[str, bool], bands: Sequence[dict[str, OwnerBands]]) -> list[int]:
    """Lanes that never leaked in any arm, if there are many lanes."""
    if len(names) <= CALM:
        return []
    calm = [i for i, name in enumerate(names) if not any(name in b and len(b[name].exposed) for b in bands)]
    return calm[max(CALM - (len(names) - len(calm)), 0) :]


class _Natures:
    """The demand of each day that some arm met: nearly always the same one."""

    def __init__(self, names: dict[str, bool]) -> None:
        self.number = {name: i for i, name in enumerate(names)}
        self.columns: list[dict[str, Any]] = []
        self._known: list[tuple[Nature, Ints]] = []

    def find(self, nature: Nature, lane_of_burst: Ints) -> tuple[int, Ints]:
        """The number of this day among those in the document, and the order in which its bursts stand there."""
        for i, (known, order) in enumerate(self._known):
            if known is nature or _equal(known, nature):
                return i, order
        order = np.argsort(lane_of_burst, kind="stable")
        counts = np.bincount(lane_of_burst, minlength=len(self.number))
        at = nature.at[order]
        gaps = np.diff(at, prepend=0)
        first = (np.cumsum(counts) - counts)[counts > 0]
        gaps[first] = at[first]
        size = nature.up + nature.down
        self.columns.append({"counts": counts.tolist(), "at": packed(gaps), "size": packed(size[order])})
        self._known.append((nature, order))
        return len(self._known) - 1, order


def _equal(a: Nature, b: Nature) -> bool:
    columns = ((a.at, b.at), (a.up, b.up), (a.down, b.down), (a.flow, b.flow), (a.kind, b.kind))
    return a.kinds == b.kinds and all(np.array_equal(x, y) for x, y in columns)


# Arms -----------------------------------------------------------------------------------------------------------------


def _arm(arm: Arm, bands: dict[str, OwnerBands], names: dict[str, bool], natures: _Natures) -> dict[str, Any]:
    summary = arm.summary
    run, found = summary.run, summary.as_dict()
    of_flow = np.zeros(len(run.world.nature.kind), dtype=np.int64)
    for owner in bands.values():
        of_flow[owner.flows] = natures.number.get(owner.name, 0)
    places = story.Places(natures.number, of_flow)
    number, order = natures.find(run.world.nature, of_flow[run.ledger.flow])
    return {
        "name": clean(arm.name),
        "about": clean(arm.about),
        "sentence": [[[clean(p.words), int(p.hot)] for p in line] for line in sentence(summary)],
        "lede": clean(story.lede(summary)),
        "cells": [list(cell) for cell in cells(summary, found)],
        "beside": beside(summary, found),
        "totals": [found["exposure"]["seconds"], found["blocked"]["seconds"], found["energy"]["vpn_added_percent"]],
        "bytes": [summary.fates[fate] for fate in Fate],
        "system_bytes": found["bypassed"]["system_bytes"],
        "states": _states(summary),
        "outside": _outside(summary),
        "deeds": [[round(at * SECOND), clean(words)] for at, words in lanes.deeds(summary)],
        "handshakes": steps(np.rint(lanes.handshakes(run) * SECOND).astype(np.int64)),
        "lanes": [_lane(bands[name]) if name in bands else ["", "", "", ""] for name in names],
        "nature": number,
        **_fates(summary, order),
        **_windows(summary, places),
        "notable": _notable(summary),
        "events": [[told.at, told.lane, clean(told.text)] for told in story.events(summary, places)],
        "power": _power(summary),
        "energy": _energy(found["energy"]),
        "fine_share": summary.checks_fine_share,
    }


def _windows(summary: Summary, places: story.Places) -> dict[str, Any]:
    """The windows, with each text of a step once; the remedies are the same for all windows of a cause."""
    texts: dict[str, int] = {}
    told, remedies = [], {}
    for window in summary.windows:
        found = story.told(summary, window, places)
        remedies[found["cause"]] = found.pop("remedies")
        found["steps"] = [
            [at, lane, *(texts.setdefault(words, len(texts)) for words in said)] for at, lane, *said in found["steps"]
        ]
        told.append(found)
    return {"windows": _cleaned(told), "remedies": _cleaned(remedies), "texts": _cleaned(list(texts))}


def _cleaned(value: Any) -> Any:
    """The same with all texts cleaned."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, dict):
        return {key: _cleaned(part) for key, part in value.items()}
    return [_cleaned(part) for part in value] if isinstance(value, list) else value


def _lane(owner: OwnerBands) -> list[str]:
    return [spans(part) for part in (owner.alive, owner.exposed, owner.bypassed, owner.blocked)]


def _fates(summary: Summary, order: Ints) -> dict[str, str]:
    """What became of each burst, and of those that waited, which and how long."""
    ledger = summary.run.ledger
    waited = (ledger.settled - ledger.at)[order]
    late = np.flatnonzero(waited)
    return {"fate": runs(ledger.fate[order].astype(np.int64)), "late": steps(late), "waited": packed(waited[late])}


def _states(summary: Summary) -> dict[str, Any]:
    """The lanes above the owners': kinds and labels by number, and their bands."""
    run = summary.run
    rats = lanes.rats(run)
    holes = [Band(a, b, "hole") for a, b in lanes.holes(run).tolist()]
    intent = [Band(a, b, "on") for a, b in lanes.intent(run).tolist()]
    return {
        "said": _bands(lanes.said(run)),
        "truth": _bands(lanes.truth(run)),
        "path": _bands([b._replace(label=_path_words(b)) for b in lanes.path(run)]),
        "holes": _bands(holes),
        "radio": _bands(lanes.radio(run)),
        "rat": _bands(rats),
        "intent": _bands(intent),
        "process": _bands(lanes.provider(run)),
        "protocol": _bands(lanes.protocol(run)),
        "screen": _bands(lanes.device(run)),
        "front": _bands(lanes.in_front(run)),
    }


def _path_words(band: Band) -> str:
    return {"cellular": "Cellular", "none": "no network"}.get(band.kind, f"Wi-Fi, {band.label}")


def _bands(bands: Sequence[Band]) -> list[Any]:
    """Bands of a lane: the different kinds with their labels, which of them each band is, and where they are."""
    kinds = list(dict.fromkeys((b.kind, b.label) for b in bands))
    number = {kind: i for i, kind in enumerate(kinds)}
    which = np.array([number[b.kind, b.label] for b in bands], dtype=np.int64)
    at = np.array([b.begin for b in bands], dtype=np.int64)
    length = np.array([b.end - b.begin for b in bands], dtype=np.int64)
    return [[[clean(kind), clean(label)] for kind, label in kinds], packed(which), steps(at), packed(length)]


def _outside(summary: Summary) -> list[str]:
    intervals, count = lanes.outside(summary)
    return [spans(intervals), packed(count)]


def _notable(summary: Summary) -> list[int]:
    """Windows that get a head of their own: numbers, counted from 0 in order of time."""
    number = {id(window): i for i, window in enumerate(summary.windows)}
    return [number[id(window)] for window in longest(summary.windows)]


# Energy ---------------------------------------------------------------------------------------------------------------


def _power(summary: Summary) -> list[str]:
    """The power of each group, in columns. [mW]"""
    columns = min(POWER_COLUMNS, max(summary.run.scenario.duration // SECOND, 1))
    found = power(summary.run, summary.battery.with_vpn.by_component, columns)
    return [packed(np.rint(np.maximum(found[group], 0) * 1000).astype(np.int64)) for group in GROUPS]


def _energy(found: dict[str, Any]) -> dict[str, Any]:
    """The account by component with what the VPN added to each, and by blame."""
    added = found["vpn_added_by_component"]
    rows = [[name, round(j, 3), round(added.get(name, 0.0), 3)] for name, j in found["by_component"].items()]
    return {
        "total": round(found["total_j"], 3),
        "percent": round(found["battery_percent"], 5),
        "added": round(found["vpn_added_j"], 3),
        "added_percent": round(found["vpn_added_percent"], 5),
        "components": [row for row in rows if row[1] or row[2]],
        "blame": [[clean(name), round(j, 3)] for name, j in found["by_blame"].items()],
    }


def _parameters(summary: Summary) -> list[list[str]]:
    """What the run rests on: name, value, range, confidence, source, note."""
    return [
        [p.path, p.value, p.range, str(p.cited.confidence), p.source, p.cited.note]
        for p in used_in(summary.run.scenario)
    ]
