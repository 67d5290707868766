"""Coated against bare: differences of every quantity in every state, with intervals where they can be had."""

import math
import statistics
from collections import defaultdict
from collections.abc import Iterable

from scipy.special import stdtrit

from nacre.core.outcome import Contrast
from nacre.core.quantity import Z95, Quantity, derive
from nacre.core.result import Entry, Result
from nacre.core.study import Study
from nacre.core.vocabulary import word

# (sample, technique, name, state) -> (id, quantity, the cell it speaks of or "")
_Found = dict[tuple, list[tuple[str, Quantity, str]]]


def contrasts(study: Study, results: Iterable[Result]) -> list[Contrast]:
    """One contrast per pair of samples, technique, quantity and state that both have.

    Two techniques that measure one quantity are not each other's replicates, nor are two measurements of one
    cell: those are averaged first. Cells are replicates: with two or more on both sides the interval is Welch's t
    (B. L. Welch, Biometrika 34 (1947) 28) on their means. One cell on a side gives a difference without an
    interval, since the spread between cells is unknown. Quantities of a sample itself (no cell) are compared by
    their own uncertainties.
    """
    found = _collect(results)
    made = []
    for reference, treated in study.contrasts:
        for sample, *what in list(found):
            if sample == reference and (treated, *what) in found:
                _, name, state = what
                left, right = found[reference, *what], found[treated, *what]
                made.append(_contrast(reference, treated, name, state, left, right))
    return made


def _collect(results: Iterable[Result]) -> _Found:
    found: _Found = defaultdict(list)
    for result in results:
        for entry in result.entries:
            subject = entry.subject or result.subject
            if subject.sample and math.isfinite(entry.quantity.value):
                key = (subject.sample, result.technique, *entry.key)
                found[key].append((result.entry_id(entry), _in_vocabulary_unit(entry), subject.cell))
    return found


def _in_vocabulary_unit(entry: Entry) -> Quantity:
    return entry.quantity.to(word("quantity", entry.name).unit)


def _contrast(reference: str, treated: str, name: str, state: tuple, left: list, right: list) -> Contrast:
    a, b = _per_cell(left), _per_cell(right)
    mean_a, mean_b = statistics.fmean(q.value for q in a), statistics.fmean(q.value for q in b)
    of_cells = any(cell for _, _, cell in (*left, *right))
    low, high, effect, method = _interval(a, b, of_cells)
    return Contrast(
        name=name,
        reference=reference,
        treated=treated,
        difference=mean_b - mean_a,
        unit=a[0].unit,
        state=dict(state),
        lo95=low,
        hi95=high,
        ratio=mean_b / mean_a if mean_a else None,
        n_reference=len(a),
        n_treated=len(b),
        effect=effect,
        method=method,
        quantities=tuple(identity for identity, _, _ in (*left, *right)),
        reference_value=mean_a,
        treated_value=mean_b,
        origin="synthetic" if any(q.origin == "synthetic" for q in (*a, *b)) else "measured",
    )


def _per_cell(found: list[tuple[str, Quantity, str]]) -> list[Quantity]:
    """One quantity per cell, the mean of its measurements; what speaks of no cell stands for itself."""
    cells: dict[str, list[Quantity]] = defaultdict(list)
    for identity, quantity, cell in found:
        cells[f"cell {cell}" if cell else identity].append(quantity)
    return [group[0] if len(group) == 1 else _mean(group) for group in cells.values()]


def _mean(group: list[Quantity]) -> Quantity:
    origin = "synthetic" if any(q.origin == "synthetic" for q in group) else group[0].origin
    return derive(lambda *values: statistics.fmean(values), *group, unit=group[0].unit, origin=origin)


def _interval(a: list[Quantity], b: list[Quantity], of_cells: bool):
    """(lo95, hi95, effect size, method in words)."""
    if len(a) > 1 and len(b) > 1:
        return _welch([q.value for q in a], [q.value for q in b], "cells" if of_cells else "measurements")
    if of_cells:
        return None, None, None, "one cell on a side: the spread between cells is unknown, no interval can be given"
    if len(a) == len(b) == 1:
        difference = derive(lambda x, y: y - x, a[0], b[0], unit=a[0].unit)
        if difference.std is None:
            return None, None, None, "no uncertainty estimated"
        half = Z95 * difference.std
        method = "uncertainty of the measurement alone; one sample each, the spread between batches is not in it"
        return difference.value - half, difference.value + half, None, method
    return None, None, None, "unequal numbers of measurements, no interval can be given"


def _welch(a: list[float], b: list[float], what: str):
    """Welch's interval of mean(b) - mean(a), and Hedges' g (L. V. Hedges, J. Educ. Stat. 6 (1981) 107)."""
    va, vb = statistics.variance(a) / len(a), statistics.variance(b) / len(b)
    difference = statistics.fmean(b) - statistics.fmean(a)
    method = f"Welch's t interval over {len(a)} and {len(b)} {what}"
    if what == "measurements":
        method += "; the spread between batches is not in it"
    if va + vb == 0:
        return None, None, None, f"all {what} of a sample agree to the last digit, no interval can be given"
    dof = (va + vb) ** 2 / (va**2 / (len(a) - 1) + vb**2 / (len(b) - 1))
    half = float(stdtrit(dof, 0.975)) * math.sqrt(va + vb)
    n = len(a) + len(b)
    pooled = math.sqrt((statistics.variance(a) * (len(a) - 1) + statistics.variance(b) * (len(b) - 1)) / (n - 2))
    effect = difference / pooled * (1 - 3 / (4 * n - 9)) if pooled else None
    return difference - half, difference + half, effect, method
