"""Logs of the 5G power study of 2021: a drive with each handover, a phone's state each second, the 5G Tracker app.

Where a log names handovers and no cells, the cells are numbered. ``nrStatus`` is Android's: CONNECTED means that the NR
leg is in use, NOT_RESTRICTED that LTE offers one; ``handover type`` 5t4 is one from 5G to 4G.

Follows: A. Narayanan et al., A Variegated Look at 5G in the Wild (2021), and the files of its artifact.
"""

from __future__ import annotations

from sim.base.units import SECOND
from sim.world.recordings import reading
from sim.world.recordings.reading import Table, Text
from sim.world.recordings.recording import NO_NETWORK, Recording, Row

KIND = "5G power study (SIGCOMM 2021)"
_DRIVE = {"time", "active interface", "handover type"}
_TRACKER = {"timestamp", "nrStatus", "accessNetworkTechnology", "mCid"}
_STATE = {"timestamp", "nrStatus", "nr_ssRsrp"}
_NO_SERIES = (
    {"enabled_radio_type", "interval", "RTT1"},
    {"throughput", "time_since_start", "target bandwidth"},
    {"LTE_RSRP", "hardware_power", "software_power"},
)
"""Headings of the artifact's tables that are no drives: probes, and power against throughput."""
_NR = {"CONNECTED": "NSA 5G", "NOT_RESTRICTED": "LTE, 5G in reach", "RESTRICTED": "LTE, 5G restricted", "NONE": "LTE"}


def looks_like_it(text: Text) -> bool:
    """Whether it has the headings of one of the artifact's tables."""
    found = set(reading.headings(text))
    return any(wanted <= found for wanted in (_DRIVE, _TRACKER, _STATE, *_NO_SERIES))


def read(text: Text) -> Recording:
    """The recording in one of the logs."""
    table = reading.table(text)
    found = set(table.headings)
    if found >= _DRIVE:
        return _drive(table)
    if found >= _TRACKER:
        return _tracker(table)
    if found >= _STATE:
        return _state(table)
    text.refuse(
        0,
        "this table compares many short measurements; it is no course of time",
        "Recordings in this artifact are Driving-Wild and the logs under Power-Model.",
    )


def _drive(table: Table) -> Recording:
    rows, cell = [], 1
    for line, cells in table.rows():
        cell += cells["handover type"] not in ("", "unknown")
        at = reading.seconds_in(table.text, line, cells["time"])
        rows.append((line, Row(at, rat=cells["active interface"] or NO_NETWORK, cell=str(cell))))
    notes = ("cells are numbered: the log names handovers only",)
    return reading.recording(table.text, KIND, rows, resolution=SECOND, notes=notes)


def _tracker(table: Table) -> Recording:
    """A row each half second; the date carries a zone, which does not matter for one drive."""
    rows = []
    for line, cells in table.rows():
        at = reading.date_in(table.text, line, cells["timestamp"][:23], "%Y-%m-%d %H:%M:%S.%f")
        anchor, status = cells["accessNetworkTechnology"], cells["nrStatus"]
        # Over WLAN calling, or without service, the access network is another word.
        word = _nr(table, line, status) if anchor.startswith("LTE") else anchor or NO_NETWORK
        rows.append(
            (line, Row(at, rat=word, cell=cells["mCid"] or None, rsrp_dbm=reading.rsrp(cells.get("nr_ssRsrp", ""))))
        )
    return reading.recording(table.text, KIND, rows, resolution=SECOND // 2)


def _state(table: Table) -> Recording:
    rows = []
    for line, cells in table.rows():
        at = reading.date_in(table.text, line, cells["timestamp"], "%Y-%m-%d %H:%M:%S")
        signal = reading.rsrp(cells["nr_ssRsrp"])
        tested = cells.get("Throughput", "") if cells.get("direction") == "downlink" else ""
        rate = reading.between(tested, 0.001, 100_000.0)
        word = _nr(table, line, cells["nrStatus"])
        rows.append((line, Row(at, rat=word, rsrp_dbm=signal, rate_down_mbps=rate)))
    return reading.recording(
        table.text, KIND, rows, resolution=SECOND, notes=("signal: that of 5G while it is in use",)
    )


def _nr(table: Table, line: int, status: str) -> str:
    if status not in _NR:
        table.text.refuse(line, f"nrStatus is {reading.shown(status)!r}; expected one of {', '.join(_NR)}")
    return _NR[status]
