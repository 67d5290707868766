"""The command line: thin verbs, no science. What is heavy is imported inside the verb that needs it."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from nacre.cli import catalogue
from nacre.cli.console import StudyPath, open_console, say
from nacre.cli.exchange import exporting, importing

app = typer.Typer(
    name="nacre",
    help="From the raw files of a cathode-coating study to answers, each with an uncertainty and a trail back.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

app.add_typer(exporting, name="export")
app.add_typer(importing, name="import")


@app.command()
def new(
    folder: Annotated[Path, typer.Argument(help="the study's folder; made if need be")],
    raw: Annotated[Path | None, typer.Option("--from", help="the folder of raw files (default: FOLDER itself)")] = None,
    name: Annotated[str, typer.Option(help="the study's name")] = "",
) -> None:
    """Look through raw files and write study.toml and cells.csv, with blanks only a person can fill."""
    from nacre.pipeline.discovery import new as making

    made = making.new(folder, raw or folder, name)
    for what, count in making.summary(made):
        say(f"{count:>5} files  {what}")
    for file, why in making.left_out(made):
        say(f"  left out: {file}: {why}")
    if others := making.no_data(made):
        say(f"  not looked into: {', '.join(others)}")
    say(f"Samples, as the names were understood: {', '.join(f'{s} ({n})' for s, n in made.samples.items())}")
    if len(made.samples) > 2:
        say("  If two of these are one, give their files one sample in study.toml and their cells one in cells.csv.")
    say(f"Wrote {made.study}" + (f" and {made.cells}" if made.cells else ""))
    if made.blanks:
        say("Only you can fill these in:")
        for blank in made.blanks:
            say(f"  - {blank}")
    say(f"Then: nacre check {folder}, which names what else is missing, and nacre run {folder}")


@app.command()
def check(study: StudyPath) -> None:
    """Name everything that is wrong with a study, at once, with file and line."""
    from nacre.pipeline.running.check import check as look

    problems, count = look(study)
    for problem in problems:
        say(str(problem) if problem.level == "error" else f"{problem} (warning)")
    wrong = [p for p in problems if p.level == "error"]
    if wrong:
        say(f"{len(wrong)} {'thing' if len(wrong) == 1 else 'things'} to fix.")
        raise typer.Exit(1)
    say(f"The study is sound; {count} analyses would run.")


@app.command()
def run(
    study: StudyPath,
    why: Annotated[bool, typer.Option("--why", help="say why each analysis is run anew")] = False,
    choose: Annotated[list[str] | None, typer.Option("--set", help="TECHNIQUE.OPTION=VALUE")] = None,
    jobs: Annotated[int, typer.Option("--jobs", "-j", help="processes at once (0: one per core)")] = 0,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="print the report's path only")] = False,
) -> None:
    """Run all analyses and write the report; only what changed is redone."""
    code = _run(study, why=why, choose=choose or [], jobs=jobs, quiet=quiet)
    raise typer.Exit(code)


def _run(
    study: Path,
    *,
    why: bool = False,
    choose: Sequence[str] = (),
    jobs: int = 0,
    quiet: bool = False,
    told: bool = False,
) -> int:
    from nacre.api import write
    from nacre.core.guard import Guard
    from nacre.pipeline.loading.load import load
    from nacre.pipeline.running import run as running
    from nacre.pipeline.running.lock import held

    loaded, guard = load(study), Guard()
    report = running.Report()
    with held(loaded.folder / "results"), _Shown(quiet) as shown:
        outcome = running.run(
            loaded,
            overrides=_parse_overrides(choose),
            workers=jobs or running.default_workers(),
            progress=running.Progress(shown.event, shown.total),
            report=report,
        )
        shown.say("writing report and figures")
        page = write(outcome, guard=guard)
    if why:
        for name, reasons in report.redone.items():
            say(f"{name}: {'; '.join(reasons)}")
        for name in report.fresh:
            say(f"{name}: nothing changed")
    for failure in outcome.failures:
        say(f"FAILED {failure.what}: {failure.error}")
    for doubt in (*outcome.doubts, *outcome.idle, *outcome.unjoined):
        say(f"LOOK AT {doubt}")
    _print_left_out(guard)
    if not quiet:
        done, fresh = len(report.redone), len(report.fresh)
        say(f"{done} run, {fresh} unchanged, {len(outcome.failures)} failed.")
    if told:
        _tell(outcome)
    say(f"Report: {page}")
    return 1 if outcome.failures or guard.failed else 0


def _print_left_out(guard) -> None:
    for item in guard.left_out:
        say(str(item))


def _tell(outcome) -> None:
    """The ledger's verdicts, and published values beside those of the files and of the cell model."""
    from collections import Counter

    from rich.table import Table

    from nacre.report import tables

    verdicts = Counter(row["label"] for row in tables.ledger(outcome) if not row["only_computed"])
    say("Ledger: " + ", ".join(f"{count} {label}" for label, count in verdicts.most_common()))
    shown = Table(box=None, pad_edge=False)
    for head in ("sample", "quantity", "state", "unit"):
        shown.add_column(head)
    for head in ("paper", "software round trip", "cell model"):
        shown.add_column(head, justify="right")
    rows = tables.published(outcome)
    compared = [row for row in rows if row["ours"] != "–" or row["model"]]
    for row in compared:
        model = f"{row['model']} ({row['model_note']})" if row["model"] else "–"
        paper = f"{row['rule']} {row['value']}".strip()
        shown.add_row(row["sample"], str(row["name"]), row["state"], row["unit"], paper, row["ours"], model)
    console = open_console()
    if not console.is_terminal:  # a log has no width of its own
        console.width = 140
    console.print(shown, markup=False)
    if len(rows) > len(compared):
        say(f"{len(rows) - len(compared)} further published values have no counterpart here; the report lists them.")


