"""Several spectra, one fit: bare and coated with the same bulk and grain boundary, a cell over cycles or temperatures.

What is shared is declared: parameters with one value for all, or with Arrhenius behaviour. Where AICc and BIC of the
separate fits are both lower the data reject it, and the numbers are those of the separate fits. Cells of
different area are brought to that of the first.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.special import stdtrit

from nacre.core.context import Context
from nacre.core.contracts import Technique
from nacre.core.errors import NacreError
from nacre.core.figure import Axis, Figure, Panel, Series
from nacre.core.options import option
from nacre.core.quantity import Quantity, correlated, derive
from nacre.core.result import Check, Curve, Entry, Result, Subject
from nacre.physics.impedance.circuit import parse_circuit
from nacre.physics.impedance.constraints import Sharing
from nacre.physics.impedance.identifiability import WIDE
from nacre.physics.impedance.kramers_kronig import KramersKronig, check_kramers_kronig
from nacre.physics.impedance.selection import Adequacy, judge_adequacy
from nacre.physics.impedance.shared import SharedFit, fit_shared
from nacre.techniques.impedance import inputs as given
from nacre.techniques.impedance.adequacy import add_inductance
from nacre.techniques.impedance.checks import STATUS
from nacre.techniques.impedance.impedance import multiply_by_area, name_entry
from nacre.techniques.impedance.joint_spectra import JointSpectrum, collect_spectra, get_kelvin, is_shared_area

CELLS = "their intervals are of these cells, the spread between cells of one recipe is not in them"


@dataclass(frozen=True)
class JointFitOptions:
    """What several spectra have in common. Values of parameters are those of the first cell: ohm, F, H, S s^n, s."""

    circuit: str = option("", "circuit of all spectra; empty: that of a pellet cell where there is a composite")
    shared: tuple[str, ...] = option((), "parameters or elements with one value for all, like R_bulk, R_gb, Q_gb")
    arrhenius: tuple[str, ...] = option((), "parameters that follow Arrhenius' law over the temperatures")
    temperatures: tuple[float, ...] = option(
        (), "of each spectrum; else the state temperature_degC of its measurement, else the cell's", unit="degC"
    )
    reference: str = option("", "input that the others are compared with; empty: the first")
    fixed: tuple[str, ...] = option((), "parameters that are known, like 'R_gb = 20'")
    bounds: tuple[str, ...] = option((), "ranges of parameters, like '1 < R_gb < 50'")
    ties: tuple[str, ...] = option((), "parameters that follow others, like 'Q_gb.n = Q_cam_se.n'")
    order: tuple[str, ...] = option((), "parameters that do not fall, like 'R_bulk < R_gb'")
    start: tuple[str, ...] = option((), "values to begin from, like 'R_gb = 20'")
    weights: str = option("modulus", "weights of the residuals: 1/|Z|, or none", choices=("modulus", "unit"))
    lowest: float | None = option(None, "points below this frequency are left out", unit="Hz", lo=0.0)
    highest: float | None = option(None, "points above this frequency are left out", unit="Hz", lo=0.0)
    cable: str = option(
        "auto", "a series inductance where AICc and BIC both ask for it, or never", choices=("auto", "never")
    )


@dataclass(frozen=True)
class JointFit:
    """A joint fit judged. refused: the shared fit that the data spoke against, where this is the separate one."""

    members: tuple[JointSpectrum, ...]
    fit: SharedFit
    tests: tuple[KramersKronig, ...]
    fitness: tuple[Adequacy, ...]
    refused: SharedFit | None
    extended: bool

    def sure(self, k: int) -> bool:
        return self.tests[k].verdict != "drifting" and self.fitness[k].describes is not False

    def told(self, k: int, name: str) -> bool:
        """Whether the data determine a parameter of a spectrum, and the fit may say how well."""
        std = self.fit.log_std[k, self.fit.circuit.index(name)]
        return bool(self.sure(k) and np.isfinite(std) and 0 < std < WIDE)


def analyse(inputs: Mapping[str, Any], context: Context, options: JointFitOptions) -> list[Result]:
    """Resistances of every cell, and how they differ, from one fit.

    inputs : names -> an impedance Signal or a list of them. Raises NacreError where there are fewer than two spectra.
    """
    members = collect_spectra(inputs, context, options)
    if len(members) < 2:
        raise NacreError("a joint fit needs two spectra", where=context.where, found=str(len(members)))
    text, why = given.choose_circuit(options.circuit, members[0].context)
    if not text:
        raise NacreError("no circuit is named", where=context.where, do="name it in the options of this analysis")
    joint = _fit_jointly(members, text, options, context)
    values = make_quantities(joint, context.analysis or "impedance_global")
    reference = _find_reference(members, options.reference, context.where)
    stated = (Check("info", f"{why}.", "name the circuit"),) if why else ()
    return [
        Result(
            "impedance_global",
            context.analysis,
            Subject(),
            entries=tuple(_make_entries(joint, values, reference)),
            curves=_tabulate_parameters(joint),
            figures=_draw_resistances(joint, values),
            checks=(*stated, *_check_fit(joint, reference)),
            citations=TECHNIQUE.citations,
            methods=_describe_methods(joint),
            origin="synthetic" if context.synthetic else "measured",
        )
    ]


def _expand_names(circuit: str, words: Sequence[str]) -> tuple[str, ...]:
    """Parameters meant by names of parameters or elements."""
    made = parse_circuit(circuit)
    found = []
    for word in words:
        own = [p.name for p in made.parameters if p.element == word]
        found += own or [made.names[made.index(word)]]
    return tuple(dict.fromkeys(found))


def _fit_jointly(members: tuple[JointSpectrum, ...], text: str, options: JointFitOptions, context: Context) -> JointFit:
    spectra = [(m.spectrum.frequency, m.spectrum.impedance) for m in members]
    known = given.parse_constraints(options, context.where)
    with given.translate_errors(context.analysis or "joint fit"):
        warm = tuple(get_kelvin(m) for m in members) if options.arrhenius else ()
        sharing = Sharing(_expand_names(text, options.shared), _expand_names(text, options.arrhenius), warm)
        tests = tuple(check_kramers_kronig(*pair, m.spectrum.time) for pair, m in zip(spectra, members, strict=True))

        def run(circuit: str, what: Sharing) -> SharedFit:
            return fit_shared(circuit, spectra, what, options.weights, known, seed=context.seed)

        found, extended = run(text, sharing), False
        if options.cable == "auto" and "L" not in {leaf.element.symbol for leaf in parse_circuit(text).elements}:
            longer = run(add_inductance(text), sharing)
            if longer.aicc < found.aicc and longer.bic < found.bic:
                found, extended = longer, True
        refused = None
        if (sharing.shared or sharing.arrhenius) and found.aicc_alone < found.aicc and found.bic_alone < found.bic:
            refused, found = found, run(found.circuit.text, Sharing())
    fitness = tuple(judge_adequacy(_make_separate(found, k), test) for k, test in enumerate(tests))
    return JointFit(members, found, tests, fitness, refused, extended)


def _make_separate(fit: SharedFit, k: int):
    """The separate fit of a spectrum, with the values of the joint one."""
    alone = fit.alone[k]
    fitted = fit.circuit.impedance(alone.frequency, fit.values[k])
    return replace(alone, fitted=fitted, values=fit.values[k], rms=fit.rms[k])


def make_quantities(joint: JointFit, source: str) -> list[dict[str, Quantity]]:
    """Parameters of each spectrum with the covariance of the joint fit, in units of the first cell."""
    fit = joint.fit
    places = [(k, name) for k in range(len(joint.members)) for name in fit.names if joint.told(k, name)]
    rows = [fit.place(k, name) for k, name in places]
    flat = fit.values.ravel()
    covariance = fit.log_covariance[np.ix_(rows, rows)] * np.outer(flat[rows], flat[rows])
    keys = [f"{k} {name}" for k, name in places]
    known = correlated(keys, flat[rows], covariance, ["ohm"] * len(keys), source=source) if keys else {}
    t = stdtrit(fit.dof, 0.975)
    made: list[dict[str, Quantity]] = [{} for _ in joint.members]
    for k, row in enumerate(made):
        for i, name in enumerate(fit.names):
            value = float(fit.values[k, i])
            plain = Quantity(value, "ohm", basis="none", origin="measured")
            ends = (
                sorted(value * np.exp(sign * t * fit.log_std[k, i]) for sign in (-1, 1)) if joint.told(k, name) else ()
            )
            row[name] = replace(known.get(f"{k} {name}", plain), **dict(zip(("lo95", "hi95"), ends, strict=False)))
    return made


def _list_resistances(joint: JointFit) -> list[str]:
    return [p.name for p in joint.fit.circuit.parameters if p.unit == "ohm"]


def _multiply_by_area(joint: JointFit, quantity: Quantity, k: int) -> Quantity:
    """ohm of the first cell's area to ohm cm2 of cell k, with the error of its own area."""
    first, own = joint.members[0].area.value, joint.members[k].area
    return multiply_by_area(quantity, derive(lambda a: a / own.value * first, own, unit="cm2"))


