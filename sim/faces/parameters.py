"""Every parameter with its default, unit, range and source, read from the models themselves.

There is no second list to keep: what is walked here is what a scenario file is validated into.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from typing import Any, NamedTuple, cast, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from sim.base.citing import ASSUMED, Cited, Parameters
from sim.base.sources import SOURCES
from sim.machines.ios.implementations import IMPLEMENTATIONS
from sim.machines.protocols import PROTOCOLS
from sim.machines.radio import CITED, RADIOS
from sim.machines.radio.handover import Rat
from sim.world.cited import Place, cited_of, models, of_scenario
from sim.world.outages import OUTAGES, Outages
from sim.world.scenario import Scenario, Vpn


@dataclass(frozen=True)
class Parameter:
    """One number, with where it comes from."""

    path: str
    """Its key path in a scenario file; for a value of a named set, the set's name and the value's."""
    default: str
    unit: str
    cited: Cited

    @property
    def value(self) -> str:
        """The default with its unit."""
        return f"{self.default} {self.unit}" if self.unit in _SUFFIXES.values() else self.default

    @property
    def range(self) -> str:
        """Where it may lie, as text; "" for what a standard fixes."""
        return f"{self.cited.low} to {self.cited.high}" if self.cited.low else ""

    @property
    def source(self) -> str:
        """Title of its document, and where in it."""
        return f"{SOURCES[self.cited.source].title}, {self.cited.where}"


def walk() -> list[Parameter]:
    """All cited parameters: those of a scenario by their key paths, then those of the named sets."""
    return [_parameter(place) for place in _places()]


def _parameter(place: Place) -> Parameter:
    return Parameter(place.path, *_shown(place), place.cited)


def _places() -> list[Place]:
    return [*of_scenario(), *_of_radios(), *_of_implementations(), *_of_outages()]


def uncited() -> list[str]:
    """Fields of parameter models that have no source: there must be none."""
    return [
        f"{model.__name__}.{name}"
        for model in sorted({m for m, _ in models(Scenario, "")}, key=lambda m: m.__name__)
        if issubclass(model, Parameters)
        for name, field in model.model_fields.items()
        if cited_of(field) is None and not _is_table(field)
    ]


def _is_table(field: FieldInfo) -> bool:
    """Whether it holds parameters itself."""
    return isinstance(field.annotation, type) and issubclass(field.annotation, Parameters)


def used_in(scenario: Scenario) -> list[Parameter]:
    """The parameters that this scenario rests on.

    Those of other protocols, other radios and an inactive monitor do not count, nor those to which the scenario gives a
    value of its own.
    """
    return [_parameter(place) for place in _used_in(scenario)]


def _used_in(scenario: Scenario) -> list[Place]:
    unused = [*(f"vpn.{p}." for p in PROTOCOLS if p != scenario.vpn.protocol)]
    if not scenario.vpn.client.monitor.active:
        unused.append("vpn.client.monitor.")
    rats = {scenario.rat(stay) for stay in scenario.stays}
    unused += [
        f"cellular.handover.{what}_{rat}" for what in ("spacing", "interruption") for rat in Rat if rat not in rats
    ]
    others = tuple(unused)
    laws = [name for name, (law, _) in OUTAGES.items() if any(stay.outages == law for stay in scenario.stays)]
    radios = (scenario.cellular.radio, scenario.device.wifi_radio)
    sets = tuple(f"{name}: " for name in (*radios, scenario.vpn.client.implementation, *laws))
    return [
        p
        for p in _places()
        if not p.path.startswith(others)
        and (p.path.startswith(sets) if ": " in p.path else _value_in(scenario, p.path) == p.value)
    ]


class Basis(NamedTuple):
    """What the numbers of some scenarios rest on."""

    assumed: int
    parameters: int

    def __str__(self) -> str:
        return f"{self.assumed} assumed of {self.parameters} parameters"


def basis_of(*scenarios: Scenario) -> Basis:
    """How many of the parameters that these scenarios use are assumed, and how many there are."""
    used = {p.path: p for scenario in scenarios for p in _used_in(scenario)}
    return Basis(sum(p.cited.confidence is ASSUMED for p in used.values()), len(used))


def _value_in(scenario: Scenario, path: str) -> Any:
    return reduce(getattr, path.split("."), scenario)


def _shown(place: Place) -> tuple[str, str]:
    """The value as a file would say it, and its unit."""
    return write(place.said), _unit(place)


def write(said: Any) -> str:
    """A default in short: a law as "lognormal, median 1 s, sigma 0.5"."""
    if isinstance(said, dict) and "law" in said:
        parts = [f"{k.replace('_', ' ')} {write(v)}" for k, v in said.items() if k != "law" and v is not None]
        return str(parts[0].removeprefix("value ")) if said["law"] == "fixed" else ", ".join([said["law"], *parts])
    if isinstance(said, bool):
        return "yes" if said else "no"
    if isinstance(said, float):
        return f"{said:g}"
    if isinstance(said, list):
        return ", ".join(write(v) for v in said) or "none"
    return "none" if said is None else said if isinstance(said, str) else json.dumps(said)


_SUFFIXES = {
    "mw": "mW", "w": "W", "uw": "µW", "nj": "nJ", "uj": "µJ", "mj": "mJ", "j": "J", "wh": "Wh", "mbps": "Mbit/s",
    "dbm": "dBm", "bytes": "bytes", "percent": "%",
}  # fmt: skip


def _unit(place: Place) -> str:
    said, name = place.said, place.name
    if isinstance(said, dict):
        return "law of time"
    if isinstance(said, bool):
        return "yes/no"
    if "duration" in place.titles:
        return "time"
    if "size" in place.titles:
        return "size"
    if get_args(place.field.annotation) and isinstance(said, str):
        return "choice"
    suffix = next((_SUFFIXES[part] for part in reversed(name.split("_")) if part in _SUFFIXES), "")
    if suffix:
        return suffix
    return (
        "share"
        if isinstance(said, float) and 0 <= said <= 1
        else "number"
        if isinstance(said, int | float)
        else "choice"
    )


def _of_radios() -> Iterator[Place]:
    """Values of the named sets: their own source where they have one, else that of their class."""
    for set_name, radio in RADIOS.items():
        for name, field in type(radio).model_fields.items():
            cited = CITED.get(set_name, {}).get(name) or cited_of(field)
            if cited is not None:
                yield Place(f"{set_name}: {name}", type(radio), name, field, cited, getattr(radio, name))


def _of_outages() -> Iterator[Place]:
    """Values of the named laws of outages."""
    for law_name, (law, cited) in OUTAGES.items():
        for name, field in Outages.model_fields.items():
            if name != "long_length" or law.long_share:
                yield Place(f"{law_name}: {name}", Outages, name, field, cited, getattr(law, name))


def _of_implementations() -> Iterator[Place]:
    """Values of the named client implementations, each with the source that says so of this program."""
    for name, found in IMPLEMENTATIONS.items():
        for key, (value, cited) in found.values.items():
            *parents, last = key.split(".")
            owner: type[BaseModel] = Vpn
            for parent in parents:
                owner = cast("type[BaseModel]", owner.model_fields[parent].annotation)
            said = getattr(owner.model_validate({last: value}), last)
            yield Place(f"{name}: {key}", owner, last, owner.model_fields[last], cited, said)


def markdown() -> str:
    """The generated reference page."""
    parameters = walk()
    lines = [
        "# Parameters",
        "",
        "<!-- Generated by `python -m docs.generate` from the models. Do not edit. -->",
        "",
        "Every number of the model that a reader might vary, with its range and where it comes from. A section is a",
        'table of a scenario file: `rekey_after_time = "120 s"` below `[vpn.wireguard]` sets that one, as does',
        '`--set vpn.wireguard.rekey_after_time="120 s"`. Values of the radios come as named sets, chosen with',
        "`cellular.radio` and `device.wifi_radio`; those of real VPN programs, with `vpn.client`; laws of outages,",
        "with `outages` of a stay.",
        "",
        "- **specified**: a standard, a platform's schema or the program's own source code fixes it.",
        "- **measured**: a paper, a published log or a laboratory measured it.",
        "- **reported**: a vendor, a forum or one observer says so.",
        "- **assumed**: nobody measured it; our judgement, with the range in which it may lie.",
        "- ★: nobody knows it well, and leaks depend on it much. `leakwindow sensitivity SCENARIO --starred` varies",
        "  these; [what came out](../background/evidence.md#what-nobody-knows).",
        "",
    ]
    counts = {
        c: sum(p.cited.confidence is c for p in parameters)
        for c in dict.fromkeys(p.cited.confidence for p in parameters)
    }
    lines += [f"{len(parameters)} parameters: " + ", ".join(f"{n} {c}" for c, n in sorted(counts.items())) + ".", ""]
    for section, members in _sections(parameters).items():
        lines += [
            f"## {section}",
            "",
            "| name | default | unit | range | confidence | source |",
            "|---|---|---|---|---|---|",
        ]
        lines += [_row(p) for p in members]
        lines.append("")
    return "\n".join([*lines, *_bibliography(parameters)]) + "\n"


def _sections(parameters: list[Parameter]) -> dict[str, list[Parameter]]:
    found: dict[str, list[Parameter]] = {}
    for p in parameters:
        name, of_a_set, _ = p.path.partition(": ")
        kind = "Client" if name in IMPLEMENTATIONS else "Outages" if name in OUTAGES else "Radio"
        section = f"{kind} {name}" if of_a_set else f"`[{p.path.rsplit('.', 1)[0]}]`"
        found.setdefault(section, []).append(p)
    return found


def _row(p: Parameter) -> str:
    _, of_a_set, rest = p.path.partition(": ")
    name = rest if of_a_set else p.path.rsplit(".", 1)[-1]
    source = f"[{_cell(p.cited.source)}](#{p.cited.source}) {_cell(p.cited.where)}"
    note = f"; {_cell(p.cited.note)}" if p.cited.note else ""
    star = " ★" if p.cited.starred else ""
    return (
        f"| `{name}`{star} | {_cell(p.default)} | {p.unit} | {_cell(p.range)} | {p.cited.confidence} | {source}{note} |"
    )


def _cell(words: str) -> str:
    return words.replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")


def _bibliography(parameters: list[Parameter]) -> list[str]:
    lines = ["## Sources", ""]
    for key in sorted({p.cited.source for p in parameters}):
        source = SOURCES[key]
        year = f", {source.year}" if source.year else ""
        note = f" {source.note}" if source.note else ""
        what = f"{source.author}{year}. *{source.title}*. {source.where} (seen {source.seen}).{note}"
        lines.append(f'- <a id="{key}"></a>**{key}**: {what}')
    return lines
