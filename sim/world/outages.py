"""Coverage holes by law: what was measured while walking and driving, and what a lift, a tunnel, a metro may be like.

The measured laws are fits to seconds without throughput in public traces: mostly a second long, with a tail beyond
ten.

# MODEL: holes begin independently of each other (Poisson); on a real road they come in clusters, at the same places.
# Bias: too few spells in which a tunnel is hit again before it has recovered.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, model_validator

from sim.base.citing import ASSUMED, MEASURED, Cited, Model
from sim.base.laws import DurationLaw, exponential, fixed, triangular
from sim.base.units import MILLISECOND, SECOND, Share


class Outages(Model):
    """Coverage holes: the interface keeps its address and carries nothing."""

    per_hour: Annotated[float, Field(ge=0, le=3600)] = 0.0
    """How many begin per hour of time without one (Poisson)."""
    length: DurationLaw = fixed(SECOND)
    long_share: Share = 0.0
    """Share of the outages that follow `long_length` instead."""
    long_length: DurationLaw = fixed(8 * SECOND)

    @model_validator(mode="before")
    @classmethod
    def _by_name(cls, values: Any) -> Any:
        """A name stands for a law of :data:`OUTAGES`."""
        if not isinstance(values, str):
            return values
        if values not in OUTAGES:
            raise ValueError(f"unknown law of outages {values!r}; there is: {', '.join(OUTAGES)}")
        return dict(OUTAGES[values][0])


def _measured(mode: str, per_hour: float, usual_ms: int, long_share: float, long_s: int) -> tuple[Outages, Cited]:
    """A sum of two exponentials."""
    law = Outages.model_construct(
        per_hour=per_hour,
        length=exponential(usual_ms * MILLISECOND),
        long_share=long_share,
        long_length=exponential(long_s * SECOND),
    )
    note = "one city, one year: a sweep should try half and twice as many, and as long"
    return law, Cited(
        "lumos5g", f"{mode}: seconds without throughput; the fit is ours", MEASURED, "half", "twice", note
    )


def _assumed(what: str, per_hour: float, low: int, mode: int, high: int) -> tuple[Outages, Cited]:
    law = Outages.model_construct(
        per_hour=per_hour,
        length=triangular(low * SECOND, mode * SECOND, high * SECOND),
        long_share=0.0,
        long_length=fixed(8 * SECOND),
    )
    return law, Cited("judgement", what, ASSUMED, "half", "twice", "no distribution was found")


OUTAGES: dict[str, tuple[Outages, Cited]] = {
    "walking-4g": _measured("4G walking", 12.1, 1200, 0.15, 9),
    "driving-4g": _measured("4G driving", 22.4, 1000, 0.30, 8),
    "walking-5g": _measured("5G walking", 43.1, 1300, 0.10, 9),
    "driving-5g": _measured("5G driving", 45.0, 1300, 0.08, 6),
    "lifts": _assumed("total loss in a lift and until registered again; six rides an hour", 6.0, 15, 30, 90),
    "road-tunnels": _assumed("twelve tunnels an hour", 12.0, 5, 20, 120),
    "rail-tunnels": _assumed("twelve tunnels an hour", 12.0, 5, 40, 300),
    "metro": _assumed("between stations without coverage; stops of 25 s", 144.0, 45, 90, 150),
}
"""Name → the law, and where it comes from."""
