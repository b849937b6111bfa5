"""Expectations: what must hold in a scenario, so that a scenario is also a test.

An expectation compares numbers of the run's document (:meth:`sim.measure.summary.Summary.as_dict`), of the scenario as
it stands or of one of its policies::

    exposure.seconds >= 90 % * intent_s
    sealed:exposure.bytes <= connect-first:exposure.bytes < exposure.bytes
    ikev2:reconnects.WifiLost.delay_s < openvpn:reconnects.WifiLost.delay_s
    exposure.first_s > 11 min

Theory of operation. A text is a chain of sums with a relation between each two of them: ``<``, ``<=``, ``==``, ``>=``,
``>``, or ``~`` (no further apart than a tenth of the larger one). A sum adds or subtracts products of numbers and keys.
A number may carry a unit (times become seconds, sizes bytes, ``90 %`` is 0.9). A key is a path into the document, after
``policy:`` if a policy is meant. Of a list (``reconnects``, ``windows``) the key is ``count``, or a field, which is
added up; of the reconnects an event may stand before it, to count only those that it caused.

A part that has no entry because nothing happened (``exposure.by_cause.L06.bytes``) is 0. A value that does not exist
(the instant of the first leak, when nothing leaked) makes every comparison with it fail. Everything else that is
missing is a mistake of the file.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from math import isclose, isnan, nan, prod
from pathlib import Path
from typing import Any, NamedTuple

from sim.base.units import SECOND, read_duration, read_size
from sim.engine.simulate import simulate
from sim.machines import events
from sim.machines.machine import Event
from sim.machines.routing import Cause, Reason
from sim.measure.summary import summarise
from sim.world.loading import ScenarioError, did_you_mean, load
from sim.world.scenario import Expectation

NEAR = 0.1
"""How far apart the sides of ``~`` may be, as a share of the larger one."""
_RELATIVE = 1e-9  # two sums of the same parts may differ by rounding
_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>%|[A-Za-zµ]+)?(?![\w.:%])"
    r"|(?:(?P<policy>[A-Za-z][\w-]*):)?(?P<path>[A-Za-z_]\w*(?:\.[\w-]+)*)"
    r"|(?P<sign><=|>=|==|[<>~+*-]))"
)
_RELATIONS = ("<", "<=", "==", ">=", ">", "~")
_PARTS = ("seconds", "flows", "bytes", "packets")
_SPARSE: Mapping[tuple[str, ...], tuple[str, ...]] = {
    ("exposure", "by_cause"): tuple(sorted({cause.value.split()[0] for cause in Cause})),
    ("exposure", "by_kind"): tuple("abcd"),
    ("bypassed", "by_reason"): tuple(Reason),
}
"""Tables of the document that hold an entry only for what happened, and all entries that they may hold."""
_FIELDS: Mapping[str, tuple[str, ...]] = {
    "reconnects": ("at_s", "delay_s"),
    "leak_checks": ("at_s",),
    "disclosures": ("at_s", "addresses"),
    "windows": ("begin_s", "end_s", "flows", "bytes"),
    "sealing_cost": (),
}
"""Lists of the document, and the numbers in each entry. An empty list must not hide a misspelt field."""
_EVENTS = tuple(sorted(n for n, c in vars(events).items() if isinstance(c, type) and issubclass(c, Event)))


# What an expectation says ---------------------------------------------------------------------------------------------


class Number(NamedTuple):
    """A number of the file."""

    value: float
    """In seconds, bytes or without a unit."""
    text: str

    def __str__(self) -> str:
        return self.text


class Key(NamedTuple):
    """A number of a run's document."""

    policy: str | None
    """None: the scenario as it stands."""
    path: tuple[str, ...]

    def __str__(self) -> str:
        return (f"{self.policy}:" if self.policy else "") + ".".join(self.path)


Atom = Number | Key
Product = tuple[Atom, ...]


class Sum(NamedTuple):
    """Products, each added or subtracted."""

    products: tuple[tuple[int, Product], ...]
    """Each with +1 or -1; the first with +1."""

    def __str__(self) -> str:
        first, *others = (" * ".join(map(str, product)) for _, product in self.products)
        signs = (" + " if sign > 0 else " - " for sign, _ in self.products[1:])
        return first + "".join(sign + product for sign, product in zip(signs, others, strict=True))

    def value(self, of: Callable[[Key], float]) -> float:
        """Its value, when `of` says what the keys amount to."""
        return sum(
            sign * prod(atom.value if isinstance(atom, Number) else of(atom) for atom in product)
            for sign, product in self.products
        )


