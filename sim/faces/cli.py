"""The command `leakwindow`: what people type.

Results go to stdout, notes and progress to stderr. Exit status: 0 done, 1 a claim failed, 2 the user's input is wrong,
70 we are wrong, 130 stopped by Ctrl-C. This is the one place where errors end: each becomes one message. Whatever is
heavy (the engine, matplotlib) is imported by the command that needs it, so that `--help` and `check` stay quick.
"""

from __future__ import annotations

import shlex
import sys
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

import sim
from sim.base.refusal import Refusal
from sim.faces import saving
from sim.faces.terminal import LINES, clean, progress, say, stderr, stdout, table, text

if TYPE_CHECKING:
    from sim.engine.simulate import Run
    from sim.faces.importing import Imported, Note
    from sim.world.scenario import Scenario

CLAIM_FAILED, INPUT_WRONG, WE_ARE_WRONG, STOPPED = 1, 2, 70, 130

app = typer.Typer(
    name="leakwindow",
    help="Plays the day of an iPhone behind a VPN: what was outside the tunnel, when, why, and at what price.",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@dataclass
class Occasion:
    """What is being done, so that an error can say it."""

    debug: bool = False
    played: list[str] = field(default_factory=list)
    """Scenario and seed of the latest run."""


ScenarioArgument = Annotated[str, typer.Argument(help="A scenario file, or the name of a shipped scenario.")]
PolicyOption = Annotated[str | None, typer.Option(help="One of the scenario's policies.")]
SeedOption = Annotated[int | None, typer.Option(min=0, max=2**63 - 1, help="Another day of the same kind.")]
SetOption = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY.PATH=VALUE", help="Replace a value; may be given again.")
]
ProfileOption = Annotated[
    Path | None, typer.Option(help="A real VPN configuration (.mobileconfig, .conf, .ovpn) instead of the scenario's.")
]

RecordingOption = Annotated[
    Path | None, typer.Option(metavar="FILE", help="A recorded drive in the place of the scenario's cellular network.")
]
RowOption = Annotated[
    int | None, typer.Option(min=0, metavar="K", help="SCENARIO is a study's folder: play row K of its table again.")
]
ClusterOption = Annotated[
    str | None,
    typer.Option(metavar="ADDRESS", help="Play on a cluster: tcp://HOST:PORT of a Dask scheduler, or mpi."),
]
WorkersOption = Annotated[int | None, typer.Option(min=1, max=1024, help="Processes. Default: one a processor.")]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command; never let an error out as anything but one message and an exit status."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    occasion = Occasion()
    try:
        app(args=words, obj=occasion)
    except Refusal as error:
        say(f"leakwindow: {error}")
        raise SystemExit(INPUT_WRONG) from None
    except MemoryError:
        say("leakwindow: there is not enough memory for a day of this size; make it shorter, or its traffic rarer")
        raise SystemExit(INPUT_WRONG) from None
    except Exception as error:  # noqa: BLE001 - the top: whatever is left is a fault of ours
        if occasion.debug:
            traceback.print_exception(error)
        say(_our_fault(error, words, occasion))
        raise SystemExit(WE_ARE_WRONG) from None


def _our_fault(error: Exception, words: list[str], occasion: Occasion) -> str:
    what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    where = f" while playing {' with seed '.join(occasion.played)}" if occasion.played else ""
    known = "--seed" in words or "--row" in words
    seed = ["--seed", occasion.played[1]] if occasion.played and not known else []
    command = shlex.join(["leakwindow", "--debug", *(w for w in words if w != "--debug"), *seed])
    return f"leakwindow: a fault of ours{where}: {what}\n  Repeat it with: {command}"


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(f"leakwindow {version('leakwindow')}")
        raise typer.Exit


@app.callback()
def _common(
    context: typer.Context,
    _: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Say the version.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", hidden=True)] = False,
) -> None:
    context.obj = context.obj or Occasion()
    context.obj.debug = debug


# One day --------------------------------------------------------------------------------------------------------------


