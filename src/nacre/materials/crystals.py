"""Crystal structures: from the table, from a CIF, and layered oxides of any composition with their ties."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from importlib.resources import files

import numpy as np

from nacre.core.errors import NacreError, unknown
from nacre.core.signal import Signal
from nacre.materials.library import composition
from nacre.physics.chemistry.stoichiometry import compute_molar_mass
from nacre.physics.constants import AVOGADRO, ELECTRON_RADIUS, HC_EV_ANGSTROM
from nacre.physics.diffraction import crystal as lattice


@dataclass(frozen=True)
class Site:
    """One kind of atom on one site: fractions of the cell, occupancy, B in square angstrom."""

    label: str
    element: str
    x: float
    y: float
    z: float
    occupancy: float = 1.0
    b_iso: float = 0.5

    @property
    def place(self) -> tuple[float, float, float]:
        x, y, z = (round(v % 1.0, 5) for v in (self.x, self.y, self.z))
        return x, y, z


@dataclass(frozen=True)
class Tie:
    """One number made to follow another: value(label) = offset + scale * value(source), kind "occ" or "b"."""

    kind: str
    label: str
    source: str
    scale: float = 1.0
    offset: float = 0.0
    words: str = ""


@dataclass(frozen=True)
class Crystal:
    """A structure: cell (angstrom, deg), sites, and which of their numbers follow others.

    `antisite` is the label whose occupancy is the one free variable of a mixed pair of sites; `free` are coordinates
    ("O1.z") that a refinement may move.
    """

    name: str
    space_group: str
    cell: tuple[float, ...]
    sites: tuple[Site, ...] = ()
    ties: tuple[Tie, ...] = ()
    free: tuple[str, ...] = ()
    antisite: str = ""
    status: str = "given"
    source: str = ""
    cod: int | None = None
    cell_error: float | None = None
    words: str = field(default="", compare=False)

    @property
    def volume(self) -> float:
        """Cell volume in cubic angstrom."""
        return lattice.compute_volume(self.cell)

    @property
    def mass(self) -> float:
        """Molar mass of the cell's content in g/mol."""
        return sum(n * 1e3 * compute_molar_mass(element) for element, n in self.content.items())

    @property
    def density(self) -> float:
        """X-ray density in g/cm3."""
        return self.mass / AVOGADRO / (self.volume * 1e-24)

    @property
    def content(self) -> dict[str, float]:
        """Atoms in the cell by element. Raises NacreError where no sites are known."""
        self.need_sites()
        found: dict[str, float] = {}
        for site in self.sites:
            found[site.element] = found.get(site.element, 0.0) + site.occupancy * self.multiplicity(site)
        return found

    def need_sites(self) -> None:
        if not self.sites:
            raise NacreError(
                f"the atoms of {self.name} are not known, only its cell",
                found=self.source,
                do="give a CIF of the phase, as a measurement of kind 'crystal'",
            )

    def multiplicity(self, site: Site) -> int:
        """How many of a site are in the cell."""
        operations = self.group.operations()
        places = set()
        for operation in operations:
            # rounded, and again below 1: images that rounding parts are one place
            x, y, z = operation.apply_to_xyz([site.x, site.y, site.z])
            places.add((round(x % 1.0, 4) % 1.0, round(y % 1.0, 4) % 1.0, round(z % 1.0, 4) % 1.0))
        return len(places)

    @property
    def group(self):
        import gemmi

        found = gemmi.find_spacegroup_by_name(self.space_group)
        if found is None:
            raise NacreError(f"unknown space group '{self.space_group}'", where=self.name, expected="like 'R -3 m:H'")
        return found

    def reflections(self, d_min: float) -> tuple[np.ndarray, np.ndarray]:
        """(hkl (n, 3), d in angstrom (n,)) of the symmetry-unique reflections, largest d first; absences left out."""
        import gemmi

        cell = gemmi.UnitCell(*self.cell)
        hkl = np.array(gemmi.make_miller_array(cell, self.group, d_min))
        d = lattice.compute_d_spacing(hkl, self.cell)
        order = np.argsort(-d, kind="stable")
        return hkl[order], d[order]

    def all_reflections(self, d_min: float) -> tuple[np.ndarray, np.ndarray]:
        """(hkl, d) of every allowed reflection, equivalents and opposites included."""
        limit = [int(np.ceil(edge / d_min)) for edge in self.cell[:3]]
        grid = np.array(np.meshgrid(*(np.arange(-n, n + 1) for n in limit), indexing="ij")).reshape(3, -1).T
        grid = grid[np.any(grid != 0, axis=1)]
        d = lattice.compute_d_spacing(grid, self.cell)
        grid, d = grid[d >= d_min], d[d >= d_min]
        operations = self.group.operations()
        allowed = np.array([not operations.is_systematically_absent(list(map(int, row))) for row in grid], bool)
        return grid[allowed], d[allowed]

    def absorption(self, wavelength: float) -> float:
        """Linear absorption coefficient in 1/cm at a wavelength in angstrom.

        mu = 2 r_e lambda sum(n f'') / V, with f'' of D. T. Cromer and D. A. Liberman, Acta Cryst. A 37 (1981) 267:
        photoelectric absorption alone; scattering adds a few per cent.
        """
        import gemmi

        energy = HC_EV_ANGSTROM / wavelength
        total = 0.0
        for element, n in self.content.items():
            total += n * gemmi.cromer_liberman(z=gemmi.Element(element).atomic_number, energy=energy)[1]
        return 2 * ELECTRON_RADIUS * wavelength * total / self.volume * 1e8


