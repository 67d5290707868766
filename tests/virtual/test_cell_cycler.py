"""A predicted test as a virtual cycler writes it: read back, it is what was simulated, and is known for what it is."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import nacre
from nacre.cell.recipe.build import build_cell
from nacre.cell.simulate import SimulationSettings, simulate_protocol
from nacre.core.context import Context
from nacre.core.contracts import VIRTUAL_MARK
from nacre.core.errors import NacreError
from nacre.core.registry import readers
from nacre.physics.p2d import Mesh
from nacre.readers.reading import read
from nacre.techniques.cycling import cycling
from nacre.virtual.cycling.cell_cycler import GAIN, record_cell_cycling

STUDY = nacre.load(Path(__file__).parents[2] / "studies" / "lho-ncm85")
CONTEXT = Context(STUDY.name, STUDY.samples["lho"], STUDY.cells["lho-1"], inputs=STUDY.inputs)
PASS = "charge at 0.5C to 2.75 V; rest for 10 min; discharge at 0.5C to 1.35 V; rest for 10 min"
TEXT = f"rest for 1 h; repeat 2 times: {PASS}"


@pytest.fixture(scope="module")
def predicted():
    return simulate_protocol(build_cell(CONTEXT), TEXT, SimulationSettings(points=400, mesh=Mesh(4, 4, 8, 4)))


def test_the_file_read_back_is_the_simulated_test(predicted, tmp_path):
    maccor = readers()["maccor"]
    maccor.write(record_cell_cycling(predicted.signal, 3), tmp_path / "a.txt")
    assert VIRTUAL_MARK in (tmp_path / "a.txt").read_text("cp1252")[:2000]
    (signal,) = read(tmp_path / "a.txt")
    assert signal.origin == "synthetic"
    (result,) = cycling.analyse({"signal": signal}, CONTEXT, cycling.CyclingOptions())
    assert result.origin == "synthetic"
    true = [1e3 * s.charge / 8.316e-3 for s in predicted.steps if s.step.kind == "discharge"]
    found = [result.get("discharge_capacity", cycle=c).value for c in (1, 2)]
    assert found == pytest.approx(true, rel=5 * GAIN)
    assert found != pytest.approx(true, rel=1e-6)  # the instrument has its own opinion
    hours = signal.array("test_time_second", "h")
    assert hours[-1] == pytest.approx(sum(s.seconds for s in predicted.steps) / 3600, rel=1e-6)


def test_the_same_seed_is_the_same_file(predicted, tmp_path):
    write = readers()["maccor"].write
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        write(record_cell_cycling(predicted.signal, seed), tmp_path / name)
    a, b, c = ((tmp_path / n).read_bytes() for n in "abc")
    assert a == b and a != c


def test_flaws_stay_within_their_size(predicted):
    made = record_cell_cycling(predicted.signal, 5)
    time = made.array("test_time_second", "s")
    true = np.interp(time, predicted.signal.array("test_time_second", "s"), predicted.signal.array("voltage_volt", "V"))
    assert np.median(np.abs(made.array("voltage_volt", "V") - true)) < 5e-4
    assert made.array("ambient_temperature_celsius", "degC") == pytest.approx(45.0, abs=0.3)
    resting = made["step_type"].values == "rest"
    assert (made.array("current_ampere", "A")[resting] == 0).all()
    assert 0.98 < len(time) / len(predicted.signal["voltage_volt"].values) < 1


def test_only_predicted_tests_are_recorded(predicted):
    with pytest.raises(NacreError, match="only a predicted test can be recorded; found measured cycling"):
        record_cell_cycling(replace(predicted.signal, origin="measured"), 1)
