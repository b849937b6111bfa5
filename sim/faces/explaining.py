"""Leak windows explained on a terminal: each chain of causes in sentences, with times of day."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from rich.console import Console, RenderableType
from rich.padding import Padding

from sim.base.units import SECOND, Instant
from sim.engine.simulate import Run
from sim.faces.headline import sentence
from sim.faces.reporting import HOT, others
from sim.faces.terminal import capital, spell, table, text
from sim.measure.explain import Explanation, Line, clock, explain, seen, why
from sim.measure.leaks import LeakWindow
from sim.measure.summary import Summary
from sim.measure.words import words_in

_FINE = 10 * SECOND  # shorter windows are told to the millisecond
SHOWN = 5
"""Causes whose longest window is explained without being asked for."""


def explain_one(console: Console, summary: Summary, number: int) -> None:
    """Explain one window, counted from 1 in order of time."""
    told = explain(summary.run, summary.windows[number - 1])
    _tell(console, summary.run, number, told)
    _words(console, summary.run, [told])


def explain_all(console: Console, summary: Summary) -> None:
    """Explain the longest windows; windows with the same story are told once."""
    run, windows = summary.run, summary.windows
    if not windows:
        console.print(text("".join(p.words for line in sentence(summary) for p in line)))
        return
    numbers = {id(w): i for i, w in enumerate(windows, 1)}
    told: list[Explanation] = []
    for group in _grouped(windows)[:SHOWN]:
        told.append(explain(run, group[0]))
        _tell(console, run, numbers[id(group[0])], told[-1], len(group))
    _words(console, run, told)
    rest = others(summary, [explanation.window for explanation in told])
    for line in rest:
        console.print(text(line, "dim"))
    if rest:
        console.print(
            text(
                f"leakwindow explain … --window K explains any of the {len(windows)}, counted in order of time.", "dim"
            )
        )


def _grouped(windows: Sequence[LeakWindow]) -> list[list[LeakWindow]]:
    """Windows of one cause together, the longest first; causes by their longest window."""
    groups: dict[str, list[LeakWindow]] = {}
    for window in sorted(windows, key=lambda w: w.begin - w.end):
        groups.setdefault(window.cause, []).append(window)
    return list(groups.values())


def _tell(console: Console, run: Run, number: int, explanation: Explanation, alike: int = 1) -> None:
    window = explanation.window
    fine = window.end - window.begin < _FINE
    times = f"{_clock(run, window.begin, fine)} to {_clock(run, window.end, fine)}, {spell(window.end - window.begin)}"
    console.print(text(f"Window {number}: {window.cause.value}, {times}", HOT))
    if alike > 1:
        console.print(text(f"The longest of {alike} of this cause.", "dim"))
    console.print(text(f"{capital(why(run, window))}."))
    console.print(text(seen(window)))
    for name, lines in explanation.chains:
        console.print()
        console.print(_indented(text(name, "bold"), 2))
        rows = [(text(_clock(run, line.at, fine or _crowded(lines)), "dim"), line.text) for line in lines]
        console.print(_indented(table(("", ""), rows), 4))
    console.print()
    console.print(_indented(text(explanation.closed_by), 2))
    if explanation.remedies:
        console.print()
        console.print(_indented(text("What would have closed it", "bold"), 2))
        remedies = [(name, text(price, "dim")) for name, price in explanation.remedies]
        console.print(_indented(table(("", ""), remedies), 4))
    console.print()


def _words(console: Console, run: Run, told: Sequence[Explanation]) -> None:
    """The field's words in what was said, each with its meaning."""
    said = [why(run, one.window) for one in told]
    said += [line.text for one in told for _, lines in one.chains for line in lines]
    said += [words for one in told for words in (one.closed_by, *(part for pair in one.remedies for part in pair))]
    if found := words_in("\n".join(said)):
        console.print(text("Words", "bold"))
        rows = [(word.term.split(",")[0], text(word.meaning.replace("*", ""), "dim")) for word in found]
        console.print(_indented(table(("", ""), rows), 2))
        console.print()


def _indented(what: RenderableType, by: int) -> Padding:
    return Padding(what, (0, 0, 0, by))


def _crowded(lines: Sequence[Line]) -> bool:
    """Whether two steps at different instants would show the same second."""
    return any(a.at != b.at and a.at // SECOND == b.at // SECOND for a, b in pairwise(lines))


def _clock(run: Run, at: Instant, fine: bool) -> str:
    return clock(run, at) + (f".{at % SECOND // 1000:03d}" if fine else "")
