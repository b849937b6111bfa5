"""The language of expectations, and how a file is held to them."""

from __future__ import annotations

from math import isnan, nan
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.measure.expectations import Claim, Key, Number, Sum, check_file, look_up, parse
from sim.world.loading import ScenarioError

# Reading --------------------------------------------------------------------------------------------------------------


def one(text: str) -> Number:
    """The number on the left of a comparison."""
    atom = parse(f"{text} < intent_s").terms[0].products[0][1][0]
    assert isinstance(atom, Number)
    return atom


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", 3.0),
        ("0.25", 0.25),
        ("3 s", 3.0),
        ("3s", 3.0),
        ("49 min", 2940.0),
        ("1.5 h", 5400.0),
        ("250 ms", 0.25),
        ("2 MB", 2e6),
        ("1 KiB", 1024.0),
        ("90 %", 0.9),
    ],
)
def test_numbers_with_units(text: str, value: float) -> None:
    assert one(text).value == pytest.approx(value)


def test_a_key_may_name_a_policy() -> None:
    claim = parse("connect-first:exposure.by_cause.L01.bytes <= exposure.bytes")
    assert claim.keys == [
        Key("connect-first", ("exposure", "by_cause", "L01", "bytes")),
        Key(None, ("exposure", "bytes")),
    ]


def test_sums_and_products() -> None:
    claim = parse("2 * a:x.y - 0.5 * z * z + 1 == 7 + x")
    values = {Key("a", ("x", "y")): 10.0, Key(None, ("z",)): 2.0, Key(None, ("x",)): 12.0}
    assert claim.terms[0].value(values.__getitem__) == 2 * 10 - 0.5 * 4 + 1
    assert claim.terms[1].value(values.__getitem__) == 19


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "it says nothing"),
        ("exposure.bytes", "it compares nothing"),
        ("1 < 2", "names no number of the run"),
        ("exposure.bytes <", "it ends where"),
        ("< exposure.bytes", "expected a number or a key"),
        ("exposure.bytes exposure.bytes < 3", "expected one of"),
        ("exposure.bytes = 3", 'cannot read "= 3"'),
        ("exposure.bytes != 3", 'cannot read "!= 3"'),
        ("exposure.bytes < 3 parsecs", "unknown unit"),
        ("exposure.bytes < 3 5", "expected one of"),
        ("(exposure.bytes) < 3", "cannot read"),
        ("energy.battery_percent < 5 %", "in percent already"),
    ],
)
def test_what_cannot_be_read(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint.replace("(", r"\(")):
        parse(text)


names = st.from_regex(r"[a-z][a-z0-9_]{0,6}", fullmatch=True)
policies = st.none() | st.from_regex(r"[a-z]([a-z0-9-]{0,6}[a-z0-9])?", fullmatch=True)
keys = st.builds(Key, policies, st.lists(names, min_size=1, max_size=4).map(tuple))
numbers = st.integers(0, 10**6).map(lambda n: Number(float(n), str(n))) | st.integers(0, 100).map(
    lambda n: Number(n / 100, f"{n} %")
)
products = st.lists(keys | numbers, min_size=1, max_size=3).map(tuple)
signed = st.lists(st.tuples(st.sampled_from((1, -1)), products), max_size=2)
sums = st.builds(lambda first, rest: Sum(((1, first), *rest)), products, signed)
relations = st.sampled_from(("<", "<=", "==", ">=", ">", "~"))


@st.composite
def claims(draw: st.DrawFn) -> Claim:
    n = draw(st.integers(1, 3))
    claim = Claim(
        tuple(draw(st.lists(sums, min_size=n + 1, max_size=n + 1))),
        tuple(draw(st.lists(relations, min_size=n, max_size=n))),
    )
    return claim if claim.keys else claim._replace(terms=(*claim.terms[:-1], Sum(((1, (draw(keys),)),))))


@given(claims().filter(lambda c: not any(k.path[-1].endswith("percent") for k in c.keys)))
def test_what_is_written_is_read_back(claim: Claim) -> None:
    assert parse(str(claim)) == claim


