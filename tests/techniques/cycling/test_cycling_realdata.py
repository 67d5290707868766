"""Cycling techniques on real files of other people's cells: charges that two programs agree on, and honest peaks."""

import numpy as np
import pytest

from nacre.core.context import Context
from nacre.core.quantity import parse
from nacre.core.study import Cell, Measurement, Sample
from nacre.readers.reading import read
from nacre.techniques.cycling import cycling, dqdv, transitions
from nacre.techniques.cycling import half_cycles as hc

pytestmark = pytest.mark.realdata
LITHIUM = {"counter_potential": "0 V"}


def run(technique, path, options, inputs=None):
    cell = Cell("c", "s", {name: parse(text) for name, text in (inputs or {}).items()})
    context = Context("real", Sample("s"), cell, Measurement("m", "s", "c"))
    (signal,) = read(path)
    (result,) = technique.TECHNIQUE.analyse({"signal": signal}, context, options)
    return result


def charges(path):
    result = run(cycling, path, cycling.CyclingOptions(divide_by=("nothing",), every_cycle=True))

    def column(name):
        return [e.quantity.value for e in result.entries if e.name == name]

    return column("discharge_charge"), column("charge_charge"), " | ".join(c.text for c in result.checks)


def test_a_counter_that_restarts_with_each_step(realdata):
    discharged, charged, texts = charges(realdata / "cycling" / "cellpy" / "maccor_one.txt")
    assert sum(discharged) == pytest.approx(9535.8, abs=0.1)
    assert sum(charged) == pytest.approx(12212.1, abs=0.1)
    assert "the cycler's charge counter and the integral of I dt agree within" in texts


def test_a_counter_that_runs_on_through_the_held_voltage(realdata):
    discharged, charged, _ = charges(realdata / "cycling" / "cellpy" / "maccor_three.txt")
    assert discharged[:3] == pytest.approx([850.928, 846.961, 843.942], abs=1e-3)
    assert charged[:3] == pytest.approx([906.112, 854.429, 849.317], abs=1e-3)
    assert len(discharged) == 15


def test_a_file_with_rest_alone(realdata):
    _, _, texts = charges(realdata / "cycling" / "cellpy" / "maccor_two.txt")
    assert "maccor_two.txt holds no charge and no discharge: 3.5" in texts


def test_tri_files(realdata):
    folder = realdata / "cycling" / "beep"
    discharged, _, _ = charges(folder / "xTESLADIAG_000019_CH70.070")
    assert discharged[0] == pytest.approx(124.731, abs=1e-3)
    discharged, _, texts = charges(folder / "PredictionDiagnostics_000109_tztest.010")
    assert discharged[:3] == pytest.approx([1937.758, 1839.455, 1746.085], abs=1e-3)
    assert "differ by up to 0.73 % in a half cycle" in texts


def test_a_record_too_coarse_for_dqdv(realdata):
    path = realdata / "cycling" / "cellpy" / "maccor_three.txt"
    result = run(dqdv, path, dqdv.DqdvOptions(), LITHIUM)
    assert not result.entries
    assert "30 of 30 half cycles give no dQ/dV (first: the charge of cycle 1, records 12.4 mV apart" in " | ".join(
        c.text for c in result.checks
    )


def test_the_interval_of_a_real_peak_holds_what_other_choices_find(realdata):
    """Grids of 2, 5, 10 mV and smoothings of 5, 10, 20 mV move a real peak; the stated interval spans all of them."""
    half = hc.find_half_cycles(hc.join_files(read(realdata / "cycling" / "cellpy" / "maccor_one.txt")[0]))
    k = int(half.which(2, 1)[0])
    options = dqdv.DqdvOptions()
    central = highest(transitions.compute_half_curve(half, k, options.choices, 0.04))
    std = np.sqrt(sum(c * c for c in central.place.changes.values()) / 3 + central.place.noise**2)
    others = [
        highest(transitions.compute_half_curve(half, k, transitions.DqdvChoices(s, g, 0.6), 0.04)).place.value
        for s in (5e-3, 10e-3, 20e-3)
        for g in (2e-3, 5e-3, 10e-3)
    ]
    assert np.ptp(others) > 5e-4
    assert np.abs(np.array(others) - central.place.value).max() < 1.96 * std
    assert 1e-3 < std < 5e-3


def highest(curve):
    return max(curve.peaks, key=lambda peak: peak.height.value)
