"""What a packet meets between the phone and its VPN server: delay, loss, a radio that must wake, a server that may
be silent."""

from __future__ import annotations

from bisect import bisect_left
from typing import NamedTuple, TypeVar

from sim.base.units import NEVER, Bytes, Duration, Instant
from sim.engine.traffic import Traffic
from sim.machines.events import Interface
from sim.machines.ios.path import PathState
from sim.machines.machine import Transmit
from sim.machines.radio import SETS
from sim.machines.radio.cellular import CellularRadio
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
        self._signal = [(at, self._cellular.signal.band(dbm)) for at, dbm in world.nature.signal]
        self._radios = [(at, SETS[name]) for at, name in world.nature.radios]
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
        self.cellular_since: Instant = 0
        """When cellular last became the default path."""

    def way(self, path: PathState, server: str, now: Instant) -> Way:
        """The way over the default path."""
        wifi = self._wifis.get(path.wifi_near or "") if path.default is Interface.WIFI else None
        access = Access(wifi.rtt, wifi.loss) if wifi else self._cellular_access(now)
        key = (wifi.ssid if wifi else None, server, access)
        found = self._ways.get(key)
        if found is None:
            behind, ipv6 = self._servers[server], (wifi or self._cellular).ipv6
            loss = 1 - (1 - access.loss) * (1 - behind.loss)
            found = self._ways[key] = Way(access.rtt + behind.extra_rtt, loss, ipv6)
        return found

    def _cellular_access(self, now: Instant) -> Access:
        """What cellular is like at this moment: as it was recorded, or as the signal makes it."""
        band = _latest(self._signal, now)
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
        if path.default is None or server in self.silent:
            return False
        return path.wifi_works if path.default is Interface.WIFI else path.cellular_works

    def answer_after(self, message: Transmit, way: Way, path: PathState, now: Instant) -> Duration:
        """From sending a message until its answer is complete. [µs]"""
        wait = self._radio_wait(now) if path.default is Interface.CELLULAR else 0
        return wait + message.round_trips * way.round_trip

    def _radio_wait(self, now: Instant) -> Duration:
        """Promotion that a packet offered now waits for.

        # MODEL: every burst counts as radio activity, also one that a policy held back. Bias: after a held burst a
        # handshake may find the radio awake up to one promotion (0.3 s) too early.
        """
        times, radio = self._traffic.times, self.radio(now)
        recent = [c.at for c in self.control[-_RECENT:] if c.at < now]
        i = bisect_left(times, now)
        last = max(times[i - 1] if i else -NEVER, recent[-1] if recent else -NEVER, self.cellular_since - radio.tail)
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


T = TypeVar("T")


def _latest(since: list[tuple[Instant, T]], now: Instant) -> T:
    """What holds since the latest instant up to `now`. Questions follow each other in time: what is over is dropped."""
    while len(since) > 1 and since[1][0] <= now:
        since.pop(0)
    return since[0][1]
