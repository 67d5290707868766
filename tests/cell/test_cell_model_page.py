"""docs/cell-model.md and the PyBaMM example of docs/exchange.md: their blocks, run in order in an empty folder."""

import re
from pathlib import Path

import pytest

import nacre

DOCS = Path(__file__).resolve().parents[2] / "docs"


def run_blocks(page: str, heading: str = "") -> dict:
    text = (DOCS / page).read_text(encoding="utf-8")
    made: dict = {}
    for block in re.findall(r"```python\n(.*?)```", text[text.index(heading) :], re.DOTALL):
        exec(block, made)
    return made


def test_the_blocks_of_the_cell_model_page_run(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    made = run_blocks("cell-model.md")
    said = capsys.readouterr().out
    assert "3 nm 0 nm" in said and "all 2 steps ran" in said
    assert "'mg' cannot become 'cm2'" in said and "'cathode.thickness'" in said and "28 numbers are missing" in said
    assert made["record"].height > 500 and made["capacities"].height == 12
    assert sum(made["shares"].values()) == pytest.approx(made["spectrum"].z[-1].real, rel=1e-6)
    assert 0.5 < made["life"].retention(50, 1) < 1 and made["life"].table.height == 50
    done = made["mine"].simulate("charge at 0.1C to 3.6 V; discharge at 0.1C to 2.2 V")
    # it begins at a filling of 0.92 and ends, at 2.2 V, at one of 0.96: a little more comes back than went in
    assert done.complete and 1.0 < done.steps[1].charge / done.steps[0].charge < 1.1
    again = nacre.CellModel.load("thin_cell.toml")
    assert again["cathode.coating_thickness"].value == 3 and again["cathode.coating_thickness"].unit == "nm"
    back = nacre.CellModel.load("thin.json")
    assert {n: p.quantity.value for n, p in back.parameters.numbers.items()} == {
        n: p.quantity.value for n, p in made["thin"].parameters.numbers.items()
    }
    assert Path("thin_pybamm.json").stat().st_size > 1000


def test_the_pybamm_example_runs_on_the_packaged_cell():
    pytest.importorskip("pybamm")
    made = run_blocks("exchange.md", "## PyBaMM")
    charge = made["solution"]["Discharge capacity [A.h]"].entries
    ours = made["cell"].simulate("charge at 0.1C to 2.75 V; discharge at 0.1C to 1.35 V")
    assert -charge.min() == pytest.approx(ours.steps[0].charge, rel=0.01), "PyBaMM's usual mesh is coarser"
