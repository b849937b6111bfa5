"""Power over the day: each component of the energy account laid out along the axis of time, for pictures.

The account says what each component spent in all; when it spent it follows from what causes it: bytes where bursts
were, tails behind them, idle radios where there was a network and nothing to do. The areas of the picture add up to
the account.

# MODEL: within a component, energy is laid out in proportion to its cause (bytes, seconds of tail, handshakes). Bias:
# none in the sums; a moment's power may be off where equal causes cost differently, such as at a weak signal.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.base.units import SECOND, Duration
from sim.engine.sent import SENT
from sim.engine.simulate import Run
from sim.machines.events import Interface
from sim.machines.radio import SETS, WIFI_SETS
from sim.machines.radio.air import Nanojoules
from sim.machines.routing import Fate
from sim.world.intervals import Intervals, Ints, common, complement, elapsed, inside, joined, paired

GROUPS = ("phone", "screen", "wifi", "cellular", "vpn")
"""What the parts of the picture are called, from below."""
_GROUP_OF = {"base": "phone", "wifi": "wifi", "cellular": "cellular", "vpn": "vpn"}

Weights = NDArray[np.float64]


def power(run: Run, components: Mapping[str, Nanojoules], columns: int) -> dict[str, Weights]:
    """The power of each of :data:`GROUPS` in each of `columns` equal parts of the run, (columns,). [W]

    Parameters
    ----------
    components : the account of the run. [nJ]
    columns : 1 <= columns
    """
    layout = _Layout(run, columns)
    found = {group: np.zeros(columns) for group in GROUPS}
    for name, nj in components.items():
        if nj:
            group = "screen" if name == "base_screen" else _GROUP_OF[name.split("_")[0]]
            weights = layout.of(name)
            every = weights.sum()
            found[group] += nj * (weights / every if every > 0 else np.full(columns, 1 / columns))
    seconds = run.scenario.duration / SECOND / columns
    return {group: nj / 1e9 / seconds for group, nj in found.items()}


class _Air(NamedTuple):
    """What was sent on one interface, and when the radio could be used at all."""

    at: Ints
    size: Ints
    tail: Duration
    usable: Intervals

    @property
    def awake(self) -> Intervals:
        """From each burst to the end of its tail."""
        return common(joined([paired(self.at, self.at + self.tail)]), self.usable)


class _Layout:
    """How each component is spread over the columns."""

    def __init__(self, run: Run, columns: int) -> None:
        self._run, self._columns = run, columns
        self._edges = np.linspace(0, run.scenario.duration, columns + 1).astype(np.int64)

    def of(self, name: str) -> Weights:
        """The weights of a component, in any unit."""
        nature, (part, _, what) = self._run.world.nature, name.partition("_")
        match part, what:
            case "base", "idle":
                return self._idling()
            case "base", "screen":
                return self._over(nature.screen_on)
            case "base", _:
                return self._at(nature.asleep[:, 1])
            case "vpn", "handshakes":
                named = self._run.world.protocol.handshake
                return self._at(np.array([c.at for c in self._run.control if c.name == named], dtype=np.int64))
            case "vpn", "wakeups":
                at = self._tunnelled[0]
                return self._at(at[np.diff(at, prepend=-2 * SECOND) > SECOND])
            case "vpn", _:
                return self._at(*self._tunnelled)
            case _:
                return self._radio(self._cellular if part == "cellular" else self._wifi, what)

    def _radio(self, air: _Air, what: str) -> Weights:
        match what:
            case "tail":
                return self._over(air.awake)
            case "promotion":
                return self._at(air.at[np.diff(air.at, prepend=-NEVER_SENT) > air.tail])
            case "handover":
                return self._at(self._run.world.nature.handovers)
            case "attach" | "join":
                return self._at(air.usable[:, 0])
            case "idle" | "paging":
                return self._over(common(air.usable, complement(air.awake, self._run.scenario.duration)))
            case "search":
                return self._over(complement(air.usable, self._run.scenario.duration))
            case _:
                return self._at(air.at, air.size)

    def _idling(self) -> Weights:
        device = self._run.scenario.device.power
        asleep = self._over(self._run.world.nature.asleep)
        return (np.diff(self._edges) - asleep) * device.idle_mw + asleep * device.asleep_mw

    def _over(self, intervals: Intervals) -> Weights:
        return np.diff(elapsed(self._edges, intervals)).astype(np.float64)

    def _at(self, at: Ints, weights: Ints | None = None) -> Weights:
        column = np.clip(at * self._columns // self._run.scenario.duration, 0, self._columns - 1)
        return np.bincount(column, weights=weights, minlength=self._columns).astype(np.float64)

    @cached_property
    def _tunnelled(self) -> tuple[Ints, Ints]:
        ledger = self._run.ledger
        rows = np.flatnonzero(ledger.fate == Fate.TUNNELLED)
        rows = rows[np.argsort(ledger.settled[rows], kind="stable")]
        return ledger.settled[rows], ledger.size[rows]

    @cached_property
    def _cellular(self) -> _Air:
        tail = max(SETS[name].tail for _, name in self._run.world.nature.radios)
        return self._air(True, tail, self._run.when(lambda s: s.cellular != 0))

    @cached_property
    def _wifi(self) -> _Air:
        tail = WIFI_SETS[self._run.scenario.device.wifi_radio].tail
        return self._air(False, tail, self._run.when(lambda s: s.wifi != 0))

    def _air(self, cellular: bool, tail: Duration, usable: Intervals) -> _Air:
        run, ledger = self._run, self._run.ledger
        on_cellular = run.when(lambda s: s.default is Interface.CELLULAR)
        control = np.array([(c.at, c.up + c.down) for c in run.control], dtype=np.int64).reshape(-1, 2)
        control = control[inside(control[:, 0], on_cellular)[0] == cellular]
        rows = np.flatnonzero(SENT[ledger.fate] & (ledger.cellular == cellular))
        at = np.concatenate((ledger.settled[rows], control[:, 0]))
        size = np.concatenate((ledger.size[rows], control[:, 1]))
        order = np.argsort(at, kind="stable")
        return _Air(at[order], size[order], tail, usable)


NEVER_SENT = 2**40
"""Longer ago than any tail. [µs]"""
