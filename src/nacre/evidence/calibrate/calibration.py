"""All that a calibration found, in one place."""

from dataclasses import dataclass

import numpy as np

from nacre.evidence.calibrate.fit import Fit
from nacre.evidence.calibrate.identify import Candidate, Direction, Profile, Told
from nacre.evidence.calibrate.leave_out import Predicted
from nacre.evidence.calibrate.rivals import Judged


@dataclass(frozen=True, eq=False)
class Calibration:
    """All that a calibration found. `full` are the observables with every cycle simulated (n,)."""

    fit: Fit
    told: tuple[Told, ...]
    directions: tuple[Direction, ...]
    redundancy: tuple[tuple[str, float, float], ...]
    candidates: tuple[Candidate, ...] = ()
    predicted: tuple[Predicted, ...] = ()
    judged: tuple[Judged, ...] = ()
    profiles: tuple[Profile, ...] = ()
    full: np.ndarray | None = None
    draws: np.ndarray | None = None
    evidence: str = "reported"
    virtual: bool = False
