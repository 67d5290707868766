"""BioLogic EC-Lab and BT-Lab text exports (.mpt, and .txt made from them), in any locale.

Layout
------
`EC-Lab ASCII FILE` (or `BT-Lab ASCII FILE`), `Nb header lines : N`, then header lines up to the N-th, which names
the columns, then one record per line; separated by tabs. Decimal marks are those of the PC, points or commas;
encoding Windows-1252 or UTF-8; line ends LF or CRLF. An export without its header begins with the column names.
Header lines are the technique's name, `key : value` pairs, the technique's settings in columns of 20 characters, and
`Loop i from point number a to b`. Dates in it are month first; one whose month would be above 12 is read day first.
The time is in s since the start, or (`Time format : Absolute`) a date with time of day. `XXX` stands for no value.

Columns
-------
time/s                    test_time_second
Ewe/V | <Ewe>/V | Ecell/V voltage_volt           the first of these that there is
I/mA | <I>/mA             current_ampere
(Q-Qo)/mA.h               net_capacity_ah
cycle number, Ns          cycle_count, step_id   as the file has them: EC-Lab counts from 0
step time/s, P/W          step_time_second, power_watt
freq/Hz                   frequency_hertz
Re(Z)/Ohm, -Im(Z)/Ohm     real_impedance_ohm, imaginary_impedance_ohm (the true Im(Z): capacitive is negative)
|Z|/Ohm, Phase(Z)/deg     absolute_impedance_ohm, phase_degree
|Ewe|/V, |I|/A            voltage_amplitude_volt, current_amplitude_ampere
anything else             kept under its own name, with its unit in SI; a note names those that are not EC-Lab's known

Kinds, signs, cycles and the wall clock are those of `biologic_mpr`, which reads the raw file of the same run.

Uncertainty: none is stated. Resolution is that of the printed digits (8 for most columns, 16 for time and charge).
"""

import datetime
import io
import re
from pathlib import Path

import numpy as np
import polars as pl

from nacre.core.contracts import Head, Reader
from nacre.core.errors import ReadError
from nacre.core.options import NoOptions
from nacre.core.signal import Note, Signal
from nacre.readers.biologic import eclab_header
from nacre.readers.biologic.eclab_names import free_name, is_known
from nacre.readers.biologic.eclab_signals import EcLab, to_signals
from nacre.readers.biologic.mpt_writer import write
from nacre.readers.sheets import account
from nacre.readers.sheets.account import LeftOutLine
from nacre.readers.text import clocks, row_widths, text_file
from nacre.readers.text.numbers import is_whole

_WHOLE = {
    *("mode", "ox/red", "error", "control changes", "Ns changes", "counter inc.", "Ns", "I Range", "half cycle"),
    "z cycle",
}
_NO_VALUE = ("", "XXX", "NaN", "nan", "-nan", "1.#QNAN", "-1.#IND")


def sniff(head: Head) -> float:
    """Sure where EC-Lab names itself; nearly so where a first line bears its column names."""
    if head.looks_binary:
        return 0.0
    data, _, _ = text_file.to_utf8(head.start)
    if eclab_header.names_itself(data):
        return 0.97
    return 0.9 if eclab_header.is_heading(data.split(b"\n", 1)[0]) else 0.0


def read(path: Path, options: NoOptions | None = None) -> list[Signal]:
    """Spectra and cycling records of one file. Raises ReadError."""
    path = Path(path)
    text = text_file.load(path)
    header = eclab_header.read_header(text.data, path.name)
    notes: list[Note] = []
    frame = _frame(header, notes, path.name)
    columns: dict[str, np.ndarray] = {}
    for i, heading in enumerate(header.headings):
        if heading and f"c{i}" in frame.columns:
            columns[free_name(heading, columns)] = _values(frame[f"c{i}"], heading, header, path.name)
    strange = [heading for heading in columns if not is_known(heading)]
    if strange:
        notes.append(
            Note("warning", f"{len(strange)} columns are not known and kept as they are: {', '.join(strange)}")
        )
    file = EcLab(
        columns,
        dict(header.metadata) | {"encoding": text.encoding},
        path.stem,
        loops=header.loops,
        notes=[*header.notes, *notes],
    )
    if "start" in header.metadata:
        moment = datetime.datetime.fromisoformat(str(header.metadata["start"])).replace(tzinfo=datetime.UTC)
        file.start = moment.timestamp()
    return to_signals(file, path.name)


