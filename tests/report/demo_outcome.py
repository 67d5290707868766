"""An outcome of two samples, made by hand: what a report has to show, and nothing measured."""

from pathlib import Path

import numpy as np

from nacre.core.figure import Axis, Figure, Panel, Series
from nacre.core.outcome import Contrast, Failure, LedgerRow, Outcome
from nacre.core.quantity import Quantity, parse
from nacre.core.result import Check, Curve, Entry, Provenance, Result, Subject
from nacre.core.study import Cell, PreparationStep, Reported, Sample, Study
from nacre.evidence.contrasts.verdicts import decide

RATES = (0.1, 0.2, 0.5, 1.0)
GOOD = {"rate": (187.2, 155.1, 112.4, 71.3), "ce": 82.4, "fade": 0.00093, "r": 50.2, "knee": None, "eta": 0.02}
POOR = {"rate": (162.1, 129.8, 87.2, 46.1), "ce": 78.6, "fade": 0.00273, "r": 851.0, "knee": 52, "eta": 0.05}
POTENTIAL = Axis("U", "V")
CAPACITY = Axis("Specific capacity", "mAh/g")


def demo(
    names=("bare", "lho"),
    titles=("Bare-NCM85", "LHO-NCM85"),
    *,
    swapped: bool = False,
    replicates: int = 1,
    origin: str = "synthetic",
    cycles: int = 200,
) -> Outcome:
    """Two samples, the second much the better; `swapped` exchanges their data. Replicates scatter by 1 %."""
    truths = dict(zip(names, (GOOD, POOR) if swapped else (POOR, GOOD), strict=True))
    study = _study(names, titles, replicates)
    results = []
    for name, truth in truths.items():
        for i in range(replicates):
            scale, cell = 1 + 0.01 * (i - (replicates - 1) / 2), f"{name}-{i + 1}"
            results.append(_first_and_rate(name, cell, truth, scale, origin))
            results.append(_long_term(name, cell, truth, scale, origin, cycles))
        results.append(_impedance(name, f"{name}-1", truth, origin))
    results.append(_shell(names[1], origin))
    return Outcome(
        study,
        tuple(results),
        contrasts=_contrasts(names, truths, replicates, origin, results),
        ledger=_ledger(results),
        failures=(
            Failure(
                "xps:<hf4f> & größer.vms",
                "größer.vms:12: cannot read the block count; found 'abc', expected a whole number. "
                "Export the spectrum again as VAMAS.",
                names[1],
            ),
        ),
        versions={"nacre": "0.1.0", "numpy": "2.4.6", "python": "3.11.7"},
        when="2026-01-31 12:00",
    )


def _study(names, titles, replicates) -> Study:
    heated = PreparationStep("pre-fire", {"temperature": parse("750 degC"), "time": parse("3 h"), "atmosphere": "O2"})
    coated = (
        PreparationStep(
            "solvothermal synthesis",
            {"product": "HfO2 nanoparticles", "temperature": parse("250 degC"), "time": parse("72 h")},
        ),
        PreparationStep("dose", {"target": parse("1 wt%"), "dispersion": "HfO2 in chloroform"}),
        PreparationStep("sonicate", {"time": parse("15 min")}),
        PreparationStep("anneal", {"temperature": parse("700 degC"), "time": parse("2 h"), "atmosphere": "O2"}),
    )
    samples = {
        names[0]: Sample(names[0], titles[0], {"cam": "LiNi0.85Co0.1Mn0.05O2"}, (heated,)),
        names[1]: Sample(
            names[1], titles[1], {"cam": "LiNi0.85Co0.1Mn0.05O2"}, (heated, *coated), {"precursor": "HfO2"}
        ),
    }
    inputs = {
        "composite_mass": parse("12.0(1) mg"),
        "cam_fraction": parse("69.3 wt%"),
        "diameter": parse("10 mm"),
        "temperature": parse("45 degC"),
        "counter_electrode": "Li4Ti5O12 <anode>",
    }
    cells = {f"{n}-{i + 1}": Cell(f"{n}-{i + 1}", n, inputs) for n in names for i in range(replicates)}
    first = {"cycle": 1, "rate_C": 0.1}
    reported = tuple(
        Reported(name, "discharge_capacity", parse(text, origin="reported"), first, "Zhang 2023, Fig. 4a")
        for name, text in zip(names, ("162 mAh/g", "187 mAh/g"), strict=True)
    )
    extra = (
        Reported(names[1], "shell_thickness", parse("12 nm", origin="reported"), {}, "Zhang 2023, Fig. 3b", "about"),
    )
    return Study(
        "demo",
        Path("demo"),
        "A coating study, made by hand",
        samples=samples,
        cells=cells,
        reported=reported + extra,
        contrasts=(names,),
        citation="R. Zhang et al., ACS Appl. Mater. Interfaces 15 (2023) 7075.",
        paper_numbers=True,
    )


