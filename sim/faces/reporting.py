"""A run on a terminal: the sentence, all numbers, the battery, the windows with a why each, what leak checks said."""

from __future__ import annotations

from itertools import zip_longest
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from sim.base.units import to_seconds
from sim.faces.headline import Piece, numbers, reconnect_rows, sentence, spent_because_of, spent_on
from sim.faces.parameters import basis_of
from sim.faces.terminal import capital, clean, size, spell, table, text
from sim.machines.routing import Cause
from sim.measure.explain import clock, why
from sim.measure.leaks import LeakWindow
from sim.measure.summary import Summary
from sim.world.intervals import total

SHOWN, SHOWN_OF_A_CAUSE = 8, 3
"""Windows that are shown one by one, in all and of one cause; the rest is counted by cause."""
HOT = "bold #D4300C"


def report(console: Console, summary: Summary, document: dict[str, Any], policy: str | None = None) -> None:
    """Print everything that a run amounts to; `document` is its summary as :meth:`Summary.as_dict` gives it."""
    scenario = summary.run.scenario
    title = [scenario.name, f"{scenario.device.model}, iOS {scenario.device.ios_version}", scenario.vpn.protocol]
    title += [f"seed {summary.run.seed}", *([f"policy {policy}"] if policy else [])]
    console.print(text("  ·  ".join(title), "dim"))
    console.print()
    for line in sentence(summary):
        console.print(_styled(line))
    console.print()
    rows = [
        (text(n.name, "bold"), text(n.value, HOT if n.hot else ""), text(n.about, "dim"))
        for n in numbers(summary, document)
    ]
    console.print(table(("", "", ""), rows, right=(1,)))
    _battery(console, document["energy"])
    _reconnects(console, summary)
    _windows(console, summary)
    _checks(console, summary, document["leak_checks"])
    console.print()
    console.print(text(f"Rests on {basis_of(scenario)}: leakwindow parameters --assumed", "dim"))


def _styled(line: list[Piece]) -> Text:
    return Text.assemble(*((clean(p.words), HOT if p.hot else "bold") for p in line))


def _battery(console: Console, energy: dict[str, Any]) -> None:
    """What the energy went into, what the VPN added to that, and who caused it."""
    console.print()
    console.print(text("Battery, in joules", "bold"))
    went = [(part.name, f"{part.joules:.0f}", f"{round(part.added or 0):+d}") for part in spent_on(energy)]
    caused = [(part.name, f"{part.joules:.0f}") for part in spent_because_of(energy)]
    rows = [(*(a or ("",) * 3), *(b or ("",) * 2)) for a, b in zip_longest(went, caused)]
    console.print(table(("went into", "", "VPN added", "because of", ""), rows, right=(1, 2, 4)))


def _reconnects(console: Console, summary: Summary) -> None:
    rows = reconnect_rows(summary.reconnects)
    if rows:
        console.print()
        console.print(text(f"Reconnects ({len(summary.reconnects)}), delay that was the tunnel's own", "bold"))
        cells = [(r.event, str(r.times), spell(r.median), spell(r.most)) for r in rows]
        console.print(table(("after", "times", "median", "longest"), cells, right=(1, 2, 3)))


def _windows(console: Console, summary: Summary) -> None:
    """One line of numbers for each window, and one of why."""
    run, windows = summary.run, summary.windows
    if not windows:
        return
    console.print()
    console.print(text(f"Leak windows ({len(windows)})", "bold"))
    shown = longest(windows)
    order = {id(window): i for i, window in enumerate(windows, 1)}
    for window in shown:
        leaked = summary.size(window.rows)
        until = "the end" if window.end >= run.scenario.duration else clock(run, window.end)
        times = f"{order[id(window)]:>4}  {clock(run, window.begin)} to {until:8}"
        length = f"  {spell(window.end - window.begin):>11}  "
        amount = (f"{size(leaked):>7}", HOT if leaked else "dim")
        console.print(Text.assemble(times, length, amount, "  ", (window.cause.value, "bold")))
        console.print(Padding(text(f"{capital(why(run, window))}."), (0, 0, 0, 6)))
    for line in others(summary, shown):
        console.print(text(f"      {line}", "dim"))
    console.print(text("      leakwindow explain … --window K tells the whole story of one", "dim"))


def longest(windows: list[LeakWindow]) -> list[LeakWindow]:
    """The longest few of each cause and of all, in order of time: repeats of one cause would hide the others."""
    seen: dict[Cause, int] = {}
    shown = []
    for window in sorted(windows, key=lambda w: w.begin - w.end):
        seen[window.cause] = seen.get(window.cause, 0) + 1
        if seen[window.cause] <= SHOWN_OF_A_CAUSE:
            shown.append(window)
    return sorted(shown[:SHOWN], key=lambda w: w.begin)


def others(summary: Summary, shown: list[LeakWindow]) -> list[str]:
    """What is not shown, one line a cause: "… and 43 more of L05 DNS outside, 41 s in all, 59 kB leaked"."""
    chosen = set(map(id, shown))
    by_cause: dict[Cause, list[LeakWindow]] = {}
    for window in summary.windows:
        if id(window) not in chosen:
            by_cause.setdefault(window.cause, []).append(window)
    return [
        f"… and {len(rest)} more of {cause.value}, {spell(sum(w.end - w.begin for w in rest))} in all, "
        f"{size(sum(summary.size(w.rows) for w in rest))} leaked"
        for cause, rest in by_cause.items()
    ]


def _checks(console: Console, summary: Summary, checks: list[dict[str, Any]]) -> None:
    if not checks:
        return
    console.print()
    console.print(text("Leak checks", "bold"))
    rows = []
    for (at, _, _), check in zip(summary.run.checks, checks, strict=True):
        wrong = check["said"] == "all fine" and check["truth"] != "nothing outside"
        rows.append(
            (
                clock(summary.run, at),
                f"said “{check['said']}”",
                text(f"in truth: {check['truth']}", HOT if wrong else ""),
            )
        )
    console.print(table(("at", "the page", ""), rows))
    share = summary.checks_fine_share
    if share is not None and to_seconds(total(summary.exposed)):
        console.print(text(f"At {share:.0%} of the exposed time such a page would have said “all fine”.", "dim"))
