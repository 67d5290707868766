"""[calibration] in study.toml: what is read, and the words for what cannot be."""

import copy
import dataclasses
from pathlib import Path

import pytest

import nacre
from nacre.core.errors import NacreError
from nacre.core.quantity import Quantity
from nacre.core.result import Entry, Result, Subject
from nacre.core.study import Reported
from nacre.evidence.calibrate.evidence_set import gather
from nacre.evidence.calibrate.model import Model
from nacre.evidence.calibrate.observed import Observed
from nacre.evidence.calibrate.predict import parse_case, read_cases
from nacre.evidence.calibrate.rivals import read_rivals
from nacre.evidence.calibrate.run import must_age, prepare
from nacre.evidence.calibrate.settings import read_settings

STUDY = Path(__file__).parents[3] / "studies" / "lho-ncm85"


@pytest.fixture(scope="module")
def study():
    return nacre.load(STUDY)


def saying(study, change):
    """The study with another [calibration]; `change` edits it."""
    raw = copy.deepcopy(study.extra["calibration"])
    change(raw)
    return dataclasses.replace(study, extra={**study.extra, "calibration": raw})


def refused(study, change, *words, read=lambda s: gather(s, read_settings(s))):
    with pytest.raises(NacreError) as caught:
        read(saying(study, change))
    for word in words:
        assert word in str(caught.value)


def test_the_reference_study_fits_nine_numbers_to_fifteen_published_values(study):
    settings = read_settings(study)
    observed = gather(study, settings)
    assert len(settings.free) == 9 and len(observed) == 15
    assert settings.evidence == "reported"
    assert {o.rule for o in observed} == {"", "below"}
    first = next(o for o in observed if o.name == "discharge_capacity" and o.sample == "lho")
    assert first.std == pytest.approx(0.05 * 187 / 1.96, rel=1e-3)
    assert next(o for o in observed if o.name == "h1_m_shift" and o.state["cycle"] == 1).against == "lho"


def test_no_number_is_fitted_from_its_packaged_value(study):
    """Some packaged numbers were fitted to the same paper: they must not steer the search."""
    settings, problem = prepare(study)
    for free in settings.free:
        assert free.low < free.high
    assert {c.name for c in problem.model.cells.values()} == {"bare", "lho"}


# --- words of the issue ----------------------------------------------------------------------------------------


def test_an_observable_without_a_state(study):
    bare = Reported("bare", "discharge_capacity", Quantity(160.0, "mAh/g"), {}, "a table")
    odd = dataclasses.replace(study, reported=(*study.reported, bare))

    def change(raw):
        raw["observable"] = [{"name": "discharge_capacity", "sample": "bare", "relative": "5 %"}]

    refused(
        odd, change, "'discharge_capacity' of bare is without a state", "expected rate_C or cycle and segment", "Say"
    )


def test_a_prior_outside_the_physical_range(study):
    def change(raw):
        raw["parameter"][4]["prior"] = "0.5 +- 0.1"

    refused(study, change, "the prior of cathode.active lies outside its physical range", "found 0.5", "0.7 to 1")


def test_a_prior_without_a_width(study):
    def change(raw):
        raw["parameter"][4]["prior"] = "0.9"

    refused(study, change, "the prior of cathode.active has no width", "+-")


def test_evidence_used_twice_by_two_observables(study):
    def change(raw):
        raw["observable"].append(
            {"name": "discharge_capacity", "sample": "lho", "state": {"cycle": 1}, "relative": "2 %"}
        )

    refused(
        study,
        change,
        "evidence used twice: lho: specific discharge capacity, 0.1C, cycle 1",
        "Keep one",
    )


def test_evidence_used_twice_by_a_number_made_of_others(study):
    made = Reported("lho", "charge_capacity", Quantity(226.9, "mAh/g"), {"cycle": 1, "rate_C": 0.1})
    odd = dataclasses.replace(study, reported=(*study.reported, made))

    def change(raw):
        raw["observable"].append({"name": "charge_capacity", "relative": "5 %"})

    refused(odd, change, "evidence used twice", "computed from discharge_capacity and coulombic_efficiency")


def test_no_uncertainty_is_silent_and_a_stated_one_counts(study):
    refused(study, lambda raw: raw["observable"][0].pop("relative"), "'discharge_capacity' of lho needs a tolerance",
            "comes without an uncertainty")  # fmt: skip
    sure = Reported("lho", "discharge_energy", Quantity(420.0, "mWh/g", 4.0), {"cycle": 1, "rate_C": 0.1})
    raw = saying(dataclasses.replace(study, reported=(sure,)), lambda raw: raw.update(
        observable=[{"name": "discharge_energy"}]))  # fmt: skip
    assert gather(raw, read_settings(raw))[0].std == 4.0


def test_published_values_and_files_are_never_mixed(study):
    refused(study, lambda raw: raw.update(evidence="both"), "unknown evidence 'both'", "never both")
    file = Entry("discharge_capacity", Quantity(180.0, "mAh/g"), {"cycle": 1, "rate_C": 0.1}, Subject("lho"))
    result = Result("cycling", "cycling:lho", entries=(file,), origin="synthetic")
    raw = saying(study, lambda raw: raw.update(evidence="files", observable=[
        {"name": "discharge_capacity", "sample": "lho", "relative": "5 %"}]))  # fmt: skip
    found = gather(raw, read_settings(raw), [result])
    assert [o.value for o in found] == [180.0]
    assert "a software round trip, not evidence" in found[0].source


