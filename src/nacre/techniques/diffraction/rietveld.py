"""Rietveld refinement: cell, structure and microstructure of the main phase, fractions of the others.

The model is fitted by least squares (engine: rietx) along a plan of steps; all numbers come from its last step.
Standard deviations are those of least squares times the goodness of fit; where neighbouring residuals are correlated
(Durbin-Watson below 1.5) they are inflated (J.-F. Berar, P. Lelann, J. Appl. Cryst. 24 (1991) 1-5). Both are in the
table. Size is lambda / (FWHM cos(theta)), strain FWHM / tan(theta), both of the Lorentzian part (as in GSAS-II).
"""

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from nacre.core.context import Context
from nacre.core.contracts import Technique
from nacre.core.errors import NacreError, NotAssessable
from nacre.core.quantity import Quantity, correlated, derive
from nacre.core.result import Curve, Entry, Result, Subject
from nacre.core.signal import Signal
from nacre.materials.crystals import Crystal
from nacre.physics.diffraction.crystal import compute_volume
from nacre.techniques.diffraction import checks as rietveld_checks
from nacre.techniques.diffraction import figures as rietveld_figures
from nacre.techniques.diffraction import rietx_engine
from nacre.techniques.diffraction.options import RietveldOptions
from nacre.techniques.diffraction.problem_setup import make_problem
from nacre.techniques.diffraction.refinement_plan import describe_steps
from nacre.techniques.diffraction.rietx_problem import RefinementFit

# path of the parameter, name of the quantity, its state, its value, slope of the value by the parameter, unit
FreeNumber = tuple[str, str, dict[str, str], float, float, str]
ANGLES = ("alpha", "beta", "gamma")
# parameters that are quantities as they are: path, name, unit
PLAIN = (
    ("phases.0.preferred_orientation.r", "march_dollase", "1"),
    ("instrument.zero_shift", "zero_shift", "deg"),
    ("instrument.geometry.sample_displacement", "displacement", "mm"),
)
SERIAL = 1.5  # Durbin-Watson below which residuals are serially correlated
EXPLAINED = 0.5  # part of the net intensity's chi2 that a model must explain to be one


def analyse(inputs: Mapping[str, Any], context: Context, options: RietveldOptions) -> list[Result]:
    """One Rietveld refinement.

    Parameters
    ----------
    inputs : {"signal": Signal, "standard": Result or Signal, ...}
        The pattern; a result of `line_standard` or instrument parameters; CIF files of phases by name.
    context : Context
        What the study declares of the sample, the cell and the measurement.
    options : RietveldOptions
        Chosen in study.toml; each is described where it is declared.

    Returns
    -------
    list of Result
        One result: cell, structure and microstructure of the main phase, fractions of the others, agreement factors.

    Raises
    ------
    NacreError
        Where the plan cannot be carried out.
    NotAssessable
        Where the model does not describe the pattern.
    """
    signal = inputs["signal"]
    context = select_context(context)
    fit = require_good_fit(rietx_engine.refine(make_problem(signal, context, options, inputs)), signal)
    return [make_result(fit, context, options, signal)]


def select_context(context: Context, role: str = "signal") -> Context:
    """The context of the pattern itself: a standard may have been measured beside another sample."""
    return replace(context.others[role], analysis=context.analysis) if role in context.others else context


def require_good_fit(fit: RefinementFit, signal: Signal) -> RefinementFit:
    """The fit, if it is one. Raises NotAssessable for a diverged fit or a model that misses the pattern."""
    # a finding that the engine calls fatal, whatever its level
    codes = [(code, text) for level, code, text in fit.findings if code in rietx_engine.FATAL or level == "error"]
    part = compute_explained(fit)
    if part < EXPLAINED:
        raise NotAssessable(
            "the model does not describe the pattern: its lines are not where the pattern's are",
            where=signal.where,
            found=f"{100 * max(part, 0):.0f} % of what stands above the background explained",
            expected=f"at least {100 * EXPLAINED:.0f} %",
            do=f"check the wavelength ({fit.machine.wavelengths[0]:.5f} Ang), the phases and the starting cell",
        )
    if fit.status == "diverged" or not np.all(np.isfinite(list(fit.esd.values()))):
        raise NotAssessable(
            "the refinement diverged", where=signal.where, found=fit.status, do="free fewer things, or start nearer"
        )
    if codes:
        raise NacreError(
            "the plan was not carried out as written", where=signal.where, found=f"{codes[0][0]}: {codes[0][1]}"
        )
    return fit


