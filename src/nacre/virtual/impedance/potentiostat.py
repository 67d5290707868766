"""A virtual potentiostat: impedance spectra of any circuit, with known truth, as EC-Lab would export them.

A circuit is built from parts with `-` (in series) and `|` (side by side):

    resistor("R_bulk") - (resistor("R_gb") | cpe("Q_gb")) - (resistor("R_cam_se") | cpe("Q_cam_se")) - cpe("Q_lf")

The record adds what an analysis does not model: one resistance that rises linearly in time over the sweep, a cable's
inductance, the delay of the amplifiers, and noise that is three times larger near the mains frequency. Nothing here is
shared with the circuit language or the compiled elements of the analyses.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from nacre.core.signal import Note, Signal, table

Truth = Mapping[str, float]


@dataclass(frozen=True)
class CircuitPart:
    """A two-terminal part: `compute_impedance(s, truth)` in ohm at complex frequencies s = j omega (n,)."""

    impedance: Callable[[np.ndarray, Truth], np.ndarray]

    def __sub__(self, other: "CircuitPart") -> "CircuitPart":
        return CircuitPart(lambda s, p: self.impedance(s, p) + other.impedance(s, p))

    def __or__(self, other: "CircuitPart") -> "CircuitPart":
        def together(s, p):
            a, b = self.impedance(s, p), other.impedance(s, p)
            return a * b / (a + b)

        return CircuitPart(together)


def make_resistor(name: str) -> CircuitPart:
    """R in ohm (it may be negative)."""
    return CircuitPart(lambda s, p: p[name] * np.ones_like(s))


def make_capacitor(name: str) -> CircuitPart:
    """1/(s C), C in F."""
    return CircuitPart(lambda s, p: 1 / (s * p[name]))


def make_inductor(name: str) -> CircuitPart:
    """s L, L in H."""
    return CircuitPart(lambda s, p: s * p[name])


def make_cpe(name: str) -> CircuitPart:
    """1/(Q s^n) with `name.Q` in S s^n and `name.n`."""
    return CircuitPart(lambda s, p: s ** -p[f"{name}.n"] / p[f"{name}.Q"])


def make_gerischer(name: str) -> CircuitPart:
    """R / sqrt(1 + s tau) with `name.R` and `name.tau`."""
    return CircuitPart(lambda s, p: p[f"{name}.R"] * (1 + s * p[f"{name}.tau"]) ** -0.5)


def make_diffusion(name: str, *, blocked: bool) -> CircuitPart:
    """Diffusion over a finite length: R coth(u)/u (blocked) or R tanh(u)/u, u^2 = s tau."""

    def impedance(s, p):
        u = np.sqrt(s * p[f"{name}.tau"])
        return p[f"{name}.R"] * (1 / np.tanh(u) if blocked else np.tanh(u)) / u

    return CircuitPart(impedance)


def make_ladder(name: str, rungs: int = 400) -> CircuitPart:
    """A porous electrode as a ladder of `rungs`: rail `name.R_ion`, rungs of `name.R_ct` beside `name.Q`, `name.n`."""

    def impedance(s, p):
        rung = rungs / (1 / p[f"{name}.R_ct"] + p[f"{name}.Q"] * s ** p[f"{name}.n"])
        rail = p[f"{name}.R_ion"] / rungs
        z = rung + rail / 2
        for _ in range(rungs - 1):
            z = rail / 2 + 1 / (1 / rung + 1 / (rail / 2 + z))
        return z

    return CircuitPart(impedance)


def make_pellet_cell() -> CircuitPart:
    """Separator and composite cathode: bulk, grain boundary, the interface in the cathode, and slow storage."""
    grains = make_resistor("R_gb") | make_cpe("Q_gb")
    cathode = make_resistor("R_cam_se") | make_cpe("Q_cam_se")
    return make_resistor("R_bulk") - grains - cathode - make_cpe("Q_lf")


@dataclass(frozen=True)
class PotentiostatFlaws:
    """What the record does to the truth.

    noise: standard deviation of each part, relative to |Z|; drift: the part by which `drifting` has risen at the last
    point; cable: H; delay: s; mains: the noise within 5 % of 50 Hz, over that elsewhere.
    """

    noise: float = 2e-3
    drift: float = 0.0
    drifting: str = "R_cam_se"
    cable: float = 0.0
    delay: float = 2e-11
    mains: float = 3.0


@dataclass(frozen=True)
class Potentiostat:
    """A sweep from `highest` to `lowest` frequency (Hz), `per_decade` points each, at an amplitude in V."""

    highest: float = 7e6
    lowest: float = 0.1
    per_decade: int = 8
    amplitude: float = 7e-3
    periods: int = 3
    overhead: float = 0.2
    voltage: float = 1.35
    started: str = "2023-06-12T10:00:00"
    flaws: PotentiostatFlaws = field(default_factory=PotentiostatFlaws)

    @property
    def frequency(self) -> np.ndarray:
        """Hz, falling."""
        n = round(np.log10(self.highest / self.lowest) * self.per_decade) + 1
        return np.geomspace(self.highest, self.lowest, n)

    @property
    def time(self) -> np.ndarray:
        """s at the end of each point."""
        return np.cumsum(self.periods / self.frequency + self.overhead)


def scale_by_area(truth: Truth, area: float) -> dict[str, float]:
    """The truth of a cell of `area` cm2 from values per cm2: resistances in ohm cm2, Q in S s^n cm-2, C in F cm-2."""
    stored = [name for name in truth if name.endswith(".Q") or name.startswith("C")]
    scaled = {name: value * area if name in stored else value / area for name, value in truth.items()}
    return scaled | {name: value for name, value in truth.items() if name.endswith((".n", ".tau"))}


def compute_impedance(cell: CircuitPart, truth: Truth, instrument: Potentiostat) -> np.ndarray:
    """What the instrument would show without noise: ohm, complex, at its frequencies."""
    flaws, s, time = instrument.flaws, 2j * np.pi * instrument.frequency, instrument.time
    if flaws.drift:
        risen = truth[flaws.drifting] * (1 + flaws.drift * (time - time[0]) / (time[-1] - time[0]))
        z = cell.impedance(s, {**truth, flaws.drifting: risen})
    else:
        z = cell.impedance(s, truth)
    return (z + s * flaws.cable) * np.exp(-s * flaws.delay)


def simulate_sweep(
    cell: CircuitPart, truth: Truth, instrument: Potentiostat | None = None, seed: int = 0, name: str = ""
) -> Signal:
    """One spectrum as a Signal of kind "impedance", origin "synthetic". The same seed gives the same spectrum."""
    instrument = instrument or Potentiostat()
    rng, f, flaws = np.random.default_rng(seed), instrument.frequency, instrument.flaws
    z = compute_impedance(cell, truth, instrument)
    level = flaws.noise * np.where(np.abs(f / 50 - 1) < 0.05, flaws.mains, 1.0) * np.abs(z)
    z = z + level * (rng.normal(size=f.size) + 1j * rng.normal(size=f.size))
    columns = {
        "frequency_hertz": (f, "Hz"),
        "real_impedance_ohm": (z.real, "ohm"),
        "imaginary_impedance_ohm": (z.imag, "ohm"),
        "test_time_second": (instrument.time, "s"),
        "voltage_volt": (np.full(f.size, instrument.voltage), "V"),
        "voltage_amplitude_volt": (np.full(f.size, instrument.amplitude), "V"),
        "current_amplitude_ampere": (instrument.amplitude / np.abs(z), "A"),
    }
    metadata = {"start": instrument.started, "technique": "PEIS", "comment": f"virtual potentiostat, seed {seed}"}
    note = Note("info", f"made by a virtual potentiostat, seed {seed}")
    about = {"metadata": metadata, "notes": (note,), "origin": "synthetic", "name": name}
    return table("impedance", columns, axis="frequency", **about)


def add_flaws(instrument: Potentiostat, **changes) -> Potentiostat:
    """The same instrument with other flaws."""
    return replace(instrument, flaws=replace(instrument.flaws, **changes))
