"""Radius of the core and thickness of the shell of particles that lie whole in a map (see `projection`).

    map of the core's element     b_c + sum_k A_k c(R_k)
    map of the shell's element    b_s + sum_k F_k c(R_k) + S_k (c(R_k + t_k) - c(R_k))

The sample is thin, so that counts of particles that overlap add up: all particles of a map are fitted together, with
one blur, one composition of the cores (F / A) and one density of the shells (S), from which single particles depart by
some 25 % (normal priors, as a particle that is longer along the beam gives more counts). Radius and thickness have wide
priors. Amplitudes have known variances and the likelihood is that of `scoring`; errors allow for the dispersion.

Whether there are shells at all is a ratio of likelihoods against cores alone. Where there are none, the content of a
shell of given thickness is fitted (S / A, which may come out negative): its upper bound is what may have been missed.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_laplace, maximum_filter
from scipy.stats import chi2

from nacre.physics.differences import differentiate_centrally
from nacre.physics.microscopy import poisson_scoring, projection
from nacre.physics.microscopy.projection import ProjectedParticle

_SHARED = 5  # ln blur, b_c, b_s, ln (F / A), ln S or (with a shell that is given) S / A
_OWN = 13  # x, y, ln R, e1, e2, ln A, ln F, ln t, ln S, dx, dy, o1, o2 of a particle
_SHAPED = 6  # the last of these are the shell's alone
_DEPART = 0.25
_STEP = 1e-4


@dataclass(frozen=True)
class ElementLayer:
    """Map of one element: amplitudes y (rows, columns); phi: variance per own amplitude; other (rows, columns): the
    variance that does not come from the element."""

    y: np.ndarray
    phi: float
    other: np.ndarray

    @property
    def offset(self) -> np.ndarray:
        return self.other / self.phi**2

    @property
    def z(self) -> np.ndarray:
        return self.y / self.phi + self.offset


@dataclass(frozen=True)
class CoreShellFit:
    """Particles with the errors of radius and thickness (k,), the blur (a standard deviation), ln likelihood.

    dispersion (k,) : Pearson's chi2 per pixel about each particle, at least one; content : S / A of a given shell, and
    its error (NaN where the shells are free); models (2, rows, columns) : the fitted maps.
    """

    particles: tuple[ProjectedParticle, ...]
    radius_std: np.ndarray
    thickness_std: np.ndarray
    blur: float
    content: tuple[float, float]
    likelihood: float
    dispersion: np.ndarray
    models: np.ndarray


def find_seeds(core: ElementLayer, pixel: float, smallest: float, largest: float) -> list[tuple[float, float, float]]:
    """(x, y, radius) in nm of cores: extremes of the Laplacian over places and scales, radius = sqrt(2) scale.

    (T. Lindeberg, Int. J. Comput. Vision 30 (1998) 79.) A core stands out by six times the noise and has a fourth of
    the response of the strongest. smallest, largest: bounds of the radius.
    """
    low, high = (max(radius / pixel / math.sqrt(2), least) for radius, least in ((smallest, 1.0), (largest, 1.3)))
    sigmas = np.geomspace(0.8 * low, 1.25 * high, 10)
    stack = np.array([-(s**2) * gaussian_laplace(core.y.astype(float), s, mode="nearest") for s in sigmas])
    noise = math.sqrt(float(np.mean(core.other)) + core.phi * max(float(np.median(core.y)), 0.0))
    floor = np.maximum(6 * noise / (sigmas * math.sqrt(2 * math.pi)), 0.25 * stack.max())
    top = (stack == maximum_filter(stack, size=3, mode="nearest")) & (stack > floor[:, None, None])
    kept: list[tuple[float, float, float]] = []
    for scale, row, column in sorted(zip(*np.nonzero(top), strict=True), key=lambda place: -stack[place]):
        x, y, radius = (column + 0.5) * pixel, (row + 0.5) * pixel, math.sqrt(2) * float(sigmas[scale]) * pixel
        apart = all(math.hypot(x - a, y - b) > 0.8 * max(radius, r) for a, b, r in kept)
        if apart and 0 < scale < len(sigmas) - 1:
            kept.append((float(x), float(y), radius))
    return kept


def make_start(
    core: ElementLayer, shell: ElementLayer, places: Sequence[tuple[float, float, float]], thickness: float
) -> list[ProjectedParticle]:
    """Particles to begin a fit with, all of one kind; thickness in nm."""
    radius = float(np.median([r for _, _, r in places]))
    bright, dim = (max(float(np.percentile(layer.y, 99)), 1e-3) for layer in (core, shell))
    density = bright / (2 * radius), dim / (4 * (radius + thickness))
    return [ProjectedParticle(x, y, r, 0.0, 0.0, density[0], density[1], thickness, density[1]) for x, y, r in places]


class _ParticleMaps:
    """The maps as a function of parameters in units of their priors; given: the thickness of a shell to test."""

    def __init__(self, layers, pixel: float, first: Sequence[ProjectedParticle], blur: float, given: float | None):
        self.layers, self.pixel, self.first, self.given = layers, pixel, first, given
        self.shape = layers[0].y.shape
        self.patches = [projection.choose_patch(p, pixel, 3 * blur, self.shape) for p in first]
        rows, columns = (np.indices(self.shape) + 0.5) * pixel
        near = [np.hypot(rows - p.y, columns - p.x) < 1.4 * p.outer + 3 * blur for p in first]
        self.mask = np.any(near, axis=0)  # what lies far from all particles says nothing of them
        one = first[0]
        levels = [max(float(np.percentile(layer.y, 10)), 0.0) for layer in layers]
        widths = [max(float(np.percentile(layer.y, 99)), 1e-6) for layer in layers]
        content = math.log(one.shell) if given is None else 0.0
        self.middle = np.array([math.log(blur), *levels, math.log(one.within / one.core), content])
        self.free = np.array([0.7, *widths, 3.0, 3.0])
        outside = [0.3 * one.thickness, 0.3 * one.thickness, 0.2, 0.2]
        place = 2 * one.radius
        self.own = np.array([place, place, 0.7, 0.3, 0.3, 2.0, _DEPART, 1.5, _DEPART, *outside])

    @property
    def size(self) -> int:
        return _SHARED + _OWN * len(self.first)

    def shared(self, q: np.ndarray) -> np.ndarray:
        return self.middle + self.free * q[:_SHARED]

    def blur(self, q: np.ndarray) -> float:
        return math.exp(_bound_step(self.shared(q)[0]))

    def particle(self, k: int, q: np.ndarray) -> ProjectedParticle:
        common, s = self.shared(q), self.first[k]
        x, y, r, e1, e2, a, f, t, d, *outside = self.own * q[_SHARED + _OWN * k :][:_OWN]
        core = s.core * math.exp(_bound_step(a))
        within = core * math.exp(_bound_step(common[3] + f))
        body = (s.x + x, s.y + y, s.radius * math.exp(_bound_step(r)), e1, e2, core, within)
        if self.given is None:
            return ProjectedParticle(
                *body, s.thickness * math.exp(_bound_step(t)), math.exp(_bound_step(common[4] + d)), *outside
            )
        return ProjectedParticle(*body, self.given, common[4] * core, o1=e1, o2=e2)

    def maps(self, q: np.ndarray) -> np.ndarray:
        total = np.empty((2, *self.shape))
        total[:] = self.shared(q)[1:3, None, None]
        for k, on in enumerate(self.patches):
            total[(slice(None), *on.slices)] += projection.project_particle(
                self.particle(k, q), on, self.pixel, self.blur(q)
            )
        return total

    def counts(self, maps: np.ndarray) -> np.ndarray:
        """Effective counts (n,) of the pixels that are fitted, of both maps."""
        both = zip(maps, self.layers, strict=True)
        return np.concatenate([(layer.offset + one / layer.phi)[self.mask] for one, layer in both])

    def model(self, q: np.ndarray) -> np.ndarray:
        return self.counts(self.maps(q))

    def slopes(self, q: np.ndarray) -> np.ndarray:
        """Particles change their own surroundings alone."""
        jacobian = np.zeros((2, *self.shape, q.size))
        jacobian[0, ..., 1], jacobian[1, ..., 2] = self.free[1], self.free[2]
        steps = np.full(q.size, _STEP)
        jacobian[..., (0, 3, 4)] = differentiate_centrally(self.maps, q, steps, (0, 3, 4))
        blur, moving = self.blur(q), _OWN if self.given is None else _OWN - _SHAPED
        for k, on in enumerate(self.patches):
            own = range(_SHARED + _OWN * k, _SHARED + _OWN * k + moving)

            def projected(s, k=k, on=on):
                return projection.project_particle(self.particle(k, s), on, self.pixel, blur)

            jacobian[(slice(None), *on.slices, slice(own.start, own.stop))] = differentiate_centrally(
                projected, q, steps, own
            )
        return np.concatenate([one[self.mask] / layer.phi for one, layer in zip(jacobian, self.layers, strict=True)])

    def longest(self, step: np.ndarray) -> float:
        """Places change by at most a radius, lengths by a factor of e, shapes by a third of that."""
        own = np.abs(step[_SHARED:].reshape(-1, _OWN) * self.own)
        shared = np.abs(step[:_SHARED] * self.free)[[0, 3, 4]].max()
        return max(own[:, :2].max() / self.first[0].radius, own[:, [2, 5, 7]].max(), 3 * own[:, 3:5].max(), shared)


def _bound_step(value: float) -> float:
    return min(max(value, -12.0), 12.0)


def fit_particles(
    core: ElementLayer,
    shell: ElementLayer,
    pixel: float,
    first: Sequence[ProjectedParticle],
    blur: float,
    given: float | None = None,
) -> CoreShellFit:
    """All particles of a map at once, from where `first` has them; blur in nm to begin with.

    given : thickness in nm of a shell, the same on all cores, whose content is fitted; 0 is none; None: free shells.
    """
    scene = _ParticleMaps((core, shell), pixel, first, blur, given)
    z = np.concatenate([layer.z[scene.mask] for layer in (core, shell)])
    best = poisson_scoring.maximise_posterior(
        z, scene.model, np.zeros(scene.size), slopes=scene.slopes, longest=scene.longest, most=40, close=1e-3
    )
    particles = tuple(scene.particle(k, best.q) for k in range(len(first)))
    maps = scene.maps(best.q)
    dispersion = _estimate_dispersion(scene, z, maps, particles)
    errors = np.sqrt(np.diag(best.covariance))
    own = errors[_SHARED:].reshape(-1, _OWN) * scene.own * np.sqrt(dispersion)[:, None]
    radius, thickness = (np.array([getattr(p, name) for p in particles]) for name in ("radius", "thickness"))
    content = (math.nan, math.nan)
    if given:
        content = (float(scene.shared(best.q)[4]), float(errors[4] * scene.free[4] * math.sqrt(np.median(dispersion))))
    ends = (radius * own[:, 2], thickness * own[:, 7])
    return CoreShellFit(particles, *ends, scene.blur(best.q), content, best.likelihood, dispersion, maps)


def _estimate_dispersion(
    scene: _ParticleMaps, z: np.ndarray, maps: np.ndarray, particles: Sequence[ProjectedParticle]
) -> np.ndarray:
    mu = np.maximum(scene.counts(maps), poisson_scoring.FLOOR)
    chi = np.zeros((2, *scene.shape))
    chi[:, scene.mask] = ((z - mu) ** 2 / mu).reshape(2, -1)
    rows, columns = (np.indices(scene.shape) + 0.5) * scene.pixel
    near = (scene.mask & (np.hypot(rows - p.y, columns - p.x) < p.outer + scene.pixel) for p in particles)
    return np.array([max(1.0, float(chi[:, inside].sum()) / max(2 * inside.sum(), 1)) for inside in near])


def compute_evidence(shells: CoreShellFit, cores: CoreShellFit) -> tuple[float, float]:
    """(likelihood ratio of free shells against cores alone, over the dispersion; what chance exceeds with 0.1 %)."""
    ratio = 2 * (shells.likelihood - cores.likelihood) / float(np.median(shells.dispersion))
    return ratio, float(chi2.isf(1e-3, _SHAPED * len(shells.particles) + 1))
