"""BioLogic EC-Lab and BT-Lab raw files (.mpr): every technique that records time, voltage and current, or impedance.

Layout (little endian; no description by the maker is public)
------
0     `BIO-LOGIC MODULAR FILE\\x1a`, blanks, four zero bytes
52    modules, each `MODULE`, a header and `length` bytes:
      old header (51 bytes): short name 10, long name 25, length u4, version u4, date 8
      new header (59 bytes): short name 10, long name 25, 0xFFFFFFFF, length u4, old version u4, version u4, date 8
The date is MM/DD/YY, MM-DD-YY or MM.DD.YY of the PC's day; the LOG module has the exact start.

VMP Set   technique number (u1 at 0); what was typed in: comment 0x07, electrode material 0x11E, electrolyte 0x1C0,
          electrode area 0x211, reference electrode 0x215, characteristic mass 0x24C and their units (0x250, 0x251).
          The settings of the technique follow; they differ with release and are not read.
VMP data  records u4, columns (u1; u2 with the new header), the columns' numbers (u2; u1 in version 0), then the
          records from byte 100 (version 0), 405 (version 2), 406 (version 3) or 1007 (new header). Which numbers
          mean what, and the byte that flags share, stands in `_mpr_columns`.
VMP LOG   start as OLE date (days since 1899-12-30) at 0x249, channel, software
VMP loop  number of loops + 1, then the first record of each

A column whose number nobody has described is kept as `column_<number>`, and a note names it: the record's size less
the known columns is its width (`_mpr_records`).

Result
------
Kind "cycling": Battery Data Format names in SI units (mA becomes A); positive current is EC-Lab's oxidation, which
charges the cell where the positive electrode is the working electrode. Kind "impedance": one signal per spectrum
(loop, cycle or sequence), with the true Im(Z), negative where capacitive; |Ewe| and |I| are the amplitudes as EC-Lab
states them. Files that hold both (Modulo Bat) give both. Other columns keep EC-Lab's names. EC-Lab numbers cycles from
0, and so they stay. The current of techniques that record none (GCPL) is dq/dt, as in EC-Lab's own exports. The wall
clock is the PC's, taken as UTC.

Uncertainty: none is stated. Floating columns have 4 bytes (relative 6e-8) or 8.
"""

import datetime
from pathlib import Path

from nacre.core.contracts import Head, Reader
from nacre.core.errors import ReadError
from nacre.core.options import NoOptions
from nacre.core.signal import Note, Signal
from nacre.readers.biologic import mpr_modules, mpr_settings
from nacre.readers.biologic.eclab_signals import EcLab, to_signals
from nacre.readers.biologic.mpr_records import read_records

_SMALLEST_HEADER = 5


def sniff(head: Head) -> float:
    """Sure where the maker's magic words begin the file."""
    return 0.99 if head.start.startswith(mpr_modules.MAGIC[:22]) else 0.0


def refuse(head: Head) -> str:
    """Names EC-Lab's settings and log files, which hold no data."""
    if head.start.startswith((b"EC-LAB SETTING FILE", b"BT-LAB SETTING FILE")):
        return "this is an EC-Lab setting file (.mps), which holds no data: give the .mpr beside it"
    return ""


def read(path: Path, options: NoOptions | None = None) -> list[Signal]:
    """Spectra and cycling records of one file. Raises ReadError."""
    path = Path(path)
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ReadError("cannot open the file", where=path.name, found=error.strerror or str(error)) from None
    modules = mpr_modules.split(raw, path.name)
    data = mpr_modules.need(modules, "VMP data", _SMALLEST_HEADER, path.name)
    records = read_records(data, path.name)
    log = mpr_settings.read_log(modules.get("VMP LOG"))
    metadata = {**mpr_settings.read_settings(modules.get("VMP Set")), **log}
    file = EcLab(
        records.columns,
        metadata,
        path.stem,
        loops=mpr_settings.read_loops(modules.get("VMP loop")),
        notes=records.notes,
    )
    if "start" in log:
        moment = datetime.datetime.fromisoformat(str(log["start"])).replace(tzinfo=datetime.UTC)
        file.start = moment.timestamp()
    else:
        file.notes.append(Note("warning", f"the file has no log: of its start only the day is known ({data.date})"))
    return to_signals(file, path.name)


READER = Reader(
    name="biologic_mpr",
    words="BioLogic raw file (.mpr)",
    kinds=("cycling", "impedance"),
    suffixes=(".mpr",),
    sniff=sniff,
    read=read,
    refuse=refuse,
)
