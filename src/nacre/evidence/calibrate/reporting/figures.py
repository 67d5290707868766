"""Figures of a calibration: observables beside their values, numbers in their ranges, correlations, rivals."""

import numpy as np

from nacre.core.figure import Axis, Figure, Panel, Series
from nacre.core.quantity import Z95
from nacre.evidence.calibrate.calibration import Calibration
from nacre.evidence.calibrate.leave_out import Predicted

FAR = 12.0  # standard deviations at which a drawing ends
BANDS = ((-Z95, "tolerance (95 %)"), (Z95, ""))


def of_calibration(c: Calibration) -> tuple[Figure, ...]:
    return (_observables(c), _parameters(c), _correlations(c), *_test_figures(c))


def _observables(c: Calibration) -> Figure:
    observed, values = c.fit.problem.observed, c.fit.predicted if c.full is None else c.full
    series = []
    for sample in dict.fromkeys(o.sample for o in observed):
        rows = [(o, (v - o.value) / o.std) for o, v in zip(observed, values, strict=True) if o.sample == sample]
        z = np.clip([z for _, z in rows], -FAR, FAR)
        series.append(Series("points", z, np.array([o.title for o, _ in rows]), subject=sample, label="calibrated"))
    rules = [Series("rule", np.array([at]), np.empty(0), label=label) for at, label in ((0.0, ""), *BANDS)]
    categories = tuple(o.title for o in reversed(observed))
    panel = Panel(Axis("Model less value, in standard deviations"), Axis("", categories=categories), (*series, *rules))
    caption = f"{len(observed)} values, {len(c.fit.u)} fitted numbers. A value stated as 'below' is met left of zero."
    if c.virtual:
        caption += " From virtual files: a software round trip, not evidence."
    return Figure(
        "calibration-observables", "The model beside the evidence", (panel,), caption, synthetic=c.virtual, wide=True
    )


def _parameters(c: Calibration) -> Figure:
    u, std = c.fit.u, c.fit.std
    labels = [row.free.label for row in c.told]
    low, high = np.clip(u - Z95 * std, 0, 1), np.clip(u + Z95 * std, 0, 1)
    series = _spans(labels, low, high)
    for known, words in ((True, "told"), (False, "cannot be told")):
        at = [k for k, row in enumerate(c.told) if row.told == known]
        if at:
            names = np.array([labels[k] for k in at])
            series.append(Series("points", u[at], names, label=words, marker="filled" if known else "open"))
    x = Axis("Place in the physical range", limits=(-0.03, 1.03))
    panel = Panel(x, Axis("", categories=tuple(reversed(labels))), tuple(series))
    caption = "Fitted numbers with their 95 % intervals: 0 and 1 are the ends of what is physically possible."
    return Figure("calibration-parameters", "Fitted numbers", (panel,), caption, wide=True)


def _spans(names, low, high, subject: str = "") -> list[Series]:
    """Intervals along x, one a name."""
    rows = zip(names, low, high, strict=True)
    return [Series("line", np.array([a, b]), np.array([n, n]), subject=subject, legend=False) for n, a, b in rows]


def _correlations(c: Calibration) -> Figure:
    labels = tuple(row.free.label for row in c.told)
    std = c.fit.std
    matrix = c.fit.covariance / np.outer(std, std)
    heat = Series("heat", np.array(labels), np.array(labels), z=matrix, label="correlation")
    panel = Panel(Axis("", categories=labels), Axis("", categories=labels), (heat,))
    pairs = [(abs(matrix[i, j]), i, j) for i in range(len(labels)) for j in range(i) if abs(matrix[i, j]) > 0.8]
    words = "; ".join(
        f"{labels[i]} and {labels[j]} ({matrix[i, j]:+.2f})" for _, i, j in sorted(pairs, reverse=True)[:6]
    )
    caption = f"Nearly exchangeable: {words}." if words else "No two numbers are nearly exchangeable."
    return Figure("calibration-correlations", "Correlations of the fitted numbers", (panel,), caption)


