"""Lessons in the terminal: the pages of `docs/lessons`, read aloud, with their commands played as they come.

The page is the lesson: there is no second text. A walk stops where the page asks for a guess, if somebody is there to
make one; without a terminal it prints straight through.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout, suppress
from io import StringIO
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.markdown import Markdown

from sim.faces.playing import apart, filtered
from sim.faces.terminal import table, text
from sim.world import shipped
from sim.world.loading import ScenarioError, did_you_mean

_PACKAGE = Path(__file__).resolve().parents[1]
SECTIONS = ("Guess first", "Play it", "Why", "Exercise", "The answer")
"""What every lesson has, in this order."""
_PAUSES = {"Guess first": "Your guess? ", "Exercise": "Your answer? "}
Play = Callable[[list[str]], None]


class Lesson(NamedTuple):
    """One page."""

    name: str
    """01-outlives: also the name of its scenario."""
    title: str
    about: str
    sections: dict[str, str]
    """Heading → Markdown."""


def folder() -> Path:
    """Where the lessons are: inside an installed wheel, or in the documentation of a clone."""
    for place in (_PACKAGE / "lessons", _PACKAGE.parent / "docs" / "lessons"):
        if place.is_dir():
            return place
    raise ScenarioError("lessons", "", "the lessons are missing from this installation")


def all_lessons() -> list[Lesson]:
    """Every lesson, in the order of its number."""
    return [_read(page) for page in sorted(folder().glob("[0-9]*.md"))]


def _read(page: Path) -> Lesson:
    head, *rest = re.split(r"^## ", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    title, _, about = head.removeprefix("# ").partition("\n")
    sections = {name: body.strip() for name, _, body in (part.partition("\n") for part in rest)}
    return Lesson(page.stem, title, " ".join(about.split()), sections)


def find(wanted: str) -> Lesson:
    """The lesson of a name or a number: "01-outlives", "outlives", "1".

    Raises
    ------
    ScenarioError
    """
    lessons = all_lessons()
    for lesson in lessons:
        number, _, word = lesson.name.partition("-")
        if wanted in (lesson.name, word) or (wanted.isdecimal() and int(wanted) == int(number)):
            return lesson
    names = [lesson.name for lesson in lessons]
    hint = did_you_mean(wanted, names) or f"leakwindow lessons lists them: 1 to {len(lessons)}."
    raise ScenarioError("lessons", wanted, "there is no such lesson", hint)


def listing(console: Console) -> None:
    """All lessons, a line each."""
    rows = [(text(lesson.name, "bold"), _without_number(lesson), text(lesson.about, "dim")) for lesson in all_lessons()]
    console.print(table(("name", "lesson", "what you learn"), rows))
    console.print()
    console.print(text("leakwindow lessons 1 walks through the first one.", "dim"))


def _without_number(lesson: Lesson) -> str:
    return re.sub(r"^\d+\. ", "", lesson.title)


def walk(console: Console, lesson: Lesson, play: Play) -> None:
    """Read a lesson aloud, and play what it plays."""
    console.print(text(lesson.title, "bold"))
    console.print(text(lesson.about, "dim"))
    console.print(text(f"Scenario: {shipped.find(lesson.name)}", "dim"))
    console.print()
    for heading, body in lesson.sections.items():
        console.print(text(heading, "bold"))
        console.print()
        for kind, part in _parts(body):
            _tell(console, kind, part, play)
        if heading in _PAUSES and sys.stdin.isatty() and sys.stdout.isatty():
            with suppress(EOFError):
                input(_PAUSES[heading])
            console.print()


_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$\n?", re.MULTILINE | re.DOTALL)


def _parts(body: str) -> Iterator[tuple[str, str]]:
    """A section's text and blocks, in order: what kind of block, "" for text."""
    at = 0
    for block in _BLOCK.finditer(body):
        yield "", body[at : block.start()]
        yield block[1], block[2]
        at = block.end()
    yield "", body[at:]


def _tell(console: Console, kind: str, part: str, play: Play) -> None:
    if kind == "console":
        for command in (line.removeprefix("$ ") for line in part.splitlines() if line.startswith("$ ")):
            console.print(text(f"$ {command}", "bold"))
            _play(console, command, play)
            console.print()
    elif kind:
        console.print(text(part.rstrip()))
        console.print()
    elif words := _plain(part):
        console.print(Markdown(words))
        console.print()


def _plain(markdown: str) -> str:
    """Without what a terminal cannot show: pictures become the command that draws them, links their words."""
    drawn = re.sub(
        r"^<!-- plot: (leakwindow run [\w-]+)(.*) -->\n!\[([^\]]*)\]\([^)]*\)$",
        r"Picture (`\1\2 --plot picture.png` draws it): \3.",
        markdown,
        flags=re.MULTILINE,
    )
    return re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", drawn).strip()


def _play(console: Console, command: str, play: Play) -> None:
    """Play one command, and print what its filters leave."""
    words, filters = apart(command)
    if not filters:
        play(words)
        return
    screen = StringIO()
    with redirect_stdout(screen):
        play(words)
    console.print(text("\n".join(filtered(screen.getvalue(), filters))))
