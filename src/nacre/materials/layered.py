"""Layered lithium nickel cobalt manganese oxides of any composition."""

import re

from nacre.core.errors import NacreError
from nacre.core.quantity import Quantity
from nacre.materials.material import Material, MaterialFact
from nacre.physics.chemistry.stoichiometry import convert_to_fraction, write_formula

NAME = re.compile(r"^\s*(?:NCM|NMC)[ -]?(\d)(\d)(\d)\s*$", re.IGNORECASE)

_DENSITY = MaterialFact(
    Quantity(4.75, "g/cm3", basis="none"),
    "estimated",
    "X-ray densities of layered Li(Ni,Co,Mn)O2; the sample's own refined cell gives its own",
    Quantity(4.65, "g/cm3", basis="none"),
    Quantity(4.80, "g/cm3", basis="none"),
)


def write_ncm(nickel: float, cobalt: float, manganese: float, lithium: float = 1.0) -> Material:
    """Li_x Ni_a Co_b Mn_c O2 with a + b + c = 1; `lithium` is x: 1 as made, less when charged.

    Raises NacreError where the metals do not sum to 1 or lithium is outside 0 to 2.
    """
    metals = {"Ni": nickel, "Co": cobalt, "Mn": manganese}
    total = sum(convert_to_fraction(n) for n in metals.values())
    negative = [name for name, n in metals.items() if n < 0]
    if negative or abs(float(total) - 1) > 1e-3:
        raise NacreError(
            "the metals of a layered oxide must sum to 1",
            found=", ".join(f"{name} {n:g}" for name, n in metals.items()) + f" (sum {float(total):g})",
            do="give the fractions of the metal site, like 0.85, 0.10, 0.05",
        )
    if not 0 <= lithium <= 2:
        raise NacreError("the lithium content of LiMO2 must lie between 0 and 2", found=f"{lithium:g}")
    formula = write_formula({"Li": lithium, **metals, "O": 2})
    return Material(formula, formula, words="layered oxide", space_group="R -3 m", given_density=_DENSITY)


def read_ncm_name(name: str) -> Material:
    """The layered oxide of a name like NCM811: one digit per metal, in the order of the name's own letters.

    So NCM523 and NMC532 are the same material. Raises NacreError where the digits do not sum to 10 (or 3, for 111).
    """
    match = NAME.match(name)
    if match is None:
        raise NacreError("cannot read a layered oxide's name", found=f"'{name}'", expected="like 'NCM811'")
    digits = [int(d) for d in match.groups()]
    total = sum(digits)
    if total not in (3, 10):
        raise NacreError(
            "the digits of a layered oxide's name must sum to 10 (or 3, for 111)",
            found=f"'{name}' sums to {total}",
            do="give the formula instead, like 'LiNi0.85Co0.1Mn0.05O2'",
        )
    first, second, third = (convert_to_fraction(d) / total for d in digits)
    manganese_second = name.strip().lower().startswith("nmc")
    cobalt, manganese = (third, second) if manganese_second else (second, third)
    return write_ncm(first, cobalt, manganese)
