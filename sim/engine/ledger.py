"""The fate of every burst, assigned a day at a time.

How things stood is a list of a few hundred situations; a verdict table says for each of them and each class of flows
what becomes of a burst. So the fate of a follower's burst is two look-ups, done for the whole day at once; the few
flows that went their own way have spans of their own. A burst that meets a way which carries nothing waits: it gets the
fate of the first span that settles it within its patience, or the fate of having waited in vain.

# MODEL: what waited is delivered at the instant the way opens; TCP's backed-off retransmission may take up to as long
# again. Bias: delays after an outage are too short, never fates.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from sim.base.units import NEVER, Duration, Instant
from sim.engine.flows import LonerSpan
from sim.engine.standing import Standing
from sim.machines.events import Interface
from sim.machines.routing import Fate, Verdict
from sim.world.intervals import Ints, rows_between
from sim.world.world import World

Fates = NDArray[np.int8]
Flags = NDArray[np.bool_]
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
    fate: Fates
    """:class:`sim.machines.routing.Fate`."""
    settled: Ints
    """When its fate was sealed; the horizon for a burst still waiting. [µs]"""
    cellular: Flags
    """It left on the cellular interface (as itself, or inside the tunnel's packets)."""

    @cached_property
    def size(self) -> Ints:
        """Up and down together. [bytes]"""
        return self.up + self.down

    def bytes_by_fate(self) -> dict[Fate, int]:
        """Bytes up and down of each fate. They add up to the demand."""
        number = np.bincount(self.fate, minlength=len(Fate))
        return {fate: int(self.size[self.fate == fate].sum()) if number[fate] else 0 for fate in Fate}


@dataclass(frozen=True)
class Spans:
    """What holds from each instant on, track after track, as columns of equal length; a class or a flow has a track."""

    track: Ints
    """Ascending."""
    begin: Ints
    """Ascending within a track, whose first span begins before anything is asked of it. [µs]"""
    fate: Fates
    """The fate of a burst that comes now, or WAITS."""
    vain: Fates
    """Its fate if it waits in vain."""
    cellular: Flags
    """It is bound to the cellular interface itself (not through the tunnel)."""

    @cached_property
    def _length(self) -> Duration:
        """More than any track lasts, to lay tracks end to end."""
        return int(self.begin.max(initial=0)) + 1

    def at(self, track: Ints, instant: Ints) -> Ints:
        """The span that holds on each track at each instant."""
        starts, length = self.track * self._length, self._length
        return (starts + self.begin).searchsorted(track * length + np.minimum(instant, length - 1), side="right") - 1

    def settle(self, span: Ints, at: Ints, patience: Ints, horizon: Instant) -> tuple[Fates, Ints]:
        """Fates and settling instants of bursts that wait: they came `at` during `span`, each with its patience."""
        settles = np.append(np.flatnonzero(self.fate != WAITS), -1)
        target = settles[settles[:-1].searchsorted(span)]
        opens = np.where(self.track[target] == self.track[span], self.begin[target], NEVER)
        opens[target < 0] = NEVER
        gives_up = at + patience
        in_time = opens <= gives_up
        fate = np.where(in_time, self.fate[target], self.vain[span])
        settled = np.where(in_time, opens, gives_up)
        late = settled >= horizon
        fate[late], settled[late] = Fate.WAITING, horizon
        return fate, settled


def held(begins: Ints, at: Ints) -> Ints:
    """Which of several successive things, with these beginnings, holds at each of many ascending instants."""
    return np.arange(len(begins)).repeat(np.diff(at.searchsorted(begins), append=len(at)))


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
    at, flow, n_classes = nature.at, nature.flow, len(world.traits)
    begins = np.array([s.begin for s in standings], dtype=np.int64)
    shared = _of_classes(begins, table)
    spans = _with_loners(shared, begins, world, loners)
    tracks = world.classes.copy()
    tracks[list(loners)] = np.arange(n_classes, n_classes + len(loners))

    standing = held(begins, at)
    track = tracks[flow]
    span = track * len(begins) + standing  # of followers: tracks of classes have a span for each standing
    alone = np.flatnonzero(track >= n_classes)
    span[alone] = spans.at(track[alone], at[alone])
    fate, settled = spans.fate[span], at.copy()

    waits = np.flatnonzero(fate == WAITS)
    patience = world.patience[flow[waits]]
    fate[waits], settled[waits] = spans.settle(span[waits], at[waits], patience, horizon)
    standing[waits] = begins.searchsorted(settled[waits], side="right") - 1
    span[waits] = spans.at(track[waits], settled[waits])
    # What went through the tunnel left on the default interface.
    default = np.array([s.situation.default is Interface.CELLULAR for s in standings], dtype=bool)
    cellular = np.where(fate == Fate.TUNNELLED, default[standing], spans.cellular[span])
    return Ledger(at, flow, nature.up, nature.down, fate, settled, cellular)


def distinct(table: list[tuple[Verdict, ...]]) -> tuple[list[tuple[Verdict, ...]], Ints]:
    """The different rows of a verdict table, and for each standing the number of its row among them, (n_standings,).

    A day has hundreds of standings and a few dozen different rows; equal rows are one object, or are looked at twice.
    """
    ids = list(map(id, table))
    rows = dict(zip(ids, table, strict=True))
    number = {key: i for i, key in enumerate(rows)}
    return list(rows.values()), np.array([number[key] for key in ids], dtype=np.int64)


def _of_classes(begins: Ints, table: list[tuple[Verdict, ...]]) -> Spans:
    """The tracks that all followers of a class share, one span for each standing."""
    rows, which = distinct(table)
    codes = np.array([[_codes(verdict) for verdict in row] for row in rows], dtype=np.int8)
    fate, vain, cellular = codes.transpose(2, 1, 0)[:, :, which].reshape(3, -1)
    n_classes = len(table[0])
    track = np.arange(n_classes).repeat(len(begins))
    return Spans(track, np.tile(begins, n_classes), fate, vain, cellular.astype(bool))


def _with_loners(shared: Spans, begins: Ints, world: World, loners: dict[int, list[LonerSpan]]) -> Spans:
    """The same and, behind them, a track for each flow that had verdicts of its own for a while."""
    if not loners:
        return shared
    rows = []
    for track, (flow, own) in enumerate(loners.items(), len(world.traits)):
        # From its opening until its last burst has settled: more would make a long run's tracks quadratic.
        opens, done = int(world.nature.opens[flow]), int(world.nature.closes[flow] + world.patience[flow])
        of_flow = (track, int(world.classes[flow]))
        rows.append((*of_flow, min(opens, own[0].begin), own[0].begin, *_FOLLOWS))
        for span, end in zip(own, [*(span.begin for span in own[1:]), max(done, own[-1].begin) + 1], strict=True):
            rows.append((*of_flow, span.begin, end, *(_FOLLOWS if span.verdict is None else _codes(span.verdict))))
    track, class_, begin, end, fate, vain, cellular = np.array(rows, dtype=np.int64).T
    follows = fate == _FOLLOWS[0]
    # While it follows its class it has as many spans as there are standings, otherwise one.
    low = np.where(follows, begins.searchsorted(begin, side="right") - 1, 0)
    behind = np.where(follows, begins.searchsorted(end), 1)
    standing, row = rows_between(low, behind)
    followed = class_[row] * len(begins) + standing
    return Spans(
        np.concatenate((shared.track, track[row])),
        np.concatenate((shared.begin, np.maximum(begins[standing], begin[row]))),
        np.concatenate((shared.fate, np.where(follows[row], shared.fate[followed], fate[row]).astype(np.int8))),
        np.concatenate((shared.vain, np.where(follows[row], shared.vain[followed], vain[row]).astype(np.int8))),
        np.concatenate((shared.cellular, np.where(follows[row], shared.cellular[followed], cellular[row] == 1))),
    )


_FOLLOWS = (-2, 0, 0)


def _codes(verdict: Verdict) -> tuple[int, int, int]:
    """Fate, fate if it waits in vain, and whether it is bound to cellular, of a burst that meets this verdict."""
    cellular = verdict.binding is not None and verdict.binding.interface is Interface.CELLULAR
    return WAITS if verdict.fate is None else int(verdict.fate), int(verdict.otherwise), int(cellular)
