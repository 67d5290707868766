"""Which species are fitted in a photoelectron region: levels, positions, overlaps, from xps_species.toml.

Splitting and area ratio belong to element and level, never to a species: there is no way to give S 2p the splitting of
P 2p. The ratio of a doublet is l/(l + 1) of its level (statistical weights of j = l - 1/2 and l + 1/2).
"""

import re
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.resources import files

from nacre.core.errors import NacreError, did_you_mean, unknown

SHAPES = ("sum", "product", "voigt", "tail")  # those of the fit, physics.xps_shapes
_ORBITAL = {"s": 0, "p": 1, "d": 2, "f": 3}
# splittings in eV that no table may leave, from two compilations each; guards the table against a swap of rows
_BOUNDS = {"S 2p": (1.10, 1.25), "P 2p": (0.80, 0.90), "Hf 4f": (1.60, 1.75)}


@dataclass(frozen=True)
class SpeciesLevel:
    """Element and level. A level without angular momentum has no splitting.

    cross_sections : area of the weaker line over that of the stronger by calculated cross-sections; 0 where unknown.
    """

    name: str
    splitting: float = 0.0
    low: float = 0.0
    high: float = 0.0
    source: str = ""
    cross_sections: float = 0.0

    @property
    def ratio(self) -> float:
        """Area of the weaker line of the doublet over that of the stronger."""
        momentum = _ORBITAL[self.name[-1]]
        return momentum / (momentum + 1)

    @property
    def weights(self) -> str:
        """`4:3`: the statistical weights of the doublet."""
        momentum = _ORBITAL[self.name[-1]]
        return f"{momentum + 1}:{momentum}"

    @property
    def line_names(self) -> tuple[str, ...]:
        """`Hf 4f7/2` and `Hf 4f5/2`, or the level itself."""
        momentum = _ORBITAL[self.name[-1]]
        return tuple(f"{self.name}{2 * momentum + d}/2" for d in (1, -1)) if momentum else (self.name,)

    def checked(self, splitting: float) -> float:
        """`splitting` where this level can have it. Raises NacreError that names the level it fits."""
        if self.low <= splitting <= self.high:
            return splitting
        fits = [level.name for level in load_species().levels.values() if level.low <= splitting <= level.high]
        raise NacreError(
            f"a splitting of {splitting:g} eV is not that of {self.name}",
            found=f"{splitting:g} eV" + (f", as {' or '.join(fits)} has" if fits else ""),
            expected=f"{self.low:g} to {self.high:g} eV ({self.source})",
        )


@dataclass(frozen=True)
class Species:
    """A chemical state: position of its main line in eV, range, prior width of it, whether the assignment is known.

    shape : of its lines, where it is not that of the region (a metal among oxides).
    phase : the formula that it is taken for. declared : fitted only where the sample is said to hold that phase.
    """

    name: str
    position: float
    low: float
    high: float
    sd: float
    supported: bool
    source: str
    width_factor: float = 1.0
    shape: str = ""
    phase: str = ""
    declared: bool = False

    @property
    def formula(self) -> str:
        """What amounts of it are called by: its phase, else its name."""
        return self.phase or self.name


@dataclass(frozen=True)
class PhotoelectronOverlap:
    """A broad line of another level inside the region."""

    name: str
    position: float
    sd: float
    fwhm: float
    fwhm_sd: float
    source: str


@dataclass(frozen=True)
class CoreLevelRegion:
    """What is fitted in one window."""

    level: SpeciesLevel
    window: tuple[float, float]
    fwhm: float
    species: tuple[Species, ...]
    overlaps: tuple[PhotoelectronOverlap, ...] = ()
    shape: str = "sum"

    @property
    def name(self) -> str:
        return self.level.name

    def find(self, name: str) -> Species | None:
        """The species of a name or a phase."""
        return next((species for species in self.species if name in (species.name, species.phase)), None)

    def holding(self, phases: Collection[str]) -> "CoreLevelRegion":
        """The region with the species that are always there, and of the others those of `phases`."""
        kept = tuple(s for s in self.species if not s.declared or s.name in phases or s.phase in phases)
        return replace(self, species=kept)

    def lines(self, species: Species) -> tuple[tuple[str, float], ...]:
        """(name, position) of the lines of a species."""
        positions = (species.position, species.position + self.level.splitting)
        return tuple(zip(self.level.line_names, positions, strict=False))


