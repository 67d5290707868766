"""Reduced synthetic studies: one sample, five numbers, nine observables of a known truth with known noise.

The truth is simulated with every cycle and on a finer mesh than the calibration's, so that its discretisation and its
jumps are part of what is tested.
"""

from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np

import nacre
from nacre.cell.ageing.long_test import LongTestAccuracy
from nacre.evidence.calibrate.fit import Fit, fit
from nacre.evidence.calibrate.model import Model, cells_of
from nacre.evidence.calibrate.observed import KINDS, Observed
from nacre.evidence.calibrate.problem import Problem
from nacre.evidence.calibrate.settings import Free
from nacre.evidence.calibrate.simulated_tests import Plan
from nacre.physics.p2d import Mesh

STUDY = Path(__file__).parents[3] / "studies" / "lho-ncm85"
PLAN = Plan(
    rates=(0.1, 0.5, 1.0), cycles_per_rate=1, ageing_cycles=40, how=LongTestAccuracy(Mesh(1, 4, 14, 2, 4.0), 2e-4, 0.2)
)
FINE = replace(PLAN, how=LongTestAccuracy(Mesh(2, 4, 16, 2, 3.5), 2e-4, 0.1), jump=None)
FREE = (
    Free("cathode.diffusivity", "cm2/s", 5e-13, 2e-11, log=True, sample="bare"),
    Free("cathode.active", "1", 0.6, 1.0, sample="bare"),
    Free("ageing.first_charge", "mAh/g", 0.0, 40.0, sample="bare"),
    Free("ageing.contact_loss", "1", 0.01, 2.0, log=True, sample="bare"),
    Free("ageing.fracture", "1", 1e-5, 1e-2, log=True, sample="bare"),
)
END = {"at": "end of discharge"}
ASKED = (
    ("discharge_capacity", {"cycle": 1, "rate_C": 0.1}, 3.0),
    ("discharge_capacity", {"rate_C": 0.5, "segment": "rate"}, 3.0),
    ("discharge_capacity", {"rate_C": 1.0, "segment": "rate"}, 3.0),
    ("coulombic_efficiency", {"cycle": 1, "rate_C": 0.1}, 0.4),
    ("mean_discharge_voltage", {"cycle": 1, "rate_C": 0.1}, 0.005),
    ("capacity_retention", {"cycle": 20, "segment": "ageing"}, 1.0),
    ("capacity_retention", {"cycle": 40, "segment": "ageing"}, 1.0),
    ("r_cam_se", {"cycle": 1, **END}, 15.0),
    ("r_cam_se", {"cycle": 40, **END}, 25.0),
)


@lru_cache(maxsize=1)
def cells():
    study = nacre.load(STUDY)
    one_size = cells_of(study)["bare"].changed({"cathode.particle_spread": "0", "cathode.particle_classes": "1"})
    return {"bare": one_size}


def model(plan=PLAN, free=FREE):
    return Model(cells(), free, plan, ["bare"], fine=(20, 40))


@dataclass(frozen=True)
class Study:
    """A truth in the unit box, and what was observed of it."""

    truth: np.ndarray
    observed: tuple[Observed, ...]


def observables(values=None, stds=None):
    rows = []
    for k, (name, state, std) in enumerate(ASKED):
        value = 0.0 if values is None else float(values[k])
        rows.append(Observed("bare", name, state, value, std if stds is None else stds[k], KINDS[name].unit))
    return tuple(rows)


def draw(seed: int) -> Study:
    """A truth from the inner half of the ranges, and its observables with Gaussian noise."""
    random = np.random.default_rng(seed)
    while True:
        truth = random.uniform(0.3, 0.7, len(FREE))
        exact = Problem(model(FINE), observables()).predicted(truth)
        if np.isfinite(exact).all():
            return Study(truth, observables(exact + random.normal(0, [row[2] for row in ASKED])))


def calibrated(study: Study, seed: int = 0) -> Fit:
    return fit(Problem(model(), study.observed), starts=1, seed=seed)


def scores(count: int, first: int = 1000) -> dict[str, np.ndarray]:
    """Of `count` studies: errors, standard deviations and whether the interval held the truth, (count, numbers)."""
    errors, stds, held = [], [], []
    for seed in range(first, first + count):
        study = draw(seed)
        found = calibrated(study, seed)
        low, high = found.intervals
        truth = found.problem.model.values(study.truth)
        errors.append(found.u - study.truth)
        stds.append(found.std)
        held.append((low <= truth) & (truth <= high))
    return {"error": np.array(errors), "std": np.array(stds), "held": np.array(held)}
