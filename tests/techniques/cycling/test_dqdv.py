"""Differential capacity: transitions of virtual tests recovered and named; then what cannot be told."""

from dataclasses import replace

import numpy as np
import pytest

from nacre.core.context import Context
from nacre.core.errors import NacreError
from nacre.core.figure import merge
from nacre.core.quantity import covariance, derive, parse
from nacre.core.signal import Signal
from nacre.core.study import Cell, Measurement, Sample, Segment
from nacre.techniques.cycling.dqdv import TECHNIQUE, DqdvOptions
from nacre.virtual.cycling.cycler import (
    Cycler,
    CyclerFlaws,
    Logging,
    compute_charge,
    compute_polarisation,
    find_peaks,
    simulate_cycler,
)
from nacre.virtual.cycling.cycler_truth import AGEING, CHECK_UPS, FIRST, RATE, Programme, plan_cycles
from paper_truth import PAPER

INPUTS = {"cam_mass": "8.316(50) mg", "one_c": "190 mA/g", "counter_potential": "1.55 V"}
NAMES = {"h1_m": "h1_m_peak", "m_h2": "m_h2_peak", "h2_h3": "h2_h3_peak"}


def context(sample="lho", segments=(), words=(), **changes):
    texts = {k: v for k, v in (INPUTS | changes).items() if v}
    inputs = {name: parse(text).tagged(f"{sample}:{name}") for name, text in texts.items()}
    cell = Cell(f"{sample}-1", sample, {**inputs, "counter_electrode": "Li4Ti5O12", **dict(words)})
    return Context("test", Sample(sample), cell, Measurement("m", sample, cell.name, segments=segments))


def run(signal, options=None, **kwargs):
    (result,) = TECHNIQUE.analyse({"signal": signal}, context(**kwargs), options or DqdvOptions())
    return result


def virtual(name, programme, seed=5, **cycler):
    return simulate_cycler(PAPER[name], programme, Cycler(**cycler), seed=seed)


def texts(result, *statuses):
    return " | ".join(f"{c.text} {c.do}" for c in result.checks if not statuses or c.status in statuses)


def moved(signal, volts):
    """The same cell with its voltage moved: another counter electrode."""
    columns = dict(signal.variables)
    columns["voltage_volt"] = replace(columns["voltage_volt"], values=columns["voltage_volt"].values + volts)
    return Signal("cycling", columns, origin=signal.origin, name="moved")


@pytest.fixture(scope="module")
def ageing():
    return {name: run(virtual(name, AGEING, dense=CHECK_UPS), sample=name) for name in PAPER}


@pytest.mark.parametrize("name", PAPER)
def test_all_three_transitions_at_every_rate(name):
    truth, result = PAPER[name], run(virtual(name, RATE), sample=name)
    for cycle in plan_cycles(truth, RATE):
        for sign, word in ((1, "charge"), (-1, "discharge")):
            for key, volts in find_peaks(truth, cycle, sign).items():
                found = result.get(NAMES[key], cycle=cycle.number, rate_C=cycle.rate, direction=word)
                assert found.value == pytest.approx(volts, abs=3e-3)
                assert 0 < found.std < 2e-3


def test_area_and_width_are_those_of_the_curve():
    truth, cycle = PAPER["lho"], plan_cycles(PAPER["lho"], FIRST)[0]
    result = run(virtual("lho", FIRST))
    v = np.linspace(1.7, 2.75, 40_001)
    q = compute_charge(v - compute_polarisation(cycle))
    q *= cycle.charge / (q[-1] - compute_charge(np.array([1.8])))
    slope = np.gradient(q, v)
    peak = np.argmax(np.where(v < 2.2, slope, 0))
    left = np.flatnonzero(slope[:peak] <= 0.1 * slope[peak])[-1]
    right = peak + np.flatnonzero(slope[peak:] <= 0.1 * slope[peak])[0]
    area = result.get("transition_area", transition="H1-M")
    assert area.value == pytest.approx(q[right] - q[left], rel=0.02)
    assert area.std / area.value > 0.05 / 8.316
    half = np.flatnonzero(slope[: np.searchsorted(v, 2.25)] >= slope[peak] / 2)
    width = result.get("transition_width", transition="H1-M")
    assert width.value == pytest.approx(1e3 * (v[half[-1]] - v[half[0]]), abs=2.5)
    assert truth.h1_m.value == pytest.approx(v[peak], abs=1e-4)


