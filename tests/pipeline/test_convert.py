"""Cycling files of a study as Battery Data Format: the same records, whatever they came in."""

import numpy as np
import pytest

from nacre.core.errors import NacreError
from nacre.pipeline.convert import to_bdf
from nacre.readers.cycling.bdf import READER as BDF
from nacre.readers.maccor.reader import READER as MACCOR
from nacre.readers.reading import read
from nacre.virtual.cycling.cycler import Cycler, Logging, simulate_cycler
from nacre.virtual.cycling.cycler_truth import Programme, load_cells

STUDY = """
schema = 1
[study]
name = "small"
[[sample]]
name = "s"
[cell.c1]
sample = "s"
[[measurement]]
name = "test"
cell = "c1"
files = ["raw/one.txt", "raw/two.txt"]
reader = "maccor"
"""


@pytest.fixture
def study(tmp_path):
    from nacre.pipeline.demo import _find_source

    truth = load_cells(_find_source() / "truth.toml")["lho"]
    signal = simulate_cycler(truth, Programme("short", ((0.2, 1),)), Cycler(Logging(5e-3, 300.0)), seed=3)
    (tmp_path / "raw").mkdir()
    MACCOR.write(signal, tmp_path / "raw" / "one.txt")
    (tmp_path / "raw" / "two.txt").write_text("this is no MACCOR export\n")
    (tmp_path / "study.toml").write_text(STUDY)
    return tmp_path


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_records_survive_and_a_bad_file_is_named(study, suffix):
    made = to_bdf(study, suffix=suffix)
    assert [path.name for path in made.written] == [f"c1_test-1.bdf{suffix}"]
    assert made.failed[0][0] == "two.txt"
    assert "no line names MACCOR's columns" in made.failed[0][1]
    (there,) = read(made.written[0], BDF)
    (here,) = MACCOR.read(study / "raw" / "one.txt", MACCOR.options())
    for name in ("test_time_second", "voltage_volt", "current_ampere", "cycle_count"):
        assert np.array_equal(there[name].values, here[name].values, equal_nan=True)
    assert there.origin == "synthetic"


def test_a_study_without_cycling_says_so(study):
    text = (study / "study.toml").read_text()
    (study / "study.toml").write_text(text[: text.index("[[measurement]]")])
    with pytest.raises(NacreError, match="no cycling files"):
        to_bdf(study)