def _test_figures(c: Calibration) -> tuple[Figure, ...]:
    """Capacities of the calibrated model by rate and by cycle, with the stated values."""
    problem = c.fit.problem
    tests = problem.model.tests(c.fit.values)
    rate, ageing = [], []
    for name, made in tests.items():
        if made.rate is not None:
            x, y = np.array(list(problem.plan.rate_of.values())), made.rate.column("discharge_capacity")
            rate.append(Series("line", x, y, subject=name, label="calibrated model"))
        stated = [
            (o.state["rate_C"], o) for o in problem.observed if o.sample == name and o.name == "discharge_capacity"
        ]
        if stated:
            at = np.array([r for r, _ in stated])
            told = np.array([o.value for _, o in stated])
            half = Z95 * np.array([o.std for _, o in stated])
            rate.append(Series("points", at, told, subject=name, label="stated", lo=told - half, hi=told + half))
        if made.aged is not None:
            q = made.aged.column("discharge_capacity")[1:]
            ageing.append(Series("line", np.arange(1, q.size + 1), q, subject=name, label="calibrated model"))
    capacity = Axis("Specific discharge capacity", "mAh/g")
    panels = [Panel(Axis("C-rate", "C-rate"), capacity, tuple(rate), title="rate test")]
    if ageing:
        panels.append(Panel(Axis("Cycle number"), capacity, tuple(ageing), title="ageing test"))
    caption = "Calibrated model, not measured; error bars are the tolerances (95 %) of the values."
    return (Figure("calibration-tests", "Capacities of the calibrated model", tuple(panels), caption, wide=True),)


def of_left_out(c: Calibration) -> tuple[Figure, ...]:
    series = []
    for sample in dict.fromkeys(r.observed.sample for r in c.predicted):
        rows = [r for r in c.predicted if r.observed.sample == sample]
        z = np.array([(r.value - r.observed.value) / r.observed.std for r in rows])
        half = np.array([Z95 * r.std / r.observed.std for r in rows])
        names = [_left_out_name(r) for r in rows]
        series += _spans(names, np.clip(z - half, -FAR, FAR), np.clip(z + half, -FAR, FAR), sample)
        x = np.clip(z, -FAR, FAR)
        series.append(Series("points", x, np.array(names), subject=sample, label="left out and predicted"))
    categories = tuple(_left_out_name(r) for r in reversed(c.predicted))
    rules = [Series("rule", np.array([at]), np.empty(0), label=label) for at, label in ((0.0, ""), *BANDS)]
    x = Axis("Prediction less value, in its standard deviations", limits=(-FAR, FAR))
    panel = Panel(x, Axis("", categories=categories), (*series, *rules))
    caption = "Values left out of the fit, and what the rest predicts of them, with 95 % intervals; cut at the frame."
    return (Figure("calibration-left-out", "Left out and predicted", (panel,), caption, wide=True),)


def _left_out_name(r: Predicted) -> str:
    return f"without {r.group}: {r.observed.title}"


def of_rivals(c: Calibration) -> tuple[Figure, ...]:
    names = [f"{j.rival.name}: {j.verdict}" for j in c.judged]
    delta = np.clip([j.delta for j in c.judged], -50, 100)
    series = [Series("points", delta, np.array(names), label="rivals", legend=False)]
    series += _spans(names, np.zeros(len(names)), delta)
    series.append(Series("rule", np.array([0.0]), np.empty(0), label="the calibration"))
    panel = Panel(Axis("BIC less that of the calibration"), Axis("", categories=tuple(reversed(names))), tuple(series))
    caption = "Competing explanations fitted alike; above 10 the evidence is very strongly against. Cut at 100."
    return (Figure("calibration-rivals", "Competing explanations", (panel,), caption, wide=True),)
