"""Whether the package's answer about a drawn test is right, and what it warns of."""

from dataclasses import dataclass

import numpy as np

from nacre.core.context import Context
from nacre.core.quantity import Quantity, parse
from nacre.core.signal import Signal, table
from nacre.core.study import Cell as StudyCell
from nacre.core.study import Measurement, Sample
from nacre.techniques.cycling import half_cycles as hc
from nacre.techniques.cycling.cycling import TECHNIQUE, CyclingOptions
from truth.foreign.cycling.protocols import Drawn

MAH = 3.6
RIGHT = 0.015  # relative: gains, last digits and logging intervals of the cyclers drawn
UNITS = {
    "test_time_second": "s",
    "unix_time_second": "s",
    "voltage_volt": "V",
    "current_ampere": "A",
    "step_count": "1",
    "cycle_count": "1",
}


@dataclass(frozen=True)
class Answer:
    """Half cycles with a wrong charge, how many had one at all, and the texts of failed checks and warnings."""

    wrong: tuple[str, ...]
    given: int
    failed: tuple[str, ...]
    warned: tuple[str, ...]


def to_signal(columns: dict[str, np.ndarray], name: str = "test") -> Signal:
    """The table as a reader would give it."""
    return table("cycling", {n: (v, UNITS.get(n, "Ah")) for n, v in columns.items()}, name=name)


def ask(test: Drawn, signals: Signal | list[Signal], mass_factor: float = 1.0) -> Answer:
    """The package's answer held against the truth."""
    grams = 0.9 * test.nominal / 0.9 / 160 * mass_factor
    inputs: dict[str, Quantity | str] = {"cam_mass": parse(f"{1000 * grams:.4f} mg"), "one_c": parse("160 mA/g")}
    inputs["cam"] = "C6" if test.protocol == "half_cell" else "LiNi0.8Co0.1Mn0.1O2"
    context = Context("t", Sample("s"), StudyCell("c", "s", inputs), Measurement("m", "s", "c"))
    over = "charge/discharge" if test.protocol == "half_cell" else "discharge/charge"
    options = CyclingOptions(divide_by=("mass",), efficiency=over)
    (result,) = TECHNIQUE.analyse({"signal": signals}, context, options)
    half = hc.find_half_cycles(hc.join_files(signals))
    wrong = []
    for k in np.flatnonzero(half.complete).tolist():
        key = int(half.cycle[k]), int(half.runs.sign[k])
        right, found = test.truth.get(key), half.charge[k] / MAH * mass_factor
        allowed = 2 * half.doubt[k] / MAH + 0.002 * test.nominal + RIGHT * (right or 0.0)
        if right is None or abs(found / mass_factor - right) > allowed or mass_factor != 1.0:
            wrong.append(f"cycle {key}: {found:.4g} for {right}")
    texts = {status: tuple(c.text for c in result.checks if c.status == status) for status in ("fail", "warn")}
    return Answer(tuple(wrong), int(half.complete.sum()), texts["fail"], texts["warn"])
