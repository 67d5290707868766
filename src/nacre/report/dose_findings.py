"""Trends over doses in sentences: which endpoints rise, fall or turn with the dose, and in which none was found."""

import math

from nacre.core.display.wording import interval, like, name_words, several, state_words, with_unit
from nacre.core.display.wording import sentence as as_sentence
from nacre.core.outcome import DoseTrend, Outcome
from nacre.report.finding_blocks import Finding

METHOD = "Trends: p adjusted for the number of trends of a coating (5 % among all of them)"
CHANCE = "not beyond chance among the trends: not proven"
_SHOWN = {"rises": "rises with the dose", "falls": "falls with the dose"}
_SEEN = {"rises": "seems to rise with the dose", "falls": "seems to fall with the dose"}


def dose_findings(outcome: Outcome) -> tuple[list[Finding], str]:
    """(a sentence per trend that is shown or seen, one for all others of a coating; what holds for all of them)."""
    found = [_finding(trend) for trend in outcome.trends if trend.verdict in ("shown", "seen")]
    coatings = dict.fromkeys((trend.coating, trend.dose_unit) for trend in outcome.trends)
    for coating in coatings:
        own = [trend for trend in outcome.trends if (trend.coating, trend.dose_unit) == coating]
        found += _without_trend(own)
    notes = [METHOD, *dict.fromkeys(trend.comparable for trend in outcome.trends if trend.comparable)]
    return found, " ".join(as_sentence(note) for note in notes) if outcome.trends else ""


def _finding(trend: DoseTrend) -> Finding:
    text = f"the {_called(trend)} {_shape_words(trend)} ({_doses(trend)})"
    means = ", ".join(f"{like(mean, abs(mean) or 1.0)}" for mean in trend.means)
    parts = [f"means {with_unit(means, trend.unit)}"]
    if trend.p_adjusted is not None:
        parts.append(f"p = {like(trend.p_adjusted, 10 * trend.p_adjusted)}")
    parts += [_line_words(trend), trend.method]
    if trend.verdict == "seen" and trend.p_adjusted is not None and trend.p_adjusted > 0.05:
        parts.append(CHANCE)
    note = "; ".join(filter(None, parts))
    return Finding(trend.verdict, as_sentence(text), note, trend.origin == "synthetic")


def _shape_words(trend: DoseTrend) -> str:
    shown = trend.verdict == "shown"
    if trend.shape in _SHOWN:
        return (_SHOWN if shown else _SEEN)[trend.shape]
    if trend.turn is not None:
        verb, way = ("turns" if shown else "seems to turn"), "highest" if trend.shape == "peak" else "lowest"
        at = with_unit(f"{trend.turn:g}", trend.dose_unit)
        return f"{verb}: of the doses tried it is {way} at {at}, an optimum or worst point between the ends"
    verb = "depends" if shown else "seems to depend"
    return f"{verb} on the dose; whether it rises, falls or turns cannot be determined"


def _line_words(trend: DoseTrend) -> str:
    """The slope where a line is enough, else why there is none."""
    if trend.slope is None or trend.slope_lo95 is None or trend.slope_hi95 is None:
        bent = trend.shape in _SHOWN and trend.p_lack is not None and trend.p_lack <= 0.05
        return "not along a line" if bent else ""
    ends = (trend.slope, trend.slope_lo95, trend.slope_hi95)
    slope, low, high = [100 * math.expm1(value) for value in ends] if trend.on_logs else ends
    unit = "%" if trend.on_logs else trend.unit
    per = f"per {trend.dose_unit}"
    return f"slope {with_unit(like(slope, abs(slope)), unit)} {per} (95 % interval {interval(low, high)})"


def _without_trend(trends: list[DoseTrend]) -> list[Finding]:
    found = []
    for verdict, lead in (
        ("no_difference", "no trend over the doses was found"),
        ("cannot_tell", "whether they depend on the dose cannot be determined"),
    ):
        own = [trend for trend in trends if trend.verdict == verdict]
        if own:
            names = several(list(dict.fromkeys(_called(trend) for trend in own)))
            methods = "; ".join(dict.fromkeys(trend.method for trend in own))
            virtual = any(trend.origin == "synthetic" for trend in own)
            text = as_sentence(f"{lead} ({_doses(own[0])}): {names}")
            found.append(Finding(verdict, text, methods, virtual))
    return found


def _called(trend: DoseTrend) -> str:
    at = state_words(trend.state, trend.name)
    return name_words(trend.name, trend.state) + (f" ({at})" if at else "")


def _doses(trend: DoseTrend) -> str:
    levels = several([f"{dose:g}" for dose in dict.fromkeys(trend.doses)])
    of = f" {trend.coating}" if trend.coating else ""
    return with_unit(levels, trend.dose_unit) + of
