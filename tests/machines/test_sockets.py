"""What a live socket does when new ones go elsewhere, as a decision table."""

from __future__ import annotations

from typing import Any

import pytest

from sim.machines.events import Interface
from sim.machines.ios.behaviour import PROFILES, Behaviour
from sim.machines.ios.sockets import Reaction, reaction
from sim.machines.routing import Binding, Situation
from tests.machines.test_routing import APP, DOWN, EN0, PDP, SYSTEM, UP, UTUN

GONE = UP._replace(wifi=7)
CLEARED = UP._replace(utun=2)
SEALED = UP._replace(seals=True)
ENFORCED = UP._replace(enforces=True)
ON_CELLULAR = DOWN._replace(default=Interface.CELLULAR)
KEEPS, CLOSES, WAITS = Reaction.KEEPS, Reaction.CLOSES, Reaction.WAITS


@pytest.mark.parametrize(
    ("transport", "traits", "binding", "new", "situation", "luck", "expected"),
    [
        pytest.param("tcp", APP, EN0, UTUN, UP, 0.999, KEEPS, id="S1: it stays outside when the tunnel comes up"),
        pytest.param("udp", APP, EN0, UTUN, UP, 0.999, KEEPS, id="S4: so does connected UDP"),
        pytest.param("quic", APP, EN0, UTUN, UP, 0.999, KEEPS, id="and QUIC"),
        pytest.param("tcp", APP, EN0, UTUN, SEALED, 0.94, CLOSES, id="S7: a policy that does not match ends it"),
        pytest.param("tcp", APP, EN0, UTUN, SEALED, 0.96, KEEPS, id="S7: mostly"),
        pytest.param("tcp", APP, EN0, None, SEALED, 0.94, CLOSES, id="S7: also while there is no tunnel yet"),
        pytest.param("tcp", SYSTEM, EN0, None, SEALED, 0.5, KEEPS, id="not one that the policy excludes"),
        pytest.param("tcp", APP, EN0, UTUN, ENFORCED, 0.69, CLOSES, id="S7: enforceRoutes is weaker"),
        pytest.param("tcp", APP, EN0, UTUN, ENFORCED, 0.71, KEEPS, id="S7: enforceRoutes, lucky"),
        pytest.param("tcp", APP, EN0, PDP, ON_CELLULAR, 0.5, KEEPS, id="overlap, TCP finishes where it is"),
        pytest.param("quic", APP, EN0, PDP, ON_CELLULAR, 0.5, CLOSES, id="QUIC follows the better path"),
        pytest.param("udp", APP, EN0, PDP, ON_CELLULAR, 0.96, KEEPS, id="S10: UDP apps normally rebind"),
        pytest.param("tcp", APP, EN0, UTUN, GONE, 0.79, CLOSES, id="S10: the app sees the path loss and closes"),
        pytest.param("tcp", APP, EN0, UTUN, GONE, 0.81, WAITS, id="S17: losing the interface closes no TCP socket"),
        pytest.param("quic", APP, EN0, UTUN, GONE, 0.94, CLOSES, id="S10: UDP and QUIC rebind"),
        pytest.param("tcp", APP, UTUN, Binding(Interface.UTUN, 2), CLEARED, 0.99, CLOSES, id="L9: cleared reasserting"),
        pytest.param("tcp", APP, UTUN, EN0, DOWN, 0.79, CLOSES, id="the tunnel's address is gone"),
        pytest.param("tcp", APP, UTUN, EN0, DOWN, 0.81, WAITS, id="reset or time-out"),
        pytest.param("tcp", APP, UTUN, None, UP, 0.0, KEEPS, id="inside, and its address lives"),
    ],
)
def test_a_socket_reacts(
    transport: str,
    traits: Any,
    binding: Binding,
    new: Binding | None,
    situation: Situation,
    luck: float,
    expected: Reaction,
) -> None:
    assert reaction(transport, traits, binding, new, situation, Behaviour(), luck) is expected


@pytest.mark.parametrize(
    ("profile", "situation", "luck", "expected"),
    [
        pytest.param("host-routes", UP, 0.5, CLOSES, id="where nothing survives the switch"),
        pytest.param("horowitz-2022", SEALED, 0.0, KEEPS, id="where sealing does not help"),
        pytest.param("sealing-closes", SEALED, 0.999, CLOSES, id="where it always does"),
        pytest.param("proton-2020", GONE, 0.97, CLOSES, id="where airplane mode is almost as effective"),
    ],
)
def test_accounts_that_contradict_each_other(
    profile: str, situation: Situation, luck: float, expected: Reaction
) -> None:
    rules = Behaviour.model_validate({"profile": profile})
    assert reaction("tcp", APP, EN0, UTUN, situation, rules, luck) is expected


def test_every_profile_is_one_of_behaviour() -> None:
    for name, values in PROFILES.items():
        behaviour = Behaviour.model_validate({"profile": name})
        assert all(getattr(behaviour, key) == value for key, value in values.items())


def test_a_value_beside_a_profile_overrides_it() -> None:
    assert Behaviour.model_validate({"profile": "host-routes", "legacy_survival": 0.5}).legacy_survival == 0.5
