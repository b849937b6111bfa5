"""The routine: what is protected, what a leak check says and what is true, after each of its steps."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.base.units import SECOND
from sim.engine.simulate import simulate
from sim.measure.routine import EARLIEST, STEPS, Look, begin, looks, seen, with_routine
from sim.measure.summary import summarise
from sim.world import shipped
from sim.world.loading import load
from tests.commands import Command

BEFORE, CLOSED, ON, TOGGLED, OPENED, LATER = range(6)


def played(policy: str | None = None, **behaviour: object) -> list[Look]:
    """The routine in an hour at home, without cellular."""
    settings: dict[str, object] = {"stays": [{"wifi": "home", "cellular": False}]}
    settings["device.behaviour"] = {"profile": "sealing-closes", **behaviour}
    return seen(simulate(with_routine(load(shipped.find("legacy-apps-first"), policy, settings)), 1))


def test_closing_the_apps_leaves_push_and_turning_the_vpn_on_leaves_it_outside() -> None:
    found = played()
    assert not any(look.intent for look in found[:ON])
    assert set(found[BEFORE].unasked) == {"push", "messenger", "mail", "music"}
    assert found[CLOSED].unasked == {"push": 1}
    assert found[ON].outside == {"push": 1}
    assert found[ON].connected
    assert found[ON].said == "all fine"


def test_the_toggle_brings_push_inside_when_its_address_goes() -> None:
    found = played(closes_on_path_loss=1.0)
    assert found[TOGGLED].inside == {"push": 1}
    assert all(not look.outside for look in found[TOGGLED:])
    assert set(found[OPENED].inside) == {"push", "messenger", "mail", "music"}


def test_it_does_not_where_wifi_stays_on_and_the_check_says_all_fine() -> None:
    found = played(airplane_drops_wifi=False)
    assert all(look.outside == {"push": 1} for look in found[ON:])
    assert all(look.said == "all fine" for look in found[ON:])


def test_sealed_push_is_outside_by_design_and_not_in_truth() -> None:
    found = played("sealed")
    assert found[LATER].by_design == {"push": 1}
    assert found[LATER].outside == {}


@pytest.mark.parametrize("name", [name for name in shipped.names() if "/" not in name and not name.endswith("-twin")])
def test_it_can_be_played_on_any_scenario(name: str) -> None:
    scenario = load(shipped.find(name))
    run = simulate(with_routine(scenario), 1)
    found = seen(run)
    assert [look.at for look in found] == [at for _, at in looks(scenario)]
    assert [look.after for look in found][1:-1] == [step.name for step in STEPS]
    assert begin(scenario) >= EARLIEST
    for look in found:
        exposed = {s.flow for w in summarise(run).windows for s in w.stretches if s.begin <= look.at < s.end}
        assert sum(look.outside.values()) == len(exposed)


def test_what_the_user_did_before_is_kept_and_what_concerned_the_vpn_is_not() -> None:
    scenario = with_routine(load(shipped.find("reboot-locked")))
    first = begin(load(shipped.find("reboot-locked")))
    ours = [deed for at, deed in scenario.deeds_in_time() if deed.do in ("vpn_on", "airplane_on", "airplane_off")]
    assert [deed.do for deed in ours] == ["vpn_on", "airplane_on", "airplane_off"]
    assert scenario.deeds_in_time()[-1][0] == scenario.duration - SECOND
    assert all(at < first for at, deed in scenario.deeds_in_time() if deed.do == "reboot")


# The command ----------------------------------------------------------------------------------------------------------


def test_the_command_tells_each_step(command: Command) -> None:
    status, out, _ = command("routine")
    assert status == 0
    for i, step in enumerate(STEPS, 1):
        assert f"{i}. {step.name}" in out
    assert out.count("A leak check says") == len(STEPS) + 2
    assert "After the routine" in out


def test_it_plays_a_configuration_and_shows_no_key(command: Command, tmp_path: Path) -> None:
    conf = tmp_path / "mine.conf"
    conf.write_text((Path(__file__).parents[2] / "docs/guides/my-vpn.conf").read_text())
    status, out, err = command("routine", conf)
    assert status == 0
    assert "mine.conf" in out
    assert "PrivateKey" in err
    assert "0000000000" not in out + err


def test_two_configurations_are_refused(command: Command, tmp_path: Path) -> None:
    assert "already" in command.refused("routine", tmp_path / "a.conf", "--profile", tmp_path / "b.conf")


@pytest.mark.parametrize("wrong", ["no-such-day", "missing.conf", "missing.toml"])
def test_what_is_not_there_is_refused(command: Command, wrong: str) -> None:
    assert command.refused("routine", wrong)
