"""Factors: what a sweep varies beside its arms, and what each number between 0 and 1 means for one of them.

A factor is a key of the scenario with the values that it may take: a list, a range of one's own, or the cited range of
a parameter. Of a parameter that is a law of chance, the range is that of its centre; the law keeps its shape.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import exp, isfinite, log
from typing import Any, NamedTuple, Protocol

from sim.base.citing import ASSUMED
from sim.base.units import SECOND, read_duration, read_size
from sim.world.cited import Place, of_scenario
from sim.world.loading import ScenarioError, did_you_mean

EVERY = "*"
"""Stands for all assumed parameters."""
CITED = "cited"
"""Stands for the cited range of a parameter, or of all assumed ones below a key."""
WIDE = 10.0
"""A cited range whose ends are this many times apart is gone through by its logarithm: each decade counts the same."""


class Choice(NamedTuple):
    """One value of a factor."""

    value: Any
    """As a scenario file says it."""
    shown: Any
    """As a table shows it: a plain number where there is one."""


class Values(Protocol):
    """What a factor may be."""

    def at(self, u: float) -> Choice:
        """The value at a number from 0 to 1, both included."""

    def levels(self, count: int) -> list[Choice]:
        """So many of them, evenly spaced; of a list, all."""


class Factor(NamedTuple):
    """A key and its values."""

    key: str
    column: str
    """Its name in tables: with the unit of its numbers."""
    values: Values


class Listed(NamedTuple):
    """One of some values."""

    choices: tuple[Choice, ...]

    def at(self, u: float) -> Choice:
        """Each has an equal part."""
        return self.choices[min(int(u * len(self.choices)), len(self.choices) - 1)]

    def levels(self, count: int) -> list[Choice]:
        """All."""
        return list(self.choices)


class Ranged(NamedTuple):
    """Anything in a range."""

    low: float
    high: float
    unit: str
    """ "s" and "bytes" are written with their units; "" is a plain number."""
    whole: bool = False
    by_logarithm: bool = False
    law: Mapping[str, Any] | None = None
    """The law whose centre this is."""

    def at(self, u: float) -> Choice:
        """Evenly, or evenly in the logarithm."""
        if self.by_logarithm:
            value = exp(log(self.low) + u * (log(self.high) - log(self.low)))
        else:
            value = self.low + u * (self.high - self.low)
        if self.unit == "s":
            micros = round(value * SECOND)
            text = f"{micros} us"
            if self.law is not None:
                return Choice(moved(self.law, micros / (_centre(self.law) or 1)), micros / SECOND)
            return Choice(text, micros / SECOND)
        if self.unit == "bytes":
            return Choice(f"{round(value)} B", round(value))
        return Choice(round(value), round(value)) if self.whole else Choice(value, value)

    def levels(self, count: int) -> list[Choice]:
        """From one end to the other."""
        return [self.at(k / (count - 1)) for k in range(count)]


def read_factors(over: Mapping[str, Any], file: str) -> list[Factor]:
    """What an experiment's `factors.over` means.

    Parameters
    ----------
    over : key → list of values, table with `low`, `high` and perhaps `log`, or "cited". A key that ends in the middle
        of paths means all assumed parameters below it, and "*" all there are

    Raises
    ------
    ScenarioError
    """
    found: dict[str, Factor] = {}
    for key, said in over.items():
        where = f"factors.over.{key}"
        if said == CITED:
            found |= {factor.key: factor for factor in _cited(key, file, where)}
        elif isinstance(said, list):
            if len(said) < 1:
                raise ScenarioError(file, where, "an empty list")
            found[key] = listed(key, said)
        elif isinstance(said, dict):
            found[key] = _ranged(key, said, file, where)
        else:
            raise ScenarioError(file, where, f'found {said!r}; expected a list, {{ low = …, high = … }}, or "cited"')
    return list(found.values())


def listed(key: str, values: Sequence[Any]) -> Factor:
    """A factor that takes some values; durations and sizes are shown as numbers."""
    for unit, read in (("s", lambda text: read_duration(text) / SECOND), ("bytes", read_size)):
        try:
            return Factor(key, f"{key}_{unit}", Listed(tuple(Choice(v, read(v)) for v in values)))
        except ValueError:
            continue
    plain = all(isinstance(v, bool | int | float | str) for v in values)
    return Factor(key, key, Listed(tuple(Choice(v, v if plain else str(v)) for v in values)))


def _ranged(key: str, said: Mapping[str, Any], file: str, where: str) -> Factor:
    if not {"low", "high"} <= said.keys() <= {"low", "high", "log"}:
        raise ScenarioError(file, where, f"found the keys {', '.join(said)}; expected low, high, and perhaps log")
    try:
        (low, unit), (high, other) = _number(said["low"]), _number(said["high"])
    except ValueError as error:
        raise ScenarioError(file, where, str(error)) from None
    by_logarithm = said.get("log", False)
    if not (isfinite(low) and isfinite(high)):
        raise ScenarioError(file, where, "low and high must be finite numbers")
    if unit != other or not low < high or not isinstance(by_logarithm, bool) or (by_logarithm and low <= 0):
        raise ScenarioError(
            file, where, "low must be below high, both of one kind; with log = true, low must be above zero"
        )
    whole = isinstance(said["low"], int) and isinstance(said["high"], int)
    return Factor(key, f"{key}_{unit}" if unit else key, Ranged(low, high, unit, whole, by_logarithm))


def _number(said: Any) -> tuple[float, str]:
    """A number, and whether it is one of seconds or bytes.

    Raises
    ------
    ValueError
    """
    if isinstance(said, int | float) and not isinstance(said, bool):
        return float(said), ""
    try:
        return read_duration(said) / SECOND, "s"
    except ValueError:
        pass
    try:
        return float(read_size(said)), "bytes"
    except ValueError:
        raise ValueError(f"found {said!r}; expected a number, a duration or a size") from None


# Cited ranges ---------------------------------------------------------------------------------------------------------


def _cited(key: str, file: str, where: str) -> list[Factor]:
    places = list(of_scenario())
    exact = [p for p in places if p.path == key]
    below = [p for p in places if p.cited.confidence is ASSUMED and (key == EVERY or p.path.startswith(f"{key}."))]
    if not exact and not below:
        hint = did_you_mean(key, [p.path for p in places]) or "leakwindow parameters --assumed lists them."
        raise ScenarioError(file, where, "there is no cited parameter of this name, and no assumed one below it", hint)
    found = [factor for place in exact or below if (factor := cited_factor(place)) is not None]
    if not found:
        raise ScenarioError(file, where, "it has no range of numbers", "Name its values in a list.")
    return found


def cited_factor(place: Place) -> Factor | None:
    """A parameter over its cited range; None if that is no range of numbers."""
    said = place.said
    if isinstance(said, bool):
        return Factor(place.path, place.path, Listed((Choice(False, False), Choice(True, True))))
    try:
        (low, unit), (high, _) = _end(place.cited.low), _end(place.cited.high)
    except ValueError:
        return None
    if isinstance(said, list):
        return None  # a curve: it has no single number
    law = said if isinstance(said, dict) else None
    if isinstance(said, str) and not unit:
        return None  # a version or a name
    if not low < high or (law is not None and (unit != "s" or _centre(law) is None)):
        return None
    whole = isinstance(said, int)
    by_logarithm = low > 0 and high / low >= WIDE and not whole
    return Factor(
        place.path, f"{place.path}_{unit}" if unit else place.path, Ranged(low, high, unit, whole, by_logarithm, law)
    )


def _end(text: str) -> tuple[float, str]:
    """An end of a cited range: "0.3 nJ/B" is a number whose unit its key says."""
    try:
        return _number(text)
    except ValueError:
        return float(text.split()[0]) if text else float("nan"), ""


def _centre(law: Mapping[str, Any]) -> int | None:
    """Where a law has its middle. [µs]"""
    for name in ("median", "mean", "mode", "value"):
        if isinstance(law.get(name), str):
            return read_duration(law[name])
    if isinstance(law.get("low"), str):
        return (read_duration(law["low"]) + read_duration(law["high"])) // 2
    return None


def moved(law: Mapping[str, Any], share: float) -> dict[str, Any]:
    """The law with all its durations longer or shorter by a share."""

    def grown(value: Any) -> Any:
        return f"{round(read_duration(value) * share)} us" if isinstance(value, str) else value

    return {k: v if k == "law" else grown(v) for k, v in law.items() if v is not None}
