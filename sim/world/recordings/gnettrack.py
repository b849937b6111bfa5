"""G-NetTrack Pro, a drive test app for Android: its logs as they are, and the UCC 5G data set made from them.

The app writes a row a second at best, sometimes two; its table of events and that of its speed tests have the same
columns. Raca et al. published theirs with commas, and with one number for each cell.

``DL_bitrate`` is what the phone happened to receive and not what the network could carry, so it is not read. In 2G and
3G the level is no RSRP.

Follows: G-NetTrack's own headings; D. Raca et al., Beyond Throughput, The Next Generation: a 5G Dataset (2020).
"""

from __future__ import annotations

from sim.base.units import SECOND
from sim.world.recordings import reading
from sim.world.recordings.reading import Text
from sim.world.recordings.recording import NO_NETWORK, Rat, Recording, Row, rat_of

KIND = "G-NetTrack Pro"
_TIME = "%Y.%m.%d_%H.%M.%S"
_NOT_ONE = ("", "-", "--")
_WITH_RSRP = (Rat.LTE, Rat.NSA, Rat.SA)
_NOTES = (
    # MODEL: in 2G and 3G the last RSRP holds, as these have another measure. Bias: loss and delay there are those of
    # the LTE cell before.
    "signal: RSRP of LTE and 5G; it stays as it was in 2G and 3G",
    "bit rates are what the phone received, not what the network could carry: not read",
)


def looks_like_it(text: Text) -> bool:
    """Whether it has the app's first headings, or is its table of statistics."""
    found = reading.headings(text)
    return ("Timestamp" in found and bool({"NetworkTech", "NetworkMode"} & {*found})) or found == ("Event", "Stats")


def read(text: Text) -> Recording:
    """The recording in a log of samples, of events or of speed tests."""
    table = reading.table(text)
    if table.headings == ("Event", "Stats"):
        text.refuse(
            0, "these are totals of calls; expected a log with a row for each moment", "Take the file *_log.txt."
        )
    rat = "NetworkMode" if "NetworkMode" in table.headings else "NetworkTech"
    cell = [h for h in ("RAWCELLID",) if h in table.headings] or [
        h for h in ("Node", "CellID", "LAC") if h in table.headings
    ]
    level = "RSRP" if "RSRP" in table.headings else "Level"
    rows = []
    for line, cells in table.rows():
        word = NO_NETWORK if cells[rat] in _NOT_ONE else cells[rat]
        at = reading.date_in(text, line, cells["Timestamp"], _TIME)
        named = ":".join(cells[h] for h in cell)
        named = named if set(named) - set(":-") else ""
        signal = reading.rsrp(cells.get(level, "")) if rat_of(word) in _WITH_RSRP else None
        rtt = reading.between(cells.get("PINGAVG", ""), 0.1, 60_000.0)
        rows.append((line, Row(at, rat=word, cell=named or None, rsrp_dbm=signal, rtt_ms=rtt)))
    return reading.recording(text, KIND, rows, resolution=SECOND, notes=_NOTES)
