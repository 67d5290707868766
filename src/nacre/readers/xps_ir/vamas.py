"""VAMAS surface chemical analysis standard data transfer format (`.vms`, `.vamas`), ISO 14976.

One value per line. A header (format identifier, institution, instrument, operator, experiment, comments, experiment
mode, scan mode, experimental variables) is followed by blocks, one spectrum each: when and how it was taken, energy
scale, then the ordinate values of all "corresponding variables", interleaved. In scan mode REGULAR the energy follows
from start and increment; in IRREGULAR it is the first corresponding variable. Blocks of techniques other than XPS
and UPS are left out. What is known of practice, from files of Kratos, SPECS and CasaXPS:

- blank lines may precede the header, a byte-order mark as well; 1E+37 means "not given"
- the second variable of most files is the analyser's transmission; intensities are as recorded, not divided by it
- intensities are counts where their unit is `c`, their label says counts, or they are whole numbers; a rate (label
  or block name "per second") becomes counts with signal collection time and scans, if whole numbers come out; else
  the number of counts is unknown
- the analyser's work function is information: kinetic energies have been corrected for it
- CasaXPS keeps its calibration, regions and components in the comment lines of a block (see `_casa`)

Not read: scan mode MAPPING, and files with a parameter inclusion list (they leave out values of later blocks).
"""

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from nacre.core import files
from nacre.core.contracts import VIRTUAL_MARK, Head, Reader
from nacre.core.errors import ReadError
from nacre.core.options import NoOptions
from nacre.core.signal import Note, Signal
from nacre.readers.text import text_file
from nacre.readers.text.number_lists import read_number, read_numbers
from nacre.readers.xps_ir import casa_comments, regions

_TITLE = "VAMAS Surface Chemical Analysis Standard Data Transfer Format 1988 May 4"
_MAPPED = ("MAP", "MAPDP", "MAPSV", "MAPSVDP", "SEM")
_DEPTH = ("MAPDP", "MAPSVDP", "SDP", "SDPSV")
_ION = ("FABMS", "FABMS energy spec", "ISS", "SIMS", "SIMS energy spec", "SNMS", "SNMS energy spec")
_ELECTRON = ("AES diff", "AES dir", "EDX", "ELS", "UPS", "XPS", "XRF")
_MISSING = 9.9e36


def sniff(head: Head) -> float:
    return 1.0 if head.text.lstrip()[:40].lower().startswith("vamas surface chemical analysis") else 0.0


class _Lines:
    """The lines of a file, taken one by one; an error knows its line."""

    def __init__(self, lines: list[str], where: str, first: int):
        self.lines, self.where, self.at, self.first = lines, where, 0, first

    def text(self, what: str = "a line") -> str:
        if self.at >= len(self.lines):
            raise ReadError(
                f"the file ends where {what} should stand",
                where=f"{self.where}:{self.first + len(self.lines)}",
                do="copy or export it again: it was cut",
            )
        self.at += 1
        return self.lines[self.at - 1].strip()

    def texts(self, n: int, what: str = "a line") -> list[str]:
        return [self.text(what) for _ in range(n)]

    def number(self, what: str) -> float | None:
        """A number, None where it is given as missing."""
        word = self.text(what)
        value = read_number(word, what, f"{self.where}:{self.first + self.at - 1}", do="copy or export it again")
        return None if abs(value) > _MISSING else value

    def count(self, what: str) -> int:
        value = self.number(what)
        if value is None or value != int(value):
            raise ReadError(f"{what} is not a whole number", where=f"{self.where}:{self.first + self.at - 1}")
        return int(value)

    def numbers(self, n: int, what: str) -> list[float | None]:
        return [self.number(what) for _ in range(n)]


def read(path: Path, options: NoOptions | None = None) -> list[Signal]:
    """One signal per XPS or UPS block. Raises ReadError."""
    path = Path(path)
    # some programs pad a species or transition with zero bytes
    text = text_file.load(path, padded=True).data.decode(errors="replace")
    body = text.lstrip("\ufeff \t\n")
    lines = _Lines(body.split("\n"), path.name, 1 + text[: len(text) - len(body)].count("\n"))
    mode, scan, variables, futures, blocks = _header(lines)
    found = [_block(lines, mode, scan, variables, futures) for _ in range(blocks)]
    _refuse_more(lines)
    signals = [signal for signal in found if signal is not None]
    if not signals:
        raise ReadError("the file holds no photoelectron spectrum", where=path.name, found=f"{blocks} blocks")
    return signals


def _refuse_more(lines: _Lines) -> None:
    """What stands behind the last block would be lost. Raises ReadError where there is more than a closing line."""
    more = [line for line in lines.lines[lines.at :] if line.strip()]
    if len(more) > 2:
        raise ReadError(
            "the file goes on after its last block",
            where=f"{lines.where}:{lines.first + lines.at}",
            found=f"{len(more)} more lines, the first '{more[0].strip()[:40]}'",
            expected="end of experiment",
            do="if two files were joined, give each as a file of its own; else export it again",
        )


