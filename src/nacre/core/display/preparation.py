"""Steps of preparation in words: a condition with its preposition, a step with its conditions."""

from collections.abc import Mapping

from nacre.core.display.wording import formula, quantity, several
from nacre.core.quantity import Quantity
from nacre.core.study import PreparationStep

# what is said before a condition, by its name's last word; a name that is a preposition speaks for itself
_BEFORE = {
    "atmosphere": "in",
    "device": "using",
    "duration": "for",
    "gas": "in",
    "instrument": "using",
    "medium": "in",
    "power": "at",
    "pressure": "at",
    "solvent": "in",
    "speed": "at",
    "target": "to a target of",
    "temperature": "at",
    "time": "for",
    "vessel": "in",
    "why": "",
    **{word: word for word in ("at", "by", "for", "from", "in", "into", "on", "over", "to", "under", "using", "with")},
}
_ORDER = (
    "from",
    "with",
    "using",
    "in",
    "solvent",
    "medium",
    "into",
    "to",
    "vessel",
    "temperature",
    "pressure",
    "speed",
    "time",
    "duration",
    "atmosphere",
    "gas",
    "target",
)


def noun_words(step: PreparationStep, leave: tuple[str, ...] = ("why",)) -> str:
    """`annealing at 700 °C for 2 h in oxygen`; conditions in `leave` are not said."""
    conditions = {key: value for key, value in step.conditions.items() if key not in (*leave, "of")}
    known, other = condition_phrases(conditions)
    of = step.conditions.get("of")
    head = formula(step.do.replace("_", " ")) + (f" of {value_words(of)}" if of is not None else "")
    return " ".join([head, *known]) + (f" ({several(other)})" if other else "")


def condition_phrases(conditions: Mapping[str, Quantity | str]) -> tuple[list[str], list[str]]:
    """(conditions with their prepositions, the others as `name: value`), in the order of a sentence."""
    keys = sorted(conditions, key=lambda key: _ORDER.index(key) if key in _ORDER else len(_ORDER))
    known, other = [], []
    for key in keys:
        before = _BEFORE.get(key.split("_")[-1])
        text = value_words(conditions[key])
        if before is None:
            other.append(f"{key.replace('_', ' ')}: {text}")
        else:
            known.append(f"{before} {text}".strip())
    return known, other


def value_words(value: Quantity | str) -> str:
    """A condition as it is printed: a quantity with its unit, else its words."""
    if isinstance(value, Quantity):
        return quantity(value) + (" (data sheet)" if value.basis == "data-sheet" else "")
    return formula(str(value)).replace(">=", "≥").replace("<=", "≤")