def read_crystal(signal: Signal) -> Crystal:
    """The structure of a signal of kind "crystal" (a CIF); coordinates that symmetry leaves free may be refined."""
    meta = signal.metadata
    columns = [signal[name].values for name in ("label", "element", "x", "y", "z", "occupancy", "b_iso")]
    sites = tuple(
        Site(str(label), str(element), float(x), float(y), float(z), float(occ), 0.5 if np.isnan(b) else float(b))
        for label, element, x, y, z, occ, b in zip(*columns, strict=True)
    )
    name = str(meta.get("phase") or meta.get("block") or signal.name)
    return Crystal(name, meta["space_group"], tuple(meta["cell"]), sites, source=signal.where, status="given")


@lru_cache(maxsize=1)
def list_crystals() -> dict[str, Crystal]:
    """The structures of the package, by key."""
    rows = tomllib.loads(files("nacre.materials").joinpath("structures.toml").read_text("utf-8"))
    return {key: _read_row(key, row) for key, row in rows.items()}


def find_crystal(name: str) -> Crystal:
    """A structure of the package by key or alias. Raises NacreError with did-you-mean."""
    names = {key.lower(): key for key in list_crystals()}
    rows = tomllib.loads(files("nacre.materials").joinpath("structures.toml").read_text("utf-8"))
    for key, row in rows.items():
        names |= {alias.lower(): key for alias in row.get("aliases", ())}
    known = names.get(name.strip().lower())
    if known is None:
        raise unknown("crystal structure", name, names)
    return list_crystals()[known]


def list_crystals_of(name: str) -> list[str]:
    """Keys of the table's structures of a compound, by formula or by a name of the library ("HfO2", "hafnia")."""
    if name in list_crystals():
        return [name]
    try:
        wanted = _divide_by_oxygen(name)
    except NacreError:
        return []
    return [key for key in list_crystals() if _divide_by_oxygen(key.split()[0]) == wanted]


def _divide_by_oxygen(name: str) -> dict[str, float]:
    """Atoms per oxygen (else per formula), so that LiCoO2 and Li2Co2O4 are one compound."""
    atoms = {element: float(n) for element, n in composition(name).items()}
    return {element: round(n / atoms.get("O", 1.0), 6) for element, n in atoms.items()}


def _read_row(key: str, row: Mapping) -> Crystal:
    sites = tuple(Site(*site) for site in row.get("sites", ()))
    return Crystal(
        key,
        row["space_group"],
        tuple(map(float, row["cell"])),
        sites,
        status=row["status"],
        source=row["source"],
        cod=row.get("cod"),
        cell_error=row.get("cell_error"),
        words=row.get("words", ""),
    )


