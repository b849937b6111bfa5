"""Wi-Fi: power save mode, its short tail, and its power.

Theory of operation. An associated station without traffic sleeps between beacons (PSM). A packet wakes it into the
constantly awake mode (CAM), where it stays for `tail` after the last packet. Waking takes next to no time, and the tail
is fifty times shorter than a cellular one: that is why keepalives cost next to nothing here. Some sets have a third
state for high rates: enough bytes within a short window bring the station there, and `high_window` after the last
time that there were enough it falls back.

    DISASSOCIATED   no network; costs nothing here (joining is charged by the piece)
    PSM             asleep between beacons; a mean power
    WAKING          `promotion` long, where a set has that; packets wait
    CAM             awake: while packets are on the air, and `tail` longer
    CAM_H           awake at a high rate, where a set has that

EnergyBox cuts time into windows of 50 ms and looks back at each; here the window ends with each packet, so that the
state is known when it begins.

Left out: rate adaptation, roaming scans. The delay of a packet to a sleeping station is in
:mod:`sim.machines.radio.paging`.

Follows: EnergyBox (``EngineWifi.java``) for the rules; AT&T's Video Optimizer for the older set's numbers.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, ClassVar, NamedTuple

from pydantic import Field, model_validator

from sim.base.citing import ASSUMED, REPORTED, Cited, Parameters
from sim.base.units import MILLISECOND, Bytes, DurationField, Instant, SizeField
from sim.machines.events import WifiJoined, WifiLost
from sim.machines.machine import Due, Event, Host, Row, StartTimer, Step, StopTimer, Watch, unchanged
from sim.machines.radio.air import Changes, Nanojoules, PacketOffered, Power, Slope, byte_energy


class Phase(StrEnum):
    """Power save or awake."""

    DISASSOCIATED = "DISASSOCIATED"
    PSM = "PSM"
    WAKING = "WAKING"
    CAM = "CAM"
    CAM_H = "CAM_H"


class State(NamedTuple):
    """Where the radio is, since when, and until when the air is busy."""

    phase: Phase
    since: Instant = 0
    end: Instant = 0
    recent: tuple[tuple[Instant, Bytes], ...] = ()
    """Packets within the window of the high-rate state, where there is one."""


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
    promotion: Annotated[
        DurationField, Cited("energybox", "EngineWifi.java: awake at once", REPORTED, "0 ms", "79.1 ms")
    ] = 0
    promotion_mw: Annotated[Power, Cited("judgement", "no waking, no power", ASSUMED, "0 mW", "125 mW")] = 0
    high_size: Annotated[
        SizeField,
        Cited("judgement", "the slopes have the power of high rates", ASSUMED, "0 B", "3000 B", "0: no such state"),
    ] = 0
    high_window: Annotated[
        DurationField, Cited("energybox", "wifi_general.config, CAM_TIME_WIMDOW", REPORTED, "5 ms", "50 ms")
    ] = 50 * MILLISECOND
    high_mw: Annotated[Power, Cited("energybox", "samsungS2_wifi.config, CAMH", REPORTED, "300 mW", "900 mW")] = 450
    sending_mw: Annotated[
        Power, Cited("judgement", "the slopes have it", ASSUMED, "0 mW", "290 mW", "on top of cam_mw while it sends")
    ] = 0
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
        *(
            Row(phase, "WifiLost", Phase.DISASSOCIATED, "association ended")
            for phase in Phase
            if phase is not Phase.DISASSOCIATED
        ),
        Row(Phase.PSM, "PacketOffered", Phase.CAM, "EnergyBox: one packet wakes the station"),
        Row(Phase.PSM, "PacketOffered", Phase.CAM_H, "EnergyBox: it is larger than a window's threshold"),
        Row(Phase.PSM, "PacketOffered", Phase.WAKING, "Huang et al. (2012): a promotion"),
        Row(Phase.WAKING, "Due(promotion)", Phase.CAM, "awake; what waited goes out"),
        Row(Phase.CAM, "PacketOffered", Phase.CAM_H, "EnergyBox: more than 3000 B in 50 ms"),
        Row(Phase.CAM_H, "Due(high)", Phase.CAM, "EnergyBox: no longer"),
        Row(Phase.CAM, "Due(tail)", Phase.PSM, "EnergyBox: no packet for 220 ms"),
    )

    @model_validator(mode="after")
    def _consistent(self) -> WifiPsm:
        if self.high_size and self.promotion:
            raise ValueError("a radio with a promotion has no high-rate state: no source has both")
        if self.high_size and self.high_window >= self.tail:
            raise ValueError("high_window must be shorter than the tail")
        return self

    def byte_energy(self, up: Bytes, down: Bytes, rate_mbps: float) -> Nanojoules:
        """What a burst's bytes cost on top of the states' power, at this throughput. [nJ]"""
        return byte_energy(up, down, self.alpha_ul + self.sending_mw / rate_mbps, self.alpha_dl)

    def spent(self, state: State, until: Instant) -> Nanojoules:
        """Energy of a state from its beginning (`state.since`) to `until`. [nJ]"""
        power = {
            Phase.PSM: self.psm_mw,
            Phase.WAKING: self.promotion_mw,
            Phase.CAM: self.cam_mw,
            Phase.CAM_H: self.high_mw,
        }
        return (until - state.since) * power.get(state.phase, 0)

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
                stops = tuple(StopTimer(name) for name in ("promotion", "tail", "high"))
                return Step(State(Phase.DISASSOCIATED, now), stops)
            # MODEL: no queue: transfers that overlap do not slow each other (bias: shorter active time under load).
            case Phase.PSM, PacketOffered(air) if self.promotion:
                end = now + self.promotion + air
                return Step(State(Phase.WAKING, now, end), (StartTimer("promotion", self.promotion),))
            case Phase.WAKING, PacketOffered(air):
                return Step(state._replace(end=max(state.end, state.since + self.promotion + air)))
            case Phase.WAKING, Due("promotion"):
                return Step(State(Phase.CAM, now, state.end), (StartTimer("tail", state.end - now + self.tail),))
            case ((Phase.PSM | Phase.CAM | Phase.CAM_H), PacketOffered()):
                return self._carry(state, event, now)
            case Phase.CAM_H, Due("high"):
                return Step(state._replace(phase=Phase.CAM, since=now))
            case Phase.CAM, Due("tail"):
                return Step(State(Phase.PSM, now))
        return unchanged(state)

    def _carry(self, state: State, packet: PacketOffered, now: Instant) -> Step:
        end = max(state.end, now + packet.air)
        lasts = StartTimer("tail", end - now + self.tail)
        recent: tuple[tuple[Instant, Bytes], ...] = ()
        if self.high_size:
            still = tuple(one for one in state.recent if one[0] > now - self.high_window)
            recent = (*still, (now, packet.up + packet.down))
            if sum(size for _, size in recent) > self.high_size:
                high = StartTimer("high", end - now + self.high_window)
                return Step(State(Phase.CAM_H, now, end, recent), (lasts, high))
        phase = Phase.CAM_H if state.phase is Phase.CAM_H else Phase.CAM
        return Step(State(phase, now, end, recent), (lasts,))


WIFI_2012_CITED: Changes = {
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

_FLAT = ("0 mW per Mbit/s", "283 mW per Mbit/s")
WIFI_ENERGYBOX: Changes = {
    "psm_mw": (30, Cited("energybox", "samsungS2_wifi.config, PSM", REPORTED, "2 mW", "30 mW")),
    "high_size": ("3000 B", Cited("energybox", "wifi_general.config, DATA_RATE_THRESHOLD", REPORTED, "0 B", "3000 B")),
    "alpha_dl": (0.0, Cited("energybox", "the state's power whatever the rate", REPORTED, *_FLAT)),
    "alpha_ul": (0.0, Cited("energybox", "the state's power whatever the rate", REPORTED, *_FLAT)),
}


def _huang(where: str, low: str, high: str) -> Cited:
    return Cited("huang2012", f"{where}, from memory", ASSUMED, low, high)


WIFI_HUANG_2012: Changes = {
    "psm_mw": (2, _huang("Table 3, Wi-Fi beacons: 77.2 mW for 7.6 ms each 308.2 ms", "1.9 mW", "30 mW")),
    "cam_mw": (119, _huang("Table 3, Wi-Fi tail: 119.3 mW; beta is 132.86", "119 mW", "450 mW")),
    "tail": ("238100 us", _huang("Table 3, Wi-Fi tail", "100 ms", "300 ms")),
    "promotion": ("79100 us", _huang("Table 3, Wi-Fi promotion", "0 ms", "80 ms")),
    "promotion_mw": (124, _huang("Table 3, Wi-Fi promotion: 124.4 mW", "0 mW", "125 mW")),
    "alpha_dl": (137.01, _huang("Table 4, Wi-Fi", "2 mW per Mbit/s", "138 mW per Mbit/s")),
    "alpha_ul": (283.17, _huang("Table 4, Wi-Fi", "8 mW per Mbit/s", "284 mW per Mbit/s")),
}

WIFI_POWERTUTOR: Changes = {
    "psm_mw": (20, Cited("powertutor", "libpowertutor.h, low", REPORTED, "2 mW", "30 mW")),
    "cam_mw": (710, Cited("powertutor", "libpowertutor.h, high", REPORTED, "250 mW", "1160 mW")),
    "sending_mw": (290, Cited("powertutor", "libpowertutor.h: 1000 mW while it sends", REPORTED, "0 mW", "290 mW")),
    "alpha_dl": (0.0, Cited("powertutor", "the state's power whatever the rate", REPORTED, *_FLAT)),
    "alpha_ul": (0.0, Cited("powertutor", "the state's power whatever the rate", REPORTED, *_FLAT)),
}
"""Its rule for the states counts packets a second; here the default's tail stands for it."""
