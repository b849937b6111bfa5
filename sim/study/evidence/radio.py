"""Radio and energy: published figures of radios, replayed through the energy account."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from sim.base.units import HOUR, SECOND, Duration, to_seconds
from sim.machines.radio import SETS, WIFI_SETS
from sim.machines.radio.cellular import CellularRadio
from sim.measure.energy import Traffic, cellular_energy, wifi_energy
from sim.study.evidence.checks import Check, Comparison, Given, Kind, near, within
from sim.world.captures.flows import columns, phone_in
from sim.world.captures.table import read
from sim.world.intervals import Intervals, Ints

NANOJOULES = 1e-9
"""[J]"""
AT_ONCE = 1e9
"""A rate at which packets have no length. [Mbit/s]"""


def _bursts(at: Any, up: int | Ints = 100, down: int | Ints = 0) -> Traffic:
    instants = np.asarray(at, dtype=np.int64)
    sizes = [np.full(len(instants), size, dtype=np.int64) for size in (up, down)]
    return Traffic(instants, sizes[0], sizes[1])


def _until(end: Duration) -> Intervals:
    return np.array([[0, end]], dtype=np.int64)


def _spent(radio: CellularRadio, traffic: Traffic, end: Duration, rate_mbps: float = AT_ONCE) -> dict[str, float]:
    """Energy by component from a phone that was idle for long. [J]"""
    parts = cellular_energy(radio, traffic, _until(end), rate_mbps)
    return {name.removeprefix("cellular_"): nj * NANOJOULES for name, nj in parts.items()}


def _total(radio: CellularRadio, traffic: Traffic, end: Duration, rate_mbps: float = AT_ONCE) -> float:
    return sum(_spent(radio, traffic, end, rate_mbps).values())


def _with(name: str, **changes: Any) -> Any:
    """A named set with a few other values."""
    radio: Any = SETS[name]
    return radio.model_copy(update=changes)


# LTE ------------------------------------------------------------------------------------------------------------------


def _lone_packet_huang(given: Given) -> list[Comparison]:
    radio = SETS["lte-huang-2012"]
    parts = _spent(radio, _bursts([0]), radio.promotion + radio.tail)
    whole = sum(parts.values())
    return [
        near("a packet to an idle phone", 12.59, whole, "J", relative=0.005),
        near("share of the tail", 97.5, 100 * parts["tail"] / whole, "%", absolute=0.1),
    ]


def _lone_packet_aro(given: Given) -> list[Comparison]:
    radio = SETS["lte-2012"]
    parts = _spent(radio, _bursts([0]), radio.promotion + radio.tail)
    return [
        near("promotion", 0.3146, parts["promotion"], "J", relative=0.005),
        near("a packet to an idle phone", 11.367, sum(parts.values()), "J", relative=0.005),
        near("power in long DRX", 1091, (parts["tail"] - 0.12 - 0.02244) / 10 * 1e3, "mW", relative=0.001),
    ]


class _Keepalives(NamedTuple):
    """An hour of keepalives, long after the first, by att-aro's profile."""

    period_s: int
    mean_mw: float
    per_hour_j: float


_ARO = (
    _Keepalives(5, 1093, 3936), _Keepalives(10, 1092, 3932), _Keepalives(15, 764, 2750), _Keepalives(20, 578, 2081),
    _Keepalives(25, 466, 1679), _Keepalives(30, 392, 1411), _Keepalives(60, 206, 741), _Keepalives(120, 113, 407),
    _Keepalives(300, 57.2, 206), _Keepalives(600, 38.6, 139), _Keepalives(1800, 26.2, 94),
)  # fmt: skip


