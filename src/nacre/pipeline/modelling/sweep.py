"""Many cells through one protocol: parameters swept over ranges, cells from a table, on threads, in a fixed order.

A sweep is `part.name=low:high:n` (evenly), `...:log` (evenly in the logarithm) or `part.name=a,b,c`; a unit behind the
last value holds for all (`cathode.particle_diameter=1:10:5 um`). Several sweeps make a grid, the last one fastest, or
go in step. A table of cells has a row per cell: `name`, `sample`, and columns `part.name` or `part.name / unit`.
"""

import csv
import itertools
import math
import os
import re
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from nacre.cell.parameters import NAMES, CellParameters, check_number, read_number
from nacre.cell.simulate import Simulation, SimulationSettings, StepRun, simulate_protocol
from nacre.core.errors import NacreError, unknown
from nacre.pipeline.modelling.simulate import Subjects

MOST = 100_000
_FORM = "NAME=LOW:HIGH:COUNT, NAME=LOW:HIGH:COUNT:log or NAME=A,B,C, a unit at the end"
_UNIT = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*(.*?)\s*")


@dataclass(frozen=True)
class Swept:
    """A parameter's name and its values as text with their unit; whether they are even in the logarithm."""

    name: str
    values: tuple[str, ...]
    log: bool = False


@dataclass(frozen=True)
class SweepCase:
    """One run: its number (from 1), the cell of the study it starts from, its own name and what is changed."""

    number: int
    cell: str
    name: str
    changes: Mapping[str, str]

    @property
    def words(self) -> str:
        changed = ", ".join(f"{name} = {text}" for name, text in self.changes.items())
        return f"run {self.number} ({', '.join(w for w in (self.name or self.cell, changed) if w)})"


@dataclass(frozen=True, eq=False)
class SweepRun:
    """A case with the cell it made, its steps, and the record where it was to be kept; or the error, in words."""

    case: SweepCase
    parameters: CellParameters | None
    steps: tuple[StepRun, ...] = ()
    words: str = ""
    complete: bool = False
    simulation: Simulation | None = None

    @property
    def failed(self) -> bool:
        return not self.complete


def read_sweep(text: str) -> Swept:
    """A sweep from its text. Raises NacreError with the text, what is wrong and what it should look like."""
    name, equals, values = (part.strip() for part in text.partition("="))
    where = f"--sweep {text}"
    if not equals or not values:
        raise NacreError("cannot read the sweep", where=where, expected=_FORM)
    if name not in NAMES:
        raise unknown("parameter", name, NAMES, where)
    parts = [part.strip() for part in values.split(":")]
    if len(parts) == 1:
        made = _read_list(name, parts[0].split(","), where)
    else:
        made = _read_range(name, parts, where)
    for value in made.values:
        check_number(name, read_number(name, value, "assumed", "swept", where), where)
    return made


def _read_list(name: str, parts: Sequence[str], where: str) -> Swept:
    pairs = [_split(part, where) for part in parts]
    numbers, units = [number for number, _ in pairs], {unit for _, unit in pairs}
    log = len(units - {""}) < 2 and min(numbers) > 0 and max(numbers) > 50 * min(numbers)  # how it is drawn
    return Swept(name, tuple(f"{number!r} {unit or pairs[-1][1]}".strip() for number, unit in pairs), log)


def _split(part: str, where: str) -> tuple[float, str]:
    match = _UNIT.fullmatch(part)
    if match is None:
        raise NacreError("cannot read the sweep", where=where, found=f"'{part}'", expected=_FORM)
    return float(match[1]), match[2]


def _read_range(name: str, parts: list[str], where: str) -> Swept:
    word, unit = parts[-1].partition(" ")[0], ""
    log = word == "log"
    if word in ("log", "lin"):
        unit = parts.pop().partition(" ")[2].strip()
    if len(parts) != 3:
        raise NacreError("cannot read the sweep", where=where, found=f"{len(parts)} numbers", expected=_FORM)
    (low, of_low), (high, of_high), (count, of_count) = (_split(part, where) for part in parts)
    unit = unit or of_count or of_high or of_low
    if count != round(count) or not 2 <= count <= MOST:
        raise NacreError("the number of values", where=where, found=parts[2], expected=f"a whole number, 2 to {MOST}")
    if low == high:
        raise NacreError(
            "a range of no width", where=where, found=f"{low:g} to {high:g}", do="give one value, NAME=VALUE"
        )
    if log and not (low > 0 and high > 0):
        raise NacreError(
            "a logarithmic range must not touch zero", where=where, found=f"{low:g} to {high:g}", do="start above it"
        )
    values = (np.geomspace if log else np.linspace)(low, high, round(count))
    return Swept(name, tuple(f"{float(v)!r} {unit}".strip() for v in values), log)


