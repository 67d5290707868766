"""All numbers of a cell model, each with its unit, status and source; and the cell they make for the solver.

Names are `part.name` ("cathode.thickness"); `NAMES` holds the unit, the words and the bounds of each. Statuses:
declared (in the study), paper, computed (from declared numbers), literature, fitted, assumed. Values hold at
`cell.reference_temperature`; the test is at `cell.temperature`.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from statistics import NormalDist

import numpy as np

from nacre.cell.diffusivity import INTERVALS, DiffusivityShape
from nacre.cell.potential import Potential, check_status
from nacre.cell.protocol import CurrentScale
from nacre.core.errors import NacreError, unknown
from nacre.core.notebook_hook import ShowsInNotebook
from nacre.core.quantity import Quantity, parse
from nacre.physics import ocp
from nacre.physics.constants import FARADAY
from nacre.physics.p2d import Diffusivity, Electrode, Exchange, SolverCell

PARTS = ("cell", "separator", "cathode", "anode", "ageing")


@dataclass(frozen=True)
class ParameterSpec:
    """A parameter's unit, words, bounds (in that unit), and value where it is not given."""

    unit: str
    words: str
    low: float = 0.0
    high: float = math.inf
    default: float | None = None
    at_low: bool = False


_CPE = "Q in F s^(n-1) where its exponent n is below 1"
_ELECTRODE = {
    "thickness": ParameterSpec("um", "the thickness", high=1e5),
    "volume_fraction": ParameterSpec("1", "the active material's fraction of the volume, pores included", high=1.0),
    "c_max": ParameterSpec("mol/m3", "the lithium sites per volume of active material", high=1e6),
    "particle_diameter": ParameterSpec("um", "the median diameter of the particles, by mass", high=1e4),
    "particle_spread": ParameterSpec("1", "the standard deviation of ln(diameter)", high=3.0, default=0.0, at_low=True),
    "particle_classes": ParameterSpec(
        "1", "the number of size classes, of equal mass", low=1, high=20, default=1, at_low=True
    ),
    "diffusivity": ParameterSpec("cm2/s", "the diffusivity of lithium in the particles"),
    "drop_full": ParameterSpec("1", "decades by which D falls from filling 0.8 to 1", default=0.0, at_low=True),
    "drop_empty": ParameterSpec("1", "decades by which D falls from filling 0.25 to 0.10", default=0.0, at_low=True),
    "exchange_current": ParameterSpec("A/m2", "the exchange current density factor, per true contact area"),
    "exchange_oxidation": ParameterSpec(
        "1", "the power of x in the exchange current density", default=0.5, at_low=True
    ),
    "exchange_reduction": ParameterSpec(
        "1", "the power of 1 - x in the exchange current density", default=0.5, at_low=True
    ),
    "ionic_conductivity": ParameterSpec("mS/cm", "the composite's effective ionic conductivity"),
    "electronic_conductivity": ParameterSpec("mS/cm", "the composite's effective electronic conductivity"),
    "stoichiometry": ParameterSpec("1", "the filling with lithium at the start", high=1.0, at_low=True),
    "coating_thickness": ParameterSpec("nm", "the coating's thickness", default=0.0, at_low=True),
    "coating_conductivity": ParameterSpec("S/cm", "the coating's ionic conductivity", default=math.inf),
    "interphase_thickness": ParameterSpec("nm", "the interphase's thickness", default=0.0, at_low=True),
    "interphase_resistivity": ParameterSpec("ohm cm", "the interphase's resistivity", default=0.0, at_low=True),
    "contact": ParameterSpec("1", "the true over the geometric contact area", high=1.0, default=1.0),
    "active": ParameterSpec("1", "the share of the particles that take part", high=1.0, default=1.0),
    "double_layer": ParameterSpec(
        "uF/cm2", f"the double layer's capacitance per true contact area; {_CPE}", default=0.0
    ),
    "double_layer_exponent": ParameterSpec("1", "its exponent; 1: a capacitor", high=1.0, default=1.0),
    "coating_permittivity": ParameterSpec("1", "the coating's relative permittivity", high=1e5, default=0.0),
    "interphase_permittivity": ParameterSpec("1", "the interphase's relative permittivity", high=1e5, default=0.0),
    **{
        f"activation_{name}": ParameterSpec("kJ/mol", f"the activation energy of the {name}", default=0.0, at_low=True)
        for name in ("diffusivity", "exchange", "ionic_conductivity", "coating_conductivity")
    },
}
_AGEING = {
    "exponent": ParameterSpec("1", "the power of time by which the interphase grows", high=2.0, default=0.5),
    "slowing": ParameterSpec(
        "1", "the factor of a coating on the growth of the interphase", high=10.0, default=1.0, at_low=True
    ),
    "coverage": ParameterSpec(
        "1", "the share of the surface that the coating covers", high=1.0, default=0.0, at_low=True
    ),
    "coating_leak": ParameterSpec(
        "1", "the share of the growth constant left under the coating", high=1, default=1, at_low=True
    ),
    "activation_growth": ParameterSpec(
        "kJ/mol", "the activation energy of the growth constant", default=0.0, at_low=True
    ),
    "potential_sensitivity": ParameterSpec(
        "1", "the Tafel share of the growth constant", high=2.0, default=0.0, at_low=True
    ),
    "side_sensitivity": ParameterSpec("1", "the Tafel share of the side current", high=2.0, default=0.0, at_low=True),
    "reference_potential": ParameterSpec(
        "V", "the cathode's potential, against Li+/Li, that rates hold at", high=6.0, default=4.0
    ),
    "interphase_growth": ParameterSpec("nm", "the interphase's thickness after one hour", default=0.0, at_low=True),
    "interphase_charge": ParameterSpec(
        "C/cm3", "the charge that a volume of interphase takes", default=0.0, at_low=True
    ),
    "contact_loss": ParameterSpec("1", "the loss of contact per growth", default=0.0, at_low=True),
    "contact_loss_by_time": ParameterSpec("1", "the loss of contact in the first hour", default=0.0, at_low=True),
    "fracture": ParameterSpec("1", "the loss of active mass per cycle and growth", high=1.0, default=0.0, at_low=True),
    "fracture_swing": ParameterSpec(
        "1", "the swing of the filling that fracture is stated for", high=1, default=0, at_low=True
    ),
    "diffusivity_loss": ParameterSpec("1", "the loss of diffusivity per growth", default=0.0, at_low=True),
    "diffusivity_loss_by_time": ParameterSpec(
        "1", "the loss of diffusivity in the first hour", default=0.0, at_low=True
    ),
    "series_growth": ParameterSpec(
        "ohm cm2", "the growth of the series resistance per growth", default=0.0, at_low=True
    ),
    "series_growth_by_time": ParameterSpec("ohm cm2", "that in the first hour", default=0.0, at_low=True),
    "side_current": ParameterSpec("uA/cm2", "the current of side reactions at the cathode", default=0.0, at_low=True),
    "leak": ParameterSpec("uA/cm2", "the current that leaks back inside the cell", default=0.0, at_low=True),
    "first_charge": ParameterSpec(
        "mAh/g", "what side reactions take before the first charge", default=0.0, at_low=True
    ),
}
NAMES: dict[str, ParameterSpec] = {
    "cell.area": ParameterSpec("cm2", "the electrode area"),
    "cell.cam_mass": ParameterSpec("mg", "the mass of cathode active material"),
    "cell.one_c": ParameterSpec("mA/g", "the current of 1C per gram of active material"),
    "cell.lower_voltage": ParameterSpec("V", "the lower cut-off voltage", low=-10.0, high=10.0),
    "cell.upper_voltage": ParameterSpec("V", "the upper cut-off voltage", low=-10.0, high=10.0),
    "cell.temperature": ParameterSpec("degC", "the temperature of the test", low=-150.0, high=500.0),
    "cell.reference_temperature": ParameterSpec("degC", "the temperature of these values", low=-150.0, high=500.0),
    "cell.contact_resistance": ParameterSpec("ohm cm2", "all other resistance in series", default=0.0, at_low=True),
    "separator.thickness": ParameterSpec("um", "the separator's thickness", at_low=True),
    "separator.conductivity": ParameterSpec("mS/cm", "the separator's ionic conductivity"),
    "separator.activation": ParameterSpec("kJ/mol", "its activation energy", default=0.0, at_low=True),
    "separator.grain_boundary_resistance": ParameterSpec(
        "ohm cm2", "of its grain boundaries", default=0.0, at_low=True
    ),
    "separator.grain_boundary_capacitance": ParameterSpec(
        "uF/cm2", f"their capacitance per electrode area; {_CPE}", default=0.0
    ),
    "separator.grain_boundary_exponent": ParameterSpec("1", "its exponent; 1: a capacitor", high=1.0, default=1.0),
    **{f"{part}.{name}": row for part in ("cathode", "anode") for name, row in _ELECTRODE.items()},
    **{f"ageing.{name}": row for name, row in _AGEING.items()},
}


