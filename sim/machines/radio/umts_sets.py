"""Named parameter sets of 3G beside the defaults in :mod:`sim.machines.radio.umts`: one phone, one paper each."""

from __future__ import annotations

from sim.base.citing import ASSUMED, REPORTED, Cited
from sim.machines.radio.air import Changes


def _cited(source: str, where: str, low: str, high: str, note: str = "") -> Cited:
    return Cited(source, where, REPORTED, low, high, note)


def _memory(source: str, where: str, low: str, high: str) -> Cited:
    return Cited(source, f"{where}, from memory", ASSUMED, low, high)


def _aro(file: str, dch: int, fach: int, idle_dch: int, fach_dch: int) -> Changes:
    """Another phone in the same network. [mW]"""
    return {
        "dch_mw": (dch, _cited("att-aro", f"{file}, POWER_DCH", "570 mW", "1300 mW")),
        "fach_mw": (fach, _cited("att-aro", f"{file}, POWER_FACH", "250 mW", "600 mW")),
        "idle_dch_mw": (idle_dch, _cited("att-aro", f"{file}, POWER_IDLE_DCH", "300 mW", "660 mW")),
        "fach_dch_mw": (fach_dch, _cited("att-aro", f"{file}, POWER_FACH_DCH", "430 mW", "800 mW")),
        "idle_fach_mw": (fach, Cited("judgement", "as CELL_FACH", ASSUMED, "250 mW", "600 mW")),
    }


UMTS_CAPTIVATE = _aro("imap.conf", 1020, 400, 510, 710)
UMTS_INSPIRE = _aro("inspire.conf", 600, 380, 300, 490)
UMTS_THRILL = _aro("thrill.conf", 610, 250, 305, 430)
UMTS_ARO: Changes = {
    **_aro("ProfileFactoryImpl.java", 700, 350, 530, 550),
    "dch": ("5 s", _cited("att-aro", "ProfileFactoryImpl.java, DCH_FACH_TIMER", "3 s", "8.1 s")),
    "fach": ("12 s", _cited("att-aro", "ProfileFactoryImpl.java, FACH_IDLE_TIMER", "0.8 s", "12 s")),
}

_TELIA = "3g_teliasonera.config"
_PLATFORM = "with the phone's platform, not of the radio alone"


def _energybox(device: str, idle: int, fach: int, dch: int, note: str = "") -> Changes:
    """TeliaSonera's network with one of EnergyBox's devices. [mW]"""
    assumed = Cited(
        "judgement", "as the state that it leads to; EnergyBox has no power for it", ASSUMED, "0 mW", "1300 mW"
    )
    return {
        "small_starts_on_fach": (True, _cited("energybox", "Engine3G.java", "no", "yes")),
        "idle_dch": ("1700 ms", _cited("energybox", f"{_TELIA}, IDLE_TO_DCH", "0.6 s", "4 s")),
        "idle_dch_mw": (dch, assumed),
        "idle_fach_mw": (fach, assumed),
        "fach_dch": ("650 ms", _cited("energybox", f"{_TELIA}, FACH_TO_DCH", "0.65 s", "3 s")),
        "fach_dch_mw": (dch, assumed),
        "dch": ("4100 ms", _cited("energybox", f"{_TELIA}, DCH_FACH_INACTIVITY_TIME", "3 s", "8.1 s")),
        "dch_mw": (dch, _cited("energybox", f"{device}, POWER_IN_DCH", "570 mW", "1300 mW", note)),
        "fach": ("5600 ms", _cited("energybox", f"{_TELIA}, FACH_IDLE_INACTIVITY_TIME", "0.8 s", "12 s")),
        "fach_mw": (fach, _cited("energybox", f"{device}, POWER_IN_FACH", "250 mW", "600 mW", note)),
        "buffer_up": ("294 B", _cited("energybox", f"{_TELIA}, UPLINK_BUFFER_FACH_TO_DCH", "294 B", "1000 B")),
        "buffer_down": ("515 B", _cited("energybox", f"{_TELIA}, DOWNLINK_BUFFER_FACH_TO_DCH", "475 B", "515 B")),
        "drain_up_square": (0.0, _cited("energybox", "Engine3G.java, timeToEmptyUplink", "0 µs/B²", "1.4 µs/B²")),
        "drain_up_linear": (
            1200.0,
            _cited("energybox", f"{_TELIA}, UPLINK_BUFFER_EMPTY_TIME", "1200 µs/B", "1600 µs/B"),
        ),
        "drain_up_fixed": ("10 us", _cited("energybox", "Engine3G.java, timeToEmptyUplink", "0 ms", "20 ms")),
        "drain_down_linear": (0.0, _cited("energybox", "Engine3G.java: a constant", "0 µs/B", "100 µs/B")),
        "drain_down_fixed": ("30 ms", _cited("energybox", f"{_TELIA}, DOWNLINK_BUFFER_EMPTY_TIME", "10 ms", "30 ms")),
        "reset_size": ("0 B", _cited("energybox", "Engine3G.java: every packet renews the timer", "0 B", "320 B")),
        "paging_off_mw": (idle, _cited("energybox", f"{device}, POWER_IN_IDLE", "0 mW", "200 mW", note)),
    }


