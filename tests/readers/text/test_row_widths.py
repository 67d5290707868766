"""Lines with another number of cells than the rows are set apart by number; habits of a program are left alone."""

import numpy as np
import pytest

from nacre.readers.text.row_widths import set_apart

ROWS = [f"{i},{i * 0.5},{i * 2}" for i in range(40)]


def body(rows):
    return ("\n".join(rows) + "\n").encode()


def test_equal_rows_are_as_they_were():
    assert set_apart(body(ROWS), ",") == (body(ROWS), [])


@pytest.mark.parametrize("line", ["7,3.5", "7,3.5,14,8,4.0,16"])
def test_an_odd_line_is_emptied_and_named_by_its_number(line):
    rows = [*ROWS[:7], line, *ROWS[8:]]
    kept, odd = set_apart(body(rows), ",")
    assert odd == [(8, line)]
    assert kept == body([*ROWS[:7], "", *ROWS[8:]])


@pytest.mark.parametrize("share", [0.05, 0.2, 0.5])
def test_a_width_that_many_lines_have_is_a_habit(share):
    """200 tables of 300 lines, a share of them without their last cell: none is set apart."""
    rng = np.random.default_rng(5)
    for _ in range(200):
        rows = ["1,2" if rng.random() < share else "1,2,3" for _ in range(300)]
        if 3 < rows.count("1,2") < 297:
            assert set_apart(body(rows), ",")[1] == []


def test_blank_lines_are_no_rows():
    rows = [*ROWS[:5], "", *ROWS[5:]]
    assert set_apart(body(rows), ",") == (body(rows), [])
