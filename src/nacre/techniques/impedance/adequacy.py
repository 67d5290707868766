"""One spectrum judged: is it valid, does the circuit describe it, how well do the data determine each parameter."""

from dataclasses import dataclass, replace

import numpy as np

from nacre.physics.impedance.circuit import parse_circuit
from nacre.physics.impedance.constraints import Constraints
from nacre.physics.impedance.drt import DRT, compute_drt
from nacre.physics.impedance.fit import CircuitFit, fit_circuit
from nacre.physics.impedance.grammar import Leaf, ParallelGroup, SeriesGroup, list_leaves
from nacre.physics.impedance.identifiability import Identifiability, identify_parameters
from nacre.physics.impedance.kramers_kronig import KramersKronig, check_kramers_kronig
from nacre.physics.impedance.selection import Adequacy, ComparedCircuit, compare_circuits, judge_adequacy
from nacre.physics.impedance.suggest import suggest_circuit
from nacre.techniques.impedance.inputs import MeasuredImpedance, translate_errors

DRAWS = 200
SAME = 1e-6
PHASE = 5e-3  # rad, 0.3 degrees: the best that makers of potentiostats state for their fastest decade


@dataclass(frozen=True)
class SpectrumVerdict:
    """All that one spectrum says.

    fit is the circuit that the numbers come from: the named one, or the named one with a series inductance
    (`extended`; it may be negative). `offered` holds fits of circuits read off the DRT, the best first, where the
    named one fails or none is named; `offered_adequacy` judges the first of them.
    """

    spectrum: MeasuredImpedance
    test: KramersKronig
    distribution: DRT
    fit: CircuitFit
    adequacy: Adequacy
    identifiability: Identifiability
    rungs: tuple[ComparedCircuit, ...]
    extended: bool
    offered: tuple[CircuitFit, ...]
    offered_adequacy: Adequacy | None

    @property
    def sure(self) -> bool:
        """Whether the scatter about the fit is a measure of the error.

        It is where the spectrum is valid, the circuit describes it, and the data need all of the circuit: of an arc too
        many it cannot be determined which it is.
        """
        return self.test.verdict != "drifting" and self.adequacy.describes is not False and not self.needless

    @property
    def needless(self) -> tuple[ComparedCircuit, ...]:
        """Circuits with fewer parameters than the named one and lower AICc and BIC."""
        named = self.rungs[0]
        return tuple(r for r in self.rungs[1:] if r.n_free < named.n_free and r.delta_bic < 0 and r.delta_aicc < 0)


def judge(
    spectrum: MeasuredImpedance, text: str, known: Constraints, weights: str, cable: str, seed: int
) -> SpectrumVerdict:
    """Validity, DRT, fit and its judgement. `text` "" takes the circuit that the DRT offers. Raises NacreError."""
    f, z = spectrum.frequency, spectrum.impedance
    with translate_errors(spectrum.name):
        test = check_kramers_kronig(f, z, spectrum.time)
        distribution = compute_drt(f, z, draws=DRAWS, seed=seed)
        offered: tuple[CircuitFit, ...] = ()
        if text:
            fits = fit_variants(f, z, text, known, weights, cable, seed)
        else:
            offered = suggest_circuit(f, z, distribution, weights, seed=seed)
            if not offered:
                offered = (fit_circuit("R_0-(R_1|Q_1)", f, z, weights, known=known, seed=seed),)
            fits = [*offered[:4]]
        chosen, extended = _choose_fit(fits, test)
        fitness = judge_adequacy(chosen, test)
        late = _fit_with_delay(fits[0], text, cable) if text and fitness.describes is False else None
        if late and (better := judge_adequacy(late, test)).describes is not False:
            fits = [one for one in fits if one.circuit.text != late.circuit.text] + [late]
            chosen, extended, fitness = late, True, better
        if text and fitness.describes is False:
            offered = suggest_circuit(f, z, distribution, weights, seed=seed)
        return SpectrumVerdict(
            spectrum, test, distribution, chosen, fitness, identify_parameters(chosen), compare_circuits(fits), extended, offered,
            judge_adequacy(offered[0], test) if offered else None,
        )  # fmt: skip


