"""A virtual scanning electron microscope: polished cross-sections of a composite cathode, with known truth.

Particles of active material (outlines of random harmonics, grains with orientation contrast and dark grain
boundaries) lie in electrolyte. Cracks run through them, gaps open along part of their perimeter, the electrolyte has
cracks and voids of its own. The scene is drawn on a grid three times as fine as the image, so that edges cut pixels.
The microscope adds what no analysis here models: orientation contrast, curtaining (stripes of the polish), charging
(bright rims of pores and streaks along the scan), uneven brightness, blur, and the counting of electrons.
"""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage as ndi
from scipy.spatial import cKDTree

from nacre.core.signal import Note, Signal, Variable

FINE = 3  # sub-pixels per pixel
TABLE = 8192  # angles at which an outline is tabulated
LEVELS = {"pore": 0.06, "electrolyte": 0.42, "active": 0.80}


@dataclass(frozen=True)
class CompositeSection:
    """What is in the picture: lengths in um, fractions of areas (crack, void) and of perimeter (gap)."""

    crack_fraction: float = 0.006
    gap_fraction: float = 0.05
    void_fraction: float = 0.01
    radius: float = 2.1
    radius_spread: float = 0.18
    filling: float = 0.42
    crack_width: tuple[float, float] = (0.07, 0.22)
    gap_width: tuple[float, float] = (0.09, 0.25)


@dataclass(frozen=True)
class Microscope:
    """How it is seen: pixel in um, electrons per pixel at brightness 1, blur in pixels, and the flaws' sizes."""

    pixel: float = 0.03
    size: int = 768
    dose: float = 160.0
    blur: float = 0.7
    orientation: float = 0.03
    boundary: float = 0.20
    shading: float = 0.10
    curtaining: float = 0.03
    charging: float = 0.10
    gain: float = 190.0
    kv: float = 10.0


@dataclass(frozen=True)
class SectionTruth:
    """What was drawn: fractions of the whole field, and the part of each pixel that is particle, and crack."""

    crack_fraction: float
    gap_fraction: float
    void_fraction: float
    particles: int
    active: np.ndarray
    crack: np.ndarray

    def crack_within(self, margin: int) -> float:
        """The crack fraction off the edge of the field, `margin` pixels wide."""
        inner = (slice(margin, -margin),) * 2
        return float(self.crack[inner].sum() / self.active[inner].sum())


def draw_cross_section(
    section: CompositeSection, scope: Microscope | None = None, seed: int = 0
) -> tuple[Signal, SectionTruth]:
    """One image (kind "image", origin "synthetic") and its truth. The same seed gives the same image."""
    scope = scope or Microscope()
    rng = np.random.default_rng(seed)
    scene = _SectionScene(section, scope, rng)
    scene.particles()
    scene.cracks()
    scene.gaps()
    scene.voids()
    values = _expose(_draw_brightness(scene), scope, rng)
    variables = _make_variables(values, scope)
    metadata = {"accelerating_voltage_kV": scope.kv, "detector": "virtual BSE", "seed": seed, "pixel_um": scope.pixel}
    note = Note("info", f"made by a virtual microscope, seed {seed}")
    signal = Signal("image", variables, metadata, None, (note,), "synthetic", f"section-{seed}")
    return signal, scene.truth()


def _make_variables(values: np.ndarray, scope: Microscope) -> dict[str, Variable]:
    axis = (np.arange(scope.size) + 0.5) * scope.pixel
    return {
        "intensity": Variable(values, "1", ("y", "x")),
        "y": Variable(axis, "um", ("y",)),
        "x": Variable(axis, "um", ("x",)),
    }


