"""What a file is given beside its reader's data and notes: source, origin, name, and arrays that stay as they are."""

import hashlib

import numpy as np
import polars as pl
import pytest

from nacre.core.contracts import HEAD_BYTES, VIRTUAL_MARK, Reader
from nacre.core.errors import NacreError, ReadError
from nacre.core.signal import Note, Signal, Variable, table
from nacre.readers.cycling import bdf
from nacre.readers.reading import read
from pipeline import toys

DATA = np.arange(4.0)


def reader(give) -> Reader:
    """A reader that gives the same for every file."""
    return Reader("toy", "toy", ("toy",), (".toy",), lambda head: 1.0, lambda path, options: give)


def signal(**more) -> Signal:
    return table("toy", {"value": (DATA, "V")}, **more)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "cell ä.toy"
    path.write_bytes(b"TOY\n1 2 3\n")
    return path


def test_source_origin_and_name_are_added(file):
    (found,) = read(file, reader([signal(notes=(Note("info", "as it came"),))]))
    assert found.source.path == str(file) and found.source.reader == "toy"
    assert found.source.sha256 == hashlib.sha256(b"TOY\n1 2 3\n").hexdigest()
    assert (found.origin, found.name) == ("measured", "cell ä")
    assert found.notes == (Note("info", "as it came"),) and np.array_equal(found.array("value", "V"), DATA)


def test_a_name_of_the_file_s_own_is_kept(file):
    assert [s.name for s in read(str(file), reader([signal(name="C 1s"), signal()]))] == ["C 1s", "cell ä"]


def test_the_reader_is_found_by_its_content_by_name_and_in_plugins(tmp_path):
    folder = toys.make(tmp_path / "study")
    path = folder / "raw" / "lho-1.num"
    for wanted in (None, "numbers"):
        (found,) = read(path, wanted, plugins_folder=folder)
        assert found.array("value", "V").tolist() == [2, 4, 6] and found.source.reader == "numbers"
    with pytest.raises(ReadError, match=r"lho-1.num: unknown reader 'numbers'"):
        read(path, "numbers")
    with pytest.raises(ReadError, match=r"lho-1.num: no reader knows this format"):
        read(path)


def test_options_are_those_of_study_toml(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("t;u\n0;3.5\n1;3.6\n")
    options = {"columns": ["time = t [s]", "voltage = u [V]"], "kind": "toy"}
    (found,) = read(path, "table", options)
    assert found["voltage_volt"].values.tolist() == [3.5, 3.6]
    with pytest.raises(NacreError, match=r"reader_options: unknown option 'colums'. Did you mean 'columns'"):
        read(path, "table", {"colums": []})


def crash(path, options):
    return {}["volts"]


@pytest.mark.parametrize(
    ("give", "words"),
    [
        ([], "cell ä.toy: the file holds no data. Export it again, or take it out."),
        (
            signal(),
            "reader 'toy' met something .*TypeError at reading.py:.*: a reader gives a list of signals, not one",
        ),
        ([DATA], "TypeError at .*: a reader gives a list of signals, not of ndarray"),
    ],
)
def test_what_is_no_list_of_signals_is_refused(file, give, words):
    with pytest.raises(ReadError, match=words):
        read(file, reader(give))


def test_a_reader_that_crashes_is_named_with_its_line(file):
    bad = Reader("toy", "toy", ("toy",), (".toy",), lambda head: 1.0, crash)
    words = r"cell ä.toy: reader 'toy' met something that it does not know; found KeyError at test_reading.py:\d+"
    with pytest.raises(ReadError, match=words):
        read(file, bad)


class PanicError(BaseException):
    """What compiled libraries raise where they give up."""


def test_a_library_that_gives_up_is_an_error_with_the_files_name_and_an_interrupt_is_none(file):
    def stop_with(error):
        def stop(path, options):
            raise error

        return Reader("toy", "toy", ("toy",), (".toy",), lambda head: 1.0, stop)

    with pytest.raises(ReadError, match=r"cell ä.toy: a library that reader 'toy' uses gave up .*Thrift out of range"):
        read(file, stop_with(PanicError("Thrift out of range\nmore")))
    with pytest.raises(ReadError, match=r"cell ä.toy: reading the file takes more memory than there is"):
        read(file, stop_with(MemoryError()))
    with pytest.raises(KeyboardInterrupt):
        read(file, stop_with(KeyboardInterrupt()))


def test_files_that_are_gone_or_empty_are_refused_in_words(tmp_path):
    (tmp_path / "empty.toy").touch()
    with pytest.raises(ReadError, match=r"empty.toy: the file is empty"):
        read(tmp_path / "empty.toy", reader([signal()]))
    with pytest.raises(ReadError, match=r"gone.toy: cannot open the file; found No such file"):
        read(tmp_path / "gone.toy", reader([signal()]))


# --- the mark of virtual instruments --------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_mark_near_the_start_makes_every_signal_synthetic(file, encoding):
    file.write_bytes(f"TOY\n{VIRTUAL_MARK} truth.toml\n1\n".encode(encoding))
    assert [s.origin for s in read(file, reader([signal(), signal()]))] == ["synthetic"] * 2


@pytest.mark.parametrize(
    "metadata",
    [
        {"software": f"nacre {VIRTUAL_MARK}"},
        {"comments": ("none", f"{VIRTUAL_MARK}: made")},
        {"a": {"b": VIRTUAL_MARK}},
    ],
)
def test_a_mark_that_the_metadata_bear_counts_for_that_signal(file, metadata):
    found = read(file, reader([signal(metadata=metadata), signal(metadata={"software": "nacre VIRTUAL"})]))
    assert [s.origin for s in found] == ["synthetic", "measured"]


def test_a_mark_at_the_end_of_a_long_parquet_file_is_seen(tmp_path):
    n, path = 30_000, tmp_path / "long.bdf.parquet"
    rng = np.random.default_rng(1)
    columns = {"test_time_second": (np.arange(n, dtype=float), "s"), "voltage_volt": (rng.random(n), "V")}
    columns["current_ampere"] = (rng.random(n), "A")
    for origin in ("synthetic", "measured"):
        numbered = columns | {name: (np.ones(n, int), "1") for name in ("cycle_count", "step_count")}
        bdf.write(table("cycling", numbered, origin=origin), path)
        assert VIRTUAL_MARK.encode() not in path.read_bytes()[:HEAD_BYTES]
        assert read(path)[0].origin == origin
    assert VIRTUAL_MARK not in pl.read_parquet(path).columns


# --- arrays stay as they are ----------------------------------------------------------------------------------


def test_every_array_is_read_only(file):
    own = np.arange(3)
    series = pl.Series([1.0, 2.0, 3.0])
    variables = {
        "number": Variable(np.arange(3.0), "V", ("row",), std=np.ones(3)),
        "text": Variable(np.array(["a", "b", None], dtype=object), "1", ("row",)),
        "polars": Variable(series.to_numpy(), "V", ("row",)),
        "polars_text": Variable(pl.Series(["a", "b", "c"]).to_numpy(), "1", ("row",)),
    }
    (found,) = read(file, reader([Signal("toy", variables, {"own": own, "more": [{"deep": own}], "n": 3})]))
    arrays = [v.values for v in found.variables.values()]
    arrays += [found["number"].std, found.metadata["own"], found.metadata["more"][0]["deep"]]
    arrays += [found.array("number", "mV"), found.array("number", "V")]
    for array in arrays:
        with pytest.raises(ValueError, match="read-only"):
            array[0] = array[1]
    own[0] = 7  # whoever made an array may go on writing into it
    assert found.metadata["n"] == 3
