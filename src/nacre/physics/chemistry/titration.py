"""Residual lithium from the titration of an aqueous extract with strong acid.

The whole curve is fitted (alkalinity, carbonate, electrode), beside the two classical ways: Warder's end points from
the derivative, and Gran's line behind the second one. Amounts in mol, volumes in L, concentrations in mol/L.

Sources: R. B. Warder, Am. Chem. J. 3 (1881) 55 (both end points); G. Gran, Analyst 77 (1952) 661 (the line);
A. G. Dickson, Deep-Sea Res. 28 (1981) 609 (curve fitting of carbonate titrations). What each assumes is in `estimate_bias`.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import least_squares, minimize

from nacre.physics.chemistry.carbonate import CarbonateConstants, TitrationBath, compute_curve_and_slopes

SECOND_STEP = 4.3  # pH of CO2 in water at the end of the second step is about 4.5 in extracts of a millimole a litre
LEAST_BEYOND = 3  # points with free acid that fix its line and the electrode


class TitrationError(ValueError):
    """A curve that does not hold what was asked of it."""


@dataclass(frozen=True)
class Titration:
    """A curve as measured: acid added (L, rising) and pH, (n,) each, into `volume` L; acid of `strength` mol/L.

    absorbed : CO2 taken up during the titration by each point, mol (n,) or 0.
    """

    acid: np.ndarray
    ph: np.ndarray
    volume: float
    strength: float
    known: CarbonateConstants
    absorbed: np.ndarray | float = 0.0

    def __post_init__(self):
        acid, ph = np.asarray(self.acid, float), np.asarray(self.ph, float)
        if acid.shape != ph.shape or acid.ndim != 1:
            raise TitrationError(f"volumes {acid.shape} and pH {ph.shape} do not fit each other")
        if not (np.isfinite(acid).all() and np.isfinite(ph).all()):
            raise TitrationError("volumes and pH must be finite")
        if acid.size and np.any(np.diff(acid) < 0):
            raise TitrationError("the volume of acid goes down in the course of the titration")
        for words, value in (("the titrated volume", self.volume), ("the acid's concentration", self.strength)):
            if not value > 0:
                raise TitrationError(f"{words} is {value:g}; it must be above 0")
        object.__setattr__(self, "acid", acid)
        object.__setattr__(self, "ph", ph)


# --- end points ---------------------------------------------------------------------------------------------


def compute_gran_function(acid, ph, volume: float) -> np.ndarray:
    """(V0 + v)/V0 10^-pH: beyond the last end point a straight line in v, 0 at the end point."""
    return (volume + np.asarray(acid)) / volume * 10.0 ** -np.asarray(ph)


def find_gran_end_point(acid, ph, volume: float, highest_ph: float = 3.9, weighted: bool = True) -> tuple[float, float]:
    """(L, its standard error) of the last end point: where the line of the points below `highest_ph` cuts 0.

    A constant error of the pH is a constant relative error of Gran's function, hence the weights.
    Raises TitrationError for fewer than three such points.
    """
    acid, ph = np.asarray(acid, float), np.asarray(ph, float)
    beyond = ph < highest_ph
    if beyond.sum() < LEAST_BEYOND:
        raise TitrationError(
            f"{int(beyond.sum())} points below pH {highest_ph:g}; Gran's line needs at least {LEAST_BEYOND} of them"
        )
    v, f = acid[beyond], compute_gran_function(acid, ph, volume)[beyond]
    w = 1 / f**2 if weighted else np.ones_like(f)
    slope, end = _fit_zero_crossing(v, f, w)
    mean_v = w @ v / w.sum()
    scale = float(w @ (f - slope * (v - end)) ** 2) / max(v.size - 2, 1)
    own = 1 / w.sum() + (mean_v - end) ** 2 / (w @ (v - mean_v) ** 2)
    return end, math.sqrt(scale * own) / abs(slope)


def _fit_zero_crossing(v, f, w):
    mean_v, mean_f = w @ v / w.sum(), w @ f / w.sum()
    slope = float(w @ ((v - mean_v) * (f - mean_f)) / (w @ (v - mean_v) ** 2))
    return slope, float(mean_v - mean_f / slope)


def find_inflections(acid, ph) -> np.ndarray:
    """Volumes (L, at most two, rising) where the pH falls steepest, each by a parabola through three slopes.

    A step counts where its slope is at least a tenth of the steepest one and it stands out from both its sides.
    """
    acid, ph = np.asarray(acid, float), np.asarray(ph, float)
    keep = np.concatenate([[True], np.diff(acid) > 0])
    v, p = acid[keep], ph[keep]
    middle, slope = 0.5 * (v[1:] + v[:-1]), -np.diff(p) / np.diff(v)
    if slope.size < 3:
        return np.zeros(0)
    tops = [i for i in range(1, slope.size - 1) if slope[i] >= slope[i - 1] and slope[i] > slope[i + 1]]
    tops = [i for i in tops if slope[i] >= 0.1 * slope.max() and _stands_out(slope, i)]
    best = sorted(sorted(tops, key=lambda i: -slope[i])[:2])
    return np.array([_find_vertex(middle[i - 1 : i + 2], slope[i - 1 : i + 2]) for i in best])


def _stands_out(slope: np.ndarray, i: int) -> bool:
    """Whether the slope falls to 0.7 of the peak on either side before it rises above it."""
    for side in (slope[i - 1 :: -1], slope[i + 1 :]):
        higher = np.flatnonzero(side > slope[i])
        reach = side[: higher[0]] if higher.size else side
        if reach.size and reach.min() > 0.7 * slope[i]:
            return False
    return True


def _find_vertex(x: np.ndarray, y: np.ndarray) -> float:
    curve = np.polyfit(x - x[1], y, 2)
    return float(x[1] - curve[1] / (2 * curve[0])) if curve[0] < 0 else float(x[1])


def compute_warder_amounts(first: float, second: float, strength: float) -> tuple[float, float]:
    """(hydroxide, carbonate) in mol from both end points in L: n(CO3) = c (V2 - V1), n(OH) = c (2 V1 - V2)."""
    return strength * (2 * first - second), strength * (second - first)


def find_end_points(titration: Titration) -> tuple[float, float]:
    """Both inflections of a curve. Raises TitrationError where the second step is not there or only one stands out."""
    check_second_step(titration)
    found = find_inflections(titration.acid, titration.ph)
    if found.size < 2:
        raise TitrationError(
            f"{found.size} of two end points stand out from the curve: smaller steps of acid are needed, or there is "
            "too little carbonate or hydroxide for two"
        )
    return float(found[0]), float(found[1])


def check_second_step(titration: Titration) -> None:
    """Raises TitrationError where the titration stops before all carbonate has become carbonic acid."""
    low = float(titration.ph.min()) if titration.ph.size else math.nan
    beyond = int((titration.ph < SECOND_STEP).sum())
    if beyond < LEAST_BEYOND:
        raise TitrationError(
            f"the titration ends before its second step: the lowest pH is {low:.2f} and {beyond} points lie below "
            f"{SECOND_STEP:g}, where all carbonate is protonated; at least {LEAST_BEYOND} are needed"
        )


# --- the whole curve ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class TitrationFit:
    """Amounts in mol in the titrated volume, and the electrode.

    values : alkalinity, carbonate (at the start), electrode zero (pH units at pH 7), electrode slope (1 is ideal), and
    where it was asked for, CO2 taken up by the end of the titration; covariance (4 or 5 each way) in the same
    order. `noise` is the scatter of the pH, `jitter` that of the volume (L).
    `correlation` is that of neighbouring residuals, which the covariance allows for.
    """

    values: np.ndarray
    covariance: np.ndarray
    ph: np.ndarray
    residuals: np.ndarray
    noise: float
    jitter: float
    correlation: float
    dof: int

    @property
    def hydroxide(self) -> float:
        return float(self.values[0] - 2 * self.values[1])

    @property
    def hydroxide_std(self) -> float:
        row = np.array([1.0, -2.0])
        return float(np.sqrt(row @ self.covariance[:2, :2] @ row))


BASIC = 8.3  # pH down to which water takes up CO2 from air: there bicarbonate is in equilibrium with it


def compute_uptake_course(time, ph) -> np.ndarray:
    """Part of the CO2 that a bath takes up from the air which it has taken up by each point (n,), rising to 1.

    The flux through the surface is limited by the film of water there, and constant while the bath is basic.
    """
    time, ph = np.asarray(time, float), np.asarray(ph, float)
    basic = 0.5 * ((ph[1:] > BASIC).astype(float) + (ph[:-1] > BASIC))
    course = np.append(0.0, np.cumsum(np.clip(np.diff(time), 0.0, None) * basic))
    return course / course[-1] if course[-1] > 0 else course


def fit_curve(titration: Titration, course: np.ndarray | None = None) -> TitrationFit:
    """Least squares of the pH over the whole curve, its scatter estimated from the residuals.

    course : (n,) part of the CO2 taken up during the titration that was taken up by each point (`compute_uptake_course`);
    given, its amount is fitted along. The pH scatters by itself and, where the curve is steep, by the scatter of the
    volume: both are estimated by maximum likelihood. Raises TitrationError for a curve without a second step or with
    fewer than twelve points.
    """
    check_second_step(titration)
    if titration.acid.size < 12:
        raise TitrationError(f"{titration.acid.size} points; the fit of the whole curve needs at least 12")
    weights = np.full(titration.acid.size, 1 / 0.02**2)
    theta, noise, jitter = _guess_start(titration), 0.02, 0.0
    if course is not None:
        theta = np.append(theta, 0.0)
    for _ in range(4):
        found, scale = _solve_least_squares(titration, theta, weights, course)
        theta, residual = found.x * scale, found.fun / np.sqrt(weights)
        steep = np.abs(np.gradient(_evaluate_model(titration, theta, course)[0], titration.acid))
        noise, jitter = _estimate_scatter(residual, steep, noise, jitter)
        weights = 1 / (noise**2 + (jitter * steep) ** 2)
    found, scale = _solve_least_squares(titration, theta, weights, course)
    return _summarise_fit(titration, found, scale, noise, jitter, course)


def _guess_start(titration: Titration) -> np.ndarray:
    """Alkalinity from Gran's line where there is one, half of it carbonate; an ideal electrode. Scaled to 1."""
    try:
        end, _ = find_gran_end_point(titration.acid, titration.ph, titration.volume, SECOND_STEP)
    except TitrationError:
        end = float(titration.acid[titration.ph > SECOND_STEP].max(initial=titration.acid[-1]))
    return np.array([titration.strength * end, 0.3 * titration.strength * end, 0.0, 1.0])