def test_the_published_shifts():
    first = {name: run(virtual(name, FIRST), sample=name).get("h1_m_peak", direction="charge") for name in PAPER}
    shift = derive(lambda b, c: 1e3 * (b - c), first["bare"], first["lho"], unit="mV")
    assert shift.value == pytest.approx(10, abs=2)
    assert 1.96 * shift.std <= 4


@pytest.mark.parametrize(("name", "wanted"), [("bare", 60), ("lho", 8)])
def test_ageing_shift(ageing, name, wanted):
    state = {"cycle": 10, "to_cycle": 200, "rate_C": 0.2, "direction": "charge"}
    shift = ageing[name].get("h1_m_shift", **state)
    assert shift.value == pytest.approx(wanted, abs=2)
    assert 1.96 * shift.std <= 4
    assert {e.state["cycle"] for e in ageing[name].entries if e.name == "h1_m_peak"} == {1, 10, 200}
    cycles = ageing[name].curve("transitions").columns["cycle"][0]
    assert set(cycles.tolist()) == set(CHECK_UPS)
    assert "388 of 400 half cycles give no dQ/dV" in texts(ageing[name])


def test_what_each_transition_kept(ageing):
    cycles = plan_cycles(PAPER["lho"], AGEING)
    for name in ("H1-M", "M-H2", "H2-H3"):
        found = ageing["lho"].get("transition_kept", transition=name, cycle=10, to_cycle=200)
        assert found.value == pytest.approx(100 * cycles[199].charge / cycles[9].charge, abs=2)
        assert found.std < 2
    for result in ageing.values():
        assert "cannot be determined, H1-M on charge and on discharge moved apart by" in texts(result)
        assert "a slow cycle (C/20 or slower) and an impedance spectrum" in texts(result)


def test_common_choices_drop_out_of_a_difference():
    a, b = (run(virtual(name, FIRST), sample=name).get("h1_m_peak", direction="charge") for name in PAPER)
    assert any(source.startswith("dQ/dV smoothing") for source in a.parts)
    assert covariance(a, b) != 0
    same = derive(lambda x, y: x - y, a, a, unit="V")
    assert same.std == pytest.approx(0, abs=1e-12)
    other = run(virtual("lho", FIRST), DqdvOptions(smoothing=8.0)).get("h1_m_peak", direction="charge")
    assert not {s for s in other.parts if "smoothing" in s} & {s for s in a.parts if "smoothing" in s}


def test_polarisation_is_charge_less_discharge():
    cycle = plan_cycles(PAPER["bare"], RATE)[3]
    result = run(virtual("bare", RATE), sample="bare")
    found = result.get("polarisation", cycle=4, transition="H1-M")
    assert found.value == pytest.approx(2e3 * compute_polarisation(cycle), abs=2)


def test_voltage_error_is_in_positions_and_not_in_shifts():
    signal = virtual("lho", Programme("long", ((0.2, 11),), ages=True))
    plain, stated = (run(signal, DqdvOptions(voltage_error=e)) for e in (None, 5.0))
    assert stated.get("h1_m_peak", cycle=1, direction="charge").std == pytest.approx(5e-3, rel=0.05)
    assert stated.get("h1_m_shift").std == pytest.approx(plain.get("h1_m_shift").std, rel=0.05)
    assert "accuracy of the cycler's voltage is not stated" in texts(plain)
    assert "accuracy of the cycler's voltage" not in texts(stated)


