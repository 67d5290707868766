"""From the truth of a study (truth.toml) to the photoelectron and infrared spectra of its samples."""

from collections.abc import Mapping
from dataclasses import replace

from nacre.core.signal import Signal
from nacre.virtual.xps_ir import infrared as ir
from nacre.virtual.xps_ir.xps import Flaws, Ground, Peak, Scan, Spectrum, measure
from nacre.virtual.xps_ir.xps_survey import survey

SEEDS = {"bare": 41, "lho": 42, "electrolyte": 43, "bare_cycled": 44, "lho_cycled": 45}


def _plain(entry):
    """The values of a table of truths, each with its status."""
    if "value" in entry:
        return entry["value"]
    return {name: _plain(one) for name, one in entry.items()}


def photoelectron(truth: Mapping) -> dict[str, list[Signal]]:
    """Spectra by sample, from section `xps`: core levels, surveys of powders. The same truth gives the same counts."""
    x = _plain(truth)
    flaws = Flaws(x["charging_eV"], x["dead_time_s"], 0.005)
    made = {}
    for name, seed in SEEDS.items():
        powder = name in x["survey"]
        spectra = [_carbon(name), *(_powder(name, x) if powder else _interphase(name, x))]
        spectra = [replace(s, shift=x["shift_eV"][name]) for s in spectra]
        signals = measure(spectra, name, seed, flaws)
        if powder:
            signals.append(survey(x["survey"][name], name, seed + 100, x["shift_eV"][name]))
        made[name] = signals
    return made


def _carbon(name: str) -> Spectrum:
    carbonate = {"bare": 5200.0, "lho": 1900.0}.get(name, 900.0)
    peaks = [Peak(a, p, 1.4) for a, p in ((9000.0, 284.8), (2100.0, 286.3), (900.0, 288.6), (carbonate, 289.9))]
    return Spectrum("C 1s", Scan(277.0, 297.0), tuple(peaks), Ground(1800.0, 60.0, 0.02))


def _powder(name: str, x: Mapping) -> list[Spectrum]:
    h = x["hafnium"]
    coated = name == "lho"
    oxygen = Peak(h["oxygen_2s"]["area"][name], h["oxygen_2s"]["position_eV"], h["oxygen_2s"]["fwhm_eV"], mix=0.2)
    peaks = [oxygen]
    if coated:
        second = h["area"] / (1 + h["hf_ratio"])
        doublet = {"splitting": h["splitting_eV"], "ratio": 0.75, "shape": "voigt"}
        peaks += [Peak(h["area"] - second, h["position_HfO2_eV"], h["fwhm_eV"], **doublet)]
        peaks += [Peak(second, h["position_LiHfO_eV"], h["fwhm_eV"], **doublet)]
    surface = 16000.0 if coated else 30000.0
    oxygens = [Peak(a, p, 1.6) for a, p in ((surface, 529.5), (0.6 * surface, 531.7), (0.15 * surface, 533.2))]
    nickel = 40000.0 * x["survey"][name]["Ni"] / x["survey"]["bare"]["Ni"]
    levels = [Peak(nickel, 855.1, 3.0, 17.3, 0.5), Peak(0.5 * nickel, 861.4, 4.8, 17.3, 0.5)]
    return [
        Spectrum("O 1s", Scan(524.0, 541.0), tuple(oxygens), Ground(4000.0, 100.0, 0.03)),
        Spectrum("Ni 2p", Scan(846.0, 892.0, 0.1), tuple(levels), Ground(9000.0, 400.0, 0.01)),
        Spectrum("Hf 4f", Scan(11.0, 27.5), tuple(peaks), Ground(1200.0, 80.0, 0.05)),
    ]


def _interphase(name: str, x: Mapping) -> list[Spectrum]:
    """S 2p and P 2p of the electrolyte, or of a cycled cathode: weaker and on more background."""
    cycled = name.endswith("cycled")
    found = []
    for region, key, low, high in (("S 2p", "sulfur", 156.5, 176.5), ("P 2p", "phosphorus", 127.0, 142.0)):
        row = x[key]
        area = row["area"] * (0.6 if cycled else 1.0)
        peaks = [
            Peak(area * row["share"][name][s], p, row["fwhm_eV"], row["splitting_eV"], 0.5, shape="voigt")
            for s, p in row["position_eV"].items()
        ]
        found.append(Spectrum(region, Scan(low, high), tuple(peaks), Ground(1000.0, 50.0, 0.04)))
    return found


def infrared(truth: Mapping) -> dict[str, list[Signal]]:
    """Loads of the bare and the coated powder on the crystal, from section `infrared`."""
    x = _plain(truth)
    powders = {"bare": ir.Powder(0.045), "lho": ir.Powder(0.045 * x["carbonate_ratio"])}
    return {
        name: [ir.measure(powder, name, 60 + 10 * i + j) for j in range(x["loads"])]
        for i, (name, powder) in enumerate(powders.items())
    }
