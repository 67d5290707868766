"""A virtual titrator: the extract of a powder with known residual lithium, titrated with acid.

The beaker is solved by its own balance (amounts of every species from the proton condition, by bisection, activities
after Guentelberg). The record adds what an analysis does not model: an electrode that lags behind, drifts and has not
the ideal slope, carbon dioxide taken up while the bath is alkaline, and a burette that scatters and is off.
"""

from dataclasses import dataclass, field

import numpy as np

from nacre.core.signal import Signal, table

# thermodynamic constants at 25 degC (R. M. Smith, A. E. Martell, Critical Stability Constants)
PK_FIRST, PK_SECOND, PK_WATER = 6.352, 10.329, 13.997
LIOH, LI2CO3 = 23.947, 73.888  # g/mol


@dataclass(frozen=True)
class TitratedPowder:
    """What is on the powder, in wt% of it."""

    lioh: float
    li2co3: float


@dataclass(frozen=True)
class Bench:
    """What was weighed and dosed: g, mL, mol/L; a dose of `step` mL every `pause` s up to `last` mL."""

    mass: float = 2.0
    water: float = 50.0
    aliquot: float = 40.0
    strength: float = 0.05
    step: float = 0.05
    last: float = 4.0
    pause: float = 20.0


@dataclass(frozen=True)
class TitratorFlaws:
    """What the record does to the truth.

    slope : electrode slope over the ideal one; zero : pH units at pH 7; drift : pH units per hour; lag : part of the
    last change not yet shown; noise, resolution : pH. jitter : of the burette at each stop, screw : of its thread, mL;
    gain : of its volume, relative.
    uptake : part of the hydroxide that met CO2 before the titration; breathing : umol CO2 per minute above pH 9.
    """

    slope: float = 0.985
    zero: float = 0.03
    drift: float = 0.02
    lag: float = 0.02
    noise: float = 0.01
    resolution: float = 0.001
    jitter: float = 0.001
    screw: float = 0.001
    gain: float = 0.0
    uptake: float = 0.02
    breathing: float = 0.02


@dataclass(frozen=True)
class Titrator:
    """A bench with its flaws."""

    bench: Bench = field(default_factory=Bench)
    flaws: TitratorFlaws = field(default_factory=TitratorFlaws)


def titrate(powder: TitratedPowder, titrator: Titrator | None = None, seed: int = 0, name: str = "") -> Signal:
    """The titration of one extract, as a PC/LIMS report would hold it (kind "titration", origin "synthetic")."""
    titrator = titrator or Titrator()
    bench, flaws = titrator.bench, titrator.flaws
    rng = np.random.default_rng(seed)
    shown = np.arange(0, bench.last + 1e-9, bench.step)
    # a piston's screw: an error that comes back with every turn, and one of its own at every stop
    turn = flaws.screw * np.sin(2 * np.pi * (shown / 1.7 + rng.random()))
    placed = shown * (1 + flaws.gain) + turn - turn[0] + rng.normal(0, flaws.jitter, shown.size)
    placed[0] = 0.0
    true = np.maximum.accumulate(np.maximum(placed, 0.0))
    time = bench.pause * np.arange(shown.size)
    ph = _fill_bath(powder, bench, flaws, true, time)
    displayed = 7 + flaws.zero + flaws.slope * (ph - 7) + flaws.drift * time / 3600
    late = displayed - flaws.lag * np.diff(displayed, prepend=displayed[0])
    noisy = late + rng.normal(0, flaws.noise, late.size)
    columns = {
        "acid_volume": (np.round(shown, 5), "mL"),
        "ph": (np.round(noisy / flaws.resolution) * flaws.resolution, "1"),
        "time": (time, "s"),
        "temperature": (np.full(shown.size, 25.0), "degC"),
    }
    known = {"sample_name": name, "sample_mass": bench.mass}
    return table("titration", columns, metadata=known, origin="synthetic", name=name)


def _fill_bath(powder: TitratedPowder, bench: Bench, flaws: TitratorFlaws, acid, time) -> np.ndarray:
    """True pH after each dose: the bath in mmol and mL."""
    part = bench.aliquot / bench.water
    hydroxide = 1e3 * bench.mass * powder.lioh / 100 / LIOH * part
    carbon = 1e3 * bench.mass * powder.li2co3 / 100 / LI2CO3 * part
    lithium = hydroxide + 2 * carbon
    carbon += flaws.uptake * hydroxide / 2
    found = np.empty(acid.size)
    for i, dose in enumerate(acid):
        found[i] = _simulate_ph(lithium, carbon, bench.strength * dose, bench.aliquot + dose)
        if i + 1 < acid.size and found[i] > 9:
            carbon += flaws.breathing * 1e-3 * (time[i + 1] - time[i]) / 60
    return found


def _simulate_ph(lithium: float, carbon: float, chloride: float, volume: float) -> float:
    """pH of a bath (mmol, mL): positive and negative charges are made equal by halving the interval."""
    low, high, ionic = 0.0, 14.0, max(lithium, chloride) / volume
    for _ in range(50):
        middle = 0.5 * (low + high)
        root = ionic**0.5
        single = 10 ** (-0.509 * root / (1 + root))
        h = 10**-middle
        oh = 10**-PK_WATER / h / single
        k1, k2 = 10**-PK_FIRST / single, 10**-PK_SECOND * single / single**4
        co2 = carbon / volume / (1 + k1 / h + k1 * k2 / h**2)
        hco3, co3 = co2 * k1 / h, co2 * k1 * k2 / h**2
        ionic = 0.5 * (lithium / volume + chloride / volume + h / single + oh + hco3 + 4 * co3)
        negative = oh + hco3 + 2 * co3 + chloride / volume
        low, high = (low, middle) if negative > lithium / volume + h / single else (middle, high)
    return 0.5 * (low + high)
