"""The command line as people meet it: what goes where, which exit status, and what bad input gets."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import sim
from sim.faces import headline
from sim.faces.terminal import clean, size, spell
from sim.world import shipped
from tests.commands import SMALL, Command

SAMPLES = Path(__file__).parents[1] / "samples"
KEYS = {
    "scenario", "seed", "horizon_s", "intent_s", "connected_s", "demand_bytes", "fates", "exposure", "bypassed", "blocked",
    "stalled", "offline", "reconnects", "energy", "leak_checks", "windows",
}  # fmt: skip


# Results --------------------------------------------------------------------------------------------------------------


def test_run_says_everything_together(command: Command, small: Path) -> None:
    status, out, err = command("run", small)
    assert (status, err) == (0, "")
    assert "The phone said “Connected” for 7 min 59 s.\nAll that time, something was outside the tunnel." in out
    for name in (
        "Exposed",
        "Leaked",
        "System bypass",
        "Blocked",
        "Stale",
        "Offline",
        "First protected byte",
        "Battery",
    ):
        assert f"\n{name}" in out
    assert "L01 legacy socket" in out
    assert "said “all fine”  in truth: 1 outside" in out
    assert "assumed of" in out


def test_the_batterys_two_columns_add_up_to_the_whole(command: Command, small: Path) -> None:
    energy = json.loads(command("run", small, "--json").out)["energy"]
    for parts in (headline.spent_on(energy), headline.spent_because_of(energy)):
        assert sum(part.joules for part in parts) == pytest.approx(energy["total_j"])
        assert len(parts) <= headline.PARTS + 1
    added = [part.added for part in headline.spent_on(energy)]
    assert sum(filter(None, added)) == pytest.approx(energy["vpn_added_j"], abs=0.5)
    out = command("run", small).out
    assert "Battery, in joules" in out
    assert "because of" in out


def test_run_of_a_sealed_phone_says_that_nothing_was_outside(command: Command, small: Path) -> None:
    out = command("run", small, "--policy", "sealed", "--set", "device.behaviour.sealing_closes_legacy=1.0").out
    assert "Nothing was outside the tunnel" in out
    assert "Leak windows" not in out


def test_run_without_intent_says_so(command: Command, small: Path) -> None:
    assert "never asked for" in command("run", small, "--set", "timeline=[]").out


def test_json_is_one_document(command: Command, small: Path) -> None:
    status, out, err = command("run", small, "--json", "--seed", "7")
    document = json.loads(out)
    assert (status, err, document["seed"]) == (0, "", 7)
    assert document.keys() >= KEYS
    assert document["scenario"] == {"name": "small", "path": str(small), "policy": None}
    assert sum(document["fates"].values()) == document["demand_bytes"]


def test_json_is_the_same_in_a_fresh_process(small: Path) -> None:
    words = [sys.executable, "-m", "sim", "run", str(small), "--json"]
    outs = {
        subprocess.run(words, capture_output=True, check=True, env={**os.environ, "PYTHONHASHSEED": seed}).stdout
        for seed in ("1", "2")
    }
    assert len(outs) == 1


def test_settings_and_policy_change_the_run(command: Command, small: Path) -> None:
    plain = json.loads(command("run", small, "--json").out)
    later = json.loads(command("run", small, "--json", "--set", "timeline.0.at=9 min").out)
    assert later["intent_s"] == plain["intent_s"] - 420


def test_out_writes_four_files(command: Command, small: Path, tmp_path: Path) -> None:
    into = tmp_path / "deep" / "er"
    status, _, err = command("run", small, "--out", into)
    assert status == 0
    assert sorted(p.name for p in into.iterdir()) == ["summary.json", "timeline.jsonl", "timeline.png", "windows.csv"]
    assert err.count("Wrote ") == 4
    document = json.loads((into / "summary.json").read_text())
    records = [json.loads(line) for line in (into / "timeline.jsonl").read_text().splitlines()]
    assert [r["id"] for r in records] == list(range(len(records)))
    assert all(r["cause"] is None or r["cause"] < r["id"] for r in records)
    assert len((into / "windows.csv").read_text().splitlines()) == 1 + len(document["windows"])


def test_a_profile_replaces_the_scenarios_vpn(command: Command, small: Path) -> None:
    status, out, err = command("run", small, "--json", "--profile", SAMPLES / "ikev2-minimal.mobileconfig")
    assert status == 0
    assert {r["protocol"] for r in json.loads(out)["reconnects"]} == {"ikev2"}
    assert "no effect" in err


def test_a_profile_keeps_the_servers_that_the_timeline_names(command: Command) -> None:
    assert command("run", "server-switch", "--json", "--profile", SAMPLES / "wireguard-phone.conf").status == 0


def test_explain_tells_chains_and_remedies(command: Command, small: Path) -> None:
    status, out, err = command("explain", small)
    assert (status, err) == (0, "")
    assert "You turn the VPN on" in out
    assert "What would have closed it" in out
    assert out.startswith("Window 2: L01 legacy socket")


def test_explain_one_window(command: Command, small: Path) -> None:
    assert command("explain", small, "--window", "1").out.startswith(
        "Window 1: L03 gap in the tunnel, 00:02:00.000 to "
    )
    assert "found 99; allowed: 1 to 2" in command.refused("explain", small, "--window", "99")


def test_explain_without_windows(command: Command, small: Path) -> None:
    settings = ("--policy", "sealed", "--set", "device.behaviour.sealing_closes_legacy=1.0")
    assert "Nothing was outside" in command("explain", small, *settings).out
    assert "no leak window" in command.refused("explain", small, *settings, "--window", "1")


def test_import_prints_toml_and_notes(command: Command, tmp_path: Path) -> None:
    status, out, err = command("import", SAMPLES / "wireguard-phone.conf")
    assert status == 0
    assert "[vpn]" in out
    assert "no effect" in err
    into = tmp_path / "vpn.toml"
    assert command("import", SAMPLES / "wireguard-phone.conf", "-o", into).out == ""
    assert into.read_text() == out


@pytest.mark.parametrize("name", sorted(p.name for p in SAMPLES.iterdir()))
def test_every_sample_is_imported_or_refused_in_words(command: Command, name: str) -> None:
    status, out, err = command("check", SAMPLES / name)
    assert (status == 0 and "fine" in out) or (status == 2 and name in err)


def test_check_of_scenarios(command: Command, small: Path) -> None:
    status, out, err = command("check", small, "commute")
    assert (status, err) == (0, "")
    assert [line.split(": ")[1] for line in out.splitlines()] == ["fine", "fine"]


def test_check_goes_on_after_a_wrong_file(command: Command, small: Path, tmp_path: Path) -> None:
    status, out, err = command("check", tmp_path / "nothing.toml", small)
    assert status == 2
    assert "no such file" in err
    assert "small" in out


def test_expectations_decide_the_exit_status(command: Command, small: Path) -> None:
    claim = '\n[[expect]]\nthat = "exposure.seconds {} 1 s"\n'
    small.write_text(SMALL + claim.format(">"))
    assert command("check", small, "--expect", "--seeds", "2").status == 0
    small.write_text(SMALL + claim.format("<"))
    status, out, _ = command("check", small, "--expect", "--seeds", "2")
    assert status == 1
    assert "FAILS" in out


def test_scenarios_lists_what_is_shipped(command: Command) -> None:
    out = command("scenarios").out
    assert all(name in out for name in shipped.names())
    told = command("scenarios", "commute").out
    assert told.startswith(str(shipped.find("commute")))
    assert "Mechanisms: L01" in told


def test_shipped_scenarios_are_found_from_anywhere(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "commute").mkdir()  # what `--out commute` would leave
    assert command("check", "commute").status == 0


def test_schema_is_a_schema(command: Command) -> None:
    schema = json.loads(command("schema").out)
    assert schema["title"] == "Scenario"
    assert "vpn" in schema["properties"]


def test_version(command: Command) -> None:
    assert command("--version").out.startswith("leakwindow ")


# What is imported -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "heavy"),
    [
        (["--help"], ("numpy", "simpy", "sim.world", "matplotlib", "scipy", "pyarrow", "pandas")),
        (["check", "commute"], ("matplotlib", "scipy", "pyarrow", "pandas")),
        (["run", "commute"], ("matplotlib", "scipy", "pyarrow", "pandas")),
    ],
)
def test_no_command_imports_what_it_does_not_need(words: list[str], heavy: tuple[str, ...]) -> None:
    code = (
        "import sys\nfrom sim.faces.cli import main\n"
        f"try:\n    main({words!r})\nexcept SystemExit:\n    pass\n"
        f"print([m for m in {heavy!r} if m in sys.modules], file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.splitlines()[-1] == "[]"


# Bad input ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (("vpn_on", "vpn_onn"), ("timeline.0.do", "vpn_on'")),
        (('duration = "10 min"', "duration = 600"), ("duration", "unit")),
        (('duration = "10 min"', 'durration = "10 min"'), ("durration", "unknown key", "Did you mean 'duration'?")),
        (('at = "5 min"', 'at = "50 min"'), ("timeline.1.at", "after the end")),
        (('wifi = "home"', 'wifi = "hom"'), ("stays.0.wifi", "'hom'", "home")),
        (('duration = "10 min"', 'duration = "-10 min"'), ("duration",)),
        (("[[wifi]]", "[[wifi]"), ("not TOML",)),
        (('name = "small"', 'extends = "../../etc/passwd"'), ("extends",)),
    ],
)
def test_a_wrong_scenario(command: Command, small: Path, change: tuple[str, str], expected: tuple[str, ...]) -> None:
    small.write_text(SMALL.replace(*change))
    message = command.refused("run", small)
    assert str(small) in message
    for words in expected:
        assert words in message


@pytest.mark.parametrize("first", ["run", "explain", "check"])
@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "empty"),
        (b"\x00\xff\xfe\x01" * 500, "not text"),
        (b"x = " + b"[" * 5000, "too deeply"),
        (b"a" * 50_000_000, "larger than"),
        (b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "not TOML"),
    ],
    ids=["empty", "binary", "nested", "50 MB", "xml"],
)
def test_junk(command: Command, tmp_path: Path, first: str, content: bytes, expected: str) -> None:
    file = tmp_path / "junk.toml"
    file.write_bytes(content)
    message = command.refused(first, file)
    assert message.startswith(f"leakwindow: {file}: ")
    assert expected in message


def test_a_directory(command: Command, tmp_path: Path) -> None:
    assert "is a directory" in command.refused("run", tmp_path)
    assert "is a directory" in command.refused("import", tmp_path)


def test_no_permission(command: Command, small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path) -> bytes:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    assert "no permission" in command.refused("run", small)


def test_an_unknown_name_gets_a_near_one(command: Command) -> None:
    assert "Did you mean 'commute'?" in command.refused("run", "comute")
    assert "no such file" in command.refused("run", "there/is/none.toml")
    assert "no such file" in command.refused("run", "x" * 5000)
    assert "no such file" in command.refused("run", "commute", "--profile", "none.conf")


def test_an_unknown_policy(command: Command, small: Path) -> None:
    assert "Did you mean 'sealed'?" in command.refused("run", small, "--policy", "seald")


@pytest.mark.parametrize(
    "setting",
    ["nonsense", "=1", "vpn.protocol=ppp", "no.such.key=1", "apps.nobody.kind=app", "apps=3", "name.x=1", "seed=-1"],
)
def test_a_wrong_setting(command: Command, small: Path, setting: str) -> None:
    assert command.refused("run", small, "--set", setting).startswith("leakwindow: ")


@pytest.mark.parametrize("words", [("--seed", "x"), ("--seed", "-1"), ("--nonsense",), ("--window", "1"), ("a", "b")])
def test_wrong_words(command: Command, small: Path, words: tuple[str, ...]) -> None:
    command.refused("run", small, *words)


def test_a_profile_that_is_none(command: Command, small: Path) -> None:
    assert "no VPN configuration" in command.refused("run", small, "--profile", small)
    assert command.refused("run", small, "--profile", SAMPLES / "dns-only.mobileconfig")


@pytest.mark.parametrize(
    ("option", "target", "expected"),
    [
        ("--plot", "picture.gif", ".png, .svg, .pdf"),
        ("--plot", "picture", ".png, .svg, .pdf"),
        ("--plot", "none/picture.png", "no directory"),
        ("--out", "small.toml", "not a directory"),
        ("--out", "small.toml/deeper", "not a directory"),
    ],
)
def test_an_output_that_cannot_be(
    command: Command, small: Path, tmp_path: Path, option: str, target: str, expected: str
) -> None:
    assert expected in command.refused("run", small, option, tmp_path / target)
    assert [p.name for p in tmp_path.iterdir()] == ["small.toml"]


def test_an_output_that_fails_leaves_nothing(
    command: Command, small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = Path.write_bytes

    def full(self: Path, content: bytes) -> int:
        if self.name == "windows.csv":
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(self, content)

    monkeypatch.setattr(Path, "write_bytes", full)
    assert "No space left" in command.refused("run", small, "--out", tmp_path / "out")
    assert not [p for p in (tmp_path / "out").rglob("*") if p.is_file()]


# Our own faults and other people's names ------------------------------------------------------------------------------


def test_too_large_a_day_is_no_fault_of_ours(command: Command, small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(sim, "simulate", fail)
    assert "not enough memory" in command.refused("run", small)


def test_our_own_fault_is_one_message_that_repeats_it(
    command: Command, small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise AssertionError("spans must tile")

    monkeypatch.setattr(sim, "simulate", fail)
    status, out, err = command("run", small)
    assert (status, out) == (70, "")
    assert f"while playing {small} with seed 1: AssertionError: spans must tile" in err
    assert f"leakwindow --debug run {small} --seed 1" in err
    assert "Traceback" not in err
    assert "Traceback" in command("--debug", "run", small).err


def test_names_cannot_steer_the_terminal(command: Command, small: Path) -> None:
    evil = r"[bold red]x[/] [link=http://a]\u001b[2J\u001b]0;pwned\u0007\u202e"
    small.write_text(
        SMALL.replace('name = "mail"', f'name = "{evil}"').replace('name = "small"', f'name = "{evil}"', 1)
    )
    for first in ("run", "explain", "check", "scenarios"):
        status, out, err = command(first, small)
        assert status == 0
        assert not {c for c in out + err if not c.isprintable() and c != "\n"}
    assert "[bold red]x[/]" in command("run", small).out
    assert "\x1b" not in command.refused("run", small, "--set", "vpn.protocol=\x1b[2J")


def test_clean_keeps_words() -> None:
    assert clean("Büro, 東京\n“x”") == "Büro, 東京\n“x”"
    assert clean("a\x1b[2Jb\x9bc\rd\te") == "a�[2Jb�c�d�e"


@pytest.mark.parametrize(
    ("microseconds", "words"),
    [
        (0, "0 s"), (1, "< 1 ms"), (978_880, "0.98 s"), (1_000_000, "1 s"), (59_400_000, "59.4 s"), (59_600_000, "1 min"),
        (740_050_866, "12 min 20 s"), (3_593_000_000, "59 min 53 s"), (3_599_700_000, "1 h"), (23_737_000_000, "6 h 36 min"),
        (86_400_000_000, "24 h"),
    ],
)  # fmt: skip
def test_durations_are_rounded_to_what_is_shown(microseconds: int, words: str) -> None:
    assert spell(microseconds) == words


@pytest.mark.parametrize(
    ("count", "words"), [(0, "0 B"), (999, "999 B"), (1_000, "1 kB"), (176_067, "176 kB"), (1_971_718_204, "1.97 GB")]
)
def test_sizes(count: int, words: str) -> None:
    assert size(count) == words
