"""Derivatives of functions of several numbers by differences."""

from collections.abc import Callable, Iterable

import numpy as np


def differentiate_centrally(
    function: Callable[[np.ndarray], np.ndarray], at: np.ndarray, steps: np.ndarray, along: Iterable[int] | None = None
) -> np.ndarray:
    """d function / d x by central differences.

    Parameters
    ----------
    function : of x (k,), with values of any one shape.
    at, steps : where, and how far to each side (k,).
    along : indices of x to which it is derived; None: all.

    Returns
    -------
    array (..., m) : the derivatives, those to the m numbers of `along` last.
    """
    slopes = []
    for i in range(at.size) if along is None else along:
        up, down = at.copy(), at.copy()
        up[i] += steps[i]
        down[i] -= steps[i]
        slopes.append((function(up) - function(down)) / (2 * steps[i]))
    return np.stack(slopes, axis=-1)


def make_inward_jacobian(
    function: Callable[[np.ndarray], np.ndarray], step: float = 4e-3
) -> Callable[[np.ndarray], np.ndarray]:
    """The Jacobian (n, k) of a function of the unit box, by one step from each side towards its middle: half the price
    of central differences, and never outside."""

    def jacobian(u: np.ndarray) -> np.ndarray:
        here, columns = function(u), []
        for k in range(len(u)):
            moved = u.copy()
            moved[k] += step if u[k] < 0.5 else -step
            columns.append((function(moved) - here) / (moved[k] - u[k]))
        return np.stack(columns, axis=1)

    return jacobian
