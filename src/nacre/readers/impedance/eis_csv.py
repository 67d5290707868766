"""Impedance as plain text or csv: frequency, Re(Z) and Im(Z), or |Z| and phase, in the orders and words labs use.

Layout
------
Lines above the table, the last of which may name the columns; then lines of numbers, separated by comma, semicolon,
tab or blanks; decimal points, or commas where commas do not separate. Columns are known by their names, in any order:

frequency   f, freq, frequency, Frequenz ...; omega in rad/s
real        Z', Re, Re(Z), Zreal ...
imaginary   Z'', Im, Im(Z), Zimag ...; with a minus before it where it holds -Im(Z)
modulus     |Z|, Zmod ...
phase       phase, theta, phi ... in degrees unless it says rad
time, E, I  time, Ewe, I ... where they bear a unit; other columns are left out, and a note says so

Units stand in brackets or behind a slash (kOhm, mHz ...). A table that names none is taken as Hz and ohm, and a note
says so. An impedance in ohm cm2 is refused: the area belongs to the study, not to the file.

A table of three columns without names is taken only where it proves what it holds: the first column falls or rises
in even steps of its logarithm over a decade or more, and of the ways to read the others only one keeps the relation
of gain and phase (`_gain_phase`). A sign of Im(Z) that contradicts its own heading is turned where that relation
proves it, and noted. `columns` and `sign` say otherwise.

Result: one signal of kind "impedance" per spectrum (a sweep that begins anew is another one); true Im(Z), negative
where capacitive. Uncertainty: none is stated.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from nacre.core import units
from nacre.core.contracts import Head, Reader
from nacre.core.errors import NacreError, ReadError
from nacre.core.options import option
from nacre.core.signal import Note, Signal
from nacre.readers.impedance import eis_table, gain_phase, spectra
from nacre.readers.impedance.eis_table import Heading
from nacre.readers.sheets import grids, tables
from nacre.readers.sheets.tables import TableHints, TextSheet, TextTable
from nacre.readers.text import text_file

_ROLES = ("frequency", "omega", "real", "imaginary", "modulus", "phase", "time", "voltage", "current", "other")
_UNITS = {"frequency": "Hz", "omega": "rad/s", "real": "ohm", "imaginary": "ohm", "modulus": "ohm", "phase": "deg"}
_SIDE = {
    "time": ("test_time_second", "s"),
    "voltage": ("voltage_volt", "V"),
    "current": ("current_ampere", "A"),
    "temperature": ("temperature_t1_celsius", "degC"),
}
_WRITTEN = {"Ohm": "ohm", "Ohms": "ohm", "kOhm": "kohm", "MOhm": "Mohm", "mOhm": "mohm", "°": "deg", "°C": "degC"}
_LOOK = 300  # lines that are looked at to tell whether a file is one of impedances
_EVEN = 0.1  # spread of the logarithmic steps of a frequency column without a name


@dataclass(frozen=True)
class EisCsvOptions:
    """What a person knows better than the table."""

    columns: tuple[str, ...] = option((), f"what each column is, in order: {', '.join(_ROLES)}", choices=())
    sign: str = option("auto", "sign of the imaginary column", choices=("auto", "true", "negated"))
    decimal: str = option("auto", "the decimal mark", choices=("auto", ".", ","))


def sniff(head: Head) -> float:
    """Moderately sure where headings name frequency and impedance, less where the numbers alone prove it."""
    if head.looks_binary:
        return 0.0
    data, _, _ = text_file.to_utf8(head.start)
    # a look: the last line of the head may be cut
    text = "\n".join(data.decode(errors="replace").split("\n")[:_LOOK])
    if head.size > len(head.start):
        text = text.rpartition("\n")[0]
    try:
        sheet = tables.read_tables(text, head.path.name)
    except ReadError:  # numbers of two readings: the words of the reader are better than "no reader"
        sheet = tables.read_tables(text, head.path.name, TableHints(decimal="."))
    if _spectra(sheet):
        return 0.8
    return 0.5 if sheet.main is not None and _proven(sheet.main) else 0.0


def read(path: Path, options: EisCsvOptions | None = None) -> list[Signal]:
    """The spectra of one file. Raises ReadError."""
    options = options or EisCsvOptions()
    path = Path(path)
    sheet = _sheet(path, options)
    found = [] if options.columns else _spectra(sheet)
    if not sheet.tables:
        raise eis_table.none_found(path.name, f"text that begins {(sheet.header or ('',))[0][:60]!r}")
    used = found or [tables.main_table(sheet, path.name)]
    odd = next((each for each in sheet.tables if each.misfit), None)
    if odd is not None and not any(used[0].headings):  # its headings are those of the rows below it
        tables.main_table(replace(sheet, tables=(odd,)), path.name)
    notes: list[Note] = []
    parts, taken = [], []
    for each in used:
        headings = _chosen(each, options, path.name) if options.columns else _told(each, notes, path.name)
        taken += [column for column, heading in zip(each.columns, headings, strict=True) if heading]
        columns = to_columns(each.values(), headings, options.sign, notes, path.name)
        parts += spectra.pieces(columns, each.breaks)
    of = spectra.Origin(path.stem, tuple(dict.fromkeys([*notes, *sheet.notes(used, taken)])), {})
    return [spectra.signal(part, of, i, len(parts)) for i, part in enumerate(parts, 1)]


def _sheet(path: Path, options: EisCsvOptions) -> TextSheet:
    """All tables of a text file or of the first sheet of a workbook."""
    hints = TableHints(decimal="" if options.decimal == "auto" else options.decimal)
    if grids.is_workbook(path):
        return tables.read_grid(grids.load(path).rows, path.name, hints)
    return tables.read_tables(text_file.load(path).data.decode(errors="replace"), path.name, hints)


def _spectra(sheet: TextSheet) -> list[TextTable]:
    """The tables whose headings name a frequency and an impedance."""
    return [each for each in sheet.tables if eis_table.is_complete(eis_table.read_headings(each))]


def _proven(found: TextTable) -> str:
    """How a table of three columns without names must be read, "" where it does not prove it."""
    values = found.values()
    if any(found.headings):
        return ""
    if values.shape[1] != 3 or len(values) < 8 or not np.all(np.isfinite(values)) or np.any(values[:, 0] <= 0):
        return ""
    steps = np.diff(np.log10(values[:, 0]))
    span = abs(np.log10(values[-1, 0] / values[0, 0]))
    if span < 1 or np.std(steps) > _EVEN * abs(np.mean(steps)):
        return ""
    return gain_phase.decide_reading(*values.T)


def _chosen(found: TextTable, options: EisCsvOptions, where: str) -> list[Heading | None]:
    unknown = [role for role in options.columns if role not in _ROLES]
    if unknown or len(options.columns) != len(found.columns):
        raise ReadError(
            "the columns named do not fit the table",
            where=where,
            found=", ".join(options.columns),
            expected=f"{len(found.columns)} of: {', '.join(_ROLES)}",
        )
    units_ = [heading.unit if heading else "" for heading in eis_table.read_headings(found)]
    return [
        None if role == "other" else Heading(role, unit, False, role)
        for role, unit in zip(options.columns, units_, strict=True)
    ]


def _told(found: TextTable, notes: list[Note], where: str) -> list[Heading | None]:
    headings = eis_table.read_headings(found)
    if eis_table.is_complete(headings):
        return headings
    named = [heading for heading in found.headings if heading]
    reading = _proven(found)
    if not reading:
        raise ReadError(
            "the columns of the table cannot be told",
            where=where,
            found=f"headings {', '.join(named)}" if named else "numbers without headings",
            expected="columns named like frequency, Re(Z), Im(Z), or numbers that allow one reading only",
            do='say them: reader = "eis_csv", reader_options = { columns = ["frequency", "real", "imaginary"] }',
        )
    notes.append(
        Note(
            "warning", f"no headings: gain and phase show the columns to be frequency, {reading}; Hz and ohm are taken"
        )
    )
    roles = {
        "Re(Z)": ("real", False),
        "Im(Z)": ("imaginary", False),
        "-Im(Z)": ("imaginary", True),
        "|Z|": ("modulus", False),
        "phase in degrees": ("phase", False),
        "minus phase in degrees": ("phase", True),
    }
    found = [("frequency", False), *(roles[part] for part in reading.split(", "))]
    return [
        Heading(role, _UNITS[role], negated, part)
        for (role, negated), part in zip(found, ["frequency", *reading.split(", ")], strict=True)
    ]


def to_columns(
    values: np.ndarray, headings, sign: str, notes: list[Note], where: str
) -> dict[str, tuple[np.ndarray, str]]:
    """The table's impedance under BDF names. Raises ReadError for units that are not those of an impedance."""
    given = {}
    for i, heading in enumerate(headings):
        if heading and heading.role not in given:
            given[heading.role] = (-values[:, i] if heading.negated else values[:, i], heading)
    missing = [h.text for h in (given[role][1] for role in given if role in _UNITS) if not h.unit]
    if missing:
        notes.append(Note("info", f"no unit is told for {', '.join(missing)}: Hz, ohm and degrees are taken"))
    si = {role: _in_unit(values, heading, _UNITS[role], where) for role, (values, heading) in _main(given)}
    frequency = si["frequency"] if "frequency" in si else si["omega"] / (2 * np.pi)
    # what is no number stays none, and is noted with the spectrum
    with np.errstate(all="ignore"):
        if "real" in si and "imaginary" in si:
            impedance = si["real"] + 1j * si["imaginary"]
        else:
            impedance = si["modulus"] * np.exp(1j * np.radians(si["phase"]))
    impedance = _signed(frequency, impedance, sign, notes)
    columns = {
        "frequency_hertz": (frequency, "Hz"),
        "real_impedance_ohm": (impedance.real, "ohm"),
        "imaginary_impedance_ohm": (impedance.imag, "ohm"),
    }
    if "modulus" in si:
        columns["absolute_impedance_ohm"] = (si["modulus"], "ohm")
    for role, (name, unit) in _SIDE.items():
        if role in given and given[role][1].unit:
            columns[name] = (_in_unit(*given[role], unit, where), unit)
    left = len(headings) - len(si) - sum(1 for name, _ in _SIDE.values() if name in columns)
    if left:
        notes.append(Note("info", f"{left} further columns are left out"))
    return columns


