"""Leak mechanisms: what the published accounts say must happen, and must not."""

from __future__ import annotations

from sim.study.evidence.checks import Check, Kind
from sim.study.evidence.played import Claims, Said


def _claims(id_: str, what: str, source: str, where: str, scenario: str, *said: Said, note: str = "") -> Check:
    """A check that is a set of claims about a shipped scenario."""
    claims, mechanism = Claims(scenario, said), id_.split("-")[0]
    return Check(id_, what, Kind.ORDERING, source, where, claims, note, (mechanism,), scenario)


CHECKS: tuple[Check, ...] = (
    _claims(
        "L01-1",
        "connect first, then open apps: no app's socket is outside",
        "proton-2020",
        "new connections are unaffected",
        "legacy-apps-first",
        Said("connect-first:exposure.by_owner.app.bytes == 0"),
        Said("connect-first:exposure.by_owner.app.flows == 0"),
    ),
)
