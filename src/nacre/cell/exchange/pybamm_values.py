"""A cell as parameter values of PyBaMM (V. Sulzer et al., J. Open Research Software 9 (2021) 14).

With the options that go with them, PyBaMM's DFN then solves the equations of this model: transference number 1 keeps
the electrolyte's concentration constant, the films on one electrode are its constant SEI, grain boundaries and contacts
its contact resistance. The true contact area goes with the exchange current and the film (theta i0, film / theta).
Values hold at the temperature of the test. One particle size per electrode.
"""

import math
import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from nacre.cell.exchange.to_bpx import DUMMY, SIDES, estimate_porosity
from nacre.cell.parameters import CellParameters
from nacre.core.errors import NacreError
from nacre.physics.p2d import Diffusivity, Electrode, SolverCell

_NAMES = {"cathode": "Positive", "anode": "Negative"}
LOG_D_POINTS = 1025


def choose_options(p: CellParameters) -> dict[str, Any]:
    """The options of `pybamm.lithium_ion.DFN` that the values need."""
    return describe_options(p.cell())


def collect_values(p: CellParameters) -> dict[str, Any]:
    """Parameter values by PyBaMM's names, for json.dump: numbers, tables `{"x", "y", "log"}` and exchange currents
    `{"reference", "oxidation", "reduction"}`. Raises NacreError where PyBaMM's DFN cannot be the same cell."""
    lower, upper = (p.value(f"cell.{n}_voltage") for n in ("lower", "upper"))
    return describe_values(p.cell(), p.area, p.one_c, lower, upper, p.name)


def make_parameter_values(p: CellParameters | Mapping[str, Any]):
    """The `pybamm.ParameterValues` of a cell, or of what `collect_values` made. Raises NacreError where PyBaMM is missing."""
    made = collect_values(p) if isinstance(p, CellParameters) else p
    try:
        import pybamm
    except ImportError:
        raise NacreError("PyBaMM is not installed", do="pip install 'nacre[pybamm]'") from None
    return pybamm.ParameterValues({name: _make_live(pybamm, name, value) for name, value in made.items()})


def describe_options(cell: SolverCell) -> dict[str, Any]:
    made: dict[str, Any] = {}
    films = [part for part in _NAMES if getattr(cell, part).film]
    if films:
        made["SEI"] = tuple("constant" if part in films else "none" for part in ("anode", "cathode"))
        made["SEI film resistance"] = "distributed"
    if cell.grain_boundary_resistance + cell.contact_resistance:
        made["contact resistance"] = "true"
    return made


def describe_values(
    cell: SolverCell, area: float, one_c: float, lower: float, upper: float, name: str = ""
) -> dict[str, Any]:
    """As `collect_values`, of a cell in SI units with its area (m2), the current of 1C (A) and the cut-offs (V)."""
    _refuse_unsupported(cell, name)
    made: dict[str, Any] = {
        "Electrode height [m]": math.sqrt(area),
        "Electrode width [m]": math.sqrt(area),
        "Nominal cell capacity [A.h]": one_c,
        "Current function [A]": one_c,
        "Number of electrodes connected in parallel to make a cell": 1.0,
        "Number of cells connected in series to make a battery": 1.0,
        "Lower voltage cut-off [V]": lower,
        "Upper voltage cut-off [V]": upper,
        "Open-circuit voltage at 0% SOC [V]": lower,
        "Open-circuit voltage at 100% SOC [V]": upper,
        **{f"{kind} temperature [K]": cell.temperature for kind in ("Reference", "Ambient", "Initial")},
        "Contact resistance [Ohm]": (cell.grain_boundary_resistance + cell.contact_resistance) / area,
        "Initial concentration in electrolyte [mol.m-3]": DUMMY["concentration"],
        "Cation transference number": 1.0,
        "Thermodynamic factor": 1.0,
        "Electrolyte diffusivity [m2.s-1]": DUMMY["diffusivity"],
        "Electrolyte conductivity [S.m-1]": cell.separator_conductivity,
        "Separator thickness [m]": cell.separator_thickness,
        "Separator porosity": DUMMY["separator porosity"],
        "Separator Bruggeman coefficient (electrolyte)": 0.0,
    }
    for part in SIDES.values():
        made |= _collect_electrode(getattr(cell, part), _NAMES[part], cell.separator_conductivity)
    return made | _compute_film_resistance(cell)


