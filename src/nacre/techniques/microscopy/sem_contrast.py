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
    """Growth of crack and gap fraction in both samples, and how much of it the treatment spared."""
    groups = [_collect_set(role, inputs, context.where) for role in ROLES]
    by_cell = options.cluster == "cell" or (options.cluster == "auto" and all(len(set(g.cells)) > 1 for g in groups))
    entries, table = [], {}
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
    results = [r for r in (given if isinstance(given, list) else [given]) if isinstance(r, Result)]
    results = [r for r in results if r.technique == "sem_cross"]
    if not results:
        raise NacreError(
            f"the set '{role}' is missing",
            where=where,
            expected="results of sem_cross under " + ", ".join(ROLES),
            do=f'give them in study.toml: inputs = {{ {role} = "sem_cross:CELL:NAME", ... }}',
        )
    curves = [r.curve("images").columns for r in results]
    columns = {name: np.concatenate([np.asarray(c[name][0], float) for c in curves]) for name in curves[0]}
    cells = [r.subject.cell or str(r.subject) or str(k) for k, r in enumerate(results)]
    cells = [cell for cell, c in zip(cells, curves, strict=True) for _ in c["image"][0]]
    stages = {str(e.state.get("stage", "")) for r in results for e in r.entries}
    return PictureSet(role, columns, tuple(cells), results[0].subject.sample, " ".join(sorted(stages)))


def _estimate_fractions(groups: list[PictureSet], measure: str, by_cell: bool, setting: str) -> list[ClusterEstimate]:
    part, whole = (name + setting for name in MEASURES[measure])
    return [estimate_ratio(100 * g.columns[part], g.columns[whole], g.cells if by_cell else None) for g in groups]


def _measure(groups: list[PictureSet], measure: str, by_cell: bool, context: Context):
    settings = [_estimate_fractions(groups, measure, by_cell, setting) for setting in SETTINGS]
    chosen = settings[0]
    source = f"sem_contrast:{context.analysis}:{measure}"
    samples = [Subject(sample=groups[k].sample) for k in (0, 2)]
    entries = []
    for weights, subject, name in (
        ((-1, 1, 0, 0), samples[0], f"{measure}_growth"),
        ((0, 0, -1, 1), samples[1], f"{measure}_growth"),
    ):
        used = [k for k, w in enumerate(weights) if w]
        pick = [[e[k] for k in used] for e in settings]
        signs = [weights[k] for k in used]
        entries.append(
            Entry(name, _make_quantity([combine_estimates(signs, e) for e in pick], f"{source}:{subject}"), {}, subject)
        )
    # spared = growth of the reference less that of the treated: the other way round than the difference of differences
    spared = [combine_estimates((-1,), (estimate_difference_of_differences(*e),)) for e in settings]
    entries.append(Entry(f"{measure}_growth_spared", _make_quantity(spared, source), {}, samples[1]))
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
    if chosen.variance is None:
        return Quantity(chosen.value, "%", n=chosen.clusters, basis="none", origin="measured")
    spread = float(np.ptp([e.value for e in settings]) / np.sqrt(12))
    lo, hi = chosen.interval(extra=spread**2)
    parts = {f"{source}:pictures": chosen.std, f"{source}:thresholds": spread}
    std = float(np.hypot(chosen.std, spread))
    parts = {k: v for k, v in parts.items() if v}
    return Quantity(chosen.value, "%", std, lo, hi, chosen.clusters, "replicates", "measured", parts)


def _check_sets(groups: list[PictureSet], by_cell: bool) -> list[Check]:
    found = []
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
            ends = mean.interval() or (mean.value, mean.value)
            bar = {"lo": [ends[0]], "hi": [ends[1]]} if mean.variance is not None else {}
            series += [
                Series("points", [name] * group.images, fractions, "pictures", group.sample, marker="open"),
                Series("points", [name], [mean.value], "mean", group.sample, **bar),
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
