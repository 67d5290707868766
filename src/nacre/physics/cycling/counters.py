"""Charge counters of cyclers: what passed between two records, whatever the counter's habit.

Counters count per step, per cycle or over the whole test; in one column for both directions (only rising, or net) or
in one for each; with or without a sign. All of them move by what passed, and begin anew somewhere.
"""

from collections.abc import Sequence

import numpy as np


def fill_blank(values: np.ndarray) -> np.ndarray:
    """A counter whose blank cells repeat what stood before.

    Parameters
    ----------
    values : np.ndarray
        A counter, NaN where a cell is blank, shape (rows,).

    Returns
    -------
    np.ndarray
        The counter without blanks, shape (rows,).
    """
    there = np.isfinite(values)
    if there.all():
        return values
    if not there.any():
        return np.zeros(len(values))
    rows = np.maximum.accumulate(np.where(there, np.arange(len(values)), -1))
    return np.where(rows >= 0, values[rows], values[np.argmax(there)])


def count_passed(columns: Sequence[np.ndarray], fresh: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """Charge between each row and the one before, from one counter or a pair of them.

    Where the counter may have begun anew (at a new step, or where it moves back), it may as well have carried on: the
    reading nearer to `expected` counts.

    Parameters
    ----------
    columns : Sequence of np.ndarray
        One counter, or one for charge and one for discharge, C, each of shape (rows,).
    fresh : np.ndarray
        Whether a step begins at each row, shape (rows,).
    expected : np.ndarray
        Integral of the current between rows, C, shape (rows,), never below 0.

    Returns
    -------
    np.ndarray
        Charge, C, shape (rows,), never below 0.
    """
    carried = np.zeros(len(expected))
    anew = np.zeros(len(expected))
    for column in columns:
        values = fill_blank(column)
        moved = np.diff(values, prepend=values[:1])
        fell = np.abs(values) < np.abs(np.append(values[:1], values[:-1]))
        carried += np.abs(moved)
        # of a pair the other column may stand still while this one begins anew
        anew += np.where(fell | (moved != 0), np.abs(values), 0.0) if len(columns) > 1 else np.abs(values)
    may_restart = fresh | np.logical_or.reduce([_falls(fill_blank(c)) for c in columns])
    return np.where(may_restart & (np.abs(anew - expected) < np.abs(carried - expected)), anew, carried)


def _falls(values: np.ndarray) -> np.ndarray:
    """Rows where a counter comes nearer to 0 than the one before."""
    return np.append(False, np.abs(values[1:]) < np.abs(values[:-1]))
