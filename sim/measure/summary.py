"""All headline numbers of a run, together, because each alone can be gamed."""

from __future__ import annotations


from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from sim.base.units import Instant, to_seconds
from sim.engine.simulate import Run
from sim.machines.routing import Cause, Fate, Intended, Verdict, Way
from sim.measure.battery import Battery, battery
from sim.measure.explain import why
from sim.measure.leaks import PACKET, LeakWindow, Stretch, disclosure, leak_windows, stretches, union
from sim.measure.reconnects import Reconnect, reconnects
from sim.world.intervals import Intervals, inside, total

NANOJOULES_PER_JOULE = 1_000_000_000


def _short(cause: Cause) -> str:
    """L01 of "L01 legacy socket"."""
    return cause.value.split()[0]


@dataclass(frozen=True)
class Summary:
    """What a run amounts to. Everything is computed when it is first asked for."""

    run: Run

    @cached_property
    def windows(self) -> list[LeakWindow]:
        """Leak windows in order of time."""
        return leak_windows(self.run)

    @cached_property
    def exposed(self) -> Intervals:
        """The time in which at least one flow was exposed."""
        return union((s.begin, s.end) for w in self.windows for s in w.stretches)

    @cached_property
    def bypasses(self) -> list[Stretch]:
        """Stretches in which a flow was outside by design, platform's or configuration's."""
        return list(stretches(self.run, lambda v: v.fate is Fate.BYPASSED))

    @cached_property
    def blocked(self) -> Intervals:
        """The time in which a policy kept at least one live flow that should be protected from the network."""
        return union((s.begin, s.end) for s in stretches(self.run, _blocks) if self._protected(s.flow))

    @cached_property
    def battery(self) -> Battery:
        """The energy account, and that of the same day without a VPN."""
        return battery(self.run)

    @cached_property
    def reconnects(self) -> list[Reconnect]:
        """How long each interruption of the tunnel lasted while the network was there."""
        return reconnects(self.run)

    @cached_property
    def fates(self) -> dict[Fate, int]:
        """Bytes by fate. They add up to the demand."""
        return self.run.ledger.bytes_by_fate()

    def _protected(self, flow: int) -> bool:
        return self.run.world.traits[self.run.world.classes[flow]].intended is Intended.PROTECT

    def _time(self, holds: Any) -> Instant:
        """Time in which a situation holds. [µs]"""
        standings, horizon = self.run.standings, self.run.world.scenario.duration
        ends = [s.begin for s in standings[1:]] + [horizon]
        return sum(end - s.begin for s, end in zip(standings, ends, strict=True) if holds(s.situation))

    @cached_property
    def intent(self) -> Instant:
        """Time in which protection was intended. [µs]"""
        return self._time(lambda s: s.intent)

    @cached_property
    def stalled(self) -> Instant:
        """Stale time: the status says Connected, there is a path, and nothing passes. [µs]"""
        return self._time(lambda s: s.intent and s.connected and s.default is not None and not s.answers)

    @cached_property
    def offline(self) -> Instant:
        """Time without any path. [µs]"""
        return self._time(lambda s: s.default is None)

    def _rows(self, fate: Fate) -> np.ndarray[Any, np.dtype[np.int64]]:
        return np.flatnonzero(self.run.ledger.fate == fate)

    def _size(self, rows: Any) -> int:
        ledger = self.run.ledger
        return int((ledger.up[rows] + ledger.down[rows]).sum())

    def _packets(self, rows: Any) -> int:
        ledger = self.run.ledger
        return int((-(-ledger.up[rows] // PACKET) + -(-ledger.down[rows] // PACKET)).sum())

    @cached_property
    def checks_fine_share(self) -> float | None:
        """Share of the exposed time in which a leak check would have said "all fine"; None without exposure."""
        if not len(self.exposed):
            return None
        fine = 0
        standings, horizon = self.run.standings, self.run.world.scenario.duration
        ends = [s.begin for s in standings[1:]] + [horizon]
        for standing, row, end in zip(standings, self.run.verdicts, ends, strict=True):
            if row[0].fate is Fate.TUNNELLED:
                cut = np.clip(self.exposed, standing.begin, end)
                fine += total(cut)
        return fine / total(self.exposed)

    def as_dict(self) -> dict[str, Any]:
        """One document: seconds and joules as numbers, bytes as integers."""
        run, scenario = self.run, self.run.world.scenario
        leaked, bypassed = self._rows(Fate.LEAKED), self._rows(Fate.BYPASSED)
        every = [s for w in self.windows for s in w.stretches]
        account, bare = self.battery
        first = min((s.begin for s in every), default=None)
        return {
            "scenario": {"name": scenario.name, "path": None},
            "seed": run.seed,
            "horizon_s": to_seconds(scenario.duration),
            "intent_s": to_seconds(self.intent),
            "connected_s": to_seconds(self._time(lambda s: s.connected)),
            "demand_bytes": self._size(slice(None)),
            "fates": {fate.name: size for fate, size in self.fates.items()},
            "exposure": {
                "seconds": to_seconds(total(self.exposed)),
                "flow_seconds": to_seconds(sum(s.end - s.begin for s in every)),
                "flows": len({(s.flow, s.socket) for s in every}),
                "bytes": self._size(leaked),
                "packets": self._packets(leaked),
                "first_s": None if first is None else to_seconds(first),
                "by_cause": self._by_cause(),
                "by_kind": self._by_kind(every, leaked),
                "by_owner": self._by_owner(every, leaked),
            },
            "bypassed": {
                "seconds": to_seconds(total(union((s.begin, s.end) for s in self.bypasses))),
                "flows": len({(s.flow, s.socket) for s in self.bypasses}),
                "bytes": self._size(bypassed),
                "system_bytes": self._intended_bytes(bypassed, Intended.SYSTEM),
                "direct_bytes": self._intended_bytes(bypassed, Intended.DIRECT),
            },
            "blocked": {"seconds": to_seconds(total(self.blocked)), "bytes": self.fates[Fate.BLOCKED]},
            "stalled": {"seconds": to_seconds(self.stalled), "bytes": self.fates[Fate.STALLED]},
            "offline": {"seconds": to_seconds(self.offline)},
            "first_protected_s": self._first_protected(),
            "reconnects": [r.as_dict() for r in self.reconnects],
            "energy": {
                "total_j": account.total_nj / NANOJOULES_PER_JOULE,
                "battery_percent": account.battery_percent(scenario.device.model, scenario.device.power),
                "by_component": {k: v / NANOJOULES_PER_JOULE for k, v in account.by_component.items()},
                "vpn_added_j": (account.total_nj - bare.total_nj) / NANOJOULES_PER_JOULE,
                "vpn_added_by_component": {k: v / NANOJOULES_PER_JOULE for k, v in account.added_to(bare).items()},
                "vpn_added_percent": account.battery_percent(scenario.device.model, scenario.device.power)
                - bare.battery_percent(scenario.device.model, scenario.device.power),
            },
            "leak_checks": [
                {"at_s": to_seconds(at), "said": self._said(fine, answered), "truth": self._truth(at)}
                for at, fine, answered in run.checks
            ],
            "leak_checks_fine_share": self.checks_fine_share,
            "windows": [
                {
                    "begin_s": to_seconds(w.begin),
                    "end_s": to_seconds(w.end),
                    "cause": w.cause.value,
                    "kinds": w.kinds,
                    "flows": w.flows,
                    "bytes": self._size(w.rows),
                    "why": why(run, w),
                }
                for w in self.windows
            ],
        }

    def _by_cause(self) -> dict[str, dict[str, float | int]]:
        found: dict[str, dict[str, float | int]] = {}
        for cause in sorted({w.cause for w in self.windows}):
            members = [w for w in self.windows if w.cause is cause]
            part = [s for w in members for s in w.stretches]
            rows = np.unique(np.concatenate([w.rows for w in members]))
            found[_short(cause)] = self._counts(part, rows)
        return found

    def _counts(self, part: list[Stretch], rows: Any) -> dict[str, float | int]:
        return {
            "seconds": to_seconds(total(union((s.begin, s.end) for s in part))),
            "flows": len({(s.flow, s.socket) for s in part}),
            "bytes": self._size(rows),
            "packets": self._packets(rows),
        }

    def _by_kind(self, every: list[Stretch], leaked: Any) -> dict[str, dict[str, float | int]]:
        nature = self.run.world.nature
        letters = [disclosure(kind) for kind in nature.kinds]
        found = {}
        for letter in "abcd":
            kinds = [i for i, text in enumerate(letters) if letter in text]
            part = [s for s in every if nature.kind[s.flow] in kinds]
            if part:
                found[letter] = self._counts(part, leaked[np.isin(nature.kind[nature.flow[leaked]], kinds)])
        return found

    def _by_owner(self, every: list[Stretch], leaked: Any) -> dict[str, dict[str, float | int]]:
        nature = self.run.world.nature
        found = {}
        for name, system in (("app", False), ("system", True)):
            kinds = [i for i, kind in enumerate(nature.kinds) if kind.system == system]
            part = [s for s in every if nature.kind[s.flow] in kinds]
            found[name] = self._counts(part, leaked[np.isin(nature.kind[nature.flow[leaked]], kinds)])
        return found

    def _intended_bytes(self, rows: Any, intended: Intended) -> int:
        world = self.run.world
        classes = [i for i, t in enumerate(world.traits) if t.intended is intended]
        return self._size(rows[np.isin(world.classes[world.nature.flow[rows]], classes)])

    def _first_protected(self) -> float | None:
        """Seconds from the beginning of intent to the first byte that went through the tunnel."""
        begun = next((s.begin for s in self.run.standings if s.situation.intent), None)
        settled = self.run.ledger.settled[self._rows(Fate.TUNNELLED)]
        if begun is None or not len(settled):
            return None
        return to_seconds(int(settled.min()) - begun)

    def _said(self, fine: bool, answered: bool) -> str:
        if fine:
            return "all fine"
        return "leak" if answered else "no answer"

    def _truth(self, at: Instant) -> str:
        outside, _ = inside(np.array([at]), self.exposed)
        if not outside[0]:
            return "nothing outside"
        flows = {(s.flow, s.socket) for w in self.windows for s in w.stretches if s.begin <= at < s.end}
        return f"{len(flows)} outside"


def _blocks(verdict: Verdict) -> bool:
    return verdict.way in (Way.REFUSED, Way.HELD) or (verdict.fate is None and verdict.otherwise is Fate.BLOCKED)


def summarise(run: Run) -> Summary:
    """The summary of a run."""
    return Summary(run)



