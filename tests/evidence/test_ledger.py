"""The ledger on the reference study (published values), on changed inputs, on files, and with a study's own rows."""

import csv
import dataclasses
import math
from pathlib import Path

import pytest

import nacre
from nacre.core.errors import NacreError
from nacre.core.quantity import Quantity, parse
from nacre.core.result import Entry, Result, Subject
from nacre.evidence.ledger import evaluate, ledger, value
from pipeline import toys

STUDY = Path(__file__).parents[2] / "studies" / "lho-ncm85"
HF, PHASES = {"element": "Hf"}, {"of": "HfO2", "to": "Li2HfO3"}
PAPER = list(csv.DictReader((Path(__file__).parent / "paper_relations.csv").read_text("utf-8").splitlines()))


@pytest.fixture(scope="module")
def study():
    return nacre.load(STUDY)


def rows_of(study, results=()):
    return {row.relation: row for row in ledger(study, results)}


def reporting(study, sample, name, text, state=None):
    """The study with another published value in the place of one."""
    changed = []
    for row in study.reported:
        if (row.sample, row.name) == (sample, name) and (state is None or row.state == state):
            quantity = parse(text, row.quantity.unit, origin="reported").tagged(row.id)
            row = dataclasses.replace(row, quantity=quantity)
        changed.append(row)
    assert changed != list(study.reported)
    return dataclasses.replace(study, reported=tuple(changed))


def declaring(study, name, text):
    quantity = parse(text, study.inputs[name].unit).tagged(f"study:{name}")
    return dataclasses.replace(study, inputs={**study.inputs, name: quantity})


# --- the published arithmetic -------------------------------------------------------------------------------


@pytest.mark.parametrize("paper", PAPER, ids=lambda row: row["id"])
def test_every_published_relation_is_in_the_ledger_and_computes_as_by_hand(study, paper):
    row = rows_of(study)[paper["id"]]
    assert row.computed == pytest.approx(float(paper["computed"]), abs=float(paper["tol"]))
    if paper["kind"] == "paper":
        assert row.verdict == ("broken" if paper["id"] == "G2" else "holds")
        assert row.evidence in ("reported", "declared") and row.stated is not None


def test_the_theoretical_capacity_is_broken_by_rounding_and_said_so(study):
    row = rows_of(study)["G2"]
    assert row.verdict == "broken" and row.computed == pytest.approx(274.978, abs=2e-3) and row.stated == 274
    assert row.rule == "broken by rounding: apart by 0.978 mAh/g, where the written digits allow 0.5 mAh/g"
    assert row.sigma is None


def test_without_declared_uncertainty_none_is_invented(study):
    for name in ("C1", "C3", "C5", "C7", "T1"):
        row = rows_of(study)[name]
        assert row.std is None and row.sigma is None


def test_declared_uncertainties_run_through_to_the_coating(study):
    sharp = reporting(reporting(study, "lho", "element_content", "0.84(2) wt%"), "lho", "species_ratio", "1.02(10)")
    whole = value(sharp, [], "reported", "C3")
    assert str(whole) == "1.060(25) wt%"
    # by hand: d(sum)/dw = sum/w, d(sum)/dr = w/(1+r)^2 (1/w_ox - 1/w_prod)
    w_oxide, w_product = 178.486 / 210.484, 178.486 / 240.363
    by_hand = math.hypot(1.0602 / 0.84 * 0.02, 0.84 / 2.02**2 * (1 / w_oxide - 1 / w_product) * 0.1)
    assert whole.std == pytest.approx(by_hand, rel=1e-3)
    assert value(sharp, [], "reported", "C7").std == pytest.approx(2.56, abs=0.02)  # umol/g
    assert value(sharp, [], "reported", "C8").std == pytest.approx(0.00946, abs=2e-4)  # wt% Li2CO3
    assert value(sharp, [], "reported", "deposition-yield:lho").std == pytest.approx(2.4, abs=0.1)


def test_coating_amounts_of_the_paper(study):
    amounts = {name: value(study, [], "reported", name).value for name in ("C3", "C7", "C8", "T1")}
    assert amounts == pytest.approx({"C3": 1.060, "C7": 46.6, "C8": 0.172, "T1": 0.114}, rel=5e-3)
    assert value(study, [], "reported", "deposition-yield:lho").value == pytest.approx(100.1, abs=0.1)


# --- what breaks when an input is wrong ---------------------------------------------------------------------

