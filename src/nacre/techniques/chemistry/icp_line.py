"""One emission line of a run: calibration, drift, blank, spike, and the content of each solution of a sample."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nacre.core.quantity import Quantity, derive
from nacre.core.result import Check
from nacre.core.signal import Signal
from nacre.physics.chemistry.calibration_line import (
    CalibrationError,
    CalibrationLine,
    decision_limit,
    detection_limit,
    fit_line,
    fit_variance_law,
    predict_inverse,
    quantification_limit,
)

BEYOND = 1.05  # part of the highest standard up to which a reading counts as within the range


@dataclass(frozen=True)
class EmissionLineRows:
    """The rows of one line: arrays (n,), contents in mg/L, intensities in cps."""

    element: str
    wavelength: float
    label: np.ndarray
    kind: np.ndarray
    intensity: np.ndarray
    variance: np.ndarray
    held: np.ndarray
    added: np.ndarray
    mass: np.ndarray
    volume: np.ndarray
    dilution: np.ndarray
    time: np.ndarray

    @property
    def name(self) -> str:
        return self.element if np.isnan(self.wavelength) else f"{self.element} {self.wavelength:.3f} nm"

    def of(self, *kinds: str) -> np.ndarray:
        return np.isin(self.kind, kinds)


@dataclass(frozen=True)
class SolutionReading:
    """A solution of the sample: content found in mg/L, blank taken off; `lo`, `hi` by Fieller; its own row."""

    label: str
    content: Quantity
    lo: float
    hi: float
    row: int


@dataclass(frozen=True)
class LineResult:
    """What one line found. `recovery` is None where no spike was run; `limits` (decision, detection,
    quantification) in mg/L."""

    rows: EmissionLineRows
    line: CalibrationLine
    readings: tuple[SolutionReading, ...]
    recovery: Quantity | None
    limits: tuple[float, float, float]
    drift: tuple[float, float] | None
    checks: tuple[Check, ...]


def split_lines(signal: Signal) -> list[EmissionLineRows]:
    """The lines of a run, in the file's order; the law of scatter is that of all its solutions."""
    n = signal.sizes["record"]

    def column(name, unit):
        return signal.array(name, unit) if name in signal else np.full(n, np.nan)

    elements, nm = signal["element"].values, column("wavelength", "nm")
    keys = list(dict.fromkeys((str(e), -1.0 if np.isnan(w) else float(w)) for e, w in zip(elements, nm, strict=True)))
    found = []
    for element, wavelength in keys:
        mine = (elements == element) & (np.isnan(nm) if wavelength < 0 else nm == wavelength)
        intensity, std = column("intensity", "cps")[mine], column("intensity_std", "cps")[mine]
        readings = column("readings", "1")[mine]
        found.append(
            EmissionLineRows(
                element,
                float("nan") if wavelength < 0 else wavelength,
                signal["label"].values[mine],
                signal["type"].values[mine],
                intensity,
                _estimate_variance(intensity, std, readings),
                column("concentration", "mg/L")[mine],
                column("added", "mg/L")[mine],
                column("mass", "g")[mine],
                column("volume", "mL")[mine],
                column("dilution", "1")[mine],
                column("time", "s")[mine],
            )
        )
    return found


def _estimate_variance(intensity, std, readings) -> np.ndarray:
    """Variance of each mean signal by the run's law of scatter; equal for all where the file holds no scatter."""
    m = np.where(np.isfinite(readings), readings, 3.0)
    try:
        floor, relative = fit_variance_law(intensity, std**2, m)
    except CalibrationError:
        return np.ones_like(intensity)
    return (floor**2 + (relative * intensity) ** 2) / m


