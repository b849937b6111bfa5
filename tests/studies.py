"""Studies in tests: a small experiment, and the real command playing it."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from sim.faces.sweeping import played
from sim.study.experiment import read_experiment
from tests.commands import SMALL

EXPERIMENT = """
scenario = "leaky.toml"
replications = 3
vary.policy = ["none", "sealed"]
[factors]
design = "latin-hypercube"
points = 4
over."limits.rule_delay" = "cited"
over."vpn.wireguard.persistent_keepalive" = ["10 s", "25 s"]
"""
LONG = EXPERIMENT.replace("replications = 3", "replications = 60")
LEAKY = SMALL.replace('every = "10 s"', 'every = "10 s", jitter = 0.5')


def swept(experiment: Path, out: Path, workers: int = 1) -> bytes:
    table = played(read_experiment(experiment).plan, out, workers, None, False).table
    assert table is not None
    return table.read_bytes()


def start(experiment: Path, out: Path, *words: str) -> subprocess.Popen[str]:
    """The real command, until some parts are there."""
    # Without ALONE_S the short study would be played in one process.
    code = "import sim.faces.studying as s; s.ALONE_S = 0.0; s.PIECE_S = 0.02; from sim.faces.cli import main; main()"
    process = subprocess.Popen(
        [sys.executable, "-c", code, "sweep", str(experiment), "--out", str(out), *words],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )
    while len(parts(out)) < 4:
        assert process.poll() is None, process.stderr and process.stderr.read()
        time.sleep(0.01)
    return process


def parts(out: Path) -> list[Path]:
    return sorted((out / "parts").glob("*.parquet"))
