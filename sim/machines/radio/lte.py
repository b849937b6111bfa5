"""LTE: the RRC states of the phone's cellular radio, their timers and their power.

Theory of operation. A phone without traffic is idle and listens for pages only. The first packet promotes it: it is
connected, receives without a pause while data flow, and sleeps ever longer after the last packet (discontinuous
reception, DRX), until the network releases it. That tail, not the bytes, is what a small packet costs.

    DETACHED     not registered; costs nothing here (registering is charged by the piece)
    RRC_IDLE     paging: the receiver is on for a moment in each paging cycle
    PROMOTING    from idle to connected, `promotion` long; packets wait
    CONNECTED    continuous reception: while packets are on the air, and `cr_inactivity` longer
    SHORT_DRX    `short_drx` long; the receiver is on for `drx_on` of each short cycle
    LONG_DRX     `long_drx` long, in long cycles; then idle again

The rule that the vectorised account relies on: a packet at t finds the phone idle if and only if t >= end + tail, where
end is the latest of max(t_i, ready) + air_i over the packets of the connection, and ready = first + promotion.

Left out: pages' own delay (:mod:`sim.machines.radio.paging` has it), carrier aggregation, fast dormancy.

Follows: the LTE profile of AT&T's Video Optimizer (ARO), which simplifies Huang et al. (2012); Narayanan et al. (2021).
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, ClassVar, NamedTuple

from pydantic import Field, model_validator

from sim.base.citing import ASSUMED, MEASURED, REPORTED, Cited, Parameters
from sim.base.units import MILLISECOND, Bytes, Duration, DurationField, Instant, seconds
from sim.machines.events import CellularAttached, CellularLost
from sim.machines.machine import Due, Event, Host, Row, StartTimer, Step, StopTimer, Watch, unchanged
from sim.machines.radio.air import Changes, Cycle, Nanojoules, PacketOffered, Power, Slope, byte_energy, duty_cycle


class Phase(StrEnum):
    """RRC states, and the way between idle and connected."""

    DETACHED = "DETACHED"
    RRC_IDLE = "RRC_IDLE"
    PROMOTING = "PROMOTING"
    CONNECTED = "CONNECTED"
    SHORT_DRX = "SHORT_DRX"
    LONG_DRX = "LONG_DRX"


class State(NamedTuple):
    """Where the radio is, since when, and until when the air is busy."""

    phase: Phase
    since: Instant = 0
    """When this state was entered, or last renewed by a packet. Duty cycles count from here."""
    end: Instant = 0
    """When the last packet of this connection will have been carried."""


_TIMERS = ("promotion", "inactivity", "short drx", "tail")
_CONNECTED = (Phase.PROMOTING, Phase.CONNECTED, Phase.SHORT_DRX, Phase.LONG_DRX)

# MODEL: bytes are charged when they are offered, also if the connection is lost before they are carried (bias: high).


class Lte(Parameters):
    """The phone's LTE radio. The defaults are the 2012 profile that "lte-2012" names."""

    host: ClassVar[Host] = Host.NETWORK
    hears: ClassVar[frozenset[type[Event]]] = frozenset({PacketOffered, CellularAttached, CellularLost})
    rat: ClassVar[str] = "lte"
    sending_mw: ClassVar[int] = 0
    """Power that sending costs whatever its rate; these sets have it in a slope."""

    promotion: Annotated[DurationField, Cited("att-aro", "lte.conf, promotion", REPORTED, "190 ms", "400 ms")] = (
        260 * MILLISECOND
    )
    promotion_mw: Annotated[Power, Cited("att-aro", "lte.conf, promotion", REPORTED, "400 mW", "1250 mW")] = 1210
    cr_inactivity: Annotated[
        DurationField, Cited("att-aro", "lte.conf, CR inactivity", REPORTED, "100 ms", "200 ms")
    ] = 100 * MILLISECOND
    transfer_mw: Annotated[
        Power, Cited("att-aro", "lte.conf, beta", REPORTED, "1200 mW", "1290 mW", "while packets are on the air")
    ] = 1200
    continuous_mw: Annotated[
        Power, Cited("att-aro", "lte.conf, beta", REPORTED, "1060 mW", "1290 mW", "until the inactivity timer ends")
    ] = 1200
    short_drx: Annotated[DurationField, Cited("att-aro", "lte.conf, short DRX", REPORTED, "20 ms", "640 ms")] = (
        20 * MILLISECOND
    )
    short_drx_cycle: Annotated[Cycle, Cited("att-aro", "lte.conf, short DRX cycle", REPORTED, "20 ms", "40 ms")] = (
        20 * MILLISECOND
    )
    long_drx: Annotated[DurationField, Cited("att-aro", "lte.conf, long DRX", REPORTED, "5 s", "11.6 s")] = seconds(10)
    long_drx_cycle: Annotated[Cycle, Cited("att-aro", "lte.conf, long DRX cycle", REPORTED, "40 ms", "640 ms")] = (
        40 * MILLISECOND
    )
    drx_on: Annotated[DurationField, Cited("att-aro", "lte.conf, DRX ping", REPORTED, "1 ms", "10 ms")] = (
        2 * MILLISECOND
    )
    drx_on_mw: Annotated[Power, Cited("att-aro", "lte.conf, DRX ping", REPORTED, "1060 mW", "1700 mW")] = 1680
    drx_off_mw: Annotated[Power, Cited("att-aro", "lte.conf, tail base", REPORTED, "66 mW", "1060 mW")] = 1060
    paging_cycle: Annotated[
        Cycle, Cited("att-aro", "lte.conf, idle ping period; TS 36.331 rf32…rf256", REPORTED, "320 ms", "2560 ms")
    ] = 1280 * MILLISECOND
    paging_on: Annotated[DurationField, Cited("att-aro", "lte.conf, idle ping", REPORTED, "10 ms", "43.2 ms")] = (
        43 * MILLISECOND
    )
    paging_on_mw: Annotated[Power, Cited("att-aro", "lte.conf, idle ping", REPORTED, "150 mW", "600 mW")] = 594
    paging_off_mw: Annotated[Power, Cited("att-aro", "lte.conf, idle", REPORTED, "0 mW", "5 mW")] = 0
    alpha_dl: Annotated[
        Slope, Cited("att-aro", "lte.conf, alpha down", REPORTED, "10 mW per Mbit/s", "52 mW per Mbit/s")
    ] = 51.97
    alpha_ul: Annotated[
        Slope, Cited("att-aro", "lte.conf, alpha up", REPORTED, "60 mW per Mbit/s", "439 mW per Mbit/s")
    ] = 438.39
    handover_mj: Annotated[
        int,
        Field(ge=0),
        Cited("hassan2022", "figure 10 data, LTE: 0.86 W in the second of a handover", MEASURED, "800 mJ", "2000 mJ"),
    ] = 900
    attach_mj: Annotated[
        int, Field(ge=0), Cited("judgement", "promotion power for 3 s of registration", ASSUMED, "1000 mJ", "12000 mJ")
    ] = 3600

    transitions: ClassVar[tuple[Row, ...]] = (
        Row(Phase.DETACHED, "CellularAttached", Phase.RRC_IDLE, "TS 36.331 §4.2.1: registered, no RRC connection"),
        Row(Phase.RRC_IDLE, "CellularLost", Phase.DETACHED, "no cell"),
        *(Row(phase, "CellularLost", Phase.DETACHED, "no cell: the connection ends at once") for phase in _CONNECTED),
        Row(Phase.RRC_IDLE, "PacketOffered", Phase.PROMOTING, "TS 36.331 §5.3.3: RRC connection establishment"),
        Row(Phase.PROMOTING, "Due(promotion)", Phase.CONNECTED, "connection set up; what waited goes out"),
        Row(Phase.CONNECTED, "Due(inactivity)", Phase.SHORT_DRX, "TS 36.321 §5.7: drx-InactivityTimer"),
        Row(Phase.SHORT_DRX, "Due(short drx)", Phase.LONG_DRX, "TS 36.321 §5.7: drxShortCycleTimer"),
        Row(Phase.LONG_DRX, "Due(tail)", Phase.RRC_IDLE, "TS 36.331 §5.3.8: the network releases an inactive phone"),
        Row(Phase.SHORT_DRX, "PacketOffered", Phase.CONNECTED, "the phone may send at once"),
        Row(Phase.LONG_DRX, "PacketOffered", Phase.CONNECTED, "the phone may send at once"),
    )

    @model_validator(mode="after")
    def _consistent(self) -> Lte:
        if self.drx_on > min(self.short_drx_cycle, self.long_drx_cycle) or self.paging_on > self.paging_cycle:
            raise ValueError("a receiver cannot be on for longer than its cycle")
        return self

    @property
    def tail(self) -> Duration:
        """How long the connection outlasts its last packet. [µs]"""
        return self.cr_inactivity + self.short_drx + self.long_drx

    def byte_energy(self, up: Bytes, down: Bytes, rate_mbps: float) -> Nanojoules:
        """What a burst's bytes cost on top of the states' power, at this throughput. [nJ]"""
        return byte_energy(up, down, self.alpha_ul + self.sending_mw / rate_mbps, self.alpha_dl)

    def spent(self, state: State, until: Instant) -> Nanojoules:
        """Energy of a state from its beginning (`state.since`) to `until`. [nJ]"""
        elapsed = until - state.since
        match state.phase:
            case Phase.RRC_IDLE:
                return duty_cycle(elapsed, self.paging_cycle, self.paging_on, self.paging_on_mw, self.paging_off_mw)
            case Phase.PROMOTING:
                return elapsed * self.promotion_mw
            case Phase.CONNECTED:
                busy = min(until, state.end) - state.since
                return busy * self.transfer_mw + (elapsed - busy) * self.continuous_mw
            case Phase.SHORT_DRX:
                return duty_cycle(elapsed, self.short_drx_cycle, self.drx_on, self.drx_on_mw, self.drx_off_mw)
            case Phase.LONG_DRX:
                return duty_cycle(elapsed, self.long_drx_cycle, self.drx_on, self.drx_on_mw, self.drx_off_mw)
            case _:
                return 0

    def start(self) -> Step:
        """No network until nature attaches one."""
        return Step(State(Phase.DETACHED))

    def watches(self, state: State) -> tuple[Watch, ...]:
        """Nothing: every packet is offered."""
        return ()

    def step(self, state: State, event: Event, now: Instant) -> Step:
        """See the table."""
        match state.phase, event:
            case Phase.DETACHED, CellularAttached():
                return Step(State(Phase.RRC_IDLE, now))
            case Phase.DETACHED, _:
                return unchanged(state)
            case _, CellularLost():
                return Step(State(Phase.DETACHED, now), tuple(StopTimer(name) for name in _TIMERS))

            case Phase.RRC_IDLE, PacketOffered(air):
                end = now + self.promotion + air
                return Step(State(Phase.PROMOTING, now, end), (StartTimer("promotion", self.promotion),))
            # MODEL: no queue: transfers that overlap do not slow each other (bias: shorter active time under load).
            case Phase.PROMOTING, PacketOffered(air):
                return Step(state._replace(end=max(state.end, state.since + self.promotion + air)))
            case Phase.PROMOTING, Due("promotion"):
                return self._carry(state.end, now)
            case Phase.CONNECTED | Phase.SHORT_DRX | Phase.LONG_DRX, PacketOffered(air):
                return self._carry(max(state.end, now + air), now)

            case Phase.CONNECTED, Due("inactivity"):
                return Step(State(Phase.SHORT_DRX, now), (StartTimer("short drx", self.short_drx),))
            case Phase.SHORT_DRX, Due("short drx"):
                return Step(State(Phase.LONG_DRX, now), (StartTimer("tail", self.long_drx),))
            case Phase.LONG_DRX, Due("tail"):
                return Step(State(Phase.RRC_IDLE, now))
        return unchanged(state)

    def _carry(self, end: Instant, now: Instant) -> Step:
        """Receive continuously until `end` and the inactivity timer after it; whatever else was pending is void."""
        return Step(
            State(Phase.CONNECTED, now, end),
            (
                StopTimer("short drx"),
                StopTimer("tail"),
                StartTimer("inactivity", end - now + self.cr_inactivity),
            ),
        )


