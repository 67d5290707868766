"""Relations between quantities, declared as data: what they need, how they are computed, by which rule judged.

A relation is a table (in `relations/*.toml` here, in `[[ledger.relation]]` of a study, or in a technique's
`relations`):

    id, words      its name, and what it says, in a sentence
    each           what it is evaluated for: "study", "sample", "coated" (samples with a coating), "subject" (each
                   cell, or the sample where a value belongs to no cell), "pair" (reference and treated sample) or
                   "coated-pair" (where the treated one bears a coating)
    operands       name = what it is, see below
    computed       an equation of the operands
    stated         an operand's name or an equation; left out where the relation only computes something
    unit           of both
    rule           "equal", "at most" (computed <= stated) or "at least" (computed >= stated)
    techniques     the techniques it ties together, by the registry's names, and what is none: see OTHERS
    where          words that must be so for it to apply, like { basis = "bare" }
    quiet          left out of the ledger where it cannot be judged
    how            operand or quantity name = the measurement that would give it

An operand is one of
    quantity = "element_content" evidence: a result, or a published value; with `state`, `of` ("treated", "reference");
                                 "{metal}", "{oxide}" and "{product}" in a state stand for the coating's
    input = "composite_mass"     declared in study.toml
    coating = "target"           declared in [sample.coating]
    density = "oxide"            of a material: one of the words oxide, product, cam, se, anode, carbon, or a formula
    relation = "oxide-content"   what another relation computes
    value = "1.55 V"             a number
each with `unit` (that of the numbers in the equation), and `exact = true` where it was set, not measured.

In `state`, a word that begins with $ is a variable: the relation is judged once for each value that the evidence has
("$rate"), and the equation may use it by its name. "lowest", "highest" pick among those of the same test; "" means
that the state must not be there. `at` names the state of charge: where the evidence has it at another one (or does
not say), the relation cannot be told.
"""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files
from typing import Any

from nacre.core import units, vocabulary
from nacre.core.errors import NacreError, did_you_mean
from nacre.core.quantity import Quantity, parse
from nacre.evidence.equation import Equation, parse_equation

EACH = ("study", "sample", "coated", "subject", "pair", "coated-pair")
RULES = ("equal", "at most", "at least")
TEXTS = ("oxide", "product", "metal", "cam", "se", "anode", "carbon", "basis")
OTHERS = ("recipe", "dose", "bet", "cell model")  # what is declared in study.toml, or calculated
_KEYS = ("id", "words", "each", "operands", "computed", "stated", "unit", "rule", "techniques", "how", "where", "quiet")
_SOURCES = ("quantity", "input", "coating", "density", "relation", "value")
_OPERAND = (*_SOURCES, "unit", "state", "of", "exact")


@dataclass(frozen=True)
class Operand:
    """One quantity of a relation: where it comes from (`source`, `name`), in which state, of whom."""

    source: str
    name: str
    unit: str
    state: Mapping[str, Any] = field(default_factory=dict)
    of: str = ""
    exact: bool = False
    quantity: Quantity | None = None


@dataclass(frozen=True)
class Relation:
    """One relation, read and checked."""

    id: str
    words: str
    each: str
    operands: Mapping[str, Operand]
    computed: Equation
    stated: Equation | None
    unit: str
    rule: str = "equal"
    techniques: tuple[str, ...] = ()
    how: Mapping[str, str] = field(default_factory=dict)
    where: Mapping[str, str] = field(default_factory=dict)
    quiet: bool = False

    @property
    def variables(self) -> dict[str, str]:
        """Variable -> the state it stands for."""
        states = [item for operand in self.operands.values() for item in operand.state.items()]
        return {value[1:]: key for key, value in states if isinstance(value, str) and value.startswith("$")}


