"""Lattice geometry and absorption."""
