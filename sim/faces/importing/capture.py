"""A packet capture → a scenario that plays it, and the CSV of its traffic.

A capture is the most personal file there is: it says where somebody went, and may hold what they said. Payload is
counted, never kept or shown. Addresses of servers go into the CSV, for routes decide by them, and are not printed;
names go there only if they are asked for.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

import tomlkit
from tomlkit import aot, comment, item, nl

from sim.base.units import HOUR, MINUTE, SECOND, Duration, to_seconds, write_duration
from sim.faces.importing.reading import Note, plain
from sim.faces.terminal import count
from sim.world.captures import files, traffic
from sim.world.captures.flows import GAP, Flows, Phone, flows, phone_given, phone_in
from sim.world.captures.table import CaptureRefused, Table, read
from sim.world.captures.traffic import CapturedFlow, Traffic

LONGEST: Duration = 31 * 24 * HOUR
_MOST_SHOWN = 4
_MOST_REASONS = 8
_SYSTEM = frozenset({"dns", "push", "apple", "time"})
"""Apps of :mod:`sim.world.captures.services` that are the platform's."""
_IS_VPN = "vpn"


@dataclass(frozen=True)
class Captured:
    """A capture as a scenario."""

    kind: str
    name: str
    toml: str
    csv: str
    notes: list[Note]


def is_capture(path: Path) -> bool:
    """Whether a file begins as a capture does. Whatever cannot be read is none."""
    try:
        with path.open("rb") as stream:
            return path.is_file() and files.looks_like_it(stream.read(4))
    except (OSError, ValueError):
        return False


def read_capture(path: Path, out: Path, phone: list[str], gap: Duration = GAP, with_names: bool = False) -> Captured:
    """Read a capture of a phone.

    Parameters
    ----------
    out : where the scenario will be; its CSV will be beside it
    phone : addresses of the phone; empty: find them
    gap : packets of a flow that are nearer are one burst. [µs]
    with_names : write down the names that DNS gave for addresses

    Raises
    ------
    CaptureRefused
        If it cannot be read, or there is no traffic of a phone in it.
    """
    file = plain(str(path), 300)
    whole = read(path, with_names)
    parts = whole.parts()
    table = max(parts, key=lambda part: len(part.at))
    side = phone_given(table, [_address(p) for p in phone]) if phone else phone_in(table)
    found = flows(table, side, gap) if side.addresses else None
    if found is None or not found.traffic:
        hint = "Say which address is the phone's: --phone ADDRESS." if phone or side.of else ""
        what = "none of these addresses speaks TCP or UDP in it" if phone else "there is no TCP or UDP flow in it"
        raise CaptureRefused(file, what, hint)
    if found.duration > LONGEST:
        raise CaptureRefused(file, f"it lasts {_days(found.duration)}; a scenario of at most {_days(LONGEST)} is made")
    name = plain(out.stem) or "captured"
    csv = out.with_suffix(".csv")
    return Captured(
        kind=f"packet capture ({', '.join(table.links)})",
        name=plain(path.name),
        toml=_scenario(name, csv.name, found),
        csv=traffic.write(found.traffic),
        notes=[*_what_counts(whole, side, found, gap), *_what_does_not(whole, table, parts, found)],
    )


def _address(text: str) -> bytes:
    try:
        return ip_address(text.strip()).packed
    except ValueError:
        raise CaptureRefused("--phone", f"found {plain(text, 60)!r}; expected an IP address") from None


def _days(duration: Duration) -> str:
    return f"{duration // (24 * HOUR)} days"


# Notes ----------------------------------------------------------------------------------------------------------------


def _what_counts(whole: Table, side: Phone, found: Flows, gap: Duration) -> list[Note]:
    shown = [str(ip_address(a)) for a in side.addresses]
    more = f" and {len(shown) - _MOST_SHOWN} more" if len(shown) > _MOST_SHOWN else ""
    why = "as you said" if side.given else f"it began {side.opened} of {side.of} conversations; if not, --phone ADDRESS"
    bursts = sum(len(f.bursts) for f in found.traffic)
    per_app = Counter(f.app for f in found.traffic)
    notes = [
        Note("phone", f"{', '.join(shown[:_MOST_SHOWN])}{more}: {why}", True),
        Note("time", f"{_length(found.duration)}, from the phone's first packet on; the date is not kept", True),
        Note(
            "traffic", f"{count(len(found.traffic), 'flow')}, {count(bursts, 'burst')}, {found.bytes:,} B payload", True
        ),
        Note("apps", "flows, told by ports: " + ", ".join(f"{app} {n}" for app, n in per_app.most_common()), True),
        Note("bursts", f"packets nearer than {write_duration(gap)} are one, of a second at most", True),
    ]
    if per_app[_IS_VPN]:
        notes.append(Note("a VPN", "was on in the recording: what was inside it is one flow, and cannot be seen", True))
    if whole.names.asked:
        notes.append(Note("names", f"{len(set(whole.names.asked.values()))} of DNS are in the CSV, as you asked", True))
    return notes