def _header(lines: _Lines):
    lines.texts(5, "the header")
    lines.texts(lines.count("the number of comment lines"), "a comment")
    mode, scan = lines.text("the experiment mode"), lines.text("the scan mode")
    if scan not in ("REGULAR", "IRREGULAR"):
        raise ReadError(
            f"scan mode '{scan}' is not read", where=lines.where, expected="REGULAR or IRREGULAR", do="export spectra"
        )
    if mode in ("MAP", "MAPDP", "NORM", "SDP"):
        lines.count("the number of spectral regions")
    if mode in ("MAP", "MAPDP"):
        lines.numbers(3, "the size of the map")
    variables = [lines.texts(2, "a variable")[0] for _ in range(lines.count("the number of experimental variables"))]
    listed = lines.count("the length of the inclusion list")
    if listed:
        raise ReadError(
            "the file leaves parameters of its blocks out, by an inclusion list",
            where=lines.where,
            found=f"{abs(listed)} entries",
            do="export it with all parameters in every block",
        )
    manual = lines.count("the number of manually entered items")
    lines.texts(manual)
    ahead, futures = lines.count("future entries"), lines.count("future block entries")
    lines.texts(ahead)
    return mode, scan, variables, futures, lines.count("the number of blocks")


def _block(lines: _Lines, mode: str, scan: str, variables: list[str], futures: int) -> Signal | None:
    start = lines.first + lines.at
    about: dict = {"block": lines.text("a block"), "sample": lines.text("the sample")}
    date = lines.numbers(7, "the date")
    year, month, day = date[:3]
    if year and month and day:
        about["date"] = f"{year:04.0f}-{month:02.0f}-{day:02.0f}"
    comments = lines.texts(lines.count("the number of comment lines"), "a comment")
    technique = lines.text("the technique")
    lines.numbers(2 if mode in ("MAP", "MAPDP") else 0, "a coordinate")
    for name in variables:
        about[f"variable {name}"] = lines.text("an experimental variable")
    about["source"] = lines.text("the source")
    lines.numbers(3 if mode in _DEPTH or technique in _ION else 0, "the sputtering ion")
    photon = about["photon_energy_eV"] = lines.number("the photon energy")
    lines.numbers(3, "the source")
    lines.numbers(2 if mode in _MAPPED else 0, "the field of view")
    lines.numbers(6 if mode in ("MAPSV", "MAPSVDP", "SEM") else 0, "a line scan")
    about["source_angle_deg"] = lines.numbers(2, "an angle of the source")[0]
    about["analyser_mode"], about["pass_energy_eV"] = lines.text(), lines.number("the pass energy")
    lines.numbers(1 if technique == "AES diff" else 0, "the modulation")
    about["work_function_eV"] = lines.numbers(2, "the work function")[1]
    lines.numbers(3, "the analysed area")
    about["emission_angle_deg"] = lines.numbers(2, "an angle of the analyser")[0]
    species, transition = lines.text("the species"), lines.text("the transition")
    about["region"] = " ".join(word for word in (species, transition) if word) or about["block"]
    lines.text("the charge")
    axis = (
        (lines.text(), lines.text(), lines.number("the first energy"), lines.number("the step"))[0:]
        if (scan == "REGULAR")
        else None
    )
    columns = [tuple(lines.texts(2, "a variable")) for _ in range(lines.count("the number of variables"))]
    about["signal_mode"] = lines.text("the signal mode")
    about["dwell_s"], about["scans"] = lines.number("the dwell time"), lines.number("the number of scans")
    lines.number("the time correction")
    lines.texts(7 if technique in _ELECTRON and mode in _DEPTH else 0)
    about["tilt_deg"] = lines.numbers(3, "an angle of the sample")[0]
    lines.texts(3 * lines.count("the number of further parameters"))
    lines.texts(futures)
    values = _ordinates(lines, len(columns), start)
    if technique not in ("XPS", "UPS"):
        return None
    casa, notes = casa_comments.parse(comments, photon)
    about = {name: value for name, value in about.items() if value is not None} | casa
    if comments:
        about["comments"] = tuple(comments)
    return _signal(axis, columns, values, about, notes, f"{lines.where}:{start}")


def _ordinates(lines: _Lines, n: int, start: int) -> np.ndarray:
    total = lines.count("the number of values")
    lines.texts(2 * n, "the smallest and largest value")
    first = lines.first + lines.at
    words = lines.texts(total, "a value")
    if n < 1 or total % n:
        raise ReadError(f"{total} values do not divide among {n} variables", where=f"{lines.where}:{start}")
    odd = next((i for i, word in enumerate(words) if len(word.split()) != 1), None)
    if odd is not None:
        raise ReadError(
            "a line does not hold one value", where=f"{lines.where}:{first + odd}", found=f"'{words[odd][:40]}'",
            do="copy or export it again",
        )  # fmt: skip
    values = read_numbers(words, lines.where, first, do="copy or export it again").reshape(-1, n)
    return np.where(np.abs(values) > _MISSING, np.nan, values)


