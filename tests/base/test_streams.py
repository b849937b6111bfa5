"""Named streams: the same for ever, different from each other, and not to be had twice."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.base.laws import Law, exponential, fixed, lognormal, triangular, uniform
from sim.base.streams import Streams

LAWS = (fixed(7), uniform(5, 90), exponential(10**6), lognormal(10**6, 0.7, 10**7), triangular(1, 50, 200))
SEEDS = st.integers(0, 2**63 - 1)


@pytest.mark.parametrize(
    ("seed", "name", "raw"),
    [
        (1, "path", [17841067217769107750, 9633093456977498534, 2709175037262699867]),
        (2**63 - 1, "a/b/0", [10872086514324283932, 5084918174878649322, 17492702936772466916]),
    ],
)
def test_a_stream_is_what_it_was(seed: int, name: str, raw: list[int]) -> None:
    """In every process and for ever: published results depend on it."""
    assert Streams(seed).of(name).bit_generator.random_raw(3).tolist() == raw


@given(SEEDS, st.text(max_size=20), SEEDS, st.text(max_size=20))
def test_seed_and_name_make_the_stream(seed: int, name: str, other: int, another: str) -> None:
    same = (seed, name) == (other, another)
    assert (Streams(seed).of(name).random(4) == Streams(other).of(another).random(4)).all() == same


def test_others_do_not_disturb_it() -> None:
    streams = Streams(5)
    streams.of("before").random(100)
    assert streams.of("this").random() == Streams(5).of("this").random()


def test_nobody_shares_a_stream() -> None:
    streams = Streams(5)
    streams.of("this")
    with pytest.raises(ValueError, match="already in use"):
        streams.of("this")


def test_streams_are_not_correlated() -> None:
    """Two hundred streams of one seed: no pair's correlation is beyond what 19,900 independent pairs would show.

    Under independence each is normal with deviation 1 / sqrt(4000); the largest of all lies beyond 5.5 of these once in 1,300 such
    tests. The seed is fixed.
    """
    draws = np.array([Streams(11).of(f"luck.{i}").standard_normal(4000) for i in range(200)])
    pairs = np.corrcoef(draws)[np.triu_indices(200, 1)]
    assert abs(pairs).max() < 5.5 / 4000**0.5


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.law)
@pytest.mark.parametrize("few", [0, 1, 31, 32, 100])
def test_few_draws_begin_many(law: Law, few: int) -> None:
    """The prefix law: what is drawn first does not depend on how much is drawn."""
    many = Streams(3).sample("x", law, 300)
    assert Streams(3).sample("x", law, few).tolist() == many[:few].tolist()
    assert list(islice(Streams(3).draws("x", law), few)) == many[:few].tolist()


def test_certainty_needs_no_stream() -> None:
    streams = Streams(3)
    streams.draws("x", fixed(7))
    streams.sample("x", fixed(7), 3)
    streams.of("x")