def _collect_electrode(e: Electrode, side: str, reference: float) -> dict[str, Any]:
    share = float(e.active) * e.volume_fractions[0]
    free = estimate_porosity(e.volume_fractions[0])
    return {
        f"{side} electrode thickness [m]": e.thickness,
        f"{side} electrode conductivity [S.m-1]": e.electronic_conductivity,
        f"{side} electrode porosity": free,
        # PyBaMM's effective conductivity is the electrolyte's times porosity to this power
        f"{side} electrode Bruggeman coefficient (electrolyte)": math.log(e.ionic_conductivity / reference)
        / math.log(free),
        f"{side} electrode Bruggeman coefficient (electrode)": 0.0,
        f"{side} electrode active material volume fraction": share,
        f"{side} particle radius [m]": e.radii[0],
        f"Maximum concentration in {side.lower()} electrode [mol.m-3]": e.c_max,
        f"Initial concentration in {side.lower()} electrode [mol.m-3]": e.c_max * e.stoichiometry,
        f"{side} particle diffusivity [m2.s-1]": _write_diffusivity(e.diffusivity),
        f"{side} electrode OCP [V]": {"x": e.ocp.x.tolist(), "y": e.ocp.value.tolist(), "log": False},
        f"{side} electrode OCP entropic change [V.K-1]": 0.0,
        f"{side} electrode charge transfer coefficient": 0.5,
        f"{side} electrode exchange-current density [A.m-2]": {
            "reference": float(e.contact) * e.exchange.reference,
            "oxidation": e.exchange.oxidation,
            "reduction": e.exchange.reduction,
        },
    }


def _write_diffusivity(d: Diffusivity):
    if d.constant:
        return float(d(0.5))
    x = np.linspace(0.0, 1.0, LOG_D_POINTS) if d.log_curve is None else d.log_curve.x
    return {"x": x.tolist(), "y": np.log(d(x)).tolist(), "log": True}


def _compute_film_resistance(cell: SolverCell) -> dict[str, Any]:
    """One film for both electrodes is all that PyBaMM's names can hold; its thickness has no meaning here."""
    found = {float(e.film / e.contact) for e in (cell.cathode, cell.anode) if e.film}
    if not found:
        return {}
    thickness = 1e-8
    return {
        "Initial SEI thickness [m]": thickness,
        "SEI resistivity [Ohm.m]": found.pop() / thickness,
        "SEI partial molar volume [m3.mol-1]": 1e-4,
        "Ratio of lithium moles to SEI moles": 1.0,
    }


def _refuse_unsupported(cell: SolverCell, name: str) -> None:
    for part in ("cathode", "anode"):
        if len(getattr(cell, part).radii) > 1:
            raise NacreError(
                f"PyBaMM's DFN takes one particle size, and the {part} has {len(getattr(cell, part).radii)} classes",
                where=name, do=f"export the median alone: --set {part}.particle_spread=0",
            )  # fmt: skip
    films = [e.film / e.contact for e in (cell.cathode, cell.anode) if e.film]
    if len(films) == 2 and films[0] != films[1]:
        raise NacreError(
            "PyBaMM's names hold one film resistance, and the electrodes have two", where=name,
            found=f"{films[0]:.3g} and {films[1]:.3g} ohm m2", do="leave one out: --set 'anode.coating_thickness=0 nm'",
        )  # fmt: skip
    if not cell.separator_thickness:
        raise NacreError(
            "PyBaMM needs a separator of some thickness", where=name, do="--set 'separator.thickness=1 um'"
        )


def _make_live(pybamm, name: str, value):
    """What stands in the values as PyBaMM takes it: a number, or a function of its symbols."""
    if not isinstance(value, Mapping):
        return value
    if "reference" in value:
        i0, oxidation, reduction = (value[key] for key in ("reference", "oxidation", "reduction"))
        exp, log = pybamm.exp, pybamm.log  # a power would be rounded off near its zero, by 0.3 % of i0 at x = 0.99
        return lambda c_e, c, c_max, t: i0 * exp(oxidation * log(c / c_max) + reduction * log(1 - c / c_max))
    x, y = (np.asarray(value[axis]) for axis in "xy")
    plain = "_".join(re.findall("[A-Za-z]+", name))  # the solver takes letters only

    def table(sto, *_):
        found = pybamm.Interpolant(x, y, sto, name=plain, interpolator="cubic")
        return pybamm.exp(found) if value["log"] else found - _add_to_names(sto)

    return table


def _add_to_names(sto):
    """What PyBaMM adds to every potential near the ends (1 mV at x = 0.999): it is taken off beforehand."""
    try:
        from pybamm.parameters.lithium_ion_parameters import U_asymptotes
    except ImportError:  # another version, which adds nothing by this name
        return 0.0
    return U_asymptotes(sto)
