"""[calibration] of study.toml: what is fitted, within which range, to which evidence, by which simulated tests.

[calibration]
evidence = "reported"            # the published values ("reported") or the study's own files ("files"), never both
starts = 8                       # local searches; seed: that of the study
[calibration.tests]              # see `Plan`
rates = ["0.1C", "0.2C", "0.5C", "1C"]
[[calibration.parameter]]
name = "cathode.diffusivity"     # as in cell.toml
range = ["1e-13 cm2/s", "1e-10 cm2/s"]   # what is physically possible
scale = "log"                    # "linear" where it is not said
sample = "bare"                  # of this sample only; without it, shared by all
prior = "2e-12 +- 1e-12 cm2/s"   # what is known beside the evidence
[[calibration.observable]]
sample = "new"                   # which published values count: all that these words fit
name = "discharge_capacity"
relative = "5 %"                 # 95 % of differences between model and value lie within; or absolute = "2 mV"
against = "new"                  # the sample that a shift within one cycle is taken against
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from nacre.cell.ageing.plugins import load_names
from nacre.cell.parameters import find_name
from nacre.core.errors import NacreError, did_you_mean, unknown
from nacre.core.quantity import Quantity, parse
from nacre.core.study import Study
from nacre.evidence.calibrate.simulated_tests import Plan

KEYS = ("evidence", "starts", "tests", "parameter", "observable", "rival", "prediction")
PARAMETER_KEYS = ("name", "range", "scale", "sample", "prior", "why")
OBSERVABLE_KEYS = ("sample", "name", "state", "relative", "absolute", "against", "why")
SETS = ("reported", "files")


@dataclass(frozen=True)
class Free:
    """A number to fit: its range in `unit`, on a log or a linear scale, of one sample or shared ("")."""

    name: str
    unit: str
    low: float
    high: float
    log: bool = False
    sample: str = ""
    prior: Quantity | None = None
    why: str = ""

    @property
    def label(self) -> str:
        return f"{self.name} ({self.sample})" if self.sample else self.name


@dataclass(frozen=True)
class Selection:
    """Which values of the evidence count, and how far the model may be off (95 %): `relative` 1, or `absolute`; where
    neither is said, what the value's own standard deviation says."""

    name: str
    sample: str = ""
    state: Mapping[str, Any] = field(default_factory=dict)
    relative: float | None = None
    absolute: Quantity | None = None
    against: str = ""


@dataclass(frozen=True)
class Settings:
    """All of [calibration]."""

    free: tuple[Free, ...]
    selections: tuple[Selection, ...]
    evidence: str = "reported"
    plan: Plan = field(default_factory=Plan)
    starts: int = 8
    seed: int = 0


def read_settings(study: Study) -> Settings | None:
    """The settings of a study; None where it has no [calibration]. Raises NacreError with place and cure."""
    raw = study.extra.get("calibration") or {}
    if not raw:
        return None
    where = "study.toml [calibration]"
    only(raw, KEYS, where)
    evidence = raw.get("evidence", "reported")
    if evidence not in SETS:
        raise NacreError(f"unknown evidence '{evidence}'", where=where, expected="'reported' or 'files', never both")
    starts = raw.get("starts", 8)
    if not isinstance(starts, int) or not 1 <= starts <= 1000:
        raise NacreError("starts must be a whole number", where=where, found=str(starts), expected="1 to 1000")
    free = tuple(free_of(row, study, f"{where}, parameter {k}") for k, row in enumerate(raw.get("parameter", []), 1))
    if not free:
        raise NacreError("there is nothing to fit", where=where, expected="[[calibration.parameter]]")
    _once(free, where)
    chosen = tuple(_selection(r, study, f"{where}, observable {k}") for k, r in enumerate(raw.get("observable", []), 1))
    return Settings(free, chosen, evidence, _plan(raw.get("tests", {}), f"{where} tests"), starts, study.seed)


def only(raw: Mapping[str, Any], known, where: str) -> None:
    for key in raw:
        if key not in known:
            raise NacreError(f"unknown key '{key}'", where=where, do=did_you_mean(key, known))


def _sample(raw: Mapping[str, Any], key: str, study: Study, where: str) -> str:
    name = str(raw.get(key, ""))
    if name and name not in study.samples:
        raise unknown("sample", name, study.samples, where)
    return name


