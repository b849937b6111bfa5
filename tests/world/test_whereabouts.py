"""What the cells do while the phone moves."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from sim.base.streams import Streams
from sim.base.units import HOUR, SECOND
from sim.machines.events import HoleBegan, HoleEnded
from sim.machines.radio import SETS
from sim.machines.radio.handover import Handover, Rat
from sim.machines.radio.lte import Lte
from sim.world.nature import Nature, draw
from sim.world.outages import OUTAGES, Outages
from sim.world.scenario import Scenario


class Sa(Lte):
    """LTE by another name."""

    rat = "sa"


class Umts(Lte):
    """LTE by another name."""

    rat = "umts"


@pytest.fixture
def generations(monkeypatch: pytest.MonkeyPatch) -> None:
    """Radios of other technologies."""
    monkeypatch.setitem(SETS, "an-sa", Sa())
    monkeypatch.setitem(SETS, "a-umts", Umts())


def scenario(*stays: dict[str, Any], hours: int = 10, **tables: Any) -> Scenario:
    table = {"name": "drive", "duration": f"{hours} h", "stays": stays, **tables}
    return Scenario.model_validate_json(json.dumps(table))


def drive(*stays: dict[str, Any], hours: int = 10, **tables: Any) -> Nature:
    return draw(scenario(*stays, hours=hours, **tables), Streams(1))


def holes(nature: Nature) -> list[tuple[int, int]]:
    begins = [at for at, event in nature.script if isinstance(event, HoleBegan)]
    return list(zip(begins, [at for at, event in nature.script if isinstance(event, HoleEnded)], strict=False))


@pytest.mark.usefixtures("generations")
@pytest.mark.parametrize(("radio", "spacing"), [("lte-2020", 560), ("an-sa", 1400)])
def test_the_cell_changes_as_often_as_the_speed_says(radio: str, spacing: int) -> None:
    """Within four standard errors of a Poisson count."""
    nature = drive({"speed_kmh": 60.0, "radio": radio}, hours=50)
    expected = 60_000 * 50 / spacing
    assert abs(len(nature.handovers) - expected) < 4 * expected**0.5


def test_twice_the_speed_is_twice_the_handovers() -> None:
    rules = Handover()
    for rat in Rat:
        assert rules.per_minute(rat, 100.0) == pytest.approx(2 * rules.per_minute(rat, 50.0))


def test_a_handover_either_interrupts_or_fails() -> None:
    nature = drive({"speed_kmh": 300.0}, hours=20)
    fails = holes(nature)
    starts = sorted([*nature.interruptions[:, 0].tolist(), *(begin for begin, _ in fails)])
    assert set(starts) <= set(nature.handovers.tolist())
    assert len(nature.handovers) - len(starts) < 0.01 * len(starts)  # what overlaps counts as one
    assert 0.06 < len(fails) / len(nature.handovers) < 0.10  # 8 % on fast rail
    assert all(end - begin >= 2.3 * SECOND for begin, end in fails)
    lengths = nature.interruptions[:, 1] - nature.interruptions[:, 0]
    assert 0.039 * SECOND < lengths.mean() < 0.045 * SECOND


@pytest.mark.parametrize("name", OUTAGES)
def test_a_law_of_outages_by_name_is_its_table(name: str) -> None:
    law, _ = OUTAGES[name]
    named, told = scenario({"outages": name}), scenario({"outages": law.model_dump(mode="json")})
    assert named == told
    assert named.stays[0].outages == law
    assert holes(drive({"outages": name}))


def test_an_unknown_law_names_those_that_there_are() -> None:
    with pytest.raises(ValueError, match="driving-4g"):
        Outages.model_validate("driving-6g")


def test_a_speed_and_a_rate_at_once_are_refused() -> None:
    with pytest.raises(ValueError, match="not both"):
        scenario({"speed_kmh": 50.0, "handovers_per_minute": 1.0})


@pytest.mark.usefixtures("generations")
def test_another_technology_is_a_gap_and_another_power_profile_is_none() -> None:
    other = drive({"radio": "lte-2020"}, {"at": "1 h", "radio": "lte-2012"})
    assert holes(other) == []
    fallback = drive({"radio": "lte-2020"}, {"at": "1 h", "radio": "a-umts"}, {"at": "2 h", "radio": "an-sa"})
    (down, down_end), (up, _) = holes(fallback)
    assert (down, up) == (HOUR, 2 * HOUR)
    assert SECOND < down_end - down < 20 * SECOND
    assert Handover().change("lte", "nsa") is None


def test_holes_do_not_overlap() -> None:
    """An outage within a failed handover must not end the other's hole."""
    nature = drive({"speed_kmh": 400.0, "outages": "driving-5g"}, hours=30)
    ends = np.array(holes(nature)).ravel()
    assert (np.diff(ends) > 0).all()
