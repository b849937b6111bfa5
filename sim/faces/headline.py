"""A run in one sentence, and all its headline numbers in words: the same for the terminal and for the picture."""

from __future__ import annotations

from statistics import median
from typing import Any, NamedTuple

from sim.base.units import SECOND, Duration, seconds
from sim.faces.terminal import count, size, spell
from sim.machines.routing import Fate, Intended
from sim.measure.leaks import DISCLOSURES
from sim.measure.reconnects import Reconnect
from sim.measure.summary import Summary
from sim.world.intervals import common, total


class Piece(NamedTuple):
    """A part of the sentence; `hot` parts say how long something was outside."""

    words: str
    hot: bool = False


class Number(NamedTuple):
    """One headline number with its price beside it."""

    name: str
    value: str
    about: str = ""
    hot: bool = False


def sentence(summary: Summary) -> list[list[Piece]]:
    """The headline, as one or two lines of pieces. There is one template for each outcome."""
    intent, exposed = summary.intent, total(summary.exposed)
    connected = total(summary.said_connected)
    within = total(common(summary.said_connected, summary.exposed))
    if not intent:
        return [[Piece("The VPN was never asked for: everything went out as it is.")]]
    if not connected:
        first = Piece(f"Protection was asked for {spell(intent)}, and the phone never said “Connected”.")
        return [[first], _aftermath(summary, exposed, f"For {spell(exposed)}", ", something went out beside it.")]
    first = Piece(f"The phone said “Connected” for {spell(connected)}.")
    if not within and exposed:
        return [
            [first],
            [Piece(f"For {spell(exposed)}", hot=True), Piece(" while it did not, something was outside the tunnel.")],
        ]
    share = "All that time" if within == connected else f"For {spell(within)} of them"
    return [[first], _aftermath(summary, exposed, share, ", something was outside the tunnel.")]


def _aftermath(summary: Summary, exposed: Duration, share: str, claim: str) -> list[Piece]:
    if not exposed:
        dead = total(summary.blocked) + summary.stalled
        price = f", and for {spell(dead)} nothing got through" if dead >= SECOND else ""
        return [Piece(f"Nothing was outside the tunnel{price}.")]
    if not summary.fates[Fate.LEAKED]:
        return [Piece(share, hot=True), Piece(", the way outside was open, and nothing used it.")]
    return [Piece(share, hot=True), Piece(claim)]


def plain_sentence(summary: Summary) -> str:
    """The headline as one text."""
    return " ".join("".join(piece.words for piece in line) for line in sentence(summary))


def numbers(summary: Summary, found: dict[str, Any]) -> list[Number]:
    """All headline numbers of a summary and of its document, together, because each alone can be gamed."""
    exposure, bypassed, energy = found["exposure"], found["bypassed"], found["energy"]
    rows = [
        Number("Exposed", spell(total(summary.exposed)), _exposed(exposure), hot=bool(exposure["seconds"])),
        Number("Leaked", size(exposure["bytes"]), _leaked(exposure), hot=bool(exposure["bytes"])),
        Number("System bypass", size(bypassed["system_bytes"]), _bypassed(summary)),
    ]
    if bypassed["direct_bytes"]:
        rows.append(
            Number(
                "Left out by choice", size(bypassed["direct_bytes"]), "your configuration sends it around the tunnel"
            )
        )
    blocked = f"{size(found['blocked']['bytes'])} refused or held in vain"
    stale = f"status Connected, and nothing passed; {size(found['stalled']['bytes'])} given up"
    offline = f"no network at all; {size(found['fates']['OFFLINE'])} given up"
    rows += [
        Number("Blocked", spell(total(summary.blocked)), blocked),
        Number("Stale", spell(summary.stalled), stale),
        Number("Offline", spell(summary.offline), offline),
    ]
    if found["fates"]["OPEN"]:
        rows.append(Number("VPN off", size(found["fates"]["OPEN"]), "sent while protection was not asked for"))
    first = found["first_protected_s"]
    if first is not None:
        rows.append(Number("First protected byte", spell(seconds(first)), "after protection was asked for"))
    elif found["intent_s"]:
        rows.append(Number("First protected byte", "never", "nothing went through the tunnel"))
    battery, whole = energy["battery_percent"], energy["total_j"]
    added = (
        f"{energy['vpn_added_j']:.0f} J against the same day without a VPN; {_parts(energy['vpn_added_by_component'])}"
    )
    rows += [
        Number("Battery", f"{battery:.3g} %", f"{whole:.0f} J of a full {summary.run.scenario.device.model}"),
        Number("VPN's share of it", f"{energy['vpn_added_percent']:.2g} %", added),
    ]
    return rows


