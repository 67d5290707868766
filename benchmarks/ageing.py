"""Ageing of the cell model against PyBaMM: the same equations, the same laws of ageing, in one run.

Races: `200 cycles` (every cycle simulated by both) and `200 cycles jumping` (against the same run of the peer, which
has no jumps), on the same grid, each with its fastest tolerance within 0.1 % of capacity, in every half cycle, of the
converged answer of that grid; and, named so, each code on its own best mesh against the converged answer. Contact,
film, diffusivity, series resistance and active share all change. PyBaMM runs in an environment of its own under
`.bench/`: IDAKLU, compile=True, stepping from event to event with the last state only kept. Runs are interleaved; times
are medians of processor time. At the end: what the reference cells give beside what the paper states.
Usage: ageing.py [--quick]
"""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent.parent
sys.path[:1] = [str(HERE / "src"), str(HERE / "tests")]  # this folder's cell.py would hide the tests' folder cell

VERSION = "26.10.1.1"
CLOCK = time.perf_counter if os.name == "nt" else time.process_time
CYCLES, RATE, WINDOW = 200, 0.2, (1.35, 2.75)
CLOSE = 0.1  # percent
# (nodes of cathode and anode, shells of cathode and anode, stretch of the shells towards the surface)
SAME = [[20, 20], [20, 20], 0.0]
FINE = [[16, 16], [120, 30], 2.0]
PEER_MESHES = [
    [[k, 8], [n, 8], s]
    for k, n, s in ((4, 30, 2.0), (4, 40, 3.0), (8, 30, 2.0), (8, 40, 2.0), (8, 40, 3.0), (8, 60, 3.0))
]
PEER_TOLERANCES = ((1e-3, 1e-6), (1e-4, 1e-6))
OUR_MESHES = [(8, 8, 14, 4, 3.0), (8, 8, 16, 4, 3.0), (8, 8, 20, 6, 3.0), (8, 8, 28, 8, 3.0)]
OUR_TOLERANCES = (1e-3, 5e-4)
LAWS = {
    "contact_loss": 0.06,
    "diffusivity_loss": 0.01,
    "thickness": 2e-9,
    "series": 1e-5,
    "fracture": 2e-4,
    "swing": 0.5,
}


# ---------------------------------------------------------------------------------------------- the peer's process


def serve():
    """In the peer's environment: read one job per line, answer with one line."""
    import pybamm

    from cell.discharged import DISCHARGED
    from physics.p2d import twin
    from physics.p2d.cells import ONE_C, layered_oxide, titanate

    assert pybamm.__version__ == VERSION, f"PyBaMM {pybamm.__version__} found, {VERSION} wanted"
    models = {}

    def job_model(nodes, shells, stretch):
        key = str((nodes, shells, stretch))
        if key not in models:
            kind = None
            if stretch:
                kind = pybamm.MeshGenerator(pybamm.Exponential1DSubMesh, {"side": "right", "stretch": stretch})
            laws = twin.Laws(**LAWS)
            models[key] = twin.twin_discretised(DISCHARGED, layered_oxide, titanate, nodes, shells, kind, laws)
        return models[key]

    for line in sys.stdin:
        job = json.loads(line)
        model = job_model(*job["mesh"])
        solver = twin.cycle_solver(job["rtol"], job["atol"], True)
        how = RATE * ONE_C, *WINDOW, solver
        twin.twin_cycles(model, 1, *how)  # compiled before the clock runs
        begin = CLOCK()
        rows = twin.twin_cycles(model, job["cycles"], *how)
        answer = {"seconds": CLOCK() - begin, "halves": rows[:, 0].tolist(), "active": rows[-1, 2]}
        print(json.dumps(answer), flush=True)


class Peer:
    """The peer's process, asked one job at a time."""

    def __init__(self):
        command = [str(_peer_python()), str(Path(__file__).resolve()), "--serve"]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        self.process = subprocess.Popen(command, text=True, **pipes)

    def __call__(self, mesh, rtol, atol):
        job = {"mesh": mesh, "rtol": rtol, "atol": atol, "cycles": CYCLES}
        self.process.stdin.write(json.dumps(job) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            sys.exit("bench ageing: PyBaMM's process ended; run it by hand with --serve to see why")
        answer = json.loads(line)
        return answer["seconds"], np.array(answer["halves"])


def _peer_python():
    """The interpreter of the peer's environment, which is made where it is missing."""
    folder = HERE / ".bench" / f"pybamm-{VERSION}"
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not (folder / "ready").exists():
        print(f"bench ageing: installing PyBaMM {VERSION} into {folder.relative_to(HERE)} (once) ...", flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, f"pybamm=={VERSION}", "numba>=0.61"], check=True)
        (folder / "ready").touch()
    return python


# ------------------------------------------------------------------------------------------------------- comparing


