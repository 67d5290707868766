"""What a notebook shows: words, a table, a figure; short, and with every word from outside escaped."""

import re
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest

from cell.cells import LHO
from nacre.cell.ageing.jumping import JumpSettings
from nacre.cell.ageing.lifetime import age
from nacre.cell.impedance import compute_spectrum, find_point
from nacre.cell.simulate import simulate_protocol
from nacre.core.figure import Axis, Figure, Panel, Series
from nacre.core.outcome import Contrast, Failure
from nacre.core.quantity import Quantity
from nacre.core.result import Check, Entry, Result, Subject
from nacre.core.signal import Note, Source, Variable, table
from nacre.notebook import page
from nacre.notebook.show import show
from report.demo_outcome import demo

LONGEST = 50_000
HOSTILE = "<script>alert('x')</script>&\"-->"


@pytest.fixture(scope="module")
def outcome():
    return demo(replicates=3)


def sound(text: str) -> str:
    """The HTML, after a look at its length and at whether every tag is closed."""
    assert len(text) < LONGEST
    ElementTree.fromstring(text.replace("&nbsp;", " "))
    return text


def test_a_quantity_says_value_interval_and_where_from():
    text = sound(Quantity(8.32, "mg", 0.05, basis="replicates", origin="measured")._repr_html_())
    assert "8.32(5) mg" in text and "replicates" in text and "8.22 to 8.42" in text and "measured" in text
    bare = sound(Quantity(3.0, "V")._repr_html_())
    assert "no uncertainty estimated" in bare and "95 %" not in bare


def test_a_contrast_says_its_verdict_once_and_in_words(outcome):
    text = sound(outcome.contrasts[0]._repr_html_())
    assert "lho against bare" in text and "verdict" in text
    unknown = Contrast("discharge_capacity", "bare", "lho", 3.0, "mAh/g", verdict="cannot_tell")
    assert "cannot be determined" in sound(unknown._repr_html_())


def test_a_result_shows_its_numbers_and_its_first_figure(outcome):
    result = next(r for r in outcome.results if r.figures)
    text = sound(result._repr_html_())
    assert text.count("<svg ") == 1 and "<table>" in text and "virtual data" in text
    assert "<style" not in text, "the style of one drawing would hold for the whole page"


def test_a_study_lists_its_samples(outcome):
    text = sound(outcome.study._repr_html_())
    assert all(name in text for name in outcome.study.samples) and "2 samples" in repr(outcome.study)


def test_an_outcome_shows_failures_contrasts_and_where_the_numbers_are(outcome):
    text = sound(outcome._repr_html_())
    assert "größer.vms" in text and "&lt;hf4f&gt;" in text and "outcome.table()" in text
    assert text.count("<tr>") <= page.ROWS + 1


def test_a_signal_shows_variables_notes_and_its_curve():
    columns = {"test_time_second": (np.arange(5e4), "s"), "voltage_volt": (np.sin(np.arange(5e4) / 99), "V")}
    source, notes = Source("/data/a<b>.txt", "0" * 64, "maccor"), (Note("warning", HOSTILE),)
    text = sound(table("cycling", columns, source=source, notes=notes)._repr_html_())
    assert "a&lt;b&gt;.txt" in text and "<script>" not in text and "<svg " in text and "50000" in text
    arc = {"real_impedance_ohm": (np.arange(3.0), "ohm"), "imaginary_impedance_ohm": (-np.arange(3.0), "ohm")}
    assert "<svg " in sound(table("impedance", arc)._repr_html_())
    image = replace(table("image", {}), variables={"grey": Variable(np.zeros((40, 30)), "1", ("y", "x"))})
    assert "40 × 30" in sound(image._repr_html_())


def test_words_from_outside_are_escaped_wherever_they_stand(outcome):
    figure = Figure("k", HOSTILE, (Panel(Axis(HOSTILE), Axis("y"), (Series("line", [0, 1], [0, 1], label=HOSTILE),)),))
    entry = Entry("discharge_capacity", Quantity(1.0, "mAh/g"), {"segment": HOSTILE})
    result = Result("cycling", HOSTILE, Subject(HOSTILE), (entry,), figures=(figure,), checks=(Check("fail", HOSTILE),))
    study = replace(outcome.study, title=HOSTILE, name=HOSTILE)
    failed = replace(outcome, study=study, failures=(Failure(HOSTILE, HOSTILE),), doubts=(HOSTILE,))
    for thing in (result, study, failed):
        text = sound(thing._repr_html_())
        assert "alert" in text and "<script" not in text and "-->" not in text.replace("--&gt;", "")


def test_long_things_stay_short(outcome):
    x = np.linspace(0, 1, 30_000)
    many = tuple(Series("line", x, np.sin(99 * x + i), group=str(i)) for i in range(60))
    big = Figure("big", "Sixty lines", (Panel(Axis("x"), Axis("y"), many),))
    entries = tuple(Entry("discharge_capacity", Quantity(1.0, "mAh/g"), {"cycle": i}) for i in range(3000))
    text = sound(Result("cycling", "a", Subject("s"), entries, figures=(big,))._repr_html_())
    assert "and 2,988 more rows: result.entries" in text
    picture = Series(
        "picture", np.arange(900.0), np.arange(700.0), z=np.random.default_rng(1).uniform(0, 255, (700, 900))
    )
    image = Figure("image", "Noise", (Panel(Axis("x"), Axis("y"), (picture,)),))
    sound(Result("sem_top", "a", Subject("s"), figures=(image,))._repr_html_())


def test_a_figure_that_cannot_be_drawn_costs_itself_alone():
    broken = Figure("k", "Broken", (Panel(Axis("x"), Axis("y"), (Series("line", [0, 1, 2], [0, 1]),)),))
    entry = Entry("discharge_capacity", Quantity(1.0, "mAh/g"))
    text = sound(Result("cycling", "a", Subject("s"), (entry,), figures=(broken,))._repr_html_())
    assert "Broken: this figure cannot be drawn (ValueError" in text and "mAh/g" in text


def test_the_cell_model_and_what_it_does():
    cell = LHO
    text = sound(cell._repr_html_())
    assert "cathode.contact" in text and "mg of active material" in text and "<svg " in text
    done = simulate_protocol(cell, "charge at 0.5C to 2.75 V; discharge at 0.5C to 1.35 V")
    shown = sound(done._repr_html_())
    assert "not measured" in shown and "all 2 steps ran" in shown and "<svg " in shown
    seen = sound(compute_spectrum(cell, find_point(cell, soc=0.5))._repr_html_())
    assert "Ω cm²" in seen and "contact" in seen and "<svg " in seen
    life = age(cell, "repeat 20 times: charge at 0.2C to 2.75 V; discharge at 0.2C to 1.35 V", jump=JumpSettings())
    assert "20" in sound(life._repr_html_()) and "life.table" in life._repr_html_()
    for thing in (cell, done, done.steps[0], life):
        assert len(repr(thing)) < 150 and re.match("<[A-Z]|<step 1", repr(thing))


def test_other_things_are_shown_as_text():
    assert show(3) is None
