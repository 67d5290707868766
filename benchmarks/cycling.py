"""Races of the cycling analyses: `read and summary` against ionworksdata, `read, summary and dqdv` against cellpy 2.

One virtual test of 100 cycles, some 350 000 records, is written as two MACCOR exports at full width: the one-line
header in seconds, which ionworksdata reads right, and the twelve-line one with decimal commas, which cellpy's model
"two" reads right (but for its time, which is in minutes). Each peer runs in an environment of its own under `.bench/`,
is kept warm, told one task at a time, and timed in its own process. Runs are interleaved and medians compared. Errors:

read and summary        worst discharge of a cycle against the truth, percent
read, summary and dqdv  place of the H1-M peak of the first charge against the truth, mV; ours comes with its
                        uncertainty from six other choices, the peer's is the highest point of its curve
"""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

BENCH = Path(__file__).resolve().parent.parent / ".bench"
PEERS = {"ionworksdata": ("0.20.2", (3, 11)), "cellpy": ("2.1.5.post10", (3, 13))}
TASKS = {"read and summary": "ionworksdata", "read, summary and dqdv": "cellpy"}
FILES = {"read and summary": "cycling-bench.001", "read, summary and dqdv": "cycling-bench.txt"}
UNITS = {"read and summary": "% of a discharge", "read, summary and dqdv": "mV"}
CYCLES, MASS, REPEATS = 100, 8.316, 5
NEAR = (2.05, 2.20)  # V, where H1-M is looked for in the peer's curve


# ---- inside the peer's environment -------------------------------------------------------------------------------


def ionworksdata(path):
    import ionworksdata as iws

    begin = time.perf_counter()
    series = iws.read.time_series(path, "maccor")
    steps = iws.steps.summarize(series)
    seconds = time.perf_counter() - begin
    table = steps.group_by("Cycle from cycler", maintain_order=True).last()
    return seconds, (1e3 * table["Cycle discharge capacity [A.h]"]).to_list()


def cellpy(path):
    import cellpy
    from cellpy.utils import ica

    begin = time.perf_counter()
    cell = cellpy.get(path, instrument="maccor_txt", model="two", mass=MASS, cycle_mode="cathode")
    curves = ica.dqdv(cell)
    seconds = time.perf_counter() - begin
    assert len(cell.data.summary) == CYCLES, "the peer counts other cycles"
    first = curves[(curves.cycle == 1) & (curves.direction == "charge") & curves.voltage.between(*NEAR)]
    return seconds, float(first.voltage[first.dqdv.abs().idxmax()])


def serve(name):
    """Answer tasks on stdin, one JSON line each, until it closes."""
    import importlib.metadata
    import warnings

    warnings.simplefilter("ignore")
    answer, sys.stdout = sys.stdout, sys.stderr
    print(json.dumps(importlib.metadata.version(name)), file=answer, flush=True)
    for line in sys.stdin:
        outcome = {"ionworksdata": ionworksdata, "cellpy": cellpy}[name](json.loads(line))
        print(json.dumps(outcome), file=answer, flush=True)


# ---- the files ---------------------------------------------------------------------------------------------------

HEAD_ONE = (
    "Today's Date 03/02/2023  Date of Test:\t03/01/2023\t Filename:\tbench.001 Procedure: NACRE VIRTUAL\tComment: -"
)
HEAD_TWELVE = """Name:\tbench
Channel:\t17
Tester\tvirtual
Procedure\tbench
Description\tNACRE VIRTUAL
Started\t01/03/2023 09:00:00
SCap\t0,017
C Rate\t0,003
Ch. max. V\t6,00 V
DisCh. min. V\t0,00 V
Ch. max. I\t5,000 A
DisCh. max. I\t5,000 A
"""
COLUMNS = {
    "one": "Rec#|Cyc#|Step|Test (Sec)|Step (Sec)|Amp-hr|Watt-hr|Amps|Volts|State|ES|DPt Time|ACImp/Ohms|DCIR/Ohms",
    "twelve": "Rec|Cycle P|Cycle C|Step|TestTime|StepTime|Cap. [Ah]|Ener. [Wh]|Current [A]|Voltage [V]|Md|ES|DPT Time",
}


