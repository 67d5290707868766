"""Damage does what it says it did, and its judge names each outcome."""

import random

import pytest

from truth.foreign.tables.mutate import BINARY, TEXT, Change, is_text, mutate
from truth.foreign.tables.outcome import BAD, OUTCOMES, Reading, judge, news

LINES = [f"{i};{i * 1.5:.2f};{i * i}".encode() for i in range(1, 61)]
TABLE = b"a;b;c\n" + b"\n".join(LINES) + b"\n"
SCAN = bytes(range(1, 256)) * 3 + bytes(4) + random.Random(1).randbytes(3000)
BEFORE = Reading("read", 60, ("info of 3 things",), digest="x")


def rows_in(data: bytes) -> int:
    """Lines of three cells that are numbers."""
    return sum(line.count(b";") == 2 and line[:1].isdigit() for line in data.splitlines())


@pytest.mark.parametrize("name", TEXT)
def test_a_change_of_text_leaves_at_least_the_rows_that_it_says(name):
    for seed in range(40):
        data, change = TEXT[name](TABLE, random.Random(seed))
        assert data != TABLE or name in ("swap", "ends", "word", "flip")
        if name not in ("mark", "nul", "flip", "junk"):
            least = 60 * (2 if change.doubled else 1) - change.gone - change.touched
            assert rows_in(data) >= least, (seed, change)


@pytest.mark.parametrize("name", BINARY)
def test_a_change_of_bytes_says_how_much_is_left(name):
    assert not is_text(SCAN)
    for seed in range(40):
        data, change = BINARY[name](SCAN, random.Random(seed))
        assert len(data) == round(change.share * len(SCAN)) or name == "insert"
        assert not any(data[len(data) - change.zeroed :]) if change.zeroed else True


def test_every_mutation_comes_up_and_equal_seeds_are_equal():
    names = {mutate(TABLE, random.Random(seed))[1].name for seed in range(300)}
    assert len(names) == len(TEXT)
    assert {mutate(SCAN, random.Random(seed))[1].name for seed in range(100)} == {
        BINARY[name](SCAN, random.Random(0))[1].name for name in BINARY
    }
    assert mutate(TABLE, random.Random("a-1")) == mutate(TABLE, random.Random("a-1"))
    assert mutate(b"x", random.Random(3)) and mutate(b"\0", random.Random(4))


@pytest.mark.parametrize("data", [b"1", b"\n", b"\0", b"\0\n", b"\xff\xfe", b"ab\0\0"])
def test_the_smallest_files_can_be_damaged(data):
    for seed in range(200):
        changed, change = mutate(data, random.Random(seed))
        assert isinstance(changed, bytes) and change.name


NOTED = ("info of 3 things", "one line is left out: 17")
CASES = [
    ("fine", Change("doubled line", ""), Reading("read", 61, BEFORE.notes)),
    ("fine", Change("deleted line", "", gone=1), Reading("read", 59, BEFORE.notes)),
    ("silent line", Change("word in a cell", "", touched=1), Reading("read", 59, BEFORE.notes)),
    ("noted", Change("word in a cell", "", touched=1), Reading("read", 59, NOTED)),
    ("silent prefix", Change("word in a cell", "", touched=1), Reading("read", 20, BEFORE.notes)),
    ("silent prefix", Change("inserted junk", ""), Reading("read", 59, BEFORE.notes)),
    ("silent prefix", Change("two files in one", "", doubled=True), Reading("read", 60, BEFORE.notes)),
    ("refused", Change("cut", "", gone=3), Reading("refused", message="line 12 holds two numbers; expected three.")),
    ("masked crash", Change("cut", ""), Reading("refused", message="x.txt: reader 'xy' crashed at xy.py:12")),
    ("masked crash", Change("cut", ""), Reading("refused", message="cannot read: could not convert string to float")),
    ("escape", Change("cut", ""), Reading("escape", message="IndexError: list index out of range")),
    ("escape", Change("cut", ""), Reading("died", message="the process ended with -11")),
    ("hang", Change("cut", ""), Reading("hang")),
]


@pytest.mark.parametrize(("outcome", "change", "after"), CASES)
def test_outcomes_of_text(outcome, change, after):
    assert judge(change, BEFORE, after, 60) == outcome


@pytest.mark.parametrize(
    ("outcome", "change", "after"),
    [
        ("silent zeros", Change("zero-filled tail", "", zeroed=9), Reading("read", 60, BEFORE.notes, digest="y")),
        ("fine", Change("zero-filled tail", "", zeroed=9), Reading("read", 60, BEFORE.notes, digest="x")),
        ("noted", Change("zero-filled tail", "", zeroed=9), Reading("read", 60, ("the tail is zero",), digest="y")),
        ("silent prefix", Change("cut", "", share=0.9), Reading("read", 50, BEFORE.notes)),
        ("fine", Change("flipped bytes", ""), Reading("read", 60, BEFORE.notes, digest="y")),
    ],
)
def test_outcomes_of_bytes(outcome, change, after):
    assert judge(change, BEFORE, after, 0) == outcome


def test_a_remark_with_other_figures_is_no_news_unless_it_counts_lines():
    before = Reading("read", 9, ("charge 3.25 Ah", "2 lines are left out"))
    assert news(before, Reading("read", 9, ("charge 3.30 Ah",))) == []
    assert news(before, Reading("read", 9, ("charge 3.25 Ah", "7 lines are left out"))) == ["7 lines are left out"]
    assert set(BAD) < set(OUTCOMES)
