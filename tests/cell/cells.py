"""The reference cells, and a cell with closed-form potentials whose solver-side numbers are given directly."""

from pathlib import Path

import nacre
from cell.discharged import DISCHARGED
from nacre.cell.parameters import CellParameters
from nacre.cell.recipe.build import build_cell
from nacre.core.context import Context
from physics.p2d.cells import ONE_C

STUDY = nacre.load(Path(__file__).parents[2] / "studies" / "lho-ncm85")


def cell_of(sample):
    return build_cell(Context(STUDY.name, STUDY.samples[sample], STUDY.cells[f"{sample}-1"], inputs=STUDY.inputs))


LHO, BARE = cell_of("lho"), cell_of("bare")


class ClosedForm(CellParameters):
    """The reference's names, areas and masses around `DISCHARGED`."""

    def cell(self):
        return DISCHARGED


def closed_form():
    one_c = ONE_C * LHO.area / LHO.value("cell.cam_mass", "kg")  # A/kg are mA/g
    made = LHO.changed({"cell.one_c": f"{one_c!r} mA/g"})
    return ClosedForm(made.name, made.numbers, made.potentials)


def to_coulombs(parameters, capacity):
    """mAh/g to C/m2."""
    return capacity * 3.6 * parameters.value("cell.cam_mass", "g") / parameters.area


def fixed_share(parameters, **values):
    """The same with other numbers of [ageing]."""
    return parameters.changed({f"ageing.{name}": value for name, value in values.items()})