LTE_2020_CITED: Changes = {
    "promotion_mw": (600, Cited("judgement", "half of the 2012 profile", ASSUMED, "400 mW", "1200 mW")),
    "cr_inactivity": (
        "200 ms",
        Cited("judgement", "drx-InactivityTimer in 90 % of one operator's cells", ASSUMED, "100 ms", "200 ms"),
    ),
    "transfer_mw": (
        495,
        Cited(
            "narayanan2021",
            "Data-Transfer-Power, LTE down: intercept 2.84 W less base 2.36 W",
            MEASURED,
            "300 mW",
            "900 mW",
            "with the 15 mW of idle, which the base contains",
        ),
    ),
    "continuous_mw": (
        193,
        Cited(
            "narayanan2021",
            "Table 2, Verizon LTE: 178 mW above idle",
            ASSUMED,
            "81 mW",
            "1075 mW",
            "a mean over the whole tail: so its phases all have it",
        ),
    ),
    "short_drx": ("160 ms", Cited("judgement", "four short cycles", ASSUMED, "20 ms", "640 ms")),
    "short_drx_cycle": (
        "40 ms",
        Cited("judgement", "short cycle in one operator's cells", ASSUMED, "20 ms", "40 ms"),
    ),
    "long_drx": (
        "9640 ms",
        Cited("narayanan2021", "RRC-Probe, Verizon LTE: a tail of 10.0 s in all", MEASURED, "4.6 s", "11.6 s"),
    ),
    "long_drx_cycle": (
        "320 ms",
        Cited("narayanan2021", "RRC-Probe, spread of answers in the tail", MEASURED, "40 ms", "640 ms"),
    ),
    "drx_on": ("10 ms", Cited("judgement", "on-duration in one operator's cells", ASSUMED, "1 ms", "10 ms")),
    "drx_on_mw": (193, Cited("narayanan2021", "Table 2, as continuous_mw", ASSUMED, "81 mW", "1075 mW")),
    "drx_off_mw": (193, Cited("narayanan2021", "Table 2, as continuous_mw", ASSUMED, "81 mW", "1075 mW")),
    "paging_on_mw": (
        15,
        Cited(
            "hpbn", "Mobile Networks: idle below 15 mW", REPORTED, "5 mW", "20 mW", "a mean: so on and off both have it"
        ),
    ),
    "paging_off_mw": (15, Cited("hpbn", "Mobile Networks: idle below 15 mW", REPORTED, "5 mW", "20 mW")),
    "alpha_dl": (
        10.9,
        Cited("narayanan2021", "Data-Transfer-Power, LTE down", MEASURED, "10 mW per Mbit/s", "52 mW per Mbit/s"),
    ),
    "alpha_ul": (
        80.2,
        Cited("narayanan2021", "Data-Transfer-Power, LTE up", MEASURED, "60 mW per Mbit/s", "438 mW per Mbit/s"),
    ),
    "attach_mj": (1800, Cited("judgement", "promotion power for 3 s of registration", ASSUMED, "1000 mJ", "12000 mJ")),
}
"""Where "lte-2020" departs from the defaults: field → value as in a file, and its source."""
