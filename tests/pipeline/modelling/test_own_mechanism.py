"""An ageing mechanism in `plugins/` of a study: the example of docs/ageing.md, as it stands there; what cannot be."""

import math
import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from nacre.cell import cell_toml
from nacre.cell.ageing.jumping import JumpSettings
from nacre.cell.ageing.lifetime import age
from nacre.cell.ageing.long_test import LongTestAccuracy
from nacre.cell.ageing.plugins import load_mechanisms
from nacre.cell.ageing.slow_states import Ageing, Drive, MechanismError, SlowState
from nacre.cell.exchange import write_bpx
from nacre.core.errors import NacreError
from nacre.evidence.calibrate.fit import fit
from nacre.evidence.calibrate.model import Model, cells_of
from nacre.evidence.calibrate.observed import KINDS, Observed
from nacre.evidence.calibrate.predict import Case, changed
from nacre.evidence.calibrate.problem import Problem
from nacre.evidence.calibrate.rivals import problem_of, read_rivals
from nacre.evidence.calibrate.run import prepare
from nacre.evidence.calibrate.settings import Free
from nacre.evidence.calibrate.simulated_tests import Plan
from nacre.physics.p2d import Mesh
from nacre.pipeline.loading.load import load, read
from nacre.pipeline.modelling.simulate import find
from nacre.pipeline.running.kept_calibration import key_of
from pipeline.modelling.test_calibrate import REDUCED, reduced

DOC = (Path(__file__).parents[3] / "docs" / "ageing.md").read_text(encoding="utf-8")
CREEP = re.search(r'```python\n("""plugins/creep.py.*?)```', DOC, re.DOTALL)[1]
TOML = re.search(r"```toml\n(\[model.ageing\].*?)```", DOC, re.DOTALL)[1]
MODEL, PARAMETER = (part for part in (TOML[: TOML.index("[[")], TOML[TOML.index("[[") :]))
RIVAL = '\n[[calibration.rival]]\nname = "no creep"\nwithout = ["ageing.creep_rate"]\n'
HOUR, SMALL = 3600.0, LongTestAccuracy(Mesh(1, 4, 12, 2, 4.0), 5e-4, 0.2)


def study_with(folder, plugin=CREEP, study=MODEL + REDUCED + PARAMETER + RIVAL, name="creep.py"):
    reduced(folder, study)
    (folder / "plugins").mkdir(exist_ok=True)
    (folder / "plugins" / name).write_text(plugin, encoding="utf-8")
    return folder


@pytest.fixture
def folder(tmp_path):
    return study_with(tmp_path / "study")


def after(ageing, hours, pieces=1):
    state = ageing.start
    for _ in range(pieces):
        state = ageing.advance(state, Drive(hours * HOUR / pieces, 318.15, 3.9, 1.1, 2.0))
    return state


# --- truth ----------------------------------------------------------------------------------------------------


def test_the_example_of_the_docs_is_found_and_ages_the_cell_by_its_law(folder):
    study, problems = read(folder)
    assert problems.errors == []
    bare = cells_of(study)["bare"]
    assert bare.value("ageing.creep_rate") == 2e-4 and bare.numbers["ageing.creep_rate"].status == "assumed"
    ageing = Ageing.of(bare)
    assert [m.name for m in ageing.mechanisms] == ["interphase", "contact loss", "fracture", "creep"]
    # alone, from half the contact: the closed form
    creep = ageing.without("interphase", "contact loss", "fracture").mechanisms[0]
    healed = creep.advance(SlowState(), SlowState(contact=0.5), Drive(1000 * HOUR, 318.15, 3.9, 1.1, 2.0))
    assert healed.contact == pytest.approx(1 - 0.5 * math.exp(-0.2))
    # with the loss: dc/dt = loss + k (1 - c), by small steps of its own
    g = np.sqrt(np.linspace(0.0, 400.0, 10001))
    rate, theta = bare.value("ageing.contact_loss"), 1.0
    for low, high in pairwise(g):
        theta = 1 / (1 / theta + rate * (high - low))
        theta = 1 - (1 - theta) * math.exp(-2e-4 * 0.04)
    coarse, fine = (after(ageing, 400.0, pieces).contact / theta - 1 for pieces in (100, 400))
    assert abs(fine) < 2e-4 and coarse == pytest.approx(4 * fine, rel=0.1)  # two laws by turns: the first order
    # a zero switches it off, and so does a study without the plugin
    assert [m.name for m in Ageing.of(bare.changed({"ageing.creep_rate": "0 1/h"})).mechanisms][-1] == "fracture"


