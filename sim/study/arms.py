"""Arms: the policies that a comparison puts side by side, and the days that they share.

An arm is a scenario with some keys replaced. All arms of a task meet the same day: nature is drawn once, as long as an
arm changes nothing that nature depends on; an arm that does (another app, another place) draws its own from the same
streams, and what it has in common with the others is still the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from itertools import product
from typing import Any, NamedTuple

from sim.machines.ios.behaviour import TunnelLimits
from sim.world.loading import ScenarioError, did_you_mean, merge, put, read_setting, validate
from sim.world.scenario import Scenario, Vpn

POLICY = "policy"
"""The key that stands for the scenario's own policies: `--vary policy=plain,sealed`."""
PLAIN = "as it stands"
"""The value of `policy` that means none of them."""
MOST_ARMS = 256

Setting = tuple[str, Any]
"""A key path, and the value that replaces what the scenario says."""


class Arm(NamedTuple):
    """One way to set up the phone."""

    name: str
    policy: str | None = None
    """One of the scenario's policies, laid over it first."""
    settings: tuple[Setting, ...] = ()


class Varied(NamedTuple):
    """A key and the values that it takes."""

    key: str
    values: tuple[Any, ...]


def read_varied(text: str) -> Varied:
    """`key=a,b`: each value is read as TOML where it is TOML, and is text otherwise.

    Raises
    ------
    ScenarioError
    """
    key, equals, values = text.partition("=")
    if not equals or not key.strip() or not values.strip():
        raise ScenarioError("--vary", text, "expected KEY=A,B, such as vpn.protocol=wireguard,ikev2")
    found = tuple(read_setting(f"value={value}")[1] for value in _split(values))
    if len(set(map(repr, found))) != len(found):
        raise ScenarioError("--vary", text, "a value stands there twice")
    return Varied(key.strip(), found)


def _split(values: str) -> list[str]:
    """At commas that are not inside brackets or quotation marks: `[1, 2],"a,b"` are two."""
    found, depth, quoted = [""], 0, ""
    for char in values:
        if quoted:
            quoted = "" if char == quoted else quoted
        elif char in "\"'":
            quoted = char
        depth += 0 if quoted else (char in "[{") - (char in "]}")
        if char == "," and not depth and not quoted:
            found.append("")
        else:
            found[-1] += char
    return [value.strip() for value in found]


def grid(varied: Sequence[Varied], policies: Mapping[str, Any]) -> list[Arm]:
    """Every combination; the first is the baseline.

    Parameters
    ----------
    policies : those of the scenario, by name

    Raises
    ------
    ScenarioError
        When a policy does not exist, or the combinations are too many.
    """
    keys = [v.key for v in varied]
    for key in keys:
        if keys.count(key) > 1:
            raise ScenarioError("--vary", key, "this key is varied twice")
    for v in varied:
        for value in v.values if v.key == POLICY else ():
            if value != PLAIN and value not in policies:
                hint = did_you_mean(str(value), [*policies, PLAIN])
                allowed = f'"{PLAIN}", {", ".join(policies)}' if policies else f'"{PLAIN}" (this scenario has none)'
                raise ScenarioError("--vary", POLICY, f"there is no policy {value!r}", hint or f"Allowed: {allowed}.")
    arms = [_arm(list(zip(keys, values, strict=True))) for values in product(*(v.values for v in varied))]
    if len(arms) > MOST_ARMS:
        raise ScenarioError("--vary", "", f"{len(arms)} combinations; allowed are {MOST_ARMS}", "Leave a key out.")
    return arms


def _arm(chosen: list[Setting]) -> Arm:
    policy = next((str(value) for key, value in chosen if key == POLICY), None)
    settings = tuple((key, value) for key, value in chosen if key != POLICY)
    name = ", ".join(_said(key, value) for key, value in chosen)
    return Arm(name or PLAIN, None if policy == PLAIN else policy, settings)


def _said(key: str, value: Any) -> str:
    """A value in a few words: text speaks for itself, anything else needs its key."""
    if key == POLICY or (isinstance(value, str) and not value[:1].isdigit()):
        return str(value)
    said = {True: "yes", False: "no"}.get(value, value) if isinstance(value, bool) else value
    return f"{key.rsplit('.', 1)[-1]} {said}"


def scenario_of(tree: Mapping[str, Any], arm: Arm, file: str, point: Sequence[Setting] = ()) -> Scenario:
    """The scenario that an arm plays.

    Parameters
    ----------
    tree : the tables of the scenario file
    point : settings that all arms share, under the arm's own

    Raises
    ------
    ScenarioError
    """
    mine = deepcopy(dict(tree))
    for key, value in point:
        put(mine, key, value, file)
    if arm.policy is not None:
        mine = merge(mine, mine["policies"][arm.policy])
    for key, value in arm.settings:
        put(mine, key, value, file)
    return validate(mine, file)


def natural(scenario: Scenario) -> Scenario:
    """What of a scenario nature depends on: without the VPN, its limits and what is only said about it."""
    return scenario.model_copy(
        update={"vpn": Vpn(), "limits": TunnelLimits(), "policies": {}, "expect": (), "vpn_on": False, "seed": 1}
    )
