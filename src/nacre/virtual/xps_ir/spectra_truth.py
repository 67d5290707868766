"""From the truth of a study (truth.toml) to the photoelectron and infrared spectra of its samples."""

from collections.abc import Mapping
from dataclasses import replace

from nacre.core.signal import Signal
from nacre.virtual.xps_ir import infrared as ir
from nacre.virtual.xps_ir.xps import TrueSpectrum, XpsBackground, XpsFlaws, XpsPeak, XpsScan, measure_spectra
from nacre.virtual.xps_ir.xps_survey import measure_survey

SEEDS = {"bare": 41, "lho": 42, "electrolyte": 43, "bare_cycled": 44, "lho_cycled": 45}


def _read_plain(entry):
    """The values of a table of truths, each with its status."""
    if "value" in entry:
        return entry["value"]
    return {name: _read_plain(one) for name, one in entry.items()}


def measure_photoelectron_spectra(truth: Mapping) -> dict[str, list[Signal]]:
    """Spectra by sample, from section `xps`: core levels, surveys of powders. The same truth gives the same counts."""
    x = _read_plain(truth)
    flaws = XpsFlaws(x["charging_eV"], x["dead_time_s"], 0.005)
    made = {}
    for name, seed in SEEDS.items():
        powder = name in x["survey"]
        spectra = [_describe_carbon(name), *(_describe_powder(name, x) if powder else _describe_interphase(name, x))]
        spectra = [replace(s, shift=x["shift_eV"][name]) for s in spectra]
        signals = measure_spectra(spectra, name, seed, flaws)
        if powder:
            signals.append(measure_survey(x["survey"][name], name, seed + 100, x["shift_eV"][name]))
        made[name] = signals
    return made


def _describe_carbon(name: str) -> TrueSpectrum:
    carbonate = {"bare": 5200.0, "lho": 1900.0}.get(name, 900.0)
    peaks = [XpsPeak(a, p, 1.4) for a, p in ((9000.0, 284.8), (2100.0, 286.3), (900.0, 288.6), (carbonate, 289.9))]
    return TrueSpectrum("C 1s", XpsScan(277.0, 297.0), tuple(peaks), XpsBackground(1800.0, 60.0, 0.02))


def _describe_powder(name: str, x: Mapping) -> list[TrueSpectrum]:
    h = x["hafnium"]
    coated = name == "lho"
    oxygen = XpsPeak(h["oxygen_2s"]["area"][name], h["oxygen_2s"]["position_eV"], h["oxygen_2s"]["fwhm_eV"], mix=0.2)
    peaks = [oxygen]
    if coated:
        second = h["area"] / (1 + h["hf_ratio"])
        doublet = {"splitting": h["splitting_eV"], "ratio": 0.75, "shape": "voigt"}
        peaks += [XpsPeak(h["area"] - second, h["position_HfO2_eV"], h["fwhm_eV"], **doublet)]
        peaks += [XpsPeak(second, h["position_LiHfO_eV"], h["fwhm_eV"], **doublet)]
    surface = 16000.0 if coated else 30000.0
    oxygens = [XpsPeak(a, p, 1.6) for a, p in ((surface, 529.5), (0.6 * surface, 531.7), (0.15 * surface, 533.2))]
    nickel = 40000.0 * x["survey"][name]["Ni"] / x["survey"]["bare"]["Ni"]
    levels = [XpsPeak(nickel, 855.1, 3.0, 17.3, 0.5), XpsPeak(0.5 * nickel, 861.4, 4.8, 17.3, 0.5)]
    return [
        TrueSpectrum("O 1s", XpsScan(524.0, 541.0), tuple(oxygens), XpsBackground(4000.0, 100.0, 0.03)),
        TrueSpectrum("Ni 2p", XpsScan(846.0, 892.0, 0.1), tuple(levels), XpsBackground(9000.0, 400.0, 0.01)),
        TrueSpectrum("Hf 4f", XpsScan(11.0, 27.5), tuple(peaks), XpsBackground(1200.0, 80.0, 0.05)),
    ]


def _describe_interphase(name: str, x: Mapping) -> list[TrueSpectrum]:
    """S 2p and P 2p of the electrolyte, or of a cycled cathode: weaker and on more background."""
    cycled = name.endswith("cycled")
    found = []
    for region, key, low, high in (("S 2p", "sulfur", 156.5, 176.5), ("P 2p", "phosphorus", 127.0, 142.0)):
        row = x[key]
        area = row["area"] * (0.6 if cycled else 1.0)
        peaks = [
            XpsPeak(area * row["share"][name][s], p, row["fwhm_eV"], row["splitting_eV"], 0.5, shape="voigt")
            for s, p in row["position_eV"].items()
        ]
        found.append(TrueSpectrum(region, XpsScan(low, high), tuple(peaks), XpsBackground(1000.0, 50.0, 0.04)))
    return found


def measure_infrared_spectra(truth: Mapping) -> dict[str, list[Signal]]:
    """Loads of the bare and the coated powder on the crystal, from section `measure_infrared_spectra`."""
    x = _read_plain(truth)
    powders = {"bare": ir.InfraredPowder(0.045), "lho": ir.InfraredPowder(0.045 * x["carbonate_ratio"])}
    return {
        name: [ir.measure_infrared(powder, name, 60 + 10 * i + j) for j in range(x["loads"])]
        for i, (name, powder) in enumerate(powders.items())
    }