def plan(
    cells: Sequence[str], sweeps: Sequence[Swept], rows: Sequence[tuple] = (), paired: bool = False
) -> list[SweepCase]:
    """All runs in order: table rows (else cells), then the grid of the sweeps, the last fastest; or in step.

    rows : (name, cell or "", changes) each. Raises NacreError where a name is swept twice, or there are too many runs.
    """
    names = [sweep.name for sweep in sweeps]
    twice = next((name for name in names if names.count(name) > 1), "")
    if twice:
        raise NacreError(f"{twice} is swept twice", where="--sweep", do="give each parameter once")
    if paired and len({len(sweep.values) for sweep in sweeps}) > 1:
        found = ", ".join(f"{len(sweep.values)} of {sweep.name}" for sweep in sweeps)
        raise NacreError("sweeps in step need as many values each", where="--paired", found=found)
    starts = [(name, cell, changes) for name, given, changes in rows for cell in ([given] if given else cells)]
    starts = starts or [("", cell, {}) for cell in cells]
    points = math.prod(len(s.values) for s in sweeps) if not paired else max((len(s.values) for s in sweeps), default=1)
    if points * len(starts) > MOST:
        raise NacreError("too many runs", where="--sweep", found=str(points * len(starts)), expected=f"at most {MOST}")
    texts = [sweep.values for sweep in sweeps]
    grid = list(zip(*texts, strict=True)) if paired and texts else list(itertools.product(*texts))
    both = itertools.product(starts, grid)
    return [
        SweepCase(k, cell, name, {**changes, **dict(zip(names, values, strict=True))})
        for k, ((name, cell, changes), values) in enumerate(both, 1)
    ]


def read_batch(path: Path, cells: Sequence[str]) -> list[tuple[str, str, dict[str, str]]]:
    """The rows of a table of cells. Raises NacreError with file and line, did-you-mean for columns and samples."""
    text = Path(path).read_text(encoding="utf-8-sig")
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) < 2:
        raise NacreError("a table without rows", where=str(path), expected="a header and a row per cell")
    table = list(csv.reader(lines, delimiter=max(",;\t", key=lines[0].count)))
    columns = [_read_heading(head.strip(), Path(path).name) for head in table[0]]
    rows = []
    for number, cut in enumerate(table[1:], 2):
        where = f"{Path(path).name}:{number}"
        if len(cut) > len(columns):
            raise NacreError(f"{len(cut)} values for {len(columns)} columns", where=where)
        row = {column: value.strip() for column, value in zip(columns, cut, strict=False) if value.strip()}
        sample = row.pop(("sample", ""), "")
        if sample and sample not in cells:
            raise unknown("sample", sample, cells, where)
        label = row.pop(("name", ""), "") or where
        rows.append((label, sample, {name: f"{value} {unit}".strip() for (name, unit), value in row.items()}))
    return rows


def _read_heading(head: str, where: str) -> tuple[str, str]:
    name, _, unit = (part.strip() for part in head.partition("/"))
    if name not in NAMES and name not in ("name", "sample"):
        raise unknown("column", name, (*NAMES, "name", "sample"), f"{where}:1")
    return name, unit


def run_all(
    subjects: Subjects,
    cases: Sequence[SweepCase],
    settings: SimulationSettings | None = None,
    threads: int = 0,
    keep: bool = False,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[SweepRun]:
    """Every case, in the order given whatever finishes first; what goes wrong in one stays in it.

    threads : at once (0: one per processor). keep : the records too.
    """
    settings = replace(settings or SimulationSettings(), fields_of=())
    found = []
    pool = ThreadPoolExecutor(threads or os.cpu_count() or 1)
    try:
        jobs = [pool.submit(_run_one, subjects, case, settings, keep) for case in cases]
        for job in jobs:
            found.append(job.result())
            progress(len(found), len(cases))
    finally:
        pool.shutdown(cancel_futures=True)
    return found


def _run_one(subjects: Subjects, case: SweepCase, settings: SimulationSettings, keep: bool) -> SweepRun:
    start, protocol = subjects.cells[case.cell]
    made = None
    try:
        made = start.changed(case.changes, source="swept") if case.changes else start
        done = simulate_protocol(made, protocol, settings)
    except NacreError as error:
        return SweepRun(case, made, words=str(error))
    except (ValueError, ArithmeticError) as error:  # a number that no check foresaw: this run's loss alone
        return SweepRun(case, made, words=f"{type(error).__name__}: {error}")
    steps = tuple(replace(step, before=None) for step in done.steps)
    return SweepRun(case, made, steps, done.words, done.complete, done if keep else None)
