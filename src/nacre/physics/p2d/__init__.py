"""The cell in time: a single-ion pseudo-two-dimensional model with films, contact loss and particle sizes."""

from .causes import by_cause
from .cell import EVEN, Cell, Diffusivity, Electrode, Exchange, Mesh, constant_diffusivity
from .drift import Course, Drifting
from .fields import Fields, fields, filling, lithium, shell_weights, throughput
from .linear import Linear, LinearElectrode, impedance, linearise
from .sensitivity import StepSensitivity, sensitivities
from .slopes import derivatives as impedance_derivatives
from .solve import (
    BEST,
    Outcome,
    Prepared,
    Solution,
    State,
    Step,
    charge_and_hold,
    prepare,
    rest,
    simulate,
    simulate_many,
    uniform,
)
from .tangent import STENCILS, Tangent, combine, tangent
from .warm import warm

__all__ = [
    "BEST",
    "EVEN",
    "STENCILS",
    "Cell",
    "Course",
    "Diffusivity",
    "Drifting",
    "Electrode",
    "Exchange",
    "Fields",
    "Linear",
    "LinearElectrode",
    "Mesh",
    "Outcome",
    "Prepared",
    "Solution",
    "State",
    "Step",
    "StepSensitivity",
    "Tangent",
    "by_cause",
    "charge_and_hold",
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
]