def _q(value, unit, std=None, origin="synthetic", basis="propagated", n=None) -> Quantity:
    return Quantity(value, unit, std, n=n, basis=basis if std is not None else "none", origin=origin)


def _profile(top, truth, rate=0.1):
    x = np.linspace(0, top, 150)
    s = x / top
    charge = 1.75 + 0.75 * s + 0.12 * np.tanh((s - 0.05) * 30) + truth["eta"] * rate * 10
    return x, charge, charge[::-1] - 2 * truth["eta"] * rate * 10


def _first_and_rate(name, cell, truth, scale, origin) -> Result:
    q = [value * scale for value in truth["rate"]]
    entries, profiles = [], []
    for cycle, (rate, capacity) in enumerate(zip(RATES, q, strict=True), start=1):
        state = {"cycle": cycle, "rate_C": rate, "segment": "rate"}
        entries.append(Entry("discharge_capacity", _q(capacity, "mAh/g", 0.006 * capacity, origin), state))
        x, up, down = _profile(capacity, truth, rate)
        profiles.append(Series("line", x, down, f"{rate}C", name, f"{rate}C"))
    first = {"cycle": 1, "rate_C": 0.1, "segment": "rate"}
    entries.append(Entry("coulombic_efficiency", _q(truth["ce"], "%", 0.2, origin), first))
    entries.append(Entry("h1_m_peak", _q(2.13 + truth["eta"], "V", None, origin), first))
    x, up, down = _profile(q[0], truth)
    first_cycle = (Series("line", x / truth["ce"] * 100, up, "", name), Series("line", x, down, "", name, legend=False))
    dqdv = np.gradient(x, up)
    inset = Panel(POTENTIAL, Axis("dq/dV"), (Series("line", up[5:60], dqdv[5:60], "", name),))
    bars = Series(
        "bars", np.array([f"{r}C" for r in RATES]), np.array(q), "", name, lo=np.array(q) * 0.99, hi=np.array(q) * 1.01
    )
    figures = (
        Figure(
            "first_cycle",
            "First-cycle voltage profiles",
            (Panel(CAPACITY, POTENTIAL, first_cycle),),
            "Charge and discharge at 0.1C.",
            "Fig. 4a",
        ),
        Figure(
            "dqdv",
            "Differential capacity",
            (Panel(POTENTIAL, Axis("dq/dV", "mAh/g/V"), (Series("line", up, dqdv, "", name),), inset=inset),),
            "First charge at 0.1C.",
            "Fig. 4b",
        ),
        Figure(
            "profiles",
            "Voltage profiles at four rates",
            (Panel(CAPACITY, POTENTIAL, tuple(profiles)),),
            "Discharge.",
            "Fig. 4c",
        ),
        Figure("rate", "Rate capability", (Panel(Axis("C-rate"), CAPACITY, (bars,)),), "Error bars: 95 %.", "Fig. 4d"),
    )
    return _result(
        "cycling",
        f"cycling:{cell}:rate",
        name,
        cell,
        "rate",
        entries,
        figures,
        origin,
        curves=(Curve("first cycle", {"capacity": (x, "mAh/g"), "voltage": (up, "V")}),),
    )


