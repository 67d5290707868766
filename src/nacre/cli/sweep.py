"""`nacre simulate` over many cells: what it prints."""

from collections.abc import Callable, Sequence
from pathlib import Path

SHOWN = 40


def run(
    study: Path,
    protocol: str,
    samples: Sequence[str],
    sweeps: Sequence[str],
    *,
    paired: bool,
    batch: Path | None,
    out: Path | None,
    points: int,
    threads: int,
    curves: bool,
    quiet: bool,
    progress: Callable[[str, int, int], None],
) -> int:
    """Run a sweep, a table of cells or both; print the table and the failures. Returns the exit code."""
    from nacre.api import write
    from nacre.cell.simulate import SimulationSettings
    from nacre.core.guard import Guard
    from nacre.pipeline.modelling import simulate as simulating
    from nacre.pipeline.modelling import sweep, sweep_result

    ranges = [sweep.read_sweep(text) for text in sweeps]
    subjects = simulating.find(study, list(samples), protocol)
    rows = sweep.read_batch(batch, list(subjects.cells)) if batch else []
    cases = sweep.plan(list(subjects.cells), ranges, rows, paired)
    progress("", 0, len(cases))
    done = sweep.run_all(
        subjects, cases, SimulationSettings(points=points), threads, curves, lambda a, b: progress(f"{b} cells", a, b)
    )
    outcome = sweep_result.outcome_of(subjects.study, done, ranges)
    folder = out or subjects.folder.with_name("sweep")
    guard = Guard()
    write(outcome, folder, guard)
    if not quiet:
        _print_table(done)
    _print_failures(done)
    for item in guard.left_out:
        _say(str(item))
    _say(f"Wrote {folder}")
    return 1 if guard.failed or any(d.failed for d in done) else 0


def _make_console():
    from rich.console import Console

    return Console(highlight=False, soft_wrap=True)


def _say(text: str) -> None:
    _make_console().print(text, markup=False)


def _print_table(done) -> None:
    from rich.table import Table

    from nacre.cell.parameters import NAMES
    from nacre.pipeline.modelling import sweep_result

    names = sweep_result.changed(done)
    table = Table(box=None, pad_edge=False)
    table.add_column("run", justify="right")
    table.add_column("cell")
    for name in names:
        table.add_column(f"{name} / {NAMES[name].unit}".removesuffix(" / 1"), justify="right")
    table.add_column("last discharge / mAh/g", justify="right")
    table.add_column("ended")
    for d in done[:SHOWN]:
        step = sweep_result.last_discharge(d)
        capacity = f"{sweep_result.per_gram(d, step):.1f}" if step is not None else "-"
        values = [f"{sweep_result.value(d, name):.4g}" for name in names]
        ended = d.words
        if d.failed or not d.steps:
            ended = "stopped, see below" if d.steps else "failed, see below"
        table.add_row(str(d.case.number), d.case.name or d.case.cell, *values, capacity, ended)
    _make_console().print(table)
    if len(done) > SHOWN:
        _say(f"... and {len(done) - SHOWN} more runs in sweep_runs.parquet")


def _print_failures(done) -> None:
    failed = [d for d in done if d.failed]
    for d in failed[:SHOWN]:
        _say(f"FAILED {d.case.words}: {d.words}")
    if len(failed) > SHOWN:
        _say(f"FAILED {len(failed) - SHOWN} more; sweep_runs.parquet names them")
