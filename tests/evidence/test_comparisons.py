"""Contrasts of single cells, of unequal numbers of cells, and of many quantities at once."""

from pathlib import Path

import numpy as np
import pytest

from nacre.core.quantity import Quantity
from nacre.core.result import Entry, Result, Subject
from nacre.core.study import Study
from nacre.evidence.contrast import contrasts

STUDY = Study("s", Path("."), contrasts=(("bare", "lho"),))
STATE = {"cycle": 1, "rate_C": 0.1}


def result(sample, cell, *entries):
    return Result("cycling", f"cycling:{cell or sample}", Subject(sample, cell, "m"), entries=tuple(entries))


def capacities(values, name="discharge_capacity", unit="mAh/g", std=None, state=None):
    """Results of cells: {"bare": [162, ...], "lho": [...]}."""
    return [
        result(sample, f"{sample}-{i}", Entry(name, Quantity(v, unit, std, origin="measured"), state or STATE))
        for sample, mine in values.items()
        for i, v in enumerate(mine, 1)
    ]


def test_one_cell_each_has_no_interval_but_its_measurement():
    (c,) = contrasts(STUDY, capacities({"bare": [162.0], "lho": [187.0]}, std=1.0))
    assert (c.lo95, c.hi95, c.effect) == (None, None, None)
    assert c.difference == 25
    assert c.std == pytest.approx(np.sqrt(2))
    assert "one cell on a side: the spread between cells is unknown, no interval can be given" in c.method
    assert "the measurements alone leave it uncertain by +- 2.8 mAh/g (95 %)" in c.method
    (c,) = contrasts(STUDY, capacities({"bare": [162.0], "lho": [187.0]}))
    assert c.std is None
    assert "nobody estimated the uncertainty of the measurements" in c.method


def test_replicates_of_different_length():
    """Three cells against one: no interval; a cycle that one cell did not reach counts those that did."""
    (c,) = contrasts(STUDY, capacities({"bare": [162.0], "lho": [187.0, 188.0, 186.0]}))
    assert c.lo95 is None
    assert "one cell on a side" in c.method
    early = capacities({"bare": [162.0, 160.0, 161.0], "lho": [187.0, 186.0, 188.0]})
    late = capacities({"bare": [70.0, 72.0], "lho": [150.0, 151.0, 152.0]}, state={"cycle": 200, "rate_C": 0.2})
    found = {c.state["cycle"]: c for c in contrasts(STUDY, [*early, *late])}
    assert (found[1].n_reference, found[200].n_reference) == (3, 2)
    assert found[200].lo95 > 0


def test_a_shared_error_drops_out_of_the_difference():
    a = Quantity(2.12, "V", 0.005).tagged("choice")
    b = Quantity(2.11, "V", 0.005).tagged("choice")
    found = [result(s, f"{s}-1", Entry("h1_m_peak", q, STATE)) for s, q in (("bare", a), ("lho", b))]
    (c,) = contrasts(STUDY, found)
    assert c.std == pytest.approx(0, abs=1e-12)


def test_many_comparisons_are_adjusted():
    rng = np.random.default_rng(2)
    found = []
    found += capacities({"bare": [99.0, 100.0, 101.0], "lho": [101.7, 102.7, 103.7]}, state={"cycle": 1})
    for cycle in range(2, 41):
        cells = {"bare": rng.normal(100, 1, 3).tolist(), "lho": rng.normal(100, 1, 3).tolist()}
        found += capacities(cells, state={"cycle": cycle})
    found += capacities({"bare": [50.0, 51.0, 50.5], "lho": [90.0, 91.0, 90.5]}, state={"cycle": 41})
    made = contrasts(STUDY, found)
    raw, adjusted = zip(*(_p_values(c.method) for c in made), strict=True)
    assert min(raw[:-1]) < 0.05
    assert min(adjusted[:-1]) > 0.05
    assert adjusted[-1] < 0.05
    assert "adjusted over the findings' 41 comparisons (Holm)" in made[0].method
    order = np.argsort(raw)
    assert all(np.diff(np.array(adjusted)[order]) >= 0)


def test_what_says_the_same_again_does_not_weaken_the_findings():
    cells = {"bare": [99.0, 100.0, 101.0], "lho": [103.0, 104.0, 105.0]}
    found = capacities(cells, state={"cycle": 1})
    alone = found + capacities({"bare": [50.0, 51.0, 50.5], "lho": [50.1, 50.9, 50.4]}, state={"cycle": 2})
    again = [
        result(sample, f"{sample}-{i}", Entry(name, Quantity(v * (1 + 0.01 * k), unit), {"cycle": 1}))
        for k, (name, unit) in enumerate((("charge_capacity", "mAh/g"), ("discharge_energy", "mWh/g")))
        for sample, values in cells.items()
        for i, v in enumerate(values, 1)
    ]
    first = {(c.name, c.state.get("cycle")): c.p_adjusted for c in contrasts(STUDY, alone)}
    second = {(c.name, c.state.get("cycle")): c.p_adjusted for c in contrasts(STUDY, alone + again)}
    assert second["discharge_capacity", 1] == first["discharge_capacity", 1] > 0
    others = [c for c in contrasts(STUDY, alone + again) if c.name == "discharge_energy"]
    assert "adjusted over the other 2 comparisons (Holm)" in others[0].method


def _p_values(method):
    words = method.split("p = ")[1]
    return float(words.split(",")[0]), float(words.split(", ")[1].split(" ")[0])


def test_first_cycle_shift_is_bare_less_coated():
    def entry(volts, **state):
        return Entry("h1_m_peak", Quantity(volts, "V", 1e-3), {"direction": "charge", **state})

    first, ageing = (
        {"cycle": 1, "rate_C": 0.1, "segment": "formation"},
        {"cycle": 1, "rate_C": 0.2, "segment": "ageing"},
    )
    found = [
        result(sample, f"{sample}-{i}", entry(volts + 1e-4 * i, **first), entry(volts + 0.02, **ageing))
        for sample, volts in (("bare", 2.120), ("lho", 2.110))
        for i in (1, 2, 4)
    ]
    made = contrasts(STUDY, found)
    (shift,) = [c for c in made if c.name == "h1_m_shift"]
    assert (shift.reference, shift.treated) == ("lho", "bare")
    assert shift.difference == pytest.approx(10)
    assert shift.unit == "mV"
    assert shift.state["rate_C"] == 0.1
    assert shift.lo95 < 10 < shift.hi95
    peak = next(c for c in made if c.name == "h1_m_peak" and c.state["rate_C"] == 0.1)
    assert (peak.reference, peak.difference) == ("bare", pytest.approx(-0.010))
    assert shift.hi95 == pytest.approx(-1e3 * peak.lo95)


def test_the_shift_of_single_cells_is_said_in_its_own_unit():
    first = {"cycle": 1, "rate_C": 0.1, "direction": "charge"}
    found = capacities({"bare": [2.120], "lho": [2.110]}, "h1_m_peak", "V", std=1e-3, state=first)
    shift = next(c for c in contrasts(STUDY, found) if c.name == "h1_m_shift")
    assert "the measurements alone leave it uncertain by +- 2.8 mV (95 %)" in shift.method
    assert shift.std == pytest.approx(np.sqrt(2))
    assert shift.lo95 is None


def test_no_first_cycle_no_shift():
    late = {"cycle": 10, "direction": "charge"}
    found = capacities({"bare": [2.12], "lho": [2.11]}, "h1_m_peak", "V", state=late)
    assert [c.name for c in contrasts(STUDY, found)] == ["h1_m_peak"]
