"""`nacre simulate --eis`: impedance of the cell model instead of a record in time."""

from pathlib import Path

from nacre.export import write_all
from nacre.pipeline.modelling import simulate as simulating
from nacre.pipeline.modelling import spectra
from nacre.report.html import render


def run(study: Path, states: str, protocol: str, sample: list[str], out: Path | None) -> tuple[Path, list[str]]:
    """Predict and write; returns the folder and a line of words per failure. Raises NacreError for bad states."""
    wanted = spectra.parse_states(states)
    subjects = simulating.find(study, sample, protocol, needs_protocol=spectra.Wanted() in wanted)
    outcome = spectra.spectra(subjects, wanted)
    folder = out or subjects.folder.with_name("impedance")
    write_all(outcome, folder, html=render(outcome))
    return folder, [f"FAILED {failure.what}: {failure.error}" for failure in outcome.failures]