CHANGES = {
    "element_content": (lambda s: reporting(s, "lho", "element_content", "0.60 wt%"), {"C1", "C2", "C3", "C5"}),
    "species_ratio": (lambda s: reporting(s, "lho", "species_ratio", "1.40"), {"C1", "C2"}),  # the sum hardly feels it
    "coating_content": (
        lambda s: reporting(s, "lho", "coating_content", "1.20 wt%", {}),
        {"C3", "C4"},
    ),
    "capacity at 1C": (
        lambda s: reporting(s, "lho", "discharge_capacity", "91 mAh/g", {"rate_C": 1.0, "segment": "rate"}),
        {"P3", "P6"},
    ),
    "capacity at 0.1C": (
        lambda s: reporting(s, "bare", "discharge_capacity", "140 mAh/g", {"cycle": 1, "rate_C": 0.1}),
        {"P4", "P5"},
    ),
    "retention": (
        lambda s: reporting(s, "lho", "capacity_retention", "41.4 %"),
        {"L1"},
    ),
    "counter_potential": (lambda s: declaring(s, "counter_potential", "1.75 V"), {"W1", "W2"}),
    "composite_mass": (lambda s: declaring(s, "composite_mass", "18 mg"), {"G1", "G3"}),
    "anode_fraction": (
        lambda s: declaring(s, "anode_fraction", "12 wt%"),
        {"G6", "N2", "N4", "L5", "anode-filling:bare"},
    ),
    "se_fraction": (lambda s: declaring(s, "se_fraction", "19.7 wt%"), {"G5", "G7"}),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_wrong_input_breaks_exactly_what_uses_it(study, change):
    edit, expected = CHANGES[change]
    before = {name: row.verdict for name, row in rows_of(study).items()}
    after = rows_of(edit(study))
    assert {name for name in after if after[name].verdict != before[name]} == expected
    assert all(after[name].verdict == "broken" for name in expected)


def test_what_breaks_with_hafnium_is_all_that_was_judged_on_it(study):
    before = rows_of(study)
    after = rows_of(reporting(study, "lho", "element_content", "0.60 wt%"))
    uses = {
        name
        for name, row in before.items()
        if "reported:lho/element_content@element=Hf" in row.uses and row.verdict == "holds"
    }
    uses -= {"antisites-of-lost-lithium:lho"}  # a bound that the antisites' last digit still keeps
    assert uses == {name for name, row in after.items() if row.verdict == "broken"} - {"G2"}


def test_sigma_counts_where_uncertainties_are_declared(study):
    sharp = reporting(reporting(study, "lho", "element_content", "0.60(2) wt%"), "lho", "species_ratio", "1.02(10)")
    sharp = reporting(sharp, "lho", "coating_content", "1.06(1) wt%", {})
    row = rows_of(sharp)["C3"]
    whole = 1.0602 * 0.60 / 0.84
    assert row.verdict == "broken" and "not equal within 2 sigma" in row.rule
    assert row.sigma == pytest.approx((1.06 - whole) / math.hypot(row.std, 0.01), rel=1e-3)


# --- operands in different states ---------------------------------------------------------------------------


def test_a_resistance_at_another_state_of_charge_cannot_tell_and_names_the_measurement(study):
    row = rows_of(study)["K3"]
    assert row.verdict == "cannot_tell" and row.computed == pytest.approx(342, abs=1) and row.stated == 60
    assert "cathode interfacial resistance of 'bare' (cycle 200, at H1-M)" in row.needs
    assert "impedance after the last cycle at the voltage of the peak (found: at end of discharge)" in row.needs


def at_the_peak(study, ohms):
    changed = [
        dataclasses.replace(row, state={**row.state, "at": "H1-M"}, quantity=Quantity(ohms, "ohm cm2", 0.05 * ohms))
        if row.name == "r_cam_se" and row.sample == "bare"
        else row
        for row in study.reported
    ]
    return dataclasses.replace(study, reported=tuple(changed))


@pytest.mark.parametrize(("ohms", "linear", "kinetic"), [(850, "holds", "holds"), (100, "broken", "broken")])
def test_at_the_same_state_the_overpotential_is_judged(study, ohms, linear, kinetic):
    rows = rows_of(at_the_peak(study, ohms))
    assert rows["K3"].verdict == linear
    row = rows["overpotential-butler-volmer:bare:cycle 200:0.2C:ageing:cycle 10"]
    thermal = 2 * 8.31446 * 318.15 / 96485.332 * 1000
    assert row.computed == pytest.approx(thermal * math.asinh(0.40235 * ohms / thermal), rel=1e-4)
    assert row.verdict == kinetic


def test_missing_titration_is_named(study):
    row = rows_of(study)["C8"]
    assert row.verdict == "cannot_tell" and row.computed == pytest.approx(0.172, abs=1e-3)
    assert row.needs == "residual Li2CO3 of 'bare', by acid titration of the bare powder"
    assert "gas adsorption (BET) on the powder (surface_area =" in rows_of(study)["T1"].needs


def test_an_unknown_phase_is_named_where_its_density_is_needed(study):
    coating = {**study.samples["lho"].coating, "phases": ["HfO2", "Li4HfO4"]}
    samples = {**study.samples, "lho": dataclasses.replace(study.samples["lho"], coating=coating)}
    rows = rows_of(dataclasses.replace(study, samples=samples))
    assert "the density of Li4HfO4, an unknown material" in rows["T1"].needs
    assert rows["C2"].verdict == "cannot_tell"  # 0.56 wt% was stated of Li2HfO3, not of this phase
    # nor is the published ratio that of this phase
    assert rows["C5"].verdict == "cannot_tell" and "n(HfO2)/n(Li4HfO4)" in rows["C5"].needs


def test_with_the_titration_the_lithium_balance_is_judged(study):
    made = [
        dataclasses.replace(study.reported[0], sample=sample, name="residual_li2co3", state={}, quantity=quantity)
        for sample, quantity in (("bare", parse("0.30(1) wt%")), ("lho", parse("0.13(1) wt%")))
    ]
    rows = rows_of(dataclasses.replace(study, reported=(*study.reported, *made)))
    assert {name: rows[name].verdict for name in ("C7", "C8", "C10")} == dict.fromkeys(("C7", "C8", "C10"), "holds")
    poor = [dataclasses.replace(made[0], quantity=parse("0.10(1) wt%")), made[1]]
    assert rows_of(dataclasses.replace(study, reported=(*study.reported, *poor)))["C8"].verdict == "broken"


# --- evidence sets ------------------------------------------------------------------------------------------


def result(name, quantity, state=None, sample="lho", cell="", origin="measured"):
    entry = Entry(name, dataclasses.replace(quantity, origin=origin), state or {})
    return Result("toy", f"toy:{sample}{cell}:{name}", Subject(sample, cell), (entry,), origin=origin)


def test_files_and_published_values_are_never_mixed(study):
    found = [result("element_content", Quantity(0.60, "wt%", 0.01), HF)]
    rows = ledger(study, found)
    files = [row for row in rows if row.evidence == "files"]
    assert files and all("reported:" not in use for row in files for use in row.uses)
    assert all("toy:" not in use for row in rows if row.evidence == "reported" for use in row.uses)
    (oxide,) = [row for row in files if row.words.startswith("oxide left")]
    assert oxide.verdict == "cannot_tell" and "n(HfO2)/n(Li2HfO3) of 'lho', by XPS" in oxide.needs


def test_files_are_judged_with_their_own_uncertainties(study):
    found = [
        result("element_content", Quantity(0.84, "wt%", 0.02), HF),
        result("species_ratio", Quantity(1.02, "1", 0.1), PHASES),
        result("coating_content", Quantity(1.06, "wt%", 0.02)),
    ]
    row = next(r for r in ledger(study, found) if r.evidence == "files" and r.relation == "C3")
    assert row.verdict == "holds" and row.sigma < 0.1 and not row.synthetic
    virtual = [dataclasses.replace(r, origin="synthetic") for r in found]
    assert next(r for r in ledger(study, virtual) if r.evidence == "files" and r.relation == "C3").synthetic


def test_contact_is_at_most_what_pictures_leave_closed(study):
    """Of the gap alone the ledger says what is missing; with a contact of the same evidence it judges."""
    state = {"stage": "cycled"}
    gap = result("gap_fraction", Quantity(30.0, "%", 0.6), state)
    row = next(r for r in ledger(study, [gap]) if r.relation == "contact:lho:cycled")
    assert row.verdict == "cannot_tell" and row.computed == pytest.approx(70.0)
    assert "a calibration of the cell model on the same evidence" in row.needs
    for contact, verdict in ((55.0, "holds"), (90.0, "broken")):
        found = [gap, result("contact_fraction", Quantity(contact, "%", 3.0), state)]
        row = next(r for r in ledger(study, found) if r.relation.startswith("contact") and r.stated == contact)
        assert row.verdict == verdict and row.evidence == "files"


def test_a_shared_error_cancels_in_a_relation_of_one_cell(study):
    """Specific and areal capacity of one cell share its mass: the relation is sharper than either."""
    study = declaring(declaring(study, "composite_mass", "12(2) mg"), "cam_fraction", "69.3(1) wt%")
    study = declaring(study, "diameter", "10.00(1) mm")
    mass = parse("12(2) mg").tagged("study:composite_mass")
    state = {"cycle": 1, "rate_C": 0.1}
    specific = Quantity(187.0, "mAh/g", 187 / 6, parts={"study:composite_mass": -187 / 6})
    area = Quantity(1.98, "mAh/cm2", 0.01)
    found = [
        result("discharge_capacity", specific, state, cell="lho-1"),
        result("areal_discharge_capacity", area, state, cell="lho-1"),
    ]
    row = next(r for r in ledger(study, found) if r.relation.startswith("areal-discharge:lho-1"))
    assert mass.std == 2 and row.verdict == "holds"
    assert row.std < 0.02  # 17 % of 1.98 would be 0.33


def test_a_measured_value_without_uncertainty_is_not_judged(study):
    found = [
        result("discharge_capacity", Quantity(187, "mAh/g"), {"cycle": 1, "rate_C": 0.1}, cell="lho-1"),
        result("coulombic_efficiency", Quantity(82.4, "%"), {"cycle": 1, "rate_C": 0.1}, cell="lho-1"),
        result("charge_capacity", Quantity(227, "mAh/g"), {"cycle": 1, "rate_C": 0.1}, cell="lho-1"),
    ]
    row = next(r for r in ledger(study, found) if r.relation == "first-charge:lho-1")
    assert row.verdict == "cannot_tell" and "an uncertainty of" in row.needs and "Coulombic efficiency" in row.needs


def test_replicates_are_averaged_with_their_spread(study):
    cells = {f"lho-{i}": dataclasses.replace(study.cells["lho-1"], name=f"lho-{i}") for i in (1, 2, 3)}
    study = dataclasses.replace(study, cells={**study.cells, **cells})
    found = [
        result("r_cam_se", Quantity(r, "ohm cm2"), {"cycle": 1, "at": "H1-M"}, cell=f"lho-{i}")
        for i, r in ((1, 48.0), (2, 50.0), (3, 52.0))
    ]
    found += [
        result("r_cam_se", Quantity(100.0, "ohm cm2", 1.0), {"cycle": 1, "at": "H1-M"}, "bare", "bare-1"),
        result("h1_m_shift", Quantity(10.0, "mV", 0.5), {"cycle": 1, "rate_C": 0.1}, "bare", "bare-1"),
    ]
    study = declaring(declaring(study, "composite_mass", "12.00(1) mg"), "cam_fraction", "69.30(1) wt%")
    row = next(r for r in ledger(study, found) if r.evidence == "files" and r.relation == "K1")
    assert row.verdict == "holds" and row.stated == pytest.approx(50.0)
    spread = 2 / math.sqrt(3) * 4.303 / 1.96
    sigma = abs(row.computed - 50) / math.sqrt(row.std**2 + 1 + spread**2)
    assert row.sigma == pytest.approx(sigma, rel=1e-3)


# --- further relations --------------------------------------------------------------------------------------

OWN = """
    [[reported]]
    sample = "lho"
    name = "mean_discharge_voltage"
    value = "4.0(1) V"

    [[ledger.relation]]
    id = "own"
    words = "a study's own relation"
    each = "sample"
    unit = "V"
    computed = "2 * v"
    stated = "8"
    operands = { v = { quantity = "mean_discharge_voltage" } }
"""


def test_a_study_adds_its_own_relation(tmp_path):
    study = nacre.load(toys.make(tmp_path / "s", toys.STUDY + OWN))
    row = rows_of(study)["own:lho"]
    assert (row.verdict, row.computed, row.stated, row.std) == ("holds", 8.0, 8.0, pytest.approx(0.2))
    assert row.words == "a study's own relation (lho)"


def test_a_technique_brings_its_own_relation_and_a_run_judges_it(tmp_path):
    row = (
        '{"id": "toy-double", "words": "toy", "each": "subject", "unit": "V", "computed": "2 * v", "stated": "2",'
        ' "operands": {"v": {"quantity": "mean_discharge_voltage", "state": {"cycle": "$cycle"}}}}'
    )
    old = 'needs=("cam_mass",))'
    plugin = toys.MEAN.replace(old, f'needs=("cam_mass",), relations=({row},))')
    assert plugin != toys.MEAN
    folder = toys.make(tmp_path / "s", plugins={**toys.ALL, "mean.py": plugin})
    rows = {row.relation: row for row in nacre.run(folder).ledger}
    assert rows["toy-double:bare-1:cycle 1"].verdict == "holds"
    broken = rows["toy-double:lho-1:cycle 1"]
    assert broken.verdict == "broken" and broken.evidence == "files"
    assert broken.sigma == pytest.approx((8 - 2) / (2 * 2 / 3**0.5))


def test_rows_are_the_same_whatever_order_results_come_in(study):
    found = [
        result("element_content", Quantity(0.84, "wt%", 0.02), HF),
        result("species_ratio", Quantity(1.02, "1", 0.1), PHASES),
        result("shell_thickness", Quantity(12, "nm", 1)),
    ]
    assert ledger(study, found) == ledger(study, found[::-1])


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"idz": {}}, "[ledger]: unknown key 'idz'. Did you mean 'ids'"),
        ({"off": ["n-over-q"]}, "[ledger] off: unknown relation 'n-over-q'. Did you mean 'n-over-p'"),
        ({"ids": {"doze:lho": "C5"}}, "[ledger] ids: unknown relation 'doze:lho'"),
        ({"relation": [{"id": "x"}]}, "relation 'x': words, each, operands, computed, unit missing"),
    ],
)
def test_a_ledger_table_that_is_wrong_is_refused_in_words(study, table, words):
    with pytest.raises(NacreError) as caught:
        ledger(dataclasses.replace(study, extra={**study.extra, "ledger": table}), [])
    assert words in str(caught.value)


