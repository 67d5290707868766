"""Three and more doses of one coating: does an endpoint depend on the dose? (docs/comparing-doses.md)

The units are those of the pairs: cells, batches, else the one specimen of a sample. Only primary and secondary
endpoints are asked; the trends of a series are one family at 5 %, with the same graphical procedure as the endpoints of
a pair (physics.statistics.many_endpoints), beside the families of the pairs.
"""

import math
import statistics
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from nacre.core.display.wording import count, several
from nacre.core.errors import NacreError
from nacre.core.outcome import DoseTrend
from nacre.core.quantity import Z95, Quantity, parse
from nacre.core.result import Result
from nacre.core.study import Sample, Study, in_its_words
from nacre.core.units import same_kind
from nacre.core.vocabulary import word
from nacre.evidence.contrasts.contrast import NOUNS, one_sided_error
from nacre.evidence.contrasts.endpoints import Plan, plan_of, share_level
from nacre.evidence.contrasts.joining import Joined, join
from nacre.evidence.contrasts.preparation import compare_preparation, find_differences, has_coating
from nacre.evidence.contrasts.units import Side, side_of
from nacre.evidence.contrasts.verdicts import LEVEL
from nacre.physics.statistics.many_endpoints import adjust_p_values
from nacre.physics.statistics.trends import Trend, fit_trend


@dataclass(frozen=True)
class DoseSeries:
    """Samples with doses of one coating, in their order; `caveat`: how they differ in more than the dose."""

    coating: str
    samples: tuple[str, ...]
    doses: tuple[float, ...]
    unit: str
    caveat: str = ""


@in_its_words
def dose_trends(study: Study, results: Iterable[Result]) -> list[DoseTrend]:
    """The trend of each primary and secondary endpoint over each dose series of the study, with its verdict."""
    series = find_series(study)
    if not series:
        return []
    joined, _ = join(study, results, [one.samples for one in series])
    plan = plan_of(study)
    return [trend for one in series for trend in _trends_of(one, joined, plan)]


def find_series(study: Study) -> list[DoseSeries]:
    """Every coating of the study that has three doses and more, that of no coating included."""
    groups: dict[tuple[str, ...], list[tuple[Sample, Quantity]]] = {}
    for sample in study.samples.values():
        dose = dose_of(sample)
        if dose is not None and dose.value > 0.0:
            groups.setdefault(sample.coating_phases, []).append((sample, dose))
    made = [_series(study, phases, found) for phases, found in groups.items()]
    return [one for one in made if one is not None]


def dose_of(sample: Sample) -> Quantity | None:
    """What was meant to be put on: target, or target thickness, of the coating, else the sample's input `dose`."""
    text = sample.coating.get("target", sample.coating.get("target_thickness", sample.inputs.get("dose")))
    if text is None:
        return None
    try:
        return text if isinstance(text, Quantity) else parse(str(text))
    except NacreError:
        return None


def _series(study: Study, phases: tuple[str, ...], found: list[tuple[Sample, Quantity]]) -> DoseSeries | None:
    unit = found[0][1].unit
    if not all(same_kind(dose.unit, unit) for _, dose in found):
        return None
    doses = {sample.name: dose.to(unit).value for sample, dose in found}
    zero, caveat = _zero_dose(study, [sample for sample, _ in found])
    if zero:
        doses[zero] = 0.0
    if len({*doses.values()}) < 3:
        return None
    order = sorted(doses, key=lambda name: doses[name])
    others = [_other_preparation(study, found[0][0], sample) for sample, _ in found[1:]]
    said = "; ".join(filter(None, (caveat, *others)))
    return DoseSeries(phases[0] if phases else "", tuple(order), tuple(doses[name] for name in order), unit, said)


def _zero_dose(study: Study, coated: list[Sample]) -> tuple[str, str]:
    """(the sample of dose 0, what is to be said of it): the blank, else the reference of the pairs."""
    names = {sample.name for sample in coated}
    for reference, treated in study.contrasts:
        if treated not in names or has_coating(study.samples[reference]):
            continue
        pair = compare_preparation(study, reference, treated)
        if pair.blank:
            return pair.blank, ""
        title = study.samples[reference].title
        return reference, f"dose 0 is {title}, which is no blank: from it to the first dose the treatment differs too"
    return "", ""


def _other_preparation(study: Study, first: Sample, other: Sample) -> str:
    differs = find_differences(first, other)
    if not differs:
        return ""
    return f"{other.title} differs from {first.title} in more than the dose: {several(list(differs))}"


# --- one series ---------------------------------------------------------------------------------------------


def _trends_of(series: DoseSeries, joined: list[Joined], plan: Plan) -> list[DoseTrend]:
    dose = dict(zip(series.samples, series.doses, strict=True))
    rows = [one for one in joined if len({dose[name] for name in one.values if name in dose}) >= 3]
    asked = list(zip(("primary", "secondary"), plan.split(rows), strict=True))
    made = [_trend(series, one, endpoint) for endpoint, part in asked for one in part]
    return [_decide(trend, p) for trend, p in zip(made, _adjusted(made), strict=True)]


