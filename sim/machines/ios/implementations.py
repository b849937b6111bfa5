"""Named client implementations: real programs as sets of values, each value with its source.

A VPN is a protocol as some program runs it. The program decides when routes appear and whether they stay, what happens
to a dead peer, and whose clock its timers keep. A name sets all this at once: the protocol, the client's rules
(`vpn.client.…`) and the protocol's values (`vpn.wireguard.…`). Values stated beside the name override it, as with
behaviour profiles. What a set does not name has its default.

Values are written as a scenario file would say them.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from sim.base.citing import ASSUMED, REPORTED, SPECIFIED, Cited

BY_PROTOCOL = "by-protocol"
"""No program in particular: every value has its default."""


class Value(NamedTuple):
    """What an implementation does, and how we know."""

    value: Any
    cited: Cited


class Implementation(NamedTuple):
    """One program."""

    protocol: str
    about: str
    values: dict[str, Value]
    """Keys below `vpn` → values."""


def _so(value: Any, source: str, where: str) -> Value:
    """A value that the program's own source code, its manual or its platform's documentation fixes."""
    return Value(value, Cited(source, where, SPECIFIED))


_KEEPS_ROUTES = {
    "client.routes": _so(
        "before-handshake", "wireguard-apple", "WireGuardAdapter.swift start: settings, then the engine"
    ),
    "client.routes_while_reconnecting": _so("kept", "wireguard-apple", "WireGuardAdapter.swift: the interface stays"),
    "client.server_change": _so("update", "wireguard-apple", "WireGuardAdapter.swift update(tunnelConfiguration:)"),
    "client.reasserts": _so(
        True, "wireguard-apple", "PacketTunnelProvider.swift, WireGuardAdapter.swift update: reasserting"
    ),
}
_BARE = {
    "client.stops_engine_offline": _so(
        False, "wireguard-go", "device.go: the engine knows no paths; whoever embeds it may stop it"
    ),
    "wireguard.bump": _so(
        False, "wireguard-go", "device/mobilequirks.go, send.go: the next packet leaves from the new address"
    ),
}
_OPENVPN_LEARNS = _so("after-handshake", "openvpn-manual", "--pull: the server pushes the settings")
_LINUX = "charon.opt retransmit_timeout, retransmit_base, retransmit_tries"
_ANDROID = "android_service.c ANDROID_RETRANSMIT_TIMEOUT, _BASE, _TRIES"

IMPLEMENTATIONS: dict[str, Implementation] = {
    BY_PROTOCOL: Implementation("", "no program in particular", {}),
    # ---- WireGuard ---------------------------------------------------------------------------------------------------
    "wireguard-apple": Implementation(
        "wireguard",
        "the official app, and apps that embed WireGuardKit",
        {
            **_KEEPS_ROUTES,
            "client.stops_engine_offline": _so(True, "wireguard-apple", "didReceivePathUpdate: temporary shutdown"),
            "wireguard.bump": _so(True, "wireguard-apple", "didReceivePathUpdate: wgBumpSockets"),
            "wireguard.clock": _so("boot", "wireguard-apple", "WireGuardKitGo patches Go: mach_continuous_time"),
            "wireguard.persistent_keepalive": _so(
                "0 s", "wireguard-apple", "PersistentKeepalive is off unless configured"
            ),
        },
    ),
    "wireguard-go": Implementation(
        "wireguard",
        "the bare engine with an unpatched Go runtime",
        {
            **_KEEPS_ROUTES,
            **_BARE,
            "wireguard.clock": Value(
                "monotonic",
                Cited(
                    "wireguard-go-29", "Go's monotonic clock stops in sleep on Darwin", REPORTED, "boot", "monotonic"
                ),
            ),
        },
    ),
    "mullvad": Implementation(
        "wireguard",
        "Mullvad's app: WireGuardKit with a tunnel monitor that changes the relay",
        {
            **_KEEPS_ROUTES,
            "client.monitor.active": _so(True, "mullvad-app", "ios/PacketTunnelCore/TunnelMonitor"),
            "client.monitor.heartbeat": _so("10 s", "mullvad-app", "TunnelMonitorTimings.swift heartbeatPingInterval"),
            "client.monitor.ping_delay": _so("3 s", "mullvad-app", "TunnelMonitorTimings.swift pingDelay"),
            "client.monitor.ping_timeout": _so("15 s", "mullvad-app", "TunnelMonitorTimings.swift pingTimeout"),
            "client.monitor.establish_timeout": _so(
                "4 s", "mullvad-app", "TunnelMonitorTimings.swift initialEstablishTimeout"
            ),
            "client.monitor.inbound_timeout": _so(
                "5 s", "mullvad-app", "TunnelMonitorTimings.swift inboundTrafficTimeout"
            ),
            "client.monitor.traffic_timeout": _so("2 min", "mullvad-app", "TunnelMonitorTimings.swift trafficTimeout"),
            "wireguard.bump": _so(
                True, "wireguard-apple-mullvad", "WireGuardAdapter.swift didReceivePathUpdate, as in its origin"
            ),
            "wireguard.clock": _so("boot", "wireguard-apple-mullvad", "WireGuardKitGo patches Go, as in its origin"),
        },
    ),
    "nordlynx": Implementation(
        "wireguard",
        "NordVPN's NordLynx: the engine NepTUN inside libtelio",
        {
            **_KEEPS_ROUTES,
            "client.stops_engine_offline": _so(
                False, "libtelio", "device.rs: notify_network_change drops sockets, sessions stay"
            ),
            "wireguard.bump": _so(
                False, "libtelio", "device.rs: after notify_network_change the next packet takes the new path"
            ),
            "wireguard.persistent_keepalive": _so(
                "25 s", "libtelio", "features.rs FeaturePersistentKeepalive, VPN peers"
            ),
            "wireguard.max_attempts": _so(16, "neptun", "noise/timers.rs: REKEY_ATTEMPT_TIME 90 s, 18 initiations"),
            "wireguard.keepalive_revives": _so(
                True, "neptun", "noise/timers.rs: never stays expired with a persistent keepalive"
            ),
            "wireguard.clock": _so("boot", "neptun", "mach_continuous_time on iOS"),
        },
    ),
    "boringtun": Implementation(
        "wireguard",
        "Cloudflare's engine",
        {
            **_KEEPS_ROUTES,
            **_BARE,
            "wireguard.max_attempts": _so(16, "boringtun", "noise/timers.rs: REKEY_ATTEMPT_TIME 90 s, 18 initiations"),
            "wireguard.keepalive_revives": _so(
                False, "boringtun", "noise/timers.rs: ConnectionExpired until a packet of an app comes"
            ),
            "wireguard.clock": _so("boot", "boringtun", "CLOCK_MONOTONIC, which runs through sleep on Darwin"),
        },
    ),
    # ---- IKEv2 -------------------------------------------------------------------------------------------------------
    "apple-ikev2": Implementation(
        "ikev2",
        "the client built into iOS",
        {
            "ikev2.dpd_interval": _so("10 min", "apple-ikev2-api", "DeadPeerDetectionRate Medium, the default"),
            "ikev2.dpd_repeats": _so("flat", "apple-ikev2-api", "five retries, one second apart"),
            "ikev2.on_dead": _so("end", "apple-ikev2-api", "the session is terminated"),
            "ikev2.mobike": _so(True, "apple-device-management", "DisableMOBIKE, default 0"),
            "ikev2.nat_keepalive_wifi": _so("20 s", "apple-device-management", "NATKeepAliveInterval"),
            "ikev2.nat_keepalive_cellular": _so("110 s", "apple-device-management", "NATKeepAliveInterval"),
        },
    ),
    "proton-ikev2": Implementation(
        "ikev2",
        "Proton's IKEv2 profile, run by the client built into iOS",
        {
            "ikev2.dpd_interval": _so("1 min", "proton-app", "deadPeerDetectionRate high"),
            "ikev2.mobike": _so(True, "proton-app", "disableMOBIKE false"),
            "ikev2.ike_lifetime": _so("480 min", "proton-app", "ikeSecurityAssociationParameters"),
            "ikev2.child_lifetime": _so("60 min", "proton-app", "childSecurityAssociationParameters"),
        },
    ),
    "strongswan": Implementation(
        "ikev2",
        "strongSwan on Linux with its defaults",
        {
            "ikev2.retransmit_initial": _so("4 s", "strongswan", _LINUX),
            "ikev2.retransmit_base": _so(1.8, "strongswan", _LINUX),
            "ikev2.retransmit_tries": _so(5, "strongswan", _LINUX),
            "ikev2.dpd": _so("when-silent", "strongswan", "ike_sa.c send_dpd: when nothing came for dpd_delay"),
            "ikev2.dpd_interval": _so("0 s", "strongswan", "swanctl.opt dpd_delay, off by default"),
            "ikev2.dpd_repeats": _so("like-requests", "strongswan", "task_manager.c retransmission_timeout"),
            "ikev2.on_dead": _so("end", "strongswan", "swanctl.opt dpd_action = clear, keyingtries = 1"),
            "ikev2.mobike_probe": _so(True, "strongswan", "ike_mobike.c: a probe of the path, then the update"),
            "ikev2.path_delay": _so("100 ms", "strongswan", "ROAM_DELAY"),
            "ikev2.nat_keepalive_wifi": _so("20 s", "strongswan", "charon.opt keep_alive"),
            "ikev2.nat_keepalive_cellular": _so("20 s", "strongswan", "charon.opt keep_alive"),
            "ikev2.nat_keepalive_offload": _so(False, "strongswan", "ike_sa.c send_keepalive: by the program itself"),
            "ikev2.ike_lifetime": _so("264 min", "strongswan", "swanctl.opt rekey_time 4 h, over_time 10 %"),
            "ikev2.child_lifetime": _so("66 min", "strongswan", "swanctl.opt rekey_time 1 h, life_time 1.1 h"),
            "ikev2.rekey_fraction": _so(
                0.864, "strongswan", "swanctl.opt rand_time: rekey_time less up to 10 %, its mean here"
            ),
            "ikev2.wake_check_after": _so("0 s", "strongswan", "no rule of its own for a wake"),
            "ikev2.clock": _so("monotonic", "strongswan", "utils/utils/time.c time_monotonic: CLOCK_MONOTONIC"),
        },
    ),
    "strongswan-android": Implementation(
        "ikev2",
        "the strongSwan app for Android",
        {
            "ikev2.retransmit_initial": _so("2 s", "strongswan", _ANDROID),
            "ikev2.retransmit_base": _so(1.4, "strongswan", _ANDROID),
            "ikev2.retransmit_tries": _so(3, "strongswan", _ANDROID),
            "ikev2.dpd": _so("when-silent", "strongswan", "ike_sa.c send_dpd"),
            "ikev2.dpd_interval": _so("0 s", "strongswan", "swanctl.opt dpd_delay, off by default"),
            "ikev2.dpd_repeats": _so("like-requests", "strongswan", "task_manager.c retransmission_timeout"),
            "ikev2.on_dead": Value(
                "begin-again", Cited("strongswan", "the app reconnects by itself", ASSUMED, "end", "begin-again")
            ),
            "ikev2.mobike_probe": _so(True, "strongswan", "ike_mobike.c: a probe of the path, then the update"),
            "ikev2.path_delay": _so("100 ms", "strongswan", "ROAM_DELAY; the recheck after 1 s is left out"),
            "ikev2.nat_keepalive_wifi": _so("45 s", "strongswan", "ANDROID_KEEPALIVE_INTERVAL"),
            "ikev2.nat_keepalive_cellular": _so("45 s", "strongswan", "ANDROID_KEEPALIVE_INTERVAL"),
            "ikev2.nat_keepalive_offload": _so(False, "strongswan", "ike_sa.c send_keepalive: by the program itself"),
            "ikev2.ike_lifetime": _so("630 min", "strongswan", "android_service.c: 10 h, 30 min over"),
            "ikev2.child_lifetime": _so("150 min", "strongswan", "android_service.c: 2 h, life 2.5 h"),
            "ikev2.rekey_fraction": _so(0.8, "strongswan", "android_service.c: the Child SA's 2 h of 2.5 h"),
            "ikev2.wake_check_after": _so(
                "65 s", "strongswan", "ANDROID_KEEPALIVE_DPD_MARGIN 20 s after the interval of 45 s: a check instead"
            ),
            "ikev2.clock": _so("boot", "strongswan", "compat/android.h: CLOCK_REALTIME, which runs through sleep"),
        },
    ),
    # ---- OpenVPN -----------------------------------------------------------------------------------------------------
    "openvpn3": Implementation(
        "openvpn",
        "the version 3 core with its defaults, as in OpenVPN Connect and OpenVPNAdapter",
        {
            "client.routes": _OPENVPN_LEARNS,
            "client.routes_while_reconnecting": _so("removed", "openvpn3", "ovpncli.hpp tunPersist = false"),
            "openvpn.core": _so("v3", "openvpn3", "client/cliconnect.hpp"),
        },
    ),
    "openvpn2": Implementation(
        "openvpn",
        "the version 2 program, with persist-tun as in its sample configuration",
        {
            "client.routes": _OPENVPN_LEARNS,
            "client.routes_while_reconnecting": _so("kept", "openvpn2", "sample client.conf: persist-tun"),
            "openvpn.core": _so("v2", "openvpn2", "init.c, forward.c"),
        },
    ),
    "tunnelkit": Implementation(
        "openvpn",
        "TunnelKit, as in Passepartout and eduVPN of its time",
        {
            "client.routes": _OPENVPN_LEARNS,
            "client.routes_while_reconnecting": _so(
                "kept", "tunnelkit", "OpenVPNTunnelProvider.swift: reasserting, the interface stays"
            ),
            "openvpn.core": _so("v3", "tunnelkit", "OpenVPNTunnelProvider.swift: a better path is a new session"),
            "openvpn.control_timeout_v3": _so(
                "200 ms", "tunnelkit", "CoreConfiguration retransmissionLimit 0.1 s, tickInterval 0.2 s"
            ),
            "openvpn.server_poll_v3": _so("10 s", "tunnelkit", "CoreConfiguration hardResetTimeout"),
            "openvpn.hand_window": _so("30 s", "tunnelkit", "CoreConfiguration negotiationTimeout"),
            "openvpn.retry_wait_v3": _so("1 s", "tunnelkit", "OpenVPNTunnelProvider.swift reconnectionDelay"),
            "openvpn.transport_error_wait_v3": _so("1 s", "tunnelkit", "OpenVPNTunnelProvider.swift reconnectionDelay"),
            "openvpn.path_debounce": _so("1 s", "tunnelkit", "OpenVPNTunnelProvider.swift reconnectionDelay"),
            "openvpn.ping_restart": _so("2 min", "tunnelkit", "CoreConfiguration pingTimeout"),
        },
    ),
    # ---- Lightway ----------------------------------------------------------------------------------------------------
    "lightway-mobile": Implementation(
        "lightway",
        "Lightway's library as ExpressVPN's app for phones calls it",
        {
            "client.routes": _so(
                "before-handshake", "lightway", "mobile/lightway.rs: the TUN device is given before the connection"
            ),
            "client.routes_while_reconnecting": _so(
                "kept", "lightway", "mobile/lightway.rs setup_tunnel_interface: not closed with its client"
            ),
            "lightway.keepalive_interval": _so("2 s", "lightway", "mobile/lightway.rs KeepaliveConfig"),
            "lightway.keepalive_timeout": _so("6 s", "lightway", "mobile/lightway.rs KeepaliveConfig"),
            "lightway.keepalive_continuous": _so(False, "lightway", "mobile/lightway.rs KeepaliveConfig"),
            "lightway.tracer": _so("10 s", "lightway", "mobile/lightway.rs tracer_trigger_timeout"),
        },
    ),
    "lightway-desktop": Implementation(
        "lightway",
        "Lightway's command-line client for computers",
        {
            "lightway.keepalive_interval": _so("10 s", "lightway", "lightway-client config.rs keepalive_interval"),
            "lightway.keepalive_timeout": _so("60 s", "lightway", "lightway-client config.rs keepalive_timeout"),
            "lightway.keepalive_continuous": _so(True, "lightway", "lightway-client config.rs keepalive_continuous"),
        },
    ),
    # ---- MASQUE ------------------------------------------------------------------------------------------------------
    "usque": Implementation(
        "masque",
        "usque, a client for Cloudflare's MASQUE service on quic-go",
        {
            "client.routes_while_reconnecting": _so(
                "kept", "usque", "api/tunnel.go MaintainTunnel: the device outlives the connection"
            ),
            "masque.initial_pto": _so("200 ms", "quic-go", "rtt_stats.go: 100 ms of assumed round trip"),
            "masque.handshake_idle": _so("5 s", "quic-go", "DefaultHandshakeIdleTimeout"),
            "masque.idle_timeout": _so("30 s", "quic-go", "DefaultIdleTimeout"),
            "masque.keepalive": _so(
                "30 s", "usque", "keepalive period 30 s; quic-go connection.go halves the time-out"
            ),
            "masque.retry_wait": _so("1 s", "usque", "api/tunnel.go reconnectDelay"),
            "masque.reconnects": _so("on-packet", "usque", "api/tunnel.go: an outbound packet is waited for"),
            "masque.clock": Value(
                "monotonic",
                Cited("wireguard-go-29", "Go's monotonic clock, the same runtime", ASSUMED, "boot", "monotonic"),
            ),
        },
    ),
    "quiche": Implementation(
        "masque",
        "Cloudflare's QUIC library",
        {"masque.initial_pto": _so("999 ms", "quiche", "recovery: INITIAL_RTT 333 ms, three of them")},
    ),
}
"""Name → the program. Each is described in docs/background/profiles.md."""


def table_of(name: str, table: str) -> dict[str, Any]:
    """The values that an implementation sets in one table below `vpn`: "client", or the name of its protocol.

    Raises
    ------
    ValueError
        If there is no such implementation.
    """
    if name not in IMPLEMENTATIONS:
        raise ValueError(f"unknown client implementation {name!r}; there is: {', '.join(IMPLEMENTATIONS)}")
    found: dict[str, Any] = {}
    for key, (value, _) in IMPLEMENTATIONS[name].values.items():
        first, *parents, last = key.split(".")
        if first == table:
            below = found
            for parent in parents:
                below = below.setdefault(parent, {})
            below[last] = value
    return found


def over(below: Any, above: Any) -> Any:
    """Tables merged; anything else, what is above."""
    if not (isinstance(below, dict) and isinstance(above, dict)):
        return above
    return {**below, **{key: over(below.get(key), value) for key, value in above.items()}}
