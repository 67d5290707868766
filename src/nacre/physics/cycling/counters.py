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


def count_passed(
    columns: Sequence[np.ndarray], fresh: np.ndarray, expected: np.ndarray, turned: np.ndarray | None = None
) -> np.ndarray:
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
    turned : np.ndarray, optional
        Whether another direction of the current begins at each row, shape (rows,).

    Returns
    -------
    np.ndarray
        Charge, C, shape (rows,), never below 0.
    """
    values = [fill_blank(column) for column in columns]
    moves = [np.abs(np.diff(v, prepend=v[:1])) for v in values]
    carried = np.sum(moves, axis=0)
    # of a pair the other column may stand still while this one begins anew
    anew = np.sum([np.where(m > 0, np.abs(v), 0.0) for v, m in zip(values, moves, strict=True)], axis=0)
    fell = np.logical_or.reduce([_falls(v) for v in values])
    # a net counter falls by what passes; one that falls by far more has begun anew
    may_restart = fresh | (fell & (carried > 3 * expected))
    passed = carried
    # at a new step one column may still hold what went missing before it
    for reading in (*(moves if len(moves) > 1 else ()), anew if len(values) > 1 else np.abs(values[0])):
        nearer = np.abs(reading - expected) < np.abs(passed - expected)
        passed = np.where(may_restart & nearer, reading, passed)
    if turned is None:
        return passed
    # what a running counter gained before the first record of another direction passed in the one before
    return np.where(turned & (passed == carried) & (passed > 3 * expected), expected, passed)


def _falls(values: np.ndarray) -> np.ndarray:
    """Rows where a counter comes nearer to 0 than the one before."""
    return np.append(False, np.abs(values[1:]) < np.abs(values[:-1]))
