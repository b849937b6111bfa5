"""The notebook of the docs runs from top to bottom."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

NOTEBOOK = Path(__file__).resolve().parents[2] / "docs" / "guides" / "notebook.ipynb"

# In a process of its own: the notebook's libraries give warnings that are not ours, and start an event loop.
RUN = """
import sys, nbformat
from pathlib import Path
from nbclient import NotebookClient
path = Path(sys.argv[1])
notebook = nbformat.read(path, as_version=4)
NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(path.parent)}}).execute()
codes = [cell for cell in notebook.cells if cell.cell_type == "code"]
assert all(cell.outputs for cell in codes), "a cell shows nothing"
print(sum("text/html" in output.get("data", {}) for cell in codes for output in cell.outputs))
"""


@pytest.mark.slow
def test_the_notebook_runs_and_shows_tables() -> None:
    pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    done = subprocess.run([sys.executable, "-c", RUN, str(NOTEBOOK)], capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) >= 3
