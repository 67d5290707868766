"""The records of a MACCOR export as columns of numbers and text, before any meaning is given to them."""

import re
from dataclasses import dataclass
from typing import Any

import polars as pl
import polars.selectors as cs

from nacre.core.errors import ReadError
from nacre.core.signal import Note
from nacre.readers.maccor.header import Layout
from nacre.readers.text import digits, marks, text_file

_WHOLE = ("record", "cycle", "cycle_p", "step", "end")
_NUMBERS = ("capacity", "energy", "current", "voltage")
_TIMES = ("test_time", "prog_time", "step_time")
_TEXT = ("state", "clock")
_NEEDED = {
    "test_time": "TestTime, Test Time (sec), Test (Min)",
    "voltage": "Volts, Voltage [V]",
    "current": "Amps, mAmps, Current [A]",
}
_TRAILING = "trailing"
_NO_VALUE = ["N/A", "n/a", "NaN", "nan", "-", "---"]


@dataclass(frozen=True)
class RawTable:
    """Records as read: `frame` has columns c0, c1, ... in the order of the file; `comma`: decimal commas."""

    frame: pl.DataFrame
    comma: bool
    notes: tuple[Note, ...] = ()


def read_table(data: bytes, layout: Layout, where: str, *, keep_cut: bool = True) -> RawTable | None:
    """All whole records, and of a cut last one what is whole; None where any line or cell is not plain.

    Raises ReadError where a column is missing or there are no records.
    """
    check_columns(layout, where)
    if b'"' in data:
        return None
    begin = layout.body
    while data[begin : begin + 1] == b"\n":
        begin += 1
    end = text_file.mend_end(data[begin:], layout.separator, len(layout.columns))
    last = data[data.rstrip(b"\n").rfind(b"\n") + 1 :]
    if end.kept is not None and re.match(rb"[A-Za-z*#=-]", last):
        return None  # words below the table are no cut record
    sample = _sample(end.whole, layout.separator)
    notes = []
    tail = b""
    time = _time_place(layout)
    if end.kept is not None:
        keep = keep_cut and len(end.kept) > time and end.kept[time].strip() != ""
        notes.append(_cut_note(end.kept, layout, keep))
        if keep:
            missing = [""] * (len(layout.columns) - len(end.kept))
            tail = layout.separator.join([*end.kept, *missing]).encode() + b"\n"
    elif end.doubtful:
        tail = b"\n"
    if not sample and not tail.strip():
        raise ReadError(
            "the file holds no records",
            where=where,
            found=f"a header of {layout.line} lines, and nothing whole after it",
            do="export the file again; this copy ends too early",
        )
    mark = _decimal_mark(sample or [end.kept or []], layout)
    frame = _parse(end.whole, tail, layout, sample, mark == ",") if mark else None
    if frame is None:
        return None
    if empty := sum(series.null_count() for series in frame.select(cs.numeric())):
        notes.append(Note("info", f"{empty} cells of numbers are empty or say N/A"))
    return RawTable(frame, mark == ",", tuple(notes))


def check_columns(layout: Layout, where: str) -> None:
    missing = [role for role in _NEEDED if layout.where(role) is None]
    if "test_time" in missing and layout.where("prog_time") is not None:
        missing.remove("test_time")
    if missing:
        raise ReadError(
            f"a column is missing: {' and '.join(role.replace('_', ' ') for role in missing)}",
            where=f"{where}:{layout.line}",
            found=", ".join(column.name for column in layout.columns if column.name),
            expected="; ".join(_NEEDED[role] for role in missing),
            do="export the file again with this column, or name the columns with reader = 'table'",
        )


def _time_place(layout: Layout) -> int:
    """The column of the test's time; one of the two is there, or the file was refused."""
    found = (layout.where("test_time"), layout.where("prog_time"))
    return next(place for place in found if place is not None)


def _cut_note(kept: list[str], layout: Layout, keep: bool) -> Note:
    name = layout.columns[min(len(kept), len(layout.columns) - 1)].name
    if keep:
        return Note(
            "repair", f"the last line is cut at column '{name}': its {len(kept)} whole cells are kept, others NaN"
        )
    return Note("repair", f"the last line is cut at column '{name}': that record is left out")


