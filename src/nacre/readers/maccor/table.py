"""The records of a MACCOR export as columns of numbers and text, before any meaning is given to them."""

from dataclasses import dataclass

import polars as pl
import polars.selectors as cs

from nacre.core.errors import ReadError
from nacre.core.signal import Note
from nacre.readers.maccor.header import Layout
from nacre.readers.text import digits, text_file

_WHOLE = ("record", "cycle", "cycle_p", "step", "end")
_NUMBERS = ("capacity", "energy", "current", "voltage")
_TIMES = ("test_time", "prog_time", "step_time")
_TEXT = ("state", "clock")
_NEEDED = {
    "test_time": "TestTime, Test Time (sec), Test (Min)",
    "voltage": "Volts, Voltage [V]",
    "current": "Amps, mAmps, Current [A]",
}
_NO_VALUE = ["N/A", "n/a", "NaN", "nan", "-", "---"]


@dataclass(frozen=True)
class RawTable:
    """Records as read: `frame` has columns c0, c1, ... in the order of the file; `comma`: decimal commas."""

    frame: pl.DataFrame
    comma: bool
    notes: tuple[Note, ...] = ()


def read_table(data: bytes, layout: Layout, where: str, *, keep_cut: bool = True) -> RawTable:
    """All whole records, and of a cut last one what is whole. Raises ReadError."""
    _check_columns(layout, where)
    begin = layout.body
    while data[begin : begin + 1] == b"\n":
        begin += 1
    end = text_file.mend_end(data[begin:], layout.separator, len(layout.columns))
    sample = _sample(end.whole, layout.separator)
    notes = []
    tail = b""
    time = _time_place(layout)
    if end.kept is not None:
        keep = keep_cut and len(end.kept) > time and end.kept[time].strip() != ""
        notes.append(_cut_note(end.kept, layout, keep))
        if keep:
            tail = layout.separator.join(end.kept).encode() + b"\n"
    elif end.doubtful:
        tail = b"\n"
    if not sample and not tail.strip():
        raise ReadError(
            "the file holds no records",
            where=where,
            found=f"a header of {layout.line} lines, and nothing whole after it",
            do="export the file again; this copy ends too early",
        )
    comma = _decimal_comma(sample or [end.kept or []], layout)
    frame, more = _parse(end.whole, tail, layout, sample, comma, where)
    return RawTable(frame, comma, (*notes, *more))


def _check_columns(layout: Layout, where: str) -> None:
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
    place = layout.where("test_time")
    return layout.where("prog_time") if place is None else place


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


def _decimal_comma(sample: list[list[str]], layout: Layout) -> bool:
    if layout.separator == ",":
        return False
    places = [i for i, column in enumerate(layout.columns) if column.role in (*_NUMBERS, *_TIMES)]
    cells = [cells[i] for cells in sample for i in places if i < len(cells)]
    return text_file.decimal_mark(cells) == ","


def _kinds(layout: Layout, sample: list[list[str]], comma: bool) -> dict[str, pl.DataType]:
    kinds = {}
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


def _parse(body: bytes, tail: bytes, layout: Layout, sample, comma: bool, where: str):
    kinds = _kinds(layout, sample, comma)
    data = body + tail if tail else body
    if len(data) > digits.LEAST and data.endswith(b"\n"):
        frame = digits.parse(data, layout.separator, comma, kinds)
        if frame is not None:
            return _drop_empty(_without(frame), _time_place(layout), where)
    # most files lack no value, and looking for missing ones costs a third of the time
    for missing in ([], _NO_VALUE):
        try:
            frame = _csv(data, layout, kinds, comma, missing)
        except (pl.exceptions.PolarsError, ValueError):
            continue
        if not missing:
            frame = _without(frame)
        return _drop_empty(frame, _time_place(layout), where)
    # some cell is not the number that its column holds elsewhere: read text, and say which
    return _parse_slowly(data, layout, kinds, comma, where)


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
        quote_char=None if layout.separator == "\t" else '"',
        truncate_ragged_lines=True,
        missing_columns="insert",
        null_values=missing or None,
        decimal_comma=comma,
    )


def _parse_slowly(data: bytes, layout: Layout, kinds, comma: bool, where: str):
    try:
        text = _csv(data, layout, dict.fromkeys(kinds, pl.String), False, _NO_VALUE)
    except (pl.exceptions.PolarsError, ValueError) as error:
        raise ReadError("the table cannot be read", where=where, found=str(error).splitlines()[0]) from None
    text, notes = _drop_empty(text, _time_place(layout), where)
    mark, thousands = (",", ".") if comma else (".", ",")
    columns = []
    for i, (name, kind) in enumerate(kinds.items()):
        column = text[name].str.strip_chars()
        numbers = _numbers(column, mark, thousands)
        present = column.fill_null("") != ""
        wrong = present & numbers.is_null()
        if kind != pl.String:
            if wrong.any():
                notes.append(_wrong_note(column, wrong, layout.columns[i].name))
            columns.append(numbers.alias(name))
        else:
            columns.append(column.alias(name))
    return pl.DataFrame(columns), notes


def _numbers(column: pl.Series, mark: str, thousands: str) -> pl.Series:
    plain = column.str.replace_all(thousands, "", literal=True).str.replace(mark, ".", literal=True)
    return plain.cast(pl.Float64, strict=False)


def _wrong_note(column: pl.Series, wrong: pl.Series, name: str) -> Note:
    place = int(wrong.arg_true()[0])
    return Note(
        "warning", f"{wrong.sum()} cells of '{name}' are not numbers (first '{column[place]}', row {place + 1}): NaN"
    )


def _drop_empty(frame: pl.DataFrame, time: int, where: str) -> tuple[pl.DataFrame, list[Note]]:
    """Without blank lines, and without lines that bear no time (reported)."""
    column = frame[f"c{time}"]
    missing = column.is_null() if column.dtype != pl.String else column.fill_null("").str.strip_chars() == ""
    if not missing.any():
        return frame, []
    words = cs.string()
    frame = frame.with_columns(pl.when(words.str.strip_chars() != "").then(words).name.keep())
    blank = frame.select(pl.all_horizontal(pl.all().is_null())).to_series()
    lost = int((missing & ~blank).sum())
    kept = frame.filter(~missing)
    if kept.height == 0 or lost > 0.1 * frame.height + 3:
        raise ReadError(
            "the records cannot be told apart",
            where=where,
            found=f"{lost} of {frame.height} lines without a test time",
            expected="one record per line",
            do="look at the file's column separator, and export it again as tab-separated text",
        )
    if not lost:
        return kept, []
    first = int((missing & ~blank).arg_true()[0]) + 1
    return kept, [Note("warning", f"{lost} lines without a test time are left out (first: row {first})")]
