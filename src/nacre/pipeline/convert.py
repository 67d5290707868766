"""Raw cycling files of a study in the Battery Data Format, for programs that read nothing else."""

import re
from dataclasses import dataclass
from pathlib import Path

from nacre.core import registry
from nacre.core.errors import NacreError
from nacre.core.study import Measurement, Study
from nacre.pipeline.loading.load import load
from nacre.pipeline.running.worker import read_file


@dataclass(frozen=True)
class Converted:
    """Files written, and (file, why) of those that could not be."""

    written: tuple[Path, ...]
    failed: tuple[tuple[str, str], ...]


def to_bdf(path: str | Path, out: Path | None = None, suffix: str = ".csv") -> Converted:
    """Every cycling file of a study as CELL_MEASUREMENT.bdf.csv (or .bdf.parquet) in `out` (default: results/bdf)."""
    study = load(path)
    folder = out or study.folder / "results" / "bdf"
    written, failed = [], []
    for measurement in study.measurements:
        for number, file in enumerate(measurement.files):
            try:
                made = _convert_one(study, measurement, file)
                if made is None:
                    continue
                part = f"-{number + 1}" if len(measurement.files) > 1 else ""
                name = re.sub(r"[^\w.+-]+", "_", measurement.name)
                target = folder / f"{name}{part}.bdf{suffix}"
                folder.mkdir(parents=True, exist_ok=True)
                _get_bdf_reader().write(made, target)
                written.append(target)
            except NacreError as error:
                failed.append((file.name, str(error)))
    if not written and not failed:
        raise NacreError("the study has no cycling files", where=str(study.folder), do="there is nothing to convert")
    return Converted(tuple(written), tuple(failed))


def _get_bdf_reader():
    return registry.readers()["bdf"]


def _convert_one(study: Study, measurement: Measurement, file: Path):
    known = registry.readers(study.folder)
    reader = registry.reader_for(file, known, measurement.reader)
    if "cycling" not in reader.kinds:
        return None
    where = f"measurement '{measurement.name}'"
    signals = read_file(file, reader.name, measurement.reader_options, study.folder, where=where)
    return next((signal for signal in signals if signal.kind == "cycling"), None)
