"""One random choice of everything in which labs' text files differ. All names are those of issue N16.1."""

import random
from dataclasses import asdict, dataclass

from truth.foreign.tables.marks import MARKS

# encoding as Python names it, its mark, and a name with letters that need it
ENCODINGS = {
    "utf-8": (b"", "Jürgen Weiß"),
    "utf-8-sig": (b"", "Åsa Öberg"),
    "utf-16-le": (b"\xff\xfe", "Жанна"),
    "utf-16-be": (b"\xfe\xff", "王小明"),
    "cp1252": (b"", "Jürgen Weiß"),
    "gb18030": (b"", "王小明"),
    "cp949": (b"", "김민수"),
}
SEPARATORS = ("\t", ";", ",", "  ", " | ")
NEWLINES = ("\n", "\r\n", "\r", "\r\r\n")
COMMENTS = ("#", "!", "%", ";", "")
CLOCKS = ("number", "hh:mm:ss", "d.hh:mm:ss", "h:mm:ss.f", "0d hh:mm:ss")
DATES = ("%m/%d/%Y %H:%M:%S", "%d.%m.%Y %H:%M:%S", "%Y-%m-%d %H:%M:%S", "%d/%m/%Y %I:%M:%S %p", "%d-%b-%y %I:%M:%S %p")
MISSING = {
    "": "empty",
    "-1.#IND00": "not a number",
    "1.#QNAN": "not a number",
    "NaN": "not a number",
    "nan": "not a number",
    "Overload": "overload",
    "OL": "overload",
    "Saturated": "overload",
    "---": "empty",
    "n/a": "empty",
    "#DIV/0!": "error of the program",
    "#N/A": "error of the program",
}
STRAY = (
    "*** paused ***",
    "Overload",
    "Messung unterbrochen",
    "--- range switched to 10 mA ---",
    "Resumed at 14:03:22 by operator",
    "Warning 17: contact lost, retry",
)
FOOTERS = ("End of data", "-- 1 warning(s) --", "Printed by LabView 8.6", "Sum of rows is not calibrated")


@dataclass(frozen=True)
class Habits:
    """What was drawn. Counts of zero and empty words mean: not in this file."""

    encoding: str
    separator: str
    quote: str
    marks: tuple[str, str]
    trailing: bool
    newline: str
    units: str
    comment: str
    header: int
    stated: bool
    clock: str
    date: str
    odd_cells: int
    limits: int
    stray: int
    page: bool
    heading_again: bool
    blank_lines: int
    second: str
    cut: bool
    footer: bool
    ending: bool
    alike: bool

    def as_dict(self) -> dict:
        return asdict(self)


def draw_habits(rng: random.Random, kind: str, clean: bool) -> Habits:
    """One choice; `clean` leaves out all that deserves a note (odd cells, stray lines, a second table, a cut ...)."""
    odd = not clean
    separator = rng.choice(SEPARATORS)
    encoding = rng.choice(tuple(ENCODINGS))
    choices = {
        "encoding": encoding,
        "separator": separator,
        "quote": rng.choice(("needed", "needed", "all", "text")) if separator in "\t;," else "never",
        "marks": rng.choice(MARKS),
        "trailing": rng.random() < 0.25 and separator in "\t;,",
        "newline": rng.choice(NEWLINES),
        "units": rng.choice(("bracket", "slash", "round", "row")),
        "comment": rng.choice(COMMENTS),
        "header": rng.choice((0, 2, 4, 7)),
        "stated": rng.random() < 0.3,
        "clock": rng.choice(CLOCKS),
        "date": rng.choice(DATES),
        "odd_cells": rng.choice((0, 0, 1, 3)) if odd else 0,
        "limits": rng.choice((0, 0, 0, 2)) if odd else 0,
        "stray": rng.choice((0, 0, 1, 2)) if odd else 0,
        "page": odd and rng.random() < 0.1,
        "heading_again": odd and rng.random() < 0.1,
        "blank_lines": rng.choice((0, 0, 1, 3)),
        "second": rng.choice(("below", "beside")) if odd and rng.random() < 0.2 else "",
        "cut": odd and rng.random() < 0.15,
        "footer": odd and rng.random() < 0.2,
        "ending": rng.random() < 0.9,
        "alike": odd and kind != "maccor" and rng.random() < 0.04,
    }
    return Habits(**fit(choices, kind, clean, rng))


def fit(choices: dict, kind: str, clean: bool, rng: random.Random) -> dict:
    """Take back what no program writes: a blank as separator beside blanks in numbers, a cut that nobody could see."""
    if choices["separator"] == "  " and choices["marks"][1] == " ":
        choices["marks"] = (choices["marks"][0], "")
    if choices["comment"] == ";" and choices["separator"] == ";":
        choices["comment"] = "#"
    if kind == "maccor":
        choices["units"] = "maccor"
        choices["second"] = "below" if choices["second"] else ""
    if choices["separator"] in ("  ", " | "):
        choices["second"] = "below" if choices["second"] else ""
    if choices["alike"]:
        choices |= {"marks": rng.choice(((",", ""), (".", ","))), "second": "", "odd_cells": 0, "limits": 0}
        choices |= {"clock": "number", "cut": False}
    # a decimal or thousands comma that nobody quoted beside commas that separate
    if choices["separator"] == "," and "," in choices["marks"] and not clean and rng.random() < 0.2:
        choices |= {"quote": "never", "second": "", "cut": False}
    if choices["cut"]:
        choices |= {"footer": False, "second": "", "ending": False, "trailing": False}
    return choices
