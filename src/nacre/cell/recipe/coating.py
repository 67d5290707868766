"""[sample.coating] of a study: what was meant to be put on the powder, checked and with units."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from nacre.core.errors import NacreError, did_you_mean
from nacre.core.quantity import Quantity, parse
from nacre.physics.chemistry import coating as balance
from nacre.physics.chemistry.stoichiometry import FormulaError, parse_formula

# what may be declared of a coating: key -> (unit, words); a unit of "" is a word
KEYS = {
    "precursor": ("", "the phase as dosed, like HfO2"),
    "phases": ("", "all phases of the coating after annealing"),
    "basis": ("", "what the target is a fraction of: 'bare' or 'coated' powder"),
    "lithium_source": ("", "what gives the lithium, like Li2CO3"),
    "target": ("wt%", "the content that was aimed at, as the precursor"),
    "target_thickness": ("nm", "the thickness that was aimed at"),
    "dispersion": ("mg/mL", "precursor per volume of the dispersion"),
    "solids": ("mg/mL", "dry solids per volume of the dispersion, ligands included"),
    "ligand_fraction": ("wt%", "the mass fraction of ligands in those solids"),
    "deposition": ("%", "the part of the dosed precursor that stays on the powder"),
    "conversion": ("%", "the part of the precursor that annealing converts"),
    "powder": ("g", "the powder to coat in one batch"),
    "packing": ("%", "the solid part of the film where it is"),
    "coverage": ("%", "the part of the powder's surface that bears a film"),
    "particle_size": ("nm", "the diameter of the nanoparticles"),
}
_PARTS = ("target", "ligand_fraction", "deposition", "conversion", "packing", "coverage")


@dataclass(frozen=True)
class Coating:
    """A coating as declared. What was not declared is None, "" or ()."""

    precursor: str = ""
    phases: tuple[str, ...] = ()
    basis: str = ""
    lithium_source: str = ""
    numbers: Mapping[str, Quantity] = field(default_factory=dict)

    @property
    def product(self) -> str:
        """The one phase besides the precursor that holds lithium; "" where there is none, or more than one."""
        found = [phase for phase in self.phases if phase != self.precursor and "Li" in parse_formula(phase)]
        return found[0] if len(found) == 1 else ""

    @property
    def metal(self) -> str:
        """The element that the coating brings: that of the precursor beside oxygen and lithium."""
        rest = [element for element in parse_formula(self.precursor) if element not in ("O", "Li", "H", "C")]
        return rest[0] if len(rest) == 1 else ""

    def find(self, name: str, unit: str) -> Quantity | None:
        """A declared number in `unit`, or None."""
        return self.numbers[name].to(unit) if name in self.numbers else None

    def need(self, name: str, unit: str, why: str, where: str = "") -> Quantity:
        """A declared number in `unit`. Raises NacreError that says what to add."""
        found = self.find(name, unit)
        if found is None:
            key_unit, words = KEYS[name]
            raise NacreError(
                f"{words} is not given, and {why} needs it",
                where=where,
                expected=f'{name} = "... {key_unit}"',
                do="add it under [sample.coating] in study.toml",
            )
        return found


def read_coating(raw: Mapping[str, Any], where: str = "", tag: str = "coating") -> Coating:
    """A coating from its table; the errors of its numbers are named after `tag`.

    Raises NacreError with did-you-mean for unknown keys, for formulas that are none, for phases that do not share
    one metal, and for numbers that cannot be (a negative yield, a fraction above 1).
    """
    for key in raw:
        if key not in KEYS:
            raise NacreError(f"unknown key '{key}' of a coating", where=where, do=did_you_mean(key, KEYS))
    words = {key: raw[key] for key, (unit, _) in KEYS.items() if not unit and key in raw}
    phases = words.pop("phases", ())
    found = Coating(**words, phases=tuple([phases] if isinstance(phases, str) else phases))
    for phase in (found.precursor, *found.phases, found.lithium_source):
        _check_formula(phase, where)
    if found.basis not in ("", "bare", "coated"):
        raise NacreError(f"unknown basis '{found.basis}'", where=where, expected="'bare' or 'coated'")
    if found.product:
        try:
            balance.find_shared_metal(found.precursor, found.product)
        except balance.CoatingError as error:
            raise NacreError(str(error), where=where) from error
    numbers = {key: _read_number(key, raw[key], where, tag) for key in KEYS if KEYS[key][0] and key in raw}
    return replace(found, numbers=numbers)


def _check_formula(phase: str, where: str) -> None:
    if not phase:
        return
    try:
        parse_formula(phase)
    except FormulaError as error:
        raise NacreError(str(error), where=where) from error


def _read_number(key: str, text: Any, where: str, tag: str) -> Quantity:
    unit, words = KEYS[key]
    quantity = parse(text, unit, where=f"{where}: '{key}'".lstrip(": ")).tagged(f"{tag}:{key}")
    if not quantity.value > 0 and key not in ("ligand_fraction", "conversion"):
        raise NacreError(f"{words} must be above 0", where=where, found=f'{key} = "{text}"')
    if key in _PARTS and not 0 <= quantity.to("%").value <= 100:
        raise NacreError(f"{words} must lie between 0 and 100 %", where=where, found=f'{key} = "{text}"')
    return quantity
