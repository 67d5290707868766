"""Coating on a particle's edge in a STEM-EDS map of a cross-section: how thick, how much covered, diffused or not.

Input: a "spectrum_image" of counts with a scale. The elements are distinguished by whole families of lines; the edge of
the core is a contour between pixels; the thickness is fitted in windows along it (`physics.shell`). The spread of the
thickness is what is left after the noise of the windows is taken off. It holds for a lamella through the edge: a
particle that is wholly in the map is seen in projection, where a box profile is wrong, and is refused unless the study
says that it is a cross-section.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from scipy.special import ndtr

from nacre.core.context import Context
from nacre.core.contracts import Technique
from nacre.core.errors import NotAssessable
from nacre.core.figure import Figure
from nacre.core.options import option
from nacre.core.quantity import Quantity
from nacre.core.result import Check, Curve, Entry, Result, Subject
from nacre.core.signal import Signal
from nacre.physics.microscopy import shell, shell_gaps
from nacre.physics.microscopy.shell_gaps import ShellCoverage
from nacre.techniques.microscopy import micrographs
from nacre.techniques.microscopy.stem import element_map
from nacre.techniques.microscopy.stem import figures as stem_figures
from nacre.techniques.microscopy.stem import line_families as stem_families
from nacre.techniques.microscopy.stem.element_map import ParticleEdge, UnmixedElements

LEAST_EVIDENCE = 12.0  # twice the log-likelihood by which a coating must beat none


@dataclass(frozen=True)
class ShellOptions:
    """Options of `stem_shell`: families of lines, windows and reach."""

    shell: str = option("", "family of lines of the coating, like 'Hf L'; else that of the declared coating's metal")
    core: str = option(
        "",
        "family of lines of the core, whose edge is where the coating begins; else that of the "
        "declared active material's first metal",
    )
    others: tuple[str, ...] = option(
        (), "further families in the spectrum; else those of the active material, Cu and Ga that lie near"
    )
    window: float = option(10.0, "length of contour over which one thickness is fitted", unit="nm", lo=1)
    stretch: float = option(2.0, "length of contour that is covered or not", unit="nm", lo=0.5)
    gap_length: float = option(10.0, "length within which gaps are not independent", unit="nm", lo=1)
    reach: float = option(30.0, "how far from the edge is looked, both ways", unit="nm", lo=2)
    tail_length: float = option(3.0, "decay length of a tail into the core that is tested", unit="nm", lo=0.3)
    cross_section: bool = option(False, "a particle that lies wholly within the map is a cross-section")
    map: str = option("", "of a file with several maps: a word of the name or the detector of the one that is taken")


@dataclass(frozen=True)
class ShellMeasurement:
    """All that a map says of its coating: lengths in nm, windows as rows of place, thickness, its std, used or not."""

    elements: UnmixedElements
    pixel: float
    edge: ParticleEdge
    core: shell.ShellProfile
    stack: shell.ShellProfile
    fit: shell.BoxFit
    windows: np.ndarray
    mean: float
    std: float
    spread: float
    whole: shell.EdgeMean
    cover: ShellCoverage
    tail: shell.DiffusionTail


def measure(signal: Signal, options: ShellOptions) -> ShellMeasurement:
    """Fits a map. Raises NacreError (NotAssessable where the map does not hold the answer)."""
    pixel = element_map.get_pixel(signal)
    elements = element_map.unmix(signal, (options.shell, options.core, *options.others))
    edge = element_map.find_edge(elements.of(options.core), pixel, signal.where)
    _refuse_projection(edge, options, signal.where)

    def profile(name: str, chosen=None, like=None) -> shell.ShellProfile:
        return element_map.make_profile(elements, name, edge, options.reach, pixel, chosen, like)

    core, stack = profile(options.core), profile(options.shell)
    blur = shell.fit_edge(core)[1]
    fit = shell.fit_stack(stack, blur)
    _refuse_nothing(stack, fit, options, signal.where)
    cover = _measure_coverage(elements, edge, stack, fit.box, options)
    windows = _fit_windows(profile, stack, fit.box, edge, cover, options)
    # a window with a gap has no thickness of its own
    used = windows[windows[:, 3] > 0]
    if len(used) < 3:
        raise NotAssessable(
            "too little coated edge for a distribution of thicknesses",
            where=signal.where,
            found=f"{len(used)} windows of {options.window:g} nm without a gap",
            expected="3 or more",
            do="map a longer piece of the edge, or set a shorter window",
        )
    tail = shell.test_for_diffusion(stack, fit, 0.1 * blur, options.tail_length)
    mean, spread = shell.estimate_spread(used[:, 1], used[:, 2])
    whole = shell.extrapolate_mean(used[:, 1], used[:, 2], used[:, 0])
    independent = max(edge.length / (2 * whole.correlation), 1.0)
    bent = 0.5 * mean * element_map.compute_curvature(edge, options.window) / np.sqrt(independent)
    std = _compute_error(fit.std, windows, spread, bent)
    if tail.found:  # a part of the tail stands in the thickness
        std = float(np.hypot(std, tail.share * mean))
    return ShellMeasurement(elements, pixel, edge, core, stack, fit, windows, mean, std, spread, whole, cover, tail)


def _compute_error(std: float, windows: np.ndarray, spread: float, bent: float) -> float:
    """The error of the mean thickness of the mapped edge: that of the whole profile, which holds the counts of all
    windows; windows that were left out; and, of a bent edge, the share `bent` of the spread.

    Where the edge is bent, the middle of the coating differs in length from its inside by half of thickness times
    curvature, and a mean along one is not that along the other. That averages out over independent pieces: a length L
    of what is alike over l (exponentially) holds L / 2 l of them.
    """
    left_out = 1 / windows[:, 3].sum() - 1 / len(windows)
    return float(np.sqrt(std**2 + spread**2 * (left_out + bent**2)))


def _refuse_projection(edge: ParticleEdge, options: ShellOptions, where: str) -> None:
    if edge.closed and not options.cross_section:
        raise NotAssessable(
            "the particle lies wholly within the map, so that its coating is seen in projection",
            where=where,
            found=f"a closed edge of {edge.length:.0f} nm",
            expected="an edge that crosses the map, of a lamella",
            do="use stem_particles for whole particles; for a lamella through one, set cross_section = true",
        )


def _refuse_nothing(stack: shell.ShellProfile, fit: shell.BoxFit, options: ShellOptions, where: str) -> None:
    """A flat or stepped profile is no coating."""
    box = fit.box
    empty = shell.Box(box.inner, box.thickness, 0.0, box.blur_in, box.blur_out, 0.0, 0.0)
    # levels well inside and well outside of the edge
    deep, far = stack.d < -2 * box.blur_in, stack.d > 2 * box.blur_in
    levels = [float(stack.y[side].sum() / max(stack.pixels[side].sum(), 1)) for side in (deep, far)]
    step = levels[0] + (levels[1] - levels[0]) * ndtr(stack.d / box.blur_in)
    best = max(stack.likelihood(empty(stack.d)), stack.likelihood(step))
    if 2 * (fit.likelihood - best) < LEAST_EVIDENCE or box.thickness > options.reach:
        raise NotAssessable(
            f"no coating of {options.shell} is seen along the edge",
            where=where,
            found=f"evidence {2 * (fit.likelihood - best):.1f}, thickness {box.thickness:.1f} nm",
            expected=f"evidence above {LEAST_EVIDENCE:g}, thickness below the reach of {options.reach:g} nm",
            do="count longer, set a longer reach, or call the sample bare",
        )


def _divide_edge(edge: ParticleEdge, length: float) -> list[np.ndarray]:
    """Masks of pixels, one per piece of the contour of about `length` nm."""
    number = max(int(edge.length // length), 1)
    bounds = np.linspace(0, edge.length, number + 1)
    return [(edge.along >= low) & (edge.along < high) for low, high in pairwise(bounds)]


def _measure_coverage(
    elements: UnmixedElements, edge: ParticleEdge, stack: shell.ShellProfile, box: shell.Box, options: ShellOptions
) -> ShellCoverage:
    """Coverage from pieces of half a stretch."""
    number = max(round(2 * edge.length / options.stretch), 2)
    d, along = edge.distance, edge.along
    band = np.isfinite(d) & (d > box.inner) & (d < box.inner + box.thickness)
    d, piece = d[band], np.minimum((along[band] / edge.length * number).astype(int), number - 1)
    other = np.interp(d, stack.d, stack.other) / stack.phi**2
    outside = ndtr(d / box.blur_in)
    bare = box.background_in * (1 - outside) + box.background_out * outside
    values = (elements.of(options.shell)[band] / stack.phi, bare / stack.phi, box(d) / stack.phi)
    z, gap, coated = (np.bincount(piece, weights=each + other, minlength=number) for each in values)
    return shell_gaps.measure_coverage(z, gap, coated, edge.length / number, options.gap_length)


def _fit_windows(
    profile, stack, box: shell.Box, edge: ParticleEdge, cover: ShellCoverage, options: ShellOptions
) -> np.ndarray:
    """Rows of place, thickness, its std, and whether the window is free of gaps."""
    pieces = _divide_edge(edge, options.window)
    half = edge.length / len(pieces) / 2
    rows = []
    for i, chosen in enumerate(pieces):
        place = (2 * i + 1) * half
        fit = shell.fit_window(profile(options.shell, chosen, stack), box)
        whole = not any(begin < place + half and end > place - half for begin, end in cover.gaps)
        rows.append([place, fit.box.thickness, fit.std, float(whole)])
    return np.array(rows)


def analyse(inputs: Mapping[str, Any], context: Context, options: ShellOptions) -> list[Result]:
    """Thickness, coverage and interdiffusion of a coating in cross-section.

    Parameters
    ----------
    inputs : {"signal": Signal}
        A spectrum image of counts with a scale.
    context : Context
        What the study declares of the sample, the cell and the measurement.
    options : ShellOptions
        Chosen in study.toml; each is described where it is declared.

    Returns
    -------
    list of Result
        One result: thickness and its spread in nm, coverage and interdiffused share in %.

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
            "stem_shell",
            context.analysis,
            subject,
            entries=tuple(_make_entries(found)),
            curves=tuple(_tabulate_shell(found)),
            figures=(_draw_shell(found, options, context),),
            checks=tuple(_check_shell(found, options)),
            citations=TECHNIQUE.citations,
            methods=_describe_methods(found, options),
        )
    ]


