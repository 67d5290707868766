"""The cell in time: a single-ion pseudo-two-dimensional model with films, contact loss and particle sizes."""

from nacre.physics.p2d.cell import EVEN, Diffusivity, Electrode, Exchange, Mesh, SolverCell, constant_diffusivity
from nacre.physics.p2d.drift import Course, Drifting
from nacre.physics.p2d.fields import Fields, fields, filling, lithium, shell_weights, throughput
from nacre.physics.p2d.frequency.causes import by_cause
from nacre.physics.p2d.frequency.derivatives import derivatives as impedance_derivatives
from nacre.physics.p2d.frequency.linearised_cell import Linear, LinearElectrode, check_frequencies, impedance, linearise
from nacre.physics.p2d.sensitivity.forward import SolverStepSensitivity, sensitivities
from nacre.physics.p2d.sensitivity.tangent import STENCILS, Tangent, combine, tangent, weigh
from nacre.physics.p2d.solve import (
    BEST,
    Prepared,
    Solution,
    SolverStep,
    State,
    StepOutcome,
    charge_and_hold,
    prepare,
    rest,
    simulate,
    simulate_many,
    uniform,
)
from nacre.physics.p2d.warm import warm

__all__ = [
    "BEST",
    "EVEN",
    "STENCILS",
    "Course",
    "Diffusivity",
    "Drifting",
    "Electrode",
    "Exchange",
    "Fields",
    "Linear",
    "LinearElectrode",
    "Mesh",
    "Prepared",
    "Solution",
    "SolverCell",
    "SolverStep",
    "SolverStepSensitivity",
    "State",
    "StepOutcome",
    "Tangent",
    "by_cause",
    "charge_and_hold",
    "check_frequencies",
    "combine",
    "constant_diffusivity",
    "fields",
    "filling",
    "impedance",
    "impedance_derivatives",
    "linearise",
    "lithium",
    "prepare",
    "rest",
    "sensitivities",
    "shell_weights",
    "simulate",
    "simulate_many",
    "tangent",
    "throughput",
    "uniform",
    "warm",
    "weigh",
]
