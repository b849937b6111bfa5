"""The recipe of scenarios/my-drive.csv, the drive that we made up: no phone has recorded it.

Half an hour by car, a row each five seconds: the Wi-Fi at home fades out, a town with 5G, a road with LTE, a valley with
3G, a minute in a tunnel without service, a coverage hole before it and a longer one behind it, a town again, and the
Wi-Fi of the office. Cells follow each other more quickly in town; the signal goes up and down between them.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import pi, sin

STEP, END = 5, 1800
"""[s]"""
LEAVES, ARRIVES = 180, 1740
WEAK = 165
HOLES = ((760, 770), (1300, 1325))
# until, RAT, a cell lasts [s], signal [dBm], round trip [ms]
ROADS = (
    (600, "5G", 45, -84, 45),
    (900, "LTE", 75, -95, 65),
    (1020, "HSPA+", 75, -108, 140),
    (1080, "-", 75, -118, 140),
    (1500, "LTE", 75, -97, 65),
    (END, "5G", 45, -86, 45),
)


def lines() -> Iterator[str]:
    """The file, line by line."""
    yield "t_s,rat,cell,rsrp_dbm,cellular_works,wifi_ssid,wifi_works,rtt_ms"
    cell, left, before = 100, 0, ROADS[0][1]
    for t in range(0, END, STEP):
        _, rat, lasts, level, rtt = next(road for road in ROADS if t < road[0])
        if t >= LEAVES and t < ARRIVES and rat != "-" and (t - left >= lasts or rat != before):
            cell, left, before = cell + 1, t, rat
        rsrp = round(level + 7 * sin(2 * pi * (t - left) / lasts + pi / 2))
        works = not any(begin <= t < end for begin, end in HOLES)
        wifi = "home" if t < LEAVES else "office" if t >= ARRIVES else "-"
        yield f"{t},{rat},{cell},{rsrp},{yes(works)},{wifi},{yes(not WEAK <= t < LEAVES)},{rtt}"
    yield f"{END},,,,,,,"


def yes(flag: bool) -> str:
    return "yes" if flag else "no"


if __name__ == "__main__":
    from pathlib import Path

    to = Path(__file__).parents[3] / "scenarios" / "my-drive.csv"
    to.write_text("".join(f"{line}\n" for line in lines()), encoding="utf-8")
