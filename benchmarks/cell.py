"""The cell model against PyBaMM: the same equations, the same cell, in one run.

Races: `1C same grid` and `0.1C same grid` (at equal error), `1C best mesh` (each code's own best mesh within 0.1 % of
capacity and 0.5 mV rms of the converged answer), `batch of 1000` (four-rate test, per set of parameters), and
`EIS 60 frequencies` (the same cell with double layers, at any state, against pybamm.EISSimulation).
PyBaMM runs in an environment of its own under `.bench/`, in its best documented setting: IDAKLU, compile=True, voltage
as the only output. Runs are interleaved; times are medians, of processor time where one thread meets one thread (not on
Windows, whose clock is too coarse) and of wall time for the batch. Usage: cell.py [--quick] [--only EIS]
"""

import argparse
import json
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy.interpolate import CubicSpline

HERE = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(HERE / "src"), str(HERE / "tests")]

from nacre.physics.p2d import EVEN, Mesh, SolverStep, State, impedance, prepare, rest, simulate_many  # noqa: E402
from physics.p2d import plain  # noqa: E402
from physics.p2d.cells import ANODE, CATHODE, CELL, ONE_C, layered_oxide, titanate  # noqa: E402

VERSION = "26.10.1.1"
LOWEST = 1.35
# one thread against one thread: processor time, so that a busy machine does not favour the shorter runs
CLOCK = time.perf_counter if os.name == "nt" else time.process_time
FREQUENCIES = np.geomspace(1e-2, 1e5, 60)  # Hz
LAYERED = replace(
    CELL,
    cathode=replace(CATHODE, double_layer=0.2),
    anode=replace(ANODE, double_layer=0.1),
    grain_boundary_capacitance=1e-4,
)
RATES = (0.1, 0.2, 0.5, 1.0)
PEER_TOLERANCES = ((1e-3, 1e-4), (1e-3, 1e-6), (1e-4, 1e-6), (1e-5, 1e-7))
OUR_TOLERANCES = (1e-3, 8e-4, 6e-4, 5e-4, 4e-4, 3e-4, 2e-4, 1e-4, 5e-5, 2e-5)
HEADLINE = (1e-4, 1e-6)
OUR_MESHES = [Mesh(8, 8, n, m, 3.0, True) for n, m in ((24, 8), (26, 6), (28, 8), (32, 8))]
PEER_MESHES = [
    {"nodes": [k, k], "shells": [n, m], "stretch": s}
    for k, n, m, s in (
        (8, 30, 8, 3.0),
        (8, 40, 8, 3.0),
        (8, 50, 8, 3.0),
        (8, 60, 8, 2.0),
        (8, 60, 8, 3.0),
        (12, 50, 10, 3.0),
        (12, 60, 10, 2.0),
        (12, 80, 10, 2.0),
        (8, 200, 10, 0.0),
        (12, 200, 20, 0.0),
    )
]


# ---------------------------------------------------------------------------------------------- the peer's process


def serve():
    """In the peer's environment: read one job per line, answer with one line."""
    import pybamm

    from physics.p2d import twin

    assert pybamm.__version__ == VERSION, f"PyBaMM {pybamm.__version__} found, {VERSION} wanted"
    models, solvers = {}, {}

    def job_model(mesh):
        key = json.dumps(mesh)
        if key not in models:
            kind = None
            if mesh["stretch"]:
                kind = pybamm.MeshGenerator(pybamm.Exponential1DSubMesh, {"side": "right", "stretch": mesh["stretch"]})
            models[key] = twin.twin_discretised(CELL, layered_oxide, titanate, mesh["nodes"], mesh["shells"], kind)
        return key, models[key]

    for line in sys.stdin:
        job = json.loads(line)
        if "cathode" in job:
            print(json.dumps(spectrum(models, job)), flush=True)
            continue
        key, model = job_model(job["mesh"])
        key += f"{job['rtol']} {job['atol']} {job['threads']}"
        if key not in solvers:
            solvers[key] = twin.twin_solver(job["rtol"], job["atol"], True, job["threads"])
        inputs = [twin.twin_inputs(-ONE_C * job["rate"], LOWEST, c, d) for c, d in job["sets"]]
        inputs = inputs[0] if len(inputs) == 1 else inputs
        clock = CLOCK if job["threads"] == 1 else time.perf_counter
        begin = clock()
        solution = solvers[key].solve(model, np.array([0.0, 5e5]), inputs=inputs)
        taken = clock() - begin
        first = solution[0] if isinstance(solution, list) else solution
        answer = {"seconds": taken, "t": np.asarray(first.t).tolist(), "v": np.asarray(first["Voltage"].data).tolist()}
        print(json.dumps(answer), flush=True)


