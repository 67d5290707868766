"""A calibration as results: numbers with their covariance, observables, what is told, rivals; tables and checks."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from nacre.cell.parameters import collect_model_words, write_quantity_name
from nacre.core import vocabulary
from nacre.core.quantity import Quantity, correlated
from nacre.core.result import Check, Curve, Entry, Provenance, Result, Subject
from nacre.evidence.calibrate.calibration import Calibration
from nacre.evidence.calibrate.fit import Fit
from nacre.evidence.calibrate.leave_out import Predicted
from nacre.evidence.calibrate.reporting import figures
from nacre.evidence.calibrate.rivals import Judged

CITATIONS = (
    "M. A. Branch, T. F. Coleman, Y. Li, SIAM J. Sci. Comput. 1999, 21, 1-23.",
    "N. Sugiura, Commun. Stat. Theory Methods 1978, 7, 13-26.",
    "G. Schwarz, Ann. Stat. 1978, 6, 461-464.",
    "A. Raue et al., Bioinformatics 2009, 25, 1923-1929.",
)
METHODS = (
    "The numbers of a single-ion porous-electrode model with ageing were fitted to the values of the study by bounded "
    "least squares from many starts spread over their physical ranges."
)


def results_of(c: Calibration) -> list[Result]:
    """The results that the report shows: the calibration, what was left out and predicted, the rivals."""
    with vocabulary.using(vocabulary.current().extended("quantity", collect_model_words(c.fit.problem.model.names))):
        found = [_calibration(c)]
        if c.predicted:
            found.append(_left_out(c))
        if c.judged:
            found.append(_rivals(c))
        return found


# --- the calibration itself ----------------------------------------------------------------------------------


def _calibration(c: Calibration) -> Result:
    return Result(
        "calibration",
        "calibration",
        Subject(),
        entries=(*_parameters(c), *_observables(c)),
        curves=_tables(c),
        figures=figures.of_calibration(c),
        checks=tuple(_checks(c)),
        citations=CITATIONS,
        methods=METHODS,
        origin="calibrated",
        provenance=Provenance(seed=c.fit.seed, options={"starts": len(c.fit.searches), "evidence": c.evidence}),
    )


def fitted(fit: Fit) -> dict[str, Quantity]:
    """The fitted numbers by label, with their covariance and 95 % intervals inside their ranges."""
    problem, values = fit.problem, fit.values
    slope = np.array([v if f.log else 1.0 for f, v in zip(problem.free, values, strict=True)]) * problem.model.span
    matrix = fit.covariance * np.outer(slope, slope)
    labels, units = [f.label for f in problem.free], [f.unit for f in problem.free]
    made = correlated(labels, values, matrix, units, source=f"calibration {fit.seed}", origin="calibrated")
    low, high = fit.intervals
    return {
        name: replace(q, lo95=float(a), hi95=float(b)) for (name, q), a, b in zip(made.items(), low, high, strict=True)
    }


def _parameters(c: Calibration) -> list[Entry]:
    made = fitted(c.fit)
    return [
        Entry(write_quantity_name(f.name), made[f.label], {}, Subject(f.sample) if f.sample else None)
        for f in c.fit.problem.free
    ]


def _observables(c: Calibration) -> list[Entry]:
    """What the calibrated model says of the evidence, with every cycle simulated where that was done."""
    values = c.fit.predicted if c.full is None else c.full
    spread = np.sqrt(np.einsum("ik,kl,il->i", *_slopes(c.fit)))
    return [
        Entry(o.name, Quantity(float(v), o.unit, float(s), basis="fit-covariance", origin="calibrated"), dict(o.state),
              Subject(o.sample))
        for o, v, s in zip(c.fit.problem.observed, values, spread, strict=True)
    ]  # fmt: skip


def _slopes(fit: Fit):
    _, slopes = fit.problem.slopes(fit.u, fit.problem.observed)
    slopes = np.nan_to_num(slopes)
    return slopes, fit.covariance, slopes


def _tables(c: Calibration) -> tuple[Curve, ...]:
    observed, values = c.fit.problem.observed, c.fit.predicted if c.full is None else c.full
    plain = {
        "observable": [o.title for o in observed],
        "role": ["calibrated"] * len(observed),
        "unit": [o.unit for o in observed],
        "rule": [o.rule or "two-sided" for o in observed],
        "source": [o.source for o in observed],
    }
    numbers = {
        "stated": [o.value for o in observed],
        "std": [o.std for o in observed],
        "model": list(values),
        "residual": [o.residual(v) for o, v in zip(observed, values, strict=True)],
        "predicted_by_the_rest_sd": [row[1] for row in c.redundancy[: len(observed)]],
    }
    columns = {k: (np.array(v), "1") for k, v in (plain | numbers).items()}
    rows = c.told
    parameters = {
        "parameter": (np.array([r.free.label for r in rows]), "1"),
        "value": (np.array([r.value for r in rows]), "1"),
        "low95": (np.array([r.low for r in rows]), "1"),
        "high95": (np.array([r.high for r in rows]), "1"),
        "range_low": (np.array([r.free.low for r in rows]), "1"),
        "range_high": (np.array([r.free.high for r in rows]), "1"),
        "unit": (np.array([r.free.unit for r in rows]), "1"),
        "status": (np.array(["fitted" if r.told else "cannot be told" for r in rows]), "1"),
        "pinned_by": (np.array([", ".join(r.pinned_by) for r in rows]), "1"),
        "why_this_range": (np.array([r.free.why for r in rows]), "1"),
    }
    made = [Curve("observables", columns), Curve("parameters", parameters)]
    if c.draws is not None:
        names = [f.label for f in c.fit.problem.free]
        made.append(Curve("posterior", {n: (c.draws[:, k], "1") for k, n in enumerate(names)}))
    return tuple(made)


def _checks(c: Calibration):
    fit, k = c.fit, c.fit.criteria
    yield Check("pass" if fit.converged else "warn", fit.words, "" if fit.converged else "ask for more starts")
    met, count = sum(_met(c)), len(fit.problem.observed)
    text = (
        f"{k.k} numbers fitted to {k.n} values: {k.freedom} degrees of freedom, chi2 {k.chi2:.3g}, AICc {k.aicc:.4g},"
    )
    text += f" BIC {k.bic:.4g}; {met} of {count} tolerances met"
    text += ", every cycle simulated" if c.full is not None else ""
    yield Check("pass" if met == count else "warn", text)
    if k.freedom <= 0:
        yield Check("warn", "there are as many numbers as values: a good fit proves nothing", "fit fewer numbers")
    for o, v in zip(fit.problem.observed, fit.predicted if c.full is None else c.full, strict=True):
        if not o.within(v):
            rule = f"{o.rule} " if o.rule else ""
            yield Check(
                "warn", f"{o.title}: the model gives {v:.4g} {o.unit}, stated {rule}{o.value:g}: outside its tolerance"
            )
    if c.virtual:
        yield Check("warn", "this calibrates on virtual files: a software round trip, not evidence")
    for row in c.told:
        yield Check("info" if row.told else "warn", row.words)
        if row.told and (fit.u[c.told.index(row)] < 0.01 or fit.u[c.told.index(row)] > 0.99):
            yield Check("warn", f"{row.free.label} sits at the end of its physical range", "the model lacks something")
    yield from _identified(c)


def _met(c: Calibration) -> list[bool]:
    values = c.fit.predicted if c.full is None else c.full
    return [o.within(v) for o, v in zip(c.fit.problem.observed, values, strict=True)]


def _identified(c: Calibration):
    sloppy = [d for d in c.directions if not d.told]
    for d in sloppy:
        yield Check("warn", f"cannot be told: {d.words} (singular value {d.value:.2g}; the ranges alone give 3.5)")
    if not sloppy:
        last = c.directions[-1]
        text = (
            f"no direction is sloppy; the least told is {last.words} (singular value {last.value:.3g}, the ranges 3.5)"
        )
        yield Check("info", text)
    rest = [title for title, sd, _ in c.redundancy if sd < 1.0]
    own = [title for title, sd, _ in c.redundancy if sd > 3.0]
    if rest:
        yield Check("info", f"the rest of the evidence predicts these to within their tolerance: {'; '.join(rest)}")
    if own:
        yield Check("info", f"each of these pins a number of its own, and tests nothing: {'; '.join(own)}")
    for candidate in c.candidates[:4]:
        name, part = candidate.best
        text = f"would tell: {candidate.words} (predicted {candidate.value:.3g} +- {candidate.std:.2g}"
        text += f" {candidate.observed.unit}) takes {100 * part:.0f} % of the variance of {name}"
        yield Check("info", f"{text}, {100 * candidate.mean:.0f} % on average")


# --- left out, rivals ----------------------------------------------------------------------------------------


def _left_out(c: Calibration) -> Result:
    entries = [
        Entry(r.observed.name, Quantity(r.value, r.observed.unit, r.std if np.isfinite(r.std) else None,
              basis="fit-covariance" if np.isfinite(r.std) else "none", origin="predicted"),
              dict(r.observed.state), Subject(r.observed.sample))
        for r in _each_once(c.predicted)
    ]  # fmt: skip
    checks = tuple(Check("pass" if r.within else "warn", r.words) for r in c.predicted)
    return Result("calibration", "calibration-left-out", Subject(), tuple(entries),
                  figures=figures.of_left_out(c), checks=checks, origin="predicted")  # fmt: skip


def _each_once(rows: Sequence[Predicted]) -> list[Predicted]:
    return list({r.observed.key: r for r in rows}.values())


def _rivals(c: Calibration) -> Result:
    checks = [*(_judgement(j) for j in c.judged), *_side_by_side(c)]
    rows = c.judged
    table = Curve(
        "rivals",
        {
            "rival": (np.array(["the calibration", *(j.rival.name for j in rows)]), "1"),
            "numbers": (np.array([c.fit.criteria.k, *(j.fit.criteria.k for j in rows)]), "1"),
            "chi2": (np.array([c.fit.criteria.chi2, *(j.fit.criteria.chi2 for j in rows)]), "1"),
            "aicc": (np.array([c.fit.criteria.aicc, *(j.fit.criteria.aicc for j in rows)]), "1"),
            "bic": (np.array([c.fit.criteria.bic, *(j.fit.criteria.bic for j in rows)]), "1"),
            "tolerances_missed": (np.array([0, *(len(j.missed) for j in rows)]), "1"),
            "left_out_rms_sd": (np.array([np.nan, *(j.left_out for j in rows)]), "1"),
            "verdict": (np.array(["", *(j.verdict for j in rows)]), "1"),
            "words": (np.array(["", *(j.rival.words for j in rows)]), "1"),
        },
    )
    return Result("calibration", "calibration-rivals", Subject(), curves=(table,), figures=figures.of_rivals(c),
                  checks=tuple(checks), origin="calibrated")  # fmt: skip


def _side_by_side(c: Calibration):
    """What the rivals that cannot be excluded predict of measurements not made, where they differ most."""
    open_ = [j for j in c.judged if j.verdict != "excluded" and j.candidates]
    rows = []
    for mine in c.candidates:
        theirs = [(j.rival.name, o) for j in open_ for o in j.candidates if o.words == mine.words]
        gap = max((abs(o.value - mine.value) / np.hypot(mine.std, o.std) for _, o in theirs), default=0.0)
        rows.append((gap, mine, [pair for pair in theirs if abs(pair[1].value - mine.value) > pair[1].std]))
    for gap, mine, theirs in sorted(rows, key=lambda row: -row[0])[:4]:
        if gap > 2.0 and theirs:
            text = f"would tell rivals apart: {mine.words}, {mine.value:.3g} +- {mine.std:.2g} {mine.observed.unit}"
            text += "; " + ", ".join(f"{name} {o.value:.3g} +- {o.std:.2g}" for name, o in theirs)
            yield Check("info", text)


def _judgement(j: Judged) -> Check:
    if j.rival.control and j.verdict != "excluded":
        return Check("fail", f"the control {j.words}: it must be excluded, and is not",
                     "tighten the tolerances or add evidence: as it stands this calibration tells nothing")  # fmt: skip
    return Check("pass" if j.rival.control else "info", j.words)
