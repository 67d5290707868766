"""The bench sheet of the reference study, of a bare study, and of one that lacks everything."""

import textwrap
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from typer.testing import CliRunner

import nacre
from nacre.cli.app import app
from nacre.pipeline.bench_sheet import as_html, as_text, make, write
from pipeline import toys

STUDY = Path(__file__).parents[2] / "studies" / "lho-ncm85"


@pytest.fixture(scope="module")
def text():
    return as_text(make(nacre.load(STUDY)))


@pytest.mark.parametrize(
    "line",
    [
        "oxide to put on it                 10 mg                    HfO₂",
        "pipette dispersion                 0.5 mL                   of 20 mg/mL",
        "  LiNi0.85Co0.10Mn0.05O2           69.3 wt%                 8.316 mg per cell",
        "press                              435 MPa                  a force of 34.16 kN",
        "loading                            10.59 mg/cm2",
        "0.1C                               0.158 mA                 0.2012 mA/cm2",
        "1C                                 1.58 mA                  2.012 mA/cm2",
        "8. annealing (temperature 700 degC, time 2 h, gas oxygen)",
        "* annealing: HfO₂ + Li₂CO₃ -> Li₂HfO₃ + CO₂",
        "* if all of the dose stays on the powder (deposition is not declared)",
        "mean thickness of the film         not known                surface_area or particle_diameter is not declared",
        "Hf content to find                 0.8396 to 0.8384 wt%     none to all of it converted",
    ],
)
def test_the_sheet_of_the_reference_study_says(text, line):
    assert line in text


def test_the_page_prints_and_draws_the_recipe():
    page = as_html(make(nacre.load(STUDY)))
    svg = page[page.index("<svg") : page.index("</svg>") + 6]
    drawn = "".join(ET.fromstring(svg).itertext())
    for words in ("HfO₂ nanoparticles on it", "HfO₂ / Li₂HfO₃", "700 degC", "oxygen", "20 mg/mL dispersion"):
        assert words in drawn
    assert "@media print" in page and "http://www.w3.org" in page and page.count("http") == 1


def test_files_are_written_and_the_verb_prints_them(tmp_path):
    names = {path.name for path in write(make(nacre.load(STUDY)), tmp_path / "a")}
    assert names == {"sheet.html", "sheet.txt", "protocol.csv", "protocol_pybamm.py"}
    assert "1,charge,0.158004,,2.75,,," in (tmp_path / "a" / "protocol.csv").read_text("utf-8")
    done = CliRunner().invoke(app, ["sheet", str(STUDY), "--out", str(tmp_path / "b")])
    assert done.exit_code == 0 and "Currents: bare-1, lho-1" in done.output and "Wrote" in done.output


def test_what_is_missing_is_named_and_the_rest_stands(tmp_path):
    words = as_text(make(nacre.load(toys.make(tmp_path / "s"))))
    assert "the electrode area is not given, and the recipe needs it" in words
    study = """
        schema = 1
        [study]
        name = "x"
        [[sample]]
        name = "a"
        [sample.coating]
        precursor = "HfO2"
        [cell]
        cam_mass = "8 mg"
        area = "1 cm2"
    """
    (tmp_path / "study.toml").write_text(textwrap.dedent(study), encoding="utf-8")
    words = as_text(make(nacre.load(tmp_path)))
    assert "cannot be computed: sample 'a': the coating has no target" in words
    assert "loading                            8 mg/cm2" in words
    assert "no protocol is declared" in words and 'not known: one_c = "... mA/g"' in words


@pytest.mark.parametrize(
    ("inputs", "band"),
    [
        # 1 wt% of 9.68 g/cm3, or of Li2HfO3 (1.142 wt%, 6.614 g/cm3), on 0.2526 m2/g
        ('particle_diameter = "5 um"', "4.09 to 6.83 nm"),
        ('surface_area = "0.5 m2/g"', "2.07 to 3.45 nm"),
    ],
)
def test_the_film_is_given_as_a_band(tmp_path, inputs, band):
    text = (STUDY / "study.toml").read_text(encoding="utf-8").replace("[[measurement]]", "[[x]]")
    text = text[: text.index("[[x]]")].replace('label = "LHO-NCM85"', f'label = "LHO-NCM85"\n{inputs}')
    (tmp_path / "study.toml").write_text(text, encoding="utf-8")
    assert f"mean thickness of the film         {band}" in as_text(make(nacre.load(tmp_path)))


def test_words_of_a_study_are_escaped(tmp_path):
    folder = toys.make(tmp_path / "s", toys.STUDY.replace('label = "Bare"', 'label = "<b>Bare</b>"'))
    assert "<b>Bare" not in as_html(make(nacre.load(folder)))
