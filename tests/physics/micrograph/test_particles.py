"""Particles told apart and sized: discs of known places, and the correction for the field's edge."""

import numpy as np
import pytest

from nacre.physics.micrograph import particles as pt


def discs(shape, spots):
    y, x = np.indices(shape)
    return np.any([(y - a) ** 2 + (x - b) ** 2 <= r * r for a, b, r in spots], axis=0)


def test_touching_discs_are_parted_and_small_ones_dropped():
    mask = discs((120, 200), [(60, 50, 30), (60, 108, 30), (60, 170, 25), (10, 190, 3)])
    labels = pt.split_particles(mask, 100)
    assert labels.max() == 3
    assert len({labels[60, 50], labels[60, 108], labels[60, 170]}) == 3


def test_a_dented_particle_stays_one():
    mask = discs((120, 160), [(60, 60, 34), (60, 95, 34)])
    assert pt.split_particles(mask, 100).max() == 1


def test_sizes_are_those_of_whole_particles():
    mask = discs((200, 200), [(60, 60, 20), (150, 140, 30), (5, 150, 20)])
    found = pt.measure_sizes(pt.split_particles(mask, 50))
    assert found.cut == 1
    assert sorted(found.diameters) == pytest.approx([40, 60], rel=0.02)
    assert found.weights == pytest.approx([(200 * 200) / (159.0 * 159.0), (200 * 200) / (139.0 * 139.0)], rel=0.03)


@pytest.mark.slow
def test_the_edge_of_the_field_does_not_favour_small_particles():
    """Half of the particles are large: the weighted share of whole ones says so, the plain one does not."""
    rng = np.random.default_rng(11)
    plain, weighted = [], []
    for _ in range(150):
        spots = [(*rng.uniform(-60, 360, 2), r) for r in (18, 60) for _ in range(4)]
        sizes, weights = [], []
        for spot in spots:  # one at a time: overlaps are another matter
            found = pt.measure_sizes((discs((300, 300), [spot])).astype(int))
            sizes += found.diameters.tolist()
            weights += found.weights.tolist()
        plain.append((np.sum(np.array(sizes) > 80), len(sizes)))
        weighted.append((np.sum(np.array(weights) * (np.array(sizes) > 80)), np.sum(weights)))
    share = [np.sum([a for a, _ in rows]) / np.sum([b for _, b in rows]) for rows in (plain, weighted)]
    assert share[0] < 0.4
    assert share[1] == pytest.approx(0.5, abs=0.06)


def test_percentiles_by_weight():
    values, weights = np.array([1.0, 2.0, 3.0, 4.0]), np.ones(4)
    assert pt.compute_percentile(values, weights, 0.5) == 2.5
    assert pt.compute_percentile(values, np.array([1, 1, 1, 9.0]), 0.5) > 3.4
    (value, lo, hi) = pt.compute_percentiles(np.linspace(0, 10, 200), np.ones(200), [0.5])[0]
    assert lo < value < hi and hi - lo < 4


def test_the_interval_of_a_percentile_needs_particles_beyond_it():
    """D10 of fewer than 36 has no lower end; intervals of the median hold what they promise."""
    few, many = (pt.compute_percentiles(np.linspace(1, 2, n), np.ones(n), [0.1, 0.5])[0] for n in (20, 40))
    assert few[1] is None and few[2] is not None
    assert many[1] < many[0] < many[2]
    rng, hits = np.random.default_rng(5), 0
    for _ in range(400):
        ((_, lo, hi),) = pt.compute_percentiles(np.exp(0.2 * rng.standard_normal(15)), np.ones(15), [0.5])
        hits += lo <= 1.0 <= hi
    assert hits / 400 >= 0.95 - 3 * np.sqrt(0.95 * 0.05 / 400)


def test_the_distribution_has_limits_at_both_ends():
    share, lo, hi = pt.compute_cumulative(np.arange(1.0, 11.0), np.ones(10), np.array([0.5, 5.5, 20.0]))
    assert share.tolist() == [0.0, 0.5, 1.0]
    assert lo == pytest.approx([0.0, 0.187, 0.692], abs=1e-3) and hi == pytest.approx([0.308, 0.813, 1.0], abs=1e-3)