def _evaluate_model(titration: Titration, theta: np.ndarray, course=None) -> tuple[np.ndarray, np.ndarray]:
    """(pH as the electrode would show it, its derivatives with the parameters (n, 4 or 5))."""
    bath = TitrationBath(theta[0], theta[1], titration.volume)
    absorbed = titration.absorbed if course is None else titration.absorbed + theta[4] * course
    ph, by_base, by_carbonate = compute_curve_and_slopes(
        bath, titration.acid, titration.strength, titration.known, absorbed
    )
    columns = [theta[3] * by_base, theta[3] * by_carbonate, np.ones_like(ph), ph - 7]
    slopes = np.column_stack(columns if course is None else [*columns, theta[3] * by_carbonate * course])
    return 7 + theta[2] + theta[3] * (ph - 7), slopes


def _solve_least_squares(titration: Titration, start: np.ndarray, weights: np.ndarray, course=None):
    root, free = np.sqrt(weights), len(start)
    unit = titration.strength * titration.acid[-1]
    scale = np.array([unit, unit, 1.0, 1.0, unit])[:free]
    # the uptake may come out below nothing: an interval that is cut at zero would not cover
    low, high = np.array([[1e-3, 0.0, -2.5, 0.7, -1.0], [20.0, 10.0, 2.5, 1.3, 1.0]])[:, :free]
    inside = np.array([[2e-3, 1e-7, -2.0, 0.71, -0.9], [19.0, 9.0, 2.0, 1.29, 0.9]])[:, :free]
    return least_squares(
        lambda theta: root * (_evaluate_model(titration, theta * scale, course)[0] - titration.ph),
        np.clip(start / scale, *inside),
        jac=lambda theta: root[:, None] * _evaluate_model(titration, theta * scale, course)[1] * scale,
        x_scale=[1.0, 1.0, 0.1, 0.02, 0.1][:free],
        bounds=(low, high),
        xtol=1e-9,
        ftol=1e-9,
    ), scale


