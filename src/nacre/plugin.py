"""All that a plugin imports: readers, techniques and ageing mechanisms of a lab's own, or of an installed package.

A plugin is one file in `plugins/` beside a study, or a module that an installed package names under the entry points
`nacre.plugins`; it defines READER, TECHNIQUE or MECHANISM. See docs/add-a-reader.md, docs/add-a-technique.md and
docs/ageing.md.
"""

from nacre.cell.ageing.slow_states import HOUR, Ageing, Drive, SlowState
from nacre.cell.parameters import CellParameters, ParameterSpec
from nacre.core.context import Context
from nacre.core.contracts import VIRTUAL_MARK, Head, MechanismKind, Reader, Technique
from nacre.core.errors import NacreError, NotAssessable, ReadError, StudyError, did_you_mean
from nacre.core.figure import Axis, Figure, Panel, Series
from nacre.core.options import NoOptions, option
from nacre.core.quantity import Quantity, correlated, covariance, derive, parse
from nacre.core.result import Check, Curve, Entry, Result, Subject
from nacre.core.signal import Note, Signal, Variable, table

__all__ = [
    "HOUR",
    "VIRTUAL_MARK",
    "Ageing",
    "Axis",
    "CellParameters",
    "Check",
    "Context",
    "Curve",
    "Drive",
    "Entry",
    "Figure",
    "Head",
    "MechanismKind",
    "NacreError",
    "NoOptions",
    "NotAssessable",
    "Note",
    "Panel",
    "ParameterSpec",
    "Quantity",
    "ReadError",
    "Reader",
    "Result",
    "Series",
    "Signal",
    "SlowState",
    "StudyError",
    "Subject",
    "Technique",
    "Variable",
    "correlated",
    "covariance",
    "derive",
    "did_you_mean",
    "option",
    "parse",
    "table",
]
