"""The writer of tables writes what it says, and the judge tells right from wrong: read back here by a plain parser."""

import collections
import csv
import functools
import io
from dataclasses import replace

import numpy as np
import pytest

from nacre.core.errors import ReadError
from nacre.core.signal import Note, table
from truth.foreign.tables.judge import compare, names_both
from truth.foreign.tables.marks import ambiguity, group, readings, spell, value_of
from truth.foreign.tables.reading import judge_draw
from truth.foreign.tables.writer import KINDS, draw, draw_clean, draw_plain

each = pytest.mark.parametrize("kind", KINDS)


@functools.cache
def drawn(kind):
    return [draw(seed, kind) for seed in range(300)]


def lines_of(made):
    """The lines of a file, by the end that its habits name."""
    habits = made.truth.habits
    text = made.data.decode({"utf-16-le": "utf-16", "utf-16-be": "utf-16"}.get(habits["encoding"], habits["encoding"]))
    return text.split(habits["newline"])


def cells_of(line, habits):
    separator = habits["separator"]
    if separator in "\t;,":
        return next(csv.reader(io.StringIO(line), delimiter=separator), [])
    return [cell.strip() for cell in line.split(separator) if cell.strip()]


def signals_of(truth, notes=()):
    """The right answer as signals: every value, NaN where there is none."""
    made = []
    for t in truth.tables:
        columns = {
            c.name: (np.array([x.value if x.state == "value" else np.nan for x in c.cells]), c.unit) for c in t.numeric
        }
        made.append(table("any", columns, notes=tuple(notes)))
    return made


def full_notes(truth):
    """Notes that name all that is odd."""
    numbers = ", ".join(str(line.number) for line in truth.noise)
    odd = [c for t in truth.tables for column in t.columns for c in column.cells if c.state in ("limit", "missing")]
    notes = [Note("warning", f"lines {numbers} are not understood and left out")] if numbers else []
    return notes + ([Note("warning", f"{len(odd)} cells are no number")] if odd else [])


@each
def test_every_cell_of_the_truth_stands_in_its_line(kind):
    for seed, made in enumerate(drawn(kind)):
        habits, lines = made.truth.habits, lines_of(made)
        if habits["quote"] == "never" and habits["separator"] == ",":
            continue  # the very files that nobody can split
        for t in made.truth.tables:
            for r, number in enumerate(t.lines):
                texts = [c.cells[r].text for c in t.columns if c.cells[r].reason != "cut" and c.cells[r].text]
                found = collections.Counter(cells_of(lines[number - 1], habits))
                assert not collections.Counter(texts) - found, (seed, number)


@each
def test_a_value_is_what_its_cell_says_under_the_marks_drawn(kind):
    for truth in (made.truth for made in drawn(kind)):
        marks = tuple(truth.habits["marks"])
        for column in truth.tables[0].columns:
            factor = {"kHz": 1e3, "kOhm": 1e3, "mOhm": 1e-3, "mA": 1e-3, "mV": 1e-3, "mAh": 1e-3}.get(
                column.written_unit, 1
            )
            for cell in column.cells if column.kind == "number" else ():
                if cell.state == "value":
                    assert abs(cell.value) == pytest.approx(abs(factor * float(value_of(cell.text, marks))), rel=1e-12)


def test_every_habit_of_the_issue_is_drawn():
    seen = collections.defaultdict(set)
    for kind in KINDS:
        for made in drawn(kind):
            for name, value in made.truth.habits.items():
                seen[name].add(value)
    wanted = {
        "encoding": 7,
        "separator": 5,
        "quote": 4,
        "marks": 8,
        "newline": 4,
        "comment": 5,
        "clock": 5,
        "second": 3,
    }
    assert all(len(seen[name]) == n for name, n in wanted.items()), dict(seen)
    flags = ("trailing", "stated", "page", "heading_again", "cut", "footer", "ending", "alike")
    assert all(seen[name] == {True, False} for name in flags)


def test_clocks_pass_midnight_and_some_dates_cannot_be_ordered():
    tables = [made.truth.tables[0] for made in drawn("maccor")]
    assert max(table.columns[3].cells[-2].value for table in tables) > 100_000
    states = collections.Counter(table.columns[-1].cells[0].state for table in tables)
    assert states["undecided"] > 2 and states["value"] > 100


def test_equal_seeds_give_equal_bytes():
    assert draw(7, "generic") == draw(7, "generic") != draw(8, "generic")


