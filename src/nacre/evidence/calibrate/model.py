"""From the numbers to fit to the simulated tests of every sample, each simulated once."""

import threading
from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from nacre.cell.ageing.lifetime import Lifetime
from nacre.cell.ageing.plugins import load_mechanisms
from nacre.cell.parameters import CellParameters, ModelParameter, ParameterSpec
from nacre.cell.recipe.build import build_cell
from nacre.core.context import Context
from nacre.core.quantity import Quantity
from nacre.core.study import Study
from nacre.evidence.calibrate.settings import Free
from nacre.evidence.calibrate.simulated_tests import Failed, Plan, ageing_test, rate_test
from nacre.materials import load_builtin

KEPT = 400


@dataclass(frozen=True, eq=False)
class SampleTests:
    """The tests of one sample; None for one that ended out of order, or that nothing asked for."""

    rate: Lifetime | None
    aged: Lifetime | None


def cells_of(study: Study) -> dict[str, CellParameters]:
    """The cell model of every sample before calibration. Raises NacreError where a recipe lacks something."""
    library = load_builtin().adding(study.materials) if study.materials else load_builtin()
    mechanisms, found = load_mechanisms(study.folder), {}
    for name, sample in study.samples.items():
        cell = next((c for c in study.cells.values() if c.sample == name), None)
        context = Context(study.name, sample, cell, inputs=study.inputs)
        found[name] = replace(build_cell(context, study.extra.get("model"), library, mechanisms), name=name)
    return found


Numbers = Sequence[float] | np.ndarray


class Model:
    """Simulated tests of samples as a function of the free numbers; the last few hundred are kept.

    ageing: samples whose ageing test is wanted; fine: cycles of it that are always simulated. `constant` numbers hold
    for all samples ("ageing.exponent": 1.0), or for one ("NAME:cathode.contact").
    """

    def __init__(
        self,
        cells: Mapping[str, CellParameters],
        free: Sequence[Free],
        plan: Plan,
        ageing: Collection[str] = (),
        constant: Mapping[str, float] | None = None,
        fine: Sequence[int] = (),
    ):
        self.cells, self.free, self.plan, self.ageing = dict(cells), tuple(free), plan, set(ageing)
        self.constant, self.fine = dict(constant or {}), tuple(fine)
        self._kept: OrderedDict[tuple, object] = OrderedDict()
        self._lock = threading.Lock()
        self.simulated = 0

    def with_plan(self, plan: Plan, fine: Sequence[int] = ()) -> "Model":
        """The same for other tests; fine: cycles to simulate besides."""
        return Model(self.cells, self.free, plan, self.ageing, self.constant, sorted({*self.fine, *fine}))

    @property
    def names(self) -> Mapping[str, ParameterSpec]:
        """All numbers that the cells may have."""
        return next(iter(self.cells.values())).names

    # values <-> the unit box

    @property
    def low(self) -> np.ndarray:
        return np.array([np.log(f.low) if f.log else f.low for f in self.free])

    @property
    def span(self) -> np.ndarray:
        return np.array([np.log(f.high / f.low) if f.log else f.high - f.low for f in self.free])

    def values(self, u: np.ndarray) -> np.ndarray:
        """The numbers in their units, from u (k,) in 0 to 1."""
        at = self.low + self.span * np.asarray(u)
        return np.array([np.exp(v) if f.log else v for f, v in zip(self.free, at, strict=True)])

    def unit(self, values: np.ndarray) -> np.ndarray:
        """u (k,) of numbers in their units."""
        at = np.array([np.log(v) if f.log else v for f, v in zip(self.free, values, strict=True)])
        return (at - self.low) / self.span

    def numbers(self, values: Numbers, sample: str) -> dict[str, float]:
        """All changed numbers of one sample by name."""
        found = {k: v for k, v in self.constant.items() if ":" not in k}
        found |= {k.partition(":")[2]: v for k, v in self.constant.items() if k.startswith(f"{sample}:")}
        for row, value in zip(self.free, values, strict=True):
            if row.sample in ("", sample):
                found[row.name] = float(value)
        return found

    def parameters(self, values: Numbers, sample: str, source: str = "this calibration") -> CellParameters:
        """The cell of a sample with these numbers."""
        return with_numbers(self.cells[sample], self.numbers(values, sample), source)

    # simulation

    def tests(self, values: Numbers) -> dict[str, SampleTests]:
        """The tests of all samples; None for one that ended out of order."""
        return {name: self._sample(name, self.numbers(values, name)) for name in self.cells}

    def _sample(self, name: str, numbers: dict[str, float]) -> SampleTests:
        key = name, tuple(sorted(numbers.items()))
        cell = with_numbers(self.cells[name], numbers, "a trial")
        rate = self._once((*key, "rate"), lambda: rate_test(cell, self.plan))
        aged = None
        if name in self.ageing:
            aged = self._once((*key, "ageing"), lambda: ageing_test(cell, self.plan, self.fine))
        return SampleTests(rate, aged)

    def of_cell(self, cell: CellParameters, sample: str) -> tuple[Lifetime, Lifetime | None]:
        """The tests of any cell, as those of a sample; not kept. Raises Failed."""
        return rate_test(cell, self.plan), ageing_test(cell, self.plan, self.fine) if sample in self.ageing else None

    def _once(self, key: tuple, make):
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        try:
            made = make()
        except (Failed, ValueError):
            made = None
        with self._lock:
            self.simulated += 1
            self._kept[key] = made
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return made


def with_numbers(cell: CellParameters, numbers: Mapping[str, float], source: str) -> CellParameters:
    """A cell with other numbers, in the units of their names."""
    made = {name: ModelParameter(Quantity(v, cell.names[name].unit), "fitted", source) for name, v in numbers.items()}
    return replace(cell, numbers={**cell.numbers, **made})
