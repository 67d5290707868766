"""Coated against bare: differences of every quantity in every state, with intervals where they can be had.

Cells are replicates. With two or more on both sides the interval is Welch's t (B. L. Welch, Biometrika 34 (1947) 28)
on their means, not a bootstrap: cells come by twos and threes, and resampling three values gives 95 % intervals that
hold the truth in 78 % of cases only (two: 67 %). One cell on a side gives a difference without an interval, since the
spread between cells is unknown; what the measurements alone leave of it is said beside it. Where the other side has
replicates, so is how far one more cell like them would lie from their mean, t s sqrt(1 + 1/n) (J. R. Crawford,
D. C. Howell, Clin. Neuropsychol. 12 (1998) 482): a difference inside of that is none. Many comparisons are made
at once: each p value is also adjusted (S. Holm, Scand. J. Stat. 6 (1979) 65) over those of the findings' quantities,
or over all others of the two samples.
"""

import math
import statistics
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from scipy.special import stdtr, stdtrit

from nacre.core.outcome import Contrast
from nacre.core.quantity import Z95, Quantity, derive
from nacre.core.result import Entry, Result, Subject
from nacre.core.study import Study, in_its_words
from nacre.core.vocabulary import word
from nacre.evidence.verdicts import decided
from nacre.materials.transitions import followed
from nacre.techniques.cycling.half_cycles import FORMATION


@dataclass(frozen=True)
class _Value:
    """One value of one side. cell: it speaks of, "" for the sample itself; failed: a check of its data did."""

    id: str
    quantity: Quantity
    cell: str
    failed: bool


# (sample, technique, measurement within the cell, name, state) -> values
_Found = dict[tuple, list[_Value]]


@in_its_words
def contrasts(study: Study, results: Iterable[Result]) -> list[Contrast]:
    """One contrast per pair of samples, technique, quantity and state that both have; and the shift of the
    followed phase transition in the first cycle.

    Two techniques that measure one quantity are not each other's replicates, nor are two measurements of one
    cell: those are averaged first. Quantities of a sample itself (no cell) are compared by their own uncertainties.
    """
    found = _collect(results)
    made = []
    for reference, treated in study.contrasts:
        pairs = []
        for sample, *what in list(found):
            if sample == reference and (treated, *what) in found:
                left, right = found[reference, *what], found[treated, *what]
                pairs.append(_contrast(reference, treated, *what[1:], left, right))
        adjusted = _adjusted(pairs, study.coating_elements)
        made += [decided(row, study.coating_elements) for row in (*adjusted, *_first_shift(adjusted))]
    return made


def _adjusted(rows: list[Contrast], coating: Collection[str]) -> list[Contrast]:
    """The contrasts of two samples, each p value also adjusted by Holm's step-down rule over its family.

    What answers a question of the first page is one family, fixed beforehand by the vocabulary; all else, much of which
    says the same again (capacity per area, energy), is the other.
    """
    found = {}
    for asked in (True, False):
        tested = [(c.p, i) for i, c in enumerate(rows) if c.p is not None and asked == _is_asked(c, coating)]
        found |= _holm(sorted(tested), "the findings'" if asked else "the other")
    return [replace(c, method=c.method + found[i][1], p_adjusted=found[i][0]) if i in found else c
            for i, c in enumerate(rows)]  # fmt: skip


def _holm(tested: list[tuple[float, int]], whose: str) -> dict[int, tuple[float, str]]:
    """(adjusted p, words) of each of the p values, the smallest first; none where there is but one."""
    adjusted, worst = {}, 0.0
    for rank, (p, i) in enumerate(tested if len(tested) > 1 else []):
        worst = max(worst, min(1.0, (len(tested) - rank) * p))
        adjusted[i] = worst, f"; p = {p:.2g}, {worst:.2g} adjusted over {whose} {len(tested)} comparisons (Holm)"
    return adjusted


def _is_asked(c: Contrast, coating: Collection[str]) -> bool:
    """Whether a contrast answers a question of the first page."""
    return bool(word("quantity", c.name).chapter_of(c.state, coating))


