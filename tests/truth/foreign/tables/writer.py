"""A table written by random choice of every habit, with its truth: `draw(seed, kind)` and `draw_clean(seed, kind)`.

Kinds: `maccor` (a cycling export), `impedance` (f, Z', Z''), `generic` (a logger's table). What is drawn is in
`truth.habits`; equal seeds give equal bytes.
"""

import random
from dataclasses import replace

from truth.foreign.tables.content import CONTENT, Raw, summary
from truth.foreign.tables.habits import ENCODINGS, FOOTERS, Habits, draw_habits
from truth.foreign.tables.layout import Sheet, body, cut_last, head_block
from truth.foreign.tables.marks import LONE_COMMA, ambiguity, readings
from truth.foreign.tables.spelling import cells_of, columns_of, heads_of, spoil
from truth.foreign.tables.truth import Cell, Draw, Line, Table, Truth

KINDS = tuple(CONTENT)
SUFFIX = {"maccor": ".txt", "impedance": ".txt", "generic": ".txt"}


def draw(seed: int, kind: str, clean: bool = False) -> Draw:
    """One file of this kind, as bytes, and its truth."""
    rng = random.Random(f"{kind}-{clean}-{seed}")
    while True:
        made = attempt(rng, kind, draw_habits(rng, kind, clean))
        if usual(made.truth) and not (clean and doubtful(made.truth)):
            return made


def usual(truth: Truth) -> bool:
    """Not a file of nothing but 1.234 that means thousands: everybody reads decimals, and no lab writes it."""
    return truth.ambiguity != "weak" or truth.habits["marks"][1] != "."


def doubtful(truth: Truth) -> bool:
    """Whether a warning would be due: marks or dates that habit alone decides."""
    return bool(truth.ambiguity) or any(c.cells[0].state == "undecided" for t in truth.tables for c in t.columns)


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
    while True:
        habits = replace(draw_habits(rng, kind, True), **PLAIN)
        made = attempt(rng, kind, replace(habits, units="maccor") if kind == "maccor" else habits)
        if not doubtful(made.truth):
            return made


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
