"""Families of X-ray lines, and the shell's mathematics, against truth that is drawn here."""

import numpy as np
import pytest
from scipy.special import ndtr

from nacre.physics.microscopy import eds_families, shell, shell_gaps

ENERGY = 5.5 + 0.02 * np.arange(250)
HF = np.array([[7.899, 100], [7.8446, 11], [9.0227, 70], [9.3473, 20], [6.9596, 5]])
CU = np.array([[8.04778, 100], [8.90529, 17]])
NI = np.array([[7.47815, 100], [8.26466, 17]])


def shapes(fwhm=0.13, shift=0.0):
    peaks = [eds_families.make_family(ENERGY, lines, fwhm, shift) for lines in (HF, CU, NI)]
    return np.vstack([*peaks, eds_families.make_continuum(ENERGY).mean(axis=0)])


def test_a_family_holds_one_count_and_has_the_width_of_the_detector():
    one = eds_families.make_family(ENERGY, np.array([[8.0, 100.0]]), 0.13)
    mean = ENERGY @ one
    assert one.sum() == pytest.approx(1) and mean == pytest.approx(8.0, abs=1e-3)
    fwhm = 2.3548 * np.sqrt((ENERGY - mean) ** 2 @ one)
    assert fwhm == pytest.approx(np.sqrt(0.13**2 + 2.5e-3 * (8.0 - 5.895)), rel=0.02)
    with pytest.raises(ValueError, match="no line of the family"):
        eds_families.make_family(ENERGY, np.array([[1.6, 100.0]]), 0.13)


def test_overlapping_families_come_apart_without_bias_and_with_the_variance_stated():
    rng = np.random.default_rng(1)
    truth = np.array([2.0, 1.0, 4.0, 6.0])
    pixels = rng.poisson(truth @ shapes(), (4000, ENERGY.size))
    weights, variances = eds_families.make_unmixing(shapes(), pixels.mean(axis=0))
    found = pixels @ weights.T
    expected = np.sqrt(variances @ truth)
    assert found.mean(axis=0) == pytest.approx(truth, abs=4 * expected.max() / np.sqrt(4000))
    assert found.std(axis=0) == pytest.approx(expected, rel=0.05)
    # a raw window on Hf La, 7.83 to 7.97 keV, counts a part of the copper too
    window = (ENERGY > 7.83) & (ENERGY < 7.97)
    sigma = eds_families.compute_line_width(8.04778, 0.13)
    part = (ndtr((7.97 - 8.04778) / sigma) - ndtr((7.83 - 8.04778) / sigma)) * 100 / 117
    assert part > 0.09 and shapes()[1, window].sum() == pytest.approx(part, rel=0.01)


def test_the_detector_is_found_from_the_sum_and_amplitudes_are_those_drawn():
    rng = np.random.default_rng(2)
    counts = rng.poisson(np.array([4e4, 1e4, 6e4, 5e4]) @ shapes(0.14, 0.008)).astype(float)
    fwhm, shift = eds_families.calibrate_energies(ENERGY, counts, [HF, CU, NI], 0.13)
    assert fwhm == pytest.approx(0.14, abs=0.002) and shift == pytest.approx(0.008, abs=0.002)
    found, deviance = eds_families.fit_families(counts, shapes(fwhm, shift))
    assert found[:3] == pytest.approx([4e4, 1e4, 6e4], rel=0.04)
    assert deviance / ENERGY.size < 1.5


def test_families_that_are_alike_are_refused():
    same = np.vstack([shapes()[:1], shapes()[:1]])
    with pytest.raises(ValueError, match="same pattern"):
        eds_families.make_unmixing(same, same.sum(axis=0))


D = np.arange(-30, 30, 0.8) + 0.4
TRUE = shell.Box(0.0, 12.0, 1.0, 1.0, 1.0, 0.0, 0.0)


def profile(rng, *, pixels=250, counts=1.0, thickness=12.0, tail=0.0, phi=1.25, other=0.1):
    """Amplitudes of known variance: phi per amplitude, and that of other elements."""
    mean = counts * (ndtr(D) - ndtr(D - thickness))
    if tail:
        fine = np.linspace(-40, 0, 4001)
        weight = np.exp(fine / 3.0)
        blurred = np.array([np.sum(weight * np.exp(-0.5 * (d - fine) ** 2)) for d in D])
        blurred /= blurred.sum() * 0.8
        mean = (1 - tail) * mean + tail * counts * thickness * blurred
    number = np.full(D.size, pixels)
    y = phi * (rng.poisson(number * (mean / phi + other / phi**2)) - number * other / phi**2)
    return shell.ShellProfile(D, number, y, phi, np.full(D.size, other))


def test_the_thickness_of_a_stretch_and_its_error_are_true():
    rng = np.random.default_rng(3)
    fits = [shell.fit_window(profile(rng, pixels=12, counts=1.0), TRUE) for _ in range(150)]
    values, stds = np.array([(f.box.thickness, f.std) for f in fits]).T
    assert values.mean() == pytest.approx(12.0, abs=0.12)
    assert values.std() == pytest.approx(np.sqrt(np.mean(stds**2)), rel=0.25)


def test_the_whole_profile_gives_position_thickness_and_amplitude():
    rng = np.random.default_rng(4)
    boxes = [shell.fit_stack(profile(rng, counts=1.0), 1.0).box for _ in range(20)]
    found = np.mean([(box.inner, box.thickness, box.amplitude) for box in boxes], axis=0)
    assert found == pytest.approx([0, 12, 1], abs=0.08)


