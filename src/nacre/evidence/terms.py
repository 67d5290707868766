"""From the operands of a relation to numbers: found in the evidence, declared, or computed from other relations."""

import math
import statistics
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from scipy.stats import t as student

from nacre.cell.recipe.coating import KEYS, Coating, read_coating
from nacre.core import units, vocabulary
from nacre.core.context import DERIVED, Context
from nacre.core.errors import NacreError
from nacre.core.quantity import Z95, Quantity, derive
from nacre.core.study import Study
from nacre.evidence.equation import Equation
from nacre.evidence.facts import Fact, Pool, match, values_of
from nacre.evidence.relation import Operand, Relation
from nacre.materials import Library, load_builtin


@dataclass(frozen=True)
class Value:
    """One base number of an equation: whose error it bears, or what rounding may hide (`half`, None: unknown)."""

    quantity: Quantity
    uses: tuple[str, ...]
    words: str
    half: float | None = None
    evidence: bool = False
    bound: str = ""
    synthetic: bool = False
    name: str = ""  # of a quantity of the evidence, in the vocabulary


@dataclass(frozen=True)
class Term:
    """A function of base values (by id), and what it lacks: `missing` (no number), `unsettled` (a number of
    another state)."""

    function: Callable[[Mapping[str, float]], float]
    values: Mapping[str, Value] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    unsettled: tuple[str, ...] = ()

    def number(self) -> float:
        return self.function({key: value.quantity.value for key, value in self.values.items()})


@dataclass(frozen=True)
class Binding:
    """Whom a relation is evaluated for, on which facts; `variables` are the values of its $names."""

    study: Study
    pool: Pool
    relations: Mapping[str, Relation]
    sample: str
    reference: str = ""
    cell: str = ""
    variables: Mapping[str, Any] = field(default_factory=dict)
    measurement: str = ""

    def role(self, of: str) -> str:
        return self.reference if of == "reference" else self.sample

    def context(self, sample: str) -> Context:
        """Declared inputs of a sample and its cell (of its only cell, where none is meant)."""
        cells = [c for c in self.study.cells.values() if c.sample == sample]
        cell = self.study.cells.get(self.cell) or (cells[0] if len(cells) == 1 else None)
        return Context(self.study.name, self.study.samples.get(sample), cell, inputs=self.study.inputs)

    @cached_property
    def coating(self) -> Coating:
        sample = self.study.samples.get(self.sample)
        return read_coating(sample.coating, f"sample '{sample.name}'", f"sample:{sample.name}") if sample else Coating()

    @cached_property
    def texts(self) -> dict[str, str]:
        """The formulas and words an equation may use by name; "" where unknown."""
        context, coating = self.context(self.sample), self.coating
        return {
            "oxide": coating.precursor,
            "product": coating.product,
            "metal": coating.metal if coating.precursor else "",
            "basis": coating.basis,
            "cam": context.text("cam"),
            "se": context.text("electrolyte"),
            "anode": context.text("counter_electrode"),
            "carbon": context.text("carbon"),
        }


_TEXT_WORDS = {
    "oxide": 'precursor = "..." under [sample.coating]',
    "product": 'phases = ["...", "..."] under [sample.coating]',
    "metal": 'precursor = "..." under [sample.coating]',
    "cam": 'cam = "..." under [[sample]]',
    "se": 'electrolyte = "..." under [cell]',
    "anode": 'counter_electrode = "..." under [cell]',
    "carbon": 'carbon = "..." under [cell]',
    "basis": 'basis = "bare" or "coated" under [sample.coating]',
}


def term_of(relation: Relation, equation: Equation, binding: Binding) -> Term:
    """An equation of a relation's operands as a function of base values."""
    parts: dict[str, Term] = {}
    missing: list[str] = []
    for name in sorted(equation.names):
        if name in relation.operands:
            parts[name] = _operand(relation, name, binding)
        elif name in binding.variables:
            parts[name] = _constant(binding.variables[name])
        elif binding.texts.get(name):
            parts[name] = _constant(binding.texts[name])
        else:
            missing.append(f"to declare {_TEXT_WORDS.get(name, name)}")

    def function(values: Mapping[str, float]) -> float:
        return equation({name: part.function(values) for name, part in parts.items()})

    return _joined(function, parts, missing)


def _joined(function, parts: Mapping[str, Term], missing=()) -> Term:
    values = {key: value for part in parts.values() for key, value in part.values.items()}
    lacks = [m for part in parts.values() for m in part.missing] + list(missing)
    unsettled = [u for part in parts.values() for u in part.unsettled]
    return Term(function, values, tuple(dict.fromkeys(lacks)), tuple(dict.fromkeys(unsettled)))


