"""Named parameter sets of 5G beside the defaults in :mod:`sim.machines.radio.nr`: one operator, one band each."""

from __future__ import annotations

from sim.base.citing import ASSUMED, MEASURED, Cited
from sim.machines.radio.air import Changes


def _nar(where: str, low: str, high: str, note: str = "") -> Cited:
    return Cited("narayanan2021", where, MEASURED, low, high, note)


def _memory(where: str, low: str, high: str) -> Cited:
    return Cited("narayanan2021", f"{where}, from memory", ASSUMED, low, high)


_LOG = "RRC-Power sample, a packet each 20 s in an operator's network that is not named"
NSA_POWER_LOG_2020: Changes = {
    "scg_addition": ("1700 ms", _nar(f"{_LOG}: 1.53, 1.84, 1.73 s", "1.2 s", "1.9 s")),
    "nr_tail": ("10620 ms", _nar(f"{_LOG}: 10.68, 10.54, 10.63 s", "10 s", "12.1 s")),
}

NSA_VERIZON_2020: Changes = {
    "scg_addition": ("1320 ms", _memory("Table 2: 1.24 to 1.4 s", "1.24 s", "1.4 s")),
    "scg_addition_mw": (814, _memory("Table 2, Verizon low-band: 799 mW above idle", "500 mW", "1500 mW")),
    "nr_tail": ("10200 ms", _nar("RRC-Probe, Verizon low-band: 5G to 10.2 s", "10 s", "12.1 s")),
    "nr_tail_mw": (264, _memory("Table 2, Verizon low-band: 249 mW above idle", "150 mW", "1100 mW")),
    "lte_tail": (
        "8600 ms",
        _nar(
            "Table 2: 18.8 s in all; RRC-Probe: LTE to 20 s", "0 s", "10 s", "a network that shares its band with LTE"
        ),
    ),
    "lte_tail_mw": (193, _memory("Table 2, Verizon LTE: 178 mW above idle", "66 mW", "1060 mW")),
}

NSA_MMWAVE_2020: Changes = {
    "scg_addition": ("1907 ms", _memory("Table 2, mmWave: about 1.907 s", "1.2 s", "2 s")),
    "scg_addition_mw": (1509, _memory("Table 2, mmWave: 1494 mW above idle", "500 mW", "1500 mW")),
    "transfer_mw": (
        2795,
        _nar("Data-Transfer-Power, mmWave down: intercept 5.14 W less base 2.36 W", "500 mW", "3000 mW"),
    ),
    "sending_mw": (480, _nar("Data-Transfer-Power, mmWave up: intercept 5.62 W", "0 mW", "500 mW")),
    "nr_tail": ("10500 ms", _nar("Table 2, mmWave: 10.5 s; RRC-Probe: 11.2 s", "10 s", "11.2 s")),
    "nr_tail_mw": (
        1107,
        _memory("Table 2, mmWave: 1092 mW above idle; a bound, phones at rest fall back to LTE", "150 mW", "1107 mW"),
    ),
    "long_drx_cycle": ("80 ms", _memory("Table 2, mmWave", "80 ms", "320 ms")),
    "alpha_dl": (1.81, _nar("Data-Transfer-Power, mmWave down", "1.8 mW per Mbit/s", "20 mW per Mbit/s")),
    "alpha_ul": (9.42, _nar("Data-Transfer-Power, mmWave up", "9 mW per Mbit/s", "60 mW per Mbit/s")),
    "handover_mj": (
        1150,
        Cited("hassan2022", "figure 10 data, mmWave: 1.0 to 1.3 W in its second", MEASURED, "800 mJ", "2000 mJ"),
    ),
}
