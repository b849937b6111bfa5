"""Recordings: every format reads to the rows that its file says, our CSV goes there and back, nothing hostile gets in."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sim.base.refusal import Refusal
from sim.base.units import HOUR, MILLISECOND, SECOND
from sim.world.recordings import (
    FORMATS,
    Rat,
    Recording,
    RecordingRefused,
    Row,
    as_text,
    drive_csv,
    parsed,
    rat_of,
    read,
    reading,
    recognised,
)
from sim.world.recordings.recording import COLUMNS, laid_out
from tests.samples.recordings.my_drive import lines

SAMPLES = Path(__file__).parents[1] / "samples" / "recordings"
SCENARIOS = Path(__file__).parents[2] / "scenarios"
SHARED = Path(__file__).parents[2].parent / "shared" / "data"
ABSENT = [pytest.param(SHARED, marks=pytest.mark.skip(reason=f"the shared data is not at {SHARED}"))]
FILES = sorted(path for path in SAMPLES.iterdir() if path.is_file() and path.suffix != ".py")
REFUSED = {"gnettrack_stats.txt": "totals", "distances.csv": "distribution"}


def of(text: str | bytes, part: str = "") -> Recording:
    raw = text.encode() if isinstance(text, str) else text
    return parsed(as_text(raw, "a file"), part)


def refusal(text: str | bytes, part: str = "") -> str:
    with pytest.raises(RecordingRefused) as refused:
        of(text, part)
    return str(refused.value)


def sound(recording: Recording) -> Recording:
    """What holds for every recording."""
    assert recording.at[0] == 0
    assert all(a < b for a, b in pairwise((*recording.at, recording.end)))
    said = [values for name in COLUMNS if (values := getattr(recording, name)) is not None]
    assert said
    assert all(len(values) == len(recording.at) for values in said)
    return recording


# Formats --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_each_sample_is_read_or_refused_kindly(path: Path) -> None:
    if path.name in REFUSED:
        with pytest.raises(RecordingRefused, match=REFUSED[path.name]):
            read(path)
    else:
        sound(read(path))
    assert recognised(path.read_bytes(), path.name)


def test_there_is_a_sample_of_each_format() -> None:
    texts = [as_text(path.read_bytes(), path.name) for path in FILES]
    for known in FORMATS:
        assert any(known.looks_like_it(text) for text in texts), known.kind


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_format_is_known_by_its_content_and_to_one_reader_only(path: Path) -> None:
    text = as_text(path.read_bytes(), "no name")
    assert sum(known.looks_like_it(text) for known in FORMATS) == (not path.name.startswith("walk"))


def test_gnettrack_with_commas() -> None:
    found = read(SAMPLES / "ucc.csv")
    # Two rows of one second share it; the recorder's own words stay.
    assert found.at == (0, SECOND // 2, SECOND, 2 * SECOND, 5 * SECOND, 6 * SECOND)
    assert found.end == 7 * SECOND
    assert found.rat == ("5G", "5G", "LTE", "HSPA+", "", "LTE")
    assert found.cell == ("7001", "7002", "7002", "9003", "9003", "7002")
    assert found.rsrp_dbm == (-91, -90, -97, -97, -97, -99)  # a level of 3G is no RSRP
    assert found.rtt_ms == (61,) * 6
    assert found.cellular_works is None
    assert found.wifi is None


def test_gnettrack_with_tabs_over_midnight() -> None:
    found = read(SAMPLES / "gnettrack.txt")
    assert found.at == (0, SECOND, 1_333_333, 1_666_666)
    assert found.rat == ("4G", "4G", "3G", "4G")
    assert [cell for _, cell in found.changes(found.cell)] == ["21:1:77", "21:2:77", "30:2:77", "31:2:77"]


def test_gnettrack_events() -> None:
    found = read(SAMPLES / "gnettrack_events.txt")
    assert found.changes(found.rat) == [(0, "4G"), (20 * SECOND, "2G")]
    assert len(found.changes(found.cell)) == 3


def test_a_drive_of_2021_numbers_its_cells_by_handovers() -> None:
    found = read(SAMPLES / "driving.csv")
    assert found.changes(found.cell) == [(0, "1"), (2 * SECOND, "2"), (4 * SECOND, "3")]
    assert [rat_of(rat) for _, rat in found.changes(found.rat)] == [Rat.LTE, Rat.NSA, Rat.SA]


def test_a_phones_state_of_2021() -> None:
    found = read(SAMPLES / "state.csv")
    assert [rat_of(rat) for rat in found.rat or ()] == [Rat.LTE, Rat.LTE, Rat.NSA, Rat.NSA]
    assert len(found.changes(found.rat)) == 3
    assert found.rate_down_mbps == (900, 880, 700, 710)


def test_the_tracker_of_2021() -> None:
    found = read(SAMPLES / "tracker.csv")
    assert found.at == (0, SECOND // 2, SECOND)
    assert [rat_of(rat) for rat in found.rat or ()] == [Rat.LTE, Rat.NSA, Rat.UMTS]
    assert found.cell == ("580", "580", "77")


def test_a_file_of_several_drives_gives_the_one_that_is_asked_for() -> None:
    first, fourth = read(SAMPLES / "mobility.csv"), read(SAMPLES / "mobility.csv", "4")
    assert first == read(SAMPLES / "mobility.csv", "1")
    assert (first.rat, fourth.rat) == (("nsa", "lte", "lte"), ("mmwave", "mmwave"))
    assert "There are 1, 4" in refusal((SAMPLES / "mobility.csv").read_bytes(), "2")


def test_two_operators_each_by_its_own_clock() -> None:
    x, y = read(SAMPLES / "operators.csv"), read(SAMPLES / "operators.csv", "y")
    assert x.changes(x.cell) == [(0, "1"), (600 * MILLISECOND, "2")]
    assert x.changes(x.rat) == [(0, "LTE"), (600 * MILLISECOND, "5G-low")]
    # The last row of the file is in the middle of y's drive, and none of x's.
    assert y.changes(y.cell) == [(0, "1"), (800 * MILLISECOND, "2")]
    assert y.changes(y.rat) == [(0, "5G-mid"), (1100 * MILLISECOND, "LTE-A")]
    assert "There are x and y" in refusal((SAMPLES / "operators.csv").read_bytes(), "z")


def test_a_part_of_a_file_with_one_recording_is_refused() -> None:
    assert "only one recording" in refusal((SAMPLES / "ucc.csv").read_bytes(), "2")


def test_a_link_trace_has_outages_and_rates() -> None:
    found = read(SAMPLES / "link.down")
    # From 900 to 2500 and from 3100 to 4100 ms no packet could pass; 1.6 s and 1 s.
    assert found.changes(found.cellular_works) == [
        (0, True),
        (901_000, False),
        (2_500_000, True),
        (3_101_000, False),
        (4_100_000, True),
    ]
    assert found.end == 4_201_000
    assert found.rate_down_mbps is not None
    assert found.rate_down_mbps[0] == 4 * 1500 * 8 / 1e6
    assert found.rat is None


def test_an_outage_from_the_beginning_of_a_link_trace() -> None:
    assert of("1000\n1001\n").changes(of("1000\n1001\n").cellular_works) == [(0, False), (SECOND, True)]


def test_a_ping_has_an_outage_where_five_are_lost_and_loss_elsewhere() -> None:
    found = read(SAMPLES / "ping.out")
    assert found.changes(found.cellular_works) == [(0, True), (1600 * MILLISECOND, False), (3 * SECOND, True)]
    assert found.rtt_ms is not None
    assert 3900 in found.rtt_ms  # late, but not lost: it stands where it was sent
    # Of the ten packets outside the outage 4, 6 and 7 are lost, on a way of two directions.
    assert found.loss is not None
    assert 1 - (1 - found.loss[0]) ** 2 == pytest.approx(3 / 10)


@pytest.mark.parametrize(("lost", "outages"), [(0, 0), (4, 0), (5, 1)])
def test_five_lost_of_five_a_second_are_an_outage(lost: int, outages: int) -> None:
    sent = [n for n in range(1, 31) if not 10 < n <= 10 + lost]
    found = of(
        "".join(
            f"[2031-05-01 08:00:{n / 5:09.6f}] 46 bytes from 192.0.2.1: icmp_seq={n} ttl=44 time=0 ms\n" for n in sent
        )
    )
    assert (len(found.changes(found.cellular_works)) - 1) / 2 == outages
    assert found.loss is not None
    assert (found.loss[0] > 0) == (lost == 4)


def test_a_walk_is_the_same_whichever_file_of_the_pair_is_named() -> None:
    found = read(SAMPLES / "walk_wifi.csv")
    assert found == read(SAMPLES / "walk_cellular.csv")
    assert found.wifi_works == (True, True, False, False, True)
    assert found.cellular_works == (True, True, True, True, False)
    assert found.rate_down_mbps == (32, 32, 48, 40, 40)


def test_half_a_pair_says_what_is_missing(tmp_path: Path) -> None:
    for name, expected in (("walk_wifi.csv", "walk_cellular.csv: there is no such file"), ("a.csv", "NAME_wifi.csv")):
        (tmp_path / name).write_bytes((SAMPLES / "walk_wifi.csv").read_bytes())
        with pytest.raises(RecordingRefused) as refused:
            read(tmp_path / name)
        assert expected in str(refused.value)


@pytest.mark.parametrize(
    ("word", "rat"),
    [
        *((word, Rat.GSM) for word in ("2G", "EDGE", "GPRS", "gsm")),
        *((word, Rat.UMTS) for word in ("3G", "UMTS", "HSPA+", "HSDPA", "hsupa", "EV-DO")),
        *((word, Rat.LTE) for word in ("4G", "LTE", "LTE-A", "lte", "LTE, 5G in reach")),
        *((word, Rat.NSA) for word in ("5G", "NSA 5G", "5G-low", "5G-mmWave (28 GHz)", "mmwave", "nsa")),
        *((word, Rat.SA) for word in ("SA 5G", "5G SA", "sa")),
        *((word, None) for word in ("", "6", "WLAN", "SALT")),
    ],
)
def test_recorders_words_for_rats(word: str, rat: Rat | None) -> None:
    assert rat_of(word) == rat


# Our own CSV ----------------------------------------------------------------------------------------------------------


def test_our_csv() -> None:
    found = read(SAMPLES / "drive.csv")
    assert found.at == (0, 10 * SECOND, 12_500_000, 20 * SECOND, 30 * SECOND, 31 * SECOND)
    assert found.end == 40 * SECOND  # the last row says only how long the one before holds
    assert found.rat == ("5G", "5G", "LTE", "", "HSPA+", "HSPA+")
    assert found.cell == ("a", "a", "b", "b", "c", "c")
    assert found.rsrp_dbm == (-90, -95.5, -95.5, -95.5, -110, -110)
    assert found.cellular_works == (True, True, True, True, False, True)
    assert found.wifi == ("home", "home", "", "", "office", "office")
    assert found.wifi_works == (True, False, False, False, True, True)
    assert found.rate_down_mbps == (80, 80, 20, 20, 5, 5)
    assert found.rtt_ms == (40, 40, 65, 65, 140, 140)
    assert found.loss == (0.001, 0.001, 0.02, 0.02, 0.02, 0.02)


def test_only_the_time_is_required_and_any_order_will_do() -> None:
    found = of("rat,t_s\nLTE,100\n5G,101\n")
    assert found.at == (0, SECOND)
    assert found.end == 2 * SECOND
    assert found.cell is None


forgiving = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
printable = st.characters(categories=("L", "N", "P", "S"), max_codepoint=0x2FF)
names = st.text(st.one_of(printable, st.just(" ")), max_size=12).map(lambda text: text.strip().strip("-"))
VALUES: dict[str, st.SearchStrategy[object]] = {
    "rat": st.sampled_from(["", "LTE", "HSPA+", "5G-mmWave (28 GHz)", 'LTE, "A"']),
    "cell": names,
    "wifi": names,
    "cellular_works": st.booleans(),
    "wifi_works": st.booleans(),
    **{column: st.floats(low, high) for column, (low, high) in drive_csv.RANGES.items()},
}


@st.composite
def recordings(draw: st.DrawFn) -> Recording:
    at = sorted(draw(st.sets(st.integers(1, 20 * HOUR), min_size=1, max_size=12)))
    chosen = draw(st.sets(st.sampled_from(COLUMNS), min_size=1))
    rows = [Row(t, **{name: draw(VALUES[name]) for name in chosen}) for t in (0, *at)]  # type: ignore[arg-type]
    return laid_out(drive_csv.KIND, rows, rows[-1].at + draw(st.integers(1, HOUR)))


@forgiving
@given(recordings())
def test_our_csv_goes_there_and_back(recording: Recording) -> None:
    assert of(drive_csv.write(recording)) == recording


@forgiving
@given(recordings(), st.integers(1, 4))
def test_a_repeated_drive_is_the_same_drive_again(recording: Recording, times: int) -> None:
    found = sound(recording.repeated(times))
    assert found.end == times * recording.end
    for i in range(times):
        part = found.cut(i * recording.end, (i + 1) * recording.end)
        assert part == recording


@forgiving
@given(recordings(), st.data())
def test_a_cut_drive_says_at_each_moment_what_the_whole_one_says(recording: Recording, data: st.DataObject) -> None:
    begin = data.draw(st.integers(0, recording.end - 1))
    until = data.draw(st.integers(begin + 1, recording.end))
    found = sound(recording.cut(begin, until))
    assert found.end == until - begin
    moment = data.draw(st.integers(0, found.end - 1))
    for name in COLUMNS:
        whole, part = getattr(recording, name), getattr(found, name)
        if whole is not None:
            latest = max(i for i, at in enumerate(recording.at) if at <= begin + moment)
            assert part[max(i for i, at in enumerate(found.at) if at <= moment)] == whole[latest]


def test_every_sample_survives_the_way_through_our_csv() -> None:
    for path in FILES:
        if path.name not in REFUSED:
            found, again = read(path), of(drive_csv.write(read(path)))
            assert (again.at, again.end) == (found.at, found.end)
            assert all(getattr(again, name) == getattr(found, name) for name in COLUMNS), path.name


def test_the_made_up_drive_is_what_its_recipe_says() -> None:
    assert (SCENARIOS / "my-drive.csv").read_text(encoding="utf-8").splitlines() == list(lines())


# Refusals -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        ("t_s,rat\n0,LTE\n", "", "not two moments"),
        ("t_s,rat\n0,LTE\n1,LTE\n0.5,5G\n", "line 4", "the time runs backwards"),
        ("t_s,rat\n0,LTE\n0,5G\n", "line 3", "same as in the row before"),
        ("t_s,rat\n0,LTE\nsoon,5G\n", "line 3", "'soon'; expected a number of seconds"),
        ("t_s,rat\n0,LTE\n1e30,5G\n", "line 3", "expected a number of seconds"),
        ("t_s,rat\n0,LTE\n9999999,5G\n", "line 3", "more than 30 days"),
        ("t_s,rat\n0,LTE\n1\n", "line 3", "1 cells; expected 2"),
        ("t_s,rat\n0,LTE\n1,5G,6G\n", "line 3", "3 cells; expected 2"),
        ("t_s,rat\n0,LTE\n1,WLAN\n", "line 3", "unknown RAT 'WLAN'"),
        ("t_s,rta\n0,LTE\n1,5G\n", "line 1", "unknown column 'rta'"),
        ("t_s,rat,rat\n0,LTE,5G\n1,5G,5G\n", "line 1", "the column 'rat' comes twice"),
        ("t_s,rsrp_dbm\n0,-90\n1,-9000\n", "line 3", "expected a number from -140 to -40"),
        ("t_s,loss\n0,0\n1,nan\n", "line 3", "expected a number from 0 to 1"),
        ("t_s,loss\n0,0\n1,1_0\n", "line 3", "expected a number from 0 to 1"),
        ("t_s,wifi_works\n0,yes\n1,maybe\n", "line 3", "expected yes or no"),
        ("t_s,cell\n0,a\n1," + "b" * 81 + "\n", "line 3", "up to 80 printable characters"),
        ("t_s,cell\n0,a\n1,\x1b[2J\n", "line 3", "up to 80 printable characters"),
        ('t_s,cell\n0,"a\n1,b\n', "line 3", "no row of a table"),
        ("0\n5\n4\n", "line 3", "the time runs backwards"),
        ("0\n1\nx\n", "", "no recording that is known"),
        ("0\n" * 30 + "x\n", "line 31", "expected milliseconds"),
        ("0\n" * 30 + "99999999999\n", "line 31", "expected milliseconds, up to a day"),
        ("time,active interface,handover type\n0,4G,\n1,7G,\n", "line 3", "unknown RAT '7G'"),
        ("timestamp,nrStatus,nr_ssRsrp\n2031-05-01 08:00:00,MAYBE,\n", "line 2", "nrStatus is 'MAYBE'"),
        ("timestamp,nrStatus,nr_ssRsrp\n2031-13-01 08:00:00,NONE,\n", "line 2", "expected one such as 2020-01-31"),
        ("hello\n", "", "no recording that is known"),
    ],
)
def test_a_wrong_file_is_told_what_where_and_what_was_expected(text: str, where: str, what: str) -> None:
    said = refusal(text)
    assert said.startswith(f"a file: {where}: " if where else "a file: ")
    assert what in said
    assert "\x1b" not in said


@pytest.mark.parametrize(
    ("raw", "what"),
    [
        (b"t_s,rat\n0,LTE\0\n1,5G\n", "NUL bytes"),
        (b"t_s,rat\n0,L\xffTE\n1,5G\n", "not text in UTF-8"),
        ("t_s,rat\n0,LTE\n1,5G\n".encode("utf-16"), "UTF-16"),
        (b"t_s,rat\n0," + b"x" * 70_000, "longer than 65,536 characters"),
        (b"\n" * 2_000_001 + b"0", "more than 2,000,000 lines"),
        (b"t_s\n" + b"".join(b"%d\n" % i for i in range(200_001)), "more than 200,000 rows"),
    ],
)
def test_a_file_of_the_wrong_kind_or_size_is_refused(raw: bytes, what: str) -> None:
    assert what in refusal(raw)


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "empty").write_text(" \n")
    (tmp_path / "large").write_text("0\n" * 100)
    monkeypatch.setattr(reading, "MOST_BYTES", 99)
    for name, what in (("none", "no such file"), ("", "not an ordinary file"), ("empty", "empty"), ("large", "larger")):
        with pytest.raises(RecordingRefused, match=what):
            read(tmp_path / name)
    with pytest.raises(RecordingRefused):
        read(tmp_path / "a\0b")


def test_a_mark_before_utf8_and_other_line_ends_do_no_harm() -> None:
    plain = of("t_s,rat\n0,LTE\n1,5G\n")
    assert of(b"\xef\xbb\xbft_s,rat\r\n0,LTE\r\n1,5G\r\n") == plain
    assert of("t_s,rat\r0,LTE\r\r1,5G") == plain


PIECES = [path.read_bytes() for path in FILES]


@st.composite
def mangled(draw: st.DrawFn) -> bytes:
    """A sample with some bytes cut out, doubled or replaced."""
    raw = bytearray(draw(st.sampled_from(PIECES)))
    for _ in range(draw(st.integers(1, 4))):
        begin = draw(st.integers(0, len(raw)))
        end = draw(st.integers(begin, min(begin + 40, len(raw))))
        raw[begin:end] = draw(
            st.one_of(
                st.binary(max_size=6),
                st.sampled_from(
                    [b",", b"\n", b'"', b"\t", b"-", b"1e99", b"9" * 30, b"\xc2\x85", bytes(raw[begin:end] * 2)]
                ),
            )
        )
    return bytes(raw)


@settings(forgiving, max_examples=400)
@given(st.one_of(mangled(), st.binary(max_size=200)), st.sampled_from(["", "1", "y", "\n"]))
def test_hostile_bytes_are_read_or_refused_in_plain_words(raw: bytes, part: str) -> None:
    recognised(raw, "a file")
    try:
        said = repr(sound(of(raw, part)))
    except Refusal as refused:
        said = str(refused).replace("\n", "")
    assert said.isprintable()


def test_a_tracker_log_without_the_signal_of_5g_is_a_drive_without_signal() -> None:
    raw = b"""timestamp,nrStatus,accessNetworkTechnology,mCid