class _SectionScene:
    """Masks on the fine grid as they come together. Lengths in fine pixels inside."""

    def __init__(self, section: CompositeSection, scope: Microscope, rng):
        self.section, self.scope, self.rng = section, scope, rng
        self.step = scope.pixel / FINE
        self.n = scope.size * FINE
        self.owner = np.zeros((self.n, self.n), np.int16)
        self.crack = np.zeros((self.n, self.n), bool)
        self.gap = np.zeros((self.n, self.n), bool)
        self.void = np.zeros((self.n, self.n), bool)
        self.outlines: list[tuple] = []
        self.open_length = self.length = 0.0

    def particles(self) -> None:
        """Particles without overlap until the filling is reached; some are cut by the edge of the field."""
        s, rng, tries, filled = self.section, self.rng, 0, 0
        while filled < s.filling * self.owner.size and tries < 400:
            tries += 1
            radius = s.radius * np.exp(s.radius_spread * rng.standard_normal()) / self.step
            centre = rng.uniform(-0.3 * radius, self.n + 0.3 * radius, 2)
            if any(np.hypot(*(centre - c)) < 0.8 * (radius + r) for c, r, _ in self.outlines):
                continue
            shape = (rng.normal(0, 0.035, 5), rng.uniform(0, 2 * np.pi, 5))
            window, inside, _ = self._polar(centre, radius, shape)
            near = self._polar(centre, radius + 0.35 / self.step, shape)
            if not inside.any() or (self.owner[near[0]][near[1]] > 0).any():
                continue
            self.outlines.append((centre, radius, shape))
            self.owner[window][inside] = len(self.outlines)
            filled += int(inside.sum())

    def _polar(self, centre, radius, shape):
        """(window, inside, rho - outline) of a particle on the fine grid."""
        reach = 1.35 * radius
        lo = np.clip(np.floor(centre - reach), 0, self.n).astype(int)
        hi = np.clip(np.ceil(centre + reach), 0, self.n).astype(int)
        window = (slice(lo[0], hi[0]), slice(lo[1], hi[1]))
        y, x = np.ogrid[window]
        dy, dx = np.float32(y - centre[0]), np.float32(x - centre[1])
        table = _draw_outline(np.linspace(-np.pi, np.pi, TABLE), radius, shape).astype(np.float32)
        at = ((np.arctan2(dy, dx) + np.pi) * ((TABLE - 1) / (2 * np.pi))).astype(np.int32)
        beyond = np.hypot(dy, dx) - table[at]
        return window, beyond <= 0, beyond

    def cracks(self) -> None:
        """Tapering zig-zag cracks, most from within to the rim, and small pores, until the fraction is reached."""
        s, rng = self.section, self.rng
        active = self.owner > 0
        goal, area, tries = s.crack_fraction * active.sum(), 0, 0
        while area < goal and tries < 3000:
            tries += 1
            k = int(rng.integers(len(self.outlines)))
            centre, radius, _ = self.outlines[k]
            if rng.random() < 0.25:
                spot = centre + radius * 0.8 * np.sqrt(rng.random()) * _draw_direction(rng)
                area += self._ellipse(self.crack, spot, rng.uniform(0.05, 0.13) / self.step, k + 1)
            else:
                start = centre + radius * rng.uniform(0.0, 0.6) * _draw_direction(rng)
                length = rng.uniform(0.4, 1.1) * radius
                width = rng.uniform(*s.crack_width) / self.step
                area += self._path(self.crack, start, length, width, k + 1)

    def _path(self, mask, start, length, width, owner) -> int:
        rng, new_area = self.rng, 0
        heading, left, at = rng.uniform(0, 2 * np.pi), length, np.array(start, float)
        while left > 0:
            piece = min(left, rng.uniform(0.2, 0.5) / self.step)
            new = at + piece * np.array([np.sin(heading), np.cos(heading)])
            new_area += self._segment(mask, at, new, width * (0.45 + 0.55 * left / length), owner)
            at, left, heading = new, left - piece, heading + rng.normal(0, 0.45)
        return new_area

    def _segment(self, mask, a, b, width, owner) -> int:
        lo = np.clip(np.floor(np.minimum(a, b) - width), 0, self.n).astype(int)
        hi = np.clip(np.ceil(np.maximum(a, b) + width) + 1, 0, self.n).astype(int)
        if np.any(hi <= lo):
            return 0
        window = (slice(lo[0], hi[0]), slice(lo[1], hi[1]))
        y, x = np.ogrid[window]
        along = b - a
        t = np.clip(((y - a[0]) * along[0] + (x - a[1]) * along[1]) / max(along @ along, 1e-9), 0, 1)
        distance = np.hypot(y - a[0] - t * along[0], x - a[1] - t * along[1])
        return self._draw(mask, window, distance <= width / 2, owner)

    def _draw(self, mask, window, inside, owner) -> int:
        """Draws within one particle (or the electrolyte, owner 0); the pixels that are new."""
        new = inside & (self.owner[window] == owner) & ~mask[window]
        mask[window] |= new
        return int(new.sum())

    def _ellipse(self, mask, centre, radius, owner) -> int:
        lo = np.clip(np.floor(centre - 2 * radius), 0, self.n).astype(int)
        hi = np.clip(np.ceil(centre + 2 * radius) + 1, 0, self.n).astype(int)
        if np.any(hi <= lo):
            return 0
        window = (slice(lo[0], hi[0]), slice(lo[1], hi[1]))
        y, x = np.ogrid[window]
        angle, long = self.rng.uniform(0, np.pi), self.rng.uniform(1.0, 1.7)
        u = (y - centre[0]) * np.cos(angle) + (x - centre[1]) * np.sin(angle)
        v = (x - centre[1]) * np.cos(angle) - (y - centre[0]) * np.sin(angle)
        return self._draw(mask, window, (u / long) ** 2 + (v * long) ** 2 <= radius**2, owner)

    def gaps(self) -> None:
        """Open arcs along the outlines; arcs outside the field do not count."""
        s, rng = self.section, self.rng
        for k, (centre, radius, shape) in enumerate(self.outlines):
            theta = np.linspace(-np.pi, np.pi, 7200, endpoint=False)
            rho = _draw_outline(theta, radius, shape)
            points = centre[:, None] + rho * np.array([np.sin(theta), np.cos(theta)])
            seen = np.all((points > 0) & (points < self.n - 1), axis=0)
            part = np.hypot(np.gradient(points[0]), np.gradient(points[1]))
            opened = np.zeros(theta.size, bool)
            self.length += float((part * seen).sum())
            before = self.open_length
            while self.open_length < s.gap_fraction * self.length:
                middle, half = rng.uniform(-np.pi, np.pi), rng.uniform(0.04, 0.25)
                opened |= np.abs((theta - middle + np.pi) % (2 * np.pi) - np.pi) < half
                self.open_length = before + float((part * (opened & seen)).sum())
                if opened.all():
                    break
            self._open(k, centre, radius, shape, opened)

    def _open(self, k, centre, radius, shape, opened) -> None:
        window, _, beyond = self._polar(centre, radius, shape)
        y, x = np.ogrid[window]
        theta = np.arctan2(y - centre[0], x - centre[1])
        at = ((theta + np.pi) / (2 * np.pi) * opened.size).astype(int) % opened.size
        width = self._widths(opened.size)[at] / self.step
        inside = (beyond > 0) & (beyond <= width) & opened[at] & (self.owner[window] == 0)
        self.gap[window] |= inside

    def _widths(self, n: int) -> np.ndarray:
        low, high = self.section.gap_width
        wave = sum(np.sin(j * np.linspace(0, 2 * np.pi, n) + self.rng.uniform(0, 6.3)) for j in (5, 9, 14)) / 3
        return low + (high - low) * (0.5 + 0.5 * wave)

    def voids(self) -> None:
        """Cracks and voids of the electrolyte; what comes near a particle is left out."""
        near = ndi.distance_transform_edt(self.owner[::FINE, ::FINE] == 0) * self.scope.pixel < 0.35
        goal, area, tries = self.section.void_fraction * (self.owner == 0).sum(), 0, 0
        while area < goal and tries < 2000:
            tries += 1
            spot = self.rng.uniform(0, self.n, 2)
            if self.rng.random() < 0.5:
                area += self._ellipse(self.void, spot, self.rng.uniform(0.08, 0.3) / self.step, 0)
            else:
                length, width = self.rng.uniform(1.0, 4.0) / self.step, self.rng.uniform(0.08, 0.2) / self.step
                area += self._path(self.void, spot, length, width, 0)
        self.void &= ~np.kron(near, np.ones((FINE, FINE), bool))

    def truth(self) -> SectionTruth:
        active = self.owner > 0
        return SectionTruth(
            float(self.crack.sum() / active.sum()),
            self.open_length / self.length,
            float(self.void.sum() / (~active).sum()),
            len(self.outlines),
            _average_pixels(active),
            _average_pixels(self.crack),
        )


