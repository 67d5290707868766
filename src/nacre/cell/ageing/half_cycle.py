"""Parts of a walk through a long test: books, steps as they ran, drives joined and interpolated, aged cells."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from nacre.cell.ageing.slow_states import Drive, SlowState
from nacre.cell.protocol import ProtocolStep
from nacre.physics.p2d import Mesh, SolverCell, StepOutcome


@dataclass(frozen=True)
class ChargeBalance:
    """Lithium and charge in C per m2 of plan area: lithium in the working cathode, the anode and in isolated particles;
    drawn: from the electrolyte by side reactions; passed: net charge through the wires (positive: charged); leaked:
    back inside the cell."""

    cathode: float
    anode: float
    isolated: float
    drawn: float
    passed: float
    leaked: float

    @property
    def lithium(self) -> float:
        """Constant over a cell's life."""
        return self.cathode + self.anode + self.isolated - self.drawn

    @property
    def charge(self) -> float:
        """Constant over a cell's life: what passed the wires is in the anode, or has leaked."""
        return self.passed - self.leaked - self.anode


@dataclass(frozen=True, eq=False)
class HalfCycleRecord:
    """One step as it ran: charges in C/m2 and energies in J/m2 through the wires by sign, seconds, how it ended, what
    it did to the slow states, and its records where they were kept (time s, V, A/m2, C/m2: columns)."""

    step: ProtocolStep
    outcome: StepOutcome
    seconds: float
    charged: float
    discharged: float
    energy_in: float
    energy_out: float
    drive: Drive | None
    records: np.ndarray | None = None

    @property
    def normal(self) -> bool:
        return self.outcome.normal or self.outcome is StepOutcome.BEYOND_AT_START


def lump_electrodes(cell: SolverCell, mesh: Mesh) -> SolverCell:
    """With a single node an electrode keeps a third of its resistance, as for an even reaction (the solver: half)."""
    changes = {}
    for part, nodes in (("cathode", mesh.cathode_nodes), ("anode", mesh.anode_nodes)):
        e = getattr(cell, part)
        if nodes == 1:
            e = replace(
                e,
                ionic_conductivity=1.5 * e.ionic_conductivity,
                electronic_conductivity=1.5 * e.electronic_conductivity,
            )
        changes[part] = e
    return replace(cell, **changes)


def apply_slow_state(cell: SolverCell, aged: SlowState) -> SolverCell:
    """A fresh cell as it is at a slow state."""
    c = cell.cathode
    cathode = replace(
        c,
        contact=c.contact * aged.contact,
        active=c.active * aged.active,
        interphase_thickness=c.interphase_thickness + aged.interphase,
        diffusivity=c.diffusivity.times(aged.diffusivity),
    )
    return replace(cell, cathode=cathode, contact_resistance=cell.contact_resistance + aged.series)


def join_drives(drives: Sequence[Drive]) -> Drive:
    """Several drives in a row as one."""
    if len(drives) == 1:
        return drives[0]
    seconds = sum(d.seconds for d in drives)
    share = [d.seconds / seconds if seconds else 1.0 / len(drives) for d in drives]

    def mean(values):
        return sum(s * v for s, v in zip(share, values, strict=True))

    return Drive(
        seconds,
        mean([d.kelvin for d in drives]),
        mean([d.potential for d in drives]),
        sum(d.swing for d in drives),
        sum(d.half_cycles for d in drives),
        {name: mean([d.means[name] for d in drives]) for name in drives[0].means},
    )


def interpolate_drives(a: Drive, b: Drive, t: float) -> Drive:
    """The straight line from a (t = 0) to b (t = 1), and beyond."""

    def at(x, y):
        return x + t * (y - x)

    return Drive(
        max(at(a.seconds, b.seconds), 0.0),
        at(a.kelvin, b.kelvin),
        at(a.potential, b.potential),
        max(at(a.swing, b.swing), 0.0),
        at(a.half_cycles, b.half_cycles),
        {name: max(at(a.means[name], b.means[name]), 0.0) for name in a.means},
    )


def scale_drive(d: Drive, seconds: float, half_cycles: float) -> Drive:
    """The same for another time."""
    swing = d.swing * seconds / d.seconds if d.seconds else 0.0
    return replace(d, seconds=seconds, swing=swing, half_cycles=half_cycles)
