"""The verdict on a relation: does what is computed fit what is stated, given what is known of both?"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from nacre.core.quantity import Quantity, derive, uncancelled
from nacre.evidence.margins import is_beyond_doubt, margin
from nacre.evidence.relation import Relation
from nacre.evidence.terms import Term, Value

LIMIT = 2.0  # expanded uncertainty with k = 2, the E_n number of ISO 13528: broken where |difference| > 2 sigma
TINY = 1e-9
ASKED = {"equal": "equal", "at most": "computed at most stated", "at least": "computed at least stated"}


@dataclass(frozen=True)
class Judgement:
    """A verdict with its numbers. `sigma` only where every operand's standard uncertainty is known."""

    verdict: str
    computed: Quantity | None = None
    stated: Quantity | None = None
    sigma: float | None = None
    rule: str = ""
    needs: str = ""


def quantity_of(term: Term, unit: str) -> Quantity | None:
    """A term's number with the error that its base values give it; None where a number is missing."""
    if term.missing:
        return None
    keys = list(term.values)
    quantities = [term.values[key].quantity for key in keys]
    return derive(lambda *x: term.function(dict(zip(keys, x, strict=True))), *quantities, unit=unit)


def judge(relation: Relation, computed: Term, stated: Term | None) -> Judgement:
    """Holds, broken, or cannot_tell with the measurement that would tell.

    Where all standard uncertainties are known, the difference is compared with LIMIT times its own, shared errors
    counted once; an error that cancels need not be known. Where some are not, what rounding of the written digits hides
    is added (worst case), and the verdict says so. Where a number has neither, a verdict is given only with the margin
    within which no plausible error could change it.
    """
    found, claim = quantity_of(computed, relation.unit), quantity_of(stated, relation.unit) if stated else None
    base = Judgement("cannot_tell", found, claim)
    if stated is None:
        needs = "; ".join(computed.missing) or "a stated or measured value to compare with"
        return replace(base, needs=needs, rule="computed only")
    lacks = tuple(dict.fromkeys((*computed.missing, *stated.missing)))
    if lacks or computed.unsettled or stated.unsettled:
        return replace(base, needs="; ".join((*lacks, *dict.fromkeys((*computed.unsettled, *stated.unsettled)))))
    rule, reason = _with_bounds(relation, computed, stated)
    if reason:
        return replace(base, needs=reason)
    return _compare(relation, rule, computed, stated, base)


def _with_bounds(relation: Relation, computed: Term, stated: Term) -> tuple[str, str]:
    """The rule, where a value is stated only as a bound ("below 10 mV"); or why that cannot be judged."""
    inside = [value.words for value in computed.values.values() if value.bound]
    if inside:
        return "", f"a value of {inside[0]}, of which only a bound is given"
    bounds = {value.bound for value in stated.values.values() if value.bound}
    if not bounds:
        return relation.rule, ""
    wanted = "at most" if bounds == {"below"} else "at least"
    if relation.rule not in ("equal", wanted):
        return "", "a value instead of a bound"
    return wanted, ""


def _compare(relation: Relation, rule: str, computed: Term, stated: Term, base: Judgement) -> Judgement:
    values = {**computed.values, **stated.values}
    plain = {key: value.quantity.value for key, value in values.items()}

    def difference(point: Mapping[str, float]) -> float:
        return computed.function(point) - stated.function(point)

    slopes = {key: slope for key in values if (slope := _slope(difference, plain, key)) != 0.0}
    left = uncancelled((values[key].quantity.missing, slope) for key, slope in slopes.items())
    sharp = [key for key in slopes if not left.keys() & values[key].quantity.missing.keys()]
    rounded = [key for key in slopes if key not in sharp and values[key].half is not None]
    unknown = {key: slopes[key] for key in slopes if key not in sharp and key not in rounded}
    std = _std({key: slopes[key] for key in (*sharp, *unknown)}, values)
    slack = math.fsum(abs(slopes[key]) * (values[key].half or 0.0) for key in rounded)
    apart = difference(plain)
    if not unknown and not std and not slack:  # nothing is left of their errors: one number, said twice
        said = [values[key].words for key in slopes if values[key].quantity.std is None and values[key].half is None]
        if said:
            return replace(base, needs="an uncertainty of " + ", ".join(dict.fromkeys(said)))
    if unknown:
        return _within_margin(rule, apart, std, slack, unknown, values, base)
    excess = {"equal": abs(apart), "at most": apart, "at least": -apart}[rule]
    tiny = TINY * max(abs(side.value) for side in (base.computed, base.stated) if side is not None)
    holds = excess <= LIMIT * std + slack + tiny
    sigma = None if rounded or not std else excess / std
    verdict = "holds" if holds else "broken"
    return replace(base, verdict=verdict, sigma=sigma, rule=_words(rule, holds, excess, slack, std, relation.unit))


def _within_margin(rule, apart: float, std: float, slack: float, unknown, values, base: Judgement) -> Judgement:
    """The verdict where the error of some numbers is unknown: given only where no plausible one could change it."""
    words = ", ".join(dict.fromkeys(values[key].words for key in unknown))
    reach = math.fsum(abs(slope * values[key].quantity.value) for key, slope in unknown.items())
    found = margin(rule, apart, std, slack, reach, LIMIT)
    if found is None:
        return replace(base, needs=f"an uncertainty of {words}")
    limit = f"for any standard uncertainty of {words} below {found.percent}"
    if is_beyond_doubt(found, (values[key].name for key in unknown)):
        asked = ASKED[rule] if found.verdict == "holds" else f"broken: not {ASKED[rule]}"
        return replace(base, verdict=found.verdict, rule=f"{asked}, {limit}")
    return replace(base, needs=f"an uncertainty of {words} ({found.verdict} {limit})")


def _words(rule: str, holds: bool, excess: float, slack: float, std: float, unit: str) -> str:
    asked = ASKED[rule]
    tail = "" if unit == "1" else f" {unit}"
    if not slack:
        limit = f"within {LIMIT:g} sigma" if std else "exactly"
        return f"{asked} {limit}" if holds else f"broken: not {asked} {limit}"
    allowed = f"{slack + LIMIT * std:.3g}{tail}"
    if holds:
        return f"{asked} within rounding, {allowed}"
    return f"broken by rounding: apart by {excess:.3g}{tail}, where the written digits allow {allowed}"


def _std(slopes: Mapping[str, float], values: Mapping[str, Value]) -> float:
    parts = uncancelled((values[key].quantity.parts, slope) for key, slope in slopes.items())
    return math.sqrt(math.fsum(part * part for part in parts.values()))


def _slope(function, point: Mapping[str, float], key: str) -> float:
    """Central difference. A dependence that is only noise of the arithmetic counts as none."""
    step = abs(point[key]) * 1e-5 or 1e-7
    up, down = (function({**point, key: point[key] + sign * step}) for sign in (1, -1))
    change = up - down
    return 0.0 if abs(change) <= 1e-13 * max(abs(up), abs(down), 1e-300) else change / (2 * step)
