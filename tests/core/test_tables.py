"""Tables of an outcome: quantities, cycles, contrasts, and the columns of curves and signals."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from nacre.core.errors import NacreError
from nacre.core.outcome import Outcome
from nacre.core.quantity import Quantity
from nacre.core.result import Curve, Entry, Result, Subject
from nacre.core.signal import Signal, Variable, table
from nacre.core.study import Cell, Sample, Study


@pytest.fixture
def outcome(tmp_path) -> Outcome:
    cells = {name: Cell(name, sample) for name, sample in (("b1", "bare"), ("c1", "coated"))}
    study = Study("two", tmp_path, samples={n: Sample(n) for n in ("bare", "coated")}, cells=cells)
    results = []
    for cell, scale in (("b1", 1.0), ("c1", 1.1)):
        entries = [
            Entry("discharge_capacity", Quantity(scale * q, "mAh/g", 1.0), {"cycle": n, "rate_C": rate})
            for n, rate, q in ((1, 0.1, 190.0), (2, 1 / 3, 150.0))
        ]
        curve = Curve("cycles", {"cycle": (np.array([1, 2]), "1"), "whole": (np.array([True, False]), "1"),
                                 "hold": (np.array([1.0, np.nan]), "h")})  # fmt: skip
        results.append(Result("cycling", f"cycling:{cell}", Subject("", cell, "rate"), tuple(entries), (curve,)))
    shell = Entry("capacity_retention", Quantity(80.0, "%"), {"cycle": 2}, Subject("coated"))
    return Outcome(study, (*results, Result("cycling", "joint", Subject(), (shell,))))


def test_a_row_per_quantity_with_the_state_in_columns_of_its_own(outcome):
    found = outcome.table()
    assert found.columns == ["sample", "cell", "measurement", "technique", "name", "cycle", "rate_C",
                             "value", "std", "lo95", "hi95", "unit", "n", "basis", "origin"]  # fmt: skip
    assert found.height == 5
    assert found["sample"].to_list() == ["bare", "bare", "coated", "coated", "coated"], "of a cell, its sample"
    last = found.row(-1, named=True)
    assert (last["name"], last["cycle"], last["rate_C"], last["std"]) == ("capacity_retention", 2, None, None)
    assert found["lo95"][0] == pytest.approx(190 - 1.959964)


def test_one_line_gives_the_capacities_asked_for(outcome):
    assert outcome.table("discharge_capacity", sample="coated", cycle=1)["value"].to_list() == pytest.approx([209.0])
    assert outcome.table("discharge_capacity", rate_C=0.3333333)["cell"].to_list() == ["b1", "c1"]
    assert outcome.table(["capacity_retention", "discharge_capacity"], cycle=[1, 2]).height == 5
    assert outcome.table(technique="cycling", cell="b1", measurement="rate").height == 2


def test_known_words_that_do_not_meet_give_no_row_and_all_columns(outcome):
    nothing = outcome.table("discharge_capacity", sample="bare", cycle=500)
    assert nothing.height == 0 and {"sample", "value", "unit", "origin"} <= set(nothing.columns)
    assert nothing.schema["value"] == pl.Float64 and nothing.schema["sample"] == pl.String
    assert outcome.table("r_cam_se").height == 0, "a word of the vocabulary that nothing was found for"


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda o: o.table("discharge_capasity"), "unknown quantity 'discharge_capasity'.*'discharge_capacity'"),
        (lambda o: o.table(sample="coted"), "unknown sample 'coted'.*'coated'"),
        (lambda o: o.table(technique="cyclin"), "unknown technique 'cyclin'.*'cycling'"),
        (lambda o: o.table(cycel=1), "unknown column or key of a state 'cycel'.*'cycle'"),
    ],
)
def test_a_misspelt_word_is_named_with_the_one_probably_meant(outcome, call, words):
    with pytest.raises(NacreError, match=words):
        call(outcome)


def test_a_row_per_cycle(outcome):
    found = outcome.cycles()
    assert found.shape == (4, 6) and found.columns[:3] == ["sample", "cell", "measurement"]
    assert found["hold / h"].to_list() == [1.0, None, 1.0, None] and found["sample"][0] == "bare"
    assert Outcome(outcome.study).cycles().height == 0


def test_a_row_per_contrast(outcome):
    from report.demo_outcome import demo

    made = demo(replicates=3)
    found = made.contrast_table()
    assert found.height == len(made.contrasts)
    first = made.contrasts[0]
    assert found["difference"][0] == first.difference and found["verdict"][0] == first.verdict
    assert set(first.state) <= set(found.columns) and "quantities" not in found.columns
    assert outcome.contrast_table().height == 0


def test_numbers_and_words_under_one_key_become_words(outcome):
    entries = (
        Entry("capacity_retention", Quantity(1.0, "%"), {"cycle": 1}),
        Entry("capacity_retention", Quantity(2.0, "%"), {"cycle": "last"}),
    )
    mixed = Outcome(outcome.study, (Result("cycling", "c", Subject("bare"), entries),))
    assert mixed.table()["cycle"].to_list() == ["1", "last"]


def test_what_came_of_virtual_files_is_marked_in_every_row(outcome):
    virtual = Outcome(outcome.study, tuple(replace(result, origin="synthetic") for result in outcome.results))
    assert set(virtual.table()["origin"]) == {"synthetic"} and set(outcome.table()["origin"]) == {"derived"}


def test_curves_and_signals_as_tables():
    curve = Curve("c", {"U": (np.array([1.0, 2.0]), "V"), "kind": (np.array(["a", "b"]), "1")})
    assert curve.table().columns == ["U / V", "kind"]
    signal = table("cycling", {"voltage_volt": (np.array([1.0, 2.0]), "V")})
    assert signal.table()["voltage_volt / V"].to_list() == [1.0, 2.0]
    image = Signal("image", {"grey": Variable(np.zeros((2, 2)), "1", ("y", "x"))}, name="a.tif")
    with pytest.raises(NacreError, match=r"a.tif: this signal \(image\) is no table; found axes y, x"):
        image.table()


def test_core_is_imported_without_polars():
    code = "import sys, nacre.core.outcome, nacre.core.signal; sys.exit('polars' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
