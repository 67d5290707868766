"""The head of a MACCOR text export: which line names the columns, what each column is, and what the lines above say."""

import re
from dataclasses import dataclass, field

from nacre.core import units
from nacre.core.errors import NacreError
from nacre.readers.text import text_file

# role -> spellings of its name, folded (lower case, letters and digits only, the unit taken off)
_SPELLINGS = {
    "record": "rec recno record",
    "cycle": "cyc cycle cyclec cycleid cycleno",
    "cycle_p": "cyclep",
    "step": "step stepid stepno",
    "test_time": "testtime test testtimesec",
    "prog_time": "progtime",
    "step_time": "steptime",
    "capacity": "amphr mamphr capacity cap",
    "energy": "watthr mwatthr energy ener",
    "current": "amps mamps current",
    "voltage": "volts mvolts voltage",
    "state": "state md status",
    "end": "es",
    "clock": "dpttime dpt",
    "temperature": "temp1 temperature logtemp001 evtemp temperaturecell",
    "temperature_2": "temp2",
    "temperature_3": "temp3",
    "temperature_4": "temp4",
    "temperature_5": "temp5",
    "ambient": "temperaturechamber chambertemp",
}
_ROLES = {spelling: role for role, row in _SPELLINGS.items() for spelling in row.split()}
# words that only MACCOR uses
_MARKS = {"amphr", "mamphr", "watthr", "mwatthr", "dpttime", "dpt", "es", "md", "cyclep", "cyclec", "cyc", "rec"}
_NAME_UNITS = {"amphr": "Ah", "mamphr": "mAh", "watthr": "Wh", "mwatthr": "mWh"}
_NAME_UNITS |= {"amps": "A", "mamps": "mA", "volts": "V", "mvolts": "mV"}
_UNITS = {
    "s": "s", "sec": "s", "secs": "s", "second": "s", "seconds": "s",
    "m": "min", "min": "min", "mins": "min", "minute": "min", "minutes": "min",
    "h": "h", "hr": "h", "hrs": "h", "hour": "h", "hours": "h",
    "a": "A", "amps": "A", "v": "V", "volts": "V",
    "ah": "Ah", "ahr": "Ah", "amphr": "Ah", "wh": "Wh", "whr": "Wh",
    "c": "degC", "°c": "degC", "degc": "degC", "ohm": "ohm", "ohms": "ohm", "%": "%",
}  # fmt: skip
_LABELS = (
    "Today'+s Date", "Date of Test", "Filename", "Tester Channel", "Procedure", "Description", "Comment/Barcode",
    "Comment", "Barcode", "TestName", "TestDesc", "ActiveMaterial", "Channel", "Started",
)  # fmt: skip
_LABEL = re.compile(rf"(?:^|(?<=[\s\t]))({'|'.join(_LABELS)})\s*(?::|\t|(?<=Date)\s)", re.IGNORECASE)
_KEYS = {
    "todaysdate": "exported", "dateoftest": "started", "started": "started", "filename": "filename", "name": "name",
    "testerchannel": "channel", "channel": "channel", "procedure": "procedure", "description": "description",
    "comment": "comment", "barcode": "comment", "commentbarcode": "comment", "tester": "tester",
}  # fmt: skip


@dataclass(frozen=True)
class Column:
    """One column: its name in the file, its role ("" where unknown) and its unit as written ("" where none is)."""

    name: str
    role: str = ""
    unit: str = ""


@dataclass(frozen=True)
class Layout:
    """Where a file's table begins and what its columns are.

    body : offset of the first byte after the line of column names; line : that line's number, from 1.
    """

    columns: tuple[Column, ...]
    separator: str
    body: int
    line: int
    metadata: dict[str, str] = field(default_factory=dict)

    def where(self, role: str) -> int | None:
        """The place of the column with a role, None where there is none."""
        return next((i for i, column in enumerate(self.columns) if column.role == role), None)


