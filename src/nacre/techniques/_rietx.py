"""The Rietveld engine rietx, behind our own words: build the model, run a plan of steps, give back what it found.

Conventions: u, v, w are FWHM^2 in deg^2, x, y Lorentzian FWHM in deg; size broadening is size/cos(theta), strain
broadening strain * tan(theta), both Lorentzian FWHM in deg. The engine multiplies its standard deviations by the factor
of J.-F. Berar and P. Lelann (J. Appl. Cryst. 24 (1991) 1-5); here the plain ones are kept, and the factor beside them.
Absorption in a capillary is taken out of the pattern before the fit (intensities and their uncertainties divided by
the same smooth curve, so that no weight changes) and put back into what is shown: it holds for any mu R.
"""

import fnmatch
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from nacre.core.errors import NacreError, did_you_mean
from nacre.materials.crystals import Crystal, Site
from nacre.physics.capillary import transmission
from nacre.techniques._threads import one_thread

# findings of the engine that mean that a number must not be believed
FATAL = ("STAGE_PATH_UNKNOWN", "STAGE_PATH_NOT_FREE", "MODEL_FAR_FROM_DATA")
QUIET = ("CAPILLARY_OFFSET_UNAVAILABLE", "QPA_ESD_UNAVAILABLE", "HIGH_CORRELATION")
ITEMS = (
    *("scale", "background", "zero", "displacement", "cell", "width", "widths", "size", "strain", "coordinates"),
    *("b", "antisite", "texture", "axial", "ka2"),
)


@dataclass(frozen=True)
class Machine:
    """The diffractometer: radiation (angstrom, relative weights), geometry, resolution, zero.

    `scale_error` is the relative uncertainty of all lengths, as a line standard showed it.
    """

    wavelengths: tuple[float, ...]
    weights: tuple[float, ...] = (1.0,)
    geometry: str = "capillary"
    polarisation: float = 0.5
    u: float = 0.0
    v: float = 0.0
    w: float = 0.0025
    x: float = 0.0
    y: float = 0.0
    zero: float = 0.0
    displacement: float = 0.0
    axial: float = 0.0
    radius: float | None = None
    mu_r: float = 0.0
    source: str = ""
    known: bool = False
    scale_error: float = 0.0


@dataclass(frozen=True)
class Step:
    """One step of a plan: what is set free in it, beside all that was free before.

    `free` holds items like "cell" (of all phases that may) or "cell@NiO" (of one).
    """

    name: str
    free: tuple[str, ...]
    words: str = ""


@dataclass(frozen=True)
class Problem:
    """What is fitted: a pattern, its phases, the machine, the plan.

    `signed` names phases whose scale may be negative: what is compared with nothing must not stop at nothing.
    """

    two_theta: np.ndarray
    intensity: np.ndarray
    sigma: np.ndarray
    crystals: tuple[Crystal, ...]
    machine: Machine
    steps: tuple[Step, ...]
    background: int = 13
    excluded: tuple[tuple[float, float], ...] = ()
    starts: Mapping[str, float] = field(default_factory=dict)
    texture: Mapping[str, tuple[int, int, int]] = field(default_factory=dict)
    signed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Fit:
    """What came out. `values` and `esd` go by the engine's names of parameters; tied ones are among them.

    `free` names the rows of `correlation`; `inflation` is the factor of Berar and Lelann, not in `esd`.
    """

    problem: Problem
    values: Mapping[str, float]
    esd: Mapping[str, float]
    free: tuple[str, ...]
    correlation: np.ndarray
    statistics: Mapping[str, float]
    inflation: float
    status: str
    findings: tuple[tuple[str, str, str], ...]
    crystals: tuple[Crystal, ...]
    machine: Machine
    calculated: np.ndarray
    background: np.ndarray
    kept: np.ndarray
    ticks: Mapping[str, np.ndarray]
    hkl: Mapping[str, np.ndarray]
    fractions: tuple[tuple[float, float | None], ...]
    steps: tuple[tuple[str, float, float, int], ...]

    def covariance(self, names: Sequence[str]) -> np.ndarray:
        """Covariance (n, n) of free parameters, from the plain standard deviations."""
        rows = [self.free.index(name) for name in names]
        std = np.array([self.esd[name] for name in names])
        return self.correlation[np.ix_(rows, rows)] * np.outer(std, std)


