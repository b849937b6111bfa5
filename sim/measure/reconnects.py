"""How long the tunnel took to come back, by what interrupted it."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, NamedTuple

from sim.base.units import Duration, Instant, to_seconds
from sim.engine.simulate import Run
from sim.machines.events import Interface, ServerCameBack, ServerChosen, ServerWentSilent
from sim.machines.machine import Due
from sim.machines.routing import Situation


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
    silent = silences(run)
    standings, protocol = run.standings, run.world.protocol.name
    found: list[Reconnect] = []
    begun: int | None = None
    for i, standing in enumerate(standings):
        s = standing.situation
        if not s.intent:
            begun = None
        elif not s.answers and begun is None:
            begun = i
        elif s.answers and begun is not None:
            first = standings[begun]
            waited = pairwise(standings[begun : i + 1])
            delay = sum(_overlap(a.begin, b.begin, silent) for a, b in waited if carries(a.situation))
            found.append(Reconnect(first.begin, _event(run, begun), protocol, delay))
            begun = None
    return found


def silences(run: Run) -> list[tuple[Instant, Instant]]:
    """When the server that the user had chosen did not answer: [begin, end). [µs]"""
    chosen, silent = run.world.scenario.vpn.server, set[str]()
    found: list[tuple[Instant, Instant]] = []
    since: Instant | None = None
    for at, event in run.world.script:
        match event:
            case ServerChosen(server):
                chosen = server
            case ServerWentSilent(server):
                silent.add(server)
            case ServerCameBack(server):
                silent.discard(server)
        if chosen in silent and since is None:
            since = at
        elif chosen not in silent and since is not None:
            found.append((since, at))
            since = None
    return found if since is None else [*found, (since, run.world.scenario.duration)]


def _overlap(begin: Instant, end: Instant, silent: list[tuple[Instant, Instant]]) -> Duration:
    """Length of [begin, end) outside the silences."""
    if not silent:
        return end - begin
    return end - begin - sum(max(0, min(end, b) - max(begin, a)) for a, b in silent)


def carries(s: Situation) -> bool:
    """Whether the default path carries packets."""
    if s.default is None:
        return False
    return s.wifi_works if s.default is Interface.WIFI else s.cellular_works


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