def _long_term(name, cell, truth, scale, origin, cycles) -> Result:
    n = np.arange(1, cycles + 1)
    fade = 1 - truth["fade"] * n
    ce = 99.6 + 0.05 * np.sin(n / 7)
    ce[0] = truth["ce"]
    capacity = truth["rate"][1] * scale * fade
    entries = []
    for i, q, e in zip(n.tolist(), capacity.tolist(), ce.tolist(), strict=True):
        state = {"cycle": i, "rate_C": 0.2, "segment": "ageing"}
        entries.append(Entry("discharge_capacity", _q(q, "mAh/g", 0.006 * q, origin), state))
        entries.append(Entry("coulombic_efficiency", _q(e, "%", 0.02, origin), state))
    entries.append(
        Entry(
            "capacity_retention",
            _q(100 * fade[-1] / fade[0], "%", 0.05, origin),
            {"cycle": cycles, "segment": "ageing"},
        )
    )
    if truth["knee"]:
        entries.append(Entry("fade_knee", _q(truth["knee"], "1", 4.0, origin, "model-spread"), {"segment": "ageing"}))
    series = (
        Series("points", n, capacity, "capacity", name),
        Series("line", n, ce, "Coulombic efficiency", name, style="dot", right=True),
        Series("band", n, [], "95 %", name, lo=capacity * 0.988, hi=capacity * 1.012, legend=False),
    )
    panel = Panel(Axis("Cycle"), CAPACITY, series, right=Axis("Coulombic efficiency", "%", limits=(98, 100.2)))
    figure = Figure("long_term", "Long-term cycling", (panel,), "At 0.2C and 45 °C.", "Fig. 4f", wide=True)
    checks = (
        Check("warn", "the clock of the file and its test time differ by 2 s", "nothing; the test time is used"),
        Check("pass", "the counter agrees with the integral of the current"),
    )
    return _result("cycling", f"cycling:{cell}:ageing", name, cell, "ageing", entries, (figure,), origin, checks=checks)


def _impedance(name, cell, truth, origin) -> Result:
    f = np.logspace(6.8, -1, 60)
    w = 2j * np.pi * f
    z = 18 + 14 / (1 + (w * 2e-6) ** 0.9) + truth["r"] / (1 + (w * 0.02) ** 0.85) + 30 / (w * 4) ** 0.7
    series = (
        Series("points", z.real, -z.imag, "measured", name, marker="open"),
        Series("line", z.real, -z.imag, "fit", name),
    )
    nyquist = Panel(
        Axis("Re(Z)", "ohm cm2", equal=True), Axis("-Im(Z)", "ohm cm2", equal=True), series, title="Nyquist"
    )
    bode = Panel(
        Axis("f", "Hz", scale="log"),
        Axis("|Z|", "ohm cm2", scale="log"),
        (Series("points", f, abs(z), "measured", name, marker="open"), Series("rule", [1.0], [], "1 Hz")),
        title="Bode",
    )
    figure = Figure("eis", "Impedance after 200 cycles", (nyquist, bode), "At the end of discharge.", "Fig. 6a")
    entries = [
        Entry("r_bulk", _q(18.0, "ohm cm2", 0.4, origin, "fit-covariance"), {"cycle": 200}),
        Entry("r_gb", _q(14.0, "ohm cm2", 0.6, origin, "fit-covariance"), {"cycle": 200}),
        Entry("r_cam_se", _q(truth["r"], "ohm cm2", 0.02 * truth["r"], origin, "fit-covariance"), {"cycle": 200}),
    ]
    return _result("impedance", f"impedance:{cell}", name, cell, "eis", entries, (figure,), origin)


def _shell(name, origin) -> Result:
    x, y = np.arange(60), np.arange(50)
    z = np.exp(-((x[None, :] - 30) ** 2 + (y[:, None] - 25) ** 2) / 200.0)
    heat = Panel(Axis("x", "nm", equal=True), Axis("y", "nm", equal=True), (Series("heat", x, y, "counts", name, z=z),))
    map_ = Figure("edx", "Hf map", (heat,), "", "Fig. 3b")
    entries = [
        Entry("shell_thickness", _q(12.3, "nm", 0.8, origin, "resolution", 40)),
        Entry("shell_coverage", _q(91.0, "%", None, origin)),
    ]
    return _result("shell", "shell", name, "", "stem", entries, (map_,), origin)


