"""End to end: virtual files of the reference study -> ICP-OES and titration -> the ledger's row of the coating."""

import dataclasses
from pathlib import Path

import pytest

import nacre
from nacre.core.quantity import Quantity
from nacre.core.result import Entry, Result, Subject
from nacre.evidence.ledger import evaluate, value

STUDY = Path(__file__).parents[2] / "studies" / "lho-ncm85"
PHASES = {"of": "HfO2", "to": "Li2HfO3"}
WET = ("icp", "titration", "lithium-consumed")


def ran(folder, names):
    """The study run from the files of these measurements and the analyses of these names alone."""
    study = nacre.load(STUDY)
    study = dataclasses.replace(
        study,
        measurements=tuple(m for m in study.measurements if m.name.rpartition(":")[2] in names),
        analyses=tuple(a for a in study.analyses if a.name in names),
    )
    done = nacre.run(study, results_folder=folder)
    assert not done.failures
    return done


@pytest.fixture(scope="module")
def outcome(tmp_path_factory):
    """The wet chemistry of the study alone."""
    return ran(tmp_path_factory.mktemp("results"), WET)


def with_ratio(outcome):
    """The results with the ratio of both phases as XPS would give it: the paper's, with an error."""
    ratio = Quantity(1.02, "1", 0.10, origin="synthetic").tagged("xps")
    xps = Result("xps", "xps:lho", Subject("lho"), entries=(Entry("species_ratio", ratio, PHASES),), origin="synthetic")
    return [*outcome.results, xps]


def test_the_coating_content_follows_from_the_files(outcome):
    results = with_ratio(outcome)
    run = next(r for r in outcome.results if r.technique == "icp_oes" and r.subject.sample == "lho")
    hafnium = run.get("element_content", element="Hf")
    assert hafnium.value == pytest.approx(0.84, abs=2 * hafnium.std) and 0.005 < hafnium.std < 0.02
    whole = value(outcome.study, results, "files", "C3")
    assert whole.value == pytest.approx(1.060, abs=2 * whole.std)
    oxide, product = (value(outcome.study, results, "files", row) for row in ("C1", "C2"))
    assert oxide.value == pytest.approx(0.50, abs=2 * oxide.std)
    assert product.value == pytest.approx(0.56, abs=2 * product.std)
    assert 0.01 < whole.std < 0.03


def test_the_lithium_that_titration_misses_is_in_the_coating(outcome):
    rows = {j.id: j for j in evaluate(outcome.study, with_ratio(outcome), "files")}
    for name in ("coating-lithium:lho", "residual-lithium:lho", "coating-carbonate:lho", "full-conversion:lho"):
        judged = rows[name]
        assert judged.judgement.verdict == "holds", (name, judged.judgement)
        assert judged.synthetic and judged.judgement.computed.std > 0
    assert rows["residual-lithium:lho"].judgement.stated.value == pytest.approx(46.6, abs=0.5)
    lost = next(r for r in outcome.results if r.technique == "lithium_consumed")
    assert lost.subject.sample == "lho" and lost.get("lithium_consumed").value == pytest.approx(46.6, abs=0.5)


def test_a_coating_that_took_no_lithium_is_told(outcome):
    swapped = []
    for result in with_ratio(outcome):
        if result.technique == "titration" and result.subject.sample == "lho":
            bare = next(r for r in outcome.results if r.technique == "titration" and r.subject.sample == "bare")
            result = dataclasses.replace(result, entries=bare.entries)
        swapped.append(result)
    rows = {j.id: j for j in evaluate(outcome.study, swapped, "files")}
    assert rows["residual-lithium:lho"].judgement.verdict == "broken"


@pytest.mark.slow
def test_four_techniques_agree_on_the_coating_from_their_files(tmp_path):
    """Hafnium by ICP, phases by XPS, lithium by titration, carbonate by infrared: nothing is put in by hand."""
    done = ran(tmp_path, (*WET, "xps", "hafnium", "ir", "carbonate"))
    rows = {j.id: j.judgement for j in evaluate(done.study, done.results, "files")}
    whole = rows["coating-content:lho"].computed
    assert whole.value == pytest.approx(1.060, abs=2 * whole.std) and whole.std < 0.03
    for name in (
        "dose",
        "coating-lithium",
        "residual-lithium",
        "coating-carbonate",
        "full-conversion",
        "carbonate-left",
    ):
        assert rows[f"{name}:lho"].verdict == "holds", name
