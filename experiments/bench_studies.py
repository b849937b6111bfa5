"""What studies cost, as ratios measured in one run: the overhead of a sweep, workers, a cluster, large tables; and what
common random numbers save. Part of `make bench`.

A sweep and the same days with nothing around them take turns, so that a machine whose speed drifts favours neither.

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
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np

import sim
from sim.faces.studying import Player
from sim.faces.sweeping import played
from sim.study.arms import Arm
from sim.study.conduct import Kept
from sim.study.pool import local
from sim.study.rows import COLUMNS, HEADLINE
from sim.study.statistics import least_variance_ratio, variance_ratio
from sim.study.store import StudyFolder
from sim.study.tasks import Plan
from sim.world.loading import load, read_all

COMMUTE = Path(__file__).parents[1] / "scenarios" / "commute.toml"
ROUNDS = 5
TURN_S, LONG_S = 2.0, 16.0
"""CPU time of the days of a turn, and of those over which workers are compared."""
PAIRED = 0.5
"""The most that pairing may leave of the variance, where it can."""
OTHERS: dict[str, tuple[tuple[str, Any], ...]] = {
    "OpenVPN": (("vpn.protocol", "openvpn"),),
    "IKEv2": (("vpn.protocol", "ikev2"),),
    "MASQUE": (("vpn.protocol", "masque"),),
    "Lightway": (("vpn.protocol", "lightway"),),
    "sealed": (("vpn.include_all_networks", True),),
    "enforceRoutes": (("vpn.enforce_routes", True),),
    "on-demand": (("vpn.on_demand", [{"action": "connect"}]),),
    "keepalive 25 s": (("vpn.wireguard.persistent_keepalive", "25 s"),),
}
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


def alone_in_two(days: int) -> tuple[float, float]:
    """CPU time of the same days in two processes, half in each, with nothing around them; and of the processes. [s]"""
    spent = cpu()
    with local(2)() as pool:
        halves = [pool.executor.submit(alone, days // 2) for _ in range(2)]
        bare = sum(half.result() for half in halves)
    return bare, cpu() - spent - bare


def overhead(day_s: float) -> None:
    """CPU time of a sweep in one process, in that of its days; turn by turn."""
    begun = cpu()
    sweep(2, 1)  # loads what Parquet needs
    print(f"  (what a sweep loads once takes {max(cpu() - begun - 2 * day_s, 0):.1f} s of CPU)")
    days = round(TURN_S / day_s)
    ratios = [sweep(days, 1)[1] / alone(days) for _ in range(ROUNDS)]
    row(f"CPU of a device-day in a sweep / alone, one process, {ROUNDS} × {days} days", median(ratios), 1.10)


def workers(day_s: float) -> None:
    """Two workers against one, against two processes that only play, and against two of Dask's."""
    days = 2 * round(LONG_S / day_s / 2)
    before, start = alone_in_two(days // 2)
    two, spent = sweep(days, 2)
    one, _ = sweep(days, 1)
    with dask(2) as address:
        clustered, _ = sweep(days, 2, address)
    two_again, spent_again = sweep(days, 2)
    after, start_again = alone_in_two(days // 2)
    print(f"  (starting two workers takes {(start + start_again) / 2:.1f} s of CPU)")
    ratio = (spent + spent_again - start - start_again) / 2 / (before + after)
    row(f"CPU of a device-day in a sweep / alone, two processes, {days} days", ratio, 1.10)
    row(f"two workers: wall time of one / of two, {days} days", 2 * one / (two + two_again), 1.7, least=True)
    row("Dask with two workers / the local pool, wall time", 2 * clustered / (two + two_again), 1.2)


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
    """What meeting the same days saves, for changes of protocol and of a flag; and the most that any pairing
    of such days could save: that one is asked for only where it can be had."""
    base = Arm("the commute as it stands")
    study = plan(days, base, *(Arm(name, settings=settings) for name, settings in OTHERS.items()))
    shelf = Kept(study)
    Player(study, shelf).play(study.tasks, lambda done, all_: None)
    rows = shelf.rows()

    def values(arm: str, column: str) -> Any:
        return np.array([r[column] for r in rows if r["arm"] == arm], dtype=float)

    print(f"\nCommon random numbers against {base.name}, {days} days: variance of the difference, paired / not.")
    for name in OTHERS:
        for metric in HEADLINE:
            ours, theirs = values(base.name, metric.column), values(name, metric.column)
            title = f"{name}: {metric.title}"
            if not ours.std() or not theirs.std():
                print(f"  {title:<62} nothing to save: one of the two never varies")
                continue
            ratio, least = variance_ratio(ours, theirs), least_variance_ratio(ours, theirs)
            if least > PAIRED:
                print(f"  {title:<62} nothing to save: {ratio:.2f}, and the best possible is {least:.2f}")
                continue
            row(title, ratio, PAIRED)
            print(f"      the same interval from {ratio:.0%} of the runs; the best possible is {least:.2f}")


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
    day_s = alone(5) / 5
    overhead(day_s)
    workers(day_s)
    large_tables()
    common_days(40)


if __name__ == "__main__":
    main()
