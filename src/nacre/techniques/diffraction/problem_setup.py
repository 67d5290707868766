"""What a refinement starts from: pattern, phases, diffractometer and plan, put together from the options."""

from collections.abc import Mapping
from typing import Any

from nacre.core.context import Context
from nacre.core.signal import Signal
from nacre.techniques.diffraction.diffractometer import describe_diffractometer
from nacre.techniques.diffraction.options import RietveldOptions, parse_ranges, select_pattern
from nacre.techniques.diffraction.phases import collect_crystals, make_starting_sizes, parse_texture
from nacre.techniques.diffraction.refinement_plan import make_plan
from nacre.techniques.diffraction.rietx_problem import RefinementProblem


def make_problem(
    signal: Signal, context: Context, options: RietveldOptions, inputs: Mapping[str, Any]
) -> RefinementProblem:
    """Pattern, phases, machine and plan of one refinement. Raises NacreError where a declaration is missing."""
    x, y, sigma = select_pattern(signal, options)
    crystals = collect_crystals(context, options, inputs, signal)
    machine = describe_diffractometer(signal, options, inputs, crystals[0])
    starts = make_starting_sizes(options, crystals, machine)
    texture = parse_texture(options, crystals)
    steps = make_plan(crystals, machine, options, texture)
    return RefinementProblem(
        x, y, sigma, crystals, machine, steps, options.background, parse_ranges(options), starts, texture
    )
