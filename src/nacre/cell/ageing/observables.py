"""What is measured on a cell of the model at a slow state: the cathode's interfacial resistance, the peak of dQ/dV of
the phase transition that is followed (materials/transitions.toml)."""

from dataclasses import dataclass

import numpy as np

from nacre.cell.ageing.half_cycle import apply_slow_state
from nacre.cell.ageing.long_test import LongTest
from nacre.materials.transitions import find_followed
from nacre.physics import p2d
from nacre.physics.cycling import dqdv

HOUR = 3600.0
RISE = 1e-3  # of its height that a maximum must rise above the lowest points on both sides
SMOOTHING = 0.010  # V: a wider kernel loses the peak, a narrower one finds the shoulder of the phase before


@dataclass(frozen=True)
class Resistance:
    """Of the cathode's particles against the electrolyte, ohm cm2 of plan area: total, of which films and transfer,
    at the filling that the rest after the discharge leaves."""

    total: float
    films: float
    filling: float


def measure_interfacial_resistance(walk: LongTest, rest: float = HOUR) -> Resistance:
    """Charge transfer and films over the true contact area, all particles in parallel, after a rest of `rest` s from
    the state the cell is in. The cell itself does not move.

    RT/(F i0 sqrt(1 + (j/2 i0)^2)) at the residual currents of the rest: without the diffusion impedance and the double
    layer, what the arc of a spectrum between them spans.
    """
    aged = apply_slow_state(walk.cell, walk.aged)
    prepared = p2d.prepare(aged, walk.how.mesh)
    state = prepared.run(p2d.rest(rest), walk.state, walk.how.tolerance).final if rest else walk.state
    cathode = p2d.linearise(prepared, state).cathode
    film = cathode.coating + cathode.interphase
    local = film + cathode.transfer
    total = 1.0 / (cathode.area / local).sum()
    films = total * total * (cathode.area * film / local**2).sum()
    filling = float(state.cathode.ravel() @ walk.weights["cathode"])
    return Resistance(float(1e4 * total), float(1e4 * films), filling)


def find_peak_position(
    volts: np.ndarray, charge: np.ndarray, window: tuple[float, float], smoothing=SMOOTHING
) -> float:
    """Place in V of the highest local maximum of dQ/dV inside a window of the cell's voltage; NaN where there is none.

    volts, charge: (n,) along a charge. The maximum must lie inside: a shoulder below the window and the next transition
    above it are often higher.
    """
    rising = np.maximum.accumulate(np.abs(charge - charge[0]))
    found = dqdv.compute_density(dqdv.accumulate_charge(volts, rising), 1e-3, smoothing)
    v, f = found.voltage, found.slope
    tops = np.flatnonzero((f[1:-1] > f[:-2]) & (f[1:-1] >= f[2:])) + 1
    tops = tops[(v[tops] > window[0]) & (v[tops] < window[1])]
    if not tops.size:
        return float("nan")
    k = tops[np.argmax(f[tops])]
    low, high = np.searchsorted(v, window)
    if f[k] < (1.0 + RISE) * max(f[low : k + 1].min(), f[k : high + 1].min()):
        return float("nan")
    left, middle, right = f[k - 1 : k + 2]
    bend = left - 2.0 * middle + right
    return float(v[k] + (0.5 * (left - right) / bend * (v[1] - v[0]) if bend else 0.0))


def find_peak_window(walk: LongTest) -> tuple[float, float]:
    """Where the followed transition's peak is sought, in volts of the cell: the anode's plateau taken off."""
    plateau = float(walk.cell.anode.ocp(0.5))
    low, high = find_followed().charge
    return low - plateau, high - plateau