def make_ours():
    """A function of mesh, tolerance, part and jump: (seconds, seconds of all half cycles, the run)."""
    from cell.cells import closed_form, to_coulombs
    from nacre.cell.ageing.lifetime import age
    from nacre.cell.ageing.long_test import LongTestAccuracy
    from nacre.cell.ageing.mechanisms.contact import ContactLoss
    from nacre.cell.ageing.mechanisms.diffusivity import DiffusivityLoss
    from nacre.cell.ageing.mechanisms.fracture import Fracture
    from nacre.cell.ageing.mechanisms.interphase import Interphase
    from nacre.cell.ageing.mechanisms.series import SeriesGrowth
    from nacre.cell.ageing.slow_states import Ageing
    from nacre.physics.p2d import EVEN, Mesh
    from physics.p2d.cells import ONE_C

    p = closed_form()
    ageing = Ageing(
        (
            Interphase(LAWS["thickness"]),
            ContactLoss(LAWS["contact_loss"]),
            Fracture(LAWS["fracture"], LAWS["swing"]),
            DiffusivityLoss(LAWS["diffusivity_loss"]),
            SeriesGrowth(LAWS["series"]),
        )
    )
    low, high = WINDOW
    program = f"repeat {CYCLES} times: charge at {RATE}C to {high} V; discharge at {RATE}C to {low} V"

    def ours(mesh, tolerance, part=0.1, jump=None):
        how = LongTestAccuracy(EVEN if mesh == SAME else Mesh(*mesh), tolerance, part)
        begin = CLOCK()
        life = age(p, program, ageing, jump, how)
        taken = CLOCK() - begin
        both = np.column_stack([life.column("charge_capacity"), life.column("discharge_capacity")]).ravel()
        return taken, to_coulombs(p, both) / (RATE * ONE_C), life

    return ours


def worst(halves, exact):
    """Largest error of a capacity, in percent."""
    return 100 * float(np.abs(halves / exact - 1).max())


def record(race, ours_s, peer_s, error_ours, error_peer):
    line = {"race": race, "peer": "PyBaMM IDAKLU compile=True", "peer_version": VERSION}
    times = {"ours_s": ours_s, "peer_s": peer_s, "ratio": peer_s / ours_s}
    line |= {name: float(f"{value:.4g}") for name, value in times.items()}
    line |= {"error_ours": float(f"{error_ours:.3g}"), "error_peer": float(f"{error_peer:.3g}")}
    return json.dumps(line | {"error_unit": "% of capacity, largest of all half cycles"})


def timed(jobs, rounds):
    """Medians of interleaved runs, and the last answer of each: ({name: seconds}, {name: answer})."""
    taken, last = {name: [] for name in jobs}, {}
    for _ in range(rounds):
        for name, job in jobs.items():
            for _ in range(1 if name.startswith("PyBaMM") else 3):
                last[name] = job()
                taken[name].append(last[name][0])
    return {name: float(np.median(values)) for name, values in taken.items()}, last


def shown(jobs, rounds, exact):
    """Run, print and return ({name: seconds}, {name: error in percent})."""
    seconds, last = timed(jobs, rounds)
    errors = {name: worst(answer[1], exact) for name, answer in last.items()}
    for name in jobs:
        more = ""
        if name.endswith("jumping"):
            life = last[name][2]
            more = f"   {life.simulated} cycles simulated, the jumps' own estimate {100 * life.jump_error:.3f} %"
        good = "*" if errors[name] <= CLOSE else " "
        print(f"  {good} {name:52s} {1e3 * seconds[name]:9.2f} ms   error {errors[name]:.4f} %{more}", flush=True)
    return seconds, errors


def same_grid(peer, ours, rounds):
    """On one grid, against its own converged answer."""
    from nacre.cell.ageing.jumping import JumpSettings

    exact = ours(SAME, 1e-6, 0.002)[1]
    apart = worst(peer(SAME, 1e-6, 1e-8)[1], exact)
    print(f"same grid: the codes' tight answers differ by {apart:.4f} % of capacity at most; the cell keeps "
          f"{100 * exact[-1] / exact[1]:.1f} % of it over {CYCLES} cycles")  # fmt: skip
    jobs = {f"PyBaMM rtol {r:g} atol {a:g}": (lambda r=r, a=a: peer(SAME, r, a)) for r, a in PEER_TOLERANCES}
    jobs |= {f"nacre {t:g}": (lambda t=t: ours(SAME, t)) for t in OUR_TOLERANCES}
    jobs |= {f"nacre {t:g} jumping": (lambda t=t: ours(SAME, t, jump=JumpSettings())) for t in OUR_TOLERANCES}
    seconds, errors = shown(jobs, rounds, exact)
    return judged(seconds, errors, "")


def judged(seconds, errors, suffix):
    """Lines of both races, each code's fastest that is good enough."""
    theirs = fastest(seconds, errors, "PyBaMM")
    lines = []
    for title, end in ((f"{CYCLES} cycles", ""), (f"{CYCLES} cycles jumping", "jumping")):
        mine = fastest(seconds, errors, "nacre", end)
        lines.append(record(title + suffix, seconds[mine], seconds[theirs], errors[mine], errors[theirs]))
    return lines