def _make_entries(joint: JointFit, values: list[dict[str, Quantity]], reference: int):
    """What is common to all, and how each differs from the reference; values of one cell are `impedance`'s to give."""
    shared = [name for name in _list_resistances(joint) if name in joint.fit.sharing.shared]
    for name in shared:
        word, own = name_entry(name)
        yield Entry(word, _multiply_by_area(joint, values[0][name], 0), own, _find_common_subject(joint.members))
    for k in range(len(joint.members)):
        if k != reference:
            yield from _compare_with_reference(joint, values, k, reference)
    for name, (energy, std) in joint.fit.activation_energy.items():
        own = Quantity(
            energy / 1e3, "kJ/mol", _compute_energy_std(joint, std), basis="fit-covariance", origin="measured"
        )
        yield Entry("activation_energy", own, {"element": name}, _find_common_subject(joint.members))


def _compute_energy_std(joint: JointFit, std: float) -> float | None:
    return std / 1e3 if np.isfinite(std) and all(joint.sure(k) for k in range(len(joint.members))) else None


def _find_common_subject(members: Sequence[JointSpectrum]) -> Subject:
    """The cell or sample that all spectra have in common; empty where there is none."""
    subjects = {m.spectrum.subject for m in members}
    samples, cells = {s.sample for s in subjects}, {s.cell for s in subjects}
    return Subject(samples.pop() if len(samples) == 1 else "", cells.pop() if len(cells) == 1 else "")


