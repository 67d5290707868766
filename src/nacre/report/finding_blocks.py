"""What the first page is made of: findings, and blocks of them."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Finding:
    """A sentence, and how sure it is: shown (the interval leaves out zero), same, seen (not proven), plain, bad.

    heads and rows are a table under the sentence, where one sentence could not hold all states.
    """

    kind: str
    text: str
    note: str = ""
    virtual: bool = False
    basis: str = ""  # what the note rests on; said once for all findings that share it
    heads: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True)
class FindingBlock:
    """Findings under a heading. `note` holds for all of them; `more` are those of lesser weight, folded away."""

    heading: str
    rows: list[Finding]
    note: str = ""
    more: list[Finding] = field(default_factory=list)
