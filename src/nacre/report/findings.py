"""Findings in sentences that follow from the numbers.

Nothing here knows a sample, a coating or a technique: the words are the vocabulary's, the direction is the sign
of the difference, and a difference is called one only where an interval that leaves out zero says so.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from nacre.core.errors import NacreError
from nacre.core.outcome import Contrast, LedgerRow, Outcome
from nacre.core.result import Entry, Result
from nacre.core.vocabulary import word
from nacre.report.words import (
    count,
    formula,
    interval,
    like,
    name_words,
    quantity,
    sentence,
    several,
    state_words,
    with_unit,
)

LONG = 6
MOST = 8
LOST = 0.05


@dataclass(frozen=True)
class Finding:
    """A sentence, and how sure it is: shown (the interval leaves out zero), same, seen (no interval), plain, bad."""

    kind: str
    text: str
    note: str = ""
    virtual: bool = False
    basis: str = ""  # what the note rests on; said once for all findings that share it


@dataclass(frozen=True)
class Block:
    """Findings under a heading. `note` holds for all of them; `more` are those of lesser weight, folded away."""

    heading: str
    rows: list[Finding]
    note: str = ""
    more: list[Finding] = field(default_factory=list)


def findings(outcome: Outcome) -> list[Block]:
    """Blocks in the order a reader wants them; those without findings are left out."""
    pairs = list(dict.fromkeys((c.reference, c.treated) for c in outcome.contrasts))
    blocks = [block for pair in pairs for block in _versus(outcome, pair)]
    blocks.append(Block("Found for one sample", _alone(outcome)))
    blocks.append(Block("Do the techniques agree?", _ledger(outcome.ledger)))
    blocks.append(Block("To keep in mind", _cautions(outcome)))
    return [block for block in blocks if block.rows or block.more]


def title(outcome: Outcome, sample: str) -> str:
    return outcome.study.samples[sample].title if sample in outcome.study.samples else sample or "the study"


def _versus(outcome: Outcome, pair: tuple[str, str]) -> list[Block]:
    """The contrasts of a pair, by what the data say of them: shown, no difference, seen without an interval.

    What was published or is a headline of the vocabulary comes first; the rest is folded away.
    """
    rows = [c for c in outcome.contrasts if (c.reference, c.treated) == pair]
    main, more = [], []
    for name in dict.fromkeys(row.name for row in rows):
        same = _said_once([row for row in rows if row.name == name])
        told = _of_one_name(outcome, ends_of_series(same, lambda row: row.state))
        (main if _weighty(outcome, name) else more).extend(told)
    if not main:
        main, more = more[:MOST], more[MOST:]
    who = f"{title(outcome, pair[1])} against {title(outcome, pair[0])}"
    made = []
    for kind, words in (("shown", "shown"), ("same", "no difference told"), ("seen", "seen, not proven")):
        chosen = [[row for row in group if row.kind == kind] for group in (main, more)]
        note, *chosen = _common(*chosen)
        made.append(Block(f"{who}: {words}", chosen[0], note, chosen[1]))
    return made


def _weighty(outcome: Outcome, name: str) -> bool:
    try:
        headline = word("quantity", name).headline
    except NacreError:
        headline = False
    return headline or name in {row.name for row in outcome.study.reported}


def _common(main: list[Finding], more: list[Finding]) -> tuple[str, list[Finding], list[Finding]]:
    """What most findings rest on is said once, above them; what differs stands beside each."""
    every = Counter((row.basis, row.virtual) for row in main + more)
    if not every:
        return "", main, more
    basis, virtual = shared = every.most_common(1)[0][0]

    def short(row: Finding) -> Finding:
        if (row.basis, row.virtual) == shared:
            return replace(row, virtual=False)
        return replace(row, note="; ".join(filter(None, (row.note, row.basis))))

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


def _said_once(rows: list[Contrast]) -> list[Contrast]:
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
        if key not in surest or _doubt(row) < _doubt(surest[key]):
            surest[key] = row
    return [row for row in rows if any(row is kept for kept in surest.values())]


def _doubt(row: Contrast) -> tuple[bool, bool, float]:
    """For choosing between two rows on one thing: an interval is better than none, a smaller error than a larger."""
    return row.lo95 is None, row.std is None, row.std or 0.0


def verdict(row: Contrast) -> str:
    """shown: the 95 % interval leaves out zero; same: it does not, or not beyond what many comparisons throw up by
    chance (adjusted p over 5 %); seen: there is no interval.
    """
    if row.lo95 is None or row.hi95 is None:
        return "seen"
    if row.p_adjusted is not None and row.p_adjusted > LOST:
        return "same"
    return "shown" if row.lo95 > 0 or row.hi95 < 0 else "same"


def _of_one_name(outcome: Outcome, rows: list[Contrast]) -> list[Finding]:
    """One sentence for all states in which the verdict and the direction are the same."""
    groups: dict[tuple, list[Contrast]] = {}
    for row in rows:
        kind = verdict(row)
        way = "" if kind == "same" or row.difference == 0 else "higher" if row.difference > 0 else "lower"
        groups.setdefault((kind, way), []).append(row)
    return [_contrast(outcome, kind, way, group) for (kind, way), group in groups.items()]


def _contrast(outcome: Outcome, kind: str, way: str, rows: list[Contrast]) -> Finding:
    first, virtual = rows[0], any(row.origin == "synthetic" for row in rows)
    what, new, old = name_words(first.name), title(outcome, first.treated), title(outcome, first.reference)
    if not way:
        values = several([_values(row) for row in rows])
        text = f"no difference in the {what} can be told between {new} and {old}" + (f": {values}" if values else "")
    else:
        verb = "is" if kind == "shown" else "was seen"
        sizes = several([f"by {_size(row)}{f' ({values})' if (values := _values(row)) else ''}" for row in rows])
        text = f"the {what} of {new} {verb} {way} than that of {old}, {sizes}"
    note, basis = _evidence(outcome, rows)
    return Finding(kind, sentence(text), note, virtual, basis)


def _size(row: Contrast) -> str:
    size = abs(row.difference)
    if row.unit == "%":
        return f"{like(size, max(size, _scale(row) / 1000))} percentage points"
    return with_unit(like(size, max(size, _scale(row) / 100)), row.unit)


def _scale(row: Contrast) -> float:
    return max(abs(v) for v in (row.reference_value or 0.0, row.treated_value or 0.0, row.difference))


def _values(row: Contrast) -> str:
    at = state_words(row.state)
    if row.reference_value is None or row.treated_value is None:
        return at
    new, old = row.treated_value, row.reference_value
    scale = min(abs(new), abs(old)) or _scale(row)
    digits = max(min(scale, 10 * abs(row.difference) or scale), scale / 100)
    text = f"{like(new, digits)} against {with_unit(like(old, digits), row.unit)}"
    return f"{text}; {at}" if at else text


def _evidence(outcome: Outcome, rows: list[Contrast]) -> tuple[str, str]:
    """(what is particular to these rows: interval and p, what it rests on: method and numbers of replicates)."""
    first = rows[0]
    if verdict(first) == "seen":
        return "", _unproven(outcome, rows)
    unit = "percentage points" if first.unit == "%" else first.unit
    spans = with_unit("; ".join(interval(row.lo95, row.hi95) for row in rows), unit)
    text = f"95 % interval{'s' if rows[1:] else ''} of the difference {spans}"
    parts = [part for row in rows for part in row.method.split("; ") if part]
    chances = [part.split(",")[1].split(" adjusted")[0].strip() for part in parts if part.startswith("p = ")]
    if chances:
        text += f"; p = {', '.join(chances)} (Holm)"
    sizes = {(row.n_reference, row.n_treated) for row in rows}
    basis = [*dict.fromkeys(part for part in parts if not part.startswith("p = "))]
    return text, "; ".join([*basis, "replicates: " + ", ".join(f"{a} and {b}" for a, b in sorted(sizes))])


def _unproven(outcome: Outcome, rows: list[Contrast]) -> str:
    thing = "cell" if _of_cells(outcome, rows[0]) else "measurement"
    sizes = {(row.n_reference, row.n_treated) for row in rows}
    told = [f"one {thing} each" if n == (1, 1) else f"{count(n[0], thing)} and {count(n[1], thing)}" for n in sizes]
    return f"{', '.join(sorted(told))}: no interval can be given, and the difference is not proven"


def _of_cells(outcome: Outcome, row: Contrast) -> bool:
    wanted = set(row.quantities)
    return any(
        (entry.subject or result.subject).cell
        for result in outcome.results
        for entry in result.entries
        if entry.name == row.name and result.entry_id(entry) in wanted
    )


# --- the rest -----------------------------------------------------------------------------------------------


def _alone(outcome: Outcome) -> list[Finding]:
    """What no contrast speaks of, per technique and sample: each quantity with the values of all its cells."""
    contrasted = {row.name for row in outcome.contrasts}
    found: dict[tuple[str, str], list[tuple[Result, Entry]]] = {}
    for result in outcome.results:
        for entry in result.entries:
            if entry.name not in contrasted and "cycle" not in entry.state:
                found.setdefault((result.technique, _sample(outcome, result, entry)), []).append((result, entry))
    return [_one(outcome, technique, sample, rows) for (technique, sample), rows in found.items()]


def _sample(outcome: Outcome, result: Result, entry: Entry) -> str:
    subject = entry.subject or result.subject
    cell = outcome.study.cells.get(subject.cell)
    return subject.sample or (cell.sample if cell else "")


def _one(outcome: Outcome, technique: str, sample: str, rows: list[tuple[Result, Entry]]) -> Finding:
    same: dict[tuple, list[Entry]] = {}
    for _, entry in rows:
        same.setdefault((entry.name, state_words(entry.state)), []).append(entry)
    parts = [_values_of(name, at, entries) for (name, at), entries in same.items()]
    more = f", and {count(len(parts) - MOST, 'further quantity', 'further quantities')} below" if parts[MOST:] else ""
    virtual = any(result.origin == "synthetic" for result, _ in rows)
    return Finding("plain", f"{title(outcome, sample)}: {several(parts[:MOST])}{more}.", technique, virtual)


def _values_of(name: str, at: str, entries: list[Entry]) -> str:
    text = f"{name_words(name)}{f' ({at})' if at else ''} {several([quantity(entry.quantity) for entry in entries])}"
    if all(entry.quantity.std is None and not entry.quantity.bounded for entry in entries):
        text += " (no uncertainty estimated)"
    return text


def _ledger(rows: Iterable[LedgerRow]) -> list[Finding]:
    """How many relations hold, each that is broken, and the measurements that would settle most of the rest."""
    rows = [row for row in rows if not only_computed(row)]
    if not rows:
        return []
    by = {v: [row for row in rows if row.verdict == v] for v in ("holds", "broken", "cannot_tell")}
    forms = (("holds", "holds", "hold"), ("broken", "is broken", "are broken"))
    forms += (("cannot_tell", "cannot be told", "cannot be told"),)
    parts = [f"{len(by[v])} {one if len(by[v]) == 1 else many}" for v, one, many in forms if by[v]]
    found = [Finding("plain", sentence(f"of {count(len(rows), 'relation')} between techniques, {several(parts)}"))]
    found += [Finding("bad", sentence(f"broken: {formula(row.words)}"), _broken(row)) for row in by["broken"]]
    wanted = Counter(need for row in by["cannot_tell"] for need in row.needs.split("; ") if need)
    if wanted:
        best = several([f"{formula(need)} ({count(n, 'relation')})" for need, n in wanted.most_common(3)])
        found.append(Finding("seen", sentence(f"what would tell most: {best}")))
    return found


def only_computed(row: LedgerRow) -> bool:
    """A row that has nothing to be compared with: a number worked out, not a relation that could break."""
    return row.verdict == "cannot_tell" and row.rule == "computed only"


def _broken(row: LedgerRow) -> str:
    if row.computed is None or row.stated is None:
        return row.rule
    numbers = [
        with_unit(like(v, min(abs(row.computed), abs(row.stated)) or 1.0), row.unit) for v in (row.computed, row.stated)
    ]
    text = f"computed {numbers[0]}, stated {numbers[1]}"
    return text + (f", {row.sigma:.1f} standard deviations apart" if row.sigma is not None else "")


def _cautions(outcome: Outcome) -> list[Finding]:
    found = []
    virtual = sum(result.origin == "synthetic" for result in outcome.results)
    if virtual:
        text = f"{virtual} of {len(outcome.results)} results come from files that a virtual instrument wrote"
        found.append(Finding("seen", sentence(text), "they show that the software works, not what a sample does"))
    if outcome.failures:
        names = several([f.what for f in outcome.failures[:3]] + (["others"] if len(outcome.failures) > 3 else []))
        text = f"{count(len(outcome.failures), 'analysis', 'analyses')} failed and left no numbers: {names}"
        found.append(Finding("bad", sentence(text), "the rest is not affected"))
    for status, words, kind in (("fail", "failed check", "bad"), ("warn", "warning", "seen")):
        n = sum(check.status == status for result in outcome.results for check in result.checks)
        if n:
            found.append(Finding(kind, sentence(f"the data came with {count(n, words)}"), "see Checks"))
    bare = sum(q.std is None and not q.bounded for r in outcome.results for q in (e.quantity for e in r.entries))
    if bare:
        found.append(Finding("seen", sentence(f"{count(bare, 'quantity', 'quantities')} came without an uncertainty")))
    return found
