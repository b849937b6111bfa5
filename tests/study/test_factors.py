"""Factors and designs: what is varied stays in its range, fills it, and is a scenario."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.base.citing import ASSUMED
from sim.base.units import SECOND, read_duration
from sim.study import designs
from sim.study.arms import Arm, scenario_of
from sim.study.factors import Choice, Factor, Listed, Ranged, cited_factor, read_factors
from sim.world.cited import of_scenario
from sim.world.loading import ScenarioError, read_all

COMMUTE = Path(__file__).parents[2] / "scenarios" / "commute.toml"
TREE = json.loads(read_all(COMMUTE, {}))
CITED = {place.path: factor for place in of_scenario() if (factor := cited_factor(place))}


ORDERED = {"device.power.asleep_mw", "vpn.ikev2.server_dpd_giveup"}
"""Their ends are only possible together with other values than the defaults."""


@pytest.mark.parametrize("path", sorted(CITED.keys() - ORDERED))
@pytest.mark.parametrize("u", [0.0, 0.5, 1.0])
def test_every_cited_range_makes_scenarios(path: str, u: float) -> None:
    scenario_of(TREE, Arm("as it stands"), str(COMMUTE), ((path, CITED[path].values.at(u).value),))


def test_nearly_every_assumed_parameter_has_a_range_of_numbers() -> None:
    assumed = [p.path for p in of_scenario() if p.cited.confidence is ASSUMED]
    assert {path for path in assumed if path not in CITED} <= {
        "device.behaviour.profile", "vpn.client.implementation", "vpn.client.memory_load", "vpn.ikev2.clock", "vpn.ikev2.dpd",
        "vpn.masque.clock", "vpn.masque.reconnects", "cellular.signal.most_dbm", "cellular.signal.tail_by_rsrp",
        "cellular.signal.idle_by_rsrp",
    }  # fmt: skip


def test_a_law_keeps_its_shape_around_another_centre() -> None:
    law = {"law": "lognormal", "median": "20 s", "sigma": 0.8, "most": "2 min"}
    moved = Ranged(3, 120, "s", law=law).at(0.5)
    assert moved.value["sigma"] == 0.8
    assert read_duration(moved.value["median"]) == moved.shown * SECOND == 61.5 * SECOND
    assert read_duration(moved.value["most"]) == pytest.approx(6 * read_duration(moved.value["median"]))


def test_a_wide_range_is_gone_through_by_its_logarithm() -> None:
    assert CITED["limits.boot_delay"].values.at(0.5).shown == pytest.approx((3 * 120) ** 0.5)
    assert CITED["device.power.idle_mw"].values.at(0.5).shown == pytest.approx((20 + 90) / 2)


def test_a_class_means_the_assumed_ones_below_it() -> None:
    found = [factor.key for factor in read_factors({"path": "cited"}, "x.toml")]
    assert "path.notice_delay" in found
    assert all(key.startswith("path.") for key in found)
    every = read_factors({"*": "cited"}, "x.toml")
    assert len(every) > 50
    assert len({factor.column for factor in every}) == len(every)


def test_durations_and_sizes_are_numbers_in_tables() -> None:
    (factor,) = read_factors({"a.b": ["10 s", "1 min"]}, "x.toml")
    assert (factor.column, factor.values.levels(2)) == ("a.b_s", [Choice("10 s", 10.0), Choice("1 min", 60.0)])
    (factor,) = read_factors({"a.b": {"low": "1 MB", "high": "3 MB"}}, "x.toml")
    assert (factor.column, factor.values.at(0.5)) == ("a.b_bytes", Choice("2000000 B", 2_000_000))


@pytest.mark.parametrize(
    "said",
    ["much", [], 3, {"low": 1}, {"low": 2, "high": 1}, {"low": "1 s", "high": 2}, {"low": 0, "high": 1, "log": True},
     {"low": 1, "high": 2, "step": 1}, {"low": "x", "high": "y"}],
)  # fmt: skip
def test_what_is_no_factor_is_refused(said: object) -> None:
    with pytest.raises(ScenarioError):
        read_factors({"a.b": said}, "x.toml")


def test_a_misspelt_parameter_is_refused_with_its_likeness() -> None:
    with pytest.raises(ScenarioError, match=r"path\.notice_delay"):
        read_factors({"path.notise_delay": "cited"}, "x.toml")


def numbers(count: int) -> list[Factor]:
    return [Factor(f"f{k}", f"f{k}", Ranged(0, 1, "")) for k in range(count)]


@given(st.integers(1, 40), st.integers(1, 5), st.integers(0, 2**31))
@settings(max_examples=25, deadline=None)
def test_a_latin_hypercube_has_one_point_in_each_layer_of_each_factor(points: int, dimensions: int, seed: int) -> None:
    found = np.array(
        [[c.value for c in p] for p in designs.sampled("latin-hypercube", points, numbers(dimensions), seed)]
    )
    assert (np.sort(np.floor(found * points), axis=0) == np.arange(points)[:, None]).all()


@pytest.mark.parametrize("design", ["random", "latin-hypercube", "sobol"])
def test_a_design_depends_on_its_seed_alone(design: designs.Sampled) -> None:
    once, again, other = (designs.sampled(design, 16, numbers(3), seed) for seed in (1, 1, 2))
    assert once == again != other


def test_sobol_points_fill_each_quarter_alike() -> None:
    found = np.array([[c.value for c in p] for p in designs.sampled("sobol", 64, numbers(2), 3)])
    quarters = np.floor(found * 4) @ [4, 1]
    assert (np.bincount(quarters.astype(int), minlength=16) == 4).all()


def test_a_grid_is_every_combination() -> None:
    factors = [Factor("a", "a", Listed((Choice(1, 1), Choice(2, 2)))), Factor("b", "b", Ranged(0, 1, ""))]
    found = [tuple(c.value for c in point) for point in designs.grid(factors, 3)]
    assert found == [(1, 0.0), (1, 0.5), (1, 1.0), (2, 0.0), (2, 0.5), (2, 1.0)]
    assert designs.grid_size(factors, 3) == len(found)
