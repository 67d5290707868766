"""The virtual ICP and titrator: known truth, flaws that are there, the same bytes at every call."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from nacre.physics.chemistry.carbonate import TitrationBath, compute_titration_curve, evaluate_constants
from nacre.virtual.chemistry.emission import LINES, Digest, EmissionFlaws, EmissionSpectrometer, measure_emission
from nacre.virtual.chemistry.titrator import LI2CO3, LIOH, Bench, TitratedPowder, Titrator, TitratorFlaws, titrate

STUDY = Path(__file__).parents[2] / "studies" / "lho-ncm85"
QUIET = TitratorFlaws(1.0, 0.0, 0.0, 0.0, 0.0, 1e-6, 0.0, 0.0, 0.0, 0.0, 0.0)


def test_the_raw_files_of_the_study_are_those_of_its_truth(tmp_path):
    spec = importlib.util.spec_from_file_location("make_raw", STUDY / "make_raw.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.wet_chemistry(tmp_path)
    for path in sorted(tmp_path.iterdir()):
        assert path.read_bytes() == (STUDY / "raw" / path.name).read_bytes(), path.name
        assert b"NACRE VIRTUAL" in path.read_bytes()[:65536]


def test_two_ways_to_compute_a_titration_agree():
    """The virtual bath shares no function with the analysis; both must be the same chemistry."""
    powder, bench = TitratedPowder(0.05, 0.2), Bench(aliquot=50.0)
    signal = titrate(powder, Titrator(bench, QUIET))
    acid = signal.array("acid_volume", "L")
    hydroxide, carbonate = 2 * powder.lioh / 100 / LIOH, 2 * powder.li2co3 / 100 / LI2CO3
    ours = compute_titration_curve(
        TitrationBath(hydroxide + 2 * carbonate, carbonate, 0.05), acid, 0.05, evaluate_constants(25.0)
    )
    assert np.abs(signal.array("ph", "1") - ours).max() < 0.03


def test_the_titrator_has_its_flaws():
    clean = titrate(TitratedPowder(0.05, 0.2), Titrator(flaws=QUIET)).array("ph", "1")
    for flaw in (
        {"slope": 0.97},
        {"zero": 0.1},
        {"drift": 0.1},
        {"lag": 0.1},
        {"uptake": 0.1},
        {"breathing": 0.1},
        {"screw": 0.01},
    ):
        bent = titrate(TitratedPowder(0.05, 0.2), Titrator(flaws=TitratorFlaws(**{**vars(QUIET), **flaw}))).array(
            "ph", "1"
        )
        assert 0.01 < np.abs(bent - clean).max() < 2, flaw


def test_the_spectrometer_drifts_and_feels_the_matrix():
    zero = ("wander", "pipetting", "weighing", "flask", "curvature")
    quiet = dict.fromkeys(zero, 0.0) | {"noise": 1e-9, "shot": 1e-9}
    digest = Digest("d", {"Hf": 0.84, "Ni": 50.0}, 0.1)

    def hafnium(**flaws):
        signal = measure_emission(
            (digest,), EmissionSpectrometer(LINES[1:2], flaws=EmissionFlaws(**{**quiet, **flaws}))
        )
        return dict(zip(signal["label"].values, signal.array("intensity", "cps"), strict=True))

    still = hafnium(drift=0.0, matrix=0.0)
    assert still["d"] == pytest.approx(330 + 30500 * 1.68)
    assert hafnium(drift=0.0, matrix=0.05)["d"] / still["d"] == pytest.approx(1 - 0.05 * 1.017, abs=2e-3)
    assert hafnium(drift=0.05, matrix=0.0)["d"] < 0.99 * still["d"]