def _parse_overrides(choices: Sequence[str]) -> dict[str, dict[str, str]]:
    from nacre.core.errors import NacreError

    found: dict[str, dict[str, str]] = {}
    for choice in choices:
        path, equals, value = choice.partition("=")
        technique, dot, name = path.partition(".")
        if not equals or not dot:
            raise NacreError("cannot read --set", found=f"'{choice}'", expected="TECHNIQUE.OPTION=VALUE")
        found.setdefault(technique.strip(), {})[name.strip()] = value.strip()
    return found


class _Shown:
    """Progress on the terminal while a study runs."""

    def __init__(self, quiet: bool):
        self.quiet = quiet

    def __enter__(self):
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        self.bar = Progress(*columns, console=open_console(), transient=True, disable=self.quiet)
        self.bar.start()
        self.task = self.bar.add_task("starting", total=None)
        return self

    def __exit__(self, *error):
        self.bar.stop()

    def total(self, count: int) -> None:
        self.bar.update(self.task, total=count)

    def say(self, text: str) -> None:
        self.bar.update(self.task, description=text)

    def count(self, name: str, done: int, total: int) -> None:
        self.bar.update(self.task, description=f"simulating {name}", completed=done, total=total)

    def step(self, text: str, done: int, total: int) -> None:
        self.bar.update(self.task, description=text, completed=done, total=total)

    def event(self, kind: str, name: str, text: str) -> None:
        if kind == "start":
            self.say(name)
        else:
            self.bar.advance(self.task)


@app.command()
def demo(
    folder: Annotated[Path, typer.Argument(help="where to put it")] = Path("demo-lho-ncm85"),
    jobs: Annotated[int, typer.Option("--jobs", "-j", help="processes at once (0: one per core)")] = 0,
) -> None:
    """Run the reference study (virtual raw files of the paper's two samples) end to end, its cell model included."""
    from nacre.pipeline.demo import copy_demo

    study = copy_demo(folder)
    _calibrate_once(study, jobs)
    raise typer.Exit(_run(study, jobs=jobs, told=True))


def _calibrate_once(study: Path, jobs: int) -> None:
    """Calibrate a study's cell model where that has not been done since it changed."""
    from nacre.evidence.calibrate.run import Ask
    from nacre.pipeline.modelling import calibrate as calibrating
    from nacre.pipeline.running.run import default_workers

    if calibrating.is_kept(study):
        return
    with _Shown(quiet=False) as shown:
        shown.say("preparing the cell model (compiled once, which takes up to a minute)")
        calibrating.calibrate(study, Ask(rivals=False, workers=jobs or default_workers()), shown.step)


@app.command()
def sheet(
    study: StudyPath,
    out: Annotated[
        Path | None, typer.Option("--out", help="where to write it (default: results/ of the study)")
    ] = None,
) -> None:
    """The bench sheet: what to weigh, dose, anneal and press, and the currents to set."""
    from nacre.pipeline import bench_sheet as bench
    from nacre.pipeline.loading.load import load

    loaded = load(study)
    made = bench.make(loaded)
    say(bench.as_text(made))
    for path in bench.write(made, out or loaded.folder / "results"):
        say(f"Wrote {path}")


