"""Races of the impedance analyses: `circuit fit` against impedance.py, `kramers-kronig` and `drt` against pyimpspec.

Each peer runs in an environment of its own under `.bench/` and in its best documented setting; it is kept warm, told
one task at a time, and timed in its own process. Runs are interleaved and medians compared. Errors:

circuit fit      excess of chi2 (modulus weights) over the converged minimum, worst of the spectra, relative
kramers-kronig   rms distance of the fitted from the noise-free spectrum, percent of |Z|
drt              error of the polarisation resistance, percent; both choose the regularisation from the data by a
                 criterion of statistics (marginal likelihood; cross-validation, the peer's tr-rbf) and give no bands:
                 the peer's, by sampling, take it more than a minute
drt, peer nnls   for information: against the peer's tr-nnls, whose regularisation is a rule of thumb
1000 spectra     the circuit fit of a thousand spectra one after another; the peer does 20 of them, counted 50 times
"""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

BENCH = Path(__file__).resolve().parent.parent / ".bench"
PEERS = {"impedance": ("1.7.1", (3, 9), ("pandas",)), "pyimpspec": ("5.2.0", (3, 12), ("kvxopt",))}
CIRCUIT = "R_bulk-(R_gb|Q_gb)-(R_cam_se|Q_cam_se)-Q_lf"
REPEATS, SPECTRA, NOISE = 5, 5, 0.003


def cpe(s, q, n):
    return 1 / (q * s**n)


def arc(s, r, q, n):
    return 1 / (1 / r + q * s**n)


def cell(s, r):
    return 12 + arc(s, 20, 5e-8, 0.85) + arc(s, r, 2e-5, 0.8) + cpe(s, 0.02, 0.7)


def spectra(blocking):
    """[(frequency, clean, noisy, polarisation resistance)]: 60 points, 7 MHz to 0.1 Hz."""
    f, rng, out = np.geomspace(7e6, 0.1, 60), np.random.default_rng(1), []
    s = 2j * np.pi * f
    for r in np.geomspace(64, 1082, SPECTRA):
        z = cell(s, r) - (0 if blocking else cpe(s, 0.02, 0.7))
        noisy = z + NOISE * np.abs(z) * (rng.normal(size=60) + 1j * rng.normal(size=60))
        out.append((f, z, noisy, 20 + r))
    return out


# ---- inside the peer's environment -------------------------------------------------------------------------------


def peer_circuit_fit(f, z, start):
    from impedance.models.circuits import CustomCircuit

    begin = time.perf_counter()
    made = CustomCircuit("R0-p(R1,CPE1)-p(R2,CPE2)-CPE3", initial_guess=start)
    made.fit(f, z, weight_by_modulus=True)
    return time.perf_counter() - begin, [float(p) for p in made.parameters_]


def dataset(f, z):
    from pyimpspec import DataSet

    return DataSet(f, z)


def peer_kramers_kronig(f, z, _):
    from pyimpspec import perform_kramers_kronig_test

    data = dataset(f, z)
    begin = time.perf_counter()
    result = perform_kramers_kronig_test(data, num_procs=1)
    seconds, fitted = time.perf_counter() - begin, np.array(result.get_impedances())
    return seconds, [fitted.real.tolist(), fitted.imag.tolist()]


def polarisation(tau, gamma):
    order = np.argsort(tau)
    return float(np.trapezoid(np.asarray(gamma)[order], np.log(np.asarray(tau)[order])))


def peer_drt(f, z, nnls):
    from pyimpspec.analysis import drt

    data = dataset(f, z)
    begin = time.perf_counter()
    result = drt.calculate_drt_tr_nnls(data) if nnls else drt.calculate_drt_tr_rbf(data, num_procs=1)
    seconds = time.perf_counter() - begin
    return seconds, polarisation(result.get_time_constants(), result.get_gammas())


