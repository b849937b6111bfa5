"""The bibliography: every document that a parameter may cite, under a short key.

A parameter names its document by key (``Cited("rfc4555", "§3.5", SPECIFIED)``); what the document is, where it is and
how closely it was read stand here, once. Program code counts as a document: it is cited at the commit that was read.

Threads, forum answers and documents whose own title we did not see carry a description in our words for a title. A
note says when a document was read in part, at second hand, or not again for this work; a value's confidence should
say no more than that reading allows. ``seen`` is a date; for code it is the date of the commit that was read.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Source:
    """One document.

    Parameters
    ----------
    title : its title, or what it is in our words
    author : who wrote or publishes it
    year : the year of publication, of the commit or of the report; None if we saw no date
    where : an address, or repository@commit and path
    seen : when it was seen, as text: YYYY, YYYY-MM or YYYY-MM-DD
    note : how it was read, if not in full
    """

    title: str
    author: str
    year: int | None
    where: str
    seen: str
    note: str = ""


_SEEN = "2026-08"
_NOT_REREAD = "Not re-read for this work: used from general knowledge of the document."
_FROM_MEMORY = "The text could not be opened: figures are from memory and unconfirmed."
_ABSTRACT = "Only the abstract was read."
_PARTLY = "Read in excerpts, not in full."


def _code(title: str, author: str, at: str, seen: str = _SEEN, note: str = "") -> Source:
    """Source code or data, at a commit and dated by it where we know them."""
    return Source(title, author, None if seen == _SEEN else int(seen[:4]), f"github.com/{at}", seen, note)


def _thread(repository: str, number: int, about: str, year: int | None = None) -> Source:
    """An issue or pull request. The address with "issues" also leads to a pull request."""
    where = f"https://github.com/{repository}/issues/{number}"
    return Source(about, f"Contributors to {repository}", year, where, _SEEN)


def _forum(number: int, about: str, author: str = "Apple Developer Technical Support, developer forums") -> Source:
    """A thread of Apple's developer forums."""
    return Source(about, author, None, f"https://developer.apple.com/forums/thread/{number}", _SEEN)


def _apple(page: str, title: str, note: str = "") -> Source:
    """A page of Apple's developer documentation."""
    return Source(title, "Apple", None, f"https://developer.apple.com/{page}", _SEEN, note)


def _schema(file: str, title: str) -> Source:
    """One file of Apple's published device-management schema, release iOS 18.1."""
    where = f"github.com/apple/device-management@b6202ca mdm/profiles/{file}"
    return Source(title, "Apple", 2024, where, "2024-10-21")


def _rfc(number: int, year: int, author: str, title: str, note: str = "") -> Source:
    """A Request for Comments."""
    return Source(f"RFC {number}: {title}", author, year, f"https://www.rfc-editor.org/rfc/rfc{number}", _SEEN, note)


def _3gpp(number: str, title: str, note: str) -> Source:
    """A 3GPP specification or report."""
    return Source(f"3GPP {number}: {title}", "3GPP", None, f"3gpp.org, {number}", _SEEN, note)


