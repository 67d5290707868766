"""Study folders of impedance alone: eight cells a side, 850 against 50 ohm cm2 at the interface.

The noise rises fivefold to both ends of the sweep, so the errors of single spectra are uneven and a test of one
spectrum's fit may object; sixteen cells whose interfaces differ seventeenfold leave no doubt all the same.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from truth.foreign.verdicts.folders import AREA
from truth.foreign.verdicts.spectra import FREQUENCIES, Pellet, draw_spectrum, write_spectrum

_ENDING = {"csv": "csv", "zplot": "z", "eclab": "mpt"}


@dataclass(frozen=True)
class PelletFolder:
    """A written study; `interfaces` is, per cell, the true interfacial resistance in ohm cm2."""

    path: Path
    interfaces: dict[str, float]


def write_impedance_study(
    path: Path,
    rng: np.random.Generator,
    n: int = 8,
    interfaces: tuple[float, float] = (850.0, 50.0),
    scatter: float = 0.25,
    noise: float = 0.002,
    ends: float = 5.0,
    spread: float = 0.2,
    habit: str = "csv",
) -> PelletFolder:
    """Spectra of n cells a side after cycling.

    Parameters
    ----------
    interfaces
        Median interfacial resistance of bare and coated cells, ohm cm2; equal ones make a null study.
    scatter
        Standard deviation of its logarithm between cells of one recipe.
    noise, ends, spread
        See `spectra`: relative noise in the middle, factor at the ends, width of the arcs.
    """
    (path / "raw").mkdir(parents=True)
    truth = {}
    for sample, median in zip(("bare", "coated"), interfaces, strict=True):
        for k in range(1, n + 1):
            cell = f"{sample}-{k}"
            truth[cell] = float(median * np.exp(rng.normal(0, scatter)))
            z = draw_spectrum(_draw_pellet(truth[cell], spread, rng), rng, noise, ends)
            write_spectrum(habit, FREQUENCIES, z, path / "raw" / f"{cell}.{_ENDING[habit]}")
    _write_toml(path, list(truth), _ENDING[habit])
    return PelletFolder(path, truth)


def _draw_pellet(interface: float, spread: float, rng: np.random.Generator) -> Pellet:
    """A thicker separator has more of bulk and grain boundary; the interface's capacitance varies little."""
    thick = np.exp(rng.normal(0, 0.05))
    ohm = interface / AREA
    return Pellet(48.0 * thick, 22.0 * thick, ohm, 4e-7, ohm * 2e-5 * np.exp(rng.normal(0, 0.1)), spread)


def _write_toml(path: Path, cells: list[str], ending: str) -> None:
    entries = [f'[cell.{cell}]\nsample = "{cell.split("-")[0]}"\n' for cell in cells]
    (path / "study.toml").write_text("\n".join([_HEAD, *entries, _EIS.format(ending=ending)]), encoding="utf-8")


_HEAD = """schema = 1

[study]
name = "interfaces"
title = "Interfaces after cycling"
reference = "bare"

[[sample]]
name = "bare"

[[sample]]
name = "coated"

[cell]
diameter = "10.00(5) mm"
"""
_EIS = """[[measurement]]
name = "eis"
files = "raw/{{cell}}.{ending}"
state = {{ cycle = 200 }}
options = {{ impedance = {{ circuit = "R_bulk-(R_gb|Q_gb)-(R_cam_se|Q_cam_se)-Q_lf" }} }}
"""
