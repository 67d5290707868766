import numpy as np
import pytest

from nacre.physics.impedance.drt import compute_drt, solve_nonnegative
from nacre.physics.impedance.spectrum import ImpedanceError
from physics.impedance.spectra import BARE, COATED, PAPER_FREQUENCY, noisy, paper, s_of, together

F = np.geomspace(1e6, 0.1, 71)


def two_rc(level=0.003, seed=0):
    s = s_of(F)
    return noisy(10 + 50 / (1 + s * 1e-4) + 120 / (1 + s * 0.05), level, np.random.default_rng(seed))


def test_two_relaxations_come_back_with_resistance_and_time_constant():
    result = compute_drt(F, two_rc())
    assert len(result.peaks) == 2
    for peak, r, tau in zip(result.peaks, (50, 120), (1e-4, 0.05), strict=True):
        assert peak.resistance == pytest.approx(r, rel=0.02)
        assert peak.tau == pytest.approx(tau, rel=0.05)
        assert 0 < peak.resistance_std < 0.05 * r
        assert not peak.at_edge
    assert result.r_inf == pytest.approx(10, rel=0.03)
    assert result.polarisation == pytest.approx(170, rel=0.01)


def test_gamma_of_an_arc_is_the_analytic_one():
    """ZARC: gamma(ln tau) = R/(2 pi) sin((1-n) pi) / (cosh(n ln(tau/tau0)) - cos((1-n) pi)); bands hold it."""
    r, n, tau0 = 100.0, 0.8, 1e-3
    z = 5 + together(r + 0 * F, r / (s_of(F) * tau0) ** n)
    result = compute_drt(F, noisy(z, 0.003, np.random.default_rng(1)))
    x = np.log(result.tau / tau0)
    truth = r / (2 * np.pi) * np.sin((1 - n) * np.pi) / (np.cosh(n * x) - np.cos((1 - n) * np.pi))
    inside = np.abs(np.log(result.tau / tau0)) < 5
    assert np.max(np.abs(result.gamma - truth)[inside]) < 0.12 * truth.max()
    held = (result.low <= truth + 0.02 * truth.max()) & (truth - 0.02 * truth.max() <= result.high)
    assert np.mean(held[inside]) > 0.8
    assert len(result.peaks) == 1
    assert result.peaks[0].resistance == pytest.approx(r, rel=0.03)


@pytest.mark.parametrize(("truth", "r"), [(BARE, 1082), (COATED, 64)])
def test_the_cells_of_the_paper_show_grain_boundary_and_cathode(truth, r):
    result = compute_drt(PAPER_FREQUENCY, noisy(paper(PAPER_FREQUENCY, truth), 0.003, np.random.default_rng(2)))
    assert result.peaks[0].resistance == pytest.approx(20, rel=0.1)
    assert max(peak.resistance for peak in result.peaks) == pytest.approx(r, rel=0.05)
    assert sum(result.blocking.values()) > 0
    assert result.rms < 0.004


def test_inductance_and_capacitance_are_set_apart():
    s = s_of(F)
    z = two_rc(0.001) + s * 1e-6 + 1 / (s * 0.05)
    result = compute_drt(F, z)
    assert result.inductance == pytest.approx(1e-6, rel=0.1)
    assert 1 / result.blocking[1.0] == pytest.approx(0.05, rel=0.2)
    closed = compute_drt(F, two_rc(), blocking=False)
    assert closed.blocking == {}


def test_regularisation_follows_the_noise():
    calm, loud = (compute_drt(F, two_rc(level), draws=50) for level in (0.0005, 0.02))
    assert np.mean(loud.high - loud.low) > np.mean(calm.high - calm.low)
    assert loud.noise > 10 * calm.noise


def test_without_draws_there_are_no_bands():
    result = compute_drt(F, two_rc(), draws=0)
    assert np.all(np.isnan(result.low))
    assert np.isnan(result.peaks[0].resistance_std)


def test_a_relaxation_beyond_the_range_is_marked():
    z = 10 + 40 / (1 + s_of(F) * 1e-4) + 300 / (1 + s_of(F) * 4.0)
    result = compute_drt(F, noisy(z, 0.002, np.random.default_rng(0)), blocking=False)
    assert result.peaks[-1].at_edge


def test_nonnegative_least_squares_meets_its_conditions():
    rng = np.random.default_rng(0)
    for _ in range(20):
        a, b = rng.normal(size=(40, 25)), rng.normal(size=40)
        gram, target = a.T @ a, a.T @ b
        x = solve_nonnegative(gram, target, np.ones(25))
        dual = gram @ x - target
        assert np.all(x >= 0)
        assert np.all(dual[x == 0] > -1e-5)
        np.testing.assert_allclose(dual[x > 0], 0, atol=1e-5)


def test_one_decade_is_refused():
    with pytest.raises(ImpedanceError, match=r"at least 1\.5: measure a wider range"):
        compute_drt(np.geomspace(10, 1, 20), np.full(20, 5 - 1j))
