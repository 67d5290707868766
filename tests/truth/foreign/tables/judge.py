"""Hold what a reader made of a file against what the file holds: `compare(signals, truth)`.

The verdict is one of
fine          every value is there, every line that is not is in a note
refused       an error of the product (`compare(error, truth)`)
wrong number  a finite number where the file says another, or a limit, or nothing; or two tables run into one
guessed       a number out of a file that nobody can decide
lost line     a row is missing and no note says so
lost cell     a cell that is a number came back as none, and no note speaks of cells
lost table    a second table is missing and no note says so
unsaid        the numbers are right, but a stray line, a heading again, a footer, a limit or an odd cell is in no note
false alarm   a warning about a file that holds nothing odd (only where `clean`)

Rows are found again by their numbers, so a reader may sort them, and may split one table into several signals.
"""

import re
from dataclasses import dataclass

import numpy as np

from truth.foreign.tables.truth import Cell, Table, Truth

WORDS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10}
LOSS = re.compile(
    r"left out|leaves out|skipp|ignor|not understood|cannot be read|lost|cut|incomplete|dropp|omit|no row"
)
SECOND = re.compile(r"second|further|other|another|below|beside|tables|spectra|two", re.I)
UNUSABLE = re.compile(r"missing|empty|no numbers?\b|not (a )?numbers?\b|limit|overload|saturat|NaN|\bcells?\b", re.I)
SEVERITY = ("wrong number", "guessed", "lost line", "lost cell", "lost table", "unsaid", "false alarm", "fine")


@dataclass(frozen=True)
class Verdict:
    """`outcome` as above, and what it rests on. `bad` : what the property test must not meet."""

    outcome: str
    what: str = ""

    @property
    def bad(self) -> bool:
        return self.outcome not in ("fine", "refused")


def compare(signals, truth: Truth, clean: bool = False) -> Verdict:
    """The verdict on one reading. Parameters: the signals, or the NacreError that came instead; the truth."""
    if isinstance(signals, Exception):
        return Verdict("refused", str(signals))
    text = notes_of(signals)
    found = [v for v in judge_numbers(signals, truth, text) if v.outcome != "lost cell" or not UNUSABLE.search(text)]
    if truth.ambiguity == "comma":
        found.append(Verdict("guessed", f"two readings: {' and '.join(truth.readings)}"))
    found += unsaid(truth, text)
    if clean:
        found += [Verdict("false alarm", n.text) for s in signals for n in s.notes if n.level == "warning"]
    return min(found, key=lambda v: SEVERITY.index(v.outcome), default=Verdict("fine"))


def names_both(error: Exception, truth: Truth) -> bool:
    """Whether a refusal of an undecidable file shows both readings of one of its cells."""
    shown = set(re.findall(r"\d+(?:\.\d+)?", str(error)))
    texts = (cell.text.lstrip("+-") for t in truth.tables for c in t.numeric for cell in c.cells)
    return any({text.replace(",", ""), text.replace(",", ".")} <= shown for text in texts if "," in text)


def notes_of(signals) -> str:
    return "\n".join(dict.fromkeys(note.text for signal in signals for note in signal.notes))


# ------------------------------------------------------------------------------------------------- numbers


def judge_numbers(signals, truth: Truth, text: str):
    """Match every row of every signal with a row of the truth; yield what is wrong and what is gone."""
    seen = [np.zeros(table.rows, bool) for table in truth.tables]
    for signal in signals:
        yield from judge_signal(signal, truth.tables, seen)
    for table, rows in zip(truth.tables, seen, strict=True):
        lost = [line for line, there in zip(table.lines, rows, strict=True) if not there]
        if lost and not said(lost, truth, text) and not (table.place != "main" and SECOND.search(text)):
            outcome = "lost line" if table.place == "main" else "lost table"
            yield Verdict(outcome, f"{len(lost)} of {table.rows} rows, first in line {lost[0]}; notes: {text[:200]!r}")


def judge_signal(signal, tables: tuple[Table, ...], seen: list[np.ndarray]):
    """Which table a signal is of, and whether each of its rows is one of it."""
    options = [match(signal, table) for table in tables]
    best = max(range(len(tables)), key=lambda i: (options[i][0].max(initial=0), options[i][0].sum()))
    score, row = options[best]
    read, names = table_values(signal, tables[best])
    if not names:
        return
    table = tables[best]
    for r in range(len(read)):
        usable = np.isfinite(read[r]).any()
        if usable and score[r] == 0:
            shown = ", ".join(f"{name} {number:g}" for name, number in zip(names, read[r], strict=True))
            yield Verdict("wrong number", f"row {r + 1} is in no line of the file: {shown}")
        elif usable:
            yield from judge_row(read[r], names, table, row[r])
            seen[best][row[r]] = True


