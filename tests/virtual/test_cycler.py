"""The virtual cycler gives what its truth says, and adds what no analysis models."""

import numpy as np
import pytest

from nacre.virtual.cycling.cycler import (
    Cycler,
    CyclerFlaws,
    Logging,
    compute_charge,
    find_equilibrium_peaks,
    find_peaks,
    simulate_cycler,
)
from nacre.virtual.cycling.cycler_truth import AGEING, CHECK_UPS, FIRST, RATE, Programme, plan_cycles
from paper_truth import PAPER

QUIET = CyclerFlaws(voltage_noise=0, ripple=0, current_noise=0, offset=0, jitter=0, lost=0)


def test_facts_say_whether_the_paper_states_them():
    for truth in PAPER.values():
        facts = truth.facts()
        assert {fact.status for fact in facts.values()} == {"paper", "assumed"}
        assert facts["discharge_capacity@0.1C"].status == "paper"
    assert PAPER["bare"].rates[0.2].status == "assumed"


def test_the_schedule_holds_the_published_numbers():
    lho, bare = (plan_cycles(PAPER[name], AGEING) for name in ("lho", "bare"))
    assert lho[199].discharge / lho[0].discharge == pytest.approx(0.814)
    assert bare[199].discharge / bare[0].discharge == pytest.approx(0.454)
    for cycles, mean, shift in ((lho, 99.7, 8), (bare, 99.5, 60)):
        assert np.mean([100 * c.discharge / c.charge for c in cycles[1:]]) == pytest.approx(mean)
        assert 1e3 * (cycles[199].h1_m - cycles[9].h1_m) == pytest.approx(shift)
    first = {name: plan_cycles(PAPER[name], FIRST)[0] for name in PAPER}
    assert 1e3 * (first["bare"].h1_m - first["lho"].h1_m) == pytest.approx(10)


def test_peaks_are_where_the_curve_is_steepest():
    v = np.linspace(1.9, 2.75, 200_001)
    slope = np.gradient(compute_charge(v), v)
    top = [v[i] for i in range(1, v.size - 1) if slope[i - 1] < slope[i] >= slope[i + 1]]
    assert top == pytest.approx(sorted(find_equilibrium_peaks().values()), abs=2e-5)


def test_charges_and_limits_of_the_record():
    truth = PAPER["lho"]
    signal = simulate_cycler(truth, FIRST, Cycler(flaws=QUIET))
    counter, current = signal.array("step_cumulative_capacity_ah", "mAh"), signal.array("current_ampere", "A")
    grams = truth.cam_mass.value * 1e-3
    assert counter[current > 0].max() / grams == pytest.approx(187 / 0.824, rel=1e-9)
    assert counter[current < 0].max() / grams == pytest.approx(187, rel=1e-9)
    voltage = signal.array("voltage_volt", "V")
    assert voltage[current > 0].max() == pytest.approx(2.75, abs=1e-4)
    assert voltage[current < 0].min() == pytest.approx(1.35, abs=1e-4)
    assert signal.origin == "synthetic"


def test_the_steepest_part_of_a_record_is_its_true_peak():
    truth = PAPER["bare"]
    signal = simulate_cycler(truth, FIRST, Cycler(flaws=QUIET, log=Logging(1e-3, 1e6)))
    on = signal.array("current_ampere", "A") > 0
    v, q = signal.array("voltage_volt", "V")[on], signal.array("step_cumulative_capacity_ah", "mAh")[on]
    near = np.abs(v - 2.12) < 0.04
    slope = np.diff(q[near]) / np.diff(v[near])
    middle = 0.5 * (v[near][1:] + v[near][:-1])
    top = np.polyfit(middle, slope, 4)
    best = np.linspace(2.10, 2.14, 4001)
    found = best[np.argmax(np.polyval(top, best))]
    assert found == pytest.approx(find_peaks(truth, plan_cycles(truth, FIRST)[0])["h1_m"], abs=2e-3)


def test_the_record_is_flawed_and_reproducible():
    one, same, other = (simulate_cycler(PAPER["lho"], FIRST, seed=s) for s in (1, 1, 2))
    name = "voltage_volt"
    assert np.array_equal(one[name].values, same[name].values)
    assert one[name].values.size != other[name].values.size or not np.array_equal(one[name].values, other[name].values)
    voltage = one.array(name, "V")[(one.array("current_ampere", "A") > 0)]
    assert (np.diff(voltage) < 0).any()


def test_sparse_logging_keeps_the_check_ups_dense_and_says_so():
    signal = simulate_cycler(PAPER["bare"], Programme("ageing", ((0.2, 12),), ages=True), Cycler(dense=CHECK_UPS))
    cycle = signal.array("cycle_count", "1")
    assert (cycle == 10).sum() > 5 * (cycle == 9).sum()
    assert "50 mV" in signal.metadata["logging"]


def test_rate_test_and_constant_voltage_part():
    cycles = plan_cycles(PAPER["lho"], RATE)
    assert [c.discharge for c in cycles] == [187, 155, 112, 71]
    held = simulate_cycler(PAPER["lho"], Programme("cccv", ((0.2, 1),), held_fraction=0.05), Cycler(flaws=QUIET))
    kinds = held["step_type"].values
    assert set(kinds) == {"REST", "CC_CHG", "CV_CHG", "CC_DCH"}
    counter = held.array("step_cumulative_capacity_ah", "mAh")
    parts = counter[kinds == "CC_CHG"].max(), counter[kinds == "CV_CHG"].max()
    assert parts[1] / sum(parts) == pytest.approx(0.05, rel=1e-6)
