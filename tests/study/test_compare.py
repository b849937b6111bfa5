"""Comparisons: what is said about arms follows from their days, and is not said where the days do not show it."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sim.study.compare import TRADED, Comparison, Place, comparison
from sim.study.rows import HEADLINE

BLANK = {m.column: 0.0 for m in HEADLINE}


def rows(**arms: list[dict[str, float]]) -> list[dict[str, Any]]:
    """Rows of a study: for each arm, what each day gave."""
    return [
        {"arm": arm, "replication": day, "error": None, **BLANK, **numbers}
        for arm, days in arms.items()
        for day, numbers in enumerate(days)
    ]


def compared(**arms: list[dict[str, float]]) -> Comparison:
    found = comparison(rows(**arms), list(arms))
    assert found is not None
    return found


def noisy(seed: int, mean: float, days: int = 40) -> list[float]:
    return [float(x) for x in np.random.default_rng(seed).normal(mean, 1, days)]


def test_common_days_show_a_difference_that_is_small_against_the_days() -> None:
    days = [100 * x for x in noisy(1, 10)]
    found = compared(a=[{"exposed_s": x} for x in days], b=[{"exposed_s": x - 1 - 0.01 * (x % 7)} for x in days])
    assert found.winners("exposed_s") == ("b",)
    assert found.standings["b", "exposed_s"].difference.sign == -1
    assert found.standings["b", "exposed_s"].variance_ratio < 0.01


def test_noise_has_no_winner() -> None:
    found = compared(a=[{"exposed_s": x} for x in noisy(1, 10)], b=[{"exposed_s": x} for x in noisy(2, 10)])
    assert found.winners("exposed_s") == ()
    assert not found.standings["b", "exposed_s"].difference.sign


def test_the_winner_must_beat_every_arm_and_not_only_the_baseline() -> None:
    near = noisy(3, 10)
    found = compared(
        a=[{"exposed_s": x} for x in noisy(1, 100)],
        b=[{"exposed_s": x} for x in near],
        c=[{"exposed_s": x + e} for x, e in zip(near, noisy(4, 0), strict=True)],
    )
    assert all(found.standings[arm, "exposed_s"].difference.sign == -1 for arm in "bc")
    assert found.winners("exposed_s") == ()


def test_equal_arms_are_equal() -> None:
    days = [{"exposed_s": x} for x in noisy(1, 5)]
    found = compared(a=days, b=days)
    assert found.winners("exposed_s") == ()
    assert set(found.places.values()) == {Place.FRONT}


def test_arms_that_are_equal_on_every_day_win_together() -> None:
    best = [{"exposed_s": x} for x in noisy(1, 5)]
    found = compared(a=[{"exposed_s": x} for x in noisy(2, 50)], b=best, c=best)
    assert found.winners("exposed_s") == ("b", "c")


def test_one_day_says_nothing() -> None:
    found = compared(a=[{"exposed_s": 100.0}], b=[{"exposed_s": 1.0}])
    assert found.winners("exposed_s") == ()
    assert found.as_dict()["pairs"][0]["exposed_s"]["interval"] is None


def test_the_front_is_what_no_arm_beats_in_all_three() -> None:
    def day(seed: int, *means: float) -> list[dict[str, float]]:
        noise = np.random.default_rng(seed).normal(0, 1, 40)
        return [dict(zip(TRADED, (m + x for m in means), strict=True)) for x in noise - noise.mean()]

    found = compared(
        open=day(1, 100, 0, 50), sealed=day(2, 0, 100, 50), bad=day(3, 110, 110, 60), close=day(4, 0.1, 100.1, 50.1)
    )
    assert list(found.places.values()) == [Place.FRONT, Place.FRONT, Place.BEATEN, Place.BEHIND]


def test_a_day_that_failed_under_one_arm_is_left_out_for_all() -> None:
    table = rows(a=[{"exposed_s": 1.0}, {"exposed_s": 2.0}], b=[{"exposed_s": 3.0}, {"exposed_s": 4.0}])
    table[3] |= {"error": "ValueError: no", **dict.fromkeys(BLANK)}
    found = comparison(table, ["a", "b"])
    assert found is not None
    assert found.days == 1
    assert len(found.failed) == 1
    assert found.standings["a", "exposed_s"].mean.mean == 1.0


def test_nothing_seen_is_not_nothing_possible() -> None:
    found = compared(a=[{}] * 40, b=[{"exposed_s": x} for x in noisy(1, 10)])
    assert found.standings["a", "exposed_s"].zero_days == 1
    assert 0.05 < found.unseen() < 0.2


def test_more_looks_and_more_arms_make_intervals_wider() -> None:
    days = {arm: [{"exposed_s": x} for x in noisy(i, 10)] for i, arm in enumerate("abcd")}
    once, often = comparison(rows(**days), list(days)), comparison(rows(**days), list(days), looks=6)
    two = comparison(rows(**days), ["a", "b"])
    assert once is not None
    assert often is not None
    assert two is not None
    widths = [f.standings["b", "exposed_s"].difference.half_width for f in (two, once, often)]
    assert widths == sorted(widths)
    assert (two.statements, once.statements, often.statements) == (5, 30, 180)


@given(st.permutations("abcd"))
def test_order_of_arms_changes_the_baseline_and_nothing_else(order: list[str]) -> None:
    days = {arm: [{"exposed_s": 10 * i + x} for x in noisy(i, 10)] for i, arm in enumerate("abcd")}
    found, turned = comparison(rows(**days), list("abcd")), comparison(rows(**days), order)
    assert found is not None
    assert turned is not None
    assert found.winners("exposed_s") == turned.winners("exposed_s") == ("a",)
    assert found.places == turned.places


def test_a_difference_is_also_said_as_a_share_of_the_baseline() -> None:
    """A third less, give or take; what both arms share of a day cancels, so the share is better known than either."""
    days, noise = [x + 20 for x in noisy(1, 10)], noisy(2, 0)
    found = compared(
        a=[{"exposed_s": x} for x in days],
        b=[{"exposed_s": x * 2 / 3 + e / 10} for x, e in zip(days, noise, strict=True)],
    )
    share = found.relative("b", "exposed_s")
    assert share is not None
    assert share.low < -1 / 3 < share.high
    assert share.half_width < 0.1 * found.standings["b", "exposed_s"].mean.half_width
    first = found.as_dict()["arms"][1]["exposed_s"]["relative"]
    assert (first["mean"], first["interval"], first["sign"]) == (share.mean, [share.low, share.high], -1)
    assert found.relative("b", "leaked_bytes") is None  # none under the baseline: no share of it
