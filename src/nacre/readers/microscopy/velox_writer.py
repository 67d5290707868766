"""A minimal file in Velox's layout: one map as one stream of events, with the metadata that reading it needs."""

import json
from pathlib import Path

import numpy as np

from nacre.core.contracts import VIRTUAL_MARK
from nacre.core.errors import NacreError
from nacre.core.signal import Signal, Variable
from nacre.readers.microscopy import images, velox_stream

_ID = f"{1:032x}"


def write(signal: Signal, path: Path) -> None:
    """Writes the `counts` (y, x, energy) of a "spectrum_image" in one frame; a synthetic one bears the mark.

    Raises NacreError where there are no counts, no scale, or an energy axis that is not even.
    """
    import h5py

    counts, pixel, (offset, step) = _checked(signal)
    with h5py.File(path, "w") as file:
        # written first, so that the mark stands near the start of the file
        file.attrs["made by"] = f"nacre {VIRTUAL_MARK}" if signal.origin == "synthetic" else "nacre"
        _words(file, "Version", {"version": "11", "format": "Velox"})
        entry = file.create_group(f"Data/SpectrumStream/{_ID}")
        rows, columns, channels = counts.shape
        field = {"Width": str(columns), "Height": str(rows)}
        settings = {"encoding": "uint16", "bincount": str(channels), "RasterScanDefinition": field}
        _words(entry, "AcquisitionSettings", settings)
        _metadata(entry, _about(signal, rows, columns, pixel, offset, step))
        entry.create_dataset("Data", data=velox_stream.events(counts)[:, None], compression="gzip", compression_opts=9)


def _checked(signal: Signal) -> tuple[np.ndarray, float, tuple[float, float]]:
    """(counts, pixel in m, (offset, step) of the energy in eV)."""
    pixel = images.pixel_of(signal)
    if "counts" not in signal or signal.kind != "spectrum_image" or pixel is None:
        raise NacreError(
            "Velox's format holds a map of counts with a scale",
            where=signal.where,
            found=f"a {signal.kind} of {', '.join(signal.variables)}",
            expected="a spectrum_image with counts, x, y and energy",
        )
    counts, energy = signal["counts"].values, signal.array("energy", "eV")
    steps = np.diff(energy)
    if energy.size < 2 or np.ptp(steps) > 1e-6 * abs(steps[0]) or counts.shape[-1] >= velox_stream.END:
        raise NacreError("the energy axis is not even", where=signal.where, found=f"{energy.size} channels")
    if not np.array_equal(counts, np.rint(counts)) or counts.min() < 0:
        raise NacreError("counts are whole numbers", where=signal.where, found="others")
    return counts.astype(np.int64), pixel * 1e-6, (float(energy[0]), float((energy[-1] - energy[0]) / steps.size))


def _about(signal: Signal, rows: int, columns: int, pixel: float, offset: float, step: float) -> dict:
    size = {"width": str(columns), "height": str(rows)}
    area = {"left": "0", "top": "0", "right": "1", "bottom": "1"}
    side = repr(pixel)
    detector = {"DetectorName": "EDS", "DetectorType": "AnalyticalDetector"}
    energy = {"Dispersion": repr(step), "OffsetEnergy": repr(offset)}
    about = {
        "BinaryResult": {"Detector": "EDS", "PixelSize": {"width": side, "height": side}, "PixelUnitX": "m"},
        "Scan": {"ScanSize": size, "ScanArea": area},
        "Detectors": {"Detector-0": detector | energy},
    }
    if "beam_kV" in signal.metadata:
        about["Optics"] = {"AccelerationVoltage": repr(1e3 * signal.metadata["beam_kV"])}
    return about


def _words(group, name: str, value: dict) -> None:
    import h5py

    group.create_dataset(name, data=np.array([json.dumps(value)], dtype=object), dtype=h5py.string_dtype())


def _metadata(entry, value: dict) -> None:
    text = np.frombuffer(json.dumps(value).encode() + b"\0", np.uint8)
    entry.create_dataset("Metadata", data=text[:, None])


def example() -> Signal:
    """A map of 5 by 7 pixels and 60 channels, in which every pixel has other counts."""
    rows, columns, channels = 5, 7, 60
    pixel, channel = np.arange(rows * columns)[:, None], np.arange(channels)
    counts = np.where((channel + pixel) % 11 == 0, 1 + pixel % 4, 0).astype(np.uint16)
    variables = {
        "counts": Variable(counts.reshape(rows, columns, channels), "1", ("y", "x", "energy")),
        "energy": Variable(-0.25 + 0.01 * np.arange(channels), "keV", ("energy",)),
    }
    axes = images.axes((rows, columns), 0.8e-3)
    return Signal("spectrum_image", variables | axes, {"beam_kV": 200.0}, origin="synthetic", name="virtual")
