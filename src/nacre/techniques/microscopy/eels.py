"""Lithium in a coating by its K edge among the low energy losses of hafnium: there, or below a limit.

Input: a "spectrum" (energy loss) of the coating as `signal`, and one of the same compound without lithium as
`reference`, best with the zero loss in both. The spectrum is fitted by the reference at the same thickness, a power
law, the M edges of the core's nickel, cobalt and manganese in its proportions, and a lithium K edge of any of the
shapes that oxides show (`physics.eels`). The M edges lie on both sides of lithium's: where they are seen, signal of the
core has spilled over, its lithium with it, and nothing is claimed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from nacre.core.context import Context
from nacre.core.contracts import Technique
from nacre.core.errors import NacreError, NotAssessable
from nacre.core.figure import Axis, Figure, Panel, Series
from nacre.core.options import option
from nacre.core.quantity import Quantity
from nacre.core.result import Check, Curve, Entry, Result
from nacre.core.signal import Signal
from nacre.physics.chemistry.stoichiometry import parse_formula
from nacre.physics.microscopy import eels
from nacre.physics.microscopy.eels import EdgeFit, ZeroLoss
from nacre.techniques.microscopy import micrographs

ONSETS = np.arange(54.5, 59.1, 0.5)  # eV, of lithium's K edge in oxides, halides and carbonates
# near-edge peak over the step, and second peak over the first
PEAKS = ((0.0, 0.0), (0.7, 0.0), (1.5, 0.0), (3.0, 0.0), (1.0, 0.5), (2.0, 0.5))
METALS = {"Mn": (48.5, 2.0), "Co": (59.0, 2.0), "Ni": (65.5, 2.0)}  # onset in eV, peak over the step, of M2,3 edges
OVER = (56.0, 64.0)  # eV, over which the edge is set against what lies beneath it
SHAPE_RATIO = 0.2  # of an edge's size, for shapes that are none of those tried: what such a shape did in trials
SHAPE_ERROR = 0.5  # eV, of the place of a peak: shapes and their steps of onset
SHOWN = 25.0  # eV, from where a spectrum is drawn: hafnium's own peaks lie between 30 and 50
OF_METALS = 0.7  # lithium's edge over the metals' in a layered oxide is less (assumed; they have six electrons more)
LEAST_COUNTS = 30.0  # per bin, below which counts do not scatter as the fit supposes
WIDEST = 1.5  # eV per channel
SPILL = 3.0  # standard deviations by which the metals' edges are taken for seen
# onsets in eV of other edges in the range fitted (L2,3 of Mg and Al, M2,3 of the others)
NEIGHBOURS = {"Mg": 51.0, "Fe": 54.0, "Al": 73.0, "Cu": 74.0}
MISFIT = 2.0  # dispersion above which the reference does not describe the spectrum


@dataclass(frozen=True)
class EelsOptions:
    """Options of `eels`: range, guard and significance."""

    low: float = option(46.0, "lower end of the range fitted", unit="eV", lo=20, hi=54)
    high: float = option(86.0, "upper end of the range fitted", unit="eV", lo=70, hi=200)
    bin: float = option(0.6, "channels are added up to this width", unit="eV", lo=0.05, hi=2)
    region: tuple[float, ...] = option((), "of a map: the box that is summed, x0, y0, x1, y1; empty: all", unit="nm")
    composition: str = option("", "formula of the core, whose metals may spill in; empty: the sample's `cam`")
    present: tuple[str, ...] = option((), "further elements in the coating or beneath it, like 'Fe' or 'Al'")
    significance: float = option(0.005, "part of spectra without lithium that may be taken for one with it", lo=1e-4,
                                 hi=0.1)  # fmt: skip


@dataclass(frozen=True)
class LossSpectrum:
    """Energies in eV and counts of one spectrum, with its zero loss where that is in it."""

    signal: Signal
    energy: np.ndarray
    counts: np.ndarray
    counted: bool
    zero: ZeroLoss | None

    @property
    def where(self) -> str:
        return self.signal.where


@dataclass(frozen=True)
class LithiumEdge:
    """A fit over energies (n,) in eV: counts (n,) per bin, the fit, the shape found, and the ratios of edge to rest.

    spread : of the ratio over the shapes that fit about as well; doubts : why what is seen may be
    something else; shown : energies and counts of the range drawn.
    """

    energy: np.ndarray
    counts: np.ndarray
    fit: EdgeFit
    shape: np.ndarray
    peak: tuple[float, float]
    per_amplitude: float
    spread: float
    metals: np.ndarray
    metals_ratio: tuple[float, float]
    thickness: float | None
    words: tuple[str, ...]
    doubts: tuple[str, ...]
    shown: tuple[np.ndarray, np.ndarray]

    @property
    def ratio(self) -> tuple[float, float]:
        """(edge over what lies beneath it, its std)."""
        value, std = self.fit.amplitude * self.per_amplitude, self.fit.std * self.per_amplitude
        return value, float(np.sqrt(std**2 + self.spread**2 + (SHAPE_RATIO * value) ** 2))

    @property
    def spilled(self) -> bool:
        return self.metals_ratio[0] > SPILL * self.metals_ratio[1]

    @property
    def metals_limit(self) -> float:
        return max(self.metals_ratio[0], 0.0) + 1.645 * self.metals_ratio[1]

    def verdict(self, significance: float) -> str:
        """ "seen", "not seen", or "not assessable" where the core's own lithium may be what is seen."""
        if self.spilled:
            return "not assessable"
        if self.fit.p > significance:
            return "not seen"
        # what may be something else is not claimed; that nothing is seen stays true
        if self.doubts:
            return "not assessable"
        return "seen" if OF_METALS * self.metals_limit < self.ratio[0] else "not assessable"


