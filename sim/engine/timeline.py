"""What happened, and because of what.

Records are kept as rows and made into objects when somebody reads them: a day has a few thousand.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from sim.base.units import Instant
from sim.machines.machine import Event


class Record(NamedTuple):
    """One delivery: an event that reached a machine, or a line of the script (then `actor` is "nature" or "user")."""

    id: int
    at: Instant
    actor: str
    event: Event
    cause: int | None
    """The record whose effect this was; None for a line of the script and for a machine's start."""
    phase: str
    """The machine's phase afterwards; "" for a line of the script."""


@dataclass(frozen=True)
class Timeline:
    """All records of a run, in order. `cause < id`, and instants never decrease."""

    rows: list[tuple[Instant, str, Event, int | None, str]]

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, id: int) -> Record:
        return Record(id, *self.rows[id])

    def __iter__(self) -> Iterator[Record]:
        return (Record(i, *row) for i, row in enumerate(self.rows))

    def chain(self, id: int) -> list[Record]:
        """The record and its causes, back to the first one."""
        records = [self[id]]
        while (cause := records[-1].cause) is not None:
            records.append(self[cause])
        return records

    def phases(self, actor: str) -> list[tuple[Instant, str]]:
        """From when on the actor was in which phase."""
        found: list[tuple[Instant, str]] = []
        for at, who, _, _, phase in self.rows:
            if who == actor and (not found or found[-1][1] != phase):
                if found and found[-1][0] == at:
                    found.pop()
                found.append((at, phase))
        return found
