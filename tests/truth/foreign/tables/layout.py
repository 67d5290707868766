"""Lines of a file out of cells: head, heading, rows, what does not belong between them, a second table, a cut."""

import random
from dataclasses import dataclass, field, replace

from truth.foreign.tables.content import Raw
from truth.foreign.tables.habits import ENCODINGS, STRAY, Habits
from truth.foreign.tables.marks import spell
from truth.foreign.tables.spelling import heads_of, units_of
from truth.foreign.tables.truth import Cell


@dataclass
class Sheet:
    """Lines while they are put together: (kind, text, row of the main table, row of the second)."""

    habits: Habits
    rng: random.Random
    lines: list = field(default_factory=list)

    def add(self, kind: str, text: str, row=None, second=None) -> None:
        self.lines.append((kind, text, row, second))

    def join(self, texts: list[str], widths=None) -> str:
        """One line of cells, quoted, padded and with a trailing separator as the habits have it."""
        h = self.habits
        cells = [quoted(text, h) for text in texts]
        if h.separator == "  " and widths:
            return "  ".join(cell.rjust(width) for cell, width in zip(cells, widths, strict=True))
        return h.separator.join(cells) + (h.separator if h.trailing else "")


def quoted(text: str, habits: Habits) -> str:
    needed = habits.separator in text and habits.separator in "\t;,"
    word = not text[:1].isdigit() and text[:1] not in "+-"
    if habits.quote == "never" or not (needed or habits.quote == "all" or (habits.quote == "text" and word)):
        return text
    return '"' + text.replace('"', '""') + '"'


def head_block(sheet: Sheet, kind: str, grid: list[list[Cell]]) -> None:
    """`key: value` lines above the table, behind the comment mark in half of the files."""
    h, rng = sheet.habits, sheet.rng
    mark = f"{h.comment} " if h.comment and kind != "maccor" and rng.random() < 0.5 else ""
    between = rng.choice((": ", h.separator)) if h.separator in "\t;," else ": "
    lines = maccor_head(between, grid[-1][0].text) if kind == "maccor" else []
    area = "" if h.alike else f"{spell(rng.randint(300, 2000), 0, h.marks)}{h.marks[0]}5 mm2"
    known = [("Operator", ENCODINGS[h.encoding][1]), ("Sample", "NCM85-2"), ("Date", "2024-03-14"), ("Area", area)]
    known += [("Program", "Logger 3"), ("Channel", "7"), ("Remark", "after storage")]
    lines += [f"{key}{between}{value}" for key, value in known[: h.header] if value]
    if h.stated:
        lines.append(f"Points{between}{len(grid[0])}")
    for line in lines:
        sheet.add("header", mark + line)
    if lines and rng.random() < 0.5:
        sheet.add("blank", "")


def maccor_head(between: str, start: str) -> list[str]:
    return [f"Today's Date{between}{start}", f"Date of Test{between}{start}", f"Procedure{between}rate.000"]


def body(sheet: Sheet, kind: str, raws: list[Raw], grid, second) -> None:
    """Heading, units and rows, with the second table beside or below, and what does not belong between them."""
    h, rng = sheet.habits, sheet.rng
    heads, units = heads_of(raws, h.units), units_of(raws)
    rows = [[column[r].text for column in grid] for r in range(len(grid[0]))]
    beside = second if second and h.second == "beside" else None
    if beside:
        heads += ["", *heads_of(beside[0], h.units)]
        units += ["", *units_of(beside[0])]
        rows = put_beside(rows, beside[1])
    widths = [max(map(len, column)) for column in zip(heads, units, *rows, strict=True)]
    hidden = h.comment if h.comment and kind == "generic" and rng.random() < 0.15 and h.separator != "  " else ""
    heading = (f"{hidden} " if hidden else "") + sheet.join(heads, widths)
    sheet.add("heading", heading)
    if h.heading_again:
        sheet.add("heading again", heading)
    if h.units == "row":
        sheet.add("units", (f"{hidden} " if hidden else "") + sheet.join(units, widths))
    put_rows(sheet, rows, widths, heading, len(grid[0]), len(beside[1][0]) if beside else 0)
    if second and not beside:
        put_below(sheet, second)


def put_beside(rows: list[list[str]], cells) -> list[list[str]]:
    """Cells of the second table to the right of the first, after one empty column; the shorter one is filled up."""
    width, n = len(rows[0]), max(len(rows), len(cells[0]))
    left = rows + [[""] * width] * (n - len(rows))
    right = [[column[r].text for column in cells] if r < len(cells[0]) else [""] * len(cells) for r in range(n)]
    return [[*a, "", *b] for a, b in zip(left, right, strict=True)]


def put_rows(sheet: Sheet, rows, widths, heading: str, n_main: int, n_second: int) -> None:
    h, rng = sheet.habits, sheet.rng
    inside = range(2, min(n_main, len(rows)) - 1)
    extra: dict[int, list[tuple[str, str]]] = {}
    for kind, count in (("stray", h.stray), ("blank", h.blank_lines), ("comment", bool(h.comment))):
        for r in rng.sample(inside, count):
            text = {"stray": rng.choice(STRAY), "blank": "", "comment": f"{h.comment} next"}[kind]
            extra.setdefault(r, []).append((kind, text))
    if h.page:
        extra.setdefault(rng.choice(inside), []).extend([("page", "Page 2 of 2"), ("heading again", heading)])
    for r, cells in enumerate(rows):
        for kind, text in extra.get(r, ()):
            sheet.add(kind, text)
        sheet.add("row", sheet.join(cells, widths), r if r < n_main else None, r if r < n_second else None)


def put_below(sheet: Sheet, second) -> None:
    raws, cells = second
    heads, units = heads_of(raws, sheet.habits.units), units_of(raws)
    rows = [[column[r].text for column in cells] for r in range(len(cells[0]))]
    widths = [max(map(len, column)) for column in zip(heads, units, *rows, strict=True)]
    sheet.add("blank", "")
    sheet.add("heading", sheet.join(heads, widths))
    if sheet.habits.units == "row":
        sheet.add("units", sheet.join(units, widths))
    for r, row in enumerate(rows):
        sheet.add("row", sheet.join(row, widths), None, r)


def cut_last(sheet: Sheet, raws: list[Raw], grid) -> None:
    """Cut the last row inside a cell that is not its last; the part that is left of that number is no value."""
    _, text, row, second = sheet.lines[-1]
    inner = [c for c in range(1, len(grid) - 1) if raws[c].kind == "number" and len(grid[c][row].text) > 2]
    c = sheet.rng.choice(inner or [1])
    cell = grid[c][row].text
    before = text[: find_cell(text, [column[row].text for column in grid], c)]
    keep = sheet.rng.randint(1, max(1, len(cell) - 1))
    sheet.lines[-1] = ("cut", before + cell[:keep], row, second)
    for k in range(c, len(grid)):
        grid[k][row] = replace(grid[k][row], state="missing", reason="cut")


def find_cell(line: str, texts: list[str], c: int) -> int:
    """Where cell `c` begins in its line."""
    place = 0
    for text in texts[:c]:
        place = line.index(text.replace('"', '""'), place) + len(text)
    return line.index(texts[c], place)
