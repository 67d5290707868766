"""Lines of a text file as cells: which separator parts them, quotes, comments."""

import re
from collections import Counter
from dataclasses import dataclass

from nacre.readers.text.cells import kind_of

# in the order of trust where two part a file equally well; "  " is two blanks or more, " " any number
SEPARATORS = ("\t", ";", " | ", "|", ",", "  ", " ")
_TWO_BLANKS = re.compile(r"\s{2,}")
_COMMENT = re.compile(r"\s*(?:#(?!N/A|NA\b|NV|DIV/0|VALUE|WERT|REF|BEZUG|NUM|ZAHL|NAME)|!|%|//|;|')", re.IGNORECASE)
_MARKS = "#!%/;'"
_SAMPLE = 300


def split(line: str, separator: str) -> list[str]:
    """The cells of a line, without the blanks and quotes around them."""
    if separator == " ":
        return line.split()
    if separator == "  ":
        return _TWO_BLANKS.split(line.strip())
    if '"' in line:
        return _split_quoted(line, separator)
    cells = [cell.strip() for cell in line.split(separator)]
    if separator == " | " and (line[:2] == "| " or line[-2:] == " |"):
        return [cell.strip("| ") for cell in cells]
    if separator == "|" and len(cells) > 2 and not cells[0] and not cells[-1]:
        return cells[1:-1]  # as Markdown draws tables
    return cells


def _split_quoted(line: str, separator: str) -> list[str]:
    """As `split`, where a cell in quotes may hold the separator and doubled quotes; a lone quote stands for itself."""
    cells, at = [], 0
    while at <= len(line):
        start = at + len(line[at:]) - len(line[at:].lstrip(" "))
        close = _closing_quote(line, start, separator) if line[start : start + 1] == '"' else -1
        if close >= 0:
            cells.append(line[start + 1 : close].replace('""', '"').strip())
            end = line.find(separator, close + 1)
        elif line[start : start + 1] == '"' and line.find('"', start + 1) < 0:
            cells.append(line[start:])  # cut within the quotes
            break
        else:
            end = line.find(separator, at)
            cells.append(line[at : end if end >= 0 else len(line)].strip())
        if end < 0:
            break
        at = end + len(separator)
    return cells


def _closing_quote(line: str, start: int, separator: str) -> int:
    """The place of the quote that ends the cell beginning at `start`, -1 where none does."""
    at = start + 1
    while (at := line.find('"', at)) >= 0:
        if line[at + 1 : at + 2] == '"':
            at += 2
            continue
        rest = line[at + 1 :].lstrip(" ")
        return at if not rest or rest.startswith(separator) else -1
    return -1


def is_comment(line: str, separator: str) -> bool:
    """Whether a line begins with a mark of comments."""
    start = line.lstrip()
    if start[:1] not in _MARKS:
        return False
    found = _COMMENT.match(start)
    return found is not None and not (separator == ";" and found[0].strip() == ";") and start[:2] != "''"


def without_mark(line: str) -> str:
    """A comment without its mark; of a column called `#` the mark is the name."""
    return re.sub(r"^\s*(?:[#!%;']+|//)[ ]?", "", line)


@dataclass(frozen=True)
class LineShape:
    """How many cells a line has, and how many of them look like numbers, text, or nothing."""

    width: int
    numbers: int
    texts: int
    missing: int

    @property
    def is_row(self) -> bool:
        """Whether it may be a row of a table: more numbers than words."""
        return self.width > 1 and self.numbers > self.texts

    @property
    def may_be_row(self) -> bool:
        """Whether it may be a row of a table that is mostly words."""
        return self.width > 1 and self.numbers > 0


def shape_of(cells: list[str]) -> LineShape:
    """The shape of a line."""
    counts = Counter(map(kind_of, cells))
    return LineShape(len(cells), counts["number"], counts["text"], counts["missing"])


def find_separator(lines: list[str]) -> str:
    """The separator that makes most lines rows of one width; "" where none does."""
    sample = [line for line in lines if line.strip()]
    if len(sample) > 2 * _SAMPLE:
        sample = sample[:_SAMPLE] + sample[-_SAMPLE:]
    best, most = "", 0.0
    for separator in SEPARATORS:
        if separator != " " * len(separator) and not any(separator in line for line in sample):
            continue
        score = _score(sample, separator)
        if score > 1.05 * most:
            best, most = separator, score
    return best


def _score(sample: list[str], separator: str) -> float:
    """How many lines are rows of the commonest width; rows of words too, for less."""
    shapes = [shape_of(split(line, separator)) for line in sample if not is_comment(line, separator)]
    rows = Counter(shape.width for shape in shapes if shape.is_row)
    wordy = Counter(shape.width for shape in shapes if shape.may_be_row)
    # every unfit cell counts against a separator that cuts words in pieces
    fits = {w: sum(1 - 0.5 * s.texts / s.width for s in shapes if s.width == w and s.is_row) for w in rows}
    best = max(fits.values(), default=0.0)
    return max(best, 0.5 * max(wordy.values(), default=0) if wordy else 0.0)