@app.command()
def simulate(
    study: Annotated[Path, typer.Argument(help="a folder with study.toml, that file, or a cell.toml")],
    protocol: Annotated[str, typer.Option("--protocol", help="its text, or a file (default: the study's)")] = "",
    sample: Annotated[list[str] | None, typer.Option("--sample", help="these samples only")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="where to write (default: results/simulation)")] = None,
    points: Annotated[int, typer.Option("--points", help="records of a full charge", min=20, max=100000)] = 1000,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="print the folder only")] = False,
    sweep: Annotated[
        list[str] | None, typer.Option("--sweep", help="PART.NAME=LOW:HIGH:COUNT[:log], or =A,B,C")
    ] = None,
    paired: Annotated[bool, typer.Option("--paired", help="sweeps go in step (default: every combination)")] = False,
    batch: Annotated[Path | None, typer.Option("--batch", help="a csv table with a row per cell")] = None,
    threads: Annotated[int, typer.Option("--threads", help="cells at once (0: one per core)", min=0)] = 0,
    curves: Annotated[bool, typer.Option("--curves", help="keep the records of swept cells too")] = False,
    eis: Annotated[str, typer.Option("--eis", help="impedance instead, at states like '50 %, 2.2 V, end'")] = "",
) -> None:
    """Run a protocol on the cell model: profiles, dQ/dV, rates, fields over the depth, and a virtual cycler file.

    With --sweep or --batch: many cells, one table row per run and step, and capacity against what was swept.
    With --eis: the impedance at named states, by cause, beside what a circuit calls it.
    """
    from nacre.core.errors import NacreError

    if eis and (sweep or batch):
        raise NacreError("--eis goes with single cells", found="--sweep or --batch", do="give one of them")
    if eis:
        from nacre.cli import eis as cli_eis

        with _Shown(quiet) as shown:
            shown.say("preparing the solver (compiled once, which takes up to a minute)")
            folder, lines, failed = cli_eis.run(study, eis, protocol, sample or [], out)
        for line in (*lines, f"Wrote {folder}"):
            say(line)
        raise typer.Exit(1 if failed else 0)
    if sweep or batch:
        from nacre.cli.sweep import run as run_sweep

        with _Shown(quiet or not open_console().is_terminal) as shown:
            shown.say("preparing the solver")
            code = run_sweep(
                study, protocol, sample or [], sweep or [], paired=paired, batch=batch, out=out, points=points,
                threads=threads, curves=curves, quiet=quiet, progress=shown.count,
            )  # fmt: skip
        raise typer.Exit(code)
    from nacre.api import write
    from nacre.cell.simulate import SimulationSettings
    from nacre.core.guard import Guard
    from nacre.pipeline.modelling import simulate as simulating

    subjects, guard = simulating.find(study, sample or [], protocol), Guard()
    folder = out or subjects.folder
    with _Shown(quiet) as shown:
        shown.say("preparing the solver (compiled once, which takes up to a minute)")
        outcome, made = simulating.simulate(subjects, SimulationSettings(points=points), shown.count)
        shown.say("writing report, figures and files")
        write(outcome, folder, guard)
        simulating.write_cells(made, folder)
    for name, simulation in made.items():
        say(f"{name}: {simulation.words}")
    for failure in outcome.failures:
        say(f"FAILED {failure.what}: {failure.error}")
    _print_left_out(guard)
    say(f"Wrote {folder}")
    whole = made and all(s.complete for s in made.values())
    raise typer.Exit(0 if whole and not outcome.failures and not guard.failed else 1)


