"""Acid-base equilibrium of lithium hydroxide and carbonate in water: the pH along a titration with strong acid.

Amounts in mol, volumes in L, concentrations in mol/L, temperatures in degC; pH is -log10 of the activity of H+.

Sources: K1, K2 of carbonic acid: L. N. Plummer, E. Busenberg, Geochim. Cosmochim. Acta 46 (1982) 1011. Kw: D. K.
Nordstrom et al., in Chemical Modeling of Aqueous Systems II (ACS, 1990) 398. Activity: C. W. Davies, Ion Association
(1962). Permittivity of water: C. G. Malmberg, A. A. Maryott, J. Res. NBS 56 (1956) 1.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from nacre.physics.constants import ZERO_CELSIUS

_LOG_K = {
    "k1": (-356.3094, -0.06091964, 21834.37, 126.8339, -1684915.0),
    "k2": (-107.8871, -0.03252849, 5151.79, 38.92561, -563713.9),
    "kw": (-283.9710, -0.05069842, 13323.00, 102.24447, -1119669.0),
}


@dataclass(frozen=True)
class CarbonateConstants:
    """Thermodynamic constants at one temperature; `davies` is the A of Debye and Hueckel."""

    k1: float
    k2: float
    kw: float
    davies: float


def evaluate_constants(temperature: float = 25.0) -> CarbonateConstants:
    """Constants from 0 to 60 degC.

    Parameters
    ----------
    temperature : float, optional
        Temperature in degC, 0 to 60.

    Returns
    -------
    CarbonateConstants
        K1, K2, Kw (mol/L) and the Davies constant.

    Raises
    ------
    ValueError
        Outside.
    """
    if not 0 <= temperature <= 60:
        raise ValueError(f"the equilibrium constants hold from 0 to 60 degC, not at {temperature:g} degC")
    kelvin = temperature + ZERO_CELSIUS
    terms = (1.0, kelvin, 1 / kelvin, math.log10(kelvin), kelvin**-2)
    # lg K = a + b T + c/T + d lg T + e/T2; fsum, as the terms are large and cancel
    k = {name: 10 ** math.fsum(map(math.prod, zip(row, terms, strict=True))) for name, row in _LOG_K.items()}
    permittivity = 87.740 - 0.40008 * temperature + 9.398e-4 * temperature**2 - 1.410e-6 * temperature**3
    return CarbonateConstants(**k, davies=1.8246e6 * (permittivity * kelvin) ** -1.5)


def activity_coefficient(ionic_strength: np.ndarray, charge: int, davies: float) -> np.ndarray:
    """Activity coefficient after Davies, for ionic strengths up to about 0.5 mol/L.

    Parameters
    ----------
    ionic_strength : np.ndarray
        Ionic strength in mol/L, any shape.
    charge : int
        Charge of the ion in elementary charges.
    davies : float
        The A of Debye and Hueckel at the temperature.

    Returns
    -------
    np.ndarray
        Activity coefficient, of the shape of the ionic strength.
    """
    root = np.sqrt(ionic_strength)
    return 10 ** (-davies * charge**2 * (root / (1 + root) - 0.3 * ionic_strength))


@dataclass(frozen=True)
class TitrationBath:
    """What is in the beaker before acid comes: amounts of base and of carbonate, and the volume.

    alkalinity : mol of base, LiOH + 2 Li2CO3; carbonate : mol of dissolved inorganic carbon; volume : L.
    """

    alkalinity: float
    carbonate: float
    volume: float


@dataclass(frozen=True)
class AcidifiedBath:
    """The bath after `acid` L of acid of `strength` mol/L, with `absorbed` mol of CO2 taken up by then; (n,) each."""

    bath: TitrationBath
    acid: np.ndarray
    strength: float
    absorbed: np.ndarray

    @property
    def volume(self) -> np.ndarray:
        return self.bath.volume + self.acid

    @property
    def base_left(self) -> np.ndarray:
        return self.bath.alkalinity - self.strength * self.acid

    @property
    def carbonate(self) -> np.ndarray:
        return self.bath.carbonate + self.absorbed


def compute_titration_curve(
    bath: TitrationBath, acid: ArrayLike, strength: float, known: CarbonateConstants, absorbed: ArrayLike = 0.0
) -> np.ndarray:
    """pH after each volume of acid, (n,): charge balance with activities, by Newton steps kept inside a bracket.

    Parameters
    ----------
    bath : TitrationBath
        What is in the beaker before acid comes.
    acid : ArrayLike
        Volumes of acid added, L, shape (n,).
    strength : float
        Concentration of the acid, mol/L.
    known : CarbonateConstants
        Equilibrium constants at the temperature.
    absorbed : ArrayLike, optional
        CO2 taken up by each point, mol, shape (n,) or one number.

    Returns
    -------
    np.ndarray
        pH, shape (n,).
    """
    return compute_curve_and_slopes(bath, acid, strength, known, absorbed)[0]


def compute_curve_and_slopes(
    bath: TitrationBath, acid: ArrayLike, strength: float, known: CarbonateConstants, absorbed: ArrayLike = 0.0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(pH, its derivatives with the alkalinity and with the carbonate of the bath, per mol), (n,) each.

    The derivatives leave out that of the activity coefficients, which is smaller by a factor of a hundred.

    Parameters
    ----------
    bath : TitrationBath
        What is in the beaker before acid comes.
    acid : ArrayLike
        Volumes of acid added, L, shape (n,).
    strength : float
        Concentration of the acid, mol/L.
    known : CarbonateConstants
        Equilibrium constants at the temperature.
    absorbed : ArrayLike, optional
        CO2 taken up by each point, mol, shape (n,) or one number.

    Returns
    -------
    tuple[np.ndarray, np.ndarray, np.ndarray]
        pH, its derivative by the alkalinity and by the carbonate (1/mol), shape (n,) each.
    """
    acid = np.asarray(acid, float)
    mixture = AcidifiedBath(bath, acid, strength, np.broadcast_to(np.asarray(absorbed, float), acid.shape))
    ph = np.where(mixture.base_left > 0, 9.0, 4.0)
    for _ in range(4):
        new = _solve_ph(mixture, known, _compute_ionic_strength(mixture, ph, known), ph)
        done = np.abs(new - ph).max(initial=0.0) < 1e-5
        ph = new
        if done:
            break
    _, slope, held = _balance_charges(mixture, known, *_compute_activities(mixture, ph, known), ph)
    return ph, -1 / slope, held / slope