def read_spectrum(signal: Signal, box: tuple[float, ...] = ()) -> LossSpectrum:
    """A spectrum, or the sum of a map over a box (x0, y0, x1, y1 in nm). Raises NacreError where it is neither."""
    name = next((n for n in ("counts", "intensity") if n in signal), "")
    if signal.kind not in TECHNIQUE.accepts or not name:
        raise NacreError(
            "not an energy-loss spectrum",
            where=signal.where,
            found=f"kind '{signal.kind}'",
            expected="a spectrum, or a map of spectra, over energy",
        )
    if "energy" not in signal:
        raise NacreError("the spectrum has no energy axis", where=signal.where, do="calibrate it and export it again")
    energy = signal.array("energy", "eV")
    counts = np.asarray(signal[name].values, float)
    if signal.kind == "spectrum_image":
        counts = counts[_select_pixels(signal, box)].sum(axis=0)
    return LossSpectrum(signal, energy, counts, name == "counts", eels.find_zero_loss(energy, counts))


def _select_pixels(signal: Signal, box: tuple[float, ...]) -> np.ndarray:
    """Pixels (y, x) of a map within the box; all of them where there is none."""
    shape = signal.sizes["y"], signal.sizes["x"]
    if not box:
        return np.ones(shape, bool)
    if len(box) != 4 or "x" not in signal:
        found = f"{len(box)} numbers" if len(box) != 4 else "a map without a scale"
        raise NacreError("a region is x0, y0, x1, y1 in nm", where=signal.where, found=found, do="set option region")
    x, y = signal.array("x", "nm"), signal.array("y", "nm")
    chosen = ((y >= box[1]) & (y <= box[3]))[:, None] & ((x >= box[0]) & (x <= box[2]))
    if not chosen.any():
        found = ", ".join(f"{v:g}" for v in box)
        raise NacreError("the region lies outside of the map", where=signal.where, found=found, do="set option region")
    return chosen


