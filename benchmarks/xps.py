"""Races `bootstrap`: 1,000 refits of two Hf 4f doublets with the background inside the model, against lmfit.

Both sides get the same 1,000 Poisson draws of one spectrum (281 points), the same start and the same model: Gaussian-
Lorentzian sums, 4:3 doublets 1.71 eV apart of one width and mix, a Shirley step made by the model's own peaks, slope,
constant. The peer runs in an environment of its own under `.bench/`, kept warm, timed in its own process, weighted by
the expected counts, covariance on, in two ways:

bootstrap                          one vectorised residual written for this model, `Minimizer.leastsq`: its fastest way
bootstrap, tied by expressions     four peaks as parameters of a `Model`, the doublets tied by `expr`, as its
                                   documentation ties peaks

Runs are interleaved and medians compared. Error: rms of the ratio of the doublets against the truth, percent.
"""

import json
import math
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

BENCH = Path(__file__).resolve().parent.parent / ".bench"
VERSION, REFITS, REPEATS = "1.3.4", 1000, 3
SPLITTING, RATIO = 1.71, 1.02
NAMES = ("A1", "A2", "p1", "p2", "w", "m", "b0", "b1", "k")
START = (4400.0, 4600.0, 18.0, 15.7, 1.5, 0.3, 1500.0, 0.0, 0.05)
BOUNDS = {"w": (0.4, 4.0), "m": (0.0, 1.0), "k": (0.0, 0.6), "p1": (17.0, 19.0), "p2": (14.5, 16.5)}


def model(x, a1, a2, p1, p2, w, m, b0, b1, k, erf=None):
    """Expected counts, in plain numpy: the truth of both sides and the peer's model."""
    u = (x[None, :] - np.array([p1, p1 + SPLITTING, p2, p2 + SPLITTING])[:, None]) / w
    areas = np.array([a1 * 4 / 7, a1 * 3 / 7, a2 * 4 / 7, a2 * 3 / 7])
    normal = 2 * math.sqrt(math.log(2) / math.pi) * np.exp(-4 * math.log(2) * u * u)
    lorentz = 2 / math.pi / (1 + 4 * u * u)
    integral = (1 - m) * 0.5 * (1 + erf(2 * math.sqrt(math.log(2)) * u)) + m * (0.5 + np.arctan(2 * u) / math.pi)
    peaks = areas @ (((1 - m) * normal + m * lorentz) / w)
    middle, span = 0.5 * (x[0] + x[-1]), x[-1] - x[0]
    return peaks + k * (areas @ integral) + b0 + b1 * (x - middle) / span


def draws():
    """(x, expected counts, 1,000 Poisson draws)."""
    from scipy.special import erf

    second = 9000.0 / (1 + RATIO)
    x = 11.0 + 0.05 * np.arange(281)
    counts = model(x, 9000.0 - second, second, 18.1, 15.6, 1.6, 0.3, 1500.0, 60.0, 0.06, erf)
    return x, counts, np.random.default_rng(1).poisson(counts, (REFITS, x.size)).astype(float)


# ---- inside the peer's environment -------------------------------------------------------------------------------


def serve():
    """Answers every line on stdin with the seconds and the ratios of all refits."""
    import lmfit
    from scipy.special import erf

    x, counts, ys = draws()
    weights = 1 / np.sqrt(counts)
    parameters = lmfit.Parameters()
    for name, value in zip(NAMES, START, strict=True):
        low, high = BOUNDS.get(name, (-np.inf, np.inf))
        parameters.add(name, value, min=low, max=high)

    def residual(p, y):
        v = p.valuesdict()
        return (model(x, *(v[name] for name in NAMES), erf) - y) * weights

    def plain(y):
        out = lmfit.Minimizer(residual, parameters, fcn_args=(y,)).leastsq().params
        return out["A1"].value / out["A2"].value

    tied = composed(erf)
    made = tied.make_params(**dict(zip(NAMES, START, strict=True)) | {"A": START[0] * 4 / 7, "B": START[1] * 4 / 7})
    for name, (low, high) in BOUNDS.items():
        made[name].set(min=low, max=high)
    for name, rule in {"A5": "0.75 * A", "B5": "0.75 * B", "p15": "p1 + 1.71", "p25": "p2 + 1.71"}.items():
        made[name].set(expr=rule)

    def expressions(y):
        out = tied.fit(y, made, x=x, weights=weights).params
        return out["A"].value / out["B"].value

    ways = {"plain": plain, "expressions": expressions}
    print(json.dumps(lmfit.__version__), flush=True)
    for line in sys.stdin:
        way, many = line.split()
        begin = time.perf_counter()
        found = [ways[way](y) for y in ys[: int(many)]]
        print(json.dumps([time.perf_counter() - begin, found]), flush=True)


