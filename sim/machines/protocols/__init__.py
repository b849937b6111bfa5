"""VPN protocols, one file each. To add one: a file, a line in :class:`Protocols`, a test file."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from sim.base.citing import Model
from sim.machines.protocols.ikev2 import IKEv2
from sim.machines.protocols.lightway import Lightway
from sim.machines.protocols.masque import MASQUE
from sim.machines.protocols.openvpn import OpenVPN
from sim.machines.protocols.wireguard import WireGuard

if TYPE_CHECKING:
    from sim.machines.machine import TunnelProtocol


class Protocols(Model):
    """The parameters of each protocol, under its name: the `[vpn.<name>]` tables of a scenario file."""

    wireguard: WireGuard = WireGuard()
    ikev2: IKEv2 = IKEv2()
    openvpn: OpenVPN = OpenVPN()
    lightway: Lightway = Lightway()
    masque: MASQUE = MASQUE()


PROTOCOLS = {name: cast("type[TunnelProtocol]", field.annotation) for name, field in Protocols.model_fields.items()}
"""Every protocol by its name. Whatever lists protocols reads it here."""