def engine():
    """The engine's module. Raises NacreError with the one sentence that cures its absence."""
    try:
        import rietx
    except ImportError:
        raise NacreError(
            "Rietveld refinement needs the engine rietx, which is not installed", do="pip install 'nacre[xrd]'"
        ) from None
    return rietx


def refine(problem: Problem) -> Fit:
    """Runs the plan. Raises NacreError where the plan asks for what cannot be free, or the pattern cannot carry it."""
    rx = engine()
    _check_size(problem)
    ratio = _absorption(problem)
    refinement = rx.Refinement(_structure(rx, problem), _instrument(rx, problem, ratio), history=False)
    _tie(refinement, problem)
    if problem.starts:
        known = {row.path for row in refinement.parameters()}
        refinement.set_values({path: value for path, value in problem.starts.items() if path in known})
    plan = rx.RefinementPlan([rx.Stage(step.name, paths_of(step, problem)) for step in problem.steps])
    data = rx.PatternData(
        two_theta=problem.two_theta.tolist(),
        intensity=(problem.intensity / ratio).tolist(),
        sigma=np.where(np.isfinite(problem.sigma), problem.sigma / ratio, 1e12).tolist(),
        excluded_regions=[tuple(region) for region in problem.excluded],
    )
    try:
        with one_thread():
            result = refinement.fit(data, plan=plan, telemetry=False)
    except (ValueError, ArithmeticError, np.linalg.LinAlgError) as error:
        raise NacreError(
            "the refinement broke down",
            found=str(error).splitlines()[0],
            do="start nearer to the answer, or free fewer things at once",
        ) from None
    return _read(refinement, result, problem, ratio)


# --- building -----------------------------------------------------------------------------------------------


def _absorption(problem: Problem) -> np.ndarray:
    if problem.machine.geometry != "capillary" or not problem.machine.mu_r:
        return np.ones_like(problem.two_theta)
    found = transmission(problem.two_theta, problem.machine.mu_r)
    return found / found.mean()


def _structure(rx, problem: Problem):
    phases = []
    for crystal in problem.crystals:
        crystal.need_sites()
        names = ("a", "b", "c", "alpha", "beta", "gamma")
        cell = rx.Cell(**{name: rx.Parameter(value=v) for name, v in zip(names, crystal.cell, strict=True)})
        phase = rx.Phase(
            name=crystal.name,
            space_group=crystal.space_group,
            cell=cell,
            atoms=[_atom(rx, site) for site in crystal.sites],
        )
        phase.scale = rx.Parameter(value=1e-3, min=-1.0 if crystal.name in problem.signed else 0.0)
        if crystal.name in problem.texture:
            phase.preferred_orientation = rx.PreferredOrientation(axis=problem.texture[crystal.name])
        phases.append(phase)
    return rx.Structure(phases=phases)


def _atom(rx, site: Site):
    numbers = {"x": site.x, "y": site.y, "z": site.z, "occ": site.occupancy, "biso": site.b_iso}
    return rx.Atom(
        label=site.label, species=site.element, **{key: rx.Parameter(value=float(v)) for key, v in numbers.items()}
    )


