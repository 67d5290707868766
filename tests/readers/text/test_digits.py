"""The compiled table parser: equal to polars on what is plain, and silent about what is not."""

import numpy as np
import polars as pl
import pytest

from nacre.readers.text import digits

KINDS = {"a": pl.Int64, "s": pl.String, "b": pl.Float64, "t": pl.String, "c": pl.Float64}


def table(rows, separator="\t", mark=","):
    lines = [separator.join(str(cell).replace(".", mark) for cell in row) for row in rows]
    return ("\n".join(lines) + "\n").encode()


def random_rows(count, rng):
    digits = rng.integers(0, 12, count)
    values = rng.normal(size=count) * 10.0 ** rng.integers(-6, 3, count)
    return [
        (i, "CDR"[i % 3], f"{v:.{d}f}", f"01/02/2024 {i % 24:02d}:00:00", f"{abs(v):.7f}")
        for i, (v, d) in enumerate(zip(values, digits, strict=True))
    ]


@pytest.mark.parametrize(("separator", "mark"), [("\t", ","), ("\t", "."), (";", ","), (",", ".")])
def test_every_number_is_the_one_that_python_reads(separator, mark):
    rows = random_rows(5000, np.random.default_rng(7))
    frame = digits.parse(table(rows, separator, mark), separator, mark == ",", KINDS)
    assert frame["a"].to_list() == list(range(5000))
    assert frame["b"].to_list() == [float(row[2]) for row in rows]
    assert frame["c"].to_list() == [float(row[4]) for row in rows]
    assert frame["s"].to_list() == [row[1] for row in rows]
    assert frame["t"].to_list() == [row[3].replace(".", mark) for row in rows]


def test_an_empty_cell_is_no_value():
    frame = digits.parse(table([(1, "C", "", "", "2.5"), (2, "", "1.5", "x", "")]), "\t", True, KINDS)
    assert frame["b"].to_list() == [None, 1.5]
    assert frame["c"].to_list() == [2.5, None]


@pytest.mark.parametrize(
    "cell", ["1e5", "N/A", "-", "1.2.3", " 1", "+", "12345678901234567890", "nan", "0." + 25 * "0" + "1", "."]
)
def test_a_cell_that_is_not_plain_is_left_to_others(cell):
    rows = [(1, "C", "1.0", "x", "2.5"), (2, "C", cell, "x", "2.5")]
    assert digits.parse(table(rows, mark="."), "\t", False, KINDS) is None


@pytest.mark.parametrize("line", [b"1\tC\t1.0\tx\n", b"1\tC\t1.0\tx\t2\t3\n", b"\n"])
def test_a_line_of_another_length_is_left_to_others(line):
    whole = table([(1, "C", "1.0", "x", "2.5")] * 3, mark=".")
    assert digits.parse(whole + line + whole, "\t", False, KINDS) is None


def test_a_large_file_reads_as_a_small_one_does(monkeypatch):
    """The whole reader, with and without the compiled parser."""
    from nacre.readers.maccor import header
    from nacre.readers.maccor import table as maccor_table

    head = b"Rec#\tCyc#\tStep\tTest (Sec)\tAmps\tVolts\tState\tDPt Time\n"
    body = "".join(f"{i}\t1\t2\t{i * 1.5:.3f}\t0.001\t{3 + i * 1e-4:.5f}\tC\t01/13/2024 10:00:00\n" for i in range(900))
    data = head + body.encode()
    layout = header.find_layout(data)
    plain = maccor_table.read_table(data, layout, "x").frame
    monkeypatch.setattr(digits, "LEAST", 0)
    fast = maccor_table.read_table(data, layout, "x").frame
    for name in plain.columns:
        assert fast[name].to_list() == plain[name].to_list()