def compute_explained(fit: RefinementFit) -> float:
    """1 - chi2(model) / chi2(background alone): the part of the signal above background that the lines explain."""
    y, sigma = fit.problem.intensity[fit.kept], fit.problem.sigma[fit.kept]
    used = np.isfinite(sigma)
    # chi2 of the background alone: what the lines have to explain
    total = np.sum(((y - fit.background) / sigma)[used] ** 2)
    return 1 - float(np.sum(((y - fit.calculated) / sigma)[used] ** 2) / total) if total else 0.0


def make_result(fit: RefinementFit, context: Context, options: RietveldOptions, signal: Signal) -> Result:
    """Everything that is reported of a fit."""
    subject = Subject(context.sample.name if context.sample else "", "", signal.name)
    factor = choose_esd_factor(fit, options)
    source = f"rietveld:{context.analysis or signal.where}"
    main = report_main_phase(fit, factor, source)
    entries = [*main, *report_fractions(fit, factor, source), *report_quality(fit)]
    label = context.sample.title if context.sample else fit.crystals[0].name
    return Result(
        "rietveld",
        context.analysis,
        subject,
        entries=tuple(entries),
        curves=(*rietveld_figures.tabulate_fit(fit), tabulate_sites(fit, factor)),
        figures=rietveld_figures.draw(fit, context, label),
        checks=tuple(rietveld_checks.check_refinement(fit, factor, options)),
        citations=TECHNIQUE.citations,
        methods=describe_methods(fit, options),
    )


def choose_esd_factor(fit: RefinementFit, options: RietveldOptions) -> float:
    """What plain standard deviations are multiplied with."""
    # neighbouring residuals that go together make plain standard deviations too small
    serial = fit.statistics["durbin_watson"] < SERIAL
    return fit.inflation if options.esd == "inflated" or (options.esd == "auto" and serial) else 1.0


def report_main_phase(fit: RefinementFit, factor: float, source: str) -> list[Entry]:
    """Cell, structure and broadening of the main phase, with their covariance."""
    rows = _list_free_numbers(fit)
    names = [path for path, *_ in rows]
    scale = np.array([slope for _, _, _, _, slope, _ in rows])
    matrix = fit.covariance(names) * np.outer(scale, scale) * factor**2
    keys = [f"{name}|{state.get('site', '')}" for _, name, state, *_ in rows]
    found = correlated(keys, [row[3] for row in rows], matrix, [row[5] for row in rows], source=source)
    for edge in "abc":
        if (key := f"lattice_{edge}|") in found:
            found[key] = add_scale_error(found[key], fit)
    entries = [Entry(name, found[key], state) for key, (_, name, state, *_) in zip(keys, rows, strict=True)]
    return [*entries, *_derive_quantities(fit, found)]


def add_scale_error(edge: Quantity, fit: RefinementFit) -> Quantity:
    """A length with the uncertainty of all lengths: samples measured with one standard share it."""
    if not fit.machine.scale_error:
        return edge
    parts = {**edge.parts, f"length scale of {fit.machine.source}": edge.value * fit.machine.scale_error}
    std = math.sqrt(math.fsum(part * part for part in parts.values()))
    return Quantity(edge.value, edge.unit, std, basis=edge.basis, origin=edge.origin, parts=parts)


