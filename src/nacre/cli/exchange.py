"""`nacre export` and `nacre import`: studies and cells to and from other programs."""

import json
from pathlib import Path
from typing import Annotated

import typer

exporting = typer.Typer(no_args_is_help=True, help="Write a study or a cell for others.")
importing = typer.Typer(no_args_is_help=True, help="Read a cell of another program.")

Subject = Annotated[Path, typer.Argument(help="a folder with study.toml, that file, or a cell.toml")]
Sample = Annotated[str, typer.Option("--sample", help="which sample, where the study has several")]
Change = Annotated[list[str] | None, typer.Option("--set", help="PART.NAME=VALUE UNIT, for this file only")]


def _parse_pairs(choices: list[str] | None) -> dict[str, str]:
    from nacre.core.errors import NacreError

    for choice in choices or []:
        if "=" not in choice:
            raise NacreError("cannot read --set", found=f"'{choice}'", expected="PART.NAME=VALUE UNIT")
    pairs = [choice.partition("=") for choice in choices or []]
    return {name.strip(): value.strip() for name, _, value in pairs}


def _find_cell(subject: Path, sample: str, change: list[str] | None):
    from nacre.core.errors import NacreError
    from nacre.pipeline.modelling.simulate import find

    cells = find(subject, [sample] if sample else [], "", needs_protocol=False).cells
    if len(cells) > 1:
        raise NacreError("which sample?", where=str(subject), expected=", ".join(cells), do="give --sample NAME")
    ((parameters, _),) = cells.values()
    changes = _parse_pairs(change)
    return parameters.changed(changes, "declared", "--set") if changes else parameters


def _write(made: dict, path: Path) -> None:
    from nacre.core import files

    files.write(path, json.dumps(made, indent=1, ensure_ascii=False, allow_nan=False) + "\n")
    typer.echo(f"Wrote {path}")


def _end(guard, wrote: str) -> None:
    """Say what was left out and what was written; ends with 1 where something failed."""
    for line in (*guard.left_out, wrote):
        typer.echo(str(line))
    if guard.failed:
        raise typer.Exit(1)


@exporting.command("bpx")
def export_bpx(subject: Subject, sample: Sample = "", out: Path | None = None, change: Change = None) -> None:
    """A cell as a BPX file (Battery Parameter eXchange), with a full copy for the way back."""
    from nacre.cell.exchange import list_unsaid, write_bpx

    cell = _find_cell(subject, sample, change)
    _write(write_bpx(cell), out or Path(f"{cell.name.replace(' ', '_')}_bpx.json"))
    for words in list_unsaid(cell):
        typer.echo(f"  only in the User-defined block: {words}")


@exporting.command("pybamm")
def export_pybamm(subject: Subject, sample: Sample = "", out: Path | None = None, change: Change = None) -> None:
    """A cell as parameter values and options of PyBaMM's DFN, in JSON."""
    from nacre.cell.exchange import choose_options, collect_values

    cell = _find_cell(subject, sample, change)
    made = {"options": choose_options(cell), "values": collect_values(cell)}
    _write(made, out or Path(f"{cell.name.replace(' ', '_')}_pybamm.json"))


@exporting.command("crate")
def export_crate(
    study: Annotated[Path, typer.Argument(help="a folder with study.toml, or that file")], out: Path | None = None
) -> None:
    """The study as an RO-Crate: raw files, study file and results in one zip, with what was made from what."""
    from nacre.api import write
    from nacre.core.guard import Guard
    from nacre.export import ro_crate
    from nacre.pipeline.loading.load import load
    from nacre.pipeline.running import run as running

    loaded, guard = load(study), Guard()
    outcome = running.run(loaded, workers=running.default_workers())
    write(outcome, guard=guard)
    target = out or loaded.folder / f"{loaded.name}_crate.zip"
    count = ro_crate.write(outcome, loaded.folder, target, guard)
    if not loaded.licence or not loaded.authors:
        typer.echo('  [study] says no "licence" or no "authors": whoever finds the crate cannot cite or use it')
    _end(guard, f"Wrote {target}: {count} files")


@exporting.command("figures")
def export_figures(
    study: Annotated[Path, typer.Argument(help="a folder with study.toml, or that file")],
    columns: Annotated[int, typer.Option("--columns", min=1, max=2, help="1: 3.3 in wide, 2: 7 in wide")] = 1,
    out: Annotated[Path | None, typer.Option("--out", help="folder (default: results/figures-N-column)")] = None,
) -> None:
    """All figures of a study, one or two columns of a journal wide, as svg and pdf."""
    from nacre.core.guard import Guard
    from nacre.export.write import write_figures
    from nacre.pipeline.loading.load import load
    from nacre.pipeline.running import run as running

    loaded, guard = load(study), Guard()
    outcome = running.run(loaded, workers=running.default_workers())
    folder = out or loaded.folder / "results" / f"figures-{columns}-column"
    written = write_figures(outcome, folder, columns, guard)
    _end(guard, f"Wrote {len(written)} files into {folder}")


@exporting.command("bdf")
def export_bdf(
    study: Annotated[Path, typer.Argument(help="a folder with study.toml, or that file")],
    out: Annotated[Path | None, typer.Option("--out", help="folder (default: results/bdf of the study)")] = None,
    parquet: Annotated[bool, typer.Option("--parquet", help="parquet instead of csv")] = False,
) -> None:
    """Every cycling file of a study in the Battery Data Format."""
    from nacre.pipeline.convert import to_bdf

    made = to_bdf(study, out, ".parquet" if parquet else ".csv")
    for path in made.written:
        typer.echo(f"Wrote {path}")
    for name, why in made.failed:
        typer.echo(f"FAILED {name}: {why}")
    if made.failed:
        raise typer.Exit(1)


@importing.command("bpx")
def import_bpx(
    file: Annotated[Path, typer.Argument(help="a BPX file (JSON)")],
    out: Annotated[Path | None, typer.Option("--out", help="where to write it (default: beside it)")] = None,
    change: Change = None,
    take: Annotated[str, typer.Option("--take", help="auto, nacre (the full copy) or standard")] = "auto",
) -> None:
    """A BPX file as a cell.toml; what the model has no place for is listed."""
    from nacre.cell import cell_toml
    from nacre.cell.exchange import read_bpx

    made = read_bpx(file, _parse_pairs(change), take)
    for note in made.notes:
        typer.echo(f"  {note}")
    typer.echo(f"Wrote {cell_toml.save(made.parameters, out or file.with_name(f'{file.stem}_cell.toml'))}")
