"""5G (NR): the RRC states of a phone that uses it beside LTE (NSA) or alone (SA), their timers and their power.

Theory of operation, NSA (EN-DC). The phone connects over LTE, and its data flow there. The network then adds the 5G
leg, which takes more than a second and much power whether or not there is anything left to send. Both legs are
released after silence; some networks keep the LTE leg longer, and a packet then needs no promotion but a new 5G leg.

    DETACHED       not registered
    RRC_IDLE       paging, over LTE
    PROMOTING      LTE connection; packets wait
    ADDING_SCG     connected over LTE, which carries the data, while the 5G leg is added
    EN_DC          both legs: while packets are on the air, and `nr_tail` longer
    LTE_CONNECTED  the LTE leg alone, `lte_tail` long; then idle

SA. Silence does not end the connection but suspends it: in RRC_INACTIVE the network remembers the phone, which sleeps
as if idle and resumes faster than it would connect. A *downlink* packet gains nothing: it waits for a page as in idle.

    RRC_IDLE, PROMOTING, RRC_CONNECTED   as in LTE
    RRC_INACTIVE                         `inactive` long; then idle
    RESUMING                             from inactive to connected, `resume` long; packets wait

A tail has one mean power, as the papers give it: the on and off of discontinuous reception are inside.

Left out: handovers of the two legs by themselves, several carriers, what mmWave does when its beam is lost.

Follows: Narayanan et al. (2021) and its RRC-Probe and RRC-Power data; TS 37.340 for the names, TS 38.331 §4.2.1.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, ClassVar, NamedTuple

from pydantic import Field

from sim.base.citing import ASSUMED, MEASURED, REPORTED, Cited, Parameters
from sim.base.units import MILLISECOND, Bytes, Duration, DurationField, Instant
from sim.machines.events import CellularAttached, CellularLost
from sim.machines.machine import Due, Event, Host, Row, StartTimer, Step, StopTimer, Watch, unchanged
from sim.machines.radio.air import Cycle, Nanojoules, PacketOffered, Power, Slope, byte_energy


class NsaPhase(StrEnum):
    """RRC states with 5G as a second leg."""

    DETACHED = "DETACHED"
    RRC_IDLE = "RRC_IDLE"
    PROMOTING = "PROMOTING"
    ADDING_SCG = "ADDING_SCG"
    EN_DC = "EN_DC"
    LTE_CONNECTED = "LTE_CONNECTED"


class SaPhase(StrEnum):
    """RRC states of 5G alone."""

    DETACHED = "DETACHED"
    RRC_IDLE = "RRC_IDLE"
    PROMOTING = "PROMOTING"
    RRC_CONNECTED = "RRC_CONNECTED"
    RRC_INACTIVE = "RRC_INACTIVE"
    RESUMING = "RESUMING"


class State(NamedTuple):
    """Where the radio is, since when, and until when the air is busy."""

    phase: NsaPhase | SaPhase
    since: Instant = 0
    """When this state was entered, or last renewed by a packet."""
    end: Instant = 0
    """When the last packet of this connection will have been carried."""


_HEARS: frozenset[type[Event]] = frozenset({PacketOffered, CellularAttached, CellularLost})
_TABLE_2 = "Table 2, T-Mobile NSA low-band"
_HPBN = Cited("hpbn", "Mobile Networks: idle below 15 mW", REPORTED, "5 mW", "20 mW")
_PAGING = Cited("narayanan2021", "RRC-Probe: spread of the answers from idle", MEASURED, "320 ms", "2560 ms")
_ATTACH = Cited("judgement", "promotion power for 3 s of registration", ASSUMED, "1000 mJ", "12000 mJ")


class NrNsa(Parameters):
    """The phone's 5G radio beside LTE. The defaults are T-Mobile's low band of 2020, "nsa-tmobile-2020"."""

    host: ClassVar[Host] = Host.NETWORK
    hears: ClassVar[frozenset[type[Event]]] = _HEARS
    rat: ClassVar[str] = "nsa"

    promotion: Annotated[
        DurationField,
        Cited(
            "narayanan2021", "RRC-Power sample: idle to 4G, mean of 0.36, 0.32, 0.29 s", MEASURED, "190 ms", "400 ms"
        ),
    ] = 320 * MILLISECOND
    promotion_mw: Annotated[Power, Cited("judgement", "as of LTE", ASSUMED, "400 mW", "1200 mW")] = 600
    scg_addition: Annotated[
        DurationField,
        Cited("narayanan2021", "Table 2: promotion to 5G in about 1.44 s, from memory", ASSUMED, "1.2 s", "1.9 s"),
    ] = 1440 * MILLISECOND
    scg_addition_mw: Annotated[
        Power,
        Cited("narayanan2021", f"{_TABLE_2}: 4G to 5G 699 mW, above idle, from memory", ASSUMED, "500 mW", "1500 mW"),
    ] = 714
    transfer_mw: Annotated[
        Power,
        Cited(
            "narayanan2021",
            "Data-Transfer-Power, NSA low-band down: intercept 2.99 W less base 2.36 W",
            MEASURED,
            "500 mW",
            "3000 mW",
            "with the 15 mW of idle, which the base contains",
        ),
    ] = 645
    sending_mw: Annotated[
        Power,
        Cited(
            "narayanan2021",
            "Data-Transfer-Power, NSA low-band up: intercept 3.20 W, 0.21 W above that of down",
            MEASURED,
            "0 mW",
            "500 mW",
            "on top of transfer_mw while it sends",
        ),
    ] = 210
    nr_tail: Annotated[
        DurationField,
        Cited("narayanan2021", f"{_TABLE_2}: 10.4 s; RRC-Probe: 10.2 s", MEASURED, "10 s", "12.1 s"),
    ] = 10_400 * MILLISECOND
    nr_tail_mw: Annotated[
        Power,
        Cited("narayanan2021", f"{_TABLE_2}: 260 mW above idle, from memory", ASSUMED, "150 mW", "1100 mW"),
    ] = 275
    lte_tail: Annotated[
        DurationField, Cited("narayanan2021", "RRC-Probe: idle after the 5G tail", MEASURED, "0 s", "10 s")
    ] = 0
    lte_tail_mw: Annotated[
        Power,
        Cited("narayanan2021", "Table 2, T-Mobile LTE: 66 mW above idle, from memory", ASSUMED, "66 mW", "1060 mW"),
    ] = 81
    long_drx_cycle: Annotated[
        Cycle, Cited("narayanan2021", "RRC-Probe: spread of the answers in the tail", MEASURED, "80 ms", "320 ms")
    ] = 320 * MILLISECOND
    paging_cycle: Annotated[Cycle, _PAGING] = 1280 * MILLISECOND
    idle_mw: Annotated[Power, _HPBN] = 15
    alpha_dl: Annotated[
        Slope,
        Cited("narayanan2021", "Data-Transfer-Power, low-band down", MEASURED, "1.8 mW per Mbit/s", "20 mW per Mbit/s"),
    ] = 12.9
    alpha_ul: Annotated[
        Slope,
        Cited("narayanan2021", "Data-Transfer-Power, low-band up", MEASURED, "9 mW per Mbit/s", "60 mW per Mbit/s"),
    ] = 32.3
    handover_mj: Annotated[
        int,
        Field(ge=0),
        Cited("hassan2022", "figure 10 data, low-band: 1.5 to 2.0 W in its second", MEASURED, "800 mJ", "2000 mJ"),
    ] = 1800
    attach_mj: Annotated[int, Field(ge=0), _ATTACH] = 1800

    transitions: ClassVar[tuple[Row, ...]] = (
        Row(NsaPhase.DETACHED, "CellularAttached", NsaPhase.RRC_IDLE, "TS 36.331 §4.2.1: registered, no connection"),
        *(
            Row(phase, "CellularLost", NsaPhase.DETACHED, "no cell: what there was of a connection ends at once")
            for phase in NsaPhase
            if phase is not NsaPhase.DETACHED
        ),
        Row(NsaPhase.RRC_IDLE, "PacketOffered", NsaPhase.PROMOTING, "TS 36.331 §5.3.3: connection over LTE first"),
        Row(NsaPhase.PROMOTING, "Due(promotion)", NsaPhase.ADDING_SCG, "TS 37.340 §10.2: addition of the 5G leg"),
        Row(NsaPhase.ADDING_SCG, "Due(addition)", NsaPhase.EN_DC, "TS 37.340 §10.2: random access to the 5G cell done"),
        Row(NsaPhase.EN_DC, "Due(release)", NsaPhase.LTE_CONNECTED, "TS 37.340 §10.4: release of the 5G leg"),
        Row(NsaPhase.LTE_CONNECTED, "Due(tail)", NsaPhase.RRC_IDLE, "TS 36.331 §5.3.8: the network releases the phone"),
        Row(NsaPhase.LTE_CONNECTED, "PacketOffered", NsaPhase.ADDING_SCG, "traffic: the 5G leg is added again"),
    )

    @property
    def tail(self) -> Duration:
        """How long the phone stays connected after its last packet, over one leg or both. [µs]"""
        return self.nr_tail + self.lte_tail

    def byte_energy(self, up: Bytes, down: Bytes, rate_mbps: float) -> Nanojoules:
        """What a burst's bytes cost on top of the states' power, at this throughput. [nJ]"""
        return byte_energy(up, down, self.alpha_ul + self.sending_mw / rate_mbps, self.alpha_dl)

    def spent(self, state: State, until: Instant) -> Nanojoules:
        """Energy of a state from its beginning (`state.since`) to `until`. [nJ]"""
        elapsed = until - state.since
        match state.phase:
            case NsaPhase.RRC_IDLE:
                return elapsed * self.idle_mw
            case NsaPhase.PROMOTING:
                return elapsed * self.promotion_mw
            case NsaPhase.ADDING_SCG:
                return elapsed * self.scg_addition_mw
            case NsaPhase.EN_DC:
                busy = min(until, state.end) - state.since
                return busy * self.transfer_mw + (elapsed - busy) * self.nr_tail_mw
            case NsaPhase.LTE_CONNECTED:
                return elapsed * self.lte_tail_mw
            case _:
                return 0

    def start(self) -> Step:
        """No network until nature attaches one."""
        return Step(State(NsaPhase.DETACHED))

    def watches(self, state: State) -> tuple[Watch, ...]:
        """Nothing: every packet is offered."""
        return ()

    def step(self, state: State, event: Event, now: Instant) -> Step:
        """See the table."""
        match state.phase, event:
            case NsaPhase.DETACHED, CellularAttached():
                return Step(State(NsaPhase.RRC_IDLE, now))
            case NsaPhase.DETACHED, _:
                return unchanged(state)
            case _, CellularLost():
                stops = tuple(StopTimer(name) for name in ("promotion", "addition", "release", "tail"))
                return Step(State(NsaPhase.DETACHED, now), stops)

            case NsaPhase.RRC_IDLE, PacketOffered(air):
                end = now + self.promotion + air
                return Step(State(NsaPhase.PROMOTING, now, end), (StartTimer("promotion", self.promotion),))
            case NsaPhase.PROMOTING, PacketOffered(air):
                return Step(state._replace(end=max(state.end, state.since + self.promotion + air)))
            case NsaPhase.PROMOTING, Due("promotion"):
                return self._add(state.end, now)
            case NsaPhase.LTE_CONNECTED, PacketOffered(air):
                return self._add(now + air, now)
            case NsaPhase.ADDING_SCG, PacketOffered(air):
                return Step(state._replace(end=max(state.end, now + air)))
            case NsaPhase.ADDING_SCG, Due("addition"):
                return self._carry(max(state.end, now), now)
            case NsaPhase.EN_DC, PacketOffered(air):
                return self._carry(max(state.end, now + air), now)

            case NsaPhase.EN_DC, Due("release"):
                return Step(State(NsaPhase.LTE_CONNECTED, now), (StartTimer("tail", self.lte_tail),))
            case NsaPhase.LTE_CONNECTED, Due("tail"):
                return Step(State(NsaPhase.RRC_IDLE, now))
        return unchanged(state)

    def _add(self, end: Instant, now: Instant) -> Step:
        # MODEL: the 5G leg is always added, also for one packet, as the power log of a phone that sends one each 20 s
        # shows; whether a network waits for more traffic is not known (bias: high for small packets if it does).
        effects = (StopTimer("tail"), StartTimer("addition", self.scg_addition))
        return Step(State(NsaPhase.ADDING_SCG, now, end), effects)

    def _carry(self, end: Instant, now: Instant) -> Step:
        return Step(State(NsaPhase.EN_DC, now, end), (StartTimer("release", end - now + self.nr_tail),))


class NrSa(Parameters):
    """The phone's 5G radio alone. The defaults are T-Mobile's low band of 2020, "sa-tmobile-2020"."""

    host: ClassVar[Host] = Host.NETWORK
    hears: ClassVar[frozenset[type[Event]]] = _HEARS
    rat: ClassVar[str] = "sa"

    promotion: Annotated[
        DurationField, Cited("narayanan2021", "Table 2, T-Mobile SA: 341 ms, from memory", ASSUMED, "200 ms", "500 ms")
    ] = 341 * MILLISECOND
    promotion_mw: Annotated[Power, Cited("judgement", "as of LTE", ASSUMED, "400 mW", "1200 mW")] = 600
    resume: Annotated[
        DurationField,
        Cited("judgement", "RRCResume, uplink; the probes show the downlink only", ASSUMED, "50 ms", "150 ms"),
    ] = 100 * MILLISECOND
    transfer_mw: Annotated[
        Power, Cited("judgement", "as NSA low-band, which narayanan2021 measured", ASSUMED, "500 mW", "1300 mW")
    ] = 645
    sending_mw: Annotated[
        Power, Cited("judgement", "as NSA low-band, which narayanan2021 measured", ASSUMED, "0 mW", "900 mW")
    ] = 210
    tail: Annotated[
        DurationField,
        Cited("narayanan2021", "Table 2, T-Mobile SA: 10.4 s; RRC-Probe: 10.2 s", MEASURED, "5 s", "12 s"),
    ] = 10_200 * MILLISECOND
    tail_mw: Annotated[
        Power,
        Cited("narayanan2021", "Table 2, T-Mobile SA: 593 mW above idle, from memory", ASSUMED, "150 mW", "608 mW"),
    ] = 608
    inactive: Annotated[
        DurationField, Cited("narayanan2021", "RRC-Probe, T-Mobile SA: from 10.2 to 15 s", MEASURED, "0 s", "60 s")
    ] = 4_800 * MILLISECOND
    inactive_mw: Annotated[Power, Cited("judgement", "twice idle", ASSUMED, "20 mW", "100 mW")] = 30
    long_drx_cycle: Annotated[
        Cycle,
        Cited(
            "narayanan2021", "RRC-Probe, T-Mobile SA, spread of the answers in the tail", MEASURED, "20 ms", "160 ms"
        ),
    ] = 40 * MILLISECOND
    paging_cycle: Annotated[Cycle, _PAGING] = 1280 * MILLISECOND
    idle_mw: Annotated[Power, _HPBN] = 15
    alpha_dl: Annotated[
        Slope,
        Cited(
            "judgement", "as NSA low-band, which narayanan2021 measured", ASSUMED, "8 mW per Mbit/s", "30 mW per Mbit/s"
        ),
    ] = 12.9
    alpha_ul: Annotated[
        Slope,
        Cited(
            "judgement",
            "as NSA low-band, which narayanan2021 measured",
            ASSUMED,
            "20 mW per Mbit/s",
            "60 mW per Mbit/s",
        ),
    ] = 32.3
    handover_mj: Annotated[
        int, Field(ge=0), Cited("hassan2022", "figure 10 data: of LTE", MEASURED, "800 mJ", "2000 mJ")
    ] = 900
    attach_mj: Annotated[int, Field(ge=0), _ATTACH] = 1800

    transitions: ClassVar[tuple[Row, ...]] = (
        Row(SaPhase.DETACHED, "CellularAttached", SaPhase.RRC_IDLE, "TS 38.331 §4.2.1: registered, no connection"),
        *(
            Row(phase, "CellularLost", SaPhase.DETACHED, "no cell: what there was of a connection ends at once")
            for phase in SaPhase
            if phase is not SaPhase.DETACHED
        ),
        Row(SaPhase.RRC_IDLE, "PacketOffered", SaPhase.PROMOTING, "TS 38.331 §5.3.3: connection establishment"),
        Row(SaPhase.PROMOTING, "Due(promotion)", SaPhase.RRC_CONNECTED, "connection set up; what waited goes out"),
        Row(SaPhase.RRC_CONNECTED, "Due(inactivity)", SaPhase.RRC_INACTIVE, "TS 38.331 §5.3.8: release with suspend"),
        Row(SaPhase.RRC_INACTIVE, "PacketOffered", SaPhase.RESUMING, "TS 38.331 §5.3.13: connection resume"),
        Row(SaPhase.RESUMING, "Due(promotion)", SaPhase.RRC_CONNECTED, "connection resumed; what waited goes out"),
        Row(SaPhase.RRC_INACTIVE, "Due(release)", SaPhase.RRC_IDLE, "the network forgets the suspended connection"),
    )

    def byte_energy(self, up: Bytes, down: Bytes, rate_mbps: float) -> Nanojoules:
        """What a burst's bytes cost on top of the states' power, at this throughput. [nJ]"""
        return byte_energy(up, down, self.alpha_ul + self.sending_mw / rate_mbps, self.alpha_dl)

    def spent(self, state: State, until: Instant) -> Nanojoules:
        """Energy of a state from its beginning (`state.since`) to `until`. [nJ]"""
        elapsed = until - state.since
        match state.phase:
            case SaPhase.RRC_IDLE:
                return elapsed * self.idle_mw
            case SaPhase.PROMOTING | SaPhase.RESUMING:
                return elapsed * self.promotion_mw
            case SaPhase.RRC_CONNECTED:
                busy = min(until, state.end) - state.since
                return busy * self.transfer_mw + (elapsed - busy) * self.tail_mw
            case SaPhase.RRC_INACTIVE:
                return elapsed * self.inactive_mw
            case _:
                return 0

    def start(self) -> Step:
        """No network until nature attaches one."""
        return Step(State(SaPhase.DETACHED))

    def watches(self, state: State) -> tuple[Watch, ...]:
        """Nothing: every packet is offered."""
        return ()

    def step(self, state: State, event: Event, now: Instant) -> Step:
        """See the table."""
        match state.phase, event:
            case SaPhase.DETACHED, CellularAttached():
                return Step(State(SaPhase.RRC_IDLE, now))
            case SaPhase.DETACHED, _:
                return unchanged(state)
            case _, CellularLost():
                stops = tuple(StopTimer(name) for name in ("promotion", "inactivity", "release"))
                return Step(State(SaPhase.DETACHED, now), stops)

            case SaPhase.RRC_IDLE, PacketOffered(air):
                return self._wake(SaPhase.PROMOTING, self.promotion, air, now)
            case SaPhase.RRC_INACTIVE, PacketOffered(air):
                return self._wake(SaPhase.RESUMING, self.resume, air, now)
            case ((SaPhase.PROMOTING | SaPhase.RESUMING), PacketOffered(air)):
                wait = self.promotion if state.phase is SaPhase.PROMOTING else self.resume
                return Step(state._replace(end=max(state.end, state.since + wait + air)))
            case ((SaPhase.PROMOTING | SaPhase.RESUMING), Due("promotion")):
                return self._carry(state.end, now)
            case SaPhase.RRC_CONNECTED, PacketOffered(air):
                return self._carry(max(state.end, now + air), now)

            case SaPhase.RRC_CONNECTED, Due("inactivity"):
                return Step(State(SaPhase.RRC_INACTIVE, now), (StartTimer("release", self.inactive),))
            case SaPhase.RRC_INACTIVE, Due("release"):
                return Step(State(SaPhase.RRC_IDLE, now))
        return unchanged(state)

    def _wake(self, phase: SaPhase, wait: Duration, air: Duration, now: Instant) -> Step:
        return Step(State(phase, now, now + wait + air), (StopTimer("release"), StartTimer("promotion", wait)))

    def _carry(self, end: Instant, now: Instant) -> Step:
        return Step(State(SaPhase.RRC_CONNECTED, now, end), (StartTimer("inactivity", end - now + self.tail),))
