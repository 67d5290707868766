"""The evidence of a calibration: every observable with its value, tolerance and rule; what the model says of it.

A value's tolerance is that of the study (95 % of the differences between model and cell lie within it): it holds the
spread of cells, the rounding and what a model of this kind leaves out. A published "below 10" is a one-sided
statement, and counts as the probability that a value of this tolerance lies below.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from scipy.special import log_ndtr

from nacre.cell.lifetime import Lifetime
from nacre.core.errors import NacreError, did_you_mean, unknown
from nacre.core.quantity import Z95, Quantity
from nacre.core.result import Result
from nacre.core.study import Reported, Study
from nacre.core.vocabulary import word
from nacre.evidence.calibrate.march import Plan
from nacre.evidence.calibrate.model import SampleTests
from nacre.evidence.calibrate.settings import Selection, Settings

MADE_OF = {"charge_capacity": ("discharge_capacity", "coulombic_efficiency")}  # with all of these it says nothing new


@dataclass(frozen=True)
class Observed:
    """One number of the evidence, in the model's unit; std from the tolerance; rule "", "below" or "above"."""

    sample: str
    name: str
    state: Mapping[str, Any]
    value: float
    std: float
    unit: str
    rule: str = ""
    against: str = ""
    source: str = ""

    @property
    def key(self) -> tuple:
        return self.sample, self.name, tuple(sorted((k, str(v)) for k, v in self.state.items()))

    @property
    def title(self) -> str:
        """In a few words: `lho: specific discharge capacity, 0.5C`."""
        return f"{self.sample}: {word('quantity', self.name).words}{_state_words(self.state)}"

    def residual(self, model: float) -> float:
        """Root of minus twice the log likelihood (less its best value), signed; NaN where the model has no value."""
        z = (model - self.value) / self.std
        if self.rule in ("below", "above"):
            return math.sqrt(max(0.0, -2.0 * float(log_ndtr(-z if self.rule == "below" else z))))
        return z

    def within(self, model: float) -> bool:
        """Whether the model meets the tolerance."""
        z = (model - self.value) / self.std / Z95
        return z <= 0 if self.rule == "below" else z >= 0 if self.rule == "above" else abs(z) <= 1


def _state_words(state: Mapping[str, Any]) -> str:
    words = [f"{state['rate_C']:g}C"] if "rate_C" in state else []
    if "cycle" in state:
        words.append(f"cycle {state['cycle']}" + (f" to {state['to_cycle']}" if "to_cycle" in state else ""))
    words += [str(v) for k, v in state.items() if k in ("at",)]
    return f", {', '.join(words)}" if words else ""


# --- what the model says -------------------------------------------------------------------------------------


def _row(o, tests: SampleTests, plan: Plan) -> tuple[Lifetime, int]:
    """The test and the number of its cycle that a state names. Raises KeyError where no test has it."""
    segment, cycle = o.state.get("segment", ""), o.state.get("cycle")
    if segment in ("ageing", "check-up"):
        return tests.aged, 1 + cycle
    alike = [n for n, rate in plan.rate_of.items() if math.isclose(rate, o.state.get("rate_C", rate), rel_tol=1e-6)]
    if cycle is not None and segment != "rate":
        alike = [n for n in alike if n == cycle]
    if not alike:
        raise KeyError(o.title)
    return tests.rate, alike[-1]


def _column(name: str):
    def value(o, samples: Mapping[str, SampleTests], plan: Plan) -> float:
        test, cycle = _row(o, samples[o.sample], plan)
        return float(test.column(name)[test.row(cycle)])

    return value


def _shift(o, samples: Mapping[str, SampleTests], plan: Plan) -> float:
    if "to_cycle" in o.state:
        peaks = samples[o.sample].aged.peaks
        return 1e3 * (peaks[1 + o.state["to_cycle"]] - peaks[1 + o.state["cycle"]])
    mine, other = (_row(o, samples[name], plan) for name in (o.sample, o.against))
    return 1e3 * (mine[0].peaks[mine[1]] - other[0].peaks[other[1]])


def _resistance(o, samples, plan: Plan) -> float:
    return samples[o.sample].aged.resistances[1 + o.state["cycle"]].total


def _retention(o, samples, plan: Plan) -> float:
    return 100 * samples[o.sample].aged.retention(1 + o.state["cycle"], 2)


@dataclass(frozen=True)
class Kind:
    """An observable the model knows: its unit, the keys of its state of which one set is needed, the rule."""

    unit: str
    needs: tuple[tuple[str, ...], ...]
    value: Callable[[Any, Mapping[str, SampleTests], Plan], float]
    ageing: bool = False