@pytest.mark.parametrize(("potential", "volts"), [("0 V", 1.55), ("0.62 V", 0.93), ("1.55 V", 0.0)])
def test_any_counter_electrode(potential, volts):
    result = run(moved(virtual("lho", FIRST), volts), counter_potential=potential)
    found = result.get("h1_m_peak", direction="charge").value
    assert found == pytest.approx(2.110 + volts, abs=2e-3)


def test_without_the_counter_potential_no_peak_is_named():
    result = run(virtual("lho", FIRST), counter_potential="")
    assert result.entries == ()
    assert "the peaks of dQ/dV cannot be named: the counter electrode's potential is not given" in texts(result, "warn")
    assert "In/InLi 0.62" in texts(result)
    assert any(curve.name == "dqdv charge 1" for curve in result.curves)


def test_another_active_material():
    result = run(virtual("lho", FIRST), words={"cam": "LiCoO2"}.items())
    assert "transitions of nickel-rich layered oxides; the active material is LiCoO2" in texts(result, "warn")


def test_without_a_mass_there_are_positions_only():
    result = run(virtual("lho", FIRST), cam_mass="")
    assert result.get("h1_m_peak", direction="charge").value == pytest.approx(2.110, abs=2e-3)
    assert not [e for e in result.entries if e.name == "transition_area"]
    assert "mass of active material is not given" in texts(result)
    assert result.curve("dqdv charge 1").columns["dq/dV"][1] == "mAh/V"


def test_merged_peaks_cannot_be_told():
    """M-H2 rises least of the three above its neighbours: it is the first to be lost in them."""
    result = run(virtual("lho", FIRST), DqdvOptions(prominence=40.0))
    found = {e.name for e in result.entries if e.name.endswith("_peak") and e.state["direction"] == "charge"}
    assert found == {"h1_m_peak"}
    assert "M-H2 cannot be determined: 2 peaks alone, one of which may be M-H2 or H2-H3" in texts(result)


def test_a_peak_that_is_cut_off():
    """Charged to 2.58 V only, the cell never comes to H2-H3."""
    signal = virtual("lho", FIRST)
    keep = (signal.array("step_count", "1") == 2) & (signal.array("voltage_volt", "V") < 2.58)
    piece = {n: replace(v, values=v.values[keep]) for n, v in signal.variables.items()}
    result = run(Signal("cycling", piece, name="piece"))
    assert {e.name for e in result.entries if e.name.endswith("_peak")} == {"h1_m_peak", "m_h2_peak"}
    assert "H2-H3 cannot be determined: it has no maximum of its own (merged with a neighbour" in texts(result)


def test_one_peak_alone_is_not_named():
    signal = virtual("lho", FIRST, flaws=CyclerFlaws(lost=0))
    voltage, step = signal.array("voltage_volt", "V"), signal.array("step_count", "1")
    keep = (step == 2) & (voltage > 2.32) & (voltage < 2.52)
    columns = {n: replace(v, values=v.values[keep]) for n, v in signal.variables.items()}
    columns["voltage_volt"] = replace(columns["voltage_volt"], values=columns["voltage_volt"].values - 0.06)
    result = run(Signal("cycling", columns, name="piece"))
    assert result.entries == ()
    assert "one peak alone, which may be H1-M or M-H2" in texts(result)


@pytest.mark.parametrize(
    ("at", "below", "volts", "words"),
    [
        (2, 2.52, 0.30, "2 peaks alone, one of which may be H1-M or M-H2"),
        (4, 2.30, -0.23, "the peaks fit 1 of the three alone, and only with the windows moved by 1"),
    ],
)
def test_few_peaks_far_from_where_they_belong_are_not_named(at, below, volts, words):
    signal = virtual("lho", FIRST)
    voltage, step = signal.array("voltage_volt", "V"), signal.array("step_count", "1")
    keep = (step == at) & (voltage < below)
    columns = {n: replace(v, values=v.values[keep]) for n, v in signal.variables.items()}
    columns["voltage_volt"] = replace(columns["voltage_volt"], values=columns["voltage_volt"].values + volts)
    result = run(Signal("cycling", columns, name="piece"))
    assert result.entries == ()
    assert words in texts(result)


