"""The Rietveld engine rietx, behind our own words: build the model, run a plan of steps, give back what it found.

The engine multiplies its standard deviations by the factor
of J.-F. Berar and P. Lelann (J. Appl. Cryst. 24 (1991) 1-5); here the plain ones are kept, and the factor beside them.
Absorption in a capillary is taken out of the pattern before the fit (intensities and their uncertainties divided by
the same smooth curve, so that no weight changes) and put back into what is shown: it holds for any mu R.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from nacre.core.errors import NacreError
from nacre.materials.crystals import Crystal
from nacre.techniques.diffraction import rietx_model
from nacre.techniques.diffraction.rietx_problem import DiffractometerModel, RefinementFit, RefinementProblem
from nacre.techniques.diffraction.single_thread import limit_threads

# findings of the engine that mean that a number must not be believed
FATAL = ("STAGE_PATH_UNKNOWN", "STAGE_PATH_NOT_FREE", "MODEL_FAR_FROM_DATA")
QUIET = ("CAPILLARY_OFFSET_UNAVAILABLE", "QPA_ESD_UNAVAILABLE", "HIGH_CORRELATION")


def load_engine():
    """The engine's module. Raises NacreError with the one sentence that cures its absence."""
    try:
        import rietx
    except ImportError:
        raise NacreError(
            "Rietveld refinement needs the engine rietx, which is not installed", do="pip install 'nacre[xrd]'"
        ) from None
    return rietx


def refine(problem: RefinementProblem) -> RefinementFit:
    """Runs the plan. Raises NacreError where the plan asks for what cannot be free, or the pattern cannot carry it."""
    rx = load_engine()
    rietx_model.check_size(problem)
    ratio = rietx_model.make_absorption(problem)
    refinement = rx.Refinement(
        rietx_model.make_structure(rx, problem), rietx_model.make_instrument(rx, problem, ratio), history=False
    )
    rietx_model.tie(refinement, problem)
    if problem.starts:
        known = {row.path for row in refinement.parameters()}
        refinement.set_values({path: value for path, value in problem.starts.items() if path in known})
    plan = rx.RefinementPlan([rx.Stage(step.name, rietx_model.expand_paths(step, problem)) for step in problem.steps])
    data = rx.PatternData(
        two_theta=problem.two_theta.tolist(),
        intensity=(problem.intensity / ratio).tolist(),
        sigma=np.where(np.isfinite(problem.sigma), problem.sigma / ratio, 1e12).tolist(),
        excluded_regions=[tuple(region) for region in problem.excluded],
    )
    try:
        with limit_threads():
            result = refinement.fit(data, plan=plan, telemetry=False)
    except (ValueError, ArithmeticError, np.linalg.LinAlgError) as error:
        raise NacreError(
            "the refinement broke down",
            found=str(error).splitlines()[0],
            do="start nearer to the answer, or free fewer things at once",
        ) from None
    return _read_fit(refinement, result, problem, ratio)


def _read_fit(refinement, result, problem: RefinementProblem, ratio: np.ndarray) -> RefinementFit:
    inflation = float(result.statistics.esd_inflation or 1.0)
    values = {row.path: float(row.value) for row in refinement.parameters()}
    esd = {row.path: float(row.stderr) / inflation for row in result.parameters if row.stderr is not None}
    free, correlation = _get_correlation(refinement, esd)
    findings = [(d.level, d.code, str(d.message)) for d in result.diagnostics if d.code not in QUIET]
    kept = np.isin(np.round(problem.two_theta, 9), np.round(np.asarray(result.two_theta), 9))
    back = ratio[kept]
    statistics = {
        name: float(getattr(result.statistics, name))
        for name in ("rwp", "rp", "rexp", "gof", "durbin_watson", "n_points", "n_free_parameters")
    }
    shift = result.statistics.max_shift_over_esd
    statistics["max_shift_over_esd"] = float("nan") if shift is None else float(shift)
    quantities = result.qpa.phases if result.qpa else []
    return RefinementFit(
        problem=problem,
        values=values,
        esd=esd,
        free=free,
        correlation=correlation,
        statistics=statistics,
        inflation=inflation,
        status=str(result.status),
        findings=tuple(findings),
        crystals=tuple(_read_crystals(crystal, i, values) for i, crystal in enumerate(problem.crystals)),
        machine=_read_diffractometer(problem.machine, values),
        calculated=np.asarray(result.y_calc) * back,
        background=np.asarray(result.y_background) * back,
        kept=kept,
        ticks={name: np.asarray(found) for name, found in result.ticks.items()},
        hkl={name: np.asarray(found) for name, found in result.tick_hkl.items()},
        fractions=tuple(
            (
                float(q.weight_fraction),
                None if q.weight_fraction_stderr is None else q.weight_fraction_stderr / inflation,
            )
            for q in quantities
        ),
        steps=tuple((s.name, float(s.cost_initial), float(s.cost_final), len(s.freed)) for s in result.stages),
    )


def _get_correlation(refinement, esd: Mapping[str, float]) -> tuple[tuple[str, ...], np.ndarray]:
    """Names of the free parameters and their correlation matrix, as the last stage left them."""
    kept = refinement._answer_covariance  # the engine keeps it, and gives it out in no other way (1.10)
    if kept is None:
        return (), np.zeros((0, 0))
    _, parameters, _, _, matrix = kept
    paths = list(parameters.free_paths)
    rows = [i for i, path in enumerate(paths) if path in esd]
    return tuple(paths[i] for i in rows), np.asarray(matrix)[np.ix_(rows, rows)]


def _read_crystals(crystal: Crystal, i: int, values: Mapping[str, float]) -> Crystal:
    head = f"phases.{i}"
    names = ("a", "b", "c", "alpha", "beta", "gamma")
    cell = tuple(values.get(f"{head}.cell.{name}", old) for name, old in zip(names, crystal.cell, strict=True))
    sites = []
    for j, site in enumerate(crystal.sites):
        atom = f"{head}.atoms.{j}"
        numbers = {axis: values.get(f"{atom}.{axis}", getattr(site, axis)) for axis in "xyz"}
        occupancy, b_iso = (
            values.get(f"{atom}.{name}", old) for name, old in (("occ", site.occupancy), ("biso", site.b_iso))
        )
        sites.append(replace(site, **numbers, occupancy=occupancy, b_iso=b_iso))
    return replace(crystal, cell=cell, sites=tuple(sites))


def _read_diffractometer(machine: DiffractometerModel, values: Mapping[str, float]) -> DiffractometerModel:
    profile = {name: values.get(f"instrument.profile.{name}", getattr(machine, name)) for name in "uvwxy"}
    return replace(
        machine,
        **profile,
        zero=values.get("instrument.zero_shift", machine.zero),
        displacement=values.get("instrument.geometry.sample_displacement", machine.displacement),
        axial=values.get("instrument.geometry.axial_sl", machine.axial),
    )