SOURCES: dict[str, Source] = {
    # ---- Our own ---------------------------------------------------------------------------------------------------
    "judgement": Source(
        "Our judgement",
        "The LeakWindow authors",
        2026,
        "this project",
        "2026",
        "For values that no document gives. Always with a range, and always varied in sensitivity runs.",
    ),
    "real-daemons-lab": Source(
        "Measurements of real VPN programs",
        "The LeakWindow authors",
        2026,
        "Linux network namespaces: a phone, two NAT routers, a delay line and a server",
        "2026-08",
        "wireguard-go 0.0.20220316, OpenVPN 2.6.14, strongSwan 5.9.8. The protocols' behaviour counts, not Linux's.",
    ),
    "openssl-lab": Source(
        "Measurements of OpenSSL 3.0.19: bytes of a TLS handshake, speed of ciphers and key exchanges",
        "The LeakWindow authors",
        2026,
        "one core of an x86 server, handshakes in memory",
        "2026-08",
        "Speeds are usable as ratios only: the machine is not a phone.",
    ),
    "popular-article-2026": Source(
        "VPN on iOS (2026): Fixing the Leaky Sandbox & Mastering Network Extensions",
        "D. Shchur",
        2026,
        "published on the web, 2026",
        _SEEN,
        "Popular claims that the experiments put to the test; none of them is a measurement.",
    ),
    # ---- Apple: documentation, headers, schemas --------------------------------------------------------------------
    "apple-nevpnstatus": _apple("documentation/networkextension/nevpnstatus", "NEVPNStatus"),
    "apple-networkextension-headers": _code(
        "Comments of Apple's NetworkExtension headers",
        "Apple, as reproduced by the objc2-generated project",
        "madsmtm/objc2-generated@fff28a8 NetworkExtension/mod.rs",
        "2026-08-07",
    ),
    "apple-includeallnetworks": _apple(
        "documentation/networkextension/nevpnprotocol/includeallnetworks", "includeAllNetworks"
    ),
    "apple-enforceroutes": _apple("documentation/networkextension/nevpnprotocol/enforceroutes", "enforceRoutes"),
    "apple-disconnectonsleep": _apple(
        "documentation/networkextension/nevpnprotocol/disconnectonsleep", "disconnectOnSleep"
    ),
    "apple-ikev2-api": _apple(
        "documentation/networkextension/nevpnikev2deadpeerdetectionrate",
        "NEVPNIKEv2DeadPeerDetectionRate, and lifetimeMinutes of NEVPNIKEv2SecurityAssociationParameters",
        "Of the rates, the pages for Low and Medium were read.",
    ),
    "apple-always-on-27": _apple(
        "documentation/devicemanagement/networkvpnalwayson",
        "NetworkVPNAlwaysOn, the declarative configuration of iOS 27",
    ),
    "apple-push": _apple(
        "documentation/usernotifications/pushing-background-updates-to-your-app",
        "Pushing background updates to your App",
    ),
    "apple-background-refresh": _apple(
        "documentation/uikit/uiapplication/backgroundrefreshstatus", "backgroundRefreshStatus"
    ),
    "apple-tn2277": _apple("library/mac/technotes/tn2277", "Technote 2277: Networking and Multitasking"),
    "apple-network-framework": _apple(
        "documentation/network", "Network framework: viability and better-path callbacks", _NOT_REREAD
    ),
    "apple-device-management": _schema("com.apple.vpn.managed.yaml", "The VPN payload, with IKEv2 and Always On"),
    "apple-applayer-schema": _schema("com.apple.vpn.managed.applayer.yaml", "The per-app VPN payload"),
    "apple-appmapping-schema": _schema("com.apple.vpn.managed.appmapping.yaml", "The per-app VPN mapping payload"),
    "apple-dns-settings-schema": _schema("com.apple.dnsSettings.managed.yaml", "The encrypted DNS settings payload"),
    "apple-network-usage-schema": _schema("com.apple.networkusagerules.yaml", "The network usage rules payload"),
    "apple-relay-schema": _schema("com.apple.relay.managed.yaml", "The relay payload"),
    "apple-wifi-roaming": Source(
        "Wi-Fi roaming of Apple devices: thresholds of signal", "Apple", None, "Apple support HT203068", _SEEN
    ),
    "apple-wifi-assist": Source(
        "About Wi-Fi Assist",
        "Apple",
        2015,
        "Apple support HT205296",
        _SEEN,
        "Read as summarised by macrumors.com, 2015.",
    ),
    "apple-private-relay": Source(
        "iCloud Private Relay Overview", "Apple", None, "apple.com", _SEEN, "Read through a copy in a forum."
    ),
    "apple-enterprise-networks": Source(
        "Hosts and ports that Apple devices need, with those of the push service",
        "Apple",
        None,
        "Apple's guidance for enterprise networks",
        _SEEN,
        "Read through a copy in a forum.",
    ),
    # ---- Apple: developer forums -----------------------------------------------------------------------------------
    "apple-dts-memory": _forum(73148, "Memory limits of Network Extension providers"),
    "apple-forum-731820": _forum(731820, "A new timer of 60 s on the start of a provider, with a log"),
    "apple-forum-95988": _forum(95988, "Sleep and wake of a packet tunnel provider"),
    "apple-forum-701976": _forum(701976, "Life of the provider's process after stopTunnel"),
    "apple-forum-744949": _forum(744949, "Time-out of the reasserting state"),
    "apple-forum-811887": _forum(811887, "No network while an on-demand tunnel configures itself (macOS)"),
    "apple-forum-128552": _forum(128552, "Personal VPN with on-demand rules"),
    "apple-forum-783777": _forum(783777, "Wi-Fi switched off while the device is locked"),
    "apple-forum-85066": _forum(85066, "How long an app may run in the background"),
    "apple-forum-741432": _forum(741432, "How long an app may run in the background, iOS 13 and later"),
    "apple-forum-729824": _forum(729824, "How often background app refresh runs"),
    "apple-forum-802375": _forum(802375, "Connections marked defunct"),
    "apple-forum-715118": _forum(715118, "Suspended apps and networking in the background"),
    "apple-forum-381984": _forum(381984, "A VPN and the change from Wi-Fi to cellular", "Apple developer forums"),
    "apple-forum-99108": _forum(99108, "Airplane mode and a running tunnel", "An Apple engineer, developer forums"),
    "apple-forum-782696": _forum(
        782696, "Host routes for active TCP flows when a tunnel comes up", "Apple developer forums"
    ),
    "apple-forum-807168": _forum(807168, "Per-app VPN with partial allowed addresses", "Apple developer forums"),
    "apple-forum-817434": _forum(817434, "What excludeAPNs does on Wi-Fi and on cellular", "Apple developer forums"),
    "apple-discussions-747834": Source(
        "Wakes of the baseband at night with and without a VPN",
        "A user of Apple's discussions",
        None,
        "discussions.apple.com, thread 747834",
        _SEEN,
    ),
    # ---- Apple: open source ----------------------------------------------------------------------------------------
    "xnu": _code(
        "XNU, Apple's kernel",
        "Apple",
        "apple-oss-distributions/xnu@11417.101.15",
        "2025-05-01",
        "The macOS publication of the shared kernel: builds for iOS may differ in compile-time options.",
    ),
    "mdnsresponder": _code(
        "mDNSResponder, Apple's resolver",
        "Apple",
        "apple-oss-distributions/mDNSResponder@2600.100.147",
        "2025-04",
        "A proxy for unicast DNS on iOS, where a closed component does the asking.",
    ),
    "configd": _code(
        "configd, Apple's system configuration", "Apple", "apple-oss-distributions/configd@1405.100.8", "2026-04"
    ),
    # ---- WireGuard: paper and programs -----------------------------------------------------------------------------
    "wireguard-paper": Source(
        "WireGuard: Next Generation Kernel Network Tunnel",
        "J. A. Donenfeld",
        2017,
        "https://www.wireguard.com/papers/wireguard.pdf",
        _SEEN,
        "Its timers were read in wireguard-go, which keeps the paper's names and values.",
    ),
    "wireguard-go": _code("wireguard-go", "WireGuard project", "WireGuard/wireguard-go@f333402", "2025-05-22"),
    "wireguard-go-29": _thread("WireGuard/wireguard-go", 29, "Go's monotonic clock stops in sleep (macOS)"),
    "wireguard-apple": _code(
        "WireGuard for iOS and macOS",
        "WireGuard project",
        "WireGuard/wireguard-apple@2fec12a",
        "2023-02-15",
        "App 1.0.16 build 27, the last public commit.",
    ),
    "wireguard-apple-43": _thread("WireGuard/wireguard-apple", 43, "The endpoint's name is never resolved again"),
    "wireguard-apple-mullvad": _code(
        "Mullvad's fork of WireGuard for iOS", "Mullvad", "mullvad/wireguard-apple@afb3451", "2024-10-07"
    ),
    "wireguard-apple-mullvad-6": _thread("mullvad/wireguard-apple", 6, "One default-path event instead of several"),
    "wireguard-tools": _code(
        "wireguard-tools, manual page wg(8)", "WireGuard project", "WireGuard/wireguard-tools@025f004 src/man/wg.8"
    ),
    "boringtun": _code("BoringTun", "Cloudflare", "cloudflare/boringtun@253f7af", "2026-05-01"),
    "gotatun": _code("GotaTun", "Mullvad", "mullvad/gotatun@549bbf4", "2026-07-14"),
    "neptun": _code("NepTUN", "Nord Security", "NordSecurity/NepTUN@a45a31d", "2026-07-14"),
    "neptun-80": _thread("NordSecurity/NepTUN", 80, "Roaming on Apple platforms repaired after a rewrite"),
    "libtelio": _code(
        "libtelio, with its battery notes", "Nord Security", "NordSecurity/libtelio@764f898", "2026-08-21"
    ),
    "amneziawg-apple-40": _thread("amnezia-vpn/amneziawg-apple", 40, "12 s of grace before a path counts as lost"),
    "amneziawg-apple-47": _thread("amnezia-vpn/amneziawg-apple", 47, "A restart for a new local port after silence"),
    # ---- VPN apps: source code -------------------------------------------------------------------------------------
    "mullvad-app": _code(
        "Mullvad VPN app, with its changelog and known issues",
        "Mullvad",
        "mullvad/mullvadvpn-app@9380a80",
        "2026-08-21",
    ),
    "proton-app": _code("Proton VPN for iOS and macOS", "Proton", "ProtonVPN/ios-mac-app@e3e4047", "2024-02-14"),
    "ivpn-ios": _code("IVPN for iOS", "IVPN", "ivpn/ios-app@df9951d", "2026-03-04"),
    "duckduckgo-apple": _code(
        "DuckDuckGo for Apple platforms, VPN sources", "DuckDuckGo", "duckduckgo/apple-browsers@8b9405b", "2025-02-20"
    ),
    "tailscale": _code("Tailscale", "Tailscale", "tailscale/tailscale@de9ec7e", "2026-08-22"),
    "psiphon-ios": _code("Psiphon for iOS", "Psiphon", "Psiphon-Inc/psiphon-ios-vpn@eb2af62", "2025-09-03"),
    "tunnelkit": _code("TunnelKit (end of life)", "Passepartout", "passepartoutvpn/tunnelkit@5cd1c64", "2025-04-15"),
    "openvpn2": _code("OpenVPN 2", "OpenVPN", "OpenVPN/openvpn@3de9260", "2026-08-22"),
    "openvpn3": _code("OpenVPN 3 core", "OpenVPN", "OpenVPN/openvpn3@aa57ac4", "2026-07-15"),
    "openvpn-manual": _code("OpenVPN manual page", "OpenVPN", "OpenVPN/openvpn@3de9260 doc/man-sections", "2026-08-22"),
    "openvpn-faq": Source(
        "FAQ of OpenVPN Connect: redirect-gateway and Seamless Tunnel", "OpenVPN", None, "openvpn.net", _SEEN
    ),
    "strongswan": _code("strongSwan", "strongSwan project", "strongswan/strongswan@3b902ea", "2026-05-12"),
    "libreswan": _code(
        "Libreswan", "Libreswan project", "libreswan/libreswan@0c4e3ec include/pluto_constants.h", "2026-08-21"
    ),
    "lightway": _code("Lightway", "ExpressVPN", "expressvpn/lightway@72e9863", "2026-08-21"),
    "quic-go": _code("quic-go", "quic-go project", "quic-go/quic-go@2cfe6ee"),
    "quiche": _code("quiche", "Cloudflare", "cloudflare/quiche@e97798e"),
    "rust-std": Source(
        "The Rust standard library: std::time::Instant, underlying system calls",
        "The Rust project",
        None,
        "https://doc.rust-lang.org/std/time/struct.Instant.html",
        _SEEN,
        _NOT_REREAD,
    ),
    "usque": _code("usque, a MASQUE client", "Diniboy1123", "Diniboy1123/usque@0fa6da9"),
    "expressvpn-leak-testing": _code(
        "ExpressVPN leak testing, with its definition of a leak", "ExpressVPN", "expressvpn/expressvpn_leak_testing"
    ),
    # ---- Reports: IVPN, Mullvad, Proton, Mozilla, DuckDuckGo -------------------------------------------------------
    "ivpn-146": _thread("ivpn/ios-app", 146, "includeAllNetworks tried as a kill switch", 2021),
    "ivpn-216": _thread("ivpn/ios-app", 216, "Blocked after a network switch when the device has several VPN profiles"),
    "ivpn-230": _thread("ivpn/ios-app", 230, "Connection lost with several profiles (iOS 15)"),
    "ivpn-283": _thread("ivpn/ios-app", 283, "Everything outside after an app update while connected (iOS 16.0)", 2022),
    "ivpn-334": _thread("ivpn/ios-app", 334, "No reconnect (iOS 16.4)"),
    "ivpn-360": _thread("ivpn/ios-app", 360, "The kill switch removed: traffic to Apple's servers bypasses it", 2023),
    "ivpn-466": _thread("ivpn/ios-app", 466, "DNS leaks while a settings change is not marked reasserting", 2025),
    "ivpn-knowledge-base": Source(
        "The iOS kill switch needs 1–3 s to engage", "IVPN", None, "IVPN knowledge base", _SEEN
    ),
    "mullvad-959": _thread("mullvad/mullvadvpn-app", 959, "A log of OpenVPN's 10 s poll time-out"),
    "mullvad-1649": _thread("mullvad/mullvadvpn-app", 1649, "Traffic outside after a restart, without on-demand"),
    "mullvad-2044": _thread("mullvad/mullvadvpn-app", 2044, "Offline shows as a path with only the tunnel interface"),
    "mullvad-5477": _thread("mullvad/mullvadvpn-app", 5477, "The blocked state leaked: no peers, so no routes"),
    "mullvad-6449": _thread("mullvad/mullvadvpn-app", 6449, "Connections opened before the tunnel were blocked"),
    "mullvad-9274": _thread("mullvad/mullvadvpn-app", 9274, "reasserting toggled to invalidate old sockets"),
    "mullvad-10686": _thread("mullvad/mullvadvpn-app", 10686, "Battery: path events each 10–30 s", 2026),
    "mullvad-2020": Source(
        "The iOS vulnerability that puts VPN traffic at risk",
        "Mullvad",
        2020,
        "https://mullvad.net/en/blog/2020/5/4/ios-vulnerability-puts-vpn-traffic-risk",
        _SEEN,
    ),
    "mullvad-audit-2022": Source(
        "Audit findings MUL22-02 and MUL22-03: leaks at boot, and Android's connectivity checks",
        "Mullvad",
        2022,
        "mullvad.net",
        _SEEN,
    ),
    "mullvad-tunnelcrack-2023": Source(
        "Mullvad's answer to TunnelCrack", "Mullvad", 2023, "mullvad.net, blog of 2023-08-09", _SEEN
    ),
    "mullvad-android-dns-2024": Source(
        "DNS leaks of Android while a tunnel is reconfigured",
        "Mullvad and Android's issue tracker",
        2024,
        "https://issuetracker.google.com/issues/337961996",
        _SEEN,
        "Widened in March 2025 to an app's own traffic and Private DNS.",
    ),
    "mullvad-ian-2025": Source(
        "Why we still don't use includeAllNetworks",
        "Mullvad",
        2025,
        "https://mullvad.net/blog/why-we-still-dont-use-includeallnetworks",
        "2025-03-26",
    ),
    "mullvad-force-all-2026": Source(
        "Mullvad 2026.2 for iOS: Force all apps",
        "Mullvad",
        2026,
        "mullvad/mullvadvpn-app, ios/CHANGELOG.md",
        "2026-04-21",
        "Read in the changelog and through press.",
    ),
    "proton-2020": Source(
        "VPN bypass vulnerability in Apple iOS",
        "Proton",
        2020,
        "https://protonvpn.com/blog/apple-ios-vulnerability-disclosure",
        _SEEN,
        "With updates of 2020-10 and 2022-08. Read through excerpts and press copies (tivi.fi, igen.fr, cfcs.dk).",
    ),
    "proton-kill-switch": Source("What is a kill switch, section on iOS", "Proton", None, "Proton support", _SEEN),
    "mozilla-vpn-235": _thread(
        "mozilla-mobile/mozilla-vpn-client", 235, "The real address shows at a server switch (iOS 14.2)"
    ),
    "mozilla-vpn-640": _thread("mozilla-mobile/mozilla-vpn-client", 640, "Baseline memory of the iOS provider"),
    "mozilla-vpn-3531": _thread(
        "mozilla-mobile/mozilla-vpn-client", 3531, "includeAllNetworks closes connections made before the tunnel"
    ),
    "mozilla-vpn-7990": _thread("mozilla-mobile/mozilla-vpn-client", 7990, "The VPN stays off after the provider died"),
    "mozilla-vpn-9429": _thread("mozilla-mobile/mozilla-vpn-client", 9429, "Off, and at once on again, with on-demand"),
    "duckduckgo-1249": _thread("duckduckgo/iOS", 1249, "WebRTC reveals the real address over a VPN (iOS 16)"),
    "duckduckgo-3460": _thread("duckduckgo/iOS", 3460, "enforceRoutes as an answer to TunnelCrack"),
    "duckduckgo-5440": _thread("duckduckgo/apple-browsers", 5440, "Persistent keepalive of 25 s", 2026),
    # ---- Reports: provider death, start, stop, settings, on-demand -------------------------------------------------
    "netbird-130": _thread("netbirdio/ios-client", 130, "A hung provider blocks all traffic"),
    "netbird-157": _thread("netbirdio/ios-client", 157, "The real address shows in the reconnect gap", 2026),
    "netbird-181": _thread("netbirdio/ios-client", 181, "Console log: start in 1.3 s; 191 settings applies in 14 s"),
    "netbird-189": _thread("netbirdio/ios-client", 189, "IPv6 settings of nil keep the previous configuration"),
    "partout-244": _thread("partout-io/partout", 244, "A tunnel started with nil settings passes traffic outside"),
    "amnezia-2149": _thread("amnezia-vpn/amnezia-client", 2149, "WireGuard silent after a network switch"),
    "amnezia-2223": _thread("amnezia-vpn/amnezia-client", 2223, "Handshakes stop after 10–15 min of lock (iOS 26.3)"),
    "amnezia-2987": _thread("amnezia-vpn/amnezia-client", 2987, "Real address exposed in the reconnect gap"),
    "brave-38057": _thread("brave/brave-browser", 38057, "Real address exposed in the reconnect gap"),
    "dobby-159": _thread("DobbyVPN/DobbyVPN", 159, "A socket option that keeps sockets out stops working (iOS 26)"),
    "dobby-164": _thread("DobbyVPN/DobbyVPN", 164, "From includeAllNetworks to enforceRoutes (iOS 26)", 2026),
    "pia-364": _thread("pia-foss/mobile-ios", 364, "On-demand holds all traffic for more than 75 min", 2026),
    "psiphon-616": _thread("Psiphon-Inc/psiphon-ios-vpn", 616, "Stop reasons after reasserting too long"),
    "nym-1818": _thread("nymtech/nym-vpn-client", 1818, "The limit of 60 s on starting a tunnel"),
    "lantern-8971": _thread("getlantern/lantern", 8971, "Memory footprint of the provider, one report"),
    "lantern-8974": _thread("getlantern/lantern", 8974, "Memory footprint of the provider, another report"),
    "lantern-8993": _thread("getlantern/lantern", 8993, "Starts cut off after 7.2–8.6 s, 76 cycles", 2026),
    "radiance-595": _thread("getlantern/radiance", 595, "Killed at 50 MB; 37.9 to 50 MB in 0.36 s"),
    "queqiao-82": _thread("bojieli/queqiao", 82, "Nine kills by memory, 6–20.6 min after the start"),
    "meow-70": _thread("meow-rs/meow-ios", 70, "The provider reclaimed while idle"),
    "meow-92": _thread("meow-rs/meow-ios", 92, "Path changes debounced by 1.5–2 s"),
    "meow-98": _thread("meow-rs/meow-ios", 98, "Killed 22 s after launch by a burst of look-ups"),
    "meow-183": _thread("meow-rs/meow-ios", 183, "System log: relaunched about 20 s after each kill"),
    "sing-box-1432": _thread("SagerNet/sing-box", 1432, "Sleep and wake callbacks, nearly all short"),
    "sing-box-3976": _thread("SagerNet/sing-box", 3976, "Killed in an upload speed test above 100 Mbps"),
    "sing-box-4509": _thread("SagerNet/sing-box", 4509, "30–40 s to recover after a lock of 10–20 min (iOS 27)"),
    "xray-19": _thread("wanliyunyan/xray_ios", 19, "Killed at the second to fourth page load"),
    "rvpn-notes": Source("Release notes of rVPN 1.2.4", "rVPN", None, "release notes 1.2.4", _SEEN),
    "icepa-2": _thread("iCepa/iCepa", 2, "The early memory limit of packet tunnel providers"),
    "openradar-27660401": Source(
        "The memory limit of packet tunnel providers, up to iOS 10", "Open Radar", None, "openradar 27660401", _SEEN
    ),
    "openradar-28389227": Source(
        "Stuck on a dead Wi-Fi until airplane mode is toggled (iOS 10)", "Open Radar", None, "openradar 28389227", _SEEN
    ),
    "openradar-29407550": Source(
        "App update with on-demand: no network until reboot", "Open Radar", 2016, "openradar 29407550", _SEEN
    ),
    "openradar-29821241": Source("IKEv2 ends every 8 min", "Open Radar", None, "openradar 29821241", _SEEN),
    "zerotier-2230": _thread("zerotier/ZeroTierOne", 2230, "Connecting takes 9–14 s, WireGuard almost none"),
    "on-demand-probe-2019": Source(
        "The on-demand probe is cached until reboot (iOS 12.3.1)", "S. Hlusiak", 2019, "saschahlusiak.de", _SEEN
    ),
    "algo-208": _thread("trailofbits/algo", 208, "Always-On blocks the captive portal"),
    "algo-336": _thread("trailofbits/algo", 336, "On-demand and captive portals"),
    "algo-452": _thread("trailofbits/algo", 452, "A captive portal and on-demand block each other"),
    "amnezia-3106": _thread("amnezia-vpn/amnezia-client", 3106, "A captive portal and the kill switch"),
    "privacyguides-36175": Source(
        "Comparison of kill switches on iOS and macOS",
        "Members of discuss.privacyguides.net",
        None,
        "https://discuss.privacyguides.net/t/36175",
        _SEEN,
    ),
    # ---- Reports: sleep, handover, battery -------------------------------------------------------------------------
    "logicalmixed-2017": Source(
        "A ping test of a sleeping iPhone 5S with an OpenVPN tunnel",
        "logicalmixed.com",
        2017,
        "logicalmixed.com",
        _SEEN,
    ),
    "vk-turn-proxy": Source(
        "Release notes v1.0-build13: 105 sleep and wake events in one hour",
        "anton48",
        None,
        "github.com/anton48/vk-turn-proxy-ios, releases",
        _SEEN,
    ),
    "cisco-apns": Source(
        "NAT timers for Apple's push service",
        "Cisco community",
        None,
        "community.cisco.com ta-p/4391543",
        _SEEN,
        "The 10–15 min are an Apple engineer's, reported at second hand.",
    ),
    "pasture-2016": Source(
        "Observation of the push connection on cellular", "pasture", 2016, "pasture.hatenablog.jp", "2016-10-21"
    ),
    "tunnelkit-60": _thread("passepartoutvpn/tunnelkit", 60, "Shown as up while traffic bypasses the tunnel"),
    "tunnelkit-94": _thread("passepartoutvpn/tunnelkit", 94, "Match domains for a split tunnel"),
    "tunnelkit-138": _thread("passepartoutvpn/tunnelkit", 138, "Queues and timers stand still in sleep"),
    "passepartout-181": _thread("passepartoutvpn/passepartout-apple", 181, "DNS in plain text during a reconnect"),
    "passepartout-299": _thread("passepartoutvpn/passepartout-apple", 299, "Dropped by the server soon after sleep"),
    "eduvpn-250": _thread("eduvpn/apple", 250, "A listing of the resolvers and their order"),
    "eduvpn-265": _thread("eduvpn/apple", 265, "The extension dies unexpectedly, after 20 s"),
    "eduvpn-490": _thread("eduvpn/apple", 490, "WireGuard connected, but no traffic after suspension"),
    "eduvpn-493": _thread("eduvpn/apple", 493, "A reconnect each two minutes while asleep"),
    "eduvpn-507": _thread("eduvpn/apple", 507, "Sleep and wake callbacks made to do nothing"),
    "tailscale-337": _thread("tailscale/tailscale", 337, "The provider ended when hopping networks"),
    "tailscale-604": _thread("tailscale/tailscale", 604, "A probe each 23–27 s keeps the radio up"),
    "tailscale-3363": _thread(
        "tailscale/tailscale", 3363, "Standby of an iPhone 13 Pro with WireGuard and with a mesh"
    ),
    "tailscale-7810": _thread("tailscale/tailscale", 7810, "Battery shares of an iPhone and an iPad"),
    "tailscale-8957": _thread("tailscale/tailscale", 8957, "Battery: about 5 % in 10 min with a chatty mesh"),
    "tailscale-10680": _thread("tailscale/tailscale", 10680, "The change of the default interface on iOS"),
    "tailscale-15718": _thread(
        "tailscale/tailscale", 15718, "Turned off, it comes back after about 10 s; idle activity"
    ),
    "tailscale-17575": _thread("tailscale/tailscale", 17575, "5–10 s before it connects after wake (iOS 26)"),
    "tailscale-1-36": Source(
        "Tailscale 1.36: 40 % less battery in Xcode's metric", "Tailscale", None, "release notes 1.36", _SEEN
    ),
    "algo-346": _thread("trailofbits/algo", 346, "Dead-peer detection at High costs ten times the power"),
    "algo-348": _thread("trailofbits/algo", 348, "No network for 1–2 min after wake (iOS 10.3, IKEv2)"),
    "algo-430": _thread("trailofbits/algo", 430, "Constant reassociation of a sleeping phone"),
    "algo-1251": _thread("trailofbits/algo", 1251, "Persistent keepalive from 25 s to none"),
    "algo-1385": _thread("trailofbits/algo", 1385, "Log of a change from Wi-Fi to LTE (iOS 12.2)"),
    "openvpn-adapter-113": _thread("ss-abramchuk/OpenVPNAdapter", 113, "Traffic outside during a reconnect"),
    "openvpn-adapter-141": _thread("ss-abramchuk/OpenVPNAdapter", 141, "Traffic outside after a change of network"),
    "openvpn-adapter-167": _thread("ss-abramchuk/OpenVPNAdapter", 167, "Transport error after a change of interface"),
    "openvpn-install-538": _thread("angristan/openvpn-install", 538, "Log of OpenVPN Connect on iOS around a wake"),
    "openvpn-log-2016": Source(
        "iOS log of core 3.0.11: server poll time-out each 10 s", "anonymous", 2016, "pastebin.com/S1DXBpgR", _SEEN
    ),
    "openvpn-log-2017": Source(
        "iOS log of core 3.1.2: restart 2000 ms after a transport error",
        "anonymous",
        2017,
        "pastebin.com/xipBQ62Q",
        _SEEN,
    ),
    "ics-openvpn-1284": _thread("schwabe/ics-openvpn", 1284, "Log: 1–2 s until the push request"),
    "wgtunnel-466": _thread("zaneschepke/wgtunnel", 466, "A leak of seconds from Wi-Fi to mobile (Android)"),
    "libtorrent-5027": _thread("arvidn/libtorrent", 5027, "Traffic goes round the VPN onto cellular"),
    "proxidize-17": _thread("proxidize/proxidize-android", 17, "Airplane toggle for a new public address"),
    "proxidize-39": _thread("proxidize/proxidize-android", 39, "How long airplane mode must stay on for a new address"),
    "mptcp-blog-2017": Source(
        "Multipath TCP on iOS 11", "The Multipath TCP blog", 2017, "blog.multipath-tcp.org, 2017-07-05", _SEEN
    ),
    # ---- Reports: DNS ----------------------------------------------------------------------------------------------
    "adguard-335": _thread("AdguardTeam/AdguardForiOS", 335, "Boot traffic before the tunnel is up"),
    "adguard-404": _thread("AdguardTeam/AdguardForiOS", 404, "Wi-Fi Assist flaps about each 5 s", 2017),
    "adguard-1437": _thread("AdguardTeam/AdguardForiOS", 1437, "After SERVFAIL the system's resolver is asked too"),
    "adguard-1692": _thread("AdguardTeam/AdguardForiOS", 1692, "Look-ups outside at network changes (iOS 14)"),
    "adguard-1755": _thread("AdguardTeam/AdguardForiOS", 1755, "Each query doubled to the system's resolver"),
    "adguard-1777": _thread("AdguardTeam/AdguardForiOS", 1777, "No network until the interface is switched by hand"),
    "adguard-vpn-45": _thread(
        "AdguardTeam/AdGuardVPNForiOS", 45, "About 30 s without network, Wi-Fi to LTE (iOS 14.3)"
    ),
    "adguard-dnslibs-110": _thread("AdguardTeam/DnsLibs", 110, "Split tunnels, Private Relay and DNS"),
    "nebula-373": _thread("DefinedNet/mobile_nebula", 373, "Match domains needed in a split tunnel"),
    "cve-2018-4369": Source(
        "A VPN could leak DNS to a DNS proxy, before iOS 12.1", "Apple", 2018, "CVE-2018-4369", _SEEN
    ),
    "mysk-2026": Source(
        "WebKit prefetches DNS outside a configured proxy", "Mysk", 2026, "mysk.blog/2026/08/04", "2026-08"
    ),
    # ---- Reports: IKEv2 --------------------------------------------------------------------------------------------
    "strongswan-520": _thread("strongswan/strongswan", 520, "Ends 8 min after Wi-Fi to LTE with MOBIKE (iOS 14.7)"),
    "strongswan-2861": Source(
        "Log of an iOS client with EAP-MSCHAPv2", "strongSwan users", None, "strongSwan issue 2861", _SEEN
    ),
    "strongx509-7": _thread("strongX509/docker", 7, "Log with sizes of an iOS client's messages"),
    "openwrt-10042": _thread("openwrt/packages", 10042, "Log with the fragments of IKE_AUTH with certificates"),
    "jawj-8": _thread("jawj/IKEv2-setup", 8, "Log with sizes of an iOS client's messages"),
    "jawj-63": _thread("jawj/IKEv2-setup", 63, "Breaks in sleep, reconnects on wake"),
    "jawj-137": _thread("jawj/IKEv2-setup", 137, "A full renegotiation takes about 0.5 s (macOS)"),
    "libreswan-222": _thread("libreswan/libreswan", 222, "Ends every 8 min when the proposals differ"),
    "libreswan-405": _thread("libreswan/libreswan", 405, "Ends at 60 min"),
    "hwdsl2-295": _thread("hwdsl2/setup-ipsec-vpn", 295, "Connecting takes 25 s with a broken AAAA record, else 2 s"),
    "hwdsl2-363": _thread("hwdsl2/setup-ipsec-vpn", 363, "On-demand tries again only after up to 2 min"),
    "hwdsl2-1486": _thread("hwdsl2/setup-ipsec-vpn", 1486, "Drops at regular times"),
    "hwdsl2-config": Source(
        "Server configuration written by setup-ipsec-vpn", "hwdsl2", None, "github.com/hwdsl2/setup-ipsec-vpn", _SEEN
    ),
    # ---- Leaks: studies and disclosures ----------------------------------------------------------------------------
    "horowitz-2022": Source(
        "VPNs on iOS are a scam",
        "M. Horowitz",
        2022,
        "https://michaelhorowitz.com/VPNs.on.iOS.are.scam.php",
        _SEEN,
        "Logs of 2022-05 to 2023-08, taken at the router. Read in part through macworld.idg.se and appletldr.com.",
    ),
    "mysk-2022": Source(
        "Apple services and DNS outside an active VPN (iOS 16)",
        "T. Mysk and T. Haj Bakry",
        2022,
        "https://twitter.com/mysk_co/status/1579997801047822336",
        _SEEN,
        "Read only through press and softwarefailures.com/incident/2410. No rates were published.",
    ),
    "disconnect-2022": Source(
        "Apps may bypass a Wi-Fi VPN over cellular",
        "Disconnect.me",
        2022,
        "https://news.ycombinator.com/item?id=34054178",
        _SEEN,
        "Read only at second hand, at this address and through macworld.idg.se. No rates were published.",
    ),
    "tunnelcrack-2023": Source(
        "Bypassing Tunnels: Leaking VPN Client Traffic by Abusing Routing Tables (TunnelCrack)",
        "N. Xue et al.",
        2023,
        "https://tunnelcrack.mathyvanhoef.com",
        _SEEN,
    ),
    "tunnelvision-2024": Source(
        "TunnelVision (CVE-2024-3661): routes by DHCP option 121",
        "Leviathan Security",
        2024,
        "github.com/leviathansecurity/TunnelVision",
        _SEEN,
    ),
    "perta2015": Source(
        "A Glance through the VPN Looking Glass: IPv6 Leakage and DNS Hijacking in Commercial VPN clients",
        "V. C. Perta et al.",
        2015,
        "Proceedings on Privacy Enhancing Technologies (PETS) 2015",
        _SEEN,
        "Read through summaries.",
    ),
    "ikram2016": Source(
        "An Analysis of the Privacy and Security Risks of Android VPN Permission-enabled Apps",
        "M. Ikram et al.",
        2016,
        "IMC 2016",
        _SEEN,
        "Read through summaries.",
    ),
    "khan2018": Source(
        "An Empirical Analysis of the Commercial VPN Ecosystem",
        "M. T. Khan et al.",
        2018,
        "IMC 2018",
        _SEEN,
        "Only the abstract and an author's summary were read; the failure counts are from memory and unconfirmed.",
    ),
    "burkert2021": Source(
        "Study of leakage while VPN clients connect, also behind captive portals",
        "Burkert et al.",
        2021,
        "doi 10.1109/ICC42927.2021.9500375 (ICC 2021)",
        _SEEN,
        "The abstract and the introduction were read, the tables were not.",
    ),
    "vpnalyzer-2022": Source(
        "VPNalyzer: Systematic Investigation of the VPN Ecosystem",
        "R. Ramesh et al.",
        2022,
        "NDSS 2022",
        _SEEN,
        _FROM_MEMORY,
    ),
    "cho2025": Source(
        "Native IPv6 exposed by VPNs, among 129 000 visitors a day",
        "Cho and Heidemann",
        2025,
        "arXiv 2512.19698 (IMC 2025)",
        _SEEN,
    ),
    "mvpnalyzer-2026": Source(
        "MVPNalyzer: 281 Android VPN apps", "MVPNalyzer authors", 2026, "NDSS 2026", _SEEN, _ABSTRACT
    ),
    "rtings-vpn": Source("Kill-switch tests of 20 VPNs", "RTINGS", None, "rtings.com", _SEEN),
    "top10vpn-2024": Source("Test of 100 free Android VPN apps", "Top10VPN", 2024, "top10vpn.com", _SEEN, "Reported."),
    # ---- Standards: IETF -------------------------------------------------------------------------------------------
    "rfc3948": _rfc(3948, 2005, "A. Huttunen et al.", "UDP Encapsulation of IPsec ESP Packets", _NOT_REREAD),
    "rfc4106": _rfc(
        4106, 2005, "J. Viega, D. McGrew", "The Use of Galois/Counter Mode (GCM) in IPsec ESP", _NOT_REREAD
    ),
    "rfc4303": _rfc(4303, 2005, "S. Kent", "IP Encapsulating Security Payload (ESP)", _NOT_REREAD),
    "rfc4555": _rfc(4555, 2006, "P. Eronen", "IKEv2 Mobility and Multihoming Protocol (MOBIKE)"),
    "rfc4787": _rfc(4787, 2007, "F. Audet, C. Jennings", "NAT Behavioral Requirements for Unicast UDP"),
    "rfc5382": _rfc(5382, 2008, "S. Guha et al.", "NAT Behavioral Requirements for TCP"),
    "rfc5723": _rfc(5723, 2010, "Y. Sheffer, H. Tschofenig", "IKEv2 Session Resumption", _NOT_REREAD),
    "rfc6298": _rfc(6298, 2011, "V. Paxson et al.", "Computing TCP's Retransmission Timer", _NOT_REREAD),
    "rfc7296": _rfc(
        7296,
        2014,
        "C. Kaufman et al.",
        "Internet Key Exchange Protocol Version 2 (IKEv2)",
        "Read in the text of RFC 5996, which is the same in the sections used.",
    ),
    "rfc7359": _rfc(7359, 2014, "F. Gont", "Layer 3 VPN Tunnel Traffic Leakages in Dual-Stack Hosts/Networks"),
    "rfc8305": _rfc(
        8305,
        2017,
        "D. Schinazi, T. Pauly",
        "Happy Eyeballs Version 2: Better Connectivity Using Concurrency",
        _NOT_REREAD,
    ),
    "rfc8446": _rfc(8446, 2018, "E. Rescorla", "The Transport Layer Security (TLS) Protocol Version 1.3", _NOT_REREAD),
    "rfc8910": _rfc(
        8910, 2020, "W. Kumari, E. Kline", "Captive-Portal Identification in DHCP and Router Advertisements"
    ),
    "rfc9000": _rfc(9000, 2021, "J. Iyengar, M. Thomson", "QUIC: A UDP-Based Multiplexed and Secure Transport"),
    "rfc9001": _rfc(9001, 2021, "M. Thomson, S. Turner", "Using TLS to Secure QUIC", _NOT_REREAD),
    "rfc9002": _rfc(9002, 2021, "J. Iyengar, I. Swett", "QUIC Loss Detection and Congestion Control"),
    "rfc9147": _rfc(
        9147,
        2022,
        "E. Rescorla et al.",
        "The Datagram Transport Layer Security (DTLS) Protocol Version 1.3",
        _NOT_REREAD,
    ),
    "rfc9221": _rfc(9221, 2022, "T. Pauly et al.", "An Unreliable Datagram Extension to QUIC", _NOT_REREAD),
    "rfc9298": _rfc(9298, 2022, "D. Schinazi", "Proxying UDP in HTTP", _NOT_REREAD),
    "rfc9329": _rfc(
        9329, 2022, "T. Pauly, V. Smyslov", "TCP Encapsulation of IKE and IPsec Packets", f"{_ABSTRACT} {_NOT_REREAD}"
    ),
    "rfc9484": _rfc(9484, 2023, "T. Pauly et al.", "Proxying IP in HTTP"),
    # ---- Standards: 3GPP and IEEE ----------------------------------------------------------------------------------
    "ts24301": _3gpp("TS 24.301", "Non-access stratum for the evolved packet system", _PARTLY),
    "ts24501": _3gpp("TS 24.501", "Non-access stratum for the 5G system", _PARTLY),
    "ts36213": _3gpp("TS 36.213", "LTE physical layer procedures", "§5.1.1.1: the form is from memory."),
    "ts36331": _3gpp(
        "TS 36.331",
        "LTE radio resource control",
        "§11.2 was read; §5.3.7, §5.3.11 and the paging cycles are from memory.",
    ),
    "ts38213": _3gpp("TS 38.213", "NR physical layer procedures for control", "§7.1.1: the form is from memory."),
    "ts38331": _3gpp("TS 38.331", "NR radio resource control", "From memory, unconfirmed."),
    "tr38840": _3gpp("TR 38.840", "Study on power saving of NR phones", "From memory, unconfirmed: shape, not watts."),
    "ieee80211": Source("IEEE 802.11: beacons, DTIM and roaming", "IEEE", None, "IEEE Std 802.11", _SEEN, _NOT_REREAD),
    # ---- Radio and energy: papers ----------------------------------------------------------------------------------
    "huang2012": Source(
        "A Close Examination of Performance and Power Characteristics of 4G LTE Networks",
        "J. Huang et al.",
        2012,
        "MobiSys 2012",
        _SEEN,
        "Abstract read. Many LTE rows of Tables 3 and 4 stand likewise in att-aro; the other rows are from memory.",
    ),
    "narayanan2021": Source(
        "A Variegated Look at 5G in the Wild",
        "A. Narayanan et al.",
        2021,
        "SIGCOMM 2021; data: github.com/SIGCOMM21-5G/artifact@35aaf28",
        "2021-09-15",
        "Figures were recomputed from the data; Tables 2 and 7 are from memory, in part confirmed by it.",
    ),
    "hassan2022": Source(
        "Vivisecting Mobility Management in 5G Cellular Networks",
        "A. Hassan et al.",
        2022,
        "SIGCOMM 2022; data: github.com/SIGCOMM22-5GMobility/artifact@c612c6f",
        "2022-06-26",
        "Figures were recomputed from the data.",
    ),
    "xu2020": Source("Understanding Operational 5G", "D. Xu et al.", 2020, "SIGCOMM 2020", _SEEN, _ABSTRACT),
    "tailender2009": Source(
        "Energy Consumption in Mobile Phones: A Measurement Study and Implications for Network Applications "
        "(TailEnder)",
        "N. Balasubramanian et al.",
        2009,
        "IMC 2009",
        _SEEN,
        _FROM_MEMORY,
    ),
    "aro2011": Source(
        "Profiling Resource Usage for Mobile Applications",
        "F. Qian et al.",
        2011,
        "MobiSys 2011",
        _SEEN,
        "At second hand.",
    ),
    "haverinen2007": Source(
        "Energy Consumption of Always-On Applications in WCDMA Networks",
        "H. Haverinen, J. Siren, P. Eronen",
        2007,
        "VTC 2007",
        _SEEN,
        "The abstract and some rows of Table 2 were read, the longer intervals were not.",
    ),
    "eronen2008": Source(
        "TCP Wake-Up",
        "P. Eronen",
        2008,
        "Nokia Research Center NRC-TR-2008-002",
        _SEEN,
        "Read in part through the summary on blog.wirelessmoves.com, 2008-08.",
    ),
    "jensen2012": Source(
        "LTE UE Power Consumption Model",
        "A. R. Jensen et al.",
        2012,
        "VTC 2012; constants: github.com/ThomasValerrianPasca/LTE_Energy_Module_NS3@0525d43",
        "2018-11-26",
        "The abstract was read; the constants were read in the ns-3 module.",
    ),
    "lauridsen2014": Source(
        "An Empirical LTE Smartphone Power Model",
        "M. Lauridsen et al.",
        2014,
        "Intel Technology Journal 18(1)",
        _SEEN,
        _FROM_MEMORY,
    ),
    "ding2013": Source(
        "Characterizing and Modeling the Impact of Wireless Signal Strength on Smartphone Battery Drain",
        "N. Ding et al.",
        2013,
        "SIGMETRICS 2013",
        _SEEN,
        "Its multipliers could not be read.",
    ),
    "bartendr2010": Source("Bartendr", "A. Schulman et al.", 2010, "MobiCom 2010", _SEEN, _ABSTRACT),
    "eprof2012": Source(
        "Where is the energy spent inside my app?", "A. Pathak et al.", 2012, "EuroSys 2012", _SEEN, _FROM_MEMORY
    ),
    "raca2020": Source(
        "Beyond Throughput, The Next Generation: a 5G Dataset",
        "D. Raca et al.",
        2020,
        "MMSys 2020; data: github.com/uccmisl/5Gdataset@306d92e",
        "2020-06-19",
        "Figures were recomputed from the data.",
    ),
    "imc2023-wheels": Source(
        "Performance of Cellular Networks on the Wheels",
        "NUWiNS group",
        2023,
        "IMC 2023; figures: github.com/NUWiNS/imc2023-cellular-network-performance-on-wheels-data@d2e04b4",
        "2024-04-23",
        "Read off the vector figures: the data files were not in the clone.",
    ),
    "conext2025-sa": Source(
        "A First Large-Scale Study of Operational 5G Standalone Networks",
        "NUWiNS group",
        2025,
        "CoNEXT 2025; figures: github.com/NUWiNS/"
        "conext2025-a-first-large-scale-study-of-operational-5g-standalone-networks@5c724ae",
        "2025-10-23",
        "Read off the vector figures: the data files were not in the clone.",
    ),
    "pei2017": Source(
        "Why it takes so long to connect to a WiFi access point", "Pei et al.", 2017, "INFOCOM 2017", _SEEN
    ),
    "lumos5g": Source(
        "Lumos5G",
        "A. Narayanan et al.",
        2020,
        "IMC 2020; traces: github.com/SIGCOMM21-5G/artifact@35aaf28 Video-Streaming/Network-Traces/Lumous5G",
        "2021-09-15",
        "Figures were recomputed from the traces.",
    ),
    "winstein2013": Source(
        "Stochastic Forecasts Achieve High Throughput and Low Delay over Cellular Networks (Sprout)",
        "K. Winstein et al.",
        2013,
        "NSDI 2013; traces: github.com/ravinet/mahimahi@ae477d4",
        "2024-12-29",
        "Figures were recomputed from the traces, which include an addition of 2016.",
    ),
    "pam2025-multi-carrier": Source(
        "Multi-carrier data set: pings and aligned handovers of three US operators, coast to coast",
        "NUWiNS group",
        2025,
        "PAM 2025; data: github.com/NUWiNS/pam2025-multi-carrier-dataset",
        _SEEN,
        "Only the data files were read, not the paper.",
    ),
    "gnettrack-analytics": Source(
        "GNetTrackAnalytics: drive test logs of operators in Dakar",
        "braz0101",
        2025,
        "github.com/braz0101/GNetTrackAnalytics@3c84fc9 raw_logs",
        _SEEN,
    ),
    "mp-traces": Source(
        "MP-Traces: Wi-Fi and cellular measured at once while walking on a campus",
        "aydini",
        None,
        "github.com/aydini/MP-Traces@f0ea75b Traces",
        _SEEN,
    ),
    "densquer": Source(
        "DensQuer: density of 5G cells and the power of a Pixel 7a", "DensQuer authors", None, "a paper", _SEEN
    ),
    "handover-thesis-2026": Source(
        "Vertical handovers between Wi-Fi and cellular", "A Virginia Tech thesis", 2026, "Virginia Tech", _SEEN
    ),
    "high-speed-rail-2019": Source(
        "Handovers on high-speed rail", "Wang et al.", 2019, "INFOCOM 2019", _SEEN, _FROM_MEMORY
    ),
    "rem2020": Source(
        "Beyond 5G: Reliable Extreme Mobility Management (REM)",
        "Y. Li et al.",
        2020,
        "SIGCOMM 2020",
        _SEEN,
        _FROM_MEMORY,
    ),
    "kaist2014": Source("Time to leave LTE coverage for 2G or 3G", "KAIST", 2014, "a study of 2014", _SEEN),
    "gws2014": Source("Mobile data on commuter trains and in the subway", "GWS", 2014, "a survey of 2014", _SEEN),
    # ---- Radio and energy: programs, data, books, press ------------------------------------------------------------
    "att-aro": _code(
        "AT&T Application Resource Optimizer (Video Optimizer): radio profiles and energy rules",
        "AT&T",
        "attdevsupport/VideoOptimizer@d164529 ARO.Core/src/main/resources/lte.conf and other profiles",
        "2023-11-28",
    ),
    "energybox": _code(
        "EnergyBox: configurations, engines and test oracles",
        "E. Vergara et al.",
        "rtslab/EnergyBox@150320e",
        "2017-03-30",
    ),
    "ndpi": _code("nDPI: captures for its tests", "ntop", "ntop/nDPI@3b1286a tests/cfgs/default/pcap"),
    "powertutor": Source(
        "PowerTutor: power constants (libpowertutor.h)", "PowerTutor", None, "public source trees", _SEEN
    ),
    "hpbn": _code(
        "High Performance Browser Networking, chapters on mobile",
        "I. Grigorik",
        "igrigorik/hpbn.co@0cc06d7",
        "2018-09-26",
    ),
    "olgen2013": _code(
        "Interruption between radio technologies, T-Mobile Germany",
        "olgen2013",
        "olgen2013/HandoverMeasurements@186c653",
        "2013-09-01",
    ),
    "glasgow2025": Source(
        "Glasgow 5G data set 2025", "AhrenHart", 2025, "github.com/AhrenHart/Glasgow5GDataset2025", _SEEN
    ),
    "bandwidth-traces": Source(
        "Real-world bandwidth traces, with the Norwegian commute traces",
        "confiwent",
        None,
        "github.com/confiwent/Real-world-bandwidth-traces",
        _SEEN,
        "In this cut form the outages of the commute traces are gone.",
    ),
    "mtn-drx": Source(
        "DRX configurations of MTN Ghana", "usingacustomdomain", None, "usingacustomdomain.blogspot.com", _SEEN
    ),
    "aosp-power-profiles": Source(
        "Power profiles of Android phones (power_profile.xml)",
        "LineageOS, GrapheneOS and AICP device trees",
        None,
        "github.com/LineageOS/android_device_google_coral and the trees of other phones",
        _SEEN,
        "Vendors scale and revise these values by a factor of 2–4.",
    ),
    "openssl-asm": _code(
        "Cycles per byte in the comments of OpenSSL's ARMv8 assembly",
        "OpenSSL project",
        "openssl/openssl crypto/**/asm/*armv8*.pl",
    ),
    "linux-chacha20": _code("ChaCha20 on a Cortex-A7, 11.4 cycles per byte", "Linux kernel", "torvalds/linux@a1b22a5f"),
    "linux-conntrack": _code("UDP time-outs of connection tracking", "Linux kernel", "torvalds/linux@294304e4"),
    "xeovo-2019": Source(
        "Battery test of WireGuard and OpenVPN, 1 GB in 1 h", "Xeovo", 2019, "xeovo.com", _SEEN, "Reported."
    ),
    "tomsguide-2021": Source(
        "iPhone 12 battery test: web pages over LTE and 5G", "Tom's Guide", 2021, "tomsguide.com", _SEEN
    ),
    "battery-table-9to5mac": Source("Battery capacities of iPhones", "9to5Mac", None, "9to5mac.com", _SEEN),
    "macrumors-eu-labels": Source(
        "Battery capacities of iPhone 16 and 17 from EU energy labels",
        "MacRumors",
        None,
        "macrumors.com",
        _SEEN,
        "Capacities in mAh; energy is derived with 3.86 V.",
    ),
    "headworx": Source("A phone's battery at the edge of coverage", "headworx", None, "a blog", _SEEN),
    "espressif-esp32c3": Source(
        "Current of an ESP32-C3 by DTIM",
        "Espressif",
        None,
        "Espressif documentation",
        _SEEN,
        "Not a phone: used for shape.",
    ),
    "ti-simplelink": Source(
        "Time to associate with an access point", "Texas Instruments", None, "SimpleLink notes", _SEEN
    ),
    "wifi-monitoring": Source(
        "Thresholds for the time of a Wi-Fi roam and of DHCP",
        "Vendors of Wi-Fi monitoring",
        None,
        "vendor pages",
        _SEEN,
    ),
    # ---- Networks: NAT ---------------------------------------------------------------------------------------------
    "richter-2016": Source(
        "A Multi-perspective Analysis of Carrier-Grade NAT Deployment",
        "P. Richter et al.",
        2016,
        "IMC 2016",
        _SEEN,
        "Read through a literature note that quotes the paper.",
    ),
    "halkes-2011": Source(
        "UDP NAT and Firewall Puncturing in the Wild",
        "G. Halkes, J. Pouwelse",
        2011,
        "Networking 2011",
        _SEEN,
        "Read through a literature note that quotes the paper.",
    ),
    "hatonen-2010": Source(
        "An Experimental Study of Home Gateway Characteristics",
        "S. Hätönen et al.",
        2010,
        "IMC 2010",
        _SEEN,
        "Read in an excerpt of the slides; the medians are from memory.",
    ),
    "cloud-nat-docs": Source(
        "NAT time-outs of AWS, GCP, Twilio IoT and VPP", "Their vendors", None, "vendor documentation", _SEEN
    ),
}
"""Every document that a parameter may cite, by key."""
