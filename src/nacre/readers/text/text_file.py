"""Text files as instruments leave them: any encoding, any line end, cut anywhere."""

import codecs
import contextlib
import re
from dataclasses import dataclass
from pathlib import Path

from nacre.core.errors import ReadError

_LENGTH_OF_SAMPLE = 64
_MOST_PADDING = 0.01  # share of zero bytes above which a file is binary
_EAST_ASIAN = ("gb18030", "cp949")


@dataclass(frozen=True)
class RawText:
    """A text file as UTF-8 bytes with `\\n` line ends, and what had to be done to it (`stray`: 0xFF bytes removed)."""

    data: bytes
    encoding: str
    stray: int = 0


def load(path: Path, *, padded: bool = False) -> RawText:
    """The file as UTF-8. Raises ReadError where it is absent, empty or not text.

    padded : whether the format's programs fill words up with zero bytes; a few of them are then taken out.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ReadError("cannot open the file", where=path.name, found=error.strerror or str(error)) from None
    if not raw[:4096].strip() and not raw.strip():
        raise ReadError("the file is empty", where=path.name, found=f"{len(raw)} bytes", do="export it again")
    data, encoding, stray = to_utf8(raw)
    if padded and data.count(b"\0") <= _MOST_PADDING * len(data):
        data = data.replace(b"\0", b"")
    if b"\0" in data[:4096]:
        raise ReadError(
            "the file is binary, not text",
            where=path.name,
            found=f"null bytes among the first {min(len(data), 4096)}",
            expected="a text export",
            do="export the data as text from the instrument's own software",
        )
    return RawText(data, encoding, stray)


def to_utf8(raw: bytes) -> tuple[bytes, str, int]:
    """(UTF-8 bytes with `\\n` line ends, the encoding found, how many stray 0xFF bytes were taken out)."""
    encoding, stray = _encoding(raw), 0
    if encoding.startswith("utf-16"):
        text = raw.decode(encoding, errors="ignore")
        data = text.lstrip("\ufeff").encode()
    elif encoding in _EAST_ASIAN:
        data = raw.decode(encoding).encode()
    else:
        data = raw.removeprefix(b"\xef\xbb\xbf")
        if encoding == "cp1252":
            # 0xFF never occurs in UTF-8, and as a letter (y with diaeresis) in no language's month names
            stray = data.count(b"\xff")
            data = data.replace(b"\xff", b"")
            try:
                data.decode()
            except UnicodeDecodeError:
                data = data.decode("cp1252", errors="replace").encode()
    return _line_feeds(data), encoding, stray


def _line_feeds(data: bytes) -> bytes:
    """Line ends CR LF, CR and CR CR LF as LF."""
    if b"\r" in data:
        if b"\r\r\n" in data:
            data = data.replace(b"\r\r\n", b"\n")
        data = data.replace(b"\r\n", b"\n")
        if b"\r" in data:
            data = data.replace(b"\r", b"\n")
    return data


def _encoding(raw: bytes) -> str:
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "utf-16"
    if len(raw) > 8 and not any(raw[1:64:2]) and all(raw[0:64:2]):
        return "utf-16-le"
    if len(raw) > 8 and not any(raw[0:64:2]) and all(raw[1:64:2]):
        return "utf-16-be"
    if raw.isascii():
        return "ascii"
    try:
        # a character cut at the very end does not make a file another encoding
        codecs.getincrementaldecoder("utf-8")().decode(raw, final=False)
    except UnicodeDecodeError:
        return _local_encoding(raw)
    return "utf-8"


def _local_encoding(raw: bytes) -> str:
    """GB18030 (Chinese), cp949 (Korean) or cp1252 (western), by the pairs of bytes above 127.

    Western letters and signs stand alone among ASCII; Chinese and Korean characters are two bytes each.
    """
    runs = re.findall(rb"[\x80-\xff]+", raw)
    pairs = [run[i : i + 2] for run in runs for i in range(0, len(run), 2)]
    if not pairs or any(len(run) % 2 or run[0] < 0xA1 or min(run) < 0xA1 or max(run) > 0xFE for run in runs):
        return "cp1252"
    korean = all(0xB0 <= pair[0] <= 0xC8 for pair in pairs if pair[0] > 0xA8)
    for name in ("cp949", "gb18030") if korean else ("gb18030", "cp949"):
        with contextlib.suppress(UnicodeDecodeError):
            raw.decode(name)
            return name
    return "cp1252"


def separator(line: str) -> str:
    """The column separator of a line: tab before semicolon before comma."""
    return next((mark for mark in ("\t", ";") if mark in line), ",")


def decimal_mark(cells: list[str]) -> str:
    """`,` or `.`: the mark that cells of a numeric column bear, `.` where none does."""
    commas = sum(1 for cell in cells if re.fullmatch(r"\s*[+-]?\d*,\d+(?:[eE][+-]?\d+)?\s*", cell))
    points = sum(1 for cell in cells if re.fullmatch(r"\s*[+-]?[\d,]*\.\d+(?:[eE][+-]?\d+)?\s*", cell))
    return "," if commas > points else "."


@dataclass(frozen=True)
class LastLine:
    """What the end of a table looked like.

    whole : the lines that ended as lines should; kept : the cells of a cut line that are whole (None: no cut line).
    doubtful : the file lacks its last line end, though its last cell looks whole.
    """

    whole: bytes
    kept: list[str] | None = None
    doubtful: bool = False


def mend_end(body: bytes, sep: str, columns: int = 1) -> LastLine:
    """Splits a cut last line off: of its cells, those closed by a separator are whole.

    columns : how many cells a line should have, where there is no other line to tell.
    """
    if not body[:4096].strip() and not body.strip():
        return LastLine(body)
    ended, stop = body.endswith(b"\n"), len(body)
    while ended and body[stop - 1] == 10:
        stop -= 1
    start = body.rfind(b"\n", 0, stop) + 1
    last = body[start:stop].decode(errors="ignore").split(sep)
    before = [line.split(sep) for line in _lines_before(body, start)]
    expected = min((len(cells) for cells in before), default=columns)
    if len(last) < expected:
        return LastLine(body[:start], last[:-1])
    if ended:
        return LastLine(body)
    if not _looks_whole(last[-1], [cells[-1] for cells in before if len(cells) == len(last)]):
        return LastLine(body[:start], last[:-1])
    return LastLine(body, None, doubtful=True)


def _lines_before(body: bytes, start: int) -> list[str]:
    tail = body[max(0, start - 40_000) : start].decode(errors="ignore").split("\n")
    lines = tail if start <= 40_000 else tail[1:]
    return [line for line in lines if line.strip()][-_LENGTH_OF_SAMPLE:]


def _looks_whole(cell: str, others: list[str]) -> bool:
    """Whether a cell at the end of a file has the digits that its column always has."""
    shapes = {_shape(other) for other in others}
    numbers = {shape for shape in shapes if shape.isdigit()}
    return _shape(cell) in shapes and (not _shape(cell).isdigit() or len(numbers) == 1)


def _shape(cell: str) -> str:
    number = re.fullmatch(r"\s*[+-]?\d*(?:[.,](\d+))?\s*", cell)
    if number and cell.strip():
        return str(len(number[1] or ""))
    return re.sub(r"\d", "9", cell.strip()) or "-"