@dataclass(frozen=True)
class SpeciesTable:
    """All levels and regions."""

    levels: Mapping[str, SpeciesLevel]
    regions: Mapping[str, CoreLevelRegion]

    def region(self, name: str) -> CoreLevelRegion:
        """A region by its name, however it is spaced ("Hf4f"). Raises NacreError with did-you-mean."""
        known = {_read_plain(key): region for key, region in self.regions.items()}
        if _read_plain(name) not in known:
            raise unknown("region", name, self.regions)
        return known[_read_plain(name)]

    def find(self, label: str) -> CoreLevelRegion | None:
        """The region that a file's label speaks of ("Hf4f Scan", "XPS C 1s_2"), or None."""
        plain = _read_plain(label)
        found = [region for key, region in self.regions.items() if re.search(rf"(?<![a-z]){_read_plain(key)}", plain)]
        return found[0] if found else None


def _read_plain(name: str) -> str:
    return re.sub(r"[\s_-]+", "", name).lower()


@lru_cache(maxsize=1)
def load_species() -> SpeciesTable:
    """The table of the package."""
    return read_species(tomllib.loads(files("nacre.materials.spectra").joinpath("xps_species.toml").read_text("utf-8")))


def read_species(raw: Mapping) -> SpeciesTable:
    """A table from its rows. Raises NacreError where a splitting is not one its level can have."""
    levels = {name: _read_level(name, row) for name, row in raw["levels"].items()}
    regions = {}
    for name, row in raw["regions"].items():
        level = levels.get(name) or SpeciesLevel(name)
        if level.ratio and not level.splitting:
            raise NacreError(f"no splitting is given for {name}", do=did_you_mean(name, levels))
        species = tuple(_read_one_species(name, s) for s in row["species"])
        overlaps = tuple(
            PhotoelectronOverlap(o["name"], o["position"], o["sd"], o["fwhm"], o["fwhm_sd"], o["source"])
            for o in row.get("overlap", ())
        )
        regions[name] = CoreLevelRegion(
            level, tuple(row["window"]), row["fwhm"], species, overlaps, _read_shape(row, name, "sum")
        )
    return SpeciesTable(levels, regions)


def _read_level(name: str, row: Mapping) -> SpeciesLevel:
    low, high = row["range"]
    least, most = _BOUNDS.get(name, (low, high))
    if not (least <= low <= row["splitting"] <= high <= most):
        raise NacreError(
            f"the splitting of {name} is not one it can have",
            where="xps_species.toml",
            found=f"{row['splitting']} eV, range {low} to {high}",
            expected=f"within {least} to {most} eV",
        )
    return SpeciesLevel(name, row["splitting"], low, high, row["source"], row.get("cross_sections", 0.0))


def _read_one_species(region: str, row: Mapping) -> Species:
    low, high = row["range"]
    if not low <= row["position"] <= high:
        raise NacreError(f"{region} of {row['name']} lies outside its own range", where="xps_species.toml")
    factor, shape = row.get("width_factor", 1.0), _read_shape(row, f"{region} of {row['name']}", "")
    found = Species(row["name"], row["position"], low, high, row["sd"], row["supported"], row["source"], factor, shape)
    return replace(found, phase=row.get("phase", ""), declared=row.get("declared", False))


def _read_shape(row: Mapping, what: str, default: str) -> str:
    shape = row.get("shape", default)
    if shape and shape not in SHAPES:
        raise unknown(f"line shape of {what}", shape, SHAPES)
    return shape
