"""Questions about the bursts: when does the next packet enter the tunnel, when has it been silent for ten seconds?

Rules wait for traffic (:class:`sim.machines.machine.Watch`), and a day has tens of thousands of bursts of which a
rule cares for a few hundred. So bursts are not events. They lie in a column of instants, beside it a byte for each
that says whether its flow is routed into the tunnel just now; a question is a binary search and a byte search, and
only its answer becomes an event.

Definitions. A burst is *sent* at its instant if its flow is in the tunnel then. It is *received*, that is its answer
arrives, one round trip later, if the tunnel answers all the while: what is under way when answers stop or the round
trip changes is lost. What was sent in vain, or waited, is sent together when the way opens (`flush`).

# MODEL: a pushed burst that reaches the phone counts as sent, too: its acknowledgement is; and a server that has lost
# its keys is woken by it as if the phone had spoken.
# MODEL: what waited is sent when the way opens even if all of it has been given up meanwhile. Bias: one packet, and so
# at most one keepalive or handshake, too many after a long outage.
# MODEL: an answer takes the round trip only; the radio's promotion is added to control messages, not to data. Bias:
# keepalive timers of the first packet after radio idle run up to 0.3 s early.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from sim.base.units import HOUR, NEVER, Duration, Instant
from sim.machines.machine import (
    OnAttempt,
    OnReceive,
    OnReply,
    OnSend,
    OnSilence,
    OnUnanswered,
    Silent,
    Watch,
)
from sim.world.intervals import Ints

NOTED_AHEAD: Duration = 3 * HOUR
PUSHES_AHEAD = 64
"""How many pushes are looked at to find one that would not reach the phone."""


class Traffic:
    """The columns of one run, and what is in the tunnel now."""

    def __init__(
        self,
        at: Ints,
        flow: Ints,
        classes: Ints,
        n_classes: int,
        evaluated: Ints,
        pushed: NDArray[np.bool_] | None = None,
    ) -> None:
        self.times = array("q", at.tobytes())
        self._evaluated = array("q", evaluated.tobytes())
        """Instants of the bursts that on-demand's EvaluateConnection decides about."""
        self._pushes: list[int] = [] if pushed is None else np.flatnonzero(pushed[classes[flow]]).tolist()
        """Rows of bursts that the other side begins."""
        self._push_at = [self.times[row] for row in self._pushes]
        self._flags = bytearray(len(at))
        self._inside = np.frombuffer(self._flags, dtype=np.uint8)
        order = np.argsort(flow, kind="stable")
        self._by_flow = order
        self._flow_at = np.searchsorted(flow[order], np.arange(len(classes) + 1))
        class_of_row = classes[flow]
        by_class = np.argsort(class_of_row, kind="stable")
        edges = np.searchsorted(class_of_row[by_class], np.arange(n_classes + 1))
        self._by_class = [by_class[edges[c] : edges[c + 1]] for c in range(n_classes)]
        self._class_of = classes
        self._class_inside = [False] * n_classes
        self._flow_inside: dict[int, bool] = {}
        """Flows that are not where their class is."""
        self._noted = 0
        """Rows from here on are not marked yet: a change of way would otherwise mark the rest of a long scenario."""
        self._noted_until: Instant = 0
        self.version = 0
        """Changes whenever an answer to a watch might."""
        self.round_trip: Duration = 0
        self.answers = False
        self._answers_since: Instant = 0
        """Since when answers come after this round trip, or have stopped."""
        self._silent_since: Instant = 0
        """When answers last stopped."""
        self._received: list[Instant] = []
        """Received before `_answers_since`: the last packet, and those after the last one sent."""
        self._flushes: list[Instant] = []

    # What is in the tunnel --------------------------------------------------------------------------------------------

    def rows_of_flow(self, flow: int) -> Ints:
        """Rows of a flow, ascending."""
        return self._by_flow[self._flow_at[flow] : self._flow_at[flow + 1]]

    def route_class(self, index: int, inside: bool, now: Instant) -> None:
        """From now on the bursts of this class go into the tunnel, or not."""
        self.version += 1
        self._note(now)
        self._class_inside[index] = inside
        self._flow_inside = {f: way for f, way in self._flow_inside.items() if self._class_of[f] != index}
        self._mark(self._by_class[index], inside, bisect_left(self.times, now), self._noted)

    def route_flow(self, flow: int, inside: bool, now: Instant) -> None:
        """From now on the bursts of this flow go into the tunnel, or not."""
        self.version += 1
        self._note(now)
        if inside == self._class_inside[self._class_of[flow]]:
            self._flow_inside.pop(flow, None)
        else:
            self._flow_inside[flow] = inside
        self._mark(self.rows_of_flow(flow), inside, bisect_left(self.times, now), self._noted)

    def _mark(self, rows: Ints, inside: bool, first: int, behind: int) -> None:
        """Mark those of the rows that lie in [first, behind)."""
        low, high = np.searchsorted(rows, (first, behind))
        self._inside[rows[low:high]] = inside

    def _note(self, until: Instant) -> None:
        """Mark all rows up to an instant, and some way beyond."""
        if until < self._noted_until:
            return
        first, self._noted_until = self._noted, until + NOTED_AHEAD
        self._noted = bisect_left(self.times, self._noted_until)
        for rows, inside in zip(self._by_class, self._class_inside, strict=True):
            if inside:
                self._mark(rows, True, first, self._noted)
        for flow, inside in self._flow_inside.items():
            self._mark(self.rows_of_flow(flow), inside, first, self._noted)

    def next_of_flow(self, flow: int, now: Instant) -> Instant:
        """The first burst of a flow at or after `now`."""
        rows = self.rows_of_flow(flow)
        i = int(np.searchsorted(rows, bisect_left(self.times, now)))
        return self.times[rows[i]] if i < len(rows) else NEVER

    def class_spoke(self, index: int, begin: Instant, end: Instant) -> bool:
        """Whether a burst of this class lies in [begin, end)."""
        rows = self._by_class[index]
        first = np.searchsorted(rows, bisect_left(self.times, begin))
        return bool(first < len(rows) and self.times[rows[first]] < end)

    def flush(self, now: Instant) -> None:
        """Bursts that waited enter the tunnel now."""
        self.version += 1
        self._flushes.append(now)

    def set_answers(self, answers: bool, round_trip: Duration, now: Instant) -> None:
        """What enters the tunnel comes back after `round_trip`, or does not come back, from now on."""
        self.version += 1
        if self.answers:
            self._remember_received(now)
            self._silent_since = now
        elif answers and self.last_sent(now - 1) >= self._silent_since:
            self._flushes.append(now)
        self._answers_since = now
        self.answers, self.round_trip = answers, round_trip

    def _remember_received(self, now: Instant) -> None:
        """Of what has come back, only the last packet and those after the last one sent can matter later."""
        last = self.last_received(now)
        if last <= self._answers_since:
            return
        at, self._received = self.next_received(self.last_sent(now)), []
        while at < last:
            self._received.append(at)
            at = self.next_received(at + 1)
        self._received.append(last)

    # Packets ----------------------------------------------------------------------------------------------------------

    def next_sent(self, after: Instant) -> Instant:
        """The first packet into the tunnel at or after `after`, if nothing changes; NEVER if none is noted."""
        i = self._flags.find(1, bisect_left(self.times, after), self._noted)
        j = bisect_left(self._flushes, after)
        found = self.times[i] if i >= 0 else NEVER
        return min(found, self._flushes[j]) if j < len(self._flushes) else found

    def last_sent(self, until: Instant) -> Instant:
        """The last packet into the tunnel at or before `until`."""
        self._note(until)
        i = self._flags.rfind(1, 0, bisect_right(self.times, until))
        j = bisect_right(self._flushes, until)
        found = self.times[i] if i >= 0 else -NEVER
        return max(found, self._flushes[j - 1]) if j else found

    def last_received(self, until: Instant) -> Instant:
        """The last packet out of the tunnel at or before `until`."""
        if self.answers:
            sent = self.last_sent(until - self.round_trip)
            if sent >= self._answers_since:
                return sent + self.round_trip
        i = bisect_right(self._received, until)
        return self._received[i - 1] if i else -NEVER

    def next_received(self, after: Instant) -> Instant:
        """The first packet out of the tunnel at or after `after`, if nothing changes; NEVER if none is noted."""
        i = bisect_left(self._received, after)
        if i < len(self._received):
            return self._received[i]
        if not self.answers:
            return NEVER
        sent = self.next_sent(max(after - self.round_trip, self._answers_since))
        return sent + self.round_trip if sent < NEVER else NEVER

    def next_unreached(self, now: Instant, said: Instant, since: Instant, lifetime: Duration) -> Instant:
        """The first push into the tunnel at or after `now` before which the phone was silent for `lifetime`, or has
        not spoken since `since`, if nothing changes.

        If none is noted: when to ask again, or NEVER.

        Parameters
        ----------
        said : when the phone last said something that is no burst
        """
        self._note(now)
        times, flags, pushes = self.times, self._flags, self._pushes
        low, first = bisect_left(times, now), bisect_left(self._push_at, now)
        spoke = -NEVER
        for row in pushes[first : first + PUSHES_AHEAD]:
            at = times[row]
            if at >= self._noted_until:
                return at
            if not flags[row]:
                continue
            i = flags.rfind(1, low, row)
            if i < 0 and spoke == -NEVER:
                spoke = max(said, self.last_sent(now - 1), *self._flushes[-1:])
            before = times[i] if i >= 0 else spoke
            if at - before >= lifetime or before < since:
                return at
        return self._push_at[first + PUSHES_AHEAD] if first + PUSHES_AHEAD < len(pushes) else NEVER

    # Watches ----------------------------------------------------------------------------------------------------------

    def due(self, watch: Watch, now: Instant, fence: Instant) -> Instant:
        """When a watch comes true, if nothing changes before `fence`; anything beyond the fence may be reported as
        NEVER."""
        self._note(fence)
        match watch:
            case OnSend(after=after):
                return self.next_sent(max(after, now)) if after <= fence else NEVER
            case OnReply() | OnSilence():
                return next(self.spells(watch, now, fence), NEVER)
            case OnReceive(after=after):
                return self.next_received(max(after, now)) if after <= fence else NEVER
            case OnUnanswered(lasting=lasting, since=since):
                return self._unanswered(lasting, since, now)
            case OnAttempt(after=after, evaluated=evaluated):
                times = self._evaluated if evaluated else self.times
                i = bisect_left(times, max(after, now))
                return times[i] if i < len(times) else NEVER

    def spells(self, watch: OnReply | OnSilence, begin: Instant, until: Instant) -> Iterator[Instant]:
        """The ends, in [begin, until], of the quiet spells that a watch asks for, if the machine speaks at each of
        them."""
        self._note(until)
        return self._replies(watch, begin, until) if isinstance(watch, OnReply) else self._silences(watch, begin, until)

    def said(
        self, watches: tuple[OnReply | OnSilence, ...], begin: Instant, end: Instant
    ) -> Iterator[tuple[Instant, OnReply | OnSilence]]:
        """The ends, in [begin, end), of the spells that `watches` let the engine answer; an answer ends all other
        spells."""
        if len(watches) == 1:
            yield from ((at, watches[0]) for at in self.spells(watches[0], begin, min(end, watches[0].until) - 1))
            return
        while True:
            at, watch = NEVER, watches[0]
            for each in watches:
                until = min(end, each.until, at) - 1
                earlier = next(self.spells(each, begin, until), NEVER) if until >= begin else NEVER
                if earlier < at:
                    at, watch = earlier, each
            if at == NEVER:
                return
            yield at, watch
            watches = tuple([w._replace(since=max(w.since, at)) for w in watches])
            begin = at

    def _unanswered(self, lasting: Duration, since: Instant, now: Instant) -> Instant:
        asked = self.next_sent(max(since, self.last_received(now)) + 1)
        if asked == NEVER:
            return NEVER
        if self.answers and (asked >= self._answers_since or self.next_received(asked) <= asked + lasting):
            return NEVER  # everything sent from then on is answered within a round trip
        return max(asked + lasting, now)

    def _silences(self, watch: OnSilence, begin: Instant, until: Instant) -> Iterator[Instant]:
        """Ends of spells without any packet."""
        last_of = _LAST_OF[watch.of]
        broken = max(watch.since, last_of(self, begin))
        while (end := max(broken + watch.lasting, begin)) <= until:
            last = last_of(self, end)
            if last > broken:
                broken = last
                continue
            yield end
            broken = end

    def _replies(self, watch: OnReply, begin: Instant, until: Instant) -> Iterator[Instant]:
        """Ends of spells that an answer began and in which nothing was sent."""
        quiet = max(watch.since, self.last_sent(begin))
        while (received := self.next_received(quiet + 1)) < NEVER:
            end = max(received + watch.lasting, begin)
            if end > until:
                return
            last = self.last_sent(end)
            if last >= received:
                quiet = last
                continue
            yield end
            quiet = end


def _last_of_both(traffic: Traffic, until: Instant) -> Instant:
    return max(traffic.last_sent(until), traffic.last_received(until))


_LAST_OF = {Silent.SENT: Traffic.last_sent, Silent.RECEIVED: Traffic.last_received, Silent.BOTH: _last_of_both}
