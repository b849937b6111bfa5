"""What-if: mitigations apply where they mean something, windows are followed socket by socket, and the search for the
smallest set is exact beside one that tries everything."""

from __future__ import annotations

from itertools import combinations
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.base.streams import Streams
from sim.engine.simulate import simulate
from sim.measure.leaks import leak_windows
from sim.study.mitigations import MITIGATIONS, Mitigation, applicable, changed, together
from sim.study.whatif import MOST, Player, WhatIf, _laid, _without, covers, what_if
from sim.world import shipped
from sim.world.intervals import joined, listed
from sim.world.loading import load
from sim.world.nature import draw
from sim.world.scenario import Scenario
from tests import generated

SHORT = [name for name in shipped.names() if name not in ("commute", "commute-twin", "my-drive", "my-drive-twin")]


def scenario(name: str, policy: str | None = None) -> Scenario:
    return load(shipped.find(name), policy)


def asked(name: str, policy: str | None = None, seeds: tuple[int, ...] = (1,)) -> WhatIf:
    return what_if(scenario(name, policy), seeds, lambda done, all_: None)


def names(found: WhatIf, most: int = MOST) -> list[set[str]]:
    search = found.search(lambda done, all_: None, most)
    return [] if search is None else [{m.name for m in o.chosen} for o in search.sets]


# Mitigations ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SHORT)
def test_a_mitigation_that_applies_changes_the_phone_and_not_the_day(name: str) -> None:
    """Each can be applied once, and then has nothing left to do; what the apps want to say stays as it is."""
    s = scenario(name)
    day = draw(s, Streams(1))
    for mitigation in applicable(s):
        under = together(s, [mitigation])
        assert under is not None
        assert under.scenario.model_dump(exclude={"policies", "expect"}) != s.model_dump(exclude={"policies", "expect"})
        assert mitigation.change(under.scenario) == [], mitigation.name
        there = draw(under.scenario, Streams(1))
        assert np.array_equal(day.at, there.at), mitigation.name
        assert np.array_equal(day.opens, there.opens), mitigation.name


def test_every_mitigation_applies_somewhere() -> None:
    """None is a dead option: some shipped situation asks for it."""
    played = [scenario(name, policy) for name in SHORT for policy in (None, *scenario(name).policies)]
    unused = {m.name for m in MITIGATIONS if not any(m.change(s) for s in played)}
    assert unused == set()


def test_a_scenario_survives_being_changed_by_nothing() -> None:
    for name in SHORT:
        s = scenario(name)
        assert changed(s, []) == s.model_copy(update={"policies": {}, "expect": ()})


# Windows --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["legacy-apps-first", "server-switch", "trusted-ssid", "cafe-captive-portal"])
def test_what_is_left_agrees_with_the_run_itself(name: str) -> None:
    found = asked(name)
    for outcome in found.singles:
        windows = leak_windows(simulate(outcome.under.scenario, 1))
        for day, left, new in zip(found.days, outcome.left, outcome.new, strict=True):
            for window, rest in zip(day.windows, left, strict=True):
                assert 0 <= rest.exposed <= window.end - window.begin
                assert rest.shorter <= rest.fewer <= rest.touched
            assert (not windows) == (not any(rest.exposed for rest in left) and not new), outcome.name


def test_a_window_turns_into_blocked_time_under_a_seal_and_not_under_its_cure() -> None:
    by_name = {o.name: o.left[0][0] for o in asked("v4-tunnel-dual-stack").singles}
    sealed, cured = by_name["Seal (includeAllNetworks)"], by_name["IPv6 into the tunnel"]
    assert sealed.exposed == cured.exposed == cured.blocked == 0
    assert sealed.blocked > 0


@given(*[st.lists(st.tuples(st.integers(0, 60), st.integers(1, 9)), max_size=6) for _ in range(2)])
def test_without_is_set_difference(a: list[tuple[int, int]], b: list[tuple[int, int]]) -> None:
    x, y = (joined([listed([(begin, begin + length) for begin, length in part])]) for part in (a, b))
    points = {t for begin, end in x.tolist() for t in range(begin, end)} - {
        t for begin, end in y.tolist() for t in range(begin, end)
    }
    found = _without(x, y)
    assert {t for begin, end in found.tolist() for t in range(begin, end)} == points
    assert all(begin < end for begin, end in found.tolist())


# The smallest set -----------------------------------------------------------------------------------------------------

CURES = {
    "v4-tunnel-dual-stack": "IPv6 into the tunnel",
    "per-app-miss": "List the helpers, too",
    "split-dns-corporate": "Names to the tunnel's resolver",
    "jetsam-streaming": "A leaner VPN engine",
    "app-auto-update": "Update the VPN app later",
    "two-radios": "enforceRoutes, routes in halves",
    "rogue-ap": "Cellular instead of this Wi-Fi",
}


@pytest.mark.parametrize("name", CURES)
def test_the_cure_of_each_situation_is_found(name: str) -> None:
    assert {CURES[name]} in names(asked(name))


def test_where_nothing_leaks_nothing_is_searched() -> None:
    assert names(asked("app-auto-update-twin")) == []


def by_trying_all(found: WhatIf, most: int) -> list[set[str]]:
    """Every smallest set without supervision, by playing all that can stand together."""
    s = found.player.scenario
    every = [m for m in applicable(s) if not m.managed]
    for size in range(1, most + 1):
        closing = []
        for chosen in combinations(every, size):
            kinds = [kind for m in chosen for kind in m.kinds]
            under = together(s, chosen) if len(set(kinds)) == len(kinds) else None
            if under is not None and all(not leak_windows(simulate(under.scenario, d.seed)) for d in found.days):
                closing.append({m.name for m in chosen})
        if closing:
            return closing
    return []


