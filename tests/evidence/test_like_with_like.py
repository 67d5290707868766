"""States are joined by meaning: each case beside its twin, a plain study, that joins everything and says nothing."""

import math

import numpy as np
import pytest

from evidence.cycled_studies import Test, find, run_cells
from nacre.evidence.contrasts.joining import join
from nacre.report.cautions import cautions

CELLS = ("bare-1", "bare-2", "coat-1", "coat-2")
SHIFT = {"bare-1": -0.4, "bare-2": 0.3, "coat-1": -0.2, "coat-2": 0.5}


def fading(cell, cycles, loss, start=180.0, rate=0.2, rates=None):
    """A capacity that falls by `loss` mAh/g a cycle, from the first."""
    capacities = start + SHIFT[cell] - loss * np.arange(cycles)
    return Test(rates or [rate] * cycles, capacities.tolist())


def test_a_plain_study_joins_everything_and_says_nothing(tmp_path):
    cells = {cell: {"cyc": fading(cell, 30, 1.0 if cell < "c" else 0.4)} for cell in CELLS}
    outcome = run_cells(tmp_path / "s", cells)
    assert outcome.unjoined == ()
    (kept,) = find(outcome, "capacity_retention")
    (lost,) = find(outcome, "capacity_lost")
    assert (kept.state["cycle"], kept.n_reference, kept.n_treated, kept.endpoint) == (30, 2, 2, "primary")
    assert lost.difference == pytest.approx(29 * (0.4 - 1.0), rel=1e-5)
    assert "of ageing" not in kept.method


def test_sums_and_retention_are_compared_over_the_common_cycles(tmp_path):
    """30 cycles of bare, 100 of coat, which fades 2.5 times slower."""
    cells = {cell: {"cyc": fading(cell, *((30, 1.0) if cell < "c" else (100, 0.4)))} for cell in CELLS}
    outcome = run_cells(tmp_path / "s", cells)
    (lost,) = find(outcome, "capacity_lost")
    (kept,) = find(outcome, "capacity_retention")
    (missing,) = find(outcome, "cumulative_inefficiency")
    (fade,) = find(outcome, "fade_rate")
    assert (lost.reference_value, lost.treated_value) == pytest.approx((29.0, 11.6), rel=1e-5)
    assert kept.state["cycle"] == 30 and kept.endpoint == "primary"
    shares = {c: 100 * (1 - 29 * (1.0 if c < "c" else 0.4) / (180 + SHIFT[c])) for c in CELLS}
    assert kept.reference_value == pytest.approx((shares["bare-1"] + shares["bare-2"]) / 2, rel=1e-6)
    assert kept.treated_value == pytest.approx((shares["coat-1"] + shares["coat-2"]) / 2, rel=1e-6)
    charged = {c: sum(180 + SHIFT[c] - (1.0 if c < "c" else 0.4) * k for k in range(1, 30)) / 99 for c in CELLS}
    assert missing.treated_value == pytest.approx((charged["coat-1"] + charged["coat-2"]) / 2, rel=1e-4)
    assert fade.treated_value == pytest.approx((100 - kept.treated_value) / 29, rel=1e-6)
    assert "over 30 cycles of ageing" in lost.method
    (span,) = [text for text in outcome.unjoined if "over 30 cycles" in text]
    assert "bare: 2 cells with 30 cycles; coat: 2 cells with 100 cycles" in span
    (alone,) = [text for text in outcome.unjoined if "are not compared" in text]
    assert "bare alone has cycle 30; coat alone has cycle 100" in alone
    said = [finding.text for finding in cautions(outcome)]
    assert all(text[0].upper() + text[1:] in {line.rstrip(".") for line in said} for text in outcome.unjoined), said


def test_three_doses_have_one_span(tmp_path):
    """Ageing of 30, 20 and 25 cycles: each of three samples up to the 20th, and a dead cell is said."""
    lengths = {"bare": 30, "low": 20, "high": 25}
    cells = {
        f"{sample}-{k}": {"cyc": Test([0.2] * n, (180.0 + k - np.arange(n)).tolist())}
        for sample, n in lengths.items()
        for k in (1, 2)
    }
    cells["high-3"] = {"cyc": Test([0.2] * 4, [180.0, 120.0, 60.0, 20.0])}
    outcome = run_cells(tmp_path / "s", cells)
    joined, told = join(outcome.study, outcome.results, [("bare", "low", "high")])
    (kept,) = [one for one in joined if one.name == "capacity_retention"]
    assert kept.state["cycle"] == 20 and {name: len(v) for name, v in kept.values.items()} == dict.fromkeys(lengths, 2)
    assert all(v.quantity.value == pytest.approx(100 * (1 - 19 / 181)) for v in (v[0] for v in kept.values.values()))
    assert len(told) == 2 and told[1].startswith("high-3: too few cycles")


