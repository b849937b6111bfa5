"""`sweep`: the table depends on the experiment alone, whatever happens on the way to it."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from sim.engine.simulate import Run, simulate
from sim.faces.studying import Player
from sim.measure.summary import summarise
from sim.study import tasks
from sim.study.conduct import Kept
from sim.study.experiment import read_experiment
from sim.study.rows import row
from sim.study.store import StudyFolder
from sim.world.nature import Nature
from sim.world.scenario import Scenario
from tests.commands import Command
from tests.studies import EXPERIMENT, parts, start, swept


def test_one_row_a_run_with_typed_columns(command: Command, experiment: Path, tmp_path: Path) -> None:
    status, out, err = command("sweep", experiment, "--out", tmp_path / "study", "--json")
    assert status == 0, err
    found = json.loads(out)
    assert (found["points"], found["days"], found["runs"], found["failed"]) == (4, 3, 24, [])
    table = pq.read_table(tmp_path / "study" / "rows.parquet")
    assert table.num_rows == 24
    types = {field.name: str(field.type) for field in table.schema}
    assert (
        types["limits.rule_delay_s"] == types["vpn.wireguard.persistent_keepalive_s"] == types["exposed_s"] == "double"
    )
    assert types["leaked_bytes"] == types["seed"] == "int64"
    assert table["arm"].to_pylist() == ["as it stands", "sealed"] * 12
    assert len(set(table["seed"].to_pylist())) == 3


def test_any_number_of_workers_gives_the_same_bytes(
    long: Path, tmp_path: Path, whole: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sim.faces.studying.ALONE_S", 0.0)
    assert swept(long, tmp_path / "two", workers=2) == whole


def test_after_kill_9_it_goes_on_to_the_same_bytes(long: Path, tmp_path: Path, whole: bytes) -> None:
    out = tmp_path / "killed"
    process = start(long, out, "--workers", "2")
    process.kill()
    process.communicate()
    kept = {part: part.stat().st_mtime_ns for part in parts(out)}
    assert not (out / "rows.parquet").exists()
    assert swept(long, out) == whole
    assert {part: part.stat().st_mtime_ns for part in kept} == kept, "what was played is not played again"


def test_ctrl_c_leaves_a_study_that_goes_on(long: Path, tmp_path: Path, whole: bytes) -> None:
    out = tmp_path / "stopped"
    process = start(long, out, "--workers", "2")
    process.send_signal(signal.SIGINT)
    _, said = process.communicate()
    assert process.returncode == 130
    assert "go on with: leakwindow" in said
    assert "Traceback" not in said
    assert swept(long, out) == whole


@pytest.mark.slow
def test_workers_that_are_killed_are_replaced(long: Path, tmp_path: Path, whole: bytes) -> None:
    out = tmp_path / "shot"
    process = start(long, out, "--workers", "2")
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    if not children.exists():
        process.kill()
        process.communicate()
        pytest.skip("this system does not say which processes are whose children")
    workers = [
        int(pid) for pid in children.read_text().split() if "spawn_main" in Path(f"/proc/{pid}/cmdline").read_text()
    ]
    os.kill(workers[0], signal.SIGKILL)
    _, said = process.communicate()
    assert process.returncode == 0, said
    assert (out / "rows.parquet").read_bytes() == whole


def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs of the sealed phone fail on the second day."""
    second = tasks.seed_of(1, 1)

    def instead(scenario: object, seed: int, nature: object) -> object:
        if seed == second and scenario.vpn.include_all_networks:  # type: ignore[attr-defined]
            raise ValueError("no such day")
        return simulate(scenario, seed, nature)  # type: ignore[arg-type]

    monkeypatch.setattr(tasks, "simulate", instead)


