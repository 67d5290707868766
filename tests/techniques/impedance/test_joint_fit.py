"""Joint fits: the contrast of two cells with its interval, series over temperature, and what cannot be shared."""

from dataclasses import replace

import numpy as np
import pytest

from nacre.core.context import Context
from nacre.core.errors import NacreError
from nacre.core.quantity import parse
from nacre.core.study import Cell, Measurement, Sample
from nacre.techniques.impedance.inputs import PELLET_CELL
from nacre.techniques.impedance.joint_fit import TECHNIQUE, JointFitOptions
from nacre.virtual.impedance import potentiostat as tool

BARE = {"R_bulk": 15, "R_gb": 22, "Q_gb.Q": 6e-8, "Q_gb.n": 0.86, "R_cam_se": 850, "Q_cam_se.Q": 3e-5,
        "Q_cam_se.n": 0.8, "Q_lf.Q": 0.02, "Q_lf.n": 0.7}  # fmt: skip
LHO = BARE | {"R_cam_se": 50}
SHARED = JointFitOptions(circuit=PELLET_CELL, shared=("R_bulk", "R_gb", "Q_gb"), cable="never")


def virtual(truth, seed, area=0.7854, cell=None, **flaws):
    instrument = tool.add_flaws(tool.Potentiostat(), **{"delay": 0.0, **flaws})
    return tool.simulate_sweep(
        cell or tool.make_pellet_cell(), tool.scale_by_area(truth, area), instrument, seed, f"cell {seed}"
    )


def context(roles, areas=None, common="0.7854 cm2", states=None):
    """Contexts of cells by input name; the area is of all cells unless a cell has its own."""
    inputs = {"area": parse(common).tagged("area")} if common else {}
    others = {}
    for i, role in enumerate(roles):
        own = {"area": parse(areas[role]).tagged(f"{role}:area")} if areas else {}
        state = (states or {}).get(role, {"cycle": 200})
        cell, measurement = Cell(f"{role}-1", role, own), Measurement(f"m{i}", role, f"{role}-1", state=state)
        others[role] = Context("test", Sample(role), cell, measurement, inputs)
    return Context("test", inputs=inputs, others=others, analysis="pair", synthetic=True)


def run(signals, options=SHARED, **kwargs):
    (result,) = TECHNIQUE.analyse(signals, context(list(signals), **kwargs), options)
    return result


def pair(seed=0, bare=BARE, lho=LHO, **rest):
    return {"bare": virtual(bare, 2 * seed, **rest), "lho": virtual(lho, 2 * seed + 1, **rest)}


def texts(result, *statuses):
    return " | ".join(f"{c.text} {c.do}" for c in result.checks if not statuses or c.status in statuses)


def of(result, name, sample, **state):
    (found,) = [
        e.quantity
        for e in result.entries
        if e.name == name and e.subject.sample == sample and all(e.state.get(k) == v for k, v in state.items())
    ]
    return found


def value(result, spectrum, name, area=0.7854):
    """A parameter in the table of the joint fit, times area."""
    table = {key: column for key, (column, _) in result.curve("joint circuit parameters").columns.items()}
    (at,) = np.flatnonzero((table["spectrum"] == spectrum) & (table["parameter"] == name))
    return table["value"][at] * area


def test_the_coating_changed_the_interface_and_by_how_much():
    result = run(pair(), common="0.7854(16) cm2")
    ratio = of(result, "resistance_ratio", "lho", element="R_cam_se")
    assert ratio.lo95 < 50 / 850 < ratio.hi95
    assert ratio.std / ratio.value < 0.01
    change = of(result, "resistance_change", "lho", element="R_cam_se")
    assert change.lo95 < -800 < change.hi95
    assert value(result, "bare", "R_cam_se") == pytest.approx(850, rel=0.02)
    assert result.get("r_bulk").lo95 < 15 < result.get("r_bulk").hi95
    assert "the data admit sharing R_bulk, R_gb, Q_gb.Q, Q_gb.n" in texts(result, "pass")
    assert not [e for e in result.entries if e.name == "resistance_ratio" and e.state["element"] == "R_bulk"]


def test_an_area_declared_once_cancels_in_the_ratio_and_areas_of_cells_do_not():
    assert of(run(pair()), "resistance_ratio", "lho", element="R_cam_se").std > 0
    assert of(run(pair()), "resistance_change", "lho", element="R_cam_se").std is None
    own = run(pair(), common="", areas={"bare": "0.7854(78) cm2", "lho": "0.7854(78) cm2"})
    ratio = of(own, "resistance_ratio", "lho", element="R_cam_se")
    assert ratio.std / ratio.value == pytest.approx(np.sqrt(2) * 0.01, rel=0.1)
    unknown = run(pair(), common="", areas={"bare": "0.7854 cm2", "lho": "0.7854 cm2"})
    assert of(unknown, "resistance_ratio", "lho", element="R_cam_se").std is None


