"""A capture becomes a scenario that plays: what the command says and writes, and that nature is what was captured."""

from __future__ import annotations

import io
import json
import shutil
import tomllib
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import sim
from sim.base.streams import Streams
from sim.base.units import MINUTE, SECOND, Duration
from sim.faces.importing.capture import read_capture
from sim.world.captures import traffic
from sim.world.captures.flows import flows, phone_in
from sim.world.captures.table import CaptureRefused, read
from sim.world.captures.traffic import Burst, CapturedFlow
from sim.world.loading import ScenarioError, load
from sim.world.nature import Nature, draw
from sim.world.scenario import Scenario
from tests.captures import made
from tests.commands import Command

REAL = Path(__file__).parents[2].parent / "shared" / "data" / "pcap"


@pytest.fixture
def hour(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: Command) -> Path:
    """The sample, imported."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(made.SAMPLE, "my-hour.pcap")
    assert command("import", "my-hour.pcap", "-o", "my-hour.toml").status == 0
    return tmp_path / "my-hour.toml"


# The command ----------------------------------------------------------------------------------------------------------


def test_the_sample_is_what_its_script_makes() -> None:
    assert made.SAMPLE.read_bytes() == made.sample()


def test_the_import_says_what_was_read(hour: Path, command: Command) -> None:
    status, out, err = command("import", "my-hour.pcap", "-o", "my-hour.toml")
    assert (status, out) == (0, "")
    for said in ("raw IP", "192.168.1.23", "2001:db8:1:2::23", "96 flows", "20,235,826 B", "Wrote my-hour.csv"):
        assert said in err
    # Where somebody went is not shown.
    assert made.NEWS not in err
    assert made.PUSH not in err


def test_every_policy_plays_and_they_meet_the_same_traffic(hour: Path) -> None:
    documents = {
        p: sim.summarise(sim.simulate(load(hour, policy=p), 1)).as_dict() for p in (None, *load(hour).policies)
    }
    assert {d["demand_bytes"] for d in documents.values()} == {20_235_826}
    leaked = {p: d["exposure"]["bytes"] for p, d in documents.items()}
    assert leaked["sealed"] == leaked["connect-first"] == leaked["off"] == 0 < leaked[None]
    assert documents["off"]["intent_s"] == 0
    assert documents["connect-first"]["fates"]["OPEN"] == 0
    # The old push and chat sockets, for as long as they were open: to the end.
    assert documents[None]["exposure"]["by_cause"]["L01"]["seconds"] > 57 * 60


def test_the_same_bytes_make_the_same_scenario(tmp_path: Path) -> None:
    made_twice = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        file = tmp_path / name / "a.pcap"
        file.write_bytes(made.sample())
        captured = read_capture(file, tmp_path / name / "x.toml", [])
        made_twice.append((captured.toml, captured.csv))
    assert made_twice[0] == made_twice[1]


def test_pcapng_of_the_same_packets_makes_the_same_csv(tmp_path: Path) -> None:
    packets = made.my_hour().in_time()
    (tmp_path / "a.pcap").write_bytes(made.pcap(packets))
    (tmp_path / "b.pcapng").write_bytes(made.pcapng(packets, made.ETHERNET, ">"))
    one, other = (read_capture(tmp_path / name, tmp_path / "x.toml", []).csv for name in ("a.pcap", "b.pcapng"))
    assert one == other == read_capture(made.SAMPLE, tmp_path / "x.toml", []).csv


def test_options_of_a_capture(hour: Path, command: Command) -> None:
    before = (hour.with_suffix(".csv")).read_text().count("\n")
    found = command("import", "my-hour.pcap", "-o", "x.toml", "--gap", "5 s", "--phone", "192.168.1.23")
    assert found.status == 0
    assert "as you said" in found.err
    assert 0 < Path("x.csv").read_text().count("\n") < before
    assert not any(f.family == "v6" for f in traffic.read(Path("x.csv").read_text()))


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("my-hour.pcap",), "two files"),
        (("my-hour.pcap", "-o", "x.csv"), "two files"),
        (("my-hour.pcap", "-o", "x.toml", "--phone", "me"), "expected an IP address"),
        (("my-hour.pcap", "-o", "x.toml", "--phone", "10.9.9.9"), "none of these addresses"),
        (("my-hour.pcap", "-o", "x.toml", "--gap", "5"), "needs a unit|number with a unit"),
        (("my-hour.toml", "--names"), "are for captures"),
        (("none.pcap", "-o", "x.toml"), "no such file"),
        (("cut.pcap", "-o", "x.toml"), "no packet can be read"),
        (("quiet.pcap", "-o", "x.toml"), "no TCP or UDP flow"),
        (("long.pcap", "-o", "x.toml"), "39 days"),
        (("my-hour.pcap", "-o", "my-hour.pcap/x.toml"), "cannot be written"),
    ],
)
def test_bad_wishes_are_refused(hour: Path, command: Command, words: tuple[str, ...], why: str) -> None:
    Path("cut.pcap").write_bytes(made.sample()[:30])
    ping = made.ip(made.PHONE, made.NEWS, 1, bytes(8))
    Path("quiet.pcap").write_bytes(made.pcap([(0, ping)]))
    pings = [(n * 23 * 3600 * SECOND, made.ip(made.PHONE, made.NEWS, 17, bytes(8))) for n in range(42)]
    Path("long.pcap").write_bytes(made.pcap(pings))
    err = command.refused("import", *words)
    assert any(part in err for part in why.split("|")), err


def test_of_several_recordings_in_one_file_the_largest_is_taken(tmp_path: Path) -> None:
    one = [(0, made.ip("10.0.0.1", made.NEWS, 17, b"\1\1\2\2\0\x12\0\0" + bytes(10)))]
    packets = made.my_hour().in_time()
    far = [(at + 900 * 86_400 * SECOND, packet) for at, packet in packets]
    (tmp_path / "a.pcap").write_bytes(made.pcap([*one, *far]))
    captured = read_capture(tmp_path / "a.pcap", tmp_path / "x.toml", [])
    assert captured.csv == read_capture(made.SAMPLE, tmp_path / "x.toml", []).csv
    assert any("other recordings" in note.text and note.key == "1 packets" for note in captured.notes)


@pytest.mark.parametrize("path", sorted(REAL.glob("*.pcap*")) or [None], ids=lambda p: p.name if p else "none here")
def test_real_captures_play(path: Path | None, tmp_path: Path) -> None:
    if path is None:
        pytest.skip(f"no captures in {REAL}")
    captured = read_capture(path, tmp_path / "x.toml", [])
    (tmp_path / "x.toml").write_text(captured.toml)
    (tmp_path / "x.csv").write_text(captured.csv)
    part = max(read(path).parts(), key=lambda part: len(part.at))
    demand = flows(part, phone_in(part)).bytes
    for policy in (None, "sealed"):
        assert (
            sim.summarise(sim.simulate(load(tmp_path / "x.toml", policy=policy), 1)).as_dict()["demand_bytes"] == demand
        )


# Scenarios ------------------------------------------------------------------------------------------------------------

FLOW = CapturedFlow("web", "tcp", "v4", "internet", "", "", False, 0, 90 * SECOND, (Burst(5 * SECOND, 100, 1000),))


def scenario(*captured: CapturedFlow, **changes: object) -> Scenario:
    apps = [{"name": name, "captured": "a.csv"} for name in dict.fromkeys(f.app for f in captured)]
    table = {"name": "captured", "duration": "2 min", "apps": apps, "captures": {"a.csv": traffic.write(captured)}}
    return Scenario.model_validate_json(json.dumps(table | changes))


def test_a_scenario_with_a_capture_is_read_as_it_was_written(hour: Path) -> None:
    found = load(hour)
    assert Scenario.model_validate_json(found.model_dump_json()) == found
    assert found.captures["my-hour.csv"] == traffic.read(hour.with_suffix(".csv").read_text())


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ('captured = "my-hour.csv"', 'captured = "my-day.csv"', "my-day.csv: there is no such file"),
        ('captured = "my-hour.csv"', 'captured = "../my-hour.csv"', "a file beside this one"),
        ('captured = "my-hour.csv"', 'captured = "my-hour.pcap"', "not text in UTF-8"),
        ('captured = "my-hour.csv"', 'captured = "bad.csv"', "captures.bad.csv: line 1"),
        ('captured = "my-hour.csv"', "captured = 3", "apps.0.captured"),
        ('name = "push"', 'name = "pushy"', "unknown app 'pushy'"),
        (
            'name = "push"',
            'name = "push"\nsockets = [{traffic = {law="push", every="1 min"}}]',
            "exclude each other",
        ),
        (
            "[[timeline]]",
            '[[timeline]]\nat = "1 s"\ndo = "app_close"\napp = "web"\n[[timeline]]',
            "nobody can open or close",
        ),
        ("[[wifi]]", '[captures]\n"my-hour.csv" = 3\n[[wifi]]', "captures"),
    ],
)
def test_what_is_wrong_with_a_capture_is_told(hour: Path, old: str, new: str, why: str) -> None:
    (hour.parent / "bad.csv").write_text("a,b\n")
    text = hour.read_text()
    assert old in text
    hour.write_text(text.replace(old, new, 1))
    with pytest.raises(ScenarioError, match=why):
        load(hour)


def test_a_capture_may_stand_in_the_scenario_itself(tmp_path: Path) -> None:
    file = tmp_path / "x.toml"
    file.write_text(
        f'name = "x"\n[[apps]]\nname = "web"\ncaptured = "mine"\n[captures]\nmine = """\n{traffic.write((FLOW,))}"""\n'
    )
    assert load(file).captures == {"mine": (FLOW,)}


def test_apps_of_a_capture_can_be_listed_in_a_per_app_vpn(hour: Path) -> None:
    plain = load(hour, policy="connect-first", settings={"vpn.per_app": ["mail"]})
    document = sim.summarise(sim.simulate(plain, 1)).as_dict()
    mail = sum(b.up + b.down for f in plain.captures["my-hour.csv"] if f.app == "mail" for b in f.bursts)
    assert document["fates"]["TUNNELLED"] == mail > 0


# Nature ---------------------------------------------------------------------------------------------------------------

instants = st.integers(0, 200 * SECOND)


@st.composite
def captured(draw: st.DrawFn) -> CapturedFlow:
    ats = sorted(draw(st.lists(instants, max_size=5)))
    opened = draw(st.integers(0, ats[0] if ats else 200 * SECOND))
    closed = (ats[-1] if ats else opened) + draw(st.integers(1, 50 * SECOND))
    size = st.integers(0, 10_000)
    return CapturedFlow(
        draw(st.sampled_from(["web", "mail"])),
        draw(st.sampled_from(traffic.TRANSPORTS)),
        "v4",
        draw(st.sampled_from(["internet", "resolver", "local", "apns"])),
        draw(st.sampled_from(["", "203.0.113.9"])),
        "",
        draw(st.booleans()),
        opened,
        closed,
        tuple(Burst(at, draw(size), draw(size)) for at in ats),
    )


def told(n: Nature, until: Duration) -> Counter[tuple[object, ...]]:
    """The captured flows of a day: owner, traits, life and bursts."""
    found = []
    for f, kind in enumerate(n.kind_of):
        if kind.sockets.name == "captured" and n.opens[f] < until:
            s, rows = kind.sockets, n.flow == f
            bursts = zip(n.at[rows].tolist(), n.up[rows].tolist(), n.down[rows].tolist(), strict=True)
            own = tuple(row for row in bursts if row[0] < until)
            life = (int(n.opens[f]), min(int(n.closes[f]), until))
            found.append((kind.owner, s.transport, s.destination, s.address, s.clear_text, *life, own))
    return Counter(found)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(captured(), min_size=1, max_size=8), st.integers(1, 240), st.integers(0, 99))
def test_nature_is_what_was_captured_up_to_the_horizon(flows_: list[CapturedFlow], cut: int, seed: int) -> None:
    until = cut * SECOND
    whole = scenario(*flows_, duration="5 min")
    shorter = whole.model_copy(update={"duration": until})
    expected = Counter(
        (f.app, f.transport, f.destination, f.address, f.clear_text, f.opened, min(f.closed, until),
         tuple(b for b in f.bursts if b.at < until))
        for f in flows_ if f.opened < until
    )  # fmt: skip
    long, short = draw(whole, Streams(seed)), draw(shorter, Streams(seed))
    assert told(short, until) == told(long, until) == expected
    assert (short.closes <= until).all()
    lucks = {tuple(row) for row in short.luck.tolist()}
    assert lucks <= {tuple(row) for row in long.luck.tolist()}
    assert len(lucks) == len(short.luck)


def test_an_app_beside_a_capture_changes_nothing_in_it() -> None:
    other = {"name": "other", "background": "always", "sockets": [{"traffic": {"law": "poisson", "every": "5 s"}}]}
    alone = draw(scenario(FLOW), Streams(3))
    apps = [other, {"name": "web", "captured": "a.csv"}]
    both = draw(scenario(FLOW, apps=apps), Streams(3))
    (mine,) = [f for f, kind in enumerate(both.kind_of) if kind.owner == "web"]
    assert told(both, 2 * MINUTE) == told(alone, 2 * MINUTE)
    assert both.luck[mine].tolist() == alone.luck[0].tolist()


def test_a_phone_that_speaks_is_awake() -> None:
    speech = FLOW._replace(closed=30 * MINUTE, bursts=(Burst(11 * MINUTE, 1, 1), Burst(20 * MINUTE, 1, 1)))
    device = {"sleeps": True, "sleep_after": "1 min", "wake_every": "2 h"}
    asleep = draw(scenario(speech, duration="30 min", device=device), Streams(1)).asleep
    assert len(asleep) == 3
    assert not any(a <= b.at < e for a, e in asleep.tolist() for b in speech.bursts)


def test_a_flow_of_a_capture_is_played_as_the_engine_plays_any(tmp_path: Path) -> None:
    """An old socket leaks after the VPN is on, one that was opened later does not."""
    old = FLOW._replace(bursts=(Burst(5 * SECOND, 10, 0), Burst(60 * SECOND, 20, 0)))
    new = FLOW._replace(opened=50 * SECOND, bursts=(Burst(60 * SECOND, 3, 4),))
    place = {"wifi": [{"ssid": "home"}], "stays": [{"wifi": "home"}], "timeline": [{"at": "20 s", "do": "vpn_on"}]}
    document = sim.summarise(sim.simulate(scenario(old, new, **place), 1)).as_dict()
    fates = {fate: size for fate, size in document["fates"].items() if size}
    assert fates == {"OPEN": 10, "LEAKED": 20, "TUNNELLED": 7}


def test_a_stream_is_enough(tmp_path: Path) -> None:
    from sim.world.captures.table import read_stream

    with pytest.raises(CaptureRefused, match="here"):
        read_stream(io.BytesIO(b""), "here")
    assert tomllib.loads(read_capture(made.SAMPLE, tmp_path / "ü.toml", []).toml)["name"] == "ü"
