"""One material: formula, cell, density, conductivities; what is not known raises instead of being made up."""

import math
from dataclasses import dataclass, field

from nacre.core.errors import NacreError, NotAssessable, did_you_mean
from nacre.core.quantity import Quantity
from nacre.physics.chemistry import stoichiometry
from nacre.physics.constants import BOLTZMANN_EV, ZERO_CELSIUS

STATUSES = ("measured", "computed", "estimated", "unverified", "given")
LAWS = ("sigma", "sigmaT")


@dataclass(frozen=True)
class MaterialFact:
    """A number with its source and status. `value` None: only the range `low` to `high` is known."""

    value: Quantity | None
    status: str
    source: str
    low: Quantity | None = None
    high: Quantity | None = None

    def __post_init__(self):
        if self.status not in STATUSES:
            raise NacreError(f"unknown status '{self.status}'", do=did_you_mean(self.status, STATUSES))
        if not self.source:
            raise NacreError("a number without a source", found=str(self.value), do="say where it comes from")


@dataclass(frozen=True)
class UnitCell:
    """A unit cell: volume in cubic angstrom, formula units in it, edges (angstrom) and angles (deg) where known."""

    volume: float
    z: float
    status: str
    source: str
    edges: tuple[float, float, float] | None = None
    angles: tuple[float, float, float] | None = None


@dataclass(frozen=True)
class Conductivity:
    """A conductivity at one temperature (K), and how it goes with temperature where that is known."""

    fact: MaterialFact
    temperature: float
    form: str = ""
    activation: float | None = None
    law: str = ""

    def at(self, temperature: float, what: str = "conductivity") -> Quantity:
        """Conductivity in S/m at a temperature in K, by the Arrhenius law of its source.

        Raises NotAssessable where only a range is known, or another temperature without an activation energy.
        """
        if self.fact.value is None:
            raise NotAssessable(
                f"only a range is known of the {what}",
                found=f"{self.fact.low} to {self.fact.high} ({self.fact.source})",
                do="choose a value of your own and declare it in study.toml",
            )
        value = self.fact.value.to("S/m")
        if math.isclose(temperature, self.temperature, abs_tol=0.5):
            return value
        if self.activation is None:
            raise NotAssessable(
                f"the {what} is known at {self.temperature - ZERO_CELSIUS:.0f} degC only, without an activation energy",
                expected=f"it at {temperature - ZERO_CELSIUS:.0f} degC",
                do="declare it at this temperature in study.toml",
            )
        factor = math.exp(-self.activation / BOLTZMANN_EV * (1 / temperature - 1 / self.temperature))
        if self.law == "sigmaT":
            factor *= self.temperature / temperature
        std = None if value.std is None else value.std * factor
        return Quantity(value.value * factor, "S/m", std, basis="given" if std is not None else "none")


@dataclass(frozen=True)
class Material:
    """A phase or material. What it does not hold is not known."""

    key: str
    formula: str
    words: str = ""
    aliases: tuple[str, ...] = ()
    space_group: str = ""
    cod: int | None = None
    cell: UnitCell | None = None
    given_density: MaterialFact | None = None
    ionic: tuple[Conductivity, ...] = ()
    electronic: tuple[Conductivity, ...] = ()
    remarks: str = ""
    origin: str = field(default="package", compare=False)

    @property
    def molar_mass(self) -> Quantity:
        """Molar mass in g/mol; its error is shared, element by element, with every other material's."""
        errors = stoichiometry.compute_molar_mass_errors(self.formula)
        parts = {f"atomic weight of {element}": 1e3 * error for element, error in errors.items()}
        std = math.sqrt(math.fsum(part * part for part in parts.values()))
        return Quantity(1e3 * stoichiometry.compute_molar_mass(self.formula), "g/mol", std, parts=parts)

    @property
    def crystal_density(self) -> MaterialFact | None:
        """Density of the crystal, from its cell; None where no cell is known."""
        if self.cell is None:
            return None
        value = stoichiometry.compute_cell_density(self.formula, self.cell.z, self.cell.volume * 1e-30) * 1e-3
        status = "computed" if self.cell.status == "measured" else self.cell.status
        return MaterialFact(Quantity(value, "g/cm3", basis="none"), status, f"from the unit cell: {self.cell.source}")

    @property
    def density(self) -> MaterialFact:
        """The density as given, else that of the crystal. Raises NotAssessable where neither is known."""
        found = self.given_density or self.crystal_density
        if found is None:
            raise NotAssessable(
                f"the density of {self.key} is not known",
                do=f'declare it in study.toml: [material."{self.key}"] density = "... g/cm3"',
            )
        return found

    def conductivity(self, kind: str, temperature: float, form: str = "") -> Quantity:
        """ "ionic" or "electronic" conductivity in S/m at a temperature in K; `form` picks the kind of specimen.

        Without `form` the first row counts. Raises NotAssessable where it is not known, and says what is.
        """
        rows = {"ionic": self.ionic, "electronic": self.electronic}.get(kind)
        if rows is None:
            raise NacreError(f"unknown conductivity '{kind}'", expected="'ionic' or 'electronic'")
        what = f"{kind} conductivity of {self.key}"
        chosen = [row for row in rows if form in row.form]
        if not chosen:
            known = "; ".join(row.form for row in rows)
            raise NotAssessable(
                f"the {what} is not known" + (f" for '{form}'" if form and rows else ""),
                found=known and f"rows for: {known}",
                do="measure it, or declare a value with its source in study.toml",
            )
        return chosen[0].at(temperature, what)