@app.command()
def run(
    context: typer.Context,
    scenario: ScenarioArgument,
    policy: PolicyOption = None,
    seed: SeedOption = None,
    settings: SetOption = None,
    profile: ProfileOption = None,
    recording: RecordingOption = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON document, and nothing else.")] = False,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write summary, timeline, windows and picture there.")
    ] = None,
    plot: Annotated[Path | None, typer.Option(metavar="FILE", help="Draw the day: .png, .svg or .pdf.")] = None,
    row: RowOption = None,
) -> None:
    """Play one day: what was outside the tunnel, why, and what it cost."""
    if plot is not None:
        saving.check_picture(plot)
    if out is not None:
        saving.check_directory(out)
    file, played = _play(context, scenario, policy, seed, settings, profile, recording, row)
    summary = sim.summarise(played)
    document = summary.as_dict()
    document["scenario"] |= {"path": str(file), **_origin(policy, settings, profile, recording)}
    files: dict[Path, bytes] = {}
    if out is not None or plot is not None:
        from sim.faces.plots import draw

        if out is not None:
            files |= saving.everything(summary, document, out, draw(summary, "png", policy))
        if plot is not None:
            files[plot] = draw(summary, plot.suffix.lower().removeprefix("."), policy)
    saving.write(files)
    if json:
        sys.stdout.write(saving.as_json(document))
    else:
        from sim.faces.reporting import report

        report(stdout(), summary, document, policy)
    for path in files:
        say(f"Wrote {path}")


def _origin(policy: str | None, settings: list[str] | None, profile: Path | None, recording: Path | None) -> Any:
    """What else a run was played with, so that `report` can play it again."""
    files = {"profile": profile, "recording": recording}
    said = {name: str(path.resolve()) for name, path in files.items() if path is not None}
    return {"policy": policy, **({"settings": settings} if settings else {}), **said}


@app.command()
def report(
    context: typer.Context,
    target: Annotated[
        str, typer.Argument(metavar="SCENARIO|RUN|STUDY", help="A scenario, or the folder of a run or of a study.")
    ],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="The page: one .html file.")],
    policy: PolicyOption = None,
    seed: SeedOption = None,
    settings: SetOption = None,
    profile: ProfileOption = None,
    recording: RecordingOption = None,
) -> None:
    """Make a page for looking: the day lane by lane, every leak with its causes, and the day under other policies."""
    from sim.faces.report import run_page, study_page
    from sim.world import recorded, shipped
    from sim.world.loading import read_tree

    saving.check_page(out)
    of_a_study = study_page.is_study(target)
    given = (policy, seed, settings or None, profile, recording)
    if (of_a_study or run_page.is_run(target)) and any(option is not None for option in given):
        raise sim.ScenarioError(target, "", "this was played already; options are for scenarios")
    if of_a_study:
        saving.write({out: study_page.make(Path(target))})
        say(f"Wrote {out}")
        return
    if run_page.is_run(target):
        target, policy, seed, settings, profile, recording = run_page.played_with(Path(target))
    file = shipped.find(target)
    base = _load(file, policy, settings or [], profile, recording)
    for note in recorded.notes(base):
        say(note)
    seed = base.seed if seed is None else seed
    context.obj.played = [str(file), str(seed)]

    def variant(of: str | None, more: Mapping[str, Any]) -> Scenario:
        return _load(file, of, settings or [], profile, recording, more, quiet=True)

    saving.write({out: run_page.make(base, variant, policy, seed, read_tree(file))})
    say(f"Wrote {out}")


@app.command()
def explain(
    context: typer.Context,
    scenario: ScenarioArgument,
    window: Annotated[int | None, typer.Option(min=1, help="Only this window, counted in order of time.")] = None,
    policy: PolicyOption = None,
    seed: SeedOption = None,
    settings: SetOption = None,
    profile: ProfileOption = None,
    recording: RecordingOption = None,
    row: RowOption = None,
) -> None:
    """Say why each leak happened, back to its first causes, and what would have closed it."""
    from sim.faces.explaining import explain_all, explain_one

    _, played = _play(context, scenario, policy, seed, settings, profile, recording, row)
    summary = sim.summarise(played)
    if window is None:
        explain_all(stdout(), summary)
        return
    windows = summary.windows
    if window > len(windows):
        allowed = f"allowed: 1 to {len(windows)}" if windows else "this run has no leak window"
        raise sim.ScenarioError("--window", "", f"found {window}; {allowed}")
    explain_one(stdout(), summary, window)


