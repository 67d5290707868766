"""Emission (ICP-OES) runs as tables: csv, tab-separated text or a workbook, as instrument programs export them.

Long form: one row per solution and line. Columns are known by their headings, in any order:

label          Label, Sample, Sample Name, Sample ID, Solution Label ...
type           Type, Sample Type: blank, standard, sample, drift (QC, CCV), spike; guessed from the label where absent
element        Element, Analyte, Element Label: `Hf`, or `Hf 277.336` with the wavelength in nm
wavelength     Wavelength, Line; in nm
intensity      Intensity, Int, Mean Intensity, Net Intensity ...; counts per second
scatter        SD, Intensity SD; or RSD in % of the intensity
readings       Replicates, Readings: how many readings the mean and the SD are of
concentration  Concentration, Soln Conc, Nominal ...: of a standard, what it holds (of other rows it is not used)
added          Added, Spike: what was added to a spiked solution
mass, volume, dilution   Weight, Final Volume, Dilution Factor ... of a digest
time           Time, Date Time: seconds, or a date and time (ISO 8601, or day/month/year with . or / and 24 hours)

Wide form: one row per solution, intensities in columns headed `Hf 277.336`, their scatter in columns headed
`Hf 277.336 SD` or `Hf 277.336 RSD` beside them. What standards hold is then said by the option `standards`.

Lines above the headings are left out. Units stand in brackets behind the heading or in a column Unit; ppm is mg/L. A
missing time is the order of the rows, one minute each. Instrument programs differ and are set up by each laboratory:
this is a reading of headings, not the specification of one program. A table whose columns bear other names is
exported again with these, or read by `table`.

Result: one signal of kind "emission", one row per solution and line. Uncertainty: the scatter of the readings only.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np

from nacre.core import files
from nacre.core.contracts import VIRTUAL_MARK, Head, Reader
from nacre.core.errors import NacreError, ReadError
from nacre.core.options import option
from nacre.core.quantity import parse
from nacre.core.signal import Note, Signal, table
from nacre.physics.chemistry.element_names import find_symbol
from nacre.readers.sheets import account, grids, tables, workbooks
from nacre.readers.sheets.account import LeftOutLine
from nacre.readers.sheets.headings import Heading, in_unit, read_heading, roles, written_unit
from nacre.readers.sheets.tables import TableHints, TextSheet, TextTable
from nacre.readers.text import text_file
from nacre.readers.text.cells import TextColumn, reason_missing
from nacre.readers.text.quantities import read_quantity

Roles = dict[str, tuple[int, Heading]]
_LOOK = 200  # lines within which the headings stand

SYNONYMS = {
    "label": ("label", "sample", "samplename", "samplelabel", "sampleid", "solutionlabel", "solution", "probe"),
    "type": ("type", "sampletype", "typ", "probentyp"),
    "element": ("element", "analyte", "elementlabel", "elementname", "analytename"),
    "wavelength": ("wavelength", "wavelengthnm", "line", "nm"),
    "intensity": ("intensity", "int", "meanintensity", "netintensity", "intensityaverage", "averageintensity", "cps"),
    "sd": ("sd", "intensitysd", "stdev", "stddev", "intensitystddev", "standarddeviation"),
    "rsd": ("rsd", "rsd%", "intensityrsd", "intensityrsd%", "%rsd"),
    "readings": ("replicates", "readings", "n", "numberofreplicates"),
    "concentration": ("concentration", "conc", "solnconc", "nominal", "standardconcentration", "definedconcentration"),
    "unit": ("unit", "units", "concunit"),
    "added": ("added", "spike", "spikeadded", "addedconcentration"),
    "mass": ("mass", "weight", "sampleweight", "actwgt", "initialquantity", "einwaage"),
    "volume": ("volume", "finalvolume", "actvol", "finalquantity"),
    "dilution": ("dilution", "dilutionfactor", "df"),
    "time": ("time", "datetime", "acquisitiontime", "acquisitiondate"),
}
UNITS = {"intensity": "cps", "concentration": "mg/L", "added": "mg/L", "mass": "g", "volume": "mL", "dilution": "1"}
_LINE = re.compile(r"(?P<name>[A-Za-zÀ-ÿ]+)[\s_:-]*(?P<nm>\d{3}[.,]\d+)?\s*(?:nm)?(?:\s*\{[^}]*\})?\s*(?P<rest>.*)")
_REVERSED = re.compile(r"(?P<nm>\d{3}[.,]\d+)\s*(?:nm)?[\s_:-]*(?P<name>[A-Z][a-z]?)\b\s*(?P<rest>.*)")
# what a solution is by the whole words of its label; "control" and "check" alone may be a sample of the study
_KINDS = (
    (
        "blank",
        r"(cal(ibration)?\W*|kal\W*|digest\W*|method\W*|reagent\W*)?(blank|blk|bk|blind|blindwert|leer|leerwert)",
    ),
    ("spike", r"\w*spike\w*|fortified|aufgestockt"),
    ("drift", r"drift|qc|ccv|icv|ccb|icb|lcs|(check|control|drift|kontroll)\W*(std|standard|sample|solution|probe)"),
    ("standard", r"std|stds|standard|s(?=\d)|(cal|kal)(ibration|ibrier)?\W*(std|standard|\d)?"),
)
_DOUBTFUL = ("drift", r"control|check|kontrolle")


@dataclass(frozen=True)
class IcpOptions:
    """What a person knows better than the table."""

    sheet: str = option("", "the sheet of a workbook; the first where none is named")
    standards: tuple[str, ...] = option(
        (), "what standards hold: 'Std 1: Hf = 0.5 mg/L', or 'Std 1 = 0.5 mg/L' for all"
    )


def sniff(head: Head) -> float:
    """Sure of headings that name a label, an element and an intensity; a workbook is only guessed at."""
    if workbooks.is_workbook(head.start):
        return 0.2 if head.suffix in workbooks.SUFFIXES else 0.0
    if head.looks_binary:
        return 0.0
    return 0.85 if _find_header(head.text)[0] >= 0 else 0.0


def _is_header(cells: list[str]) -> bool:
    found = roles(cells, SYNONYMS)
    return "label" in found and ({"element", "intensity"} <= set(found) or bool(_wide(cells)))


def read_line(cell: str) -> tuple[str, str, str] | None:
    """(element, wavelength in nm as written or "", what follows) of a cell or heading that names an emission line.

    The element is a symbol or its name in English or German; None where it is neither.
    """
    for pattern in (_LINE, _REVERSED):
        match = pattern.fullmatch(cell.strip())
        symbol = find_symbol(match["name"]) if match else None
        if match and symbol:
            return symbol, (match["nm"] or "").replace(",", "."), match["rest"].strip()
    return None


def _wide(cells: list[str]) -> dict[int, tuple[str, str, str]]:
    """Columns headed by a line: (element, wavelength, what it holds: "" for the intensity, "sd", "rsd")."""
    found = {}
    for i, cell in enumerate(cells):
        line = read_line(cell)
        if line and line[1]:
            what = _column_holds(line[2])
            if what is not None:
                found[i] = (line[0], line[1], what)
    return found


def _column_holds(rest: str) -> str | None:
    """What a column of a line holds by the words behind it: "" for the intensity; None for anything else."""
    key = read_heading(rest).key if rest else ""
    if not key or key in SYNONYMS["intensity"]:
        return ""
    return next((role for role in ("sd", "rsd") if key in SYNONYMS[role]), None)


def read(path: Path, options: IcpOptions | None = None) -> list[Signal]:
    """The run as one signal. Raises ReadError."""
    options, path = options or IcpOptions(), Path(path)
    sheet = _sheet(path, options)
    used = [each for each in sheet.tables if _is_header(each.headings)]
    if not used:
        first = sheet.header[0][:60] if sheet.header else ""
        raise ReadError(
            "no line of headings of an emission run",
            where=path.name,
            found=f"{len(sheet.tables)} tables, text that begins {first!r}" if first else f"{len(sheet.tables)} tables",
            expected="columns like Label, Type, Element, Intensity; or Label and 'Hf 277.336'",
            do="export it with these headings, or name the columns with reader = 'table'",
        )
    columns = _join([_columns_of(each, path.name) for each in used])
    notes = list(sheet.notes(used))
    columns, lost = _whole_rows(columns)
    notes += [*(note for each in used for note in _note_strange_lines(each)), *lost]
    if not len(columns["label"][0]):
        raise ReadError("the run holds no intensity", where=path.name, found="; ".join(n.text for n in notes) or "rows")
    _name_standards(columns, options.standards, path.name)
    if "time" not in columns:
        labels = columns["label"][0]
        order = np.cumsum(np.concatenate([[0], labels[1:] != labels[:-1]])) * 60.0
        columns["time"] = (order, "s")
        notes.append(Note("info", "the file tells no times: solutions are taken a minute apart, in the file's order"))
    above = {"above": "\n".join(sheet.header)} if sheet.header else {}
    return [table("emission", columns, metadata=above, notes=tuple(notes), name=path.stem)]


def _sheet(path: Path, options: IcpOptions) -> TextSheet:
    """The tables of the file. The line of headings is looked for first: rows of a run may be mostly words."""
    if grids.is_workbook(path):
        rows = grids.load(path, options.sheet).rows
        at = next((i for i, row in enumerate(rows[:_LOOK]) if _is_header(row)), -1)
        return tables.read_grid(rows, path.name, TableHints(heading_line=at + 1))
    text = text_file.load(path).data.decode(errors="replace")
    at, separator = _find_header(text)
    return tables.read_tables(text, path.name, TableHints(separator, heading_line=at + 1))


def _find_header(text: str) -> tuple[int, str]:
    """Index of the line of headings and its separator; -1 and "" where there is none."""
    for i, line in enumerate(text.split("\n")[:_LOOK]):
        for mark in ("\t", ";", ","):
            cells = [cell.strip().strip('"') for cell in line.split(mark)]
            if len(cells) > 2 and _is_header(cells):
                return i, mark
    return -1, ""


Columns = dict[str, tuple[np.ndarray, str]]


def _columns_of(found: TextTable, where: str) -> Columns:
    role_of = roles([_heading_of(column) for column in found.columns], SYNONYMS)
    if "element" in role_of:
        return _from_long(found, role_of, where)
    return _from_wide(found, role_of, where)


def _heading_of(column: TextColumn) -> str:
    return f"{column.heading} ({column.unit})" if column.unit else column.heading


def _note_strange_lines(found: TextTable) -> list[Note]:
    """A note on solutions whose cell of the element names none."""
    role_of = roles([_heading_of(column) for column in found.columns], SYNONYMS)
    if "element" not in role_of:
        return []
    labels, cells = _texts(found, role_of["label"]), _texts(found, role_of["element"])
    lines = zip(found.lines, labels, cells, strict=True)
    odd = [(n, label, cell) for n, label, cell in lines if label and not read_line(cell)]
    return account.lines_note(
        [LeftOutLine(int(n), f"{label}, {cell}", "it names no element") for n, label, cell in odd]
    )


def _join(parts: list[Columns]) -> Columns:
    """Tables below each other as one run; what one of them lacks is unknown there."""
    if len(parts) == 1:
        return parts[0]
    joined: Columns = {}
    for name in dict.fromkeys(name for part in parts for name in part):
        unit = next(part[name][1] for part in parts if name in part)
        pieces = [part[name][0] if name in part else np.full(len(part["label"][0]), np.nan) for part in parts]
        joined[name] = (np.concatenate(pieces), unit)
    return joined


def _whole_rows(columns: Columns) -> tuple[Columns, list[Note]]:
    """The rows that have an intensity, and a note that names the solutions of the others."""
    keep = np.isfinite(columns["intensity"][0])
    if keep.all():
        return columns, []
    lost = [f"{columns['label'][0][i]} {columns['element'][0][i]}" for i in np.flatnonzero(~keep)]
    shown = ", ".join(lost[:6]) + (f" and {len(lost) - 6} more" if len(lost) > 6 else "")
    note = Note("warning", f"{len(lost)} readings without an intensity are left out: {shown}")
    return {name: (values[keep], unit) for name, (values, unit) in columns.items()}, [note]


def _from_long(found: TextTable, role_of: Roles, where: str) -> Columns:
    labels, lines = _texts(found, role_of["label"]), [read_line(c) for c in _texts(found, role_of["element"])]
    keep = np.array([bool(label and line) for label, line in zip(labels, lines, strict=True)], bool)
    named = np.array([float(line[1]) if line and line[1] else np.nan for line in lines])
    wavelength = _numbers(found, role_of, "wavelength")
    columns: Columns = {
        "label": (np.array(labels, str), "1"),
        "element": (np.array([line[0] if line else "" for line in lines], str), "1"),
        "wavelength": (named if wavelength is None else np.where(np.isnan(named), wavelength, named), "nm"),
    }
    for role, unit in UNITS.items():
        if role == "dilution":
            columns |= _dilutions(found, role_of, where)
        elif (values := _numbers(found, role_of, role)) is not None:
            columns[role] = (_converted(found, role_of, role, values, unit, where), unit)
    columns |= _scatter(_numbers(found, role_of, "sd"), _numbers(found, role_of, "rsd"), columns["intensity"][0])
    columns |= _shared(found, role_of, columns)
    return {name: (values[keep], unit) for name, (values, unit) in columns.items()}


def _from_wide(found: TextTable, role_of: Roles, where: str) -> Columns:
    """A row per solution and line; all of one solution stand together."""
    wide = _wide(found.headings)
    lines = [(i, element, nm) for i, (element, nm, what) in wide.items() if not what]
    beside = {(element, nm, what): i for i, (element, nm, what) in wide.items() if what}
    labels, values, empty = _texts(found, role_of["label"]), found.values(), np.full(found.rows, np.nan)
    rows = np.repeat(np.arange(found.rows), len(lines))
    intensity = _flat([values[:, i] for i, _, _ in lines])
    columns: Columns = {
        "label": (np.array(labels, str)[rows], "1"),
        "element": (np.array([element for _, element, _ in lines] * found.rows, str), "1"),
        "wavelength": (np.array([float(nm) for *_, nm in lines] * found.rows), "nm"),
        "intensity": (intensity, "cps"),
    }
    sd, rsd = (
        _flat([values[:, beside[key]] if (key := (e, nm, what)) in beside else empty for _, e, nm in lines])
        for what in ("sd", "rsd")
    )
    columns |= _scatter(sd, rsd, intensity)
    shared = _dilutions(found, role_of, where)
    for role in ("mass", "volume"):
        if (column := _numbers(found, role_of, role)) is not None:
            shared[role] = (in_unit(column, role_of[role][1], UNITS[role], where), UNITS[role])
    shared |= _shared(found, role_of, {"label": (np.array(labels, str), "1")})
    columns |= {name: (column[rows], unit) for name, (column, unit) in shared.items()}
    keep = np.array([bool(label) for label in labels], bool)[rows]
    return {name: (column[keep], unit) for name, (column, unit) in columns.items()}


def _flat(columns: list[np.ndarray]) -> np.ndarray:
    """Columns as one list, row after row."""
    return np.array(columns).T.ravel()


def _shared(found: TextTable, role_of: Roles, columns: Columns) -> Columns:
    """Type, readings and time of every row."""
    labels = columns["label"][0]
    told = _texts(found, role_of["type"]) if "type" in role_of else [""] * found.rows
    held = columns["concentration"][0] if "concentration" in columns else np.full(found.rows, np.nan)
    kinds = [kind_of(k) or _kind_of_label(label, h) for k, label, h in zip(told, labels, held, strict=True)]
    made: Columns = {"type": (np.array(kinds, str), "1")}
    if (readings := _numbers(found, role_of, "readings")) is not None:
        made["readings"] = (readings, "1")
    if "time" in role_of:
        times = _times(found.columns[role_of["time"][0]])
        if np.isfinite(times).all():
            made["time"] = (times - times.min(initial=np.inf), "s")
    return made


def kind_of(text: str) -> str:
    """blank, standard, drift, spike or sample, from what a column of types says; "" where that tells nothing."""
    low = text.strip().lower()
    if re.search(r"unk|sample|probe|\bsmp", low):
        return "sample"
    words = (("blank", r"bla?n?k|blind|leer"), ("spike", r"spi?k|fortif"),
             ("drift", r"drift|\bqc|ccv|icv|check|control"), ("standard", r"std|standard|\bcal"))  # fmt: skip
    return next((kind for kind, pattern in words if re.search(pattern, low)), "")


def _kind_of_label(label: str, held: float) -> str:
    """What a solution is where only its label tells: by whole words, never by how a word begins."""
    low = re.sub(r"[\s_#().:-]+", " ", label.strip().lower())
    for kind, pattern in _KINDS:
        if re.search(rf"(?:^| )(?:{pattern})(?: |\d|$)", low):
            return kind
    if np.isfinite(held) and re.search(rf"(?:^| )(?:{_DOUBTFUL[1]})(?: |\d|$)", low):
        return _DOUBTFUL[0]
    return "sample"


def _texts(found: TextTable, place: tuple[int, Heading]) -> list[str]:
    return [text.strip() for text in found.columns[place[0]].texts]


def _numbers(found: TextTable, role_of: Roles, role: str) -> np.ndarray | None:
    return found.columns[role_of[role][0]].values.copy() if role in role_of else None


def _dilutions(found: TextTable, role_of: Roles, where: str) -> Columns:
    """Dilution factors as written: 10, `10x`, `1:10`. Raises ReadError for any other word."""
    if "dilution" not in role_of:
        return {}
    column = found.columns[role_of["dilution"][0]]
    values = column.values.copy()
    for row in np.flatnonzero(~np.isfinite(values)):
        text = column.texts[row].strip()
        if text and reason_missing(text) in ("not understood", "error of the program"):
            values[row] = read_quantity(text, "dilution", f"{where}:{found.lines[row]}")
    return {"dilution": (values, "1")}


def _converted(found: TextTable, role_of: Roles, role: str, values: np.ndarray, unit: str, where: str) -> np.ndarray:
    """Values in their unit; that of a concentration may stand in a column of its own, row by row."""
    heading = role_of[role][1]
    if heading.unit or "unit" not in role_of or role not in ("concentration", "added"):
        return in_unit(values, heading, unit, where)
    told = np.array([written_unit(text) for text in _texts(found, role_of["unit"])], object)
    out = np.empty_like(values)
    for one in set(told):
        out[told == one] = in_unit(values[told == one], Heading(heading.words, one), unit, where)
    return out


def _scatter(sd, rsd, intensity) -> Columns:
    if sd is not None and np.isfinite(sd).any():
        return {"intensity_std": (sd, "cps")}
    if rsd is not None and np.isfinite(rsd).any():
        return {"intensity_std": (np.abs(rsd / 100 * intensity), "cps")}
    return {}


def _times(column: TextColumn) -> np.ndarray:
    """Seconds of a column of numbers, clock times or dates."""
    if column.kind in ("number", "clock"):
        return column.values.copy()
    return np.array([_seconds(text.strip()) for text in column.texts])


def _seconds(text: str) -> float:
    for pattern in ("", "%d/%m/%Y %H:%M:%S", "%d.%m.%Y %H:%M:%S", "%d/%m/%Y %H:%M", "%d.%m.%Y %H:%M"):
        try:
            moment = datetime.strptime(text, pattern) if pattern else datetime.fromisoformat(text)
        except ValueError:
            continue
        return (moment.replace(tzinfo=None) - datetime(2000, 1, 1)).total_seconds()
    return float("nan")


_STANDARD = re.compile(r"\s*(?P<label>.+?)\s*(?::\s*(?P<element>[A-Z][a-z]?)\s*)?=\s*(?P<amount>.+?)\s*$")


def _name_standards(columns, told: tuple[str, ...], where: str) -> None:
    """Concentrations of standards as the study says them."""
    if not told:
        return
    label, element, kind = (columns[name][0] for name in ("label", "element", "type"))
    held = columns["concentration"][0].copy() if "concentration" in columns else np.full(label.size, np.nan)
    kind = kind.astype("<U8")
    for text in told:
        match = _STANDARD.fullmatch(text)
        try:
            amount = parse(match["amount"], "mg/L").value if match else None
        except NacreError:
            amount = None
        rows = match is not None and (label == match["label"]) & (
            (element == match["element"]) if match["element"] else np.ones(label.size, bool)
        )
        if amount is None or not np.any(rows):
            raise ReadError(
                "cannot tell which standard is meant",
                where=where,
                found=f"'{text}'",
                expected=f"like 'Std 1: Hf = 0.5 mg/L' with a label of the file ({', '.join(dict.fromkeys(label))})",
            )
        held[rows], kind[rows] = amount, "standard"
    columns["concentration"], columns["type"] = (held, "mg/L"), (kind, "1")


# --- writing ------------------------------------------------------------------------------------------------

_WRITTEN = {
    "label": "Label",
    "type": "Type",
    "element": "Element",
    "wavelength": "Wavelength (nm)",
    "intensity": "Intensity (cps)",
    "intensity_std": "SD",
    "readings": "Replicates",
    "concentration": "Concentration (mg/L)",
    "added": "Added (mg/L)",
    "mass": "Weight (g)",
    "volume": "Volume (mL)",
    "dilution": "Dilution Factor",
    "time": "Time (s)",
}


def write(signal: Signal, path: Path) -> None:
    """Writes an emission run in the long form. Raises NacreError for another kind of signal."""
    if signal.kind != "emission":
        raise NacreError("only emission runs can be written", found=f"'{signal.kind}'")
    names = [name for name in _WRITTEN if name in signal]
    lines = [f"{VIRTUAL_MARK} emission run"] if signal.origin == "synthetic" else []
    lines.append(",".join(_WRITTEN[name] for name in names))
    values = [signal[name].values for name in names]
    lines += [",".join(_plain(column[i]) for column in values) for i in range(len(values[0]))]
    files.write(path, ("\n".join(lines) + "\n").encode())


def _plain(value) -> str:
    if isinstance(value, str):
        return value
    return "" if np.isnan(value) else f"{value:.8g}"


def example() -> Signal:
    """A run of two lines of one element, as a virtual instrument would give it."""
    labels = np.repeat(["Blank", "Std 1", "Std 2", "Std 3", "digest"], 2)
    held = np.repeat([0.0, 0.5, 1.0, 2.0, 0.0], 2)
    columns = {
        "label": (labels, "1"),
        "type": (np.repeat(["blank", "standard", "standard", "standard", "sample"], 2), "1"),
        "element": (np.repeat(["Hf"], 10), "1"),
        "wavelength": (np.tile([277.336, 339.98], 5), "nm"),
        "intensity": (120 + 9000 * held + np.tile([0.0, 40.0], 5), "cps"),
        "intensity_std": (np.full(10, 11.0), "cps"),
        "readings": (np.full(10, 3.0), "1"),
        "concentration": (held, "mg/L"),
        "time": (np.repeat(np.arange(5) * 60.0, 2), "s"),
    }
    return table("emission", columns, origin="synthetic", name="virtual")


READER = Reader(
    name="icp_table",
    words="ICP-OES run as csv or workbook",
    kinds=("emission",),
    suffixes=(".csv", ".txt", ".xlsx", ".xls", ".ods"),
    sniff=sniff,
    read=read,
    options=IcpOptions,
    write=write,
)
