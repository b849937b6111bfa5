"""Write the generated pages of the documentation: ``python -m docs.generate``.

A test compares the pages that are checked in with what this would write.
"""

from __future__ import annotations

import sys
from pathlib import Path

from sim.faces import parameters

_HERE = Path(__file__).parent


def pages() -> dict[Path, str]:
    """Each generated page and its text."""
    return {_HERE / "reference" / "parameters.md": parameters.markdown()}


def main() -> None:
    """Write those that differ."""
    for path, text in pages().items():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            sys.stderr.write(f"Wrote {path.relative_to(_HERE.parent)}\n")


if __name__ == "__main__":
    main()
