"""Long runs: a cell through hundreds of cycles, in full or by jumps, with a table of its cycles.

A jump simulates a cycle here and there and integrates the slow states over those between: the durations, swings and
averages that drive the mechanisms run in straight lines between simulated cycles (the corrector), after they were
extrapolated to find where to simulate next (the predictor). A sixth of the difference is the error of the corrector
(W. E. Milne, Am. Math. Monthly 33 (1926) 455); where it is above the tolerance the jump is tried again at half its
length. See docs/ageing.md.
"""

import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from nacre.cell.ageing.half_cycle import ChargeBalance, HalfCycleRecord, join_drives
from nacre.cell.ageing.jumping import CycleJumper, JumpSettings, fill_rows
from nacre.cell.ageing.long_test import LongTest, LongTestAccuracy, start_test
from nacre.cell.ageing.observables import (
    Resistance,
    find_peak_position,
    find_peak_window,
    measure_interfacial_resistance,
)
from nacre.cell.ageing.slow_states import Ageing, Drive, SlowState
from nacre.cell.parameters import CellParameters
from nacre.cell.plausibility import refuse_if_impossible
from nacre.cell.protocol import ProtocolLoop, ProtocolStep, bind_to_cell, parse_protocol, unroll_steps
from nacre.core.errors import NacreError, NotAssessable
from nacre.core.notebook_hook import ShowsInNotebook

RATE_TEST = "\n".join(
    f"repeat {n} times: charge at {r}C to 2.75 V; discharge at {r}C to 1.35 V"
    for n, r in ((1, 0.1), (2, 0.2), (2, 0.5), (2, 1))
)
CYCLE_LIFE = (
    "charge at 0.1C to 2.75 V; discharge at 0.1C to 1.35 V\n"
    "repeat 200 times: charge at 0.2C to 2.75 V; discharge at 0.2C to 1.35 V"
)
MOST_CYCLES = 100_000


@dataclass(frozen=True)
class KeptCycles:
    """What to keep of which cycles (numbers from 1 over the whole test): curves (with the followed peak of their
    charge), and resistances after their discharge and a rest of `rest` s; points: records per step of a curve."""

    curves: Collection[int] = ()
    resistances: Collection[int] = ()
    rest: float = 3600.0
    points: int = 300


@dataclass(frozen=True, eq=False)
class CycleCurve:
    """One step of a cycle: kind, time s, voltage V, current A, capacity Ah (from the step's begin, positive)."""

    kind: str
    time: np.ndarray
    voltage: np.ndarray
    current: np.ndarray
    capacity: np.ndarray


@dataclass(frozen=True, eq=False)
class Lifetime(ShowsInNotebook):
    """What became of the cell. table: one row a cycle (see `COLUMNS`); curves, peaks (V) and resistances by cycle;
    books at the end; complete and words: whether and why it ended; simulated: cycles simulated; jump_error: estimated
    error of ln(contact, active, diffusivity) that jumping brought, summed over the jumps."""

    parameters: CellParameters
    ageing: Ageing
    table: pl.DataFrame
    curves: dict[int, tuple[CycleCurve, ...]]
    peaks: dict[int, float]
    resistances: dict[int, Resistance]
    aged: SlowState
    books: ChargeBalance
    complete: bool
    words: str
    simulated: int
    jump_error: float

    def __repr__(self) -> str:
        """One line, as it holds a table of all cycles and curves of some."""
        return f"<Lifetime of '{self.parameters.name}': {self.words}>"

    def column(self, name: str) -> np.ndarray:
        """A column of the table (n,)."""
        return self.table[name].to_numpy()

    def discharge(self, cycle: int) -> float:
        """Discharge capacity of a cycle, mAh per g of cathode active material."""
        return float(self.table["discharge_capacity"][self.row(cycle)])

    def retention(self, cycle: int, reference: int) -> float:
        """Discharge capacity of a cycle over that of another."""
        return self.discharge(cycle) / self.discharge(reference)

    def row(self, cycle: int) -> int:
        """Raises NacreError where the cycle was not reached."""
        if not 1 <= cycle <= self.table.height:
            raise NacreError(
                f"cycle {cycle} was not reached", where=self.parameters.name, found=f"{self.table.height} cycles",
                do=self.words,
            )  # fmt: skip
        return cycle - 1