def analyse_line(
    rows: EmissionLineRows, labels: Sequence[str], source: str, drift_input: Quantity | None
) -> LineResult:
    """Contents of the solutions named. Raises CalibrationError where the standards make no calibration, the blank is
    above the sample, or every solution lies outside the calibrated range."""
    checks: list[Check] = []
    factor, drift, drift_std = _measure_drift(rows)
    signal, variance = rows.intensity / factor, rows.variance / factor**2
    standard = (rows.of("standard") | rows.of("blank")) & np.isfinite(rows.held)
    if standard.sum() < 3:
        n = int(standard.sum())
        raise CalibrationError(
            f"{rows.name}: {n} calibration point{'' if n == 1 else 's'}, blank included; at least three are needed, "
            "better five"
        )
    line = fit_line(rows.held[standard], signal[standard], 1 / variance[standard])
    blank = _measure_blank(rows, signal, variance, line)
    readings, refused = [], []
    relative = _make_drift_factor(drift_std, drift_input)
    for i in np.flatnonzero(rows.of("sample") & np.isin(rows.label, list(labels))):
        why = _explain_out_of_range(rows, signal, i, line, blank)
        if why:
            refused.append(why)
            continue
        readings.append(_read_solution(rows, signal, variance, i, line, blank, relative, source))
    lowest = float(line.x[line.x > 0].min(initial=np.inf))
    within = [reading for reading in readings if reading.content.value >= lowest]
    # of several dilutions of a digest, those within the standards count; below them all, the least diluted
    readings = within or _select_least_diluted(rows, readings)
    if not readings:
        raise CalibrationError(refused[0] if refused else f"{rows.name}: no solution of the sample was measured")
    recovery, more = _measure_recovery(rows, signal, variance, line, labels)
    limits = _compute_limits(line, rows.of("blank") | standard, signal, variance)
    checks += more
    if drift is None and drift_input is None:
        text = f"{rows.name}: no drift check was run: neither drift nor the error of the result can be determined"
        checks.append(Check("warn", text, "run a standard again between the samples, or declare signal_drift"))
    bend = _measure_curvature(line)
    if bend > 3.0:
        text = f"{rows.name}: the calibration bends ({bend:.1f} times its error)"
        checks.append(Check("warn", text, "leave the highest standard out or dilute"))
    return LineResult(rows, line, tuple(readings), recovery, limits, drift, tuple(checks))


def _select_least_diluted(rows: EmissionLineRows, readings: Sequence[SolutionReading]) -> list[SolutionReading]:
    least = min((rows.dilution[r.row] for r in readings if np.isfinite(rows.dilution[r.row])), default=np.nan)
    return [r for r in readings if not rows.dilution[r.row] > least]


def _compute_limits(line: CalibrationLine, low: np.ndarray, signal, variance) -> tuple[float, float, float]:
    """Decision, detection and quantification limit in mg/L, for a solution that scatters as the weakest one does."""
    weight = 1 / float(variance[low][np.argmin(signal[low])])
    try:
        quantified = quantification_limit(line, weight=weight)
    except CalibrationError:
        quantified = float("nan")
    return decision_limit(line, weight=weight), detection_limit(line, weight=weight), quantified


# --- drift --------------------------------------------------------------------------------------------------


def _measure_drift(rows: EmissionLineRows) -> tuple[np.ndarray, tuple[float, float] | None, np.ndarray | None]:
    """Sensitivity of every solution over that of the standards; (change from first to last check, its error), and
    its relative standard uncertainty; (1, None, None) where there are not two checks.

    Between checks the sensitivity is a straight line of time; before the first it is taken as there. What bends
    between checks is judged by leaving each inner check out in turn.
    """
    check = rows.of("drift")
    if check.sum() < 2:
        return np.ones_like(rows.intensity), None, None
    order = np.argsort(rows.time[check])
    time, value = rows.time[check][order], rows.intensity[check][order]
    own = np.sqrt(rows.variance[check][order]) / value
    shape = np.interp(rows.time, time, value)
    standards = rows.of("standard")
    centre = float(np.mean(shape[standards])) if standards.any() else float(value[0])
    factor = shape / centre
    missed = [
        value[i] / np.interp(time[i], np.delete(time, i), np.delete(value, i)) - 1 for i in range(1, time.size - 1)
    ]
    # an inner check left out is missed by twice the width of the gaps that are left
    bent = 0.5 * float(np.sqrt(np.mean(np.square(missed)))) if missed else 0.0
    repeat = float(np.sqrt(np.mean(own**2)))
    std = np.full(rows.intensity.shape, float(np.hypot(repeat, bent)))
    return factor, (float(value[-1] / value[0] - 1), repeat * 2**0.5), std


def _make_drift_factor(std: np.ndarray | None, declared: Quantity | None) -> Quantity:
    """1 with the relative error that drift leaves; unknown where nothing determines it."""
    if std is not None:
        return Quantity(1.0, "1", float(std.max()))
    if declared is None:
        return Quantity(1.0, "1")
    return Quantity(1.0 + declared.to("1").value, "1", declared.to("1").std).tagged("icp:declared drift")


# --- one solution -------------------------------------------------------------------------------------------


def _measure_blank(
    rows: EmissionLineRows, signal: np.ndarray, variance: np.ndarray, line: CalibrationLine
) -> tuple[float, float]:
    """Signal of the digest blank and the variance of its mean; the calibration's zero where there is none."""
    of_digest = rows.of("blank") & np.isnan(rows.held)
    if of_digest.any():
        return float(signal[of_digest].mean()), float(variance[of_digest].mean() / of_digest.sum())
    return line.intercept, 0.0