@lru_cache(maxsize=16)
def collect_names(mechanisms: tuple[type, ...]) -> Mapping[str, ParameterSpec]:
    """`NAMES`, and the numbers of a study's own ageing mechanisms."""
    own = (getattr(kind, "numbers", {}) for kind in mechanisms)
    return {**NAMES, **{f"ageing.{name}": row for rows in own for name, row in rows.items()}}


def write_quantity_name(parameter: str) -> str:
    """The vocabulary's name of a number of the model: `model_cathode_diffusivity`."""
    return f"model_{parameter.replace('.', '_')}"


def collect_model_words(names: Mapping[str, ParameterSpec] = NAMES) -> dict[str, dict[str, str]]:
    """The model's numbers as words of a vocabulary, for quantities that bear their names."""
    return {
        write_quantity_name(name): {
            "unit": row.unit,
            "words": f"{name.partition('.')[0]}: {row.words.removeprefix('the ')}",
            "meaning": "a number of the cell model",
            "symbol": name,
        }
        for name, row in names.items()
    }


@dataclass(frozen=True)
class ModelParameter:
    """A value with its status and source."""

    quantity: Quantity
    status: str
    source: str

    def __post_init__(self) -> None:
        check_status(self.status)
        if not self.source.strip():
            raise NacreError("a number without a source", found=str(self.quantity), do="say where it comes from")