def age(
    parameters: CellParameters,
    program: str | Sequence[ProtocolStep | ProtocolLoop] = CYCLE_LIFE,
    ageing: Ageing | None = None,
    jump: JumpSettings | None = None,
    how: LongTestAccuracy | None = None,
    watch: KeptCycles | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Lifetime:
    """Take a fresh cell through a test and let it age.

    program: as for `nacre.cell.protocol`; a cycle ends where a charge follows a discharge, and a repeated single cycle
    may be jumped. ageing: default, what the numbers under [ageing] switch on. jump: None simulates every cycle.

    Parameters
    ----------
    parameters : CellParameters
        The fresh cell.
    program : str | Sequence[ProtocolStep | ProtocolLoop], optional
        The test in words, or steps in A and V.
    ageing : Ageing | None, optional
        Mechanisms; None: those that the numbers under [ageing] switch on.
    jump : JumpSettings | None, optional
        How cycles are jumped; None: every cycle is simulated.
    how : LongTestAccuracy | None, optional
        Mesh and tolerances; None: the usual ones.
    watch : KeptCycles | None, optional
        Cycles whose curves and resistances are kept.
    progress : Callable[[int, int], None], optional
        Called with cycles done and cycles in all.

    Returns
    -------
    Lifetime
        Table of cycles, curves, resistances and balances.

    Raises
    ------
    NacreError
        Where the program, the parameters, a cycle asked for or a mechanism cannot be; what happens in the cell ends
        the run in words.
    """
    watch, how = watch or KeptCycles(), how or LongTestAccuracy()
    ageing = ageing if ageing is not None else _read_ageing(parameters)
    refuse_if_impossible(parameters)
    steps = bind_to_cell(parse_protocol(program), parameters.scale) if isinstance(program, str) else tuple(program)
    blocks = _split_blocks(steps, parameters.name)
    total = sum(block.times for block in blocks)
    _check_kept(watch, total, parameters.name)
    log = _CycleLog(start_test(parameters, ageing, how), watch)
    for block in blocks:
        if not _run_block(log, block, jump, lambda: progress(log.count, total)):
            break
    return log.lifetime(total)


def _read_ageing(parameters: CellParameters) -> Ageing:
    if not any(name.startswith("ageing.") for name in parameters.numbers):
        raise NotAssessable(
            "nothing is known of how this cell ages", where=parameters.name,
            expected="numbers under [model.ageing] of the study, or under [ageing] of cell.toml",
            do='declare them (contact_loss = "0.06" ...), or give ageing=Ageing() for a cell that does not age',
        )  # fmt: skip
    return Ageing.of(parameters)


# --- the program ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class CycleBlock:
    """One cycle, run `times` times."""

    cycle: tuple[ProtocolStep, ...]
    times: int


def _split_blocks(steps: Sequence[ProtocolStep | ProtocolLoop], where: str) -> list[CycleBlock]:
    found: list[CycleBlock] = []
    loose: list[ProtocolStep] = []
    for item in steps:
        if isinstance(item, ProtocolLoop):
            found += [CycleBlock(c, 1) for c in _split_cycles(loose)]
            loose = []
            body = _split_cycles(list(unroll_steps(item.steps)))
            found += (
                [CycleBlock(body[0], item.times)] if len(body) == 1 else [CycleBlock(c, 1) for c in body] * item.times
            )
        else:
            loose.append(item)
    found += [CycleBlock(c, 1) for c in _split_cycles(loose)]
    total = sum(b.times for b in found)
    if not 0 < total <= MOST_CYCLES:
        raise NacreError(f"the program has {total} cycles", where=where, expected=f"1 to {MOST_CYCLES}")
    return found


def _split_cycles(steps: list[ProtocolStep]) -> list[tuple[ProtocolStep, ...]]:
    """A cycle ends where a charge follows a discharge."""
    found: list[list[ProtocolStep]] = []
    for step in steps:
        new = step.kind == "charge" and found and any(s.kind == "discharge" for s in found[-1])
        if new or not found:
            found.append([])
        found[-1].append(step)
    return [tuple(c) for c in found]


def _check_kept(watch: KeptCycles, total: int, where: str) -> None:
    for name in ("curves", "resistances"):
        for cycle in getattr(watch, name):
            if not 1 <= cycle <= total:
                raise NacreError(
                    f"the {name} of cycle {cycle} are asked for, but the program has {total} cycles", where=where,
                    expected=f"cycles from 1 to {total}",
                )  # fmt: skip


def _run_block(log: "_CycleLog", block: CycleBlock, jump: JumpSettings | None, tell) -> bool:
    """Take the cell through a block; False where it ended out of order."""
    if jump is not None and block.times > jump.least:
        leaper = CycleJumper(log, block.cycle, block.times, jump, tell)
        return leaper.run()
    for _ in range(block.times):
        if not log.cycle(block.cycle):
            return False
        tell()
    return True


# --- the log ----------------------------------------------------------------------------------------------------

COLUMNS = {
    "cycle": "number, from 1",
    "simulated": "whether the cycle was simulated (else: interpolated between simulated ones)",
    "hours": "h since the start, at the end of the cycle",
    "charge_capacity": "mAh/g of cathode active material",
    "discharge_capacity": "mAh/g",
    "coulombic_efficiency": "%",
    "charge_energy": "mWh/g",
    "discharge_energy": "mWh/g",
    "mean_charge_voltage": "V",
    "mean_discharge_voltage": "V",
    "contact": "true over geometric contact area, at the end of the cycle",
    "active": "share of the particles that take part",
    "diffusivity": "share of the fresh cell's",
    "interphase": "nm",
    "growth": "(hours of bare contact) to the law's exponent",
    "series": "ohm cm2 added",
    "side_charge": "mAh/g taken by side reactions for good, in all",
    "lithium_cathode": "mAh/g in the working particles, at the end of the cycle",
    "lithium_anode": "mAh/g",
    "lithium_isolated": "mAh/g in particles that dropped out",
    "filling": "mean filling of the cathode at the end of the cycle",
}
SMOOTH = tuple(n for n in COLUMNS if n not in ("cycle", "simulated", "coulombic_efficiency"))


@dataclass(eq=False)
class _CycleLog:
    """Rows, curves and the rest, as the walk goes on."""

    walk: LongTest
    watch: KeptCycles
    rows: list[dict] = field(default_factory=list)
    curves: dict[int, tuple[CycleCurve, ...]] = field(default_factory=dict)
    resistances: dict[int, Resistance] = field(default_factory=dict)
    end: str = ""
    simulated: int = 0
    jump_error: float = 0.0
    count: int = 0
    halves: list[HalfCycleRecord] = field(default_factory=list)
    drive: Drive | None = None

    def __post_init__(self) -> None:
        p = self.walk.parameters
        self.per_gram = p.area / (3.6 * p.value("cell.cam_mass", "g"))  # C/m2 to mAh/g
        self.window = find_peak_window(self.walk)
        c = self.walk.cell.cathode
        self.fresh = [float(np.mean(v)) for v in (c.contact, c.active, c.interphase_thickness)]

    def cycle(self, steps: tuple[ProtocolStep, ...], record: bool = True) -> bool:
        """Simulate one cycle; False where it ended out of order."""
        number = self.count + 1
        seen = record and (number in self.watch.curves or number in self.watch.resistances)
        quick = None if seen or len(steps) == 1 else self.walk.run_all(steps)
        if quick is not None:
            self.halves, self.drive = quick
            self.count, self.simulated = number, self.simulated + 1
            if record:
                self.rows.append(self._row(number, True))
            return True
        times = self.watch.points if record and number in self.watch.curves else 0
        halves, after_discharge = [], None
        for step in steps:
            half = self.walk.run(step, times)
            halves.append(half)
            if not half.normal:
                self.end = f"stopped in cycle {number} ({step.text or step.kind}): {half.outcome.words}"
                break
            if step.kind == "discharge" and record and number in self.watch.resistances:
                after_discharge = measure_interfacial_resistance(self.walk, self.watch.rest)
        self.halves, self.count = halves, number
        self.drive = join_drives([h.drive for h in halves if h.drive is not None])
        self.simulated += 1
        if record:
            self.rows.append(self._row(number, True))
            if times:
                self.curves[number] = tuple(self._curve(h) for h in halves if h.records is not None)
            if after_discharge is not None:
                self.resistances[number] = after_discharge
        if not self.end and not any(h.charged + h.discharged for h in halves):
            self.end = f"stopped in cycle {number}: no charge passes between the cut-offs any more"
        return not self.end

    def fill(self, after: int) -> None:
        """Rows of the cycles behind `after` that were jumped over."""
        kept = len([row for row in self.rows if row["cycle"] <= after])
        if len(self.rows) > kept + 2:
            self.rows[kept:] = fill_rows(self.rows[kept:], SMOOTH)

    def _curve(self, half: HalfCycleRecord) -> CycleCurve:
        assert half.records is not None  # of cycles whose curves are kept
        time, volts, current, charge = half.records.T
        area = self.walk.parameters.area
        return CycleCurve(half.step.kind, time, volts, current * area, np.abs(charge) * area / 3600)

    def _row(self, number: int, simulated: bool) -> dict:
        walk, g = self.walk, self.per_gram
        charged, discharged = sum([h.charged for h in self.halves]) * g, sum([h.discharged for h in self.halves]) * g
        energies = [sum([h.energy_in for h in self.halves]) * g, sum([h.energy_out for h in self.halves]) * g]
        books, aged = walk.books, walk.aged
        return {
            "cycle": number,
            "simulated": simulated,
            "hours": aged.hours,
            "charge_capacity": charged,
            "discharge_capacity": discharged,
            "charge_energy": energies[0],
            "discharge_energy": energies[1],
            "mean_charge_voltage": energies[0] / charged if charged else math.nan,
            "mean_discharge_voltage": energies[1] / discharged if discharged else math.nan,
            "contact": self.fresh[0] * aged.contact,
            "active": self.fresh[1] * aged.active,
            "diffusivity": aged.diffusivity,
            "interphase": 1e9 * (self.fresh[2] + aged.interphase),
            "growth": aged.growth,
            "series": 1e4 * aged.series,
            "side_charge": books.drawn * g,
            "lithium_cathode": books.cathode * g,
            "lithium_anode": books.anode * g,
            "lithium_isolated": books.isolated * g,
            "filling": books.cathode / (walk.sites["cathode"] * walk.active),
        }

    def lifetime(self, total: int) -> Lifetime:
        table = _make_table(self.rows)
        peaks = {}
        for number, curves in self.curves.items():
            charges = [c for c in curves if c.kind == "charge" and c.voltage.size > 10]
            peaks[number] = (
                find_peak_position(charges[0].voltage, charges[0].capacity, self.window) if charges else math.nan
            )
        walk = self.walk
        words = self.end or f"all {total} cycles ran, {self.simulated} of them simulated"
        return Lifetime(
            walk.parameters, walk.ageing, table, self.curves, peaks, self.resistances, walk.aged, walk.books,
            not self.end, words, self.simulated, self.jump_error,
        )  # fmt: skip


def _make_table(rows: list[dict]) -> pl.DataFrame:
    columns = {name: np.array([row[name] for row in rows]) for name in COLUMNS if name != "coulombic_efficiency"}
    with np.errstate(divide="ignore", invalid="ignore"):
        columns["coulombic_efficiency"] = 100 * columns["discharge_capacity"] / columns["charge_capacity"]
    return pl.DataFrame({name: columns[name] for name in COLUMNS})