def test_a_calibration_finds_the_number_of_ones_own_mechanism(folder):
    """Synthetic: the truth has a creep of 1e-3 1/h, simulated with every cycle."""
    cell = cells_of(load(folder))["bare"].changed({"cathode.particle_spread": "0", "cathode.particle_classes": "1"})
    free = (
        Free("ageing.contact_loss", "1", 0.01, 2.0, log=True),
        Free("ageing.creep_rate", "1/h", 1e-5, 1e-1, log=True),
    )
    plan = Plan(rates=(0.2,), cycles_per_rate=1, ageing_cycles=60, how=SMALL, jump=JumpSettings(1.0, 60, 10))
    truth = np.array([0.2, 1e-3])
    asked = [("r_cam_se", n, 5.0) for n in (1, 20, 60)] + [("capacity_retention", n, 0.5) for n in (20, 60)]
    state = {"r_cam_se": {"at": "end of discharge"}, "capacity_retention": {"segment": "ageing"}}

    def problem(plan, values):
        rows = [Observed("bare", name, {"cycle": n, **state[name]}, value, std, KINDS[name].unit)
                for (name, n, std), value in zip(asked, values, strict=True)]  # fmt: skip
        return Problem(Model({"bare": cell}, free, plan, ["bare"], fine=(20, 60)), tuple(rows))

    full = problem(plan.in_full, [0.0] * len(asked))
    exact = full.predicted(full.model.unit(truth))
    found = fit(problem(plan, exact), starts=1, seed=2)
    assert found.values == pytest.approx(truth, rel=0.05)
    without = problem(plan, exact).model.unit(np.array([0.2, 1e-5]))
    assert np.abs(problem(plan, exact).residuals(without)).max() > 5.0  # the evidence does tell


def test_settings_rivals_predictions_and_files_know_its_numbers(folder, tmp_path):
    study = load(folder)
    settings, problem = prepare(study)
    assert settings.free[-1].name == "ageing.creep_rate" and settings.free[-1].unit == "1/h"
    rival = problem_of(read_rivals(study)[0], problem)
    assert rival.model.constant == {"ageing.creep_rate": 0.0}
    cell = cells_of(study)["lho"]
    case = Case("x", "lho", {"ageing.creep_rate": "0.01 1/h"})
    assert changed(cell, case).value("ageing.creep_rate") == 0.01
    # a cell.toml within the study is read with its plugins; elsewhere it says what is missing
    file = cell_toml.save(cell, folder / "results" / "calibration" / "lho_cell.toml")
    assert "the rate at which contact heals" in file.read_text(encoding="utf-8")
    assert find(file, [], "rest for 1 h").cells[cell.name][0].value("ageing.creep_rate") == 2e-4
    with pytest.raises(NacreError, match=r"unknown parameter 'ageing.creep_rate'.*plugins/ of the study"):
        cell_toml.load(cell_toml.save(cell, tmp_path / "elsewhere" / "lho_cell.toml"))
    words = write_bpx(cell)["Header"]["Description"]
    assert "Left out, of ageing mechanisms of the study's own: ageing.creep_rate." in words


def test_a_kept_calibration_grows_old_when_the_mechanism_changes(folder):
    before = key_of(load(folder))
    plugin = folder / "plugins" / "creep.py"
    plugin.write_text(CREEP.replace("1 - left)", "1 - 0.9 * left)"), encoding="utf-8")
    assert key_of(load(folder)) != before
    plugin.write_text(CREEP, encoding="utf-8")
    assert key_of(load(folder)) == before


def test_two_studies_in_one_program_have_each_their_own(folder, tmp_path):
    other = study_with(tmp_path / "other", CREEP.replace("1 - left)", "1 - 0.5 * left)"))
    one, two = (Ageing.of(cells_of(load(f))["bare"]).mechanisms[-1] for f in (folder, other))
    drive, half = Drive(0.0, 318.15, 3.9, 1.1, 2.0), SlowState(contact=0.5)
    assert (one.advance(half, half, drive).contact, two.advance(half, half, drive).contact) == (0.5, 0.75)


