"""Whether the stated errors of peak positions are true: many virtual cells, each with its truth and its noise."""

from dataclasses import replace

import numpy as np
import pytest

from nacre.core.context import Context
from nacre.core.quantity import derive, parse
from nacre.core.study import Cell, Measurement, Sample
from nacre.techniques.cycling.dqdv import TECHNIQUE, DqdvOptions
from nacre.virtual.cycling.cycler import Cycler, find_peaks, simulate_cycler
from nacre.virtual.cycling.cycler_truth import Programme, plan_cycles
from paper_truth import PAPER

KEYS = {"h1_m": "h1_m_peak", "m_h2": "m_h2_peak", "h2_h3": "h2_h3_peak"}
INPUTS = {"cam_mass": parse("8.316 mg"), "one_c": parse("190 mA/g"), "counter_potential": parse("1.55 V")}


def positions(truth, rate, seed):
    """(found, true) position of every transition of one charge."""
    programme = Programme("one", ((rate, 1),))
    cell = Cell(f"cell-{seed}", "s", INPUTS)
    context = Context("coverage", Sample("s"), cell, Measurement("m", "s", cell.name))
    signal = simulate_cycler(truth, programme, Cycler(), seed=seed)
    (result,) = TECHNIQUE.analyse({"signal": signal}, context, DqdvOptions())
    true = find_peaks(truth, plan_cycles(truth, programme)[0])
    return {key: (result.get(name, direction="charge"), true[key]) for key, name in KEYS.items()}


def moved(truth, volts, capacity=None, rate=0.2):
    rates = dict(truth.rates)
    if capacity is not None:
        rates[rate] = replace(rates[rate], value=capacity)
    return replace(truth, h1_m=replace(truth.h1_m, value=truth.h1_m.value + volts), rates=rates)


def difference(a, b):
    return derive(lambda x, y: x - y, a[0], b[0], unit="V"), a[1] - b[1]


def ensemble(n, seed):
    """Differences between samples (0.1C) and between an aged and a young cycle (0.2C), and single positions."""
    rng = np.random.default_rng(seed)
    single, between = [], []
    for i in range(n // 2):
        bare, lho = (moved(PAPER[name], rng.uniform(-0.03, 0.03)) for name in ("bare", "lho"))
        a, b = positions(bare, 0.1, 4 * i), positions(lho, 0.1, 4 * i + 1)
        old = moved(bare, 0.06, 60.0)
        c, d = positions(bare, 0.2, 4 * i + 2), positions(old, 0.2, 4 * i + 3)
        single += [a["h1_m"], c["h1_m"]]
        between += [difference(a["h1_m"], b["h1_m"]), difference(d["h1_m"], c["h1_m"])]
    return {"position": single, "difference": between}


def judge(pairs):
    error = np.array([q.value - true for q, true in pairs])
    std = np.array([q.std for q, _ in pairs])
    covered = float(np.mean([q.lo95 <= true <= q.hi95 for q, true in pairs]))
    return covered, float(std.mean() / np.sqrt(np.mean(error**2))), 1.96 * float(std.mean())


@pytest.mark.parametrize("n", [60, pytest.param(400, marks=pytest.mark.slow)])
def test_coverage(n):
    for name, pairs in ensemble(n, seed=11).items():
        covered, ratio, half = judge(pairs)
        assert abs(covered - 0.95) <= 3 * np.sqrt(0.95 * 0.05 / len(pairs)), (name, covered)
        assert 0.8 <= ratio <= 1.3, (name, ratio)
        assert half <= 4e-3, (name, half)