def write_files(signal):
    """The signal as the two exports, each with all the columns that such a file has."""
    import numpy as np
    import polars as pl

    current = signal.array("current_ampere", "A")
    seconds = signal.array("test_time_second", "s")
    own = signal.array("step_time_second", "s")
    charge = signal.array("step_cumulative_capacity_ah", "Ah")
    volts = signal.array("voltage_volt", "V")
    when = pl.Series(np.datetime64("2023-03-01T09:00:00") + (1000 * seconds).astype("timedelta64[ms]"))
    cycle = np.maximum(signal["cycle_count"].values, 1)
    state = np.where(current > 0, "C", np.where(current < 0, "D", "R"))
    numbers = {"rec": np.arange(1, len(volts) + 1), "cycle": cycle, "step": signal["step_count"].values}

    def text(values, digits, comma):
        words = [f"{v:.{digits}f}" for v in values.tolist()]
        return [w.replace(".", ",") for w in words] if comma else words

    def measured(scale, digits, comma):
        return {
            "time": text(seconds / scale, digits, comma),
            "own": text(own / scale, digits, comma),
            "charge": text(charge, 10, comma),
            "energy": text(charge * volts, 10, comma),
            "current": text(np.abs(current), 10, comma),
            "voltage": text(volts, 5, comma),
            "state": state,
            "end": np.ones(len(volts), int),
        }

    one = pl.DataFrame(numbers | measured(1.0, 4, False) | {"when": when.dt.strftime("%m/%d/%Y %H:%M:%S")})
    two = {"rec": numbers["rec"], "program": cycle, "cycle": cycle, "step": numbers["step"]} | measured(60.0, 7, True)
    two = pl.DataFrame(two | {"when": when.dt.strftime("%d/%m/%Y %H:%M:%S")})
    _write(BENCH / FILES["read and summary"], HEAD_ONE + "\n", COLUMNS["one"], "", one, "0.00000")
    _write(BENCH / FILES["read, summary and dqdv"], HEAD_TWELVE + "\n", COLUMNS["twelve"], "\n", two, "0,0000")


def _write(path, head, names, gap, table, zero):
    """Columns that hold nothing are zero, as they are in an export."""
    columns = [*names.split("|"), *(f"VAR{i}" for i in range(1, 16))]
    empty = "\t".join([zero] * (len(columns) - table.width))
    body = table.write_csv(separator="\t", include_header=False).replace("\n", f"\t{empty}\n")
    path.write_text(head + "\t".join(columns) + "\n" + gap + body, encoding="latin-1")


# ---- on this side ------------------------------------------------------------------------------------------------


def make_files():
    """(true discharges in mAh, true H1-M peak of the first charge in V) of the test in the files."""
    from nacre.virtual.cycling.cycler import Cycler, Logging, find_peaks, simulate_cycler
    from nacre.virtual.cycling.cycler_truth import Programme, load_cells, plan_cycles

    study = Path(__file__).resolve().parent.parent / "studies" / "lho-ncm85"
    truth, programme = load_cells(study / "truth.toml")["lho"], Programme("bench", ((0.2, CYCLES),))
    BENCH.mkdir(exist_ok=True)
    (BENCH / ".gitignore").write_text("*\n", encoding="utf-8")
    signal = simulate_cycler(truth, programme, Cycler(Logging(0.5e-3, 60.0)), seed=1)
    print(f"{len(signal['voltage_volt'].values)} records", flush=True)
    write_files(signal)
    cycles = plan_cycles(truth, programme)
    return [c.discharge * truth.cam_mass.value * 1e-3 for c in cycles], find_peaks(truth, cycles[0])["h1_m"]


def context():
    from nacre.core.context import Context
    from nacre.core.quantity import parse
    from nacre.core.study import Cell, Measurement, Sample

    texts = {"cam_mass": f"{MASS} mg", "one_c": "190 mA/g", "area": "0.785 cm2", "counter_potential": "1.55 V"}
    cell = Cell("c", "s", {name: parse(text) for name, text in texts.items()})
    return Context("bench", Sample("s"), cell, Measurement("m", "s", "c"))


def ours(task, path):
    """(seconds, answer) of this package: the file is read, the whole cycling analysis done, and dQ/dV where asked."""
    from nacre.core.registry import readers
    from nacre.techniques.cycling import cycling, dqdv

    reader, about = readers()["maccor"], context()
    begin = time.perf_counter()
    (signal,) = reader.read(path, reader.options())
    (summary,) = cycling.TECHNIQUE.analyse({"signal": signal}, about, cycling.CyclingOptions())
    if task == "read and summary":
        seconds = time.perf_counter() - begin
        return seconds, (summary.curve("cycles").columns["discharge_capacity"][0] * MASS * 1e-3).tolist()
    (peaks,) = dqdv.TECHNIQUE.analyse({"signal": signal}, about, dqdv.DqdvOptions())
    return time.perf_counter() - begin, peaks.get("h1_m_peak", cycle=1, direction="charge").value


