"""The records of a .mpr file: which column lies where, also where a column's number is unknown.

The record's size follows from the module's length and the number of records. What known columns leave of it belongs
to the unknown ones; where that can be shared out in one way only (or one way only gives credible numbers), they are
read; where it cannot, columns before the first and after the last unknown one keep their places, and only those
between are lost.
"""

import itertools
import struct
from dataclasses import dataclass, field

import numpy as np

from nacre.core.errors import ReadError
from nacre.core.signal import Note
from nacre.readers.biologic.eclab_names import free_name
from nacre.readers.biologic.mpr_columns import FLAGS, known
from nacre.readers.biologic.mpr_modules import Module

_WIDTHS = {1: "<u1", 2: "<u2", 4: "<f4", 8: "<f8"}
_FEW = 5  # more unknown columns than this are not shared out by trial
_SMALLEST, _LARGEST = 1e-30, 1e30
_EXPORT = "export the file as text (.mpt) in EC-Lab and use that"


@dataclass(frozen=True)
class Field:
    """One column of the record; `number` is given where its meaning is unknown, `width` 0 where that is, too."""

    name: str
    dtype: str
    number: int = 0


@dataclass
class Records:
    """Columns by heading, and what had to be noted."""

    columns: dict[str, np.ndarray] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)


def read_records(module: Module, where: str) -> Records:
    """Every column of the data module. Raises ReadError where there are no records, or none can be told."""
    count, numbers, start = _header(module, where)
    room = module.length - start
    if not count:
        raise ReadError(
            "the file holds no records",
            where=where,
            found="a data module with 0 points",
            do="the technique stopped before its first point: take the file out, or repeat the measurement",
        )
    size, rest = divmod(room, count)
    out = Records()
    fields = _fields(numbers)
    if rest or size < sum(_width(f) for f in fields):
        raise ReadError(
            "the columns do not fill the records",
            where=where,
            found=f"{room} bytes for {count} records",
            expected=f"{sum(_width(f) for f in fields)} bytes or more each, for columns {_listed(numbers)}",
            do=_EXPORT,
        )
    held = min((len(module.data) - start) // size, count)
    if held < 1:
        raise ReadError(
            "the file ends before its first record",
            where=where,
            found=f"{len(module.data)} of {module.length} bytes of 'VMP data'",
            do="copy the file again, or export it as text (.mpt) in EC-Lab",
        )
    if held < count:
        out.notes.append(Note("warning", f"the file is cut: {held} of its {count} records are there, and are read"))
    bytes_ = np.frombuffer(module.data, np.uint8, held * size, start).reshape(held, size)
    _place(fields, bytes_, size, out, where)
    return out


def _header(module: Module, where: str) -> tuple[int, list[int], int]:
    """(records, column numbers, where the records begin)."""
    try:
        (count,) = struct.unpack_from("<I", module.data, 0)
        if module.new_header:
            (columns,) = struct.unpack_from("<H", module.data, 4)
            return count, list(struct.unpack_from(f"<{columns}H", module.data, 6)), 1007
        columns = module.data[4]
        if module.version == 0:
            return count, list(struct.unpack_from(f"<{columns}B", module.data, 5)), 100
        start = {2: 405, 3: 406}.get(module.version, 406)
        return count, list(struct.unpack_from(f"<{columns}H", module.data, 5)), start
    except (struct.error, IndexError):
        raise ReadError(
            "the file ends among its column numbers",
            where=where,
            found=f"{len(module.data)} of {module.length} bytes of 'VMP data'",
            do="copy the file again, or export it as text (.mpt) in EC-Lab",
        ) from None


def _fields(numbers: list[int]) -> list[Field]:
    """The record's columns in their order; flags as one column named `flags`."""
    fields: list[Field] = []
    flags = [n for n in numbers if n & 0xFF in FLAGS]
    for number, row in zip(numbers, known(numbers), strict=True):
        if number in flags:
            if number == flags[0]:
                fields.append(Field("flags:" + ",".join(str(n & 0xFF) for n in flags), "<u1"))
        elif row is None:
            fields.append(Field(f"column_{number}", "", number))
        else:
            fields.append(Field(*row))
    return fields


def _width(column: Field) -> int:
    return np.dtype(column.dtype).itemsize if column.dtype else 0


def _place(fields: list[Field], raw: np.ndarray, size: int, out: Records, where: str) -> None:
    blank = [i for i, column in enumerate(fields) if not column.dtype]
    left = size - sum(_width(column) for column in fields)
    if not blank and left:
        _ends(fields, raw, size, out, left, where)
        return
    solutions = _solutions(fields, blank, raw, left)
    if len(solutions) == 1:
        whole = _filled(fields, blank, solutions[0])
        _decode(whole, raw, 0, out)
        if blank:
            out.unknown = [fields[i].name for i in blank]
            widths = ", ".join(f"{fields[i].name} ({w} bytes)" for i, w in zip(blank, solutions[0], strict=True))
            out.notes.append(
                Note("warning", f"{len(blank)} columns have numbers nobody has described; they are kept: {widths}")
            )
        return
    first, last = blank[0], blank[-1]
    _decode(fields[:first], raw, 0, out)
    tail = fields[last + 1 :]
    _decode(tail, raw, size - sum(_width(column) for column in tail), out)
    lost = [column.name for column in fields[first : last + 1]]
    out.unknown = [fields[i].name for i in blank]
    out.notes.append(
        Note(
            "warning",
            f"{len(blank)} columns have numbers nobody has described, and the record's size does not tell their "
            f"widths: {', '.join(lost)} are left out; {_EXPORT}",
        )
    )


def _ends(fields, raw, size, out, left, where) -> None:
    """More bytes than the columns need: read what stands before them if the columns are credible so, else refuse."""
    if not _credible(fields, raw, 0):
        raise ReadError(
            "the columns do not fill the records",
            where=where,
            found=f"{size} bytes a record, {left} more than the columns take",
            do=_EXPORT,
        )
    _decode(fields, raw, 0, out)
    out.notes.append(Note("warning", f"each record has {left} bytes more than its columns take: they are left out"))


def _solutions(fields, blank, raw, left) -> list[tuple[int, ...]]:
    """Widths of the unknown columns that fill the record; where several do, those that give credible numbers."""
    if not blank:
        return [()]
    if len(blank) > _FEW:
        return [] if left != 4 * len(blank) else [(4,) * len(blank)]
    fit = [widths for widths in itertools.product(_WIDTHS, repeat=len(blank)) if sum(widths) == left]
    if len(fit) <= 1:
        return fit
    return [widths for widths in fit if _credible(_filled(fields, blank, widths), raw, 0)]


def _filled(fields: list[Field], blank: list[int], widths: tuple[int, ...]) -> list[Field]:
    out = list(fields)
    for i, width in zip(blank, widths, strict=True):
        out[i] = Field(fields[i].name, _WIDTHS[width], fields[i].number)
    return out


def _columns(fields: list[Field], raw: np.ndarray, at: int):
    for column in fields:
        width = _width(column)
        yield column, np.ascontiguousarray(raw[:, at : at + width]).view(column.dtype)[:, 0]
        at += width


def _credible(fields: list[Field], raw: np.ndarray, at: int) -> bool:
    """Whether every floating column holds numbers of a size that is measured, and time does not run back."""
    for column, values in _columns(fields, raw, at):
        if column.dtype[1] == "f" and not _measured(values):
            return False
        if column.name == "time/s" and (np.any(np.diff(values) < 0) or values[0] < 0):
            return False
        if column.name in ("Ns", "half cycle", "cycle number") and np.any(values != np.round(values)):
            return False
    return True


def _measured(values: np.ndarray) -> bool:
    size = np.abs(values[np.isfinite(values)].astype(float))
    return len(size) == len(values) and bool(np.all((size == 0) | ((size > _SMALLEST) & (size < _LARGEST))))


def _decode(fields: list[Field], raw: np.ndarray, at: int, out: Records) -> None:
    for column, values in _columns(fields, raw, at):
        if column.name.startswith("flags:"):
            for number in map(int, column.name[6:].split(",")):
                mask, heading = FLAGS[number]
                out.columns[heading] = (values & mask) // (mask & -mask)
            continue
        if column.number and column.dtype == "<f4" and not _measured(values):
            values = values.view("<u4")
        out.columns[free_name(column.name, out.columns)] = values.copy()


def _listed(numbers: list[int]) -> str:
    return ", ".join(map(str, numbers[:12])) + (" ..." if len(numbers) > 12 else "")
