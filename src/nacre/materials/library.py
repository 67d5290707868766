"""The materials at hand: those of the package (phases.toml) and those a study adds; looked up with did-you-mean."""

import tomllib
from collections.abc import Iterator, Mapping
from fractions import Fraction
from functools import lru_cache
from importlib.resources import files
from typing import Any

from nacre.core.errors import NacreError, did_you_mean, unknown
from nacre.core.quantity import Quantity, parse
from nacre.materials.layered import NAME, read_ncm_name
from nacre.materials.material import LAWS, Conductivity, Material, MaterialFact, UnitCell
from nacre.physics.chemistry import stoichiometry

_KEYS = (
    "words",
    "aliases",
    "formula",
    "space_group",
    "cod",
    "cell",
    "density",
    "ionic",
    "electronic",
    "remarks",
    "source",
    "status",
)
_CELL = ("a", "b", "c", "alpha", "beta", "gamma", "volume", "z", "status", "source")
_CONDUCTIVITY = ("value", "low", "high", "at", "activation", "law", "form", "status", "source")
_FACT = ("value", "low", "high", "status", "source")


class Library(Mapping[str, Material]):
    """Materials by key; a look-up also takes an alias, a formula that only one of them has, or NCM811-like names."""

    def __init__(self, materials: Mapping[str, Material]):
        self._materials = dict(materials)
        self._names = {key.lower(): key for key in self._materials}
        for key, material in self._materials.items():
            for alias in material.aliases:
                self._names.setdefault(alias.lower(), key)

    def __getitem__(self, name: str) -> Material:
        """Raises NacreError for a name that nobody knows, with did-you-mean."""
        key = self._names.get(str(name).strip().lower()) or self._by_formula(name)
        if key is not None:
            return self._materials[key]
        if NAME.match(str(name)):
            return read_ncm_name(name)
        raise unknown("material", name, [*self._materials, *(a for m in self._materials.values() for a in m.aliases)])

    def get(self, name: str, default: Material | None = None) -> Material | None:
        """The material, or `default` where nobody knows it."""
        try:
            return self[name]
        except NacreError:
            return default

    def __contains__(self, name: object) -> bool:
        return self.get(str(name)) is not None

    def __iter__(self) -> Iterator[str]:
        return iter(self._materials)

    def __len__(self) -> int:
        return len(self._materials)

    def _by_formula(self, name: str) -> str | None:
        try:
            wanted = stoichiometry.parse_formula(name)
        except stoichiometry.FormulaError:
            return None
        same = [k for k, m in self._materials.items() if stoichiometry.parse_formula(m.formula) == wanted]
        if len(same) > 1:
            raise NacreError(f"{len(same)} materials have the formula {name}", expected="one of " + ", ".join(same))
        return same[0] if same else None

    def adding(self, rows: Mapping[str, Mapping[str, Any]], where: str = "study.toml") -> "Library":
        """A library with a study's own materials; what it gives of a known one replaces that alone.

        Rows are as in phases.toml; a density may be just text ("4.72 g/cm3"). Raises NacreError with `where`.
        """
        added = dict(self._materials)
        for key, row in rows.items():
            known = self._names.get(key.lower(), key)
            added[known] = read_material(known, row, where=where, base=added.get(known), origin="study")
        return Library(added)


def composition(name: str) -> dict[str, Fraction]:
    """Atoms per formula unit of a material of the library ("NCM85") or of a formula. Raises NacreError for neither."""
    material = load_builtin().get(name)
    try:
        return stoichiometry.parse_formula(material.formula if material else name)
    except stoichiometry.FormulaError as error:
        raise NacreError(f"neither a material nor a formula: {error}", do="write the formula") from error


@lru_cache(maxsize=1)
def load_builtin() -> Library:
    """The materials of the package."""
    text = files("nacre.materials").joinpath("phases.toml").read_text("utf-8")
    rows = tomllib.loads(text)
    return Library({key: read_material(key, row, where="phases.toml") for key, row in rows.items()})


