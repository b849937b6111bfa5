"""The address translation between the phone and its VPN server, as far as it forgets.

A NAT keeps a tunnel's mapping alive while the phone sends; packets from the server need not refresh it (RFC 4787,
REQ-6). Once it has expired, what the server sends by itself is lost, and the tunnel's ends do not notice: nobody can be
pushed to until the phone says something. A keepalive is nothing but the remedy. A new address of the phone is unknown
to the server in the same way.

Most mappings expire and are made again without anybody asking. So only a push that would be lost is an event, and the
next packet that the phone sends after it.

# MODEL: a packet that the phone sends refreshes the mapping even if a hole on the way loses it. Bias: a push just after
# a hole may arrive that would have been lost.
# MODEL: a device that sleeps wakes for a push that the NAT drops: when it wakes is drawn before the tunnel is known.
# Bias: too many wakes on a phone whose tunnel is idle.
# MODEL: flows outside the tunnel never lose their mapping: push services keep theirs alive, by keepalives of their own.
"""

from __future__ import annotations

from sim.base.units import NEVER, Duration, Instant
from sim.engine.network import Network
from sim.engine.traffic import Traffic
from sim.machines.ios.path import PathState


class Nat:
    """The mapping of one run's tunnel."""

    def __init__(self, traffic: Traffic, network: Network) -> None:
        self._traffic, self._network = traffic, network
        self.said: Instant = 0
        """When the protocol last sent a message of its own."""
        self.by = 0
        """The record that last made or ended the mapping."""
        self.since: Instant = 0
        """Since when the phone has its address."""
        self.asked = -1
        """The version of the traffic for which the next change was sought."""
        self.due: Instant = NEVER
        """When it will be looked at. Not later than the next change; what pushes it back leaves it as it is."""

    def next_change(self, path: PathState, now: Instant) -> Instant:
        """When the next push is lost; or, after that, when the phone next sends. Or when to ask again; or NEVER."""
        if not self._network.reached:
            return self._traffic.next_sent(now)
        lifetime: Duration = self._network.translation_lifetime(path)
        return self._traffic.next_unreached(now, self.said, self.since, lifetime)
