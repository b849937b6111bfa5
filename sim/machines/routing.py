"""Which way a flow goes: the one place where "leaked" is defined.

A verdict is a function of what the flow is (:class:`Traits`), where its socket is bound, and how things stand
(:class:`Situation`). It says the way, the fate of a burst that goes this way now, and the grounds: which parts of the
situation justify it. A leak is a conjunction (the path is up, *and* the tunnel is not, *and* nothing blocks), so it
has a chain of causes for each of its grounds.

Follows: XNU ``ip_output.c`` (a connected socket keeps the interface of its source address), ``necp.c`` (policies that
drop); Apple's NetworkExtension headers and device-management schema for the flags.
"""

from __future__ import annotations

from enum import IntEnum, StrEnum
from typing import NamedTuple

from sim.machines.events import Interface


class Fate(IntEnum):
    """What became of a burst; exactly one."""

    TUNNELLED = 0
    LEAKED = 1
    BYPASSED = 2
    OPEN = 3
    BLOCKED = 4
    STALLED = 5
    OFFLINE = 6
    WAITING = 7
    BEYOND = 8
    """Left the phone into the tunnel of a router that has a VPN itself."""


UNSEEN = frozenset({Fate.TUNNELLED, Fate.BEYOND})
"""What the local network and the destination see of a burst is a VPN server."""


class Way(StrEnum):
    """Where a packet of a flow goes."""

    TUNNEL = "tunnel"
    OUTSIDE = "outside"
    REFUSED = "refused"
    """The system drops it."""
    HELD = "held"
    """On-demand holds the new flow until the tunnel is up."""
    UNREACHED = "unreached"
    """Pushed to the phone through a tunnel that a NAT on the way has forgotten."""
    NOWHERE = "nowhere"
    """No usable network."""


class Intended(StrEnum):
    """Where a flow should go, by the configuration."""

    PROTECT = "PROTECT"
    DIRECT = "DIRECT"
    """The user's own configuration excludes it."""
    SYSTEM = "SYSTEM"
    """The platform excludes it whatever the user wants."""


class Cause(StrEnum):
    """Why a flow that should be inside is outside: the leak mechanisms, one name each."""

    LEGACY_SOCKET = "L01 legacy socket"
    SYSTEM_SOCKET = "L02 system's new socket"
    TUNNEL_GAP = "L03 gap in the tunnel"
    SERVER_DEAD = "L04 reaction to a dead server"
    DNS = "L05 DNS outside"
    IPV6 = "L06 IPv6 outside"
    LOCAL_NET = "L07 hostile local network"
    DHCP_ROUTE = "L08 route from DHCP"
    CAPTIVE_PORTAL = "L09 captive portal"
    PER_APP_MISS = "L10 per-app miss"
    ON_DEMAND_GAP = "L11 on-demand gap"
    NO_ENFORCER = "L12 boot, update or restart"
    PROVIDER_DEATH = "L14 provider death"
    SLEEP = "L15 disconnect on sleep"
    OTHER_RADIO = "L16 other radio"


class Reason(StrEnum):
    """Why a flow is outside by design, and which mechanism that is."""

    APPLE = "apple"
    PUSH = "push"
    CARRIER = "carrier"
    DEVICE = "device"
    WATCH = "watch"
    NETWORK = "network"
    """Link control and captive checks."""
    LOCAL = "local"
    EXCEPTION = "exception"
    """Always-On exempts this service or app."""
    UNLISTED = "unlisted"
    """Its app is not in the list of a per-app VPN."""
    ROUTE = "route"
    """The tunnel's routes leave its destination out."""
    TETHERED = "tethered"
    """It is another device's, on the personal hotspot."""

    @property
    def mechanism(self) -> str:
        """The mechanism's number, L02 for what the platform does by itself; "" for the user's own choice."""
        match self:
            case Reason.EXCEPTION:
                return "L17"
            case Reason.LOCAL | Reason.UNLISTED | Reason.ROUTE:
                return ""
            case _:
                return "L02"


NEARBY = frozenset({Reason.NETWORK, Reason.LOCAL, Reason.DEVICE, Reason.WATCH})
"""What ends in the local network: no router's VPN carries it."""


class Diversion(NamedTuple):
    """What a network's own routes do with a destination that the tunnel should take."""

    cause: Cause
    dropped: bool = False
    """A firewall on the device drops it there, instead of letting it out."""


