"""Commands as pages show them: `leakwindow run NAME | grep -E PATTERN`, taken apart and filtered, without a shell.

The documentation's outputs are made with it, and the lessons play their commands with it on a terminal.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from typing import NamedTuple


class Shown(NamedTuple):
    """A command as a page shows it."""

    words: list[str]
    """What stands behind `leakwindow`."""
    filters: list[list[str]]
    """What its output is piped through: `head -N` or `grep -E PATTERN`."""


def apart(command: str) -> Shown:
    """Take a command apart.

    Raises
    ------
    ValueError
        If it is another program's, or piped through something else.
    """
    first, *filters = [shlex.split(part) for part in command.split(" | ")]
    name, *words = first
    if name != "leakwindow":
        raise ValueError(f"the pages can only play leakwindow: {command}")
    for one in filters:
        if not (len(one) == 2 and one[0] == "head") and one[:-1] != ["grep", "-E"]:
            raise ValueError(f"the pages can only play head -N and grep -E: {command}")
    return Shown(words, filters)


def filtered(output: str, filters: Sequence[Sequence[str]]) -> list[str]:
    """The lines of an output that its filters leave, without blanks at their ends."""
    lines = [line.rstrip() for line in output.rstrip().splitlines()]
    for program, *_, argument in filters:
        if program == "head":
            lines = lines[: int(argument.removeprefix("-"))]
        else:
            lines = [line for line in lines if re.search(argument, line)]
    return lines
