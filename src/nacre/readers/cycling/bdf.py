"""Battery Data Format (BDF), ontology 1.3.0: csv (`.bdf`, `.bdf.csv`) and parquet (`.bdf.parquet`).

One table per file, one cell per file, one record per row. Columns are named by their preferred label
(`Test Time / s`) or by their machine-readable name (`test_time_second`); units are those that the label fixes, and a
label with another unit (`Current / mA`) is converted. Required: test time, voltage, current (positive charges the
cell). Names of earlier editions (`Step Index / 1`, `Step Capacity / Ah`) are read as their successors. Other columns
are kept under their own names, with the unit after their slash. Where a file numbers no steps or cycles, both are
counted from the direction of the current, and a note says so.

Source: Battery Data Alliance (LF Energy), https://github.com/battery-data-alliance/battery-data-format.
"""

import io
from pathlib import Path

import numpy as np
import polars as pl
import polars.selectors as cs

from nacre.core import files, units
from nacre.core.contracts import VIRTUAL_MARK, Head, Reader
from nacre.core.errors import NacreError, ReadError, did_you_mean, is_of_a_library
from nacre.core.options import NoOptions
from nacre.core.signal import Note, Signal, table
from nacre.readers.cycling import bdf_names, records
from nacre.readers.sheets import tables
from nacre.readers.text import text_file
from nacre.readers.text.cells import TextColumn
from nacre.readers.text.numbers import is_whole

_PARQUET = b"PAR1"


def sniff(head: Head) -> float:
    """Sure where a csv's first line bears the three required names, in any unit; parquet needs a name."""
    if head.start[:4] == _PARQUET:
        return 0.9 if ".bdf" in head.path.name.lower() else 0.0
    if head.looks_binary:
        return 0.0
    data, _, _ = text_file.to_utf8(head.start)
    first = data.split(b"\n", 1)[0].decode(errors="replace")
    found = {resolve(cell.strip('" '))[0] for cell in first.split(text_file.separator(first))}
    return 0.95 if found.issuperset(bdf_names.REQUIRED) else 0.0


def read(path: Path, options: NoOptions | None = None) -> list[Signal]:
    """One signal of kind "cycling". Raises ReadError."""
    path = Path(path)
    with path.open("rb") as stream:
        parquet = stream.read(4) == _PARQUET
    frame, notes = (_parquet if parquet else _csv)(path)
    columns = _columns(frame, path.name)
    missing = [bdf_names.LABELS[name] for name in bdf_names.REQUIRED if name not in columns]
    if missing:
        raise ReadError(
            f"a required column is missing: {', '.join(missing)}",
            where=path.name,
            found=", ".join(frame.columns),
            do=did_you_mean(missing[0], frame.columns) or "name the columns as BDF does, or use reader = 'table'",
        )
    columns, derived = number_steps(columns)
    return [table("cycling", columns, notes=(*notes, *derived), name=path.name.split(".")[0])]


def _csv(path: Path) -> tuple[pl.DataFrame, list[Note]]:
    """The columns of a csv: by the table library where every line is plain, else by the core of text readers."""
    text = text_file.load(path)
    head, _, body = text.data.partition(b"\n")
    separator = text_file.separator(head.decode(errors="replace"))
    whole = body.endswith(b"\n") and b'"' not in text.data
    frame = _plain_csv(text.data, separator, head.count(separator.encode())) if whole else None
    if frame is not None:
        return frame, []
    sheet = tables.read_tables(text.data.decode(errors="replace"), path.name)
    if not sheet.tables:
        raise ReadError("the file holds no records", where=path.name, found="column names only", do="export it again")
    found = tables.main_table(sheet, path.name)
    twice = next((name for name in found.headings if found.headings.count(name) > 1), "")
    if twice:
        raise ReadError("two columns have one name", where=path.name, found=f"'{twice}'", do="name each once")
    return pl.DataFrame({column.heading: _series(column) for column in found.columns}), sheet.notes([found])


def _plain_csv(data: bytes, separator: str, marks: int) -> pl.DataFrame | None:
    """The table, if all lines have as many cells and what looks like numbers is numbers; None of any other."""
    try:
        frame = pl.read_csv(io.BytesIO(data), separator=separator, infer_schema_length=None, quote_char=None)
    except (pl.exceptions.PolarsError, ValueError):
        return None
    lines = frame.height + 1
    plain = frame.height and data.count(separator.encode()) == lines * marks and data.count(b"\n") == lines
    known = [label for label in frame.columns if bdf_names.machine_name(label) in bdf_names.REQUIRED]
    floats = frame.select(cs.float().is_finite().all())
    finite = not floats.width or all(floats.row(0))
    return frame if plain and finite and all(frame[label].dtype.is_numeric() for label in known) else None


def _series(column: TextColumn) -> pl.Series:
    """A column of the core for a frame: whole numbers as integers."""
    if column.kind not in ("number", "clock"):
        return pl.Series([text or None for text in column.texts], dtype=pl.String)
    series = pl.Series(column.values, nan_to_null=True)
    return series.cast(pl.Int64) if is_whole(column.values) else series


