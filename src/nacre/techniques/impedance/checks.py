"""Checks on the numbers of a spectrum, in words."""

from collections.abc import Iterable

import numpy as np

from nacre.core.quantity import Quantity, show
from nacre.core.result import Check
from nacre.techniques.impedance.adequacy import SpectrumVerdict

STATUS = {"valid": "pass", "drifting": "fail", "too noisy": "warn"}
UNSURE = "they are given without an uncertainty"


def check_spectrum(verdict: SpectrumVerdict, several: bool = False) -> list[Check]:
    """Validity, the circuit's fitness, each parameter the data leave open, the circuits compared, the DRT."""
    found = [
        check_validity(verdict),
        check_fitness(verdict),
        *_check_extension(verdict),
        *list_undetermined(verdict),
        *_list_correlated(verdict),
        *_compare_circuits(verdict),
        _describe_relaxations(verdict),
    ]
    if not several:
        return found
    return [Check(check.status, f"{verdict.spectrum.name}: {check.text}", check.do) for check in found]


def check_validity(verdict: SpectrumVerdict) -> Check:
    """The Kramers-Kronig verdict, with the range to trust."""
    test = verdict.test
    verb = "is " if test.verdict == "too noisy" else ""
    text, do = f"the spectrum {verb}{test.sentence()}", ""
    if test.verdict == "valid":
        text += " Range to trust: {:.3g} to {:.3g} Hz.".format(*test.trusted)
    if test.verdict == "drifting":
        text += f" All numbers below rest on it; {UNSURE}."
        do = "measure again after a longer rest or with a smaller amplitude"
        if test.trusted:
            do += "; or set lowest = {:.4g} and highest = {:.4g} to use the part that passes".format(*test.trusted)
    return Check(STATUS[test.verdict], text, do)


def check_fitness(verdict: SpectrumVerdict) -> Check:
    """Whether the circuit describes the data; where it does not, what the DRT offers instead."""
    found = verdict.adequacy
    status = {True: "pass", False: "fail", None: "warn"}[found.describes]
    text = found.sentence
    if found.describes is not False:
        return Check(status, text)
    numbers = f"leaves {100 * found.circuit_rms:.2g} % rms, Kramers-Kronig {100 * found.kramers_kronig_rms:.2g} %"
    named = verdict.fit.circuit.text
    text = f"this circuit does not describe these data: {named} {numbers}. Its values need not be the cell's; {UNSURE}."
    return Check("fail", text, _offer(verdict))


def _offer(verdict: SpectrumVerdict) -> str:
    best, judged = verdict.offered[0], verdict.offered_adequacy
    if best.circuit == verdict.fit.circuit:
        return "no circuit that the distribution of relaxation times offers describes them"
    word = "which describes them" if judged.describes else "which is nearer, but does not describe them either"
    return (
        f"the distribution of relaxation times offers {best.circuit.text}, {word}: it leaves {100 * best.rms:.2g} % "
        f"rms, Kramers-Kronig {100 * judged.kramers_kronig_rms:.2g} %. It need not be the only one, and its arcs are "
        "not yet processes"
    )


def _check_extension(verdict: SpectrumVerdict) -> Iterable[Check]:
    if not verdict.extended:
        return
    named, used = verdict.rungs[0], next(r for r in verdict.rungs if r.circuit == verdict.fit.circuit.text)
    henry, leaves_out = verdict.fit.value("L_0"), "cable = 'never' leaves it out"
    gain = f"it lowers AICc by {-used.delta_aicc:.3g} and BIC by {-used.delta_bic:.3g}."
    beside = f"{1e9 * henry:.3g} nH is fitted beside the named circuit {named.circuit}: {gain}"
    if henry > 0:
        yield Check("info", f"a series inductance L_0 (cables) of {beside}", leaves_out)
        return
    late = -henry / abs(verdict.fit.impedance[-1])
    shift = np.degrees(2 * np.pi * verdict.fit.frequency[-1] * late)
    what = (
        f"Below zero it is an instrument that answers {1e12 * late:.2g} ps late ({shift:.2g} degrees at its fastest "
        "point), cables corrected for too much, or the tail of an arc faster than the sweep; these data do not decide."
    )
    yield Check("warn", f"a series inductance L_0 of {beside} {what}", f"measure a resistor or a short; {leaves_out}")


