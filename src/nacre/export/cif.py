"""A refinement as CIF and pdCIF: one block per phase, the pattern with the first.

Items: CIF core 2.4 and the powder dictionary (International Tables for Crystallography G, 2005, chapters 3.2, 3.3).
Numbers carry their plain standard uncertainty in brackets; the factor for serial correlation stands beside it.
"""

import math
import re

import numpy as np

from nacre.core.contracts import VIRTUAL_MARK
from nacre.core.outcome import Outcome
from nacre.core.quantity import Quantity, show
from nacre.core.result import Result


def named(outcome: Outcome) -> list[tuple[str, Result]]:
    """(file stem, result) of every result that holds a refined structure."""
    found = []
    for result in outcome.results:
        if {"sites", "phases", "pattern"} <= {curve.name for curve in result.curves}:
            found.append((re.sub(r"[^\w.-]+", "_", result.analysis or result.technique), result))
    return found


def text(result: Result) -> str:
    """The whole file. Raises NacreError where the result holds no refined structure."""
    phases = _format_rows(result, "phases")
    blocks = [_write_phase(result, row, i) for i, row in enumerate(phases)]
    blocks[0] += [*_fit(result), *_write_pattern(result)]
    note = [f"# {VIRTUAL_MARK}: made from files of a virtual instrument"] if result.origin == "synthetic" else []
    return "\n".join([*note, *(line for block in blocks for line in block)]) + "\n"


def _write_phase(result: Result, row: dict, i: int) -> list[str]:
    import gemmi

    name = re.sub(r"[^A-Za-z0-9_.-]+", "_", f"{result.subject.sample}_{row['phase']}".strip("_"))
    group = gemmi.find_spacegroup_by_name(str(row["space_group"]))
    lines = [f"data_{name}", "_audit_creation_method Nacre", f"_pd_phase_name {_quote(row['phase'])}"]
    for tag, key in (("length_a", "a"), ("length_b", "b"), ("length_c", "c")):
        lines.append(f"_cell_{tag} {_number(row[key], row[f'{key}_esd'])}")
    for key in ("alpha", "beta", "gamma"):
        lines.append(f"_cell_angle_{key} {_number(row[key], row[f'{key}_esd'], 4)}")
    lines += [f"_cell_volume {_format_volume(result, row) if i == 0 else f'{_find_volume(row):.4f}'}"]
    lines += [f"_space_group_name_H-M_alt {_quote(group.hm)}", f"_space_group_IT_number {group.number}", "loop_",
              "_space_group_symop_operation_xyz"]  # fmt: skip
    lines += [_quote(op.triplet()) for op in group.operations()]
    return [*lines, *_write_sites(result, row["phase"]), ""]


def _write_sites(result: Result, phase: str) -> list[str]:
    tags = ("label", "type_symbol", "fract_x", "fract_y", "fract_z", "occupancy", "B_iso_or_equiv", "adp_type")
    lines = ["loop_", *(f"_atom_site_{tag}" for tag in tags)]
    for site in _format_rows(result, "sites"):
        if site["phase"] == phase:
            numbers = (_number(site[key], site[f"{key}_esd"]) for key in ("x", "y", "z", "occupancy", "b_iso"))
            lines.append(" ".join((str(site["label"]), str(site["element"]), *numbers, "Biso")))
    return lines


