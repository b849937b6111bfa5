"""`sim.compare` and `sim.sweep`: what the commands of these names do, for notebooks and programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sim.base.frames import frame, html_table
from sim.faces import comparing, contrasts, sweeping
from sim.faces.comparing import Wanted, amount, change
from sim.faces.parameters import Basis
from sim.faces.saving import check_picture
from sim.faces.studying import arms_of, checked
from sim.faces.terminal import count
from sim.study.arms import Varied, grid
from sim.study.compare import Comparison
from sim.study.experiment import read_experiment
from sim.study.rows import HEADLINE
from sim.study.tasks import Plan
from sim.world import shipped
from sim.world.loading import ScenarioError, read_tree


@dataclass(frozen=True)
class Compared:
    """Arms on common days, and what can be said about them.

    Parameters
    ----------
    about : the scenario's name
    comparison : means, paired differences, winners and the trade-off
    basis : how many parameters all that rests on, and how many of them are assumed
    """

    about: str
    comparison: Comparison
    basis: Basis

    def to_frame(self) -> Any:
        """A row for each arm and headline number: mean, difference to the baseline, their intervals.

        Raises
        ------
        FrameRefused
            Without pandas.
        """
        found = self.comparison
        rows = [
            {
                "arm": arm,
                "number": m.column,
                "mean": s.mean.mean,
                "mean_low": s.mean.low,
                "mean_high": s.mean.high,
                "difference": s.difference.mean,
                "difference_low": s.difference.low,
                "difference_high": s.difference.high,
                "zero_days": s.zero_days,
                "least": arm in found.winners(m.column),
                "trade_off": str(found.places[arm]),
            }
            for arm in found.arms
            for m in HEADLINE
            for s in (found.standings[arm, m.column],)
        ]
        return frame({key: [row[key] for row in rows] for key in rows[0]})

    def days(self) -> Any:
        """A row for each arm and day, with the headline numbers.

        Raises
        ------
        FrameRefused
            Without pandas.
        """
        found = self.comparison
        columns: dict[str, list[Any]] = {"arm": [arm for arm in found.arms for _ in range(found.days)]}
        columns |= {m.column: [v for arm in found.arms for v in found.values[arm, m.column]] for m in HEADLINE}
        return frame(columns)

    def save(self, picture: str | Path) -> None:
        """Draw intervals and trade-off into a .png, .svg or .pdf.

        Raises
        ------
        ScenarioError
        """
        path = Path(picture)
        check_picture(path)
        path.write_bytes(contrasts.draw(self.comparison, self.about, self.basis, path.suffix.lower().removeprefix(".")))

    def _repr_html_(self) -> str:
        found = self.comparison
        caption = (
            f"{comparing.headline(found)} {self.about}, {count(found.days, 'common day')}; all intervals hold together "
            f"with {found.confidence:.0%}; rests on {self.basis}"
        )
        rows = [[arm, *(self._cell(arm, m) for m in HEADLINE), f"{found.places[arm]}"] for arm in found.arms]
        return html_table(caption, ["arm", *(m.title for m in HEADLINE), "trade-off"], rows)

    def _cell(self, arm: str, metric: Any) -> str:
        standing = self.comparison.standings[arm, metric.column]
        mean = amount(standing.mean.mean, metric)
        return mean if arm == self.comparison.arms[0] else f"{mean} ({change(standing.difference, metric)})"


@dataclass(frozen=True)
class Study:
    """A sweep that was played.

    Parameters
    ----------
    plan : what was played
    swept : where its rows are, and which runs failed
    """

    plan: Plan
    swept: sweeping.Swept

    def to_frame(self) -> Any:
        """The whole table: a row a run.

        Raises
        ------
        FrameRefused
            Without pandas.
        """
        import pyarrow.parquet as pq

        assert self.swept.table is not None, "sim.sweep plays all runs"
        table = pq.read_table(self.swept.table)
        return frame({name: table[name].to_numpy() for name in table.column_names})

    def _repr_html_(self) -> str:
        plan = self.plan
        shape = [count(len(plan.points), "point"), count(plan.replications, "day"), count(len(plan.arms), "arm")]
        runs = f"{count(plan.runs, 'run')}, {len(self.swept.failed)} failed"
        caption = f"{Path(plan.file).stem}: {' × '.join(shape)}, {runs}"
        rows = [[arm.name, *sweeping.across(self.swept.rows, arm.name)] for arm in plan.arms]
        return html_table(caption, ["mean (lowest to highest point)", *(m.title for m in HEADLINE)], rows)


def compare(
    scenario: str | Path,
    vary: Mapping[str, Sequence[Any]] | None = None,
    *,
    settings: Mapping[str, Any] | None = None,
    seeds: int | None = None,
    precision: float | None = None,
    of: Sequence[str] = (),
    seed: int = 1,
    workers: int = 1,
    cluster: str | None = None,
    out: str | Path | None = None,
) -> Compared:
    """Play policies or protocols on the same days.

    Parameters
    ----------
    scenario : a file, or the name of a shipped scenario
    vary : key path → its values, or "policy" → names; default: all policies of the scenario
    settings : key path → value, for all arms
    seeds : days, at most, and at least two; default: 40, with `precision` 640
    precision : stop once differences are known to this share of the larger mean. 0 < precision < 1
    of : headline numbers that `precision` is about, such as "exposed_s"; default: all five
    workers : processes. More than one needs a program that may be imported: `if __name__ == "__main__":`
    out : a folder that keeps all rows, and from which the same call goes on

    Raises
    ------
    ScenarioError, StudyRefused, PoolRefused
    """
    _check("seeds", seeds, seeds is None or seeds >= 2, "at least two days")
    _check("precision", precision, precision is None or 0 < precision < 1, "a share between 0 and 1")
    _check("workers", workers, workers >= 1, "at least one")
    file = shipped.find(str(scenario))
    policies = read_tree(file).get("policies")
    varied = [Varied(key, tuple(values)) for key, values in (vary or {}).items()]
    arms = checked(grid(varied, policies if isinstance(policies, dict) else {})) if varied else arms_of([], policies)
    folder = None if out is None else Path(out)
    wanted = Wanted(seeds, precision, seed, workers, cluster, folder, comparing.read_numbers(of))
    plan = comparing.plan_of(file, arms, dict(settings or {}), wanted)
    return Compared(file.stem, comparing.played(plan, wanted), comparing.basis_of(plan))


def sweep(
    experiment: str | Path, out: str | Path | None = None, *, workers: int = 1, cluster: str | None = None
) -> Study:
    """Play a study; one that was stopped goes on.

    Parameters
    ----------
    experiment : an experiment file
    out : the study's folder; default: the file's name with the ending .study
    workers : processes. More than one needs a program that may be imported: `if __name__ == "__main__":`

    Raises
    ------
    ScenarioError, StudyRefused, PoolRefused
    """
    _check("workers", workers, workers >= 1, "at least one")
    file = Path(experiment)
    plan = read_experiment(file).plan
    return Study(plan, sweeping.played(plan, Path(out or f"{file.stem}.study"), workers, cluster, fail_fast=False))


def _check(name: str, value: object, right: bool, expected: str) -> None:
    if not right:
        raise ScenarioError(name, "", f"found {value}; expected {expected}")
