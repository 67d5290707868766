"""A coating on a particle's edge in cross-section: thickness, coverage, and whether it diffused inwards.

Along the distance d from the core's edge (nm, positive outwards) an element of the coating has

    m(d) = b_in (1 - P(d)) + b_out P(d) + A [P((d - x1) / s1) - P((d - x1 - w) / s2)],    P: the normal distribution

a box of thickness w that begins at x1, blurred by the probe, the tilt of the interface and its roughness (s1 inside,
s2 outside), on backgrounds. It holds for a lamella that cuts the interface, not for whole particles in projection.

Data are unmixed amplitudes of an element, of known variance: phi per unit of its own amplitude, and a part v that other
elements and the continuum cause. z = y / phi + v / phi^2 then has a variance equal to its mean, and the likelihood is
that of Poisson, z ln mu - mu (quasi-likelihood: R. W. M. Wedderburn, Biometrika 61 (1974) 439).

Tail: Hf that diffused into the core decays as exp((d - x1) / l) inside x1; its share of the element is tested by the
likelihood ratio (divided by the dispersion of the profile about the box), on a profile whose inner edge is as wide as
the edge of the core's own element in the same map. The upper limit is where the profile likelihood has fallen by 1.35
(one-sided 95 %).
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import ndtr

from nacre.physics.microscopy import poisson_scoring

LR_95_ONE_SIDED = 2.706  # chi2 of one degree of freedom exceeded with 10 %, for a parameter at its bound
LR_99_ONE_SIDED = 5.412  # the same, with 2 %


@dataclass(frozen=True)
class ShellProfile:
    """Counts against distance: d (n,) in nm, pixels (n,) in each bin, y (n,) sums of amplitudes, and their noise.

    phi : variance per unit of own amplitude; other (n,): variance of a pixel that does not come from the element.
    """

    d: np.ndarray
    pixels: np.ndarray
    y: np.ndarray
    phi: float
    other: np.ndarray

    @property
    def offset(self) -> np.ndarray:
        return self.pixels * self.other / self.phi**2

    @property
    def z(self) -> np.ndarray:
        return self.y / self.phi + self.offset

    def likelihood(self, per_pixel: np.ndarray) -> float:
        """Quasi log-likelihood of a model of amplitudes per pixel (n,)."""
        return poisson_scoring.log_likelihood(self.z, self.offset + self.pixels * per_pixel / self.phi)


@dataclass(frozen=True)
class Box:
    """Parameters of the box, lengths in nm, amplitudes per pixel."""

    inner: float
    thickness: float
    amplitude: float
    blur_in: float
    blur_out: float
    background_in: float
    background_out: float

    def __call__(self, d: np.ndarray) -> np.ndarray:
        outside = ndtr(d / self.blur_in)
        rise = ndtr((d - self.inner) / self.blur_in)
        fall = ndtr((d - self.inner - self.thickness) / self.blur_out)
        return self.background_in * (1 - outside) + self.background_out * outside + self.amplitude * (rise - fall)


@dataclass(frozen=True)
class BoxFit:
    """A fitted box, the standard deviation of its thickness, and the log-likelihood."""

    box: Box
    std: float
    likelihood: float


def _make_box(p: np.ndarray) -> Box:
    lengths = np.exp(np.clip(p[[1, 2, 3, 4]], -12, 12))
    return Box(p[0], lengths[0], lengths[1], lengths[2], lengths[3], p[5], p[6])


def fit_edge(profile: ShellProfile) -> tuple[float, float]:
    """(position, blur) in nm of the edge of the core's element, which falls from inside to outside."""
    inside = profile.y[profile.d < 0].sum() / max(profile.pixels[profile.d < 0].sum(), 1)

    def misfit(p: np.ndarray) -> float:
        high, low = math.exp(p[2]), p[3]
        return -profile.likelihood(low + high * ndtr((p[0] - profile.d) / math.exp(p[1])))

    start = np.array([0.0, 0.5, math.log(max(inside, 1e-6)), 0.0])
    found = minimize(misfit, start, method="Nelder-Mead", options={"maxfev": 2000, "xatol": 1e-3, "fatol": 1e-4})
    return float(found.x[0]), math.exp(found.x[1])


