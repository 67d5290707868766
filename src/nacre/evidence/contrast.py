"""Coated against bare: differences of every quantity in every state, with intervals where they can be had."""

import math
import statistics
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from scipy.stats import t as student

from nacre.core.outcome import Contrast
from nacre.core.quantity import Z95, Quantity, derive
from nacre.core.result import Entry, Result
from nacre.core.study import Study
from nacre.core.vocabulary import word


@dataclass(frozen=True)
class _Replicate:
    """One cell's value (the mean of its measurements in that state), or one measurement of a sample without cell."""

    value: float
    quantity: Quantity
    ids: tuple[str, ...]
    cell: str


# (sample, name, state) -> replicates
_Found = dict[tuple, list[_Replicate]]


def contrasts(study: Study, results: Iterable[Result]) -> list[Contrast]:
    """One contrast per pair of samples, quantity and state that both have.

    Cells are replicates: with two or more on both sides the interval is Welch's t (B. L. Welch, Biometrika 34
    (1947) 28) on their means. One cell on a side gives a difference without an interval, since the spread
    between cells is unknown. Quantities of a sample itself (no cell) are compared by their own uncertainties.
    """
    found = _collect(results)
    made = []
    for reference, treated in study.contrasts:
        for sample, name, state in list(found):
            if sample == reference and (treated, name, state) in found:
                made.append(_contrast(reference, treated, name, state, found))
    return made


def _collect(results: Iterable[Result]) -> _Found:
    """Replicates per sample, quantity and state; several measurements of one cell are one replicate."""
    found: dict[tuple, dict[str, list[tuple[str, Quantity]]]] = defaultdict(lambda: defaultdict(list))
    for result in results:
        for entry in result.entries:
            subject = entry.subject or result.subject
            if subject.sample:
                identity = result.entry_id(entry)
                found[subject.sample, *entry.key][subject.cell or f"#{identity}"].append(
                    (identity, _in_its_unit(entry))
                )
    return {key: [_replicate(cell, group) for cell, group in cells.items()] for key, cells in found.items()}


def _in_its_unit(entry: Entry) -> Quantity:
    return entry.quantity.to(word("quantity", entry.name).unit)


def _replicate(cell: str, group: list[tuple[str, Quantity]]) -> _Replicate:
    quantities = [q for _, q in group]
    mean = (
        quantities[0]
        if len(group) == 1
        else derive(lambda *x: statistics.fmean(x), *quantities, unit=quantities[0].unit)
    )
    origin = "synthetic" if any(q.origin == "synthetic" for q in quantities) else quantities[0].origin
    ids = tuple(identity for identity, _ in group)
    return _Replicate(mean.value, mean.marked(origin=origin), ids, "" if cell.startswith("#") else cell)


def _contrast(reference: str, treated: str, name: str, state: tuple, found: _Found) -> Contrast:
    left, right = found[reference, name, state], found[treated, name, state]
    both = (*left, *right)
    mean_a, mean_b = (statistics.fmean(r.value for r in side) for side in (left, right))
    of_cells = any(r.cell for r in both)
    low, high, effect, method = _interval([r.quantity for r in left], [r.quantity for r in right], of_cells)
    return Contrast(
        name=name,
        reference=reference,
        treated=treated,
        difference=mean_b - mean_a,
        unit=left[0].quantity.unit,
        state=dict(state),
        lo95=low,
        hi95=high,
        ratio=mean_b / mean_a if mean_a else None,
        n_reference=len(left),
        n_treated=len(right),
        effect=effect,
        method=method,
        quantities=tuple(identity for r in both for identity in r.ids),
        reference_value=mean_a,
        treated_value=mean_b,
        origin="synthetic" if any(r.quantity.origin == "synthetic" for r in both) else "measured",
    )


def _interval(a: list[Quantity], b: list[Quantity], of_cells: bool):
    """(lo95, hi95, effect size, method in words)."""
    if len(a) > 1 and len(b) > 1:
        return _welch([q.value for q in a], [q.value for q in b])
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


def _welch(a: list[float], b: list[float]):
    """Welch's interval of mean(b) - mean(a), and Hedges' g (L. V. Hedges, J. Educ. Stat. 6 (1981) 107)."""
    va, vb = statistics.variance(a) / len(a), statistics.variance(b) / len(b)
    difference = statistics.fmean(b) - statistics.fmean(a)
    method = f"Welch's t interval over {len(a)} and {len(b)} cells"
    if va + vb == 0:
        return difference, difference, None, f"{method}; no spread between cells"
    dof = (va + vb) ** 2 / (va**2 / (len(a) - 1) + vb**2 / (len(b) - 1))
    half = float(student.ppf(0.975, dof)) * math.sqrt(va + vb)
    n = len(a) + len(b)
    pooled = math.sqrt((statistics.variance(a) * (len(a) - 1) + statistics.variance(b) * (len(b) - 1)) / (n - 2))
    effect = difference / pooled * (1 - 3 / (4 * n - 9)) if pooled else None
    return difference - half, difference + half, effect, method
