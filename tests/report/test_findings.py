"""Findings say what the numbers say: no more, and the other way round when the samples are."""

import re
from dataclasses import replace

import pytest

from nacre.core.outcome import Contrast, Outcome
from nacre.core.quantity import Quantity
from nacre.core.result import Check
from nacre.evidence.contrasts.verdicts import decide
from nacre.report.findings import _format_bounded, findings
from report.demo_outcome import demo


def told(outcome) -> list:
    """The findings, each contrast decided anew: tests change its numbers."""
    return findings(replace(outcome, contrasts=tuple(map(decide, outcome.contrasts))))


def texts(outcome) -> str:
    lines = []
    for block in told(outcome):
        lines.append(f"{block.heading} [{block.note}]")
        lines += [f"{row.kind}: {row.text} [{row.note}]" for row in block.rows + block.more]
    return "\n".join(lines)


def of(outcome, name) -> list:
    return [row for block in told(outcome) for row in block.rows + block.more if name in row.text]


def chapter(outcome, heading):
    return next(block for block in findings(outcome) if block.heading == heading)


def test_a_difference_with_an_interval_is_stated_with_it():
    rows = of(demo(replicates=3), "cathode interfacial resistance")
    assert [row.kind for row in rows] == ["shown"]
    assert rows[0].text == (
        "The cathode interfacial resistance of LHO-NCM85 is lower than that of Bare-NCM85, "
        "by 801 Ω cm² (50.2 against 851.0 Ω cm²; cycle 200)."
    )
    assert (
        rows[0].note == "95 % interval of the difference −846 to −756 Ω cm²; "
        "p < 0.001 by itself, p = 0.0010 adjusted for the number of endpoints"
    )
    assert "eplicates: 3 and 3" in texts(demo(replicates=3))


def test_states_that_agree_share_a_sentence():
    rows = of(demo(replicates=3), "specific discharge capacity")
    assert len(rows) == 1
    assert rows[0].text.endswith("is higher than that of Bare-NCM85, by 25.1 to 25.3 mAh/g in 4 states.")
    assert rows[0].heads == ("", "Bare-NCM85 / mAh/g", "LHO-NCM85 / mAh/g", "difference", "95 % interval")
    assert rows[0].rows[0] == ("rate, cycle 1, 0.1C", "162", "187", "25.1", "21.1 to 29.1")
    assert len(rows[0].rows) == 4


def test_two_states_stand_in_the_sentence():
    outcome = demo(replicates=3)
    pair = tuple(c for c in outcome.contrasts if c.name == "discharge_capacity")[:2]
    rows = of(replace(outcome, contrasts=pair), "specific discharge capacity")
    assert "by 25.1 mAh/g (187 against 162 mAh/g; rate, cycle 1, 0.1C) and by 25.3 mAh/g (155 against" in rows[0].text
    assert rows[0].note.startswith("95 % intervals of the difference 21.1 to 29.1; 21.3 to 29.3")
    assert not rows[0].rows


def test_states_that_disagree_do_not():
    outcome = demo(replicates=3)
    first, second, *_ = outcome.contrasts
    turned = replace(second, difference=-second.difference, lo95=-second.hi95, hi95=-second.lo95)
    rows = of(replace(outcome, contrasts=(first, turned)), "specific discharge capacity")
    assert ["higher" in row.text for row in rows] == [True, False]
    assert ["lower" in row.text for row in rows] == [False, True]


def test_one_cell_each_is_never_a_proven_difference():
    outcome = demo(replicates=1)
    rows = of(outcome, "specific discharge capacity")
    assert rows[0].kind == "seen"
    assert "was seen higher than that of Bare-NCM85, by 25.1 to 25.3 mAh/g" in rows[0].text
    assert "shown:" not in texts(outcome)
    block = chapter(outcome, "What the cells did")
    assert block.note == ("One cell each: no interval can be given, and the difference is not proven. Virtual data.")
    assert not any(row.note for row in block.rows + block.more if row.kind == "seen")


def test_an_interval_that_holds_zero_is_no_difference():
    rows = of(demo(replicates=3), "bulk resistance")
    assert rows[0].kind == "no_difference"
    assert rows[0].text == (
        "No difference in the bulk resistance was found between LHO-NCM85 and Bare-NCM85: "
        "18.10 against 18.00 Ω cm²; cycle 200."
    )
    assert "−1.4 to 1.6 Ω cm²" in rows[0].note


def test_samples_that_are_equal_within_what_matters_are_called_so():
    outcome = demo(replicates=3)
    one = replace(outcome.contrasts[0], margin=5.0, p_equal=0.01, lo95=-1.0, hi95=2.0)
    (row,) = of(replace(outcome, contrasts=(one,)), "specific discharge capacity")
    assert row.kind == "equal"
    assert row.text.startswith(
        "The specific discharge capacity of LHO-NCM85 equals that of Bare-NCM85 within 5.00 mAh/g"
    )


