"""`nacre simulate --eis`: spectra of the cell model at named states, what causes them, and what a circuit would say.

States in words, with commas between: a state of charge (`50 %` or `0.5`), a rest voltage (`2.2 V`), or `end`, the state
in which the protocol leaves the cell.
"""

from dataclasses import dataclass, replace

import numpy as np

from nacre.cell.impedance import ImpedancePoint, PredictedSpectrum, compute_spectrum, find_point
from nacre.cell.parameters import CellParameters
from nacre.cell.simulate import Simulation, simulate_protocol
from nacre.core import registry
from nacre.core.errors import NacreError
from nacre.core.figure import Axis, Figure, Panel, Series
from nacre.core.outcome import Failure, Outcome
from nacre.core.quantity import Quantity, parse
from nacre.core.result import Curve, Entry, Result, Subject
from nacre.core.study import Study, in_its_words
from nacre.pipeline.modelling.simulate import Subjects, context_of, predicted
from nacre.pipeline.modelling.simulation_result import marked

CIRCUIT = "R_bulk-(R_gb|Q_gb)-(R_cam_se|Q_cam_se)-Q_lf"
ELEMENTS = {"r_bulk": "R_bulk", "r_gb": "R_gb", "r_cam_se": "R_cam_se"}
SWEEP = np.geomspace(7e6, 0.1, 64)  # Hz
SMALL = 5e-3  # share of the whole below which a cause is not drawn
AREAL = "ohm cm2"
_SHORT = {
    "bulk": "bulk", "grain boundary": "gb", "contact": "contact", "coating": "coat", "interphase": "int",
    "charge transfer": "ct", "diffusion": "diff", "double layer": "dl", "ions": "ion", "electrons": "el",
}  # fmt: skip


@dataclass(frozen=True)
class Wanted:
    """One state of the cell, as asked for: a state of charge, a rest voltage, or neither for the protocol's end."""

    soc: float | None = None
    volts: float | None = None


def parse_states(text: str) -> tuple[Wanted, ...]:
    """`50 %, 2.2 V, end`. Raises NacreError with the part that cannot be read."""
    found = []
    for part in (word.strip() for word in text.split(",")):
        if part.lower() == "end":
            found.append(Wanted())
            continue
        try:
            number = parse(part, "V" if part.endswith("V") else "1")
        except NacreError:
            raise NacreError("a state of the cell cannot be read", where="--eis", found=part or "nothing",
                             expected='states like "50 %, 2.2 V, end"') from None  # fmt: skip
        found.append(Wanted(volts=number.to("V").value) if part.endswith("V") else Wanted(soc=number.to("1").value))
    return tuple(found)


@in_its_words
def spectra(subjects: Subjects, states: tuple[Wanted, ...]) -> Outcome:
    """The spectra of every cell at every state; a cell that cannot be had in a state is a failure, the others go on."""
    results: list[Result] = []
    failures: list[Failure] = []
    for name, (parameters, protocol) in subjects.cells.items():
        done: Simulation | None = None
        for wanted in states:
            try:
                if wanted == Wanted() and done is None:
                    done = simulate_protocol(parameters, protocol)
                made = compute_spectrum(parameters, _point(parameters, wanted, done), SWEEP)
                results += _results(subjects.study, name, made)
            except NacreError as error:
                failures.append(Failure(f"impedance of {name}", str(error), name))
    return Outcome(subjects.study, tuple(results), failures=tuple(failures))


def _point(p: CellParameters, wanted: Wanted, done: Simulation | None) -> ImpedancePoint:
    return find_point(p, soc=wanted.soc, volts=wanted.volts, after=done if wanted == Wanted() else None)


def _results(study: Study, name: str, s: PredictedSpectrum) -> list[Result]:
    """What the technique sees in the spectrum, and the causes beside it."""
    technique, words = registry.technique("impedance"), s.point.words
    context = context_of(study, name, s.parameters)
    seen = technique.analyse({"signal": s.signal}, context, technique.options(circuit=CIRCUIT))
    told = [predicted(replace(r, analysis=f"impedance:{name} {words}"), name) for r in seen]
    told = [
        replace(r, entries=tuple(replace(e, state={**e.state, "at": words.removeprefix("at ")}) for e in r.entries))
        for r in told
    ]
    return [_causes(name, s, told), *told]


