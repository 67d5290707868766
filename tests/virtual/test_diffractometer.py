"""The virtual diffractometer: against textbook structure factors, and the same bytes at every call."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nacre.materials.crystals import find_crystal
from nacre.physics.diffraction.capillary import compute_transmission
from nacre.virtual.diffraction import diffractometer as virtual
from nacre.virtual.diffraction import diffractometer_truth

STUDY = Path(__file__).parents[2] / "studies" / "lho-ncm85"


def test_silicon_lines_and_absences():
    """Only unmixed hkl, and of the even ones only h + k + l = 4 n (Si 200 and 222 are absent)."""
    d, square = virtual.list_lines(find_crystal("Si"), 0.7093, 60.0)
    n = (5.431144 / d) ** 2
    assert np.allclose(n, np.round(n), atol=1e-6)
    assert set(np.round(n).astype(int)[:6]) == {3, 8, 11, 16, 19, 24}
    assert np.all(square > 0)


def test_rock_salt_factors_by_hand():
    """NiO: F(111) = 4 (f_Ni - f_O), F(200) = 4 (f_Ni + f_O), eight and six of them."""
    crystal = find_crystal("NiO")
    hkl = np.array([(1, 1, 1), (2, 0, 0)])
    length = np.linalg.norm(hkl, axis=1) / crystal.cell[0]
    found = virtual.compute_structure_factor(crystal, hkl, length, 0.7093)
    f = virtual.compute_scattering({"Ni", "O"}, (length / 2) ** 2, 0.7093)
    b = {site.element: np.exp(-site.b_iso * (length / 2) ** 2) for site in crystal.sites}
    ni, o = f["Ni"] * b["Ni"], f["O"] * b["O"]
    assert found == pytest.approx(4 * np.array([ni[0] - o[0], ni[1] + o[1]]))


def test_absorption_agrees_with_the_integral():
    x = np.linspace(5, 65, 50)
    assert virtual.compute_absorption(x, 1.5) == pytest.approx(compute_transmission(x, 1.5), rel=0.03)


def test_lines_have_unit_area():
    x = np.linspace(0, 60, 60_001)
    powder = virtual.DiffractionPowder(find_crystal("Si"), 1.0, 100.0)
    line = virtual._draw_line(x, np.radians(15), powder, virtual.Beam(), 0.7093)
    assert np.trapezoid(line, x) == pytest.approx(1.0, abs=0.01)


def test_same_seed_same_counts():
    scan = virtual.DiffractionScan(
        (virtual.DiffractionPowder(find_crystal("Si"), 1.0, 500.0),), replace(virtual.Beam(), points=800)
    )
    first, second, other = (virtual.simulate_pattern(scan, seed) for seed in (1, 1, 2))
    assert np.array_equal(first["intensity"].values, second["intensity"].values)
    assert not np.array_equal(first["intensity"].values, other["intensity"].values)
    assert first.origin == "synthetic"


def test_the_truth_of_the_study_is_the_papers():
    scans = diffractometer_truth.load_scans(STUDY / "truth.toml")
    assert list(scans) == ["si640f", "bare", "lho"]
    volumes = [scans[name].powders[0].crystal.volume for name in ("bare", "lho")]
    assert volumes[1] - volumes[0] == pytest.approx(0.05, abs=0.002)
    x = [next(s.occupancy for s in scans[n].powders[0].crystal.sites if s.label == "Ni_b") for n in ("bare", "lho")]
    assert x == pytest.approx([0.032, 0.035])
