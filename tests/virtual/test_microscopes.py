"""Virtual microscopes: the same seed gives the same picture, the truth is what was drawn, the study's files follow."""

import importlib.util

import numpy as np
import pytest

from nacre.core.contracts import HEAD_BYTES
from nacre.core.registry import readers
from nacre.readers.reading import read
from nacre.virtual.microscopy.eds import Coat, EdsDetector, draw_powder_map
from nacre.virtual.microscopy.sem import CompositeSection, Microscope, draw_cross_section
from nacre.virtual.microscopy.sem_top import TopViewPowder, View, draw_top_view
from paper_truth import STUDY

SMALL = Microscope(size=256, pixel=0.05)


def test_sections_are_repeated_by_their_seed_and_hold_their_truth():
    wanted = CompositeSection(0.03, 0.2, 0.02, radius=1.6)
    (first, truth), (again, _), (other, _) = (draw_cross_section(wanted, SMALL, seed) for seed in (1, 1, 2))
    assert np.array_equal(first["intensity"].values, again["intensity"].values)
    assert not np.array_equal(first["intensity"].values, other["intensity"].values)
    assert truth.crack_fraction == pytest.approx(0.03, rel=0.1)
    assert truth.gap_fraction == pytest.approx(0.2, rel=0.2)
    assert truth.crack.sum() / truth.active.sum() == pytest.approx(truth.crack_fraction, rel=1e-4)
    assert first.origin == "synthetic"


def test_top_views_and_maps_are_repeated_by_their_seed():
    views = [draw_top_view(TopViewPowder(), View(size=200), 3)[0]["intensity"].values for _ in range(2)]
    assert np.array_equal(*views)
    detector = EdsDetector(size=64)
    one, two = (draw_powder_map(Coat(), detector, seed=4) for _ in range(2))
    assert np.array_equal(one["Hf La1"].values, two["Hf La1"].values)
    assert one["Hf La1"].values.mean() == pytest.approx(2.0, rel=0.15)


@pytest.mark.slow
def test_the_studys_pictures_follow_from_its_truth(tmp_path):
    spec = importlib.util.spec_from_file_location("make_raw", STUDY / "make_raw.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.scanning(tmp_path)
    made = sorted(tmp_path.iterdir())
    assert len(made) == 19 and sum(path.stat().st_size for path in made) < 2e6
    known = readers()
    for path in made:
        reader = known["h5oina" if path.suffix == ".h5oina" else "sem"]
        (new,), (kept,) = (read(p, reader) for p in (path, STUDY / "raw" / path.name))
        for name, variable in new.variables.items():
            assert np.array_equal(variable.values, kept[name].values), path.name
        assert new.origin == kept.origin == "synthetic"
        assert b"NACRE VIRTUAL" in path.read_bytes()[:HEAD_BYTES]
