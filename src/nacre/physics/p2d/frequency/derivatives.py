"""Derivatives of the impedance by the numbers of the cell at a fixed state, through the linear system itself.

The network is reciprocal, so that dZ/dz_b = (i_b / I)^2 for each branch b: one solution gives the derivative by every
number (S. W. Director and R. A. Rohrer, IEEE Trans. Circuit Theory 16 (1969) 318). What a number does to the branches
is written out: power laws, the chain rule through the reaction, and for diffusion the derivative of the particles' own
recurrence. Where currents flow at the state itself (particles that differ, or a current), these change too; that
change is solved for on the ladder with the particles held.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nacre.physics.constants import FARADAY, GAS, VACUUM_PERMITTIVITY
from nacre.physics.p2d.cell import Electrode
from nacre.physics.p2d.frequency.linearised_cell import Linear, LinearElectrode, check_frequencies
from nacre.physics.p2d.frequency.network import Flows, flows, ladder_matrix, response_and_slope

# d ln(array) / d ln(number): area, source of the particles, D, resistances along the electrolyte and the solid
_POWERS = {
    "thickness": (1, 0, 0, 1, 1),
    "radii": (-1, -1, -2, 0, 0),
    "volume_fractions": (1, 0, 0, 0, 0),
    "c_max": (0, -1, 0, 0, 0),
    "diffusivity": (0, 0, 1, 0, 0),
    "ionic_conductivity": (0, 0, 0, -1, 0),
    "electronic_conductivity": (0, 0, 0, 0, -1),
    "contact": (1, 1, 0, 0, 0),
    "active": (1, 0, 0, 0, 0),
}
_FACTORS = ("radii", "volume_fractions", "diffusivity", "contact", "active", "interphase_thickness")
_FILMS = (
    "coating_thickness", "coating_conductivity", "coating_permittivity",
    "interphase_thickness", "interphase_resistivity", "interphase_permittivity",
)  # fmt: skip
_REACTION = ("exchange", "exchange_oxidation", "exchange_reduction")
_LAYER = ("double_layer", "double_layer_exponent")
OF_ELECTRODE = (*_POWERS, *_FILMS, *_REACTION, *_LAYER)
OF_CELL = (
    "separator_thickness", "separator_conductivity", "grain_boundary_resistance", "grain_boundary_capacitance",
    "grain_boundary_exponent", "contact_resistance", "temperature",
)  # fmt: skip
NAMES = (*OF_CELL, *(f"{part}.{name}" for part in ("cathode", "anode") for name in OF_ELECTRODE))


@dataclass(frozen=True, eq=False)
class _Change:
    """What one number does: tangents of the electrode's arrays (zeros where it does nothing)."""

    area: np.ndarray
    source: np.ndarray
    log_d: float = 0.0
    electrolyte: np.ndarray | float = 0.0
    solid: np.ndarray | float = 0.0
    coating: np.ndarray | float = 0.0
    coating_capacity: np.ndarray | float = 0.0
    interphase: np.ndarray | float = 0.0
    interphase_capacity: np.ndarray | float = 0.0
    log_i0: np.ndarray | float = 0.0
    growth: np.ndarray | float = 0.0
    log_thermal: float = 0.0
    layer: np.ndarray | float = 0.0


def derivatives(
    linear: Linear, frequencies: Sequence[float] | np.ndarray, names: Sequence[str] = NAMES
) -> dict[str, np.ndarray]:
    """dZ/dp (frequencies,) for numbers of `Cell` and, as `cathode.contact`, of `Electrode`; ohm m2 per unit of each.

    Of radii, volume_fractions, diffusivity, contact, active and interphase_thickness, which may be several numbers or
    a function, it is the derivative by the logarithm of a common factor. `exchange` is the reference exchange current
    density; `temperature` acts through 2RT/F alone. The stoichiometries of the state and its current stay as they are.
    Raises ValueError for unknown names and for frequencies that are not positive.
    """
    unknown = [name for name in names if name not in NAMES]
    if unknown:
        raise ValueError(f"no derivative is known by {unknown[0]!r}; there are {', '.join(NAMES)}")
    s = 2j * np.pi * check_frequencies(frequencies).ravel()
    found = {name: np.zeros(s.size, complex) for name in names}
    for part in ("cathode", "anode"):
        mine = [name for name in names if name.startswith(f"{part}.") or name == "temperature"]
        electrode, e = getattr(linear.prepared.cell, part), getattr(linear, part)
        if mine:
            changes = [_change(electrode, e, linear.prepared.cell.temperature, n.rpartition(".")[2], s) for n in mine]
            for name, value in zip(mine, _electrode(linear, electrode, e, s, changes), strict=True):
                found[name] += value
    for name in set(names) & set(OF_CELL) - {"temperature"}:
        found[name] += _series(linear, name, s)
    return found


def _series(linear: Linear, name: str, s: np.ndarray) -> np.ndarray:
    """Of what is in series with the electrodes."""
    cell = linear.prepared.cell
    r, q, n = cell.grain_boundary_resistance, cell.grain_boundary_capacitance, cell.grain_boundary_exponent
    sn, kappa = s**n, cell.separator_conductivity
    shorted = 1.0 / (1.0 + r * q * sn) ** 2
    return {
        "separator_thickness": 1.0 / kappa + 0.0 * s,
        "separator_conductivity": -cell.separator_thickness / kappa**2 + 0.0 * s,
        "grain_boundary_resistance": shorted,
        "grain_boundary_capacitance": -(r**2) * sn * shorted,
        "grain_boundary_exponent": -(r**2) * q * sn * np.log(s) * shorted,
        "contact_resistance": 1.0 + 0.0 * s,
    }[name]


