"""Findings say what the numbers say: no more, and the other way round when the samples are."""

import re
from dataclasses import replace

import pytest

from nacre.core.outcome import Contrast, Outcome
from nacre.report.findings import findings
from report.demo_outcome import demo


def texts(outcome) -> str:
    return "\n".join(f"{row.kind}: {row.text} [{row.note}]" for _, rows in findings(outcome) for row in rows)


def of(outcome, name) -> list:
    return [row for _, rows in findings(outcome) for row in rows if name in row.text]


def test_a_difference_with_an_interval_is_stated_with_it():
    rows = of(demo(replicates=3), "specific discharge capacity (rate, cycle 1, 0.1C)")
    assert [row.kind for row in rows] == ["shown"]
    assert rows[0].text == (
        "The specific discharge capacity (rate, cycle 1, 0.1C) of LHO-NCM85 is 25.1 mAh/g higher than that of "
        "Bare-NCM85: 187 mAh/g against 162 mAh/g."
    )
    assert rows[0].note == "95 % interval of the difference 21.1 to 29.1 mAh/g; n = 3 and 3"


def test_one_cell_each_is_never_a_proven_difference():
    outcome = demo(replicates=1)
    rows = of(outcome, "specific discharge capacity (rate, cycle 1, 0.1C)")
    assert rows[0].kind == "seen"
    assert "was seen 25.1 mAh/g higher" in rows[0].text
    assert rows[0].note == "one cell each: no interval can be given, and the difference is not proven"
    assert "shown:" not in texts(outcome)


def test_an_interval_that_holds_zero_is_no_difference():
    rows = of(demo(replicates=3), "bulk resistance")
    assert rows[0].kind == "same"
    assert rows[0].text.startswith("No difference in the bulk resistance (cycle 200) can be told between")
    assert "−1.4 to 1.6 Ω cm²" in rows[0].note


def test_sentences_swap_when_the_samples_swap():
    right, wrong = (of(demo(replicates=3, swapped=s), "cathode interfacial resistance")[0].text for s in (False, True))
    assert "LHO-NCM85 is 801 Ω cm² lower than that of Bare-NCM85" in right
    assert "LHO-NCM85 is 801 Ω cm² higher than that of Bare-NCM85" in wrong


def test_no_sample_is_known_beforehand():
    said = texts(demo(("a", "b"), ("Alpha", "Beta"), replicates=3))
    assert "Beta is 25.1 mAh/g higher than that of Alpha" in said
    assert not re.search(r"NCM|LHO|\bbare\b", said)


def test_percent_differ_by_percentage_points():
    rows = of(demo(replicates=3), "Coulombic efficiency (rate")
    assert "is 3.80 percentage points higher" in rows[0].text
    assert "3.2 to 4.4 percentage points" in rows[0].note


def test_virtual_data_are_said_in_every_sentence_that_rests_on_them():
    virtual = [row for head, rows in findings(demo()) for row in rows if "against" in head]
    assert virtual
    assert all(row.virtual for row in virtual)
    real = [row for _, rows in findings(demo(origin="measured")) for row in rows]
    assert not any(row.virtual for row in real)
    assert "virtual instrument" not in texts(demo(origin="measured"))


def test_a_long_series_of_contrasts_shows_its_ends():
    outcome = demo()
    series = tuple(
        Contrast("capacity_retention", "bare", "lho", float(i), "%", {"cycle": i, "segment": "ageing"}, 0.1, 2.0 * i)
        for i in range(1, 101)
    )
    rows = of(replace(outcome, contrasts=series), "capacity retention (ageing")
    assert [re.search(r"cycle (\d+)", row.text)[1] for row in rows] == ["1", "100"]


def test_failures_warnings_and_the_ledger_are_told():
    said = texts(demo())
    assert "One analysis failed and left no numbers: xps:<hf4f> & größer.vms." in said
    assert "two warnings" in said
    assert "Of three relations between techniques, 1 holds, 1 is broken and 1 cannot be told." in said
    assert "computed 3.24 nm, stated 12.00 nm, 11.0 standard deviations apart" in said
    assert "lithium lost by carbonate is found in Li₂HfO₃. [an acid titration of both powders would tell]" in said


def test_quantities_without_a_counterpart_are_listed_with_their_uncertainty():
    said = texts(demo())
    assert "LHO-NCM85: shell thickness 12.3(8) nm and shell coverage 91 % (no uncertainty estimated)." in said


@pytest.mark.parametrize(("n", "words"), [((2, 1), "two cells and one cell"), ((2, 2), "two cells and two cells")])
def test_few_replicates_without_an_interval(n, words):
    outcome = demo()
    contrast = replace(outcome.contrasts[0], n_reference=n[0], n_treated=n[1])
    assert words in texts(replace(outcome, contrasts=(contrast,)))


def test_nothing_found_says_nothing():
    assert findings(Outcome(demo().study)) == []
