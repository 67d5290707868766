"""The report's tables as rows of plain values and text, before they become HTML."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from nacre.core.display import wording
from nacre.core.errors import NacreError
from nacre.core.guard import UNGUARDED, Guard
from nacre.core.outcome import Contrast, LedgerRow, Outcome
from nacre.core.quantity import Quantity
from nacre.core.result import Entry, Result
from nacre.core.study import Reported
from nacre.report.findings import LONG, ends_of_series, only_computed, title

T95 = (12.71, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262)  # Student's t, two-sided 95 %, 1 to 9 df


@dataclass(frozen=True)
class Row:
    """One quantity of the table. `rank` sorts by value within a unit."""

    sample: str
    who: str
    words: str
    symbol: str
    meaning: str
    state: str
    value: str
    unit: str
    interval: str
    n: str
    basis: str
    origin: str
    rank: float


@dataclass(frozen=True)
class SeriesTable:
    """A per-cycle series of one subject: a row a cycle, a column a quantity."""

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, tuple[str, ...]], ...]
    origin: str


@dataclass(frozen=True)
class SampleBlock:
    """All quantities of one technique."""

    technique: str
    rows: list[Row] = field(default_factory=list)
    series: list[SeriesTable] = field(default_factory=list)


def quantities(outcome: Outcome, guard: Guard = UNGUARDED) -> list[SampleBlock]:
    """A block per technique; in it the samples in the study's order. Long per-cycle series show their ends."""
    blocks: dict[str, SampleBlock] = {}
    order = {name: i for i, name in enumerate(outcome.study.samples)}
    keep = _find_mentioned_states(outcome)
    for result in outcome.results:
        block = blocks.setdefault(result.technique, SampleBlock(result.technique))
        shown, long = _split(result, keep)
        called = partial(_describe_entry, result)
        block.rows.extend(guard.each(called, partial(row, outcome, result), shown))
        series = f"every cycle of {result.analysis or result.subject}"
        block.series.extend(guard.attempt(series, _list_series, outcome, result, long, instead=[]))
    for block in blocks.values():
        block.rows.sort(key=lambda r: order.get(r.sample, len(order)))
    return [block for block in blocks.values() if block.rows]


def _describe_entry(result: Result, entry: Entry) -> str:
    return f"quantity '{entry.name}' of {result.analysis or result.subject} in the table"


