"""nacre.CellModel: what it takes, what it refuses, and that it is the model beneath."""

import numpy as np
import pytest

import nacre
from cell.cells import BARE
from nacre.cell.impedance import compute_impedance
from nacre.core.quantity import Quantity


@pytest.fixture(scope="module")
def bare():
    return nacre.CellModel.load(sample="bare")


def test_the_packaged_cell_is_that_of_the_reference_study(bare):
    assert {n: p.quantity.value for n, p in bare.parameters.numbers.items()} == {
        n: p.quantity.value for n, p in BARE.numbers.items()
    }
    with pytest.raises(nacre.NacreError, match=r"which sample.*bare, lho"):
        nacre.CellModel.load()
    with pytest.raises(nacre.NacreError, match=r"unknown sample 'bar'.*'bare'"):
        nacre.CellModel.load(sample="bar")


def test_a_change_leaves_the_first_cell_alone_and_keeps_what_was_written(bare):
    new = bare.change({"cathode.contact": Quantity(0.3, "1", 0.02), "anode.potential": ([0.0, 1.0], [0.7, 0.5])})
    assert new["cathode.contact"].std == 0.02 and bare["cathode.contact"].value != 0.3
    assert new.parameters.potentials["anode"].curve(0.5) == pytest.approx(0.6)
    row = new.parameters.numbers["cathode.contact"]
    assert (row.status, row.source) == ("assumed", "a trial")


def test_all_that_is_wrong_with_a_change_is_said_at_once(bare):
    with pytest.raises(nacre.NacreError) as caught:
        bare.change({"cathode.contct": "0.2", "cathode.thickness": "60", "cathode.active": "1.5"})
    said = str(caught.value)
    assert "3 things" in said and "'cathode.contact'" in said and "without a unit" in said and "at most 1" in said


def test_the_verbs_give_what_the_model_beneath_gives(bare):
    made = bare.impedance(soc=0.5, frequencies=[1e3, 1.0])
    assert np.allclose(made.z, compute_impedance(BARE, [1e3, 1.0], soc=0.5), rtol=1e-12)
    swept = bare.sweep({"cathode.contact": ["0.2"]}, "charge at 0.5C to 2.75 V")
    alone = bare.change({"cathode.contact": "0.2"}).simulate("charge at 0.5C to 2.75 V")
    grams = BARE.value("cell.cam_mass", "g")
    assert swept["capacity / mAh/g"][0] == pytest.approx(1e3 * alone.steps[0].charge / grams, rel=1e-6)


def test_a_sweep_refuses_an_impossible_value_before_anything_runs(bare):
    with pytest.raises(nacre.NacreError, match=r"cathode.contact .* cannot be.*2"):
        bare.sweep({"cathode.contact": ["0.5", "2"]}, "charge at 0.5C to 2.75 V")


def test_an_unknown_form_is_refused(bare, tmp_path):
    with pytest.raises(nacre.NacreError, match=r"unknown form 'bpxx'.*'bpx'"):
        bare.export(tmp_path / "a.json", "bpxx")


def test_a_study_is_told_everything_that_its_cell_model_needs(tmp_path):
    text = 'schema = 1\n[study]\nname = "s"\n[[sample]]\nname = "a"\ncam = "NCM85"\nelectrolyte = "Li6PS5Cl"\n'
    (tmp_path / "study.toml").write_text(text, encoding="utf-8")
    with pytest.raises(nacre.NacreError) as caught:
        nacre.CellModel.load(tmp_path)
    said = str(caught.value)
    for name in ("area", "cam_mass", "one_c", "lower_voltage", "upper_voltage", "temperature", "composite_mass",
                 "separator_mass", "anode_composite_mass", "counter_electrode"):  # fmt: skip
        assert f'{name} = "' in said, name