def make_layered(
    formula: str, *, a: float = 2.874, c: float = 14.20, z: float = 0.259, ni_li: float = 0.03, name: str = ""
) -> Crystal:
    """A layered oxide Li M O2 in R-3m: M on 3a (0 0 0), Li on 3b (0 0 1/2), O on 6c (0 0 z), with Ni_Li antisites.

    One variable x exchanges nickel and lithium: Ni on 3b = x, Li on 3b = 1 - x, Ni on 3a = n(Ni) - x, Li on 3a = x;
    all atoms of a site share one B. Excess lithium (Li > 1) sits on 3a beside the metals. Metals are taken per oxygen
    pair; the formula may be a name of the library ("NCM85"). Raises NacreError where it is not that of a layered oxide
    with nickel.
    """
    atoms = {element: float(n) for element, n in composition(formula).items()}
    oxygen, lithium = atoms.pop("O", 0.0), atoms.pop("Li", 0.0)
    metals = {element: 2 * n / oxygen for element, n in atoms.items()} if oxygen else {}
    lithium = 2 * lithium / oxygen if oxygen else 0.0
    excess = lithium - 1.0
    if "Ni" not in metals or abs(sum(metals.values()) + excess - 1) > 0.02 or not -0.02 < excess < 0.25:
        raise NacreError(
            "not a layered oxide with nickel",
            found=f"'{formula}'",
            expected="Li, metals with Ni, and O2, like LiNi0.85Co0.10Mn0.05O2",
            do="give a CIF of the structure instead",
        )
    excess = max(excess, 0.0)
    total = sum(metals.values()) + excess
    metals = {element: n / total for element, n in metals.items()}
    excess /= total
    nickel = metals.pop("Ni")
    sites = [
        Site("Li_b", "Li", 0, 0, 0.5, 1 - ni_li, 1.0),
        Site("Ni_b", "Ni", 0, 0, 0.5, ni_li, 1.0),
        Site("Ni_a", "Ni", 0, 0, 0, nickel - ni_li, 0.4),
        *(Site(f"{element}_a", element, 0, 0, 0, n, 0.4) for element, n in metals.items()),
        Site("Li_a", "Li", 0, 0, 0, ni_li + excess, 0.4),
        Site("O", "O", 0, 0, z, 1.0, 0.7),
    ]
    on_a = [site.label for site in sites if site.label.endswith("_a") and site.label != "Ni_a"]
    ties = (
        Tie("occ", "Li_b", "Ni_b", -1.0, 1.0, "occ(Li, 3b) = 1 - x"),
        Tie("occ", "Ni_a", "Ni_b", -1.0, nickel, f"occ(Ni, 3a) = {nickel:.4g} - x"),
        Tie("occ", "Li_a", "Ni_b", 1.0, excess, "occ(Li, 3a) = x" + (f" + {excess:.4g}" if excess else "")),
        Tie("b", "Li_b", "Ni_b", words="one B for site 3b"),
        *(Tie("b", label, "Ni_a", words="one B for site 3a") for label in on_a),
    )
    return Crystal(
        name or formula,
        "R -3 m:H",
        (a, a, c, 90.0, 90.0, 120.0),
        tuple(sites),
        ties,
        free=("O.z",),
        antisite="Ni_b",
        source=f"R-3m model of a layered oxide, composition {formula}",
    )


def share_sites(crystal: Crystal) -> Crystal:
    """The structure with one B per place: atoms that share a site follow the first of them."""
    if crystal.ties:
        return crystal
    first: dict[tuple, str] = {}
    ties = []
    for site in crystal.sites:
        leader = first.setdefault(site.place, site.label)
        if leader != site.label:
            ties.append(Tie("b", site.label, leader, words=f"one B for {leader} and {site.label}"))
    return replace(crystal, ties=tuple(ties))


def compute_scattering(elements, s2: np.ndarray, wavelength: float) -> dict[str, np.ndarray]:
    """Atomic scattering factors f0(s) + f' + i f'' by element: IT92 table and Cromer-Liberman, from gemmi.

    s2 : (sin(theta)/lambda)^2 in 1/angstrom^2.
    """
    import gemmi

    found = {}
    for symbol in elements:
        element = gemmi.Element(symbol)
        f0 = np.array([element.it92.calculate_sf(float(value)) for value in np.atleast_1d(s2)])
        f1, f2 = gemmi.cromer_liberman(z=element.atomic_number, energy=HC_EV_ANGSTROM / wavelength)
        found[symbol] = f0 + f1 + 1j * f2
    return found