def _causes(name: str, s: PredictedSpectrum, told: list[Result]) -> Result:
    terms = {cause: z for cause, z in s.causes.items() if z.real.max() > 1e-9 * s.z.real.max()}
    columns = {"frequency": (s.frequency, "Hz"), "real": (s.z.real, AREAL), "imaginary": (s.z.imag, AREAL)}
    columns |= {cause: (z.real, AREAL) for cause, z in terms.items()}
    entries = [
        Entry("resistance_by_cause", Quantity(float(z[-1].real), AREAL).marked(origin="predicted"),
              {"cause": cause, "at": s.point.words.removeprefix("at ")})
        for cause, z in terms.items()
    ]  # fmt: skip
    return Result(
        "simulation",
        f"causes:{name} {s.point.words}",
        Subject(name, name),
        entries=tuple(entries),
        curves=(Curve("impedance by cause", columns),),
        figures=(marked(figure(name, s, _fitted(told))),),
        checks=s.checks,
        citations=("B. D. H. Tellegen, Philips Res. Rep. 1952, 7, 259-269.",),
        methods="The impedance was computed from the linearised porous-electrode model; resistances by cause are "
        "shares of the power dissipated.",
        origin="predicted",
    )


def _fitted(told: list[Result]) -> dict[str, float]:
    """What the circuit calls its resistances, ohm cm2; those that the spectrum does not determine are left out."""
    values = {e.name: e.quantity.value for r in told for e in r.entries if e.name in ELEMENTS}
    return {ELEMENTS[name]: float(v) for name, v in values.items() if v is not None and np.isfinite(v)}


def figure(name: str, s: PredictedSpectrum, fitted: dict[str, float]) -> Figure:
    """Nyquist; what turns power into heat at each frequency; and at the lowest, beside the circuit's resistances."""
    place = s.point.words
    nyquist = Panel(
        Axis("Re(Z)", AREAL, equal=True), Axis("-Im(Z)", AREAL, equal=True),
        (Series("line", s.z.real, -s.z.imag, subject=name, group=place),), title="Spectrum",
    )  # fmt: skip
    whole = s.z[-1].real
    drawn = {cause: z for cause, z in s.causes.items() if z.real.max() > SMALL * whole}
    lines = tuple(Series("line", s.frequency, z.real, label=cause, subject=cause) for cause, z in drawn.items())
    over = Panel(Axis("Frequency", "Hz", scale="log"), Axis("Resistance", AREAL), lines, title="By cause")
    causes = sorted(drawn, key=lambda cause: -drawn[cause][-1].real)
    heights = np.array([drawn[cause][-1].real for cause in causes])
    places = tuple(_SHORT.get(cause) or f"{_SHORT[cause.partition(' ')[2]]},{cause[0]}" for cause in causes)
    bars = (Series("bars", np.array(places), heights, label="by cause", legend=False, subject=name, group=place),)
    names = np.array(list(fitted))
    told = np.array(list(fitted.values()))
    circuit = (Series("bars", names, told, label="by the circuit", legend=False, subject=name, group=place),)
    panels = (
        nyquist,
        over,
        Panel(Axis("", categories=places), Axis("Resistance", AREAL), bars,
              title=f"By cause, {s.frequency[-1]:g} Hz"),
        Panel(Axis("", categories=tuple(names)), Axis("Resistance", AREAL), circuit, title="What a circuit calls it"),
    )  # fmt: skip
    caption = (
        f"Impedance {s.point.words}. By cause: share of the power dissipated, which sums to Re(Z). The circuit is "
        f"{CIRCUIT}, fitted to the same spectrum; its elements carry names that a fit cannot check. c: cathode, "
        "a: anode; ct: charge transfer, diff: diffusion in the particles, coat: coating, int: interphase, dl: double "
        "layer, ion and el: ions and electrons in the composite."
    )
    return Figure(f"causes-{name}-{s.point.words}", f"Resistance by cause, {name}", panels, caption, wide=True)
