"""The radios' machines: their tables, both ways; their power, by hand; and their named parameter sets."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from sim.base.units import MILLISECOND, SECOND, seconds
from sim.machines.events import CellularAttached, CellularLost, WifiJoined, WifiLost
from sim.machines.machine import Due, Event, Row, StartTimer, Step, StopTimer
from sim.machines.protocols import PROTOCOLS
from sim.machines.radio import CITED, SETS, WIFI_SETS
from sim.machines.radio import lte as lte_file
from sim.machines.radio import wifi as wifi_file
from sim.machines.radio.air import PacketOffered, air_time, byte_energy, duty_cycle
from sim.machines.radio.battery import BATTERIES, PhonePower, VpnPower, usable_nj
from sim.machines.radio.lte import LTE_2012, LTE_2020, Lte
from sim.machines.radio.wifi import WIFI_2020, WifiPsm

P = lte_file.Phase
W = wifi_file.Phase
JOINED = WifiJoined("home", 0.5)

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
        Step(wifi_file.State(W.DISASSOCIATED, 60), (StopTimer("tail"),)),
    ),
]


@pytest.mark.parametrize(
    ("state", "event", "now", "expected"), [row[1:] for row in WIFI_STEPS], ids=[row[0] for row in WIFI_STEPS]
)
def test_wifi_step(state: wifi_file.State, event: Event, now: int, expected: Step) -> None:
    assert WIFI_2020.step(state, event, now) == expected


# The tables, both ways ------------------------------------------------------------------------------------------------


def label(event: Event) -> str:
    """How a transition table names an event."""
    return f"Due({event.name})" if isinstance(event, Due) else type(event).__name__


LTE_EVENTS: tuple[Event, ...] = (
    CellularAttached(),
    CellularLost(),
    PacketOffered(1_000),
    *(Due(name) for name in ("promotion", "inactivity", "short drx", "tail")),
)
WIFI_EVENTS: tuple[Event, ...] = (JOINED, WifiLost(), PacketOffered(1_000), Due("tail"))


def changes(machine: Any, state_type: Any, phases: Any, events: tuple[Event, ...]) -> set[tuple[str, str, str]]:
    """Every change of phase that one event can make, from every phase."""
    seen = set()
    for phase in phases:
        for event in events:
            to = machine.step(state_type(phase, 10, 20), event, 30).state.phase
            if to is not phase:
                seen.add((str(phase), label(event), str(to)))
    return seen


def table(rows: tuple[Row, ...]) -> set[tuple[str, str, str]]:
    return {(str(row.phase), row.event, str(row.to)) for row in rows}


def test_lte_table_is_what_happens() -> None:
    assert changes(LTE_2012, lte_file.State, P, LTE_EVENTS) == table(Lte.transitions)


def test_wifi_table_is_what_happens() -> None:
    assert changes(WIFI_2020, wifi_file.State, W, WIFI_EVENTS) == table(WifiPsm.transitions)


PENDING = {
    P.DETACHED: set(),
    P.RRC_IDLE: set(),
    P.PROMOTING: {"promotion"},
    P.CONNECTED: {"inactivity"},
    P.SHORT_DRX: {"short drx"},
    P.LONG_DRX: {"tail"},
    W.DISASSOCIATED: set(),
    W.PSM: set(),
    W.CAM: {"tail"},
}
"""Which timers are pending in a phase."""


def expiry(name: str) -> Event:
    return Due(name)


@pytest.mark.parametrize(
    ("machine", "events"), [(LTE_2012, LTE_EVENTS[:3]), (WIFI_2020, WIFI_EVENTS[:3])], ids=["lte", "wifi"]
)
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_one_timer_at_most_and_pure(machine: Any, events: tuple[Event, ...], data: st.DataObject) -> None:
    state, now, timers = machine.start().state, 0, dict[str, int]()
    for _ in range(data.draw(st.integers(1, 25))):
        due = min(timers.items(), key=lambda item: item[1], default=None)
        if due is not None and data.draw(st.booleans()):
            event, now = expiry(due[0]), timers.pop(due[0])
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
        assert set(timers) == PENDING[state.phase]


# Power, by hand -------------------------------------------------------------------------------------------------------


def isolated_packet(radio: Lte) -> dict[str, int]:
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


def test_bytes() -> None:
    assert air_time(1_000_000, 8.0) == SECOND
    assert byte_energy(0, 1_000_000, 80.0, 10.0) == 80_000_000  # 10 mW per Mbit/s × 8 Mbit = 80 mJ, at any rate
    assert byte_energy(1_000_000, 0, 80.0, 10.0) == 640_000_000


# Named sets -----------------------------------------------------------------------------------------------------------


def test_what_a_set_changes_is_cited() -> None:
    for name, radio in (SETS | WIFI_SETS).items():
        default = type(radio)()
        changed = {field for field in type(radio).model_fields if getattr(radio, field) != getattr(default, field)}
        assert changed <= set(CITED[name]), name
        assert set(CITED[name]) <= set(type(radio).model_fields), name


def test_a_set_can_be_written_and_read_back() -> None:
    for radio in (SETS | WIFI_SETS).values():
        assert type(radio).model_validate(radio.model_dump()) == radio


def test_the_engine_finds_its_two_numbers() -> None:
    assert (SETS["lte-2012"].promotion, SETS["lte-2012"].tail) == (260 * MILLISECOND, 10_120 * MILLISECOND)


@pytest.mark.parametrize(
    "changes",
    [{"drx_on": "50 ms"}, {"paging_on": "2 s"}, {"promotion": "11 s"}, {"long_drx_cycle": "0 s"}, {"promotion_mw": -1}],
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