TASKS = {
    "circuit fit": ("impedance", peer_circuit_fit),
    "kramers-kronig": ("pyimpspec", peer_kramers_kronig),
    "drt": ("pyimpspec", peer_drt),
    "drt, peer nnls": ("pyimpspec", peer_drt),
}


def serve(name):
    """Answer tasks on stdin, one JSON line each, until it closes."""
    import importlib.metadata
    import warnings

    warnings.simplefilter("ignore")
    answer, sys.stdout = sys.stdout, sys.stderr
    print(json.dumps(importlib.metadata.version(name)), file=answer, flush=True)
    for line in sys.stdin:
        task, f, re, im, extra = json.loads(line)
        outcome = TASKS[task][1](np.array(f), np.array(re) + 1j * np.array(im), extra)
        print(json.dumps(outcome), file=answer, flush=True)


# ---- on this side -------------------------------------------------------------------------------------------------


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
    sys.exit(f"bench impedance: the peer needs Python {oldest[0]}.{oldest[1]} to 3.13 and none was found.")


def peer_process(name):
    version, oldest, extras = PEERS[name]
    folder = BENCH / f"{name}-{version}"
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not (folder / "ready").exists():
        print(f"setting up {name} {version} (once) ...", flush=True)
        BENCH.mkdir(exist_ok=True)
        (BENCH / ".gitignore").write_text("*\n", encoding="utf-8")
        subprocess.run([*python_at_least(oldest), "-m", "venv", "--clear", str(folder)], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", f"{name}=={version}", *extras], check=True)
        (folder / "ready").touch()
    process = subprocess.Popen(
        [python, "-I", __file__, "--peer", name],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    found = json.loads(process.stdout.readline())
    assert found == version, f"{name} is {found}, expected {version}"
    return process


def ask(process, task, f, z, extra=None):
    print(json.dumps([task, f.tolist(), z.real.tolist(), z.imag.tolist(), extra]), file=process.stdin, flush=True)
    reply = process.stdout.readline()
    if not reply:
        sys.exit(f"bench impedance: the peer ended during '{task}' (its words stand above).")
    return json.loads(reply)


def timed(function, *args, **kw):
    begin = time.perf_counter()
    result = function(*args, **kw)
    return time.perf_counter() - begin, result


def data_only_start(f, z):
    """The first data-driven start of this package, handed to the peer."""
    from nacre.physics.impedance.circuit import parse_circuit
    from nacre.physics.impedance.starts import draw_starts

    logs = draw_starts(parse_circuit(CIRCUIT), f[::-1], z[::-1], 1, np.random.default_rng(0))
    return np.exp(logs[0]).tolist()


def chi2(f, z, values):
    r0, r1, q1, n1, r2, q2, n2, q3, n3 = values
    s = 2j * np.pi * f
    fitted = r0 + arc(s, r1, q1, n1) + arc(s, r2, q2, n2) + cpe(s, q3, n3)
    return float(np.sum(np.abs((fitted - z) / z) ** 2))


def judge_fit(f, z, values):
    from nacre.physics.impedance.fit import fit_circuit

    return chi2(f, z, values) / fit_circuit(CIRCUIT, f, z, agree=20).chi2 - 1


def ours(task, f, z):
    from nacre.physics.impedance.drt import compute_drt
    from nacre.physics.impedance.fit import fit_circuit
    from nacre.physics.impedance.kramers_kronig import check_kramers_kronig

    if task == "circuit fit":
        seconds, found = timed(fit_circuit, CIRCUIT, f, z)
        return seconds, found.values
    if task == "kramers-kronig":
        seconds, found = timed(check_kramers_kronig, f, z)
        return seconds, [found.fitted.real[::-1], found.fitted.imag[::-1]]
    seconds, found = timed(compute_drt, f, z, draws=0, blocking=False)
    return seconds, found.polarisation


def error(task, f, clean, z, truth, outcome):
    if task == "circuit fit":
        return judge_fit(f, z, outcome)
    if task == "kramers-kronig":
        fitted = np.asarray(outcome[0]) + 1j * np.asarray(outcome[1])
        return 100 * float(np.sqrt(np.mean(np.abs((fitted - clean) / clean) ** 2) / 2))
    return 100 * abs(outcome / truth - 1)


UNITS = {"circuit fit": "relative excess of chi2", "kramers-kronig": "% of |Z|"}


def race(task, processes):
    name = TASKS[task][0]
    version, data = PEERS[name][0], spectra(blocking=not task.startswith("drt"))
    seconds, errors = {"ours": [], "peer": []}, {"ours": [], "peer": []}
    for repeat in range(REPEATS + 1):
        for f, clean, z, truth in data:
            extra = data_only_start(f, z) if task == "circuit fit" else "nnls" in task
            for side in ("ours", "peer"):
                took, outcome = ours(task, f, z) if side == "ours" else ask(processes[name], task, f, z, extra)
                if repeat == 0:
                    errors[side].append(error(task, f, clean, z, truth, outcome))
                else:
                    seconds[side].append(took)
    a, b = np.median(seconds["ours"]), np.median(seconds["peer"])
    return {
        "race": task,
        "peer": {"impedance": "impedance.py"}.get(name, name),
        "peer_version": version,
        "ours_s": float(f"{a:.4g}"),
        "peer_s": float(f"{b:.4g}"),
        "ratio": float(f"{b / a:.4g}"),
        "error_ours": float(f"{max(errors['ours']):.3g}"),
        "error_peer": float(f"{max(errors['peer']):.3g}"),
        "error_unit": UNITS.get(task, "% of the polarisation resistance"),
    }


def batch(processes):
    """1,000 different spectra of one cell, each with its own starts; the peer does 20 of them, times 50."""
    from nacre.physics.impedance.fit import fit_circuit

    f, clean, _, _ = spectra(True)[-1]
    rng = np.random.default_rng(2)
    noisy = [clean + NOISE * np.abs(clean) * (rng.normal(size=60) + 1j * rng.normal(size=60)) for _ in range(1000)]
    begin = time.perf_counter()
    found = [fit_circuit(CIRCUIT, f, z) for z in noisy]
    ours_s = time.perf_counter() - begin
    asked = [ask(processes["impedance"], "circuit fit", f, z, data_only_start(f, z)) for z in noisy[:20]]
    peer_s = 50 * sum(took for took, _ in asked)
    mine = max(judge_fit(f, z, one.values) for z, one in zip(noisy[:20], found, strict=False))
    theirs = max(judge_fit(f, z, values) for z, (_, values) in zip(noisy[:20], asked, strict=True))
    return {
        "race": "1000 spectra",
        "peer": "impedance.py",
        "peer_version": PEERS["impedance"][0],
        "ours_s": float(f"{ours_s:.4g}"),
        "peer_s": float(f"{peer_s:.4g}"),
        "ratio": float(f"{peer_s / ours_s:.4g}"),
        "error_ours": float(f"{mine:.3g}"),
        "error_peer": float(f"{theirs:.3g}"),
        "error_unit": "relative excess of chi2",
    }


def main():
    tasks = sys.argv[1:] or list(TASKS)
    processes = {name: peer_process(name) for name in {TASKS[task][0] for task in tasks}}
    rows = [race(task, processes) for task in tasks]
    if "circuit fit" in tasks:
        rows.append(batch(processes))
    for process in processes.values():
        process.stdin.close()
        process.wait()
    print(f"\n{'race':16}{'peer':14}{'ours':>10}{'peer':>10}{'ratio':>8}  error ours / peer")
    for row in rows:
        times = f"{1e3 * row['ours_s']:8.2f}ms{1e3 * row['peer_s']:8.1f}ms{row['ratio']:7.0f}x"
        errors = f"{row['error_ours']:g} / {row['error_peer']:g} {row['error_unit']}"
        print(f"{row['race']:16}{row['peer']:14}{times}  {errors}")
    print()
    for row in rows:
        print(json.dumps(row))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--peer"]:
        serve(sys.argv[2])
    else:
        main()
