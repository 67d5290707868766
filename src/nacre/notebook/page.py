"""Pieces of HTML that a notebook shows: a box, a table, a list. Every word that comes from outside is escaped here."""

from collections.abc import Iterable, Sequence

from markupsafe import Markup, escape

ROWS = 12  # a table shows so many and says how many more there are
LETTERS = 160  # of a word in a table's cell
MOST = 45_000  # letters that a notebook keeps of one output


def box(title: str, *parts: str) -> str:
    """One output: what it is, then its parts; parts that would make it too long for a notebook are left out."""
    head = Markup("<div><b>{}</b>").format(title)
    kept, left = [], MOST - len(head)
    for part in parts:
        if len(part) <= left:
            kept.append(part)
            left -= len(part)
        else:
            kept.append(line("(the rest is too long for a notebook: see the report)"))
    return str(head + Markup("").join(kept) + Markup("</div>"))


def line(text: str) -> Markup:
    """A line of text."""
    return Markup("<div>{}</div>").format(text)


def lines(texts: Iterable[str], most: int = 6) -> Markup:
    """A list of sentences, the first ones and how many more there are."""
    texts = list(texts)
    if not texts:
        return Markup("")
    shown = Markup("").join(Markup("<li>{}</li>").format(_short(text, 400)) for text in texts[:most])
    more = Markup("<li>and {} more</li>").format(len(texts) - most) if len(texts) > most else ""
    return Markup("<ul>{}{}</ul>").format(shown, more)


def table(heads: Sequence[str], rows: Iterable[Sequence[object]], most: int = ROWS, rest: str = "") -> Markup:
    """A table of its first rows. `rest` says where the others can be had."""
    rows = list(rows)
    if not rows:
        return Markup("")
    head = Markup("").join(Markup("<th>{}</th>").format(text) for text in heads)
    body = Markup("").join(Markup("<tr>{}</tr>").format(_cells(row)) for row in rows[:most])
    made = Markup("<table><thead><tr>{}</tr></thead><tbody>{}</tbody></table>").format(head, body)
    if len(rows) <= most:
        return made
    return made + line(f"and {len(rows) - most:,} more rows{': ' if rest else ''}{rest}")


def folded(title: str, inside: Markup) -> Markup:
    """Something that opens with a click."""
    return Markup("<details><summary>{}</summary>{}</details>").format(title, inside) if inside else inside


def _cells(row: Sequence[object]) -> Markup:
    return Markup("").join(Markup("<td>{}</td>").format(_short(cell, LETTERS)) for cell in row)


def _short(text: object, most: int) -> Markup:
    if isinstance(text, Markup) or len(str(text)) <= most:
        return escape(text)
    return escape(str(text)[: most - 1] + "…")