@app.command()
def whatif(
    context: typer.Context,
    scenario: ScenarioArgument,
    policy: PolicyOption = None,
    seed: SeedOption = None,
    seeds: Annotated[int, typer.Option(min=1, max=1000, help="How many days, from the seed on.")] = 1,
    every_set: Annotated[
        bool,
        typer.Option(
            "--every-set", help="Play every set of up to three changes: nothing is missed, and it takes long."
        ),
    ] = False,
    settings: SetOption = None,
    profile: ProfileOption = None,
    recording: RecordingOption = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON document, and nothing else.")] = False,
) -> None:
    """Play the same day under each mitigation, and find the smallest set of changes that closes all leak windows."""
    from sim.faces import mitigating
    from sim.study.whatif import what_if
    from sim.world import recorded, shipped

    file = shipped.find(scenario)
    chosen = _load(file, policy, settings or [], profile, recording)
    for note in recorded.notes(chosen):
        say(note)
    first = chosen.seed if seed is None else seed
    context.obj.played = [str(file), str(first)]
    with progress("whatif: change") as tell:
        asked = what_if(chosen, range(first, first + seeds), tell)
    with progress("whatif: set") as tell:
        found = asked.search(tell, every=every_set)
    if json:
        sys.stdout.write(saving.as_json(mitigating.as_document(asked, found)))
        return
    given = [w for s in settings or [] for w in ("--set", s)]
    for option, value in (("--policy", policy), ("--profile", profile), ("--recording", recording), ("--seed", seed)):
        given += [] if value is None else [option, str(value)]
    mitigating.report(stdout(), asked, found, ["leakwindow", "run", scenario, *given])


@app.command()
def routine(
    context: typer.Context,
    scenario: Annotated[
        str | None, typer.Argument(help="A scenario, or a VPN configuration (.mobileconfig, .conf, .ovpn) of yours.")
    ] = None,
    policy: PolicyOption = None,
    seed: SeedOption = None,
    settings: SetOption = None,
    profile: ProfileOption = None,
) -> None:
    """Play close, connect, toggle, verify, open: after each step what is protected, and what a leak check says."""
    from sim.faces import checking
    from sim.faces import routine as face
    from sim.measure.routine import with_routine
    from sim.world import shipped

    if scenario is not None and Path(scenario).suffix.lower() in checking.CONFIGURATIONS:
        if profile is not None:
            raise sim.ScenarioError(
                "--profile", str(profile), f"{scenario} is a configuration already; give one of them"
            )
        profile, scenario = Path(scenario), None
    file = shipped.find(scenario or face.DAY)
    chosen = with_routine(_load(file, policy, settings or [], profile, None))
    seed = chosen.seed if seed is None else seed
    context.obj.played = [str(file), str(seed)]
    what = [chosen.name, *([f"policy {policy}"] if policy else []), chosen.vpn.protocol]
    face.report(
        stdout(), sim.summarise(sim.simulate(chosen, seed)), "  ·  ".join([*what, *([str(profile)] if profile else [])])
    )


@app.command()
def lessons(
    context: typer.Context,
    name: Annotated[str | None, typer.Argument(help="Walk through this one: its name or its number.")] = None,
) -> None:
    """Learn how leaks arise: ten short lessons, each with a guess, a scenario, its causes and an exercise."""
    from sim.faces import lessons as face

    if name is None:
        face.listing(stdout())
        return
    face.walk(stdout(100), face.find(name), lambda words: app(words, obj=context.obj, standalone_mode=False))


def _play(
    context: typer.Context,
    scenario: str,
    policy: str | None,
    seed: int | None,
    settings: list[str] | None,
    profile: Path | None,
    recording: Path | None,
    row: int | None,
) -> tuple[Path, Run]:
    if row is not None:
        if policy is not None or seed is not None or settings or profile is not None or recording is not None:
            raise sim.ScenarioError("--row", str(row), "a row says policy, seed and settings itself; leave them out")
        return _replay(context, Path(scenario), row)
    from sim.world import recorded, shipped

    file = shipped.find(scenario)
    chosen = _load(file, policy, settings or [], profile, recording)
    for note in recorded.notes(chosen):
        say(note)
    seed = chosen.seed if seed is None else seed
    context.obj.played = [str(file), str(seed)]
    return file, sim.simulate(chosen, seed)


