"""Spectra of the cell model: causes beside what a circuit calls them, and a virtual potentiostat."""

from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from nacre.cell.impedance import compute_impedance, find_point
from nacre.cli.app import app
from nacre.core.contracts import VIRTUAL_MARK
from nacre.core.errors import NacreError
from nacre.pipeline.modelling.simulate import find
from nacre.pipeline.modelling.spectra import ELEMENTS, Wanted, parse_states, spectra
from nacre.virtual.impedance.cell_potentiostat import make_cell_part, record_cell_impedance
from nacre.virtual.impedance.potentiostat import Potentiostat, PotentiostatFlaws

STUDY = Path(__file__).parents[3] / "studies" / "lho-ncm85"


@pytest.fixture(scope="module")
def outcome():
    return spectra(find(STUDY, ["bare"], "rest for 1 s"), parse_states("50 %"))


def test_states_are_read():
    assert parse_states("50 %, 0.25, 2.2 V, end") == (Wanted(0.5), Wanted(0.25), Wanted(volts=2.2), Wanted())


def test_causes_sum_to_the_spectrum(outcome):
    causes = outcome.results[0]
    columns = dict(causes.curves[0].columns)
    total = sum(v for n, (v, _) in columns.items() if n not in ("frequency", "real", "imaginary"))
    assert total == pytest.approx(columns["real"][0], rel=1e-6)
    lowest = {e.state["cause"]: e.quantity.value for e in causes.entries}
    assert sum(lowest.values()) == pytest.approx(columns["real"][0][-1], rel=1e-6)
    assert {e.state["at"] for e in causes.entries} == {"a state of charge of 0.5"}
    assert all(e.quantity.origin == "predicted" for e in causes.entries)


def test_a_circuit_finds_grain_boundaries_where_there_are_none(outcome):
    """The ions' way through the composite makes an arc of its own; the circuit's name for it is a choice."""
    causes = {e.state["cause"]: e.quantity.value for e in outcome.results[0].entries}
    fitted = {e.name: e.quantity.value for r in outcome.results[1:] for e in r.entries if e.name in ELEMENTS}
    assert "grain boundary" not in causes and fitted["r_gb"] > 1.0
    assert fitted["r_cam_se"] == pytest.approx(causes["cathode charge transfer"], rel=0.05)
    assert fitted["r_bulk"] > causes["bulk"] + causes["contact"]


def test_the_figure_says_what_it_shows(outcome):
    figure = outcome.results[0].figures[0]
    assert "predicted" in figure.title and "names that a fit cannot check" in figure.caption
    assert [p.title for p in figure.panels] == [
        f"{title} (predicted)" for title in ("Spectrum", "By cause", "By cause, 0.1 Hz", "What a circuit calls it")
    ]


def test_the_potentiostat_measures_the_model():
    p = find(STUDY, ["lho"], "rest for 1 s").cells["lho"][0]
    point, quiet = find_point(p, soc=0.5), Potentiostat(flaws=PotentiostatFlaws(noise=0.0, delay=0.0))
    signal = record_cell_impedance(p, point, quiet)
    z = signal.array("real_impedance_ohm", "ohm") + 1j * signal.array("imaginary_impedance_ohm", "ohm")
    assert z * p.value("cell.area") == pytest.approx(compute_impedance(p, quiet.frequency, soc=0.5))
    assert signal.origin == "synthetic" and VIRTUAL_MARK in signal.metadata["comment"]
    assert make_cell_part(p, point).impedance(2j * np.pi * quiet.frequency, {}) == pytest.approx(z)
    risen = record_cell_impedance(p, point, Potentiostat(flaws=PotentiostatFlaws(noise=0.0, delay=0.0, drift=0.5)))
    rise = risen.array("real_impedance_ohm", "ohm") - z.real
    assert rise[0] == pytest.approx(1.0) and rise[-1] == pytest.approx(1.5)


# --- bad input ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["half", "50 %,", "3 Ah"])
def test_states_that_cannot_be_read_are_refused(text):
    with pytest.raises(NacreError, match=r"(?s)a state of the cell cannot be read.*50 %, 2\.2 V, end"):
        parse_states(text)


def test_a_state_outside_the_window_fails_alone():
    outcome = spectra(find(STUDY, ["bare"], "rest for 1 s"), parse_states("4.2 V"))
    assert not outcome.results
    assert "the rest voltage is outside the cell's window" in outcome.failures[0].error


def test_the_command_writes_and_says_what_failed(tmp_path):
    words = ["simulate", str(STUDY), "--sample", "bare", "--eis", "50 %, 9 V", "--out", str(tmp_path), "--quiet"]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 1 and "FAILED impedance of bare: " in done.output and (tmp_path / "report.html").exists()


def test_spectra_of_many_cells_are_refused():
    done = CliRunner().invoke(app, ["simulate", str(STUDY), "--eis", "50 %", "--sweep", "cathode.contact=0.1,0.2"])
    assert isinstance(done.exception, NacreError) and "--eis goes with single cells" in str(done.exception)