def test_a_relation_can_be_left_out(study):
    off = dataclasses.replace(study, extra={**study.extra, "ledger": {**study.extra["ledger"], "off": ["dose"]}})
    assert "C5" in rows_of(study) and "C5" not in rows_of(off)
    assert all(judged.relation.id != "dose" for judged in evaluate(off, [], "reported"))


DENSE = {"HfO2": {"density": "9.68(5) g/cm3"}, "Li2HfO3": {"density": "6.60(15) g/cm3"}}


def covered(study, area, coverage, std=1.5, densities=DENSE):
    """`film-coverage` on files, and whether it is shown: 0.84 wt% of Hf as a 12 nm film on powder of `area`."""
    found = [
        result("element_content", Quantity(0.84, "wt%", 0.01), HF),
        result("species_ratio", Quantity(1.02, "1", 0.05), PHASES),
        result("shell_thickness", Quantity(12.0, "nm", 0.3)),
        result("shell_coverage", Quantity(coverage, "%", std)),
    ]
    inputs = {**study.inputs, "surface_area": parse(area, "m2/g").tagged("study:surface_area")} if area else {}
    study = dataclasses.replace(study, inputs=inputs or study.inputs, materials=densities)
    rows = {judged.id: judged.judgement for judged in evaluate(study, found, "files")}
    shown = {row.relation for row in ledger(study, found) if row.evidence == "files"}
    return rows["film-coverage:lho"], "film-coverage:lho" in shown


