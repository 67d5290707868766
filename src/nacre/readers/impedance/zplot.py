"""Scribner ZPlot and ZView data files (.z).

Layout
------
`ZPLOT2 ASCII`, header lines `  Key:<blanks>value`, comments, a line `End Comments`, then one frequency per line,
separated by tabs or commas: frequency [Hz], AC amplitude [V or A, as controlled], DC bias, time [s], Z', Z'' [ohm],
generator DC (GD), error number, range. ZView writes its files with `"ZView ..."` and quoted lines, the last of which
names the columns (`"Freq(Hz)"`, `"Ampl"`, `"Bias"`, `"Time(Sec)"`, `"Z'(a)"`, `"Z''(b)"` ...). Z'' is the true Im(Z).

Surface Area is what was typed in, and its default of 1 is not taken for an area; data are not divided by it. Date and
Time are kept as metadata as they stand.

Result: one signal of kind "impedance" per sweep. Error numbers other than 0 are noted. Uncertainty: none is stated.
"""

import re
from pathlib import Path

import numpy as np

from nacre.core.contracts import Head, Reader
from nacre.core.errors import ReadError
from nacre.core.options import NoOptions
from nacre.core.signal import Note, Signal
from nacre.readers.impedance import spectra
from nacre.readers.sheets import tables
from nacre.readers.sheets.tables import TableHints
from nacre.readers.text import text_file

_FIRST = re.compile(r'\s*"?(ZPLOT2|ZPlot|ZView)\b', re.IGNORECASE)
_KEYS = {
    "Date": "date",
    "Time": "time_of_day",
    "Experiment Type": "technique",
    "Open Circuit Potential (V)": "open_circuit_potential",
    "Surface Area": "electrode_area",
}


def sniff(head: Head) -> float:
    """Sure where ZPlot or ZView names itself in the first line and Z' data may follow."""
    return 0.95 if not head.looks_binary and _FIRST.match(head.text) else 0.0


def read(path: Path, options: NoOptions | None = None) -> list[Signal]:
    """The spectra of one file. Raises ReadError."""
    path = Path(path)
    text = text_file.load(path)
    lines = text.data.decode(errors="replace").splitlines()
    start = next((i + 1 for i, line in enumerate(lines) if line.strip().startswith("End Comments")), 1)
    sheet = tables.read_tables("\n".join(lines), path.name, TableHints(skip=start, headed=False))
    found = sheet.main
    if found is None or len(found.columns) < 6:
        raise ReadError(
            "the file holds no impedances",
            where=path.name,
            found=f"{len(lines) - start} lines after the header" if start > 1 else "no line 'End Comments'",
            expected="lines of frequency, amplitude, bias, time, Z', Z''",
            do="copy the file again; if the measurement was stopped, repeat it",
        )
    values = found.values()
    frequency, _, _, time, real, imaginary = values.T[:6]
    columns = {
        "frequency_hertz": (frequency, "Hz"),
        "real_impedance_ohm": (real, "ohm"),
        "imaginary_impedance_ohm": (imaginary, "ohm"),
        "test_time_second": (time, "s"),
    }
    notes = sheet.notes()
    if values.shape[1] > 7:
        errors = np.nan_to_num(values[:, 7])
        columns["error"] = (errors.astype(np.int64), "1")
        if np.any(errors != 0):
            notes.append(Note("warning", f"the analyser reports errors at {np.sum(errors != 0)} frequencies"))
    of = spectra.Origin(path.stem, tuple(notes), _metadata(lines[:start]))
    return spectra.split(columns, of)


def _metadata(lines: list[str]) -> dict[str, str]:
    found = {}
    for line in lines:
        key, _, value = (part.strip() for part in line.strip().strip('"').partition(":"))
        if key in _KEYS and value:
            found[_KEYS[key]] = value
    if area := found.pop("electrode_area", ""):
        found |= {} if area in ("1", "0") else {"electrode_area": f"{area} cm2"}
    if "open_circuit_potential" in found:
        found["open_circuit_potential"] += " V"
    return found


READER = Reader(
    name="zplot",
    words="ZPlot or ZView data file (.z)",
    kinds=("impedance",),
    suffixes=(".z",),
    sniff=sniff,
    read=read,
)
