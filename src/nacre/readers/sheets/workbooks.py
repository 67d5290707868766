"""Workbooks (.xlsx, .xls, .ods) as rows of text cells, read by python-calamine, within limits that it does not set.

calamine keeps a sheet as a full rectangle of cells, and a process that asks for more memory than there is ends without
a word. So a packed workbook (.xlsx, .ods) is unpacked here first, once: its stated sizes are added up before, what it
unpacks to is what calamine is given, and the rectangle that its cells span is found by parsing the XML (ISO/IEC
29500-1, SpreadsheetML; ODF 1.3 part 3). An .xls bears no such look, as any number in it may be damaged (no checksum):
it is read in a process of its own.
"""

import io
import json
import subprocess
import sys
import zipfile
from xml.parsers import expat

from python_calamine import CalamineError, PasswordError

from nacre.core.errors import ReadError, did_you_mean
from nacre.readers.sheets import workbook_cells

ZIP = b"PK\x03\x04"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
SUFFIXES = (".xlsx", ".xls", ".ods")
_UNPACKED = 500_000_000  # bytes of all parts
_RATIO = 200  # unpacked to packed: sheets of numbers reach 5 to 30, equal cells 100
_SMALL = 20_000_000  # bytes that may be packed however tightly
_CELLS = 20_000_000  # of the rectangle a sheet spans; calamine takes some 60 bytes for each
_COLUMNS = 16_384  # of Excel and LibreOffice; their rows: 1048576
_SECONDS = 120  # for an .xls, which holds 65536 x 256 cells at most
_UNREADABLE = (
    CalamineError,
    zipfile.BadZipFile,
    expat.ExpatError,
    EOFError,
    RuntimeError,
    ValueError,
    subprocess.TimeoutExpired,
)
_CURE = "open it in the spreadsheet program and save it again, or as csv"


def is_workbook(start: bytes) -> bool:
    """Whether a file's start may be that of a workbook."""
    packed = start[:4] == ZIP and any(word in start for word in (b"xl/", b"[Content_Types].xml", b"spreadsheet"))
    return packed or start[:8] == OLE


def read(raw: bytes, where: str, sheet: str = "") -> list[list[str]]:
    """The rows of a sheet, by default the first, without those that are empty.

    Raises ReadError where the file is no workbook, names no such sheet, or is too large to be read.
    """
    try:
        names, rows = _sheet_apart(raw, sheet) if raw[:8] == OLE else _sheet(_within_limits(raw, where), sheet)
    except ReadError:
        raise
    except PasswordError:
        words, cure = "the workbook is protected by a password", "save it without"
        raise ReadError(words, where=where, do=cure) from None
    except _UNREADABLE as error:
        found = str(error).strip("'\"") or type(error).__name__
        raise ReadError(
            "the workbook cannot be read", where=where, found=found, expected="an .xlsx, .xls or .ods", do=_CURE
        ) from None
    if rows is None:
        raise ReadError(f"no sheet '{sheet}' in the workbook", where=where, do=did_you_mean(sheet, names))
    return rows


def _sheet(raw: bytes, sheet: str) -> tuple[list[str], list[list[str]] | None]:
    try:
        return workbook_cells.sheet_rows(raw, sheet)
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # of the library's Rust; it is no Exception
            raise
        raise CalamineError(str(error)) from None


def _sheet_apart(raw: bytes, sheet: str) -> tuple[list[str], list[list[str]] | None]:
    """As `_sheet`, in a process of its own: the worst file ends that one alone."""
    command = [sys.executable, "-P", workbook_cells.__file__, sheet]
    done = subprocess.run(command, input=raw, capture_output=True, check=False, timeout=_SECONDS)
    if done.returncode or not done.stdout:
        raise CalamineError("damaged places that ask for more memory than there is")
    told = json.loads(done.stdout)
    if "error" in told:
        raise (PasswordError if told["error"] == "PasswordError" else CalamineError)(told["text"])
    return tuple(told["sheets"])


# --- limits -------------------------------------------------------------------------------------------------


def _within_limits(raw: bytes, where: str) -> bytes:
    """A packed workbook's XML, unpacked and measured: an archive that is stored as it is."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(raw)) as book, zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as plain:
        parts = {info.filename: info for info in book.infolist()}
        _check_size(sum(info.file_size for info in book.infolist()), len(raw), where)
        for name, info in parts.items():
            if not name.endswith((".xml", ".rels", "mimetype")):
                continue  # pictures and printer settings
            data = book.read(info)
            if name.endswith(".xml"):
                _check_extent(data, where)
            plain.writestr(name, data)
    return out.getvalue()


def _check_size(unpacked: int, packed: int, where: str) -> None:
    if unpacked > _UNPACKED or (unpacked > _SMALL and unpacked > _RATIO * packed):
        raise ReadError(
            "the workbook is too large",
            where=where,
            found=f"{packed / 1e6:.1f} MB that unpack to {unpacked / 1e6:.0f} MB",
            expected=f"at most {_UNPACKED / 1e6:.0f} MB, and {_RATIO} times the file",
            do="save the sheet that is meant as csv",
        )


def _check_extent(data: bytes, where: str) -> None:
    extent = _Extent()
    parser = expat.ParserCreate()
    parser.StartElementHandler = extent.start
    parser.EndElementHandler = extent.end
    parser.StartDoctypeDeclHandler = _refuse_doctype
    parser.Parse(data, True)
    if extent.columns > _COLUMNS or extent.rows * extent.columns > _CELLS:
        raise ReadError(
            "the sheet is too large",
            where=where,
            found=f"cells as far out as row {extent.rows} and column {extent.columns}",
            expected=f"at most {_CELLS / 1e6:.0f} million cells and {_COLUMNS} columns",
            do="delete what stands far from the table, or save the table as csv",
        )


def _refuse_doctype(*_) -> None:
    raise ValueError("a document type declaration, which no workbook has")


class _Extent:
    """The rectangle from the first cell of a sheet to the farthest that holds something, in an .xlsx or an .ods."""

    def __init__(self):
        self.rows = self.columns = 0
        self._row = self._column = -1
        self._row_span = self._column_span = 1

    def start(self, name: str, has: dict[str, str]) -> None:
        local = name.rpartition(":")[2]
        if local in ("row", "table-row"):
            self._row = int(has["r"]) - 1 if "r" in has else self._row + 1
            self._row_span = int(has.get("table:number-rows-repeated", 1))
            self._column = -1
        elif local in ("c", "table-cell", "covered-table-cell"):
            self._column += 1
            self._column_span = int(has.get("table:number-columns-repeated", 1))
            if local == "c" and "r" in has:
                self._row, self._column = _place(has["r"])
            if "office:value-type" in has or "table:formula" in has:
                self._count()
        elif local in ("v", "is", "p"):
            self._count()
        elif local == "table":
            self._row = -1

    def end(self, name: str) -> None:
        """What is repeated moves the place of the next."""
        local = name.rpartition(":")[2]
        if local == "table-row":
            self._row += self._row_span - 1
        elif local in ("table-cell", "covered-table-cell"):
            self._column += self._column_span - 1
            self._column_span = 1

    def _count(self) -> None:
        self.rows = max(self.rows, self._row + self._row_span)
        self.columns = max(self.columns, self._column + self._column_span)


def _place(reference: str) -> tuple[int, int]:
    """Row and column, from 0, of a cell such as "AB12"."""
    letters = reference.rstrip("0123456789")
    column = 0
    for letter in letters.upper():
        column = 26 * column + ord(letter) - 64
    return int(reference[len(letters) :]) - 1, column - 1
