"""Cycling: truth recovered from virtual tests, then input that is wrong or says little."""

from dataclasses import replace

import numpy as np
import pytest

from nacre.core.context import Context
from nacre.core.errors import NacreError
from nacre.core.figure import merge
from nacre.core.quantity import derive, parse
from nacre.core.signal import Signal, table
from nacre.core.study import Cell, Measurement, Sample, Segment
from nacre.techniques.cycling import half_cycles
from nacre.techniques.cycling.cycling import TECHNIQUE, CyclingOptions
from nacre.techniques.cycling.record.rows import concatenate
from nacre.virtual.cycling.cycler import Cycler, simulate_cycler
from nacre.virtual.cycling.cycler_truth import AGEING, CHECK_UPS, FIRST, RATE, Programme, plan_cycles
from paper_truth import PAPER

INPUTS = {
    "cam_mass": "8.316(50) mg",
    "diameter": "10.00(2) mm",
    "one_c": "190 mA/g",
    "lower_voltage": "1.35 V",
    "upper_voltage": "2.75 V",
    "counter_potential": "1.55 V",
}
RATES = Programme("rates", ((0.1, 3), (0.2, 3), (0.5, 3), (1.0, 3)))
STATED = CyclingOptions(current_gain_error=0.02, current_offset_error=0.02, voltage_error=1.0)


def context(sample="lho", segments=(), **changes):
    texts = {k: v for k, v in (INPUTS | changes).items() if v}
    inputs = {name: parse(text).tagged(f"{sample}:{name}") for name, text in texts.items()}
    cell = Cell(f"{sample}-1", sample, {**inputs, "counter_electrode": "Li4Ti5O12/Li7Ti5O12"})
    return Context("test", Sample(sample), cell, Measurement("m", sample, cell.name, segments=segments))


def run(signal, options=None, **kwargs):
    (result,) = TECHNIQUE.analyse({"signal": signal}, context(**kwargs), options or CyclingOptions())
    return result


def virtual(name, programme, **cycler):
    return simulate_cycler(PAPER[name], programme, Cycler(**cycler), seed=5)


def texts(result, *statuses):
    return " | ".join(f"{c.text} {c.do}" for c in result.checks if not statuses or c.status in statuses)


@pytest.fixture(scope="module")
def ageing():
    return {name: run(virtual(name, AGEING, dense=CHECK_UPS), sample=name) for name in PAPER}


@pytest.mark.parametrize(("name", "q", "ce"), [("lho", 187, 82.4), ("bare", 162, 78.6)])
def test_first_cycle(name, q, ce):
    result = run(virtual(name, FIRST), sample=name)
    state = {"cycle": 1, "rate_C": 0.1}
    assert result.get("discharge_capacity", **state).value == pytest.approx(q, abs=0.1)
    assert result.get("coulombic_efficiency", **state).value == pytest.approx(ce, abs=0.05)
    assert result.get("irreversible_capacity", **state).value == pytest.approx(q / ce * 100 - q, abs=0.2)
    areal = result.get("areal_discharge_capacity", **state)
    assert areal.value == pytest.approx(q * 8.316e-3 / 0.785398, rel=1e-3)
    assert result.origin == "synthetic"
    assert not texts(result, "warn", "fail")


@pytest.mark.parametrize(("name", "wanted"), [("lho", (187, 155, 112, 71)), ("bare", (162, 130, 87, 46))])
def test_rates_are_inferred(name, wanted):
    result = run(virtual(name, RATES), sample=name)
    for first, rate, q in zip((1, 4, 7, 10), (0.1, 0.2, 0.5, 1.0), wanted, strict=True):
        assert result.get("discharge_capacity", cycle=first, rate_C=rate).value == pytest.approx(q, abs=0.1)
    assert "rates follow from the current" in texts(result)


@pytest.mark.parametrize(("name", "kept", "mean"), [("lho", 81.4, 99.7), ("bare", 45.4, 99.5)])
def test_two_hundred_cycles(ageing, name, kept, mean):
    result = ageing[name]
    assert result.get("capacity_retention", cycle=200).value == pytest.approx(kept, abs=0.05)
    found = result.get("mean_coulombic_efficiency", rate_C=0.2)
    assert found.value == pytest.approx(mean, abs=0.02)
    assert found.n == 199
    assert result.get("fade_rate").value == pytest.approx((100 - kept) / 199, abs=1e-3)
    truth = plan_cycles(PAPER[name], AGEING)
    table_ = result.curve("cycles").columns
    assert table_["discharge_capacity"][0] == pytest.approx([c.discharge for c in truth], rel=1e-3)


