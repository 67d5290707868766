"""Nacre: from the raw files of a cathode-coating study to answers, each with an uncertainty and a trail back.

>>> study = nacre.load("study.toml")
>>> outcome = nacre.run(study)
>>> page = nacre.write(outcome)
>>> capacities = outcome.table("discharge_capacity", cycle=1)

A study: new, check, load, run, write. A single file: read. The cell model: CellModel, and of a whole study simulate,
calibrate, predict. What they give: Study, Outcome, Result, Quantity, Contrast, Signal, NacreError.
"""

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

from nacre.core.version import VERSION

if TYPE_CHECKING:
    from nacre.api import calibrate, check, new, predict, simulate, write
    from nacre.cell_model import CellModel
    from nacre.core.errors import NacreError
    from nacre.core.outcome import Contrast, Outcome
    from nacre.core.quantity import Quantity
    from nacre.core.result import Result
    from nacre.core.signal import Signal
    from nacre.core.study import Study
    from nacre.pipeline.loading.load import load
    from nacre.pipeline.running.run import run
    from nacre.readers.reading import read

__version__ = VERSION
__all__ = [
    "CellModel",
    "Contrast",
    "NacreError",
    "Outcome",
    "Quantity",
    "Result",
    "Signal",
    "Study",
    "calibrate",
    "check",
    "load",
    "new",
    "predict",
    "read",
    "run",
    "simulate",
    "write",
]
_PLACES = {
    **dict.fromkeys(("calibrate", "check", "new", "predict", "simulate", "write"), "nacre.api"),
    **dict.fromkeys(("Contrast", "Outcome"), "nacre.core.outcome"),
    "CellModel": "nacre.cell_model",
    "NacreError": "nacre.core.errors",
    "Quantity": "nacre.core.quantity",
    "Result": "nacre.core.result",
    "Signal": "nacre.core.signal",
    "Study": "nacre.core.study",
    "load": "nacre.pipeline.loading.load",
    "read": "nacre.readers.reading",
    "run": "nacre.pipeline.running.run",
}


def __getattr__(name: str):
    # what needs numpy, polars and pydantic is imported when it is first asked for, so that `nacre --help` is quick
    if name not in _PLACES:
        raise AttributeError(f"module 'nacre' has no attribute '{name}'")
    return getattr(import_module(_PLACES[name]), name)


def __dir__() -> list[str]:
    rooms = {name for name, thing in globals().items() if isinstance(thing, ModuleType)}
    return sorted({*__all__, *rooms, *(name for name in globals() if name.startswith("__"))})