def _signal(axis, columns, values, about: dict, notes: list[Note], where: str) -> Signal:
    names = [label.lower() for label, _ in columns]
    if axis:
        label = axis[0]
        energy = axis[2] + axis[3] * np.arange(len(values))
    else:
        place = next((i for i, name in enumerate(names) if "energy" in name), 0)
        label, energy = columns[place][0], values[:, place]
        names[place] = ""
    passed = next((i for i, name in enumerate(names) if "transmission" in name), None)
    main = next(i for i, name in enumerate(names) if name and i != passed)
    keep = np.isfinite(energy) & np.isfinite(values[:, main])
    if not keep.all():
        notes = [*notes, Note("repair", f"{(~keep).sum()} points without a value are left out")]
    scale = "binding" if "binding" in label.lower() else "kinetic"
    unit = _unit(columns[main], values[keep, main], about)
    transmission = None if passed is None else values[keep, passed]
    return regions.spectrum(
        energy[keep],
        values[keep, main],
        scale=scale,
        unit=unit,
        metadata=about,
        transmission=transmission,
        notes=notes,
        where=where,
    )


def _unit(column: tuple[str, str], values: np.ndarray, about: dict) -> str:
    label, unit = column[0].lower(), column[1].lower()
    rate = re.search(r"per\s*sec|cps|/\s*s\b|s-1", f"{label} {unit} {about['block'].lower()}")
    if rate:
        gate = (about.get("dwell_s") or 0) * (about.get("scans") or 0)
        return "cps" if gate and regions.whole_numbers(values * gate) else "arb"
    return "counts" if unit == "c" or "count" in label or regions.whole_numbers(values) else "arb"


# --- writing ------------------------------------------------------------------------------------------------


def write(signal: Signal, path: Path) -> None:
    """One spectrum as a file of its own (see `write_all`)."""
    write_all([signal], path)


def write_all(signals: Sequence[Signal], path: Path) -> None:
    """Spectra as the blocks of one REGULAR file, on the kinetic scale, counts as whole numbers.

    Needs `photon_energy_eV`, `dwell_s` and `scans` in the metadata, and an even step. Synthetic spectra carry the
    mark of the virtual instruments among the comments. Raises ReadError where the step is not even.
    """
    synthetic = any(signal.origin == "synthetic" for signal in signals)
    comments = [f"{VIRTUAL_MARK}: made by a virtual spectrometer, not measured"] if synthetic else []
    head = [_TITLE, "Not specified", signals[0].metadata.get("instrument", "Not specified")]
    head += ["Not specified", signals[0].metadata.get("experiment", "Not specified"), len(comments), *comments]
    head += ["NORM", "REGULAR", len(signals), 0, 0, 0, 0, 0, len(signals)]
    lines = [*head, *(line for signal in signals for line in _block_lines(signal, path)), "end of experiment"]
    files.write(path, ("\r\n".join(map(str, lines)) + "\r\n").encode())


def _block_lines(signal: Signal, path: Path) -> list:
    about = signal.metadata
    energy = signal.array("kinetic_energy", "eV")
    counts = np.round(signal.array("intensity", "counts")).astype(int)
    step = float(np.round((energy[-1] - energy[0]) / (len(energy) - 1), 9))
    if np.abs(np.diff(energy) - step).max() > 1e-6:
        raise ReadError("the energies are not evenly spaced", where=Path(path).name, do="VAMAS REGULAR needs one step")
    columns, values = ["Intensity", "d"], [counts]
    if "transmission" in signal:
        columns += ["Transmission", "d"]
        values.append(signal.array("transmission", "1"))
    year, month, day = about.get("date", "2024-01-01").split("-")
    missing = "1E+37"
    species, _, transition = about.get("region", "").partition(" ")
    lines = [about.get("block", signal.name), about.get("sample", ""), int(year), int(month), int(day), 0, 0, 0, 0]
    comments = about.get("comments", ())
    lines += [len(comments), *comments, "XPS", about.get("source", "Al (mono)"), f"{about['photon_energy_eV']:g}"]
    lines += [missing] * 3 + [_given(about, "source_angle_deg"), missing, "FAT", _given(about, "pass_energy_eV")]
    lines += [missing, _given(about, "work_function_eV"), *[missing] * 3, _given(about, "emission_angle_deg"), missing]
    lines += [species, transition, -1, "Kinetic energy", "eV", f"{energy[0]:.6g}", f"{step:g}"]
    lines += [len(values), *columns, "pulse counting", f"{about['dwell_s']:g}", f"{about['scans']:g}", 0]
    lines += [_given(about, "tilt_deg"), missing, missing, 0, counts.size * len(values)]
    for column in values:
        lines += [f"{column.min():.6g}", f"{column.max():.6g}"]
    return lines + [f"{value:.7g}" for row in zip(*values, strict=True) for value in row]


def _given(about, name: str) -> str:
    return f"{about[name]:g}" if name in about else "1E+37"


READER = Reader(
    name="vamas",
    words="VAMAS (ISO 14976), with what CasaXPS adds",
    kinds=regions.KINDS,
    suffixes=(".vms", ".vamas", ".npl"),
    sniff=sniff,
    read=read,
    write=write,
)
