"""Predictions as a result: entries with intervals, a table, figures, and what each rests on."""

from collections.abc import Sequence

import numpy as np

from nacre.core.figure import Axis, Figure, Panel, Series
from nacre.core.quantity import Quantity
from nacre.core.result import Check, Curve, Entry, Result, Subject
from nacre.evidence.calibrate.observed import Observed
from nacre.evidence.calibrate.predict import Prediction


def results_of(made: Sequence[Prediction], converged: bool = True) -> list[Result]:
    """One result of all cases, origin "predicted"."""
    entries = [entry for p in made if not p.failed for entry in _entries(p)]
    checks = [check for p in made for check in _checks(p)]
    if not converged:
        checks.insert(0, Check("warn", "the calibration behind these predictions did not converge", "calibrate again"))
    figures = _figures([p for p in made if not p.failed])
    return [Result("prediction", "prediction", Subject(), tuple(entries), (_table(made),), figures, tuple(checks),
                   methods="Cells that were not built were predicted with the calibrated model; intervals hold the "
                   "error of the calibration alone.", origin="predicted")]  # fmt: skip


def _entries(p: Prediction):
    for o, value, low, high, std in zip(p.observed, p.values, p.low, p.high, p.std, strict=True):
        quantity = Quantity(
            float(value), o.unit, float(std), float(low), float(high), p.draws, "posterior", "predicted"
        )
        yield Entry(o.name, quantity, {**o.state, "case": p.case.name}, Subject(p.case.sample))


def _checks(p: Prediction):
    if p.failed:
        yield Check("fail", f"{p.case.name}: cannot be predicted: {p.failed}", "change less at once")
        return
    for doubt in p.doubts:
        yield Check("warn", f"{p.case.name}: {doubt}")


def _table(made: Sequence[Prediction]) -> Curve:
    rows = [(p, o, v, a, b) for p in made for o, v, a, b in zip(p.observed, p.values, p.low, p.high, strict=True)]
    return Curve(
        "predictions",
        {
            "case": (np.array([p.case.name for p, *_ in rows]), "1"),
            "sample": (np.array([p.case.sample for p, *_ in rows]), "1"),
            "observable": (np.array([words_of(o) for _, o, *_ in rows]), "1"),
            "unit": (np.array([o.unit for _, o, *_ in rows]), "1"),
            "value": (np.array([v for *_, v, _, _ in rows]), "1"),
            "low95": (np.array([a for *_, a, _ in rows]), "1"),
            "high95": (np.array([b for *_, b in rows]), "1"),
        },
    )


def words_of(o: Observed) -> str:
    """The observable without its sample."""
    return o.title.partition(": ")[2]


def _figures(made: Sequence[Prediction]) -> tuple[Figure, ...]:
    """One panel per observable, one point per case."""
    titles = list(dict.fromkeys(words_of(o) for p in made for o in p.observed))
    panels = []
    for title in titles:
        series, unit = [], ""
        for sample in dict.fromkeys(p.case.sample for p in made):
            rows = [(p, k) for p in made if p.case.sample == sample
                    for k, o in enumerate(p.observed) if words_of(o) == title]  # fmt: skip
            unit = rows[0][0].observed[rows[0][1]].unit if rows else unit
            at = (np.array([getattr(p, n)[k] for p, k in rows]) for n in ("values", "low", "high"))
            y, lo, hi = at
            series.append(Series("points", np.array([p.case.name for p, _ in rows]), y, subject=sample, lo=lo, hi=hi))
        cases = tuple(p.case.name for p in made)
        panels.append(Panel(Axis("", categories=cases), Axis(title, unit), tuple(series)))
    caption = "Calibrated model, not measured; bars hold 95 % of the draws from the calibration's covariance."
    return (Figure("predictions", "Cells that were not built", tuple(panels), caption, wide=True),) if panels else ()
