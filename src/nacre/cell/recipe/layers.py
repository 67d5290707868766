"""From what was weighed to the cell: layers, thicknesses, volume fractions, loading, balance, currents.

Every number is a Quantity with the errors of what was declared; two numbers that share a weighing share its error.
Thickness needs the porosity, declared or from a measured thickness: the pressure alone does not tell it (how a powder
compacts is a property of the powder, not of the press). Without it a layer has only its least thickness, that of its
solids.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from nacre.core.context import Context
from nacre.core.errors import NacreError, NotAssessable
from nacre.core.quantity import Quantity, derive
from nacre.materials import Library, load_builtin
from nacre.materials.capacity import compute_insertion_capacity
from nacre.physics import porous
from nacre.physics.chemistry.stoichiometry import FormulaError, compute_theoretical_capacity, parse_formula

# layer -> its mass, and (role, mass fraction, what names the material) of each component
LAYERS = {
    "cathode": (
        "composite_mass",
        (
            ("active material", "cam_fraction", "cam"),
            ("electrolyte", "se_fraction", "electrolyte"),
            ("carbon", "carbon_fraction", "carbon"),
        ),
    ),
    "separator": ("separator_mass", (("electrolyte", "", "electrolyte"),)),
    "anode": (
        "anode_composite_mass",
        (
            ("active material", "anode_fraction", "counter_electrode"),
            ("electrolyte", "anode_se_fraction", "electrolyte"),
            ("carbon", "anode_carbon_fraction", "carbon"),
        ),
    ),
}


@dataclass(frozen=True)
class Component:
    """A material in a layer: its part of the mass, and of the solids' volume where all densities are known."""

    role: str
    material: str
    fraction: Quantity
    mass: Quantity
    density: Quantity | None = None
    volume_fraction: Quantity | None = None


@dataclass(frozen=True)
class PressedLayer:
    """A pressed layer. `solid_thickness` is without pores; `thickness` and `porosity` None where not known."""

    name: str
    mass: Quantity
    areal_mass: Quantity
    components: tuple[Component, ...]
    solid_thickness: Quantity | None = None
    porosity: Quantity | None = None
    thickness: Quantity | None = None
    unknown: str = ""


@dataclass(frozen=True)
class Recipe:
    """A cell as weighed. What cannot be computed is None, and `unknown` says why, by name."""

    name: str
    area: Quantity
    layers: Mapping[str, PressedLayer]
    cam_mass: Quantity
    loading: Quantity
    one_c: Quantity | None
    capacity: Quantity | None
    areal_capacity: Quantity | None
    anode_capacity: Quantity | None
    n_over_p: Quantity | None
    unknown: Mapping[str, str]

    def current(self, rate: Quantity | float) -> Quantity:
        """Current, mA, at a C-rate. Raises NacreError where the 1C current is not declared."""
        if self.one_c is None:
            raise NacreError(
                "the 1C current is not known", where=self.name, expected=self.unknown["one_c"], do="add it to [cell]"
            )
        number = rate.to("C-rate").value if isinstance(rate, Quantity) else float(rate)
        return derive(lambda i: i * number, self.one_c, unit="mA")


def compute_recipe(context: Context, library: Library | None = None) -> Recipe:
    """The cell of a context, with every number its inputs allow.

    Raises NacreError where the area or the active mass is missing, where the fractions of a layer do not sum to 1, or
    where a measured thickness is less than that of the solids.
    """
    library = library or load_builtin()
    area = context.need("area", "cm2", "the recipe")
    cam = context.need("cam_mass", "mg", "the recipe")
    unknown: dict[str, str] = {}
    layers = {name: layer for name in LAYERS if (layer := _compute_layer(name, context, area, library)) is not None}
    specific = context.find("one_c", "mA/g")
    one_c = specific and derive(lambda i, m: i * m / 1000, specific, cam, unit="mA")
    if one_c is None:
        unknown["one_c"] = 'one_c = "... mA/g"'
    capacity = _find_capacity(context, cam, unknown)
    anode = _find_anode_capacity(context, unknown)
    both = capacity is not None and anode is not None
    return Recipe(
        context.where,
        area,
        layers,
        cam,
        derive(lambda m, a: m / a, cam, area, unit="mg/cm2"),
        one_c,
        capacity,
        capacity and derive(lambda q, a: q / a, capacity, area, unit="mAh/cm2"),
        anode,
        derive(lambda n, p: n / p, anode, capacity, unit="1") if both else None,
        unknown,
    )


def _find_capacity(context: Context, cam: Quantity, unknown: dict[str, str]) -> Quantity | None:
    """Theoretical capacity, mAh, of the active material: as declared, else of its formula."""
    given = context.find("theoretical_capacity", "mAh/g")
    formula = context.text("cam")
    if given is None and formula:
        given = Quantity(compute_theoretical_capacity(formula) / 3600, "mAh/g", 0.0)
    if given is None:
        unknown["capacity"] = 'theoretical_capacity = "... mAh/g" or cam = "a formula"'
        return None
    return derive(lambda q, m: q * m / 1000, given, cam, unit="mAh")