def _parquet(path: Path):
    raw = path.read_bytes()
    try:
        frame = pl.read_parquet(io.BytesIO(raw))
    except BaseException as error:
        # of a damaged file the library's Rust panics, past `except Exception`
        if not isinstance(error, (pl.exceptions.PolarsError, OSError)) and not is_of_a_library(error):
            raise
        raise ReadError(
            "the parquet file cannot be read",
            where=path.name,
            found=str(error).splitlines()[0][:200],
            do="it may be cut: copy or export it again",
        ) from None
    return frame, []


def _columns(frame: pl.DataFrame, where: str) -> dict[str, tuple[np.ndarray, str]]:
    columns = {}
    for label in frame.columns:
        name, unit, factor = resolve(label)
        series = frame[label]
        if series.dtype.is_temporal():
            series, factor = series.cast(pl.Datetime("us")).dt.epoch("us"), (1e-6, 0.0)
        if series.dtype == pl.String and name in bdf_names.LABELS and name not in ("step_id", "step_type"):
            raise ReadError(
                f"'{label}' holds text",
                where=where,
                found=f"'{series.drop_nulls()[0]}'" if series.drop_nulls().len() else "nothing",
                expected=f"numbers in {unit}, with a decimal point",
            )
        if name in columns:
            raise ReadError(f"two columns are '{name}'", where=where, found=f"'{label}' is the second")
        columns[name] = (_values(series, name, factor), unit)
    return columns


def resolve(label: str) -> tuple[str, str, tuple[float, float]]:
    """(name, unit, (slope, offset) to that unit) of a column label; unknown ones keep name and unit."""
    if name := bdf_names.machine_name(label):
        return name, bdf_names.unit_of(name), (1.0, 0.0)
    quantity, slash, unit = (part.strip() for part in label.rpartition("/"))
    if not slash:
        return label, "1", (1.0, 0.0)
    kin = [n for n, known in bdf_names.LABELS.items() if known.rpartition(" / ")[0].lower() == quantity.lower()]
    try:
        if kin:
            return kin[0], bdf_names.unit_of(kin[0]), units.linear(unit, bdf_names.unit_of(kin[0]))
        return quantity, units.check_unit(unit), (1.0, 0.0)
    except NacreError:
        return label, "1", (1.0, 0.0)


def _values(series: pl.Series, name: str, factor: tuple[float, float]) -> np.ndarray:
    if series.dtype == pl.String:
        return np.array(series.fill_null("").to_list(), dtype=str)
    if (name in bdf_names.WHOLE_NUMBERS or name == "step_id") and not series.null_count():
        return series.cast(pl.Int64).to_numpy()
    values = series.cast(pl.Float64).fill_null(float("nan")).to_numpy()
    return values if factor == (1.0, 0.0) else values * factor[0] + factor[1]


def number_steps(columns: dict) -> tuple[dict, list[Note]]:
    """Columns with step_count and cycle_count, counted from the direction of the current where a file has none."""
    columns, notes = dict(columns), []
    current = columns["current_ampere"][0]
    if "cycle_count" not in columns:
        columns["cycle_count"] = (records.count_cycles(current), "1")
        notes.append(Note("warning", "the file numbers no cycles: they are counted from the direction of the current"))
    if "step_count" not in columns:
        if "step_id" in columns and columns["step_id"][0].dtype.kind in "if":
            starts = records.step_starts(columns["step_id"][0], columns["cycle_count"][0])
            notes.append(Note("info", "step_count is counted from the changes of step and cycle number"))
        else:
            starts = records.direction_starts(current)
            notes.append(
                Note("warning", "the file numbers no steps: they are counted from the direction of the current")
            )
        columns["step_count"] = (np.cumsum(starts), "1")
    return columns, notes


def write(signal: Signal, path: Path) -> None:
    """Writes the signal's BDF columns, as parquet where the path ends so, else as csv, with preferred labels.

    A synthetic signal gets one more column, `NACRE VIRTUAL`, so that it is never taken for a measured one. Raises
    NacreError where a required column is missing.
    """
    wanted = [name for name in bdf_names.LABELS if name in signal or name in bdf_names.REQUIRED]
    frame = pl.DataFrame({bdf_names.LABELS[name]: signal[name].to(bdf_names.unit_of(name)).values for name in wanted})
    if signal.origin == "synthetic":
        frame = frame.with_columns(pl.lit(1).alias(VIRTUAL_MARK))
    with files.replacing(path) as stream:
        (frame.write_parquet if Path(path).suffix == ".parquet" else frame.write_csv)(stream)


READER = Reader(
    name="bdf",
    words="Battery Data Format (csv, parquet)",
    kinds=("cycling",),
    suffixes=(".bdf", ".csv", ".parquet"),
    sniff=sniff,
    read=read,
    write=write,
)
