"""An observable of a calibration: its value, tolerance and rule; what the model says of it.

A value's tolerance is that of the study (95 % of the differences between model and cell lie within it): it holds the
spread of cells, the rounding and what a model of this kind leaves out. A published "below 10" is a one-sided
statement, and counts as the probability that a value of this tolerance lies below.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from scipy.special import log_ndtr

from nacre.cell.ageing.lifetime import Lifetime
from nacre.core.quantity import Z95
from nacre.core.vocabulary import word
from nacre.evidence.calibrate.model import SampleTests
from nacre.evidence.calibrate.simulated_tests import Plan
from nacre.materials.transitions import find_followed


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
        return _aged(o, tests), 1 + cycle
    alike = [n for n, rate in plan.rate_of.items() if math.isclose(rate, o.state.get("rate_C", rate), rel_tol=1e-6)]
    if cycle is not None and segment != "rate":
        alike = [n for n in alike if n == cycle]
    if not alike:
        raise KeyError(o.title)
    if tests.rate is None:
        raise KeyError(o.title)
    return tests.rate, alike[-1]


def _aged(o, tests: SampleTests) -> Lifetime:
    """The ageing test. Raises KeyError where there is none."""
    if tests.aged is None:
        raise KeyError(o.title)
    return tests.aged


def _column(name: str):
    def value(o, samples: Mapping[str, SampleTests], plan: Plan) -> float:
        test, cycle = _row(o, samples[o.sample], plan)
        return float(test.column(name)[test.row(cycle)])

    return value


def _shift(o, samples: Mapping[str, SampleTests], plan: Plan) -> float:
    if "to_cycle" in o.state:
        peaks = _aged(o, samples[o.sample]).peaks
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
    find_followed().shift: Kind("mV", (("cycle",),), _shift),
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