@pytest.mark.parametrize("name", PAPER)
def test_two_books(ageing, name):
    """Capacity lost, and charge that went in and did not come out: they differ, and both are the truth's."""
    truth, result = plan_cycles(PAPER[name], AGEING), ageing[name]
    lost = result.get("capacity_lost")
    assert lost.value == pytest.approx(truth[0].discharge - truth[-1].discharge, abs=0.1)
    missing = result.get("cumulative_inefficiency")
    assert missing.value == pytest.approx(sum(c.charge - c.discharge for c in truth[1:]), abs=2.0)
    assert missing.std is None
    assert missing.value > lost.value


def test_the_knee_of_the_bare_cell_and_none_of_the_coated(ageing):
    knee = ageing["bare"].get("fade_knee")
    assert knee.lo95 < 50 < knee.hi95
    assert "no knee can be determined" in texts(ageing["lho"])
    assert not [e for e in ageing["lho"].entries if e.name == "fade_knee"]


def test_the_mass_is_in_capacities_but_not_in_ratios():
    result = run(virtual("lho", FIRST), STATED)
    q = result.get("discharge_capacity")
    assert q.std / q.value == pytest.approx(0.05 / 8.316, rel=0.01)
    ce = result.get("coulombic_efficiency")
    hours = 187 / 19
    assert ce.std == pytest.approx(82.4 * 0.02e-3 * hours * (1 / 1.555 + 1 / (1.555 / 0.824) / 0.824), rel=0.02)
    ratio = derive(lambda a, b: a / b, q, result.get("charge_capacity"), unit="1")
    assert 100 * ratio.std == pytest.approx(ce.std, rel=1e-3)
    areal = result.get("areal_discharge_capacity")
    assert areal.std / areal.value == pytest.approx(2 * 0.02 / 10, rel=0.01)


def test_without_a_stated_current_error_efficiency_has_no_uncertainty():
    result = run(virtual("lho", FIRST))
    assert result.get("coulombic_efficiency").std is None
    capacity = result.get("discharge_capacity")
    assert capacity.std is None and capacity.known_std > 0, "the mass is known, the gain of the current is not"
    assert run(virtual("lho", FIRST), STATED).get("discharge_capacity").std > capacity.known_std
    assert "accuracy of the cycler's current is not stated" in texts(result)
    assert run(virtual("lho", FIRST), cam_mass="8.316 mg").get("discharge_capacity").std is None


def test_energy_is_voltage_times_charge():
    result = run(virtual("lho", FIRST), STATED)
    q, volts = result.get("charge_capacity"), result.get("mean_charge_voltage")
    assert result.get("charge_energy").value == pytest.approx(q.value * volts.value)
    assert volts.std == pytest.approx(1e-3)
    assert result.get("energy_efficiency").value < result.get("coulombic_efficiency").value


def test_constant_voltage_parts_count_and_do_not_change_the_rate():
    signal = virtual("lho", Programme("cccv", ((0.5, 2),), held_fraction=0.2))
    q = run(signal).get("charge_capacity", cycle=2, rate_C=0.5)
    assert q.value == pytest.approx(112 / 0.993, rel=1e-3)


def without(signal, *names):
    return Signal(
        signal.kind, {k: v for k, v in signal.variables.items() if k not in names}, origin=signal.origin, name="x"
    )


def test_without_a_counter_the_current_is_integrated():
    signal = without(virtual("lho", FIRST), "step_cumulative_capacity_ah")
    result = run(signal)
    assert result.get("discharge_capacity").value == pytest.approx(187, abs=0.2)
    assert "the integral of the current" in result.methods


@pytest.mark.parametrize("start", [0, 7])
def test_the_files_own_cycle_counter_does_not_matter(start):
    signal = virtual("lho", RATES)
    counted = dict(signal.variables)
    counted["cycle_count"] = replace(counted["cycle_count"], values=np.full(signal.sizes["record"], start))
    result = run(Signal("cycling", counted))
    assert max(e.state["cycle"] for e in result.entries if "cycle" in e.state) == 12


def test_cycles_by_the_files_counter():
    signal = virtual("lho", RATES)
    result = run(signal, CyclingOptions(cycles="file"))
    assert result.get("discharge_capacity", cycle=10).value == pytest.approx(71, abs=0.1)
    with pytest.raises(NacreError, match=r"no cycle counter.*Set cycles = \"current\""):
        run(without(signal, "cycle_count"), CyclingOptions(cycles="file"))


