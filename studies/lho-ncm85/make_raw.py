"""Write the virtual raw files of this study: the same bytes at every call.

    python studies/lho-ncm85/make_raw.py

They are made by virtual instruments, in the instruments' own formats; each file says so.
"""

from dataclasses import replace
from pathlib import Path

from nacre.core.registry import readers
from nacre.virtual.cycler import Cycler, simulate
from nacre.virtual.cycler_truth import AGEING, CHECK_UPS, PAPER, RATE

RAW = Path(__file__).resolve().parent / "raw"


def main() -> None:
    RAW.mkdir(exist_ok=True)
    maccor = readers()["maccor"]
    for i, (sample, truth) in enumerate(PAPER.items()):
        for j, programme in enumerate((RATE, AGEING)):
            signal = simulate(truth, programme, Cycler(dense=CHECK_UPS), seed=10 * i + j)
            start = {"start": f"2023-03-{1 + 10 * j:02}T09:00:00"}
            signal = replace(signal, metadata={**signal.metadata, **start})
            maccor.write(signal, RAW / f"{sample}-1_{programme.name}.txt")


if __name__ == "__main__":
    main()