class Traits(NamedTuple):
    """What a kind of flow is, as far as its way depends on it. Flows with equal traits share every verdict."""

    intended: Intended
    covered: bool
    """The tunnel's routes (and resolver, and app list) take it in, for IPv4."""
    covered_v6: bool
    family: str
    """v4, v6 or dual."""
    uncovered: Cause | None
    """Why it is outside when the tunnel is up and does not cover it, if that is a leak."""
    exempt: bool
    """Sealing does not apply to it."""
    connected: bool
    """Its socket keeps the address it was opened with."""
    scope: Interface | None
    """The app pinned it to this interface."""
    prefers_cellular: bool
    gated: bool
    """On-demand holds it while the tunnel is down."""
    link: bool
    """Link control: works before any path is up."""
    falls_back: bool = False
    """A look-up that the tunnel leaves unanswered asks the network's resolver, too."""
    pushed: bool = False
    """The other side begins: its bursts must reach the phone first."""
    multipath: str = "none"
    """Multipath TCP: `handover` or `interactive` puts a second subflow on cellular."""
    probe: bool = False
    """Not a flow: what a leak-test page would see."""
    reason: Reason | None = None
    """Why it is outside by design, where it is."""
    diverted: tuple[Diversion | None, ...] = ()
    """For each network with routes of its own, what they do with it under this VPN; see `Situation.diversion`."""
    drops_v6: bool = False
    """The provider takes IPv6 into its tunnel and drops it."""
    forged: tuple[bool, ...] = ()
    """For each network with routes of its own, whether a forged answer of its makes this destination the server."""
    strays_in_updates: bool = False
    """The platform lets its look-ups out while the tunnel is set up anew, sealed or not."""


class Binding(NamedTuple):
    """Which interface owns a socket's local address, and which of its successive addresses that is."""

    interface: Interface
    number: int


class Situation(NamedTuple):
    """How things stand: the states of the machines, as far as routing depends on them.

    Fields of one aspect (:data:`ASPECTS`) stand together.
    """

    intent: bool
    connected: bool
    """NEVPNStatus is CONNECTED."""
    routes: bool
    """The tunnel's interface exists and its routes are in force."""
    utun: int
    """Number of the tunnel's interface; 0: none."""
    gap: Cause
    """Why there is no tunnel, when there is none."""
    holds: bool
    """On-demand is about to connect."""
    deadlocked: bool
    drops: bool
    """The app's own kill switch has taken the place of the routes."""
    forged: int
    """Number, among the networks with routes of their own, of the one that told the provider where its server is; 0:
    none."""
    answers: bool
    """What enters the tunnel comes back: session, path and server all carry."""
    reached: bool
    """What the server sends by itself reaches the phone: no NAT on the way has forgotten the tunnel."""
    seals: bool
    enforces: bool
    """enforceRoutes scopes included routes to the tunnel, over an app's own choice of interface."""
    default: Interface | None
    wifi: int
    """Number of en0's address; 0: none."""
    cellular: int
    wifi_works: bool
    cellular_works: bool
    ipv6: bool
    """The default network has IPv6."""
    portal: bool
    """The default network is one that wanted a sign-in."""
    wifi_slow: bool
    """The default network is a Wi-Fi too slow for an interactive multipath socket."""
    diversion: int = 0
    """Number of the default network among those with routes of their own; 0: it has none."""
    beyond: bool = False
    """The router of the Wi-Fi network has a VPN of its own: what leaves over Wi-Fi is inside that one."""

    @property
    def address(self) -> int:
        """Number of the default interface's address; 0: none."""
        return self.wifi if self.default is Interface.WIFI else self.cellular if self.default else 0

    def works(self, interface: Interface | None) -> bool:
        """Whether this interface carries packets while it has an address; no interface does not."""
        if interface is None:
            return False
        return self.wifi_works if interface is Interface.WIFI else self.cellular_works


class Verdict(NamedTuple):
    """Which way, and what that means for a burst."""

    way: Way
    binding: Binding | None
    fate: Fate | None
    """The fate of a burst that goes this way now; None: it waits."""
    otherwise: Fate
    """Its fate if it waits in vain."""
    cause: Cause | None
    grounds: tuple[str, ...]
    """Names of the parts of the situation that justify it; see :data:`ASPECTS`."""
    first: Binding | None = None
    """Where the first subflow of a multipath socket is bound, when this is about its second one."""

    @property
    def home(self) -> Binding | None:
        """Where the socket itself is bound."""
        return self.first or self.binding

    @property
    def exposed(self) -> bool:
        """A PROTECT flow is routed outside the tunnel (whether or not the interface carries just now)."""
        return self.way is Way.OUTSIDE and self.cause is not None

    @property
    def blocks(self) -> bool:
        """A policy keeps the flow from the network, at once or for as long as it waits."""
        return self.otherwise is Fate.BLOCKED


