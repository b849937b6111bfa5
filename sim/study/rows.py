"""One row a run: the numbers of a summary that studies compare, typed, with their units in their names."""

from __future__ import annotations

from typing import NamedTuple

from sim.base.units import to_seconds
from sim.machines.routing import Cause, Fate
from sim.measure.summary import Summary

CAUSES = tuple(sorted(cause.value.split()[0] for cause in Cause))
"""L01, L03, …"""

Number = float | int | None


class Metric(NamedTuple):
    """A headline number."""

    column: str
    title: str
    unit: str


HEADLINE = (
    Metric("exposed_s", "exposed", "s"),
    Metric("leaked_bytes", "leaked", "bytes"),
    Metric("blocked_s", "blocked", "s"),
    Metric("stale_s", "stale", "s"),
    Metric("vpn_battery_percent", "battery for the VPN", "%"),
)
"""The numbers that a comparison shows side by side, because each alone can be gamed. Less is better, of all of them."""

COLUMNS: dict[str, type[int] | type[float]] = {
    "intent_s": float,
    "exposed_s": float,
    "exposed_flow_s": float,
    "exposed_flows": int,
    "leaked_bytes": int,
    "leaked_packets": int,
    "first_exposed_s": float,
    "windows": int,
    "bypassed_s": float,
    "blocked_s": float,
    "stale_s": float,
    "offline_s": float,
    "first_protected_s": float,
    "reconnects": int,
    "reconnect_s": float,
    "energy_j": float,
    "battery_percent": float,
    "vpn_energy_j": float,
    "vpn_battery_percent": float,
    "checks_fine_share": float,
    **{f"{fate.name.lower()}_bytes": int for fate in Fate if fate is not Fate.LEAKED},
    **{f"{cause.lower()}_{part}": kind for cause in CAUSES for part, kind in (("s", float), ("bytes", int))},
}
"""Every column and its type, in the order of a row."""


def row(summary: Summary) -> dict[str, Number]:
    """The numbers of one run, by column. None: the thing did not happen."""
    document = summary.as_dict()
    exposure, energy = document["exposure"], document["energy"]
    found: dict[str, Number] = {
        "intent_s": document["intent_s"],
        "exposed_s": exposure["seconds"],
        "exposed_flow_s": exposure["flow_seconds"],
        "exposed_flows": exposure["flows"],
        "leaked_bytes": exposure["bytes"],
        "leaked_packets": exposure["packets"],
        "first_exposed_s": exposure["first_s"],
        "windows": len(summary.windows),
        "bypassed_s": document["bypassed"]["seconds"],
        "blocked_s": document["blocked"]["seconds"],
        "stale_s": document["stalled"]["seconds"],
        "offline_s": document["offline"]["seconds"],
        "first_protected_s": document["first_protected_s"],
        "reconnects": len(summary.reconnects),
        "reconnect_s": to_seconds(sum(r.delay for r in summary.reconnects)),
        "energy_j": energy["total_j"],
        "battery_percent": energy["battery_percent"],
        "vpn_energy_j": energy["vpn_added_j"],
        "vpn_battery_percent": energy["vpn_added_percent"],
        "checks_fine_share": document["leak_checks_fine_share"],
    }
    found |= {f"{fate.name.lower()}_bytes": summary.fates.get(fate, 0) for fate in Fate if fate is not Fate.LEAKED}
    for cause in CAUSES:
        part = exposure["by_cause"].get(cause, {})
        found[f"{cause.lower()}_s"] = part.get("seconds", 0.0)
        found[f"{cause.lower()}_bytes"] = part.get("bytes", 0)
    return found
