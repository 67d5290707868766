"""What a comparison of two samples may be put down to: the coating, or the treatment that goes with it."""

from nacre.core.display.wording import sentence, several
from nacre.core.outcome import Outcome, PairPreparation


def treatment_sentences(outcome: Outcome) -> list[str]:
    """One sentence per pair of samples whose preparation differs; none where nothing is declared of a coating."""
    titles = {name: sample.title for name, sample in outcome.study.samples.items()}
    said = [_words(pair, titles) for pair in outcome.preparations]
    return list(dict.fromkeys(sentence(text) for text in said if text))


def _words(pair: PairPreparation, titles: dict[str, str]) -> str:
    new, old = titles.get(pair.treated, pair.treated), titles.get(pair.reference, pair.reference)
    steps = several(list(pair.differs))
    if not pair.coated:
        return f"besides what is compared, {new} differs from {old} in its preparation: {steps}" if steps else ""
    if pair.blank == pair.reference:
        return f"{old} is the blank of {new}, with the same steps and no coating: their difference is the coating's own"
    if not pair.declared:
        return (
            f"the steps by which {new} was coated are not declared: its differences from {old} are those of the "
            "treatment as a whole, and whether the coating itself is the cause cannot be determined"
        )
    if not steps:
        return f"as declared, {new} and {old} differ by the coating alone"
    lead = f"what is compared with {old} is the treatment of {new} (its coating together with {steps})"
    if pair.blank:
        blank = titles.get(pair.blank, pair.blank)
        return f"{lead}; the coating's own effect is the difference from the blank, {blank}"
    return (
        f"{lead}; without a blank (the same steps and no coating) a difference is the "
        "treatment's, and whether the coating itself is the cause cannot be determined"
    )
