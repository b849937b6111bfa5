"""OpenVPN's configuration files (.ovpn, .conf) and the same directives inside a profile for OpenVPN Connect.

Most of an OpenVPN client's routes, resolver and timers are pushed by its server and stand in no file; what the file
does not say is left to the scenario, and a note says so. The meaning of a directive follows openvpn ``options.c`` and
its manual; how iOS reads DNS options, openvpn.net's "How does iOS interpret pushed DNS servers and search domains?".
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from sim.faces.importing.reading import (
    COMPUTERS,
    CRYPTOGRAPHY,
    IDENTITY,
    LOGGING,
    MOST_NETWORKS,
    MOST_SERVERS,
    PACKETS,
    Draft,
    Network,
    address_of,
    domain_of,
    duration_text,
    each,
    host_of,
    network_of,
    number_of,
)

KIND = "OpenVPN configuration"


NO_EFFECT: dict[str, str] = {
    **each(
        "ca cert key pkcs12 extra-certs dh secret tls-auth tls-crypt tls-crypt-v2 key-direction auth-user-pass askpass "
        "auth-nocache auth-retry auth-token auth-token-user auth-gen-token-secret static-challenge crl-verify capath "
        "verify-x509-name verify-hash peer-fingerprint remote-cert-tls remote-cert-ku remote-cert-eku ns-cert-type "
        "tls-remote x509-username-field client-cert-not-required verify-client-cert push-peer-info pkcs11-id "
        "pkcs11-providers cryptoapicert username password http-proxy-user-pass management-external-key setenv "
        "setenv-safe allow-password-save autologin",
        IDENTITY,
    ),
    **each(
        "cipher data-ciphers data-ciphers-fallback ncp-ciphers ncp-disable auth tls-cipher tls-ciphersuites keysize "
        "tls-version-min tls-version-max tls-cert-profile tls-groups ecdh-curve key-method prng no-iv no-replay "
        "replay-window replay-persist mute-replay-warnings engine providers use-prediction-resistance comp-lzo "
        "compress comp-noadapt allow-compression scramble",
        CRYPTOGRAPHY,
    ),
    **each(
        "tun-mtu tun-mtu-extra tun-mtu-max link-mtu mssfix fragment mtu-disc mtu-test max-packet-size sndbuf rcvbuf "
        "txqueuelen tcp-queue-limit socket-flags fast-io mark passtos tcp-nodelay bcast-buffers shaper",
        PACKETS,
    ),
    **each("verb mute log log-append syslog status status-version suppress-timestamps echo", LOGGING),
    **each(
        "user group chroot cd daemon nice writepid mlock script-security up down up-delay up-restart down-pre route-up "
        "route-pre-down ipchange tls-verify auth-user-pass-verify client-connect route-method route-delay route-metric "
        "route-gateway ip-win32 win-sys tap-sleep show-net-up register-dns dhcp-renew dhcp-release pause-exit service "
        "management management-query-passwords management-hold management-client iproute dev-node persist-key "
        "persist-local-ip test-hash lladdr disable-dco bind-dev vlan-tagging remap-usr1 config ignore-unknown-option "
        "disable-occ opt-verify ifconfig-nowarn ifconfig-noexec route-noexec allow-pull-fqdn redirect-private",
        COMPUTERS,
    ),
    **each(
        "http-proxy http-proxy-option http-proxy-retry http-proxy-timeout http-proxy-override socks-proxy "
        "socks-proxy-retry",
        "a proxy on the way to the server: the scenario's server stands for all of that way",
    ),
    **each(
        "port lport rport local nobind bind float multihome persist-remote-ip proto-force single-session",
        "the client's own socket: no effect on the tunnel's traffic",
    ),
    **each(
        "client pull tls-client dev dev-type topology ifconfig ifconfig-ipv6 tun-ipv6 mode",
        "the model's client is a TUN client that pulls its settings",
    ),
    **each(
        "tls-timeout tran-window ping-timer-rem reneg-bytes reneg-pkts", "a detail of the session that the model fixes"
    ),
    **each("resolv-retry connect-retry-max", "when to give up: the model's client does not"),
    **each("remote-random remote-random-hostname", "the model's client takes the first server"),
    **each("explicit-exit-notify tls-exit", "how a session is ended: the model's ends at once"),
    **each("inactive session-timeout", "an end of the session by idleness or age is not modelled"),
    "block-outside-dns": "for Windows: elsewhere a tunnel that is the default route gets all names anyway",
    "block-local": "on iOS only includeAllNetworks keeps local traffic in the tunnel",
    "pull-filter": "filters what the server pushes, which is not part of the file",
    "vpn-on-demand": "how OpenVPN Connect shows the profile",
}
"""Directives that are understood and change nothing in the model."""

_USED = frozenset(
    each(
        "remote proto keepalive ping ping-restart ping-exit reneg-sec hand-window server-poll-timeout connect-timeout "
        "connect-retry persist-tun redirect-gateway block-ipv6 route route-ipv6 route-nopull dhcp-option dns",
        "",
    )
)
_SERVER_ONLY = frozenset(
    ["server", "server-bridge", "server-ipv6", "tls-server", "push", "client-to-client", "ifconfig-pool", "max-clients"]
)


class Directive(NamedTuple):
    """One line of a configuration, or one inline block."""

    name: str
    arguments: tuple[str, ...]
    line: int


# Reading --------------------------------------------------------------------------------------------------------------


def looks_like_it(text: str) -> bool:
    """Whether this is meant to be an OpenVPN configuration."""
    firsts = {line.split(maxsplit=1)[0] for line in text.split("\n") if line.strip()}
    return (
        bool(firsts & {"remote", "<connection>", "server", "server-bridge"})
        or len(
            firsts
            & {
                "client",
                "tls-client",
                "dev",
                "proto",
                "<ca>",
                "ca",
                "nobind",
                "persist-tun",
                "auth-user-pass",
                "cipher",
            }
        )
        > 1
    )


def is_known(name: str) -> bool:
    """Whether this is a directive that is understood, with effect or without."""
    return name in NO_EFFECT or name in _USED or name in _SERVER_ONLY


def parse(draft: Draft, text: str) -> list[Directive]:
    """The directives of a file. Of an inline block only the name is kept; `<connection>` holds directives."""
    found: list[Directive] = []
    block, since = "", 0
    for number, line in enumerate(text.split("\n"), 1):
        bare = line.strip()
        if block:
            block = "" if bare == f"</{block}>" else block
        elif bare.startswith("<") and bare.endswith(">") and bare not in ("<connection>", "</connection>"):
            block, since = bare[1:-1], number
            found.append(directive(block, (), number))
        elif bare not in ("<connection>", "</connection>") and (words := split(bare)):
            found.append(directive(words[0].removeprefix("--"), tuple(words[1:]), number))
    if block:
        draft.refuse(f"the inline block that begins on line {since} is not closed", "Is the file complete?")
    return found


def directive(name: str, arguments: tuple[str, ...], line: int) -> Directive:
    """A directive; `setenv opt NAME …` is the directive NAME, for clients that know it."""
    if name == "setenv" and len(arguments) > 1 and arguments[0] == "opt":
        name, arguments = arguments[1], arguments[2:]
    return Directive(name, arguments, line)


def split(line: str) -> list[str]:
    """The words of a line: quotes group, a backslash takes the next character as it is, `#` or `;` begins a comment."""
    words: list[str] = []
    word: list[str] = []
    inside, quote = False, ""
    characters = iter(line)
    for c in characters:
        if c == "\\" and quote != "'":
            inside = True
            word.append(next(characters, ""))
        elif quote:
            quote = "" if c == quote else quote
            word += [c] if quote else []
        elif c in "\"'":
            inside, quote = True, c
        elif c.isspace():
            words += ["".join(word)] if inside else []
            word, inside = [], False
        elif c in "#;" and not inside:
            break
        else:
            inside = True
            word.append(c)
    return [*words, "".join(word)] if inside else words


# Meaning --------------------------------------------------------------------------------------------------------------


def fill(draft: Draft, directives: Iterable[Directive]) -> None:
    """Read directives into the draft.

    Raises
    ------
    ImportRefused
        If this is no client's configuration, or of a kind that iOS or the model does not have.
    """
    of: dict[str, list[Directive]] = {}
    for found in directives:
        of.setdefault(found.name, []).append(found)
    _refuse_what_is_not_modelled(draft, of)
    draft.default("protocol", "openvpn", overwrite=True)
    for name in of:
        if why := NO_EFFECT.get(name):
            draft.ignore(name, why)
    unknown = [found.line for name, same in of.items() if not is_known(name) for found in same]
    draft.ignore_lines(sorted(unknown), "a directive that is not known here")
    _remotes(draft, of)
    _timers(draft, of)
    _routes(draft, of)
    _dns(draft, of)
    kept = "persist-tun" in of
    key = "persist-tun" if kept else "persist-tun (absent)"
    draft.put(key, "client.routes_while_reconnecting", "kept" if kept else "removed")
    draft.tell(key, "in OpenVPN Connect the app's own setting, Seamless Tunnel, has the last word")


def _refuse_what_is_not_modelled(draft: Draft, of: dict[str, list[Directive]]) -> None:
    def first(name: str) -> str:
        return of[name][-1].arguments[0] if name in of and of[name][-1].arguments else ""

    if _SERVER_ONLY & of.keys() or first("mode") == "server" or first("proto").endswith("-server"):
        draft.refuse("this is the configuration of a server", "Import the configuration of the phone.")
    if first("dev-type") == "tap" or ("dev-type" not in of and first("dev").startswith("tap")):
        draft.refuse("dev tap: iOS has no layer 2 tunnels", "Import a configuration with dev tun.")
    if "secret" in of:
        draft.refuse(
            "static key mode (secret) is not modelled: it has no handshake", "Import a configuration that uses TLS."
        )
    if not any(found.arguments for found in of.get("remote", ())):
        draft.refuse(
            "there is no remote: nothing to connect to",
            "Import the configuration of the phone; its remote names the server.",
        )


def _transport(text: str) -> str | None:
    base = text.lower().removesuffix("-client").rstrip("46")
    return base if base in ("udp", "tcp") else None


def _remotes(draft: Draft, of: dict[str, list[Directive]]) -> None:
    remotes = [found.arguments for found in of["remote"] if found.arguments]
    draft.connect_to("remote", [arguments[0] for arguments in remotes])
    if len(remotes) > 1:
        draft.tell("remote", f"{len(remotes)} entries: the model's client takes the first")
    stated = of["proto"][-1].arguments[0] if "proto" in of and of["proto"][-1].arguments else "udp"
    each = [arguments[2] if len(arguments) > 2 else stated for arguments in remotes]
    transport = _transport(each[0])
    if transport is None:
        draft.tell("proto", "neither UDP nor TCP: taken as UDP, OpenVPN's default")
    draft.put(
        "proto" if "proto" in of or len(remotes[0]) > 2 else "proto (absent)", "openvpn.transport", transport or "udp"
    )
    if len({_transport(one) for one in each}) > 1:
        draft.tell("remote", "the entries use UDP and TCP: the model uses the transport of the first")


SECONDS: dict[str, tuple[int, tuple[str, ...]]] = {
    "ping": (0, ("openvpn.ping",)),
    "ping-restart": (0, ("openvpn.ping_restart",)),
    "ping-exit": (0, ("openvpn.ping_restart",)),
    "reneg-sec": (1, ("openvpn.renegotiation",)),
    "hand-window": (1, ("openvpn.hand_window",)),
    "server-poll-timeout": (1, ("openvpn.server_poll_v3", "openvpn.server_poll_v2")),
    "connect-timeout": (1, ("openvpn.server_poll_v3", "openvpn.server_poll_v2")),
}
"""Directives that are a number of seconds: the least that the model takes [s], and the settings they are."""


def _timers(draft: Draft, of: dict[str, list[Directive]]) -> None:
    for found in of.get("keepalive", ()):
        for name, text in zip(("ping", "ping-restart"), (*found.arguments, "", ""), strict=False):
            _seconds(draft, "keepalive", name, text)
    for name in SECONDS:
        for found in of.get(name, ()):
            _seconds(draft, name, name, found.arguments[0] if found.arguments else "")
    if "ping-exit" in of:
        draft.tell("ping-exit", "the client would end; the model starts it over, as ping-restart does")
    for found in of.get("connect-retry", ()):
        draft.ignore(
            "connect-retry", "heeded by version 2 of OpenVPN; apps on iOS use version 3, with pauses of its own"
        )
        if value := number_of((*found.arguments, "")[0], 86_400):
            draft.default("openvpn.retry_wait_v2", duration_text(value), overwrite=True)


def _seconds(draft: Draft, key: str, name: str, text: str) -> None:
    least, paths = SECONDS[name]
    value = number_of(text, 10_000_000)
    if value is None:
        draft.ignore(key, "not a number of seconds: left out")
    elif name == "reneg-sec" and not value:
        draft.ignore(key, "0 leaves the renegotiation of keys to the server: the scenario's stays")
    else:
        for path in paths:
            draft.put(key, path, duration_text(max(value, least)))


# Routes and names -----------------------------------------------------------------------------------------------------


def _routes(draft: Draft, of: dict[str, list[Directive]]) -> None:
    stated: list[Network] = []
    excluded: list[Network] = []
    routes = [*of.get("route", ()), *of.get("route-ipv6", ())]
    if len(routes) > MOST_NETWORKS:
        draft.refuse(f"{len(routes)} routes are more than the {MOST_NETWORKS} that are read")
    for found in routes:
        network = _network(found)
        if network is None or str(network) == "::/128":
            draft.ignore(found.name, "not a network, or one without destinations: left out")
        else:
            (excluded if "net_gateway" in found.arguments else stated).append(network)
    gateway = [flag for found in of.get("redirect-gateway", ()) for flag in found.arguments]
    if "redirect-gateway" in of:
        stated += _default_routes(gateway)
    if "block-ipv6" in of:
        stated += _default_routes(["!ipv4", "ipv6"])
        draft.tell("block-ipv6", "IPv6 is taken into the tunnel, where the client drops it; the model does not drop it")
    _put_routes(draft, of, stated, excluded)


def _put_routes(draft: Draft, of: dict[str, list[Directive]], stated: list[Network], excluded: list[Network]) -> None:
    key = next(
        (name for name in ("redirect-gateway", "route", "route-ipv6", "route-nopull", "block-ipv6") if name in of), None
    )
    if stated or "route-nopull" in of:
        draft.route(key or "route", stated, excluded)
    else:
        draft.tell("redirect-gateway (absent)", "the server usually pushes the routes: the scenario's vpn.routes stay")
        draft.exclude("route", map(str, excluded))
    if stated and "route-nopull" not in of and "::/0" not in draft.vpn["routes"]:
        draft.tell(key or "route", "the server may push more routes, such as IPv6: if it does, set vpn.routes")


def _default_routes(flags: list[str]) -> list[Network]:
    wanted = [*(["0.0.0.0/0"] if "!ipv4" not in flags else []), *(["::/0"] if "ipv6" in flags else [])]
    return [network for text in wanted if (network := network_of(text))]


def _network(found: Directive) -> Network | None:
    address, mask = (*found.arguments, "", "")[:2]
    if found.name == "route-ipv6":
        return network_of(address)
    # A name, or a word such as vpn_gateway, may stand for the address: then it is not known here.
    return network_of(f"{address}/{mask if address_of(mask) else '32'}") if address_of(address) else None


def _dns(draft: Draft, of: dict[str, list[Directive]]) -> None:
    servers: list[str] = []
    domains: list[str] = []
    for found in of.get("dhcp-option", ()):
        kind, value = (*(argument for argument in found.arguments), "", "")[:2]
        match kind.upper():
            case "DNS" | "DNS6" if address := address_of(value):
                servers.append(address)
            case "DOMAIN" | "DOMAIN-SEARCH" | "ADAPTER_DOMAIN_SUFFIX" if domain_of(value):
                domains.append(value)
            case _:
                draft.ignore("dhcp-option", "an option that the model does not have, or one without an address")
    for found in of.get("dns", ()):
        _dns_directive(draft, found, servers, domains)
    if not servers:
        draft.tell("dhcp-option DNS (absent)", "the server usually pushes the resolver: the scenario's vpn.dns stays")
        return
    key = "dhcp-option" if "dhcp-option" in of else "dns"
    draft.put(key, "dns.servers", list(dict.fromkeys(servers))[:MOST_SERVERS])
    everything = "0.0.0.0/0" in draft.vpn.get("routes", ["0.0.0.0/0"])
    if domains and everything:
        draft.ignore(f"{key} (domains)", "completes short names only, as the tunnel is the default route")
    draft.put(key, "dns.match_domains", [""] if everything or not domains else domains[:MOST_NETWORKS])


def _dns_directive(draft: Draft, found: Directive, servers: list[str], domains: list[str]) -> None:
    """`dns server N address A…`, `dns server N resolve-domains D…`, `dns server N transport T`."""
    match found.arguments:
        case ("server", _, "address", *values):
            servers += [address for value in values if (address := address_of(host_of(value) or ""))]
        case ("server", _, "resolve-domains", *values):
            domains += [value for value in values if domain_of(value)]
        case ("server", _, "transport", *_):
            draft.ignore("dns", "how the tunnel's resolver is asked: inside the tunnel nobody sees it")
        case _:
            draft.ignore("dns", "an option that the model does not have")
