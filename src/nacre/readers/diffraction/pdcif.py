"""Crystallographic information files: powder patterns (pdCIF 2.5) and crystal structures (CIF core).

Patterns: two_theta from a column (`_pd_proc_2theta_corrected`, `_pd_meas_2theta_scan`) or from minimum and increment
(`_pd_meas_2theta_range_min`, `_inc`); intensity from `_pd_meas_counts_total`, `_pd_meas_intensity_total` or
`_pd_proc_intensity_total`; the standard uncertainty from brackets after the number, or as 1/sqrt(`_pd_proc_ls_weight`).
A block whose name ends in `_calc` beside one that does not is a calculated pattern: it is left out, with a note.
Wavelengths are taken from `_diffrn_radiation_wavelength` of the same file.

Structures: every block with atom sites gives a signal of kind "crystal" (columns label, element, x, y, z, occupancy,
b_iso in square angstrom; cell and space group in the metadata). U is turned into B = 8 pi^2 U. Anisotropic
displacements are left out, and a note says so.

Format: International Tables for Crystallography, volume G (2005), chapters 3.2 and 3.3.
"""

import math
import re
from pathlib import Path

import numpy as np

from nacre.core.contracts import Head, Reader
from nacre.core.errors import ReadError
from nacre.core.signal import Note, Signal, table
from nacre.readers.diffraction.pattern import KIND, pattern, wavelengths

_X = ("_pd_proc_2theta_corrected", "_pd_meas_2theta_scan", "_pd_meas_2theta_corrected")
_RANGE = ("_pd_meas_2theta_range_", "_pd_proc_2theta_range_")
_Y = (
    "_pd_meas_counts_total",
    "_pd_meas_intensity_total",
    "_pd_proc_intensity_total",
    "_pd_meas_intensity_net",
    "_pd_proc_intensity_net",
)


def sniff(head: Head) -> float:
    text = head.text
    if head.looks_binary or not re.search(r"(?m)^data_", text):
        return 0.0
    return 0.95 if re.search(r"(?m)^\s*_(pd_|atom_site_|cell_length_|diffrn_)", text) else 0.0


def read(path: Path, options=None) -> list[Signal]:
    """Signals of kind "diffraction" and "crystal", in the order of the blocks. Raises ReadError."""
    from gemmi import cif

    path = Path(path)
    raw = path.read_bytes()
    try:
        document = cif.read_string(raw.decode("utf-8", errors="replace"))
    except (ValueError, RuntimeError) as error:
        found = str(error).splitlines()[0]
        raise ReadError("the CIF cannot be read", where=path.name, found=found, do="export it again") from None
    radiation = _radiation(document)
    blocks = [block for block in document if _column(block, _Y)]
    measured = [block for block in blocks if not block.name.lower().endswith("_calc")] or blocks
    notes = (Note("info", "calculated patterns in the file are left out"),) if len(measured) < len(blocks) else ()
    found = [_pattern(block, path, radiation, notes) for block in measured]
    found += [_crystal(block, path) for block in document if block.find_loop("_atom_site_fract_x")]
    if not found:
        names = ", ".join(block.name for block in document) or "no block"
        raise ReadError(
            "a CIF without atoms and without a pattern",
            where=path.name,
            found=names,
            expected="_atom_site_fract_x, _y, _z, or a powder pattern",
            do="export the refined structure, not only the cell",
        )
    return found


def _pattern(block, path: Path, radiation: dict, notes) -> Signal:
    tag, cells = _column(block, _Y)
    values = np.array([_number(cell) for cell in cells])
    std = np.array([_esd(cell) for cell in cells])
    std = std if np.any(std > 0) else None
    weights = list(block.find_values("_pd_proc_ls_weight"))
    if std is None and len(weights) == len(values):
        w = np.array([_number(cell) for cell in weights])
        std = np.where(w > 0, 1 / np.sqrt(np.where(w > 0, w, 1.0)), 0.0)
    metadata = {"block": block.name, "intensity": tag, **radiation}
    x = _two_theta(block, len(values), path.name)
    return pattern(x, values, path.name, std=std, metadata=metadata, notes=notes, name=block.name)


def _two_theta(block, n: int, where: str) -> np.ndarray:
    listed = _column(block, _X)
    if listed and len(listed[1]) == n:
        return np.array([_number(cell) for cell in listed[1]])
    for stem in _RANGE:
        low, step, high = (_number(block.find_value(stem + end) or "?") for end in ("min", "inc", "max"))
        if (
            np.isfinite(low)
            and np.isfinite(step)
            and (not np.isfinite(high) or abs(low + (n - 1) * step - high) < step)
        ):
            return low + step * np.arange(n)
    raise ReadError("the pattern has no two_theta", where=where, expected=f"{_X[0]}, or {_RANGE[0]}min and inc")


