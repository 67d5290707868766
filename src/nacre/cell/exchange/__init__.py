"""Cells to and from other programs: BPX files, and parameter values for PyBaMM."""

from nacre.cell.exchange.from_bpx import Imported, from_bpx
from nacre.cell.exchange.pybamm_values import options, parameter_values, values
from nacre.cell.exchange.to_bpx import to_bpx, unsaid

__all__ = ["Imported", "from_bpx", "options", "parameter_values", "to_bpx", "unsaid", "values"]
