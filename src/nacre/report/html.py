"""The report: one HTML file that holds everything it shows, and opens without a server."""

import importlib.util
import json
import re
from collections.abc import Callable
from functools import lru_cache, partial
from importlib.resources import files
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from nacre.core.display import comparison_tables, wording
from nacre.core.display.style import MARKERS, Palette, palette
from nacre.core.errors import NacreError
from nacre.core.figure import Figure, Panel, extent
from nacre.core.guard import Guard
from nacre.core.outcome import Outcome
from nacre.core.study import in_its_words
from nacre.report import findings, methods, plots, tables
from nacre.report.cautions import cautions
from nacre.report.finding_blocks import FindingBlock
from nacre.report.ledger_graph import ledger_graph
from nacre.report.treatments import treatment_sentences


@in_its_words
def render(outcome: Outcome, guard: Guard | None = None) -> str:
    """The whole report as HTML text. Sees the outcome only; loads nothing from anywhere.

    What cannot be shown is left out and named on the page, with what `guard` has on its account already. Never
    raises: where the page itself cannot be made, a bare one says so.
    """
    guard = guard or Guard()
    page = guard.attempt("report page", _render_page, outcome, guard)
    return page or _render_bare_page(outcome, guard)


def _render_page(outcome: Outcome, guard: Guard) -> str:
    lost: dict[str, str] = {}  # why a section is not there, by its id

    def part(section: str, make: Callable, *args: Any, instead: Any = ()) -> Any:
        made = guard.attempt(f"section '{section}'", lambda: [make(*args)], instead=[])
        if not made:
            lost[section] = next(item.why for item in guard.left_out if item.what == f"section '{section}'")
        return made[0] if made else instead

    def section(name: str, heading: str, caller: Callable[[], str]) -> str:
        """What the template says between `call` and `endcall`; a notice in its place where that cannot be said."""
        text = part(name, caller, instead="") if name not in lost else ""
        return text if name not in lost else _NOTICE.format(id=name, heading=heading, why=lost[name])

    figures = part("figures", comparison_tables.figures, outcome, guard, instead=[])
    samples = palette(outcome.study, figures)
    page = _make_environment().get_template("report.html")
    return page.render(
        outcome=outcome,
        study=outcome.study,
        title=wording.formula(outcome.study.title or outcome.study.name),
        when=outcome.when[:16].replace("T", " "),
        samples=[_make_chip(outcome, name, samples) for name in outcome.study.samples],
        colours={name: samples.colour(name) for name in samples.colours},
        summary=_summarise(outcome),
        virtual=_describe_virtual(outcome),
        section=section,
        lost=lost,
        guard=guard,
        findings=lambda: _render_findings(outcome, guard),
        groups=part("figures", _group_figures, outcome, figures, samples, guard),
        blocks=part("quantities", tables.quantities, outcome, guard),
        published=part("published", tables.published, outcome, guard),
        contrasts=part("contrasts", tables.contrasts, outcome, guard),
        ledger=part("ledger", tables.ledger, outcome, guard),
        ledger_graph=Markup(guard.attempt("graph of the ledger", ledger_graph, outcome.ledger, instead="")),
        checks=part("checks", tables.checks, outcome),
        treatments=part("experimental", treatment_sentences, outcome),
        preparation=part("experimental", methods.preparation, outcome.study),
        materials=part("experimental", methods.materials, outcome.study),
        cells=part("experimental", methods.cells, outcome.study, instead=((), ())),
        methods=part("experimental", methods.methods, outcome),
        references=part("references", methods.references, outcome, instead={}),
        options=tables.options,
        css=Markup(_read_text("report.css")),
        js=Markup(_read_text("report.js")),
        plotly=Markup(_read_plotly()),
    )


def _render_findings(outcome: Outcome, guard: Guard) -> list[FindingBlock]:
    """The findings, or at least what to keep in mind."""
    made = guard.attempt("findings", findings.findings, outcome, guard)
    return [FindingBlock("To keep in mind", cautions(outcome, guard.left_out))] if made is None else made


_NOTICE = Markup(
    '<section id="{id}"><h2>{heading}</h2><p class="notice">This section could not be written: {why}</p></section>'
)
_BARE = Markup(
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title></head><body><h1>{title}</h1>'
    "<p>The report could not be laid out. The numbers are in results.json beside this file.</p>{rows}</body></html>"
)


def _render_bare_page(outcome: Outcome, guard: Guard) -> str:
    """A page that says no more than what is missing."""
    rows = Markup("").join(Markup("<p>{}</p>").format(item) for item in guard.left_out)
    return str(_BARE.format(title=outcome.study.name, rows=rows))


@lru_cache(maxsize=1)
def _make_environment() -> jinja2.Environment:
    settings: dict[str, Any] = {
        "autoescape": True,
        "trim_blocks": True,
        "lstrip_blocks": True,
        "undefined": jinja2.StrictUndefined,
    }
    page = jinja2.Environment(loader=jinja2.FunctionLoader(_read_text), **settings)
    page.filters["anchor"] = lambda text: re.sub(r"[^\w-]+", "-", str(text)).strip("-").lower()
    page.globals["title_of"] = findings.title
    page.globals["words"] = wording
    return page


