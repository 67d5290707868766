"""Columns of exact numbers into cells of text, each with its truth."""

import datetime
import random
from decimal import Decimal

from truth.foreign.tables.content import EPOCH, Raw
from truth.foreign.tables.habits import MISSING, Habits
from truth.foreign.tables.marks import spell
from truth.foreign.tables.truth import Cell, Column


def spell_clock(seconds: Decimal, style: str, decimal: str) -> str:
    """Seconds as a clock: `26:03:05`, `1.02:03:05`, `2:03:05.5`, `0d 02:03:05`."""
    days, rest = divmod(int(seconds), 86400)
    if style in ("hh:mm:ss", "h:mm:ss.f"):
        days, rest = 0, int(seconds)
    hours, rest = divmod(rest, 3600)
    minutes, whole = divmod(rest, 60)
    tail = f"{minutes:02d}:{whole:02d}"
    tenth = f"{decimal}{int(seconds * 10) % 10}"
    return {
        "hh:mm:ss": f"{hours:02d}:{tail}",
        "h:mm:ss.f": f"{hours}:{tail}{tenth}",
        "d.hh:mm:ss": f"{days}.{hours:02d}:{tail}",
        "0d hh:mm:ss": f"{days}d {hours:02d}:{tail}",
    }[style]


def spell_date(seconds: Decimal, style: str) -> str:
    return (EPOCH + datetime.timedelta(seconds=int(seconds))).strftime(style)


def text_of(raw: Raw, value, habits: Habits, kind: str) -> str:
    """What one cell of a column says."""
    if raw.kind == "text":
        return value
    if raw.kind == "counter":
        return str(value)
    if raw.kind == "clock":
        return spell_clock(value, habits.clock, habits.marks[0])
    if raw.kind == "date":
        return spell_date(value, habits.date)
    # MACCOR writes the current without a sign; State tells the direction
    shown = abs(value) if kind == "maccor" and raw.name == "current_ampere" else value
    return spell(shown, raw.decimals, habits.marks, raw.scientific)


def undecided(raw: Raw, habits: Habits) -> bool:
    """Whether all dates of a column could have day and month exchanged."""
    if raw.kind != "date" or habits.date[:5] not in ("%m/%d", "%d/%m"):
        return False
    return all((EPOCH + datetime.timedelta(seconds=int(value))).day <= 12 for value in raw.values)


def cells_of(raw: Raw, habits: Habits, kind: str) -> list[Cell]:
    cells, state = [], "undecided" if undecided(raw, habits) else "value"
    for value in raw.values:
        text = text_of(raw, value, habits, kind)
        if raw.kind == "text":
            cells.append(Cell("text", text=text))
        else:
            cells.append(Cell(state, float(value * raw.factor), text=text))
    return cells


def missing_cell(rng: random.Random, habits: Habits) -> Cell:
    """An empty or non-numeric cell, of those that can stand in this file."""
    text, reason = rng.choice(list(MISSING.items()))
    if text == "" and habits.separator == "  ":
        text = "---"
    if text.startswith(("-1.", "1.#")):
        text = text.replace(".", habits.marks[0])
    return Cell("missing", reason=reason, text=text)


def limit_cell(rng: random.Random, habits: Habits, raw: Raw) -> Cell:
    """`<0.01` or `> 1000`, in the file's marks."""
    bound, value, decimals, blank = rng.choice((("<", "0.01", 2, ""), (">", "1000", 0, " "), ("<", "0.5", 1, " ")))
    text = f"{bound}{blank}{spell(Decimal(value), decimals, habits.marks)}"
    return Cell("limit", float(Decimal(value) * raw.factor), bound, "", text)


def spoil(grid: list[list[Cell]], raws: list[Raw], habits: Habits, rng: random.Random) -> None:
    """Put missing cells and limits into columns of numbers, never two into one row nor into the first column."""
    places = [c for c, raw in enumerate(raws) if c and raw.kind == "number"]
    rows = rng.sample(range(1, len(grid[0])), habits.odd_cells + habits.limits)
    for k, row in enumerate(rows):
        c = rng.choice(places)
        grid[c][row] = missing_cell(rng, habits) if k < habits.odd_cells else limit_cell(rng, habits, raws[c])


def heads_of(raws: list[Raw], style: str) -> list[str]:
    """The heads of a table, with units where the style puts them there."""
    forms = {"bracket": "{} [{}]", "round": "{} ({})", "slash": "{}/{}"}
    if style not in forms:
        return [raw.head for raw in raws]
    return [forms[style].format(raw.head, raw.written) if raw.written else raw.head for raw in raws]


def units_of(raws: list[Raw]) -> list[str]:
    return [raw.written or "-" for raw in raws]


def columns_of(raws: list[Raw], heads: list[str], grid: list[list[Cell]]) -> tuple[Column, ...]:
    rows = zip(raws, heads, grid, strict=True)
    return tuple(Column(r.name, head, r.unit, r.written, r.kind, tuple(cells)) for r, head, cells in rows)
