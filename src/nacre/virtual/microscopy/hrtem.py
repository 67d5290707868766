"""A virtual transmission electron microscope: atoms, a thin phase object, a lens that is not perfect, a camera.

The specimen is built of atoms in space: grains of crystals cut from their lattice and turned into a zone, amorphous
matter of atoms thrown at random. The electron wave takes the phase of the projected potential (in full, not to first
order, so that sums of reflections appear), passes the lens with its defocus, spherical aberration, envelope of focal
spread and vibration, and is counted. The record adds what an analysis does not model: drift during the exposure, grains
some way off their zone, carbon over the whole field, a camera that blurs, and a magnification that is off and not the
same in all directions.

Equations: E. J. Kirkland, Advanced Computing in Electron Microscopy, 2nd ed., Springer 2010, chapters 3 and 5.
"""

from dataclasses import dataclass, field

import numpy as np

from nacre.core.signal import Note, Signal, Variable
from nacre.materials.crystals import Crystal, Site

WAVELENGTH = 0.019687  # angstrom at 300 kV
PHASE_PER_FACTOR = 6.526e-4 * 47.878  # rad angstrom per angstrom of scattering factor
# heavy atoms alone, at the place they have in Li2ZrO3; the cell is assumed, and not that of any table
HAFNATE = Crystal(
    "Li2HfO3",
    "C 1 2/c 1",
    (5.412, 8.995, 5.400, 90.0, 112.70, 90.0),
    (Site("Hf", "Hf", 0.0, 0.090, 0.25), Site("O", "O", 0.27, 0.58, 0.49), Site("O2", "O", 0.0, 0.25, 0.0)),
    status="assumed",
)