def read_material(
    key: str, row: Mapping[str, Any], *, where: str, base: Material | None = None, origin: str = "package"
) -> Material:
    """One material from its row. Raises NacreError that names the material and what is wrong."""
    place = f"{where}: material '{key}'"
    _check_keys(row, _KEYS, place)
    formula = row.get("formula", base.formula if base else None)
    if formula is None:
        raise NacreError("a material without a formula", where=place, do='add formula = "..."')
    try:
        atoms = stoichiometry.parse_formula(formula)
    except stoichiometry.FormulaError as error:
        raise NacreError(str(error), where=place) from error
    if base and atoms != stoichiometry.parse_formula(base.formula):
        base = None  # another compound: nothing that was known of the old one holds
    default = (row.get("status", "given"), row.get("source", where)) if origin == "study" else (None, None)
    changed = {
        "key": key,
        "formula": formula,
        "words": row.get("words"),
        "aliases": tuple(row["aliases"]) if "aliases" in row else None,
        "space_group": row.get("space_group"),
        "cod": row.get("cod"),
        "remarks": row.get("remarks"),
        "cell": _read_cell(row["cell"], place, default) if "cell" in row else None,
        "given_density": _read_fact(row["density"], "g/cm3", f"{place}, density", default)
        if "density" in row
        else None,
        "ionic": _read_conductivities(row.get("ionic"), f"{place}, ionic", default),
        "electronic": _read_conductivities(row.get("electronic"), f"{place}, electronic", default),
    }
    kept = {name: getattr(base, name) for name in changed} if base else {}
    return Material(**{**kept, **{n: v for n, v in changed.items() if v is not None}}, origin=origin)


def _read_cell(row: Mapping, place: str, default: tuple) -> UnitCell:
    place = f"{place}, cell"
    _check_keys(row, _CELL, place)
    _require(row, ("z",), place)
    status, source = _read_provenance(row, place, default)
    if "volume" in row:
        return UnitCell(float(row["volume"]), float(row["z"]), status, source)
    _require(row, ("a", "b", "c"), place)
    edges = tuple(float(row[name]) for name in ("a", "b", "c"))
    angles = tuple(float(row.get(name, 90.0)) for name in ("alpha", "beta", "gamma"))
    return UnitCell(stoichiometry.compute_cell_volume(*edges, *angles), float(row["z"]), status, source, edges, angles)


def _read_fact(row: Any, unit: str, place: str, default: tuple) -> MaterialFact:
    row = {"value": row} if isinstance(row, str | int | float) else row
    _check_keys(row, _FACT, place)
    status, source = _read_provenance(row, place, default)
    value, low, high = (
        _read_quantity(row[name], unit, place) if name in row else None for name in ("value", "low", "high")
    )
    if value is None and (low is None or high is None):
        raise NacreError("neither a value nor a range", where=place, expected="value, or low and high")
    return MaterialFact(value, status, source, low, high)


def _read_conductivities(rows: Any, place: str, default: tuple) -> tuple[Conductivity, ...] | None:
    if rows is None:
        return None
    return tuple(_read_conductivity(row, place, default) for row in ([rows] if isinstance(rows, Mapping) else rows))


def _read_conductivity(row: Mapping, place: str, default: tuple) -> Conductivity:
    _check_keys(row, _CONDUCTIVITY, place)
    _require(row, ("at",), place)
    law = row.get("law", "")
    if "activation" in row and law not in LAWS:
        raise NacreError(
            "an activation energy without its law",
            where=place,
            found=f"'{law}'",
            expected="law = 'sigma' for A exp(-Ea/kT), or 'sigmaT' for sigma T = A exp(-Ea/kT)",
        )
    activation = _read_quantity(row["activation"], "eV", place).value if "activation" in row else None
    fact = _read_fact({name: row[name] for name in _FACT if name in row}, "S/cm", place, default)
    return Conductivity(fact, _read_quantity(row["at"], "K", place).value, row.get("form", ""), activation, law)


def _read_quantity(text: Any, unit: str, place: str) -> Quantity:
    quantity = parse(text, unit, where=place)
    if not quantity.value > 0:
        raise NacreError("must be above 0", where=place, found=f"'{text}'")
    return quantity


def _read_provenance(row: Mapping, place: str, default: tuple) -> tuple[str, str]:
    status, source = row.get("status", default[0]), row.get("source", default[1])
    if not status or not source:
        raise NacreError("a number without its status and source", where=place, do="add status and source")
    return status, source


def _require(row: Mapping, names: tuple[str, ...], place: str) -> None:
    missing = [name for name in names if name not in row]
    if missing:
        raise NacreError(f"{', '.join(missing)} missing", where=place)


def _check_keys(row: Mapping, known: tuple[str, ...], place: str) -> None:
    for name in row:
        if name not in known:
            raise NacreError(f"unknown key '{name}'", where=place, do=did_you_mean(name, known))