def _read_text(name: str) -> str:
    return files("nacre.report").joinpath(name).read_text(encoding="utf-8")


@lru_cache(maxsize=1)
def _read_plotly() -> str:
    """plotly.js as the plotly package ships it, found without importing the package."""
    spec = importlib.util.find_spec("plotly")
    if spec is None or not spec.submodule_search_locations:
        raise NacreError("plotly is not installed", do="install Nacre with pip, which brings it")
    folder = Path(spec.submodule_search_locations[0])
    source = (folder / "package_data" / "plotly.min.js").read_text(encoding="utf-8")
    return source.replace("</script", "<\\/script")


def _dump_json(value: Any) -> Markup:
    """JSON for a script element: no `<` in it can end the element."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029"))


def _make_chip(outcome: Outcome, name: str, samples: Palette) -> dict[str, str]:
    marker = samples.markers.get(name, MARKERS[0])
    return {"name": name, "title": outcome.study.samples[name].title, "colour": samples.colour(name), "marker": marker}


def _summarise(outcome: Outcome) -> str:
    study = outcome.study
    done = len({result.analysis or str(result.subject) for result in outcome.results})
    parts = [
        wording.count(len(study.samples), "sample"),
        wording.count(len(study.cells), "cell"),
        wording.count(done, "analysis", "analyses"),
        wording.count(sum(len(result.entries) for result in outcome.results), "quantity", "quantities"),
    ]
    failed = f"; {wording.count(len(outcome.failures), 'analysis', 'analyses')} failed" if outcome.failures else ""
    return wording.sentence(wording.several(parts) + failed)


def _describe_virtual(outcome: Outcome) -> str:
    """What is to be said before anything else where results come from virtual files."""
    n = sum(result.origin == "synthetic" for result in outcome.results)
    if not n:
        return ""
    which = "All" if n == len(outcome.results) else f"{n} of {len(outcome.results)}"
    return f"{which} results of this report come from files that a virtual instrument wrote, not from a laboratory."


# --- figures ------------------------------------------------------------------------------------------------


def _make_items(figure: Figure, samples: Palette, i: int) -> list[dict[str, Any]]:
    return [_make_item(figure, samples, i)]


def _group_figures(outcome: Outcome, figures: list[Figure], samples: Palette, guard: Guard) -> list[tuple]:
    """(heading, figures, tables) in the paper's order: Figure 1, 2, ..., S1, ..., tables, then what has no place.

    A study without the reference paper's numbers has a heading per technique instead.
    """
    groups: dict[str, tuple[list[dict[str, Any]], list[comparison_tables.ComparisonTable]]] = {}
    sheets = [sheet for sheet in comparison_tables.tables(outcome, guard) if sheet.printed]
    topic = {sheet.key: sheet.key for sheet in sheets}
    topic |= {figure.key: result.technique for result in outcome.results for figure in result.figures}
    items: list[Figure | comparison_tables.ComparisonTable] = [*figures, *sheets]
    for i, item in enumerate(sorted(items, key=lambda item: comparison_tables.place_key(item.place))):
        heading = _group(item.place) if outcome.study.paper_numbers else _name_topic(topic, item)
        if not isinstance(item, Figure):
            groups.setdefault(heading, ([], []))[1].append(item)
            continue
        called = f"{comparison_tables.figure_words(item)} on the page"
        drawn = guard.attempt(called, partial(_make_items, item, samples, i), instead=[])
        # a figure that could not be drawn leaves no empty heading behind
        if drawn:
            groups.setdefault(heading, ([], []))[0].extend(drawn)
    return [(heading, *both) for heading, both in groups.items()]


def _name_topic(topic: dict[str, str], thing: Figure | comparison_tables.ComparisonTable) -> str:
    """The heading of a figure or table: its technique; that of several together is none of theirs."""
    return wording.technique_words(topic[thing.key]) if thing.key in topic else "Doses"


def _make_item(figure: Figure, samples: Palette, i: int) -> dict[str, Any]:
    drawn = plots.draw(figure, samples)
    name = re.sub(r"[^\w.+-]+", "_", f"{figure.place} {figure.key}".strip())
    return {
        "id": f"fig-{i + 1}",
        "figure": figure,
        "wide": figure.wide or len(figure.panels) > 1,
        "panels": [panel.title for panel in figure.panels],
        "shapes": [_shape(panel) for panel in figure.panels],
        "data": _dump_json(drawn),
        "file": f"{name}.csv",
        "thinned": drawn["thinned"],
    }


def _shape(panel: Panel) -> float | None:
    """Width over height of a panel's picture; None where there is none, and the page chooses."""
    if panel.picture is None:
        return None
    (left, right), (low, high) = extent(panel.picture.x), extent(panel.picture.y)
    return round((right - left) / (high - low), 3)


def _group(place: str) -> str:
    match = re.match(r"\s*(fig|tab)\w*\.?\s*(S?\d+)", place, re.IGNORECASE)
    if not match:
        return "Further figures"
    return f"{'Table' if match[1].lower() == 'tab' else 'Figure'} {match[2].upper()}"
