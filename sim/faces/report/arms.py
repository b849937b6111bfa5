"""The days that a report shows side by side: the scenario as it is, its policies, and the single mitigations."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from sim.engine.simulate import simulate
from sim.measure.summary import Summary, summarise
from sim.study.arms import natural
from sim.world.loading import ScenarioError
from sim.world.scenario import Scenario

Loader = Callable[[str | None, Mapping[str, Any]], Scenario]
"""A policy of the scenario's or none, and settings over it → the scenario."""
MOST_ARMS = 6
"""More than this cannot be told apart side by side."""


class Arm(NamedTuple):
    """One of the days."""

    name: str
    about: str
    summary: Summary


class _Mitigation(NamedTuple):
    name: str
    about: str
    settings: dict[str, Any]


MITIGATIONS = (
    _Mitigation(
        "seal the device",
        "includeAllNetworks: what cannot go through the tunnel is refused.",
        {"vpn.include_all_networks": True},
    ),
    _Mitigation("connect first", "The VPN is on before the scenario begins, and so before any app.", {"vpn_on": True}),
)
"""What is tried one by one where the scenario's own policies do not try it already."""


def arms(base: Scenario, load: Loader, policy: str | None, seed: int, tree: Mapping[str, Any]) -> list[Arm]:
    """Play the day as it is, and under everything that it is to be compared with.

    Parameters
    ----------
    base : what the page opens with
    load : reads the scenario with one of its policies and with settings
    policy : the policy that `base` is; None for the scenario as it is
    tree : the scenario's tables
    """
    first = summarise(simulate(base, seed))
    found = [Arm(policy or "as it is", _about(tree, policy) or base.about, first)]
    policies = tree.get("policies", {})
    others: list[tuple[str, str, str | None, dict[str, Any]]] = []
    if policy is not None:
        others.append(("as it is", base.about, None, {}))
    others += [(name, _about(tree, name), name, {}) for name in policies if name != policy]
    others += [(m.name, m.about, policy, m.settings) for m in MITIGATIONS]
    seen = [base]
    for name, about, of, settings in others:
        if len(found) == MOST_ARMS:
            break
        try:
            scenario = load(of, settings)
        except ScenarioError:
            continue  # a mitigation that this set-up refuses
        if any(_same(scenario, known) for known in seen):
            continue
        seen.append(scenario)
        nature = first.run.world.nature if natural(scenario) == natural(base) else None
        found.append(Arm(name, about, summarise(simulate(scenario, seed, nature))))
    return found


def _same(a: Scenario, b: Scenario) -> bool:
    """Whether two set-ups are one, whatever they are called."""
    plain = {"policies": {}, "expect": (), "about": "", "name": "x"}
    return a.model_copy(update=plain) == b.model_copy(update=plain)


def _about(tree: Mapping[str, Any], policy: str | None) -> str:
    """What a policy changes, as its keys and values."""
    if policy is None:
        return ""
    said = list(_leaves(tree.get("policies", {}).get(policy, {}), ""))
    return "; ".join(said[:3]) + ("; …" if len(said) > 3 else "")


def _leaves(tree: Any, path: str) -> list[str]:
    if isinstance(tree, dict):
        return [leaf for key, value in tree.items() for leaf in _leaves(value, f"{path}.{key}" if path else str(key))]
    if isinstance(tree, list):
        return [f"{path}: {len(tree)}"]
    return [f"{path} = {str(tree).lower() if isinstance(tree, bool) else tree}"]
