"""Impedance spectra as text, of pellet cells whose arcs are distributions of relaxation times.

An arc is a sum of many RC pairs whose time constants are normally distributed in their logarithm (width `spread`), by
Gauss and Hermite: near a depressed semicircle, and no constant-phase element. Noise is relative to |Z|, Gaussian, and
rises to both ends of the sweep, where the amplifier is slow and the cell drifts.
"""

import datetime
from dataclasses import dataclass
from pathlib import Path

import numpy as np

FREQUENCIES = np.geomspace(7e6, 0.1, 63)


@dataclass(frozen=True)
class Pellet:
    """A cell as impedance sees it: resistances in ohm (of the cell, not per area), times in s.

    `spread` is the standard deviation of the logarithm of an arc's time constants; 0 is one RC pair.
    """

    bulk: float
    grains: float
    interface: float
    grains_time: float = 4e-7
    interface_time: float = 2e-3
    spread: float = 0.55
    tail: float = 0.09
    tail_exponent: float = 0.82


def draw_spectrum(
    pellet: Pellet,
    rng: np.random.Generator,
    noise: float = 0.002,
    ends: float = 5.0,
    frequencies: np.ndarray = FREQUENCIES,
) -> np.ndarray:
    """The measured spectrum, ohm, complex array like `frequencies`.

    `noise` is the relative standard deviation of each of real and imaginary part in the middle of the sweep, and
    `ends` the factor by which it is larger at its two ends.
    """
    exact = true_spectrum(pellet, frequencies)
    sd = noise * np.abs(exact) * noise_shape(frequencies, ends)
    return exact + sd * (rng.normal(0, 1, sd.size) + 1j * rng.normal(0, 1, sd.size))


def true_spectrum(pellet: Pellet, frequencies: np.ndarray) -> np.ndarray:
    """Without noise; the blocking tail is a constant phase, as everybody finds it."""
    omega = 2 * np.pi * frequencies
    grains = pellet.grains * _arc(omega * pellet.grains_time, 0.3 * pellet.spread)
    interface = pellet.interface * _arc(omega * pellet.interface_time, pellet.spread)
    tail = 1 / (pellet.tail * (1j * omega) ** pellet.tail_exponent)
    return pellet.bulk + grains + interface + tail


def noise_shape(frequencies: np.ndarray, ends: float) -> np.ndarray:
    """1 in the middle two thirds, rising to `ends` at both ends, even in the logarithm of the noise."""
    log_f = np.log(frequencies)
    place = 2 * (log_f - log_f.min()) / (log_f.max() - log_f.min()) - 1
    return ends ** np.clip((np.abs(place) - 2 / 3) * 3, 0, 1)


def _arc(omega_tau: np.ndarray, spread: float) -> np.ndarray:
    nodes, weights = np.polynomial.hermite_e.hermegauss(41)
    times = np.exp(spread * nodes)
    return (weights / weights.sum() / (1 + 1j * omega_tau[:, None] * times)).sum(axis=1)


def write_spectrum(habit: str, frequencies: np.ndarray, z: np.ndarray, path: Path) -> None:
    """Write in one of three habits: "csv" (German), "zplot", "eclab"."""
    {"csv": _write_csv, "zplot": _write_zplot, "eclab": _write_eclab}[habit](frequencies, z, path)


def _write_csv(frequencies: np.ndarray, z: np.ndarray, path: Path) -> None:
    lines = ["Frequenz [Hz];Z' [Ohm];-Z'' [Ohm]"]
    lines += [f"{f:.6e};{a.real:.5e};{-a.imag:.5e}".replace(".", ",") for f, a in zip(frequencies, z, strict=True)]
    path.write_text("\n".join(lines) + "\n", encoding="latin-1")


def _write_zplot(frequencies: np.ndarray, z: np.ndarray, path: Path) -> None:
    head = [
        "ZPLOT2 ASCII",
        "  Date:           02-11-2023",
        "  Time:           09:12:44",
        "  Experiment Type: 1",
        "  Surface Area:   1",
        "End Comments",
    ]
    lines = [
        f"{f:.6E}, 1.0E-02, 0.0E+00, {5 + k}, {a.real:.5E}, {a.imag:.5E}, 0, 0, 2"
        for k, (f, a) in _rows(frequencies, z)
    ]
    path.write_text("\n".join(head + lines) + "\n", encoding="ascii")


def _write_eclab(frequencies: np.ndarray, z: np.ndarray, path: Path) -> None:
    """An .mpt of PEIS; its third column is -Im(Z)."""
    names = "freq/Hz\tRe(Z)/Ohm\t-Im(Z)/Ohm\t|Z|/Ohm\tPhase(Z)/deg\ttime/s\t<Ewe>/V\t"
    day = datetime.datetime(2023, 2, 11, 9, 12, 44)
    head = [
        "EC-Lab ASCII FILE",
        "Nb header lines : 6",
        "",
        "Potentio Electrochemical Impedance Spectroscopy",
        f"Acquisition started on : {day:%m/%d/%Y %H:%M:%S}",
        names,
    ]
    lines = []
    for k, (f, a) in _rows(frequencies, z):
        phase = np.degrees(np.angle(a))
        lines.append(
            f"{f:.7E}\t{a.real:.7E}\t{-a.imag:.7E}\t{abs(a):.7E}\t{phase:.7E}\t{1.5 * k + 3 / f:.5E}\t2.9981E+000"
        )
    path.write_text("\r\n".join(head + lines) + "\r\n", encoding="latin-1")


def _rows(frequencies: np.ndarray, z: np.ndarray) -> list[tuple[int, tuple[float, complex]]]:
    return list(enumerate(zip(frequencies, z, strict=True)))
