"""The cell as numbers in SI units: electrodes, separator, mesh. Checked when made; the words say what to change.

Stoichiometry x is the filling of the host with lithium, 0 to 1. Positive current charges the cell.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from nacre.physics.constants import GAS
from nacre.physics.ocp import StoichiometryCurve

MAX_SHELLS = 400


def _require(ok, what, found, wanted):
    if not ok:
        raise ValueError(f"{what} is {found}; it must be {wanted}")


@dataclass(frozen=True, eq=False)
class Diffusivity:
    """D(x) in m2/s: ln D = sum of c_i x^i (up to x^4), or ln D as a `Curve` (constant beyond its range)."""

    log_polynomial: tuple[float, ...] = ()
    log_curve: StoichiometryCurve | None = None

    def __post_init__(self):
        _require(len(self.log_polynomial) <= 5, "the polynomial of ln D", self.log_polynomial, "of degree 4 or less")
        _require(
            bool(self.log_polynomial) != (self.log_curve is not None), "D", self, "a polynomial or a curve, not both"
        )

    def __call__(self, x):
        if self.log_curve is not None:
            return np.exp(self.log_curve(np.clip(x, self.log_curve.low, self.log_curve.high)))
        return np.exp(np.polynomial.polynomial.polyval(np.clip(x, 0.0, 1.0), self.log_polynomial))

    @property
    def constant(self) -> bool:
        return self.log_curve is None and not any(self.log_polynomial[1:])

    def times(self, factor: float) -> "Diffusivity":
        if self.log_curve is None:
            return Diffusivity((self.log_polynomial[0] + math.log(factor), *self.log_polynomial[1:]))
        curve = self.log_curve
        return Diffusivity(log_curve=replace(curve, value=curve.value + math.log(factor)))


def constant_diffusivity(value: float) -> Diffusivity:
    _require(0.0 < value < math.inf, "the diffusivity", value, "positive, in m2/s")
    return Diffusivity((math.log(value),))


@dataclass(frozen=True, eq=False)
class Exchange:
    """i0(x) = reference x^oxidation (1 - x)^reduction exp(log_factor(x)), A per m2 of true contact area."""

    reference: float
    oxidation: float = 0.5
    reduction: float = 0.5
    log_factor: StoichiometryCurve | None = None

    def __post_init__(self):
        _require(0.0 < self.reference < math.inf, "the exchange current density", self.reference, "positive, in A/m2")

    @property
    def plain(self) -> bool:
        return self.oxidation == 0.5 and self.reduction == 0.5 and self.log_factor is None

    def __call__(self, x):
        extra = 0.0 if self.log_factor is None else self.log_factor(x)
        return (
            self.reference * np.power(x, self.oxidation) * np.power(1 - np.asarray(x), self.reduction) * np.exp(extra)
        )


@dataclass(frozen=True, eq=False)
class Electrode:
    """A composite electrode: active particles, solid electrolyte, carbon.

    thickness m; radii m and volume_fractions (of the electrode) one per particle-size class; c_max mol/m3;
    effective ionic and electronic conductivities S/m. Per node or one number for all: contact (true / geometric
    contact area), active (share of the particles that take part), interphase_thickness m. interphase_resistivity ohm m;
    coating_thickness m; coating_conductivity S/m. The two films are in series with the reaction, on the true contact
    area. Of small signals only (0: none): double_layer, Q of the double layer at the reaction in F s^(n-1)/m2 of true
    contact area, and its exponent n (1: a capacitor); relative permittivities of the two films.
    activation: J/mol by name (`diffusivity`, `exchange`, `ionic_conductivity`, `electronic_conductivity`,
    `coating_conductivity`, `interphase_resistivity`) for `Cell.at`.
    """

    thickness: float
    radii: tuple[float, ...]
    volume_fractions: tuple[float, ...]
    c_max: float
    ocp: StoichiometryCurve
    diffusivity: Diffusivity
    exchange: Exchange
    ionic_conductivity: float
    electronic_conductivity: float
    stoichiometry: float
    coating_thickness: float = 0.0
    coating_conductivity: float = math.inf
    interphase_thickness: float | np.ndarray = 0.0
    interphase_resistivity: float = 0.0
    contact: float | np.ndarray = 1.0
    active: float | np.ndarray = 1.0
    activation: Mapping[str, float] = field(default_factory=dict)
    double_layer: float = 0.0
    double_layer_exponent: float = 1.0
    coating_permittivity: float = 0.0
    interphase_permittivity: float = 0.0

    def __post_init__(self):
        for name in ("thickness", "c_max", "ionic_conductivity", "electronic_conductivity", "coating_conductivity"):
            value = getattr(self, name)
            _require(value > 0.0, name, value, "positive")
        for name in ("thickness", "c_max", "coating_thickness", "interphase_resistivity", "double_layer",
                     "coating_permittivity", "interphase_permittivity"):  # fmt: skip
            value = getattr(self, name)
            _require(0.0 <= value < math.inf, name, value, "finite and not negative")
        exponent = self.double_layer_exponent
        _require(0.0 < exponent <= 1.0, "double_layer_exponent", exponent, "above 0 and at most 1 (a capacitor)")
        _require(len(self.radii) == len(self.volume_fractions) > 0, "the number of particle classes", len(self.radii),
                 f"that of the volume fractions, {len(self.volume_fractions)}")  # fmt: skip
        _require(all(0.0 < r < math.inf for r in self.radii), "radii", self.radii, "positive, in m")
        _require(all(v > 0.0 for v in self.volume_fractions) and sum(self.volume_fractions) <= 1.0, "volume_fractions",
                 self.volume_fractions, "positive, with a sum of at most 1")  # fmt: skip
        _require(0.0 <= self.stoichiometry <= 1.0, "stoichiometry", self.stoichiometry, "from 0 to 1")
        for name in ("contact", "active"):
            value = np.asarray(getattr(self, name))
            _require(((value > 0.0) & (value <= 1.0)).all(), name, getattr(self, name), "above 0 and at most 1")
        thick = np.asarray(self.interphase_thickness)
        _require(((thick >= 0.0) & (thick < math.inf)).all(), "interphase_thickness", thick, "finite and not negative")

    @property
    def film(self):
        """Resistance of coating and interphase, ohm m2 of true contact area, per node or one number."""
        return (
            self.coating_thickness / self.coating_conductivity + self.interphase_thickness * self.interphase_resistivity
        )


@dataclass(frozen=True, eq=False)
class SolverCell:
    """Cathode | separator | anode. separator_thickness m, separator_conductivity S/m; grain_boundary_resistance and
    contact_resistance ohm m2 of plan area; temperature and reference_temperature (of all given values) K.
    Of small signals only (0: none): grain_boundary_capacitance, Q in F s^(n-1)/m2 of plan area, and its exponent n."""

    cathode: Electrode
    anode: Electrode
    separator_thickness: float
    separator_conductivity: float
    temperature: float
    grain_boundary_resistance: float = 0.0
    contact_resistance: float = 0.0
    separator_activation: float = 0.0
    grain_boundary_activation: float = 0.0
    grain_boundary_capacitance: float = 0.0
    grain_boundary_exponent: float = 1.0

    def __post_init__(self):
        for name in ("separator_conductivity", "temperature"):
            value = getattr(self, name)
            _require(0.0 < value < math.inf, name, value, "positive and finite")
        for name in ("separator_thickness", "grain_boundary_resistance", "contact_resistance",
                     "grain_boundary_capacitance"):  # fmt: skip
            value = getattr(self, name)
            _require(0.0 <= value < math.inf, name, value, "finite and not negative")
        exponent = self.grain_boundary_exponent
        _require(0.0 < exponent <= 1.0, "grain_boundary_exponent", exponent, "above 0 and at most 1 (a capacitor)")

    @property
    def resistance(self) -> float:
        """Everything in series outside the electrodes, ohm m2 of plan area."""
        bulk = self.separator_thickness / self.separator_conductivity
        return bulk + self.grain_boundary_resistance + self.contact_resistance

    def at(self, temperature: float) -> "SolverCell":
        """The same cell at another temperature: values times exp(E/R (1/T_now - 1/T_new)), resistances divided."""
        _require(0.0 < temperature < math.inf, "temperature", temperature, "positive, in K")

        def factor(energy):
            return math.exp(energy / GAS * (1.0 / self.temperature - 1.0 / temperature))

        return replace(
            self,
            cathode=_warmed(self.cathode, factor),
            anode=_warmed(self.anode, factor),
            separator_conductivity=self.separator_conductivity * factor(self.separator_activation),
            grain_boundary_resistance=self.grain_boundary_resistance / factor(self.grain_boundary_activation),
            temperature=temperature,
        )


def _warmed(electrode: Electrode, factor) -> Electrode:
    changes = {}
    for name, energy in electrode.activation.items():
        value, f = getattr(electrode, name), factor(energy)
        if name == "diffusivity":
            changes[name] = value.times(f)
        elif name == "exchange":
            changes[name] = replace(value, reference=value.reference * f)
        else:
            changes[name] = value / f if name == "interphase_resistivity" else value * f
    return replace(electrode, **changes)


@dataclass(frozen=True)
class Mesh:
    """Nodes through each electrode and shells in each particle.

    grading 0 makes shells of even thickness; with g > 0 faces lie at r/R = 1 - (e^(g(1-s)) - 1)/(e^g - 1), finer
    towards the surface. quadratic: the surface value is that of the parabola through the last three cells, else of the
    straight line through the last two. Multiples of eight nodes use the machine best.
    """

    cathode_nodes: int = 16
    anode_nodes: int = 8
    cathode_shells: int = 28
    anode_shells: int = 12
    grading: float = 3.0
    quadratic: bool = True

    def __post_init__(self):
        for name in ("cathode_nodes", "anode_nodes", "cathode_shells", "anode_shells"):
            _require(1 <= getattr(self, name) <= MAX_SHELLS, name, getattr(self, name), f"from 1 to {MAX_SHELLS}")
        _require(0.0 <= self.grading <= 10.0, "grading", self.grading, "from 0 to 10")


EVEN = Mesh(20, 20, 20, 20, grading=0.0, quadratic=False)
