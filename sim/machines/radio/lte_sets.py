"""Named parameter sets of LTE beside those in :mod:`sim.machines.radio.lte`: one paper, one operator each."""

from __future__ import annotations

from sim.base.citing import ASSUMED, MEASURED, Cited
from sim.machines.radio.air import Changes
from sim.machines.radio.lte import LTE_2020_CITED

_HUANG = "huang2012"
_TAIL = "a tail base without DRX on-periods, and no phases"

LTE_HUANG_2012: Changes = {
    "promotion": ("260100 us", Cited(_HUANG, "Table 3, promotion; as att-aro", MEASURED, "190 ms", "400 ms")),
    "promotion_mw": (1211, Cited(_HUANG, "Table 3, promotion: 1210.7 mW; as att-aro", MEASURED, "400 mW", "1250 mW")),
    "cr_inactivity": ("0 s", Cited(_HUANG, _TAIL, ASSUMED, "0 s", "200 ms")),
    "transfer_mw": (1288, Cited(_HUANG, "Table 4, beta: 1288.04 mW, from memory", ASSUMED, "1200 mW", "1290 mW")),
    "short_drx": ("0 s", Cited(_HUANG, _TAIL, ASSUMED, "0 s", "20 ms")),
    "long_drx": ("11576 ms", Cited(_HUANG, "Table 3, tail: 11.576 s, from memory", ASSUMED, "10 s", "11.6 s")),
    "long_drx_cycle": ("40100 us", Cited(_HUANG, "Table 3, long DRX period; as att-aro", MEASURED, "40 ms", "640 ms")),
    "drx_on": ("0 s", Cited(_HUANG, _TAIL, ASSUMED, "0 ms", "1 ms")),
    "paging_cycle": ("1280200 us", Cited(_HUANG, "Table 3, paging period; as att-aro", MEASURED, "320 ms", "2560 ms")),
    "paging_on": ("43200 us", Cited(_HUANG, "Table 3, paging duration; as att-aro", MEASURED, "10 ms", "43.2 ms")),
}

LTE_VERIZON_2020: Changes = {
    **LTE_2020_CITED,
    "promotion": (
        "320 ms",
        Cited("narayanan2021", "RRC-Power sample: idle to 4G, mean of three", MEASURED, "190 ms", "400 ms"),
    ),
    "long_drx": (
        "9840 ms",
        Cited("narayanan2021", "Table 2, Verizon LTE: a tail of 10.2 s in all", MEASURED, "9.64 s", "10.2 s"),
    ),
}

_TMOBILE = Cited(
    "narayanan2021", "Table 2, T-Mobile LTE: 66 mW above idle, from memory", ASSUMED, "66 mW", "1075 mW",
    "a mean over the whole tail: so its phases all have it",
)  # fmt: skip
LTE_TMOBILE_2020: Changes = {
    **LTE_VERIZON_2020,
    "continuous_mw": (81, _TMOBILE),
    "drx_on_mw": (81, _TMOBILE),
    "drx_off_mw": (81, _TMOBILE),
    "long_drx": (
        "4640 ms",
        Cited("narayanan2021", "RRC-Probe, T-Mobile LTE: a tail of 5.0 s in all", MEASURED, "4.6 s", "11.6 s"),
    ),
    "long_drx_cycle": (
        "160 ms",
        Cited(
            "narayanan2021", "RRC-Probe: answers in the tail wait 84 ms in the mean", MEASURED, "40 ms", "320 ms",
            "twice that; the data show a mix of cycles",
        ),
    ),
}  # fmt: skip
