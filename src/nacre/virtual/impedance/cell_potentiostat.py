"""A virtual potentiostat on the cell model: its spectrum with what an instrument does to it.

For round trips and practice, and to see what a circuit makes of a cell whose every resistance is known. It is no
evidence for that model. The analyses of spectra share no function with the cell model.
"""

from dataclasses import replace

import numpy as np

from nacre.cell.impedance import ImpedancePoint, linearise_cell
from nacre.cell.parameters import CellParameters
from nacre.cell.simulate import FINE
from nacre.core.contracts import VIRTUAL_MARK
from nacre.core.signal import Note, Signal
from nacre.physics.p2d import Mesh
from nacre.virtual.impedance.potentiostat import CircuitPart, Potentiostat, make_resistor, simulate_sweep


def make_cell_part(parameters: CellParameters, point: ImpedancePoint, mesh: Mesh = FINE) -> CircuitPart:
    """The whole cell as a part of a circuit, in ohm. Raises NacreError where the point does not fit the cell."""
    linear, area = linearise_cell(parameters, point, mesh), parameters.area
    return CircuitPart(lambda s, truth: linear.impedance(np.asarray(s, complex)) / area)


def record_cell_impedance(
    parameters: CellParameters,
    point: ImpedancePoint,
    instrument: Potentiostat | None = None,
    seed: int = 0,
    mesh: Mesh = FINE,
) -> Signal:
    """One sweep of a cell model at a point, of origin "synthetic"; the same seed gives the same spectrum.

    Drift, where the instrument has it, is a contact of `R_contact` = 1 ohm in series that rises.
    """
    instrument = instrument or Potentiostat()
    part, truth = make_cell_part(parameters, point, mesh), {}
    if instrument.flaws.drift:
        part, truth = part - make_resistor("R_contact"), {"R_contact": 1.0}
        instrument = replace(instrument, flaws=replace(instrument.flaws, drifting="R_contact"))
    signal = simulate_sweep(part, truth, instrument, seed, parameters.name)
    words = f"{VIRTUAL_MARK} made from the cell model {point.words}, seed {seed}; no evidence for that model"
    return replace(signal, metadata={**signal.metadata, "comment": words}, notes=(*signal.notes, Note("info", words)))