def _constant(value: Any) -> Term:
    return Term(lambda values: value)


def _missing(words: str) -> Term:
    return Term(lambda values: math.nan, missing=(words,))


def _leaf(key: str, value: Value, unit: str) -> Term:
    slope, offset = units.linear(value.quantity.unit, unit)
    return Term(lambda values: values[key] * slope + offset, {key: value})


def _converted(term: Term, source: str, target: str) -> Term:
    if not target or source == target:
        return term
    slope, offset = units.linear(source, target)
    return replace(term, function=lambda values: term.function(values) * slope + offset)


def _operand(relation: Relation, name: str, binding: Binding) -> Term:
    operand = relation.operands[name]
    how = relation.how.get(name) or relation.how.get(operand.name, "")
    if operand.source == "quantity":
        return _evidence(operand, how, binding)
    if operand.source == "input":
        return _input(operand.name, operand.unit, operand.exact, how, binding, binding.role(operand.of))
    if operand.source == "coating":
        return _coating(operand, how, binding)
    if operand.source == "density":
        return _density(operand, binding)
    if operand.source == "value" and operand.quantity is not None:
        return _leaf(f"value:{relation.id}/{name}", _declared(operand.quantity, name, operand.exact, ()), operand.unit)
    above = binding.relations[operand.name]
    return _converted(term_of(above, above.computed, binding), above.unit, operand.unit)


# --- declared -----------------------------------------------------------------------------------------------


def _declared(quantity: Quantity, words: str, exact: bool, uses: tuple[str, ...]) -> Value:
    """A declared number: exact where it was set and bears no error, else good to half its last digit at best."""
    if exact and quantity.std is None:
        quantity = replace(quantity, std=0.0)
    half = None if quantity.last_digit is None else quantity.last_digit / 2
    return Value(quantity, uses, words, half)


def _input(name: str, unit: str, exact: bool, how: str, binding: Binding, sample: str) -> Term:
    context = binding.context(sample)
    levels = (
        (f"cell:{context.cell.name}" if context.cell else "", context.cell.inputs if context.cell else {}),
        (f"sample:{sample}", context.sample.inputs if context.sample else {}),
        ("study", context.inputs),
    )
    row = vocabulary.word("input", name)
    for place, inputs in levels:
        given = inputs.get(name)
        if isinstance(given, Quantity):
            key = f"input:{place}/{name}"
            return _leaf(key, _declared(given, row.words, exact, (key,)), unit)
    if name in DERIVED:
        needs, rule, made = DERIVED[name]
        parts = {need: _input(need, need_unit, exact, "", binding, sample) for need, need_unit in needs}
        made_from = _joined(lambda values: rule(*(part.function(values) for part in parts.values())), parts)
        return _converted(made_from, made, unit)
    return _missing(f'{row.words}{f", by {how}" if how else ""} ({name} = "... {row.unit}" under [{row.where}])')


def _coating(operand: Operand, how: str, binding: Binding) -> Term:
    found = binding.coating.numbers.get(operand.name)
    unit, words = KEYS[operand.name]
    if found is None:
        return _missing(f'{how or words} ({operand.name} = "... {unit}" under [sample.coating])')
    key = f"input:sample:{binding.sample}/coating.{operand.name}"
    return _leaf(key, _declared(found, words, operand.exact, (key,)), operand.unit)


def _density(operand: Operand, binding: Binding) -> Term:
    name = binding.texts.get(operand.name, operand.name)
    if not name:
        return _missing(f"to declare {_TEXT_WORDS[operand.name]}")
    try:
        fact = library(binding.study)[name].density
    except NacreError:
        return _missing(f'the density of {name}, an unknown material (density = "... g/cm3" under [material."{name}"])')
    if fact.value is None:
        return _missing(f"the density of {name} (only a range is known)")
    words = f"the density of {name} ({fact.status})"
    return _leaf(f"density:{name}", _declared(fact.value, words, operand.exact, (f"density:{name}",)), operand.unit)


def library(study: Study) -> Library:
    """The package's materials with the study's own."""
    return load_builtin().adding(study.materials) if study.materials else load_builtin()


# --- evidence -----------------------------------------------------------------------------------------------


