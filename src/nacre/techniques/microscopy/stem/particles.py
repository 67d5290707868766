"""Whole core-shell particles in a STEM-EDS map: radius of the core, thickness of the shell, or how little there is.

Input: a "spectrum_image" of counts with a scale. Elements are distinguished by whole families of lines (`element_map`).
In projection a shell is a disc that is brightest at its rim, over which the core lies; both are fitted to all particles
of the map at once (`physics.core_shell`). Particles that the border cuts are fitted, but not counted. Where cores alone
describe the map as well, there is no shell to be seen, and the result is what may have been missed.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.ndimage import gaussian_filter

from nacre.core.context import Context
from nacre.core.contracts import Technique
from nacre.core.errors import NotAssessable
from nacre.core.figure import Figure
from nacre.core.options import option
from nacre.core.quantity import Quantity
from nacre.core.result import Check, Curve, Entry, Result, Subject
from nacre.core.signal import Signal
from nacre.physics.microscopy import core_shell, shell
from nacre.techniques.microscopy import micrographs
from nacre.techniques.microscopy.stem import element_map
from nacre.techniques.microscopy.stem import figures as stem_figures
from nacre.techniques.microscopy.stem import line_families as stem_families
from nacre.techniques.microscopy.stem.element_map import UnmixedElements

LONG = 1.6  # elongation of a core beyond which it may be two
DOUBTFUL = 2.0  # dispersion about the fit above which the model is doubtful
ONE_SIDED = 1.645  # standard deviations of a 95 % bound


@dataclass(frozen=True)
class ParticleOptions:
    """Options of `stem_particles`: families of lines and sizes looked for."""

    shell: str = option("", "family of lines of the shell; else that of the declared coating's metal")
    core: str = option("", "family of lines that the core alone holds; else of the declared active material's metal")
    others: tuple[str, ...] = option((), "further families in the spectrum; else those that lie near, Cu and Ga too")
    smallest: float | None = option(None, "smallest radius of a core; by default two pixels", unit="nm", lo=0.1)
    largest: float | None = option(None, "largest radius of a core; by default a sixth of the map", unit="nm", lo=0.2)
    test: float = option(1.0, "thickness of the shell that is tested where none is seen", unit="nm", lo=0.1)
    density: float | None = option(
        None, "counts of the shell per nm over those of the core, as a coated sample has them; for that test", lo=1e-6
    )
    map: str = option("", "of a file with several maps: a word of the name or the detector of the one that is taken")


@dataclass(frozen=True)
class ParticleMeasurement:
    """All that a map says of its particles: those that lie whole in it (k,), and whether they have shells.

    ratio, chance : evidence for shells, and what chance exceeds with 0.1 %; test : the fit with a given shell; limit :
    the thickness in nm (95 %) that a dense shell would stay below, where none is seen and a density is given.
    """

    elements: UnmixedElements
    pixel: float
    fit: core_shell.CoreShellFit
    whole: np.ndarray
    ratio: float
    chance: float
    test: core_shell.CoreShellFit
    limit: float | None

    @property
    def coated(self) -> bool:
        return self.ratio > self.chance


def measure(signal: Signal, options: ParticleOptions) -> ParticleMeasurement:
    """Fits a map. Raises NacreError (NotAssessable where the map does not hold the answer)."""
    pixel = element_map.get_pixel(signal)
    elements = element_map.unmix(signal, (options.shell, options.core, *options.others))
    core, coat = (_make_layer(elements, name) for name in (options.core, options.shell))
    smallest = options.smallest or 2 * pixel
    largest = options.largest or min(core.y.shape) * pixel / 6
    places = core_shell.find_seeds(core, pixel, smallest, largest)
    if not places:
        raise NotAssessable(
            f"no particles of {options.core} are seen in the map",
            where=signal.where,
            expected=f"cores of radii from {smallest:.2g} to {largest:.2g} nm",
            do="set smallest and largest; for a piece of one large particle use stem_shell",
        )
    first = core_shell.make_start(core, coat, places, 0.5 * float(np.median([r for *_, r in places])))

    def fit(given: float | None) -> core_shell.CoreShellFit:
        return core_shell.fit_particles(core, coat, pixel, first, pixel, given)

    # with a shell, without one, and with one of the tested thickness
    free, none, test = (fit(given) for given in (None, 0.0, options.test))
    ratio, chance = core_shell.compute_evidence(free, none)
    coated = ratio > chance
    limit = None if coated or not options.density else _bound_thickness(fit, test, options.test, options.density)
    best = free if coated else none
    whole = np.array([_is_whole(p, core.y.shape, pixel) for p in best.particles])
    if not whole.any():
        raise NotAssessable(
            "no particle lies wholly within the map",
            where=signal.where,
            found=f"{len(whole)} that its border cuts",
            do="map a larger field",
        )
    return ParticleMeasurement(elements, pixel, best, whole, ratio, chance, test, limit)


def _bound_thickness(
    fit: Callable[[float], core_shell.CoreShellFit], test: core_shell.CoreShellFit, tested: float, density: float
) -> float:
    """A thin shell overlaps the core more than the tested one does: it is tested again, at twice what that bounds."""
    thin = 2 * tested * bound_content(test) / density
    return thin * bound_content(fit(thin)) / density


def _make_layer(elements: UnmixedElements, name: str) -> core_shell.ElementLayer:
    """An element's map, with the variance that the others cause, smoothed."""
    i = elements.names.index(name)
    rows = zip(elements.variances[i], elements.amplitude, strict=True)
    other = sum(v * np.maximum(gaussian_filter(one, 2.0), 0) for j, (v, one) in enumerate(rows) if j != i)
    return core_shell.ElementLayer(elements.amplitude[i], float(elements.variances[i, i]), np.maximum(other, 1e-6))


