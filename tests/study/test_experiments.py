"""The experiments that are shipped: what they say stands in their tables, and the runner writes both again."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from experiments import starred_study
from experiments.studies import write

HERE = Path(__file__).parents[2] / "experiments"
# The claims are a file of their own kind, with checks of their own.
FOLDERS = sorted(file.parent for file in HERE.glob("*/table.csv") if file.parent.name != "claims")
UNITS = {
    "_s": {"s": 1.0, "seconds": 1.0, "min": 60.0, "minutes": 60.0, "h": 3600.0, "hours": 3600.0},
    "_bytes": {"B": 1.0, "kB": 1e3, "MB": 1e6, "GB": 1e9},
    "_percent": {"%": 1.0, "points": 1.0},
}
QUOTED = re.compile(r"(?<![\w.])(\d+(?:\.\d+)?) (s|seconds|min|minutes|h|hours|B|kB|MB|GB|%|points)(?!\w)")
STUDY = """
scenario = "legacy-apps-first"
replications = 2

[[arms]]
name = "as it stands"

[[arms]]
name = "sealed"
set = { "vpn.include_all_networks" = true }

[factors]
design = "grid"
over = { "vpn.wireguard.persistent_keepalive" = ["10 s", "25 s"] }
"""


def finding(readme: str) -> str:
    return readme.split("## Finding")[1].split("The numbers are in")[0]


def sizes(column: str, cell: str, unit: str) -> Iterator[float]:
    """What a cell of the table is in this unit."""
    for ending, known in UNITS.items():
        if unit in known and re.search(rf"{ending}(_more|_more_low|_more_high)?$", column):
            yield abs(float(cell)) / known[unit]


def stands(number: str, unit: str, rows: list[dict[str, str]]) -> bool:
    """Whether a quoted number is a cell, rounded as it is quoted, or stands in the name of an arm."""
    decimals = len(number.partition(".")[2])
    for row in rows:
        for column, cell in row.items():
            if f"{number} {unit}" in cell or any(
                f"{size:.{decimals}f}" == number for size in sizes(column, cell, unit)
            ):
                return True
    return False


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_finding_quotes_numbers_of_its_table(folder: Path) -> None:
    with (folder / "table.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    said = finding((folder / "README.md").read_text(encoding="utf-8"))
    quoted = QUOTED.findall(said)
    assert quoted
    assert [f"{number} {unit}" for number, unit in quoted if not stands(number, unit, rows)] == []


def test_every_experiment_is_whole() -> None:
    folders = {file.parent for file in HERE.glob("*/README.md")} - {HERE / "claims"}
    assert len(folders) >= 6
    assert folders == set(FOLDERS)
    for folder in folders:
        readme = (folder / "README.md").read_text(encoding="utf-8")
        assert list(folder.glob("*.toml")), folder.name
        assert (folder / "picture.png").read_bytes().startswith(b"\x89PNG"), folder.name
        assert "(picture.png)" in readme, folder.name
        assert "(table.csv)" in readme, folder.name


def test_an_experiment_is_played_into_its_folder(tmp_path: Path) -> None:
    folder = tmp_path / "tiny"
    folder.mkdir()
    (folder / "study.toml").write_text(STUDY, encoding="utf-8")
    write(folder, workers=1)
    with (folder / "table.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [(row["vpn.wireguard.persistent_keepalive_s"], row["arm"]) for row in rows] == [
        (value, arm) for value in ("10", "25") for arm in ("as it stands", "sealed")
    ]
    for plain, sealed in zip(rows[::2], rows[1::2], strict=True):
        assert float(plain["exposed_s_more"]) == 0
        assert float(sealed["exposed_s"]) < float(plain["exposed_s"])
        assert float(sealed["exposed_s_more"]) == pytest.approx(float(sealed["exposed_s"]) - float(plain["exposed_s"]))
    before = [(folder / name).read_bytes() for name in ("table.csv", "picture.png")]
    write(folder, workers=1)
    assert [(folder / name).read_bytes() for name in ("table.csv", "picture.png")] == before


def test_the_starred_study_is_the_command_of_its_page() -> None:
    readme = (HERE / "starred" / "README.md").read_text(encoding="utf-8")
    s = starred_study
    assert f"--vary {s.VARY} --blocks {s.BLOCKS} --seeds {s.DAYS}\n" in readme
    with (HERE / "starred" / "table.csv").open(encoding="utf-8") as file:
        arms = list(dict.fromkeys(row["arm against WireGuard as it stands"] for row in csv.DictReader(file)))
    assert arms == s.VARY.removeprefix("policy=none,").split(",")
