"""Numbers one after the other: the line, the cell and its meaning where one is none."""

import pytest

from nacre.core.errors import ReadError
from nacre.readers.text.number_lists import read_number, read_numbers


def test_numbers_apart_by_blanks_tabs_or_commas():
    assert list(read_numbers(["1 2,3", "", "4\t-5e3"], "a.msa")) == [1, 2, 3, 4, -5000]


@pytest.mark.parametrize(
    ("cell", "meaning"), [("Overload", "(overload)"), ("#DIV/0!", "(error of the program)"), ("NaN", "(not a number)"),
                          ("1_000", ""), ("12x", "")],
)  # fmt: skip
def test_a_cell_that_is_none_is_named_with_its_line(cell, meaning):
    with pytest.raises(ReadError) as caught:
        read_numbers(["1 2", f"3 {cell}"], "a.msa", 10)
    assert "a.msa:11: a value is not a number" in str(caught.value)
    assert f"'{cell}'" in str(caught.value) and meaning in str(caught.value)


def test_one_number_says_what_it_is_of():
    assert read_number("1.5", "the dwell time", "a.vms:4") == 1.5
    with pytest.raises(ReadError, match=r"a\.vms:4: the dwell time is not a number; found '---'"):
        read_number("---", "the dwell time", "a.vms:4")