def _change(electrode: Electrode, e: LinearElectrode, temperature: float, name: str, s: np.ndarray) -> _Change:
    none = np.zeros_like(e.area)
    if name == "temperature":
        return _Change(none, none, log_thermal=1.0 / temperature)
    per = 1.0 if name in _FACTORS or name not in _POWERS else 1.0 / getattr(electrode, name)
    if name in _POWERS:
        area, source, d, ionic, electronic = (per * power for power in _POWERS[name])
        return _Change(area * e.area, source * e.source, d, ionic * e.electrolyte, electronic * e.solid)
    if name in _FILMS:
        return _Change(none, none, **_film(electrode, e, name))
    if name in _LAYER:
        s, n = s[:, None, None], electrode.double_layer_exponent
        return _Change(none, none, layer=s**n if name == "double_layer" else electrode.double_layer * s**n * np.log(s))
    if name == "exchange":
        return _Change(none, none, log_i0=1.0 / electrode.exchange.reference)
    if name == "exchange_oxidation":
        return _Change(none, none, log_i0=np.log(e.x_s), growth=1.0 / e.x_s)
    return _Change(none, none, log_i0=np.log1p(-e.x_s), growth=-1.0 / (1.0 - e.x_s))


def _film(electrode: Electrode, e: LinearElectrode, name: str) -> dict[str, np.ndarray]:
    t, thick = electrode.coating_thickness, np.broadcast_to(electrode.interphase_thickness, e.area.shape)
    inverse = np.divide(1.0, thick, out=np.zeros(e.area.shape), where=thick > 0.0)
    return {
        "coating_thickness": lambda: {
            "coating": 1.0 / electrode.coating_conductivity,
            "coating_capacity": -e.coating_capacity / t if t else 0.0,
        },
        "coating_conductivity": lambda: {"coating": -e.coating / electrode.coating_conductivity},
        "coating_permittivity": lambda: {"coating_capacity": VACUUM_PERMITTIVITY / t if t else 0.0},
        "interphase_thickness": lambda: {"interphase": e.interphase, "interphase_capacity": -e.interphase_capacity},
        "interphase_resistivity": lambda: {"interphase": thick},
        "interphase_permittivity": lambda: {"interphase_capacity": VACUUM_PERMITTIVITY * inverse},
    }[name]()


def _electrode(
    linear: Linear, electrode: Electrode, e: LinearElectrode, s: np.ndarray, changes: Sequence[_Change]
) -> list[np.ndarray]:
    """dZ of one electrode for each change."""
    f, (_, dh) = flows(electrode, e, s), response_and_slope(e, s)
    thermal = 2.0 * GAS * linear.prepared.cell.temperature / FARADAY
    moved = _currents(e, thermal, changes)
    return [_one(e, f, dh, thermal, change, dj) for change, dj in zip(changes, moved, strict=True)]


def _one(e: LinearElectrode, f: Flows, dh, thermal: float, c: _Change, dj: np.ndarray) -> np.ndarray:
    z = e.j * e.per
    root = np.sqrt(1.0 + z * z)
    dz = e.per * dj - z * c.log_i0
    transfer = e.transfer * (c.log_thermal - c.log_i0 - z * dz / root**2)
    bend = thermal * z / root
    slope = -bend * (e.growth * c.log_thermal + c.growth) - thermal * e.growth * dz / root**3
    h = f.h * (c.source / e.source) + dh * c.log_d
    faradaic = transfer + slope * f.h + e.slope * h
    zeta = (f.reaction / f.faradaic) ** 2 * faradaic - f.reaction**2 * c.layer
    zeta = zeta + _shunted(e.coating, e.coating_capacity, c.coating, c.coating_capacity, f.s)
    zeta = zeta + _shunted(e.interphase, e.interphase_capacity, c.interphase, c.interphase_capacity, f.s)
    lanes = (f.u**2 * (e.area * zeta - f.zeta * c.area)).sum(axis=(1, 2))
    return lanes + (f.ionic**2 * c.electrolyte + (1.0 - f.ionic) ** 2 * c.solid).sum(axis=1)


def _shunted(r, capacity, dr, dcapacity, s):
    """Change of a resistance beside a capacitance."""
    return (dr - s * r**2 * dcapacity) / (1.0 + s * r * capacity) ** 2


def _currents(e: LinearElectrode, thermal: float, changes: Sequence[_Change]) -> list[np.ndarray]:
    """dj at the state for each change, with the particles and the electrode's current held."""
    if not np.any(e.j):
        return [np.zeros_like(e.j)] * len(changes)
    z = e.j * e.per
    resistance = e.coating + e.interphase + e.transfer
    conductance = (e.area / resistance).sum(axis=0)
    at_node = (e.area * e.j).sum(axis=0)
    ionic = np.concatenate([[0.0], np.cumsum(at_node)]) - at_node.sum()
    found = []
    for c in changes:
        push = e.j * (c.coating + c.interphase) + thermal * (
            np.arcsinh(z) * c.log_thermal - z / np.sqrt(1.0 + z * z) * c.log_i0
        )
        source = ((e.area / resistance) * push - c.area * e.j).sum(axis=0) / conductance
        rails = np.broadcast_to(c.electrolyte + c.solid, e.solid.shape)[1:-1] * ionic[1:-1]
        rails = rails - ionic[0] * np.broadcast_to(c.solid, e.solid.shape)[1:-1]
        matrix = ladder_matrix(1.0 / conductance, (e.electrolyte + e.solid)[1:-1])
        di = np.linalg.solve(matrix, np.diff(source) - rails)
        potential = np.diff(di, prepend=0.0, append=0.0) / conductance + source
        found.append((potential - push) / resistance)
    return found
