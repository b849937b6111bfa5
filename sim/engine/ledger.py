"""The fate of every burst, assigned a day at a time.

How things stood is a list of a few hundred situations; a verdict table says for each of them and each class of flows what becomes of
a burst. So the fate of a follower's burst is two look-ups, done for the whole day at once; the few flows that went their own way
have spans of their own. A burst that meets a way which carries nothing waits: it gets the fate of the first span that settles it
within its patience, or the fate of having waited in vain.

# MODEL: what waited is delivered at the instant the way opens; TCP's backed-off retransmission may take up to as long again.
# Bias: delays after an outage are too short, never fates.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.base.units import NEVER, Instant
from sim.engine.engine import Standing
from sim.engine.sockets import LonerSpan
from sim.machines.routing import Fate, Verdict
from sim.world.nature import Ints
from sim.world.world import World

WAITS = -1
"""In a table of fates: not settled here."""


@dataclass(frozen=True)
class Ledger:
    """Columns of equal length n_bursts, in order of demand."""

    at: Ints
    """When it was wanted. [µs]"""
    flow: Ints
    up: Ints
    """[bytes]"""
    down: Ints
    """[bytes]"""
    fate: NDArray[np.int8]
    """:class:`sim.machines.routing.Fate`."""
    settled: Ints
    """When its fate was sealed; the horizon for a burst still waiting. [µs]"""
    cellular: NDArray[np.bool_]
    """It left on the cellular interface (as itself, or inside the tunnel's packets)."""

    def bytes_by_fate(self) -> dict[Fate, int]:
        """Bytes up and down of each fate. They add up to the demand."""
        sums = np.bincount(self.fate, weights=None, minlength=len(Fate))  # counts, to keep the order
        size = self.up + self.down
        return {fate: int(size[self.fate == fate].sum()) if sums[fate] else 0 for fate in Fate}


@dataclass(frozen=True)
class Spans:
    """What holds from each instant on, for one class or one flow, as columns of equal length."""

    begin: Ints
    fate: NDArray[np.int8]
    """The fate of a burst that comes now, or WAITS."""
    vain: NDArray[np.int8]
    """Its fate if it waits in vain."""

    def settle(self, at: Ints, patience: Ints, horizon: Instant) -> tuple[NDArray[np.int8], Ints]:
        """Fates and settling instants of bursts at `at` (ascending or not), each with its patience."""
        here = np.searchsorted(self.begin, at, side="right") - 1
        fate, settled = self.fate[here].copy(), at.copy()
        waits = np.flatnonzero(fate == WAITS)
        if not len(waits):
            return fate, settled
        settles = np.flatnonzero(self.fate != WAITS)
        later = np.searchsorted(settles, here[waits])
        found = later < len(settles)
        target = settles[np.minimum(later, len(settles) - 1)] if len(settles) else np.zeros(len(waits), dtype=np.int64)
        opens = np.where(found, self.begin[target], NEVER) if len(settles) else np.full(len(waits), NEVER)
        gives_up = at[waits] + patience[waits]
        in_time = opens <= gives_up
        fate[waits] = np.where(in_time, self.fate[target], self.vain[here[waits]])
        settled[waits] = np.where(in_time, opens, gives_up)
        late = waits[settled[waits] >= horizon]
        fate[late], settled[late] = Fate.WAITING, horizon
        return fate, settled


def spans_of_class(begins: Ints, table: list[tuple[Verdict, ...]], index: int) -> Spans:
    """The spans that all followers of a class share."""
    verdicts = [row[index] for row in table]
    return _spans(begins, verdicts)


def spans_of_loner(own: list[LonerSpan], shared: Spans) -> Spans:
    """The spans of a flow that had verdicts of its own for a while, and its class's otherwise."""
    begins, fates, vains = [shared.begin[:0]], [shared.fate[:0]], [shared.vain[:0]]
    until: Instant = 0
    for i, span in enumerate(own):
        if i == 0:
            first = int(np.searchsorted(shared.begin, span.begin))
            begins.append(shared.begin[:first])
            fates.append(shared.fate[:first])
            vains.append(shared.vain[:first])
        until = own[i + 1].begin if i + 1 < len(own) else NEVER
        if span.verdict is not None:
            begins.append(np.array([span.begin], dtype=np.int64))
            fates.append(np.array([_code(span.verdict)], dtype=np.int8))
            vains.append(np.array([span.verdict.otherwise], dtype=np.int8))
            continue
        low = int(np.searchsorted(shared.begin, span.begin, side="right")) - 1
        high = int(np.searchsorted(shared.begin, until))
        part = shared.begin[low:high].copy()
        part[0] = span.begin
        begins.append(part)
        fates.append(shared.fate[low:high])
        vains.append(shared.vain[low:high])
    return Spans(np.concatenate(begins), np.concatenate(fates), np.concatenate(vains))


def _spans(begins: Ints, verdicts: list[Verdict]) -> Spans:
    fates = np.array([_code(v) for v in verdicts], dtype=np.int8)
    vains = np.array([v.otherwise for v in verdicts], dtype=np.int8)
    return Spans(begins, fates, vains)


def _code(verdict: Verdict) -> int:
    return WAITS if verdict.fate is None else int(verdict.fate)


def assign(
    world: World, standings: list[Standing], table: list[tuple[Verdict, ...]], loners: dict[int, list[LonerSpan]]
) -> Ledger:
    """Settle every burst of the day.

    Parameters
    ----------
    standings : how things stood, n_standings in order of time
    table : for each standing, the verdict on new flows of each class
    loners : for each flow that had verdicts of its own, its spans
    """
    nature, horizon = world.nature, world.scenario.duration
    at, flow = nature.at, nature.flow
    begins = np.array([s.begin for s in standings], dtype=np.int64)
    patience = world.patience[flow]
    class_of_row = world.classes[flow]
    fate = np.empty(len(at), dtype=np.int8)
    settled = np.empty(len(at), dtype=np.int64)
    shared: dict[int, Spans] = {}
    for index in np.unique(class_of_row).tolist():
        spans = shared[index] = spans_of_class(begins, table, index)
        rows = np.flatnonzero(class_of_row == index)
        fate[rows], settled[rows] = spans.settle(at[rows], patience[rows], horizon)
    rows_of = _rows_of_flows(flow, loners)
    for one, own in loners.items():
        rows = rows_of.get(one)
        if rows is None:
            continue
        spans = spans_of_loner(own, shared[int(world.classes[one])])
        fate[rows], settled[rows] = spans.settle(at[rows], patience[rows], horizon)
    cellular = np.array([s.situation.default == "cellular" for s in standings], dtype=bool)
    on = cellular[np.searchsorted(begins, settled, side="right") - 1] if len(at) else np.empty(0, dtype=bool)
    return Ledger(at, flow, nature.up, nature.down, fate, settled, on)


def _rows_of_flows(flow: Ints, wanted: dict[int, list[LonerSpan]]) -> dict[int, Ints]:
    """Rows of each wanted flow, ascending."""
    if not wanted:
        return {}
    rows = np.flatnonzero(np.isin(flow, np.fromiter(wanted, dtype=np.int64, count=len(wanted))))
    order = rows[np.argsort(flow[rows], kind="stable")]
    edges = np.flatnonzero(np.diff(flow[order], prepend=-1))
    return {int(flow[part[0]]): part for part in np.split(order, edges[1:])} if len(order) else {}
