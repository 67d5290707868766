"""Findings in sentences that follow from the numbers.

Nothing here knows a sample, a coating or a technique: the words are the vocabulary's, the direction is the sign
of the difference, and a difference is called one only where an interval that leaves out zero says so.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from nacre.core.display.differences import scale, size_words, value_pair, within
from nacre.core.display.wording import (
    count,
    formula,
    interval,
    like,
    name_words,
    pretty_unit,
    quantity,
    sentence,
    several,
    state_words,
    technique_words,
    with_unit,
)
from nacre.core.errors import NacreError
from nacre.core.guard import UNGUARDED, Guard
from nacre.core.outcome import Contrast, LedgerRow, Outcome
from nacre.core.quantity import Quantity
from nacre.core.result import Entry, Result
from nacre.core.vocabulary import word
from nacre.report.cautions import cautions
from nacre.report.dose_findings import dose_findings
from nacre.report.finding_blocks import Finding, FindingBlock
from nacre.report.sample_series import abreast
from nacre.report.treatments import treatment_sentences

LONG = 6
MOST = 8
FEW = 2  # states of one quantity that a sentence holds; more make a table
FURTHER = "Further comparisons and quantities"
UNCOATED = "Composition and surface"  # what the first chapter is called where no sample has a coating
CHAPTERS = {
    "coating": "What the coating is",
    "material": "The cathode material",
    "cell": "What the cells did",
    "cause": "What lies behind it",
}
ABREAST, AGREE, NEXT = "Samples side by side", "Do the techniques agree?", "What to do next"
CHANCE = "not proven when the endpoints are judged together, the primary ones first"
EXPLORATORY = "exploratory: not among the questions asked beforehand, and not proven"
FAILED = "a check of data behind it failed: see Checks"
SAME = ("equal", "no_difference", "cannot_tell")  # verdicts that claim no difference
ORDER = ("bad", "shown", "seen", *SAME, "plain")


def findings(outcome: Outcome, guard: Guard = UNGUARDED) -> list[FindingBlock]:
    """Blocks in the order of a reader's questions; those without findings are left out.

    A quantity's chapter is the vocabulary's; what has none is folded away behind the rest. What `guard` has on its
    account is in the last block.
    """
    told = _describe_contrasts(outcome, guard) + _describe_single_sample(outcome, guard)
    coated = any(sample.coating for sample in outcome.study.samples.values())
    heads = CHAPTERS if coated else CHAPTERS | {"coating": UNCOATED}

    def rows(heading: str, make, *args) -> list[Finding]:
        return guard.attempt(f"findings '{heading}'", make, *args, instead=[])

    trends, note = guard.attempt("findings on doses", dose_findings, outcome, instead=([], ""))
    blocks = [FindingBlock(ABREAST, [*rows(ABREAST, _make_comparison_table, outcome), *trends], note)]
    chapters = [
        _make_block(heading, [row for name, row in told if name == chapter]) for chapter, heading in heads.items()
    ]
    blocks += _with_treatment(outcome, chapters, heads["cell"])
    rest = sorted((row for name, row in told if not name), key=lambda row: ORDER.index(row.kind))
    least = 0 if any(block.rows for block in blocks) else MOST
    blocks.append(
        _make_block(FURTHER if least == 0 else FURTHER.split(" ", 1)[1].capitalize(), rest[:least], rest[least:])
    )
    blocks.append(FindingBlock(AGREE, rows(AGREE, _describe_ledger, outcome.ledger)))
    blocks.append(FindingBlock(NEXT, rows(NEXT, _suggest_next, outcome)))
    blocks.append(FindingBlock("To keep in mind", cautions(outcome, guard.left_out)))
    return [block for block in blocks if block.rows or block.more]


def _make_comparison_table(outcome: Outcome) -> list[Finding]:
    """A table of what has a chapter, where several samples are held against one: sentences of pairs bury a series."""
    rows = []
    asked = [c for c in outcome.contrasts if _find_chapter(outcome, c)]
    for name in dict.fromkeys(c.name for c in asked):
        for pair in dict.fromkeys((c.reference, c.treated) for c in outcome.contrasts):
            own = [c for c in asked if c.name == name and (c.reference, c.treated) == pair]
            rows += ends_of_series(_merge_repeated(own), lambda row: row.state)
    rows.sort(key=lambda row: list(CHAPTERS).index(_find_chapter(outcome, row)))
    made = abreast(outcome, rows, lambda sample: title(outcome, sample))
    if made is None:
        return []
    virtual = any(row.origin == "synthetic" for row in rows)
    return [Finding("plain", made[0], "", virtual, heads=made[1], rows=made[2])]


def _make_block(heading: str, main: list[Finding], more: Iterable[Finding] = ()) -> FindingBlock:
    """Comparisons first, by how sure they are; plain facts first where they are most of what there is."""
    facts = 2 * sum(row.kind == "plain" for row in main) > len(main)
    main = sorted(main, key=lambda row: 0 if row.kind == "plain" and facts else 1 + ORDER.index(row.kind))
    note, main, more = _find_common(main, list(more))
    return FindingBlock(heading, main, note, more)


def _with_treatment(outcome: Outcome, chapters: list[FindingBlock], cell: str) -> list[FindingBlock]:
    """At the head of what the cells did, else of the first chapter: coating or treatment, a sentence per pair."""
    said = " ".join(treatment_sentences(outcome)) if outcome.contrasts else ""
    told = [block for block in chapters if block.rows or block.more]
    head = next((block for block in told if block.heading == cell), told[0] if told else None)
    if not said or head is None:
        return chapters
    return [replace(block, note=f"{said} {block.note}".strip()) if block is head else block for block in chapters]


def _find_chapter(outcome: Outcome, row: Contrast | Entry) -> str:
    try:
        return word("quantity", row.name).chapter_of(row.state, outcome.study.coating_elements)
    except NacreError:
        return ""


def _name_quantity(row: Contrast | Entry) -> tuple[str, str]:
    """What a reader takes for one quantity: its name, and its words in this state (`Hf content`)."""
    return row.name, name_words(row.name, row.state)


def _is_of_sample(name: str) -> bool:
    """Not so a detection limit: what describes the measurement alone is in the tables only."""
    try:
        return word("quantity", name).compared
    except NacreError:
        return True


def title(outcome: Outcome, sample: str) -> str:
    return outcome.study.samples[sample].title if sample in outcome.study.samples else sample or "the study"


def _describe_contrasts(outcome: Outcome, guard: Guard) -> list[tuple[str, Finding]]:
    """(chapter, finding) of every quantity that was compared, pair by pair of samples."""
    alike: dict[tuple, list[Contrast]] = {}
    for row in outcome.contrasts:
        alike.setdefault((row.reference, row.treated, _name_quantity(row)), []).append(row)

    def make(rows: list[Contrast]) -> list[tuple[str, Finding]]:
        found = _group_by_name(outcome, ends_of_series(_merge_repeated(rows), lambda row: row.state))
        return [(_find_chapter(outcome, rows[0]), finding) for finding in found]

    made = guard.each(lambda rows: f"finding on the {_name_quantity(rows[0])}", make, alike.values())
    return [pair for pairs in made for pair in pairs]


def _find_common(main: list[Finding], more: list[Finding]) -> tuple[str, list[Finding], list[Finding]]:
    """What most findings rest on is said once, above them; what differs stands beside each."""
    every = main + more
    bases = Counter(row.basis for row in every if row.basis)
    basis = bases.most_common(1)[0][0] if bases else ""
    virtual = bool(every) and all(row.virtual for row in every)

    def short(row: Finding) -> Finding:
        note = row.note if row.basis == basis else "; ".join(filter(None, (row.note, row.basis)))
        return replace(row, note=note, virtual=row.virtual and not virtual)

    text = (sentence(basis) if basis else "") + (" Virtual data." if virtual else "")
    return text.strip(), [short(row) for row in main], [short(row) for row in more]


# --- contrasts ----------------------------------------------------------------------------------------------


def ends_of_series(rows: list, state_of) -> list:
    """Of rows that differ only in their cycle, where there are many: the first and the last."""
    groups: dict[tuple, list] = {}
    for row in rows:
        rest = tuple(sorted((k, str(v)) for k, v in state_of(row).items() if k != "cycle"))
        groups.setdefault(rest, []).append(row)
    kept = []
    for group in groups.values():
        long = len(group) > LONG and all("cycle" in state_of(row) for row in group)
        ordered = sorted(group, key=lambda row: state_of(row)["cycle"]) if long else group
        kept += [ordered[0], ordered[-1]] if long else ordered
    return kept


def _merge_repeated(rows: list[Contrast]) -> list[Contrast]:
    """Without those that another row says already: the same two values in a state that says no less, or the same
    state once more, by another technique and less surely.
    """

    def repeats(row: Contrast, other: Contrast) -> bool:
        same = (row.reference_value, row.treated_value) == (other.reference_value, other.treated_value)
        return same and row.state.items() < other.state.items()

    rows = [row for row in rows if row.reference_value is None or not any(repeats(row, other) for other in rows)]
    surest: dict[tuple, Contrast] = {}
    for row in rows:
        key = tuple(sorted((k, str(v)) for k, v in row.state.items()))
        if key not in surest or _measure_doubt(row) < _measure_doubt(surest[key]):
            surest[key] = row
    kept = {id(row) for row in surest.values()}
    return [row for row in rows if id(row) in kept]


def _measure_doubt(row: Contrast) -> tuple[bool, bool, float]:
    """For choosing between two rows on one thing: an interval is better than none, a smaller error than a larger."""
    return row.lo95 is None, row.std is None, row.std or 0.0


def _is_chancy(row: Contrast) -> bool:
    """Whether its interval leaves out zero by itself, and not beyond chance among all comparisons."""
    out = row.lo95 is not None and row.hi95 is not None and not row.lo95 <= 0 <= row.hi95
    return out and row.p_adjusted is not None and row.verdict == "seen"


def _group_by_name(outcome: Outcome, rows: list[Contrast]) -> list[Finding]:
    """One sentence for all states in which the verdict and the direction are the same."""
    groups: dict[tuple, list[Contrast]] = {}
    for row in rows:
        kind = row.verdict
        way = "higher" if row.difference > 0 else "lower"
        if kind in SAME or row.difference == 0:
            way = ""
        groups.setdefault((kind, way, row.lo95 is None), []).append(row)
    return [_describe_contrast(outcome, kind, way, group) for (kind, way, _), group in groups.items()]


def _describe_contrast(outcome: Outcome, kind: str, way: str, rows: list[Contrast]) -> Finding:
    first, virtual = rows[0], any(row.origin == "synthetic" for row in rows)
    what, new, old = name_words(first.name, first.state), title(outcome, first.treated), title(outcome, first.reference)
    many = len(rows) > FEW
    if not way:
        values = several([_list_values(row) for row in rows]) if not many else f"{len(rows)} states were compared"
        text = _none_words(kind, what, new, old, rows) + (f": {values}" if values else "")
    else:
        verb = "is" if kind == "shown" else "was seen"
        sizes = several(
            [f"by {size_words(row)}{f' ({values})' if (values := _list_values(row)) else ''}" for row in rows]
        )
        text = f"the {what} of {new} {verb} {way} than that of {old}, {_format_range(rows) if many else sizes}"
    note, basis = _describe_evidence(outcome, rows)
    broken = [result for row in rows for result, _ in _list_behind(outcome, row) if _has_failed(result)]
    note = "; ".join(filter(None, (note, FAILED if broken else "")))
    heads, table = _make_table(rows, old, new) if many else ((), ())
    if many:
        note = "; ".join(filter(None, (*_doubts(rows), FAILED if broken else "")))
    return Finding(kind, sentence(text), note, virtual, basis, heads, table)


def _none_words(kind: str, what: str, new: str, old: str, rows: list[Contrast]) -> str:
    """What is said of samples between which no difference is claimed."""
    if kind != "equal":
        return f"no difference in the {what} was found between {new} and {old}"
    margins = [row.margin for row in rows if row.margin is not None]
    unit = "percentage points" if rows[0].unit == "%" else rows[0].unit
    return f"the {what} of {new} equals that of {old} within {with_unit(like(max(margins), max(margins)), unit)}"


def _doubts(rows: list[Contrast]) -> list[str]:
    """Why what was seen is not proven."""
    said = [CHANCE] if any(map(_is_chancy, rows)) else []
    return said + ([EXPLORATORY] if any(row.verdict == "seen" and _is_unasked(row) for row in rows) else [])


def _is_unasked(row: Contrast) -> bool:
    return row.endpoint == "exploratory" and row.p is not None


def _format_range(rows: list[Contrast]) -> str:
    sizes = sorted(rows, key=lambda row: abs(row.difference))
    least, most = size_words(sizes[0]), size_words(sizes[-1])
    spread = f"by {least}" if least == most else f"by {least.split(' ')[0]} to {most}"
    return f"{spread} in {len(rows)} states"


def _make_table(rows: list[Contrast], old: str, new: str) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    """A row per state: both values, the difference, and its interval where there is one."""
    unit = pretty_unit(rows[0].unit)
    bounded = any(row.lo95 is not None for row in rows)
    heads = ("", *(f"{name} / {unit}" if unit else name for name in (old, new)), "difference")
    table = []
    for row in rows:
        pair = value_pair(row)
        sides = (pair[1], pair[0]) if pair else ("–", "–")
        difference = like(row.difference, max(abs(row.difference), scale(row) / 1000))
        cells = (state_words(row.state, row.name), *sides, difference)
        table.append((*cells, interval(row.lo95, row.hi95)) if bounded else cells)
    return ((*heads, "95 % interval") if bounded else heads), tuple(table)


def _list_values(row: Contrast) -> str:
    at, pair = state_words(row.state, row.name), value_pair(row)
    if pair is None:
        return at
    text = f"{pair[0]} against {with_unit(pair[1], row.unit)}"
    return f"{text}; {at}" if at else text


def _describe_evidence(outcome: Outcome, rows: list[Contrast]) -> tuple[str, str]:
    """(what is particular to these rows: interval and p, what it rests on: method and numbers of replicates)."""
    first = rows[0]
    if first.lo95 is None:
        return within(first), _explain_unproven(outcome, rows)
    unit = "percentage points" if first.unit == "%" else first.unit
    spans = with_unit("; ".join(interval(row.lo95, row.hi95) for row in rows), unit)
    text = f"95 % interval{'s' if rows[1:] else ''} of the difference {spans}"
    parts = [part for row in rows for part in row.method.split("; ") if part]
    text = "; ".join(filter(None, (text, _describe_chances(rows), *_doubts(rows))))
    basis = [*dict.fromkeys(part for part in parts if not part.startswith("p = "))]
    sizes = {(row.n_reference, row.n_treated) for row in rows} - {(1, 1)}
    unsaid = [f"{a} and {b}" for a, b in sorted(sizes) if not any(f"over {a} and {b} " in part for part in basis)]
    return text, "; ".join([*basis, *(["replicates: " + ", ".join(unsaid)] if unsaid else [])])


def _describe_chances(rows: list[Contrast]) -> str:
    """p values of endpoints, each by itself and adjusted for their number; "" where there is none."""
    tested = [(row.p, row.p_adjusted) for row in rows if row.p is not None and row.p_adjusted is not None]
    if not tested:
        return ""
    alone = several([_describe_chance(p) for p, _ in tested])
    among = several([_describe_chance(p) for _, p in tested])
    return f"{alone} by {'themselves' if tested[1:] else 'itself'}, {among} adjusted for the number of endpoints"


def _describe_chance(p: float) -> str:
    return "p < 0.001" if p < 0.001 else f"p = {like(p, 10 * p)}"


def _explain_unproven(outcome: Outcome, rows: list[Contrast]) -> str:
    thing = "cell" if _compares_cells(outcome, rows[0]) else "measurement"
    sizes = {(row.n_reference, row.n_treated) for row in rows}
    told = [f"one {thing} each" if n == (1, 1) else f"{count(n[0], thing)} and {count(n[1], thing)}" for n in sizes]
    return f"{', '.join(sorted(told))}: no interval can be given, and the difference is not proven"


def _compares_cells(outcome: Outcome, row: Contrast) -> bool:
    return any((entry.subject or result.subject).cell for result, entry in _list_behind(outcome, row))


def _list_behind(outcome: Outcome, row: Contrast) -> list[tuple[Result, Entry]]:
    """The quantities that a contrast compares."""
    wanted = set(row.quantities)
    return [
        (result, entry)
        for result in outcome.results
        for entry in result.entries
        if entry.name == row.name and result.entry_id(entry) in wanted
    ]


def _has_failed(result: Result) -> bool:
    return any(check.status == "fail" for check in result.checks)


def _explain_unfounded(result: Result, entry: Entry) -> bool:
    """A number without an uncertainty from data of which a check failed: it is printed, and no finding."""
    return _has_failed(result) and entry.quantity.std is None and not entry.quantity.bounded


# --- the rest -----------------------------------------------------------------------------------------------


def _describe_single_sample(outcome: Outcome, guard: Guard) -> list[tuple[str, Finding]]:
    """(chapter, finding) of what no contrast speaks of, per technique and sample, with the values of all cells."""
    contrasted = {_name_quantity(row) for row in outcome.contrasts}
    found: dict[tuple[str, str, str], list[tuple[Result, Entry]]] = {}
    # what a model was fitted to is no finding of its own; what it predicts is one where nothing was measured
    measured = any(result.origin not in ("calibrated", "predicted") for result in outcome.results)
    for result in outcome.results:
        if result.origin == "calibrated" or (result.origin == "predicted" and measured):
            continue
        for entry in result.entries:
            told = _name_quantity(entry) not in contrasted and "cycle" not in entry.state and _is_of_sample(entry.name)
            if told and not _explain_unfounded(result, entry):
                key = (_find_chapter(outcome, entry), result.technique, _sample(outcome, result, entry))
                found.setdefault(key, []).append((result, entry))

    def make(item: tuple) -> tuple[str, Finding]:
        (chapter, technique, sample), rows = item
        return chapter, _describe_technique(outcome, technique, sample, rows)

    return guard.each(lambda item: f"finding of {technique_words(item[0][1])}", make, found.items())


def _sample(outcome: Outcome, result: Result, entry: Entry) -> str:
    subject = entry.subject or result.subject
    cell = outcome.study.cells.get(subject.cell)
    return subject.sample or (cell.sample if cell else "")


def _describe_technique(outcome: Outcome, technique: str, sample: str, rows: list[tuple[Result, Entry]]) -> Finding:
    same: dict[tuple, list[Entry]] = {}
    for _, entry in rows:
        same.setdefault((_name_quantity(entry)[1], state_words(entry.state, entry.name)), []).append(entry)
    parts = [_collect_values(words, at, entries) for (words, at), entries in same.items()]
    more = f", and {count(len(parts) - MOST, 'further quantity', 'further quantities')} below" if parts[MOST:] else ""
    virtual = any(result.origin == "synthetic" for result, _ in rows)
    text = f"{title(outcome, sample)}: {several(parts[:MOST])}{more}."
    failed = f"; {FAILED}" if any(_has_failed(result) for result, _ in rows) else ""
    return Finding("plain", text, technique_words(technique) + failed, virtual)


def _collect_values(words: str, at: str, entries: list[Entry]) -> str:
    text = f"{words}{f' ({at})' if at else ''} {several([_format_bounded(entry.quantity) for entry in entries])}"
    if all(entry.quantity.std is None and not entry.quantity.bounded for entry in entries):
        text += " (no uncertainty estimated)"
    return text


def _format_bounded(q: Quantity) -> str:
    """The value; with its 95 % interval where nothing else says how well it is known: 100 % may mean "at least 87"."""
    if q.std is None and q.bounded:
        return f"{quantity(q)} (95 %: {q.lo95:.3g} to {q.hi95:.3g})"
    return quantity(q)


def _describe_ledger(rows: Iterable[LedgerRow]) -> list[Finding]:
    """How many relations hold, each that is broken, and the measurements that would settle most of the rest."""
    rows = [row for row in rows if not only_computed(row)]
    if not rows:
        return []
    by = {v: [row for row in rows if row.verdict == v] for v in ("holds", "broken", "cannot_tell")}
    undecided = "cannot be decided"
    forms = (("holds", "holds", "hold"), ("broken", "is broken", "are broken"), ("cannot_tell", undecided, undecided))
    parts = [f"{len(by[v])} {one if len(by[v]) == 1 else many}" for v, one, many in forms if by[v]]
    found = [Finding("plain", sentence(f"of {count(len(rows), 'relation')} between techniques, {several(parts)}"))]
    found += [Finding("bad", sentence(f"broken: {formula(row.words)}"), _describe_broken(row)) for row in by["broken"]]
    return found


def _suggest_next(outcome: Outcome) -> list[Finding]:
    """What would settle most of what is open: measurements that relations lack, and replicates."""
    found = []
    untold = [row for row in outcome.ledger if row.verdict == "cannot_tell" and not only_computed(row)]
    wanted = Counter(need for row in untold for need in row.needs.split("; ") if need)
    if wanted:
        best = several([f"{formula(need)} ({count(n, 'relation')})" for need, n in wanted.most_common(3)])
        found.append(Finding("seen", sentence(f"what would tell most between the techniques: {best}")))
    seen = [
        c
        for c in outcome.contrasts
        if c.lo95 is None and c.verdict == "seen" and _find_chapter(outcome, c) and _compares_cells(outcome, c)
    ]
    if seen:
        names = list(dict.fromkeys(name_words(c.name, c.state) for c in seen))
        what = several(names[:4] + (["others"] if names[4:] else []))
        text = f"at least three cells of each sample would turn what was only seen into an interval: {what}"
        found.append(Finding("seen", sentence(text)))
    return found


def only_computed(row: LedgerRow) -> bool:
    """A row that has nothing to be compared with: a number worked out, not a relation that could break."""
    return row.verdict == "cannot_tell" and row.rule == "computed only"


def _describe_broken(row: LedgerRow) -> str:
    if row.computed is None or row.stated is None:
        return row.rule
    sizes = (abs(row.computed), abs(row.stated), 10 * abs(row.computed - row.stated))
    least = min(filter(None, sizes), default=1.0)
    numbers = [with_unit(like(v, least), row.unit) for v in (row.computed, row.stated)]
    text = f"computed {numbers[0]}, stated {numbers[1]}"
    return text + (f", {row.sigma:.1f} standard deviations apart" if row.sigma is not None else "")
