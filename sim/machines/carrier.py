"""TCP as a carrier of a tunnel: how a connection is made, and how it goes on after a hole.

What enters a cut connection is repeated at doubling gaps, and everything behind it waits. So a tunnel over TCP comes
back later than the path does, by up to the length of the hole.

Follows: XNU ``tcp_timer.h`` and its table ``tcp_syn_backoff``; RFC 6298.
"""

from __future__ import annotations

from sim.base.units import Bytes, Duration, Instant, seconds
from sim.machines.events import HoleBegan, HoleEnded, Interface, ServerCameBack, ServerWentSilent
from sim.machines.machine import Event

SYN: Bytes = 64
SYN_GAPS = (1, 1, 1, 1, 1, 2, 4, 8, 16, 32, 64)  # XNU tcp_syn_backoff, times the first RTO
RTO_MOST: Duration = seconds(64)  # XNU TCPTV_REXMTMAX


def syn_gap(tries: int) -> Duration:
    """Until a SYN is repeated that was sent `tries` times before. [µs]"""
    return seconds(SYN_GAPS[min(tries, len(SYN_GAPS) - 1)])


def gap(rto: Duration, tries: int) -> Duration:
    """Until a segment is repeated that was sent `tries` times before. [µs]"""
    return min(rto << min(tries, 20), RTO_MOST)


def repeated(stalled: Instant, rto: Duration, now: Instant) -> Duration:
    """From `now` until the next repetition of a segment that was first sent at `stalled`. [µs]"""
    at, wait = stalled, rto
    while at < now:
        at, wait = at + wait, min(wait * 2, RTO_MOST)
    return at - now


def is_cut(event: Event, server: str, cellular: bool) -> bool:
    """Whether this hole, or this end of one, is on the way to `server`."""
    used = Interface.CELLULAR if cellular else Interface.WIFI
    match event:
        case HoleBegan(interface) | HoleEnded(interface):
            return interface is used
        case ServerWentSilent(name) | ServerCameBack(name):
            return name == server
        case _:
            return used is Interface.WIFI
