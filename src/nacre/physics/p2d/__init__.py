"""The cell in time: a single-ion pseudo-two-dimensional model with films, contact loss and particle sizes."""

from .cell import EVEN, Cell, Diffusivity, Electrode, Exchange, Mesh, constant_diffusivity
from .fields import Fields, fields, filling, lithium, throughput
from .linear import LinearElectrode, impedance, linearise
from .sensitivity import StepSensitivity, sensitivities
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
    "Diffusivity",
    "Electrode",
    "Exchange",
    "Fields",
    "LinearElectrode",
    "Mesh",
    "Outcome",
    "Prepared",
    "Solution",
    "State",
    "Step",
    "StepSensitivity",
    "Tangent",
    "charge_and_hold",
    "combine",
    "constant_diffusivity",
    "fields",
    "filling",
    "impedance",
    "linearise",
    "lithium",
    "prepare",
    "rest",
    "sensitivities",
    "simulate",
    "simulate_many",
    "tangent",
    "throughput",
    "uniform",
    "warm",
]