2031-05-01 08:00:00.100 EST,NONE,LTE,7
2031-05-01 08:00:05.100 EST,CONNECTED,LTE,7
"""
    assert of(raw).rsrp_dbm is None


# Real files -----------------------------------------------------------------------------------------------------------

REAL = sorted(SHARED.glob("traces/*/*"))


@pytest.mark.parametrize("path", REAL or ABSENT, ids=lambda path: path.name)
def test_a_real_file_is_read_or_refused_with_a_reason(path: Path) -> None:
    found, why = None, ""
    try:
        found = sound(read(path))
    except RecordingRefused as refused:
        why = refused.problem
    if found is None:
        assert re.search("distribution|no course of time|totals|no recording", why)
    else:
        again = of(drive_csv.write(found))
        assert all(getattr(again, name) == getattr(found, name) for name in ("at", "end", *COLUMNS))


def published() -> dict[str, tuple[float, float, str, str]]:
    """File → duration [s], its word on technologies, RAT changes and cell changes per hour."""
    page = SHARED / "TRACES.md"
    found = {}
    for line in page.read_text(encoding="utf-8").splitlines() if page.exists() else ():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 7 and cells[2].isdigit() and (cells[5] or cells[6]) and not cells[0].startswith("*"):
            found[cells[0]] = (float(cells[2]), float(cells[1]), cells[5], cells[6])
    return found


OTHERWISE = {
    # Its app says LTE all the time; that the NR leg joins once stands in another column, which counts in our reading.
    ("Data-Transfer-Power_APPLE-1606751982-01.csv", "rat"): 1,
    # Rows of the other operator at the end of the file have no time of this one.
    ("DL_atnt_verizon_3_run_19.csv", "rat"): 6,
    # A handover in the first row has no cell before it.
    ("DL_atnt_verizon_3_run_19.csv", "cell"): 9,
}
"""Where counting in the order of rows says something else than the recording."""


@pytest.mark.parametrize(
    "path", [path for path in REAL if path.name in published()] or ABSENT, ids=lambda path: path.name
)
def test_changes_per_hour_of_a_real_file_are_the_published_ones(path: Path) -> None:
    duration, _, rats, cells = published()[path.name]
    found = read(path)
    for name, per_hour in (("rat", rats), ("cell", cells)):
        if per_hour:
            changes = len(found.changes(getattr(found, name))) - 1
            # Durations are published in whole seconds, and rates with one digit.
            expected = OTHERWISE.get((path.name, name), round(float(per_hour) * found.at[-1] / HOUR))
            assert changes == expected
            assert found.at[-1] / SECOND == pytest.approx(duration, abs=1.01)