def _replay(context: typer.Context, folder: Path, row: int) -> tuple[Path, Run]:
    """Play one cell of a study again."""
    from sim.faces import sweeping
    from sim.study.store import read_plan

    plan = read_plan(folder)
    if row >= plan.runs:
        raise sim.ScenarioError("--row", str(row), f"this study has the rows 0 to {plan.runs - 1}")
    say(sweeping.told(plan, row))
    chosen, seed = plan.run(row)
    context.obj.played = [str(folder), str(seed)]
    return Path(plan.file), sim.simulate(chosen, seed)


def _load(
    file: Path,
    policy: str | None,
    settings: list[str],
    profile: Path | None,
    recording: Path | None,
    more: Mapping[str, Any] | None = None,
    *,
    quiet: bool = False,
) -> Scenario:
    from sim.world.loading import read_setting, read_tree

    wanted = {**dict(read_setting(s) for s in settings), **(more or {})}
    if profile is None:
        return sim.load(file, policy, wanted, recording=recording)
    from sim.faces.importing import read_profile

    imported = read_profile(profile)
    if not quiet:
        _tell_notes(imported.kind, imported.name, imported.notes)
    servers = _servers(imported, read_tree(file))
    return sim.load(file, policy, {**servers, **wanted}, vpn=imported.vpn, recording=recording)


def _servers(imported: Imported, tree: dict[str, Any]) -> dict[str, Any]:
    """The configuration's servers, and the scenario's own behind them: its timeline may name them."""
    if not imported.servers:
        return {}
    names = {server["name"] for server in imported.servers}
    own = [s for s in tree.get("servers", []) if isinstance(s, dict) and s.get("name") not in names]
    return {"servers": [*imported.servers, *own]}


# Many days ------------------------------------------------------------------------------------------------------------


@app.command()
def compare(
    scenario: ScenarioArgument,
    vary: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY=A,B", help="A key and its values, or policy=none,NAME; may be given again."),
    ] = None,
    settings: SetOption = None,
    seeds: Annotated[
        int | None, typer.Option(min=2, max=1_000_000, help="How many days, at most. [40; with --precision 640]")
    ] = None,
    precision: Annotated[
        str | None,
        typer.Option(metavar="SHARE", help="Stop once differences are known to this share of the mean, such as 10%."),
    ] = None,
    of: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NUMBER", help="What --precision is about, such as exposed_s; may be given again. [all five]"
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, max=2**63 - 1, help="Other days of the same kind.")] = 1,
    workers: WorkersOption = None,
    cluster: ClusterOption = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON document, and nothing else.")] = False,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Keep all rows there; the same command goes on where it stopped.")
    ] = None,
    plot: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Draw intervals and trade-off: .png, .svg or .pdf.")
    ] = None,
) -> None:
    """Play policies or protocols on the same days: differences with intervals, and who wins where that is sure."""
    from sim.faces import comparing, studying
    from sim.world import shipped
    from sim.world.loading import read_setting, read_tree

    if plot is not None:
        saving.check_picture(plot)
    if out is not None:
        saving.check_directory(out)
    file = shipped.find(scenario)
    wide = None if precision is None else comparing.read_precision(precision)
    if of and wide is None:
        raise sim.ScenarioError("--of", ", ".join(of), "this says what --precision is about; give that, too")
    wanted = comparing.Wanted(seeds, wide, seed, workers, cluster, out, comparing.read_numbers(of or ()))
    arms = studying.arms_of(vary or [], read_tree(file).get("policies"))
    plan = comparing.plan_of(file, arms, dict(read_setting(s) for s in settings or []), wanted)
    with _stoppable(out):
        found = comparing.played(plan, wanted)
    basis = comparing.basis_of(plan)
    if plot is not None:
        from sim.faces.contrasts import draw

        saving.write({plot: draw(found, file.stem, basis, plot.suffix.lower().removeprefix("."))})
    if json:
        said = {"scenario": str(file), "answer": comparing.headline(found), **basis._asdict()}
        sys.stdout.write(saving.as_json({**said, **found.as_dict()}))
    else:
        comparing.report(stdout(), found, file.stem, basis, scenario, wanted)
    for path in (*([out] if out else []), *([plot] if plot else [])):
        say(f"Wrote {path}")