def measure(own: LossSpectrum, reference: LossSpectrum, formula: str, options: EelsOptions, rng) -> LithiumEdge:
    """Fits a spectrum. Raises NacreError (NotAssessable where a spectrum ends before the edge)."""
    for one in (own, reference):
        _require_range(one, options)
    if np.array_equal(own.counts, reference.counts):
        raise NacreError("the reference is the spectrum itself", where=own.where, do="name another measurement")
    words: list[str] = []
    energy, step = own.energy, own.energy[1] - own.energy[0]
    start = own.zero.at if own.zero else 0.0
    base = _match_reference(own, reference, words)
    inside = (energy - start >= options.low) & (energy - start <= options.high)
    # channels are added up, as the edge is wider than one
    by = max(1, round(options.bin / step))

    def cut(values: np.ndarray) -> np.ndarray:
        return eels.bin_counts(values[..., inside], by)

    def cut_all(values: np.ndarray) -> np.ndarray:
        return eels.bin_counts(values[(loss >= SHOWN) & (loss <= options.high)], by)

    loss = energy - start
    y, ref, x = cut(own.counts), cut(base), cut(loss) / by
    if min(y.sum(), ref.sum()) <= 0 or (own.counted and y.mean() < LEAST_COUNTS):
        found = f"{max(y.mean(), 0):.3g} counts per {options.bin:g} eV"
        expected = f"{LEAST_COUNTS:g} or more"
        raise NotAssessable("there are too few counts at the edge", where=own.where, found=found, expected=expected,
                            do="count longer")  # fmt: skip
    turn = 2 * (x - x.mean()) / np.ptp(x)
    # the derivative stands for a small shift between the two energy scales
    moved = cut(np.gradient(base, energy))
    power = (x / x.mean()) ** -3.0
    nuisance = np.vstack([ref, ref * turn, moved, power])
    metals = cut(_make_metal_edges(own, loss, formula))
    candidates = [(onset, *peaks) for onset in ONSETS for peaks in PEAKS]
    shapes = cut(np.array([_add_scattering(eels.make_edge(loss, *one), own) for one in candidates]))
    # the reference is scaled to the spectrum, and its noise with it
    share = y.sum() / ref.sum()
    variance = np.maximum(eels.bin_counts(own.counts[inside], by), 1.0)
    variance = variance + share**2 * np.maximum(ref, 1.0) * _compute_noise(reference, own)
    rest = np.maximum(y, 1e-9)
    shapes, metals = shapes / shapes.max(axis=1, keepdims=True) * rest.mean(), metals / metals.max() * rest.mean()
    fit = eels.find_edge(
        y, variance, nuisance, metals, shapes, counted=own.counted, significance=options.significance, rng=rng
    )
    # ratios are given over a fixed range, so that they can be compared between spectra
    over = (x >= OVER[0]) & (x <= OVER[1])
    beneath = fit.rest[over].sum()
    ni = (x >= 66.0) & (x <= 74.0)
    metal = metals[ni].sum() / fit.rest[ni].sum()
    if fit.dispersion > MISFIT and own.counted:
        words.append(f"the reference describes the spectrum badly: chi2 per degree of freedom {fit.dispersion:.1f}")
    each = fit.amplitude_each * shapes[:, over].sum(axis=1) / beneath
    per = float(shapes[fit.best][over].sum() / beneath)
    doubts = tuple(_list_doubts(own, reference, formula, options, fit))
    return LithiumEdge(x, y, fit, shapes[fit.best], _locate_peak(candidates, fit), per, _spread(each, fit), metals,
                 (fit.metals * metal, fit.metals_std * metal), own.zero.thickness if own.zero else None,
                 tuple(words), doubts, (cut_all(loss) / by, cut_all(own.counts)))  # fmt: skip


def _list_doubts(
    own: LossSpectrum, reference: LossSpectrum, formula: str, options: EelsOptions, fit: EdgeFit
) -> list[str]:
    """Why a structure where lithium's edge lies may be something else."""
    doubts = []
    if own.zero is None or reference.zero is None:
        doubts.append("without a zero loss in both spectra a shift between them looks like an edge")
    declared = {*parse_formula(formula or "LiNiO2"), *options.present}
    near = [f"{element} ({at:g} eV)" for element, at in NEIGHBOURS.items() if element in declared]
    if near:
        doubts.append(f"edges of {' and '.join(near)} lie there as well")
    if own.counted and fit.dispersion > MISFIT:
        doubts.append("the reference does not describe the spectrum")
    return doubts


