"""What a study declares of a coating, the dose that follows, and the way back through the ledger."""

import dataclasses
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nacre
from nacre.cell.recipe.coating import read_coating
from nacre.cell.recipe.dosing import compute_dose, predict_analysis
from nacre.core.context import Context
from nacre.core.errors import NacreError
from nacre.core.quantity import Quantity, parse
from nacre.core.study import Sample
from nacre.evidence.ledger import evaluate

STUDY = nacre.load(Path(__file__).parents[3] / "studies" / "lho-ncm85")
LHO = {"precursor": "HfO2", "phases": ["HfO2", "Li2HfO3"], "lithium_source": "Li2CO3"}


def context(**inputs):
    quantities = {name: parse(text) for name, text in inputs.items()}
    return Context("toy", Sample("lho", inputs=quantities))


def test_the_dose_of_the_paper():
    given_dose = compute_dose(
        read_coating({**LHO, "target": "1 wt%", "basis": "bare", "dispersion": "20 mg/mL"}), context()
    )
    assert given_dose.oxide.to("mg").value == pytest.approx(10.0)
    assert given_dose.volume.to("mL").value == pytest.approx(0.5)
    assert given_dose.lithium.value == pytest.approx(10 / 210.484 * 73.891, rel=1e-4)
    assert "for 1 g of powder (powder is not declared)" in given_dose.words


def test_ligands_yield_and_errors_run_through_to_the_volume():
    raw = {**LHO, "target": "2 wt%", "basis": "coated", "powder": "5.00(1) g"}
    raw |= {"solids": "25.0(5) mg/mL", "ligand_fraction": "20(1) wt%", "deposition": "95(1) %"}
    found = compute_dose(read_coating(raw, tag="t"), context())
    assert found.oxide.std is None and found.volume.std is None  # the target bears no uncertainty, so nor do these
    sharp = compute_dose(read_coating({**raw, "target": "2.00(0) wt%"}, tag="t"), context())
    oxide = 5000 * 0.02 / 0.98
    assert sharp.volume.value == pytest.approx(oxide / (25 * 0.8 * 0.95))
    relative = (0.002**2 + 0.02**2 + (1 / 80) ** 2 + (1 / 95) ** 2) ** 0.5
    assert sharp.volume.std == pytest.approx(sharp.volume.value * relative, rel=1e-3)


def test_a_target_thickness_needs_the_surface_and_how_dense_and_even_the_film_is():
    raw = {**LHO, "target_thickness": "12 nm", "packing": "60 %", "coverage": "90 %"}
    found = compute_dose(read_coating(raw), context(surface_area="0.25 m2/g"))
    assert found.oxide.value == pytest.approx(0.25 * 0.9 * 12e-9 * 0.6 * 9.68e6 * 1e3)
    with pytest.raises(NacreError, match="the specific surface area is not given, and a dose for a thickness needs it"):
        compute_dose(read_coating(raw), context())
    with pytest.raises(NacreError, match=r'covered|bears a film is not given.*expected coverage = "... %"'):
        compute_dose(read_coating({k: v for k, v in raw.items() if k != "coverage"}), context(surface_area="0.25 m2/g"))


def test_without_an_assay_there_is_no_volume_and_it_is_said():
    found = compute_dose(read_coating({**LHO, "target": "1 wt%", "basis": "bare"}), context())
    assert found.volume is None and any("no volume: neither dispersion" in word for word in found.words)


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ({"precursr": "HfO2"}, "unknown key 'precursr' of a coating. Did you mean 'precursor'"),
        ({"precursor": "HfX2"}, "'X' at position 3 is not an element"),
        ({**LHO, "phases": ["HfO2", "Li2ZrO3"]}, "share no metal; expected one metal in both"),
        ({**LHO, "target": "1 mg"}, "'target': cannot"),
        (
            {**LHO, "target": "-1 wt%"},
            'the content that was aimed at, as the precursor must be above 0; found target = "-1',
        ),
        ({**LHO, "deposition": "-5 %"}, "the part of the dosed precursor that stays on the powder must be above 0"),
        ({**LHO, "deposition": "120 %"}, "must lie between 0 and 100 %"),
        ({**LHO, "basis": "dry"}, "unknown basis 'dry'; expected 'bare' or 'coated'"),
        ({**LHO, "dispersion": "20"}, "'dispersion': a number without a unit"),
    ],
)
def test_a_coating_that_cannot_be_is_refused_in_words(raw, words):
    with pytest.raises(NacreError) as caught:
        read_coating(raw, "sample 'lho'")
    text = str(caught.value)
    assert (words in text or "'mg' cannot become 'wt%'" in text) and "sample 'lho'" in text


def test_a_dose_without_target_or_basis_asks_for_it():
    with pytest.raises(NacreError, match=r"the coating has no target; expected target = \"1 wt%\" with basis"):
        compute_dose(read_coating(LHO), context())
    with pytest.raises(NacreError, match="per what the target is meant is not said"):
        compute_dose(read_coating({**LHO, "target": "1 wt%"}), context())
    with pytest.raises(NacreError, match="the coating has no precursor"):
        compute_dose(read_coating({}), context())


def test_study_check_names_the_line_of_a_bad_coating(tmp_path):
    text = (STUDY.folder / "study.toml").read_text(encoding="utf-8")
    (tmp_path / "study.toml").write_text(text.replace('target = "1 wt%"\nbasis', 'taget = "1 wt%"\nbasis'), "utf-8")
    with pytest.raises(NacreError, match=r"study.toml:\d+: sample 'lho': unknown key 'taget' of a coating"):
        nacre.load(tmp_path)


# --- there and back -----------------------------------------------------------------------------------------

PAIRS = [("HfO2", "Li2HfO3"), ("ZrO2", "Li2ZrO3"), ("Al2O3", "LiAlO2"), ("Nb2O5", "LiNbO3")]


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(PAIRS),
    st.sampled_from(["bare", "coated"]),
    st.floats(0.05, 10.0),
    st.floats(1e-6, 0.999),
    st.floats(0.1, 50.0),
)
def test_analysis_of_what_the_sheet_dosed_gives_the_target_back(pair, basis, target, conversion, powder):
    """Dose -> anneal to any conversion -> elemental content and phase ratio -> the ledger computes the target."""
    oxide, product = pair
    raw = {"precursor": oxide, "phases": [oxide, product], "target": f"{target!r} wt%", "basis": basis}
    raw |= {"powder": f"{powder!r} g"}
    after = predict_analysis(compute_dose(read_coating(raw), context()), conversion)
    ratio = (1 - conversion) / conversion
    found = (
        ("element_content", {"element": read_coating(raw).metal}, after.metal.value, "wt%"),
        ("species_ratio", {"of": oxide, "to": product}, ratio, "1"),
    )
    rows = [
        dataclasses.replace(
            STUDY.reported[0], sample="lho", name=name, state=state, quantity=Quantity(number, unit, 1e-6 * number)
        )
        for name, state, number, unit in found
    ]
    samples = {**STUDY.samples, "lho": dataclasses.replace(STUDY.samples["lho"], coating=raw)}
    study = dataclasses.replace(STUDY, samples=samples, reported=tuple(rows))
    row = "dose:lho" if basis == "bare" else "dose-coated:lho"
    judged = next(j for j in evaluate(study, [], "reported") if j.id == row)
    assert judged.judgement.computed.value == pytest.approx(target, rel=1e-9)
    assert judged.judgement.verdict == "holds"
