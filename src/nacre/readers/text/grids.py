"""Small tables as grids of text cells, whether they come as delimited text or as an Excel workbook (.xlsx).

A workbook is a zip of XML (ISO/IEC 29500-1, SpreadsheetML): `xl/workbook.xml` names the sheets, `xl/sharedStrings.xml`
holds the texts, `xl/worksheets/sheetN.xml` the cells. Formulas count with the value that was saved with them.
"""

import csv
import io
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from nacre.core.errors import ReadError, did_you_mean
from nacre.core.signal import Note
from nacre.readers.text import text_file

ZIP = b"PK\x03\x04"
_LARGEST = 100_000_000  # bytes of one part of a workbook, unpacked


@dataclass(frozen=True)
class Grid:
    """Rows of text cells, in the file's order."""

    rows: list[list[str]]
    notes: tuple[Note, ...] = ()


def is_workbook(start: bytes) -> bool:
    """Whether a file's start may be that of an .xlsx."""
    return start[:4] == ZIP and (b"xl/" in start or b"[Content_Types].xml" in start)


def load(path: Path, sheet: str = "") -> Grid:
    """The cells of a file. Raises ReadError where it is neither text nor a workbook, or empty."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ReadError("cannot open the file", where=path.name, found=error.strerror or str(error)) from None
    if raw[:4] == ZIP:
        return Grid(_workbook(raw, path.name, sheet))
    return Grid(*_delimited(text_file.load(path).data))


def lines_above(rows: list[list[str]], at: int) -> dict[str, str]:
    """What stands above the headings of a table in row `at`, as metadata; nothing where nothing does."""
    text = "\n".join(" ".join(cell for cell in row if cell) for row in rows[:at])
    return {"above": text} if text.strip() else {}


def _delimited(data: bytes) -> tuple[list[list[str]], tuple[Note, ...]]:
    lines = [line for line in data.decode(errors="replace").split("\n") if line.strip()]
    separator = _separator(lines)
    columns = max((len(row) for row in csv.reader(lines, delimiter=separator)), default=1)
    end = text_file.mend_end(data, separator, columns) if lines else None
    notes: tuple[Note, ...] = ()
    if end is not None and end.kept is not None:
        lines = [line for line in end.whole.decode(errors="replace").split("\n") if line.strip()]
        notes = (Note("repair", "the file ends within its last line: that row is left out"),)
    rows = csv.reader(io.StringIO("\n".join(lines)), delimiter=separator)
    return [[cell.strip() for cell in row] for row in rows], notes


def _separator(lines: list[str]) -> str:
    """The mark that splits most lines into the same number of cells."""
    best, most = ",", 1
    for mark in ("\t", ";", ","):
        widths = [line.count(mark) + 1 for line in lines[:200]]
        width = max(set(widths), key=lambda w: (w > 1, widths.count(w)), default=1)
        score = widths.count(width) * (width > 1)
        if score > most * 1.2:
            best, most = mark, score
    return best


# --- workbooks ----------------------------------------------------------------------------------------------


def _workbook(raw: bytes, where: str, sheet: str) -> list[list[str]]:
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as book:
            names = _sheets(book, where)
            if sheet and sheet not in names:
                raise ReadError(f"no sheet '{sheet}' in the workbook", where=where, do=did_you_mean(sheet, names))
            part = names[sheet] if sheet else next(iter(names.values()))
            shared = _shared(book, where)
            return _cells(_xml(book, part, where), shared)
    except (zipfile.BadZipFile, KeyError, ElementTree.ParseError, EOFError, StopIteration, ValueError) as error:
        found = str(error).strip("'\"") or type(error).__name__
        cure = "open it in the spreadsheet program and save it again, or as csv"
        raise ReadError("the workbook cannot be read", where=where, found=found, expected="an .xlsx", do=cure) from None


def _xml(book: zipfile.ZipFile, part: str, where: str):
    size = book.getinfo(part).file_size
    if size > _LARGEST:
        raise ReadError("the workbook is too large", where=where, found=f"{size / 1e6:.0f} MB in {part}")
    root = ElementTree.fromstring(book.read(part))
    for node in root.iter():
        node.tag = node.tag.rpartition("}")[2]
    return root


def _sheets(book: zipfile.ZipFile, where: str) -> dict[str, str]:
    """Parts of the sheets by name, in the workbook's order."""
    relations = _xml(book, "xl/_rels/workbook.xml.rels", where)
    targets = {node.get("Id"): node.get("Target", "") for node in relations.iter("Relationship")}
    found = {}
    for node in _xml(book, "xl/workbook.xml", where).iter("sheet"):
        key = next((value for name, value in node.attrib.items() if name.rpartition("}")[2] == "id"), "")
        target = targets.get(key, "")
        found[node.get("name", "")] = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
    return found


def _shared(book: zipfile.ZipFile, where: str) -> list[str]:
    if "xl/sharedStrings.xml" not in book.namelist():
        return []
    return ["".join(t.text or "" for t in si.iter("t")) for si in _xml(book, "xl/sharedStrings.xml", where).iter("si")]


def _cells(root, shared: list[str]) -> list[list[str]]:
    rows = []
    for row in root.iter("row"):
        cells: dict[int, str] = {}
        for i, node in enumerate(row.iter("c")):
            letters = re.match(r"[A-Z]*", node.get("r", "")).group()
            cells[_column(letters) if letters else i] = _cell(node, shared)
        line = [cells.get(i, "").strip() for i in range(max(cells, default=-1) + 1)]
        if any(line):
            rows.append(line)
    return rows


def _cell(node, shared: list[str]) -> str:
    if node.get("t") == "inlineStr":
        return "".join(t.text or "" for t in node.iter("t"))
    value = node.findtext("v") or ""
    return shared[int(value)] if node.get("t") == "s" and value else value


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = 26 * number + ord(letter) - 64
    return number - 1
