"""The core of text readers, one habit at a time."""

import numpy as np
import pytest

from nacre.core.errors import ReadError
from nacre.readers.sheets import tables
from nacre.readers.sheets.tables import TableHints
from nacre.readers.text import text_file
from nacre.readers.text.cells import ABOVE, BELOW, MISSING, VALUE


def one(text, **hints):
    sheet = tables.read_tables(text, "t.txt", TableHints(**hints))
    return sheet, tables.main_table(sheet, "t.txt")


def words(sheet):
    return " / ".join(note.text for note in sheet.notes())


def test_a_line_within_a_table_is_left_out_with_its_number():
    sheet, found = one("t,U\n1,2.5\n2,2.6\nOverload\n3,2.7\n\n4,2.8\n")
    assert found.lines.tolist() == [2, 3, 5, 7]
    assert [(line.number, line.text) for line in sheet.left_out] == [(4, "Overload")]
    assert words(sheet) == "line 4 is left out, not understood: 'Overload'"


def test_each_cell_is_a_value_a_limit_or_missing_with_its_reason():
    sheet, found = one("t;U\n0;<0,01\n1;> 1000\n2;-1,#IND00\n3;Overload\n4;\n5;1,5\n")
    column = found.columns[1]
    assert column.status.tolist() == [BELOW, ABOVE, MISSING, MISSING, MISSING, VALUE]
    assert column.limits == {0: 0.01, 1: 1000.0}
    assert column.reasons == {2: "not a number", 3: "overload", 4: "empty"}
    np.testing.assert_array_equal(column.values, [np.nan] * 5 + [1.5])
    assert "2 cells are limits" in words(sheet) and "2 cells hold no number" in words(sheet)


@pytest.mark.parametrize(
    ("cells", "value"),
    [
        (["1,234", "0,5"], 1.234),
        (["1,234", "1,234,567"], 1234),
        (["1.234", "5,5"], 1234),
        (["1.234", "7.5"], 1.234),
        (["1 234,5", "2,0"], 1234.5),
        (["1'234.5", "2.0"], 1234.5),
        (["\u22121,5", "2,25"], -1.5),
        (["1,234E+02", "2,5"], 123.4),
    ],
)
def test_the_column_proves_the_marks(cells, value):
    _, found = one("t\tU\n" + "".join(f"{i}\t{cell}\n" for i, cell in enumerate(cells)))
    assert found.columns[1].values[0] == value


def test_what_nothing_decides_is_refused_with_both_readings_and_settled_by_a_hint():
    text = "t\tU\n1\t1,234\n2\t5,678\n"
    with pytest.raises(ReadError, match=r"column 'U' may be .*found '\d,\d+', which is (1234 or 1.234|5678 or 5.678)"):
        one(text)
    assert one(text, decimal=",")[1].columns[1].values.tolist() == [1.234, 5.678]
    assert one(text, decimal=".")[1].columns[1].values.tolist() == [1234, 5678]


def test_a_second_table_below_and_one_beside_are_tables():
    sheet, _ = one("f\tZ\tP\n1\t2\t3\n2\t3\t4\n3\t4\t5\n\nLoop\tForce\n1\t70.5\n2\t71.5\n")
    assert [table.place for table in sheet.tables] == ["first", "below"]
    assert "another table is not read: below (lines 7 to 8: Loop, Force)" in words(sheet)
    sheet, _ = one("f,Z,,a,b\n1,2,,5,6\n2,3,,7,8\n3,4,,,\n")
    assert [(table.place, table.rows) for table in sheet.tables] == [("first", 3), ("beside", 2)]
    sheet, _ = one("f,Re,Im,f,Re,Im\n1,2,3,4,5,6\n2,3,4,5,6,7\n")
    assert [table.headings for table in sheet.tables] == [["f", "Re", "Im"]] * 2


def test_a_heading_that_comes_again_is_noted_and_known():
    sheet, found = one("f\tRe\tIm\n1\t2\t3\n2\t3\t4\nf\tRe\tIm\n1\t2\t3\n")
    assert found.rows == 3 and found.breaks == (2,)
    assert "line 4 is left out, the heading again" in words(sheet)