def spectrum(kept, job):
    """One spectrum at a state; the simulation is built once, and putting the state in does not count."""
    from physics.p2d import twin_spectrum

    if "spectrum" not in kept:
        kept["spectrum"] = twin_spectrum.spectrum_twin(LAYERED, layered_oxide, titanate)
    if kept.get("state") != job:
        twin_spectrum.put_state(kept["spectrum"], State(np.array(job["cathode"]), np.array(job["anode"])))
        kept["state"] = job
    begin = CLOCK()
    solution = kept["spectrum"].solve(FREQUENCIES)
    taken = CLOCK() - begin
    z = np.asarray(solution.impedance)
    return {"seconds": taken, "real": z.real.tolist(), "imaginary": z.imag.tolist()}


class Peer:
    """The peer's process, asked one job at a time."""

    def __init__(self):
        python = _peer_python()
        self.process = subprocess.Popen(
            [str(python), str(Path(__file__).resolve()), "--serve"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def __call__(self, rate, rtol, atol, mesh=None, sets=((1.0, 1.0),), threads=1):
        mesh = mesh or {"nodes": [20, 20], "shells": [20, 20], "stretch": 0.0}
        job = {"rate": rate, "rtol": rtol, "atol": atol, "mesh": mesh, "sets": list(sets), "threads": threads}
        answer = self.ask(job)
        return answer["seconds"], np.array(answer["t"]), np.array(answer["v"])

    def spectrum(self, state):
        answer = self.ask({"cathode": state.cathode.tolist(), "anode": state.anode.tolist()})
        return answer["seconds"], np.array(answer["real"]) + 1j * np.array(answer["imaginary"])

    def ask(self, job):
        self.process.stdin.write(json.dumps(job) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            sys.exit("bench cell: PyBaMM's process ended; run it by hand with --serve to see why")
        return json.loads(line)


def _peer_python():
    """The interpreter of the peer's environment, which is made where it is missing."""
    folder = HERE / ".bench" / f"pybamm-{VERSION}"
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not (folder / "ready").exists():
        print(f"bench cell: installing PyBaMM {VERSION} into {folder.relative_to(HERE)} (once) ...", flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, f"pybamm=={VERSION}", "numba>=0.61"], check=True)
        (folder / "ready").touch()
    return python


# ------------------------------------------------------------------------------------------------------- comparing


def ours(prepared, rate, tolerance):
    step = SolverStep("current", -rate * ONE_C, lowest=LOWEST)
    begin = CLOCK()
    s = prepared.run(step, tolerance=tolerance)
    return CLOCK() - begin, s.time, s.voltage


def worst(t, v, exact):
    """(largest error in mV over the first 99.5 % at the code's own points, rms in mV, error of the end in s)."""
    inside = t < 0.995 * min(exact[0][-1], t[-1])
    error = 1e3 * (v[inside] - CubicSpline(*exact)(t[inside]))
    square = np.trapezoid(error**2, t[inside]) / (t[inside][-1] - t[inside][0])
    return np.abs(error).max(), np.sqrt(square), t[-1] - exact[0][-1]


def interleaved(jobs, rounds, together=3):
    """Median seconds of each job. In each round every job runs a few times in a row, so that each finds warm caches."""
    for job in jobs:
        job()
    times = [[[job()[0] for _ in range(together)] for job in jobs] for _ in range(rounds)]
    return np.median(np.array(times), axis=(0, 2))


def record(race, ours_s, peer_s, error_ours, error_peer, unit, peer="PyBaMM IDAKLU compile=True"):
    line = {
        "race": race,
        "peer": peer,
        "peer_version": VERSION,
        "ours_s": float(f"{ours_s:.4g}"),
        "peer_s": float(f"{peer_s:.4g}"),
        "ratio": float(f"{peer_s / ours_s:.4g}"),
        "error_ours": float(f"{error_ours:.3g}"),
        "error_peer": float(f"{error_peer:.3g}"),
        "error_unit": unit,
    }
    return json.dumps(line)


def same_grid(peer, rate, rounds):
    prepared = prepare(CELL, EVEN)
    exact = ours(prepared, rate, 1e-9)[1:]
    _, t, v = peer(rate, 1e-9, 1e-10)
    apart = worst(t, v, exact)
    print(f"\n{rate}C same grid (20/20 nodes, 20 even shells): the codes' tight answers differ by {apart[0]:.5f} mV, "
          f"{apart[2]:+.5f} s of {exact[0][-1]:.1f} s")  # fmt: skip
    peers = [lambda s=s: peer(rate, *s) for s in PEER_TOLERANCES]
    own = [lambda s=s: ours(prepared, rate, s) for s in OUR_TOLERANCES]
    seconds = interleaved(peers + own, rounds)
    errors = [worst(*job()[1:], exact) for job in peers + own]
    points = [len(job()[1]) for job in peers + own]
    names = [f"PyBaMM rtol {r:g} atol {a:g}" for r, a in PEER_TOLERANCES] + [f"nacre {s:g}" for s in OUR_TOLERANCES]
    for name, second, error, count in zip(names, seconds, errors, points, strict=True):
        print(f"  {name:28s} {1e3 * second:9.3f} ms   {error[0]:8.4f} mV   end {error[2]:+9.4f} s   {count:4d} points")
    k = len(peers)
    chosen = None
    for number, setting in enumerate(PEER_TOLERANCES):
        equal = [m for m in range(k, len(names)) if errors[m][0] <= errors[number][0]]
        if not equal:
            continue
        best = min(equal, key=lambda m: seconds[m])
        print(f"  at the error of {names[number]}: {seconds[number] / seconds[best]:.0f}x ({names[best]})")
        if setting == HEADLINE:
            chosen = seconds[best], seconds[number], errors[best][0], errors[number][0]
    return record(f"{rate:g}C same grid", *chosen, "mV")


def best_mesh(peer, rounds):
    """Each code's fastest mesh and tolerance within 0.1 % of capacity and 0.5 mV rms of the converged answer."""
    ends = [ours(prepare(CELL, Mesh(24, 24, n, 60, 2.0, True)), 1.0, 1e-7)[1:] for n in (120, 180)]
    exact = ends[1]
    change = exact[0][-1] - ends[0][0][-1]
    print(f"\n1C best mesh: the converged end is {exact[0][-1]:.3f} s, {change:+.3f} s from a coarser mesh")
    fine = {"nodes": [12, 12], "shells": [300, 40], "stretch": 0.0}
    print(f"  PyBaMM on 12 nodes and 300 even shells ends at {peer(1.0, 1e-6, 1e-8, fine)[1][-1]:.3f} s")
    own = {(m, s): (lambda p=prepare(CELL, m), s=s: ours(p, 1.0, s)) for m in OUR_MESHES for s in (1e-3, 6e-4, 3e-4)}
    theirs = {
        (json.dumps(m), s): (lambda m=m, s=s: peer(1.0, *s, m))
        for m in PEER_MESHES
        for s in ((1e-3, 1e-6), (1e-4, 1e-6))
    }
    fit = []
    for jobs in (own, theirs):
        seconds = interleaved(list(jobs.values()), 3)
        good = []
        for (key, job), second in zip(jobs.items(), seconds, strict=True):
            _, t, v = job()
            _, rms, end = worst(t, v, exact)
            ok = abs(end / exact[0][-1]) <= 1e-3 and rms <= 0.5
            share = 100 * end / exact[0][-1]
            print(f"  {'*' if ok else ' '} {1e3 * second:8.3f} ms  capacity {share:+.4f} %  rms {rms:.3f} mV  {key}")
            if ok:
                good.append((second, rms, job))
        if not good:
            sys.exit("bench cell: no mesh of the list is good enough; extend the list")
        fit.append(min(good, key=lambda item: item[0]))
    mine, peers = interleaved([fit[0][2], fit[1][2]], rounds)
    return record("1C best mesh", mine, peers, fit[0][1], fit[1][1], "mV rms")


def batch(peer, sets, peer_sets):
    """Four-rate test for many parameter sets, per set, the same number of threads."""
    threads = os.cpu_count() or 1
    draw = np.exp(np.random.default_rng(1).normal(0.0, 0.3, (sets, 2)))
    draw[:, 0] = np.minimum(draw[:, 0], 1.0 / CATHODE.contact)
    cells = [
        replace(CELL, cathode=replace(CATHODE, contact=CATHODE.contact * c, diffusivity=CATHODE.diffusivity.times(d)))
        for c, d in draw
    ]
    steps = [SolverStep("current", -rate * ONE_C, lowest=LOWEST) for rate in RATES]
    tolerance, seconds, error_peer, error_ours = 5e-4, 0.0, 0.0, 0.0
    exact = prepare(cells[0], EVEN)
    for rate in RATES:
        few = draw[:peer_sets].tolist()
        peer(rate, *HEADLINE, sets=few, threads=threads)
        taken, t, v = peer(rate, *HEADLINE, sets=few, threads=threads)
        seconds += taken
        fine = ours(exact, rate, 1e-9)[1:]
        error_peer = max(error_peer, worst(t, v, fine)[0])
        error_ours = max(error_ours, worst(*ours(exact, rate, tolerance)[1:], fine)[0])
    simulate_many(cells[:8], steps, EVEN, threads, tolerance=tolerance)
    begin = time.perf_counter()
    simulate_many(cells, steps, EVEN, threads, tolerance=tolerance)
    mine = (time.perf_counter() - begin) / sets
    theirs = seconds / peer_sets
    print(f"\nbatch: {1e3 * mine:.3f} ms against {1e3 * theirs:.2f} ms per set of four rates, {threads} threads")
    return record("batch of 1000", mine, theirs, error_ours, error_peer, "mV")


def spectra(peer, rounds):
    """60 frequencies at three states: at rest, just after a discharge at 1C, and an hour later; the slowest counts."""
    prepared, fast = prepare(LAYERED, EVEN), SolverStep("current", -ONE_C, seconds=900.0)
    protocols = {"at rest": [rest(0.0)], "after 900 s at 1C": [fast], "an hour later": [fast, rest(3600.0)]}
    print(f"\nEIS: {FREQUENCIES.size} frequencies, {FREQUENCIES[0]:g} to {FREQUENCIES[-1]:g} Hz, double layers")
    found = []
    for name, protocol in protocols.items():
        state = prepared.run(protocol).final

        def own(state=state):
            begin = CLOCK()
            z = impedance(prepared, state, FREQUENCIES)
            return CLOCK() - begin, z

        mine, theirs = interleaved([own, lambda state=state: peer.spectrum(state)], rounds)
        exact = plain.impedance(prepared, state, 2j * np.pi * FREQUENCIES)
        errors = [np.abs(z / exact - 1.0).max() for z in (own()[1], peer.spectrum(state)[1])]
        found.append((theirs / mine, mine, theirs, *errors))
        print(f"  {name:20s} {1e6 * mine:8.1f} us against {1e3 * theirs:7.2f} ms: {theirs / mine:.0f}x, "
              f"relative errors {errors[0]:.1e} and {errors[1]:.1e}")  # fmt: skip
    return record("EIS 60 frequencies", *min(found)[1:], "relative", "pybamm.EISSimulation")


RACES = {
    "1C": lambda peer, rounds, *_: same_grid(peer, 1.0, rounds),
    "0.1C": lambda peer, rounds, *_: same_grid(peer, 0.1, rounds),
    "mesh": lambda peer, rounds, *_: best_mesh(peer, rounds),
    "batch": lambda peer, _, sets, few: batch(peer, sets, few),
    "EIS": lambda peer, rounds, *_: spectra(peer, rounds),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer rounds and a smaller batch")
    parser.add_argument("--only", choices=RACES, action="append", help="this race only")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve()
        return
    rounds, sets, peer_sets = (5, 100, 20) if options.quick else (15, 1000, 100)
    begin = time.perf_counter()
    ours(prepare(CELL, EVEN), 1.0, 1e-4)
    print(f"compiled or loaded in {time.perf_counter() - begin:.1f} s")
    peer = Peer()
    lines = [RACES[name](peer, rounds, sets, peer_sets) for name in options.only or RACES]
    print()
    print("\n".join(lines))


if __name__ == "__main__":
    main()
