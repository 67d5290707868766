"""The reference study on its published values: what the calibration found holds with every cycle simulated."""

from pathlib import Path

import numpy as np
import pytest

import nacre
from nacre.evidence.calibrate.fit import fit
from nacre.evidence.calibrate.problem import Problem
from nacre.evidence.calibrate.rivals import judge, read_rivals
from nacre.evidence.calibrate.run import prepare

STUDY = Path(__file__).parents[3] / "studies" / "lho-ncm85"
# where eight of eight searches from all over the ranges ended, rounded; see docs/calibration.md
BEST = (2.032e-12, 0.516, 9.37, 1.668, 0.877, 13.33, 0.0690, 1.207e-4, 0.2442)


@pytest.fixture(scope="module")
def study():
    return nacre.load(STUDY)


@pytest.fixture(scope="module")
def found(study):
    _, problem = prepare(study)
    return fit(problem, 0, warm=[problem.model.unit(np.array(BEST))])


def test_nine_numbers_meet_fifteen_published_values_with_every_cycle_simulated(found):
    assert len(found.problem.free) == 9 and found.criteria.freedom == 6
    assert found.values == pytest.approx(BEST, rel=0.05)
    model = found.problem.model
    full = Problem(model.with_plan(model.plan.in_full), found.problem.observed)
    assert all(full.met(found.u))
    assert np.abs((full.predicted(found.u) - found.predicted) / [o.std for o in found.problem.observed]).max() < 0.2
    tests = full.model.tests(found.values)
    assert tests["bare"].aged.simulated == tests["lho"].aged.simulated == 201
    charged = [tests[name].rate.column("charge_capacity")[0] for name in ("lho", "bare")]
    assert charged == pytest.approx([226.9, 206.1], rel=0.05)  # of the published capacity and efficiency, not fitted


def test_the_jumps_and_the_mesh_cost_less_than_a_fifth_of_a_tolerance(found):
    from dataclasses import replace

    from nacre.cell.ageing.long_test import LongTestAccuracy
    from nacre.physics.p2d import Mesh

    fine = replace(found.problem.plan, how=LongTestAccuracy(Mesh(8, 8, 28, 6, 4.0), 2e-4, 0.1))
    other = Problem(found.problem.model.with_plan(fine), found.problem.observed).predicted(found.u)
    assert np.abs((other - found.predicted) / [1.96 * o.std for o in found.problem.observed]).max() < 0.2


def test_the_packages_fitted_numbers_are_those_of_this_calibration(found):
    cells = found.problem.model.cells
    for free, value in zip(found.problem.free, found.values, strict=True):
        packaged = cells[free.sample or "bare"].numbers[free.name]
        assert packaged.quantity.to(free.unit).value == pytest.approx(value, rel=0.01), free.label
        assert packaged.status == "fitted" and "calibrated on the published values" in packaged.source


@pytest.mark.slow
def test_a_film_independent_of_the_state_of_charge_is_excluded(study, found):
    control = [r for r in read_rivals(study) if r.control]
    assert len(control) == 1
    judged = judge(control, found, starts=0)[0]  # seven searches end at 794; one is enough to see it
    assert judged.verdict == "excluded" and len(judged.missed) >= 8 and judged.delta > 100