def _exposed(exposure: dict[str, Any]) -> str:
    if not exposure["flows"]:
        return "no socket that should be inside was outside"
    return f"{count(int(exposure['flows']), 'socket')}, {spell(seconds(exposure['flow_seconds']))} of socket time"


def _leaked(exposure: dict[str, Any]) -> str:
    if not exposure["bytes"]:
        return "nothing used the way outside"
    kinds = [
        f"{DISCLOSURES[letter]} {size(part['bytes'])}" for letter, part in exposure["by_kind"].items() if part["bytes"]
    ]
    return f"{count(exposure['packets'], 'packet')}; seen: {', '.join(kinds)}"


def _bypassed(summary: Summary) -> str:
    world = summary.run.world
    flows = {
        (s.flow, s.socket) for s in summary.bypasses if world.traits[world.classes[s.flow]].intended is Intended.SYSTEM
    }
    if not flows:
        return "no service of the platform passed the tunnel by"
    return f"{count(len(flows), 'socket')} of the platform, by its design; the network sees them"


def _parts(added: dict[str, float]) -> str:
    largest = sorted(((joules, name) for name, joules in added.items() if abs(joules) >= 0.5), reverse=True)[:3]
    return (
        "mostly " + ", ".join(f"{name.replace('_', ' ')} {joules:.0f} J" for joules, name in largest)
        if largest
        else "no part of it large"
    )


class Spent(NamedTuple):
    """A line of the battery's table."""

    name: str
    joules: float
    added: float | None = None
    """What the VPN added to it [J]; None if that is not a question."""


PARTS = 6
"""So many parts of the energy have a line of their own."""


def spent_on(energy: dict[str, Any]) -> list[Spent]:
    """What the day's energy went into, the largest part first; the small ones together at the end."""
    added = energy["vpn_added_by_component"]
    return _largest([Spent(k.replace("_", " "), joules, added[k]) for k, joules in energy["by_component"].items()])


def spent_because_of(energy: dict[str, Any]) -> list[Spent]:
    """Who caused it, likewise."""
    return _largest([Spent(name, joules) for name, joules in energy["by_blame"].items()])


def _largest(parts: list[Spent]) -> list[Spent]:
    ordered = sorted((part for part in parts if part.joules), key=lambda part: -part.joules)
    shown, rest = ordered[:PARTS], ordered[PARTS:]
    if not rest:
        return shown
    added = sum(part.added for part in rest if part.added is not None) if rest[0].added is not None else None
    return [*shown, Spent(f"{len(rest)} smaller", sum(part.joules for part in rest), added)]


_EVENTS = {
    "start": "the start",
    "VpnTurnedOn": "turning it on",
    "WifiJoined": "joining Wi-Fi",
    "WifiLost": "leaving Wi-Fi",
    "WifiFaded": "Wi-Fi fading",
    "WifiDemoted": "cellular taking over",
    "CellularAttached": "cellular in reach",
    "CellularLost": "cellular out of reach",
    "HoleBegan": "a coverage hole",
    "HoleEnded": "the end of a hole",
    "ServerWentSilent": "a silent server",
    "ServerCameBack": "the server's return",
    "ServerRestarted": "a server's restart",
    "ServerChosen": "choosing a server",
    "DeviceSlept": "sleep",
    "DeviceWoke": "waking up",
    "ProviderCrashed": "a crash of the VPN",
    "MemoryPressed": "memory running out",
    "KeyRotated": "a key rotation",
    "AppUpdated": "an app update",
    "AirplaneTurnedOn": "airplane mode on",
    "AirplaneTurnedOff": "airplane mode off",
    "WifiSwitched": "the Wi-Fi switch",
    "Rebooted": "a restart",
    "PortalPassed": "a sign-in page",
    "reject": "keys too old to use",
    "new handshake": "an unanswered packet",
    "restart": "silence of the server",
    "gateway gives up": "the gateway's forgetting",
    "child end": "the end of its keys",
    "IKE end": "the end of its keys",
    "hand window": "a failed key exchange",
}


class ReconnectRow(NamedTuple):
    """All interruptions by one event."""

    event: str
    times: int
    median: Duration
    most: Duration


def reconnect_rows(reconnects: list[Reconnect]) -> list[ReconnectRow]:
    """Interruptions by what caused them, the slowest first."""
    by_event: dict[str, list[Duration]] = {}
    for r in reconnects:
        by_event.setdefault(_EVENTS.get(r.event, r.event), []).append(r.delay)
    rows = [ReconnectRow(event, len(d), round(median(d)), max(d)) for event, d in by_event.items()]
    return sorted(rows, key=lambda row: (-row.most, row.event))
