"""`compare`: play arms on common days until the intervals are narrow enough, and say what can be said."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console
from rich.text import Text

from sim.base.units import SECOND
from sim.faces import parameters
from sim.faces.parameters import Basis
from sim.faces.studying import Player, rows_of, shelf_of
from sim.faces.terminal import capital, count, progress, size, spell, table, text
from sim.study.arms import Arm
from sim.study.compare import TRADED, Comparison, Place, Standing, comparison
from sim.study.rows import HEADLINE, Metric
from sim.study.statistics import Interval, looks
from sim.study.store import StudyFolder
from sim.study.tasks import Plan
from sim.world.loading import ScenarioError, did_you_mean, read_all

DAYS = 40
"""Days without `--seeds`."""
MOST_DAYS = 640
"""Days after which `--precision` gives up, without `--seeds`."""
FEW_DAYS = 10
"""With fewer, an interval is rough: the correction for skewness has too little to go by."""


class Wanted(NamedTuple):
    """What a comparison is asked for."""

    seeds: int | None
    precision: float | None
    seed: int
    workers: int | None
    cluster: str | None
    out: Path | None
    of: tuple[Metric, ...] = HEADLINE
    """The numbers that `precision` is about."""

    @property
    def days(self) -> int:
        """At most."""
        return self.seeds or (DAYS if self.precision is None else MOST_DAYS)


def read_precision(words: str) -> float:
    """`10%` or `0.1`.

    Raises
    ------
    ScenarioError
    """
    try:
        found = float(words.removesuffix("%")) / (100 if words.endswith("%") else 1)
    except ValueError:
        found = 0.0
    if not 0 < found < 1:
        raise ScenarioError("--precision", words, "expected a share of the larger mean, such as 10% or 0.1")
    return found


def read_numbers(columns: Sequence[str]) -> tuple[Metric, ...]:
    """The headline numbers of these columns; all, if there are none.

    Raises
    ------
    ScenarioError
    """
    known = {m.column: m for m in HEADLINE}
    for column in columns:
        if column not in known:
            hint = did_you_mean(column, list(known)) or f"Allowed: {', '.join(known)}."
            raise ScenarioError("--of", column, "this is no headline number", hint)
    return tuple(m for m in HEADLINE if m.column in columns) or HEADLINE


def plan_of(file: Path, arms: Sequence[Arm], settings: dict[str, Any], wanted: Wanted) -> Plan:
    """The plan, after every arm was tried to be a scenario.

    Raises
    ------
    ScenarioError
    """
    plan = Plan(str(file), read_all(file, settings), tuple(arms), replications=wanted.days, seed=wanted.seed)
    for arm in range(len(arms)):
        plan.scenario(0, arm)
    return plan


def played(plan: Plan, wanted: Wanted) -> Comparison:
    """Play days until the differences are known well enough, or all days are played.

    Raises
    ------
    ScenarioError
        When no day could be played under all arms.
    """
    shelf = shelf_of(wanted.out, plan)
    player = Player(plan, shelf, wanted.workers, wanted.cluster)
    names = [arm.name for arm in plan.arms]
    stops = [plan.replications] if wanted.precision is None else looks(plan.replications)
    found: Comparison | None = None
    with progress("day") as tell:
        for days in stops:
            player.play(days, tell)
            rows = [row for row in rows_of(shelf, "replication", "arm") if row["replication"] < days]
            found = comparison(rows, names, looks=len(stops))
            if (
                found is not None
                and wanted.precision is not None
                and found.least_known(wanted.of)[0] <= wanted.precision
            ):
                break
    if isinstance(shelf, StudyFolder):
        shelf.finish()
    if found is None:
        failed = next(row for row in rows if row["error"] is not None)
        raise ScenarioError(plan.file, f"arm {failed['arm']}", f"no day can be played: {failed['error']}")
    return found


# What it says ---------------------------------------------------------------------------------------------------------


def amount(value: float, metric: Metric) -> str:
    """A value of a headline number as people say it; with its sign if it is negative."""
    sign = "−" if value < 0 else ""
    match metric.unit:
        case "s":
            return sign + spell(round(abs(value) * SECOND))
        case "bytes":
            return sign + size(abs(value))
        case _:
            return f"{sign}{abs(value):.3g} {metric.unit}"


def change(interval: Interval, metric: Metric) -> str:
    """A difference with its interval."""
    plus = "+" if interval.mean > 0 else ""
    return f"{plus}{amount(interval.mean, metric)} {within(interval, metric)}".rstrip()


def within(interval: Interval, metric: Metric) -> str:
    """The interval alone."""
    if interval.low == interval.high:
        return ""
    if not abs(interval.low) + abs(interval.high) < float("inf"):
        return "[not known]"
    return f"[{amount(interval.low, metric)} to {amount(interval.high, metric)}]"


def verdict(standing: Standing, best: bool, baseline: bool) -> Text:
    """What the interval says, and nothing where it says nothing."""
    sign = standing.difference.sign
    words = (
        []
        if baseline
        else [{-1: "less", 1: "more", 0: "undecided" if standing.difference.half_width else "equal on all days"}[sign]]
    )
    words += ["least of all"] if best else []
    return text(", ".join(words), "bold" if best else "dim" if not sign else "")


def headline(found: Comparison) -> str:
    """The comparison in one sentence: about exposure, since that is what a VPN is for; between arms that are equal in
    that, about the price."""
    least = found.winners("exposed_s")
    if not least:
        return "On these days, no arm is surely the least exposed."
    for number, words in (("blocked_s", "least blocked"), ("vpn_battery_percent", "easiest on the battery")):
        cheapest = found.winners(number, least) if len(least) > 1 else ()
        if cheapest:
            return f"Least exposed and, of {len(least)} that are equal in that, {words}: {alike(cheapest)}."
    return f"Least exposed: {alike(least)}."


def alike(arms: Sequence[str], most: int = 2) -> str:
    """Some arms that are as good as each other. Their names may hold commas."""
    return "  =  ".join(arms[:most]) + (f" and {len(arms) - most} more" if len(arms) > most else "")


def basis_of(plan: Plan) -> Basis:
    """What all arms rest on, at the study's first point."""
    return parameters.basis_of(*(plan.scenario(0, arm) for arm in range(len(plan.arms))))


