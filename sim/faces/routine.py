"""The routine on a terminal: after each step what is protected, what a leak check says, and what is true."""

from __future__ import annotations

from rich.console import Console
from rich.padding import Padding

from sim.base.units import SECOND
from sim.faces.reporting import HOT
from sim.faces.terminal import capital, count, spell, table, text
from sim.measure.explain import clock, why
from sim.measure.routine import Look, seen
from sim.measure.summary import Summary
from sim.world.intervals import total

DAY = "legacy-apps-first"
"""The day on which a configuration of the user's own is played."""


def report(console: Console, summary: Summary, what: str) -> None:
    """Tell the routine step by step; `what` says on which set-up it is played."""
    run = summary.run
    console.print(text(f"The routine  ·  {what}  ·  seed {run.seed}", "dim"))
    found = seen(run)
    number = 0
    for look in found:
        console.print()
        if look.after and look is not found[-1]:
            number += 1
        title = f"{number}. {look.after}" if look.after and look is not found[-1] else look.after or "Before"
        console.print(text(f"{title}", "bold"), text(clock(run, look.at), "dim"))
        rows = [
            ("The phone says", text("Connected" if look.connected else "not connected")),
            ("Protected", text(_protected(look))),
            ("A leak check says", text(f"“{look.said}”")),
            ("In truth", text(_truth(look), HOT if look.outside else "")),
        ]
        console.print(Padding(table(("", ""), rows), (0, 0, 0, 3)))
    console.print()
    console.print(text(_verdict(found), "bold"))
    _reasons(console, summary, found[-1])
    console.print(text(f"{_price(summary)} Another day may end otherwise: --seed {run.seed + 1}.", "dim"))


def _names(sockets: dict[str, int]) -> str:
    return ", ".join(name if n == 1 else f"{name} ({n})" for name, n in sorted(sockets.items()))


def _protected(look: Look) -> str:
    if not look.intent:
        return "nothing: the VPN is off"
    return (
        f"{count(sum(look.inside.values()), 'socket')}: {_names(look.inside)}"
        if look.inside
        else "nothing: no socket is inside"
    )


def _truth(look: Look) -> str:
    if not look.intent:
        open_ = sum(look.unasked.values())
        return (
            f"{count(open_, 'socket')} outside, and nobody has asked for more: {_names(look.unasked)}"
            if open_
            else "nothing is open"
        )
    parts = []
    if look.outside:
        parts.append(f"{sum(look.outside.values())} outside: {_names(look.outside)}")
    if look.by_design:
        parts.append(f"outside by design: {_names(look.by_design)}")
    if look.kept:
        parts.append(f"waiting or refused: {_names(look.kept)}")
    return capital("; ".join(parts)) if parts else "Nothing is outside"


def _verdict(looks: list[Look]) -> str:
    last = looks[-1]
    if last.outside:
        number = sum(last.outside.values())
        are = "is" if number == 1 else "are"
        return f"After the routine {count(number, 'socket')} {are} still outside: {_names(last.outside)}."
    if last.kept and not last.inside:
        return "After the routine nothing is outside, and nothing works."
    return "After the routine nothing is outside that should be inside."


def _reasons(console: Console, summary: Summary, last: Look) -> None:
    run = summary.run
    for window in summary.windows:
        if window.begin <= last.at < window.end:
            console.print(text(f"{window.cause.value}: {why(run, window)}."))


def _price(summary: Summary) -> str:
    parts = [f"{spell(summary.offline)} without a network"] if summary.offline >= SECOND else []
    if total(summary.blocked) >= SECOND:
        parts.append(f"{spell(total(summary.blocked))} blocked")
    return f"The price: {' and '.join(parts)}." if parts else "It cost no time without a network."
