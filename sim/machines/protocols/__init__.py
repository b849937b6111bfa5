"""VPN protocols, one file each. To add one: a file, a line here, a test file."""

from sim.machines.protocols.ikev2 import IKEv2
from sim.machines.protocols.openvpn import OpenVPN
from sim.machines.protocols.wireguard import WireGuard

PROTOCOLS: dict[str, type[WireGuard] | type[IKEv2] | type[OpenVPN]] = {
    protocol.name: protocol for protocol in (WireGuard, IKEv2, OpenVPN)
}
"""Every protocol by its name in scenario files; its parameters are the scenario's `[vpn.<name>]` table."""