def _estimate_scatter(residual, steep, noise: float, jitter: float) -> tuple[float, float]:
    """Standard deviations of pH and of volume that make the residuals likeliest."""
    typical = max(float(np.median(np.abs(residual))) / 0.6745, 1e-4)
    start = np.log([typical, jitter or 0.3 * typical / max(float(np.median(steep)), 1e-9)])

    def cost(p):
        variance = np.exp(2 * p[0]) + np.exp(2 * p[1]) * steep**2
        return float(np.sum(np.log(variance) + residual**2 / variance))

    best = minimize(cost, start, method="Nelder-Mead", options={"xatol": 1e-3, "fatol": 1e-6})
    return float(max(np.exp(best.x[0]), 1e-4)), float(np.exp(best.x[1]))


def _summarise_fit(titration: Titration, found, unit, noise: float, jitter: float, course) -> TitrationFit:
    n, free = titration.acid.size, len(unit)
    dof = n - free
    scale = float(found.fun @ found.fun) / dof
    try:
        covariance = np.linalg.inv(found.jac.T @ found.jac) * scale * np.outer(unit, unit)
    except np.linalg.LinAlgError:
        raise TitrationError("the curve does not tell hydroxide, carbonate and electrode apart") from None
    z = found.fun / math.sqrt(scale)
    correlation = float(z[1:] @ z[:-1] / (z @ z))
    # neighbours that err alike are worth fewer points; scatter of the estimate itself (1/sqrt n) is not held against it
    excess = max(0.0, correlation + free / n - 1 / math.sqrt(n))
    covariance = covariance * (1 + excess) / (1 - min(excess, 0.9))
    values = found.x * unit
    model, _ = _evaluate_model(titration, values, course)
    return TitrationFit(values, covariance, model, titration.ph - model, noise, jitter, correlation, dof)


# --- what the classical ways get wrong ----------------------------------------------------------------------


@dataclass(frozen=True)
class EndPointBias:
    """Relative errors of the end-point way on a noise-free curve of known amounts, at the same volumes."""

    hydroxide: float
    carbonate: float
    gran: float


def estimate_bias(titration: Titration, fit: TitrationFit) -> EndPointBias | None:
    """How far Warder's amounts and Gran's end point lie off on the fitted curve itself (its electrode, no noise).

    The inflection of a buffered step is not its equivalence point, and coarse doses miss it; an electrode whose slope
    is not ideal bends Gran's line. None where the noise-free curve shows no two end points.
    """
    clean = replace(titration, ph=fit.ph)
    try:
        hydroxide, carbonate = compute_warder_amounts(*find_end_points(clean), titration.strength)
        gran, _ = find_gran_end_point(clean.acid, clean.ph, titration.volume)
    except TitrationError:
        return None
    if fit.hydroxide <= 0 or fit.values[1] <= 0:
        return None
    return EndPointBias(
        hydroxide / fit.hydroxide - 1,
        carbonate / float(fit.values[1]) - 1,
        gran * titration.strength / float(fit.values[0]) - 1,
    )
