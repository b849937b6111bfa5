"""The README's first picture: what a person sees who opens the page of the commute.

    python -m docs.picture

Needs Debian's Chromium. The picture is made again when the page changes its look; it is no test.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import sync_playwright

from sim.faces.cli import main as leakwindow
from tests.browser.chromium import CHROMIUM, FLAGS

_PICTURE = Path(__file__).resolve().parent / "pictures" / "report.png"
_WIDTH, _HEIGHT = 1280, 1560
"""As far as the lanes and the head of the chosen window's causes. [CSS pixels]"""


def main() -> None:
    """Make the page, open it, and write what is seen."""
    with TemporaryDirectory() as folder, sync_playwright() as driver:
        page = Path(folder) / "commute.html"
        try:
            leakwindow(["report", "commute", "-o", str(page)])
        except SystemExit as ended:
            if ended.code:
                raise
        browser = driver.chromium.launch(executable_path=str(CHROMIUM), args=list(FLAGS))
        seen = browser.new_page(viewport={"width": _WIDTH, "height": _HEIGHT}, color_scheme="light")
        seen.goto(page.as_uri())
        _PICTURE.write_bytes(seen.screenshot())
        browser.close()


if __name__ == "__main__":
    main()
