"""Powder diffraction: refinement, trace phases, standards, series."""