def _make_entries(found: ShellMeasurement) -> list[Entry]:
    number = int(found.windows[:, 3].sum())
    thickness = Quantity(found.mean, "nm", found.std, n=number, basis="fit-covariance", origin="measured")
    cover, tail = found.cover, found.tail
    low, high = (100 * bound for bound in (cover.low, cover.high))
    share = 100 * tail.share
    whole = found.whole
    edge = Quantity(whole.mean, "nm", whole.std, whole.low, whole.high, number, "model-spread", "measured")
    return [
        Entry("shell_thickness", thickness),
        Entry("shell_thickness_edge", edge),
        Entry("shell_thickness_spread", Quantity(found.spread, "nm", n=number, basis="none", origin="measured")),
        Entry("shell_coverage", Quantity(100 * cover.share, "%", None, low, high, basis="counting", origin="measured")),
        Entry("interdiffused_share", Quantity(share, "%", None, 0.0 if not tail.found else None, 100 * tail.limit,
                                              basis="counting", origin="measured")),
    ]  # fmt: skip


def _check_shell(found: ShellMeasurement, options: ShellOptions) -> list[Check]:
    element, tail = options.shell.split()[0], found.tail
    checks = []
    if tail.found:
        text = (
            f"{element} has a tail into the core: {100 * tail.share:.1f} %, likelihood ratio {tail.ratio:.1f}; the "
            "thickness holds a part of it"
        )
        checks.append(Check("warn", text, "a rough edge or one tilted in depth can look alike: repeat at another tilt"))
    else:
        text = f"no tail of {element} into the core is seen; with a decay of {options.tail_length:g} nm it is below "
        checks.append(Check("info", text + f"{100 * tail.limit:.1f} % of the coating's {element} (95 %)"))
    gaps = found.cover.lengths
    if gaps.size:
        many = f"{gaps.size} gaps are" if gaps.size > 1 else "one gap is"
        longest = f", the longest of {gaps.max():.0f} nm" if gaps.size > 1 else ""
        checks.append(Check("info", f"{many} seen, {gaps.sum():.0f} nm in all{longest}"))
    else:
        text = (
            f"no gap is seen (one below about {found.cover.shortest:.0f} nm would not be); the lower bound of the "
            f"coverage is what {found.edge.length:.0f} nm of edge allow"
        )
        checks.append(Check("info", text, "map more of the edge to raise it"))
    noise = float(np.sqrt(np.mean(found.windows[:, 2] ** 2)))
    whole = found.whole
    text = (
        f"the error of the thickness is that of the {found.edge.length:.0f} nm of edge in the map; the whole edge, of "
        f"which this is a piece, has a mean between {whole.low:.1f} and {whole.high:.1f} nm (95 %)"
    )
    checks.append(Check("info", text, "map more of the edge to narrow it"))
    if found.spread < noise:
        checks.append(Check("warn", f"the thickness spreads less than one window's error of {noise:.1f} nm",
                            "the spread is uncertain: count longer"))  # fmt: skip
    return checks + element_map.check_fit(found.elements)