def _find_anode_capacity(context: Context, unknown: dict[str, str]) -> Quantity | None:
    """Capacity, mAh, of the anode's active material."""
    mass, part = context.find("anode_composite_mass", "mg"), context.find("anode_fraction", "1")
    given = context.find("anode_theoretical_capacity", "mAh/g")
    counter = context.text("counter_electrode")
    if given is None and not counter:
        unknown["anode_capacity"] = 'anode_theoretical_capacity = "... mAh/g" or counter_electrode = "a formula"'
        return None
    if given is None:
        try:
            given = Quantity(compute_insertion_capacity(counter), "mAh/g", 0.0)
        except (NacreError, ValueError) as error:
            unknown["anode_capacity"] = str(error)
            return None
    if mass is None or part is None:
        unknown["anode_capacity"] = "anode_composite_mass and anode_fraction"
        return None
    return derive(lambda q, m, w: q * m * w / 1000, given, mass, part, unit="mAh")


# --- layers -------------------------------------------------------------------------------------------------


def _compute_layer(name: str, context: Context, area: Quantity, library: Library) -> PressedLayer | None:
    mass_name, parts = LAYERS[name]
    mass = context.find(mass_name, "mg")
    if mass is None:
        return None
    components = _read_components(name, parts, mass, context, library)
    areal = derive(lambda m, a: m / a, mass, area, unit="mg/cm2")
    lacking = [c.material or c.role for c in components if c.density is None]
    if lacking or not components:
        why = f"the density of {', '.join(lacking)}" if lacking else "the fractions of its components"
        return PressedLayer(name, mass, areal, components, unknown=why)
    operands = [*(c.mass for c in components), *(c.density for c in components), area]
    solid = derive(_compute_solid_thickness, *operands, unit="um")
    components = tuple(_add_volume_fraction(c, components) for c in components)
    porosity, thickness = _find_porosity(name, context, solid)
    return PressedLayer(name, mass, areal, components, solid, porosity, thickness)


def _read_components(name: str, parts, mass: Quantity, context: Context, library: Library) -> tuple[Component, ...]:
    found = []
    for role, fraction_name, material_name in parts:
        fraction = context.find(fraction_name, "1") if fraction_name else Quantity(1.0, "1", 0.0)
        if fraction is None or fraction.value == 0:
            continue
        material = context.text(material_name)
        density = _find_density(material, library, context.where)
        share = derive(lambda w, m: w * m, fraction, mass, unit="mg")
        found.append(Component(role, material, fraction, share, density))
    if not found:
        return ()
    rounding = math.fsum((c.fraction.last_digit or 0.0) / 2 for c in found)
    try:
        porous.check_fractions([c.fraction.value for c in found], [c.role for c in found], max(rounding, 1e-6))
    except porous.LayerError as error:
        raise NacreError(
            f"{name}: {error}", where=context.where, do=f"mend {', '.join(p[1] for p in parts)} in study.toml"
        ) from error
    return tuple(found)


def _find_density(material: str, library: Library, where: str) -> Quantity | None:
    """Density, g/cm3, or None where nobody knows it. A name that is neither material nor formula is an error."""
    if not material:
        return None
    try:
        known = library[material]
        value = known.density.value
    except NotAssessable:
        return None
    except NacreError as error:
        try:
            parse_formula(material)
        except FormulaError:
            cure = error.do or f"declare [material.{material}] with formula and density in study.toml"
            raise NacreError(error.what, where=where, do=cure) from None
        return None
    return value and value.to("g/cm3").tagged(f"density of {known.key}")


def _compute_solid_thickness(*numbers: float) -> float:
    """um from masses in mg, densities in g/cm3 and the area in cm2."""
    count = len(numbers) // 2
    masses, densities, area = numbers[:count], numbers[count : 2 * count], numbers[-1]
    return 10 * math.fsum(m / rho for m, rho in zip(masses, densities, strict=True)) / area


def _add_volume_fraction(component: Component, components: tuple[Component, ...]) -> Component:
    at = components.index(component)
    operands = [*(c.mass for c in components), *(c.density for c in components)]

    def share(*numbers: float) -> float:
        count = len(numbers) // 2
        volumes = [m / rho for m, rho in zip(numbers[:count], numbers[count:], strict=True)]
        return volumes[at] / math.fsum(volumes)

    fraction = derive(share, *operands, unit="1")
    return Component(**{**vars(component), "volume_fraction": fraction})


def _find_porosity(name: str, context: Context, solid: Quantity) -> tuple[Quantity | None, Quantity | None]:
    """Porosity (fraction of 1) and thickness (um): one declared, the other computed; both None where neither is."""
    porosity = context.find(f"{name}_porosity", "1")
    measured = context.find(f"measured_{name}_thickness", "um")
    if porosity is not None and measured is not None:
        raise NacreError(
            f"both porosity and thickness of the {name} are declared: one follows from the other",
            where=context.where,
            found=f"{name}_porosity and measured_{name}_thickness",
            do="leave out the one that was not measured",
        )
    if measured is not None:
        if measured.value < solid.value:
            raise NacreError(
                f"the {name} is declared thinner than its solids",
                where=context.where,
                found=f"{measured.value:.4g} um",
                expected=f"at least {solid.value:.4g} um from masses and densities",
                do="check the mass, the area, the densities and the thickness",
            )
        return derive(lambda s, t: 1 - s / t, solid, measured, unit="1"), measured
    if porosity is None:
        return None, None
    if not 0 <= porosity.value < 1:
        raise NacreError(
            f"the porosity of the {name} must lie between 0 and 100 %",
            where=context.where,
            found=f"{100 * porosity.value:g} %",
        )
    return porosity, derive(lambda s, p: s / (1 - p), solid, porosity, unit="um")
