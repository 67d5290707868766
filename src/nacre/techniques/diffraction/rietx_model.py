"""The model as the Rietveld engine wants it: phases, diffractometer, ties, and the paths of what a plan sets free."""

import numpy as np

from nacre.core.errors import NacreError, did_you_mean
from nacre.materials.crystals import Crystal, Site
from nacre.physics.diffraction.capillary import compute_transmission
from nacre.techniques.diffraction.rietx_problem import RefinementProblem, RefinementStep

ITEMS = (
    *("scale", "background", "zero", "displacement", "cell", "width", "widths", "size", "strain", "coordinates"),
    *("b", "antisite", "texture", "axial", "ka2"),
)


def make_absorption(problem: RefinementProblem) -> np.ndarray:
    """What a capillary lets through at each point, over its mean; 1 where nothing is known of it."""
    if problem.machine.geometry != "capillary" or not problem.machine.mu_r:
        return np.ones_like(problem.two_theta)
    found = compute_transmission(problem.two_theta, problem.machine.mu_r)
    return found / found.mean()


def make_structure(rx, problem: RefinementProblem):
    """The phases as the engine wants them."""
    phases = []
    for crystal in problem.crystals:
        crystal.need_sites()
        names = ("a", "b", "c", "alpha", "beta", "gamma")
        cell = rx.Cell(**{name: rx.Parameter(value=v) for name, v in zip(names, crystal.cell, strict=True)})
        phase = rx.Phase(
            name=crystal.name,
            space_group=crystal.space_group,
            cell=cell,
            atoms=[_make_atom(rx, site) for site in crystal.sites],
        )
        phase.scale = rx.Parameter(value=1e-3, min=-1.0 if crystal.name in problem.signed else 0.0)
        if crystal.name in problem.texture:
            phase.preferred_orientation = rx.PreferredOrientation(axis=problem.texture[crystal.name])
        phases.append(phase)
    return rx.Structure(phases=phases)


def _make_atom(rx, site: Site):
    numbers = {"x": site.x, "y": site.y, "z": site.z, "occ": site.occupancy, "biso": site.b_iso}
    return rx.Atom(
        label=site.label, species=site.element, **{key: rx.Parameter(value=float(v)) for key, v in numbers.items()}
    )


def make_instrument(rx, problem: RefinementProblem, ratio: np.ndarray):
    """The diffractometer with a flat background at the pattern's level, as the engine wants them."""
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
    built = rx.Instrument(
        source=rx.schemas.Source(lines=lines, polarization=rx.Parameter(value=machine.polarisation)),
        geometry=rx.schemas.Geometry(**geometry),
    )
    profile = built.profile
    for name in "uvwxy":
        getattr(profile, name).value = getattr(machine, name)
    built.zero_shift.value = machine.zero
    built.geometry.axial_sl.value = built.geometry.axial_hl.value = machine.axial
    if machine.geometry == "flat":
        built.geometry.sample_displacement.value = machine.displacement
    level = float(np.percentile(problem.intensity / ratio, 20))
    terms = [level, *[0.0] * (problem.background - 1)]
    built.background = rx.BackgroundChebyshev(coefficients=[rx.Parameter(value=term) for term in terms])
    return built


def tie(refinement, problem: RefinementProblem) -> None:
    """Occupancies and displacements that follow others."""
    for i, crystal in enumerate(problem.crystals):
        place = {site.label: j for j, site in enumerate(crystal.sites)}
        for one in crystal.ties:
            kind = {"occ": "occ", "b": "biso"}[one.kind]
            paths = [f"phases.{i}.atoms.{place[label]}.{kind}" for label in (one.label, one.source)]
            refinement.tie(paths[0], paths[1], scale=one.scale, offset=one.offset)


def expand_paths(step: RefinementStep, problem: RefinementProblem) -> list[str]:
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
        found += _list_paths(name, chosen, problem, step.name)
    return found


def _list_paths(name: str, chosen: list[int], problem: RefinementProblem, step: str) -> list[str]:
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
    return [path for i in chosen for path in _list_atom_paths(item, label, i, problem.crystals[i], step)]


def _list_atom_paths(item: str, label: str, i: int, crystal: Crystal, step: str) -> list[str]:
    place = {site.label: j for j, site in enumerate(crystal.sites)}
    if label and label not in place:
        raise NacreError(f"no atom '{label}' in {crystal.name}", where=f"step '{step}'", do=did_you_mean(label, place))
    kind = "b" if item == "b" else "occ"
    tied = {one.label: one for one in crystal.ties if one.kind == kind}
    if item == "antisite" and not label:
        label = crystal.antisite
    if label and item in ("b", "antisite") and label in tied:
        held = tied[label]
        raise NacreError(
            f"{'B' if kind == 'b' else 'the occupancy'} of {label} is tied and cannot be free",
            where=f"step '{step}'",
            found=held.words or f"it follows {held.source}",
            do=f"free that of {held.source} instead",
        )
    if item == "coordinates":
        wanted = {name.partition(".")[0] for name in crystal.free} or set(place)
        return [f"phases.{i}.atoms.{j}.dof.*" for atom, j in place.items() if atom in wanted]
    if item == "b":
        return [f"phases.{i}.atoms.{j}.biso" for atom, j in place.items() if atom not in tied and label in ("", atom)]
    return [f"phases.{i}.atoms.{place[label]}.occ"] if label else []


def check_size(problem: RefinementProblem) -> None:
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