@app.command()
def sweep(
    experiment: Annotated[Path, typer.Argument(help="An experiment file (TOML): scenario, arms, factors, days.")],
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="The study's folder; one that is there goes on. [EXPERIMENT.study]"),
    ] = None,
    workers: WorkersOption = None,
    cluster: ClusterOption = None,
    fail_fast: Annotated[bool, typer.Option("--fail-fast", help="Stop at the first run that fails.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say how many runs, and roughly how long.")] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON document, and nothing else.")] = False,
) -> None:
    """Play a study: every arm at every point on every day, kept as one table in Parquet; goes on where it stopped."""
    from sim.faces import sweeping
    from sim.study.experiment import read_experiment

    folder = out or Path(f"{experiment.stem}.study")
    saving.check_directory(folder)
    plan, left_out = read_experiment(experiment)
    if left_out:
        say(f"{left_out} of {left_out + len(plan.points)} points are left out: they are no scenario")
    if dry_run:
        expected = sweeping.forecast(plan, folder, workers)
        sys.stdout.write(saving.as_json(expected._asdict()) if json else f"{expected}\n")
        return
    with _stoppable(folder):
        swept = sweeping.played(plan, folder, workers, cluster, fail_fast)
    if json:
        sys.stdout.write(saving.as_json(sweeping.as_dict(plan, swept)))
    else:
        sweeping.report(stdout(LINES), plan, swept)
    say(f"Wrote {swept.table}" if swept.table else f"Stopped at a run that failed; what was played is in {folder}")
    for line in sweeping.failures(swept):
        say(line)
    if swept.table:
        say(f"Look at it with: {shlex.join(['leakwindow', 'report', str(folder), '-o', f'{folder.stem}.html'])}")
    if swept.failed:
        raise typer.Exit(CLAIM_FAILED)


@app.command()
def sensitivity(
    scenario: ScenarioArgument,
    unknown: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY", help='A parameter, a table for all assumed ones below it, or "*"; may be given again.'
        ),
    ] = None,
    starred: Annotated[
        bool, typer.Option("--starred", help="Those that nobody knows and leaks depend on most; the default.")
    ] = False,
    method: Annotated[
        str, typer.Option(help="sobol: shares of the variance. morris: cheap, for many unknowns.")
    ] = "sobol",
    blocks: Annotated[int, typer.Option(min=2, max=65_536, help="Blocks of points; sobol wants a power of two.")] = 64,
    seeds: Annotated[int, typer.Option(min=1, max=10_000, help="Days at each point, the same at all.")] = 4,
    vary: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY=A,B", help="Arms, as in compare: their differences are analysed, too."),
    ] = None,
    settings: SetOption = None,
    seed: Annotated[int, typer.Option(min=0, max=2**63 - 1, help="Other days of the same kind.")] = 1,
    workers: WorkersOption = None,
    cluster: ClusterOption = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON document, and nothing else.")] = False,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Keep all rows there; the same command goes on where it stopped.")
    ] = None,
    plot: Annotated[Path | None, typer.Option(metavar="FILE", help="Draw tornados: .png, .svg or .pdf.")] = None,
) -> None:
    """Say which unknown matters: how much of each headline number's variation it explains over its range."""
    from sim.faces import studying, weighing
    from sim.study.arms import PLAIN, Arm
    from sim.study.sensitivity import Design
    from sim.study.unknowns import read as read_unknowns
    from sim.study.unknowns import starred as starred_unknowns
    from sim.world import shipped
    from sim.world.loading import read_all, read_setting, read_tree

    if plot is not None:
        saving.check_picture(plot)
    if out is not None:
        saving.check_directory(out)
    if method not in ("sobol", "morris"):
        raise sim.ScenarioError("--method", method, "allowed: sobol, morris")
    if method == "sobol" and blocks & (blocks - 1):
        raise sim.ScenarioError("--blocks", str(blocks), "sobol needs a power of two, such as 64")
    file, wanted = shipped.find(scenario), dict(read_setting(s) for s in settings or [])
    chosen = sim.load(file, settings=wanted)
    known = {u.name: u for u in (starred_unknowns(chosen) if starred or not unknown else ())}
    known |= {u.name: u for u in read_unknowns(unknown or [], chosen, str(file))}
    design = Design("sobol" if method == "sobol" else "morris", tuple(known.values()), blocks)
    arms = studying.arms_of(vary, read_tree(file).get("policies")) if vary else [Arm(PLAIN)]
    plan = design.plan(str(file), read_all(file, wanted), arms, seeds, seed)
    with _stoppable(out):
        found = weighing.played(design, plan, out, workers, cluster)
    if plot is not None:
        from sim.faces.tornado import draw

        saving.write({plot: draw(design, found, file.stem, plot.suffix.lower().removeprefix("."))})
    if json:
        sys.stdout.write(saving.as_json({"scenario": str(file), **weighing.as_document(design, found, seeds)}))
    else:
        weighing.report(stdout(), design, found, file.stem, seeds)
    for path in (*([out] if out else []), *([plot] if plot else [])):
        say(f"Wrote {path}")


