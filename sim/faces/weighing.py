"""`sensitivity` on a terminal: which unknown matters for which number, and which orderings hold whatever it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from sim.faces.comparing import amount
from sim.faces.studying import Player, rows_of, shelf_of
from sim.faces.terminal import capital, count, progress, table, text
from sim.study.sensitivity import CONFIDENCE, Design, Found, Influence, Weighed, analyse
from sim.study.store import StudyFolder
from sim.study.tasks import Plan
from sim.world.loading import ScenarioError

SHOWN = 8
"""Unknowns that are shown of each number."""
FAINT = 0.02
"""A total index below this is not worth a line."""


def played(design: Design, plan: Plan, out: Path | None, workers: int | None, cluster: str | None = None) -> Found:
    """Play the study, and analyse it.

    Raises
    ------
    ScenarioError
        If no block of points could be played.
    """
    shelf = shelf_of(out, plan)
    with progress("sensitivity: point") as tell:
        Player(plan, shelf, workers, cluster).play(plan.tasks, tell)
    found = analyse(design, rows_of(shelf, "point", "arm"), [arm.name for arm in plan.arms], plan.replications)
    if isinstance(shelf, StudyFolder):
        shelf.finish()
    if not found.weighed:
        raise ScenarioError(plan.file, "", f"no point can be played: {found.error}", "Leave an unknown out.")
    return found


def title(weighed: Weighed) -> str:
    """What is analysed: "exposed, sealed" or "exposed, sealed against as it stands"."""
    of = weighed.arm if weighed.against is None else f"{weighed.arm} against {weighed.against}"
    return f"{weighed.metric.title}, {of}"


def headline(found: Found) -> str:
    """The first number's strongest unknown, and whether these points make it sure."""
    shown = varying(found)
    if not shown:
        return "None of these unknowns changes a headline number."
    first = shown[0]
    strongest, *others = first.influences
    surely = all(strongest.weight - strongest.weight_half > e.weight + e.weight_half for e in others)
    probably = "" if surely else "probably "
    doubt = "" if surely else "; more --blocks would tell"
    return f"What {probably}moves “{first.metric.title}” most: {strongest.name}{doubt}."


def report(console: Console, design: Design, found: Found, about: str, days: int) -> None:
    """Each number that varies with its unknowns; then which orderings hold."""
    method = "Sobol indices" if design.method == "sobol" else "Morris screening"
    shape = f"{count(found.points, 'point')} × {count(days, 'common day')}"
    console.print(text(headline(found), "bold"))
    console.print(text(f"{about}: {method} of {count(len(design.unknowns), 'unknown')}, {shape}", "dim"))
    if found.left_out:
        console.print(
            text(
                f"{count(found.left_out, 'point')} left out, in blocks with one that is no scenario: {found.error}",
                "dim",
            )
        )
    still = [w for w in found.weighed if not w.influences]
    for weighed in found.weighed:
        if weighed.influences:
            console.print()
            _number(console, design, weighed)
    console.print()
    if still:
        console.print(text(f"The same at all points: {'; '.join(title(w) for w in still)}.", "dim"))
    _orderings(console, found)
    console.print(text(_READ[design.method], "dim"))


_READ = {
    "sobol": "alone: share of the variance that the unknown explains by itself; in all: together with the others. "
    f"±: half of the {CONFIDENCE:.0%} bootstrap interval. low, high: means in the lowest and highest fifth of its "
    "range.",
    "morris": f"µ*: mean size of the effect of a step through two thirds of the range, ± half of the {CONFIDENCE:.0%} "
    "bootstrap interval; σ: its spread. low, high: means in the lowest and highest fifth of the range.",
}


def _number(console: Console, design: Design, weighed: Weighed) -> None:
    metric = weighed.metric
    ends = (
        f"mean {amount(weighed.mean, metric)}, from {amount(weighed.least, metric)} to {amount(weighed.most, metric)}"
    )
    console.print(Text.assemble((capital(title(weighed)), "bold"), (f"  {ends}", "dim")))
    rows: list[list[str | Text]] = []
    for each in [e for e in weighed.influences[:SHOWN] if design.method == "morris" or e.weight > FAINT]:
        sure = each.weight - each.weight_half > 0
        rows.append([text(each.name, "bold" if sure else "dim"), *_measures(design, each, weighed)])
    heads = ("in all", "alone") if design.method == "sobol" else ("µ*", "σ")
    console.print(table(("unknown", *heads, "low", "high"), rows, right=(1, 2, 3, 4)))


def _measures(design: Design, each: Influence, weighed: Weighed) -> list[str]:
    ends = [amount(each.low, weighed.metric), amount(each.high, weighed.metric)]
    if design.method == "sobol":
        alone = max(each.alone, 0.0)
        return [f"{each.weight:.2f} ± {each.weight_half:.2f}", f"{alone:.2f} ± {each.alone_half:.2f}", *ends]
    half = amount(each.weight_half, weighed.metric)
    return [f"{amount(each.weight, weighed.metric)} ± {half}", amount(each.alone, weighed.metric), *ends]


def _orderings(console: Console, found: Found) -> None:
    apart = [w for w in found.weighed if w.against is not None]
    if not apart:
        return
    console.print()
    console.print(text("Orderings, at all points of the ranges", "bold"))
    rows: list[list[str | Text]] = [[w.arm, w.metric.title, *_share(w), robust(w)] for w in apart]
    console.print(table((f"against {apart[0].against}", "", "less", "equal", "more", ""), rows, right=(2, 3, 4)))


def _share(weighed: Weighed) -> list[str]:
    return [f"{share:.0%}" for share in (weighed.less, max(1 - weighed.less - weighed.more, 0.0), weighed.more)]


def robust(weighed: Weighed) -> Text:
    """Whether an ordering holds whatever the unknowns are."""
    if weighed.less and weighed.more:
        return text("depends on the unknowns", "dim")
    if not weighed.less and not weighed.more:
        return text("no difference", "dim")
    return text("never more" if weighed.less else "never less", "bold")


def as_document(design: Design, found: Found, days: int) -> dict[str, Any]:
    """Everything, as one document."""
    return {
        "answer": headline(found),
        "method": design.method,
        "points": found.points,
        "points_left_out": found.left_out,
        "days": days,
        "confidence": CONFIDENCE,
        "unknowns": [{"name": u.name, "column": u.column, "low": u.low, "high": u.high} for u in design.unknowns],
        "numbers": [_as_dict(design, w) for w in found.weighed],
    }


def _as_dict(design: Design, w: Weighed) -> dict[str, Any]:
    weight, alone = ("total", "first") if design.method == "sobol" else ("mu_star", "sigma")
    return {
        "number": w.metric.column,
        "arm": w.arm,
        "against": w.against,
        "mean": w.mean,
        "least": w.least,
        "most": w.most,
        "share_more": w.more,
        "share_less": w.less,
        "unknowns": [
            {
                "name": e.name,
                weight: e.weight,
                f"{weight}_half": e.weight_half,
                alone: e.alone,
                **({f"{alone}_half": e.alone_half} if design.method == "sobol" else {}),
                "low_fifth": e.low,
                "high_fifth": e.high,
            }
            for e in w.influences
        ],
    }


def varying(found: Found) -> list[Weighed]:
    """Numbers that vary, for the picture: those of the first arm, and how much the exposure of the others differs."""
    first = found.weighed[0].arm
    mine = [w for w in found.weighed if w.influences and w.arm == first]
    return mine + [w for w in found.weighed if w.influences and w.against and w.metric.column == "exposed_s"]
