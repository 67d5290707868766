"""Growth of the series resistance: R = R_0 + r growth + r_t (t / 1 h)^p.

Whatever neither the filling of the particles nor their contact area changes: layers at the carbon and the collectors, a
separator that loses contact. The law is an assumption; the citation is of solid-state cells at large.
"""

from dataclasses import dataclass
from typing import ClassVar

from nacre.cell.ageing.slow_states import Drive, SlowState
from nacre.cell.parameters import CellParameters


@dataclass(frozen=True)
class SeriesGrowth:
    """by_growth, by_time: r and r_t in ohm m2 of plan area; exponent: p of the second."""

    by_growth: float
    by_time: float = 0.0
    exponent: float = 0.5

    name: ClassVar[str] = "series growth"
    words: ClassVar[str] = "the resistance in series grows"
    citation: ClassVar[str] = "J. Janek, W. G. Zeier, Nat. Energy 8 (2023) 230"

    @staticmethod
    def of(p: CellParameters) -> "SeriesGrowth | None":
        rates = [p.value(f"ageing.{n}", "ohm m2") for n in ("series_growth", "series_growth_by_time")]
        return SeriesGrowth(*rates, p.value("ageing.exponent")) if any(rates) else None

    def advance(self, before: SlowState, after: SlowState, drive: Drive) -> SlowState:
        more = self.by_growth * (after.growth - before.growth)
        more += self.by_time * (after.hours**self.exponent - before.hours**self.exponent)
        return after.changed(series=after.series + more)


MECHANISM = SeriesGrowth