def test_ageing_of_charges(tmp_path):
    """A negative-electrode half cell: efficiency and retention are about charges, and so is what is taken again."""
    cells = {cell: {"cyc": fading(cell, *((12, 1.0) if cell < "c" else (20, 0.4)))} for cell in CELLS}
    outcome = run_cells(tmp_path / "s", cells, more='[options.cycling]\nefficiency = "charge/discharge"')
    (kept,) = find(outcome, "capacity_retention")
    shares = {c: 100 * (1 - 11 * 0.4 / (180 + SHIFT[c])) for c in CELLS[2:]}
    assert kept.treated_value == pytest.approx((shares["coat-1"] + shares["coat-2"]) / 2, rel=1e-6)
    (missing,) = find(outcome, "cumulative_inefficiency")
    assert missing.n_treated == 2 and not [text for text in outcome.unjoined if "left out" in text]


def test_check_ups_are_left_out_of_ageing(tmp_path):
    """Every tenth cycle at half the rate, with 8 mAh/g more; nothing is declared."""
    rates = [0.1 if cycle % 10 == 0 else 0.2 for cycle in range(1, 41)]
    cells = {}
    for cell in CELLS:
        plain = fading(cell, 40, 1.8 if cell < "c" else 0.45)
        capacities = [q + 8.0 * (rate < 0.15) for q, rate in zip(plain.capacities, rates, strict=True)]
        cells[cell] = {"cyc": Test(rates, capacities)}
    outcome = run_cells(tmp_path / "s", cells)
    (kept,) = find(outcome, "capacity_retention")
    expected = {c: 100 * (1 - 38 * (1.8 if c < "c" else 0.45) / (180 + SHIFT[c])) for c in CELLS}
    assert kept.state == {"cycle": 39, "rate_C": 0.2}
    assert kept.reference_value == pytest.approx((expected["bare-1"] + expected["bare-2"]) / 2, rel=1e-6)
    assert kept.treated_value == pytest.approx((expected["coat-1"] + expected["coat-2"]) / 2, rel=1e-6)
    assert outcome.unjoined == ()


def test_one_nominal_rate_of_cells_of_different_mass(tmp_path):
    """One current for four cells, of which two weigh 6 % less: 0.1C and 0.106C are one; 20 mAh/g more per mg."""
    masses = {"bare-1": 10.0, "bare-2": 9.4, "coat-1": 10.0, "coat-2": 9.45}
    cells = {}
    for cell in CELLS:
        specific = (160.0 if cell < "c" else 180.0) + SHIFT[cell]
        cells[cell] = {"cyc": Test([0.1] * 3, [specific * masses[cell] / 10] * 3)}
    outcome = run_cells(tmp_path / "s", cells, masses)
    (first,) = find(outcome, "discharge_capacity", cycle=1)
    assert (first.n_reference, first.n_treated, first.state["rate_C"]) == (2, 2, 0.1)
    assert first.difference == pytest.approx(20.2, abs=0.01) and first.lo95 is not None
    (said,) = outcome.unjoined
    assert "0.1C in 2 cells, 0.11C in 2 cells are taken as one nominal rate, 0.1C" in said


def test_rates_of_two_and_one_never_meet(tmp_path):
    cells = {cell: {"cyc": Test([0.1 if cell < "c" else 0.2] * 3, [170.0 + SHIFT[cell]] * 3)} for cell in CELLS}
    outcome = run_cells(tmp_path / "s", cells)
    assert not find(outcome, "discharge_capacity")
    (said,) = outcome.unjoined
    assert "the C-rates differ (bare alone has 0.1C; coat alone has 0.2C)" in said


def test_different_voltage_windows_never_meet(tmp_path):
    def cells(upper):
        return {
            cell: {"cyc": Test([0.1] * 3, [170.0 + SHIFT[cell]] * 3, (3.0, 4.2 if cell < "c" else upper))}
            for cell in CELLS
        }

    outcome = run_cells(tmp_path / "apart", cells(4.6))
    assert not find(outcome, "discharge_capacity") and not find(outcome, "coulombic_efficiency")
    (said,) = outcome.unjoined
    assert "the voltage windows differ (bare: 3 to 4.2 V, coat: 3 to 4.6 V)" in said
    alike = run_cells(tmp_path / "alike", cells(4.21))
    assert len(find(alike, "discharge_capacity", cycle=1)) == 1 and alike.unjoined == ()