def fit_stack(profile: ShellProfile, blur: float) -> BoxFit:
    """The box of a profile over the whole contour, its inner blur fixed to `blur` (that of the core's edge)."""
    shape = np.maximum(profile.y / np.maximum(profile.pixels, 1), 0)
    peak = float(np.max(np.convolve(shape, np.ones(3) / 3, "same")))
    total = float(np.sum(shape) * (profile.d[1] - profile.d[0]))
    prior = np.array([0.0, math.log(max(total / max(peak, 1e-9), 0.5)), math.log(max(peak, 1e-9)), math.log(blur),
                      math.log(blur), 0.0, 0.0])  # fmt: skip
    free = np.array([10.0, 2.0, 2.0, 1e-4, 1.0, peak, peak])
    return _fit_box(profile, prior, free)


def fit_window(profile: ShellProfile, stack: Box, *, inner: float = 1.0, amplitude: float = 0.25) -> BoxFit:
    """The box of a stretch of the contour, near the one of the whole.

    inner : how far (nm) the beginning may lie from that of the whole contour, as the contour itself is uncertain;
    amplitude : how much (relative) the density times the thickness of the lamella may differ. Both are standard
    deviations of priors; blur and backgrounds are those of the whole. The thickness has none.
    """
    width = math.log(stack.thickness)
    prior = np.array([stack.inner, width, math.log(stack.amplitude), math.log(stack.blur_in), math.log(stack.blur_in),
                      stack.background_in, stack.background_out])  # fmt: skip
    scale = 0.05 * stack.amplitude
    return _fit_box(profile, prior, np.array([inner, 10.0, amplitude, 0.1, 0.2, scale, scale]))


def _fit_box(profile: ShellProfile, prior: np.ndarray, free: np.ndarray) -> BoxFit:
    """Largest likelihood with normal priors, in units of their widths."""

    def model(q: np.ndarray) -> np.ndarray:
        return profile.offset + profile.pixels * _make_box(prior + free * q)(profile.d) / profile.phi

    def longest(step: np.ndarray) -> float:  # lengths and amplitude change by at most a factor of e
        return float(np.abs(step * free)[1:5].max())

    best = poisson_scoring.maximise_posterior(profile.z, model, np.zeros(prior.size), longest=longest)
    box = _make_box(prior + free * best.q)
    return BoxFit(box, box.thickness * free[1] * math.sqrt(best.covariance[1, 1]), profile.likelihood(box(profile.d)))


def estimate_spread(values: np.ndarray, stds: np.ndarray) -> tuple[float, float]:
    """(mean, true spread) of thicknesses with errors of their own.

    Mean and spread have the largest restricted likelihood under normal scatter plus errors (a random-effects model:
    R. DerSimonian, N. Laird, Control. Clin. Trials 7 (1986) 177); the noise of the single values is not in the spread.
    """

    def misfit(log_tau: float) -> float:
        weight = 1 / (math.exp(2 * log_tau) + stds**2)
        mean = np.sum(weight * values) / weight.sum()
        return 0.5 * float(np.sum(weight * (values - mean) ** 2 - np.log(weight)) + math.log(weight.sum()))

    grid = np.log(np.geomspace(1e-2, 3 * np.ptp(values) + 0.1, 200))
    tau = math.exp(grid[int(np.argmin([misfit(t) for t in grid]))])
    weight = 1 / (tau**2 + stds**2)
    return float(np.sum(weight * values) / weight.sum()), tau


@dataclass(frozen=True)
class EdgeMean:
    """Mean thickness of an edge of which a piece was measured, its standard deviation and 95 % interval, in nm.

    correlation : over which length the thickness is alike.
    """

    mean: float
    std: float
    low: float
    high: float
    correlation: float


