"""Cited parameters: a default stands together with its unit, its range and where it comes from.

A number without a source is not a parameter. The generated page ``docs/reference/parameters.md`` and the sensitivity
ranges are read from these annotations, so there is no second list to keep.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from pydantic import BaseModel, ConfigDict


class Confidence(StrEnum):
    """How well a default is known."""

    SPECIFIED = "specified"
    """A standard, a platform's schema or the program's own source code fixes it."""
    MEASURED = "measured"
    """A paper, a published log or a laboratory measured it."""
    REPORTED = "reported"
    """A vendor, a forum or one observer says so."""
    ASSUMED = "assumed"
    """Nobody measured it: our judgement, with the range in which it may lie."""


SPECIFIED, MEASURED, REPORTED, ASSUMED = Confidence


@dataclass(frozen=True, slots=True)
class Cited:
    """Where a default comes from.

    Parameters
    ----------
    source : a key of :data:`sim.base.sources.SOURCES`
    where : the place inside the source: a section, a table, a constant's name, a fact id
    confidence : how well it is known
    low, high : the range in which the value may lie, as text with its unit; needed unless SPECIFIED
    note : one sentence, if the source needs one
    starred : nobody knows it, and leaks depend on it much: every study should vary it
    """

    source: str
    where: str
    confidence: Confidence
    low: str = ""
    high: str = ""
    note: str = ""
    starred: bool = False

    def __post_init__(self) -> None:
        if self.confidence is not SPECIFIED and not (self.low and self.high):
            raise ValueError(f"{self.source} {self.where}: a {self.confidence} value needs its range")
        if self.starred and self.confidence is SPECIFIED:
            raise ValueError(f"{self.source} {self.where}: what a standard fixes is not unknown")


class Model(BaseModel):
    """Base of everything that a scenario file may contain: frozen, and unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=False, strict=True, allow_inf_nan=False)


class Parameters(Model):
    """Base of a machine's parameters. Every field carries :class:`Cited`."""
