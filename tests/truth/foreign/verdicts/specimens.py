"""Studies of one powder a side: many spots or digests of one batch, and what a batch differs by from the next.

What is measured of a powder is the mean of its spots; what one wants to know is whether the treatment moves the mean
of all batches. Between spots lie a few percent, and they are not independent of the place: neighbours on the holder
resemble each other (`patchy`). A batch differs from the next by `batch_sd`, which no number of spots can tell.
"""

from dataclasses import dataclass

import numpy as np

from truth.foreign.verdicts.endpoints import Endpoint
from truth.foreign.verdicts.study import Side, Study, Truth

QUANTITIES = (
    Endpoint("hf_ratio", "1", "ratio", 1.4, "secondary", 0.10, 0.04, 0.012),
    Endpoint("hf_content", "wt%", "ratio", 0.82, "secondary", 0.05, 0.03, 0.006),
    Endpoint("surface_fraction@C", "%", "ratio", 31.0, "secondary", 0.10, 0.05, 0.015),
    Endpoint("lattice_a", "angstrom", "ratio", 2.8731, "secondary", 1e-4, 8e-6, 4e-6),
)


@dataclass(frozen=True)
class SpecimenPlan:
    """One powder a side.

    Attributes
    ----------
    spots
        Spots, digests or mountings of each powder.
    spot_sd
        Relative standard deviation between them; None: the quantity's own (3 to 5 %, for a lattice 8 ppm).
    batch_sd
        Relative standard deviation between batches of one recipe, for the powders' means.
    effect
        Relative effect of the treatment on the mean of all batches.
    patchy
        Correlation of a spot with the one before it.
    declared
        "no": the laboratory declares no reproducibility; "right": the true `batch_sd`; "low": a third of it.
    stated
        Whether each spot bears the error of its own fit, which is three times smaller than what spots differ by.
    batches
        Powders of each side; one is the case of interest.
    """

    spots: int = 5
    spot_sd: float | None = None
    batch_sd: float = 0.03
    effect: float = 0.0
    patchy: float = 0.0
    declared: str = "no"
    stated: bool = True
    batches: int = 1
    quantities: tuple[Endpoint, ...] = QUANTITIES[:1]


def draw_specimens(plan: SpecimenPlan, rng: np.random.Generator) -> tuple[Study, Truth]:
    """A study of `plan.batches` powders a side; values are arrays (batches, spots)."""
    sides = []
    for name, effect in (("bare", 0.0), ("coated", plan.effect)):
        values, stated = {}, {}
        for quantity in plan.quantities:
            values[quantity.name] = _draw_spots(plan, quantity, effect, rng)
            stated[quantity.name] = values[quantity.name] * quantity.error if plan.stated else None
        sides.append(Side(name, float(name == "coated"), values, stated))
    contrast = {q.name: (float(np.log1p(plan.effect)),) for q in plan.quantities}
    return Study(plan.quantities, tuple(sides), declared=_declare(plan)), Truth(contrast, batch_sd=plan.batch_sd)


def _draw_spots(plan: SpecimenPlan, quantity: Endpoint, effect: float, rng: np.random.Generator) -> np.ndarray:
    sd = quantity.own if plan.spot_sd is None else plan.spot_sd
    batch = rng.normal(0, plan.batch_sd, (plan.batches, 1))
    spots = _wander(rng, (plan.batches, plan.spots), plan.patchy) * sd
    fit = rng.normal(0, quantity.error, spots.shape)
    return quantity.typical * (1 + effect) * np.exp(batch + spots + fit)


def _wander(rng: np.random.Generator, shape: tuple[int, int], patchy: float) -> np.ndarray:
    """Normal numbers of standard deviation 1, each correlated with the one before it in its row."""
    steps = rng.normal(0, 1, shape)
    for k in range(1, shape[1]):
        steps[:, k] = patchy * steps[:, k - 1] + np.sqrt(1 - patchy**2) * steps[:, k]
    return steps


def _declare(plan: SpecimenPlan) -> dict[str, float]:
    factor = {"no": 0.0, "right": 1.0, "low": 1 / 3}[plan.declared]
    return {q.name: plan.batch_sd * factor for q in plan.quantities} if factor else {}