UMTS_TELIASONERA = _energybox("device_3g.config", 200, 500, 1300, _PLATFORM)
UMTS_NEXUS_ONE = _energybox("nexus_one_3g.config", 0, 450, 600, "above idle")

_POWERTUTOR = "libpowertutor.h, HTC Dream"
UMTS_HTC_DREAM: Changes = {
    "dch": ("4 s", _cited("powertutor", f"{_POWERTUTOR}, DCH timer", "3 s", "8.1 s")),
    "dch_mw": (570, _cited("powertutor", _POWERTUTOR, "570 mW", "1300 mW")),
    "fach": ("6 s", _cited("powertutor", f"{_POWERTUTOR}, FACH timer", "0.8 s", "12 s")),
    "fach_mw": (401, _cited("powertutor", _POWERTUTOR, "250 mW", "600 mW")),
    "paging_off_mw": (10, _cited("powertutor", _POWERTUTOR, "0 mW", "20 mW")),
    "idle_dch_mw": (401, Cited("judgement", "PowerTutor has no promotions", ASSUMED, "300 mW", "660 mW")),
    "idle_fach_mw": (401, Cited("judgement", "as CELL_FACH", ASSUMED, "250 mW", "600 mW")),
    "fach_dch_mw": (570, Cited("judgement", "PowerTutor has no promotions", ASSUMED, "430 mW", "800 mW")),
    "reset_size": ("0 B", _cited("powertutor", "every packet renews the timer", "0 B", "320 B")),
}

_HUANG, _TABLE = "huang2012", "Table 3, 3G"
UMTS_HUANG_2012: Changes = {
    "idle_dch": ("582100 us", _memory(_HUANG, f"{_TABLE} promotion: 582.1 ms", "0.5 s", "4 s")),
    "idle_dch_mw": (659, _memory(_HUANG, f"{_TABLE} promotion: 659.4 mW", "300 mW", "660 mW")),
    "dch": ("8088200 us", _memory(_HUANG, f"{_TABLE} DCH tail: 8088.2 ms", "3 s", "8.1 s")),
    "dch_mw": (804, _memory(_HUANG, f"{_TABLE} DCH tail: 803.9 mW; beta is 817.88", "570 mW", "1300 mW")),
    "fach": ("824200 us", _memory(_HUANG, f"{_TABLE} FACH tail: 824.2 ms", "0.8 s", "12 s")),
    "fach_mw": (601, _memory(_HUANG, f"{_TABLE} FACH tail: 601.3 mW", "250 mW", "602 mW")),
    "fach_dch_mw": (659, Cited("judgement", "as from idle", ASSUMED, "430 mW", "800 mW")),
    "idle_fach_mw": (601, Cited("judgement", "as CELL_FACH", ASSUMED, "250 mW", "602 mW")),
    "reset_size": ("0 B", Cited("judgement", "the paper has no such rule", ASSUMED, "0 B", "320 B")),
    "paging_cycle": ("5112400 us", _memory(_HUANG, f"{_TABLE} idle: each 5112.4 ms", "640 ms", "5120 ms")),
    "paging_on": ("55400 us", _memory(_HUANG, f"{_TABLE} idle: 55.4 ms", "0 ms", "56 ms")),
    "paging_on_mw": (374, _memory(_HUANG, f"{_TABLE} idle: 374.2 mW", "0 mW", "375 mW")),
    "alpha_dl": (122.12, _memory(_HUANG, "Table 4, 3G", "0 mW per Mbit/s", "123 mW per Mbit/s")),
    "alpha_ul": (868.98, _memory(_HUANG, "Table 4, 3G", "0 mW per Mbit/s", "869 mW per Mbit/s")),
}


def _tailender(what: str, ramp_mw: int, tail: str, tail_mw: int, slope: float) -> Changes:
    """One state with a tail; the paper's energy of a transfer is in the slope, so the state costs nothing more."""
    paper = "tailender2009"
    return {
        "idle_dch_mw": (ramp_mw, _memory(paper, f"{what}: the ramp's energy, over 2 s", "300 mW", "1750 mW")),
        "dch": (tail, _memory(paper, f"{what}: tail", "3 s", "12.5 s")),
        "dch_mw": (tail_mw, _memory(paper, f"{what}: tail power", "250 mW", "1300 mW")),
        "fach": ("0 s", _memory(paper, f"{what}: one tail", "0 s", "12 s")),
        "reset_size": ("0 B", _memory(paper, f"{what}: every transfer renews it", "0 B", "320 B")),
        "alpha_dl": (slope, _memory(paper, f"{what}: energy per kB", "0 mW per Mbit/s", "4500 mW per Mbit/s")),
        "alpha_ul": (slope, _memory(paper, f"{what}: energy per kB", "0 mW per Mbit/s", "4500 mW per Mbit/s")),
    }


# 3.5 J and 1.7 J over the two seconds of the default; 25 and 36 µJ per byte are 3125 and 4500 mW per Mbit/s.
UMTS_TAILENDER_2009 = _tailender("3G", 1750, "12500 ms", 620, 3125.0)
GSM_TAILENDER_2009 = _tailender("GSM", 850, "6 s", 250, 4500.0)