# --- bad input ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"creep"', '"fracture"', r"plugins/creep.py: 'fracture' is the name of an ageing mechanism of the package. "
         r"Give yours a name of its own"),
        ('"creep_rate": ParameterSpec', '"contact_loss": ParameterSpec',
         r"plugins/creep.py: the number 'contact_loss' of the ageing mechanism 'creep' is taken; found one of the "
         r"package. Rename it"),
        ("MECHANISM = Creep", "MECHANISM = Creep(1.0)", r"plugins/creep.py: MECHANISM is not the class of an ageing "
         r"mechanism; found Creep; expected a class with name, words, citation, of\(parameters\) and advance"),
        ("def of(", "def made(", r"MECHANISM is not the class .*; found a class without of;"),
        ("citation:", "cited:", r"MECHANISM is not the class .*; found a class without citation;"),
        ('ParameterSpec("1/h", "the rate at which contact heals", default=0.0, at_low=True)', "2e-4",
         r"the numbers of the ageing mechanism 'creep' cannot be read; found {'creep_rate': 0.0002}; expected "),
        ("default=0.0, at_low=True", "default=0.0", r"'creep_rate' needs a default within its bounds; found 0.0"),
        (", default=0.0, at_low=True", "", r"the number 'creep_rate' needs a default within its bounds; found None"),
        ('ParameterSpec("1/h"', 'ParameterSpec("1/hor"', r"plugins/creep.py, creep_rate: .*'1/hor'"),
        ('"creep_rate": ParameterSpec', '"Creep rate": ParameterSpec',
         r"plugins/creep.py: no name of a number; found 'Creep rate'"),
        ("MECHANISM =", "mechanism =", r"plugins/creep.py: a plugin defines neither READER nor .* nor MECHANISM"),
        ("import math", "import mahts", r"plugins/creep.py:3: a plugin crashed .*; found ModuleNotFound"),
    ],
)  # fmt: skip
def test_a_bad_plugin_is_told_with_its_file(folder, old, new, words):
    assert old in CREEP
    study_with(folder, CREEP.replace(old, new, 1))
    found = [p.text for p in read(folder)[1].errors]
    assert len([text for text in found if re.search(words, text)]) == 1, found


def test_two_plugins_cannot_share_a_mechanism_or_a_number(folder):
    study_with(folder, CREEP, name="other.py")
    with pytest.raises(NacreError, match=r"plugins/other.py: two plugins define 'creep'. Rename one"):
        load_mechanisms(folder)
    study_with(folder, CREEP.replace('= "creep"', '= "flow"'), name="other.py")
    with pytest.raises(NacreError, match=r"plugins/other.py: the number 'creep_rate' of the ageing mechanism 'flow' is "
                                         r"taken; found one of plugins/creep.py"):  # fmt: skip
        load_mechanisms(folder)


def test_a_study_without_the_plugin_says_what_is_missing(folder):
    (folder / "plugins" / "creep.py").unlink()
    found = [p.text for p in read(folder)[1].errors]
    assert any(re.search(r"unknown parameter 'ageing.creep_rate'\..* A mechanism of your own", t) for t in found)


@pytest.mark.parametrize(
    ("old", "new", "kind", "words"),
    [
        ('value("ageing.creep_rate", "1/h")', 'value("ageing.crep_rate")', NacreError, r"unknown parameter 'ageing"),
        ("return Creep(rate)", "return Creep()", MechanismError, r"creep.py:26: of\(\) of the .*'creep' crashed"),
        ("return Creep(rate) if", "return rate if", NacreError, r"this is no ageing mechanism; found float"),
        ("drive.seconds", "drive.second", MechanismError, r"creep.py:29: advance\(\) of the .*'creep' crashed; "
         r"found AttributeError: .*second.*Mend it"),
        ("return after.changed", "after.changed", MechanismError, r"advance\(\) of .*'creep' gives no state; found"),
        ("-self.rate", "1e9 * self.rate", NacreError, r"'creep' gives an impossible cell; found OverflowError"),
        ("1 - left)", "2 - left)", NacreError, r"'creep' gives an impossible cell; found seconds = .*contact = "),
        ("    def advance", "    def sense(self, potential):\n        return 1.0\n\n    def advance", MechanismError,
         r"sense\(\) of the ageing mechanism 'creep' gives no value for every potential; found shape \(\)"),
        ("    def advance", "    def sense(self, potential):\n        return potential.log()\n\n    def advance",
         MechanismError, r"creep.py:29: sense\(\) of the ageing mechanism 'creep' crashed; found AttributeError"),
    ],
)  # fmt: skip
def test_a_mechanism_that_misbehaves_is_named_with_its_line(folder, old, new, kind, words):
    assert old in CREEP
    cell = cells_of(load(study_with(folder, CREEP.replace(old, new, 1))))["bare"]
    with pytest.raises(kind, match=words):
        age(cell, "charge at 0.2C to 2.75 V; discharge at 0.2C to 1.35 V", how=SMALL)


def test_no_search_takes_a_mistake_in_the_file_for_a_cell_that_fails(folder):
    _, problem = prepare(load(study_with(folder, CREEP.replace("drive.seconds", "drive.second"))))
    with pytest.raises(MechanismError, match=r"creep.py:29"):
        problem.residuals(np.full(len(problem.free), 0.5))
    _, problem = prepare(load(study_with(folder, CREEP.replace("1 - left)", "2 - left)"))))
    assert problem.residuals(np.full(len(problem.free), 0.5)).max() == 50.0  # no cell: far off, yet finite