def _sample(body: bytes, separator: str) -> list[list[str]]:
    """Cells of up to 100 records of the beginning and 100 of the end."""
    cut = body.find(b"\n", 60_000) + 1
    head, far = (body[:cut], max(cut, len(body) - 20_000)) if cut else (body, len(body))
    tail = body[far:]
    if cut and far > cut:
        tail = tail[tail.find(b"\n") + 1 :]
    lines = head.decode(errors="replace").split("\n")[:100] + tail.decode(errors="replace").split("\n")[-100:]
    return [line.split(separator) for line in lines if line.count(separator) >= 3]


def _decimal_mark(sample: list[list[str]], layout: Layout) -> str:
    """The decimal mark, "" where thousands are grouped or the numbers leave it open."""
    places = [i for i, column in enumerate(layout.columns) if column.role in (*_NUMBERS, *_TIMES)]
    cells = [cells[i].strip() for cells in sample for i in places if i < len(cells) and ":" not in cells[i]]
    decided = marks.decide_marks(cell for cell in cells if cell not in _NO_VALUE)
    plain = [each.decimal for each in decided.best if not each.thousands]
    return plain[0] if plain and decided.proved and not decided.doubt else ""


def _kinds(layout: Layout, sample: list[list[str]], comma: bool) -> dict[str, Any]:
    kinds: dict[str, Any] = {}
    for i, column in enumerate(layout.columns):
        cells = [cells[i].strip() for cells in sample if i < len(cells) and cells[i].strip()]
        if column.role in _WHOLE:
            kinds[f"c{i}"] = pl.Int64
        elif column.role in _TEXT or (column.role in _TIMES and any(":" in cell for cell in cells)):
            kinds[f"c{i}"] = pl.String
        else:
            known = column.role in (*_NUMBERS, *_TIMES)
            number = known or all(cell in _NO_VALUE or _is_number(cell, comma) for cell in cells)
            kinds[f"c{i}"] = pl.Float64 if number else pl.String
    return kinds


def _is_number(cell: str, comma: bool) -> bool:
    try:
        float(cell.replace(",", ".") if comma else cell)
    except ValueError:
        return False
    return True


def _parse(body: bytes, tail: bytes, layout: Layout, sample, comma: bool) -> pl.DataFrame | None:
    """Columns c0, c1 ... of a table in which every line has as many cells; None of any other."""
    kinds = _kinds(layout, sample, comma)
    if sample and all(len(cells) == len(kinds) + 1 and not cells[-1].strip() for cells in sample):
        kinds[_TRAILING] = pl.String  # a separator at the end of each line
    data = body + tail if tail else body
    if len(data) > digits.LEAST and data.endswith(b"\n"):
        frame = digits.parse(data, layout.separator, comma, kinds)
        if frame is not None:
            return _plain(_without(frame), data, layout, comma)
    # most files lack no value, and looking for missing ones costs a third of the time
    for missing in ([], _NO_VALUE):
        try:
            frame = _csv(data, layout, kinds, comma, missing)
        except (pl.exceptions.PolarsError, ValueError):
            continue
        return _plain(frame if missing else _without(frame), data, layout, comma)
    return None


def _plain(frame: pl.DataFrame, data: bytes, layout: Layout, comma: bool) -> pl.DataFrame | None:
    """The frame, if every line had as many cells as it has columns and every number is one."""
    separators = data.count(layout.separator.encode())
    if separators != frame.height * (frame.width - 1) or not frame.height:
        return None
    if (
        comma
        and data.count(b".") != frame.select(cs.string().str.count_matches(".", literal=True).sum()).sum_horizontal()[0]
    ):
        return None  # points in numbers: thousands
    if _TRAILING in frame.columns:
        if frame[_TRAILING].fill_null("").str.strip_chars().ne("").any():
            return None
        frame = frame.drop(_TRAILING)
    floats = frame.select(cs.float().is_finite().all())
    times = [frame[f"c{i}"] for i, column in enumerate(layout.columns) if column.role in _TIMES]
    days = any(t.dtype == pl.String and t.str.contains(r"^[^:]*\.").any() for t in times)
    if days or not all(floats.row(0)) or frame[f"c{_time_place(layout)}"].null_count():
        return None
    return frame


def _without(frame: pl.DataFrame) -> pl.DataFrame:
    """Words for no value in columns of text are no value."""
    words = cs.string()
    return frame.with_columns(pl.when(words.is_in(_NO_VALUE).not_()).then(words).name.keep())


def _csv(data: bytes, layout: Layout, kinds, comma: bool, missing: list[str]) -> pl.DataFrame:
    return pl.read_csv(
        data,
        has_header=False,
        separator=layout.separator,
        schema=kinds,
        quote_char=None,
        null_values=missing or None,
        decimal_comma=comma,
    )
