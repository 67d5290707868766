"""Spots of a Fourier transform or a diffraction pattern, indexed: every phase that fits, and how often chance would.

Input: a signal of kind "spots" (d and the angle in the image of each spot; a `table` with kind = "spots"). Each phase
is tried on its own (equations in `physics.indexing`). Structures whose cell is estimated get a wider tolerance. A match
is no proof: the part of random patterns that match as well is given beside it, and all phases that fit are named.
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
from nacre.core.signal import Signal
from nacre.materials.crystals import Crystal
from nacre.physics.microscopy import indexing
from nacre.physics.microscopy.indexing import Tolerance, ZoneSolution
from nacre.techniques.microscopy.hrtem.lattices import find_candidates

LIKELY = 0.05  # part of random patterns above which a match says nothing
ESTIMATED = 0.01  # added to the relative tolerance where a cell is estimated


@dataclass(frozen=True)
class SpotOptions:
    """What may be chosen about the indexing."""

    phases: tuple[str, ...] = option(
        (), "phases tried: names of the table, or 'layered'; empty: those the sample's coating declares, and its core"
    )
    composition: str = option("", "formula of the layered oxide; empty: the sample's `cam`")
    length_tolerance: float = option(1.5, "how far a spacing may be off", unit="%", lo=0.05, hi=10)
    angle_tolerance: float = option(1.5, "how far an angle may be off", unit="deg", lo=0.05, hi=10)
    scale_tolerance: float = option(2.0, "how far the scale of the image may be off", unit="%", lo=0, hi=10)
    trials: int = option(200, "random patterns for the rate of chance matches", lo=20, hi=5000)


def analyse(inputs: Mapping[str, Any], context: Context, options: SpotOptions) -> list[Result]:
    """Solutions of every phase. Raises NacreError where there are fewer than two spots that are not on one line."""
    signal: Signal = inputs["signal"]
    spots = read_spots(signal)
    found: dict[str, tuple[Crystal, ZoneSolution, float]] = {}
    given = find_candidates(options.phases, options.composition, context)
    for i, crystal in enumerate(given.tried):
        solution, rate = index_spots(spots, crystal, options, np.random.default_rng([context.seed, i]))
        if solution is not None:
            found[crystal.name] = (crystal, solution, rate)
    subject = Subject(context.sample.name if context.sample else "", "", signal.name)
    return [
        Result(
            "spot_indexing",
            context.analysis,
            subject,
            entries=tuple(_make_entries(found)),
            curves=(_tabulate_spots(spots, found),),
            figures=(_draw_spots(spots, found, subject.sample),),
            checks=(*_check_solutions(spots, found, [crystal.name for crystal in given.tried]), *given.checks),
            methods=(
                f"Spots were indexed by pairs of spacings and the angle between them (tolerances "
                f"{options.length_tolerance:g} % and {options.angle_tolerance:g} deg, scale free within "
                f"{options.scale_tolerance:g} %); chance matches were counted on {options.trials} random patterns."
            ),
        )
    ]


def read_spots(signal: Signal) -> np.ndarray:
    """Spots as vectors (n, 2) in 1/angstrom."""
    d, angle = signal.array("d", "Ang"), np.radians(signal.array("angle", "deg"))
    if d.size < 2 or np.any(d <= 0):
        raise NacreError(
            "too few spots to index", where=signal.where, found=f"{d.size}", expected="two or more spacings"
        )
    spots = np.column_stack((np.cos(angle) / d, np.sin(angle) / d))
    if indexing.choose_seed(spots) is None:
        raise NacreError(
            "all spots lie on one line", where=signal.where, do="one more spot, beside the line, is needed"
        )
    return spots


def index_spots(spots: np.ndarray, crystal: Crystal, options: SpotOptions, rng) -> tuple[ZoneSolution | None, float]:
    """(the best solution of a phase that explains all spots, its rate of chance matches)."""
    extra = ESTIMATED if crystal.status == "estimated" else 0.0
    tolerance = Tolerance(
        options.length_tolerance / 100 + extra, options.angle_tolerance + 57 * extra, options.scale_tolerance / 100
    )
    d_min = 1 / (1.2 * np.linalg.norm(spots, axis=1).max())
    first, every = crystal.reflections(d_min)[0], crystal.all_reflections(d_min)[0]
    solutions = [
        s for s in indexing.solve_zones(spots, first, every, crystal.cell, tolerance) if s.matched == len(spots)
    ]
    if not solutions:
        return None, 1.0
    return solutions[0], indexing.estimate_chance(
        spots, first, every, crystal.cell, tolerance, solutions[0], rng, options.trials
    )


def _make_entries(found) -> list[Entry]:
    entries = []
    for name, (_, solution, rate) in found.items():
        state = {"phase": name}
        residual = Quantity(100 * solution.residual, "%", basis="none", origin="measured")
        entries.append(Entry("spot_residual", residual, state))
        entries.append(
            Entry("chance_match_rate", Quantity(100 * rate, "%", basis="counting", origin="measured"), state)
        )
    return entries


def _check_solutions(spots: np.ndarray, found, tried: list[str]) -> list[Check]:
    if not found:
        return [Check("warn", f"none of {', '.join(tried)} explains all {len(spots)} spots",
                      "check the scale of the image, or try other phases")]  # fmt: skip
    checks = []
    for name, (crystal, solution, rate) in found.items():
        planes = ", ".join("(" + " ".join(map(str, row)) + ")" for row in solution.hkl)
        zone = " ".join(map(str, solution.zone))
        text = f"{name} fits: {planes}, zone [{zone}], scale {solution.scale:.3f}, chance {100 * rate:.1f} %"
        status = "warn" if rate > LIKELY else "info"
        cure = "a match that chance makes so often says little: more spots are needed" if rate > LIKELY else ""
        checks.append(Check(status, text, cure))
        if crystal.status == "estimated":
            checks.append(Check("info", f"the cell of {name} is estimated: {crystal.source}"))
    if len(found) > 1:
        checks.append(Check("warn", f"{' and '.join(found)} all fit these spots: they cannot be distinguished here",
                            "record more spots or another zone, or use diffraction, Raman or XPS"))  # fmt: skip
    for compound in dict.fromkeys(name.split()[0] for name in tried):
        models, fit = ([n for n in names if n.split()[0] == compound] for names in (tried, found))
        if len(models) > 1 and len(fit) == 1:
            checks.append(Check("info", f"of the models of {compound} only {fit[0]} fits"))
    return checks


def _tabulate_spots(spots: np.ndarray, found) -> Curve:
    columns = {
        "d": (1 / np.linalg.norm(spots, axis=1), "Ang"),
        "angle": (np.degrees(np.arctan2(spots[:, 1], spots[:, 0])), "deg"),
    }
    for name, (_, solution, _) in found.items():
        columns[f"hkl {name}"] = (np.array([" ".join(map(str, row)) for row in solution.hkl]), "1")
    return Curve("spots", columns)


def _draw_spots(spots: np.ndarray, found, subject: str) -> Figure:
    both = np.vstack((spots, -spots))
    series = [Series("points", both[:, 0], both[:, 1], "spots", subject)]
    for name, (_, solution, _) in found.items():
        words = tuple(" ".join(map(str, row)) for row in solution.hkl)
        series.append(Series("text", spots[:, 0], spots[:, 1], name, group=name, words=words))
    axes = (Axis("g across", "1/Ang", equal=True), Axis("g along", "1/Ang", equal=True))
    return Figure(
        f"spots-{subject}", "Indexed spots", (Panel(*axes, tuple(series)),), "Every phase that fits.", "Fig. 3d"
    )


TECHNIQUE = Technique(
    "spot_indexing",
    "Indexing of spots",
    ("spots",),
    analyse,
    SpotOptions,
    vocabulary={
        "quantity": {
            "spot_residual": {"unit": "%", "words": "residual of indexed spots", "symbol": "r",
                              "meaning": "root mean square distance of spots from the lattice, over their length"},
            "chance_match_rate": {"unit": "%", "words": "rate of chance matches", "symbol": "p",
                                  "meaning": "part of random patterns that fit this phase as well"},
        }
    },
)  # fmt: skip