def _fit(result: Result) -> list[str]:
    values = {entry.name: entry.quantity.value for entry in result.entries if not entry.state}
    x = result.curve("pattern").columns["two_theta"][0]
    length = _format_rows(result, "phases")[0]["wavelength"]
    said = [check.text for check in result.checks]
    constraints = next((line for line in said if line.startswith("tied:")), "none")
    out = next(
        (line.partition("left out: ")[2] for line in said if "left out: " in line and line.startswith("range")), "?"
    )
    rows = {
        "_diffrn_radiation_probe": "x-ray",
        "_diffrn_radiation_wavelength": f"{length:.6f}",
        "_diffrn_radiation_type": _quote(_name_anode(length)),
        "_pd_proc_2theta_range_min": f"{x[0]:.4f}",
        "_pd_proc_2theta_range_max": f"{x[-1]:.4f}",
        "_pd_proc_number_of_points": str(len(x)),
        "_pd_proc_info_excluded_regions": _quote(out),
        "_pd_proc_ls_prof_wR_factor": f"{values['rwp'] / 100:.5f}",
        "_pd_proc_ls_prof_wR_expected": f"{values['rexp'] / 100:.5f}",
        "_refine_ls_goodness_of_fit_all": f"{values['gof']:.3f}",
        "_refine_ls_shift/su_max": f"{values.get('max_shift_over_esd', math.nan):.4f}".replace("nan", "?"),
        "_refine_ls_weighting_scheme": "sigma",
        "_refine_ls_weighting_details": _quote("w = 1/sigma^2 of the observed intensity"),
        "_refine_ls_matrix_type": "full",
        "_computing_structure_refinement": _quote("rietx, by Nacre"),
    }
    lines = [f"{tag} {value}" for tag, value in rows.items()]
    details = (
        f"{result.methods}\nConstraints: {constraints}.\nStandard uncertainties are those of least squares times "
        f"the goodness of fit; serial correlation would multiply them by {values['esd_inflation']:.2f} "
        "(Berar and Lelann, J. Appl. Cryst. 1991, 24, 1)."
    )
    return [*lines, "_refine_special_details", ";", *_wrap(details), ";"]


def _write_pattern(result: Result) -> list[str]:
    columns = result.curve("pattern").columns
    shown = ("meas_2theta_scan", "meas_intensity_total", "calc_intensity_total", "proc_intensity_bkg_calc")
    tags = [f"_pd_{name}" for name in (*shown, "proc_ls_weight")]
    x, y, calculated, background, std = (
        columns[name][0] for name in ("two_theta", "observed", "calculated", "background", "std")
    )
    weight = np.where(np.isfinite(std) & (std > 0), 1 / np.square(np.where(std > 0, std, 1.0)), 0.0)
    rows = zip(x, y, calculated, background, weight, strict=True)
    lines = ["loop_", *tags, *(f"{a:.5f} {b:.3f} {c:.3f} {d:.3f} {w:.6g}" for a, b, c, d, w in rows)]
    reflections = _format_rows(result, "reflections")
    lines += [
        "",
        "loop_",
        "_refln_index_h",
        "_refln_index_k",
        "_refln_index_l",
        "_pd_refln_phase_id",
        "_pd_refln_2theta",
    ]
    return lines + [f"{r['hkl']} {_quote(r['phase'])} {r['two_theta']:.4f}" for r in reflections if "?" not in r["hkl"]]


def _format_rows(result: Result, name: str) -> list[dict]:
    columns = {key: np.asarray(values) for key, (values, _) in result.curve(name).columns.items()}
    n = len(next(iter(columns.values())))
    return [{key: values[i].item() for key, values in columns.items()} for i in range(n)]


def _format_volume(result: Result, row: dict) -> str:
    known = [entry.quantity for entry in result.entries if entry.name == "cell_volume" and not entry.state]
    return show(known[0], with_unit=False) if known else f"{_find_volume(row):.4f}"


def _find_volume(row: dict) -> float:
    import gemmi

    return gemmi.UnitCell(*(row[key] for key in ("a", "b", "c", "alpha", "beta", "gamma"))).volume


def _number(value: float, esd: float, decimals: int = 5) -> str:
    """`2.87400(2)`; without an uncertainty as many decimals as given."""
    return show(Quantity(value, "1", esd), with_unit=False) if esd else f"{value:.{decimals}f}"


def _name_anode(length: float) -> str:
    lines = {"Cu": 1.5406, "Mo": 0.7093, "Ag": 0.5594, "Co": 1.7890, "Fe": 1.9360, "Cr": 2.2897}
    near = [name for name, known in lines.items() if abs(length / known - 1) < 2e-3]
    return f"{near[0]} K\\a~1~" if near else "?"


def _quote(text: object) -> str:
    words = str(text)
    return f"'{words}'" if "'" not in words else f'"{words}"'


def _wrap(text: str, width: int = 78) -> list[str]:
    import textwrap

    return [line for part in text.split("\n") for line in textwrap.wrap(part, width) or [""]]
