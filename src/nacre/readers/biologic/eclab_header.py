"""The header of EC-Lab's text exports: what was measured, on what, when, and where the table begins."""

import datetime
import re
from dataclasses import dataclass, field

from nacre.core.errors import ReadError
from nacre.core.signal import Note
from nacre.readers.biologic.eclab_names import is_known

_FIRST = re.compile(rb"\s*(EC|BT)-Lab ASCII FILE", re.IGNORECASE)
_COUNT = re.compile(r"[^:\d]*:\s*(\d+)\s*$")
_LOOP = re.compile(r"Loop \d+ from point number (\d+) to \d+")
_SOFTWARE = re.compile(r"[EB][CT]-Lab for windows v([\d.]+)", re.IGNORECASE)
_UNSET = re.compile(r"0*[.,]0*1?\s")  # 0.000 and 0.001, which EC-Lab writes where nobody filled the field in
_TECHNIQUES = {
    "Galvanostatic Cycling with Potential Limitation": "GCPL",
    "Open Circuit Voltage": "OCV",
    "Modulo Bat": "MB",
    "Potentio Electrochemical Impedance Spectroscopy": "PEIS",
    "Galvano Electrochemical Impedance Spectroscopy": "GEIS",
    "Chronoamperometry / Chronocoulometry": "CA",
    "Chronopotentiometry": "CP",
    "Cyclic Voltammetry": "CV",
    "Linear Sweep Voltammetry": "LSV",
    "IR compensation (PEIS)": "ZIR",
    "Wait": "WAIT",
}
_KEYS = {
    "Comments": "comment",
    "Electrode material": "electrode_material",
    "Electrolyte": "electrolyte",
    "Reference electrode": "reference_electrode",
    "Electrode surface area": "electrode_area",
    "Characteristic mass": "characteristic_mass",
    "File": "original_file",
}


@dataclass
class Header:
    """What stands above the table: `lines` of it, the columns' names, and the table's bytes."""

    lines: int
    headings: list[str]
    body: bytes
    metadata: dict[str, object] = field(default_factory=dict)
    loops: list[int] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)


def names_itself(data: bytes) -> bool:
    return _FIRST.match(data) is not None


def is_heading(line: bytes) -> bool:
    """Whether a line names EC-Lab's columns."""
    cells = [cell.strip() for cell in line.decode(errors="replace").split("\t")]
    told = {"time/s", "freq/Hz"} & set(cells)
    return bool(told) and sum(is_known(cell) for cell in cells if cell) >= 2


def read_header(data: bytes, where: str) -> Header:
    """The header of UTF-8 text. Raises ReadError where no line names columns."""
    lines = data.split(b"\n", 2000)
    at = _heading_line(lines)
    if at is None:
        raise ReadError(
            "no line names EC-Lab's columns",
            where=where,
            found=f"text that begins {data[:60].decode(errors='replace')!r}",
            expected="columns such as time/s, Ewe/V, freq/Hz, Re(Z)/Ohm",
            do="the file may be cut within its header: export it again as text (.mpt) in EC-Lab",
        )
    headings = [cell.strip() for cell in lines[at].decode(errors="replace").split("\t")]
    while headings and not headings[-1]:
        headings.pop()
    header = Header(at + 1, headings, b"\n".join(lines[at + 1 :]))
    _read_lines([line.decode(errors="replace") for line in lines[:at]], header)
    return header


def _heading_line(lines: list[bytes]) -> int | None:
    """The line that the second one announces, else the first that looks like column names."""
    if len(lines) > 1 and (said := _COUNT.match(lines[1].decode(errors="replace"))):
        at = int(said[1]) - 1
        if 0 < at < len(lines) and is_heading(lines[at]):
            return at
    return next((i for i, line in enumerate(lines) if is_heading(line)), None)


def _read_lines(lines: list[str], header: Header) -> None:
    meta, settings, comments = header.metadata, {}, []
    if len(lines) > 3 and lines[3].strip():
        name = lines[3].strip()
        meta["technique"] = _TECHNIQUES.get(name, name)
    for line in lines[4:]:
        if loop := _LOOP.match(line):
            header.loops.append(int(loop[1]))
            continue
        key, colon, value = (part.strip() for part in line.partition(" :"))
        if not colon:
            if software := _SOFTWARE.match(line):
                meta["software"] = software[1]
            elif len(line) > 20 and line[19] == " " and line[:1].strip() and not line.endswith("(firmware)"):
                settings[line[:20].strip()] = " ".join(line[20:].split())
        elif key == "Comments":
            comments.append(value)
        elif key == "Acquisition started on":
            _start(value, header)
        elif key in ("Electrode surface area", "Characteristic mass"):
            if not _UNSET.match(value):
                meta[_KEYS[key]] = _plain(value)
        elif key == "Run on channel" and (number := re.match(r"(\d+)(?: \(SN (\d+)\))?", value)):
            meta["channel"] = int(number[1])
            if number[2]:
                meta["channel_serial"] = int(number[2])
        elif key in _KEYS and value:
            meta[_KEYS[key]] = value
    if any(comments):
        meta["comment"] = "\n".join(comments).strip()
    if settings:
        meta["settings"] = settings
    header.loops = [first for first in header.loops if first > 0]


def _plain(value: str) -> str:
    """`113,100 mm²` as `113.1 mm2`."""
    number, _, unit = value.replace(",", ".").replace("²", "2").replace("µ", "u").partition(" ")
    try:
        return f"{float(number):g} {unit}"
    except ValueError:
        return value


def _start(value: str, header: Header) -> None:
    numbers = [int(number) for number in re.findall(r"\d+", value)]
    if len(numbers) < 6:
        return
    month, day, year, hour, minute, second = numbers[:6]
    fraction = re.search(r":\d+[.,](\d+)", value)
    try:
        if month > 12:
            month, day = day, month
            header.notes.append(Note("info", f"'{value}' is read day first: it has no such month"))
        moment = datetime.datetime(year, month, day, hour, minute, second)
    except ValueError:
        header.notes.append(Note("warning", f"the start '{value}' cannot be read"))
        return
    if fraction:
        moment += datetime.timedelta(seconds=float("0." + fraction[1]))
    header.metadata["start"] = moment.isoformat(timespec="milliseconds")
