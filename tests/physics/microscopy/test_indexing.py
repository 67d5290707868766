"""Indexing of spots: zones that are known, phases that cannot be, ambiguity, chance."""

import numpy as np
import pytest

from nacre.materials.crystals import find_crystal, make_layered
from nacre.physics.diffraction.crystal import compute_angle_between, compute_d_spacing
from nacre.physics.microscopy import indexing

TIGHT = indexing.Tolerance(0.01, 1.0, 0.02)


def spots_of(hkl, cell, turn=25.0, scale=1.0):
    """Spots of a zone, from lengths and angles to the first alone."""
    length = scale / compute_d_spacing(np.array(hkl), cell)
    angle = np.radians(turn + np.array([compute_angle_between(hkl[0], row, cell) for row in hkl]))
    return length[:, None] * np.column_stack((np.cos(angle), np.sin(angle)))


def solve(spots, crystal, tolerance=TIGHT):
    d_min = 1 / (1.2 * np.linalg.norm(spots, axis=1).max())
    first, every = crystal.reflections(d_min)[0], crystal.all_reflections(d_min)[0]
    return indexing.solve_zones(spots, first, every, crystal.cell, tolerance)


def test_a_zone_is_found_with_its_scale():
    crystal = find_crystal("HfO2")
    hkl = [(1, 1, 1), (-1, 1, 1), (0, 2, 2)]
    found = solve(spots_of(hkl, crystal.cell, scale=0.99), crystal)[0]
    assert found.zone == (0, 1, -1)
    assert found.matched == 3
    assert found.scale == pytest.approx(1 / 0.99, rel=1e-3)
    assert found.residual < 1e-3


def test_the_layered_oxide_from_two_spots():
    crystal = make_layered("LiNi0.85Co0.10Mn0.05O2")
    found = solve(spots_of([(0, 0, 3), (1, 0, 4)], crystal.cell), crystal)[0]
    assert {abs(v) for v in found.hkl[0]} == {0, 3} and found.zone in ((0, 1, 0), (1, 0, 0), (1, 1, 0))


def test_a_phase_that_cannot_be_is_not_found():
    hkl = [(1, 1, 1), (-1, 1, 1), (0, 2, 2)]
    spots = spots_of(hkl, find_crystal("HfO2").cell)
    assert not [s for s in solve(spots, make_layered("LiNi0.85Co0.10Mn0.05O2")) if s.matched == 3]


def test_two_models_of_one_order_cannot_be_told_apart():
    """Two spots of C2/c are two spots of C2/m just as well, within what an image can measure."""
    one, two = find_crystal("Li2HfO3 C2/c"), find_crystal("Li2HfO3 C2/m")
    wide = indexing.Tolerance(0.02, 2.0, 0.02)
    hkl = [(0, 2, 0), (1, 1, 0)]
    spots = spots_of(hkl, one.cell)
    assert solve(spots, one, wide)[0].matched == 2
    assert solve(spots, two, wide)[0].matched == 2


def test_spots_on_one_line_span_no_zone():
    assert solve(np.array([[0.2, 0.0], [0.4, 0.0]]), find_crystal("NiO")) == []


def test_chance_falls_with_more_spots():
    crystal = find_crystal("HfO2")
    hkl = [(1, 1, 1), (-1, 1, 1), (0, 2, 2), (1, 3, 3)]
    loose = indexing.Tolerance(0.03, 3.0, 0.03)
    rates = []
    for n in (2, 4):
        spots = spots_of(hkl[:n], crystal.cell) * 1.012
        d_min = 1 / (1.2 * np.linalg.norm(spots, axis=1).max())
        first, every = crystal.reflections(d_min)[0], crystal.all_reflections(d_min)[0]
        best = indexing.solve_zones(spots, first, every, crystal.cell, loose)[0]
        worst = indexing.ZoneSolution(best.hkl, best.zone, best.scale, best.matched, 0.03)
        rng = np.random.default_rng(1)
        rates.append(indexing.estimate_chance(spots, first, every, crystal.cell, loose, worst, rng, 60))
    assert rates[1] < rates[0]
