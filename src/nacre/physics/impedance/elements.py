"""Circuit elements: what they are called, their parameters, their impedance and its derivatives.

Z(omega) of each element, s = j omega, after Orazem and Tribollet, Electrochemical Impedance Spectroscopy (2017):

    R   resistor                R
    C   capacitor               1 / (s C)
    L   inductor                s L
    Q   constant-phase element  1 / (Q s^n)
    W   Warburg, semi-infinite  A (1 - j) / sqrt(omega)
    Wo  Warburg, blocked end    R coth(u) / u,  u = sqrt(s tau)
    Ws  Warburg, open reservoir R tanh(u) / u
    G   Gerischer               R / sqrt(1 + s tau)
    Tb  porous electrode, blocking interface: R_ion coth(u) / u, u = sqrt(R_ion y), y = Q s^n
    Tr  porous electrode with reaction: the same with y = 1/R_ct + Q s^n
    Te  the same with an electronic rail R_el: a (1 + 2/(u sinh u)) + b coth(u)/u,
        u = sqrt((R_ion + R_el) y), a = R_ion R_el/(R_ion + R_el), b = (R_ion^2 + R_el^2)/(R_ion + R_el)

The porous-electrode (transmission-line) forms are those of Bisquert, Phys. Chem. Chem. Phys. 2 (2000) 4185, with ions
entering at one face and electrons at the other; R_ion, R_el, R_ct and Q are totals of the electrode.
"""

from dataclasses import dataclass

import numpy as np
from numba import njit


@dataclass(frozen=True)
class Slot:
    """One parameter of an element: its name, unit and the range in which a fit may look."""

    name: str
    unit: str
    low: float
    high: float


@dataclass(frozen=True)
class CircuitElement:
    """A kind of element; `blocking` says that no direct current passes."""

    symbol: str
    code: int
    words: str
    slots: tuple[Slot, ...]
    blocking: bool = False


def _make_resistance_slot(name):
    return Slot(name, "ohm", 1e-9, 1e15)


_Q = Slot("Q", "S s^n", 1e-18, 1e9)
_N = Slot("n", "1", 0.2, 1.0)
_TAU = Slot("tau", "s", 1e-15, 1e12)

ELEMENTS = {
    element.symbol: element
    for element in (
        CircuitElement("R", 0, "resistor", (_make_resistance_slot("R"),)),
        CircuitElement("C", 1, "capacitor", (Slot("C", "F", 1e-18, 1e9),), True),
        CircuitElement("L", 2, "inductor", (Slot("L", "H", 1e-15, 1e6),)),
        CircuitElement("Q", 3, "constant-phase element", (_Q, _N), True),
        CircuitElement("W", 4, "semi-infinite Warburg", (Slot("A", "ohm s^-1/2", 1e-9, 1e15),), True),
        CircuitElement("Wo", 5, "Warburg with a blocked end", (_make_resistance_slot("R"), _TAU), True),
        CircuitElement("Ws", 6, "Warburg with a reservoir", (_make_resistance_slot("R"), _TAU)),
        CircuitElement("G", 7, "Gerischer element", (_make_resistance_slot("R"), _TAU)),
        CircuitElement("Tb", 8, "porous electrode, blocking", (_make_resistance_slot("R_ion"), _Q, _N), True),
        CircuitElement(
            "Tr",
            9,
            "porous electrode with reaction",
            (_make_resistance_slot("R_ion"), _make_resistance_slot("R_ct"), _Q, _N),
        ),
        CircuitElement(
            "Te",
            10,
            "porous electrode with reaction and electronic rail",
            (_make_resistance_slot("R_ion"), _make_resistance_slot("R_el"), _make_resistance_slot("R_ct"), _Q, _N),
        ),
    )
}


@njit(cache=True, nogil=True, error_model="numpy")
def _evaluate_hyperbolic(u):
    """coth u, 1/sinh u for Re u >= 0, without overflow."""
    e = np.exp(-u)
    d = 1.0 - e * e
    return (1.0 + e * e) / d, 2.0 * e / d


@njit(cache=True, nogil=True, error_model="numpy")
def _evaluate_porous(p, i, code, log_s, g):
    """The three transmission lines; g receives p dZ/dp."""
    n_rails = 2 if code == 10 else 1
    has_reaction = code >= 9
    k = i + n_rails
    conductance = 1.0 / p[k] if has_reaction else 0.0
    if has_reaction:
        k += 1
    storage = p[k] * np.exp(p[k + 1] * log_s)
    y = conductance + storage
    ionic = p[i]
    electronic = p[i + 1] if n_rails == 2 else 0.0
    total = ionic + electronic
    u = np.sqrt(total * y)
    coth, csch = _evaluate_hyperbolic(u)
    a, b = ionic * electronic / total, (ionic * ionic + electronic * electronic) / total
    z = a * (1.0 + 2.0 * csch / u) + b * coth / u
    slope = -2.0 * a * (csch / u + coth * csch) - b * (csch * csch + coth / u)
    shape_a, shape_b = 1.0 + 2.0 * csch / u, coth / u
    for rail in range(n_rails):
        own, other = p[i + rail], total - p[i + rail]
        da = other * other / (total * total)
        db = (own * own + 2.0 * own * other - other * other) / (total * total)
        g[i + rail] = own * (da * shape_a + db * shape_b + 0.5 * slope / total)
    if has_reaction:
        g[k - 1] = -0.5 * slope * conductance / y
    g[k] = 0.5 * slope * storage / y
    g[k + 1] = g[k] * p[k + 1] * log_s
    return z


@njit(cache=True, nogil=True, error_model="numpy")
def evaluate_element(code, p, i, log_omega, g):
    """Z of the element whose parameters start at p[i]; g[i:] receives dZ/dln(p)."""
    if code == 0:
        g[i] = p[i]
        return p[i] + 0j
    if code == 3:
        n, quarter = p[i + 1], 0.5 * np.pi * p[i + 1]
        size = np.exp(-n * log_omega) / p[i]
        z = complex(size * np.cos(quarter), -size * np.sin(quarter))
        g[i] = -z
        g[i + 1] = complex(-n * log_omega, -quarter) * z
        return z
    omega = np.exp(log_omega)
    s = 1j * omega
    if code == 1:
        z = 1.0 / (s * p[i])
        g[i] = -z
        return z
    if code == 2:
        z = s * p[i]
        g[i] = z
        return z
    if code == 4:
        z = p[i] * (1.0 - 1.0j) / np.sqrt(omega)
        g[i] = z
        return z
    if code == 7:
        d = 1.0 + s * p[i + 1]
        z = p[i] / np.sqrt(d)
        g[i] = z
        g[i + 1] = -0.5 * z * (d - 1.0) / d
        return z
    if code == 5 or code == 6:
        u = np.sqrt(s * p[i + 1])
        coth, csch = _evaluate_hyperbolic(u)
        if code == 5:
            z = p[i] * coth / u
            g[i + 1] = -0.5 * p[i] * (csch * csch + coth / u)
        else:
            tanh = 1.0 / coth
            z = p[i] * tanh / u
            g[i + 1] = 0.5 * p[i] * (1.0 - tanh * tanh - tanh / u)
        g[i] = z
        return z
    return _evaluate_porous(p, i, code, log_omega + 0.5j * np.pi, g)
