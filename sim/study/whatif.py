"""The same day under each single mitigation: which leak windows vanish, shrink, or turn into blocked time; and the
smallest set of changes after which nothing leaks.

Theory of operation. All mitigations meet the days of the scenario as it stands, socket by socket, so a window can be
followed: what is left of it is the time in which the *same* flows are outside in its span, and what blocks there is
time that the mitigation took from them.

Sets are searched by size, one first, and a set counts if nothing else is outside on any of the days, in the old windows
or in new ones. Windows that no mitigation alone touches are no set's business; they are named, and the search goes on
for the others. What is guaranteed:

- Whatever is found closes them: every set was played.
- If single changes close them, these are all that do. No smaller set exists, and every mitigation was played.
- Larger sets are played only if each window is touched by one of its members alone: its exposed time or its cause
  changed. So a set may be missed whose members only help together, such as a change that closes nothing but keeps shut
  what another would open. A search of every set misses none, among mitigations that apply to the scenario as it stands.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import NamedTuple

import numpy as np

from sim.base.streams import Streams
from sim.base.units import Duration
from sim.engine.simulate import Run, simulate
from sim.machines.routing import Cause, Intended, Verdict
from sim.measure.leaks import LeakWindow, Stretch, leak_windows, stretches
from sim.measure.summary import Summary, summarise
from sim.study.arms import natural
from sim.study.mitigations import Mitigation, Together, applicable, together
from sim.study.rows import Number, row
from sim.world.intervals import EMPTY, Intervals, common, joined, listed, paired, total
from sim.world.nature import Nature, draw
from sim.world.scenario import Scenario

MOST = 3
"""The largest sets that are searched."""
Tell = Callable[[int, int], None]


class Left(NamedTuple):
    """What a mitigation leaves of one window."""

    exposed: Duration
    """Time in which one of its flows is still outside, in its span. [µs]"""
    blocked: Duration
    """Time in which one of them is kept from the network there, and was not before. [µs]"""
    shorter: bool
    fewer: bool
    """Whether fewer of its flows are outside, or for less time."""
    touched: bool
    """Whether exposure or its cause changed at all."""


@dataclass(frozen=True)
class Day:
    """One seed as the scenario stands."""

    seed: int
    summary: Summary
    spans: tuple[Intervals, ...]
    """For each window the exposure of its flows, flows laid end to end."""
    causes: tuple[Cause, ...]
    blocked: Intervals
    """When flows are kept from the network, laid likewise."""
    row: dict[str, Number]

    @property
    def windows(self) -> list[LeakWindow]:
        """In order of time."""
        return self.summary.windows


@dataclass(frozen=True)
class Outcome:
    """The days under one mitigation, or under several."""

    chosen: tuple[Mitigation, ...]
    under: Together
    rows: tuple[dict[str, Number], ...]
    """The numbers of each day."""
    left: tuple[tuple[Left, ...], ...]
    """For each day and each of its windows, what is left of it."""
    new: tuple[Duration, ...]
    """For each day, time in which flows are outside that were not before. [µs]"""

    @property
    def name(self) -> str:
        """Its mitigations by name."""
        return " + ".join(m.name for m in self.chosen)

    @property
    def price(self) -> str:
        """What they take away."""
        return "; ".join(m.price for m in self.chosen)

    @property
    def managed(self) -> bool:
        """Whether it takes a supervised phone."""
        return any(m.managed for m in self.chosen)

    @property
    def touches(self) -> frozenset[tuple[int, int]]:
        """Day and number of each window that it changes."""
        return frozenset((d, w) for d, day in enumerate(self.left) for w, left in enumerate(day) if left.touched)


@dataclass(frozen=True)
class Found:
    """What the search for the smallest set came to."""

    sets: tuple[Outcome, ...]
    """All smallest sets that close whatever can be closed, and, if those take a supervised phone, all smallest that do
    not. The cheapest first: least blocked, then least battery."""
    played: int
    untouched: frozenset[tuple[int, int]]
    """Windows that no mitigation touches: day and number."""
    best: Outcome | None
    """If there is no such set: the one that leaves the least exposed time, then the fewest changes."""
    exact: bool
    """Whether nothing was missed: every set was played, or single changes are enough."""


# Playing --------------------------------------------------------------------------------------------------------------


class Player:
    """Plays scenarios on common days.

    Parameters
    ----------
    scenario : as it stands
    seeds : one day each
    """

    def __init__(self, scenario: Scenario, seeds: Sequence[int]) -> None:
        self.scenario = scenario
        self._natures: dict[int, list[tuple[Scenario, Nature]]] = {seed: [] for seed in seeds}
        self.days = [self._day(seed) for seed in seeds]

    def run(self, scenario: Scenario, seed: int) -> Run:
        """One day."""
        mine, known = natural(scenario), self._natures[seed]
        nature = next((n for s, n in known if s == mine), None)
        if nature is None:
            nature = draw(scenario, Streams(seed))
            known.append((mine, nature))
        return simulate(scenario, seed, nature)

    def _day(self, seed: int) -> Day:
        summary = summarise(self.run(self.scenario, seed))
        windows = summary.windows
        return Day(
            seed,
            summary,
            tuple(_laid(summary.run, w.stretches) for w in windows),
            tuple(w.cause for w in windows),
            _blocked(summary.run),
            row(summary),
        )

    def outcome(self, chosen: Sequence[Mitigation], under: Together) -> Outcome:
        """All days under some mitigations."""
        rows, left, new = [], [], []
        for day in self.days:
            run = self.run(under.scenario, day.seed)
            summary = summarise(run)
            rows.append(row(summary))
            left.append(tuple(_left(day, run, summary.windows)))
            before = joined(day.spans)
            now = _laid(run, [s for w in summary.windows for s in w.stretches])
            new.append(_in_time(run, _without(now, before)))
        return Outcome(tuple(chosen), under, tuple(rows), tuple(left), tuple(new))

    def closes(self, scenario: Scenario, untouched: frozenset[tuple[int, int]]) -> bool:
        """Whether nothing is outside on any day, but for those windows."""
        for d, day in enumerate(self.days):
            run = self.run(scenario, day.seed)
            allowed = joined([day.spans[w] for e, w in untouched if e == d])
            now = _laid(run, [s for w in leak_windows(run) for s in w.stretches])
            if len(_without(now, allowed)):
                return False
        return True


def _left(day: Day, run: Run, windows: list[LeakWindow]) -> Iterator[Left]:
    by_cause = {
        cause: _laid(run, [s for w in windows if w.cause is cause for s in w.stretches])
        for cause in {w.cause for w in windows}
    }
    now = joined(list(by_cause.values()))
    blocked = _without(_blocked(run), day.blocked) if day.spans else EMPTY
    for window, spans, cause in zip(day.windows, day.spans, day.causes, strict=True):
        still = common(spans, now)
        same = common(spans, by_cause.get(cause, EMPTY))
        flows = _span_of_flows(window, run)
        exposed = _in_time(run, still)
        yield Left(
            exposed=exposed,
            blocked=_in_time(run, common(flows, blocked)),
            shorter=exposed < _in_time(run, spans),
            fewer=total(still) < total(spans),
            touched=total(same) != total(spans),
        )


def _laid(run: Run, found: Sequence[Stretch]) -> Intervals:
    """Stretches with their flows laid end to end, so that sets of them can be compared flow by flow."""
    length = run.scenario.duration + 1
    return joined([listed([(s.flow * length + s.begin, s.flow * length + s.end) for s in found])])


def _span_of_flows(window: LeakWindow, run: Run) -> Intervals:
    """The whole span of a window for each of its flows, laid likewise."""
    length = run.scenario.duration + 1
    flows = {s.flow for s in window.stretches}
    return joined([listed([(f * length + window.begin, f * length + window.end) for f in sorted(flows)])])


def _blocked(run: Run) -> Intervals:
    world = run.world

    def protected(flow: int) -> bool:
        return world.traits[world.classes[flow]].intended is Intended.PROTECT

    def blocks(verdict: Verdict) -> bool:
        return verdict.blocks

    return _laid(run, [s for s in stretches(run, blocks) if protected(s.flow)])


def _in_time(run: Run, laid: Intervals) -> Duration:
    """How long at least one flow is in its intervals. [µs]"""
    length = run.scenario.duration + 1
    return total(joined([paired(laid[:, 0] % length, laid[:, 0] % length + laid[:, 1] - laid[:, 0])]))


def _without(a: Intervals, b: Intervals) -> Intervals:
    """What of `a` is not in `b`."""
    if not len(a) or not len(b):
        return a
    edges = np.concatenate(([a[0, 0] - 1], b.ravel(), [max(a[-1, 1], b[-1, 1]) + 1])).reshape(-1, 2)
    return common(a, edges[edges[:, 0] < edges[:, 1]])


# Asking ---------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class WhatIf:
    """A scenario, and what each mitigation would have changed.

    Parameters
    ----------
    singles : one outcome for each mitigation that applies
    """

    player: Player
    singles: tuple[Outcome, ...]

    @property
    def days(self) -> list[Day]:
        """As the scenario stands."""
        return self.player.days

    @cached_property
    def every(self) -> frozenset[tuple[int, int]]:
        """All windows: day and number."""
        return frozenset((d, w) for d, day in enumerate(self.days) for w in range(len(day.windows)))

    @cached_property
    def untouched(self) -> frozenset[tuple[int, int]]:
        """Windows that no mitigation changes."""
        return self.every.difference(*(outcome.touches for outcome in self.singles))

    def search(self, tell: Tell, most: int = MOST, every: bool = False) -> Found | None:
        """The smallest sets after which nothing leaks; None if nothing leaks as it is, or no change alone helps.

        If each of them needs a supervised phone, larger ones that do not are looked for, too.

        Parameters
        ----------
        tell : is told how many sets of a size are done, and of how many
        most : size of the largest sets
        every : play every set that can stand together, not only those that touch each window
        """
        useful = [o for o in self.singles if o.touches]
        if not self.every or not useful:
            return None
        played, found = 0, list[Outcome]()
        pool = self.singles if every else useful
        needed = frozenset[tuple[int, int]]() if every else self.every - self.untouched
        for size in range(1, most + 1):
            wanted = [o for o in pool if not (found and o.managed)]
            sets = [s for s in covers(wanted, needed, size) if not any(_holds(s, o) for o in found)]
            for number, members in enumerate(sets):
                outcome = self._closing(members)
                played += size > 1
                found += [] if outcome is None else [outcome]
                tell(number + 1, len(sets))
            if any(not o.managed for o in found):
                break
        if found:
            found.sort(key=lambda o: (o.managed, len(o.chosen), *_price(o)))
            exact = every or all(len(o.chosen) == 1 for o in found)
            return Found(tuple(found), played, self.untouched, None, exact)
        best = _least(useful)
        pairs = [o for o in self._best_pairs(useful, best) if o is not None]
        return Found((), played, self.untouched, _least([best, *pairs]), every)

    def _closing(self, members: tuple[Outcome, ...]) -> Outcome | None:
        """The outcome of a set, if it closes what can be closed."""
        chosen = [m for outcome in members for m in outcome.chosen]
        under = members[0].under if len(members) == 1 else together(self.player.scenario, chosen)
        if under is None or not self.player.closes(under.scenario, self.untouched):
            return None
        return members[0] if len(members) == 1 else self.player.outcome(chosen, under)

    def _best_pairs(self, useful: list[Outcome], best: Outcome) -> Iterator[Outcome | None]:
        """The best single one with each other beside it."""
        for other in useful:
            if other is not best and not _clash((best, other)):
                order = [o for o in useful if o in (best, other)]
                chosen = [m for o in order for m in o.chosen]
                under = together(self.player.scenario, chosen)
                if under is not None:
                    yield self.player.outcome(chosen, under)


def covers(useful: Sequence[Outcome], windows: Set[tuple[int, int]], size: int) -> Iterator[tuple[Outcome, ...]]:
    """Sets of a size whose members may stand together, and each of whose windows one member touches."""
    for members in combinations(useful, size):
        touched: set[tuple[int, int]] = set().union(*(o.touches for o in members))
        if windows <= touched and not _clash(members):
            yield members


def _holds(members: Sequence[Outcome], smaller: Outcome) -> bool:
    return {m.name for o in members for m in o.chosen} >= {m.name for m in smaller.chosen}


def _clash(members: Sequence[Outcome]) -> bool:
    kinds = [kind for o in members for m in o.chosen for kind in m.kinds]
    return len(set(kinds)) < len(kinds)


def mean(rows: Sequence[dict[str, Number]], number: str) -> float:
    """A number over some days; a thing that did not happen counts as 0."""
    return sum(found[number] or 0.0 for found in rows) / len(rows)


def _price(outcome: Outcome) -> tuple[float, float, str]:
    return (mean(outcome.rows, "blocked_s"), mean(outcome.rows, "vpn_battery_percent"), outcome.name)


def _least(outcomes: Sequence[Outcome]) -> Outcome:
    def left(outcome: Outcome) -> tuple[float, float, int, float, float, str]:
        rows = outcome.rows
        return (mean(rows, "exposed_s"), mean(rows, "leaked_bytes"), len(outcome.chosen), *_price(outcome))

    return min(outcomes, key=left)


def what_if(scenario: Scenario, seeds: Sequence[int], tell: Tell) -> WhatIf:
    """Play a scenario as it stands, and under each single mitigation that applies.

    Parameters
    ----------
    seeds : one day each, at least one
    tell : is told how many mitigations are done, and of how many
    """
    player = Player(scenario, seeds)
    singles, wanted = [], applicable(scenario)
    for number, mitigation in enumerate(wanted):
        under = together(scenario, [mitigation])
        assert under is not None, mitigation.name
        singles.append(player.outcome([mitigation], under))
        tell(number + 1, len(wanted))
    return WhatIf(player, tuple(singles))
