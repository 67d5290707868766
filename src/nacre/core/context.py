"""What an analysis may know beside its files: the sample, the cell, and what was declared of them."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from nacre.core.errors import NacreError
from nacre.core.quantity import Quantity, derive
from nacre.core.study import Cell, Measurement, Sample
from nacre.core.vocabulary import word

# inputs that follow from others: name -> (what it takes, in which units, the rule, unit)
DERIVED: dict[str, tuple[tuple[tuple[str, str], ...], Callable[..., float], str]] = {
    "cam_mass": ((("composite_mass", "mg"), ("cam_fraction", "1")), lambda m, w: m * w, "mg"),
    "area": ((("diameter", "cm"),), lambda d: math.pi / 4 * d * d, "cm2"),
}


@dataclass(frozen=True)
class Context:
    """Declared inputs, looked up in the cell, then the sample, then the study.

    `others` holds the contexts of further samples or cells of a joint analysis, by input name. `names` is what each
    sample of the study may be called (its name, its label), by its name: whose a label in a file is follows from all.
    """

    study: str = ""
    sample: Sample | None = None
    cell: Cell | None = None
    measurement: Measurement | None = None
    inputs: Mapping[str, Quantity | str] = field(default_factory=dict)
    materials: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    analysis: str = ""
    others: Mapping[str, "Context"] = field(default_factory=dict)
    synthetic: bool = False
    names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def where(self) -> str:
        names = (
            (self.cell and f"cell '{self.cell.name}'") or (self.sample and f"sample '{self.sample.name}'") or self.study
        )
        return names or "study.toml"

    def find(self, name: str, unit: str) -> Quantity | None:
        """A declared quantity in `unit`, derived from others where it follows from them; None if unknown.

        What is said of the cell counts before what is said of the sample or of all cells, be it said directly
        or by what it follows from: a cell's own diameter comes before the area that all cells share.
        """
        needs, rule, made = DERIVED.get(name, ((), None, ""))
        for inputs in self._levels:
            if isinstance(inputs.get(name), Quantity):
                return self._of_this_cell(inputs[name], name, inputs is self.inputs).to(unit)
            if any(isinstance(inputs.get(need), Quantity) for need, _ in needs):
                found = [self.find(need, need_unit) for need, need_unit in needs]
                if all(q is not None for q in found):
                    return derive(rule, *found, unit=made).to(unit)
        return None

    def _of_this_cell(self, quantity: Quantity, name: str, shared: bool) -> Quantity:
        """A value declared once for all cells has an error of its own in each, where each is weighed anew."""
        own = shared and self.cell is not None and word("input", name).each
        return quantity.retagged(f"study:{name}", f"cell:{self.cell.name}:{name}") if own else quantity

    @property
    def _levels(self) -> tuple[Mapping[str, Quantity | str], ...]:
        return self.cell.inputs if self.cell else {}, self.sample.inputs if self.sample else {}, self.inputs

    def need(self, name: str, unit: str, why: str = "") -> Quantity:
        """A declared quantity in `unit`. Raises NacreError that says what to add to study.toml."""
        found = self.find(name, unit)
        if found is not None:
            return found
        row = word("input", name)
        ways = [f'{name} = "... {row.unit}"']
        if name in DERIVED:
            ways.append(" and ".join(f'{need} = "... {word("input", need).unit}"' for need, _ in DERIVED[name][0]))
        words = self.text(name)
        raise NacreError(
            f"{row.words} is not given" + (f", and {why} needs it" if why else ""),
            where=self.where,
            found=words and f"the words '{words}'",
            expected=" or ".join(ways),
            do=self._place(row.where),
        )

    def _place(self, where: str) -> str:
        if where == "sample":
            return "add it under its [[sample]] in study.toml"
        table = f"[cell.{self.cell.name}], or [cell] for all cells," if self.cell else "[cell]"
        return f"add it under {table} in study.toml, or as a column of cells.csv"

    def text(self, name: str) -> str:
        """A declared word ("counter_electrode"), or "" where there is none."""
        for inputs in self._levels:
            if isinstance(inputs.get(name), str):
                return inputs[name]
        return ""
