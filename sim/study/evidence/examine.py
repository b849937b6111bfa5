"""Run checks on several processors; those that play the same scenario share its runs."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from typing import NamedTuple

from sim.study.evidence.checks import Check, Comparison, Given, Skipped
from sim.study.evidence.register import checks


class Result(NamedTuple):
    """What became of a check."""

    id: str
    comparisons: tuple[Comparison, ...]
    missing: str = ""
    """What it would need that is not here; then there are no comparisons."""

    @property
    def holds(self) -> bool:
        """Nothing that was compared falls outside its tolerance."""
        return all(c.holds for c in self.comparisons)


def examine(
    ids: Sequence[str], workers: int, given: Given, progress: Callable[[int, int], None] | None = None
) -> list[Result]:
    """Run these checks.

    Parameters
    ----------
    ids : of :func:`sim.study.evidence.register.checks`, each once
    workers : 1 <= workers: processes. The results do not depend on it
    progress : is told how many checks are done, and of how many

    Returns
    -------
    list
        In the order of `ids`.
    """
    tell = progress or (lambda done, total: None)
    found: dict[str, Result] = {}
    for results in _batches_done(ids, workers, given):
        found |= {result.id: result for result in results}
        tell(len(found), len(ids))
    return [found[id_] for id_ in ids]


def _batches_done(ids: Sequence[str], workers: int, given: Given) -> Iterator[list[Result]]:
    batches = list(_batches(ids))
    if workers == 1 or len(batches) == 1:
        yield from (_examine_batch(batch, given) for batch in batches)
        return
    # Spawned, not forked: the same on every platform, and no copy of a parent's threads.
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        for done in as_completed([pool.submit(_examine_batch, batch, given) for batch in batches]):
            yield done.result()


def _batches(ids: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Checks of one scenario together; every other one by itself."""
    every, shared = checks(), dict[str, list[str]]()
    for id_ in ids:
        shared.setdefault(every[id_].scenario or f"check {id_}", []).append(id_)
    return (tuple(batch) for batch in shared.values())


def _examine_batch(ids: tuple[str, ...], given: Given) -> list[Result]:
    return [_examine_one(checks()[id_], given) for id_ in ids]


def _examine_one(check: Check, given: Given) -> Result:
    try:
        return Result(check.id, tuple(check.examine(given)))
    except Skipped as missing:
        return Result(check.id, (), str(missing))