_RATE = (("rate_C",), ("cycle", "segment"))
KINDS: dict[str, Kind] = {
    "discharge_capacity": Kind("mAh/g", _RATE, _column("discharge_capacity")),
    "charge_capacity": Kind("mAh/g", _RATE, _column("charge_capacity")),
    "coulombic_efficiency": Kind("%", (("cycle",),), _column("coulombic_efficiency")),
    "capacity_retention": Kind("%", (("cycle", "segment"),), _retention, ageing=True),
    "h1_m_shift": Kind("mV", (("cycle",),), _shift),
    "r_cam_se": Kind("ohm cm2", (("cycle", "at"),), _resistance, ageing=True),
    "discharge_energy": Kind("mWh/g", _RATE, _column("discharge_energy")),
    "mean_discharge_voltage": Kind("V", _RATE, _column("mean_discharge_voltage")),
}


def ages(o) -> bool:
    """Whether an observable speaks of the ageing test."""
    return KINDS[o.name].ageing or o.state.get("segment") in ("ageing", "check-up")


def value_of(o, samples: Mapping[str, SampleTests], plan: Plan) -> float:
    """What the simulated tests say of an observable, in its kind's unit."""
    return float(KINDS[o.name].value(o, samples, plan))


# --- choosing the evidence -----------------------------------------------------------------------------------


def gather(study: Study, settings: Settings, results: Iterable[Result] = ()) -> tuple[Observed, ...]:
    """The observables of a study's calibration. Raises NacreError: nothing fits, a state is missing, used twice."""
    found: list[Observed] = []
    for number, selection in enumerate(settings.selections, 1):
        where = f"study.toml [calibration], observable {number}"
        rows = _matching(study, settings.evidence, results, selection)
        if not rows:
            raise _nothing(study, selection, settings.evidence, where)
        for row in rows:
            found.append(_observed(study, row, selection, settings.plan, where))
    if not found:
        raise NacreError("there is no evidence to calibrate on", where="study.toml [calibration]",
                         expected="[[calibration.observable]]")  # fmt: skip
    _only_once(found)
    return tuple(found)


def _matching(study: Study, evidence: str, results, selection: Selection) -> list[Reported]:
    rows = study.reported if evidence == "reported" else tuple(_of_files(study, results))
    return [
        row
        for row in rows
        if row.name == selection.name
        and selection.sample in ("", row.sample)
        and all(row.state.get(key) == value for key, value in selection.state.items())
    ]


def _of_files(study: Study, results: Iterable[Result]):
    """Quantities that the study's files gave, in the form of published values; means over the cells of a sample."""
    groups: dict[tuple, list[tuple[Quantity, Mapping, str]]] = {}
    for result in results:
        for entry in result.entries:
            subject = entry.subject or result.subject
            cell = study.cells.get(subject.cell)
            sample = subject.sample or (cell.sample if cell else "")
            groups.setdefault((sample, *entry.key), []).append((entry.quantity, entry.state, result.origin))
    for (sample, name, _), rows in groups.items():
        mean = math.fsum(q.value for q, *_ in rows) / len(rows)
        known = all(q.std is not None for q, *_ in rows)
        std = math.sqrt(math.fsum(q.std**2 for q, *_ in rows)) / len(rows) if known else None
        source = f"mean of {len(rows)} cells" if len(rows) > 1 else "the study's files"
        if any(origin == "synthetic" for *_, origin in rows):
            source += " (virtual: a software round trip, not evidence)"
        yield Reported(sample, name, Quantity(mean, rows[0][0].unit, std), rows[0][1], source)


def _nothing(study: Study, selection: Selection, evidence: str, where: str) -> NacreError:
    if selection.name not in KINDS:
        word("quantity", selection.name, where)
        return NacreError(f"the cell model says nothing of '{selection.name}'", where=where,
                          expected=f"one of {', '.join(KINDS)}", do=did_you_mean(selection.name, KINDS))  # fmt: skip
    whose = f" of {selection.sample}" if selection.sample else ""
    state = f" at {selection.state}" if selection.state else ""
    return NacreError(f"no {evidence} value fits '{selection.name}'{whose}{state}", where=where,
                      do="add it as [[reported]], or mend the words of the observable")  # fmt: skip