@dataclass(frozen=True, eq=False)
class CellParameters(ShowsInNotebook):
    """A cell's name, its numbers by `part.name`, the potentials of its electrodes against Li+/Li, by what ratio their
    diffusivities vary with the filling, where more than the drops is known, and the classes of ageing mechanisms beside
    those of the package (`nacre.cell.ageing.plugins`)."""

    name: str
    numbers: Mapping[str, ModelParameter]
    potentials: Mapping[str, Potential]
    shapes: Mapping[str, DiffusivityShape] = field(default_factory=dict)
    mechanisms: tuple[type, ...] = ()

    def __repr__(self) -> str:
        """One line, as it holds some fifty numbers with their sources."""
        return f"<CellParameters '{self.name}': {len(self.numbers)} numbers>"

    def __post_init__(self) -> None:
        for name, parameter in self.numbers.items():
            check_number(name, parameter, self.name, self.names)
        lacking = [n for n, row in NAMES.items() if row.default is None and n not in self.numbers]
        lacking += [f"{part}.potential" for part in ("cathode", "anode") if part not in self.potentials]
        if lacking:
            first = NAMES[lacking[0]].words if lacking[0] in NAMES else "the open-circuit potential"
            more = f" (and {len(lacking) - 1} more: {', '.join(lacking[1:4])})" if len(lacking) > 1 else ""
            raise NacreError(f"{lacking[0]} is missing{more}", where=self.name, expected=first)

    @property
    def names(self) -> Mapping[str, ParameterSpec]:
        """All numbers that this cell may have."""
        return collect_names(self.mechanisms) if self.mechanisms else NAMES

    def value(self, name: str, unit: str | None = None) -> float:
        """A number in its own unit or another; its default where it is not given."""
        row = find_name(name, self.name, self.names)
        if name in self.numbers:
            return self.numbers[name].quantity.to(unit or row.unit).value
        assert row.default is not None  # a cell is not made without the numbers that have no default
        return Quantity(row.default, row.unit).to(unit or row.unit).value

    def changed(self, changes: Mapping[str, str], status: str = "assumed", source: str = "a trial") -> "CellParameters":
        """The same cell with other values, as text with units: `{"cathode.contact": "0.2"}`."""
        made = {n: read_number(n, text, status, source, self.name, self.names) for n, text in changes.items()}
        return replace(self, numbers={**self.numbers, **made})

    @property
    def scale(self) -> CurrentScale:
        """What turns the C-rates of a protocol into currents."""
        area, mass = (self.numbers[f"cell.{name}"].quantity for name in ("area", "cam_mass"))
        return CurrentScale(area, mass, Quantity(self.one_c, "A"))

    @property
    def one_c(self) -> float:
        """The current of 1C, A."""
        return self.value("cell.one_c", "A/g") * self.value("cell.cam_mass", "g")

    @property
    def area(self) -> float:
        """m2."""
        return self.value("cell.area", "m2")

    def sites(self, part: str) -> float:
        """Charge of all lithium sites of an electrode that take part, C."""
        names = (f"{part}.{name}" for name in ("thickness", "volume_fraction", "c_max", "active"))
        units = ("m", "1", "mol/m3", "1")
        share = math.prod(self.value(name, unit) for name, unit in zip(names, units, strict=True))
        return share * self.area * FARADAY

    def diffusivity(self, part: str) -> Diffusivity:
        """D(x) of an electrode's particles at the reference temperature."""
        full, empty = (self.value(f"{part}.drop_{end}") for end in ("full", "empty"))
        return make_diffusivity(self.value(f"{part}.diffusivity", "m2/s"), full, empty, self.shapes.get(part))

    def cell(self) -> SolverCell:
        """The cell for the solver, at the temperature of the test."""
        reference = self.value("cell.reference_temperature", "K")
        made = SolverCell(
            self._electrode("cathode"),
            self._electrode("anode"),
            self.value("separator.thickness", "m"),
            self.value("separator.conductivity", "S/m"),
            reference,
            self.value("separator.grain_boundary_resistance", "ohm m2"),
            self.value("cell.contact_resistance", "ohm m2"),
            self.value("separator.activation", "J/mol"),
            self.value("separator.activation", "J/mol"),
            self.value("separator.grain_boundary_capacitance", "F/m2"),
            self.value("separator.grain_boundary_exponent"),
        )
        return made.at(self.value("cell.temperature", "K"))

    def _electrode(self, part: str) -> Electrode:
        def get(name, unit="1"):
            return self.value(f"{part}.{name}", unit)

        radii = compute_particle_radii(
            get("particle_diameter", "m"), get("particle_spread"), round(get("particle_classes"))
        )
        energies = ("diffusivity", "exchange", "ionic_conductivity", "coating_conductivity")
        return Electrode(
            thickness=get("thickness", "m"),
            radii=radii,
            volume_fractions=(get("volume_fraction") / len(radii),) * len(radii),
            c_max=get("c_max", "mol/m3"),
            ocp=self.potentials[part].curve,
            diffusivity=self.diffusivity(part),
            exchange=Exchange(get("exchange_current", "A/m2"), get("exchange_oxidation"), get("exchange_reduction")),
            ionic_conductivity=get("ionic_conductivity", "S/m"),
            electronic_conductivity=get("electronic_conductivity", "S/m"),
            stoichiometry=get("stoichiometry"),
            coating_thickness=get("coating_thickness", "m"),
            coating_conductivity=get("coating_conductivity", "S/m"),
            interphase_thickness=get("interphase_thickness", "m"),
            interphase_resistivity=get("interphase_resistivity", "ohm m"),
            contact=get("contact"),
            active=get("active"),
            activation={name: e for name in energies if (e := get(f"activation_{name}", "J/mol"))},
            double_layer=get("double_layer", "F/m2"),
            double_layer_exponent=get("double_layer_exponent"),
            coating_permittivity=get("coating_permittivity"),
            interphase_permittivity=get("interphase_permittivity"),
        )


