"""What was on the air: bursts in the packets that carried them, and the VPN's own messages."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.engine.ledger import Ledger
from sim.engine.network import Control
from sim.machines.machine import TunnelProtocol
from sim.machines.routing import Fate
from sim.world.intervals import Ints

SENT = np.zeros(len(Fate), dtype=bool)
SENT[[Fate.TUNNELLED, Fate.LEAKED, Fate.BYPASSED, Fate.OPEN, Fate.BEYOND]] = True
"""Fates with which a burst was on the air."""


class Sent(NamedTuple):
    """Bursts, rows of the ledger, and behind them control messages, as columns of equal length."""

    at: Ints
    up: Ints
    """Overhead of the tunnel included. [bytes]"""
    down: Ints
    vpn: NDArray[np.bool_]
    """It is a control message."""
    cellular: NDArray[np.bool_]
    rows: Ints
    """Which of them were on the air, in order of time."""

    def on(self, cellular: bool) -> Ints:
        """Those rows that were on the air of one interface, in order of time."""
        found: Ints = self.rows[self.cellular[self.rows] == cellular]
        return found


def sent(
    ledger: Ledger, control: list[Control], protocol: TunnelProtocol, begins: Ints, default: NDArray[np.bool_]
) -> Sent:
    """Lay out what was sent, in the tunnel's packets where it went through the tunnel.

    Parameters
    ----------
    begins, default : (n_standings,) when each standing began [µs], and whether its default path was cellular
    """
    control_at, _, control_up, control_down, _ = zip(*control, strict=True) if control else ((),) * 5
    at = np.concatenate((ledger.settled, np.array(control_at, dtype=np.int64)))
    up = np.concatenate((ledger.up, np.array(control_up, dtype=np.int64)))
    down = np.concatenate((ledger.down, np.array(control_down, dtype=np.int64)))
    n, tunnelled = len(ledger.at), ledger.fate == Fate.TUNNELLED
    for size in (up[:n], down[:n]):
        size += protocol.overhead(size) * tunnelled  # type: ignore[arg-type]  # written for one size, works for columns
    cellular = np.concatenate((ledger.cellular, default[begins.searchsorted(at[n:], side="right") - 1]))
    vpn = np.arange(len(at)) >= n
    order = np.argsort(at, kind="stable")
    on_air = np.concatenate((SENT[ledger.fate], vpn[n:]))
    return Sent(at, up, down, vpn, cellular, order[on_air[order]])
