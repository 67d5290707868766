"""The energy scale of a set of spectra of one sample: how far charge has moved it, and how well that is known."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nacre.core.errors import NotAssessable
from nacre.core.quantity import Quantity
from nacre.core.signal import Signal
from nacre.materials.spectra.xps_species import CoreLevelRegion, load_species
from nacre.physics.xps_ir import fit as xps_fit
from nacre.techniques.xps_ir import xps_models

FARTHEST = 9.0  # eV that charge may move a spectrum


@dataclass(frozen=True)
class EnergyScale:
    """What is added to a file's binding energies (eV), how it was found, and the scatter that it leaves."""

    shift: Quantity
    words: str
    measured: float | None = None


def calibrate_energies(signals: Sequence[Signal], options, where: str) -> EnergyScale:
    """The scale of one sample by the chosen way. Raises NotAssessable where that way is not open."""
    if options.shift is not None:
        return EnergyScale(Quantity(options.shift, "eV", None), f"moved by {options.shift:g} eV, as given")
    if options.calibration == "none":
        return EnergyScale(Quantity(0.0, "eV", None), "as recorded")
    if options.calibration == "file":
        found = [s.metadata.get("calibration_shift_eV") for s in signals]
        if None in found:
            raise NotAssessable(
                "the file holds no calibration of its energies", where=where, do="use calibration = 'C 1s' or 'none'"
            )
        return EnergyScale(Quantity(found[0], "eV", None), f"moved by {found[0]:.2f} eV, as the file says")
    return locate_carbon(signals, options.reference_energy, options.reference_error, where)


def locate_carbon(signals: Sequence[Signal], reference: float, error: float, where: str) -> EnergyScale:
    """Charge reference by the C-C line of adventitious carbon at `reference` (eV), itself uncertain by `error`.

    T. L. Barr, S. Seal, J. Vac. Sci. Technol. A 13 (1995) 1239; on its limits G. Greczynski, L. Hultman, Prog. Mater.
    Sci. 107 (2020) 100591.
    """
    region = load_species().region("C 1s")
    found = [s for s in signals if s.kind == "xps" and load_species().find(s.name) is region]
    if not found:
        raise NotAssessable(
            "there is no C 1s spectrum to calibrate the energies on",
            where=where,
            found=", ".join(s.name for s in signals),
            do="add it, or set calibration = 'file' or 'none', or shift = '... eV'",
        )
    energy, intensity = found[0].array("binding_energy", "eV"), found[0]["intensity"]
    trials = np.arange(-FARTHEST, FARTHEST + 0.01, 0.5)
    fits = [(shift, _fit_trial(energy + shift, intensity, region)) for shift in trials]
    scored = [(fit.objective + (shift / 3.0) ** 2, shift, fit) for shift, fit in fits if fit is not None]
    if not scored:
        raise _refuse_absent(where, energy)
    _, shift, fit = min(scored, key=lambda row: row[0])
    at = fit.value("position C-C") - shift
    std = float(np.hypot(fit.std("position C-C"), error))
    quantity = Quantity(reference - at, "eV", std, basis="propagated", origin="measured")
    words = f"C 1s of adventitious carbon, found at {at:.2f} eV by one model (step), set to {reference:.1f} eV"
    return EnergyScale(quantity, words, at)


def _fit_trial(energy: np.ndarray, intensity, region: CoreLevelRegion):
    """A fit of C 1s on a trial scale; None where its C-C line does not stand out or lies outside."""
    main = region.species[0].position
    if not energy.min() + 1.5 < main < energy.max() - 1.5:
        return None
    inside = (energy > region.window[0]) & (energy < region.window[1])
    if inside.sum() < 20:
        return None
    y = np.clip(intensity.values[inside], 0, None)
    scale = 1.0 if intensity.unit == "counts" else xps_fit.estimate_noise_scale(y)
    data = xps_fit.SpectrumData.of([(energy[inside], y / scale)])
    fit = xps_fit.fit_spectrum(xps_models.list_candidates(region, names=("step",))[0], data)
    areas = [fit.value(xps_models.name_area(s.name)) for s in region.species]
    main_area, sd = areas[0], fit.std(xps_models.name_area("C-C"))
    prominent = main_area > max(8 * sd, 0.25 * max(areas[1:])) and main_area > 0
    return fit if prominent and abs(fit.value("position C-C") - main) < 0.6 else None


def _refuse_absent(where: str, energy: np.ndarray) -> NotAssessable:
    return NotAssessable(
        "no C 1s line stands out: the energies cannot be calibrated on it",
        where=where,
        found=f"a C 1s window from {energy.min():.1f} to {energy.max():.1f} eV without a line",
        do="set calibration = 'file' or 'none', or shift = '... eV' from another line",
    )
