"""Starting values taken from the spectrum itself.

The outermost series is read from high to low frequency: lone resistors take the real part where the spectrum begins,
lone storage elements the imaginary part where it ends, and each arc the rise of the real part over its own share of
the frequency range. The first start shares the range evenly, the others at random.
"""

import numpy as np

from .circuit import Circuit
from .grammar import Leaf, ParallelGroup, SeriesGroup


def draw_starts(circuit: Circuit, f, z, count, rng):
    """Log parameters, shape (count, p), for frequency f [Hz], rising, and impedance z [ohm]."""
    out = np.zeros((count, len(circuit.names)))
    place = _StartWriter(circuit, out, rng, count)
    parts = circuit.tree.parts if isinstance(circuit.tree, SeriesGroup) else (circuit.tree,)
    resistors = [p for p in parts if _is_lone_element(p, "R")]
    inductors = [p for p in parts if _is_lone_element(p, "L")]
    stores = [p for p in parts if isinstance(p, Leaf) and p.element.blocking]
    arcs = [p for p in parts if p not in resistors and p not in inductors and p not in stores]
    omega = 2 * np.pi * f
    floor = 1e-3 * np.abs(z).max()
    for part in resistors:
        place(part, place.spread(max(abs(z.real).min(), 1e-2 * floor) / len(resistors), 0.3), omega[-1])
    for part in inductors:
        place(part, place.spread(max(abs(z[-1].imag), 1e-2 * abs(z[-1])), 0.7), omega[-1])
    for part in stores:
        place(part, place.spread(max(abs(z[0].imag), 1e-6 * abs(z[0])) / len(stores), 0.3), omega[0])
    if arcs:
        edges = _draw_edges(np.log(omega), len(arcs), count, rng)
        real = np.interp(edges, np.log(omega), z.real)
        for k, part in enumerate(arcs):
            rise = np.maximum(np.abs(real[:, k + 1] - real[:, k]), floor)
            place(part, place.spread(rise, 0.2), np.exp(0.5 * (edges[:, k] + edges[:, k + 1])))
    return out


def _is_lone_element(part, symbol):
    return isinstance(part, Leaf) and part.element.symbol == symbol


def _draw_edges(log_omega, n, count, rng):
    """Falling log frequencies (count, n + 1) that share the range among n arcs."""
    low, high = log_omega[0], log_omega[-1]
    inner = np.sort(rng.uniform(low, high, (count, n - 1)), axis=1)[:, ::-1]
    inner[0] = np.linspace(high, low, n + 1)[1:-1]
    return np.column_stack([np.full(count, high), inner, np.full(count, low)])


class _StartWriter:
    """Writes starting values of a part that shows an impedance |z| at an angular frequency omega (arrays (count,))."""

    def __init__(self, circuit, out, rng, count):
        self.out, self.rng, self.count, self.at = out, rng, count, {}
        for k, parameter in enumerate(circuit.parameters):
            self.at.setdefault(parameter.element, []).append((k, parameter.slot.name))

    def spread(self, value, width):
        """`value` in the first start, log-normal about it in the others."""
        noise = self.rng.normal(0.0, width * np.log(10), self.count)
        noise[0] = 0.0
        return value * np.exp(noise)

    def __call__(self, part, z, omega):
        if isinstance(part, ParallelGroup):
            for child in part.parts:
                self(child, self.spread(z, 0.1), omega)
        elif isinstance(part, SeriesGroup):
            for child in part.parts:
                self(child, self.spread(z, 0.2), omega)
                omega = omega * 10.0 ** -self.rng.uniform(0.0, 3.0, self.count)
        else:
            self.leaf(part, z, omega)

    def leaf(self, leaf, z, omega):
        n = self.rng.uniform(0.6, 1.0, self.count)
        n[0] = 0.85
        values = {
            "R": z, "R_ion": z, "R_el": 0.3 * z, "R_ct": z, "C": 1 / (omega * z), "L": z / omega, "n": n,
            "Q": 1 / (z * omega**n), "A": z * np.sqrt(omega / 2), "tau": 1 / (omega + 0 * z),
        }  # fmt: skip
        for k, slot in self.at[leaf.label]:
            self.out[:, k] = np.log(values[slot])
