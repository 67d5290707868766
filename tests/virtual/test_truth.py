"""One truth file behind the virtual files of the reference study; the files follow from it to the byte."""

import importlib.util
import re

import pytest

from nacre.virtual.cycling.cycler_truth import load_cells
from paper_truth import PAPER, STUDY


def make_raw():
    spec = importlib.util.spec_from_file_location("make_raw", STUDY / "make_raw.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_paper_and_assumed_are_told_apart():
    assert {n: t.rates[0.1].value for n, t in PAPER.items()} == {"bare": 162, "lho": 187}
    assert {n: t.rates[0.2].status for n, t in PAPER.items()} == {"bare": "assumed", "lho": "paper"}
    assert PAPER["bare"].rates[0.2].value == 130
    assert PAPER["lho"].knee is None
    assert PAPER["bare"].cam_mass == PAPER["lho"].cam_mass


def test_the_committed_files_follow_from_the_truth(tmp_path):
    """Made again, every cycling file is the committed one, byte for byte; all raw files stay small."""
    make_raw().cycling(tmp_path)
    made = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert set(made) == {f"{sample}-1_{test}.txt" for sample in PAPER for test in ("rate", "ageing")}
    for name, data in made.items():
        assert data == (STUDY / "raw" / name).read_bytes(), name
        assert b"NACRE VIRTUAL" in data[:500]
    assert sum(path.stat().st_size for path in (STUDY / "raw").iterdir()) < 8e6


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("retention =", "retentoin =", r"\[cycling.bare\] lacks, or does not know, retention, retentoin"),
        ('status = "paper"', 'status = "guessed"', "a fact is 'paper' or 'assumed', not 'guessed'"),
    ],
)
def test_a_truth_that_is_wrong(tmp_path, old, new, words):
    path = tmp_path / "truth.toml"
    path.write_text(re.sub(old, new, (STUDY / "truth.toml").read_text(encoding="utf-8")), encoding="utf-8")
    with pytest.raises(ValueError, match=words):
        load_cells(path)
