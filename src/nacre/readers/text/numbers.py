"""What a column of numbers may be: whole, or given in another unit."""

import numpy as np


def is_whole(values: np.ndarray) -> bool:
    """Whether every value is a whole number that an integer can hold."""
    return bool(np.all(np.isfinite(values)) and np.all(np.abs(values) < 2**53) and np.all(values == np.round(values)))


def unit_factor(ratio: float, known=(1.0, 60.0, 3600.0), tolerance: float = 0.1) -> float | None:
    """The one of `known` that a ratio is within `tolerance` (relative) of; None where it is near none."""
    if not np.isfinite(ratio) or ratio <= 0:
        return None
    return next((factor for factor in known if abs(ratio / factor - 1) <= tolerance), None)