# --- other words -----------------------------------------------------------------------------------------------


def test_what_cannot_be_read_is_named_with_its_cure(study):
    def parameter(**keys):
        return lambda raw: raw["parameter"][0].update(keys)

    refused(
        study, parameter(name="cathode.difusivity"), "unknown parameter 'cathode.difusivity'", "cathode.diffusivity"
    )
    refused(study, parameter(range=["1e-10 cm2/s"]), "has no range", "physically possible")
    refused(study, parameter(range=["1e-10 cm2/s", "1e-13 cm2/s"]), "the range of cathode.diffusivity", "rising")
    refused(study, parameter(scale="square"), "cannot have the scale 'square'")
    refused(study, parameter(sample="lhoo"), "unknown sample 'lhoo'", "lho")
    refused(study, parameter(bounds=[1]), "unknown key 'bounds'")
    refused(study, lambda raw: raw.update(parameter=[]), "nothing to fit")
    refused(study, lambda raw: raw.update(starts=0), "starts must be a whole number")
    refused(study, lambda raw: raw["parameter"].append(raw["parameter"][0] | {"sample": "lho"}), "fitted twice",
            "shared and of lho")  # fmt: skip


def test_observables_that_no_model_or_test_knows(study):
    def asking(**keys):
        return lambda raw: raw.update(observable=[{"relative": "5 %", **keys}])

    refused(study, asking(name="element_content"), "the cell model says nothing of 'element_content'")
    refused(study, asking(name="discharge_capacty"), "discharge_capacity")
    refused(study, asking(name="discharge_capacity", state={"rate_C": 0.7}), "no reported value fits")
    refused(study, asking(name="r_cam_se", absolute="5 ohm cm2"), "needs one tolerance", "both")
    refused(study, asking(name="r_cam_se", relative="0 %"), "must be above 0")
    late = Reported("lho", "discharge_capacity", Quantity(150.0, "mAh/g"), {"cycle": 50, "rate_C": 0.2})
    odd = dataclasses.replace(study, reported=(late,))
    refused(odd, asking(name="discharge_capacity"), "the rate test has no such cycle", "50", 'segment = "ageing"')
    refused(study, lambda raw: raw.update(observable=[]), "no evidence to calibrate on")
    refused(study, lambda raw: raw["tests"].update(ageing_cycles=100), "the ageing test has no such cycle", "1 to 100")
    refused(study, lambda raw: raw["tests"].update(rates=["0.1C", "1C"]), "the rate test has no such rate", "rates")


def test_a_model_that_does_not_age_cannot_explain_ageing(study):
    settings, problem = prepare(study)
    young = {n: dataclasses.replace(c, numbers={k: v for k, v in c.numbers.items() if not k.startswith("ageing.")})
             for n, c in problem.model.cells.items()}  # fmt: skip
    model = Model(young, settings.free[:5], settings.plan, problem.model.ageing)
    with pytest.raises(NacreError, match="the evidence shows how bare ages, and its model does not age"):
        must_age(model)


def test_rivals_and_cases(study):
    names = [r.name for r in read_rivals(study)]
    assert names[0] == "film alone" and read_rivals(study)[0].control
    assert [c.name for c in read_cases(study)][:3] == ["as built", "3 nm", "30 nm"]
    case = parse_case("thin: cathode.coating_thickness = 3 nm; loading = 2", "lho")
    assert case.change == {"cathode.coating_thickness": "3 nm", "loading": "2"}

    def rival(**keys):
        return lambda raw: raw.update(rival=[{"name": "x", **keys}])

    refused(study, rival(without=["cathode.contact"]), "unknown fitted parameter", read=read_rivals)
    refused(study, rival(without=["cathode.diffusivity"]), "has no neutral value", "fixed", read=read_rivals)
    refused(study, rival(fixed={"gold:cathode.contact": "1"}), "unknown sample 'gold'", read=read_rivals)
    for text, words in (
        ("coverage = 130 %", "coverage cannot be"),
        ("cathode.coating_thicknes = 3 nm", "unknown parameter"),
        ("cathode.contact = 2", "cannot be"),
        ("cathode.contact", "cannot read a change"),
    ):
        with pytest.raises(NacreError, match=words):
            parse_case(text, "lho")


def test_a_one_sided_value_pulls_only_on_its_side():
    o = Observed("lho", "h1_m_shift", {"cycle": 10, "to_cycle": 200}, 10.0, 2.0, "mV", "below")
    assert o.residual(0.0) == pytest.approx(0.0, abs=1e-3)
    assert o.residual(10.0) == pytest.approx(1.177, abs=1e-3)  # even odds: sqrt(2 ln 2)
    assert o.residual(20.0) == pytest.approx(5.5, abs=0.1)
    assert o.within(9.9) and not o.within(10.1)