@pytest.mark.parametrize(
    ("name", "policy"),
    [
        ("legacy-apps-first", None),
        ("legacy-apps-first", "connect-first"),
        ("server-switch", None),
        ("wifi-to-lte-walk", "openvpn"),
        ("second-vpn", None),
        ("cafe-captive-portal", None),
    ],
)
def test_the_search_finds_what_trying_all_finds(name: str, policy: str | None) -> None:
    found = asked(name, policy)
    managed = {m.name for m in MITIGATIONS if m.managed}
    searched = [chosen for chosen in names(found, 2) if not chosen & managed]
    assert sorted(map(sorted, searched)) == sorted(map(sorted, by_trying_all(found, 2)))


def generated_question(number: int) -> WhatIf:
    """A day on which much goes wrong, and up to seven mitigations that apply to it: few single ones close it."""
    s = generated.day(number).model_copy(update={"policies": {}, "expect": ()})
    wanted = [m for m in applicable(s) if not m.managed]
    chosen = Random(number).sample(wanted, min(len(wanted), 7))
    player = Player(s, [1])
    under = [(m, together(s, [m])) for m in wanted if m in chosen]
    return WhatIf(player, tuple(player.outcome([m], u) for m, u in under if u is not None))


def smallest_by_trying_all(found: WhatIf) -> list[set[str]]:
    every = [m for o in found.singles for m in o.chosen]
    for size in range(1, MOST + 1):
        closing = []
        for chosen in combinations(every, size):
            kinds = [kind for m in chosen for kind in m.kinds]
            under = together(found.player.scenario, chosen) if len(set(kinds)) == len(kinds) else None
            if under is not None and found.player.closes(under.scenario, found.untouched):
                closing.append({m.name for m in chosen})
        if closing:
            return closing
    return []


@pytest.mark.slow
@pytest.mark.parametrize("number", range(60))
def test_what_is_said_of_the_search_holds_on_any_day(number: int) -> None:
    """Every set: exactly what trying all finds. The quick search: nothing that is not there, and all of it where it says
    that nothing was missed."""
    found = generated_question(number)
    if found.every == found.untouched:
        assert found.search(lambda a, b: None, every=True) is None
        return
    quick, slow = (found.search(lambda a, b: None, every=every) for every in (False, True))
    assert quick is not None
    assert slow is not None
    assert slow.exact
    all_ = sorted(map(sorted, smallest_by_trying_all(found)))
    exact, sets = (sorted(sorted(m.name for m in o.chosen) for o in f.sets) for f in (slow, quick))
    assert exact == all_
    assert sets == all_ or not quick.exact
    assert all(not left.exposed or (0, w) in found.untouched for o in quick.sets for w, left in enumerate(o.left[0]))


def test_a_set_whose_members_only_help_together_takes_the_search_of_every_set() -> None:
    """On this day a client that reasserts changes no window; but it keeps shut what updating later would open."""
    found = generated_question(45)
    by_name = {o.name: o for o in found.singles}
    assert not by_name["A client that reasserts"].touches
    assert any(by_name["Update the VPN app later"].new)
    quick, slow = (found.search(lambda a, b: None, every=every) for every in (False, True))
    assert quick is not None
    assert slow is not None
    assert (quick.sets, quick.exact, slow.exact) == ((), False, True)
    assert {"A client that reasserts", "Update the VPN app later"} in [{m.name for m in o.chosen} for o in slow.sets]


def test_a_set_must_close_every_day() -> None:
    """What closes one day may leave another open: sealing ends an old socket only most of the time."""
    one, many = asked("commute-flapping", "openvpn"), asked("commute-flapping", "openvpn", (1, 2, 3))
    for outcome in (o for found in (one, many) if (s := found.search(lambda a, b: None)) for o in s.sets):
        assert all(not left.exposed for day in outcome.left for left in day)
        assert not any(outcome.new)
    assert len(many.days) == 3


def test_a_new_window_is_no_success() -> None:
    """A change that closes the old windows and opens others closes nothing."""
    calm = Player(scenario("legacy-apps-first", "sealed"), [1])
    assert not calm.days[0].windows
    assert calm.closes(calm.scenario, frozenset())
    assert not calm.closes(scenario("legacy-apps-first"), frozenset())


def test_a_set_covers_every_window_and_none_of_its_members_clash() -> None:
    found = asked("server-switch")
    every = {(d, w) for d, day in enumerate(found.days) for w in range(len(day.windows))}
    useful = [o for o in found.singles if o.touches]
    pairs = list(covers(useful, every, 2))
    assert pairs
    for pair in pairs:
        kinds = [kind for o in pair for m in o.chosen for kind in m.kinds]
        assert len(kinds) == len(set(kinds))
        assert every <= set().union(*(o.touches for o in pair))


def test_what_nothing_touches_is_named_and_the_rest_is_closed() -> None:
    found = asked("second-vpn")
    useless = Mitigation("nothing", "nothing", ("nothing",), lambda s: [("name", "another")])
    under = together(found.player.scenario, [useless])
    assert under is not None
    alone = WhatIf(found.player, (found.player.outcome([useless], under),))
    assert len(alone.untouched) == len(found.days[0].windows)
    assert alone.search(lambda a, b: None) is None
    assert found.untouched == frozenset()
    assert len(_laid(found.days[0].summary.run, [s for w in found.days[0].windows for s in w.stretches]))