def _instrument(rx, problem: Problem, ratio: np.ndarray):
    machine = problem.machine
    total = sum(machine.weights)
    lines = [
        rx.schemas.EmissionLine(wavelength=rx.Parameter(value=length), weight=rx.Parameter(value=weight / total))
        for length, weight in zip(machine.wavelengths, machine.weights, strict=True)
    ]
    kind = {"capillary": "debye_scherrer", "flat": "bragg_brentano"}[machine.geometry]
    geometry = {"kind": kind}
    if machine.radius:
        geometry["goniometer_radius_mm"] = machine.radius
    instrument = rx.Instrument(
        source=rx.schemas.Source(lines=lines, polarization=rx.Parameter(value=machine.polarisation)),
        geometry=rx.schemas.Geometry(**geometry),
    )
    profile = instrument.profile
    for name in "uvwxy":
        getattr(profile, name).value = getattr(machine, name)
    instrument.zero_shift.value = machine.zero
    instrument.geometry.axial_sl.value = instrument.geometry.axial_hl.value = machine.axial
    if machine.geometry == "flat":
        instrument.geometry.sample_displacement.value = machine.displacement
    level = float(np.percentile(problem.intensity / ratio, 20))
    terms = [level, *[0.0] * (problem.background - 1)]
    instrument.background = rx.BackgroundChebyshev(coefficients=[rx.Parameter(value=term) for term in terms])
    return instrument


def _tie(refinement, problem: Problem) -> None:
    for i, crystal in enumerate(problem.crystals):
        place = {site.label: j for j, site in enumerate(crystal.sites)}
        for tie in crystal.ties:
            kind = {"occ": "occ", "b": "biso"}[tie.kind]
            paths = [f"phases.{i}.atoms.{place[label]}.{kind}" for label in (tie.label, tie.source)]
            refinement.tie(paths[0], paths[1], scale=tie.scale, offset=tie.offset)


def paths_of(step: Step, problem: Problem) -> list[str]:
    """The engine's paths of a step's items. Raises NacreError for an unknown item, phase, or a tied number."""
    found = []
    for item in step.free:
        name, _, phase = item.partition("@")
        names = [crystal.name for crystal in problem.crystals]
        if name.partition(":")[0] not in ITEMS:
            raise NacreError(f"a plan cannot free '{item}'", where=f"step '{step.name}'", do=did_you_mean(name, ITEMS))
        if phase and phase not in names:
            raise NacreError(
                f"no phase '{phase}' in the model", where=f"step '{step.name}'", do=did_you_mean(phase, names)
            )
        chosen = [i for i, known in enumerate(names) if phase in ("", known)]
        found += _paths(name, chosen, problem, step.name)
    return found


def _paths(name: str, chosen: list[int], problem: Problem, step: str) -> list[str]:
    plain = {
        "background": ["instrument.background.*"],
        "zero": ["instrument.zero_shift"],
        "displacement": ["instrument.geometry.sample_displacement"],
        "width": ["instrument.profile.w"],
        "widths": [f"instrument.profile.{letter}" for letter in "uvwxy"],
        "axial": ["instrument.geometry.axial_sl"],
        "ka2": ["instrument.source.lines.1.weight"],
    }
    item, _, label = name.partition(":")
    if item in plain:
        return [f"instrument.profile.{letter}" for letter in label] if item == "widths" and label else plain[item]
    per_phase = {
        "scale": "scale",
        "cell": "cell.*",
        "size": "lor_size",
        "strain": "lor_strain",
        "texture": "preferred_orientation.r",
    }
    if item in per_phase:
        return [f"phases.{i}.{per_phase[item]}" for i in chosen]
    return [path for i in chosen for path in _atom_paths(item, label, i, problem.crystals[i], step)]


