"""Play a plan: what is missing goes to the workers in pieces, and their rows are kept as they come."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from sim.study.pool import Opened, done
from sim.study.store import StudyFolder, gaps
from sim.study.tasks import Plan, Row, Work, play

Tell = Callable[[int, int], None]
"""Is told how many tasks are done, and of how many."""


class Kept:
    """Rows in memory: the shelf of a study that no folder was named for."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._parts: dict[int, tuple[int, list[Row]]] = {}

    def missing(self) -> Iterator[tuple[int, int]]:
        """Ranges of tasks that are still to be played, in order."""
        return gaps([(first, behind) for first, (behind, _) in sorted(self._parts.items())], self._plan.tasks)

    def write(self, first: int, behind: int, rows: list[Row]) -> None:
        """The rows of the tasks in [first, behind)."""
        self._parts[first] = (behind, rows)

    def rows(self) -> list[Row]:
        """All rows that are there, in order."""
        return [row for _, (_, rows) in sorted(self._parts.items()) for row in rows]


def missing(shelf: StudyFolder | Kept, until: int) -> int:
    """How many tasks below `until` are still to be played."""
    return sum(min(behind, until) - first for first, behind in shelf.missing() if first < until)


def pieces(plan: Plan, ranges: Iterable[tuple[int, int]], until: int, size: int) -> Iterator[Work]:
    """The tasks of some ranges below `until`, in pieces of at most `size`."""
    for first, behind in ranges:
        for begin in range(first, min(behind, until), size):
            yield plan.work(begin, min(begin + size, behind, until))


def conduct(
    plan: Plan,
    shelf: StudyFolder | Kept,
    open_pool: Opened,
    size: int,
    tell: Tell,
    until: int | None = None,
    fail_fast: bool = False,
) -> bool:
    """Play what is missing.

    Parameters
    ----------
    shelf : where rows are kept
    size : tasks in one piece of work: enough that a piece takes about a second
    until : play only tasks below this
    fail_fast : stop at the first run that fails

    Returns
    -------
    Whether all of it was played: not if a run failed, and that was to end the study.
    """
    until = plan.tasks if until is None else until
    left = missing(shelf, until)
    works = pieces(plan, [*shelf.missing()], until, size)
    if not left:
        return True
    for work, rows in done(play, works, open_pool):
        shelf.write(work.first, work.behind, rows)
        left -= len(work.tasks)
        tell(until - left, until)
        if fail_fast and any(row["error"] is not None for row in rows):
            return False
    assert not left, "every piece of work that was given out comes back"
    return True