def _compute_activities(
    mixture: AcidifiedBath, ph: np.ndarray, known: CarbonateConstants
) -> tuple[np.ndarray, np.ndarray]:
    strength = _compute_ionic_strength(mixture, ph, known)
    return activity_coefficient(strength, 1, known.davies), activity_coefficient(strength, 2, known.davies)


def _balance_charges(
    mixture: AcidifiedBath, known: CarbonateConstants, gamma1: np.ndarray, gamma2: np.ndarray, ph: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Excess of base over what the ions at this pH hold, its derivative with pH, and charges held per carbonate."""
    h = 10.0**-ph
    first, second = _compute_carbon_shares(ph, gamma1, gamma2, known)
    held = first + 2 * second
    excess = mixture.base_left - mixture.volume * (known.kw / h - h) / gamma1 - mixture.carbonate * held
    slope = -math.log(10) * (
        mixture.volume * (known.kw / h + h) / gamma1 + mixture.carbonate * (first + 4 * second - held**2)
    )
    return excess, slope, held


def _compute_carbon_shares(
    ph: np.ndarray, gamma1: np.ndarray, gamma2: np.ndarray, known: CarbonateConstants
) -> tuple[np.ndarray, np.ndarray]:
    """Parts of the inorganic carbon that are HCO3- and CO3 2-."""
    h = 10.0**-ph
    bicarbonate = known.k1 / (h * gamma1)
    carbonate = known.k1 * known.k2 / (h * h * gamma2)
    total = 1 + bicarbonate + carbonate
    return bicarbonate / total, carbonate / total


def _compute_ionic_strength(mixture: AcidifiedBath, ph: np.ndarray, known: CarbonateConstants) -> np.ndarray:
    """Ionic strength at a pH, with activities of a first guess of it."""
    strength = np.full(ph.shape, 0.005)
    for _ in range(2):
        gamma1, gamma2 = (
            activity_coefficient(strength, 1, known.davies),
            activity_coefficient(strength, 2, known.davies),
        )
        first, second = _compute_carbon_shares(ph, gamma1, gamma2, known)
        h = 10.0**-ph
        ions = mixture.bath.alkalinity + mixture.strength * mixture.acid + mixture.carbonate * (first + 4 * second)
        strength = 0.5 * (ions / mixture.volume + h / gamma1 + known.kw / (h * gamma1))
    return strength


def _solve_ph(
    mixture: AcidifiedBath, known: CarbonateConstants, ionic_strength: np.ndarray, start: np.ndarray
) -> np.ndarray:
    gamma1, gamma2 = (
        activity_coefficient(ionic_strength, 1, known.davies),
        activity_coefficient(ionic_strength, 2, known.davies),
    )
    low, high, ph = np.full(start.shape, -1.0), np.full(start.shape, 15.0), start
    for _ in range(60):
        # the excess of base falls as the pH rises, everywhere
        excess, slope, _ = _balance_charges(mixture, known, gamma1, gamma2, ph)
        low, high = np.where(excess > 0, ph, low), np.where(excess > 0, high, ph)
        step = ph - excess / slope
        new = np.where((step > low) & (step < high), step, 0.5 * (low + high))
        if np.abs(new - ph).max(initial=0.0) < 1e-9:
            return new
        ph = new
    return ph