def fastest(seconds, errors, begin, end=None):
    """The fastest good enough; end: "jumping", or "" for those without."""
    fits = [n for n in seconds if n.startswith(begin) and errors[n] <= CLOSE]
    fits = [n for n in fits if end is None or n.endswith("jumping") == bool(end)]
    if not fits:
        sys.exit(f"bench ageing: nothing of {begin} {end or ''} is within {CLOSE} % of the converged answer")
    return min(fits, key=seconds.get)


def best_mesh(peer, ours, rounds):
    from nacre.cell.ageing.jumping import JumpSettings

    fine = (*FINE[0], *FINE[1], FINE[2], True)
    exact = ours(fine, 1e-6, 0.002)[1]
    coarser = worst(ours((12, 12, 80, 20, 2.0, True), 1e-6, 0.002)[1], exact)
    apart = worst(peer(FINE, 1e-6, 1e-8)[1], exact)
    print(
        f"\nbest mesh: a coarser mesh is {coarser:.4f} % from the converged answer, PyBaMM on a fine one {apart:.4f} %"
    )
    theirs = {f"PyBaMM {m} {t}": (lambda m=m, t=t: peer(m, *t)) for m in PEER_MESHES for t in PEER_TOLERANCES}
    mine = {f"nacre {m} {t:g}": (lambda m=m, t=t: ours(m, t)) for m in OUR_MESHES for t in OUR_TOLERANCES}
    mine |= {f"{n} jumping": (lambda m=m, t=t: ours(m, t, jump=JumpSettings())) for n, (m, t) in zip(
        list(mine), [(m, t) for m in OUR_MESHES for t in OUR_TOLERANCES], strict=True)}  # fmt: skip
    jobs = theirs | mine
    seconds, errors = shown(jobs, 1, exact)
    best = [fastest(seconds, errors, *which) for which in (("PyBaMM",), ("nacre", ""), ("nacre", "jumping"))]
    print(f"the fastest of each again, {rounds} rounds:")
    seconds, errors = shown({name: jobs[name] for name in best}, rounds, exact)
    return judged(seconds, errors, " best mesh")


def reference_cells():
    """What the numbers of known.toml give, beside what the paper states."""
    from cell.cells import BARE, LHO
    from nacre.cell.ageing.jumping import JumpSettings
    from nacre.cell.ageing.lifetime import RATE_TEST, KeptCycles, age

    watch = KeptCycles(curves=(1, 11, 201), resistances=(2, 201))
    lives = {"lho": age(LHO, jump=JumpSettings(), watch=watch), "bare": age(BARE, jump=JumpSettings(), watch=watch)}
    rates = {name: age(p, RATE_TEST) for name, p in (("lho", LHO), ("bare", BARE))}
    begin = time.perf_counter()
    for p in (LHO, BARE):
        age(p, RATE_TEST)
        age(p, jump=JumpSettings(), watch=watch)
    taken = time.perf_counter() - begin
    print(f"\nreference cells: rate test and 200 cycles of both samples in {taken:.3f} s")
    print(f"  {'':42s} {'lho':>8s} {'paper':>8s} {'bare':>8s} {'paper':>8s}")
    stated = {
        "discharge, mAh/g, 0.1C": (lambda n: rates[n].discharge(1), 187, 162),
        "discharge, mAh/g, 0.2C": (lambda n: rates[n].discharge(2), 155, None),
        "discharge, mAh/g, 0.5C": (lambda n: rates[n].discharge(4), 112, None),
        "discharge, mAh/g, 1C": (lambda n: rates[n].discharge(6), 71, 46),
        "first charge, mAh/g": (lambda n: rates[n].column("charge_capacity")[0], 226.9, 206.1),
        "first efficiency, %": (lambda n: rates[n].column("coulombic_efficiency")[0], 82.4, 78.6),
        "retention over 200 cycles, %": (lambda n: 100 * lives[n].retention(201, 2), 81.4, 45.4),
        "H1-M of cycle 1, mV above lho": (lambda n: 1e3 * (lives[n].peaks[1] - lives["lho"].peaks[1]), 0, 10),
        "H1-M, 10th to 200th cycle, mV": (lambda n: 1e3 * (lives[n].peaks[201] - lives[n].peaks[11]), None, 60),
        "R(CAM|SE) after 200 cycles and 1 h, ohm cm2": (lambda n: lives[n].resistances[201].total, 50, 850),
        "R(CAM|SE) of the fresh cell, ohm cm2": (lambda n: lives[n].resistances[2].total, None, None),
        "error of the jumps, %": (lambda n: 100 * lives[n].jump_error, None, None),
    }
    for words, (value, *paper) in stated.items():
        cells = [
            f"{value(name):8.2f} {'' if p is None else p:>8}" for name, p in zip(("lho", "bare"), paper, strict=True)
        ]
        print(f"  {words:42s} {' '.join(cells)}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="one round")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve()
        return
    ours = make_ours()
    begin = time.perf_counter()
    ours(SAME, 1e-3)
    print(f"compiled or loaded in {time.perf_counter() - begin:.1f} s")
    peer, rounds = Peer(), 1 if options.quick else 5
    lines = same_grid(peer, ours, rounds) + best_mesh(peer, ours, rounds)
    reference_cells()
    print()
    print("\n".join(lines))


if __name__ == "__main__":
    main()
