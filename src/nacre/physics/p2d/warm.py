"""Compile the solver ahead of its first use."""

import time

from nacre.physics.ocp import sample_function
from nacre.physics.p2d.cell import Electrode, Exchange, Mesh, SolverCell, constant_diffusivity
from nacre.physics.p2d.frequency.linearised_cell import impedance
from nacre.physics.p2d.solve import rest, simulate


def warm() -> float:
    """Compile the kernels, or load them from numba's cache on disk; returns the seconds that it took.

    Tens of seconds the first time on a machine, below a second afterwards. The cell's numbers mean nothing.
    """
    begin = time.perf_counter()
    curve = sample_function(lambda x: 4.0 - x, 0.0, 1.0, 8)
    electrode = Electrode(
        1e-4, (1e-6,), (0.4,), 3e4, curve, constant_diffusivity(1e-14), Exchange(1.0), 0.1, 1.0, stoichiometry=0.5
    )
    cell, mesh = SolverCell(electrode, electrode, 1e-4, 0.1, 300.0), Mesh(1, 1, 1, 1)
    simulate(cell, rest(1.0), mesh)
    impedance(cell, None, [1.0], mesh)
    return time.perf_counter() - begin
