"""The study of the starred unknowns: a design over parameters instead of a study file, so it has a player of its own.

It is the command that stands in `experiments/starred/README.md`, with its orderings kept as a table.
"""

from __future__ import annotations

import csv
from io import StringIO
from pathlib import Path

from sim.faces.studying import arms_of
from sim.faces.tornado import draw
from sim.faces.weighing import played, robust
from sim.study.sensitivity import Design, Found
from sim.study.unknowns import starred
from sim.world.loading import load, read_all, read_tree

VARY = "policy=none,connect-first,toggle-after,openvpn,sealed,always-on"
BLOCKS, DAYS, SEED = 64, 3, 1


def play(folder: Path, blocks: int = BLOCKS, days: int = DAYS) -> tuple[str, bytes]:
    """Play the folder's morning over all starred unknowns: its table of orderings, as CSV, and its tornados, as PNG."""
    file = folder / "morning.toml"
    design = Design("sobol", tuple(starred(load(file))), blocks)
    arms = arms_of([VARY], read_tree(file).get("policies"))
    found = played(design, design.plan(str(file), read_all(file, {}), arms, days, SEED), None, None)
    return table(found), draw(design, found, file.stem, "png")


def table(found: Found) -> str:
    """For each policy and number: at how many of the points it has less than WireGuard as it stands, and more."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(
        ["arm against WireGuard as it stands", "number", "less_percent", "equal_percent", "more_percent", "ordering"]
    )
    for w in found.weighed:
        if w.against is not None:
            shares = (w.less, max(1 - w.less - w.more, 0.0), w.more)
            writer.writerow([w.arm, w.metric.title, *(f"{share:.0%}"[:-1] for share in shares), robust(w).plain])
    return text.getvalue()
