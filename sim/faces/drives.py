"""A recorded drive for people: our CSV of it, and a summary in numbers."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from sim.base.units import HOUR, Duration
from sim.faces.terminal import count, spell, table, text
from sim.world.recordings import read, read_bytes, recognised
from sim.world.recordings.drive_csv import write
from sim.world.recordings.recording import NO_NETWORK, Recording


def is_one(file: Path) -> bool:
    """Whether this file is meant to be a recording; a file that cannot be read is left to whoever reads it."""
    return file.is_file() and recognised(read_bytes(file), str(file))


def converted(console: Console, file: Path, part: str) -> str:
    """The recording as our CSV; its summary goes to the console.

    Raises
    ------
    RecordingRefused
    """
    drive = read(file, part)
    console.print(text(f"{drive.kind}: {file}", "bold"))
    console.print(
        table(
            ("", "", ""),
            [(text(name, "bold"), value, text(about, "dim")) for name, value, about in summary(drive)],
            right=(1,),
        )
    )
    for note in drive.notes:
        console.print(text(note, "dim"))
    return write(drive)


def summary(drive: Recording) -> list[tuple[str, str, str]]:
    """What a drive amounts to: name, number, and a word on it. What it does not say has no line."""
    rows = [("Duration", spell(drive.end), count(len(drive.at), "row"))]
    if drive.rat is not None:
        changes = len(drive.changes(drive.rat)) - 1
        rows.append(
            (
                "RAT changes",
                *_per_hour(changes, drive),
            )
        )
        rows += [(word or "no service", f"{share:.1%}", "of the time") for word, share in _shares(drive, drive.rat)]
    if drive.cell is not None:
        rows.append(("Cell changes", *_per_hour(len(drive.changes(drive.cell)) - 1, drive)))
    for name, works in (("Outages", drive.cellular_works), ("Wi-Fi carried nothing", drive.wifi_works)):
        if works is not None:
            lengths = _lengths(drive, works)
            longest = f", the longest {spell(max(lengths))}" if lengths else ""
            rows.append((name, str(len(lengths)), f"{sum(lengths) / drive.end:.1%} of the time{longest}"))
    if drive.wifi is not None:
        rows += [(ssid or "no Wi-Fi", f"{share:.1%}", "of the time") for ssid, share in _shares(drive, drive.wifi)]
    for name, values, unit in (
        ("Signal", drive.rsrp_dbm, "dBm"),
        ("Rate", drive.rate_down_mbps, "Mbit/s"),
        ("Round trip", drive.rtt_ms, "ms"),
    ):
        if values is not None:
            low, middle, high = (_quantile(values, q) for q in (0.05, 0.5, 0.95))
            rows.append((name, f"{middle:.4g} {unit}", f"median; 5 % below {low:.4g}, 5 % above {high:.4g}"))
    return rows


def _per_hour(changes: int, drive: Recording) -> tuple[str, str]:
    """Between the first row and the last, as the data sets' own tables count."""
    return f"{changes * HOUR / max(drive.at[-1], 1):.1f} /h", f"{changes} in all"


def _shares(drive: Recording, column: tuple[str, ...]) -> list[tuple[str, float]]:
    """How much of the time each value held, most first; no network last."""
    found: dict[str, Duration] = {}
    for value, begin, end in zip(column, drive.at, (*drive.at[1:], drive.end), strict=True):
        found[value] = found.get(value, 0) + end - begin
    ordered = sorted(found.items(), key=lambda item: (item[0] == NO_NETWORK, -item[1]))
    return [(value, held / drive.end) for value, held in ordered]


def _lengths(drive: Recording, works: tuple[bool, ...]) -> list[Duration]:
    """How long each spell was in which nothing passed."""
    changes = drive.changes(works)
    ends = [*(at for at, _ in changes[1:]), drive.end]
    return [end - at for (at, good), end in zip(changes, ends, strict=True) if not good]


def _quantile(values: tuple[float, ...], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)]