def test_units_in_a_row_and_headings_behind_a_mark():
    assert one("U\tI\nV\tmA\n1\t2\n2\t3\n")[1].columns[1].unit == "mA"
    assert one("# made by hand\n# t U\n1 2\n2 3\n3 4\n")[1].headings == ["t", "U"]


def test_a_count_that_the_file_states_is_held_against_the_rows():
    assert "states 5 rows, and 2 are read: 3 are missing" in words(one("Points: 5\n\nt,U\n1,2\n2,3\n")[0])
    assert words(one("Points: 2\n\nt,U\n1,2\n2,3\n")[0]) == ""


def test_clock_times_are_seconds():
    _, found = one("Time,U\n00:14:43.5,3.1\n1.02:00:00,3.2\n0d 26:00:01,3.3\n99:00:00,3.4\n".replace("0d 26", "0d 06"))
    assert found.columns[0].kind == "clock"
    assert found.columns[0].values.tolist() == [883.5, 93600, 21601, 356400]


def test_more_cells_than_headings_are_refused_but_a_trailing_separator_is_not():
    with pytest.raises(ReadError, match="6 cells a row under 3 headings"):
        one("Time,U,I\n0,0,3,600,2,0\n0,5,3,610,2,0\n1,0,3,620,2,0\n")
    assert one("a\tb\n1\t2\t\n2\t3\t\n")[1].headings == ["a", "b"]


def test_quoted_cells_may_hold_separators_and_a_cut_one_is_cut():
    sheet, found = one('"Time, s","U"\n"1,5","3"\n"1,766.5","4"\n'.replace("1,5", "1.5"))
    assert found.headings == ["Time, s", "U"] and found.columns[0].values.tolist() == [1.5, 1766.5]
    sheet, found = one('"a","b","c"\n"1.5","2.5","3"\n"1.5","2.5","3"\n"1.5","2,')
    assert found.rows == 2 and "line 4 is left out, the file is cut there" in words(sheet)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\r\r\n"])
def test_encodings_and_line_ends(encoding, end):
    data, _, _ = text_file.to_utf8(end.join(["Prüfung", "t\tI/µA", "1\t2.5", "2\t3.5", ""]).encode(encoding))
    sheet, found = one(data.decode())
    assert sheet.header == ("Prüfung",) and found.headings == ["t", "I/µA"] and found.lines.tolist() == [3, 4]


@pytest.mark.parametrize(("encoding", "name"), [("gb18030", "王小明"), ("cp949", "김민수"), ("cp1252", "Jürgen Weiß")])
def test_names_in_their_own_letters(encoding, name):
    assert text_file.to_utf8(f"Operator: {name}\n1\t2\n".encode(encoding))[0].decode().startswith(f"Operator: {name}")


def test_a_workbook_gives_the_same_tables():
    sheet = tables.read_grid([["Sample", "x"], [], ["t", "U"], ["1", "2.5"], ["2"], ["3", "OL"]], "b.xlsx")
    assert sheet.main.columns[1].reasons == {1: "empty", 2: "overload"} and sheet.header == ("Sample\tx",)


def test_a_long_table_with_one_odd_cell_is_read_as_a_short_one():
    rows = [f"{i}\t{i / 7:.5f}\tC" for i in range(5000)]
    rows[4321] = "4321\tOverload\tC"
    rows.insert(3000, "paused")
    sheet, found = one("n\tU\tState\n" + "\n".join(rows) + "\n")
    assert found.rows == 5000 and found.columns[1].reasons == {4321: "overload"} and sheet.left_out[0].number == 3002
    np.testing.assert_array_equal(found.columns[0].values, range(5000))


def test_a_first_row_of_too_many_cells_does_not_cost_the_headings():
    sheet, found = one("f,Re,Im\n1,000.5,2.5,3.5\n" + "".join(f"{i}.5,2.5,3.5\n" for i in range(9)))
    assert found.headings == ["f", "Re", "Im"] and found.rows == 9
    assert "line 2 is left out, 4 cells instead of 3" in words(sheet)