def _require_range(one: LossSpectrum, options: EelsOptions) -> None:
    _require_dispersion(one)
    low, high = one.energy[0], one.energy[-1]
    if low > options.low or high < options.high - 0.5:
        raise NotAssessable(
            "the spectrum does not hold lithium's K edge with what lies on both sides of it",
            where=one.where,
            found=f"{low:.0f} to {high:.0f} eV",
            expected=f"{options.low:g} to {options.high:g} eV",
            do="record the low losses, or set the options low and high",
        )


def _require_dispersion(one: LossSpectrum) -> None:
    step = one.energy[1] - one.energy[0]
    if step > WIDEST:
        raise NotAssessable(
            "the channels are too wide for an edge",
            where=one.where,
            found=f"{step:g} eV",
            expected=f"{WIDEST:g} eV or less",
            do="record energy losses at a finer dispersion; an EDS spectrum does not show lithium",
        )


def _match_reference(own: LossSpectrum, reference: LossSpectrum, words: list[str]) -> np.ndarray:
    """The reference on the energies of the spectrum, zero loss on zero loss, as thick as the specimen."""
    counts = reference.counts
    if own.zero is None or reference.zero is None:
        words.append(
            "there is no zero loss in both spectra: energies are taken as stated, and plural scattering as equal"
        )
        return np.interp(own.energy, reference.energy, counts)
    if abs(own.zero.thickness - reference.zero.thickness) > 0.02:
        counts = eels.measure_relative_thickness(reference.energy, counts, reference.zero, own.zero.thickness)
    return np.interp(own.energy - own.zero.at, reference.energy - reference.zero.at, counts)


def _compute_noise(reference: LossSpectrum, own: LossSpectrum) -> float:
    """Variance per count of the reference on the channels of the spectrum."""
    return float((reference.energy[1] - reference.energy[0]) / (own.energy[1] - own.energy[0]))


def _add_scattering(shape: np.ndarray, own: LossSpectrum) -> np.ndarray:
    return eels.scatter_plurally(shape, own.energy, own.counts, own.zero) if own.zero else shape


def _make_metal_edges(own: LossSpectrum, loss: np.ndarray, formula: str) -> np.ndarray:
    """The core's edges, of textbook shapes in its proportions."""
    found = parse_formula(formula or "LiNi0.85Co0.10Mn0.05O2")
    atoms = {element: float(n) for element, n in found.items() if element in METALS} or {"Ni": 1.0}
    edges = [n * eels.make_edge(loss, *METALS[element]) for element, n in atoms.items()]
    return _add_scattering(np.sum(edges, axis=0), own)


def _locate_peak(candidates, fit: EdgeFit) -> tuple[float, float]:
    """(energy of the edge's maximum, its error) over the shapes that fit about as well as the best."""
    places = np.array([onset + (3.5 if peak > 0 else 1.5) for onset, peak, _ in candidates])
    if not fit.weights.any():
        return float(places[fit.best]), float("nan")
    mean = float(np.average(places, weights=fit.weights))
    return mean, float(np.sqrt(np.average((places - mean) ** 2, weights=fit.weights) + SHAPE_ERROR**2))


def _spread(ratios: np.ndarray, fit: EdgeFit) -> float:
    """How far the ratios of other likely shapes lie from that of the best (rms)."""
    if not fit.weights.any():
        return 0.0
    return float(np.sqrt(np.average((ratios - ratios[fit.best]) ** 2, weights=fit.weights)))