def _draw_outline(theta, radius, shape):
    amplitudes, phases = shape
    waves = sum(a * np.cos(k * theta + p) for k, (a, p) in enumerate(zip(amplitudes, phases, strict=True), 2))
    return radius * (1 + waves)


def _draw_direction(rng) -> np.ndarray:
    angle = rng.uniform(0, 2 * np.pi)
    return np.array([np.sin(angle), np.cos(angle)])


def _average_pixels(values: np.ndarray) -> np.ndarray:
    """Mean of the fine pixels of each pixel."""
    n = values.shape[0] // FINE
    return values.reshape(n, FINE, n, FINE).mean(axis=(1, 3), dtype=np.float32)


def _draw_brightness(scene: _SectionScene) -> np.ndarray:
    """Brightness on the image's grid: phases, grains, grain boundaries, blur and charging."""
    active, open_ = scene.owner > 0, scene.crack | scene.gap | scene.void
    bright = np.where(active, np.float32(LEVELS["active"]), np.float32(LEVELS["electrolyte"]))
    bright += np.where(active, _draw_grains(scene), np.float32(0))
    bright[open_] = LEVELS["pore"]
    coarse, pores = _average_pixels(bright), _average_pixels(open_)
    coarse = ndi.gaussian_filter(coarse, scene.scope.blur)
    rim = ndi.gaussian_filter(pores, 2.5) * (1 - pores)
    streak = ndi.gaussian_filter1d(pores, 40, axis=1)
    return coarse * (1 + scene.scope.charging * (2 * rim + streak))