def _describe_methods(found: ShellMeasurement, options: ShellOptions) -> str:
    return (
        f"STEM-EDS maps were unmixed into families of lines ({', '.join(found.elements.names)}); the edge is the "
        f"half-height contour of {options.core}. The thickness was fitted in {len(found.windows)} windows of "
        f"{options.window:g} nm by a blurred box with Poisson statistics; the noise of the windows was taken off its "
        f"spread. The coverage refers to stretches of {options.stretch:g} nm."
    )


def _tabulate_shell(found: ShellMeasurement) -> list[Curve]:
    place, thickness, std, used = found.windows.T
    stack = found.stack
    per_pixel = np.maximum(stack.pixels, 1)
    return [
        Curve("thickness", {"place": (place, "nm"), "thickness": (thickness, "nm"), "std": (std, "nm"),
                            "used": (used, "1")}),
        Curve("profile", {"distance": (stack.d, "nm"), "coating": (stack.y / per_pixel, "1"),
                          "fit": (found.fit.box(stack.d), "1"), "core": (found.core.y / per_pixel, "1")}),
    ]  # fmt: skip


def _draw_shell(found: ShellMeasurement, options: ShellOptions, context: Context) -> Figure:
    """Maps with the edge, counts across it, the thickness along it, and its distribution."""
    subject = context.sample.name if context.sample else ""
    names = (options.shell, options.core)
    edge = stem_figures.draw_contour(found.edge.points, "edge", subject)
    used = found.windows[(found.windows[:, 3] > 0) & (found.windows[:, 2] < found.windows[:, 1])]
    panels = (
        stem_figures.draw_element_map(found.elements.of(names[0]), found.pixel, names[0], edge),
        stem_figures.draw_element_map(found.elements.of(names[1]), found.pixel, names[1], edge),
        stem_figures.draw_across(found.core, found.stack, found.fit.box(found.stack.d), names, subject),
        stem_figures.draw_along(found.windows, subject),
        stem_figures.draw_distribution(used[:, 1], found.mean, found.spread, subject),
    )
    words = (
        "Maps of the coating's and the core's element with the edge of the core; counts across the edge, mean over it; "
        "thickness in windows along the edge (bars: 95 %), and its distribution."
    )
    return stem_figures.make_figure("shell", "Coating in cross-section", panels, words, "Fig. 3b", context)