def _find_mentioned_states(outcome: Outcome) -> dict[str, list[Mapping[str, Any]]]:
    """States per quantity that contrasts or published values name, where they are few: these are never folded away."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    named = [(row.name, row.state) for row in outcome.contrasts]
    named += [(row.name, row.state) for row in outcome.study.reported]
    for name, state in named:
        found.setdefault(name, []).append(state)
    return {name: states for name, states in found.items() if len(states) <= 2 * LONG}


def _split(result: Result, keep: Mapping[str, list]) -> tuple[list[Entry], list[list[Entry]]]:
    groups: dict[tuple, list[Entry]] = {}
    for entry in result.entries:
        rest = tuple(sorted((k, str(v)) for k, v in entry.state.items() if k != "cycle"))
        groups.setdefault((entry.name, entry.subject, rest, "cycle" in entry.state), []).append(entry)
    shown, long = [], []
    for (name, *_, cyclic), group in groups.items():
        states = keep.get(name, [])
        if not cyclic or len(group) <= LONG:
            shown += group
            continue
        group = sorted(group, key=lambda entry: entry.state["cycle"])
        long.append(group)
        ends = (group[0], group[-1])
        shown += [e for e in group if e in ends or any(_has_state(e.state, state) for state in states)]
    return shown, long


def _list_series(outcome: Outcome, result: Result, long: list[list[Entry]]) -> list[SeriesTable]:
    """Series over the same cycles in the same state share a table."""
    tables: dict[tuple, list[list[Entry]]] = {}
    for group in long:
        rest = {k: v for k, v in group[0].state.items() if k != "cycle"}
        tables.setdefault((group[0].subject, wording.state_words(rest)), []).append(group)
    return [_make_one_series(outcome, result, subject, state, groups) for (subject, state), groups in tables.items()]


def _make_one_series(outcome, result, subject, state, groups) -> SeriesTable:
    heads = tuple(
        wording.name_words(g[0].name, g[0].state)
        + (f" / {unit}" if (unit := wording.pretty_unit(g[0].quantity.unit)) else "")
        for g in groups
    )
    cycles = sorted({entry.state["cycle"] for group in groups for entry in group})
    found = [{entry.state["cycle"]: wording.value(entry.quantity) for entry in group} for group in groups]
    rows = tuple((str(cycle), tuple(column.get(cycle, "–") for column in found)) for cycle in cycles)
    about = subject or result.subject
    who = about.measurement or about.cell or about.sample
    return SeriesTable(f"{who}{f' ({state})' if state else ''}", heads, rows, wording.ORIGIN_WORDS[result.origin])


def row(outcome: Outcome, result: Result, entry: Entry) -> Row:
    subject, q = entry.subject or result.subject, entry.quantity
    cell = outcome.study.cells.get(subject.cell)
    sample = subject.sample or (cell.sample if cell else "")
    origin = "synthetic" if result.origin == "synthetic" and q.origin in ("derived", "measured") else q.origin
    return Row(
        sample,
        subject.cell or subject.measurement,
        wording.name_words(entry.name, entry.state),
        wording.symbol(entry.name, entry.state),
        wording.name_meaning(entry.name),
        wording.state_words(entry.state, entry.name),
        wording.value(q),
        wording.pretty_unit(q.unit),
        wording.interval(q.lo95, q.hi95) if q.std != 0 else "–",
        "" if q.n is None else str(q.n),
        wording.uncertainty(q),
        wording.ORIGIN_WORDS[origin],
        q.value if math.isfinite(q.value) else 0.0,
    )


# --- contrasts ----------------------------------------------------------------------------------------------


def contrasts(outcome: Outcome, guard: Guard = UNGUARDED) -> list[dict[str, Any]]:
    """A row per contrast (of a long series its ends); `bar` places the interval on a scale of its own, 0 to 100."""
    same: dict[tuple, list] = {}
    for c in outcome.contrasts:
        same.setdefault((c.reference, c.treated, wording.name_words(c.name, c.state)), []).append(c)
    kept = [c for rows in same.values() for c in ends_of_series(rows, lambda row: row.state)]
    return guard.each(lambda c: f"contrast of '{c.name}' in the table", partial(_describe_contrast, outcome), kept)


def _describe_contrast(outcome: Outcome, c: Contrast) -> dict[str, Any]:
    sides = [abs(v) for v in (c.reference_value, c.treated_value) if v] or [abs(c.difference)]
    scale = max(sides)
    digits = max(min(*sides, 10 * abs(c.difference) or scale), scale / 100)
    return {
        "name": wording.name_words(c.name, c.state),
        "state": wording.state_words(c.state, c.name),
        "reference": title(outcome, c.reference),
        "treated": title(outcome, c.treated),
        "old": wording.like(c.reference_value, digits) if c.reference_value is not None else "–",
        "new": wording.like(c.treated_value, digits) if c.treated_value is not None else "–",
        "difference": wording.like(c.difference, max(abs(c.difference), scale / 100)),
        "interval": wording.interval(c.lo95, c.hi95),
        "unit": wording.pretty_unit(c.unit),
        "ratio": wording.like(c.ratio, min(abs(c.ratio), 1.0)) if c.ratio else "–",
        "effect": wording.number(c.effect, 2),
        "n": f"{c.n_treated}, {c.n_reference}",
        "verdict": c.verdict,
        "method": c.method,
        "origin": wording.ORIGIN_WORDS.get(c.origin, c.origin),
        "bar": _make_bar(c),
    }


def _make_bar(c) -> dict[str, float] | None:
    if c.lo95 is None or c.hi95 is None:
        return None
    reach = max(abs(c.lo95), abs(c.hi95)) or 1.0
    place = {key: 50 + 46 * v / reach for key, v in (("left", c.lo95), ("right", c.hi95), ("at", c.difference))}
    return {key: round(v, 1) for key, v in place.items()}


# --- published values ---------------------------------------------------------------------------------------


def published(outcome: Outcome, guard: Guard = UNGUARDED) -> list[dict[str, Any]]:
    """A row per published value: the value, ours, the difference, what may be said of it, and the cell model's."""

    def make(reported: Reported) -> dict[str, Any]:
        return _compare_published(outcome, reported) | _describe_model_value(outcome, reported)

    return guard.each(lambda one: f"published value of '{one.name}' in the table", make, outcome.study.reported)