def _draw_grains(scene: _SectionScene) -> np.ndarray:
    """Change of brightness by grain orientation, and at the boundaries between grains."""
    scope, rng, n = scene.scope, scene.rng, scene.n
    seeds = rng.uniform(0, n, (int((n * scene.step) ** 2 / 0.45**2), 2))
    y, x = np.mgrid[0:n:FINE, 0:n:FINE]
    distance, nearest = cKDTree(seeds).query(np.stack([y.ravel(), x.ravel()], 1), k=2)
    tone = rng.normal(0, scope.orientation, len(seeds))[nearest[:, 0]]
    line = np.exp(-(((distance[:, 1] - distance[:, 0]) * scene.step / 0.05) ** 2))
    coarse = (tone - scope.boundary * LEVELS["active"] * line).reshape(y.shape).astype(np.float32)
    return np.kron(coarse, np.ones((FINE, FINE), np.float32))


def _expose(bright: np.ndarray, scope: Microscope, rng) -> np.ndarray:
    """Grey levels of 8 bits: uneven light, stripes, counted electrons, amplifier."""
    n = scope.size
    v, u = np.meshgrid(np.linspace(-1, 1, n), np.linspace(-1, 1, n), indexing="ij")
    a = rng.normal(0, 1, 4)
    light = 1 + scope.shading * (a[0] * u + a[1] * v + 0.5 * a[2] * u * v + 0.5 * a[3] * (u * u - 1 / 3)) / 1.5
    stripes = ndi.gaussian_filter1d(rng.standard_normal(n), 1.5)
    drift = 1 + 0.3 * np.sin(np.linspace(0, 3, n) + rng.uniform(0, 6))[:, None]
    light = light * (1 + scope.curtaining * stripes / stripes.std() * drift)
    counts = rng.poisson(np.clip(bright * light, 0, None) * scope.dose) / scope.dose
    return np.clip(np.round(18 + scope.gain * counts + rng.normal(0, 0.008 * scope.gain, counts.shape)), 0, 255)
