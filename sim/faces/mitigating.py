"""`whatif` on a terminal: a table of mitigations, each with what it does to the windows and what it costs, and the
smallest sets after which nothing leaks, each with the command that plays it."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from typing import Any, NamedTuple

from rich.console import Console
from rich.text import Text

from sim.base.units import Duration, seconds, to_seconds
from sim.faces.reporting import HOT
from sim.faces.terminal import count, size, spell, table, text
from sim.machines.routing import Cause
from sim.measure.explain import clock, why
from sim.study.rows import COLUMNS, HEADLINE
from sim.study.statistics import CONFIDENCE, Interval, paired_interval, shared_confidence
from sim.study.whatif import Found, Outcome, WhatIf, mean

MISSED = (
    "Sets in which no member alone changes some window were not played; one whose members only help together may be "
    "smaller. --every-set plays all of up to three changes."
)
SHOWN = 5
"""Sets and remaining windows that are told one by one."""


class Group(NamedTuple):
    """All windows of one cause, of all days: a column of the table."""

    cause: Cause
    members: tuple[tuple[int, int], ...]
    """Day and number of each."""


def groups(asked: WhatIf) -> list[Group]:
    """The windows by cause, the longest exposure first."""
    lengths: dict[Cause, Duration] = {}
    members: dict[Cause, list[tuple[int, int]]] = {}
    for d, day in enumerate(asked.days):
        for w, window in enumerate(day.windows):
            members.setdefault(window.cause, []).append((d, w))
            lengths[window.cause] = lengths.get(window.cause, 0) + window.end - window.begin
    return [Group(cause, tuple(members[cause])) for cause in sorted(lengths, key=lambda c: (-lengths[c], c))]


def report(console: Console, asked: WhatIf, found: Found | None, command: Sequence[str]) -> None:
    """Print the answer.

    Parameters
    ----------
    command : words of the command that plays the scenario as it stands; settings are added to it
    """
    _head(console, asked)
    if not any(day.windows for day in asked.days):
        console.print(text("Nothing leaks as it is: there is nothing to close.", "bold"))
        return
    by_cause, several = groups(asked), len(asked.days) > 1
    touching = [o for o in asked.singles if o.touches]
    touching.sort(key=lambda o: tuple(mean(o.rows, n) for n in ("exposed_s", "leaked_bytes", "blocked_s")))
    heads = ["what if", *(f"{g.cause.value.split()[0]} ({len(g.members)})" for g in by_cause)]
    heads += ["exposed", "leaked", "blocked", "stale", "VPN's battery"]
    base = [day.row for day in asked.days]
    rows = [[text("as it stands", "dim"), *(text("open", "dim") for _ in by_cause), *_numbers(base, base)]]
    rows += [[text(o.name, "bold"), *(_cell(o, g) for g in by_cause), *_numbers(o.rows, base)] for o in touching]
    first = 1 + len(by_cause)
    console.print(table(heads, rows, right=range(first, first + 5)))
    console.print(text(f"Windows: {', '.join(f'{len(g.members)} of {g.cause.value}' for g in by_cause)}.", "dim"))
    idle = [o.name for o in asked.singles if not o.touches]
    if idle:
        console.print(text(f"Nothing changes with: {', '.join(idle)}.", "dim"))
    if several:
        console.print(text(f"Means of {len(asked.days)} days, one seed each.", "dim"))
        console.print()
        _differences(console, asked, touching)
    console.print()
    _sets(console, asked, found, command)


def _head(console: Console, asked: WhatIf) -> None:
    scenario, days = asked.player.scenario, asked.days
    seeds = f"seed {days[0].seed}" if len(days) == 1 else f"seeds {days[0].seed} to {days[-1].seed}"
    device = f"{scenario.device.model}, iOS {scenario.device.ios_version}"
    console.print(text("  ·  ".join((scenario.name, device, scenario.vpn.protocol, seeds)), "dim"))
    console.print()


def _cell(outcome: Outcome, group: Group) -> Text:
    """What becomes of the windows of a cause."""
    left = [outcome.left[d][w] for d, w in group.members]
    closed = sum(not window.exposed for window in left)
    if closed == len(left):
        return text("blocked" if any(window.blocked for window in left) else "closed")
    if closed:
        return text(f"{closed} closed")
    word = "shorter" if any(w.shorter for w in left) else "fewer sockets" if any(w.fewer for w in left) else "open"
    return text(word, "dim")


def _numbers(rows: Sequence[dict[str, Any]], base: Sequence[dict[str, Any]]) -> list[Text]:
    exposed, leaked = mean(rows, "exposed_s"), mean(rows, "leaked_bytes")
    added = mean(rows, "vpn_battery_percent") - mean(base, "vpn_battery_percent")
    return [
        text(spell(seconds(exposed)), HOT if exposed else ""),
        text(size(leaked), HOT if leaked else ""),
        text(spell(seconds(mean(rows, "blocked_s")))),
        text(spell(seconds(mean(rows, "stale_s")))),
        text(f"{mean(rows, 'vpn_battery_percent'):.2f} %" if rows is base else f"{added:+.2f} %"),
    ]


def _differences(console: Console, asked: WhatIf, shown: Sequence[Outcome]) -> None:
    """Paired differences with intervals; where one excludes 0 it is told in bold."""
    rows = []
    for outcome in shown:
        cells: list[Text] = []
        for metric in HEADLINE:
            d = difference(asked, outcome, metric.column)
            cells.append(text(_ends(metric.column, d), "bold" if d.sign else "dim"))
        rows.append([text(outcome.name), *cells])
    console.print(text("Against the days as they stand, day by day", "bold"))
    console.print(table(("", *(f"{m.title} [{m.unit}]" for m in HEADLINE)), rows))
    console.print(
        text(f"All {len(asked.singles) * len(HEADLINE)} intervals hold together with {CONFIDENCE:.0%}.", "dim")
    )


def _ends(column: str, d: Interval) -> str:
    form = "{:+.4g} [{:+.4g}, {:+.4g}]" if column != "leaked_bytes" else "{:+.3g} [{:+.3g}, {:+.3g}]"
    return form.format(d.mean, d.low, d.high)


def difference(asked: WhatIf, outcome: Outcome, number: str) -> Interval:
    """How much more of a number there is than as it stands, day by day; wide enough for all that are told."""
    apart = [
        float(now[number] or 0) - float(day.row[number] or 0) for now, day in zip(outcome.rows, asked.days, strict=True)
    ]
    return paired_interval(apart, shared_confidence(CONFIDENCE, len(asked.singles) * len(HEADLINE)))


# Sets -----------------------------------------------------------------------------------------------------------------


def _sets(console: Console, asked: WhatIf, found: Found | None, command: Sequence[str]) -> None:
    if found is None:
        console.print(text("None of these changes touches a window.", "bold"))
        return
    rest = sorted(found.untouched)
    days = " on all days" if len(asked.days) > 1 else ""
    if found.sets:
        what = (
            "nothing leaks" if not rest else f"nothing leaks but in {count(len(rest), 'window')} that nothing touches"
        )
        console.print(text(f"The smallest sets of changes after which {what}{days}, the least blocked first", "bold"))
        for outcome in found.sets[:SHOWN]:
            _tell(console, outcome, command)
        if len(found.sets) > SHOWN:
            names = "; ".join(o.name for o in found.sets[SHOWN:])
            console.print(text(f"  as well: {names}", "dim"))
    elif found.best is not None:
        sets = f" ({found.played:,} sets of up to three were played)" if found.played else ""
        none = "No set of up to three changes closes" if found.exact else "No set was found that closes"
        console.print(text(f"{none} all windows{days}{sets}. Nearest to it:", "bold"))
        _tell(console, found.best, command)
        rest = [(d, w) for d, day in enumerate(found.best.left) for w, left in enumerate(day) if left.exposed]
        new = max(found.best.new)
        if new:
            console.print(text(f"  it opens others: {spell(new)} on the worst day"))
    if not found.exact:
        console.print(text(MISSED, "dim"))
    _remaining(console, asked, rest)


def _tell(console: Console, outcome: Outcome, command: Sequence[str]) -> None:
    words = [*command, *(w for key, value in outcome.under.settings for w in ("--set", f"{key}={as_toml(value)}"))]
    blocked = spell(seconds(mean(outcome.rows, "blocked_s")))
    battery = mean(outcome.rows, "vpn_battery_percent")
    console.print(text(f"  {outcome.name}"))
    console.print(text(f"    blocked {blocked}, VPN's battery {battery:.2f} %", "dim"))
    for mitigation in outcome.chosen:
        console.print(text(f"    price: {mitigation.price}", "dim"))
    console.print(Text(f"    {shlex.join(words)}", style="dim", overflow="fold", no_wrap=False))


def _remaining(console: Console, asked: WhatIf, rest: Sequence[tuple[int, int]]) -> None:
    if not rest:
        return
    console.print(text(f"What remains ({len(rest)})", "bold"))
    for d, w in rest[:SHOWN]:
        day = asked.days[d]
        window, run = day.windows[w], day.summary.run
        seed = f"seed {day.seed}, " if len(asked.days) > 1 else ""
        console.print(text(f"  {seed}{clock(run, window.begin)}  {window.cause.value}: {why(run, window)}"))
    if len(rest) > SHOWN:
        console.print(text(f"  … and {len(rest) - SHOWN} more", "dim"))


def as_toml(value: Any) -> str:
    """A value of a setting as TOML on one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {as_toml(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(as_toml, value)) + "]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")  # the one that JSON may leave and TOML not


