"""Flows that do not follow their class: sockets that kept an old address, lost one, or are being opened anew.

Nearly all flows are *followers*: their socket is bound where a new one of their class would be bound, so one verdict serves them
all and nothing is kept for them. A flow becomes a *loner* when the way of its class changes and its socket does not come along,
and stops being one when its socket is opened anew or its address is the class's again.
"""

from __future__ import annotations

from typing import NamedTuple

from sim.base.units import NEVER, Instant
from sim.machines.routing import Binding, Fate, Verdict, Way

BETWEEN_SOCKETS = Verdict(Way.NOWHERE, None, None, Fate.STALLED, None, ("path",))
"""An app has closed a socket and has not opened the next one: what it wants to say waits."""


class LonerSpan(NamedTuple):
    """From `begin` on, a flow has a verdict of its own; with none, it follows its class again."""

    begin: Instant
    verdict: Verdict | None
    grounds: tuple[int, ...]
    """Records that justify it."""
    socket: int
    """How many sockets the flow has used before."""


class Loner:
    """One flow on its own way."""

    __slots__ = ("binding", "give_up", "opened_by", "reopens")

    def __init__(self, binding: Binding | None, opened_by: int) -> None:
        self.binding = binding
        """Where its socket is bound; None while it has none."""
        self.opened_by = opened_by
        """The record that made it a loner."""
        self.reopens: Instant = NEVER
        """When its app opens another socket."""
        self.give_up: Instant = NEVER
        """When its transport gives up waiting for a lost address."""
