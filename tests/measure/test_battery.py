"""The battery of a run: what the ledger's account takes from the script and the standings."""

from __future__ import annotations

from typing import Any

import sim
from sim.base.units import MINUTE
from sim.measure.battery import battery
from sim.world.loading import validate


def hour(**tables: Any) -> sim.Run:
    """An hour at home, and nobody has anything to say."""
    home = {"name": "an hour", "duration": "1 h", "wifi": [{"ssid": "home"}], "stays": [{"wifi": "home"}]}
    return sim.simulate(validate(home | tables, "hour"))


def test_airplane_mode_saves_for_as_long_as_it_lasts() -> None:
    on, off = {"at": "10 min", "do": "airplane_on"}, {"at": "25 min", "do": "airplane_off"}
    power = hour().scenario.device.power
    for deeds, lasted in (((on, off), 15 * MINUTE), ((on,), 50 * MINUTE)):
        spent = battery(hour(timeline=deeds)).with_vpn.by_component["base_idle"]
        without = battery(hour(timeline=[{**deed, "do": "leak_check"} for deed in deeds])).with_vpn
        assert without.by_component["base_idle"] - spent == lasted * (power.asleep_mw - power.airplane_mw)


def test_a_radio_idles_for_as_long_as_it_has_an_address() -> None:
    apart = hour(stays=[{"wifi": "home", "cellular": False}])
    assert battery(apart).with_vpn.by_component["cellular_idle"] == 0
    assert battery(hour()).with_vpn.by_component["cellular_idle"] > 0