def _choose_fit(fits: list[CircuitFit], test: KramersKronig) -> tuple[CircuitFit, bool]:
    """The named fit, or the one with an inductance where both criteria want it and it does not fail the data."""
    named = fits[0]
    for other in fits[1:]:
        longer = other.circuit.text == add_inductance(named.circuit.text)
        if longer and other.aicc < named.aicc and other.bic < named.bic and "L_0" not in other.at_bound:
            return (other, True) if judge_adequacy(other, test).describes is not False else (named, False)
    return named, False


def _fit_with_delay(named: CircuitFit, text: str, cable: str) -> CircuitFit | None:
    """The circuit with a small negative series inductance, where AICc and BIC are both lower with it.

    So a spectrum looks that the instrument takes a moment late, or whose cables were corrected for too much: without
    it, a true circuit would be refused for the last points of a precise sweep. More than instruments are known to err
    by is not attributed to the instrument.
    """
    if "L" in {leaf.element.symbol for leaf in named.circuit.elements} or cable != "auto":
        return None
    f, z, omega = named.frequency, named.impedance, 2 * np.pi * named.frequency
    share = omega / np.abs(z) ** 2
    slope = np.sum(share * (z - named.fitted).imag) / np.sum(share * omega)
    if slope >= 0 or named.n_free + 1 >= named.problem.n_data:
        return None
    start = {name: named.value(name) for name in named.names if name not in named.known.fixed} | {"L_0": slope}
    late = fit_circuit(add_inductance(text), f, z, named.weights, known=replace(named.known, start=start), starts=1)
    small = -late.value("L_0") * omega[-1] < PHASE * abs(z[-1])
    return late if small and late.aicc < named.aicc and late.bic < named.bic else None


def fit_variants(f, z, text: str, known: Constraints, weights: str, cable: str, seed: int) -> list[CircuitFit]:
    """Fits of the named circuit, of those with an arc less, and of those with an inductance or an arc more."""
    named = fit_circuit(text, f, z, weights, known=known, seed=seed)
    fits = [named]
    for shorter in _list_shorter(text, known):
        other = fit_circuit(shorter, f, z, weights, known=known, seed=seed)
        if all(abs(other.chi2 / one.chi2 - 1) > SAME for one in fits):  # (R|Q) is (R|Q), whatever it is called
            fits.append(other)
    symbols = {leaf.element.symbol for leaf in named.circuit.elements}
    more = [add_inductance(text)] if "L" not in symbols and cable == "auto" else []
    more += [f"{text}-(R_more|Q_more)"] if _is_series(text) else []
    for longer in more:
        if named.n_free + 3 < named.problem.n_data:
            fits.append(fit_circuit(longer, f, z, weights, known=known, seed=seed))
    return fits


def add_inductance(text: str) -> str:
    """The circuit with a series inductance L_0."""
    return f"L_0-{text}" if _is_series(text) else f"L_0-({text})"


def _is_series(text: str) -> bool:
    return isinstance(parse_circuit(text).tree, (SeriesGroup, Leaf))


def _list_shorter(text: str, known: Constraints) -> list[str]:
    """The circuit without each of its arcs, where it has several and none of that arc's parameters is constrained."""
    tree = parse_circuit(text).tree
    parts = tree.parts if isinstance(tree, SeriesGroup) else ()
    arcs = [part for part in parts if isinstance(part, ParallelGroup)]
    spoken = {name.partition(".")[0] for name in (*known.named(), *known.start)}
    free = [arc for arc in arcs if not spoken & {leaf.label for leaf in list_leaves(arc)}]
    return [write([part for part in parts if part is not arc]) for arc in free] if len(arcs) > 1 else []


def write(parts) -> str:
    """Parts in series as text of the circuit language."""
    return "-".join(_write_part(part) for part in parts)


def _write_part(part) -> str:
    if isinstance(part, Leaf):
        return part.label
    joint = "-" if isinstance(part, SeriesGroup) else "|"
    return f"({joint.join(_write_part(inner) for inner in part.parts)})"