def _first_shift(made: list[Contrast]) -> list[Contrast]:
    """How much higher the reference's peak of the followed transition lies in the cell's first charge, at the lowest
    rate, in mV."""
    first = [
        c
        for c in made
        if c.name == followed().peak
        and c.state.get("cycle") == 1
        and c.state.get("direction") == "charge"
        and str(c.state.get("segment", FORMATION[0])).lower().startswith(FORMATION)
    ]
    if not first:
        return []
    c = min(first, key=lambda c: c.state.get("rate_C", 0.0))
    lo, hi = (None if bound is None else -1e3 * bound for bound in (c.hi95, c.lo95))
    shifted = Quantity(1e3 * c.difference, "mV", None if c.std is None else 1e3 * c.std)
    method = c.method.replace(_measured(Quantity(c.difference, c.unit, c.std)), _measured(shifted))
    turned = replace(
        c, name=followed().shift, method=method, unit="mV", reference=c.treated, treated=c.reference, lo95=lo, hi95=hi
    )
    return [
        replace(
            turned,
            difference=-1e3 * c.difference,
            std=None if c.std is None else 1e3 * c.std,
            ratio=None,
            effect=None if c.effect is None else -c.effect,
            n_reference=c.n_treated,
            n_treated=c.n_reference,
            reference_value=None,
            treated_value=None,
        )
    ]


def _collect(results: Iterable[Result]) -> _Found:
    found: _Found = defaultdict(list)
    for result in results:
        failed = any(check.status == "fail" for check in result.checks)
        for entry in result.entries:
            subject = entry.subject or result.subject
            told = subject.sample and word("quantity", entry.name).compared
            if told and math.isfinite(entry.quantity.value):
                key = (subject.sample, result.technique, _test_of(subject), *entry.key)
                found[key].append(_Value(result.entry_id(entry), _in_vocabulary_unit(entry), subject.cell, failed))
    return found


def _test_of(subject: Subject) -> str:
    """The measurement by its name within the cell or sample, `rate` of `lho-1:rate`: two are never one state."""
    return subject.measurement.removeprefix(f"{subject.cell or subject.sample}:")


def _in_vocabulary_unit(entry: Entry) -> Quantity:
    return entry.quantity.to(word("quantity", entry.name).unit)


def _contrast(
    reference: str, treated: str, test: str, name: str, state: tuple, left: list[_Value], right: list[_Value]
) -> Contrast:
    """A contrast, without a verdict as yet."""
    a, b = _per_cell(left), _per_cell(right)
    mean_a, mean_b = statistics.fmean(q.value for q in a), statistics.fmean(q.value for q in b)
    alone = _difference(a, b)
    judged = _judge(a, b, any(value.cell for value in (*left, *right)), alone)
    return Contrast(
        name=name,
        reference=reference,
        treated=treated,
        difference=mean_b - mean_a,
        unit=a[0].unit,
        state=dict(state),
        lo95=judged.lo95,
        hi95=judged.hi95,
        ratio=mean_b / mean_a if mean_a else None,
        n_reference=len(a),
        n_treated=len(b),
        effect=judged.effect,
        method=judged.method,
        quantities=tuple(value.id for value in (*left, *right)),
        reference_value=mean_a,
        treated_value=mean_b,
        origin="synthetic" if any(q.origin == "synthetic" for q in (*a, *b)) else "measured",
        std=alone.std,
        p=judged.p,
        df=judged.df,
        measurement=test,
        scatter95=judged.scatter95,
        unfounded=any(value.failed and not _bounded(value.quantity) for value in (*left, *right)),
    )


def _bounded(quantity: Quantity) -> bool:
    return quantity.std is not None or quantity.bounded


def _per_cell(found: list[_Value]) -> list[Quantity]:
    """One quantity per cell, the mean of its measurements; what speaks of no cell stands for itself."""
    cells: dict[str, list[Quantity]] = defaultdict(list)
    for value in found:
        cells[f"cell {value.cell}" if value.cell else value.id].append(value.quantity)
    return [group[0] if len(group) == 1 else _mean(group) for group in cells.values()]


