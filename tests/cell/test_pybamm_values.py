"""PyBaMM's own DFN, given our values, follows our voltage; what it cannot be given is refused in words."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import nacre
from nacre.cell.exchange import choose_options, collect_values, make_parameter_values
from nacre.cell.exchange.pybamm_values import describe_options, describe_values
from nacre.cell.recipe.build import build_cell
from nacre.core.context import Context
from nacre.core.errors import NacreError
from nacre.physics.p2d import EVEN, Exchange, SolverStep, StepOutcome, prepare
from physics.p2d.cells import ANODE, CATHODE, CELL, ONE_C

STUDY = nacre.load(Path(__file__).parents[2] / "studies" / "lho-ncm85")
LHO = build_cell(Context(STUDY.name, STUDY.samples["lho"], STUDY.cells["lho-1"], inputs=STUDY.inputs))
ONE_SIZE = LHO.changed({"cathode.particle_spread": "0"})
AREA = 1e-4  # m2
BARE = replace(CATHODE, coating_thickness=0.0, interphase_thickness=0.0)
CASES = {
    "films, grain boundary, D(x)": (CELL, 1.0),
    "slow": (CELL, 0.2),
    "no film": (replace(CELL, cathode=BARE, grain_boundary_resistance=0.0), 1.0),
    "other powers, part of the particles": (
        replace(CELL, cathode=replace(CATHODE, exchange=Exchange(2.0, 0.5, 1.5), active=0.8)), 1.0,
    ),
}  # fmt: skip


def dfn(made, settings, amps, seconds):
    """Voltage of PyBaMM's DFN on the even mesh, at its own points, ending on the cut-off."""
    pybamm = pytest.importorskip("pybamm", reason="the referee is the optional extra pybamm")
    numbers = make_parameter_values(made)
    numbers["Current function [A]"] = amps
    points = {"x_n": 20, "x_s": 20, "x_p": 20, "r_n": 20, "r_p": 20}
    solver = pybamm.IDAKLUSolver(rtol=1e-8, atol=1e-9)
    model = pybamm.lithium_ion.DFN(settings)
    solution = pybamm.Simulation(model, parameter_values=numbers, var_pts=points, solver=solver).solve([0.0, seconds])
    return np.asarray(solution.t), np.asarray(solution["Voltage [V]"].data)


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_pybamm_follows_our_voltage(case):
    cell, rate = CASES[case]
    made = json.loads(json.dumps(describe_values(cell, AREA, ONE_C * AREA, 1.35, 2.75), allow_nan=False))
    time, voltage = dfn(made, describe_options(cell), rate * ONE_C * AREA, 4000 / rate)
    ours = prepare(cell, EVEN).run(SolverStep("current", -rate * ONE_C, lowest=1.35), times=[time[:-1]], tolerance=1e-8)
    assert ours.outcome is StepOutcome.LOW_VOLTAGE and ours.ends[-1] == pytest.approx(time[-1], rel=1e-6)
    inside = ours.sampled[0][:, 0] < 0.995 * time[-1]
    assert np.abs(ours.sampled[0][inside, 1] - voltage[: len(inside)][inside]).max() < 0.05e-3


@pytest.mark.slow
def test_the_reference_cell_with_one_particle_size_too():
    charged = ONE_SIZE.changed({"cathode.stoichiometry": "0.3", "anode.stoichiometry": "0.6"})
    amps = 0.5 * charged.one_c
    time, voltage = dfn(collect_values(charged), choose_options(charged), amps, 7200)
    step = SolverStep("current", -amps / charged.area, lowest=1.35)
    ours = prepare(charged.cell(), EVEN).run(step, times=[time[:-1]], tolerance=1e-8)
    inside = ours.sampled[0][:, 0] < 0.995 * time[-1]
    assert np.abs(ours.sampled[0][inside, 1] - voltage[: len(inside)][inside]).max() < 0.05e-3


def test_the_options_are_those_the_cell_needs():
    assert choose_options(ONE_SIZE) == {
        "SEI": ("none", "constant"), "SEI film resistance": "distributed", "contact resistance": "true",
    }  # fmt: skip
    plain = replace(CELL, cathode=BARE, grain_boundary_resistance=0.0)
    assert describe_options(plain) == {}


TWO_FILMS = replace(CELL, anode=replace(ANODE, coating_thickness=5e-9, coating_conductivity=1e-7))
BAD = {
    "sizes": (lambda: collect_values(LHO), "takes one particle size, and the cathode has 5 classes. Export the median"),
    "films": (
        lambda: describe_values(TWO_FILMS, AREA, 1.0, 1.0, 3.0, "mine"),
        "mine: PyBaMM's names hold one film resistance, and the electrodes have two",
    ),
    "separator": (
        lambda: describe_values(replace(CELL, separator_thickness=0.0), AREA, 1.0, 1.0, 3.0),
        "PyBaMM needs a separator of some thickness",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_what_pybamm_cannot_be_given_is_refused(case):
    make, words = BAD[case]
    with pytest.raises(NacreError) as caught:
        make()
    assert words in str(caught.value)
