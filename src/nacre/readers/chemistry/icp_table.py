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
from nacre.readers.text import grids, workbooks
from nacre.readers.text.headings import Heading, in_unit, number, read_heading, roles, written_unit

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
LINE = re.compile(r"^\s*([A-Z][a-z]?)\s*[_ ]?\s*(\d{3}\.\d+)?\s*(?:nm)?(?:\s*\{[^}]*\})?\s*(?P<rest>.*)$")
_KINDS = (
    ("blank", r"bla?n?k|blind|leer"),
    ("spike", r"spi?k|fortif"),
    ("drift", r"drift|\bqc|ccv|icv|check|control"),
    ("standard", r"std|standard|\bcal"),
)


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
    for line in head.text.splitlines()[:60]:
        for mark in ("\t", ";", ","):
            cells = [cell.strip().strip('"') for cell in line.split(mark)]
            if len(cells) > 2 and _is_header(cells):
                return 0.85
    return 0.0


def _is_header(cells: list[str]) -> bool:
    found = roles(cells, SYNONYMS)
    return "label" in found and ({"element", "intensity"} <= set(found) or bool(_wide(cells)))


def _wide(cells: list[str]) -> dict[int, tuple[str, str, str]]:
    """Columns headed by a line: (element, wavelength, what it holds: "" for the intensity, "sd", "rsd")."""
    found = {}
    for i, cell in enumerate(cells):
        match = LINE.match(cell)
        if match and match[2]:
            rest = read_heading(match["rest"]).key if match["rest"] else ""
            what = next((role for role in ("sd", "rsd") if rest in SYNONYMS[role]), None if rest else "")
            if what is None and rest in SYNONYMS["intensity"]:
                what = ""
            if what is not None:
                found[i] = (match[1], match[2], what)
    return found


def read(path: Path, options: IcpOptions | None = None) -> list[Signal]:
    """The run as one signal. Raises ReadError."""
    options, path = options or IcpOptions(), Path(path)
    grid = grids.load(path, options.sheet)
    at = next((i for i, row in enumerate(grid.rows[:200]) if _is_header(row)), None)
    if at is None:
        raise ReadError(
            "no line of headings of an emission run",
            where=path.name,
            found=f"{len(grid.rows)} lines, the first: {', '.join(grid.rows[0][:6]) if grid.rows else 'nothing'}",
            expected="columns like Label, Type, Element, Intensity; or Label and 'Hf 277.336'",
            do="export it with these headings, or name the columns with reader = 'table'",
        )
    header, body = grid.rows[at], grid.rows[at + 1 :]
    found = roles(header, SYNONYMS)
    wide = {} if "element" in found else _wide(header)
    columns = _from_wide(body, found, wide) if wide else _from_long(body, found, path.name)
    if not len(columns["label"][0]):
        raise ReadError("the run holds no rows", where=path.name, found="headings only")
    notes = list(grid.notes)
    _name_standards(columns, options.standards, path.name)
    if "time" not in columns:
        labels = columns["label"][0]
        order = np.cumsum(np.concatenate([[0], labels[1:] != labels[:-1]])) * 60.0
        columns["time"] = (order, "s")
        notes.append(Note("info", "the file tells no times: solutions are taken a minute apart, in the file's order"))
    above = grids.lines_above(grid.rows, at)
    return [table("emission", columns, metadata=above, notes=tuple(notes), name=path.stem)]


def _from_long(body, found, where: str) -> dict[str, tuple[np.ndarray, str]]:
    rows = [row for row in body if _cell(row, found["label"][0]) and LINE.match(_cell(row, found["element"][0]))]
    lines = [LINE.match(_cell(row, found["element"][0])) for row in rows]
    columns = {
        "label": (np.array([_cell(row, found["label"][0]) for row in rows], str), "1"),
        "element": (np.array([line[1] for line in lines], str), "1"),
    }
    wavelength = _numbers(rows, found, "wavelength")
    named = np.array([float(line[2]) if line[2] else np.nan for line in lines])
    columns["wavelength"] = (named if wavelength is None else np.where(np.isnan(named), wavelength, named), "nm")
    for role, unit in UNITS.items():
        values = _numbers(rows, found, role)
        if values is not None:
            columns[role] = (_converted(rows, found, role, values, unit, where), unit)
    columns |= _scatter(_numbers(rows, found, "sd"), _numbers(rows, found, "rsd"), columns["intensity"][0])
    return columns | _shared(rows, found, columns["label"][0])


