"""Coating or treatment: how the preparation of two samples differs besides the coating, and whether there is a blank.

Powder is seldom coated and nothing else: it is stirred in a solvent, dried and annealed along with its coating. A
comparison with the bare powder then shows what the whole treatment does. Only a blank, which went through the same
steps without what makes the coating, tells the coating's own effect from that of the treatment.
"""

import math
import re
from collections.abc import Mapping

from nacre.core.display.preparation import noun_words
from nacre.core.errors import NacreError
from nacre.core.outcome import PairPreparation
from nacre.core.quantity import Quantity
from nacre.core.study import PreparationStep, Sample, Study

_DOSING = re.compile(r"dos(e|ing)|add(ing|ition)|coat(ing)?", re.IGNORECASE)
_MAKES_COATING = re.compile(r"nanoparticles?|precursors?", re.IGNORECASE)
NOT_COMPARED = ("why", "target", "dose", "amount")  # reasons, and how much of the coating was put on


def has_coating(sample: Sample) -> bool:
    """Whether the study declares a coating of this sample."""
    return bool(sample.coating_phases or "target" in sample.coating or "target_thickness" in sample.coating)


def compared_pairs(study: Study) -> list[tuple[str, str]]:
    """(reference, treated) of every contrast: those of the study, and each coated sample against its blank."""
    pairs = list(study.contrasts)
    for reference, treated in study.contrasts:
        blank = compare_preparation(study, reference, treated).blank
        if blank and (blank, treated) not in pairs:
            pairs.append((blank, treated))
    return pairs


def compare_preparation(study: Study, reference: str, treated: str) -> PairPreparation:
    """What differs in the making of two samples besides the coating itself, in words, and the blank of the pair."""
    one, other = study.samples.get(reference), study.samples.get(treated)
    if one is None or other is None:
        return PairPreparation(reference, treated, declared=False)
    differs = find_differences(one, other)
    coated = has_coating(other) and not has_coating(one)
    makes = [step for step in other.steps if _belongs_to_coating(step, other)]
    declared = bool(differs or (makes and coated))
    return PairPreparation(reference, treated, coated, differs, _blank_of(study, other) if coated else "", declared)


def find_differences(reference: Sample, treated: Sample) -> tuple[str, ...]:
    """Steps of one of the two only, or under other conditions, in words; those that make the coating left out."""
    left = [step for step in reference.steps if not _belongs_to_coating(step, treated)]
    found = []
    for step in treated.steps:
        if _belongs_to_coating(step, treated):
            continue
        match = _match(step, left)
        if match is None:
            found.append(noun_words(step, NOT_COMPARED))
            continue
        left.remove(match)
        if not _same_conditions(step.conditions, match.conditions):
            found.append(f"{noun_words(step, NOT_COMPARED)} instead of {noun_words(match, NOT_COMPARED)}")
    return (*found, *(f"no {noun_words(step, NOT_COMPARED)}" for step in left))


def _blank_of(study: Study, treated: Sample) -> str:
    """The sample that went through the same steps without a coating; "" where there is none.

    A coated sample without a step that makes its coating is not described well enough to have a blank.
    """
    if not any(_belongs_to_coating(step, treated) for step in treated.steps):
        return ""
    for sample in study.samples.values():
        same_powder = sample.inputs.get("cam") == treated.inputs.get("cam")
        if not has_coating(sample) and sample.steps and same_powder and not find_differences(sample, treated):
            return sample.name
    return ""


def _belongs_to_coating(step: PreparationStep, coated: Sample) -> bool:
    """Whether a step makes the coating or brings it onto the powder: dosing, and what names it."""
    text = " ".join([step.do, *map(str, step.conditions.values())])
    named = any(formula in text for formula in coated.coating_phases)
    return bool(named or _DOSING.fullmatch(step.do.strip()) or _MAKES_COATING.search(text))


def _match(step: PreparationStep, candidates: list[PreparationStep]) -> PreparationStep | None:
    """The candidate with the same deed, that with the same conditions before others."""
    same = [other for other in candidates if other.do.casefold() == step.do.casefold()]
    return min(same, key=lambda other: not _same_conditions(step.conditions, other.conditions), default=None)


def _same_conditions(a: Mapping[str, Quantity | str], b: Mapping[str, Quantity | str]) -> bool:
    keys = {*a, *b} - {*NOT_COMPARED}
    return all(key in a and key in b and _same_value(a[key], b[key]) for key in keys)


def _same_value(a: Quantity | str, b: Quantity | str) -> bool:
    if isinstance(a, Quantity) and isinstance(b, Quantity):
        try:
            return math.isclose(a.value, b.to(a.unit).value, rel_tol=1e-9)
        except NacreError:  # units of two kinds
            return False
    return str(a).casefold() == str(b).casefold()
