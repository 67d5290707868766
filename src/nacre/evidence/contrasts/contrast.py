"""Coated against bare: differences of every quantity in every state, with intervals where they can be had.

Cells are replicates, and so are batches of a powder; what repeats within one of them is averaged first (see `units`).
With two and more units on both sides the difference of their means is tested (see physics.statistics.two_samples), not
resampled: cells come by twos and threes, and resampling three values gives 95 % intervals that hold the truth in 78 %
of cases only. What both sides share cancels; an error that all units of one side share, and the other side does not, is
added. One unit on a side gives a difference without a test, since the spread between units is unknown: how far one more
unit like those of the other side would lie from their mean is said, t s sqrt(1 + 1/n) (J. R. Crawford, D. C. Howell,
Clin. Neuropsychol. 12 (1998) 482). One specimen on each side has a test where the reproducibility of specimens is
declared. Endpoints and verdicts: see `endpoints`, `verdicts`, docs/comparing.md.
"""

import math
import statistics
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from nacre.core.outcome import Contrast
from nacre.core.quantity import Z95, Quantity, weighted_sum
from nacre.core.result import Result
from nacre.core.study import Study, in_its_words
from nacre.core.vocabulary import word
from nacre.evidence.contrasts.endpoints import Plan, plan_of, share_level
from nacre.evidence.contrasts.first_shift import first_shift
from nacre.evidence.contrasts.joining import Joined, join
from nacre.evidence.contrasts.preparation import compared_pairs
from nacre.evidence.contrasts.units import Side, side_of, words_of_measurement
from nacre.evidence.contrasts.verdicts import LEVEL, decide
from nacre.physics.statistics.many_endpoints import adjust_p_values
from nacre.physics.statistics.two_samples import (
    MeanDifference,
    compare_means,
    compute_hedges_g,
    count_replicates_to_equal,
    count_replicates_to_show,
)

NOUNS = {"cell": "cells", "batch": "batches", "specimen": "specimens"}


def contrasts(study: Study, results: Iterable[Result]) -> list[Contrast]:
    """One contrast per pair of samples, technique, test, quantity and state that both have, with its verdict; and the
    shift of the followed phase transition in the first cycle."""
    return compare_samples(study, results)[0]


@in_its_words
def compare_samples(study: Study, results: Iterable[Result]) -> tuple[list[Contrast], list[str]]:
    """(the contrasts, sentences on what could not be compared, or was joined though its names differ)."""
    (joined, unjoined), plan = join(study, results), plan_of(study)
    made = []
    for reference, treated in compared_pairs(study):
        both = [one for one in joined if reference in one.values and treated in one.values]
        rows = [_contrast(study, plan, reference, treated, one) for one in both]
        made += first_shift([decide(row) for row in _tested(rows, plan)])
    return made, unjoined


def _tested(rows: list[Contrast], plan: Plan) -> list[Contrast]:
    """The contrasts of two samples with their endpoints, and the p values of endpoints adjusted for their number."""
    asked = dict(zip(("primary", "secondary"), plan.split(rows), strict=True))
    endpoints = {id(row): name for name, part in asked.items() for row in part}
    primary, secondary = ([row for row in part if row.p is not None] for part in asked.values())
    family = [*primary, *secondary]
    shares = share_level(*([row.name for row in part] for part in (primary, secondary)))
    adjusted = adjust_p_values(np.array([row.p for row in family]), *shares)
    p_values = {id(row): float(p) for row, p in zip(family, adjusted, strict=True)}
    # what says the same again, as another technique may, is the same endpoint: one number has one verdict
    same = {_numbers(row): id(row) for row in rows if id(row) in endpoints}
    found = []
    for row in rows:
        key = id(row) if id(row) in endpoints else same.get(_numbers(row))
        endpoint = endpoints.get(key, "exploratory") if key is not None else "exploratory"
        p_adjusted = p_values.get(key) if key is not None else None
        found.append(replace(row, endpoint=endpoint, p_adjusted=p_adjusted))
    return found


def _numbers(row: Contrast) -> tuple:
    """What makes two contrasts the same statement."""
    return row.name, row.measurement, row.reference_value, row.treated_value, row.n_reference, row.n_treated