class Claim(NamedTuple):
    """A chain of comparisons: ``terms[0] relations[0] terms[1] relations[1] terms[2] …``."""

    terms: tuple[Sum, ...]
    relations: tuple[str, ...]

    def __str__(self) -> str:
        rest = (f" {relation} {term}" for relation, term in zip(self.relations, self.terms[1:], strict=True))
        return str(self.terms[0]) + "".join(rest)

    @property
    def keys(self) -> list[Key]:
        """All keys, each once, in the order in which they stand."""
        every = (a for term in self.terms for _, product in term.products for a in product if isinstance(a, Key))
        return list(dict.fromkeys(every))

    def margin(self, values: Sequence[float]) -> float:
        """How clearly it holds for these values of its terms: below 0 it does not."""
        return min(_margin(a, r, b) for a, r, b in zip(values, self.relations, values[1:], strict=False))

    def shown(self, values: Sequence[float]) -> str:
        """The terms with their values: "exposure.bytes = 120, sealed:exposure.bytes = 0"."""
        named = [(t, v) for t, v in zip(self.terms, values, strict=True) if str(t) != f"{v:g}"]
        return ", ".join(f"{term} = {'none' if isnan(value) else f'{value:.6g}'}" for term, value in named)


def _margin(a: float, relation: str, b: float) -> float:
    """The distance from failing, as a share of the larger side; 0 is just right, below 0 is wrong."""
    if isnan(a) or isnan(b):
        return -1.0
    if relation in (">", ">="):
        return _margin(b, relation.replace(">", "<"), a)
    largest = max(abs(a), abs(b))
    same = isclose(a, b, rel_tol=_RELATIVE)
    apart = 0.0 if same else (b - a) / largest
    match relation:
        case "<":
            return -_RELATIVE if same else apart
        case "<=":
            return apart
        case "==":
            return -abs(apart)
        case _:
            return max(NEAR - abs(apart), 0.0) if abs(apart) <= NEAR * (1 + _RELATIVE) else NEAR - abs(apart)


# Reading it -----------------------------------------------------------------------------------------------------------


class _Token(NamedTuple):
    atom: Atom | None
    sign: str
    at: int


def parse(text: str) -> Claim:
    """Read what an expectation says.

    Parameters
    ----------
    text : as in :attr:`sim.world.scenario.Expectation.that`

    Raises
    ------
    ValueError
        When it is not a chain of comparisons; the message says where.
    """
    tokens = list(_tokens(text))
    terms, relations, products, atoms, sign = [], [], [], [], 1
    expects_atom = True
    for token in tokens:
        if expects_atom != (token.atom is not None):
            found = token.atom or token.sign
            wanted = "a number or a key" if expects_atom else f"one of {' '.join(_RELATIONS)} + - *"
            raise ValueError(f'found "{found}" at character {token.at + 1}; expected {wanted}')
        if token.atom is not None:
            atoms.append(token.atom)
        elif token.sign != "*":
            products.append((sign, tuple(atoms)))
            atoms, sign = [], -1 if token.sign == "-" else 1
            if token.sign in _RELATIONS:
                terms.append(Sum(tuple(products)))
                relations.append(token.sign)
                products = []
        expects_atom = not expects_atom
    if expects_atom:
        raise ValueError("it ends where a number or a key should follow" if tokens else "it says nothing")
    terms.append(Sum((*products, (sign, tuple(atoms)))))
    if not relations:
        raise ValueError(f"it compares nothing; expected one of {' '.join(_RELATIONS)}")
    claim = Claim(tuple(terms), tuple(relations))
    if not claim.keys:
        raise ValueError("it names no number of the run, so it does not depend on it")
    if "%" in text and any(key.path[-1].endswith("percent") for key in claim.keys):
        raise ValueError("a key that ends in percent is in percent already: compare it with a plain number")
    return claim


def _tokens(text: str) -> Iterator[_Token]:
    at = 0
    while text[at:].strip():
        found = _TOKEN.match(text, at)
        begin = at + len(text[at:]) - len(text[at:].lstrip())
        if found is None:
            raise ValueError(f'cannot read "{text[begin : begin + 20]}" at character {begin + 1}')
        if found["number"]:
            yield _Token(_number(found["number"], found["unit"]), "", begin)
        elif found["path"]:
            yield _Token(Key(found["policy"], tuple(found["path"].split("."))), "", begin)
        else:
            yield _Token(None, found["sign"], begin)
        at = found.end()


def _number(digits: str, unit: str | None) -> Number:
    if unit is None:
        return Number(float(digits), digits)
    text = f"{digits} {unit}"
    if unit == "%":
        return Number(float(digits) / 100, text)
    for read, per in ((read_duration, SECOND), (read_size, 1)):
        try:
            return Number(read(text) / per, text)
        except ValueError:
            continue
    raise ValueError(f'unknown unit in "{text}"; allowed: us, ms, s, min, h, d, B, kB, MB, GB, KiB, MiB, %')


# Looking it up --------------------------------------------------------------------------------------------------------


def look_up(document: Mapping[str, Any], path: Sequence[str]) -> float:
    """The number at a key path of a run's document; nan if the document says that it does not exist.

    Raises
    ------
    KeyError
        With a message, when the document cannot have such a key.
    """
    here: Any = document
    for i, part in enumerate(path):
        if isinstance(here, list):
            return _over_list(here, path, i)
        before = tuple(path[:i])
        if before in _SPARSE:
            _known(part, _SPARSE[before], path[: i + 1])
            here = here.get(part, dict.fromkeys(_PARTS, 0))
            continue
        if not isinstance(here, Mapping):
            raise KeyError(f"there is nothing below {'.'.join(path[:i])}")
        _known(part, list(here), path[: i + 1])
        here = here[part]
    if here is None:
        return nan
    if isinstance(here, bool) or not isinstance(here, int | float):
        below = list(here) if isinstance(here, Mapping) else ["count"] if isinstance(here, list) else []
        hint = f"; below it there is: {', '.join(below)}" if below else ""
        raise KeyError(f"{'.'.join(path)} is not a number{hint}")
    return float(here)


