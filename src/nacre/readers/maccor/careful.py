"""MACCOR exports of which some line or cell is not plain, or parted by an unusual mark: read by the common core."""

import numpy as np
import polars as pl

from nacre.core.errors import ReadError
from nacre.core.signal import Note
from nacre.readers.maccor import header
from nacre.readers.maccor.header import Column, Layout
from nacre.readers.maccor.table import RawTable, check_columns
from nacre.readers.sheets import tables
from nacre.readers.sheets.tables import TextTable
from nacre.readers.text.cells import TextColumn


def read_carefully(data: bytes, where: str) -> tuple[Layout, RawTable] | None:
    """The largest table with MACCOR's columns; None where none has them. Raises ReadError."""
    sheet = tables.read_tables(data.decode(errors="replace"), where)
    fitting = [found for found in sheet.tables if header.is_maccor(_columns(found))]
    if not fitting:
        if sheet.main is not None and sheet.main.misfit:
            tables.main_table(sheet, where)
        return None
    found = max(fitting, key=lambda each: each.rows)
    layout = Layout(_columns(found), "", 0, found.heading_line, header.read_metadata(list(sheet.header)))
    check_columns(layout, where)
    frame = pl.DataFrame([_series(f"c{i}", column) for i, column in enumerate(found.columns)])
    _check_share(frame, len(sheet.left_out), layout, where)
    frame, lost = _with_time(frame, found, layout)
    comma = any(column.marks.decimal == "," for column in found.columns if column.kind == "number")
    return layout, RawTable(frame, comma, (*sheet.notes([found]), *lost))


def _columns(found: TextTable) -> tuple[Column, ...]:
    columns = header.name_columns(found.headings)
    made = []
    for column, source in zip(columns, found.columns, strict=True):
        unit = column.unit or header.read_unit(source.unit)
        made.append(Column(column.name, column.role, "s" if source.kind == "clock" and "time" in column.role else unit))
    return tuple(made)


def _series(name: str, column: TextColumn) -> pl.Series:
    """Numbers and clock times as floats, all else as text; null where there is none."""
    if column.kind == "number" or (column.kind == "clock" and not column.heading.lower().startswith("dp")):
        return pl.Series(name, column.values, nan_to_null=True)
    return pl.Series(name, [text.strip() or None for text in column.texts], dtype=pl.String)


def _without_time(frame: pl.DataFrame, layout: Layout) -> np.ndarray:
    role = "test_time" if layout.where("test_time") is not None else "prog_time"
    return frame[f"c{layout.where(role)}"].is_null().to_numpy()


def _check_share(frame: pl.DataFrame, left_out: int, layout: Layout, where: str) -> None:
    """Raises ReadError where too many lines are no records for the others to be trusted."""
    lost = left_out + int(_without_time(frame, layout).sum())
    if lost >= frame.height or lost > 0.1 * frame.height + 3:
        raise ReadError(
            "the records cannot be told apart",
            where=where,
            found=f"{lost} of {frame.height + left_out} lines without a test time",
            expected="one record per line",
            do="look at the file's column separator, and export it again as tab-separated text",
        )


def _with_time(frame: pl.DataFrame, found: TextTable, layout: Layout) -> tuple[pl.DataFrame, list[Note]]:
    """The records that have a test time, and a note on the others."""
    missing = _without_time(frame, layout)
    lost = found.lines[missing]
    if not len(lost):
        return frame, []
    shown = ", ".join(map(str, lost[:12])) + (" and more" if len(lost) > 12 else "")
    text = f"{len(lost)} lines without a test time are left out: {shown}"
    return frame.filter(pl.Series(np.logical_not(missing))), [Note("warning", text)]
