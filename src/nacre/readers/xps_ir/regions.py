"""A photoelectron spectrum as a Signal, the same from every format."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from nacre.core.errors import ReadError
from nacre.core.signal import Note, Signal, table

KINDS = ("xps", "xps-survey")
SURVEY_SPAN = 250.0  # eV; a spectrum wider than this shows the elements, not one region


def spectrum(
    energy: np.ndarray,
    intensity: np.ndarray,
    *,
    scale: str,
    unit: str,
    metadata: Mapping[str, Any],
    transmission: np.ndarray | None = None,
    notes: Sequence[Note] = (),
    where: str = "",
) -> Signal:
    """A spectrum on both energy scales, in the file's order of points.

    energy, intensity : (n,), in eV and in `unit` ("counts", "cps" or "arb"); scale : "kinetic" or "binding".
    metadata : `photon_energy_eV` is needed to go from one scale to the other; `dwell_s` and `scans` make counts of
    a rate. No calibration, work function or transmission is applied. Raises ReadError without a photon energy or
    where the energy does not go in one direction.
    """
    photon = metadata.get("photon_energy_eV")
    if scale == "kinetic" and not photon:
        raise ReadError(
            "kinetic energies without a photon energy",
            where=where,
            do="add the excitation energy to the export: binding energies follow from it",
        )
    steps = np.diff(energy)
    if len(energy) < 2 or not (np.all(steps > 0) or np.all(steps < 0)):
        raise ReadError("the energies do not go in one direction", where=where, found=f"{len(energy)} points")
    notes = list(notes)
    intensity, unit, noted = to_counts(np.asarray(intensity, float), unit, metadata)
    notes += noted
    binding = energy if scale == "binding" else photon - energy
    columns = {"binding_energy": (np.asarray(binding, float), "eV")}
    if photon:
        columns["kinetic_energy"] = (photon - columns["binding_energy"][0], "eV")
    columns["intensity"] = (intensity, unit)
    if transmission is not None:
        columns["transmission"] = (np.asarray(transmission, float), "1")
    kind = KINDS[int(abs(energy[-1] - energy[0]) > SURVEY_SPAN)]
    name = metadata.get("region", "") or kind
    return table(kind, columns, axis="energy", metadata=metadata, notes=tuple(notes), name=name)


def to_counts(intensity: np.ndarray, unit: str, metadata: Mapping[str, Any]) -> tuple[np.ndarray, str, list[Note]]:
    """Counts where dwell time and scans are known; else what there is, with a note."""
    dwell, scans = metadata.get("dwell_s"), metadata.get("scans")
    if unit == "cps" and dwell and scans:
        text = f"the rate is multiplied by {dwell:g} s and {scans:g} scans: counting statistics need counts"
        return intensity * dwell * scans, "counts", [Note("info", text)]
    if unit == "counts":
        return intensity, unit, []
    text = "the number of counts cannot be told (dwell time or scans unknown): there is no counting error"
    return intensity, unit, [Note("warning", text)]


def whole_numbers(values: np.ndarray) -> bool:
    """Whether nearly all values are integers, as raw counts are."""
    values = values[np.isfinite(values)]
    return bool(len(values)) and bool(np.mean(np.abs(values - np.round(values)) < 1e-3) > 0.98) and values.max() > 1