def _explain_out_of_range(
    rows: EmissionLineRows, signal: np.ndarray, i: int, line: CalibrationLine, blank: tuple[float, float]
) -> str:
    """Why a solution gives no content; "" where it does."""
    if signal[i] <= blank[0]:
        both = f"{blank[0]:.4g} cps, '{rows.label[i]}' {signal[i]:.4g} cps"
        return f"{rows.name}: the blank gives more signal than the sample ({both})"
    content, highest = (signal[i] - line.intercept) / line.slope, float(line.x.max())
    if content > BEYOND * highest:
        return (
            f"{rows.name}: '{rows.label[i]}' reads {content:.4g} mg/L, above the highest standard ({highest:g} mg/L): "
            "dilute it, or measure higher standards"
        )
    return ""


def _read_solution(
    rows, signal, variance, i, line: CalibrationLine, blank, drift: Quantity, source: str
) -> SolutionReading:
    """Content of one solution: its own scatter, that of the calibration (shared by all solutions of the run), drift."""
    found = predict_inverse(line, float(signal[i]), 1 / float(variance[i]))
    own = line.scale * float(variance[i]) ** 0.5 / abs(line.slope)
    shared = max(found.std**2 - own**2, 0.0) ** 0.5
    parts = {f"icp:{source}:{rows.name}:{rows.label[i]}": own, f"icp:{source}:{rows.name}:calibration": shared}
    content = Quantity(found.x, "mg/L", found.std, basis="fit-covariance", origin="measured", parts=parts)
    zero = Quantity(0.0, "mg/L", 0.0)
    if blank[1]:
        error = line.scale * blank[1] ** 0.5 / abs(line.slope)
        zero = Quantity((blank[0] - line.intercept) / line.slope, "mg/L", error).tagged(
            f"icp:{source}:{rows.name}:blank"
        )
    drift = drift.tagged(f"icp:{source}:{rows.element}:drift") if drift.std else drift
    net = derive(lambda c, z, d: (c - z) * d, content, zero, drift, unit="mg/L", origin="measured")
    return SolutionReading(str(rows.label[i]), net, found.lo, found.hi, int(i))


# --- spikes -------------------------------------------------------------------------------------------------


def _measure_recovery(rows: EmissionLineRows, signal, variance, line: CalibrationLine, labels: Sequence[str]):
    """Part of what was added that is found, over all spiked solutions; None where there are none."""
    found = []
    for i in np.flatnonzero(rows.of("spike") & (rows.added > 0)):
        base = _find_unspiked(rows, i)
        if base is None:
            continue
        step = (signal[i] - signal[base]) / line.slope / rows.added[i]
        own = line.scale / abs(line.slope) * float(variance[i] + variance[base]) ** 0.5 / rows.added[i]
        found.append((step, float(np.hypot(own, step * line.slope_std / line.slope))))
    if not found:
        return None, []
    values, stds = np.array(found).T
    weights = stds**-2 / (stds**-2).sum()
    # the scatter of several spikes counts where it is more than their own errors
    scatter = float(values.std(ddof=1)) / len(values) ** 0.5 if len(values) > 1 else 0.0
    std = max(float((stds**-2).sum() ** -0.5), scatter)
    recovery = Quantity(100 * float(weights @ values), "%", 100 * std, n=len(values), origin="measured")
    checks = []
    if not 90 <= recovery.value <= 110:
        text = f"{rows.name}: {recovery.value:.0f} % of the spike is found"
        cure = "look for lost analyte (Ti, Zr, Hf, Nb, Ta hydrolyse without fluoride), or match the standards' matrix"
        checks.append(Check("warn", text, cure))
    return recovery, checks


def _find_unspiked(rows: EmissionLineRows, i: int) -> int | None:
    """The solution that was spiked: the sample whose label the spike's begins with, the longest; same dilution."""
    same = [
        j
        for j in np.flatnonzero(rows.of("sample"))
        if str(rows.label[i]).startswith(str(rows.label[j]))
        and (np.isnan(rows.dilution[i]) or rows.dilution[i] == rows.dilution[j])
    ]
    return int(max(same, key=lambda j: len(str(rows.label[j])))) if same else None


def _measure_curvature(line: CalibrationLine) -> float:
    """How many of its standard errors the square term of a parabola through the standards is from 0."""
    if line.x.size < 5:
        return 0.0
    x = (line.x - line.centre[0]) / np.ptp(line.x)
    design = np.column_stack([np.ones_like(x), x, x**2]) * np.sqrt(line.weights)[:, None]
    target = line.y * np.sqrt(line.weights)
    solution, *_ = np.linalg.lstsq(design, target, rcond=None)
    left = target - design @ solution
    scale = float(left @ left) / (x.size - 3)
    error = (scale * np.linalg.inv(design.T @ design)[2, 2]) ** 0.5
    return abs(float(solution[2])) / error if error else 0.0
