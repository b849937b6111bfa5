"""Debian's Chromium, driven by Playwright: what the tests of pages share. Without either, they are skipped, and say so."""

from __future__ import annotations

import os
from pathlib import Path

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
AXE = Path(os.environ.get("LEAKWINDOW_AXE", Path.home() / ".cache" / "leakwindow" / "axe.min.js"))
"""The accessibility checker; `.ci/run` fetches it from the npm registry."""
HOSTILE = "</script><script>window.owned=1</script><img src=x onerror=window.owned=1>"
"""The name of an app that would like to run a script."""
