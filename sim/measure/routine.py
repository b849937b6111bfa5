"""The routine that guides recommend, as deeds on a scenario, and what is true after each of its steps.

Close the apps, turn the VPN on, airplane mode on and off, verify, open the apps. It takes the place of what the
scenario's user does with VPN and airplane mode; places, apps, the network and the VPN's set-up stay.
"""

from __future__ import annotations

from typing import NamedTuple

from sim.base.units import MINUTE, SECOND, Instant, write_duration
from sim.engine.simulate import Run
from sim.machines.routing import Fate, Verdict, Way
from sim.measure.leaks import stretches
from sim.world.scenario import Action, Deed, Scenario

PACE = MINUTE
"""From one step to the next."""
AIRPLANE = 10 * SECOND
"""How long airplane mode stays on. Guides say ten seconds."""
LATER = 10 * MINUTE
"""How long after the last step it is looked at once more."""
EARLIEST = 2 * MINUTE
_OURS: frozenset[Deed] = frozenset({"vpn_on", "vpn_off", "airplane_on", "airplane_off", "leak_check"})


class Step(NamedTuple):
    """One step: what is done, when, and when it is looked at."""

    name: str
    do: tuple[tuple[Deed, Instant], ...]
    """Deeds, and how long after the step's beginning; `app_open` and `app_close` mean every app."""


STEPS = (
    Step("Close your apps", (("app_close", 0),)),
    Step("Turn the VPN on", (("vpn_on", 0),)),
    Step("Airplane mode on, ten seconds, off", (("airplane_on", 0), ("airplane_off", AIRPLANE))),
    Step("Open your apps again", (("app_open", 0),)),
)


LOOKED_AFTER = ("", *(step.name for step in STEPS), "Ten minutes later")
"""When it is looked at: before the first step, at the end of each, and once more `LATER`."""


class Look(NamedTuple):
    """How things stand at an instant."""

    after: str
    """The step that came before it; "" before the first."""
    at: Instant
    connected: bool
    intent: bool
    said: str
    """What a leak check says."""
    inside: dict[str, int]
    """Owner → sockets; likewise below."""
    outside: dict[str, int]
    """Sockets that should be inside."""
    by_design: dict[str, int]
    """Outside because the platform or the configuration sends them there."""
    unasked: dict[str, int]
    """Outside while protection was not asked for."""
    kept: dict[str, int]
    """Refused or held by a policy, or without a network."""


def begin(scenario: Scenario) -> Instant:
    """When the routine begins: when the scenario's user would have turned the VPN on."""
    return max(next((at for at, deed in scenario.deeds_in_time() if deed.do == "vpn_on"), EARLIEST), EARLIEST)


def looks(scenario: Scenario) -> list[tuple[str, Instant]]:
    """When it is looked at: before the first step, at the end of each, and once more later."""
    ends = [begin(scenario) + i * PACE - SECOND for i in range(len(STEPS) + 1)]
    return list(zip(LOOKED_AFTER, [*ends, ends[-1] + LATER], strict=True))


def with_routine(scenario: Scenario) -> Scenario:
    """The scenario with the routine in the place of its user's own deeds around the VPN."""
    first = begin(scenario)
    deeds = [(at, deed) for at, deed in scenario.deeds_in_time() if at < first and deed.do not in _OURS]
    told = [deed.model_copy(update={"at": at}) for at, deed in deeds]
    apps: list[str | None] = [app.name for app in scenario.apps if app.kind == "app" and app.captured is None]
    for i, step in enumerate(STEPS):
        for do, after in step.do:
            whose = apps if do in ("app_open", "app_close") else [None]
            told += [_deed(do, first + i * PACE + after, name) for name in whose]
    told += [_deed("leak_check", at) for _, at in looks(scenario)]
    last = looks(scenario)[-1][1] + SECOND
    return scenario.model_copy(
        update={"timeline": tuple(told), "repeats": (), "vpn_on": False, "duration": last, "expect": ()}
    )


def _deed(do: Deed, at: Instant, app: str | None = None) -> Action:
    return Action(at=write_duration(at), do=do, app=app)  # type: ignore[arg-type]  # read as text, like a file's


def seen(run: Run) -> list[Look]:
    """How things stood after each step of a run of :func:`with_routine`."""
    live = list(stretches(run, lambda verdict: True))
    kinds = run.world.nature
    found = []
    for after, (at, fine, answered) in zip(LOOKED_AFTER, run.checks, strict=True):
        now = [s for s in live if s.begin <= at < s.end]
        groups: dict[str, dict[str, int]] = {name: {} for name in ("inside", "outside", "by_design", "unasked", "kept")}
        for stretch in now:
            owner = kinds.kinds[kinds.kind[stretch.flow]].owner
            group = groups[_group(stretch.verdict)]
            group[owner] = group.get(owner, 0) + 1
        standing = next(s for s in reversed(run.standings) if s.begin <= at).situation
        said = "all fine" if fine else "leak" if answered else "no answer"
        found.append(Look(after, at, standing.connected, standing.intent, said, **groups))
    return found


def _group(verdict: Verdict) -> str:
    if verdict.exposed:
        return "outside"
    if verdict.way is Way.TUNNEL:
        return "inside"
    if verdict.way is Way.OUTSIDE:
        return "unasked" if verdict.fate is Fate.OPEN or verdict.otherwise is Fate.OPEN else "by_design"
    return "kept"
