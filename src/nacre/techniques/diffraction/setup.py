"""What a refinement starts from: pattern, phases, diffractometer and plan, put together from the options."""

from collections.abc import Mapping
from typing import Any

from nacre.core.context import Context
from nacre.core.signal import Signal
from nacre.techniques.diffraction.machine import machine_of
from nacre.techniques.diffraction.options import RietveldOptions, pattern_of, ranges
from nacre.techniques.diffraction.phases import crystals_of, sizes_of, texture_of
from nacre.techniques.diffraction.plan import plan_of
from nacre.techniques.diffraction.rietx_problem import Problem


def problem_of(signal: Signal, context: Context, options: RietveldOptions, inputs: Mapping[str, Any]) -> Problem:
    """Pattern, phases, machine and plan of one refinement. Raises NacreError where something must be said first."""
    x, y, sigma = pattern_of(signal, options)
    crystals = crystals_of(context, options, inputs, signal)
    machine = machine_of(signal, options, inputs, crystals[0])
    starts = sizes_of(options, crystals, machine)
    texture = texture_of(options, crystals)
    steps = plan_of(crystals, machine, options, texture)
    return Problem(x, y, sigma, crystals, machine, steps, options.background, ranges(options), starts, texture)
