"""What a treatment changed of a change: cracks and gaps before and after, in the reference and the treated sample.

Takes four sets of cross-section results: reference before and after, treated before and after. A section is destroyed
by making it, so that before and after are different particles: the four sets are independent groups of pictures, not
pairs. Pictures of one cell are alike; where every set has two cells or more, cells are the clusters, otherwise
pictures are, and the interval then holds for these cells only. A set of a single picture allows no inference.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from nacre.core.context import Context
from nacre.core.contracts import Technique
from nacre.core.errors import NacreError
from nacre.core.figure import Axis, Figure, Panel, Series
from nacre.core.options import option
from nacre.core.quantity import Quantity
from nacre.core.result import Check, Curve, Entry, Result, Subject
from nacre.physics.micrograph.clusters import (
    ClusterEstimate,
    combine_estimates,
    estimate_difference_of_differences,
    estimate_ratio,
)

ROLES = ("reference_before", "reference_after", "treated_before", "treated_after")
MEASURES = {"crack": ("crack_area", "area"), "gap": ("open_length", "length")}
SETTINGS = ("", "_1", "_2", "_3", "_4")


@dataclass(frozen=True)
class SemContrastOptions:
    """Options of `sem_contrast`: what counts as independent."""

    cluster: str = option(
        "auto", "what is alike: pictures of a cell, or each picture by itself", choices=("auto", "cell", "image")
    )


@dataclass(frozen=True)
class PictureSet:
    """One of the four sets: columns of its pictures, and the cell of each."""

    role: str
    columns: Mapping[str, np.ndarray]
    cells: tuple[str, ...]
    sample: str
    stage: str

    @property
    def images(self) -> int:
        return len(self.cells)


def analyse(inputs: Mapping[str, Any], context: Context, options: SemContrastOptions) -> list[Result]:
    """Growth of crack and gap fraction in both samples, and how much of it the treatment spared.

    Parameters
    ----------
    inputs : dict of str to Result or list of Result
        Results of `sem_cross` of both samples, before and after.
    context : Context
        What the study declares of the sample, the cell and the measurement.
    options : SemContrastOptions
        Chosen in study.toml; each is described where it is declared.

    Returns
    -------
    list of Result
        One result: growth in percentage points of either sample, and the difference.

    Raises
    ------
    NacreError
        Where one of the four sets is missing.
    """
    groups = [_collect_set(role, inputs, context.where) for role in ROLES]
    # pictures of a cell are alike: cells are the units where there are several in each set
    by_cell = options.cluster == "cell" or (options.cluster == "auto" and all(len(set(g.cells)) > 1 for g in groups))
    entries: list[Entry] = []
    table: dict[str, tuple[np.ndarray, str]] = {}
    for measure in MEASURES:
        found, rows = _measure(groups, measure, by_cell, context)
        entries += found
        table |= rows
    return [
        Result(
            "sem_contrast",
            context.analysis,
            Subject(sample=groups[2].sample),
            entries=tuple(entries),
            curves=(Curve("groups", {"set": (np.arange(4), "1"), **table}),),
            figures=(_draw_fractions(groups, context),),
            checks=tuple(_check_sets(groups, by_cell)),
            citations=("W. G. Cochran, Sampling Techniques, 3rd ed., Wiley 1977",),
            methods=_describe_methods(groups, by_cell),
            origin="synthetic" if context.synthetic else "measured",
        )
    ]


def _collect_set(role: str, inputs: Mapping[str, Any], where: str) -> PictureSet:
    given = inputs.get(role)
    listed = given if isinstance(given, list) else [given]
    results = [r for r in listed if isinstance(r, Result) and r.technique == "sem_cross"]
    if not results:
        raise NacreError(
            f"the set '{role}' is missing",
            where=where,
            expected="results of sem_cross under " + ", ".join(ROLES),
            do=f'give them in study.toml: inputs = {{ {role} = "sem_cross:CELL:NAME", ... }}',
        )
    curves = [r.curve("images").columns for r in results]
    columns = {name: np.concatenate([np.asarray(c[name][0], float) for c in curves]) for name in curves[0]}
    cells: list[str] = []
    stages: set[str] = set()
    for k, (result, columns_of_one) in enumerate(zip(results, curves, strict=True)):
        cell = result.subject.cell or str(result.subject) or str(k)
        cells += [cell] * len(columns_of_one["image"][0])  # one for each picture
        stages |= {str(entry.state.get("stage", "")) for entry in result.entries}
    return PictureSet(role, columns, tuple(cells), results[0].subject.sample, " ".join(sorted(stages)))


def _estimate_fractions(groups: list[PictureSet], measure: str, by_cell: bool, setting: str) -> list[ClusterEstimate]:
    part, whole = (name + setting for name in MEASURES[measure])
    return [estimate_ratio(100 * g.columns[part], g.columns[whole], g.cells if by_cell else None) for g in groups]


def _measure(groups: list[PictureSet], measure: str, by_cell: bool, context: Context):
    settings = [_estimate_fractions(groups, measure, by_cell, setting) for setting in SETTINGS]
    source = f"sem_contrast:{context.analysis}:{measure}"
    reference, treated = (Subject(sample=groups[k].sample) for k in (0, 2))
    entries = []
    # each sample's growth from its two sets: before and after
    for first, subject in ((0, reference), (2, treated)):
        growth = [combine_estimates((-1, 1), estimates[first : first + 2]) for estimates in settings]
        entries.append(Entry(f"{measure}_growth", _make_quantity(growth, f"{source}:{subject}"), {}, subject))
    # spared = growth of the reference less that of the treated: the other way round than the difference of differences
    spared = [combine_estimates((-1,), (estimate_difference_of_differences(*estimates),)) for estimates in settings]
    entries.append(Entry(f"{measure}_growth_spared", _make_quantity(spared, source), {}, treated))
    chosen = settings[0]
    rows = {
        f"{measure}_fraction": (np.array([e.value for e in chosen]), "%"),
        f"{measure}_fraction_std": (np.array([np.nan if e.std is None else e.std for e in chosen]), "%"),
    }
    if measure == "crack":
        rows["images"] = (np.array([g.images for g in groups]), "1")
    return entries, rows


def _make_quantity(settings: list[ClusterEstimate], source: str) -> Quantity:
    """A difference in percentage points: scatter between clusters, and the spread over the swept thresholds."""
    chosen = settings[0]
    spread = float(np.ptp([e.value for e in settings]) / np.sqrt(12))
    interval = chosen.interval(extra=spread**2)
    if interval is None or chosen.std is None:
        return Quantity(chosen.value, "%", n=chosen.clusters, basis="none", origin="measured")
    std = float(np.hypot(chosen.std, spread))
    parts = {f"{source}:pictures": chosen.std, f"{source}:thresholds": spread}
    parts = {name: part for name, part in parts.items() if part}
    return Quantity(chosen.value, "%", std, *interval, chosen.clusters, "replicates", "measured", parts)


def _check_sets(groups: list[PictureSet], by_cell: bool) -> list[Check]:
    found = []
    # a single unit has no scatter to infer from
    lonely = [g.role for g in groups if (len(set(g.cells)) if by_cell else g.images) < 2]
    if lonely:
        text = (
            f"{' and '.join(lonely)}: one {'cell' if by_cell else 'picture'} allows no inference, only the difference"
        )
        found.append(Check("warn", text, "record five or more fields per state, of two or more cells"))
    elif not by_cell:
        text = "pictures are the clusters: the interval holds for these cells, not for the samples"
        found.append(Check("warn", text, "section two or more cells per state"))
    for name, unit in (("pixel", "nm"), ("voltage", "kV")):
        values = np.unique(np.round(np.concatenate([g.columns[name] for g in groups]), 3))
        values = values[np.isfinite(values)]
        if values.size > 1:
            text = f"the sets differ in {name} ({', '.join(f'{v:g}' for v in values)} {unit}): so does what they show"
            found.append(Check("warn", text, "compare pictures recorded alike"))
    return found


def _draw_fractions(groups: list[PictureSet], context: Context) -> Figure:
    names = tuple(f"{g.sample} {g.stage or g.role.partition('_')[2]}".strip() for g in groups)
    panels = []
    for measure, (part, whole) in MEASURES.items():
        series = []
        for name, group in zip(names, groups, strict=True):
            fractions = 100 * group.columns[part] / np.where(group.columns[whole] > 0, group.columns[whole], np.nan)
            mean = estimate_ratio(100 * group.columns[part], group.columns[whole])
            ends = mean.interval()
            lo, hi = (None, None) if ends is None else (np.array([ends[0]]), np.array([ends[1]]))
            series += [
                Series("points", np.full(group.images, name), fractions, "pictures", group.sample, marker="open"),
                Series("points", np.array([name]), np.array([mean.value]), "mean", group.sample, lo=lo, hi=hi),
            ]
        panels.append(Panel(Axis("", categories=names), Axis(f"{measure.capitalize()} fraction", "%"), tuple(series)))
    caption = "Crack and gap fractions per picture (open) and of all pictures of a set, with their 95 % intervals."
    return Figure(
        "sem-contrast", "Cracks and gaps before and after", tuple(panels), caption, "Fig. 5j", context.synthetic
    )


def _describe_methods(groups: list[PictureSet], by_cell: bool) -> str:
    counts = ", ".join(f"{g.images} ({g.role.replace('_', ', ')})" for g in groups)
    return (
        "The effect of the coating on cracking is the difference of differences between cross-sections before and "
        f"after cycling of the reference and the coated sample ({counts} images), as independent groups clustered by "
        f"{'cell' if by_cell else 'image'}, with Student's t at Satterthwaite's degrees of freedom and the spread over "
        "thresholds."
    )


TECHNIQUE = Technique(
    "sem_contrast",
    "Cracks before and after, bare against coated",
    ("image",),
    analyse,
    SemContrastOptions,
    asked=True,
)
