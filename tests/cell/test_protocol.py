"""Protocols in words: the steps they become for a cell, their export, and every kind of mistake."""

from pathlib import Path

import pytest

import nacre
from nacre.cell.protocol import (
    ProtocolLoop,
    ProtocolStep,
    bind_to_cell,
    parse_protocol,
    unroll_steps,
    write_pybamm_experiment,
    write_step_table,
)
from nacre.cell.recipe.layers import compute_recipe
from nacre.core.context import Context
from nacre.core.errors import NacreError

STUDY = nacre.load(Path(__file__).parents[2] / "studies" / "lho-ncm85")
CELL = compute_recipe(Context(STUDY.name, STUDY.samples["lho"], STUDY.cells["lho-1"], inputs=STUDY.inputs))

TEXT = """
charge at 0.1C to 2.75 V
hold at 2.75 V until C/20 or for 5 h     # whichever comes first
rest 1 h
Discharge at 1 C-rate for 30 min or until 1.35 V
repeat 200 times:
    charge at 38 mA/g until 2.75 V
    repeat 2 times:
        rest 10 s
    discharge at 0.4 mA/cm2 to 1.35 V
repeat 3 times: charge at 300 uA to 2.75 V; rest 1 h
"""


def test_words_become_amperes_volts_and_seconds():
    steps = bind_to_cell(parse_protocol(TEXT), CELL)
    mass, area = 8.316e-3, 0.785398
    current = pytest.approx(0.1 * 0.19 * mass)
    assert steps[0] == ProtocolStep("charge", 1, current, until_voltage=2.75, text="charge at 0.1C to 2.75 V")
    hold = steps[1]
    assert (hold.voltage, hold.until_time) == (2.75, 18000)
    assert hold.until_current == pytest.approx(0.05 * 0.19 * mass)
    assert (steps[2].kind, steps[2].until_time) == ("rest", 3600)
    assert (steps[3].current, steps[3].until_time) == (pytest.approx(-0.19 * mass), pytest.approx(1800))
    loop = steps[4]
    assert isinstance(loop, ProtocolLoop) and loop.times == 200 and isinstance(loop.steps[1], ProtocolLoop)
    assert loop.steps[0].current == pytest.approx(0.038 * mass)
    assert loop.steps[2].current == pytest.approx(-0.4e-3 * area, rel=1e-5)
    assert steps[5].steps[0].current == pytest.approx(3e-4)
    assert len(list(unroll_steps(steps))) == 4 + 200 * 4 + 3 * 2


def test_the_step_table():
    rows = write_step_table(bind_to_cell(parse_protocol(TEXT), CELL)).splitlines()
    assert rows[0] == "step,do,current / mA,voltage / V,to voltage / V,to current / mA,time / h,repeat"
    assert rows[1] == "1,charge,0.158004,,2.75,,,"
    assert rows[2] == "2,hold,,2.75,,0.079002,5,"
    assert rows[7:10] == [
        ',repeat,,,,,,"step 6, 2 times"',
        "7,discharge,-0.314159,,1.35,,,",
        ',repeat,,,,,,"steps 5-7, 200 times"',
    ]


