"""Write the virtual raw files of this study: the same bytes at every call.

    python studies/lho-ncm85/make_raw.py

They are made by virtual instruments, in the instruments' own formats; each file says so.
"""

import tomllib
from dataclasses import replace
from pathlib import Path

from nacre.core.registry import readers
from nacre.virtual import potentiostat
from nacre.virtual.cycler import Cycler, simulate
from nacre.virtual.cycler_truth import AGEING, CHECK_UPS, PAPER, RATE

HERE = Path(__file__).resolve().parent
RAW = HERE / "raw"


def main() -> None:
    RAW.mkdir(exist_ok=True)
    maccor = readers()["maccor"]
    for i, (sample, truth) in enumerate(PAPER.items()):
        for j, programme in enumerate((RATE, AGEING)):
            signal = simulate(truth, programme, Cycler(dense=CHECK_UPS), seed=10 * i + j)
            start = {"start": f"2023-03-{1 + 10 * j:02}T09:00:00"}
            signal = replace(signal, metadata={**signal.metadata, **start})
            maccor.write(signal, RAW / f"{sample}-1_{programme.name}.txt")
    spectra()


def spectra() -> None:
    """Impedance after 200 cycles, as the potentiostat's text export."""
    truth = tomllib.loads((HERE / "truth.toml").read_text(encoding="utf-8"))["impedance"]
    known = {name: {k: row["value"] for k, row in rows.items()} for name, rows in truth.items()}
    tool = known.pop("instrument")
    flaws = potentiostat.Flaws(noise=tool["noise"] / 100, drift=tool["drift"] / 100, cable=tool["cable"] * 1e-9)
    for i, (sample, areal) in enumerate(known.items()):
        instrument = potentiostat.Potentiostat(flaws=flaws, started=f"2023-06-{12 + i}T10:00:00")
        cell = potentiostat.per_area(areal, tool["area"])
        signal = potentiostat.simulate(potentiostat.pellet_cell(), cell, instrument, seed=100 + i)
        readers()["biologic_mpt"].write(signal, RAW / f"{sample}-1_eis.mpt")


if __name__ == "__main__":
    main()