def _observed(study: Study, row: Reported, selection: Selection, plan: Plan, where: str) -> Observed:
    if row.name not in KINDS:
        raise _nothing(study, selection, "", where)
    kind = KINDS[row.name]
    if not any(all(key in row.state for key in need) for need in kind.needs):
        needs = " or ".join(" and ".join(need) for need in kind.needs)
        raise NacreError(
            f"observable '{row.name}' of {row.sample or 'the study'} is without a state", where=where,
            found=f"{dict(row.state)}", expected=needs,
            do='say the test it belongs to, like state = { cycle = 1, rate_C = 0.1 }',
        )  # fmt: skip
    if row.sample not in study.samples:
        raise unknown("sample", row.sample, study.samples, where)
    value, std = row.quantity.to(kind.unit).value, _std(row, selection, kind.unit, where)
    rule = row.rule if row.rule in ("below", "above") else ""
    against = _against(study, row, selection, where) if row.name == "h1_m_shift" else ""
    made = Observed(row.sample, row.name, row.state, value, std, kind.unit, rule, against, row.source)
    _can_be_told(made, plan, where)
    return made


def _std(row: Reported, selection: Selection, unit: str, where: str) -> float:
    """The standard deviation of an observable: of its tolerance, else its own. Raises NacreError without either."""
    if selection.relative is not None:
        return selection.relative * abs(row.quantity.to(unit).value) / Z95
    if selection.absolute is not None:
        return selection.absolute.to(unit).value / Z95
    std = row.quantity.to(unit).std
    if not std:
        raise NacreError(
            f"'{row.name}' of {row.sample} needs a tolerance: its value comes without an uncertainty", where=where,
            found=str(row.quantity), expected='relative = "5 %" or absolute = "2 mV"',
            do="say how far model and value may differ (95 %); the digits say nothing of it",
        )  # fmt: skip
    return std


def _against(study: Study, row: Reported, selection: Selection, where: str) -> str:
    if "to_cycle" in row.state:
        return ""
    others = [treated for reference, treated in study.contrasts if reference == row.sample]
    if not selection.against and len(others) != 1:
        raise NacreError(f"a shift of {row.sample} in one cycle is against another sample", where=where,
                         do='say which: against = "NAME"')  # fmt: skip
    return selection.against or others[0]


def _can_be_told(o: Observed, plan: Plan, where: str) -> None:
    """Whether the planned tests hold the state of an observable."""
    cycle, rate, ageing = o.state.get("cycle"), o.state.get("rate_C"), o.state.get("segment") == "ageing"
    if ages(o):
        last = max(cycle or 1, o.state.get("to_cycle", 1))
        if not isinstance(last, int) or not 1 <= last <= plan.ageing_cycles:
            raise NacreError(f"{o.title}: the ageing test has no such cycle", where=where, found=str(last),
                             expected=f"1 to {plan.ageing_cycles}")  # fmt: skip
        if o.name == "r_cam_se" and cycle not in (1, plan.ageing_cycles):
            raise NacreError(f"{o.title}: a resistance is simulated before and after ageing only", where=where,
                             expected=f"cycle 1 or {plan.ageing_cycles}")  # fmt: skip
        return
    known = plan.rates if not ageing else (plan.ageing_rate,)
    if rate is not None and not any(math.isclose(rate, r, rel_tol=1e-6) for r in known):
        raise NacreError(f"{o.title}: the rate test has no such rate", where=where, found=f"{rate:g}C",
                         expected=", ".join(f"{r:g}C" for r in known),
                         do="add it to rates under [calibration.tests]")  # fmt: skip


def _only_once(found: list[Observed]) -> None:
    """No number twice, and none beside all those it was computed from."""
    for k, one in enumerate(found):
        for other in found[:k]:
            if one.key == other.key:
                raise _twice(one, other, "two observables name the same value")
        parts = MADE_OF.get(one.name, ())
        others = [next((o for o in found if o.name == name and o.sample == one.sample and _meet(o, one)), None)
                  for name in parts]  # fmt: skip
        if parts and all(others):
            raise _twice(one, others[0], f"{one.name} was computed from {' and '.join(parts)}")


def _meet(a: Observed, b: Observed) -> bool:
    """Whether two states speak of one cycle."""
    shared = set(a.state) & set(b.state) - {"segment"}
    return bool(shared) and all(a.state[key] == b.state[key] for key in shared)


def _twice(one: Observed, other: Observed, why: str) -> NacreError:
    return NacreError(f"evidence used twice: {one.title}, and {other.title}", where="study.toml [calibration]",
                      found=why, do="keep one of the two")  # fmt: skip
