"""No parameter without a source, and the page of them is what the models say."""

from __future__ import annotations

import pytest

from docs.generate import pages
from sim.base.sources import SOURCES
from sim.faces import parameters
from sim.machines.radio import CITED
from sim.world.scenario import Scenario

WALK = parameters.walk()


@pytest.mark.parametrize("page", pages(), ids=lambda path: path.name)
def test_generated_pages_are_fresh(page: object) -> None:
    texts = {path: text for path, text in pages().items() if path == page}
    for path, text in texts.items():
        assert path.read_text(encoding="utf-8") == text, "run: python -m docs.generate"


def test_every_parameter_is_cited() -> None:
    assert parameters.uncited() == []


def test_every_source_is_known() -> None:
    cited = [p.cited for p in WALK] + [c for named in CITED.values() for c in named.values()]
    assert {c.source for c in cited} <= SOURCES.keys()


def test_names_are_key_paths_of_a_scenario_file() -> None:
    paths = [p.path for p in WALK]
    assert len(paths) == len(set(paths))
    assert {"vpn.wireguard.rekey_after_time", "device.behaviour.tcp_patience", "lte-2020: promotion"} <= set(paths)


def test_defaults_carry_their_unit() -> None:
    shown = {p.path: p.value for p in WALK}
    assert shown["vpn.wireguard.rekey_after_time"] == "2 min"
    assert shown["device.power.screen_mw"] == "500 mW"
    assert shown["vpn.client.stop"] == "lognormal, median 300 ms, sigma 0.7, most 2 s"


def test_what_a_run_rests_on_depends_on_the_scenario() -> None:
    assumed, every = parameters.basis_of(Scenario(name="plain"))
    assert 0 < assumed < every < len(WALK)
    stated = Scenario.model_validate_json('{"name": "stated", "device": {"behaviour": {"tcp_patience": "100 s"}}}')
    assert parameters.basis_of(stated) == (assumed - 1, every - 1)