def test_the_pybamm_text_is_python_with_one_cycle_per_pass():
    class Pybamm:
        def Experiment(self, parts):
            return parts

    text = write_pybamm_experiment(bind_to_cell(parse_protocol(TEXT), CELL))
    names = {"pybamm": Pybamm()}
    exec(compile(text.replace("import pybamm", ""), "experiment", "exec"), names)
    parts = names["experiment"]
    assert parts[0] == "Charge at 0.158004 mA until 2.75 V"
    assert parts[1] == "Hold at 2.75 V for 18000 seconds or until 0.079002 mA"
    assert parts[2:4] == ["Rest for 3600 seconds", "Discharge at 1.58004 mA for 1800 seconds or until 1.35 V"]
    assert parts[-1] == ("Charge at 0.3 mA until 2.75 V", "Rest for 3600 seconds")
    assert len(parts) == 4 + 200 * 4 + 3


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("rest 1 h\nchrage at 0.1C to 2.75 V", "line 2: unknown word 'chrage' at character 1; expected a step: charge"),
        ("chrage at 0.1C to 2.75 V", "Did you mean 'charge'?"),
        ("rest 1 h; dischrge at 1C to 1 V", "unknown word 'dischrge' at character 11"),
        (
            "charge at 0.1C untill 2.75 V",
            "unknown word 'untill' at character 16; expected to, until, for or or. Did you",
        ),
        ("charge at 0.1C", "a charge without an end; found charge at 0.1C; expected charge at 0.1C to 2.75 V"),
        ("charge 0.1C to 2.75 V", "'charge' needs `at`"),
        ("charge at 0.1X to 2.75 V", "cannot read '0.1X' at character 11; expected charge at 0.1C to 2.75 V"),
        (
            "charge at 2 V to 2.75 V",
            "'2 V' at character 11 measures the wrong thing; expected A or mA/g or mA/cm2 or C-",
        ),
        ("charge at 0.1C to 2 h W", "'2 h W' at character 19 measures the wrong thing; expected V or h or Ah or"),
        ("hold at 0.1C until C/20", "'0.1C' at character 9 measures the wrong thing; expected V"),
        ("discharge at -1C to 1.35 V", "'-1C' at character 14 must be above 0. The direction is in the word"),
        ("charge at 0.1C to 2,75 V", "Use a decimal point"),
        ("rest until 3 V", "'3 V' at character 12 measures the wrong thing; expected h"),
        ("rest", "a rest without an end; found rest; expected rest for 1 h"),
        (
            "repeat many times: rest 1 h",
            "cannot read the repetition; found repeat many times: rest 1 h; expected repeat 200",
        ),
        ("repeat 0 times: rest 1 h", "cannot read the repetition"),
        ("repeat 3 times:", "nothing to repeat. Indent the lines to repeat"),
        ("rest 1 h; repeat 3 times:", "nothing to repeat. Write the steps behind the colon"),
        ("rest 1 h\n   rest 2 h", "line 2: the line is indented, but no `repeat ... times:` stands above it"),
        ("  rest 1 h\nrest 2 h", "line 2: the line is indented less than the first"),
        ("# nothing", "an empty protocol"),
    ],
)
def test_a_mistake_is_named_with_its_place(text, words):
    with pytest.raises(NacreError) as caught:
        bind_to_cell(parse_protocol(text), CELL)
    assert words in str(caught.value)


def test_a_study_names_the_line_of_a_bad_protocol(tmp_path):
    text = (STUDY.folder / "study.toml").read_text(encoding="utf-8")
    (tmp_path / "study.toml").write_text(text.replace("discharge at 0.1C to", "dischagre at 0.1C to"), "utf-8")
    with pytest.raises(NacreError, match=r"study.toml:\d+: protocol, line 2: unknown word 'dischagre' at character 1"):
        nacre.load(tmp_path)


def test_powers_and_charges():
    text = "charge at 0.1C until 100 mAh/g or to 2.75 V; discharge at 5 mW to 1.35 V; charge at 10 mW/cm2 for 1 h"
    steps = bind_to_cell(parse_protocol(text), CELL)
    # at constant current a charge is a time: 100 mAh/g at 19 mA/g
    assert steps[0].until_time == pytest.approx(3600 * 100 / 19) and steps[0].until_voltage == 2.75
    assert (steps[1].power, steps[1].current) == (pytest.approx(-5e-3), None)
    assert steps[2].power == pytest.approx(0.01 * 0.785398, rel=1e-6)
    assert bind_to_cell(parse_protocol("charge at 1 mA until 2 mAh or until 1 mAh"), CELL)[0].until_time == 3600
    rows = write_step_table(steps).splitlines()
    assert rows[0].endswith("repeat,power / mW") and rows[2] == "2,discharge,,,1.35,,,,-5"
    assert '"Discharge at 0.005 W until 1.35 V"' in write_pybamm_experiment(steps)
    with pytest.raises(
        NacreError, match="a charge ends a step at constant current only; found discharge at 5 mW until"
    ):
        bind_to_cell(parse_protocol("discharge at 5 mW until 1 mAh"), CELL)


def test_a_repeat_within_a_line_takes_the_rest_of_it():
    steps = bind_to_cell(parse_protocol("rest 1 h; repeat 2 times: rest 2 h; repeat 3 times: rest 3 h; rest 4 h"), CELL)
    assert [s.until_time / 3600 for s in unroll_steps(steps)] == [1, 2, 3, 4, 3, 4, 3, 4, 2, 3, 4, 3, 4, 3, 4]
