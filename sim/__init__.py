"""LeakWindow: leak windows, blocked time and battery cost of an iPhone behind a VPN, each with its cause.

>>> import sim
>>> run = sim.simulate(sim.load("scenarios/commute.toml"), seed=1)
>>> sim.summarise(run).as_dict()["exposure"]["seconds"]  # doctest: +SKIP
"""

from sim.engine.simulate import Run, simulate
from sim.measure.explain import explain
from sim.measure.leaks import leak_windows
from sim.measure.summary import Summary, summarise
from sim.world.loading import ScenarioError, load
from sim.world.scenario import Scenario

__all__ = ["Run", "Scenario", "ScenarioError", "Summary", "explain", "leak_windows", "load", "simulate", "summarise"]