def read_relation(row: Mapping[str, Any], where: str = "") -> Relation:
    """A relation from its table. Raises NacreError that says what is wrong with it."""
    place = f"{where}: relation '{row.get('id', '?')}'".lstrip(": ")
    _known(row, _KEYS, place)
    missing = [key for key in ("id", "words", "each", "operands", "computed", "unit") if key not in row]
    if missing:
        raise NacreError(f"{', '.join(missing)} missing", where=place)
    for key, words in (("each", EACH), ("rule", RULES)):
        if row.get(key, words[0]) not in words:
            raise NacreError(f"unknown {key} '{row[key]}'", where=place, do=did_you_mean(str(row[key]), words))
    units.check_unit(row["unit"])
    operands = {name: _operand(item, f"{place}, operand '{name}'") for name, item in row["operands"].items()}
    relation = Relation(
        row["id"],
        row["words"],
        row["each"],
        operands,
        parse_equation("0"),
        None,
        row["unit"],
        row.get("rule", "equal"),
        tuple(row.get("techniques", ())),
        row.get("how", {}),
        row.get("where", {}),
        bool(row.get("quiet")),
    )
    names = {*operands, *relation.variables, *TEXTS}
    stated = parse_equation(row["stated"], names, place) if "stated" in row else None
    return Relation(**{**vars(relation), "computed": parse_equation(row["computed"], names, place), "stated": stated})


def _operand(row: Mapping[str, Any], place: str) -> Operand:
    _known(row, _OPERAND, place)
    sources = [key for key in _SOURCES if key in row]
    if len(sources) != 1:
        raise NacreError("an operand is one thing", where=place, found=", ".join(sources), expected="/".join(_SOURCES))
    source = sources[0]
    name = str(row[source])
    quantity = None
    if source == "value":
        quantity = parse(name, row.get("unit"), where=place)
    unit = row.get("unit", quantity.unit if quantity else "")
    if source in ("input", "quantity"):
        word = vocabulary.word(source, name, place)
        if unit and not units.same_kind(unit, word.unit):
            raise NacreError(f"'{name}' is in {word.unit}, not like '{unit}'", where=place)
        unit = unit or word.unit
    vocabulary.check_state(row.get("state", {}))
    if not unit and source != "relation":
        raise NacreError("an operand without its unit", where=place, do='add unit = "..."')
    if row.get("of", "") not in ("", "reference", "treated"):
        raise NacreError(f"unknown role '{row['of']}'", where=place, expected="reference or treated")
    return Operand(source, name, unit, row.get("state", {}), row.get("of", ""), bool(row.get("exact")), quantity)


def _known(row: Mapping[str, Any], keys: Iterable[str], place: str) -> None:
    for key in row:
        if key not in keys:
            raise NacreError(f"unknown key '{key}'", where=place, do=did_you_mean(key, keys))


@lru_cache(maxsize=1)
def builtin() -> dict[str, Relation]:
    """The relations of the package, by id."""
    found: dict[str, Relation] = {}
    for path in sorted(files("nacre.evidence").joinpath("relations").iterdir(), key=lambda p: p.name):
        if path.name.endswith(".toml"):
            for row in tomllib.loads(path.read_text(encoding="utf-8"))["relation"]:
                found[row["id"]] = read_relation(row, path.name)
    return found


def relations_of(rows: Iterable[Mapping[str, Any]], where: str = "study.toml [ledger]") -> dict[str, Relation]:
    """The relations of the package and further ones; one of the same id replaces the package's.

    Raises NacreError also where a relation computes from one that nobody knows, or from itself.
    """
    found = dict(builtin())
    for row in rows:
        relation = read_relation(row, where)
        found[relation.id] = relation
    for relation in found.values():
        _check_above(relation, found, (), where)
    return found


def _check_above(relation: Relation, found: Mapping[str, Relation], path: tuple[str, ...], where: str) -> None:
    if relation.id in path:
        raise NacreError("relations compute from each other in a circle", where=where, found=" -> ".join(path))
    for operand in relation.operands.values():
        if operand.source == "relation":
            if operand.name not in found:
                raise NacreError(
                    f"unknown relation '{operand.name}'",
                    where=f"{where}: relation '{relation.id}'",
                    do=did_you_mean(operand.name, found),
                )
            _check_above(found[operand.name], found, (*path, relation.id), where)