def python_at_least(oldest):
    """An interpreter that is new enough: this one, one on PATH, the Windows launcher's, or pyenv's."""
    roots = [Path(os.environ["PYENV_ROOT"])] if "PYENV_ROOT" in os.environ else []
    pyenv = [p for root in [*roots, Path.home() / ".pyenv"] for p in sorted(root.glob("versions/3.*/bin/python"))]
    named = [f"python3.{minor}" for minor in range(13, oldest[1] - 1, -1)]
    launcher = [["py", f"-3.{minor}"] for minor in range(13, oldest[1] - 1, -1)] if shutil.which("py") else []
    on_path = [[path] for word in named if (path := shutil.which(word))]
    for command in [[sys.executable], *on_path, *launcher, *([str(p)] for p in pyenv)]:
        question = [*command, "-c", "import sys; print(*sys.version_info[:2])"]
        ask = subprocess.run(question, capture_output=True, text=True, check=False)
        found = tuple(int(word) for word in ask.stdout.split()) if ask.returncode == 0 else ()
        if oldest <= found < (3, 14):
            return command
    sys.exit(f"bench cycling: the peer needs Python {oldest[0]}.{oldest[1]} to 3.13 and none was found.")


def peer_process(name):
    version, oldest = PEERS[name]
    folder = BENCH / f"{name}-{version}"
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not (folder / "ready").exists():
        print(f"setting up {name} {version} (once) ...", flush=True)
        subprocess.run([*python_at_least(oldest), "-m", "venv", "--clear", str(folder)], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", f"{name}=={version}"], check=True)
        (folder / "ready").touch()
    log = (folder / "words.log").open("w", encoding="utf-8")
    command = [python, "-I", __file__, "--peer", name]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True, cwd=BENCH)
    found = json.loads(process.stdout.readline())
    assert found == version, f"{name} is {found}, expected {version}"
    return process


def ask(process, path):
    print(json.dumps(str(path)), file=process.stdin, flush=True)
    reply = process.stdout.readline()
    if not reply:
        sys.exit("bench cycling: the peer ended (its words stand in words.log beside its environment).")
    return json.loads(reply)


def error(task, answer, truth):
    discharges, peak = truth
    if task == "read and summary":
        assert len(answer) == CYCLES, f"{len(answer)} cycles"
        return max(100 * abs(a / b - 1) for a, b in zip(answer, discharges, strict=True))
    return 1e3 * abs(answer - peak)


def race(task, process, truth):
    from statistics import median

    path, took, errors = BENCH / FILES[task], {"ours": [], "peer": []}, {}
    for repeat in range(REPEATS + 1):
        for side in ("ours", "peer"):
            seconds, answer = ours(task, path) if side == "ours" else ask(process, path)
            if repeat == 0:
                errors[side] = error(task, answer, truth)
            else:
                took[side].append(seconds)
    a, b = median(took["ours"]), median(took["peer"])
    return {
        "race": task,
        "peer": TASKS[task],
        "peer_version": PEERS[TASKS[task]][0],
        "ours_s": float(f"{a:.4g}"),
        "peer_s": float(f"{b:.4g}"),
        "ratio": float(f"{b / a:.4g}"),
        "error_ours": float(f"{errors['ours']:.3g}"),
        "error_peer": float(f"{errors['peer']:.3g}"),
        "error_unit": UNITS[task],
    }


def main():
    tasks = sys.argv[1:] or list(TASKS)
    truth = make_files()
    rows = []
    for task in tasks:
        process = peer_process(TASKS[task])
        rows.append(race(task, process, truth))
        process.stdin.close()
        process.wait()
    print(f"\n{'race':26}{'peer':14}{'ours':>9}{'peer':>9}{'ratio':>8}  error ours / peer")
    for row in rows:
        times = f"{row['ours_s']:8.3f}s{row['peer_s']:8.3f}s{row['ratio']:7.1f}x"
        errors = f"{row['error_ours']:g} / {row['error_peer']:g} {row['error_unit']}"
        print(f"{row['race']:26}{row['peer']:14}{times}  {errors}")
    print()
    for row in rows:
        print(json.dumps(row))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--peer"]:
        serve(sys.argv[2])
    else:
        main()
