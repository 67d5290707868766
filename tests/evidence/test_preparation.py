"""Coating or treatment: which steps differ besides the coating, and what is a blank."""

from dataclasses import replace
from pathlib import Path

from nacre.core.outcome import Contrast, Outcome
from nacre.core.quantity import parse
from nacre.core.study import PreparationStep, Sample, Study
from nacre.evidence.contrasts.preparation import compare_preparation, compared_pairs
from nacre.report.treatments import treatment_sentences


def step(do, **conditions):
    return PreparationStep(do, {k: parse(v) if v[0].isdigit() else v for k, v in conditions.items()})


FIRE = step("heating", temperature="750 degC")
DOSE = step("dosing", of="the HfO2 dispersion", target="1 wt%")
DRY = step("drying", of="the powder")
ANNEAL = step("annealing", temperature="700 degC", gas="oxygen")
BARE = Sample("bare", "Bare", steps=(FIRE,))
COATED = Sample("lho", "LHO", steps=(FIRE, DOSE, DRY, ANNEAL), coating={"precursor": "HfO2", "target": "1 wt%"})
BLANK = Sample("blank", "Blank", steps=(FIRE, step("dosing", of="the solvent alone"), DRY, ANNEAL))


def study(*samples):
    named = {sample.name: sample for sample in samples}
    pairs = tuple((samples[0].name, name) for name in named if name != samples[0].name)
    return Study("s", Path("."), samples=named, contrasts=pairs)


def said(made):
    pairs = tuple(compare_preparation(made, *pair) for pair in compared_pairs(made))
    return treatment_sentences(Outcome(made, preparations=pairs))


def test_without_a_blank_the_treatment_is_named():
    pair = compare_preparation(study(BARE, COATED), "bare", "lho")
    assert pair.coated and not pair.blank and pair.declared
    assert pair.differs == ("drying of the powder", "annealing at 700 °C in oxygen")
    (text,) = said(study(BARE, COATED))
    assert "the treatment of LHO" in text and "whether the coating itself is the cause cannot be determined" in text


def test_with_a_blank_the_coating_s_own_effect_has_a_contrast():
    made = study(BARE, BLANK, COATED)
    assert compared_pairs(made) == [("bare", "blank"), ("bare", "lho"), ("blank", "lho")]
    texts = said(made)
    assert "the coating's own effect is the difference from the blank, Blank" in texts[1]
    assert "their difference is the coating's own" in texts[2] and "cannot be determined" not in " ".join(texts)


def test_an_annealing_at_another_temperature_is_no_blank_and_is_said():
    colder = replace(BLANK, steps=(*BLANK.steps[:-1], step("annealing", temperature="500 degC", gas="oxygen")))
    pair = compare_preparation(study(colder, COATED), "blank", "lho")
    assert pair.blank == "" and pair.differs == (
        "annealing at 700 °C in oxygen instead of annealing at 500 °C in oxygen",
    )


def test_the_same_temperature_in_another_unit_and_other_reasons_are_no_difference():
    warm = step("annealing", temperature="973.15 K", gas="Oxygen", why="to be sure")
    pair = compare_preparation(study(replace(BLANK, steps=(FIRE, DRY, warm)), COATED), "blank", "lho")
    assert pair.differs == () and pair.blank == "blank"


def test_a_step_of_the_reference_alone_is_said():
    pair = compare_preparation(study(replace(BARE, steps=(FIRE, step("sieving"))), COATED), "bare", "lho")
    assert pair.differs[-1] == "no sieving"


def test_undeclared_steps_are_no_blank_and_no_proof():
    plain = replace(COATED, steps=(FIRE,))
    (text,) = said(study(BARE, plain))
    assert "are not declared" in text and "treatment as a whole" in text
    assert said(study(replace(BARE, name="a"), BARE)) == [], "without a coating and a difference nothing is said"


def test_two_doses_of_one_coating_differ_by_nothing_else():
    more = replace(COATED, name="more", coating={"precursor": "HfO2", "target": "2 wt%"})
    pair = compare_preparation(study(COATED, more), "lho", "more")
    assert pair.differs == () and not pair.coated


def test_a_sentence_stands_at_the_head_of_what_the_cells_did():
    from nacre.report.findings import findings

    made = study(BARE, COATED)
    row = Contrast("discharge_capacity", "bare", "lho", 5.0, "mAh/g", {"cycle": 1}, reference_value=1.0)
    pairs = tuple(compare_preparation(made, *pair) for pair in compared_pairs(made))
    blocks = findings(Outcome(made, contrasts=(replace(row, treated_value=6.0),), preparations=pairs))
    (cells,) = [block for block in blocks if block.heading == "What the cells did"]
    assert cells.note.startswith("What is compared with Bare is the treatment of LHO")