def _crystal(block, path: Path) -> Signal:
    rows = block.find("_atom_site_", ["label", "fract_x", "fract_y", "fract_z", "?type_symbol", "?occupancy"])
    if not len(rows):
        lacks = [axis for axis in "xyz" if not block.find_loop(f"_atom_site_fract_{axis}")]
        found = ", ".join(f"no _atom_site_fract_{axis}" for axis in lacks) or "no _atom_site_label"
        raise ReadError("the table of atoms is incomplete", where=f"{path.name}, block '{block.name}'", found=found)
    b_iso, anisotropic = _displacements(block, len(rows))
    notes = [Note("warning", "anisotropic displacements are left out; isotropic ones stand for them")] * anisotropic
    labels = [row.str(0) for row in rows]
    elements = [_element(row.str(4) if row.has(4) else row.str(0)) for row in rows]
    columns = {
        "label": (np.array(labels, dtype=str), "1"),
        "element": (np.array(elements, dtype=str), "1"),
        **{axis: (np.array([_number(row[i]) for row in rows]), "1") for i, axis in ((1, "x"), (2, "y"), (3, "z"))},
        "occupancy": (np.array([_number(row[5]) if row.has(5) else 1.0 for row in rows]), "1"),
        "b_iso": (b_iso, "Ang2"),
    }
    where = f"{path.name}, block '{block.name}'"
    if not all(np.all(np.isfinite(columns[axis][0])) for axis in "xyz"):
        raise ReadError("an atom without a position", where=where)
    metadata = {"cell": _cell(block, where), "space_group": _space_group(block, where), "block": block.name}
    for key, tag in (("cod", "_cod_database_code"), ("formula", "_chemical_formula_sum"), ("phase", "_pd_phase_name")):
        if value := _string(block, tag):
            metadata[key] = value
    return table(
        "crystal",
        columns,
        axis="site",
        metadata=metadata,
        notes=tuple(notes),
        name=block.name,
    )


def _displacements(block, n: int) -> tuple[np.ndarray, bool]:
    for tag, factor in (("_atom_site_B_iso_or_equiv", 1.0), ("_atom_site_U_iso_or_equiv", 8 * math.pi**2)):
        cells = list(block.find_values(tag))
        if len(cells) == n:
            values = factor * np.array([_number(cell) for cell in cells])
            return values, bool(block.find_loop("_atom_site_aniso_U_11"))
    return np.full(n, np.nan), bool(block.find_loop("_atom_site_aniso_U_11"))


def _cell(block, where: str) -> tuple[float, ...]:
    tags = ("length_a", "length_b", "length_c", "angle_alpha", "angle_beta", "angle_gamma")
    cell = tuple(_number(block.find_value(f"_cell_{tag}") or "?") for tag in tags)
    if not all(map(math.isfinite, cell)):
        raise ReadError("the structure has no cell", where=where, expected="_cell_length_a ... _cell_angle_gamma")
    return cell


def _space_group(block, where: str) -> str:
    import gemmi

    for tag in ("_space_group_name_H-M_alt", "_symmetry_space_group_name_H-M", "_space_group_name_Hall"):
        if (name := _string(block, tag)) and gemmi.find_spacegroup_by_name(name):
            return gemmi.find_spacegroup_by_name(name).xhm()
    operations = [_unquoted(c) for tag in ("_space_group_symop_operation_xyz", "_symmetry_equiv_pos_as_xyz")
                  for c in block.find_values(tag)]  # fmt: skip
    if operations and (group := gemmi.find_spacegroup_by_ops(gemmi.GroupOps([gemmi.Op(o) for o in operations]))):
        return group.xhm()
    for tag in ("_space_group_IT_number", "_symmetry_Int_Tables_number"):
        if (text := _string(block, tag)).isdigit():
            return gemmi.find_spacegroup_by_number(int(text)).xhm()
    raise ReadError("the structure has no space group", where=where, expected="_space_group_name_H-M_alt")


def _radiation(document) -> dict:
    for block in document:
        lengths = [_number(cell) for cell in block.find_values("_diffrn_radiation_wavelength")]
        shares = [_number(cell) for cell in block.find_values("_diffrn_radiation_wavelength_wt")]
        if lengths and all(map(math.isfinite, lengths)):
            second = lengths[1] if len(lengths) > 1 else None
            return wavelengths(lengths[0], second, shares[1] / shares[0] if len(shares) > 1 else 0.5)
    return {}


def _column(block, tags) -> tuple[str, list[str]] | None:
    return next(((tag, cells) for tag in tags if len(cells := list(block.find_values(tag))) > 1), None)


def _number(cell: str) -> float:
    match = re.match(r"^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", cell.strip("'\""))
    return float(match[0]) if match else math.nan


def _esd(cell: str) -> float:
    match = re.match(r"^[+-]?\d*\.?(\d*)\((\d+)\)$", cell)
    return int(match[2]) * 10.0 ** -len(match[1]) if match else 0.0


def _string(block, tag: str) -> str:
    return _unquoted(block.find_value(tag) or "")


def _unquoted(cell: str) -> str:
    from gemmi import cif

    text = cif.as_string(cell).strip() if cell else ""
    return "" if text in ("?", ".") else text


def _element(symbol: str) -> str:
    return re.match(r"[A-Za-z]{1,2}", symbol)[0].capitalize() if re.match(r"[A-Za-z]", symbol) else symbol


READER = Reader("pdcif", "CIF: powder pattern or crystal structure", (KIND, "crystal"), (".cif",), sniff, read)
