"""Cells to and from other programs: BPX files, and parameter values for PyBaMM."""

from nacre.cell.exchange.from_bpx import Imported, read_bpx
from nacre.cell.exchange.pybamm_values import choose_options, collect_values, make_parameter_values
from nacre.cell.exchange.to_bpx import list_unsaid, write_bpx

__all__ = [
    "Imported",
    "choose_options",
    "collect_values",
    "list_unsaid",
    "make_parameter_values",
    "read_bpx",
    "write_bpx",
]
