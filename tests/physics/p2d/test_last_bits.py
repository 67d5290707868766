"""Sensitivities do not hang on how a processor rounds: last bits of inputs, and of the algebra library's sums."""

import zlib
from dataclasses import fields, replace

import numpy as np
import pytest

from nacre.physics.p2d import (
    STENCILS,
    Diffusivity,
    Electrode,
    Exchange,
    SolverCell,
    SolverStep,
    State,
    prepare,
    sensitivities,
    tangent,
    weigh,
)
from nacre.physics.p2d.sensitivity.tangent import T_SCALE
from physics.p2d.cells import CELL, ONE_C
from physics.p2d.test_sensitivity import CELLS, DISCHARGE, LATER, LEAST, MIXED, SMALL

EPS = np.finfo(float).eps
TIMES = [np.array(LATER)] * len(MIXED)
VALUES = np.array([value for value, _ in CELLS.values()])
VARIED = 1e-4  # part of a value by which a tangent differences formulas
# The formulas' last bits, of logarithms up to 36, are divided by VARIED: 8e-11 of a derivative. Along the protocol a
# deviation grows, most where the power is constant and the voltage falls steeply: a hundredfold is left for it.
ROUNDING = 100.0 * 36.0 * EPS / VARIED
# Where a last bit makes the solver choose another step, the solution changes by its own error; derivatives change by
# up to 200 tolerances of that (in the step at constant power: see test_the_default_tolerance_gives_nearly_the_same).
OTHER_STEPS = 200.0
AT_MOST_ONE = "contact", "active", "double_layer_exponent", "grain_boundary_exponent"


def jolt(thing, size, seed, path=()):
    """The same with every finite number in it changed by a part of up to `size`; a number's part hangs on its place."""
    if isinstance(thing, float) and np.isfinite(thing):
        part = np.random.default_rng([seed, zlib.crc32("/".join(path).encode())]).uniform(-1.0, 1.0)
        changed = thing * (1.0 + size * part)
        return min(changed, 1.0) if path and path[-1] in AT_MOST_ONE else changed
    if isinstance(thing, tuple):
        return tuple(jolt(each, size, seed, (*path, str(k))) for k, each in enumerate(thing))
    if isinstance(thing, (SolverCell, Electrode, Diffusivity, Exchange, SolverStep)):
        changed = {f.name: jolt(getattr(thing, f.name), size, seed, (*path, f.name)) for f in fields(thing)}
        return replace(thing, **changed)
    return thing


def solve(tolerance, size=0.0, seed=0, steps=MIXED, state=None):
    """All derivatives of a cell and a protocol whose numbers are changed in their last bits."""

    def changed(make):
        return lambda v: (jolt(make(v), size, seed), jolt(steps, size, seed))

    tangents = [tangent(changed(make), v, VARIED * v, mesh=SMALL) for v, make in CELLS.values()]
    prepared = prepare(jolt(CELL, size, seed), SMALL)
    times = TIMES[: len(steps)]
    return sensitivities(prepared, jolt(steps, size, seed), tangents, state, tolerance, times)


def same_steps(a, b):
    return a.solution.time.size == b.solution.time.size and np.allclose(a.solution.time, b.solution.time, rtol=1e-6)


def largest_change(a, b):
    """Of ends, voltages and currents, relative to the largest derivative of that kind and parameter (or to LEAST)."""
    sizes = np.array([a.end[0], 1.0, ONE_C, 3600.0 * ONE_C])
    pairs = [(a.d_end[k : k + 1], b.d_end[k : k + 1], size) for k, size in enumerate(sizes)]
    pairs += [(a.d_voltage, b.d_voltage, 1.0), (a.d_current, b.d_current, ONE_C)]
    scales = [np.maximum(np.abs(before * VALUES).max(0), LEAST * size) for before, _, size in pairs]
    changes = [np.abs((after - before) * VALUES).max(0) for before, after, _ in pairs]
    return max((change / scale).max() for change, scale in zip(changes, scales, strict=True))


def check(before, after, tolerance):
    same = True
    for k, (a, b) in enumerate(zip(before, after, strict=True)):
        same = same and same_steps(a, b)
        assert a.outcome is b.outcome
        assert largest_change(a, b) < (ROUNDING if same else OTHER_STEPS * tolerance), (k, same)


@pytest.mark.parametrize("tolerance", [1e-7, 1e-9])
def test_last_bits_of_the_cell_and_its_protocol_change_nothing(tolerance):
    before = solve(tolerance)
    for size, seed in ((1e-15, 1), (1e-15, 2), (1e-14, 3), (1e-14, 4)):
        check(before, solve(tolerance, size, seed), tolerance)


@pytest.mark.parametrize("tolerance", [1e-7, 1e-9])
def test_last_bits_of_the_state_that_is_given_change_nothing(tolerance):
    steps = MIXED[1:]
    start = prepare(CELL, SMALL).run(DISCHARGE, tolerance=tolerance).final
    before = solve(tolerance, steps=steps, state=start)
    for seed in range(3):
        rng = np.random.default_rng(seed)
        parts = [1.0 + 1e-14 * rng.uniform(-1.0, 1.0, x.shape) for x in (start.cathode, start.anode)]
        changed = State(start.cathode * parts[0], start.anode * parts[1])
        check(before, solve(tolerance, steps=steps, state=changed), tolerance)


def rounded_at_will(seed):
    """A tensordot as badly rounded as a sum in any order, with products fused or not, may be."""
    rng, exact = np.random.default_rng(seed), np.tensordot

    def tensordot(a, b, axes):
        most = len(a) * EPS * exact(np.abs(a), np.abs(b), axes)
        return exact(a, b, axes) + most * rng.uniform(-1.0, 1.0, np.shape(most))

    return tensordot


@pytest.mark.parametrize("seed", range(3))
def test_the_algebra_librarys_rounding_changes_nothing(monkeypatch, seed):
    before = solve(1e-7)
    monkeypatch.setattr(np, "tensordot", rounded_at_will(seed))
    check(before, solve(1e-7), 1e-7)


@pytest.mark.parametrize("side", STENCILS)
@pytest.mark.parametrize("size", [1e-10, 3e-7, 0.1])
def test_what_does_not_change_has_no_derivative_and_what_does_is_rounded_once(monkeypatch, side, size):
    monkeypatch.setattr(np, "tensordot", rounded_at_will(5))
    offsets, weights = STENCILS[side]
    value, weights = np.array([0.3, -36.0, 48730.0, 1e-15]), np.array(weights) / size
    assert not weigh(weights, [value] * len(weights)).any()
    found = weigh(weights, [value + 7.0 * size * k for k in offsets])
    # the values' own last bits, and those of the three sums
    bound = np.abs(weights).sum() * EPS * np.abs(value) + 20.0 * EPS * 7.0
    assert (np.abs(found - 7.0) < bound).all()


@pytest.mark.parametrize("growth", [0.0, 1e-17, 1e-13, 1e-3])
def test_a_diffusivity_that_changes_evenly_is_one_number_and_no_table(growth):
    """Also where the change is no more than the rounding of ln D."""

    def made(v):
        cathode = replace(CELL.cathode, diffusivity=CELL.cathode.diffusivity.times(1.0 + growth * v))
        return replace(CELL, cathode=cathode), DISCHARGE

    found = tangent(made, 1.0, VARIED, mesh=SMALL).cathode
    assert found.diffusion is None
    assert found.lanes[:, T_SCALE] == pytest.approx(growth, rel=1e-2, abs=4.0 * 36.0 * EPS / VARIED)