def _main(given):
    return [(role, pair) for role, pair in given.items() if role in _UNITS]


def _in_unit(values: np.ndarray, heading: Heading, wanted: str, where: str) -> np.ndarray:
    unit = heading.unit.strip()
    if unit.casefold() in ("deg.", "degree", "degrees", "grad", "grd"):
        unit = "deg"
    try:
        return units.convert(values, _WRITTEN.get(unit, unit) or wanted, wanted)
    except NacreError:
        normalised = "cm" in unit and wanted == "ohm"
        raise ReadError(
            f"column '{heading.text}' is not in a unit of {'impedance' if wanted == 'ohm' else heading.role}",
            where=where,
            found=f"'{unit}'",
            expected=wanted,
            do="give the impedance in ohm: the area is declared in study.toml" if normalised else "export it again",
        ) from None


def _signed(frequency, impedance, sign: str, notes: list[Note]) -> np.ndarray:
    if sign == "negated":
        return impedance.conj()
    if sign == "auto" and gain_phase.decide_sign(frequency, impedance) < 0:
        text = "the imaginary part has the other sign than its heading says: gain and phase prove it, and it is turned"
        notes.append(Note("repair", text))
        return impedance.conj()
    return impedance


READER = Reader(
    name="eis_csv",
    words="impedance as plain text or csv",
    kinds=("impedance",),
    suffixes=(".csv", ".txt", ".dat"),
    sniff=sniff,
    read=read,
    options=EisCsvOptions,
)
