"""HDF5 of HyperSpy (`.hspy`): images, spectra and maps of spectra as that program saves them.

Layout
------
HDF5 with an attribute `file_format` = `HyperSpy` at the root (old files lack it) and a group `Experiments`, with one
group per signal, named by its title. In it: the dataset `data`; per dimension of it a group `axis-0`, `axis-1` ...
with attributes `name`, `units`, `scale`, `offset`, `size`, `navigate`; and groups `metadata` and `original_metadata`,
whose attributes are the fields (`metadata/Acquisition_instrument/TEM` has `beam_energy` in kV, `metadata/Sample` has
`elements`). Coordinate of index i: offset + i * scale.

The kind follows from the units of the axes: one in eV or keV and two others are a map of spectra, in whatever order
they are stored; one alone is a spectrum; none and two axes are an image. Axes that are not uniform, line scans and
stacks of images are refused. Whole numbers nowhere negative are taken as counts. Unknown: what was done to the data
before they were saved.

Source: HyperSpy user guide, "HSpy - HyperSpy's HDF5 specification" (hyperspy.org).
"""

from pathlib import Path

import numpy as np

from nacre.core.contracts import Head, Reader
from nacre.core.errors import ReadError
from nacre.core.options import NoOptions
from nacre.core.signal import Signal
from nacre.readers.damaged import explain_damage
from nacre.readers.microscopy import array_signals
from nacre.readers.microscopy.array_signals import Axis, Origin

_ABOUT = {
    "beam_kV": ("Acquisition_instrument/{}", "beam_energy"),
    "fwhm_mn_ev": ("Acquisition_instrument/{}/Detector/EDS", "energy_resolution_MnKa"),
    "live_time_s": ("Acquisition_instrument/{}/Detector/EDS", "live_time"),
}


def sniff(head: Head) -> float:
    """HDF5 with HyperSpy's suffix."""
    return 0.95 if head.start.startswith(array_signals.HDF5) and head.suffix == ".hspy" and head.size > 800 else 0.0


def read(path: Path, options: NoOptions | None = None) -> list[Signal]:
    """One signal per experiment. Raises ReadError."""
    import h5py

    path = Path(path)
    raw = array_signals.bytes_of(path)
    if not raw.startswith(array_signals.HDF5):
        raise ReadError("not an HDF5 file", where=path.name, found=f"it begins {raw[:8]!r}", expected="a .hspy file")
    with explain_damage(path, "HDF5 file", "copy it again"), h5py.File(path, "r") as file:
        entries = list(file["Experiments"].items()) if "Experiments" in file else []
        found = ", ".join(file) or "nothing"
        signals = [_signal(name, entry, path.name) for name, entry in entries if "data" in entry]
    if not signals:
        raise ReadError(
            "the file holds no experiment of HyperSpy", where=path.name, found=found, expected="Experiments, with data"
        )
    return signals


def _signal(name: str, entry, where: str) -> Signal:
    data = entry["data"][()]
    axes = [_axis(entry, i, where) for i in range(data.ndim)]
    of = Origin(where, name, {"title": name} | _metadata(entry))
    return array_signals.signal(data, axes, of)


def _axis(entry, index: int, where: str) -> Axis:
    attributes = entry[f"axis-{index}"].attrs if f"axis-{index}" in entry else {}
    if "scale" not in attributes:
        raise ReadError(
            "an axis is not uniform",
            where=where,
            found=f"axis-{index} without scale",
            expected="scale and offset",
            do="interpolate it onto a uniform axis in HyperSpy and save again",
        )
    unit = _word(attributes.get("units", ""))
    offset = float(attributes.get("offset", 0.0))
    return Axis(_word(attributes.get("name", "")), unit, float(attributes["scale"]), offset)


def _word(value) -> str:
    text = value.decode() if isinstance(value, bytes) else str(value)
    return "" if text in ("_None_", "None", "<undefined>") else text


def _metadata(entry) -> dict:
    found: dict = {}
    metadata = entry.get("metadata", {})
    for name, (place, field) in _ABOUT.items():
        for instrument in ("TEM", "SEM"):
            group = place.format(instrument)
            if group in metadata and field in metadata[group].attrs:
                found[name] = float(metadata[group].attrs[field])
    if "Sample/elements" in metadata:
        found["elements"] = tuple(_word(value) for value in np.ravel(metadata["Sample/elements"][()]))
    return found


READER = Reader(
    name="hspy",
    words="HyperSpy's HDF5 (.hspy)",
    kinds=("spectrum_image", "image", "spectrum"),
    suffixes=(".hspy",),
    sniff=sniff,
    read=read,
)
