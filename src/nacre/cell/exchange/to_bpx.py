"""A cell as a BPX file (Battery Parameter eXchange 1, Faraday Institution): standard fields for other programs, and the
full copy (`native`) for the way back.

What the standard fields are made of: the exchange current takes the true contact area with it, K = contact i0 / F,
which is exact where no film is in series; the surface is that of the particles that take part, 3 active fraction / R;
the electrolyte's conductivity is the separator's, and an electrode's transport efficiency the ratio of the two; size
classes are written as the median particle. Transference number 1; the electrolyte's diffusivity, its concentration and
the porosities are there because BPX asks for them, and have no effect at transference number 1.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.optimize import brentq

from nacre.cell.exchange import native
from nacre.cell.exchange.section import list_leaves
from nacre.cell.parameters import NAMES, CellParameters
from nacre.core.errors import NacreError
from nacre.physics.constants import FARADAY

VERSION = "1.1.0"
OCP_ERROR = 1e-5  # V: how far straight lines between the points of a table may lie from the curve
D_ERROR = 1e-3  # the same of D, relative
SIDES = {"Negative electrode": "anode", "Positive electrode": "cathode"}
DUMMY = {"diffusivity": 1e-10, "concentration": 1000.0, "separator porosity": 0.5}
_CELL = ("area", "one_c", "lower_voltage", "upper_voltage", "temperature", "reference_temperature")
_ELECTRODE = ("thickness", "volume_fraction", "c_max", "particle_diameter", "diffusivity", "drop_full", "drop_empty",
              "exchange_current", "ionic_conductivity", "electronic_conductivity", "stoichiometry", "contact", "active",
              "activation_diffusivity", "activation_exchange")  # fmt: skip
_FILM = ("coating_conductivity", "interphase_resistivity")  # nothing without its thickness
_SAID = {
    *(f"cell.{n}" for n in _CELL),
    *(f"separator.{n}" for n in ("thickness", "conductivity", "activation")),
    *(f"{part}.{n}" for part in SIDES.values() for n in _ELECTRODE),
}


def write_bpx(p: CellParameters) -> dict[str, Any]:
    """The content of the file, for json.dump.

    Parameters
    ----------
    p : CellParameters
        The cell model.

    Returns
    -------
    dict[str, Any]
        Content of the file, for json.dump.

    Raises
    ------
    NacreError
        Where a potential cannot be made.
    """
    lost = list_unsaid(p)
    words = f"Of the model only the User-defined block holds: {'; '.join(lost)}." if lost else ""
    own = [name for name in p.numbers if name not in NAMES]
    words += f" Left out, of ageing mechanisms of the study's own: {', '.join(own)}." if own else ""
    made = {
        "Header": {
            "BPX": VERSION,
            "Title": p.name,
            "Description": f"A cell of transference number 1, written by Nacre. {words}".strip(),
            "Model": "DFN",
        },
        "Parameterisation": {
            "Cell": _write_cell(p),
            "Electrolyte": _write_electrolyte(p),
            "Negative electrode": _write_electrode(p, "anode"),
            "Positive electrode": _write_electrode(p, "cathode"),
            "Separator": {
                "Thickness [m]": p.value("separator.thickness", "m"),
                "Porosity": DUMMY["separator porosity"],
                "Transport efficiency": 1.0,
            },
            "User-defined": {native.BLOCK: native.write_block(p)},
        },
        "State": _write_state(p),
    }
    for place, value in list_leaves(made):
        if isinstance(value, float) and not math.isfinite(value):
            raise NacreError("a field that cannot be written", where=f"{p.name}: {place}", found=f"{value}",
                             expected="a finite number", do="check the parameters it is made of")  # fmt: skip
    return made


def list_unsaid(p: CellParameters) -> list[str]:
    """What the standard fields cannot say, as `name = value (words)`.

    Parameters
    ----------
    p : CellParameters
        The cell model.
    """
    found = []
    for name, row in NAMES.items():
        value = p.value(name)
        if name in _SAID or value == row.default or name.endswith("particle_classes"):
            continue
        what = name.partition(".")[2]
        if what == "activation_ionic_conductivity" and value == p.value("separator.activation"):
            continue
        film = name.replace("conductivity", "thickness").replace("resistivity", "thickness").replace("activation_", "")
        if what.endswith(_FILM) and not p.value(film):
            continue
        found.append(f"{name} = {value:.4g} {row.unit} ({row.words})".replace(" 1 (", " ("))
    return found


def _write_cell(p: CellParameters) -> dict[str, float]:
    area = p.area
    depth = sum(p.value(f"{part}.thickness", "m") for part in ("cathode", "separator", "anode"))
    return {
        "Electrode area [m2]": area,
        "External surface area [m2]": 2.0 * area,
        "Volume [m3]": area * depth,
        "Number of electrode pairs connected in parallel to make a cell": 1,
        "Lower voltage cut-off [V]": p.value("cell.lower_voltage"),
        "Upper voltage cut-off [V]": p.value("cell.upper_voltage"),
        "Nominal cell capacity [A.h]": p.one_c,
        "Reference temperature [K]": p.value("cell.reference_temperature", "K"),
    }


def _write_electrolyte(p: CellParameters) -> dict[str, float]:
    return {
        "Cation transference number": 1.0,
        "Diffusivity [m2.s-1]": DUMMY["diffusivity"],
        "Conductivity [S.m-1]": p.value("separator.conductivity", "S/m"),
        "Conductivity activation energy [J.mol-1]": p.value("separator.activation", "J/mol"),
    }


def _write_electrode(p: CellParameters, part: str) -> dict[str, Any]:
    def get(name: str, unit: str = "1") -> float:
        return p.value(f"{part}.{name}", unit)

    radius, share = get("particle_diameter", "m") / 2, get("volume_fraction")
    low, high = find_window(p)[part]
    return {
        "Thickness [m]": get("thickness", "m"),
        "Porosity": estimate_porosity(share),
        "Transport efficiency": get("ionic_conductivity", "S/m") / p.value("separator.conductivity", "S/m"),
        "Conductivity [S.m-1]": get("electronic_conductivity", "S/m"),
        "Minimum stoichiometry": low,
        "Maximum stoichiometry": high,
        "Maximum concentration [mol.m-3]": get("c_max", "mol/m3"),
        "Particle radius [m]": radius,
        "Surface area per unit volume [m-1]": 3.0 * share * get("active") / radius,
        "Diffusivity [m2.s-1]": _write_diffusivity(p, part),
        "Diffusivity activation energy [J.mol-1]": get("activation_diffusivity", "J/mol"),
        "OCP [V]": _write_potential(p, part),
        "Entropic change coefficient [V.K-1]": 0.0,
        "Reaction rate constant [mol.m-2.s-1]": get("contact") * get("exchange_current", "A/m2") / FARADAY,
        "Reaction rate constant activation energy [J.mol-1]": get("activation_exchange", "J/mol"),
    }


def estimate_porosity(share: float) -> float:
    """All that is not active material, as no more is known; kept off 0 and 1, where others take its logarithm."""
    return min(max(1.0 - share, 0.01), 0.99)


def _write_diffusivity(p: CellParameters, part: str) -> float | dict[str, list[float]]:
    log_d = p.diffusivity(part).log_curve
    if log_d is None:
        return p.value(f"{part}.diffusivity", "m2/s")
    x, value = thin_table(log_d.x, np.exp(log_d.value), D_ERROR * np.exp(log_d.value))
    return {"x": x.tolist(), "y": value.tolist()}


def _write_potential(p: CellParameters, part: str) -> str | dict[str, list[float]]:
    form = p.potentials[part]
    curve, n = form.curve, form.numbers
    if form.kind == "expression":
        return str(n["formula"])
    if form.kind == "plateau":
        drop = f"{n['drop']!r} * exp(-(1 - x) / {n['drop_width']!r})"
        return f"{n['volts']!r} + {n['rise']!r} * exp(-x / {n['rise_width']!r}) - {drop}"
    x, volts = thin_table(curve.x, curve.value, OCP_ERROR)
    return {"x": x.tolist(), "y": volts.tolist()}


def thin_table(x: np.ndarray, y: np.ndarray, error: float | np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Few of the points, ends included, between which straight lines stay within `error` of all of them
    (D. H. Douglas, T. K. Peucker, Cartographica 10 (1973) 112, with the error along y)."""
    allowed = np.broadcast_to(error, x.shape)
    keep, todo = {0, x.size - 1}, [(0, x.size - 1)]
    while todo:
        a, b = todo.pop()
        off = np.abs(y[a : b + 1] - np.interp(x[a : b + 1], x[[a, b]], y[[a, b]])) / allowed[a : b + 1]
        worst = a + int(np.argmax(off))
        if off[worst - a] > 1.0:
            keep.add(worst)
            todo += [(a, worst), (worst, b)]
    kept = sorted(keep)
    return x[kept], y[kept]


