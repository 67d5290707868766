"""Analyses share what was read and what others found: one that writes into it fails, and no other sees a change."""

import re

import numpy as np
import pytest

from nacre.core.result import Curve, Result
from nacre.pipeline.running.run import run
from nacre.pipeline.running.store import dumps, loads
from pipeline import toys

# its name sorts before that of `mean`, so that it runs first, in the same process, on the same file
GREEDY = """
from nacre.plugin import Entry, Quantity, Result, Technique
import numpy as np


def analyse(inputs, context, options):
    values = inputs["signal"].array("value", "V"){copied}
    {written}
    mean = Quantity(float(values.mean()), "V", 0.1, origin="measured")
    return [Result("greedy", entries=(Entry("mean_charge_voltage", mean, {{"cycle": 1}}),))]


TECHNIQUE = Technique("greedy", "toy that writes", ("numbers",), analyse)
"""

CHAIN = """
from nacre.plugin import Entry, Quantity, Result, Technique


def analyse(inputs, context, options):
    values, unit = inputs["standard"].curves[0].columns["value"]
    values += 1
    mean = Quantity(float(values.mean()), "V", 0.1, origin="measured")
    return [Result("calibrated", entries=(Entry("mean_charge_voltage", mean, {"cycle": 2}),))]


TECHNIQUE = Technique("calibrated", "toy chain that writes", ("numbers",), analyse, asked=True)
"""

WRITES = {
    "in place": ("values += 100", r"greedy\.py:8", "output array is read-only"),
    "one value": ("values[0] = 100", r"greedy\.py:8", "assignment destination is read-only"),
    "sorted": ("values[::-1].sort()", r"greedy\.py:8", "sort array is read-only"),
    "by a function": ("np.nan_to_num(values, copy=False)", r"greedy\.py:8", "read-only"),
}


def made(folder, **plugins):
    return toys.make(folder, plugins={**toys.ALL, **{f"{name}.py": text for name, text in plugins.items()}})


def voltage(outcome, analysis, entry="mean_discharge_voltage"):
    return next(r for r in outcome.results if r.analysis == analysis).get(entry).value


@pytest.mark.parametrize("way", WRITES)
def test_a_technique_that_writes_into_its_input_fails_in_words_and_harms_no_other(tmp_path, way):
    statement, place, numpys = WRITES[way]
    outcome = run(made(tmp_path, greedy=GREEDY.format(copied="", written=statement)))
    error = next(f.error for f in outcome.failures if f.what == "analysis 'greedy:lho-1:n'")
    assert re.match(place + r": technique 'greedy' writes into its input, or into another array", error)
    assert numpys in error and "Let it write into a copy: array.copy()." in error
    assert voltage(outcome, "mean:lho-1:n") == pytest.approx(4.0)
    assert voltage(outcome, "mean:bare-1:n") == pytest.approx(2.0)


def test_a_technique_that_writes_into_a_copy_passes(tmp_path):
    outcome = run(made(tmp_path, greedy=GREEDY.format(copied=".copy()", written="values += 100")))
    assert not outcome.failures
    assert voltage(outcome, "greedy:lho-1:n", "mean_charge_voltage") == pytest.approx(104.0)
    assert voltage(outcome, "mean:lho-1:n") == pytest.approx(4.0)


def test_results_of_another_analysis_are_not_written_into_either(tmp_path):
    outcome = run(made(tmp_path / "a", calibrated=CHAIN))
    error = next(f.error for f in outcome.failures if f.what == "analysis 'chain'")
    assert "calibrated.py:7: technique 'calibrated' writes into its input" in error
    copying = CHAIN.replace("values += 1", "values = values + 1")
    outcome = run(made(tmp_path / "b", calibrated=copying))
    assert not outcome.failures and voltage(outcome, "chain", "mean_charge_voltage") == pytest.approx(3.0)


def test_arrays_from_the_store_are_read_only():
    text = np.array(["a", None], dtype=object)
    curve = Curve("c", {"x": (np.arange(3.0), "V"), "text": (text, "1")})
    (back,) = loads(dumps([Result("t", curves=(curve,))]))
    for values, _ in back.curves[0].columns.values():
        with pytest.raises(ValueError, match="read-only"):
            values[0] = values[1]
