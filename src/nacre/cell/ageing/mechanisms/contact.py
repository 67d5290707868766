"""Loss of contact area: theta = theta_0 / (1 + k growth + k_t (t / 1 h)^p).

Products between particle and electrolyte block the contact in proportion to their thickness; the second term stands for
a loss that goes with time alone (creep, pressure). k = 1/(growth that halves the contact). Both an interphase and lost
contact are seen in such cathodes (R. Koerver et al.); the law between them is an assumption.
"""

from dataclasses import dataclass
from typing import ClassVar

from nacre.cell.ageing.slow_states import Drive, SlowState
from nacre.cell.parameters import CellParameters


@dataclass(frozen=True)
class ContactLoss:
    """by_growth, by_time: k and k_t; exponent: p of the second."""

    by_growth: float
    by_time: float = 0.0
    exponent: float = 0.5

    name: ClassVar[str] = "contact loss"
    words: ClassVar[str] = "the true contact area shrinks as the interphase grows, or with time"
    citation: ClassVar[str] = "R. Koerver et al., Chem. Mater. 29 (2017) 5574"

    @staticmethod
    def of(p: CellParameters) -> "ContactLoss | None":
        rates = p.value("ageing.contact_loss"), p.value("ageing.contact_loss_by_time")
        return ContactLoss(*rates, p.value("ageing.exponent")) if any(rates) else None

    def advance(self, before: SlowState, after: SlowState, drive: Drive) -> SlowState:
        more = self.by_growth * (after.growth - before.growth)
        more += self.by_time * (after.hours**self.exponent - before.hours**self.exponent)
        return after.changed(contact=1.0 / (1.0 / after.contact + more))


MECHANISM = ContactLoss
