"""A study on disk: a folder that any tool can read, that a stop cannot spoil, and that says what it is.

    my-study/
      plan.json            what is played, and its identity
      parts/00000000-00000008.parquet    the rows of tasks 0 to 7, written in one piece when they are done
      rows.parquet         all of them in order, once every task is done

A part is written beside its place and renamed into it, so it is there as a whole or not at all: after a kill -9 the
parts say what is done, and only what was under way is played again. `rows.parquet` depends on the plan alone, to the
byte: order, types, row groups and compression are fixed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.base.refusal import Refusal
from sim.study.rows import COLUMNS
from sim.study.tasks import Plan, Row, plan_from
from sim.world.loading import as_plain

if TYPE_CHECKING:
    import pyarrow as pa

PARTS, ROWS, PLAN = "parts", "rows.parquet", "plan.json"
ROW_GROUP = 65_536
HEAD: dict[str, type] = {
    "task": int,
    "point": int,
    "replication": int,
    "seed": int,
    "arm": str,
    "error": str,
}
"""The columns that say which run a row is, before the factors' and the numbers."""


class StudyRefused(Refusal):
    """The folder holds another study, or cannot be used."""


class StudyFolder:
    """The folder of one study.

    Parameters
    ----------
    path : made if it is not there
    plan : what is played there

    Raises
    ------
    StudyRefused
        If the folder holds another study: its rows would not go together with these.
    """

    def __init__(self, path: Path, plan: Plan) -> None:
        self.path, self._plan = path, plan
        self._factors = plan.factors
        try:
            (path / PARTS).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StudyRefused(f"{path}: cannot be made a folder: {error.strerror or error}") from None
        if (path / PLAN).is_file() and read_plan(path).identity != plan.identity:
            raise StudyRefused(
                f"{path}: holds another study (another scenario, or other arms, factors or seed)\n"
                "  Choose another folder with --out, or remove this one."
            )
        content = (json.dumps(plan.as_dict(), indent=1, default=as_plain, ensure_ascii=False) + "\n").encode()
        if not (path / PLAN).is_file() or (path / PLAN).read_bytes() != content:
            (path / ROWS).unlink(missing_ok=True)  # of fewer or more days than are now asked for
            _write(path / PLAN, content)

    def done(self) -> list[tuple[int, int]]:
        """Ranges of tasks whose rows are there, [first, behind), in order."""
        return [(begin, end) for _, begin, end in self._shares()]

    def missing(self) -> Iterator[tuple[int, int]]:
        """Ranges of tasks that are still to be played, in order."""
        return gaps(self.done(), self._plan.tasks)

    def write(self, first: int, behind: int, rows: Sequence[Row]) -> None:
        """The rows of the tasks in [first, behind): a part."""
        _write(_part(self.path, first, behind), _as_parquet(table(rows, self._factors)))

    def finish(self) -> Path:
        """All parts as one file, in order, once nothing is missing. One part at a time is in memory."""
        import pyarrow.parquet as pq

        target = self.path / ROWS
        beside = _beside(target)
        waiting: list[pa.Table] = []
        writer: Any = None
        with _told_of(target):
            for part in self._tables():
                waiting.append(part)
                if writer is None:
                    writer = pq.ParquetWriter(beside, part.schema, compression="zstd")
                if sum(len(each) for each in waiting) >= ROW_GROUP:
                    waiting = _write_groups(writer, waiting, whole=False)
            if writer is not None:
                _write_groups(writer, waiting, whole=True)
                writer.close()
                beside.replace(target)
        return target

    def rows(self, columns: Sequence[str]) -> pa.Table:
        """Some columns of all rows that are there, in order."""
        import pyarrow as pa

        return pa.concat_tables(
            [*self._tables([*dict.fromkeys([*columns, "task"])])] or [table([], self._factors)]
        ).select(columns)

    def _tables(self, columns: list[str] | None = None) -> Iterator[pa.Table]:
        """The parts, one after the other; of each, what no earlier one has and what belongs to this plan."""
        import pyarrow.compute as pc

        for (first, behind), begin, end in self._shares():
            found = _read(_part(self.path, first, behind), columns)
            if (first, behind) != (begin, end):
                task = found["task"]
                found = found.filter(pc.and_(pc.greater_equal(task, begin), pc.less(task, end)))
            yield found

    def _shares(self) -> Iterator[tuple[tuple[int, int], int, int]]:
        """Each part, and the tasks [begin, end) that count of it. Two commands that play into one folder at once cut
        their work differently, so parts may overlap; what is in both is the same."""
        end = 0
        for first, behind in _parts(self.path):
            begin, until = max(first, end), min(behind, self._plan.tasks)
            if begin < until:
                end = until
                yield (first, behind), begin, end