def test_what_nobody_asked_beforehand_is_said_to_be_exploratory():
    outcome = demo(replicates=3)
    one = replace(outcome.contrasts[0], endpoint="exploratory", p=0.001, p_adjusted=None)
    (row,) = of(replace(outcome, contrasts=(one,)), "specific discharge capacity")
    assert row.kind == "seen" and "exploratory: not among the questions asked beforehand" in row.note


def test_sentences_swap_when_the_samples_swap():
    right, wrong = (of(demo(replicates=3, swapped=s), "cathode interfacial resistance")[0].text for s in (False, True))
    assert "of LHO-NCM85 is lower than that of Bare-NCM85, by 801 Ω cm²" in right
    assert "of LHO-NCM85 is higher than that of Bare-NCM85, by 801 Ω cm²" in wrong


def test_no_sample_is_known_beforehand():
    said = texts(demo(("a", "b"), ("Alpha", "Beta"), replicates=3))
    assert "of Beta is higher than that of Alpha, by 25.1 to 25.3 mAh/g" in said
    assert not re.search(r"NCM|LHO|\bbare\b", said)


def test_percent_differ_by_percentage_points():
    rows = of(demo(replicates=3), "Coulombic efficiency of")
    assert "by 3.80 percentage points (82.4 against 78.6 %; rate, cycle 1, 0.1C)" in rows[0].text
    assert "3.2 to 4.4 percentage points" in rows[0].note


def test_virtual_data_are_said_in_every_sentence_that_rests_on_them():
    assert "Virtual data." in findings(demo(replicates=1))[0].note
    for block in findings(demo(replicates=3))[:2]:
        assert "Virtual data." in block.note or all(row.virtual for row in block.rows + block.more)
    real = [row for block in findings(demo(origin="measured")) for row in block.rows + block.more]
    assert not any(row.virtual for row in real)
    assert "irtual" not in texts(demo(origin="measured"))


def test_a_chapter_per_question_and_the_rest_is_folded():
    outcome = demo(replicates=3)
    rows = (*outcome.contrasts, *(replace(c, name="charge_energy", unit="mWh/g") for c in outcome.contrasts[:3]))
    blocks = told(replace(outcome, contrasts=rows))
    assert [block.heading for block in blocks[:3]] == [
        "What the coating is", "What the cells did", "What lies behind it"
    ]  # fmt: skip
    assert "discharge capacity" in blocks[1].rows[0].text
    assert {row.text.split(" of ")[0] for block in blocks for row in block.more} >= {"The specific charge energy"}
    assert not any("charge energy" in row.text for block in blocks for row in block.rows)


def test_a_long_series_of_contrasts_shows_its_ends():
    outcome = demo()
    series = tuple(
        Contrast("capacity_retention", "bare", "lho", float(i), "%", {"cycle": i, "segment": "ageing"}, 0.1, 2.0 * i)
        for i in range(1, 101)
    )
    rows = of(replace(outcome, contrasts=series), "capacity retention")
    assert [re.findall(r"cycle (\d+)", row.text) for row in rows] == [["1", "100"]]


def test_failures_warnings_and_the_ledger_are_told():
    said = texts(demo())
    assert "One analysis failed and left no numbers: xps:<hf4f> & größer.vms." in said
    assert "two warnings" in said
    assert "Of three relations between techniques, 1 holds, 1 is broken and 1 cannot be decided." in said
    assert "computed 3.24 nm, stated 12.00 nm, 11.0 standard deviations apart" in said
    assert "What would tell most between the techniques: an acid titration of both powders (one relation)." in said


def test_a_value_that_is_only_bounded_says_its_bounds():
    """No gap was seen: 100 % that may be 87."""
    closed = Quantity(100.0, "%", None, 86.9578, 100.0, basis="counting")
    assert _format_bounded(closed) == "100 % (95 %: 87 to 100)"
    assert _format_bounded(Quantity(12.06, "nm", 0.22)) == "12.06(22) nm"


def test_quantities_without_a_counterpart_are_listed_with_their_uncertainty():
    said = texts(demo())
    assert "LHO-NCM85: shell thickness 12.3(8) nm and shell coverage 91 % (no uncertainty estimated)." in said


@pytest.mark.parametrize(("n", "words"), [((2, 1), "two cells and one cell"), ((2, 2), "two cells and two cells")])
def test_few_replicates_without_an_interval(n, words):
    outcome = demo()
    contrast = replace(outcome.contrasts[0], n_reference=n[0], n_treated=n[1])
    assert words in texts(replace(outcome, contrasts=(contrast,))).lower()


def test_nothing_found_says_nothing():
    assert findings(Outcome(demo().study)) == []


