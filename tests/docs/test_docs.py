"""The documentation against the program: generated parts are fresh, examples work, names and paths exist."""

from __future__ import annotations

import re
import shlex
import sys
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from docs.generate import Note, notes, pages, played, played_pages
from sim.base.sources import SOURCES
from sim.base.units import MINUTE, SECOND
from sim.faces.cli import main
from sim.machines.events import EngineStarted, EngineStopped, PathNoticed, SessionUp
from sim.machines.ios.behaviour import PROFILES
from sim.machines.radio import SETS, WIFI_SETS
from sim.machines.radio.battery import BATTERIES
from sim.machines.routing import Cause, Fate, Intended, Way
from sim.measure.expectations import check_file
from sim.measure.leaks import DISCLOSURES
from sim.world.loading import merge, validate
from tests.machines.driver import Driver
from tests.machines.tables import both_ways

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = [*sorted(DOCS.rglob("*.md")), ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", ROOT / "README.md"]
GENERATED = {DOCS / "reference" / "parameters.md", DOCS / "reference" / "machines.md"}
WRITTEN = [page for page in PAGES if page not in GENERATED]
FRESH = "stale: run python -m docs.generate"


def text(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text(page), re.MULTILINE | re.DOTALL)


# Generated parts ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", sorted(pages()), ids=name)
def test_a_generated_page_is_fresh(page: Path) -> None:
    assert text(page) == pages()[page], FRESH


@pytest.mark.parametrize("page", sorted(played_pages()), ids=name)
def test_commands_print_what_the_page_says(page: Path) -> None:
    assert text(page) == played(text(page)), f"{FRESH} --tutorial"


def test_a_console_block_without_a_command_is_refused() -> None:
    """It would be emptied: so the README once lost the two commands that a newcomer needs."""
    with pytest.raises(ValueError, match="without a command"):
        played("```console\nmake demo\n```\n")
    assert "make demo" in text(ROOT / "README.md")
    assert "--profile" in text(ROOT / "README.md")


def test_every_model_note_is_gathered() -> None:
    written = sum(text(file).count("# MODEL:") for file in (ROOT / "sim").rglob("*.py"))
    assert len(notes()) == written
    for note in notes():
        assert note.text in text(DOCS / "background" / "limits.md")


def test_a_note_is_read_with_its_continuation_and_its_bias(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [
        "# MODEL: one thing is",
        "# left out (bias: too low).",
        "x = 1  # MODEL: not at the beginning",
        "# MODEL: another.",
    ]
    (tmp_path / "sim").mkdir()
    (tmp_path / "sim" / "a.py").write_text("\n".join(lines))
    monkeypatch.setattr("docs.generate._ROOT", tmp_path)
    assert notes() == [Note("sim/a.py", "One thing is left out.", "Too low"), Note("sim/a.py", "Another.", "")]


# Names ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "term",
    [
        *(cause.value for cause in Cause),
        *(fate.name for fate in Fate),
        *(intended.value for intended in Intended),
        *(way.value for way in Way),
        *(f"{letter}, {what}" for letter, what in DISCLOSURES.items()),
    ],
)
def test_the_glossary_defines_each_term_once(term: str) -> None:
    assert text(DOCS / "reference" / "glossary.md").count(f"**{term}**") == 1


def test_the_glossary_knows_no_other_cause() -> None:
    defined = re.findall(r"^- \*\*(L\d\d .*?)\*\*", text(DOCS / "reference" / "glossary.md"), re.MULTILINE)
    assert sorted(defined) == sorted(cause.value for cause in Cause)


def test_the_profiles_are_described_as_they_are() -> None:
    page = text(DOCS / "background" / "profiles.md")
    rows = dict(re.findall(r"^\| `([a-z0-9-]+)` \| (.*?) \|", page, re.MULTILINE))
    for profile, sets in PROFILES.items():
        said = {
            key: tomllib.loads(f"v = {value}")["v"] for key, value in re.findall(r"`(\w+) = ([\w.]+)`", rows[profile])
        }
        assert said == sets, profile
    assert {*SETS, *WIFI_SETS} <= set(re.findall(r"^\| `((?:gsm|umts|lte|nsa|sa|wifi)-[\w-]+)`", page, re.MULTILINE))


def test_the_batteries_are_described_as_they_are() -> None:
    page = text(DOCS / "background" / "energy.md")
    rows = re.findall(r"\| (iPhone [^|]*?) \| \d+ \| ([\d.]+)", page)
    assert {model: float(wh) for model, wh in rows} == BATTERIES


def test_every_source_that_a_page_cites_exists() -> None:
    for page in sorted((DOCS / "background").glob("*.md")):
        cited = set(re.findall(r"(?<![\w./`-])[a-z][a-z0-9]*(?:-[a-z0-9]+)*?-?\d{3,}(?![\w.])", text(page)))
        assert cited <= {*SOURCES, *PROFILES, *SETS, *WIFI_SETS}, name(page)


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", text(page)):
        path, _, anchor = target.partition("#")
        if path.startswith("http"):
            continue
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), target
        if anchor and file not in GENERATED:
            heads = [
                re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-")
                for head in re.findall(r"^#+ (.*)$", text(file), re.M)
            ]
            assert anchor in heads, target


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_no_page_tells_where_this_clone_is(page: Path) -> None:
    assert str(ROOT) not in text(page)


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_paths_in_the_tree_exist(page: Path) -> None:
    for path in re.findall(r"`((?:sim|tests|docs|scenarios|experiments)/[\w./-]*)`", text(page)):
        assert (ROOT / path).exists(), path


