"""Small inputs that once gave wrong answers, each with its right one by construction."""

import shutil

import pytest

import nacre

pytestmark = pytest.mark.realdata

DISCHARGED = {
    "coarse_current": [180, 175, 170],
    "dead_cell": {20: 160, 30: 0.5},
    "file_cycles_restart": [180, 178, 170, 168],
    "interrupted_discharge": {1: 180, 5: 174},
    "nan_counter": [180, 175, 170],
    "out_of_order": [180, 175, 170, 165],
    "rate_nothing": {1: 180, 7: 0.8, 9: 0.8, 10: 170, 12: 170},
    "signed_capacity": [180, 175, 170],
    "time_backwards": [180, 175, 170],
    "time_in_hours_bdf": [180, 175, 170],
    "zero_volts": [180, 175, 170],
    "arbin_blank_counter": [180, 175, 170],
    "magnitude_only": [180, 175, 170],
    "mb_no_reim": [180, 175, 170],
}


def run(realdata, tmp_path, name):
    folder = tmp_path / name
    shutil.copytree(realdata / "cases" / name, folder)
    outcome = nacre.run(nacre.load(folder / "study.toml"))
    return {(r.technique, r.subject.cell): r for r in outcome.results}


def list_discharges(result):
    table = next(curve for curve in result.curves if curve.name == "cycles").columns
    return dict(zip(table["cycle"][0].tolist(), table["discharge_capacity"][0].tolist(), strict=True))


def fails(result):
    return " | ".join(check.text for check in result.checks if check.status == "fail")


@pytest.mark.parametrize("name", DISCHARGED)
def test_every_case_gives_its_right_capacities(realdata, tmp_path, name):
    found = list_discharges(run(realdata, tmp_path, name)["cycling", "bare-1"])
    right = DISCHARGED[name]
    wanted = dict(enumerate(right, 1)) if isinstance(right, list) else right
    assert len(found) >= len(wanted)
    assert {cycle: found[cycle] for cycle in wanted} == pytest.approx(wanted, rel=2e-3)


def test_a_discharge_cut_by_the_end_of_a_file_is_no_capacity(realdata, tmp_path):
    result = run(realdata, tmp_path, "interrupted_discharge")["cycling", "bare-1"]
    assert list_discharges(result)[3] != list_discharges(result)[3]
    assert "the discharge of cycle 3 ended before" in " ".join(check.text for check in result.checks)


def test_two_tests_in_one_file_are_not_one(realdata, tmp_path):
    result = run(realdata, tmp_path, "arbin_multichannel")["cycling", "bare-1"]
    assert not result.entries
    assert "holds 2 tests" in fails(result)


def test_a_sign_that_the_voltage_contradicts_is_turned(realdata, tmp_path):
    result = run(realdata, tmp_path, "wrong_sign_polarised")["cycling", "bare-1"]
    assert result.get("coulombic_efficiency", cycle=1).value == pytest.approx(90, abs=0.01)
    assert result.get("energy_efficiency", cycle=1).value < 100


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("rate_nothing", {0.5: 66.67, 2.0: 0.444}),
        ("rate_ten_each", {0.2: 88.89, 0.5: 66.67, 1.0: 44.44}),
        ("charge_rate_test", {0.5: 72.22, 2.0: 38.89}),
        ("smallest_option", {0.5: 66.67}),
    ],
)
def test_rates_keep_what_they_keep(realdata, tmp_path, name, kept):
    result = run(realdata, tmp_path, name)["rate", "bare-1"]
    found = {e.state["rate_C"]: e.quantity.value for e in result.entries if e.name == "kept_fraction"}
    assert found == pytest.approx(kept, rel=2e-3)


def test_check_ups_interrupt_no_retention(realdata, tmp_path):
    results = run(realdata, tmp_path, "checkups")
    kept = {cell: results["cycling", cell].get("capacity_retention").value for cell in ("bare-1", "coat-1")}
    assert kept["coat-1"] - kept["bare-1"] == pytest.approx(30, abs=1)
