"""What a packet meets between the phone and its VPN server: delay, loss, a radio that must wake, a handover under way,
a server that may be silent."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import NamedTuple, TypeVar

from sim.base.units import NEVER, Bytes, Duration, Instant
from sim.engine.traffic import Traffic
from sim.machines.events import Interface
from sim.machines.ios.path import PathState
from sim.machines.machine import Transmit
from sim.machines.radio import SETS, WIFI_SETS
from sim.machines.radio.cellular import CellularRadio
from sim.machines.radio.paging import listens_after, wakes_after
from sim.world.intervals import Intervals
from sim.world.scenario import Wifi
from sim.world.world import World

_RECENT = 8
"""Control messages looked back at for radio activity; more of them within one promotion do not occur."""


class Control(NamedTuple):
    """A control message on the air."""

    at: Instant
    name: str
    up: Bytes
    down: Bytes
    cause: int
    """The record of the machine that sent it."""


class Access(NamedTuple):
    """An access network, up to the internet."""

    rtt: Duration
    loss: float
    """Per packet and direction."""


class Way(NamedTuple):
    """The way to one server over one access network."""

    round_trip: Duration
    loss: float
    """Per packet and direction."""
    ipv6: bool


class Network:
    """The access networks and servers of one run, and the control messages that crossed them."""

    def __init__(self, world: World, traffic: Traffic) -> None:
        scenario = world.scenario
        self._cellular = scenario.cellular
        self._wifis = {w.ssid: w for w in scenario.wifi}
        self._servers = {s.name: s for s in scenario.servers}
        self._traffic = traffic
        self._radios = [(at, SETS[name]) for at, name in world.nature.radios]
        self._signal = list(world.nature.signal)
        self._station = WIFI_SETS[scenario.device.wifi_radio]
        self._handovers, self._roams = _ends(world.nature.interruptions), _ends(world.nature.roams)
        self._over_tcp = world.protocol.transport == "tcp"
        self._slow = scenario.device.behaviour.mptcp_slow
        self.reached = True
        """What the server sends by itself reaches the phone."""
        self._round_trips: list[tuple[Instant, Duration | None]] = list(world.nature.round_trips) or [(0, None)]
        self._losses: list[tuple[Instant, float | None]] = list(world.nature.losses) or [(0, None)]
        self._ways: dict[tuple[str | None, str, Access], Way] = {}
        routed = [w.ssid for w in scenario.wifi if w.routes_of_its_own]
        self.diversions = {ssid: number for number, ssid in enumerate(routed, start=1)}
        """Networks with routes of their own, and their numbers."""
        self.with_vpn = frozenset(w.ssid for w in scenario.wifi if w.router_vpn)
        """Networks whose router has a VPN."""
        self.silent: set[str] = set()
        """Servers that answer nobody just now."""
        self.control: list[Control] = []
        self.default_since: Instant = 0
        """When the default path last changed."""

    def way(self, path: PathState, server: str, now: Instant) -> Way:
        """The way over the default path."""
        wifi = self._wifi(path)
        access = Access(wifi.rtt, wifi.loss) if wifi else self._cellular_access(now)
        key = (wifi.ssid if wifi else None, server, access)
        found = self._ways.get(key)
        if found is None:
            behind, ipv6 = self._servers[server], (wifi or self._cellular).ipv6
            loss = 1 - (1 - access.loss) * (1 - behind.loss)
            found = self._ways[key] = Way(access.rtt + behind.extra_rtt, loss, ipv6)
        return found

    def _wifi(self, path: PathState) -> Wifi | None:
        """The Wi-Fi network that is the default path, if one is."""
        return self._wifis.get(path.wifi_near or "") if path.default is Interface.WIFI else None

    def _cellular_access(self, now: Instant) -> Access:
        """What cellular is like at this moment: as it was recorded, or as the signal makes it."""
        band = self._cellular.signal.of(_latest(self._signal, now), self.radio(now).rat)
        rtt, loss = _latest(self._round_trips, now), _latest(self._losses, now)
        return Access(
            self._cellular.rtt + band.delay if rtt is None else rtt,
            1 - (1 - self._cellular.loss) * (1 - band.loss) if loss is None else loss,
        )

    def radio(self, now: Instant) -> CellularRadio:
        """The cellular radio of this moment."""
        return _latest(self._radios, now)

    def carries(self, path: PathState, server: str) -> bool:
        """Whether the default path and the server carry packets."""
        return server not in self.silent and path.works

    def wifi_slow(self, path: PathState) -> bool:
        """Whether the default path is a Wi-Fi that multipath TCP finds slow."""
        wifi = self._wifi(path)
        return wifi is not None and wifi.rtt > self._slow

    def translation_lifetime(self, path: PathState) -> Duration:
        """How long the default network's NAT remembers a tunnel that is silent. [µs]"""
        access = self._wifi(path) or self._cellular
        return access.nat_tcp if self._over_tcp else access.nat_udp

    def answer_after(self, message: Transmit, way: Way, path: PathState, now: Instant) -> Duration:
        """From sending a message until its answer is complete. [µs]

        # MODEL: of an exchange of several round trips only the first packet and the last answer meet the radio and
        # handovers. Bias: exchanges over an access whose round trip is longer than a DRX cycle are too quick.
        """
        cellular = path.default is Interface.CELLULAR
        breaks = self._handovers if cellular else self._roams
        sent = _held(now + (self._radio_wait(now) if cellular else 0), breaks)
        back = sent + message.round_trips * way.round_trip
        asked = back - way.round_trip
        i = bisect_left(self._traffic.times, back)
        quiet = back - max(asked, self._traffic.times[i - 1] if i else asked)
        if cellular:
            back += listens_after(self.radio(now), quiet)
        else:
            back += wakes_after(self._station, quiet, back - self.default_since)
        return _held(back, breaks) - now

    def _radio_wait(self, now: Instant) -> Duration:
        """Promotion that a packet offered now waits for.

        # MODEL: every burst counts as radio activity from its instant on, also one that a policy held back and a push
        # whose page is not yet heard. Bias: just after one, a handshake may find the radio awake up to a promotion
        # (0.3 s) too early, and after a push up to a paging cycle more.
        """
        times, radio = self._traffic.times, self.radio(now)
        recent = [c.at for c in self.control[-_RECENT:] if c.at < now]
        i = bisect_left(times, now)
        last = max(times[i - 1] if i else -NEVER, recent[-1] if recent else -NEVER, self.default_since - radio.tail)
        if now - last >= radio.tail:
            return radio.promotion
        # Awake, unless the promotion that woke it is still under way: look for its first packet.
        window = now - radio.promotion
        j = bisect_left(times, window)
        first = min([t for t in (times[j] if j < i else NEVER, *recent) if t >= window], default=NEVER)
        if first >= now:
            return 0
        before = max([times[j - 1] if j else -NEVER, *(t for t in recent if t < window)])
        return first + radio.promotion - now if first - before >= radio.tail else 0


class _Breaks(NamedTuple):
    """When nothing passes for a moment."""

    begins: list[Instant]
    ends: list[Instant]
    """One more: before the first beginning stands 0."""


def _ends(interruptions: Intervals) -> _Breaks:
    return _Breaks(interruptions[:, 0].tolist(), [0, *interruptions[:, 1].tolist()])


def _held(at: Instant, breaks: _Breaks) -> Instant:
    """`at`, or the end of the handover that is under way then."""
    return max(at, breaks.ends[bisect_right(breaks.begins, at)])


T = TypeVar("T")


def _latest(since: list[tuple[Instant, T]], now: Instant) -> T:
    """What holds since the latest instant up to `now`. Questions follow each other in time: what is over is dropped."""
    while len(since) > 1 and since[1][0] <= now:
        since.pop(0)
    return since[0][1]
