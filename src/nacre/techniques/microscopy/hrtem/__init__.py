"""Lattice fringes and diffraction spots."""