def _contrast(study: Study, plan: Plan, reference: str, treated: str, joined: Joined) -> Contrast:
    """A contrast, without its endpoint and verdict as yet."""
    a, b = side_of(joined.values[reference]), side_of(joined.values[treated])
    mean_a, mean_b = statistics.fmean(a.values), statistics.fmean(b.values)
    alone = measured_difference(a, b)
    judged = _compare(study, joined, a, b, alone)
    relevance = plan.relevance.get(joined.name)
    margin = relevance.margin(mean_a) if relevance else None
    quantities = (*a.quantities, *b.quantities)
    return Contrast(
        name=joined.name,
        reference=reference,
        treated=treated,
        difference=mean_b - mean_a,
        unit=a.quantities[0].unit,
        state=joined.state,
        lo95=judged.lo95,
        hi95=judged.hi95,
        ratio=mean_b / mean_a if mean_a else None,
        n_reference=len(a.units),
        n_treated=len(b.units),
        effect=judged.effect,
        method=judged.method
        + _replicates_needed(judged, a, b, margin, mean_b - mean_a)
        + (f"; {joined.note}" if joined.note else ""),
        quantities=tuple(value.id for sample in (reference, treated) for value in joined.values[sample]),
        reference_value=mean_a,
        treated_value=mean_b,
        origin="synthetic" if any(q.origin == "synthetic" for q in quantities) else "measured",
        std=alone.std,
        p=judged.p,
        df=judged.df,
        margin=margin,
        p_equal=judged.p_equal(margin, mean_a),
        measurement=joined.measurement,
        scatter95=judged.scatter95,
        unfounded=judged.unfounded,
        level=a.level if a.level == b.level else "specimen",
    )


@dataclass(frozen=True)
class Comparison:
    """A test and what goes with it. test None: there is none; on_logs: it compares logarithms."""

    method: str
    test: MeanDifference | None = None
    on_logs: bool = False
    reference: float = 0.0
    effect: float | None = None
    scatter95: float | None = None
    unfounded: bool = False
    measured: tuple[float, float] | None = None  # what the measurements alone leave, where there is no test

    @property
    def p(self) -> float | None:
        return self.test.p_value() if self.test else None

    @property
    def df(self) -> float | None:
        return self.test.df if self.test and math.isfinite(self.test.df) else None

    @property
    def lo95(self) -> float | None:
        return self._bounds[0]

    @property
    def hi95(self) -> float | None:
        return self._bounds[1]

    @property
    def _bounds(self) -> tuple[float | None, float | None]:
        if self.test is None:
            return self.measured or (None, None)
        lo, hi = self.test.interval()
        return (self._linear(lo), self._linear(hi)) if self.on_logs else (lo, hi)

    def _linear(self, log_ratio: float) -> float:
        """A logarithm of the ratio as a difference from the reference."""
        return self.reference * math.expm1(min(log_ratio, 300.0))

    def p_equal(self, margin: float | None, reference: float) -> float | None:
        """p value of the hypothesis that the samples differ by more than the margin; None where it cannot be tested."""
        if self.test is None or not margin:
            return None
        if self.on_logs:
            bound = math.log1p(margin / abs(reference)) if reference else 0.0
            return self.test.p_equal(-bound, bound)
        return self.test.p_equal(-margin, margin)


def _compare(study: Study, joined: Joined, a: Side, b: Side, alone: Quantity) -> Comparison:
    n_a, n_b = len(a.units), len(b.units)
    if min(n_a, n_b) > 1:
        return _compare_units(joined, a, b)
    if max(n_a, n_b) > 1:
        return _one_more(a if n_a > 1 else b, alone)
    if "cell" in (a.level, b.level):
        words = "one cell on a side: the spread between cells is unknown, no interval can be given"
        return Comparison(f"{words}; {words_of_measurement(alone)}")
    return _one_specimen_each(study, joined, a, b, alone)


def _compare_units(joined: Joined, a: Side, b: Side) -> Comparison:
    """Two and more units on both sides; those whose data failed a check are tested along, and once left out."""
    on_logs = word("quantity", joined.name).scale == "log" and min(*a.values, *b.values) > 0.0
    if len({*a.values}) == len({*b.values}) == 1:
        return Comparison(f"all {NOUNS[a.level]} of a sample agree to the last digit, no interval can be given")
    test = _test(a, b, on_logs)
    method = f"{test.method} over {len(a.units)} and {len(b.units)} {NOUNS[a.level]}"
    method += " on logarithms" if on_logs else ""
    sound_a, sound_b = a.founded(), b.founded()
    lost = len(a.units) + len(b.units) - len(sound_a.units) - len(sound_b.units)
    doubtful = False
    if lost and min(len(sound_a.units), len(sound_b.units)) > 1:
        without = _test(sound_a, sound_b, on_logs)
        doubtful = without.p_value() > 0.05 or without.estimate * test.estimate < 0.0
    if lost:
        method += f"; a check of the data failed for {lost} of {len(a.units) + len(b.units)} {NOUNS[a.level]}"
    reference = statistics.fmean(a.values)
    return Comparison(method, test, on_logs, reference, compute_hedges_g(a.values, b.values), unfounded=doubtful)