# Examples -------------------------------------------------------------------------------------------------------------

SCENARIO_FILES = DOCS / "reference" / "scenario-files.md"
WHOLE, *FRAGMENTS = blocks(SCENARIO_FILES, "toml")


def test_the_whole_scenario_is_one(tmp_path: Path) -> None:
    file = tmp_path / "two-places.toml"
    file.write_text(WHOLE, encoding="utf-8")
    assert all(verdict.holds for verdict in check_file(file, range(1, 6)))


@pytest.mark.parametrize("fragment", FRAGMENTS, ids=lambda text: str(text).partition("\n")[0])
def test_a_fragment_fits_into_the_whole(fragment: str) -> None:
    tree = merge(tomllib.loads(WHOLE), tomllib.loads(fragment))
    for policy in tree["policies"].values():
        assert validate(merge(tree, policy), "the page")
    assert validate(tree, "the page")


def test_the_fragments_expectations_can_be_asked(tmp_path: Path) -> None:
    file = tmp_path / "two-places.toml"
    claims = [fragment for fragment in FRAGMENTS if "[[expect]]" in fragment]
    assert claims
    file.write_text(WHOLE.partition("[[expect]]")[0] + "".join(claims), encoding="utf-8")
    assert check_file(file, [1])


def test_fragments_of_other_pages_fit_too() -> None:
    for page in PAGES:
        for fragment in blocks(page, "toml") if page != SCENARIO_FILES else ():
            assert validate(merge(tomllib.loads(WHOLE), tomllib.loads(fragment)), name(page))


def test_the_commands_on_the_example_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "two-places.toml").write_text(WHOLE, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    commands = [line for block in blocks(SCENARIO_FILES, "sh") for line in block.splitlines()]
    assert commands
    for command in commands:
        with pytest.raises(SystemExit) as done:
            main(shlex.split(command)[1:])
        assert done.value.code == 0, command


def test_python_examples_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    examples = [block for page in PAGES for block in blocks(page, "python") if block.startswith("import sim\n")]
    assert examples
    for example in examples:
        exec(compile(example, "an example", "exec"), {})


def test_quoted_parameters_are_as_they_are_in_the_code() -> None:
    code = (
        " ".join("".join(text(file) for file in (ROOT / "sim").rglob("*.py")).split())
        .replace("( ", "(")
        .replace(", )", ")")
    )
    quotes = [block for page in PAGES for block in blocks(page, "python") if ": Annotated[" in block.partition("\n")[0]]
    assert quotes
    for quote in quotes:
        assert " ".join(quote.split()) in code


# The made-up protocol of CONTRIBUTING ---------------------------------------------------------------------------------

HELLO_EVENTS = (
    EngineStarted("a", usable=True),
    EngineStopped(),
    PathNoticed(usable=True, moved=True),
    PathNoticed(usable=True, moved=False),
    PathNoticed(usable=False, moved=False),
)


@pytest.fixture
def hello(monkeypatch: pytest.MonkeyPatch) -> Any:
    (code,) = [block for block in blocks(ROOT / "CONTRIBUTING.md", "python") if "class Hello" in block]
    module = ModuleType("hello")
    monkeypatch.setitem(sys.modules, "hello", module)
    exec(compile(code, "hello.py", "exec"), module.__dict__)
    return module.__dict__["Hello"]()


def test_the_made_up_protocol_keeps_to_its_table(hello: Any) -> None:
    both_ways([hello], HELLO_EVENTS, (0, SECOND), most=4000)


def test_the_made_up_protocol_greets_again_after_a_move(hello: Any) -> None:
    start, _, moved, *_ = HELLO_EVENTS
    run = Driver(hello, reachable=lambda t: t >= SECOND).tell(0, start).tell(30 * SECOND, moved).run(MINUTE)
    first, second = run.times(SessionUp)
    # One hello into the dead network and one repetition; after that a round trip each.
    assert first - 2 * SECOND == second - 30 * SECOND > 0
