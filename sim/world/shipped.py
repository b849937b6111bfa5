"""The scenarios that come with the program, by name, from wherever it is installed."""

from __future__ import annotations

from difflib import get_close_matches
from os.path import exists, isfile  # unlike those of Path, they take any text without an error
from pathlib import Path

from sim.world.loading import ScenarioError

_PACKAGE = Path(__file__).resolve().parents[1]
_MARK = "commute.toml"


def folder() -> Path:
    """Where the shipped scenarios are: inside an installed wheel, or beside `sim/` in a clone."""
    for place in (_PACKAGE / "scenarios", _PACKAGE.parent / "scenarios"):
        if (place / _MARK).is_file():
            return place
    raise ScenarioError("scenarios", "", "the shipped scenarios are missing from this installation")


def names() -> dict[str, Path]:
    """Name → file, in alphabetical order: `commute`, `lessons/first-leak`."""
    place = folder()
    return {p.relative_to(place).with_suffix("").as_posix(): p for p in sorted(place.rglob("*.toml"))}


def find(scenario: str) -> Path:
    """The file that a command's argument means: a path, or the name of a shipped scenario.

    Raises
    ------
    ScenarioError
        If it looks like a name and there is no such scenario. Paths are left to whoever reads them.
    """
    path = Path(scenario)
    if path.suffix or isfile(path):
        return path
    known = names()
    if scenario in known:
        return _from_here(known[scenario])
    same = [file for name, file in known.items() if name.rsplit("/", 1)[-1] == scenario]
    if len(same) == 1:
        return _from_here(same[0])
    if exists(path) or path.is_absolute():
        return path
    near = get_close_matches(scenario, [*known, *(n.rsplit("/", 1)[-1] for n in known)], n=1, cutoff=0.5)
    hint = f"Did you mean {near[0]!r}?" if near else "leakwindow scenarios lists those that come with the program."
    raise ScenarioError(scenario, "", "there is no such file, and no shipped scenario of this name", hint)


def _from_here(file: Path) -> Path:
    """The shortest way to say which file: relative, if it lies below the current folder."""
    here = Path.cwd()
    return file.relative_to(here) if file.is_relative_to(here) else file


def comment(file: Path) -> str:
    """The comment block at the head of a scenario: what happens, what to look at, which mechanism."""
    lines: list[str] = []
    for line in file.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            break
        lines.append(line.removeprefix("#").removeprefix(" "))
    return "\n".join(lines).strip()


def mechanisms(text: str) -> list[str]:
    """Which mechanisms a comment block names: L01, L05 and so on, in its order."""
    paragraph = next((p for p in text.split("\n\n") if p.lstrip().lower().startswith("mechanism")), "")
    words = (w.strip(".,;:()") for w in paragraph.split())
    return list(dict.fromkeys(w for w in words if len(w) == 3 and w[0] == "L" and w[1:].isdigit()))
