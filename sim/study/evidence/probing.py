"""What a laboratory's instruments would say of a run: echoes, messages on the wire, statistics of repeated trials."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from sim.base.units import SECOND, Duration, Instant, to_seconds
from sim.engine.simulate import Run, simulate
from sim.machines.routing import Fate
from sim.measure.reconnects import reconnects
from sim.study.evidence.checks import Comparison, Interval, Tolerance, near
from sim.world.loading import validate

CHANCE = 3.3
"""Standard errors within which a figure of repeated trials may lie: wrong once in a thousand figures."""


def played(tree: Mapping[str, Any], seed: int = 1) -> Run:
    """Play a scenario that is written as a file's tables."""
    return simulate(validate(tree, str(tree["name"])), seed)


def delays(run: Run, event: str = "") -> list[float]:
    """How long each interruption lasted while the network was there; `event` keeps those that it began. [s]"""
    return [to_seconds(r.delay) for r in reconnects(run) if event in ("", r.event)]


def round_trip(run: Run) -> Duration:
    """Of the scenario's first Wi-Fi network and first server. [µs]"""
    return run.scenario.wifi[0].rtt + run.scenario.servers[0].extra_rtt


def first_echo(run: Run, after: Instant) -> float:
    """From an instant to the answer of the first burst sent from then on that went through the tunnel. [s]

    Infinite if none did.
    """
    ledger = run.ledger
    passed = np.flatnonzero((ledger.at >= after) & (ledger.fate == Fate.TUNNELLED))
    if not len(passed):
        return float("inf")
    return to_seconds(int(ledger.settled[passed].min()) + round_trip(run) - after)


def sent(run: Run, *names: str, after: Instant = 0) -> list[Instant]:
    """When control messages of these names left, in order; all without names. [µs]"""
    return [c.at for c in run.control if c.at >= after and (not names or c.name in names)]


def spacing(instants: Sequence[Instant]) -> list[float]:
    """The times between neighbours. [s]"""
    return [to_seconds(b - a) for a, b in pairwise(instants)]


def phases(run: Run, actor: str) -> list[tuple[float, str]]:
    """From when on a machine was in which phase. [s]"""
    return [(to_seconds(at), str(phase)) for at, phase in run.timeline.phases(actor)]


def ended(run: Run, after: Instant = 0) -> float:
    """When the system's status first was Disconnected at or after an instant; infinite if never. [s]"""
    gone = (at for at, phase in phases(run, "tunnel") if phase == "DISCONNECTED" and at * SECOND >= after)
    return next(gone, float("inf"))


def mean_of(
    what: str, published: float, values: Sequence[float], *, rounded: float = 0.005, why: str = ""
) -> Comparison:
    """A published mean beside that of independent trials: apart by no more than chance and its rounding. [s]"""
    error = CHANCE * float(np.std(values, ddof=1)) / len(values) ** 0.5
    mean = float(np.mean(values))
    found = Interval(mean, mean - error, mean + error)
    return near(
        what, published, found, "s", absolute=float(f"{error + rounded:.2g}"), why=why or f"of {len(values)} trials"
    )


def quantile_of(what: str, published: float, values: Sequence[float], level: float) -> Comparison:
    """A published quantile beside that of independent trials, by the ranks between which chance may put it. [s]

    Rounding of the published figure, to 0.1 s or by 1 %, is allowed for.
    """
    ordered, n = sorted(values), len(values)
    half = CHANCE * (n * level * (1 - level)) ** 0.5
    low, high = (ordered[min(max(round(n * level + side), 0), n - 1)] for side in (-half, half))
    found = Interval(ordered[min(int(n * level), n - 1)], low, high)
    slack = max(0.051, 0.01 * published)
    holds = low - slack <= published <= high + slack
    return Comparison(what, f"{published:g} s", f"{found} s", found.mean / published, holds, f"of {n} trials, by ranks")


def timetable(
    what: str, published: Sequence[float], found: Sequence[float], *, relative: float, why: str = ""
) -> Comparison:
    """A row of instants or waits beside the published one; entries that the model does not have fail. [s]"""
    pairs = list(zip(published, found, strict=False))
    holds = len(pairs) == len(published) and all(Tolerance(relative).allows(p, f) for p, f in pairs)
    said = f"{', '.join(f'{x:g}' for x in published)} s {Tolerance(relative)}"
    return Comparison(what, said, f"{', '.join(f'{x:.4g}' for x in found[: len(published)])} s", None, holds, why)
