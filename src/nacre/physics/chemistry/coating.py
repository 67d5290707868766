"""A coating made from a dispersed oxide and the lithium of a cathode powder: dose, and what analyses say of it.

Everything is in SI units: kg, m3, mol, and mass fractions of 1 (not %). Functions of numbers take arrays too.
`oxide` is the phase as dosed (HfO2), `product` the lithiated phase that annealing makes of it (Li2HfO3).
The one assumption throughout is that of the balance: atoms are conserved, and what is not named is inert.
"""

import numpy as np

from nacre.physics.chemistry.stoichiometry import atoms_of, mass_fraction, molar_mass, parse_formula


class CoatingError(ValueError):
    """A recipe or an analysis that no coating can have."""


# --- dose ---------------------------------------------------------------------------------------------------


def oxide_dose(cam_mass, target, basis: str):
    """Mass of oxide, kg, for a target mass fraction on `cam_mass` of bare powder.

    `basis` says per what the target is meant: "bare" (oxide per bare powder) or "coated" (oxide per oxide and
    powder together). Raises CoatingError for another word or a target outside 0 to 1.
    """
    within("the target fraction", target, 0, 1)
    if basis == "bare":
        return cam_mass * target
    if basis == "coated":
        return cam_mass * target / (1 - target)
    raise CoatingError(f"basis '{basis}' of a target fraction; expected 'bare' or 'coated'")


def oxide_for_coating(cam_mass, content, conversion, oxide: str, product: str):
    """Mass of oxide, kg, that makes `content` (kg of both phases per kg of coated powder) at a given conversion.

    `conversion` is the fraction of the oxide that annealing turns into the product, 0 to 1.
    """
    within("the coating content", content, 0, 1)
    within("the conversion", conversion, 0, 1, closed=True)
    per_mole = (1 - conversion) * molar_mass(oxide) + conversion * yield_of(oxide, product) * molar_mass(product)
    return content / (1 - content) * cam_mass / per_mole * molar_mass(oxide)


def film_mass(cam_mass, thickness, specific_area, density, packing, coverage):
    """Mass of coating, kg, in a film on powder of `specific_area` (m2/kg).

    `packing` is the solid fraction of the film where it is, `coverage` the part of the area that bears it.
    """
    return cam_mass * specific_area * coverage * thickness * packing * density


def oxide_assay(solids, ligand_fraction):
    """Oxide per volume of dispersion, kg/m3, from its dry solids and the mass fraction of ligands in them."""
    within("the ligand fraction of the solids", ligand_fraction, 0, 1, closed=True)
    return solids * (1 - ligand_fraction)


def dispersion_volume(oxide_mass, assay, deposition=1.0):
    """Volume to pipette, m3, so that `oxide_mass` stays on the powder when a fraction `deposition` of it does."""
    positive("the assay of the dispersion", assay)
    positive("the deposition yield", deposition)
    return oxide_mass / (assay * deposition)


def deposition_yield(found, dosed):
    """Oxide found on the powder over oxide dosed (same unit). Above 1 where analysis and dose disagree."""
    positive("the dosed mass", dosed)
    not_negative("the mass found", found)
    return found / dosed


# --- analysis -----------------------------------------------------------------------------------------------


def metal_of(oxide: str, product: str) -> str:
    """The metal that oxide and product share. Raises CoatingError where that is not one element."""
    shared = (set(parse_formula(oxide)) & set(parse_formula(product))) - {"O", "Li"}
    if len(shared) != 1:
        raise CoatingError(
            f"{oxide} and {product} share {', '.join(sorted(shared)) or 'no metal'}; expected one metal in both"
        )
    return shared.pop()


def yield_of(oxide: str, product: str) -> float:
    """Formula units of product per formula unit of oxide: 1 for HfO2 -> Li2HfO3, 2 for Nb2O5 -> LiNbO3."""
    metal = metal_of(oxide, product)
    return atoms_of(oxide, metal) / atoms_of(product, metal)


def phase_fractions(metal_fraction, ratio, oxide: str, product: str):
    """Mass fractions (oxide, product) of the powder from its metal content and the ratio of metal in both.

    `metal_fraction` in kg of metal per kg of coated powder (ICP); `ratio` = n(metal in oxide) / n(metal in
    product) (XPS peak areas).
    """
    within("the metal fraction", metal_fraction, 0, 1, closed=True)
    not_negative("the ratio of metal in oxide to metal in product", ratio)
    metal = metal_of(oxide, product)
    in_oxide = ratio / (1 + ratio)
    return (
        metal_fraction * in_oxide / mass_fraction(oxide, metal),
        metal_fraction * (1 - in_oxide) / mass_fraction(product, metal),
    )


def metal_ratio(conversion):
    """n(metal in oxide) / n(metal in product) at a conversion: (1 - x)/x."""
    within("the conversion", conversion, 0, 1, closed=True)
    return (1 - conversion) / conversion


def conversion_of(ratio):
    """Fraction of the oxide converted, from the ratio of metal in oxide to metal in product: 1/(1 + ratio)."""
    not_negative("the ratio of metal in oxide to metal in product", ratio)
    return 1 / (1 + ratio)


def oxide_equivalent(metal_fraction, metal: str, oxide: str):
    """All metal counted as oxide, kg per kg of coated powder."""
    return metal_fraction / mass_fraction(oxide, metal)


def per_bare(fraction, coating_content):
    """A fraction of the coated powder, per mass of the bare powder in it."""
    within("the coating content", coating_content, 0, 1)
    return fraction / (1 - coating_content)


def lithium_in(product_fraction, product: str):
    """Lithium held by the product, mol per kg of coated powder."""
    return product_fraction * atoms_of(product, "Li") / molar_mass(product)


def lithium_needed(metal_fraction, oxide: str, product: str):
    """Lithium that full conversion of the metal would take, mol per kg of coated powder."""
    metal = metal_of(oxide, product)
    return lithium_in(metal_fraction / mass_fraction(product, metal), product)


def as_phase(lithium, phase: str):
    """Mass fraction of a lithium phase (Li2CO3, LiOH) that holds `lithium` mol per kg."""
    return lithium * molar_mass(phase) / atoms_of(phase, "Li")


def of_lattice(lithium, cam: str):
    """`lithium` (mol/kg) as a fraction of the lithium of the active material's lattice."""
    return lithium * molar_mass(cam) / atoms_of(cam, "Li")


# --- checks -------------------------------------------------------------------------------------------------


def within(what: str, value, low: float, high: float, *, closed: bool = False) -> None:
    """Raises CoatingError unless low <= value < high (<= where `closed`)."""
    value_array = np.asarray(value, float)
    good = (value_array >= low) & ((value_array <= high) if closed else (value_array < high))
    if not np.all(good):
        raise CoatingError(f"{what} is {_bad(value_array, good)}; expected a fraction from {low} to {high}, not in %")


def positive(what: str, value) -> None:
    """Raises CoatingError unless value > 0."""
    value_array = np.asarray(value, float)
    if not np.all(value_array > 0):
        raise CoatingError(f"{what} is {_bad(value_array, value_array > 0)}; expected a number above 0")


def not_negative(what: str, value) -> None:
    """Raises CoatingError unless value >= 0."""
    value_array = np.asarray(value, float)
    if not np.all(value_array >= 0):
        raise CoatingError(f"{what} is {_bad(value_array, value_array >= 0)}; it cannot be negative")


def _bad(values: np.ndarray, good: np.ndarray) -> str:
    return f"{float(values[~good].flat[0]) if values.ndim else float(values):.6g}"