def composed(erf):
    """The model with four peaks of their own, to be tied by expressions."""
    import lmfit

    def peaks(x, A, A5, B, B5, p1, p15, p2, p25, w, m, b0, b1, k):
        total, step = 0.0, 0.0
        for area, place in ((A, p1), (A5, p15), (B, p2), (B5, p25)):
            u = (x - place) / w
            total = total + area * (1 - m) * 2 * math.sqrt(math.log(2) / math.pi) * np.exp(-4 * math.log(2) * u * u) / w
            total = total + area * m * 2 / math.pi / (1 + 4 * u * u) / w
            step = step + area * (1 - m) * 0.5 * (1 + erf(2 * math.sqrt(math.log(2)) * u))
            step = step + area * m * (0.5 + np.arctan(2 * u) / math.pi)
        return total + k * step + b0 + b1 * (x - 0.5 * (x[0] + x[-1])) / (x[-1] - x[0])

    return lmfit.Model(peaks)


# ---- on this side ------------------------------------------------------------------------------------------------


def peer_process():
    folder = BENCH / f"lmfit-{VERSION}"
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not (folder / "ready").exists():
        print(f"setting up lmfit {VERSION} (once) ...", flush=True)
        BENCH.mkdir(exist_ok=True)
        (BENCH / ".gitignore").write_text("*\n", encoding="utf-8")
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", f"lmfit=={VERSION}"], check=True)
        (folder / "ready").touch()
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    process = subprocess.Popen([python, "-I", __file__, "--peer"], **pipes)
    version = json.loads(process.stdout.readline())
    if version != VERSION:
        sys.exit(f"bench xps: lmfit is {version}, wanted {VERSION}. Remove {folder} and run again.")
    return process


def ask(process, way, many):
    process.stdin.write(f"{way} {many}\n")
    process.stdin.flush()
    return json.loads(process.stdout.readline())


def our_model():
    from nacre.physics.xps_ir.fit import PhotoelectronLine, SpectrumBackground, SpectrumModel, SpectrumParameter

    linear = {"A1", "A2", "b0", "b1"}
    limits = {name: BOUNDS.get(name, (-np.inf, np.inf)) for name in NAMES}
    parameters = [SpectrumParameter(n, v, *limits[n], linear=n in linear) for n, v in zip(NAMES, START, strict=True)]
    lines = [
        PhotoelectronLine(f"A{i}", f"p{i}", "w", "m", part, gap)
        for i in (1, 2)
        for part, gap in ((4 / 7, 0.0), (3 / 7, SPLITTING))
    ]
    return SpectrumModel("race", tuple(parameters), tuple(lines), (SpectrumBackground("b0", "b1", "k"),))


def ours(x, ys):
    from nacre.physics.xps_ir.fit import SpectrumData, fit_spectra

    begin = time.perf_counter()
    values, _, _, converged = fit_spectra(our_model(), SpectrumData.of([(x, ys[0])]), ys, np.array(START))
    seconds = time.perf_counter() - begin
    if not converged.all():
        print(f"  {np.sum(~converged)} of {len(ys)} refits did not converge")
    return seconds, values[:, 0] / values[:, 1]


def rms(ratios):
    return float(100 * np.sqrt(np.mean((np.asarray(ratios) / RATIO - 1) ** 2)))


RACES = {"bootstrap": "plain", "bootstrap, tied by expressions": "expressions"}


def main():
    x, _, ys = draws()
    process = peer_process()
    ours(x, ys[:3])  # compiles
    mine, theirs, answers = [], {race: [] for race in RACES}, {}
    for _ in range(REPEATS):
        seconds, found = ours(x, ys)
        mine.append(seconds)
        for race, way in RACES.items():
            ask(process, way, 3)
            taken, answers[race] = ask(process, way, REFITS)
            theirs[race].append(taken)
        print(f"  ours {seconds:7.3f} s   lmfit " + ", ".join(f"{v[-1]:7.2f} s" for v in theirs.values()), flush=True)
    process.stdin.close()
    process.wait(timeout=30)
    here = statistics.median(mine)
    lines = []
    for race, answer in answers.items():
        there = statistics.median(theirs[race])
        apart = float(100 * np.max(np.abs(found / np.asarray(answer) - 1)))
        print(
            f"{race}: ours {here:.3f} s, lmfit {there:.2f} s, {there / here:.0f} times; refits differ by {apart:.2f} %"
        )
        line = {
            "race": race,
            "peer": "lmfit",
            "peer_version": VERSION,
            "ours_s": round(here, 4),
            "peer_s": round(there, 3),
        }
        line |= {
            "ratio": round(there / here, 1),
            "error_ours": round(rms(found), 3),
            "error_peer": round(rms(answer), 3),
        }
        lines.append(line | {"error_unit": "% of the ratio, rms against the truth"})
    print()
    for line in lines:
        print(json.dumps(line))


if __name__ == "__main__":
    serve() if "--peer" in sys.argv else main()