def _compare_with_reference(joint: JointFit, values, k: int, reference: int):
    """Ratio and difference of what is not shared, against the reference, with their covariance."""
    fit, about = joint.fit, joint.members[k].spectrum.subject
    for name in _list_resistances(joint):
        if name in fit.sharing.shared or name in fit.alone[0].known.fixed:
            continue
        state = joint.members[k].state | {"element": name}
        yield Entry("resistance_ratio", _compute_ratio(joint, name, k, reference), state, about)
        two = (_multiply_by_area(joint, values[j][name], j) for j in (k, reference))
        change = derive(lambda a, b: a - b, *two, unit="ohm cm2", basis="fit-covariance", origin="measured")
        yield Entry("resistance_change", change, state, about)


def _compute_ratio(joint: JointFit, name: str, k: int, reference: int) -> Quantity:
    """R_k A_k / (R_ref A_ref); an area declared once for both cells is one error, and cancels."""
    log, std = joint.fit.log_ratio(name, k, reference)
    known = joint.told(k, name) and joint.told(reference, name)
    ratio = Quantity(float(np.exp(log)), "1", None, basis="none", origin="measured")
    if not known:
        return ratio
    ratio = Quantity(ratio.value, "1", ratio.value * std, basis="fit-covariance", origin="measured")
    areas = [joint.members[j].area for j in (k, reference)]
    spread = 0.0
    if not is_shared_area(joint.members[k], joint.members[reference]):
        both = derive(lambda a, b: a / b, *areas, unit="1")
        if both.std is None:
            return Quantity(ratio.value, "1", None, basis="none", origin="measured")
        spread = both.std / both.value
        ratio = derive(lambda r, a, b: r * a / b * areas[1].value / areas[0].value, ratio, *areas, unit="1")
    half = np.hypot(stdtrit(joint.fit.dof, 0.975) * std, 1.96 * spread)
    lo, hi = (float(ratio.value * np.exp(sign * half)) for sign in (-1, 1))
    return replace(ratio, lo95=lo, hi95=hi, basis="fit-covariance", origin="measured")