ASPECTS: dict[str, tuple[str, ...]] = {
    "intent": ("intent",),
    "tunnel": ("connected", "routes", "utun", "gap", "holds", "deadlocked", "drops", "forged"),
    "session": ("answers", "reached"),
    "policy": ("seals", "enforces"),
    "path": (
        "default",
        "wifi",
        "cellular",
        "wifi_works",
        "cellular_works",
        "ipv6",
        "portal",
        "wifi_slow",
        "diversion",
        "beyond",
    ),
}
"""Grounds → the fields of :class:`Situation` in them."""


def fresh(traits: Traits, s: Situation) -> Verdict:
    """The verdict on a new flow, or on a datagram of a socket that is bound to nothing."""
    return _by_second_subflow(traits, s, _fresh(traits, s))


def kept(traits: Traits, binding: Binding, s: Situation) -> Verdict:
    """The verdict on a live socket that keeps the address it was opened with."""
    return _by_second_subflow(traits, s, _kept(traits, binding, s))


def _by_second_subflow(traits: Traits, s: Situation, one: Verdict) -> Verdict:
    """What a multipath socket does instead when Wi-Fi is its way and carries nothing, or is slow.

    The second subflow is pinned to cellular, so it is outside, unless a policy takes pinned sockets in.

    # MODEL: it is used at once, and no longer when Wi-Fi is well again. XNU first waits for two time-outs of the first
    # subflow, about a second, and may keep the second one. Bias: exposure begins a second early and ends early.
    """
    if traits.multipath == "none" or s.default is not Interface.WIFI or not s.cellular or s.seals or s.enforces:
        return one
    poor = not s.wifi_works or (traits.multipath == "interactive" and s.wifi_slow)
    if not poor or one.way in (Way.REFUSED, Way.HELD):
        return one
    cause = Cause.OTHER_RADIO if s.intent else None
    cellular = Binding(Interface.CELLULAR, s.cellular)
    return _outside(traits, cellular, s, cause, ("path", "policy"))._replace(first=one.binding)


def _fresh(traits: Traits, s: Situation) -> Verdict:
    if traits.link:
        return _outside(traits, _physical(traits, s), s, None, ("path",))
    if s.deadlocked:
        return Verdict(Way.REFUSED, None, Fate.BLOCKED, Fate.BLOCKED, None, ("tunnel", "policy"))
    uses_v6 = traits.family == "v6" or (traits.family == "dual" and s.ipv6)
    pinned = traits.scope is not None and not s.seals and not s.enforces
    if uses_v6 and traits.drops_v6 and s.routes and not pinned:
        if traits.family == "v6":
            return Verdict(Way.REFUSED, None, Fate.BLOCKED, Fate.BLOCKED, None, ("tunnel",))
        uses_v6 = False  # nothing comes back, so the connection falls back to IPv4 (happy eyeballs)
    covered = traits.covered_v6 if uses_v6 else traits.covered
    if s.routes and covered and not pinned:
        diverted = traits.diverted[s.diversion - 1] if s.diversion and traits.diverted else None
        if diverted is not None and not uses_v6:
            if diverted.dropped:
                return Verdict(Way.REFUSED, None, Fate.BLOCKED, Fate.BLOCKED, None, ("path", "policy"))
            return _outside(traits, Binding(Interface.WIFI, s.wifi), s, diverted.cause, ("path", "policy"))
        if s.forged and traits.forged and traits.forged[s.forged - 1]:
            return _outside(traits, _physical(traits, s), s, Cause.LOCAL_NET, ("tunnel", "path"))
        if traits.falls_back and not s.answers and not s.seals:
            return _outside(traits, _physical(traits, s), s, Cause.DNS, ("session", "path"))
        return _inside(traits, s, Binding(Interface.UTUN, s.utun))
    interface = _physical(traits, s)
    if traits.strays_in_updates and s.seals and not s.routes and s.intent:
        return _outside(traits, interface, s, Cause.DNS, ("tunnel", "path"))
    if s.seals and not traits.exempt:
        return Verdict(Way.REFUSED, None, Fate.BLOCKED, Fate.BLOCKED, None, ("tunnel", "policy"))
    if s.holds and not s.routes and covered and traits.gated and not pinned:
        return Verdict(Way.HELD, None, None, Fate.BLOCKED, None, ("tunnel", "policy"))
    if s.routes:
        cause = (
            Cause.OTHER_RADIO if pinned and covered else Cause.IPV6 if uses_v6 and traits.covered else traits.uncovered
        )
        return _outside(traits, interface, s, cause, ("path", "policy"))
    if s.drops and covered and not pinned:
        return Verdict(Way.REFUSED, None, Fate.BLOCKED, Fate.BLOCKED, None, ("tunnel",))
    if not covered and traits.uncovered in (Cause.DNS, Cause.PER_APP_MISS):
        return _outside(traits, interface, s, traits.uncovered, ("path", "policy"))
    joining = s.portal and s.gap in (Cause.ON_DEMAND_GAP, Cause.TUNNEL_GAP)
    return _outside(traits, interface, s, Cause.CAPTIVE_PORTAL if joining else s.gap, ("intent", "tunnel", "path"))


