"""Designs: which points of the space of factors are looked at."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from math import prod
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from sim.study.factors import Choice, Factor

Sampled = Literal["random", "latin-hypercube", "sobol"]


def sampled(design: Sampled, points: int, factors: Sequence[Factor], seed: int) -> list[tuple[Choice, ...]]:
    """Points that fill the space.

    Parameters
    ----------
    design : "random": independent. "latin-hypercube": each factor evenly. "sobol": all factors together evenly;
        scrambled, and `points` must be a power of two for that to hold
    seed : of the design, not of the days
    """
    u = _unit(design, points, len(factors), seed)
    return [tuple(f.values.at(float(x)) for f, x in zip(factors, row, strict=True)) for row in u]


def _unit(design: Sampled, points: int, dimensions: int, seed: int) -> NDArray[np.float64]:
    from scipy.stats import qmc  # heavy, and only needed by those who sample

    rng = np.random.default_rng(seed)
    if design == "random":
        return rng.random((points, dimensions))
    sampler = qmc.LatinHypercube(dimensions, rng=rng) if design == "latin-hypercube" else qmc.Sobol(dimensions, rng=rng)
    return np.asarray(sampler.random(points), dtype=np.float64)


def grid(factors: Sequence[Factor], levels: int) -> list[tuple[Choice, ...]]:
    """Every combination of all values of lists, and of so many values of ranges."""
    return list(product(*(f.values.levels(levels) for f in factors)))


def grid_size(factors: Sequence[Factor], levels: int) -> int:
    """How many points a grid has, without making them."""
    return prod(len(f.values.levels(levels)) for f in factors)
