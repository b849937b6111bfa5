"""WireGuard's configuration files (wg-quick, and the WireGuard app's dialect of it).

The app on iOS knows ten keys and refuses a file with any other; here the others are read and noted, because the file
may come from a computer. What the app does with a key is taken from wireguard-apple,
``PacketTunnelSettingsGenerator.swift`` and ``TunnelConfiguration+WgQuickConfig.swift``.
"""

from __future__ import annotations

from typing import NamedTuple

from sim.faces.importing.reading import (
    COMPUTERS,
    IDENTITY,
    MOST_SERVERS,
    PACKETS,
    Draft,
    address_of,
    domain_of,
    duration_text,
    number_of,
)

KIND = "WireGuard configuration"

_SCRIPTS = "runs a command on a computer; the app on iOS refuses files with this key"
_AMNEZIA = "AmneziaWG's obfuscation: how packets look, not when they are sent; the WireGuard app refuses it"

NO_EFFECT = {
    "privatekey": IDENTITY,
    "publickey": IDENTITY,
    "presharedkey": IDENTITY,
    "address": "the phone's address inside the tunnel: no effect on what is routed into it",
    "listenport": "the local UDP port: no effect on a phone behind NAT",
    "mtu": PACKETS,
    "table": COMPUTERS,
    "fwmark": COMPUTERS,
    "saveconfig": COMPUTERS,
    **dict.fromkeys(("preup", "postup", "predown", "postdown"), _SCRIPTS),
    **dict.fromkeys(
        ("jc", "jmin", "jmax", "s1", "s2", "s3", "s4", "h1", "h2", "h3", "h4", "i1", "i2", "i3", "i4", "i5"), _AMNEZIA
    ),
}
"""Keys, in lower case, that are understood and change nothing in the model."""

_USED = {"dns", "endpoint", "allowedips", "persistentkeepalive"}


class _Entry(NamedTuple):
    """One assignment of a section."""

    key: str
    value: str
    line: int


def looks_like_it(text: str) -> bool:
    """Whether this is meant to be a WireGuard configuration."""
    return any(_section(line) in ("interface", "peer") for line in text.split("\n"))


def fill(draft: Draft, text: str) -> None:
    """Read a configuration into the draft.

    Raises
    ------
    ImportRefused
        If it is not the configuration of a client: no [Interface], no [Peer], no Endpoint, unreadable AllowedIPs.
    """
    interface, peers = _sections(draft, text)
    if interface is None:
        draft.refuse("there is no [Interface] section", "Is it a template that was not filled in, or a part of a file?")
    if not peers:
        draft.refuse("there is no [Peer] section: nothing to connect to", "Import the configuration of the phone.")
    chosen = next((peer for peer in peers if _last(peer, "endpoint")), None)
    if chosen is None:
        draft.refuse(
            "no peer has an Endpoint: this is the configuration of a server, which waits for its clients",
            "Import the configuration of the phone; its [Peer] section names the server as Endpoint.",
        )
    draft.put("[Interface]", "protocol", "wireguard")
    _note_the_rest(draft, [interface, *peers])
    _endpoint(draft, chosen, peers)
    _routes(draft, peers)
    _dns(draft, interface)
    _keepalive(draft, chosen)


def _section(line: str) -> str | None:
    bare = line.partition("#")[0].strip()
    return bare[1:-1].strip().lower() if bare.startswith("[") and bare.endswith("]") else None


def _sections(draft: Draft, text: str) -> tuple[list[_Entry] | None, list[list[_Entry]]]:
    """The [Interface] section, and each [Peer]. A key may come several times: its lists add up."""
    interface: list[_Entry] | None = None
    peers: list[list[_Entry]] = []
    current: list[_Entry] | None = None
    stray: list[int] = []
    for number, line in enumerate(text.split("\n"), 1):
        bare = line.partition("#")[0].strip()
        match _section(line):
            case "interface":
                current = interface = [] if interface is None else interface
            case "peer":
                current = []
                peers.append(current)
            case str():
                current = None
                stray.append(number)
            case None if bare:
                key, equals, value = (part.strip() for part in bare.partition("="))
                if current is None or not equals:
                    stray.append(number)
                else:
                    current.append(_Entry(key, value, number))
    draft.ignore_lines(stray, "not an assignment in a section that WireGuard has")
    return interface, peers


def _note_the_rest(draft: Draft, sections: list[list[_Entry]]) -> None:
    entries = [entry for section in sections for entry in section if entry.key.lower() not in _USED]
    for entry in entries:
        if why := NO_EFFECT.get(entry.key.lower()):
            draft.ignore(entry.key, why)
    unknown = [entry.line for entry in entries if entry.key.lower() not in NO_EFFECT]
    draft.ignore_lines(unknown, "a key that WireGuard does not have")


def _last(section: list[_Entry], key: str) -> str:
    return next((entry.value for entry in reversed(section) if entry.key.lower() == key), "")


def _items(section: list[_Entry], key: str) -> list[str]:
    return [
        item.strip() for entry in section if entry.key.lower() == key for item in entry.value.split(",") if item.strip()
    ]


def _endpoint(draft: Draft, chosen: list[_Entry], peers: list[list[_Entry]]) -> None:
    draft.connect_to("Endpoint", [_last(chosen, "endpoint")])
    if len(peers) > 1:
        draft.tell(
            "[Peer]",
            f"{len(peers)} peers: the model has one, the first with an Endpoint, and it gets all their AllowedIPs",
        )


def _routes(draft: Draft, peers: list[list[_Entry]]) -> None:
    items = list(dict.fromkeys(item for peer in peers for item in _items(peer, "allowedips")))
    networks = draft.networks("AllowedIPs", items)
    if len(networks) < len(items):
        draft.tell(
            "AllowedIPs", f"{len(items) - len(networks)} of {len(items)} entries are not networks; they are left out"
        )
    if items and not networks:
        draft.refuse(
            "AllowedIPs holds no network that can be read",
            "Fill in the template, or write networks such as 0.0.0.0/0, ::/0.",
        )
    if not items:
        draft.tell("AllowedIPs", "there are none: nothing is routed into the tunnel")
    draft.route("AllowedIPs", networks)


def _dns(draft: Draft, interface: list[_Entry]) -> None:
    items = list(dict.fromkeys(_items(interface, "dns")))
    servers = [address for item in items if (address := address_of(item))][:MOST_SERVERS]
    domains = [item for item in items if not address_of(item) and domain_of(item)]
    if domains:
        draft.ignore("DNS (search domains)", "completes short names only; the model's names are complete")
    if len(servers) + len(domains) < len(items):
        draft.ignore("DNS (others)", "neither addresses nor domains, or too many: left out")
    key = "DNS" if items else "DNS (absent)"
    draft.put(key, "dns.servers", servers)
    # wireguard-apple sets matchDomains = [""] as soon as there is a server, and no DNS settings without one.
    draft.put(key, "dns.match_domains", [""] if servers else [])
    if not servers:
        draft.tell(key, "there is no server: names are looked up with the resolver of the network")


def _keepalive(draft: Draft, chosen: list[_Entry]) -> None:
    written = _last(chosen, "persistentkeepalive")
    interval = 0 if written.lower() in ("", "off") else number_of(written, 65_535)
    if interval is None:
        draft.ignore("PersistentKeepalive", "neither off nor a number of seconds up to 65535: taken as off")
    key = "PersistentKeepalive" if written else "PersistentKeepalive (absent)"
    draft.put(key, "wireguard.persistent_keepalive", duration_text(interval or 0))
