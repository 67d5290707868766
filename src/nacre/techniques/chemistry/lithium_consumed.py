"""Residual lithium consumed by a step: a titration before it and one after it (annealing of a coated powder).

The difference is taken of the base in all (the second end point), which carbon dioxide from the air does not touch.
Errors that both titrations share (the acid, the burette) are counted once.
"""

from collections.abc import Mapping
from typing import Any

from nacre.core.context import Context
from nacre.core.contracts import Technique
from nacre.core.errors import NacreError
from nacre.core.options import NoOptions
from nacre.core.quantity import derive
from nacre.core.result import Check, Entry, Result, Subject


def analyse(inputs: Mapping[str, Any], context: Context, options: NoOptions) -> list[Result]:
    """Lithium consumed, umol/g. inputs : {"before": ..., "after": ...}, results of the technique titration.

    Raises NacreError where one of the two is missing or is not the result of a titration.
    """
    before, after = (_get_lithium(inputs, role) for role in ("before", "after"))
    lost = derive(lambda a, b: a - b, before, after, unit="umol/g", origin="measured")
    later = context.others["after"].sample if "after" in context.others else context.sample
    checks = []
    if lost.bounded and lost.lo95 <= 0 <= lost.hi95:
        checks.append(Check("info", "the residual lithium used up is below the detection limit"))
    if lost.bounded and lost.hi95 < 0:
        text = "there is more residual lithium after the step than before"
        checks.append(Check("warn", text, "were both powders kept from air alike, and soaked for the same time?"))
    methods = (
        "The lithium used up is the base of the extract before the step less that after it, per gram of each powder."
    )
    return [
        Result(
            "lithium_consumed",
            context.analysis,
            Subject(later.name if later else ""),
            entries=(Entry("lithium_consumed", lost),),
            checks=tuple(checks),
            methods=methods,
        )
    ]


def _get_lithium(inputs: Mapping[str, Any], role: str):
    found = inputs.get(role)
    found = found[0] if isinstance(found, list) and len(found) == 1 else found
    if not isinstance(found, Result) or found.technique != "titration":
        raise NacreError(
            f"no titration {role} the step",
            found=type(found).__name__ if found is not None else "nothing",
            expected=f'inputs = {{ {role} = "titration:SAMPLE:NAME", ... }}',
        )
    return found.get("residual_lithium")


TECHNIQUE = Technique("lithium_consumed", "Residual lithium used up", ("titration",), analyse, NoOptions, asked=True)
