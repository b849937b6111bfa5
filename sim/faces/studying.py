"""Playing a study from the command line: how large the pieces are, how many workers they are worth, how far it is."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter

from sim.study.arms import Arm, Varied, grid, read_varied
from sim.study.conduct import Kept, Tell, conduct, missing
from sim.study.pool import local, opened
from sim.study.rows import HEADLINE
from sim.study.store import StudyFolder
from sim.study.tasks import Plan, Row, play
from sim.world.loading import ScenarioError

PIECE_S = 0.7
"""How long a piece of work should take: long against handing it over, short against losing it."""
ALONE_S = 4.0
"""Work shorter than this is done before other processes are awake."""


@dataclass
class Player:
    """Plays the tasks of a study, and learns from the first how long one takes.

    Parameters
    ----------
    workers : processes; default: one a processor
    cluster : address of a cluster instead
    """

    plan: Plan
    shelf: StudyFolder | Kept
    workers: int | None = None
    cluster: str | None = None
    fail_fast: bool = False
    task_s: float = field(default=0.0, init=False)

    def play(self, until: int, tell: Tell) -> bool:
        """Play what is missing of the first `until` tasks; say whether all of it was played."""
        if not self.task_s and not self._begun(until, tell):
            return False
        left = missing(self.shelf, until)
        if not left:
            return True
        workers = self.workers or os.cpu_count() or 1
        alone = self.cluster is None and left * self.task_s < ALONE_S
        open_pool = local(1) if alone else opened(workers, self.cluster)
        size = max(1, round(min(PIECE_S / self.task_s, left / (4 * workers))))
        return conduct(self.plan, self.shelf, open_pool, size, tell, until, self.fail_fast)

    def _begun(self, until: int, tell: Tell) -> bool:
        """Play two tasks here, one after the other: the first also pays for what has to be loaded, the second says how
        long a task takes."""

        def told(*_: int) -> None:
            tell(until - missing(self.shelf, until), until)

        for _ in range(2):
            begin = next((first for first, _ in self.shelf.missing() if first < until), None)
            if begin is None:
                break
            begun = perf_counter()
            if not conduct(self.plan, self.shelf, local(1), 1, told, begin + 1, self.fail_fast):
                return False
            self.task_s = perf_counter() - begun
        return True


def timed(plan: Plan, task: int = 0) -> float:
    """How long a task takes in this process, once everything is loaded. [s]"""
    begun = perf_counter()
    play(plan.work(task, task + 1))
    return max(perf_counter() - begun, 1e-6)


def arms_of(vary: list[str], policies: object) -> list[Arm]:
    """The arms that `--vary` means; without it, all policies of the scenario.

    Parameters
    ----------
    policies : what the scenario file says under that key, not yet validated

    Raises
    ------
    ScenarioError
    """
    known = policies if isinstance(policies, dict) else {}
    varied = [read_varied(text) for text in vary]
    if not varied and known:
        varied = [Varied("policy", ("none", *known))]
    return checked(grid(varied, known))


def checked(arms: list[Arm]) -> list[Arm]:
    """At least two arms.

    Raises
    ------
    ScenarioError
    """
    if len(arms) < 2:
        raise ScenarioError("--vary", "", f"there is only one arm ({arms[0].name}), so nothing to compare", _EXAMPLE)
    return arms


_EXAMPLE = "For example: --vary vpn.protocol=wireguard,ikev2 --vary vpn.include_all_networks=false,true"


def shelf_of(out: Path | None, plan: Plan) -> StudyFolder | Kept:
    """Where the rows go."""
    return Kept(plan) if out is None else StudyFolder(out, plan)


def rows_of(shelf: StudyFolder | Kept, *columns: str) -> list[Row]:
    """All rows that are there, in order: some columns, what failed, and the headline numbers, at least."""
    if isinstance(shelf, Kept):
        return shelf.rows()
    found: list[Row] = shelf.rows([*columns, "error", *(m.column for m in HEADLINE)]).to_pylist()
    return found