def rows(signal, keep):
    return Signal(
        signal.kind, {k: replace(v, values=v.values[keep]) for k, v in signal.variables.items()}, origin=signal.origin
    )


def test_restarts_of_one_test_are_joined():
    signal = virtual("lho", RATES)
    step = signal.array("step_count", "1")
    first, second = rows(signal, step <= 13), rows(signal, step > 13)
    moved = dict(second.variables)
    for name in ("test_time_second", "step_count", "cycle_count"):
        moved[name] = replace(moved[name], values=moved[name].values - moved[name].values[0] + 1)
    joined, whole = run([first, Signal("cycling", moved)]), run(signal)
    ours, theirs = (r.curve("cycles").columns["discharge_capacity"][0] for r in (joined, whole))
    assert ours == pytest.approx(theirs, rel=1e-9)


def test_a_restart_inside_a_charge_is_one_charge():
    signal = virtual("lho", FIRST)
    n = signal.sizes["record"]
    cut = int(np.flatnonzero(signal.array("current_ampere", "A") > 0)[500])
    result = run([rows(signal, np.arange(n) < cut), rows(signal, np.arange(n) >= cut)])
    assert result.get("charge_capacity").value == pytest.approx(187 / 0.824, rel=2e-3)


def test_rows_exported_twice_are_left_out_once():
    signal = virtual("lho", FIRST)
    stamped = dict(signal.variables)
    seconds = stamped["test_time_second"]
    stamped["unix_time_second"] = replace(seconds, values=seconds.values + 1.6e9)
    whole = Signal("cycling", stamped)
    half = rows(whole, np.arange(whole.sizes["record"]) < 900)
    result = run([half, whole])
    assert result.get("discharge_capacity").value == pytest.approx(187, abs=0.2)
    assert "records lie before the end of the file before it" in texts(result, "warn")


def test_discharge_first_and_the_other_efficiency():
    signal = virtual("lho", RATES)
    started = rows(signal, signal.array("step_count", "1") >= 4)
    result = run(started, CyclingOptions(every_cycle=True))
    assert result.get("discharge_capacity", cycle=1).value == pytest.approx(187, abs=0.1)
    assert not [e for e in result.entries if e.name == "coulombic_efficiency" and e.state["cycle"] == 1]
    assert result.get("coulombic_efficiency", cycle=2).value == pytest.approx(99.3, abs=0.03)
    other = run(started, CyclingOptions(efficiency="charge/discharge"))
    assert other.get("coulombic_efficiency", cycle=1).value == pytest.approx(100 / 0.993, abs=0.05)
    assert "more charge came out than went in" not in texts(result)


def test_declared_segments_and_check_ups_in_them():
    programme = Programme("mixed", ((0.1, 2), (0.2, 11), (0.1, 1), (0.2, 5)))
    segments = (Segment("formation", 1, 2, parse("0.1C")), Segment("ageing", 3, None, parse("0.2C")))
    result = run(virtual("lho", programme), segments=segments)
    state = {"segment": "ageing", "rate_C": 0.2}
    assert result.get("capacity_retention", cycle=19, **state).value == pytest.approx(100, abs=0.05)
    assert result.get("discharge_capacity", cycle=14, segment="ageing", rate_C=0.1).value == pytest.approx(187, abs=0.1)
    assert "1 cycles in segment 'ageing' ran at another rate than 0.2C (first: cycle 14)" in texts(result)
    assert result.get("discharge_capacity", cycle=1, segment="formation").value == pytest.approx(187, abs=0.1)


def test_mixed_definitions_of_one_c():
    segments = (Segment("rate", 1, 3, parse("0.1C")), Segment("late", 40, 50))
    result = run(virtual("lho", RATES), segments=segments, one_c="274 mA/g")
    assert "segment 'rate' is declared as 0.1C, but its current is 0.07C of the given 1C" in texts(result, "warn")
    assert "another definition of 1C was used" in texts(result, "warn")
    assert "segment 'late' (cycles 40 to 50) is not in the file: it ends at cycle 12" in texts(result, "warn")


def test_no_one_c_no_rate():
    result = run(virtual("lho", FIRST), one_c="")
    assert result.get("discharge_capacity").value == pytest.approx(187, abs=0.1)
    assert not any("rate_C" in entry.state for entry in result.entries)
    assert "no C-rates: 1C is not given" in texts(result)