@dataclass(frozen=True)
class CrystalGrain:
    """A crystal in the field: its zone along the beam, turned by `turn` deg in the image and `tilt` deg off the zone.

    It fills the points (nm) that are inside of all `sides`, each (x, y, nx, ny): a point, and the normal outwards; and
    within `radius` of `centre`. thickness in nm along the beam.
    """

    crystal: Crystal
    zone: tuple[int, int, int]
    turn: float = 0.0
    tilt: float = 0.0
    centre: tuple[float, float] = (0.0, 0.0)
    radius: float = 1e3
    sides: tuple[tuple[float, float, float, float], ...] = ()
    thickness: float = 5.0

    def holds(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        inside = np.hypot(x - self.centre[0], y - self.centre[1]) < self.radius
        for px, py, nx, ny in self.sides:
            inside &= (x - px) * nx + (y - py) * ny < 0
        return inside

    def half(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Half the thickness in nm at a place: a grain is a lens, a core that fills the field is uneven."""
        r = np.hypot(x - self.centre[0], y - self.centre[1]) / self.radius
        uneven = 1 + 0.1 * np.sin(2.1 * x + 0.4) * np.sin(1.7 * y)
        return 0.5 * self.thickness * uneven * np.sqrt(np.maximum(1 - 0.8 * r**2, 0))


@dataclass(frozen=True)
class Amorphous:
    """Atoms at random: element, atoms per nm3, thickness in nm, within the box (x0, y0, x1, y1) in nm."""

    element: str
    density: float
    thickness: float
    box: tuple[float, float, float, float] | None = None


@dataclass(frozen=True)
class Scope:
    """The microscope. Stated pixel in nm; dose in electrons per square angstrom; defocus, spread and vibration in nm.

    scale is the true pixel over the stated one, less 1; stretch and slant distort further (relative, deg).
    """

    size: int = 512
    pixel: float = 0.03
    dose: float = 1200.0
    defocus: float = 6.0
    spherical: float = -15.0  # micrometres
    spread: float = 2.5
    vibration: float = 0.03
    drift: tuple[float, float] = (0.04, 0.02)
    camera_blur: float = 0.6  # pixels
    read_noise: float = 1.5
    scale: float = 0.0
    stretch: float = 0.0
    slant: float = 0.0
    contamination: tuple[Amorphous, ...] = field(default=(Amorphous("C", 90.0, 3.0),))


def draw_image(things, scope: Scope | None = None, *, seed: int, name: str = "virtual HRTEM") -> Signal:
    """One image (kind "image") of grains and amorphous parts, lengths in true nm from the upper left corner."""
    scope, rng = scope or Scope(), np.random.default_rng(seed)
    atoms: dict[str, list[np.ndarray]] = {}
    extent = 1.05 * scope.size * scope.pixel * (1 + scope.scale)
    for thing in (*things, *scope.contamination):
        parts = (
            _cut_grain(thing, extent, rng) if isinstance(thing, CrystalGrain) else _scatter_atoms(thing, extent, rng)
        )
        for element, places in parts.items():
            atoms.setdefault(element, []).append(places)
    counts = _expose({k: np.concatenate(v) for k, v in atoms.items()}, scope, rng)
    axis = (np.arange(scope.size) + 0.5) * scope.pixel * 1e-3
    variables = {
        "intensity": Variable(counts, "1", ("y", "x")),
        "y": Variable(axis, "um", ("y",)),
        "x": Variable(axis, "um", ("x",)),
    }
    metadata = {"accelerating_voltage_kV": 300.0, "pixel_um": scope.pixel * 1e-3, "seed": seed, "detector": "virtual"}
    note = Note("info", f"made by a virtual microscope, seed {seed}")
    return Signal("image", variables, metadata, None, (note,), "synthetic", name)


def _cut_grain(grain: CrystalGrain, extent: float, rng) -> dict[str, np.ndarray]:
    """Places (n, 2) in nm of the atoms of a grain, by element."""
    vectors = _compute_vectors(grain.crystal.cell) / 10  # rows a, b, c in nm
    turned = vectors @ _turn_grain(grain, vectors, rng).T
    corners = np.array([[0, 0], [extent, 0], [0, extent], [extent, extent]])
    reach = min(grain.radius, float(np.hypot(*(corners - grain.centre).T).max()))
    radius = np.hypot(reach, grain.thickness / 2) + np.linalg.norm(vectors, axis=1).max()
    limit = np.ceil(radius * np.linalg.norm(np.linalg.inv(turned), axis=0)).astype(int)
    index = np.stack(np.meshgrid(*(np.arange(-n, n + 1) for n in limit), indexing="ij"), -1).reshape(-1, 3)
    origins = index @ turned
    margin = np.linalg.norm(vectors, axis=1).max()
    near = (np.abs(origins[:, 2]) < 0.55 * grain.thickness + margin) & (np.hypot(*origins[:, :2].T) < reach + margin)
    origins = origins[near]
    shift = rng.random(3) @ turned
    found: dict[str, list[np.ndarray]] = {}
    for site in grain.crystal.sites:
        chosen = rng.random(len(origins)) < site.occupancy if site.occupancy < 1 else slice(None)
        for place in _list_equivalent(grain.crystal, site):
            xyz = origins[chosen] + place @ turned + shift
            x, y = xyz[:, 0] + grain.centre[0], xyz[:, 1] + grain.centre[1]
            inside = (np.abs(xyz[:, 2]) < grain.half(x, y)) & grain.holds(x, y)
            found.setdefault(site.element, []).append(np.column_stack((x, y))[inside])
    return {element: np.concatenate(parts) for element, parts in found.items()}


def _compute_vectors(cell) -> np.ndarray:
    """Rows a, b, c in angstrom."""
    a, b, c = cell[:3]
    ca, cb, cg = np.cos(np.radians(cell[3:]))
    sg = np.sqrt(1 - cg * cg)
    x = (ca - cb * cg) / sg
    return np.array([[a, 0, 0], [b * cg, b * sg, 0], [c * cb, c * x, c * np.sqrt(1 - cb * cb - x * x)]])


def _turn_grain(grain: CrystalGrain, vectors: np.ndarray, rng) -> np.ndarray:
    """Rotation (3, 3) that brings the zone along z, off by the tilt about a random axis, turned in the image."""
    beam = np.array(grain.zone) @ vectors
    beam /= np.linalg.norm(beam)
    helper = np.eye(3)[int(np.argmin(np.abs(beam)))]
    first = np.cross(helper, beam)
    first /= np.linalg.norm(first)
    upright = np.array([first, np.cross(beam, first), beam])
    tilt, about = np.radians(grain.tilt), rng.uniform(0, 2 * np.pi)
    axis = np.array([np.cos(about), np.sin(about), 0.0])
    k = np.array([[0, 0, axis[1]], [0, 0, -axis[0]], [-axis[1], axis[0], 0]])
    tilted = np.eye(3) + np.sin(tilt) * k + (1 - np.cos(tilt)) * k @ k
    c, s = np.cos(np.radians(grain.turn)), np.sin(np.radians(grain.turn))
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]) @ tilted @ upright


def _list_equivalent(crystal: Crystal, site: Site) -> list[np.ndarray]:
    seen = {}
    for operation in crystal.group.operations():
        place = np.mod(np.round(operation.apply_to_xyz([site.x, site.y, site.z]), 5), 1.0)
        seen[tuple(np.mod(np.round(place, 3), 1.0))] = place
    return list(seen.values())


def _scatter_atoms(part: Amorphous, extent: float, rng) -> dict[str, np.ndarray]:
    x0, y0, x1, y1 = part.box or (0, 0, extent, extent)
    number = rng.poisson(part.density * part.thickness * (x1 - x0) * (y1 - y0))
    return {part.element: np.column_stack((rng.uniform(x0, x1, number), rng.uniform(y0, y1, number)))}


def _expose(atoms: dict[str, np.ndarray], scope: Scope, rng) -> np.ndarray:
    """Counts (size, size) of the camera; the field is taken wider than it is shown, as its edges would wrap."""
    pad = scope.size // 8
    n = scope.size + 2 * pad
    pixel = 10 * scope.pixel
    frequency = np.fft.fftfreq(n, pixel)
    gx, gy = np.meshgrid(frequency, frequency)
    g2 = gx**2 + gy**2
    phase = np.zeros((n, n), complex)
    for element, places in atoms.items():
        phase += np.fft.fft2(
            _share_among_pixels(_distort(places, scope) / scope.pixel + pad, n)
        ) * _evaluate_scattering(element, g2)
    phase = np.fft.ifft2(phase).real * PHASE_PER_FACTOR / pixel**2
    wave = np.fft.fft2(np.exp(1j * phase)) * _evaluate_lens(g2, scope)
    seen = np.fft.fft2(np.abs(np.fft.ifft2(wave)) ** 2)
    dx, dy = 10 * np.array(scope.drift)
    blur = np.exp(-2 * np.pi**2 * (10 * scope.vibration) ** 2 * g2 - 2 * (np.pi * scope.camera_blur * pixel) ** 2 * g2)
    seen = np.fft.ifft2(seen * np.sinc(gx * dx + gy * dy) * blur).real[pad:-pad, pad:-pad]
    expected = np.maximum(seen, 0) * scope.dose * pixel**2
    counts = rng.poisson(expected) + rng.normal(0, scope.read_noise, expected.shape)
    return np.maximum(np.rint(counts), 0)


def _distort(places: np.ndarray, scope: Scope) -> np.ndarray:
    """Places in the frame of the camera, in stated nm."""
    distorted = np.array([[1 + scope.stretch / 2, np.tan(np.radians(scope.slant))], [0.0, 1 - scope.stretch / 2]])
    return places @ distorted.T / (1 + scope.scale)


def _share_among_pixels(places: np.ndarray, n: int) -> np.ndarray:
    """Atoms shared among the four pixels around each."""
    grid = np.zeros((n, n))
    low = np.floor(places).astype(int)
    part = places - low
    for i in (0, 1):
        for j in (0, 1):
            weight = np.abs(1 - i - part[:, 0]) * np.abs(1 - j - part[:, 1])
            x, y = low[:, 0] + i, low[:, 1] + j
            inside = (x >= 0) & (x < n) & (y >= 0) & (y < n)
            np.add.at(grid, (y[inside], x[inside]), weight[inside])
    return grid


def _evaluate_scattering(element: str, g2: np.ndarray) -> np.ndarray:
    """Electron scattering factor in angstrom (tables of gemmi), with thermal motion of B = 0.6 square angstrom."""
    import gemmi

    curve = gemmi.Element(element).c4322
    grid = np.linspace(0, float(g2.max()), 400)
    values = [curve.calculate_sf(float(value) / 4) * np.exp(-0.6 * value / 4) for value in grid]
    return np.interp(g2, grid, values)


def _evaluate_lens(g2: np.ndarray, scope: Scope) -> np.ndarray:
    focus, cs, spread = 10 * scope.defocus, 1e4 * scope.spherical, 10 * scope.spread
    chi = np.pi * WAVELENGTH * focus * g2 + 0.5 * np.pi * cs * WAVELENGTH**3 * g2**2
    return np.exp(-1j * chi - 0.5 * (np.pi * WAVELENGTH * spread * g2) ** 2)
