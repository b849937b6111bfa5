"""Leak windows: when the way outside was open for a live flow, whose, and what used it.

Two numbers are never mixed. *Exposure* is time in which a PROTECT flow was routed outside the tunnel; the *observed
leak* is what it sent there. A window is a maximal interval with one cause and one record that opened it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.base.units import NEVER, Bytes, Instant
from sim.engine.flows import LonerSpan
from sim.engine.simulate import Run
from sim.engine.standing import Standing
from sim.machines.routing import ASPECTS, Cause, Fate, Verdict, Way
from sim.world.intervals import Intervals, Ints, rows_between
from sim.world.nature import Kind

PACKET: Bytes = 1280
"""Payload of a full packet, to count packets by. [bytes]"""
PROBE = 0
"""The class that is no flow's."""
_ASPECTS = {name: number for number, name in enumerate(ASPECTS)}
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
    rows: Ints
    """Bursts that leaked through it: rows of the ledger."""
    kinds: str
    """Kinds of disclosure, letters of :data:`DISCLOSURES`."""

    @property
    def flows(self) -> int:
        """How many sockets it exposed."""
        return len({(s.flow, s.socket) for s in self.stretches})


def disclosure(kind: Kind, encrypted_dns: bool) -> str:
    """Which kinds of disclosure a leaked flow of this kind means; encrypted DNS shows its resolver instead of the
    name."""
    if kind.sockets.destination == "resolver":
        return "a" if encrypted_dns else "c"
    if kind.look_ups:
        return "a"
    return "abd" if kind.sockets.clear_text else "ab"


def stretches(run: Run, wanted: Callable[[Verdict], bool]) -> Iterator[Stretch]:
    """All stretches of live flows whose verdict is `wanted`, follower and loner alike, in no particular order."""
    world, loners, horizon, ends = run.world, run.loners, run.world.scenario.duration, run.ends
    for index, segments in _segments(run, wanted):
        flows = np.flatnonzero(world.classes == index)
        grounds_of: dict[int, tuple[int, ...]] = {}
        for flow, standing, begin, end in _live(flows, world.nature.opens[flows], ends[flows], segments):
            verdict = run.verdicts[standing][index]
            if standing not in grounds_of:
                grounds_of[standing] = _grounds(verdict, run.standings[standing])
            grounds = grounds_of[standing]
            if flow not in loners:
                yield Stretch(flow, 0, begin, end, verdict, grounds)
                continue
            for a, b, socket in _following(loners[flow], begin, end):
                yield Stretch(flow, socket, a, b, verdict, grounds)
    for flow, spans in loners.items():
        closes_at = min(int(ends[flow]), horizon)
        for i, span in enumerate(spans):
            end = min(spans[i + 1].begin if i + 1 < len(spans) else NEVER, closes_at)
            if span.verdict is not None and wanted(span.verdict) and span.begin < end:
                yield Stretch(flow, span.socket, span.begin, end, span.verdict, span.grounds)


class _Segments(NamedTuple):
    """The maximal intervals in which a class's followers have the same wanted verdict, in order of time."""

    standing: Ints
    """The standing that each begins with."""
    begin: Ints
    end: Ints


def _segments(run: Run, wanted: Callable[[Verdict], bool]) -> Iterator[tuple[int, _Segments]]:
    """Those of each class that has some. Verdicts that differ neither in way nor in cause are the same here."""
    rows, which = run.distinct_verdicts
    numbers: dict[tuple[Way, Cause | None], int] = {}
    table = np.array(
        [[numbers.setdefault((v.way, v.cause), len(numbers) + 1) if wanted(v) else 0 for v in row] for row in rows]
    )
    table[:, PROBE] = 0
    begins = np.append(run.begins, run.world.scenario.duration)
    for index in np.flatnonzero(table.any(axis=0)).tolist():
        column = table[which, index]
        first = np.concatenate(([0], np.flatnonzero(column[1:] != column[:-1]) + 1))
        behind = np.append(first[1:], len(column))
        chosen = column[first] > 0
        yield index, _Segments(first[chosen], begins[first[chosen]], begins[behind[chosen]])


def _live(flows: Ints, opens: Ints, ends: Ints, segments: _Segments) -> Iterator[tuple[int, int, Instant, Instant]]:
    """Each flow in each segment in which it lives: flow, the segment's standing, and from when to when it lives."""
    number, flow = rows_between(segments.end.searchsorted(opens, side="right"), segments.begin.searchsorted(ends))
    order = np.argsort(number, kind="stable")
    number, flow = number[order], flow[order]
    begin, end = np.maximum(opens[flow], segments.begin[number]), np.minimum(ends[flow], segments.end[number])
    return zip(flows[flow].tolist(), segments.standing[number].tolist(), begin.tolist(), end.tolist(), strict=True)