def unknown(basis: Basis, scenario: str) -> str:
    """What no interval says."""
    return (
        f"Intervals are about more days like these, not about what nobody has measured: all numbers rest on {basis}. "
        f"Which of them matter says leakwindow sensitivity {shlex.quote(scenario)}"
    )


def report(console: Console, found: Comparison, about: str, basis: Basis, scenario: str, wanted: Wanted) -> None:
    """The answer; numbers, differences, the trade-off, and what they rest on.

    Parameters
    ----------
    about : the scenario's name
    scenario : as a command names it
    """
    console.print(text(headline(found), "bold"))
    shape = f"{count(len(found.arms), 'arm')} on {count(found.days, 'common day')}"
    console.print(text(f"{about}: {shape}; baseline: {found.arms[0]}. Less is better, of every number.", "dim"))
    for metric in HEADLINE:
        console.print()
        console.print(_numbers(found, metric))
    console.print()
    console.print(_trade_off(found))
    console.print()
    for line in [*notes(found, wanted), unknown(basis, scenario)]:
        console.print(text(line, "dim"))


def _numbers(found: Comparison, metric: Metric) -> Any:
    winners = found.winners(metric.column)
    rows = []
    for arm in found.arms:
        standing = found.standings[arm, metric.column]
        baseline = arm == found.arms[0]
        rows.append(
            (
                text(arm, "bold" if arm in winners else ""),
                amount(standing.mean.mean, metric),
                text(within(standing.mean, metric), "dim"),
                text("baseline", "dim") if baseline else change(standing.difference, metric),
                verdict(standing, arm in winners, baseline),
            )
        )
    title = f"{metric.title}, a day"
    return table((title, "mean", "", "difference, day by day", ""), rows, right=(1,))


def _trade_off(found: Comparison) -> Any:
    words = {
        Place.FRONT: text("on the front", "bold"),
        Place.BEHIND: text("behind it, by the means", "dim"),
        Place.BEATEN: text("beaten in all three", "dim"),
    }
    rows: list[list[str | Text]] = [
        [
            text(arm),
            *(amount(found.standings[arm, m.column].mean.mean, m) for m in HEADLINE if m.column in TRADED),
            words[found.places[arm]],
        ]
        for arm in found.arms
    ]
    headings = [m.title for m in HEADLINE if m.column in TRADED]
    return table(("trade-off", *headings, ""), rows, right=(1, 2, 3))


def notes(found: Comparison, wanted: Wanted) -> list[str]:
    """What the numbers rest on: days, confidence, zero days, rare days, failures."""
    said = [
        f"All {found.statements} intervals hold together with {found.confidence:.0%} confidence (each alone with "
        f"{found.each_confidence:.4%}): every pair of arms, every number"
        + (f", and {found.looks} looks at the data." if found.looks > 1 else "."),
    ]
    if wanted.precision is not None:
        spread, arm, least = found.least_known(wanted.of)
        reached = "reached" if spread <= wanted.precision else "not reached"
        said.append(
            f"Precision of {wanted.precision:.0%} {reached}: the least known is {least.title} under {arm}, "
            f"to {spread:.0%}."
        )
    if found.days < FEW_DAYS:
        said.append(few(found.days))
    for metric in HEADLINE:
        never = [arm for arm in found.arms if found.standings[arm, metric.column].zero_days == 1]
        some = [(arm, found.standings[arm, metric.column]) for arm in found.arms if arm not in never]
        if some and never:
            said.append(
                f"{capital(metric.title)}: none on any day under {_each(never)}; that does not exclude it on up to "
                f"{found.unseen():.0%} of the days."
            )
        mixed = [f"{s.zero_days:.0%} under “{arm}”" for arm, s in some if s.zero_days >= 0.05]
        if mixed:
            said.append(
                f"{capital(metric.title)}: days with none ({', '.join(mixed)}); means and intervals are of all days, "
                "and the intervals are corrected for the skewness."
            )
    if found.failed:
        said.append(
            f"{count(len(found.failed), 'run')} failed, and their days are left out for all arms. The first: "
            f"{found.failed[0]['error']}"
        )
    return said


def few(days: int) -> str:
    """The word of warning below intervals of less than :data:`FEW_DAYS`."""
    return f"{count(days, 'day')} are few: the intervals are rough. Ask for more with --seeds."


def _each(arms: Sequence[str]) -> str:
    """Names in marks, since they may hold commas."""
    return ", ".join(f"“{arm}”" for arm in arms)