def _kept(traits: Traits, binding: Binding, s: Situation) -> Verdict:
    if s.deadlocked and not traits.link:
        return Verdict(Way.REFUSED, binding, Fate.BLOCKED, Fate.BLOCKED, None, ("tunnel", "policy"))
    if not holds_address(binding, s):
        # The address is gone; the socket stays silent and waits for it (XNU tcp_output.c).
        return Verdict(Way.NOWHERE, binding, None, Fate.STALLED if s.default else Fate.OFFLINE, None, ("path",))
    if binding.interface is Interface.UTUN:
        if not s.routes:
            # Its packets carry the tunnel's address, and the tunnel takes nothing just now.
            way = Way.UNREACHED if traits.pushed and not s.reached else Way.TUNNEL
            return Verdict(way, binding, None, Fate.BLOCKED, None, ("tunnel",))
        return _inside(traits, s, binding)
    return _outside(traits, binding, s, Cause.LEGACY_SOCKET, ("intent", "path"))


def holds_address(binding: Binding, s: Situation) -> bool:
    """Whether the address a socket is bound to still exists."""
    match binding.interface:
        case Interface.WIFI:
            return binding.number == s.wifi
        case Interface.CELLULAR:
            return binding.number == s.cellular
        case _:
            return binding.number == s.utun


def _physical(traits: Traits, s: Situation) -> Binding | None:
    """The physical interface a new flow takes outside the tunnel."""
    wants_cellular = traits.scope is Interface.CELLULAR or traits.prefers_cellular
    if wants_cellular and s.cellular:
        return Binding(Interface.CELLULAR, s.cellular)
    if traits.scope is Interface.CELLULAR:
        return None
    if traits.scope is Interface.WIFI:
        return Binding(Interface.WIFI, s.wifi) if s.wifi else None
    if traits.link and s.wifi:
        return Binding(Interface.WIFI, s.wifi)
    if s.default is Interface.WIFI:
        return Binding(Interface.WIFI, s.wifi)
    if s.default is Interface.CELLULAR:
        return Binding(Interface.CELLULAR, s.cellular)
    return None


def _inside(traits: Traits, s: Situation, binding: Binding) -> Verdict:
    """Into the tunnel, and whether it carries."""
    if traits.pushed and not s.reached and s.default is not None:
        return Verdict(Way.UNREACHED, binding, None, Fate.STALLED, None, ("tunnel", "session"))
    if s.answers:
        return Verdict(Way.TUNNEL, binding, Fate.TUNNELLED, Fate.TUNNELLED, None, ("tunnel",))
    if s.default is None:
        return Verdict(Way.NOWHERE, binding, None, Fate.OFFLINE, None, ("path",))
    # Connected and nothing passes is stale; while the status admits that something is wrong, the system holds the
    # traffic.
    vain = Fate.STALLED if s.connected else Fate.BLOCKED
    return Verdict(Way.TUNNEL, binding, None, vain, None, ("tunnel", "session"))


def _outside(
    traits: Traits, binding: Binding | None, s: Situation, cause: Cause | None, grounds: tuple[str, ...]
) -> Verdict:
    """Out on a physical interface: by design, with the VPN off, or as a leak."""
    if binding is None:
        return Verdict(Way.NOWHERE, None, None, Fate.OFFLINE, None, ("path",))
    if s.beyond and binding.interface is Interface.WIFI and traits.reason not in NEARBY:
        fate, cause = Fate.BEYOND, None
    elif not s.intent:
        fate, cause = Fate.OPEN, None
    elif traits.intended is not Intended.PROTECT:
        fate, cause = Fate.BYPASSED, None
    else:
        fate = Fate.LEAKED
    if not s.works(binding.interface):
        return Verdict(Way.OUTSIDE, binding, None, Fate.STALLED, cause, grounds)
    return Verdict(Way.OUTSIDE, binding, fate, fate, cause, grounds)
