"""How much oxide and dispersion a coating takes, and what analysis should find after annealing.

The balance is that of nacre.physics.chemistry.coating: atoms are conserved, the powder is inert. Lithium that the
coating takes
from the powder is counted to the coating (for 1 wt% HfO2 that is 0.2 % of what is weighed, not of the powder).
"""

from dataclasses import dataclass

from nacre.cell.recipe.coating import Coating
from nacre.core.context import Context
from nacre.core.errors import NacreError
from nacre.core.quantity import Quantity, derive
from nacre.materials import Library, load_builtin
from nacre.physics.chemistry import coating as balance
from nacre.physics.chemistry.stoichiometry import compute_mass_fraction, compute_molar_mass


@dataclass(frozen=True)
class Dose:
    """What to put on `powder` (g): `oxide` (mg), the `volume` (mL) of dispersion that holds it (None: no assay given).

    `lithium` (mg of the declared lithium source) converts all of it. `words` say what was assumed.
    """

    coating: Coating
    powder: Quantity
    oxide: Quantity
    volume: Quantity | None
    lithium: Quantity | None
    words: tuple[str, ...]


@dataclass(frozen=True)
class Expected:
    """What analysis should find at one conversion (fraction of 1): contents in wt% of the coated powder."""

    conversion: float
    metal: Quantity
    oxide: Quantity
    product: Quantity
    coating: Quantity


def compute_dose(coating: Coating, context: Context, library: Library | None = None) -> Dose:
    """The dose for a target content, or for a target thickness on a known surface.

    Without `powder` it is that for 1 g. Raises NacreError where the target, or what it is a fraction of, is missing.
    """
    where = context.where
    if not coating.precursor:
        raise NacreError("the coating has no precursor", where=where, do='add precursor = "..." to [sample.coating]')
    words: list[str] = []
    powder = coating.find("powder", "g")
    if powder is None:
        powder = Quantity(1.0, "g", 0.0)
        words.append("for 1 g of powder (powder is not declared)")
    oxide = _compute_oxide(coating, powder, context, library or load_builtin(), words)
    volume = _compute_volume(coating, oxide, words)
    return Dose(coating, powder, oxide, volume, _compute_lithium(coating, oxide), tuple(words))


def _compute_oxide(
    coating: Coating, powder: Quantity, context: Context, library: Library, words: list[str]
) -> Quantity:
    target = coating.find("target", "1")
    if target is not None:
        if not coating.basis:
            raise NacreError(
                "per what the target is meant is not said",
                where=context.where,
                expected="basis = 'bare' (oxide per bare powder) or 'coated' (per oxide and powder)",
                do="add it under [sample.coating] in study.toml",
            )
        words.append(f"target: {100 * target.value:g} wt% {coating.precursor} per {coating.basis} powder")
        return derive(lambda t, m: 1e3 * balance.compute_oxide_dose(m, t, coating.basis), target, powder, unit="mg")
    thickness = coating.find("target_thickness", "nm")
    if thickness is None:
        raise NacreError(
            "the coating has no target",
            where=context.where,
            expected='target = "1 wt%" with basis, or target_thickness = "10 nm"',
            do="add it under [sample.coating] in study.toml",
        )
    why = "a dose for a thickness"
    packing, coverage = (coating.need(name, "1", why, context.where) for name in ("packing", "coverage"))
    area = context.need("surface_area", "m2/g", why)
    density = library[coating.precursor].density.value
    if density is None:
        raise NacreError(
            f"the density of {coating.precursor} is not known", where=context.where, do="declare it under [material]"
        )
    words.append(f"target: a film of {thickness} on the declared surface, as {coating.precursor}")
    return derive(
        lambda m, t, a, rho, p, c: m * a * c * t * 1e-9 * p * rho * 1e6 * 1e3,
        *(powder, thickness, area, density.to("g/cm3"), packing, coverage),
        unit="mg",
    )


def _compute_volume(coating: Coating, oxide: Quantity, words: list[str]) -> Quantity | None:
    """Dispersion to pipette, mL; the assay is corrected for ligands where solids are given."""
    assay = coating.find("dispersion", "mg/mL")
    solids, ligands = coating.find("solids", "mg/mL"), coating.find("ligand_fraction", "1")
    if assay is None and solids is not None and ligands is not None:
        assay = derive(balance.oxide_assay, solids, ligands, unit="mg/mL")
    if assay is None:
        words.append("no volume: neither dispersion, nor solids with ligand_fraction, is declared")
        return None
    stays = coating.find("deposition", "1")
    if stays is None:
        stays = Quantity(1.0, "1", 0.0)
        words.append("if all of the dose stays on the powder (deposition is not declared)")
    return derive(balance.dispersion_volume, oxide, assay, stays, unit="mL")


def _compute_lithium(coating: Coating, oxide: Quantity) -> Quantity | None:
    """Mass, mg, of the lithium source that would convert all of the oxide."""
    source = coating.lithium_source
    if not source or not coating.product:
        return None
    units = balance.count_product_units(coating.precursor, coating.product)
    per_mole = units * balance.count_atoms(coating.product, "Li") / balance.count_atoms(source, "Li")
    ratio = per_mole * compute_molar_mass(source) / compute_molar_mass(coating.precursor)
    return derive(lambda m: m * ratio, oxide, unit="mg")


def predict_analysis(given: Dose, conversion: float) -> Expected:
    """What elemental analysis and XPS should find if all of the dose stays and `conversion` (0 to 1) of it reacts."""
    coating = given.coating
    balance.check_fraction("the conversion", conversion, 0, 1, closed=True)
    oxide, product = coating.precursor, coating.product
    gain = (
        balance.count_product_units(oxide, product) * compute_molar_mass(product) / compute_molar_mass(oxide)
        if product
        else 1.0
    )
    made = gain if product else 0.0

    def contents(dosed: float, powder: float) -> tuple[float, float, float]:
        left, new = dosed * (1 - conversion), dosed * conversion * made
        return 100 * left, 100 * new, powder * 1e3 + left + new

    def of(pick):
        return derive(lambda m, p: pick(*contents(m, p)), given.oxide, given.powder, unit="wt%")

    metal = compute_mass_fraction(oxide, coating.metal) * 100
    return Expected(
        conversion,
        derive(lambda m, p: m * metal / contents(m, p)[2], given.oxide, given.powder, unit="wt%"),
        of(lambda left, new, total: left / total),
        of(lambda left, new, total: new / total),
        of(lambda left, new, total: (left + new) / total),
    )