def test_window_not_reached():
    result = run(virtual("lho", FIRST), upper_voltage="2.85 V")
    assert "1 of 1 charges ended before upper_voltage, 2.85 V (first: cycle 1, at 2.75 V)" in texts(result, "warn")
    assert "every discharge reached lower_voltage" in texts(result, "pass")
    assert "no upper_voltage is given" in texts(run(virtual("lho", FIRST), upper_voltage=""))


def test_charge_only():
    signal = virtual("lho", FIRST)
    result = run(rows(signal, signal.array("step_count", "1") <= 3))
    assert "the test has no complete discharge: there is no Coulombic efficiency" in texts(result, "warn")
    assert {e.name for e in result.entries} & {"charge_capacity", "discharge_capacity"} == {"charge_capacity"}


def test_a_last_half_cycle_that_was_cut_is_left_out():
    signal = virtual("lho", RATES)
    step = signal.array("step_count", "1")
    result = run(rows(signal, np.arange(step.size) < np.flatnonzero(step == 48)[20]))
    assert "the file ends inside the discharge of cycle 12" in texts(result)
    assert result.get("charge_capacity", cycle=12).value > 0
    assert not [e for e in result.entries if e.name == "discharge_capacity" and e.state["cycle"] == 12]


def test_more_out_than_in():
    signal = virtual("lho", FIRST)
    swapped = dict(signal.variables)
    swapped["current_ampere"] = replace(swapped["current_ampere"], values=-swapped["current_ampere"].values)
    turned = run(Signal("cycling", swapped))
    assert turned.get("discharge_capacity").value == pytest.approx(187, abs=0.1)
    assert "the voltage falls where the current charges, throughout" in texts(turned, "warn")
    sign = np.sign(signal["current_ampere"].values)
    more = dict(signal.variables)
    more["current_ampere"] = replace(more["current_ampere"], values=sign * np.where(sign < 0, 1.3, 1.0) * 1.58e-4)
    del more["step_cumulative_capacity_ah"]
    result = run(Signal("cycling", more))
    assert "more charge came out than went in, in 1 of 1 cycles (first: cycle 1, 107.1" in texts(result, "fail")


def test_only_rest():
    time = np.arange(0.0, 7200.0, 60.0)
    columns = {"test_time_second": (time, "s"), "voltage_volt": (0 * time + 1.8, "V")}
    signal = table("cycling", {**columns, "current_ampere": (0 * time, "A")}, name="ocv")
    result = run(signal)
    assert result.entries == ()
    assert "ocv holds no charge and no discharge: 1.98 h at rest, 1.8 to 1.8 V" in texts(result, "warn")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"cam_mass": ""}, r"the mass of cathode active material is not given, and the capacity needs it.*\[cell"),
        ({"diameter": ""}, r"the electrode area is not given.*area = .* or diameter = "),
    ],
)
def test_missing_mass_or_area(change, words):
    with pytest.raises(NacreError, match=words):
        run(virtual("lho", FIRST), **change)


@pytest.mark.parametrize(("mass", "words"), [("8.316 mg", ""), ("0.8316 mg", "2269 mAh/g were charged or discharged")])
def test_more_than_the_formula_holds_is_no_capacity(mass, words):
    signal, told = virtual("lho", FIRST), context(cam_mass=mass)
    told = replace(told, sample=Sample("lho", inputs={"cam": "LiNi0.85Co0.10Mn0.05O2"}))
    (result,) = TECHNIQUE.analyse({"signal": signal}, told, CyclingOptions())
    found = texts(result, "fail")
    assert words in found and bool(words) == bool(found)
    assert not words or "lithium of LiNi0.85Co0.10Mn0.05O2 is 275 mAh/g look at the mass of active material" in found


def test_more_than_lithium_itself_is_no_capacity_of_anything():
    assert "and lithium itself, of which every material holds less, is 3.86e+03 mAh/g" in texts(
        run(virtual("lho", FIRST), cam_mass="8.316 ug"), "fail"
    )
    assert not texts(run(virtual("lho", FIRST)), "fail")


def test_what_is_asked_for_beforehand_follows_the_options():
    assert TECHNIQUE.needs(CyclingOptions()) == ("cam_mass", "area")
    assert TECHNIQUE.needs(CyclingOptions(divide_by=("nothing",))) == ()


def test_divided_by_what_is_asked():
    result = run(virtual("lho", FIRST), CyclingOptions(divide_by=("nothing",)), cam_mass="", diameter="")
    assert result.get("discharge_charge").value == pytest.approx(187 * 8.316e-3, rel=1e-3)
    assert result.get("discharge_charge").unit == "mAh"