def _list_free_numbers(fit: RefinementFit) -> list[FreeNumber]:
    """Each free number of the main phase that has a standard deviation."""
    values, crystal = fit.values, fit.crystals[0]
    rows: list[FreeNumber] = []
    for edge, unit in (*zip("abc", ("Ang",) * 3, strict=True), *((angle, "deg") for angle in ANGLES)):
        if (path := f"phases.0.cell.{edge}") in fit.free:
            rows.append((path, f"lattice_{edge}", {}, values[path], 1.0, unit))
    for j in range(len(crystal.sites)):
        rows += [row for row in _list_site_numbers(fit, j) if row[0] in fit.free]
    wavelength = fit.machine.wavelengths[0]
    if (path := "phases.0.lor_size") in fit.free and values[path] > 0:
        width = np.radians(values[path])
        size = 0.1 * wavelength / width
        rows.append((path, "crystallite_size", {}, size, -size / values[path], "nm"))
    if (path := "phases.0.lor_strain") in fit.free:
        rows.append((path, "microstrain", {}, 100 * np.radians(values[path]), 100 * np.radians(1.0), "%"))
    for path, name, unit in PLAIN:
        if path in fit.free:
            rows.append((path, name, {}, values[path], 1.0, unit))
    return [row for row in rows if fit.esd.get(row[0])]


def _list_site_numbers(fit: RefinementFit, j: int) -> list[FreeNumber]:
    """Displacement, antisite occupancy and height that one site of the main phase may have free."""
    crystal, head = fit.crystals[0], f"phases.0.atoms.{j}"
    site = crystal.sites[j]
    rows: list[FreeNumber] = [(f"{head}.biso", "b_iso", {"site": _name_site(site.label)}, site.b_iso, 1.0, "Ang2")]
    if crystal.antisite == site.label:
        rows.append((f"{head}.occ", "ni_li", {}, 100 * site.occupancy, 100.0, "%"))
    if _is_height_only(fit, j):
        name, state = ("oxygen_z", {}) if site.element == "O" else ("height_z", {"site": site.label})
        rows.append((f"{head}.dof.0", name, state, site.z, 1.0, "1"))
    return rows


def _is_height_only(fit: RefinementFit, j: int) -> bool:
    """Whether z is all that a site's one degree of freedom moves."""
    head = f"phases.0.atoms.{j}"
    alone = f"{head}.dof.1" not in fit.values
    return alone and bool(fit.esd.get(f"{head}.z")) and not (fit.esd.get(f"{head}.x") or fit.esd.get(f"{head}.y"))


def _name_site(label: str) -> str:
    return {"Ni_b": "3b (Li)", "Ni_a": "3a (M)"}.get(label, label)


def _derive_quantities(fit: RefinementFit, found: Mapping[str, Quantity]) -> list[Entry]:
    """Cell volume, c/a and X-ray density, through the covariance of the edges."""
    crystal = fit.crystals[0]
    edges = {edge: found[f"lattice_{edge}|"] for edge in "abc" if f"lattice_{edge}|" in found}
    angles = {angle: found[f"lattice_{angle}|"] for angle in ANGLES if f"lattice_{angle}|" in found}
    if not edges:
        return []
    order = [*edges, *angles]
    # an edge that is not free follows a where symmetry makes it equal to a, else it keeps its value
    follows = [name not in edges and _is_same_edge(crystal, 0, i) for i, name in enumerate("abc")]

    def follow_symmetry(*values: float) -> float:
        now = dict(zip(order, values, strict=True))
        first = now.get("a", crystal.cell[0])
        lengths = [now.get(name, first if follows[i] else crystal.cell[i]) for i, name in enumerate("abc")]
        turned = [now.get(name, old) for name, old in zip(ANGLES, crystal.cell[3:], strict=True)]
        return compute_volume((*lengths, *turned))

    quantities = [*edges.values(), *angles.values()]
    size = derive(follow_symmetry, *quantities, unit="Ang3", basis="fit-covariance", origin="measured")
    entries = [Entry("cell_volume", size)]
    if {"a", "c"} <= set(edges) and _is_same_edge(crystal, 0, 1):
        ratio = derive(lambda a, c: c / a, edges["a"], edges["c"], unit="1", basis="fit-covariance", origin="measured")
        entries.append(Entry("c_to_a", ratio))
    # the density follows the volume: the cell's content is held
    factor = crystal.density * crystal.volume
    density = derive(lambda v: factor / v, size, unit="g/cm3", basis="fit-covariance", origin="measured")
    return [*entries, Entry("crystal_density", density)]


def _is_same_edge(crystal: Crystal, i: int, j: int) -> bool:
    return abs(crystal.cell[i] - crystal.cell[j]) < 1e-9


