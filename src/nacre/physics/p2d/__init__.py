"""The cell in time: a single-ion pseudo-two-dimensional model with films, contact loss and particle sizes."""

from .cell import EVEN, Cell, Diffusivity, Electrode, Exchange, Mesh, constant_diffusivity
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
)

__all__ = [
    "BEST",
    "EVEN",
    "Cell",
    "Diffusivity",
    "Electrode",
    "Exchange",
    "Mesh",
    "Outcome",
    "Prepared",
    "Solution",
    "State",
    "Step",
    "charge_and_hold",
    "constant_diffusivity",
    "prepare",
    "rest",
    "simulate",
    "simulate_many",
]
