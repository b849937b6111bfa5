"""LeakWindow: leak windows, blocked time and battery cost of an iPhone behind a VPN, each with its cause.

>>> import sim
>>> run = sim.simulate(sim.load("scenarios/commute.toml"), seed=1)
>>> sim.summarise(run).as_dict()["exposure"]["seconds"]  # doctest: +SKIP
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sim.engine.simulate import Run, simulate
    from sim.faces.notebook import compare, sweep
    from sim.measure.explain import explain
    from sim.measure.leaks import leak_windows
    from sim.measure.summary import Summary, summarise
    from sim.world.loading import ScenarioError, load
    from sim.world.scenario import Scenario

__all__ = [
    "Run",
    "Scenario",
    "ScenarioError",
    "Summary",
    "compare",
    "explain",
    "leak_windows",
    "load",
    "simulate",
    "summarise",
    "sweep",
]
_HOMES = {
    "sim.engine.simulate": ("Run", "simulate"),
    "sim.faces.notebook": ("compare", "sweep"),
    "sim.measure.explain": ("explain",),
    "sim.measure.leaks": ("leak_windows",),
    "sim.measure.summary": ("Summary", "summarise"),
    "sim.world.loading": ("ScenarioError", "load"),
    "sim.world.scenario": ("Scenario",),
}


def __getattr__(name: str) -> Any:
    """Load a public name when it is first used, so that `leakwindow --help` need not load the engine."""
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(home), name)
    raise AttributeError(f"module 'sim' has no attribute {name!r}")
