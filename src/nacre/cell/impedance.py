"""The impedance of a cell model at a state: by state of charge, by rest voltage, or as a simulation left it.

Equations and sources: docs/physics.md, "Small signals". States of charge count from the lower (0) to the upper voltage
(1) of the cell at rest, lithium being conserved between the electrodes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq

from nacre.cell.parameters import CellParameters
from nacre.cell.plausibility import refuse_if_impossible
from nacre.cell.simulate import FINE, Simulation
from nacre.core.errors import NacreError
from nacre.core.notebook_hook import ShowsInNotebook
from nacre.core.result import Check
from nacre.core.signal import Note, Signal, table
from nacre.physics import p2d
from nacre.physics.p2d import Linear, Mesh, State
from nacre.physics.p2d.frequency.linearised_cell import check_frequencies

PER_CM2 = 1e4  # ohm m2 to ohm cm2
SWEEP = np.geomspace(7e6, 1e-2, 80)  # Hz
PARTS = ("cathode", "anode")


@dataclass(frozen=True, eq=False)
class ImpedancePoint:
    """A state of the cell's particles and what it is called."""

    state: State
    words: str


@dataclass(frozen=True, eq=False)
class PredictedSpectrum(ShowsInNotebook):
    """frequency (Hz), z and its terms by cause (ohm cm2, complex), at a point; `volts` of the cell there."""

    parameters: CellParameters
    point: ImpedancePoint
    volts: float
    frequency: np.ndarray
    z: np.ndarray
    causes: Mapping[str, np.ndarray]
    checks: tuple[Check, ...]

    def __repr__(self) -> str:
        """One line, as it holds arrays of every cause."""
        return f"<Spectrum of '{self.parameters.name}' {self.point.words}: {self.z.size} frequencies>"

    @property
    def signal(self) -> Signal:
        """The spectrum of the whole cell in ohm, of kind "impedance" and origin "predicted"."""
        z = self.z / self.parameters.value("cell.area")
        columns = {
            "frequency_hertz": (self.frequency, "Hz"),
            "real_impedance_ohm": (z.real, "ohm"),
            "imaginary_impedance_ohm": (z.imag, "ohm"),
            "voltage_volt": (np.full(z.size, self.volts), "V"),
        }
        notes = (Note("info", f"predicted by the cell model {self.point.words}; no instrument measured this"),)
        name = self.parameters.name
        return table("impedance", columns, axis="frequency", notes=notes, origin="predicted", name=name)


def compute_impedance(
    parameters: CellParameters,
    frequencies: ArrayLike = SWEEP,
    *,
    soc: float | None = None,
    volts: float | None = None,
    after: Simulation | None = None,
    mesh: Mesh = FINE,
) -> np.ndarray:
    """Complex impedance in ohm cm2 of electrode area at frequencies in Hz.

    The state is that of charge `soc` (0 to 1) or of the rest voltage `volts`, with even particles, or the one that a
    simulation on the same mesh ended with.

    Parameters
    ----------
    parameters : CellParameters
        The cell model.
    frequencies : ArrayLike, optional
        Frequencies, Hz, shape (n,), above 0.
    soc : float | None, optional
        State of charge, 0 (lower voltage) to 1 (upper voltage).
    volts : float | None, optional
        Rest voltage of the cell, V.
    after : Simulation | None, optional
        A simulation on the same mesh, whose last state counts.
    mesh : Mesh, optional
        Mesh of the solver.

    Returns
    -------
    np.ndarray
        Complex impedance, ohm cm2 of electrode area, shape (n,).

    Raises
    ------
    NacreError
        Where the state is outside the window, more or less than one state is named, a frequency is not positive, or
        a check of the parameters fails.
    """
    linear = linearise_cell(parameters, find_point(parameters, soc=soc, volts=volts, after=after, mesh=mesh), mesh)
    return PER_CM2 * linear.impedance(2j * np.pi * _check_frequencies(frequencies, parameters))


def compute_spectrum(
    parameters: CellParameters, point: ImpedancePoint, frequencies: ArrayLike = SWEEP, mesh: Mesh = FINE
) -> PredictedSpectrum:
    """The impedance at a point with its causes.

    Parameters
    ----------
    parameters : CellParameters
        The cell model.
    point : ImpedancePoint
        The state of the particles.
    frequencies : ArrayLike, optional
        Frequencies, Hz, shape (n,), above 0.
    mesh : Mesh, optional
        Mesh of the solver.

    Returns
    -------
    PredictedSpectrum
        The impedance with its terms by cause.

    Raises
    ------
    NacreError
        As `compute_impedance`.
    """
    found, f = tuple(refuse_if_impossible(parameters)), _check_frequencies(frequencies, parameters)
    linear = linearise_cell(parameters, point, mesh)
    causes = {name: PER_CM2 * term for name, term in p2d.by_cause(linear, f).items()}
    held = linear.prepared.run(p2d.rest(0.0), point.state).voltage
    z = PER_CM2 * linear.impedance(2j * np.pi * f)
    return PredictedSpectrum(parameters, point, float(held[0]), f, z, causes, (*found, *_check_layers(parameters)))


def linearise_cell(parameters: CellParameters, point: ImpedancePoint, mesh: Mesh = FINE) -> Linear:
    """The cell about a point.

    Parameters
    ----------
    parameters : CellParameters
        The cell model.
    point : ImpedancePoint
        The state of the particles.
    mesh : Mesh, optional
        Mesh of the solver.

    Raises
    ------
    NacreError
        Where it does not fit the mesh or the potentials.
    """
    try:
        return p2d.linearise(p2d.prepare(parameters.cell(), mesh), point.state)
    except ValueError as error:
        do = "take the state of a simulation with the same mesh" if "shape" in str(error) else ""
        raise NacreError(str(error), where=parameters.name, do=do) from None


