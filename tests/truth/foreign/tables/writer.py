"""A table written by random choice of every habit, with its truth: `draw(seed, kind)` and `draw_clean(seed, kind)`.

Kinds: `maccor` (a cycling export), `impedance` (f, Z', Z''), `generic` (a logger's table). What is drawn is in
`truth.habits`; equal seeds give equal bytes.
"""

import random
from dataclasses import dataclass, field, replace

from truth.foreign.tables.content import CONTENT, Raw, summary
from truth.foreign.tables.habits import ENCODINGS, FOOTERS, STRAY, Habits, draw_habits
from truth.foreign.tables.marks import LONE_COMMA, ambiguity, readings, spell
from truth.foreign.tables.spelling import cells_of, columns_of, heads_of, spoil, units_of
from truth.foreign.tables.truth import Cell, Draw, Line, Table, Truth

KINDS = tuple(CONTENT)
SUFFIX = {"maccor": ".txt", "impedance": ".txt", "generic": ".txt"}


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


def draw(seed: int, kind: str, clean: bool = False) -> Draw:
    """One file of this kind, as bytes, and its truth."""
    rng = random.Random(f"{kind}-{clean}-{seed}")
    while True:
        made = attempt(rng, kind, draw_habits(rng, kind, clean))
        # a file of nothing but 1.234 is read as decimals by everybody: no lab means thousands by it
        if made.truth.ambiguity != "weak" or not (clean or made.truth.habits["marks"][1] == "."):
            return made


def draw_clean(seed: int, kind: str) -> Draw:
    """A file of the same habits in which nothing is odd: no warning is due."""
    return draw(seed, kind, clean=True)


PLAIN = {
    "encoding": "utf-8",
    "separator": "\t",
    "quote": "needed",
    "marks": (".", ""),
    "trailing": False,
    "newline": "\n",
    "units": "round",
    "comment": "",
    "header": 0,
    "stated": False,
    "clock": "number",
    "date": "%m/%d/%Y %H:%M:%S",
    "blank_lines": 0,
    "ending": True,
}


def draw_plain(seed: int, kind: str) -> Draw:
    """A file as simple as can be, to be damaged by others."""
    rng = random.Random(f"{kind}-plain-{seed}")
    habits = replace(draw_habits(rng, kind, True), **PLAIN)
    return attempt(rng, kind, replace(habits, units="maccor") if kind == "maccor" else habits)


def attempt(rng: random.Random, kind: str, habits: Habits) -> Draw:
    raws = CONTENT[kind](rng, habits)
    grid = [cells_of(raw, habits, kind) for raw in raws]
    spoil(grid, raws, habits, rng)
    second = second_table(kind, habits, rng)
    sheet = Sheet(habits, rng)
    head_block(sheet, kind, grid)
    body(sheet, kind, raws, grid, second)
    if habits.footer:
        sheet.add("footer", rng.choice(FOOTERS))
    return finish(sheet, kind, raws, grid, second)


def second_table(kind: str, habits: Habits, rng: random.Random):
    """(columns, cells) of a second table, or None."""
    if not habits.second:
        return None
    if habits.second == "beside" and kind == "impedance":
        raws = CONTENT[kind](rng, habits)[:3]
    else:
        raws = summary(rng)
    return raws, [cells_of(raw, habits, kind) for raw in raws]


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


def finish(sheet: Sheet, kind: str, raws, grid, second) -> Draw:
    h = sheet.habits
    if h.cut and sheet.lines[-1][0] == "row":
        cut_last(sheet, raws, grid)
    numbers = {0: {}, 1: {}}
    for number, (_, _, row, other) in enumerate(sheet.lines, 1):
        numbers[0] |= {row: number}
        numbers[1] |= {other: number}
    tables = [Table(columns_of(raws, heads_of(raws, h.units), grid), row_lines(numbers[0]))]
    if second:
        columns = columns_of(second[0], heads_of(second[0], h.units), second[1])
        tables.append(Table(columns, row_lines(numbers[1]), h.second))
    lines = tuple(Line(i, kind, text) for i, (kind, text, *_) in enumerate(sheet.lines, 1) if kind != "row")
    stated = len(grid[0]) if h.stated else None
    words, means = doubt(raws, grid, h)
    truth = Truth(kind, tuple(tables), lines, words, means, stated, h.newline == "\r\r\n", h.as_dict())
    text = h.newline.join(line[1] for line in sheet.lines) + (h.newline if h.ending else "")
    data = ENCODINGS[h.encoding][0] + text.encode(h.encoding)
    return Draw(data, SUFFIX[kind], truth)


def row_lines(numbers: dict) -> tuple[int, ...]:
    return tuple(line for row, line in sorted(pair for pair in numbers.items() if pair[0] is not None))


def doubt(raws: list[Raw], grid: list[list[Cell]], habits: Habits) -> tuple[str, tuple[str, ...]]:
    """Whether anybody could tell the marks of this file, and if not, two readings of one of its cells."""
    if habits.quote == "never" and habits.separator == "," and "," in habits.marks:
        return "separator", ()
    columns = [cells for raw, cells in zip(raws, grid, strict=True) if raw.kind == "number"]
    if habits.clock == "h:mm:ss.f" and any(raw.kind == "clock" for raw in raws):
        return "", ()  # tenths of a second show the decimal mark
    texts = [cell.text.lstrip("<> ") for cells in columns for cell in cells if cell.state in ("value", "limit")]
    word = ambiguity(texts)
    if not word:
        return "", ()
    first = next(text for text in texts if word == "weak" or LONE_COMMA.fullmatch(text))
    return word, tuple(str(value[0]) for value in readings([first]))
