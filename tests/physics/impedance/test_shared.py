import numpy as np
import pytest

from nacre.physics.impedance.constraints import Constraints, Sharing
from nacre.physics.impedance.fit import fit_circuit
from nacre.physics.impedance.shared import fit_shared
from nacre.physics.impedance.spectrum import ImpedanceError
from physics.impedance.spectra import BARE, COATED, PAPER, PAPER_FREQUENCY, cpe, noisy, paper, s_of, together

BULK = ("R_bulk", "R_gb", "Q_gb.Q", "Q_gb.n")


def pair(seed, bare=BARE, coated=COATED):
    rng = np.random.default_rng(seed)
    return [(PAPER_FREQUENCY, noisy(paper(PAPER_FREQUENCY, truth), 0.003, rng)) for truth in (bare, coated)]


def test_bare_and_coated_share_bulk_and_grain_boundary():
    found = fit_shared(PAPER, pair(1), Sharing(shared=BULK))
    np.testing.assert_array_equal(found.values[0, :4], found.values[1, :4])
    assert found.n_free == 14
    assert found.values[0, 4] == pytest.approx(1082, rel=0.02)
    assert found.values[1, 4] == pytest.approx(64, rel=0.02)
    assert found.bic < found.bic_alone
    alone = fit_circuit(PAPER, *pair(1)[0])
    assert found.log_std[0, 0] < alone.log_std[0]


def test_sharing_what_is_not_shared_is_shown_by_the_criteria():
    found = fit_shared(PAPER, pair(2, coated=COATED | {"R_gb": 26.0}), Sharing(shared=BULK))
    assert found.bic > found.bic_alone
    assert found.aicc > found.aicc_alone


@pytest.mark.slow
def test_coverage_of_the_contrast():
    """The ratio of R_cam_se, bare to coated: 95 % intervals hold the truth (150 pairs)."""
    n, inside = 150, 0
    truth = np.log(1082 / 64)
    for seed in range(n):
        ratio, std = fit_shared(PAPER, pair(seed), Sharing(shared=BULK), starts=3).log_ratio("R_cam_se", 0, 1)
        inside += abs(ratio - truth) <= 1.96 * std
    assert abs(inside / n - 0.95) <= 3 * np.sqrt(0.95 * 0.05 / n)


def test_arrhenius_sharing_returns_the_activation_energy():
    temperature, energy = (298.15, 308.15, 318.15, 328.15), 35e3
    f, rng, spectra = np.geomspace(7e6, 1, 50), np.random.default_rng(3), []
    for t in temperature:
        r = 100 * np.exp(energy / 8.314462618 * (1 / t - 1 / 313.15))
        z = together(r + 0 * f, cpe(s_of(f), 1e-9, 0.9)) + cpe(s_of(f), 1e-5, 0.9)
        spectra.append((f, noisy(z, 0.003, rng)))
    found = fit_shared("(R_1|Q_1)-Q_2", spectra, Sharing(("Q_1.Q", "Q_1.n"), ("R_1",), temperature))
    value, std = found.activation_energy["R_1"]
    assert abs(value - energy) < 4 * std
    assert std < 0.01 * energy
    assert found.n_free == 2 + 2 + 4 * 2
    np.testing.assert_allclose(found.values[:, 0], [100 * np.exp(energy / 8.314462618 * (1 / t - 1 / 313.15))
                                                    for t in temperature], rtol=0.01)  # fmt: skip


@pytest.mark.parametrize(
    ("sharing", "known", "words"),
    [
        (Sharing(("R_bulc",)), None, r"did you mean 'R_bulk'\?"),
        (Sharing(("R_bulk",)), Constraints(fixed={"R_bulk": 1}), "R_bulk is shared and also fixed"),
        (Sharing(("R_bulk",), ("R_bulk",), (300, 310)), None, "both shared and Arrhenius"),
        (Sharing((), ("R_bulk",), (300,)), None, "temperature in kelvin of each of the 2 spectra; found 1"),
        (Sharing((), ("R_bulk",), (300, 300)), None, "at least two different temperatures"),
    ],
)
def test_contradictions_are_refused_in_words(sharing, known, words):
    with pytest.raises(ImpedanceError, match=words):
        fit_shared(PAPER, pair(1), sharing, known=known)
