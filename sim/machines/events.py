"""The shared words: what machines say to each other, and what nature and the user say to them.

Events are facts in the past tense. Those in the first two groups come from outside (the script drawn before the run);
those in the last group are announced by machines. `luck` fields carry what chance decided, a uniform number in [0, 1).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from sim.base.units import Bytes, Duration, Instant
from sim.machines.machine import Event


class Interface(StrEnum):
    """A network interface of the phone, by the kernel's names for its members."""

    WIFI = "wifi"
    """en0"""
    CELLULAR = "cellular"
    """pdp_ip0"""
    UTUN = "utun"
    """The tunnel's own interface."""


# Nature ---------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class WifiJoined(Event):
    """A known network was associated and gave an address; `portal` says that it waits for a sign-in."""

    ssid: str
    luck: float
    portal: bool = False


@dataclass(frozen=True, slots=True)
class WifiFaded(Event):
    """Wi-Fi still shows an address but carries nothing any more: the phone has not given up yet."""


@dataclass(frozen=True, slots=True)
class WifiDemoted(Event):
    """Cellular took over as the default path while Wi-Fi still works and keeps its address."""


@dataclass(frozen=True, slots=True)
class WifiPreferred(Event):
    """Wi-Fi is good enough again to be the default path."""


@dataclass(frozen=True, slots=True)
class WifiLost(Event):
    """The phone left the Wi-Fi network; the address is gone. `gap` is the time until cellular takes over. [µs]"""

    gap: Duration = 0


@dataclass(frozen=True, slots=True)
class PortalPassed(Event):
    """The sign-in of a captive network was completed."""


@dataclass(frozen=True, slots=True)
class CellularAttached(Event):
    """The cellular network is in reach and registered."""


@dataclass(frozen=True, slots=True)
class CellularLost(Event):
    """No cellular network."""


@dataclass(frozen=True, slots=True)
class HoleBegan(Event):
    """An interface keeps its address but carries nothing: a coverage hole, a lift, a tunnel under a hill."""

    interface: Interface


@dataclass(frozen=True, slots=True)
class HoleEnded(Event):
    """The interface carries again."""

    interface: Interface


@dataclass(frozen=True, slots=True)
class ServerWentSilent(Event):
    """A VPN server drops everything without a word."""

    server: str


@dataclass(frozen=True, slots=True)
class ServerCameBack(Event):
    """A silent server answers again; it has kept its state."""

    server: str


@dataclass(frozen=True, slots=True)
class ServerRestarted(Event):
    """A VPN server restarted and has lost its sessions."""

    server: str


@dataclass(frozen=True, slots=True)
class DeviceSlept(Event):
    """The device went to sleep: suspended hosts stop."""


@dataclass(frozen=True, slots=True)
class DeviceWoke(Event):
    """The device woke: by the user, a push, or for maintenance."""


@dataclass(frozen=True, slots=True)
class MemoryPressed(Event):
    """Load made the provider's memory rise by `rise` for a moment. [bytes]"""

    rise: Bytes


@dataclass(frozen=True, slots=True)
class ProviderCrashed(Event):
    """The provider process crashed by a fault of its own."""


@dataclass(frozen=True, slots=True)
class TranslationExpired(Event):
    """A NAT on the way forgot the tunnel: what the server sends no longer reaches the phone."""


@dataclass(frozen=True, slots=True)
class TranslationMade(Event):
    """A packet from the phone made the NAT know the tunnel again."""


# The user and the management ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class VpnTurnedOn(Event):
    """The user turned the VPN on."""


@dataclass(frozen=True, slots=True)
class VpnTurnedOff(Event):
    """The user turned the VPN off, on purpose."""


@dataclass(frozen=True, slots=True)
class ServerChosen(Event):
    """The user chose another VPN server."""

    server: str


@dataclass(frozen=True, slots=True)
class KeyRotated(Event):
    """The app renewed the tunnel's keys and applies its settings again."""


@dataclass(frozen=True, slots=True)
class SettingsCleared(Event):
    """The VPN app applied settings without routes (or nil) to its running tunnel, by a fault of its own."""


@dataclass(frozen=True, slots=True)
class AppUpdated(Event):
    """The VPN app was updated while installed; its provider is replaced."""

    luck: float