def extrapolate_mean(values: np.ndarray, stds: np.ndarray, places: np.ndarray) -> EdgeMean:
    """The mean of the whole edge, from thicknesses of windows at `places` (nm), which are alike where they are near.

    Covariance tau^2 exp(-r / L) plus the errors; tau and L are averaged over with their restricted likelihood (H. D.
    Patterson, R. Thompson, Biometrika 58 (1971) 545), L up to half of the piece: what wanders slower is not seen in it.
    """
    apart = np.abs(places[:, None] - places[None, :])
    stds = np.clip(stds, 1e-3, 10 * np.ptp(values) + 1)
    lengths = np.geomspace(np.diff(places).min(), np.ptp(places) / 2, 8)
    spreads = np.linspace(0.02, 2.0, 16) * max(float(values.std()), 1e-3)
    rows = []
    for length in lengths:
        for tau in spreads:
            inverse = np.linalg.inv(tau**2 * np.exp(-apart / length) + np.diag(stds**2))
            total = inverse.sum()
            mean = float(inverse.sum(axis=0) @ values) / total
            rest = values - mean
            likelihood = 0.5 * (np.linalg.slogdet(inverse)[1] - rest @ inverse @ rest - math.log(total))
            rows.append((likelihood, mean, 1 / total, length))
    likelihood, means, variances, correlation = np.array(rows).T
    weight = np.exp(likelihood - likelihood.max())
    weight /= weight.sum()
    mean = float(weight @ means)
    std = math.sqrt(float(weight @ (variances + (means - mean) ** 2)))
    grid = mean + std * np.linspace(-8, 8, 1601)
    below = weight @ ndtr((grid - means[:, None]) / np.sqrt(variances)[:, None])
    low, high = (float(np.interp(share, below, grid)) for share in (0.025, 0.975))
    return EdgeMean(mean, std, low, high, float(weight @ correlation))


@dataclass(frozen=True)
class DiffusionTail:
    """Share of the element in a tail inside the core, upper limit (95 %), likelihood ratio against none.

    dispersion : by how much the profile scatters more than counting about the box; ratio and limit allow for it.
    """

    share: float
    limit: float
    ratio: float
    dispersion: float

    @property
    def found(self) -> bool:
        return self.ratio > LR_99_ONE_SIDED


def evaluate_tail(d: np.ndarray, inner: float, blur: float, length: float) -> np.ndarray:
    """exp((d - x1) / l) inside x1, none outside, blurred; its integral over d is one."""
    u = (d - inner) / blur
    return np.exp(np.clip(u * blur / length + blur**2 / (2 * length**2), -700, 50)) / length * ndtr(-u - blur / length)


def test_for_diffusion(profile: ShellProfile, stack: BoxFit, blur_std: float, length: float) -> DiffusionTail:
    """Whether the coating's element has a tail of decay `length` (nm) into the core, and how much it can be at most.

    The inner blur is that of the core's edge, uncertain by `blur_std` (nm); position, thickness, amplitude and
    backgrounds are fitted anew for every share of the tail.
    """
    box = stack.box
    prior = np.array([box.inner, math.log(box.thickness), math.log(box.amplitude), math.log(box.blur_in),
                      math.log(box.blur_out), box.background_in, box.background_out])  # fmt: skip
    free = np.array([2.0, 1.0, 1.0, blur_std / box.blur_in, 0.5, box.amplitude, box.amplitude])

    def best(share: float, start: np.ndarray) -> tuple[float, np.ndarray]:
        def misfit(q: np.ndarray) -> float:
            b = _make_box(prior + free * q)
            content = b.amplitude * b.thickness
            tail = share / (1 - share) * content * evaluate_tail(profile.d, b.inner, b.blur_in, length)
            return -profile.likelihood(b(profile.d) + tail) + 0.5 * q[3] ** 2 + 5e-3 * float(q @ q)

        found = minimize(misfit, start, method="L-BFGS-B")
        return float(-found.fun), found.x

    shares = np.concatenate([[0.0], np.geomspace(1e-3, 0.5, 24)])
    dispersion = _estimate_dispersion(profile, box)
    values, q = [], np.zeros(prior.size)
    for share in shares:
        value, q = best(share, q)
        values.append(value)
    values = np.array(values) / dispersion
    top = int(np.argmax(values))
    drop = values[top] - values[top:] - LR_95_ONE_SIDED / 2
    beyond = np.flatnonzero(drop > 0)
    if beyond.size:
        pair = slice(beyond[0] - 1, beyond[0] + 1)
        limit = float(np.interp(0, drop[pair], shares[top:][pair]))
    else:
        limit = float(shares[-1])
    return DiffusionTail(float(shares[top]), limit, float(2 * (values[top] - values[0])), dispersion)


def _estimate_dispersion(profile: ShellProfile, box: Box) -> float:
    """Pearson's chi2 per degree of freedom of the box, at least one."""
    mu = np.maximum(profile.offset + profile.pixels * box(profile.d) / profile.phi, 1e-9)
    chosen = mu > 3
    return max(1.0, float(np.sum((profile.z - mu)[chosen] ** 2 / mu[chosen])) / max(int(chosen.sum()) - 7, 1))