def find_layout(data: bytes, lines: int = 80) -> Layout | None:
    """The layout of a MACCOR text export; None where no line names MACCOR's columns."""
    offset = 0
    above: list[str] = []
    for number in range(1, lines + 1):
        end = data.find(b"\n", offset)
        line = data[offset : end if end >= 0 else len(data)].decode(errors="replace")
        if line.count("\t") + line.count(",") + line.count(";") >= 4:
            columns = read_columns(line, text_file.separator(line))
            if is_maccor(columns):
                body = end + 1 if end >= 0 else len(data)
                return Layout(columns, text_file.separator(line), body, number, read_metadata(above))
        if end < 0:
            return None
        above.append(line)
        offset = end + 1
    return None


def read_columns(line: str, separator: str) -> tuple[Column, ...]:
    """Columns from the line that names them (see `name_columns`)."""
    return name_columns(line.rstrip("\n").split(separator))


def name_columns(cells: list[str]) -> tuple[Column, ...]:
    """Columns by their names; a role is given once, to the first column that bears it."""
    taken: set[str] = set()
    columns = []
    for cell in cells:
        name, unit = _name_and_unit(cell.strip().strip('"'))
        role = _ROLES.get(name, "")
        if role == "step" and unit in ("s", "min", "h"):
            role = "step_time"
        if role in taken:
            role = ""
        taken.add(role)
        columns.append(Column(cell.strip().strip('"'), role, unit))
    return tuple(columns)


def _name_and_unit(cell: str) -> tuple[str, str]:
    match = re.fullmatch(r"(.+?)\s*(?:\[([^\]]*)\]|\(([^)]*)\)|/\s*(Ohms?))\s*", cell, re.IGNORECASE)
    name, written = (match[1], match[2] or match[3] or match[4] or "") if match else (cell, "")
    folded = re.sub(r"[^a-z0-9]", "", name.lower())
    return folded, read_unit(written) or _NAME_UNITS.get(folded, "")


def read_unit(written: str) -> str:
    """A unit as this software writes it, in our spelling; "" where it is none."""
    text = re.sub(r"[\s.\-]", "", written)
    milli = re.fullmatch(r"m(A|V|W)(.*)", text)
    if milli and text.lower() not in _UNITS:
        rest = _UNITS.get((milli[1] + milli[2]).lower(), "")
        return f"m{rest}" if rest else ""
    found = _UNITS.get(text.lower(), "")
    if found or not text:
        return found
    try:
        return units.check_unit(text)
    except NacreError:
        return ""


def is_maccor(columns: tuple[Column, ...]) -> bool:
    roles = {column.role for column in columns}
    marks = {_name_and_unit(column.name)[0] for column in columns} & _MARKS
    time = {"test_time", "prog_time"} & roles
    return (
        len(marks) >= 2 and len({"voltage", "current", "step", "record"} & roles) >= 2 and bool(time or len(roles) > 5)
    )


def read_metadata(lines: list[str]) -> dict[str, str]:
    """What the lines above the table say, under the names that we use; the rest as `header: NAME`."""
    found: dict[str, str] = {}
    for line in lines:
        for label, value in _pairs(line):
            folded = re.sub(r"[^a-z]", "", label.lower())
            key = _KEYS.get(folded, f"header: {label.strip().rstrip(':')}")
            if value.strip():
                found.setdefault(key, value.strip())
    filename = re.search(r"\.(\d{3})$", found.get("filename", ""))
    if filename and "channel" not in found:
        # MACCOR names a raw file by its channel
        found["channel"] = str(int(filename[1]))
    return found


def _pairs(line: str) -> list[tuple[str, str]]:
    marks = list(_LABEL.finditer(line))
    if not marks:
        cells = re.split(r"[\t,;]", line, maxsplit=1)
        return [(cells[0], cells[1])] if len(cells) == 2 and cells[0].strip() else []
    ends = [mark.start() for mark in marks[1:]] + [len(line)]
    return [(m[1], line[m.end() : end].strip(" \t,;:")) for m, end in zip(marks, ends, strict=True)]
