"""All headline numbers of a run, together, because each alone can be gamed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from sim.base.units import SECOND, Bytes, Duration, Instant, to_seconds
from sim.engine.sent import SENT
from sim.engine.simulate import Run
from sim.machines.routing import UNSEEN, Cause, Fate, Intended, Reason, Situation
from sim.measure.battery import Battery, battery
from sim.measure.delays import radio_waits
from sim.measure.explain import why
from sim.measure.fallbacks import fallbacks
from sim.measure.leaks import PACKET, Columns, LeakWindow, Stretch, columns, disclosure, leak_windows, stretches
from sim.measure.look_ups import look_ups
from sim.measure.reconnects import Reconnect, reconnects
from sim.world.intervals import Intervals, Ints, common, inside, joined, paired, total

SEALING_COST = (
    "AirDrop", "AirPlay", "CarPlay", "Continuity Camera", "Handoff", "NameDrop", "iMessage", "screen mirroring",
    "personal hotspot",
)  # fmt: skip
"""What one vendor says stops working under includeAllNetworks. Source: mullvad-force-all-2026."""
ALWAYS_ON_COST = ("Apple Watch",)
"""What Always-On excludes. Source: apple-device-management."""
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
    def exposures(self) -> Columns:
        """The stretches of all windows, one after the other."""
        return columns([s for w in self.windows for s in w.stretches])

    @cached_property
    def exposed(self) -> Intervals:
        """The time in which at least one flow was exposed."""
        return joined([self.exposures.spans])

    @cached_property
    def bypasses(self) -> list[Stretch]:
        """Stretches in which a flow was outside by design, platform's or configuration's."""
        return list(stretches(self.run, lambda v: v.fate is Fate.BYPASSED))

    @cached_property
    def blocked(self) -> Intervals:
        """The time in which a policy kept at least one live flow that should be protected from the network."""
        return joined([columns(s for s in stretches(self.run, lambda v: v.blocks) if self._protected(s.flow)).spans])

    @cached_property
    def battery(self) -> Battery:
        """The energy account, and that of the same day without a VPN."""
        return battery(self.run)

    @cached_property
    def reconnects(self) -> list[Reconnect]:
        """How long each interruption of the tunnel lasted while the network was there."""
        return reconnects(self.run)

    @cached_property
    def radio_waits(self) -> Ints:
        """How long each burst waited for the air, (n_bursts,). [µs]"""
        return radio_waits(self.run)

    @cached_property
    def fates(self) -> dict[Fate, int]:
        """Bytes by fate. They add up to the demand."""
        return self.run.ledger.bytes_by_fate()

    def _protected(self, flow: int) -> bool:
        return self.run.world.traits[self.run.world.classes[flow]].intended is Intended.PROTECT

    def _time(self, holds: Callable[[Situation], bool]) -> Duration:
        """Time in which a situation holds. [µs]"""
        return total(self.run.when(holds))

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

    def _rows(self, fate: Fate) -> Ints:
        return np.flatnonzero(self.run.ledger.fate == fate)

    def size(self, rows: Ints) -> Bytes:
        """Bytes of some rows of the ledger, up and down."""
        return int(self.run.ledger.size[rows].sum())

    def _packets(self, rows: Ints) -> int:
        ledger = self.run.ledger
        return int((-(-ledger.up[rows] // PACKET) + -(-ledger.down[rows] // PACKET)).sum())

    @cached_property
    def said_connected(self) -> Intervals:
        """When the status was Connected while protection was intended."""
        return self.run.when(lambda s: s.connected and s.intent)

    @cached_property
    def checks_fine_share(self) -> float | None:
        """Share of the exposed time in which a leak check would have said "all fine"; None without exposure."""
        if not len(self.exposed):
            return None
        begins, (rows, which) = self.run.begins, self.run.distinct_verdicts
        fine = np.array([row[0].fate in UNSEEN for row in rows], dtype=bool)[which]
        standings = paired(begins, np.append(begins[1:], self.run.world.scenario.duration))
        return total(common(standings[fine], self.exposed)) / total(self.exposed)

    def as_dict(self) -> dict[str, Any]:
        """One document: seconds and joules as numbers, bytes as integers."""
        run, scenario = self.run, self.run.world.scenario
        leaked, bypassed = self._rows(Fate.LEAKED), self._rows(Fate.BYPASSED)
        account, bare, blame = self.battery
        bypasses = columns(self.bypasses)
        return {
            "scenario": {"name": scenario.name, "path": None},
            "seed": run.seed,
            "horizon_s": to_seconds(scenario.duration),
            "intent_s": to_seconds(self.intent),
            "connected_s": to_seconds(self._time(lambda s: s.connected)),
            "demand_bytes": int(run.ledger.size.sum()),
            "fates": {fate.name: size for fate, size in self.fates.items()},
            "exposure": {
                "seconds": to_seconds(total(self.exposed)),
                "flow_seconds": to_seconds(total(self.exposures.spans)),
                "flows": self.exposures.sockets,
                "bytes": self.size(leaked),
                "packets": self._packets(leaked),
                "first_s": to_seconds(int(self.exposed[0, 0])) if len(self.exposed) else None,
                "by_cause": self._by_cause(),
                "by_kind": self._by_kind(leaked),
                "by_owner": self._by_owner(leaked),
            },
            "bypassed": {
                "seconds": to_seconds(total(joined([bypasses.spans]))),
                "flows": bypasses.sockets,
                "bytes": self.size(bypassed),
                "system_bytes": self._intended_bytes(bypassed, Intended.SYSTEM),
                "direct_bytes": self._intended_bytes(bypassed, Intended.DIRECT),
                "by_reason": self._by_reason(bypasses, bypassed),
            },
            "blocked": {
                "seconds": to_seconds(total(self.blocked)),
                "attempts": len(self._rows(Fate.BLOCKED)),
                "bytes": self.fates[Fate.BLOCKED],
            },
            "stalled": {"seconds": to_seconds(self.stalled), "bytes": self.fates[Fate.STALLED]},
            "offline": {"seconds": to_seconds(self.offline)},
            "first_protected_s": self._first_protected(),
            "push_delay_s": self._push_delay(),
            "reconnects": [r.as_dict() for r in self.reconnects],
            "energy": {
                "total_j": account.total_nj / NANOJOULES_PER_JOULE,
                "battery_percent": account.battery_percent(scenario.device.model, scenario.device.power),
                "by_component": {k: v / NANOJOULES_PER_JOULE for k, v in account.by_component.items()},
                "by_blame": {k: v / NANOJOULES_PER_JOULE for k, v in blame.items()},
                "vpn_added_j": (account.total_nj - bare.total_nj) / NANOJOULES_PER_JOULE,
                "vpn_added_by_component": {k: v / NANOJOULES_PER_JOULE for k, v in account.added_to(bare).items()},
                "vpn_added_percent": account.battery_percent(scenario.device.model, scenario.device.power)
                - bare.battery_percent(scenario.device.model, scenario.device.power),
            },
            "leak_checks": [
                {"at_s": to_seconds(at), "said": self._said(fine, answered), "truth": self._truth(at)}
                for at, fine, answered in run.checks
            ],
            "look_ups": look_ups(run),
            "ipv6_fallbacks": fallbacks(run),
            "disclosures": [{"at_s": to_seconds(at), "addresses": told} for at, told in run.gatherings],
            "sealing_cost": self._sealing_cost(),
            "leak_checks_fine_share": self.checks_fine_share,
            "windows": [
                {
                    "begin_s": to_seconds(w.begin),
                    "end_s": to_seconds(w.end),
                    "cause": w.cause.value,
                    "kinds": w.kinds,
                    "flows": w.flows,
                    "bytes": size,
                    "why": why(run, w),
                }
                for w, size in zip(self.windows, self._leaked_by_window(), strict=True)
            ],
        }

    def _leaked_by_window(self) -> list[Bytes]:
        """Bytes that leaked through each window."""
        rows = [w.rows for w in self.windows]
        sizes = self.run.ledger.size[np.concatenate(rows)] if rows else np.empty(0, dtype=np.int64)
        edges = np.cumsum([0, *map(len, rows)])
        return [int(size) for size in np.diff(np.append(0, sizes.cumsum())[edges])]

    def _counts(self, part: Columns, rows: Ints) -> dict[str, float | int]:
        return {
            "seconds": to_seconds(total(joined([part.spans]))),
            "flows": part.sockets,
            "bytes": self.size(rows),
            "packets": self._packets(rows),
        }

    def _by_cause(self) -> dict[str, dict[str, float | int]]:
        found: dict[str, dict[str, float | int]] = {}
        lengths = [len(w.stretches) for w in self.windows]
        for cause in sorted({w.cause for w in self.windows}):
            of_cause = np.array([w.cause is cause for w in self.windows], dtype=bool).repeat(lengths)
            rows = np.concatenate([w.rows for w in self.windows if w.cause is cause])
            found[_short(cause)] = self._counts(self.exposures.rows(of_cause), rows)
        return found

    def _of_kinds(self, kinds: list[bool], leaked: Ints) -> dict[str, float | int] | None:
        """The counts of those exposures and bursts whose kind is marked; None if there is no such exposure."""
        nature = self.run.world.nature
        marked = np.array(kinds, dtype=bool)[nature.kind]
        part = self.exposures.rows(marked[self.exposures.flow])
        return self._counts(part, leaked[marked[nature.flow[leaked]]]) if len(part.flow) else None

    def _by_kind(self, leaked: Ints) -> dict[str, dict[str, float | int]]:
        letters = [disclosure(kind, self.run.scenario.device.encrypted_dns) for kind in self.run.world.nature.kinds]
        counts = {letter: self._of_kinds([letter in text for text in letters], leaked) for letter in "abcd"}
        return {letter: found for letter, found in counts.items() if found is not None}

    def _by_owner(self, leaked: Ints) -> dict[str, dict[str, float | int]]:
        kinds = self.run.world.nature.kinds
        nothing: dict[str, float | int] = {"seconds": 0.0, "flows": 0, "bytes": 0, "packets": 0}
        return {
            name: self._of_kinds([kind.system == system for kind in kinds], leaked) or nothing
            for name, system in (("app", False), ("system", True))
        }

    def _intended_bytes(self, rows: Ints, intended: Intended) -> Bytes:
        world = self.run.world
        so_intended = np.array([t.intended is intended for t in world.traits], dtype=bool)
        return self.size(rows[so_intended[world.classes[world.nature.flow[rows]]]])

    def _sealing_cost(self) -> list[str]:
        """Functions that the policy takes away."""
        vpn = self.run.scenario.vpn
        lost = SEALING_COST if vpn.include_all_networks else ()
        return [*lost, *(ALWAYS_ON_COST if vpn.always_on is not None else ())]

    def _by_reason(self, part: Columns, rows: Ints) -> dict[str, dict[str, float | int | str]]:
        """What was outside by design, by why, with the mechanism's number where it is the platform's doing."""
        world = self.run.world
        reasons = [t.reason for t in world.traits]
        found: dict[str, dict[str, float | int | str]] = {}
        for reason in Reason:
            if reason in reasons:
                of_reason = np.array([r is reason for r in reasons], dtype=bool)[world.classes]
                exposed = part.rows(of_reason[part.flow])
                if len(exposed.flow):
                    counts = self._counts(exposed, rows[of_reason[world.nature.flow[rows]]])
                    found[reason.value] = {"mechanism": reason.mechanism, **counts}
        return found

    def _first_protected(self) -> float | None:
        """Seconds from the beginning of intent to the first byte that went through the tunnel."""
        begun = next((s.begin for s in self.run.standings if s.situation.intent), None)
        settled = self.run.ledger.settled[self._rows(Fate.TUNNELLED)]
        if begun is None or not len(settled):
            return None
        return to_seconds(int(settled.min()) - begun)

    def _push_delay(self) -> dict[str, float | int] | None:
        """How long delivered pushes waited for a way and for the radio, beyond the network's own delay; None without
        any."""
        run, nature = self.run, self.run.world.nature
        pushed = np.array([kind.pushed for kind in nature.kinds], dtype=bool)
        if not pushed.any():
            return None
        ledger = run.ledger
        rows = np.flatnonzero(SENT[ledger.fate] & pushed[nature.kind[nature.flow]])
        if not len(rows):
            return None
        delay = (ledger.settled - ledger.at + self.radio_waits)[rows] / SECOND
        median, p95 = np.quantile(delay, (0.5, 0.95)).tolist()
        return {"pushes": len(rows), "mean": float(np.mean(delay)), "median": median, "p95": p95}

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


def summarise(run: Run) -> Summary:
    """The summary of a run."""
    return Summary(run)