def _evidence(operand: Operand, how: str, binding: Binding) -> Term:
    undeclared = [text for value in operand.state.values() if (text := _text_of(value)) and not binding.texts[text]]
    if undeclared:
        return _missing(f"to declare {_TEXT_WORDS[undeclared[0]]}")
    name, sample = operand.name, binding.role(operand.of)
    state = _state(operand, sample, binding)
    found = match(binding.pool, name, sample, binding.cell, state, binding.measurement)
    wanted = _wanted(name, sample, state, how)
    if not found.facts:
        return _missing(wanted)
    value = _mean(found.facts, operand.unit)
    key = " ".join(value.uses)
    term = _leaf(key, value, operand.unit)
    if found.near:
        there = {str(fact.state.get("at", "a state of charge that is not said")) for fact in found.facts}
        return replace(term, unsettled=(f"{wanted} (found: at {', '.join(sorted(there))})",))
    return term


def _state(operand: Operand, sample: str, binding: Binding) -> dict[str, Any]:
    """The state asked for, variables filled in, lowest and highest found among those of the same test."""
    asked = {key: filled(value, binding) for key, value in operand.state.items()}
    for key, value in asked.items():
        if value in ("lowest", "highest"):
            known = values_of(binding.pool, operand.name, sample, binding.cell, asked, key, binding.measurement)
            asked[key] = (known[0] if value == "lowest" else known[-1]) if known else value
    return asked


def filled(value: Any, binding: Binding) -> Any:
    """A variable's value; the coating's phase or metal for {oxide}, {product} and {metal}."""
    if isinstance(value, str) and value[:1] == "$":
        return binding.variables.get(value[1:], value)
    text = _text_of(value)
    return binding.texts[text] or value if text else value


def _text_of(value: Any) -> str:
    """Which word of the coating a value stands for; "" for none."""
    return value[1:-1] if value in ("{oxide}", "{product}", "{metal}") else ""


def _wanted(name: str, sample: str, state: Mapping[str, Any], how: str) -> str:
    row = vocabulary.word("quantity", name)
    said = [_state_words(key, value) for key, value in state.items() if value != "" and key not in row.fields]
    at = f" ({', '.join(said)})" if said else ""
    words = row.words_of(state)
    return f"{words} of '{sample}'{at}" + (f", by {how}" if how else "")


def _state_words(key: str, value: Any) -> str:
    if key == "rate_C":
        return f"{value:g}C" if isinstance(value, (int, float)) else f"the {value} C-rate"
    if key == "at":
        return f"at {value}"
    return f"{value}" if key in ("segment", "phase", "stage", "species", "line") else f"{key.split('_')[0]} {value}"


def _mean(found: tuple[Fact, ...], unit: str) -> Value:
    """The value of a fact, or the mean over cells: then its error is that of their spread (Student's t for few).

    What several cells share, their spread does not show: where its size is unknown, the mean's error is so, too.
    """
    quantities = [fact.quantity.to(unit) for fact in found]
    first = found[0]
    uses = tuple(fact.id for fact in found)
    words = vocabulary.word("quantity", first.name).words_of(first.state)
    synthetic = any(fact.synthetic for fact in found)
    if len(found) == 1:
        half = _half(first, quantities[0])
        return Value(quantities[0], uses, words, half, True, first.bound, synthetic, first.name)
    numbers = [q.value for q in quantities]
    factor = float(student.ppf(0.975, len(numbers) - 1)) / Z95
    std = statistics.stdev(numbers) / math.sqrt(len(numbers)) * factor
    mean = derive(lambda *x: statistics.fmean(x), *quantities, unit=unit)
    shared = _shared_unknown(mean, quantities)
    if shared:
        mean = Quantity(mean.value, unit, n=len(numbers), basis="none", parts={uses[0]: std}, missing=shared)
    elif mean.std is None or mean.std < std:
        mean = Quantity(mean.value, unit, std, n=len(numbers), basis="replicates")
    return Value(mean, uses, words, None, True, "", synthetic, first.name)


def _shared_unknown(mean: Quantity, quantities: list[Quantity]) -> dict[str, float]:
    """Error sources of unknown size that at least two of the quantities have, as they move the mean."""
    counts = Counter(source for q in quantities for source in q.missing)
    return {source: move for source, move in mean.missing.items() if counts[source] > 1}


def _half(fact: Fact, quantity: Quantity) -> float | None:
    """What rounding hides: half a unit of the last digit; of "about 850", half a unit of its last non-zero one.

    Percentages are given to 1 % by custom, so that the zero of "about 60 %" counts.
    """
    digit = quantity.last_digit
    if digit is None:
        return None
    raw = fact.quantity
    if fact.about and raw.last_digit == 1.0 and raw.unit != "%":
        whole = round(abs(raw.value))
        while whole and whole % 10 == 0:
            whole //= 10
            digit *= 10
    return digit / 2
