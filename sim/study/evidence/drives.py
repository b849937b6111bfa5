"""Recorded drives: what is played of a public data set is what its files say.

Each file is counted twice. Once as it stands, column by column, by the few lines here; once in the day that was played
from it, through reader, scenario, nature and engine. Both must agree to the last change. This tests reading and
playing; it says nothing about the model.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby, pairwise
from pathlib import Path
from typing import NamedTuple

from sim.base.units import HOUR, SECOND
from sim.engine.simulate import Run, simulate
from sim.machines.events import HoleBegan, HoleEnded, Interface
from sim.study.evidence.checks import Check, Comparison, Given, Kind, Skipped, near
from sim.world.loading import validate, with_recording

Rows = Sequence[dict[str, str]]


class Counts(NamedTuple):
    """What is counted of one recording, in its file or in the day that was played."""

    hours: float
    rats: int | None = None
    """RAT changes; None: the file does not say."""
    cells: int | None = None
    holes: int | None = None
    """Times that an interface carried nothing."""
    dead_s: float | None = None
    """Their length together. [s]"""


Counter = Callable[[Path], dict[str, Counts]]
"""Counts a file as it stands, by its parts; "" where there is only one."""


# The played day -------------------------------------------------------------------------------------------------------


def _played(file: Path, part: str, interface: Interface) -> Counts:
    """The same in the day that is played from a file: nobody uses the phone."""
    bare = validate({"name": "a drive", "recording": {"file": file.name, "part": part}}, str(file))
    scenario = with_recording(bare, file, file)
    assert scenario.recording is not None
    drive = scenario.recording.drive
    run = simulate(scenario.model_copy(update={"duration": drive.end}))
    nature = run.world.nature
    holes, dead = _holes(run, interface)
    return Counts(
        drive.at[-1] / HOUR,
        max(len(nature.rats) - 1, 0),
        len(nature.handovers),
        holes,
        dead / SECOND,
    )


def _holes(run: Run, interface: Interface) -> tuple[int, int]:
    """How many there were, and their length together. [µs]"""
    lines = {  # each event has a record for each machine that heard it
        record.at: isinstance(record.event, HoleBegan)
        for record in run.timeline
        if isinstance(record.event, HoleBegan | HoleEnded) and record.event.interface is interface
    }
    edges = [*lines.items(), (run.scenario.duration, False)]
    return sum(lines.values()), sum(end - at for (at, begins), (end, _) in pairwise(edges) if begins)


# Comparing ------------------------------------------------------------------------------------------------------------


class Agreement:
    """A check over all files of one folder of the data sets."""

    def __init__(
        self,
        folder: str,
        pattern: str,
        count: Counter,
        interface: Interface = Interface.CELLULAR,
        *,
        apart_s: float = 0.0,
        why: str = "",
    ) -> None:
        self.folder, self.pattern, self.count, self.interface = folder, pattern, count, interface
        self.apart_s, self.why = apart_s, why

    def __call__(self, given: Given) -> list[Comparison]:
        """Play each file, and say how many agree; the worst by its name."""
        pairs: dict[str, tuple[Counts, Counts]] = {}
        for file in _files(given, self.folder, self.pattern):
            for part, counted in self.count(file).items():
                name = f"{file.name} {part}".strip()
                pairs[name] = (counted, _played(file, part, self.interface))
        found = [
            self._changes(what, pairs, field)
            for what, field in (("RAT changes", "rats"), ("cell changes", "cells"), ("outages", "holes"))
            if any(getattr(counted, field) is not None for counted, _ in pairs.values())
        ]
        if any(counted.dead_s is not None for counted, _ in pairs.values()):
            spent = [sum(side.dead_s or 0.0 for side in both) for both in zip(*pairs.values(), strict=True)]
            found.append(
                near("time in outages, all files", spent[0], spent[1], "s", absolute=self.apart_s, why=self.why)
            )
        return found

    def _changes(self, what: str, pairs: dict[str, tuple[Counts, Counts]], field: str) -> Comparison:
        """A kind of change in all files that say it: how many an hour, and in which file the two differ most."""
        said = {n: (c, p) for n, (c, p) in pairs.items() if getattr(c, field) is not None}
        apart = {n: abs(getattr(c, field) - getattr(p, field)) for n, (c, p) in said.items()}
        hours = sum(c.hours for c, _ in said.values())
        counted, played = (sum(getattr(side, field) for side in both) for both in zip(*said.values(), strict=True))
        same = sum(difference == 0 for difference in apart.values())
        worst = max(apart, key=lambda name: apart[name])
        return Comparison(
            f"{what} in {len(said)} recordings, {hours:.2f} h",
            f"{counted}, {counted / hours:.1f} /h; equal in each",
            f"{played}, {played / hours:.1f} /h; equal in {same}",
            played / counted if counted else None,
            same == len(said),
            "" if same == len(said) else f"most apart, by {apart[worst]}: {worst}",
        )


def _files(given: Given, folder: str, pattern: str) -> list[Path]:
    """Files of one data set.

    Raises
    ------
    Skipped
        If there are none.
    """
    if given.data is None:
        given.file(f"traces/{folder}/{pattern}")
    assert given.data is not None
    found = sorted((given.data / "traces" / folder).glob(pattern))
    if not found:
        raise Skipped(f"needs {given.data / 'traces' / folder / pattern}, of which there is none")
    return found


# Counting files as they stand -----------------------------------------------------------------------------------------


def _table(file: Path, delimiter: str = ",") -> Rows:
    csv.field_size_limit(1_000_000)
    with file.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream, delimiter=delimiter))


def _differences(values: Iterable[object]) -> int:
    """How often a value differs from the one before."""
    return sum(a != b for a, b in pairwise(values))


def _stamp_hours(first: str, last: str) -> float:
    """Between two stamps of one or two days: from their digits, year to second."""
    days, seconds = [], []
    for stamp in (first, last):
        numbers = [int(n) for n in re.findall(r"\d+", stamp)]
        days.append(numbers[2])
        seconds.append(numbers[3] * 3600 + numbers[4] * 60 + numbers[5])
    return (seconds[1] - seconds[0] + (86_400 if days[0] != days[1] else 0)) / 3600


def _ucc(file: Path) -> dict[str, Counts]:
    rows = _table(file)
    hours = _stamp_hours(rows[0]["Timestamp"], rows[-1]["Timestamp"])
    rats = _differences(row["NetworkMode"] for row in rows)
    return {"": Counts(hours, rats, _differences(row["RAWCELLID"] for row in rows))}


def _dakar(file: Path) -> dict[str, Counts]:
    rows = _table(file, "\t")
    if "NetworkTech" not in rows[0]:
        return {}  # totals of calls
    hours = _stamp_hours(rows[0]["Timestamp"], rows[-1]["Timestamp"])
    rats = _differences(row["NetworkTech"] for row in rows)
    return {"": Counts(hours, rats, _differences((row["Node"], row["CellID"]) for row in rows))}


def _power(file: Path) -> dict[str, Counts]:
    rows = _table(file)
    if "handover type" in rows[0]:
        hours = float(rows[-1]["time"]) / 3600
        handovers = sum(row["handover type"] not in ("", "unknown") for row in rows)
        return {"": Counts(hours, _differences(row["active interface"] for row in rows), handovers)}
    hours = _stamp_hours(rows[0]["timestamp"], rows[-1]["timestamp"])
    cells = _differences(row["mCid"] for row in rows) if "mCid" in rows[0] else None
    return {"": Counts(hours, _differences(row["nrStatus"] for row in rows), cells)}


def _mobility(file: Path) -> dict[str, Counts]:
    found = {}
    for run, group in groupby(_table(file), key=lambda row: row["run_number"]):
        rows = list(group)
        hours = (float(rows[-1]["time_since_start"]) - float(rows[0]["time_since_start"])) / 3600
        # What is in the first row was before the recording.
        handovers = sum(row["handoffType"] != "0" for row in rows[1:])
        found[run] = Counts(hours, _differences(row["network"] for row in rows), handovers)
    return found


def _operators(file: Path) -> dict[str, Counts]:
    found, table = {}, _table(file)
    for operator in ("x", "y"):
        rows = [row for row in table if row[f"TIME_STAMP_{operator}"]]
        rows.sort(key=lambda row: float(row[f"TIME_STAMP_{operator}"]))
        times = [float(row[f"TIME_STAMP_{operator}"]) for row in rows]
        words = [word for row in rows if (word := row[f"modified_tech_{operator}"])]
        handovers = sum(row[f"handover_status_{operator}"] == "Start" for row in rows[1:])
        found[operator] = Counts((times[-1] - times[0]) / 3600, _differences(words), handovers)
    return found


def _opportunities(file: Path) -> dict[str, Counts]:
    """A gap is between two packets; the link works in the millisecond of each."""
    times = [-1, *(int(line) for line in file.read_text(encoding="ascii").split())]
    gaps = [b - a - 1 for a, b in pairwise(times) if b - a >= 1000]
    return {"": Counts(times[-1] / 3.6e6, holes=len(gaps), dead_s=sum(gaps) / 1000)}


def _walk(file: Path) -> dict[str, Counts]:
    """A second in which a bulk transfer over Wi-Fi got less than 10 kB through is dead."""
    other = file.with_name(file.name.replace("_wifi", "_cellular")).read_text(encoding="ascii").split()
    known = {line.split(",")[0] for line in other}
    lines = [line.split(",") for line in file.read_text(encoding="ascii").split()]
    dead = [int(size) < 10_000 for second, size in lines if second in known]
    runs = sum(is_dead for is_dead, _ in groupby(dead))
    return {"": Counts(len(dead) / 3600, holes=runs, dead_s=float(sum(dead)))}


def _ping(file: Path) -> dict[str, Counts]:
    numbers = sorted({int(n) for n in re.findall(r"icmp_seq=(\d+) ttl", file.read_text(encoding="ascii"))})
    lost = [b - a - 1 for a, b in pairwise(numbers) if b - a - 1 >= 5]
    return {"": Counts(numbers[-1] / 5 / 3600, holes=len(lost), dead_s=sum(lost) / 5)}


# The checks -----------------------------------------------------------------------------------------------------------

_NOTE = "tests reading and playing, not the model"


def _check(id_: str, what: str, source: str, where: str, agreement: Agreement) -> Check:
    return Check(id_, what, Kind.CLOSED_FORM, source, where, agreement, _NOTE)


CHECKS: tuple[Check, ...] = (
    _check(
        "R-ucc",
        "5G production data set: RAT and cell changes of the played day are the file's",
        "raca2020",
        "columns NetworkMode, RAWCELLID",
        Agreement("ucc-5g", "*.csv", _ucc),
    ),
    _check(
        "R-dakar",
        "G-NetTrack in Dakar, logs, events and speed tests: RAT and cell changes of the played day are the file's",
        "gnettrack-analytics",
        "columns NetworkTech, Node, CellID",
        Agreement("gnettrack-dakar", "*.txt", _dakar),
    ),
    _check(
        "R-power",
        "5G power study, drives and phone logs: RAT changes and handovers of the played day are the file's",
        "narayanan2021",
        "Driving-Wild, Power-Model",
        Agreement("sigcomm21-5gpower", "[DP]*-[MW][oi]*_*.csv", _power),
    ),
    _check(
        "R-mobility",
        "5G mobility study, six drives: changes of network and handovers of the played day are the file's",
        "hassan2022",
        "figure10, handoff-energy_combined.csv",
        Agreement("sigcomm22-5gmobility", "*handoff-energy_combined.csv", _mobility),
    ),
    _check(
        "R-operators",
        "two operators on one drive: changes of technology and handovers of the played day are the file's",
        "pam2025-multi-carrier",
        "aligned files, columns modified_tech, handover_status",
        Agreement("pam25-handover-aligned", "*.csv", _operators),
    ),
    _check(
        "R-mahimahi",
        "link traces: gaps of a second and more are the outages of the played day",
        "winstein2013",
        "traces",
        Agreement("mahimahi", "*driving*", _opportunities, apart_s=0.01),
    ),
    _check(
        "R-walks",
        "walks on Wi-Fi and cellular at once: seconds in which Wi-Fi carried nothing",
        "mp-traces",
        "pairs of files",
        Agreement("mp-wifi-cellular", "*_wifi.csv", _walk, Interface.WIFI),
    ),
    _check(
        "R-pings",
        "pings while driving: runs of lost packets are the outages of the played day",
        "pam2025-multi-carrier",
        "raw pings",
        Agreement(
            "pam25-driving-ping",
            "*.out",
            _ping,
            apart_s=2.0,
            why="packets leave a little less than five times a second; the played outages have the logs' own times",
        ),
    ),
)
