"""The raw files hold the truth that is handed back, read here by nothing of the product."""

import csv
import tomllib

import numpy as np
import polars as pl
import pytest

from truth.foreign.verdicts import end_to_end
from truth.foreign.verdicts.cells import Plan, raise_capacities
from truth.foreign.verdicts.cycler import LOWER, UPPER, HalfCycle, record_cell
from truth.foreign.verdicts.end_to_end import find_verdicts, list_claims, run_study
from truth.foreign.verdicts.endpoints import FIRST
from truth.foreign.verdicts.folders import AGEING_FROM, write_cycling_study
from truth.foreign.verdicts.pellets import write_impedance_study
from truth.foreign.verdicts.powders import write_icp_study, write_xps_study
from truth.foreign.verdicts.specimens import SpecimenPlan
from truth.foreign.verdicts.spectra import FREQUENCIES, Pellet, draw_spectrum, noise_shape, true_spectrum

PLAN = Plan(cycles=12, effects=raise_capacities(0.15))


def _write(path, habit="bdf", seed=3, plan=PLAN, impedance=None):
    return write_cycling_study(path, plan, np.random.default_rng(seed), habit, impedance)


def _read_bdf(path):
    """Charge and discharge of each cycle in Ah, by the counters and by the integral."""
    with path.open(encoding="utf-8") as stream:
        rows = [{k: float(v) for k, v in row.items()} for row in csv.DictReader(stream)]
    cycle, time, current, out, back = (
        np.array([row[key] for row in rows])
        for key in (
            "Cycle Count / 1",
            "Test Time / s",
            "Current / A",
            "Cycle Discharging Capacity / Ah",
            "Cycle Charging Capacity / Ah",
        )
    )
    flow = np.diff(time, prepend=0) * current / 3600
    numbers = np.unique(cycle)
    counted = [(out[cycle == n].max(), back[cycle == n].max()) for n in numbers]
    summed = [(-flow[(cycle == n) & (flow < 0)].sum(), flow[(cycle == n) & (flow > 0)].sum()) for n in numbers]
    return np.array(counted), np.array(summed)


def test_bdf_counters_hold_each_cycles_charge(tmp_path):
    folder = _write(tmp_path / "s")
    for cell in folder.cells:
        counted, summed = _read_bdf(folder.path / "raw" / f"{cell.name}.bdf.csv")
        truth = np.stack([cell.discharge, cell.charge], axis=1) * cell.mass * 1e-6
        np.testing.assert_allclose(counted, truth, rtol=3e-5)
        np.testing.assert_allclose(summed, truth, rtol=4e-3)


def test_maccor_counters_hold_each_steps_charge(tmp_path):
    folder = _write(tmp_path / "s", "maccor")
    cell = folder.cells[4]
    text = (folder.path / "raw" / f"NCM85_{cell.name}_InLi.txt").read_text(encoding="latin-1")
    rows = [line.split("\t") for line in text.splitlines()[4:]]
    found = {}
    for row in rows:
        if row[9] == "D":
            found[int(row[1])] = float(row[5])
        assert float(row[7]) >= 0
    np.testing.assert_allclose(list(found.values()), cell.discharge * cell.mass * 1e-6, rtol=3e-5)
    assert [int(row[0]) for row in rows] == list(range(1, len(rows) + 1))


def test_table_is_german(tmp_path):
    folder = _write(tmp_path / "s", "table")
    lines = (folder.path / "raw" / "Coat2.dat").read_text(encoding="latin-1").splitlines()
    assert "." not in lines[5]
    charge = [float(line.split(";")[5].replace(",", ".")) for line in lines[2:]]
    assert max(charge) > 1
    assert "8," in (folder.path / "cells.csv").read_text(encoding="utf-8")


@pytest.mark.parametrize("habit", ["bdf", "maccor", "table"])
def test_a_folder_is_the_same_study_as_its_arrays(tmp_path, habit):
    folder = _write(tmp_path / "s", habit)
    first = [cell.discharge[0] for cell in folder.cells]
    arrays = [side.values[FIRST][:, 0] for side in folder.study.sides]
    np.testing.assert_allclose(first, np.concatenate(arrays))
    kept = [100 * cell.discharge[-1] / cell.discharge[AGEING_FROM - 1] for cell in folder.cells]
    np.testing.assert_allclose(kept, [cell.values["capacity_retention"] for cell in folder.cells])
    entries = tomllib.loads((folder.path / "study.toml").read_text(encoding="utf-8"))
    assert [s["name"] for s in entries["sample"]] == list(dict.fromkeys(cell.sample for cell in folder.cells))