@app.command()
def calibrate(
    study: StudyPath,
    starts: Annotated[int, typer.Option("--starts", help="local searches (0: as the study says)", min=0)] = 0,
    rivals: Annotated[bool, typer.Option("--rivals", help="fit competing explanations too (minutes)")] = False,
    profiles: Annotated[bool, typer.Option("--profiles", help="profile likelihood of every number")] = False,
    posterior: Annotated[bool, typer.Option("--posterior", help="sample the posterior (emcee; minutes)")] = False,
    jobs: Annotated[int, typer.Option("--jobs", "-j", help="threads (0: one per core)")] = 0,
    out: Annotated[Path | None, typer.Option("--out", help="where to write (default: results/calibration)")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="print the folder only")] = False,
) -> None:
    """Fit the cell model to a study's evidence: numbers, what the data determine, rivals; then `nacre predict`."""
    from nacre.api import write
    from nacre.core.guard import Guard
    from nacre.evidence.calibrate.run import Ask
    from nacre.pipeline.modelling import calibrate as calibrating
    from nacre.pipeline.running.run import default_workers

    guard = Guard()
    ask = Ask(starts, rivals, True, profiles, posterior, jobs or default_workers())
    with _Shown(quiet) as shown:
        shown.say("preparing the solver (compiled once, which takes up to a minute)")
        outcome, made, written = calibrating.calibrate(study, ask, shown.step)
        folder = out or calibrating.folder_of(outcome.study)
        shown.say("writing report and figures")
        page = write(outcome, folder, guard)
    _print_checks(outcome)
    _print_left_out(guard)
    for path in written:
        say(f"Wrote {path}")
    say(f"Report: {page} (and in that of `nacre run`)")
    raise typer.Exit(0 if made.fit.converged and not guard.failed else 1)


@app.command()
def predict(
    study: StudyPath,
    case: Annotated[list[str] | None, typer.Option("--case", help='"NAME: PARAMETER = VALUE; ..."')] = None,
    sample: Annotated[str, typer.Option("--sample", help="whose cell is changed")] = "",
    draws: Annotated[int, typer.Option("--draws", help="draws behind the intervals", min=20, max=5000)] = 48,
    out: Annotated[Path | None, typer.Option("--out", help="where to write (default: results/prediction)")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="print the folder only")] = False,
) -> None:
    """What the calibrated model makes of cells that nobody has built, with intervals; extrapolation is marked."""
    from nacre.api import write
    from nacre.core.guard import Guard
    from nacre.pipeline.modelling import calibrate as calibrating

    guard = Guard()
    with _Shown(quiet) as shown:
        shown.say("preparing the solver (compiled once, which takes up to a minute)")
        outcome, made = calibrating.predict(study, case or [], sample, draws, shown.step)
        folder = out or outcome.study.folder / "results" / "prediction"
        write(outcome, folder, guard)
    if not quiet:
        from nacre.core.quantity import show

        for result in outcome.results:
            for entry in result.entries:
                state = ", ".join(f"{k} {v}" for k, v in entry.state.items() if k != "case")
                span = f"{entry.quantity.lo95:.4g} to {entry.quantity.hi95:.4g}"
                say(f"{entry.state['case']}: {entry.name} ({state}) {show(entry.quantity)} [{span}]")
    _print_checks(outcome)
    _print_left_out(guard)
    say(f"Wrote {folder}")
    raise typer.Exit(1 if guard.failed or any(p.failed for p in made) else 0)


def _print_checks(outcome) -> None:
    for result in outcome.results:
        for check in result.checks:
            say(f"{check.status}: {check.text}")


@app.command(hidden=True)
def warm() -> None:
    """Import and compile everything once, so that the first study starts quickly."""
    from nacre.cli import warm as cli_warm

    say("Compiling the numerical kernels (once, about half a minute) ...")
    cli_warm.run()


for verb in (catalogue.formats, catalogue.techniques, catalogue.cite, catalogue.schema):
    app.command()(verb)


def main() -> None:
    """Entry point: an error a user can act on is printed as a sentence, not as a traceback."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a cp1252 console cannot show every letter, and need not
    from nacre.core.errors import NacreError

    try:
        app(standalone_mode=True, prog_name="nacre")
    except NacreError as error:
        typer.echo(str(error), err=True)
        sys.exit(2)
    except OSError as error:
        name = f"{error.filename}: " if error.filename else ""
        typer.echo(f"{name}{error.strerror or error}. Is the file open in another program, or the disk full?", err=True)
        sys.exit(2)
    except KeyboardInterrupt:
        _report_stop()
    except SystemExit as end:
        if end.code == INTERRUPTED:  # typer ends so of itself, without a word
            _report_stop()
        raise


INTERRUPTED = 130


def _report_stop() -> None:
    typer.echo("Stopped. What was finished is kept; run again to go on.", err=True)
    sys.exit(INTERRUPTED)


if __name__ == "__main__":
    main()