TECHNIQUE = Technique(
    "stem_shell",
    "Coating thickness and coverage from STEM-EDS",
    ("spectrum_image",),
    analyse,
    ShellOptions,
    asked=True,
    vocabulary={
        "quantity": {
            "shell_thickness_edge": {"unit": "nm", "words": "mean shell thickness of the whole edge",
                                     "symbol": "d_edge", "meaning": "mean thickness of an edge of which a piece was "
                                     "mapped; the error allows for what was not mapped"},
            "shell_thickness_spread": {"unit": "nm", "words": "spread of the shell thickness", "symbol": "s_shell",
                                       "meaning": "standard deviation of the thickness along the edge, noise removed"},
            "interdiffused_share": {"unit": "%", "words": "interdiffused share", "symbol": "f_tail",
                                    "meaning": "part of the coating's element in a tail that decays into the core"},
        }
    },
    citations=(
        "R. W. M. Wedderburn, Biometrika 61 (1974) 439-447 (quasi-likelihood)",
        "R. DerSimonian, N. Laird, Control. Clin. Trials 7 (1986) 177-188 (spread beyond the errors)",
        "H. D. Patterson, R. Thompson, Biometrika 58 (1971) 545-554 (mean of an edge from a piece of it)",
        "J. A. Hanley, A. Lippman-Hand, JAMA 249 (1983) 1743-1745 (bound where nothing is seen)",
    ),
)  # fmt: skip
