"""`nacre simulate --eis`: impedance of the cell model instead of a record in time."""

from pathlib import Path

from nacre.api import write
from nacre.core.guard import Guard
from nacre.pipeline.modelling import simulate as simulating
from nacre.pipeline.modelling import spectra


def run(study: Path, states: str, protocol: str, sample: list[str], out: Path | None) -> tuple[Path, list[str], bool]:
    """Predict and write; returns the folder, what to say and whether something failed. NacreError for bad states."""
    wanted = spectra.parse_states(states)
    subjects = simulating.find(study, sample, protocol, needs_protocol=spectra.Wanted() in wanted)
    outcome = spectra.spectra(subjects, wanted)
    folder = out or subjects.folder.with_name("impedance")
    guard = Guard()
    write(outcome, folder, guard)
    lines = [f"FAILED {failure.what}: {failure.error}" for failure in outcome.failures]
    return folder, lines + [str(item) for item in guard.left_out], bool(lines) or guard.failed
