"""Virtual raw files for the studies of docs/other-studies.md, as the instruments there would export them."""

import html
import re
from dataclasses import replace
from pathlib import Path

import numpy as np

from nacre.core.contracts import VIRTUAL_MARK
from nacre.core.registry import readers
from nacre.readers.xps_ir.vamas import write_all
from nacre.virtual.chemistry import emission, titrator
from nacre.virtual.cycling.cycler import Cycler, Logging, simulate_cycler
from nacre.virtual.cycling.cycler_truth import CellTruth, KnownFact, Programme
from nacre.virtual.impedance import potentiostat
from nacre.virtual.xps_ir.xps import TrueSpectrum, XpsBackground, XpsPeak, XpsScan, measure_spectra
from paper_truth import PAPER

DOCS = Path(__file__).resolve().parents[2] / "docs" / "other-studies.md"
COARSE = Cycler(Logging(2e-3, 300.0))
AREA = 0.7853981634  # cm2, 10 mm
PELLET = {
    "R_bulk": 15.2, "R_gb": 22.5, "Q_gb.Q": 6e-8, "Q_gb.n": 0.86, "R_cam_se": 300.0, "Q_cam_se.Q": 3e-5,
    "Q_cam_se.n": 0.8, "Q_lf.Q": 0.02, "Q_lf.n": 0.7,
}  # fmt: skip


