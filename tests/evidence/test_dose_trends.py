"""Doses: three and more levels have a trend per endpoint, two have none."""

import json
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from evidence.foreign_verdicts import judge
from nacre.core.display.comparison_tables import figures
from nacre.core.outcome import Outcome
from nacre.core.quantity import Quantity
from nacre.core.result import Entry, Result, Subject
from nacre.core.study import Sample, Study
from nacre.evidence.contrasts.doses import dose_trends, find_series
from nacre.export import results_json
from nacre.export.results_schema import ResultsDocument
from nacre.report.findings import findings
from nacre.report.html import render
from truth.foreign.verdicts.asking import TREND, answer, draw_many, measure_trend
from truth.foreign.verdicts.cells import Plan, draw_doses
from truth.foreign.verdicts.endpoints import FIRST

LEVELS = ("0", "0.5", "1", "2")
NOISE = np.array([-1.0, 0.2, 0.9])


def study(levels=LEVELS, key="target"):
    samples = {level: Sample(level, f"{level} wt%", coating=_coating(level, key)) for level in levels}
    return Study("s", Path("."), samples=samples, contrasts=tuple((levels[0], level) for level in levels[1:]))


def _coating(level, key):
    return {} if level == "0" else {"precursor": "HfO2", key: f"{level} {'nm' if 'thick' in key else 'wt%'}"}


def results(values, name="discharge_capacity", unit="mAh/g", cells=3):
    made = []
    for level, value in values.items():
        for i in range(cells):
            subject = Subject(level, f"{level}-{i}", f"{level}-{i}:rate")
            q = Quantity(value + NOISE[i], unit, 0.1)
            made.append(Result("t", f"a:{level}:{i}", subject, (Entry(name, q, {"cycle": 1, "rate_C": 0.1}),)))
    return made


def outcome(values, **how):
    made, found = study(), results(values, **how)
    return Outcome(made, tuple(found), trends=tuple(dose_trends(made, found)))


RISING = {"0": 160.0, "0.5": 164.0, "1": 168.0, "2": 176.0}
TURNING = {"0": 160.0, "0.5": 170.0, "1": 180.0, "2": 161.0}


def trend_of(values, **how):
    (found,) = outcome(values, **how).trends
    return found


def test_a_line_has_its_slope_and_is_shown():
    found = trend_of(RISING)
    assert (found.verdict, found.shape, found.endpoint) == ("shown", "rises", "primary")
    assert found.slope == pytest.approx(8.0) and found.slope_lo95 < 8.0 < found.slope_hi95
    assert found.doses == (0.0, 0.5, 1.0, 2.0) and found.means == pytest.approx(
        (160.03, 164.03, 168.03, 176.03), abs=0.01
    )


def test_an_optimum_is_said_at_its_dose_and_has_no_slope():
    found = trend_of(TURNING)
    assert (found.verdict, found.shape, found.turn, found.slope) == ("shown", "peak", 1.0, None)


def test_no_trend_is_no_claim():
    found = trend_of(dict.fromkeys(LEVELS, 160.0) | {"1": 160.4})
    assert (found.verdict, found.shape, found.slope) == ("no_difference", "none", None)


def test_one_cell_a_dose_is_too_few():
    found = trend_of(RISING, cells=1)
    assert found.verdict == "cannot_tell" and found.p is None and "too few" in found.method


def test_what_all_cells_of_a_dose_share_is_not_shown_by_their_scatter():
    shared = {
        level: Quantity(value, "mAh/g", 20.0, parts={f"fraction:{level}": 20.0}) for level, value in RISING.items()
    }
    made = []
    for level, q in shared.items():
        for i in range(3):
            entry = Entry("discharge_capacity", replace(q, value=q.value + NOISE[i]), {"cycle": 1, "rate_C": 0.1})
            made.append(Result("t", f"a:{level}:{i}", Subject(level, f"{level}-{i}", f"{level}-{i}:rate"), (entry,)))
    (found,) = dose_trends(study(), made)
    assert found.verdict == "seen" and "share" in found.method


def test_exploratory_quantities_have_none():
    assert outcome(RISING, name="charge_capacity").trends == ()


def test_two_levels_have_no_trend_and_no_word():
    made = study(("0", "1"))
    found = results({"0": 160.0, "1": 170.0})
    assert find_series(made) == [] and dose_trends(made, found) == []
    page = Outcome(made, tuple(found))
    assert not [block for block in findings(page) if "trend" in str(block).lower()]
    assert "trend" not in json.dumps(json.loads(results_json.dumps(page))["contrasts"])


def test_doses_of_two_coatings_are_no_series():
    one = study(("0", "1", "2"))
    other = replace(one.samples["2"], coating={"precursor": "ZrO2", "target": "2 wt%"})
    assert find_series(replace(one, samples={**one.samples, "2": other})) == []


def test_thicknesses_and_declared_doses_are_doses_too():
    assert find_series(study(key="target_thickness"))[0].unit == "nm"
    given = {level: Sample(level, inputs={"dose": Quantity(float(level), "wt%")}) for level in LEVELS}
    assert find_series(replace(study(), samples=given))[0].doses == (0.0, 0.5, 1.0, 2.0)


def test_dose_0_that_is_no_blank_is_said():
    assert "no blank" in find_series(study())[0].caveat


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (RISING, "rises with the dose"),
        (TURNING, "highest at 1 wt%"),
        (dict.fromkeys(LEVELS, 160.0), "trend over the doses was found"),
    ],
)
def test_report_figure_and_results_say_it(values, words):
    made = outcome(values)
    (block,) = [block for block in findings(made) if block.heading == "Samples side by side"]
    assert any(words in row.text for row in block.rows)
    (figure,) = figures(made)
    kinds = [series.kind for series in figure.panels[0].series]
    assert kinds.count("points") == 4 and kinds.count("line") == 1 + (made.trends[0].slope is not None)
    assert words in render(made) and "Dose of HfO2" in render(made)
    (row,) = ResultsDocument.model_validate(json.loads(results_json.dumps(made)), by_alias=True).trends
    assert row.samples == list(LEVELS) and len(row.values[0]) == 3


def test_resistances_are_compared_by_their_ratio():
    values = {"0": 500.0, "0.5": 250.0, "1": 125.0, "2": 31.25}
    found = trend_of(values, name="r_cam_se", unit="ohm cm2")
    assert found.on_logs and found.verdict == "shown" and found.shape == "falls"
    assert found.slope == pytest.approx(np.log(0.25), abs=0.05)


# --- a generator that shares no code with the package: 40 studies a row here, 2,000 in simulate.py ----------


@pytest.mark.parametrize("levels", [(0.5, 1.0), (0.5, 1.0, 2.0, 4.0)])
def test_foreign_doses_without_a_trend_are_seldom_called_one(levels):
    assert measure_trend(judge, "none", levels, 40, 70).passes


def test_foreign_trends_are_found():
    assert measure_trend(judge, "monotone", (0.5, 1.0, 2.0, 4.0), 20, 73).hits >= 16
    draw = partial(draw_doses, Plan(n=(3, 3)), (0.5, 1.0, 2.0, 4.0), "turning")
    shown = [answer(judge, one)[TREND + FIRST] == "shown" for one, _ in draw_many(draw, 20, 75)]
    assert sum(shown) >= 16