def analyse(inputs: Mapping[str, Any], context: Context, options: EelsOptions) -> list[Result]:
    """Lithium's K edge in one energy-loss spectrum.

    Parameters
    ----------
    inputs : {"signal": Signal, "reference": Signal}
        A spectrum or map, and one of the same compound without lithium.
    context : Context
        What the study declares of the sample, the cell and the measurement.
    options : EelsOptions
        Chosen in study.toml; each is described where it is declared.

    Returns
    -------
    list of Result
        One result: the edge over the signal beneath it in %, its detection limit, the verdict among the checks.

    Raises
    ------
    NacreError
        Where an input is no energy-loss spectrum.
    NotAssessable
        Where there is no reference, or the range or the counts do not suffice.
    """
    own = read_spectrum(_get_input(inputs, "signal", context), options.region)
    if inputs.get("reference") is None:
        raise NotAssessable(
            "there is no reference spectrum without lithium",
            where=own.where,
            expected="a spectrum of the same compound without lithium (HfO2), recorded alike",
            do='name one in [[analysis]]: inputs = { signal = "...", reference = "..." }',
        )
    reference = read_spectrum(_get_input(inputs, "reference", context))
    formula = options.composition or context.text("cam")
    found = measure(own, reference, formula, options, np.random.default_rng([context.seed, 5]))
    verdict = found.verdict(options.significance)
    return [
        Result(
            "eels",
            context.analysis,
            micrographs.make_subject(context),
            entries=tuple(_make_entries(found, verdict, micrographs.get_state(context))),
            curves=(_tabulate_edge(found),),
            figures=(_draw_edge(found, verdict, context),),
            checks=tuple(_check_edge(found, verdict, options)),
            citations=TECHNIQUE.citations,
            methods=_describe_methods(found, options),
            origin="synthetic" if own.signal.origin == "synthetic" else "measured",
        )
    ]


def _get_input(inputs: Mapping[str, Any], role: str, context: Context) -> Signal:
    given = inputs[role]
    given = given[0] if isinstance(given, list) and given else given
    if not isinstance(given, Signal):
        raise NacreError(f"the input '{role}' is not a spectrum", where=context.where, do="name a measurement")
    return given


def _make_entries(found: LithiumEdge, verdict: str, state: dict) -> list[Entry]:
    value, std = (100 * v for v in found.metals_ratio)
    entries = [Entry("metals_edge_ratio", Quantity(value, "%", std, basis="fit-covariance", origin="measured"), state)]
    if found.thickness is not None:
        entries.append(
            Entry("relative_thickness", Quantity(found.thickness, "1", basis="none", origin="measured"), state)
        )
    if verdict == "not assessable":
        return entries
    value, std = (100 * v for v in found.ratio)
    if verdict == "seen":
        ratio = Quantity(value, "%", std, basis="model-spread", origin="measured")
        peak = Quantity(found.peak[0], "eV", found.peak[1], basis="model-spread", origin="measured")
        entries.append(Entry("lithium_edge_peak", peak, state))
    else:
        upper = 100 * found.fit.upper * found.per_amplitude
        ratio = Quantity(max(value, 0.0), "%", None, 0.0, upper, basis="fit-covariance", origin="measured")
    least = 100 * found.fit.limit * found.per_amplitude  # of the shape found: others hold more or less
    limit = Quantity(least, "%", SHAPE_RATIO * least, basis="model-spread", origin="measured")
    return [*entries, Entry("lithium_edge_ratio", ratio, state), Entry("lithium_detection_limit", limit, state)]


def _check_edge(found: LithiumEdge, verdict: str, options: EelsOptions) -> list[Check]:
    value, std = (100 * v for v in found.ratio)
    limit, upper = (100 * v * found.per_amplitude for v in (found.fit.limit, found.fit.upper))
    metal = 100 * found.metals_limit
    if verdict == "seen":
        text = (
            f"lithium is seen: its K edge is {value:.1f}({std:.1f}) % of what lies beneath it, with its peak at "
            f"{found.peak[0]:.1f} eV; spectra without lithium look so in {100 * found.fit.p:.2g} % of cases or fewer; "
            f"edges of Ni, Co and Mn are below {metal:.1f} %"
        )
        checks = [Check("pass", text)]
    elif verdict == "not seen":
        text = f"no lithium is seen: its K edge is below {upper:.1f} % of what lies beneath it (95 %); "
        checks = [Check("info", text + f"one of {limit:.1f} % would be found in 95 % of cases", "count longer")]
    elif not found.spilled and found.doubts:
        text = f"lithium is not assessable: a structure is seen where its edge lies, but {'; '.join(found.doubts)}"
        checks = [Check("warn", text, "record both spectra alike with the zero loss, and declare what else is there")]
    else:
        seen = f"edges of Ni, Co and Mn are {100 * found.metals_ratio[0]:.1f}({100 * found.metals_ratio[1]:.1f}) %"
        text = f"lithium is not assessable: {seen} of what lies beneath, so that the core may have contributed its own"
        checks = [Check("warn", text, "take the spectrum farther from the core, where no Ni L (855 eV) is seen")]
    return checks + [
        Check("warn", words, "record reference and coating alike, zero loss and all") for words in found.words
    ]


