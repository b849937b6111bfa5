"""The site: it builds without a warning, from every page, and its pages ask no other host for anything."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from docs.reference_pages import commands, keys, python
from docs.site_hooks import turned

ROOT = Path(__file__).resolve().parents[2]
PAGES = {p.relative_to(ROOT / "docs").as_posix() for p in (ROOT / "docs").rglob("*.md")} | {
    "CONTRIBUTING.md",
    "CHANGELOG.md",
}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    built = tmp_path_factory.mktemp("site")
    found = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--quiet", "--strict", "-d", built],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (found.returncode, found.stdout + found.stderr) == (0, "")
    return built


def test_every_page_is_in_the_navigation() -> None:
    named = set(re.findall(r"^      - (?:[^:\n]*: )?(\S+\.md)$", (ROOT / "mkdocs.yml").read_text(), re.MULTILINE))
    assert named == PAGES, "name each page once below `nav` in mkdocs.yml"


@pytest.mark.slow
def test_it_has_a_page_for_each(site: Path) -> None:
    for page in PAGES:
        html = "index.html" if page == "README.md" else page.replace("README.md", "index.html").replace(".md", ".html")
        assert (site / html).is_file(), page


@pytest.mark.slow
def test_no_page_asks_another_host(site: Path) -> None:
    for page in site.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert not re.findall(r"<(?:script|img|iframe|source)[^>]*src=[\"']?(?:https?:)?//", text), page
        assert not re.findall(r"<link[^>]*href=[\"']?(?:https?:)?//", text), page
        assert 'mermaid"' not in text, page  # drawn by a program that Material would fetch
    for style in site.rglob("*.css"):
        assert not re.findall(r"(?:url\(|@import )[\"']?(?:https?:)?//", style.read_text(encoding="utf-8")), style


def test_links_between_the_top_folder_and_the_pages_are_turned() -> None:
    assert turned("[a](docs/x.md) [b](LICENSE)", "CONTRIBUTING.md") == "[a](x.md) [b](LICENSE)"
    assert turned("[a](../CHANGELOG.md)", "README.md") == "[a](CHANGELOG.md)"
    assert turned("[a](../../CONTRIBUTING.md#b)", "guides/x.md") == "[a](../CONTRIBUTING.md#b)"
    assert turned("[a](../../sim/x.py) [b](../y.md)", "guides/x.md") == "a [b](../y.md)"


def test_the_reference_names_what_there_is() -> None:
    page = commands()
    for words in ("## routine", "`leakwindow lessons [NAME] [OPTIONS]`", "## import", "`--set`", "usually 20"):
        assert words.replace(" [OPTIONS]", "") in page.replace(" [OPTIONS]", ""), words
    assert "--debug" not in page
    assert '| `rtt` | a duration | `"15 ms"` |' in keys()
    assert "## Vpn" in keys()
    assert "## sim.simulate" in python()
