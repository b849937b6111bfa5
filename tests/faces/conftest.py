"""What tests of studies may ask for."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.studies import EXPERIMENT, LEAKY, LONG, swept


@pytest.fixture
def experiment(tmp_path: Path) -> Path:
    """Four points on three days under two arms."""
    (tmp_path / "leaky.toml").write_text(LEAKY)
    path = tmp_path / "experiment.toml"
    path.write_text(EXPERIMENT)
    return path


@pytest.fixture
def long(experiment: Path) -> Path:
    """The same on so many days that it can be stopped on the way."""
    experiment.write_text(LONG)
    return experiment


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The table of the long study, played without a stop."""
    folder = tmp_path_factory.mktemp("whole")
    (folder / "leaky.toml").write_text(LEAKY)
    (folder / "experiment.toml").write_text(LONG)
    return swept(folder / "experiment.toml", folder / "study")