def test_the_seed_decides_every_byte(tmp_path):
    one, two, other = _write(tmp_path / "a"), _write(tmp_path / "b"), _write(tmp_path / "c", seed=4)
    name = "raw/LHO_c2.bdf.csv"
    assert (one.path / name).read_bytes() == (two.path / name).read_bytes()
    assert (one.path / name).read_bytes() != (other.path / name).read_bytes()


def test_steps_reach_their_limits_and_sample_unevenly():
    halves = [HalfCycle(1, True, 1.7e-3, 1.6e-4, 80, 0.05), HalfCycle(1, False, 1.5e-3, 1.6e-4, 80)]
    steps = record_cell(halves, np.random.default_rng(1))
    assert [step.kind for step in steps] == ["R", "C", "C", "R", "D"]
    charge, held, discharge = steps[1], steps[2], steps[4]
    assert charge.voltage[-1] == pytest.approx(UPPER) and discharge.voltage[-1] == pytest.approx(LOWER)
    assert held.current[-1] == pytest.approx(0.3 * 1.6e-4, rel=0.01)
    assert charge.counted[-1] + held.counted[-1] == pytest.approx(1.7e-3, rel=2e-5)
    gaps = np.diff(discharge.time)
    assert (gaps > 0).all() and gaps.max() / gaps.min() > 5
    assert np.diff(discharge.voltage).max() < 2e-3
    times = np.concatenate([step.time for step in steps])
    assert (np.diff(times) > 0).all()


def test_arcs_have_their_resistance_and_obey_causality():
    pellet = Pellet(48, 22, 1000, spread=0.55)
    z = true_spectrum(pellet, np.array([1e9, 1e6, 1e-2]))
    tail = 1 / (pellet.tail * (2j * np.pi * 1e-2) ** pellet.tail_exponent)
    assert z[0].real == pytest.approx(48, abs=0.5)
    assert (z[2] - tail).real == pytest.approx(1070, rel=0.001)
    assert (true_spectrum(pellet, FREQUENCIES).imag < 0).all()


def test_noise_rises_fivefold_to_both_ends():
    shape = noise_shape(FREQUENCIES, 5)
    assert shape[0] == pytest.approx(5) and shape[-1] == pytest.approx(5)
    assert (shape[20:43] == 1).all()
    exact = true_spectrum(Pellet(48, 22, 65), FREQUENCIES)
    rng = np.random.default_rng(1)
    many = np.array([draw_spectrum(Pellet(48, 22, 65), rng) for _ in range(800)])
    sd = (many.real - exact.real).std(axis=0) / np.abs(exact)
    np.testing.assert_allclose(sd, 0.002 * shape, rtol=0.15)


@pytest.mark.parametrize(("habit", "name"), [("csv", "bare-1.csv"), ("zplot", "bare-1.z"), ("eclab", "bare-1.mpt")])
def test_sixteen_spectra_are_written(tmp_path, habit, name):
    folder = write_impedance_study(tmp_path / "s", np.random.default_rng(1), habit=habit)
    assert len(list((folder.path / "raw").iterdir())) == len(folder.interfaces) == 16
    logs = np.log(list(folder.interfaces.values()))
    assert logs[:8].mean() - logs[8:].mean() == pytest.approx(np.log(17), abs=4 * 0.25 / 2)
    assert len((folder.path / "raw" / name).read_text(encoding="latin-1").splitlines()) > 63