@contextmanager
def _stoppable(out: Path | None) -> Iterator[None]:
    """Ctrl-C ends a study in order: what is played is kept."""
    try:
        yield
    except KeyboardInterrupt:
        command = shlex.join(["leakwindow", *sys.argv[1:]])
        say(
            f"Stopped. What was played is in {out}; go on with: {command}"
            if out is not None
            else "Stopped. Nothing was kept; with --out DIR it would be."
        )
        raise typer.Exit(STOPPED) from None


# Files ----------------------------------------------------------------------------------------------------------------


@app.command("import")
def import_(
    file: Annotated[
        Path,
        typer.Argument(help="A .mobileconfig, WireGuard .conf or OpenVPN .ovpn; a capture (pcap, pcapng); or a drive."),
    ],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="OUT", help="Write it there: .toml; of a drive .csv.")
    ] = None,
    phone: Annotated[
        list[str] | None,
        typer.Option(metavar="ADDRESS", help="Of a capture: an address of the phone; may be given again."),
    ] = None,
    gap: Annotated[
        str | None, typer.Option(metavar="DURATION", help="Of a capture: nearer packets are one burst. [200 ms]")
    ] = None,
    names: Annotated[bool, typer.Option("--names", help="Of a capture: keep the names that DNS tells.")] = False,
    part: Annotated[str, typer.Option(help="Of a drive: which recording, where a file holds several.")] = "",
) -> None:
    """Read a real VPN configuration, a phone's captured traffic, or a recorded drive, and say what it means."""
    from sim.faces import drives
    from sim.faces.importing.capture import is_capture

    if is_capture(file):
        _import_capture(file, out, phone or [], gap, names)
        return
    if phone or gap is not None or names:
        raise sim.ScenarioError(
            str(file), "", "--phone, --gap and --names are for captures; this is no pcap or pcapng file"
        )
    if drives.is_one(file):
        _leave(drives.converted(stderr(), file, part), out)
        return
    if part:
        raise sim.ScenarioError("--part", part, "this file is no recording; only recordings have parts")
    from sim.faces.importing import read_profile, to_toml

    imported = read_profile(file)
    toml = to_toml(imported)
    _tell_notes(imported.kind, imported.name, imported.notes)
    _leave(toml, out)


def _leave(words: str, out: Path | None) -> None:
    """Write a file, or on stdout if none is named."""
    if out is None:
        sys.stdout.write(words)
    else:
        saving.write({out: words.encode()})
        say(f"Wrote {out}")


def _import_capture(file: Path, out: Path | None, phone: list[str], gap: str | None, names: bool) -> None:
    from sim.base.units import read_duration
    from sim.faces.importing.capture import read_capture
    from sim.world.captures.flows import GAP

    if out is None or out.suffix != ".toml":
        raise sim.ScenarioError(
            "--out", "", "a capture becomes two files: name the scenario, OUT.toml; its CSV goes beside it"
        )
    try:
        nearness = GAP if gap is None else read_duration(gap)
    except ValueError as error:
        raise sim.ScenarioError("--gap", "", str(error)) from None
    captured = read_capture(file, out, phone, nearness, names)
    _tell_notes(captured.kind, captured.name, captured.notes)
    written = {out: captured.toml.encode(), out.with_suffix(".csv"): captured.csv.encode()}
    saving.write(written)
    for path in written:
        say(f"Wrote {path}")


def _tell_notes(kind: str, name: str, notes: list[Note]) -> None:
    console = stderr()
    console.print(text(f"{kind}: {name}", "bold"))
    rows = [
        (
            text(note.key),
            text("counts" if note.effect else "no effect", "" if note.effect else "dim"),
            text(note.text, "dim"),
        )
        for note in sorted(notes, key=lambda note: not note.effect)
    ]
    if rows:
        console.print(table(("key", "in the model", ""), rows))


