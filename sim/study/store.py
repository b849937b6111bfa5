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
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.base.refusal import Refusal
from sim.study.rows import COLUMNS
from sim.study.tasks import Plan, Row

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
    about : what else belongs to the study, for `plan.json`: factors and their values by point

    Raises
    ------
    StudyRefused
        If the folder holds another study: its rows would not go together with these.
    """

    def __init__(self, path: Path, plan: Plan, about: Mapping[str, Any]) -> None:
        self.path, self._plan = path, plan
        self._factors = plan.factors
        try:
            (path / PARTS).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StudyRefused(f"{path}: cannot be made a folder: {error.strerror or error}") from None
        known = path / PLAN
        if known.is_file():
            found = json.loads(known.read_text(encoding="utf-8")).get("identity")
            if found != plan.identity:
                raise StudyRefused(
                    f"{path}: holds another study (another scenario, other arms, points, days or seed)\n"
                    "  Choose another folder with --out, or remove this one."
                )
        else:
            said = {"identity": plan.identity, "tasks": plan.tasks, **about}
            _write(known, (json.dumps(said, indent=2, default=str) + "\n").encode())

    def done(self) -> list[tuple[int, int]]:
        """Ranges of tasks whose rows are there, [first, behind), in order."""
        found = []
        with os.scandir(self.path / PARTS) as entries:
            for entry in entries:
                first, dash, behind = entry.name.removesuffix(".parquet").partition("-")
                if dash and first.isdigit() and behind.isdigit() and entry.name.endswith(".parquet"):
                    found.append((int(first), int(behind)))
        return sorted(found)

    def missing(self) -> Iterator[tuple[int, int]]:
        """Ranges of tasks that are still to be played, in order."""
        edges = [(0, 0), *self.done(), (self._plan.tasks, self._plan.tasks)]
        for (_, behind), (first, _) in pairwise(edges):
            if behind < first:
                yield behind, first

    def write(self, first: int, behind: int, rows: Sequence[Row]) -> None:
        """The rows of the tasks in [first, behind): a part."""
        _write(self.path / PARTS / f"{first:08d}-{behind:08d}.parquet", _as_parquet(table(rows, self._factors)))

    def finish(self) -> Path:
        """All parts as one file, in order, once nothing is missing. One part at a time is in memory."""
        import pyarrow.parquet as pq

        target, beside = self.path / ROWS, self.path / f".{ROWS}.part"
        waiting: list[pa.Table] = []
        writer: Any = None
        for part in self._parts():
            waiting.append(pq.read_table(part))
            if writer is None:
                writer = pq.ParquetWriter(beside, waiting[0].schema, compression="zstd")
            if sum(len(each) for each in waiting) >= ROW_GROUP:
                waiting = _write_groups(writer, waiting, whole=False)
        if writer is not None:
            _write_groups(writer, waiting, whole=True)
            writer.close()
            beside.replace(target)
        return target

    def _parts(self) -> list[Path]:
        return [self.path / PARTS / f"{first:08d}-{behind:08d}.parquet" for first, behind in self.done()]

    def rows(self) -> pa.Table:
        """All rows that are there, in order."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        if (self.path / ROWS).is_file():
            return pq.read_table(self.path / ROWS)
        parts = [pq.read_table(part) for part in self._parts()]
        return pa.concat_tables(parts) if parts else table([], self._factors)


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
    """The file is there as a whole or not at all, also if the machine stops now."""
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    with beside.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