def free_of(raw: Mapping[str, Any], study: Study, where: str) -> Free:
    only(raw, PARAMETER_KEYS, where)
    name = str(raw.get("name", ""))
    row = find_name(name, where, load_names(study.folder))
    ends = raw.get("range", ())
    if not isinstance(ends, list) or len(ends) != 2:
        raise NacreError(f"{name} has no range", where=where, expected='range = ["low unit", "high unit"]',
                         do="say what is physically possible")  # fmt: skip
    low, high = (parse(end, row.unit, where=f"{where}, range").value for end in ends)
    if not row.low <= low < high <= row.high:
        raise NacreError(
            f"the range of {name} ({row.words}) cannot be", where=where, found=f"{low:g} to {high:g} {row.unit}",
            expected=f"two rising numbers from {row.low:g} to {row.high:g} {row.unit}",
        )  # fmt: skip
    scale = raw.get("scale", "linear")
    if scale not in ("linear", "log") or (scale == "log" and low <= 0):
        raise NacreError(f"{name} cannot have the scale '{scale}'", where=where,
                         expected="'linear', or 'log' with a range above 0")  # fmt: skip
    prior = parse(raw["prior"], row.unit, where=f"{where}, prior") if "prior" in raw else None
    if prior is not None:
        _check_prior(name, prior, low, high, where)
    return Free(name, row.unit, low, high, scale == "log", _sample(raw, "sample", study, where), prior,
                str(raw.get("why", "")))  # fmt: skip


def _check_prior(name: str, prior: Quantity, low: float, high: float, where: str) -> None:
    if not prior.std:
        raise NacreError(f"the prior of {name} has no width", where=where, found=str(prior),
                         expected='prior = "0.13 +- 0.03"')  # fmt: skip
    if not low <= prior.value <= high:
        raise NacreError(
            f"the prior of {name} lies outside its physical range", where=where, found=f"{prior.value:g} {prior.unit}",
            expected=f"{low:g} to {high:g} {prior.unit}", do="correct the prior, or the range",
        )  # fmt: skip


def _once(free: tuple[Free, ...], where: str) -> None:
    for k, one in enumerate(free):
        for other in free[:k]:
            if one.name == other.name and (one.sample == other.sample or not (one.sample and other.sample)):
                both = " and ".join(f"of {f.sample}" if f.sample else "shared" for f in (other, one))
                raise NacreError(f"{one.name} is fitted twice: {both}", where=where, do="leave out one of the two")


def _selection(raw: Mapping[str, Any], study: Study, where: str) -> Selection:
    only(raw, OBSERVABLE_KEYS, where)
    name = str(raw.get("name", ""))
    if "relative" in raw and "absolute" in raw:
        raise NacreError(f"'{name}' needs one tolerance", where=where, found="both",
                         expected='relative = "5 %" or absolute = "2 mV"')  # fmt: skip
    relative = parse(raw["relative"], "1", where=where).value if "relative" in raw else None
    absolute = parse(raw["absolute"], where=where) if "absolute" in raw else None
    sizes = (relative, absolute.value if absolute is not None else None)
    if any(size is not None and not size > 0 for size in sizes):
        found = str(raw.get("relative", raw.get("absolute")))
        raise NacreError(f"the tolerance of '{name}' must be above 0", where=where, found=found)
    return Selection(name, _sample(raw, "sample", study, where), dict(raw.get("state", {})), relative, absolute,
                     _sample(raw, "against", study, where))  # fmt: skip


def _plan(raw: Mapping[str, Any], where: str) -> Plan:
    only(raw, ("rates", "cycles_per_rate", "formation_rate", "ageing_rate", "ageing_cycles", "rest"), where)
    changes: dict[str, Any] = {}
    for name, unit in (("formation_rate", "C-rate"), ("ageing_rate", "C-rate"), ("rest", "h")):
        if name in raw:
            changes[name] = parse(raw[name], unit, where=where).value
    if "rates" in raw:
        changes["rates"] = tuple(parse(rate, "C-rate", where=where).value for rate in raw["rates"])
    for name in ("cycles_per_rate", "ageing_cycles"):
        if name in raw:
            changes[name] = int(raw[name])
            if changes[name] < 1:
                raise NacreError(f"{name} must be at least 1", where=where, found=str(raw[name]))
    plan = Plan(**changes)
    wrong = [v for v in (*plan.rates, plan.formation_rate, plan.ageing_rate) if not 0 < v < 100]
    if wrong or not plan.rates or plan.rest < 0:
        raise NacreError("a rate or a time of the tests cannot be", where=where, found=str(wrong or plan.rest))
    return plan
