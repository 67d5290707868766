"""Where the named circuit does not describe the data: a circuit read off the distribution of relaxation times.

Arcs (R|Q) in series with a resistance, an inductance where the spectrum has one and a storage element where it ends
open. The number of arcs is searched about the number of relaxations seen; each circuit is fitted from data-driven
starts and from the peaks, and the one of lowest BIC comes first.
"""

from .constraints import Constraints
from .drt import DRT
from .fit import CircuitFit, fit_circuit

MOST_ARCS = 7
_FIT_STARTS = 20


def suggest_circuit(
    frequency, impedance, distribution: DRT, weights="modulus", std=None, seed=0
) -> tuple[CircuitFit, ...]:
    """Fits of the circuits that the DRT offers, the best (lowest BIC) first. Takes about a second."""
    seen = max(len(distribution.peaks), 1)
    tails = ("", "-Q_lf") if any(distribution.blocking.values()) else ("",)
    heads = ("R_0-", "L_0-R_0-") if distribution.inductance > 0 else ("R_0-",)
    fits = []
    for n in range(max(1, seen - 3), min(MOST_ARCS, seen + 2) + 1):
        if 3 * n + 5 >= len(frequency):
            break
        arcs = "-".join(f"(R_{k}|Q_{k})" for k in range(1, n + 1))
        for head in heads:
            for tail in tails:
                text = head + arcs + tail
                fits.append(_fit_better(text, frequency, impedance, _make_start(distribution, n), weights, std, seed))
    return tuple(sorted(fits, key=lambda one: one.bic))


def _make_start(distribution, n):
    """Starting values for n arcs from the n largest peaks, or nothing where there are fewer."""
    largest = sorted(distribution.peaks, key=lambda peak: -peak.resistance)[:n]
    start = {}
    for k, peak in enumerate(sorted(largest, key=lambda peak: peak.tau), start=1):
        start |= {f"R_{k}": peak.resistance, f"Q_{k}.Q": peak.tau**0.85 / peak.resistance, f"Q_{k}.n": 0.85}
    return start if len(largest) == n else {}


def _fit_better(text, frequency, impedance, start, weights, std, seed):
    free = fit_circuit(text, frequency, impedance, weights, std, starts=_FIT_STARTS, seed=seed)
    if not start:
        return free
    guided = fit_circuit(
        text, frequency, impedance, weights, std, Constraints(start=start), starts=_FIT_STARTS, seed=seed
    )
    return guided if guided.chi2 < free.chi2 else free
