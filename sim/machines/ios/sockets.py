"""What a live socket does when a new socket of its kind would now be opened elsewhere.

iOS does not move sockets. A socket keeps the address it was opened with; when the default route changes it stays
where it is, as long as that address lives. It ends when its app, its server, a policy or a timer ends it, and then
the app opens another one. These few rules are where "a socket outlives the switch" comes from.

Follows: Proton's disclosure of 2020 and XNU ``ip_output.c``, ``tcp_output.c``, ``necp.c``.
"""

from __future__ import annotations

from enum import Enum

from sim.machines.events import Interface
from sim.machines.ios.behaviour import Behaviour
from sim.machines.routing import Binding, Situation, Traits, holds_address


class Reaction(Enum):
    """What becomes of a socket."""

    KEEPS = "keeps"
    """It lives on, where it is."""
    CLOSES = "closes"
    """It ends now; its app may open another."""
    WAITS = "waits"
    """Its address is gone; it stays silent until the address returns or its transport gives up."""


def reaction(
    transport: str, traits: Traits, binding: Binding, fresh: Binding | None, s: Situation, rules: Behaviour, luck: float
) -> Reaction:
    """What a connected socket bound to `binding` does now that a new one would be bound to `fresh`.

    Parameters
    ----------
    transport : tcp, udp or quic
    luck : a uniform number in [0, 1) that belongs to this socket and this incident
    """
    if holds_address(binding, s):
        return _address_lives(transport, traits, binding, fresh, s, rules, luck)
    if binding.interface is Interface.UTUN and s.utun:
        # Reasserting was cleared: iOS ended what was inside the tunnel.
        return Reaction.CLOSES if luck < rules.reasserting_closes_tunnel_sockets else Reaction.WAITS
    closes = rules.closes_on_path_loss if transport == "tcp" else rules.rebinds_on_path_loss
    return Reaction.CLOSES if luck < closes else Reaction.WAITS


def _address_lives(
    transport: str, traits: Traits, binding: Binding, fresh: Binding | None, s: Situation, rules: Behaviour, luck: float
) -> Reaction:
    if binding.interface is Interface.UTUN:
        return Reaction.KEEPS
    if s.seals and not traits.exempt:
        # A policy that does not match ends connected sockets (necp.c); a socket that escapes it goes on outside.
        return Reaction.CLOSES if luck < rules.sealing_closes_legacy else Reaction.KEEPS
    if fresh is not None and fresh.interface is Interface.UTUN:
        if s.enforces and luck < rules.enforce_routes_closes_legacy:
            return Reaction.CLOSES
        return Reaction.KEEPS if luck < rules.legacy_survival else Reaction.CLOSES
    if transport in ("quic", "udp") and fresh is not None:
        # Between two working interfaces, QUIC and UDP apps follow the better path; TCP finishes where it is.
        return Reaction.CLOSES if luck < rules.rebinds_on_path_loss else Reaction.KEEPS
    return Reaction.KEEPS
