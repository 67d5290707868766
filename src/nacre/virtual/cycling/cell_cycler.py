"""A cycler that tests a simulated cell: the record of `nacre.cell.simulate` with what an instrument does to it.

For round trips of the software and for practice. It is no evidence: a file made from the cell model must never be what
that model is calibrated against, or judged by; it carries the mark of virtual files and says what made it. Techniques
that analyse cycling files share no function with the cell model.

What is added that neither the model nor the techniques know: noise and the steps of the converter, a temperature
ripple on the voltage, a gain error and an offset of the current (so that counted charge is not the true charge), and
lost records.
"""

from dataclasses import replace

import numpy as np

from nacre.core.contracts import VIRTUAL_MARK
from nacre.core.errors import NacreError
from nacre.core.signal import Note, Signal, Variable
from nacre.virtual.cycling.cycler import CyclerFlaws

GAIN = 5e-4  # relative standard deviation of the current's calibration


def record_cell_cycling(
    predicted: Signal, seed: int, flaws: CyclerFlaws | None = None, start: str = "2023-03-06T09:12:00"
) -> Signal:
    """What a cycler would write of a predicted test; the same seed gives the same record.

    Raises NacreError for a signal that the cell model did not predict.
    """
    if predicted.origin != "predicted" or predicted.kind != "cycling":
        raise NacreError(
            "only a predicted test can be recorded",
            where=predicted.where,
            found=f"{predicted.origin} {predicted.kind}",
            expected="the signal of nacre.cell.simulate",
        )
    flaws, rng = flaws or CyclerFlaws(), np.random.default_rng(seed)
    kept = _keep_records(predicted["step_count"].values, flaws.lost, rng)
    values = {name: variable.values[kept] for name, variable in predicted.variables.items()}
    time, n = values["test_time_second"], int(kept.sum())
    gain, offset = 1 + rng.normal(0, GAIN), rng.normal(0, flaws.offset)
    phase = rng.uniform(0, 2 * np.pi)
    warmth = np.sin(2 * np.pi * time / flaws.ripple_period + phase)
    volts = values["voltage_volt"] + flaws.ripple * warmth + rng.normal(0, flaws.voltage_noise, n)
    flowing = values["step_type"] != "rest"
    amps = values["current_ampere"]
    shown = np.where(flowing, gain * amps + offset + amps * rng.normal(0, flaws.current_noise, n), 0.0)
    sign = np.sign(amps)
    counted = gain * values["step_cumulative_capacity_ah"] + sign * offset * values["step_time_second"] / 3600
    changed = {
        "voltage_volt": np.round(volts / flaws.voltage_step) * flaws.voltage_step,
        "current_ampere": shown,
        "step_cumulative_capacity_ah": np.where(flowing, np.clip(counted, 0, None), 0.0),
        "ambient_temperature_celsius": predicted.metadata["temperature_degC"] + 0.2 * warmth,
    }
    units = {name: variable.unit for name, variable in predicted.variables.items()}
    units["ambient_temperature_celsius"] = "degC"
    variables = {name: Variable(v, units[name], ("record",)) for name, v in (values | changed).items()}
    words = f"{VIRTUAL_MARK} made from the cell model, seed {seed}; no evidence for that model"
    metadata = {"start": start, "channel": 1, "name": predicted.name, "description": words, "seed": seed}
    return replace(predicted, variables=variables, metadata=metadata, origin="synthetic", notes=(Note("info", words),))


def _keep_records(step: np.ndarray, lost: float, rng: np.random.Generator) -> np.ndarray:
    """Records that were not lost; the first and the last of a step never are."""
    edge = np.append(True, np.diff(step) != 0) | np.append(np.diff(step) != 0, True)
    return edge | (rng.uniform(size=step.size) >= lost)
