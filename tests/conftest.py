"""What tests of all folders may ask for."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.commands import SMALL, Command


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs `leakwindow`."""
    return Command(capsys)


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A scenario of ten minutes."""
    path = tmp_path / "small.toml"
    path.write_text(SMALL)
    return path