def test_a_plateau_has_no_dqdv():
    signal = virtual("lho", FIRST)
    flat = dict(signal.variables)
    flat["voltage_volt"] = replace(flat["voltage_volt"], values=2.0 + 0.01 * (flat["voltage_volt"].values - 2.0))
    result = run(Signal("cycling", flat, name="flat"))
    assert result.entries == ()
    assert "give no dQ/dV (first: the charge of cycle 1, a plateau: the voltage spans" in texts(result, "warn")


def test_a_coarse_record():
    result = run(virtual("lho", FIRST, log=Logging(25e-3, 1e5)))
    assert "2 of 2 half cycles give no dQ/dV" in texts(result, "warn")
    assert "mV apart, smoothing 6 mV" in texts(result)
    assert "log a record every 1 to 5 mV" in texts(result)


def test_a_held_voltage_is_left_out():
    # the held part is a fifth of the charge; the first tenth of it still passes at nearly the constant current
    result = run(virtual("lho", Programme("cccv", ((0.2, 2),), held_fraction=0.2)))
    assert "charge that passed at another current (a held voltage) is not in dQ/dV: up to 18%" in texts(result)
    assert result.curve("dqdv charge 1").columns["dq/dV"][0][-8:].max() < 500


def test_charge_only():
    signal = virtual("lho", FIRST)
    keep = signal.array("step_count", "1") <= 3
    piece = {n: replace(v, values=v.values[keep]) for n, v in signal.variables.items()}
    result = run(Signal("cycling", piece, name="charge"))
    assert {e.state["direction"] for e in result.entries if "direction" in e.state} == {"charge"}
    assert not [e for e in result.entries if e.name == "polarisation"]


def test_only_rest_gives_nothing():
    signal = virtual("lho", FIRST)
    piece = {n: replace(v, values=v.values[:5]) for n, v in signal.variables.items()}
    assert TECHNIQUE.analyse({"signal": Signal("cycling", piece)}, context(), DqdvOptions()) == []


def test_a_window_that_is_none():
    with pytest.raises(
        NacreError, match=r"option 'h1_m': the window of H1-M is not two voltages in order; found 3.8, 3.5"
    ):
        run(virtual("lho", FIRST), DqdvOptions(h1_m=(3.8, 3.5)))


def test_figures(ageing):
    rate = [f for name in PAPER for f in run(virtual(name, RATE), sample=name).figures]
    drawn = merge([*rate, *(f for name in PAPER for f in ageing[name].figures)])
    places = {f.key: f.place for f in drawn}
    assert places["differential-capacity"] == "Fig. 4b"
    assert {k for k, p in places.items() if p == "Fig. S3"} == {
        f"differential-capacity-{r}C" for r in ("0.2", "0.5", "1")
    }
    assert {k for k, p in places.items() if p == "Fig. 5a-b"} == {f"differential-capacity-ageing-{n}" for n in PAPER}
    first = next(f for f in drawn if f.key == "differential-capacity")
    assert len(first.panels[0].inset.series) == 2
    assert {s.subject for s in first.panels[0].series} == set(PAPER)
    aged = next(f for f in drawn if f.key == "differential-capacity-ageing-bare")
    assert {s.group for s in aged.panels[0].series} == {f"cycle {n}" for n in CHECK_UPS}


def test_segments_stand_in_the_state():
    segments = (Segment("formation", 1, 1, parse("0.1C")), Segment("rate", 2, 4))
    result = run(virtual("lho", RATE), segments=segments)
    assert result.get("h1_m_peak", cycle=1, rate_C=0.1, segment="formation", direction="charge").value > 2
    assert result.get("h1_m_peak", cycle=3, rate_C=0.5, segment="rate", direction="charge").value > 2
