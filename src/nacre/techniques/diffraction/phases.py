"""The phases that a refinement starts from: given ones, the layered oxide, the table's; sizes and texture of each."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from nacre.core.context import Context
from nacre.core.errors import NacreError
from nacre.core.quantity import parse
from nacre.core.result import Result
from nacre.core.signal import Signal
from nacre.materials import crystals as library
from nacre.materials.crystals import Crystal
from nacre.physics.diffraction.crystal import compute_two_theta as bragg
from nacre.techniques.diffraction.diffractometer import find_radiation
from nacre.techniques.diffraction.options import RietveldOptions, select_pattern
from nacre.techniques.diffraction.rietx_problem import DiffractometerModel


def collect_crystals(
    context: Context, options: RietveldOptions, inputs: Mapping[str, Any], signal: Signal
) -> tuple[Crystal, ...]:
    """The phases by name: CIF inputs first, then the layered oxide, then the table. The main one comes first."""
    given = {}
    for role, item in inputs.items():
        for one in item if isinstance(item, list) else [item]:
            if isinstance(one, Signal) and one.kind == "crystal":
                crystal = library.share_sites(library.read_crystal(one))
                given[role if not isinstance(item, list) else crystal.name] = replace(
                    crystal, name=crystal.name or role
                )
                given[crystal.name] = given[role if not isinstance(item, list) else crystal.name]
    names = options.phases or (("layered",) if "phase" not in given else ("phase",))
    return tuple(_find_crystal(name, given, context, options, inputs, signal) for name in names)


def _find_crystal(name: str, given: Mapping[str, Crystal], context: Context, options, inputs, signal) -> Crystal:
    if name in given:
        return given[name]
    if name != "layered":
        return library.share_sites(library.find_crystal(name))
    formula = _read_composition(inputs.get("composition")) or options.composition or context.text("cam")
    if not formula:
        raise NacreError(
            "the active material's formula is not given, and the layered model needs it",
            where=context.where,
            do='add cam = "LiNi0.85Co0.10Mn0.05O2" to the sample, or composition = "..." to the analysis',
        )
    label = context.sample.title if context.sample else "layered oxide"
    start = library.make_layered(formula, name=label)
    return replace(start, cell=_locate_cell(start, signal, options))


def _locate_cell(crystal: Crystal, signal: Signal, options: RietveldOptions) -> tuple[float, ...]:
    """A starting cell whose 003 and 104 lie on the strongest maxima near where they are expected, within 2 %."""
    x, y, _ = select_pattern(signal, options)
    wavelength = find_radiation(signal, options)[0][0]
    cell = np.array(crystal.cell)
    for hkl, edges in (((0, 0, 3), (2,)), ((1, 0, 1), (0, 1))):
        d = float(library.lattice.compute_d_spacing(hkl, cell))
        low, high = (float(bragg(d * factor, wavelength)) for factor in (1.012, 0.988))
        inside = np.flatnonzero((x > low) & (x < high))
        if inside.size < 5:
            continue
        seen = wavelength / 2 / np.sin(np.radians(x[inside[np.argmax(y[inside])]] / 2))
        for edge in edges:
            cell[edge] *= seen / d
    return tuple(cell.tolist())


def _read_composition(result: Any) -> str:
    """A formula from the metal fractions of an elemental analysis: entries whose state names an element."""
    if not isinstance(result, Result):
        return ""
    metals, names = ("Ni", "Co", "Mn", "Al"), ("metal_fraction", "molar_fraction")
    rows = [entry for entry in result.entries if entry.name in names and entry.state.get("element") in metals]
    found = {entry.state["element"]: entry.quantity.value for entry in rows}
    total = sum(found.values())
    if not total or "Ni" not in found:
        return ""
    return "Li" + "".join(f"{element}{n / total:.4f}" for element, n in found.items()) + "O2"


def parse_phase_texts(texts: Sequence[str], crystals: Sequence[Crystal], example: str) -> dict[str, str]:
    """Statements about phases by their names, from texts like `example`."""
    found = {}
    for text in texts:
        name, colon, rest = text.partition(":")
        if not colon or name.strip() not in {crystal.name for crystal in crystals} | {"layered"}:
            known = ", ".join(crystal.name for crystal in crystals)
            raise NacreError(
                "cannot read the statement about a phase", found=f"'{text}'", expected=f"'{example}'; phases: {known}"
            )
        found[crystals[0].name if name.strip() == "layered" else name.strip()] = rest.strip()
    return found


def parse_texture(options: RietveldOptions, crystals: Sequence[Crystal]) -> dict[str, tuple[int, int, int]]:
    """March-Dollase axes by phase."""
    rows = parse_phase_texts(options.texture, crystals, "NaxCoO2: 0 0 1")
    return {name: tuple(int(word) for word in text.split()) for name, text in rows.items()}


def make_starting_sizes(
    options: RietveldOptions, crystals: Sequence[Crystal], machine: DiffractometerModel
) -> dict[str, float]:
    """Starting broadening: crystallite sizes as given (else 1 um), scales of all phases."""
    rows = parse_phase_texts(options.crystallites, crystals, "HfO2: 8 nm")
    starts = {}
    for i, crystal in enumerate(crystals):
        size = parse(rows[crystal.name], "nm").value if crystal.name in rows else 0.0
        if size:
            starts[f"phases.{i}.lor_size"] = float(np.degrees(0.1 * machine.wavelengths[0] / size))
        if i:
            starts[f"phases.{i}.scale"] = 1e-6
    return starts
