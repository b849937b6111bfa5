"""Names that were seen: look-ups that left outside, and how often each was repeated before it was answered.

A look-up that nobody answers is sent again, after a first wait that then grows by a factor; each repetition shows the
name once more. So a network that carries nothing for a moment multiplies what it sees.

# MODEL: an app whose look-up failed does not ask again for its next socket, as if it had an answer. Bias: too few
# look-ups after an outage.
"""

from __future__ import annotations

import numpy as np

from sim.base.units import Duration
from sim.engine.simulate import Run
from sim.machines.ios.behaviour import Behaviour
from sim.machines.routing import Fate
from sim.world.intervals import Ints


def look_ups(run: Run) -> dict[str, int]:
    """How many look-ups there were, how many of them left outside the tunnel, and in how many packets.

    Returns
    -------
    dict
        asked, leaked, and queries_leaked, which counts each repetition.
    """
    ledger, nature = run.ledger, run.world.nature
    of_kind = np.array([k.look_ups for k in nature.kinds], dtype=bool)
    asked = np.flatnonzero(of_kind[nature.kind[ledger.flow]]) if len(nature.kinds) else np.empty(0, dtype=np.int64)
    leaked = asked[ledger.fate[asked] == Fate.LEAKED]
    sent = len(leaked) + int(_repeats(run, leaked).sum())
    return {"asked": len(asked), "leaked": len(leaked), "queries_leaked": sent}


def _repeats(run: Run, rows: Ints) -> Ints:
    """How often each look-up was sent again before it was answered."""
    ledger, behaviour = run.ledger, run.scenario.device.behaviour
    waited, cellular = ledger.settled[rows] - ledger.at[rows], ledger.cellular[rows]
    longest = int(waited.max(initial=0))
    firsts = (behaviour.dns_first_retry, behaviour.dns_first_retry_cellular)
    on_wifi, on_cellular = (
        np.array(_instants(first, behaviour, longest), dtype=np.int64).searchsorted(waited, side="right")
        for first in firsts
    )
    return np.where(cellular, on_cellular, on_wifi)


def _instants(first: Duration, behaviour: Behaviour, longest: Duration) -> list[Duration]:
    """When a query is sent again, counted from its first time. [µs]"""
    found, wait = [first], first
    while found[-1] < longest:
        wait = round(wait * behaviour.dns_backoff)
        found.append(found[-1] + wait)
    return found