@app.command()
def check(
    files: Annotated[list[str], typer.Argument(help="Scenario files, shipped scenarios, or VPN configurations.")],
    expect: Annotated[
        bool, typer.Option("--expect", help="Also play them, and see whether what they claim holds.")
    ] = False,
    seeds: Annotated[int, typer.Option(min=1, max=10_000, help="How many days each claim is tried on.")] = 20,
) -> None:
    """Say whether files are right; with --expect, whether their claims hold."""
    from sim.faces import checking
    from sim.world import shipped

    wrong = failed = False
    for name in files:
        try:
            if Path(name).suffix.lower() in checking.CONFIGURATIONS:
                print(clean(checking.configuration(Path(name))))
                continue
            path = shipped.find(name)
            print(clean(checking.scenario(path)))
            if expect:
                failed |= not checking.claims_hold(path, seeds)
        except Refusal as error:
            say(f"leakwindow: {error}")
            wrong = True
    if wrong or failed:
        raise typer.Exit(INPUT_WRONG if wrong else CLAIM_FAILED)


@app.command()
def evidence(
    only: Annotated[
        list[str] | None,
        typer.Option(metavar="ID", help="Only this check, or group (L01, L); may be given again."),
    ] = None,
    list_: Annotated[bool, typer.Option("--list", help="Say what the checks are, and run none.")] = False,
    data: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="A folder with public data sets, which some checks need."),
    ] = None,
    failing: Annotated[
        list[str] | None,
        typer.Option(metavar="ID", help="This check is known to fail: exit 1 if it holds, or if any other fails."),
    ] = None,
    workers: WorkersOption = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON document, and nothing else.")] = False,
) -> None:
    """Replay every published result that the model claims to reproduce, and say how far off each is."""
    from sim.faces import evidence as face

    ids = face.chosen(only or [])
    if list_:
        face.listing(stdout(), ids)
        return
    with progress("evidence: check") as tell:
        results = face.run(ids, workers, data, tell)
    if json:
        sys.stdout.write(saving.as_json(face.as_document(results)))
    else:
        face.report(stdout(LINES), results)
    known = set(face.chosen(failing)) if failing else set()
    if {result.id for result in results if not result.holds} != known & set(ids):
        raise typer.Exit(CLAIM_FAILED)


# What there is --------------------------------------------------------------------------------------------------------


@app.command()
def schema() -> None:
    """Print the JSON Schema of a scenario file."""
    sys.stdout.write(saving.as_json(sim.Scenario.model_json_schema()))


@app.command()
def parameters(
    assumed: Annotated[bool, typer.Option("--assumed", help="Only those that nobody has measured.")] = False,
    starred: Annotated[
        bool, typer.Option("--starred", help="Only those that nobody knows well and leaks depend on much.")
    ] = False,
    chosen: Annotated[str, typer.Option("--set", metavar="NAME", help="Only those whose name contains this.")] = "",
    markdown: Annotated[bool, typer.Option("--markdown", help="The reference page instead of a table.")] = False,
) -> None:
    """List every parameter with its default, range, confidence and source."""
    from sim.base.citing import ASSUMED
    from sim.faces import parameters as listing

    if markdown:
        sys.stdout.write(listing.markdown())
        return
    found = [
        p
        for p in listing.walk()
        if chosen in p.path and (not assumed or p.cited.confidence is ASSUMED) and (not starred or p.cited.starred)
    ]
    if not found:
        raise sim.ScenarioError(
            "--set", chosen, "no parameter has this in its name", "leakwindow parameters lists all."
        )
    rows = [(p.path, p.value, p.range, str(p.cited.confidence), text(p.source, "dim")) for p in found]
    stdout(LINES).print(table(("name", "default", "range", "confidence", "source"), rows))


@app.command()
def scenarios(
    name: Annotated[str | None, typer.Argument(help="Say where this one is, and what its head says.")] = None,
) -> None:
    """List the shipped scenarios, or tell about one."""
    from sim.world import shipped
    from sim.world.loading import read_tree

    if name is not None:
        file = shipped.find(name)
        sim.load(file)
        print(clean(f"{file}\n\n{shipped.comment(file)}"))
        return
    rows = []
    for known, file in shipped.names().items():
        about = str(read_tree(file).get("about", ""))
        rows.append((known, about, text(", ".join(shipped.mechanisms(shipped.comment(file))), "dim")))
    stdout().print(table(("name", "about", "mechanisms"), rows))
