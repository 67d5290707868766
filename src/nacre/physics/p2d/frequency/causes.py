"""Resistance by cause: the impedance of a cell as a sum over what its current passes.

B. D. H. Tellegen (Philips Res. Rep. 7 (1952) 259): in a network that carries the current I, the sum of v_b i_b* over
all branches is V I*. So Z = sum of z_b |i_b / I|^2 exactly, at every frequency; the real part of a term is the power
that branch turns into heat, over |I|^2, and what the branches of one cause sum to is the resistance by that
cause. Terms of resistors are real; those of particles and double layers also store, which is their imaginary part.
"""

from collections.abc import Sequence

import numpy as np

from nacre.physics.p2d.cell import Electrode
from nacre.physics.p2d.frequency.linearised_cell import Linear, LinearElectrode, check_frequencies
from nacre.physics.p2d.frequency.network import flows

OF_CELL = ("bulk", "grain boundary", "contact")
OF_ELECTRODE = ("coating", "interphase", "charge transfer", "diffusion", "double layer", "ions", "electrons")


def by_cause(linear: Linear, frequencies: Sequence[float] | np.ndarray) -> dict[str, np.ndarray]:
    """Complex terms (frequencies,) in ohm m2 of plan area whose sum is the impedance.

    bulk, grain boundary and contact; and of each electrode (`cathode coating` and so on) the films, the charge
    transfer, the diffusion in the particles, the double layer, and the ions' and the electrons' way through the
    composite. Raises ValueError for frequencies that are not positive.
    """
    s = 2j * np.pi * check_frequencies(frequencies).ravel()
    cell = linear.prepared.cell
    r, q = cell.grain_boundary_resistance, cell.grain_boundary_capacitance
    found = {
        "bulk": np.full(s.size, cell.separator_thickness / cell.separator_conductivity, complex),
        "grain boundary": r / (1.0 + r * q * s**cell.grain_boundary_exponent),
        "contact": np.full(s.size, cell.contact_resistance, complex),
    }
    for name in ("cathode", "anode"):
        parts = _electrode(getattr(cell, name), getattr(linear, name), s)
        found |= {f"{name} {cause}": value for cause, value in zip(OF_ELECTRODE, parts, strict=True)}
    return found


def _electrode(electrode: Electrode, e: LinearElectrode, s: np.ndarray) -> list[np.ndarray]:
    f = flows(electrode, e, s)
    through, reacting = e.area * np.abs(f.u) ** 2, e.area * np.abs(f.reacting) ** 2
    charging = e.area * f.reaction * f.u * np.conj(f.u - f.reacting)
    lanes = f.coating * through, f.interphase * through, e.transfer * reacting, e.slope * f.h * reacting, charging
    rails = e.electrolyte * np.abs(f.ionic) ** 2, e.solid * np.abs(1.0 - f.ionic) ** 2
    return [part.sum(axis=(1, 2)) + 0j for part in lanes] + [part.sum(axis=1) + 0j for part in rails]