MODEL = {"calibrated": "fitted to it", "predicted": "without it"}


def _describe_model_value(outcome: Outcome, reported: Reported) -> dict[str, str]:
    """What the cell model says of a published value: fitted to it, and predicted by the rest; "" where nothing."""
    results = [r for r in outcome.results if r.origin in MODEL]
    told = {}
    for origin, note in MODEL.items():
        found, _ = _find_matches(outcome, reported, [r for r in results if r.origin == origin])
        if len(found) == 1:
            told[note] = wording.value(found[0][0])
    if not told:
        return {"model": "", "model_note": ""}
    (note, first), *rest = told.items()
    return {"model": first, "model_note": "; ".join([note, *(f"{value} {other}" for other, value in rest)])}


def _compare_published(outcome: Outcome, reported: Reported) -> dict[str, Any]:
    found, trouble = _find_matches(outcome, reported, [r for r in outcome.results if r.origin not in MODEL])
    base = {
        "sample": reported.sample or (outcome.study.cells[reported.cell].sample if reported.cell else ""),
        "name": wording.name_words(reported.name, reported.state),
        "state": wording.state_words(reported.state, reported.name),
        "value": wording.value(reported.quantity),
        "unit": wording.pretty_unit(reported.quantity.unit),
        "source": reported.source,
        "rule": reported.rule,
    }
    if not found:
        return base | {"ours": "–", "difference": "–", "verdict": trouble, "synthetic": False, "note": ""}
    ours, half = _average([q for q, _ in found])
    synthetic = any(virtual for _, virtual in found)
    difference, last = ours.value - reported.quantity.value, reported.quantity.last_digit
    return base | {
        "ours": wording.value(ours),
        "difference": ("+" if difference > 0 else "")
        + wording.like(difference, 10 * half if half else last or abs(difference)),
        "verdict": _judge_agreement(difference, half, reported.quantity),
        "synthetic": synthetic,
        "note": "" if len(found) == 1 else f"mean of {len(found)} cells",
    }


def _find_matches(
    outcome: Outcome, reported: Reported, results: Iterable[Result]
) -> tuple[list[tuple[Quantity, bool]], str]:
    """(quantity in the published unit, virtual?) of each cell that has this value, or why there is none."""
    per_subject: dict[str, list[tuple[Entry, bool]]] = {}
    for result in results:
        for entry in result.entries:
            if entry.name == reported.name and _is_same_entry(outcome, result, entry, reported):
                key = (entry.subject or result.subject).cell
                per_subject.setdefault(key, []).append((entry, result.origin == "synthetic"))
    found = []
    for rows in per_subject.values():
        exact = [pair for pair in rows if dict(pair[0].state) == dict(reported.state)]
        rows = exact or rows
        if len(rows) > 1:
            return [], "several of our values fit: its state is too loose"
        try:
            found.append((rows[0][0].quantity.to(reported.quantity.unit), rows[0][1]))
        except NacreError as error:
            return [], str(error)
    return found, "" if found else "not determined here"


def _is_same_entry(outcome: Outcome, result: Result, entry: Entry, reported: Reported) -> bool:
    subject = entry.subject or result.subject
    cell = outcome.study.cells.get(subject.cell)
    sample = subject.sample or (cell.sample if cell else "")
    if (reported.cell and subject.cell != reported.cell) or (reported.sample and sample != reported.sample):
        return False
    return _has_state(entry.state, reported.state)


