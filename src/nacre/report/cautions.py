"""What to keep in mind of a study: what was left out, what failed, what hardly can be meant."""

from collections.abc import Iterable

from nacre.core.display.wording import count, sentence, several
from nacre.core.guard import LeftOut
from nacre.core.outcome import Outcome
from nacre.report.finding_blocks import Finding

LINE = 150  # letters of a check on the first page


def _find_worst(outcome: Outcome, status: str) -> str:
    """Where checks are read; those that failed are named, since nothing above says what they mean for it."""
    texts = [c.text.split("; ")[0] for r in outcome.results for c in r.checks if c.status == status == "fail"]
    first = [text if len(text) < LINE else f"{text[:LINE]} ..." for text in dict.fromkeys(texts)][:3]
    return "; ".join([*first, "see Checks"])


def cautions(outcome: Outcome, left_out: Iterable[LeftOut] = ()) -> list[Finding]:
    """What to keep in mind; `left_out` is what the report and the files beside it lack."""
    found = []
    virtual = sum(result.origin == "synthetic" for result in outcome.results)
    if virtual:
        which = "all" if virtual == len(outcome.results) else f"{virtual} of {len(outcome.results)}"
        text = f"{which} results come from files that a virtual instrument wrote"
        found.append(Finding("seen", sentence(text), "they show that the software works, not what a sample does"))
    found += [Finding("bad", text) for text in outcome.doubts]
    found += [Finding("seen", sentence(text)) for text in (*outcome.idle, *outcome.unjoined)]
    if outcome.failures:
        names = several([f.what for f in outcome.failures[:3]] + (["others"] if len(outcome.failures) > 3 else []))
        text = f"{count(len(outcome.failures), 'analysis', 'analyses')} failed and left no numbers: {names}"
        found.append(Finding("bad", sentence(text), "the rest is not affected"))
    for item in left_out:
        lead = "not made, for something failed" if item.failed else "left out"
        found.append(Finding("bad" if item.failed else "seen", sentence(f"{lead}: {item.what}"), sentence(item.why)))
    for status, words, kind in (("fail", "failed check", "bad"), ("warn", "warning", "seen")):
        n = sum(check.status == status for result in outcome.results for check in result.checks)
        if n:
            found.append(Finding(kind, sentence(f"the data came with {count(n, words)}"), _find_worst(outcome, status)))
    bare = sum(q.std is None and not q.bounded for r in outcome.results for q in (e.quantity for e in r.entries))
    if bare:
        found.append(Finding("seen", sentence(f"{count(bare, 'quantity', 'quantities')} came without an uncertainty")))
    return found
