"""Laws of chance: how long, how much, how often.

A law is a small value that stands in scenario files and in parameters. It is evaluated at a uniform number, so
a machine can name a law without touching dice: the engine throws them.
"""

from __future__ import annotations

from math import exp, log, sqrt
from statistics import NormalDist
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BeforeValidator, Field, model_validator

from sim.base.citing import Model
from sim.base.units import Duration, DurationField, read_duration

_NORMAL = NormalDist()
_TINY = 1e-12


class Fixed(Model):
    """Always the same."""

    law: Literal["fixed"] = "fixed"
    value: DurationField

    def at(self, u: float) -> Duration:
        """The quantile at `u`. [µs]"""
        return self.value

    def sample(self, rng: np.random.Generator, n: int) -> NDArray[np.int64]:
        """`n` draws, (n,). [µs]"""
        return np.full(n, self.value, dtype=np.int64)


class Uniform(Model):
    """Anywhere between `low` and `high`, equally likely."""

    law: Literal["uniform"] = "uniform"
    low: DurationField
    high: DurationField

    @model_validator(mode="after")
    def _ordered(self) -> Uniform:
        if self.low > self.high:
            raise ValueError("low must not exceed high")
        return self

    def at(self, u: float) -> Duration:
        """The quantile at `u`. [µs]"""
        return self.low + round(u * (self.high - self.low))

    def sample(self, rng: np.random.Generator, n: int) -> NDArray[np.int64]:
        """`n` draws, (n,). [µs]"""
        return np.rint(self.low + rng.random(n) * (self.high - self.low)).astype(np.int64)


class Exponential(Model):
    """Without memory, with the given mean: intervals of a Poisson process."""

    law: Literal["exponential"] = "exponential"
    mean: DurationField

    def at(self, u: float) -> Duration:
        """The quantile at `u`. [µs]"""
        return round(-self.mean * log(max(1.0 - u, _TINY)))

    def sample(self, rng: np.random.Generator, n: int) -> NDArray[np.int64]:
        """`n` draws, (n,). [µs]"""
        return np.rint(rng.standard_exponential(n) * self.mean).astype(np.int64)


class LogNormal(Model):
    """Log-normal with the given median; `sigma` is the standard deviation of the logarithm."""

    law: Literal["lognormal"] = "lognormal"
    median: DurationField
    sigma: Annotated[float, Field(ge=0, le=4)]
    most: DurationField | None = None
    """Draws above this are cut to it."""

    def at(self, u: float) -> Duration:
        """The quantile at `u`. [µs]"""
        value = round(self.median * exp(self.sigma * _NORMAL.inv_cdf(min(max(u, _TINY), 1 - _TINY))))
        return value if self.most is None else min(value, self.most)

    def sample(self, rng: np.random.Generator, n: int) -> NDArray[np.int64]:
        """`n` draws, (n,). [µs]"""
        values: NDArray[np.float64] = np.rint(self.median * np.exp(self.sigma * rng.standard_normal(n)))
        return np.minimum(values, self.most or 2**53).astype(np.int64)


class Triangular(Model):
    """Between `low` and `high`, most likely `mode`."""

    law: Literal["triangular"] = "triangular"
    low: DurationField
    mode: DurationField
    high: DurationField

    @model_validator(mode="after")
    def _ordered(self) -> Triangular:
        if not self.low <= self.mode <= self.high or self.low == self.high:
            raise ValueError("low, mode and high must be in this order, and low below high")
        return self

    def at(self, u: float) -> Duration:
        """The quantile at `u`. [µs]"""
        width, left = self.high - self.low, self.mode - self.low
        if u * width < left:
            return round(self.low + sqrt(u * width * left))
        return round(self.high - sqrt((1 - u) * width * (self.high - self.mode)))

    def sample(self, rng: np.random.Generator, n: int) -> NDArray[np.int64]:
        """`n` draws, (n,). [µs]"""
        return np.rint(rng.triangular(self.low, self.mode, self.high, n)).astype(np.int64)


class Rarely(Model):
    """Usually `usual`; with probability `chance` exactly `rare` instead."""

    law: Literal["rarely"] = "rarely"
    usual: DurationLaw
    rare: DurationField
    chance: Annotated[float, Field(ge=0, le=1)]

    def at(self, u: float) -> Duration:
        """The quantile at `u`, by composition: the top `chance` of the unit interval is the rare case. [µs]"""
        if u >= 1 - self.chance:
            return self.rare
        return self.usual.at(u / (1 - self.chance))

    def sample(self, rng: np.random.Generator, n: int) -> NDArray[np.int64]:
        """`n` draws, (n,). [µs]"""
        return np.array([self.at(u) for u in rng.random(n)], dtype=np.int64)


Law = Fixed | Uniform | Exponential | LogNormal | Triangular | Rarely


def _read_law(value: Any) -> Any:
    """Let a plain duration stand for the fixed law."""
    if isinstance(value, str | int | float):
        read_duration(value)  # complains in the words of durations
        return {"law": "fixed", "value": value}
    return value


DurationLaw = Annotated[
    Annotated[Law, Field(discriminator="law")],
    BeforeValidator(_read_law),
]
"""A law of durations in a file: `"30 s"`, or a table such as `{law = "exponential", mean = "30 s"}`."""

Rarely.model_rebuild()


def fixed(duration: Duration) -> Fixed:
    """The law that always gives `duration`."""
    return Fixed.model_construct(law="fixed", value=duration)


def lognormal(median: Duration, sigma: float, most: Duration | None = None) -> LogNormal:
    """The log-normal law with this median [µs] and log-deviation."""
    return LogNormal.model_construct(law="lognormal", median=median, sigma=sigma, most=most)


def uniform(low: Duration, high: Duration) -> Uniform:
    """The uniform law from `low` to `high`. [µs]"""
    return Uniform.model_construct(law="uniform", low=low, high=high)


def exponential(mean: Duration) -> Exponential:
    """The exponential law with this mean. [µs]"""
    return Exponential.model_construct(law="exponential", mean=mean)


def triangular(low: Duration, mode: Duration, high: Duration) -> Triangular:
    """The triangular law. [µs]"""
    return Triangular.model_construct(law="triangular", low=low, mode=mode, high=high)
