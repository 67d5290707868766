"""How deep photoelectrons come from, and what a layer on top does to them.

Energies in eV, lengths in nm, densities in g/cm3, angles in rad from the surface normal.
"""

import math

import numpy as np
from scipy.optimize import brentq

LIMIT = 3.0  # attenuation lengths (times cos) beyond which a substrate's signal is lost in other things
AVERAGE_EXPONENT = 0.75  # of the escape depth on kinetic energy, for an average matrix (Jablonski 2009, Ag to Si)


def compute_inelastic_mean_free_path(energy, density: float, molar_mass: float, valence: float, gap: float):
    """IMFP in nm by the TPP-2M formula, 50 to 2000 eV (S. Tanuma, C. J. Powell, D. R. Penn, Surf. Interface Anal. 21
    (1994) 165, eq. 3-8; rms deviation about 11 %, Surf. Interface Anal. 35 (2003) 268).

    molar_mass : g/mol of the formula unit; valence : its valence electrons; gap : eV.
    """
    energy = np.asarray(energy, float)
    u = valence * density / molar_mass
    plasmon2 = 829.4 * u
    beta = -0.10 + 0.944 / math.sqrt(plasmon2 + gap**2) + 0.069 * density**0.1
    gamma = 0.191 / math.sqrt(density)
    c, d = 1.97 - 0.91 * u, 53.4 - 20.8 * u
    return 0.1 * energy / (plasmon2 * (beta * np.log(gamma * energy) - c / energy + d / energy**2))


def compute_layer_ratio(thickness: float, own: float, through: float, angle: float) -> float:
    """Signal of a uniform layer over that of what is below, each against its bulk: the two-length equation.

    own, through : attenuation lengths (nm) of the layer's line and of the substrate's line, both in the layer
    (J. M. Hill et al., Chem. Phys. Lett. 44 (1976) 225; B. R. Strohmeier, Surf. Interface Anal. 15 (1990) 51, for one
    length).
    """
    c = math.cos(angle)
    return -math.expm1(-thickness / (own * c)) * math.exp(thickness / (through * c))


def solve_layer_thickness(ratio: float, own: float, through: float, angle: float) -> tuple[float, float]:
    """(thickness in nm of the uniform layer that would give `ratio`, the largest that can be told).

    The first number means a thickness only where it is below the second. Raises ValueError for a negative ratio.
    """
    if ratio < 0:
        raise ValueError(f"the ratio of signals cannot be negative, found {ratio:g}")
    limit = LIMIT * through * math.cos(angle)
    if ratio == 0:
        return 0.0, limit
    high = 30.0 * max(own, through)
    root = brentq(
        lambda d: math.log(compute_layer_ratio(d, own, through, angle)) - math.log(ratio), 1e-9, high, xtol=1e-9
    )
    return float(root), limit


def compute_coverage(ratio: float) -> float:
    """Covered part of the surface if the layer is thick where it is: its signal over the substrate's is f/(1 - f)."""
    return ratio / (1.0 + ratio)
