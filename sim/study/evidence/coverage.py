"""Which documented mechanism is where in the model, which scenario shows it, and which checks hold it to its sources.

A mechanism without a check fails the tests, and so does one that names a file, a scenario or a check that is not there.
"""

from __future__ import annotations

from typing import NamedTuple


class Covered(NamedTuple):
    """One mechanism, or one mitigation."""

    id: str
    what: str
    files: tuple[str, ...]
    """Below `sim/`: where it is modelled."""
    scenario: str
    """A shipped scenario that shows it."""
    checks: tuple[str, ...]
    """Ids, or their beginnings: `L01` means all of L01."""
    lacks: str = ""
    """What of it the model does not have."""


_ROUTING, _CLASSES, _TUNNEL = "machines/routing.py", "world/classes.py", "machines/ios/tunnel.py"
_PROVIDER, _SOCKETS, _PATH = "machines/ios/provider.py", "machines/ios/sockets.py", "machines/ios/path.py"
_ON_DEMAND, _NATURE = "machines/ios/ondemand.py", "world/nature.py"

MECHANISMS: tuple[Covered, ...] = (
    Covered("L01", "sockets that outlive the switch", (_SOCKETS, "engine/flows.py"), "legacy-apps-first", ("L01",)),
    Covered("L02", "the platform's services pass the tunnel by", (_CLASSES,), "boot-connect-first", ("L02",)),
    Covered("L03", "gaps of the tunnel", (_PROVIDER,), "server-switch", ("L03",)),
    Covered("L04", "reaction to a dead server", (_PROVIDER, "machines/protocols/"), "server-blackhole", ("L04",)),
    Covered("L05", "names outside", (_CLASSES, _NATURE), "split-dns-corporate", ("L05",)),
    Covered("L06", "IPv6 outside", (_ROUTING,), "v4-tunnel-dual-stack", ("L06",)),
    Covered("L07", "a network claims addresses, or forges the server's", (_CLASSES,), "rogue-ap", ("L07",)),
    Covered("L08", "routes from DHCP", (_CLASSES,), "rogue-ap", ("L08",)),
    Covered("L09", "captive portals", (_PATH, _ROUTING), "cafe-captive-portal", ("L09",)),
    Covered("L10", "a per-app list misses something", (_CLASSES,), "per-app-miss", ("L10",)),
    Covered("L11", "between the join and the tunnel", (_TUNNEL, _ON_DEMAND), "trusted-ssid", ("L11",)),
    Covered("L12", "boot, update, restart", (_TUNNEL,), "reboot-locked", ("L12",)),
    Covered("L13", "addresses told to web pages", ("engine/engine.py", _CLASSES), "legacy-apps-first", ("L13",)),
    Covered("L14", "the provider crashes or is killed", (_PROVIDER, "world/world.py"), "jetsam-streaming", ("L14",)),
    Covered("L15", "sleep and wake", ("engine/engine.py", _TUNNEL), "overnight-sleep", ("L15",)),
    Covered("L16", "other radios, handovers", (_PATH, _ROUTING), "wifi-to-lte-walk", ("L16",), "Wi-Fi Assist, MPTCP"),
    Covered("L17", "Always-On and its exceptions", (_CLASSES, _TUNNEL), "managed-always-on", ("L17",)),
    Covered("L18", "what studies of many clients found", ("study/evidence/leaks.py",), "commute-flapping", ("L18",)),
)
"""The mechanisms by their numbers in all outputs."""