def test_no_day_is_played_twice(experiment: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    played: list[tuple[int, str]] = []

    def counted(scenario: Scenario, seed: int, nature: Nature) -> Run:
        played.append((seed, scenario.model_dump_json()))
        return simulate(scenario, seed, nature)

    monkeypatch.setattr(tasks, "simulate", counted)
    swept(experiment, tmp_path / "study")
    assert len(played) == len(set(played)) == 24


def test_a_run_that_fails_is_a_row_and_the_sweep_goes_on(
    command: Command, experiment: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken(monkeypatch)
    status, _, err = command("sweep", experiment, "--out", tmp_path / "study", "--workers", "1")
    assert status == 1, err
    assert f"leakwindow run {tmp_path / 'study'} --row 9" in err
    rows = pq.read_table(tmp_path / "study" / "rows.parquet").to_pylist()
    assert [k for k, r in enumerate(rows) if r["error"]] == [9, 11, 13, 15]
    assert rows[9]["error"] == "ValueError: no such day"
    assert rows[9]["seed"] == tasks.seed_of(1, 1)
    assert rows[9]["exposed_s"] is None


def test_fail_fast_stops_and_keeps_what_was_played(
    command: Command, experiment: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken(monkeypatch)
    words = ("sweep", experiment, "--out", tmp_path / "study", "--workers", "1", "--fail-fast")
    status, _, err = command(*words)
    assert status == 1, err
    assert "Row 9 failed" in err
    assert not (tmp_path / "study" / "rows.parquet").exists()
    assert parts(tmp_path / "study")


def test_one_cell_alone_is_the_row_of_the_table(command: Command, experiment: Path, tmp_path: Path) -> None:
    study = tmp_path / "study"
    swept(experiment, study)
    rows = pq.read_table(study / "rows.parquet").to_pylist()
    for k in (0, 5, 23):
        status, out, err = command("run", study, "--row", str(k), "--json")
        assert status == 0
        found = json.loads(out)
        assert found["exposure"]["seconds"] == rows[k]["exposed_s"]
        assert found["energy"]["vpn_added_j"] == rows[k]["vpn_energy_j"]
        assert found["seed"] == rows[k]["seed"]
        assert err.startswith(f"Row {k}: {rows[k]['arm']}, at limits.rule_delay_s = ")
        assert err.rstrip().endswith(f"; day {rows[k]['replication'] + 1} of 3")
    assert "rows 0 to 23" in command.refused("run", study, "--row", "24")
    assert "leave them out" in command.refused("run", study, "--row", "1", "--seed", "2")
    assert "no study folder" in command.refused("run", tmp_path, "--row", "1")


def test_arms_at_one_point_share_their_day(experiment: Path) -> None:
    plan = read_experiment(experiment).plan
    both = tasks.play(plan.work(0, 1))
    assert both[0]["intent_s"] == both[1]["intent_s"]
    scenario, seed = plan.run(1)
    alone = row(summarise(simulate(scenario, seed)))
    assert {k: both[1][k] for k in alone} == alone


def test_a_dry_run_says_how_many_and_plays_nothing(command: Command, experiment: Path, tmp_path: Path) -> None:
    status, out, err = command("sweep", experiment, "--out", tmp_path / "study", "--dry-run")
    assert (status, err) == (0, "")
    assert out.startswith("4 points × 3 days × 2 arms = 24 runs; 24 still to play, roughly 1 s with ")
    status, out, _ = command("sweep", experiment, "--out", tmp_path / "study", "--dry-run", "--json")
    found = json.loads(out)
    assert (found["points"], found["days"], found["arms"], found["runs"], found["still_to_play"]) == (4, 3, 2, 24, 24)
    assert not (tmp_path / "study").exists()
    swept(experiment, tmp_path / "study")
    _, out, _ = command("sweep", experiment, "--out", tmp_path / "study", "--dry-run")
    assert "0 still to play, roughly 0 s" in out


def test_a_folder_holds_one_study(command: Command, experiment: Path, tmp_path: Path) -> None:
    swept(experiment, tmp_path / "study")
    experiment.write_text(EXPERIMENT.replace("points = 4", "points = 5"))
    assert "another study" in command.refused("sweep", experiment, "--out", tmp_path / "study")


def test_a_plan_that_was_written_is_the_same_plan(experiment: Path, tmp_path: Path) -> None:
    plan = read_experiment(experiment).plan
    StudyFolder(tmp_path / "study", plan)
    again = tasks.plan_from(json.loads((tmp_path / "study" / "plan.json").read_text()))
    assert again.identity == plan.identity
    assert again.as_dict() == json.loads((tmp_path / "study" / "plan.json").read_text()) or again == plan


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("scenario = ", "scenaro = "), "scenario"),
        (("leaky.toml", "leeky.toml"), "leeky.toml"),
        (('"latin-hypercube"', '"sobol"\nlevels = 1'), "levels"),
        (('"latin-hypercube"\npoints = 4', '"sobol"\npoints = 6'), "power of two"),
        (("replications = 3", "replications = 0"), "replications"),
        (("points = 4", "points = 4\n[factors.x]"), "unknown key"),
        (('["none", "sealed"]', '["none", "seeled"]'), "sealed"),
        (('["10 s", "25 s"]', '["10 s", "25"]'), "persistent_keepalive"),
        (("limits.rule_delay", "limits.rule_dela"), "limits.rule_delay"),
        (('"latin-hypercube"', '"list"'), "same keys"),
        (("replications = 3", "replications = 900000"), "allowed are 10,000,000"),
        (
            ('over."limits.rule_delay" = "cited"', 'over."limits.rule_delay" = { low = "0 s", high = inf }'),
            "finite",
        ),
        (('["10 s", "25 s"]', "{ low = 1, high = inf }"), "finite"),
        (('"latin-hypercube"', '"grid"\nlevels = 1000\nover."*" = "cited"'), "a sampled design such as sobol"),
    ],
)
def test_what_is_no_experiment_is_refused_in_words(
    command: Command, experiment: Path, change: tuple[str, str], said: str
) -> None:
    if said.startswith("allowed"):
        experiment.write_text(EXPERIMENT.replace("points = 4", "points = 4000").replace(*change))
    else:
        experiment.write_text(EXPERIMENT.replace(*change))
    assert said in command.refused("sweep", experiment, "--dry-run")