def study_files() -> dict[str, str]:
    """The study files that the page shows, by the study's name."""
    blocks = re.findall(r"```toml\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    return {re.search(r'\[study\]\nname = "(.*?)"', block)[1]: block for block in blocks}


def folder_of(name: str, parent: Path) -> Path:
    """A folder with the study file `name` of the page and an empty `raw`."""
    folder = parent / name
    (folder / "raw").mkdir(parents=True)
    (folder / "study.toml").write_text(study_files()[name], encoding="utf-8")
    return folder


def cell(like: str = "bare", *, rates: dict[float, float], one_c: float = 190.0, **facts: float) -> CellTruth:
    """A cell like one of the reference study, with other capacities (mAh/g by C-rate) and facts."""
    base = PAPER[like]
    changed = {name: replace(getattr(base, name), value=value) for name, value in facts.items()}
    truths = {rate: KnownFact(value, "mAh/g", "assumed") for rate, value in rates.items()}
    return replace(base, rates=truths, one_c=replace(base.one_c, value=one_c), **changed)


def cycled(truth: CellTruth, blocks, seed: int, volts: float = 0.0, cycler: Cycler = COARSE):
    """A record of the test; `volts` moves it to a counter electrode that lies so much lower."""
    signal = simulate_cycler(truth, Programme("rate", blocks, fresh=True), cycler, seed=seed)
    voltage = signal["voltage_volt"]
    moved = {**signal.variables, "voltage_volt": replace(voltage, values=voltage.values + volts)}
    return replace(signal, variables=moved)


def write_arbin(signal, path: Path) -> None:
    """Arbin's csv: counters of the cycle's charge and discharge, a step index that repeats in every cycle."""
    step, counter = signal["step_count"].values, signal["step_cumulative_capacity_ah"].values
    cycle, amps = signal["cycle_count"].values, signal["current_ampere"].values
    kind = np.where(amps > 0, 2, np.where(amps < 0, 4, np.where(np.isin(step % 4, (1,)), 1, 3)))
    charged = discharged = held_up = held_down = 0.0
    lines = [f"{VIRTUAL_MARK}: Arbin", "Data_Point,Test_Time(s),Step_Time(s),Step_Index,Cycle_Index,Current(A),"
             "Voltage(V),Charge_Capacity(Ah),Discharge_Capacity(Ah)"]  # fmt: skip
    for i in range(step.size):
        if i and step[i] != step[i - 1]:
            held_up, held_down = charged, discharged
        if i and cycle[i] != cycle[i - 1]:
            held_up = held_down = charged = discharged = 0.0
        charged = held_up + (counter[i] if amps[i] > 0 else 0.0)
        discharged = held_down + (counter[i] if amps[i] < 0 else 0.0)
        clock, within = signal["test_time_second"].values[i], signal["step_time_second"].values[i]
        lines.append(
            f"{i + 1},{clock:.2f},{within:.2f},{kind[i]},{max(cycle[i], 1)},{amps[i]:.9f},"
            f"{signal['voltage_volt'].values[i]:.5f},{charged:.9f},{discharged:.9f}"
        )
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def spectrum(seed: int, noise: float = 1e-3, **areal: float):
    """The impedance of a pellet cell, per area (ohm cm2, S s^n/cm2)."""
    instrument = potentiostat.Potentiostat(lowest=0.5, flaws=potentiostat.PotentiostatFlaws(noise=noise))
    truth = potentiostat.scale_by_area(PELLET | areal, AREA)
    return potentiostat.simulate_sweep(potentiostat.make_pellet_cell(), truth, instrument, seed=seed)


def _impedances(signal):
    names = ("frequency_hertz", "real_impedance_ohm", "imaginary_impedance_ohm", "test_time_second")
    return zip(*(signal[name].values for name in names), strict=True)


def write_zplot(signal, path: Path) -> None:
    head = ["ZPLOT2 ASCII", f"  Comment:  {VIRTUAL_MARK}", "  Experiment Type:   PEIS", "End Comments"]
    rows = [f"{f:.6e}\t7.0e-3\t0\t{t:.3f}\t{re_:.6e}\t{im:.6e}\t0\t0\t1" for f, re_, im, t in _impedances(signal)]
    path.write_text("\n".join(head + rows) + "\n", encoding="utf-8")


def write_eis_csv(signal, path: Path) -> None:
    rows = [f"{f:.6e},{re_:.6e},{im:.6e}" for f, re_, im, _ in _impedances(signal)]
    head = [f"# {VIRTUAL_MARK}", "Frequency (Hz),Z' (Ohm),Z'' (Ohm)"]
    path.write_text("\n".join(head + rows) + "\n", encoding="utf-8")


def emission_run(contents: dict[str, dict[str, float]], element: str, path: Path, seed: int = 7) -> None:
    """Two digests of each sample with a spike of `element`, on two lines of it."""
    metals = [line for line in emission.LINES if line.element not in ("Hf", "Zr")]
    own = [emission.EmissionLine(element, nm, 3e4, 300.0) for nm in (309.418, 316.340)]
    digests = []
    for sample, elements in contents.items():
        for i, mass in enumerate((0.1003, 0.1021)):
            label = f"{sample}-{i + 1}"
            digests.append(emission.Digest(label, elements, mass))
            digests.append(emission.Digest(f"{label} x400", elements, mass, dilution=400.0))
            digests.append(emission.Digest(f"{label} spike", elements, mass, spiked=element, spike=1.0))
    tool = emission.EmissionSpectrometer((*own, *metals))
    readers()["icp_table"].write(emission.measure_emission(tuple(digests), tool, seed=seed), path)


def niobate(parent: Path, effect: float = 24.0) -> Path:
    """LiNbO3 on NCM811: three cells each; the coated ones give `effect` mAh/g more."""
    folder = folder_of("linbo3-ncm811", parent)
    raw, spread = folder / "raw", (-1.5, 0.2, 1.3)
    for i, (sample, more, ohm) in enumerate((("uncoated", 0.0, 420.0), ("coated", effect, 60.0))):
        for k, scatter in enumerate(spread):
            rates = {0.1: 171 + more + scatter, 0.5: 128 + more + scatter, 1.0: 92 + more + 1.5 * scatter}
            truth = cell(rates=rates, one_c=200.0, first_efficiency=80.0 + 0.15 * more + 0.2 * scatter, cam_mass=8.3)
            name, seed = f"{sample}-{k + 1}", 120 + 10 * i + k
            record = cycled(truth, ((0.1, 1), (0.5, 1), (1.0, 1)), seed, volts=0.93)
            write_arbin(record, raw / f"{name}_rate.csv")
            write_zplot(spectrum(seed, R_cam_se=ohm * (1 + 0.03 * scatter)), raw / f"{name}_eis.z")
    bulk = {"Li": 7.1, "Ni": 48.0, "Co": 6.0, "Mn": 5.6}
    emission_run({"uncoated": {**bulk, "Nb": 0.0}, "coated": {**bulk, "Nb": 1.03}}, "Nb", raw / "icp.csv")
    return folder


def batches(parent: Path) -> Path:
    """Two batches of one powder, three cells each; the second gives 8 mAh/g less and bears more carbonate."""
    folder = folder_of("two-batches", parent)
    for i, less in enumerate((0.0, 8.0)):
        for k, scatter in enumerate((-0.8, 0.1, 0.9)):
            first = 81 - 0.2 * less + 0.1 * scatter
            truth = cell(rates={0.1: 170 - less + scatter}, cam_mass=8.3, first_efficiency=first)
            record = cycled(truth, ((0.1, 2),), seed=200 + 10 * i + k)
            readers()["bdf"].write(record, folder / "raw" / f"{'AB'[i]}{k + 1}.bdf.csv")
    for i, (batch, carbonate) in enumerate((("batch-A", 0.10), ("batch-B", 0.25))):
        signal = titrator.titrate(titrator.TitratedPowder(0.05, carbonate), seed=230 + i, name=batch)
        readers()["metrohm_tiamo"].write(signal, folder / "raw" / f"{batch}_titration.txt")
    return folder


def _levels(sample: str, oxidised: float) -> list[TrueSpectrum]:
    carbon = (XpsPeak(9000.0, 284.8, 1.4), XpsPeak(2100.0, 286.3, 1.4), XpsPeak(900.0, 288.6, 1.4))

    def doublet(area, volts, gap):
        return XpsPeak(area, volts, 1.2, gap, 0.5, shape="voigt")

    whole = 1 - oxidised
    sulfur = tuple(
        doublet(9000 * part, volts, 1.18) for part, volts in ((whole, 161.5), (0.2, 160.1), (oxidised, 163.6))
    )
    phosphorus = (doublet(5000 * whole, 132.1, 0.84), doublet(5000 * oxidised, 133.9, 0.84))
    return [
        TrueSpectrum("C 1s", XpsScan(277.0, 297.0), carbon, XpsBackground(1800.0, 60.0, 0.02)),
        TrueSpectrum("S 2p", XpsScan(156.5, 176.5), sulfur, XpsBackground(1000.0, 50.0, 0.04)),
        TrueSpectrum("P 2p", XpsScan(127.0, 142.0), phosphorus, XpsBackground(1000.0, 50.0, 0.04)),
    ]


def photoelectrons(parent: Path) -> Path:
    folder = folder_of("xps-only", parent)
    for i, (sample, oxidised) in enumerate((("fresh", 0.05), ("stored", 0.3))):
        signals = measure_spectra([replace(s, shift=1.5 + 0.4 * i) for s in _levels(sample, oxidised)], sample, 300 + i)
        write_all(signals, folder / "raw" / f"{sample}.vms")
    return folder


def pellets(parent: Path) -> Path:
    folder = folder_of("eis-only", parent)
    part = potentiostat.make_resistor("R_bulk") - (potentiostat.make_resistor("R_gb") | potentiostat.make_cpe("Q_gb"))
    part = part - potentiostat.make_cpe("Q_lf")
    instrument = potentiostat.Potentiostat(lowest=10.0, per_decade=6, flaws=potentiostat.PotentiostatFlaws(noise=1e-3))
    for i, (sample, grains) in enumerate((("low", 60.0), ("high", 20.0))):
        for k in (1, 2):
            truth = potentiostat.scale_by_area(PELLET | {"R_gb": grains * (1 + 0.02 * k)}, AREA)
            signal = potentiostat.simulate_sweep(part, truth, instrument, seed=310 + 10 * i + k)
            write_eis_csv(signal, folder / "raw" / f"{sample}-{k}.csv")
    return folder


def visible(page: str) -> str:
    """The words of an HTML report, without its scripts and styles."""
    body = re.sub(r"<(script|style)\b.*?</\1>", " ", page[page.index("<body") :], flags=re.DOTALL)
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", body)))