def list_undetermined(verdict: SpectrumVerdict) -> Iterable[Check]:
    """One warning for each parameter that the data do not determine, with the bound there is."""
    units = dict(zip(verdict.fit.names, verdict.fit.units, strict=True))
    for name, why in verdict.identifiability.undetermined.items():
        profile = verdict.identifiability.profiles.get(name)
        low, high = (profile.low, profile.high) if profile and verdict.sure else (None, None)
        bound = ""
        if low is None and high is not None:
            bound = f"; at most {high:.3g} {units[name]} (97.5 %)"
        elif high is None and low is not None:
            bound = f"; at least {low:.3g} {units[name]} (97.5 %)"
        yield Check("warn", f"{name} is not determined by these data: {why}{bound}.")


def _list_correlated(verdict: SpectrumVerdict) -> Iterable[Check]:
    open_ = verdict.identifiability.undetermined
    for a, b, r in verdict.identifiability.correlated:
        if a not in open_ and b not in open_ and a.partition(".")[0] != b.partition(".")[0]:
            yield Check("info", f"{a} and {b} are correlated ({r:+.3f}): one can be traded for the other.")


def _compare_circuits(verdict: SpectrumVerdict) -> Iterable[Check]:
    """Circuits compared by information criteria, and what follows from it."""
    if len(verdict.rungs) < 2:
        return
    named, *others = verdict.rungs
    rows = "; ".join(f"{r.circuit}: AICc {r.delta_aicc:+.1f}, BIC {r.delta_bic:+.1f}" for r in others)
    yield Check("info", f"circuits compared with {named.circuit} (negative is better): {rows}.")
    if verdict.adequacy.describes is False:
        return
    for rung in others:
        if rung.n_free > named.n_free and rung.earned and rung.circuit != verdict.fit.circuit.text:
            yield Check("warn", f"the data support more than the named circuit: {rung.circuit} lowers both criteria.")
    for rung in verdict.needless:
        yield Check(
            "warn",
            "the data do not need all of the named circuit, and which of its arcs is which cannot be determined: "
            f"{UNSURE}.",
            f"name {rung.circuit}, which has lower criteria",
        )


def _describe_relaxations(verdict: SpectrumVerdict) -> Check:
    peaks = verdict.distribution.peaks
    rows = ", ".join(
        f"about {peak.resistance:.3g} ohm at {peak.tau:.2g} s{' (at the edge of the range)' if peak.at_edge else ''}"
        for peak in peaks
    )
    return Check(
        "info",
        f"the distribution of relaxation times has {len(peaks)} peaks: {rows}. Smoothing biases them by a few percent, "
        "so they are given without an uncertainty.",
    )


def check_area(verdicts: list[SpectrumVerdict], area: Quantity) -> Iterable[Check]:
    """Where the area has no uncertainty, values per area have none: the error of the fit alone is given here."""
    if area.std is not None:
        return
    for verdict in verdicts:
        told = [
            f"{name} {show(Quantity(fit_value, 'ohm', std))}"
            for name, fit_value, std in list_resistances(verdict)
            if std is not None
        ]
        if told:
            yield Check(
                "info",
                "the electrode area is given without an uncertainty, so values per area have none. The cell's, with "
                f"the error of the fit alone: {', '.join(told)}.",
                "give the area or diameter with its uncertainty, like '10.00(2) mm'",
            )


def list_resistances(verdict: SpectrumVerdict) -> list[tuple[str, float, float | None]]:
    """(name, ohm, std or None) of each resistance of the fitted circuit."""
    fit, open_ = verdict.fit, verdict.identifiability.undetermined
    return [
        (p.name, fit.value(p.name), float(fit.std[k]) if verdict.sure and p.name not in open_ else None)
        for k, p in enumerate(fit.circuit.parameters)
        if p.unit == "ohm"
    ]
