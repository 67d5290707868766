"""A cell test whose truth is known in closed form, and the same test as each lab's export writes it."""

import datetime
from dataclasses import dataclass, field

import numpy as np

from nacre.core.signal import Signal, table

START = "2024-03-14T21:30:00"  # a day above 12, and a midnight to pass
CURRENT = 0.0015  # A


def cell_test(start: str = START, cycles: int = 3, every: float = 50.0) -> Signal:
    """Rest 10 min, then cycles of charge 2 h, rest 10 min, discharge 1.5 h: constant current, voltage linear in charge.

    Charge per step CURRENT x hours; energy CURRENT x mean voltage x hours. Steps begin 0.5 s after the last record.
    """
    steps = [(1, 0, 0.0, 600, 3.0, 3.0)]
    for cycle in range(1, cycles + 1):
        steps.append((2, cycle, CURRENT, 7200, 3.0, 4.2))
        steps.append((3, cycle, 0.0, 600, 4.1, 4.1))
        steps.append((4, cycle, -CURRENT, 5400, 4.0, 2.8))
    parts, clock = [], 0.0
    for number, (step, cycle, current, length, first, last) in enumerate(steps, 1):
        t = np.unique(np.append(np.arange(0.0, length, every), length))
        t[0] = 0.5 if number > 1 else 0.0
        v = first + (last - first) * t / length
        q = abs(current) * t / 3600
        e = abs(current) * (first + v) / 2 * t / 3600
        parts.append((clock + t, v, np.full(len(t), current), q, e, t, step, cycle, number))
        clock += length
    lengths = [len(part[0]) for part in parts]
    join = [np.concatenate([part[i] for part in parts]) for i in range(6)]
    step, cycle, number = (np.repeat([part[i] for part in parts], lengths) for i in (6, 7, 8))
    unix = datetime.datetime.fromisoformat(start).replace(tzinfo=datetime.UTC).timestamp() + join[0]
    columns = {
        "test_time_second": (join[0], "s"),
        "voltage_volt": (join[1], "V"),
        "current_ampere": (join[2], "A"),
        "unix_time_second": (unix, "s"),
        "cycle_count": (cycle, "1"),
        "step_count": (number, "1"),
        "step_id": (step, "1"),
        "record_index": (np.arange(1, len(unix) + 1), "1"),
        "step_time_second": (join[5], "s"),
        "step_cumulative_capacity_ah": (join[3], "Ah"),
        "step_cumulative_energy_wh": (join[4], "Wh"),
    }
    return table("cycling", columns, origin="synthetic", name="truth", metadata={"start": start})


@dataclass(frozen=True)
class Dialect:
    """How one lab's MACCOR writes: the columns with their scale and format, marks, dates and surroundings."""

    columns: str
    header: str = ""
    separator: str = "\t"
    comma: bool = False
    dates: str = "%m/%d/%Y %H:%M:%S"
    time: str = "%.4f"
    minutes: bool = False
    milli: bool = False
    millivolt: bool = False
    signed: bool = False
    runs_on: bool = False
    months: tuple[str, ...] = ()
    newline: str = "\n"
    encoding: str = "ascii"
    after: str = ""
    extra: dict = field(default_factory=dict)


def _duration(seconds: float) -> str:
    days, rest = divmod(round(seconds, 3), 86400)
    return f"  {int(days)}d {int(rest // 3600):02d}:{int(rest % 3600 // 60):02d}:{rest % 60:05.2f}"


def _date(stamp: float, dialect: Dialect) -> str:
    when = datetime.datetime.fromtimestamp(int(stamp), datetime.UTC)
    text = when.strftime(dialect.dates)
    return text.replace("MONTH", dialect.months[when.month - 1]) if dialect.months else text


def export(truth: Signal, dialect: Dialect) -> bytes:
    """The cell test as that dialect writes it."""
    get = {name: variable.values for name, variable in truth.variables.items()}
    milli = 1000.0 if dialect.milli else 1.0
    charge, energy = get["step_cumulative_capacity_ah"] * milli, get["step_cumulative_energy_wh"] * milli
    if dialect.runs_on:
        charge, energy = _running_on(charge, get), _running_on(energy, get)
    current = (get["current_ampere"] if dialect.signed else np.abs(get["current_ampere"])) * milli
    unit = 60.0 if dialect.minutes else 1.0
    lines = []
    for i in range(len(charge)):
        time = get["test_time_second"][i], get["step_time_second"][i]
        times = [_duration(t) if dialect.time == "duration" else dialect.time % (t / unit) for t in time]
        numbers = {
            "time": times[0],
            "steptime": times[1],
            "q": f"{charge[i]:.9f}",
            "e": f"{energy[i]:.9f}",
            "i": f"{current[i]:.7f}",
            "v": f"{get['voltage_volt'][i] * (1000 if dialect.millivolt else 1):.5f}",
        }
        if dialect.comma:
            numbers = {key: value.replace(".", ",") for key, value in numbers.items()}
        state = "CDR"[[1, -1, 0].index(int(np.sign(get["current_ampere"][i])))]
        words = {
            "rec": str(i + 1),
            "cyc": str(get["cycle_count"][i]),
            "step": str(get["step_id"][i]),
            "state": state,
            "es": "0" if get["step_time_second"][i] == 0.5 else "1",
            "date": _date(get["unix_time_second"][i], dialect),
        }
        cells = [(numbers | words | dialect.extra)[key] for key in dialect.columns.split()]
        lines.append(dialect.separator.join(cells))
    text = dialect.header.format(start=_date(get["unix_time_second"][0], dialect)) + dialect.after
    text += "\n".join(lines) + "\n"
    return text.replace("\n", dialect.newline).encode(dialect.encoding)


def _running_on(counter, get):
    """A counter that rests keep, and that a step of the same direction continues (here: none follow each other)."""
    out = counter.copy()
    for number in np.unique(get["step_count"])[1:]:
        here = get["step_count"] == number
        if not get["current_ampere"][here].any():
            out[here] = out[get["step_count"] == number - 1][-1]
    return out
