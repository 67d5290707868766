"""Study folders of powders, one a side, each measured k times: digests by ICP-OES, spots by XPS, as text.

Both sides bear the coating (annealed at two temperatures), so that there is something to compare. Under a null both
recipes have one mean over all batches; what a folder's two powders differ by is the batch, the spot and the counting.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy.special import wofz

from truth.foreign.verdicts.specimens import QUANTITIES, SpecimenPlan, draw_specimens
from truth.foreign.verdicts.study import Study, Truth

SAMPLES = ("LHO600", "LHO700")
_ICP_HEAD = "Sample Name,Sample Type,Element,Intensity,RSD (%),Replicates,Nominal (mg/L),Weight (mg),Final Volume (mL)"
_STANDARDS = (0.2, 0.5, 1.0, 2.0, 5.0)


@dataclass(frozen=True)
class PowderFolder:
    """A written study; `values` is, per sample, what each digest or spot truly is."""

    path: Path
    study: Study
    truth: Truth
    values: dict[str, np.ndarray]


def write_icp_study(path: Path, plan: SpecimenPlan, rng: np.random.Generator) -> PowderFolder:
    """Hafnium contents of two powders from one emission run, `plan.spots` digests of each; truth in wt%."""
    study, truth, values = _draw(plan, "hf_content", rng)
    (path / "raw").mkdir(parents=True)
    gain = rng.normal(41000, 2000)
    rows = [_icp_row(f"Blank {k}", "blank", 0.0, gain, rng, 0) for k in (1, 2, 3)]
    rows += [_icp_row(f"Std {c:g}", "standard", c, gain, rng, k, nominal=c) for k, c in enumerate(_STANDARDS, 3)]
    rows.append(_icp_row("QC 1", "drift", 1.0, gain, rng, len(rows), nominal=1.0))
    for sample in SAMPLES:
        for k, content in enumerate(values[sample], 1):
            weight = round(float(rng.normal(20.0, 0.6)), 1)
            conc = content / 100 * weight / 50.0 * 1000
            rows.append(_icp_row(f"{sample}-{k}", "sample", conc, gain, rng, len(rows), weight=weight))
        rows.append(_icp_row(f"QC after {sample}", "drift", 1.0, gain, rng, len(rows), nominal=1.0))
    (path / "raw" / "icp.csv").write_text("\n".join([_ICP_HEAD, *rows]) + "\n", encoding="utf-8")
    _write_toml(path, plan, "hf_content", _ICP)
    return PowderFolder(path, study, truth, values)


def write_xps_study(path: Path, plan: SpecimenPlan, rng: np.random.Generator) -> PowderFolder:
    """Ratios of the two hafnium species of two powders, one SPECS file per spot; truth as an atomic ratio."""
    study, truth, values = _draw(plan, "hf_ratio", rng)
    (path / "raw").mkdir(parents=True)
    for sample in SAMPLES:
        for k, ratio in enumerate(values[sample], 1):
            _write_spot(path / "raw" / f"{sample}_spot{k}.xy", float(ratio), rng)
    _write_toml(path, plan, "hf_ratio", "\n".join(_XPS.format(k=k) for k in range(1, plan.spots + 1)))
    return PowderFolder(path, study, truth, values)


def _draw(plan: SpecimenPlan, name: str, rng: np.random.Generator) -> tuple[Study, Truth, dict[str, np.ndarray]]:
    """The plan for one quantity; its fit error is left to the file, which brings its own."""
    quantity = next(q for q in QUANTITIES if q.name == name)
    if plan.batches != 1:
        raise ValueError("a folder holds one powder a side")
    study, truth = draw_specimens(replace(plan, quantities=(replace(quantity, error=0.0),)), rng)
    values = {sample: side.values[name][0] for sample, side in zip(SAMPLES, study.sides, strict=True)}
    return study, truth, values


def _icp_row(
    label: str,
    kind: str,
    concentration: float,
    gain: float,
    rng: np.random.Generator,
    place: int,
    nominal: float | None = None,
    weight: float | None = None,
) -> str:
    """Three readings, with flicker of 0.4 %, a pedestal and a plasma that loses 0.02 % with each solution."""
    readings = (310 + gain * concentration * (1 - 2e-4 * place)) * (1 + rng.normal(0, 0.004, 3)) + rng.normal(0, 12, 3)
    mean, rsd = readings.mean(), 100 * readings.std(ddof=1) / abs(readings.mean())
    given = "" if nominal is None else f"{nominal:g}"
    digest = "," if weight is None else f"{weight:.1f},50.0"
    return f"{label},{kind},Hf 277.336,{mean:.1f},{rsd:.2f},3,{given},{digest}"


def _write_spot(path: Path, ratio: float, rng: np.random.Generator) -> None:
    """Hf 4f and C 1s in one file; a charge shift of the spot, Voigt lines, inelastic steps by an own integral."""
    shift = float(rng.normal(0.3, 0.15))
    bright = float(rng.uniform(0.8, 1.2))
    energy = np.round(np.arange(25.0, 11.95, -0.1), 2)
    lines = _doublet(energy, 17.9 + shift, 1.25) * ratio + _doublet(energy, 15.4 + shift, 1.2)
    oxygen = 0.12 * _voigt(energy - 22.4 - shift, 1.2, 0.3)
    hafnium = 300 + 6 * (energy - 12) + 9000 * bright * (lines / (1 + ratio) + oxygen)
    carbon_energy = np.round(np.arange(292.0, 279.95, -0.1), 2)
    main = _voigt(carbon_energy - 284.8 - shift, 0.55, 0.12)
    side = (
        _voigt(carbon_energy - 286.4 - shift, 0.6, 0.12) * 0.2 + _voigt(carbon_energy - 288.8 - shift, 0.6, 0.12) * 0.12
    )
    carbon = 500 + 5000 * bright * _with_step(carbon_energy, main + side, 0.03)
    text = [_SPECS]
    for name, axis, rate in (("Hf 4f", energy, hafnium), ("C 1s", carbon_energy, carbon)):
        counts = rng.poisson(rate * _DWELL * _SCANS) / (_DWELL * _SCANS)
        text.append(_REGION.format(name=name, scans=_SCANS, dwell=_DWELL))
        text += [f"{e:.2f}  {c:.4f}" for e, c in zip(axis, counts, strict=True)]
    path.write_text("\n".join(text) + "\n", encoding="utf-8")


def _doublet(energy: np.ndarray, position: float, width: float) -> np.ndarray:
    """4f: 4 to 3, 1.68 eV apart; `width` is about the full width at half maximum."""
    sd, half = width / 2.6, 0.12
    lines = 4 / 7 * _voigt(energy - position, sd, half) + 3 / 7 * _voigt(energy - position - 1.68, sd, half)
    return _with_step(energy, lines, 0.02)


def _voigt(x: np.ndarray, sd: float, half: float) -> np.ndarray:
    return wofz((x + 1j * half) / (sd * np.sqrt(2))).real / (sd * np.sqrt(2 * np.pi))


def _with_step(energy: np.ndarray, lines: np.ndarray, step: float) -> np.ndarray:
    """What lost energy on its way out appears at higher binding energy."""
    rising = lines[::-1]
    lost = np.cumsum(rising)[::-1] * abs(energy[1] - energy[0])
    return lines + step * lost


def _write_toml(path: Path, plan: SpecimenPlan, name: str, rest: str) -> None:
    lab = ""
    if plan.declared != "no":
        share = plan.batch_sd * (1 if plan.declared == "right" else 1 / 3)
        lab = f'[lab.reproducibility]\n{name} = "{100 * share:.3g} %"\n'
    (path / "study.toml").write_text("\n".join([_HEAD, lab, rest]), encoding="utf-8")


_DWELL, _SCANS = 0.2, 15
_SPECS = """# Created by:        SpecsLab Prodigy, Version 4.43.2-r73078
# XY-Serializer Export Settings:
#   Energy Axis:              Binding Energy
#   Count Rate:               Counts per Second
# Group:                        cathode powders
"""
_REGION = """#
# Region:                       {name}
# Scan Mode:                    FixedAnalyzerTransmission
# Number of Scans:              {scans}
# Dwell Time:                   {dwell}
# Excitation Energy:            1486.61
# Pass Energy:                  20
# Cycle: 0, Curve: 0
# ColumnLabels:                 energy counts/s
#"""
_HEAD = """schema = 1

[study]
name = "two-anneals"
title = "A Li-Hf-O coating annealed at two temperatures"
reference = "LHO600"

[[sample]]
name = "LHO600"
cam = "LiNi0.85Co0.10Mn0.05O2"
standard_assay = "100.0(2) %"
bulk_standard_assay = "100.0(2) %"
digest_recovery = "100.0(3) %"

[sample.coating]
precursor = "HfO2"
target = "1 wt%"
basis = "bare"
phases = ["HfO2", "Li2HfO3"]
lithium_source = "Li2CO3"

[[sample]]
name = "LHO700"
like = "LHO600"
"""
_ICP = """[[measurement]]
name = "icp"
files = "raw/icp.csv"
sample = ["LHO600", "LHO700"]
options = { icp_oes = { mass_error = "0.1 mg", volume_error = "0.1 %", dilution_error = "0.1 %" } }
"""
_XPS = """[[measurement]]
name = "xps-{k}"
files = "raw/{{sample}}_spot{k}.xy"
sample = ["LHO600", "LHO700"]
"""
