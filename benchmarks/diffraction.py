"""Race `adapter`: a refinement through our adapter against the same stages in plain rietx.

    python do.py bench diffraction [--runs N]

Same pattern (the study's bare sample), same model, same stages, runs interleaved, medians. The adapter adds the
building of the model, its checks and the reading back, and holds linear algebra to one thread; plain rietx runs as
documented, in this environment, since the adapter is rietx. Both answers must agree to a hundredth of a standard
deviation. Ratio = peer_s / ours_s.
"""

import argparse
import json
import statistics
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import rietx

from nacre.core import registry
from nacre.core.context import Context
from nacre.core.study import Sample
from nacre.readers.diffraction import stoe
from nacre.techniques.diffraction import rietx_engine
from nacre.techniques.diffraction.options import RietveldOptions
from nacre.techniques.diffraction.problem_setup import make_problem
from nacre.techniques.diffraction.rietx_model import expand_paths

PEER = "1.10.0"
STUDY = Path(__file__).resolve().parents[1] / "studies" / "lho-ncm85"
FORMULA = "LiNi0.85Co0.10Mn0.05O2"


def problem():
    """The refinement of the paper's plan: 13 background terms, one layered oxide with tied antisites."""
    registry.techniques()
    signal = stoe.read(STUDY / "raw" / "bare_xrd.raw")[0]
    options = RietveldOptions(geometry="capillary", mu_r=0.0, composition=FORMULA)
    return make_problem(signal, Context(sample=Sample("bare")), options, {})


def plain(task):
    """The same in rietx alone: model, ties, stages, fit."""
    crystal, machine = task.crystals[0], task.machine
    p = rietx.Parameter
    a, c = crystal.cell[0], crystal.cell[2]
    edges = {"a": a, "b": a, "c": c, "alpha": 90.0, "beta": 90.0, "gamma": 120.0}
    cell = rietx.Cell(**{name: p(value=value) for name, value in edges.items()})
    atoms = [
        rietx.Atom(
            label=s.label, species=s.element, x=p(value=s.x), y=p(value=s.y), z=p(value=s.z), occ=p(value=s.occupancy),
            biso=p(value=s.b_iso),
        )
        for s in crystal.sites
    ]  # fmt: skip
    phase = rietx.Phase(name="ncm", space_group="R -3 m:H", cell=cell, atoms=atoms)
    phase.scale.value = 1e-3
    instrument = rietx.Instrument.debye_scherrer(machine.wavelengths[0], polarization=0.5)
    instrument.profile.w.value, instrument.profile.x.value = machine.w, 0.0
    level = float(np.percentile(task.intensity, 20))
    terms = [level, *[0.0] * (task.background - 1)]
    instrument.background = rietx.BackgroundChebyshev(coefficients=[p(value=term) for term in terms])
    refinement = rietx.Refinement(rietx.Structure(phases=[phase]), instrument, history=False)
    place = {site.label: j for j, site in enumerate(crystal.sites)}
    for tie in crystal.ties:
        kind = {"occ": "occ", "b": "biso"}[tie.kind]
        paths = [f"phases.0.atoms.{place[label]}.{kind}" for label in (tie.label, tie.source)]
        refinement.tie(paths[0], paths[1], scale=tie.scale, offset=tie.offset)
    stages = [rietx.Stage(step.name, expand_paths(step, task)) for step in task.steps]
    data = rietx.PatternData(
        two_theta=task.two_theta.tolist(), intensity=task.intensity.tolist(), sigma=task.sigma.tolist()
    )
    return refinement.fit(data, plan=rietx.RefinementPlan(stages), telemetry=False)


def timed(function, *args):
    start = time.perf_counter()
    found = function(*args)
    return time.perf_counter() - start, found


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=7)
    runs = parser.parse_args().runs
    if rietx.__version__ != PEER:
        raise SystemExit(f"the race is against rietx {PEER}; this is {rietx.__version__}")
    task = problem()
    ours, peer = [], []
    mine, theirs = rietx_engine.refine(replace(task)), plain(task)  # first runs compile and fill caches: not counted
    for _ in range(runs):
        seconds, mine = timed(rietx_engine.refine, replace(task))
        ours.append(seconds)
        seconds, theirs = timed(plain, task)
        peer.append(seconds)
    values = {row.path: row.value for row in theirs.parameters}
    shared = [path for path in mine.free if ".dof." not in path]
    off = {path: abs(mine.values[path] - values[path]) / mine.esd[path] for path in shared}
    name, worst = max(off.items(), key=lambda row: row[1])
    if worst > 0.01:
        raise SystemExit(f"the two do not agree: {name} is off by {worst:.2g} standard deviations")
    ours_s, peer_s = statistics.median(ours), statistics.median(peer)
    print(f"| race | nacre | rietx {PEER} | ratio |")
    print(f"| adapter | {ours_s:.3f} s | {peer_s:.3f} s | {peer_s / ours_s:.2f} |")
    row = {"race": "adapter", "peer": "rietx", "peer_version": PEER, "ours_s": ours_s, "peer_s": peer_s}
    row |= {"ratio": peer_s / ours_s, "error_ours": worst, "error_peer": 0.0, "error_unit": "standard deviation"}
    print(json.dumps(row))


if __name__ == "__main__":
    main()
