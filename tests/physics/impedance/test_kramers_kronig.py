import numpy as np
import pytest

from nacre.physics.impedance.kramers_kronig import check_kramers_kronig
from nacre.physics.impedance.spectrum import ImpedanceError
from physics.impedance.spectra import noisy
from physics.impedance.validity_gate import CIRCUITS, WIDE, spectrum

SEEDS, NOISE = 30, 0.002


def caught(drift, noise=NOISE, seeds=SEEDS):
    """Share of spectra called drifting, by circuit."""
    share = {}
    for number, name in enumerate(CIRCUITS):
        f, z = spectrum(name, drift)
        verdicts = [
            check_kramers_kronig(f, noisy(z, noise, np.random.default_rng([number, s]))).verdict for s in range(seeds)
        ]
        share[name] = verdicts.count("drifting") / seeds
    return share


@pytest.mark.slow
def test_the_gate_over_sixteen_circuits(record_property, capsys):
    """0.2 % noise: at most 5 % false alarms; a resistance that rises by 10 % is seen in at least 85 %."""
    table = {drift: caught(drift) for drift in (0.0, 0.02, 0.05, 0.10, 0.20)}
    mean = {drift: np.mean(list(share.values())) for drift, share in table.items()}
    with capsys.disabled():
        text = ", ".join(f"+{100 * drift:g} %: {share:.1%}" for drift, share in mean.items() if drift)
        print(f"\nKramers-Kronig gate: false alarms {mean[0.0]:.1%}; power {text}")  # noqa: T201
    assert mean[0.0] <= 0.05
    assert max(table[0.0].values()) <= 0.2
    assert mean[0.10] >= 0.85
    assert mean[0.02] < mean[0.05] < mean[0.10] <= mean[0.20]


@pytest.mark.parametrize("noise", [0.0005, 0.01])
def test_false_alarms_stay_rare_at_other_noise_levels(noise):
    """The level of the test must not lean on how noisy the instrument is."""
    share = caught(0.0, noise, seeds=12)
    assert np.mean(list(share.values())) <= 0.05


def test_a_sound_spectrum_is_valid_and_says_so():
    f, z = spectrum("2 cell, bare")
    result = check_kramers_kronig(f, noisy(z, NOISE, np.random.default_rng(3)))
    assert result.verdict == "valid"
    assert result.noise == pytest.approx(NOISE, rel=0.2)
    assert result.trusted == (f.min(), f.max())
    assert "obeys Kramers-Kronig" in result.sentence()
    assert np.all(np.diff(list(result.power.values())) >= 0)


def test_without_noise_the_fit_is_close_and_the_order_of_points_does_not_matter():
    f, z = spectrum("4 one arc")
    up, down = check_kramers_kronig(f[::-1], z[::-1]), check_kramers_kronig(f, z)
    assert down.rms < 2e-5
    assert up.rms == pytest.approx(down.rms, rel=1e-3)
    np.testing.assert_allclose(down.fitted, z[::-1], rtol=2e-4)


def test_a_cell_of_negative_resistance_is_judged_in_the_admittance_form():
    f, z = spectrum("11 negative at direct current")
    result = check_kramers_kronig(f, noisy(z, NOISE, np.random.default_rng(5)))
    assert (result.verdict, result.form) == ("valid", "admittance")


def test_drift_at_the_slow_end_leaves_the_fast_end_to_trust():
    """The resistance jumps by 8 % below 1 Hz: what lies above is sound and is named."""
    f, r, z = CIRCUITS["1 two RC"]
    s = 2j * np.pi * f
    broken = np.where(f < 1, z(s, 1.08 * r), z(s, r))
    result = check_kramers_kronig(f, noisy(broken, NOISE, np.random.default_rng(7)))
    assert result.verdict == "drifting"
    assert result.p_value < 1e-6
    low, high = result.trusted
    assert 0.5 < low < 30
    assert high == f.max()
    assert "breaks Kramers-Kronig" in result.sentence()
    assert "Hz passes" in result.sentence()


def test_a_noisy_spectrum_is_not_called_valid():
    f, z = spectrum("4 one arc")
    result = check_kramers_kronig(f, noisy(z, 0.05, np.random.default_rng(1)))
    assert result.verdict == "too noisy"
    assert result.power[0.1] < 0.5
    assert "too noisy to judge" in result.sentence()


def test_time_of_each_point_is_used_where_it_is_known():
    """A slow last decade: drift in time, told to the test as time, is caught."""
    f, r, z = CIRCUITS["4 one arc"]
    time = np.cumsum(3 / f)
    drifting = np.array([z(2j * np.pi * f[k : k + 1], r * (1 + 0.1 * time[k] / time[-1]))[0] for k in range(f.size)])
    result = check_kramers_kronig(f, noisy(drifting, NOISE, np.random.default_rng(2)), time)
    assert result.verdict == "drifting"


def test_bad_input_is_refused_in_words():
    with pytest.raises(ImpedanceError, match="spans 1 decades"):
        check_kramers_kronig(np.geomspace(10, 1, 20), np.full(20, 5 - 1j))
    with pytest.raises(ImpedanceError, match="11 points; a Kramers-Kronig test needs at least 12"):
        check_kramers_kronig(np.geomspace(1e4, 1, 11), np.full(11, 5 - 1j))
    with pytest.raises(ImpedanceError, match=r"time has shape \(3,\)"):
        check_kramers_kronig(WIDE, np.full(71, 5 - 1j), time=[1, 2, 3])
