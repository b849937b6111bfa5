"""What a check of the evidence is: a published result, and how the model's own is found and compared with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple


class Kind(StrEnum):
    """What a check compares the model with, strongest first."""

    MEASURED = "measured elsewhere"
    """A figure that somebody measured and that is not among the inputs."""
    PROGRAM = "another program"
    """What another program says of the same input."""
    FITTED = "fitted"
    """Inputs were fitted to the same data: only shape and implementation are tested."""
    CLOSED_FORM = "closed form"
    """A consequence of published parameters, by arithmetic: tests integrator and state machine."""
    ORDERING = "ordering"
    """What must be more than what, or must not happen at all, on common days."""


class Comparison(NamedTuple):
    """One published number, or statement, beside the model's."""

    what: str
    published: str
    """With its unit."""
    simulated: str
    """With its unit, and with its interval where it has one."""
    ratio: float | None
    """Simulated over published."""
    holds: bool
    why: str = ""
    """The mechanism of a difference: always when it does not hold, and where the difference is worth knowing."""


class Skipped(Exception):  # noqa: N818 - not an error: what is not shipped may be absent
    """A check cannot run here; the text says what is missing and where to get it."""


class Given(NamedTuple):
    """What a check may use beyond the model and the shipped files."""

    data: Path | None = None
    """A folder with the public data sets, which are not ours to ship."""

    def file(self, name: str) -> Path:
        """A file of the public data sets.

        Raises
        ------
        Skipped
            If it is not there.
        """
        if self.data is None:
            raise Skipped(f"needs {name} of the public data sets: leakwindow evidence --data DIR")
        path = self.data / name
        if not path.is_file():
            raise Skipped(f"needs {path}, which is not there")
        return path


class Check(NamedTuple):
    """A published result and how to find it in the model."""

    id: str
    """Stable: `A3`, `L01-1`, `P-c`."""
    what: str
    """One line for people."""
    kind: Kind
    source: str
    """A key of :data:`sim.base.sources.SOURCES`."""
    where: str
    """The place inside the source."""
    examine: Callable[[Given], Sequence[Comparison]]
    """Runs the model. Must not depend on anything but the model, the shipped files and what is given."""
    note: str = ""
    """What limits its worth: a figure from memory, inputs fitted to it, another platform."""
    mechanisms: tuple[str, ...] = ()
    """Leak mechanisms that it covers: `L01`, or `iOS 7`."""
    scenario: str = ""
    """Name of the shipped scenario that it plays, if it plays one."""


class Interval(NamedTuple):
    """An estimate with its interval: of 95 % confidence, unless whoever made it says otherwise."""

    mean: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.mean:.4g} [{self.low:.4g}, {self.high:.4g}]"


@dataclass(frozen=True)
class Tolerance:
    """How far off a number may be: the larger of both."""

    relative: float = 0.0
    absolute: float = 0.0

    def allows(self, published: float, simulated: float) -> bool:
        """Whether `simulated` is near enough."""
        return abs(simulated - published) <= max(self.relative * abs(published), self.absolute) * (1 + 1e-9)

    def __str__(self) -> str:
        parts = [f"{100 * self.relative:g} %"] if self.relative else []
        parts += [f"{self.absolute:g}"] if self.absolute else []
        return "± " + " or ".join(parts or ["0"])


def near(
    what: str,
    published: float,
    simulated: float | Interval,
    unit: str = "",
    *,
    relative: float = 0.0,
    absolute: float = 0.0,
    why: str = "",
) -> Comparison:
    """A number beside the published one.

    Parameters
    ----------
    published, simulated : in the same `unit`
    relative, absolute : how far off it may be; the larger of both counts
    why : the mechanism of a difference that is known
    """
    allowed = Tolerance(relative, absolute)
    mean, shown = _read(simulated, unit)
    ratio = mean / published if published else None
    said = f"{published:g}{f' {unit}' if unit else ''} {allowed}"
    return Comparison(what, said, shown, ratio, allowed.allows(published, mean), why)


def within(
    what: str, low: float, high: float, simulated: float | Interval, unit: str = "", *, why: str = ""
) -> Comparison:
    """A number that must lie in a published range."""
    mean, shown = _read(simulated, unit)
    said = f"{low:.4g} to {high:.4g}{f' {unit}' if unit else ''}"
    return Comparison(what, said, shown, None, bool(low <= mean <= high), why)


def _read(simulated: float | Interval, unit: str) -> tuple[float, str]:
    """The number, and how it is shown."""
    mean, shown = (
        (simulated.mean, str(simulated)) if isinstance(simulated, Interval) else (float(simulated), f"{simulated:.5g}")
    )
    return mean, f"{shown} {unit}" if unit else shown


def interval(values: Sequence[float]) -> Interval:
    """Mean of independent values, with Student's 95 % interval.

    Parameters
    ----------
    values : at least one; the interval of a single value is that value
    """
    n = len(values)
    mean = sum(values) / n
    if n == 1:
        return Interval(mean, mean, mean)
    from scipy.special import stdtrit  # heavy, and only needed here

    deviation = (sum((v - mean) ** 2 for v in values) / (n - 1)) ** 0.5
    half = float(stdtrit(n - 1, 0.975)) * deviation / n**0.5
    return Interval(mean, mean - half, mean + half)