def _frame(header: eclab_header.Header, notes: list[Note], where: str) -> pl.DataFrame:
    """Cells as text, columns named c0, c1 ...; those without any cell are left out."""
    end = text_file.mend_end(header.body, "\t")
    if end.kept is not None:
        notes.append(Note("repair", "the last line is cut: that record is left out"))
    body = end.whole if end.whole.endswith(b"\n") else end.whole + b"\n"
    if not body.strip():
        raise ReadError(
            "the file holds no records",
            where=where,
            found="a header and column names only",
            do="export it again, or take it out",
        )
    body, odd = row_widths.set_apart(body, "\t")
    notes += account.lines_note([LeftOutLine(header.lines + n, text, "another number of cells") for n, text in odd])
    # EC-Lab writes headings that no record has a cell for
    cells = body.lstrip(b"\n").split(b"\n", 1)[0].count(b"\t") + 1
    schema = {f"c{i}": pl.String for i in range(min(cells, len(header.headings)))}
    try:
        frame = pl.read_csv(
            io.BytesIO(body),
            separator="\t",
            has_header=False,
            schema=schema,
            quote_char=None,
            truncate_ragged_lines=True,
        )
    except (pl.exceptions.PolarsError, ValueError):
        raise ReadError(
            "the table cannot be read",
            where=where,
            found="lines of different numbers of cells",
            expected=f"{cells} in each, as in the first",
            do="export the file again",
        ) from None
    if odd:
        frame = row_widths.drop_empty(frame)
    return frame.drop([name for name in frame.columns if frame[name].null_count() == frame.height])


def _values(series: pl.Series, heading: str, header: eclab_header.Header, where: str) -> np.ndarray:
    cells = series.str.strip_chars()
    sample = cells.drop_nulls().head(1).to_list()
    if heading == "time/s" and sample and re.search(r"\d:\d", sample[0]):
        return _absolute(cells, header, where)
    numbers = cells.str.replace(",", ".", literal=True).cast(pl.Float64, strict=False)
    # "-1.#IND00" and the like are how the maker's compiler writes that there is no value
    none = cells.is_in(_NO_VALUE).fill_null(True) | cells.str.contains(r"^[-+]?1[.,]#").fill_null(True)
    wrong = numbers.is_null() & ~none
    if wrong.any():
        row = int(wrong.arg_max() or 0)
        raise ReadError(
            f"column '{heading}' holds something that is not a number",
            where=f"{where}:{header.lines + row + 1}",
            found=f"'{cells[row]}'",
            do="export the file again",
        )
    values = numbers.fill_null(float("nan")).to_numpy()
    return values.astype(np.int64) if heading in _WHOLE and is_whole(values) else values


def _absolute(cells: pl.Series, header: eclab_header.Header, where: str) -> np.ndarray:
    """Seconds since the start, from dates and times of day."""
    try:
        clock = clocks.read_clock(cells)
    except OverflowError:  # a damaged date of too many digits
        clock = None
    if clock is None:
        raise ReadError("the times cannot be read", where=where, found=f"'{cells[0]}'", expected="seconds, or dates")
    seconds = clock.seconds["mdy" if "mdy" in clock.orders else "dmy"]
    start = header.metadata.get("start")
    if start is None:
        return seconds - seconds[0]
    zero = datetime.datetime.fromisoformat(str(start)).replace(tzinfo=datetime.UTC)
    return seconds - zero.timestamp()


READER = Reader(
    name="biologic_mpt",
    words="BioLogic text export (.mpt)",
    kinds=("cycling", "impedance"),
    suffixes=(".mpt", ".txt"),
    sniff=sniff,
    read=read,
    write=write,
)