def _grounds(verdict: Verdict, standing: Standing) -> tuple[int, ...]:
    """The records that justify a verdict. The latest comes first: only with it was the conjunction complete."""
    grounds = [standing.since[_ASPECTS[ground]] for ground in verdict.grounds]
    opener = max(grounds, default=0)
    return (opener, *(g for g in grounds if g != opener))


def _following(spans: list[LonerSpan], begin: Instant, end: Instant) -> list[tuple[Instant, Instant, int]]:
    """The parts of [begin, end) in which a loner follows its class, with the number of its socket."""
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
    parts = [(cause, part) for (cause, _), members in groups.items() for part in _joined(members)]
    leaked = _leaked_rows(run, [part for _, part in parts])
    begins = run.begins.tolist()
    of_kind, kind = (
        [disclosure(k, run.scenario.device.encrypted_dns) for k in run.world.nature.kinds],
        run.world.nature.kind.tolist(),
    )
    windows = []
    for (cause, part), rows in zip(parts, leaked, strict=True):
        end = max(s.end for s in part)
        kinds = "".join(sorted(set("".join({of_kind[kind[s.flow]] for s in part}))))
        opener, closer = part[0].grounds[0], _closer(run, begins, end)
        windows.append(LeakWindow(part[0].begin, end, cause, opener, closer, tuple(part), rows, kinds))
    return sorted(windows, key=lambda w: (w.begin, w.end, w.cause))


def _joined(members: list[Stretch]) -> Iterator[list[Stretch]]:
    """Stretches of one cause that overlap or touch are one window."""
    members.sort(key=lambda s: (s.begin, s.end, s.flow))
    part: list[Stretch] = []
    reach: Instant = -1
    for stretch in members:
        if part and stretch.begin > reach:
            yield part
            part = []
        reach = max(reach, stretch.end)
        part.append(stretch)
    if part:
        yield part


def _closer(run: Run, begins: list[Instant], end: Instant) -> int | None:
    """The record that changed how things stood at this instant."""
    i = bisect_left(begins, end)
    if i < len(begins) and begins[i] == end and i > 0:
        before, after = run.standings[i - 1].since, run.standings[i].since
        changed = [a for a, b in zip(after, before, strict=True) if a != b]
        return max(changed) if changed else None
    return None


def _leaked_rows(run: Run, parts: list[list[Stretch]]) -> list[Ints]:
    """For each of several lists of stretches the bursts that leaked in them, rows of the ledger, ascending."""
    ledger, length = run.ledger, run.world.scenario.duration + 1
    leaked = np.flatnonzero(ledger.fate == Fate.LEAKED)
    # Flows laid end to end, each burst at the instant at which it left: one search finds those of all stretches.
    left = ledger.flow[leaked] * length + ledger.settled[leaked]
    order = np.argsort(left)
    every = np.array([(s.flow, s.begin, s.end) for part in parts for s in part], dtype=np.int64).reshape(-1, 3)
    ends = every[:, :1] * length + every[:, 1:]
    place, stretch = rows_between(*left[order].searchsorted(ends.T))
    rows = leaked[order[place]]
    part = np.arange(len(parts)).repeat([len(part) for part in parts])[stretch]
    by_part = np.lexsort((rows, part))
    return np.split(rows[by_part], part[by_part].searchsorted(np.arange(1, len(parts)))) if parts else []


class Columns(NamedTuple):
    """Stretches as columns of equal length."""

    flow: Ints
    socket: Ints
    """A number for each socket of each flow."""
    spans: Intervals
    """(n, 2), in any order and overlapping."""

    def rows(self, chosen: NDArray[np.bool_]) -> Columns:
        """Some of them."""
        return Columns(self.flow[chosen], self.socket[chosen], self.spans.compress(chosen, axis=0))

    @property
    def sockets(self) -> int:
        """How many sockets there are."""
        return len(set(self.socket.tolist()))


def columns(found: Iterable[Stretch]) -> Columns:
    """Many stretches as columns."""
    every = np.array([stretch[:4] for stretch in found], dtype=np.int64).reshape(-1, 4)  # flow, socket, begin, end
    flow, socket = every[:, 0], every[:, 1]
    return Columns(flow, flow * (int(socket.max(initial=0)) + 1) + socket, every[:, 2:])
