"""Connections that tried IPv6 first, in a tunnel that takes it in and drops it: each waits before it falls back.

A connection to a destination of both families begins with IPv6 and turns to IPv4 when nothing has come back for a while
(happy eyeballs). So a dropped family leaks nothing and blocks nothing for good; it costs that wait, each time.

# MODEL: the wait is counted here and delays no burst; a socket that is opened anew after a lost one counts as its
# flow's first. Bias: a little too few connections.
"""

from __future__ import annotations

import numpy as np

from sim.base.units import to_seconds
from sim.engine.simulate import Run
from sim.world.intervals import inside


def fallbacks(run: Run) -> dict[str, float | int]:
    """How many connections fell back from IPv6 to IPv4, and how long they waited before, added up.

    Returns
    -------
    dict
        connections, and delay_s. [s]
    """
    nature, world = run.world.nature, run.world
    falls = np.array([t.drops_v6 and t.family == "dual" for t in world.traits], dtype=bool)[world.classes]
    dropping = run.when(lambda s: s.routes and s.ipv6)
    within, _ = inside(nature.opens[falls], dropping)
    connections = int(within.sum())
    return {
        "connections": connections,
        "delay_s": to_seconds(connections * run.scenario.device.behaviour.happy_eyeballs_delay),
    }
