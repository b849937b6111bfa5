"""How long the tunnel took to come back, by what interrupted it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from sim.base.units import Duration, Instant, to_seconds
from sim.engine.simulate import Run
from sim.machines.events import ServerCameBack, ServerChosen, ServerWentSilent
from sim.machines.machine import Due
from sim.world.intervals import Intervals, common, complement, elapsed, holding, listed


class Reconnect(NamedTuple):
    """One interruption of a wanted tunnel, from its beginning until data could pass again."""

    at: Instant
    event: str
    """What interrupted it, in the words of the record that did."""
    protocol: str
    delay: Duration
    """The part of it in which the path and the server carried: what is the tunnel's own doing. [µs]"""

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "at_s": to_seconds(self.at),
            "event": self.event,
            "protocol": self.protocol,
            "delay_s": to_seconds(self.delay),
        }


def reconnects(run: Run) -> list[Reconnect]:
    """Every interruption that ended before the horizon, in order of time.

    An idle WireGuard tunnel has no session and needs none: the handshake that the next packet starts is an entry of its
    own.
    """
    standings, protocol = run.standings, run.world.protocol.name
    found: list[tuple[int, Instant]] = []  # the standing that began each, and when it was over
    begun: int | None = None
    for i, standing in enumerate(standings):
        s = standing.situation
        if not s.intent:
            begun = None
        elif not s.answers and begun is None:
            begun = i
        elif s.answers and begun is not None:
            found.append((begun, standing.begin))
            begun = None
    works = run.when(lambda s: s.works(s.default))
    carried = common(works, complement(silences(run), run.scenario.duration))
    ends = listed([(standings[i].begin, over) for i, over in found])
    delays = np.diff(elapsed(ends, carried)).ravel().tolist()
    return [
        Reconnect(standings[i].begin, _event(run, i), protocol, delay)
        for (i, _), delay in zip(found, delays, strict=True)
    ]


_ABOUT_SERVERS = (ServerChosen, ServerWentSilent, ServerCameBack)


def silences(run: Run) -> Intervals:
    """When the server that the user had chosen did not answer."""
    return holding(_silence(run), run.world.scenario.duration)


def _silence(run: Run) -> Iterator[tuple[Instant, bool]]:
    """After each line of the script about a server, whether the chosen one is silent."""
    chosen, silent = run.world.scenario.vpn.server, set[str]()
    for at, event in run.world.script:
        if not isinstance(event, _ABOUT_SERVERS):
            continue
        match event:
            case ServerChosen(server):
                chosen = server
            case ServerWentSilent(server):
                silent.add(server)
            case ServerCameBack(server):
                silent.discard(server)
        yield at, chosen in silent


def _event(run: Run, index: int) -> str:
    """The first cause of the change that began standing `index`."""
    if index == 0:
        return "start"
    before, after = run.standings[index - 1], run.standings[index]
    changed = [a for a, b in zip(after.since, before.since, strict=True) if a != b]
    if not changed:
        return "path"
    _, actor, event, cause, _ = run.timeline.rows[max(changed)]
    if isinstance(event, Due) and actor == "protocol":
        return "first packet after idle" if event.name == "send" else event.name
    while cause is not None:
        _, _, event, cause, _ = run.timeline.rows[cause]
    return type(event).__name__
