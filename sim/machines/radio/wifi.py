"""Wi-Fi: power save mode, its short tail, and its power.

Theory of operation. An associated station without traffic sleeps between beacons (PSM). A packet wakes it at once into
the constantly awake mode (CAM), where it stays for `tail` after the last packet. There is no promotion to wait for, and
the tail is fifty times shorter than a cellular one: that is why keepalives cost next to nothing here.

    DISASSOCIATED   no network; costs nothing here (joining is charged by the piece)
    PSM             asleep between beacons; a mean power
    CAM             awake: while packets are on the air, and `tail` longer

Left out: rate adaptation, roaming scans. The delay of a packet to a sleeping station is in
:mod:`sim.machines.radio.paging`.

Follows: EnergyBox (``EngineWifi.java``) for the rule; AT&T's Video Optimizer for the older set's numbers.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, ClassVar, NamedTuple

from pydantic import Field

from sim.base.citing import ASSUMED, REPORTED, Cited, Parameters
from sim.base.units import MILLISECOND, Bytes, DurationField, Instant
from sim.machines.events import WifiJoined, WifiLost
from sim.machines.machine import Due, Event, Host, Row, StartTimer, Step, StopTimer, Watch, unchanged
from sim.machines.radio.air import Nanojoules, PacketOffered, byte_energy


class Phase(StrEnum):
    """Power save or awake."""

    DISASSOCIATED = "DISASSOCIATED"
    PSM = "PSM"
    CAM = "CAM"


class State(NamedTuple):
    """Where the radio is, since when, and until when the air is busy."""

    phase: Phase
    since: Instant = 0
    end: Instant = 0


Power = Annotated[int, Field(ge=0, le=20_000)]
"""[mW]"""
Slope = Annotated[float, Field(ge=0, le=10_000)]
"""[mW per Mbit/s]"""


class WifiPsm(Parameters):
    """The phone's Wi-Fi radio. The defaults are our judgement for a phone after 2020, which "wifi-2020" names."""

    host: ClassVar[Host] = Host.NETWORK
    hears: ClassVar[frozenset[type[Event]]] = frozenset({PacketOffered, WifiJoined, WifiLost})

    psm_mw: Annotated[
        Power, Cited("judgement", "DTIM 3; between huang2012 (1.9 mW) and energybox (30 mW)", ASSUMED, "5 mW", "30 mW")
    ] = 12
    cam_mw: Annotated[Power, Cited("energybox", "device_samsung_s2, CAM", REPORTED, "150 mW", "450 mW")] = 250
    tail: Annotated[DurationField, Cited("energybox", "EngineWifi.java, CAM to PSM", REPORTED, "100 ms", "300 ms")] = (
        220 * MILLISECOND
    )
    beacon: Annotated[
        DurationField, Cited("ieee80211", "the usual 100 time units", ASSUMED, "102.4 ms", "102.4 ms")
    ] = 102_400
    dtim: Annotated[
        int, Field(ge=1, le=10), Cited("ieee80211", "DTIM period; 3 or more is advised for phones", ASSUMED, "1", "10")
    ] = 3
    alpha_dl: Annotated[
        Slope,
        Cited("judgement", "below huang2012's 137 mW per Mbit/s", ASSUMED, "2 mW per Mbit/s", "137 mW per Mbit/s"),
    ] = 5.0
    alpha_ul: Annotated[
        Slope,
        Cited("judgement", "below huang2012's 283 mW per Mbit/s", ASSUMED, "8 mW per Mbit/s", "283 mW per Mbit/s"),
    ] = 20.0
    join_mj: Annotated[
        int, Field(ge=0), Cited("judgement", "0.85 W for 1.5 s of scan and association", ASSUMED, "400 mJ", "3000 mJ")
    ] = 1300

    transitions: ClassVar[tuple[Row, ...]] = (
        Row(Phase.DISASSOCIATED, "WifiJoined", Phase.PSM, "IEEE 802.11: an associated station may doze"),
        Row(Phase.PSM, "WifiLost", Phase.DISASSOCIATED, "association ended"),
        Row(Phase.CAM, "WifiLost", Phase.DISASSOCIATED, "association ended"),
        Row(Phase.PSM, "PacketOffered", Phase.CAM, "EnergyBox: one packet wakes the station"),
        Row(Phase.CAM, "Due(tail)", Phase.PSM, "EnergyBox: no packet for 220 ms"),
    )

    def byte_energy(self, up: Bytes, down: Bytes) -> Nanojoules:
        """What a burst's bytes cost on top of the states' power. [nJ]"""
        return byte_energy(up, down, self.alpha_ul, self.alpha_dl)

    def spent(self, state: State, until: Instant) -> Nanojoules:
        """Energy of a state from its beginning (`state.since`) to `until`. [nJ]"""
        match state.phase:
            case Phase.PSM:
                return (until - state.since) * self.psm_mw
            case Phase.CAM:
                return (until - state.since) * self.cam_mw
            case _:
                return 0

    def start(self) -> Step:
        """No network until nature joins one."""
        return Step(State(Phase.DISASSOCIATED))

    def watches(self, state: State) -> tuple[Watch, ...]:
        """Nothing: every packet is offered."""
        return ()

    def step(self, state: State, event: Event, now: Instant) -> Step:
        """See the table."""
        match state.phase, event:
            case Phase.DISASSOCIATED, WifiJoined():
                return Step(State(Phase.PSM, now))
            case Phase.DISASSOCIATED, _:
                return unchanged(state)
            case _, WifiLost():
                return Step(State(Phase.DISASSOCIATED, now), (StopTimer("tail"),))
            # MODEL: no queue: transfers that overlap do not slow each other (bias: shorter active time under load).
            case Phase.PSM | Phase.CAM, PacketOffered(air):
                end = max(state.end, now + air)
                return Step(State(Phase.CAM, now, end), (StartTimer("tail", end - now + self.tail),))
            case Phase.CAM, Due("tail"):
                return Step(State(Phase.PSM, now))
        return unchanged(state)


WIFI_2020 = WifiPsm()

WIFI_2012_CITED: dict[str, tuple[str | int | float, Cited]] = {
    "psm_mw": (20, Cited("att-aro", "WiFi.conf, standby", REPORTED, "2 mW", "30 mW")),
    "cam_mw": (403, Cited("att-aro", "WiFi.conf, active", REPORTED, "250 mW", "1160 mW")),
    "tail": ("250 ms", Cited("att-aro", "WiFi.conf, tail", REPORTED, "100 ms", "300 ms")),
    "alpha_dl": (
        0.0,
        Cited("att-aro", "WiFi.conf: active power whatever the rate", REPORTED, "0 mW per Mbit/s", "137 mW per Mbit/s"),
    ),
    "alpha_ul": (
        0.0,
        Cited("att-aro", "WiFi.conf: active power whatever the rate", REPORTED, "0 mW per Mbit/s", "283 mW per Mbit/s"),
    ),
}
"""Where "wifi-2012" departs from the defaults: field → value as in a file, and its source."""

WIFI_2012 = WifiPsm.model_validate({name: value for name, (value, _) in WIFI_2012_CITED.items()})