def find_window(p: CellParameters) -> dict[str, tuple[float, float]]:
    """The least and the largest filling of each electrode between the cut-offs at rest, on the line of constant lithium
    that the start lies on, as far as the potentials are known.

    Parameters
    ----------
    p : CellParameters
        The cell model.
    """
    curves = {part: p.potentials[part].curve for part in SIDES.values()}
    start = {part: p.value(f"{part}.stoichiometry") for part in SIDES.values()}
    ratio = p.sites("cathode") / p.sites("anode")
    ends = [start["cathode"] + (start["anode"] - y) / ratio for y in (curves["anode"].high, curves["anode"].low)]
    low, high = max(ends[0], curves["cathode"].low), min(ends[1], curves["cathode"].high)
    low, high = min(low, start["cathode"]), max(high, start["cathode"])

    def anode(x: float) -> float:
        return start["anode"] + (start["cathode"] - x) * ratio

    def at_rest(x: float) -> float:
        return float(curves["cathode"](x) - curves["anode"](anode(x)))

    top, bottom = (_write_place(at_rest, p.value(f"cell.{n}_voltage"), low, high) for n in ("upper", "lower"))
    top, bottom = min(top, bottom), max(top, bottom)
    return {"cathode": (top, bottom), "anode": (anode(bottom), anode(top))}


def _write_place(volts: Callable, wanted: float, low: float, high: float) -> float:
    """Where a falling curve has a value; the nearer end where it never has."""
    if volts(low) <= wanted or low == high:
        return low
    if volts(high) >= wanted:
        return high
    return float(brentq(lambda x: volts(x) - wanted, low, high, xtol=1e-13))


def _write_state(p: CellParameters) -> dict[str, Any]:
    low, high = find_window(p)["cathode"]
    charged = (high - p.value("cathode.stoichiometry")) / (high - low) if high > low else 0.0
    kelvin = p.value("cell.temperature", "K")
    return {
        "Initial conditions": {
            "Initial state-of-charge": charged,
            "Initial temperature [K]": kelvin,
            "Initial electrolyte concentration [mol.m-3]": DUMMY["concentration"],
        },
        "Thermal environment": {"Ambient temperature [K]": kelvin},
    }