def _has_state(ours: Mapping[str, Any], asked: Mapping[str, Any]) -> bool:
    return all(_is_equal(ours.get(key), value) for key, value in asked.items())


def _is_equal(ours, theirs) -> bool:
    if isinstance(ours, (int, float)) and isinstance(theirs, (int, float)):
        return math.isclose(ours, theirs, rel_tol=1e-6)
    return ours == theirs


def _average(found: list[Quantity]) -> tuple[Quantity, float | None]:
    """Mean and half its 95 % interval: of the replicates where there are several, else the value's own."""
    values = [q.value for q in found]
    n, mean = len(values), math.fsum(values) / len(values)
    if n == 1:
        q = found[0]
        half = None if q.hi95 is None or q.lo95 is None else (q.hi95 - q.lo95) / 2
        return q, half
    t = T95[n - 2] if n - 2 < len(T95) else T95[-1]
    error = math.sqrt(math.fsum((v - mean) ** 2 for v in values) / (n - 1) / n)
    return Quantity(mean, found[0].unit, error, n=n, basis="replicates"), t * error


def _judge_agreement(difference: float, half: float | None, published_: Quantity) -> str:
    """Within the two 95 % intervals together; a published value without one counts as good to half its last digit."""
    rounding = (published_.last_digit or 0.0) / 2
    theirs = 1.96 * published_.std if published_.std is not None else rounding
    if half is None:
        same = abs(difference) <= rounding * (1 + 1e-9)
        return "equal as rounded; ours has no uncertainty" if same else "cannot be judged: ours has no uncertainty"
    return "agrees" if abs(difference) <= math.hypot(half, theirs) * (1 + 1e-9) else "differs"


# --- ledger, inputs, provenance -----------------------------------------------------------------------------


def ledger(outcome: Outcome, guard: Guard = UNGUARDED) -> list[dict[str, Any]]:
    """A row per relation."""
    return guard.each(lambda row: f"relation '{row.relation}' in the ledger", _describe_relation, outcome.ledger)


def _describe_relation(row: LedgerRow) -> dict[str, Any]:
    label = {"holds": "holds", "broken": "broken", "cannot_tell": "cannot be decided"}
    return {
        "id": row.relation,
        "words": wording.formula(row.words),
        "verdict": row.verdict,
        "label": label[row.verdict],
        "computed": wording.with_unit(wording.number(row.computed, 5), row.unit) if row.computed is not None else "–",
        "stated": wording.with_unit(wording.number(row.stated, 5), row.unit) if row.stated is not None else "–",
        "sigma": wording.number(row.sigma, 2),
        "rule": row.rule,
        "needs": row.needs,
        "evidence": f"{row.evidence} (virtual)" if row.synthetic else row.evidence,
        "uses": row.uses,
        "only_computed": only_computed(row),
    }


def checks(outcome: Outcome) -> list[dict[str, str]]:
    """Failed checks and warnings first, in words; what several analyses say alike is said once, with all of them."""
    rank = {"fail": 0, "warn": 1, "info": 2, "pass": 3}
    same: dict[tuple[str, str, str], list[str]] = {}
    for result in outcome.results:
        for check in result.checks:
            who = result.analysis or str(result.subject) or result.technique
            same.setdefault((check.status, check.text, check.do), []).append(who)
    rows = [{"status": s, "text": text, "do": do, "who": ", ".join(who)} for (s, text, do), who in same.items()]
    return sorted(rows, key=lambda row: rank[row["status"]])


def options(provenance) -> tuple[list[tuple[str, str, str]], list[tuple[str, str]]]:
    """Options that someone set, as (name, value, where it came from), and those left at their default."""
    sources: Mapping[str, str] = provenance.option_sources
    rows = [(name, str(value), sources.get(name, "")) for name, value in provenance.options.items()]
    chosen = [row for row in rows if row[2] not in ("", "default")]
    return chosen, [row[:2] for row in rows if row not in chosen]
