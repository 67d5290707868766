"""Which line of a TOML text each key stands on, so that every complaint can name it."""

import re

_HEADER = re.compile(r"^\s*(\[\[?)\s*(.+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"""^\s*((?:"[^"]*"|'[^']*'|[A-Za-z0-9_-]+)(?:\s*\.\s*(?:"[^"]*"|'[^']*'|[A-Za-z0-9_-]+))*)\s*=""")
_PART = re.compile(r'"([^"]*)"|\'([^\']*)\'|([A-Za-z0-9_-]+)')
# what a value is made of, as far as brackets and multi-line strings go
_PIECE = re.compile(r'"""|\'\'\'|"(?:\\.|[^"\\])*"|\'[^\']*\'|#.*|[\[{]|[\]}]')

Path = tuple[str | int, ...]


def line_map(text: str) -> dict[Path, int]:
    """Line (from 1) of every table header and key of a valid TOML text, by its path: ("sample", 0, "name").

    Keys inside an inline table or a multi-line value are not resolved: they have the line of the key they
    belong to (see `line_of`).
    """
    found: dict[Path, int] = {(): 1}
    counts: dict[Path, int] = {}
    base: Path = ()
    state = (0, "")
    for number, line in enumerate(text.split("\n"), 1):
        line = line.rstrip("\r")
        if state != (0, ""):
            state = _skip_past(line, *state)
            continue
        header, key = _HEADER.match(line), _KEY.match(line)
        if header:
            base = _enter(header, counts)
            found[base] = number
        elif key:
            found[base + _split(key[1])] = number
            state = _skip_past(line[key.end() :])
    return found


def _skip_past(line: str, depth: int = 0, closing: str = "") -> tuple[int, str]:
    """(open brackets, quotes that end the open multi-line string) after a line of a value."""
    while line:
        if closing:
            head, quotes, line = line.partition(closing)
            if not quotes:
                return depth, closing
            if head.endswith("\\") and closing == '"""' and (len(head) - len(head.rstrip("\\"))) % 2:
                line = '""' + line  # an escaped quote, and perhaps the end right after it
                continue
            closing = ""
        piece = _PIECE.search(line)
        if piece is None:
            break
        line = line[piece.end() :]
        if piece[0] in ('"""', "'''"):
            closing = piece[0]
        elif piece[0] in "[{":
            depth += 1
        elif piece[0] in "]}":
            depth -= 1
    return depth, closing


def _enter(header: re.Match, counts: dict[Path, int]) -> Path:
    """The path of a header; `[sample.coating]` after `[[sample]]` belongs to the latest sample."""
    parts = _split(header[2])
    path: Path = ()
    for i, part in enumerate(parts):
        path += (part,)
        last = i == len(parts) - 1
        if last and header[1] == "[[":
            counts[path] = counts.get(path, -1) + 1
        if path in counts:
            path += (counts[path],)
    return path


def _split(dotted: str) -> Path:
    return tuple(a or b or c for a, b, c in _PART.findall(dotted))


def line_of(lines: dict[Path, int], path: Path) -> int:
    """The line of `path`, or of the nearest thing above it that has one."""
    path = tuple(path)
    while path and path not in lines:
        path = path[:-1]
    return lines.get(path, 1)
