"""Leak windows: when the way outside was open for a live flow, whose, and what used it.

Two numbers are never mixed. *Exposure* is time in which a PROTECT flow was routed outside the tunnel; the *observed leak* is what it sent
there. A window is a maximal interval with one cause and one record that opened it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.base.units import NEVER, Bytes, Instant
from sim.engine.simulate import Run
from sim.machines.routing import ASPECTS, Cause, Fate, Verdict
from sim.world.intervals import EMPTY, Intervals, joined
from sim.world.nature import Kind

PACKET: Bytes = 1280
"""Payload of a full packet, to count packets by. [bytes]"""
_ASPECTS = list(ASPECTS)
# Destination seen by the local network, real address seen by the destination, DNS name seen, payload readable.
DISCLOSURES = {"a": "destination address", "b": "your address", "c": "name looked up", "d": "payload in clear"}


class Stretch(NamedTuple):
    """One flow's verdict over [begin, end)."""

    flow: int
    socket: int
    begin: Instant
    end: Instant
    verdict: Verdict
    grounds: tuple[int, ...]
    """Records; the first is the one that opened it."""


@dataclass(frozen=True)
class LeakWindow:
    """A maximal interval in which flows were routed outside for one cause, opened by one record."""

    begin: Instant
    end: Instant
    cause: Cause
    opener: int
    """The record that opened it."""
    closer: int | None
    """The first record at its end, if it was closed by one and not by the flows' own end."""
    stretches: tuple[Stretch, ...]
    rows: NDArray[np.int64]
    """Bursts that leaked through it: rows of the ledger."""
    kinds: str
    """Kinds of disclosure, letters of :data:`DISCLOSURES`."""

    @property
    def flows(self) -> int:
        """How many sockets it exposed."""
        return len({(s.flow, s.socket) for s in self.stretches})


def disclosure(kind: Kind) -> str:
    """Which kinds of disclosure a leaked flow of this kind means."""
    if kind.sockets.destination == "resolver":
        return "c"
    return "abd" if kind.sockets.clear_text else "ab"


def stretches(run: Run, wanted: Callable[[Verdict], bool]) -> Iterator[Stretch]:
    """All stretches of live flows whose verdict is `wanted`, follower and loner alike, in no particular order."""
    world, nature, horizon = run.world, run.world.nature, run.world.scenario.duration
    begins = [s.begin for s in run.standings]
    ends = _ends(run)
    for index in range(1, len(world.traits)):
        segments = _segments(run, begins, index, wanted)
        if not segments:
            continue
        members = np.flatnonzero(world.classes == index)
        opens, closes = nature.opens[members], ends[members]
        for begin, end, verdict, grounds in segments:
            alive = members[(opens < end) & (closes > begin)]
            for flow in alive.tolist():
                first, last = max(begin, int(nature.opens[flow])), min(end, int(ends[flow]))
                for a, b, socket in _following(run, flow, first, last):
                    yield Stretch(flow, socket, a, b, verdict, grounds)
    for flow, spans in run.loners.items():
        closes_at = min(int(ends[flow]), horizon)
        for i, span in enumerate(spans):
            end = min(spans[i + 1].begin if i + 1 < len(spans) else NEVER, closes_at)
            if span.verdict is not None and wanted(span.verdict) and span.begin < end:
                yield Stretch(flow, span.socket, span.begin, end, span.verdict, span.grounds)


def _ends(run: Run) -> NDArray[np.int64]:
    """When each flow ends: when its app would close it, but not before what waited in it has left."""
    ledger, ends = run.ledger, run.world.nature.closes.copy()
    left = np.flatnonzero((ledger.fate == Fate.LEAKED) | (ledger.fate == Fate.BYPASSED))
    np.maximum.at(ends, ledger.flow[left], ledger.settled[left] + 1)
    return ends


def _segments(
    run: Run, begins: list[Instant], index: int, wanted: Callable[[Verdict], bool]
) -> list[tuple[Instant, Instant, Verdict, tuple[int, ...]]]:
    """Maximal intervals in which a class's followers have the same wanted verdict."""
    horizon = run.world.scenario.duration
    found: list[tuple[Instant, Instant, Verdict, tuple[int, ...]]] = []
    answers: dict[int, bool] = {}
    for i, row in enumerate(run.verdicts):
        verdict = row[index]
        key = id(verdict)
        yes = answers.get(key)
        if yes is None:
            yes = answers[key] = wanted(verdict)
        if not yes:
            continue
        end = begins[i + 1] if i + 1 < len(begins) else horizon
        if found and found[-1][1] == begins[i] and found[-1][2].cause == verdict.cause and found[-1][2].way == verdict.way:
            found[-1] = (found[-1][0], end, *found[-1][2:])
        else:
            since = run.standings[i].since
            grounds = tuple(since[_ASPECTS.index(g)] for g in verdict.grounds)
            found.append((begins[i], end, verdict, _opener_first(verdict, grounds)))
    return found