def test_icp_run_gives_back_the_contents(tmp_path):
    folder = write_icp_study(tmp_path / "s", SpecimenPlan(spots=6, spot_sd=0.04), np.random.default_rng(2))
    with (folder.path / "raw" / "icp.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    standards = [(float(r["Nominal (mg/L)"]), float(r["Intensity"])) for r in rows if r["Sample Type"] == "standard"]
    slope, zero = np.polyfit(*zip(*standards, strict=True), 1)
    for sample, contents in folder.values.items():
        digests = [r for r in rows if r["Sample Name"].startswith(sample)]
        found = [(float(r["Intensity"]) - zero) / slope * 50 / float(r["Weight (mg)"]) / 10 for r in digests]
        np.testing.assert_allclose(found, contents, rtol=0.02)
        assert contents.std(ddof=1) / contents.mean() == pytest.approx(0.04, rel=0.9)


def test_xps_spots_hold_their_ratio(tmp_path):
    """The two species lie 2.5 eV apart: counts on either side of the gap tell the ratio roughly."""
    plan = SpecimenPlan(spots=3, spot_sd=0.2, batch_sd=0.2)
    folder = write_xps_study(tmp_path / "s", plan, np.random.default_rng(2))
    shares, truths = [], []
    for sample, ratios in folder.values.items():
        for k, ratio in enumerate(ratios, 1):
            text = (folder.path / "raw" / f"{sample}_spot{k}.xy").read_text(encoding="utf-8")
            part = text.split("Region:")[1]
            rows = np.array([line.split() for line in part.splitlines() if line and line[0].isdigit()], dtype=float)
            shares.append(_area(rows, 19.2, 20.6) / _area(rows, 14.6, 16.0))
            truths.append(ratio)
    assert np.corrcoef(shares, truths)[0, 1] > 0.9


def _area(rows, lo, hi):
    inside = (rows[:, 0] > lo) & (rows[:, 0] < hi)
    return rows[inside, 1].sum() - rows[rows[:, 0] < 12.8, 1].mean() * inside.sum()


@pytest.mark.parametrize(("declared", "said"), [("no", None), ("right", "3 %")])
def test_a_folder_declares_what_its_plan_declares(tmp_path, declared, said):
    folder = write_icp_study(tmp_path / "s", SpecimenPlan(declared=declared), np.random.default_rng(2))
    lab = tomllib.loads((folder.path / "study.toml").read_text(encoding="utf-8")).get("lab", {})
    assert lab.get("reproducibility", {}).get("hf_content") == said


def test_claims_and_verdicts_are_taken_from_results():
    contrasts = [
        {"name": FIRST, "state": {"cycle": 1, "rate_C": 0.1}, "endpoint": "primary", "verdict": "shown"},
        {"name": FIRST, "state": {"cycle": 9}, "endpoint": "exploratory", "verdict": "shown"},
        {"name": "r_bulk", "state": {}, "endpoint": "secondary", "verdict": "equal"},
    ]
    assert list_claims({"contrasts": contrasts}) == contrasts[:1]
    assert find_verdicts({"contrasts": contrasts}, FIRST, cycle=1) == ["shown"]


@pytest.mark.parametrize(("verdict", "hits"), [("shown", 3), ("cannot_tell", 0)])
def test_folders_are_counted(tmp_path, monkeypatch, verdict, hits):
    contrast = {"name": FIRST, "state": {"cycle": 1}, "endpoint": "primary", "verdict": verdict}
    monkeypatch.setattr(end_to_end, "run_study", lambda _: {"contrasts": [contrast]})
    null = end_to_end.measure_null_folders(tmp_path, 3)
    effect = end_to_end.measure_effect_folders(tmp_path, (12,), 3)
    powder = end_to_end.measure_powder_folders(tmp_path, "no", 3)
    assert (null.hits, effect.hits, powder.hits) == (hits, hits, hits)
    assert powder.passes == (hits == 0) and effect.passes == (hits == 3)
    assert {path.name for path in tmp_path.iterdir()} >= {"null-2", "effect-12-1", "powder-no-0"}


@pytest.mark.slow
@pytest.mark.parametrize("habit", ["bdf", "maccor", "table"])
def test_the_program_reads_what_the_cells_are(tmp_path, habit):
    """Capacities come back within 0.05 %, whatever the habit."""
    folder = _write(tmp_path / "s", habit, plan=Plan(n=(1, 1), cycles=12))
    run_study(folder.path)
    table = pl.read_parquet(folder.path / "results" / "cycles.parquet")
    found = {(row["cell"], row["cycle"]): row["discharge_capacity / mAh/g"] for row in table.iter_rows(named=True)}
    for cell in folder.cells:
        values = [found[cell.name, cycle] for cycle in range(1, 13)]
        np.testing.assert_allclose(values, cell.discharge, rtol=5e-4)
