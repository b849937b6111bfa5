"""Words on a terminal: results on stdout, notes on stderr, and nothing from a file that could steer either.

Names come from files that somebody else may have written, so no text is read as rich's markup, and control characters
(which could move the cursor, recolour or rename the window) are shown as � instead.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from io import StringIO
from time import monotonic
from typing import TYPE_CHECKING, TextIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from sim.base.units import HOUR, MILLISECOND, MINUTE, SECOND, Duration

if TYPE_CHECKING:
    from rich.progress import Progress

LINES = 1000
"""A width for long tables in a pipe: one line a row, to be searched with grep."""
_SHOWS_PROGRESS_AFTER_S = 2.0


def clean(text: str) -> str:
    """The text without what a terminal would obey: control characters, and marks that reverse the reading order."""
    return "".join(c if c.isprintable() or c in "\n " else "\N{REPLACEMENT CHARACTER}" for c in text)


def stdout(pipe_width: int = 120) -> Console:
    """Where results go. Reads no markup; a file or a pipe gets lines of up to `pipe_width` characters."""
    return _console(sys.stdout, pipe_width)


def stderr() -> Console:
    """Where progress, notes and refusals go."""
    return _console(sys.stderr, 120)


def _console(stream: TextIO, pipe_width: int) -> Console:
    if stream.isatty():
        return Console(file=stream, markup=False, highlight=False, emoji=False)
    return Console(file=_Trimmed(stream), markup=False, highlight=False, emoji=False, width=pipe_width)


class _Trimmed(StringIO):
    """A stream in front of a pipe or file: without the blanks that fill a table's lines up."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__()
        self._stream = stream

    def write(self, words: str, /) -> int:
        """Pass the text on; rich writes whole lines."""
        self._stream.write(re.sub(r" +$", "", words, flags=re.MULTILINE))
        return len(words)

    def flush(self) -> None:
        """Pass that on, too."""
        self._stream.flush()


def say(text: str) -> None:
    """One plain sentence on stderr."""
    print(clean(text), file=sys.stderr)


def text(words: str, style: str = "") -> Text:
    """Cleaned text in one style."""
    return Text(clean(words), style=style)


def table(headings: Iterable[str], rows: Iterable[Iterable[str | Text]], right: Iterable[int] = ()) -> Table:
    """A table without frames; columns in `right` are flush right."""
    flush, headings = set(right), list(headings)
    found = Table(
        box=None, pad_edge=False, padding=(0, 2, 0, 0), show_edge=False, header_style="dim", show_header=any(headings)
    )
    for i, heading in enumerate(headings):
        found.add_column(heading, justify="right" if i in flush else "left", overflow="fold")
    for row in rows:
        found.add_row(*(cell if isinstance(cell, Text) else text(cell) for cell in row))
    return found


def size(count: float) -> str:
    """A size as people say it: "611 kB"."""
    for unit, factor in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= factor:
            return f"{count / factor:.3g} {unit}" if count / factor < 999.5 else f"{count / factor:.0f} {unit}"
    return f"{count:.0f} B"


def count(number: int, noun: str) -> str:
    """A number of things: "1 socket", "12 sockets"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def spell(duration: Duration) -> str:
    """A duration as people say it, rounded to what is shown: "6 h 36 min", "12 min 20 s", "20 min", "0.98 s"."""
    if duration >= HOUR - SECOND // 2:
        whole = (duration + MINUTE // 2) // MINUTE
        return f"{whole // 60} h" + (f" {whole % 60:02d} min" if whole % 60 else "")
    if duration >= MINUTE - SECOND // 2:
        whole = (duration + SECOND // 2) // SECOND
        return f"{whole // 60} min" + (f" {whole % 60:02d} s" if whole % 60 else "")
    if 0 < duration < MILLISECOND:
        return "< 1 ms"
    return f"{duration / SECOND:.3g} s" if duration >= SECOND or not duration else f"{duration / SECOND:.2g} s"


def capital(words: str) -> str:
    """The text as the beginning of a sentence; all but its first letter is left as it is."""
    return words[:1].upper() + words[1:]


@contextmanager
def progress(what: str) -> Iterator[Callable[[int, int], None]]:
    """A line with bar, rate and time left, on a terminal only, and only if the work takes longer than two seconds.

    Parameters
    ----------
    what : names one piece of the work: "day", "run"
    """
    begun = monotonic()
    bar: Progress | None = None
    first: int | None = None

    def tell(done: int, all_: int) -> None:
        nonlocal bar, first
        first = done - 1 if first is None else first
        if bar is None and sys.stderr.isatty() and monotonic() - begun > _SHOWS_PROGRESS_AFTER_S:
            bar = _bar(what)
            bar.add_task(what, total=None, rate="")
            bar.start()
        if bar is not None:
            per_second = (done - first) / (monotonic() - begun)
            left = spell(round((all_ - done) / per_second) * SECOND)
            bar.update(bar.task_ids[0], completed=done, total=all_, rate=f"{per_second:.3g} a second, {left} left")

    try:
        yield tell
    finally:
        if bar is not None:
            bar.stop()


def _bar(what: str) -> Progress:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (TextColumn(what, markup=False), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]}"))
    return Progress(*columns, console=stderr(), transient=True)