def gaps(done: Sequence[tuple[int, int]], tasks: int) -> Iterator[tuple[int, int]]:
    """What some ranges [first, behind), in order, leave out of [0, tasks)."""
    for (_, behind), (first, _) in pairwise([(0, 0), *done, (tasks, tasks)]):
        if behind < first:
            yield behind, first


def read_plan(path: Path) -> Plan:
    """The plan of a study folder.

    Raises
    ------
    StudyRefused
    """
    try:
        return plan_from(json.loads((path / PLAN).read_text(encoding="utf-8")))
    except OSError:
        raise StudyRefused(f"{path}: this is no study folder: it has no {PLAN}") from None
    except (KeyError, TypeError, ValueError):
        raise StudyRefused(f"{path / PLAN}: this is not the plan of a study") from None


def _parts(path: Path) -> list[tuple[int, int]]:
    found = []
    with os.scandir(path / PARTS) as entries:
        for entry in entries:
            first, dash, behind = entry.name.removesuffix(".parquet").partition("-")
            if dash and first.isdigit() and behind.isdigit() and entry.name.endswith(".parquet"):
                found.append((int(first), int(behind)))
    return sorted(found)


def _part(path: Path, first: int, behind: int) -> Path:
    return path / PARTS / f"{first:08d}-{behind:08d}.parquet"


def _read(part: Path, columns: list[str] | None) -> pa.Table:
    """A part.

    Raises
    ------
    StudyRefused
        If it is none: a part is written as a whole, but a disk or a copy may lose some of it later.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.read_table(part, columns=columns)
    except (pa.ArrowException, OSError) as error:
        raise StudyRefused(
            f"{part}: cannot be read as a part of the study: {str(error).splitlines()[0]}\n"
            "  Remove this file; the command that began the study plays its days again."
        ) from None


def table(rows: Sequence[Row], factors: Mapping[str, type]) -> pa.Table:
    """Rows as a typed table: the same columns whatever happened."""
    import pyarrow as pa

    types = {int: pa.int64(), float: pa.float64(), str: pa.string(), bool: pa.bool_()}
    columns = {**HEAD, **factors, **COLUMNS}
    return pa.table({name: pa.array([row.get(name) for row in rows], types[kind]) for name, kind in columns.items()})


def _write_groups(writer: Any, waiting: list[pa.Table], whole: bool) -> list[pa.Table]:
    """Write row groups of one size, so that how the parts were cut leaves no trace; the rest is returned."""
    import pyarrow as pa

    rows = pa.concat_tables(waiting).combine_chunks()
    full = len(rows) if whole else len(rows) - len(rows) % ROW_GROUP
    for begin in range(0, full, ROW_GROUP):
        writer.write_table(rows.slice(begin, min(ROW_GROUP, full - begin)))
    return [rows.slice(full)] if full < len(rows) else []


def _as_parquet(rows: pa.Table) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = pa.BufferOutputStream()
    pq.write_table(rows, sink, compression="zstd")
    return bytes(sink.getvalue())


def _write(path: Path, content: bytes) -> None:
    """The file is there as a whole or not at all, also if the machine stops now.

    Raises
    ------
    StudyRefused
    """
    beside = _beside(path)
    with _told_of(path):
        with beside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)


def _beside(path: Path) -> Path:
    """Where a file is written before it is renamed into its place: nobody else's, and not taken for a part."""
    return path.with_name(f".{path.name}.{os.getpid()}.part")


@contextmanager
def _told_of(path: Path) -> Iterator[None]:
    """A full disk or a folder that may not be written is the user's to mend, and costs nothing that was played."""
    try:
        yield
    except OSError as error:
        raise StudyRefused(
            f"{path}: cannot be written: {error.strerror or error}\n"
            "  What was played is kept; the same command goes on from there."
        ) from None