def _tabulate_edge(found: LithiumEdge) -> Curve:
    fit = found.fit
    columns = {"energy": (found.energy, "eV"), "counts": (found.counts, "1"), "fit": (fit.fitted, "1"),
               "without_lithium": (fit.rest, "1")}  # fmt: skip
    return Curve("lithium edge", columns)


def _draw_edge(found: LithiumEdge, verdict: str, context: Context) -> Figure:
    fit, who = found.fit, micrographs.make_subject(context).sample
    edge, metals = fit.amplitude * found.shape, fit.metals * found.metals
    scale = 10 ** (3 * (int(np.log10(max(found.counts.max(), 1))) // 3))
    unit = f"{scale:,} counts".replace(",", " ") if scale > 1 else "counts"
    x = Axis("energy loss", "eV")
    whole = (
        Series("points", found.shown[0], found.shown[1] / scale, "spectrum", who),
        Series("line", found.energy, fit.fitted / scale, "fit", who),
        Series("line", found.energy, fit.rest / scale, "without lithium", who, style="dash"),
    )
    rest = (found.counts - fit.rest + metals) / scale
    parts = (
        Series("points", found.energy, rest, "less reference and background", who),
        Series("line", found.energy, edge / scale, "Li K", "Li K"),
        Series("line", found.energy, metals / scale, "Ni, Co, Mn M", "Ni, Co, Mn M"),
    )
    panels = (Panel(x, Axis("intensity", unit), whole), Panel(x, Axis("intensity", unit), parts))
    words = {"seen": "Lithium is seen.", "not seen": "No lithium is seen."}.get(verdict, "Lithium is not assessable.")
    caption = f"Energy-loss spectrum with its fit, and what the reference does not explain. {words}"
    return micrographs.make_figure("eels", "Lithium K edge", panels, caption, "Fig. 3e", context)


def _describe_methods(found: LithiumEdge, options: EelsOptions) -> str:
    thick = ", at equal thickness by the Fourier-log method" if found.thickness else ""
    return (
        f"Energy-loss spectra were fitted between {options.low:g} and {options.high:g} eV by a lithium-free reference "
        f"(with a free slope and shift{thick}), a power law, M edges of the core's metals and a lithium K "
        f"edge with an onset of {ONSETS[0]:g} to {ONSETS[-1]:g} eV; significance was taken from the best of all edge "
        "shapes on simulated noise."
    )


TECHNIQUE = Technique(
    "eels",
    "Lithium by energy losses",
    ("spectrum", "spectrum_image"),
    analyse,
    EelsOptions,
    asked=True,
    vocabulary={
        "quantity": {
            "lithium_edge_ratio": {"unit": "%", "words": "lithium K edge over background", "symbol": "Li K",
                                   "meaning": "signal of the edge over what lies beneath it, from 56 to 64 eV"},
            "lithium_detection_limit": {"unit": "%", "words": "detection limit of the lithium K edge", "symbol": "LOD",
                                        "meaning": "edge over background that is found in 95 % of spectra"},
            "lithium_edge_peak": {"unit": "eV", "words": "peak of the lithium K edge", "symbol": "E(Li K)",
                                  "meaning": "energy loss of the highest point of the edge"},
            "metals_edge_ratio": {"unit": "%", "words": "M edges of Ni, Co, Mn over background", "symbol": "M2,3",
                                  "meaning": "signal of the core's metals from 66 to 74 eV over what lies beneath"},
            "relative_thickness": {"unit": "1", "words": "thickness in mean free paths", "symbol": "t/lambda",
                                   "meaning": "logarithm of all electrons over those without loss"},
        }
    },
    citations=(
        "R. F. Egerton, Electron Energy-Loss Spectroscopy in the Electron Microscope, 3rd ed., Springer 2011",
        "C. C. Ahn, O. L. Krivanek, EELS Atlas, Gatan 1983",
    ),
)  # fmt: skip
