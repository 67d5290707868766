"""The experimental section, written from the study: preparation step by step, cells, methods of the analyses."""

import re
from collections.abc import Mapping

from nacre.core.errors import NacreError
from nacre.core.outcome import Outcome
from nacre.core.quantity import Quantity
from nacre.core.study import Sample, Step, Study
from nacre.core.vocabulary import word
from nacre.report.words import formula, quantity, sentence, several

# what is said before a condition, by its name's last word
_BEFORE = {
    "temperature": "at",
    "time": "for",
    "duration": "for",
    "atmosphere": "in",
    "gas": "in",
    "solvent": "in",
    "medium": "in",
    "pressure": "at",
    "speed": "at",
    "power": "at",
    "target": "to a target of",
    "with": "with",
    "using": "using",
    "device": "using",
    "instrument": "using",
}
_ORDER = ("product", "with", "using", "solvent", "medium", "temperature", "pressure", "speed", "time", "duration")
_PARTICIPLES = {
    "anneal": "annealed",
    "calcine": "calcined",
    "coat": "coated",
    "cool": "cooled",
    "disperse": "dispersed",
    "dissolve": "dissolved",
    "dose": "dosed",
    "dry": "dried",
    "evaporate": "evaporated",
    "fire": "fired",
    "grind": "ground",
    "heat": "heated",
    "mill": "milled",
    "mix": "mixed",
    "pre-fire": "pre-fired",
    "prefire": "pre-fired",
    "press": "pressed",
    "sieve": "sieved",
    "sinter": "sintered",
    "sonicate": "sonicated",
    "stir": "stirred",
    "store": "stored",
    "wash": "washed",
    "weigh": "weighed",
}


def preparation(study: Study) -> list[tuple[Sample, str]]:
    """(sample, paragraph) of every sample whose preparation is known. Shared first steps are told once."""
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


def step_sentence(step: Step, before: Step | None = None) -> str:
    """`It was then annealed at 700 °C for 2 h in O₂.`; a step that is a noun is `carried out`."""
    verb = _verb(step)
    named = formula(step.do.replace("_", " "))
    subject = "It was then" if before and _verb(before) else "The material was"
    lead = f"{subject} {verb}" if verb else f"{named[0].upper()}{named[1:]} {_was(named)} carried out"
    known, other = _phrases(step.conditions)
    return sentence(" ".join([lead, *known]) + (f" ({'; '.join(other)})" if other else ""))


def _verb(step: Step) -> str:
    return _PARTICIPLES.get(step.do.lower().replace("_", "-"), "")


def _was(noun: str) -> str:
    return "were" if re.search(r"[^s]s$", noun) and not noun.endswith("is") else "was"


def _phrases(conditions: Mapping[str, Quantity | str]) -> tuple[list[str], list[str]]:
    keys = sorted(conditions, key=lambda key: _ORDER.index(key) if key in _ORDER else len(_ORDER))
    known, other = [], []
    for key in keys:
        value = conditions[key]
        text = quantity(value) if isinstance(value, Quantity) else formula(str(value))
        before = _BEFORE.get(key.split("_")[-1])
        if before:
            known.append(f"{before} {text}")
        else:
            other.append(f"{key.replace('_', ' ')}: {text}")
    return known, other


def input_words(name: str) -> str:
    """What an input is called, without its article."""
    try:
        return re.sub(r"^the ", "", word("input", name).words)
    except NacreError:
        return name.replace("_", " ")


def cells(study: Study) -> tuple[list[str], list[tuple[str, list[str]]]]:
    """(cell names, rows of (what, value per cell)); a row that is the same for all cells has one value."""
    names = list(study.cells)
    keys = list(dict.fromkeys(key for cell in study.cells.values() for key in cell.inputs))
    rows = [
        (
            "sample",
            [study.samples[c.sample].title if c.sample in study.samples else c.sample for c in study.cells.values()],
        )
    ]
    rows = rows if names else []
    for key in keys:
        values = [_text(cell.inputs.get(key)) for cell in study.cells.values()]
        rows.append((input_words(key), values[:1] if len(set(values)) == 1 else values))
    return names, rows


def _text(value) -> str:
    if value is None:
        return "–"
    return quantity(value) if isinstance(value, Quantity) else formula(str(value))


def materials(study: Study) -> list[tuple[str, str]]:
    """(sample's title, its declared inputs in words)."""
    out = []
    for sample in study.samples.values():
        parts = [f"{input_words(key)} {_text(value)}" for key, value in sample.inputs.items()]
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
