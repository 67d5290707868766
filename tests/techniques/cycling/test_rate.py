"""Rate capability: truth recovered from virtual tests, then tests that are none or lack a rate."""

from dataclasses import replace

import numpy as np
import pytest

from nacre.core.context import Context
from nacre.core.errors import NacreError
from nacre.core.figure import merge
from nacre.core.quantity import parse
from nacre.core.signal import Signal, table
from nacre.core.study import Cell, Measurement, Sample, Segment
from nacre.techniques.cycling.half_cycles import ProtocolPart
from nacre.techniques.cycling.rate import TECHNIQUE, RateOptions, _select_rate_parts
from nacre.virtual.cycling.cycler import Cycler, simulate_cycler
from nacre.virtual.cycling.cycler_truth import FIRST, RATE, Programme
from paper_truth import PAPER

INPUTS = {"cam_mass": "8.316(50) mg", "one_c": "190 mA/g", "counter_potential": "1.55 V"}
NAMED = (
    Segment("formation", 1, 1, parse("0.1C")),
    *(Segment("rate", i, i, parse(f"{r}C")) for i, r in ((2, 0.2), (3, 0.5), (4, 1))),
)


def context(sample="lho", segments=(), **changes):
    texts = {k: v for k, v in (INPUTS | changes).items() if v}
    cell = Cell(f"{sample}-1", sample, {name: parse(text).tagged(f"{sample}:{name}") for name, text in texts.items()})
    return Context("test", Sample(sample), cell, Measurement("m", sample, cell.name, segments=segments))


def analyse(signal, options=None, **kwargs):
    return TECHNIQUE.analyse({"signal": signal}, context(**kwargs), options or RateOptions())


def run(signal, options=None, **kwargs):
    (result,) = analyse(signal, options, **kwargs)
    return result


def virtual(name, programme):
    return simulate_cycler(PAPER[name], programme, Cycler(), seed=5)


def texts(result, *statuses):
    return " | ".join(f"{c.text} {c.do}" for c in result.checks if not statuses or c.status in statuses)


@pytest.mark.parametrize(("name", "wanted"), [("lho", (187, 155, 112, 71)), ("bare", (162, 130, 87, 46))])
def test_capacities_and_what_is_kept(name, wanted):
    result = run(virtual(name, RATE), sample=name, segments=NAMED)
    assert result.get("discharge_capacity", rate_C=0.1, segment="formation").value == pytest.approx(wanted[0], abs=0.1)
    for rate, q in zip((0.2, 0.5, 1.0), wanted[1:], strict=True):
        assert result.get("discharge_capacity", rate_C=rate, segment="rate").value == pytest.approx(q, abs=0.1)
        assert result.get("kept_fraction", rate_C=rate).value == pytest.approx(100 * q / wanted[0], abs=0.1)
    assert result.origin == "synthetic"


def made(drops, capacity=(1.5, 1.2, 0.9)):
    """A record whose discharge is the same line at every rate, lower by `drops` V. Charge in mAh."""
    time, volts, amps = [np.zeros(1)], [np.full(1, 1.8)], [np.zeros(1)]
    for rate, drop, q in zip((0.1, 0.2, 0.5), drops, capacity, strict=True):
        current = rate * 190 * 8.316e-6
        for sign in (1, -1):
            x = np.linspace(0, 1, 400)
            level = 1.9 + 0.8 * x if sign > 0 else 2.7 - 0.3 * q * x - drop
            time.append(time[-1][-1] + 60 + x * q * 3.6 / current)
            volts.append(level)
            amps.append(np.full(400, sign * current))
    time, volts, amps = [*time, time[-1][-1:] + 600], [*volts, np.full(1, 1.8)], [*amps, np.zeros(1)]
    columns = {"test_time_second": (time, "s"), "voltage_volt": (volts, "V"), "current_ampere": (amps, "A")}
    return table("cycling", {n: (np.concatenate(v), u) for n, (v, u) in columns.items()}, name="made")


def test_overpotential_grows_with_the_rate():
    result = run(made((0.010, 0.034, 0.110)))
    for rate, grown in ((0.2, 24), (0.5, 100)):
        found = result.get("overpotential_growth", rate_C=rate)
        assert found.value == pytest.approx(grown, abs=0.2)
        assert found.std < 0.2
    assert not [e for e in result.entries if e.name == "overpotential_growth" and e.state["rate_C"] == 0.1]


def test_too_little_in_common():
    result = run(made((0.0, 0.1, 0.2), (1.5, 0.5, 0.02)))
    assert not [e for e in result.entries if e.name == "overpotential_growth"]
    assert "the rates have less than 5 mAh/g in common" in texts(result)


def test_the_bare_cell_grows_more():
    grown = {n: run(virtual(n, RATE), sample=n).get("overpotential_growth", rate_C=1.0).value for n in PAPER}
    assert grown["bare"] > grown["lho"] > 0


