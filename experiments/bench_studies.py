"""What studies cost, as ratios measured in one run: the overhead of a sweep, workers, a cluster, large tables; and what
common random numbers save. Part of `make bench`.

    python -m experiments.bench_studies
"""

from __future__ import annotations

import resource
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from time import perf_counter

import numpy as np

import sim
from sim.faces.sweeping import played
from sim.study.arms import Arm
from sim.study.rows import COLUMNS, HEADLINE
from sim.study.statistics import variance_ratio
from sim.study.store import StudyFolder
from sim.study.tasks import Plan, play
from sim.world.loading import load, read_all

COMMUTE = Path(__file__).parents[1] / "scenarios" / "commute.toml"
DAYS = 120
PARTS, ROWS_A_PART = 10_000, 100
QUERY = """
import resource, sys
import numpy as np, pyarrow.dataset as ds
rows = ds.dataset(sys.argv[1])
total, count, sample = 0.0, 0, []
for batch in rows.to_batches(columns=["arm", "exposed_s"]):
    values = batch["exposed_s"].to_numpy()
    total, count = total + values.sum(), count + len(values)
    sample.append(values)
print(count, total / count, np.quantile(np.concatenate(sample), 0.9))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, file=sys.stderr)
"""


def row(name: str, value: float, budget: float, unit: str = "x", least: bool = False) -> None:
    """One line of the table; a budget is the most, or the least, that is allowed."""
    verdict = "ok" if (value >= budget if least else value <= budget) else "OVER"
    print(f"  {name:<62} {value:8.2f} {unit:<3} budget {budget:6.2f}   {verdict}", flush=True)


def plan(days: int, *arms: Arm) -> Plan:
    """The commute on some days."""
    return Plan(str(COMMUTE), read_all(COMMUTE, {}), arms or (Arm("as it stands"),), replications=days)


def cpu() -> float:
    """CPU time of this process and of its children that have ended. [s]"""
    spent = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(s.ru_utime + s.ru_stime for s in spent)


def sweep(days: int, workers: int, cluster: str | None = None) -> tuple[float, float]:
    """Wall and CPU time of a sweep of the commute. [s]"""
    with tempfile.TemporaryDirectory() as folder:
        wall, spent = perf_counter(), cpu()
        played(plan(days), Path(folder) / "study", workers, cluster, fail_fast=False)
        return perf_counter() - wall, cpu() - spent


def alone(days: int) -> float:
    """CPU time of the same days with nothing around them. [s]"""
    scenario, whole = load(COMMUTE), plan(days)
    spent = cpu()
    for day in range(days):
        sim.summarise(sim.simulate(scenario, seed=whole.day(day))).as_dict()
    return cpu() - spent


@contextmanager
def dask(workers: int) -> Iterator[str]:
    """A scheduler and workers as processes of their own."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{found.getsockname()[1]}"
    host, port = address.split(":")
    programs = [["dask_scheduler", "--host", host, "--port", port, "--no-dashboard"]]
    programs += [["dask_worker", f"tcp://{address}", "--nthreads", "1", "--no-nanny", "--no-dashboard"]] * workers
    with ExitStack() as stack, tempfile.TemporaryDirectory() as folder:
        for name, *words in programs:
            process = subprocess.Popen(
                [sys.executable, "-m", f"distributed.cli.{name}", *words],
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder,
            )  # fmt: skip
            stack.callback(process.wait)
            stack.callback(process.kill)
        import distributed

        with distributed.Client(f"tcp://{address}", timeout="30s") as client:
            client.wait_for_workers(workers, timeout=60)
        yield f"tcp://{address}"


def common_days(days: int) -> None:
    """What meeting the same days saves, for a change of protocol and for one of a flag."""
    sealed = Arm("sealed", settings=(("vpn.include_all_networks", True),))
    other = Arm("openvpn", settings=(("vpn.protocol", "openvpn"),))
    rows = play(plan(days, Arm("base"), sealed, other).work(0, days))
    for arm in (other, sealed):
        print(f"\n  Common random numbers, {arm.name} against the commute as it stands, {days} days:")
        for metric in HEADLINE:
            base, mine = (
                np.array([r[metric.column] for r in rows if r["arm"] == name], dtype=float)
                for name in ("base", arm.name)
            )
            if not base.std() or not mine.std():
                print(f"  {metric.title:<62} one of the two never varies: pairing has nothing to save")
                continue
            ratio = variance_ratio(base, mine)
            row(f"{metric.title}: variance of the difference, paired / not", ratio, 0.5)
            print(f"      the same interval from {ratio:.0%} of the runs")


def large_tables() -> None:
    """A study of a million rows: written, queried, continued."""
    with tempfile.TemporaryDirectory() as path:
        whole = plan(PARTS * ROWS_A_PART)
        folder = StudyFolder(Path(path) / "study", whole)
        rng = np.random.default_rng(1)
        blank = {name: kind(0) for name, kind in COLUMNS.items()}
        for part in range(PARTS):
            first = part * ROWS_A_PART
            values = rng.exponential(100.0, ROWS_A_PART)
            rows = [
                {"task": first + k, "point": 0, "replication": first + k, "seed": first + k, "arm": "a", **blank,
                 "exposed_s": float(values[k])}
                for k in range(ROWS_A_PART)
            ]  # fmt: skip
            folder.write(first, first + ROWS_A_PART, rows)
        begun = perf_counter()
        again = StudyFolder(Path(path) / "study", whole)
        assert not [*again.missing()]
        row(f"start of a study with {PARTS:,} finished parts", perf_counter() - begun, 2.0, "s")
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        table = again.finish()
        after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        row("1,000,000 rows: growth of memory while the table is put together", (after - before) / 1024, 1024, "MB")
        asked = subprocess.run([sys.executable, "-c", QUERY, str(table)], check=True, capture_output=True, text=True)
        row("1,000,000 rows: memory of a query (mean, quantile)", float(asked.stderr), 1024, "MB")


def main() -> None:
    """Print every budget with what was measured."""
    print("\nStudies.")
    alone(3)
    bare = alone(DAYS)
    _, spent = sweep(DAYS, 1)
    row("CPU of a device-day in a sweep / alone, one process", spent / bare, 1.10)
    one, _ = sweep(DAYS, 1)
    two, spent = sweep(DAYS, 2)
    row("CPU of a device-day in a sweep / alone, two workers", spent / bare, 1.10)
    row("two workers: wall time of one / of two", one / two, 1.7, least=True)
    with dask(2) as address:
        clustered, _ = sweep(DAYS, 2, address)
    row("Dask with two workers / the local pool, wall time", clustered / two, 1.2)
    large_tables()
    common_days(40)


if __name__ == "__main__":
    main()
