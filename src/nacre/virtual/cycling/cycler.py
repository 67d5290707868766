"""A virtual cycler: galvanostatic tests of a layered oxide against Li4Ti5O12, with known truth.

The cell is a prescribed curve of charge against voltage: three skewed steps (H1-M, M-H2, H2-H3) on a rising
background, moved by a polarisation and scaled so that each half cycle has exactly the capacity of the truth.
The record adds what an analysis does not model: a temperature ripple on the voltage, a current offset that
drifts (the true current is not the one shown), converter steps and noise, timer jitter, and lost records.
"""

from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from scipy.special import ndtr

from nacre.core.signal import Note, Signal, table
from nacre.virtual.cycling.cycler_truth import CellTruth, CycleTruth, Programme, plan_cycles

# (height in mAh/g, voltage in V, width in V) of each transition of the reference curve, vs. the counter electrode
STEPS = {"h1_m": (88.0, 2.098, 0.026), "m_h2": (52.0, 2.405, 0.042), "h2_h3": (40.0, 2.608, 0.019)}
BACKGROUND = (62.0, 2.02, 0.035)  # mAh/g/V, onset and its width in V
START = 1.80  # V, where a charge begins at equilibrium


@dataclass(frozen=True)
class Logging:
    """A record every `volts` and every `seconds`, whichever comes first."""

    volts: float = 1e-3
    seconds: float = 60.0

    def __str__(self) -> str:
        return f"{1e3 * self.volts:g} mV or {self.seconds:g} s"


@dataclass(frozen=True)
class CyclerFlaws:
    """What the record does to the truth (V, A, s, fractions). The ripple's phase and period (half to double) vary."""

    voltage_noise: float = 0.2e-3
    voltage_step: float = 10 / 65536
    ripple: float = 0.15e-3
    ripple_period: float = 6100.0
    current_noise: float = 2e-4
    offset: float = 15e-9
    jitter: float = 0.2
    lost: float = 0.002


@dataclass(frozen=True)
class Cycler:
    """How a test is recorded: densely in the cycles of `dense` (None: all), sparsely in the others."""

    log: Logging = field(default_factory=Logging)
    sparse: Logging = field(default_factory=lambda: Logging(50e-3, 1800.0))
    dense: tuple[int, ...] | None = None
    rest_seconds: float = 600.0
    first_rest_seconds: float = 7200.0
    flaws: CyclerFlaws = field(default_factory=CyclerFlaws)
    started: str = "2023-03-06T09:12:00"
    channel: int = 17


def compute_charge(voltage: np.ndarray) -> np.ndarray:
    """Charge of the reference curve in mAh/g up to `voltage` (V)."""
    slope, onset, width = BACKGROUND
    total = slope * width * np.logaddexp(0.0, (voltage - onset) / width)
    for height, centre, sigma in STEPS.values():
        z = (voltage - centre) / sigma
        total = total + height * (0.75 * ndtr(z) + 0.25 * ndtr((z - 0.8) / 2.0))
    return total


@lru_cache(maxsize=1)
def find_equilibrium_peaks() -> dict[str, float]:
    """Voltages in V at which the slope of the reference curve is highest, by transition."""
    grid = np.linspace(1.9, 2.75, 170_001)
    slope = np.gradient(compute_charge(grid), grid)
    near = {name: np.abs(grid - centre) < sigma for name, (_, centre, sigma) in STEPS.items()}
    return {name: float(grid[inside][np.argmax(slope[inside])]) for name, inside in near.items()}


def find_peaks(truth: CellTruth, cycle: CycleTruth, sign: int = 1) -> dict[str, float]:
    """True peak voltages in V of one half cycle (sign +1 charge, -1 discharge)."""
    shift = compute_polarisation(cycle)
    return {name: volts + sign * shift for name, volts in find_equilibrium_peaks().items()}


def compute_polarisation(cycle: CycleTruth) -> float:
    """Shift of the curve in V that puts the H1-M peak of the charge where the truth wants it."""
    return cycle.h1_m - find_equilibrium_peaks()["h1_m"]


def simulate_cycler(truth: CellTruth, programme: Programme, cycler: Cycler | None = None, seed: int = 0) -> Signal:
    """The record of a whole test as a Signal of kind "cycling", origin "synthetic".

    Columns bear BDF names; the step counter restarts with every step. The same seed gives the same record.
    """
    cycler = cycler or Cycler()
    rng = np.random.default_rng(seed)
    record = _Record(cycler, rng)
    record.rest(START, START, cycler.first_rest_seconds, cycle=0)
    for cycle in plan_cycles(truth, programme):
        log = cycler.log if cycler.dense is None or cycle.number in cycler.dense else cycler.sparse
        _run_half(record, truth, programme, cycle, log, +1)
        _run_half(record, truth, programme, cycle, log, -1)
    sparse = "" if cycler.dense is None else f"; cycles other than {cycler.dense}: {cycler.sparse}"
    metadata = {
        "start": cycler.started,
        "channel": cycler.channel,
        "name": f"{truth.sample}-{programme.name}",
        "procedure": programme.name,
        "logging": f"{cycler.log}{sparse}",
        "seed": seed,
    }
    note = Note("info", f"made by a virtual cycler from the truth of '{truth.sample}', seed {seed}")
    return table(
        "cycling", record.columns(), metadata=metadata, notes=(note,), origin="synthetic", name=metadata["name"]
    )


