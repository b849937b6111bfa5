"""The picture: it can be drawn of any run, is the same each time, and its text stays inside and apart."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from matplotlib.text import Text

import sim
from sim.base.units import SECOND
from sim.faces import ink, lanes, plots, watts
from sim.machines.routing import Fate
from sim.measure.summary import Summary
from sim.world.intervals import total
from sim.world.shipped import find

EDGE = """
name = "edge"
duration = "{duration}"
start = 23:59:30
[[wifi]]
ssid = "$x^2$ \\u6771 \\U0001F600 _{{"
[[stays]]
wifi = "$x^2$ \\u6771 \\U0001F600 _{{"
[[apps]]
name = "$\\\\frac{{1}}$ a name that is far too long for its column, and then some more of it"
background = "always"
[[apps.sockets]]
traffic = {{ law = "poisson", every = "{every}" }}
{more}
"""


def summary_of(name: str, policy: str | None = None) -> Summary:
    return sim.summarise(sim.simulate(sim.load(find(name), policy), seed=1))


def edge(tmp_path: Path, duration: str = "10 min", every: str = "5 s", more: str = "") -> Summary:
    path = tmp_path / "edge.toml"
    path.write_text(EDGE.format(duration=duration, every=every, more=more))
    return sim.summarise(sim.simulate(sim.load(path), seed=1))


@pytest.fixture(scope="module")
def commute() -> Summary:
    return summary_of("commute")


@pytest.mark.parametrize(("kind", "magic"), [("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF")])
def test_each_kind_of_file(commute: Summary, kind: str, magic: bytes) -> None:
    picture = plots.draw(commute, kind)
    assert picture.startswith(magic)
    assert len(picture) < 6_000_000


@pytest.mark.parametrize("kind", ["png", "svg", "pdf"])
def test_equal_runs_give_equal_files(tmp_path: Path, kind: str) -> None:
    assert plots.draw(edge(tmp_path), kind) == plots.draw(edge(tmp_path), kind)


@pytest.mark.parametrize(
    ("duration", "every", "more"),
    [
        ("1 s", "10 s", ""),
        ("3 d", "10 min", ""),
        ("90 d", "1 d", ""),
        (
            "10 min",
            "5 s",
            'vpn_on = true\nvpn.include_all_networks = true\n[[timeline]]\nat = "1 min"\ndo = "provider_crash"',
        ),
    ],
    ids=["a second", "three days", "ninety days", "sealed crash"],
)
def test_unusual_runs_and_names_can_be_drawn(tmp_path: Path, duration: str, every: str, more: str) -> None:
    path = tmp_path / "edge.toml"
    head, table = more.split("[[", 1) if "[[" in more else (more, "")
    text = head + EDGE.format(duration=duration, every=every, more=f"[[{table}" if table else "")
    path.write_text(text)
    assert plots.draw(sim.summarise(sim.simulate(sim.load(path), seed=1)), "png")


def test_pyplot_is_not_involved() -> None:
    source = "".join(Path(m.__file__ or "").read_text() for m in (plots, ink, lanes))
    assert "pyplot" not in source.replace("without pyplot", "")


@pytest.mark.parametrize("name", ["commute", "server-switch", "airplane-routine", "legacy-apps-first-twin"])
def test_no_words_overlap_or_leave_the_picture(name: str) -> None:
    figure = plots.figure(summary_of(name))
    renderer = ink.renderer(figure)
    boxes = [(t.get_text(), t.get_window_extent(renderer)) for t in figure.findobj(Text) if t.get_text().strip()]
    width, height = figure.get_size_inches() * figure.dpi
    assert len(boxes) > 40
    for words, box in boxes:
        assert box.x0 >= 0 and box.x1 <= width and box.y0 >= 0 and box.y1 <= height, words  # noqa: PT018
    for (one, a), (other, b) in combinations(boxes, 2):
        over = min(a.x1, b.x1) - max(a.x0, b.x0), min(a.y1, b.y1) - max(a.y0, b.y0)
        assert not (over[0] > 1 and over[1] > 3), (one, other)


# What the lanes hold --------------------------------------------------------------------------------------------------


def test_bars_hold_every_byte(commute: Summary) -> None:
    owners = lanes.owner_lanes(commute, 500)
    for fate in Fate:
        assert sum(o.bars[fate].size.sum() for o in owners) == commute.fates[fate]


def test_lanes_are_sorted_by_exposure_and_the_platforms_come_last(commute: Summary) -> None:
    owners = lanes.owner_lanes(commute, 500)
    keys = [(o.system, -total(o.exposed)) for o in owners]
    assert keys == sorted(keys)


def test_what_rises_is_the_flow_time(commute: Summary) -> None:
    spans, count = lanes.outside(commute)
    area = int(((spans[:, 1] - spans[:, 0]) * count).sum())
    assert area / SECOND == pytest.approx(commute.as_dict()["exposure"]["flow_seconds"])
    assert total(spans) == total(commute.exposed)


@pytest.mark.parametrize("bands", [lanes.said, lanes.truth, lanes.path, lanes.provider, lanes.device])
def test_state_lanes_tile_the_day(commute: Summary, bands: object) -> None:
    found = bands(commute.run)  # type: ignore[operator]
    ends = [band.end for band in found]
    assert [band.begin for band in found] == [0, *ends[:-1]]
    assert ends[-1] == commute.run.scenario.duration


def test_times_are_round_and_few(commute: Summary, tmp_path: Path) -> None:
    assert [words for _, words in lanes.times(commute.run, 12)][:3] == ["00:00", "02:00", "04:00"]
    late = lanes.times(edge(tmp_path).run, 12)
    assert late[0] == (30.0, "00:00")
    assert len(late) <= 12


def test_short_bands_are_widened_and_long_ones_are_not() -> None:
    widened = ink.widened(np.array([[0, 10], [0, 10_000_000]]), 2.0)
    assert widened[0, 1] - widened[0, 0] == pytest.approx(2.0)
    assert widened[1].tolist() == [0.0, 10.0]


def test_owners_that_leaked_are_never_collapsed(tmp_path: Path) -> None:
    more = "".join(
        f'[[apps]]\nname = "app {i}"\nbackground = "always"\n[[apps.sockets]]\nlifetime = "2 h"\n'
        f'traffic = {{ law = "periodic", every = "30 s" }}\n'
        for i in range(40)
    )
    calm = plots._collapsed(lanes.owner_lanes(edge(tmp_path, more=more), 100))
    assert len(calm[0]) == plots.MOST_OWNERS
    leaky = edge(tmp_path, more=more + '[[timeline]]\nat = "1 min"\ndo = "vpn_on"\n')
    shown, rest = plots._collapsed(lanes.owner_lanes(leaky, 100))
    assert len(shown) > 40
    assert not any(len(o.exposed) for o in rest)


def test_the_power_that_is_drawn_is_the_account(commute: Summary) -> None:
    drawn = watts.stacked(commute)
    seconds = commute.run.scenario.duration / SECOND
    assert drawn[-1].mean() * seconds == pytest.approx(commute.as_dict()["energy"]["total_j"], rel=1e-6)
    assert (np.diff(drawn, axis=0) >= 0).all()