def _mean(group: list[Quantity]) -> Quantity:
    origin = "synthetic" if any(q.origin == "synthetic" for q in group) else group[0].origin
    return derive(lambda *values: statistics.fmean(values), *group, unit=group[0].unit, origin=origin)


@dataclass(frozen=True)
class _Judged:
    """An interval, the p value and the effect size that go with it, and how they came about."""

    method: str
    lo95: float | None = None
    hi95: float | None = None
    p: float | None = None
    df: float | None = None
    effect: float | None = None
    scatter95: float | None = None


def _difference(a: list[Quantity], b: list[Quantity]) -> Quantity:
    """mean(b) - mean(a) with the errors of the measurements, those that both sides share taken off."""
    n = len(a)
    return derive(lambda *x: statistics.fmean(x[n:]) - statistics.fmean(x[:n]), *a, *b, unit=a[0].unit)


def _judge(a: list[Quantity], b: list[Quantity], of_cells: bool, alone: Quantity) -> _Judged:
    if len(a) > 1 and len(b) > 1:
        return _welch([q.value for q in a], [q.value for q in b], "cells" if of_cells else "measurements")
    if of_cells and len(a) + len(b) > 2:
        return _one_more(a if len(a) > 1 else b, alone)
    if of_cells:
        words = "one cell on a side: the spread between cells is unknown, no interval can be given"
        return _Judged(f"{words}; {_measured(alone)}")
    if len(a) == len(b) == 1:
        if alone.std is None:
            return _Judged("no uncertainty estimated")
        half = Z95 * alone.std
        method = "uncertainty of the measurement alone; one sample each, the spread between batches is not in it"
        p = math.erfc(abs(alone.value) / alone.std / math.sqrt(2)) if alone.std else None
        return _Judged(method, alone.value - half, alone.value + half, p)
    return _Judged("unequal numbers of measurements, no interval can be given")


def _one_more(replicates: list[Quantity], alone: Quantity) -> _Judged:
    """One cell against several: how far one more of these would lie from their mean, with a chance of 95 %."""
    n = len(replicates)
    half = float(stdtrit(n - 1, 0.975)) * statistics.stdev(q.value for q in replicates) * math.sqrt(1 + 1 / n)
    words = (
        f"one cell on a side: no interval can be given; one more cell like the {n} of the other side would lie within "
        f"+- {half:.2g} {alone.unit} of their mean (95 %)"
    ).replace(" 1 of", " of")
    return _Judged(f"{words}; {_measured(alone)}", scatter95=half)


def _measured(alone: Quantity) -> str:
    if alone.std is None:
        return "nobody estimated the uncertainty of the measurements"
    return f"the measurements alone leave it uncertain by +- {Z95 * alone.std:.2g} {alone.unit} (95 %)".replace(
        " 1 (", " ("
    )


def _welch(a: list[float], b: list[float], what: str) -> _Judged:
    """Welch's interval of mean(b) - mean(a), and Hedges' g (L. V. Hedges, J. Educ. Stat. 6 (1981) 107)."""
    va, vb = statistics.variance(a) / len(a), statistics.variance(b) / len(b)
    difference = statistics.fmean(b) - statistics.fmean(a)
    method = f"Welch's t interval over {len(a)} and {len(b)} {what}"
    if what == "measurements":
        method += "; the spread between batches is not in it"
    if va + vb == 0:
        return _Judged(f"all {what} of a sample agree to the last digit, no interval can be given")
    dof = (va + vb) ** 2 / (va**2 / (len(a) - 1) + vb**2 / (len(b) - 1))
    error = math.sqrt(va + vb)
    half = float(stdtrit(dof, 0.975)) * error
    n = len(a) + len(b)
    pooled = math.sqrt((statistics.variance(a) * (len(a) - 1) + statistics.variance(b) * (len(b) - 1)) / (n - 2))
    effect = difference / pooled * (1 - 3 / (4 * n - 9)) if pooled else None
    p = 2 * float(stdtr(dof, -abs(difference) / error))
    return _Judged(method, difference - half, difference + half, p, dof, effect)