def _length(duration: Duration) -> str:
    return f"{to_seconds(duration):.0f} s" if duration < 2 * MINUTE else f"{duration / MINUTE:.1f} min"


def _what_does_not(whole: Table, table: Table, parts: list[Table], found: Flows) -> list[Note]:
    dropped = Counter(whole.dropped)
    elsewhere = sum(len(part.at) for part in parts) - len(table.at)
    if elsewhere:
        dropped[f"in other recordings of the file ({len(parts) - 1}), a day or more apart: the largest is taken"] = (
            elsewhere
        )
    dropped.update(found.others)
    notes = [Note(f"{n:,} packets", why, False) for why, n in dropped.most_common(_MOST_REASONS)]
    rest = dropped.total() - sum(n for _, n in dropped.most_common(_MOST_REASONS))
    if rest:
        notes.append(Note(f"{rest:,} packets", "for other reasons", False))
    if whole.disordered:
        notes.append(Note(f"{whole.disordered:,} packets", "stood in the file behind a later one: put in order", False))
    if whole.damage:
        notes.append(Note("the rest", f"of the file cannot be read: {whole.damage}", False))
    notes.append(Note("payload", "is counted, never kept", False))
    return notes


# The scenario ---------------------------------------------------------------------------------------------------------


def _scenario(name: str, csv: str, found: Flows) -> str:
    """TOML that plays the traffic, with policies to try on it."""
    later = write_duration(max(min(MINUTE, found.duration // 10 // SECOND * SECOND), SECOND // 2))
    document = tomlkit.document()
    for line in (
        f"Captured traffic: {csv}",
        "",
        "The flows are a real phone's, as they were: when each was opened and closed, and what it carried. A capture",
        "does not say where the phone was, nor which VPN it should have had: that is yours to write here.",
        "",
        "Policies, each on the same traffic:",
        "  (none)         the VPN is switched on a little later, over what is open by then",
        "  connect-first  the tunnel is up before the recording begins",
        "  sealed         includeAllNetworks",
        "  on-demand      the first traffic brings the tunnel up",
        "  ikev2, openvpn another protocol",
        "  off            no VPN at all",
    ):
        document.add(comment(line))
    document.add(nl())
    document["name"] = name
    document["about"] = "A captured phone's traffic"
    document["duration"] = write_duration(found.duration)
    document["wifi"] = _tables({"ssid": "home"})
    document["stays"] = _tables({"wifi": "home"})
    document["apps"] = _tables(*_apps(found.traffic, csv))
    document["timeline"] = _tables({"at": later, "do": "vpn_on"})
    document["policies"] = item(
        {
            "connect-first": {"vpn_on": True, "timeline": []},
            "sealed": {"vpn": {"include_all_networks": True}},
            "on-demand": {"timeline": [], "vpn": {"on_demand": [{"action": "connect"}]}},
            "ikev2": {"vpn": {"protocol": "ikev2"}},
            "openvpn": {"vpn": {"protocol": "openvpn"}},
            "off": {"timeline": []},
        }
    )
    return tomlkit.dumps(document)


def _tables(*tables: dict[str, str]) -> tomlkit.items.AoT:
    """An array of tables."""
    found = aot()
    for table in tables:
        found.append(item(table))
    return found


def _apps(flows_of: Traffic, csv: str) -> list[dict[str, str]]:
    """One entry for each app, those with the most bytes first."""

    def size(flow: CapturedFlow) -> int:
        return sum(b.up + b.down for b in flow.bursts)

    sizes: Counter[str] = Counter()
    for flow in flows_of:
        sizes[flow.app] += size(flow)
    return [
        {"name": app, **({"kind": "system"} if app in _SYSTEM else {}), "captured": csv}
        for app, _ in sizes.most_common()
    ]
