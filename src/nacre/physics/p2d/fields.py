"""What a state of the cell says: lithium in the electrodes, fields over the depth. Plain arrays, SI units."""

from dataclasses import dataclass

import numpy as np

from nacre.physics.constants import FARADAY
from nacre.physics.p2d.cell import Electrode, Mesh, SolverCell
from nacre.physics.p2d.pack import shell_geometry
from nacre.physics.p2d.solve import State


def shell_weights(mesh: Mesh, shells: int) -> np.ndarray:
    """Share of a particle's volume in each shell."""
    faces, _ = shell_geometry(shells, mesh.grading)
    return np.diff(faces**3)


def filling(mesh: Mesh, x: np.ndarray) -> np.ndarray:
    """Mean stoichiometry of each particle: (..., shells) to (...)."""
    return x @ shell_weights(mesh, x.shape[-1])


def _lithium(electrode: Electrode, mesh: Mesh, x: np.ndarray) -> float:
    nodes = x.shape[1]
    share = np.asarray(electrode.volume_fractions)[:, None] * np.broadcast_to(electrode.active, (nodes,))
    return float((share * filling(mesh, x)).sum() * electrode.thickness / nodes * electrode.c_max)


def lithium(cell: SolverCell, mesh: Mesh, state: State) -> tuple[float, float]:
    """Cyclable lithium in (cathode, anode), mol per m2 of plan area."""
    return _lithium(cell.cathode, mesh, state.cathode), _lithium(cell.anode, mesh, state.anode)


@dataclass(frozen=True, eq=False)
class Fields:
    """Over the depth of one electrode, from the separator (0) to the collector.

    depth m at the nodes; reaction A/m3 (positive where lithium leaves the particles); faces m, ionic A/m2 there,
    positive from the separator to the collector; electrolyte V at the nodes against the separator's face.
    """

    depth: np.ndarray
    reaction: np.ndarray
    faces: np.ndarray
    ionic: np.ndarray
    electrolyte: np.ndarray


def fields(electrode: Electrode, j: np.ndarray) -> Fields:
    """From the current densities on true contact area (classes, nodes), A/m2."""
    nodes = j.shape[1]
    width = electrode.thickness / nodes
    ratio = np.asarray(electrode.volume_fractions) / np.asarray(electrode.radii)
    area = 3.0 * ratio[:, None] * np.broadcast_to(np.multiply(electrode.contact, electrode.active), (nodes,))
    reaction = (area * j).sum(axis=0)
    ionic = np.concatenate([[0.0], np.cumsum(reaction * width)])
    ionic -= ionic[-1]
    drops = ionic[:-1] * width / electrode.ionic_conductivity
    drops[0] *= 0.5
    depth = (np.arange(nodes) + 0.5) * width
    return Fields(depth, reaction, np.arange(nodes + 1) * width, ionic, -np.cumsum(drops))


def throughput(cell: SolverCell, mesh: Mesh, before: State, after: State) -> tuple[float, float]:
    """Charge that the change of lithium in (cathode, anode) accounts for, C/m2; equal to the charge passed."""
    first, last = lithium(cell, mesh, before), lithium(cell, mesh, after)
    return FARADAY * (first[0] - last[0]), FARADAY * (last[1] - first[1])
