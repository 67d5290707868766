"""An edge on a background that is known: its size, its significance, and how thickness is made equal."""

import numpy as np
import pytest

from nacre.physics.microscopy import eels

ENERGY = np.arange(-20, 120, 0.5)


def low_loss(thickness, scale=1e7):
    """A zero loss and a plasmon scattered up to eight times, by convolution."""
    single = np.where(ENERGY > 2, ENERGY / ((ENERGY**2 - 400) ** 2 + (8 * ENERGY) ** 2), 0.0)
    single /= single.sum()
    zero = np.exp(-0.5 * (ENERGY / 0.6) ** 2)
    zero /= zero.sum()
    start = int(np.argmin(np.abs(ENERGY)))
    total, order, share = zero * np.exp(-thickness), zero, np.exp(-thickness)
    for n in range(1, 9):
        order = np.convolve(order, single)[start : start + ENERGY.size]
        share *= thickness / n
        total = total + share * order
    return scale * total


def test_the_thickness_is_that_of_poisson():
    zero = eels.find_zero_loss(ENERGY, low_loss(0.5))
    assert zero.at == pytest.approx(0, abs=0.02)
    assert zero.thickness == pytest.approx(0.5, abs=0.02)
    assert eels.find_zero_loss(ENERGY[100:], low_loss(0.5)[100:]) is None


def test_a_reference_is_made_as_thick_as_the_specimen():
    thin, thick = low_loss(0.3), low_loss(0.7)
    made = eels.measure_relative_thickness(
        ENERGY, thin, eels.find_zero_loss(ENERGY, thin), eels.find_zero_loss(ENERGY, thick).thickness
    )
    far = (ENERGY > 12) & (ENERGY < 90)
    scale = np.sum(made[far] * thick[far]) / np.sum(made[far] ** 2)
    assert np.abs(scale * made[far] / thick[far] - 1).max() < 0.03
    assert np.abs(thin[far] / thick[far] / np.median(thin[far] / thick[far]) - 1).max() > 0.3


def fit(amplitude, rng, spill=0.0):
    x = np.arange(46, 86, 0.6)
    reference = 2e4 * (x / 50) ** -3
    edges = np.array([eels.make_edge(x, onset, 1.0) for onset in (55, 56, 57, 58)]) * 1e4
    metals = eels.make_edge(x, 65.5, 2.0) * 1e4
    expected = 1.3 * reference * (1 + 1e-3 * (x - 60)) + amplitude * edges[2] + spill * metals
    counts = rng.poisson(expected).astype(float)
    nuisance = np.vstack([reference, reference * (x - 60), x**-2.0])
    return eels.find_edge(counts, np.maximum(counts, 1), nuisance, metals, edges, counted=True,
                          significance=0.005, rng=rng)  # fmt: skip


@pytest.mark.slow
def test_size_error_significance_and_limit_of_an_edge_are_true():
    rng = np.random.default_rng(11)
    found = [fit(0.04, rng) for _ in range(40)]
    pulls = np.array([(f.amplitude - 0.04) / f.std for f in found if f.best == 2])
    assert abs(pulls.mean()) < 0.6 and 0.7 < pulls.std() < 1.3
    assert np.mean([f.p <= 0.005 for f in found]) > 0.9
    limit = np.median([f.limit for f in found])
    assert np.mean([fit(limit, rng).p <= 0.005 for _ in range(40)]) > 0.85
    assert np.mean([fit(0.0, rng).p <= 0.05 for _ in range(60)]) < 0.13


def test_metals_are_told_from_the_edge():
    rng = np.random.default_rng(2)
    found = fit(0.0, rng, spill=0.1)
    assert found.metals == pytest.approx(0.1, abs=4 * found.metals_std) and found.metals > 5 * found.metals_std
    assert found.p > 0.01
