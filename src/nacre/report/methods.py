"""The experimental section, written from the study: preparation step by step, cells, methods of the analyses."""

import re

from nacre.core.display.preparation import condition_phrases, value_words
from nacre.core.display.wording import formula, sentence, several
from nacre.core.errors import NacreError
from nacre.core.lab import Instrument
from nacre.core.outcome import Outcome
from nacre.core.study import PreparationStep, Sample, Study
from nacre.core.vocabulary import word

_PARTICIPLES = {
    form: participle
    for forms, participle in (
        ("anneal annealing", "annealed"),
        ("calcine calcining calcination", "calcined"),
        ("coat coating", "coated"),
        ("cool cooling", "cooled"),
        ("disperse dispersing dispersion", "dispersed"),
        ("dissolve dissolving dissolution", "dissolved"),
        ("dose dosing", "dosed"),
        ("dry drying", "dried"),
        ("evaporate evaporating evaporation", "evaporated"),
        ("fire firing", "fired"),
        ("grind grinding", "ground"),
        ("heat heating", "heated"),
        ("mill milling", "milled"),
        ("mix mixing", "mixed"),
        ("pre-fire pre-firing prefiring", "pre-fired"),
        ("press pressing", "pressed"),
        ("sieve sieving", "sieved"),
        ("sinter sintering", "sintered"),
        ("sonicate sonicating sonication", "sonicated"),
        ("stir stirring", "stirred"),
        ("wash washing", "washed"),
    )
    for form in forms.split()
}


def preparation(study: Study) -> list[tuple[Sample, str]]:
    """(sample, paragraph) of every sample whose preparation is known. Shared first steps are described once."""
    told: list[Sample] = []
    out = []
    for sample in study.samples.values():
        if not sample.steps:
            continue
        base = next((s for s in reversed(told) if s.steps == sample.steps[: len(s.steps)]), None)
        rest = sample.steps[len(base.steps) :] if base else sample.steps
        text = " ".join(step_sentence(step, rest[i - 1] if i else None) for i, step in enumerate(rest))
        if base:
            text = f"The first steps were those of {base.title}. {text}" if rest else f"Prepared like {base.title}."
        told.append(sample)
        out.append((sample, text))
    return out


def step_sentence(step: PreparationStep, before: PreparationStep | None = None) -> str:
    """`It was then annealed at 700 °C for 2 h in O₂.`; a step that is no known verb is `carried out`."""
    verb, of = _choose_verb(step), value_words(step.conditions.get("of", ""))
    if verb and not re.search(r",| to ", of):
        subject = of or ("it" if before and _choose_verb(before) and "of" not in before.conditions else "the material")
        lead = f"{subject} {_was(subject)} {'then ' if subject == 'it' else ''}{verb}"
    else:
        noun = formula(step.do.replace("_", " "))
        lead = f"{noun}{f' of {of}' if of else ''} {_was(noun)} carried out"
    known, other = condition_phrases({key: value for key, value in step.conditions.items() if key != "of"})
    return sentence(" ".join([lead, *known]) + (f" ({'; '.join(other)})" if other else ""))


def _choose_verb(step: PreparationStep) -> str:
    return _PARTICIPLES.get(step.do.lower().replace("_", "-"), "")


def _was(noun: str) -> str:
    plural = " and " in noun or (re.search(r"[^s]s$", noun) and not noun.endswith("is"))
    return "were" if plural else "was"


def input_words(name: str) -> str:
    """What an input is called, without its article."""
    try:
        return re.sub(r"^the ", "", word("input", name).words)
    except NacreError:
        return name.replace("_", " ")


def cells(study: Study) -> tuple[list[str], list[tuple[str, list[str]]]]:
    """(cell names, rows of (what, value per cell)); a row that is the same for all cells has one value."""
    found = list(study.cells.values())
    titles = [study.samples[c.sample].title if c.sample in study.samples else c.sample for c in found]
    keys = dict.fromkeys([*study.inputs, *(key for cell in found for key in cell.inputs)])
    rows = [("sample", titles)]
    for key in keys:
        values = [value_words(cell.inputs.get(key, study.inputs.get(key, "–"))) for cell in found]
        rows.append((input_words(key), values[:1] if len(set(values)) == 1 else values))
    if study.lab.instruments:
        rows.append(("accuracies of", [several([_instrument(one) for one in study.lab.instruments.values()])]))
    return [cell.name for cell in found], rows if found else []


def _instrument(one: Instrument) -> str:
    """`balance NAME (lab.toml)`, and whether its figures were compared with the data sheet."""
    return f"{one.title} ({one.file}{', not compared with its data sheet' if one.unverified else ''})"


def materials(study: Study) -> list[tuple[str, str]]:
    """(sample's title, its declared inputs in words)."""
    out = []
    for sample in study.samples.values():
        parts = [f"{input_words(key)} {value_words(value)}" for key, value in sample.inputs.items()]
        if parts:
            out.append((sample.title, several(parts)))
    return out


def references(outcome: Outcome) -> dict[str, int]:
    """Citations, numbered from 1 in the order of first use; the study's own comes first."""
    found = [outcome.study.citation] if outcome.study.citation else []
    found += [citation for result in outcome.results for citation in result.citations]
    return {text: i for i, text in enumerate(dict.fromkeys(found), start=1)}


def methods(outcome: Outcome) -> list[tuple[str, list[str], list[int]]]:
    """(technique, its distinct sentences, numbers of its references), in the order of the results."""
    numbers = references(outcome)
    found: dict[str, tuple[list[str], list[int]]] = {}
    for result in outcome.results:
        texts, cited = found.setdefault(result.technique, ([], []))
        if result.methods and result.methods not in texts:
            texts.append(result.methods)
        cited += [n for c in result.citations if (n := numbers[c]) not in cited]
    return [(name, texts, sorted(cited)) for name, (texts, cited) in found.items() if texts]