def table_values(signal, table: Table) -> tuple[np.ndarray, list[str]]:
    """The numbers of a signal in the truth's units, shape (rows, columns), and the columns that both have."""
    shared = [c for c in table.numeric if c.name in signal]
    if not shared:
        return np.empty((0, 0)), []
    values = [np.ma.filled(signal.array(c.name, c.unit).astype(float), np.nan) for c in shared]
    return np.array(values).T, [c.name for c in shared]


def match(signal, table: Table) -> tuple[np.ndarray, np.ndarray]:
    """For each row that was read: how many of its cells agree with the best row of the truth, and that row."""
    read, names = table_values(signal, table)
    if not names:
        return np.zeros(0), np.zeros(0, int)
    cells = [c.cells for c in table.numeric if c.name in names]
    want = np.array([[cell.value if cell.state == "value" else np.nan for cell in column] for column in cells]).T
    agree = close(read[:, None, :], want[None, :, :]).sum(axis=2)
    # among equals the row of the same number: a constant current agrees with many
    near = -np.abs(np.arange(len(read))[:, None] - np.arange(len(want))[None, :]) / (1 + len(want) + len(read))
    row = (agree + near).argmax(axis=1)
    return agree[np.arange(len(read)), row], row


def close(a, b):
    return np.abs(a - b) <= 1e-9 * np.abs(b) + 1e-13


def judge_row(read: np.ndarray, names: list[str], table: Table, row: int):
    for name, number in zip(names, read, strict=True):
        cell = next(c for c in table.columns if c.name == name).cells[row]
        if np.isfinite(number) and not allowed(number, cell):
            shown = f"{cell.state} {cell.text!r}" + (f" = {cell.value:g}" if cell.state == "value" else cell.reason)
            yield Verdict("wrong number", f"{name} in line {table.lines[row]}: read {number:g}, the file says {shown}")
        if cell.state == "value" and not np.isfinite(number):
            yield Verdict("lost cell", f"{name} in line {table.lines[row]}: no number read, the file says {cell.text}")


def allowed(number: float, cell: Cell) -> bool:
    """A value, the part of a cut cell that says the same number, or a date that nobody can order."""
    if cell.state == "undecided":
        return True
    return bool((cell.state == "value" or cell.reason == "cut") and close(number, cell.value))


# ------------------------------------------------------------------------------------------------- notes


def numbers_in(text: str) -> set[int]:
    """All whole numbers of the notes, ranges written out, small ones also as words."""
    found = {int(word) for word in re.findall(r"(?<![\d.,])\d{1,6}(?![\d]|[.,]\d)", text)}
    found |= {number for word, number in WORDS.items() if re.search(rf"\b{word}\b", text, re.I)}
    for first, last in re.findall(r"(\d{1,6})\s*(?:-|–|to|bis)\s*(\d{1,6})", text):
        if 0 <= int(last) - int(first) < 100_000:
            found |= set(range(int(first), int(last) + 1))
    return found


def said(lines, truth: Truth, text: str) -> bool:
    """Whether notes account for lines: by their numbers (counted either way in \\r\\r\\n files) or by their count."""
    told = "\n".join(note for note in text.splitlines() if LOSS.search(note))
    if not told:
        return False
    known, n = numbers_in(told), len(lines)
    physical = [2 * line - 1 for line in lines] if truth.doubled_ends else list(lines)
    by_number = known.issuperset(lines) or known.issuperset(physical)
    # a count may include the comments and blank lines, which need no note
    others = sum(line.kind not in ("header", "heading", "units") for line in truth.lines)
    return by_number or any(n <= count <= n + others for count in known)


def unsaid(truth: Truth, text: str):
    """Noise and odd cells that no note accounts for."""
    noise = truth.noise
    for line in noise:
        if not said([line.number], truth, text) and not said([x.number for x in noise], truth, text):
            yield Verdict("unsaid", f"line {line.number}, {line.kind}: {line.text[:60]!r}")
    odd = [cell for t in truth.tables for c in t.numeric for cell in c.cells if cell.state in ("limit", "missing")]
    odd = [cell for cell in odd if cell.reason not in ("empty", "cut")]
    if odd and not UNUSABLE.search(text):
        yield Verdict("unsaid", f"{len(odd)} cells that are no values, the first {odd[0].text!r}")