def _over_list(entries: Sequence[Mapping[str, Any]], path: Sequence[str], i: int) -> float:
    """The number of entries, or the sum of a field over them; `path[i:]` is what stands below the list."""
    which, *below = path[i:]
    if below and path[0] == "reconnects":
        _known(which, _EVENTS, path[: i + 1])
        entries = [entry for entry in entries if entry["event"] == which]
        which, *below = below
    if below:
        raise KeyError(f"there is nothing below {'.'.join(path[: i + 1])}")
    _known(which, ("count", *_FIELDS.get(path[0], ())), path)
    return float(len(entries) if which == "count" else sum(entry[which] for entry in entries))


def _known(part: str, allowed: Sequence[str], path: Sequence[str]) -> None:
    if part not in allowed:
        near = get_close_matches(part, allowed, n=1, cutoff=0.6)
        hint = f"did you mean {near[0]!r}?" if near else f"there is: {', '.join(allowed)}"
        raise KeyError(f"there is no {'.'.join(path)} in a run's document; {hint}")


# Holding the scenario to it -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Verdict:
    """Whether an expectation holds.

    Parameters
    ----------
    detail : the numbers of the first seed that fails, of the one nearest to failing, or the means
    failed_seeds : seeds for which it does not hold; of an expectation about means, all or none
    """

    expectation: Expectation
    holds: bool
    detail: str
    failed_seeds: tuple[int, ...]


def check_file(path: Path, seeds: Sequence[int], progress: Callable[[int, int], None] | None = None) -> list[Verdict]:
    """Hold a scenario file to its own expectations.

    Each policy that an expectation names is played once with each seed.

    Parameters
    ----------
    path : a scenario file
    seeds : at least one
    progress : is told how many runs are done, and of how many

    Raises
    ------
    ScenarioError
        When the file, or an expectation, says something that has no meaning.
    """
    scenario = load(path)
    claims = [_claim(path, k, expectation, scenario.policies) for k, expectation in enumerate(scenario.expect)]
    wanted: dict[str | None, list[tuple[int, Key]]] = {}
    for k, claim in enumerate(claims):
        for key in claim.keys:
            wanted.setdefault(key.policy, []).append((k, key))
    total, done = len(wanted) * len(seeds), 0
    values: dict[Key, list[float]] = {}
    for policy, asked in wanted.items():
        played = scenario if policy is None else load(path, policy=policy)
        for seed in seeds:
            document = summarise(simulate(played, seed)).as_dict()
            for key, k in {key: k for k, key in reversed(asked)}.items():
                values.setdefault(key, []).append(_value(document, key, path, k))
            done += 1
            if progress is not None:
                progress(done, total)
    return [_judge(e, c, values, seeds) for e, c in zip(scenario.expect, claims, strict=True)]


def _claim(path: Path, k: int, expectation: Expectation, policies: Mapping[str, Any]) -> Claim:
    where = f"expect.{k}.that"
    try:
        claim = parse(expectation.that)
    except ValueError as error:
        raise ScenarioError(str(path), where, str(error)) from None
    for key in claim.keys:
        if key.policy is not None and key.policy not in policies:
            hint = did_you_mean(key.policy, list(policies)) or f"There is: {', '.join(policies) or 'none'}."
            raise ScenarioError(str(path), where, f"there is no policy {key.policy!r}", hint)
    return claim


def _value(document: Mapping[str, Any], key: Key, path: Path, k: int) -> float:
    try:
        return look_up(document, key.path)
    except KeyError as error:
        raise ScenarioError(str(path), f"expect.{k}.that", str(error.args[0])) from None


def _judge(expectation: Expectation, claim: Claim, values: Mapping[Key, list[float]], seeds: Sequence[int]) -> Verdict:
    def terms(i: int) -> list[float]:
        return [term.value(lambda key: values[key][i]) for term in claim.terms]

    rows = [terms(i) for i in range(len(seeds))]
    if not expectation.each_seed:
        means = [sum(column) / len(seeds) for column in zip(*rows, strict=True)]
        holds = claim.margin(means) >= 0
        shown = f"mean of {len(seeds)} seeds: {claim.shown(means)}"
        return Verdict(expectation, holds, shown, () if holds else tuple(seeds))
    margins = [claim.margin(row) for row in rows]
    failed = tuple(seed for seed, margin in zip(seeds, margins, strict=True) if margin < 0)
    worst = seeds.index(failed[0]) if failed else margins.index(min(margins))
    return Verdict(expectation, not failed, f"seed {seeds[worst]}: {claim.shown(rows[worst])}", failed)


__all__ = ["Claim", "Key", "Verdict", "check_file", "look_up", "parse"]