def _atom_paths(item: str, label: str, i: int, crystal: Crystal, step: str) -> list[str]:
    place = {site.label: j for j, site in enumerate(crystal.sites)}
    if label and label not in place:
        raise NacreError(f"no atom '{label}' in {crystal.name}", where=f"step '{step}'", do=did_you_mean(label, place))
    kind = "b" if item == "b" else "occ"
    tied = {tie.label: tie for tie in crystal.ties if tie.kind == kind}
    if item == "antisite" and not label:
        label = crystal.antisite
    if label and item in ("b", "antisite") and label in tied:
        tie = tied[label]
        raise NacreError(
            f"{'B' if kind == 'b' else 'the occupancy'} of {label} is tied and cannot be free",
            where=f"step '{step}'",
            found=tie.words or f"it follows {tie.source}",
            do=f"free that of {tie.source} instead",
        )
    if item == "coordinates":
        wanted = {name.partition(".")[0] for name in crystal.free} or set(place)
        return [f"phases.{i}.atoms.{j}.dof.*" for atom, j in place.items() if atom in wanted]
    if item == "b":
        return [f"phases.{i}.atoms.{j}.biso" for atom, j in place.items() if atom not in tied and label in ("", atom)]
    return [f"phases.{i}.atoms.{place[label]}.occ"] if label else []


def _check_size(problem: Problem) -> None:
    """Raises NacreError where the pattern cannot carry the plan."""
    free = problem.background + 2 + 8 * len(problem.crystals)
    low, high = float(problem.two_theta[0]), float(problem.two_theta[-1])
    d_min = problem.machine.wavelengths[0] / 2 / np.sin(np.radians(high / 2))
    d_max = problem.machine.wavelengths[0] / 2 / np.sin(np.radians(max(low, 0.1) / 2))
    lines = 0
    for crystal in problem.crystals[:1]:
        d = crystal.reflections(d_min)[1]
        lines = len(np.unique(np.round(d[d < d_max], 4)))
    if problem.two_theta.size < 5 * free or lines < 3:
        raise NacreError(
            "the pattern is too short for the plan",
            found=f"{problem.two_theta.size} points and {lines} lines of {problem.crystals[0].name} "
            f"from {low:.4g} to {high:.4g} deg",
            expected=f"at least {5 * free} points and 3 lines",
            do="measure a longer range, use fewer background terms, or check the wavelength",
        )


# --- reading back -------------------------------------------------------------------------------------------


def _read(refinement, result, problem: Problem, ratio: np.ndarray) -> Fit:
    inflation = float(result.statistics.esd_inflation or 1.0)
    values = {row.path: float(row.value) for row in refinement.parameters()}
    esd = {row.path: float(row.stderr) / inflation for row in result.parameters if row.stderr is not None}
    free, correlation = _correlation(refinement, esd)
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
    return Fit(
        problem=problem,
        values=values,
        esd=esd,
        free=free,
        correlation=correlation,
        statistics=statistics,
        inflation=inflation,
        status=str(result.status),
        findings=tuple(findings),
        crystals=tuple(_refined(crystal, i, values) for i, crystal in enumerate(problem.crystals)),
        machine=_machine(problem.machine, values),
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


def _correlation(refinement, esd: Mapping[str, float]) -> tuple[tuple[str, ...], np.ndarray]:
    """Names of the free parameters and their correlation matrix, as the last stage left them."""
    kept = refinement._answer_covariance  # the engine keeps it, and gives it out in no other way (1.10)
    if kept is None:
        return (), np.zeros((0, 0))
    _, parameters, _, _, matrix = kept
    paths = list(parameters.free_paths)
    rows = [i for i, path in enumerate(paths) if path in esd]
    return tuple(paths[i] for i in rows), np.asarray(matrix)[np.ix_(rows, rows)]


def _refined(crystal: Crystal, i: int, values: Mapping[str, float]) -> Crystal:
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


def _machine(machine: Machine, values: Mapping[str, float]) -> Machine:
    profile = {name: values.get(f"instrument.profile.{name}", getattr(machine, name)) for name in "uvwxy"}
    return replace(
        machine,
        **profile,
        zero=values.get("instrument.zero_shift", machine.zero),
        displacement=values.get("instrument.geometry.sample_displacement", machine.displacement),
        axial=values.get("instrument.geometry.axial_sl", machine.axial),
    )


def matching(fit: Fit, pattern: str) -> list[str]:
    """Free parameters whose path matches a pattern like `phases.0.atoms.*.biso`."""
    return [path for path in fit.free if fnmatch.fnmatchcase(path, pattern)]
