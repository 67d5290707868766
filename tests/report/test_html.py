"""The report as a file: whole, self-contained, escaped, and true to its figures' numbers."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from nacre.core.display import comparison_tables
from nacre.core.display.style import palette
from nacre.core.figure import Axis, Figure, Panel, Series, columns, merge
from nacre.core.outcome import Outcome
from nacre.core.quantity import Quantity
from nacre.core.result import Entry, Result, Subject
from nacre.report import html, plots, tables
from report.demo_outcome import demo

VOID = {"meta", "input", "br", "link", "line", "circle", "img"}


class Page(HTMLParser):
    """Every element with its attributes; complains of elements that are not closed in order."""

    def __init__(self, text):
        super().__init__()
        self.open, self.elements, self.words = [], [], []
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] not in ("script", "style"):
            self.words.append(data)

    @property
    def text(self):
        return re.sub(r"\s+", " ", " ".join(self.words))


@pytest.fixture
def no_plotly(monkeypatch):
    monkeypatch.setattr(html, "_read_plotly", lambda: "")


@pytest.fixture
def page(no_plotly):
    return Page(html.render(demo(replicates=2)))


def test_nothing_is_loaded_from_anywhere():
    text = html.render(demo(cycles=3))
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', text)[1]
    assert policy.startswith("default-src 'none'")
    for tag, attrs in Page(text).elements:
        assert tag not in ("img", "iframe", "object", "embed", "link")
        assert "src" not in attrs
        assert attrs.get("href", "#").startswith("#")
    assert "@import" not in text.split("</style>")[0]
    assert "url(" not in text.split("</style>")[0]
    assert "plotly.js v" in text
    assert len(text.encode()) < 15e6


def test_every_section_is_there_and_linked(page):
    ids = {attrs["id"] for _, attrs in page.elements if "id" in attrs}
    links = {attrs["href"][1:] for tag, attrs in page.elements if tag == "a" and attrs["href"].startswith("#")}
    assert links <= ids
    assert {"findings", "figures", "quantities", "contrasts", "published", "ledger", "failures"} <= ids
    assert {"checks", "experimental", "references", "provenance"} <= ids
    assert len(ids) == sum("id" in attrs for _, attrs in page.elements)


def test_hostile_names_are_shown_and_not_obeyed(no_plotly):
    text = html.render(demo(titles=("<script>alert(1)</script>", 'B & "Ü"')))
    assert "<script>alert" not in text
    assert "raw/bare-1_ä&lt;1&gt;.txt" in text
    assert "xps:&lt;hf4f&gt; &amp; größer.vms" in text
    assert "<hf4f>" not in text
    Page(text)


def test_text_inside_figures_is_escaped_for_plotly():
    axis = Axis("<b>x</b>", "V")
    series = Series("text", [1.0], [1.0], words=("a<b & c",))
    drawn = plots.draw(Figure("k", "t", (Panel(axis, axis, (series,)),)), palette(demo().study))
    assert drawn["panels"][0]["layout"]["xaxis"]["title"]["text"] == "&lt;b&gt;x&lt;/b&gt; / V"
    assert drawn["panels"][0]["traces"][0]["text"] == ["a&lt;b &amp; c"]


def test_the_report_says_that_data_are_virtual_and_only_then(no_plotly):
    virtual = Page(html.render(demo())).text
    assert "All results of this report come from files that a virtual instrument wrote" in virtual
    assert "software round trip, not evidence" in virtual
    real = html.render(demo(origin="measured"))
    assert "virtual instrument" not in real
    assert "virtual data" not in real
    assert "round trip" not in real


def test_values_uncertainties_and_their_absence(page):
    assert "12.3(8) nm" in page.text
    assert "no uncertainty estimated" in page.text
    assert "10.7 to 13.9" in page.text
    assert "Export the spectrum again as VAMAS." in page.text


def test_the_experimental_section_is_written_from_the_steps(page):
    assert "The material was pre-fired at 750 °C for 3 h in O₂." in page.text
    assert "The first steps were those of Bare-NCM85. Solvothermal synthesis was carried out at 250 °C" in page.text
    assert "It was then annealed at 700 °C for 2 h in O₂." in page.text
    assert "mass of cathode composite" in page.text
    assert "The cycling data were evaluated at 45 °C." in page.text


def test_references_are_numbered_once(page):
    assert page.text.count("Guide to the expression of uncertainty in measurement.") == 1
    assert ("a", {"href": "#ref-2"}) in page.elements


def test_long_series_are_folded(no_plotly):
    text = html.render(demo(cycles=200))
    table = text.split('<section id="quantities">')[1].split("</section>")[0]
    rows, folded = table.split("<details", 1)
    assert "ageing, cycle 200, 0.2C" in rows
    assert "ageing, cycle 100, 0.2C" not in rows
    assert '<th scope="row" class="num">100</th>' in folded


@pytest.mark.parametrize("outcome", [Outcome(demo().study), replace(demo(), results=(), contrasts=(), ledger=())])
def test_a_study_without_results_still_has_a_report(no_plotly, outcome):
    assert "No quantity was determined." in Page(html.render(outcome)).text


def test_every_figure_holds_the_numbers_of_its_series():
    outcome = demo()
    figures = merge(figure for result in outcome.results for figure in result.figures)
    for figure in figures:
        drawn = json.loads(json.dumps(plots.draw(figure, palette(outcome.study, figures)), allow_nan=False))
        wanted = columns(figure)
        assert [c["name"] for c in drawn["columns"]] == [c.name for c in wanted]
        for column, truth in zip(drawn["columns"], wanted, strict=True):
            values = _values(column, drawn["panels"])
            if truth.values.dtype.kind in "USO":
                assert values == truth.values.tolist()
            else:
                np.testing.assert_allclose(
                    np.array(values, float), truth.values, rtol=1e-6 if truth.part != "z" else 1e-3
                )
            assert ("virtual data" in column["comment"]) == figure.synthetic


def _values(column, panels):
    if "values" in column:
        return column["values"]
    panel, trace, part = column["at"]
    trace = panels[panel]["traces"][trace]
    if not part.startswith("heat-"):
        return trace[part]
    grid = dict(zip("xy", np.meshgrid(trace["x"], trace["y"]), strict=True)) | {"z": np.array(trace["z"])}
    return grid[part[-1]].ravel().tolist()


def test_figures_of_one_key_are_one_figure_with_one_colour_a_sample(no_plotly):
    outcome = demo(replicates=2)
    text = html.render(outcome)
    assert text.count("First-cycle voltage profiles.</b>") == 1
    figures = merge(figure for result in outcome.results for figure in result.figures)
    samples = palette(outcome.study, figures)
    for figure in figures:
        for panel in plots.draw(figure, samples)["panels"]:
            named = [t for t in panel["traces"] if t.get("showlegend")]
            assert len({t["name"] for t in named}) == len(named)
    first = plots.draw(figures[0], samples)["panels"][0]["traces"]
    assert {(t["name"], t["line"]["color"]) for t in first} == {("Bare-NCM85", "#D55E00"), ("LHO-NCM85", "#0072B2")}


def test_figures_stand_in_the_papers_order():
    places = ["Fig. S2", "", "Fig. 10", "Tab. S1", "Fig. 4b", "Fig. 4a", "Fig. 2"]
    ordered = sorted(places, key=comparison_tables.place_key)
    assert ordered == ["Fig. 2", "Fig. 4a", "Fig. 4b", "Fig. 10", "Fig. S2", "Tab. S1", ""]


def test_axes_follow_the_figure():
    axis = plots.axis(Axis("E_B", "eV", limits=(100.0, 1.0), reverse=True, scale="log"), ())
    assert axis["range"] == [2.0, 0.0] or axis["range"] == [0.0, 2.0][::-1]
    assert plots.axis(Axis("wavenumber", "1/cm", reverse=True), ())["autorange"] == "reversed"
    figure = merge([f for r in demo().results for f in r.figures if f.key == "eis"])[0]
    nyquist, bode = plots.draw(figure, palette(demo().study))["panels"]
    assert nyquist["layout"]["yaxis"]["scaleanchor"] == "x"
    assert bode["layout"]["xaxis"]["type"] == "log"
    rule = bode["layout"]["annotations"][0]
    assert (rule["text"], rule["x"]) == ("1 Hz", 0.0)


def test_a_long_series_is_thinned_and_keeps_its_extremes():
    y = np.sin(np.arange(100_000) / 500.0)
    y[54_321] = 9.0
    keep = plots.thin(y)
    assert len(keep) <= plots.LONGEST + 2
    assert 54_321 in keep
    assert keep[0] == 0
    assert keep[-1] == len(y) - 1


def test_numbers_that_are_none_are_null():
    assert plots.numbers([1.0, float("nan"), float("inf"), 0.123456789, 3]) == [1, None, None, 0.1234568, 3]


def test_contrasts_show_the_digits_their_difference_needs():
    rows = tables.contrasts(demo(replicates=3))
    first = rows[0]
    assert (first["new"], first["old"], first["difference"], first["ratio"]) == ("187", "162", "25.1", "1.15")
    assert first["interval"] == "21.1 to 29.1"
    assert first["bar"]["left"] > 50
    unproven = tables.contrasts(demo(replicates=1))[0]
    assert (unproven["interval"], unproven["bar"], unproven["verdict"]) == ("–", None, "seen")


def test_published_values_stand_beside_ours():
    rows = tables.published(demo(replicates=3))
    assert [row["verdict"] for row in rows] == ["agrees", "agrees", "agrees"]
    assert rows[0]["ours"] == "162.1(9)"
    assert rows[0]["note"] == "mean of 3 cells"
    swapped = tables.published(demo(replicates=3, swapped=True))
    assert [row["verdict"] for row in swapped][:2] == ["differs", "differs"]


def test_the_cell_model_stands_apart_and_says_whether_it_was_fitted():
    outcome = demo()
    assert not any(row["model"] for row in tables.published(outcome))
    told = outcome.study.reported[0]
    entry = Entry(told.name, replace(told.quantity, value=told.quantity.value + 1), told.state, Subject(told.sample))
    for origin, note in (("calibrated", "fitted to it"), ("predicted", "without it")):
        model = Result("calibration", "calibration", entries=(entry,), origin=origin)
        both = replace(outcome, results=(*outcome.results, model))
        first, *others = tables.published(both)
        assert (first["model_note"], first["ours"]) == (note, tables.published(outcome)[0]["ours"])
        assert float(first["model"].split("(")[0]) == pytest.approx(told.quantity.value + 1, abs=0.6)
        assert not any(row["model"] for row in others)
        assert "Cell model" in html.render(both)
    assert "Cell model" not in html.render(outcome)
    models = [Result("calibration", o, entries=(entry,), origin=o) for o in ("calibrated", "predicted")]
    first = tables.published(replace(outcome, results=(*outcome.results, *models)))[0]
    assert first["model_note"] == f"fitted to it; {first['model']} without it"


def test_a_published_value_that_cannot_be_judged_says_why():
    outcome = demo()
    bare = Entry("shell_thickness", Quantity(12.3, "nm"))
    lone = replace(outcome, results=(Result("shell", "shell", Subject("lho"), (bare,)),))
    verdicts = [row["verdict"] for row in tables.published(lone)]
    assert verdicts[:2] == ["not determined here", "not determined here"]
    assert verdicts[2] == "equal as rounded; ours has no uncertainty"
    far = replace(
        lone, results=(Result("shell", "shell", Subject("lho"), (replace(bare, quantity=Quantity(14.0, "nm")),)),)
    )
    assert tables.published(far)[2]["verdict"] == "cannot be judged: ours has no uncertainty"
    loose = replace(outcome.study, reported=(replace(outcome.study.reported[0], state={}),))
    assert "state is too loose" in tables.published(replace(outcome, study=loose))[0]["verdict"]


def test_a_picture_has_its_proportions_and_lines_that_are_seen_on_it():
    """A picture is an image under the axes, not a heat map: no colour bar, overlays in colours, scale bar white."""
    z = np.arange(12, dtype=np.uint8).reshape(3, 4)
    x, y = np.array([0.5, 1.5, 2.5, 3.5]), np.array([0.5, 1.5, 2.5])
    lines = (
        Series("line", [0, 1], [0, 1], "particles", group="particles"),
        Series("line", [1, 2], [0, 1], "cracks", group="cracks"),
        Series("line", [1, 2], [2, 2], legend=False),
    )
    axes = Axis("x", "um", equal=True), Axis("y", "um", equal=True, reverse=True)
    figure = Figure("k", "t", (Panel(*axes, (Series("picture", x, y, z=z), *lines)),))
    drawn = plots.draw(figure, palette(demo().study))
    (panel,) = drawn["panels"]
    (image,) = panel["layout"]["images"]
    assert image["source"].startswith("data:image/png;base64,")
    assert (image["x"], image["y"], image["sizex"], image["sizey"]) == (0.0, 0.0, 4.0, 3.0)
    assert panel["layout"]["xaxis"]["range"] == [0.0, 4.0] and panel["layout"]["yaxis"]["range"] == [3.0, 0.0]
    colours = [trace["line"]["color"] for trace in panel["traces"]]
    assert len(set(colours)) == 3 and colours[2] == "#FFFFFF"
    assert [column["name"] for column in drawn["columns"]] == ["x", "y"] * 3
    assert html._shape(figure.panels[0]) == pytest.approx(4 / 3, abs=1e-3)


def test_a_short_logarithmic_axis_has_more_than_one_number():
    def step(last):
        panel = Panel(Axis("x", "nm", scale="log"), Axis("y"), (Series("line", [1.0, last], [1.0, 2.0]),))
        drawn = plots.draw(Figure("k", "t", (panel,)), palette(demo().study))
        return drawn["panels"][0]["layout"]["xaxis"]["dtick"]

    assert step(30.0) == "D2" and step(1e4) == 1


def test_long_names_under_an_axis_take_two_lines():
    drawn = plots.axis(Axis("", categories=("a", "bare pristine")), ("a", "bare <pristine>"))
    assert drawn["ticktext"] == ["a", "bare<br>&lt;pristine&gt;"]


def test_a_study_of_its_own_has_figures_by_technique_and_no_papers_numbers():
    outcome = demo()
    own = replace(outcome, study=replace(outcome.study, paper_numbers=False))
    page = html.render(own)
    assert '<h3 id="figure-4">' in html.render(outcome)
    assert not re.search(r"<h3[^>]*>Figure \d|<b>(Fig|Tab)\. ", page)
    assert [figure.key for figure in comparison_tables.figures(own)] == [
        f.key for f in comparison_tables.figures(outcome)
    ]
    assert not any(table.place for table in comparison_tables.tables(own))
