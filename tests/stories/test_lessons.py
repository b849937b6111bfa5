"""The lessons: each page has its parts, each scenario its claims, and the terminal reads them aloud.

That the pages' outputs are what the commands print is tested with all other pages, in tests/docs.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from docs.generate import pictures
from sim.engine.simulate import simulate
from sim.faces import lessons
from sim.faces.lessons import SECTIONS, Lesson, all_lessons
from sim.faces.playing import apart, filtered
from sim.faces.terminal import stdout
from sim.measure.expectations import check_file, look_up, parse
from sim.measure.summary import summarise
from sim.world import shipped
from sim.world.loading import load, read_setting
from sim.world.shipped import comment
from tests.commands import Command

LESSONS = all_lessons()
FILES = {lesson.name: shipped.names()[f"lessons/{lesson.name}"] for lesson in LESSONS}
every_lesson = pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.name)


def commands(lesson: Lesson, section: str) -> list[str]:
    return re.findall(r"^(?:\$ )?(leakwindow .*)$", lesson.sections[section], re.MULTILINE)


def test_there_are_enough_and_each_scenario_is_one() -> None:
    assert len(LESSONS) >= 8
    assert {f"lessons/{lesson.name}" for lesson in LESSONS} == {n for n in shipped.names() if n.startswith("lessons/")}


@every_lesson
def test_it_has_its_parts_in_order(lesson: Lesson) -> None:
    assert tuple(lesson.sections) == SECTIONS
    assert re.match(r"\d+\. ", lesson.title)
    assert int(lesson.title.partition(".")[0]) == int(lesson.name.partition("-")[0])
    assert "(a)" in lesson.sections["Guess first"]
    assert re.match(r"\([abc]\)", lesson.sections["The answer"]) or re.search(
        r"^\([abc]\)", lesson.sections["The answer"], re.MULTILINE
    )
    assert "leakwindow explain" in lesson.sections["Why"] or "energy" in lesson.sections["Guess first"]


@every_lesson
def test_all_its_commands_play_its_own_scenario(lesson: Lesson) -> None:
    for section in SECTIONS:
        for command in commands(lesson, section):
            words = apart(command).words
            assert words[:2] in (["run", lesson.name], ["explain", lesson.name]), command


@every_lesson
def test_the_exercise_is_played_in_the_answer(lesson: Lesson) -> None:
    (exercise,) = commands(lesson, "Exercise")
    words = apart(exercise).words
    assert "--set" in words
    assert words in [apart(command).words for command in commands(lesson, "The answer")]
    load(FILES[lesson.name], settings=dict([read_setting(words[words.index("--set") + 1])]))


@every_lesson
def test_its_picture_is_there_and_small(lesson: Lesson) -> None:
    drawn = {path.stem: (path, command) for path, command in pictures().items()}
    path, command = drawn[lesson.name]
    assert command.startswith(f"leakwindow run {lesson.name}")
    assert path.stat().st_size < 120_000


@every_lesson
def test_its_scenario_tells_a_learner_what_to_look_at(lesson: Lesson) -> None:
    file = FILES[lesson.name]
    scenario = load(file)
    assert scenario.name == lesson.name
    assert scenario.about
    assert scenario.duration <= 3_600_000_000
    for words in ("What happens.", "What to look at.", "Mechanism"):
        assert words in comment(file)


@every_lesson
def test_its_expectations_hold(lesson: Lesson) -> None:
    broken = [f"{v.expectation.that}: {v.detail}" for v in check_file(FILES[lesson.name], range(1, 4)) if not v.holds]
    assert not broken, "\n".join(broken)
    assert len(load(FILES[lesson.name]).expect) >= 3


def test_each_expectation_can_fail() -> None:
    """With other runs, of any lesson and policy, in the places of those that it names."""
    arms = [(file, policy) for file in FILES.values() for policy in (None, *load(file).policies)]
    pool = [summarise(simulate(load(file, policy=policy), 1)).as_dict() for file, policy in arms]
    for file in FILES.values():
        for expectation in load(file).expect:
            claim = parse(expectation.that)
            policies = list(dict.fromkeys(key.policy for key in claim.keys))

            def fails(shift: int) -> bool:
                of = {p: pool[(i + shift) % len(pool)] for i, p in enumerate(policies)}  # noqa: B023
                terms = [term.value(lambda key: look_up(of[key.policy], key.path)) for term in claim.terms]  # noqa: B023
                return claim.margin(terms) < 0  # noqa: B023

            assert any(fails(shift) for shift in range(len(pool))), expectation.that


# In the terminal ------------------------------------------------------------------------------------------------------


def test_the_list_names_all(command: Command) -> None:
    out = command("lessons").out
    assert all(lesson.name in out for lesson in LESSONS)


def test_a_lesson_is_read_straight_through_without_a_terminal(command: Command) -> None:
    status, out, err = command("lessons", "outlives")
    assert (status, err) == (0, "")
    places = [out.index(f"\n{heading}\n") for heading in SECTIONS]
    assert places == sorted(places)
    assert "L01 legacy socket" in out
    assert "](" not in out
    assert "<!--" not in out


@pytest.mark.parametrize("wanted", ["6", "06-train", "train"])
def test_a_lesson_has_three_names(wanted: str) -> None:
    assert lessons.find(wanted).name == "06-train"


@pytest.mark.parametrize("wanted", ["0", "99", "outlive", "²", "../03-airplane", ""])
def test_an_unknown_lesson_is_refused(command: Command, wanted: str) -> None:
    assert "no such lesson" in command.refused("lessons", wanted)


@every_lesson
def test_a_walk_plays_what_the_page_plays(lesson: Lesson, capsys: pytest.CaptureFixture[str]) -> None:
    played: list[list[str]] = []
    lessons.walk(stdout(), lesson, played.append)
    shown = [c for s in ("Play it", "Why", "The answer") for c in commands(lesson, s)]
    assert played == [apart(c).words for c in shown]
    assert f"--plot picture.png draws it): {lesson.sections['Play it'].partition('![')[2][:9]}" in " ".join(
        capsys.readouterr().out.split()
    )


def test_on_a_terminal_it_waits_for_a_guess(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[str] = []

    def answer(question: str) -> str:
        asked.append(question)
        said.append(capsys.readouterr().out)
        return "a"

    said: list[str] = []
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setattr("builtins.input", answer)
    lessons.walk(stdout(), lessons.find("2"), lambda words: None)
    assert asked == ["Your guess? ", "Your answer? "]
    assert "Play it" not in said[0]
    assert "The answer" not in said[1]


# Commands of pages ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong", ["ls", "leakwindow run x | wc -l", "leakwindow run x | grep y", "leakwindow | head 1 2"]
)
def test_other_programs_are_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match="can only play"):
        apart(wrong)


def test_filters_are_those_of_the_programs() -> None:
    assert filtered("a \nb\nab\n\n", [["grep", "-E", "^a"], ["head", "-1"]]) == ["a"]
    assert filtered("a\n\nb\n", []) == ["a", "", "b"]


def test_the_wheel_takes_the_lessons_along() -> None:
    project = (Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8")
    assert '"docs/lessons" = "sim/lessons"' in project