def _per_period(radio: CellularRadio, period: Duration, rate_mbps: float = AT_ONCE, **sizes: int) -> dict[str, float]:
    """Mean energy of a period of traffic after the first, by component. [J]"""
    n = max(10, 2 * HOUR // period)
    late = _spent(radio, _bursts(np.arange(n + 1) * period, **sizes), (n + 1) * period, rate_mbps)
    first = _spent(radio, _bursts([0], **sizes), period, rate_mbps)
    return {name: (late[name] - first[name]) / n for name in late}


def _keepalives(given: Given) -> list[Comparison]:
    found = []
    for row in _ARO:
        power = sum(_per_period(SETS["lte-2012"], row.period_s * SECOND).values()) / row.period_s
        what = f"one each {row.period_s} s"
        found.append(near(what, row.per_hour_j, power * 3600, "J an hour", relative=0.01))
        found.append(near(what, row.mean_mw, power * 1e3, "mW", relative=0.01))
    return found


def _tail_share(given: Given) -> list[Comparison]:
    found = []
    for name, period, share in (
        ("lte-2012", 60, 0.894), ("lte-2012", 120, 0.815), ("lte-2012", 300, 0.645), ("lte-huang-2012", 60, 0.905),
    ):  # fmt: skip
        parts = _per_period(SETS[name], period * SECOND)
        ratio = parts["tail"] / sum(parts.values())
        found.append(near(f"{name}, one packet each {period} s", share, ratio, absolute=0.01))
    return found


def _idle_floor(given: Given) -> list[Comparison]:
    power = {name: _total(SETS[name], _bursts([]), HOUR) / 3600 * 1e3 for name in ("lte-2012", "lte-huang-2012")}
    day = _total(SETS["lte-2012"], _bursts([]), 24 * HOUR)
    return [
        near("power of an idle phone", 19.95, power["lte-2012"], "mW", relative=0.01),
        near("the same by the paper's values", 20.05, power["lte-huang-2012"], "mW", relative=0.01),
        near("a day of it", 1.72, day / 1e3, "kJ", relative=0.01),
    ]


def _polling(given: Given) -> list[Comparison]:
    # One mean power for the whole of a poll, and nothing while idle.
    radio = _with(
        "lte-2012", promotion=0, cr_inactivity=0, short_drx=0, drx_on=0, drx_off_mw=1000, paging_on=0, alpha_ul=0.0
    )  # fmt: skip
    polls = np.arange(60) * 60 * SECOND
    hour = _total(radio, _bursts(polls), HOUR)
    found = [
        near("a poll", 10.0, hour / 60, "J", relative=1e-6),
        near("an hour of one a minute", 600, hour, "J", relative=1e-6),
        near("of a battery of 5 Wh", 3.3, 100 * hour / 18_000, "%", absolute=0.05),
    ]
    for apart in (1, 5, 9):
        twice = _total(radio, _bursts(np.append(polls, polls + apart * SECOND)), HOUR)
        found.append(near(f"a second poll {apart} s later adds", apart * 1.0, (twice - hour) / 60, "J", relative=1e-6))
    return found


# 3G -------------------------------------------------------------------------------------------------------------------


def _tailender(given: Given) -> list[Comparison]:
    found = []
    for name, what, sizes in (
        ("umts-tailender-2009", "3G", {1: 11.28, 50: 12.5, 100: 13.75}),
        ("gsm-tailender-2009", "GSM", {1: 3.24, 50: 5.0, 100: 6.8}),
    ):
        for size, joules in sizes.items():
            parts = _spent(SETS[name], _bursts([0], 0, 1000 * size), 60 * SECOND)
            found.append(near(f"{what}, {size} kB", joules, sum(parts.values()), "J", relative=0.02))
            if (what, size) == ("3G", 50):
                found.append(
                    near("3G, 50 kB: the tail", 62, 100 * parts["tail"] / sum(parts.values()), "%", absolute=1)
                )
    for apart in (3, 6, 12):
        pair = _total(SETS["umts-tailender-2009"], _bursts([0, 2 * SECOND + apart * SECOND], 0, 50_000), 60 * SECOND)
        merged = 2 * 1.25 + 3.5 + 0.62 * (apart + 12.5)
        found.append(near(f"3G, 50 kB twice, {apart} s apart", merged, pair, "J", relative=0.02))
    return found


def _lone_packet_3g(given: Given) -> list[Comparison]:
    large = _bursts([0], 10_000)
    return [
        near("Samsung i997", 9.50, _total(SETS["umts-i997"], large, 16 * SECOND), "J", relative=0.005),
        near("the code's defaults", 8.76, _total(SETS["umts-aro"], large, 19 * SECOND), "J", relative=0.005),
    ]


def _nokia(given: Given) -> list[Comparison]:
    # The phone rests in a connected paging state, of which the paper's two rows give the current.
    volts, charge, floor = 3.7, 0.400, 0.014
    radio = _with(
        "umts-i997", idle_dch=SECOND, idle_dch_mw=round(1e3 * volts * charge), dch=0, fach=0, paging_on=0,
        paging_off_mw=round(1e3 * volts * floor),
    )  # fmt: skip
    found = [
        near(f"3G, one keepalive each {period} s", current, _milliamperes(radio, period, volts), "mA", absolute=1)
        for period, current in ((20, 34), (40, 24))
    ]
    rare = _milliamperes(radio, 3600, volts)
    return [*found, within("3G, one an hour, where a phone without any has 6.1 mA", 6.1 * 1.5, 24, rare, "mA")]


def _milliamperes(radio: CellularRadio, period_s: int, volts: float) -> float:
    return sum(_per_period(radio, period_s * SECOND).values()) / period_s / volts * 1e3


# Another program's result ---------------------------------------------------------------------------------------------


def _capture(given: Given) -> Traffic:
    """The packets of EnergyBox's test, by whether the phone sent them."""
    table = read(given.file("pcap/energybox-test1.pcap"))
    return _bursts(*columns(table, phone_in(table)))


def _energybox_3g(given: Given) -> list[Comparison]:
    traffic = _capture(given)
    # The program's own promotions take no time.
    instant = {"idle_dch": 0, "idle_fach": 0, "fach_dch": 0}
    radio = _with("umts-teliasonera", **instant)
    end = 347_911_132
    powers = {"IDLE": "paging_off_mw", "FACH": "fach_mw", "DCH": "dch_mw"}
    dark = dict.fromkeys(powers.values(), 0)
    found = []
    for (state, power), published in zip(powers.items(), (185.77, 120.52, 41.62), strict=True):
        lit = radio.model_copy(update=dark | {power: 1000})  # a watt in this state alone: joules are its seconds
        found.append(near(f"time in {state}", published, _total(lit, traffic, end), "s", relative=0.02))
    return [*found, near("energy", 151.5, _total(radio, traffic, end), "J", relative=0.02)]


def _energybox_wifi(given: Given) -> list[Comparison]:
    traffic, radio = _capture(given), WIFI_SETS["wifi-energybox"]
    end = int(traffic.at.max()) + radio.tail
    parts = wifi_energy(radio, traffic, _until(end), AT_ONCE)
    seconds = {
        "PSM": parts["wifi_idle"] / radio.psm_mw,
        "CAM": (parts["wifi_transfer"] + parts["wifi_tail"]) / radio.cam_mw,
        "CAM-H": parts["wifi_high"] / (radio.high_mw - radio.cam_mw),
    }
    found = [
        near(f"time in {state}", published, seconds[state] / SECOND, "s", relative=0.02)
        for state, published in (("PSM", 320.77), ("CAM", 17.66), ("CAM-H", 0.0))
    ]
    return [*found, near("energy", 14.04, sum(parts.values()) * NANOJOULES, "J", relative=0.02)]


# 5G -------------------------------------------------------------------------------------------------------------------


BASE_W = 2.36
"""The phone at rest under the instrument, its screen at maximum. [W]"""


def _saturated(given: Given) -> list[Comparison]:
    """Power of an endless transfer: from the tenth second on, so that no promotion is in it."""
    found = []
    for name, what, mbps, up, published in (
        ("lte-2020", "LTE, 50 Mbit/s down", 50, False, 3.38),
        ("nsa-tmobile-2020", "5G low-band, 100 Mbit/s down", 100, False, 4.28),
        ("nsa-mmwave-2020", "5G mmWave, 1 Gbit/s down", 1000, False, 6.95),
        ("lte-2020", "LTE, 20 Mbit/s up", 20, True, 4.40),
        ("nsa-tmobile-2020", "5G low-band, 20 Mbit/s up", 20, True, 3.85),
    ):
        each = mbps * 125_000 // 10  # what a tenth of a second carries
        at = np.arange(0, 20 * SECOND, SECOND // 10)
        traffic = _bursts(at, each, 0) if up else _bursts(at, 0, each)
        spent = [_total(SETS[name], _first(traffic, end), end, mbps) for end in (10 * SECOND, 20 * SECOND)]
        idle = _total(SETS[name], _bursts([]), 10 * SECOND) / 10  # the base contains it
        found.append(near(what, published, BASE_W - idle + (spent[1] - spent[0]) / 10, "W", relative=0.03))
    return found


def _first(traffic: Traffic, end: Duration) -> Traffic:
    """What comes before `end`."""
    kept = traffic.at < end
    return Traffic(traffic.at[kept], traffic.up[kept], traffic.down[kept])


def _power_log(given: Given) -> list[Comparison]:
    radio, period = _with("nsa-power-log-2020"), 20 * SECOND
    powers = ("promotion_mw", "scg_addition_mw", "transfer_mw", "nr_tail_mw", "lte_tail_mw", "idle_mw", "sending_mw")
    dark: dict[str, Any] = dict.fromkeys(powers, 0) | {"alpha_ul": 0.0, "alpha_dl": 0.0}

    def lasts(*lit: str) -> float:
        """How long the radio is in the states of these powers, in a period. [s]"""
        return sum(_per_period(radio.model_copy(update=dark | dict.fromkeys(lit, 1000)), period).values())

    up = lasts("promotion_mw", "scg_addition_mw", "transfer_mw", "nr_tail_mw", "lte_tail_mw")
    return [
        near("idle to 4G", 0.32, lasts("promotion_mw"), "s", absolute=0.05),
        near("4G to 5G", 1.70, lasts("scg_addition_mw"), "s", absolute=0.2),
        near("tail", 10.6, lasts("nr_tail_mw", "lte_tail_mw"), "s", absolute=0.2),
        near("share of the time that it is up", 63, 100 * up / to_seconds(period), "%", absolute=2),
    ]


PAGE_UP, PAGE_DOWN = 100_000, 2_000_000
"""A web page of these years. [bytes]"""


def _web_pages(given: Given) -> list[Comparison]:
    """A new page each 30 s, over LTE and over 5G beside it, in three American networks of 2020."""
    found = []
    for lte, nsa, rates in (
        ("lte-tmobile-2020", "nsa-tmobile-2020", (29.0, 100.0)),
        ("lte-verizon-2020", "nsa-verizon-2020", (29.0, 100.0)),
    ):
        power = [
            sum(_per_period(SETS[name], 30 * SECOND, rate, up=PAGE_UP, down=PAGE_DOWN).values()) / 30
            for name, rate in zip((lte, nsa), rates, strict=True)
        ]
        found.append(
            within(
                f"{nsa} above {lte}; measured on an iPhone: 0.243 W",
                0.05,
                0.5,
                power[1] - power[0],
                "W",
                why=f"{(power[1] - power[0]) / 0.243:.2g} of what was measured: a first-generation modem, and the 5G "
                "measurements of a phone that uses LTE, are in no set",
            )
        )
    return found


_HUANG = "Tables 3 and 4"
_CLOSED, _FITTED = Kind.CLOSED_FORM, Kind.FITTED
_MEMORY = "the published figure is in part from memory"

CHECKS: tuple[Check, ...] = (
    Check("A1", "LTE, a lone packet by the paper", _CLOSED, "huang2012", _HUANG, _lone_packet_huang, _MEMORY),
    Check("A2", "LTE, a lone packet, DRX cycles walked", _CLOSED, "att-aro", "lte.conf", _lone_packet_aro),
    Check("A3", "LTE, keepalives from each 5 s to each 30 min", _CLOSED, "att-aro", "lte.conf", _keepalives),
    Check(
        "A4",
        "LTE, share of the tail",
        _CLOSED,
        "att-aro",
        "lte.conf",
        _tail_share,
        "one of four figures is from memory",
    ),
    Check(
        "A5",
        "LTE, idle floor: 43 ms at 0.594 W in each paging cycle of 1.28 s",
        _CLOSED,
        "att-aro",
        "lte.conf",
        _idle_floor,
    ),
    Check(
        "A6",
        "3G and GSM, downloads and their merging",
        _CLOSED,
        "tailender2009",
        "the energy model",
        _tailender,
        _MEMORY,
    ),
    Check("A7", "3G, a lone large packet", _CLOSED, "att-aro", "i997.conf", _lone_packet_3g),
    Check(
        "A8-3g",
        "3G, state times and energy of a capture of 177 packets",
        Kind.PROGRAM,
        "energybox",
        "src/test/resources, test1 and its list of states; Engine3G.java",
        _energybox_3g,
        "promotions are set to take no time, as in the program",
    ),
    Check(
        "A8-wifi",
        "Wi-Fi, state times and energy of the same capture",
        Kind.PROGRAM,
        "energybox",
        "src/test/resources, test1 and its list of states; EngineWifi.java",
        _energybox_wifi,
    ),
    Check(
        "A14", "polling: 10 J a cycle, and a second poll inside the tail", _CLOSED, "hpbn", "Mobile Networks", _polling
    ),
    Check(
        "A15",
        "web pages: 5G against LTE on an iPhone 12",
        Kind.MEASURED,
        "tomsguide-2021",
        "battery test: 8 h 25 min against 10 h 23 min",
        _web_pages,
        "soft: the sign and the order of magnitude; page sizes are ours",
    ),
    Check(
        "A16",
        "whole-phone power against rate",
        _FITTED,
        "narayanan2021",
        "Data-Transfer-Power, linear fits",
        _saturated,
    ),
    Check("A17", "3G, current of a Nokia with keepalives", _FITTED, "haverinen2007", "Table 2", _nokia),
    Check("A18", "5G beside LTE, a packet each 20 s", _FITTED, "narayanan2021", "RRC-Power sample", _power_log),
)
