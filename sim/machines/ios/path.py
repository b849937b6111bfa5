"""The network path: which interfaces have an address, which one is the default, and when processes hear of it.

Theory of operation. Nature says which networks are in reach; the user's switches say which radios are on; this
machine says what the phone makes of both. An interface can have an address and yet carry nothing (a hole, a fading
Wi-Fi): the path is still SATISFIED then, which is why sockets and tunnels wait instead of moving. The kernel's routes
change at once; processes (the provider, apps) are told a little later.

    SATISFIED      there is a default path
    UNSATISFIED    there is none

Wi-Fi is preferred as soon as it is associated and not held by a captive portal; cellular stays attached beside it. An
address that comes back (same network, with a probability) revives sockets that waited for it.

Left out: wired interfaces, NAT64. The access points of a network are one here. Wi-Fi Assist is nature's doing
(:mod:`sim.machines.ios.assist`).

Follows: Apple's Network framework (NWPath); XNU ``tcp_output.c`` for addresses that return.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, ClassVar, NamedTuple

from sim.base.citing import ASSUMED, MEASURED, REPORTED, Cited, Parameters
from sim.base.laws import DurationLaw, lognormal
from sim.base.units import MILLISECOND, DurationField, Instant, Share, seconds
from sim.machines.events import (
    AirplaneTurnedOff,
    AirplaneTurnedOn,
    BootFinished,
    CellularAttached,
    CellularLost,
    HoleBegan,
    HoleEnded,
    Interface,
    PathNoticed,
    PortalPassed,
    Rebooted,
    WifiDemoted,
    WifiFaded,
    WifiJoined,
    WifiLost,
    WifiPreferred,
    WifiSwitched,
)
from sim.machines.machine import Announce, Due, Effect, Event, Host, Row, StartTimer, Step, StopTimer, Watch, unchanged


class PathStatus(StrEnum):
    """NWPath.Status."""

    SATISFIED = "SATISFIED"
    UNSATISFIED = "UNSATISFIED"


class PathState(NamedTuple):
    """What is in reach, what is switched on, and what came of it. An address is a number; 0 means none."""

    phase: PathStatus
    wifi_near: str | None = None
    """SSID in reach, whether or not the radio is on."""
    portal: bool = False
    """That network waits for a sign-in."""
    signed_in: bool = False
    """It did, and got it."""
    cellular_near: bool = False
    wifi_on: bool = True
    """By the switch in Settings."""
    wifi_resting: bool = False
    """Its radio is off in airplane mode, or still searching after it or after a boot."""
    airplane: bool = False
    airplane_since: Instant = 0
    booted: bool = True
    wifi: int = 0
    """Address of en0."""
    cellular: int = 0
    """Address of pdp_ip0."""
    wifi_works: bool = True
    cellular_works: bool = True
    demoted: bool = False
    """Wi-Fi still has its address, but is no longer the default path."""
    last_wifi: tuple[str, int] = ("", 0)
    """SSID and address of the last association."""
    last_cellular: int = 0
    addresses: int = 0
    """How many addresses were given out."""
    default: Interface | None = None
    settling: bool = False
    """Wi-Fi is gone and cellular has not taken over yet."""
    luck: tuple[float, float] = (0.0, 0.0)
    """For Wi-Fi and cellular: whether the next association gives the same address."""
    told: tuple[Interface | None, int] = (None, 0)
    """What processes were last told: default interface and its address."""

    @property
    def works(self) -> bool:
        """Whether there is a default path that carries packets."""
        if self.default is None:
            return False
        return self.wifi_works if self.default is Interface.WIFI else self.cellular_works


class PathRules(Parameters):
    """How fast the phone changes paths."""

    host: ClassVar[Host] = Host.SYSTEM
    hears: ClassVar[frozenset[type[Event]]] = frozenset(
        {
            WifiJoined, WifiFaded, WifiDemoted, WifiPreferred, WifiLost, PortalPassed, CellularAttached, CellularLost,
            HoleBegan, HoleEnded, AirplaneTurnedOn, AirplaneTurnedOff, WifiSwitched, Rebooted, BootFinished,
        }
    )  # fmt: skip

    notice_delay: Annotated[
        DurationLaw,
        Cited("judgement", "from the kernel's change to the process's path event", ASSUMED, "0.05 s", "1 s"),
    ] = lognormal(200 * MILLISECOND, 0.5, seconds(1))
    handover_gap: Annotated[
        DurationLaw, Cited("algo-1385", "0.4 s of network unreachable in a log", MEASURED, "0.1 s", "2 s")
    ] = lognormal(400 * MILLISECOND, 0.6, seconds(2))
    weak_wifi: Annotated[
        DurationLaw,
        Cited("judgement", "Wi-Fi carries nothing before iOS gives it up", ASSUMED, "1 s", "40 s", starred=True),
    ] = lognormal(seconds(8), 0.8, seconds(40))
    overlap: Annotated[
        DurationLaw, Cited("judgement", "both interfaces live after cellular took over early", ASSUMED, "0.5 s", "6 s")
    ] = lognormal(seconds(3), 0.2, seconds(6))
    wifi_return: Annotated[
        DurationLaw,
        Cited("pei2017", "scan to address on a known network; fit for public ones is slower", ASSUMED, "0.6 s", "6 s"),
    ] = lognormal(seconds(2), 0.5, seconds(6))
    cellular_return: Annotated[
        DurationLaw, Cited("ts24501", "search, registration and session after airplane mode", ASSUMED, "1 s", "10 s")
    ] = lognormal(seconds(3), 0.4, seconds(10))
    public_join: Annotated[
        DurationLaw,
        Cited(
            "pei2017",
            "15 % above 5 s, 5 % above 10 s: the log-normal law with both",
            MEASURED,
            "0.6 s",
            "30 s",
            "scan to address, of attempts that succeed",
        ),
    ] = lognormal(1540 * MILLISECOND, 1.14, seconds(60))
    public_join_failure: Annotated[
        Share,
        Cited("pei2017", "a third of attempts; 3.6 % where the access point is well chosen", MEASURED, "0.02", "0.45"),
    ] = 0.3
    pingpong: Annotated[
        DurationLaw, Cited("handover-thesis-2026", "most return within 30 s", MEASURED, "5 s", "60 s")
    ] = lognormal(seconds(15), 0.6, seconds(60))
    pingpong_visit: Annotated[
        DurationLaw, Cited("judgement", "how long the Wi-Fi just left comes back for", ASSUMED, "2 s", "60 s")
    ] = lognormal(seconds(8), 0.8, seconds(60))
    same_wifi_address: Annotated[
        Share, Cited("judgement", "a cached lease is asked for again", ASSUMED, "0.5", "1", starred=True)
    ] = 0.9
    same_cellular_address: Annotated[
        Share, Cited("judgement", "a new attach gets a new address", ASSUMED, "0", "0.4")
    ] = 0.1
    new_address_after: Annotated[
        DurationField,
        Cited("proxidize-39", "airplane mode must last 3 to 5 s for a new public address", REPORTED, "3 s", "10 s"),
    ] = seconds(5)
    boot: Annotated[DurationLaw, Cited("judgement", "from restart to radios on", ASSUMED, "10 s", "60 s")] = lognormal(
        seconds(25), 0.2, seconds(60)
    )
    first_unlock: Annotated[
        DurationLaw,
        Cited("judgement", "from boot to the first unlock, if the scenario states none", ASSUMED, "2 s", "10 h"),
    ] = lognormal(seconds(60), 1.0, seconds(36000))

    transitions: ClassVar[tuple[Row, ...]] = (
        *(
            Row(PathStatus.UNSATISFIED, event, PathStatus.SATISFIED, "an interface got an address")
            for event in (
                "WifiJoined", "CellularAttached", "Due(wifi)", "Due(cellular)", "Due(settle)", "PortalPassed",
                "WifiSwitched",
            )
        ),
        *(
            Row(PathStatus.SATISFIED, event, PathStatus.UNSATISFIED, "the last address is gone, or waits")
            for event in ("WifiLost", "CellularLost", "AirplaneTurnedOn", "WifiSwitched", "Rebooted", "WifiJoined")
        ),
    )  # fmt: skip

    def start(self) -> Step:
        """Nothing is in reach until nature says so."""
        return Step(PathState(PathStatus.UNSATISFIED))

    def watches(self, state: PathState) -> tuple[Watch, ...]:
        """Traffic means nothing to a path."""
        return ()

    def step(self, state: PathState, event: Event, now: Instant) -> Step:
        """See the table; every case only says what is in reach or switched, :meth:`_settle` draws the conclusion."""
        match event:
            case WifiJoined(ssid, luck, portal):
                lucky = (luck, state.luck[1])
                near = state._replace(wifi_near=ssid, portal=portal, signed_in=False, luck=lucky, demoted=False)
                return self._settle(state, near._replace(wifi=0, wifi_works=True), now)
            case WifiFaded():
                return self._settle(state, state._replace(wifi_works=False), now)
            case WifiDemoted():
                return self._settle(state, state._replace(demoted=True), now)
            case WifiPreferred():
                return self._settle(state, state._replace(demoted=False), now)
            case WifiLost(gap):
                gone = state._replace(wifi_near=None, portal=False, signed_in=False, wifi=0, wifi_works=True)
                settles = bool(gap) and state.default is Interface.WIFI and bool(state.cellular)
                step = self._settle(state, gone._replace(settling=settles or state.settling), now)
                return Step(step.state, (*step.effects, StartTimer("settle", gap))) if settles else step
            case PortalPassed():
                return self._settle(state, state._replace(portal=False, signed_in=True), now)
            case CellularAttached():
                return self._settle(state, state._replace(cellular_near=True, luck=(state.luck[0], 0.0)), now)
            case CellularLost():
                return self._settle(state, state._replace(cellular_near=False), now)
            case HoleBegan(interface):
                return self._settle(state, _working(state, interface, False), now)
            case HoleEnded(interface):
                return self._settle(state, _working(state, interface, True), now)
            case AirplaneTurnedOn(keeps_wifi):
                resting = state.wifi_resting or not keeps_wifi
                since = state.airplane_since if state.airplane else now
                off = state._replace(airplane=True, airplane_since=since, wifi_resting=resting, settling=False)
                step = self._settle(state, off, now)
                return Step(step.state, (*step.effects, StopTimer("wifi"), StopTimer("cellular")))
            case AirplaneTurnedOff(wifi_luck, cellular_luck) if state.airplane:
                # The core network has not noticed a short absence: the same bearer, the same address.
                short = now - state.airplane_since < self.new_address_after
                return self._search(state._replace(luck=(wifi_luck, -1.0 if short else cellular_luck)))
            case WifiSwitched(on, luck):
                switched = state._replace(wifi_on=on, wifi_resting=state.wifi_resting and not on)
                return self._settle(state, switched._replace(luck=(luck, state.luck[1])), now)
            case Rebooted():
                down = state._replace(booted=False, settling=False, luck=(1.0, 1.0))
                step = self._settle(state, down, now)
                return Step(step.state, (*step.effects, StopTimer("wifi"), StopTimer("cellular")))
            case BootFinished() if not state.booted:
                return self._search(state._replace(booted=True, airplane=True, wifi_resting=True))
            case Due("wifi"):
                return self._settle(state, state._replace(wifi_resting=False), now)
            case Due("cellular"):
                return self._settle(state, state._replace(airplane=False), now)
            case Due("settle"):
                return self._settle(state, state._replace(settling=False), now)
            case Due("notice"):
                return self._tell(state)
        return unchanged(state)

    def _search(self, state: PathState) -> Step:
        """Radios are on again, and look for what is near."""
        timers: tuple[Effect, ...] = (StartTimer("cellular", self.cellular_return),)
        if state.wifi_resting:
            timers += (StartTimer("wifi", self.wifi_return),)
        return Step(state, timers)

    def _settle(self, before: PathState, state: PathState, now: Instant) -> Step:
        """Give and take addresses, choose the default path, and let everybody know if anything changed.

        What is there when the scenario begins has been known for long.
        """
        wifi_up = state.booted and state.wifi_on and not state.wifi_resting and state.wifi_near is not None
        cellular_up = state.booted and not state.airplane and state.cellular_near
        if wifi_up and not state.wifi:
            ssid, address = state.last_wifi
            same = ssid == state.wifi_near and state.luck[0] < self.same_wifi_address
            given = state.addresses if same else state.addresses + 1
            address = address if same else given
            state = state._replace(
                wifi=address, addresses=given, last_wifi=(state.wifi_near or "", address), wifi_works=True
            )
        elif not wifi_up:
            state = state._replace(wifi=0)
        if cellular_up and not state.cellular:
            same = state.last_cellular > 0 and state.luck[1] < self.same_cellular_address
            given = state.addresses if same else state.addresses + 1
            address = state.last_cellular if same else given
            state = state._replace(cellular=address, addresses=given, last_cellular=address)
        elif not cellular_up:
            state = state._replace(cellular=0)

        default = None
        if state.wifi and not state.portal and not (state.demoted and state.cellular):
            default = Interface.WIFI
        elif state.cellular and not state.settling:
            default = Interface.CELLULAR
        phase = PathStatus.SATISFIED if default else PathStatus.UNSATISFIED
        settling = state.settling and default is not Interface.WIFI
        state = state._replace(phase=phase, default=default, settling=settling)
        if as_seen(state) == as_seen(before):
            return Step(state)
        # Whether an interface carries is not part of what processes are told.
        told = (state.default, _address(state), state.portal) == (before.default, _address(before), before.portal)
        return Step(state, () if told else (StartTimer("notice", self.notice_delay if now else 0),))

    def _tell(self, state: PathState) -> Step:
        """Processes get their path event."""
        now = (state.default, _address(state))
        moved = now != state.told and state.default is not None and state.told != (None, 0)
        return Step(
            state._replace(told=now if state.default else state.told),
            (
                Announce(
                    PathNoticed(
                        usable=state.default is not None,
                        moved=moved,
                        cellular=state.default is Interface.CELLULAR,
                        ssid=state.wifi_near if state.wifi else None,
                        portal=state.portal,
                    )
                ),
            ),
        )


def _working(state: PathState, interface: Interface, works: bool) -> PathState:
    if interface is Interface.WIFI:
        return state._replace(wifi_works=works)
    return state._replace(cellular_works=works)


def _address(state: PathState) -> int:
    return state.wifi if state.default is Interface.WIFI else state.cellular if state.default else 0


def as_seen(state: PathState) -> tuple[object, ...]:
    """What routing depends on."""
    return (state.default, state.wifi, state.cellular, state.wifi_works, state.cellular_works, state.portal)