def _from_wide(body, found, wide) -> dict[str, tuple[np.ndarray, str]]:
    lines = [(i, element, nm) for i, (element, nm, what) in wide.items() if not what]
    beside = {(element, nm, what): i for i, (element, nm, what) in wide.items() if what}
    rows = [
        row for row in body if _cell(row, found["label"][0]) and any(_is_number(_cell(row, i)) for i, _, _ in lines)
    ]
    flat = [(row, i, element, nm) for row in rows for i, element, nm in lines]
    intensity = np.array([number(_cell(row, i)) for row, i, _, _ in flat])
    columns = {
        "label": (np.array([_cell(row, found["label"][0]) for row, *_ in flat], str), "1"),
        "element": (np.array([element for _, _, element, _ in flat], str), "1"),
        "wavelength": (np.array([float(nm) for *_, nm in flat]), "nm"),
        "intensity": (intensity, "cps"),
    }
    sd, rsd = (
        np.array(
            [number(_cell(row, beside[e, nm, what])) if (e, nm, what) in beside else np.nan for row, _, e, nm in flat]
        )
        for what in ("sd", "rsd")
    )
    columns |= _scatter(sd, rsd, intensity)
    repeated = [row for row, *_ in flat]
    for role in ("mass", "volume", "dilution"):
        values = _numbers(repeated, found, role)
        if values is not None:
            columns[role] = (in_unit(values, found[role][1], UNITS[role], ""), UNITS[role])
    return columns | _shared(repeated, found, columns["label"][0])


def _shared(rows, found, labels) -> dict[str, tuple[np.ndarray, str]]:
    """Type, readings and time of every row."""
    kinds = [_cell(row, found["type"][0]) if "type" in found else "" for row in rows]
    columns = {
        "type": (
            np.array([kind_of(k) or kind_of(label) or "sample" for k, label in zip(kinds, labels, strict=True)], str),
            "1",
        )
    }
    if (readings := _numbers(rows, found, "readings")) is not None:
        columns["readings"] = (readings, "1")
    if "time" in found:
        times = np.array([_seconds(_cell(row, found["time"][0])) for row in rows])
        if np.isfinite(times).all():
            columns["time"] = (times - times.min(initial=np.inf), "s")
    return columns


def kind_of(text: str) -> str:
    """blank, standard, drift, spike or sample, from a type or a label; "" where the words tell nothing."""
    low = text.strip().lower()
    if re.search(r"unk|sample|probe|\bsmp", low):
        return "sample"
    return next((kind for kind, pattern in _KINDS if re.search(pattern, low)), "")


def _cell(row: list[str], i: int) -> str:
    return row[i] if i < len(row) else ""


def _is_number(text: str) -> bool:
    return not np.isnan(number(text))


def _numbers(rows, found, role: str) -> np.ndarray | None:
    return np.array([number(_cell(row, found[role][0])) for row in rows]) if role in found else None


def _converted(rows, found, role: str, values: np.ndarray, unit: str, where: str) -> np.ndarray:
    """Values in their unit; that of a concentration may stand in a column of its own, row by row."""
    heading = found[role][1]
    if heading.unit or "unit" not in found or role not in ("concentration", "added"):
        return in_unit(values, heading, unit, where)
    told = np.array([written_unit(_cell(row, found["unit"][0])) for row in rows], object)
    out = np.empty_like(values)
    for one in set(told):
        out[told == one] = in_unit(values[told == one], Heading(heading.words, one), unit, where)
    return out


def _scatter(sd, rsd, intensity) -> dict[str, tuple[np.ndarray, str]]:
    if sd is not None and np.isfinite(sd).any():
        return {"intensity_std": (sd, "cps")}
    if rsd is not None and np.isfinite(rsd).any():
        return {"intensity_std": (np.abs(rsd / 100 * intensity), "cps")}
    return {}


def _seconds(text: str) -> float:
    plain = number(text)
    if not np.isnan(plain):
        return plain
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
