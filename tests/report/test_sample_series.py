"""Several samples held against one stand side by side, by their dose where all say it."""

from dataclasses import replace
from pathlib import Path

from nacre.core.outcome import Contrast, Outcome
from nacre.core.study import Sample, Study
from nacre.evidence.contrasts.verdicts import decide
from nacre.report.findings import findings

HEADING = "Samples side by side"


def outcome(doses=("2 wt%", "0.5 wt%"), values=(178.0, 183.0)):
    samples = {"bare": Sample("bare", "Bare")}
    made = []
    for dose, value in zip(doses, values, strict=True):
        name = f"c{dose.split()[0]}"
        samples[name] = Sample(name, dose or "coated", coating={"target": dose} if dose[:1].isdigit() else {})
        state, lo = {"cycle": 1, "rate_C": 0.1}, 1.0 if value > 180 else None
        row = Contrast(
            "discharge_capacity",
            "bare",
            name,
            value - 171,
            "mAh/g",
            state,
            lo,
            lo and 20.0,
            n_reference=3,
            n_treated=3 if lo else 1,
            reference_value=171.0,
            treated_value=value,
            endpoint="primary",
            p_adjusted=lo and 0.01,
        )
        made.append(decide(row))
    return Outcome(Study("s", Path("."), samples=samples), contrasts=tuple(made))


def table(made):
    return next((block.rows[0] for block in findings(made) if block.heading == HEADING), None)


def test_a_dose_series_is_one_table_in_the_order_of_doses():
    said = table(outcome())
    assert said.heads == ("", "Bare", "0.5 wt%", "2 wt%")
    assert said.rows == (("specific discharge capacity / mAh/g; cycle 1, 0.1C", "171.0", "183.0 ●", "178.0 ○"),)
    assert said.text.startswith(
        "● the difference from Bare is shown, ○ seen and not proven, = shown to be equal, – cannot"
    )


def test_without_a_dose_of_all_the_study_s_order_stands():
    assert table(outcome(doses=("2 wt%", "unknown"))).heads == ("", "Bare", "2 wt%", "unknown")


def test_one_pair_needs_no_table():
    made = outcome()
    assert table(replace(made, contrasts=made.contrasts[:1])) is None
    other = replace(made.contrasts[1], reference="c2", treated="bare")
    assert table(replace(made, contrasts=(made.contrasts[0], other))) is None, "two references are no series"
