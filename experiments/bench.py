"""The benchmark: what a day costs, as ratios measured side by side in one run. Never a timed test.

Yardstick: a bare SimPy process that does nothing but ``yield env.timeout(gap)`` over the same burst instants. CPU
time, medians of interleaved rounds, so that a machine whose speed drifts does not favour either side.

    make bench
"""

from __future__ import annotations

import gc
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import process_time
from typing import Any

import numpy as np
import simpy

import sim
from experiments import bench_studies
from sim.base.streams import Streams
from sim.world.loading import merge, read_tree, validate
from sim.world.nature import draw
from sim.world.scenario import Scenario

ROUNDS = 9
COMMUTE = Path(__file__).parents[1] / "scenarios" / "commute.toml"


def bare_loop(gaps: list[int]) -> None:
    """The yardstick."""

    def process(env: simpy.Environment) -> Iterator[Any]:
        for gap in gaps:
            yield env.timeout(gap)

    env = simpy.Environment()
    env.process(process(env))
    env.run()


def complete(scenario: Scenario) -> None:
    """Nature, engine, ledger, energy, summary."""
    sim.summarise(sim.simulate(scenario, seed=1)).as_dict()


def cpu(work: Callable[[], object]) -> float:
    """CPU time of one call. [ms]"""
    gc.collect()
    begin = process_time()
    work()
    return (process_time() - begin) * 1e3


def side_by_side(**works: Callable[[], object]) -> dict[str, float]:
    """Median CPU time of each, measured in turn. [ms]"""
    for work in works.values():
        work()
    times: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(ROUNDS):
        for name, work in works.items():
            times[name].append(cpu(work))
    return {name: median(values) for name, values in times.items()}


def variant(changes: dict[str, Any]) -> Scenario:
    """The commute with some keys changed."""
    return validate(merge(read_tree(COMMUTE), changes), str(COMMUTE))


def busier(factor: float) -> Scenario:
    """The commute with `factor` times as many bursts."""
    tree = read_tree(COMMUTE)
    commute = validate(tree, str(COMMUTE))
    for app, entry in zip(tree["apps"], commute.apps, strict=True):
        for sockets, spec in zip(app["sockets"], entry.sockets, strict=True):
            sockets["traffic"] = {**sockets["traffic"], "every": f"{max(round(spec.traffic.every / factor), 1)} us"}
    return validate(tree, str(COMMUTE))


def gaps_of(scenario: Scenario) -> list[int]:
    """Gaps between the bursts of the day. [µs]"""
    at = sim.simulate(scenario, seed=1).ledger.at
    return [int(g) for g in np.diff(at, prepend=0)]


def broken() -> Scenario:
    """The commute, with a cellular network that is gone most of the time, all day."""
    outages = {
        "per_hour": 30,
        "length": {"law": "exponential", "mean": "40 s"},
        "long_share": 0.5,
        "long_length": {"law": "exponential", "mean": "300 s"},
    }
    return variant({"stays": [{"at": "0 s", "outages": outages}]})


def row(name: str, value: float, budget: float, unit: str = "x") -> None:
    """One line of the table."""
    verdict = "ok" if value <= budget else "OVER"
    print(f"  {name:<52} {value:8.2f} {unit:<3} budget {budget:6.2f}   {verdict}", flush=True)


def startup(*arguments: str) -> float:
    """CPU time of a whole command. [s]"""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-m", "sim", *arguments], check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def report_ratio() -> float:
    """CPU time of making the page of the commute, with the same day under all its policies, in that of playing it."""
    with TemporaryDirectory() as folder:
        page = str(Path(folder) / "page.html")
        ratios = [startup("report", str(COMMUTE), "-o", page) / startup("run", str(COMMUTE)) for _ in range(3)]
    return median(ratios)


def peak_growth(scenario: Scenario, days: int) -> float:
    """Growth of the process's peak memory while it plays more and more days one after the other. [MB]"""
    complete(scenario)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for seed in range(days):
        sim.summarise(sim.simulate(scenario, seed=seed)).as_dict()
    return (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024


def main() -> None:
    """Print every budget with what was measured."""
    commute = variant({})
    gaps = gaps_of(commute)
    print(f"The commute has {len(gaps)} bursts. CPU time, medians of {ROUNDS} interleaved rounds.\n")
    times = side_by_side(
        bare=lambda: bare_loop(gaps),
        nature=lambda: draw(commute, Streams(1)),
        simulate=lambda: sim.simulate(commute, seed=1),
        complete=lambda: complete(commute),
    )
    bare = times["bare"]
    print(f"  bare loop {bare:.1f} ms; a complete day {times['complete']:.1f} ms, its nature {times['nature']:.1f} ms")
    row("complete day / bare loop", times["complete"] / bare, 3.0)
    trouble = broken()
    loop = gaps_of(trouble)
    times = side_by_side(bare=lambda: bare_loop(loop), broken=lambda: complete(trouble))
    row("a day broken most of the time / bare loop", times["broken"] / times["bare"], 8.0)
    # With the VPN on from the start, all ten days are alike; the commute's own first day has it off until 07:30.
    alike, ten, dense = variant({"vpn_on": True}), variant({"vpn_on": True, "duration": "10 d"}), busier(10)
    times = side_by_side(alike=lambda: complete(alike), ten=lambda: complete(ten))
    row("ten days / one day", times["ten"] / times["alike"], 10.5)
    times = side_by_side(one=lambda: complete(commute), dense=lambda: complete(dense))
    row(f"{len(gaps_of(dense))} bursts a day / {len(gaps)}", times["dense"] / times["one"], 4.0)
    row("peak memory growth over 20 days, one after the other", peak_growth(commute, 20), 20.0, "MB")
    row("leakwindow run commute, whole command", min(startup("run", str(COMMUTE)) for _ in range(3)), 1.0, "s")
    row("leakwindow report commute / run commute, whole commands", report_ratio(), 5.0)
    row("leakwindow --help, whole command", min(startup("--help") for _ in range(3)), 1.0, "s")
    bench_studies.main()


if __name__ == "__main__":
    main()