def test_the_mass_is_not_in_kept_fractions():
    stated = RateOptions(current_gain_error=0.02, current_offset_error=0.02)
    result = run(virtual("lho", RATE), stated)
    capacity, kept = result.get("discharge_capacity", rate_C=1.0), result.get("kept_fraction", rate_C=1.0)
    assert capacity.std / capacity.value == pytest.approx(0.05 / 8.316, rel=0.05)
    assert 0 < kept.std / kept.value < 1e-3
    plain = run(virtual("lho", RATE))
    assert plain.get("kept_fraction", rate_C=1.0).std is None
    assert "kept fractions have no uncertainty" in texts(plain)


def test_which_cycle_counts():
    programme = Programme("rates", ((0.1, 2), (1.0, 3)), ages=True)
    signal = virtual("bare", programme)
    found = {
        w: run(signal, RateOptions(cycle_of_rate=w)).get("discharge_capacity", rate_C=1.0)
        for w in ("mean", "first", "last")
    }
    assert found["first"].value > found["mean"].value > found["last"].value
    assert found["mean"].n == 3


def test_a_rate_that_comes_back():
    result = run(virtual("lho", Programme("back", ((0.1, 2), (1.0, 2), (0.1, 2)))))
    assert "cycles 5 to 6 at 0.1C comes back to 0.1C: the first cycles at that rate count" in texts(result)
    assert len([e for e in result.entries if e.name == "discharge_capacity"]) == 2


def test_a_rate_is_missing():
    segments = (*NAMED, Segment("fast", 5, 5, parse("2C")))
    result = run(virtual("lho", RATE), segments=segments)
    assert "the test holds no cycle at 2C, although study.toml declares it" in texts(result, "warn")
    signal = virtual("lho", FIRST)
    alone = run(signal, segments=NAMED)
    assert alone.entries == ()
    assert "the test holds no cycle at 0.2C, 0.5C, 1C" in texts(alone, "warn")
    assert "one rate alone says nothing about the rate capability" in texts(alone, "warn")


def test_a_test_at_one_rate_is_no_rate_test():
    assert analyse(virtual("lho", FIRST)) == []
    assert analyse(virtual("lho", Programme("ageing", ((0.1, 1), (0.2, 12))))) == []


def test_mixed_definitions_of_one_c():
    result = run(virtual("lho", RATE), segments=NAMED, one_c="274 mA/g")
    assert "is declared as 0.1C, but its current is 0.07C of the given 1C" in texts(result, "warn")


def test_charge_only_and_rest_only():
    signal = virtual("lho", RATE)
    for keep in (signal.array("current_ampere", "A") >= 0, signal.array("current_ampere", "A") == 0):
        piece = {n: replace(v, values=v.values[keep]) for n, v in signal.variables.items()}
        assert analyse(Signal("cycling", piece, name="piece")) == []


def test_the_mass_is_needed():
    with pytest.raises(
        NacreError, match="the mass of cathode active material is not given, and the capacity at each rate"
    ):
        run(virtual("lho", RATE), segments=NAMED, cam_mass="")


def test_figures():
    drawn = merge([f for name in PAPER for f in run(virtual(name, RATE), sample=name).figures])
    assert {f.place for f in drawn} >= {"Fig. 4c", "Fig. 4d", "Fig. 4e"}
    profiles = next(f for f in drawn if f.key == "rate-profiles")
    assert {s.group for s in profiles.panels[0].series} == {"0.1C", "0.2C", "0.5C", "1C"}
    kept = next(f for f in drawn if f.key == "rate-retention")
    assert kept.panels[0].series[0].y[0] == 100
    assert {s.subject for s in kept.panels[0].series} == set(PAPER)


def test_capacities_that_no_material_has_fail_a_check():
    right, wrong = (run(virtual("lho", RATE), cam_mass=mass) for mass in ("8.316 mg", "8.316 ug"))
    assert not texts(right, "fail") and "were charged or discharged, and lithium itself" in texts(wrong, "fail")


@pytest.mark.parametrize(("lengths", "rates"), [((10, 10, 10), 3), ((2, 12, 60), 1), ((40, 40, 40), 0)])
def test_ten_cycles_at_each_of_three_rates_are_a_rate_test(lengths, rates):
    """Ageing is none, be it after a rate or at three rates in turn."""
    parts = [
        ProtocolPart(tuple(range(k, k + n)), rate)
        for k, n, rate in zip((1, 50, 110), lengths, (0.1, 0.2, 0.5), strict=True)
    ]
    assert len(_select_rate_parts(parts)) == rates


def test_capacities_of_ten_cycles_at_each_rate():
    result = run(virtual("lho", Programme("rates", ((0.1, 10), (0.2, 10), (0.5, 10)))))
    q = {rate: result.get("discharge_capacity", rate_C=rate) for rate in (0.1, 0.2, 0.5)}
    assert [v.n for v in q.values()] == [10, 10, 10]
    assert result.get("kept_fraction", rate_C=0.5).value == pytest.approx(100 * q[0.5].value / q[0.1].value, rel=1e-9)
