"""What a 3G radio spends in a day.

Which channel a packet finds depends on the sizes of those before it and on the state that they left: there is no form
of it without a loop. So this is one, over bursts, with the rules of :mod:`sim.machines.radio.umts` written out for
speed; all that does not depend on the state (bytes, air time, duty cycles) is done for the whole day at once.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from sim.base.units import Duration, Instant
from sim.machines.radio.umts import Umts
from sim.measure.bursts import Bursts, Spending, Stretches, byte_energies, duty_cycles
from sim.world.intervals import Intervals, listed

_IDLE, _TO_FACH, _TO_DCH, _FACH, _DCH = range(5)


class _Day:
    """The radio while the day passes, and what it has spent so far."""

    def __init__(self, radio: Umts, n: int) -> None:
        self.radio, self.caused = radio, [0] * n
        self.promotion = self.transfer = self.tail = 0
        self.tails: list[tuple[Instant, Instant]] = []
        self.tail_of: list[int] = []
        self.idle: list[tuple[Instant, Instant]] = []
        self._powers = {_FACH: radio.fach_mw, _DCH: radio.dch_mw}

    def attach(self, now: Instant) -> None:
        """Registered, and idle."""
        self.phase, self.since, self.owner, self.end, self.due = _IDLE, now, -1, now, 0
        self.up = self.up_at = self.down = self.down_at = 0

    def leave(self, now: Instant) -> None:
        """Charge the state that ends now, whatever comes after it."""
        elapsed = now - self.since
        if self.phase == _IDLE:
            if elapsed:
                self.idle.append((self.since, now))
        elif self.phase in (_TO_FACH, _TO_DCH):
            spent = elapsed * self.promotion_mw
            self.promotion += spent
            self.caused[self.owner] += spent
        else:
            power = self._powers[self.phase]
            busy = max(min(self.end, now) - self.since, 0)
            self.transfer += busy * power
            self.tail += (elapsed - busy) * power
            self.caused[self.owner] += elapsed * power
            if elapsed > busy:
                self.tails.append((self.since + busy, now))
                self.tail_of.append(self.owner)
        self.since = now

    def advance(self, until: Instant) -> None:
        """Let all timers run out that do so by `until`."""
        while self.phase != _IDLE and self.due <= until:
            now, radio = self.due, self.radio
            self.leave(now)
            if self.phase == _DCH:
                self.phase, self.end, self.due = _FACH, now, now + radio.fach
                self.up = self.down = 0
                self.up_at = self.down_at = now
            elif self.phase == _FACH:
                self.phase = _IDLE
            elif self.phase == _TO_FACH and not self.overflows():
                self.phase, self.due, self.up_at, self.down_at = _FACH, self.end + radio.fach, now, now
            elif self.phase == _TO_FACH:
                self.promote(now, radio.fach_dch, radio.fach_dch_mw)
                self.end += radio.fach_dch
            else:
                self.phase, self.due, self.up_at, self.down_at = _DCH, self.end + radio.dch, now, now

    def overflows(self) -> bool:
        """Whether a buffer of the shared channel is over its threshold."""
        return self.up > self.radio.buffer_up or self.down > self.radio.buffer_down

    def promote(self, now: Instant, wait: Duration, power_mw: int, phase: int = _TO_DCH) -> None:
        """Begin a way up."""
        self.phase, self.due, self.promotion_mw = phase, now + wait, power_mw

    def offer(self, i: int, now: Instant, up: int, down: int, air: Duration) -> None:
        """Burst `i` comes."""
        radio = self.radio
        if self.phase == _DCH:
            self.up = up + (self.up if now - self.up_at <= radio.reset_window else 0)
            self.down = down + (self.down if now - self.down_at <= radio.reset_window else 0)
            if up:
                self.up_at = now
            if down:
                self.down_at = now
            if self.up >= radio.reset_size or self.down >= radio.reset_size:
                self.renew(i, now, air, radio.dch)
        elif self.phase == _FACH:
            self.queue(now, up, down)
            if self.overflows():
                self.leave(now)
                self.owner = i
                self.promote(now, radio.fach_dch, radio.fach_dch_mw)
                self.end = max(self.end, self.due + air)
            else:
                self.renew(i, now, air, radio.fach)
        elif self.phase == _IDLE:
            self.leave(now)
            self.owner = i
            if radio.small_starts_on_fach and up <= radio.first_up and down <= radio.first_down:
                self.promote(now, radio.idle_fach, radio.idle_fach_mw, _TO_FACH)
                self.up = self.down = 0
            else:
                self.promote(now, radio.idle_dch, radio.idle_dch_mw)
                self.up, self.down = up, down
            self.end = self.due + air
        else:
            self.end = max(self.end, self.due + air)
            self.up += up
            self.down += down

    def queue(self, now: Instant, up: int, down: int) -> None:
        """Into the buffers of the shared channel."""
        if up:
            self.up = up + (0 if now - self.up_at > self.radio.drain_up.lasts(self.up) else self.up)
            self.up_at = now
        if down:
            self.down = down + (0 if now - self.down_at > self.radio.drain_down.lasts(self.down) else self.down)
            self.down_at = now

    def renew(self, i: int, now: Instant, air: Duration, timer: Duration) -> None:
        """The timer of the state begins again when the air is free."""
        self.leave(now)
        if now + air >= self.end:
            self.owner, self.end = i, now + air
        self.due = self.end + timer


def spent(radio: Umts, bursts: Bursts, n: int) -> Spending:
    """What the radio spent on these bursts of a traffic of `n`, without handovers and registrations."""
    day = _Day(radio, len(bursts.at))
    edges = np.append(bursts.first, len(bursts.at)).tolist()
    columns = [column.tolist() for column in (bursts.at, bursts.up, bursts.down, bursts.air)]
    for low, high in pairwise(edges):
        end = int(bursts.limit[low])
        day.attach(columns[0][low])
        for i in range(low, high):
            now = columns[0][i]
            if day.phase != _IDLE and day.due <= now:
                day.advance(now)
            day.offer(i, now, columns[1][i], columns[2][i], columns[3][i])
        day.advance(end)
        day.leave(end)

    idle: Intervals = np.concatenate((listed(day.idle), bursts.leading))
    duty = (radio.paging_cycle, radio.paging_on, radio.paging_on_mw, radio.paging_off_mw)
    bytes_nj = byte_energies(radio, bursts)
    parts = {
        "cellular_idle": int(duty_cycles(idle[:, 1] - idle[:, 0], *duty).sum()),
        "cellular_promotion": day.promotion,
        "cellular_transfer": day.transfer + int(bytes_nj.sum()),
        "cellular_tail": day.tail,
    }
    caused = bursts.of_traffic(np.array(day.caused, dtype=np.int64) + bytes_nj, n)
    tail_of = bursts.rows(np.array(day.tail_of, dtype=np.int64))
    return Spending(parts, lambda: caused, lambda: Stretches(listed(day.tails), tail_of, idle))