def compute_particle_radii(diameter: float, spread: float, classes: int) -> tuple[float, ...]:
    """Radii of log-normal size classes of equal mass: the median of each class."""
    if not spread or classes == 1:
        return (diameter / 2,)
    normal = NormalDist()
    return tuple(diameter / 2 * math.exp(spread * normal.inv_cdf((k + 0.5) / classes)) for k in range(classes))


def make_diffusivity(
    value: float, drop_full: float, drop_empty: float, shape: DiffusivityShape | None = None
) -> Diffusivity:
    """lg D(x) = lg D - drop_full (x - 0.8)/0.2 above x = 0.8, squared, - drop_empty (0.25 - x)/0.15 below, squared;
    times the ratio of a shape, where there is one."""
    if not drop_full and not drop_empty and shape is None:
        return Diffusivity((math.log(value),))

    def log(x):
        high, low = np.clip((x - 0.8) / 0.2, 0, None), np.clip((0.25 - x) / 0.15, 0, None)
        ratio = 0.0 if shape is None else shape.curve(np.clip(x, shape.curve.low, shape.curve.high))
        return math.log(value) - math.log(10) * (drop_full * high**2 + drop_empty * low**2) + ratio

    return Diffusivity(log_curve=ocp.sample_function(log, 0.0, 1.0, 512 if shape is None else INTERVALS))


