"""The Kramers-Kronig gate on circuits that were never used to make it."""

import numpy as np
import pytest

from nacre.physics.impedance.kramers_kronig import check_kramers_kronig
from physics.impedance.second_gate import CIRCUITS, LAB, spectrum
from physics.impedance.spectra import noisy, s_of
from physics.impedance.validity_gate import rc

SEEDS, NOISE = 30, 0.002
# an arc that shows only at the slow end drifts by little while it is in view: no test of the spectrum alone sees that
HIDDEN = ("2 two arcs far apart", "7 line behind a grain boundary")


def judged(drift):
    """Verdicts and predicted chances of detection at +10 %, by circuit."""
    found = {}
    for number, name in enumerate(CIRCUITS):
        f, z = spectrum(name, drift)
        found[name] = [
            check_kramers_kronig(f, noisy(z, NOISE, np.random.default_rng([77, number, s]))) for s in range(SEEDS)
        ]
    return found


@pytest.mark.slow
def test_the_gate_over_sixteen_other_circuits(capsys):
    """False alarms stay below 5 %. The power is below that on the first list: it is printed, and its forecast holds."""
    sound, drifting = judged(0.0), judged(0.10)
    alarms = {name: np.mean([k.verdict == "drifting" for k in found]) for name, found in sound.items()}
    caught = {name: np.mean([k.verdict == "drifting" for k in found]) for name, found in drifting.items()}
    forecast = np.mean([k.power[0.10] for found in sound.values() for k in found])
    mean = np.mean(list(caught.values()))
    with capsys.disabled():
        rows = ", ".join(f"{name}: {share:.0%}" for name, share in caught.items() if share < 0.85)
        text = f"false alarms {np.mean(list(alarms.values())):.1%}; power at +10 % {mean:.1%} (forecast {forecast:.1%})"
        print(f"\nKramers-Kronig gate, second list: {text}; below 85 %: {rows}")  # noqa: T201
    assert np.mean(list(alarms.values())) <= 0.05
    assert max(alarms.values()) <= 0.2
    assert mean == pytest.approx(forecast, abs=0.15)
    assert np.mean([share for name, share in caught.items() if name not in HIDDEN]) >= 0.85


def test_what_is_steady_under_neither_control_is_refused():
    """A pole and a zero in the right half-plane: such a cell cannot have been measured at rest."""
    z = 400 + rc(s_of(LAB), -350, 2e-5) + rc(s_of(LAB), 60, 1e-6)
    assert check_kramers_kronig(LAB, noisy(z, NOISE, np.random.default_rng(1))).verdict == "drifting"