SITUATIONS: tuple[Covered, ...] = (
    Covered("1", "the VPN comes up while sockets are open", (_SOCKETS,), "legacy-apps-first", ("L01-2", "L01-3")),
    Covered("2", "an airplane toggle that gives the same address back", (_PATH,), "airplane-routine", ("L01-4",)),
    Covered("3", "the VPN is off, or was not started again", (_TUNNEL,), "reboot-locked", ("L11-2", "L12-1")),
    Covered("4", "boot with on-demand, before the first unlock", (_TUNNEL,), "reboot-locked", ("L12-1",)),
    Covered("5", "connecting: no routes yet", (_PROVIDER,), "cafe-captive-portal", ("L11-1", "L09-1")),
    Covered("6", "settings without routes", (_PROVIDER,), "server-switch", ("L03-1",)),
    Covered("7", "a change of settings without reasserting", (_PROVIDER,), "key-rotation-week", ("L03-2", "L03-3")),
    Covered("8", "the provider dies, no on-demand", (_PROVIDER,), "jetsam-streaming", ("L14-1", "L11-2")),
    Covered("9", "the provider dies, on-demand relaunches it", (_TUNNEL,), "jetsam-streaming", ("L14-1",)),
    Covered("10", "the app is updated while connected", (_TUNNEL,), "app-auto-update", ("L12-2",)),
    Covered("11", "iOS 16.0: Connected without routes", (_TUNNEL,), "app-auto-update", ("L12-2", "L12-5")),
    Covered("12", "Wi-Fi to cellular", (_PATH,), "wifi-to-lte-walk", ("L16-1", "L16-2")),
    Covered("13", "the path flaps", ("world/whereabouts.py",), "commute-flapping", ("L16-3", "L05-3"), "Wi-Fi Assist"),
    Covered("14", "an app pins its socket to cellular", (_ROUTING,), "wifi-to-lte-walk", ("L13-1",), "multipath TCP"),
    Covered("15", "Apple's services", (_CLASSES,), "commute", ("L02-1", "L02-4")),
    Covered("16", "push on an old or excluded socket", (_CLASSES,), "boot-connect-first", ("L02-3", "L01-3")),
    Covered("17", "joining a captive network", (_PATH,), "cafe-captive-portal", ("L09",)),
    Covered("18", "a hostile local network", (_CLASSES,), "rogue-ap", ("L07", "L08")),
    Covered("19", "split DNS, failure of the resolver", (_CLASSES,), "split-dns-corporate", ("L05-1", "L05-2")),
    Covered("20", "look-ups at network changes", (_NATURE,), "commute-flapping", ("L05-3",)),
    Covered("21", "IPv6 that the tunnel does not route", (_ROUTING,), "v4-tunnel-dual-stack", ("L06",)),
    Covered("22", "sleep with disconnectOnSleep", (_TUNNEL,), "overnight-sleep", ("L15-5",)),
    Covered("23", "sleep with a frozen provider", ("engine/engine.py",), "overnight-sleep", ("L15-2", "L15-4")),
    Covered("24", "the engine is stopped while offline", (_PROVIDER,), "wifi-to-lte-walk", ("L16-1",)),
    Covered("25", "reasserting for longer than the system allows", (_TUNNEL,), "server-blackhole", ("L04-1",)),
    Covered("26", "a start that takes longer than 60 s", (_TUNNEL,), "cafe-captive-portal", ("L09-3",)),
    Covered("27", "the look-up of the server's name", (_PROVIDER, _CLASSES), "rogue-ap", ("L07-3",)),
    Covered("28", "personal hotspot", (_CLASSES,), "personal-hotspot", ("L12-4",)),
    Covered("29", "another VPN is enabled", (_TUNNEL,), "second-vpn", ("L17-2",), "a check of its own"),
    Covered("30", "on-demand with an unreachable server", (_TUNNEL,), "cafe-captive-portal", ("L09-3", "L09-4")),
)
"""Situations in which iOS leaks or blocks, as the sources describe them."""

MITIGATIONS: tuple[Covered, ...] = (
    Covered("R1", "connect first, then open apps", (_SOCKETS,), "legacy-apps-first", ("L01-1",)),
    Covered("R2", "airplane toggle after connecting", (_PATH,), "airplane-routine", ("L01-4",)),
    Covered("R3", "on-demand: Connect", (_ON_DEMAND,), "jetsam-streaming", ("L11-2", "L14-1")),
    Covered("R4", "includeAllNetworks", (_CLASSES, _ROUTING), "server-switch", ("L01-5", "L02-2", "L12-4")),
    Covered("R5", "the same without its exclusions", (_CLASSES,), "boot-connect-first", ("L02-3", "L07-2")),
    Covered("R6", "enforceRoutes", (_CLASSES, _ROUTING), "rogue-ap", ("L07-2", "L08-2")),
    Covered("R7", "supervised Always-On", (_CLASSES, _TUNNEL), "managed-always-on", ("L17",)),
    Covered("R8", "a VPN on the router, cellular off", (_ROUTING,), "legacy-apps-first", ("L02-5",)),
)
"""What people do against it."""