def _result(technique, analysis, name, cell, measurement, entries, figures, origin, checks=(), curves=()) -> Result:
    from dataclasses import replace

    synthetic = origin == "synthetic"
    return Result(
        technique,
        analysis,
        Subject(name, cell, measurement),
        tuple(entries),
        curves,
        tuple(replace(figure, synthetic=synthetic, sources=(f"{cell or name}_ä<1>.txt",)) for figure in figures),
        checks,
        citations=(
            "JCGM 100:2008, Guide to the expression of uncertainty in measurement.",
            f"The {technique} handbook, 2nd ed.",
        ),
        methods=f"The {technique} data were evaluated at 45 °C.",
        origin=origin,
        provenance=Provenance(
            ((f"raw/{cell or name}_ä<1>.txt", "0123456789abcdef" * 4),),
            "maccor",
            {"window": 0.01, "model": "R-(R/CPE)"},
            {"window": "default", "model": "study.toml"},
            {"nacre": "0.1.0"},
            7,
            "key",
        ),
    )


def _contrasts(names, truths, replicates, origin, results) -> tuple[Contrast, ...]:
    bare, coated = names
    rows = []
    ids = {
        (r.subject.sample, e.name, e.state.get("cycle"), e.state.get("segment")): r.entry_id(e)
        for r in results
        for e in r.entries
    }

    def add(name, a, b, unit, state, half=None):
        interval = (b - a - half, b - a + half) if half else (None, None)
        known = tuple(ids[key] for s in names if (key := (s, name, state.get("cycle"), state.get("segment"))) in ids)
        told = half is not None and abs(b - a) > half
        test = {"endpoint": "secondary", "p": (0.0001 if told else 0.2) if half else None}
        test["p_adjusted"] = (0.001 if told else 0.5) if half else None
        count = test | {"n_reference": replicates, "n_treated": replicates, "reference_value": a, "treated_value": b}
        row = Contrast(
            name, bare, coated, b - a, unit, state, *interval, b / a, quantities=known, origin=origin, **count
        )
        rows.append(decide(row))

    wide = replicates > 1
    for cycle, rate in enumerate(RATES, start=1):
        a, b = (truths[s]["rate"][cycle - 1] for s in names)
        add(
            "discharge_capacity",
            a,
            b,
            "mAh/g",
            {"cycle": cycle, "rate_C": rate, "segment": "rate"},
            4.0 if wide else None,
        )
    add(
        "coulombic_efficiency",
        *(truths[s]["ce"] for s in names),
        "%",
        {"cycle": 1, "rate_C": 0.1, "segment": "rate"},
        0.6 if wide else None,
    )
    add("r_bulk", 18.0, 18.1, "ohm cm2", {"cycle": 200}, 1.5 if wide else None)
    add("r_cam_se", *(truths[s]["r"] for s in names), "ohm cm2", {"cycle": 200}, 45.0 if wide else None)
    return tuple(rows)


def _ledger(results) -> tuple[LedgerRow, ...]:
    ids = tuple(r.entry_id(e) for r in results if r.technique == "shell" for e in r.entries)
    return (
        LedgerRow(
            "C3",
            "sum of HfO2 and Li2HfO3 is the coating content",
            "holds",
            1.0602,
            1.06,
            "wt%",
            0.1,
            "|computed - stated| <= 2 sigma",
            ids,
        ),
        LedgerRow(
            "T1",
            "a dense shell over the particle's area is the coating content",
            "broken",
            3.24,
            12.0,
            "nm",
            11.0,
            "",
            ids,
        ),
        LedgerRow(
            "X9",
            "lithium lost by carbonate is found in Li2HfO3",
            "cannot_tell",
            needs="an acid titration of both powders",
        ),
    )