def find_name(name: str, where: str = "", known: Mapping[str, ParameterSpec] = NAMES) -> ParameterSpec:
    """Unit, words and bounds of a number of the cell or of its ageing. Raises NacreError with did-you-mean."""
    if name in known:
        return known[name]
    error = unknown("parameter", name, known, where)
    if name.startswith("ageing."):
        error.do = f"{error.do} A mechanism of your own belongs into plugins/ of the study".strip()
    raise error


def read_number(
    name: str, text, status: str, source: str, where: str, known: Mapping[str, ParameterSpec] = NAMES
) -> ModelParameter:
    """A parameter from text with its unit. Raises NacreError with the parameter's name and did-you-mean."""
    row = find_name(name, where, known)
    return ModelParameter(parse(text, row.unit, where=f"{where}, {name}"), status, source)


def check_number(name: str, parameter: ModelParameter, where: str, known: Mapping[str, ParameterSpec] = NAMES) -> None:
    """Raises NacreError where a number is unknown or out of its bounds."""
    row = find_name(name, where, known)
    value = parameter.quantity.to(row.unit).value
    if name.endswith("particle_classes") and value != round(value):
        raise NacreError(f"{name} must be a whole number", where=where, found=f"{value:g}")
    if (value > row.low or (row.at_low and value == row.low)) and value <= row.high:
        return
    least = f"{'at least' if row.at_low else 'above'} {row.low:g}"
    most = f", at most {row.high:g}" if row.high < math.inf else ""
    do = f"check its unit; source: {parameter.source}"
    if value == row.low == row.default:
        do = "leave it out for none"
    raise NacreError(
        f"{name} ({row.words}) cannot be", where=where, found=f"{value:g} {row.unit}".replace(" 1", ""),
        expected=f"{least}{most} {row.unit}".removesuffix(" 1"), do=do,
    )  # fmt: skip