def test_an_interval_that_many_comparisons_would_throw_up_shows_nothing():
    outcome = demo(replicates=3)
    one = replace(outcome.contrasts[0], lo95=0.1, hi95=50.0)
    for p, kind in ((0.01, "shown"), (0.3, "seen")):
        rows = of(replace(outcome, contrasts=(replace(one, p_adjusted=p),)), "specific discharge capacity")
        assert [row.kind for row in rows] == [kind]
        assert ("not proven when the endpoints are judged together" in rows[0].note) == (kind == "seen")
        assert (" was seen higher than " in rows[0].text) == (kind == "seen")


@pytest.mark.parametrize(("scatter", "kind"), [(None, "seen"), (1.0, "seen"), (60.0, "cannot_tell")])
def test_one_cell_against_several_is_judged_by_their_scatter(scatter, kind):
    outcome = demo(replicates=3)
    one = replace(outcome.contrasts[0], lo95=None, hi95=None, std=None, scatter95=scatter, n_reference=3, n_treated=1)
    row = of(replace(outcome, contrasts=(one,)), "specific discharge capacity")[0]
    assert row.kind == kind
    assert ("within the scatter of the other three cells" in row.note) == (kind == "cannot_tell")


def test_a_difference_of_no_digit_is_none():
    outcome = demo()
    for more, kind in ((2e-6, "cannot_tell"), (1e-4, "cannot_tell"), (0.5, "seen")):
        change = {"difference": more, "reference_value": 99.3, "treated_value": 99.3 + more, "std": None}
        one = replace(outcome.contrasts[0], lo95=None, hi95=None, **change)
        row = of(replace(outcome, contrasts=(one,)), "specific discharge capacity")[0]
        assert row.kind == kind and ("no difference" in row.text.lower()) == (kind == "cannot_tell")


def test_values_far_apart_are_printed_with_their_own_digits():
    outcome = demo()
    change = {"difference": 128726.7, "reference_value": 0.000606, "treated_value": 128726.708222, "std": None}
    one = replace(outcome.contrasts[0], lo95=None, hi95=None, **change)
    (row, *_) = of(replace(outcome, contrasts=(one,)), "specific discharge capacity")
    assert "(128727 against 0.000606 mAh/g" in row.text


def test_doubts_stand_on_the_first_page():
    text = "one_c = 190000 mA/g is no current of 1C that is known. Look at its unit; like 190 mA/g."
    (block,) = [b for b in findings(replace(demo(), doubts=(text,))) if b.heading == "To keep in mind"]
    assert any(row.kind == "bad" and row.text == text for row in block.rows)
    (block,) = [
        b for b in findings(replace(demo(), idle=("measurement 'a': no analysis uses it.",))) if "mind" in b.heading
    ]
    assert any(row.kind == "seen" and row.text == "Measurement 'a': no analysis uses it." for row in block.rows)


def test_failed_checks_are_named_on_the_first_page():
    (block,) = [b for b in findings(failing(demo(), "impedance")) if b.heading == "To keep in mind"]
    (said,) = [row for row in block.rows if "failed check" in row.text]
    assert said.kind == "bad" and said.note == "breaks Kramers-Kronig; see Checks"


def failing(outcome, technique):
    """The same with a failed check on every result of a technique, and its numbers without an uncertainty."""

    def bare(entry):
        return replace(entry, quantity=Quantity(entry.quantity.value, entry.quantity.unit, origin="measured"))

    broken = [
        replace(r, checks=(Check("fail", "breaks Kramers-Kronig"),), entries=tuple(map(bare, r.entries)))
        if r.technique == technique
        else r
        for r in outcome.results
    ]
    hit = {r.entry_id(e) for r in broken if r.technique == technique for e in r.entries}
    doubtful = tuple(replace(c, unfounded=bool(hit & set(c.quantities))) for c in outcome.contrasts)
    return replace(outcome, results=tuple(broken), contrasts=doubtful)


def test_numbers_of_a_failed_check_are_no_findings():
    outcome = replace(demo(), contrasts=())
    assert of(outcome, "shell thickness") and not of(failing(outcome, "shell"), "shell thickness")


def test_a_difference_that_rests_on_a_failed_check_is_not_shown():
    outcome = demo(replicates=3)
    sound = [c for c in outcome.contrasts if c.lo95 is not None and c.lo95 > 0 and c.name == "discharge_capacity"]
    outcome = replace(outcome, contrasts=tuple(sound[:1]))
    (technique,) = {r.technique for r in outcome.results for e in r.entries if r.entry_id(e) in sound[0].quantities}
    good, bad = (of(o, "specific discharge capacity")[0] for o in (outcome, failing(outcome, technique)))
    assert (good.kind, bad.kind) == ("shown", "seen")
    assert "a check of data behind it failed: see Checks" in bad.note and "failed" not in good.note