def test_a_newcomers_first_cycles_of_two_files(tmp_path):
    """Cycle 1 of the rate file and cycle 1 of the ageing file are two things: 187 against 160, and 170 against 140."""
    cells = {}
    for cell in CELLS:
        first, aged = ((160.0, 140.0) if cell < "c" else (187.0, 170.0)) + np.full(2, SHIFT[cell])
        rate = Test([0.1, 0.2, 0.5, 1.0], [first, first - 8, first - 20, first - 45])
        cells[cell] = {"rate": rate, "age": Test([0.2] * 12, [aged] * 12)}
    outcome = run_cells(tmp_path / "s", cells)
    (rate,) = find(outcome, "discharge_capacity", "rate", "cycling", cycle=1)
    (aged,) = find(outcome, "discharge_capacity", "age", "cycling", cycle=1)
    assert rate.difference == pytest.approx(27.2, abs=1e-3) and aged.difference == pytest.approx(30.2, abs=1e-3)
    primary = [row for row in outcome.contrasts if row.endpoint == "primary" and row.name == "discharge_capacity"]
    assert {(row.measurement, row.verdict) for row in primary} == {("rate", "shown")}
    assert outcome.unjoined == ()


@pytest.mark.parametrize("swapped", [False, True])
def test_tests_of_other_names_are_joined_by_content_and_place(tmp_path, swapped):
    """The second operator's files are called otherwise; where his rate test came after ageing, it is not the same."""
    cells = {}
    for cell in CELLS:
        first = (160.0 if cell < "c" else 187.0) + SHIFT[cell]
        capacities = [first, first - 8, first - 20, first - 45]
        days = (20, 0) if swapped and cell.endswith("2") else (0, 20)
        rate = Test([0.1, 0.2, 0.5, 1.0], capacities, begins=days[0])
        aged = Test([0.2] * 12, [first - 10 - k for k in range(12)], begins=days[1])
        names = ("rate", "age") if cell.endswith("1") else ("r-x", "long-x")
        cells[cell] = dict(zip(names, (rate, aged), strict=True))
    outcome = run_cells(tmp_path / "s", cells)
    firsts = find(outcome, "discharge_capacity", "", "cycling", cycle=1, rate_C=0.1)
    if swapped:
        assert [(row.measurement, row.n_reference) for row in firsts] == [("rate", 1), ("r-x", 1)]
        assert len(outcome.unjoined) == 2
        words = "the tests 'rate' (rate test, first of the cell's cycling tests) and 'r-x' (rate test, second of the"
        assert outcome.unjoined[0].startswith(words) and outcome.unjoined[0].endswith("are not compared")
        return
    assert [(row.measurement, row.n_reference, row.n_treated) for row in firsts] == [("rate", 2, 2)]
    assert [row.n_reference for row in find(outcome, "capacity_retention")] == [2]
    assert len(outcome.unjoined) == 2
    assert "the tests 'rate' and 'r-x' are compared as one: rate test, first of the cell's" in outcome.unjoined[0]


def test_whether_a_deficit_depends_on_the_rate(tmp_path):
    """25 mAh/g at each rate: no slope; then 25 at 0.1C and 45 at 1C: 20 a decade."""
    rates = [0.1, 0.2, 0.5, 1.0]

    def cells(steeper):
        found = {}
        for cell in CELLS:
            gain = 25.0 if cell > "c" else 0.0
            slope = -40 - 3 * SHIFT[cell] + (steeper if cell > "c" else 0.0)
            found[cell] = {"rate": Test(rates, [160 + gain + slope * (math.log10(r) + 1) for r in rates])}
        return found

    for steeper in (0.0, 20.0):
        outcome = run_cells(tmp_path / f"s{steeper:g}", cells(steeper))
        (row,) = find(outcome, "deficit_slope")
        scatter = -3 * (SHIFT["coat-1"] + SHIFT["coat-2"] - SHIFT["bare-1"] - SHIFT["bare-2"]) / 2
        assert row.difference == pytest.approx(steeper + scatter, abs=1e-3)
        assert row.endpoint == "secondary" and (row.lo95 > 0) == (steeper > 0)
        assert "slope over the logarithm of 4 rates in each cell" in row.method and outcome.unjoined == ()