@pytest.mark.parametrize(
    ("signal", "words"),
    [
        (table("cycling", {"voltage_volt": (np.ones(3), "V")}, name="f"), "no column test_time_second and current_am"),
        (table("spectrum", {"x": (np.ones(3), "V")}, name="f"), "not a cycling file; found 'spectrum'"),
    ],
)
def test_wrong_signals(signal, words):
    with pytest.raises(NacreError, match=words):
        run(signal)


def test_figures_of_two_samples_become_one(ageing):
    figures = [f for name in PAPER for f in run(virtual(name, FIRST), sample=name).figures]
    (profiles,) = merge(figures)
    assert profiles.place == "Fig. 4a"
    assert profiles.synthetic
    assert {s.subject for s in profiles.panels[0].series} == {"bare", "lho"}
    assert profiles.panels[0].y.label == "Voltage vs. Li4Ti5O12/Li7Ti5O12"
    assert "Add 1.55 V for the potential vs. Li+/Li." in profiles.caption
    assert all(s.x.size <= 400 for s in profiles.panels[0].series)
    keys = [f.key for name in PAPER for f in ageing[name].figures]
    assert keys.count("cycling-stability") == 2


def test_a_named_later_segment_is_no_first_cycle():
    result = run(virtual("lho", FIRST), segments=(Segment("rate", 1, 1, parse("0.1C")),))
    assert "first-cycle" not in [f.key for f in result.figures]
    assert "irreversible_capacity" not in {e.name for e in result.entries}


def test_two_long_parts_at_one_rate_are_told_apart():
    result = run(virtual("lho", Programme("parts", ((0.2, 12), (0.1, 12), (0.2, 12)))))
    assert result.get("mean_coulombic_efficiency", rate_C=0.2, to_cycle=12).value == pytest.approx(99.3, abs=0.02)
    assert result.get("mean_coulombic_efficiency", rate_C=0.2, to_cycle=36).value == pytest.approx(99.3, abs=0.02)


def test_check_ups_interrupt_no_ageing():
    result = run(virtual("lho", Programme("parts", ((0.2, 12), (0.1, 1), (0.2, 12)))))
    table = result.curve("cycles").columns["discharge_capacity"][0]
    kept = result.get("capacity_retention")
    assert kept.value == pytest.approx(100 * table[24] / table[0], rel=1e-9)
    assert result.get("mean_coulombic_efficiency").n == 23


def test_a_short_segment_declared_as_ageing_has_a_retention():
    programme = Programme("parts", ((0.1, 2), (0.2, 4), (0.5, 6)))
    declared = (Segment("formation", 1, 2), Segment("rate", 3, 6), Segment("ageing", 7, 12))
    result = run(virtual("lho", programme), segments=declared)
    table = result.curve("cycles").columns["discharge_capacity"][0]
    kept = result.get("capacity_retention")
    assert kept.value == pytest.approx(100 * table[11] / table[6], rel=1e-9)
    assert result.get("mean_coulombic_efficiency", segment="ageing").n == 5
    assert "capacity_retention" not in {e.name for e in run(virtual("lho", programme)).entries}


def test_a_declared_segment_without_a_rate_takes_its_usual_one():
    segments = (Segment("ageing", 1, None),)
    result = run(virtual("lho", Programme("parts", ((0.2, 12), (0.1, 1), (0.2, 12)))), segments=segments)
    assert result.get("capacity_retention", cycle=25, segment="ageing", rate_C=0.2).value == pytest.approx(
        100, abs=0.05
    )


def test_a_record_cut_by_the_end_of_the_file_is_left_out():
    signal = simulate_cycler(PAPER["lho"], RATE, seed=1)
    cut = dict(signal.variables)
    for name in ("voltage_volt", "current_ampere"):
        cut[name] = replace(cut[name], values=np.append(cut[name].values[:-1], np.nan))
    rows = half_cycles.join_files(replace(signal, variables=cut))
    assert len(rows) == len(signal["voltage_volt"].values) - 1
    assert np.isfinite(rows.voltage).all()


def test_a_dead_half_cycle_and_a_predicted_file_are_taken_for_what_they_are():
    rows = half_cycles.join_files(simulate_cycler(PAPER["lho"], FIRST, seed=1))
    mixed = concatenate([replace(rows, origin="predicted"), replace(rows, origin="measured")])
    assert mixed.origin == "predicted"