def report_fractions(fit: RefinementFit, factor: float, source: str) -> list[Entry]:
    """Mass fractions of the crystalline phases (R. J. Hill, C. J. Howard, J. Appl. Cryst. 20 (1987) 467)."""
    if len(fit.crystals) < 2:
        return []
    entries = []
    for i, (crystal, (fraction, std)) in enumerate(zip(fit.crystals, fit.fractions, strict=True)):
        if std is None:
            q = Quantity(100 * fraction, "wt%", basis="none", origin="measured")
        else:
            error = 100 * std * factor
            q = Quantity(100 * fraction, "wt%", error, basis="fit-covariance", origin="measured")
            q = q.tagged(f"{source}:fraction{i}") if error else q
        entries.append(Entry("phase_fraction", q, {"phase": crystal.name}))
        if i:
            entries += _report_minor_cell(fit, i, factor, source)
    return entries


def _report_minor_cell(fit: RefinementFit, i: int, factor: float, source: str) -> list[Entry]:
    entries = []
    for edge in "abc":
        path = f"phases.{i}.cell.{edge}"
        if path in fit.free and fit.esd.get(path):
            q = Quantity(fit.values[path], "Ang", fit.esd[path] * factor, basis="fit-covariance", origin="measured")
            entries.append(Entry(f"lattice_{edge}", q, {"phase": fit.crystals[i].name}))
    return entries


def report_quality(fit: RefinementFit) -> list[Entry]:
    """Agreement factors: numbers without an uncertainty of their own."""
    rows = (("rwp", "%", 100), ("rexp", "%", 100), ("gof", "1", 1), ("max_shift_over_esd", "1", 1))
    found = []
    for name, unit, factor in rows:
        value = factor * fit.statistics[name]
        if np.isfinite(value):
            found.append(Entry(name, Quantity(value, unit, basis="none", origin="measured")))
    return [*found, Entry("esd_inflation", Quantity(fit.inflation, "1", basis="none", origin="measured"))]


def tabulate_sites(fit: RefinementFit, factor: float) -> Curve:
    """The refined sites: plain and inflated standard deviations of B and occupancy."""
    rows = [(i, j, crystal, site) for i, crystal in enumerate(fit.crystals) for j, site in enumerate(crystal.sites)]

    def esd(kind: str) -> np.ndarray:
        return np.array([fit.esd.get(f"phases.{i}.atoms.{j}.{kind}", 0.0) for i, j, _, _ in rows])

    columns = {
        "phase": (np.array([crystal.name for _, _, crystal, _ in rows]), "1"),
        "label": (np.array([site.label for *_, site in rows]), "1"),
        "element": (np.array([site.element for *_, site in rows]), "1"),
    }
    for name, unit, kind in (
        ("x", "1", "x"),
        ("y", "1", "y"),
        ("z", "1", "z"),
        ("occupancy", "1", "occ"),
        ("b_iso", "Ang2", "biso"),
    ):
        columns[name] = (np.array([getattr(site, name) for *_, site in rows]), unit)
        columns[f"{name}_esd"] = (esd(kind), unit)
        columns[f"{name}_esd_inflated"] = (esd(kind) * fit.inflation, unit)
    return Curve("sites", columns)


def describe_methods(fit: RefinementFit, options: RietveldOptions) -> str:
    """Sentences for an experimental section."""
    machine = fit.machine
    geometry = "Debye-Scherrer geometry" if machine.geometry == "capillary" else "Bragg-Brentano geometry"
    resolution = (
        f"the instrumental resolution was taken from {machine.source}"
        if machine.known
        else ("no line standard was available, and a width common to all lines was refined")
    )
    return (
        f"Rietveld refinement (rietx {rietx_engine.load_engine().__version__}) of data in {geometry}, wavelength "
        f"{machine.wavelengths[0]:.5f} angstrom: {resolution}. The background was a Chebyshev polynomial of "
        f"{fit.problem.background} terms. Freed in order: {describe_steps(fit.problem.steps)}."
    )


def _make_term(unit: str, words: str, symbol: str, meaning: str) -> dict[str, str]:
    return {"unit": unit, "words": words, "symbol": symbol, "meaning": meaning}


