"""Bruker OPUS binary files (`.0`, `.1` ...), read by brukeropus.

A file holds several blocks: the result (absorbance `a`, reflectance `r`, transmittance `t` ...), single-channel spectra
of sample and reference, interferograms, phases. The first block of the result is taken, in the order absorbance,
ATR, Kubelka-Munk, reflectance, transmittance, and a note says which and what else there is; where a file has
two of a kind (`a`, `a_2`) the second is as measured, before a compensation of water vapour or the like. The option
`block` chooses another. Nothing in the file gives an uncertainty. Metadata: instrument (INS), accessory (ACC),
resolution (RES), scans (NSS), sample name (SNM), compensation (TCL).

brukeropus (MIT): https://github.com/joshduran/brukeropus.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nacre.core.contracts import Head, Reader
from nacre.core.errors import ReadError, did_you_mean
from nacre.core.options import option
from nacre.core.signal import Note, Signal, table
from nacre.readers.damaged import explain_damage

_MAGIC = b"\n\n\xfe\xfe"
_QUANTITY = {"a": "absorbance", "atr": "absorbance", "km": "kubelka_munk", "r": "reflectance", "t": "transmittance"}
_ABOUT = {
    "ins": "instrument",
    "acc": "accessory",
    "res": "resolution_cm-1",
    "nss": "scans",
    "snm": "sample",
    "tcl": "compensation",
}


@dataclass(frozen=True)
class OpusOptions:
    """Which block of the file."""

    block: str = option("", "the block to read, as brukeropus names it (a, a_2, r, t ...); empty: the result")


def sniff(head: Head) -> float:
    return 1.0 if head.start.startswith(_MAGIC) else 0.0


def refuse(head: Head) -> str:
    """What to say of a spectrum of another maker that looks as if it were OPUS's."""
    if head.start.startswith(b"Spectral Data File"):
        return "this is a Thermo OMNIC .spa file, not OPUS: export it as text (.csv, wavenumber and absorbance)"
    return ""


def read(path: Path, options: OpusOptions | None = None) -> list[Signal]:
    """One signal of kind "infrared". Raises ReadError."""
    from brukeropus import read_opus

    path, options = Path(path), options or OpusOptions()
    with path.open("rb") as stream:
        start = stream.read(64)
    if not start.startswith(_MAGIC):
        advice = refuse(Head(path, start, 0)) or "export the spectrum as text (.dpt)"
        raise ReadError("this is not an OPUS file", where=path.name, found=f"it begins {start[:18]!r}", do=advice)
    with explain_damage(path, "OPUS file", "copy it again, or export the spectrum as text (.dpt)"):
        file = read_opus(str(path))
    blocks = list(file.all_data_keys) if file.is_opus else []
    known = [key for word in _QUANTITY for key in blocks if key.split("_")[0] == word]
    if options.block and options.block not in known:
        raise ReadError(
            f"the file has no result block '{options.block}'", where=path.name, do=did_you_mean(options.block, known)
        )
    if not known:
        raise ReadError(
            "the file holds no spectrum that was divided by its reference",
            where=path.name,
            found=", ".join(blocks),
            do="save it in OPUS with the absorbance block",
        )
    with explain_damage(path, "OPUS file", "copy it again, or export the spectrum as text (.dpt)"):
        return [_signal(file, options.block or known[0], known, path)]


def _signal(file, block: str, known: list[str], path: Path) -> Signal:
    data = getattr(file, block)
    quantity = _QUANTITY[block.split("_")[0]]
    others = f"; also there: {', '.join(key for key in known if key != block)}" if len(known) > 1 else ""
    parameters = {key.lower(): value for key, value in file.params.items()}
    about = {ours: parameters[theirs] for theirs, ours in _ABOUT.items() if parameters.get(theirs) not in (None, "")}
    notes = (Note("info", f"block '{block}' ({quantity}) is read{others}"),)
    columns = {
        "wavenumber": (np.asarray(data.x, float), "1/cm"),
        quantity: (np.asarray(data.y, float), "1"),
    }
    about |= {"block": block, "quantity": quantity}
    return table("infrared", columns, axis="wavenumber", metadata=about, notes=notes, name=path.stem)


READER = Reader(
    name="opus",
    words="Bruker OPUS",
    kinds=("infrared",),
    suffixes=(".0", ".1", ".2", ".3"),
    sniff=sniff,
    read=read,
    options=OpusOptions,
    refuse=refuse,
)