@pytest.mark.parametrize(("coverage", "verdict"), [(98.0, "holds"), (85.0, "holds"), (70.0, "broken")])
def test_a_dense_film_of_the_coating_covers_no_more_than_is_seen_covered(study, coverage, verdict):
    """By hand: 0.500 wt% HfO2 and 0.560 wt% Li2HfO3 are 1.36e-3 cm3/g; as 12 nm they cover 0.114 m2/g."""
    found, shown = covered(study, "0.130(2) m2/g", coverage)
    by_hand = 100 * (0.005002 / 9.68 + 0.005600 / 6.60) * 1e3 / (12.0 * 0.130)
    assert found.computed.value == pytest.approx(by_hand, rel=1e-3)
    assert (found.verdict, shown) == (verdict, True)


def test_without_a_surface_or_an_error_the_film_s_coverage_cannot_be_told(study):
    found, shown = covered(study, "", 70.0)
    assert found.verdict == "cannot_tell" and "gas adsorption (BET) on the powder (surface_area =" in found.needs
    assert not shown, "the row is quiet: film-area asks for the same measurement"
    found, _ = covered(study, "0.130(2) m2/g", 70.0, std=None)
    assert found.verdict == "cannot_tell"
    assert found.needs.startswith("an uncertainty of shell coverage (broken for any standard uncertainty of")
    found, _ = covered(study, "0.130(2) m2/g", 70.0, densities={})
    assert "an uncertainty of the density of Li2HfO3 (estimated)" in found.needs