VOCABULARY = {
    "quantity": {
        "lattice_b": _make_term("Ang", "lattice parameter b", "b", "refined lattice parameter"),
        "lattice_alpha": _make_term("deg", "cell angle alpha", "alpha", "refined cell angle"),
        "lattice_beta": _make_term("deg", "cell angle beta", "beta", "refined cell angle"),
        "lattice_gamma": _make_term("deg", "cell angle gamma", "gamma", "refined cell angle"),
        "c_to_a": _make_term("1", "c/a", "c/a", "ratio of the lattice parameters of a layered oxide"),
        "oxygen_z": _make_term(
            "1", "oxygen coordinate z", "z_O", "height of oxygen in the cell of a layered oxide (6c)"
        ),
        "height_z": _make_term("1", "coordinate z", "z", "refined height of a site in the cell"),
        "displacement": _make_term("mm", "displacement of the specimen", "s", "refined height of a flat specimen"),
        "b_iso": _make_term("Ang2", "displacement parameter B", "B_iso", "isotropic displacement, B = 8 pi^2 <u^2>"),
        "crystallite_size": _make_term(
            "nm", "crystallite size", "D", "wavelength over FWHM times cos(theta), Lorentzian"
        ),
        "microstrain": _make_term("%", "microstrain", "strain", "Lorentzian FWHM in rad over tan(theta), 2 delta d/d"),
        "march_dollase": _make_term(
            "1", "March-Dollase coefficient", "r", "preferred orientation, 1 where there is none"
        ),
        "zero_shift": _make_term("deg", "zero of two theta", "2theta_0", "refined zero of the diffractometer"),
        "crystal_density": _make_term("g/cm3", "X-ray density", "rho_X", "mass of the cell's content over its volume"),
        "phase_fraction": _make_term("wt%", "mass fraction of a phase", "w", "of all crystalline phases in the model"),
        "rwp": _make_term(
            "%", "weighted profile R factor", "R_wp", "agreement of model and pattern, background included"
        ),
        "rexp": _make_term("%", "expected R factor", "R_exp", "R_wp that counting statistics would leave"),
        "gof": _make_term("1", "goodness of fit", "GOF", "R_wp over R_exp"),
        "max_shift_over_esd": _make_term(
            "1", "largest shift over standard deviation", "shift/esd", "in the last cycle"
        ),
        "esd_inflation": _make_term(
            "1", "inflation of standard deviations", "f_BL", "for serially correlated residuals"
        ),
    },
    "state": {"site": {"unit": "1", "words": "site"}},
}

RELATIONS = (
    {
        "id": "antisites-of-lost-lithium",
        "words": "antisites grew by no more than the coating's lithium, had it left the lattice, would make room for",
        "each": "coated-pair",
        "unit": "%",
        "computed": "lithium * 1e-6 * molar_mass(cam) / atoms(cam, 'Li') * 100",
        "stated": "after - before",
        "rule": "at least",
        "techniques": ["icp_oes", "xps", "rietveld"],
        "operands": {
            "lithium": {"relation": "coating-lithium"},
            "before": {"quantity": "ni_li", "of": "reference", "unit": "%"},
            "after": {"quantity": "ni_li", "unit": "%"},
        },
        "how": {"before": "diffraction of the bare powder", "after": "diffraction of the coated powder"},
    },
)

TECHNIQUE = Technique(
    "rietveld",
    "Rietveld refinement",
    ("diffraction",),
    analyse,
    RietveldOptions,
    asked=True,
    vocabulary=VOCABULARY,
    citations=(
        "H. M. Rietveld, J. Appl. Cryst. 1969, 2, 65-71.",
        "L. B. McCusker, R. B. Von Dreele, D. E. Cox, D. Louer, P. Scardi, J. Appl. Cryst. 1999, 32, 36-50.",
        "J.-F. Berar, P. Lelann, J. Appl. Cryst. 1991, 24, 1-5.",
        "Y. Wu, M. W. Gaultois, rietx, https://github.com/yue-here/rietx",
    ),
    relations=RELATIONS,
    place="Tab. S1",
)
