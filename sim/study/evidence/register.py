"""All checks, in the order of the table."""

from __future__ import annotations

from functools import cache

from sim.study.evidence import anchors, captures, daemons, drives, leaks, mobility, protocols, radio
from sim.study.evidence.checks import Check

FIELDS = (radio, mobility, drives, captures, leaks, anchors, protocols, daemons)
"""One module for each field of evidence; each has its CHECKS."""


@cache
def checks() -> dict[str, Check]:
    """Id → check.

    Raises
    ------
    ValueError
        If two have one id.
    """
    every = [check for field in FIELDS for check in field.CHECKS]
    found = {check.id: check for check in every}
    if len(found) != len(every):
        ids = [check.id for check in every]
        raise ValueError(f"two checks have one id: {', '.join(sorted({i for i in ids if ids.count(i) > 1}))}")
    return found
