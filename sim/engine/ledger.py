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
from sim.engine.flows import LonerSpan
from sim.engine.standing import Standing
from sim.machines.events import Interface
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
        size = self.up + self.down
        return {fate: int(size[self.fate == fate].sum()) for fate in Fate}


@dataclass(frozen=True)
class Spans:
    """What holds from each instant on, for one class or one flow, as columns of equal length."""

    begin: Ints
    fate: NDArray[np.int8]
    """The fate of a burst that comes now, or WAITS."""
    vain: NDArray[np.int8]
    """Its fate if it waits in vain."""
    cellular: NDArray[np.bool_]
    """It is bound to the cellular interface itself (not through the tunnel)."""

    def columns(self) -> tuple[Ints, NDArray[np.int8], NDArray[np.int8], NDArray[np.bool_]]:
        """The columns, in the order of the fields."""
        return self.begin, self.fate, self.vain, self.cellular

    def part(self, low: int, high: int) -> Spans:
        """A copy of the spans from number `low` up to `high`."""
        return Spans(*(column[low:high].copy() for column in self.columns()))

    def on_cellular(self, at: Ints) -> NDArray[np.bool_]:
        """Whether each burst settled at `at` left on the cellular interface itself."""
        return self.cellular[np.searchsorted(self.begin, at, side="right") - 1]

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
    first = int(np.searchsorted(shared.begin, own[0].begin))
    parts = [shared.part(0, first)]
    for i, span in enumerate(own):
        until = own[i + 1].begin if i + 1 < len(own) else NEVER
        if span.verdict is not None:
            parts.append(_spans(np.array([span.begin], dtype=np.int64), [span.verdict]))
            continue
        low = int(np.searchsorted(shared.begin, span.begin, side="right")) - 1
        followed = shared.part(low, int(np.searchsorted(shared.begin, until)))
        followed.begin[0] = span.begin
        parts.append(followed)
    return Spans(*(np.concatenate(columns) for columns in zip(*(p.columns() for p in parts), strict=True)))


def _spans(begins: Ints, verdicts: list[Verdict]) -> Spans:
    return Spans(
        begins,
        np.array([_code(v) for v in verdicts], dtype=np.int8),
        np.array([v.otherwise for v in verdicts], dtype=np.int8),
        np.array([v.binding is not None and v.binding.interface is Interface.CELLULAR for v in verdicts], dtype=bool),
    )


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
    cellular = np.empty(len(at), dtype=bool)

    def settle(rows: Ints, spans: Spans) -> None:
        fate[rows], settled[rows] = spans.settle(at[rows], patience[rows], horizon)
        cellular[rows] = spans.on_cellular(settled[rows])

    shared: dict[int, Spans] = {}
    for index in np.unique(class_of_row).tolist():
        shared[index] = spans_of_class(begins, table, index)
        settle(np.flatnonzero(class_of_row == index), shared[index])
    for one, rows in _rows_of_flows(flow, loners).items():
        settle(rows, spans_of_loner(loners[one], shared[int(world.classes[one])]))
    # What went through the tunnel left on the default interface.
    default = np.array([s.situation.default is Interface.CELLULAR for s in standings], dtype=bool)
    inside = fate == Fate.TUNNELLED
    cellular[inside] = default[np.searchsorted(begins, settled[inside], side="right") - 1]
    return Ledger(at, flow, nature.up, nature.down, fate, settled, cellular)


def _rows_of_flows(flow: Ints, wanted: dict[int, list[LonerSpan]]) -> dict[int, Ints]:
    """Rows of each wanted flow, ascending."""
    if not wanted:
        return {}
    rows = np.flatnonzero(np.isin(flow, np.fromiter(wanted, dtype=np.int64, count=len(wanted))))
    order = rows[np.argsort(flow[rows], kind="stable")]
    edges = np.flatnonzero(np.diff(flow[order], prepend=-1))
    return {int(flow[part[0]]): part for part in np.split(order, edges[1:])} if len(order) else {}