def _test(a: Side, b: Side, on_logs: bool) -> MeanDifference:
    left, right = (np.log(side.values) if on_logs else np.array(side.values) for side in (a, b))
    return compare_means(left, right).widened(one_sided_error(a, b, on_logs))


def one_sided_error(a: Side, b: Side, on_logs: bool) -> float:
    """Standard error from sources that several units of one side share: their scatter does not show it."""
    shares: dict[str, float] = {}
    common: set[str] = set()
    for sign, side in ((-1.0, a), (1.0, b)):
        seen: set[str] = set()
        for quantity in side.quantities:
            for source, part in quantity.parts.items():
                size = part / quantity.value if on_logs else part
                shares[source] = shares.get(source, 0.0) + sign * size / len(side.units)
                if source in seen:
                    common.add(source)
                seen.add(source)
    return math.sqrt(math.fsum(shares[source] ** 2 for source in common))


def _one_specimen_each(study: Study, joined: Joined, a: Side, b: Side, alone: Quantity) -> Comparison:
    """One specimen a side: the error of a measurement says nothing of another one, a declared reproducibility does."""
    spread = reproducibility(study, joined, statistics.fmean([*a.values, *b.values]))
    if spread is not None:
        own = MeanDifference(
            alone.value, alone.std or 0.0, _df_of_repeats(a, b), "declared reproducibility of specimens"
        )
        test = own.widened(math.sqrt(2.0) * spread)
        unit = "" if alone.unit == "1" else f" {alone.unit}"
        return Comparison(f"one specimen each; specimens differ by {spread:.2g}{unit} as declared", test)
    if alone.std is None:
        return Comparison("one specimen each, and no uncertainty estimated")
    half = Z95 * alone.std
    method = "one specimen each: the interval is that of the measurement alone, without the spread between specimens"
    return Comparison(method, measured=(alone.value - half, alone.value + half))


def _df_of_repeats(a: Side, b: Side) -> float:
    """Degrees of freedom of the error of two means of repeats; infinite where their own errors were stated."""
    counts = [unit.repeats - 1 for side in (a, b) for unit in side.units if unit.quantity.basis == "replicates"]
    return float(sum(counts)) if counts and min(counts) > 0 else math.inf


def reproducibility(study: Study, joined: Joined, reference: float) -> float | None:
    """Declared standard deviation between specimens, in the quantity's unit: of the quantity, else of the technique."""
    return study.lab.reproduced(joined.technique, joined.name, reference, word("quantity", joined.name).unit)


def _one_more(replicates: Side, alone: Quantity) -> Comparison:
    """One unit against several: how far one more of these would lie from their mean, with a chance of 95 %."""
    n, noun = len(replicates.units), replicates.level
    spread = statistics.stdev(replicates.values) * math.sqrt(1 + 1 / n)
    half = MeanDifference(0.0, spread, n - 1, "").interval()[1]
    words = (
        f"one {noun} on a side: no interval can be given; one more {noun} like the {n} of the other side would lie "
        f"within +- {half:.2g} {alone.unit} of their mean (95 %)"
    ).replace(" 1 of", " of")
    return Comparison(f"{words}; {words_of_measurement(alone)}", scatter95=half)


def measured_difference(a: Side, b: Side) -> Quantity:
    """mean(b) - mean(a) with the errors of the measurements, those that both sides share taken off."""
    weights = [-1 / len(a.units)] * len(a.units) + [1 / len(b.units)] * len(b.units)
    return weighted_sum(weights, (*a.quantities, *b.quantities))


def _replicates_needed(judged: Comparison, a: Side, b: Side, margin: float | None, difference: float) -> str:
    """How many units a side would do, where neither a difference nor equality is shown."""
    settled = judged.p is None or judged.p <= LEVEL or judged.df is None
    if judged.test is None or judged.on_logs or settled:
        return ""
    sd = judged.test.error / math.sqrt(1 / len(a.units) + 1 / len(b.units))
    show = count_replicates_to_show(difference, sd)
    equal = count_replicates_to_equal(margin, sd) if margin else None
    parts = [f"{show} a side would show it if it is as large as it looks"] if show else []
    parts += [f"{equal} a side would show equality within {margin:.2g} {a.quantities[0].unit}"] if equal else []
    return f"; {', '.join(parts)}" if parts else ""
