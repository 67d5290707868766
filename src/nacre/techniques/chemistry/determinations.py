"""Several determinations of one content: their mean, with shared errors counted once and unexplained scatter kept."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nacre.core.quantity import Quantity, derive
from nacre.physics.chemistry.calibration_line import pool_means


@dataclass(frozen=True)
class PooledMean:
    """A mean; `p`: how likely its determinations scatter as much by their own errors (1 where that is not known)."""

    quantity: Quantity
    between: float = 0.0
    p: float = 1.0


def compute_own_std(quantity: Quantity, others: Sequence[Quantity]) -> float:
    """The part of the standard uncertainty that the others do not all share."""
    shared = set(quantity.parts).intersection(*(q.parts for q in others))
    return float(np.sqrt(sum(part**2 for source, part in quantity.parts.items() if source not in shared)))


def average_determinations(quantities: Sequence[Quantity], unit: str, dof: float = math.inf) -> PooledMean:
    """Mean of determinations in one unit, weighted by their own errors and the scatter beyond them.

    `dof` : the degrees of freedom from which their own errors are known, all together. Where an error is unknown the
    mean is plain and its error unknown.
    """
    if len(quantities) == 1:
        return PooledMean(quantities[0])
    n = len(quantities)
    stds = [compute_own_std(q, quantities) for q in quantities]
    if any(q.std is None for q in quantities) or min(stds) == 0:
        return PooledMean(derive(lambda *x: sum(x) / n, *quantities, unit=unit, n=n))
    pooled = pool_means([q.value for q in quantities], stds, dof)
    mean = derive(lambda *x: float(np.dot(pooled.weights, x)), *quantities, unit=unit)
    own = Quantity(0.0, unit, pooled.between * float(np.sqrt((pooled.weights**2).sum())))
    return PooledMean(derive(lambda a, b: a + b, mean, own, unit=unit, n=n), pooled.between, pooled.p)
