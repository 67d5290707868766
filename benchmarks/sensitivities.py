"""Race of ten sensitivities against central differences of the same solver, and what they cost in plain solutions.

For three protocols on the reference study's coated cell: seconds of one plain run, of the run with one and with ten
parameters, and of the twenty runs that central differences need. Errors are those of the derivatives of the steps'
charges, d ln(capacity) / d ln(parameter), against sensitivities at a thousandth of the tolerance: root mean square over
steps and parameters, relative to their own.
"""

import json
import time
from pathlib import Path

import numpy as np

import nacre
from nacre.cell.recipe.build import build_cell
from nacre.cell.sensitivities import compute_sensitivities
from nacre.cell.simulate import FINE, SimulationSettings, make_solver_step
from nacre.core.context import Context
from nacre.physics import p2d

STUDY = Path(__file__).resolve().parent.parent / "studies" / "lho-ncm85"
NAMES = (
    "cathode.diffusivity", "cathode.drop_full", "cathode.contact", "cathode.active", "cathode.exchange_current",
    "cathode.exchange_reduction", "cathode.coating_conductivity", "cathode.ionic_conductivity",
    "cell.contact_resistance", "separator.conductivity",
)  # fmt: skip
PROTOCOLS = {
    "1C": "charge at 0.1C to 2.75 V; discharge at 1C to 1.35 V",
    "rate test": "; ".join(f"charge at {r}C to 2.75 V; discharge at {r}C to 1.35 V" for r in (0.1, 0.2, 0.5, 1)),
    "CCCV": "charge at 0.5C to 2.75 V; hold at 2.75 V until C/20; rest 1 h; discharge at 0.5C to 1.35 V",
}
TOLERANCE, PART, REPEATS = 1e-5, 1e-2, 9


def cell():
    study = nacre.load(STUDY)
    made = build_cell(Context(study.name, study.samples["lho"], study.cells["lho-1"], inputs=study.inputs))
    return made.changed({"cathode.contact": "0.6", "cathode.active": "0.9"})


def capacities(p, steps):
    found = p2d.simulate(p.cell(), [make_solver_step(s, p.area) for s in steps], FINE, tolerance=TOLERANCE)
    ends = [np.flatnonzero(found.step == k)[-1] for k in range(len(steps))]
    return np.abs(np.diff(found.charge[ends], prepend=0.0))


def differences(p, steps):
    """d ln(capacity) / d ln(parameter), (steps, parameters), by central differences."""
    columns = []
    for name in NAMES:
        unit = p.numbers[name].quantity.unit
        high, low = (p.changed({name: f"{p.value(name, unit) * (1 + k * PART)!r} {unit}"}) for k in (1, -1))
        with np.errstate(invalid="ignore"):  # a rest passes no charge
            columns.append(np.log(capacities(high, steps) / capacities(low, steps)) / (2 * PART))
    return np.array(columns).T


def timed(jobs):
    """Medians of interleaved runs, in seconds."""
    spent = {name: [] for name in jobs}
    for _ in range(REPEATS + 1):
        for name, job in jobs.items():
            begin = time.perf_counter()
            job()
            spent[name].append(time.perf_counter() - begin)
    return {name: float(np.median(s[1:])) for name, s in spent.items()}


def error(found, truth):
    return float(np.sqrt(np.nanmean((found - truth) ** 2) / np.nanmean(truth**2)))


def race(name, text, p):
    settings = SimulationSettings(tolerance=TOLERANCE)
    tight = SimulationSettings(tolerance=TOLERANCE * 1e-3)
    steps = [s.step for s in compute_sensitivities(p, text, (), settings, times=None).steps]
    none = [np.empty(0)] * len(steps)
    solver_steps = [make_solver_step(s, p.area) for s in steps]
    seconds = timed({
        "plain": lambda: p2d.simulate(p.cell(), solver_steps, FINE, tolerance=TOLERANCE),
        "one": lambda: compute_sensitivities(p, text, NAMES[:1], settings, times=none),
        "ten": lambda: compute_sensitivities(p, text, NAMES, settings, times=none),
        "differences": lambda: differences(p, steps),
    })  # fmt: skip
    truth = compute_sensitivities(p, text, NAMES, tight, times=none).d_capacity_relative
    mine = error(compute_sensitivities(p, text, NAMES, settings, times=none).d_capacity_relative, truth)
    his = error(differences(p, steps), truth)
    plain = seconds["plain"]
    each = (seconds["ten"] - seconds["one"]) / (len(NAMES) - 1) / plain
    parts = {"with 1": seconds["one"] / plain, "with 10": seconds["ten"] / plain, "each further": each,
             "differences": seconds["differences"] / plain}  # fmt: skip
    words = ", ".join(f"{key} {value:.2f}" for key, value in parts.items())
    print(f"{name:10s} plain {1e3 * plain:.1f} ms; in plain runs: {words}; error {mine:.1e}, of differences {his:.1e}")
    return {
        "race": f"10 sensitivities, {name}", "peer": "central differences of the same solver",
        "peer_version": nacre.__version__, "ours_s": seconds["ten"], "peer_s": seconds["differences"],
        "ratio": seconds["differences"] / seconds["ten"], "error_ours": mine, "error_peer": his,
        "error_unit": "relative",
    }  # fmt: skip


def main():
    p2d.warm()
    p = cell()
    lines = [race(name, text, p) for name, text in PROTOCOLS.items()]
    for line in lines:
        print(json.dumps(line))


if __name__ == "__main__":
    main()