@dataclass(frozen=True, slots=True)
class AirplaneTurnedOn(Event):
    """Airplane mode on; `keeps_wifi` if the device remembers that Wi-Fi stays on."""

    keeps_wifi: bool


@dataclass(frozen=True, slots=True)
class AirplaneTurnedOff(Event):
    """Airplane mode off: radios search again. The luck decides whether Wi-Fi and cellular give the same address
    again."""

    wifi_luck: float
    cellular_luck: float


@dataclass(frozen=True, slots=True)
class WifiSwitched(Event):
    """The user switched Wi-Fi on or off in Settings."""

    on: bool
    luck: float


@dataclass(frozen=True, slots=True)
class Rebooted(Event):
    """The device was restarted: everything on it ends."""


@dataclass(frozen=True, slots=True)
class BootFinished(Event):
    """The device is up again, still locked."""


@dataclass(frozen=True, slots=True)
class FirstUnlocked(Event):
    """First unlock after a boot: files and keys can be read."""


@dataclass(frozen=True, slots=True)
class LeakChecked(Event):
    """The user opened a leak-test page."""


@dataclass(frozen=True, slots=True)
class CandidatesGathered(Event):
    """A web page gathered the phone's addresses (ICE candidates of WebRTC); with the user's permission for the camera
    it asks on each interface. `mdns`: the browser puts mDNS names in the place of local addresses."""

    all_interfaces: bool
    mdns: bool = True


@dataclass(frozen=True, slots=True)
class OtherVpnEnabled(Event):
    """The user enabled another VPN configuration: the system disables this one, whatever its rules say."""


# What machines announce -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PathNoticed(Event):
    """Processes were told of the path: `usable` says whether there is one, `moved` whether the local address
    changed."""

    usable: bool
    moved: bool
    cellular: bool = False
    ssid: str | None = None
    portal: bool = False


class StopReason(StrEnum):
    """NEProviderStopReason, the members that occur here. Source: Apple's NetworkExtension headers."""

    USER_INITIATED = "userInitiated"
    PROVIDER_FAILED = "providerFailed"
    NO_NETWORK_AVAILABLE = "noNetworkAvailable"
    CONNECTION_FAILED = "connectionFailed"
    SLEEP = "sleep"
    APP_UPDATE = "appUpdate"
    ON_DEMAND = "onDemandRule"
    REBOOT = "reboot"
    SERVER_DEAD = "serverDead"
    SUPERCEDED = "superceded"
    """Another configuration took over; the spelling is Apple's."""


@dataclass(frozen=True, slots=True)
class ProviderLaunched(Event):
    """The system asks for the provider process and calls startTunnel."""


@dataclass(frozen=True, slots=True)
class ProviderStopped(Event):
    """The system calls stopTunnel."""

    reason: StopReason


@dataclass(frozen=True, slots=True)
class ProviderReady(Event):
    """startTunnel completed without an error, or reasserting was cleared."""


@dataclass(frozen=True, slots=True)
class ReassertingSet(Event):
    """The provider set `reasserting`."""


@dataclass(frozen=True, slots=True)
class ProviderGone(Event):
    """The provider process ended; its interface went with it."""

    reason: StopReason


@dataclass(frozen=True, slots=True)
class EngineStarted(Event):
    """The provider (or the system) starts the protocol engine towards `server`; `usable` says whether a path exists."""

    server: str
    usable: bool
    cellular: bool = False


@dataclass(frozen=True, slots=True)
class EngineStopped(Event):
    """The protocol engine was stopped: sessions are lost, timers are dropped."""


@dataclass(frozen=True, slots=True)
class SessionUp(Event):
    """The protocol has a session: data can pass."""


@dataclass(frozen=True, slots=True)
class SessionLost(Event):
    """The protocol lost its session. `fatal` ends the tunnel; otherwise the client reconnects by itself."""

    reason: str
    fatal: bool


@dataclass(frozen=True, slots=True)
class ConnectionLost(Event):
    """The client's monitor took the tunnel for dead: another server is to be tried."""


@dataclass(frozen=True, slots=True)
class HostResumed(Event):
    """A suspended provider runs again after `slept`; `since` is when it was suspended. Its overdue timers follow."""

    since: Instant
    slept: Duration
