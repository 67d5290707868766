"""Write the virtual raw files of this study: the same bytes at every call.

    python studies/lho-ncm85/make_raw.py [FOLDER]

They are made by virtual instruments, in the instruments' own formats; each file says so.
"""

import sys
import tomllib
from dataclasses import replace
from pathlib import Path

from nacre.core.registry import readers
from nacre.materials.crystals import find_crystal, make_layered
from nacre.readers.xps_ir.vamas import write_all
from nacre.virtual.chemistry import emission, titrator
from nacre.virtual.cycling.cycler import Cycler, Logging, simulate_cycler
from nacre.virtual.cycling.cycler_truth import AGEING, CHECK_UPS, RATE, load_cells
from nacre.virtual.diffraction import diffractometer, diffractometer_truth
from nacre.virtual.impedance import potentiostat
from nacre.virtual.microscopy import eds, eels, hrtem, sem, sem_top, stem_eds
from nacre.virtual.xps_ir import spectra_truth

HERE = Path(__file__).resolve().parent
# the ageing test is recorded finely in its check-up cycles only, to keep the files small
CYCLERS = {RATE: Cycler(), AGEING: Cycler(Logging(1e-3, 600.0), Logging(0.1, 3600.0), CHECK_UPS)}


def truth(section: str) -> dict:
    """A section of truth.toml."""
    return tomllib.loads((HERE / "truth.toml").read_text(encoding="utf-8"))[section]


def cycling(folder: Path) -> None:
    """Rate test and ageing of one cell of each sample, as a MACCOR exports them."""
    maccor = readers()["maccor"]
    for i, (sample, cell) in enumerate(load_cells(HERE / "truth.toml").items()):
        for j, (programme, cycler) in enumerate(CYCLERS.items()):
            signal = simulate_cycler(cell, programme, cycler, seed=10 * i + j)
            start = {"start": f"2023-03-{1 + 10 * j:02}T09:00:00"}
            signal = replace(signal, metadata={**signal.metadata, **start})
            maccor.write(signal, folder / f"{sample}-1_{programme.name}.txt")


def diffraction(folder: Path) -> None:
    """Patterns of the line standard and of both samples, as a STOE Stadi-P writes them."""
    stoe = readers()["stoe"]
    for i, (name, scan) in enumerate(diffractometer_truth.load_scans(HERE / "truth.toml").items()):
        stoe.write(diffractometer.simulate_pattern(scan, seed=40 + i), folder / f"{name}_xrd.raw")


def impedance(folder: Path) -> None:
    """Impedance after 200 cycles, as the potentiostat's text export."""
    known = {name: {k: row["value"] for k, row in rows.items()} for name, rows in truth("impedance").items()}
    tool = known.pop("instrument")
    flaws = potentiostat.PotentiostatFlaws(
        noise=tool["noise"] / 100, drift=tool["drift"] / 100, cable=tool["cable"] * 1e-9
    )
    for i, (sample, areal) in enumerate(known.items()):
        instrument = potentiostat.Potentiostat(flaws=flaws, started=f"2023-06-{12 + i}T10:00:00")
        cell = potentiostat.scale_by_area(areal, tool["area"])
        signal = potentiostat.simulate_sweep(potentiostat.make_pellet_cell(), cell, instrument, seed=100 + i)
        readers()["biologic_mpt"].write(signal, folder / f"{sample}-1_eis.mpt")


def wet_chemistry(folder: Path) -> None:
    """An emission run of digests of both samples, and a titration of the extract of each."""
    contents = {name: {k: row["value"] for k, row in rows.items()} for name, rows in truth("icp").items()}
    digests = []
    for sample, elements in contents.items():
        for i, mass in enumerate((0.1003, 0.1021)):
            label = f"{sample}-{i + 1}"
            digests.append(emission.Digest(label, elements, mass))
            digests.append(emission.Digest(f"{label} x400", elements, mass, dilution=400.0))
            digests.append(emission.Digest(f"{label} spike", elements, mass, spiked="Hf", spike=1.0))
    readers()["icp_table"].write(emission.measure_emission(tuple(digests), seed=200), folder / "icp.csv")
    for i, (sample, rows) in enumerate(truth("titration").items()):
        powder = titrator.TitratedPowder(rows["lioh"]["value"], rows["li2co3"]["value"])
        signal = titrator.titrate(powder, seed=300 + i, name=sample)
        readers()["metrohm_tiamo"].write(signal, folder / f"{sample}_titration.txt")


def spectra(folder: Path) -> None:
    """Photoelectron spectra, one VAMAS file per sample; infrared spectra, one .dpt per load."""
    for name, signals in spectra_truth.measure_photoelectron_spectra(truth("xps")).items():
        write_all(signals, folder / f"{name}_xps.vms")
    for name, loads in spectra_truth.measure_infrared_spectra(truth("infrared")).items():
        for i, signal in enumerate(loads):
            readers()["infrared_text"].write(signal, folder / f"{name}_ir_{i + 1}.dpt")