def _is_whole(p: core_shell.ProjectedParticle, shape: tuple[int, int], pixel: float) -> bool:
    high, wide = (n * pixel for n in shape)
    return min(p.x + p.dx, p.y + p.dy, wide - p.x - p.dx, high - p.y - p.dy) > p.outer


def analyse(inputs: Mapping[str, Any], context: Context, options: ParticleOptions) -> list[Result]:
    """Core radii and shell thicknesses of the particles of one map.

    Parameters
    ----------
    inputs : {"signal": Signal}
        A spectrum image of counts with a scale.
    context : Context
        What the study declares of the sample, the cell and the measurement.
    options : ParticleOptions
        Chosen in study.toml; each is described where it is declared.

    Returns
    -------
    list of Result
        One result: radius, thickness and their spread in nm, a table of all particles.

    Raises
    ------
    NacreError
        Where a family of lines is not known.
    NotAssessable
        Where the map does not hold the answer.
    """
    signal = micrographs.pick_signal(inputs, "signal", options.map, context.where)
    options = stem_families.complete_options(options, context, signal.where)
    found = measure(signal, options)
    subject = Subject(context.sample.name if context.sample else "", "", signal.name)
    return [
        Result(
            "stem_particles",
            context.analysis,
            subject,
            entries=tuple(_make_entries(found)),
            curves=(_tabulate_particles(found),),
            figures=(_draw_particles(found, options, context),),
            checks=tuple(_check_particles(found, options)),
            citations=TECHNIQUE.citations,
            methods=_describe_methods(found, options),
        )
    ]


def _summarise(found: ParticleMeasurement, name: str) -> tuple[Quantity, Quantity]:
    """(mean, spread) over the particles; the error of the mean allows for the spread, as other particles differ."""
    values = np.array([getattr(p, name) for p in found.fit.particles])[found.whole]
    stds = getattr(found.fit, f"{name}_std")[found.whole]
    mean, spread = (
        shell.estimate_spread(values, stds) if values.size > 2 else (float(values.mean()), float(values.std()))
    )
    std = float(np.sum(1 / (spread**2 + stds**2)) ** -0.5)
    n = values.size
    return (
        Quantity(mean, "nm", std, n=n, basis="fit-covariance", origin="measured"),
        Quantity(spread, "nm", n=n, basis="none", origin="measured"),
    )


def bound_content(test: core_shell.CoreShellFit) -> float:
    """Upper bound (95 %) of the counts in a shell of the tested thickness, over those of the core, per nm."""
    value, std = test.content
    return max(value, 0.0) + ONE_SIDED * std


def _make_entries(found: ParticleMeasurement) -> list[Entry]:
    radius, scatter = _summarise(found, "radius")
    entries = [Entry("core_radius", radius), Entry("core_radius_spread", scatter)]
    if found.coated:
        thickness, scatter = _summarise(found, "thickness")
        entries += [Entry("shell_thickness", thickness), Entry("shell_thickness_spread", scatter)]
    elif found.limit is not None:
        n = int(found.whole.sum())
        none = Quantity(0.0, "nm", None, 0.0, found.limit, n=n, basis="counting", origin="measured")
        entries.append(Entry("shell_thickness", none))
    return entries