def _adjusted(made: list[DoseTrend]) -> list[float | None]:
    """p values among the trends of a series; None where there is no test."""
    tested = [trend for trend in made if trend.p is not None]
    names = ([trend.name for trend in tested if trend.endpoint == role] for role in ("primary", "secondary"))
    adjusted = adjust_p_values(np.array([trend.p for trend in tested]), *share_level(*names))
    of = {id(trend): float(value) for trend, value in zip(tested, adjusted, strict=True)}
    return [of.get(id(trend)) for trend in made]


def _decide(trend: DoseTrend, p_adjusted: float | None) -> DoseTrend:
    """The trend with its verdict: shown (among all trends of its series), seen, no_difference, cannot_tell.

    One that errors of the measurement shared by a dose's cells could make, or that stands on data that failed a check,
    is seen at most; so is one whose shape cannot be determined if it is not shown.
    """
    if p_adjusted is None or trend.p is None:
        return trend
    if trend.p > LEVEL:
        return replace(trend, p_adjusted=p_adjusted, verdict="no_difference", shape="none")
    sure = p_adjusted <= LEVEL and trend.verdict != "seen"
    return replace(trend, p_adjusted=p_adjusted, verdict="shown" if sure else "seen")


def _trend(series: DoseSeries, one: Joined, endpoint: str) -> DoseTrend:
    """A trend, without its adjusted p value and its verdict as yet; that is `seen` where it cannot be more."""
    sides = {name: side_of(one.values[name]) for name in series.samples if name in one.values}
    doses = [dose for name, dose in zip(series.samples, series.doses, strict=True) if name in sides]
    values = [tuple(side.values) for side in sides.values()]
    flat = [value for row in values for value in row]
    on_logs = word("quantity", one.name).scale == "log" and min(flat) > 0.0
    used = [value for side in sides.values() for value in side.quantities]
    first = next(iter(sides.values()))
    bare = DoseTrend(
        one.name,
        used[0].unit,
        series.coating,
        tuple(sides),
        tuple(doses),
        series.unit,
        tuple(values),
        tuple(statistics.fmean(row) for row in values),
        (),
        state=one.state,
        measurement=one.measurement,
        endpoint=endpoint,
        on_logs=on_logs,
        level=first.level,
        comparable=series.caveat,
        origin="synthetic" if any(q.origin == "synthetic" for q in used) else "measured",
        quantities=tuple(value.id for name in sides for value in one.values[name]),
    )
    return _fitted(bare, list(sides.values()))


def _fitted(bare: DoseTrend, sides: list[Side]) -> DoseTrend:
    """The trend with its test, where the units are enough for one."""
    n, noun = sum(map(len, bare.values)), NOUNS[bare.level]
    try:
        found = _fit(bare.doses, sides, bare.on_logs)
    except ValueError as error:
        return replace(bare, method=str(error))
    back = math.exp if bare.on_logs else float
    steps = dict(zip(found.doses, found.isotonic, strict=True))
    shown = replace(bare, isotonic=tuple(back(steps[dose]) for dose in bare.doses))
    if found.least_p > LEVEL:
        return replace(shown, method=f"{n} {noun} are too few: no order of them would be beyond chance")
    words = f"isotonic means and turning points of {n} {noun} at {count(len(found.doses), 'dose')}"
    words += " on logarithms" if bare.on_logs else ""
    limited = _limits(bare, sides, found)
    shown = replace(
        shown,
        method="; ".join([f"{words}, against dealing them to the doses at random", *limited]),
        p=found.p,
        p_monotone=found.p_monotone,
        p_lack=found.p_lack,
        shape=found.shape,
        turn=found.turn if found.shape in ("peak", "valley") else None,
        verdict="seen" if limited else "cannot_tell",
    )
    return _with_line(shown, found) if found.linear else shown


def _with_line(trend: DoseTrend, found: Trend) -> DoseTrend:
    flat = [math.log(v) if trend.on_logs else v for row in trend.values for v in row]
    x = [dose for dose, row in zip(trend.doses, trend.values, strict=True) for _ in row]
    start = statistics.fmean(flat) - found.slope * statistics.fmean(x)
    low, high = found.slope_lo95, found.slope_hi95
    return replace(trend, line_at_zero=start, slope=found.slope, slope_lo95=low, slope_hi95=high)


def _fit(doses: tuple[float, ...], sides: list[Side], on_logs: bool) -> Trend:
    x = [dose for dose, side in zip(doses, sides, strict=True) for _ in side.units]
    y = [value for side in sides for value in side.values]
    return fit_trend(x, np.log(y) if on_logs else y)


def _limits(bare: DoseTrend, sides: list[Side], found: Trend) -> list[str]:
    """Why a trend is not shown whatever its p value: errors that the cells of a dose share, checks that failed."""
    said = []
    low, high = (pick(range(len(sides)), key=lambda i: statistics.fmean(sides[i].values)) for pick in (min, max))
    shared = one_sided_error(sides[low], sides[high], bare.on_logs)
    if max(found.means) - min(found.means) <= Z95 * shared:
        said.append("an error that all units of a dose share could make it")
    sound = [side.founded() for side in sides]
    if sum(len(side.units) for side in sound) == sum(len(side.units) for side in sides):
        return said
    kept = [(dose, side) for dose, side in zip(bare.doses, sound, strict=True) if side.units]
    try:
        doubtful = _fit(tuple(dose for dose, _ in kept), [side for _, side in kept], bare.on_logs).p > LEVEL
    except ValueError:
        doubtful = True
    return [*said, "without units whose data failed a check it is not beyond chance"] if doubtful else said
