"""The cells of a workbook as python-calamine reads them, as text. Run as a program (bytes on stdin, a sheet's name as
argument, JSON on stdout) it reads in a process of its own what could end the process; it imports nothing of ours.
"""

import contextlib
import datetime
import io
import json
import sys

from python_calamine import CalamineWorkbook

_MEMORY = 4_000_000_000  # bytes that a process of its own may take, where the system can limit it


def sheet_rows(raw: bytes, sheet: str) -> tuple[list[str], list[list[str]] | None]:
    """Names of all sheets, and the rows of one (of the first for ""), without empty ones; None where there is no such.

    Raises CalamineError, or whatever calamine raises.
    """
    with CalamineWorkbook.from_filelike(io.BytesIO(raw)) as book:
        names = book.sheet_names
        if not names or (sheet and sheet not in names):
            return names, None
        rows = (_line(row) for row in book.get_sheet_by_name(sheet or names[0]).iter_rows())
        return names, [row for row in rows if row]


def _line(row: list) -> list[str]:
    """Cells as text, without the empty ones at the end."""
    cells = [_text(cell) for cell in row]
    while cells and not cells[-1]:
        cells.pop()
    return cells


def _text(cell) -> str:
    """A cell as a csv would hold it: whole numbers without a point, dates as ISO 8601, durations in seconds."""
    if isinstance(cell, bool):
        return str(int(cell))
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    if isinstance(cell, datetime.timedelta):
        return _text(cell.total_seconds())
    if isinstance(cell, datetime.date | datetime.time):
        return cell.isoformat()
    return str(cell).strip()


def _main() -> None:
    with contextlib.suppress(ImportError, ValueError, OSError):  # Windows knows no such limit
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, resource.getrlimit(resource.RLIMIT_AS)[1]))
    try:
        told = {"sheets": sheet_rows(sys.stdin.buffer.read(), sys.argv[1])}
    except Exception as error:
        told = {"error": type(error).__name__, "text": str(error)}
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    _main()
