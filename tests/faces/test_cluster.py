"""The same sweep on other machines: a real scheduler and real workers, as processes of their own."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.commands import Command
from tests.studies import start


@contextmanager
def process(*words: str) -> Iterator[subprocess.Popen[bytes]]:
    """A program in the background, ended at the end."""
    found = subprocess.Popen([sys.executable, "-m", *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield found
    finally:
        found.kill()
        found.wait()


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@pytest.mark.slow
def test_a_dask_cluster_that_loses_a_worker_gives_the_same_bytes(long: Path, tmp_path: Path, whole: bytes) -> None:
    pytest.importorskip("distributed")
    port = free_port()
    with ExitStack() as stack:
        stack.enter_context(
            process("distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard")
        )
        workers = [
            stack.enter_context(
                process("distributed.cli.dask_worker", f"tcp://127.0.0.1:{port}", "--nthreads", "1", "--no-nanny",
                        "--no-dashboard", "--local-directory", str(tmp_path / f"worker{k}"))
            )
            for k in range(2)
        ]  # fmt: skip
        sweep = start(long, tmp_path / "study", "--cluster", f"tcp://127.0.0.1:{port}")
        workers[0].kill()
        _, said = sweep.communicate(timeout=120)
    assert sweep.returncode == 0, said
    assert (tmp_path / "study" / "rows.parquet").read_bytes() == whole


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="an MPI comes with the development tools on Linux only")
def test_an_mpi_job_gives_the_same_bytes(long: Path, tmp_path: Path, whole: bytes) -> None:
    mpiexec = shutil.which("mpiexec", path=os.pathsep.join([str(Path(sys.executable).parent), os.defpath]))
    assert mpiexec is not None
    words = ["-n", "3", sys.executable, "-m", "mpi4py.futures", "-m", "sim", "sweep", str(long), "--cluster", "mpi"]
    done = subprocess.run(
        [mpiexec, *words, "--out", str(tmp_path / "study")], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "study" / "rows.parquet").read_bytes() == whole


def test_a_cluster_that_is_not_there_is_refused_in_words(
    command: Command, experiment: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    monkeypatch.setitem(sys.modules, "mpi4py.futures", None)
    for address, said in (("tcp://127.0.0.1:1", "leakwindow[cluster]"), ("mpi", "leakwindow[mpi]")):
        assert said in command.refused("sweep", experiment, "--out", tmp_path / "study", "--cluster", address)