def _check_particles(found: ParticleMeasurement, options: ParticleOptions) -> list[Check]:
    chosen = [p for p, whole in zip(found.fit.particles, found.whole, strict=True) if whole]
    checks = []
    if found.coated:
        content = float(np.median([p.shell / p.core for p in chosen]))
        text = f"shells are seen; per nm they hold {content:.3g} of the core's counts (`density`, for bare samples)"
        checks.append(Check("info", text))
    else:
        checks.append(Check("info", _describe_absence(found, options)))
    cut = int((~found.whole).sum())
    if cut:
        checks.append(Check("info", f"{cut} of {found.whole.size} particles reach the border and are not counted"))
    if len(chosen) < 3:
        checks.append(Check("warn", f"{len(chosen)} particles are too few for a spread", "map more of them"))
    if long := sum(p.elongation > LONG for p in chosen):
        text = f"{long} cores are more than {LONG:g} times longer than wide: each may be two that overlap"
        checks.append(Check("warn", text, "look at the map"))
    worst = float(np.median(found.fit.dispersion[found.whole]))
    if worst > DOUBTFUL:
        text = f"the particles scatter {worst:.1f} times more than counting about spheres in shells"
        checks.append(Check("warn", text, "other shapes or holes: take the numbers as rough"))
    return checks + element_map.check_fit(found.elements)


def _describe_absence(found: ParticleMeasurement, options: ParticleOptions) -> str:
    content = bound_content(found.test)
    text = (
        f"no shell of {options.shell} is seen (likelihood ratio {found.ratio:.0f}, by chance to {found.chance:.0f}); "
        f"one of {options.test:g} nm would hold less than {content:.2g} of the core's counts per nm (95 %)"
    )
    if found.limit is None:
        return text + "; what thickness that is follows from the option `density`"
    return text + f", one as dense as that of a coated sample would be thinner than {found.limit:.2g} nm"


def _describe_methods(found: ParticleMeasurement, options: ParticleOptions) -> str:
    return (
        f"STEM-EDS maps were unmixed into families of lines ({', '.join(found.elements.names)}). Cores of "
        f"{options.core} with shells of {options.shell} were fitted in projection to all {found.whole.size} particles "
        f"of the map with Poisson statistics and a common probe of {2.355 * found.fit.blur:.2g} nm (FWHM); "
        f"{int(found.whole.sum())} of them lie whole in it."
    )


def _tabulate_particles(found: ParticleMeasurement) -> Curve:
    fit = found.fit
    x, y, radius, thickness = np.array([(p.x, p.y, p.radius, p.thickness) for p in fit.particles]).T
    columns = {
        "x": (x, "nm"),
        "y": (y, "nm"),
        "radius": (radius, "nm"),
        "radius_std": (fit.radius_std, "nm"),
        "thickness": (thickness, "nm"),
        "thickness_std": (fit.thickness_std, "nm"),
        "whole": (found.whole.astype(float), "1"),
    }
    return Curve("particles", columns)


def _draw_particles(found: ParticleMeasurement, options: ParticleOptions, context: Context) -> Figure:
    fit, subject = found.fit, context.sample.name if context.sample else ""
    chosen = [p for p, whole in zip(fit.particles, found.whole, strict=True) if whole]
    cores = stem_figures.draw_outlines(chosen, "cores", subject, outside=False)
    lines = (cores, stem_figures.draw_outlines(chosen, "shells", subject, outside=True)) if found.coated else (cores,)
    names = (options.core, options.shell)
    maps = [found.elements.of(name) for name in names]
    panels = (
        stem_figures.draw_element_map(maps[0], found.pixel, names[0], cores),
        stem_figures.draw_element_map(maps[1], found.pixel, names[1], *lines),
        stem_figures.draw_around(maps, fit.models, chosen, found.pixel, names, subject),
    )
    words = "Particles that lie wholly within the map, with the fitted outlines, and counts about their middles (mean)."
    return stem_figures.make_figure("particles", "Core-shell particles", panels, words, "Fig. 3b", context)


TECHNIQUE = Technique(
    "stem_particles",
    "Core radius and shell thickness of whole particles from STEM-EDS",
    ("spectrum_image",),
    analyse,
    ParticleOptions,
    asked=True,
    vocabulary={
        "quantity": {
            "core_radius": {"unit": "nm", "words": "core radius", "symbol": "R_core",
                            "meaning": "radius of the circle that a particle's core covers in projection, mean"},
            "core_radius_spread": {"unit": "nm", "words": "spread of the core radius", "symbol": "s_core",
                                   "meaning": "standard deviation of the core radius over particles, noise removed"},
            "shell_thickness_spread": {"unit": "nm", "words": "spread of the shell thickness", "symbol": "s_shell",
                                       "meaning": "standard deviation of the thickness, noise removed"},
        }
    },
    citations=(
        "R. W. M. Wedderburn, Biometrika 61 (1974) 439-447 (quasi-likelihood)",
        "T. Lindeberg, Int. J. Comput. Vision 30 (1998) 79-116 (particles at their own scale)",
        "R. DerSimonian, N. Laird, Control. Clin. Trials 7 (1986) 177-188 (spread beyond the errors)",
    ),
)  # fmt: skip
