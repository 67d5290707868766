"""The ledger: every relation between quantities, judged on what a study has, one evidence set at a time.

`[ledger]` in study.toml:

    ids       "relation:sample:state" = "P1": another name for one row; a row so named always stands in the ledger
    off       relations to leave out
    relation  further relations, see `nacre.evidence.relation`
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from nacre.core import registry
from nacre.core.errors import NacreError, did_you_mean
from nacre.core.outcome import LedgerRow
from nacre.core.quantity import Quantity
from nacre.core.result import Result
from nacre.core.study import Study, in_its_words
from nacre.evidence.facts import SETS, Pool, facts, fits, pooled
from nacre.evidence.judge import Judgement, judge, quantity_of
from nacre.evidence.relation import Operand, Relation, relations_of
from nacre.evidence.terms import Binding, Term, filled, term_of

SETTINGS = ("ids", "off", "relation")


@dataclass(frozen=True)
class Judged:
    """One relation for one subject, in one state."""

    id: str
    relation: Relation
    binding: Binding
    evidence: str
    judgement: Judgement
    uses: tuple[str, ...] = ()
    touched: bool = True
    synthetic: bool = False

    def row(self, names: Mapping[str, str]) -> LedgerRow:
        found = self.judgement
        number = {name: getattr(found, name) for name in ("computed", "stated")}
        return LedgerRow(
            relation=names.get(self.id, self.id),
            words=_titled(self),
            verdict=found.verdict,
            **{name: q and q.value for name, q in number.items()},
            unit=self.relation.unit,
            sigma=found.sigma,
            rule=found.rule,
            uses=self.uses,
            needs=found.needs,
            evidence=self.evidence,
            std=found.computed.std if found.computed else None,
            techniques=self.relation.techniques,
            synthetic=self.synthetic,
        )


@in_its_words
def ledger(study: Study, results: Iterable[Result]) -> list[LedgerRow]:
    """The rows of the ledger: what the published values say, and, apart from it, what the files say.

    A relation of declared inputs alone is judged once ("declared").
    """
    results = list(results)
    settings = check_settings(study)
    names = settings.get("ids", {})
    rows: dict[tuple[str, str], LedgerRow] = {}
    for which in SETS:
        for judged in evaluate(study, results, which):
            named_row = judged.id in names and (which == SETS[0] or judged.evidence == "declared")
            if judged.touched or named_row:
                row = judged.row(names)
                rows.setdefault((row.relation, row.evidence), row)
    return list(rows.values())


def check_settings(study: Study) -> Mapping[str, Any]:
    """`[ledger]` of a study. Raises NacreError with did-you-mean where it says what nobody understands."""
    settings = study.extra.get("ledger") or {}
    for key in settings:
        if key not in SETTINGS:
            raise NacreError(f"unknown key '{key}'", where="[ledger]", do=did_you_mean(key, SETTINGS))
    known = relations(study)
    for name in settings.get("off", ()):
        if name not in known:
            raise NacreError(f"unknown relation '{name}'", where="[ledger] off", do=did_you_mean(name, known))
    for name in settings.get("ids", {}):
        if name.partition(":")[0] not in known:
            raise NacreError(f"unknown relation '{name}'", where="[ledger] ids", do=did_you_mean(name, known))
    return settings


def relations(study: Study) -> dict[str, Relation]:
    """The relations of the package, of the techniques (plugins' too) and of the study, by id."""
    rows = [dict(row) for technique in registry.techniques(study.folder).values() for row in technique.relations]
    return relations_of([*rows, *(study.extra.get("ledger") or {}).get("relation", ())])


def evaluate(study: Study, results: Iterable[Result], which: str) -> list[Judged]:
    """Every relation on one evidence set ("reported" or "files"), for each subject and state it speaks of."""
    pool = pooled(facts(study, results, which))
    known = relations(study)
    off = (study.extra.get("ledger") or {}).get("off", ())
    found = []
    for relation in known.values():
        if relation.id in off:
            continue
        rows = [
            _judged(relation, binding, which)
            for subject in _subjects(relation, study, pool, known)
            for binding in _states(relation, subject)
        ]
        found += _once(rows)
    return found


def value(study: Study, results: Iterable[Result], which: str, row: str) -> Quantity:
    """What one row of the ledger computes, by its id or by its name in `[ledger] ids`."""
    names = (study.extra.get("ledger") or {}).get("ids", {})
    rows = {names.get(j.id, j.id): j for j in evaluate(study, results, which)}
    if row not in rows:
        raise NacreError(f"no row '{row}' in the ledger", do=did_you_mean(row, rows))
    judged = rows[row]
    if judged.judgement.computed is None:
        raise NacreError(f"'{row}' cannot be computed", expected=judged.judgement.needs)
    return judged.judgement.computed


# --- for whom, in which states ------------------------------------------------------------------------------


def _subjects(relation: Relation, study: Study, pool: Pool, known) -> list[Binding]:
    base = Binding(study, pool, known, "")
    if relation.each in ("pair", "coated-pair"):
        pairs = [p for p in study.contrasts if relation.each == "pair" or study.samples[p[1]].coating]
        return [replace(base, sample=treated, reference=reference) for reference, treated in pairs]
    samples = [s for s in study.samples.values() if relation.each != "coated" or s.coating]
    if relation.each != "subject":
        return [replace(base, sample=s.name) for s in samples]
    everything = [fact for group in pool.values() for fact in group]
    cells = {f.cell for f in everything if f.cell}
    found = []
    for sample in samples:
        mine = sorted(name for name in cells if study.cells[name].sample == sample.name)
        if not mine or any(f.sample == sample.name and not f.cell for f in everything):
            found.append(replace(base, sample=sample.name))
        found += [replace(base, sample=sample.name, cell=cell) for cell in mine]
    return found


def _states(relation: Relation, binding: Binding) -> list[Binding]:
    """One binding for each combination of values that the relation's variables take in the evidence."""
    variables = relation.variables
    if not all(binding.texts.get(key) == text for key, text in relation.where.items()):
        return []
    if not variables:
        return [binding]
    found: dict[tuple, list[str]] = {}
    for operand in _evidence_operands(relation, binding.relations):
        for values, measurement in _assignments(operand, binding, tuple(variables)):
            found.setdefault(values, []).append(measurement)
    weight = Counter(m for measurements in found.values() for m in dict.fromkeys(measurements))
    bound = []
    for values in sorted(found, key=lambda v: tuple((isinstance(x, str), x) for x in v)):
        measurement = max(sorted(set(found[values])), key=lambda m: weight[m])
        variable_values = dict(zip(variables, values, strict=True))
        bound.append(replace(binding, variables=variable_values, measurement=measurement))
    return bound


def _evidence_operands(relation: Relation, known: Mapping[str, Relation], nested: bool = False) -> list[Operand]:
    """Operands of the equations that are evidence, through relations above, and those that bind variables."""
    names = relation.computed.names | (relation.stated.names if relation.stated and not nested else frozenset())
    found = []
    for name, operand in relation.operands.items():
        binds = any(isinstance(value, str) and value[:1] == "$" for value in operand.state.values())
        if operand.source == "quantity" and (name in names or binds):
            found.append(operand)
        elif operand.source == "relation" and name in names:
            found += _evidence_operands(known[operand.name], known, nested=True)
    return found


def _assignments(operand: Operand, binding: Binding, variables: tuple[str, ...]) -> Iterable[tuple[tuple, str]]:
    """Values of all the variables, from the facts of one operand that has them all in its state."""
    keys = {value[1:]: key for key, value in operand.state.items() if isinstance(value, str) and value[:1] == "$"}
    if set(variables) - keys.keys():
        return
    name, sample = operand.name, binding.role(operand.of)
    fixed = {
        key: filled(wanted, binding)
        for key, wanted in operand.state.items()
        if key not in keys.values() and key != "at" and wanted not in ("lowest", "highest")
    }
    for fact in binding.pool.get((name, sample), ()):
        mine = not binding.cell or fact.cell in ("", binding.cell)
        if mine and all(key in fact.state for key in keys.values()) and fits(fact.state, fixed):
            yield tuple(fact.state[keys[variable]] for variable in variables), fact.measurement


# --- one row ------------------------------------------------------------------------------------------------


def _judged(relation: Relation, binding: Binding, which: str) -> Judged:
    try:
        computed = term_of(relation, relation.computed, binding)
        stated = term_of(relation, relation.stated, binding) if relation.stated else None
        judgement = judge(relation, computed, stated)
        terms = [term for term in (computed, stated) if term]
    except NacreError as error:
        judgement, terms = Judgement("cannot_tell", needs=str(error).rstrip(".")), []
    values = {key: value for term in terms for key, value in term.values.items()}
    asks = bool(_evidence_operands(relation, binding.relations))
    return Judged(
        _row_id(relation, binding),
        relation,
        binding,
        which if asks else "declared",
        judgement,
        tuple(dict.fromkeys(use for value in values.values() for use in value.uses)),
        _touched(relation, terms, values, asks, judgement),
        any(value.synthetic for value in values.values()),
    )


def _touched(relation: Relation, terms: list[Term], values, asks: bool, judgement: Judgement) -> bool:
    """Whether a row tells something: evidence is there, or declared inputs were enough for a verdict."""
    if relation.stated is None or (relation.quiet and judgement.verdict == "cannot_tell"):
        return False
    if asks:
        return any(value.evidence for value in values.values())
    return judgement.verdict != "cannot_tell"


def _row_id(relation: Relation, binding: Binding) -> str:
    states = [_short(relation.variables[name], value) for name, value in binding.variables.items()]
    return ":".join([relation.id, binding.cell or binding.sample, *states])


def _short(state: str, value: Any) -> str:
    if state == "rate_C":
        return f"{value:g}C"
    return f"cycle {value:g}" if state in ("cycle", "to_cycle") and isinstance(value, (int, float)) else str(value)


def _once(rows: list[Judged]) -> list[Judged]:
    """A relation of declared inputs that gives the same for all subjects stands once, under its bare id."""
    if len(rows) < 1 or rows[0].evidence != "declared":
        return rows
    numbers = {(j.judgement.verdict, j.judgement.computed and j.judgement.computed.value, j.uses) for j in rows}
    shapes = {(verdict, value) for verdict, value, _ in numbers}
    return [replace(rows[0], id=rows[0].relation.id)] if len(shapes) == 1 else rows


def _titled(judged: Judged) -> str:
    """The relation's words, with whose it is and in which state."""
    binding = judged.binding
    subject = "" if judged.id == judged.relation.id else binding.cell or binding.sample
    states = [_short(judged.relation.variables[name], value) for name, value in binding.variables.items()]
    tail = ", ".join([*([subject] if subject else []), *states])
    return f"{judged.relation.words} ({tail})" if tail else judged.relation.words


__all__ = ["Judged", "check_settings", "evaluate", "ledger", "quantity_of", "relations", "value"]