def test_undecidable_files_are_flagged_and_no_others():
    words = collections.Counter(made.truth.ambiguity for kind in KINDS for made in drawn(kind))
    assert words["comma"] > 5 and words["separator"] > 3 and words[""] > 700
    alike = next(d for d in drawn("impedance") if d.truth.ambiguity == "comma")
    low, high = map(float, alike.truth.readings)
    assert high == pytest.approx(1000 * low)
    cell = alike.truth.tables[0].columns[0].cells[0].text.lstrip("-")
    both = f"'{cell}' is {cell.replace(',', '')} or {cell.replace(',', '.')}"
    assert names_both(ReadError("two readings", found=both), alike.truth)
    assert not names_both(ReadError("cannot be read", found=repr(cell)), alike.truth)


@pytest.mark.parametrize(
    ("spellings", "word", "n"),
    [
        (["1,234", "5,678"], "comma", 2),
        (["1,234", "5,6"], "", 1),
        (["1,234", "0,678"], "", 1),
        (["1,234,567", "5,678"], "", 1),
        (["1.234", "5.678"], "weak", 2),
        (["1,234", "999"], "weak", 2),
        (["1 234,5"], "", 1),
        (["1'234.5", "7"], "", 1),
    ],
)
def test_what_proves_a_mark(spellings, word, n):
    assert ambiguity(spellings) == word
    assert len(readings(spellings)) == n


def test_grouping_and_spelling():
    assert [group(x, ".") for x in ("1", "123", "1234", "1234567")] == ["1", "123", "1.234", "1.234.567"]
    assert spell(value_of("-1234.5", (".", "")), 2, (",", " ")) == "-1 234,50"
    assert value_of("1,23,456", (".", ",")) is None and value_of("0,123", (".", ",")) is None


@each
def test_the_right_answer_is_fine_and_a_silent_one_is_not(kind):
    silent = 0
    for seed in range(80):
        truth = draw(seed, kind).truth
        verdict = compare(signals_of(truth, full_notes(truth)), truth)
        assert verdict.outcome == ("guessed" if truth.ambiguity == "comma" else "fine"), (seed, verdict)
        silent += compare(signals_of(truth), truth).outcome == "unsaid"
    assert silent > 20


@each
def test_a_clean_file_needs_no_note_and_a_warning_is_a_false_alarm(kind):
    for seed in range(80):
        truth = draw_clean(seed, kind).truth
        assert not truth.noise and truth.ambiguity == ""
        assert compare(signals_of(truth), truth, clean=True).outcome == "fine"
        warned = signals_of(truth, [Note("warning", "looks odd")])
        assert compare(warned, truth, clean=True).outcome == "false alarm"


@each
def test_plain_files_are_read_as_they_are(kind, tmp_path):
    """The content itself gives no reader a reason to complain: what else it says comes of the habits."""
    for seed in range(12):
        made = draw_plain(seed, kind)
        assert judge_draw(made, tmp_path, clean=True).outcome == "fine"


def shorten(signal, n, notes=()):
    return table("any", {k: (v.values[:n], v.unit) for k, v in signal.variables.items()}, notes=notes)


def test_the_judge_sees_a_prefix_a_wrong_number_a_refusal_and_a_number_for_a_limit():
    truth = draw_clean(3, "impedance").truth
    (right,) = signals_of(truth)
    n = truth.tables[0].rows
    assert compare([shorten(right, n - 4)], truth).outcome == "lost line"
    said = (Note("warning", f"4 lines are left out: {', '.join(map(str, truth.tables[0].lines[-4:]))}"),)
    assert compare([shorten(right, n - 4, said)], truth).outcome == "fine"
    wrong = {k: (v.values * (1000 if k.startswith("real") else 1), v.unit) for k, v in right.variables.items()}
    assert compare([table("any", wrong)], truth).outcome == "wrong number"
    assert compare(ReadError("no"), truth) == replace(compare(ReadError("no"), truth), outcome="refused")
    limited = next(d.truth for d in drawn("impedance") if d.truth.habits["limits"])
    cells = {c.name: (np.array([x.value for x in c.cells]), c.unit) for c in limited.tables[0].numeric}
    assert compare([table("any", cells)], limited).outcome == "wrong number"


def test_a_second_table_that_is_gone_or_run_into_the_first_is_seen():
    truth = next(d.truth for d in drawn("impedance") if d.truth.habits["second"] == "beside")
    first, second = signals_of(truth, full_notes(truth))
    quiet = replace(first, notes=())
    assert compare([quiet], truth).outcome == "lost table"
    assert compare([second, first], truth).outcome == "fine"
