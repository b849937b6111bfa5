"""UMTS (3G): the RRC states of the phone's cellular radio, their buffers, their timers and their power.

Theory of operation. Two states carry data: CELL_FACH, a slow channel shared with others, and CELL_DCH, a fast one of
the phone's own, which draws about twice as much. What decides between them is how much waits: a packet that overflows
the buffer of the shared channel gets the phone a channel of its own. Silence gives that up again, in two steps. So a
3G connection has two tails, one after the other, and the promotion takes seconds.

    DETACHED      not registered; costs nothing here (registering is charged by the piece)
    IDLE          paging
    IDLE_TO_FACH  to the shared channel, where a network lets a small first packet have it; packets wait
    IDLE_TO_DCH   to a channel of the phone's own; packets wait
    CELL_FACH     shared channel; each packet renews its timer, and is counted into the buffer of its direction
    FACH_TO_DCH   a buffer overflowed; packets wait
    CELL_DCH      own channel; its timer is renewed by packets, or only by enough of them

A buffer is what came in a direction since it was last empty; it is empty when no packet came in that direction for as
long as its contents take to drain, which is a polynomial of their size. In CELL_DCH the same two counters hold what
came since the last pause of `reset_window`, and a packet renews the timer only if one of them has reached `reset_size`:
so keepalives do not hold the channel.

Left out: CELL_PCH and URA_PCH, fast dormancy, the time that demotions take (EnergyBox names 0.7 and 0.3 s and does not
use them), and EnergyBox's low-activity rule (4 s below 1000 B), which its configuration names and its program does not
apply.

Follows: the 3G profiles of AT&T's Video Optimizer (ARO; ``FachQueue``, ``DchDemotionQueue``), EnergyBox
(``Engine3G.java``); TS 25.331 for the states' names.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, ClassVar, NamedTuple

from pydantic import Field, model_validator

from sim.base.citing import ASSUMED, MEASURED, REPORTED, Cited, Parameters
from sim.base.units import MILLISECOND, Bytes, Duration, DurationField, Instant, SizeField, seconds
from sim.machines.events import CellularAttached, CellularLost
from sim.machines.machine import Due, Event, Host, Row, StartTimer, Step, StopTimer, Watch, unchanged
from sim.machines.radio.air import Cycle, Nanojoules, PacketOffered, Power, Slope, byte_energy, duty_cycle


class Phase(StrEnum):
    """RRC states, and the ways up between them."""

    DETACHED = "DETACHED"
    IDLE = "IDLE"
    IDLE_TO_FACH = "IDLE_TO_FACH"
    IDLE_TO_DCH = "IDLE_TO_DCH"
    CELL_FACH = "CELL_FACH"
    FACH_TO_DCH = "FACH_TO_DCH"
    CELL_DCH = "CELL_DCH"


class State(NamedTuple):
    """Where the radio is, since when, until when the air is busy, and what each direction has counted."""

    phase: Phase
    since: Instant = 0
    """When this state was entered, or last renewed by a packet."""
    end: Instant = 0
    """When the last packet that renewed it will have been carried."""
    up: Bytes = 0
    up_at: Instant = 0
    """When the last of them came."""
    down: Bytes = 0
    down_at: Instant = 0


class Drain(NamedTuple):
    """How long a buffer of x bytes takes to drain: square·x² + linear·x + fixed."""

    square: float
    """[µs per byte²]"""
    linear: float
    """[µs per byte]"""
    fixed: Duration

    def lasts(self, size: Bytes) -> Duration:
        """[µs]"""
        return round(self.square * size * size + self.linear * size) + self.fixed


_TIMERS = ("promotion", "dch", "fach")
_PROMOTING = (Phase.IDLE_TO_FACH, Phase.IDLE_TO_DCH, Phase.FACH_TO_DCH)

PerByte = Annotated[float, Field(ge=0, le=100_000)]
"""[µs per byte]"""
PerSquareByte = Annotated[float, Field(ge=0, le=1_000)]
"""[µs per byte²]"""


def _aro(where: str, low: str, high: str, note: str = "") -> Cited:
    return Cited("att-aro", where, REPORTED, low, high, note)


class Umts(Parameters):
    """The phone's 3G radio. The defaults are those of the Samsung i997 in AT&T's network, "umts-i997"."""

    host: ClassVar[Host] = Host.NETWORK
    hears: ClassVar[frozenset[type[Event]]] = frozenset({PacketOffered, CellularAttached, CellularLost})
    rat: ClassVar[str] = "umts"
    sending_mw: ClassVar[int] = 0
    """Power that sending costs whatever its rate; these sets have it in a slope."""
    long_drx_cycle: ClassVar[Duration] = 0
    """In CELL_FACH and CELL_DCH the receiver is never off."""

    idle_dch: Annotated[
        DurationField, _aro("i997.conf, IDLE_DCH_PROMO_AVG", "0.6 s", "4 s", "the mean; 1.5 to 4 s in the file")
    ] = seconds(2)
    idle_dch_mw: Annotated[Power, _aro("i997.conf, POWER_IDLE_DCH", "300 mW", "660 mW")] = 650
    small_starts_on_fach: Annotated[
        bool, _aro("RrcStateRangeFactoryImpl.java: every first packet asks for CELL_DCH", "no", "yes")
    ] = False
    idle_fach: Annotated[
        DurationField, Cited("energybox", "3g_teliasonera.config, IDLE_TO_FACH", REPORTED, "0 s", "435 ms")
    ] = 430 * MILLISECOND
    idle_fach_mw: Annotated[Power, Cited("judgement", "as CELL_FACH", ASSUMED, "250 mW", "600 mW")] = 300
    fach_dch: Annotated[DurationField, _aro("i997.conf, FACH_DCH_PROMO_AVG", "0.65 s", "3 s", "the mean")] = (
        1500 * MILLISECOND
    )
    fach_dch_mw: Annotated[Power, _aro("i997.conf, POWER_FACH_DCH", "430 mW", "800 mW")] = 800
    dch: Annotated[DurationField, _aro("i997.conf, DCH_FACH_TIMER", "3 s", "8.1 s")] = seconds(4)
    dch_mw: Annotated[Power, _aro("i997.conf, POWER_DCH", "570 mW", "1300 mW")] = 1300
    fach: Annotated[DurationField, _aro("i997.conf, FACH_IDLE_TIMER", "0.8 s", "12 s")] = seconds(10)
    fach_mw: Annotated[Power, _aro("i997.conf, POWER_FACH", "250 mW", "600 mW")] = 300

    first_up: Annotated[
        SizeField, Cited("energybox", "3g_teliasonera.config, IDLE_TO_FACH_OR_DCH", REPORTED, "0 B", "1000 B")
    ] = 1000
    first_down: Annotated[
        SizeField, Cited("energybox", "3g_teliasonera.config, IDLE_TO_FACH_OR_DCH", REPORTED, "0 B", "515 B")
    ] = 515
    buffer_up: Annotated[SizeField, _aro("i997.conf, RLC_UL_TH", "294 B", "1000 B")] = 543
    buffer_down: Annotated[SizeField, _aro("i997.conf, RLC_DL_TH", "475 B", "515 B")] = 475
    drain_up_square: Annotated[PerSquareByte, _aro("i997.conf, RLC_UL_RATE_P2", "0 µs/B²", "1.4 µs/B²")] = 1.4
    drain_up_linear: Annotated[PerByte, _aro("i997.conf, RLC_UL_RATE_P1", "1200 µs/B", "1600 µs/B")] = 1600.0
    drain_up_fixed: Annotated[DurationField, _aro("i997.conf, RLC_UL_RATE_P0", "0 ms", "20 ms")] = 20 * MILLISECOND
    drain_down_linear: Annotated[PerByte, _aro("i997.conf, RLC_DL_RATE_P1", "0 µs/B", "100 µs/B")] = 100.0
    drain_down_fixed: Annotated[DurationField, _aro("i997.conf, RLC_DL_RATE_P0", "10 ms", "30 ms")] = 10 * MILLISECOND
    reset_size: Annotated[
        SizeField, _aro("i997.conf, DCH_TIMER_RESET_SIZE", "0 B", "320 B", "0: every packet renews the timer")
    ] = 320
    reset_window: Annotated[DurationField, _aro("i997.conf, DCH_TIMER_RESET_WIN", "0 s", "0.3 s")] = 300 * MILLISECOND

    paging_cycle: Annotated[
        Cycle, Cited("judgement", "a common DRX cycle length coefficient", ASSUMED, "640 ms", "5120 ms")
    ] = 1280 * MILLISECOND
    paging_on: Annotated[DurationField, Cited("judgement", "power is a mean here", ASSUMED, "0 ms", "55.4 ms")] = 0
    paging_on_mw: Annotated[Power, Cited("judgement", "power is a mean here", ASSUMED, "0 mW", "375 mW")] = 0
    paging_off_mw: Annotated[Power, _aro("i997.conf, POWER_IDLE", "0 mW", "20 mW")] = 0
    alpha_dl: Annotated[
        Slope, _aro("i997.conf: the state's power whatever the rate", "0 mW per Mbit/s", "3125 mW per Mbit/s")
    ] = 0.0
    alpha_ul: Annotated[
        Slope, _aro("i997.conf: the state's power whatever the rate", "0 mW per Mbit/s", "3125 mW per Mbit/s")
    ] = 0.0
    handover_mj: Annotated[
        int, Field(ge=0), Cited("hassan2022", "figure 10 data: of LTE", MEASURED, "800 mJ", "2000 mJ")
    ] = 900
    attach_mj: Annotated[
        int, Field(ge=0), Cited("judgement", "0.6 W for 3 s of registration", ASSUMED, "600 mJ", "12000 mJ")
    ] = 1800

    transitions: ClassVar[tuple[Row, ...]] = (
        Row(Phase.DETACHED, "CellularAttached", Phase.IDLE, "TS 25.331: registered, no RRC connection"),
        *(
            Row(phase, "CellularLost", Phase.DETACHED, "no cell: what there was of a connection ends at once")
            for phase in Phase
            if phase is not Phase.DETACHED
        ),
        Row(Phase.IDLE, "PacketOffered", Phase.IDLE_TO_DCH, "ARO: any first packet; EnergyBox: one over the threshold"),
        Row(Phase.IDLE, "PacketOffered", Phase.IDLE_TO_FACH, "EnergyBox: a first packet below the threshold"),
        Row(Phase.IDLE_TO_DCH, "Due(promotion)", Phase.CELL_DCH, "radio bearer set up; what waited goes out"),
        Row(Phase.IDLE_TO_FACH, "Due(promotion)", Phase.CELL_FACH, "what waited fits into the shared channel's buffer"),
        Row(Phase.IDLE_TO_FACH, "Due(promotion)", Phase.FACH_TO_DCH, "what waited does not"),
        Row(Phase.CELL_FACH, "PacketOffered", Phase.FACH_TO_DCH, "ARO, EnergyBox: the buffer is over its threshold"),
        Row(Phase.FACH_TO_DCH, "Due(promotion)", Phase.CELL_DCH, "radio bearer set up; what waited goes out"),
        Row(Phase.CELL_DCH, "Due(dch)", Phase.CELL_FACH, "ARO, EnergyBox: first inactivity timer"),
        Row(Phase.CELL_FACH, "Due(fach)", Phase.IDLE, "ARO, EnergyBox: second inactivity timer"),
    )

    @model_validator(mode="after")
    def _consistent(self) -> Umts:
        if self.paging_on > self.paging_cycle:
            raise ValueError("a receiver cannot be on for longer than its cycle")
        return self

    @property
    def promotion(self) -> Duration:
        """From idle to a channel of the phone's own. [µs]"""
        return self.idle_dch

    @property
    def tail(self) -> Duration:
        """How long the connection outlasts the last packet on a channel of its own. [µs]"""
        return self.dch + self.fach

    @property
    def drain_up(self) -> Drain:
        """Of the uplink buffer of CELL_FACH."""
        return Drain(self.drain_up_square, self.drain_up_linear, self.drain_up_fixed)

    @property
    def drain_down(self) -> Drain:
        """Of the downlink buffer of CELL_FACH."""
        return Drain(0.0, self.drain_down_linear, self.drain_down_fixed)

    def byte_energy(self, up: Bytes, down: Bytes, rate_mbps: float) -> Nanojoules:
        """What a burst's bytes cost on top of the states' power, at this throughput. [nJ]"""
        return byte_energy(up, down, self.alpha_ul + self.sending_mw / rate_mbps, self.alpha_dl)

    def spent(self, state: State, until: Instant) -> Nanojoules:
        """Energy of a state from its beginning (`state.since`) to `until`. [nJ]"""
        elapsed = until - state.since
        match state.phase:
            case Phase.DETACHED:
                return 0
            case Phase.IDLE:
                return duty_cycle(elapsed, self.paging_cycle, self.paging_on, self.paging_on_mw, self.paging_off_mw)
            case _:
                return elapsed * self.power_mw[state.phase]

    @property
    def power_mw(self) -> dict[Phase, int]:
        """Of the states that have one power. [mW]"""
        return {
            Phase.IDLE_TO_FACH: self.idle_fach_mw,
            Phase.IDLE_TO_DCH: self.idle_dch_mw,
            Phase.FACH_TO_DCH: self.fach_dch_mw,
            Phase.CELL_FACH: self.fach_mw,
            Phase.CELL_DCH: self.dch_mw,
        }

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
                return Step(State(Phase.IDLE, now))
            case Phase.DETACHED, _:
                return unchanged(state)
            case _, CellularLost():
                return Step(State(Phase.DETACHED, now), tuple(StopTimer(name) for name in _TIMERS))

            case Phase.IDLE, PacketOffered():
                return self._ask(event, now)
            case ((Phase.IDLE_TO_FACH | Phase.IDLE_TO_DCH | Phase.FACH_TO_DCH), PacketOffered(air, up, down)):
                end = max(state.end, state.since + self._promotion(state.phase) + air)
                return Step(state._replace(end=end, up=state.up + up, down=state.down + down))
            case Phase.IDLE_TO_FACH, Due("promotion"):
                return self._share(state._replace(up_at=now, down_at=now), now)
            case ((Phase.IDLE_TO_DCH | Phase.FACH_TO_DCH), Due("promotion")):
                return self._own(state._replace(up_at=now, down_at=now), state.end, now)

            case Phase.CELL_FACH, PacketOffered():
                return self._share(self._queued(state, event, now), now, event.air)
            case Phase.CELL_DCH, PacketOffered():
                counted = self._counted(state, event, now)
                if self.reset_size <= max(counted.up, counted.down):
                    return self._own(counted, max(state.end, now + event.air), now)
                # MODEL: a packet that does not renew the timer takes no time on the air (bias: below 3 ms each).
                return Step(counted)

            case Phase.CELL_DCH, Due("dch"):
                return Step(State(Phase.CELL_FACH, now, now, 0, now, 0, now), (StartTimer("fach", self.fach),))
            case Phase.CELL_FACH, Due("fach"):
                return Step(State(Phase.IDLE, now))
        return unchanged(state)

    def _promotion(self, phase: Phase) -> Duration:
        match phase:
            case Phase.IDLE_TO_FACH:
                return self.idle_fach
            case Phase.IDLE_TO_DCH:
                return self.idle_dch
            case _:
                return self.fach_dch

    def _ask(self, packet: PacketOffered, now: Instant) -> Step:
        """The first packet: which channel does it need?"""
        # A small one travels with the request itself: it is not in the buffer afterwards.
        if self.small_starts_on_fach and packet.up <= self.first_up and packet.down <= self.first_down:
            state = State(Phase.IDLE_TO_FACH, now, now + self.idle_fach + packet.air)
            return Step(state, (StartTimer("promotion", self.idle_fach),))
        end = now + self.idle_dch + packet.air
        state = State(Phase.IDLE_TO_DCH, now, end, packet.up, now, packet.down, now)
        return Step(state, (StartTimer("promotion", self.idle_dch),))

    def _queued(self, state: State, packet: PacketOffered, now: Instant) -> State:
        """With the packet in the buffers of CELL_FACH."""
        up, up_at, down, down_at = state.up, state.up_at, state.down, state.down_at
        if packet.up:
            up = (0 if now - up_at > self.drain_up.lasts(up) else up) + packet.up
            up_at = now
        if packet.down:
            down = (0 if now - down_at > self.drain_down.lasts(down) else down) + packet.down
            down_at = now
        return state._replace(up=up, up_at=up_at, down=down, down_at=down_at)

    def _counted(self, state: State, packet: PacketOffered, now: Instant) -> State:
        """With the packet in what CELL_DCH counts for its timer."""
        up = packet.up + (state.up if now - state.up_at <= self.reset_window else 0)
        down = packet.down + (state.down if now - state.down_at <= self.reset_window else 0)
        return state._replace(
            up=up,
            up_at=now if packet.up else state.up_at,
            down=down,
            down_at=now if packet.down else state.down_at,
        )

    def _share(self, state: State, now: Instant, air: Duration = 0) -> Step:
        """On the shared channel, unless the buffers are full; `air` is that of the packet that came just now."""
        # MODEL: the shared channel carries at the rate of the other. Bias: transfers of up to 500 B are too short
        # there, by up to 0.7 s, and its timer begins that much too early.
        if state.up > self.buffer_up or state.down > self.buffer_down:
            waits = self.fach_dch + (air if state.phase is Phase.CELL_FACH else state.end - now)
            full = state._replace(phase=Phase.FACH_TO_DCH, since=now, end=max(state.end, now + waits))
            return Step(full, (StopTimer("fach"), StartTimer("promotion", self.fach_dch)))
        end = max(state.end, now + air)
        shared = state._replace(phase=Phase.CELL_FACH, since=now, end=end)
        return Step(shared, (StartTimer("fach", end - now + self.fach),))

    def _own(self, state: State, end: Instant, now: Instant) -> Step:
        """On a channel of its own until `end` and the timer after it."""
        own = state._replace(phase=Phase.CELL_DCH, since=now, end=end)
        return Step(own, (StartTimer("dch", end - now + self.dch),))
