"""Which line of a TOML text each key stands on, so that every complaint can name it."""

import re

_HEADER = re.compile(r"^\s*(\[\[?)\s*(.+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"""^\s*((?:"[^"]*"|'[^']*'|[A-Za-z0-9_-]+)(?:\s*\.\s*(?:"[^"]*"|'[^']*'|[A-Za-z0-9_-]+))*)\s*=""")
_PART = re.compile(r'"([^"]*)"|\'([^\']*)\'|([A-Za-z0-9_-]+)')

Path = tuple[str | int, ...]


def line_map(text: str) -> dict[Path, int]:
    """Line (from 1) of every table header and key of a valid TOML text, by its path: ("sample", 0, "name").

    Keys inside an inline table or a multi-line value are not resolved: they have the line of the key they
    belong to (see `line_of`).
    """
    found: dict[Path, int] = {(): 1}
    counts: dict[Path, int] = {}
    base: Path = ()
    closing = ""
    depth = 0
    for number, line in enumerate(text.splitlines(), 1):
        if closing:
            closing = "" if closing in line else closing
            continue
        if depth > 0:
            depth += _balance(line)
            continue
        header, key = _HEADER.match(line), _KEY.match(line)
        if header:
            base = _enter(header, counts)
            found[base] = number
        elif key:
            found[base + _split(key[1])] = number
            rest = line[key.end() :]
            for quotes in ('"""', "'''"):
                if rest.count(quotes) == 1:
                    closing = quotes
            depth = 0 if closing else max(0, _balance(rest))
    return found


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


def _balance(line: str) -> int:
    bare = re.sub(r'"(?:\\.|[^"\\])*"|\'[^\']*\'|#.*', "", line)
    return sum(bare.count(c) for c in "[{") - sum(bare.count(c) for c in "]}")


def line_of(lines: dict[Path, int], path: Path) -> int:
    """The line of `path`, or of the nearest thing above it that has one."""
    path = tuple(path)
    while path and path not in lines:
        path = path[:-1]
    return lines.get(path, 1)
