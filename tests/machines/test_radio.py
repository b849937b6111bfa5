"""The radios' machines: their tables, both ways; their power, by hand; and their named parameter sets."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from sim.base.units import MILLISECOND, SECOND, seconds
from sim.machines.events import CellularAttached, CellularLost, WifiJoined, WifiLost
from sim.machines.machine import Due, Event, StartTimer, Step, StopTimer
from sim.machines.protocols import PROTOCOLS
from sim.machines.radio import CITED, RADIOS, SETS, WIFI_SETS, nr, umts
from sim.machines.radio import lte as lte_file
from sim.machines.radio import wifi as wifi_file
from sim.machines.radio.air import PacketOffered, air_time, byte_energy, duty_cycle
from sim.machines.radio.battery import BATTERIES, PhonePower, VpnPower, usable_nj
from sim.machines.radio.lte import Lte
from tests.machines.tables import both_ways

P, W, U = lte_file.Phase, wifi_file.Phase, umts.Phase
N, A = nr.NsaPhase, nr.SaPhase
JOINED = WifiJoined("home", 0.5)
LTE_2012, WIFI_2020 = Lte(), WIFI_SETS["wifi-2020"]
LTE_2020: Any = SETS["lte-2020"]

# One step at a time ---------------------------------------------------------------------------------------------------

LTE_STEPS: list[tuple[str, lte_file.State, Event, int, Step]] = [
    ("attach", lte_file.State(P.DETACHED), CellularAttached(), 7, Step(lte_file.State(P.RRC_IDLE, 7))),
    ("no cell, no packet", lte_file.State(P.DETACHED), PacketOffered(5), 7, Step(lte_file.State(P.DETACHED))),
    (
        "36.331 5.3.3 establishment",
        lte_file.State(P.RRC_IDLE, 7),
        PacketOffered(1_000),
        SECOND,
        Step(lte_file.State(P.PROMOTING, SECOND, 1_261_000), (StartTimer("promotion", 260_000),)),
    ),
    (
        "a second packet waits, too",
        lte_file.State(P.PROMOTING, SECOND, 1_261_000),
        PacketOffered(9_000),
        1_100_000,
        Step(lte_file.State(P.PROMOTING, SECOND, 1_269_000)),
    ),
    (
        "set up",
        lte_file.State(P.PROMOTING, SECOND, 1_261_000),
        Due("promotion"),
        1_260_000,
        Step(
            lte_file.State(P.CONNECTED, 1_260_000, 1_261_000),
            (StopTimer("short drx"), StopTimer("tail"), StartTimer("inactivity", 101_000)),
        ),
    ),
    (
        "a short packet does not shorten a long transfer",
        lte_file.State(P.CONNECTED, 0, 500_000),
        PacketOffered(1),
        200_000,
        Step(
            lte_file.State(P.CONNECTED, 200_000, 500_000),
            (StopTimer("short drx"), StopTimer("tail"), StartTimer("inactivity", 400_000)),
        ),
    ),
    (
        "36.321 5.7 inactivity",
        lte_file.State(P.CONNECTED, 0, 100),
        Due("inactivity"),
        100_100,
        Step(lte_file.State(P.SHORT_DRX, 100_100), (StartTimer("short drx", 20_000),)),
    ),
    (
        "36.321 5.7 short cycle timer",
        lte_file.State(P.SHORT_DRX, 0),
        Due("short drx"),
        20_000,
        Step(lte_file.State(P.LONG_DRX, 20_000), (StartTimer("tail", 10_000_000),)),
    ),
    ("36.331 5.3.8 release", lte_file.State(P.LONG_DRX, 0), Due("tail"), 9, Step(lte_file.State(P.RRC_IDLE, 9))),
    (
        "an overtaken timer means nothing",
        lte_file.State(P.CONNECTED, 0, 100),
        Due("tail"),
        50,
        Step(lte_file.State(P.CONNECTED, 0, 100)),
    ),
]


@pytest.mark.parametrize(
    ("state", "event", "now", "expected"), [row[1:] for row in LTE_STEPS], ids=[row[0] for row in LTE_STEPS]
)
def test_lte_step(state: lte_file.State, event: Event, now: int, expected: Step) -> None:
    assert LTE_2012.step(state, event, now) == expected


WIFI_STEPS: list[tuple[str, wifi_file.State, Event, int, Step]] = [
    ("join", wifi_file.State(W.DISASSOCIATED), JOINED, 3, Step(wifi_file.State(W.PSM, 3))),
    (
        "no network, no packet",
        wifi_file.State(W.DISASSOCIATED),
        PacketOffered(5),
        7,
        Step(wifi_file.State(W.DISASSOCIATED)),
    ),
    (
        "one packet wakes",
        wifi_file.State(W.PSM, 3),
        PacketOffered(50),
        100,
        Step(wifi_file.State(W.CAM, 100, 150), (StartTimer("tail", 220_050),)),
    ),
    (
        "a short packet does not shorten a long transfer",
        wifi_file.State(W.CAM, 100, 9_000),
        PacketOffered(50),
        1_000,
        Step(wifi_file.State(W.CAM, 1_000, 9_000), (StartTimer("tail", 228_000),)),
    ),
    ("asleep after 220 ms", wifi_file.State(W.CAM, 0, 50), Due("tail"), 220_050, Step(wifi_file.State(W.PSM, 220_050))),
    (
        "lost",
        wifi_file.State(W.CAM, 0, 50),
        WifiLost(),
        60,
        Step(wifi_file.State(W.DISASSOCIATED, 60), tuple(StopTimer(name) for name in ("promotion", "tail", "high"))),
    ),
]


@pytest.mark.parametrize(
    ("state", "event", "now", "expected"), [row[1:] for row in WIFI_STEPS], ids=[row[0] for row in WIFI_STEPS]
)
def test_wifi_step(state: wifi_file.State, event: Event, now: int, expected: Step) -> None:
    assert WIFI_2020.step(state, event, now) == expected


UMTS_STEPS: list[tuple[str, umts.State, PacketOffered | Due, int, Step]] = [
    (
        "ARO: any first packet asks for a channel of its own",
        umts.State(U.IDLE, 7),
        PacketOffered(5, 60, 0),
        SECOND,
        Step(
            umts.State(U.IDLE_TO_DCH, SECOND, 3_000_005, 60, SECOND, 0, SECOND), (StartTimer("promotion", 2_000_000),)
        ),
    ),
    (
        "what waited goes out",
        umts.State(U.IDLE_TO_DCH, SECOND, 3_000_005, 60, SECOND, 0, SECOND),
        Due("promotion"),
        3_000_000,
        Step(
            umts.State(U.CELL_DCH, 3_000_000, 3_000_005, 60, 3_000_000, 0, 3_000_000), (StartTimer("dch", 4_000_005),)
        ),
    ),
    (
        "ARO: a keepalive does not hold the channel",
        umts.State(U.CELL_DCH, 0, 5, 60, 0, 0, 0),
        PacketOffered(5, 100, 100),
        SECOND,
        Step(umts.State(U.CELL_DCH, 0, 5, 100, SECOND, 100, SECOND)),
    ),
    (
        "ARO: but 320 bytes within 0.3 s do",
        umts.State(U.CELL_DCH, 0, 5, 220, 700_000, 0, 0),
        PacketOffered(5, 100, 0),
        SECOND,
        Step(umts.State(U.CELL_DCH, SECOND, 1_000_005, 320, SECOND, 0, 0), (StartTimer("dch", 4_000_005),)),
    ),
    (
        "ARO: first inactivity timer",
        umts.State(U.CELL_DCH, 0, 5, 60, 0, 0, 0),
        Due("dch"),
        9,
        Step(umts.State(U.CELL_FACH, 9, 9, 0, 9, 0, 9), (StartTimer("fach", 10_000_000),)),
    ),
    (
        "what has not drained yet counts",
        umts.State(U.CELL_FACH, 0, 5, 500, 0, 0, 0),
        PacketOffered(5, 44, 0),
        1_170_000,  # 500 B drain in 1.4·500² + 1600·500 + 20000 µs
        Step(
            umts.State(U.FACH_TO_DCH, 1_170_000, 2_670_005, 544, 1_170_000, 0, 0),
            (StopTimer("fach"), StartTimer("promotion", 1_500_000)),
        ),
    ),
    (
        "what has drained does not",
        umts.State(U.CELL_FACH, 0, 5, 500, 0, 0, 0),
        PacketOffered(5, 44, 0),
        1_170_001,
        Step(umts.State(U.CELL_FACH, 1_170_001, 1_170_006, 44, 1_170_001, 0, 0), (StartTimer("fach", 10_000_005),)),
    ),
]


@pytest.mark.parametrize(
    ("state", "event", "now", "expected"), [row[1:] for row in UMTS_STEPS], ids=[row[0] for row in UMTS_STEPS]
)
def test_umts_step(state: umts.State, event: Event, now: int, expected: Step) -> None:
    assert umts.Umts().step(state, event, now) == expected


def test_a_small_first_packet_travels_on_the_shared_channel() -> None:
    radio = SETS["umts-teliasonera"]
    for up, down, phase in ((1000, 515, U.IDLE_TO_FACH), (1001, 0, U.IDLE_TO_DCH), (0, 516, U.IDLE_TO_DCH)):
        assert radio.step(umts.State(U.IDLE), PacketOffered(5, up, down), 0).state.phase is phase


def test_a_5g_leg_is_added_after_lte_and_again_from_its_leg() -> None:
    radio: Any = SETS["nsa-verizon-2020"]
    assert radio.step(nr.State(N.PROMOTING, 0, 320_050), Due("promotion"), 320_000) == Step(
        nr.State(N.ADDING_SCG, 320_000, 320_050), (StopTimer("tail"), StartTimer("addition", 1_320_000))
    )
    # Its tail counts from the addition if there is nothing more to send by then.
    assert radio.step(nr.State(N.ADDING_SCG, 320_000, 320_050), Due("addition"), 1_640_000) == Step(
        nr.State(N.EN_DC, 1_640_000, 1_640_000), (StartTimer("release", 10_200_000),)
    )
    assert radio.step(nr.State(N.LTE_CONNECTED, 0, 0), PacketOffered(50), 9) == Step(
        nr.State(N.ADDING_SCG, 9, 59), (StopTimer("tail"), StartTimer("addition", 1_320_000))
    )


def test_an_inactive_phone_resumes_faster_than_an_idle_one_connects() -> None:
    radio = nr.NrSa()
    for before, phase, wait in ((A.RRC_IDLE, A.PROMOTING, 341_000), (A.RRC_INACTIVE, A.RESUMING, 100_000)):
        assert radio.step(nr.State(before, 0, 0), PacketOffered(50), 9) == Step(
            nr.State(phase, 9, wait + 59), (StopTimer("release"), StartTimer("promotion", wait))
        )
    # A downlink packet waits for a page in both: the cycle is one.
    assert radio.paging_cycle == 1_280_000


def test_high_rate_is_more_than_a_threshold_within_a_window() -> None:
    radio = WIFI_SETS["wifi-energybox"]
    state = wifi_file.State(W.CAM, 0, 10, ((0, 2000), (20_000, 900)))
    step = radio.step(state, PacketOffered(10, 100, 0), 49_999)
    assert (step.state.phase, step.state.recent) == (W.CAM, (*state.recent, (49_999, 100)))
    step = radio.step(state, PacketOffered(10, 100, 1), 49_999)
    assert (step.state.phase, step.effects) == (W.CAM_H, (StartTimer("tail", 220_010), StartTimer("high", 50_010)))
    assert radio.step(state, PacketOffered(10, 100, 1), 50_000).state.recent == ((20_000, 900), (50_000, 101))


# The tables, both ways ------------------------------------------------------------------------------------------------

CELLS: tuple[Event, ...] = (
    CellularAttached(),
    CellularLost(),
    *(PacketOffered(1_000, up, down) for up, down in ((0, 100), (300, 0), (600, 600))),
)
JOINS: tuple[Event, ...] = (JOINED, WifiLost(), PacketOffered(1_000, 100, 0), PacketOffered(1_000, 0, 4_000))


@pytest.mark.parametrize(
    ("names", "events"),
    [
        (("lte-2012", "lte-2020"), CELLS),
        (("umts-i997", "umts-teliasonera"), CELLS),
        (("nsa-tmobile-2020", "nsa-verizon-2020"), CELLS),
        (("sa-tmobile-2020",), CELLS),
        (("wifi-2020", "wifi-energybox", "wifi-huang-2012"), JOINS),
    ],
    ids=["lte", "umts", "nsa", "sa", "wifi"],
)
def test_tables_are_what_happens(names: tuple[str, ...], events: tuple[Event, ...]) -> None:
    machines: list[Any] = [RADIOS[name] for name in names]
    both_ways(machines, events, (0, 1_000, 3 * SECOND), most=300)


PENDING: dict[Any, set[str]] = {
    P.PROMOTING: {"promotion"},
    P.CONNECTED: {"inactivity"},
    P.SHORT_DRX: {"short drx"},
    P.LONG_DRX: {"tail"},
    W.WAKING: {"promotion"},
    W.CAM: {"tail"},
    W.CAM_H: {"tail", "high"},
    U.IDLE_TO_FACH: {"promotion"},
    U.IDLE_TO_DCH: {"promotion"},
    U.FACH_TO_DCH: {"promotion"},
    U.CELL_FACH: {"fach"},
    U.CELL_DCH: {"dch"},
    N.PROMOTING: {"promotion"},
    N.ADDING_SCG: {"addition"},
    N.EN_DC: {"release"},
    N.LTE_CONNECTED: {"tail"},
    A.PROMOTING: {"promotion"},
    A.RESUMING: {"promotion"},
    A.RRC_CONNECTED: {"inactivity"},
    A.RRC_INACTIVE: {"release"},
}
"""Which timers are pending in a phase; in all others none."""


@pytest.mark.parametrize("name", sorted(RADIOS))
@given(data=st.data())
@settings(max_examples=30, deadline=None)
def test_timers_are_those_of_the_phase(name: str, data: st.DataObject) -> None:
    machine: Any = RADIOS[name]
    events = JOINS if name in WIFI_SETS else CELLS
    state, now, timers = machine.start().state, 0, dict[str, int]()
    for _ in range(data.draw(st.integers(1, 25))):
        due = min(timers.items(), key=lambda item: item[1], default=None)
        if due is not None and data.draw(st.booleans()):
            event: Event = Due(due[0])
            now = timers.pop(due[0])
        else:
            event = data.draw(st.sampled_from(events))
            latest = due[1] if due is not None else now + 20 * SECOND
            now = data.draw(st.integers(now, latest))
        step = machine.step(state, event, now)
        assert step == machine.step(state, event, now)
        state = step.state
        for effect in step.effects:
            if isinstance(effect, StartTimer):
                assert isinstance(effect.after, int)
                timers[effect.name] = now + effect.after
            elif isinstance(effect, StopTimer):
                timers.pop(effect.name, None)
        assert set(timers) == PENDING.get(state.phase, set())


# Power, by hand -------------------------------------------------------------------------------------------------------


def isolated_packet(radio: Any) -> dict[str, int]:
    """Energy of one packet without length to an idle phone, by phase. [nJ]"""
    state: Any = radio.step(lte_file.State(P.RRC_IDLE), PacketOffered(0), 0).state
    spent, now = {}, 0
    for name, after in (
        ("promotion", radio.promotion),
        ("inactivity", radio.cr_inactivity),
        ("short drx", radio.short_drx),
        ("tail", radio.long_drx),
    ):
        now += after
        spent[name] = radio.spent(state, now)
        state = radio.step(state, Due(name), now).state
    assert state == lte_file.State(P.RRC_IDLE, now)
    return spent


def test_isolated_packet_of_2012_walks_its_cycles() -> None:
    spent = isolated_packet(LTE_2012)
    assert spent == {
        "promotion": 260_000 * 1210,
        "inactivity": 100_000 * 1200,
        "short drx": 2_000 * 1680 + 18_000 * 1060,
        "tail": 250 * (2_000 * 1680 + 38_000 * 1060),
    }
    assert sum(spent.values()) == pytest.approx(11.367e9, rel=0.005)
    assert spent["tail"] / LTE_2012.long_drx == 1091  # mean power [mW]


def test_isolated_packet_of_2020_is_a_sixth() -> None:
    above_idle = sum(isolated_packet(LTE_2020).values()) - 15 * (LTE_2020.promotion + LTE_2020.tail)
    assert above_idle == pytest.approx(1.97e9, rel=0.03)  # 178 mW above idle for 10.2 s, and a promotion
    assert LTE_2020.tail == seconds(10)


def test_idle_floor_is_paging() -> None:
    idle = lte_file.State(P.RRC_IDLE)
    assert LTE_2012.spent(idle, 1_280_000) == 43_000 * 594
    assert LTE_2012.spent(idle, 86_400 * SECOND) / (86_400 * SECOND) == pytest.approx(19.95, rel=0.01)
    assert LTE_2012.spent(idle, 86_400 * SECOND) == pytest.approx(1.72e12, rel=0.01)


def test_a_partial_cycle_is_charged_for_what_it_holds() -> None:
    assert [duty_cycle(t, 100, 10, 7, 1) for t in (0, 4, 10, 50, 100, 104, 210)] == [0, 28, 70, 110, 160, 188, 390]


@given(st.integers(0, 10**9), st.integers(0, 10**9))
def test_energy_of_a_state_grows_with_time(first: int, second: int) -> None:
    early, late = sorted((first, second))
    for phase in P:
        state = lte_file.State(phase, 0, 500_000)
        assert 0 <= LTE_2012.spent(state, early) <= LTE_2012.spent(state, late) <= late * 1700


def test_sending_costs_its_power_for_as_long_as_it_takes() -> None:
    radio = SETS["nsa-tmobile-2020"]
    assert radio.byte_energy(1_000_000, 0, 8.0) - radio.byte_energy(1_000_000, 0, 16.0) == 210 * SECOND // 2


def test_bytes() -> None:
    assert air_time(1_000_000, 8.0) == SECOND
    assert byte_energy(0, 1_000_000, 80.0, 10.0) == 80_000_000  # 10 mW per Mbit/s × 8 Mbit = 80 mJ, at any rate
    assert byte_energy(1_000_000, 0, 80.0, 10.0) == 640_000_000


# Named sets -----------------------------------------------------------------------------------------------------------


def test_what_a_set_changes_is_cited() -> None:
    for name, radio in RADIOS.items():
        default = type(radio)()
        changed = {field for field in type(radio).model_fields if getattr(radio, field) != getattr(default, field)}
        assert changed <= set(CITED[name]), name
        assert set(CITED[name]) <= set(type(radio).model_fields), name


def test_a_set_can_be_written_and_read_back() -> None:
    for radio in RADIOS.values():
        assert type(radio).model_validate(radio.model_dump()) == radio


def test_the_engine_finds_its_numbers() -> None:
    assert {radio.rat for radio in SETS.values()} == {"umts", "lte", "nsa", "sa"}
    assert (SETS["lte-2012"].promotion, SETS["lte-2012"].tail) == (260 * MILLISECOND, 10_120 * MILLISECOND)


@pytest.mark.parametrize(
    "changes",
    [{"drx_on": "50 ms"}, {"paging_on": "2 s"}, {"long_drx_cycle": "0 s"}, {"promotion_mw": -1}],
)
def test_impossible_radios_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Lte.model_validate(changes)


# Battery --------------------------------------------------------------------------------------------------------------


def test_battery_of_the_default_phone() -> None:
    assert BATTERIES["iPhone 15 Pro"] == 12.70
    assert usable_nj("iPhone 15 Pro", 0.95) == pytest.approx(43.434e12)


def test_base_loads_add_up_to_a_phone_in_a_pocket() -> None:
    asleep = PhonePower().asleep_mw + LTE_2020.paging_on_mw + WIFI_2020.psm_mw
    assert asleep == 45  # [mW], whole phone, both radios attached
    with pytest.raises(ValidationError):
        PhonePower.model_validate({"asleep_mw": 50})


def test_ciphers() -> None:
    power = VpnPower()
    costs = {name: power.crypto_nj_per_byte(protocol.aes) for name, protocol in PROTOCOLS.items()}
    assert costs == {"wireguard": 1.0, "ikev2": 0.6, "openvpn": 0.6, "lightway": 0.6, "masque": 0.6}
