"""What `check` says of a file: that it is right, and whether what it claims holds."""

from __future__ import annotations

from pathlib import Path

from sim.faces.terminal import count, progress, stdout, table, text
from sim.world.loading import load

CONFIGURATIONS = frozenset({".mobileconfig", ".conf", ".ovpn", ".plist", ".xml"})
"""Endings of VPN configurations; anything else is taken for a scenario."""


def configuration(path: Path) -> str:
    """One line on a VPN configuration.

    Raises
    ------
    ImportRefused
    """
    from sim.faces.importing import read_profile

    imported = read_profile(path)
    effective = sum(note.effect for note in imported.notes)
    idle = len(imported.notes) - effective
    keys = f"{count(effective, 'key')} with an effect in the model, {idle} without"
    return f"{path}: fine: {imported.kind} for {imported.vpn.get('protocol')}; {keys}"


def scenario(path: Path) -> str:
    """One line on a scenario, after each of its policies was tried on it.

    Raises
    ------
    ScenarioError
    """
    found = load(path)
    for policy in found.policies:
        load(path, policy)
    kinds = sum(len(app.sockets) for app in found.apps)
    policies, expected = len(found.policies), len(found.expect)
    parts = [
        count(len(found.apps), "app"),
        count(kinds, "kind of sockets") if kinds == 1 else f"{kinds} kinds of sockets",
    ]
    parts += [f"{policies} {'policy' if policies == 1 else 'policies'}", count(expected, "expectation")]
    return f"{path}: fine: {found.name}, {', '.join(parts)}"


def claims_hold(path: Path, seeds: int) -> bool:
    """Play a scenario's expectations on days 1 to `seeds`, and print which hold."""
    from sim.measure.expectations import check_file

    with progress(f"{path.name}: day") as tell:
        verdicts = check_file(path, range(1, seeds + 1), tell)
    rows = []
    for v in verdicts:
        failed = f" (seeds {', '.join(map(str, v.failed_seeds[:8]))})" if v.failed_seeds else ""
        mark = text("holds") if v.holds else text("FAILS", "bold")
        rows.append((mark, v.expectation.that, text(v.detail + failed, "dim")))
    if rows:
        stdout().print(table(("", "claim", f"on {count(seeds, 'day')}"), rows))
    return all(v.holds for v in verdicts)
