"""The studies of docs/other-studies.md: from study.toml and virtual files to a whole report, without a line of code."""

import json
import re
from dataclasses import dataclass

import pytest
from typer.testing import CliRunner

import nacre
from nacre.cli.app import app
from nacre.core.outcome import Outcome
from nacre.report.findings import findings
from nacre.report.html import render
from studies import bench

# words of the reference study alone (a list of emission lines may hold Hf)
PAPER = r"Hf(?! lies within)|hafni|LHO|lho|\bFig\. \d|\bFigure \d|Tab\. S|the paper"


@dataclass(frozen=True)
class Made:
    outcome: Outcome
    words: str

    def sentence(self, start: str):
        """The finding that begins so."""
        every = [row for block in findings(self.outcome) for row in (*block.rows, *block.more)]
        return next(row for row in every if row.text.startswith(start))

    @property
    def headings(self) -> list[str]:
        return [block.heading for block in findings(self.outcome)]


def made(folder) -> Made:
    outcome = nacre.run(folder)
    assert not outcome.failures, outcome.failures
    return Made(outcome, bench.visible(render(outcome)))


@pytest.fixture(scope="module")
def niobate(tmp_path_factory) -> Made:
    return made(bench.niobate(tmp_path_factory.mktemp("a")))


@pytest.fixture(scope="module")
def batches(tmp_path_factory) -> Made:
    return made(bench.batches(tmp_path_factory.mktemp("d")))


@pytest.fixture(scope="module")
def photoelectrons(tmp_path_factory) -> Made:
    return made(bench.photoelectrons(tmp_path_factory.mktemp("x")))


def test_every_study_file_of_the_page_is_run_here():
    assert set(bench.study_files()) == {"linbo3-ncm811", "two-batches", "xps-only", "eis-only"}


@pytest.mark.slow
def test_another_coating_cathode_cycler_and_electrolyte_need_no_code(niobate):
    readers = {result.provenance.reader for result in niobate.outcome.results}
    assert readers == {"arbin_csv", "zplot", "icp_table"}
    found = {
        r.subject.sample: e.quantity
        for r in niobate.outcome.results
        for e in r.entries
        if (e.name, e.state.get("element")) == ("element_content", "Nb")
    }
    assert found["coated"].lo95 < 1.03 < found["coated"].hi95 and "uncoated" not in found
    assert niobate.headings[0] == "What the coating is" and "LNO@NCM811: Nb content" in niobate.words
    assert "Voltage vs. In/InLi" in json.dumps([str(f) for r in niobate.outcome.results for f in r.figures])
    assert "spray coating of lithium and niobium ethoxide" in niobate.words.lower()
    assert not re.search(PAPER, niobate.words), re.search(PAPER, niobate.words)


@pytest.mark.slow
def test_its_coating_stands_in_the_ledger(niobate):
    rows = {row.relation: row for row in niobate.outcome.ledger}
    # all niobium as LiNbO3 would have taken so much Li2CO3: 1.03 wt% / 92.906 * 73.89 / 2, per bare powder
    taken = rows["full-conversion:coated"].computed
    assert taken == pytest.approx(1.03 / 92.906 * 73.89 / 2, rel=0.03)
    assert "n(Nb2O5)/n(LiNbO3)" in rows["dose:coated"].needs
    assert rows["dose:coated"].stated == 1.5


@pytest.mark.slow
def test_three_cells_each_turn_findings_into_intervals(niobate):
    first = next(
        c for c in niobate.outcome.contrasts if c.name == "discharge_capacity" and c.state.get("rate_C") == 0.1
    )
    assert (first.n_reference, first.n_treated) == (3, 3)
    assert first.lo95 < 24.0 < first.hi95 and first.lo95 > 0
    said = niobate.sentence("The specific discharge capacity of LNO@NCM811 is higher than that of NCM811")
    assert said.kind == "shown" and said.heads[-1] == "95 % interval"
    assert "pooled t over 3 and 3 cells" in niobate.words and "not proven" not in said.text
    arc = niobate.sentence("The cathode interfacial resistance of LNO@NCM811 is lower")
    assert arc.kind == "shown" and "95 % interval of the difference" in arc.note
    assert niobate.sentence("The bulk resistance of LNO@NCM811 equals that of NCM811").kind == "equal"


@pytest.mark.slow
def test_no_effect_is_not_told_as_one(tmp_path):
    same = made(bench.niobate(tmp_path, effect=0.0))
    assert same.sentence("The specific discharge capacity of LNO@NCM811 equals that of NCM811").kind == "equal"


@pytest.mark.slow
def test_two_batches_without_a_coating_speak_of_none(batches):
    assert batches.headings[0] == "Composition and surface"
    assert "coat" not in batches.words.lower() and "bare" not in batches.words.lower()
    assert not re.search(PAPER, batches.words)
    assert batches.sentence("The specific discharge capacity of batch-B is lower than that of batch-A").kind == "shown"
    assert batches.sentence("The residual Li₂CO₃ of batch-B was seen higher").kind == "seen"  # one specimen each
    assert {result.provenance.reader for result in batches.outcome.results} == {"bdf", "metrohm_tiamo"}


@pytest.mark.slow
def test_photoelectron_spectra_alone_make_a_report(photoelectrons):
    assert photoelectrons.headings[0] == "Comparisons and quantities"
    less = photoelectrons.sentence("The share of a species of stored was seen lower than that of fresh")
    assert less.kind == "seen" and "PS4" in less.text
    assert "One specimen each: the interval is that of the measurement alone" in photoelectrons.words
    assert not photoelectrons.outcome.ledger and not photoelectrons.outcome.study.cells
    assert not re.search(PAPER + "|coat|bare", photoelectrons.words)


@pytest.mark.slow
def test_impedance_alone_runs_from_the_command_line(tmp_path):
    folder = bench.pellets(tmp_path)
    done = CliRunner().invoke(app, ["run", str(folder), "-j", "1"], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    words = bench.visible((folder / "results/report.html").read_text(encoding="utf-8"))
    assert "The grain-boundary resistance of 440 MPa was seen lower than that of 190 MPa" in words
    assert not re.search(PAPER + "|coat|bare|mAh", words)
    assert (folder / "results/figures/nyquist.svg").is_file()

    (folder / "raw" / "high-2.csv").write_bytes(b"")  # and with a file that did not survive the copy
    done = CliRunner().invoke(app, ["run", str(folder), "-j", "1"], catch_exceptions=False)
    assert done.exit_code == 1
    assert "FAILED measurement 'high-2:eis': high-2.csv: the file is empty" in " ".join(done.output.split())
    found = json.loads((folder / "results/results.json").read_text(encoding="utf-8"))
    assert {q["cell"] for q in found["quantities"] if q["name"] == "r_gb"} == {"low-1", "low-2", "high-1"}
    assert "high-2.csv" in bench.visible((folder / "results/report.html").read_text(encoding="utf-8"))