@given(st.text(max_size=60) | st.text("<>=~+-*.:% 0123456789abe_", max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        claim = parse(text)
    except ValueError:
        return
    assert claim.keys
    assert parse(str(claim)) == claim


# Comparing ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("relation", "a", "b", "holds"),
    [
        ("<", 1, 2, True),
        ("<", 2, 2, False),
        ("<", 3, 2, False),
        ("<=", 2, 2, True),
        ("<=", 0.1 + 0.2, 0.3, True),
        ("==", 0.1 + 0.2, 0.3, True),
        ("==", 0, 0, True),
        ("==", 0, 1e-12, False),
        (">", 2, 1, True),
        (">", 1, 1, False),
        (">=", 1, 1, True),
        (">=", -2, -1, False),
        ("~", 100, 110, True),
        ("~", 90, 100, True),
        ("~", 100, 112, False),
        ("~", 0, 0, True),
        ("<", nan, 1, False),
        (">=", 1, nan, False),
        ("~", nan, nan, False),
    ],
)
def test_relations(relation: str, a: float, b: float, holds: bool) -> None:
    claim = parse(f"x {relation} y")
    assert (claim.margin([a, b]) >= 0) is holds


@given(st.lists(st.floats(-1e9, 1e9), min_size=3, max_size=3))
def test_a_chain_holds_if_all_its_links_do(values: list[float]) -> None:
    chain, first, second = parse("x < y <= z"), parse("x < y"), parse("y <= z")
    links = min(first.margin(values[:2]), second.margin(values[1:]))
    assert chain.margin(values) == links


# Looking up -----------------------------------------------------------------------------------------------------------

DOCUMENT: dict[str, Any] = {
    "scenario": {"name": "x"},
    "intent_s": 60.0,
    "first_protected_s": None,
    "exposure": {
        "bytes": 7,
        "by_cause": {"L01": {"seconds": 2.0, "flows": 1, "bytes": 7, "packets": 1}},
        "by_kind": {},
    },
    "reconnects": [
        {"at_s": 1.0, "event": "WifiLost", "protocol": "ikev2", "delay_s": 0.5},
        {"at_s": 3.0, "event": "DeviceWoke", "protocol": "ikev2", "delay_s": 0.25},
    ],
    "windows": [],
}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("intent_s", 60.0),
        ("exposure.bytes", 7.0),
        ("exposure.by_cause.L01.seconds", 2.0),
        ("exposure.by_cause.L06.bytes", 0.0),
        ("exposure.by_kind.c.flows", 0.0),
        ("reconnects.count", 2.0),
        ("reconnects.delay_s", 0.75),
        ("reconnects.WifiLost.delay_s", 0.5),
        ("reconnects.WifiLost.count", 1.0),
        ("reconnects.Rebooted.count", 0.0),
        ("windows.count", 0.0),
        ("windows.bytes", 0.0),
    ],
)
def test_values(key: str, value: float) -> None:
    assert look_up(DOCUMENT, key.split(".")) == value


def test_what_does_not_exist_is_no_number() -> None:
    assert isnan(look_up(DOCUMENT, ["first_protected_s"]))


@pytest.mark.parametrize(
    ("key", "complaint"),
    [
        ("intents", "did you mean 'intent_s'?"),
        ("exposure.byte", "did you mean 'bytes'?"),
        ("exposure.by_cause.L99.bytes", "there is no exposure.by_cause.L99"),
        ("exposure.by_cause.L06.byte", "did you mean 'bytes'?"),
        ("exposure.by_cause.L06", "is not a number"),
        ("exposure", "below it there is: bytes"),
        ("scenario.name", "is not a number"),
        ("intent_s.x", "nothing below intent_s"),
        ("reconnects", "below it there is: count"),
        ("reconnects.dely_s", "delay_s"),
        ("reconnects.WifiLots.delay_s", "did you mean 'WifiLost'?"),
        ("windows.seconds", "there is no windows.seconds"),
        ("windows.bytes.x", "nothing below windows.bytes"),
    ],
)
def test_keys_that_cannot_be(key: str, complaint: str) -> None:
    with pytest.raises(KeyError) as caught:
        look_up(DOCUMENT, key.split("."))
    assert complaint in caught.value.args[0]


# Files ----------------------------------------------------------------------------------------------------------------

SCENARIO = """
name = "small"
duration = "10 min"

[[wifi]]
ssid = "home"

[[stays]]
wifi = "home"
cellular = false

[[apps]]
name = "radio"
background = "audio"

  [[apps.sockets]]
  lifetime = "1 h"
  traffic = { law = "constant", every = "1 s", up = "100 B", down = "100 B" }

[[timeline]]
at = "1 min"
do = "vpn_on"

[policies.sealed.vpn]
include_all_networks = true

[policies.first]
vpn_on = true
"""


def written(folder: Path, *expectations: str) -> Path:
    path = folder / "small.toml"
    path.write_text(SCENARIO + "".join(f"\n[[expect]]\n{e}\n" for e in expectations), encoding="utf-8")
    return path


def test_a_file_is_held_to_its_expectations(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        'that = "first:exposure.bytes == 0 < exposure.bytes"',
        'that = "exposure.bytes < 10 B"',
        'that = "exposure.seconds ~ 9 min"\neach_seed = false',
    )
    told: list[tuple[int, int]] = []
    right, wrong, mean = check_file(path, (1, 2, 3), lambda done, of: told.append((done, of)))
    assert right.holds
    assert not right.failed_seeds
    assert (wrong.holds, wrong.failed_seeds) == (False, (1, 2, 3))
    assert wrong.detail == "seed 1: exposure.bytes = 108000, 10 B = 10"
    assert mean.holds
    assert mean.detail == "mean of 3 seeds: exposure.seconds = 540, 9 min = 540"
    assert told == [(n, 6) for n in range(1, 7)]


def test_a_value_that_does_not_exist_fails(tmp_path: Path) -> None:
    (verdict,) = check_file(written(tmp_path, 'that = "first:exposure.first_s >= 0"'), [1])
    assert not verdict.holds
    assert "first:exposure.first_s = none" in verdict.detail


@pytest.mark.parametrize(
    ("that", "complaint"),
    [
        ("exposure.bytes <", "it ends where a number or a key should follow"),
        ("exposure.bites < 3 B", "did you mean 'bytes'?"),
        ("sealde:exposure.bytes < 3 B", "Did you mean 'sealed'?"),
        ("other:exposure.bytes < 3 B", "There is: sealed, first."),
    ],
)
def test_a_wrong_expectation_is_the_files_fault(tmp_path: Path, that: str, complaint: str) -> None:
    path = written(tmp_path, 'that = "exposure.bytes > 0"', f'that = "{that}"')
    with pytest.raises(ScenarioError) as caught:
        check_file(path, [1])
    assert caught.value.file == str(path)
    assert caught.value.key == "expect.1.that"
    assert complaint in str(caught.value)
