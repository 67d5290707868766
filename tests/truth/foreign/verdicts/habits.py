"""How two laboratories leave the records of their cyclers, and one its tables.

"bdf": Battery Data Format csv with the columns in an order of their own, cells named LHO_c3. "maccor": a MACCOR text
export, currents without sign, times in days and hours, cells named p-01. "table": semicolons and decimal commas, hours
and mA, headings in German, read by naming its columns.
"""

import datetime
from pathlib import Path

import numpy as np

from truth.foreign.verdicts.cycler import Step

START = datetime.datetime(2023, 2, 7, 16, 41, 5)
_BDF = (
    "Cycle Count / 1,Step ID,Test Time / s,Current / A,Voltage / V,"
    "Cycle Discharging Capacity / Ah,Cycle Charging Capacity / Ah,Ambient Temperature / degC"
)
_MACCOR = "Rec#\tCyc#\tStep\tTestTime\tStepTime\tAmp-hr\tWatt-hr\tAmps\tVolts\tState\tES\tDPt Time"
_TABLE = "Nr;Zyklus;Zeit [h];U [V];I [mA];Q [mAh]"
TABLE_COLUMNS = ("record = Nr", "cycle = Zyklus", "time = Zeit [h] [h]", "voltage = U [V] [V]", "current = I [mA] [mA]")


def write_record(habit: str, steps: list[Step], path: Path, title: str) -> None:
    """Write one cell's test in the laboratory's habit."""
    {"bdf": _write_bdf, "maccor": _write_maccor, "table": _write_table}[habit](steps, path, title)


def _write_bdf(steps: list[Step], path: Path, _: str) -> None:
    """Counters start with each cycle and keep their value through rests and the other direction."""
    lines, held, cycle = [_BDF], {"C": 0.0, "D": 0.0}, None
    for number, step in enumerate(steps, 1):
        if step.cycle != cycle:
            held, cycle = {"C": 0.0, "D": 0.0}, step.cycle
        base = dict(held)
        for t, i, u, q in zip(step.time, step.current, step.voltage, step.counted, strict=True):
            if step.kind in held:
                held[step.kind] = base[step.kind] + q
            warm = 25 + 0.4 * np.sin(t / 13750)
            lines.append(f"{cycle},{number},{t:.2f},{i:.7f},{u:.4f},{held['D']:.8f},{held['C']:.8f},{warm:.1f}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _write_maccor(steps: list[Step], path: Path, title: str) -> None:
    head = (
        f"Today's Date:\t{START + datetime.timedelta(days=60):%d %B %Y}\tDate of Test:\t{START:%d %B %Y, %I:%M:%S %p}\n"
        f"Filename:\t{title}\tTester Channel:\t17\nProcedure:\tNCM_InLi_rate_cyc.000\tDescription:\t\n{_MACCOR}\n"
    )
    lines, record = [], 0
    for number, step in enumerate(steps, 1):
        begin = 2 * step.time[0] - step.time[1] if step.kind == "R" else step.time[0]
        energy = _energy(step)
        for k, t in enumerate(step.time):
            record += 1
            status = 0 if k == 0 else (133 if k == step.time.size - 1 else 1)
            cells = (record, step.cycle, number, _clock(t), _clock(max(t - begin, 0)), f"{step.counted[k]:.10f}")
            more = (f"{energy[k]:.10f}", f"{abs(step.current[k]):.10f}", f"{step.voltage[k]:.8f}", step.kind, status)
            day = START + datetime.timedelta(seconds=float(t))
            lines.append("\t".join(str(cell) for cell in (*cells, *more, f"{day:%m/%d/%Y %H:%M:%S}")))
    path.write_text(head + "\n".join(lines) + "\n", encoding="latin-1")


def _write_table(steps: list[Step], path: Path, title: str) -> None:
    lines, record = [f"Zelle: {title}", _TABLE], 0
    for step in steps:
        for t, i, u, q in zip(step.time, step.current, step.voltage, step.counted, strict=True):
            record += 1
            cells = f"{record};{step.cycle};{t / 3600:.6f};{u:.4f};{1000 * i:.4f};{1000 * q:.5f}"
            lines.append(cells.replace(".", ","))
    path.write_text("\r\n".join(lines) + "\r\n", encoding="latin-1")


def _clock(seconds: float) -> str:
    whole = int(seconds)
    hours, rest = divmod(whole % 86400, 3600)
    return f"  {whole // 86400}d {hours:02d}:{rest // 60:02d}:{rest % 60 + seconds - whole:05.2f}"


def _energy(step: Step) -> np.ndarray:
    flow = np.diff(step.counted, prepend=0.0)
    return np.cumsum(flow * step.voltage)