def _find_reference(members: Sequence[JointSpectrum], name: str, where: str) -> int:
    labels = [m.label for m in members]
    if name and name not in labels:
        raise NacreError(f"no input '{name}' to compare with", where=where, expected=", ".join(labels))
    return labels.index(name) if name else 0


def _check_fit(joint: JointFit, reference: int):
    for member, test, fits in zip(joint.members, joint.tests, joint.fitness, strict=True):
        verb = "is " if test.verdict == "too noisy" else ""
        yield Check(STATUS[test.verdict], f"{member.label}: the spectrum {verb}{test.sentence()}")
        status = {True: "pass", False: "fail", None: "warn"}[fits.describes]
        yield Check(status, f"{member.label}: {fits.sentence}")
    yield from _check_sharing(joint)
    if joint.extended:
        yield Check("info", "a series inductance L_0 (cables) is fitted: it lowers AICc and BIC.", "cable = 'never'")
    for k, member in enumerate(joint.members):
        loose = [name for name in joint.fit.names if joint.sure(k) and not joint.told(k, name)]
        loose = [name for name in loose if name not in joint.fit.alone[0].known.fixed]
        if loose:
            yield Check("warn", f"{member.label}: not determined by these data: {', '.join(loose)}.")
    yield Check("info", f"ratios and changes are against '{joint.members[reference].label}'; {CELLS}.")


def _check_sharing(joint: JointFit):
    fit = joint.refused or joint.fit
    names = ", ".join((*fit.sharing.shared, *fit.sharing.arrhenius))
    if not names:
        yield Check("info", "nothing is shared: the spectra are fitted separately.")
        return
    worse = f"AICc {fit.aicc - fit.aicc_alone:+.1f}, BIC {fit.bic - fit.bic_alone:+.1f} against separate fits"
    if joint.refused:
        text = f"the data reject sharing {names}: {worse}. The numbers are those of separate fits."
        yield Check("warn", text, "share less")
    else:
        yield Check("pass", f"the data admit sharing {names}: {worse}.")


def _tabulate_parameters(joint: JointFit) -> tuple[Curve, ...]:
    fit = joint.fit
    rows = [(m.label, name) for m in joint.members for name in fit.names]
    std = np.abs(fit.values) * np.where(np.isfinite(fit.log_std), fit.log_std, np.nan)
    table = {
        "spectrum": (np.array([label for label, _ in rows]), "1"),
        "parameter": (np.array([name for _, name in rows]), "1"),
        "value": (fit.values.ravel(), "1"),
        "std": (std.ravel(), "1"),
    }
    return (Curve("joint circuit parameters", table),)


def _draw_resistances(joint: JointFit, values: list[dict[str, Quantity]]) -> tuple[Figure, ...]:
    """The resistances that are not shared, side by side."""
    rows = []
    names = [name for name in _list_resistances(joint) if name not in joint.fit.sharing.shared]
    for k, member in enumerate(joint.members):
        shown = [name for name in names if joint.told(k, name)]
        if not shown:
            continue
        found = [values[k][name] for name in shown]
        a = joint.members[0].area.value
        y, lo, hi = (np.array([getattr(q, part) * a for q in found]) for part in ("value", "lo95", "hi95"))
        subject = member.spectrum.subject.sample
        rows.append(Series("bars", np.array(shown), y, member.label, subject, member.label, lo=lo, hi=hi))
    if not rows:
        return ()
    panel = Panel(Axis("", categories=tuple(names)), Axis("R", "ohm cm2"), tuple(rows))
    caption = "Resistances of the joint fit times electrode area; error bars are 95 % intervals of the fit alone."
    return (Figure("resistances-joint", "Resistances of the joint fit", (panel,), caption, "Fig. 6b"),)


def _describe_methods(joint: JointFit) -> str:
    fit = joint.fit
    shared = ", ".join((*fit.sharing.shared, *fit.sharing.arrhenius))
    common = f", with {shared} in common" if shared else ", each separately"
    return f"{len(joint.members)} impedance spectra were fitted together with {fit.circuit.text}{common}."


TECHNIQUE = Technique(
    "impedance_global",
    "Electrochemical impedance, joint fit",
    ("impedance",),
    analyse,
    JointFitOptions,
    asked=True,
    needs=("area",),
    citations=("K. P. Burnham, D. R. Anderson, Model Selection and Multimodel Inference, 2nd ed., Springer 2002.",),
)
