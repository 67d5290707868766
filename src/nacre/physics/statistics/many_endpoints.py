"""Several endpoints tested at one level: the graphical procedure of F. Bretz, W. Maurer, W. Brannath and M. Posch.

Stat. Med. 28 (2009) 586. Every hypothesis holds a share of the level; one that is rejected hands its share on along
arrows fixed beforehand. The chance of any false rejection stays at the level, whatever is true and however the p values
hang together.
"""

from collections.abc import Sequence

import numpy as np


def adjust_p_values(p: np.ndarray, weights: np.ndarray, transitions: np.ndarray) -> np.ndarray:
    """Adjusted p values: a hypothesis is rejected at level alpha where its adjusted p value is at most alpha.

    Parameters
    ----------
    p : p values, shape (n,).
    weights : shares of the level at the start, shape (n,), none below zero, their sum at most 1.
    transitions : shape (n, n), row i: how the share of i is handed on; zero diagonal, row sums at most 1.

    Returns
    -------
    Adjusted p values, shape (n,), at most 1.

    Raises
    ------
    ValueError where weights or transitions are no such shares.
    """
    p, w, g = (np.array(x, float) for x in (p, weights, transitions))
    _check_shares(p, w, g)
    adjusted, reached = np.ones(len(p)), 0.0
    left = list(range(len(p)))
    while left:
        holders = [i for i in left if w[i] > 0.0]
        if not holders:
            break
        first = min(holders, key=lambda i: (p[i] / w[i], i))
        reached = max(reached, min(1.0, p[first] / w[first]))
        adjusted[first] = reached
        left.remove(first)
        _hand_on(w, g, first, left)
    return adjusted


def _hand_on(w: np.ndarray, g: np.ndarray, gone: int, left: list[int]) -> None:
    """Give the share of `gone` to the others, and close the gap that it leaves in the arrows between them."""
    before = g.copy()
    for i in left:
        w[i] += w[gone] * before[gone, i]
        loop = before[i, gone] * before[gone, i]
        for k in left:
            through = before[i, k] + before[i, gone] * before[gone, k]
            g[i, k] = through / (1.0 - loop) if k != i and loop < 1.0 else 0.0
    w[gone] = 0.0


def _check_shares(p: np.ndarray, w: np.ndarray, g: np.ndarray) -> None:
    n, slack = len(p), 1.0 + 1e-12
    if w.shape != (n,) or g.shape != (n, n):
        raise ValueError(f"{n} p values need {n} weights and {n} x {n} transitions; found {w.shape} and {g.shape}")
    if (w < 0).any() or w.sum() > slack:
        raise ValueError(f"weights are shares of one level: none below 0, their sum at most 1; found {w}")
    if (g < 0).any() or np.diag(g).any() or (g.sum(axis=1) > slack).any():
        raise ValueError("transitions are shares: none below 0, none to itself, rows that sum to 1 at most")


KEPT = 0.1  # of the level, for secondaries that hold a share before any primary is rejected
TO_PRIMARIES = 1e-6  # of what a secondary releases: nothing, until it is the last of them


def make_primary_and_secondary(
    n_primary: int, n_secondary: int, holders: Sequence[int] = ()
) -> tuple[np.ndarray, np.ndarray]:
    """Weights and transitions: primaries share the level; what one releases goes half to the other primaries and half
    to the secondaries. What a secondary releases goes to the other secondaries, and that of the last to the primaries.

    Secondaries named by `holders` share a tenth of the level from the start. Without secondaries primaries hand on
    among themselves; without primaries the secondaries share the level (Holm). The primaries stand first.

    Parameters
    ----------
    n_primary : int
        Number of primary endpoints.
    n_secondary : int
        Number of secondary endpoints.
    holders : Sequence[int], optional
        Indices of secondaries, from 0 to n_secondary - 1.

    Returns
    -------
    tuple[np.ndarray, np.ndarray]
        Weights (n,) and transitions (n, n).
    """
    n = n_primary + n_secondary
    weights, g = np.zeros(n), np.zeros((n, n))
    if n_primary == 0:
        weights[:] = 1.0 / max(n, 1)
    else:
        kept = KEPT if len(holders) else 0.0
        weights[:n_primary] = (1.0 - kept) / n_primary
        weights[[n_primary + k for k in holders]] = kept / max(len(holders), 1)
    among = 0.5 if n_primary > 1 and n_secondary else float(n_secondary == 0)
    back = TO_PRIMARIES if n_secondary > 1 else 1.0
    _share(g[:n_primary, :n_primary], among, n_primary - 1)
    _share(g[:n_primary, n_primary:], 1.0 - among, n_secondary)
    _share(g[n_primary:, :n_primary], back, n_primary)
    _share(g[n_primary:, n_primary:], 1.0 - (back if n_primary else 0.0), n_secondary - 1)
    np.fill_diagonal(g, 0.0)
    return weights, g


def _share(block: np.ndarray, part: float, among: int) -> None:
    """Each row of a block of the transitions hands on `part`, in equal shares to so many."""
    block[:] = part / among if among > 0 else 0.0