def microscopy(folder: Path) -> None:
    """A STEM-EDS map of the coated particle's edge in a lamella."""
    known = {name: row["value"] for name, row in truth("stem").items()}
    signal, _ = stem_eds.measure_map(stem_eds.LamellaSpecimen(**known), seed=400)
    readers()["velox"].write(signal, folder / "lho_stem.emd")


def scanning(folder: Path) -> None:
    """Cross-sections before and after cycling and a top view of both samples; an EDS map of the coated powder."""
    write = readers()["sem"].write
    scope = sem.Microscope(pixel=0.04, size=384, dose=400.0, gain=60.0)
    view = sem_top.View(size=448, pixel=0.05)
    for i, (sample, rows) in enumerate(truth("sem").items()):
        known = {name: row["value"] for name, row in rows.items()}
        powder = sem_top.TopViewPowder(
            known["diameter"], boundary=known["boundary"] / 100, mottle=known["mottle"] / 100
        )
        write(sem_top.draw_top_view(powder, view, seed=500 + i)[0], folder / f"{sample}_top.tif")
        for j, (stage, owner) in enumerate((("pristine", sample), ("cycled", f"{sample}-1"))):
            parts = (known[f"{name}_{stage}"] / 100 for name in ("crack", "gap", "void"))
            section = sem.CompositeSection(*parts, radius=known["diameter"] / 2)
            for n in range(4):
                signal, _ = sem.draw_cross_section(section, scope, seed=510 + 20 * i + 10 * j + n)
                write(signal, folder / f"{owner}_section_{stage}_{n + 1}.tif")
    rows = {name: row["value"] for name, row in truth("eds").items()}
    coat = eds.Coat(rows["variation"] / 100, rows["length"], rows["shading"] / 100)
    readers()["h5oina"].write(eds.draw_powder_map(coat, eds.EdsDetector(size=160), seed=550), folder / "lho_map.h5oina")


def fringes(folder: Path) -> None:
    """High-resolution image: core below, a grain of each phase of the coating, amorphous carbon above."""
    known = {name: row["value"] for name, row in truth("hrtem").items()}
    thick, tilt = known["thickness"], known["tilt"]
    oxide, hafnia = make_layered("LiNi0.85Co0.10Mn0.05O2"), find_crystal("HfO2")
    left = ((11.0, 9.0, 1.0, 0.1), (6.0, 14.3, 0.0, 1.0), (6.0, 3.2, -0.1, -1.0))
    right = ((11.3, 9.0, -1.0, -0.1), (16.0, 14.3, 0.0, 1.0), (16.0, 2.6, 0.05, -1.0))
    scene = (
        hrtem.CrystalGrain(hafnia, tuple(known["zone_hfo2"]), 20.0, tilt, (6.4, 9.0), sides=left, thickness=thick),
        hrtem.CrystalGrain(
            hrtem.HAFNATE, tuple(known["zone_li2hfo3"]), 50.0, tilt, (16.4, 9.0), sides=right, thickness=thick
        ),
        hrtem.CrystalGrain(oxide, tuple(known["zone_core"]), 8.0, tilt, (11.0, 20.0), sides=((11.0, 14.5, 0.0, -1.0),)),
        hrtem.Amorphous("C", 95.0, 6.0, (0.0, 0.0, 23.0, 3.0)),
    )
    scope = hrtem.Scope(640, known["pixel"], dose=900.0, scale=known["scale"], stretch=known["stretch"])
    readers()["sem"].write(hrtem.draw_image(scene, scope, seed=600), folder / "lho_hrtem.tif")


def losses(folder: Path) -> None:
    """Energy-loss spectra of the coating, and of hafnia without lithium."""
    known = {name: row["value"] for name, row in truth("eels").items()}
    tool = eels.EelsSpectrometer(known.pop("counts"))
    write = readers()["msa"].write
    write(
        eels.measure_eels(eels.Matter(**known, chemistry=0.5), tool, seed=610, name="coating"), folder / "lho_eels.msa"
    )
    tool = replace(tool, counts=1e5)
    write(eels.measure_eels(eels.Matter(), tool, seed=611, name="HfO2"), folder / "hafnia_eels.msa")


def main(folder: Path = HERE / "raw") -> None:
    folder.mkdir(exist_ok=True)
    cycling(folder)
    diffraction(folder)
    impedance(folder)
    wet_chemistry(folder)
    spectra(folder)
    microscopy(folder)
    scanning(folder)
    fringes(folder)
    losses(folder)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
