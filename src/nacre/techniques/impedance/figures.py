"""Figures of impedance: Nyquist, Bode, residuals, relaxation times, and the resistances side by side."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from nacre.core.context import Context
from nacre.core.figure import Axis, Figure, Panel, Series
from nacre.core.quantity import Quantity
from nacre.core.result import Entry
from nacre.core.vocabulary import word
from nacre.techniques.impedance.adequacy import SpectrumVerdict

AREAL = "ohm cm2"
FAST = 1e3
NAMED = ("r_bulk", "r_gb", "r_cam_se")
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_PLACES = {"r_bulk": "R_Bulk", "r_gb": "R_GB", "r_cam_se": "R_CAM|SE"}


def draw(
    verdicts: Sequence[SpectrumVerdict],
    found: Sequence[Sequence[Entry]],
    area: Quantity,
    context: Context,
    synthetic: bool,
) -> tuple[Figure, ...]:
    """All figures of a measurement; those of several samples are drawn as one."""
    subject = context.sample.name if context.sample else ""
    made = [
        draw_nyquist(verdicts, area.value, subject),
        draw_bode(verdicts, area.value, subject),
        draw_residuals(verdicts, subject),
        draw_relaxations(verdicts, area.value, subject),
        draw_bars(verdicts, found, area, subject),
    ]
    return tuple(replace(figure, synthetic=synthetic) for figure in made if figure)


def get_group(verdict: SpectrumVerdict, several: bool) -> str:
    if not several:
        return ""
    state = verdict.spectrum.state
    name = next((key for key in ("cycle", "temperature_degC", "spectrum") if key in state), "")
    return f"{word('state', name).words} {state[name]:g}" if name else verdict.spectrum.name


def _find_decades(frequency: np.ndarray) -> np.ndarray:
    """Places of the points nearest to whole decades, within a tenth of a decade."""
    log = np.log10(frequency)
    wanted = np.arange(np.ceil(log.min() - 0.05), np.floor(log.max() + 0.05) + 1)
    near = np.array([int(np.argmin(np.abs(log - decade))) for decade in wanted], int)
    return near[np.abs(log[near] - wanted) < 0.1]


def draw_nyquist(verdicts: Sequence[SpectrumVerdict], area: float, subject: str) -> Figure:
    """-Im Z against Re Z in ohm cm2 on equal axes, whole and above 1 kHz: points, decades filled, the fit as a line."""
    whole, fast = [], []
    for verdict in verdicts:
        fit, group = verdict.fit, get_group(verdict, len(verdicts) > 1)
        z, line, at = fit.impedance * area, fit.fitted * area, _find_decades(fit.frequency)
        who = {"subject": subject, "group": group}
        drawn = [
            Series("points", z.real, -z.imag, subject, marker="open", **who),
            Series("points", z[at].real, -z[at].imag, "", legend=False, **who),
            Series("line", line.real, -line.imag, "", legend=False, **who),
        ]
        quick = fit.frequency[at] >= FAST
        whole += [*drawn, _label_decades(fit.frequency, z, at[~quick], who)]
        fast += [*(replace(one, legend=False) for one in drawn), _label_decades(fit.frequency, z, at[quick], who)]
    panels = [Panel(Axis("Re(Z)", AREAL, equal=True), Axis("-Im(Z)", AREAL, equal=True), tuple(whole))]
    near = verdicts[0].fit.impedance[verdicts[0].fit.frequency >= FAST] * area
    if len(near) > 4:
        end = 1.15 * float(np.max(near.real))
        x, y = ("Re(Z)", (0.0, end)), ("-Im(Z)", (0.0, 0.7 * end))
        axes = (Axis(label, AREAL, limits=limits, equal=True) for label, limits in (x, y))
        panels.append(Panel(*axes, tuple(fast), title="above 1 kHz"))
    circuits = " or ".join(dict.fromkeys(verdict.fit.circuit.text for verdict in verdicts))
    if "(R_1|" in circuits:  # an automatic circuit: every cell may have another
        circuits = "the circuit that each spectrum offers"
    caption = f"Nyquist plot times area; filled points are whole decades of frequency in Hz, lines fits of {circuits}."
    return Figure("nyquist", "Nyquist plot", tuple(panels), caption, "Fig. 6a", wide=True)


def _label_decades(frequency: np.ndarray, z: np.ndarray, at: np.ndarray, who: dict[str, str]) -> Series:
    """Names of the decades at their points."""
    words = tuple(f"10{str(round(np.log10(f))).translate(_RAISED)}" for f in frequency[at])
    return Series("text", z[at].real, -z[at].imag, words=words, legend=False, **who)


def draw_bode(verdicts: Sequence[SpectrumVerdict], area: float, subject: str) -> Figure:
    """Modulus and phase against frequency."""
    size, phase = [], []
    for verdict in verdicts:
        fit = verdict.fit
        who = {"subject": subject, "group": get_group(verdict, len(verdicts) > 1)}
        z, line, f = fit.impedance * area, fit.fitted * area, fit.frequency
        size.append(Series("points", f, np.abs(z), subject, marker="open", **who))
        size.append(Series("line", f, np.abs(line), "", legend=False, **who))
        phase.append(Series("points", f, -np.degrees(np.angle(z)), "", marker="open", legend=False, **who))
        phase.append(Series("line", f, -np.degrees(np.angle(line)), "", legend=False, **who))
    x = Axis("Frequency", "Hz", scale="log")
    panels = (Panel(x, Axis("|Z|", AREAL, scale="log"), tuple(size)), Panel(x, Axis("-Phase", "deg"), tuple(phase)))
    return Figure("bode", "Bode plot", panels, "Modulus times electrode area, and phase; lines are fits.")


def draw_residuals(verdicts: Sequence[SpectrumVerdict], subject: str) -> Figure:
    """What the circuit leaves beside what Kramers-Kronig leaves, in percent of |Z|."""
    panels: tuple[list[Series], list[Series]] = ([], [])
    for verdict in verdicts:
        fit, test = verdict.fit, verdict.test
        group = get_group(verdict, len(verdicts) > 1)
        left = 100 * (fit.fitted - fit.impedance) / np.abs(fit.impedance)
        for k, part in enumerate((np.real, np.imag)):
            who = {"subject": subject, "legend": k == 0}
            panels[k].append(Series("line", fit.frequency, part(left), "circuit", group=f"{group} circuit", **who))
            own = Series(
                "line",
                test.frequency,
                part(100 * test.residual),
                "Kramers-Kronig",
                group=f"{group} Kramers-Kronig",
                style="dotted",
                **who,
            )
            panels[k].append(own)
    x = Axis("Frequency", "Hz", scale="log")
    labels = ("Residual of Re(Z)", "Residual of Im(Z)")
    made = tuple(Panel(x, Axis(label, "%"), tuple(rows)) for label, rows in zip(labels, panels, strict=True))
    caption = "Residuals relative to |Z|, of the circuit and of the Kramers-Kronig test."
    return Figure("impedance-residuals", "Residuals of the fits", made, caption)


def draw_relaxations(verdicts: Sequence[SpectrumVerdict], area: float, subject: str) -> Figure:
    """The distribution of relaxation times with its 95 % band."""
    series = []
    for verdict in verdicts:
        shown, group = verdict.distribution, get_group(verdict, len(verdicts) > 1)
        who = {"subject": subject, "group": group}
        if np.all(np.isfinite(shown.low)):
            lo, hi = shown.low * area, shown.high * area
            series.append(Series("band", shown.tau, shown.gamma * area, "", lo=lo, hi=hi, legend=False, **who))
        series.append(Series("line", shown.tau, shown.gamma * area, subject, **who))
    panel = Panel(Axis("Relaxation time", "s", scale="log"), Axis("Distribution", AREAL), tuple(series))
    caption = "Distribution of relaxation times; the band does not hold the bias of smoothing."
    return Figure("relaxation-times", "Distribution of relaxation times", (panel,), caption)


def draw_bars(
    verdicts: Sequence[SpectrumVerdict], found: Sequence[Sequence[Entry]], area: Quantity, subject: str
) -> Figure | None:
    """Resistances side by side with the error of the fit. Those that the data leave open are not drawn."""
    rows = []
    for verdict, entries in zip(verdicts, found, strict=True):
        values = {entry.name: entry.quantity.value for entry in entries if entry.name in NAMED}
        limits = _get_limits(verdict, area.value)
        open_ = {name.lower() for name in verdict.identifiability.undetermined}
        shown = [name for name in NAMED if name in values and name not in open_]
        if not shown:
            continue
        y = np.array([values[name] for name in shown])
        lo, hi = (np.array([limits[name][k] for name in shown]) for k in (0, 1))
        group = get_group(verdict, len(verdicts) > 1)
        places = np.array([_PLACES[name] for name in shown])
        rows.append(Series("bars", places, y, subject, subject, group, lo=lo, hi=hi))
    if not rows:
        return None
    x = Axis("", categories=tuple(_PLACES.values()))
    caption = "Resistances times electrode area; error bars are 95 % intervals of the fit alone."
    return Figure("resistances", "Resistances", (Panel(x, Axis("R", AREAL), tuple(rows)),), caption, "Fig. 6b")


def _get_limits(verdict: SpectrumVerdict, area: float) -> dict[str, tuple[float, float]]:
    """95 % interval of each resistance in ohm cm2 by its lower-case name; NaN where none can be given."""
    low, high = verdict.fit.interval()
    sure = verdict.sure
    return {
        name.lower(): (low[k] * area, high[k] * area) if sure else (np.nan, np.nan)
        for k, name in enumerate(verdict.fit.names)
    }
