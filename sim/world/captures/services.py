"""What a flow is for, as far as its port and address tell: a capture does not know apps.

The names are ours; which port is assigned to what is IANA's registry of service names and port numbers, and for Apple's
push service Apple's list of hosts and ports.

# MODEL: everything on ports 80 and 443 is one app called web, a web page's as well as a chat's. Bias: which app leaked
# is known no better than that.
"""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import NamedTuple

from sim.world.captures.packets import TCP, UDP


class Service(NamedTuple):
    """A kind of flow."""

    app: str
    system: bool
    """It is the platform's, not an app's."""
    destination: str
    """Class of the destination, as :class:`sim.world.scenario.Sockets` has it."""
    clear_text: bool = False


_BY_PORT: tuple[tuple[str, tuple[int, ...]], ...] = (
    # Ports as in IANA's registry: http, https, http-alt, pcsync-https.
    ("web", (80, 443, 8080, 8443)),
    # smtp, submissions, submission, pop3, pop3s, imap, imaps.
    ("mail", (25, 465, 587, 110, 995, 143, 993)),
    # sip, sips, stun, stuns.
    ("voice", (5060, 5061, 3478, 5349)),
    # xmpp-client, and XMPP over TLS from the start, which was never assigned a port; chat services still use both.
    ("messages", (5222, 5223)),
    # isakmp, ipsec-nat-t, openvpn: what is inside cannot be seen.
    ("vpn", (500, 4500, 1194)),
)
_APP_OF_PORT = {port: app for app, ports in _BY_PORT for port in ports}
_CLEAR = frozenset({80, 8080, 110, 143})
"""http, http-alt, pop3 and imap: readable unless they change to TLS on the way."""
DNS, DNS_OVER_TLS, NTP, PUSH = 53, 853, 123, 5223
ADDRESSING = frozenset({67, 68, 546, 547})
"""bootps, bootpc, dhcpv6-client, dhcpv6-server: joining a network is the model's own business."""

_LOCAL = tuple(
    ip_network(n)
    for n in (
        "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "127.0.0.0/8", "224.0.0.0/4",
        "255.255.255.255/32", "fc00::/7", "fe80::/10", "ff00::/8", "::1/128",
    )
)  # fmt: skip
"""RFC 1918, 3927, 4193, 4291: private, link-local and loopback addresses; and multicast, which stays on the link."""
_APPLE = tuple(
    ip_network(n)
    # Apple's own block, and the IPv6 networks of its push service.
    for n in ("17.0.0.0/8", "2620:149:a44::/48", "2403:300:a42::/48", "2403:300:a51::/48", "2a01:b740:a42::/48")
)


@lru_cache(maxsize=65_536)
def service(protocol: int, port: int, address: bytes) -> Service:
    """The kind of a flow to this port and address.

    Parameters
    ----------
    protocol : TCP or UDP
    address : 4 or 16 bytes
    """
    if port == DNS:
        return Service("dns", True, "resolver")
    if is_local(address):
        return Service("local", False, "local", port in _CLEAR)
    if _within(address, _APPLE):
        # Push falls back to port 443, where nothing tells it from Apple's other services.
        pushes = port == PUSH and protocol == TCP
        return Service("push", True, "apns") if pushes else Service("apple", True, "apple", port in _CLEAR)
    if port == DNS_OVER_TLS:
        return Service("dns", True, "internet")
    if port == NTP and protocol == UDP:
        return Service("time", True, "internet", True)
    return Service(_APP_OF_PORT.get(port, "other"), False, "internet", port in _CLEAR)


@lru_cache(maxsize=65_536)
def is_local(address: bytes) -> bool:
    """Whether an address is not on the internet."""
    return _within(address, _LOCAL)


def is_somebody(address: bytes) -> bool:
    """Whether it can be the address of one device: not multicast, broadcast, loopback or unspecified."""
    at = ip_address(address)
    return not (at.is_multicast or at.is_unspecified or at.is_loopback or address == b"\xff\xff\xff\xff")


def _within(address: bytes, networks: tuple[IPv4Network | IPv6Network, ...]) -> bool:
    at = ip_address(address)
    return any(at in network for network in networks)
