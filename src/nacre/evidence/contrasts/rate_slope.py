"""How a cell's capacity depends on the rate: the slope per decade, over the rates that all cells of a test have.

The contrast of these slopes says whether the difference between two samples depends on the rate.
"""

import math
from collections.abc import Mapping, Sequence

from nacre.core.quantity import Quantity, weighted_sum

NAME = "deficit_slope"
LEAST = 3  # rates; two give a slope and no idea whether it is one

Capacities = Mapping[float, tuple[str, Quantity]]  # by nominal C-rate: id and capacity


def fit_slopes(cells: Sequence[Capacities]) -> tuple[list[tuple[str, Quantity]], list[float]]:
    """([(id of the capacity at the highest rate, slope in mAh/g per decade of rate)] by cell, the common rates).

    cells : of both samples. Rates that a cell lacks are left out for all; no slopes where too few are left.
    """
    common = sorted(set.intersection(*(set(cell) for cell in cells)))
    if len(common) < LEAST:
        return [], common
    weights = _weigh([math.log10(rate) for rate in common])
    made = []
    for cell in cells:
        quantities = [cell[rate][1] for rate in common]
        made.append((cell[common[-1]][0], weighted_sum(weights, quantities, origin=quantities[0].origin)))
    return made, common


def _weigh(x: Sequence[float]) -> list[float]:
    """Weights of a least-squares slope."""
    middle = math.fsum(x) / len(x)
    spread = math.fsum((value - middle) ** 2 for value in x)
    return [(value - middle) / spread for value in x]
