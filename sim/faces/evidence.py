"""The table of the evidence: what was published, what the model says, and whether that is near enough."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from string import digits
from typing import Any

from rich.console import Console
from rich.padding import Padding

from sim.base.sources import SOURCES
from sim.faces.terminal import count, table, text
from sim.study.evidence.checks import Check, Given
from sim.study.evidence.examine import Result, examine
from sim.study.evidence.register import checks
from sim.world.loading import ScenarioError, did_you_mean


def chosen(only: Sequence[str]) -> list[str]:
    """Ids of checks: all, or those named; `L01` means all of L01, `L` its whole class, but an id means itself alone.

    Raises
    ------
    ScenarioError
        If there is no such check.
    """
    known = list(checks())
    if not only:
        return known
    found: list[str] = []
    for name in only:
        wanted = [name] if name in known else [i for i in known if i.startswith(f"{name}-") or _class(i) == name]
        if not wanted:
            hint = did_you_mean(name, known) or "leakwindow evidence --list shows all."
            raise ScenarioError("--only", name, "there is no check of this id", hint)
        found += wanted
    return list(dict.fromkeys(found))


def _class(id_: str) -> str:
    """The letters that an id begins with."""
    return id_.partition("-")[0].rstrip(digits)


def run(ids: Sequence[str], workers: int | None, data: Path | None, tell: Any) -> list[Result]:
    """Run them on as many processors as there are, unless told otherwise."""
    return examine(ids, workers or os.cpu_count() or 1, Given(data), tell)


def listing(console: Console, ids: Sequence[str]) -> None:
    """What each check is about, without running it."""
    every = checks()
    rows = [(id_, every[id_].what, text(str(every[id_].kind), "dim"), text(_source(every[id_]), "dim")) for id_ in ids]
    console.print(table(("id", "what", "kind", "source"), rows))


def report(console: Console, results: Sequence[Result]) -> None:
    """Check by check, and what failed."""
    every = checks()
    for result in results:
        check = every[result.id]
        console.print(text(f"{result.id}  {check.what}", "bold"))
        console.print(text(f"  {check.kind}; {_source(check)}{f'. {check.note}' if check.note else ''}", "dim"))
        if result.missing:
            console.print(text(f"  skipped: {result.missing}"))
        rows = []
        for c in result.comparisons:
            verdict = text("holds") if c.holds else text("FAILS", "bold red")
            ratio = "" if c.ratio is None else f"{c.ratio:.3f}"
            rows.append((verdict, text(c.what), text(c.published), text(c.simulated), text(ratio), text(c.why, "dim")))
        if rows:
            console.print(Padding(table(("", "what", "published", "simulated", "ratio", "why"), rows), (0, 0, 1, 2)))
    failed = [r.id for r in results if not r.holds]
    skipped = [r.id for r in results if r.missing]
    said = f"{count(len(results) - len(failed) - len(skipped), 'check')} of {len(results)} hold"
    said += f"; {len(failed)} fail: {', '.join(failed)}" if failed else ""
    said += f"; {len(skipped)} skipped: {', '.join(skipped)}" if skipped else ""
    console.print(text(f"{said}."))


def as_document(results: Sequence[Result]) -> dict[str, Any]:
    """The same as one JSON document."""
    every = checks()
    return {
        "checks": [
            {
                "id": r.id,
                "what": every[r.id].what,
                "kind": str(every[r.id].kind),
                "source": every[r.id].source,
                "where": every[r.id].where,
                "note": every[r.id].note,
                "mechanisms": list(every[r.id].mechanisms),
                "scenario": every[r.id].scenario or None,
                "skipped": r.missing or None,
                "holds": r.holds,
                "comparisons": [c._asdict() for c in r.comparisons],
            }
            for r in results
        ]
    }


def _source(check: Check) -> str:
    source = SOURCES[check.source]
    year = f" ({source.year})" if source.year else ""
    return f"{check.source}{year}, {check.where}"