def _check_frequencies(frequencies: ArrayLike, parameters: CellParameters) -> np.ndarray:
    try:
        return check_frequencies(frequencies)
    except ValueError as error:
        raise NacreError(str(error), where=parameters.name) from None


def _check_layers(p: CellParameters) -> list[Check]:
    bare = [part for part in PARTS if not p.value(f"{part}.double_layer")]
    if not bare:
        return []
    text = (
        f"no double layer is given for the {' and the '.join(bare)}: the reaction there makes no arc and stands in the"
    )
    return [Check("info", f"{text} resistance at high frequency", f'give {bare[0]}.double_layer = "10 uF/cm2" or so')]


# --- states ---------------------------------------------------------------------------------------------------


def find_point(
    p: CellParameters,
    *,
    soc: float | None = None,
    volts: float | None = None,
    after: Simulation | None = None,
    mesh: Mesh = FINE,
) -> ImpedancePoint:
    """One of: even particles at a state of charge or at a rest voltage, or the state that a simulation ended with.

    Parameters
    ----------
    p : CellParameters
    soc : float | None, optional
        State of charge, 0 (lower voltage) to 1 (upper voltage).
    volts : float | None, optional
        Rest voltage of the cell, V.
    after : Simulation | None, optional
        A simulation on the same mesh, whose last state counts.
    mesh : Mesh, optional
        Mesh of the solver.
    """
    if sum(given is not None for given in (soc, volts, after)) != 1:
        raise NacreError("name one state of the cell", where=p.name, do="give one of soc, volts and after")
    if after is not None:
        return ImpedancePoint(after.final, f"after {after.steps[-1].step.text or 'the protocol'}")
    rests = RestStates(p)
    if soc is not None:
        return rests.at_soc(float(soc), mesh)
    assert volts is not None  # one of the three is given
    return rests.at_volts(float(volts), mesh)


@dataclass(frozen=True, eq=False)
class RestStates:
    """Every rest of a cell: fillings of both electrodes with all cyclable lithium in them."""

    parameters: CellParameters

    def anode(self, x: float) -> float:
        """The anode's filling where the cathode's is x."""
        p = self.parameters
        ratio = p.sites("cathode") / p.sites("anode")
        return p.value("anode.stoichiometry") + ratio * (p.value("cathode.stoichiometry") - x)

    def volts(self, x: float) -> float:
        p = self.parameters
        return float(p.potentials["cathode"].curve(x) - p.potentials["anode"].curve(self.anode(x)))

    @property
    def span(self) -> tuple[float, float]:
        """The cathode's least and largest filling that both potentials cover."""
        c, a = (self.parameters.potentials[part].curve for part in PARTS)
        slope = self.anode(0.0) - self.anode(1.0)
        ends = [self.anode(0.0) - end for end in (a.high, a.low)]
        low, high = max(c.low, ends[0] / slope), min(c.high, ends[1] / slope)
        if not low < high:
            raise NacreError("no filling of the two electrodes fits both potentials", where=self.parameters.name,
                             do="check stoichiometry, mass and capacity of both electrodes")  # fmt: skip
        return low, high

    @property
    def window(self) -> tuple[float, float]:
        """The cathode's filling at the upper and at the lower voltage, or where the potentials end before."""
        low, high = self.span
        names = ("cell.upper_voltage", "cell.lower_voltage")
        top, bottom = (self._filling(self.parameters.value(name), low, high) for name in names)
        return top, bottom

    def _filling(self, volts: float, low: float, high: float) -> float:
        if volts >= self.volts(low):
            return low
        if volts <= self.volts(high):
            return high
        return float(brentq(lambda x: self.volts(x) - volts, low, high, xtol=1e-13))

    def at_soc(self, soc: float, mesh: Mesh) -> ImpedancePoint:
        if not 0.0 <= soc <= 1.0:
            raise NacreError("the state of charge is outside the window", where=self.parameters.name, found=f"{soc:g}",
                             expected="0 (at the lower voltage) to 1 (at the upper voltage)")  # fmt: skip
        top, bottom = self.window
        return self._point(bottom + soc * (top - bottom), f"at a state of charge of {soc:g}", mesh)

    def at_volts(self, volts: float, mesh: Mesh) -> ImpedancePoint:
        p = self.parameters
        lower, upper = p.value("cell.lower_voltage"), p.value("cell.upper_voltage")
        if not lower <= volts <= upper:
            raise NacreError("the rest voltage is outside the cell's window", where=p.name, found=f"{volts:g} V",
                             expected=f"{lower:g} to {upper:g} V, the voltage of the cell")  # fmt: skip
        low, high = self.span
        ends = self.volts(high), self.volts(low)
        if not ends[0] <= volts <= ends[1]:
            raise NacreError("the cell has no such rest voltage", where=p.name, found=f"{volts:g} V",
                             expected=f"{ends[0]:.4g} to {ends[1]:.4g} V, which its potentials cover")  # fmt: skip
        return self._point(self._filling(volts, low, high), f"at rest at {volts:g} V", mesh)

    def _point(self, x: float, words: str, mesh: Mesh) -> ImpedancePoint:
        cell = self.parameters.cell()
        fillings = {"cathode": x, "anode": self.anode(x)}
        filled = {part: replace(getattr(cell, part), stoichiometry=value) for part, value in fillings.items()}
        return ImpedancePoint(p2d.uniform(replace(cell, **filled), mesh), words)
