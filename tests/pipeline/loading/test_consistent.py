"""Numbers that cannot be meant are errors with their line; unusual ones are doubts; sound studies hear nothing."""

import re
from pathlib import Path

import pytest

import nacre
from nacre.core import registry
from nacre.core.quantity import parse
from nacre.materials.plausible import plausible
from nacre.pipeline.loading.load import read
from nacre.pipeline.running.check import check
from nacre.pipeline.running.graph import build
from nacre.pipeline.running.plausibility import doubts

STUDIES = Path(__file__).parents[3] / "studies"
SOUND = """schema = 1
[study]
name = "toy"
[[sample]]
name = "bare"
cam = "LiNi0.85Co0.10Mn0.05O2"
particle_diameter = "4 um"
[[sample.step]]
do = "heating"
temperature = "750 degC"
time = "3 h"
[cell]
cam_fraction = "69.3 wt%"
se_fraction = "29.7 wt%"
carbon_fraction = "1.0 wt%"
diameter = "10 mm"
one_c = "190 mA/g"
temperature = "45 degC"
pressure = "81 MPa"
lower_voltage = "1.35 V"
upper_voltage = "2.75 V"
[cell.b1]
sample = "bare"
composite_mass = "12 mg"
"""


def problems(folder, *changes, more=""):
    text = SOUND
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    (folder / "study.toml").write_text(text + more, encoding="utf-8")
    return read(folder)


def test_a_sound_study_hears_nothing(tmp_path):
    study, found = problems(tmp_path)
    assert found.found == [] and doubts(build(study)) == []


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ('"45 degC"', '"-300 degC"', 18, "absolute zero"),
        ('"750 degC"', '"-300 degC"', 10, "absolute zero"),
        ('"81 MPa"', '"-81 MPa"', 19, "a pressure on a cell is not negative"),
        ('"29.7 wt%"', '"49.7 wt%"', 13, "more than the whole.*= 120 wt%"),
        ('"29.7 wt%"', '"129.7 wt%"', 14, "from 0 to 100 wt%"),
        ('"1.35 V"', '"3.35 V"', 20, "not below the upper.*Swap them"),
        ('"LiNi0.85Co0.10Mn0.05O2"', '"H2O"', 6, "no active material"),
        ('"4 um"', '"-4 um"', 7, "above 0 to 10000 um"),
        ('"12 mg"', '"-12 mg"', 24, "not above zero"),
    ],
)
def test_what_cannot_be_is_an_error_in_its_line(tmp_path, old, new, line, words):
    _, found = problems(tmp_path, (old, new))
    errors = [problem for problem in found.errors if problem.line == line]
    assert errors and any(re.search(words, problem.text) for problem in errors), found.errors


def test_one_cells_own_fraction_or_window_is_looked_at_with_what_it_inherits(tmp_path):
    _, found = problems(tmp_path, more='upper_voltage = "1.2 V"\n')
    (error,) = found.errors
    assert "cell 'b1'" in error.text and "lower_voltage 1.35 V, upper_voltage 1.2 V" in error.text


@pytest.mark.parametrize("rate", ["-1C", "0C", "100000C"])
def test_a_rate_has_no_sign(tmp_path, rate):
    (tmp_path / "a.txt").write_text("x", encoding="utf-8")
    segment = (
        f'[[measurement]]\nfiles = "a.txt"\ncell = "b1"\nsegments = [{{ name = "r", cycles = 1, rate = "{rate}" }}]\n'
    )
    _, found = problems(tmp_path, more=segment)
    (error,) = found.errors
    assert "no such C-rate" in error.text and f"'{rate}'" in error.text


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"45 degC"', '"318 degC"', "[cell]: temperature = 318 degC, where -60 to 200 degC is usual"),
        ('"81 MPa"', '"81 GPa"', None),
        ('"4 um"', '"4 nm"', "sample 'bare': particle_diameter = 0.004 um"),
        ('"750 degC"', '"7500 K"', None),
        ('"750 degC"', '"2750 degC"', "'heating' of sample 'bare': temperature = 2750 degC"),
        ('"12 mg"', '"12 g"', "cell 'b1': composite_mass = 12000 mg, where 0.1 to 2000 mg is usual"),
    ],
)
def test_what_is_unusual_is_doubted(tmp_path, old, new, words):
    study, found = problems(tmp_path, (old, new))
    if words is None:  # beyond what can be
        assert found.errors
        return
    assert found.errors == [] and any(words in doubt for doubt in doubts(build(study)))
    assert any(words in problem.text for problem in check(tmp_path)[0])


@pytest.mark.parametrize("name", sorted(path.parent.name for path in STUDIES.glob("*/study.toml")))
def test_the_studies_of_the_package_raise_no_doubt(name):
    assert doubts(build(nacre.load(STUDIES / name))) == []


def test_every_declared_number_has_its_ranges_and_lies_in_them_both():
    for name, word in registry.vocabulary().words("input").items():
        row = plausible("input", name)
        if row is None:
            assert word.unit == "1", f"{name} has no row in plausible.toml"
            continue
        low, high = row.hard
        assert row.usual is None or low <= row.usual[0] < row.usual[1] <= high
        row.refuse(name, parse(f"{(row.usual or row.hard)[1]} {row.unit}"))