# JSON -----------------------------------------------------------------------------------------------------------------


def as_document(asked: WhatIf, found: Found | None) -> dict[str, Any]:
    """Everything, as one document."""
    several = len(asked.days) > 1
    return {
        "scenario": asked.player.scenario.name,
        "seeds": [day.seed for day in asked.days],
        "as_it_stands": {
            "numbers": {column: mean([day.row for day in asked.days], column) for column in COLUMNS},
            "windows": [
                {
                    "seed": day.seed,
                    "begin_s": to_seconds(w.begin),
                    "end_s": to_seconds(w.end),
                    "cause": w.cause.value,
                    "flows": w.flows,
                    "bytes": day.summary.size(w.rows),
                    "why": why(day.summary.run, w),
                }
                for day in asked.days
                for w in day.windows
            ],
        },
        "mitigations": [_as_dict(asked, outcome, several) for outcome in asked.singles],
        "smallest_sets": [_as_dict(asked, outcome, several) for outcome in found.sets] if found else [],
        "sets_played": found.played if found else 0,
        "nothing_missed": found.exact if found else True,
        "untouched_windows": [_number(asked, d, w) for d, w in sorted(asked.untouched)],
        "nearest": _as_dict(asked, found.best, several) if found and found.best else None,
    }


def _number(asked: WhatIf, d: int, w: int) -> int:
    """The place of a window in the list of all days' windows, counted from 0."""
    return sum(len(day.windows) for day in asked.days[:d]) + w


def _as_dict(asked: WhatIf, outcome: Outcome, several: bool) -> dict[str, Any]:
    return {
        "changes": [m.name for m in outcome.chosen],
        "price": outcome.price,
        "supervised": outcome.managed,
        "settings": dict(outcome.under.settings),
        "numbers": {column: mean(outcome.rows, column) for column in COLUMNS},
        "differences": {m.column: _as_list(difference(asked, outcome, m.column), several) for m in HEADLINE},
        "windows": [
            {"exposed_s": to_seconds(left.exposed), "blocked_s": to_seconds(left.blocked), "touched": left.touched}
            for day in outcome.left
            for left in day
        ],
        "new_exposed_s": [to_seconds(new) for new in outcome.new],
    }


def _as_list(d: Interval, several: bool) -> dict[str, Any]:
    return {"mean": d.mean, "interval": [d.low, d.high] if several else None}