def _opener_first(verdict: Verdict, grounds: tuple[int, ...]) -> tuple[int, ...]:
    """The latest of the grounds opened the stretch: only with it was the conjunction complete."""
    opener = max(grounds, default=0)
    return (opener, *(g for g in grounds if g != opener))


def _following(run: Run, flow: int, begin: Instant, end: Instant) -> list[tuple[Instant, Instant, int]]:
    """The parts of [begin, end) in which the flow follows its class, with the number of its socket."""
    spans = run.loners.get(flow)
    if spans is None:
        return [(begin, end, 0)] if begin < end else []
    found, at, socket = [], 0, 0
    follows = True
    for span in [*spans, None]:
        until = span.begin if span is not None else NEVER
        if follows:
            a, b = max(begin, at), min(end, until)
            if a < b:
                found.append((a, b, socket))
        if span is not None:
            at, socket, follows = span.begin, span.socket, span.verdict is None
    return found


def leak_windows(run: Run) -> list[LeakWindow]:
    """All leak windows of a run, in order of time."""
    groups: dict[tuple[Cause, int], list[Stretch]] = {}
    for stretch in stretches(run, lambda v: v.exposed):
        cause = stretch.verdict.cause
        assert cause is not None
        opener = stretch.grounds[0] if cause is Cause.LEGACY_SOCKET else 0
        groups.setdefault((cause, opener), []).append(stretch)
    leaked = _LeakedRows(run)
    windows = [w for (cause, _), members in groups.items() for w in _joined(run, cause, members, leaked)]
    return sorted(windows, key=lambda w: (w.begin, w.end, w.cause))


def _joined(run: Run, cause: Cause, members: list[Stretch], leaked: _LeakedRows) -> Iterator[LeakWindow]:
    """Stretches of one cause that overlap or touch are one window."""
    members.sort(key=lambda s: (s.begin, s.end, s.flow))
    part: list[Stretch] = []
    reach: Instant = -1
    for stretch in [*members, None]:
        if part and (stretch is None or stretch.begin > reach):
            yield _window(run, cause, tuple(part), reach, leaked)
            part = []
        if stretch is not None:
            reach = max(reach, stretch.end) if part else stretch.end
            part.append(stretch)


def _window(run: Run, cause: Cause, part: tuple[Stretch, ...], end: Instant, leaked: _LeakedRows) -> LeakWindow:
    kinds = {run.world.nature.kind[s.flow] for s in part}
    letters = "".join(sorted(set("".join(disclosure(run.world.nature.kinds[k]) for k in kinds))))
    rows = np.unique(np.concatenate([leaked.of(s) for s in part]))
    return LeakWindow(part[0].begin, end, cause, part[0].grounds[0], _closer(run, end), part, rows, letters)


def _closer(run: Run, end: Instant) -> int | None:
    """The record that changed how things stood at this instant."""
    begins = [s.begin for s in run.standings]
    i = int(np.searchsorted(begins, end))
    if i < len(begins) and begins[i] == end and i > 0:
        before, after = run.standings[i - 1].since, run.standings[i].since
        changed = [a for a, b in zip(after, before, strict=True) if a != b]
        return max(changed) if changed else None
    return None


class _LeakedRows:
    """Leaked bursts by flow, in order of the instant at which they left."""

    def __init__(self, run: Run) -> None:
        ledger = run.ledger
        rows = np.flatnonzero(ledger.fate == Fate.LEAKED)
        self._rows = rows[np.lexsort((ledger.settled[rows], ledger.flow[rows]))]
        self._flow, self._settled = ledger.flow[self._rows], ledger.settled[self._rows]

    def of(self, stretch: Stretch) -> NDArray[np.int64]:
        """Rows of the stretch's flow that left during it."""
        low, high = np.searchsorted(self._flow, (stretch.flow, stretch.flow + 1))
        settled = self._settled[low:high]
        first, behind = np.searchsorted(settled, (stretch.begin, stretch.end))
        return self._rows[low + first : low + behind]


def union(pairs: Iterator[tuple[Instant, Instant]]) -> Intervals:
    """Intervals as a sorted set."""
    every = np.array(list(pairs), dtype=np.int64).reshape(-1, 2)
    return joined([every]) if len(every) else EMPTY

