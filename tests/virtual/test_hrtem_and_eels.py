"""Virtual microscope and spectrometer: repeated by their seed, physics that is known, the study's files follow."""

import importlib.util

import numpy as np
import pytest

from nacre.materials.crystals import find_crystal
from nacre.virtual.microscopy import eels, hrtem
from paper_truth import STUDY


def test_the_same_seed_gives_the_same_record():
    scope = hrtem.Scope(size=96)
    grain = hrtem.CrystalGrain(find_crystal("HfO2"), (0, 1, 1), 20.0, 1.0, (1.4, 1.4), 1.2)
    one, two, other = (hrtem.draw_image([grain], scope, seed=seed)["intensity"].values for seed in (1, 1, 2))
    assert np.array_equal(one, two) and not np.array_equal(one, other)
    a, b = (eels.measure_eels(eels.Matter(), seed=3)["counts"].values for _ in range(2))
    assert np.array_equal(a, b)


def test_vacuum_counts_the_dose():
    """1200 electrons per square angstrom on pixels of 0.3 angstrom: 108."""
    empty = hrtem.draw_image([], hrtem.Scope(size=96, contamination=()), seed=1)["intensity"].values
    assert empty.mean() == pytest.approx(108, rel=0.01)
    assert empty.var() == pytest.approx(108 + 1.5**2, rel=0.05)


def test_edges_are_as_high_as_stated():
    tool = eels.EelsSpectrometer(counts=1e8, gain=0.0, drift=0.0)
    bare, with_edge = (eels.measure_eels(eels.Matter(lithium=li), tool, seed=1) for li in (0.0, 0.1))
    energy = bare.array("energy", "eV")
    ratio = with_edge["counts"].values / bare["counts"].values - 1
    assert ratio[(energy > 50) & (energy < 80)].max() == pytest.approx(0.1, abs=0.003)
    assert abs(ratio[(energy > 20) & (energy < 50)]).max() < 0.003


@pytest.mark.slow
def test_the_studys_files_follow_from_its_truth(tmp_path):
    spec = importlib.util.spec_from_file_location("make_raw", STUDY / "make_raw.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.fringes(tmp_path)
    module.losses(tmp_path)
    made = sorted(tmp_path.iterdir())
    assert len(made) == 3
    for path in made:
        assert path.read_bytes() == (STUDY / "raw" / path.name).read_bytes(), path.name