def test_points_that_are_no_scenario_are_left_out_of_a_sample_and_refused_in_a_list(
    command: Command, experiment: Path
) -> None:
    sample = EXPERIMENT.replace('over."limits', 'over."device.power" = "cited"\nover."limits')
    experiment.write_text(sample.replace("points = 4", "points = 40"))
    plan = read_experiment(experiment).plan
    assert 10 < len(plan.points) < 40
    assert len(plan.shown) == len(plan.points)
    for point in range(len(plan.points)):
        power = plan.scenario(point, 0).device.power
        assert power.airplane_mw <= power.asleep_mw <= power.idle_mw
    experiment.write_text(EXPERIMENT.replace('"latin-hypercube"', '"grid"').replace('"25 s"', '"-25 s"'))
    assert "persistent_keepalive" in command.refused("sweep", experiment, "--dry-run")


def test_arms_in_words_of_their_own_and_a_list_of_points(experiment: Path, tmp_path: Path) -> None:
    experiment.write_text("""
scenario = "leaky.toml"
set.vpn_on = true
[[arms]]
name = "open"
[[arms]]
name = "tight"
policy = "sealed"
set."vpn.wireguard.persistent_keepalive" = "25 s"
[factors]
design = "list"
rows = [{ device.behaviour.quic_patience = "20 s" }, { device.behaviour.quic_patience = "90 s" }]
""")
    plan = read_experiment(experiment).plan
    assert [plan.scenario(1, arm).vpn.include_all_networks for arm in (0, 1)] == [False, True]
    assert plan.scenario(0, 0).vpn_on
    assert plan.factors == {"device.behaviour.quic_patience_s": float}
    assert [plan.scenario(p, 0).device.behaviour.quic_patience for p in (0, 1)] == [20_000_000, 90_000_000]


def test_two_commands_at_once_in_one_folder_leave_the_same_bytes(long: Path, tmp_path: Path, whole: bytes) -> None:
    out = tmp_path / "twice"
    plan = read_experiment(long).plan
    for first, behind in ((0, 7), (3, 5), (4, 9), (20, 30)):  # cut by two commands that did not know of each other
        StudyFolder(out, plan).write(first, behind, tasks.play(plan.work(first, behind)))
    folder = StudyFolder(out, plan)
    assert folder.done() == [(0, 7), (7, 9), (20, 30)]
    assert [*folder.missing()] == [(9, 20), (30, plan.tasks)]
    assert swept(long, out) == whole


@pytest.mark.parametrize("bytes_left", [0, 100])
def test_a_part_that_lost_its_end_is_named_with_what_to_do(
    command: Command, experiment: Path, tmp_path: Path, bytes_left: int
) -> None:
    whole, out = swept(experiment, tmp_path / "study"), tmp_path / "study"
    last = parts(out)[-1]
    os.truncate(last, bytes_left)
    said = command.refused("sweep", experiment, "--out", out)
    assert str(last) in said
    assert "Remove this file" in said
    last.unlink()
    assert swept(experiment, out) == whole


def test_a_disk_that_is_full_is_no_fault_of_ours(
    command: Command, experiment: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("sim.study.store.os.fsync", full)
    said = command.refused("sweep", experiment, "--out", tmp_path / "study")
    assert "No space left on device" in said
    assert "the same command goes on" in said


def test_progress_counts_towards_the_whole_from_the_first_task_on(experiment: Path) -> None:
    plan = read_experiment(experiment).plan
    told: list[tuple[int, int]] = []
    assert Player(plan, Kept(plan), workers=1).play(plan.tasks, lambda done, of: told.append((done, of)))
    assert {of for _, of in told} == {plan.tasks}
    assert told[0][0] == 1
    assert told[-1][0] == plan.tasks


def test_the_table_says_a_range_only_where_the_points_differ(
    command: Command, experiment: Path, tmp_path: Path
) -> None:
    _, out, err = command("sweep", experiment, "--out", tmp_path / "my study")
    sealed = next(line for line in out.splitlines() if line.startswith("sealed"))
    assert "0 B" in sealed
    assert "0 B (0 B to 0 B)" not in sealed
    assert "Rests on " in out.splitlines()[-1]
    assert f"leakwindow report '{tmp_path}/my study' -o 'my study.html'" in err


def test_more_runs_than_any_number_has_room_for_are_refused(command: Command, experiment: Path) -> None:
    rows = "".join(f'over."apps.0.x{k}" = {{ low = 0.0, high = 1.0 }}\n' for k in range(150))
    experiment.write_text(EXPERIMENT.replace('"latin-hypercube"', '"grid"\nlevels = 1000') + rows)
    assert "more than a thousand million million runs" in command.refused("sweep", experiment, "--dry-run")


def test_a_scenario_that_an_experiment_names_in_vain_is_the_experiments_fault(
    command: Command, experiment: Path
) -> None:
    experiment.write_text(EXPERIMENT.replace("leaky.toml", "leeky.toml"))
    assert command.refused("sweep", experiment, "--dry-run").startswith(f"leakwindow: {experiment} (as leeky.toml)")