def _run_half(record: "_Record", truth: CellTruth, programme: Programme, cycle: CycleTruth, log: Logging, sign: int):
    """One half cycle, its constant-voltage part where the programme has one, and the rest after it."""
    amps = cycle.rate * truth.one_c.value * truth.cam_mass.value * 1e-6
    q = (cycle.charge if sign > 0 else cycle.discharge) * truth.cam_mass.value * 3.6e-3  # C
    held = programme.held_fraction * q if sign > 0 else 0.0
    shift = sign * compute_polarisation(cycle)
    end = truth.upper.value if sign > 0 else truth.lower.value
    begin = START + shift if sign > 0 else truth.upper.value - 2 * abs(shift)
    grid = np.linspace(begin, end, 6001)
    shape = np.abs(compute_charge(grid - shift) - compute_charge(begin - shift))
    shape *= (q - held) / shape[-1]
    record.flow(grid, shape, amps, sign, log, cycle.number)
    if held:
        record.hold(end, held, amps, log, cycle.number)
    points = 5 if log == record.cycler.log else 3
    record.rest(end, end - shift, record.cycler.rest_seconds, cycle.number, points)


class _Record:
    """Steps as they are written, one after the other."""

    def __init__(self, cycler: Cycler, rng: np.random.Generator):
        self.cycler, self.rng, self.flaws = cycler, rng, cycler.flaws
        self.time, self.step, self.offset = 0.0, 0, 0.0
        aside = rng.spawn(1)[0]
        self.phase = aside.uniform(0, 2 * np.pi)
        self.period = self.flaws.ripple_period * 2 ** aside.uniform(-1, 1)
        self.blocks: list[dict[str, np.ndarray]] = []

    def flow(self, volts, coulombs, amps, sign, log: Logging, cycle: int):
        """Constant current along a curve of voltage against charge (both rising in charge)."""
        self.offset = 0.9 * self.offset + np.sqrt(0.19) * self.rng.normal(0, self.flaws.offset)
        seconds = coulombs / (amps - sign * self.offset)
        steps = int(abs(volts[-1] - volts[0]) / log.volts)
        levels = volts[0] + np.sign(volts[-1] - volts[0]) * log.volts * np.arange(1, steps + 1)
        order = np.argsort(volts)
        crossings = np.interp(levels, volts[order], seconds[order])
        clock = np.arange(log.seconds, seconds[-1], log.seconds)
        clock = clock + self.rng.uniform(0, self.flaws.jitter, clock.size)
        times = np.unique(np.concatenate((crossings, clock)))
        times = times[(times > 1.0) & (times < seconds[-1] - 1.0)]
        times = times[np.append(True, np.diff(times) > 1.0)] if times.size else times
        times = np.concatenate(([0.0], self._keep(times), [seconds[-1]]))
        word = "CC_CHG" if sign > 0 else "CC_DCH"
        self._write(
            times, np.interp(times, seconds, volts), np.full(times.size, sign * amps), amps * times, word, cycle
        )

    def hold(self, volts: float, coulombs: float, amps: float, log: Logging, cycle: int):
        """Constant voltage: the current decays to a tenth."""
        tau = coulombs / (0.9 * amps)
        end = tau * np.log(10.0)
        times = np.append(self._keep(np.arange(0.0, end, min(log.seconds, end / 20))), end)
        now = np.exp(-times / tau)
        self._write(times, np.full(times.size, volts), amps * now, amps * tau * (1 - now), "CV_CHG", cycle)

    def rest(self, begin: float, end: float, seconds: float, cycle: int, points: int = 5):
        """No current: the voltage relaxes from `begin` towards `end`."""
        times = np.linspace(0.0, seconds, points)
        volts = end + (begin - end) * np.exp(-times / 200.0)
        self._write(times, volts, np.zeros(points), np.zeros(points), "REST", cycle)

    def _keep(self, times):
        return times[self.rng.uniform(size=times.size) >= self.flaws.lost]

    def _write(self, times, volts, amps, counter, word: str, cycle: int):
        flaws, n = self.flaws, times.size
        self.step += 1
        clock = self.time + times
        warmth = np.sin(2 * np.pi * clock / self.period + self.phase)
        shown = volts + flaws.ripple * warmth + self.rng.normal(0, flaws.voltage_noise, n)
        shown = np.round(shown / flaws.voltage_step) * flaws.voltage_step
        self.blocks.append(
            {
                "test_time_second": np.round(clock, 2),
                "step_time_second": np.round(times, 2),
                "voltage_volt": shown,
                "current_ampere": amps * (1 + self.rng.normal(0, flaws.current_noise, n)),
                "step_cumulative_capacity_ah": counter / 3600,
                "step_count": np.full(n, self.step),
                "cycle_count": np.full(n, cycle),
                "step_type": np.full(n, word),
                "ambient_temperature_celsius": 45.0 + 0.2 * warmth,
            }
        )
        self.time += float(times[-1])

    def columns(self) -> dict[str, tuple[np.ndarray, str]]:
        units = {
            "test_time_second": "s",
            "step_time_second": "s",
            "voltage_volt": "V",
            "current_ampere": "A",
            "step_cumulative_capacity_ah": "Ah",
            "ambient_temperature_celsius": "degC",
        }
        return {
            name: (np.concatenate([block[name] for block in self.blocks]), units.get(name, "1"))
            for name in self.blocks[0]
        }
