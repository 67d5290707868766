"""Virtual spectrometers: the study's files follow from its truth, and the spectra are what the truth says."""

import importlib.util
import tomllib
from pathlib import Path

import numpy as np
import pytest

from nacre.virtual.xps_ir.infrared import InfraredFlaws, InfraredPowder
from nacre.virtual.xps_ir.infrared import measure_infrared as load
from nacre.virtual.xps_ir.xps import (
    TrueSpectrum,
    XpsBackground,
    XpsFlaws,
    XpsPeak,
    XpsScan,
    compute_expected,
    measure_spectra,
)

STUDY = Path(__file__).resolve().parents[2] / "studies/lho-ncm85"


def test_the_committed_spectra_follow_from_the_truth(tmp_path):
    spec = importlib.util.spec_from_file_location("make_raw", STUDY / "make_raw.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.spectra(tmp_path)
    made = sorted(path.name for path in tmp_path.iterdir())
    assert len(made) == 11 and sum((tmp_path / name).stat().st_size for name in made) < 5e5
    for name in made:
        data = (tmp_path / name).read_bytes()
        assert data == (STUDY / "raw" / name).read_bytes(), name
        assert b"NACRE VIRTUAL" in data[:1000]


def test_the_survey_of_the_coated_powder_stands_for_the_shell_that_the_microscope_sees():
    """Hf over Ni by hand: a closed layer on 95 % of the surface, HfO2 and Li2HfO3 with as many Hf as the paper says."""
    truth = tomllib.loads((STUDY / "truth.toml").read_text(encoding="utf-8"))
    seen = {element: row["value"] for element, row in truth["xps"]["survey"]["lho"].items()}
    coverage, share = truth["xps"]["layer"]["coverage"]["value"], truth["xps"]["hafnium"]["hf_ratio"]["value"]
    first = share / (1 + share)
    per_hf = first * 210.484 / 9.68 + (1 - first) * 241.4 / 4 * 0.602214  # cm3/mol
    nickel = 0.85 * 4.8 / 97.6  # mol/cm3
    assert seen["Hf"] / seen["Ni"] == pytest.approx(coverage / (1 - coverage) / per_hf / nickel, rel=0.02)
    bare = truth["xps"]["survey"]["bare"]
    for element in ("Co", "Mn"):
        assert seen[element] / seen["Ni"] == pytest.approx(bare[element]["value"] / bare["Ni"]["value"], rel=0.01)
    assert truth["stem"]["thickness"]["value"] > 4 * truth["stem"]["spread"]["value"], "the map's edge is closed"


@pytest.mark.parametrize("shape", ["sum", "voigt"])
def test_areas_and_doublets_are_as_asked(shape):
    peaks = (XpsPeak(1000.0, 50.0, 1.2, 3.0, 0.5, 0.2, shape),)
    x, counts = compute_expected(TrueSpectrum("", XpsScan(20.0, 80.0), peaks))
    assert counts.sum() * 0.05 == pytest.approx(1000.0, rel=0.01)
    main = np.abs(x - 50.0) < 1.5
    assert x[main][counts[main].argmax()] == pytest.approx(50.0, abs=0.05)
    assert counts[np.abs(x - 53.0).argmin()] / counts[np.abs(x - 50.0).argmin()] == pytest.approx(0.5, abs=0.02)
    above = x[main][counts[main] > counts[main].max() / 2]
    assert np.ptp(above) == pytest.approx(1.2, abs=0.1)


def test_a_step_is_in_proportion_to_what_lies_below():
    _, counts = compute_expected(
        TrueSpectrum("", XpsScan(20.0, 80.0), (XpsPeak(1000.0, 50.0, 1.2, mix=0.0),), XpsBackground(10.0, step=0.05))
    )
    assert counts[-1] - counts[0] == pytest.approx(50.0, rel=1e-3)


def test_the_instrument_s_flaws_are_there_and_seeds_repeat():
    spectrum = TrueSpectrum("C 1s", XpsScan(280.0, 290.0), (XpsPeak(5000.0, 285.0, 1.0),), XpsBackground(500.0))
    _, plain = compute_expected(spectrum)
    _, flawed = compute_expected(spectrum, XpsFlaws(charging=0.5, dead_time=1e-5, tilt=0.1))
    assert flawed.max() < 0.95 * plain.max() and flawed[0] < plain[0]
    a, b = (measure_spectra([spectrum], "s", 3)[0] for _ in range(2))
    assert np.array_equal(a["intensity"].values, b["intensity"].values) and a.origin == "synthetic"
    assert np.var(a["intensity"].values - plain) == pytest.approx(plain.mean(), rel=0.3)


def test_contact_scales_a_load_as_a_whole():
    still = InfraredFlaws(contact=0.5, drift=0.0, vapour=0.0, noise=0.0)
    a, b = (load(InfraredPowder(0.05), "s", seed, still)["absorbance"].values - 0.02 for seed in (1, 2))
    seen = a > 0.01
    assert np.ptp(a[seen] / b[seen]) < 1e-9 and abs(a[seen][0] / b[seen][0] - 1) > 0.01
