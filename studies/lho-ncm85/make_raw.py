"""Write the virtual raw files of this study: the same bytes at every call.

    python studies/lho-ncm85/make_raw.py

They are made by virtual instruments, in the instruments' own formats; each file says so.
"""

import tomllib
from dataclasses import replace
from pathlib import Path

from nacre.core.registry import readers
from nacre.readers.vamas import write_all
from nacre.virtual.cycler import Cycler, simulate
from nacre.virtual.cycler_truth import AGEING, CHECK_UPS, PAPER, RATE
from nacre.virtual.spectra_truth import infrared, photoelectron

RAW = Path(__file__).resolve().parent / "raw"


def spectra(truth: dict) -> None:
    """Photoelectron spectra, one VAMAS file per sample; infrared spectra, one .dpt per load."""
    for name, signals in photoelectron(truth).items():
        write_all(signals, RAW / f"{name}_xps.vms")
    for name, loads in infrared(truth).items():
        for i, signal in enumerate(loads):
            readers()["infrared_text"].write(signal, RAW / f"{name}_ir_{i + 1}.dpt")


def main() -> None:
    RAW.mkdir(exist_ok=True)
    maccor = readers()["maccor"]
    for i, (sample, truth) in enumerate(PAPER.items()):
        for j, programme in enumerate((RATE, AGEING)):
            signal = simulate(truth, programme, Cycler(dense=CHECK_UPS), seed=10 * i + j)
            start = {"start": f"2023-03-{1 + 10 * j:02}T09:00:00"}
            signal = replace(signal, metadata={**signal.metadata, **start})
            maccor.write(signal, RAW / f"{sample}-1_{programme.name}.txt")
    spectra(tomllib.loads((RAW.parent / "truth.toml").read_text(encoding="utf-8")))


if __name__ == "__main__":
    main()
