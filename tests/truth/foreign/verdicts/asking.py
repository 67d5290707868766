"""Asking a rule: one kind of study, drawn many times, one count.

Each `measure_...` gives a Share: hits, trials, exact interval, and the counts that pass where something is asked.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

import numpy as np

from truth.foreign.verdicts.cells import Plan, at_margin, draw_doses, draw_study
from truth.foreign.verdicts.counting import Share, most_allowed
from truth.foreign.verdicts.endpoints import FIRST
from truth.foreign.verdicts.specimens import SpecimenPlan, draw_specimens
from truth.foreign.verdicts.study import VERDICTS, Study, Truth

Rule = Callable[[Study], dict[str, str]]
Draw = Callable[[np.random.Generator], tuple[Study, Truth]]
N = 2000
TREND = "trend:"


@dataclass(frozen=True)
class Question:
    """One row: what is drawn, what is counted, and what is asked of the count.

    `count` takes a study's verdicts and its truth. `least` and `most` are shares of N; None: nothing is asked.
    """

    what: str
    draw: Draw
    count: Callable[[dict[str, str], Truth], bool]
    least: float | None = None
    most: float | None = None


def ask(rule: Rule, question: Question, n: int, seed: int) -> Share:
    """Ask the rule of n studies and count."""
    hits = sum(question.count(answer(rule, study), truth) for study, truth in draw_many(question.draw, n, seed))
    least = None if question.least is None else int(np.ceil(question.least * n - 1e-9))
    most = None if question.most is None else int(np.floor(question.most * n + 1e-9))
    return Share(question.what, hits, n, least, most)


def draw_many(draw: Draw, n: int, seed: int) -> Iterable[tuple[Study, Truth]]:
    """Study i of row `seed` is always the same, however many are asked for."""
    for i in range(n):
        yield draw(np.random.default_rng([seed, i]))


def answer(rule: Rule, study: Study) -> dict[str, str]:
    """The rule's verdicts.

    Raises
    ------
    ValueError
        Where one is no verdict, or is on what the study does not hold.
    """
    verdicts = rule(study)
    names = {e.name for e in study.endpoints}
    for name, verdict in verdicts.items():
        if verdict not in VERDICTS:
            raise ValueError(f"{name}: {verdict!r} is no verdict; expected one of {', '.join(VERDICTS)}")
        if name.removeprefix(TREND) not in names:
            raise ValueError(f"a verdict on {name!r}, which this study does not hold")
    return verdicts


def any_false_shown(verdicts: dict[str, str], truth: Truth) -> bool:
    """Whether a difference is called shown where there is none. Seen is no claim."""
    return any(verdicts.get(name) == "shown" for name in truth.nulls)


def has_verdict(verdicts: dict[str, str], _: Truth, name: str = FIRST, verdict: str = "shown") -> bool:
    return verdicts.get(name) == verdict


def any_shown(verdicts: dict[str, str], _: Truth) -> bool:
    return "shown" in verdicts.values()


def measure_familywise(rule: Rule, plan: Plan, n: int = N, seed: int = 1, most: float = 0.059) -> Share:
    """How often any true null of the plan is called shown."""
    what = f"false shown, {_describe(plan)}"
    return ask(rule, Question(what, partial(draw_study, plan), any_false_shown, most=most), n, seed)


def measure_power(
    rule: Rule, plan: Plan, name: str = FIRST, n: int = N, seed: int = 2, least: float | None = None
) -> Share:
    """How often the plan's effect on an endpoint is called shown."""
    what = f"shown {name}, {_describe(plan)}"
    return ask(rule, Question(what, partial(draw_study, plan), partial(has_verdict, name=name), least=least), n, seed)


def measure_equal(rule: Rule, plan: Plan, name: str = FIRST, n: int = N, seed: int = 3) -> Share:
    """How often an endpoint without a difference is called equal: the power of that verdict."""
    what = f"equal {name}, {_describe(plan)}"
    count = partial(has_verdict, name=name, verdict="equal")
    return ask(rule, Question(what, partial(draw_study, plan), count), n, seed)


def measure_false_equal(rule: Rule, plan: Plan, side: int, n: int = N, seed: int = 4) -> Share:
    """False `equal` with every difference exactly at the edge of what matters: the worst endpoint's share."""
    draw = partial(draw_study, at_margin(plan, side=side))
    hits = dict.fromkeys((e.name for e in plan.endpoints), 0)
    for study, _ in draw_many(draw, n, seed):
        verdicts = answer(rule, study)
        for name in hits:
            hits[name] += verdicts.get(name) == "equal"
    worst = max(hits, key=lambda name: hits[name])
    edge = "upper" if side > 0 else "lower"
    what = f"equal at the {edge} edge, worst: {worst}, {_describe(plan)}"
    return Share(what, hits[worst], n, most=most_allowed(0.05, n, risk=0.001))


def measure_one_specimen(rule: Rule, plan: SpecimenPlan, n: int = N, seed: int = 5) -> Share:
    """How often a study of powders without a true effect calls any difference shown."""
    most = None
    if plan.declared != "low":
        most = 0.0 if plan.declared == "no" and plan.batches == 1 else most_allowed(0.05, n) / n
    what = (
        f"{plan.batches} powder(s), {plan.spots} spots of {100 * (plan.spot_sd or 0.04):g} %, "
        f"batches {100 * plan.batch_sd:g} %, declared: {plan.declared}"
    )
    return ask(rule, Question(what, partial(draw_specimens, plan), any_shown, most=most), n, seed)


def measure_trend(rule: Rule, trend: str, levels: tuple[float, ...], n: int = N, seed: int = 6) -> Share:
    """How often a trend of the first capacity with the dose is called shown."""
    draw = partial(draw_doses, Plan(n=(3, 3)), levels, trend)
    most = most_allowed(0.05, n) / n if trend == "none" else None
    question = Question(
        f"trend shown, {len(levels) + 1} doses, {trend}", draw, partial(has_verdict, name=TREND + FIRST), most=most
    )
    return ask(rule, question, n, seed)


def _describe(plan: Plan) -> str:
    parts = [f"{plan.n[0]}+{plan.n[1]}", f"{100 * plan.scatter:g} %", f"{plan.cycles} cycles"]
    if plan.spread != (1.0, 1.0):
        parts.append(f"sd x {plan.spread[0]:g}, {plan.spread[1]:g}")
    if plan.stated != "right":
        parts.append(f"stated: {plan.stated}")
    if plan.bad_cells:
        parts.append(f"{100 * plan.bad_cells:g} % bad cells")
    parts += [f"{name} {effect:+g}" for name, effect in plan.effects.items()]
    return ", ".join(parts)