def test_cells_of_different_area_share_what_is_the_same_per_area():
    signals = {"bare": virtual(BARE, 0, 0.7854), "lho": virtual(LHO, 1, 1.131)}
    result = run(signals, common="", areas={"bare": "0.7854(8) cm2", "lho": "1.131(1) cm2"})
    change = of(result, "resistance_change", "lho", element="R_cam_se")
    assert change.lo95 < -800 < change.hi95
    assert result.get("r_gb").value == pytest.approx(22, rel=0.02)
    assert "admit sharing" in texts(result, "pass")


def test_what_is_not_the_same_is_not_shared():
    result = run(pair(lho=LHO | {"R_gb": 30}))
    assert "the data speak against sharing" in texts(result, "warn")
    assert "those of separate fits" in texts(result, "warn")
    assert value(result, "lho", "R_gb") == pytest.approx(30, rel=0.03)
    assert of(result, "resistance_ratio", "lho", element="R_gb").value == pytest.approx(30 / 22, rel=0.05)


def test_without_sharing_the_contrast_is_that_of_separate_fits():
    result = run(pair(), replace(SHARED, shared=()))
    assert "nothing is shared" in texts(result, "info")
    ratio = of(result, "resistance_ratio", "lho", element="R_cam_se")
    assert ratio.lo95 < 50 / 850 < ratio.hi95


def test_a_cable_is_found_in_both():
    result = run(pair(cable=3e-8), replace(SHARED, cable="auto"))
    assert "a series inductance L_0 (cables) is fitted" in texts(result, "info")
    assert result.get("r_bulk").value == pytest.approx(15, rel=0.02)


def test_one_cell_over_temperatures_has_an_activation_energy():
    warm, energy = (15.0, 25.0, 35.0, 45.0), 35e3
    cell = (tool.make_resistor("R_1") | tool.make_cpe("Q_1")) - tool.make_cpe("Q_2")
    signals = []
    for k, t in enumerate(warm):
        r = 100 * np.exp(energy / 8.314462618 * (1 / (t + 273.15) - 1 / 303.15))
        truth = {"R_1": r, "Q_1.Q": 1e-9, "Q_1.n": 0.9, "Q_2.Q": 1e-5, "Q_2.n": 0.9}
        signals.append(virtual(truth, k, cell=cell, noise=3e-3))
    options = JointFitOptions(
        circuit="(R_1|Q_1)-Q_2", shared=("Q_1",), arrhenius=("R_1",), temperatures=warm, cable="never"
    )
    result = run({"cell": signals}, options)
    found = result.get("activation_energy", element="R_1")
    assert found.lo95 < 35 < found.hi95
    assert found.std < 0.5
    with pytest.raises(NacreError, match="3 for 4 spectra"):
        run({"cell": signals}, replace(options, temperatures=warm[:3]))
    with pytest.raises(NacreError, match=r"the temperature.* is not given, and Arrhenius' law needs it"):
        run({"cell": signals}, replace(options, temperatures=()))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"shared": ("R_bulc",)}, r"did you mean 'R_bulk'\?"),
        ({"reference": "bore"}, "no input 'bore' to compare with; expected bare, lho"),
        ({"circuit": ""}, "no circuit is named"),
        ({"shared": ("R_gb",), "fixed": ("R_gb = 3",)}, "R_gb is shared and also fixed"),
    ],
)
def test_contradictions_are_refused_in_words(options, words):
    with pytest.raises(NacreError, match=words):
        run(pair(), replace(SHARED, **options))


def test_one_spectrum_is_not_a_joint_fit():
    with pytest.raises(NacreError, match="a joint fit needs two spectra"):
        run({"bare": virtual(BARE, 0)})


def test_a_drifting_cell_bears_no_uncertainty():
    cell = tool.make_resistor("R_0") - (tool.make_resistor("R_1") | tool.make_cpe("Q_1")) - tool.make_capacitor("C_2")
    truth = {"R_0": 20, "R_1": 300, "Q_1.Q": 2e-4, "Q_1.n": 0.9, "C_2": 0.05}
    signals = {"a": virtual(truth, 1, cell=cell, noise=5e-4)}
    signals["b"] = virtual(truth, 2, cell=cell, drift=0.6, drifting="R_1", noise=5e-4)
    result = run(signals, JointFitOptions(circuit="R_0-(R_1|Q_1)-C_2", cable="never"))
    assert "b: the spectrum breaks Kramers-Kronig" in texts(result, "fail")
    assert of(result, "resistance_ratio", "b", element="R_1").std is None
