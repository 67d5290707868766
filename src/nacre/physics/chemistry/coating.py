"""A coating made from a dispersed oxide and the lithium of a cathode powder: its dose, and what its phases share.

Masses in kg, mass fractions of 1 (not %). `oxide` is the phase as dosed (HfO2), `product` the lithiated phase that
annealing makes of it (Li2HfO3).
"""

import numpy as np

from nacre.physics.chemistry.stoichiometry import count_atoms, parse_formula


class CoatingError(ValueError):
    """A recipe or an analysis that no coating can have."""


def compute_oxide_dose(cam_mass, target, basis: str):
    """Mass of oxide, kg, for a target mass fraction on `cam_mass` of bare powder.

    `basis` says per what the target is meant: "bare" (oxide per bare powder) or "coated" (oxide per oxide and
    powder together). Raises CoatingError for another word or a target outside 0 to 1.
    """
    check_fraction("the target fraction", target, 0, 1)
    if basis == "bare":
        return cam_mass * target
    if basis == "coated":
        return cam_mass * target / (1 - target)
    raise CoatingError(f"basis '{basis}' of a target fraction; expected 'bare' or 'coated'")


def oxide_assay(solids, ligand_fraction):
    """Oxide per volume of dispersion, kg/m3, from its dry solids and the mass fraction of ligands in them."""
    check_fraction("the ligand fraction of the solids", ligand_fraction, 0, 1, closed=True)
    return solids * (1 - ligand_fraction)


def dispersion_volume(oxide_mass, assay, deposition=1.0):
    """Volume to pipette, m3, so that `oxide_mass` stays on the powder when a fraction `deposition` of it does."""
    positive("the assay of the dispersion", assay)
    positive("the deposition yield", deposition)
    return oxide_mass / (assay * deposition)


def find_shared_metal(oxide: str, product: str) -> str:
    """The metal that oxide and product share. Raises CoatingError where that is not one element."""
    shared = (set(parse_formula(oxide)) & set(parse_formula(product))) - {"O", "Li"}
    if len(shared) != 1:
        raise CoatingError(
            f"{oxide} and {product} share {', '.join(sorted(shared)) or 'no metal'}; expected one metal in both"
        )
    return shared.pop()


def count_product_units(oxide: str, product: str) -> float:
    """Formula units of product per formula unit of oxide: 1 for HfO2 -> Li2HfO3, 2 for Nb2O5 -> LiNbO3."""
    metal = find_shared_metal(oxide, product)
    return count_atoms(oxide, metal) / count_atoms(product, metal)


def check_fraction(what: str, value, low: float, high: float, *, closed: bool = False) -> None:
    """Raises CoatingError unless low <= value < high (<= where `closed`)."""
    value_array = np.asarray(value, float)
    good = (value_array >= low) & ((value_array <= high) if closed else (value_array < high))
    if not np.all(good):
        raise CoatingError(
            f"{what} is {_write_first_bad(value_array, good)}; expected a fraction from {low} to {high}, not in %"
        )


def positive(what: str, value) -> None:
    """Raises CoatingError unless value > 0."""
    value_array = np.asarray(value, float)
    if not np.all(value_array > 0):
        raise CoatingError(f"{what} is {_write_first_bad(value_array, value_array > 0)}; expected a number above 0")


def _write_first_bad(values: np.ndarray, good: np.ndarray) -> str:
    return f"{float(values[~good].flat[0]) if values.ndim else float(values):.6g}"
