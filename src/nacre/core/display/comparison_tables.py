"""The figures of a study, and tables that set what a technique found for each sample side by side, as a paper prints
them. Both come in the order of the reference paper; they carry its numbers only where the study asks for them.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from nacre.core.display import wording
from nacre.core.display.dose_figures import dose_figures
from nacre.core.display.style import pretty_unit
from nacre.core.figure import Figure, Panel, merge, of_cell
from nacre.core.guard import UNGUARDED, Empty, Guard
from nacre.core.outcome import Outcome
from nacre.core.quantity import Quantity
from nacre.core.registry import techniques
from nacre.core.result import Entry, Result

LONG = 6  # states of one quantity that differ in their cycle alone; of more, the first and the last are shown


@dataclass(frozen=True)
class ComparisonRow:
    """One quantity in one state: its words, unit and state, and a quantity per column (None where there is none).

    called : its words where they hold a state; else those of its name.
    """

    name: str
    state: str
    unit: str
    cells: tuple[Quantity | None, ...]
    called: str = ""

    @property
    def words(self) -> str:
        return self.called or wording.name_words(self.name)

    @property
    def head(self) -> str:
        unit = pretty_unit(self.unit)
        text = f"{self.words} / {unit}" if unit else self.words
        return f"{text}, {self.state}" if self.state else text

    @property
    def texts(self) -> tuple[str, ...]:
        """The cells as they are printed: `8.32(5)`, an en dash where there is none."""
        return tuple("–" if q is None else wording.value(q) for q in self.cells)


@dataclass(frozen=True)
class ComparisonTable:
    """`columns` are titles of samples (of cells, where a sample has several); `place` as in "Tab. S1".

    printed : whether a paper would print it, rather than keep it for those who ask.
    """

    key: str
    title: str
    place: str
    columns: tuple[str, ...]
    lines: tuple[ComparisonRow, ...]
    synthetic: bool
    printed: bool = False

    @property
    def caption(self) -> str:
        text = f"{self.title}. One standard deviation of the last digits in brackets"
        return text + (" (virtual data)." if self.synthetic else ".")


def figures(outcome: Outcome, guard: Guard = UNGUARDED) -> list[Figure]:
    """Every figure once, those of several samples as one, in the order of their places.

    Panels without a data point are left out, and figures without a panel.
    """
    groups: dict[str, list[tuple[Figure, str]]] = {}
    for result in outcome.results:
        for figure in result.figures:
            groups.setdefault(figure.key, []).append((figure, result.subject.cell))
    made = guard.each(
        lambda group: figure_words(group[0][0]), lambda group: _merge_figure(group, guard), groups.values()
    )
    made += guard.attempt("figures of doses", dose_figures, outcome.trends, instead=[])
    made.sort(key=lambda figure: place_key(figure.place))
    return made if outcome.study.paper_numbers else [replace(figure, place="") for figure in made]


def figure_words(figure: Figure) -> str:
    """What a figure is called where it is not shown."""
    return f"figure '{figure.title}'"


def _merge_figure(group: list[tuple[Figure, str]], guard: Guard) -> Figure:
    (figure,) = merge(of_cell(figure, cell) for figure, cell in group)
    panels = tuple(panel for panel in figure.panels if not panel.empty)
    if not panels:
        raise Empty("there is no data point to draw")
    for i, panel in enumerate(figure.panels):
        if panel.empty:
            guard.note(f"{_describe_panel(panel, i)} of {figure_words(figure)}", "there is no data point to draw")
    return replace(figure, panels=panels)


def _describe_panel(panel: Panel, i: int) -> str:
    return f"panel '{panel.title}'" if panel.title else f"panel {i + 1}"


def place_key(place: str) -> tuple:
    """Sorts `Fig. 2b` before `Fig. 10`, both before `Fig. S1`, and what has no place last."""
    match = re.match(r"\s*(fig|tab)\w*\.?\s*(S?)(\d+)\s*(\w*)", place, re.IGNORECASE)
    if not match:
        return (3, 0, place)
    kind, supporting, number, letter = match.groups()
    # figures of the text, of the supporting information, then tables
    group = 1 if supporting else 0
    if kind.lower() == "tab":
        group = 2
    return group, int(number), letter


def tables(outcome: Outcome, guard: Guard = UNGUARDED) -> list[ComparisonTable]:
    """One table per technique that found quantities; those with a place in the paper first, in its order."""
    by: dict[str, list[Result]] = {}
    for result in outcome.results:
        by.setdefault(result.technique, []).append(result)
    made = guard.each(
        lambda item: f"table '{wording.technique_words(item[0])}'",
        lambda item: _build_table(outcome, *item),
        by.items(),
    )
    made = sorted(made, key=lambda table: (not table.place, table.place))
    return made if outcome.study.paper_numbers else [replace(table, place="") for table in made]


def _build_table(outcome: Outcome, technique: str, results: list[Result]) -> ComparisonTable:
    rows = [(result, entry) for result in results for entry in result.entries]
    if not rows:
        raise Empty("no quantity was determined")
    columns = _list_columns(outcome, rows)
    found: dict[tuple[str, str, str], dict[str, Entry]] = {}
    for result, entry in _shorten(rows):
        key = entry.name, wording.state_words(entry.state, entry.name), wording.name_words(entry.name, entry.state)
        found.setdefault(key, {}).setdefault(columns[_name_subject(result, entry)], entry)
    titles = tuple(dict.fromkeys(columns.values()))
    lines = []
    for (name, state, called), entries in found.items():
        unit = next(iter(entries.values())).quantity.unit
        cells = tuple(entries[t].quantity.to(unit) if t in entries else None for t in titles)
        lines.append(ComparisonRow(name, state, unit, cells, called))
    known = techniques().get(technique)
    title, place = wording.technique_words(technique), known.place if known else ""
    synthetic = any(r.origin == "synthetic" for r in results)
    return ComparisonTable(technique, title, place, titles, tuple(lines), synthetic, bool(place))


def _name_subject(result: Result, entry: Entry) -> tuple[str, str, str]:
    about = entry.subject or result.subject
    return about.sample, about.cell, about.measurement


def _list_columns(outcome: Outcome, rows) -> dict[tuple[str, str, str], str]:
    """A title per subject: its sample's, with the cell or the measurement where the sample has several."""
    study = outcome.study
    order = list(study.samples)
    subjects = list(dict.fromkeys(_name_subject(result, entry) for result, entry in rows))
    sample_of = {s: s[0] or (study.cells[s[1]].sample if s[1] in study.cells else "") for s in subjects}
    subjects.sort(key=lambda s: order.index(sample_of[s]) if sample_of[s] in order else len(order))
    titles = {}
    for subject in subjects:
        sample = sample_of[subject]
        title = study.samples[sample].title if sample in study.samples else sample or "study"
        cells = {s[1] for s in subjects if sample_of[s] == sample and s[1]}
        titles[subject] = f"{title}, {subject[1]}" if len(cells) > 1 and subject[1] else title
    return titles


def _shorten(rows):
    """Of long series over cycles the first and the last."""
    groups: dict[tuple, list] = {}
    for result, entry in rows:
        rest = tuple(sorted((k, str(v)) for k, v in entry.state.items() if k != "cycle"))
        groups.setdefault((entry.name, _name_subject(result, entry), rest), []).append((result, entry))
    kept = set()
    for group in groups.values():
        cyclic = len(group) > LONG and all("cycle" in entry.state for _, entry in group)
        ordered = sorted(group, key=_cycle) if cyclic else group
        kept.update(id(entry) for _, entry in ((ordered[0], ordered[-1]) if cyclic else ordered))
    return [pair for pair in rows if id(pair[1]) in kept]


def _cycle(pair: tuple[Result, Entry]) -> Any:
    state: Mapping[str, Any] = pair[1].state
    return state["cycle"]
