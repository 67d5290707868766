"""Derivatives of a solution in time by the numbers of the cell."""
