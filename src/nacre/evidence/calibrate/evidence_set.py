"""Which values are the evidence of a calibration: chosen by the study's words, each once, none without a tolerance."""

import math
from collections.abc import Iterable, Mapping

from nacre.core.errors import NacreError, did_you_mean, unknown
from nacre.core.quantity import Z95, Quantity
from nacre.core.result import Result
from nacre.core.study import Reported, Study
from nacre.core.vocabulary import word
from nacre.evidence.calibrate.observed import KINDS, Observed, ages
from nacre.evidence.calibrate.settings import Selection, Settings
from nacre.evidence.calibrate.simulated_tests import Plan
from nacre.materials.transitions import find_followed

MADE_OF = {"charge_capacity": ("discharge_capacity", "coulombic_efficiency")}  # with all of these it says nothing new


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
        stds = [q.std for q, *_ in rows if q.std is not None]
        std = math.hypot(*stds) / len(rows) if len(stds) == len(rows) else None
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
    against = _against(study, row, selection, where) if row.name == find_followed().shift else ""
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
    if cycle is not None and o.state.get("segment") != "rate" and cycle not in plan.rate_of:
        raise NacreError(f"{o.title}: the rate test has no such cycle", where=where, found=str(cycle),
                         expected=f"1 to {len(plan.rate_of)}",
                         do='say segment = "ageing" for a cycle of the ageing test')  # fmt: skip
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
        there = [other for other in others if other is not None]
        if parts and len(there) == len(parts):
            raise _twice(one, there[0], f"{one.name} was computed from {' and '.join(parts)}")


def _meet(a: Observed, b: Observed) -> bool:
    """Whether two states speak of one cycle."""
    shared = set(a.state) & set(b.state) - {"segment"}
    return bool(shared) and all(a.state[key] == b.state[key] for key in shared)


def _twice(one: Observed, other: Observed, why: str) -> NacreError:
    return NacreError(f"evidence used twice: {one.title}, and {other.title}", where="study.toml [calibration]",
                      found=why, do="keep one of the two")  # fmt: skip