def test_the_edge_of_the_core():
    rng = np.random.default_rng(5)
    number = np.full(D.size, 250)
    y = rng.poisson(250 * 3.0 * ndtr((0.7 - D) / 1.5)).astype(float)
    place, blur = shell.fit_edge(shell.ShellProfile(D, number, y, 1.0, np.full(D.size, 1e-6)))
    assert place == pytest.approx(0.7, abs=0.1) and blur == pytest.approx(1.5, abs=0.15)


def test_noise_is_not_spread():
    rng = np.random.default_rng(6)
    stds = np.full(400, 3.0)
    for true in (0.0, 2.0):
        mean, spread = shell.estimate_spread(12 + true * rng.normal(size=400) + 3 * rng.normal(size=400), stds)
        assert spread == pytest.approx(true, abs=0.45) and mean == pytest.approx(12, abs=0.8)


def test_the_mean_of_the_whole_edge_allows_for_neighbours_that_are_alike():
    """Pieces of 20 windows of an autoregressive edge: independent windows would claim a third of the error."""
    rng, found = np.random.default_rng(9), []
    for _ in range(60):
        line = [rng.normal()]
        for _ in range(19):
            line.append(0.7 * line[-1] + np.sqrt(1 - 0.49) * rng.normal())
        values = 12 + 2 * np.array(line) + 0.5 * rng.normal(size=20)
        found.append(shell.extrapolate_mean(values, np.full(20, 0.5), 10 * np.arange(20.0)))
    error = np.sqrt(np.mean([(w.mean - 12) ** 2 for w in found]))
    stated = np.sqrt(np.mean([w.std**2 for w in found]))
    assert 0.8 < stated / error < 1.6
    assert np.mean([w.low < 12 < w.high for w in found]) > 0.87


@pytest.mark.parametrize(("bare", "counts"), [(0, 40.0), (15, 40.0), (40, 40.0), (15, 6.0)])
def test_coverage_is_true_and_bounded(bare, counts):
    """An edge of 240 nm in pieces of 1 nm, whose thickness changes within some 10 nm; `bare` of 120 stretches."""
    rng = np.random.default_rng(7)
    thickness = np.interp(np.arange(240), np.arange(0, 250, 10), rng.normal(1.0, 0.17, 25))
    thickness[: 2 * bare] = 0
    gap, coated = np.full(240, 0.25), np.full(240, counts / 2 + 0.25)
    found = shell_gaps.measure_coverage(
        rng.poisson(0.25 + counts / 2 * thickness).astype(float), gap, coated, 1.0, 10.0
    )
    true = 1 - bare / 120
    assert found.share == pytest.approx(true, abs=0.02) and found.low <= true <= found.high
    if bare:
        assert len(found.gaps) == len(found.lengths) == 1 and found.gaps[0, 0] == 0
        assert found.gaps[0, 1] == pytest.approx(2 * bare, abs=4)
    else:  # rule of three: 0.05^(1/24)
        assert found.low == pytest.approx(0.05 ** (1 / 24), abs=1e-6) and found.high == found.share == 1
        assert found.shortest == 2  # one stretch: forty counts that are missing are seen


@pytest.mark.parametrize(("blur", "bias"), [(0.5, 0.2), (1.0, 0.2), (1.5, 0.4)])
def test_blur_along_the_edge_leaves_a_gap_its_length(blur, bias):
    """A gap of 6 nm, smeared until hardly any of it is bare: the coating that is missing is about the same."""
    place = np.arange(240) + 0.5
    covered = 1 - ndtr((place - 100) / blur) + ndtr((place - 106) / blur)
    found = []
    for seed in range(12):
        counts = np.random.default_rng(seed).poisson(0.3 + 30 * covered).astype(float)
        found.append(shell_gaps.measure_coverage(counts, np.full(240, 0.3), np.full(240, 30.3), 1.0, 10.0).lengths)
    assert all(len(lengths) == 1 for lengths in found)
    assert np.mean(found) == pytest.approx(6.0, abs=bias)


def test_a_thin_coating_is_no_gap():
    """Half of the mean thickness over 10 nm, at doses where that is plainly seen."""
    rng = np.random.default_rng(5)
    thickness = np.interp(np.arange(240), [0, 100, 105, 115, 120, 240], [1, 1, 0.5, 0.5, 1, 1])
    for counts in (15.0, 75.0):
        z = rng.poisson(0.3 + counts * thickness).astype(float)
        found = shell_gaps.measure_coverage(z, np.full(240, 0.3), np.full(240, counts + 0.3), 1.0, 10.0)
        assert found.share == 1 and found.lengths.size == 0


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_coverage_of_few_pieces(size):
    gap, coated = np.full(size, 0.5), np.full(size, 40.5)
    bare = shell_gaps.measure_coverage(gap, gap, coated, 1.0, 10.0)
    assert bare.share == pytest.approx(0, abs=0.05) and bare.low < 0.01
    full = shell_gaps.measure_coverage(coated, gap, coated, 1.0, 10.0)
    assert full.share == 1 and full.low == pytest.approx(0.05, abs=1e-9) and len(full.gaps) == 0


def test_a_tail_of_four_per_cent_is_found_and_none_is_not():
    rng = np.random.default_rng(8)
    for tail in (0.0, 0.04):
        stack = profile(rng, counts=5.0, tail=tail)
        found = shell.test_for_diffusion(stack, shell.fit_stack(stack, 1.0), 0.1, 3.0)
        assert found.found == (tail > 0)
        assert found.share == pytest.approx(tail, abs=0.012) and tail <= found.limit < 0.07


def test_the_tail_holds_one_and_lies_inside():
    d = np.arange(-60, 30, 0.01)
    shape = shell.evaluate_tail(d, 0.0, 1.0, 3.0)
    assert shape.sum() * 0.01 == pytest.approx(1, abs=1e-3)
    assert (d * shape).sum() * 0.01 == pytest.approx(-3.0, abs=0.02)
