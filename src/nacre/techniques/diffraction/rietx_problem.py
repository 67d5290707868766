"""What the Rietveld engine is asked, and what it answers, in our own words.

Conventions: u, v, w are FWHM^2 in deg^2, x, y Lorentzian FWHM in deg; size broadening is size/cos(theta), strain
broadening strain * tan(theta), both Lorentzian FWHM in deg.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from nacre.materials.crystals import Crystal


@dataclass(frozen=True)
class DiffractometerModel:
    """The diffractometer: radiation (angstrom, relative weights), geometry, resolution, zero.

    `scale_error` is the relative uncertainty of all lengths, as a line standard showed it.
    """

    wavelengths: tuple[float, ...]
    weights: tuple[float, ...] = (1.0,)
    geometry: str = "capillary"
    polarisation: float = 0.5
    u: float = 0.0
    v: float = 0.0
    w: float = 0.0025
    x: float = 0.0
    y: float = 0.0
    zero: float = 0.0
    displacement: float = 0.0
    axial: float = 0.0
    radius: float | None = None
    mu_r: float = 0.0
    source: str = ""
    known: bool = False
    scale_error: float = 0.0


@dataclass(frozen=True)
class RefinementStep:
    """One step of a plan: what is set free in it, beside all that was free before.

    `free` holds items like "cell" (of all phases that may) or "cell@NiO" (of one).
    """

    name: str
    free: tuple[str, ...]
    words: str = ""


@dataclass(frozen=True)
class RefinementProblem:
    """What is fitted: a pattern, its phases, the machine, the plan.

    `signed` names phases whose scale may be negative: what is compared with nothing must not stop at nothing.
    """

    two_theta: np.ndarray
    intensity: np.ndarray
    sigma: np.ndarray
    crystals: tuple[Crystal, ...]
    machine: DiffractometerModel
    steps: tuple[RefinementStep, ...]
    background: int = 13
    excluded: tuple[tuple[float, float], ...] = ()
    starts: Mapping[str, float] = field(default_factory=dict)
    texture: Mapping[str, tuple[int, int, int]] = field(default_factory=dict)
    signed: tuple[str, ...] = ()


@dataclass(frozen=True)
class RefinementFit:
    """What came out. `values` and `esd` go by the engine's names of parameters; tied ones are among them.

    `free` names the rows of `correlation`; `inflation` is the factor of Berar and Lelann, not in `esd`.
    """

    problem: RefinementProblem
    values: Mapping[str, float]
    esd: Mapping[str, float]
    free: tuple[str, ...]
    correlation: np.ndarray
    statistics: Mapping[str, float]
    inflation: float
    status: str
    findings: tuple[tuple[str, str, str], ...]
    crystals: tuple[Crystal, ...]
    machine: DiffractometerModel
    calculated: np.ndarray
    background: np.ndarray
    kept: np.ndarray
    ticks: Mapping[str, np.ndarray]
    hkl: Mapping[str, np.ndarray]
    fractions: tuple[tuple[float, float | None], ...]
    steps: tuple[tuple[str, float, float, int], ...]

    def covariance(self, names: Sequence[str]) -> np.ndarray:
        """Covariance (n, n) of free parameters, from the plain standard deviations."""
        rows = [self.free.index(name) for name in names]
        std = np.array([self.esd[name] for name in names])
        return self.correlation[np.ix_(rows, rows)] * np.outer(std, std)
